//! The requests that the official clients transform wrongly, as a guide for the reader of expressions: it reads all of each
//! of them, and finds every encrypted attribute in it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::collections::BTreeSet;

use dynaseal_expression::{Condition, ExpressionKind, KeyCondition, PathUse, Placeholders, Position};
use dynaseal_testkit::vectors;
use serde_json::Value;

#[test]
fn nothing_of_a_request_is_lost() {
    let Some(vectors) = vectors::read("dbesdk/official_rust.json") else { return };
    let cases = vectors["known_official_defects"].as_array().unwrap();
    assert_eq!(cases.len(), 35);
    for case in cases {
        let id = case["id"].as_str().unwrap();
        let request = &case["request"];
        // The one with a letter that is not ASCII: DynamoDB refuses it as well, and nothing else.
        if id == "015-defect" {
            let error =
                Condition::parse(ExpressionKind::Filter, text(request, "FilterExpression").unwrap()).unwrap_err();
            assert!(error.to_string().ends_with("found `é`"), "{error}");
            continue;
        }
        let filter = text(request, "FilterExpression").map(|text| Condition::parse(ExpressionKind::Filter, text));
        let filter = filter.transpose().unwrap_or_else(|error| panic!("{id}: {error}"));
        let key = text(request, "KeyConditionExpression").map(KeyCondition::parse);
        let key = key.transpose().unwrap_or_else(|error| panic!("{id}: {error}"));

        let names = members(request, "ExpressionAttributeNames").map(|(name, value)| (name, value.as_str().unwrap()));
        let values = members(request, "ExpressionAttributeValues").map(|(name, _)| name);
        // The partition of beacons is chosen by a value of this name, which stands in no expression.
        let values = values.filter(|name| *name != ":aws_dbe_partition");
        let mut placeholders = Placeholders::new(names, values);
        let mut uses = Vec::new();
        if let Some(filter) = &filter {
            uses.extend(placeholders.condition(ExpressionKind::Filter, filter).unwrap());
        }
        if let Some(key) = &key {
            uses.extend(placeholders.key_condition(key).unwrap());
        }
        // What is dropped somewhere leaves its placeholder unused.
        placeholders.finish().unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(encrypted(case, &uses), encrypted_in_text(case), "{id}");
        check_position(id, &uses);
    }
}

fn check_position(id: &str, uses: &[PathUse<'_>]) {
    let first = &uses[0];
    match id {
        "022-defect" | "027-defect" => assert!(first.in_size),
        "023-defect" => assert_eq!(first.position, Position::Type),
        "026-defect" => assert!(!first.in_size && uses[1].in_size && uses[1].path.attribute == "aa"),
        "028-defect" => assert!(first.negated),
        "021-defect" => assert_eq!(first.path.names().collect::<Vec<_>>(), ["m", "y"]),
        _ => {}
    }
}

fn text<'a>(request: &'a Value, name: &str) -> Option<&'a str> {
    request.get(name).map(|text| text.as_str().unwrap())
}

fn members<'a>(request: &'a Value, name: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let members = request.get(name).and_then(Value::as_object).into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value))
}

fn is_encrypted(case: &Value, name: &str) -> bool {
    case["config"]["actions"].get(name).is_some_and(|action| action == "ENCRYPT_AND_SIGN")
}

fn encrypted(case: &Value, uses: &[PathUse<'_>]) -> BTreeSet<String> {
    let attributes = uses.iter().map(|path| path.path.attribute.to_owned());
    attributes.filter(|name| is_encrypted(case, name)).collect()
}

/// Cut at everything that is no part of a name; what stands behind a dot is not the attribute.
fn encrypted_in_text(case: &Value) -> BTreeSet<String> {
    let request = &case["request"];
    let texts = ["FilterExpression", "KeyConditionExpression"].into_iter().filter_map(|name| text(request, name));
    let mut found = BTreeSet::new();
    for text in texts {
        for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || "_#:.".contains(c))) {
            let word = word.split('.').next().unwrap();
            let defined = members(request, "ExpressionAttributeNames").find(|(name, _)| *name == word);
            let name = defined.map_or(word, |(_, name)| name.as_str().unwrap());
            found.extend(is_encrypted(case, name).then(|| name.to_owned()));
        }
    }
    found
}
