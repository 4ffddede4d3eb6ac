//! A live table that Python's pynamodb_mate wrote: read, searched and moved over by models, with a DynamoDB server between
//! the two.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod world;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error as _;
use std::fmt::Debug;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal::SystemRandom;
use dynaseal::legacy::pynamodb_mate::{Integer, Json, Key, Kind, Mode, Number, Value as Sealed};
use dynaseal::model::{Condition, Model, ModelError, ModelErrorKind, Table};
use serde_json::{Value, json};
use world::{
    Archive, Moved, PASSPHRASE, Place, Printed, Python, SEALED, Stored, World, all_old, bits, float, hex, is_new, keys,
    old, place_of, text, unhex,
};

async fn read_all(archive: &Table<Archive>) -> Printed {
    let items = archive.scan().page_size(17).items().all().await.unwrap();
    items.iter().map(|item| (place_of(item), item.printed())).collect()
}

async fn found(archive: &Table<Archive>, condition: Condition<Archive>) -> BTreeSet<Place> {
    let items = archive.scan().filter(condition).page_size(17).items().all().await.unwrap();
    let places: BTreeSet<Place> = items.iter().map(place_of).collect();
    assert_eq!(places.len(), items.len());
    places
}

fn having(printed: &Printed, is_right: impl Fn(&Value) -> bool) -> BTreeSet<Place> {
    printed.iter().filter(|(_, item)| is_right(item)).map(|(place, _)| place.clone()).collect()
}

/// Looks for each value that there is of an attribute; the condition is made of what Python prints.
async fn find_each(
    archive: &Table<Archive>,
    printed: &Printed,
    attribute: &str,
    condition: impl Fn(&Value) -> Condition<Archive>,
) {
    let mut values: Vec<&Value> = Vec::new();
    for item in printed.values() {
        if !values.contains(&&item[attribute]) {
            values.push(&item[attribute]);
        }
    }
    assert!(values.len() > 3, "{attribute}");
    for value in values {
        let expected = having(printed, |item| item[attribute] == *value);
        assert_eq!(found(archive, condition(value)).await, expected, "{attribute}: {value}");
    }
}

fn labels(value: &Value) -> BTreeMap<String, i64> {
    serde_json::from_value(value.clone()).unwrap()
}

/// Every search but that for JSON.
async fn search(archive: &Table<Archive>, printed: &Printed) {
    let string = |value: &Value| value.as_str().unwrap().to_owned();
    find_each(archive, printed, "secret_message", |value| Archive::secret_message().eq(string(value))).await;
    find_each(archive, printed, "secret_tag", |value| Archive::secret_tag().eq(unhex(&string(value)))).await;
    let integer = |value: &Value| string(value).parse::<i64>().unwrap();
    find_each(archive, printed, "secret_integer", |value| Archive::secret_integer().eq(integer(value))).await;
    find_each(archive, printed, "secret_float", |value| Archive::secret_float().eq(float(&string(value)))).await;

    let two = ["hold the fire", "", "nobody wrote this"];
    let is_one = |item: &Value| two.contains(&item["secret_message"].as_str().unwrap());
    assert_eq!(found(archive, Archive::secret_message().is_in(two)).await, having(printed, is_one));
    let is_none = |item: &Value| !is_one(item);
    assert_eq!(found(archive, !Archive::secret_message().is_in(two)).await, having(printed, is_none));
    let other = |item: &Value| item["secret_integer"] != "-1";
    assert_eq!(found(archive, Archive::secret_integer().ne(-1)).await, having(printed, other));
    let both = Archive::secret_integer().eq(0) & Archive::place().eq("room 0");
    let is_both = |item: &Value| item["secret_integer"] == "0" && item["place"] == "room 0";
    assert_eq!(found(archive, both).await, having(printed, is_both));
    assert_eq!(found(archive, Archive::secret_message().eq("nobody wrote this")).await, BTreeSet::new());
}

/// That it failed for this item, and not because the server said so.
fn assert_refused<T: Debug>(result: Result<T, ModelError>, place: &Place) {
    let error = result.unwrap_err();
    assert!(matches!(error.kind(), ModelErrorKind::Attribute(_)), "{error:?}");
    assert_eq!(error.key(), Some(text(place).as_str()));
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_live_table_is_read_searched_and_moved() {
    let Some(world) = World::new("live-archive") else { return };
    let mut printed = world.python("write");
    assert_eq!(printed.len(), 60);
    let before = world.stored().await;
    let archive = world.archive();

    // Everything is old, and means here what it means there.
    assert_eq!(all_old(&before).len(), 60 * 10 - 15);
    assert_eq!(read_all(&archive).await, printed);
    assert_eq!(world.told(), all_old(&before));
    let first = archive.get(("aid-00/ü", 1_u32)).await.unwrap().unwrap();
    assert_eq!(first.printed(), printed[&place_of(&first)]);
    assert_eq!(world.told().len(), 10);
    search(&archive, &printed).await;
    find_each(&archive, &printed, "secret_labels", |value| Archive::secret_labels().eq(labels(value))).await;
    let of_one = archive.query("aid-07/ü").items().all().await.unwrap();
    assert_eq!(of_one.iter().map(|item| item.revision).collect::<Vec<_>>(), [0, 1, 2]);
    assert_refused(world.moved().get(("aid-00/ü", 1_u32)).await.map(|_| ()), &place_of(&first));

    // Reading changes nothing.
    assert_eq!(world.stored().await, before);
    assert_eq!(world.python("read"), printed);
    world.told();

    // One item is saved: it is new, and Python can not read it any more, but all others.
    let mut saved = first.clone();
    archive.save(&mut saved).await.unwrap();
    let stored = archive.stored(&saved).await.unwrap().unwrap();
    assert!(SEALED.iter().all(|name| is_new(&stored[*name])));
    let message = found(&archive, Archive::secret_message().eq(saved.secret_message.as_str())).await;
    assert!(message.contains(&place_of(&saved)) && message.len() == 10);
    let mut by_python = world.python("read");
    assert_eq!(by_python.remove(&place_of(&saved)).unwrap()["unreadable"], true);
    let others: Printed = printed
        .iter()
        .filter(|(place, _)| **place != place_of(&saved))
        .map(|(place, item)| (place.clone(), item.clone()))
        .collect();
    assert_eq!(by_python, others);

    // Another has one new value beside its old ones.
    let mut changed = archive.get(("aid-00/ü", 2_u32)).await.unwrap().unwrap();
    archive.update(&mut changed).set(Archive::secret_message(), "hold the fire").await.unwrap();
    printed.get_mut(&place_of(&changed)).unwrap()["secret_message"] = "hold the fire".into();
    let stored = archive.stored(&changed).await.unwrap().unwrap();
    assert!(is_new(&stored["secret_message"]));
    assert_eq!(old(&stored).len(), 9);

    // A third of the table is saved, and what is new and what is old is searched together.
    for place in printed.keys().filter(|(_, revision)| *revision == 1) {
        let mut item = archive.get(place.clone()).await.unwrap().unwrap();
        archive.save(&mut item).await.unwrap();
    }
    let mixed = world.stored().await;
    assert_eq!(mixed.values().filter(|row| old(row).is_empty()).count(), 20);
    world.told();
    assert_eq!(read_all(&archive).await, printed);
    assert_eq!(world.told(), all_old(&mixed));
    search(&archive, &printed).await;
    find_each(&archive, &printed, "secret_labels", |value| Archive::secret_labels().eq(labels(value))).await;

    // The rest is moved. What is not sealed stays, known to the model or not.
    let done = archive.reseal().await.unwrap();
    assert_eq!((done.examined, done.moved, done.contended), (60, 40, 0));
    let after = world.stored().await;
    assert_eq!(all_old(&after), []);
    for (place, row) in &after {
        let open = |row: &HashMap<String, SdkValue>| -> BTreeMap<String, SdkValue> {
            row.iter()
                .filter(|(name, _)| !SEALED.contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        };
        assert_eq!(open(row), open(&mixed[place]));
        let names = |row: &HashMap<String, SdkValue>| row.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(row), names(&mixed[place]));
        if old(&mixed[place]).is_empty() {
            assert_eq!(*row, mixed[place]);
        }
    }
    world.told();
    assert_eq!(read_all(&archive).await, printed);
    search(&archive, &printed).await;
    assert_eq!(world.told(), []);
    let done = archive.reseal().await.unwrap();
    assert_eq!((done.examined, done.moved, done.contended), (60, 0, 0));
    assert_eq!(world.stored().await, after);

    // The model that never heard of pynamodb_mate.
    let moved = world.moved();
    let all = moved.scan().items().all().await.unwrap();
    assert_eq!(all.len(), 60);
    for item in &all {
        let same = archive.get((item.aid.as_str(), item.revision)).await.unwrap().unwrap();
        assert_eq!(item.to_map().unwrap(), same.to_map().unwrap());
    }
    let done = moved.reseal().await.unwrap();
    assert_eq!((done.examined, done.moved, done.contended), (60, 0, 0));
    let fire = moved.scan().filter(Moved::secret_message().eq("hold the fire")).items().all().await.unwrap();
    assert_eq!(fire.len(), having(&printed, |item| item["secret_message"] == "hold the fire").len());

    put_back(&world, &before, &after, &printed).await;
}

/// Values put into the table by somebody who may write and has no key.
async fn put_back(world: &World, before: &Stored, after: &Stored, printed: &Printed) {
    let (archive, moved) = (world.archive(), world.moved());
    let bound = ["secret_note", "secret_binary", "secret_count", "secret_ratio", "secret_data"];
    let (from, elsewhere) = (("aid-00/ü".to_owned(), 1), ("aid-09/ü".to_owned(), 0));
    for name in SEALED {
        let with = |to: &Place, value: &SdkValue| {
            let mut row = after[to].clone();
            row.insert(name.to_owned(), value.clone());
            row
        };
        // An old value, in its own place and in another.
        for to in [&from, &elsewhere] {
            world.put(with(to, &before[&from][name])).await;
            assert_refused(moved.get(to.clone()).await.map(|_| ()), to);
            if name == "secret_message" {
                assert_refused(moved.scan().items().all().await.map(|_| ()), to);
                let mut done = moved.reseal().await.unwrap();
                assert_eq!((done.moved, done.refused), (0, 1));
                assert_refused(done.errors.pop().map_or(Ok(()), Err), to);
            }
            // The model that still reads them believes it, and says so.
            let item = archive.get(to.clone()).await.unwrap().unwrap();
            assert_eq!(item.printed()[name], printed[&from][name]);
            assert_eq!(world.told(), [(name, text(to))]);
            world.put(after[to].clone()).await;
        }
        // A new value of another item: both refuse it if it is bound to that.
        world.put(with(&elsewhere, &after[&from][name])).await;
        let (by_moved, by_archive) = (moved.get(elsewhere.clone()).await, archive.get(elsewhere.clone()).await);
        if bound.contains(&name) {
            assert_refused(by_moved.map(|_| ()), &elsewhere);
            assert_refused(by_archive.map(|_| ()), &elsewhere);
        } else {
            assert!(by_moved.unwrap().is_some());
            assert_eq!(by_archive.unwrap().unwrap().printed()[name], printed[&from][name]);
        }
        assert_eq!(world.told(), []);
        world.put(after[&elsewhere].clone()).await;
    }
    assert_eq!(world.stored().await, *after);
}

/// JSON is equal if its text is. Python writes it with spaces, and the filter without.
#[tokio::test]
async fn json_is_found_when_it_has_moved() {
    let Some(world) = World::new("json-archive") else { return };
    let printed = world.python("write");
    let archive = world.archive();
    archive.reseal().await.unwrap();
    find_each(&archive, &printed, "secret_labels", |value| Archive::secret_labels().eq(labels(value))).await;
}

/// Of 65,536 values that Python encrypts alone by themselves, one begins as new values do.
#[tokio::test]
async fn an_old_value_that_begins_like_a_new_one_is_read_and_moved() {
    let Some(world) = World::new("lucky-archive") else { return };
    let printed = world.python("write");
    let key = Key::from_passphrase(PASSPHRASE);
    let stored = |text: &String| key.insecure_search_value(&Sealed::Text(text.clone())).unwrap();
    let texts = (0_u32..).map(|number| format!("message {number}"));
    let message = texts.into_iter().find(|text| stored(text).starts_with(&[0xd5, 0x5e])).unwrap();
    let place = ("aid-11/ü".to_owned(), 0);
    let mut row = world.stored().await[&place].clone();
    row.insert("secret_message".to_owned(), SdkValue::B(Blob::new(stored(&message))));
    world.put(row).await;
    assert_eq!(world.python("read")[&place]["secret_message"], message);

    let archive = world.archive();
    let read = archive.get(place.clone()).await;
    let moved = archive.reseal().await;
    assert_eq!(read.unwrap().unwrap().secret_message, message);
    assert_eq!(moved.unwrap().moved, 60);
    assert_eq!(found(&archive, Archive::secret_message().eq(message.as_str())).await, BTreeSet::from([place]));
    assert_eq!(read_all(&archive).await.len(), printed.len());
}

/// Python writes `3` where a program says 3 and `3.0` where it says 3.0, into the same attribute.
#[tokio::test]
async fn floats_that_python_wrote_as_integers_are_found() {
    let Some(world) = World::new("whole-archive") else { return };
    world.python("write");
    let key = Key::from_passphrase(PASSPHRASE);
    let place = ("aid-11/ü".to_owned(), 0);
    let mut row = world.stored().await[&place].clone();
    let whole = key.insecure_search_value(&Sealed::Number(77_i64.into())).unwrap();
    row.insert("secret_float".to_owned(), SdkValue::B(Blob::new(whole)));
    world.put(row).await;

    let archive = world.archive();
    assert_eq!(archive.get(place.clone()).await.unwrap().unwrap().secret_float, 77.0);
    let before = found(&archive, Archive::secret_float().eq(77.0)).await;
    archive.reseal().await.unwrap();
    assert_eq!(found(&archive, Archive::secret_float().eq(77.0)).await, BTreeSet::from([place]));
    assert_eq!(before.len(), 1, "before it has moved");
}

/// A table whose partition key is an encrypted attribute.
#[derive(Model, Clone, PartialEq)]
#[model(table = "people")]
struct Person {
    #[model(partition_key, seal = "deterministic", also_reads = "pynamodb_mate")]
    email: String,
    #[model(seal, also_reads = "pynamodb_mate")]
    name: String,
}

#[tokio::test]
async fn sealed_keys_move_and_nothing_is_there_twice() {
    let Some(world) = World::new("people") else { return };
    let options = Person::on(&world.client).attribute_keys(&keys()).pynamodb_mate(PASSPHRASE);
    let people = options.open().unwrap();
    people.create().await.unwrap();
    let key = Key::from_passphrase(PASSPHRASE);
    let seal = |mode, text: &str| {
        SdkValue::B(Blob::new(key.insecure_seal(mode, &Sealed::Text(text.to_owned()), &SystemRandom).unwrap()))
    };
    for name in ["ada", "bob", "eve"] {
        let email = seal(Mode::Deterministic, &format!("{name}@example.com"));
        world
            .put(HashMap::from([("email".to_owned(), email), ("name".to_owned(), seal(Mode::Randomised, name))]))
            .await;
    }
    let mut ada = people.get("ada@example.com").await.unwrap().unwrap();
    assert_eq!(ada.name, "ada");
    people.update(&mut ada).set(Person::name(), "Ada").await.unwrap();
    assert_eq!(people.scan().count().await.unwrap(), 3);

    // Saved, it has the new key, and the old one is gone.
    ada.name = "Ada Lovelace".to_owned();
    people.save(&mut ada).await.unwrap();
    assert_eq!(all_people(&people).await, [("ada", "Ada Lovelace"), ("bob", "bob"), ("eve", "eve")].map(person));
    let done = people.reseal().await.unwrap();
    assert_eq!((done.examined, done.moved, done.contended), (3, 2, 0));
    assert_eq!(all_people(&people).await, [("ada", "Ada Lovelace"), ("bob", "bob"), ("eve", "eve")].map(person));
    assert_eq!(people.delete(&ada).await.unwrap().unwrap().name, "Ada Lovelace");
    assert_eq!(all_people(&people).await, [("bob", "bob"), ("eve", "eve")].map(person));
}

fn person((email, name): (&str, &str)) -> (String, String) {
    (format!("{email}@example.com"), name.to_owned())
}

async fn all_people(people: &Table<Person>) -> Vec<(String, String)> {
    let all = people.scan().items().all().await.unwrap();
    let mut all: Vec<_> = all.into_iter().map(|person| (person.email, person.name)).collect();
    all.sort();
    all
}

/// What we write for Python programs, Python reads.
#[test]
fn python_reads_what_is_sealed_for_it() {
    let Some(python) = Python::new() else { return };
    let key = Key::from_passphrase(PASSPHRASE);
    let texts = ["", "attack at 2PM tomorrow!", "sixteen bytes ok", "Grüße an Zoë 🦀\0\u{7f}\u{2028}"];
    let bytes: [&[u8]; 4] = [b"", b"\0", b"\xd5\x5e\x01\x02", &[0xff; 1000]];
    let integers = ["0", "-1", "9223372036854775807", "-123456789012345678901234567890123456789012345"];
    let floats = [0.0, -0.0, 12.5, -2.0, 1e16, 1e-7, 0.1 + 0.2, f64::MAX, f64::MIN_POSITIVE, 5e-324];
    let jsons =
        ["{}", r#"{"zeta": 1, "alpha": [null, true, 1.5, "\u00fc\ud83e\udd80\n"]}"#, r#"["a", {"b": {}}]"#, "null"];

    let mut values: Vec<(Kind, Sealed, Value)> = Vec::new();
    values.extend(texts.map(|text| (Kind::Text, Sealed::Text(text.to_owned()), json!(text))));
    values.extend(bytes.map(|bytes| (Kind::Binary, Sealed::Binary(bytes.to_vec()), json!(hex(bytes)))));
    values.extend(
        integers.map(|text| (Kind::Number, Sealed::Number(text.parse::<Integer>().unwrap().into()), json!(text))),
    );
    values.extend(floats.map(|float| (Kind::Number, Sealed::Number(Number::from(float)), json!(bits(float)))));
    values
        .extend(jsons.map(|text| {
            (Kind::Json, Sealed::Json(text.parse::<Json>().unwrap()), serde_json::from_str(text).unwrap())
        }));
    let modes = [Mode::Deterministic, Mode::Randomised];
    let (mut lines, mut expected) = (String::new(), Vec::new());
    for ((kind, value, shown), mode) in values.iter().flat_map(|value| modes.map(|mode| (value, mode))) {
        let stored = key.insecure_seal(mode, value, &SystemRandom).unwrap();
        lines.push_str(&format!("{kind} {mode} {}\n", hex(&stored)));
        expected.push(shown.clone());
    }
    assert_eq!(python.run(&["open"], &lines), expected);
}
