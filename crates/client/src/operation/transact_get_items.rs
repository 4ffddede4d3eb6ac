//! `TransactGetItems`.

use std::sync::Arc;

use aws_sdk_dynamodb::operation::transact_get_items::{
    TransactGetItemsError, TransactGetItemsInput, TransactGetItemsOutput,
};
use dynaseal_ops::operation::{GetItem, OpenTransactGet, TransactGet};
use dynaseal_ops::{Measure, OperationError, Tables};

use super::{Operation, Texts, item};
use crate::door::Place;
use crate::value::to_sdk;

impl Operation for TransactGetItemsInput {
    const NAME: &'static str = "TransactGetItems";
    type Output = TransactGetItemsOutput;
    type Error = TransactGetItemsError;
    type Open = OpenTransactGet;

    async fn seal(&mut self, tables: &Tables, _: &mut Measure) -> Result<Option<OpenTransactGet>, OperationError> {
        let Some(entries) = &mut self.transact_items else { return Ok(None) };
        let mut requests = Vec::with_capacity(entries.len());
        for entry in entries.iter_mut() {
            let get = entry.get.as_mut().and_then(|get| Some((Arc::clone(tables.get(&get.table_name)?), get)));
            let request = get.map(|(table, get)| {
                let key = item(Self::NAME, get.key.clone())?;
                let mut texts = Texts {
                    projection: Some(&mut get.projection_expression),
                    names: Some(&mut get.expression_attribute_names),
                    ..Texts::default()
                };
                Ok((table, GetItem { key, expressions: texts.take(Self::NAME, [])? }))
            });
            requests.push(request.transpose()?);
        }
        if requests.iter().all(Option::is_none) {
            return Ok(None);
        }
        let (requests, open) = TransactGet { entries: requests }.seal()?;
        for (entry, request) in entries.iter_mut().zip(requests) {
            if let (Some(get), Some(request)) = (&mut entry.get, request) {
                let texts = Texts {
                    projection: Some(&mut get.projection_expression),
                    names: Some(&mut get.expression_attribute_names),
                    ..Texts::default()
                };
                texts.put(request.expressions);
            }
        }
        Ok(Some(open))
    }

    async fn open(
        open: &OpenTransactGet,
        output: &mut TransactGetItemsOutput,
        measure: &mut Measure,
    ) -> Result<(), OperationError> {
        let mut found = Vec::new();
        let responses = output.responses.get_or_insert_default();
        for (index, response) in responses.iter_mut().enumerate() {
            let sealed = open.is_sealed(index).then(|| response.item.take()).flatten();
            found.push(sealed.map(|sealed| item(Self::NAME, sealed)).transpose()?);
        }
        let opened = open.open(found, measure).await?;
        for (response, item) in responses.iter_mut().zip(opened) {
            if let Some(item) = item {
                response.item = Some(to_sdk(item));
            }
        }
        Ok(())
    }

    fn table_names(&self) -> Vec<&str> {
        let gets = self.transact_items.iter().flatten().filter_map(|entry| entry.get.as_ref());
        gets.map(|get| get.table_name.as_str()).collect()
    }

    fn place(&self) -> Option<usize> {
        self.transact_items.place()
    }
}
