//! What a table is found to be.

use std::sync::{Arc, Mutex};

use dynaseal_core::{AttributeValue, FOOT, HEAD, Item, ItemEncryptor, MultiKeyring, TableConfig, json};
use dynaseal_migrate::{Finding, FindingObserver, Shard, Verifier};
use dynaseal_ops::SealedTable;

use crate::world::*;

#[derive(Default)]
struct Found(Mutex<Vec<(String, &'static str)>>);

impl FindingObserver for Found {
    fn found(&self, key: &Item, finding: &Finding) {
        assert!(!format!("{finding} {finding:?}").contains(SECRET), "{finding:?}");
        self.0.lock().unwrap().push((json::to_string(key), finding.name()));
    }
}

async fn check(verifier: &Verifier, item: &Item) -> Finding {
    verifier.check(item).await
}

fn without(mut item: Item, name: &str) -> Item {
    item.remove(name);
    item
}

fn with(mut item: Item, name: &str, value: AttributeValue) -> Item {
    item.insert(name.to_owned(), value);
    item
}

fn logical(name: &str) -> ItemEncryptor {
    let config = TableConfig::builder(name, "id").encrypt(["name", "age", "notes"]).sign(["ward"]);
    ItemEncryptor::new(config.unsigned(["seen"]).unsigned_prefix(":").build().unwrap(), aes(1))
}

#[tokio::test]
async fn every_finding() {
    let own = table(1);
    let sealed = || seal(&own, person(1));
    let older = |with_signature: bool| {
        let item = with(person(1), "*amzn-ddb-map-desc*", AttributeValue::B(vec![0; 9]));
        if with_signature { with(item, "*amzn-ddb-map-sig*", AttributeValue::B(vec![0; 9])) } else { item }
    };
    let both = table_of(config(), several(&[1, 2]));
    let searched = table(1).with_search(search()).unwrap();
    let elsewhere = SealedTable::new(TABLE, logical("elsewhere"));
    let cases = [
        ("clean", sealed()),
        ("clean", with(sealed(), "seen", "changed".into())),
        ("clean", with(sealed(), ":mark", "new".into())),
        ("unsealed", person(1)),
        ("older_client", older(true)),
        ("unsealed", older(false)),
        ("old_key", seal(&both, person(1))),
        ("other_configuration", seal(&table_of(without_signature(config()), aes(1)), person(1))),
        (
            "other_configuration",
            seal(
                &table_of(
                    TableConfig::builder(TABLE, "id")
                        .encrypt(["name", "age"])
                        .sign(["ward"])
                        .unsigned(["seen"])
                        .encrypt(["notes"])
                        .include_in_context(["id"]),
                    aes(1),
                ),
                person(1),
            ),
        ),
        ("wrong_table", seal(&elsewhere, person(1))),
        ("reserved_name", with(person(1), "aws_dbe_b_name", SECRET.into())),
        ("reserved_name", with(sealed(), "aws_dbe_b_name", SECRET.into())),
        ("reserved_name", seal(&searched, person(1))),
        ("unreadable", seal(&table(2), person(1))),
        ("unreadable", with(sealed(), "ward", SECRET.into())),
        ("unreadable", with(sealed(), "unheard of", SECRET.into())),
        ("unreadable", with(sealed(), "id", "p-2".into())),
        ("unreadable", without(sealed(), "ward")),
        ("unreadable", without(sealed(), HEAD)),
        ("unreadable", without(sealed(), FOOT)),
        ("unreadable", with(sealed(), HEAD, AttributeValue::B(vec![1]))),
    ];
    let verifier = Verifier::new(own.clone()).other_tables([logical("elsewhere"), logical("nowhere")]);
    for (at, (expected, item)) in cases.iter().enumerate() {
        let finding = check(&verifier, item).await;
        assert_eq!(finding.name(), *expected, "{at}: {finding}");
        assert_eq!(finding.is_clean(), *expected == "clean");
        assert!(!format!("{finding} {finding:?}").contains(SECRET), "{finding:?}");
    }
    // Without knowing of the other table, it is just not readable.
    let finding = check(&Verifier::new(own.clone()), &seal(&elsewhere, person(1))).await;
    assert_eq!(finding.name(), "unreadable");
    let finding = check(&verifier, &seal(&elsewhere, person(1))).await;
    assert!(matches!(finding, Finding::WrongTable { name } if name == "elsewhere"));
}

#[tokio::test]
async fn beacons_of_another_key_are_another_configuration() {
    let verifier = Verifier::new(table(1).with_search(search()).unwrap());
    let sealed = seal(&table(1).with_search(search()).unwrap(), person(1));
    assert_eq!(check(&verifier, &sealed).await.name(), "clean");
    let forged = with(sealed.clone(), "aws_dbe_b_name", "000".into());
    assert_eq!(check(&verifier, &forged).await.name(), "other_configuration");
    assert_eq!(check(&verifier, &without(sealed.clone(), "aws_dbe_b_name")).await.name(), "other_configuration");
    let strange = with(sealed, "aws_dbe_strange", "000".into());
    assert!(matches!(check(&verifier, &strange).await, Finding::ReservedName { name } if name == "aws_dbe_strange"));
}

#[tokio::test]
async fn beacons_in_partitions_are_clean_in_any_of_them() {
    let several = table(1).with_search(search().maximum_partitions(5)).unwrap();
    let verifier = Verifier::new(several.clone());
    for number in 0..30 {
        let sealed = seal(&several, person(number));
        assert_eq!(check(&verifier, &sealed).await.name(), "clean");
        let forged = with(sealed, "aws_dbe_b_name", "000f".into());
        assert_eq!(check(&verifier, &forged).await.name(), "other_configuration");
    }
}

/// Who can only open can still say that everything opens.
#[tokio::test]
async fn without_a_key_to_seal_with_it_can_not_be_told_whether_a_key_is_old() {
    let sealed = seal(&table(1), person(1));
    let verifier = Verifier::new(table(1)).only_opens();
    assert_eq!(check(&verifier, &sealed).await.name(), "opens");
    assert_eq!(check(&verifier, &with(sealed.clone(), "ward", "x".into())).await.name(), "unreadable");
    // Keyrings without a generator can not seal.
    let reading = table_of(config(), MultiKeyring::without_generator(vec![shared(1)]).unwrap());
    assert_eq!(check(&Verifier::new(reading), &sealed).await.name(), "opens");
}

async fn clean(table: SealedTable) {
    let world = World::new();
    world.people(25);
    run(&world.sealing(&table)).await;
    world.sealed_people(&table, 3);
    for segments in [1, 4] {
        let options = options().shard(Shard::whole(segments).unwrap());
        let found = Arc::new(Found::default());
        let observer: Arc<dyn FindingObserver> = found.clone();
        let findings = Verifier::new(table.clone()).scan(&world.client, TABLE, &options, &observer).await.unwrap();
        assert!(findings.is_clean(), "{findings:?}");
        assert_eq!((findings.examined, findings.by_name["clean"], findings.bad), (25, 25, 0));
        let keys: std::collections::BTreeSet<_> = found.0.lock().unwrap().iter().map(|(key, _)| key.clone()).collect();
        assert_eq!(keys.len(), 25);
    }
}

#[tokio::test]
async fn what_was_migrated_is_clean() {
    clean(table(1)).await;
    clean(table_of(without_signature(config()), aes(1))).await;
    clean(table(1).with_search(search()).unwrap()).await;
    clean(table_of(config(), several(&[1, 2, 3]))).await;
}

#[tokio::test]
async fn a_table_of_everything() {
    let world = World::new();
    world.sealed_people(&table(1), 10);
    world.db.put(&person(0));
    world.db.put(&seal(&table(2), person(1)));
    for segments in [1, 3] {
        let options = options().shard(Shard::whole(segments).unwrap());
        let found = Arc::new(Found::default());
        let observer: Arc<dyn FindingObserver> = found.clone();
        let findings = Verifier::new(table(1)).scan(&world.client, TABLE, &options, &observer).await.unwrap();
        assert_eq!((findings.examined, findings.bad, findings.is_clean()), (10, 2, false));
        assert_eq!(
            (findings.by_name["clean"], findings.by_name["unsealed"], findings.by_name["unreadable"]),
            (8, 1, 1)
        );
        assert!(found.0.lock().unwrap().contains(&(r#"{"id":{"S":"p-0"}}"#.to_owned(), "unsealed")));
    }
    assert_eq!(world.writes(), 0);
}
