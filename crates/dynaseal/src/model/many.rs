//! Many items in one request: batches and transactions.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, DeleteRequest, Get, KeysAndAttributes, Put, PutRequest, TransactGetItem, TransactWriteItem,
    WriteRequest,
};
use dynaseal_client::{SendSealed, SendSealedEntries, Tries, watched};

use super::Model;
use super::canceled::{self, Place};
use super::column::IntoKey;
use super::condition::{Condition, Node};
use super::error::{ModelError, ModelErrorKind};
use super::expression::{Expressions, Names};
use super::item::{NextVersion, Row};
use super::lost::Lost;
use super::seal::{SdkItem, StoredKey, random_fraction};
use super::table::{Inner, Table};

/// DynamoDB's limit for items that are read in a batch.
const MOST_READ: usize = 100;
/// And for those that are written.
const MOST_WRITTEN: usize = 25;
/// One request goes to one account and region.
const OTHER_CLIENT: &str = "its table was opened with another client than the first one of the transaction, which may be of another account or region: open both tables with clones of one client";
/// How often what DynamoDB left undone is sent again before it is an error.
const ATTEMPTS: u32 = 10;

/// Items to write and to delete, in as many requests as it takes.
///
/// A batch is not one step: some may be written and others not when it fails. It has no conditions, so models with a
/// version are refused: use a [`Transaction`].
#[must_use = "nothing is written before `send`"]
pub struct BatchWrite<M> {
    table: Table<M>,
    writes: Result<Vec<(StoredKey, WriteRequest)>, ModelError>,
}

impl<M> fmt::Debug for BatchWrite<M> {
    /// Without the items: those of records are sealed when they are sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BatchWrite(of {} writes)", self.writes.as_ref().map_or(0, Vec::len))
    }
}

const BATCH_WRITE: &str = "a batch";
const BATCH_GET: &str = "getting many";

impl<M: Model> BatchWrite<M> {
    /// Writes an item.
    pub fn save(mut self, item: &M) -> Self {
        let inner = Arc::clone(&self.table.inner);
        let failed = |error| inner.error(BATCH_WRITE, unbuilt(error));
        let row = inner.row(BATCH_WRITE, item).and_then(|row| {
            let put = PutRequest::builder().set_item(Some(row.item)).build().map_err(failed)?;
            Ok((row.key, WriteRequest::builder().put_request(put).build(), row.others))
        });
        match row {
            Ok((key, put, others)) => {
                self.push(Ok((key, put)));
                // Where it may still be under other roots' keys.
                others.into_iter().for_each(|other| self.push_delete(other));
            }
            Err(error) => self.push(Err(error)),
        }
        self
    }

    /// Deletes the item with this key.
    pub fn delete<By>(mut self, key: impl IntoKey<M, M::Partition, M::Sort, By>) -> Self {
        match self.table.keys(BATCH_WRITE, key) {
            Ok(keys) => keys.into_iter().for_each(|key| self.push_delete(key)),
            Err(error) => self.push(Err(error)),
        }
        self
    }

    fn push_delete(&mut self, key: StoredKey) {
        let delete = DeleteRequest::builder().set_key(Some(key.to_sdk())).build();
        let write = delete.map_err(|error| self.table.inner.error(BATCH_WRITE, unbuilt(error)));
        self.push(write.map(|delete| (key, WriteRequest::builder().delete_request(delete).build())));
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
        let mut keys = HashSet::new();
        for (key, _) in &writes {
            if !keys.insert(key.identity()) {
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
                open = of_the_table(sent.unprocessed_items).unwrap_or_default();
                if open.is_empty() {
                    break;
                }
                inner.wait_again(BATCH_WRITE, attempt, open.len()).await?;
            }
        }
        Ok(())
    }
}

/// What is left of a request that named one table, by whatever name the answer has for it.
fn of_the_table<T>(by_table: Option<HashMap<String, T>>) -> Option<T> {
    by_table.and_then(|by_table| by_table.into_values().next())
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
    pub async fn get_many<K: IntoKey<M, M::Partition, M::Sort, By>, By>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Vec<Option<M>>, ModelError> {
        let inner = &*self.inner;
        let keys: Vec<Vec<StoredKey>> =
            keys.into_iter().map(|key| self.keys(BATCH_GET, key)).collect::<Result<_, _>>()?;
        // DynamoDB refuses a key that is named twice.
        let mut named = HashSet::new();
        let wanted: Vec<&StoredKey> = keys.iter().flatten().filter(|key| named.insert(key.identity())).collect();
        let mut found: HashMap<String, SdkItem> = HashMap::new();
        for chunk in wanted.chunks(MOST_READ) {
            let mut open: Vec<SdkItem> = chunk.iter().map(|key| key.to_sdk()).collect();
            for attempt in 0.. {
                let request = KeysAndAttributes::builder().set_keys(Some(open)).build();
                let request =
                    request.map_err(|error| inner.error(BATCH_GET, ModelErrorKind::Sdk { source: Box::new(error) }))?;
                let batch = inner.client.batch_get_item().request_items(&inner.name, request);
                let sent = batch.send_sealed(&inner.sealer).await;
                let sent = sent.map_err(|error| inner.error(BATCH_GET, error))?;
                for row in of_the_table(sent.responses).unwrap_or_default() {
                    let (key, row) = inner.raw(BATCH_GET, row)?;
                    if !named.contains(&key.identity()) {
                        return Err(inner.error(BATCH_GET, ModelErrorKind::OtherItem { found: key.text() }));
                    }
                    found.insert(key.identity(), row);
                }
                open = of_the_table(sent.unprocessed_keys).map_or(Vec::new(), |of| of.keys);
                if open.is_empty() {
                    break;
                }
                inner.wait_again(BATCH_GET, attempt, open.len()).await?;
            }
        }
        let one = |keys: &Vec<StoredKey>| {
            let row = keys.iter().find_map(|key| found.get(&key.identity()));
            row.map(|row| inner.model(BATCH_GET, row.clone())).transpose()
        };
        keys.iter().map(one).collect()
    }

    /// Reads several items as they were at one moment. They come in the order of the keys.
    ///
    /// # Errors
    /// If one can not be read or opened.
    pub async fn transact_get<K: IntoKey<M, M::Partition, M::Sort, By>, By>(
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
        let sent = request.send_sealed(&inner.sealer).await;
        let sent = sent.map_err(|error| self.not_read(OPERATION, &keys, error))?;
        let rows = sent.responses.unwrap_or_default();
        let wanted = keys.iter().map(Vec::len).sum::<usize>();
        if rows.len() != wanted {
            let text = format!("DynamoDB answered {} of {wanted} items", rows.len());
            return Err(inner.error(OPERATION, ModelErrorKind::Refused(text)));
        }
        let mut rows = rows.into_iter().map(|response| response.item);
        let mut items = Vec::with_capacity(keys.len());
        for keys in &keys {
            // All that belong to this key, of which one at most should be there.
            let mut item = None;
            for (key, row) in keys.iter().zip(rows.by_ref()) {
                if let (None, Some(row)) = (&item, row.filter(|row| !row.is_empty())) {
                    item = Some(inner.model(OPERATION, inner.same_item(OPERATION, key, row)?)?);
                }
            }
            items.push(item);
        }
        Ok(items)
    }

    /// The error of a transaction that reads.
    fn not_read(
        &self,
        operation: &'static str,
        keys: &[Vec<StoredKey>],
        error: SdkError<TransactGetItemsError, HttpResponse>,
    ) -> ModelError {
        let inner = &self.inner;
        let canceled = match error.as_service_error() {
            Some(TransactGetItemsError::TransactionCanceledException(canceled)) => canceled.cancellation_reasons(),
            _ => return inner.error(operation, error),
        };
        let places = keys.iter().enumerate().flat_map(|(item, keys)| keys.iter().map(move |key| (item, key)));
        let places: Vec<Place> = places
            .map(|(item, key)| Place { table: Arc::clone(inner), key: key.text(), versioned: false, item })
            .collect();
        match canceled::items(&places, canceled) {
            Some(items) => canceled::error(operation, inner, items),
            None => inner.error(operation, error),
        }
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
pub struct Transaction<'a> {
    operation: &'static str,
    writes: Vec<Write>,
    done: Vec<Box<dyn FnOnce() + Send + 'a>>,
    mistake: Option<ModelError>,
}

/// What is to become of one item.
struct Write {
    table: Arc<Inner>,
    key: StoredKey,
    /// Whether only the version can be the reason if its condition does not hold.
    versioned: bool,
    item: TransactWriteItem,
    /// The same where the item is still under another root's key.
    elsewhere: Vec<(StoredKey, TransactWriteItem)>,
    /// And what comes beside that: the item under its new key.
    moved: Option<TransactWriteItem>,
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transaction(of {} writes)", self.writes.len())
    }
}

impl Default for Transaction<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> Transaction<'a> {
    /// Of nothing yet. All tables have to be opened with clones of one client. Each item is sealed by the table that it is given
    /// to, also where several of them have one name.
    pub fn new() -> Self {
        Self::of("a transaction")
    }

    pub(super) fn of(operation: &'static str) -> Self {
        Self { operation, writes: Vec::new(), done: Vec::new(), mistake: None }
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

    pub(super) fn save_with<M: Model>(
        mut self,
        table: &Table<M>,
        item: &'a mut M,
        condition: Option<&Condition<M>>,
    ) -> Self {
        let inner = &table.inner;
        let write = inner.row(self.operation, item).and_then(|Row { key, item, version, others }| {
            let failed = |kind: ModelErrorKind| inner.item_error(self.operation, &key, kind);
            let guard = guarded(inner, None, version, condition).map_err(failed)?;
            let put = inner.put(item.clone(), guard).map_err(failed)?;
            let mut elsewhere = Vec::new();
            let mut moved = None;
            for other in others {
                let guard = guarded(inner, Some(&other), version, condition).map_err(failed)?;
                let delete = inner.delete(&other, guard).map_err(failed)?;
                elsewhere.push((other, delete));
                moved = Some(inner.put_new(item.clone(), &key).map_err(failed)?);
            }
            let versioned = version.is_some() && condition.is_none();
            let write = Write { table: Arc::clone(inner), versioned, item: put, elsewhere, moved, key };
            Ok((write, version))
        });
        match write {
            Ok((write, version)) => {
                self.writes.push(write);
                if let Some(version) = version {
                    self.done.push(Box::new(move || item.set_version(version.next)));
                }
            }
            Err(error) => self.mistake = self.mistake.or(Some(error)),
        }
        self
    }

    /// Deletes an item, if it still has its version.
    pub fn delete<M: Model>(mut self, table: &Table<M>, item: &M) -> Self {
        let inner = &table.inner;
        let write = inner.row(self.operation, item).and_then(|Row { key, version, others, .. }| {
            let failed = |kind: ModelErrorKind| inner.item_error(self.operation, &key, kind);
            let delete = |key: &StoredKey, there: Option<&StoredKey>| {
                let guard = guarded::<M>(inner, there, version, None);
                guard.and_then(|guard| inner.delete(key, guard)).map_err(failed)
            };
            let of_other = |other: StoredKey| {
                let delete = delete(&other, Some(&other))?;
                Ok((other, delete))
            };
            let elsewhere = others.into_iter().map(of_other).collect::<Result<_, ModelError>>()?;
            let versioned = version.is_some();
            let item = delete(&key, None)?;
            Ok(Write { table: Arc::clone(inner), versioned, item, elsewhere, moved: None, key })
        });
        self.push(write);
        self
    }

    /// Everything only if this is true of the item with this key, which is not changed.
    pub fn check<M: Model, By>(
        mut self,
        table: &Table<M>,
        key: impl IntoKey<M, M::Partition, M::Sort, By>,
        condition: Condition<M>,
    ) -> Self {
        let condition = Some(condition);
        let inner = &table.inner;
        let write = table.keys(self.operation, key).and_then(|keys| {
            let mut checks = Vec::new();
            for key in keys {
                let failed = |kind: ModelErrorKind| inner.item_error(self.operation, &key, kind);
                let (guard, names, values) = guarded(inner, None, None, condition.as_ref()).map_err(failed)?;
                let check = ConditionCheck::builder().table_name(&inner.name).set_key(Some(key.to_sdk()));
                let check = check.set_condition_expression(guard).set_expression_attribute_names(names);
                let check = check.set_expression_attribute_values(values).build();
                let check = check.map_err(|error| failed(unbuilt(error)))?;
                checks.push((key, TransactWriteItem::builder().condition_check(check).build()));
            }
            let mut checks = checks.into_iter();
            let Some((key, item)) = checks.next() else {
                return Err(inner.error(self.operation, ModelErrorKind::Refused("there is no key".to_owned())));
            };
            let elsewhere = checks.collect();
            Ok(Write { table: Arc::clone(inner), versioned: false, item, elsewhere, moved: None, key })
        });
        self.push(write);
        self
    }

    fn push(&mut self, write: Result<Write, ModelError>) {
        match write {
            Ok(write) => self.writes.push(write),
            Err(error) => {
                self.mistake.get_or_insert(error);
            }
        }
    }

    /// Sends it.
    ///
    /// # Errors
    /// If something cannot be sealed (then nothing was sent); if DynamoDB called it off, then for the version or the condition
    /// of one item, that item is named, and else [`ModelErrorKind::Canceled`] names all; [`ModelErrorKind::Unanswered`] if
    /// the answer was lost.
    pub async fn send(self) -> Result<(), ModelError> {
        let operation = self.operation;
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        let Some(first) = self.writes.first().map(|write| Arc::clone(&write.table)) else { return Ok(()) };
        // Each item's sealer is that of the table that it was given to, whatever else has a table of that name.
        let mut sealers = Vec::new();
        let mut items = Vec::new();
        let mut places = Vec::new();
        for (given, write) in self.writes.into_iter().enumerate() {
            let Write { table, key, versioned, item, elsewhere, moved } = write;
            if !std::ptr::eq(first.client.config(), table.client.config()) {
                let kind = ModelErrorKind::Refused(OTHER_CLIENT.to_owned());
                return Err(table.item_error(operation, &key, kind));
            }
            let mut found = None;
            for (other, item) in elsewhere {
                if table.get_row(operation, &other, true).await?.is_some() {
                    found = Some(item);
                    break;
                }
            }
            let own = match found {
                Some(there) => std::iter::once(there).chain(moved).collect(),
                None => vec![item],
            };
            for item in own {
                items.push(item);
                sealers.push(table.sealer.clone());
                places.push(Place { table: Arc::clone(&table), key: key.text(), versioned, item: given });
            }
        }
        let request = first.client.transact_write_items().set_transact_items(Some(items));
        // The SDK gives a transaction a token of its own, by which DynamoDB knows one that is repeated.
        let (sent, tries) = watched(request.send_sealed_by(&sealers)).await;
        if let Err(error) = sent {
            return Err(not_written(operation, &first, &places, &tries, error));
        }
        self.done.into_iter().for_each(|done| done());
        Ok(())
    }
}

impl Inner {
    fn put(&self, item: SdkItem, (guard, names, values): Guarded) -> Result<TransactWriteItem, ModelErrorKind> {
        let put = Put::builder().table_name(&self.name).set_item(Some(item)).set_condition_expression(guard);
        let put = put.set_expression_attribute_names(names).set_expression_attribute_values(values);
        Ok(TransactWriteItem::builder().put(put.build().map_err(unbuilt)?).build())
    }

    /// Where there is none yet.
    fn put_new(&self, item: SdkItem, key: &StoredKey) -> Result<TransactWriteItem, ModelErrorKind> {
        let mut expressions = Expressions::new(&self.seals);
        let guard = expressions.condition(&Node::Exists(key.partition.0, false))?;
        let (names, values) = expressions.finish();
        self.put(item, (Some(guard), names, values))
    }

    fn delete(&self, key: &StoredKey, (guard, names, values): Guarded) -> Result<TransactWriteItem, ModelErrorKind> {
        let delete = Delete::builder().table_name(&self.name).set_key(Some(key.to_sdk()));
        let delete = delete.set_condition_expression(guard).set_expression_attribute_names(names);
        let delete = delete.set_expression_attribute_values(values).build().map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

/// The error of a transaction that writes.
fn not_written(
    operation: &'static str,
    first: &Inner,
    places: &[Place],
    tries: &Tries,
    error: SdkError<TransactWriteItemsError, HttpResponse>,
) -> ModelError {
    let canceled = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => canceled.cancellation_reasons(),
        _ => {
            let lost = Lost::of(tries, &error);
            return first.error(operation, lost.kind(error.into()));
        }
    };
    match canceled::items(places, canceled) {
        Some(items) => canceled::error(operation, first, items),
        None => first.error(operation, error),
    }
}

type Guarded = (Option<String>, Option<Names>, Option<SdkItem>);

/// `there`: it has been seen, and if it is gone it has moved.
fn guarded<M>(
    inner: &Inner,
    there: Option<&StoredKey>,
    version: Option<NextVersion>,
    condition: Option<&Condition<M>>,
) -> Result<Guarded, ModelErrorKind> {
    let mut expressions = Expressions::new(&inner.seals);
    let guard = inner.guard(&mut expressions, there, version, condition.map(|condition| &condition.node))?;
    let (names, values) = expressions.finish();
    Ok((guard, names, values))
}

fn unbuilt(error: aws_sdk_dynamodb::error::BuildError) -> ModelErrorKind {
    ModelErrorKind::Sdk { source: Box::new(error) }
}
