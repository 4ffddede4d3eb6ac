//! `TransactWriteItems`: each entry as the operation that it stands for; items of failed conditions are opened.

use std::sync::Arc;

use dynaseal_core::Item;

use super::{DeleteItem, OpenItem, PutItem, UpdateItem};
use crate::error::{OperationError, Refusal};
use crate::measure::Measure;
use crate::table::SealedTable;

/// Entries of a `TransactWriteItems` request.
#[derive(Clone, Copy, Debug)]
pub struct TransactWrite;

/// Opens the items of `CancellationReasons`.
#[derive(Clone, Debug, Default)]
pub struct OpenReasons {
    entries: Vec<Option<OpenItem>>,
}

impl TransactWrite {
    const NAME: &'static str = "TransactWriteItems";

    /// A `Put`.
    ///
    /// # Errors
    /// As `PutItem`.
    pub async fn put(
        put: PutItem,
        table: &Arc<SealedTable>,
        measure: &mut Measure,
    ) -> Result<(PutItem, OpenItem), OperationError> {
        put.seal_in(Self::NAME, table, measure).await
    }

    /// An `Update`.
    ///
    /// # Errors
    /// As `UpdateItem`.
    pub fn update(update: UpdateItem, table: &Arc<SealedTable>) -> Result<(UpdateItem, OpenItem), OperationError> {
        let (update, open) = update.seal_in(Self::NAME, table)?;
        Ok((update, open.item().clone()))
    }

    /// A `Delete` or a `ConditionCheck`.
    ///
    /// # Errors
    /// As `DeleteItem`.
    pub fn check(check: DeleteItem, table: &Arc<SealedTable>) -> Result<(DeleteItem, OpenItem), OperationError> {
        check.seal_in(Self::NAME, table)
    }
}

impl OpenReasons {
    /// The entries of the request, in order; `None` for those of other tables.
    pub fn new(entries: Vec<Option<OpenItem>>) -> Self {
        Self { entries }
    }

    /// Checks that there is one reason for each entry: it would not be clear which is which.
    ///
    /// # Errors
    /// If there are more or fewer.
    pub fn check_count(&self, found: usize) -> Result<(), OperationError> {
        let expected = self.entries.len();
        match found == expected {
            true => Ok(()),
            false => Err(OperationError::without_table(TransactWrite::NAME, Refusal::Count { expected, found })),
        }
    }

    /// Whether the entry is of a sealed table.
    pub fn is_sealed(&self, index: usize) -> bool {
        self.entries.get(index).is_some_and(Option::is_some)
    }

    /// The item that an entry of `CancellationReasons` shows, `index` from 0.
    ///
    /// # Errors
    /// If it can not be opened.
    pub async fn open(&self, index: usize, item: Item, measure: &mut Measure) -> Result<Item, OperationError> {
        match self.entries.get(index) {
            Some(Some(entry)) => entry.open(item, measure).await,
            _ => Ok(item),
        }
    }
}
