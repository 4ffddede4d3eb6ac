//! What a keyring sees of a record that is being sealed: it reads suite and context, and adds recipients. It can not
//! change anything else.

use super::{
    EncryptedDataKey, EncryptionMaterials, MAX_RECIPIENTS, MaterialsError, WRAPPED_DATA_KEY, derive_from_intermediate,
};
use crate::context::EncryptionContext;
use crate::primitives::aead::AeadKey;
use crate::primitives::rng::SecureRandom;
use crate::secret::{DataKey, IntermediateKey, RecipientKey};
use crate::suite::AlgorithmSuite;

/// Materials on their way through a keyring.
#[derive(Debug)]
pub struct WrapRequest<'a> {
    suite: AlgorithmSuite,
    context: &'a EncryptionContext,
    rng: &'a dyn SecureRandom,
    data_key: &'a mut Option<DataKey>,
    recipients: &'a mut Vec<(EncryptedDataKey, RecipientKey)>,
}

impl EncryptionMaterials {
    /// What to hand to a keyring.
    pub fn wrap_request<'a>(&'a mut self, rng: &'a dyn SecureRandom) -> WrapRequest<'a> {
        let Self { suite, context, data_key, recipients, .. } = self;
        WrapRequest { suite: *suite, context, rng, data_key, recipients }
    }
}

impl<'a> WrapRequest<'a> {
    /// The suite.
    pub fn suite(&self) -> AlgorithmSuite {
        self.suite
    }

    /// The full context, required keys included.
    pub fn context(&self) -> &'a EncryptionContext {
        self.context
    }

    /// Where randomness comes from.
    pub fn rng(&self) -> &'a dyn SecureRandom {
        self.rng
    }

    /// Whether a keyring has made the data key already.
    pub fn has_data_key(&self) -> bool {
        self.data_key.is_some()
    }

    /// Begins a recipient with a new intermediate key, which is for the keyring to wrap. The data key is made first if
    /// there is none.
    ///
    /// # Errors
    /// If randomness fails.
    pub fn new_recipient(&mut self) -> Result<PendingRecipient, MaterialsError> {
        // Data key first: the order in which randomness is used is part of what can be reproduced.
        self.data_key()?;
        let intermediate = IntermediateKey::fill_with(|key| self.rng.fill(key))?;
        self.new_recipient_with(intermediate)
    }

    /// The same with an intermediate key that a key server made.
    ///
    /// # Errors
    /// If randomness fails.
    pub fn new_recipient_with(
        &mut self,
        intermediate_key: IntermediateKey,
    ) -> Result<PendingRecipient, MaterialsError> {
        let (wrapping_key, recipient_key) = derive_from_intermediate(&intermediate_key)?;
        let mut wrapped = zeroize::Zeroizing::new([0; 32]);
        wrapped.copy_from_slice(self.data_key()?.expose_secret());
        // The wrapping key is used once, so the format fixes the nonce.
        let aead = AeadKey::aes256(wrapping_key.expose_secret())?;
        let tag = aead.seal([0; 12], self.context.canonical(), wrapped.as_mut_slice())?;
        let mut ciphertext = Vec::with_capacity(WRAPPED_DATA_KEY + 96);
        ciphertext.extend_from_slice(wrapped.as_slice());
        ciphertext.extend_from_slice(&tag);
        Ok(PendingRecipient { intermediate_key, recipient_key, ciphertext })
    }

    /// Adds a recipient: what its keyring wrapped the intermediate key to, with the context as associated data.
    ///
    /// # Errors
    /// If there are 255 recipients already, `wrapped` is empty, or a part is too long for a header.
    pub fn add_recipient(
        &mut self,
        recipient: PendingRecipient,
        provider_id: &str,
        provider_info: Vec<u8>,
        wrapped: &[u8],
    ) -> Result<(), MaterialsError> {
        if self.recipients.len() >= MAX_RECIPIENTS {
            return Err(MaterialsError::TooManyRecipients);
        }
        if wrapped.is_empty() {
            return Err(MaterialsError::NothingWrapped { provider_id: provider_id.to_owned() });
        }
        let PendingRecipient { recipient_key, mut ciphertext, .. } = recipient;
        ciphertext.extend_from_slice(wrapped);
        for length in [provider_id.len(), provider_info.len(), ciphertext.len()] {
            if u16::try_from(length).is_err() {
                return Err(MaterialsError::RecipientTooLong { provider_id: provider_id.to_owned(), length });
            }
        }
        let edk = EncryptedDataKey { provider_id: provider_id.to_owned(), provider_info, ciphertext };
        self.recipients.push((edk, recipient_key));
        Ok(())
    }

    fn data_key(&mut self) -> Result<&DataKey, MaterialsError> {
        match &mut *self.data_key {
            Some(key) => Ok(key),
            none => Ok(none.insert(DataKey::fill_with(|key| self.rng.fill(key))?)),
        }
    }
}

/// A recipient whose intermediate key is not wrapped yet.
#[derive(Debug)]
pub struct PendingRecipient {
    intermediate_key: IntermediateKey,
    recipient_key: RecipientKey,
    ciphertext: Vec<u8>,
}

impl PendingRecipient {
    /// What the keyring has to wrap.
    pub fn intermediate_key(&self) -> &IntermediateKey {
        &self.intermediate_key
    }
}
