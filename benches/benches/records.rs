//! `cargo bench`: sealing and opening beside their floor, with the ratio and the allocations of every row.
//!
//! Operation and floor take turns, a run of each at a time, so that whatever else the machine does falls on both. The
//! table is printed and kept in `benches/RESULTS.md`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops where it fails")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use criterion::{Bencher, Criterion};
use dynaseal_benches::{COUNTS, Floor, ROWS, Row};
use dynaseal_core::{AlgorithmSuite, Item, ItemEncryptor};
use dynaseal_testkit::block_on;

/// What the library may take.
const MAX_RATIO: f64 = 1.3;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(2500))
        .sample_size(20)
        .configure_from_args();
    let counts = std::fs::read_to_string(folder().join(COUNTS)).expect("cargo bench --bench allocations ran before");
    let counts: serde_json::Value = serde_json::from_str(&counts).unwrap();
    let mut table = Table::default();
    for (suite, row) in AlgorithmSuite::ALL.into_iter().flat_map(|suite| ROWS.map(|row| (suite, row))) {
        let [sealing, opening] = measure(&mut criterion, row, suite);
        for (operation, pairs) in [("seal", sealing), ("open", opening)] {
            let allocations = counts[format!("{suite} {} {operation}", row.name())].as_u64();
            // Nothing was measured where an argument chose other rows.
            if let (Some(pairs), Some(allocations)) = (pairs.summary(), allocations) {
                table.add(suite, row, operation, &pairs, usize::try_from(allocations).unwrap());
            }
        }
    }
    criterion.final_summary();
    println!("\n{}\n{}", table.text, table.verdict());
    if table.rows == 2 * AlgorithmSuite::ALL.len() * ROWS.len() {
        table.keep();
    }
}

fn measure(criterion: &mut Criterion, row: Row, suite: AlgorithmSuite) -> [Pairs; 2] {
    let encryptor = row.encryptor(suite);
    let plain = row.item();
    let sealed = seal(&encryptor, plain.clone());
    let mut floor = Floor::new(row, suite);
    let [mut sealing, mut opening] = [Pairs::default(), Pairs::default()];
    let mut group = criterion.benchmark_group(format!("{suite} {}", row.name()));
    group.bench_function("seal", |bencher| {
        sealing.measure(bencher, || floor.seal(), &plain, |item| seal(&encryptor, item));
    });
    group.bench_function("open", |bencher| {
        opening.measure(bencher, || floor.open(), &sealed, |item| open(&encryptor, item));
    });
    group.finish();
    [sealing, opening]
}

fn seal(encryptor: &ItemEncryptor, item: Item) -> Item {
    black_box(block_on(encryptor.encrypt_item(item)).unwrap()).item
}

fn open(encryptor: &ItemEncryptor, item: Item) -> Item {
    black_box(block_on(encryptor.decrypt_item(item)).unwrap()).item
}

/// Times of the operation and of its floor, run one after the other.
#[derive(Default)]
struct Pairs(Vec<(Duration, Duration)>);

/// Medians.
struct Summary {
    time: Duration,
    floor: Duration,
    ratio: f64,
}

impl Pairs {
    fn measure(
        &mut self,
        bencher: &mut Bencher<'_>,
        mut floor: impl FnMut(),
        item: &Item,
        operation: impl Fn(Item) -> Item,
    ) {
        bencher.iter_custom(|iterations| {
            let mut total = Duration::ZERO;
            for _ in 0..iterations {
                let start = Instant::now();
                floor();
                let floor = start.elapsed();
                let item = item.clone();
                let start = Instant::now();
                let result = operation(item);
                let time = start.elapsed();
                drop(result);
                self.0.push((time, floor));
                total += time;
            }
            total
        });
    }

    fn summary(&self) -> Option<Summary> {
        let time = middle(self.0.iter().map(|(time, _)| *time).collect(), Duration::cmp)?;
        let floor = middle(self.0.iter().map(|(_, floor)| *floor).collect(), Duration::cmp)?;
        let ratio = |(time, floor): &(Duration, Duration)| time.as_secs_f64() / floor.as_secs_f64();
        let ratio = middle(self.0.iter().map(ratio).collect(), f64::total_cmp)?;
        Some(Summary { time, floor, ratio })
    }
}

fn middle<T: Copy>(mut values: Vec<T>, order: impl Fn(&T, &T) -> std::cmp::Ordering) -> Option<T> {
    values.sort_unstable_by(order);
    values.get(values.len() / 2).copied()
}

struct Table {
    text: String,
    rows: usize,
    over: Vec<String>,
}

impl Default for Table {
    fn default() -> Self {
        let header = "| suite | item | operation | time | floor | ratio | allocations | allowed |\n\
                      |---|---|---|--:|--:|--:|--:|--:|\n";
        Self { text: header.to_owned(), rows: 0, over: Vec::new() }
    }
}

impl Table {
    fn add(&mut self, suite: AlgorithmSuite, row: Row, operation: &str, pairs: &Summary, allocations: usize) {
        let allowed = 3 * (row.count + 2) + 40;
        let name = row.name();
        let [time, floor] = [pairs.time, pairs.floor].map(|duration| duration.as_secs_f64() * 1e6);
        let ratio = pairs.ratio;
        writeln!(
            self.text,
            "| {suite} | {name} | {operation} | {time:.1} µs | {floor:.1} µs | {ratio:.2} | {allocations} | {allowed} |"
        )
        .unwrap();
        self.rows += 1;
        if ratio > MAX_RATIO || allocations > allowed {
            self.over.push(format!("{suite} {name} {operation}"));
        }
    }

    fn verdict(&self) -> String {
        let bars = format!("Bars: at most {MAX_RATIO} × floor, at most 3 allocations for every attribute and 40.");
        if self.over.is_empty() {
            format!("{bars} Every row keeps both.")
        } else {
            format!("{bars} Over: {}.", self.over.join(", "))
        }
    }

    fn keep(&self) {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu = cpu.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
        let cpu = cpu.map_or("unknown processor", |(_, name)| name);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let text = format!(
            "# Sealing and opening beside their floor\n\n\
             Written by `cargo bench`. The floor is the same calls of the cryptographic library on the same sizes, and\n\
             nothing else (`src/floor.rs`). Each item has that many sealed strings of that size, a string partition key\n\
             and a number sort key; one raw AES-256 key. Operation and floor take turns; medians of the times, and of the\n\
             ratios of neighbours. Rows run one after another on a machine with other guests: compare within a row.\n\n\
             Machine: {cpu}, {cores} cores, {}.\n\n{}\n{}\n",
            std::env::consts::OS,
            self.text,
            self.verdict()
        );
        std::fs::write(folder().join("RESULTS.md"), text).unwrap();
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
