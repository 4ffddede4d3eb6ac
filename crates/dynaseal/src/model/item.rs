//! Single items: save, get, refresh, delete.

use std::future::IntoFuture;

use aws_sdk_dynamodb::types::ReturnValue;
use dynaseal_client::SendSealed;
use dynaseal_client::value::value_to_sdk;
use dynaseal_core::AttributeValue;
use futures_util::future::BoxFuture;

use super::Model;
use super::column::IntoKey;
use super::condition::{Condition, Node};
use super::error::{ModelError, ModelErrorKind};
use super::expression::Expressions;
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

    /// The condition that the item still has its version, and another one.
    pub(super) fn guard(
        &self,
        expressions: &mut Expressions<'_>,
        version: Option<NextVersion>,
        condition: Option<&Node>,
    ) -> Result<Option<String>, ModelErrorKind> {
        let condition = condition.map(|node| expressions.condition(node)).transpose()?;
        let Some(version) = version else { return Ok(condition) };
        let name = expressions.name(version.attribute);
        let same = match version.now {
            0 => format!("attribute_not_exists({name})"),
            now => format!("{name} = {}", expressions.value(AttributeValue::N(now.to_string()))),
        };
        Ok(Some(match condition {
            Some(condition) => format!("{same} AND ({condition})"),
            None => same,
        }))
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
        Ok(found.item)
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
    /// Only if this is true of the item that is there; `Archive::aid().not_exists()` for none.
    pub fn condition(mut self, condition: Condition<M>) -> Self {
        self.condition = Some(condition);
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
        let guard = inner.guard(&mut expressions, version, condition).map_err(failed)?;
        let (names, values) = expressions.finish();
        let put = inner.client.put_item().table_name(&inner.name).set_item(Some(item));
        let put = put.set_condition_expression(guard).set_expression_attribute_names(names);
        let sent = put.set_expression_attribute_values(values).send_sealed(&inner.sealer).await;
        sent.map_err(|error| failed(Inner::blame(error.into(), version, condition.is_some())))?;
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
    /// Only if this is true of the item.
    pub fn condition(mut self, condition: Condition<M>) -> Self {
        self.condition = Some(condition);
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
            let guard = inner.guard(&mut expressions, self.version, condition).map_err(failed)?;
            let (names, values) = expressions.finish();
            let delete = inner.client.delete_item().table_name(&inner.name).set_key(Some(key.to_sdk()));
            let delete = delete.set_condition_expression(guard).set_expression_attribute_names(names);
            let delete = delete.set_expression_attribute_values(values).return_values(ReturnValue::AllOld);
            let sent = delete.send_sealed(&inner.sealer).await;
            let sent = sent.map_err(|error| failed(Inner::blame(error.into(), self.version, condition.is_some())))?;
            if let Some(row) = sent.attributes {
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
    /// # Errors
    /// [`ModelErrorKind::Condition`], [`ModelErrorKind::Version`], or why it can not be sealed or sent.
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

    /// Deletes an item, if it still has its version.
    ///
    /// # Errors
    /// [`ModelErrorKind::Condition`], [`ModelErrorKind::Version`], or why it can not be sent.
    pub fn delete(&self, item: &M) -> Delete<M> {
        const OPERATION: &str = "deleting";
        let inner = &*self.inner;
        let keys = item
            .to_values()
            .map_err(|error| inner.error(OPERATION, error))
            .and_then(|values| inner.seals.keys_of_values(&values).map_err(|kind| inner.error(OPERATION, kind)));
        Delete { table: self.clone(), keys, version: inner.version(item), condition: None }
    }

    /// Deletes the item with this key, whatever its version.
    ///
    /// # Errors
    /// [`ModelErrorKind::Condition`], or why it can not be sent.
    pub fn delete_by_key<By>(&self, key: impl IntoKey<M, M::Partition, M::Sort, By>) -> Delete<M> {
        Delete { table: self.clone(), keys: self.keys("deleting", key), version: None, condition: None }
    }
}
