//! `cargo bench --bench migrate`: a table brought over beside a plain copy of the same items, with the same segments and as
//! many items at a time, on the embedded database; and the memory that it takes for few and for many items.
//!
//! The table is printed and kept in `benches/MIGRATE.md`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a benchmark stops where it fails")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use dynaseal_core::{AlgorithmSuite, ItemEncryptor, PlaintextPolicy, RawAesKeyring, TableConfig};
use dynaseal_local::{Dynoxide, Engine, Reply};
use dynaseal_migrate::{Migration, Observer, Options, Report, Shard, Source, Target};
use dynaseal_ops::SealedTable;
use futures_util::{StreamExt as _, stream};

const TABLE: &str = "people";
const ITEMS: usize = 20_000;
const SEGMENTS: u32 = 4;
const CONCURRENCY: usize = 32;
const ROUNDS: usize = 3;
/// What a migration has to reach of the speed of a copy.
const BAR: f64 = 0.8;
/// Says to this program that it is a child, and what it is to do.
const CHILD: &str = "DYNASEAL_BENCH_MIGRATE";

fn main() {
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let Ok(database) = std::env::var(CHILD) {
        let client = dynaseal_local::file(database).unwrap();
        runtime.block_on(migrate(&client, AlgorithmSuite::HmacOnly));
        println!("{}", peak());
        return;
    }
    if let Ok(database) = std::env::var("DYNASEAL_BENCH_FILL") {
        let items = std::env::var("ITEMS").unwrap().parse().unwrap();
        runtime.block_on(fill(&dynaseal_local::file(database).unwrap(), items));
        return;
    }
    let mut text = String::new();
    for (title, far) in [
        ("The embedded database, whose work is done by the same two cores", false),
        ("Writes answered elsewhere, after 5 ms", true),
    ] {
        writeln!(text, "{title}:\n\n| | items/s | of the copy |\n|---|--:|--:|").unwrap();
        let rows = runtime.block_on(speeds(far));
        let copy = rows[0].1;
        for (name, speed) in &rows {
            writeln!(text, "| {name} | {speed:.0} | {:.0} % |", speed / copy * 100.0).unwrap();
        }
        let verdict = if rows[1].1 / copy >= BAR { "met" } else { "**missed**" };
        writeln!(text, "\nThe bar is {:.0} % of a plain copy: {verdict} with HMAC only.\n", BAR * 100.0).unwrap();
    }
    writeln!(text, "\n| items | peak memory of the process |\n|--:|--:|").unwrap();
    for items in [ITEMS, 10 * ITEMS] {
        writeln!(text, "| {items} | {:.1} MB |", runtime.block_on(memory(items))).unwrap();
    }
    println!("{text}");
    let about = format!(
        "# Bringing a table over\n\nWritten by `cargo bench --bench migrate`: {ITEMS} items of ten attributes, 700 bytes, in an embedded \
         database in memory, {SEGMENTS} segments, {CONCURRENCY} items at a time, two cores; the best of {ROUNDS} rounds, in turn. The copy scans \
         and puts each item into another table; a migration scans, seals, and updates each item on condition that nothing in it \
         changed.\n\n"
    );
    std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("MIGRATE.md"), format!("{about}{text}")).unwrap();
}

/// An engine on another machine: writes take some milliseconds, and none of the time of these processors.
#[derive(Debug)]
struct Far(Dynoxide);

const FAR: Duration = Duration::from_millis(5);

impl Engine for Far {
    fn call(&self, operation: &str, body: &str) -> Reply {
        if operation != "PutItem" && operation != "UpdateItem" {
            return self.0.call(operation, body);
        }
        std::thread::sleep(FAR);
        Reply { status: 200, body: r#"{"ConsumedCapacity":{"TableName":"people","CapacityUnits":3.0}}"#.to_owned() }
    }
}

/// The best of several rounds, so that what else the machine does counts least.
async fn speeds(far: bool) -> Vec<(&'static str, f64)> {
    let mut rows: Vec<(&str, f64)> =
        ["plain copy", "migrate, HMAC only", "migrate, ECDSA P-384"].map(|name| (name, 0.0)).into();
    for _ in 0..ROUNDS {
        for (index, row) in rows.iter_mut().enumerate() {
            let engine = Dynoxide::memory().unwrap();
            let client = if far { dynaseal_local::client(Far(engine)) } else { dynaseal_local::client(engine) };
            fill(&client, ITEMS).await;
            dynaseal_local::create_table(&client, "copy", "id", None).await.unwrap();
            let since = Instant::now();
            match index {
                0 => copy(&client).await,
                1 => migrate(&client, AlgorithmSuite::HmacOnly).await,
                _ => migrate(&client, AlgorithmSuite::EcdsaP384).await,
            }
            let items = f64::from(u32::try_from(ITEMS).unwrap());
            row.1 = row.1.max(items / since.elapsed().as_secs_f64());
        }
    }
    rows
}

async fn fill(client: &Client, items: usize) {
    dynaseal_local::create_table(client, TABLE, "id", None).await.unwrap();
    for chunk in (0..items).collect::<Vec<_>>().chunks(25) {
        let write = |index: &usize| {
            let mut put =
                PutRequest::builder().item("id", S(format!("p-{index:06}"))).item("visits", N(index.to_string()));
            for name in ["name", "street", "city", "diagnosis", "note"] {
                put = put.item(name, S(format!("{name} {index} {}", "x".repeat(100))));
            }
            for name in ["ward", "doctor", "state"] {
                put = put.item(name, S(format!("{name} {}", index % 7)));
            }
            WriteRequest::builder().put_request(put.build().unwrap()).build()
        };
        let writes = chunk.iter().map(write).collect();
        let done = client.batch_write_item().request_items(TABLE, writes).send().await.unwrap();
        assert!(done.unprocessed_items.is_none_or(|left| left.is_empty()));
    }
}

async fn copy(client: &Client) {
    let segment = |index: u32| {
        let client = client.clone();
        tokio::spawn(async move {
            let number = |number: u32| i32::try_from(number).unwrap();
            let scan =
                client.scan().table_name(TABLE).segment(number(index)).total_segments(number(SEGMENTS)).limit(1000);
            let mut pages = scan.into_paginator().send();
            while let Some(page) = pages.next().await {
                let put = |item| client.put_item().table_name("copy").set_item(Some(item)).send();
                let puts = stream::iter(page.unwrap().items.unwrap_or_default()).map(put);
                let at_once = CONCURRENCY / usize::try_from(SEGMENTS).unwrap();
                puts.buffer_unordered(at_once).for_each(|put| async { drop(put.unwrap()) }).await;
            }
        })
    };
    for running in (0..SEGMENTS).map(segment).collect::<Vec<_>>() {
        running.await.unwrap();
    }
}

async fn migrate(client: &Client, suite: AlgorithmSuite) {
    let config = TableConfig::builder(TABLE, "id")
        .encrypt(["name", "street", "city", "diagnosis", "note", "visits"])
        .sign(["ward", "doctor", "state"])
        .algorithm_suite(suite)
        .plaintext_policy(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead);
    let keyring = RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap();
    let table = SealedTable::new(TABLE, ItemEncryptor::new(config.build().unwrap(), keyring));
    let options = Options::default().shard(Shard::whole(SEGMENTS).unwrap()).concurrency(CONCURRENCY);
    let target = Target::records(table).unwrap();
    let migration = Migration::new(client.clone(), TABLE, Source::default().plain(), target, options);
    let nobody: Arc<dyn Observer> = Arc::new(());
    let report: Report = migration.run(&nobody).await.unwrap();
    assert_eq!((report.counts.refused, report.counts.changed()), (0, report.counts.examined));
}

/// Of a process that migrates so many items in a file, in megabytes.
async fn memory(items: usize) -> f64 {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let path = folder.path().join("db");
    fill(&dynaseal_local::file(&path).unwrap(), items).await;
    let output = Command::new(std::env::current_exe().unwrap()).env(CHILD, &path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let peak: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    peak / 1024.0
}

/// The most memory that this process ever had, in kilobytes, where Linux says so.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or_default()
}
