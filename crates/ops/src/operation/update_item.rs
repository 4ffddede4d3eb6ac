//! `UpdateItem`: unsigned attributes only, of items that are there. What it returns is opened where it is a whole item.

use std::fmt;
use std::sync::Arc;

use dynaseal_core::{CryptoAction, Item, names_only};

use super::OpenItem;
use crate::error::{OperationError, Refusal};
use crate::expressions::Expressions;
use crate::measure::Measure;
use crate::rules;
use crate::table::SealedTable;

/// An `UpdateItem` request, alone or in a transaction.
#[derive(Clone, Default)]
pub struct UpdateItem {
    /// `Key`.
    pub key: Item,
    /// Its update and condition.
    pub expressions: Expressions,
    /// `ReturnValues`.
    pub return_values: Option<String>,
}

/// Without the values.
impl fmt::Debug for UpdateItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateItem")
            .field("key", &names_only(&self.key))
            .field("expressions", &self.expressions)
            .field("return_values", &self.return_values)
            .finish()
    }
}

/// Opens what the response returns.
#[derive(Clone, Debug)]
pub struct OpenUpdateItem {
    item: OpenItem,
    whole: bool,
}

impl UpdateItem {
    const NAME: &'static str = "UpdateItem";

    /// Checks it.
    ///
    /// # Errors
    /// If it touches signed attributes, if its condition looks at encrypted ones, or if it might create an item.
    pub fn seal(self, table: &Arc<SealedTable>) -> Result<(Self, OpenUpdateItem), OperationError> {
        self.seal_in(Self::NAME, table)
    }

    pub(super) fn seal_in(
        mut self,
        operation: &'static str,
        table: &Arc<SealedTable>,
    ) -> Result<(Self, OpenUpdateItem), OperationError> {
        let refused = |refusal| OperationError::new(operation, table.name(), refusal);
        rules::only_key(table, "Key", &self.key).map_err(refused)?;
        rules::check(table, &mut self.expressions).map_err(refused)?;
        rules::no_upsert(table, &self.expressions).map_err(refused)?;
        let whole = matches!(self.return_values.as_deref(), Some("ALL_OLD" | "ALL_NEW"));
        let open = OpenUpdateItem { item: OpenItem::new(operation, table, &self.key), whole };
        Ok((self, open))
    }
}

impl OpenUpdateItem {
    /// What opens the item of a failed condition.
    pub fn item(&self) -> &OpenItem {
        &self.item
    }

    /// `Attributes` of the response.
    ///
    /// # Errors
    /// If they are a whole item and can not be opened, or if they are not and something signed is among them.
    pub async fn open(&self, attributes: Item, measure: &mut Measure) -> Result<Item, OperationError> {
        if self.whole {
            return self.item.open(attributes, measure).await;
        }
        let OpenItem { operation, table, .. } = &self.item;
        let signed = |name: &&String| table.config().action(name) != Some(CryptoAction::DoNothing);
        match attributes.keys().find(signed) {
            Some(name) => {
                let refusal = Refusal::SignedInResponse { name: name.clone() };
                Err(OperationError::new(operation, table.name(), refusal))
            }
            None => Ok(attributes),
        }
    }
}
