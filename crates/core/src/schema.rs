//! What is done with which attribute (specification: `ddb-table-encryption-config.md`, `ddb-item-encryptor.md`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::context;
use crate::materials::RequiredKeys;
use crate::path::PathPrefix;
use crate::serialize::MAX_NAME;
use crate::suite::{AlgorithmSuite, Version};

/// Attributes that belong to the library start so.
pub const RESERVED_PREFIX: &str = "aws_dbe_";
/// The attribute with a record's header.
pub const HEAD: &str = "aws_dbe_head";
/// The attribute with a record's footer.
pub const FOOT: &str = "aws_dbe_foot";

/// What is done with an attribute when its item is sealed. The names are DB-ESDK's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CryptoAction {
    /// `ENCRYPT_AND_SIGN`: the value is secret and can not be changed unnoticed.
    EncryptAndSign,
    /// `SIGN_ONLY`: readable, but can not be changed unnoticed.
    SignOnly,
    /// `SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT`: as `SIGN_ONLY`, and the value is also part of the encryption context,
    /// where key policies and branch key suppliers see it. It must be in every item.
    SignAndIncludeInEncryptionContext,
    /// `DO_NOTHING`: readable and changeable by everybody who can write the table.
    DoNothing,
}

impl CryptoAction {
    /// All actions, for lists and tests.
    pub const ALL: [Self; 4] =
        [Self::EncryptAndSign, Self::SignOnly, Self::SignAndIncludeInEncryptionContext, Self::DoNothing];

    /// The name in DB-ESDK's configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::EncryptAndSign => "ENCRYPT_AND_SIGN",
            Self::SignOnly => "SIGN_ONLY",
            Self::SignAndIncludeInEncryptionContext => "SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT",
            Self::DoNothing => "DO_NOTHING",
        }
    }

    /// The byte in a header's legend; nothing for unsigned attributes.
    pub(crate) fn legend(self) -> Option<u8> {
        match self {
            Self::EncryptAndSign => Some(b'e'),
            Self::SignOnly => Some(b's'),
            Self::SignAndIncludeInEncryptionContext => Some(b'c'),
            Self::DoNothing => None,
        }
    }

    pub(crate) fn from_legend(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.legend() == Some(byte))
    }
}

impl fmt::Display for CryptoAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an action: use ENCRYPT_AND_SIGN, SIGN_ONLY, SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT or DO_NOTHING")]
pub struct UnknownAction;

impl FromStr for CryptoAction {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL.into_iter().find(|action| action.name() == text).ok_or(UnknownAction)
    }
}

/// What happens with items that are not sealed: the three policies of DB-ESDK, for tables on their way to encryption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaintextPolicy {
    /// `FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ`: nothing is sealed yet, sealed items can be read.
    ForcePlaintextWriteAllowPlaintextRead,
    /// `FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ`: everything written is sealed, items from before can be read.
    ForbidPlaintextWriteAllowPlaintextRead,
    /// `FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ`: the default. An item that is not sealed is an error.
    #[default]
    ForbidPlaintextWriteForbidPlaintextRead,
}

impl PlaintextPolicy {
    const ALL: [Self; 3] = [
        Self::ForcePlaintextWriteAllowPlaintextRead,
        Self::ForbidPlaintextWriteAllowPlaintextRead,
        Self::ForbidPlaintextWriteForbidPlaintextRead,
    ];

    /// The name in DB-ESDK's configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::ForcePlaintextWriteAllowPlaintextRead => "FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ",
            Self::ForbidPlaintextWriteAllowPlaintextRead => "FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ",
            Self::ForbidPlaintextWriteForbidPlaintextRead => "FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ",
        }
    }
}

/// A name that is no plaintext policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a plaintext policy: use FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ, FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ or FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ"
)]
pub struct UnknownPolicy;

impl FromStr for PlaintextPolicy {
    type Err = UnknownPolicy;

    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        Self::ALL.into_iter().find(|policy| policy.name() == text).ok_or(UnknownPolicy)
    }
}

/// Why a table configuration is wrong. Each says which attribute it is about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A key attribute must stay readable, or DynamoDB could not find the item.
    #[error("`{name}` is a key attribute and can not be {action}: leave its action out, or give {expected}")]
    KeyAction {
        /// The key attribute.
        name: String,
        /// What was asked for.
        action: CryptoAction,
        /// What it has to be.
        expected: CryptoAction,
    },
    /// A key attribute that nobody would notice being changed.
    #[error(
        "`{name}` is a key attribute and can not be unsigned: take it out of the unsigned attributes, or choose another prefix"
    )]
    KeyUnsigned {
        /// The key attribute.
        name: String,
    },
    /// Partition and sort key of one name.
    #[error("`{name}` can not be both partition key and sort key")]
    SameKeys {
        /// The attribute.
        name: String,
    },
    /// The same attribute twice.
    #[error("`{name}` has two actions, {first} and {second}")]
    TwoActions {
        /// The attribute.
        name: String,
        /// One of them.
        first: CryptoAction,
        /// The other.
        second: CryptoAction,
    },
    /// Names that belong to the library.
    #[error("`{name}` starts with `{prefix}`, which is reserved")]
    Reserved {
        /// The name.
        name: String,
        /// The reserved prefix.
        prefix: &'static str,
    },
    /// `DO_NOTHING`, but not listed as unsigned.
    #[error(
        "`{name}` is DO_NOTHING but not unsigned: list it in the unsigned attributes or start it with the unsigned prefix, so that readers with other configurations agree on what is signed"
    )]
    NotUnsigned {
        /// The attribute.
        name: String,
    },
    /// Signed, but listed as unsigned.
    #[error("`{name}` is {action} but also unsigned: take it out of the unsigned attributes, or choose another prefix")]
    Unsigned {
        /// The attribute.
        name: String,
        /// Its action.
        action: CryptoAction,
    },
    /// An empty name, or one that is too long.
    #[error("{what} has {length} bytes; it must have 1 to {limit}")]
    NameLength {
        /// "the logical table name", "an attribute name", …
        what: &'static str,
        /// Its length.
        length: usize,
        /// What is possible.
        limit: usize,
    },
    /// Two policies about items without a header.
    #[error(
        "a table has either a legacy policy or a plaintext policy: of an item without a header, nobody could say what it is"
    )]
    LegacyAndPlaintext,
    /// Every attribute would be unsigned.
    #[error("the unsigned prefix is empty, which would leave every attribute unsigned: leave it out instead")]
    EmptyUnsignedPrefix,
}

/// How the items of one table are sealed. Built with [`TableConfig::builder`]; once there, it can not be wrong.
#[derive(Clone, Debug)]
pub struct TableConfig {
    logical_table_name: String,
    partition_key: Arc<str>,
    sort_key: Option<Arc<str>>,
    actions: BTreeMap<Arc<str>, CryptoAction>,
    unsigned: BTreeSet<String>,
    unsigned_prefix: Option<String>,
    suite: AlgorithmSuite,
    plaintext_policy: PlaintextPolicy,
    version: Version,
    path_prefix: PathPrefix,
    required_keys: RequiredKeys,
}

impl TableConfig {
    /// Starts a configuration.
    ///
    /// The logical table name is what records are bound to; by convention the table's name where it was first created.
    /// Restoring a table under another name changes nothing here. Changing it makes old records unreadable.
    ///
    /// ```
    /// use dynaseal_core::TableConfig;
    /// let config = TableConfig::builder("people", "id")
    ///     .sort_key("year")
    ///     .encrypt(["name", "diagnosis"])
    ///     .sign(["ward"])
    ///     .unsigned_prefix(":")
    ///     .build()?;
    /// let error = TableConfig::builder("people", "id").encrypt(["id"]).build().unwrap_err();
    /// assert!(error.to_string().starts_with("`id` is a key attribute"));
    /// # Ok::<(), dynaseal_core::ConfigError>(())
    /// ```
    pub fn builder(logical_table_name: impl Into<String>, partition_key: impl Into<String>) -> TableConfigBuilder {
        TableConfigBuilder {
            logical_table_name: logical_table_name.into(),
            partition_key: partition_key.into(),
            sort_key: None,
            actions: Vec::new(),
            unsigned: BTreeSet::new(),
            unsigned_prefix: None,
            suite: AlgorithmSuite::default(),
            plaintext_policy: PlaintextPolicy::default(),
        }
    }

    /// The same, and these attributes are `SIGN_ONLY`: signed beacons, which are in no encryption context even if the other
    /// signed attributes are.
    ///
    /// # Errors
    /// If one of them has an action already, is a key attribute that is in the encryption context, or has a name that no
    /// attribute can have.
    pub fn with_signed<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Result<Self, ConfigError> {
        for name in names {
            let name = name.into();
            check_name(&name)?;
            let key_action = self.key_action();
            self.add_action(name, CryptoAction::SignOnly, key_action)?;
        }
        Ok(self)
    }

    fn key_action(&self) -> CryptoAction {
        match self.version {
            Version::V1 => CryptoAction::SignOnly,
            Version::V2 => CryptoAction::SignAndIncludeInEncryptionContext,
        }
    }

    /// What records are bound to.
    pub fn logical_table_name(&self) -> &str {
        &self.logical_table_name
    }

    /// The name of the partition key.
    pub fn partition_key(&self) -> &str {
        &self.partition_key
    }

    /// The name of the sort key.
    pub fn sort_key(&self) -> Option<&str> {
        self.sort_key.as_deref()
    }

    /// The suite that new records are sealed with. Opening takes the one that the record names.
    pub fn algorithm_suite(&self) -> AlgorithmSuite {
        self.suite
    }

    /// What happens with items that are not sealed.
    pub fn plaintext_policy(&self) -> PlaintextPolicy {
        self.plaintext_policy
    }

    /// The version of new records.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What is done with an attribute; `None` if the configuration does not say, so that it can not be written.
    pub fn action(&self, name: &str) -> Option<CryptoAction> {
        let unsigned = || self.is_unsigned(name).then_some(CryptoAction::DoNothing);
        self.actions.get(name).copied().or_else(unsigned)
    }

    /// All configured actions, key attributes included, in the order of their names.
    pub fn actions(&self) -> impl Iterator<Item = (&str, CryptoAction)> {
        self.actions.iter().map(|(name, action)| (&**name, *action))
    }

    /// Names and their actions, as shared strings.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Arc<str>, CryptoAction)> {
        self.actions.iter().map(|(name, action)| (name, *action))
    }

    /// Whether an attribute is outside of the signature.
    pub fn is_unsigned(&self, name: &str) -> bool {
        // Whatever the prefix is, head, foot and beacons are none of the application's unsigned attributes.
        if name.starts_with(RESERVED_PREFIX) {
            return false;
        }
        let by_prefix = self.unsigned_prefix.as_ref().is_some_and(|prefix| name.starts_with(prefix.as_str()));
        by_prefix || self.unsigned.contains(name)
    }

    /// Partition key and sort key.
    pub(crate) fn key_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.partition_key).chain(&self.sort_key).map(|name| &**name)
    }

    pub(crate) fn path_prefix(&self) -> &PathPrefix {
        &self.path_prefix
    }

    /// Every key of the encryption context that comes from the item or the configuration.
    pub(crate) fn required_keys(&self) -> &RequiredKeys {
        &self.required_keys
    }
}

/// Builds a [`TableConfig`].
#[derive(Clone, Debug)]
#[must_use]
pub struct TableConfigBuilder {
    logical_table_name: String,
    partition_key: String,
    sort_key: Option<String>,
    actions: Vec<(String, CryptoAction)>,
    unsigned: BTreeSet<String>,
    unsigned_prefix: Option<String>,
    suite: AlgorithmSuite,
    plaintext_policy: PlaintextPolicy,
}

impl TableConfigBuilder {
    /// The table has a sort key.
    pub fn sort_key(mut self, name: impl Into<String>) -> Self {
        self.sort_key = Some(name.into());
        self
    }

    /// What is done with an attribute. Key attributes need none: they get theirs by themselves.
    pub fn action(mut self, name: impl Into<String>, action: CryptoAction) -> Self {
        self.actions.push((name.into(), action));
        self
    }

    /// These attributes are `ENCRYPT_AND_SIGN`.
    pub fn encrypt<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.with_actions(names, CryptoAction::EncryptAndSign)
    }

    /// These attributes are `SIGN_ONLY`.
    pub fn sign<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.with_actions(names, CryptoAction::SignOnly)
    }

    /// These attributes are `SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT`: records get version 2, and so do the key attributes.
    pub fn include_in_context<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.with_actions(names, CryptoAction::SignAndIncludeInEncryptionContext)
    }

    fn with_actions<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>, action: CryptoAction) -> Self {
        self.actions.extend(names.into_iter().map(|name| (name.into(), action)));
        self
    }

    /// These attributes are not signed, in all configurations that ever read the table.
    pub fn unsigned<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.unsigned.extend(names.into_iter().map(Into::into));
        self
    }

    /// Attributes that start so are not signed. `:` is the convention.
    pub fn unsigned_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.unsigned_prefix = Some(prefix.into());
        self
    }

    /// The suite for new records; ECDSA P-384 if not called, as DB-ESDK.
    pub fn algorithm_suite(mut self, suite: AlgorithmSuite) -> Self {
        self.suite = suite;
        self
    }

    /// What happens with items that are not sealed; forbidden both ways if not called.
    pub fn plaintext_policy(mut self, policy: PlaintextPolicy) -> Self {
        self.plaintext_policy = policy;
        self
    }

    /// The configuration.
    ///
    /// # Errors
    /// If it contradicts itself or the format; the message names the attribute.
    pub fn build(self) -> Result<TableConfig, ConfigError> {
        self.check_names()?;
        let in_context = |action| action == CryptoAction::SignAndIncludeInEncryptionContext;
        let (version, key_action) = if self.actions.iter().any(|(_, action)| in_context(*action)) {
            (Version::V2, CryptoAction::SignAndIncludeInEncryptionContext)
        } else {
            (Version::V1, CryptoAction::SignOnly)
        };

        let partition_key: Arc<str> = self.partition_key.into();
        let sort_key: Option<Arc<str>> = self.sort_key.map(Into::into);
        let mut config = TableConfig {
            path_prefix: PathPrefix::new(&self.logical_table_name),
            logical_table_name: self.logical_table_name,
            actions: std::iter::once(&partition_key).chain(&sort_key).map(|name| (name.clone(), key_action)).collect(),
            partition_key,
            sort_key,
            unsigned: self.unsigned,
            unsigned_prefix: self.unsigned_prefix,
            suite: self.suite,
            plaintext_policy: self.plaintext_policy,
            version,
            required_keys: RequiredKeys::default(),
        };
        if let Some(name) = config.key_names().find(|name| config.is_unsigned(name)) {
            return Err(ConfigError::KeyUnsigned { name: name.to_owned() });
        }
        for (name, action) in self.actions {
            config.add_action(name, action, key_action)?;
        }
        // In the context, names have a prefix and still no more than 65,535 bytes.
        let limit = MAX_NAME - context::ATTRIBUTE_PREFIX.len();
        for (name, action) in config.actions() {
            if action == CryptoAction::SignAndIncludeInEncryptionContext || config.key_names().any(|key| key == name) {
                check_length("the name of an attribute of the encryption context", name, limit)?;
            }
        }
        config.required_keys = config.context_keys();
        Ok(config)
    }

    fn check_names(&self) -> Result<(), ConfigError> {
        check_length("the logical table name", &self.logical_table_name, MAX_NAME)?;
        if self.logical_table_name.starts_with(context::RESERVED_PREFIX) {
            let name = self.logical_table_name.clone();
            return Err(ConfigError::Reserved { name, prefix: context::RESERVED_PREFIX });
        }
        if self.unsigned_prefix.as_deref() == Some("") {
            return Err(ConfigError::EmptyUnsignedPrefix);
        }
        if self.sort_key.as_ref() == Some(&self.partition_key) {
            return Err(ConfigError::SameKeys { name: self.partition_key.clone() });
        }
        let configured = self.actions.iter().map(|(name, _)| name);
        for name in std::iter::once(&self.partition_key).chain(&self.sort_key).chain(&self.unsigned).chain(configured) {
            check_name(name)?;
        }
        Ok(())
    }
}

fn check_name(name: &str) -> Result<(), ConfigError> {
    check_length("an attribute name", name, MAX_NAME)?;
    match [RESERVED_PREFIX, context::RESERVED_PREFIX].into_iter().find(|prefix| name.starts_with(prefix)) {
        Some(prefix) => Err(ConfigError::Reserved { name: name.to_owned(), prefix }),
        None => Ok(()),
    }
}

fn check_length(what: &'static str, name: &str, limit: usize) -> Result<(), ConfigError> {
    let length = name.len();
    if (1..=limit).contains(&length) { Ok(()) } else { Err(ConfigError::NameLength { what, length, limit }) }
}

impl TableConfig {
    fn add_action(&mut self, name: String, action: CryptoAction, key_action: CryptoAction) -> Result<(), ConfigError> {
        if self.key_names().any(|key| *key == *name) {
            let wrong = ConfigError::KeyAction { name, action, expected: key_action };
            return if action == key_action { Ok(()) } else { Err(wrong) };
        }
        match (action, self.is_unsigned(&name)) {
            (CryptoAction::DoNothing, false) => return Err(ConfigError::NotUnsigned { name }),
            (CryptoAction::DoNothing, true) | (_, false) => {}
            (action, true) => return Err(ConfigError::Unsigned { name, action }),
        }
        match self.actions.insert(name.as_str().into(), action) {
            Some(first) if first != action => Err(ConfigError::TwoActions { name, first, second: action }),
            _ => Ok(()),
        }
    }

    fn context_keys(&self) -> RequiredKeys {
        let mut keys: Vec<String> = vec![context::TABLE_NAME.to_owned(), context::PARTITION_NAME.to_owned()];
        keys.extend(self.sort_key.as_ref().map(|_| context::SORT_NAME.to_owned()));
        keys.extend((self.version == Version::V2).then(|| context::LEGEND.to_owned()));
        let in_context = |(name, action): &(&str, CryptoAction)| {
            self.key_names().any(|key| key == *name) || *action == CryptoAction::SignAndIncludeInEncryptionContext
        };
        keys.extend(self.actions().filter(in_context).map(|(name, _)| format!("{}{name}", context::ATTRIBUTE_PREFIX)));
        keys.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CryptoAction::*;

    fn people() -> TableConfigBuilder {
        TableConfig::builder("people", "pk").sort_key("sk")
    }

    #[test]
    fn keys_get_their_action_by_themselves() {
        let config = people().encrypt(["a"]).build().unwrap();
        assert_eq!(
            (config.action("pk"), config.action("sk"), config.version()),
            (Some(SignOnly), Some(SignOnly), Version::V1)
        );
        let config = people().include_in_context(["a"]).build().unwrap();
        let key_action = Some(SignAndIncludeInEncryptionContext);
        assert_eq!((config.action("pk"), config.action("sk"), config.version()), (key_action, key_action, Version::V2));
        // Naming the action they get anyway is no error, as configurations of DB-ESDK do.
        assert!(people().sign(["pk", "sk"]).build().is_ok());
        assert_eq!(people().include_in_context(["pk", "sk"]).build().unwrap().version(), Version::V2);
    }

    #[test]
    fn wrong_key_actions_name_the_attribute() {
        for action in [EncryptAndSign, DoNothing] {
            let error = people().action("sk", action).build().unwrap_err();
            assert_eq!(error, ConfigError::KeyAction { name: "sk".into(), action, expected: SignOnly });
        }
        let error = people().sign(["pk"]).include_in_context(["a"]).build().unwrap_err();
        let expected = SignAndIncludeInEncryptionContext;
        assert_eq!(error, ConfigError::KeyAction { name: "pk".into(), action: SignOnly, expected });
        assert_eq!(people().unsigned(["sk"]).build().unwrap_err(), ConfigError::KeyUnsigned { name: "sk".into() });
        assert_eq!(people().unsigned_prefix("p").build().unwrap_err(), ConfigError::KeyUnsigned { name: "pk".into() });
        let same = TableConfig::builder("t", "k").sort_key("k").build();
        assert_eq!(same.unwrap_err(), ConfigError::SameKeys { name: "k".into() });
    }

    #[test]
    fn reserved_names_are_refused_everywhere() {
        for name in ["aws_dbe_", "aws_dbe_head", "aws-crypto-", "aws-crypto-attr.x"] {
            let refused = |builder: TableConfigBuilder| matches!(builder.build(), Err(ConfigError::Reserved { name: n, .. }) if n == name);
            assert!(refused(people().encrypt([name])));
            assert!(refused(people().unsigned([name])));
            assert!(refused(TableConfig::builder("t", name)));
            assert!(refused(TableConfig::builder("t", "pk").sort_key(name)));
        }
        assert!(matches!(TableConfig::builder("aws-crypto-t", "pk").build(), Err(ConfigError::Reserved { .. })));
        assert!(TableConfig::builder("aws_dbe_t", "pk").build().is_ok());
    }

    #[test]
    fn unsigned_and_signed_exclude_each_other() {
        let config = people().unsigned(["u"]).unsigned_prefix(":").action(":x", DoNothing).build().unwrap();
        assert_eq!(config.action("u"), Some(DoNothing));
        assert_eq!(config.action(":y"), Some(DoNothing));
        assert_eq!(config.action("y"), None);
        assert_eq!(people().action("x", DoNothing).build().unwrap_err(), ConfigError::NotUnsigned { name: "x".into() });
        let error = people().unsigned_prefix(":").encrypt([":x"]).build().unwrap_err();
        assert_eq!(error, ConfigError::Unsigned { name: ":x".into(), action: EncryptAndSign });
        assert_eq!(people().unsigned_prefix("").build().unwrap_err(), ConfigError::EmptyUnsignedPrefix);
    }

    #[test]
    fn one_action_for_an_attribute() {
        let error = people().encrypt(["a"]).sign(["a"]).build().unwrap_err();
        assert_eq!(error, ConfigError::TwoActions { name: "a".into(), first: EncryptAndSign, second: SignOnly });
        assert!(people().encrypt(["a", "a"]).build().is_ok());
    }

    #[test]
    fn names_have_lengths() {
        assert!(TableConfig::builder("", "pk").build().is_err());
        assert!(TableConfig::builder("t", "").build().is_err());
        assert!(people().encrypt(["n".repeat(65_535)]).build().is_ok());
        assert!(people().encrypt(["n".repeat(65_536)]).build().is_err());
        assert!(TableConfig::builder("t", "n".repeat(65_519)).build().is_ok());
        assert!(TableConfig::builder("t", "n".repeat(65_520)).build().is_err());
        assert!(people().include_in_context(["n".repeat(65_520)]).build().is_err());
    }

    #[test]
    fn names_of_actions_and_policies_read_back() {
        for action in CryptoAction::ALL {
            assert_eq!(action.name().parse(), Ok(action));
            assert_eq!(action.legend().and_then(CryptoAction::from_legend), action.legend().map(|_| action));
        }
        for policy in PlaintextPolicy::ALL {
            assert_eq!(policy.name().parse(), Ok(policy));
        }
        assert!("sign_only".parse::<CryptoAction>().is_err());
    }
}
