//! Beacons and queries that the official Rust crate made: ours are the same.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod config;

use std::collections::BTreeMap;
use std::sync::Arc;

use dynaseal_core::{Item, ItemEncryptor, RESERVED_PREFIX};
use dynaseal_search::{Analysis, QueryRequest};
use dynaseal_testkit::{block_on, config as testkit, vectors};
use serde_json::Value;

fn cases(name: &str) -> Option<Vec<Value>> {
    vectors::read("dbesdk/official_rust.json").map(|mut vectors| vectors[name].take().as_array().unwrap().clone())
}

#[test]
fn beacons() {
    let Some(cases) = cases("beacons") else { return };
    let (mut made, mut refused) = (0, 0);
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        let plain = vectors::item(&case["plaintext"]);
        let written = write(&case["config"], plain.clone());
        match (case.get("beacons"), written) {
            (Some(expected), Ok((sealed, opened))) => {
                let expected = vectors::item(expected);
                let beacons = |item: &Item| -> Item {
                    let is_beacon = |name: &String| name.starts_with("aws_dbe_b_") || expected.contains_key(name);
                    item.iter().filter(|(name, _)| is_beacon(name)).map(|(n, v)| (n.clone(), v.clone())).collect()
                };
                assert!(vectors::same(&beacons(&sealed), &expected), "{id}: {:?}", beacons(&sealed));
                let sent = vectors::item(&case["sent"]);
                let names = |item: &Item| item.keys().cloned().collect::<Vec<_>>();
                assert_eq!(names(&sealed), names(&sent), "{id}");
                let expected = case.get("opened").map_or(plain, vectors::item);
                assert!(vectors::same(&opened, &expected), "{id}: {opened:?}");
                made += 1;
            }
            (None, Err(_)) => refused += 1,
            (expected, got) => panic!("{id}: expected {expected:?}, got {got:?}"),
        }
    }
    assert_eq!((made, refused), (57, 9));
}

/// Writes an item and reads it: as it is stored, and as it is opened.
fn write(config: &Value, mut item: Item) -> Result<(Item, Item), String> {
    let table = testkit::table(config).unwrap();
    let search = config::search(&config["search"]).build(&table).unwrap();
    let encryptor = ItemEncryptor::new(table, testkit::keyring(&config["keyring"]));
    let encryptor = encryptor.with_signed(search.signed_beacons()).unwrap();
    let pending = block_on(search.before_sealing(&mut item)).map_err(|error| error.to_string())?;
    let sealed = block_on(encryptor.encrypt_item(item)).map_err(|error| error.to_string())?;
    let beacons =
        block_on(search.after_sealing(pending, &sealed.header.unwrap())).map_err(|error| error.to_string())?;
    let mut stored = sealed.item;
    stored.extend(beacons);
    let opened = block_on(encryptor.decrypt_item(stored.clone())).map_err(|error| error.to_string())?.item;
    assert!(!opened.keys().any(|name| name.starts_with(RESERVED_PREFIX)));
    Ok((stored, opened))
}

#[test]
fn queries() {
    let Some(cases) = cases("queries") else { return };
    let (mut sent, mut refused) = (0, 0);
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        let request = request(&case["request"]);
        let analysis = analyze(case);
        let rewritten = analysis
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|of| block_on(of.rewrite()).map_err(|error| error.to_string()));
        match (case.get("transformed"), rewritten) {
            (Some(expected), Ok(rewritten)) => {
                same_request(id, &rewritten, &self::request(expected), &request);
                if let Some(number) = case.get("number_of_queries").and_then(Value::as_u64) {
                    assert_eq!(u64::from(analysis.unwrap().queries()), number, "{id}");
                }
                sent += 1;
            }
            (None, Err(_)) => refused += 1,
            (expected, got) => panic!("{id}: expected {expected:?}, got {got:?}"),
        }
    }
    assert_eq!((sent, refused), (69, 31));
}

/// What the official client does wrong: here it is right or refused.
#[test]
fn defects_of_the_official_client() {
    let Some(cases) = cases("known_official_defects") else { return };
    // By the number of the case: what is sent as its filter or key condition; or, after `!`, what the refusal says.
    let expected = [
        "order_id = :a AND aws_dbe_b_aa = :b",
        "notes = :a AND aws_dbe_b_aa = :b",
        "inventory = :a AND aws_dbe_b_aa = :b",
        "andy = :a AND aws_dbe_b_aa = :b",
        "size_x = :a AND aws_dbe_b_aa = :b",
        "contains_x = :a AND aws_dbe_b_aa = :b",
        "between_x = :a AND aws_dbe_b_aa = :b",
        "begins_with_x = :a AND aws_dbe_b_aa = :b",
        "attribute_type_x = :a AND aws_dbe_b_aa = :b",
        "Index = :a AND aws_dbe_b_aa = :b",
        "OR1 = :a AND aws_dbe_b_aa = :b",
        "aws_dbe_b_aa = :a\nAND aws_dbe_b_bb = :b",
        "aws_dbe_b_aa = :a AND aws_dbe_b_bb = :b\r\nAND st = :s",
        "aws_dbe_b_aa = :a AND\taws_dbe_b_bb = :b",
        "pk = :a\n AND sk1 = :b",
        "!expected a condition, found `é`",
        "!`m.y` is inside of an encrypted attribute",
        "!`l[0]` is inside of an encrypted attribute",
        "aws_dbe_b_mx = :a",
        "(aws_dbe_b_aa) = :a",
        "aws_dbe_b_aa = (:a)",
        "!`m.#y` is inside of an encrypted attribute",
        "!`hidden` is ENCRYPT_AND_SIGN and has no beacon",
        "!`hidden` is ENCRYPT_AND_SIGN and has no beacon",
        "!`hidden` is ENCRYPT_AND_SIGN and has no beacon",
        "!`aa` is a beacon and can only be compared with a :value",
        "!size can not be answered for `aa`",
        "!size can not be answered for `aa`",
        "!NOT around the beacon `aa`",
        "!<> with a value of the compound beacon `who`",
        "#b = :b",
        "#b = :b",
        "aws_dbe_b_bb = :b",
        "!it takes 3 queries to see all partitions",
        "!it takes 3 queries to see all partitions",
    ];
    assert_eq!(cases.len(), expected.len());
    for (case, expected) in cases.iter().zip(expected) {
        let id = case["id"].as_str().unwrap();
        let rewritten = analyze(case).and_then(|of| block_on(of.rewrite()).map_err(|error| error.to_string()));
        match (rewritten, expected.strip_prefix('!')) {
            (Ok(sent), None) => {
                assert_eq!(sent.key_condition.or(sent.filter).as_deref(), Some(expected), "{id}");
                let given = request(&case["request"]).values;
                for name in sent.values.keys() {
                    let before = expected.split(name.as_str()).next().unwrap();
                    let is_beacon = before.trim_end_matches([' ', '=', '(']).rsplit([' ', '\t', '\n', '(']).next();
                    let is_beacon = is_beacon.is_some_and(|path| path.contains("aws_dbe_b_") || path == "#b");
                    assert_ne!(sent.values.get(name) == given.get(name), is_beacon && given.contains_key(name), "{id}");
                }
            }
            (Err(refused), Some(reason)) => assert!(refused.contains(reason), "{id}: {refused}"),
            (got, _) => panic!("{id}: {got:?}"),
        }
    }
}

fn analyze(case: &Value) -> Result<Analysis, String> {
    let table = testkit::table(&case["config"]).unwrap();
    let search = Arc::new(config::search(&case["config"]["search"]).build(&table).unwrap());
    search.analyze(request(&case["request"])).map_err(|error| error.to_string())
}

fn request(value: &Value) -> QueryRequest {
    let text = |name: &str| value.get(name).map(|text| text.as_str().unwrap().to_owned());
    let names = value.get("ExpressionAttributeNames").and_then(Value::as_object).into_iter().flatten();
    QueryRequest {
        key_condition: text("KeyConditionExpression"),
        filter: text("FilterExpression"),
        names: names.map(|(name, of)| (name.clone(), of.as_str().unwrap().to_owned())).collect(),
        values: value.get("ExpressionAttributeValues").map(vectors::item).unwrap_or_default(),
    }
}

/// The same tokens; values that were added may have any names.
fn same_request(id: &str, got: &QueryRequest, expected: &QueryRequest, asked: &QueryRequest) {
    assert_eq!(got.names, expected.names, "{id}");
    let mut renamed = BTreeMap::new();
    for (got, expected) in [(&got.key_condition, &expected.key_condition), (&got.filter, &expected.filter)] {
        let (got, expected) = (tokens(got), tokens(expected));
        assert_eq!(got.len(), expected.len(), "{id}: {got:?} {expected:?}");
        for (got, expected) in got.into_iter().zip(expected) {
            match got.starts_with(':') {
                true => assert_eq!(renamed.entry(got.clone()).or_insert(expected.clone()), &expected, "{id}"),
                false => assert!(got.eq_ignore_ascii_case(&expected), "{id}: {got} for {expected}"),
            }
        }
    }
    assert_eq!(renamed.len(), got.values.len(), "{id}: {:?}", got.values);
    assert_eq!(got.values.len(), expected.values.len(), "{id}");
    for (got_name, expected_name) in renamed {
        let own = |name: &str, value: &dynaseal_core::AttributeValue| Item::from([(name.to_owned(), value.clone())]);
        let (one, other) = (&got.values[&got_name], &expected.values[&expected_name]);
        assert!(vectors::same(&own("v", one), &own("v", other)), "{id}: {one:?} for {other:?}");
        assert!(!asked.values.contains_key(&expected_name) || got_name == expected_name, "{id}");
    }
}

fn tokens(text: &Option<String>) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for c in text.as_deref().unwrap_or_default().chars() {
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
