//! Each door writes items in each way that there is.

use aws_sdk_dynamodb::types::{Put, PutRequest, TransactWriteItem, WriteRequest};
use dynaseal::{Item, SendSealed, sdk};

use super::Traffic;
use crate::Result;
use crate::keys::chain;
use crate::table::doors::{Door, send};

impl Traffic<'_> {
    /// Two items one by one, three in a batch, two in a transaction.
    pub(super) async fn write(&mut self) -> Result<()> {
        let table = self.table;
        for door in &table.doors {
            for _ in 0..2 {
                let item = self.fresh();
                let put = door.client.put_item().table_name(&table.name).set_item(Some(sdk::to_sdk(item.clone())));
                let sent = send!(door, put).map(drop).map_err(|error| chain(&error));
                self.written("PutItem", door, vec![item], sent);
            }

            let items = vec![self.fresh(), self.fresh(), self.fresh()];
            let mut requests = Vec::new();
            for item in &items {
                let put = PutRequest::builder().set_item(Some(sdk::to_sdk(item.clone()))).build()?;
                requests.push(WriteRequest::builder().put_request(put).build());
            }
            let batch = door.client.batch_write_item().request_items(&table.name, requests);
            let sent = send!(door, batch).map(drop).map_err(|error| chain(&error));
            self.written("BatchWriteItem", door, items, sent);

            let items = vec![self.fresh(), self.fresh()];
            let mut transaction = door.client.transact_write_items();
            for item in &items {
                let put = Put::builder().table_name(&table.name).set_item(Some(sdk::to_sdk(item.clone()))).build()?;
                transaction = transaction.transact_items(TransactWriteItem::builder().put(put).build());
            }
            let sent = send!(door, transaction).map(drop).map_err(|error| chain(&error));
            self.written("TransactWriteItems", door, items, sent);
        }
        Ok(())
    }

    /// Items that were sent are held, or there is a difference.
    pub(super) fn written(&mut self, what: &str, door: &Door, items: Vec<Item>, sent: std::result::Result<(), String>) {
        match sent {
            Ok(()) => items.into_iter().for_each(|item| self.hold(item, door.side)),
            Err(error) => self.tally.differ(self.name, format!("{what} through {}: {error}", door.name)),
        }
    }
}
