//! Materials: the data key of a record, its recipients, and what travels between a CMM and its keyrings
//! (specification: `framework/structures.md`).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

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
    pub(crate) signing_key: Option<SigningKey>,
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
        Ok(Self { suite, context, required_keys, signing_key, data_key: None, recipients: Vec::with_capacity(1) })
    }

    /// The suite.
    pub fn suite(&self) -> AlgorithmSuite {
        self.suite
    }

    /// The full context, required keys included.
    pub fn context(&self) -> &EncryptionContext {
        &self.context
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
    pub fn new_recipient(&mut self, rng: &dyn SecureRandom) -> Result<PendingRecipient, MaterialsError> {
        // Data key first: the order in which randomness is used is part of what can be reproduced.
        if self.data_key.is_none() {
            self.data_key = Some(DataKey::fill_with(|key| rng.fill(key))?);
        }
        let intermediate = IntermediateKey::fill_with(|key| rng.fill(key))?;
        self.new_recipient_with(intermediate, rng)
    }

    /// The same with an intermediate key that a key server made.
    ///
    /// # Errors
    /// If randomness fails.
    pub fn new_recipient_with(
        &mut self,
        intermediate_key: IntermediateKey,
        rng: &dyn SecureRandom,
    ) -> Result<PendingRecipient, MaterialsError> {
        let data_key = match &mut self.data_key {
            Some(key) => key,
            none => none.insert(DataKey::fill_with(|key| rng.fill(key))?),
        };
        let (wrapping_key, recipient_key) = derive_from_intermediate(&intermediate_key)?;
        let mut wrapped = zeroize::Zeroizing::new(*data_key.expose_secret());
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

/// What an encryptor asks of a CMM to open a record.
#[derive(Debug)]
pub struct DecryptionRequest<'a> {
    /// The suite that the header names.
    pub suite: AlgorithmSuite,
    /// The recipients that the header names.
    pub encrypted_data_keys: &'a [EncryptedDataKeyRef<'a>],
    /// The context stored in the header.
    pub stored_context: ContextRef<'a>,
    /// The context that the caller knows to be true: table, key names and values.
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

/// Why there are no materials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaterialsError {
    /// None of the record's recipients is one this keyring has the key of.
    #[error(
        "this keyring ({keyring}) is none of the record's recipients ({recipients}): configure a keyring for one of them"
    )]
    NotARecipient {
        /// What the keyring can unwrap.
        keyring: String,
        /// Who the record was sealed for.
        recipients: String,
    },
    /// The names match, but the key did not open the data key.
    #[error(
        "the data key for {recipient} does not open: the key has the same name but other bytes, or the record was sealed under another table name or other key attributes, or it was changed"
    )]
    Unwrap {
        /// The recipient that was tried last.
        recipient: String,
    },
    /// No keyring of a multi-keyring could open the data key.
    #[error("no keyring of the multi-keyring opens the data key: {}", join(.0))]
    NoChild(Vec<MaterialsError>),
    /// A child of a multi-keyring failed to add its recipient, so the record was not sealed for everybody.
    #[error("child {index} of the multi-keyring failed, so nothing was sealed")]
    Child {
        /// Counted from 0.
        index: usize,
        /// What it said.
        #[source]
        source: Box<MaterialsError>,
    },
    /// A keyring gave back materials without a data key.
    #[error("the keyring gave no data key")]
    NoDataKey,
    /// A data key was there already when a generator was to make it.
    #[error("the generator of a multi-keyring was given a data key: a generator has to be the first to run")]
    DataKeyAlready,
    /// A keyring gave back materials without a recipient.
    #[error("the keyring added no recipient, so nobody could ever open the record")]
    NoRecipient,
    /// A keyring wrapped its intermediate key to nothing.
    #[error("the keyring of `{provider_id}` wrapped the data key to nothing, so nobody could ever open the record")]
    NothingWrapped {
        /// The recipient.
        provider_id: String,
    },
    /// A CMM or a keyring gave materials for something else than it was asked for.
    #[error("the materials are not those that were asked for: the CMM or a keyring changed {what}")]
    Changed {
        /// What is different.
        what: &'static str,
    },
    /// A header has room for 255.
    #[error("more than 255 recipients")]
    TooManyRecipients,
    /// Provider id, provider info or ciphertext over 65,535 bytes.
    #[error("{length} bytes in the encrypted data key of `{provider_id}`; it takes at most 65535")]
    RecipientTooLong {
        /// The recipient.
        provider_id: String,
        /// The length of the part that is too long.
        length: usize,
    },
    /// Signing key and suite do not go together.
    #[error("the suite and the signing key do not go together")]
    SigningKey,
    /// The header has no public key though its suite signs, or has one though it does not, or it is no point.
    #[error("the stored public key and the suite do not go together, or the public key is broken")]
    PublicKey,
    /// Names that only the library may use.
    #[error("`{key}` is reserved in an encryption context")]
    ReservedContextKey {
        /// The name.
        key: String,
    },
    /// The stored context says something else than the caller knows to be true.
    #[error("the record's stored context has another value for `{key}`")]
    ContextMismatch {
        /// The name.
        key: String,
    },
    /// A required key is not in the context.
    #[error("`{key}` is required in the encryption context and is not there")]
    RequiredKeyMissing {
        /// The name.
        key: String,
    },
    /// The context can not be built.
    #[error(transparent)]
    Context(#[from] crate::context::ContextError),
    /// The store of branch keys has no such key.
    #[error("no branch key `{branch_key_id}`{} in the key store", version.as_ref().map(|version| format!(" of version {version}")).unwrap_or_default())]
    NoBranchKey {
        /// The branch key.
        branch_key_id: String,
        /// Its version; absent when the active one was asked for.
        version: Option<String>,
    },
    /// A source of branch keys gave another one than it was asked for.
    #[error("asked for the branch key `{branch_key_id}`, the key store gave another")]
    OtherBranchKey {
        /// The branch key that was asked for.
        branch_key_id: String,
    },
    /// A key server or key store failed.
    #[error("the key service failed")]
    Service(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The cryptographic library refused.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

fn join(errors: &[MaterialsError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
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
        let recipient = materials.new_recipient(&SystemRandom)?;
        materials.add_recipient(recipient, "p", vec![0; provider_info], &[1])
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
        let recipient = materials.new_recipient(&SystemRandom).unwrap();
        let error = materials.add_recipient(recipient, "p", vec![], &[]).unwrap_err();
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
