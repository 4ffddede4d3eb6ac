//! `BatchGetItem`: as many `GetItem`s of each table; requests that come back unprocessed are the caller's again.

use std::collections::BTreeMap;
use std::sync::Arc;

use dynaseal_core::Item;

use super::OpenPage;
use crate::error::OperationError;
use crate::expressions::Expressions;
use crate::rules;
use crate::table::SealedTable;

/// One table of a `BatchGetItem` request: its `KeysAndAttributes`.
#[derive(Clone, Debug, Default)]
pub struct BatchGetTable {
    /// `Keys`.
    pub keys: Vec<Item>,
    /// Its projection.
    pub expressions: Expressions,
}

/// Opens what the response has of the table.
#[derive(Clone, Debug)]
pub struct OpenBatchGetTable {
    /// Opens the table's items in `Responses`.
    pub page: OpenPage,
    /// The caller's projection, for `UnprocessedKeys`.
    pub projection: Option<String>,
    /// The caller's names, for `UnprocessedKeys`.
    pub names: BTreeMap<String, String>,
}

impl BatchGetTable {
    const NAME: &'static str = "BatchGetItem";

    /// Makes it fetch whole items.
    ///
    /// # Errors
    /// If the projection makes no sense.
    pub fn seal(mut self, table: &Arc<SealedTable>) -> Result<(Self, OpenBatchGetTable), OperationError> {
        let Expressions { projection, names, .. } = self.expressions.clone();
        let refused = |refusal| OperationError::new(Self::NAME, table.name(), refusal);
        let projected = rules::check(table, &mut self.expressions).map_err(refused)?;
        let page = OpenPage::new(Self::NAME, table, projected).of_keys(&self.keys);
        Ok((self, OpenBatchGetTable { page, projection, names }))
    }
}
