//! `BatchGetItem`: as many `GetItem`s of each table; requests that come back unprocessed are the caller's again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use dynaseal_core::{Item, names_only};

use super::OpenPage;
use crate::error::OperationError;
use crate::expressions::Expressions;
use crate::rules;
use crate::table::SealedTable;

/// One table of a `BatchGetItem` request: its `KeysAndAttributes`.
#[derive(Clone, Default)]
pub struct BatchGetTable {
    /// `Keys`.
    pub keys: Vec<Item>,
    /// Its projection.
    pub expressions: Expressions,
}

/// Without the values.
impl fmt::Debug for BatchGetTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchGetTable").field("keys", &self.keys.len()).field("expressions", &self.expressions).finish()
    }
}

/// Opens what the response has of the table.
#[derive(Clone)]
pub struct OpenBatchGetTable {
    /// Opens the table's items in `Responses`.
    pub page: OpenPage,
    /// The caller's projection, for `UnprocessedKeys`.
    pub projection: Option<String>,
    /// The caller's names, for `UnprocessedKeys`.
    pub names: BTreeMap<String, String>,
}

/// Without the values.
impl fmt::Debug for OpenBatchGetTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenBatchGetTable")
            .field("page", &self.page)
            .field("projection", &self.projection)
            .field("names", &names_only(&self.names))
            .finish()
    }
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
        self.keys.iter().try_for_each(|key| rules::only_key(table, "Keys", key)).map_err(refused)?;
        let projected = rules::check(table, &mut self.expressions).map_err(refused)?;
        let page = OpenPage::new(Self::NAME, table, projected).of_keys(&self.keys);
        Ok((self, OpenBatchGetTable { page, projection, names }))
    }
}
