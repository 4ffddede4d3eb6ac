//! Sealed attributes of plain items: those of pynamodb_mate and our own.

use dynaseal_core::{AttributeKeys, AttributeRoot, AttributeValue, Item, SystemRandom};
use dynaseal_legacy::pynamodb_mate::{Key, Kind, Mode, Value};
use dynaseal_migrate::{Keys, MigrateError, Migration, PynamodbMate, SealedAttributes, Source, Target};

use crate::world::*;

const PASSPHRASE: &str = "correct horse s3cret staple";

pub(crate) fn root(byte: u8) -> AttributeRoot {
    AttributeRoot::from_bytes(format!("root-{byte}"), &[byte; 32]).unwrap()
}

pub(crate) fn root_keys(byte: u8) -> AttributeKeys {
    AttributeKeys::new(root(byte))
}

/// `address`, by which items are found, and `text`.
pub(crate) fn columns(keys: &AttributeKeys) -> SealedAttributes {
    SealedAttributes::new("mails").deterministic("address", keys).unwrap().randomised("text", keys).unwrap()
}

/// JSON as Python writes it, with an integer of more than 64 bits and floats of all their digits: no way between the formats
/// may change one.
const WARD: &str = r#"{"id": 123456789012345678901234567890, "a": [0.36155180001546683, 1e-07, 2.0]}"#;

/// The attributes of a person.
pub(crate) fn own(keys: &AttributeKeys) -> SealedAttributes {
    let attributes = SealedAttributes::new(TABLE).randomised("name", keys).unwrap();
    let attributes = attributes.deterministic("ward", keys).unwrap().randomised("age", keys).unwrap();
    attributes.randomised("notes", keys).unwrap()
}

pub(crate) fn older() -> PynamodbMate {
    PynamodbMate::new(PASSPHRASE)
        .attribute("name", Kind::Text)
        .attribute_with("age", Kind::Number, "another one")
        .attribute("ward", Kind::Json)
        .attribute("notes", Kind::Text)
}

pub(crate) fn older_person(number: usize) -> Item {
    let (key, other) = (Key::from_passphrase(PASSPHRASE), Key::from_passphrase("another one"));
    let mode = if number.is_multiple_of(2) { Mode::Deterministic } else { Mode::Randomised };
    let stored = |key: &Key, value| AttributeValue::B(key.insecure_seal(mode, &value, &SystemRandom).unwrap());
    let mut person = id(number);
    let number = i64::try_from(number).unwrap();
    person.extend(item([
        ("name", stored(&key, Value::Text(format!("{SECRET} {number}")))),
        ("age", stored(&other, Value::Number(number.into()))),
        ("ward", stored(&key, Value::Json(WARD.parse().unwrap()))),
        ("seen", SECRET.into()),
    ]));
    person
}

pub(crate) fn opened_person(number: usize) -> Item {
    let mut opened = person(number);
    opened.extend(item([("ward", WARD.into()), ("seen", SECRET.into())]));
    opened
}

fn keys() -> Keys {
    Keys::new("id", None)
}

fn to(world: &World, source: Source, target: Target) -> Migration {
    Migration::new(world.client.clone(), TABLE, source, target, options().page_size(100).prove(true))
}

#[tokio::test]
async fn pynamodb_mate_becomes_records() {
    let world = World::new();
    (0..10).for_each(|number| world.db.put(&older_person(number)));
    let target = || Target::records(table(1)).unwrap();
    let migration = to(&world, Source::default().pynamodb_mate(older()), target());
    let report = run(&migration).await;
    assert_eq!((sums(&report), report.counts.changed["attributes"]), ([10, 0, 0, 0], 10));
    for number in 0..10 {
        assert_eq!(open(&table(1), world.db.get(&id(number)).unwrap()), opened_person(number));
    }
    assert_eq!(sums(&run(&migration).await), [0, 10, 0, 0]);
}

#[tokio::test]
async fn pynamodb_mate_becomes_sealed_attributes_and_those_move_to_another_root() {
    let world = World::new();
    (0..10).for_each(|number| world.db.put(&older_person(number)));
    let first = to(&world, Source::default().pynamodb_mate(older()), Target::attributes(own(&root_keys(1)), keys()));
    assert_eq!(sums(&run(&first).await), [10, 0, 0, 0]);
    let stored = world.all();
    assert_eq!(sums(&run(&first).await), [0, 10, 0, 0]);
    assert_eq!(world.all(), stored);

    let both = root_keys(2).and_reads(root(1)).unwrap();
    let second = to(&world, Source::default(), Target::attributes(own(&both), keys()));
    assert_eq!(sums(&run(&second).await), [10, 0, 0, 0]);
    assert_eq!(sums(&run(&second).await), [0, 10, 0, 0]);

    // The old root opens nothing any more, and that is found first.
    let old = to(&world, Source::default().sealed_attributes(own(&root_keys(1))), Target::danger_plaintext(keys()));
    let writes = world.writes();
    assert!(matches!(fails(&old).await, MigrateError::Keys { .. }));
    assert_eq!(world.writes(), writes);

    let source = || Source::default().sealed_attributes(own(&root_keys(2)));
    let back = to(&world, source(), Target::danger_plaintext(keys()));
    assert_eq!(sums(&run(&back).await), [10, 0, 0, 0]);
    for number in 0..10 {
        assert_eq!(world.db.get(&id(number)).unwrap(), opened_person(number));
    }
    assert_eq!(sums(&run(&back).await), [0, 10, 0, 0]);
}

#[tokio::test]
async fn sealed_attributes_become_records_and_records_sealed_attributes() {
    let world = World::new();
    world.people(8);
    let before = world.plain();
    let attributes = || Target::attributes(own(&root_keys(1)), keys());
    assert_eq!(sums(&run(&to(&world, Source::default().plain(), attributes())).await), [8, 0, 0, 0]);
    let source = Source::default().sealed_attributes(own(&root_keys(1)));
    assert_eq!(sums(&run(&to(&world, source, Target::records(table(1)).unwrap())).await), [8, 0, 0, 0]);
    assert_eq!(world.opened(&table(1)), before);
    let back = to(&world, Source::default().records(table(1)), attributes());
    assert_eq!(sums(&run(&back).await), [8, 0, 0, 0]);
    assert_eq!(sums(&run(&back).await), [0, 8, 0, 0]);
    let source = Source::default().sealed_attributes(own(&root_keys(1)));
    run(&to(&world, source, Target::danger_plaintext(keys()))).await;
    assert_eq!(world.plain(), before);
}

#[tokio::test]
async fn plain_values_beside_sealed_ones_have_to_be_announced() {
    let world = World::new();
    let mut mixed = older_person(1);
    mixed.insert("name".to_owned(), SECRET.into());
    world.db.put(&mixed);
    world.db.put(&older_person(2));
    let target = || Target::attributes(own(&root_keys(1)), keys());
    let report = run(&to(&world, Source::default().pynamodb_mate(older()), target())).await;
    assert_eq!(sums(&report), [1, 0, 1, 0]);
    assert!(report.refused[0].reason.contains("`name` is not sealed"), "{:?}", report.refused);
    assert_eq!(world.db.get(&id(1)).unwrap(), mixed);
    let report = run(&to(&world, Source::default().plain().pynamodb_mate(older()), target())).await;
    assert_eq!(sums(&report), [1, 1, 0, 0]);
}

fn mail(number: u8) -> Item {
    let mut mail = item([("text", format!("{SECRET} {number}").into()), ("likes", AttributeValue::N("1".to_owned()))]);
    let address = Value::Text(format!("{number}@example"));
    let sealed = Key::from_passphrase(PASSPHRASE).insecure_seal(Mode::Deterministic, &address, &SystemRandom);
    mail.insert("address".to_owned(), AttributeValue::B(sealed.unwrap()));
    mail
}

fn mails(world: &World, keys: &AttributeKeys, source: Source) -> Migration {
    let target = Target::attributes(columns(keys), Keys::new("address", None));
    Migration::new(world.client.clone(), TABLE, source, target, options().page_size(100))
}

#[tokio::test]
async fn an_item_under_a_sealed_key_moves_in_one_step() {
    let world = World::keyed(&[("address", "B")]);
    (0..9).for_each(|number| world.db.put(&mail(number)));
    let model = || PynamodbMate::new(PASSPHRASE).attribute("address", Kind::Text);
    let first = mails(&world, &root_keys(1), Source::default().plain().pynamodb_mate(model()));
    // Whoever looks in between sees each item once.
    world.at_the_line(|db, call| {
        if call.is("TransactWriteItems") {
            let items = &call.body["TransactItems"];
            let delete = from_json(&items[0]["Delete"]["Key"]);
            assert!(db.get(&delete).is_some());
        }
        Act::Pass
    });
    let report = run(&first).await;
    assert_eq!((report.counts.changed(), report.counts.refused), (9, 0), "{:?}", report.refused);
    assert_eq!(world.count("TransactWriteItems"), 9);
    assert_eq!(world.all().len(), 9);
    assert_eq!(sums(&run(&first).await), [0, 9, 0, 0]);

    let second = mails(&world, &root_keys(2).and_reads(root(1)).unwrap(), Source::default());
    assert_eq!(run(&second).await.counts.changed(), 9);
    assert_eq!(sums(&run(&second).await), [0, 9, 0, 0]);
    assert_eq!(world.all().len(), 9);
}

#[tokio::test]
async fn an_item_at_the_new_key_is_not_overwritten() {
    let world = World::keyed(&[("address", "B")]);
    world.db.put(&mail(1));
    let model = || PynamodbMate::new(PASSPHRASE).attribute("address", Kind::Text);
    let migration = mails(&world, &root_keys(1), Source::default().plain().pynamodb_mate(model()));
    run(&migration).await;
    let [moved] = world.all().into_values().collect::<Vec<_>>().try_into().unwrap();
    // Somebody with the old program writes it again.
    let mut again = mail(1);
    again.insert("likes".to_owned(), AttributeValue::N("2".to_owned()));
    world.db.put(&again);
    let report = run(&migration).await;
    assert_eq!(sums(&report), [0, 1, 1, 0]);
    assert!(report.refused[0].reason.contains("is there already"), "{:?}", report.refused);
    let all: Vec<Item> = world.all().into_values().collect();
    assert!(all.len() == 2 && all.contains(&moved) && all.contains(&again));
}

/// Done would be what is as insecure as before.
#[tokio::test]
async fn every_attribute_of_pynamodb_mate_becomes_something() {
    let world = World::new();
    world.db.put(&older_person(1));
    let model = older().attribute("phone", Kind::Text);
    let migration = to(&world, Source::default().pynamodb_mate(model), Target::attributes(own(&root_keys(1)), keys()));
    let error = fails(&migration).await;
    assert!(matches!(error, MigrateError::Job(_)) && error.to_string().contains("`phone`"), "{error}");
    assert_eq!(world.writes(), 0);
}

/// In the older format, bytes that were opened look like bytes that were not, and one time of 256 they open again.
#[tokio::test]
async fn bytes_of_pynamodb_mate_are_not_opened_twice() {
    let world = World::new();
    world.db.put(&id(1));
    let model = PynamodbMate::new(PASSPHRASE).attribute("name", Kind::Binary);
    let migration = to(&world, Source::default().plain().pynamodb_mate(model), Target::danger_plaintext(keys()));
    for error in [migration.plan(&nobody()).await.unwrap_err(), fails(&migration).await] {
        assert!(matches!(error, MigrateError::Job(_)) && error.to_string().contains("`name`"), "{error}");
    }
    assert_eq!(world.writes(), 0);
}
