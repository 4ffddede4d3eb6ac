//! What may go wrong with a model's items: which operation, which table, which item, and why.

use std::fmt;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use dynaseal_client::UpdateError;
use dynaseal_core::{AttributeError, AttributeValue};
use dynaseal_legacy::pynamodb_mate;

use super::{FieldError, Unfit};

/// An operation on a model's table that failed.
///
/// `Display` says which operation, table and item; [`kind`](Self::kind), which is also the `source()`, says why.
#[derive(Debug)]
pub struct ModelError {
    place: Box<Place>,
    kind: Box<ModelErrorKind>,
}

#[derive(Debug)]
struct Place {
    operation: &'static str,
    table: String,
    key: Option<String>,
}

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelErrorKind {
    /// The item is not, or not any more, what the condition says.
    #[error("the condition does not hold")]
    Condition,
    /// The item's version is another one now.
    #[error("the item was changed or deleted since it was read: refresh it, and do again what is to be done")]
    Version,
    /// There is no such item.
    #[error("there is no such item")]
    NotFound,
    /// A value does not fit into a field, or a field's value not into DynamoDB.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A value in a condition, an update or a key.
    #[error("the value for `{attribute}` can not be used: {reason}")]
    Value {
        /// The attribute.
        attribute: &'static str,
        /// Why.
        reason: Unfit,
    },
    /// A sealed attribute can not be sealed or opened.
    #[error(transparent)]
    Attribute(#[from] AttributeError),
    /// A value in the format of pynamodb_mate can not be opened.
    #[error("`{attribute}`, which is in pynamodb_mate's format, can not be opened")]
    Legacy {
        /// The attribute.
        attribute: &'static str,
        /// Why.
        #[source]
        source: pynamodb_mate::Error,
    },
    /// It was done, and what came back of it can not be read: do not do it again.
    #[error("it was done, but what came back can not be read")]
    Done(#[source] Box<ModelErrorKind>),
    /// The request can not be made.
    #[error("{0}")]
    Refused(String),
    /// An update of sealed attributes of a record.
    #[error(transparent)]
    Update(#[from] UpdateError),
    /// A transaction that DynamoDB called off: a reason for each of its parts, `None` where it was not the reason.
    #[error("the transaction was called off ({})", reasons.iter().map(|reason| reason.as_deref().unwrap_or("None")).collect::<Vec<_>>().join(", "))]
    Canceled {
        /// DynamoDB's codes, as `ConditionalCheckFailed`.
        reasons: Vec<Option<String>>,
    },
    /// What the SDK says: DynamoDB refused, or did not answer, or an item's record can not be opened.
    #[error("{}", said(source.as_ref()))]
    Sdk {
        /// In its words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The SDK's own text is only "service error".
fn said(source: &(dyn std::error::Error + 'static)) -> String {
    let mut text = source.to_string();
    let mut next = source.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

impl ModelError {
    pub(super) fn new(
        operation: &'static str,
        table: &str,
        key: Option<String>,
        kind: impl Into<ModelErrorKind>,
    ) -> Self {
        Self { place: Box::new(Place { operation, table: table.to_owned(), key }), kind: Box::new(kind.into()) }
    }

    /// For what came back of a write.
    pub(super) fn after_the_fact(self) -> Self {
        Self { place: self.place, kind: Box::new(ModelErrorKind::Done(self.kind)) }
    }

    /// Why.
    pub fn kind(&self) -> &ModelErrorKind {
        &self.kind
    }

    /// The table.
    pub fn table(&self) -> &str {
        &self.place.table
    }

    /// The item's key as text, if it is about one item. Long values are cut.
    pub fn key(&self) -> Option<&str> {
        self.place.key.as_deref()
    }

    /// Whether a condition did not hold.
    pub fn is_condition(&self) -> bool {
        matches!(*self.kind, ModelErrorKind::Condition)
            || matches!(&*self.kind, ModelErrorKind::Update(error) if error.is_condition())
    }

    /// Whether somebody else changed the item since it was read.
    pub fn is_version_conflict(&self) -> bool {
        matches!(*self.kind, ModelErrorKind::Version)
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { operation, table, key } = &*self.place;
        write!(f, "{operation} on table `{table}`")?;
        if let Some(key) = key {
            write!(f, ", item {key},")?;
        }
        f.write_str(" failed")
    }
}

impl std::error::Error for ModelError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.kind)
    }
}

impl<E, R> From<SdkError<E, R>> for ModelErrorKind
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        match error.as_service_error().and_then(ProvideErrorMetadata::code) {
            Some("ConditionalCheckFailedException") => Self::Condition,
            _ => Self::Sdk { source: Box::new(error) },
        }
    }
}

/// The attributes of a key as text: `(aid = "a", n = 5)`.
pub(super) fn key_text<'k>(key: impl IntoIterator<Item = (&'k str, &'k AttributeValue)>) -> String {
    const LONGEST: usize = 64;
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) if text.chars().count() > LONGEST => {
            format!("{:?}…", text.chars().take(LONGEST).collect::<String>())
        }
        AttributeValue::S(text) => format!("{text:?}"),
        AttributeValue::N(number) => number.clone(),
        AttributeValue::B(bytes) => {
            use base64::Engine as _;
            let shown = bytes.get(..LONGEST.min(bytes.len())).unwrap_or_default();
            let text = base64::engine::general_purpose::STANDARD.encode(shown);
            format!("b\"{text}\"{}", if bytes.len() > LONGEST { "…" } else { "" })
        }
        _ => "?".to_owned(),
    };
    let parts: Vec<String> = key.into_iter().map(|(name, of)| format!("{name} = {}", value(of))).collect();
    format!("({})", parts.join(", "))
}
