//! `TransactWriteItems`.

use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsError, TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::types::TransactWriteItem;
use dynaseal_ops::operation::{DeleteItem, OpenItem, OpenReasons, PutItem, TransactWrite, UpdateItem};
use dynaseal_ops::{Measure, OperationError, Refusal, Tables};

use super::{Operation, Texts, item};
use crate::door::Place;
use crate::value::to_sdk;

impl Operation for TransactWriteItemsInput {
    const NAME: &'static str = "TransactWriteItems";
    type Output = TransactWriteItemsOutput;
    type Error = TransactWriteItemsError;
    type Open = OpenReasons;

    async fn seal(&mut self, tables: &Tables, measure: &mut Measure) -> Result<Option<OpenReasons>, OperationError> {
        let mut opens = Vec::new();
        for (index, entry) in self.transact_items.iter_mut().flatten().enumerate() {
            opens.push(seal_entry(index, entry, tables, measure).await?);
        }
        Ok(opens.iter().any(Option::is_some).then(|| OpenReasons::new(opens)))
    }

    async fn open(_: &OpenReasons, _: &mut TransactWriteItemsOutput, _: &mut Measure) -> Result<(), OperationError> {
        Ok(())
    }

    async fn open_error(
        open: &OpenReasons,
        error: &mut TransactWriteItemsError,
        measure: &mut Measure,
    ) -> Result<(), OperationError> {
        let TransactWriteItemsError::TransactionCanceledException(canceled) = error else { return Ok(()) };
        if canceled.cancellation_reasons().iter().any(|reason| reason.item.is_some()) {
            open.check_count(canceled.cancellation_reasons().len())?;
        }
        for (index, reason) in canceled.cancellation_reasons.iter_mut().flatten().enumerate() {
            if let (true, Some(sealed)) = (open.is_sealed(index), &mut reason.item) {
                let sealed = item(Self::NAME, std::mem::take(sealed))?;
                reason.item = Some(to_sdk(open.open(index, sealed, measure).await?));
            }
        }
        Ok(())
    }

    fn table_names(&self) -> Vec<&str> {
        self.transact_items.iter().flatten().filter_map(table_name).collect()
    }

    fn place(&self) -> Option<usize> {
        self.transact_items.place()
    }
}

/// The table of an entry that says one thing.
pub(crate) fn table_name(entry: &TransactWriteItem) -> Option<&str> {
    let put = entry.put.as_ref().map(|put| put.table_name.as_str());
    let update = || entry.update.as_ref().map(|update| update.table_name.as_str());
    let delete = || entry.delete.as_ref().map(|delete| delete.table_name.as_str());
    let check = || entry.condition_check.as_ref().map(|check| check.table_name.as_str());
    put.or_else(update).or_else(delete).or_else(check)
}

pub(crate) async fn seal_entry(
    index: usize,
    entry: &mut TransactWriteItem,
    tables: &Tables,
    measure: &mut Measure,
) -> Result<Option<OpenItem>, OperationError> {
    const NAME: &str = TransactWriteItemsInput::NAME;
    // What is none of the four, or two at once, could carry an item past us.
    let said = [entry.put.is_some(), entry.update.is_some(), entry.delete.is_some(), entry.condition_check.is_some()];
    if said.into_iter().filter(|is_said| *is_said).count() != 1 {
        return Err(OperationError::without_table(NAME, Refusal::UnknownTransaction { index }));
    }
    let Some(table) = table_name(entry).and_then(|name| tables.get(name)).cloned() else { return Ok(None) };

    if let Some(put) = &mut entry.put {
        let mut texts = Texts {
            condition: Some(&mut put.condition_expression),
            names: Some(&mut put.expression_attribute_names),
            values: Some(&mut put.expression_attribute_values),
            ..Texts::default()
        };
        let expressions = texts.take(NAME, [])?;
        let request = PutItem { item: item(NAME, std::mem::take(&mut put.item))?, expressions };
        let (request, open) = TransactWrite::put(request, &table, measure).await?;
        texts.put(request.expressions);
        put.item = to_sdk(request.item);
        return Ok(Some(open));
    }
    if let Some(update) = &mut entry.update {
        let key = item(NAME, update.key.clone())?;
        let mut expression = Some(std::mem::take(&mut update.update_expression));
        let mut texts = Texts {
            condition: Some(&mut update.condition_expression),
            update: Some(&mut expression),
            names: Some(&mut update.expression_attribute_names),
            values: Some(&mut update.expression_attribute_values),
            ..Texts::default()
        };
        let request = UpdateItem { key, expressions: texts.take(NAME, [])?, return_values: None };
        let (request, open) = TransactWrite::update(request, &table)?;
        texts.put(request.expressions);
        update.update_expression = expression.unwrap_or_default();
        return Ok(Some(open));
    }
    let mut expression = entry.condition_check.as_mut().map(|check| std::mem::take(&mut check.condition_expression));
    let key = entry.delete.as_ref().map(|delete| &delete.key);
    let key = key.or(entry.condition_check.as_ref().map(|check| &check.key)).cloned().unwrap_or_default();
    let mut texts = match (&mut entry.delete, &mut entry.condition_check) {
        (Some(delete), _) => Texts {
            condition: Some(&mut delete.condition_expression),
            names: Some(&mut delete.expression_attribute_names),
            values: Some(&mut delete.expression_attribute_values),
            ..Texts::default()
        },
        (None, Some(check)) => Texts {
            condition: Some(&mut expression),
            names: Some(&mut check.expression_attribute_names),
            values: Some(&mut check.expression_attribute_values),
            ..Texts::default()
        },
        (None, None) => return Ok(None),
    };
    let request = DeleteItem { key: item(NAME, key)?, expressions: texts.take(NAME, [])? };
    let (request, open) = TransactWrite::check(request, &table)?;
    texts.put(request.expressions);
    if let (Some(check), Some(expression)) = (&mut entry.condition_check, expression) {
        check.condition_expression = expression;
    }
    Ok(Some(open))
}
