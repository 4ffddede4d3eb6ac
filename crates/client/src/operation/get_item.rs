//! `GetItem`.

use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemInput, GetItemOutput};
use dynaseal_ops::operation::{GetItem, OpenGetItem};
use dynaseal_ops::{Measure, OperationError, Tables};

use super::{Operation, Texts, item};
use crate::door::Place;
use crate::value::to_sdk;

impl Operation for GetItemInput {
    const NAME: &'static str = "GetItem";
    type Output = GetItemOutput;
    type Error = GetItemError;
    type Open = OpenGetItem;

    async fn seal(&mut self, tables: &Tables, _: &mut Measure) -> Result<Option<OpenGetItem>, OperationError> {
        let Some(table) = self.table_name.as_deref().and_then(|name| tables.get(name)) else { return Ok(None) };
        let key = item(Self::NAME, self.key.clone().unwrap_or_default())?;
        let mut texts = Texts {
            projection: Some(&mut self.projection_expression),
            names: Some(&mut self.expression_attribute_names),
            ..Texts::default()
        };
        let legacy = [("AttributesToGet", self.attributes_to_get.is_some())];
        let get = GetItem { key, expressions: texts.take(Self::NAME, legacy)? };
        let (get, open) = get.seal(table)?;
        texts.put(get.expressions);
        Ok(Some(open))
    }

    async fn open(open: &OpenGetItem, output: &mut GetItemOutput, measure: &mut Measure) -> Result<(), OperationError> {
        if let Some(sealed) = output.item.take() {
            output.item = Some(to_sdk(open.open(item(Self::NAME, sealed)?, measure).await?));
        }
        Ok(())
    }

    fn table_names(&self) -> Vec<&str> {
        self.table_name.as_deref().into_iter().collect()
    }

    fn place(&self) -> Option<usize> {
        self.table_name.place()
    }
}
