//! What raw keyrings have in common: a namespace and a name that stand in clear in every record.

use crate::primitives::pem::KeyFormatError;
use crate::secret::KeyLength;

/// The provider id of AWS KMS keys, which raw keyrings must not take.
pub const KMS_PROVIDER_ID: &str = "aws-kms";
/// The provider id of RSA keys of AWS KMS.
pub const KMS_RSA_PROVIDER_ID: &str = "aws-kms-rsa";

/// Why a raw keyring can not be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RawKeyringError {
    /// The key has no length of AES.
    #[error(transparent)]
    KeyLength(#[from] KeyLength),
    /// `aws-kms` marks keys of AWS KMS.
    #[error("the namespace `aws-kms` is reserved for keys of AWS KMS: choose another for a raw key")]
    ReservedNamespace,
    /// Namespace or name do not fit into a header.
    #[error("{what} has {length} bytes; it takes at most {limit}")]
    TooLong {
        /// "the key namespace" or "the key name".
        what: &'static str,
        /// Its length.
        length: usize,
        /// What fits.
        limit: usize,
    },
    /// An asymmetric key can not be read.
    #[error(transparent)]
    KeyFormat(#[from] KeyFormatError),
    /// Nobody could open what such a keyring seals.
    #[error("the public and the private key are no pair")]
    NoPair,
    /// Both keys of an agreement have to be on one curve.
    #[error("the two keys are on different curves")]
    Curves,
}

/// `behind` is what the provider info holds behind the name, in bytes.
pub(crate) fn check_names(namespace: &str, name: &str, behind: usize) -> Result<(), RawKeyringError> {
    if namespace == KMS_PROVIDER_ID {
        return Err(RawKeyringError::ReservedNamespace);
    }
    let limits = [("the key namespace", namespace.len(), 65_535), ("the key name", name.len(), 65_535 - behind)];
    match limits.into_iter().find(|(_, length, limit)| length > limit) {
        Some((what, length, limit)) => Err(RawKeyringError::TooLong { what, length, limit }),
        None => Ok(()),
    }
}
