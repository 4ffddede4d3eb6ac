//! `BatchWriteItem`: items to put are sealed; those that come back unprocessed are the caller's plain ones again.

use std::sync::Arc;

use dynaseal_core::Item;

use super::seal_item;
use crate::error::{OperationError, Refusal};
use crate::measure::Measure;
use crate::table::SealedTable;

/// One table of a `BatchWriteItem` request.
#[derive(Clone, Debug, Default)]
pub struct BatchWriteTable {
    /// Its requests.
    pub requests: Vec<WriteRequest>,
}

/// One request of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum WriteRequest {
    /// A `PutRequest` with its item.
    Put(Item),
    /// A `DeleteRequest`, of which nothing has to be sealed.
    Delete,
}

/// Finds the caller's item for a sealed one.
#[derive(Clone, Debug)]
pub struct MapBack {
    table: Arc<SealedTable>,
    plain: Vec<Item>,
}

impl BatchWriteTable {
    const NAME: &'static str = "BatchWriteItem";

    /// Seals every item to put.
    ///
    /// # Errors
    /// If one of them can not be sealed: then nothing should be sent.
    pub async fn seal(
        mut self,
        table: &Arc<SealedTable>,
        measure: &mut Measure,
    ) -> Result<(Self, MapBack), OperationError> {
        let mut plain = Vec::new();
        for request in &mut self.requests {
            if let WriteRequest::Put(item) = request {
                // Some may come back, and DynamoDB only knows them sealed.
                plain.push(item.clone());
                *item = seal_item(Self::NAME, table, std::mem::take(item), measure).await?;
            }
        }
        Ok((self, MapBack { table: Arc::clone(table), plain }))
    }
}

impl MapBack {
    /// The plain item that was sealed to `sealed`, an item of `UnprocessedItems`. A batch has every key once at most, so
    /// the key finds it.
    ///
    /// # Errors
    /// If there was no such item in the request.
    pub fn plain(&self, sealed: &Item) -> Result<Item, OperationError> {
        let same = |plain: &&Item| self.table.same_key(plain, sealed);
        self.plain
            .iter()
            .find(same)
            .cloned()
            .ok_or_else(|| OperationError::new(BatchWriteTable::NAME, self.table.name(), Refusal::UnknownItem))
    }
}
