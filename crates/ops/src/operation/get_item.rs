//! `GetItem`: the whole item is fetched and opened, then projected.

use std::fmt;
use std::sync::Arc;

use dynaseal_core::{Item, names_only};

use super::OpenItem;
use crate::error::OperationError;
use crate::expressions::Expressions;
use crate::measure::Measure;
use crate::rules::{self, Projected};
use crate::table::SealedTable;

/// A `GetItem` request, alone or in a transaction.
#[derive(Clone, Default)]
pub struct GetItem {
    /// `Key`.
    pub key: Item,
    /// Its projection.
    pub expressions: Expressions,
}

/// Without the values.
impl fmt::Debug for GetItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetItem").field("key", &names_only(&self.key)).field("expressions", &self.expressions).finish()
    }
}

/// Opens the item of the response.
#[derive(Clone, Debug)]
pub struct OpenGetItem {
    item: OpenItem,
    projected: Option<Projected>,
}

impl GetItem {
    const NAME: &'static str = "GetItem";

    /// Makes it fetch the whole item.
    ///
    /// # Errors
    /// If the projection makes no sense.
    pub fn seal(self, table: &Arc<SealedTable>) -> Result<(Self, OpenGetItem), OperationError> {
        self.seal_in(Self::NAME, table)
    }

    pub(super) fn seal_in(
        mut self,
        operation: &'static str,
        table: &Arc<SealedTable>,
    ) -> Result<(Self, OpenGetItem), OperationError> {
        let refused = |refusal| OperationError::new(operation, table.name(), refusal);
        rules::only_key(table, "Key", &self.key).map_err(refused)?;
        let projected = rules::check(table, &mut self.expressions).map_err(refused)?;
        let open = OpenGetItem { item: OpenItem::new(operation, table, &self.key), projected };
        Ok((self, open))
    }
}

impl OpenGetItem {
    /// What was asked for, of the item as it was written.
    ///
    /// # Errors
    /// If it can not be opened.
    pub async fn open(&self, item: Item, measure: &mut Measure) -> Result<Item, OperationError> {
        let item = self.item.open(item, measure).await?;
        Ok(match &self.projected {
            Some(projected) => projected.apply(item),
            None => item,
        })
    }
}
