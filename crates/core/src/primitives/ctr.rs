//! AES-256-CTR as a source of key bytes.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};

use super::CryptoError;

/// An expanded AES-256 key. The library wipes it on drop.
pub(crate) struct Ctr(EncryptingKey);

impl Ctr {
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, CryptoError> {
        Ok(Self(EncryptingKey::ctr(UnboundCipherKey::new(&AES_256, key)?)?))
    }

    /// Replaces `out`, which must be zeros, by the keystream that starts at counter block `block`.
    pub(crate) fn keystream(&self, block: [u8; 16], out: &mut [u8]) -> Result<(), CryptoError> {
        self.0.less_safe_encrypt(out, EncryptionContext::Iv128(block.into()))?;
        Ok(())
    }
}
