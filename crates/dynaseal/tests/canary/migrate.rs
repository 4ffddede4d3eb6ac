//! Migrations to records, to other keys and to sealed attributes: progress, checkpoints, reports, what verification finds,
//! and the errors.

use std::sync::{Arc, Mutex};

use dynaseal::migrate::{
    Counts, FileCheckpoint, Finding, FindingObserver, Keys, MigrateError, Migration, Observer, Options, Refused,
    Report, SealedAttributes, Source, TableCheckpoint, Target, Verifier,
};
use dynaseal::{
    AttributeKeys, AttributeRoot, AttributeValue, Item, ItemEncryptor, PlaintextPolicy, RawAesKeyring, SealedTable,
    TableConfig, json, local, sdk,
};

use crate::sdk::{TABLE, search, table};
use crate::secret::{ENCRYPTED, TEXT, plain};
use crate::watch::{Meddling, Watch, Wire};

/// Keeps everything that observers are told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn progress(&self, more: &Counts) {
        self.0.lock().unwrap().push(format!("{more:?}"));
    }

    fn refused(&self, refused: &Refused) {
        self.0.lock().unwrap().push(format!("{refused:?} {} {}", refused.key, refused.reason));
    }
}

impl FindingObserver for Told {
    fn found(&self, key: &Item, finding: &Finding) {
        self.0.lock().unwrap().push(format!("{key:?} {finding} {finding:?}"));
    }
}

/// A table with plain items, some of which cannot be sealed.
struct World {
    wire: Wire,
    client: aws_sdk_dynamodb::Client,
    told: Arc<Told>,
}

fn target(byte: u8) -> SealedTable {
    let config = TableConfig::builder(TABLE, "id").encrypt(ENCRYPTED).sign(["ward"]).unsigned(["seen"]);
    let config = config.plaintext_policy(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead).build().unwrap();
    let keyring = RawAesKeyring::new("tests", format!("key-{byte}"), &[byte; 32]).unwrap();
    SealedTable::new(TABLE, ItemEncryptor::new(config, keyring)).with_search(search()).unwrap()
}

impl World {
    async fn new() -> Self {
        let wire = Wire::new();
        let client = wire.client();
        local::create_table(&client, TABLE, "id", None).await.unwrap();
        let world = Self { wire, client, told: Arc::default() };
        let with = |id: &str, name: &str, value: AttributeValue| {
            let mut item = plain(id);
            item.insert(name.to_owned(), value);
            item
        };
        for item in [
            plain("a"),
            plain("b"),
            with("unknown", "unknown", TEXT.into()),
            with("reserved", "aws_dbe_other", TEXT.into()),
            with("large", "bytes", AttributeValue::B(vec![7; 399 * 1024])),
            with("half", "aws_dbe_head", TEXT.into()),
        ] {
            world.put(item).await;
        }
        world
    }

    async fn put(&self, item: Item) {
        self.client.put_item().table_name(TABLE).set_item(Some(sdk::to_sdk(item))).send().await.unwrap();
        self.wire.take();
    }

    /// A job, and everything that it says. What it sends is only looked at where nothing of the table was plain: a write of
    /// a plain item is on condition that it still is what was read, and so has its values in it.
    async fn run(
        &self,
        watch: &Watch,
        source: Source,
        target: Target,
        options: Options,
        sees_plain: bool,
    ) -> [Result<Report, MigrateError>; 2] {
        let observer: Arc<dyn Observer> = self.told.clone();
        let migration = Migration::new(self.client.clone(), TABLE, source, target, options);
        watch.debug(&migration);
        let results = [migration.plan(&observer).await, migration.run(&observer).await];
        for result in &results {
            match result {
                Ok(report) => {
                    watch.debug(report);
                    watch.debug(&report.counts);
                    report.refused.iter().for_each(|refused| watch.debug(refused));
                    watch.text("a report", &serde_json::to_string(report).unwrap());
                }
                Err(error) => watch.error(error),
            }
        }
        if sees_plain {
            self.wire.take();
        } else {
            watch.sent(&self.wire);
        }
        results
    }

    fn told(&self, watch: &Watch) {
        let told = std::mem::take(&mut *self.told.0.lock().unwrap());
        assert!(!told.is_empty());
        told.iter().for_each(|text| watch.text("what observers are told", text));
    }

    async fn checked(&self, watch: &Watch, table: SealedTable) {
        let verifier = Verifier::new(table);
        watch.debug(&verifier);
        let observer: Arc<dyn FindingObserver> = self.told.clone();
        let findings = verifier.scan(&self.client, TABLE, &Options::default(), &observer).await.unwrap();
        watch.debug(&findings);
        for item in self.stored().await {
            let finding = verifier.check(&item).await;
            watch.text("a finding", &finding.to_string());
            watch.debug(&finding);
            if let Finding::Unreadable(problem) = &finding {
                watch.error(problem);
            }
        }
        self.told(watch);
        self.wire.take();
    }

    async fn stored(&self) -> Vec<Item> {
        let found = self.client.scan().table_name(TABLE).send().await.unwrap().items.unwrap();
        found.into_iter().map(|item| sdk::from_sdk(item).unwrap()).collect()
    }
}

pub(crate) async fn tables(watch: &Watch) {
    let world = World::new().await;
    world.checked(watch, target(7)).await;
    let folder = std::env::temp_dir().join(format!("dynaseal-canary-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("progress.json");
    let target_of = |byte| Target::records(target(byte)).unwrap();

    // The service refuses every write and repeats it.
    world.wire.meddle(Meddling::EchoesWrites);
    let [_, refused] = world.run(watch, Source::default().plain(), target_of(7), Options::default(), true).await;
    assert!(refused.unwrap().refused.iter().any(|refused| refused.reason.contains("ValidationException")));
    world.wire.meddle(Meddling::Echoes);
    let _ = world.run(watch, Source::default().plain(), target_of(7), Options::default(), true).await;
    world.wire.meddle(Meddling::Nothing);
    world.told(watch);

    let checkpoint = Arc::new(FileCheckpoint::open(&file).unwrap());
    watch.debug(&*checkpoint);
    let options = Options::default().checkpoint(checkpoint).prove(true);
    watch.debug(&options);
    let [planned, done] = world.run(watch, Source::default().plain(), target_of(7), options, true).await;
    planned.unwrap();
    let done = done.unwrap();
    assert!(done.counts.changed() >= 2 && done.counts.refused >= 3, "{done:?}");
    watch.text("a checkpoint", &std::fs::read_to_string(&file).unwrap());
    world.told(watch);
    std::fs::remove_dir_all(&folder).unwrap();

    // From now on, what was sealed is sealed for another key: nothing of it is plain on the line.
    for id in ["unknown", "reserved", "large", "half"] {
        world
            .client
            .delete_item()
            .table_name(TABLE)
            .key("id", aws_sdk_dynamodb::types::AttributeValue::S(id.to_owned()))
            .send()
            .await
            .unwrap();
    }
    for item in world.stored().await {
        watch.text("an item that was brought over", &json::to_string(&item));
    }
    world.wire.take();
    world.checked(watch, target(9)).await;
    // Wrong keys: nothing is written.
    let [planned, _] = world.run(watch, Source::default(), target_of(9), Options::default(), false).await;
    planned.unwrap_err();
    let rekey = || Source::default().records(target(7));
    for meddling in [Meddling::EchoesWrites, Meddling::Tampers, Meddling::Echoes] {
        world.wire.meddle(meddling);
        let _ = world.run(watch, rekey(), target_of(9), Options::default(), false).await;
    }
    world.wire.meddle(Meddling::Nothing);
    let checkpoint = TableCheckpoint::open(world.client.clone(), "progress", "rekey").await.unwrap();
    watch.debug(&checkpoint);
    let options = Options::default().checkpoint(Arc::new(checkpoint));
    let [_, done] = world.run(watch, rekey(), target_of(9), options, false).await;
    assert!(done.unwrap().counts.changed() >= 2);
    world.checked(watch, target(9)).await;
    world.told.0.lock().unwrap().clear();
    sealed_attributes(watch).await;
}

/// Plain items to sealed attributes.
async fn sealed_attributes(watch: &Watch) {
    let world = World::new().await;
    let keys = AttributeKeys::new(AttributeRoot::from_bytes("2026", &[7; 32]).unwrap());
    let attributes = ENCRYPTED
        .iter()
        .fold(SealedAttributes::new(TABLE), |attributes, name| attributes.randomised(*name, &keys).unwrap());
    watch.debug(&attributes);
    let target = Target::attributes(attributes, Keys::new("id", None));
    watch.debug(&target);
    world.wire.meddle(Meddling::EchoesWrites);
    let _ = world.run(watch, Source::default().plain(), target.clone(), Options::default(), true).await;
    world.wire.meddle(Meddling::Nothing);
    let [_, done] = world.run(watch, Source::default().plain(), target, Options::default(), true).await;
    assert!(done.unwrap().counts.changed() >= 2);
    world.told(watch);
    watch.debug(&table(7));
}
