//! Items that stay as they are, keys that do not fit, and what nobody gets to see.

use std::sync::Arc;

use dynaseal_core::{AttributeValue, FOOT, HEAD, Item};
use dynaseal_migrate::{FileCheckpoint, MigrateError, Migration, Observer, Source};

use crate::world::*;

/// Good items and this one: all others are done, and it is as it was.
async fn refused(bad: Item, migration: impl Fn(&World) -> Migration) -> String {
    let world = World::new();
    world.people(4);
    world.sealed_people(&table(2), 2);
    world.db.put(&bad);
    let notes = Arc::new(Notes::default());
    let observer: Arc<dyn Observer> = notes.clone();
    let report = migration(&world).run(&observer).await.unwrap();
    assert_eq!(sums(&report), [4, 0, 1, 0], "{:?}", report.refused);
    assert_eq!((report.counts.changed["plain"], report.counts.changed["record"]), (2, 2));
    assert_eq!(world.db.get(&id(99)).unwrap(), bad);
    assert_eq!(*notes.refused.lock().unwrap(), report.refused);
    let [refused] = report.refused.try_into().unwrap();
    assert_eq!(refused.key, r#"{"id":{"S":"p-99"}}"#);
    assert!(!refused.reason.contains(SECRET), "{refused:?}");
    refused.reason
}

fn both(world: &World) -> Migration {
    world.migration(Source::default().plain().records(table(2)), &table(1), options())
}

#[tokio::test]
async fn broken_records_stay_and_stop_no_other() {
    let record = || seal(&table(1), person(99));
    let without = |name: &str| {
        let mut record = record();
        record.remove(name);
        record
    };
    let with = |name: &str, value: AttributeValue| {
        let mut record = record();
        record.insert(name.to_owned(), value);
        record
    };
    let broken = [
        without(HEAD),
        without(FOOT),
        without("name"),
        without("ward"),
        with("ward", "another".into()),
        with("name", "plain".into()),
        with("name", AttributeValue::B(vec![0; 40])),
        with("unheard of", "new".into()),
        with(HEAD, AttributeValue::B(vec![1, 2, 3])),
        with(HEAD, "text".into()),
        with(FOOT, AttributeValue::B(vec![0; 48])),
    ];
    for bad in broken {
        refused(bad, both).await;
    }
    // Of another item.
    let mut moved = seal(&table(1), person(1));
    moved.extend(id(99));
    refused(moved, both).await;
}

#[tokio::test]
async fn plain_items_that_can_not_be_sealed_stay() {
    let with = |name: &str| {
        let mut person = person(99);
        person.insert(name.to_owned(), SECRET.into());
        person
    };
    assert!(refused(with("unheard of"), both).await.contains("unheard of"));
    assert!(refused(with("aws_dbe_b_name"), both).await.contains("aws_dbe_b_name"));
}

#[tokio::test]
async fn what_looks_like_the_older_client_is_not_taken_for_plaintext() {
    let mut older = person(99);
    older.extend(item([
        ("*amzn-ddb-map-desc*", AttributeValue::B(vec![0; 40])),
        ("*amzn-ddb-map-sig*", AttributeValue::B(vec![0; 40])),
    ]));
    let reason = refused(older, both).await;
    assert!(reason.contains("DynamoDB Encryption Client"), "{reason}");
}

#[tokio::test]
async fn plaintext_has_to_be_announced() {
    let world = World::new();
    world.sealed_people(&table(2), 3);
    world.people(2);
    let report = run(&world.migration(Source::default().records(table(2)), &table(1), options())).await;
    assert_eq!(sums(&report), [1, 0, 2, 0]);
    assert!(report.refused[0].reason.contains("was not told"), "{:?}", report.refused);
    for number in 0..2 {
        assert_eq!(world.db.get(&id(number)).unwrap(), person(number));
    }
}

#[tokio::test]
async fn what_would_be_too_large_stays() {
    let mut large = person(99);
    large.insert("notes".to_owned(), AttributeValue::B(vec![7; 409_400]));
    let reason = refused(large, both).await;
    assert!(reason.contains("DynamoDB takes at most 409600"), "{reason}");

    // Just so large that it fits: with its old value in the condition, a request of twice that.
    let world = World::new();
    let mut fits = person(1);
    fits.insert("notes".to_owned(), AttributeValue::B(vec![7; 408_000]));
    world.db.put(&fits);
    assert_eq!(sums(&run(&both(&world)).await), [1, 0, 0, 0]);
    assert_eq!(open(&table(1), world.db.get(&id(1)).unwrap()), fits);
}

#[tokio::test]
async fn size_has_a_count_of_its_own() {
    let world = World::new();
    let mut large = person(1);
    large.insert("notes".to_owned(), AttributeValue::B(vec![7; 409_400]));
    world.db.put(&large);
    let report = run(&both(&world)).await;
    assert_eq!((report.counts.too_large, report.counts.refused), (1, 1));
}

async fn stops_before_the_first_write(world: &World, migration: &Migration) {
    let before = world.all();
    let error = fails(migration).await;
    assert!(matches!(error, MigrateError::Keys { .. }), "{error}");
    assert!(error.to_string().contains("nothing was written"), "{error}");
    assert!(migration.plan(&nobody()).await.is_err());
    assert_eq!(world.writes(), 0);
    assert_eq!(world.all(), before);
}

#[tokio::test]
async fn wrong_keys_stop_before_the_first_write() {
    let world = World::new();
    world.sealed_people(&table(1), 5);
    for (source, target) in [
        (Source::default().records(table(3)), table(2)),
        (Source::default().plain(), table(2)),
        (Source::default(), table(3)),
        (Source::default().records(table_of(config(), wrong_bytes())), table_of(config(), wrong_bytes())),
    ] {
        stops_before_the_first_write(&world, &world.migration(source, &target, options())).await;
    }
}

/// Of the right name, with other bytes.
fn wrong_bytes() -> dynaseal_core::RawAesKeyring {
    dynaseal_core::RawAesKeyring::new("tests", "key-1", &[9; 32]).unwrap()
}

/// What nobody can open later is most dangerous where everything can be sealed.
#[tokio::test]
async fn one_record_behind_many_plain_items_shows_that_the_key_is_wrong() {
    let world = World::new();
    world.people(60);
    let number = |item: &Item| (0..60).find(|number| id(*number)["id"] == item["id"]).unwrap();
    let scanned = scan_order(&world).await;
    assert_eq!(scanned.len(), 60);
    let last = number(scanned.last().unwrap());
    world.db.put(&seal(&table(1), person(last)));
    stops_before_the_first_write(
        &world,
        &world.migration(Source::default().plain(), &table_of(config(), wrong_bytes()), options().page_size(100)),
    )
    .await;
}

/// A segment may begin with nothing at all.
#[tokio::test]
async fn a_record_in_another_segment_shows_that_the_key_is_wrong() {
    let world = World::new();
    world.sealed_people(&table(1), 1);
    for segments in [2, 3, 4, 8] {
        let options = options().shard(dynaseal_migrate::Shard::whole(segments).unwrap());
        let target = table_of(config(), wrong_bytes());
        stops_before_the_first_write(&world, &world.migration(Source::default().plain(), &target, options)).await;
    }
}

pub(crate) async fn scan_order(world: &World) -> Vec<Item> {
    let items = world.client.scan().table_name(TABLE).send().await.unwrap().items.unwrap();
    items.into_iter().map(|item| dynaseal_client::value::from_sdk(item).unwrap()).collect()
}

#[tokio::test]
async fn whoever_says_so_begins_with_keys_that_open_nothing() {
    let world = World::new();
    world.sealed_people(&table(3), 5);
    (10..15).for_each(|number| world.db.put(&person(number)));
    let migration = world.migration(Source::default().plain(), &table(1), options().page_size(100).without_key_check());
    let report = run(&migration).await;
    assert_eq!(sums(&report), [5, 0, 5, 0]);
    for number in 0..5 {
        open(&table(3), world.db.get(&id(number)).unwrap());
    }
}

#[tokio::test]
async fn one_good_record_is_enough_to_begin() {
    let world = World::new();
    world.sealed_people(&table(3), 5);
    world.db.put(&seal(&table(1), person(77)));
    let migration = world.migration(Source::default().plain(), &table(1), options().page_size(100));
    assert_eq!(sums(&run(&migration).await), [0, 1, 5, 0]);
}

#[tokio::test]
async fn nothing_shows_a_value_or_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let world = World::new();
    world.people(3);
    let mut broken = seal(&table(1), person(4));
    broken.insert("ward".to_owned(), format!("{SECRET} another").into());
    world.db.put(&broken);
    let mut unknown = person(5);
    unknown.insert("unheard of".to_owned(), SECRET.into());
    world.db.put(&unknown);
    let checkpoint = Arc::new(FileCheckpoint::open(&path).unwrap());
    let migration = world.migration(Source::default().plain(), &table(1), options().checkpoint(checkpoint.clone()));
    let report = run(&migration).await;
    assert_eq!(sums(&report), [3, 0, 2, 0]);
    let key = "1, 1, 1, 1, 1, 1";
    let seen = [format!("{migration:?} {report:?} {checkpoint:?}"), std::fs::read_to_string(&path).unwrap()];
    for text in seen {
        assert!(!text.contains(SECRET) && !text.contains(key), "{text}");
    }
}
