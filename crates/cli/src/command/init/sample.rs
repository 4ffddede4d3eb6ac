//! What a table, or a sample of its items, says: keys, indexes, and the attributes with their types. No values.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::TableDescription;
use dynaseal::{HEAD, Item, RESERVED_PREFIX};

use crate::preflight;
use crate::table::KeyType;

/// An attribute of the sample.
#[derive(Debug, Default)]
pub(super) struct Attribute {
    /// How many items have it.
    pub(super) items: usize,
    /// `S`, `N`, `M`, … Several if items differ.
    pub(super) types: BTreeSet<&'static str>,
}

/// A sample.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) partition_key: String,
    pub(super) sort_key: Option<String>,
    /// Of the keys, where the table says them.
    types: BTreeMap<String, KeyType>,
    /// Key attributes of indexes, with the indexes.
    pub(super) indexed: BTreeMap<String, Vec<String>>,
    pub(super) ttl: Option<String>,
    pub(super) attributes: BTreeMap<String, Attribute>,
    plain: usize,
    /// Items that are sealed already.
    pub(super) sealed: usize,
    /// An older format of which there are items.
    pub(super) older: Option<&'static str>,
    /// Whether the table itself was asked.
    pub(super) is_live: bool,
}

/// What marks items of the DynamoDB Encryption Client.
const OLDER_CLIENT: [&str; 2] = ["*amzn-ddb-map-desc*", "*amzn-ddb-map-sig*"];

/// What DynamoDB's older global tables, or their replication, write.
pub(super) const REPLICATION: &str = "aws:rep:";

impl Sample {
    pub(super) fn new(partition_key: String, sort_key: Option<String>) -> Self {
        Self {
            partition_key,
            sort_key,
            types: BTreeMap::new(),
            indexed: BTreeMap::new(),
            ttl: None,
            attributes: BTreeMap::new(),
            plain: 0,
            sealed: 0,
            older: None,
            is_live: false,
        }
    }

    /// Without items as yet.
    pub(super) fn of_table(found: &TableDescription) -> Self {
        let keys = preflight::key_names(found.key_schema());
        let name = |at: usize| keys.get(at).map(|name| (*name).to_owned());
        let mut sample = Self { is_live: true, ..Self::new(name(0).unwrap_or_default(), name(1)) };
        let types = preflight::types(found).into_iter();
        sample.types = types.filter_map(|(name, of_type)| Some((name.to_owned(), of_type.parse().ok()?))).collect();
        let global = found.global_secondary_indexes().iter().map(|index| (index.index_name(), index.key_schema()));
        let local = found.local_secondary_indexes().iter().map(|index| (index.index_name(), index.key_schema()));
        for (index, schema) in global.chain(local) {
            for name in preflight::key_names(schema).into_iter().filter(|name| !keys.contains(name)) {
                let indexes = sample.indexed.entry(name.to_owned()).or_default();
                indexes.push(index.unwrap_or_default().to_owned());
            }
        }
        sample
    }

    /// Looks at the names and types of an item.
    pub(super) fn add(&mut self, item: &Item) {
        if item.contains_key(HEAD) {
            self.sealed += 1;
            return;
        }
        self.plain += 1;
        for (name, value) in item {
            if OLDER_CLIENT.contains(&name.as_str()) {
                self.older = Some("the DynamoDB Encryption Client");
                continue;
            }
            if name.starts_with(RESERVED_PREFIX) {
                continue;
            }
            let attribute = self.attributes.entry(name.clone()).or_default();
            attribute.items += 1;
            attribute.types.insert(value.type_name());
        }
    }

    pub(super) fn items(&self) -> usize {
        self.plain + self.sealed
    }

    pub(super) fn plain(&self) -> usize {
        self.plain
    }

    /// The key attributes.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.partition_key.as_str()).chain(self.sort_key.as_deref())
    }

    /// The type of a key: what the table says, or all items.
    pub(super) fn key_type(&self, name: &str) -> Option<KeyType> {
        let of_items = || {
            let mut types = self.attributes.get(name)?.types.iter();
            match (types.next(), types.next()) {
                (Some(of_type), None) => of_type.parse().ok(),
                _ => None,
            }
        };
        self.types.get(name).copied().or_else(of_items)
    }

    /// A key attribute that some items do not have, and how many.
    pub(super) fn missing_key(&self) -> Option<(&str, usize)> {
        let without = |name: &str| self.plain - self.attributes.get(name).map_or(0, |attribute| attribute.items);
        self.keys().map(|name| (name, without(name))).find(|(_, without)| *without > 0)
    }
}
