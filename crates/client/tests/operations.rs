//! Every operation, through every door, on sealed tables and on one that nobody knows: what is stored is sealed, what comes
//! back is as it was written, and other tables are not touched.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    BatchStatementRequest, ConditionCheck, Delete, DeleteRequest, Get, KeysAndAttributes, ParameterizedStatement, Put,
    PutRequest, TransactGetItem, TransactWriteItem, Update, WriteRequest,
};
use common::keyrings::Slow;
use common::{
    Database, Door, SdkItem, World, aes, assert_sealed, databases, doors, everywhere, in_order, n, order, person,
    person_key, plain, s, sdk_item, send, sorted, with_interceptors,
};
use dynaseal_client::{Refusal, SealedTable, Sealer, SendSealed, operation_error};
use dynaseal_core::{ItemEncryptor, PlaintextPolicy};

fn put_request(item: SdkItem) -> WriteRequest {
    WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build().unwrap()).build()
}

fn delete_request(key: SdkItem) -> WriteRequest {
    WriteRequest::builder().delete_request(DeleteRequest::builder().set_key(Some(key)).build().unwrap()).build()
}

fn keys(keys: impl IntoIterator<Item = SdkItem>) -> KeysAndAttributes {
    KeysAndAttributes::builder().set_keys(Some(keys.into_iter().collect())).build().unwrap()
}

fn transact_put(table: &str, item: SdkItem) -> TransactWriteItem {
    TransactWriteItem::builder().put(Put::builder().table_name(table).set_item(Some(item)).build().unwrap()).build()
}

fn transact_get(table: &str, key: SdkItem) -> TransactGetItem {
    TransactGetItem::builder().get(Get::builder().table_name(table).set_key(Some(key)).build().unwrap()).build()
}

fn order_key(nr: i64) -> SdkItem {
    sdk_item([("order_id", n(nr))])
}

fn plain_key(id: &str) -> SdkItem {
    sdk_item([("id", s(id))])
}

#[tokio::test]
async fn put_item_and_get_item() {
    everywhere(async |world, door| {
        let item = person("ada", 1);
        send!(door, door.client.put_item().table_name(&world.people).set_item(Some(item.clone()))).unwrap();
        world.assert_sealed(1, 0).await;
        let raw = world.raw_person("ada", 1).await.unwrap();
        // What is signed or unsigned stays readable, and nothing else was added.
        for name in ["id", "nr", "ward", "seen", ":tags"] {
            assert_eq!(raw[name], item[name]);
        }
        assert_eq!(raw.len(), item.len() + 2);

        let get = door.client.get_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
        let opened = send!(door, get.consistent_read(true)).unwrap().item.unwrap();
        assert_eq!(in_order(opened), item);
        let nobody = door.client.get_item().table_name(&world.people).set_key(Some(person_key("bob", 1)));
        assert_eq!(send!(door, nobody).unwrap().item, None);

        send!(door, door.client.put_item().table_name(&world.plain).set_item(Some(plain("ada")))).unwrap();
        assert_eq!(world.raw_plain("ada").await.unwrap(), plain("ada"));
        let get = door.client.get_item().table_name(&world.plain).set_key(Some(plain_key("ada")));
        assert_eq!(send!(door, get).unwrap().item.unwrap(), plain("ada"));
    })
    .await;
}

#[tokio::test]
async fn update_item() {
    everywhere(async |world, door| {
        let mut item = world.put_person("ada", 1).await;
        let update = door.client.update_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
        let update = update.update_expression("SET seen = seen + :one, #tags[0] = :tag REMOVE #tags[1]");
        let update = update.expression_attribute_names("#tags", ":tags");
        let update = update.expression_attribute_values(":one", n(1)).expression_attribute_values(":tag", s("c"));
        send!(door, update.condition_expression("attribute_exists(id)")).unwrap();
        world.assert_sealed(1, 0).await;

        item.insert("seen".to_owned(), n(1));
        item.insert(":tags".to_owned(), aws_sdk_dynamodb::types::AttributeValue::L(vec![s("c")]));
        let get = door.client.get_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
        assert_eq!(in_order(send!(door, get).unwrap().item.unwrap()), item);

        // Elsewhere it may create items, and set what it likes.
        let update = door.client.update_item().table_name(&world.plain).set_key(Some(plain_key("bob")));
        let update = update.update_expression("SET diagnosis = :d").expression_attribute_values(":d", s("flu"));
        send!(door, update).unwrap();
        assert_eq!(world.raw_plain("bob").await.unwrap(), sdk_item([("id", s("bob")), ("diagnosis", s("flu"))]));
    })
    .await;
}

#[tokio::test]
async fn delete_item() {
    everywhere(async |world, door| {
        world.put_person("ada", 1).await;
        world.put_person("ada", 2).await;
        let delete = door.client.delete_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
        let delete = delete.condition_expression("ward = :w").expression_attribute_values(":w", s("north"));
        send!(door, delete).unwrap();
        world.assert_sealed(1, 0).await;
        assert_eq!(world.raw_person("ada", 1).await, None);

        send!(door, door.client.put_item().table_name(&world.plain).set_item(Some(plain("ada")))).unwrap();
        send!(door, door.client.delete_item().table_name(&world.plain).set_key(Some(plain_key("ada")))).unwrap();
        assert_eq!(world.raw_plain("ada").await, None);
    })
    .await;
}

#[tokio::test]
async fn batches_over_two_sealed_tables_with_different_keys_and_a_plain_one() {
    everywhere(async |world, door| {
        world.put_person("old", 1).await;
        let writes = door
            .client
            .batch_write_item()
            .request_items(
                &world.people,
                vec![
                    put_request(person("ada", 1)),
                    put_request(person("ada", 2)),
                    delete_request(person_key("old", 1)),
                ],
            )
            .request_items(&world.orders, vec![put_request(order(7))])
            .request_items(&world.plain, vec![put_request(plain("ada"))]);
        let output = send!(door, writes).unwrap();
        assert!(output.unprocessed_items.unwrap_or_default().is_empty());
        world.assert_sealed(2, 1).await;
        assert_eq!(world.raw_plain("ada").await.unwrap(), plain("ada"));

        let gets = door
            .client
            .batch_get_item()
            .request_items(&world.people, keys([person_key("ada", 1), person_key("ada", 2), person_key("old", 1)]))
            .request_items(&world.orders, keys([order_key(7)]))
            .request_items(&world.plain, keys([plain_key("ada")]));
        let mut found = send!(door, gets).unwrap().responses.unwrap();
        let mut of = |table: &str| sorted(found.remove(table).unwrap());
        assert_eq!(of(&world.people), [person("ada", 1), person("ada", 2)]);
        assert_eq!(of(&world.orders), [order(7)]);
        assert_eq!(of(&world.plain), [plain("ada")]);
    })
    .await;
}

#[tokio::test]
async fn transactions_over_two_sealed_tables_with_different_keys_and_a_plain_one() {
    everywhere(async |world, door| {
        world.put_person("check", 1).await;
        world.put_person("delete", 1).await;
        world.put_person("update", 1).await;
        let update = Update::builder()
            .table_name(&world.people)
            .set_key(Some(person_key("update", 1)))
            .update_expression("SET #s = :s")
            .condition_expression("attribute_exists(id)")
            .expression_attribute_names("#s", "seen")
            .expression_attribute_values(":s", n(9))
            .build()
            .unwrap();
        let delete = Delete::builder().table_name(&world.people).set_key(Some(person_key("delete", 1)));
        let delete = delete.condition_expression("#w = :w").expression_attribute_names("#w", "ward");
        let delete = delete.expression_attribute_values(":w", s("north")).build().unwrap();
        let check = ConditionCheck::builder().table_name(&world.people).set_key(Some(person_key("check", 1)));
        let check = check.condition_expression("begins_with(ward, :n)").expression_attribute_values(":n", s("nor"));
        let writes = door
            .client
            .transact_write_items()
            .transact_items(transact_put(&world.people, person("ada", 1)))
            .transact_items(transact_put(&world.orders, order(7)))
            .transact_items(transact_put(&world.plain, plain("ada")))
            .transact_items(TransactWriteItem::builder().update(update).build())
            .transact_items(TransactWriteItem::builder().delete(delete).build())
            .transact_items(TransactWriteItem::builder().condition_check(check.build().unwrap()).build());
        send!(door, writes).unwrap();
        world.assert_sealed(3, 1).await;
        assert_eq!(world.raw_plain("ada").await.unwrap(), plain("ada"));

        let gets = door
            .client
            .transact_get_items()
            .transact_items(transact_get(&world.orders, order_key(7)))
            .transact_items(transact_get(&world.plain, plain_key("ada")))
            .transact_items(transact_get(&world.people, person_key("nobody", 1)))
            .transact_items(transact_get(&world.people, person_key("update", 1)))
            .transact_items(transact_get(&world.people, person_key("ada", 1)));
        let found = send!(door, gets).unwrap().responses.unwrap();
        let found: Vec<_> = found.into_iter().map(|of| of.item.filter(|item| !item.is_empty()).map(in_order)).collect();
        let mut updated = person("update", 1);
        updated.insert("seen".to_owned(), n(9));
        assert_eq!(found, [Some(order(7)), Some(plain("ada")), None, Some(updated), Some(person("ada", 1))]);
    })
    .await;
}

#[tokio::test]
async fn query_and_scan() {
    everywhere(async |world, door| {
        for nr in 1..=3 {
            world.put_person("ada", nr).await;
        }
        world.put_person("bob", 1).await;
        let query = door.client.query().table_name(&world.people).key_condition_expression("id = :id AND nr > :nr");
        let query = query.expression_attribute_values(":id", s("ada")).expression_attribute_values(":nr", n(1));
        let output = send!(door, query.clone()).unwrap();
        assert_eq!((output.count, output.scanned_count), (2, 2));
        let items: Vec<_> = output.items.unwrap().into_iter().map(in_order).collect();
        assert_eq!(items, [person("ada", 2), person("ada", 3)]);
        let items = send!(door, query.scan_index_forward(false)).unwrap().items.unwrap();
        assert_eq!(items.into_iter().map(in_order).collect::<Vec<_>>(), [person("ada", 3), person("ada", 2)]);

        let scan = door.client.scan().table_name(&world.people).filter_expression("ward = :w AND nr < :nr");
        let scan = scan.expression_attribute_values(":w", s("north")).expression_attribute_values(":nr", n(2));
        let output = send!(door, scan).unwrap();
        assert_eq!((output.count, output.scanned_count), (2, 4));
        assert_eq!(sorted(output.items.unwrap()), [person("ada", 1), person("bob", 1)]);

        // An index that projects everything is as good as the table.
        let query = door.client.query().table_name(&world.people).index_name("by-ward");
        let query = query.key_condition_expression("ward = :w").expression_attribute_values(":w", s("north"));
        assert_eq!(send!(door, query).unwrap().items.unwrap().len(), 4);

        send!(door, door.client.put_item().table_name(&world.plain).set_item(Some(plain("ada")))).unwrap();
        let scan = door.client.scan().table_name(&world.plain).filter_expression("begins_with(diagnosis, :d)");
        let scan = scan.expression_attribute_values(":d", s("s3cret"));
        assert_eq!(send!(door, scan).unwrap().items.unwrap(), [plain("ada")]);
        let query = door.client.query().table_name(&world.plain).key_condition_expression("id = :id");
        let query = query.expression_attribute_values(":id", s("ada"));
        assert_eq!(send!(door, query).unwrap().items.unwrap(), [plain("ada")]);
    })
    .await;
}

/// On other tables, they pass. On sealed tables they are refused, see `refusals.rs`.
#[tokio::test]
async fn statements_on_other_tables() {
    everywhere(async |world, door| {
        let insert = format!("INSERT INTO \"{}\" VALUE {{'id': '{}'}}", world.plain, world.people);
        send!(door, door.client.execute_statement().statement(&insert)).unwrap();
        assert!(world.raw_plain(&world.people).await.is_some());

        let select = format!("SELECT * FROM \"{}\" WHERE id = ?", world.plain);
        let statement = BatchStatementRequest::builder().statement(&select).parameters(s(&world.people));
        let batch = door.client.batch_execute_statement().statements(statement.build().unwrap());
        let found = send!(door, batch).unwrap().responses.unwrap();
        assert_eq!(found[0].item.as_ref().unwrap()["id"], s(&world.people));

        let update = format!("UPDATE \"{}\" SET seen = 5 WHERE id = ?", world.plain);
        let statement = ParameterizedStatement::builder().statement(&update).parameters(s(&world.people));
        send!(door, door.client.execute_transaction().transact_statements(statement.build().unwrap())).unwrap();
        assert_eq!(world.raw_plain(&world.people).await.unwrap()["seen"], n(5));
    })
    .await;
}

/// The key is asked once for each item, also where a builder is sent sealed over the interceptor of its sealer.
#[tokio::test]
async fn nothing_is_sealed_or_opened_twice() {
    for place in 0..3 {
        let keyring = Slow::new(1, Duration::ZERO);
        let world = World::with_keyring(&Database::embedded(), keyring.clone()).await;
        let door = &world.doors()[place];
        let put = |nr| door.client.put_item().table_name(&world.people).set_item(Some(person("ada", nr)));
        send!(door, put(1)).unwrap();
        send!(door, put(2)).unwrap();
        assert_eq!((keyring.wrapped(), keyring.unwrapped()), (2, 0), "{}", door.name);
        let get = door.client.get_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
        send!(door, get).unwrap();
        assert_eq!(keyring.unwrapped(), 1, "{}", door.name);
        assert_eq!(send!(door, door.client.scan().table_name(&world.people)).unwrap().count, 2);
        assert_eq!((keyring.wrapped(), keyring.unwrapped()), (2, 3), "{}", door.name);
    }
}

/// Writes of every kind with a builder's sealer that is not the interceptor's: they fail, or what lies there is sealed.
async fn write_all_ways(world: &World, client: &aws_sdk_dynamodb::Client, sealer: &Sealer) -> Vec<Option<String>> {
    let put = client.put_item().table_name(&world.people).set_item(Some(person("put", 1)));
    let batch = client.batch_write_item().request_items(&world.people, vec![put_request(person("batch", 1))]);
    let transaction = client.transact_write_items().transact_items(transact_put(&world.people, person("tx", 1)));
    let put = put.send_sealed(sealer).await.err().map(|error| common::text(&error));
    let batch = batch.send_sealed(sealer).await.err().map(|error| common::text(&error));
    let transaction = transaction.send_sealed(sealer).await.err().map(|error| common::text(&error));
    vec![put, batch, transaction]
}

#[tokio::test]
async fn builders_of_one_sealer_over_the_interceptor_of_another_never_write_plaintext() {
    for db in databases() {
        let policy = PlaintextPolicy::default();
        let world = World::new(&db).await;
        // Both know the table, and neither can tell what the other one makes of it.
        const REFUSED: &str = "the request is sealed by another sealer, or by a model, that knows a table of this name";
        for other in [world.sealer_with(policy, 1, 2), world.sealer_with(policy, 9, 9)] {
            let client = with_interceptors(&db.client, &[&other]);
            for refused in write_all_ways(&world, &client, &world.sealer).await {
                assert!(refused.unwrap().contains(REFUSED));
            }
            world.assert_sealed(0, 0).await;
        }

        // Only the interceptor knows the table, or only the builder.
        let nothing = Sealer::new([]).unwrap();
        for (of_builder, of_client) in [(&nothing, &world.sealer), (&world.sealer, &nothing)] {
            let client = with_interceptors(&db.client, &[of_client]);
            assert_eq!(write_all_ways(&world, &client, of_builder).await, [None, None, None]);
            world.assert_sealed(3, 0).await;
            for id in ["put", "batch", "tx"] {
                let get = client.get_item().table_name(&world.people).set_key(Some(person_key(id, 1)));
                let opened = get.send_sealed(of_builder).await.unwrap().item.unwrap();
                assert_eq!(in_order(opened), person(id, 1));
            }
        }

        // One of them may write plaintext.
        let plaintext = world.sealer_with(PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead, 1, 2);
        for (of_builder, of_client) in [(&plaintext, &world.sealer), (&world.sealer, &plaintext)] {
            let client = with_interceptors(&db.client, &[of_client]);
            for refused in write_all_ways(&world, &client, of_builder).await {
                assert!(refused.unwrap().contains(REFUSED));
            }
            world.assert_sealed(3, 0).await;
        }
    }
}

#[tokio::test]
async fn what_another_sealer_has_sealed_is_not_opened() {
    let world = World::new(&Database::embedded()).await;
    world.put_person("ada", 1).await;
    let other = world.sealer_with(PlaintextPolicy::default(), 9, 9);
    for door in doors(&world.db.client, &other) {
        let get = door.client.get_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
        let error = send!(door, get).unwrap_err();
        let reason = operation_error(&error).unwrap();
        assert!(matches!(reason.refusal(), Refusal::Item(_)), "{}", common::text(&error));
        assert_eq!(reason.item().unwrap().key_attributes().len(), 2);
    }
}

/// Each has its tables, as libraries of two teams in one program may have.
#[tokio::test]
async fn two_interceptors_with_different_tables_on_one_client() {
    let world = World::new(&Database::embedded()).await;
    let policy = PlaintextPolicy::default();
    let people = Sealer::of_table(common::people_table(&world.people, policy, aes(1)));
    let orders = Sealer::of_table(common::orders_table(&world.orders, policy, aes(2)));
    for sealers in [[&people, &orders], [&orders, &people]] {
        let client = with_interceptors(&world.db.client, &sealers);
        client.put_item().table_name(&world.people).set_item(Some(person("ada", 1))).send().await.unwrap();
        client.put_item().table_name(&world.orders).set_item(Some(order(7))).send().await.unwrap();
        world.assert_sealed(1, 1).await;
        let get = client.get_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
        assert_eq!(in_order(get.send().await.unwrap().item.unwrap()), person("ada", 1));
        let both = client
            .batch_get_item()
            .request_items(&world.people, keys([person_key("ada", 1)]))
            .request_items(&world.orders, keys([order_key(7)]));
        let found = both.send().await.unwrap().responses.unwrap();
        assert_eq!(in_order(found[&world.people][0].clone()), person("ada", 1));
        assert_eq!(found[&world.orders][0], order(7));
        // Nothing of the other table: what comes back has to be opened none the less.
        let both = client
            .batch_get_item()
            .request_items(&world.people, keys([person_key("ada", 1)]))
            .request_items(&world.orders, keys([order_key(8)]));
        let found = both.send().await.unwrap().responses.unwrap();
        assert_eq!(in_order(found[&world.people][0].clone()), person("ada", 1));
    }
}

/// The same interceptor, added twice by mistake, as by a framework and by the application: it seals and opens once.
#[tokio::test]
async fn an_interceptor_that_is_there_twice_seals_once() {
    let world = World::new(&Database::embedded()).await;
    let client = with_interceptors(&world.db.client, &[&world.sealer, &world.sealer]);
    let put = client.put_item().table_name(&world.people).set_item(Some(person("ada", 1)));
    put.send().await.unwrap();
    world.assert_sealed(1, 0).await;
    let get = client.get_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
    assert_eq!(in_order(get.send().await.unwrap().item.unwrap()), person("ada", 1));
}

/// A table that is restored under another name keeps its logical name, and is opened by a sealer for the new one.
#[tokio::test]
async fn the_logical_name_may_differ_from_the_tables() {
    let world = World::new(&Database::embedded()).await;
    world.put_person("ada", 1).await;
    let raw = world.raw_person("ada", 1).await.unwrap();
    assert_sealed(&raw);
    let copy = World::new(&world.db).await;
    world.db.client.put_item().table_name(&copy.people).set_item(Some(raw)).send().await.unwrap();
    let opened = copy.door().client.get_item().table_name(&copy.people).set_key(Some(person_key("ada", 1)));
    assert_eq!(in_order(opened.send_sealed(&copy.sealer).await.unwrap().item.unwrap()), person("ada", 1));

    let config = dynaseal_core::TableConfig::builder("elsewhere", "id").sort_key("nr");
    let config = config.encrypt(["diagnosis", "notes", "chart"]).sign(["ward"]).unsigned(["seen"]);
    let other = ItemEncryptor::new(config.unsigned_prefix(":").build().unwrap(), aes(1));
    let other = Sealer::of_table(SealedTable::new(&copy.people, other));
    let door = Door { sealer: other, ..copy.door() };
    let get = door.client.get_item().table_name(&copy.people).set_key(Some(person_key("ada", 1)));
    send!(door, get).unwrap_err();
}
