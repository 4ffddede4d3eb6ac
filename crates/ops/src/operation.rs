//! One file for each operation: the fields of its request that matter, and what opens its response.
//!
//! A request is sealed by its `seal`, which takes the table that it is for. What comes back next to the changed request
//! opens the response.

mod batch_get_item;
mod batch_write_item;
mod delete_item;
mod get_item;
mod page;
mod put_item;
mod query;
mod scan;
mod statement;
mod transact_get_items;
mod transact_write_items;
mod update_item;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use dynaseal_core::{Item, item_size, names_only};

pub use batch_get_item::{BatchGetTable, OpenBatchGetTable};
pub use batch_write_item::{BatchWriteTable, MapBack, WriteRequest};
pub use delete_item::DeleteItem;
pub use get_item::{GetItem, OpenGetItem};
pub use page::OpenPage;
pub use put_item::PutItem;
pub use query::Query;
pub use scan::Scan;
pub use statement::{check_statement, check_unknown, check_unsupported};
pub use transact_get_items::{OpenTransactGet, TransactGet};
pub use transact_write_items::{OpenReasons, TransactWrite};
pub use update_item::{OpenUpdateItem, UpdateItem};

use crate::error::{OperationError, Refusal};
use crate::measure::Measure;
use crate::seal::seal;
use crate::table::SealedTable;

/// Opens whole items that a response carries: `Attributes` of `ALL_OLD` and `ALL_NEW`, and the `Item` of a failed
/// condition.
#[derive(Clone)]
pub struct OpenItem {
    operation: &'static str,
    table: Arc<SealedTable>,
    key: Item,
}

/// Without the values.
impl fmt::Debug for OpenItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenItem")
            .field("operation", &self.operation)
            .field("table", &self.table.name())
            .field("key", &names_only(&self.key))
            .finish()
    }
}

impl OpenItem {
    /// `asked` has the key of the item that the request is about.
    fn new(operation: &'static str, table: &Arc<SealedTable>, asked: &Item) -> Self {
        Self { operation, table: Arc::clone(table), key: table.key_of(asked) }
    }

    /// An item as it was written.
    ///
    /// # Errors
    /// If it can not be opened, or if it is another one than the request was about: a record proves to which item it
    /// belongs, but whoever answers could hand out that of another item.
    pub async fn open(&self, item: Item, measure: &mut Measure) -> Result<Item, OperationError> {
        let since = Instant::now();
        let refused = |refusal| OperationError::new(self.operation, self.table.name(), refusal);
        let item = self.table.encryptor().decrypt_item(item).await.map_err(|error| refused(error.into()))?.item;
        if !self.table.same_key(&self.key, &item) {
            return Err(refused(Refusal::OtherItem));
        }
        measure.add_opened(1, item_size(&item), since);
        Ok(item)
    }
}

/// Seals one item for writing.
async fn seal_item(
    operation: &'static str,
    table: &SealedTable,
    item: Item,
    measure: &mut Measure,
) -> Result<Item, OperationError> {
    let since = Instant::now();
    let sealed = seal(table, item).await;
    let sealed = sealed.map_err(|refusal| OperationError::new(operation, table.name(), refusal))?;
    measure.add_sealed(1, item_size(&sealed), since);
    Ok(sealed)
}
