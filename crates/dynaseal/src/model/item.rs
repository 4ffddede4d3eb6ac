//! Single items: save, get, refresh, delete.

use std::future::IntoFuture;

use aws_sdk_dynamodb::types::ReturnValue;
use dynaseal_client::value::value_to_sdk;
use dynaseal_client::{SendSealed, watched};
use dynaseal_core::AttributeValue;
use futures_util::future::BoxFuture;

use super::Model;
use super::column::IntoKey;
use super::condition::{Comparison, Condition, Node, Operand};
use super::error::{ModelError, ModelErrorKind};
use super::expression::Expressions;
use super::lost::{Lost, Trace};
use super::many::Transaction;
use super::seal::{SdkItem, StoredKey};
use super::table::{Inner, Table};

/// What becomes of a row when it is written: its key, its attributes, and the condition of its version.
pub(super) struct Row {
    pub(super) key: StoredKey,
    pub(super) item: SdkItem,
    pub(super) version: Option<NextVersion>,
    /// The keys under other roots, under one of which the item may still be.
    pub(super) others: Vec<StoredKey>,
}

/// The version that an item is to have, and the one it has now.
#[derive(Clone, Copy, Debug)]
pub(super) struct NextVersion {
    pub(super) attribute: &'static str,
    pub(super) now: u64,
    pub(super) next: u64,
}

impl NextVersion {
    fn is_still_there(self) -> Node {
        match self.now {
            0 => Node::Exists(self.attribute, false),
            now => {
                let now = Operand::new(self.attribute, Ok(Some(AttributeValue::N(now.to_string()))));
                Node::Compare(self.attribute, Comparison::Eq, now)
            }
        }
    }
}

impl Inner {
    /// The item as it is written, with the next version.
    pub(super) fn row<M: Model>(&self, operation: &'static str, item: &M) -> Result<Row, ModelError> {
        let values = item.to_values().map_err(|error| self.error(operation, error))?;
        let mut others = Vec::new();
        if self.seals.has_several_keys() {
            others = self.seals.keys_of_values(&values).map_err(|kind| self.error(operation, kind))?;
        }
        let key = self.seals.key_of_row(&values).map_err(|kind| self.error(operation, kind))?;
        let row = self.seals.seal_row(values, &key);
        let mut row = row.map_err(|kind| self.item_error(operation, &key, kind))?;
        others.retain(|other| other.identity() != key.identity());
        let version = self.version(item);
        if let Some(NextVersion { attribute, next, .. }) = version {
            row.insert(attribute.to_owned(), value_to_sdk(AttributeValue::N(next.to_string())));
        }
        Ok(Row { key, item: row, version, others })
    }

    pub(super) fn version<M: Model>(&self, item: &M) -> Option<NextVersion> {
        let column = self.definition.version.and_then(|index| self.definition.columns.get(index))?;
        let now = item.version().unwrap_or_default();
        Some(NextVersion { attribute: column.attribute, now, next: now.saturating_add(1) })
    }

    /// The condition that the item is there, where that is asked, still has its version, and another one.
    pub(super) fn guard(
        &self,
        expressions: &mut Expressions<'_>,
        there: Option<&StoredKey>,
        version: Option<NextVersion>,
        condition: Option<&Node>,
    ) -> Result<Option<String>, ModelErrorKind> {
        let there = there.map(|key| Node::Exists(key.partition.0, true));
        let version = version.map(NextVersion::is_still_there);
        let asked: Vec<&Node> = there.as_ref().into_iter().chain(version.as_ref()).chain(condition).collect();
        expressions.all(&asked)
    }

    /// A failed condition is one of the version only if no other was asked for.
    pub(super) fn blame(kind: ModelErrorKind, version: Option<NextVersion>, has_condition: bool) -> ModelErrorKind {
        match kind {
            ModelErrorKind::Condition if version.is_some() && !has_condition => ModelErrorKind::Version,
            other => other,
        }
    }

    pub(super) async fn get_row(
        &self,
        operation: &'static str,
        key: &StoredKey,
        consistent: bool,
    ) -> Result<Option<SdkItem>, ModelError> {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key.to_sdk())).consistent_read(consistent);
        let found = get.send_sealed(&self.sealer).await.map_err(|error| self.item_error(operation, key, error))?;
        found.item.map(|row| self.same_item(operation, key, row)).transpose()
    }

    /// The row, if it is the one that was asked for.
    pub(super) fn same_item(
        &self,
        operation: &'static str,
        key: &StoredKey,
        row: SdkItem,
    ) -> Result<SdkItem, ModelError> {
        let found = self.seals.key_of_item(&row).map_err(|kind| self.item_error(operation, key, kind))?;
        if found.identity() == key.identity() {
            return Ok(row);
        }
        Err(self.item_error(operation, key, ModelErrorKind::OtherItem { found: found.text() }))
    }
}

/// Writes an item; sent by `.await`.
#[must_use = "nothing is written before it is awaited"]
#[derive(Debug)]
pub struct Save<'a, M> {
    table: Table<M>,
    item: &'a mut M,
    condition: Option<Condition<M>>,
}

impl<M: Model> Save<'_, M> {
    /// Only if this is true of the item that is there; `Archive::aid().not_exists()` for none. Each call asks one more thing.
    pub fn condition(mut self, condition: Condition<M>) -> Self {
        condition.join(&mut self.condition);
        self
    }

    async fn send(self) -> Result<(), ModelError> {
        const OPERATION: &str = "saving";
        if self.table.inner.seals.has_several_keys() {
            // It may still be there under another root's key, from which it has to go in the same step.
            let transaction = Transaction::of(OPERATION);
            return transaction.save_with(&self.table, self.item, self.condition.as_ref()).send().await;
        }
        let inner = &*self.table.inner;
        let Row { key, item, version, .. } = inner.row(OPERATION, self.item)?;
        let failed = |kind: ModelErrorKind| inner.item_error(OPERATION, &key, kind);
        let mut expressions = Expressions::new(&inner.seals);
        let condition = self.condition.as_ref().map(|condition| &condition.node);
        let guard = inner.guard(&mut expressions, None, version, condition).map_err(failed)?;
        let (names, values) = expressions.finish();
        let is_guarded = guard.is_some();
        let trace = if is_guarded { inner.seals.trace(&item) } else { None };
        let put = inner.client.put_item().table_name(&inner.name).set_item(Some(item));
        let put = put.set_condition_expression(guard).set_expression_attribute_names(names);
        let put = put.set_expression_attribute_values(values).send_sealed(&inner.sealer);
        if is_guarded {
            let (sent, tries) = watched(put).await;
            if let Err(error) = sent {
                let lost = Lost::of(&tries, &error);
                let kind = Inner::blame(error.into(), version, condition.is_some());
                let trace = trace.or_else(|| Trace::of_record(&tries));
                inner.settle(OPERATION, &key, kind, lost, trace).await?;
            }
        } else {
            put.await.map_err(|error| failed(error.into()))?;
        }
        if let Some(version) = version {
            self.item.set_version(version.next);
        }
        Ok(())
    }
}

impl<'a, M: Model> IntoFuture for Save<'a, M> {
    type Output = Result<(), ModelError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Deletes an item; sent by `.await`, which gives what was there.
#[must_use = "nothing is deleted before it is awaited"]
#[derive(Debug)]
pub struct Delete<M> {
    table: Table<M>,
    keys: Result<Vec<StoredKey>, ModelError>,
    version: Option<NextVersion>,
    condition: Option<Condition<M>>,
}

impl<M: Model> Delete<M> {
    /// Only if this is true of the item. Each call asks one more thing.
    pub fn condition(mut self, condition: Condition<M>) -> Self {
        condition.join(&mut self.condition);
        self
    }

    async fn send(self) -> Result<Option<M>, ModelError> {
        const OPERATION: &str = "deleting";
        let inner = &*self.table.inner;
        let mut deleted = None;
        // An item whose key is sealed may be there under any root, and move to the active one meanwhile: that is looked at
        // last. Which of them it is, a condition and a version are asked of.
        let mut keys = self.keys?;
        let several = keys.len() > 1;
        if several {
            keys = inner.present(OPERATION, keys).await?;
        }
        for key in keys {
            let failed = |kind: ModelErrorKind| inner.item_error(OPERATION, &key, kind);
            let mut expressions = Expressions::new(&inner.seals);
            let condition = self.condition.as_ref().map(|condition| &condition.node);
            let guard = inner.guard(&mut expressions, None, self.version, condition).map_err(failed)?;
            let (names, values) = expressions.finish();
            let is_guarded = guard.is_some();
            let delete = inner.client.delete_item().table_name(&inner.name).set_key(Some(key.to_sdk()));
            let delete = delete.set_condition_expression(guard).set_expression_attribute_names(names);
            let delete = delete.set_expression_attribute_values(values).return_values(ReturnValue::AllOld);
            let delete = delete.send_sealed(&inner.sealer);
            let sent = if is_guarded {
                let (sent, tries) = watched(delete).await;
                match sent {
                    Ok(sent) => sent,
                    Err(error) => {
                        let lost = Lost::of(&tries, &error);
                        let kind = Inner::blame(error.into(), self.version, condition.is_some());
                        inner.settle_delete(OPERATION, &key, kind, lost).await?;
                        continue;
                    }
                }
            } else {
                delete.await.map_err(|error| failed(error.into()))?
            };
            if let Some(row) = sent.attributes {
                let row = inner.same_item(OPERATION, &key, row).map_err(ModelError::after_the_fact)?;
                deleted = Some(inner.model(OPERATION, row).map_err(ModelError::after_the_fact)?);
            }
        }
        Ok(deleted)
    }
}

impl Inner {
    /// The row under one of these keys. An item moves from other keys to the active one, so that is looked at again.
    pub(super) async fn row_of_any(
        &self,
        operation: &'static str,
        keys: &[StoredKey],
        consistent: bool,
    ) -> Result<Option<SdkItem>, ModelError> {
        let again = if keys.len() > 1 { keys.first() } else { None };
        for key in keys.iter().chain(again) {
            if let Some(row) = self.get_row(operation, key, consistent).await? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// Those keys under which there is an item, or the active one if there is none.
    pub(super) async fn present(
        &self,
        operation: &'static str,
        keys: Vec<StoredKey>,
    ) -> Result<Vec<StoredKey>, ModelError> {
        let mut present = Vec::new();
        // The active one last: an item that moves meanwhile is found twice rather than not at all.
        for key in keys.iter().rev() {
            if self.get_row(operation, key, true).await?.is_some() {
                present.push(key.clone());
            }
        }
        if present.is_empty() {
            present.extend(keys.into_iter().take(1));
        }
        Ok(present)
    }
}

impl<M: Model> IntoFuture for Delete<M> {
    type Output = Result<Option<M>, ModelError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Reads an item; sent by `.await`.
#[must_use = "nothing is read before it is awaited"]
#[derive(Debug)]
pub struct Get<M> {
    table: Table<M>,
    keys: Result<Vec<StoredKey>, ModelError>,
    consistent: bool,
}

impl<M: Model> Get<M> {
    /// As it is now, and not as it may have been a second ago: costs twice as much.
    pub fn consistent(mut self) -> Self {
        self.consistent = true;
        self
    }

    async fn send(self) -> Result<Option<M>, ModelError> {
        const OPERATION: &str = "getting";
        let row = self.table.inner.row_of_any(OPERATION, &self.keys?, self.consistent).await?;
        row.map(|row| self.table.inner.model(OPERATION, row)).transpose()
    }
}

impl<M: Model> IntoFuture for Get<M> {
    type Output = Result<Option<M>, ModelError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<M: Model> Table<M> {
    /// Writes an item, in place of the one that is there. A version attribute guards it and is counted up: what somebody
    /// else wrote meanwhile is not overwritten.
    ///
    /// The SDK repeats a write whose answer was lost, and then a condition fails because of the write itself. Where the item
    /// has something that is sealed with a random nonce, the write is recognised by it; otherwise it cannot be told from
    /// one of somebody else.
    ///
    /// # Errors
    /// [`ModelErrorKind::Condition`], [`ModelErrorKind::Version`], [`ModelErrorKind::Unanswered`] if a version or a condition
    /// was asked and nobody can tell whether it was written, or why it cannot be sealed or sent. Without either, the SDK's error
    /// may be of a write that took effect: save it again.
    pub fn save<'a>(&self, item: &'a mut M) -> Save<'a, M> {
        Save { table: self.clone(), item, condition: None }
    }

    /// Reads the item with this key: a partition key, or a pair of partition and sort key.
    ///
    /// # Errors
    /// If it can not be read or opened.
    pub fn get<By>(&self, key: impl IntoKey<M, M::Partition, M::Sort, By>) -> Get<M> {
        Get { table: self.clone(), keys: self.keys("getting", key), consistent: false }
    }

    /// Reads the item again, as it is now. Fields with `skip` become what they are in a new one.
    ///
    /// # Errors
    /// [`ModelErrorKind::NotFound`] if it was deleted.
    pub async fn refresh(&self, item: &mut M) -> Result<(), ModelError> {
        const OPERATION: &str = "refreshing";
        let inner = &*self.inner;
        let values = item.to_values().map_err(|error| inner.error(OPERATION, error))?;
        let keys = inner.seals.keys_of_values(&values).map_err(|kind| inner.error(OPERATION, kind))?;
        if let Some(row) = inner.row_of_any(OPERATION, &keys, true).await? {
            *item = inner.model(OPERATION, row)?;
            return Ok(());
        }
        match keys.first() {
            Some(key) => Err(inner.item_error(OPERATION, key, ModelErrorKind::NotFound)),
            None => Err(inner.error(OPERATION, ModelErrorKind::NotFound)),
        }
    }

    /// Deletes an item, if it still has its version. Gives what was there; `None` if there was nothing, or if an answer was
    /// lost and the item is gone: only what comes out tells that nobody else has deleted it.
    ///
    /// # Errors
    /// [`ModelErrorKind::Condition`], [`ModelErrorKind::Version`], [`ModelErrorKind::Unanswered`] if an answer was lost and
    /// there is an item, or why it cannot be sent.
    pub fn delete(&self, item: &M) -> Delete<M> {
        const OPERATION: &str = "deleting";
        let inner = &*self.inner;
        let keys = item
            .to_values()
            .map_err(|error| inner.error(OPERATION, error))
            .and_then(|values| inner.seals.keys_of_values(&values).map_err(|kind| inner.error(OPERATION, kind)));
        Delete { table: self.clone(), keys, version: inner.version(item), condition: None }
    }

    /// Deletes the item with this key, whatever its version. Gives what [`delete`](Self::delete) gives.
    ///
    /// # Errors
    /// [`ModelErrorKind::Condition`], [`ModelErrorKind::Unanswered`], or why it cannot be sent.
    pub fn delete_by_key<By>(&self, key: impl IntoKey<M, M::Partition, M::Sort, By>) -> Delete<M> {
        Delete { table: self.clone(), keys: self.keys("deleting", key), version: None, condition: None }
    }
}
