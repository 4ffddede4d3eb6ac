//! Counts the allocations of every operation, for the table that `records` prints.

#![allow(clippy::unwrap_used, reason = "a benchmark stops where it fails")]

use dynaseal_benches::{COUNTS, ROWS, Row};
use dynaseal_core::{AlgorithmSuite, Item, ItemEncryptor};
use dynaseal_testkit::block_on;

fn main() {
    let mut counts = serde_json::Map::new();
    for (suite, row) in AlgorithmSuite::ALL.into_iter().flat_map(|suite| ROWS.map(|row| (suite, row))) {
        let [sealing, opening] = count(row, suite);
        for (operation, count) in [("seal", sealing), ("open", opening)] {
            counts.insert(format!("{suite} {} {operation}", row.name()), count.into());
        }
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(COUNTS);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, serde_json::Value::from(counts).to_string()).unwrap();
}

fn count(row: Row, suite: AlgorithmSuite) -> [u64; 2] {
    let encryptor = row.encryptor(suite);
    let sealed = seal(&encryptor, row.item());
    [allocations(row.item(), |item| seal(&encryptor, item)), allocations(sealed, |item| open(&encryptor, item))]
}

fn seal(encryptor: &ItemEncryptor, item: Item) -> Item {
    block_on(encryptor.encrypt_item(item)).unwrap().item
}

fn open(encryptor: &ItemEncryptor, item: Item) -> Item {
    block_on(encryptor.decrypt_item(item)).unwrap().item
}

/// Of the second run: the first also makes what is made once in a process.
fn allocations(item: Item, run: impl Fn(Item) -> Item) -> u64 {
    run(item.clone());
    let mut item = Some(item);
    let counted = allocation_counter::measure(|| item = item.take().map(&run));
    counted.count_total
}
