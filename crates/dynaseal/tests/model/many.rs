//! Batches and transactions.

use std::collections::BTreeMap;
use std::sync::Mutex;

use dynaseal::local::{Engine, Reply};
use dynaseal::model::{Model, ModelErrorKind, Table, Transaction};
use serde_json::{Value, json};

use crate::keys;

#[derive(Model, Clone, PartialEq)]
#[model(table = "parts")]
struct Part {
    #[model(partition_key)]
    id: u64,
    #[model(seal)]
    secret: String,
}

#[derive(Model, Clone, PartialEq)]
#[model(table = "accounts")]
struct Account {
    #[model(partition_key)]
    id: String,
    #[model(seal)]
    owner: String,
    cents: i64,
    #[model(version)]
    version: Option<u64>,
}

fn part(id: u64) -> Part {
    Part { id, secret: format!("secret {id}") }
}

async fn parts() -> Table<Part> {
    let table = Part::on(&dynaseal::local::memory().unwrap()).attribute_keys(&keys()).open().unwrap();
    table.create().await.unwrap();
    table
}

#[tokio::test]
async fn batches_of_any_size() {
    let table = parts().await;
    let batch = (0..130).fold(table.batch(), |batch, id| batch.save(&part(id)));
    batch.send().await.unwrap();
    let batch = (0_u64..30).fold(table.batch(), |batch, id| batch.delete(id)).save(&part(500));
    batch.send().await.unwrap();
    let wanted: Vec<u64> = (0..250).chain([500, 500]).collect();
    let found = table.get_many(wanted.iter().copied()).await.unwrap();
    for (id, found) in wanted.iter().zip(found) {
        let expected = (30..130).contains(id) || *id == 500;
        assert_eq!(found, expected.then(|| part(*id)), "{id}");
    }
    let twice = table.batch().save(&part(1)).delete(1_u64).send().await.unwrap_err();
    assert!(twice.kind().to_string().contains("twice"), "{twice:?}");
    assert_eq!(twice.key(), Some("(id = 1)"));
    assert_eq!(table.transact_get([500_u64, 0]).await.unwrap(), [Some(part(500)), None]);
}

async fn accounts() -> Table<Account> {
    let table = Account::on(&dynaseal::local::memory().unwrap()).attribute_keys(&keys()).open().unwrap();
    table.create().await.unwrap();
    table
}

fn account(id: &str, cents: i64) -> Account {
    Account { id: id.to_owned(), owner: format!("owner of {id}"), cents, version: None }
}

#[tokio::test]
async fn transactions_are_all_or_none() {
    let table = accounts().await;
    let (mut ada, mut bob) = (account("ada", 100), account("bob", 0));
    Transaction::new().save(&table, &mut ada).save(&table, &mut bob).send().await.unwrap();
    assert_eq!((ada.version, bob.version), (Some(1), Some(1)));

    let mut stale = ada.clone();
    ada.cents -= 30;
    bob.cents += 30;
    let rich = Account::cents().ge(30_i64);
    Transaction::new().save_if(&table, &mut ada, rich.clone()).save(&table, &mut bob).send().await.unwrap();
    assert_eq!(table.transact_get(["ada", "bob"]).await.unwrap(), [Some(ada.clone()), Some(bob.clone())]);

    // One that is old calls off all.
    let mut third = account("eve", 5);
    let error = Transaction::new().save(&table, &mut third).save(&table, &mut stale).send().await.unwrap_err();
    assert!(error.is_version_conflict(), "{error:?}");
    assert_eq!(error.key(), Some("(id = \"ada\")"));
    assert_eq!((third.version, table.get("eve").await.unwrap()), (None, None));
    let error = Transaction::new().check(&table, "bob", Account::cents().gt(1_000_i64)).save(&table, &mut third);
    let error = error.send().await.unwrap_err();
    assert!(error.is_condition() && error.key() == Some("(id = \"bob\")"), "{error:?}");
    Transaction::new().check(&table, "bob", rich).delete(&table, &ada).save(&table, &mut third).send().await.unwrap();
    assert_eq!(table.get("ada").await.unwrap(), None);
    assert_eq!(third.version, Some(1));

    let refused = table.batch().save(&third).send().await.unwrap_err();
    assert!(matches!(refused.kind(), ModelErrorKind::Refused(text) if text.contains("version")), "{refused:?}");
    Transaction::new().send().await.unwrap();
}

/// A table that takes and gives seven items at a time, and leaves the rest undone; or everything, where it is out of
/// capacity.
#[derive(Debug)]
struct Narrow {
    items: Mutex<BTreeMap<String, Value>>,
    takes: usize,
}

impl Engine for Narrow {
    fn call(&self, operation: &str, body: &str) -> Reply {
        let request: Value = serde_json::from_str(body).unwrap();
        let mut items = self.items.lock().unwrap();
        let answer = match operation {
            "BatchWriteItem" => {
                let mut writes = request["RequestItems"]["parts"].as_array().unwrap().clone();
                assert!(writes.len() <= 25);
                let undone = writes.split_off(self.takes.min(writes.len()));
                for write in writes {
                    let item = &write["PutRequest"]["Item"];
                    items.insert(item["id"].to_string(), item.clone());
                }
                let undone = if undone.is_empty() { json!({}) } else { json!({ "parts": undone }) };
                json!({ "UnprocessedItems": undone })
            }
            "BatchGetItem" => {
                let mut keys = request["RequestItems"]["parts"]["Keys"].as_array().unwrap().clone();
                assert!(keys.len() <= 100);
                let undone = keys.split_off(self.takes.min(keys.len()));
                let found: Vec<&Value> = keys.iter().filter_map(|key| items.get(&key["id"].to_string())).collect();
                let undone = if undone.is_empty() { json!({}) } else { json!({ "parts": { "Keys": undone } }) };
                json!({ "Responses": { "parts": found }, "UnprocessedKeys": undone })
            }
            other => panic!("{other}"),
        };
        Reply { status: 200, body: answer.to_string() }
    }
}

#[tokio::test(start_paused = true)]
async fn what_dynamodb_leaves_undone_is_sent_again() {
    let narrow = |takes| Narrow { items: Mutex::default(), takes };
    let table = Part::on(&dynaseal::local::client(narrow(7))).attribute_keys(&keys()).open().unwrap();
    let batch = (0_u64..60).fold(table.batch(), |batch, id| batch.save(&part(id)));
    batch.send().await.unwrap();
    let found = table.get_many(0_u64..60).await.unwrap();
    assert!(found.into_iter().map(Option::unwrap).eq((0..60).map(part)));

    let table = Part::on(&dynaseal::local::client(narrow(0))).attribute_keys(&keys()).open().unwrap();
    let write = table.batch().save(&part(1)).save(&part(2)).send().await.unwrap_err();
    let read = table.get_many([1_u64, 2]).await.unwrap_err();
    for error in [write, read] {
        assert_eq!(error.kind().to_string(), "DynamoDB left 2 items undone 10 times: it has not enough capacity");
    }
}

#[tokio::test]
async fn the_sdk_stays_within_reach() {
    let table = parts().await;
    // An item as it is stored, for a request of one's own; and back, as from a stream.
    let stored = table.to_stored(&part(1)).unwrap();
    assert!(stored["secret"].as_b().is_ok());
    table.client().put_item().table_name(table.name()).set_item(Some(stored)).send().await.unwrap();
    let found = table.client().scan().table_name(table.name()).send().await.unwrap().items.unwrap().remove(0);
    assert_eq!(table.from_stored(found).unwrap(), part(1));
    assert_eq!(table.get(1_u64).await.unwrap(), Some(part(1)));
}
