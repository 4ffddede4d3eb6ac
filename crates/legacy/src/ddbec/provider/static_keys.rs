//! Keys that are given, and the same for all items.

use dynaseal_core::{BoxFuture, LegacyError};

use crate::ddbec::{
    AesKey, DecryptionMaterials, EncryptionMaterials, Error, HmacKey, ItemContext, MaterialDescription,
    MaterialsProvider,
};

/// Gives every item the same keys.
///
/// All attributes of all items are encrypted with one key. Upstream has it for tests, and so should you.
#[derive(Clone, Debug)]
pub struct StaticProvider {
    encryption: Option<EncryptionMaterials>,
    decryption: Option<DecryptionMaterials>,
}

impl StaticProvider {
    /// From keys to seal with, keys to open with, or both.
    pub fn new(encryption: Option<EncryptionMaterials>, decryption: Option<DecryptionMaterials>) -> Self {
        Self { encryption, decryption }
    }

    /// From keys that do both. Without an AES key items are only signed.
    pub fn symmetric(key: Option<AesKey>, signing_key: HmacKey) -> Self {
        let encryption = EncryptionMaterials {
            encryption_key: key.clone(),
            signing_key: signing_key.clone().into(),
            description: MaterialDescription::default(),
        };
        let decryption = DecryptionMaterials { decryption_key: key, verification_key: signing_key.into() };
        Self::new(Some(encryption), Some(decryption))
    }
}

impl MaterialsProvider for StaticProvider {
    fn encryption_materials<'a>(
        &'a self,
        _: &'a ItemContext<'a>,
    ) -> BoxFuture<'a, Result<EncryptionMaterials, LegacyError>> {
        let materials = self.encryption.clone().ok_or_else(|| Error::NoKey("signing").into());
        Box::pin(std::future::ready(materials))
    }

    fn decryption_materials<'a>(
        &'a self,
        _: &'a ItemContext<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, LegacyError>> {
        let materials = self.decryption.clone().ok_or_else(|| Error::NoKey("verification").into());
        Box::pin(std::future::ready(materials))
    }
}
