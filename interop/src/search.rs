//! One table that both sides search: the same beacons are stored, and the same items found.

mod ask;
mod items;
mod outcome;
mod selector;
mod setup;
mod speed;
mod tables;
mod tally;
mod write;

use aws_sdk_dynamodb::Client;
use dynaseal::{AlgorithmSuite, Item, local};
use dynaseal_testkit::random::Items;

use crate::Result;
use ask::Asker;
use items::Shape;
use setup::{Setup, Tenants};
use tables::{Keys, Sides, Table, spoil};
use tally::Tally;

pub use speed::run as speed;

/// Items and requests of a table.
const ITEMS: usize = 60;
const ASKS: usize = 150;
/// Configurations with a mistake, for each table.
const SPOILED: usize = 20;

/// `count` random tables.
pub async fn run(count: u64, seed: u64) -> Result<()> {
    let plain = local::memory()?;
    let keys = Keys::new().await?;
    let mut items = Items::new(seed);
    let mut tally = Tally::default();
    for index in 0..count {
        let place = format!("table {index} of seed {seed}");
        let suite = if items.below(6) == 0 { AlgorithmSuite::EcdsaP384 } else { AlgorithmSuite::HmacOnly };
        let (setup, ours, theirs) = loop {
            let setup = Setup::random(&mut items);
            for _ in 0..SPOILED {
                let mut spoiled = setup.clone();
                spoil(&mut spoiled, &mut items);
                let sides = Sides::new(&keys, "spoiled", &spoiled, suite).await?;
                tally.configuration(&place, &spoiled, sides.ours.map(drop), sides.theirs.map(drop));
            }
            let sides = Sides::new(&keys, &format!("search-{index}"), &setup, suite).await?;
            match (sides.ours, sides.theirs) {
                (Ok(ours), Ok(theirs)) => {
                    tally.configuration(&place, &setup, Ok(()), Ok(()));
                    break (setup, ours, theirs);
                }
                (ours, theirs) => tally.configuration(&place, &setup, ours.map(drop), theirs.map(drop)),
            }
        };
        let table = Table::new(&plain, format!("search-{index}"), setup, ours, theirs, &mut items).await?;
        one(&plain, &table, &place, &keys, &mut items, &mut tally).await?;
    }
    tally.print(seed)
}

async fn one(
    plain: &Client,
    table: &Table,
    place: &str,
    keys: &Keys,
    items: &mut Items,
    tally: &mut Tally,
) -> Result<()> {
    tally.table(&table.setup);
    let shape = Shape { full: items.below(2) == 0, odd: items.below(3) == 0 };
    let mut held: Vec<Item> = Vec::new();
    for number in 0..ITEMS {
        let tenant = items.below(2);
        let id = (table.setup.tenants != Tenants::One).then(|| keys.ids[tenant].as_str());
        let item = items::item(items, shape, format!("t{tenant}-{number}"), id);
        // Both sides write each item, and the second one's stays.
        if write::both(table, place, number, &item, tally).await? {
            held.push(item);
        }
    }
    write::check(table, place, keys, &held, tally).await?;
    if !held.is_empty() {
        for number in 0..ASKS {
            let ask = Asker::new(table, items, &held, &keys.ids).ask().tidy();
            outcome::compare(table, &format!("{place}, request {number}"), &ask, tally).await?;
        }
    }
    plain.delete_table().table_name(&table.name).send().await?;
    Ok(())
}
