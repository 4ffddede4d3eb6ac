//! What the benchmarks measure, for this workspace's own and for the one beside AWS's crate.

mod floor;

use dynaseal_core::{AlgorithmSuite, AttributeValue, Item, ItemEncryptor, RawAesKeyring, TableConfig};

pub use floor::Floor;

/// Where the counts of allocations are kept for the table, from this folder.
pub const COUNTS: &str = "../target/criterion/allocations.json";
/// Logical table name of all rows.
pub const TABLE: &str = "benchmark-table";
/// Namespace of the raw AES key.
pub const NAMESPACE: &str = "benchmark";
/// Name of the raw AES key.
pub const KEY_NAME: &str = "key-1";
/// The raw AES key.
pub const KEY: [u8; 32] = [0x42; 32];

/// Number and size of the sealed strings of an item, which also has a string partition key and a number sort key.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// How many sealed strings.
    pub count: usize,
    /// Bytes of each.
    pub size: usize,
}

/// The rows of the table.
pub const ROWS: [Row; 6] = [
    Row { count: 1, size: 16 },
    Row { count: 10, size: 64 },
    Row { count: 10, size: 1024 },
    Row { count: 100, size: 64 },
    Row { count: 1, size: 100 * 1024 },
    Row { count: 10, size: 38 * 1024 },
];

impl Row {
    /// `10 × 64 B`, `1 × 100 KB`.
    pub fn name(self) -> String {
        let Self { count, size } = self;
        if size % 1024 == 0 { format!("{count} × {} KB", size / 1024) } else { format!("{count} × {size} B") }
    }

    /// The names of the sealed attributes.
    pub fn names(self) -> impl Iterator<Item = String> {
        (0..self.count).map(|index| format!("attribute{index:03}"))
    }

    /// The plain item.
    pub fn item(self) -> Item {
        let text = "sealed text ".chars().cycle().take(self.size).collect::<String>();
        let mut item: Item = self.names().map(|name| (name, AttributeValue::S(text.clone()))).collect();
        item.insert("pk".to_owned(), "customer#1234567".into());
        item.insert("sk".to_owned(), AttributeValue::N("20261121".to_owned()));
        item
    }

    /// An encryptor with one raw AES key.
    pub fn encryptor(self, suite: AlgorithmSuite) -> ItemEncryptor {
        let config = TableConfig::builder(TABLE, "pk").sort_key("sk").encrypt(self.names()).algorithm_suite(suite);
        let keyring = RawAesKeyring::new(NAMESPACE, KEY_NAME, &KEY).expect("the key has 32 bytes");
        ItemEncryptor::new(config.build().expect("the configuration is right"), keyring)
    }
}
