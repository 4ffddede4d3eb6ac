//! Which tables are sealed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use dynaseal_core::{
    AttributeValue, CryptoAction, Item, ItemEncryptor, PlaintextPolicy, TableConfig, normalize_number,
};

/// A table whose items are sealed.
#[derive(Clone, Debug)]
pub struct SealedTable {
    name: String,
    encryptor: ItemEncryptor,
    unverified: BTreeMap<String, BTreeSet<String>>,
}

impl SealedTable {
    /// `name` is the table's name in DynamoDB, which may differ from the logical name that its records are bound to.
    pub fn new(name: impl Into<String>, encryptor: ItemEncryptor) -> Self {
        Self { name: name.into(), encryptor, unverified: BTreeMap::new() }
    }

    /// Items read through this index come back with the table's key attributes and `attributes` alone, **and nobody
    /// vouches for them**: whoever can write the table can make them up. For indexes that do not project the whole item
    /// (`KEYS_ONLY`, `INCLUDE`), whose items can not be verified and are refused otherwise.
    ///
    /// # Errors
    /// If one of the attributes is encrypted: what comes back would be its ciphertext.
    pub fn danger_unverified_index<S: Into<String>>(
        mut self,
        index: impl Into<String>,
        attributes: impl IntoIterator<Item = S>,
    ) -> Result<Self, UnverifiedError> {
        let keys = self.key_names().map(str::to_owned);
        let names: BTreeSet<String> = attributes.into_iter().map(Into::into).chain(keys).collect();
        if let Some(name) = names.iter().find(|name| self.is_encrypted(name)) {
            return Err(UnverifiedError { name: name.clone() });
        }
        self.unverified.insert(index.into(), names);
        Ok(self)
    }

    /// The table's name in DynamoDB.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What seals and opens its items.
    pub fn encryptor(&self) -> &ItemEncryptor {
        &self.encryptor
    }

    /// How its items are sealed.
    pub fn config(&self) -> &TableConfig {
        self.encryptor.config()
    }

    /// Partition key and sort key.
    pub(crate) fn key_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.config().partition_key()).chain(self.config().sort_key())
    }

    /// The key attributes of an item.
    pub(crate) fn key_of(&self, item: &Item) -> Item {
        self.key_names().filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect()
    }

    /// Whether two items have the same key. DynamoDB gives numbers back in another spelling.
    pub(crate) fn same_key(&self, one: &Item, other: &Item) -> bool {
        self.key_names().all(|name| match (one.get(name), other.get(name)) {
            (Some(AttributeValue::N(one)), Some(AttributeValue::N(other))) => {
                one == other || normalize_number(one).is_ok_and(|one| normalize_number(other).as_ref() == Ok(&one))
            }
            (one, other) => one == other,
        })
    }

    /// What comes back, unverified, from an index.
    pub(crate) fn unverified(&self, index: &str) -> Option<&BTreeSet<String>> {
        self.unverified.get(index)
    }

    pub(crate) fn is_encrypted(&self, name: &str) -> bool {
        self.config().action(name) == Some(CryptoAction::EncryptAndSign)
    }

    /// Whether items are written as they are.
    pub(crate) fn writes_plaintext(&self) -> bool {
        self.config().plaintext_policy() == PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead
    }
}

/// Every sealed table of a client.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    by_name: HashMap<String, Arc<SealedTable>>,
}

impl Tables {
    /// The tables of a client; all others pass untouched.
    ///
    /// # Errors
    /// If two have one name.
    pub fn new(tables: impl IntoIterator<Item = SealedTable>) -> Result<Self, DuplicateTable> {
        let mut by_name = HashMap::new();
        for table in tables {
            let name = table.name().to_owned();
            if by_name.insert(name.clone(), Arc::new(table)).is_some() {
                return Err(DuplicateTable { name });
            }
        }
        Ok(Self { by_name })
    }

    /// The table that a request names, by its name or its ARN.
    ///
    /// An ARN counts by the name in it, whatever its account and region: to seal for a table of the same name elsewhere
    /// is harmless, to write plaintext because of a longer spelling is not.
    pub fn get(&self, name: &str) -> Option<&Arc<SealedTable>> {
        let short = || name.strip_prefix("arn:").and_then(|arn| arn.split_once(":table/"));
        self.by_name.get(name).or_else(|| self.by_name.get(short()?.1))
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &SealedTable> {
        self.by_name.values().map(|table| &**table)
    }
}

impl From<SealedTable> for Tables {
    fn from(table: SealedTable) -> Self {
        Self { by_name: HashMap::from([(table.name().to_owned(), Arc::new(table))]) }
    }
}

/// Two tables of one name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the table `{name}` is configured twice")]
pub struct DuplicateTable {
    name: String,
}

/// An encrypted attribute was asked for unverified.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is ENCRYPT_AND_SIGN and can not be read without opening its item")]
pub struct UnverifiedError {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use dynaseal_core::RawAesKeyring;

    fn table(name: &str) -> SealedTable {
        let config = TableConfig::builder("people", "id").encrypt(["secret"]).sign(["ward"]).build();
        let keyring = RawAesKeyring::new("example", "key-1", &[7; 32]);
        SealedTable::new(name, ItemEncryptor::new(config.expect("valid"), keyring.expect("valid")))
    }

    #[test]
    fn tables_are_found_by_name_and_by_arn() {
        let tables = Tables::new([table("people"), table("arn:aws:dynamodb:eu-west-1:1:table/by-arn")]).expect("two");
        let found = |name| tables.get(name).map(|table| table.name().to_owned());
        assert_eq!(found("people").as_deref(), Some("people"));
        assert_eq!(found("arn:aws:dynamodb:us-east-1:123456789012:table/people").as_deref(), Some("people"));
        assert!(found("arn:aws:dynamodb:eu-west-1:1:table/by-arn").is_some());
        assert_eq!(found("People"), None);
        assert_eq!(found("table/people"), None);
        assert_eq!(Tables::new([table("a"), table("a")]).err(), Some(DuplicateTable { name: "a".to_owned() }));
    }

    #[test]
    fn what_is_encrypted_can_not_be_read_unverified() {
        let of_index = |names: &[&str]| table("people").danger_unverified_index("by-ward", names.iter().copied());
        assert!(of_index(&["ward"]).is_ok());
        assert_eq!(of_index(&["ward", "secret"]).err(), Some(UnverifiedError { name: "secret".to_owned() }));
    }
}
