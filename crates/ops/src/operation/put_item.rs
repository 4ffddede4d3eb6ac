//! `PutItem`: the item is sealed, the item that it replaces is opened.

use std::fmt;
use std::sync::Arc;

use dynaseal_core::{Item, names_only};

use super::{OpenItem, seal_item};
use crate::error::OperationError;
use crate::expressions::Expressions;
use crate::measure::Measure;
use crate::rules;
use crate::table::SealedTable;

/// A `PutItem` request, alone or in a transaction.
#[derive(Clone, Default)]
pub struct PutItem {
    /// `Item`.
    pub item: Item,
    /// Its condition.
    pub expressions: Expressions,
}

/// Without the values.
impl fmt::Debug for PutItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutItem")
            .field("item", &names_only(&self.item))
            .field("expressions", &self.expressions)
            .finish()
    }
}

impl PutItem {
    const NAME: &'static str = "PutItem";

    /// Seals the item.
    ///
    /// # Errors
    /// If the condition looks at encrypted attributes, or the item can not be sealed.
    pub async fn seal(
        self,
        table: &Arc<SealedTable>,
        measure: &mut Measure,
    ) -> Result<(Self, OpenItem), OperationError> {
        self.seal_in(Self::NAME, table, measure).await
    }

    pub(super) async fn seal_in(
        mut self,
        operation: &'static str,
        table: &Arc<SealedTable>,
        measure: &mut Measure,
    ) -> Result<(Self, OpenItem), OperationError> {
        let refused = |refusal| OperationError::new(operation, table.name(), refusal);
        rules::check(table, &mut self.expressions).map_err(refused)?;
        self.item = seal_item(operation, table, self.item, measure).await?;
        // Only now is the key whole, if a signed beacon is part of it.
        let open = OpenItem::new(operation, table, &self.item);
        Ok((self, open))
    }
}
