//! Why a value is not sealed or opened. Never the value, never a key.

use std::fmt;

use super::format::AttributeSuite;
use crate::cursor::Malformed;
use crate::primitives::CryptoError;
use crate::serialize::ValueError;

/// One value could not be sealed or opened.
///
/// `Display` names the attribute and its table; [`kind`](Self::kind), which is also the `source()`, says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}")]
pub struct AttributeError {
    // On the heap, so that results stay small.
    place: Box<ErrorPlace>,
    #[source]
    kind: Box<AttributeErrorKind>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct ErrorPlace {
    attribute: String,
    /// None for a key attribute that an item is bound by: it is the same in every table.
    table: Option<String>,
    verb: &'static str,
}

impl fmt::Display for ErrorPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attribute, table, verb } = self;
        match table {
            Some(table) => write!(f, "attribute `{attribute}` of table `{table}` can not be {verb}"),
            None => write!(f, "sealed attributes can not be {verb} an item by its key attribute `{attribute}`"),
        }
    }
}

impl AttributeError {
    pub(crate) fn new(table: &str, attribute: &str, verb: &'static str, kind: AttributeErrorKind) -> Self {
        let place = ErrorPlace { attribute: attribute.to_owned(), table: Some(table.to_owned()), verb };
        Self { place: Box::new(place), kind: Box::new(kind) }
    }

    pub(crate) fn of_binding(attribute: &str, kind: AttributeErrorKind) -> Self {
        let place = ErrorPlace { attribute: attribute.to_owned(), table: None, verb: "bound to" };
        Self { place: Box::new(place), kind: Box::new(kind) }
    }

    /// Why.
    pub fn kind(&self) -> &AttributeErrorKind {
        &self.kind
    }

    /// The name of the attribute.
    pub fn attribute(&self) -> &str {
        &self.place.attribute
    }

    /// The logical table name. `None` for a key attribute that was to bind, before a table came into it.
    pub fn table(&self) -> Option<&str> {
        self.place.table.as_deref()
    }
}

/// Why a value could not be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttributeErrorKind {
    /// The bytes do not begin with the mark of sealed attributes.
    #[error("it is not sealed: the mark D5 5E is not there")]
    NotSealed,
    /// The bytes have the mark, and make no sense.
    #[error("it is not laid out as a sealed attribute")]
    Malformed(#[from] Malformed),
    /// Another version of the format.
    #[error("it has the format version {0}, and only 1 is known here: open it with a newer release")]
    UnknownVersion(u8),
    /// Another suite.
    #[error("it has the suite {0:#04x}, which is not known here: open it with a newer release")]
    UnknownSuite(u8),
    /// It was sealed in the other mode than the attribute has.
    #[error("it was sealed {found} and is asked for as {expected}")]
    OtherMode {
        /// The mode that was asked for.
        expected: AttributeSuite,
        /// The mode that the bytes name.
        found: AttributeSuite,
    },
    /// The root key that it names is not here.
    #[error("it was sealed under the root key `{id}`, which is not here: add that key for reading")]
    UnknownKey {
        /// The id of the root key.
        id: String,
    },
    /// It is not what was sealed here under the key that it names. Which check failed is not said.
    #[error(
        "authentication failed: it was changed, it belongs to another item, attribute or table, or the key of that id is another"
    )]
    NotAuthentic,
    /// It is authentic, and its content is no value of its type: a faulty program with the key wrote it.
    #[error("it is authentic, and holds no value of its type")]
    Content(#[source] Malformed),
    /// The value is none that DynamoDB takes.
    #[error("the value can not be written")]
    Value(#[from] ValueError),
    /// Primary keys are strings, numbers or bytes.
    #[error("a primary key is of type S, N or B, not {found}")]
    KeyType {
        /// The type that the attribute has.
        found: &'static str,
    },
    /// The cryptographic library refused, or the source of randomness did.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}
