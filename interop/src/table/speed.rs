//! Getting and putting one item through every door of a table in the process's memory, beside the SDK alone.

use std::time::{Duration, Instant};

use dynaseal::{AlgorithmSuite, AttributeValue, SendSealed, local, sdk};
use dynaseal_benches::Row;
use dynaseal_testkit::random::Items;

use super::doors::{Door, Table, create, send};
use crate::Result;
use crate::bench::{case, median};

/// How long the doors take turns for a suite.
const TIME: Duration = Duration::from_secs(20);

/// Prints the table.
pub async fn run() -> Result<()> {
    println!(
        "| suite | operation | SDK alone | SendSealed | Interceptor | aws-db-esdk 1.3.0 | over the SDK: SendSealed | Interceptor | aws-db-esdk |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|");
    for suite in AlgorithmSuite::ALL {
        measure(suite).await?;
    }
    Ok(())
}

async fn measure(suite: AlgorithmSuite) -> Result<()> {
    let plain = local::memory()?;
    let case = case(Row { count: 10, size: 64 }, suite);
    create(&plain, "plain", &case).await?;
    let table = Table::new(&plain, "sealed".to_owned(), case).await?;
    let alone = Door { name: "SDK", sealer: None, client: plain.clone(), side: super::doors::Side::Ours };
    let [theirs, asynchronous, interceptor] = &table.doors;
    let doors = [("plain", &alone), ("sealed", asynchronous), ("sealed", interceptor), ("sealed", theirs)];

    let (mut puts, mut gets) = ([const { Vec::new() }; 4], [const { Vec::new() }; 4]);
    let (mut order, mut random) = ([0, 1, 2, 3], Items::new(1));
    let start = Instant::now();
    while start.elapsed() < TIME {
        // In another order every time: who comes after theirs finds the caches cold.
        shuffle(&mut order, &mut random);
        for index in order {
            let (name, door) = doors[index];
            // Each door has its own item.
            let mut item = table.case.item.clone();
            item.insert("pk".to_owned(), AttributeValue::S(format!("customer {index}")));
            let key = Some(sdk::to_sdk(table.key(&item)));
            let put = door.client.put_item().table_name(name).set_item(Some(sdk::to_sdk(item)));
            // Theirs fails one time in two with ECDSA; only what succeeds counts.
            let time = loop {
                let put = put.clone();
                let start = Instant::now();
                match sent(door, put).await {
                    Ok(()) => break start.elapsed(),
                    Err(error) if door.has_to_try_again(&*error) => {}
                    Err(error) => return Err(error),
                }
            };
            puts[index].push(time);
            let get = door.client.get_item().table_name(name).set_key(key);
            let start = Instant::now();
            let found = send!(door, get)?.item.is_some();
            gets[index].push(start.elapsed());
            if !found {
                return Err("what was put is not there".into());
            }
        }
    }
    let rounds = puts[0].len();
    for (operation, times) in [("PutItem", puts), ("GetItem", gets)] {
        let [alone, asynchronous, interceptor, theirs] = times.map(|times| median(times).as_secs_f64() * 1e6);
        println!(
            "| {suite} | {operation} | {alone:.0} µs | {asynchronous:.0} µs | {interceptor:.0} µs | {theirs:.0} µs | {:.2} | {:.2} | {:.2} |",
            asynchronous / alone,
            interceptor / alone,
            theirs / alone
        );
    }
    eprintln!("{rounds} rounds");
    Ok(())
}

fn shuffle(order: &mut [usize; 4], random: &mut Items) {
    for last in 1..order.len() {
        order.swap(last, random.below(last + 1));
    }
}

async fn sent(door: &Door, put: aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder) -> Result<()> {
    match &door.sealer {
        Some(sealer) => drop(put.send_sealed(sealer).await?),
        None => drop(put.send().await?),
    }
    Ok(())
}
