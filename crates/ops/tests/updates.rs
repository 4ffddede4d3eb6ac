//! What a sealed update writes, and on which condition.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::sync::Arc;

use dynaseal_core::{AttributeValue, HEAD, Item, ItemEncryptor, PlaintextPolicy, RawAesKeyring, TableConfig};
use dynaseal_expression::{BoundCondition, Condition, ExpressionKind};
use dynaseal_ops::update::{Attempt, SealedUpdate, Write};
use dynaseal_ops::{Expressions, Measure, OperationError, Refusal, SealedTable};
use dynaseal_testkit::block_on;

/// Attributes that begin with `:` are unsigned.
fn table(signed: usize, encrypted: usize) -> Arc<SealedTable> {
    let names = |letter: char, count: usize| (0..count).map(move |number| format!("{letter}{number}"));
    let config = TableConfig::builder("people", "id")
        .sign(names('s', signed))
        .encrypt(names('e', encrypted))
        .unsigned_prefix(":")
        .unsigned([":u", ":v"])
        .plaintext_policy(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead);
    let keyring = RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap();
    Arc::new(SealedTable::new("people", ItemEncryptor::new(config.build().unwrap(), keyring)))
}

fn item(names: impl IntoIterator<Item = String>) -> Item {
    let id = ("id".to_owned(), AttributeValue::from("p-1"));
    names.into_iter().map(|name| (name, "old".into())).chain([id]).collect()
}

fn names(letter: &'static str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |number| format!("{letter}{number}"))
}

fn update(table: &Arc<SealedTable>, stored: &Item, text: &str) -> Result<Attempt, OperationError> {
    let values = match text.contains(":new") {
        true => [(":new".to_owned(), "new".into())].into(),
        false => Item::new(),
    };
    let names = text.contains("#u").then(|| ("#u".to_owned(), ":u".to_owned())).into_iter().collect();
    let expressions = Expressions { update: Some(text.to_owned()), values, names, ..Expressions::default() };
    let update = SealedUpdate::new(table, [("id".to_owned(), "p-1".into())].into(), expressions)?;
    let mut measure = Measure::default();
    let opened = block_on(update.open(Some(stored.clone()), &mut measure))?;
    block_on(update.seal(opened, &mut measure))
}

fn request(attempt: &Attempt) -> &Expressions {
    let Write::Update { expressions } = &attempt.write else { panic!("{attempt:?}") };
    expressions
}

fn holds(expressions: &Expressions, of: &Item) -> bool {
    let kind = ExpressionKind::Condition;
    let condition = Condition::parse(kind, expressions.condition.as_deref().unwrap()).unwrap();
    BoundCondition::new(kind, &condition, &expressions.names, &expressions.values).unwrap().matches(of)
}

/// Names of what is set, and of what is removed.
fn written(expressions: &Expressions) -> (Vec<String>, Vec<String>) {
    let text = expressions.update.clone().unwrap_or_default();
    let (set, remove) = text.split_once("REMOVE ").unwrap_or((&text, ""));
    let parts = |text: &str| -> Vec<String> {
        let parts = text.trim().split(',').filter(|part| !part.is_empty());
        let name = |part: &str| expressions.names[part.split('=').next().unwrap().trim()].clone();
        let mut names: Vec<String> = parts.map(name).collect();
        names.sort_unstable();
        names
    };
    (parts(set.trim().strip_prefix("SET ").unwrap_or_default()), parts(remove))
}

/// Nobody's record says of a plain item whether it is still the same: the condition does, attribute by attribute.
#[test]
fn a_plain_item_is_replaced_only_if_all_that_will_be_signed_is_as_it_was() {
    let table = table(2, 2);
    let stored = item(["s0", "e0", ":u", ":v"].map(str::to_owned));
    let attempt = update(&table, &stored, "SET e0 = :new").unwrap();
    let expressions = request(&attempt);
    assert!(holds(expressions, &stored));
    for (name, value) in [("s0", "else"), ("e0", "else"), ("s1", "there now"), ("e1", "there now"), (HEAD, "sealed")] {
        let mut other = stored.clone();
        other.insert(name.to_owned(), value.into());
        assert!(!holds(expressions, &other), "{name} was changed");
    }
    for name in ["s0", "e0", "id"] {
        let mut other = stored.clone();
        other.remove(name);
        assert!(!holds(expressions, &other), "{name} was taken away");
    }
    // What is unsigned may change meanwhile, and is not written.
    let mut other = stored;
    other.insert(":v".to_owned(), "else".into());
    other.remove(":u");
    assert!(holds(expressions, &other));
    let (set, removed) = written(expressions);
    assert!(set.iter().all(|name| !name.starts_with(':') && name != "id") && removed.is_empty(), "{set:?}");
    assert!(set.iter().any(|name| name == "e0") && set.iter().any(|name| name == HEAD));
    assert!(!set.iter().any(|name| name == "s0"), "it is as it was");
}

#[test]
fn a_sealed_item_is_replaced_only_if_nobody_has_sealed_it_anew() {
    let table = table(1, 1);
    let plain = item(["s0", "e0", ":u", ":v"].map(str::to_owned));
    let stored = block_on(table.seal(plain.clone())).unwrap();
    let attempt = update(&table, &stored, "SET e0 = :new, #u = :new").unwrap();
    let expressions = request(&attempt);
    assert!(holds(expressions, &stored));
    let anew = block_on(table.seal(plain)).unwrap();
    assert!(!holds(expressions, &anew), "the same, sealed by somebody else");
    let mut other = stored.clone();
    other.insert(":u".to_owned(), "else".into());
    assert!(!holds(expressions, &other), "the unsigned attribute that is changed");
    let mut other = stored;
    other.insert(":v".to_owned(), "else".into());
    assert!(holds(expressions, &other), "another one");
    let (set, _) = written(expressions);
    assert!(set.contains(&":u".to_owned()) && !set.contains(&":v".to_owned()) && !set.contains(&"id".to_owned()));
}

/// Encrypted attributes are written each time; what is only signed or unsigned, where it changes.
#[test]
fn as_many_attributes_are_written_as_fit_into_one_update() {
    let large = table(400, 298);
    // 298 encrypted ones, head and foot.
    let stored = block_on(large.seal(item(names("e", 298).chain(names("s", 400)).chain(names(":n", 400))))).unwrap();
    let attempt = update(&large, &stored, "SET e0 = :new").unwrap();
    let (set, removed) = written(request(&attempt));
    assert_eq!((set.len(), removed.len()), (300, 0));
    let refused = |text: &str| match update(&large, &stored, text).unwrap_err().refusal() {
        Refusal::TooManyWritten { count, .. } => *count,
        other => panic!("{other}"),
    };
    assert_eq!(refused("SET s0 = :new"), 301);
    assert_eq!(refused("REMOVE s0, s1, s2"), 303);
    assert_eq!(refused("SET s0 = :new REMOVE s1"), 302);

    let large = table(400, 1);
    let stored = block_on(large.seal(item(names("e", 1).chain(names("s", 400)).chain(names(":n", 400))))).unwrap();
    let attempt = update(&large, &stored, "SET s0 = :new REMOVE s1, s2").unwrap();
    let (set, removed) = written(request(&attempt));
    assert_eq!((set.len(), removed), (4, vec!["s1".to_owned(), "s2".to_owned()]), "{set:?}");
}

/// A closure may spell the key's number in another way: it is the same key, and no update sets one.
#[test]
fn a_key_that_is_spelled_in_another_way_is_not_written() {
    let config = TableConfig::builder("counters", "number").encrypt(["count"]).build().unwrap();
    let keyring = RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap();
    let table = Arc::new(SealedTable::new("counters", ItemEncryptor::new(config, keyring)));
    let number = |text: &str| AttributeValue::N(text.to_owned());
    let key: Item = [("number".to_owned(), number("10"))].into();
    let stored = block_on(table.seal(key.clone().into_iter().chain([("count".to_owned(), "a".into())]).collect()));
    let update = SealedUpdate::new(&table, key, Expressions::default()).unwrap();
    let mut measure = Measure::default();
    let mut opened = block_on(update.open(Some(stored.unwrap()), &mut measure)).unwrap();
    opened.after.insert("number".to_owned(), number("1e1"));
    opened.after.insert("count".to_owned(), "b".into());
    let attempt = block_on(update.seal(opened, &mut measure)).unwrap();
    let (set, removed) = written(request(&attempt));
    assert!(!set.contains(&"number".to_owned()) && set.contains(&"count".to_owned()), "{set:?}");
    assert!(removed.is_empty());
}
