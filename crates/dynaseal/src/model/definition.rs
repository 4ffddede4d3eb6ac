//! What a derive says of a model: constants, which everything else reads.

use dynaseal_core::CryptoAction;

/// A model's table, its columns and its indexes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Definition {
    /// The name of the struct.
    pub model: &'static str,
    /// The name of the table. What seals is bound to it, so a copy of the table under another name needs
    /// [`Options::table_name`](super::Options::table_name).
    pub table: &'static str,
    /// The region of the console's addresses, if the model has one.
    pub region: Option<&'static str>,
    /// How DynamoDB bills a table that is made.
    pub billing: Billing,
    /// All columns, in the order of the struct's fields, without those that are skipped.
    pub columns: &'static [ColumnDefinition],
    /// Which column is the partition key.
    pub partition_key: usize,
    /// Which column is the sort key.
    pub sort_key: Option<usize>,
    /// Which column counts the versions of an item.
    pub version: Option<usize>,
    /// Which column says when DynamoDB may delete an item.
    pub ttl: Option<usize>,
    /// The indexes.
    pub indexes: &'static [IndexDefinition],
    /// Whether items are records of the DB-ESDK. Otherwise attributes are sealed one by one.
    pub record: bool,
}

/// One attribute of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ColumnDefinition {
    /// The field of the struct.
    pub field: &'static str,
    /// The attribute.
    pub attribute: &'static str,
    /// What protects it.
    pub protection: Protection,
    /// The type as a key, if it may be one.
    pub key_type: Option<KeyType>,
}

/// What protects an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Protection {
    /// Nothing. In records it is [`CryptoAction::DoNothing`] then.
    Plain,
    /// Sealed alone, with a random nonce, bound to the item.
    Randomised {
        /// Whether values of pynamodb_mate are read, too.
        also_reads: Option<Legacy>,
    },
    /// Sealed alone; equal values look equal, and can be searched.
    Deterministic {
        /// Whether values of pynamodb_mate are read, too.
        also_reads: Option<Legacy>,
    },
    /// Part of the item's record.
    Record {
        /// What is done with it.
        action: CryptoAction,
        /// The beacon by which it is searched.
        beacon: Option<Beacon>,
    },
}

/// A standard beacon on the attribute, under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Beacon {
    /// In bits, 1 to 63.
    pub length: u8,
}

impl Beacon {
    /// Of that many bits.
    pub const fn of_length(length: u8) -> Self {
        Self { length }
    }
}

/// What kind of pynamodb_mate's attributes a column was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Legacy {
    /// `EncryptedUnicodeAttribute`.
    Text,
    /// `EncryptedBinaryAttribute`.
    Binary,
    /// `EncryptedNumberAttribute`.
    Number,
    /// `EncryptedJsonDictAttribute`.
    Json,
}

/// The type of a key attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// A string.
    S,
    /// A number.
    N,
    /// Bytes.
    B,
}

/// How DynamoDB bills a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Billing {
    /// For each request.
    PayPerRequest,
    /// For capacity, used or not.
    Provisioned {
        /// Read capacity units per second, also of each global index.
        read: i64,
        /// Write capacity units per second, also of each global index.
        write: i64,
    },
}

/// A secondary index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexDefinition {
    /// Its name.
    pub name: &'static str,
    /// Whether it is local: it has the table's partition key then.
    pub local: bool,
    /// Which column is its partition key.
    pub partition_key: usize,
    /// Which column is its sort key.
    pub sort_key: Option<usize>,
    /// What it has of the items.
    pub projection: Projection,
}

/// What an index has of the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projection {
    /// Everything.
    All,
    /// The keys of the table and of the index.
    KeysOnly,
    /// The keys, and these attributes.
    Include(&'static [&'static str]),
}

impl Definition {
    /// The smallest definition, which the derive completes.
    pub const fn new(model: &'static str, table: &'static str, columns: &'static [ColumnDefinition]) -> Self {
        Self {
            model,
            table,
            region: None,
            billing: Billing::PayPerRequest,
            columns,
            partition_key: 0,
            sort_key: None,
            version: None,
            ttl: None,
            indexes: &[],
            record: false,
        }
    }

    /// The column of an attribute.
    pub fn column(&self, attribute: &str) -> Option<&'static ColumnDefinition> {
        self.columns.iter().find(|column| column.attribute == attribute)
    }

    /// The partition key's column and the sort key's.
    pub fn key_columns(&self) -> impl Iterator<Item = &'static ColumnDefinition> + use<> {
        let columns = self.columns;
        std::iter::once(self.partition_key).chain(self.sort_key).filter_map(move |index| columns.get(index))
    }

    /// The first attribute that items in an index do not have.
    pub(super) fn missing_from(&self, index: &IndexDefinition) -> Option<&'static str> {
        let Projection::Include(included) = index.projection else {
            let keys_only = index.projection == Projection::KeysOnly;
            return self.columns.iter().enumerate().find(|(at, _)| keys_only && !self.is_key(index, *at)).map(name);
        };
        let is_there = |at: usize, attribute: &str| self.is_key(index, at) || included.contains(&attribute);
        return self.columns.iter().enumerate().find(|(at, column)| !is_there(*at, column.attribute)).map(name);

        fn name((_, column): (usize, &ColumnDefinition)) -> &'static str {
            column.attribute
        }
    }

    /// Whether a column is part of the table's key or of the index's.
    fn is_key(&self, index: &IndexDefinition, column: usize) -> bool {
        let keys = [Some(self.partition_key), self.sort_key, Some(index.partition_key), index.sort_key];
        keys.contains(&Some(column))
    }

    /// With these settings.
    #[must_use]
    pub const fn with_region(mut self, region: &'static str) -> Self {
        self.region = Some(region);
        self
    }

    /// Billed so.
    #[must_use]
    pub const fn with_billing(mut self, billing: Billing) -> Self {
        self.billing = billing;
        self
    }

    /// With these columns as primary key.
    #[must_use]
    pub const fn with_key(mut self, partition_key: usize, sort_key: Option<usize>) -> Self {
        self.partition_key = partition_key;
        self.sort_key = sort_key;
        self
    }

    /// With this column as version.
    #[must_use]
    pub const fn with_version(mut self, column: usize) -> Self {
        self.version = Some(column);
        self
    }

    /// With this column as time to live.
    #[must_use]
    pub const fn with_ttl(mut self, column: usize) -> Self {
        self.ttl = Some(column);
        self
    }

    /// With these indexes.
    #[must_use]
    pub const fn with_indexes(mut self, indexes: &'static [IndexDefinition]) -> Self {
        self.indexes = indexes;
        self
    }

    /// Whose items are records.
    #[must_use]
    pub const fn as_record(mut self) -> Self {
        self.record = true;
        self
    }
}

impl ColumnDefinition {
    /// A column.
    pub const fn new(
        field: &'static str,
        attribute: &'static str,
        protection: Protection,
        key_type: Option<KeyType>,
    ) -> Self {
        Self { field, attribute, protection, key_type }
    }
}

impl IndexDefinition {
    /// An index.
    pub const fn new(
        name: &'static str,
        local: bool,
        partition_key: usize,
        sort_key: Option<usize>,
        projection: Projection,
    ) -> Self {
        Self { name, local, partition_key, sort_key, projection }
    }
}
