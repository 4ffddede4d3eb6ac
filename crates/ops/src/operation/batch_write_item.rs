//! `BatchWriteItem`: items to put are sealed; those that come back unprocessed are the caller's plain ones again.

use std::fmt;
use std::sync::Arc;

use dynaseal_core::Item;

use crate::error::{OperationError, Refusal};
use crate::many::seal_all;
use crate::measure::Measure;
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
    /// A `DeleteRequest`, of which nothing has to be sealed.
    Delete,
}

/// Without the item.
impl fmt::Debug for WriteRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Put(_) => "Put",
            Self::Delete => "Delete",
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
    /// If one of them can not be sealed: then nothing should be sent.
    pub async fn seal(
        mut self,
        table: &Arc<SealedTable>,
        measure: &mut Measure,
    ) -> Result<(Self, MapBack), OperationError> {
        let puts = self.requests.iter_mut().filter_map(|request| match request {
            WriteRequest::Put(item) => Some(item),
            WriteRequest::Delete => None,
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
