//! `dynaseal migrate` while others write the table, and ended by SIGKILL at any moment.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use dynaseal::{
    AlgorithmSuite, ItemEncryptor, PlaintextPolicy, RawAesKeyring, SealedPages as _, SealedTable, Sealer,
    SendSealed as _, TableConfig, local,
};

const NAME: &str = "people";
const ITEMS: usize = 20_000;
const KILLS: usize = 50;

const TOML: &str = r#"
logical_table_name = "people"
partition_key = "pk"
algorithm_suite = "hmac-only"
plaintext_policy = "FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ"
unsigned_attributes = ["seen"]
[actions]
name = "ENCRYPT_AND_SIGN"
rev = "SIGN_ONLY"
[keyring]
type = "raw-aes"
namespace = "ns"
name = "key-1"
key = { hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" }
"#;

type SdkItem = std::collections::HashMap<String, AttributeValue>;

fn sealer(policy: PlaintextPolicy) -> Sealer {
    let config = TableConfig::builder(NAME, "pk").encrypt(["name"]).sign(["rev"]).unsigned(["seen"]);
    let config = config.algorithm_suite(AlgorithmSuite::HmacOnly).plaintext_policy(policy).build().unwrap();
    let key: Vec<u8> = (0..32).collect();
    let keyring = RawAesKeyring::new("ns", "key-1", &key).unwrap();
    Sealer::of_table(SealedTable::new(NAME, ItemEncryptor::new(config, keyring)))
}

/// What an item has to be, as far as its writers were told that they succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    name: String,
    rev: u64,
    seen: u64,
}

/// All that was written, and acknowledged. Deleted items are `None`.
type Book = Arc<Mutex<BTreeMap<String, Option<Known>>>>;

struct World {
    folder: tempfile::TempDir,
    client: Client,
    book: Book,
    stop_plain: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
}

impl World {
    async fn new() -> Self {
        let folder = in_memory();
        std::fs::write(folder.path().join("table.toml"), TOML).unwrap();
        let client = local::file(folder.path().join("db")).unwrap();
        local::create_table(&client, NAME, "pk", None).await.unwrap();
        let mut book = BTreeMap::new();
        for chunk in (0..ITEMS).collect::<Vec<_>>().chunks(25) {
            let mut writes = Vec::new();
            for index in chunk {
                let known = Known { name: format!("seed {index}"), rev: 0, seen: 0 };
                let put = PutRequest::builder().set_item(Some(item(&format!("p-{index:05}"), &known))).build().unwrap();
                writes.push(WriteRequest::builder().put_request(put).build());
                book.insert(format!("p-{index:05}"), Some(known));
            }
            let done = client.batch_write_item().request_items(NAME, writes).send().await.unwrap();
            assert!(done.unprocessed_items.is_none_or(|left| left.is_empty()));
        }
        let flag = || Arc::new(AtomicBool::new(false));
        let book = Arc::new(Mutex::new(book));
        Self { folder, client, book, stop_plain: flag(), stop: flag(), written: Arc::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Five that seal, one that still writes plaintext, and two that count in an unsigned attribute.
    fn writers(&self) -> Vec<tokio::task::JoinHandle<()>> {
        let mut writers = Vec::new();
        for index in 0..8_u64 {
            let plain = index == 5;
            let policy = match plain {
                true => PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead,
                false => PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead,
            };
            let writer = Writer {
                client: self.client.clone(),
                sealer: sealer(policy),
                book: Arc::clone(&self.book),
                random: Random(index + 1),
                index,
                serial: 0,
                written: Arc::clone(&self.written),
            };
            let stop = Arc::clone(if plain { &self.stop_plain } else { &self.stop });
            writers.push(tokio::spawn(writer.run(stop)));
        }
        writers
    }

    fn migrate(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dynaseal"));
        command.args(["migrate", "--config", "table.toml", "--db", "db", "--from", "plaintext", "--page-size", "200"]);
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Everything is there as it was written last, and sealed once.
    async fn check(&self) {
        let verify = Command::new(env!("CARGO_BIN_EXE_dynaseal"))
            .args(["verify", "--config", "table.toml", "--db", "db"])
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().take(2000).collect::<String>();
        assert!(verify.status.success(), "{}{}", text(&verify.stdout), text(&verify.stderr));

        let strict = sealer(PlaintextPolicy::ForbidPlaintextWriteForbidPlaintextRead);
        let mut found = BTreeMap::new();
        let mut pages = self.client.scan().table_name(NAME).consistent_read(true).sealed_pages(&strict);
        while let Some(page) = pages.next().await {
            for item in page.unwrap().items() {
                let (key, known) = read(item);
                assert_eq!(item.len(), 4, "nothing was added: {key}");
                assert!(found.insert(key, known).is_none());
            }
        }
        let book = self.book.lock().unwrap();
        let expected: BTreeMap<_, _> =
            book.iter().filter_map(|(key, known)| Some((key.clone(), known.clone()?))).collect();
        for (key, known) in &expected {
            assert_eq!(found.get(key), Some(known), "{key}");
        }
        assert_eq!(found.len(), expected.len(), "nothing came back that was deleted");
    }
}

fn item(key: &str, known: &Known) -> SdkItem {
    [
        ("pk", S(key.to_owned())),
        ("name", S(known.name.clone())),
        ("rev", N(known.rev.to_string())),
        ("seen", N(known.seen.to_string())),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn read(item: &SdkItem) -> (String, Known) {
    let number = |name: &str| item[name].as_n().unwrap().parse().unwrap();
    let name = item["name"].as_s().unwrap().clone();
    (item["pk"].as_s().unwrap().clone(), Known { name, rev: number("rev"), seen: number("seen") })
}

/// In memory where Linux has a folder there: a file of the database waits for the disk with every write, which on a slow one
/// takes this test minutes and shows nothing more.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

struct Writer {
    client: Client,
    sealer: Sealer,
    book: Book,
    random: Random,
    index: u64,
    serial: u64,
    written: Arc<AtomicU64>,
}

impl Writer {
    async fn run(mut self, stop: Arc<AtomicBool>) {
        while !stop.load(Ordering::Relaxed) {
            let key = format!("p-{:05}", self.random.below(u64::try_from(ITEMS).unwrap()));
            let done = match (self.index, self.random.below(20)) {
                (6 | 7, _) => self.count(&key).await,
                (_, 0) => self.create().await,
                (_, 1) => self.delete(&key).await,
                _ => self.change(&key).await,
            };
            if done {
                self.written.fetch_add(1, Ordering::Relaxed);
            }
            // So that the migration has its share of two cores.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn stored(&self, key: &str) -> Option<Known> {
        let get = self.client.get_item().table_name(NAME).key("pk", S(key.to_owned())).consistent_read(true);
        let item = get.send_sealed(&self.sealer).await.unwrap().item?;
        Some(read(&item).1)
    }

    /// Writes the whole item, if nobody else did.
    async fn change(&mut self, key: &str) -> bool {
        let Some(before) = self.stored(key).await else { return false };
        self.serial += 1;
        let after = Known { name: format!("{} {}", self.index, self.serial), rev: before.rev + 1, seen: before.seen };
        let put = self
            .client
            .put_item()
            .table_name(NAME)
            .set_item(Some(item(key, &after)))
            .condition_expression("rev = :rev AND seen = :seen")
            .expression_attribute_values(":rev", N(before.rev.to_string()))
            .expression_attribute_values(":seen", N(before.seen.to_string()));
        let done = succeeded(put.send_sealed(&self.sealer).await);
        if done {
            let mut book = self.book.lock().unwrap();
            // Somebody may have counted or written again before this line.
            let entry = book.get_mut(key).unwrap();
            if let Some(known) = entry
                && known.rev < after.rev
            {
                (known.rev, known.name) = (after.rev, after.name);
            }
        }
        done
    }

    /// What anybody may change without a key: a plain update, also of a sealed item.
    async fn count(&mut self, key: &str) -> bool {
        let update = self
            .client
            .update_item()
            .table_name(NAME)
            .key("pk", S(key.to_owned()))
            .update_expression("SET seen = seen + :one")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":one", N("1".to_owned()));
        let done = succeeded(update.send_sealed(&self.sealer).await);
        if done && let Some(Some(known)) = self.book.lock().unwrap().get_mut(key) {
            known.seen += 1;
        }
        done
    }

    async fn create(&mut self) -> bool {
        self.serial += 1;
        let key = format!("new-{}-{}", self.index, self.serial);
        let known = Known { name: format!("new {}", self.serial), rev: 0, seen: 0 };
        let put = self.client.put_item().table_name(NAME).set_item(Some(item(&key, &known)));
        put.send_sealed(&self.sealer).await.unwrap();
        self.book.lock().unwrap().insert(key, Some(known));
        true
    }

    async fn delete(&mut self, key: &str) -> bool {
        let delete = self.client.delete_item().table_name(NAME).key("pk", S(key.to_owned()));
        delete.send_sealed(&self.sealer).await.unwrap();
        self.book.lock().unwrap().insert(key.to_owned(), None);
        true
    }
}

fn succeeded<T, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<T, aws_sdk_dynamodb::error::SdkError<E>>,
) -> bool {
    match result {
        Ok(_) => true,
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => false,
        Err(error) => panic!("{error:?}"),
    }
}

/// Ends it by SIGKILL; false if it was done already, and then well.
fn kill(mut child: Child) -> bool {
    if child.try_wait().unwrap().is_some() {
        let output = child.wait_with_output().unwrap();
        assert!(is_well(&output), "{}", String::from_utf8_lossy(&output.stderr));
        return false;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

fn finish(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(is_well(&output), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Done; or done before, and somebody wrote plain items since, which is no success.
fn is_well(output: &std::process::Output) -> bool {
    let stale = String::from_utf8_lossy(&output.stderr)
        .contains("all is done, and the table has items that are not up to date");
    output.status.success() || (output.status.code() == Some(2) && stale)
}

async fn pause(random: &mut Random, most: u64) {
    tokio::time::sleep(Duration::from_millis(100 + random.below(most))).await;
}

fn remove(path: &Path) {
    std::fs::remove_file(path).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_is_migrated_under_eight_writers_and_fifty_kills() {
    let world = World::new().await;
    let since = Instant::now();
    let writers = world.writers();
    let mut random = Random(42);
    let (mut kills, mut passes) = (0, 0);
    while kills < KILLS {
        let child = world.migrate(&["--checkpoint", "progress"]);
        pause(&mut random, 500).await;
        if kill(child) {
            kills += 1;
        } else {
            // Done while others still write plaintext: once more from the start.
            passes += 1;
            remove(&world.path("progress"));
        }
    }
    let written = world.written.load(Ordering::Relaxed);
    assert!(written > 1000, "the writers were not kept from writing: {written}");
    // The instances that write plaintext end first, as the guide says; then one run to the end, and it is all sealed.
    world.stop_plain.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let _ = std::fs::remove_file(world.path("progress"));
    finish(world.migrate(&["--checkpoint", "progress"]));
    world.stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    world.check().await;
    eprintln!("{written} live writes, {kills} kills, {passes} passes done before, {:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_share_the_table_and_fifty_kills() {
    let world = World::new().await;
    let since = Instant::now();
    let writers = world.writers();
    let mut random = Random(7);
    let start = |segment: usize, job: &str| {
        let segment = segment.to_string();
        let share = ["--segment", &segment, "--total", "4", "--segments", "2"];
        world.migrate(&[&share[..], &["--checkpoint-table", "jobs", "--job-name", job]].concat())
    };
    let mut running: Vec<Option<Child>> = (0..4).map(|segment| Some(start(segment, "first"))).collect();
    let mut kills = 0;
    while kills < KILLS {
        pause(&mut random, 200).await;
        let segment = usize::try_from(random.below(4)).unwrap();
        kills += usize::from(kill(running[segment].take().unwrap()));
        // Goes on where it was; if it was done, it says so.
        running[segment] = Some(start(segment, "first"));
    }
    for child in running.into_iter().flatten() {
        finish(child);
    }
    world.stop_plain.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let last: Vec<Child> = (0..4).map(|segment| start(segment, "second")).collect();
    last.into_iter().for_each(|child| drop(finish(child)));
    world.stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    world.check().await;
    let written = world.written.load(Ordering::Relaxed);
    eprintln!("{written} live writes, {kills} kills, {:?}", since.elapsed());
}
