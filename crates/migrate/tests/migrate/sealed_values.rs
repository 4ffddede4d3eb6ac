//! Values that are sealed alone, among others that are not: each is opened by what sealed it, or refused, and none is sealed
//! twice.

use std::sync::Arc;

use dynaseal_core::{AttributeValue, SystemRandom};
use dynaseal_legacy::pynamodb_mate::{Key, Kind, Mode, Value};
use dynaseal_migrate::{FileCheckpoint, Keys, Migration, PynamodbMate, SealedAttributes, Source, Target};

use crate::attributes::root_keys;
use crate::world::*;

const PASSPHRASE: &str = "my-password";

fn own(byte: u8) -> SealedAttributes {
    let keys = root_keys(byte);
    SealedAttributes::new(TABLE).randomised("name", &keys).unwrap().deterministic("ward", &keys).unwrap()
}

fn sealing(world: &World, source: Source, byte: u8) -> Migration {
    let target = Target::attributes(own(byte), Keys::new("id", None));
    Migration::new(world.client.clone(), TABLE, source, target, options())
}

fn python(value: &Value) -> AttributeValue {
    let key = Key::from_passphrase(PASSPHRASE);
    AttributeValue::B(key.insecure_seal(Mode::Deterministic, value, &SystemRandom).unwrap())
}

/// Sealed under a root that nobody has here: it is no plain value, whatever may be taken as plain.
#[tokio::test]
async fn what_is_sealed_under_an_unknown_root_is_never_sealed_again() {
    let world = World::new();
    world.people(1);
    assert_eq!(sums(&run(&sealing(&world, Source::default().plain(), 1)).await), [1, 0, 0, 0]);
    let before = world.all();
    for source in [Source::default().plain(), Source::default()] {
        // Whether the job is ended for the keys or the item is refused, nothing is written.
        let migration = Migration::new(
            world.client.clone(),
            TABLE,
            source,
            Target::attributes(own(2), Keys::new("id", None)),
            options().without_key_check(),
        );
        let report = run(&migration).await;
        assert_eq!(sums(&report), [0, 0, 1, 0], "{report:?}");
        assert_eq!(world.all(), before);
    }
}

/// Bytes that are nobody's sealed value are a value like others where plain ones are taken.
#[tokio::test]
async fn plain_bytes_of_a_sealed_attribute_are_sealed_as_they_are() {
    let bytes = AttributeValue::B(vec![1, 2, 3]);
    let older = PynamodbMate::new(PASSPHRASE).attribute("name", Kind::Text);
    let of_python = python(&Value::Text("old".to_owned()));
    for (source, name) in
        [(Source::default().plain(), "old".into()), (Source::default().plain().pynamodb_mate(older), of_python)]
    {
        let world = World::new();
        let mut mixed = id(1);
        mixed.extend(item([("ward", bytes.clone()), ("name", name)]));
        world.db.put(&mixed);
        let report = run(&sealing(&world, source, 1)).await;
        assert_eq!(sums(&report), [1, 0, 0, 0], "{report:?}");
        // Opened to records, by which they can be read.
        let from = Source::default().sealed_attributes(own(1));
        assert_eq!(sums(&run(&world.migration(from, &table(1), options())).await), [1, 0, 0, 0]);
        let opened = world.opened(&table(1)).into_values().next().unwrap();
        assert_eq!((&opened["ward"], &opened["name"]), (&bytes, &"old".into()));
    }
}

/// Of an item in which some values are sealed, plain bytes stay what they are on the way to records.
#[tokio::test]
async fn plain_bytes_beside_sealed_values_are_not_opened() {
    let world = World::new();
    let mut mixed = id(1);
    mixed.insert("name".to_owned(), "Ada".into());
    world.db.put(&mixed);
    assert_eq!(sums(&run(&sealing(&world, Source::default().plain(), 1)).await), [1, 0, 0, 0]);
    world.db.set(&id(1), "ward", AttributeValue::B(vec![1, 2, 3]));
    let source = Source::default().plain().sealed_attributes(own(1));
    assert_eq!(sums(&run(&world.migration(source, &table(1), options())).await), [1, 0, 0, 0]);
    let opened = world.opened(&table(1)).into_values().next().unwrap();
    assert_eq!((&opened["ward"], &opened["name"]), (&AttributeValue::B(vec![1, 2, 3]), &"Ada".into()));
}

/// They may become records, of which one can tell whether they are done; only plaintext of them nobody could tell apart.
#[tokio::test]
async fn bytes_of_pynamodb_mate_become_records() {
    let world = World::new();
    let mut stored = id(1);
    stored.insert("notes".to_owned(), python(&Value::Binary(vec![7; 40])));
    world.db.put(&stored);
    let source = Source::default().pynamodb_mate(PynamodbMate::new(PASSPHRASE).attribute("notes", Kind::Binary));
    assert_eq!(sums(&run(&world.migration(source, &table(1), options())).await), [1, 0, 0, 0]);
    let opened = world.opened(&table(1)).into_values().next().unwrap();
    assert_eq!(opened["notes"], AttributeValue::B(vec![7; 40]));
}

/// A checkpoint is of the attributes that its job was begun with, and of their root.
#[tokio::test]
async fn a_checkpoint_is_of_the_attributes_that_were_named() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    world.people(3);
    let checkpoint = || Arc::new(FileCheckpoint::open(folder.path().join("checkpoint")).unwrap());
    let job = |attributes: SealedAttributes, source: Source| {
        let target = Target::attributes(attributes, Keys::new("id", None));
        Migration::new(world.client.clone(), TABLE, source, target, options().checkpoint(checkpoint()))
    };
    assert_eq!(sums(&run(&job(own(1), Source::default().plain())).await), [3, 0, 0, 0]);
    assert!(run(&job(own(1), Source::default().plain())).await.was_done);
    let keys = root_keys(1);
    let one = SealedAttributes::new(TABLE).randomised("name", &keys).unwrap();
    let older = Source::default().pynamodb_mate(PynamodbMate::new(PASSPHRASE).attribute("name", Kind::Text));
    for (attributes, source) in [
        (own(2), Source::default().plain()),
        (one, Source::default().plain()),
        (own(1), Source::default()),
        (own(1), older),
    ] {
        let error = fails(&job(attributes, source)).await;
        assert!(text(&error).contains("checkpoint"), "{}", text(&error));
    }
}

/// A value that was sealed alone and that no source opens is no plaintext: not beside attributes that a source names, and not
/// beside one of them that is sealed as well.
#[tokio::test]
async fn a_sealed_value_beside_named_attributes_is_refused() {
    let first = World::new();
    first.people(1);
    assert_eq!(sums(&run(&sealing(&first, Source::default().plain(), 1)).await), [1, 0, 0, 0]);
    let sealed = first.db.get(&id(0)).unwrap();
    let keys = root_keys(1);
    let name_alone = || SealedAttributes::new(TABLE).randomised("name", &keys).unwrap();
    let model = || PynamodbMate::new(PASSPHRASE).attribute("name", Kind::Text);
    let with = |name: AttributeValue| {
        let mut item = sealed.clone();
        item.insert("name".to_owned(), name);
        item
    };
    let of_python = || python(&Value::Text("old".to_owned()));
    let cases = [
        ("named, plain", Source::default().plain().sealed_attributes(name_alone()), with("plain".into())),
        ("named, sealed", Source::default().sealed_attributes(name_alone()), sealed.clone()),
        ("of the model, plain", Source::default().plain().pynamodb_mate(model()), with("plain".into())),
        ("of the model, sealed", Source::default().pynamodb_mate(model()), with(of_python())),
    ];
    for (what, source, stored) in cases {
        for to_records in [true, false] {
            let world = World::new();
            world.db.put(&stored);
            let target = match to_records {
                true => Target::records(table(1)).unwrap(),
                false => Target::danger_plaintext(Keys::new("id", None)),
            };
            let job = Migration::new(world.client.clone(), TABLE, source.clone(), target, options());
            let report = run(&job).await;
            assert_eq!(sums(&report), [0, 0, 1, 0], "{what} {to_records}");
            let reason = &report.refused[0].reason;
            assert!(reason.contains("`ward` is a sealed attribute, and the job was not told"), "{what}: {reason}");
            assert_eq!(world.db.get(&id(0)).unwrap(), stored, "{what}");
        }
    }
}
