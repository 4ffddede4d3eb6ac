//! Tables on their way to encryption: the three plaintext policies, through every operation.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use aws_sdk_dynamodb::types::{
    Get, KeysAndAttributes, Put, PutRequest, ReturnValue, TransactGetItem, TransactWriteItem, Update, WriteRequest,
};
use common::{Door, SdkItem, World, assert_sealed, databases, doors, in_order, n, person, person_key, s, send, sorted};
use dynaseal_client::{Refusal, SendSealed, operation_error};
use dynaseal_core::ErrorKind;
use dynaseal_core::PlaintextPolicy::{
    self, ForbidPlaintextWriteAllowPlaintextRead as PlaintextRead,
    ForbidPlaintextWriteForbidPlaintextRead as NoPlaintext, ForcePlaintextWriteAllowPlaintextRead as PlaintextWrite,
};

/// Runs a test on every database through every door, with this policy. There are a plain item and a sealed one.
async fn under(policy: PlaintextPolicy, test: impl AsyncFn(World, Door)) {
    for db in databases() {
        for place in 0..3 {
            let world = World::new(&db).await;
            world.put_person("sealed", 1).await;
            let plain = db.client.put_item().table_name(&world.people).set_item(Some(person("plain", 1)));
            plain.send().await.unwrap();
            let sealer = world.sealer_with(policy, 1, 2);
            let door = doors(&db.client, &sealer)[place].clone();
            println!("{} through {} with {}", db.name, door.name, policy.name());
            test(world, door).await;
        }
    }
}

fn put_request(item: SdkItem) -> WriteRequest {
    WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build().unwrap()).build()
}

/// Writes an item in each of the ways, and gives their ids.
async fn write(world: &World, door: &Door) -> [&'static str; 3] {
    send!(door, door.client.put_item().table_name(&world.people).set_item(Some(person("put", 1)))).unwrap();
    let batch = door.client.batch_write_item().request_items(&world.people, vec![put_request(person("batch", 1))]);
    send!(door, batch).unwrap();
    let put = Put::builder().table_name(&world.people).set_item(Some(person("transaction", 1))).build().unwrap();
    let put = TransactWriteItem::builder().put(put).build();
    send!(door, door.client.transact_write_items().transact_items(put)).unwrap();
    ["put", "batch", "transaction"]
}

macro_rules! get {
    ($door:expr, $world:expr, $id:expr) => {{
        let get = $door.client.get_item().table_name(&$world.people).set_key(Some(person_key($id, 1)));
        send!($door, get)
    }};
}

/// Reads an item in each of the ways.
async fn read(world: &World, door: &Door, id: &str) -> Vec<SdkItem> {
    let mut found = vec![get!(door, world, id).unwrap().item.unwrap()];
    let keys = KeysAndAttributes::builder().keys(person_key(id, 1)).build().unwrap();
    let batch = send!(door, door.client.batch_get_item().request_items(&world.people, keys)).unwrap();
    found.extend(batch.responses.unwrap().remove(&world.people).unwrap());
    let entry = Get::builder().table_name(&world.people).set_key(Some(person_key(id, 1))).build().unwrap();
    let entry = TransactGetItem::builder().get(entry).build();
    let transaction = send!(door, door.client.transact_get_items().transact_items(entry)).unwrap();
    found.push(transaction.responses.unwrap().remove(0).item.unwrap());
    let query = door.client.query().table_name(&world.people).key_condition_expression("id = :id");
    found.extend(send!(door, query.expression_attribute_values(":id", s(id))).unwrap().items.unwrap());
    let scan = door.client.scan().table_name(&world.people).filter_expression("id = :id");
    found.extend(send!(door, scan.expression_attribute_values(":id", s(id))).unwrap().items.unwrap());
    let update = door.client.update_item().table_name(&world.people).set_key(Some(person_key(id, 1)));
    let update = update.update_expression("SET seen = :s").expression_attribute_values(":s", n(0));
    let update = update.condition_expression("attribute_exists(id)").return_values(ReturnValue::AllNew);
    found.push(send!(door, update).unwrap().attributes.unwrap());
    found.into_iter().map(in_order).collect()
}

#[tokio::test]
async fn plaintext_writes_and_plaintext_reads() {
    under(PlaintextWrite, async |world, door| {
        for id in write(&world, &door).await {
            assert_eq!(in_order(world.raw_person(id, 1).await.unwrap()), person(id, 1));
        }
        for id in ["put", "plain", "sealed"] {
            assert_eq!(read(&world, &door, id).await, vec![person(id, 1); 6]);
        }
        let scan = send!(door, door.client.scan().table_name(&world.people)).unwrap();
        let expected = ["batch", "plain", "put", "sealed", "transaction"].map(|id| person(id, 1));
        assert_eq!(sorted(scan.items.unwrap()), expected);
    })
    .await;
}

#[tokio::test]
async fn sealed_writes_and_plaintext_reads() {
    under(PlaintextRead, async |world, door| {
        for id in write(&world, &door).await {
            assert_sealed(&world.raw_person(id, 1).await.unwrap());
        }
        for id in ["put", "plain", "sealed"] {
            assert_eq!(read(&world, &door, id).await, vec![person(id, 1); 6]);
        }
        // Writing an old item again seals it, and what it was comes back.
        let again = door.client.put_item().table_name(&world.people).set_item(Some(person("plain", 1)));
        let old = send!(door, again.return_values(ReturnValue::AllOld)).unwrap().attributes.unwrap();
        assert_eq!(in_order(old), person("plain", 1));
        assert_sealed(&world.raw_person("plain", 1).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn sealed_writes_and_no_plaintext_reads() {
    under(NoPlaintext, async |world, door| {
        for id in write(&world, &door).await {
            assert_sealed(&world.raw_person(id, 1).await.unwrap());
        }
        assert_eq!(read(&world, &door, "sealed").await, vec![person("sealed", 1); 6]);

        let keys = KeysAndAttributes::builder().keys(person_key("plain", 1)).build().unwrap();
        let entry = Get::builder().table_name(&world.people).set_key(Some(person_key("plain", 1))).build().unwrap();
        let entry = TransactGetItem::builder().get(entry).build();
        let query = door.client.query().table_name(&world.people).key_condition_expression("id = :id");
        let update = door.client.update_item().table_name(&world.people).set_key(Some(person_key("plain", 1)));
        let update = update.update_expression("SET seen = :s").expression_attribute_values(":s", n(0));
        let update = update.condition_expression("attribute_exists(id)").return_values(ReturnValue::AllNew);
        let delete = door.client.delete_item().table_name(&world.people).set_key(Some(person_key("plain", 1)));
        macro_rules! not_sealed {
            ($sent:expr) => {
                let error = $sent.unwrap_err();
                let item = operation_error(&error).unwrap().item().unwrap();
                assert!(matches!(item.kind(), ErrorKind::NotSealed { .. }), "{item:?}");
                assert_eq!(item.key_attributes()["id"], "plain".into());
                assert!(!common::text(&error).contains(common::SECRET));
            };
        }
        not_sealed!(get!(door, world, "plain"));
        not_sealed!(send!(door, door.client.batch_get_item().request_items(&world.people, keys)));
        not_sealed!(send!(door, door.client.transact_get_items().transact_items(entry)));
        not_sealed!(send!(door, query.expression_attribute_values(":id", s("plain"))));
        not_sealed!(send!(door, door.client.scan().table_name(&world.people)));
        not_sealed!(send!(door, update));
        // It is deleted all the same, as the error's documentation says.
        not_sealed!(send!(door, delete.return_values(ReturnValue::AllOld)));
        assert_eq!(world.raw_person("plain", 1).await, None);
    })
    .await;
}

/// Where plaintext is written, an update may create items; where it is not, it may not.
#[tokio::test]
async fn upserts_only_where_plaintext_is_written() {
    for policy in [PlaintextWrite, PlaintextRead, NoPlaintext] {
        under(policy, async |world, door| {
            let update = door.client.update_item().table_name(&world.people).set_key(Some(person_key("new", 1)));
            let update = update.update_expression("SET seen = :s").expression_attribute_values(":s", n(1));
            let entry = Update::builder().table_name(&world.people).set_key(Some(person_key("newer", 1)));
            let entry = entry.update_expression("SET seen = :s").expression_attribute_values(":s", n(1));
            let entry = TransactWriteItem::builder().update(entry.build().unwrap()).build();
            let update = send!(door, update);
            let transaction = send!(door, door.client.transact_write_items().transact_items(entry));
            let is_there = policy == PlaintextWrite;
            for id in ["new", "newer"] {
                assert_eq!(world.raw_person(id, 1).await.is_some(), is_there);
            }
            if is_there {
                update.unwrap();
                transaction.unwrap();
                assert_eq!(get!(door, world, "new").unwrap().item.unwrap()["seen"], n(1));
                return;
            }
            for error in [common::text(&update.unwrap_err()), common::text(&transaction.unwrap_err())] {
                assert!(error.contains("it would create an unsealed item"), "{error}");
            }
        })
        .await;
    }
}

/// What is refused does not depend on the policy: the day it changes, no request has to.
#[tokio::test]
async fn expressions_are_checked_under_every_policy() {
    for policy in [PlaintextWrite, PlaintextRead, NoPlaintext] {
        under(policy, async |world, door| {
            let scan = door.client.scan().table_name(&world.people).filter_expression("diagnosis = :d");
            let error = send!(door, scan.expression_attribute_values(":d", s("x"))).unwrap_err();
            assert!(matches!(operation_error(&error).unwrap().refusal(), Refusal::Encrypted { .. }));
            let update = door.client.update_item().table_name(&world.people).set_key(Some(person_key("sealed", 1)));
            let update = update.update_expression("SET ward = :w").expression_attribute_values(":w", s("x"));
            let error = send!(door, update.condition_expression("attribute_exists(id)")).unwrap_err();
            assert!(matches!(operation_error(&error).unwrap().refusal(), Refusal::Signed { .. }));
        })
        .await;
    }
}

/// Forged halves of a record, written where items are not sealed yet.
#[tokio::test]
async fn reserved_attributes_are_refused_under_every_policy() {
    for policy in [PlaintextWrite, PlaintextRead, NoPlaintext] {
        under(policy, async |world, door| {
            let mut item = person("forged", 1);
            item.insert("aws_dbe_head".to_owned(), s("x"));
            let put = door.client.put_item().table_name(&world.people).set_item(Some(item));
            let sent = send!(door, put);
            assert!(sent.is_err(), "{}: written with `aws_dbe_head`", policy.name());
            assert_eq!(world.raw_person("forged", 1).await, None);
        })
        .await;
    }
}
