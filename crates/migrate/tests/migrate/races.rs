//! Others write between the reading and the writing of an item. Nothing of theirs is lost.

use dynaseal_core::{AttributeValue, Item, TableConfig};
use dynaseal_migrate::{Keys, Migration, Source, Target};

use crate::attributes::{columns, root_keys};
use crate::world::*;

/// What somebody does to an item of this key.
type Change = Box<dyn FnMut(&Db, &Item) + Send>;
type PlainChange = fn(&Db, &Item);

/// Ten plain people of whom somebody changes each just before it is written.
async fn race(change: impl FnMut(&Db, &Item) + Send + 'static) -> (World, [u64; 4], u64) {
    let world = World::new();
    world.people(10);
    world.before_each_write(change);
    let report = run(&world.sealing(&table(1))).await;
    let (sums, repeated) = (sums(&report), report.counts.repeated);
    (world, sums, repeated)
}

fn expected(change: impl Fn(&mut Item)) -> Vec<Item> {
    (0..10)
        .map(|number| {
            let mut person = person(number);
            change(&mut person);
            person
        })
        .collect()
}

fn assert_people(world: &World, people: &[Item]) {
    assert_eq!(world.all().len(), people.len());
    for person in people {
        let stored = world.db.get(&world.key_of(person)).unwrap();
        assert_eq!(canonical(open(&table(1), stored)), *person);
    }
}

#[tokio::test]
async fn a_changed_value_is_sealed_as_it_is_then() {
    for name in ["name", "ward", "seen"] {
        let (world, sums, repeated) = race(move |db, key| db.set(key, name, "changed".into())).await;
        assert_eq!((sums, repeated), ([10, 0, 0, 0], 10));
        assert_people(&world, &expected(|person| drop(person.insert(name.to_owned(), "changed".into()))));
    }
}

#[tokio::test]
async fn a_value_of_another_type_is_a_changed_one() {
    let (world, sums, _) = race(|db, key| db.set(key, "age", AttributeValue::S("1".to_owned()))).await;
    assert_eq!(sums, [10, 0, 0, 0]);
    assert_people(&world, &expected(|person| drop(person.insert("age".to_owned(), "1".into()))));
}

#[tokio::test]
async fn an_added_attribute_is_sealed_as_well() {
    let (world, sums, repeated) = race(|db, key| db.set(key, "notes", "new".into())).await;
    assert_eq!((sums, repeated), ([10, 0, 0, 0], 10));
    assert_people(&world, &expected(|person| drop(person.insert("notes".to_owned(), "new".into()))));
    assert!(world.all().values().all(|item| matches!(item["notes"], AttributeValue::B(_))));
}

#[tokio::test]
async fn an_added_attribute_that_is_not_signed_stays() {
    let (world, sums, repeated) = race(|db, key| db.set(key, ":mark", "new".into())).await;
    // No condition can name it, and none has to.
    assert_eq!((sums, repeated), ([10, 0, 0, 0], 0));
    assert_people(&world, &expected(|person| drop(person.insert(":mark".to_owned(), "new".into()))));
}

#[tokio::test]
async fn an_added_attribute_that_nobody_knows_is_not_lost() {
    let (world, sums, _) = race(|db, key| db.set(key, "unheard of", "new".into())).await;
    assert_eq!(sums, [10, 0, 0, 0]);
    for (_, mut item) in world.all() {
        assert_eq!(item.remove("unheard of"), Some("new".into()));
        open(&table(1), item);
    }
    // The next run says so.
    world.nobody_at_the_line();
    let before = world.all();
    let report = run(&world.sealing(&table(1))).await;
    assert_eq!(self::sums(&report), [0, 0, 10, 0]);
    assert_eq!(world.all(), before);
}

#[tokio::test]
async fn a_removed_attribute_stays_away() {
    for name in ["name", "ward", "seen"] {
        let (world, sums, repeated) = race(move |db, key| db.remove(key, name)).await;
        assert_eq!((sums, repeated), ([10, 0, 0, 0], 10));
        assert_people(&world, &expected(|person| drop(person.remove(name))));
    }
}

#[tokio::test]
async fn a_deleted_item_does_not_come_back() {
    let (world, sums, _) = race(Db::delete).await;
    assert_eq!(sums, [0, 0, 0, 10]);
    assert!(world.all().is_empty());
}

#[tokio::test]
async fn an_item_of_nothing_but_a_key_does_not_come_back() {
    let world = World::new();
    (0..10).for_each(|number| world.db.put(&id(number)));
    world.before_each_write(Db::delete);
    assert_eq!(sums(&run(&world.sealing(&table(1))).await), [0, 0, 0, 10]);
    assert!(world.all().is_empty());
}

#[tokio::test]
async fn an_item_made_anew_is_the_new_one() {
    let anew = |key: &Item| {
        let mut item = key.clone();
        item.insert("notes".to_owned(), "anew".into());
        item
    };
    let (world, sums, _) = race(move |db, key| {
        db.delete(key);
        db.put(&anew(key));
    })
    .await;
    assert_eq!(sums, [10, 0, 0, 0]);
    assert_people(&world, &(0..10).map(|number| anew(&id(number))).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_a_sealing_writer_wrote_stays_to_the_byte() {
    let live = seal_all("of the application");
    let written = live.clone();
    let (world, sums, repeated) = race(move |db, key| db.put(&written[&key["id"].clone().to_text()])).await;
    assert_eq!((sums, repeated), ([0, 10, 0, 0], 10));
    for (id, record) in live {
        assert_eq!(world.db.get(&item([("id", id.as_str().into())])).unwrap(), record);
    }
}

trait ToText {
    fn to_text(self) -> String;
}

impl ToText for AttributeValue {
    fn to_text(self) -> String {
        match self {
            Self::S(text) => text,
            other => panic!("{} is no text", other.type_name()),
        }
    }
}

/// Ten people, sealed by the application, by id.
fn seal_all(notes: &str) -> std::collections::BTreeMap<String, Item> {
    (0..10)
        .map(|number| {
            let mut person = person(number);
            person.insert("notes".to_owned(), notes.into());
            (person["id"].clone().to_text(), seal(&table(1), person))
        })
        .collect()
}

#[tokio::test]
async fn a_record_that_its_writer_replaces_is_the_new_one() {
    let world = World::new();
    world.sealed_people(&table(1), 10);
    let live = seal_all("newer");
    world.before_each_write(move |db, key| db.put(&live[&key["id"].clone().to_text()]));
    let migration = world.migration(Source::default().records(table(1)), &table(2), options());
    let report = run(&migration).await;
    assert_eq!((sums(&report), report.counts.repeated), ([10, 0, 0, 0], 10));
    for item in world.all().into_values() {
        assert_eq!(open(&table(2), item)["notes"], "newer".into());
    }
}

/// Who updates an attribute that is not signed does not ask what an item is.
#[tokio::test]
async fn an_update_of_what_is_not_signed_is_never_lost() {
    let now_signed = TableConfig::builder(TABLE, "id").encrypt(["name", "age", "notes"]).sign(["ward", "seen"]);
    let now_encrypted = TableConfig::builder(TABLE, "id").encrypt(["name", "age", "notes", "seen"]).sign(["ward"]);
    for config in [config(), now_signed, now_encrypted] {
        for is_new in [false, true] {
            let (old, new) = (table(1), table_of(config.clone(), aes(2)));
            let world = World::new();
            for number in 0..10 {
                let mut person = person(number);
                if is_new {
                    person.remove("seen");
                }
                world.db.put(&seal(&old, person));
            }
            world.before_each_write(|db, key| db.set(key, "seen", "just now".into()));
            let report = run(&world.migration(Source::default().records(old), &new, options())).await;
            assert_eq!(sums(&report), [10, 0, 0, 0]);
            assert!(world.opened(&new).values().all(|item| item["seen"] == "just now".into()));
        }
    }
}

/// As before, with so many attributes that only the signature fits into the condition.
#[tokio::test]
async fn an_update_of_what_is_not_signed_is_not_lost_in_a_wide_item() {
    let names = || (0..200).map(|number| format!("a {number}"));
    let old = table_of(config().encrypt(names()), aes(1));
    let new = TableConfig::builder(TABLE, "id").encrypt(["name", "age", "notes"]).sign(["ward", "seen"]);
    let new = table_of(new.encrypt(names()), aes(2));
    for is_new in [false, true] {
        let world = World::new();
        let mut person = person(1);
        person.extend(names().map(|name| (name, AttributeValue::from(SECRET))));
        if is_new {
            person.remove("seen");
        }
        world.db.put(&seal(&old, person));
        world.before_each_write(|db, key| db.set(key, "seen", "just now".into()));
        let report = run(&world.migration(Source::default().records(old.clone()), &new, options())).await;
        assert_eq!((sums(&report), report.counts.repeated), ([1, 0, 0, 0], 1));
        assert!(world.opened(&new).values().all(|item| item["seen"] == "just now".into()));
    }
}

#[tokio::test]
async fn an_item_that_never_rests_is_left_to_the_next_run() {
    let world = World::new();
    world.people(3);
    world.at_the_line(|db, call| {
        if call.is("UpdateItem") && call.id() == "p-1" {
            db.set(&id(1), "age", AttributeValue::N((1000 + call.nth).to_string()));
        }
        Act::Pass
    });
    let report = run(&world.sealing(&table(1))).await;
    assert_eq!(sums(&report), [2, 0, 1, 0]);
    assert_eq!((world.count("UpdateItem"), report.counts.repeated), (102, 100));
    assert!(report.refused[0].reason.contains("each of 100 attempts"), "{:?}", report.refused);
    let AttributeValue::N(age) = &world.db.get(&id(1)).unwrap()["age"] else { panic!("no number") };
    assert!(age.parse::<usize>().unwrap() >= 1099, "{age}");
    world.nobody_at_the_line();
    assert_eq!(sums(&run(&world.sealing(&table(1))).await), [1, 2, 0, 0]);
}

#[tokio::test]
async fn equal_values_in_another_spelling_are_no_change() {
    let world = World::new();
    for number in 0..5 {
        let mut person = person(number);
        person.insert("notes".to_owned(), AttributeValue::Ss(vec!["a".into(), "b".into(), "c".into()]));
        person.insert("ward".to_owned(), AttributeValue::L(vec![AttributeValue::N("1".to_owned())]));
        world.db.put(&person);
    }
    world.before_each_write(|db, key| {
        db.set(key, "notes", AttributeValue::Ss(vec!["c".into(), "a".into(), "b".into()]));
        db.set(key, "ward", AttributeValue::L(vec![AttributeValue::N("1.00".to_owned())]));
    });
    let report = run(&world.sealing(&table(1))).await;
    assert_eq!((sums(&report), report.counts.repeated), ([5, 0, 0, 0], 0));
}

#[tokio::test]
async fn on_the_way_to_plaintext_nothing_is_lost_either() {
    let (table, live) = (table(1), seal_all("newer"));
    let changes: [(&str, Change); 3] = [
        ("replaced", Box::new(move |db, key| db.put(&live[&key["id"].clone().to_text()]))),
        ("unsigned", Box::new(|db, key| db.set(key, "seen", "just now".into()))),
        ("unknown", Box::new(|db, key| db.set(key, "unheard of", "new".into()))),
    ];
    for (what, change) in changes {
        let world = World::new();
        world.sealed_people(&table, 10);
        world.before_each_write(change);
        let target = Target::danger_plaintext(Keys::new("id", None));
        let source = Source::default().records(table.clone());
        let back = Migration::new(world.client.clone(), TABLE, source, target, options());
        assert_eq!(sums(&run(&back).await), [10, 0, 0, 0], "{what}");
        for number in 0..10 {
            let mut person = person(number);
            match what {
                "replaced" => person.insert("notes".to_owned(), "newer".into()),
                "unsigned" => person.insert("seen".to_owned(), "just now".into()),
                _ => person.insert("unheard of".to_owned(), "new".into()),
            };
            assert_eq!(canonical(world.db.get(&id(number)).unwrap()), person, "{what}");
        }
    }
}

/// The item goes to another key, and the old one is deleted: with all that nobody read.
#[tokio::test]
async fn a_move_takes_along_what_was_changed_or_added() {
    let changes: [(&str, PlainChange); 4] = [
        ("text", |db, key| db.set(key, "text", "changed".into())),
        ("likes", |db, key| db.set(key, "likes", "changed".into())),
        ("later", |db, key| db.set(key, "later", "changed".into())),
        ("likes", |db, key| {
            db.delete(key);
            db.put(&item([("address", key["address"].clone()), ("text", "x".into()), ("likes", "changed".into())]));
        }),
    ];
    for (name, change) in changes {
        let world = World::keyed(&[("address", "B")]);
        for number in 0..5_u8 {
            let address = AttributeValue::B(vec![number]);
            world.db.put(&item([("address", address), ("text", SECRET.into()), ("likes", "0".into())]));
        }
        if name == "later" {
            // No condition can say that there is nothing else. That is looked at just before.
            let mut done = std::collections::BTreeSet::new();
            world.at_the_line(move |db, call| {
                if call.is("GetItem") && done.insert(call.body["Key"].to_string()) {
                    change(db, &from_json(&call.body["Key"]));
                }
                Act::Pass
            });
        } else {
            world.before_each_write(change);
        }
        let target = Target::attributes(columns(&root_keys(1)), Keys::new("address", None));
        let migration = Migration::new(world.client.clone(), TABLE, Source::default().plain(), target, options());
        let report = run(&migration).await;
        assert_eq!((report.counts.changed(), report.counts.refused, report.counts.gone), (5, 0, 0), "{name}");
        let opening = Migration::new(
            world.client.clone(),
            TABLE,
            Source::default().sealed_attributes(columns(&root_keys(1))),
            Target::danger_plaintext(Keys::new("address", None)),
            options(),
        );
        world.nobody_at_the_line();
        run(&opening).await;
        let all = world.all();
        assert_eq!(all.len(), 5);
        assert!(all.values().all(|item| item[name] == "changed".into()), "{name}");
    }
}

#[tokio::test]
async fn a_deleted_item_is_not_moved() {
    let world = World::keyed(&[("address", "B")]);
    world.db.put(&item([("address", AttributeValue::B(vec![1])), ("text", SECRET.into())]));
    world.before_each_write(Db::delete);
    let target = Target::attributes(columns(&root_keys(1)), Keys::new("address", None));
    let migration = Migration::new(world.client.clone(), TABLE, Source::default().plain(), target, options());
    assert_eq!(sums(&run(&migration).await), [0, 0, 0, 1]);
    assert!(world.all().is_empty());
}
