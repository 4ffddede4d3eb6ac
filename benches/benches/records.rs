//! `cargo bench`: sealing and opening beside their floor, with the ratio and the allocations of every row.
//!
//! The table is printed and kept in `benches/RESULTS.md`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops where it fails")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{BatchSize, Criterion};
use dynaseal_benches::{Floor, ROWS, Row};
use dynaseal_core::{AlgorithmSuite, Item, ItemEncryptor};
use dynaseal_testkit::block_on;

/// What the library may take.
const MAX_RATIO: f64 = 1.3;

fn main() {
    let out = folder().join("../target/criterion");
    let mut criterion = Criterion::default()
        .output_directory(&out)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
        .sample_size(40)
        .configure_from_args();
    let mut table = String::from(
        "| suite | item | operation | time | floor | ratio | allocations | allowed |\n|---|---|---|--:|--:|--:|--:|--:|\n",
    );
    let mut over = Vec::new();
    for suite in AlgorithmSuite::ALL {
        for row in ROWS {
            measure(&mut criterion, row, suite);
            for (operation, allocations) in
                [("seal", seal_allocations(row, suite)), ("open", open_allocations(row, suite))]
            {
                let fastest = |who| fastest(&out, &group(row, suite), &format!("{operation} {who}"));
                let (Some(time), Some(floor)) = (fastest("dynaseal"), fastest("floor")) else {
                    continue;
                };
                let allowed = 3 * (row.count + 2) + 40;
                let ratio = time / floor;
                let name = row.name();
                writeln!(
                    table,
                    "| {suite} | {name} | {operation} | {:.1} µs | {:.1} µs | {ratio:.2} | {allocations} | {allowed} |",
                    time / 1e3,
                    floor / 1e3
                )
                .unwrap();
                if ratio > MAX_RATIO || usize::try_from(allocations).unwrap() > allowed {
                    over.push(format!("{suite} {name} {operation}"));
                }
            }
        }
    }
    criterion.final_summary();
    println!("\n{table}");
    let bars = format!("Bars: at most {MAX_RATIO} × floor, at most 3 allocations for every attribute and 40.");
    let verdict =
        if over.is_empty() { "Every row keeps both.".to_owned() } else { format!("Over: {}.", over.join(", ")) };
    println!("{bars} {verdict}");
    keep(&table, &format!("{bars} {verdict}"));
}

fn group(row: Row, suite: AlgorithmSuite) -> String {
    format!("{suite} {}x{}", row.count, row.size)
}

fn measure(criterion: &mut Criterion, row: Row, suite: AlgorithmSuite) {
    let encryptor = row.encryptor(suite);
    let plain = row.item();
    let sealed = seal(&encryptor, plain.clone());
    let mut floor = Floor::new(row, suite);
    let mut group = criterion.benchmark_group(group(row, suite));
    group.bench_function("seal floor", |bencher| bencher.iter(|| floor.seal()));
    group.bench_function("seal dynaseal", |bencher| {
        bencher.iter_batched(|| plain.clone(), |item| seal(&encryptor, item), BatchSize::PerIteration);
    });
    group.bench_function("open floor", |bencher| bencher.iter(|| floor.open()));
    group.bench_function("open dynaseal", |bencher| {
        bencher.iter_batched(|| sealed.clone(), |item| open(&encryptor, item), BatchSize::PerIteration);
    });
    group.finish();
}

fn seal(encryptor: &ItemEncryptor, item: Item) -> Item {
    black_box(block_on(encryptor.encrypt_item(item)).unwrap()).item
}

fn open(encryptor: &ItemEncryptor, item: Item) -> Item {
    black_box(block_on(encryptor.decrypt_item(item)).unwrap()).item
}

fn seal_allocations(row: Row, suite: AlgorithmSuite) -> u64 {
    let (encryptor, plain) = (row.encryptor(suite), row.item());
    allocations(plain, |item| seal(&encryptor, item))
}

fn open_allocations(row: Row, suite: AlgorithmSuite) -> u64 {
    let encryptor = row.encryptor(suite);
    let sealed = seal(&encryptor, row.item());
    allocations(sealed, |item| open(&encryptor, item))
}

fn allocations(item: Item, run: impl Fn(Item) -> Item) -> u64 {
    run(item.clone());
    let mut item = Some(item);
    allocation_counter::measure(|| {
        item = item.take().map(&run);
    })
    .count_total
}

/// Nanoseconds of the fastest sample: what else the machine does only ever adds time, and not the same to both sides.
fn fastest(out: &Path, group: &str, name: &str) -> Option<f64> {
    let path = out.join(group).join(name).join("new/sample.json");
    let sample: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    let numbers = |name: &str| sample[name].as_array().into_iter().flatten().filter_map(serde_json::Value::as_f64);
    numbers("times").zip(numbers("iters")).map(|(time, iterations)| time / iterations).min_by(f64::total_cmp)
}

fn keep(table: &str, verdict: &str) {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    let cpu = cpu.map_or("unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let text = format!(
        "# Sealing and opening beside their floor\n\n\
         Written by `cargo bench`. The floor is the same calls of the cryptographic library on the same sizes, and \
         nothing else (`src/floor.rs`).\nEach item has that many sealed strings of that size, a string partition key and \
         a number sort key; one raw AES-256 key. The fastest of criterion's 40 samples.\n\nMachine: {cpu}, {cores} cores, {}.\n\n{table}\n{verdict}\n",
        std::env::consts::OS
    );
    std::fs::write(folder().join("RESULTS.md"), text).unwrap();
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
