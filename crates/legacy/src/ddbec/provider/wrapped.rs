//! A new key for every item, which goes with it: wrapped.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dynaseal_core::{BoxFuture, LegacyError, SecureRandom, SystemRandom};

use crate::ddbec::description::names;
use crate::ddbec::{
    AesKey, ConfigError, DecryptionMaterials, EncryptionMaterials, Error, ItemContext, MaterialDescription,
    MaterialsProvider, SigningKey, UnwrappingKey, VerificationKey, WrappingKey,
};

/// What content keys are for if nothing is said.
const AES_256: &str = "AES/256";

/// Gives every item a content key of its own, wrapped by a key that stays.
///
/// The signature does not cover the wrapped key: who can write the table can put in another, and then the item does not
/// open. With an RSA key that can even be one they know.
///
/// ```
/// # use dynaseal_legacy::ddbec::{AesKey, HmacKey, Mac, WrappedProvider};
/// let (wrapping, signing) = (AesKey::new(&[1; 32])?, HmacKey::new(Mac::HmacSha256, &[2; 32])?);
/// let provider = WrappedProvider::builder()
///     .wrapping_key(wrapping.clone())
///     .unwrapping_key(wrapping)
///     .signing_key(signing.clone())
///     .verification_key(signing)
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct WrappedProvider {
    keys: WrappedProviderBuilder,
    /// Of content keys, in bytes.
    length: usize,
}

/// Collects the keys of a [`WrappedProvider`]. Those of the side that is not used can be left out.
#[derive(Clone, Debug)]
pub struct WrappedProviderBuilder {
    wrapping: Option<WrappingKey>,
    unwrapping: Option<UnwrappingKey>,
    signing: Option<SigningKey>,
    verification: Option<VerificationKey>,
    description: MaterialDescription,
    random: Arc<dyn SecureRandom>,
    accepts_pkcs1: bool,
}

impl WrappedProvider {
    /// Without keys.
    pub fn builder() -> WrappedProviderBuilder {
        WrappedProviderBuilder {
            wrapping: None,
            unwrapping: None,
            signing: None,
            verification: None,
            description: MaterialDescription::default(),
            random: Arc::new(SystemRandom),
            accepts_pkcs1: false,
        }
    }

    fn encryption(&self) -> Result<EncryptionMaterials, Error> {
        let keys = &self.keys;
        let wrapping = keys.wrapping.as_ref().ok_or(Error::NoKey("wrapping"))?;
        let signing_key = keys.signing.clone().ok_or(Error::NoKey("signing"))?;
        let content_key = AesKey::generate(self.length, &*keys.random)?;
        let mut description = keys.description.clone();
        let content = description.get(names::CONTENT_ALGORITHM).unwrap_or(AES_256).to_owned();
        let algorithm = description.get(names::WRAPPING_ALGORITHM).unwrap_or(wrapping.default_algorithm()).to_owned();
        let wrapped = wrapping.wrap(&algorithm, &content_key, &*keys.random)?;
        description.insert(names::WRAPPED_KEY, STANDARD.encode(wrapped));
        description.insert(names::CONTENT_ALGORITHM, content);
        description.insert(names::WRAPPING_ALGORITHM, algorithm);
        Ok(EncryptionMaterials { encryption_key: Some(content_key), signing_key, description })
    }

    fn decryption(&self, item: &MaterialDescription) -> Result<DecryptionMaterials, Error> {
        let keys = &self.keys;
        let unwrapping = keys.unwrapping.as_ref().ok_or(Error::NoKey("unwrapping"))?;
        let verification_key = keys.verification.clone().ok_or(Error::NoKey("verification"))?;
        let said = |name| item.get(name).or_else(|| keys.description.get(name));
        let content = said(names::CONTENT_ALGORITHM).unwrap_or(AES_256);
        if content_length(content).is_none() {
            return Err(Error::not_taken(names::CONTENT_ALGORITHM, content));
        }
        let algorithm = said(names::WRAPPING_ALGORITHM).unwrap_or(unwrapping.default_algorithm());
        match unwrapping.is_pkcs1(algorithm) {
            true if keys.accepts_pkcs1 => {}
            true => return Err(Error::pkcs1(item.get(names::WRAPPING_ALGORITHM))),
            false if unwrapping.knows(algorithm) => {}
            false => return Err(Error::not_taken(names::WRAPPING_ALGORITHM, algorithm)),
        }
        let wrapped = item.get(names::WRAPPED_KEY).ok_or(Error::Missing(names::WRAPPED_KEY))?;
        // Old items of Java have lines.
        let wrapped: Vec<u8> = wrapped.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        let wrapped = STANDARD.decode(wrapped).map_err(|_| Error::Description("the wrapped key is no base64"))?;
        let content_key = unwrapping.unwrap(algorithm, &wrapped, &*keys.random).map_err(|_| Error::DoesNotUnwrap)?;
        Ok(DecryptionMaterials { decryption_key: Some(content_key), verification_key })
    }
}

/// Bytes of a content key. `AES` alone is what the Java library writes, and 256 bits in both.
fn content_length(algorithm: &str) -> Option<usize> {
    match algorithm {
        "AES/128" => Some(16),
        "AES/192" => Some(24),
        "AES/256" | "AES" => Some(32),
        _ => None,
    }
}

impl WrappedProviderBuilder {
    /// What content keys are wrapped with, to seal.
    #[must_use]
    pub fn wrapping_key(mut self, key: impl Into<WrappingKey>) -> Self {
        self.wrapping = Some(key.into());
        self
    }

    /// What content keys are unwrapped with, to open.
    #[must_use]
    pub fn unwrapping_key(mut self, key: impl Into<UnwrappingKey>) -> Self {
        self.unwrapping = Some(key.into());
        self
    }

    /// What items are signed with, to seal.
    #[must_use]
    pub fn signing_key(mut self, key: impl Into<SigningKey>) -> Self {
        self.signing = Some(key.into());
        self
    }

    /// What items are verified with, to open.
    #[must_use]
    pub fn verification_key(mut self, key: impl Into<VerificationKey>) -> Self {
        self.verification = Some(key.into());
        self
    }

    /// What every item is to say. [`names::CONTENT_ALGORITHM`] and [`names::WRAPPING_ALGORITHM`] choose those.
    #[must_use]
    pub fn description(mut self, description: MaterialDescription) -> Self {
        self.description = description;
        self
    }

    /// Opens content keys under RSA with PKCS #1 v1.5 as well: what the first versions of the Java library wrote, as `RSA`.
    ///
    /// With this padding whoever writes items and learns which of them have a right one can decrypt anything with the key
    /// (Bleichenbacher). So nobody is told: a wrong padding gives a random key, and its attributes do not open. What is left
    /// is the time that AES takes with keys of different lengths. Leave it out unless there are such items.
    #[must_use]
    pub fn accept_pkcs1_v1_5(mut self) -> Self {
        self.accepts_pkcs1 = true;
        self
    }

    /// Another source of randomness.
    #[must_use]
    pub fn with_random(mut self, random: Arc<dyn SecureRandom>) -> Self {
        self.random = random;
        self
    }

    /// The provider.
    ///
    /// # Errors
    /// [`ConfigError::Description`] for algorithms that the keys can not do, [`ConfigError::OtherSignature`] for two keys
    /// that do not go together.
    pub fn build(self) -> Result<WrappedProvider, ConfigError> {
        let said = |name: &'static str, fits: &dyn Fn(&str) -> bool| match self.description.get(name) {
            Some(value) if !fits(value) => Err(ConfigError::Description { name, value: value.to_owned() }),
            value => Ok(value),
        };
        // Upstream would take it for the content key of all items.
        said(names::WRAPPED_KEY, &|_| false)?;
        let unwraps = |key: &UnwrappingKey, name: &str| key.knows(name) || (self.accepts_pkcs1 && key.is_pkcs1(name));
        said(names::WRAPPING_ALGORITHM, &|name| {
            self.wrapping.as_ref().is_none_or(|key| key.knows(name))
                && self.unwrapping.as_ref().is_none_or(|key| unwraps(key, name))
        })?;
        let content = said(names::CONTENT_ALGORITHM, &|name| content_length(name).is_some())?.unwrap_or(AES_256);
        let length = content_length(content).unwrap_or(32);
        if let (Some(signing), Some(verification)) = (&self.signing, &self.verification) {
            let (signing, verification) = (signing.algorithm().name(), verification.algorithm().name());
            if signing != verification {
                return Err(ConfigError::OtherSignature { signing, verification });
            }
        }
        Ok(WrappedProvider { keys: self, length })
    }
}

impl MaterialsProvider for WrappedProvider {
    fn encryption_materials<'a>(
        &'a self,
        _: &'a ItemContext<'a>,
    ) -> BoxFuture<'a, Result<EncryptionMaterials, LegacyError>> {
        Box::pin(async { Ok(self.encryption()?) })
    }

    fn decryption_materials<'a>(
        &'a self,
        context: &'a ItemContext<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, LegacyError>> {
        Box::pin(async { Ok(self.decryption(context.description)?) })
    }
}
