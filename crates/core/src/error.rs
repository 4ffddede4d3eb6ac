//! Errors of items: which item, what is wrong, what to do next. Never a secret, never a value but those of the key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::context::ContextError;
use crate::cursor::Malformed;
use crate::legacy::LegacyError;
use crate::materials::MaterialsError;
use crate::primitives::CryptoError;
use crate::schema::{FOOT, HEAD, TableConfig};
use crate::serialize::ValueError;
use crate::value::{AttributeValue, Item, MAX_ITEM_SIZE};

/// One item could not be sealed or opened.
///
/// `Display` names the item; [`kind`](Self::kind), which is also the `source()`, says why.
#[derive(Debug, thiserror::Error)]
#[error("item {} of table `{}` can not be {}", place.text, place.table, place.verb)]
pub struct ItemError {
    // On the heap, so that results stay small.
    place: Box<Place>,
    #[source]
    kind: Box<ErrorKind>,
}

#[derive(Debug)]
struct Place {
    table: String,
    key: Item,
    text: String,
    verb: &'static str,
}

impl ItemError {
    pub(crate) fn new(config: &TableConfig, item: &Item, verb: &'static str, kind: ErrorKind) -> Self {
        let table = config.logical_table_name().to_owned();
        let key = config.key_names().filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect();
        let text = ItemKey::new(config, item).to_string();
        Self { place: Box::new(Place { table, key, text, verb }), kind: Box::new(kind) }
    }

    /// Why.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The logical table name.
    pub fn table(&self) -> &str {
        &self.place.table
    }

    /// The key attributes as text: `(pk = "a", sk = 5)`. Long values are cut.
    pub fn key(&self) -> &str {
        &self.place.text
    }

    /// The key attributes, as far as the item has them: what a request needs to find it.
    pub fn key_attributes(&self) -> &Item {
        &self.place.key
    }
}

/// Why an item could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The item has no partition or sort key.
    #[error("the key attribute `{name}` is missing")]
    KeyMissing {
        /// The key attribute.
        name: String,
    },
    /// The configuration does not say what to do with an attribute.
    #[error("`{name}` has no action: configure one, or make it unsigned")]
    NoAction {
        /// The attribute.
        name: String,
    },
    /// An attribute of the encryption context is not there.
    #[error("`{name}` is missing, but SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT: every item needs it")]
    ContextAttributeMissing {
        /// The attribute.
        name: String,
    },
    /// The item has an attribute that belongs to the library.
    #[error("`{name}` starts with `aws_dbe_`, which is reserved: is the item sealed already?")]
    ReservedAttribute {
        /// The attribute.
        name: String,
    },
    /// A value that DynamoDB or the format does not allow.
    #[error("`{name}` can not be part of a record")]
    Value {
        /// The attribute.
        name: String,
        /// Where in it, and what is wrong.
        #[source]
        source: ValueError,
    },
    /// The encryption context can not be built.
    #[error("the encryption context can not be built")]
    Context(#[from] ContextError),
    /// More attributes than a header can list.
    #[error("{count} signed attributes; a record takes at most 65535")]
    TooManyAttributes {
        /// How many there are.
        count: usize,
    },
    /// The sealed item would be too large for DynamoDB.
    #[error(
        "sealed, the item has {size} bytes, and DynamoDB takes at most {MAX_ITEM_SIZE} (header, footer and 18 bytes for every sealed attribute included): move data to other items or to S3"
    )]
    TooLarge {
        /// The size of the sealed item in bytes.
        size: usize,
    },
    /// The item is not sealed, and the plaintext policy does not allow that.
    #[error("it is not sealed: `{HEAD}` and `{FOOT}` are both missing. {}", plain_advice(*has_legacy_policy))]
    NotSealed {
        /// Whether the table has a legacy policy, beside which there is no plaintext policy.
        has_legacy_policy: bool,
    },
    /// An item of the DynamoDB Encryption Client, and the legacy policy does not allow that.
    #[error(
        "it is of the older DynamoDB Encryption Client, and nothing says that such items may be read: {}",
        legacy_advice(*has_plaintext_policy)
    )]
    LegacyForbidden {
        /// Whether the table has a plaintext policy, beside which there is no legacy policy.
        has_plaintext_policy: bool,
    },
    /// It could not be sealed or opened in the older format.
    #[error("in the format of the DynamoDB Encryption Client")]
    Legacy(#[source] LegacyError),
    /// The encryptor of the older format gave back another item.
    #[error("the encryptor of the older format changed its key attributes: it is configured with other ones")]
    LegacyKey,
    /// Only one of header and footer is there.
    #[error("`{name}` is missing or not binary: it was removed, or a projection left it out")]
    Incomplete {
        /// `aws_dbe_head` or `aws_dbe_foot`.
        name: &'static str,
    },
    /// Header, footer or a sealed value make no sense.
    #[error("`{name}` is malformed")]
    Malformed {
        /// The attribute.
        name: String,
        /// Where in it.
        #[source]
        source: Malformed,
    },
    /// The item does not have as many signed attributes as the record.
    #[error(
        "the record signs {expected} attributes and the item has {found}: some were added or removed (by somebody, or by a projection), or the configuration leaves others unsigned than the writer's{}",
        WithoutAction(without_action)
    )]
    SignedAttributes {
        /// How many attributes the legend lists.
        expected: usize,
        /// How many there are.
        found: usize,
        /// Those of the item that the configuration does not know, in the order of their names.
        without_action: Vec<String>,
    },
    /// The header stores a pair of the encryption context that only the item and the configuration may supply.
    #[error(
        "its header claims `{key}` in the encryption context, which no writer stores there: whoever sealed it may have meant it to be taken for another's item. Do not trust it, and find out who wrote it"
    )]
    StoredContext {
        /// The pair's key, cut after 64 characters.
        key: String,
    },
    /// The legend gives a key attribute an action that no writer gives it.
    #[error(
        "its header does not bind the key attribute `{name}` as every writer does: an attribute was renamed or exchanged after sealing, or whoever sealed it meant it to be taken for another's item. Do not trust it, and find out who wrote it"
    )]
    KeyAction {
        /// The key attribute.
        name: String,
    },
    /// No materials.
    #[error("no keys for it")]
    Materials(#[from] MaterialsError),
    /// The record is not what was written: header, values, names or table were changed. Which check failed is not said.
    #[error("authentication failed: it was changed after sealing, or belongs to another table or item")]
    Authentication,
    /// The cryptographic library refused.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

fn plain_advice(has_legacy_policy: bool) -> &'static str {
    if has_legacy_policy {
        "Beside a legacy policy such items cannot be read: migrate the table, from plaintext and from the older client together"
    } else {
        "If such items are expected, set the plaintext policy FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ"
    }
}

fn legacy_advice(has_plaintext_policy: bool) -> &'static str {
    if has_plaintext_policy {
        "beside a plaintext policy they cannot be: migrate the table, from the older client and from plaintext together"
    } else {
        "configure that format with the legacy policy FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT, or migrate the table"
    }
}

/// Attributes that nobody configured, and what to do if they belong there.
struct WithoutAction<'a>(&'a [String]);

impl fmt::Display for WithoutAction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        if self.0.is_empty() {
            return Ok(());
        }
        f.write_str(". Without an action here: ")?;
        for (index, name) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}`{name}`", if index == 0 { "" } else { ", " })?;
        }
        if self.0.len() > SHOWN {
            write!(f, " and {} more", self.0.len() - SHOWN)?;
        }
        f.write_str(": if others than the writer add them, make them unsigned, each or by their common beginning")
    }
}

impl ErrorKind {
    pub(crate) fn value(name: &str, source: ValueError) -> Self {
        Self::Value { name: name.to_owned(), source }
    }

    pub(crate) fn malformed(name: &str, source: Malformed) -> Self {
        Self::Malformed { name: name.to_owned(), source }
    }
}

/// The key of an item, as far as it is there, for messages: `(pk = "a", sk = 5)`. Long values are cut.
#[derive(Clone, Copy)]
pub struct ItemKey<'a> {
    config: &'a TableConfig,
    item: &'a Item,
}

/// As it stands in messages: of the item, nothing but the key.
impl fmt::Debug for ItemKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemKey{self}")
    }
}

impl<'a> ItemKey<'a> {
    /// Of an item of a table.
    pub fn new(config: &'a TableConfig, item: &'a Item) -> Self {
        Self { config, item }
    }
}

impl fmt::Display for ItemKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (index, name) in self.config.key_names().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            match self.item.get(name) {
                Some(value) => write!(f, "{name} = {}", key_text(value))?,
                None => write!(f, "no {name}")?,
            }
        }
        f.write_str(")")
    }
}

/// Key values can have 2,048 bytes; the start says enough.
fn key_text(value: &AttributeValue) -> String {
    const LONGEST: usize = 64;
    let cut = |text: &str| match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    };
    match value {
        AttributeValue::S(text) => format!("{:?}", cut(text)),
        AttributeValue::N(number) => cut(number).escape_debug().to_string(),
        AttributeValue::B(bytes) => cut(&BASE64.encode(bytes.get(..LONGEST).unwrap_or(bytes))),
        other => format!("a value of type {}", other.type_name()),
    }
}
