//! Many items in one request: batches and transactions.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, DeleteRequest, Get, KeysAndAttributes, Put, PutRequest, TransactGetItem, TransactWriteItem,
    WriteRequest,
};
use dynaseal_client::{Sealer, SendSealed};

use super::Model;
use super::column::IntoKey;
use super::condition::Condition;
use super::error::{ModelError, ModelErrorKind};
use super::expression::{Expressions, Names};
use super::item::Row;
use super::seal::{SdkItem, StoredKey, random_fraction};
use super::table::{Inner, Table};

/// DynamoDB's limit for items that are read in a batch.
const MOST_READ: usize = 100;
/// And for those that are written.
const MOST_WRITTEN: usize = 25;
/// How often what DynamoDB left undone is sent again before it is an error.
const ATTEMPTS: u32 = 10;

/// Items to write and to delete, in as many requests as it takes.
///
/// A batch is not one step: some may be written and others not when it fails. It has no conditions, so models with a
/// version are refused: use a [`Transaction`].
#[must_use = "nothing is written before `send`"]
#[derive(Debug)]
pub struct BatchWrite<M> {
    table: Table<M>,
    writes: Result<Vec<(StoredKey, WriteRequest)>, ModelError>,
}

const BATCH_WRITE: &str = "a batch";
const BATCH_GET: &str = "getting many";

impl<M: Model> BatchWrite<M> {
    /// Writes an item.
    pub fn save(mut self, item: &M) -> Self {
        let inner = &self.table.inner;
        let row = inner.row(BATCH_WRITE, item).and_then(|row| {
            let put = PutRequest::builder().set_item(Some(row.item)).build();
            let put = put.map_err(|error| inner.error(BATCH_WRITE, ModelErrorKind::Sdk { source: error.into() }))?;
            Ok((row.key, WriteRequest::builder().put_request(put).build()))
        });
        self.push(row);
        self
    }

    /// Deletes the item with this key.
    pub fn delete(mut self, key: impl IntoKey<M, M::Partition, M::Sort>) -> Self {
        match self.table.keys(BATCH_WRITE, key) {
            Ok(keys) => keys.into_iter().for_each(|key| {
                let delete = DeleteRequest::builder().set_key(Some(key.to_sdk())).build();
                let refused =
                    |error| self.table.inner.error(BATCH_WRITE, ModelErrorKind::Sdk { source: Box::new(error) });
                let write = delete.map_err(refused);
                let write = write.map(|delete| (key, WriteRequest::builder().delete_request(delete).build()));
                self.push(write);
            }),
            Err(error) => self.push(Err(error)),
        }
        self
    }

    fn push(&mut self, write: Result<(StoredKey, WriteRequest), ModelError>) {
        match (&mut self.writes, write) {
            (Ok(writes), Ok(write)) => writes.push(write),
            (Ok(_), Err(error)) => self.writes = Err(error),
            // The first mistake is the one that is told.
            (Err(_), _) => {}
        }
    }

    /// Sends everything; what DynamoDB leaves undone is sent again.
    ///
    /// # Errors
    /// If an item can not be sealed (then nothing was sent), or DynamoDB does not take everything.
    pub async fn send(self) -> Result<(), ModelError> {
        let inner = &*self.table.inner;
        let failed = |kind: ModelErrorKind| inner.error(BATCH_WRITE, kind);
        if inner.definition.version.is_some() {
            let text = "batches have no conditions, and this model has a version: use a transaction".to_owned();
            return Err(failed(ModelErrorKind::Refused(text)));
        }
        let writes = self.writes?;
        for (index, (key, _)) in writes.iter().enumerate() {
            if writes.iter().take(index).any(|(other, _)| same(other, key)) {
                let twice =
                    "the item is in the batch twice, and DynamoDB does not say which write would win".to_owned();
                return Err(inner.item_error(BATCH_WRITE, key, ModelErrorKind::Refused(twice)));
            }
        }
        let writes: Vec<WriteRequest> = writes.into_iter().map(|(_, write)| write).collect();
        for chunk in writes.chunks(MOST_WRITTEN) {
            let mut open = chunk.to_vec();
            for attempt in 0.. {
                let batch = inner.client.batch_write_item().request_items(&inner.name, open);
                let sent = batch.send_sealed(&inner.sealer).await.map_err(|error| failed(error.into()))?;
                open = sent.unprocessed_items.unwrap_or_default().remove(&inner.name).unwrap_or_default();
                if open.is_empty() {
                    break;
                }
                inner.wait_again(BATCH_WRITE, attempt, open.len()).await?;
            }
        }
        Ok(())
    }
}

fn same(one: &StoredKey, other: &StoredKey) -> bool {
    one.attributes().eq(other.attributes())
}

impl Inner {
    /// Before what was left undone is sent again.
    async fn wait_again(&self, operation: &'static str, attempt: u32, open: usize) -> Result<(), ModelError> {
        if attempt + 1 >= ATTEMPTS {
            let text = format!("DynamoDB left {open} items undone {ATTEMPTS} times: it has not enough capacity");
            return Err(self.error(operation, ModelErrorKind::Refused(text)));
        }
        let longest = Duration::from_millis(50).saturating_mul(1 << attempt.min(6));
        tokio::time::sleep(longest.mul_f64(random_fraction())).await;
        Ok(())
    }
}

impl<M: Model> Table<M> {
    /// A batch of writes.
    pub fn batch(&self) -> BatchWrite<M> {
        BatchWrite { table: self.clone(), writes: Ok(Vec::new()) }
    }

    /// Reads many items. They come in the order of the keys, `None` for those that are not there.
    ///
    /// # Errors
    /// If one can not be opened, or DynamoDB does not give everything.
    pub async fn get_many<K: IntoKey<M, M::Partition, M::Sort>>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Vec<Option<M>>, ModelError> {
        let inner = &*self.inner;
        let keys: Vec<Vec<StoredKey>> =
            keys.into_iter().map(|key| self.keys(BATCH_GET, key)).collect::<Result<_, _>>()?;
        let mut wanted: Vec<&StoredKey> = Vec::new();
        for key in keys.iter().flatten() {
            // DynamoDB refuses a key that is named twice.
            if !wanted.iter().any(|other| same(other, key)) {
                wanted.push(key);
            }
        }
        let mut found: Vec<(StoredKey, SdkItem)> = Vec::new();
        for chunk in wanted.chunks(MOST_READ) {
            let mut open: Vec<SdkItem> = chunk.iter().map(|key| key.to_sdk()).collect();
            for attempt in 0.. {
                let request = KeysAndAttributes::builder().set_keys(Some(open)).build();
                let request =
                    request.map_err(|error| inner.error(BATCH_GET, ModelErrorKind::Sdk { source: Box::new(error) }))?;
                let batch = inner.client.batch_get_item().request_items(&inner.name, request);
                let sent = batch.send_sealed(&inner.sealer).await;
                let sent = sent.map_err(|error| inner.error(BATCH_GET, error))?;
                for row in sent.responses.unwrap_or_default().remove(&inner.name).unwrap_or_default() {
                    found.push(inner.raw(BATCH_GET, row)?);
                }
                open = sent.unprocessed_keys.unwrap_or_default().remove(&inner.name).map_or(Vec::new(), |of| of.keys);
                if open.is_empty() {
                    break;
                }
                inner.wait_again(BATCH_GET, attempt, open.len()).await?;
            }
        }
        let one = |keys: &Vec<StoredKey>| {
            let row = keys.iter().find_map(|key| found.iter().find(|(other, _)| same(other, key)));
            row.map(|(_, row)| inner.model(BATCH_GET, row.clone())).transpose()
        };
        keys.iter().map(one).collect()
    }

    /// Reads several items as they were at one moment. They come in the order of the keys.
    ///
    /// # Errors
    /// If one can not be read or opened.
    pub async fn transact_get<K: IntoKey<M, M::Partition, M::Sort>>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Vec<Option<M>>, ModelError> {
        const OPERATION: &str = "a transaction that reads";
        let inner = &*self.inner;
        let keys: Vec<Vec<StoredKey>> =
            keys.into_iter().map(|key| self.keys(OPERATION, key)).collect::<Result<_, _>>()?;
        let refused = |error: aws_sdk_dynamodb::error::BuildError| {
            inner.error(OPERATION, ModelErrorKind::Sdk { source: Box::new(error) })
        };
        let mut gets = Vec::new();
        for key in keys.iter().flatten() {
            let get = Get::builder().table_name(&inner.name).set_key(Some(key.to_sdk())).build().map_err(refused)?;
            gets.push(TransactGetItem::builder().get(get).build());
        }
        let request = inner.client.transact_get_items().set_transact_items(Some(gets));
        let sent = request.send_sealed(&inner.sealer).await.map_err(|error| inner.error(OPERATION, error))?;
        let mut rows = sent.responses.unwrap_or_default().into_iter().map(|response| response.item);
        let mut items = Vec::with_capacity(keys.len());
        for key in &keys {
            // All that belong to this key, of which one at most should be there.
            let found: Vec<SdkItem> = rows.by_ref().take(key.len()).flatten().filter(|row| !row.is_empty()).collect();
            items.push(found.into_iter().next().map(|row| inner.model(OPERATION, row)).transpose()?);
        }
        Ok(items)
    }
}

/// Writes to several items, of several models if you like, in one step: all or none.
///
/// ```no_run
/// # use dynaseal::model::{Model, ModelError, Table, Transaction};
/// # async fn example<A: Model, B: Model>(accounts: Table<A>, mut from: A, mut to: A, log: Table<B>, mut entry: B) -> Result<(), ModelError> {
/// Transaction::new().save(&accounts, &mut from).save(&accounts, &mut to).save(&log, &mut entry).send().await?;
/// # Ok(()) }
/// ```
#[must_use = "nothing is written before `send`"]
#[derive(Default)]
pub struct Transaction<'a> {
    writes: Vec<TransactWriteItem>,
    /// Of each write: the model's table, its key, and whether only the version can be the reason.
    places: Vec<(String, String, bool)>,
    done: Vec<Box<dyn FnOnce() + Send + 'a>>,
    client: Option<aws_sdk_dynamodb::Client>,
    sealers: Vec<Sealer>,
    mistake: Option<ModelError>,
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transaction(of {} writes)", self.writes.len())
    }
}

const TRANSACTION: &str = "a transaction";

impl<'a> Transaction<'a> {
    /// Of nothing yet. It goes through the client of the first table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes an item, if it still has its version.
    pub fn save<M: Model>(self, table: &Table<M>, item: &'a mut M) -> Self {
        self.save_with(table, item, None)
    }

    /// Writes an item, if it still has its version and this is true.
    pub fn save_if<M: Model>(self, table: &Table<M>, item: &'a mut M, condition: Condition<M>) -> Self {
        // By value, as everywhere else a condition is handed over.
        let condition = Some(condition);
        self.save_with(table, item, condition.as_ref())
    }

    fn save_with<M: Model>(mut self, table: &Table<M>, item: &'a mut M, condition: Option<&Condition<M>>) -> Self {
        let inner = &*table.inner;
        let write = inner.row(TRANSACTION, item).and_then(|Row { key, item, version }| {
            let (guard, names, values) = guarded(inner, &key, version, condition)?;
            let put = Put::builder().table_name(&inner.name).set_item(Some(item)).set_condition_expression(guard);
            let put = put.set_expression_attribute_names(names).set_expression_attribute_values(values).build();
            let put = put.map_err(|error| unbuilt(inner, &key, error))?;
            Ok((key, version, TransactWriteItem::builder().put(put).build()))
        });
        let version = self.push(table, write, condition.is_some());
        if let Some(version) = version {
            self.done.push(Box::new(move || item.set_version(version)));
        }
        self
    }

    /// Deletes an item, if it still has its version.
    pub fn delete<M: Model>(mut self, table: &Table<M>, item: &M) -> Self {
        let inner = &*table.inner;
        let write = inner.row(TRANSACTION, item).and_then(|Row { key, version, .. }| {
            let (guard, names, values) = guarded::<M>(inner, &key, version, None)?;
            let delete = Delete::builder().table_name(&inner.name).set_key(Some(key.to_sdk()));
            let delete = delete.set_condition_expression(guard).set_expression_attribute_names(names);
            let delete = delete.set_expression_attribute_values(values).build();
            let delete = delete.map_err(|error| unbuilt(inner, &key, error))?;
            Ok((key, version, TransactWriteItem::builder().delete(delete).build()))
        });
        self.push(table, write, false);
        self
    }

    /// Everything only if this is true of the item with this key, which is not changed.
    pub fn check<M: Model>(
        mut self,
        table: &Table<M>,
        key: impl IntoKey<M, M::Partition, M::Sort>,
        condition: Condition<M>,
    ) -> Self {
        let condition = Some(condition);
        let inner = &*table.inner;
        let write = table.keys(TRANSACTION, key).and_then(|keys| {
            let Some(key) = keys.into_iter().next() else {
                return Err(inner.error(TRANSACTION, ModelErrorKind::Refused("there is no key".to_owned())));
            };
            let (guard, names, values) = guarded(inner, &key, None, condition.as_ref())?;
            let check = ConditionCheck::builder().table_name(&inner.name).set_key(Some(key.to_sdk()));
            let check = check.set_condition_expression(guard).set_expression_attribute_names(names);
            let check = check.set_expression_attribute_values(values).build();
            let check = check.map_err(|error| unbuilt(inner, &key, error))?;
            Ok((key, None, TransactWriteItem::builder().condition_check(check).build()))
        });
        self.push(table, write, true);
        self
    }

    /// Gives the version that the item has when it was written.
    fn push<M: Model>(
        &mut self,
        table: &Table<M>,
        write: Result<(StoredKey, Option<super::item::NextVersion>, TransactWriteItem), ModelError>,
        asks: bool,
    ) -> Option<u64> {
        match write {
            Ok((key, version, write)) => {
                self.writes.push(write);
                self.places.push((table.inner.name.clone(), key.text(), !asks && version.is_some()));
                self.client.get_or_insert_with(|| table.inner.client.clone());
                self.sealers.push(table.inner.sealer.clone());
                version.map(|version| version.next)
            }
            Err(error) => {
                self.mistake.get_or_insert(error);
                None
            }
        }
    }

    /// Sends it.
    ///
    /// # Errors
    /// If something can not be sealed (then nothing was sent), or DynamoDB called it off: for the version or the condition
    /// of one item, that item is named; else [`ModelErrorKind::Canceled`].
    pub async fn send(self) -> Result<(), ModelError> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        let Some(client) = self.client else { return Ok(()) };
        let mut tables = HashMap::new();
        for table in self.sealers.iter().flat_map(|sealer| sealer.tables().iter()) {
            tables.entry(table.name().to_owned()).or_insert_with(|| table.clone());
        }
        let place = self.places.first().map_or("", |(table, ..)| table.as_str());
        let sealer = Sealer::new(tables.into_values());
        let sealer = sealer.map_err(|error| {
            ModelError::new(TRANSACTION, place, None, ModelErrorKind::Sdk { source: Box::new(error) })
        })?;
        let request = client.transact_write_items().set_transact_items(Some(self.writes));
        if let Err(error) = request.send_sealed(&sealer).await {
            let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
                return Err(ModelError::new(TRANSACTION, place, None, error));
            };
            let reasons: Vec<Option<String>> = canceled
                .cancellation_reasons()
                .iter()
                .map(|reason| reason.code().filter(|code| *code != "None").map(str::to_owned))
                .collect();
            let failed: Vec<usize> =
                reasons.iter().enumerate().filter(|(_, reason)| reason.is_some()).map(|(index, _)| index).collect();
            let only = match failed.as_slice() {
                [index] => self.places.get(*index).zip(reasons.get(*index)),
                _ => None,
            };
            return Err(match only {
                Some(((table, key, only_version), Some(reason))) if reason == "ConditionalCheckFailed" => {
                    let kind = if *only_version { ModelErrorKind::Version } else { ModelErrorKind::Condition };
                    ModelError::new(TRANSACTION, table, Some(key.clone()), kind)
                }
                _ => ModelError::new(TRANSACTION, place, None, ModelErrorKind::Canceled { reasons }),
            });
        }
        self.done.into_iter().for_each(|done| done());
        Ok(())
    }
}

type Guarded = (Option<String>, Option<Names>, Option<SdkItem>);

fn guarded<M>(
    inner: &Inner,
    key: &StoredKey,
    version: Option<super::item::NextVersion>,
    condition: Option<&Condition<M>>,
) -> Result<Guarded, ModelError> {
    let mut expressions = Expressions::new(&inner.seals);
    let guard = inner.guard(&mut expressions, version, condition.map(|condition| &condition.node));
    let guard = guard.map_err(|kind| inner.item_error(TRANSACTION, key, kind))?;
    let (names, values) = expressions.finish();
    Ok((guard, names, values))
}

fn unbuilt(inner: &Inner, key: &StoredKey, error: aws_sdk_dynamodb::error::BuildError) -> ModelError {
    inner.item_error(TRANSACTION, key, ModelErrorKind::Sdk { source: Box::new(error) })
}
