//! `BatchWriteItem`.

use std::sync::Arc;

use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemError, BatchWriteItemInput, BatchWriteItemOutput};
use dynaseal_ops::operation::{BatchWriteTable, MapBack, WriteRequest};
use dynaseal_ops::{Measure, OperationError, Tables};

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
            for (index, write) in writes.iter_mut().enumerate() {
                let put = write.put_request.as_mut().map(|put| item(Self::NAME, std::mem::take(&mut put.item)));
                let delete = write.delete_request.as_ref().map(|delete| item(Self::NAME, delete.key.clone()));
                let request = WriteRequest::of_entry(index, put.transpose()?, delete.transpose()?);
                requests.push(request.map_err(|refusal| OperationError::new(Self::NAME, table.name(), refusal))?);
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
