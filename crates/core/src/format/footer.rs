//! The footer, `aws_dbe_foot` (specification: `structured-encryption/footer.md`).
//!
//! One HMAC-SHA384 tag for each recipient ‖ with ECDSA, a signature of exactly 103 bytes.

use crate::cursor::{Cursor, Malformed};
use crate::materials::{DecryptionMaterials, EncryptionMaterials};
use crate::primitives::CryptoError;
use crate::primitives::ecdsa::SIGNATURE;
use crate::primitives::hash::{SHA384, hmac_sha384, tags_equal};
use crate::suite::AlgorithmSuite;

/// A footer that was parsed, and nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footer<'a> {
    tags: Vec<&'a [u8; SHA384]>,
    signature: Option<&'a [u8; SIGNATURE]>,
}

impl<'a> Footer<'a> {
    /// Reads a footer of a record of this suite.
    ///
    /// # Errors
    /// If it has another length than some number of tags, one at least, and the suite's signature.
    pub fn parse(bytes: &'a [u8], suite: AlgorithmSuite) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(bytes);
        let signature_length = if suite.is_signed() { SIGNATURE } else { 0 };
        let mut tags = Vec::with_capacity(1);
        while tags.is_empty() || cursor.remaining() > signature_length {
            tags.push(cursor.array()?);
        }
        let signature = suite.is_signed().then(|| cursor.array()).transpose()?;
        cursor.finish()?;
        Ok(Self { tags, signature })
    }

    /// The bytes again.
    pub fn to_bytes(&self) -> Vec<u8> {
        let tags = self.tags.iter().flat_map(|tag| tag.iter());
        tags.chain(self.signature.into_iter().flatten()).copied().collect()
    }

    /// Checks one tag and the signature, if there is one.
    ///
    /// One tag suffices: a reader only has the key of its own. The hash covers the header, so all recipients are bound.
    pub(crate) fn verify(
        &self,
        record_hash: &[u8; SHA384],
        recipients: usize,
        materials: &DecryptionMaterials,
    ) -> Result<(), CryptoError> {
        if self.tags.len() != recipients || self.signature.is_some() != materials.verification_key.is_some() {
            return Err(CryptoError);
        }
        let tag = hmac_sha384(materials.keys.recipient_key.expose_secret(), record_hash);
        if !self.tags.iter().any(|stored| tags_equal(&tag, stored.as_slice()).is_ok()) {
            return Err(CryptoError);
        }
        match (self.signature, &materials.verification_key) {
            (Some(signature), Some(key)) => key.verify(record_hash, signature),
            _ => Ok(()),
        }
    }
}

/// The footer of a new record.
pub(crate) fn write(record_hash: &[u8; SHA384], materials: &EncryptionMaterials) -> Result<Vec<u8>, CryptoError> {
    let mut out = Vec::with_capacity(materials.recipients.len() * SHA384 + SIGNATURE);
    for (_, recipient_key) in &materials.recipients {
        out.extend_from_slice(&hmac_sha384(recipient_key.expose_secret(), record_hash));
    }
    if let Some(key) = &materials.signing_key {
        out.extend_from_slice(&key.sign(record_hash)?);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use AlgorithmSuite::{EcdsaP384, HmacOnly};

    #[test]
    fn lengths() {
        let accepts = |length, suite| Footer::parse(&vec![0; length], suite).is_ok();
        for length in 0..600 {
            assert_eq!(accepts(length, HmacOnly), length > 0 && length % 48 == 0, "{length}");
            assert_eq!(accepts(length, EcdsaP384), length > 103 && (length - 103) % 48 == 0, "{length}");
        }
    }

    #[test]
    fn writes_back() {
        for (suite, length) in [(HmacOnly, 96), (EcdsaP384, 96 + 103)] {
            let bytes: Vec<u8> = (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect();
            assert_eq!(Footer::parse(&bytes, suite).unwrap().to_bytes(), bytes);
        }
    }
}
