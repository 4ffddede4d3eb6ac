//! Items: sealing and opening.

use std::collections::BTreeMap;
use std::sync::Arc;

use dynaseal_core::{AttributeValue, BoxFuture, Item, LegacyEncryptor, LegacyError, SecureRandom};
use zeroize::Zeroizing;

use super::config::EncryptorBuilder;
use super::crypto::{self, Hash};
use super::description::names;
use super::value::{deserialize_attribute, serialize_attribute};
use super::{
    Action, AesKey, DecryptionMaterials, Error, ItemContext, Library, MaterialDescription, MaterialsProvider,
    VerificationKey,
};

/// How attributes are encrypted. Upstream takes from the item which mode it is, and nobody signs that.
const CBC: &str = "/CBC/PKCS5Padding";

/// Seals and opens items of one table.
#[derive(Debug)]
pub struct Encryptor {
    pub(super) table_name: String,
    pub(super) partition_key: String,
    pub(super) sort_key: Option<String>,
    pub(super) actions: BTreeMap<String, Action>,
    pub(super) default_action: Action,
    pub(super) description_attribute: String,
    pub(super) signature_attribute: String,
    pub(super) library: Library,
    pub(super) random: Arc<dyn SecureRandom>,
    pub(super) provider: Arc<dyn MaterialsProvider>,
}

impl Encryptor {
    /// For a table with this partition key. The table's name is signed: where items were moved to a table of another name,
    /// it is the old one that has to stand here.
    pub fn builder(table_name: impl Into<String>, partition_key: impl Into<String>) -> EncryptorBuilder {
        EncryptorBuilder::new(table_name.into(), partition_key.into())
    }

    /// What is done with an attribute.
    pub fn action(&self, attribute: &str) -> Action {
        self.actions.get(attribute).copied().unwrap_or(self.default_action)
    }

    /// What the signature of a sealed item is over, in the order of a library. To find out why an item does not verify.
    ///
    /// # Errors
    /// [`Error::Stored`] for values that can not be.
    pub fn string_to_sign(&self, item: &Item, library: Library) -> Result<Vec<u8>, Error> {
        let mut signed: Vec<_> = item
            .iter()
            .filter(|(name, _)| **name != self.description_attribute && **name != self.signature_attribute)
            .map(|(name, value)| (name, value, self.action(name)))
            .filter(|(_, _, action)| *action != Action::DoNothing)
            .collect();
        signed.sort_by(|(a, ..), (b, ..)| library.order_of_texts(a, b));
        let mut out = Vec::with_capacity(Hash::Sha256.length() * (1 + 3 * signed.len()));
        let mut push = |pieces: &[&[u8]]| out.extend_from_slice(&crypto::hash(Hash::Sha256, pieces));
        push(&[b"TABLE>", self.table_name.as_bytes(), b"<TABLE"]);
        for (name, value, action) in signed {
            let bytes = serialize_attribute(value, library)
                .map_err(|problem| Error::Stored { attribute: name.clone(), problem })?;
            push(&[name.as_bytes()]);
            push(&[if action == Action::EncryptAndSign { b"ENCRYPTED" } else { b"PLAINTEXT" }]);
            push(&[&bytes]);
        }
        Ok(out)
    }

    /// Upstream leaves items alone where nothing is to be done with any attribute.
    fn does_nothing(&self) -> bool {
        self.default_action == Action::DoNothing && self.actions.values().all(|action| *action == Action::DoNothing)
    }

    fn context<'a>(&'a self, attributes: &'a Item, description: &'a MaterialDescription) -> ItemContext<'a> {
        ItemContext::new(&self.table_name, &self.partition_key, self.sort_key.as_deref(), attributes, description)
    }

    async fn seal(&self, mut item: Item) -> Result<Item, LegacyError> {
        if self.does_nothing() {
            return Ok(item);
        }
        for reserved in [&self.description_attribute, &self.signature_attribute] {
            if item.contains_key(reserved) {
                return Err(Error::Reserved(reserved.clone()).into());
            }
        }
        let nothing = MaterialDescription::default();
        let materials = self.provider.encryption_materials(&self.context(&item, &nothing)).await?;
        let mut description = materials.description;
        let key = materials.encryption_key.as_ref();
        for (name, value) in &mut item {
            match self.action(name) {
                Action::EncryptAndSign => {
                    let sealed = self.seal_attribute(name, value, key)?;
                    // Keys of a store are sealed here as well.
                    if let AttributeValue::B(plain) = std::mem::replace(value, sealed) {
                        drop(Zeroizing::new(plain));
                    }
                }
                // Said here, where it is the caller's value and not a stored one.
                Action::SignOnly => serialize_attribute(value, self.library)
                    .map(drop)
                    .map_err(|problem| Error::Value { attribute: name.clone(), problem })?,
                Action::DoNothing => {}
            }
        }
        if key.is_some() {
            description.insert(names::MODE, CBC);
        }
        description.insert(names::SIGNING_ALGORITHM, materials.signing_key.algorithm().name());
        let signature = materials.signing_key.sign(&self.string_to_sign(&item, self.library)?).map_err(Error::from)?;
        item.insert(self.signature_attribute.clone(), AttributeValue::B(signature));
        item.insert(self.description_attribute.clone(), AttributeValue::B(description.to_bytes()));
        Ok(item)
    }

    fn seal_attribute(
        &self,
        name: &str,
        value: &AttributeValue,
        key: Option<&AesKey>,
    ) -> Result<AttributeValue, Error> {
        let key = key.ok_or(Error::NoKey("encryption"))?;
        let plaintext = serialize_attribute(value, self.library)
            .map_err(|problem| Error::Value { attribute: name.to_owned(), problem })?;
        Ok(AttributeValue::B(key.seal(&plaintext, &*self.random)?))
    }

    async fn open(&self, mut item: Item) -> Result<Item, LegacyError> {
        if self.does_nothing() {
            return Ok(item);
        }
        let signature = self.take_bytes(&mut item, &self.signature_attribute)?;
        let signature = signature.ok_or_else(|| Error::NoSignature(self.signature_attribute.clone()))?;
        let description = match self.take_bytes(&mut item, &self.description_attribute)? {
            Some(bytes) => MaterialDescription::from_bytes(&bytes)?,
            // The Java library writes none where there is nothing to say.
            None => MaterialDescription::default(),
        };
        let materials = self.provider.decryption_materials(&self.context(&item, &description)).await?;
        self.verify(&item, &signature, &description, &materials.verification_key)?;
        self.decrypt(&mut item, &description, &materials)?;
        Ok(item)
    }

    fn take_bytes(&self, item: &mut Item, name: &str) -> Result<Option<Vec<u8>>, Error> {
        item.remove(name).map(|value| bytes_of(name, value)).transpose()
    }

    fn verify(
        &self,
        item: &Item,
        signature: &[u8],
        description: &MaterialDescription,
        key: &VerificationKey,
    ) -> Result<(), Error> {
        // The Java library takes the algorithm from here, though nobody signs it. Here it only has to be the key's.
        let expected = key.algorithm().name();
        if let Some(found) = description.get(names::SIGNING_ALGORITHM).filter(|found| *found != expected) {
            return Err(Error::other_signature(expected, found));
        }
        let by_python = self.string_to_sign(item, Library::Python)?;
        if key.fits(&by_python, signature) {
            return Ok(());
        }
        // The same attributes and values in another order, so nothing becomes valid that was not signed.
        let by_java = self.string_to_sign(item, Library::Java)?;
        if by_java != by_python && key.fits(&by_java, signature) { Ok(()) } else { Err(Error::Authentication) }
    }

    /// Only after the signature was found right: what is wrong in here somebody with the signing key wrote, or the content
    /// key is another one.
    fn decrypt(
        &self,
        item: &mut Item,
        description: &MaterialDescription,
        materials: &DecryptionMaterials,
    ) -> Result<(), Error> {
        for (name, value) in item.iter_mut().filter(|(name, _)| self.action(name) == Action::EncryptAndSign) {
            match description.get(names::MODE) {
                Some(CBC) => {}
                Some(other) => return Err(Error::not_taken(names::MODE, other)),
                None => return Err(Error::Missing(names::MODE)),
            }
            let key = materials.decryption_key.as_ref().ok_or(Error::NoKey("decryption"))?;
            let stored = bytes_of(name, std::mem::replace(value, AttributeValue::Null(true)))?;
            let plaintext = key.open(&stored)?.ok_or_else(|| Error::DoesNotOpen(name.clone()))?;
            // With another content key the padding is right now and then, and the rest is not: that is no other error.
            *value = deserialize_attribute(&plaintext).map_err(|_| Error::DoesNotOpen(name.clone()))?;
        }
        Ok(())
    }
}

fn bytes_of(name: &str, value: AttributeValue) -> Result<Vec<u8>, Error> {
    match value {
        AttributeValue::B(bytes) => Ok(bytes),
        other => Err(Error::Type { attribute: name.to_owned(), found: other.type_name() }),
    }
}

impl LegacyEncryptor for Encryptor {
    fn is_legacy(&self, item: &Item) -> bool {
        [&self.description_attribute, &self.signature_attribute].into_iter().all(|name| item.contains_key(name))
    }

    fn is_signed(&self, name: &str) -> bool {
        self.action(name) != Action::DoNothing
    }

    fn encrypt_item(&self, item: Item) -> BoxFuture<'_, Result<Item, LegacyError>> {
        Box::pin(self.seal(item))
    }

    fn decrypt_item(&self, item: Item) -> BoxFuture<'_, Result<Item, LegacyError>> {
        Box::pin(self.open(item))
    }
}
