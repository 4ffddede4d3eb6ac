//! `Scan`: whole items are fetched and opened, then projected. `Query` is a scan with a key condition.

use std::sync::Arc;

use super::OpenPage;
use crate::error::OperationError;
use crate::expressions::Expressions;
use crate::rules;
use crate::table::SealedTable;

/// A `Scan` request.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// `IndexName`.
    pub index: Option<String>,
    /// `Select`.
    pub select: Option<String>,
    /// Its filter and projection.
    pub expressions: Expressions,
}

impl Scan {
    const NAME: &'static str = "Scan";

    /// Checks it, and makes it fetch whole items.
    ///
    /// # Errors
    /// If the filter looks at encrypted attributes, or an expression makes no sense.
    pub fn seal(self, table: &Arc<SealedTable>) -> Result<(Self, OpenPage), OperationError> {
        self.seal_in(Self::NAME, table)
    }

    pub(super) fn seal_in(
        mut self,
        operation: &'static str,
        table: &Arc<SealedTable>,
    ) -> Result<(Self, OpenPage), OperationError> {
        let refused = |refusal| OperationError::new(operation, table.name(), refusal);
        let projected = rules::check(table, &mut self.expressions).map_err(refused)?;
        if projected.is_some() && self.select.as_deref() == Some("SPECIFIC_ATTRIBUTES") {
            // It goes with the projection; without both, everything comes that the table or the index has.
            self.select = None;
        }
        let page = OpenPage::new(operation, table, projected).of_index(self.index.as_deref());
        Ok((self, page))
    }
}
