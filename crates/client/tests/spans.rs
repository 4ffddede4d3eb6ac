//! Every operation on a sealed table leaves one span, with names of tables, counts and times, and with nothing of its items.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::types::{Put, PutRequest, TransactWriteItem, WriteRequest};
use common::{Database, World, n, order, person, person_key, plain, s, send};
use dynaseal_client::{SealedPages, SendSealed, SendSealedEntries};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

type Fields = BTreeMap<&'static str, String>;

/// Keeps spans with the target of ours.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<HashMap<u64, Fields>>>);

impl Spans {
    /// Those since the last call, oldest first.
    fn take(&self) -> Vec<Fields> {
        let mut spans = self.0.lock().unwrap();
        let mut taken: Vec<_> = spans.iter_mut().filter(|(_, fields)| !fields.is_empty()).collect();
        taken.sort_by_key(|(id, _)| **id);
        taken.into_iter().map(|(_, fields)| std::mem::take(fields)).collect()
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "dynaseal"
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut spans = self.0.lock().unwrap();
        let id = u64::try_from(spans.len()).unwrap() + 1;
        let mut fields = Fields::from([("name", attributes.metadata().name().to_owned())]);
        attributes.record(&mut Writer(&mut fields));
        spans.insert(id, fields);
        Id::from_u64(id)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        if let Some(fields) = self.0.lock().unwrap().get_mut(&id.into_u64()) {
            values.record(&mut Writer(fields));
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        panic!("an event: {event:?}");
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Writer<'f>(&'f mut Fields);

impl Visit for Writer<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

/// The one span of what was just done. Whatever it says, it is none of the items' business.
fn only(spans: &Spans) -> Fields {
    let mut taken = spans.take();
    assert_eq!(taken.len(), 1, "{taken:?}");
    let span = taken.remove(0);
    assert_eq!(span["name"], "dynaseal");
    let shown = format!("{span:?}");
    for hidden in
        [common::SECRET, "ada", "north", "influenza", "diagnosis", "ward", "notes", "seen", "chart", "order_id"]
    {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
    span
}

fn counts(span: &Fields) -> (&str, &str) {
    (&span["sealed"], &span["opened"])
}

fn is_positive(span: &Fields, name: &str) -> bool {
    span[name].parse::<u64>().unwrap() > 0
}

/// Of a transaction with a sealer for each entry, the tables that those sealers know.
#[tokio::test]
async fn a_transaction_by_several_sealers_names_their_tables() {
    let spans = Spans::default();
    let _here = tracing::subscriber::set_default(spans.clone());
    let world = World::new(&Database::embedded()).await;
    let door = world.doors().into_iter().find(|door| door.by_builder).unwrap();
    let put = |table: &str, item| {
        let put = Put::builder().table_name(table).set_item(Some(item)).build().unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    let transact = world.db.client.transact_write_items();
    let transact = transact.transact_items(put(&world.people, person("ada", 1)));
    let transact = transact.transact_items(put(&world.orders, order(7)));
    let transact = transact.transact_items(put(&world.plain, plain("ada")));
    spans.take();
    transact.send_sealed_by(&[door.sealer.clone(), door.sealer.clone(), door.sealer.clone()]).await.unwrap();
    let span = only(&spans);
    assert_eq!((&*span["operation"], counts(&span)), ("TransactWriteItems", ("2", "0")));
    assert_eq!(span["tables"], format!("{},{}", world.orders, world.people));
}

#[tokio::test]
async fn every_operation_leaves_one_span() {
    let spans = Spans::default();
    let _here = tracing::subscriber::set_default(spans.clone());
    let world = World::new(&Database::embedded()).await;
    for door in world.doors() {
        println!("{}", door.name);
        spans.take();
        send!(door, door.client.put_item().table_name(&world.people).set_item(Some(person("ada", 1)))).unwrap();
        let span = only(&spans);
        assert_eq!((&*span["operation"], &*span["tables"], &*span["failed"]), ("PutItem", &*world.people, "false"));
        assert_eq!(counts(&span), ("1", "0"));
        assert!(is_positive(&span, "sealed_bytes") && is_positive(&span, "sealed_us"), "{span:?}");

        let get = door.client.get_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
        send!(door, get.projection_expression("diagnosis")).unwrap();
        let span = only(&spans);
        assert_eq!((&*span["operation"], counts(&span)), ("GetItem", ("0", "1")));
        assert!(is_positive(&span, "opened_bytes") && is_positive(&span, "opened_us"), "{span:?}");

        let request = |item| {
            let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        };
        let batch = door.client.batch_write_item();
        let batch = batch.request_items(&world.people, vec![request(person("ada", 1)), request(person("ada", 2))]);
        let batch = batch.request_items(&world.orders, vec![request(order(7))]);
        send!(door, batch.request_items(&world.plain, vec![request(plain("ada"))])).unwrap();
        let span = only(&spans);
        assert_eq!((&*span["operation"], counts(&span)), ("BatchWriteItem", ("3", "0")));
        assert_eq!(span["tables"], format!("{},{}", world.orders, world.people));

        send!(door, door.client.scan().table_name(&world.people)).unwrap();
        assert_eq!(counts(&only(&spans)), ("0", "2"));

        let put = Put::builder().table_name(&world.people).set_item(Some(person("ada", 1))).build().unwrap();
        let put = TransactWriteItem::builder().put(put).build();
        send!(door, door.client.transact_write_items().transact_items(put)).unwrap();
        let span = only(&spans);
        assert_eq!((&*span["operation"], counts(&span)), ("TransactWriteItems", ("1", "0")));

        let update = door.client.update_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
        let update = update.update_expression("SET seen = :s").expression_attribute_values(":s", n(1));
        send!(door, update.condition_expression("attribute_exists(id)")).unwrap();
        assert_eq!(counts(&only(&spans)), ("0", "0"));
    }
}

#[tokio::test]
async fn an_operation_that_fails_says_so() {
    let spans = Spans::default();
    let _here = tracing::subscriber::set_default(spans.clone());
    let world = World::new(&Database::embedded()).await;
    world.put_person("ada", 1).await;
    for door in world.doors() {
        println!("{}", door.name);
        spans.take();
        let put = door.client.put_item().table_name(&world.people).set_item(Some(person("ada", 1)));
        send!(door, put.condition_expression("attribute_not_exists(id)")).unwrap_err();
        assert_eq!(only(&spans)["failed"], "true");
    }
}

#[tokio::test]
async fn an_operation_that_is_refused_says_so() {
    let spans = Spans::default();
    let _here = tracing::subscriber::set_default(spans.clone());
    let world = World::new(&Database::embedded()).await;
    for door in world.doors() {
        println!("{}", door.name);
        spans.take();
        let scan = door.client.scan().table_name(&world.people).filter_expression("diagnosis = :d");
        send!(door, scan.expression_attribute_values(":d", s("s3cret"))).unwrap_err();
        let span = only(&spans);
        assert_eq!((&*span["operation"], span.get("failed").map(String::as_str)), ("Scan", Some("true")));
    }
}

#[tokio::test]
async fn pages_opened_one_by_one_leave_a_span_each() {
    let spans = Spans::default();
    let _here = tracing::subscriber::set_default(spans.clone());
    let world = World::new(&Database::embedded()).await;
    for nr in 0..3 {
        world.put_person("ada", nr).await;
    }
    spans.take();
    let door = world.door();
    door.client.scan().table_name(&world.people).send_sealed_each(&door.sealer).await.unwrap();
    let span = only(&spans);
    assert_eq!((&*span["operation"], counts(&span)), ("Scan", ("0", "3")));

    let mut items = door.client.scan().table_name(&world.people).limit(2).sealed_items(&door.sealer);
    while let Some(item) = items.next().await {
        item.unwrap();
    }
    assert_eq!(spans.take().iter().map(|span| span["opened"].as_str()).collect::<Vec<_>>(), ["2", "1"]);
}

/// Spans are about sealed tables.
#[tokio::test]
async fn operations_on_other_tables_leave_no_span_that_names_one() {
    let spans = Spans::default();
    let _here = tracing::subscriber::set_default(spans.clone());
    let world = World::new(&Database::embedded()).await;
    for door in world.doors() {
        spans.take();
        send!(door, door.client.put_item().table_name(&world.plain).set_item(Some(plain("ada")))).unwrap();
        for span in spans.take() {
            assert_eq!(span["tables"], "", "{}", door.name);
        }
    }
}
