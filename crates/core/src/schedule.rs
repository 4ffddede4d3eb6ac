//! The key schedule of a record: from the data key to the commitment key and to the key and nonce of every sealed
//! field (specification: `structured-encryption/header.md`, `encrypt-path-structure.md`).

use zeroize::Zeroizing;

use crate::primitives::CryptoError;
use crate::primitives::aead::NONCE;
use crate::primitives::ctr::keystream;
use crate::primitives::hkdf::Prk;
use crate::secret::{CommitKey, DataKey, FieldRootKey};

/// Key and nonce of a field: three counter blocks, of which the last four bytes are not used.
const FIELD: usize = 48;

/// Derives the two keys that hang on the data key and the message id.
pub(crate) fn record_keys(data_key: &DataKey, message_id: &[u8; 32]) -> Result<(CommitKey, FieldRootKey), CryptoError> {
    let prk = Prk::extract(data_key.expose_secret());
    let commit_key = CommitKey::fill_with(|key| prk.expand(&[b"AWS_DBE_COMMIT_KEY", message_id], key))?;
    let root_key = FieldRootKey::fill_with(|key| prk.expand(&[b"AWS_DBE_DERIVE_KEY", message_id], key))?;
    Ok((commit_key, root_key))
}

/// The keys and nonces of all sealed fields of a record.
///
/// Field n starts at counter block 3n, so one run of the cipher makes all of them.
pub(crate) struct FieldKeys(Zeroizing<Vec<u8>>);

impl FieldKeys {
    pub(crate) fn new(root: &FieldRootKey, fields: usize) -> Result<Self, CryptoError> {
        let mut bytes = Zeroizing::new(vec![0; fields * FIELD]);
        if fields > 0 {
            // `AwsDbeField`, the length of key and nonce, and a counter.
            keystream(root.expose_secret(), *b"AwsDbeField\x2c\0\0\0\0", &mut bytes)?;
        }
        Ok(Self(bytes))
    }

    /// Key and nonce of each field, in the order of canonical paths.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8; 32], [u8; NONCE])> {
        self.0.chunks_exact(FIELD).filter_map(|field| {
            let (key, rest) = field.split_first_chunk()?;
            Some((key, *rest.first_chunk()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_keys_of_its_own() {
        let root = FieldRootKey::copy_from(&[3; 32]).unwrap();
        let many = FieldKeys::new(&root, 300).unwrap();
        let distinct: std::collections::HashSet<_> = many.iter().map(|(key, nonce)| (*key, nonce)).collect();
        assert_eq!(distinct.len(), 300);
        // Field 299 alone: the counter of its first block is 897.
        let mut alone = [0; FIELD];
        keystream(root.expose_secret(), *b"AwsDbeField\x2c\0\0\x03\x81", &mut alone).unwrap();
        let (key, nonce) = many.iter().last().unwrap();
        assert_eq!((key.as_slice(), nonce.as_slice()), (&alone[..32], &alone[32..44]));
        assert_eq!(FieldKeys::new(&root, 0).unwrap().iter().count(), 0);
    }
}
