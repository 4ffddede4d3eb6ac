//! What providers are asked, and what they give.

use std::fmt::{self, Debug};

use dynaseal_core::{BoxFuture, Item, LegacyError, names_only};

use super::{AesKey, MaterialDescription, SigningKey, VerificationKey};

/// What a provider may know of the item: upstream's encryption context.
#[derive(Clone)]
#[non_exhaustive]
pub struct ItemContext<'a> {
    /// The name of the table.
    pub table_name: &'a str,
    /// The name of its partition key.
    pub partition_key: &'a str,
    /// The name of its sort key.
    pub sort_key: Option<&'a str>,
    /// The item as it is: plain before it is sealed, sealed before it is opened. Nobody has verified it then.
    pub attributes: &'a Item,
    /// The material description: empty before the item is sealed, what it has before it is opened. Nobody signs it.
    pub description: &'a MaterialDescription,
}

/// Without the values.
impl fmt::Debug for ItemContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table_name, partition_key, sort_key, attributes, description } = self;
        f.debug_struct("ItemContext")
            .field("table_name", table_name)
            .field("partition_key", partition_key)
            .field("sort_key", sort_key)
            .field("attributes", &names_only(*attributes))
            .field("description", description)
            .finish()
    }
}

impl<'a> ItemContext<'a> {
    /// Of an item of a table.
    pub fn new(
        table_name: &'a str,
        partition_key: &'a str,
        sort_key: Option<&'a str>,
        attributes: &'a Item,
        description: &'a MaterialDescription,
    ) -> Self {
        Self { table_name, partition_key, sort_key, attributes, description }
    }
}

/// Gives the keys of items: a materials provider.
pub trait MaterialsProvider: Debug + Send + Sync {
    /// What an item is sealed with.
    fn encryption_materials<'a>(
        &'a self,
        context: &'a ItemContext<'a>,
    ) -> BoxFuture<'a, Result<EncryptionMaterials, LegacyError>>;

    /// What an item is opened with.
    fn decryption_materials<'a>(
        &'a self,
        context: &'a ItemContext<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, LegacyError>>;
}

/// What an item is sealed with.
#[derive(Clone, Debug)]
pub struct EncryptionMaterials {
    /// What attributes are encrypted with. Without it nothing can be encrypted, only signed.
    pub encryption_key: Option<AesKey>,
    /// What the item is signed with.
    pub signing_key: SigningKey,
    /// What the item is to say about the keys. How it is encrypted and signed is added to it.
    pub description: MaterialDescription,
}

/// What an item is opened with.
#[derive(Clone, Debug)]
pub struct DecryptionMaterials {
    /// What attributes are decrypted with.
    pub decryption_key: Option<AesKey>,
    /// What the item is verified with, before anything of it is decrypted.
    pub verification_key: VerificationKey,
}
