//! Sealing of a structure (specification: `structured-encryption/encrypt-path-structure.md`).

use crate::error::ErrorKind;
use crate::fields::Field;
use crate::format::{RecordHash, commit, write_body, write_footer};
use crate::materials::{EncryptedDataKeyRef, EncryptionMaterials, MaterialsError};
use crate::path::PathPrefix;
use crate::primitives::aead::{AeadKey, TAG};
use crate::schedule::{FieldKeys, record_keys};
use crate::schema::CryptoAction;
use crate::serialize::{ValueError, size_hint, type_id, write_value};
use crate::suite::Version;
use crate::value::AttributeValue;

/// Header and footer of a sealed record.
pub(crate) struct Seal {
    pub(crate) head: Vec<u8>,
    pub(crate) foot: Vec<u8>,
}

/// Seals the fields, which are in the order of canonical paths, in place.
pub(crate) fn seal(
    fields: &mut [Field<'_>],
    version: Version,
    path_prefix: &PathPrefix,
    message_id: &[u8; 32],
    materials: &EncryptionMaterials,
) -> Result<Seal, ErrorKind> {
    let data_key = materials.data_key.as_ref().ok_or(MaterialsError::NoDataKey)?;
    if materials.recipients.is_empty() {
        return Err(MaterialsError::NoRecipient.into());
    }
    let (commit_key, root_key) = record_keys(data_key, message_id)?;
    let mut head = write_header(fields, version, message_id, materials);
    commit(&commit_key, &mut head);

    let mut field_keys = FieldKeys::new(&root_key)?;
    let mut hash = RecordHash::new(&head, &materials.context);
    let mut path = Vec::with_capacity(256);
    for field in fields {
        path_prefix.write(field.name, &mut path);
        if field.action == CryptoAction::EncryptAndSign {
            let (key, nonce) = field_keys.next()?;
            let mut stored = serialize_to_encrypt(field)?;
            let aead = AeadKey::aes256(key)?;
            let tag = aead.seal(nonce, &path, stored.get_mut(2..).unwrap_or_default())?;
            stored.extend_from_slice(&tag);
            hash.encrypted(&path, &stored);
            *field.value = AttributeValue::B(stored);
        } else {
            hash.plain(&path, field.value).map_err(|error| ErrorKind::value(field.name.text, error))?;
        }
    }
    let foot = write_footer(&hash.finish(), materials)?;
    Ok(Seal { head, foot })
}

fn write_header(
    fields: &[Field<'_>],
    version: Version,
    message_id: &[u8; 32],
    materials: &EncryptionMaterials,
) -> Vec<u8> {
    let legend: Vec<u8> = fields.iter().filter_map(|field| field.action.legend()).collect();
    let stored_context = materials.context.iter().filter(|(key, _)| !materials.required_keys.contains(key));
    let data_keys = materials.recipients.iter().map(|(edk, _)| EncryptedDataKeyRef {
        provider_id: &edk.provider_id,
        provider_info: &edk.provider_info,
        ciphertext: &edk.ciphertext,
    });
    let mut out = Vec::with_capacity(512);
    write_body(version, materials.suite, message_id, &legend, stored_context, data_keys, &mut out);
    out
}

/// Type id and value in one buffer, with room for the tag.
fn serialize_to_encrypt(field: &Field<'_>) -> Result<Vec<u8>, ErrorKind> {
    let mut stored = Vec::with_capacity(2 + size_hint(field.value) + TAG);
    stored.extend_from_slice(&type_id(field.value));
    let failed = |error: ValueError| ErrorKind::value(field.name.text, error.hide_keys());
    write_value(field.value, &mut stored).map_err(failed)?;
    Ok(stored)
}
