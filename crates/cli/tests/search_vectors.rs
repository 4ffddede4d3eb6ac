//! Beacons and queries that AWS's Rust client made: `dynaseal beacons show`, `seal` and `explain` give the same.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::collections::BTreeMap;

use common::{Folder, OPEN, SEAL, code, err, official, out};
use dynaseal::{AttributeValue, Item};
use dynaseal_testkit::vectors;
use serde_json::Value;

/// The cases of a family by their configuration, so that those of one go through one call.
fn groups(family: &str) -> Option<Vec<(Value, Vec<Value>)>> {
    let mut groups: BTreeMap<String, (Value, Vec<Value>)> = BTreeMap::new();
    for case in vectors::read("dbesdk/official_rust.json")?[family].as_array().unwrap() {
        let config = &case["config"];
        let group = groups.entry(config.to_string()).or_insert_with(|| (config.clone(), Vec::new()));
        group.1.push(case.clone());
    }
    Some(groups.into_values().collect())
}

fn folder(config: &Value) -> Folder {
    Folder::new(&official::table(config, &config["keyring"]))
}

fn lines<'v>(values: impl Iterator<Item = &'v Value>) -> String {
    values.map(|value| format!("{value}\n")).collect()
}

fn item(line: &str) -> Item {
    dynaseal::json::from_str(line).unwrap()
}

#[test]
fn beacons() {
    let Some(groups) = groups("beacons") else { return };
    let (mut made, mut refused) = (0, 0);
    for (config, cases) in groups {
        let folder = folder(&config);
        let input = lines(cases.iter().map(|case| &case["plaintext"]));
        let partition = config["search"].get("partition").map(ToString::to_string);
        let mut show = vec!["beacons", "show", "--config", "table.toml"];
        show.extend(partition.iter().flat_map(|partition| ["--partition", partition]));
        let shown = folder.run(&show, &input);
        let expected: Vec<_> = cases.iter().filter(|case| case.get("beacons").is_some()).collect();
        let errors = cases.len() - expected.len();
        assert_eq!(code(&shown), i32::from(errors > 0), "{}", err(&shown));
        assert_eq!(out(&shown).lines().count(), expected.len(), "{}: {}", cases[0]["id"], err(&shown));
        for (line, case) in out(&shown).lines().zip(&expected) {
            assert!(vectors::same(&item(line), &vectors::item(&case["beacons"])), "{}: {line}", case["id"]);
        }
        for (number, case) in (1..).zip(&cases) {
            let is_refused = err(&shown).contains(&format!("standard input:{number}: "));
            assert_eq!(is_refused, case.get("beacons").is_none(), "{}: {}", case["id"], err(&shown));
        }

        let sealed = folder.run(&SEAL, &input);
        assert_eq!(out(&sealed).lines().count(), expected.len(), "{}", err(&sealed));
        let opened = folder.run(&OPEN, out(&sealed));
        let said = if expected.is_empty() { "dynaseal: no items in standard input\n" } else { "" };
        assert_eq!((code(&opened), err(&opened)), (0, said));
        for ((sealed, opened), case) in out(&sealed).lines().zip(out(&opened).lines()).zip(&expected) {
            let (sealed, sent) = (item(sealed), vectors::item(&case["sent"]));
            assert_eq!(sealed.keys().collect::<Vec<_>>(), sent.keys().collect::<Vec<_>>(), "{}", case["id"]);
            let beacons = vectors::item(&case["beacons"]);
            let beacons_of = |item: &Item| -> Item {
                item.iter()
                    .filter(|(name, _)| beacons.contains_key(*name))
                    .map(|(n, v)| (n.clone(), v.clone()))
                    .collect()
            };
            // The partition is chosen at random.
            assert!(partition.is_some() || vectors::same(&beacons_of(&sealed), &beacons), "{}", case["id"]);
            let plain = case.get("opened").unwrap_or(&case["plaintext"]);
            assert!(vectors::same(&item(opened), &vectors::item(plain)), "{}: {opened}", case["id"]);
        }
        made += expected.len();
        refused += errors;
    }
    assert_eq!((made, refused), (57, 9));
}

#[test]
fn queries() {
    let Some(groups) = groups("queries") else { return };
    let (mut sent, mut refused) = (0, 0);
    for (config, cases) in groups {
        let folder = folder(&config);
        let input = lines(cases.iter().map(|case| &case["request"]));
        let explained = folder.run(&["explain", "--config", "table.toml"], &input);
        let expected: Vec<_> = cases.iter().filter(|case| case.get("transformed").is_some()).collect();
        let errors = cases.len() - expected.len();
        assert_eq!((code(&explained), out(&explained).lines().count()), (i32::from(errors > 0), expected.len()));
        for (line, case) in out(&explained).lines().zip(&expected) {
            same_request(case, &serde_json::from_str(line).unwrap());
        }
        for (number, case) in (1..).zip(&cases) {
            let is_refused = err(&explained).contains(&format!("standard input:{number}: "));
            assert_eq!(is_refused, case.get("transformed").is_none(), "{}: {}", case["id"], err(&explained));
        }
        // All of them go on as they came, but for the expressions.
        sent += expected.len();
        refused += errors;
    }
    assert_eq!((sent, refused), (69, 31));
}

/// The same tokens; values that were added may have any names.
fn same_request(case: &Value, got: &Value) {
    let (id, asked, expected) = (&case["id"], &case["request"], &case["transformed"]);
    assert_eq!(got.get("ExpressionAttributeNames"), expected.get("ExpressionAttributeNames"), "{id}");
    let mut renamed = BTreeMap::new();
    for member in ["KeyConditionExpression", "FilterExpression"] {
        let (got, expected) = (tokens(got.get(member)), tokens(expected.get(member)));
        assert_eq!(got.len(), expected.len(), "{id}: {got:?} {expected:?}");
        for (got, expected) in got.into_iter().zip(expected) {
            match got.starts_with(':') {
                true => assert_eq!(renamed.entry(got.clone()).or_insert(expected.clone()), &expected, "{id}"),
                false => assert!(got.eq_ignore_ascii_case(&expected), "{id}: {got} for {expected}"),
            }
        }
    }
    let values = |request: &Value| request.get("ExpressionAttributeValues").map(vectors::item).unwrap_or_default();
    let (asked_values, got_values, expected_values) = (values(asked), values(got), values(expected));
    assert_eq!(got_values.len(), renamed.len(), "{id}: {got_values:?}");
    assert_eq!(got_values.len(), expected_values.len(), "{id}");
    for (got_name, expected_name) in renamed {
        let own = |value: &AttributeValue| Item::from([("v".to_owned(), value.clone())]);
        let (one, other) = (&got_values[&got_name], &expected_values[&expected_name]);
        assert!(vectors::same(&own(one), &own(other)), "{id}: {one:?} for {other:?}");
        assert!(!asked_values.contains_key(&expected_name) || got_name == expected_name, "{id}");
    }
    // Everything else is as it was.
    let rest = |request: &Value| {
        let mut request = request.as_object().unwrap().clone();
        request.retain(|name, _| !name.ends_with("Expression") && !name.starts_with("ExpressionAttribute"));
        request
    };
    assert_eq!(rest(got), rest(asked), "{id}");
}

fn tokens(text: Option<&Value>) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for c in text.map_or("", |text| text.as_str().unwrap()).chars() {
        let is_word = |c: char| c.is_alphanumeric() || "_:#.[]".contains(c);
        match tokens.last_mut() {
            Some(last) if is_word(c) && last.chars().all(is_word) && !last.is_empty() => last.push(c),
            Some(last) if "=>".contains(c) && ["<", ">"].contains(&last.as_str()) => last.push(c),
            _ if c.is_whitespace() => tokens.push(String::new()),
            _ => tokens.push(c.to_string()),
        }
    }
    tokens.retain(|token| !token.is_empty());
    tokens
}
