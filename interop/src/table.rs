//! One table that both sides use through their clients: each reads, changes and deletes what the other wrote, and
//! refuses what the other refuses.

pub mod doors;
mod refusals;
mod speed;
mod tally;
mod traffic;

use aws_sdk_dynamodb::Client;
use dynaseal::{AlgorithmSuite, Version, local};
use dynaseal_testkit::random::Items;

use crate::Result;
use crate::case::Case;

pub use speed::run as speed;

/// `count` random tables, and the requests to refuse on a table of each version, suite and kind of key.
pub async fn run(count: u64, seed: u64) -> Result<()> {
    let plain = local::memory()?;
    let mut tally = tally::Tally::default();
    let mut items = Items::new(seed);
    for index in 0..count {
        // Most tables should have something to update.
        let case = loop {
            let case = Case::random(&mut items);
            if !case.unsigned.is_empty() || items.below(5) == 0 {
                break case;
            }
        };
        traffic(&plain, index, seed, case, &mut items, &mut tally).await?;
    }
    let mut refusals = refusals::Refusals::default();
    for (version, suite, sorted) in kinds() {
        refusals::run(&plain, version, suite, sorted, &mut items, &mut refusals).await?;
    }
    tally.print();
    refusals.print();
    let (different, seen) = (tally.differences.len() + refusals.differences.len(), refusals.requests);
    println!(
        "{count} tables: {} items and answers compared; {seen} requests to refuse or to carry out; {different} differences, seed {seed}",
        tally.compared()
    );
    if different == 0 { Ok(()) } else { Err("the two sides differ".into()) }
}

async fn traffic(
    plain: &Client,
    index: u64,
    seed: u64,
    case: Case,
    items: &mut Items,
    tally: &mut tally::Tally,
) -> Result<()> {
    let kind = format!("{:?} {}", case.config().version(), case.suite);
    let table = doors::Table::new(plain, format!("traffic-{index}"), case).await?;
    let name = format!("table {index} of seed {seed}");
    tally.table(kind);
    traffic::run(&table, &name, items, tally).await?;
    plain.delete_table().table_name(&table.name).send().await?;
    Ok(())
}

/// Every version, suite and kind of key.
fn kinds() -> impl Iterator<Item = (Version, AlgorithmSuite, bool)> {
    [Version::V1, Version::V2].into_iter().flat_map(|version| {
        AlgorithmSuite::ALL.into_iter().flat_map(move |suite| [false, true].map(|sorted| (version, suite, sorted)))
    })
}
