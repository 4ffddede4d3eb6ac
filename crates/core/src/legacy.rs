//! Items of an older format, and when they are written and read (specification: `ddb-table-encryption-config.md`, "Legacy
//! Config"). The format itself is elsewhere; here is what an [`ItemEncryptor`](crate::ItemEncryptor) asks of it.

use std::error::Error;
use std::fmt::{self, Debug};
use std::str::FromStr;

use crate::materials::BoxFuture;
use crate::value::{AttributeValue, Item};

/// Seals and opens whole items in an older format: those of the DynamoDB Encryption Client.
pub trait LegacyEncryptor: Debug + Send + Sync {
    /// Whether an item looks as if it were sealed in this format. Nobody vouches for that.
    fn is_legacy(&self, item: &Item) -> bool;

    /// Whether an attribute of this name is part of the signature, so that changing it alone breaks an item.
    fn is_signed(&self, _name: &str) -> bool {
        true
    }

    /// Seals an item in the older format.
    fn encrypt_item(&self, item: Item) -> BoxFuture<'_, Result<Item, LegacyError>>;

    /// Opens an item: verifies it, and gives it back without the attributes that the format adds.
    fn decrypt_item(&self, item: Item) -> BoxFuture<'_, Result<Item, LegacyError>>;
}

/// The attributes that the DynamoDB Encryption Client adds, if nobody gave them other names.
const USUAL_NAMES: [&str; 2] = ["*amzn-ddb-map-desc*", "*amzn-ddb-map-sig*"];

/// Whether an item is of that client, where nothing is configured.
pub(crate) fn looks_legacy(item: &Item) -> bool {
    USUAL_NAMES.iter().all(|name| matches!(item.get(*name), Some(AttributeValue::B(_))))
}

/// Why an item could not be sealed or opened in an older format. Says nothing of keys and values.
#[derive(Debug)]
pub struct LegacyError {
    class: LegacyErrorClass,
    source: Box<dyn Error + Send + Sync>,
}

/// What kind of error it is, for those who do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LegacyErrorClass {
    /// The signature does not fit: other keys, another table, or the item was changed.
    Authentication,
    /// The keys are not there: the provider has none for this item, or a key service refused.
    Materials,
    /// What is stored makes no sense.
    Malformed,
    /// The plain item can not be sealed: a reserved name, a value that DynamoDB does not take.
    Item,
}

impl LegacyError {
    /// An error of a class; its `Display` is that of `source`.
    pub fn new(class: LegacyErrorClass, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { class, source: source.into() }
    }

    /// What kind it is.
    pub fn class(&self) -> LegacyErrorClass {
        self.class
    }

    /// Returns the error that it was made of.
    pub fn get_ref(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.source
    }
}

impl fmt::Display for LegacyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}

impl Error for LegacyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

/// When the older format is written and read: the three policies of DB-ESDK, for tables on their way from one to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegacyPolicy {
    /// `FORCE_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT`: everything written is of the older format, both can be read.
    ForceLegacyEncryptAllowLegacyDecrypt,
    /// `FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT`: everything written is a record, items of the older format can be read.
    ForbidLegacyEncryptAllowLegacyDecrypt,
    /// `FORBID_LEGACY_ENCRYPT_FORBID_LEGACY_DECRYPT`: an item of the older format is an error.
    ForbidLegacyEncryptForbidLegacyDecrypt,
}

impl LegacyPolicy {
    const ALL: [Self; 3] = [
        Self::ForceLegacyEncryptAllowLegacyDecrypt,
        Self::ForbidLegacyEncryptAllowLegacyDecrypt,
        Self::ForbidLegacyEncryptForbidLegacyDecrypt,
    ];

    /// Whether items of the older format may be read.
    pub fn reads_legacy(self) -> bool {
        self != Self::ForbidLegacyEncryptForbidLegacyDecrypt
    }

    /// The name in DB-ESDK's configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::ForceLegacyEncryptAllowLegacyDecrypt => "FORCE_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT",
            Self::ForbidLegacyEncryptAllowLegacyDecrypt => "FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT",
            Self::ForbidLegacyEncryptForbidLegacyDecrypt => "FORBID_LEGACY_ENCRYPT_FORBID_LEGACY_DECRYPT",
        }
    }
}

/// A name that is no legacy policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a legacy policy: use FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT, FORCE_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT or FORBID_LEGACY_ENCRYPT_FORBID_LEGACY_DECRYPT"
)]
pub struct UnknownLegacyPolicy;

impl FromStr for LegacyPolicy {
    type Err = UnknownLegacyPolicy;

    fn from_str(text: &str) -> Result<Self, UnknownLegacyPolicy> {
        Self::ALL.into_iter().find(|policy| policy.name() == text).ok_or(UnknownLegacyPolicy)
    }
}
