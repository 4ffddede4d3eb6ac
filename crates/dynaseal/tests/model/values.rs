//! A value that is read is the value that was written, to the last bit, or it was refused before it was written: every type,
//! nested once in every other, and through a table in every protection.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Debug;

use dynaseal::AttributeValue;
use dynaseal::model::{Attribute, Decimal, Model, ModelErrorKind, PynamoTimestamp, Table, Timestamp, UnixTime};
use dynaseal::{RawAesKeyring, normalize_number};
use proptest::prelude::*;

use crate::keys;

/// Equal, and floats also in their bits. DynamoDB has no -0.0, which is equal to 0.0.
trait Same: Attribute + Clone + PartialEq + Debug {
    fn is(&self, other: &Self) -> bool {
        self == other
    }

    /// Whether DynamoDB has such a value.
    fn is_storable(&self) -> bool {
        true
    }
}

macro_rules! same {
    ($($type:ty)*) => {$( impl Same for $type {} )*};
}

same! { String bool Vec<u8> i8 i16 i32 i64 isize u8 u16 u32 u64 usize Decimal UnixTime Timestamp PynamoTimestamp AttributeValue }
same! { BTreeSet<String> BTreeSet<u64> BTreeSet<Vec<u8>> HashSet<i128> HashSet<Decimal> BTreeSet<Timestamp> }

macro_rules! wide {
    ($($type:ty)*) => {$(
        impl Same for $type {
            fn is_storable(&self) -> bool {
                normalize_number(&self.to_string()).is_ok()
            }
        }
    )*};
}

wide! { i128 u128 }

macro_rules! floats {
    ($($type:ty)*) => {$(
        impl Same for $type {
            fn is(&self, other: &Self) -> bool {
                self.to_bits() == other.to_bits() || (*self == 0.0 && *other == 0.0)
            }

            fn is_storable(&self) -> bool {
                self.is_finite() && normalize_number(&format!("{self:e}")).is_ok()
            }
        }
    )*};
}

floats! { f32 f64 }

/// Whether it came back; what cannot be stored has to be refused, and nothing else.
fn comes_back<T: Attribute + Debug>(value: &T, is_storable: bool, is: impl Fn(&T) -> bool) {
    match value.to_value() {
        Err(unfit) => assert!(!is_storable, "{value:?}: {unfit}"),
        Ok(stored) => {
            assert!(is_storable, "{value:?} is stored as {stored:?}");
            let read = T::from_value(stored.clone()).unwrap_or_else(|unfit| panic!("{stored:?}: {unfit}"));
            assert!(is(&read), "{value:?} is read as {read:?}");
        }
    }
}

/// In every place that a value may have.
#[allow(clippy::needless_pass_by_value, reason = "so that calls are short")]
fn comes_back_everywhere<T: Same>(value: T) {
    let good = value.is_storable();
    // `Some` of nothing is refused: it would be `None`.
    let is_something = !matches!(value.to_value(), Ok(None | Some(AttributeValue::Null(_))));
    comes_back(&value, good, |read| read.is(&value));
    comes_back(&Some(value.clone()), good && is_something, |read| read.as_ref().is_some_and(|read| read.is(&value)));
    // Bytes are a list of `u8`, so lists are of lists here.
    let list = vec![vec![value.clone()], Vec::new(), vec![value.clone(), value.clone()]];
    let same_list = |one: &Vec<T>, other: &Vec<T>| {
        one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.is(other))
    };
    comes_back(&list, good, |read| {
        read.len() == list.len() && read.iter().zip(&list).all(|(read, list)| same_list(read, list))
    });
    let sparse = vec![Some(value.clone()), None];
    comes_back(&sparse, good && is_something, |read| {
        read.len() == 2 && read[0].as_ref().is_some_and(|read| read.is(&value)) && read[1].is_none()
    });
    let map = BTreeMap::from([("a".to_owned(), value.clone()), ("b".to_owned(), value.clone())]);
    comes_back(&map, good, |read| read.len() == 2 && read["a"].is(&value) && read["b"].is(&value));
    let map = HashMap::from([("a".to_owned(), Some(value.clone())), ("b".to_owned(), None)]);
    comes_back(&map, good && is_something, |read| {
        read.len() == 2 && read["a"].as_ref().is_some_and(|read| read.is(&value)) && read["b"].is_none()
    });
}

fn float_bits() -> impl Strategy<Value = u64> {
    // Any bits at all are mostly out of range; those near 1 are not.
    prop_oneof![any::<u64>(), (0x3f00_0000_0000_0000_u64..0x40ff_ffff_ffff_ffff), Just(f64::NAN.to_bits())]
}

fn time() -> impl Strategy<Value = Timestamp> {
    (-62_135_596_800_i64..=253_402_300_799, 0_u32..1_000_000)
        .prop_map(|(seconds, micros)| Timestamp::new(seconds, micros).unwrap())
}

fn decimal() -> impl Strategy<Value = Decimal> {
    (any::<i64>(), any::<u64>(), -60_i32..60)
        .prop_map(|(whole, fraction, exponent)| format!("{whole}.{fraction}e{exponent}").parse().unwrap_or_default())
}

proptest! {
    #[test]
    fn every_number_comes_back(
        signed in any::<i128>(), unsigned in any::<u128>(), shift in 0_u32..128, bits in float_bits(), small in any::<u32>(),
        exact in decimal(),
    ) {
        let (signed, unsigned) = (signed >> shift, unsigned >> shift);
        comes_back_everywhere(signed);
        comes_back_everywhere(unsigned);
        comes_back_everywhere(i64::try_from(signed >> 64).unwrap_or_default());
        comes_back_everywhere(u64::try_from(unsigned >> 64).unwrap_or_default());
        for byte in [small.to_le_bytes()[0], 0, 255] {
            comes_back_everywhere(byte);
            comes_back_everywhere(i8::from_ne_bytes([byte]));
        }
        comes_back_everywhere(f64::from_bits(bits));
        comes_back_everywhere(f32::from_bits(small));
        comes_back_everywhere(exact);
        comes_back_everywhere(UnixTime(i64::try_from(signed >> 64).unwrap_or_default()));
    }

    #[test]
    fn everything_else_comes_back(
        text in any::<String>(), truth in any::<bool>(), bytes in any::<Vec<u8>>(), time in time(),
        texts in prop::collection::btree_set(any::<String>(), 0..4), numbers in prop::collection::btree_set(any::<u64>(), 0..4),
        binaries in prop::collection::btree_set(any::<Vec<u8>>(), 0..4),
        wide in prop::collection::hash_set(-(10_i128.pow(37))..10_i128.pow(37), 0..4),
        exact in prop::collection::vec(decimal(), 0..4), times in prop::collection::btree_set(time(), 0..4),
    ) {
        comes_back_everywhere(AttributeValue::S(text.clone()));
        comes_back_everywhere(text);
        comes_back_everywhere(truth);
        comes_back_everywhere(bytes);
        comes_back_everywhere(time);
        comes_back_everywhere(PynamoTimestamp(time));
        comes_back_everywhere(texts);
        comes_back_everywhere(numbers);
        comes_back_everywhere(binaries);
        comes_back_everywhere(wide);
        comes_back_everywhere(exact.into_iter().collect::<HashSet<_>>());
        comes_back_everywhere(times);
    }
}

#[test]
fn both_sides_of_every_limit() {
    for float in
        [0.0, -0.0, 1e-130, 9.999_999_999_999_99e125, f64::MIN_POSITIVE, 1e126, f64::MAX, f64::INFINITY, f64::NAN]
    {
        comes_back_everywhere(float);
        comes_back_everywhere(-float);
    }
    for single in [f32::MAX, f32::MIN_POSITIVE, f32::from_bits(1), f32::NAN, f32::NEG_INFINITY, 0.1, -0.0] {
        comes_back_everywhere(single);
    }
    for wide in [u128::MAX, 10_u128.pow(38), 10_u128.pow(38) - 1, 10_u128.pow(38) + 1, 0] {
        comes_back_everywhere(wide);
    }
    for wide in [i128::MIN, i128::MAX, -(10_i128.pow(38)), 1 - 10_i128.pow(38)] {
        comes_back_everywhere(wide);
    }
    comes_back_everywhere(AttributeValue::Null(true));
    let n = |text: &str| AttributeValue::N(text.to_owned());
    for impossible in [
        AttributeValue::Ss(Vec::new()),
        n("x"),
        n("1e200"),
        AttributeValue::Ns(vec!["1".to_owned(), "1.0".to_owned()]),
        AttributeValue::L(vec![AttributeValue::Bs(Vec::new())]),
        AttributeValue::M([("a".to_owned(), n("NaN"))].into()),
    ] {
        assert!(impossible.to_value().is_err(), "{impossible:?}");
    }
}

/// What is read of an item, in every protection that its attributes may have.
macro_rules! model {
    ($name:ident, [$($options:tt)*], $($seal:tt)*) => {
        #[derive(Model, Clone, PartialEq)]
        #[model($($options)*, no_debug)]
        struct $name {
            #[model(partition_key)]
            id: u8,
            #[model($($seal)*)]
            double: f64,
            #[model($($seal)*)]
            single: f32,
            #[model($($seal)*)]
            wide: u128,
            #[model($($seal)*)]
            floats: Vec<Option<f64>>,
            #[model($($seal)*)]
            sets: Vec<BTreeSet<String>>,
            #[model($($seal)*)]
            named: BTreeMap<String, HashSet<i64>>,
            #[model($($seal)*)]
            maybe: Option<BTreeSet<u32>>,
            #[model(with = "json", $($seal)*)]
            json: Option<BTreeMap<String, f64>>,
            #[model(with = "serde", $($seal)*)]
            shape: (f32, Option<u64>, HashSet<i32>),
        }

        impl Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let numbers = (self.double, self.single, self.wide, &self.floats);
                write!(f, "{:?}", (numbers, &self.sets, &self.named, &self.maybe, &self.json, &self.shape))
            }
        }

        impl $name {
            fn arbitrary() -> impl Strategy<Value = Self> {
                let in_range = || float_bits().prop_map(f64::from_bits).prop_map(|float| if float.is_storable() { float } else { 0.1 });
                let double = prop_oneof![20 => in_range(), 1 => float_bits().prop_map(f64::from_bits)];
                let single = any::<u32>().prop_map(f32::from_bits).prop_map(|float| if float.is_finite() { float } else { 0.1 });
                let wide = prop_oneof![10 => (0..10_u128.pow(38)), 1 => any::<u128>()];
                let floats = prop::collection::vec(prop::option::of(in_range()), 0..4);
                let set = || prop::collection::btree_set("[a-z]{1,3}", 0..3);
                let sets = prop::collection::vec(set(), 0..3);
                let named = prop::collection::btree_map("[a-z]{1,3}", prop::collection::hash_set(any::<i64>(), 0..3), 0..3);
                let maybe = prop::option::of(prop::collection::btree_set(any::<u32>(), 0..3));
                let json_float = prop_oneof![20 => in_range(), 1 => float_bits().prop_map(f64::from_bits)];
                let json = prop::option::of(prop::collection::btree_map("[a-z]{1,3}", json_float, 0..3));
                let shape = (single.clone(), any::<Option<u64>>(), prop::collection::hash_set(any::<i32>(), 0..4));
                (double, single, wide, floats, sets, named, maybe, json, shape).prop_map(
                    |(double, single, wide, floats, sets, named, maybe, json, shape)| Self {
                        id: 1, double, single, wide, floats, sets, named, maybe, json, shape,
                    },
                )
            }

            /// The field that cannot be written.
            fn unstorable(&self) -> Option<&'static str> {
                let json = self.json.iter().flat_map(BTreeMap::values);
                [
                    ("double", !self.double.is_storable()),
                    ("wide", !self.wide.is_storable()),
                    ("maybe", self.maybe.as_ref().is_some_and(BTreeSet::is_empty)),
                    ("json", json.into_iter().any(|float| !float.is_finite())),
                ]
                .into_iter()
                .find_map(|(field, is)| is.then_some(field))
            }

            fn bits(&self) -> Vec<u64> {
                let all = [self.double, self.single.into(), self.shape.0.into()].into_iter();
                let all = all.chain(self.floats.iter().copied().flatten());
                all.chain(self.json.iter().flat_map(BTreeMap::values).copied())
                    .map(|float| if float == 0.0 { 0 } else { float.to_bits() })
                    .collect()
            }
        }
    };
}

model!(Readable, [table = "readable"],);
model!(Searchable, [table = "searchable"], seal = "deterministic");
model!(Secret, [table = "secret"], seal);
model!(Recorded, [table = "recorded", record], seal);
model!(Signed, [table = "signed", record], sign);

async fn table<M: Model>(protection: &str) -> Table<M> {
    let options = M::on(&dynaseal::local::memory().unwrap());
    let options = match protection {
        "sealed" => options.attribute_keys(&keys()),
        "record" => options.keyring(RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap()),
        _ => options,
    };
    let table = options.open().unwrap();
    table.create().await.unwrap();
    table
}

macro_rules! comes_back_from_the_table {
    ($test:ident, $model:ident, $protection:literal) => {
        #[test]
        fn $test() {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let table = runtime.block_on(table::<$model>($protection));
            let cases = ProptestConfig { cases: 96, ..ProptestConfig::default() };
            proptest!(cases, |(item in $model::arbitrary())| {
                let before = runtime.block_on(async { table.get(1).await }).unwrap();
                let saved = runtime.block_on(async { table.save(&mut item.clone()).await });
                let found = runtime.block_on(async { table.get(1).await }).unwrap();
                if let Some(field) = item.unstorable() {
                    let error = saved.unwrap_err();
                    let ModelErrorKind::Field(unfit) = error.kind() else { panic!("{error:?}") };
                    prop_assert_eq!(unfit.field(), field);
                    prop_assert!(found == before, "{:?}", found);
                } else {
                    saved.unwrap();
                    let found = found.unwrap();
                    prop_assert!(found == item, "{found:?}");
                    prop_assert_eq!(found.bits(), item.bits());
                    // And what was read is written once more, to the same.
                    runtime.block_on(async { table.save(&mut found.clone()).await }).unwrap();
                    let again = runtime.block_on(async { table.get(1).await }).unwrap();
                    prop_assert!(again == Some(found));
                }
            });
        }
    };
}

comes_back_from_the_table!(readable_values, Readable, "plain");
comes_back_from_the_table!(searchable_values, Searchable, "sealed");
comes_back_from_the_table!(secret_values, Secret, "sealed");
comes_back_from_the_table!(recorded_values, Recorded, "record");
comes_back_from_the_table!(signed_values, Signed, "record");

#[derive(Model, Clone, Debug, PartialEq)]
#[model(table = "defaults", no_debug)]
struct Defaults {
    #[model(partition_key)]
    id: u8,
    #[model(default = "red")]
    colour: Option<String>,
    #[model(default)]
    notes: Option<String>,
    #[model(default = "seven", with = "json")]
    count: Option<u8>,
}

fn red() -> Option<String> {
    Some("red".to_owned())
}

fn seven() -> Option<u8> {
    Some(7)
}

#[tokio::test]
async fn nothing_is_not_the_default_unless_the_default_is_nothing() {
    let table = table::<Defaults>("plain").await;
    let mut item = Defaults { id: 1, colour: None, notes: None, count: Some(1) };
    let error = table.save(&mut item).await.unwrap_err();
    assert!(matches!(error.kind(), ModelErrorKind::Field(unfit) if unfit.field() == "colour"), "{error:?}");
    item.colour = Some("blue".to_owned());
    table.save(&mut item).await.unwrap();
    assert_eq!(table.get(1).await.unwrap(), Some(item.clone()));
    let error = table.update(&mut item).set(Defaults::count(), None).await.unwrap_err();
    assert!(matches!(error.kind(), ModelErrorKind::Value { attribute: "count", .. }), "{error:?}");
    // Removing says that it is the default again.
    table.update(&mut item).remove(Defaults::count()).await.unwrap();
    assert_eq!(item.count, Some(7));
}

#[test]
fn a_decimal_says_its_number() {
    let number: Decimal = "0012.5000".parse().unwrap();
    assert_eq!((number.as_str(), number.to_string().as_str()), ("12.5", "12.5"));
}
