//! `cargo bench --bench search`: beacons beside the HMAC that each of them is at least; what takes out of a page what was
//! not asked for; and scans of a table with search beside scans of one without.
//!
//! The table is printed and kept in `benches/SEARCH.md`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops where it fails")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use dynaseal_benches::Row;
use dynaseal_core::{AlgorithmSuite, AttributeValue, BeaconKey, Item};
use dynaseal_ops::operation::Scan;
use dynaseal_ops::{Expressions, Measure, SealedTable};
use dynaseal_search::{
    BeaconKeys, CompoundBeacon, QueryRequest, SearchConfig, StandardBeacon, Transform, VirtualField,
};
use dynaseal_testkit::block_on;

/// How long one row is measured.
const TIME: Duration = Duration::from_secs(3);
const ITEMS: usize = 1000;
const ROW: Row = Row { count: 10, size: 64 };
/// What a standard beacon may take beyond its HMAC, in seconds.
const BEACON_BAR: f64 = 2e-6;
/// What filtering a page may take, in seconds.
const FILTER_BAR: f64 = 1e-3;

fn main() {
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    let mut text = beacons();
    text += &filters();
    text += &scans();
    println!("{text}");
    let about = "# Search\n\nWritten by `cargo bench --bench search` on one thread; medians of neighbouring runs.\n\n";
    std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("SEARCH.md"), format!("{about}{text}")).unwrap();
}

fn keys() -> BeaconKeys {
    BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap())
}

fn search(count: usize) -> SearchConfig {
    let names: Vec<String> = ROW.names().take(count).collect();
    names.into_iter().fold(SearchConfig::new(keys()), |search, name| search.standard(StandardBeacon::new(name, 24)))
}

fn beacons() -> String {
    let mut text =
        "| standard beacons of an item | HMAC-SHA384 alone | all of it | beyond, for each |\n|--:|--:|--:|--:|\n"
            .to_owned();
    let table = ROW.encryptor(AlgorithmSuite::HmacOnly);
    let item = ROW.item();
    let key = hmac::Key::new(hmac::HMAC_SHA384, &[7; 64]);
    let mut over = false;
    for count in [1, 5, 10] {
        let search = search(count).build(table.config()).unwrap();
        let values: Vec<&[u8]> = ROW.names().take(count).map(|name| bytes(&item[&name])).collect();
        let [floor, all] = medians([
            &mut || {
                for value in &values {
                    black_box(hmac::sign(&key, value));
                }
            },
            &mut || drop(black_box(block_on(search.beacons_of(&item, None, None)).unwrap())),
        ]);
        let each = (all - floor) / f64::from(u32::try_from(count).unwrap());
        over |= each > BEACON_BAR;
        writeln!(text, "| {count} | {:.2} µs | {:.2} µs | {:.2} µs |", floor * 1e6, all * 1e6, each * 1e6).unwrap();
    }
    text + &verdict(&format!("{:.0} µs for each beacon beyond its HMAC", BEACON_BAR * 1e6), over)
}

fn bytes(value: &AttributeValue) -> &[u8] {
    match value {
        AttributeValue::S(text) => text.as_bytes(),
        _ => &[],
    }
}

fn filters() -> String {
    let mut text = format!("| filter, asked of {ITEMS} opened items | time |\n|---|--:|\n");
    let table = ROW.encryptor(AlgorithmSuite::HmacOnly);
    let search = search(3)
        .standard(StandardBeacon::new("virtual", 24))
        .virtual_field(
            VirtualField::new("virtual")
                .part("attribute000", [Transform::Prefix(8), Transform::Upper])
                .part("attribute001", []),
        )
        .compound(CompoundBeacon::new("both", '|').encrypted("attribute000", "A-").encrypted("attribute001", "B-"));
    let search = Arc::new(search.build(table.config()).unwrap());
    let items: Vec<Item> = (0..ITEMS).map(|_| ROW.item()).collect();
    let mut over = false;
    for filter in [
        "attribute000 = :a",
        "(attribute000 = :a OR attribute001 = :b) AND attribute002 IN (:c, :d)",
        "virtual = :a",
        "both = :e",
    ] {
        let values = [":a", ":b", ":c", ":d"].map(|name| (name, "other text")).into_iter();
        let values = values.chain([(":e", "A-other.B-text")]).chain([(":e", "A-other|B-text")]);
        let used = values.filter(|(name, _)| filter.contains(name));
        let values: Item = used.map(|(name, text)| (name.to_owned(), text.into())).collect();
        let request = QueryRequest { filter: Some(filter.to_owned()), values, ..QueryRequest::default() };
        let analysis = search.analyze(request).unwrap();
        let results = analysis.results().unwrap();
        let [time] = medians([&mut || {
            let bound = results.bind().unwrap();
            black_box(items.iter().filter(|item| bound.matches(item)).count());
        }]);
        over |= time > FILTER_BAR;
        writeln!(text, "| `{filter}` | {:.3} ms |", time * 1e3).unwrap();
    }
    text + &verdict(&format!("{:.0} ms", FILTER_BAR * 1e3), over)
}

fn scans() -> String {
    let mut text = format!(
        "| a page of {ITEMS} items, opened | table without search | with search | ratio |\n|---|--:|--:|--:|\n"
    );
    let row = Row { count: 3, size: 16 };
    let encryptor = row.encryptor(AlgorithmSuite::HmacOnly);
    let names: Vec<String> = row.names().collect();
    let config = names.iter().fold(SearchConfig::new(keys()), |of, name| of.standard(StandardBeacon::new(name, 24)));
    let with = Arc::new(SealedTable::new("with", encryptor.clone()).with_search(config).unwrap());
    let without = Arc::new(SealedTable::new("without", encryptor.clone()));
    let sealed: Vec<Item> = (0..ITEMS).map(|_| block_on(encryptor.encrypt_item(row.item())).unwrap().item).collect();
    for filter in [None, Some("sk > :sk")] {
        let scan = || {
            let values = filter.map(|_| (":sk".to_owned(), AttributeValue::N("1".to_owned())));
            let expressions = Expressions {
                filter: filter.map(str::to_owned),
                values: values.into_iter().collect(),
                ..Expressions::default()
            };
            Scan { expressions, ..Scan::default() }
        };
        let run = |table: &Arc<SealedTable>| {
            let (scan, page) = block_on(scan().seal(table)).unwrap();
            black_box(scan);
            black_box(block_on(page.open(sealed.clone(), &mut Measure::default())).unwrap());
        };
        let [without, with] = medians([&mut || run(&without), &mut || run(&with)]);
        let name = filter.map_or("no filter".to_owned(), |filter| format!("`{filter}`"));
        writeln!(text, "| {name} | {:.1} ms | {:.1} ms | {:.3} |", without * 1e3, with * 1e3, with / without).unwrap();
    }
    text
}

fn verdict(bar: &str, over: bool) -> String {
    let verdict = if over { "Not kept." } else { "Every row keeps it." };
    format!("\nBar: {bar}. {verdict}\n\n")
}

/// Medians of times of runs that take turns.
fn medians<const N: usize>(mut runs: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut times: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    let begin = Instant::now();
    while begin.elapsed() < TIME {
        for (run, times) in runs.iter_mut().zip(&mut times) {
            // Several at a time, so that the clock does not count.
            let since = Instant::now();
            let mut count = 0_u32;
            while since.elapsed() < Duration::from_micros(200) {
                run();
                count += 1;
            }
            times.push(since.elapsed().as_secs_f64() / f64::from(count));
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}
