//! The project's own records.

#![allow(unreachable_pub, dead_code, reason = "shared between test programs, each of which uses a part")]

use std::sync::Arc;

use dynaseal_core::{DefaultCmm, Item, ItemEncryptor};
use dynaseal_testkit::{config, vectors};
use serde_json::Value;

/// A record of `tests/records.json`.
pub struct Record {
    pub id: String,
    pub config: Value,
    opens: Vec<Value>,
    pub sealed: Item,
    pub opened: Item,
}

/// All of them.
pub fn records() -> Vec<Record> {
    let file: Value = serde_json::from_str(include_str!("../records.json")).unwrap();
    let record = |record: &Value| Record {
        id: record["id"].as_str().unwrap().to_owned(),
        config: record["config"].clone(),
        opens: record["opens"].as_array().unwrap().clone(),
        sealed: vectors::item(&record["sealed"]),
        opened: vectors::item(&record["opened"]),
    };
    file["records"].as_array().unwrap().iter().map(record).collect()
}

impl Record {
    /// How many keyrings open it.
    pub fn keyrings(&self) -> usize {
        self.opens.len()
    }

    /// An encryptor with one of them.
    pub fn encryptor(&self, keyring: usize) -> ItemEncryptor {
        let keyring = config::keyring(&self.opens[keyring]);
        ItemEncryptor::with_cmm(config::table(&self.config).unwrap(), Arc::new(DefaultCmm::new(keyring)))
    }
}
