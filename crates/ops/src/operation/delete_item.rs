//! `DeleteItem`: the condition is checked, the item that is gone is opened. `ConditionCheck` of transactions is the same.

use std::fmt;
use std::sync::Arc;

use dynaseal_core::{Item, names_only};

use super::OpenItem;
use crate::error::OperationError;
use crate::expressions::Expressions;
use crate::rules;
use crate::table::SealedTable;

/// A `DeleteItem` request, or a `Delete` or `ConditionCheck` of a transaction.
#[derive(Clone, Default)]
pub struct DeleteItem {
    /// `Key`.
    pub key: Item,
    /// Its condition.
    pub expressions: Expressions,
}

/// Without the values.
impl fmt::Debug for DeleteItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeleteItem")
            .field("key", &names_only(&self.key))
            .field("expressions", &self.expressions)
            .finish()
    }
}

impl DeleteItem {
    const NAME: &'static str = "DeleteItem";

    /// Checks it.
    ///
    /// # Errors
    /// If the condition looks at encrypted attributes.
    pub fn seal(self, table: &Arc<SealedTable>) -> Result<(Self, OpenItem), OperationError> {
        self.seal_in(Self::NAME, table)
    }

    pub(super) fn seal_in(
        mut self,
        operation: &'static str,
        table: &Arc<SealedTable>,
    ) -> Result<(Self, OpenItem), OperationError> {
        let refused = |refusal| OperationError::new(operation, table.name(), refusal);
        rules::only_key(table, "Key", &self.key).map_err(refused)?;
        rules::check(table, &mut self.expressions).map_err(refused)?;
        let open = OpenItem::new(operation, table, &self.key);
        Ok((self, open))
    }
}
