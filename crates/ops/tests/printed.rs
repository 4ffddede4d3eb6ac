//! What errors and the `Debug` of requests say: names and counts, for whoever looks for a fault, and no value of an item.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::fmt::Debug;
use std::sync::Arc;

use dynaseal_core::{AttributeValue, Item, ItemEncryptor, RawAesKeyring, TableConfig};
use dynaseal_ops::operation::{
    BatchGetTable, BatchWriteTable, DeleteItem, GetItem, PutItem, Query, Scan, TransactWrite, UpdateItem, WriteRequest,
};
use dynaseal_ops::update::{SealedUpdate, Write};
use dynaseal_ops::{Expressions, Measure, OperationError, Refusal, SealedTable, WriteBack};
use dynaseal_testkit::block_on;

const SECRET: &str = "s3cret";

fn table() -> Arc<SealedTable> {
    let config = TableConfig::builder("people", "id").encrypt(["name"]).sign(["ward"]).unsigned(["visits"]);
    let keyring = RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap();
    Arc::new(SealedTable::new("people-prod", ItemEncryptor::new(config.build().unwrap(), keyring)))
}

fn item(pairs: &[(&str, &str)]) -> Item {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), AttributeValue::S((*value).to_owned()))).collect()
}

fn key() -> Item {
    item(&[("id", SECRET)])
}

fn whole() -> Item {
    item(&[("id", SECRET), ("name", SECRET), ("ward", SECRET), ("visits", SECRET)])
}

/// Prints something: it has to contain all of `says`, and no value.
fn says(printed: &impl Debug, says: &[&str]) {
    let printed = format!("{printed:?}");
    for part in says {
        assert!(printed.contains(part), "`{part}` is not in {printed}");
    }
    assert!(!printed.contains(SECRET), "{printed}");
}

#[test]
fn an_error_says_which_operation_on_which_table() {
    let error = OperationError::new("GetItem", "people-prod", Refusal::Condition);
    assert_eq!((error.operation(), error.table()), ("GetItem", Some("people-prod")));
    assert_eq!(error.to_string(), "GetItem on the sealed table `people-prod`");
    let error = OperationError::without_table("TransactWriteItems", Refusal::Condition);
    assert_eq!((error.operation(), error.table()), ("TransactWriteItems", None));
    assert_eq!(error.to_string(), "TransactWriteItems");
    assert!(error.item().is_none());
}

#[test]
fn expressions_show_texts_and_names() {
    let expressions = Expressions {
        condition: Some("#c = :c".to_owned()),
        filter: Some("#f = :c".to_owned()),
        key_condition: Some("id = :c".to_owned()),
        projection: Some("ward".to_owned()),
        update: Some("SET visits = :c".to_owned()),
        names: [("#c".to_owned(), SECRET.to_owned())].into(),
        values: item(&[(":c", SECRET)]),
        legacy: vec!["Expected"],
    };
    let texts = ["#c = :c", "#f = :c", "id = :c", "ward", "SET visits = :c", "\"#c\"", "\":c\"", "Expected"];
    says(&expressions, &texts);
    let mut request = WriteBack::default();
    request.unchanged("ward", Some(&SECRET.into()));
    request.set("visits", SECRET.into());
    request.remove("notes");
    says(&request, &["#0=:c0", "SET #1=:1", "REMOVE #2", "ward", "visits", "notes", "\":c0\"", "\":1\""]);
}

#[test]
fn requests_and_what_opens_their_responses_show_names_and_counts() {
    let table = table();
    let mut measure = Measure::default();
    let expressions = || Expressions { projection: Some("name, ward".to_owned()), ..Expressions::default() };

    let get = GetItem { key: key(), expressions: expressions() };
    says(&get, &["GetItem", "\"id\"", "name, ward"]);
    says(&get.seal(&table).unwrap().1, &["GetItem", "people-prod", "\"id\"", "Projected(name, ward)"]);

    let put = PutItem { item: whole(), expressions: Expressions::default() };
    says(&put, &["PutItem", "\"id\"", "\"name\"", "\"ward\"", "\"visits\""]);
    says(&block_on(put.seal(&table, &mut measure)).unwrap().1, &["PutItem", "people-prod", "\"id\""]);

    let delete = DeleteItem { key: key(), expressions: Expressions::default() };
    says(&delete, &["DeleteItem", "\"id\""]);
    says(&TransactWrite::check(delete, &table).unwrap().1, &["TransactWriteItems", "people-prod", "\"id\""]);

    let condition = Some("attribute_exists(id)".to_owned());
    let expressions_of_update =
        Expressions { condition, update: Some("REMOVE visits".to_owned()), ..Expressions::default() };
    let return_values = Some("ALL_NEW".to_owned());
    let update = UpdateItem { key: key(), expressions: expressions_of_update, return_values };
    says(&update, &["UpdateItem", "\"id\"", "REMOVE visits", "ALL_NEW"]);

    let start = key();
    let index = Some("by-ward".to_owned());
    let scan = Scan { index, select: Some("COUNT".to_owned()), start, expressions: Expressions::default() };
    says(&scan, &["Scan", "by-ward", "COUNT", "\"id\""]);
    says(&Query { scan }, &["Query", "by-ward", "COUNT", "\"id\""]);
    let page = block_on(Scan { expressions: expressions(), ..Scan::default() }.seal(&table)).unwrap().1;
    says(&page, &["OpenPage", "Scan", "people-prod", "Projected(name, ward)"]);

    let names = [("#n".to_owned(), "name".to_owned())].into();
    let of_name = Expressions { projection: Some("#n".to_owned()), names, ..Expressions::default() };
    let batch = BatchGetTable { keys: vec![key(), key(), key()], expressions: of_name };
    says(&batch, &["BatchGetTable", "keys: 3", "#n"]);
    let open = batch.seal(&table).unwrap().1;
    says(&open, &["OpenBatchGetTable", "BatchGetItem", "people-prod", "keys: Some(3)", "#n"]);

    let requests = vec![WriteRequest::Put(whole()), WriteRequest::Delete(key())];
    let batch = BatchWriteTable { requests };
    says(&batch, &["BatchWriteTable", "Put", "Delete"]);
    let (_, back) = block_on(batch.seal(&table, &mut measure)).unwrap();
    says(&back, &["MapBack", "people-prod", "items: 1"]);
}

#[test]
fn updates_show_names() {
    let table = table();
    let mut measure = Measure::default();
    let expressions = Expressions {
        update: Some("SET #n = :n".to_owned()),
        condition: Some("visits <> :n".to_owned()),
        names: [("#n".to_owned(), "name".to_owned())].into(),
        values: item(&[(":n", SECRET)]),
        ..Expressions::default()
    };
    let update = SealedUpdate::new(&table, key(), expressions).unwrap();
    says(&update, &["SealedUpdate", "people-prod", "\"id\"", "SET #n = :n", "visits"]);

    // Of an item that is not there, and of one that is.
    let opened = block_on(update.open(None, &mut measure)).unwrap();
    says(&opened, &["Opened", "before: None", "\"id\"", "\"name\""]);
    let attempt = block_on(update.seal(opened, &mut measure)).unwrap();
    assert!(matches!(attempt.write, Write::Put { .. }));
    says(&attempt, &["Attempt", "Put", "attribute_not_exists(#k)", "\"name\"", "is_sealed: true"]);
    let stored = Item::from([("id".to_owned(), SECRET.into()), ("ward".to_owned(), "north".into())]);
    let stored = block_on(table.seal(stored)).unwrap();
    let opened = block_on(update.open(Some(stored), &mut measure)).unwrap();
    says(&opened, &["Opened", "before: Some", "\"ward\"", "\"name\""]);
    let attempt = block_on(update.seal(opened, &mut measure)).unwrap();
    says(&attempt, &["Attempt", "Update", "SET ", "\"name\"", "is_sealed: true"]);
}
