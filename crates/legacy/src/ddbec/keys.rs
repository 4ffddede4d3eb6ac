//! Keys: what upstream calls delegated keys, and the algorithms of theirs that are taken here.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use dynaseal_core::{CryptoError, SecureRandom};
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use super::crypto::{self, Hash, RsaSigner, RsaVerifier};
use super::rsa;

/// A key that can not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not 16, 24 or 32 bytes.
    #[error("an AES key has 16, 24 or 32 bytes, and this has {0}")]
    AesLength(usize),
    /// No bytes.
    #[error("an HMAC key can not be empty")]
    EmptyMac,
    /// Not DER, or not RSA, or of another size.
    #[error("this is no {0}")]
    Rsa(&'static str),
    /// Not PEM of this label.
    #[error("this is no PEM with `BEGIN {0}`")]
    Pem(&'static str),
}

/// A name of an algorithm that is not known, or not safe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no algorithm of signatures here: take HmacSHA256, HmacSHA224, HmacSHA384, HmacSHA512, SHA256withRSA, SHA384withRSA or SHA512withRSA"
)]
pub struct UnknownSignature(String);

/// Algorithms of HMAC, by their names in Java.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mac {
    /// `HmacSHA224`.
    HmacSha224,
    /// `HmacSHA256`, which all providers take if nothing else is asked for.
    HmacSha256,
    /// `HmacSHA384`.
    HmacSha384,
    /// `HmacSHA512`.
    HmacSha512,
}

/// Algorithms of RSA signatures (PKCS #1 v1.5), by their names in Java. Upstream also takes `SHA224withRSA`, and its Java
/// library whatever Java knows, MD5 included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RsaSignature {
    /// `SHA256withRSA`, Java's default.
    Sha256,
    /// `SHA384withRSA`.
    Sha384,
    /// `SHA512withRSA`.
    Sha512,
}

/// How items are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// With a key that both sides have.
    Mac(Mac),
    /// With a key that only one side has.
    Rsa(RsaSignature),
}

impl SignatureAlgorithm {
    const ALL: [Self; 7] = [
        Self::Mac(Mac::HmacSha224),
        Self::Mac(Mac::HmacSha256),
        Self::Mac(Mac::HmacSha384),
        Self::Mac(Mac::HmacSha512),
        Self::Rsa(RsaSignature::Sha256),
        Self::Rsa(RsaSignature::Sha384),
        Self::Rsa(RsaSignature::Sha512),
    ];

    /// The name in Java, which is what material descriptions have.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mac(Mac::HmacSha224) => "HmacSHA224",
            Self::Mac(Mac::HmacSha256) => "HmacSHA256",
            Self::Mac(Mac::HmacSha384) => "HmacSHA384",
            Self::Mac(Mac::HmacSha512) => "HmacSHA512",
            Self::Rsa(RsaSignature::Sha256) => "SHA256withRSA",
            Self::Rsa(RsaSignature::Sha384) => "SHA384withRSA",
            Self::Rsa(RsaSignature::Sha512) => "SHA512withRSA",
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SignatureAlgorithm {
    type Err = UnknownSignature;

    fn from_str(name: &str) -> Result<Self, UnknownSignature> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnknownSignature(name.to_owned()))
    }
}

/// Bytes that are wiped when the last holder lets go of them.
#[derive(Clone)]
struct Secret(Arc<Zeroizing<Vec<u8>>>);

impl Secret {
    fn new(bytes: &[u8]) -> Self {
        Self(Arc::new(Zeroizing::new(bytes.to_vec())))
    }
}

/// An AES key: it encrypts attributes, or wraps the keys that do.
///
/// ```
/// # use dynaseal_legacy::ddbec::AesKey;
/// let key = AesKey::new(&[7; 32])?;
/// assert_eq!(format!("{key:?}"), "AesKey(256 bits, redacted)");
/// assert!(AesKey::new(&[7; 20]).is_err());
/// # Ok::<(), dynaseal_legacy::ddbec::KeyError>(())
/// ```
#[derive(Clone)]
pub struct AesKey(Secret);

impl AesKey {
    /// From its bytes.
    ///
    /// # Errors
    /// [`KeyError::AesLength`] unless there are 16, 24 or 32.
    pub fn new(key: &[u8]) -> Result<Self, KeyError> {
        match key.len() {
            16 | 24 | 32 => Ok(Self(Secret::new(key))),
            length => Err(KeyError::AesLength(length)),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0.0
    }

    /// A new one.
    pub(super) fn generate(length: usize, random: &dyn SecureRandom) -> Result<Self, CryptoError> {
        let mut key = Zeroizing::new(vec![0; length]);
        random.fill(&mut key)?;
        Self::new(&key).map_err(|_| CryptoError)
    }

    /// An initialisation vector and what is encrypted from it.
    pub(super) fn seal(&self, plaintext: &[u8], random: &dyn SecureRandom) -> Result<Vec<u8>, CryptoError> {
        let mut iv = [0; crypto::BLOCK];
        random.fill(&mut iv)?;
        // With room for the padding: a buffer that grew would leave a copy of the plaintext behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(plaintext.len() + crypto::BLOCK));
        bytes.extend_from_slice(plaintext);
        crypto::cbc_seal(&self.0.0, iv, &mut bytes)?;
        Ok([&iv[..], &bytes].concat())
    }

    /// `None` if it does not open.
    pub(super) fn open(&self, stored: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, CryptoError> {
        let Some((iv, blocks)) = stored.split_first_chunk() else { return Ok(None) };
        if blocks.is_empty() || !blocks.len().is_multiple_of(crypto::BLOCK) {
            return Ok(None);
        }
        let mut bytes = Zeroizing::new(blocks.to_vec());
        Ok(crypto::cbc_open(&self.0.0, *iv, &mut bytes)?.map(|length| {
            bytes.truncate(length);
            bytes
        }))
    }
}

impl ZeroizeOnDrop for AesKey {}

impl fmt::Debug for AesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AesKey({} bits, redacted)", self.0.0.len() * 8)
    }
}

/// An HMAC key.
#[derive(Clone)]
pub struct HmacKey {
    algorithm: Mac,
    key: Secret,
}

impl HmacKey {
    /// From its bytes. Upstream takes any length, and so it is here; 32 bytes are what its own providers make.
    ///
    /// # Errors
    /// [`KeyError::EmptyMac`] if there are none.
    pub fn new(algorithm: Mac, key: &[u8]) -> Result<Self, KeyError> {
        if key.is_empty() {
            return Err(KeyError::EmptyMac);
        }
        Ok(Self { algorithm, key: Secret::new(key) })
    }

    /// What it is for.
    pub fn algorithm(&self) -> Mac {
        self.algorithm
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.key.0
    }
}

impl ZeroizeOnDrop for HmacKey {}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HmacKey({:?}, redacted)", self.algorithm)
    }
}

const PUBLIC: &str = "RSA public key of 2048 to 8192 bits (X.509)";
const PRIVATE: &str = "RSA private key of 2048 to 8192 bits with two primes (PKCS #8)";

fn pem(text: &str, label: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    match pem_rfc7468::decode_vec(text.as_bytes()) {
        Ok((found, der)) => Some(Zeroizing::new(der)).filter(|_| found == label),
        Err(_) => None,
    }
    .ok_or(KeyError::Pem(label))
}

/// The key that signs items.
#[derive(Clone)]
pub struct SigningKey(Signing);

#[derive(Clone)]
enum Signing {
    Mac(HmacKey),
    Rsa(RsaSignature, Arc<RsaSigner>),
}

impl SigningKey {
    /// From PKCS #8 in DER.
    ///
    /// # Errors
    /// [`KeyError::Rsa`] if it is something else, or smaller than 2048 bits.
    pub fn rsa(algorithm: RsaSignature, der: &[u8]) -> Result<Self, KeyError> {
        let key = RsaSigner::new(der).ok_or(KeyError::Rsa(PRIVATE))?;
        Ok(Self(Signing::Rsa(algorithm, Arc::new(key))))
    }

    /// From PKCS #8 in PEM.
    ///
    /// # Errors
    /// [`KeyError::Pem`] and [`KeyError::Rsa`].
    pub fn rsa_pem(algorithm: RsaSignature, text: &str) -> Result<Self, KeyError> {
        Self::rsa(algorithm, &pem(text, "PRIVATE KEY")?)
    }

    /// How it signs.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        match &self.0 {
            Signing::Mac(key) => SignatureAlgorithm::Mac(key.algorithm),
            Signing::Rsa(algorithm, _) => SignatureAlgorithm::Rsa(*algorithm),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        match &self.0 {
            Signing::Mac(key) => Ok(crypto::mac(key.algorithm, &key.key.0, message)),
            Signing::Rsa(algorithm, key) => key.sign(*algorithm, message),
        }
    }
}

impl From<HmacKey> for SigningKey {
    fn from(key: HmacKey) -> Self {
        Self(Signing::Mac(key))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, redacted)", self.algorithm())
    }
}

/// The key that verifies items.
#[derive(Clone)]
pub struct VerificationKey(Verification);

#[derive(Clone)]
enum Verification {
    Mac(HmacKey),
    Rsa(RsaSignature, Arc<RsaVerifier>),
}

impl VerificationKey {
    /// From X.509 `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// [`KeyError::Rsa`] if it is something else, or smaller than 2048 bits.
    pub fn rsa(algorithm: RsaSignature, der: &[u8]) -> Result<Self, KeyError> {
        let key = rsa::Public::from_der(der).and_then(|_| RsaVerifier::new(algorithm, der));
        Ok(Self(Verification::Rsa(algorithm, Arc::new(key.ok_or(KeyError::Rsa(PUBLIC))?))))
    }

    /// From X.509 `SubjectPublicKeyInfo` in PEM.
    ///
    /// # Errors
    /// [`KeyError::Pem`] and [`KeyError::Rsa`].
    pub fn rsa_pem(algorithm: RsaSignature, text: &str) -> Result<Self, KeyError> {
        Self::rsa(algorithm, &pem(text, "PUBLIC KEY")?)
    }

    /// How it verifies. The items have no say in that.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        match &self.0 {
            Verification::Mac(key) => SignatureAlgorithm::Mac(key.algorithm),
            Verification::Rsa(algorithm, _) => SignatureAlgorithm::Rsa(*algorithm),
        }
    }

    pub(super) fn fits(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Verification::Mac(key) => crypto::mac_fits(key.algorithm, &key.key.0, message, signature),
            Verification::Rsa(_, key) => key.fits(message, signature),
        }
    }
}

impl From<HmacKey> for VerificationKey {
    fn from(key: HmacKey) -> Self {
        Self(Verification::Mac(key))
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerificationKey({}, redacted)", self.algorithm())
    }
}

/// The paddings of RSA under which content keys are wrapped. The hash is that of the name; the mask is made with SHA-1
/// always, as Java does.
const PADDINGS: [(&str, Hash); 4] = [
    ("RSA/ECB/OAEPWithSHA-256AndMGF1Padding", Hash::Sha256),
    ("RSA/ECB/OAEPWithSHA-1AndMGF1Padding", Hash::Sha1),
    ("RSA/ECB/OAEPWithSHA-384AndMGF1Padding", Hash::Sha384),
    ("RSA/ECB/OAEPWithSHA-512AndMGF1Padding", Hash::Sha512),
];
/// AES key wrap, and how upstream takes the name of the key's algorithm for it.
const AES_WRAP: [&str; 2] = ["AESWrap", "AES"];
/// RSA with PKCS #1 v1.5, which is what Java and Python take `RSA` for. Only to read.
const PKCS1: [&str; 2] = ["RSA", "RSA/ECB/PKCS1Padding"];

fn padding(algorithm: &str) -> Option<Hash> {
    PADDINGS.into_iter().find(|(name, _)| *name == algorithm).map(|(_, hash)| hash)
}

/// The key that wraps content keys.
#[derive(Clone)]
pub struct WrappingKey(Wrapping);

#[derive(Clone)]
enum Wrapping {
    Aes(AesKey),
    Rsa(Arc<rsa::Public>),
}

impl WrappingKey {
    /// From X.509 `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// [`KeyError::Rsa`] if it is something else, or of another size than 2048 to 8192 bits.
    pub fn rsa(der: &[u8]) -> Result<Self, KeyError> {
        let key = rsa::Public::from_der(der).ok_or(KeyError::Rsa(PUBLIC))?;
        Ok(Self(Wrapping::Rsa(Arc::new(key))))
    }

    /// From X.509 `SubjectPublicKeyInfo` in PEM.
    ///
    /// # Errors
    /// [`KeyError::Pem`] and [`KeyError::Rsa`].
    pub fn rsa_pem(text: &str) -> Result<Self, KeyError> {
        Self::rsa(&pem(text, "PUBLIC KEY")?)
    }

    /// How it wraps if nothing is said about that.
    pub(super) fn default_algorithm(&self) -> &'static str {
        match &self.0 {
            Wrapping::Aes(_) => AES_WRAP[0],
            Wrapping::Rsa(_) => PADDINGS[0].0,
        }
    }

    /// Whether it can wrap so.
    pub(super) fn knows(&self, algorithm: &str) -> bool {
        match &self.0 {
            Wrapping::Aes(_) => algorithm == AES_WRAP[0],
            Wrapping::Rsa(_) => padding(algorithm).is_some(),
        }
    }

    pub(super) fn wrap(
        &self,
        algorithm: &str,
        content_key: &AesKey,
        random: &dyn SecureRandom,
    ) -> Result<Vec<u8>, CryptoError> {
        match &self.0 {
            Wrapping::Aes(key) => crypto::wrap(&key.0.0, &content_key.0.0),
            Wrapping::Rsa(key) => key.seal(padding(algorithm).ok_or(CryptoError)?, &content_key.0.0, random),
        }
    }
}

impl From<AesKey> for WrappingKey {
    fn from(key: AesKey) -> Self {
        Self(Wrapping::Aes(key))
    }
}

impl fmt::Debug for WrappingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Wrapping::Aes(_) => f.write_str("WrappingKey(AES, redacted)"),
            Wrapping::Rsa(key) => write!(f, "WrappingKey(RSA, {} bits)", key.bits()),
        }
    }
}

/// The key that unwraps content keys.
#[derive(Clone)]
pub struct UnwrappingKey(Unwrapping);

#[derive(Clone)]
enum Unwrapping {
    Aes(AesKey),
    Rsa(Arc<rsa::Private>),
}

impl UnwrappingKey {
    /// From PKCS #8 in DER.
    ///
    /// # Errors
    /// [`KeyError::Rsa`] if it is something else, or of another size than 2048 to 8192 bits.
    pub fn rsa(der: &[u8]) -> Result<Self, KeyError> {
        let key = rsa::Private::from_der(der).ok_or(KeyError::Rsa(PRIVATE))?;
        Ok(Self(Unwrapping::Rsa(Arc::new(key))))
    }

    /// From PKCS #8 in PEM.
    ///
    /// # Errors
    /// [`KeyError::Pem`] and [`KeyError::Rsa`].
    pub fn rsa_pem(text: &str) -> Result<Self, KeyError> {
        Self::rsa(&pem(text, "PRIVATE KEY")?)
    }

    /// Whether it can unwrap so.
    pub(super) fn knows(&self, algorithm: &str) -> bool {
        match &self.0 {
            Unwrapping::Aes(_) => AES_WRAP.contains(&algorithm),
            Unwrapping::Rsa(_) => padding(algorithm).is_some(),
        }
    }

    /// Whether it is asked for PKCS #1 v1.5.
    pub(super) fn is_pkcs1(&self, algorithm: &str) -> bool {
        matches!(self.0, Unwrapping::Rsa(_)) && PKCS1.contains(&algorithm)
    }

    /// How upstream unwraps if the item does not say.
    pub(super) fn default_algorithm(&self) -> &'static str {
        match &self.0 {
            Unwrapping::Aes(_) => AES_WRAP[1],
            Unwrapping::Rsa(_) => PKCS1[0],
        }
    }

    /// Never an error for a wrong padding of PKCS #1 v1.5, but another key.
    pub(super) fn unwrap(
        &self,
        algorithm: &str,
        wrapped: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<AesKey, CryptoError> {
        let mut content_key = match &self.0 {
            Unwrapping::Aes(key) => crypto::unwrap(&key.0.0, wrapped)?,
            Unwrapping::Rsa(key) if self.is_pkcs1(algorithm) => key.open_pkcs1(wrapped, random)?,
            Unwrapping::Rsa(key) => key.open(padding(algorithm).ok_or(CryptoError)?, wrapped)?,
        };
        let key = AesKey::new(&content_key).map_err(|_| CryptoError);
        content_key.zeroize();
        key
    }
}

impl From<AesKey> for UnwrappingKey {
    fn from(key: AesKey) -> Self {
        Self(Unwrapping::Aes(key))
    }
}

impl fmt::Debug for UnwrappingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Unwrapping::Aes(_) => f.write_str("UnwrappingKey(AES, redacted)"),
            Unwrapping::Rsa(key) => write!(f, "UnwrappingKey(RSA, {} bits, redacted)", key.bits()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

    use dynaseal_core::SystemRandom;

    use super::*;

    /// An initialisation vector, and whole blocks behind it: all else does not open, which is no error of the library.
    #[test]
    fn what_can_not_have_been_encrypted_does_not_open() {
        for length in [16, 24, 32] {
            let key = AesKey::new(&vec![3; length]).unwrap();
            for plain in [0, 1, 15, 16, 17, 40] {
                let plain = vec![9; plain];
                let sealed = key.seal(&plain, &SystemRandom).unwrap();
                assert_eq!(sealed.len(), 16 + (plain.len() / 16 + 1) * 16);
                assert_eq!(**key.open(&sealed).unwrap().as_ref().unwrap(), plain);
                for kept in (0..sealed.len()).filter(|kept| *kept < 32 || kept % 16 != 0) {
                    assert_eq!(key.open(&sealed[..kept]), Ok(None), "{kept}");
                }
                assert_eq!(key.open(&[&sealed[..], &[0]].concat()), Ok(None));
            }
        }
    }
}
