//! Which tables are sealed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use dynaseal_core::{
    AttributeValue, CryptoAction, Item, ItemEncryptor, PlaintextPolicy, TableConfig, normalize_number,
};
use dynaseal_search::{Search, SearchConfig, SearchConfigError};

use crate::error::Refusal;

/// A table whose items are sealed.
#[derive(Clone, Debug)]
pub struct SealedTable {
    name: String,
    encryptor: ItemEncryptor,
    unverified: BTreeMap<String, BTreeSet<String>>,
    search: Option<Arc<Search>>,
}

impl SealedTable {
    /// `name` is the table's name in DynamoDB, which may differ from the logical name that its records are bound to.
    pub fn new(name: impl Into<String>, encryptor: ItemEncryptor) -> Self {
        Self { name: name.into(), encryptor, unverified: BTreeMap::new(), search: None }
    }

    /// Items get beacons when they are written, and queries and scans may ask for what has some.
    ///
    /// ```
    /// use dynaseal_core::{BeaconKey, ItemEncryptor, RawAesKeyring, TableConfig};
    /// use dynaseal_ops::SealedTable;
    /// use dynaseal_search::{BeaconKeys, SearchConfig, StandardBeacon};
    /// let config = TableConfig::builder("people", "id").encrypt(["name"]).build()?;
    /// let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32])?);
    /// let search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32])?))
    ///     .standard(StandardBeacon::new("name", 12));
    /// let table = SealedTable::new("people", encryptor).with_search(search)?;
    /// assert_eq!(table.search().unwrap().beacon("name").unwrap().stored, Some("aws_dbe_b_name"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the search configuration contradicts itself or that of the table.
    pub fn with_search(mut self, search: SearchConfig) -> Result<Self, SearchConfigError> {
        let search = search.build(self.encryptor.config())?;
        self.encryptor = self.encryptor.with_signed(search.signed_beacons()).map_err(SearchConfigError::Table)?;
        self.search = Some(Arc::new(search));
        Ok(self)
    }

    /// How it is searched.
    pub fn search(&self) -> Option<&Arc<Search>> {
        self.search.as_ref()
    }

    /// Items read through this index come back with the table's key attributes and `attributes` alone, **and nobody
    /// vouches for them**: whoever can write the table can make them up. For indexes that do not project the whole item
    /// (`KEYS_ONLY`, `INCLUDE`), whose items can not be verified and are refused otherwise.
    ///
    /// # Errors
    /// If one of the attributes is encrypted: what comes back would be its ciphertext. (As it would of items from a time
    /// when the attribute was encrypted.)
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

    /// Seals an item as a put would, with its beacons.
    ///
    /// # Errors
    /// If it can not be sealed, its beacons can not be made, or it is too large with them.
    pub async fn seal(&self, item: Item) -> Result<Item, Refusal> {
        crate::seal::seal_unchecked(self, item).await
    }

    /// Partition key and sort key.
    pub(crate) fn key_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.config().partition_key()).chain(self.config().sort_key())
    }

    /// The key attributes of an item.
    pub(crate) fn key_of(&self, item: &Item) -> Item {
        self.key_names().filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect()
    }

    /// Whether two items have the same key.
    pub(crate) fn same_key(&self, one: &Item, other: &Item) -> bool {
        self.key_names().all(|name| Self::same_value(one, other, name))
    }

    /// Whether two items have the same value there. DynamoDB gives numbers back in another spelling.
    pub(crate) fn same_value(one: &Item, other: &Item, name: &str) -> bool {
        match (one.get(name), other.get(name)) {
            (Some(AttributeValue::N(one)), Some(AttributeValue::N(other))) => {
                one == other || normalize_number(one).is_ok_and(|one| normalize_number(other).as_ref() == Ok(&one))
            }
            (one, other) => one == other,
        }
    }

    /// What comes back, unverified, from an index.
    pub(crate) fn unverified(&self, index: &str) -> Option<&BTreeSet<String>> {
        self.unverified.get(index)
    }

    pub(crate) fn is_encrypted(&self, name: &str) -> bool {
        self.config().action(name) == Some(CryptoAction::EncryptAndSign)
    }

    /// Whether DynamoDB can not look at it: encrypted, or there only for search.
    pub(crate) fn is_hidden(&self, name: &str) -> bool {
        self.is_encrypted(name) || self.search().is_some_and(|search| search.is_only_searched(name))
    }

    /// Whether what is written are records, with their beacons.
    pub(crate) fn writes_records(&self) -> bool {
        self.encryptor.writes_records()
    }

    /// Whether a plain update of an attribute leaves items readable: those of the older format may sign others.
    pub(crate) fn is_signed_in_older_format(&self, name: &str) -> bool {
        let legacy = self.encryptor.legacy().filter(|(policy, _)| policy.reads_legacy());
        legacy.is_some_and(|(_, encryptor)| encryptor.is_signed(name))
    }

    /// Whether items are written as they are.
    pub(crate) fn writes_plaintext(&self) -> bool {
        self.config().plaintext_policy() == PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead
    }
}

/// A table's name, without what an ARN says before and behind it.
///
/// Account and region do not count: to seal for a table of the same name elsewhere is harmless, to write plaintext because
/// of another spelling is not.
pub fn short_name(name: &str) -> &str {
    let arn = name.strip_prefix("arn:").and_then(|arn| arn.split_once(":table/"));
    arn.map_or(name, |(_, behind)| behind.split_once('/').map_or(behind, |(name, _)| name))
}

/// Every sealed table of a client.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// By short name.
    by_name: HashMap<String, Arc<SealedTable>>,
    /// Tables whose values are sealed by other means, or are wanted as they are stored.
    sealed_elsewhere: Elsewhere,
}

/// Tables of which nothing is sealed or opened, and which nobody else may seal or open either.
#[derive(Clone, Debug, Default)]
enum Elsewhere {
    #[default]
    None,
    /// By short name.
    Table(String),
    All,
}

impl Tables {
    /// The tables of a client; all others pass untouched.
    ///
    /// # Errors
    /// If two have one name, be it as an ARN, or one logical name: their records could be swapped.
    pub fn new(tables: impl IntoIterator<Item = SealedTable>) -> Result<Self, DuplicateTable> {
        let mut by_name = HashMap::new();
        let mut logical = HashSet::new();
        for table in tables {
            let name = short_name(table.name()).to_owned();
            let logical_name = table.config().logical_table_name().to_owned();
            if by_name.insert(name.clone(), Arc::new(table)).is_some() {
                return Err(DuplicateTable { what: "table", name });
            }
            if !logical.insert(logical_name.clone()) {
                return Err(DuplicateTable { what: "logical table name", name: logical_name });
            }
        }
        Ok(Self { by_name, ..Self::default() })
    }

    /// Seals and opens nothing of this table, because its values are sealed by other means, and claims its requests all the
    /// same: whoever else knows a table of that name must not seal them once more.
    pub fn sealed_elsewhere(name: impl AsRef<str>) -> Self {
        let sealed_elsewhere = Elsewhere::Table(short_name(name.as_ref()).to_owned());
        Self { sealed_elsewhere, ..Self::default() }
    }

    /// The same for every table: what is sent is what is stored, and what comes back as well.
    pub fn as_stored() -> Self {
        Self { sealed_elsewhere: Elsewhere::All, ..Self::default() }
    }

    /// Whether requests for this table are these tables' business: they seal them, or say that it is done elsewhere.
    pub fn claims(&self, name: &str) -> bool {
        self.get(name).is_some()
            || match &self.sealed_elsewhere {
                Elsewhere::None => false,
                Elsewhere::Table(of) => of == short_name(name),
                Elsewhere::All => true,
            }
    }

    /// The table that a request names, by its name or its ARN.
    pub fn get(&self, name: &str) -> Option<&Arc<SealedTable>> {
        self.by_name.get(short_name(name))
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &SealedTable> {
        self.by_name.values().map(|table| &**table)
    }
}

impl From<SealedTable> for Tables {
    fn from(table: SealedTable) -> Self {
        Self { by_name: HashMap::from([(short_name(table.name()).to_owned(), Arc::new(table))]), ..Self::default() }
    }
}

/// Two tables of one name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {what} `{name}` is configured twice")]
pub struct DuplicateTable {
    what: &'static str,
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
        named(name, name)
    }

    fn named(name: &str, logical: &str) -> SealedTable {
        let config = TableConfig::builder(logical, "id").encrypt(["secret"]).sign(["ward"]).build();
        let keyring = RawAesKeyring::new("example", "key-1", &[7; 32]);
        SealedTable::new(name, ItemEncryptor::new(config.expect("valid"), keyring.expect("valid")))
    }

    #[test]
    fn tables_are_found_by_name_and_by_arn() {
        let tables = Tables::new([table("people"), table("arn:aws:dynamodb:eu-west-1:1:table/by-arn")]).expect("two");
        let found = |name| tables.get(name).map(|table| short_name(table.name()).to_owned());
        for name in [
            "people",
            "arn:aws:dynamodb:us-east-1:123456789012:table/people",
            "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/people/index/by-ward",
        ] {
            assert_eq!(found(name).as_deref(), Some("people"), "{name}");
        }
        for name in ["by-arn", "arn:aws:dynamodb:us-east-1:1:table/by-arn"] {
            assert_eq!(found(name).as_deref(), Some("by-arn"), "{name}");
        }
        assert_eq!(found("People"), None);
        assert_eq!(found("table/people"), None);
    }

    #[test]
    fn names_and_logical_names_are_unique() {
        let refused = |one, other| Tables::new([one, other]).map(|_| ()).map_err(|error| error.to_string());
        let twice = Err("the table `a` is configured twice".to_owned());
        assert_eq!(refused(named("a", "x"), named("a", "y")), twice);
        assert_eq!(refused(named("a", "x"), named("arn:aws:dynamodb:eu-west-1:1:table/a", "y")), twice);
        let twice = Err("the logical table name `x` is configured twice".to_owned());
        assert_eq!(refused(named("a", "x"), named("b", "x")), twice);
        assert_eq!(refused(named("a", "x"), named("b", "y")), Ok(()));
    }

    #[test]
    fn what_is_encrypted_can_not_be_read_unverified() {
        let of_index = |names: &[&str]| table("people").danger_unverified_index("by-ward", names.iter().copied());
        assert!(of_index(&["ward"]).is_ok());
        assert_eq!(of_index(&["ward", "secret"]).err(), Some(UnverifiedError { name: "secret".to_owned() }));
    }
}
