//! What both doors share: the sealed tables.

use std::sync::Arc;

use dynaseal_ops::{DuplicateTable, SealedTable, Tables};

use crate::door::SealedBy;

/// Seals what goes to, and opens what comes from, the tables that it knows. All other tables pass untouched.
///
/// Cheap to clone, and meant to be shared: a request is sealed once, and only clones of one sealer know each other. The default
/// one knows no table.
#[derive(Clone, Debug, Default)]
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

    /// Seals and opens nothing of this table, because its values are sealed by other means: attribute by attribute, for
    /// example. What is sent with this sealer passes as it is, and an interceptor that knows a table of that name refuses it
    /// instead of sealing it once more.
    pub fn sealed_elsewhere(table: impl AsRef<str>) -> Self {
        Self { tables: Arc::new(Tables::sealed_elsewhere(table)) }
    }

    pub(crate) fn by(&self) -> SealedBy {
        SealedBy::Sealer(Arc::clone(&self.tables))
    }

    /// The sealed tables.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }
}
