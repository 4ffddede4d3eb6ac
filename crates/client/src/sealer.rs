//! What both doors share: the sealed tables.

use std::sync::Arc;

use dynaseal_ops::{DuplicateTable, SealedTable, Tables};

/// Seals what goes to, and opens what comes from, the tables that it knows. All other tables pass untouched.
///
/// Cheap to clone, and meant to be shared.
#[derive(Clone, Debug)]
pub struct Sealer {
    pub(crate) tables: Arc<Tables>,
}

impl Sealer {
    /// For these tables.
    ///
    /// # Errors
    /// If two have one name.
    pub fn new(tables: impl IntoIterator<Item = SealedTable>) -> Result<Self, DuplicateTable> {
        Ok(Self { tables: Arc::new(Tables::new(tables)?) })
    }

    /// For one table.
    pub fn of_table(table: SealedTable) -> Self {
        Self { tables: Arc::new(Tables::from(table)) }
    }

    /// The sealed tables.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }
}
