//! Numbers that are added to stay within the type of their field, and items that are made can be read.

use std::collections::BTreeSet;

use dynaseal::RawAesKeyring;
use dynaseal::model::{Decimal, Model, ModelError, ModelErrorKind, Numeric, Room, Table, UnixTime};

use crate::line::{Act, Db};

macro_rules! model {
    ($name:ident, [$($options:tt)*], $($mark:tt)*) => {
        #[derive(Model, Clone, Debug, PartialEq)]
        #[model($($options)*, no_debug)]
        struct $name {
            #[model(partition_key)]
            id: u8,
            #[model(default, $($mark)*)]
            byte: u8,
            #[model(default, $($mark)*)]
            short: i16,
            #[model($($mark)*)]
            word: Option<u32>,
            #[model(default, $($mark)*)]
            wide: u128,
            #[model(default, $($mark)*)]
            deep: i128,
            #[model(default, $($mark)*)]
            float: f32,
            #[model(default, $($mark)*)]
            exact: Decimal,
            #[model(default, $($mark)*)]
            time: UnixTime,
        }

        impl $name {
            fn new(id: u8) -> Self {
                Self {
                    id,
                    byte: 250,
                    short: -32_760,
                    word: Some(u32::MAX - 5),
                    wide: 99_999_999_999_999_999_999_999_999_999_999_999_999,
                    deep: -(10_i128.pow(38)),
                    float: f32::MAX,
                    exact: Decimal::default(),
                    time: UnixTime(i64::MAX),
                }
            }
        }
    };
}

model!(Counter, [table = "counters"],);
model!(Recorded, [table = "counters", record], sign);

async fn counters() -> Table<Counter> {
    let table = Counter::on(&dynaseal::local::memory().unwrap()).open().unwrap();
    table.create().await.unwrap();
    table
}

async fn records() -> Table<Recorded> {
    let keyring = RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap();
    let table = Recorded::on(&dynaseal::local::memory().unwrap()).keyring(keyring).open().unwrap();
    table.create().await.unwrap();
    table
}

fn names(error: &ModelError, name: &str) -> bool {
    matches!(error.kind(), ModelErrorKind::Value { attribute, .. } if *attribute == name)
}

/// By the item in hand and by its key; what is stored is as before if it is refused.
macro_rules! adds {
    ($table:ident, $model:ident, $column:ident, $number:expr, $fits:expr) => {{
        let mut item = $model::new(1);
        $table.save(&mut item).await.unwrap();
        let before = $table.get(1).await.unwrap();
        for by_key in [true, false] {
            $table.save(&mut item.clone()).await.unwrap();
            let added = if by_key {
                $table.update_by_key(1).add($model::$column(), $number).await.map(drop)
            } else {
                $table.update(&mut item.clone()).add($model::$column(), $number).await
            };
            // An item in hand that is older than what is stored says nothing.
            let after = $table.get(1).await.unwrap();
            match added {
                Ok(()) => assert!($fits, "{} + {}", stringify!($column), stringify!($number)),
                Err(error) => {
                    assert!(!$fits && names(&error, stringify!($column)), "{error:?}");
                    assert!(after == before);
                }
            }
        }
    }};
}

macro_rules! matrix {
    ($table:ident, $model:ident) => {{
        adds!($table, $model, byte, 5, true);
        adds!($table, $model, byte, 6, false);
        adds!($table, $model, short, -8, true);
        adds!($table, $model, short, -9, false);
        adds!($table, $model, short, 1, true);
        adds!($table, $model, word, 5, true);
        adds!($table, $model, word, 6, false);
        adds!($table, $model, word, Some(6), false);
        adds!($table, $model, wide, 1_u32, true);
        adds!($table, $model, wide, 3 * 10_u128.pow(38), false);
        adds!($table, $model, deep, -6 * 10_i128.pow(37), true);
        adds!($table, $model, deep, -8 * 10_i128.pow(37), false);
        adds!($table, $model, deep, 5, true);
        adds!($table, $model, float, -1e38_f32, true);
        adds!($table, $model, float, f32::MAX, false);
        adds!($table, $model, exact, 5, true);
        adds!($table, $model, time, UnixTime(0), true);
        adds!($table, $model, time, UnixTime(1), false);
        adds!($table, $model, time, UnixTime(-1), true);
    }};
}

#[tokio::test]
async fn no_sum_leaves_the_type_of_its_field() {
    let table = counters().await;
    matrix!(table, Counter);
    let error = table.update_by_key(1).add(Counter::byte(), -1).await.unwrap_err();
    assert!(names(&error, "byte") && error.kind().to_string().contains("u8"), "{error:?}");
}

#[tokio::test]
async fn nor_in_records() {
    // The sum of a number with 38 digits and another may have more than DynamoDB has, so `deep` takes a round one.
    let table = records().await;
    matrix!(table, Recorded);
}

#[tokio::test]
async fn what_is_stored_counts_and_not_what_is_in_hand() {
    let table = counters().await;
    let mut stale = Counter { byte: 1, ..Counter::new(1) };
    table.save(&mut Counter::new(1)).await.unwrap();
    let error = table.update(&mut stale).add(Counter::byte(), 200).await.unwrap_err();
    assert!(names(&error, "byte"), "{error:?}");
    // Nothing is there: it counts as 0.
    let made = table.update_by_key(2).add(Counter::byte(), 255).or_create().await.unwrap();
    assert_eq!(made.byte, 255);
    // A condition of one's own and the version are still told from it.
    let update = table.update_by_key(2).add(Counter::short(), 1).condition(Counter::byte().eq(7));
    assert!(update.await.unwrap_err().is_condition());
    let update =
        table.update_by_key(2).add(Counter::short(), 1).condition(Counter::byte().eq(7).or(Counter::byte().eq(255)));
    assert_eq!(update.await.unwrap().short, 1);
    let gone = table.update_by_key(3).add(Counter::short(), 1).await.unwrap_err();
    assert!(matches!(gone.kind(), ModelErrorKind::NotFound), "{gone:?}");
}

/// A number in hand that has no room is refused before anything is sent, each by its own column.
#[tokio::test]
async fn what_the_number_in_hand_has_no_room_for_is_not_sent() {
    let (db, client) = Db::new();
    let table = Counter::on(&client).open().unwrap();
    table.create().await.unwrap();
    let mut item = Counter { float: -3e38, ..Counter::new(1) };
    table.save(&mut item).await.unwrap();
    db.sent();
    macro_rules! not_sent {
        ($column:ident, $number:expr) => {
            let error = table.update(&mut item).add(Counter::$column(), $number).await.unwrap_err();
            assert!(names(&error, stringify!($column)), "{error:?}");
            assert!(error.kind().to_string().contains("the number in hand"), "{error:?}");
            assert_eq!(db.sent().len(), 0, "{}", stringify!($column));
        };
    }
    not_sent!(byte, 6);
    not_sent!(short, -9);
    not_sent!(word, 6);
    not_sent!(wide, 3 * 10_u128.pow(38));
    not_sent!(deep, -8 * 10_i128.pow(37));
    not_sent!(float, -1e38_f32);
    table.update(&mut item).add(Counter::float(), 1e38_f32).add(Counter::short(), 100).await.unwrap();
    assert_eq!((db.count("UpdateItem"), item.short), (1, -32_660));
}

/// To the last number that fits: the limit has as many digits as DynamoDB has.
#[tokio::test]
async fn numbers_near_the_end_of_their_type_have_their_room() {
    let table = counters().await;
    for (deep, added, fits) in [
        (-170_141_183_460_469_231_731_687_303_715_884_105_010, -700, true),
        (-170_141_183_460_469_231_731_687_303_715_884_105_030, -700, false),
        (170_141_183_460_469_231_731_687_303_715_884_105_010, 700, true),
        (170_141_183_460_469_231_731_687_303_715_884_105_030, 700, false),
    ] {
        table.save(&mut Counter { deep, ..Counter::new(1) }).await.unwrap();
        let updated = table.update_by_key(1).add(Counter::deep(), added).await;
        assert_eq!(updated.is_ok(), fits, "{deep} + {added}: {updated:?}");
        assert_eq!(table.get(1).await.unwrap().unwrap().deep, if fits { deep + added } else { deep });
    }
}

/// The number that has no room any more may be the sum: nobody is told that it was not added.
#[tokio::test(start_paused = true)]
async fn where_the_answer_was_lost_the_room_is_not_blamed() {
    let (db, client) = Db::new();
    let table = Counter::on(&client).open().unwrap();
    table.create().await.unwrap();
    let mut item = Counter::new(1);
    table.save(&mut item).await.unwrap();
    db.once("UpdateItem", |_, _| Act::Lose);
    let error = table.update_by_key(1).add(Counter::byte(), 5).await.unwrap_err();
    let ModelErrorKind::Unanswered(last) = error.kind() else { panic!("{error:?}") };
    assert!(matches!(**last, ModelErrorKind::NotFound | ModelErrorKind::Condition), "{error:?}");
    assert_eq!(table.get(1).await.unwrap().unwrap().byte, 255);
    // Nor where the write was refused for something else.
    db.once("UpdateItem", |_, _| Act::Refuse(400, "ValidationException"));
    let error = table.update_by_key(1).add(Counter::byte(), 5).await.unwrap_err();
    assert!(matches!(error.kind(), ModelErrorKind::Sdk { .. }), "{error:?}");
    db.once("UpdateItem", |_, _| Act::Refuse(400, "ProvisionedThroughputExceededException"));
    let error = table.update_by_key(1).add(Counter::byte(), 5).await.unwrap_err();
    assert!(names(&error, "byte") && !error.is_unanswered(), "that try was not carried out: {error:?}");
}

#[test]
fn what_a_type_of_ones_own_adds_is_what_its_number_says() {
    assert_eq!(5_u8.room(), Some(5_u8).room());
    assert_ne!(5_u8.room(), 6_u8.room());
    assert_eq!(0_i64.room(), Room::unlimited());
    assert_eq!(format!("{:?}", 5_u8.room()), "Room(limited)");
}

/// It needs more than its key.
#[derive(Model, Clone, PartialEq)]
#[model(table = "people")]
struct Person {
    #[model(partition_key, seal = "deterministic")]
    id: String,
    name: String,
    #[model(seal)]
    age: u8,
    nick: Option<String>,
    tags: BTreeSet<String>,
    #[model(default)]
    visits: u32,
    list: Vec<String>,
    #[model(version)]
    version: u64,
}

#[derive(Model, Clone, PartialEq)]
#[model(table = "people", record)]
struct Patient {
    #[model(partition_key)]
    id: String,
    #[model(seal)]
    name: String,
    #[model(sign)]
    ward: String,
    #[model(plain)]
    visits: Option<u32>,
}

#[tokio::test]
async fn an_item_that_could_not_be_read_is_not_made() {
    let people = Person::on(&dynaseal::local::memory().unwrap()).attribute_keys(&crate::keys()).open().unwrap();
    people.create().await.unwrap();
    let update = || people.update_by_key("a").or_create();
    for (missing, update) in [
        ("name", update().set(Person::age(), 7).append(Person::list(), ["x".to_owned()])),
        ("age", update().set(Person::name(), "Ada").append(Person::list(), ["x".to_owned()])),
        ("list", update().set(Person::name(), "Ada").set(Person::age(), 7)),
        ("name", update().set(Person::nick(), "A").add(Person::visits(), 1)),
    ] {
        let error = update.await.unwrap_err();
        let ModelErrorKind::Refused(text) = error.kind() else { panic!("{error:?}") };
        assert!(text.contains(&format!("field `{missing}` of `Person`")), "{text}");
    }
    assert_eq!(people.scan().count().await.unwrap(), 0);
    let enough = update().set_if_absent(Person::name(), "Ada").set(Person::age(), 7).append(Person::list(), Vec::new());
    let made = enough.add(Person::visits(), 1).insert(Person::tags(), ["x".to_owned()]).await.unwrap();
    assert_eq!((made.id.as_str(), made.age, made.visits, made.version), ("a", 7, 1, 1));

    let keyring = RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap();
    let patients = Patient::on(&dynaseal::local::memory().unwrap()).keyring(keyring).open().unwrap();
    patients.create().await.unwrap();
    for update in [
        patients.update_by_key("a").or_create().set(Patient::name(), "Ada"),
        patients.update_by_key("a").or_create().set(Patient::ward(), "north").add(Patient::visits(), 1),
    ] {
        assert!(matches!(update.await.unwrap_err().kind(), ModelErrorKind::Refused(_)));
    }
    let stored = patients.client().scan().table_name("people").send().await.unwrap();
    assert_eq!(stored.count, 0, "{:?}", stored.items);
    let made = patients.update_by_key("a").or_create().set(Patient::name(), "Ada").set(Patient::ward(), "north").await;
    assert_eq!(made.unwrap().name, "Ada");
}

#[tokio::test]
async fn an_update_prints_no_value() {
    let table = counters().await;
    let mut item = Counter::new(1);
    table.save(&mut item).await.unwrap();
    let update = table.update_by_key(1).add(Counter::byte(), 3).add(Counter::time(), UnixTime(-77_777));
    let text = format!("{update:?}");
    for value in ["77777", "252", "9223372036854"] {
        assert!(!text.contains(value), "{text}");
    }
    let condition = Counter::byte().eq(77).and(Counter::word().not_exists()).or(!Counter::short().is_in([-77]));
    let text = format!("{condition:?}");
    for part in ["Condition(", "byte", "word", "short", "…"] {
        assert!(text.contains(part), "`{part}` is not in {text}");
    }
    assert!(!text.contains("77"), "{text}");
    // Of an item in hand, it prints what the item's own `Debug` prints, and nothing of what is sealed.
    let people = Person::on(&dynaseal::local::memory().unwrap()).attribute_keys(&crate::keys()).open().unwrap();
    let tags = BTreeSet::new();
    let (id, name, list) = ("a".to_owned(), "Ada".to_owned(), Vec::new());
    let mut ada = Person { id, name, age: 77, nick: None, tags, visits: 1, list, version: 0 };
    let text = format!("{:?}", people.update(&mut ada).add(Person::visits(), 5));
    assert!(!text.contains("77") && text.contains("Ada"), "{text}");
}
