//! HKDF-SHA512 without a salt.

use aws_lc_rs::hkdf;

use super::CryptoError;

/// A pseudo-random key, from which any number of keys come.
pub(crate) struct Prk(hkdf::Prk);

impl Prk {
    pub(crate) fn extract(secret: &[u8; 32]) -> Self {
        Self(hkdf::Salt::none(hkdf::HKDF_SHA512).extract(secret))
    }

    /// Fills `out` with the key for `info`, which may come in pieces.
    pub(crate) fn expand<const N: usize>(&self, info: &[&[u8]], out: &mut [u8; N]) -> Result<(), CryptoError> {
        Ok(self.0.expand(info, Length::<N>)?.fill(out)?)
    }
}

#[derive(Clone, Copy)]
struct Length<const N: usize>;

impl<const N: usize> hkdf::KeyType for Length<N> {
    fn len(&self) -> usize {
        N
    }
}
