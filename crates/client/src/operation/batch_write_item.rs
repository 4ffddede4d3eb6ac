//! `BatchWriteItem`.

use std::sync::Arc;

use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemError, BatchWriteItemInput, BatchWriteItemOutput};
use dynaseal_ops::operation::{BatchWriteTable, MapBack, WriteRequest};
use dynaseal_ops::{Measure, OperationError, Refusal, Tables};

use super::{ByTable, Operation, item};
use crate::door::Place;
use crate::value::to_sdk;

impl Operation for BatchWriteItemInput {
    const NAME: &'static str = "BatchWriteItem";
    type Output = BatchWriteItemOutput;
    type Error = BatchWriteItemError;
    type Open = ByTable<MapBack>;

    async fn seal(&mut self, tables: &Tables, measure: &mut Measure) -> Result<Option<Self::Open>, OperationError> {
        let mut opens = ByTable::new(Self::NAME, self.request_items.iter().flatten().map(|(name, _)| name.as_str()))?;
        for (name, writes) in self.request_items.iter_mut().flatten() {
            let Some(table) = tables.get(name).map(Arc::clone) else { continue };
            let mut requests = Vec::with_capacity(writes.len());
            for write in writes.iter_mut() {
                requests.push(match &mut write.put_request {
                    Some(put) => WriteRequest::Put(item(Self::NAME, std::mem::take(&mut put.item))?),
                    // A third kind, should there ever be one, may carry items.
                    None if write.delete_request.is_none() => {
                        let refusal = Refusal::Missing { parameter: "PutRequest or DeleteRequest" };
                        return Err(OperationError::new(Self::NAME, table.name(), refusal));
                    }
                    None => WriteRequest::Delete,
                });
            }
            let (BatchWriteTable { requests }, open) = BatchWriteTable { requests }.seal(&table, measure).await?;
            for (write, request) in writes.iter_mut().zip(requests) {
                if let (Some(put), WriteRequest::Put(sealed)) = (&mut write.put_request, request) {
                    put.item = to_sdk(sealed);
                }
            }
            opens.insert(name, open);
        }
        Ok(opens.if_any())
    }

    async fn open(
        opens: &Self::Open,
        output: &mut BatchWriteItemOutput,
        _: &mut Measure,
    ) -> Result<(), OperationError> {
        for (name, writes) in output.unprocessed_items.iter_mut().flatten() {
            let Some(open) = opens.get(name)? else { continue };
            for put in writes.iter_mut().filter_map(|write| write.put_request.as_mut()) {
                let sealed = item(Self::NAME, std::mem::take(&mut put.item))?;
                put.item = to_sdk(open.plain(&sealed)?);
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
