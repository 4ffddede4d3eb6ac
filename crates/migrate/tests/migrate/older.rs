//! Items of the DynamoDB Encryption Client, whose format is somebody else's here: texts backwards, under its usual names.

use std::sync::Arc;

use dynaseal_core::{AttributeValue, BoxFuture, Item, LegacyEncryptor, LegacyError, LegacyErrorClass, LegacyPolicy};
use dynaseal_migrate::{Keys, MigrateError, Migration, Source, Target};
use dynaseal_ops::SealedTable;

use crate::world::*;

const NAMES: [&str; 2] = ["*amzn-ddb-map-desc*", "*amzn-ddb-map-sig*"];

#[derive(Debug, Default)]
struct Backwards {
    /// The byte that stands for the key.
    key: u8,
    changes_keys: bool,
}

fn turned(item: &mut Item) {
    for (name, value) in item {
        if let (true, AttributeValue::S(text)) = (name != "id", value) {
            *text = text.chars().rev().collect();
        }
    }
}

impl LegacyEncryptor for Backwards {
    fn is_legacy(&self, item: &Item) -> bool {
        NAMES.iter().all(|name| item.contains_key(*name))
    }

    fn encrypt_item(&self, mut item: Item) -> BoxFuture<'_, Result<Item, LegacyError>> {
        turned(&mut item);
        item.extend(NAMES.map(|name| (name.to_owned(), AttributeValue::B(vec![self.key]))));
        Box::pin(std::future::ready(Ok(item)))
    }

    fn decrypt_item(&self, mut item: Item) -> BoxFuture<'_, Result<Item, LegacyError>> {
        let fits = NAMES.iter().all(|name| item.remove(*name) == Some(AttributeValue::B(vec![self.key])));
        turned(&mut item);
        if self.changes_keys {
            item.insert("id".to_owned(), "p-1".into());
        }
        let error = || LegacyError::new(LegacyErrorClass::Authentication, "another key");
        Box::pin(std::future::ready(if fits { Ok(item) } else { Err(error()) }))
    }
}

pub(crate) fn older(number: usize) -> Item {
    dynaseal_testkit::block_on(Backwards::default().encrypt_item(person(number))).unwrap()
}

pub(crate) fn source(key: u8) -> Source {
    Source::default().legacy(Arc::new(Backwards { key, changes_keys: false }))
}

/// As the application has it that reads both.
fn reads_both(policy: LegacyPolicy) -> SealedTable {
    let config = config().plaintext_policy(dynaseal_core::PlaintextPolicy::default()).build().unwrap();
    let encryptor = dynaseal_core::ItemEncryptor::new(config, aes(1));
    SealedTable::new(TABLE, encryptor.with_legacy(policy, Arc::new(Backwards::default())).unwrap())
}

#[tokio::test]
async fn items_of_the_older_client_become_records() {
    for target in [table(1), reads_both(LegacyPolicy::ForbidLegacyEncryptAllowLegacyDecrypt)] {
        let world = World::new();
        (0..8).for_each(|number| world.db.put(&older(number)));
        world.db.put(&person(20));
        let migration = world.migration(source(0), &target, options().page_size(50).prove(true));
        let report = run(&migration).await;
        assert_eq!((sums(&report), report.counts.changed["older_client"]), ([8, 0, 1, 0], 8));
        assert_eq!(world.db.get(&id(20)).unwrap(), person(20));
        world.db.delete(&id(20));
        for item in world.all().into_values() {
            assert!(NAMES.iter().all(|name| !item.contains_key(*name)));
        }
        assert_eq!(
            world.opened(&table(1)),
            (0..8).map(|at| (dynaseal_core::json::to_string(&id(at)), person(at))).collect()
        );
        assert_eq!(sums(&run(&migration).await), [0, 8, 0, 0]);
    }
}

#[test]
fn nobody_migrates_to_what_still_writes_the_older_format() {
    let table = reads_both(LegacyPolicy::ForceLegacyEncryptAllowLegacyDecrypt);
    let error = Target::records(table).unwrap_err().to_string();
    assert!(error.contains("FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT first"), "{error}");
}

#[tokio::test]
async fn items_of_the_older_client_become_plaintext() {
    let world = World::new();
    (0..4).for_each(|number| world.db.put(&older(number)));
    let target = Target::danger_plaintext(Keys::new("id", None));
    let migration = Migration::new(world.client.clone(), TABLE, source(0), target, options());
    assert_eq!(sums(&run(&migration).await), [4, 0, 0, 0]);
    (0..4).for_each(|number| assert_eq!(world.db.get(&id(number)).unwrap(), person(number)));
    assert_eq!(sums(&run(&migration).await), [0, 4, 0, 0]);
}

#[tokio::test]
async fn another_key_of_the_older_client_stops_before_the_first_write() {
    let world = World::new();
    (0..4).for_each(|number| world.db.put(&older(number)));
    world.sealed_people(&table(1), 2);
    let error = fails(&world.migration(source(9), &table(1), options())).await;
    assert!(matches!(error, MigrateError::Keys { .. }), "{error}");
    assert_eq!(world.writes(), 0);
}

/// Such an item would take the place of another one.
#[tokio::test]
async fn an_older_format_that_changes_keys_is_refused() {
    let world = World::new();
    world.db.put(&older(2));
    let source = Source::default().legacy(Arc::new(Backwards { key: 0, changes_keys: true }));
    for target in [Target::records(table(1)).unwrap(), Target::danger_plaintext(Keys::new("id", None))] {
        let report = run(&Migration::new(world.client.clone(), TABLE, source.clone(), target, options())).await;
        assert_eq!(sums(&report), [0, 0, 1, 0]);
        assert!(report.refused[0].reason.contains("changed its key attributes"), "{:?}", report.refused);
    }
    assert_eq!(world.db.get(&id(2)).unwrap(), older(2));
}

/// The application puts an item of the older format, or a record, in between.
#[tokio::test]
async fn what_the_application_writes_in_between_is_what_counts() {
    for is_record in [false, true] {
        let world = World::new();
        (0..5).for_each(|number| world.db.put(&older(number)));
        world.before_each_write(move |db, key| {
            let mut newer = key.clone();
            newer.insert("notes".to_owned(), "newer".into());
            let older = Backwards::default();
            db.put(&match is_record {
                true => seal(&table(1), newer),
                false => dynaseal_testkit::block_on(older.encrypt_item(newer)).unwrap(),
            });
        });
        let report = run(&world.migration(source(0), &table(1), options())).await;
        assert_eq!((report.counts.changed() + report.counts.current, report.counts.repeated), (5, 5));
        assert!(world.opened(&table(1)).values().all(|item| item.len() == 2 && item["notes"] == "newer".into()));
    }
}
