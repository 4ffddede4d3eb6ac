//! Pages: complete and in order, whole or item by item, also when one of the items was changed by somebody.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::collections::BTreeSet;
use std::error::Error;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use common::{
    Database, Door, SdkItem, World, aes, doors, everywhere, in_order, n, people_table, person, person_key, s, sdk_item,
    send, small_person,
};
use dynaseal_client::{Refusal, SealedPages, Sealer, SendSealed, operation_error};
use dynaseal_core::{AttributeValue as Value, PlaintextPolicy};
use futures_util::StreamExt;

/// People `ada`, 1 to `count`.
async fn fill(world: &World, count: i64) {
    fill_with(world, count, |nr| person("ada", nr)).await;
}

async fn fill_with(world: &World, count: i64, item: fn(i64) -> SdkItem) {
    let numbers: Vec<i64> = (1..=count).collect();
    for some in numbers.chunks(25) {
        let write = |nr: &i64| {
            let put = PutRequest::builder().set_item(Some(item(*nr))).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        };
        let batch = world.db.client.batch_write_item().request_items(&world.people, some.iter().map(write).collect());
        let output = batch.send_sealed(&world.sealer).await.unwrap();
        assert!(output.unprocessed_items.unwrap_or_default().is_empty());
    }
}

/// Somebody who can write the table moves a patient to another ward.
async fn tamper(world: &World, nr: i64) {
    let mut raw = world.raw_person("ada", nr).await.unwrap();
    raw.insert("ward".to_owned(), s("north-but-changed"));
    world.db.client.put_item().table_name(&world.people).set_item(Some(raw)).send().await.unwrap();
}

fn key_of(nr: i64) -> dynaseal_core::Item {
    dynaseal_core::Item::from([("id".to_owned(), "ada".into()), ("nr".to_owned(), Value::N(nr.to_string()))])
}

/// The key of the item that is to blame.
fn blamed(error: &(dyn Error + 'static)) -> dynaseal_core::Item {
    operation_error(error).unwrap().item().unwrap().key_attributes().clone()
}

fn numbers(items: &[SdkItem]) -> Vec<i64> {
    items.iter().map(|item| item["nr"].as_n().unwrap().parse().unwrap()).collect()
}

macro_rules! query {
    ($door:expr, $world:expr) => {{
        let query = $door.client.query().table_name(&$world.people).key_condition_expression("id = :id");
        query.expression_attribute_values(":id", s("ada"))
    }};
}

#[tokio::test]
async fn one_item_that_was_changed_fails_its_page_and_is_named() {
    everywhere(async |world, door| {
        fill(&world, 5).await;
        tamper(&world, 3).await;
        let scan = door.client.scan().table_name(&world.people);
        let errors: [Box<dyn Error>; 2] =
            [Box::new(send!(door, query!(door, world)).unwrap_err()), Box::new(send!(door, scan).unwrap_err())];
        for error in errors {
            assert_eq!(blamed(&*error), key_of(3));
            let why = common::text(&*error);
            assert!(why.contains("(id = \"ada\", nr = 3)") && !why.contains(common::SECRET), "{why}");
        }
        let pages = query!(door, world).limit(2);
        let pages = if door.by_builder {
            let mut pages = pages.sealed_pages(&door.sealer);
            assert_eq!(numbers(pages.next().await.unwrap().unwrap().items()), [1, 2]);
            let error = pages.next().await.unwrap().unwrap_err();
            assert!(pages.next().await.is_none());
            error
        } else {
            let mut pages = pages.into_paginator().send();
            assert_eq!(numbers(pages.next().await.unwrap().unwrap().items()), [1, 2]);
            pages.next().await.unwrap().unwrap_err()
        };
        assert_eq!(blamed(&pages), key_of(3));
    })
    .await;
}

#[tokio::test]
async fn items_opened_one_by_one_are_not_hidden_by_one_that_was_changed() {
    everywhere(async |world, door| {
        if !door.by_builder {
            return;
        }
        fill(&world, 5).await;
        tamper(&world, 3).await;
        let page =
            query!(door, world).projection_expression("nr, diagnosis").send_sealed_each(&door.sealer).await.unwrap();
        assert_eq!(page.items.len(), 5);
        assert_eq!((page.output.count, page.output.scanned_count), (5, 5));
        assert_eq!(page.output.items, None);
        for (nr, item) in (1..).zip(&page.items) {
            match item {
                Ok(item) => {
                    assert_eq!(item, &sdk_item([("nr", n(nr)), ("diagnosis", s("s3cret-influenza"))]));
                }
                Err(error) => assert_eq!((nr, error.key_attributes()), (3, &key_of(3))),
            }
        }
        assert_eq!(page.items.iter().filter(|item| item.is_err()).count(), 1);

        let page = door.client.scan().table_name(&world.people).send_sealed_each(&door.sealer).await.unwrap();
        assert_eq!((page.items.len(), page.items.iter().filter(|item| item.is_ok()).count()), (5, 4));
        // Of other tables, every item is as it is.
        let page = door.client.scan().table_name(&world.plain).send_sealed_each(&door.sealer).await.unwrap();
        assert!(page.items.is_empty());
        let refused = door.client.scan().table_name(&world.people).filter_expression("attribute_exists(diagnosis)");
        let error = refused.send_sealed_each(&door.sealer).await.unwrap_err();
        assert!(operation_error(&error).unwrap().refusal().to_string().contains("`diagnosis` is ENCRYPT_AND_SIGN"));
    })
    .await;
}

#[tokio::test]
async fn pages_and_items_as_streams() {
    everywhere(async |world, door| {
        fill(&world, 7).await;
        let all: Vec<SdkItem> = (1..=7).map(|nr| person("ada", nr)).collect();
        if !door.by_builder {
            let items = query!(door, world).limit(3).into_paginator().items().send().try_collect().await.unwrap();
            assert_eq!(items.into_iter().map(in_order).collect::<Vec<_>>(), all);
            let items = door.client.scan().table_name(&world.people).limit(2).into_paginator().items().send();
            assert_eq!(common::sorted(items.try_collect().await.unwrap()), all);
            return;
        }
        let mut pages = query!(door, world).limit(3).sealed_pages(&door.sealer);
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            found.push(numbers(page.unwrap().items()));
        }
        assert_eq!(found.concat(), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(found[0], [1, 2, 3]);

        // As a stream of the futures crate, too.
        let items: Vec<_> = query!(door, world).limit(3).sealed_items(&door.sealer).collect().await;
        assert_eq!(items.into_iter().map(|item| in_order(item.unwrap())).collect::<Vec<_>>(), all);
        let items: Vec<_> =
            door.client.scan().table_name(&world.people).limit(2).sealed_items(&door.sealer).collect().await;
        assert_eq!(common::sorted(items.into_iter().map(Result::unwrap)), all);
        let filtered = door.client.scan().table_name(&world.people).filter_expression("nr > :nr").limit(1);
        let filtered = filtered.expression_attribute_values(":nr", n(5)).projection_expression("nr");
        let items: Vec<_> = filtered.sealed_items(&door.sealer).collect().await;
        let mut found = numbers(&items.into_iter().map(Result::unwrap).collect::<Vec<_>>());
        found.sort_unstable();
        assert_eq!(found, [6, 7]);
    })
    .await;
}

#[tokio::test]
async fn streams_with_an_item_that_was_changed() {
    everywhere(async |world, door| {
        if !door.by_builder {
            return;
        }
        fill(&world, 7).await;
        tamper(&world, 5).await;
        let mut items = query!(door, world).limit(2).sealed_items(&door.sealer);
        for nr in 1..=4 {
            assert_eq!(in_order(items.next().await.unwrap().unwrap()), person("ada", nr));
        }
        // With an item that does not open, its page is not handed over, and that is the end.
        assert_eq!(blamed(&items.next().await.unwrap().unwrap_err()), key_of(5));
        assert!(items.next().await.is_none());

        let mut pages = query!(door, world).limit(2).sealed_pages_each(&door.sealer);
        let mut opened = Vec::new();
        let mut broken = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page.unwrap().items {
                match item {
                    Ok(item) => opened.extend(numbers(&[item])),
                    Err(error) => broken.push(error.key_attributes().clone()),
                }
            }
        }
        assert_eq!((opened, broken), (vec![1, 2, 3, 4, 6, 7], vec![key_of(5)]));
    })
    .await;
}

#[tokio::test]
async fn a_thousand_items_come_back_complete_and_in_order() {
    let world = World::new(&Database::embedded()).await;
    fill_with(&world, 1000, small_person).await;
    world.assert_sealed(1000, 0).await;
    for door in world.doors() {
        let output = send!(door, query!(door, world)).unwrap();
        assert_eq!(output.last_evaluated_key, None, "a test of one page needs one page");
        let items = output.items.unwrap();
        assert_eq!(numbers(&items), (1..=1000).collect::<Vec<_>>());
        for (nr, item) in (1..).zip(items) {
            assert_eq!(item, small_person(nr));
        }
    }
    tamper(&world, 500).await;
    tamper(&world, 900).await;
    let [door, intercepted, _] = world.doors();
    for door in [&door, &intercepted] {
        // The first of them is to blame, on whichever core it was opened.
        assert_eq!(blamed(&send!(door, query!(door, world)).unwrap_err()), key_of(500));
    }
    let page = query!(door, world).send_sealed_each(&door.sealer).await.unwrap();
    let broken = |nr: i64| nr == 500 || nr == 900;
    assert_eq!(page.items.len(), 1000);
    for (nr, item) in (1..).zip(page.items) {
        match item {
            Ok(item) => assert_eq!(item, small_person(nr)),
            Err(error) => assert!(broken(nr) && error.key_attributes() == &key_of(nr), "{nr}"),
        }
    }
}

/// Around the sizes at which another way of opening begins.
#[tokio::test]
async fn pages_of_every_size_come_back_complete_and_in_order() {
    let world = World::new(&Database::embedded()).await;
    fill_with(&world, 130, small_person).await;
    let door = world.door();
    for limit in [1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 127, 128, 129, 130] {
        let items = send!(door, query!(door, world).limit(limit)).unwrap().items.unwrap();
        assert_eq!(numbers(&items), (1..=i64::from(limit)).collect::<Vec<_>>());
        assert!(items.into_iter().zip(1..).all(|(item, nr)| item == small_person(nr)));
    }
}

#[tokio::test]
async fn indexes_that_do_not_project_everything_are_refused() {
    everywhere(async |world, door| {
        fill(&world, 2).await;
        for index in ["by-ward-keys", "by-ward-include"] {
            let query = door.client.query().table_name(&world.people).index_name(index);
            let query = query.key_condition_expression("ward = :w").expression_attribute_values(":w", s("north"));
            let error = send!(door, query).unwrap_err();
            let reason = operation_error(&error).unwrap();
            assert!(matches!(reason.refusal(), Refusal::PartialIndex { .. }), "{reason:?}");
            let item = reason.item().unwrap();
            assert_eq!(item.key_attributes().len(), 2);
            let scan = door.client.scan().table_name(&world.people).index_name(index).projection_expression("seen");
            assert!(operation_error(&send!(door, scan).unwrap_err()).is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn indexes_that_are_read_unverified_give_what_was_named_and_no_more() {
    everywhere(async |world, door| {
        fill(&world, 2).await;
        let table = people_table(&world.people, PlaintextPolicy::default(), aes(1));
        let table = table.danger_unverified_index("by-ward-keys", ["ward"]).unwrap();
        let table = table.danger_unverified_index("by-ward-include", ["seen"]).unwrap();
        let door = with_sealer(&door, &world, &Sealer::of_table(table));
        let read = |index: &str| {
            let query = door.client.query().table_name(&world.people).index_name(index);
            query.key_condition_expression("ward = :w").expression_attribute_values(":w", s("north"))
        };
        let items = send!(door, read("by-ward-keys")).unwrap().items.unwrap();
        let expected = |nr| sdk_item([("id", s("ada")), ("nr", n(nr)), ("ward", s("north"))]);
        assert_eq!(items, [expected(1), expected(2)]);
        // `diagnosis`, which this index has too, is ciphertext and stays away; so does `ward`, which was not named.
        let items = send!(door, read("by-ward-include")).unwrap().items.unwrap();
        let expected = |nr| sdk_item([("id", s("ada")), ("nr", n(nr)), ("seen", n(0))]);
        assert_eq!(items, [expected(1), expected(2)]);
        let items = send!(door, read("by-ward-include").projection_expression("seen, nr")).unwrap().items.unwrap();
        assert_eq!(items[1], sdk_item([("nr", n(2)), ("seen", n(0))]));
        // The others are verified as ever, and so is the table.
        assert_eq!(send!(door, read("by-ward")).unwrap().items.unwrap().len(), 2);
        tamper(&world, 2).await;
        assert_eq!(blamed(&send!(door, query!(door, world)).unwrap_err()), key_of(2));
    })
    .await;
    let table = people_table("people", PlaintextPolicy::default(), aes(1));
    table.danger_unverified_index("by-ward-include", ["seen", "diagnosis"]).unwrap_err();
}

/// The same door with another sealer.
fn with_sealer(door: &Door, world: &World, sealer: &Sealer) -> Door {
    let all = doors(&world.db.client, sealer);
    all.into_iter().find(|other| other.name == door.name).unwrap()
}

/// Every way in which somebody who can write the table may change an item.
#[tokio::test]
async fn changes_of_every_kind_are_noticed() {
    let world = World::new(&Database::embedded()).await;
    world.put_person("ada", 1).await;
    world.put_person("bob", 1).await;
    let raw = world.raw_person("ada", 1).await.unwrap();
    let bob = world.raw_person("bob", 1).await.unwrap();
    let flipped = |name: &str| {
        let mut bytes = raw[name].as_b().unwrap().clone().into_inner();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        AttributeValue::B(Blob::new(bytes))
    };
    let changes: [(&str, Option<AttributeValue>); 12] = [
        ("diagnosis", Some(flipped("diagnosis"))),
        ("diagnosis", Some(bob["diagnosis"].clone())),
        ("diagnosis", Some(raw["chart"].clone())),
        ("diagnosis", Some(s("plain"))),
        ("diagnosis", None),
        ("ward", Some(s("south"))),
        ("ward", None),
        ("aws_dbe_head", Some(flipped("aws_dbe_head"))),
        ("aws_dbe_foot", Some(flipped("aws_dbe_foot"))),
        ("aws_dbe_head", None),
        ("aws_dbe_foot", None),
        ("stranger", Some(s("added"))),
    ];
    for (name, value) in changes {
        let mut changed = raw.clone();
        match value {
            Some(value) => changed.insert(name.to_owned(), value),
            None => changed.remove(name),
        };
        world.db.client.put_item().table_name(&world.people).set_item(Some(changed)).send().await.unwrap();
        for door in world.doors() {
            let get = door.client.get_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
            let error = send!(door, get.projection_expression("id")).expect_err(name);
            assert_eq!(blamed(&error), key_of(1), "{name}");
        }
    }
    // Both halves of another record: it is bound to its key.
    let mut moved = bob;
    moved.insert("id".to_owned(), s("ada"));
    world.db.client.put_item().table_name(&world.people).set_item(Some(moved)).send().await.unwrap();
    let door = world.door();
    let get = door.client.get_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
    assert_eq!(blamed(&send!(door, get).unwrap_err()), key_of(1));
    // What is unsigned may be changed by everybody, as said.
    let mut changed = raw;
    changed.insert("seen".to_owned(), n(77));
    changed.insert(":added".to_owned(), s("x"));
    world.db.client.put_item().table_name(&world.people).set_item(Some(changed)).send().await.unwrap();
    let get = door.client.get_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
    let opened = send!(door, get).unwrap().item.unwrap();
    let names: BTreeSet<_> = opened.keys().map(String::as_str).collect();
    assert!(opened["seen"] == n(77) && names.contains(":added"));
}
