//! `TransactGetItems`: each entry as a `GetItem`.

use std::sync::Arc;

use dynaseal_core::Item;

use super::{GetItem, OpenGetItem};
use crate::error::{OperationError, Refusal};
use crate::measure::Measure;
use crate::table::SealedTable;

/// A `TransactGetItems` request.
#[derive(Clone, Debug, Default)]
pub struct TransactGet {
    /// Its entries in order; `None` for those of other tables.
    pub entries: Vec<Option<(Arc<SealedTable>, GetItem)>>,
}

/// Opens `Responses`.
#[derive(Clone, Debug)]
pub struct OpenTransactGet {
    entries: Vec<Option<OpenGetItem>>,
}

impl TransactGet {
    const NAME: &'static str = "TransactGetItems";

    /// Makes every entry fetch the whole item.
    ///
    /// # Errors
    /// If a projection makes no sense.
    pub fn seal(self) -> Result<(Vec<Option<GetItem>>, OpenTransactGet), OperationError> {
        let mut requests = Vec::with_capacity(self.entries.len());
        let mut entries = Vec::with_capacity(self.entries.len());
        for entry in self.entries {
            let sealed = entry.map(|(table, get)| get.seal_in(Self::NAME, &table)).transpose()?;
            let (request, open) = sealed.unzip();
            requests.push(request);
            entries.push(open);
        }
        Ok((requests, OpenTransactGet { entries }))
    }
}

impl OpenTransactGet {
    /// The items of `Responses`, in order; `None` where there was none.
    ///
    /// # Errors
    /// If one of them can not be opened, or if there are not as many as the request has entries: it would not be clear
    /// which is which.
    pub async fn open(
        &self,
        mut items: Vec<Option<Item>>,
        measure: &mut Measure,
    ) -> Result<Vec<Option<Item>>, OperationError> {
        let (expected, found) = (self.entries.len(), items.len());
        if expected != found {
            return Err(OperationError::without_table(TransactGet::NAME, Refusal::Count { expected, found }));
        }
        for (entry, item) in self.entries.iter().zip(&mut items) {
            if let (Some(entry), Some(item)) = (entry, item) {
                *item = entry.open(std::mem::take(item), measure).await?;
            }
        }
        Ok(items)
    }

    /// Whether the entry is of a sealed table.
    pub fn is_sealed(&self, index: usize) -> bool {
        self.entries.get(index).is_some_and(Option::is_some)
    }
}
