//! What a store of providers keeps in its table: an item for each version of a name.

use std::sync::Arc;

use dynaseal_core::{AttributeValue, CryptoError, Item, SecureRandom};
use zeroize::Zeroizing;

use super::WrappedProvider;
use crate::ddbec::description::names;
use crate::ddbec::{
    AesKey, ConfigError, Encryptor, EncryptorBuilder, Error, HmacKey, Mac, MaterialDescription, MaterialsProvider,
    SignatureAlgorithm,
};

/// The partition key: the name.
const NAME: &str = "N";
/// The sort key: the version.
const VERSION: &str = "V";
const TYPE: &str = "t";
const TYPE_0: &str = "0";
const ENCRYPTION_ALGORITHM: &str = "encAlg";
const ENCRYPTION_KEY: &str = "enc";
const SIGNING_ALGORITHM: &str = "intAlg";
const SIGNING_KEY: &str = "int";
const AES: &str = "AES";
/// Of new keys, in bytes.
const LENGTH: usize = 32;

/// The keys of one version of a name in a store: a wrapping key and a signing key.
///
/// The store's own items are of this format as well, sealed with the keys of another provider.
#[derive(Clone, Debug)]
pub struct StoredMaterials {
    name: String,
    version: u64,
    encryption: AesKey,
    signing: HmacKey,
}

impl StoredMaterials {
    /// The name of the partition key of a store's table, of the type S.
    pub const PARTITION_KEY: &str = NAME;
    /// The name of the sort key of a store's table, of the type N.
    pub const SORT_KEY: &str = VERSION;

    /// What a store's items are sealed and opened with: everything but the key is encrypted.
    ///
    /// # Errors
    /// [`ConfigError`] for a table without a name.
    pub fn encryptor(
        table_name: impl Into<String>,
        provider: Arc<dyn MaterialsProvider>,
        random: Arc<dyn SecureRandom>,
    ) -> Result<Encryptor, ConfigError> {
        EncryptorBuilder::new(table_name.into(), NAME.to_owned()).sort_key(VERSION).with_random(random).build(provider)
    }

    /// New keys.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn generate(name: impl Into<String>, version: u64, random: &dyn SecureRandom) -> Result<Self, CryptoError> {
        let mut key = Zeroizing::new([0; LENGTH]);
        random.fill(&mut *key)?;
        let signing = HmacKey::new(Mac::HmacSha256, &*key).map_err(|_| CryptoError)?;
        Ok(Self { name: name.into(), version, encryption: AesKey::generate(LENGTH, random)?, signing })
    }

    /// The item for them, with the keys in plain: to be sealed.
    pub fn to_item(&self) -> Item {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let algorithm = SignatureAlgorithm::Mac(self.signing.algorithm());
        Item::from([
            (NAME.to_owned(), text(&self.name)),
            (VERSION.to_owned(), AttributeValue::N(self.version.to_string())),
            (TYPE.to_owned(), text(TYPE_0)),
            (ENCRYPTION_ALGORITHM.to_owned(), text(AES)),
            (ENCRYPTION_KEY.to_owned(), AttributeValue::B(self.encryption.bytes().to_vec())),
            (SIGNING_ALGORITHM.to_owned(), text(algorithm.name())),
            (SIGNING_KEY.to_owned(), AttributeValue::B(self.signing.bytes().to_vec())),
        ])
    }

    /// From an item that was opened.
    ///
    /// # Errors
    /// [`Error::StoredMaterials`] if something is missing, or is of another kind than upstream writes.
    pub fn from_item(mut item: Item) -> Result<Self, Error> {
        // First of all, so that the keys are wiped whatever is wrong with the rest.
        let mut key = |name| match item.remove(name) {
            Some(AttributeValue::B(bytes)) => Some(Zeroizing::new(bytes)),
            _ => None,
        };
        let (encryption, signing) = (key(ENCRYPTION_KEY), key(SIGNING_KEY));
        let broken = Error::StoredMaterials;
        let text = |name: &str| match item.get(name) {
            Some(AttributeValue::S(text)) => Some(text.as_str()),
            _ => None,
        };
        if text(TYPE) != Some(TYPE_0) {
            return Err(broken("they are of an unknown type"));
        }
        if text(ENCRYPTION_ALGORITHM) != Some(AES) {
            return Err(broken("the wrapping key is for something else than AES"));
        }
        let Some(Ok(SignatureAlgorithm::Mac(mac))) = text(SIGNING_ALGORITHM).map(str::parse) else {
            return Err(broken("the signing key is for something else than HMAC"));
        };
        let encryption =
            encryption.and_then(|key| AesKey::new(&key).ok()).ok_or(broken("they have no wrapping key"))?;
        let signing = signing.and_then(|key| HmacKey::new(mac, &key).ok()).ok_or(broken("they have no signing key"))?;
        let name = text(NAME).ok_or(broken("they have no name"))?.to_owned();
        let version = match item.get(VERSION) {
            Some(AttributeValue::N(version)) => version.parse().ok(),
            _ => None,
        };
        Ok(Self { name, version: version.ok_or(broken("they have no version"))?, encryption, signing })
    }

    /// Their name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which version of the name.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The provider of these keys. Its items name the version.
    ///
    /// # Errors
    /// None that these keys can cause.
    pub fn provider(&self, random: Arc<dyn SecureRandom>) -> Result<WrappedProvider, ConfigError> {
        let id = format!("{}#{}", self.name, self.version);
        WrappedProvider::builder()
            .wrapping_key(self.encryption.clone())
            .unwrapping_key(self.encryption.clone())
            .signing_key(self.signing.clone())
            .verification_key(self.signing.clone())
            .description(MaterialDescription::from_iter([(names::META_ID, id)]))
            .with_random(random)
            .build()
    }
}
