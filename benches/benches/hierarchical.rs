//! `cargo bench --bench hierarchical`: opening and sealing with a branch key from a warm cache, beside a raw AES key.
//!
//! The two take turns, one operation each, so that whatever else the machine does falls on both. The table is printed
//! and kept in `benches/HIERARCHICAL.md`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops where it fails")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dynaseal_benches::{ROWS, Row};
use dynaseal_core::{
    AlgorithmSuite, BranchKey, BranchKeyMaterials, DefaultCmm, HierarchicalKeyring, Item, ItemEncryptor,
    StaticBranchKeySource, Uuid,
};
use dynaseal_kms::CachedBranchKeys;
use dynaseal_testkit::block_on;

/// What the hierarchical keyring may take.
const MAX_RATIO: f64 = 1.1;

/// How long one row is measured.
const TIME: Duration = Duration::from_secs(3);

fn main() {
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    let mut text =
        "| suite | item | operation | raw AES | branch key | ratio | raw AES allocations | branch key allocations |\n\
                    |---|---|---|--:|--:|--:|--:|--:|\n"
            .to_owned();
    let mut over = Vec::new();
    for (suite, row) in AlgorithmSuite::ALL.into_iter().flat_map(|suite| ROWS.map(|row| (suite, row))) {
        let raw = row.encryptor(suite);
        let branch_key = hierarchical(row, suite);
        for operation in ["seal", "open"] {
            let run = if operation == "seal" { seal } else { open };
            let item = |encryptor| if operation == "seal" { row.item() } else { seal(encryptor, row.item()) };
            let (raw_item, branch_key_item) = (item(&raw), item(&branch_key));
            let mut times = Vec::new();
            let start = Instant::now();
            while start.elapsed() < TIME {
                let first = time(|item| run(&raw, item), &raw_item);
                let second = time(|item| run(&branch_key, item), &branch_key_item);
                times.push((first, second, second / first));
            }
            let middle = |pick: fn(&(f64, f64, f64)) -> f64| {
                let mut values: Vec<f64> = times.iter().map(pick).collect();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            };
            let ratio = middle(|times| times.2);
            let counts = [(&raw, &raw_item), (&branch_key, &branch_key_item)].map(|(encryptor, item)| {
                let item = item.clone();
                allocation_counter::measure(|| drop(run(encryptor, item))).count_total
            });
            writeln!(
                text,
                "| {suite} | {} | {operation} | {:.1} µs | {:.1} µs | {ratio:.2} | {} | {} |",
                row.name(),
                middle(|times| times.0) * 1e6,
                middle(|times| times.1) * 1e6,
                counts[0],
                counts[1]
            )
            .unwrap();
            if operation == "open" && ratio > MAX_RATIO {
                over.push(format!("{suite} {}", row.name()));
            }
        }
    }
    let verdict =
        if over.is_empty() { "Every row keeps it.".to_owned() } else { format!("Over: {}.", over.join(", ")) };
    let text =
        format!("{text}\nBar: opening takes at most {MAX_RATIO} × what it takes with a raw AES key. {verdict}\n");
    println!("{text}");
    let about = "# Branch keys from a warm cache beside a raw AES key\n\n\
                 Written by `cargo bench --bench hierarchical`. Items as in RESULTS.md; one recipient each. The branch key\n\
                 comes from a storm-tracking cache that has it. The two take turns; medians of the times, and of the ratios\n\
                 of neighbours.\n\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("HIERARCHICAL.md");
    std::fs::write(file, format!("{about}{text}")).unwrap();
}

fn hierarchical(row: Row, suite: AlgorithmSuite) -> ItemEncryptor {
    let config = row.encryptor(suite).config().clone();
    let id = "3f43a9af-08c5-4317-b694-3d3e883dcaef";
    let key = BranchKeyMaterials::new(id, Uuid::from_u128(7), BranchKey::copy_from(&[0x42; 32]).unwrap());
    let cached = CachedBranchKeys::new(Arc::new(StaticBranchKeySource::new(key)), Duration::from_secs(3600));
    let keyring = HierarchicalKeyring::new(id, Arc::new(cached.unwrap()));
    ItemEncryptor::with_cmm(config, Arc::new(DefaultCmm::new(Arc::new(keyring))))
}

fn seal(encryptor: &ItemEncryptor, item: Item) -> Item {
    black_box(block_on(encryptor.encrypt_item(item)).unwrap()).item
}

fn open(encryptor: &ItemEncryptor, item: Item) -> Item {
    black_box(block_on(encryptor.decrypt_item(item)).unwrap()).item
}

fn time(run: impl Fn(Item) -> Item, item: &Item) -> f64 {
    let item = item.clone();
    let start = Instant::now();
    let result = run(item);
    let time = start.elapsed();
    drop(result);
    time.as_secs_f64()
}
