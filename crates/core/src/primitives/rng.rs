//! Randomness, injected: whoever builds an encryptor says where it comes from.

use std::fmt::Debug;

use super::CryptoError;

/// A source of random bytes that nobody can guess.
///
/// Tests put a fixed sequence here to reproduce a record byte for byte. Everything a record's secrecy hangs on comes
/// from this: never put anything else there in production.
pub trait SecureRandom: Debug + Send + Sync {
    /// Fills all of `out`.
    ///
    /// # Errors
    /// If the source can not vouch for the bytes; nothing is sealed then.
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError>;
}

/// The generator of the cryptographic library, seeded by the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl SecureRandom for SystemRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        Ok(aws_lc_rs::rand::fill(out)?)
    }
}
