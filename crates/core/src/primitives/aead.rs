//! AES-GCM with 96-bit nonces and 128-bit tags.

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::CryptoError;

pub(crate) const NONCE: usize = 12;
pub(crate) const TAG: usize = 16;

/// An expanded AES-GCM key. The library wipes it when it is freed.
pub(crate) struct AeadKey(LessSafeKey);

impl AeadKey {
    /// AES-128, AES-192 or AES-256, after the length of the key; `None` for any other length.
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        let algorithm = match key.len() {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            32 => &AES_256_GCM,
            _ => return None,
        };
        UnboundKey::new(algorithm, key).ok().map(|key| Self(LessSafeKey::new(key)))
    }

    pub(crate) fn aes256(key: &[u8; 32]) -> Result<Self, CryptoError> {
        Ok(Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?)))
    }

    /// The key length in bits.
    pub(crate) fn bits(&self) -> usize {
        self.0.algorithm().key_len() * 8
    }

    /// Encrypts in place and gives the tag. The caller vouches that `nonce` is new under this key.
    pub(crate) fn seal(&self, nonce: [u8; NONCE], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG], CryptoError> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), in_out)?;
        tag.as_ref().try_into().map_err(|_| CryptoError)
    }

    /// Decrypts `ciphertext ‖ tag` in place and gives the plaintext.
    pub(crate) fn open<'a>(
        &self,
        nonce: [u8; NONCE],
        aad: &[u8],
        in_out: &'a mut [u8],
    ) -> Result<&'a mut [u8], CryptoError> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        Ok(self.0.open_in_place(nonce, Aad::from(aad), in_out)?)
    }
}

impl std::fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AeadKey(AES-{}, redacted)", self.bits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_lengths_of_keys_and_no_byte_in_debug() {
        for (length, text) in [(16, "AES-128"), (24, "AES-192"), (32, "AES-256")] {
            let key = AeadKey::new(&vec![0xa5; length]).unwrap();
            assert_eq!((key.bits(), format!("{key:?}")), (8 * length, format!("AeadKey({text}, redacted)")));
        }
        assert!(
            (0..70)
                .filter(|length| ![16, 24, 32].contains(length))
                .all(|length| AeadKey::new(&vec![0; length]).is_none())
        );
    }
}
