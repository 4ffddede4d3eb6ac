//! Writes whose answer was lost. The SDK sends them again, and then their condition fails, because of the write itself or of
//! somebody else's. Only bytes that no other write has tell which: two workers may write the same content from the same
//! version, and both must not believe that they did it.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal_client::{SendSealed as _, Tries, UpdateError};
use dynaseal_core::HEAD;

use super::error::{ModelError, ModelErrorKind};
use super::seal::{SdkItem, StoredKey};
use super::table::Inner;

/// Whether the answer to a try of a write was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost(bool);

impl Lost {
    pub(super) fn of<E, R>(tries: &Tries, error: &SdkError<E, R>) -> Self {
        // The time limit of a whole operation ends it in the middle of a try.
        Self(tries.lost() > 0 || matches!(error, SdkError::TimeoutError(_)))
    }

    /// Of a sealed update, whose write is one of several requests.
    pub(super) fn of_update(tries: &Tries, error: &UpdateError) -> Self {
        let is_ended = match error {
            UpdateError::Put(error) => matches!(**error, SdkError::TimeoutError(_)),
            UpdateError::Update(error) => matches!(**error, SdkError::TimeoutError(_)),
            _ => false,
        };
        Self(tries.lost() > 0 || is_ended)
    }

    pub(super) fn is_lost(self) -> bool {
        self.0
    }

    /// What an error means that is the last answer to a write.
    pub(super) fn kind(self, kind: ModelErrorKind) -> ModelErrorKind {
        if self.0 { ModelErrorKind::Unanswered(Box::new(kind)) } else { kind }
    }
}

/// An attribute of a write that no other write has: a value sealed with a random nonce, or the head of a record.
#[derive(Debug)]
pub(super) struct Trace {
    attribute: &'static str,
    value: SdkValue,
}

impl Trace {
    pub(super) fn new(attribute: &'static str, value: SdkValue) -> Self {
        Self { attribute, value }
    }

    /// That of the record which was put.
    pub(super) fn of_record(tries: &Tries) -> Option<Self> {
        Some(Self::new(HEAD, tries.head()?.clone()))
    }

    fn is_in(&self, row: &SdkItem) -> bool {
        row.get(self.attribute) == Some(&self.value)
    }
}

impl Inner {
    /// The row as it is stored, if an answer was lost and this very write has made it; otherwise the error.
    pub(super) async fn settle(
        &self,
        operation: &'static str,
        key: &StoredKey,
        kind: ModelErrorKind,
        lost: Lost,
        trace: Option<Trace>,
    ) -> Result<SdkItem, ModelError> {
        let failed = matches!(kind, ModelErrorKind::Condition | ModelErrorKind::Version | ModelErrorKind::NotFound);
        if let (Lost(true), true, Some(trace)) = (lost, failed, trace)
            && let Ok(Some(row)) = self.stored_row(operation, key).await
            && trace.is_in(&row)
        {
            return Ok(row);
        }
        Err(self.item_error(operation, key, lost.kind(kind)))
    }

    /// Whether an answer to a deletion was lost and the item is gone; otherwise the error. What is gone has nothing that could
    /// tell who deleted it, so nothing comes out.
    pub(super) async fn settle_delete(
        &self,
        operation: &'static str,
        key: &StoredKey,
        kind: ModelErrorKind,
        lost: Lost,
    ) -> Result<(), ModelError> {
        let failed = matches!(kind, ModelErrorKind::Condition | ModelErrorKind::Version);
        if lost == Lost(true) && failed && matches!(self.stored_row(operation, key).await, Ok(None)) {
            return Ok(());
        }
        Err(self.item_error(operation, key, lost.kind(kind)))
    }

    /// The row as it is stored now, sealed.
    pub(super) async fn stored_row(
        &self,
        operation: &'static str,
        key: &StoredKey,
    ) -> Result<Option<SdkItem>, ModelError> {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key.to_sdk())).consistent_read(true);
        let found = get.send_as_stored().await.map_err(|error| self.item_error(operation, key, error))?;
        found.item.map(|row| self.same_item(operation, key, row)).transpose()
    }
}
