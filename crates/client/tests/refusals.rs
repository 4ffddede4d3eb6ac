//! What would write plaintext, break a signature or ask about what can not be read is refused through every door, with a
//! reason, and nothing is sent: expressions and legacy parameters. For other ways around see `detours.rs`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeAction, AttributeValueUpdate, ComparisonOperator, Condition, ConditionCheck, ConditionalOperator, Delete,
    DeleteRequest, ExpectedAttributeValue, Get, KeysAndAttributes, Put, PutRequest, TransactGetItem, TransactWriteItem,
    Update, WriteRequest,
};
use common::line::{Line, passes, refused};
use common::{n, person, person_key, plain, s};
use dynaseal_client::{SealedPages, SealedPartitions, SendSealed};

fn expected() -> ExpectedAttributeValue {
    ExpectedAttributeValue::builder().exists(false).build()
}

fn condition() -> Condition {
    let condition = Condition::builder().comparison_operator(ComparisonOperator::Eq);
    condition.attribute_value_list(s("ada")).build().unwrap()
}

fn and() -> ConditionalOperator {
    ConditionalOperator::And
}

#[tokio::test]
async fn legacy_parameters() {
    let line = Line::new();
    let of = |operation: &str, parameter: &str| {
        format!(
            "{operation} on the sealed table `people`: {parameter} is a legacy parameter and not supported on sealed tables: use expressions"
        )
    };
    let put = |client: &Client| client.put_item().table_name("people").set_item(Some(person("ada", 1)));
    assert_eq!(refused!(line, client => put(client).expected("id", expected())), of("PutItem", "Expected"));
    let reason = refused!(line, client => put(client).conditional_operator(and()));
    assert_eq!(reason, of("PutItem", "ConditionalOperator"));

    let delete = |client: &Client| client.delete_item().table_name("people").set_key(Some(person_key("ada", 1)));
    assert_eq!(refused!(line, client => delete(client).expected("id", expected())), of("DeleteItem", "Expected"));
    let reason = refused!(line, client => delete(client).conditional_operator(and()));
    assert_eq!(reason, of("DeleteItem", "ConditionalOperator"));

    let update = |client: &Client| client.update_item().table_name("people").set_key(Some(person_key("ada", 1)));
    let change = || AttributeValueUpdate::builder().action(AttributeAction::Put).value(s("s3cret")).build();
    let reason = refused!(line, client => update(client).attribute_updates("diagnosis", change()));
    assert_eq!(reason, of("UpdateItem", "AttributeUpdates"));
    assert_eq!(refused!(line, client => update(client).expected("id", expected())), of("UpdateItem", "Expected"));
    let reason = refused!(line, client => update(client).conditional_operator(and()));
    assert_eq!(reason, of("UpdateItem", "ConditionalOperator"));

    let get = |client: &Client| client.get_item().table_name("people").set_key(Some(person_key("ada", 1)));
    let reason = refused!(line, client => get(client).attributes_to_get("diagnosis"));
    assert_eq!(reason, of("GetItem", "AttributesToGet"));
    let keys = || KeysAndAttributes::builder().keys(person_key("ada", 1)).attributes_to_get("ward").build().unwrap();
    let reason = refused!(line, client => client.batch_get_item().request_items("people", keys()));
    assert_eq!(reason, of("BatchGetItem", "AttributesToGet"));

    let query = |client: &Client| client.query().table_name("people");
    assert_eq!(refused!(line, client => query(client).key_conditions("id", condition())), of("Query", "KeyConditions"));
    assert_eq!(refused!(line, client => query(client).query_filter("id", condition())), of("Query", "QueryFilter"));
    let reason = refused!(line, client => query(client).attributes_to_get("id"));
    assert_eq!(reason, of("Query", "AttributesToGet"));
    let reason = refused!(line, client => query(client).conditional_operator(and()));
    assert_eq!(reason, of("Query", "ConditionalOperator"));

    let scan = |client: &Client| client.scan().table_name("people");
    assert_eq!(refused!(line, client => scan(client).scan_filter("id", condition())), of("Scan", "ScanFilter"));
    assert_eq!(refused!(line, client => scan(client).attributes_to_get("id")), of("Scan", "AttributesToGet"));
    let reason = refused!(line, client => scan(client).conditional_operator(and()));
    assert_eq!(reason, of("Scan", "ConditionalOperator"));

    // Elsewhere they are nobody's business.
    passes!(line, client => client.scan().table_name("plain").scan_filter("diagnosis", condition()));
    passes!(line, client => client.put_item().table_name("plain").set_item(Some(plain("a"))).expected("id", expected()));
}

/// DynamoDB takes nothing else in a key, but by then it has been sent.
#[tokio::test]
async fn keys_with_more_than_key_attributes() {
    let line = Line::new();
    for name in ["diagnosis", "ward", "seen", "stranger", "aws_dbe_head"] {
        let key = || {
            let mut key = person_key("ada", 1);
            key.insert(name.to_owned(), s("s3cret"));
            key
        };
        let of = |operation: &str, parameter: &str| {
            format!(
                "{operation} on the sealed table `people`: {parameter}: `{name}` is no key attribute of the table, and its value would be sent as it is: leave it out"
            )
        };
        let get = |client: &Client| client.get_item().table_name("people").set_key(Some(key()));
        assert_eq!(refused!(line, client => get(client)), of("GetItem", "Key"));
        let delete = |client: &Client| client.delete_item().table_name("people").set_key(Some(key()));
        assert_eq!(refused!(line, client => delete(client)), of("DeleteItem", "Key"));
        let update = |client: &Client| {
            let update = client.update_item().table_name("people").set_key(Some(key()));
            update.update_expression("REMOVE seen").condition_expression("attribute_exists(id)")
        };
        assert_eq!(refused!(line, client => update(client)), of("UpdateItem", "Key"));
        let keys = || KeysAndAttributes::builder().keys(person_key("bob", 1)).keys(key()).build().unwrap();
        let reason = refused!(line, client => client.batch_get_item().request_items("people", keys()));
        assert_eq!(reason, of("BatchGetItem", "Keys"));
        let gone = || DeleteRequest::builder().set_key(Some(key())).build().unwrap();
        let gone = || vec![WriteRequest::builder().delete_request(gone()).build()];
        let reason = refused!(line, client => client.batch_write_item().request_items("people", gone()));
        assert_eq!(reason, of("BatchWriteItem", "Key"));
        let get = || Get::builder().table_name("people").set_key(Some(key())).build().unwrap();
        let get = || TransactGetItem::builder().get(get()).build();
        let reason = refused!(line, client => client.transact_get_items().transact_items(get()));
        assert_eq!(reason, of("TransactGetItems", "Key"));

        let update = || Update::builder().table_name("people").set_key(Some(key())).update_expression("REMOVE seen");
        let update = || update().condition_expression("attribute_exists(id)").build().unwrap();
        let delete = || Delete::builder().table_name("people").set_key(Some(key())).build().unwrap();
        let check = || ConditionCheck::builder().table_name("people").set_key(Some(key()));
        let check = || check().condition_expression("attribute_exists(id)").build().unwrap();
        for entry in [
            TransactWriteItem::builder().update(update()).build(),
            TransactWriteItem::builder().delete(delete()).build(),
            TransactWriteItem::builder().condition_check(check()).build(),
        ] {
            let reason = refused!(line, client => client.transact_write_items().transact_items(entry.clone()));
            assert_eq!(reason, of("TransactWriteItems", "Key"));
        }
        // Of other tables nothing is known.
        passes!(line, client => client.get_item().table_name("plain").set_key(Some(key())));
    }
}

/// It has the key of the table and, where an index is read, that of the index.
#[tokio::test]
async fn start_keys_with_what_is_no_key() {
    let line = Line::new();
    let start = |name: &str| {
        let mut start = person_key("ada", 1);
        start.insert(name.to_owned(), s("s3cret"));
        start
    };
    let query = |client: &Client| {
        let query = client.query().table_name("people").key_condition_expression("id = :id");
        query.expression_attribute_values(":id", s("ada"))
    };
    for name in ["diagnosis", "ward", "seen", "stranger", "aws_dbe_head", "aws_dbe_b_ward"] {
        let of = |operation: &str, of: &str| {
            format!(
                "{operation} on the sealed table `people`: ExclusiveStartKey: `{name}` is no key attribute of the table, and none that {of} can have, and its value would be sent as it is: give the LastEvaluatedKey of the page before (an index on an attribute that is being encrypted has no second page: read the table)"
            )
        };
        let without = "a key without an index";
        let reason = refused!(line, client => query(client).set_exclusive_start_key(Some(start(name))));
        assert_eq!(reason, of("Query", without));
        let scan = |client: &Client| client.scan().table_name("people").set_exclusive_start_key(Some(start(name)));
        assert_eq!(refused!(line, client => scan(client)), of("Scan", without));
        if ["diagnosis", "stranger", "aws_dbe_head"].contains(&name) {
            assert_eq!(refused!(line, client => scan(client).index_name("by-x")), of("Scan", "the key of an index"));
            let query = |client: &Client| query(client).index_name("by-x");
            let reason = refused!(line, client => query(client).set_exclusive_start_key(Some(start(name))));
            assert_eq!(reason, of("Query", "the key of an index"));
        } else {
            passes!(line, client => scan(client).index_name("by-x"));
        }
        // The streams of pages say it as well.
        let mut pages = query(&line.client).set_exclusive_start_key(Some(start(name))).sealed_pages(&line.sealer);
        pages.next().await.unwrap().unwrap_err();
        scan(&line.client).sealed_items(&line.sealer).next().await.unwrap().unwrap_err();
        scan(&line.client).sealed_pages_each(&line.sealer).next().await.unwrap().unwrap_err();
        query(&line.client)
            .set_exclusive_start_key(Some(start(name)))
            .sealed_partitions(&line.sealer)
            .next()
            .await
            .unwrap()
            .unwrap_err();
        assert_eq!(line.log.count(), 0);
    }
    passes!(line, client => query(client).set_exclusive_start_key(Some(person_key("ada", 1))));
}

/// A scan with a filter in which `#d` is `diagnosis`, if it is used, and every `:placeholder` has a value.
fn filtered(client: &Client, filter: &str) -> aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder {
    let mut scan = client.scan().table_name("people").filter_expression(filter);
    for (name, stands_for) in [
        ("#d", "diagnosis"),
        ("#w", "ward"),
        ("#keyword", "and"),
        ("#reserved", "aws_dbe_head"),
        ("#inner", "aws_dbe_x"),
    ] {
        if filter.contains(name) {
            scan = scan.expression_attribute_names(name, stands_for);
        }
    }
    for name in [":a", ":b"] {
        if filter.contains(name) {
            scan = scan.expression_attribute_values(name, s("s3cret-value"));
        }
    }
    scan
}

#[tokio::test]
async fn encrypted_attributes_in_filters_however_they_are_written() {
    let line = Line::new();
    for filter in [
        "diagnosis = :a",
        "diagnosis=:a",
        ":a = diagnosis",
        "#d <> :a",
        "#d[0].name = :a",
        "diagnosis.name[1] < :a",
        "size(diagnosis) = :a",
        "size ( #d ) = :a",
        "size(diagnosis.name) > :a",
        ":a IN (diagnosis, :b)",
        "diagnosis IN (:a)",
        "diagnosis in(:a,:b)",
        "ward IN (:a, #d)",
        "diagnosis BETWEEN :a AND :b",
        "ward BETWEEN diagnosis AND :b",
        "ward between :a and diagnosis",
        "begins_with(diagnosis, :a)",
        "contains(diagnosis, :a)",
        "contains(:a, diagnosis)",
        "attribute_type(diagnosis, :a)",
        "ward = :a AND NOT (seen = :b OR diagnosis = :a)",
        "NOT diagnosis = :a",
        "not(diagnosis=:a)",
        "(((diagnosis = :a)))",
        "ward = :a\tAND\ndiagnosis\r\n=\t:b",
        "\n\t diagnosis \t = :a ",
        "ward=:a AND(diagnosis)=:a",
        "attribute_exists(diagnosis) AND diagnosis = :a",
    ] {
        let reason = refused!(line, client => filtered(client, filter));
        assert_eq!(
            reason,
            "Scan on the sealed table `people`: FilterExpression: `diagnosis` is ENCRYPT_AND_SIGN, so DynamoDB can not look at it: filter after opening, or use update_sealed for conditions",
            "{filter}"
        );
    }
}

#[tokio::test]
async fn names_that_begin_with_keywords() {
    let line = Line::new();
    // `notes` is encrypted, and is not NOT with an `es` behind it.
    for filter in ["notes = :a", "NOT notes = :a", "ward = :a AND notes = :b", "contains(notes,:a)", "(notes) = :a"] {
        let reason = refused!(line, client => filtered(client, filter));
        assert!(reason.contains("`notes` is ENCRYPT_AND_SIGN"), "{filter}: {reason}");
    }
    let scan = |client: &Client, filter: &str| {
        let scan = client.scan().table_name("orders").filter_expression(filter);
        scan.expression_attribute_values(":a", s("x")).expression_attribute_values(":b", s("y"))
    };
    for filter in
        ["order_id = :a AND Andy = :b", "Andy=:a or order_note=:b", "NOT Andy = :a AND order_id<>:b", "Andy IN(:a,:b)"]
    {
        passes!(line, client => scan(client, filter));
    }
    for filter in ["Andy = :a AND card = :b", "order_id = :a OR card=:b", "order_note=:a AND NOT card=:b"] {
        let reason = refused!(line, client => scan(client, filter));
        assert!(reason.contains("`card` is ENCRYPT_AND_SIGN"), "{filter}: {reason}");
    }
}

#[tokio::test]
async fn what_dynamodb_can_read_passes() {
    let line = Line::new();
    for filter in [
        "ward = :a",
        "#w = :a",
        "seen BETWEEN :a AND :b",
        "diagnosis_of_another = :a",
        "ward.diagnosis = :a",
        "id = :a AND nr > :b",
    ] {
        passes!(line, client => filtered(client, filter));
    }
    let conditions = |client: &Client, condition: &str| {
        let put = client.put_item().table_name("people").set_item(Some(person("ada", 1)));
        put.condition_expression(condition)
    };
    for condition in ["attribute_not_exists(id)", "attribute_exists(ward)"] {
        passes!(line, client => conditions(client, condition));
    }
}

#[tokio::test]
async fn encrypted_attributes_in_every_kind_of_condition() {
    let line = Line::new();
    let text = |operation: &str, kind: &str| {
        format!("{operation} on the sealed table `people`: {kind}: `diagnosis` is ENCRYPT_AND_SIGN, so DynamoDB")
    };
    let key = || Some(person_key("ada", 1));
    macro_rules! starts {
        ($operation:literal, $kind:literal, $client:ident => $builder:expr) => {
            let reason = refused!(line, $client => $builder);
            assert!(reason.starts_with(&text($operation, $kind)), "{reason}");
        };
    }
    starts!("PutItem", "ConditionExpression", client => client.put_item().table_name("people")
        .set_item(Some(person("ada", 1))).condition_expression("diagnosis = :d").expression_attribute_values(":d", s("x")));
    starts!("DeleteItem", "ConditionExpression", client => client.delete_item().table_name("people").set_key(key())
        .condition_expression("#d = :d").expression_attribute_names("#d", "diagnosis").expression_attribute_values(":d", s("x")));
    starts!("UpdateItem", "ConditionExpression", client => client.update_item().table_name("people").set_key(key())
        .update_expression("SET seen = :d").condition_expression("attribute_exists(id) AND size(diagnosis) > :d")
        .expression_attribute_values(":d", n(1)));
    starts!("Query", "KeyConditionExpression", client => client.query().table_name("people")
        .key_condition_expression("id = :id AND diagnosis = :id").expression_attribute_values(":id", s("x")));
    starts!("Query", "KeyConditionExpression", client => client.query().table_name("people").index_name("by-d")
        .key_condition_expression("#d = :id AND begins_with(nr, :id)").expression_attribute_names("#d", "diagnosis")
        .expression_attribute_values(":id", s("x")));
    starts!("Query", "FilterExpression", client => client.query().table_name("people").key_condition_expression("id = :id")
        .filter_expression("contains(diagnosis, :id)").expression_attribute_values(":id", s("x")));

    let put =
        || Put::builder().table_name("people").set_item(Some(person("ada", 1))).condition_expression("diagnosis = :d");
    let put = || put().expression_attribute_values(":d", s("x")).build().unwrap();
    starts!("TransactWriteItems", "ConditionExpression", client => client.transact_write_items()
        .transact_items(TransactWriteItem::builder().put(put()).build()));
    let update = || {
        let update = Update::builder().table_name("people").set_key(key()).update_expression("SET seen = :d");
        let update = update.condition_expression("attribute_exists(id) AND diagnosis = :d");
        update.expression_attribute_values(":d", s("x")).build().unwrap()
    };
    starts!("TransactWriteItems", "ConditionExpression", client => client.transact_write_items()
        .transact_items(TransactWriteItem::builder().update(update()).build()));
    let delete =
        || Delete::builder().table_name("people").set_key(key()).condition_expression("attribute_type(diagnosis, :d)");
    let delete = || delete().expression_attribute_values(":d", s("S")).build().unwrap();
    starts!("TransactWriteItems", "ConditionExpression", client => client.transact_write_items()
        .transact_items(TransactWriteItem::builder().delete(delete()).build()));
    let check =
        || ConditionCheck::builder().table_name("people").set_key(key()).condition_expression("diagnosis.a = :d");
    let check = || check().expression_attribute_values(":d", s("x")).build().unwrap();
    starts!("TransactWriteItems", "ConditionExpression", client => client.transact_write_items()
        .transact_items(TransactWriteItem::builder().condition_check(check()).build()));
}

/// `attribute_exists` of an encrypted attribute is no question about its value: whatever is decided, it is decided the same
/// way everywhere.
#[tokio::test]
async fn the_presence_of_an_encrypted_attribute() {
    let line = Line::new();
    for filter in ["attribute_exists(diagnosis)", "attribute_not_exists(#d)"] {
        let reason = refused!(line, client => filtered(client, filter));
        assert!(reason.contains("`diagnosis` is ENCRYPT_AND_SIGN"), "{reason}");
    }
}

#[tokio::test]
async fn reserved_names_everywhere() {
    let line = Line::new();
    let key = || Some(person_key("ada", 1));
    for filter in [
        "aws_dbe_head = :a",
        "#reserved = :a",
        "attribute_exists(aws_dbe_foot)",
        "ward.aws_dbe_x = :a",
        "ward.#inner = :a",
        "size(aws_dbe_head) > :a",
        "aws_dbe_b_name = :a",
    ] {
        let reason = refused!(line, client => filtered(client, filter));
        assert!(reason.ends_with("starts with `aws_dbe_`, which is reserved"), "{filter}: {reason}");
    }
    macro_rules! reserved {
        ($start:literal, $client:ident => $builder:expr) => {
            let reason = refused!(line, $client => $builder);
            assert!(reason.starts_with($start), "{reason}");
            assert!(reason.ends_with("starts with `aws_dbe_`, which is reserved"), "{reason}");
        };
    }
    reserved!("PutItem on the sealed table `people`: ConditionExpression: `aws_dbe_head`", client => client.put_item()
        .table_name("people").set_item(Some(person("ada", 1))).condition_expression("attribute_not_exists(aws_dbe_head)"));
    for expression in ["SET aws_dbe_head = :v", "REMOVE aws_dbe_foot", "ADD #r :v", "SET seen = aws_dbe_head"] {
        let update = |client: &Client| {
            let update = client.update_item().table_name("people").set_key(key()).update_expression(expression);
            let update = update.condition_expression("attribute_exists(id)");
            let update =
                if expression.contains(":v") { update.expression_attribute_values(":v", n(1)) } else { update };
            if expression.contains("#r") { update.expression_attribute_names("#r", "aws_dbe_foot") } else { update }
        };
        reserved!("UpdateItem on the sealed table `people`: UpdateExpression: `aws_dbe_", client => update(client));
    }
    reserved!("Query on the sealed table `people`: KeyConditionExpression: `aws_dbe_b_ward`", client => client.query()
        .table_name("people").key_condition_expression("aws_dbe_b_ward = :w").expression_attribute_values(":w", s("x")));
    reserved!("GetItem on the sealed table `people`: ProjectionExpression: `aws_dbe_head`", client => client.get_item()
        .table_name("people").set_key(key()).projection_expression("ward, aws_dbe_head"));
    reserved!("Scan on the sealed table `people`: ProjectionExpression: `aws_dbe_foot`", client => client.scan()
        .table_name("people").projection_expression("#f").expression_attribute_names("#f", "aws_dbe_foot"));
    let keys = || KeysAndAttributes::builder().keys(person_key("ada", 1)).projection_expression("aws_dbe_head");
    reserved!("BatchGetItem on the sealed table `people`: ProjectionExpression: `aws_dbe_head`",
        client => client.batch_get_item().request_items("people", keys().build().unwrap()));
    let get =
        || Get::builder().table_name("people").set_key(key()).projection_expression("aws_dbe_head").build().unwrap();
    reserved!("TransactGetItems on the sealed table `people`: ProjectionExpression: `aws_dbe_head`",
        client => client.transact_get_items().transact_items(TransactGetItem::builder().get(get()).build()));

    // As attributes of items: whoever writes them might forge a record, or has sealed already.
    let with_head = || {
        let mut item = person("ada", 1);
        item.insert("aws_dbe_anything".to_owned(), s("x"));
        item
    };
    let put = || Put::builder().table_name("people").set_item(Some(with_head())).build().unwrap();
    let batch = || PutRequest::builder().set_item(Some(with_head())).build().unwrap();
    for reason in [
        refused!(line, client => client.put_item().table_name("people").set_item(Some(with_head()))),
        refused!(line, client => client.batch_write_item()
            .request_items("people", vec![WriteRequest::builder().put_request(batch()).build()])),
        refused!(line, client => client.transact_write_items()
            .transact_items(TransactWriteItem::builder().put(put()).build())),
    ] {
        assert!(reason.contains("item (id = \"ada\", nr = 1) of table `people` can not be sealed"), "{reason}");
    }

    passes!(line, client => client.scan().table_name("plain").filter_expression("attribute_exists(aws_dbe_head)"));
}

fn updating(
    client: &Client,
    expression: &str,
) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
    let mut update = client.update_item().table_name("people").set_key(Some(person_key("ada", 1)));
    update = update.update_expression(expression).condition_expression("attribute_exists(id)");
    for (name, stands_for) in [("#d", "diagnosis"), ("#tags", ":tags"), ("#set", "SET")] {
        if expression.contains(name) {
            update = update.expression_attribute_names(name, stands_for);
        }
    }
    if expression.contains(":v") { update.expression_attribute_values(":v", s("s3cret")) } else { update }
}

#[tokio::test]
async fn updates_of_signed_attributes_and_of_those_without_action() {
    let line = Line::new();
    let signed = |name: &str| {
        format!(
            "UpdateItem on the sealed table `people`: UpdateExpression: `{name}` is signed, and a plain UpdateItem would break the item's signature: use update_sealed, or put the whole item"
        )
    };
    for (expression, name) in [
        ("SET diagnosis = :v", "diagnosis"),
        ("SET #d = :v", "diagnosis"),
        ("set seen=:v,diagnosis=:v", "diagnosis"),
        ("SET chart.drugs[0] = :v", "chart"),
        ("SET seen = if_not_exists(seen, :v), #tags = list_append(#tags, diagnosis)", "diagnosis"),
        ("SET seen = ward", "ward"),
        ("SET seen = if_not_exists(ward, :v)", "ward"),
        ("REMOVE ward", "ward"),
        ("REMOVE seen, #tags[0], diagnosis", "diagnosis"),
        ("ADD notes :v", "notes"),
        ("DELETE notes :v", "notes"),
        ("SET seen = :v REMOVE ward", "ward"),
        ("\n SET\tseen\t=\t:v\r\n ADD\tnotes\t:v", "notes"),
        ("SET id = :v", "id"),
        ("SET nr = nr + :v", "nr"),
    ] {
        let reason = refused!(line, client => updating(client, expression));
        assert_eq!(reason, signed(name), "{expression}");
    }
    for (expression, name) in
        [("SET stranger = :v", "stranger"), ("REMOVE seen, seen_by", "seen_by"), ("SET #set = :v", "SET")]
    {
        let reason = refused!(line, client => updating(client, expression));
        assert_eq!(
            reason,
            format!(
                "UpdateItem on the sealed table `people`: UpdateExpression: `{name}` has no action, so readers would take it for signed and refuse the item: configure one, or make it unsigned (update_sealed can REMOVE it as a whole)"
            ),
            "{expression}"
        );
    }
    for expression in ["SET seen = :v", "SET #tags = :v REMOVE seen", "ADD seen :v", "SET #tags[1].diagnosis = :v"] {
        passes!(line, client => updating(client, expression));
    }

    let update = || {
        let update = Update::builder().table_name("people").set_key(Some(person_key("ada", 1)));
        let update = update.update_expression("SET ward = :v").expression_attribute_values(":v", s("s3cret"));
        update.condition_expression("attribute_exists(id)").build().unwrap()
    };
    let reason = refused!(line, client => client.transact_write_items()
        .transact_items(TransactWriteItem::builder().update(update()).build()));
    assert_eq!(reason, signed("ward").replace("UpdateItem on", "TransactWriteItems on"));
}

#[tokio::test]
async fn upserts() {
    let line = Line::new();
    let reason_of = |operation: &str| {
        format!(
            "{operation} on the sealed table `people`: it would create an unsealed item if there is none with this key: add `attribute_exists(id)` to the ConditionExpression, or use update_sealed"
        )
    };
    let update = |client: &Client, condition: Option<&str>| {
        let update = client.update_item().table_name("people").set_key(Some(person_key("ada", 1)));
        let update = update.update_expression("SET seen = :s").expression_attribute_values(":s", n(1));
        let update = update.set_condition_expression(condition.map(str::to_owned));
        let named = condition.is_some_and(|condition| condition.contains("#id"));
        if named { update.expression_attribute_names("#id", "id") } else { update }
    };
    let transaction = |condition: Option<&str>| {
        let update = Update::builder().table_name("people").set_key(Some(person_key("ada", 1)));
        let update = update.update_expression("SET seen = :s").expression_attribute_values(":s", n(1));
        let update = update.set_condition_expression(condition.map(str::to_owned));
        let named = condition.is_some_and(|condition| condition.contains("#id"));
        let update = if named { update.expression_attribute_names("#id", "id") } else { update };
        TransactWriteItem::builder().update(update.build().unwrap()).build()
    };
    for condition in [
        None,
        Some("attribute_not_exists(id)"),
        Some("attribute_not_exists(#id)"),
        Some("NOT attribute_exists(id)"),
        Some("attribute_not_exists(seen)"),
        Some("attribute_not_exists(seen) OR seen < :s"),
        Some("attribute_exists(id) OR attribute_not_exists(seen)"),
        Some("NOT seen = :s"),
        Some("NOT (attribute_exists(id) AND seen = :s)"),
        Some("NOT contains(ward, :s)"),
        Some(":s = :s OR attribute_exists(id)"),
        Some(":s IN (:s)"),
        Some("size(:s) < :s OR NOT size(seen) > :s"),
    ] {
        // DynamoDB refuses some of these itself; then so do we, for that reason.
        for (operation, reason) in [
            ("UpdateItem", refused!(line, client => update(client, condition))),
            (
                "TransactWriteItems",
                refused!(line, client => client.transact_write_items().transact_items(transaction(condition))),
            ),
        ] {
            let malformed = reason.contains("ConditionExpression: ") || reason.contains("ConditionExpression, byte");
            assert!(reason == reason_of(operation) || malformed, "{condition:?}: {reason}");
        }
    }
    // Not a single expression: the key alone would do to create an item.
    let touch = |client: &Client| client.update_item().table_name("people").set_key(Some(person_key("ada", 1)));
    assert_eq!(refused!(line, client => touch(client)), reason_of("UpdateItem"));

    for condition in [
        "attribute_exists(id)",
        "attribute_exists(#id)",
        "seen = :s",
        "seen <> :s AND attribute_exists(nr)",
        "seen BETWEEN :s AND :s",
        "contains(ward, :s) AND attribute_not_exists(gone)",
        "size(ward) > :s",
        "NOT attribute_not_exists(id)",
        "attribute_exists(id) AND (attribute_not_exists(seen) OR seen < :s)",
        "attribute_exists(seen) OR attribute_exists(ward)",
    ] {
        passes!(line, client => update(client, Some(condition)));
        passes!(line, client => client.transact_write_items().transact_items(transaction(Some(condition))));
    }
}
