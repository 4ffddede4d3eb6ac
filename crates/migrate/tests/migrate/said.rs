//! What DynamoDB says to a write: no value is repeated, and a transaction that was called off is done again where that helps.

use std::sync::Mutex;

use dynaseal_core::AttributeValue;
use dynaseal_local::{Dynoxide, Engine, Reply};
use dynaseal_migrate::{Keys, Migration, Source, Target};
use serde_json::{Value, json};

use crate::attributes::{columns, root_keys};
use crate::world::*;

/// Answers the first requests of one operation by itself.
#[derive(Debug)]
struct First {
    inner: Dynoxide,
    operation: &'static str,
    replies: Mutex<Vec<Value>>,
}

impl Engine for First {
    fn call(&self, operation: &str, body: &str) -> Reply {
        let reply = if operation == self.operation { self.replies.lock().unwrap().pop() } else { None };
        match reply {
            Some(reply) => Reply { status: 400, body: reply.to_string() },
            None => self.inner.call(operation, body),
        }
    }
}

async fn client(
    key: (&str, &str),
    item: &dynaseal_core::Item,
    operation: &'static str,
    replies: &[Value],
) -> aws_sdk_dynamodb::Client {
    let inner = Dynoxide::memory().unwrap();
    let create = json!({
        "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key.0, "AttributeType": key.1}],
        "KeySchema": [{"AttributeName": key.0, "KeyType": "HASH"}],
    });
    assert_eq!(inner.call("CreateTable", &create.to_string()).status, 200);
    let put = json!({"TableName": TABLE, "Item": to_json(item)});
    assert_eq!(inner.call("PutItem", &put.to_string()).status, 200);
    let replies = Mutex::new(replies.iter().rev().cloned().collect());
    dynaseal_local::client(First { inner, operation, replies })
}

fn refusal(kind: &str, message: &str) -> Value {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": message})
}

#[tokio::test]
async fn what_dynamodb_repeats_of_a_value_is_not_repeated() {
    let message =
        format!("One or more parameter values were invalid: {SECRET} 1 is not allowed, nor is {SECRET} ward 1");
    let client = client(("id", "S"), &person(1), "UpdateItem", &[refusal("ValidationException", &message)]).await;
    let target = Target::records(table(1)).unwrap();
    let migration = Migration::new(client, TABLE, Source::default().plain(), target, options());
    // `sums` looks for the secret in all of the report.
    let report = run(&migration).await;
    assert_eq!(sums(&report), [0, 0, 1, 0]);
    assert!(report.refused[0].key.contains("p-1"), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_move_that_was_called_off_is_done_again_or_refused_by_its_reason() {
    let canceled = |first: &str, second: &str| {
        let mut reply = refusal("TransactionCanceledException", "Transaction cancelled");
        reply["CancellationReasons"] = json!([{"Code": first, "Message": "no"}, {"Code": second, "Message": "no"}]);
        reply
    };
    let old = item([("address", AttributeValue::B(vec![1])), ("text", SECRET.into())]);
    for (code, expected) in [
        ("TransactionConflict", [1, 0, 0, 0]),
        ("ProvisionedThroughputExceeded", [1, 0, 0, 0]),
        ("ThrottlingError", [1, 0, 0, 0]),
        ("ValidationError", [0, 0, 1, 0]),
    ] {
        for (first, second) in [(code, "None"), ("None", code)] {
            let client = client(("address", "B"), &old, "TransactWriteItems", &[canceled(first, second)]).await;
            let target = Target::attributes(columns(&root_keys(1)), Keys::new("address", None));
            let migration = Migration::new(client, TABLE, Source::default().plain(), target, options());
            assert_eq!(sums(&run(&migration).await), expected, "{first} {second}");
        }
    }
    let taken = [canceled("None", "ConditionalCheckFailed")];
    let client = client(("address", "B"), &old, "TransactWriteItems", &taken).await;
    let target = Target::attributes(columns(&root_keys(1)), Keys::new("address", None));
    let report = run(&Migration::new(client, TABLE, Source::default().plain(), target, options())).await;
    assert_eq!(sums(&report), [0, 0, 1, 0]);
    assert!(report.refused[0].reason.contains("an item with the key that it would get is there already"), "{report:?}");
}
