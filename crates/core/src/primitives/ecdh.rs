//! Elliptic-curve Diffie-Hellman on the NIST curves.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::agreement::{
    Algorithm, ECDH_P256, ECDH_P384, ECDH_P521, ParsedPublicKey, PrivateKey, UnparsedPublicKey, agree,
};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use zeroize::Zeroizing;

use super::CryptoError;
use super::pem::{self, KeyFormatError};

/// A curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

/// A curve that the specification does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown curve `{0}`: take P256, P384 or P521")]
pub struct UnknownCurve(String);

impl FromStr for Curve {
    type Err = UnknownCurve;

    fn from_str(name: &str) -> Result<Self, UnknownCurve> {
        match name {
            "P256" | "P-256" => Ok(Self::P256),
            "P384" | "P-384" => Ok(Self::P384),
            "P521" | "P-521" => Ok(Self::P521),
            _ => Err(UnknownCurve(name.to_owned())),
        }
    }
}

impl Curve {
    /// The length of a coordinate in bytes.
    pub(crate) fn coordinate(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::P256 => &ECDH_P256,
            Self::P384 => &ECDH_P384,
            Self::P521 => &ECDH_P521,
        }
    }

    /// What stands before the uncompressed point in a `SubjectPublicKeyInfo` (RFC 5480): the lengths, `id-ecPublicKey`
    /// and the curve.
    fn spki_prefix(self) -> &'static [u8] {
        match self {
            Self::P256 => b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00",
            Self::P384 => b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00",
            Self::P521 => b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00",
        }
    }

    fn no_public_key(self) -> KeyFormatError {
        KeyFormatError::Rejected(match self {
            Self::P256 => "public key of P-256",
            Self::P384 => "public key of P-384",
            Self::P521 => "public key of P-521",
        })
    }

    fn no_private_key(self) -> KeyFormatError {
        KeyFormatError::Rejected(match self {
            Self::P256 => "private key of P-256",
            Self::P384 => "private key of P-384",
            Self::P521 => "private key of P-521",
        })
    }
}

/// A public key: a point that was checked to be on its curve.
#[derive(Clone, PartialEq, Eq)]
pub struct EcdhPublicKey {
    curve: Curve,
    /// 04 ‖ x ‖ y
    point: Box<[u8]>,
    /// 02 or 03 ‖ x, which is what encrypted data keys name.
    compressed: Box<[u8]>,
}

impl EcdhPublicKey {
    /// From PEM with `BEGIN PUBLIC KEY`.
    ///
    /// # Errors
    /// If it is something else, or not on this curve.
    pub fn from_pem(curve: Curve, pem: impl AsRef<[u8]>) -> Result<Self, KeyFormatError> {
        Self::from_der(curve, &pem::decode(pem.as_ref(), pem::PUBLIC)?)
    }

    /// From the DER of an X.509 `SubjectPublicKeyInfo` with an uncompressed point, which is what AWS KMS gives.
    ///
    /// # Errors
    /// If it is something else, or not on this curve.
    pub fn from_der(curve: Curve, der: &[u8]) -> Result<Self, KeyFormatError> {
        let point = der.strip_prefix(curve.spki_prefix()).ok_or_else(|| curve.no_public_key())?;
        Self::from_point(curve, point)
    }

    /// From an uncompressed point: 04 ‖ x ‖ y.
    ///
    /// # Errors
    /// If it is something else, or not on this curve.
    pub fn from_point(curve: Curve, point: &[u8]) -> Result<Self, KeyFormatError> {
        let coordinates = point.strip_prefix(&[4]).filter(|rest| rest.len() == 2 * curve.coordinate());
        let (x, y) = coordinates.ok_or_else(|| curve.no_public_key())?.split_at(curve.coordinate());
        // Parsing checks that the point is on the curve.
        ParsedPublicKey::try_from(UnparsedPublicKey::new(curve.algorithm(), point))
            .map_err(|_| curve.no_public_key())?;
        let sign = 2 | (y.last().copied().unwrap_or_default() & 1);
        Ok(Self { curve, point: point.into(), compressed: [&[sign], x].concat().into() })
    }

    /// The curve.
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// 02 or 03 ‖ x.
    pub fn compressed(&self) -> &[u8] {
        &self.compressed
    }

    /// The DER of an X.509 `SubjectPublicKeyInfo`.
    pub fn to_der(&self) -> Vec<u8> {
        [self.curve.spki_prefix(), &self.point].concat()
    }

    /// Returns the PEM with `BEGIN PUBLIC KEY` that [`from_pem`](Self::from_pem) reads.
    ///
    /// # Errors
    /// If the library refuses.
    pub fn to_pem(&self) -> Result<String, CryptoError> {
        Ok(pem::encode(pem::PUBLIC, &self.to_der())?.to_string())
    }
}

/// The curve, and the compressed point in hexadecimal.
impl fmt::Display for EcdhPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ", self.curve)?;
        self.compressed.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EcdhPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcdhPublicKey({self})")
    }
}

/// A private key. The library wipes it when it is freed.
pub struct EcdhPrivateKey {
    curve: Curve,
    key: PrivateKey,
    public: EcdhPublicKey,
}

impl EcdhPrivateKey {
    /// From PEM with `BEGIN PRIVATE KEY`, which is PKCS #8 without a passphrase.
    ///
    /// # Errors
    /// If it is something else, or not on this curve.
    pub fn from_pem(curve: Curve, pem: impl AsRef<[u8]>) -> Result<Self, KeyFormatError> {
        let der = pem::decode(pem.as_ref(), pem::PRIVATE)?;
        let key = PrivateKey::from_private_key_der(curve.algorithm(), &der).map_err(|_| curve.no_private_key())?;
        Self::new(curve, key).map_err(|_| curve.no_private_key())
    }

    /// Makes a new key, from the cryptographic library's own generator.
    ///
    /// # Errors
    /// If that gives no random numbers.
    pub fn generate(curve: Curve) -> Result<Self, CryptoError> {
        Self::new(curve, PrivateKey::generate(curve.algorithm())?)
    }

    /// Returns the PEM with `BEGIN PRIVATE KEY` that [`from_pem`](Self::from_pem) reads: PKCS #8 without a passphrase, so
    /// whoever reads it has the key. It is wiped when it is dropped.
    ///
    /// # Errors
    /// If the library refuses.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, CryptoError> {
        let der: Pkcs8V1Der<'_> = self.key.as_der()?;
        pem::encode(pem::PRIVATE, der.as_ref())
    }

    fn new(curve: Curve, key: PrivateKey) -> Result<Self, CryptoError> {
        let public = EcdhPublicKey::from_point(curve, key.compute_public_key()?.as_ref()).map_err(|_| CryptoError)?;
        Ok(Self { curve, key, public })
    }

    /// The public half.
    pub fn public_key(&self) -> &EcdhPublicKey {
        &self.public
    }

    /// Agrees with the holder of another key of the same curve.
    pub(crate) fn agree(&self, other: &EcdhPublicKey) -> Result<SharedSecret, CryptoError> {
        self.agree_with_point(&other.point)
    }

    /// The same with a point of a header, compressed.
    pub(crate) fn agree_with_point(&self, point: &[u8]) -> Result<SharedSecret, CryptoError> {
        let other = UnparsedPublicKey::new(self.curve.algorithm(), point);
        agree(&self.key, other, CryptoError, |secret| Ok(SharedSecret::copy_from(secret)))
    }
}

impl fmt::Debug for EcdhPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcdhPrivateKey({:?}, redacted)", self.curve)
    }
}

/// What two key pairs agree on: the x coordinate of a point.
pub struct SharedSecret(Zeroizing<Vec<u8>>);

impl SharedSecret {
    /// Copies a secret that a key server derived; wiping the bytes is the caller's.
    pub fn copy_from(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The bytes.
    pub(crate) fn expose_secret(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_agree_and_der_reads_back() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let (a, b) = (EcdhPrivateKey::generate(curve).unwrap(), EcdhPrivateKey::generate(curve).unwrap());
            let secret = a.agree(b.public_key()).unwrap();
            assert_eq!(secret.expose_secret().len(), curve.coordinate());
            assert_eq!(secret.expose_secret(), b.agree(a.public_key()).unwrap().expose_secret());
            let compressed = b.agree_with_point(a.public_key().compressed()).unwrap();
            assert_eq!(secret.expose_secret(), compressed.expose_secret());
            let der = a.public_key().to_der();
            assert_eq!(EcdhPublicKey::from_der(curve, &der).unwrap(), *a.public_key());
        }
    }

    #[test]
    fn new_keys_are_new_and_their_pem_reads_back() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let key = EcdhPrivateKey::generate(curve).unwrap();
            let pem = key.to_pem().unwrap();
            assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n") && pem.ends_with("-----END PRIVATE KEY-----\n"));
            let read = EcdhPrivateKey::from_pem(curve, pem.as_bytes()).unwrap();
            assert_eq!(read.public_key(), key.public_key());
            let public = key.public_key().to_pem().unwrap();
            assert_eq!(EcdhPublicKey::from_pem(curve, public).unwrap(), *key.public_key());
            let (one, other) = (EcdhPrivateKey::generate(curve).unwrap(), key.public_key());
            assert_ne!(one.public_key(), other);
            let secret = |key: &EcdhPrivateKey| key.agree(one.public_key()).unwrap().expose_secret().to_vec();
            assert_eq!(secret(&read), secret(&key));
        }
    }

    #[test]
    fn a_point_off_the_curve_of_another_curve_or_at_infinity_is_refused() {
        let key = EcdhPrivateKey::generate(Curve::P256).unwrap();
        let mut der = key.public_key().to_der();
        assert!(EcdhPublicKey::from_der(Curve::P384, &der).is_err());
        *der.last_mut().unwrap() ^= 1;
        assert!(EcdhPublicKey::from_der(Curve::P256, &der).is_err());
        assert!(EcdhPublicKey::from_point(Curve::P256, &[0]).is_err());
        assert!(key.agree_with_point(&[0]).is_err());
        let other = EcdhPrivateKey::generate(Curve::P384).unwrap();
        assert!(key.agree(other.public_key()).is_err());
    }

    #[test]
    fn debug_is_redacted() {
        let key = EcdhPrivateKey::generate(Curve::P521).unwrap();
        assert_eq!(format!("{key:?}"), "EcdhPrivateKey(P521, redacted)");
        assert_eq!(format!("{:?}", key.agree(key.public_key()).unwrap()), "SharedSecret(redacted)");
    }
}
