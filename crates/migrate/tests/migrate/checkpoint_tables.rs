//! The table of checkpoints: made once, by whoever comes first, and waited for; what else DynamoDB says is an error.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use dynaseal_core::AttributeValue;
use dynaseal_local::{Dynoxide, Engine, Reply};
use dynaseal_migrate::{Checkpoint as _, TableCheckpoint};
use serde_json::{Value, json};

use crate::world::*;

const JOBS: &str = "jobs";

async fn open_checkpoint(client: &aws_sdk_dynamodb::Client) -> Result<TableCheckpoint, String> {
    TableCheckpoint::open(client.clone(), JOBS, "one").await.map_err(|error| text(&error))
}

fn create() -> Value {
    json!({
        "TableName": JOBS, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "job", "AttributeType": "S"}, {"AttributeName": "part", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "job", "KeyType": "HASH"}, {"AttributeName": "part", "KeyType": "RANGE"}],
    })
}

/// Says a few times that the table is being made.
#[derive(Debug)]
struct Slow {
    inner: Dynoxide,
    left: AtomicUsize,
}

impl Engine for Slow {
    fn call(&self, operation: &str, body: &str) -> Reply {
        let mut reply = self.inner.call(operation, body);
        let is_made = operation == "DescribeTable" && reply.status == 200;
        if is_made && self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
            let mut body: Value = serde_json::from_str(&reply.body).unwrap();
            body["Table"]["TableStatus"] = "CREATING".into();
            reply.body = body.to_string();
        }
        reply
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_being_made_is_waited_for() {
    let inner = Dynoxide::memory().unwrap();
    let client = dynaseal_local::client(Slow { inner, left: AtomicUsize::new(4) });
    let begun = tokio::time::Instant::now();
    let checkpoint = open_checkpoint(&client).await.unwrap();
    // Half a second each time, the first after it was made.
    assert!(begun.elapsed() >= std::time::Duration::from_millis(2500), "{:?}", begun.elapsed());
    assert_eq!(checkpoint.load("job").await.unwrap(), None);

    let inner = Dynoxide::memory().unwrap();
    let client = dynaseal_local::client(Slow { inner, left: AtomicUsize::new(1000) });
    let error = open_checkpoint(&client).await.unwrap_err();
    assert!(error.contains("is still not there"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_table_that_cannot_be_looked_at_is_not_made() {
    let world = World::new();
    world.at_the_line(|_, call| match call.is("DescribeTable") {
        true => Act::Refuse(400, "AccessDeniedException"),
        false => Act::Pass,
    });
    let error = open_checkpoint(&world.client).await.unwrap_err();
    assert!(error.contains("can not be found") && error.contains("AccessDenied"), "{error}");
    assert_eq!(world.count("CreateTable"), 0);
}

#[tokio::test(start_paused = true)]
async fn two_processes_may_make_the_table_at_once() {
    let world = World::new();
    world.at_the_line(|db, call| {
        if call.is("CreateTable") {
            db.call("CreateTable", &create());
            return Act::Refuse(400, "ResourceInUseException");
        }
        Act::Pass
    });
    let checkpoint = open_checkpoint(&world.client).await.unwrap();
    assert_eq!(checkpoint.load("job").await.unwrap(), None);
    assert_eq!(world.count("CreateTable"), 1);

    let world = World::new();
    world.at_the_line(|_, call| match call.is("CreateTable") {
        true => Act::Refuse(400, "LimitExceededException"),
        false => Act::Pass,
    });
    let error = open_checkpoint(&world.client).await.unwrap_err();
    assert!(error.contains("can not be made") && error.contains("LimitExceeded"), "{error}");
}

/// Two processes begin one job: the first text stays, and both are told of it.
#[tokio::test]
async fn a_text_that_another_process_just_kept_is_not_replaced() {
    let world = World::new();
    let checkpoint = open_checkpoint(&world.client).await.unwrap();
    world.at_the_line(|db, call| {
        if call.is("PutItem") {
            let theirs = item([("job", "one".into()), ("part", "job".into()), ("text", "theirs".into())]);
            db.call("PutItem", &json!({"TableName": JOBS, "Item": to_json(&theirs)}));
        }
        Act::Pass
    });
    assert_eq!(checkpoint.begin("job", "ours".to_owned()).await.unwrap(), "theirs");
    world.nobody_at_the_line();
    assert_eq!(checkpoint.load("job").await.unwrap().as_deref(), Some("theirs"));
    // What is no checkpoint is not taken for none.
    let odd = item([("job", "one".into()), ("part", "job".into()), ("text", AttributeValue::N("1".to_owned()))]);
    world.db.call("PutItem", &json!({"TableName": JOBS, "Item": to_json(&odd)}));
    assert!(text(&checkpoint.load("job").await.unwrap_err()).contains("has no checkpoints"));
}
