//! Each door changes and deletes what is there, the other side's for the most part.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, DeleteRequest, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update, WriteRequest,
};
use dynaseal::{Item, SendSealed, sdk};

use super::{Held, SdkItem, Traffic};
use crate::Result;
use crate::keys::chain;
use crate::table::doors::{Door, Side, send};

/// What theirs does with the items of failed conditions: it hands them over as they are stored. Ours opens them.
const SEALED_IN_ERROR: &str = "items of failed conditions that aws-db-esdk hands over sealed, and we opened";

impl Traffic<'_> {
    /// Unsigned attributes with every kind of return value; then everyone reads the item.
    pub(super) async fn update(&mut self) -> Result<()> {
        let table = self.table;
        let Some(unsigned) = table.case.unsigned.first().cloned() else { return Ok(()) };
        for door in &table.doors {
            for values in [
                ReturnValue::None,
                ReturnValue::AllOld,
                ReturnValue::AllNew,
                ReturnValue::UpdatedOld,
                ReturnValue::UpdatedNew,
            ] {
                let Some(held) = self.any_for(door) else { return Ok(()) };
                let (mut new, depth) = (held.item.clone(), 1 + self.items.below(3));
                let value = Some(self.items.value(depth)).filter(|_| self.items.below(4) > 0);
                let update = door
                    .client
                    .update_item()
                    .table_name(&table.name)
                    .set_key(Some(self.key(&held.item)))
                    .condition_expression("attribute_exists(#p)")
                    .expression_attribute_names("#p", &table.case.partition_key)
                    .expression_attribute_names("#u", &unsigned)
                    .return_values(values.clone());
                let update = match value {
                    Some(value) => {
                        new.insert(unsigned.clone(), value.clone());
                        let value = sdk::value_to_sdk(value);
                        update.update_expression("SET #u = :u").expression_attribute_values(":u", value)
                    }
                    None => {
                        new.remove(&unsigned);
                        update.update_expression("REMOVE #u")
                    }
                };
                let only = |item: &Item| item.iter().filter(|(name, _)| **name == unsigned).map(owned).collect();
                let expected = match values {
                    ReturnValue::AllOld => held.item.clone(),
                    ReturnValue::AllNew => new.clone(),
                    ReturnValue::UpdatedOld => only(&held.item),
                    ReturnValue::UpdatedNew => only(&new),
                    _ => Item::new(),
                };
                match send!(door, update) {
                    Ok(output) => {
                        let what = format!("UpdateItem, {}", values.as_str());
                        self.check(&what, door, &held, &expected, output.attributes)?;
                        self.hold(new.clone(), held.writer);
                        let held = Held { item: new, writer: held.writer };
                        for reader in &table.doors {
                            self.get(reader, "GetItem after UpdateItem", &held).await?;
                        }
                    }
                    Err(error) => self.differs("UpdateItem", door, chain(&error)),
                }
            }
        }
        Ok(())
    }

    /// `PutItem` over what is there, which comes back.
    pub(super) async fn replace(&mut self) -> Result<()> {
        let table = self.table;
        for door in &table.doors {
            for _ in 0..2 {
                let Some(held) = self.any_for(door) else { return Ok(()) };
                let mut new = table.key(&held.item);
                self.fill(&mut new);
                let put = door
                    .client
                    .put_item()
                    .table_name(&table.name)
                    .set_item(Some(sdk::to_sdk(new.clone())))
                    .condition_expression("attribute_exists(#p)")
                    .expression_attribute_names("#p", &table.case.partition_key)
                    .return_values(ReturnValue::AllOld);
                match send!(door, put) {
                    Ok(output) => {
                        self.check("PutItem, ALL_OLD", door, &held, &held.item, output.attributes)?;
                        self.hold(new, door.side);
                    }
                    Err(error) => self.differs("PutItem over another", door, chain(&error)),
                }
            }
        }
        Ok(())
    }

    /// Conditions that do not hold: nothing happens, and the error has the item.
    pub(super) async fn fail_conditions(&mut self) -> Result<()> {
        let table = self.table;
        for door in &table.doors {
            let Some(held) = self.any_for(door) else { return Ok(()) };
            let put = door
                .client
                .put_item()
                .table_name(&table.name)
                .set_item(Some(sdk::to_sdk(held.item.clone())))
                .condition_expression("attribute_not_exists(#p)")
                .expression_attribute_names("#p", &table.case.partition_key)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            match send!(door, put).map_err(|error| error.into_service_error()) {
                Err(PutItemError::ConditionalCheckFailedException(failed)) => {
                    self.check_failed("PutItem, condition failed", door, &held, failed.item)?;
                }
                Err(error) => self.differs("PutItem, condition failed", door, chain(&error)),
                Ok(_) => self.differs("PutItem, condition failed", door, "it did not"),
            }

            let check = ConditionCheck::builder()
                .table_name(&table.name)
                .set_key(Some(self.key(&held.item)))
                .condition_expression("attribute_not_exists(#p)")
                .expression_attribute_names("#p", &table.case.partition_key)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            let check = TransactWriteItem::builder().condition_check(check.build()?).build();
            let sent = send!(door, door.client.transact_write_items().transact_items(check.clone()));
            match sent.map_err(|error| error.into_service_error()) {
                Err(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    let item = canceled.cancellation_reasons.unwrap_or_default().pop().and_then(|reason| reason.item);
                    self.check_failed("TransactWriteItems, condition failed", door, &held, item)?;
                }
                Err(error) => self.differs("TransactWriteItems, condition failed", door, chain(&error)),
                Ok(_) => self.differs("TransactWriteItems, condition failed", door, "it did not"),
            }
        }
        Ok(())
    }

    fn check_failed(&mut self, what: &str, door: &Door, held: &Held, item: Option<SdkItem>) -> Result<()> {
        if door.side == Side::Theirs && item.as_ref().is_some_and(|item| item.contains_key("aws_dbe_head")) {
            self.tally.note(SEALED_IN_ERROR);
            return Ok(());
        }
        self.check(what, door, held, &held.item, item)
    }

    /// A transaction of one entry of each kind.
    pub(super) async fn transact(&mut self) -> Result<()> {
        let table = self.table;
        for door in &table.doors {
            let all: Vec<Held> = self.held.values().cloned().collect();
            if all.len() < 3 {
                return Ok(());
            }
            let first = self.items.below(all.len());
            let [updated, deleted, checked] = [0, 1, 2].map(|step| all[(first + step) % all.len()].clone());
            let put = self.fresh();
            let names = |name: &str| [("#p".to_owned(), name.to_owned())].into();
            let names = || Some(names(&table.case.partition_key));
            let exists = "attribute_exists(#p)";

            let put_entry = Put::builder().table_name(&table.name).set_item(Some(sdk::to_sdk(put.clone()))).build()?;
            let delete = Delete::builder().table_name(&table.name).set_key(Some(self.key(&deleted.item)));
            let delete = delete.condition_expression(exists).set_expression_attribute_names(names()).build()?;
            let check = ConditionCheck::builder().table_name(&table.name).set_key(Some(self.key(&checked.item)));
            let check = check.condition_expression(exists).set_expression_attribute_names(names()).build()?;
            let mut new = updated.item.clone();
            let mut entries = vec![
                TransactWriteItem::builder().put(put_entry).build(),
                TransactWriteItem::builder().delete(delete).build(),
                TransactWriteItem::builder().condition_check(check).build(),
            ];
            if let Some(unsigned) = table.case.unsigned.first() {
                let value = self.items.value(2);
                new.insert(unsigned.clone(), value.clone());
                let update = Update::builder()
                    .table_name(&table.name)
                    .set_key(Some(self.key(&updated.item)))
                    .update_expression("SET #u = :u")
                    .condition_expression(exists)
                    .set_expression_attribute_names(names())
                    .expression_attribute_names("#u", unsigned)
                    .expression_attribute_values(":u", sdk::value_to_sdk(value));
                entries.push(TransactWriteItem::builder().update(update.build()?).build());
            }
            match send!(door, door.client.transact_write_items().set_transact_items(Some(entries.clone()))) {
                Ok(_) => {
                    self.hold(put, door.side);
                    self.forget(&deleted.item);
                    self.hold(new, updated.writer);
                }
                Err(error) => self.differs("TransactWriteItems of every kind", door, chain(&error)),
            }
        }
        Ok(())
    }

    /// Everything, in turns; what is deleted one by one comes back.
    pub(super) async fn delete(&mut self) -> Result<()> {
        let table = self.table;
        for door in table.doors.iter().cycle() {
            let Some(held) = self.any_for(door) else { return Ok(()) };
            let key = self.key(&held.item);
            let sent = match self.items.below(4) {
                0 => {
                    let delete = DeleteRequest::builder().set_key(Some(key)).build()?;
                    let delete = vec![WriteRequest::builder().delete_request(delete).build()];
                    let batch = door.client.batch_write_item().request_items(&table.name, delete);
                    send!(door, batch).map(drop).map_err(|error| chain(&error))
                }
                _ => {
                    let delete = door
                        .client
                        .delete_item()
                        .table_name(&table.name)
                        .set_key(Some(key))
                        .condition_expression("attribute_exists(#p)")
                        .expression_attribute_names("#p", &table.case.partition_key)
                        .return_values(ReturnValue::AllOld);
                    match send!(door, delete) {
                        Ok(output) => {
                            self.check("DeleteItem, ALL_OLD", door, &held, &held.item, output.attributes)?;
                            Ok(())
                        }
                        Err(error) => Err(chain(&error)),
                    }
                }
            };
            self.forget(&held.item);
            if let Err(error) = sent {
                self.differs("delete", door, error);
            }
        }
        Ok(())
    }
}

fn owned<K: Clone, V: Clone>((key, value): (&K, &V)) -> (K, V) {
    (key.clone(), value.clone())
}
