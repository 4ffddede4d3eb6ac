//! The key schedule of a record: from the data key to the commitment key and to the key and nonce of every sealed
//! field (specification: `structured-encryption/header.md`, `encrypt-path-structure.md`).

use zeroize::Zeroizing;

use crate::primitives::CryptoError;
use crate::primitives::aead::NONCE;
use crate::primitives::ctr::Ctr;
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

/// Fields whose keys are made in one run of the cipher.
const BATCH: usize = 16;

/// The keys and nonces of the sealed fields of a record, one after the other in the order of canonical paths.
///
/// Field n starts at counter block 3n. Keys are made in batches, each of which takes the place of the one before, so
/// that few stand in memory at a time and little has to be wiped.
pub(crate) struct FieldKeys {
    cipher: Ctr,
    batch: Zeroizing<[u8; BATCH * FIELD]>,
    next: usize,
}

impl FieldKeys {
    pub(crate) fn new(root: &FieldRootKey) -> Result<Self, CryptoError> {
        let cipher = Ctr::new(root.expose_secret())?;
        Ok(Self { cipher, batch: Zeroizing::new([0; BATCH * FIELD]), next: 0 })
    }

    /// Key and nonce of the next field.
    pub(crate) fn next(&mut self) -> Result<(&[u8; 32], [u8; NONCE]), CryptoError> {
        let place = self.next % BATCH;
        if place == 0 {
            let counter = u32::try_from(3 * self.next).map_err(|_| CryptoError)?;
            self.batch.fill(0);
            self.cipher.keystream(counter_block(counter), self.batch.as_mut_slice())?;
        }
        self.next += 1;
        let field = self.batch.get(place * FIELD..).unwrap_or_default();
        let (key, rest) = field.split_first_chunk().ok_or(CryptoError)?;
        Ok((key, *rest.first_chunk().ok_or(CryptoError)?))
    }
}

/// `AwsDbeField`, the length of key and nonce, and a counter.
fn counter_block(counter: u32) -> [u8; 16] {
    let mut block = *b"AwsDbeField\x2c\0\0\0\0";
    if let Some(place) = block.last_chunk_mut() {
        *place = counter.to_be_bytes();
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_keys_of_its_own() {
        let root = FieldRootKey::copy_from(&[3; 32]).unwrap();
        let mut keys = FieldKeys::new(&root).unwrap();
        let many: Vec<_> = (0..300).map(|_| keys.next().map(|(key, nonce)| (*key, nonce)).unwrap()).collect();
        let distinct: std::collections::HashSet<_> = many.iter().collect();
        assert_eq!(distinct.len(), 300);
        // Each alone: the counter of the first block of field n is 3n.
        for (index, (key, nonce)) in many.iter().enumerate() {
            let mut alone = [0; FIELD];
            let counter = u32::try_from(3 * index).unwrap();
            let cipher = Ctr::new(root.expose_secret()).unwrap();
            cipher.keystream(counter_block(counter), &mut alone).unwrap();
            assert_eq!((key.as_slice(), nonce.as_slice()), (&alone[..32], &alone[32..44]), "{index}");
        }
        assert_eq!(counter_block(897), *b"AwsDbeField\x2c\0\0\x03\x81");
    }
}
