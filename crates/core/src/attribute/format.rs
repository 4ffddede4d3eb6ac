//! The bytes of a sealed attribute, version 1. DynamoDB stores them as `B`.
//!
//! | offset | bytes | content |
//! |--:|--:|---|
//! | 0 | 2 | `D5 5E`, the mark of a sealed attribute |
//! | 2 | 1 | `01`, the format version |
//! | 3 | 1 | the suite |
//! | 4 | 2 | the type id of the sealed value, as in records |
//! | 6 | 1 | n, the length of the key id, 1 to 64 |
//! | 7 | n | the key id, UTF-8 without control characters |
//!
//! Then, in suite `01` (AES-256-GCM-SIV): 12 bytes of random nonce, ciphertext, 16 bytes of tag. In suite `02` (AES-SIV):
//! 16 bytes of synthetic initialisation vector, ciphertext. The plaintext is the value as records write it, without its
//! type id.

use std::fmt;

use super::error::AttributeErrorKind;
use crate::cursor::{Cursor, Malformed};
use crate::primitives::CryptoError;
use crate::primitives::gcm_siv::{NONCE, TAG};
use crate::primitives::siv::IV;
use crate::serialize::{TypeId, type_name};

const MARK: [u8; 2] = [0xd5, 0x5e];
const VERSION: u8 = 1;
/// Mark, version, suite, type id and the length of the key id.
const FIXED_HEADER: usize = 7;
const LONGEST_KEY_ID: usize = 64;

/// How a sealed attribute is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttributeSuite {
    /// AES-256-GCM-SIV with a random nonce: equal values look different.
    Randomised,
    /// AES-SIV with a key of 512 bits: equal values are equal bytes.
    Deterministic,
}

impl AttributeSuite {
    /// The byte that stands for it.
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Randomised => 1,
            Self::Deterministic => 2,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Randomised),
            2 => Some(Self::Deterministic),
            _ => None,
        }
    }

    /// What the body has besides the ciphertext, in bytes.
    fn overhead(self) -> usize {
        match self {
            Self::Randomised => NONCE + TAG,
            Self::Deterministic => IV,
        }
    }
}

/// `randomised` or `deterministic`.
impl fmt::Display for AttributeSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Randomised => "randomised",
            Self::Deterministic => "deterministic",
        })
    }
}

/// The name of a root key, as sealed attributes carry it: 1 to 64 bytes without control characters.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeyId {
    text: Box<str>,
    length: u8,
}

impl KeyId {
    /// With the rule that is broken, if one is.
    pub(crate) fn new(id: String) -> Result<Self, &'static str> {
        check_key_id(&id)?;
        let length = u8::try_from(id.len()).map_err(|_| BAD_LENGTH)?;
        Ok(Self { text: id.into(), length })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

const BAD_LENGTH: &str = "a key id must have 1 to 64 bytes";

fn check_key_id(id: &str) -> Result<(), &'static str> {
    if id.is_empty() || id.len() > LONGEST_KEY_ID {
        return Err(BAD_LENGTH);
    }
    if id.chars().any(char::is_control) { Err("a key id must not have control characters") } else { Ok(()) }
}

/// A buffer with the header and room for all that follows.
pub(crate) fn begin(suite: AttributeSuite, type_id: TypeId, id: &KeyId, plaintext: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(FIXED_HEADER + id.text.len() + suite.overhead() + plaintext);
    write_header(suite, type_id, id.length, &id.text, &mut out);
    out
}

fn write_header(suite: AttributeSuite, type_id: TypeId, length: u8, id: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&MARK);
    out.extend_from_slice(&[VERSION, suite.byte()]);
    out.extend_from_slice(&type_id);
    out.push(length);
    out.extend_from_slice(id.as_bytes());
}

/// `u32` length and the bytes; `None` if there are more than 4 GiB.
pub(crate) fn put(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(&u32::try_from(bytes.len()).ok()?.to_be_bytes());
    out.extend_from_slice(bytes);
    Some(())
}

/// Gives `work` what is authenticated beside the value: the header, and where the value belongs.
///
/// `place` is the table and the attribute, `binding` the primary key of the item, both with their lengths already. On the
/// stack unless it is long, since it is made for every value.
pub(crate) fn with_associated_data<T>(
    header: &[u8],
    place: &[u8],
    binding: &[u8],
    work: impl FnOnce(&[u8]) -> Result<T, CryptoError>,
) -> Result<T, CryptoError> {
    let header_length = u32::try_from(header.len()).map_err(|_| CryptoError)?.to_be_bytes();
    let pieces = [&header_length, header, place, binding];
    let length = pieces.iter().map(|piece| piece.len()).sum();
    let (mut short, mut long) = ([0; 256], Vec::new());
    match short.get_mut(..length) {
        Some(joined) => {
            let mut rest = &mut *joined;
            for piece in pieces {
                let (here, next) = rest.split_at_mut_checked(piece.len()).ok_or(CryptoError)?;
                here.copy_from_slice(piece);
                rest = next;
            }
            work(joined)
        }
        None => {
            long.reserve_exact(length);
            pieces.iter().for_each(|piece| long.extend_from_slice(piece));
            work(&long)
        }
    }
}

/// A sealed attribute taken apart, without a key: nothing in it is authenticated yet.
///
/// ```
/// use dynaseal_core::{AttributeKeys, AttributeRoot, AttributeSuite, ParsedAttribute};
///
/// let keys = AttributeKeys::new(AttributeRoot::from_bytes("2026-11", &[7; 32])?);
/// let sealed = keys.deterministic("people", "email")?.seal(&"ada@example.com".into())?;
///
/// assert!(ParsedAttribute::is_marked(&sealed));
/// let parsed = ParsedAttribute::parse(&sealed)?;
/// assert_eq!(parsed.suite(), AttributeSuite::Deterministic);
/// assert_eq!((parsed.type_name(), parsed.key_id(), parsed.plaintext_length()), ("S", "2026-11", 15));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParsedAttribute<'a> {
    header: &'a [u8],
    suite: AttributeSuite,
    type_id: TypeId,
    type_name: &'static str,
    key_id: &'a str,
    body: Body<'a>,
}

/// What follows the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    Randomised {
        nonce: &'a [u8; NONCE],
        /// Ciphertext and tag, so at least as long as a tag.
        sealed: &'a [u8],
    },
    Deterministic {
        iv: &'a [u8; IV],
        ciphertext: &'a [u8],
    },
}

impl<'a> ParsedAttribute<'a> {
    /// Whether the bytes begin with the mark of sealed attributes, `D5 5E`. Plain bytes may begin so too: only opening
    /// tells.
    pub fn is_marked(bytes: &[u8]) -> bool {
        bytes.starts_with(&MARK)
    }

    /// Takes the bytes of a sealed attribute apart.
    ///
    /// # Errors
    /// `NotSealed` if the mark is missing; `UnknownVersion`, `UnknownSuite` or `Malformed` if the rest makes no sense.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, AttributeErrorKind> {
        if !Self::is_marked(bytes) {
            return Err(AttributeErrorKind::NotSealed);
        }
        let mut cursor = Cursor::new(bytes);
        cursor.take(MARK.len())?;
        let version = cursor.u8()?;
        if version != VERSION {
            return Err(AttributeErrorKind::UnknownVersion(version));
        }
        let suite = cursor.u8()?;
        let suite = AttributeSuite::from_byte(suite).ok_or(AttributeErrorKind::UnknownSuite(suite))?;
        Ok(Self::parse_rest(suite, cursor)?)
    }

    fn parse_rest(suite: AttributeSuite, mut cursor: Cursor<'a>) -> Result<Self, Malformed> {
        let start = cursor.clone();
        let type_id = *cursor.array()?;
        let type_name = type_name(type_id).ok_or_else(|| start.malformed("unknown attribute type"))?;
        let length = cursor.u8()?;
        let start = cursor.clone();
        let key_id = cursor.take(usize::from(length))?;
        let key_id = std::str::from_utf8(key_id).map_err(|_| start.malformed("not UTF-8"))?;
        check_key_id(key_id).map_err(|reason| start.malformed(reason))?;
        let header = cursor.since(0);
        if cursor.remaining() < suite.overhead() {
            return Err(cursor.malformed("cut short"));
        }
        let body = match suite {
            AttributeSuite::Randomised => {
                Body::Randomised { nonce: cursor.array()?, sealed: cursor.take(cursor.remaining())? }
            }
            AttributeSuite::Deterministic => {
                Body::Deterministic { iv: cursor.array()?, ciphertext: cursor.take(cursor.remaining())? }
            }
        };
        cursor.finish()?;
        Ok(Self { header, suite, type_id, type_name, key_id, body })
    }

    /// Appends the same bytes that were parsed.
    pub fn write(&self, out: &mut Vec<u8>) {
        // A key id that was parsed has a length that one byte can say: the byte is the one before it.
        let length = self.header.get(FIXED_HEADER - 1).copied().unwrap_or_default();
        write_header(self.suite, self.type_id, length, self.key_id, out);
        match self.body {
            Body::Randomised { nonce, sealed } => {
                out.extend_from_slice(nonce);
                out.extend_from_slice(sealed);
            }
            Body::Deterministic { iv, ciphertext } => {
                out.extend_from_slice(iv);
                out.extend_from_slice(ciphertext);
            }
        }
    }

    /// How it is encrypted.
    pub fn suite(&self) -> AttributeSuite {
        self.suite
    }

    /// The type id of the value inside, as in records.
    pub fn type_id(&self) -> TypeId {
        self.type_id
    }

    /// The type of the value inside: `S`, `N`, `B`, `SS`, `NS`, `BS`, `M`, `L`, `NULL` or `BOOL`.
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// The id of the root key that it was sealed under.
    pub fn key_id(&self) -> &'a str {
        self.key_id
    }

    /// How long the written value inside is, in bytes.
    pub fn plaintext_length(&self) -> usize {
        match self.body {
            Body::Randomised { sealed, .. } => sealed.len().saturating_sub(TAG),
            Body::Deterministic { ciphertext, .. } => ciphertext.len(),
        }
    }

    /// Everything up to and with the key id, as received.
    pub(crate) fn header(&self) -> &'a [u8] {
        self.header
    }

    pub(crate) fn body(&self) -> Body<'a> {
        self.body
    }
}
