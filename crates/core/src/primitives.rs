//! The cryptographic primitives. The files of this folder are the only ones that name the cryptographic library,
//! and those that have what it has not: AES-SIV and Argon2id.

pub(crate) mod aead;
#[cfg(feature = "passphrase")]
pub(crate) mod argon2id;
pub(crate) mod ctr;
pub(crate) mod ecdh;
pub(crate) mod ecdsa;
pub(crate) mod gcm_siv;
pub(crate) mod hash;
pub(crate) mod hkdf;
pub(crate) mod kdf_ctr;
pub(crate) mod pem;
pub(crate) mod rng;
pub(crate) mod rsa;
pub(crate) mod siv;

/// The cryptographic library refused. It says no more than that, by design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library refused the operation")]
pub struct CryptoError;

impl From<aws_lc_rs::error::Unspecified> for CryptoError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}
