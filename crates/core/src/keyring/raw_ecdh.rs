//! Data keys agreed between two key pairs (specification: `framework/raw-ecdh-keyring.md`).

use super::ecdh::{EcdhParties, RAW_ECDH_PROVIDER_ID};
use super::raw::RawKeyringError;
use super::{Keyring, MAX_ATTEMPTS, not_opened};
use crate::materials::{BoxFuture, EncryptedDataKeyRef, MaterialsError, UnwrapRequest, UnwrappedKeys, WrapRequest};
use crate::primitives::CryptoError;
use crate::primitives::ecdh::{EcdhPrivateKey, EcdhPublicKey};

/// Wraps with a secret that is agreed between a sender and a recipient.
#[derive(Debug)]
pub struct RawEcdhKeyring(Scheme);

#[derive(Debug)]
enum Scheme {
    Static { sender: EcdhPrivateKey, recipient: EcdhPublicKey },
    Ephemeral { recipient: EcdhPublicKey },
    Discovery { recipient: EcdhPrivateKey },
}

impl RawEcdhKeyring {
    /// Sender and recipient both have a key of their own. Either side opens what the other sealed.
    ///
    /// # Errors
    /// If the keys are on different curves.
    pub fn fixed(sender: EcdhPrivateKey, recipient: EcdhPublicKey) -> Result<Self, RawKeyringError> {
        match sender.public_key().curve() == recipient.curve() {
            true => Ok(Self(Scheme::Static { sender, recipient })),
            false => Err(RawKeyringError::Curves),
        }
    }

    /// Seals for a recipient with a new key pair for every record, whose private half is thrown away. Only seals.
    pub fn ephemeral(recipient: EcdhPublicKey) -> Self {
        Self(Scheme::Ephemeral { recipient })
    }

    /// Opens whatever was sealed for the holder of this key, whoever the sender is. Only opens.
    ///
    /// Whoever has read one record knows the recipient's public key and can make others: what opens so says nothing about
    /// who wrote it. Where that matters take [`RawEcdhKeyring::fixed`].
    pub fn discovery(recipient: EcdhPrivateKey) -> Self {
        Self(Scheme::Discovery { recipient })
    }

    fn wrap(&self, request: &mut WrapRequest<'_>) -> Result<(), MaterialsError> {
        let new;
        let (sender, recipient) = match &self.0 {
            Scheme::Static { sender, recipient } => (sender, recipient),
            Scheme::Ephemeral { recipient } => {
                new = EcdhPrivateKey::generate(recipient.curve())?;
                (&new, recipient)
            }
            Scheme::Discovery { .. } => {
                let reason = "discovery opens what others sealed";
                return Err(MaterialsError::OnlyOpens { keyring: self.describe(), reason });
            }
        };
        let parties = EcdhParties::new(sender.public_key(), recipient).ok_or(CryptoError)?;
        parties.wrap(request, RAW_ECDH_PROVIDER_ID, &sender.agree(recipient)?)
    }

    fn unwrap(&self, request: &UnwrapRequest<'_>) -> Result<UnwrappedKeys, MaterialsError> {
        if let Scheme::Ephemeral { .. } = &self.0 {
            let reason = "the private keys of ephemeral senders are thrown away";
            return Err(MaterialsError::OnlySeals { keyring: self.describe(), reason });
        }
        let is_mine =
            |edk: &EncryptedDataKeyRef<'_>| EcdhParties::of(edk).is_some_and(|parties| self.is_mine(&parties));
        let mut mine = request.encrypted_data_keys.iter().filter(|edk| is_mine(edk)).take(MAX_ATTEMPTS);
        let keys = mine.find_map(|edk| self.open(edk, request).ok());
        keys.ok_or_else(|| not_opened(self, request, is_mine))
    }

    fn is_mine(&self, parties: &EcdhParties<'_>) -> bool {
        match &self.0 {
            Scheme::Static { sender, recipient } => {
                let own = EcdhParties::new(sender.public_key(), recipient);
                own.is_some_and(|own| own == *parties || own == parties.reversed())
            }
            Scheme::Ephemeral { .. } => false,
            Scheme::Discovery { recipient } => recipient.public_key().compressed() == parties.recipient,
        }
    }

    fn open(
        &self,
        edk: &EncryptedDataKeyRef<'_>,
        request: &UnwrapRequest<'_>,
    ) -> Result<UnwrappedKeys, MaterialsError> {
        let parties = EcdhParties::of(edk).ok_or(CryptoError)?;
        let secret = match &self.0 {
            Scheme::Static { sender, recipient } => sender.agree(recipient)?,
            Scheme::Ephemeral { .. } => return Err(CryptoError.into()),
            Scheme::Discovery { recipient } => recipient.agree_with_point(parties.sender)?,
        };
        parties.unwrap(edk, request.context, &secret)
    }
}

impl Keyring for RawEcdhKeyring {
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
        match &self.0 {
            Scheme::Static { sender, recipient } => {
                format!("raw ECDH from {} to {recipient}", sender.public_key())
            }
            Scheme::Ephemeral { recipient } => format!("ephemeral raw ECDH to {recipient}"),
            Scheme::Discovery { recipient } => format!("raw ECDH to {}", recipient.public_key()),
        }
    }
}
