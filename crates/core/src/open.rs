//! Opening of a structure (specification: `structured-encryption/decrypt-path-structure.md`).
//!
//! Nothing is decrypted before the whole record is verified, over the bytes as they were received. The types keep that
//! order: only a [`VerifiedRecord`] has the keys of the fields, and only [`verify`] makes one.

use crate::cursor::Malformed;
use crate::error::ErrorKind;
use crate::fields::Field;
use crate::format::{Footer, Header, RecordHash};
use crate::materials::DecryptionMaterials;
use crate::path::PathPrefix;
use crate::primitives::aead::{AeadKey, NONCE, TAG};
use crate::schedule::{FieldKeys, record_keys};
use crate::schema::{CryptoAction, FOOT};
use crate::secret::FieldRootKey;
use crate::serialize::{TypeId, read_owned_value};
use crate::value::AttributeValue;

/// A record whose commitment, tag and signature were checked.
pub(crate) struct VerifiedRecord<'i, 'c> {
    fields: Vec<Field<'i>>,
    root_key: FieldRootKey,
    path_prefix: &'c PathPrefix,
}

/// Verifies a record. `fields` are in the order of canonical paths, with the actions of the legend.
pub(crate) fn verify<'i, 'c>(
    header: &Header<'_>,
    head: &[u8],
    foot: &[u8],
    fields: Vec<Field<'i>>,
    path_prefix: &'c PathPrefix,
    materials: &DecryptionMaterials,
) -> Result<VerifiedRecord<'i, 'c>, ErrorKind> {
    let (commit_key, root_key) = record_keys(&materials.keys.data_key, header.message_id)?;
    header.verify_commitment(&commit_key).map_err(|_| ErrorKind::Authentication)?;

    let footer = Footer::parse(foot, header.suite).map_err(|error| ErrorKind::malformed(FOOT, error))?;
    let mut hash = RecordHash::new(head, &materials.context);
    let mut path = Vec::with_capacity(256);
    for field in &fields {
        path_prefix.write(field.name, &mut path);
        if field.action == CryptoAction::EncryptAndSign {
            hash.encrypted(&path, stored_bytes(field.value)?);
        } else {
            hash.plain(&path, field.value).map_err(|error| ErrorKind::value(field.name.text, error))?;
        }
    }
    let recipients = header.encrypted_data_keys.len();
    footer.verify(&hash.finish(), recipients, materials).map_err(|_| ErrorKind::Authentication)?;
    Ok(VerifiedRecord { fields, root_key, path_prefix })
}

/// What an encrypted field is stored as: type id, ciphertext and tag. Anything else is not what was written.
fn stored_bytes(value: &AttributeValue) -> Result<&[u8], ErrorKind> {
    match value {
        AttributeValue::B(bytes) if bytes.len() >= 2 + TAG => Ok(bytes),
        _ => Err(ErrorKind::Authentication),
    }
}

impl<'i> VerifiedRecord<'i, '_> {
    /// Decrypts the fields in place, and gives them back.
    pub(crate) fn open(mut self) -> Result<Vec<Field<'i>>, ErrorKind> {
        let mut field_keys = FieldKeys::new(&self.root_key)?;
        let mut path = Vec::with_capacity(256);
        for field in self.fields.iter_mut().filter(|field| field.action == CryptoAction::EncryptAndSign) {
            self.path_prefix.write(field.name, &mut path);
            let (key, nonce) = field_keys.next()?;
            let stored = match field.value {
                AttributeValue::B(stored) => std::mem::take(stored),
                _ => return Err(ErrorKind::Authentication),
            };
            let value = open_field(stored, &AeadKey::aes256(key)?, nonce, &path)?;
            *field.value = value.map_err(|error| ErrorKind::malformed(field.name.text, error))?;
        }
        Ok(self.fields)
    }
}

/// Decrypts a stored value, and reads what was in it. Text and bytes stay in the buffer in which they were stored.
fn open_field(
    mut stored: Vec<u8>,
    key: &AeadKey,
    nonce: [u8; NONCE],
    path: &[u8],
) -> Result<Result<AttributeValue, Malformed>, ErrorKind> {
    let (type_id, sealed) = stored.split_first_chunk_mut().ok_or(ErrorKind::Authentication)?;
    let type_id: TypeId = *type_id;
    let length = key.open(nonce, path, sealed).map_err(|_| ErrorKind::Authentication)?.len();
    stored.truncate(2 + length);
    stored.drain(..2);
    Ok(read_owned_value(type_id, stored))
}
