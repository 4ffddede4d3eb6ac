//! Transactions that DynamoDB called off: for which items, and why.

use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::types::CancellationReason;

use super::error::{ModelError, ModelErrorKind};
use super::table::Inner;

/// An item of a transaction that was called off.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CanceledItem {
    /// Its table.
    pub table: String,
    /// Its key as text. Long values are cut.
    pub key: String,
    /// Why the transaction was called off, if it was for this item.
    pub reason: Option<CancelReason>,
}

/// Why a transaction was called off.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelReason {
    /// The item is not what the condition says.
    Condition,
    /// The item has another version now.
    Version,
    /// Another request was at work on the item: do the transaction again.
    TransactionConflict,
    /// Anything else.
    Other {
        /// DynamoDB's code, as `ItemCollectionSizeLimitExceeded`.
        code: String,
        /// DynamoDB's words.
        message: Option<String>,
    },
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition => ModelErrorKind::Condition.fmt(f),
            Self::Version => ModelErrorKind::Version.fmt(f),
            Self::TransactionConflict => ModelErrorKind::TransactionConflict.fmt(f),
            Self::Other { code, message: Some(message) } => write!(f, "{code}: {message}"),
            Self::Other { code, message: None } => f.write_str(code),
        }
    }
}

impl fmt::Display for CanceledItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {} of `{}`", self.key, self.table)?;
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

/// Lists the items that were the reason.
pub(super) fn stopped(items: &[CanceledItem]) -> String {
    let stopped: Vec<String> = items.iter().filter(|item| item.reason.is_some()).map(ToString::to_string).collect();
    stopped.join("; ")
}

/// One of the parts of a transaction as it is sent, and what the caller named.
pub(super) struct Place {
    pub(super) table: Arc<Inner>,
    pub(super) key: String,
    /// Whether only the version can be the reason if the condition does not hold.
    pub(super) versioned: bool,
    /// Which of the caller's items it is of: one that moves to another key is of two parts.
    pub(super) item: usize,
}

/// Which items a transaction was called off for; `None` if DynamoDB gives reasons for another number of parts.
pub(super) fn items(places: &[Place], reasons: &[CancellationReason]) -> Option<Vec<CanceledItem>> {
    if places.len() != reasons.len() {
        return None;
    }
    let mut items: Vec<CanceledItem> = Vec::new();
    for (place, reason) in places.iter().zip(reasons) {
        let reason = reason_of(place, reason);
        match items.get_mut(place.item) {
            Some(item) => item.reason = item.reason.take().or(reason),
            None => items.push(CanceledItem { table: place.table.name.clone(), key: place.key.clone(), reason }),
        }
    }
    Some(items)
}

/// The error of one item where there is one alone whose condition or version was the reason, and of all of them otherwise.
pub(super) fn error(operation: &'static str, first: &Inner, items: Vec<CanceledItem>) -> ModelError {
    let mut stopped = items.iter().filter(|item| item.reason.is_some());
    let kind = match (stopped.next(), stopped.next()) {
        (Some(item), None) => match item.reason {
            Some(CancelReason::Condition) => Some((item, ModelErrorKind::Condition)),
            Some(CancelReason::Version) => Some((item, ModelErrorKind::Version)),
            Some(CancelReason::TransactionConflict) => Some((item, ModelErrorKind::TransactionConflict)),
            _ => None,
        },
        _ => None,
    };
    match kind {
        Some((item, kind)) => ModelError::new(operation, &item.table, Some(item.key.clone()), kind),
        None => first.error(operation, ModelErrorKind::Canceled { items }),
    }
}

fn reason_of(place: &Place, reason: &CancellationReason) -> Option<CancelReason> {
    Some(match reason.code()? {
        "None" => return None,
        "ConditionalCheckFailed" if place.versioned => CancelReason::Version,
        "ConditionalCheckFailed" => CancelReason::Condition,
        "TransactionConflict" => CancelReason::TransactionConflict,
        code => CancelReason::Other { code: code.to_owned(), message: reason.message().map(str::to_owned) },
    })
}
