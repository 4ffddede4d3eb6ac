//! The header, `aws_dbe_head` (specification: `structured-encryption/header.md`).
//!
//! version(1) ‖ flavor(1) ‖ message id(32) ‖ `u16` legend length ‖ legend ‖ stored context ‖ `u8` count of encrypted
//! data keys ‖ (`u16` length ‖ provider id ‖ `u16` length ‖ provider info ‖ `u16` length ‖ ciphertext)* ‖ commitment(32)

use crate::context::ContextRef;
use crate::cursor::{Cursor, Malformed};
use crate::keyring::BRANCH_KEY_PROVIDER_ID;
use crate::materials::EncryptedDataKeyRef;
use crate::primitives::CryptoError;
use crate::primitives::hash::{hmac_sha512_256, tags_equal};
use crate::schema::CryptoAction;
use crate::secret::CommitKey;
use crate::suite::{AlgorithmSuite, Version};

/// Length of the message id and of the commitment.
const ID: usize = 32;

/// A header that was parsed, and nothing more: none of it is authenticated yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// 1 or 2.
    pub version: Version,
    /// The suite, which the flavor byte names.
    pub suite: AlgorithmSuite,
    /// Random, different for every record.
    pub message_id: &'a [u8; ID],
    /// One letter for each signed attribute, in the order of canonical paths: `e`, `s` or `c`.
    pub legend: &'a [u8],
    /// The part of the encryption context that is stored.
    pub context: ContextRef<'a>,
    /// One for each recipient.
    pub encrypted_data_keys: Vec<EncryptedDataKeyRef<'a>>,
    /// Binds everything before it to the data key.
    pub commitment: &'a [u8; ID],
    body: &'a [u8],
}

impl<'a> Header<'a> {
    /// The branch key, if the record was sealed with one and for nobody else.
    pub fn branch_key_id(&self) -> Option<&'a str> {
        match self.encrypted_data_keys.as_slice() {
            [one] if one.provider_id == BRANCH_KEY_PROVIDER_ID => std::str::from_utf8(one.provider_info).ok(),
            _ => None,
        }
    }

    /// Reads a header. Exactly what a writer can write is accepted.
    ///
    /// # Errors
    /// With the offset and the reason.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(bytes);
        let start = cursor.clone();
        let version = Version::from_number(cursor.u8()?).ok_or_else(|| start.malformed("unknown version"))?;
        let start = cursor.clone();
        let suite = AlgorithmSuite::from_flavor(cursor.u8()?).ok_or_else(|| start.malformed("unknown flavor"))?;
        let message_id = cursor.array()?;
        let start = cursor.clone();
        let legend = cursor.short_bytes()?;
        if !legend.iter().all(|letter| is_legend_letter(*letter, version)) {
            return Err(start.malformed("unknown letter in the legend"));
        }
        let context = ContextRef::parse(&mut cursor)?;
        let start = cursor.clone();
        let count = cursor.u8()?;
        if count == 0 {
            return Err(start.malformed("no recipient"));
        }
        let encrypted_data_keys = (0..count).map(|_| read_data_key(&mut cursor)).collect::<Result<_, _>>()?;
        let body = cursor.since(0);
        let commitment = cursor.array()?;
        cursor.finish()?;
        Ok(Self { version, suite, message_id, legend, context, encrypted_data_keys, commitment, body })
    }

    /// The bytes again.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.body.len() + ID);
        write_body(
            self.version,
            self.suite,
            self.message_id,
            self.legend,
            self.context.iter(),
            self.encrypted_data_keys.iter().copied(),
            &mut out,
        );
        out.extend_from_slice(self.commitment);
        out
    }

    /// What is done with each signed attribute, in the order of canonical paths.
    pub fn actions(&self) -> impl ExactSizeIterator<Item = CryptoAction> + 'a {
        let action = |letter: &u8| CryptoAction::from_legend(*letter).expect("parse accepts no other letters");
        self.legend.iter().map(action)
    }

    /// Checks the commitment over the bytes as they were received.
    pub(crate) fn verify_commitment(&self, key: &CommitKey) -> Result<(), CryptoError> {
        tags_equal(&hmac_sha512_256(key.expose_secret(), self.body), self.commitment)
    }
}

fn is_legend_letter(letter: u8, version: Version) -> bool {
    match CryptoAction::from_legend(letter) {
        Some(CryptoAction::SignAndIncludeInEncryptionContext) => version == Version::V2,
        Some(_) => true,
        None => false,
    }
}

fn read_data_key<'a>(cursor: &mut Cursor<'a>) -> Result<EncryptedDataKeyRef<'a>, Malformed> {
    Ok(EncryptedDataKeyRef {
        provider_id: cursor.short_str()?,
        provider_info: cursor.short_bytes()?,
        ciphertext: cursor.short_bytes()?,
    })
}

/// Appends everything before the commitment.
///
/// The caller has checked that the legend, the context and every part of the data keys fit in 65,535 bytes, and that
/// there are at most 255 data keys.
pub(crate) fn write_body<'a>(
    version: Version,
    suite: AlgorithmSuite,
    message_id: &[u8; ID],
    legend: &[u8],
    context: impl Iterator<Item = (&'a str, &'a str)>,
    data_keys: impl ExactSizeIterator<Item = EncryptedDataKeyRef<'a>>,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(&[version.number(), suite.flavor()]);
    out.extend_from_slice(message_id);
    write_short(legend, out);

    let count_at = out.len();
    out.extend_from_slice(&[0, 0]);
    let mut count = 0_u16;
    for (key, value) in context {
        write_short(key.as_bytes(), out);
        write_short(value.as_bytes(), out);
        count = count.saturating_add(1);
    }
    if let Some(place) = out.get_mut(count_at..count_at + 2) {
        place.copy_from_slice(&count.to_be_bytes());
    }

    out.push(u8::try_from(data_keys.len()).unwrap_or(u8::MAX));
    for data_key in data_keys {
        write_short(data_key.provider_id.as_bytes(), out);
        write_short(data_key.provider_info, out);
        write_short(data_key.ciphertext, out);
    }
}

/// Appends the commitment to a header that has none yet.
pub(crate) fn commit(key: &CommitKey, out: &mut Vec<u8>) {
    let commitment = hmac_sha512_256(key.expose_secret(), out);
    out.extend_from_slice(&commitment);
}

fn write_short(bytes: &[u8], out: &mut Vec<u8>) {
    let length = u16::try_from(bytes.len()).expect("lengths were checked where the parts were made");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(edit: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = vec![2, 1];
        bytes.extend([7; 32]);
        bytes.extend(b"\0\x03esc");
        bytes.extend(b"\0\x01\0\x01k\0\x01v");
        bytes.extend(b"\x01\0\x01p\0\x01i\0\x01c");
        bytes.extend([9; 32]);
        edit(&mut bytes);
        bytes
    }

    fn reason(bytes: &[u8]) -> &'static str {
        Header::parse(bytes).unwrap_err().reason
    }

    #[test]
    fn reads_and_writes_back() {
        let bytes = header(|_| ());
        let header = Header::parse(&bytes).unwrap();
        assert_eq!((header.version, header.suite), (Version::V2, AlgorithmSuite::EcdsaP384));
        assert_eq!(header.context.get("k"), Some("v"));
        assert_eq!(header.encrypted_data_keys[0].provider_info, b"i");
        assert_eq!(header.actions().next(), Some(CryptoAction::EncryptAndSign));
        assert_eq!(header.to_bytes(), bytes);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for version in (0..=255).filter(|version| ![1, 2].contains(version)) {
            assert_eq!(reason(&header(|bytes| bytes[0] = version)), "unknown version");
        }
        for flavor in 2..=255 {
            assert_eq!(reason(&header(|bytes| bytes[1] = flavor)), "unknown flavor");
        }
        for letter in (0..=255).filter(|letter| !b"esc".contains(letter)) {
            assert_eq!(reason(&header(|bytes| bytes[36] = letter)), "unknown letter in the legend");
        }
        // Only version 2 knows `c`.
        assert_eq!(reason(&header(|bytes| bytes[0] = 1)), "unknown letter in the legend");
        assert_eq!(reason(&header(|bytes| bytes[47] = 0)), "no recipient");
    }

    #[test]
    fn no_byte_more_or_less() {
        let bytes = header(|_| ());
        for length in 0..bytes.len() {
            assert!(Header::parse(&bytes[..length]).is_err(), "{length}");
        }
        assert_eq!(reason(&header(|bytes| bytes.push(0))), "bytes after the end");
    }
}
