//! `PutItem`.

use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput, PutItemOutput};
use dynaseal_ops::operation::{OpenItem, PutItem};
use dynaseal_ops::{Measure, OperationError, Tables};

use super::{Operation, Texts, item, open_place};
use crate::door::Place;
use crate::value::to_sdk;

impl Operation for PutItemInput {
    const NAME: &'static str = "PutItem";
    type Output = PutItemOutput;
    type Error = PutItemError;
    type Open = OpenItem;

    async fn seal(&mut self, tables: &Tables, measure: &mut Measure) -> Result<Option<OpenItem>, OperationError> {
        let Some(table) = self.table_name.as_deref().and_then(|name| tables.get(name)) else { return Ok(None) };
        let legacy =
            [("Expected", self.expected.is_some()), ("ConditionalOperator", self.conditional_operator.is_some())];
        let mut texts = Texts {
            condition: Some(&mut self.condition_expression),
            names: Some(&mut self.expression_attribute_names),
            values: Some(&mut self.expression_attribute_values),
            ..Texts::default()
        };
        let expressions = texts.take(Self::NAME, legacy)?;
        let put = PutItem { item: item(Self::NAME, self.item.take().unwrap_or_default())?, expressions };
        let (put, open) = put.seal(table, measure).await?;
        texts.put(put.expressions);
        self.item = Some(to_sdk(put.item));
        Ok(Some(open))
    }

    async fn open(open: &OpenItem, output: &mut PutItemOutput, measure: &mut Measure) -> Result<(), OperationError> {
        open_place(Self::NAME, open, &mut output.attributes, measure).await
    }

    async fn open_error(
        open: &OpenItem,
        error: &mut PutItemError,
        measure: &mut Measure,
    ) -> Result<(), OperationError> {
        match error {
            PutItemError::ConditionalCheckFailedException(failed) => {
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
