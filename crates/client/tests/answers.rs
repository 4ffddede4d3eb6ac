//! Answers come back as a table of plain items would give them: projections, old and new values, items of failed
//! conditions, what was not processed. What is none of ours is not touched.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Get, KeysAndAttributes, Put, PutRequest, ReturnConsumedCapacity,
    ReturnValue, ReturnValuesOnConditionCheckFailure, Select, TransactGetItem, TransactWriteItem, Update, WriteRequest,
};
use common::wire::{answering, tapped};
use common::{
    Database, Door, SdkItem, World, aes, doors, everywhere, in_order, n, order, orders_table, people_table, person,
    person_key, plain, s, sdk_item, send,
};
use dynaseal_client::{Refusal, Sealer, SendSealed, operation_error};
use dynaseal_core::{ErrorKind, PlaintextPolicy};
use serde_json::{Value, json};

fn drug(name: &str) -> AttributeValue {
    AttributeValue::M(sdk_item([("name", s(name))]))
}

/// `ward`, the name of the second drug, and the diagnosis.
fn projected() -> SdkItem {
    let drugs = AttributeValue::L(vec![drug("s3cret-ether")]);
    sdk_item([
        ("ward", s("north")),
        ("chart", AttributeValue::M(sdk_item([("drugs", drugs)]))),
        ("diagnosis", s("s3cret-influenza")),
    ])
}

const PROJECTION: &str = "#w, chart.drugs[1].#n,diagnosis";

#[tokio::test]
async fn projections_of_single_items() {
    everywhere(async |world, door| {
        world.put_person("ada", 1).await;
        let get = door.client.get_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
        let get = get.projection_expression(PROJECTION);
        let get = get.expression_attribute_names("#w", "ward").expression_attribute_names("#n", "name");
        assert_eq!(send!(door, get).unwrap().item.unwrap(), projected());

        let get = door.client.get_item().table_name(&world.people).set_key(Some(person_key("nobody", 1)));
        assert_eq!(send!(door, get.projection_expression("diagnosis")).unwrap().item, None);

        let entry = |id: &str| {
            let get = Get::builder().table_name(&world.people).set_key(Some(person_key(id, 1)));
            let get = get.projection_expression(PROJECTION);
            let get = get.expression_attribute_names("#w", "ward").expression_attribute_names("#n", "name");
            TransactGetItem::builder().get(get.build().unwrap()).build()
        };
        let gets = door.client.transact_get_items().transact_items(entry("nobody")).transact_items(entry("ada"));
        let found = send!(door, gets).unwrap().responses.unwrap();
        assert!(found[0].item.clone().unwrap_or_default().is_empty());
        assert_eq!(found[1].item.clone().unwrap(), projected());

        let keys = KeysAndAttributes::builder().keys(person_key("ada", 1)).projection_expression(PROJECTION);
        let keys = keys.expression_attribute_names("#w", "ward").expression_attribute_names("#n", "name");
        let batch = door.client.batch_get_item().request_items(&world.people, keys.build().unwrap());
        assert_eq!(send!(door, batch).unwrap().responses.unwrap()[&world.people], [projected()]);

        // Where nobody seals, DynamoDB projects itself.
        send!(door, door.client.put_item().table_name(&world.plain).set_item(Some(plain("ada")))).unwrap();
        let get = door.client.get_item().table_name(&world.plain).key("id", s("ada")).projection_expression("seen");
        assert_eq!(send!(door, get).unwrap().item.unwrap(), sdk_item([("seen", n(0))]));
    })
    .await;
}

#[tokio::test]
async fn projections_of_pages_share_names_with_conditions() {
    everywhere(async |world, door| {
        world.put_person("ada", 1).await;
        world.put_person("ada", 2).await;
        // `#w` is the filter's and the projection's, `#n` the projection's alone.
        let scan = door.client.scan().table_name(&world.people).projection_expression(PROJECTION);
        let scan = scan.filter_expression("#w = :w AND nr = :one").expression_attribute_names("#w", "ward");
        let scan = scan.expression_attribute_names("#n", "name");
        let scan = scan.expression_attribute_values(":w", s("north")).expression_attribute_values(":one", n(1));
        for scan in [scan.clone(), scan.select(Select::SpecificAttributes)] {
            assert_eq!(send!(door, scan).unwrap().items.unwrap(), [projected()]);
        }

        let query = door.client.query().table_name(&world.people).projection_expression("#id, notes, chart.#n, gone");
        let query = query.key_condition_expression("#id = :id").expression_attribute_names("#id", "id");
        let query = query.expression_attribute_names("#n", "name").expression_attribute_values(":id", s("ada"));
        let expected = sdk_item([("id", s("ada")), ("notes", person("", 0).remove("notes").unwrap())]);
        for query in [query.clone(), query.select(Select::SpecificAttributes)] {
            let items = send!(door, query).unwrap().items.unwrap();
            assert_eq!(items.into_iter().map(in_order).collect::<Vec<_>>(), [expected.clone(), expected.clone()]);
        }
    })
    .await;
}

#[tokio::test]
async fn counts() {
    everywhere(async |world, door| {
        world.put_person("ada", 1).await;
        world.put_person("ada", 2).await;
        let scan = door.client.scan().table_name(&world.people).select(Select::Count);
        let output = send!(door, scan.clone()).unwrap();
        assert_eq!((output.count, output.scanned_count), (2, 2));
        assert!(output.items.unwrap_or_default().is_empty());
        let scan = scan.filter_expression("nr = :nr").expression_attribute_values(":nr", n(2));
        let output = send!(door, scan).unwrap();
        assert_eq!((output.count, output.scanned_count), (1, 2));
        let query = door.client.query().table_name(&world.people).select(Select::Count);
        let query = query.key_condition_expression("id = :id").expression_attribute_values(":id", s("ada"));
        assert_eq!(send!(door, query).unwrap().count, 2);
    })
    .await;
}

#[tokio::test]
async fn old_values_of_puts_and_deletes() {
    everywhere(async |world, door| {
        let put = |returned: ReturnValue| {
            let put = door.client.put_item().table_name(&world.people).set_item(Some(person("ada", 1)));
            put.return_values(returned)
        };
        assert_eq!(send!(door, put(ReturnValue::AllOld)).unwrap().attributes.filter(|old| !old.is_empty()), None);
        assert_eq!(send!(door, put(ReturnValue::None)).unwrap().attributes.filter(|old| !old.is_empty()), None);
        let old = send!(door, put(ReturnValue::AllOld)).unwrap().attributes.unwrap();
        assert_eq!(in_order(old), person("ada", 1));

        let delete = |returned: ReturnValue| {
            let delete = door.client.delete_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
            delete.return_values(returned)
        };
        let old = send!(door, delete(ReturnValue::AllOld)).unwrap().attributes.unwrap();
        assert_eq!(in_order(old), person("ada", 1));
        assert_eq!(send!(door, delete(ReturnValue::AllOld)).unwrap().attributes.filter(|old| !old.is_empty()), None);
        assert_eq!(send!(door, delete(ReturnValue::None)).unwrap().attributes.filter(|old| !old.is_empty()), None);
    })
    .await;
}

#[tokio::test]
async fn values_that_updates_return() {
    everywhere(async |world, door| {
        world.put_person("ada", 1).await;
        let update = |seen: i64, returned: ReturnValue| {
            let update = door.client.update_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
            let update = update.update_expression("SET seen = :s").expression_attribute_values(":s", n(seen));
            update.condition_expression("attribute_exists(id)").return_values(returned)
        };
        let with = |seen: i64| {
            let mut item = person("ada", 1);
            item.insert("seen".to_owned(), n(seen));
            item
        };
        let returned = send!(door, update(1, ReturnValue::None)).unwrap().attributes;
        assert!(returned.unwrap_or_default().is_empty());
        let returned = send!(door, update(2, ReturnValue::AllOld)).unwrap().attributes.unwrap();
        assert_eq!(in_order(returned), with(1));
        let returned = send!(door, update(3, ReturnValue::AllNew)).unwrap().attributes.unwrap();
        assert_eq!(in_order(returned), with(3));
        let returned = send!(door, update(4, ReturnValue::UpdatedOld)).unwrap().attributes.unwrap();
        assert_eq!(returned, sdk_item([("seen", n(3))]));
        let returned = send!(door, update(5, ReturnValue::UpdatedNew)).unwrap().attributes.unwrap();
        assert_eq!(returned, sdk_item([("seen", n(5))]));
    })
    .await;
}

/// A server that returns more than was updated: sealed or forged, it is not handed over.
#[tokio::test]
async fn signed_attributes_among_updated_ones_are_not_handed_over() {
    let (client, _) = answering(200, &json!({"Attributes": {"seen": {"N": "1"}, "ward": {"S": "forged"}}}));
    let sealer = Sealer::of_table(people_table("people", PlaintextPolicy::default(), aes(1)));
    for door in doors(&client, &sealer) {
        for returned in [ReturnValue::UpdatedNew, ReturnValue::UpdatedOld, ReturnValue::None] {
            let update = door.client.update_item().table_name("people").set_key(Some(person_key("ada", 1)));
            let update = update.update_expression("SET seen = :s").expression_attribute_values(":s", n(1));
            let error =
                send!(door, update.condition_expression("attribute_exists(id)").return_values(returned)).unwrap_err();
            let reason = operation_error(&error).unwrap();
            assert!(matches!(reason.refusal(), Refusal::SignedInResponse { name } if name == "ward"), "{reason}");
        }
    }
}

fn all_old() -> ReturnValuesOnConditionCheckFailure {
    ReturnValuesOnConditionCheckFailure::AllOld
}

/// The item of an exception, opened; and what else the exception says is as it was sent.
macro_rules! failed_item {
    ($world:expr, $door:expr, $builder:expr, $exception:path) => {{
        let error = send!($door, $builder).unwrap_err();
        assert_eq!(error.code(), Some("ConditionalCheckFailedException"));
        assert_eq!(error.message(), Some("The conditional request failed"));
        assert!(operation_error(&error).is_none(), "{error:?}");
        assert!(error.raw_response().is_some_and(|response| response.status().as_u16() == 400));
        let SdkError::ServiceError(context) = error else { panic!("{error:?}") };
        let $exception(exception) = context.into_err() else { panic!("another error") };
        assert_eq!(exception.message(), Some("The conditional request failed"));
        exception.item.map(in_order)
    }};
}

#[tokio::test]
async fn items_of_failed_conditions() {
    use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
    use aws_sdk_dynamodb::operation::put_item::PutItemError;
    use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

    everywhere(async |world, door| {
        let item = world.put_person("ada", 1).await;
        let put = door.client.put_item().table_name(&world.people).set_item(Some(person("ada", 1)));
        let put = put.condition_expression("attribute_not_exists(id)");
        let update = door.client.update_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
        let update = update.update_expression("SET seen = :s").expression_attribute_values(":s", n(7));
        let update = update.condition_expression("seen = :s");
        let delete = door.client.delete_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
        let delete = delete.condition_expression("seen = :s").expression_attribute_values(":s", n(7));

        for returned in [None, Some(all_old())] {
            let expected = returned.as_ref().map(|_| item.clone());
            let put = put.clone().set_return_values_on_condition_check_failure(returned.clone());
            assert_eq!(failed_item!(world, door, put, PutItemError::ConditionalCheckFailedException), expected);
            let update = update.clone().set_return_values_on_condition_check_failure(returned.clone());
            assert_eq!(failed_item!(world, door, update, UpdateItemError::ConditionalCheckFailedException), expected);
            let delete = delete.clone().set_return_values_on_condition_check_failure(returned);
            assert_eq!(failed_item!(world, door, delete, DeleteItemError::ConditionalCheckFailedException), expected);
        }
        world.assert_sealed(1, 0).await;
    })
    .await;
}

/// Code, message, request id and status are DynamoDB's, whatever was opened in between.
#[tokio::test]
async fn errors_of_dynamodb_stay_as_they_are() {
    let policy = PlaintextPolicy::default();
    let sealer = Sealer::of_table(people_table("people", policy, aes(1)));
    for (code, status) in [("ResourceNotFoundException", 400), ("ValidationException", 400)] {
        let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "a reason"});
        let (client, log) = answering(status, &body);
        for door in doors(&client, &sealer) {
            let put = door.client.put_item().table_name("people").set_item(Some(person("ada", 1)));
            let error = send!(door, put).unwrap_err();
            assert_eq!((error.code(), error.message()), (Some(code), Some("a reason")));
            assert!(operation_error(&error).is_none());
            assert_eq!(log.take().len(), 1);
        }
    }
}

/// The item in a response belongs to nobody, or was changed: the caller hears of that, and gets nothing of it.
#[tokio::test]
async fn an_exception_with_an_item_that_does_not_open() {
    let answer = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
        "Item": {"id": {"S": "ada"}, "nr": {"N": "1"}, "diagnosis": {"S": "forged"}},
    });
    let (client, _) = answering(400, &answer);
    let sealer = Sealer::of_table(people_table("people", PlaintextPolicy::default(), aes(1)));
    for door in doors(&client, &sealer) {
        let put = door.client.put_item().table_name("people").set_item(Some(person("ada", 1)));
        let put =
            put.condition_expression("attribute_not_exists(id)").return_values_on_condition_check_failure(all_old());
        let error = send!(door, put).unwrap_err();
        let reason = operation_error(&error).unwrap();
        assert!(matches!(reason.item().unwrap().kind(), ErrorKind::NotSealed { .. }), "{reason}");
        assert!(!common::text(&error).contains("forged"), "{error:?}");
    }
}

fn entries(world: &World) -> [TransactWriteItem; 4] {
    let key = || Some(person_key("ada", 1));
    let check = ConditionCheck::builder().table_name(&world.people).set_key(key());
    let check =
        check.condition_expression("attribute_not_exists(id)").return_values_on_condition_check_failure(all_old());
    let put = Put::builder().table_name(&world.orders).set_item(Some(order(7)));
    let put = put.condition_expression("attribute_not_exists(order_id)");
    let put = put.return_values_on_condition_check_failure(all_old());
    let delete = Delete::builder().table_name(&world.plain).key("id", s("ada"));
    let delete =
        delete.condition_expression("attribute_not_exists(id)").return_values_on_condition_check_failure(all_old());
    let update = Update::builder().table_name(&world.people).set_key(Some(person_key("bob", 1)));
    let update = update.update_expression("SET seen = :s").condition_expression("seen = :s");
    let update = update.expression_attribute_values(":s", n(7)).return_values_on_condition_check_failure(all_old());
    [
        TransactWriteItem::builder().condition_check(check.build().unwrap()).build(),
        TransactWriteItem::builder().put(put.build().unwrap()).build(),
        TransactWriteItem::builder().delete(delete.build().unwrap()).build(),
        TransactWriteItem::builder().update(update.build().unwrap()).build(),
    ]
}

#[tokio::test]
async fn items_of_cancelled_transactions() {
    use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;

    everywhere(async |world, door| {
        world.put_person("ada", 1).await;
        world.put_person("bob", 1).await;
        send!(door, door.client.put_item().table_name(&world.orders).set_item(Some(order(7)))).unwrap();
        send!(door, door.client.put_item().table_name(&world.plain).set_item(Some(plain("ada")))).unwrap();
        let writes = door.client.transact_write_items().set_transact_items(Some(entries(&world).to_vec()));
        let error = send!(door, writes).unwrap_err();
        assert_eq!(error.code(), Some("TransactionCanceledException"));
        let SdkError::ServiceError(context) = error else { panic!("{error:?}") };
        let TransactWriteItemsError::TransactionCanceledException(canceled) = context.into_err() else {
            panic!("another error")
        };
        let reasons = canceled.cancellation_reasons.unwrap();
        assert!(reasons.iter().all(|reason| reason.code() == Some("ConditionalCheckFailed")), "{reasons:?}");
        let items: Vec<_> = reasons.into_iter().map(|reason| reason.item.map(in_order)).collect();
        let expected = [person("ada", 1), order(7), plain("ada"), person("bob", 1)];
        assert_eq!(items, expected.map(Some));
        world.assert_sealed(2, 1).await;
    })
    .await;
}

/// The database, but it has time for some entries only, and spells numbers in its own way.
fn busy(client: &Client, kept_back: &'static str) -> Client {
    let (client, _) = tapped(client, move |operation, request, answer| {
        let place = match operation {
            "BatchWriteItem" => "UnprocessedItems",
            "BatchGetItem" => "UnprocessedKeys",
            _ => return,
        };
        let unprocessed: serde_json::Map<String, Value> = request["RequestItems"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(table, _)| table.starts_with(kept_back) || kept_back.is_empty())
            .map(|(table, entries)| (table.clone(), other_spelling(entries)))
            .collect();
        answer[place] = Value::Object(unprocessed);
    });
    client
}

/// 7 is 7.00, is 700e-2.
fn other_spelling(value: &Value) -> Value {
    match value {
        Value::Object(map) => match map.get("N") {
            Some(Value::String(number)) => json!({"N": format!("{number}00e-2")}),
            _ => Value::Object(map.iter().map(|(name, value)| (name.clone(), other_spelling(value))).collect()),
        },
        Value::Array(list) => list.iter().map(other_spelling).collect(),
        other => other.clone(),
    }
}

fn put_request(item: SdkItem) -> WriteRequest {
    WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build().unwrap()).build()
}

#[tokio::test]
async fn unprocessed_items_are_the_callers_own() {
    everywhere(async |world, door| {
        let door = Door { client: busy(&door.client, ""), ..door };
        let delete = aws_sdk_dynamodb::types::DeleteRequest::builder().set_key(Some(person_key("gone", 1)));
        let delete = WriteRequest::builder().delete_request(delete.build().unwrap()).build();
        let people = vec![put_request(person("ada", 7)), delete, put_request(person("ada", 8))];
        let writes = door
            .client
            .batch_write_item()
            .request_items(&world.people, people)
            .request_items(&world.orders, vec![put_request(order(7)), put_request(order(77))])
            .request_items(&world.plain, vec![put_request(plain("ada"))]);
        let unprocessed = send!(door, writes).unwrap().unprocessed_items.unwrap();
        let items = |table: &str| -> Vec<SdkItem> {
            unprocessed[table].iter().filter_map(|write| Some(write.put_request()?.item().clone())).collect()
        };
        assert_eq!(items(&world.people), [person("ada", 7), person("ada", 8)]);
        assert_eq!(items(&world.orders), [order(7), order(77)]);
        assert_eq!(items(&world.plain)[0]["diagnosis"], plain("ada")["diagnosis"]);
        assert!(unprocessed[&world.people][1].delete_request().is_some());
        world.assert_sealed(2, 2).await;

        // As callers do: send again what came back.
        let again = door.client.batch_write_item().set_request_items(Some(unprocessed.clone()));
        send!(door, again).unwrap();
        world.assert_sealed(2, 2).await;
    })
    .await;
}

#[tokio::test]
async fn unprocessed_keys_are_the_callers_own() {
    everywhere(async |world, door| {
        world.put_person("ada", 1).await;
        let door = Door { client: busy(&door.client, "people"), ..door };
        let keys = KeysAndAttributes::builder().keys(person_key("ada", 1)).projection_expression(PROJECTION);
        let keys = keys.expression_attribute_names("#w", "ward").expression_attribute_names("#n", "name");
        let keys = keys.consistent_read(true).build().unwrap();
        let batch = door.client.batch_get_item().request_items(&world.people, keys.clone());
        let output = send!(door, batch).unwrap();
        assert_eq!(output.responses.unwrap()[&world.people], [projected()]);
        let unprocessed = output.unprocessed_keys.unwrap();
        let back = &unprocessed[&world.people];
        assert_eq!(back.projection_expression(), keys.projection_expression());
        assert_eq!(back.expression_attribute_names(), keys.expression_attribute_names());
        assert_eq!(back.consistent_read(), Some(true));

        // ministack takes 1 and 100e-2 for two keys.
        if !world.db.is_ministack() {
            let again = door.client.batch_get_item().set_request_items(Some(unprocessed.clone()));
            assert_eq!(send!(door, again).unwrap().responses.unwrap()[&world.people], [projected()]);
        }
    })
    .await;
}

/// A response that gives items of a sealed table under another of its names would get past everything.
#[tokio::test]
async fn items_under_another_spelling_of_the_tables_name_are_not_handed_over_unopened() {
    let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/people";
    let forged = json!([{"id": {"S": "ada"}, "nr": {"N": "1"}, "ward": {"S": "forged"}}]);
    let sealer = Sealer::of_table(people_table("people", PlaintextPolicy::default(), aes(1)));
    for (asked, answered) in [("people", arn), (arn, "people")] {
        let (client, _) = answering(200, &json!({"Responses": {answered: forged.clone()}}));
        for door in doors(&client, &sealer) {
            let keys = KeysAndAttributes::builder().keys(person_key("ada", 1)).build().unwrap();
            let sent = send!(door, door.client.batch_get_item().request_items(asked, keys));
            let why = common::text(&sent.expect_err(door.name));
            assert!(!why.contains("forged"), "{}: {why}", door.name);
        }
    }
}

#[tokio::test]
async fn unprocessed_items_that_were_not_in_the_request() {
    let stranger = json!({"PutRequest": {"Item": {"id": {"S": "stranger"}, "nr": {"N": "1"}}}});
    let (client, _) = answering(200, &json!({"UnprocessedItems": {"people": [stranger]}}));
    let sealer = Sealer::of_table(people_table("people", PlaintextPolicy::default(), aes(1)));
    for door in doors(&client, &sealer) {
        let writes = door.client.batch_write_item().request_items("people", vec![put_request(person("ada", 1))]);
        let error = send!(door, writes).unwrap_err();
        assert!(matches!(operation_error(&error).unwrap().refusal(), Refusal::UnknownItem));
    }
}

#[tokio::test]
async fn transactions_with_too_few_or_too_many_answers() {
    for answer in [json!({"Responses": []}), json!({"Responses": [{}, {}]}), json!({})] {
        let (client, _) = answering(200, &answer);
        let sealer = Sealer::of_table(people_table("people", PlaintextPolicy::default(), aes(1)));
        for door in doors(&client, &sealer) {
            let get = Get::builder().table_name("people").set_key(Some(person_key("ada", 1))).build().unwrap();
            let get = TransactGetItem::builder().get(get).build();
            let error = send!(door, door.client.transact_get_items().transact_items(get)).unwrap_err();
            assert!(matches!(operation_error(&error).unwrap().refusal(), Refusal::Count { expected: 1, .. }));
        }
    }
}

/// What is not understood can not be verified.
#[tokio::test]
async fn values_of_a_type_that_nobody_knows() {
    let item = json!({"id": {"S": "ada"}, "nr": {"N": "1"}, "ward": {"Quaternion": "x"}});
    let (client, _) = answering(200, &json!({"Item": item}));
    let sealer = Sealer::of_table(people_table("people", PlaintextPolicy::default(), aes(1)));
    for door in doors(&client, &sealer) {
        let get = |table: &str| door.client.get_item().table_name(table).set_key(Some(person_key("ada", 1)));
        let error = send!(door, get("people")).unwrap_err();
        let reason = operation_error(&error).unwrap();
        assert!(matches!(reason.refusal(), Refusal::UnknownType { name } if name == "ward"), "{reason}");
        send!(door, get("plain")).unwrap();
    }
}

#[tokio::test]
async fn consumed_capacity_is_dynamodbs_word() {
    let capacity = json!({"TableName": "people", "CapacityUnits": 2.5, "Table": {"CapacityUnits": 2.5}});
    let answer = json!({"ConsumedCapacity": capacity, "Count": 3, "ScannedCount": 4});
    let (client, log) = answering(200, &answer);
    let sealer = Sealer::new(["people", "orders"].map(|name| match name {
        "people" => people_table(name, PlaintextPolicy::default(), aes(1)),
        _ => orders_table(name, PlaintextPolicy::default(), aes(2)),
    }));
    for door in doors(&client, &sealer.unwrap()) {
        let total = ReturnConsumedCapacity::Total;
        let put = door.client.put_item().table_name("people").set_item(Some(person("ada", 1)));
        let units = send!(door, put.return_consumed_capacity(total.clone())).unwrap().consumed_capacity.unwrap();
        assert_eq!((units.capacity_units(), units.table_name()), (Some(2.5), Some("people")));
        let scan = door.client.scan().table_name("people").return_consumed_capacity(total.clone());
        let output = send!(door, scan).unwrap();
        assert_eq!(output.consumed_capacity.unwrap().table().unwrap().capacity_units(), Some(2.5));
        assert_eq!((output.count, output.scanned_count), (3, 4));
        let get = door.client.get_item().table_name("people").set_key(Some(person_key("ada", 1)));
        let units = send!(door, get.return_consumed_capacity(total)).unwrap().consumed_capacity.unwrap();
        assert_eq!(units.capacity_units(), Some(2.5));
        // The wish for it goes out, too.
        assert!(log.take().iter().all(|(_, body)| body["ReturnConsumedCapacity"] == "TOTAL"));
    }
}

/// The SDK gives the request's id where the response had one.
#[tokio::test]
async fn an_answer_keeps_what_else_the_sdk_says_of_it() {
    let world = World::new(&Database::embedded()).await;
    world.put_person("ada", 1).await;
    for door in world.doors() {
        let plain = door.client.get_item().table_name(&world.plain).key("id", s("ada"));
        let sealed = door.client.get_item().table_name(&world.people).set_key(Some(person_key("ada", 1)));
        let expected = world.db.client.get_item().table_name(&world.plain).key("id", s("ada")).send().await.unwrap();
        assert_eq!(send!(door, plain).unwrap().request_id(), expected.request_id());
        assert_eq!(send!(door, sealed).unwrap().request_id(), expected.request_id());
    }
}
