//! What may go wrong with a model's items: which operation, which table, which item, and why.

use std::fmt;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use dynaseal_client::UpdateError;
use dynaseal_core::{AttributeError, AttributeValue};
use dynaseal_legacy::pynamodb_mate;

use super::canceled::{CancelReason, CanceledItem, stopped};
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
    /// Another request was at work on the item at the same time.
    #[error("another request was at work on the item: do it again")]
    TransactionConflict,
    /// A transaction that DynamoDB called off, for more than one item or for another reason than a condition, a version or a
    /// conflict.
    #[error("the transaction was called off ({})", stopped(items))]
    Canceled {
        /// All its items, in the order in which they were given.
        items: Vec<CanceledItem>,
    },
    /// What came back is not the item that was asked for.
    #[error("another item came back, {found}: do not rely on it, and see what answers in place of DynamoDB")]
    OtherItem {
        /// The key of the item that came back.
        found: String,
    },
    /// The answer to a write was lost, so it may have been written. `source` is what the last try was answered.
    #[error("an answer was lost, so it may have been written: refresh the item and look before it is done again")]
    Unanswered(#[source] Box<ModelErrorKind>),
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

    /// Whether a condition did not hold; of a transaction, whether that is so of all items for which it was called off.
    pub fn is_condition(&self) -> bool {
        matches!(*self.kind, ModelErrorKind::Condition)
            || matches!(&*self.kind, ModelErrorKind::Update(error) if error.is_condition())
            || self.was_called_off_for(&CancelReason::Condition)
    }

    /// Whether somebody else changed the item since it was read; of a transaction, whether that is so of all items for which
    /// it was called off. Refresh them, and do again what is to be done.
    pub fn is_version_conflict(&self) -> bool {
        matches!(*self.kind, ModelErrorKind::Version) || self.was_called_off_for(&CancelReason::Version)
    }

    /// Whether another request was at work on the item at the same time; of a transaction, whether that is so of all items
    /// for which it was called off. Nothing was written: do it again.
    pub fn is_transaction_conflict(&self) -> bool {
        matches!(*self.kind, ModelErrorKind::TransactionConflict)
            || self.was_called_off_for(&CancelReason::TransactionConflict)
    }

    /// Whether the answer to a write with a version or a condition, an update or a transaction was lost, so that it may or may not
    /// have been written.
    pub fn is_unanswered(&self) -> bool {
        matches!(*self.kind, ModelErrorKind::Unanswered(_))
    }

    fn was_called_off_for(&self, reason: &CancelReason) -> bool {
        let ModelErrorKind::Canceled { items } = &*self.kind else { return false };
        let mut reasons = items.iter().filter_map(|item| item.reason.as_ref()).peekable();
        reasons.peek().is_some() && reasons.all(|of| of == reason)
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
            Some("TransactionConflictException") => Self::TransactionConflict,
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
