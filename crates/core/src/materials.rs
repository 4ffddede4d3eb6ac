//! Materials: the data key of a record, its recipients, and what travels between a CMM and its keyrings
//! (specification: `framework/structures.md`).

mod error;
mod wrap;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use error::MaterialsError;
pub use wrap::{PendingRecipient, WrapRequest};

use crate::context::{ContextRef, EncryptionContext, PUBLIC_KEY, decode_public_key, encode_public_key};
use crate::primitives::CryptoError;
use crate::primitives::aead::AeadKey;
use crate::primitives::ecdsa::{SigningKey, VerificationKey};
use crate::primitives::hkdf::Prk;
use crate::primitives::rng::SecureRandom;
use crate::secret::{DataKey, IntermediateKey, KeyWrappingKey, RecipientKey};
use crate::suite::AlgorithmSuite;

/// A future on the heap: what keyrings and CMMs give back, since some of them ask a key server.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The most recipients that a header has room for.
pub const MAX_RECIPIENTS: usize = 255;

/// The data key wrapped for the intermediate key: 32 bytes and a tag.
const WRAPPED_DATA_KEY: usize = 48;

/// A data key, wrapped for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedDataKey {
    /// Who can unwrap it: a key namespace, `aws-kms`, `aws-kms-hierarchy`, …
    pub provider_id: String,
    /// With what: a key name and nonce, an ARN, a branch key id, …
    pub provider_info: Vec<u8>,
    /// The wrapped data key and the wrapped intermediate key.
    pub ciphertext: Vec<u8>,
}

/// The same inside a header: borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncryptedDataKeyRef<'a> {
    /// Who can unwrap it.
    pub provider_id: &'a str,
    /// With what.
    pub provider_info: &'a [u8],
    /// The wrapped data key and the wrapped intermediate key.
    pub ciphertext: &'a [u8],
}

impl<'a> EncryptedDataKeyRef<'a> {
    /// The wrapped data key, and what the provider wrapped; `None` if it is too short for both.
    pub fn split(&self) -> Option<(&'a [u8; WRAPPED_DATA_KEY], &'a [u8])> {
        self.ciphertext.split_first_chunk()
    }
}

/// What an encryptor asks of a CMM.
#[derive(Debug)]
pub struct EncryptionRequest<'a> {
    /// The suite to seal with.
    pub suite: AlgorithmSuite,
    /// What the record is bound to.
    pub context: EncryptionContext,
    /// Keys of the context that are not stored with the record: whoever opens it must know their values.
    pub required_keys: RequiredKeys,
    /// An upper bound on the bytes that will be sealed.
    pub max_plaintext_length: u64,
    /// Where randomness comes from.
    pub rng: &'a dyn SecureRandom,
}

/// Keys of an encryption context that are authenticated but not stored.
#[derive(Clone, Debug, Default)]
pub struct RequiredKeys(Arc<[Box<str>]>);

impl RequiredKeys {
    /// Whether `key` is one of them.
    pub fn contains(&self, key: &str) -> bool {
        self.0.iter().any(|required| **required == *key)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| &**key)
    }

    /// Whether all of the others are among these.
    pub(crate) fn contains_all(&self, others: &Self) -> bool {
        Arc::ptr_eq(&self.0, &others.0) || others.iter().all(|key| self.contains(key))
    }

    /// Every one must be in the context.
    pub(crate) fn check(&self, context: &EncryptionContext) -> Result<(), MaterialsError> {
        match self.iter().find(|key| context.get(key).is_none()) {
            Some(key) => Err(MaterialsError::RequiredKeyMissing { key: key.to_owned() }),
            None => Ok(()),
        }
    }

    /// These and the others.
    #[must_use]
    pub fn union<'a>(&self, others: impl Iterator<Item = &'a str>) -> Self {
        let new = others.filter(|key| !self.contains(key)).map(Box::from);
        let all: Vec<Box<str>> = self.0.iter().cloned().chain(new).collect();
        Self(all.into())
    }
}

impl<S: Into<Box<str>>> FromIterator<S> for RequiredKeys {
    fn from_iter<I: IntoIterator<Item = S>>(keys: I) -> Self {
        Self(keys.into_iter().map(Into::into).collect())
    }
}

/// What seals a record: keyrings fill it, recipient by recipient.
#[derive(Debug)]
pub struct EncryptionMaterials {
    pub(crate) suite: AlgorithmSuite,
    pub(crate) context: EncryptionContext,
    pub(crate) required_keys: RequiredKeys,
    /// Shared by materials that a caching CMM uses again.
    pub(crate) signing_key: Option<Arc<SigningKey>>,
    pub(crate) data_key: Option<DataKey>,
    /// In pairs, so that a footer always has one tag for each recipient of the header.
    pub(crate) recipients: Vec<(EncryptedDataKey, RecipientKey)>,
}

impl EncryptionMaterials {
    /// Materials without a data key yet. The public key of `signing_key` is added to the context.
    ///
    /// # Errors
    /// If the suite signs and there is no signing key or the other way round, a required key is not in the context, or
    /// the context has a public key already.
    pub fn new(
        suite: AlgorithmSuite,
        mut context: EncryptionContext,
        required_keys: RequiredKeys,
        signing_key: Option<SigningKey>,
    ) -> Result<Self, MaterialsError> {
        if suite.is_signed() != signing_key.is_some() {
            return Err(MaterialsError::SigningKey);
        }
        if context.get(PUBLIC_KEY).is_some() {
            return Err(MaterialsError::ReservedContextKey { key: PUBLIC_KEY.to_owned() });
        }
        required_keys.check(&context)?;
        if let Some(key) = &signing_key {
            context.insert(PUBLIC_KEY, &encode_public_key(&key.public_key()?))?;
        }
        let (signing_key, recipients) = (signing_key.map(Arc::new), Vec::with_capacity(1));
        Ok(Self { suite, context, required_keys, signing_key, data_key: None, recipients })
    }

    /// The suite.
    pub fn suite(&self) -> AlgorithmSuite {
        self.suite
    }

    /// The full context, required keys included.
    pub fn context(&self) -> &EncryptionContext {
        &self.context
    }
}

impl EncryptionMaterials {
    /// The same once more, for a cache.
    pub(crate) fn duplicate(&self) -> Self {
        let recipients = self.recipients.iter().map(|(edk, key)| (edk.clone(), key.duplicate()));
        Self {
            suite: self.suite,
            context: self.context.clone(),
            required_keys: self.required_keys.clone(),
            signing_key: self.signing_key.clone(),
            data_key: self.data_key.as_ref().map(DataKey::duplicate),
            recipients: recipients.collect(),
        }
    }
}

/// What an encryptor asks of a CMM to open a record.
#[derive(Debug)]
pub struct DecryptionRequest<'a> {
    /// The suite that the header names.
    pub suite: AlgorithmSuite,
    /// The recipients that the header names.
    pub encrypted_data_keys: &'a [EncryptedDataKeyRef<'a>],
    /// The context stored in the header. It is not authenticated yet: whoever sealed the record chose it. Decide nothing by
    /// it that is meant to be about the item.
    pub stored_context: ContextRef<'a>,
    /// The context that the item and the configuration supply: table, key names and values.
    pub reproduced_context: EncryptionContext,
}

/// What a CMM asks of a keyring.
#[derive(Debug)]
pub struct UnwrapRequest<'a> {
    /// The suite that the header names.
    pub suite: AlgorithmSuite,
    /// The recipients that the header names.
    pub encrypted_data_keys: &'a [EncryptedDataKeyRef<'a>],
    /// The full context.
    pub context: &'a EncryptionContext,
}

/// What a keyring gives back: the data key, and the key of the tag that this recipient checks.
#[derive(Debug)]
pub struct UnwrappedKeys {
    pub(crate) data_key: DataKey,
    pub(crate) recipient_key: RecipientKey,
}

impl UnwrappedKeys {
    /// Opens the data key with the intermediate key that the provider unwrapped.
    ///
    /// # Errors
    /// If the wrapped data key was not made with this intermediate key and context.
    pub fn open(
        intermediate: &IntermediateKey,
        wrapped_data_key: &[u8; WRAPPED_DATA_KEY],
        context: &EncryptionContext,
    ) -> Result<Self, MaterialsError> {
        let (wrapping_key, recipient_key) = derive_from_intermediate(intermediate)?;
        let aead = AeadKey::aes256(wrapping_key.expose_secret())?;
        let mut buffer = zeroize::Zeroizing::new(*wrapped_data_key);
        let plain = aead.open([0; 12], context.canonical(), buffer.as_mut_slice())?;
        let data_key = DataKey::copy_from(plain).map_err(|_| CryptoError)?;
        Ok(Self { data_key, recipient_key })
    }
}

/// What opens a record.
#[derive(Debug)]
pub struct DecryptionMaterials {
    pub(crate) context: EncryptionContext,
    pub(crate) keys: UnwrappedKeys,
    pub(crate) verification_key: Option<VerificationKey>,
}

impl DecryptionMaterials {
    /// Materials for a record of this suite; the key for its signature, if it has one, is read from the context.
    ///
    /// # Errors
    /// If the context has a public key though the suite does not sign, or has none though it does, or a broken one.
    pub fn new(suite: AlgorithmSuite, context: EncryptionContext, keys: UnwrappedKeys) -> Result<Self, MaterialsError> {
        let verification_key = verification_key(suite, &context)?;
        Ok(Self { context, keys, verification_key })
    }

    /// The same once more, for a cache.
    pub(crate) fn duplicate(&self) -> Self {
        let UnwrappedKeys { data_key, recipient_key } = &self.keys;
        let keys = UnwrappedKeys { data_key: data_key.duplicate(), recipient_key: recipient_key.duplicate() };
        Self { context: self.context.clone(), keys, verification_key: self.verification_key.clone() }
    }

    /// The full context, stored and reproduced.
    pub fn context(&self) -> &EncryptionContext {
        &self.context
    }
}

fn verification_key(
    suite: AlgorithmSuite,
    context: &EncryptionContext,
) -> Result<Option<VerificationKey>, MaterialsError> {
    let stored = context.get(PUBLIC_KEY);
    if stored.is_some() != suite.is_signed() {
        return Err(MaterialsError::PublicKey);
    }
    let decode = |text| decode_public_key(text).and_then(|point| VerificationKey::new(&point));
    stored.map(|text| decode(text).ok_or(MaterialsError::PublicKey)).transpose()
}

fn derive_from_intermediate(intermediate: &IntermediateKey) -> Result<(KeyWrappingKey, RecipientKey), CryptoError> {
    let prk = Prk::extract(intermediate.expose_secret());
    let wrapping_key = KeyWrappingKey::fill_with(|key| prk.expand(&[b"AWS_MPL_INTERMEDIATE_KEYWRAP_ENC"], key))?;
    let recipient_key = RecipientKey::fill_with(|key| prk.expand(&[b"AWS_MPL_INTERMEDIATE_KEYWRAP_MAC"], key))?;
    Ok((wrapping_key, recipient_key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::rng::SystemRandom;

    fn materials(suite: AlgorithmSuite) -> EncryptionMaterials {
        let signing_key = suite.is_signed().then(|| SigningKey::generate().unwrap());
        EncryptionMaterials::new(suite, EncryptionContext::new(), RequiredKeys::default(), signing_key).unwrap()
    }

    fn add(materials: &mut EncryptionMaterials, provider_info: usize) -> Result<(), MaterialsError> {
        let mut request = materials.wrap_request(&SystemRandom);
        let recipient = request.new_recipient()?;
        request.add_recipient(recipient, "p", vec![0; provider_info], &[1])
    }

    #[test]
    fn two_hundred_and_fifty_five_recipients_and_no_more() {
        let mut materials = materials(AlgorithmSuite::HmacOnly);
        for _ in 0..255 {
            add(&mut materials, 1).unwrap();
        }
        assert!(matches!(add(&mut materials, 1), Err(MaterialsError::TooManyRecipients)));
    }

    #[test]
    fn provider_info_has_both_sides() {
        let mut materials = materials(AlgorithmSuite::HmacOnly);
        add(&mut materials, 65_535).unwrap();
        assert!(matches!(add(&mut materials, 65_536), Err(MaterialsError::RecipientTooLong { length: 65_536, .. })));
    }

    #[test]
    fn a_recipient_needs_something_wrapped() {
        let mut materials = materials(AlgorithmSuite::HmacOnly);
        let mut request = materials.wrap_request(&SystemRandom);
        let recipient = request.new_recipient().unwrap();
        let error = request.add_recipient(recipient, "p", vec![], &[]).unwrap_err();
        assert!(matches!(error, MaterialsError::NothingWrapped { .. }));
    }

    #[test]
    fn the_public_key_is_added_and_never_taken() {
        let new = |context: EncryptionContext, required: &[&str]| {
            let key = Some(SigningKey::generate().unwrap());
            EncryptionMaterials::new(AlgorithmSuite::EcdsaP384, context, required.iter().copied().collect(), key)
        };
        assert!(new(EncryptionContext::new(), &[]).unwrap().context.get(PUBLIC_KEY).is_some());
        let mut context = EncryptionContext::new();
        context.insert(PUBLIC_KEY, "x").unwrap();
        assert!(matches!(new(context, &[]), Err(MaterialsError::ReservedContextKey { .. })));
        // Neither can it be required, which would leave it out of the header.
        let error = new(EncryptionContext::new(), &[PUBLIC_KEY]).unwrap_err();
        assert!(matches!(error, MaterialsError::RequiredKeyMissing { .. }));
    }

    #[test]
    fn the_suite_says_whether_there_is_a_signing_key() {
        let new = |suite, key| EncryptionMaterials::new(suite, EncryptionContext::new(), RequiredKeys::default(), key);
        assert!(matches!(new(AlgorithmSuite::EcdsaP384, None), Err(MaterialsError::SigningKey)));
        let key = SigningKey::generate().unwrap();
        assert!(matches!(new(AlgorithmSuite::HmacOnly, Some(key)), Err(MaterialsError::SigningKey)));
    }

    #[test]
    fn debug_shows_no_key() {
        let mut materials = materials(AlgorithmSuite::EcdsaP384);
        add(&mut materials, 1).unwrap();
        let text = format!("{materials:?}");
        assert!(text.contains("data_key: Some(DataKey(redacted))"), "{text}");
        assert!(text.contains("RecipientKey(redacted)") && text.contains("SigningKey(P-384, redacted)"), "{text}");
    }
}
