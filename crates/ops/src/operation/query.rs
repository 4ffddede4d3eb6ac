//! `Query`: as [`Scan`], with a key condition. Where items are in partitions, it may take several.

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
    /// If a condition looks at encrypted attributes in a way that beacons can not answer, or an expression makes no sense.
    pub async fn seal(self, table: &Arc<SealedTable>) -> Result<(Self, OpenPage), OperationError> {
        let (scan, page) = self.scan.seal_in(Self::NAME, table).await?;
        Ok((Self { scan }, page))
    }

    /// Requests that together see every partition, whatever partition it names; one, if the table has none. What comes
    /// back next to them opens the responses of all.
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    pub async fn seal_all(self, table: &Arc<SealedTable>) -> Result<(Vec<Self>, OpenPage), OperationError> {
        let refused = |refusal| OperationError::new(Self::NAME, table.name(), refusal);
        let (scan, page, analysis) = self.scan.analyze(Self::NAME, table).map_err(refused)?;
        let Some(analysis) = analysis else { return Ok((vec![Self { scan }], page)) };
        let requests = analysis.rewrite_all().await.map_err(|error| refused(error.into()))?;
        let query = |request| {
            let mut scan = scan.clone();
            scan.put(request);
            Self { scan }
        };
        Ok((requests.into_iter().map(query).collect(), page))
    }

    /// How many queries it takes to see every partition (GetNumberOfQueries).
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    pub fn queries(self, table: &Arc<SealedTable>) -> Result<u8, OperationError> {
        let analyzed = self.scan.analyze(Self::NAME, table);
        let (_, _, analysis) = analyzed.map_err(|refusal| OperationError::new(Self::NAME, table.name(), refusal))?;
        Ok(analysis.map_or(1, |analysis| analysis.queries()))
    }
}
