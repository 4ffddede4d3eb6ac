//! AES-256-CTR as a source of key bytes.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};

use super::CryptoError;

/// Replaces `out`, which must be zeros, by the keystream that starts at counter block `iv`.
pub(crate) fn keystream(key: &[u8; 32], iv: [u8; 16], out: &mut [u8]) -> Result<(), CryptoError> {
    let key = EncryptingKey::ctr(UnboundCipherKey::new(&AES_256, key)?)?;
    key.less_safe_encrypt(out, EncryptionContext::Iv128(iv.into()))?;
    Ok(())
}
