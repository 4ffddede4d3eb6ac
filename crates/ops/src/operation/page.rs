//! Pages of items: what `Query`, `Scan` and `BatchGetItem` give back.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use dynaseal_core::{AttributeValue, FOOT, HEAD, Item, ItemError};

use dynaseal_search::Results;

use crate::error::{OperationError, Refusal};
use crate::many::open_all;
use crate::measure::Measure;
use crate::rules::Projected;
use crate::table::SealedTable;

/// Opens the items of a page.
#[derive(Clone)]
pub struct OpenPage {
    operation: &'static str,
    table: Arc<SealedTable>,
    projected: Option<Projected>,
    /// The attributes that come back from an index without being verified.
    unverified: Option<BTreeSet<String>>,
    /// The keys that were asked for, where the request says which.
    keys: Option<Vec<Item>>,
    index: Option<String>,
    /// What takes out of it what beacons brought too many.
    results: Option<Results>,
    counts_only: bool,
}

/// Without the values.
impl fmt::Debug for OpenPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, table, projected, unverified, keys, index, results, counts_only } = self;
        f.debug_struct("OpenPage")
            .field("operation", operation)
            .field("table", &table.name())
            .field("projected", projected)
            .field("unverified", unverified)
            .field("keys", &keys.as_ref().map(Vec::len))
            .field("index", index)
            .field("results", results)
            .field("counts_only", counts_only)
            .finish()
    }
}

impl OpenPage {
    pub(super) fn new(operation: &'static str, table: &Arc<SealedTable>, projected: Option<Projected>) -> Self {
        Self {
            operation,
            table: Arc::clone(table),
            projected,
            unverified: None,
            keys: None,
            index: None,
            results: None,
            counts_only: false,
        }
    }

    pub(super) fn of_index(mut self, index: Option<&str>) -> Self {
        self.index = index.map(str::to_owned);
        self.unverified = index.and_then(|index| self.table.unverified(index)).cloned();
        self
    }

    pub(super) fn filtered(mut self, results: Results, counts_only: bool) -> Self {
        self.results = Some(results);
        self.counts_only = counts_only;
        self
    }

    pub(super) fn of_keys(mut self, keys: &[Item]) -> Self {
        self.keys = Some(keys.iter().map(|key| self.table.key_of(key)).collect());
        self
    }

    /// Whether `Count` of the response has to become the number of items that are left.
    pub fn is_filtered(&self) -> bool {
        self.results.is_some()
    }

    /// Whether only the number was asked for, and the items were fetched to find it.
    pub fn counts_only(&self) -> bool {
        self.counts_only
    }

    /// The items of the response. With `Select = COUNT` there are none, and the count is DynamoDB's word;
    /// but if beacons are asked for, they are fetched to be counted.
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
        opened.map_err(|error| refused(Refusal::of_item(error, self.index.as_deref())))
    }

    /// The items of the response, each opened or with the reason why not, which has its key. Of one that can not be opened
    /// nobody knows whether it was asked for.
    pub async fn open_each(&self, mut items: Vec<Item>, measure: &mut Measure) -> Vec<Result<Item, ItemError>> {
        if let Some(results) = &self.results {
            items.retain(|item| !results.is_of_other_tenant(item));
        }
        let sealed: Vec<bool> = items.iter().map(|item| item.contains_key(HEAD)).collect();
        if self.index.is_some() && self.unverified.is_none() {
            items.iter_mut().for_each(|item| refuse_parts(item, &self.table));
        }
        let mut opened: Vec<_> = match &self.unverified {
            Some(names) => items.into_iter().map(|item| Ok(only(item, names))).collect(),
            None => open_all(self.table.encryptor(), items, measure).await,
        };
        if let Some(results) = &self.results {
            let bound = results.bind().expect("what can be wrong was looked for when the request was sealed");
            let mut sealed = sealed.into_iter();
            opened.retain(|item| {
                let sealed = sealed.next().unwrap_or_default();
                let is_wanted = |item| (sealed || results.is_of_tenant_unsealed(item)) && bound.matches(item);
                item.as_ref().map_or(true, is_wanted)
            });
        }
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

/// An index may project a sealed value and not the record around it. Where plain items can be read, such an item would
/// pass for one of those, with its ciphertext as its value: half a record makes it be refused as what it is.
fn refuse_parts(item: &mut Item, table: &SealedTable) {
    let is_plain = |(name, value): (&String, &AttributeValue)| !(table.is_encrypted(name) && looks_sealed(value));
    if !item.contains_key(HEAD) && !table.encryptor().is_legacy(item) && !item.iter().all(is_plain) {
        item.insert(FOOT.to_owned(), AttributeValue::B(Vec::new()));
    }
}

/// The form of a sealed value: a type id, which begins with one of these bytes, ciphertext and a tag of 16 bytes.
fn looks_sealed(value: &AttributeValue) -> bool {
    match value {
        AttributeValue::B(bytes) => bytes.len() >= 18 && bytes.first().is_some_and(|byte| matches!(byte, 0..=3 | 255)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dynaseal_core::{ItemEncryptor, PlaintextPolicy, RawAesKeyring, TableConfig};
    use dynaseal_testkit::block_on;

    #[test]
    fn sealed_values_without_their_record_do_not_pass_for_plain_ones() {
        let policy = PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead;
        let config = TableConfig::builder("people", "id").encrypt(["name"]).sign(["ward"]).plaintext_policy(policy);
        let keyring = RawAesKeyring::new("example", "key-1", &[7; 32]).expect("valid");
        let table = Arc::new(SealedTable::new("people", ItemEncryptor::new(config.build().expect("valid"), keyring)));
        let page = OpenPage::new("Query", &table, None).of_index(Some("by-ward"));
        let values: [AttributeValue; 10] = [
            "Ada".into(),
            7.into(),
            vec![7].into(),
            true.into(),
            AttributeValue::Null(true),
            AttributeValue::L(vec![]),
            AttributeValue::M(Item::new()),
            AttributeValue::Ss(vec!["a".into()]),
            AttributeValue::Ns(vec!["1".into()]),
            AttributeValue::Bs(vec![vec![1]]),
        ];
        for value in values {
            let of_name = |(name, value): (&str, AttributeValue)| (name.to_owned(), value);
            let plain = Item::from([("id", "p-1".into()), ("name", value), ("ward", "north".into())].map(of_name));
            let mut sealed = block_on(table.encryptor().encrypt_item(plain.clone())).expect("sealed").item;
            sealed.retain(|name, _| ["id", "name", "ward"].contains(&name.as_str()));
            let mut measure = Measure::default();
            let error = block_on(page.open(vec![sealed], &mut measure)).expect_err("half a record");
            assert!(matches!(error.refusal(), Refusal::PartialIndex { .. }), "{error:?}");
            assert_eq!(block_on(page.open(vec![plain.clone()], &mut measure)).expect("plain"), [plain]);
        }
    }
}
