//! Pages of items: what `Query`, `Scan` and `BatchGetItem` give back.

use std::collections::BTreeSet;
use std::sync::Arc;

use dynaseal_core::{ErrorKind, Item, ItemError};

use crate::error::{OperationError, Refusal};
use crate::many::open_all;
use crate::measure::Measure;
use crate::rules::Projected;
use crate::table::SealedTable;

/// Opens the items of a page.
#[derive(Clone, Debug)]
pub struct OpenPage {
    operation: &'static str,
    table: Arc<SealedTable>,
    projected: Option<Projected>,
    /// The attributes that come back from an index without being verified.
    unverified: Option<BTreeSet<String>>,
    /// The keys that were asked for, where the request says which.
    keys: Option<Vec<Item>>,
    index: Option<String>,
}

impl OpenPage {
    pub(super) fn new(operation: &'static str, table: &Arc<SealedTable>, projected: Option<Projected>) -> Self {
        Self { operation, table: Arc::clone(table), projected, unverified: None, keys: None, index: None }
    }

    pub(super) fn of_index(mut self, index: Option<&str>) -> Self {
        self.index = index.map(str::to_owned);
        self.unverified = index.and_then(|index| self.table.unverified(index)).cloned();
        self
    }

    pub(super) fn of_keys(mut self, keys: &[Item]) -> Self {
        self.keys = Some(keys.iter().map(|key| self.table.key_of(key)).collect());
        self
    }

    /// The items of the response. With `Select = COUNT` there are none, and the count is DynamoDB's word.
    ///
    /// # Errors
    /// If one of them can not be opened: then the error is about the first such item, and none is handed over. Or if one
    /// has a key that was not asked for.
    pub async fn open(&self, items: Vec<Item>, measure: &mut Measure) -> Result<Vec<Item>, OperationError> {
        let refused = |refusal| OperationError::new(self.operation, self.table.name(), refusal);
        let asked = |item| self.keys.as_ref().is_none_or(|keys| keys.iter().any(|key| self.table.same_key(key, item)));
        if !items.iter().all(asked) {
            return Err(refused(Refusal::OtherItem));
        }
        let opened: Result<Vec<_>, _> = self.open_each(items, measure).await.into_iter().collect();
        opened.map_err(|error| refused(self.refusal(error)))
    }

    /// An item of an index without its record is most likely not plain, but projected.
    fn refusal(&self, source: ItemError) -> Refusal {
        let is_part = matches!(
            source.kind(),
            ErrorKind::NotSealed | ErrorKind::Incomplete { .. } | ErrorKind::SignedAttributes { .. }
        );
        match &self.index {
            Some(index) if is_part => Refusal::PartialIndex { index: index.clone(), source },
            _ => source.into(),
        }
    }

    /// The items of the response, each opened or with the reason why not, which has its key.
    pub async fn open_each(&self, items: Vec<Item>, measure: &mut Measure) -> Vec<Result<Item, ItemError>> {
        let mut opened: Vec<_> = match &self.unverified {
            Some(names) => items.into_iter().map(|item| Ok(only(item, names))).collect(),
            None => open_all(self.table.encryptor(), items, measure).await,
        };
        if let Some(projected) = &self.projected {
            projected.apply_each(&mut opened);
        }
        opened
    }
}

fn only(mut item: Item, names: &BTreeSet<String>) -> Item {
    item.retain(|name, _| names.contains(name));
    item
}
