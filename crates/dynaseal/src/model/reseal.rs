//! Moves sealed attributes to the active root, and out of the older format.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use dynaseal_client::SendSealed as _;
use dynaseal_client::value::value_to_sdk;
use dynaseal_core::AttributeValue;

use super::Model;
use super::definition::Protection;
use super::error::{ModelError, ModelErrorKind};
use super::seal::{SdkItem, StoredKey};
use super::table::Table;
use super::with;

const OPERATION: &str = "resealing";

/// What resealing did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Resealed {
    /// How many items were looked at.
    pub examined: u64,
    /// How many of them were written anew.
    pub moved: u64,
    /// How many somebody else changed meanwhile: run it again for these.
    pub contended: u64,
    /// How many can not be opened or written.
    pub refused: u64,
    /// Why: of the first hundred of them.
    pub errors: Vec<ModelError>,
}

/// How many reasons are kept.
const MOST_ERRORS: usize = 100;

impl<M: Model> Table<M> {
    /// Seals everything that is under another root than the active one, or in the older format, under the active one.
    ///
    /// Each item is written only if it is still what was read, so nothing of others is lost, and it may be run while the
    /// application writes, and again. Attributes that the model does not know stay as they are. An item whose key is sealed
    /// moves to its new key in one step; there, an attribute that the model does not know and that somebody adds at that
    /// very moment is lost.
    ///
    /// # Errors
    /// If the table can not be read. An item that can not be opened or written does not stop the others: look at
    /// [`Resealed::refused`].
    pub async fn reseal(&self) -> Result<Resealed, ModelError> {
        let inner = &*self.inner;
        if inner.definition.record {
            let text = "the items are records: these are resealed by writing them".to_owned();
            return Err(inner.error(OPERATION, ModelErrorKind::Refused(text)));
        }
        let mut done = Resealed::default();
        let mut rows = self.scan().raw();
        while let Some(row) = rows.next().await {
            let (key, row) = row?;
            done.examined += 1;
            let failed = |kind: ModelErrorKind| inner.item_error(OPERATION, &key, kind);
            let resealed = match inner.seals.is_current(&row).map_err(failed) {
                Ok(true) => continue,
                Ok(false) => self.reseal_row(&key, row).await,
                Err(error) => Err(error),
            };
            match resealed {
                Ok(()) => done.moved += 1,
                Err(error) if error.is_condition() => done.contended += 1,
                Err(error) => {
                    done.refused += 1;
                    if done.errors.len() < MOST_ERRORS {
                        done.errors.push(error);
                    }
                }
            }
        }
        Ok(done)
    }

    async fn reseal_row(&self, key: &StoredKey, old: SdkItem) -> Result<(), ModelError> {
        let inner = &*self.inner;
        let failed = |kind: ModelErrorKind| inner.item_error(OPERATION, key, kind);
        let unbuilt =
            |error: aws_sdk_dynamodb::error::BuildError| failed(ModelErrorKind::Sdk { source: Box::new(error) });
        let mut values = inner.seals.open_row(old.clone()).map_err(failed)?;
        // As the model itself writes it: a filter compares with that.
        if let Ok(written) = M::from_values(values.clone()).and_then(|item| item.to_values()) {
            for (value, written) in values.iter_mut().zip(written) {
                if is_same_json(value.as_ref(), written.as_ref()) {
                    *value = written;
                }
            }
        }
        let new_key = inner.seals.key_of_row(&values).map_err(failed)?;
        let new = inner.seals.seal_row(values, &new_key).map_err(failed)?;

        // Only what is sealed changes; the rest of the row is as it was, known to the model or not.
        let mut row = old.clone();
        let mut changed: Vec<&'static str> = Vec::new();
        for column in inner.definition.columns {
            let sealed = matches!(column.protection, Protection::Randomised { .. } | Protection::Deterministic { .. });
            if let (true, Some(value)) = (sealed, new.get(column.attribute)) {
                row.insert(column.attribute.to_owned(), value.clone());
                changed.push(column.attribute);
            }
        }
        let is_key = |name: &str| key.attributes().any(|(key, _)| key == name);
        let moves = key.to_sdk() != new_key.to_sdk();
        if !moves {
            changed.retain(|name| !is_key(name));
            let mut update = inner.client.update_item().table_name(&inner.name).set_key(Some(key.to_sdk()));
            let (mut set, mut same) = (Vec::new(), Vec::new());
            for (index, name) in changed.iter().enumerate() {
                let (Some(before), Some(after)) = (old.get(*name), row.get(*name)) else { continue };
                set.push(format!("#a{index} = :new{index}"));
                same.push(format!("#a{index} = :old{index}"));
                update = update
                    .expression_attribute_names(format!("#a{index}"), *name)
                    .expression_attribute_values(format!(":new{index}"), after.clone())
                    .expression_attribute_values(format!(":old{index}"), before.clone());
            }
            let update = update.update_expression(format!("SET {}", set.join(", ")));
            let sent = update.condition_expression(same.join(" AND ")).send_as_stored().await;
            return sent.map(drop).map_err(|error| failed(error.into()));
        }
        // The whole row has to be what was read, for all of it moves. Numbers may come back in another form than they are
        // compared in, so each attribute is compared by DynamoDB itself.
        let mut delete = Delete::builder().table_name(&inner.name).set_key(Some(key.to_sdk()));
        let mut same = Vec::new();
        for (index, (name, value)) in old.iter().filter(|(name, _)| !is_key(name)).enumerate() {
            same.push(format!("#a{index} = :old{index}"));
            delete = delete
                .expression_attribute_names(format!("#a{index}"), name)
                .expression_attribute_values(format!(":old{index}"), value.clone());
        }
        // And without what it had not.
        let absent =
            inner.definition.columns.iter().map(|column| column.attribute).filter(|name| !old.contains_key(*name));
        for (index, name) in absent.enumerate() {
            same.push(format!("attribute_not_exists(#b{index})"));
            delete = delete.expression_attribute_names(format!("#b{index}"), name);
        }
        same.push("attribute_exists(#k)".to_owned());
        delete = delete.expression_attribute_names("#k", key.partition.0);
        let delete = delete.condition_expression(same.join(" AND ")).build().map_err(unbuilt)?;
        for (name, value) in new_key.attributes() {
            row.insert(name.to_owned(), value_to_sdk(value.clone()));
        }
        let put = Put::builder().table_name(&inner.name).set_item(Some(row));
        let put =
            put.condition_expression("attribute_not_exists(#k)").expression_attribute_names("#k", key.partition.0);
        let put = put.build().map_err(unbuilt)?;
        let write = inner.client.transact_write_items();
        let write = write.transact_items(TransactWriteItem::builder().delete(delete).build());
        let write = write.transact_items(TransactWriteItem::builder().put(put).build());
        write.send_as_stored().await.map(drop).map_err(|error| {
            let contended = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    let mut reasons = canceled.cancellation_reasons().iter().filter_map(|reason| reason.code());
                    reasons.all(|code| matches!(code, "None" | "ConditionalCheckFailed" | "TransactionConflict"))
                }
                _ => false,
            };
            failed(if contended { ModelErrorKind::Condition } else { error.into() })
        })
    }
}

/// Whether both are JSON, and the same to the last digit, in another spelling.
fn is_same_json(one: Option<&AttributeValue>, other: Option<&AttributeValue>) -> bool {
    let (Some(AttributeValue::S(one)), Some(AttributeValue::S(other))) = (one, other) else { return false };
    one != other && with::is_same_json(one, other)
}
