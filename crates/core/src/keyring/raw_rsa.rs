//! An RSA key that the application holds itself (specification: `framework/raw-rsa-keyring.md`).

use super::raw::{RawKeyringError, check_names};
use super::{Keyring, MAX_ATTEMPTS, not_opened};
use crate::materials::{BoxFuture, EncryptedDataKeyRef, MaterialsError, UnwrapRequest, UnwrappedKeys, WrapRequest};
use crate::primitives::CryptoError;
use crate::primitives::rng::{SecureRandom, SystemRandom};
use crate::primitives::rsa::{RsaPadding, RsaPrivateKey, RsaPublicKey};
use crate::secret::IntermediateKey;

/// A raw RSA wrapping key: whoever has the public half seals, whoever has the private half opens.
///
/// RSA binds nothing to the encryption context; the data key under it is bound to it. Whoever has the public key can make
/// records that open: they say nothing about who wrote them.
#[derive(Debug)]
pub struct RawRsaKeyring {
    namespace: String,
    name: String,
    padding: RsaPadding,
    keys: RsaKeys,
}

/// The halves of a key that a keyring has.
#[derive(Debug)]
pub enum RsaKeys {
    /// Only seals.
    Public(RsaPublicKey),
    /// Only opens: a public key is never derived from it.
    Private(RsaPrivateKey),
    /// Seals and opens.
    Pair(RsaPublicKey, RsaPrivateKey),
}

impl RsaKeys {
    fn public(&self) -> Option<&RsaPublicKey> {
        match self {
            Self::Public(key) | Self::Pair(key, _) => Some(key),
            Self::Private(_) => None,
        }
    }

    fn private(&self) -> Option<&RsaPrivateKey> {
        match self {
            Self::Private(key) | Self::Pair(_, key) => Some(key),
            Self::Public(_) => None,
        }
    }
}

impl RawRsaKeyring {
    /// An RSA key under a namespace and a name, which stand in clear in every record. They and the padding have to be
    /// the same for all who share the key.
    ///
    /// # Errors
    /// If the names can not be used, or the two halves are no pair.
    pub fn new(
        namespace: impl Into<String>,
        name: impl Into<String>,
        padding: RsaPadding,
        keys: RsaKeys,
    ) -> Result<Self, RawKeyringError> {
        let (namespace, name) = (namespace.into(), name.into());
        check_names(&namespace, &name, 0)?;
        match &keys {
            RsaKeys::Pair(public, private) if !private.belongs_to(public) => Err(RawKeyringError::NoPair),
            _ => Ok(Self { namespace, name, padding, keys }),
        }
    }

    fn wrap(&self, request: &mut WrapRequest<'_>) -> Result<(), MaterialsError> {
        let only_opens = || MaterialsError::OnlyOpens { keyring: self.describe(), reason: "it has no public key" };
        let key = self.keys.public().ok_or_else(only_opens)?;
        let recipient = request.new_recipient()?;
        let wrapped = key.encrypt(self.padding, recipient.intermediate_key().expose_secret())?;
        request.add_recipient(recipient, &self.namespace, self.name.as_bytes().to_vec(), &wrapped)
    }

    fn unwrap(&self, request: &UnwrapRequest<'_>) -> Result<UnwrappedKeys, MaterialsError> {
        let only_seals = || MaterialsError::OnlySeals { keyring: self.describe(), reason: "it has no private key" };
        let key = self.keys.private().ok_or_else(only_seals)?;
        let is_mine = |edk: &EncryptedDataKeyRef<'_>| {
            edk.provider_id == self.namespace && edk.provider_info == self.name.as_bytes()
        };
        let mut mine = request.encrypted_data_keys.iter().filter(|edk| is_mine(edk)).take(MAX_ATTEMPTS);
        let keys = mine.find_map(|edk| open(key, self.padding, edk, request).ok());
        keys.ok_or_else(|| not_opened(self, request, is_mine))
    }
}

fn open(
    key: &RsaPrivateKey,
    padding: RsaPadding,
    edk: &EncryptedDataKeyRef<'_>,
    request: &UnwrapRequest<'_>,
) -> Result<UnwrappedKeys, MaterialsError> {
    let (wrapped_data_key, wrapped) = edk.split().ok_or(CryptoError)?;
    // What does not decrypt goes on with a random key and fails like what does: with PKCS #1 the difference would tell
    // those who can send records what RSA made of them.
    let random = IntermediateKey::fill_with(|key| SystemRandom.fill(key))?;
    let plain = key.decrypt(padding, wrapped).ok();
    let intermediate = plain.and_then(|plain| IntermediateKey::copy_from(&plain).ok()).unwrap_or(random);
    UnwrappedKeys::open(&intermediate, wrapped_data_key, request.context)
}

impl Keyring for RawRsaKeyring {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        Box::pin(std::future::ready(self.wrap(request)))
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        Box::pin(std::future::ready(self.unwrap(request)))
    }

    fn describe(&self) -> String {
        format!("raw RSA {}/{}", self.namespace, self.name)
    }
}
