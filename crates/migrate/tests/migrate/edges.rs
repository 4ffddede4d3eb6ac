//! Where a job ends: the largest item, somebody else's write that only looks like its own, and values of a form that nobody
//! announced.

use std::sync::{Arc, Mutex};

use dynaseal_core::{AttributeValue, Item, MAX_ITEM_SIZE, item_size};
use dynaseal_legacy::pynamodb_mate::{Key, Kind, Mode, Value};
use dynaseal_migrate::{Keys, Migration, PynamodbMate, SealedAttributes, Source, Target};

use crate::attributes::{columns, root_keys};
use crate::world::*;

fn n(number: &str) -> AttributeValue {
    AttributeValue::N(number.to_owned())
}

#[tokio::test]
async fn the_largest_item_with_sealed_attributes_is_made_and_one_byte_more_is_refused() {
    let keys = root_keys(1);
    let world = World::new();
    let attributes = || SealedAttributes::new(TABLE).randomised("notes", &keys).unwrap();
    let migration = || {
        let target = Target::attributes(attributes(), Keys::new("id", None));
        Migration::new(world.client.clone(), TABLE, Source::default().plain(), target, options())
    };
    let with_notes = |number: usize, length: usize| {
        let mut item = id(number);
        item.insert("notes".to_owned(), "x".repeat(length).as_str().into());
        item
    };
    world.db.put(&with_notes(1, 1000));
    assert_eq!(sums(&run(&migration()).await), [1, 0, 0, 0]);
    let around = item_size(&world.db.get(&id(1)).unwrap()) - 1000;
    world.db.put(&with_notes(2, MAX_ITEM_SIZE - around));
    world.db.put(&with_notes(3, MAX_ITEM_SIZE - around + 1));
    // The embedded database takes no update of an item of exactly that size: what is sent is looked at.
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sent);
    world.at_the_line(move |_, call| match call.is("UpdateItem") {
        true => {
            seen.lock().unwrap().push(call.id().to_owned());
            Act::Refuse(400, "ValidationException")
        }
        false => Act::Pass,
    });
    let report = run(&migration()).await;
    assert_eq!((sums(&report), report.counts.too_large), ([0, 1, 2, 0], 1), "{:?}", report.refused);
    assert_eq!(*sent.lock().unwrap(), ["p-2"]);
    let too_large = report.refused.iter().find(|refused| refused.key.contains("p-3")).unwrap();
    assert!(too_large.reason.contains(&(MAX_ITEM_SIZE + 1).to_string()), "{too_large:?}");
    assert_eq!(world.db.get(&id(3)).unwrap(), with_notes(3, MAX_ITEM_SIZE - around + 1));
}

/// The answer of the job's write is lost and it was not carried out, for somebody made plaintext of the item meanwhile: what
/// they wrote is theirs, however little it differs.
#[tokio::test(start_paused = true)]
async fn what_somebody_else_wrote_does_not_count_as_written() {
    let list = |numbers: &[&str]| AttributeValue::L(numbers.iter().map(|number| n(number)).collect());
    let map = |pairs: &[(&str, &str)]| {
        AttributeValue::M(pairs.iter().map(|(name, number)| ((*name).to_owned(), n(number))).collect())
    };
    let texts = |texts: &[&str]| AttributeValue::Ss(texts.iter().map(|text| (*text).to_owned()).collect());
    let numbers = |numbers: &[&str]| AttributeValue::Ns(numbers.iter().map(|text| (*text).to_owned()).collect());
    let bytes = |bytes: &[u8]| AttributeValue::Bs(bytes.iter().map(|byte| vec![*byte]).collect());
    let cases: Vec<(AttributeValue, AttributeValue, bool)> = vec![
        (n("1"), n("1.0"), true),
        (n("1"), n("2"), false),
        (n("1"), "1".into(), false),
        ("a".into(), "b".into(), false),
        (list(&["1", "2"]), list(&["1.0", "2e0"]), true),
        (list(&["1", "2"]), list(&["1", "3"]), false),
        (list(&["1", "2"]), list(&["1"]), false),
        (list(&["1"]), list(&["1", "2"]), false),
        (list(&["1", "2"]), list(&["2", "1"]), false),
        (map(&[("a", "1"), ("b", "2")]), map(&[("a", "1.0"), ("b", "2")]), true),
        (map(&[("a", "1"), ("b", "2")]), map(&[("a", "1"), ("b", "3")]), false),
        (map(&[("a", "1"), ("b", "2")]), map(&[("a", "1")]), false),
        (map(&[("a", "1")]), map(&[("a", "1"), ("b", "2")]), false),
        (map(&[("a", "1")]), map(&[("b", "1")]), false),
        (texts(&["a", "b"]), texts(&["b", "a"]), true),
        (texts(&["a", "b"]), texts(&["a", "c"]), false),
        (numbers(&["1", "2"]), numbers(&["2.0", "1"]), true),
        (numbers(&["1", "2"]), numbers(&["1", "3"]), false),
        (bytes(&[1, 2]), bytes(&[2, 1]), true),
        (bytes(&[1, 2]), bytes(&[1, 3]), false),
    ];
    let table = table(1);
    for (ours, theirs, is_same) in cases {
        for nested in [false, true] {
            let within = |value: &AttributeValue| match nested {
                true => AttributeValue::M([("in".to_owned(), AttributeValue::L(vec![value.clone()]))].into()),
                false => value.clone(),
            };
            let world = World::new();
            let with = |value: &AttributeValue| {
                let mut item = person(1);
                item.insert("notes".to_owned(), within(value));
                item
            };
            world.db.put(&seal(&table, with(&ours)));
            let theirs_whole = with(&theirs);
            world.at_the_line(move |db, call| {
                if call.is("UpdateItem") && call.nth == 0 {
                    db.put(&theirs_whole);
                    return Act::Refuse(500, "InternalServerError");
                }
                Act::Pass
            });
            let target = Target::danger_plaintext(Keys::new("id", None));
            let source = Source::default().records(table.clone());
            let report = run(&Migration::new(world.client.clone(), TABLE, source, target, options())).await;
            let expected = if is_same { [1, 0, 0, 0] } else { [0, 1, 0, 0] };
            assert_eq!(sums(&report), expected, "{ours:?} {theirs:?} {nested}");
        }
    }
}

/// Its key is taken by another item at the very moment in which the old one is deleted by somebody else: nothing of that is
/// the job's.
#[tokio::test(start_paused = true)]
async fn another_item_under_the_new_key_is_not_taken_for_a_finished_move() {
    let world = World::keyed(&[("address", "B")]);
    let old = item([("address", AttributeValue::B(vec![1])), ("text", SECRET.into())]);
    world.db.put(&old);
    world.at_the_line(|db, call| {
        if call.is("TransactWriteItems") && call.nth == 0 {
            let mut theirs = from_json(&call.body["TransactItems"][1]["Put"]["Item"]);
            theirs.insert("text".to_owned(), AttributeValue::B(vec![7]));
            db.put(&theirs);
            db.delete(&item([("address", AttributeValue::B(vec![1]))]));
        }
        Act::Pass
    });
    let target = Target::attributes(columns(&root_keys(1)), Keys::new("address", None));
    let migration = Migration::new(world.client.clone(), TABLE, Source::default().plain(), target, options());
    assert_eq!(sums(&run(&migration).await), [0, 0, 0, 1]);
    let left: Vec<Item> = world.all().into_values().collect();
    assert!(left.len() == 1 && left[0]["text"] == AttributeValue::B(vec![7]), "{left:?}");
}

/// A value of an attribute that should be sealed, or in the older format, and is neither.
#[tokio::test]
async fn plain_values_among_sealed_ones_are_taken_only_where_they_are_announced() {
    let older = || PynamodbMate::new("my-password").attribute("name", Kind::Text).attribute("ward", Kind::Text);
    let keys = root_keys(1);
    let own = || SealedAttributes::new(TABLE).randomised("name", &keys).unwrap().deterministic("ward", &keys).unwrap();
    let of_python = Key::from_passphrase("my-password");
    let of_python = of_python
        .insecure_seal(Mode::Deterministic, &Value::Text("old".to_owned()), &dynaseal_core::SystemRandom)
        .unwrap();
    for (source, is_own) in
        [(Source::default().pynamodb_mate(older()), false), (Source::default().sealed_attributes(own()), true)]
    {
        for takes_plain in [false, true] {
            let world = World::new();
            let mut mixed = id(1);
            mixed.extend(item([("ward", "plain".into()), ("seen", "never".into())]));
            match is_own {
                true => {
                    let mut whole = id(1);
                    whole.extend(item([("name", "old".into())]));
                    world.db.put(&whole);
                    let target = Target::attributes(own(), Keys::new("id", None));
                    let source = Source::default().plain();
                    run(&Migration::new(world.client.clone(), TABLE, source, target, options())).await;
                    mixed.insert("name".to_owned(), world.db.get(&id(1)).unwrap()["name"].clone());
                }
                false => drop(mixed.insert("name".to_owned(), AttributeValue::B(of_python.clone()))),
            }
            world.db.put(&mixed);
            let source = if takes_plain { source.clone().plain() } else { source.clone() };
            let migration = world.migration(source, &table(1), options());
            let report = run(&migration).await;
            if takes_plain {
                assert_eq!(sums(&report), [1, 0, 0, 0], "{is_own} {report:?}");
                let opened = world.opened(&table(1)).into_values().next().unwrap();
                assert_eq!((&opened["name"], &opened["ward"]), (&"old".into(), &"plain".into()));
            } else {
                assert_eq!(sums(&report), [0, 0, 1, 0], "{is_own} {report:?}");
                assert!(report.refused[0].reason.contains("`ward`"), "{report:?}");
                assert_eq!(world.db.get(&id(1)).unwrap(), mixed);
            }
        }
    }
}

#[test]
fn a_source_of_nothing_is_empty() {
    let keys = root_keys(1);
    assert!(Source::default().is_empty());
    for source in [
        Source::default().plain(),
        Source::default().records(table(1)),
        Source::default().pynamodb_mate(PynamodbMate::new("my-password").attribute("name", Kind::Text)),
        Source::default().sealed_attributes(SealedAttributes::new(TABLE).randomised("name", &keys).unwrap()),
    ] {
        assert!(!source.is_empty(), "{source:?}");
    }
}
