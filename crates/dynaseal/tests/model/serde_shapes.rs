//! What serde makes of types, as JSON and as DynamoDB's own: read as it was written, or refused before, in the name of the
//! field.

use std::collections::{BTreeMap, HashMap, HashSet};

use dynaseal::AttributeValue;
use dynaseal::model::{Model, with};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Colour {
    Red,
    Green,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Unit,
    Newtype(u8),
    Tuple(i16, String),
    Struct { height: f32, depth: Option<u64> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Tagged {
    A { number: u64 },
    B { text: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Small(u8),
    Large(u64),
    Float(f64),
    Text(String),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Newtype(f64);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Pair(i8, String);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Named {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maybe: Option<u32>,
    #[serde(flatten)]
    rest: BTreeMap<String, i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Nested {
    maybe: Option<Option<u8>>,
    nothing: Option<()>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Bytes;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Bytes, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = list.next_element()? {
                    bytes.push(byte);
                }
                Ok(Bytes(bytes))
            }
        }
        deserializer.deserialize_bytes(Visitor)
    }
}

/// Whether a value comes back from a field `with` JSON, and from one by serde; it is equal if it does, and an error names the
/// field if it does not.
macro_rules! kept {
    ($type:ty, $value:expr) => {{
        #[derive(Model, Clone)]
        #[model(table = "json", no_debug)]
        struct ByJson {
            #[model(partition_key)]
            id: u8,
            #[model(with = "json")]
            value: $type,
        }
        #[derive(Model, Clone)]
        #[model(table = "serde", no_debug)]
        struct BySerde {
            #[model(partition_key)]
            id: u8,
            #[model(with = "serde")]
            value: $type,
        }
        let value: $type = $value;
        let json = ByJson { id: 1, value: value.clone() }
            .to_values()
            .map(|values| (format!("{values:?}"), ByJson::from_values(values)));
        let serde = BySerde { id: 1, value: value.clone() }
            .to_values()
            .map(|values| (format!("{values:?}"), BySerde::from_values(values)));
        let json = json.map(|(stored, read)| {
            let read = read.unwrap_or_else(|error| panic!("{stored}: {error}"));
            assert!(read.value == value, "{value:?} is stored as {stored} and read as {:?}", read.value);
        });
        let serde = serde.map(|(stored, read)| {
            let read = read.unwrap_or_else(|error| panic!("{stored}: {error}"));
            assert!(read.value == value, "{value:?} is stored as {stored} and read as {:?}", read.value);
        });
        for refused in [&json, &serde].into_iter().filter_map(|kept| kept.as_ref().err()) {
            assert_eq!(refused.field(), "value", "{refused}");
        }
        (json.is_ok(), serde.is_ok())
    }};
}

const BOTH: (bool, bool) = (true, true);
const NEITHER: (bool, bool) = (false, false);
const JSON_ALONE: (bool, bool) = (true, false);

#[test]
fn every_shape_is_kept_or_refused() {
    assert_eq!(kept!((), ()), BOTH);
    assert_eq!(kept!(Unit, Unit), BOTH);
    assert_eq!(kept!(Newtype, Newtype(0.1)), BOTH);
    assert_eq!(kept!(Pair, Pair(-1, "a".to_owned())), BOTH);
    assert_eq!(kept!((u8, Option<String>), (1, None)), BOTH);
    assert_eq!(kept!(char, 'é'), BOTH);
    assert_eq!(kept!(Bytes, Bytes(vec![0, 255])), BOTH);
    for kind in [
        Kind::Unit,
        Kind::Newtype(1),
        Kind::Tuple(-2, "b".to_owned()),
        Kind::Struct { height: 0.1, depth: None },
        Kind::Struct { height: -1e-20, depth: Some(u64::MAX) },
    ] {
        assert_eq!(kept!(Kind, kind.clone()), BOTH);
        assert_eq!(kept!(Option<Kind>, Some(kind.clone())), BOTH);
        assert_eq!(kept!(Vec<Kind>, vec![kind; 2]), BOTH);
    }
    assert_eq!(kept!(Option<Kind>, None), BOTH);
    assert_eq!(kept!(Tagged, Tagged::A { number: u64::MAX }), BOTH);
    assert_eq!(kept!(Tagged, Tagged::B { text: String::new() }), BOTH);
    let named = |maybe| Named { kind: "a".to_owned(), maybe, rest: [("b".to_owned(), i64::MIN)].into() };
    assert_eq!((kept!(Named, named(None)), kept!(Named, named(Some(5)))), (BOTH, BOTH));
    assert_eq!(kept!(HashSet<u32>, (0..50).collect()), BOTH);
    assert_eq!(
        kept!(BTreeMap<String, HashSet<String>>, [("a".to_owned(), (0..50).map(|n| n.to_string()).collect())].into()),
        BOTH
    );
    assert_eq!(
        kept!(HashMap<String, HashMap<u8, bool>>, (0..9).map(|n| (n.to_string(), [(n, true), (n + 100, false)].into())).collect()),
        BOTH
    );
}

#[test]
fn what_is_written_alike_is_not_the_same() {
    // Which variant it was, nobody could tell.
    assert_eq!(kept!(Untagged, Untagged::Small(5)), BOTH);
    assert_eq!(kept!(Untagged, Untagged::Large(500)), BOTH);
    assert_eq!(kept!(Untagged, Untagged::Large(5)), NEITHER);
    assert_eq!(kept!(Untagged, Untagged::Float(0.5)), BOTH);
    assert_eq!(kept!(Untagged, Untagged::Float(5.0)), JSON_ALONE);
    assert_eq!(kept!(Untagged, Untagged::Text("5".to_owned())), BOTH);
    // Both have one word for nothing.
    let nested = |maybe, nothing| Nested { maybe, nothing };
    assert_eq!(kept!(Nested, nested(None, None)), BOTH);
    assert_eq!(kept!(Nested, nested(Some(Some(1)), None)), BOTH);
    assert_eq!(kept!(Nested, nested(Some(None), None)), NEITHER);
    assert_eq!(kept!(Nested, nested(None, Some(()))), NEITHER);
    // The field's own `Option` is whether there is the attribute, and NULL is no attribute of others.
    assert_eq!(kept!(Option<Option<u8>>, Some(None)), JSON_ALONE);
    assert_eq!(kept!(Option<Option<u8>>, None), BOTH);
    assert_eq!(kept!(Vec<Option<Option<u8>>>, vec![Some(None)]), NEITHER);
    assert_eq!(kept!(serde_json::Value, serde_json::json!({"a": [1, -2, 0.5, null, true, "x"]})), BOTH);
    assert_eq!(kept!(serde_json::Value, serde_json::json!(1.0)), JSON_ALONE);
    assert_eq!(kept!(Option<serde_json::Value>, Some(serde_json::Value::Null)), JSON_ALONE);
}

#[test]
fn keys_of_maps_are_texts_of_some_kind() {
    assert_eq!(kept!(BTreeMap<String, u8>, [(String::from("a"), 1)].into()), BOTH);
    assert_eq!(kept!(BTreeMap<i64, u8>, [(-5, 1), (5, 2)].into()), BOTH);
    assert_eq!(kept!(HashMap<u64, u8>, [(u64::MAX, 1)].into()), BOTH);
    assert_eq!(kept!(BTreeMap<i128, u8>, [(i128::MIN, 1)].into()), BOTH);
    assert_eq!(kept!(BTreeMap<bool, u8>, [(true, 1), (false, 2)].into()), BOTH);
    assert_eq!(kept!(BTreeMap<char, u8>, [('é', 1)].into()), BOTH);
    assert_eq!(kept!(BTreeMap<Colour, u8>, [(Colour::Red, 1), (Colour::Green, 2)].into()), BOTH);
    // serde_dynamo panics at these.
    assert_eq!(kept!(BTreeMap<Vec<u8>, u8>, [(vec![1], 1)].into()), NEITHER);
    assert_eq!(kept!(BTreeMap<(u8, u8), u8>, [((1, 2), 1)].into()), NEITHER);
    assert_eq!(kept!(Vec<BTreeMap<BTreeMap<u8, u8>, u8>>, vec![[(BTreeMap::new(), 1)].into()]), NEITHER);
    // DynamoDB has no empty key of a map.
    assert_eq!(kept!(BTreeMap<String, u8>, [(String::new(), 1)].into()), JSON_ALONE);
    assert!(with::serde::to_value(&BTreeMap::from([(vec![1], 1)])).is_err());
}

#[test]
fn numbers_are_kept_to_the_last_digit() {
    for float in [0.1, 0.361_551_800_015_466_83, 5e-324, f64::MAX, f64::MIN_POSITIVE, 1e22, -0.0] {
        let in_range = float == 0.0 || (1e-130..1e126).contains(&float);
        assert_eq!(kept!(f64, float), (true, in_range), "{float:e}");
    }
    for single in [0.1, f32::MAX, f32::MIN_POSITIVE, f32::from_bits(1), 16_777_217.0] {
        assert_eq!(kept!(f32, single), BOTH, "{single:e}");
    }
    for nothing in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(kept!(f64, nothing), NEITHER);
        assert_eq!(kept!(Option<f64>, Some(nothing)), NEITHER);
        assert_eq!(kept!(Vec<Option<f64>>, vec![Some(nothing)]), NEITHER);
        assert!(with::json::to_value(&nothing).is_err() && with::serde::to_value(&nothing).is_err());
    }
    assert_eq!(kept!(u64, u64::MAX), BOTH);
    assert_eq!(kept!(i64, i64::MIN), BOTH);
    assert_eq!(kept!(u128, u128::MAX), JSON_ALONE);
    assert_eq!(kept!(i128, i128::MIN), JSON_ALONE);
}

proptest! {
    #[test]
    fn every_float_is_kept(bits in any::<u64>(), near in 0x3f00_0000_0000_0000_u64..0x4000_0000_0000_0000, single in any::<u32>()) {
        for float in [f64::from_bits(bits), f64::from_bits(near)] {
            let value = (float, f32::from_bits(single));
            let is_finite = float.is_finite() && value.1.is_finite();
            let json = with::json::to_value(&value);
            prop_assert_eq!(json.is_ok(), is_finite);
            if let Ok(json) = json {
                let read: (f64, f32) = with::json::from_value(json).unwrap();
                prop_assert_eq!((read.0.to_bits(), read.1.to_bits()), (float.to_bits(), single));
            }
            if let Ok(stored) = with::serde::to_value(&value) {
                let read: (f64, f32) = with::serde::from_value(stored).unwrap();
                prop_assert_eq!((read.0.to_bits(), read.1.to_bits()), (float.to_bits(), single));
            }
        }
    }
}

#[derive(Model, Clone, Debug, PartialEq)]
#[model(table = "read", no_debug)]
struct Read {
    #[model(partition_key)]
    id: u8,
    #[model(with = "json")]
    json: serde_json::Value,
    #[model(with = "serde")]
    shape: serde_json::Value,
}

#[test]
fn a_number_that_a_type_can_not_keep_is_no_value_of_it() {
    let read = |json: &str, number: &str| {
        let json = AttributeValue::S(json.to_owned());
        let shape = AttributeValue::L(vec![AttributeValue::N(number.to_owned())]);
        Read::from_values(vec![Some(AttributeValue::N("1".to_owned())), Some(json), Some(shape)])
    };
    let sure = read(r#"{"id": 18446744073709551615, "float": 0.36155180001546683, "e": 1E5}"#, "18446744073709551615")
        .unwrap();
    assert_eq!(sure.json["float"].as_f64().map(f64::to_bits), Some(0.361_551_800_015_466_83_f64.to_bits()));
    let error = read(r#"{"id": 123456789012345678901234567890}"#, "1").unwrap_err();
    assert_eq!(error.field(), "json");
    let error = read("{}", "123456789012345678901234567890").unwrap_err();
    assert_eq!(error.field(), "shape");
}

#[test]
fn keys_that_wrap_a_text_or_a_number_are_texts() {
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    struct Name(String);
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    struct Number(u16);
    let names = BTreeMap::from([(Name("a".to_owned()), 1_u8)]);
    let stored = with::serde::to_value(&names).unwrap();
    assert!(matches!(&stored, AttributeValue::M(map) if map.contains_key("a")), "{stored:?}");
    assert_eq!(with::serde::from_value::<BTreeMap<Name, u8>>(stored).unwrap(), names);
    let numbers = BTreeMap::from([(Number(7), 1_u8)]);
    let stored = with::serde::to_value(&numbers).unwrap();
    assert!(matches!(&stored, AttributeValue::M(map) if map.contains_key("7")), "{stored:?}");
    assert_eq!(with::serde::from_value::<BTreeMap<Number, u8>>(stored).unwrap(), numbers);
    // What wraps a list is none.
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    struct List(Vec<u8>);
    assert!(with::serde::to_value(&BTreeMap::from([(List(vec![1]), 1_u8)])).is_err());
}
