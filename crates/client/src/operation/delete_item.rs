//! `DeleteItem`.

use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemInput, DeleteItemOutput};
use dynaseal_ops::operation::{DeleteItem, OpenItem};
use dynaseal_ops::{Measure, OperationError, Tables};

use super::{Operation, Texts, item, open_place};
use crate::door::Place;

impl Operation for DeleteItemInput {
    const NAME: &'static str = "DeleteItem";
    type Output = DeleteItemOutput;
    type Error = DeleteItemError;
    type Open = OpenItem;

    async fn seal(&mut self, tables: &Tables, _: &mut Measure) -> Result<Option<OpenItem>, OperationError> {
        let Some(table) = self.table_name.as_deref().and_then(|name| tables.get(name)) else { return Ok(None) };
        let legacy =
            [("Expected", self.expected.is_some()), ("ConditionalOperator", self.conditional_operator.is_some())];
        let key = item(Self::NAME, self.key.clone().unwrap_or_default())?;
        let mut texts = Texts {
            condition: Some(&mut self.condition_expression),
            names: Some(&mut self.expression_attribute_names),
            values: Some(&mut self.expression_attribute_values),
            ..Texts::default()
        };
        let delete = DeleteItem { key, expressions: texts.take(Self::NAME, legacy)? };
        let (delete, open) = delete.seal(table)?;
        texts.put(delete.expressions);
        Ok(Some(open))
    }

    async fn open(open: &OpenItem, output: &mut DeleteItemOutput, measure: &mut Measure) -> Result<(), OperationError> {
        open_place(Self::NAME, open, &mut output.attributes, measure).await
    }

    async fn open_error(
        open: &OpenItem,
        error: &mut DeleteItemError,
        measure: &mut Measure,
    ) -> Result<(), OperationError> {
        match error {
            DeleteItemError::ConditionalCheckFailedException(failed) => {
                open_place(Self::NAME, open, &mut failed.item, measure).await
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
