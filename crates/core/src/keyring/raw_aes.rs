//! A wrapping key that the application holds itself (specification: `framework/raw-aes-keyring.md`).

use std::fmt;

use super::raw::{RawKeyringError, check_names};
use super::{Keyring, not_opened};
use crate::materials::{BoxFuture, EncryptedDataKeyRef, MaterialsError, UnwrapRequest, UnwrappedKeys, WrapRequest};
use crate::primitives::CryptoError;
use crate::primitives::aead::{AeadKey, NONCE, TAG};
use crate::secret::{IntermediateKey, KeyLength};

/// Tag length in bits and nonce length in bytes: what stands between the key name and the nonce in the provider info.
const LENGTHS: [u8; 8] = [0, 0, 0, 128, 0, 0, 0, 12];

/// The wrapped intermediate key: 32 bytes and a tag.
const WRAPPED: usize = 32 + TAG;

/// A raw AES wrapping key of 128, 192 or 256 bits.
pub struct RawAesKeyring {
    namespace: String,
    name: String,
    key: AeadKey,
}

impl RawAesKeyring {
    /// A wrapping key under a namespace and a name. Both are stored in clear in every record, and together they say
    /// which key to open it with; they have to be the same for all who share the key.
    ///
    /// # Errors
    /// If the key does not have 16, 24 or 32 bytes, or the names can not be used.
    ///
    /// ```
    /// use dynaseal_core::RawAesKeyring;
    /// let keyring = RawAesKeyring::new("example", "key-1", &[7; 32])?;
    /// assert_eq!(format!("{keyring:?}"), "RawAesKeyring(AES-256 example/key-1, redacted)");
    /// # Ok::<(), dynaseal_core::RawKeyringError>(())
    /// ```
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, key: &[u8]) -> Result<Self, RawKeyringError> {
        let (namespace, name) = (namespace.into(), name.into());
        check_names(&namespace, &name, LENGTHS.len() + NONCE)?;
        let length = || KeyLength { key: "raw AES key", expected: "16, 24 or 32", found: key.len() };
        let key = AeadKey::new(key).ok_or_else(length)?;
        Ok(Self { namespace, name, key })
    }

    fn wrap(&self, request: &mut WrapRequest<'_>) -> Result<(), MaterialsError> {
        let recipient = request.new_recipient()?;
        let mut nonce = [0; NONCE];
        request.rng().fill(&mut nonce)?;
        let mut wrapped = zeroize::Zeroizing::new([0; WRAPPED]);
        let (key, tag) = wrapped.split_at_mut(WRAPPED - TAG);
        key.copy_from_slice(recipient.intermediate_key().expose_secret());
        tag.copy_from_slice(&self.key.seal(nonce, request.context().canonical(), key)?);
        let info = [self.name.as_bytes(), &LENGTHS, &nonce].concat();
        request.add_recipient(recipient, &self.namespace, info, wrapped.as_slice())
    }

    fn unwrap(
        &self,
        edk: &EncryptedDataKeyRef<'_>,
        request: &UnwrapRequest<'_>,
    ) -> Result<UnwrappedKeys, MaterialsError> {
        let (_, nonce) = split_info(edk.provider_info).ok_or(CryptoError)?;
        let (wrapped_data_key, wrapped) = edk.split().ok_or(CryptoError)?;
        let wrapped: [u8; WRAPPED] = wrapped.try_into().map_err(|_| CryptoError)?;
        let mut buffer = zeroize::Zeroizing::new(wrapped);
        let plain = self.key.open(*nonce, request.context.canonical(), buffer.as_mut_slice())?;
        let intermediate = IntermediateKey::copy_from(plain).map_err(|_| CryptoError)?;
        UnwrappedKeys::open(&intermediate, wrapped_data_key, request.context)
    }
}

/// Key name and nonce of a raw AES key's provider info.
pub(crate) fn split_info(info: &[u8]) -> Option<(&[u8], &[u8; NONCE])> {
    let (rest, nonce) = info.split_last_chunk()?;
    Some((rest.strip_suffix(&LENGTHS)?, nonce))
}

impl Keyring for RawAesKeyring {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        Box::pin(std::future::ready(self.wrap(request)))
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        let is_mine = |edk: &EncryptedDataKeyRef<'_>| {
            let name = split_info(edk.provider_info).map(|(name, _)| name);
            edk.provider_id == self.namespace && name == Some(self.name.as_bytes())
        };
        let mine = request.encrypted_data_keys.iter().filter(|edk| is_mine(edk));
        let keys = mine.filter_map(|edk| self.unwrap(edk, request).ok()).next();
        Box::pin(std::future::ready(keys.ok_or_else(|| not_opened(self, request, is_mine))))
    }

    fn describe(&self) -> String {
        format!("raw AES {}/{}", self.namespace, self.name)
    }
}

impl fmt::Debug for RawAesKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawAesKeyring(AES-{} {}/{}, redacted)", self.key.bits(), self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_aes_only() {
        for length in [16, 24, 32] {
            assert!(RawAesKeyring::new("ns", "n", &vec![1; length]).is_ok());
        }
        for length in [0, 15, 17, 31, 33, 64] {
            let error = RawAesKeyring::new("ns", "n", &vec![1; length]).unwrap_err();
            assert!(matches!(error, RawKeyringError::KeyLength(KeyLength { found, .. }) if found == length));
        }
    }

    #[test]
    fn names_have_limits() {
        assert_eq!(RawAesKeyring::new("aws-kms", "n", &[1; 16]).unwrap_err(), RawKeyringError::ReservedNamespace);
        assert!(RawAesKeyring::new("n".repeat(65_535), "n".repeat(65_515), &[1; 16]).is_ok());
        assert!(RawAesKeyring::new("n".repeat(65_536), "n", &[1; 16]).is_err());
        assert!(RawAesKeyring::new("n", "n".repeat(65_516), &[1; 16]).is_err());
    }

    #[test]
    fn provider_info_splits_from_the_end() {
        let info = |name: &[u8]| [name, &LENGTHS, &[9; NONCE]].concat();
        for name in [&b""[..], b"key", &LENGTHS, &[0; 40]] {
            assert_eq!(split_info(&info(name)), Some((name, &[9; NONCE])));
        }
        assert_eq!(split_info(b"short"), None);
        assert_eq!(split_info(&[0; 40]), None);
    }
}
