//! `UpdateItem`.

use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput, UpdateItemOutput};
use dynaseal_ops::operation::{OpenUpdateItem, UpdateItem};
use dynaseal_ops::{Measure, OperationError, Tables};

use super::{Operation, Texts, item, open_place};
use crate::door::Place;
use crate::value::to_sdk;

impl Operation for UpdateItemInput {
    const NAME: &'static str = "UpdateItem";
    type Output = UpdateItemOutput;
    type Error = UpdateItemError;
    type Open = OpenUpdateItem;

    async fn seal(&mut self, tables: &Tables, _: &mut Measure) -> Result<Option<OpenUpdateItem>, OperationError> {
        let Some(table) = self.table_name.as_deref().and_then(|name| tables.get(name)) else { return Ok(None) };
        let legacy = [
            ("AttributeUpdates", self.attribute_updates.is_some()),
            ("Expected", self.expected.is_some()),
            ("ConditionalOperator", self.conditional_operator.is_some()),
        ];
        let key = item(Self::NAME, self.key.clone().unwrap_or_default())?;
        let mut texts = Texts {
            condition: Some(&mut self.condition_expression),
            update: Some(&mut self.update_expression),
            names: Some(&mut self.expression_attribute_names),
            values: Some(&mut self.expression_attribute_values),
            ..Texts::default()
        };
        let return_values = self.return_values.as_ref().map(|values| values.as_str().to_owned());
        let update = UpdateItem { key, expressions: texts.take(Self::NAME, legacy)?, return_values };
        let (update, open) = update.seal(table)?;
        texts.put(update.expressions);
        Ok(Some(open))
    }

    async fn open(
        open: &OpenUpdateItem,
        output: &mut UpdateItemOutput,
        measure: &mut Measure,
    ) -> Result<(), OperationError> {
        if let Some(attributes) = output.attributes.take() {
            output.attributes = Some(to_sdk(open.open(item(Self::NAME, attributes)?, measure).await?));
        }
        Ok(())
    }

    async fn open_error(
        open: &OpenUpdateItem,
        error: &mut UpdateItemError,
        measure: &mut Measure,
    ) -> Result<(), OperationError> {
        match error {
            UpdateItemError::ConditionalCheckFailedException(failed) => {
                open_place(Self::NAME, open.item(), &mut failed.item, measure).await
            }
            _ => Ok(()),
        }
    }

    fn table_names(&self) -> Vec<&str> {
        self.table_name.as_deref().into_iter().collect()
    }

    fn place(&self) -> Option<usize> {
        self.table_name.place()
    }
}
