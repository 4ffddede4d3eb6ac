//! The seam to AWS KMS: a trait with the calls that keyrings and the key store make, so that a fake can stand there.

use std::fmt;

use dynaseal_core::{BoxFuture, EncryptionContext, SharedSecret};
use zeroize::Zeroizing;

/// The calls to AWS KMS, in one region.
pub trait Kms: fmt::Debug + Send + Sync {
    /// The region, if the client knows it. Keys of other regions are not asked for then.
    fn region(&self) -> Option<&str>;

    /// `GenerateDataKey` for 32 bytes.
    fn generate_data_key<'a>(&'a self, request: GenerateDataKey<'a>) -> BoxFuture<'a, Result<NewDataKey, KmsError>>;

    /// `GenerateDataKeyWithoutPlaintext` for 32 bytes.
    fn generate_data_key_without_plaintext<'a>(
        &'a self,
        request: GenerateDataKey<'a>,
    ) -> BoxFuture<'a, Result<Wrapped, KmsError>>;

    /// `Decrypt`.
    fn decrypt<'a>(&'a self, request: Decrypt<'a>) -> BoxFuture<'a, Result<Decrypted, KmsError>>;

    /// `ReEncrypt` from one context to another under the same key.
    fn re_encrypt<'a>(&'a self, request: ReEncrypt<'a>) -> BoxFuture<'a, Result<ReEncrypted, KmsError>>;

    /// `GetPublicKey`.
    fn get_public_key<'a>(
        &'a self,
        key_id: &'a str,
        grant_tokens: &'a GrantTokens,
    ) -> BoxFuture<'a, Result<PublicKey, KmsError>>;

    /// `DeriveSharedSecret` with ECDH.
    fn derive_shared_secret<'a>(
        &'a self,
        request: DeriveSharedSecret<'a>,
    ) -> BoxFuture<'a, Result<DerivedSecret, KmsError>>;
}

/// What `GenerateDataKey` and `GenerateDataKeyWithoutPlaintext` are asked.
#[derive(Clone, Copy, Debug)]
pub struct GenerateDataKey<'a> {
    /// The key.
    pub key_id: &'a str,
    /// What the data key is bound to.
    pub context: &'a EncryptionContext,
    /// Grants that may not have spread yet.
    pub grant_tokens: &'a GrantTokens,
}

/// What `GenerateDataKey` answers.
pub struct NewDataKey {
    /// The ARN of the key that wrapped it.
    pub key_id: String,
    /// The data key.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// The data key, wrapped.
    pub ciphertext: Vec<u8>,
}

impl fmt::Debug for NewDataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewDataKey({}, redacted)", self.key_id)
    }
}

/// What `GenerateDataKeyWithoutPlaintext` answers.
#[derive(Clone, Debug)]
pub struct Wrapped {
    /// The ARN of the key that wrapped it.
    pub key_id: String,
    /// The data key, wrapped.
    pub ciphertext: Vec<u8>,
}

/// The lengths of ciphertexts that AWS KMS gives and takes.
pub(crate) const CIPHERTEXT: std::ops::RangeInclusive<usize> = 1..=6144;

/// What `Decrypt` is asked.
#[derive(Clone, Copy, Debug)]
pub struct Decrypt<'a> {
    /// The key; KMS refuses the ciphertext of any other.
    pub key_id: &'a str,
    /// The ciphertext.
    pub ciphertext: &'a [u8],
    /// What it is bound to.
    pub binding: Binding<'a>,
    /// Grants that may not have spread yet.
    pub grant_tokens: &'a GrantTokens,
}

/// How a ciphertext was made.
#[derive(Clone, Copy, Debug)]
pub enum Binding<'a> {
    /// With a symmetric key and a context.
    Context(&'a EncryptionContext),
    /// With an RSA key and OAEP with SHA-1.
    OaepSha1,
    /// With an RSA key and OAEP with SHA-256.
    OaepSha256,
}

/// What `Decrypt` answers.
pub struct Decrypted {
    /// The ARN of the key that unwrapped it.
    pub key_id: String,
    /// The plaintext.
    pub plaintext: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decrypted({}, redacted)", self.key_id)
    }
}

/// What `ReEncrypt` is asked.
#[derive(Clone, Copy, Debug)]
pub struct ReEncrypt<'a> {
    /// The key on both sides.
    pub key_id: &'a str,
    /// The ciphertext.
    pub ciphertext: &'a [u8],
    /// What it is bound to.
    pub from: &'a EncryptionContext,
    /// What the new ciphertext will be bound to.
    pub to: &'a EncryptionContext,
    /// Grants that may not have spread yet.
    pub grant_tokens: &'a GrantTokens,
}

/// What `ReEncrypt` answers.
#[derive(Clone, Debug)]
pub struct ReEncrypted {
    /// The ARN of the key that unwrapped it.
    pub source_key_id: String,
    /// The ARN of the key that wrapped it again.
    pub key_id: String,
    /// The new ciphertext.
    pub ciphertext: Vec<u8>,
}

/// What `GetPublicKey` answers.
#[derive(Clone, Debug)]
pub struct PublicKey {
    /// The ARN of the key.
    pub key_id: String,
    /// The DER of an X.509 `SubjectPublicKeyInfo`.
    pub der: Vec<u8>,
    /// `ENCRYPT_DECRYPT`, `KEY_AGREEMENT`, `SIGN_VERIFY`.
    pub usage: String,
}

/// What `DeriveSharedSecret` is asked.
#[derive(Clone, Copy, Debug)]
pub struct DeriveSharedSecret<'a> {
    /// The key whose private half stays in KMS.
    pub key_id: &'a str,
    /// The other's public key: the DER of an X.509 `SubjectPublicKeyInfo`.
    pub public_key: &'a [u8],
    /// Grants that may not have spread yet.
    pub grant_tokens: &'a GrantTokens,
}

/// What `DeriveSharedSecret` answers.
#[derive(Debug)]
pub struct DerivedSecret {
    /// The ARN of the key.
    pub key_id: String,
    /// The secret.
    pub secret: SharedSecret,
}

/// Tokens of grants that were made a moment ago and have not spread through AWS KMS yet.
#[derive(Clone, Default)]
pub struct GrantTokens(Vec<String>);

/// Tokens that AWS KMS does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("AWS KMS takes at most 10 grant tokens of 1 to 8192 characters each")]
pub struct GrantTokensError;

impl GrantTokens {
    /// At most 10 of them.
    ///
    /// # Errors
    /// If there are more, or one is empty or has more than 8192 characters.
    pub fn new<S: Into<String>>(tokens: impl IntoIterator<Item = S>) -> Result<Self, GrantTokensError> {
        let tokens: Vec<String> = tokens.into_iter().map(Into::into).collect();
        match tokens.len() <= 10 && tokens.iter().all(|token| (1..=8192).contains(&token.len())) {
            true => Ok(Self(tokens)),
            false => Err(GrantTokensError),
        }
    }

    /// The tokens.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// Whoever holds a token can use the grant.
impl fmt::Debug for GrantTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GrantTokens({}, redacted)", self.0.len())
    }
}

/// What AWS KMS, or the way to it, had against a call. No plaintext and no token is in it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("AWS KMS {operation} with {key_id}: {}{}", kind.text(), if message.is_empty() { String::new() } else { format!(" ({message})") })]
pub struct KmsError {
    /// The name of the call.
    pub operation: &'static str,
    /// The key it was for.
    pub key_id: String,
    /// What to do about it.
    pub kind: KmsErrorKind,
    /// The error's code and text.
    pub message: String,
}

/// Kinds of errors of AWS KMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KmsErrorKind {
    /// The key policy, a grant or IAM says no.
    Denied,
    /// Too many calls, and the SDK's retries did not help.
    Throttled,
    /// There is no such key in this account and region.
    NotFound,
    /// The key is disabled, being deleted or of another kind.
    Unusable,
    /// The ciphertext is none of this key and context.
    WrongCiphertext,
    /// There was no answer in time.
    TimedOut,
    /// The service could not be reached.
    Unreachable,
    /// The answer is not one that AWS KMS gives.
    BadAnswer,
    /// Anything else.
    Other,
}

impl KmsErrorKind {
    fn text(self) -> &'static str {
        match self {
            Self::Denied => "access denied: check the key policy, the grants and the identity",
            Self::Throttled => "throttled: too many calls; try again later, or cache (branch keys, caching CMM)",
            Self::NotFound => "there is no such key in this account and region",
            Self::Unusable => "the key can not be used: it is disabled, being deleted or of another kind",
            Self::WrongCiphertext => "the ciphertext is not one of this key and encryption context, or it was changed",
            Self::TimedOut => "no answer in time",
            Self::Unreachable => "the service could not be asked",
            Self::BadAnswer => "the answer is not one to this question",
            Self::Other => "failed",
        }
    }
}

impl KmsError {
    /// An answer that does not fit the question: another key, or another length.
    pub(crate) fn bad_answer(operation: &'static str, key_id: &str, message: &str) -> Self {
        Self { operation, key_id: key_id.to_owned(), kind: KmsErrorKind::BadAnswer, message: message.to_owned() }
    }
}
