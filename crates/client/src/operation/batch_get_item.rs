//! `BatchGetItem`.

use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemError, BatchGetItemInput, BatchGetItemOutput};
use dynaseal_ops::operation::{BatchGetTable, OpenBatchGetTable};
use dynaseal_ops::{Measure, OperationError, Tables};

use super::{ByTable, Operation, Texts, items, sdk_names};
use crate::door::Place;
use crate::value::to_sdk;

impl Operation for BatchGetItemInput {
    const NAME: &'static str = "BatchGetItem";
    type Output = BatchGetItemOutput;
    type Error = BatchGetItemError;
    type Open = ByTable<OpenBatchGetTable>;

    async fn seal(&mut self, tables: &Tables, _: &mut Measure) -> Result<Option<Self::Open>, OperationError> {
        let mut opens = ByTable::new(Self::NAME, self.request_items.iter().flatten().map(|(name, _)| name.as_str()))?;
        for (name, keys) in self.request_items.iter_mut().flatten() {
            let Some(table) = tables.get(name) else { continue };
            let of_keys = items(Self::NAME, keys.keys.clone())?;
            let mut texts = Texts {
                projection: Some(&mut keys.projection_expression),
                names: Some(&mut keys.expression_attribute_names),
                ..Texts::default()
            };
            let legacy = [("AttributesToGet", keys.attributes_to_get.is_some())];
            let get = BatchGetTable { keys: of_keys, expressions: texts.take(Self::NAME, legacy)? };
            let (get, open) = get.seal(table)?;
            texts.put(get.expressions);
            opens.insert(name, open);
        }
        Ok(opens.if_any())
    }

    async fn open(
        opens: &Self::Open,
        output: &mut BatchGetItemOutput,
        measure: &mut Measure,
    ) -> Result<(), OperationError> {
        for (name, found) in output.responses.iter_mut().flatten() {
            if let Some(open) = opens.get(name)? {
                let opened = open.page.open(items(Self::NAME, std::mem::take(found))?, measure).await?;
                *found = opened.into_iter().map(to_sdk).collect();
            }
        }
        for (name, keys) in output.unprocessed_keys.iter_mut().flatten() {
            if let Some(open) = opens.get(name)? {
                keys.projection_expression.clone_from(&open.projection);
                keys.expression_attribute_names = sdk_names(open.names.clone());
            }
        }
        Ok(())
    }

    fn table_names(&self) -> Vec<&str> {
        self.request_items.iter().flatten().map(|(name, _)| name.as_str()).collect()
    }

    fn place(&self) -> Option<usize> {
        self.request_items.place()
    }
}
