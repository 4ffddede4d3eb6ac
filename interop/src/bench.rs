//! Both sides on the same items in one process.

use std::time::{Duration, Instant};

use dynaseal::{AlgorithmSuite, CryptoAction, sdk};
use dynaseal_benches::{KEY, KEY_NAME, NAMESPACE, ROWS, Row, TABLE};
use dynaseal_testkit::block_on;

use crate::Result;
use crate::case::{Case, RawKey};
use crate::official::Official;

/// How long each side runs for a row, the two taking turns.
const TIME: Duration = Duration::from_millis(1500);

/// Prints the table.
pub async fn run() -> Result<()> {
    println!("| suite | item | operation | dynaseal | aws-db-esdk 1.3.0 | ratio | allocations | theirs |");
    println!("|---|---|---|--:|--:|--:|--:|--:|");
    for suite in AlgorithmSuite::ALL {
        for row in ROWS {
            measure(row, suite).await?;
        }
    }
    Ok(())
}

async fn measure(row: Row, suite: AlgorithmSuite) -> Result<()> {
    let case = case(row, suite);
    let official = Official::new(&case, None).await?;
    let ours = row.encryptor(suite);
    let plain = row.item();
    let plain_sdk = sdk::to_sdk(plain.clone());
    let sealed = ours.encrypt_item(plain.clone()).await?.item;
    let sealed_sdk = sdk::to_sdk(sealed.clone());

    let mut seal = Pair::default();
    let mut open = Pair::default();
    let start = Instant::now();
    while start.elapsed() < TIME * 4 || seal.theirs.len() < 15 {
        let item = plain.clone();
        seal.ours.push(time(|| block_on(ours.encrypt_item(item)).map(|_| ())).ok_or("we do not seal")?);
        // Every second signature of theirs has a length that they refuse; only those that succeed count.
        if let Some(time) = time_async(official.seal_sdk(plain_sdk.clone())).await {
            seal.theirs.push(time);
        }
        let item = sealed.clone();
        open.ours.push(time(|| block_on(ours.decrypt_item(item)).map(|_| ())).ok_or("we do not open")?);
        open.theirs.push(time_async(official.open_sdk(sealed_sdk.clone())).await.ok_or("they do not open")?);
    }
    let runtime = tokio::runtime::Handle::current();
    let count = |run: &mut dyn FnMut()| allocation_counter::measure(run).count_total;
    let allocations = tokio::task::block_in_place(|| {
        let (mut plain, mut sealed) = (Some(plain), Some(sealed));
        let (mut plain_sdk, mut sealed_sdk) = (Some(plain_sdk), Some(sealed_sdk));
        [
            count(&mut || drop(plain.take().map(|item| block_on(ours.encrypt_item(item))))),
            count(&mut || drop(plain_sdk.take().map(|item| runtime.block_on(official.seal_sdk(item))))),
            count(&mut || drop(sealed.take().map(|item| block_on(ours.decrypt_item(item))))),
            count(&mut || drop(sealed_sdk.take().map(|item| runtime.block_on(official.open_sdk(item))))),
        ]
    });
    for (operation, pair, [ours_allocates, theirs_allocates]) in
        [("seal", seal, [allocations[0], allocations[1]]), ("open", open, [allocations[2], allocations[3]])]
    {
        let (ours, theirs) = (median(pair.ours), median(pair.theirs));
        println!(
            "| {suite} | {} | {operation} | {:.1} µs | {:.1} µs | {:.1} | {ours_allocates} | {theirs_allocates} |",
            row.name(),
            ours.as_secs_f64() * 1e6,
            theirs.as_secs_f64() * 1e6,
            theirs.as_secs_f64() / ours.as_secs_f64()
        );
    }
    Ok(())
}

#[derive(Default)]
struct Pair {
    ours: Vec<Duration>,
    theirs: Vec<Duration>,
}

fn time<E>(run: impl FnOnce() -> std::result::Result<(), E>) -> Option<Duration> {
    let start = Instant::now();
    run().ok()?;
    Some(start.elapsed())
}

async fn time_async<T>(run: impl Future<Output = Result<T>>) -> Option<Duration> {
    let start = Instant::now();
    run.await.ok()?;
    Some(start.elapsed())
}

pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

pub fn case(row: Row, suite: AlgorithmSuite) -> Case {
    let keys = ["pk", "sk"].map(|name| (name.to_owned(), CryptoAction::SignOnly));
    Case {
        table: TABLE.to_owned(),
        partition_key: "pk".to_owned(),
        sort_key: Some("sk".to_owned()),
        actions: row.names().map(|name| (name, CryptoAction::EncryptAndSign)).chain(keys).collect(),
        unsigned: Vec::new(),
        suite,
        keys: vec![RawKey { namespace: NAMESPACE.to_owned(), name: KEY_NAME.to_owned(), bytes: KEY.to_vec() }],
        item: row.item(),
    }
}
