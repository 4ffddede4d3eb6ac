//! `Query`: as [`Scan`], with a key condition.

use std::sync::Arc;

use super::{OpenPage, Scan};
use crate::error::OperationError;
use crate::table::SealedTable;

/// A `Query` request.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// What it has in common with a scan; the key condition is one of the expressions.
    pub scan: Scan,
}

impl Query {
    const NAME: &'static str = "Query";

    /// Checks it, and makes it fetch whole items.
    ///
    /// # Errors
    /// If a condition looks at encrypted attributes, or an expression makes no sense.
    pub fn seal(self, table: &Arc<SealedTable>) -> Result<(Self, OpenPage), OperationError> {
        let (scan, page) = self.scan.seal_in(Self::NAME, table)?;
        Ok((Self { scan }, page))
    }
}
