//! `Scan`: whole items are fetched and opened, then projected. `Query` is a scan with a key condition. What is asked of
//! beacons is rewritten, and what comes back too many is taken out again.

use std::fmt;
use std::sync::Arc;

use dynaseal_core::{Item, names_only};
use dynaseal_search::{Analysis, PARTITION_VALUE, QueryRequest};

use super::OpenPage;
use crate::error::{OperationError, Refusal};
use crate::expressions::Expressions;
use crate::rules;
use crate::table::SealedTable;

/// A `Scan` request.
#[derive(Clone, Default)]
pub struct Scan {
    /// `IndexName`.
    pub index: Option<String>,
    /// `Select`.
    pub select: Option<String>,
    /// `ExclusiveStartKey`; empty if there is none.
    pub start: Item,
    /// Its filter and projection.
    pub expressions: Expressions,
}

/// Without the values.
impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan")
            .field("index", &self.index)
            .field("select", &self.select)
            .field("start", &names_only(&self.start))
            .field("expressions", &self.expressions)
            .finish()
    }
}

impl Scan {
    const NAME: &'static str = "Scan";

    /// Checks it, and makes it fetch whole items.
    ///
    /// # Errors
    /// If the filter looks at encrypted attributes in a way that beacons can not answer, or an expression makes no sense.
    pub async fn seal(self, table: &Arc<SealedTable>) -> Result<(Self, OpenPage), OperationError> {
        self.seal_in(Self::NAME, table).await
    }

    pub(super) async fn seal_in(
        self,
        operation: &'static str,
        table: &Arc<SealedTable>,
    ) -> Result<(Self, OpenPage), OperationError> {
        let refused = |refusal| OperationError::new(operation, table.name(), refusal);
        let (mut scan, page, analysis) = self.analyze(operation, table).map_err(refused)?;
        if let Some(analysis) = analysis {
            scan.put(analysis.rewrite().await.map_err(|error| refused(error.into()))?);
        }
        Ok((scan, page))
    }

    /// Everything that needs no keys.
    pub(super) fn analyze(
        mut self,
        operation: &'static str,
        table: &Arc<SealedTable>,
    ) -> Result<(Self, OpenPage, Option<Analysis>), Refusal> {
        rules::only_start_key(table, self.index.as_deref(), &self.start)?;
        let searched = table.search().filter(|_| {
            let Expressions { key_condition, filter, values, .. } = &self.expressions;
            key_condition.is_some() || filter.is_some() || values.contains_key(PARTITION_VALUE)
        });
        let Some(search) = searched else {
            let projected = rules::check(table, &mut self.expressions)?;
            self.fetch_whole_items(projected.is_some());
            let page = OpenPage::new(operation, table, projected).of_index(self.index.as_deref());
            return Ok((self, page, None));
        };
        let projected = rules::check_searched(table, &mut self.expressions)?;
        self.fetch_whole_items(projected.is_some());
        let Expressions { key_condition, filter, names, values, .. } = self.expressions.clone();
        let analysis = search.analyze(QueryRequest { key_condition, filter, names, values })?;
        let mut page = OpenPage::new(operation, table, projected).of_index(self.index.as_deref());
        if let Some(results) = analysis.results() {
            if !table.writes_records() && results.asks_beacons() {
                return Err(Refusal::PlaintextSearch);
            }
            if let Some(index) = self.index.as_ref().filter(|index| table.unverified(index).is_some()) {
                return Err(Refusal::UnverifiedSearch { index: index.clone() });
            }
            // To count what was asked for, it has to be looked at.
            let is_count = self.select.as_deref() == Some("COUNT");
            if is_count {
                self.select = None;
            }
            page = page.filtered(results.clone(), is_count);
        }
        Ok((self, page, Some(analysis)))
    }

    /// `SPECIFIC_ATTRIBUTES` goes with the projection; without both, everything comes that the table or the index has.
    fn fetch_whole_items(&mut self, is_projected: bool) {
        if is_projected && self.select.as_deref() == Some("SPECIFIC_ATTRIBUTES") {
            self.select = None;
        }
    }

    pub(super) fn put(&mut self, request: QueryRequest) {
        let QueryRequest { key_condition, filter, names, values } = request;
        self.expressions =
            Expressions { key_condition, filter, names, values, ..std::mem::take(&mut self.expressions) };
    }
}
