//! What is sealed anew because that was asked for, and answers of a database that spells in its own way.

use std::sync::Arc;

use dynaseal_local::{Dynoxide, Engine, Reply};
use dynaseal_migrate::{Keys, Migration, Options, Source, Target};
use serde_json::{Value, json};

use crate::attributes::{own, root_keys};
use crate::world::*;

#[tokio::test]
async fn sealed_attributes_are_sealed_anew_and_retired_where_that_is_asked_for() {
    let world = World::new();
    world.people(3);
    let target = || Target::attributes(own(&root_keys(1)), Keys::new("id", None));
    let job = |target: Target, options: Options| {
        Migration::new(world.client.clone(), TABLE, Source::default().plain(), target, options)
    };
    assert_eq!(sums(&run(&job(target(), options())).await), [3, 0, 0, 0]);
    let before = world.all();
    assert_eq!(sums(&run(&job(target(), options())).await), [0, 3, 0, 0]);
    assert_eq!(world.all(), before);

    assert_eq!(sums(&run(&job(target(), options().reseal_all())).await), [3, 0, 0, 0]);
    let anew = world.all();
    for (key, old) in &before {
        let new = &anew[key];
        assert!(new["name"] != old["name"] && new["age"] != old["age"] && new["ward"] == old["ward"]);
    }

    let retiring = || target().dropping(["age"]).unwrap();
    assert_eq!(sums(&run(&job(retiring(), options())).await), [3, 0, 0, 0]);
    assert!(world.all().values().all(|item| !item.contains_key("age") && item.contains_key("name")));
    assert_eq!(sums(&run(&job(retiring(), options())).await), [0, 3, 0, 0]);

    let source = Source::default().sealed_attributes(own(&root_keys(1)));
    let back = Target::danger_plaintext(Keys::new("id", None));
    run(&Migration::new(world.client.clone(), TABLE, source, back, options())).await;
    for number in 0..3 {
        let mut expected = person(number);
        expected.remove("age");
        assert_eq!(world.db.get(&id(number)).unwrap(), expected);
    }
}

/// Changes the answers to scans.
struct Scans {
    inner: Arc<Dynoxide>,
    change: fn(&mut Value),
}

impl std::fmt::Debug for Scans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scans")
    }
}

impl Engine for Scans {
    fn call(&self, operation: &str, body: &str) -> Reply {
        let mut reply = self.inner.call(operation, body);
        if operation == "Scan" {
            let mut body: Value = serde_json::from_str(&reply.body).unwrap();
            (self.change)(&mut body);
            reply.body = body.to_string();
        }
        reply
    }
}

/// Three people, and a client that sees changed answers.
fn scanned(change: fn(&mut Value)) -> (Arc<Dynoxide>, aws_sdk_dynamodb::Client) {
    let inner = Arc::new(Dynoxide::memory().unwrap());
    let create = json!({
        "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    });
    assert_eq!(inner.call("CreateTable", &create.to_string()).status, 200);
    for number in 0..3 {
        let put = json!({"TableName": TABLE, "Item": to_json(&person(number))});
        assert_eq!(inner.call("PutItem", &put.to_string()).status, 200);
    }
    let client = dynaseal_local::client(Scans { inner: Arc::clone(&inner), change });
    (inner, client)
}

fn stored(inner: &Dynoxide, number: usize) -> dynaseal_core::Item {
    let get = json!({"TableName": TABLE, "Key": to_json(&id(number)), "ConsistentRead": true});
    let found: Value = serde_json::from_str(&inner.call("GetItem", &get.to_string()).body).unwrap();
    from_json(&found["Item"])
}

/// DynamoDB gives numbers back in a spelling of its own, which is no other value: what is proven is what it means.
#[tokio::test]
async fn a_number_in_another_spelling_is_proven() {
    let (inner, client) = scanned(|answer| {
        for item in answer["Items"].as_array_mut().unwrap() {
            let number = item["age"]["N"].as_str().unwrap().to_owned();
            item["age"]["N"] = format!("{number}.0").into();
            item["notes"] = json!({"L": [{"NS": ["1E+2", "2"]}]});
        }
    });
    let source = Source::default().plain();
    let job = Migration::new(client, TABLE, source, Target::records(table(1)).unwrap(), options().prove(true));
    // What was read is not what is there, so nothing can be written; but nothing is said to be other than it was.
    let plan = job.plan(&nobody()).await.unwrap();
    assert_eq!(sums(&plan), [3, 0, 0, 0], "{:?}", plan.refused);
    assert_eq!(stored(&inner, 1), person(1));
}

/// A value of a type that DynamoDB has since yesterday is not written over.
#[tokio::test]
async fn a_value_of_an_unknown_type_stays() {
    let (inner, client) = scanned(|answer| {
        for item in answer["Items"].as_array_mut().unwrap() {
            if item["id"]["S"] != "p-0" {
                item["odd"] = json!({"VEC": "AAAA"});
            }
        }
    });
    let source = Source::default().plain();
    let job = Migration::new(client, TABLE, source, Target::records(table(1)).unwrap(), options());
    let report = run(&job).await;
    assert_eq!((sums(&report), report.counts.examined), ([1, 0, 2, 0], 3));
    assert!(report.refused.iter().all(|refused| refused.reason.contains("a type that this version does not know")));
    for number in 0..3 {
        assert_eq!(is_sealed(&stored(&inner, number)), number == 0);
    }
}

/// A database that does not say what it counted: half a unit for each 4 KB.
#[tokio::test]
async fn units_that_nobody_said_are_reckoned() {
    let (_, client) = scanned(|answer| {
        answer["ConsumedCapacity"].take();
        for item in answer["Items"].as_array_mut().unwrap() {
            item["notes"] = json!({"S": "x".repeat(5000)});
        }
    });
    let source = Source::default().plain();
    let job = Migration::new(client, TABLE, source, Target::records(table(1)).unwrap(), options());
    // 15 KB and more, four times 4 KB.
    assert_eq!(job.plan(&nobody()).await.unwrap().counts.read_units, 2.0);
}
