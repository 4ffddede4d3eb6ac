//! Every type of attribute, readable and sealed in both ways, with any value.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use dynaseal::AttributeValue;
use dynaseal::model::{Decimal, Model, Table, Timestamp, UnixTime};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::keys;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Address {
    street: String,
    lines: Vec<String>,
    number: Option<u16>,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Home,
    Work { floor: i8 },
    Other(String),
}

macro_rules! model {
    ($name:ident, $table:literal, $($seal:tt)*) => {
        #[derive(Model, Clone, Debug, PartialEq)]
        #[model(table = $table, no_debug)]
        struct $name {
            #[model(partition_key)]
            id: String,
            #[model($($seal)*)]
            string: String,
            #[model($($seal)*)]
            small: i8,
            #[model($($seal)*)]
            large: u128,
            #[model($($seal)*)]
            negative: i128,
            #[model($($seal)*)]
            double: f64,
            #[model($($seal)*)]
            single: f32,
            #[model($($seal)*)]
            exact: Decimal,
            #[model($($seal)*)]
            truth: bool,
            #[model($($seal)*)]
            bytes: Vec<u8>,
            #[model($($seal)*)]
            maybe: Option<i64>,
            #[model($($seal)*)]
            list: Vec<Option<String>>,
            #[model($($seal)*)]
            nested: Vec<Vec<u32>>,
            #[model($($seal)*)]
            map: BTreeMap<String, Vec<u8>>,
            #[model($($seal)*)]
            sparse: BTreeMap<String, Option<i32>>,
            #[model($($seal)*)]
            hashed: HashMap<String, i64>,
            #[model($($seal)*)]
            strings: BTreeSet<String>,
            #[model($($seal)*)]
            numbers: HashSet<i64>,
            #[model($($seal)*)]
            binaries: BTreeSet<Vec<u8>>,
            #[model($($seal)*)]
            time: Timestamp,
            #[model($($seal)*)]
            unix: UnixTime,
            #[model($($seal)*)]
            any: AttributeValue,
            #[model(with = "serde", $($seal)*)]
            address: Address,
            #[model(with = "json", $($seal)*)]
            json: Vec<Address>,
            #[model(with = "serde", $($seal)*)]
            perhaps: Option<Kind>,
        }

        impl $name {
            fn arbitrary() -> impl Strategy<Value = Self> {
                let numbers = (any::<i8>(), -9_i64..9, any::<u64>(), any::<i64>(), -1e100..1e100, -1e30_f32..1e30);
                let texts = (any::<String>(), any::<Vec<u8>>(), any::<bool>(), any::<Option<i64>>());
                let lists = (
                    prop::collection::vec(any::<Option<String>>(), 0..4),
                    prop::collection::vec(prop::collection::vec(any::<u32>(), 0..3), 0..3),
                    prop::collection::btree_map("\\PC{1,6}", any::<Vec<u8>>(), 0..4),
                    prop::collection::hash_map("\\PC{1,6}", any::<i64>(), 0..4),
                );
                let sparse = prop::collection::btree_map("\\PC{1,6}", any::<Option<i32>>(), 0..4);
                let sets = (
                    prop::collection::btree_set("[a-z]{1,4}", 0..4),
                    prop::collection::hash_set(any::<i64>(), 0..4),
                    prop::collection::btree_set(prop::collection::vec(any::<u8>(), 1..4), 0..4),
                );
                let times = (-62_167_219_200_i64..=253_402_300_799, 0_u32..1_000_000, any::<i64>());
                let addresses = (any::<String>(), prop::collection::vec(any::<String>(), 0..3), any::<Option<u16>>(), 0..3);
                (numbers, texts, lists, sets, times, addresses, sparse).prop_map(|(numbers, texts, lists, sets, times, address, sparse)| {
                    let kind = match address.3 {
                        0 => Kind::Home,
                        1 => Kind::Work { floor: numbers.0 },
                        _ => Kind::Other(texts.0.clone()),
                    };
                    let perhaps = (address.3 != 2).then(|| kind.clone());
                    let address = Address { street: address.0, lines: address.1, number: address.2, kind };
                    Self {
                        id: "a".to_owned(),
                        string: texts.0.clone(),
                        small: numbers.0,
                        large: u128::from(numbers.2) * 10_u128.pow(18),
                        negative: -i128::from(numbers.2) * 10_i128.pow(18),
                        double: numbers.4,
                        single: numbers.5,
                        exact: format!("{}.{}e{}", numbers.3, numbers.2, numbers.1).parse().unwrap_or_default(),
                        truth: texts.2,
                        bytes: texts.1,
                        maybe: texts.3,
                        list: lists.0,
                        nested: lists.1,
                        map: lists.2,
                        sparse,
                        hashed: lists.3,
                        strings: sets.0,
                        numbers: sets.1,
                        binaries: sets.2,
                        time: Timestamp::new(times.0, times.1).unwrap(),
                        unix: UnixTime(times.2),
                        any: AttributeValue::S(texts.0),
                        json: vec![address.clone(); 2],
                        address,
                        perhaps,
                    }
                })
            }
        }
    };
}

model!(Readable, "readable",);
model!(Searchable, "searchable", seal = "deterministic");
model!(Secret, "secret", seal);

async fn table<M: Model>(sealed: bool) -> Table<M> {
    let client = dynaseal::local::memory().unwrap();
    let options = M::on(&client);
    let table = if sealed { options.attribute_keys(&keys()) } else { options }.open().unwrap();
    table.create().await.unwrap();
    table
}

macro_rules! round_trips {
    ($test:ident, $model:ident, $sealed:literal) => {
        #[test]
        fn $test() {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let table = runtime.block_on(table::<$model>($sealed));
            let cases = ProptestConfig { cases: 64, ..ProptestConfig::default() };
            proptest!(cases, |(item in $model::arbitrary())| {
                let mut saved = item.clone();
                runtime.block_on(async { table.save(&mut saved).await }).unwrap();
                let found = runtime.block_on(async { table.get("a").await }).unwrap().unwrap();
                prop_assert!(found == item);
                prop_assert!($model::from_map(item.to_map().unwrap()).unwrap() == item);
                if $sealed {
                    let stored = runtime.block_on(table.stored(&item)).unwrap().unwrap();
                    for (name, value) in stored.iter().filter(|(name, _)| *name != "id") {
                        prop_assert!(value.as_b().is_ok(), "{name}");
                    }
                }
            });
        }
    };
}

round_trips!(readable_values_come_back, Readable, false);
round_trips!(searchable_values_come_back, Searchable, true);
round_trips!(secret_values_come_back, Secret, true);

#[test]
fn numbers_that_dynamodb_does_not_have_are_errors_of_their_field() {
    let item = Readable { double: f64::NAN, ..sample() };
    let error = item.to_map().unwrap_err();
    assert_eq!(error.to_string(), "field `double` of `Readable`: DynamoDB has neither infinity nor NaN");
    assert_eq!(error.field(), "double");
}

fn sample() -> Readable {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    Readable::arbitrary().new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

#[test]
fn times_are_ordered_as_text_and_read_from_others() {
    let early = Timestamp::new(-1, 999_999).unwrap();
    let late = Timestamp::new(1_700_000_000, 5).unwrap();
    assert_eq!(early.to_string(), "1969-12-31T23:59:59.999999Z");
    assert_eq!(late.to_string(), "2023-11-14T22:13:20.000005Z");
    assert!(early < late && early.to_string() < late.to_string());
    for text in [
        "2023-11-14T22:13:20Z",
        "2023-11-14T23:13:20+01:00",
        "2023-11-14T22:13:20.0000004Z",
        "2023-11-14T22:13:20.000000+0000",
    ] {
        assert_eq!(text.parse::<Timestamp>().unwrap(), Timestamp::new(1_700_000_000, 0).unwrap(), "{text}");
    }
    for text in ["yesterday", "", "+0000", "2023-11-14", "é+0000"] {
        assert!(text.parse::<Timestamp>().is_err(), "{text}");
    }
    assert_eq!((Timestamp::new(i64::MAX, 0), Timestamp::new(0, 1_000_000)), (None, None));
}
