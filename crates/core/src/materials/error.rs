//! Why there are no materials.

use std::sync::Arc;

use crate::primitives::CryptoError;
use crate::suite::AlgorithmSuite;

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
    /// The stored context has a pair that nothing on this side supplies.
    #[error(
        "the record's stored context has `{key}`, which neither the item nor the configuration supplies: a CMM that adds pairs has to put them into the reproduced context when it opens"
    )]
    ForeignContext {
        /// The name, cut after 64 characters.
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
    /// A keyring that can only open was to seal: it has no public key, or it discovers the keys that records name.
    #[error("{keyring} can only open, it does not seal: {reason}")]
    OnlyOpens {
        /// The keyring.
        keyring: String,
        /// What is missing.
        reason: &'static str,
    },
    /// A keyring that can only seal was to open.
    #[error("{keyring} can only seal, it does not open: {reason}")]
    OnlySeals {
        /// The keyring.
        keyring: String,
        /// What is missing.
        reason: &'static str,
    },
    /// The keyring can not be used with the suite.
    #[error("{keyring} does not work with records of the suite {suite}: {reason}")]
    Suite {
        /// The keyring.
        keyring: String,
        /// The suite of the table or the record.
        suite: AlgorithmSuite,
        /// Why, and what to do.
        reason: &'static str,
    },
    /// No branch key could be chosen for the item.
    #[error("no branch key can be chosen for the item")]
    BranchKeyId(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A key server or key store refuses what is asked with these credentials: they may seal and not open, for example.
    #[error("{what} failed")]
    Denied {
        /// The keyring or key store, and the key that was asked for.
        what: String,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A key server or key store failed.
    #[error("{what} failed")]
    Service {
        /// The keyring or key store, and the key that was asked for.
        what: String,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer that several callers waited for together.
    #[error(transparent)]
    Shared(Arc<MaterialsError>),
    /// The cryptographic library refused.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl MaterialsError {
    /// Whether a key server or key store failed or refused, which says nothing about the record.
    pub fn is_of_service(&self) -> bool {
        match self.root() {
            Self::Service { .. } | Self::Denied { .. } => true,
            Self::Child { source, .. } => source.is_of_service(),
            Self::NoChild(errors) => errors.iter().any(Self::is_of_service),
            _ => false,
        }
    }

    /// The error itself, where several callers got one together.
    pub fn root(&self) -> &Self {
        match self {
            Self::Shared(error) => error.root(),
            error => error,
        }
    }
}

/// Each with its causes, which have no other place where there are several.
fn join(errors: &[MaterialsError]) -> String {
    errors.iter().map(with_causes).collect::<Vec<_>>().join("; ")
}

fn with_causes(error: &MaterialsError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
