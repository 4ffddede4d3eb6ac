//! Everything that can be done to a sealed attribute, and that each of it is refused.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use dynaseal_core::{
    AttributeError, AttributeErrorKind as Kind, AttributeKeys, AttributeRoot, AttributeSuite, AttributeValue,
    DeterministicAttribute, ItemBinding, RandomisedAttribute,
};

const ID: &str = "2026-11";
/// Where the body begins.
const BODY: usize = 7 + ID.len();

fn root(id: &str, byte: u8) -> AttributeRoot {
    AttributeRoot::from_bytes(id, &[byte; 32]).unwrap()
}

fn keys() -> AttributeKeys {
    AttributeKeys::new(root(ID, 1)).and_reads(root("2025-11", 2)).unwrap()
}

fn item(key: &str) -> ItemBinding {
    ItemBinding::new(("pk", &key.into()), Some(("sk", &7_i64.into()))).unwrap()
}

/// An attribute in either mode, for an item of its own.
enum Attribute {
    Randomised(RandomisedAttribute, ItemBinding),
    Deterministic(DeterministicAttribute),
}

impl Attribute {
    fn both(keys: &AttributeKeys, table: &str, attribute: &str) -> [Self; 2] {
        [
            Self::Randomised(keys.randomised(table, attribute).unwrap(), item("ada")),
            Self::Deterministic(keys.deterministic(table, attribute).unwrap()),
        ]
    }

    fn seal(&self, value: &AttributeValue) -> Vec<u8> {
        match self {
            Self::Randomised(attribute, item) => attribute.seal(value, item).unwrap(),
            Self::Deterministic(attribute) => attribute.seal(value).unwrap(),
        }
    }

    fn open(&self, stored: &[u8]) -> Result<AttributeValue, AttributeError> {
        match self {
            Self::Randomised(attribute, item) => attribute.open(stored, item),
            Self::Deterministic(attribute) => attribute.open(stored),
        }
    }

    fn refusal(&self, stored: &[u8]) -> Kind {
        self.open(stored).unwrap_err().kind().clone()
    }
}

fn attributes() -> [Attribute; 2] {
    Attribute::both(&keys(), "people", "email")
}

fn value() -> AttributeValue {
    "ada@example.com".into()
}

fn with(stored: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut stored = stored.to_vec();
    stored[at..at + bytes.len()].copy_from_slice(bytes);
    stored
}

#[test]
fn a_value_copied_to_another_item() {
    let attribute = keys().randomised("people", "email").unwrap();
    let sealed = attribute.seal(&value(), &item("ada")).unwrap();
    assert_eq!(attribute.open(&sealed, &item("ada")).unwrap(), value());
    let sort_key = ItemBinding::new(("pk", &"ada".into()), Some(("sk", &8_i64.into()))).unwrap();
    let no_sort_key = ItemBinding::new(("pk", &"ada".into()), None).unwrap();
    let renamed = ItemBinding::new(("PK", &"ada".into()), Some(("sk", &7_i64.into()))).unwrap();
    let other_type = ItemBinding::new(("pk", &"ada".into()), Some(("sk", &"7".into()))).unwrap();
    for other in [item("bob"), sort_key, no_sort_key, renamed, other_type] {
        assert_eq!(*attribute.open(&sealed, &other).unwrap_err().kind(), Kind::NotAuthentic);
    }
}

#[test]
fn a_value_copied_to_another_attribute() {
    let others = Attribute::both(&keys(), "people", "mail");
    for (attribute, other) in attributes().iter().zip(&others) {
        assert_eq!(other.refusal(&attribute.seal(&value())), Kind::NotAuthentic);
    }
}

#[test]
fn a_value_copied_to_another_table() {
    // The second has the same letters in a row.
    for (table, name) in [("person", "email"), ("peoplee", "mail"), ("", "peopleemail")] {
        let others = Attribute::both(&keys(), table, name);
        for (attribute, other) in attributes().iter().zip(&others) {
            assert_eq!(other.refusal(&attribute.seal(&value())), Kind::NotAuthentic);
        }
    }
}

#[test]
fn another_type_in_the_header() {
    for attribute in attributes() {
        // The same content would be a good value of each of these types.
        let sealed = attribute.seal(&"7".into());
        for id in [[0xff, 0xff], [0, 2]] {
            assert_eq!(attribute.refusal(&with(&sealed, 4, &id)), Kind::NotAuthentic);
        }
        // The content would be none.
        for id in [[0, 0], [0, 4], [1, 1], [1, 2], [1, 0xff], [2, 0], [3, 0]] {
            assert_eq!(attribute.refusal(&with(&sealed, 4, &id)), Kind::NotAuthentic);
        }
        assert!(matches!(attribute.refusal(&with(&sealed, 4, &[9, 9])), Kind::Malformed(_)));
    }
}

#[test]
fn every_single_bit_flipped() {
    let long = AttributeValue::L(vec!["x".repeat(100).into(), true.into(), 12_i64.into()]);
    let mut flips = 0;
    for value in [value(), long, "".into()] {
        for attribute in attributes() {
            let sealed = attribute.seal(&value);
            assert!(attribute.open(&sealed).is_ok());
            for bit in 0..sealed.len() * 8 {
                let mut flipped = sealed.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let kind = attribute.refusal(&flipped);
                // Whatever is authenticated and nothing else says no more than that.
                let is_body = bit / 8 >= BODY;
                assert!(!is_body || kind == Kind::NotAuthentic, "bit {bit}: {kind:?}");
                flips += 1;
            }
        }
    }
    assert_eq!(flips, 3968);
}

#[test]
fn blocks_of_two_values_pasted_together() {
    for attribute in attributes() {
        let [a, b] = ["a", "b"].map(|text| attribute.seal(&text.repeat(80).into()));
        assert_eq!(a.len(), b.len());
        for at in BODY + 1..a.len() {
            for pasted in [[&a[..at], &b[at..]].concat(), [&b[..at], &a[at..]].concat()] {
                // Two seals may have a byte in common at their ends.
                if pasted != a && pasted != b {
                    assert_eq!(attribute.refusal(&pasted), Kind::NotAuthentic, "at {at}");
                }
            }
        }
        // Blocks of one value in another order.
        let block = BODY + 16;
        let swapped = [&a[..block], &a[block + 16..block + 32], &a[block..block + 16], &a[block + 32..]].concat();
        assert_eq!(attribute.refusal(&swapped), Kind::NotAuthentic);
    }
}

#[test]
fn another_key_id_in_the_header() {
    for attribute in attributes() {
        let sealed = attribute.seal(&value());
        // Both roots are here, and their ids have the same length.
        let replaced = with(&sealed, 7, b"2025-11");
        assert_eq!(attribute.refusal(&replaced), Kind::NotAuthentic);
        let unknown = with(&sealed, 7, b"2024-11");
        assert_eq!(attribute.refusal(&unknown), Kind::UnknownKey { id: "2024-11".to_owned() });
    }
    // Also where both names stand for the same bytes: the name is part of what the keys come from.
    let twins = AttributeKeys::new(root(ID, 1)).and_reads(root("2025-11", 1)).unwrap();
    for attribute in Attribute::both(&twins, "people", "email") {
        let replaced = with(&attribute.seal(&value()), 7, b"2025-11");
        assert_eq!(attribute.refusal(&replaced), Kind::NotAuthentic);
    }
}

#[test]
fn a_key_id_that_takes_bytes_of_the_body_or_gives_some() {
    // The ids are such that the header reads well with one letter more or less.
    let keys = AttributeKeys::new(root("ab", 1)).and_reads(root("a", 1)).unwrap();
    for attribute in Attribute::both(&keys, "t", "a") {
        let sealed = attribute.seal(&value());
        let shorter = with(&sealed, 6, &[1]);
        assert_eq!(attribute.refusal(&shorter), Kind::NotAuthentic);
        for length in [0, 3, 64, 65, 255] {
            assert!(attribute.open(&with(&sealed, 6, &[length])).is_err(), "{length}");
        }
    }
}

#[test]
fn one_mode_in_the_other() {
    let [randomised, deterministic] = attributes();
    let cases = [
        (&randomised, &deterministic, AttributeSuite::Randomised, 2),
        (&deterministic, &randomised, AttributeSuite::Deterministic, 1),
    ];
    for (one, other, found, byte) in cases {
        let sealed = one.seal(&"x".repeat(40).into());
        let Kind::OtherMode { expected, found: named } = other.refusal(&sealed) else {
            panic!("it is of the other mode")
        };
        assert_eq!((named, expected == found), (found, false));
        // The header says so, and yet it is not.
        assert_eq!(other.refusal(&with(&sealed, 3, &[byte])), Kind::NotAuthentic);
    }
}

#[test]
fn an_unknown_suite_or_version() {
    for attribute in attributes() {
        let sealed = attribute.seal(&value());
        for byte in (0..=255).filter(|byte| ![1, 2].contains(byte)) {
            assert_eq!(attribute.refusal(&with(&sealed, 3, &[byte])), Kind::UnknownSuite(byte));
        }
        for byte in (0..=255).filter(|byte| *byte != 1) {
            assert_eq!(attribute.refusal(&with(&sealed, 2, &[byte])), Kind::UnknownVersion(byte));
        }
    }
}

#[test]
fn another_key_of_the_same_id() {
    let others = AttributeKeys::new(root(ID, 9)).and_reads(root("2025-11", 1)).unwrap();
    for (attribute, other) in attributes().iter().zip(&Attribute::both(&others, "people", "email")) {
        assert_eq!(other.refusal(&attribute.seal(&value())), Kind::NotAuthentic);
    }
}

#[test]
fn every_truncation() {
    for attribute in attributes() {
        let sealed = attribute.seal(&"x".repeat(40).into());
        for length in 0..sealed.len() {
            let kind = attribute.refusal(&sealed[..length]);
            match length {
                0..2 => assert_eq!(kind, Kind::NotSealed),
                2..30 => assert!(matches!(kind, Kind::Malformed(_)), "{length}: {kind:?}"),
                _ => assert!(matches!(kind, Kind::Malformed(_) | Kind::NotAuthentic), "{length}: {kind:?}"),
            }
            // From the front as well.
            assert!(attribute.open(&sealed[sealed.len() - length..]).is_err());
        }
    }
}

#[test]
fn an_extended_value() {
    for attribute in attributes() {
        let sealed = attribute.seal(&value());
        for more in [vec![0], vec![0; 16], sealed.clone(), sealed[BODY..].to_vec()] {
            assert_eq!(attribute.refusal(&[sealed.clone(), more.clone()].concat()), Kind::NotAuthentic);
            // At the beginning of the body.
            let inserted = [&sealed[..BODY], &more, &sealed[BODY..]].concat();
            assert_eq!(attribute.refusal(&inserted), Kind::NotAuthentic);
        }
    }
}

#[test]
fn a_key_id_that_is_no_text() {
    for attribute in attributes() {
        let sealed = attribute.seal(&value());
        for byte in [0, b'\n', 0x7f, 0xff] {
            assert!(matches!(attribute.refusal(&with(&sealed, 8, &[byte])), Kind::Malformed(_)));
        }
    }
}
