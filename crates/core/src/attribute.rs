//! Sealed attributes: single values that carry their own protection, in items that are otherwise plain.
//!
//! A sealed value says itself which key opens it. It belongs to one attribute of one table, and in the randomised mode to
//! one item. What it does not say is whether it is the latest: whoever can write to the table can put an older value of the
//! same place back, or take a value away. Records ([`ItemEncryptor`](crate::ItemEncryptor)) also protect which attributes
//! an item has.

mod error;
mod format;
mod keys;
#[cfg(feature = "passphrase")]
mod passphrase;

use std::fmt::{self, Debug};
use std::sync::Arc;

use zeroize::Zeroize as _;

pub use error::{AttributeError, AttributeErrorKind};
pub use format::{AttributeSuite, ParsedAttribute};
pub use keys::{AttributeKeyError, AttributeKeys, AttributeRoot};
#[cfg(feature = "passphrase")]
pub use passphrase::{PassphraseRecipe, PassphraseRecipeError};

use crate::primitives::CryptoError;
use crate::primitives::gcm_siv::{GcmSivKey, NONCE};
use crate::primitives::rng::SecureRandom;
use crate::primitives::siv::{IV, SivKey};
use crate::serialize::{ValueError, ValueProblem, read_owned_value, size_bound, type_id, write_value};
use crate::value::AttributeValue;
use format::{Body, begin, put, with_associated_data};
use keys::{Rooted, Roots};

/// Seals and opens one attribute so that equal values look different, and so that each opens only in its item.
///
/// From [`AttributeKeys::randomised`]. Bound to the item, a value that is copied to another item does not open there; nor
/// does it when the item's primary key changes.
///
/// ```
/// use dynaseal_core::{AttributeKeys, AttributeRoot, AttributeValue, ItemBinding};
///
/// let keys = AttributeKeys::new(AttributeRoot::from_bytes("2026-11", &[7; 32])?);
/// let diagnosis = keys.randomised("patients", "diagnosis")?;
///
/// let ada = ItemBinding::new(("patient", &"ada".into()), None)?;
/// let sealed = diagnosis.seal(&"healthy".into(), &ada)?;
/// assert_eq!(diagnosis.open(&sealed, &ada)?, AttributeValue::from("healthy"));
///
/// let bob = ItemBinding::new(("patient", &"bob".into()), None)?;
/// let error = diagnosis.open(&sealed, &bob).unwrap_err();
/// assert_eq!(error.to_string(), "attribute `diagnosis` of table `patients` can not be opened");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RandomisedAttribute {
    place: Place,
    roots: Roots<GcmSivKey>,
    random: Arc<dyn SecureRandom>,
}

impl RandomisedAttribute {
    fn new(place: Place, roots: Roots<GcmSivKey>, random: Arc<dyn SecureRandom>) -> Self {
        Self { place, roots, random }
    }

    /// Seals a value for an item under the active root key. To be stored as `B`: 35 bytes more than the value, and the
    /// bytes of the key's id.
    ///
    /// # Errors
    /// If the value is none that DynamoDB takes, or the source of randomness fails.
    pub fn seal(&self, value: &AttributeValue, item: &ItemBinding) -> Result<Vec<u8>, AttributeError> {
        self.try_seal(value, item).map_err(|kind| self.place.error("sealed", kind))
    }

    fn try_seal(&self, value: &AttributeValue, item: &ItemBinding) -> Result<Vec<u8>, AttributeErrorKind> {
        let Rooted { id, key } = &self.roots.active;
        let mut out = begin(AttributeSuite::Randomised, type_id(value), id, size_bound(value));
        let mut nonce = [0; NONCE];
        self.random.fill(&mut nonce)?;
        let header = out.len();
        out.extend_from_slice(&nonce);
        let plaintext = write_plaintext(value, &mut out)?;
        let (head, plaintext) = out.split_at_mut_checked(plaintext).ok_or(CryptoError)?;
        let header = head.get(..header).ok_or(CryptoError)?;
        let seal = |aad: &[u8]| key.seal(nonce, aad, plaintext);
        let tag = with_associated_data(header, &self.place.encoded, &item.encoded, seal)?;
        out.extend_from_slice(&tag);
        Ok(out)
    }

    /// Opens what was sealed for an item.
    ///
    /// # Errors
    /// If the bytes are no sealed attribute, are of the deterministic mode, name a root key that is not here, or are not
    /// authentic in this place.
    pub fn open(&self, stored: &[u8], item: &ItemBinding) -> Result<AttributeValue, AttributeError> {
        self.try_open(stored, item).map_err(|kind| self.place.error("opened", kind))
    }

    fn try_open(&self, stored: &[u8], item: &ItemBinding) -> Result<AttributeValue, AttributeErrorKind> {
        let parsed = ParsedAttribute::parse(stored)?;
        let Body::Randomised { nonce, sealed } = parsed.body() else {
            return Err(other_mode(AttributeSuite::Randomised, &parsed));
        };
        let root = find(&self.roots, &parsed)?;
        let mut plaintext = sealed.to_vec();
        let open = |aad: &[u8]| root.key.open(*nonce, aad, &mut plaintext).map(|opened| opened.len());
        let opened = with_associated_data(parsed.header(), &self.place.encoded, &item.encoded, open);
        plaintext.truncate(opened.map_err(|_| AttributeErrorKind::NotAuthentic)?);
        read_owned_value(parsed.type_id(), plaintext).map_err(AttributeErrorKind::Content)
    }

    /// Whether the bytes name the active root key, so that they need not be sealed anew. They are not authenticated.
    ///
    /// # Errors
    /// If the bytes are no sealed attribute, or of the deterministic mode.
    pub fn is_active(&self, stored: &[u8]) -> Result<bool, AttributeError> {
        is_active(&self.roots, AttributeSuite::Randomised, stored).map_err(|kind| self.place.error("read", kind))
    }
}

/// Seals and opens one attribute so that equal values are equal bytes: for keys, conditions and searches.
///
/// From [`AttributeKeys::deterministic`]. It shows which items have equal values, and a value can be copied from one item
/// to another. Where nobody searches, [`RandomisedAttribute`] is the right one.
///
/// ```
/// use dynaseal_core::{AttributeKeys, AttributeRoot, AttributeValue};
///
/// let keys = AttributeKeys::new(AttributeRoot::from_bytes("2026-11", &[7; 32])?);
/// let email = keys.deterministic("people", "email")?;
///
/// let sealed = email.seal(&"ada@example.com".into())?;
/// assert_eq!(email.open(&sealed)?, AttributeValue::from("ada@example.com"));
/// // What a query asks for: equal to any of these.
/// assert_eq!(email.search_values(&"ada@example.com".into())?, [sealed]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DeterministicAttribute {
    place: Place,
    roots: Roots<SivKey>,
}

impl DeterministicAttribute {
    fn new(place: Place, roots: Roots<SivKey>) -> Self {
        Self { place, roots }
    }

    /// Seals a value under the active root key. To be stored as `B`: 23 bytes more than the value, and the bytes of the
    /// key's id. DynamoDB takes 2,048 bytes as a partition key and 1,024 as a sort key.
    ///
    /// # Errors
    /// If the value is none that DynamoDB takes.
    pub fn seal(&self, value: &AttributeValue) -> Result<Vec<u8>, AttributeError> {
        self.seal_under(&self.roots.active, value).map_err(|kind| self.place.error("sealed", kind))
    }

    /// The value sealed under each root key, the active one's first: an item has this value exactly if its stored bytes
    /// are one of these.
    ///
    /// # Errors
    /// If the value is none that DynamoDB takes.
    pub fn search_values(&self, value: &AttributeValue) -> Result<Vec<Vec<u8>>, AttributeError> {
        let sealed = self.roots.iter().map(|root| self.seal_under(root, value)).collect::<Result<_, _>>();
        sealed.map_err(|kind| self.place.error("searched for", kind))
    }

    /// Whether there are other roots beside the active one, so that a value may be stored as several things.
    pub fn has_several_roots(&self) -> bool {
        self.roots.iter().nth(1).is_some()
    }

    fn seal_under(&self, root: &Rooted<SivKey>, value: &AttributeValue) -> Result<Vec<u8>, AttributeErrorKind> {
        let mut out = begin(AttributeSuite::Deterministic, type_id(value), &root.id, size_bound(value));
        let header = out.len();
        out.extend_from_slice(&[0; IV]);
        let plaintext = write_plaintext(value, &mut out)?;
        let (head, plaintext) = out.split_at_mut_checked(plaintext).ok_or(CryptoError)?;
        let (header, iv) = head.split_at_mut_checked(header).ok_or(CryptoError)?;
        let seal = |aad: &[u8]| root.key.seal(&[aad], plaintext);
        iv.copy_from_slice(&with_associated_data(header, &self.place.encoded, &[], seal)?);
        Ok(out)
    }

    /// Opens what was sealed.
    ///
    /// # Errors
    /// If the bytes are no sealed attribute, are of the randomised mode, name a root key that is not here, or are not
    /// authentic in this place.
    pub fn open(&self, stored: &[u8]) -> Result<AttributeValue, AttributeError> {
        self.try_open(stored).map_err(|kind| self.place.error("opened", kind))
    }

    fn try_open(&self, stored: &[u8]) -> Result<AttributeValue, AttributeErrorKind> {
        let parsed = ParsedAttribute::parse(stored)?;
        let Body::Deterministic { iv, ciphertext } = parsed.body() else {
            return Err(other_mode(AttributeSuite::Deterministic, &parsed));
        };
        let root = find(&self.roots, &parsed)?;
        let mut plaintext = ciphertext.to_vec();
        let open = |aad: &[u8]| root.key.open(iv, &[aad], &mut plaintext);
        let opened = with_associated_data(parsed.header(), &self.place.encoded, &[], open);
        opened.map_err(|_| AttributeErrorKind::NotAuthentic)?;
        read_owned_value(parsed.type_id(), plaintext).map_err(AttributeErrorKind::Content)
    }

    /// Whether the bytes name the active root key, so that they need not be sealed anew. They are not authenticated.
    ///
    /// # Errors
    /// If the bytes are no sealed attribute, or of the randomised mode.
    pub fn is_active(&self, stored: &[u8]) -> Result<bool, AttributeError> {
        is_active(&self.roots, AttributeSuite::Deterministic, stored).map_err(|kind| self.place.error("read", kind))
    }
}

/// The primary key of an item, which its randomised attributes are bound to. One is enough for all attributes of an item.
///
/// Numbers count by their value: `1` and `1.0` are the same item to DynamoDB, and here.
#[derive(Clone, PartialEq, Eq)]
pub struct ItemBinding {
    /// How many key attributes, and of each: its name and its value with their lengths, and the type id between them.
    encoded: Vec<u8>,
}

/// Without the key.
impl fmt::Debug for ItemBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemBinding({} bytes)", self.encoded.len())
    }
}

impl ItemBinding {
    /// The names and values of the partition key and, where the table has one, of the sort key, as they are stored.
    ///
    /// # Errors
    /// If a value is no string, number or bytes, or a number that DynamoDB does not take.
    pub fn new(
        partition: (&str, &AttributeValue),
        sort: Option<(&str, &AttributeValue)>,
    ) -> Result<Self, AttributeError> {
        let room = |(name, value): (&str, &AttributeValue)| 10 + name.len() + size_bound(value);
        let mut encoded = Vec::with_capacity(1 + room(partition) + sort.map_or(0, room));
        encoded.push(if sort.is_some() { 2 } else { 1 });
        for (name, value) in std::iter::once(partition).chain(sort) {
            put_key(name, value, &mut encoded).map_err(|kind| AttributeError::of_binding(name, kind))?;
        }
        Ok(Self { encoded })
    }
}

fn put_key(name: &str, value: &AttributeValue, out: &mut Vec<u8>) -> Result<(), AttributeErrorKind> {
    let too_long = || ValueError::from(ValueProblem::Length);
    put(name.as_bytes(), out).ok_or_else(too_long)?;
    out.extend_from_slice(&type_id(value));
    match value {
        AttributeValue::S(text) => put(text.as_bytes(), out),
        AttributeValue::N(number) => {
            put(crate::number::normalize_number(number).map_err(ValueError::from)?.as_bytes(), out)
        }
        AttributeValue::B(bytes) => put(bytes, out),
        other => return Err(AttributeErrorKind::KeyType { found: other.type_name() }),
    }
    .ok_or_else(|| too_long().into())
}

/// The attribute that values belong to.
struct Place {
    table: Box<str>,
    attribute: Box<str>,
    /// Both with their lengths.
    encoded: Vec<u8>,
}

impl Place {
    fn new(table: &str, attribute: &str) -> Result<Self, CryptoError> {
        let mut encoded = Vec::with_capacity(8 + table.len() + attribute.len());
        put(table.as_bytes(), &mut encoded).ok_or(CryptoError)?;
        put(attribute.as_bytes(), &mut encoded).ok_or(CryptoError)?;
        Ok(Self { table: table.into(), attribute: attribute.into(), encoded })
    }

    fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    fn error(&self, verb: &'static str, kind: AttributeErrorKind) -> AttributeError {
        AttributeError::new(&self.table, &self.attribute, verb, kind)
    }
}

impl Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {:?}", self.attribute, self.table)
    }
}

/// Appends the value, for which there is room, and gives where it begins.
fn write_plaintext(value: &AttributeValue, out: &mut Vec<u8>) -> Result<usize, ValueError> {
    let start = out.len();
    write_value(value, out).map_err(|error| {
        // What was written by then would stay in freed memory.
        out.zeroize();
        error.hide_keys()
    })?;
    Ok(start)
}

/// Only the root that the bytes name is tried: no key is found out by trying.
fn find<'r, K>(roots: &'r Roots<K>, parsed: &ParsedAttribute<'_>) -> Result<&'r Rooted<K>, AttributeErrorKind> {
    let unknown = || AttributeErrorKind::UnknownKey { id: parsed.key_id().to_owned() };
    roots.find(parsed.key_id()).ok_or_else(unknown)
}

fn is_active<K>(roots: &Roots<K>, expected: AttributeSuite, stored: &[u8]) -> Result<bool, AttributeErrorKind> {
    let parsed = ParsedAttribute::parse(stored)?;
    if parsed.suite() != expected {
        return Err(other_mode(expected, &parsed));
    }
    Ok(parsed.key_id() == roots.active.id.as_str())
}

fn other_mode(expected: AttributeSuite, parsed: &ParsedAttribute<'_>) -> AttributeErrorKind {
    AttributeErrorKind::OtherMode { expected, found: parsed.suite() }
}
