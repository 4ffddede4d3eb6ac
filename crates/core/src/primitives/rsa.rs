//! RSA encryption: PKCS #1 v1.5 and OAEP.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
    OaepPrivateDecryptingKey, OaepPublicEncryptingKey, Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use zeroize::Zeroizing;

use super::CryptoError;
use super::pem::{self, KeyFormatError};

/// How RSA pads what it encrypts. The hash of OAEP is that of its mask, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RsaPadding {
    /// PKCS #1 v1.5. Only to open old records: whoever may watch many failed openings can learn the key's answers.
    Pkcs1,
    /// OAEP with SHA-1.
    OaepSha1,
    /// OAEP with SHA-256.
    OaepSha256,
    /// OAEP with SHA-384.
    OaepSha384,
    /// OAEP with SHA-512.
    OaepSha512,
}

const NAMES: [(RsaPadding, &str); 5] = [
    (RsaPadding::Pkcs1, "PKCS1"),
    (RsaPadding::OaepSha1, "OAEP_SHA1_MGF1"),
    (RsaPadding::OaepSha256, "OAEP_SHA256_MGF1"),
    (RsaPadding::OaepSha384, "OAEP_SHA384_MGF1"),
    (RsaPadding::OaepSha512, "OAEP_SHA512_MGF1"),
];

/// A name of a padding that the specification does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown padding `{0}`: take PKCS1, OAEP_SHA1_MGF1, OAEP_SHA256_MGF1, OAEP_SHA384_MGF1 or OAEP_SHA512_MGF1")]
pub struct UnknownPadding(String);

impl FromStr for RsaPadding {
    type Err = UnknownPadding;

    /// From the specification's name.
    fn from_str(name: &str) -> Result<Self, UnknownPadding> {
        let found = NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(padding, _)| *padding).ok_or_else(|| UnknownPadding(name.to_owned()))
    }
}

impl fmt::Display for RsaPadding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(padding, _)| padding == self).map_or("", |(_, name)| name))
    }
}

/// A public key of 2048 to 8192 bits.
pub struct RsaPublicKey(PublicEncryptingKey);

impl RsaPublicKey {
    /// From PEM with `BEGIN PUBLIC KEY`.
    ///
    /// # Errors
    /// If it is something else, or the key has another size.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self, KeyFormatError> {
        Self::from_der(&pem::decode(pem.as_ref(), pem::PUBLIC)?)
    }

    /// From the DER of an X.509 `SubjectPublicKeyInfo`, which is what AWS KMS gives.
    ///
    /// # Errors
    /// If it is something else, or the key has another size.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyFormatError> {
        let key = PublicEncryptingKey::from_der(der);
        key.map(Self).map_err(|_| KeyFormatError::Rejected("RSA public key of 2048 to 8192 bits"))
    }

    /// Encrypts.
    ///
    /// # Errors
    /// If the plaintext is too long for key and padding.
    pub fn encrypt(&self, padding: RsaPadding, plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut ciphertext = vec![0; self.0.key_size_bytes()];
        let length = match oaep(padding) {
            Some(algorithm) => {
                let key = OaepPublicEncryptingKey::new(self.0.clone())?;
                key.encrypt(algorithm, plaintext, &mut ciphertext, None)?.len()
            }
            None => Pkcs1PublicEncryptingKey::new(self.0.clone())?.encrypt(plaintext, &mut ciphertext)?.len(),
        };
        ciphertext.truncate(length);
        Ok(ciphertext)
    }

    /// The key length in bits.
    pub fn bits(&self) -> usize {
        self.0.key_size_bits()
    }

    /// Returns the PEM with `BEGIN PUBLIC KEY` that [`from_pem`](Self::from_pem) reads.
    ///
    /// # Errors
    /// If the library refuses.
    pub fn to_pem(&self) -> Result<String, CryptoError> {
        let der: PublicKeyX509Der<'_> = self.0.as_der()?;
        Ok(pem::encode(pem::PUBLIC, der.as_ref())?.to_string())
    }
}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPublicKey({} bits)", self.bits())
    }
}

/// How long a new key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RsaKeySize {
    /// 2048 bits.
    Bits2048,
    /// 3072 bits.
    Bits3072,
    /// 4096 bits.
    Bits4096,
}

/// A private key of 2048 to 8192 bits. The library wipes it when it is freed.
pub struct RsaPrivateKey(PrivateDecryptingKey);

impl RsaPrivateKey {
    /// From PEM with `BEGIN PRIVATE KEY`, which is PKCS #8 without a passphrase.
    ///
    /// # Errors
    /// If it is something else, or the key has another size.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self, KeyFormatError> {
        let der = pem::decode(pem.as_ref(), pem::PRIVATE)?;
        let key = PrivateDecryptingKey::from_pkcs8(&der);
        key.map(Self).map_err(|_| KeyFormatError::Rejected("RSA private key of 2048 to 8192 bits"))
    }

    /// Makes a new key of this size, from the cryptographic library's own generator. That takes a second or several.
    ///
    /// # Errors
    /// If the generator fails.
    pub fn generate(size: RsaKeySize) -> Result<Self, CryptoError> {
        let size = match size {
            RsaKeySize::Bits2048 => KeySize::Rsa2048,
            RsaKeySize::Bits3072 => KeySize::Rsa3072,
            RsaKeySize::Bits4096 => KeySize::Rsa4096,
        };
        Ok(Self(PrivateDecryptingKey::generate(size)?))
    }

    /// Returns the public half.
    pub fn public_key(&self) -> RsaPublicKey {
        RsaPublicKey(self.0.public_key())
    }

    /// Returns the PEM with `BEGIN PRIVATE KEY` that [`from_pem`](Self::from_pem) reads: PKCS #8 without a passphrase, so
    /// whoever reads it has the key. It is wiped when it is dropped.
    ///
    /// # Errors
    /// If the library refuses.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, CryptoError> {
        let der: Pkcs8V1Der<'_> = self.0.as_der()?;
        pem::encode(pem::PRIVATE, der.as_ref())
    }

    /// Whether the two keys are a pair.
    pub(crate) fn belongs_to(&self, public: &RsaPublicKey) -> bool {
        let der = |key: &PublicEncryptingKey| AsDer::<PublicKeyX509Der<'_>>::as_der(key);
        match (der(&self.0.public_key()), der(&public.0)) {
            (Ok(own), Ok(other)) => own.as_ref() == other.as_ref(),
            _ => false,
        }
    }

    pub(crate) fn decrypt(&self, padding: RsaPadding, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let mut plaintext = Zeroizing::new(vec![0; self.0.key_size_bytes()]);
        let length = match oaep(padding) {
            Some(algorithm) => {
                let key = OaepPrivateDecryptingKey::new(self.0.clone())?;
                key.decrypt(algorithm, ciphertext, &mut plaintext, None)?.len()
            }
            None => Pkcs1PrivateDecryptingKey::new(self.0.clone())?.decrypt(ciphertext, &mut plaintext)?.len(),
        };
        plaintext.truncate(length);
        Ok(plaintext)
    }
}

impl fmt::Debug for RsaPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPrivateKey({} bits, redacted)", self.0.key_size_bits())
    }
}

/// The library's name of an OAEP; `None` for PKCS #1 v1.5.
fn oaep(padding: RsaPadding) -> Option<&'static OaepAlgorithm> {
    match padding {
        RsaPadding::Pkcs1 => None,
        RsaPadding::OaepSha1 => Some(&OAEP_SHA1_MGF1SHA1),
        RsaPadding::OaepSha256 => Some(&OAEP_SHA256_MGF1SHA256),
        RsaPadding::OaepSha384 => Some(&OAEP_SHA384_MGF1SHA384),
        RsaPadding::OaepSha512 => Some(&OAEP_SHA512_MGF1SHA512),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_keys_are_new_and_their_pem_reads_back() {
        let key = RsaPrivateKey::generate(RsaKeySize::Bits2048).unwrap();
        assert_eq!(key.public_key().bits(), 2048);
        let private = RsaPrivateKey::from_pem(key.to_pem().unwrap().as_bytes()).unwrap();
        let public = RsaPublicKey::from_pem(key.public_key().to_pem().unwrap()).unwrap();
        assert!(private.belongs_to(&public) && key.belongs_to(&public));
        let sealed = public.encrypt(RsaPadding::OaepSha256, b"data key").unwrap();
        assert_eq!(*private.decrypt(RsaPadding::OaepSha256, &sealed).unwrap(), b"data key");
        let other = RsaPrivateKey::generate(RsaKeySize::Bits3072).unwrap();
        assert_eq!(other.public_key().bits(), 3072);
        assert!(!other.belongs_to(&public));
    }

    #[test]
    fn names_are_those_of_the_specification() {
        for (padding, name) in NAMES {
            assert_eq!(name.parse(), Ok(padding));
            assert_eq!(padding.to_string(), name);
        }
        assert!("OAEP".parse::<RsaPadding>().is_err());
    }
}
