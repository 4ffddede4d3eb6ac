//! `cargo bench --bench doors`: operations through both doors, beside the same operations of the SDK alone, which carry
//! the same sealed item.
//!
//! What a door takes beyond the SDK and the sealing itself is its overhead. Everything runs in turns on one thread with
//! the embedded database. The table is printed and kept in `benches/DOORS.md`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops where it fails")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, PutRequest, ScalarAttributeType,
    WriteRequest,
};
use dynaseal_benches::Row;
use dynaseal_client::value::{from_sdk, to_sdk};
use dynaseal_client::{Interceptor, SealedTable, Sealer, SendSealed};
use dynaseal_core::{AlgorithmSuite, Item, ItemEncryptor};
use dynaseal_testkit::block_on;

type SdkItem = HashMap<String, AttributeValue>;

const TABLE: &str = "benchmark";
const ROW: Row = Row { count: 10, size: 64 };
/// What a door may take beyond the SDK and the sealing.
const MAX_OVERHEAD: f64 = 0.10;
/// How long one row is measured.
const TIME: Duration = Duration::from_secs(8);
/// Items of the partition that is queried, in one page: DynamoDB ends pages at a megabyte.
const PAGE: usize = 1_000;
/// What each of those has.
const PAGE_ROW: Row = Row { count: 3, size: 16 };

fn main() {
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut text =
        "| suite | operation | SDK alone | SDK and sealing | send_sealed | overhead | interceptor | overhead |\n\
                    |---|---|--:|--:|--:|--:|--:|--:|\n"
            .to_owned();
    let mut over = Vec::new();
    for suite in AlgorithmSuite::ALL {
        let bench = Bench::new(suite, ROW, &runtime);
        for operation in ["GetItem", "PutItem"] {
            let [plain, by_hand, sealed, intercepted, overhead, other] = bench.row(operation, &runtime);
            writeln!(
                text,
                "| {suite} | {operation} | {:.0} µs | {:.0} µs | {:.0} µs | {:.1} % | {:.0} µs | {:.1} % |",
                plain * 1e6,
                by_hand * 1e6,
                sealed * 1e6,
                overhead * 100.0,
                intercepted * 1e6,
                other * 100.0
            )
            .unwrap();
            if overhead.max(other) > MAX_OVERHEAD {
                over.push(format!("{suite} {operation}"));
            }
        }
    }
    let verdict =
        if over.is_empty() { "Every row keeps it.".to_owned() } else { format!("Over: {}.", over.join(", ")) };
    writeln!(text, "\nBar: {:.0} % of the SDK alone. {verdict}\n", MAX_OVERHEAD * 100.0).unwrap();
    writeln!(text, "| suite | Query of {PAGE} items, SDK alone | opening them on one core | send_sealed | opening in it | gain |\n|---|--:|--:|--:|--:|--:|").unwrap();
    for suite in AlgorithmSuite::ALL {
        let bench = Bench::new(suite, PAGE_ROW, &runtime);
        let [plain, opening, sealed, inside] = bench.page(&runtime);
        writeln!(
            text,
            "| {suite} | {:.1} ms | {:.1} ms | {:.1} ms | {:.1} ms | {:.2} × |",
            plain * 1e3,
            opening * 1e3,
            sealed * 1e3,
            inside * 1e3,
            opening / inside
        )
        .unwrap();
    }
    let cores = std::thread::available_parallelism().unwrap();
    println!("{text}");
    let about = format!(
        "# The doors beside the SDK alone\n\n\
         Written by `cargo bench --bench doors` on a machine with {cores} cores, on the embedded database in memory and one\n\
         thread. Items have ten sealed strings of 64 bytes and two keys (in the page three of 16 bytes), with a raw AES key. The SDK alone carries the same\n\
         item, sealed before; \"SDK and sealing\" is that and, by hand, the sealing of a core item before it (or the opening after\n\
         it), for sealing also takes the processor's caches from the SDK. Overhead is what a door takes beyond both, in parts\n\
         of the SDK alone. All four take turns; medians of the times, and of the overheads of a turn.\n\n"
    );
    std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("DOORS.md"), format!("{about}{text}")).unwrap();
}

struct Bench {
    client: Client,
    intercepted: Client,
    sealer: Sealer,
    encryptor: ItemEncryptor,
    plain: SdkItem,
    sealed: SdkItem,
}

impl Bench {
    fn new(suite: AlgorithmSuite, row: Row, runtime: &tokio::runtime::Runtime) -> Self {
        let encryptor = row.encryptor(suite);
        let sealer = Sealer::of_table(SealedTable::new(TABLE, encryptor.clone()));
        let client = dynaseal_local::memory().unwrap();
        let config = client.config().to_builder().interceptor(Interceptor::new(&sealer)).build();
        let plain = to_sdk(row.item());
        let sealed = to_sdk(seal(&encryptor, row.item()));
        let bench = Self { intercepted: Client::from_conf(config), client, sealer, encryptor, plain, sealed };
        runtime.block_on(bench.create());
        bench
    }

    async fn create(&self) {
        let attribute =
            |name, of| AttributeDefinition::builder().attribute_name(name).attribute_type(of).build().unwrap();
        let key = |name, of| KeySchemaElement::builder().attribute_name(name).key_type(of).build().unwrap();
        let create = self.client.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
        let create = create.attribute_definitions(attribute("pk", ScalarAttributeType::S));
        let create = create.attribute_definitions(attribute("sk", ScalarAttributeType::N));
        create.key_schema(key("pk", KeyType::Hash)).key_schema(key("sk", KeyType::Range)).send().await.unwrap();
        self.client.put_item().table_name(TABLE).set_item(Some(self.sealed.clone())).send().await.unwrap();
    }

    fn row(&self, operation: &str, runtime: &tokio::runtime::Runtime) -> [f64; 6] {
        let put = |client: &Client, item: &SdkItem| client.put_item().table_name(TABLE).set_item(Some(item.clone()));
        let get = |client: &Client| {
            let get = client.get_item().table_name(TABLE).key("pk", self.plain["pk"].clone());
            get.key("sk", self.plain["sk"].clone())
        };
        let mut times = Vec::new();
        let start = Instant::now();
        while start.elapsed() < TIME {
            let row = match operation {
                "PutItem" => {
                    let [one, two, three, four] = [
                        put(&self.client, &self.sealed),
                        put(&self.client, &self.sealed),
                        put(&self.client, &self.plain),
                        put(&self.intercepted, &self.plain),
                    ];
                    let item = from_sdk(self.plain.clone()).unwrap();
                    self.turn(
                        times.len(),
                        || drop(runtime.block_on(one.send()).unwrap()),
                        || {
                            drop(seal(&self.encryptor, item));
                            drop(runtime.block_on(two.send()).unwrap());
                        },
                        || drop(runtime.block_on(three.send_sealed(&self.sealer)).unwrap()),
                        || drop(runtime.block_on(four.send()).unwrap()),
                    )
                }
                _ => {
                    let [one, two, three, four] =
                        [get(&self.client), get(&self.client), get(&self.client), get(&self.intercepted)];
                    let item = from_sdk(self.sealed.clone()).unwrap();
                    self.turn(
                        times.len(),
                        || drop(runtime.block_on(one.send()).unwrap()),
                        || {
                            drop(runtime.block_on(two.send()).unwrap());
                            drop(open(&self.encryptor, item));
                        },
                        || drop(runtime.block_on(three.send_sealed(&self.sealer)).unwrap()),
                        || drop(runtime.block_on(four.send()).unwrap()),
                    )
                }
            };
            times.push(row);
        }
        let overhead = |door: usize| move |row: &[f64; 4]| (row[door] - row[1]) / row[0];
        [
            middle(&times, |row| row[0]),
            middle(&times, |row| row[1]),
            middle(&times, |row| row[2]),
            middle(&times, |row| row[3]),
            middle(&times, overhead(2)),
            middle(&times, overhead(3)),
        ]
    }

    /// All four once; each begins one turn of four, so that none is always the one after the same other.
    fn turn(
        &self,
        number: usize,
        plain: impl FnOnce(),
        by_hand: impl FnOnce(),
        sealed: impl FnOnce(),
        intercepted: impl FnOnce(),
    ) -> [f64; 4] {
        let mut plain = Some(plain);
        let mut by_hand = Some(by_hand);
        let mut sealed = Some(sealed);
        let mut intercepted = Some(intercepted);
        let mut row = [0.0; 4];
        for of in (0..4).map(|step| (number + step) % 4) {
            row[of] = match of {
                0 => time(plain.take().unwrap()),
                1 => time(by_hand.take().unwrap()),
                2 => time(sealed.take().unwrap()),
                _ => time(intercepted.take().unwrap()),
            };
        }
        row
    }

    fn page(&self, runtime: &tokio::runtime::Runtime) -> [f64; 4] {
        let items: Vec<Item> = (0..PAGE)
            .map(|number| {
                let mut item = PAGE_ROW.item();
                item.insert("pk".to_owned(), "page".into());
                item.insert("sk".to_owned(), dynaseal_core::AttributeValue::N(number.to_string()));
                seal(&self.encryptor, item)
            })
            .collect();
        for batch in items.chunks(25) {
            let writes = batch.iter().map(|item| {
                let put = PutRequest::builder().set_item(Some(to_sdk(item.clone()))).build().unwrap();
                WriteRequest::builder().put_request(put).build()
            });
            let write = self.client.batch_write_item().request_items(TABLE, writes.collect());
            runtime.block_on(write.send()).unwrap();
        }
        let query = self.client.query().table_name(TABLE).key_condition_expression("pk = :p");
        let query = query.expression_attribute_values(":p", AttributeValue::S("page".to_owned()));
        let mut times = Vec::new();
        let start = Instant::now();
        while start.elapsed() < TIME {
            let items = items.clone();
            let (one, two) = (query.clone(), query.clone());
            let plain = time(|| assert_eq!(runtime.block_on(one.send()).unwrap().count, 1_000));
            let opening = time(|| items.into_iter().for_each(|item| drop(open(&self.encryptor, item))));
            let sealed = time(|| assert_eq!(runtime.block_on(two.send_sealed(&self.sealer)).unwrap().count, 1_000));
            times.push([plain, opening, sealed, sealed - plain]);
        }
        [0, 1, 2, 3].map(|column| middle(&times, |row| row[column]))
    }
}

fn middle<const N: usize>(times: &[[f64; N]], pick: impl Fn(&[f64; N]) -> f64) -> f64 {
    let mut values: Vec<f64> = times.iter().map(pick).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn seal(encryptor: &ItemEncryptor, item: Item) -> Item {
    black_box(block_on(encryptor.encrypt_item(item)).unwrap()).item
}

fn open(encryptor: &ItemEncryptor, item: Item) -> Item {
    black_box(block_on(encryptor.decrypt_item(item)).unwrap()).item
}

fn time(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}
