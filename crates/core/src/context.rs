//! The encryption context: what is authenticated with every data key and every record, and never secret
//! (specification: `framework/structures.md`, and `ddb-item-encryptor.md` for what DB-ESDK puts into it).

use std::cmp::Ordering;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::cursor::{Cursor, Malformed};
use crate::number::normalize_into;
use crate::primitives::hash::{SHA384, Sha384};
use crate::serialize::{ValueError, read_value, type_id, write_value};
use crate::value::AttributeValue;

/// Every name that DB-ESDK and the material providers use starts so.
pub(crate) const RESERVED_PREFIX: &str = "aws-crypto-";
/// The public key with which a signed record is verified.
pub(crate) const PUBLIC_KEY: &str = "aws-crypto-public-key";
/// The logical table name.
pub(crate) const TABLE_NAME: &str = "aws-crypto-table-name";
/// The name of the partition key.
pub(crate) const PARTITION_NAME: &str = "aws-crypto-partition-name";
/// The name of the sort key.
pub(crate) const SORT_NAME: &str = "aws-crypto-sort-name";
/// Version 2: one letter for the type of every attribute in the context.
pub(crate) const LEGEND: &str = "aws-crypto-legend";
/// What stands before the names of attributes.
pub(crate) const ATTRIBUTE_PREFIX: &str = "aws-crypto-attr.";

/// Whether a pair is one that DB-ESDK makes of the item and the configuration. Of its pairs a header stores only the public
/// key.
pub(crate) fn is_reserved_claim(key: &str) -> bool {
    key.starts_with(RESERVED_PREFIX) && key != PUBLIC_KEY
}

/// Longest key and longest value, in bytes.
const MAX_LENGTH: usize = 65_535;

/// What can not be put into an encryption context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// A key or value over 65,535 bytes.
    #[error("{length} bytes for `{key}` in the encryption context; it takes at most 65535")]
    TooLong {
        /// The key, cut if it is itself too long.
        key: String,
        /// The length of key or value, whichever is too long.
        length: usize,
    },
    /// A key without a character, which other clients would refuse to read.
    #[error("an empty key in the encryption context")]
    EmptyKey,
    /// More than 65,535 pairs.
    #[error("more than 65535 pairs in the encryption context")]
    TooMany,
    /// The same key, with another value.
    #[error("two values for `{key}` in the encryption context")]
    Conflict {
        /// The key.
        key: String,
    },
}

/// Names and values that are authenticated, but not secret.
///
/// Held in its canonical form, which is what is hashed and what wraps data keys: `u16` count, then for each pair, in
/// the order of the keys' UTF-8, `u16` length ‖ key ‖ `u16` length ‖ value.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionContext {
    bytes: Vec<u8>,
    /// Where the last pair starts: names mostly come in order.
    last: usize,
}

impl Default for EncryptionContext {
    fn default() -> Self {
        Self::new()
    }
}

impl EncryptionContext {
    /// An empty context.
    pub fn new() -> Self {
        Self::with_capacity(2)
    }

    pub(crate) fn with_capacity(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity.max(2));
        bytes.extend_from_slice(&[0, 0]);
        Self { bytes, last: 2 }
    }

    /// The pairs, in the order of their keys.
    pub fn iter(&self) -> ContextPairs<'_> {
        self.as_ref().iter()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.as_ref().get(key)
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.as_ref().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a pair. A pair that is there already is left alone.
    ///
    /// # Errors
    /// If the key is empty or has another value already, or one of the two is too long.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), ContextError> {
        if key.is_empty() {
            return Err(ContextError::EmptyKey);
        }
        for text in [key, value] {
            if text.len() > MAX_LENGTH {
                let key = key.chars().take(64).collect();
                return Err(ContextError::TooLong { key, length: text.len() });
            }
        }
        let mut at = 2;
        // Behind the last pair nothing has to be searched.
        match self.pair_at(self.last) {
            Some((last, _)) if last < key => at = self.bytes.len(),
            Some((last, _)) if last == key => at = self.last,
            _ => {}
        }
        while let Some((other, other_value)) = self.pair_at(at) {
            match other.cmp(key) {
                Ordering::Less => at += 4 + other.len() + other_value.len(),
                Ordering::Equal if other_value == value => return Ok(()),
                Ordering::Equal => return Err(ContextError::Conflict { key: key.to_owned() }),
                Ordering::Greater => break,
            }
        }

        // Only now: a pair that is there already takes no room.
        let count = u16::try_from(self.len() + 1).map_err(|_| ContextError::TooMany)?;
        let added = 4 + key.len() + value.len();
        if at == self.bytes.len() {
            self.last = at;
            push_pair(key, value, &mut self.bytes);
        } else {
            let mut pair = Vec::with_capacity(added);
            push_pair(key, value, &mut pair);
            self.bytes.splice(at..at, pair);
            self.last += added;
        }
        if let Some(place) = self.bytes.first_chunk_mut() {
            *place = count.to_be_bytes();
        }
        Ok(())
    }

    /// These pairs and those, in one pass: a header may hold many thousands, and is not authenticated yet.
    pub(crate) fn merged(&self, other: ContextRef<'_>) -> Result<Self, ContextError> {
        let mut merged = Self::with_capacity(self.bytes.len() + other.bytes.len());
        let (mut ours, mut theirs) = (self.iter().peekable(), other.iter().peekable());
        loop {
            let next = match (ours.peek(), theirs.peek()) {
                (Some((our_key, _)), Some((their_key, _))) if our_key <= their_key => ours.next(),
                (_, Some(_)) => theirs.next(),
                (_, None) => ours.next(),
            };
            let Some((key, value)) = next else { return Ok(merged) };
            // In order, so that every insertion is at the end; a key that both have comes twice and must agree.
            merged.insert(key, value)?;
        }
    }

    /// Whether every pair of `other` is here too.
    pub(crate) fn contains_all(&self, other: &Self) -> bool {
        let mut ours = self.iter();
        other.iter().all(|pair| ours.by_ref().find(|ours| ours.0 >= pair.0) == Some(pair))
    }

    /// As associated data of a wrapped key: an empty context is no bytes at all.
    pub fn canonical(&self) -> &[u8] {
        if self.is_empty() { &[] } else { &self.bytes }
    }

    /// SHA-384 of the canonical form, which is how RSA keys of AWS KMS are bound to a context.
    pub fn sha384(&self) -> [u8; SHA384] {
        let mut hash = Sha384::new();
        hash.update(self.canonical());
        hash.finish()
    }

    /// As part of a record: an empty context is a count of zero.
    pub(crate) fn serialized(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn as_ref(&self) -> ContextRef<'_> {
        ContextRef { bytes: &self.bytes }
    }

    fn pair_at(&self, at: usize) -> Option<(&str, &str)> {
        ContextPairs { rest: self.bytes.get(at..)? }.next()
    }
}

fn push_pair(key: &str, value: &str, out: &mut Vec<u8>) {
    for text in [key, value] {
        // Lengths were checked by `insert`.
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    }
}

/// Without the values: they are those of the item's key and of its attributes in the context.
impl fmt::Debug for EncryptionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().fmt(f)
    }
}

/// A context inside a header: borrowed, checked when the header was parsed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ContextRef<'a> {
    bytes: &'a [u8],
}

impl<'a> ContextRef<'a> {
    /// Reads a serialised context: keys in strictly ascending order, all UTF-8.
    pub(crate) fn parse(cursor: &mut Cursor<'a>) -> Result<Self, Malformed> {
        let start = cursor.position();
        let count = cursor.u16()?;
        let mut previous: Option<&str> = None;
        for _ in 0..count {
            let here = cursor.clone();
            let key = cursor.short_str()?;
            if previous.unwrap_or_default() >= key {
                return Err(here.malformed("context keys out of order"));
            }
            cursor.short_str()?;
            previous = Some(key);
        }
        Ok(Self { bytes: cursor.since(start) })
    }

    /// The pairs, in the order of their keys.
    pub fn iter(&self) -> ContextPairs<'a> {
        ContextPairs { rest: self.bytes.get(2..).unwrap_or_default() }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.iter().find(|(other, _)| *other == key).map(|(_, value)| value)
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.bytes.first_chunk().map_or(0, |count| usize::from(u16::from_be_bytes(*count)))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Without the values.
impl fmt::Debug for ContextRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().fmt(f)
    }
}

/// The pairs of a context.
#[derive(Clone)]
pub struct ContextPairs<'a> {
    rest: &'a [u8],
}

/// Without the values.
impl fmt::Debug for ContextPairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.clone().map(|(key, _)| key)).finish()
    }
}

impl<'a> Iterator for ContextPairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let mut cursor = Cursor::new(self.rest);
        let pair = (cursor.short_str().ok()?, cursor.short_str().ok()?);
        self.rest = self.rest.get(cursor.position()..).unwrap_or_default();
        Some(pair)
    }
}

/// An attribute as context value of version 1: Base64 of type id and bytes.
pub(crate) fn attribute_v1(value: &AttributeValue) -> Result<String, ValueError> {
    let mut bytes = type_id(value).to_vec();
    write_value(value, &mut bytes)?;
    Ok(BASE64.encode(bytes))
}

/// An attribute as context value of version 2, and its letter in the legend: text where the value is text.
pub(crate) fn attribute_v2(value: &AttributeValue) -> Result<(String, char), ValueError> {
    Ok(match value {
        AttributeValue::S(text) => (text.clone(), 'S'),
        AttributeValue::N(number) => {
            let mut normal = Vec::with_capacity(number.len());
            normalize_into(number, &mut normal)?;
            (String::from_utf8(normal).expect("a normalised number is ASCII"), 'N')
        }
        AttributeValue::Null(_) => ("null".to_owned(), 'L'),
        AttributeValue::Bool(true) => ("true".to_owned(), 'L'),
        AttributeValue::Bool(false) => ("false".to_owned(), 'L'),
        _ => (attribute_v1(value)?, 'B'),
    })
}

/// The value of an attribute again. `letter` is that of the legend; records of version 1 have none.
pub(crate) fn attribute_of(text: &str, letter: Option<char>) -> Option<AttributeValue> {
    match (letter, text) {
        (Some('S'), _) => Some(AttributeValue::S(text.to_owned())),
        (Some('N'), _) => Some(AttributeValue::N(text.to_owned())),
        (Some('L'), "null") => Some(AttributeValue::Null(true)),
        (Some('L'), "true" | "false") => Some(AttributeValue::Bool(text == "true")),
        (Some('B') | None, _) => {
            let bytes = BASE64.decode(text).ok()?;
            let (type_id, bytes) = bytes.split_first_chunk()?;
            read_value(*type_id, bytes).ok()
        }
        _ => None,
    }
}

/// The public key of a record as it stands in the context.
pub(crate) fn encode_public_key(point: &[u8]) -> String {
    BASE64.encode(point)
}

/// And back.
pub(crate) fn decode_public_key(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
        let mut context = EncryptionContext::new();
        for (key, value) in pairs {
            context.insert(key, value).unwrap();
        }
        context
    }

    #[test]
    fn canonical_form_is_sorted_and_empty_is_empty() {
        assert_eq!(context(&[]).canonical(), b"");
        assert_eq!(context(&[]).serialized(), [0, 0]);
        let expected = b"\0\x03\0\x01a\0\x01x\0\x01b\0\0\0\x02ba\0\x01y";
        let orders: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        for order in orders {
            let pairs = order.map(|index| [("a", "x"), ("b", ""), ("ba", "y")][index]);
            assert_eq!(context(&pairs).canonical(), expected);
        }
    }

    #[test]
    fn debug_names_the_pairs_and_shows_no_value() {
        let context = context(&[("aws-crypto-attr.id", "p-1001"), ("aws-crypto-table-name", "people")]);
        let names = "{\"aws-crypto-attr.id\", \"aws-crypto-table-name\"}";
        assert_eq!(format!("{context:?}"), names);
        assert_eq!(format!("{:?}", context.as_ref()), names);
        assert_eq!(format!("{:?}", context.iter()), names);
        let mut rest = context.iter();
        rest.next();
        assert_eq!(format!("{rest:?}"), "{\"aws-crypto-table-name\"}");
    }

    #[test]
    fn one_value_for_a_key() {
        let mut context = context(&[("a", "1"), ("c", "3")]);
        assert_eq!(context.insert("a", "1"), Ok(()));
        assert_eq!(context.len(), 2);
        assert_eq!(context.insert("a", "2"), Err(ContextError::Conflict { key: "a".into() }));
        assert_eq!(context.insert("c", "2"), Err(ContextError::Conflict { key: "c".into() }));
        assert_eq!(context.get("c"), Some("3"));
        assert_eq!(context.get("b"), None);
    }

    #[test]
    fn lengths_have_both_sides() {
        let mut context = EncryptionContext::new();
        let (fits, long) = ("v".repeat(65_535), "v".repeat(65_536));
        assert_eq!(context.insert("a", &fits), Ok(()));
        assert_eq!(context.insert("b", &long), Err(ContextError::TooLong { key: "b".into(), length: 65_536 }));
        assert_eq!(context.insert(&fits, ""), Ok(()));
        assert!(context.insert(&long, "").is_err());
        assert_eq!(context.get("a"), Some(fits.as_str()));
        assert_eq!(context.len(), 2);
    }

    #[test]
    fn contexts_merge_in_one_pass() {
        let ours = context(&[("b", "2"), ("d", "4")]);
        let theirs = context(&[("a", "1"), ("b", "2"), ("c", "3"), ("e", "5")]);
        let all = context(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "5")]);
        assert_eq!(ours.merged(theirs.as_ref()), Ok(all.clone()));
        assert_eq!(theirs.merged(ours.as_ref()), Ok(all.clone()));
        assert_eq!(ours.merged(EncryptionContext::new().as_ref()), Ok(ours.clone()));
        let conflict = context(&[("b", "3")]).merged(ours.as_ref());
        assert_eq!(conflict, Err(ContextError::Conflict { key: "b".into() }));
        assert!(all.contains_all(&ours) && all.contains_all(&theirs) && all.contains_all(&EncryptionContext::new()));
        assert!(!ours.contains_all(&theirs) && !ours.contains_all(&context(&[("b", "3")])));
        assert!(!all.contains_all(&context(&[("f", "6")])));
    }

    #[test]
    fn empty_keys_are_refused_both_ways() {
        assert_eq!(EncryptionContext::new().insert("", "x"), Err(ContextError::EmptyKey));
        assert!(ContextRef::parse(&mut Cursor::new(b"\0\x01\0\0\0\x01x")).is_err());
    }

    #[test]
    fn count_has_both_sides() {
        let mut context = EncryptionContext::new();
        for index in 0..65_535 {
            context.insert(&format!("{index:05}"), "").unwrap();
        }
        assert_eq!(context.insert("x", ""), Err(ContextError::TooMany));
        assert_eq!(context.insert("00000", ""), Ok(()));
        assert_eq!(context.insert("65534", ""), Ok(()));
        assert_eq!(context.insert("00000", "x"), Err(ContextError::Conflict { key: "00000".into() }));
        assert_eq!(context.len(), 65_535);
    }

    #[test]
    fn parsing_refuses_disorder() {
        let parse = |bytes: &'static [u8]| ContextRef::parse(&mut Cursor::new(bytes));
        assert!(parse(b"\0\x02\0\x01a\0\0\0\x01b\0\0").is_ok());
        assert!(parse(b"\0\x02\0\x01b\0\0\0\x01a\0\0").is_err());
        assert!(parse(b"\0\x02\0\x01a\0\0\0\x01a\0\0").is_err());
        assert!(parse(b"\0\x01\0\x01\xff\0\0").is_err());
        assert!(parse(b"\0\x01\0\x01a\0\x01").is_err());
        assert!(parse(b"\0").is_err());
    }

    #[test]
    fn attributes_as_text() {
        assert_eq!(attribute_v1(&AttributeValue::N("01.0".into())).unwrap(), BASE64.encode(b"\0\x021"));
        assert_eq!(attribute_v2(&AttributeValue::N("01.0".into())).unwrap(), ("1".into(), 'N'));
        assert_eq!(attribute_v2(&AttributeValue::Null(false)).unwrap(), ("null".into(), 'L'));
        assert_eq!(attribute_v2(&AttributeValue::B(vec![1])).unwrap(), (BASE64.encode([0xff, 0xff, 1]), 'B'));
    }
}
