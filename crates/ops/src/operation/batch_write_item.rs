//! `BatchWriteItem`: items to put are sealed; those that come back unprocessed are the caller's plain ones again.

use std::fmt;
use std::sync::Arc;

use dynaseal_core::Item;

use crate::error::{OperationError, Refusal};
use crate::many::seal_all;
use crate::measure::Measure;
use crate::rules;
use crate::table::SealedTable;

/// One table of a `BatchWriteItem` request.
#[derive(Clone, Debug, Default)]
pub struct BatchWriteTable {
    /// Its requests.
    pub requests: Vec<WriteRequest>,
}

/// One request of a batch.
#[derive(Clone, PartialEq)]
pub enum WriteRequest {
    /// A `PutRequest` with its item.
    Put(Item),
    /// A `DeleteRequest` with its key, of which nothing has to be sealed.
    Delete(Item),
}

impl WriteRequest {
    /// Returns what an entry says, `index` being its place in the table's list, from 0: `put` is the item of its
    /// `PutRequest`, `delete` the key of its `DeleteRequest`.
    ///
    /// # Errors
    /// If it has neither, for a third kind, should there ever be one, may carry items; or both, for then one of them would
    /// pass unseen.
    pub fn of_entry(index: usize, put: Option<Item>, delete: Option<Item>) -> Result<Self, Refusal> {
        match (put, delete) {
            (Some(item), None) => Ok(Self::Put(item)),
            (None, Some(key)) => Ok(Self::Delete(key)),
            (Some(_), Some(_)) => Err(Refusal::TwoRequests { index }),
            (None, None) => Err(Refusal::Missing { parameter: "PutRequest or DeleteRequest" }),
        }
    }
}

/// Without item and key.
impl fmt::Debug for WriteRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Put(_) => "Put",
            Self::Delete(_) => "Delete",
        })
    }
}

/// Finds the caller's item for a sealed one.
#[derive(Clone)]
pub struct MapBack {
    table: Arc<SealedTable>,
    /// Each with its key as it was sealed, which a signed beacon may be part of.
    plain: Vec<(Item, Item)>,
}

impl BatchWriteTable {
    const NAME: &'static str = "BatchWriteItem";

    /// Seals every item to put.
    ///
    /// # Errors
    /// If one of them can not be sealed, or a key to delete has more than key attributes: then nothing should be sent.
    pub async fn seal(
        mut self,
        table: &Arc<SealedTable>,
        measure: &mut Measure,
    ) -> Result<(Self, MapBack), OperationError> {
        let mut deleted = self.requests.iter().filter_map(|request| match request {
            WriteRequest::Put(_) => None,
            WriteRequest::Delete(key) => Some(key),
        });
        let refused = |refusal| OperationError::new(Self::NAME, table.name(), refusal);
        deleted.try_for_each(|key| rules::only_key(table, "Key", key)).map_err(refused)?;
        let puts = self.requests.iter_mut().filter_map(|request| match request {
            WriteRequest::Put(item) => Some(item),
            WriteRequest::Delete(_) => None,
        });
        // Some may come back, and DynamoDB only knows them sealed.
        let mut places: Vec<&mut Item> = puts.collect();
        let plain: Vec<Item> = places.iter().map(|item| Item::clone(item)).collect();
        let items = places.iter_mut().map(|place| std::mem::take(*place)).collect();
        let sealed = seal_all(Self::NAME, table, items, measure).await?;
        let plain = sealed.iter().map(|item| table.key_of(item)).zip(plain).collect();
        places.into_iter().zip(sealed).for_each(|(place, item)| *place = item);
        Ok((self, MapBack { table: Arc::clone(table), plain }))
    }
}

/// Without the items.
impl fmt::Debug for MapBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, plain } = self;
        f.debug_struct("MapBack").field("table", &table.name()).field("items", &plain.len()).finish()
    }
}

impl MapBack {
    /// The plain item that was sealed to `sealed`, an item of `UnprocessedItems`. A batch has every key once at most, so
    /// the key finds it.
    ///
    /// # Errors
    /// If there was no such item in the request.
    pub fn plain(&self, sealed: &Item) -> Result<Item, OperationError> {
        self.plain
            .iter()
            .find(|(key, _)| self.table.same_key(key, sealed))
            .map(|(_, plain)| plain.clone())
            .ok_or_else(|| OperationError::new(BatchWriteTable::NAME, self.table.name(), Refusal::UnknownItem))
    }
}
