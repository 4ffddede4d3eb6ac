//! What a table has to be, by table.toml and the command line: its keys, its indexes, how it is paid and how items expire.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType as KeyRole, Projection,
    ProjectionType, ProvisionedThroughput, ScalarAttributeType, TableDescription,
};
use dynaseal::CryptoAction;

use crate::args::{Billing, CreateTableArgs, IndexArg};
use crate::preflight::{self, Projects};
use crate::table::{KeyAttribute, KeySchema, KeyType, Outline};

/// As many as DynamoDB takes unless one asks for more.
const MAX_INDEXES: usize = 20;

/// Why there can be no such table.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShapeError {
    #[error("{field} is {file} in table.toml, and --{option} says {given}: give one of them, or make them the same")]
    Type { field: &'static str, option: &'static str, file: KeyType, given: KeyType },
    #[error("--sort-key-type: table.toml has no sort_key")]
    NoSortKey,
    #[error("--index {0}: it is stored as a set, of which DynamoDB makes no index")]
    Set(String),
    #[error("--index {0}: this beacon is only a part of others, and not stored: name one that it is a part of")]
    PartOnly(String),
    #[error(
        "--index {0}: it is ENCRYPT_AND_SIGN, so an index would be of random bytes: give it a beacon in [search] of table.toml"
    )]
    Encrypted(String),
    #[error("--index {0}: it is no beacon and has no action in table.toml: is the name right?")]
    Unknown(String),
    #[error("--attribute-type {0}: it is in no index")]
    UnusedType(String),
    #[error(
        "--attribute-type {0}: a beacon is of type S, and keys of the table have --partition-key-type and --sort-key-type"
    )]
    FixedType(String),
    #[error("two indexes have the name `{0}`: leave one --index out")]
    Twice(String),
    #[error(
        "there would be {0} indexes, one for each beacon, and DynamoDB makes {MAX_INDEXES}: say with --index which, as those of compound beacons are often enough"
    )]
    TooMany(usize),
    #[error(
        "--ttl {0}: it is ENCRYPT_AND_SIGN, so DynamoDB could not read it and would delete nothing: make it DO_NOTHING and unsigned, or SIGN_ONLY"
    )]
    EncryptedTtl(String),
    #[error("--ttl {0}: it has no action in table.toml: make it DO_NOTHING and unsigned, or SIGN_ONLY")]
    UnknownTtl(String),
}

/// A table as it has to be.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) keys: KeySchema,
    pub(super) indexes: Vec<Index>,
    /// Of the keys of the table and of its indexes.
    pub(super) types: BTreeMap<String, KeyType>,
    /// Read and write capacity units; none if each request is paid.
    pub(super) capacity: Option<(i64, i64)>,
    billing_was_said: bool,
    pub(super) ttl: Option<String>,
}

/// A global secondary index of whole items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) partition_key: String,
    pub(super) sort_key: Option<String>,
}

impl Index {
    /// The attributes of its key.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.partition_key.as_str()).chain(self.sort_key.as_deref())
    }
}

impl Shape {
    pub(super) fn new(outline: &Outline, args: &CreateTableArgs) -> Result<Self, ShapeError> {
        let keys = keys(&outline.keys, args)?;
        let types = keys.attributes().map(|key| (key.name.clone(), key.of_type.unwrap_or(KeyType::S)));
        let mut shape = Self {
            name: outline.name.clone(),
            types: types.collect(),
            keys,
            indexes: Vec::new(),
            capacity: match args.billing {
                Some(Billing::Provisioned) => args.read_capacity.zip(args.write_capacity),
                _ => None,
            },
            billing_was_said: args.billing.is_some(),
            ttl: args.ttl.clone(),
        };
        match args.index.as_slice() {
            [] if args.no_index => {}
            [] => shape.of_beacons(outline),
            indexes => indexes.iter().try_for_each(|index| shape.add(outline, args, index))?,
        }
        for (name, _) in &args.attribute_type {
            if !shape.indexes.iter().any(|index| index.keys().any(|key| key == name)) {
                return Err(ShapeError::UnusedType(name.clone()));
            }
        }
        if shape.indexes.len() > MAX_INDEXES {
            return Err(ShapeError::TooMany(shape.indexes.len()));
        }
        match &args.ttl {
            Some(name) => expires(outline, name).map(|()| shape),
            None => Ok(shape),
        }
    }

    /// One for each beacon that there can be one of, but for what is the key of the table.
    fn of_beacons(&mut self, outline: &Outline) {
        let table_keys: Vec<String> = self.keys.attributes().map(|key| key.name.clone()).collect();
        for (_, attribute) in outline.search.iter().flat_map(preflight::indexed) {
            if !table_keys.iter().any(|key| key == attribute) {
                self.types.insert(attribute.to_owned(), KeyType::S);
                let name = index_name(attribute, None);
                self.indexes.push(Index { name, partition_key: attribute.to_owned(), sort_key: None });
            }
        }
    }

    fn add(&mut self, outline: &Outline, args: &CreateTableArgs, index: &IndexArg) -> Result<(), ShapeError> {
        let partition_key = self.key_of_index(outline, args, &index.partition_key)?;
        let sort_key = index.sort_key.as_ref().map(|name| self.key_of_index(outline, args, name)).transpose()?;
        let name = index_name(&partition_key, sort_key.as_deref());
        if self.indexes.iter().any(|other| other.name == name) {
            return Err(ShapeError::Twice(name));
        }
        self.indexes.push(Index { name, partition_key, sort_key });
        Ok(())
    }

    /// The attribute that stands for a name in an index.
    fn key_of_index(&mut self, outline: &Outline, args: &CreateTableArgs, name: &str) -> Result<String, ShapeError> {
        let given = args.attribute_type.iter().find(|(of, _)| of == name).map(|(_, of_type)| *of_type);
        let beacon = outline.search.as_ref().and_then(|search| search.beacon(name));
        let (attribute, of_type) = match beacon {
            Some(beacon) if beacon.is_set => return Err(ShapeError::Set(name.to_owned())),
            Some(beacon) => {
                let stored = beacon.stored.ok_or_else(|| ShapeError::PartOnly(name.to_owned()))?;
                (stored, Some(KeyType::S))
            }
            None => match outline.config.action(name) {
                Some(CryptoAction::EncryptAndSign) => return Err(ShapeError::Encrypted(name.to_owned())),
                Some(_) => (name, self.types.get(name).copied().filter(|_| given.is_none())),
                None => return Err(ShapeError::Unknown(name.to_owned())),
            },
        };
        let is_key = self.keys.attributes().any(|key| key.name == attribute);
        if given.is_some() && (of_type.is_some() || is_key) {
            return Err(ShapeError::FixedType(name.to_owned()));
        }
        self.types.insert(attribute.to_owned(), of_type.or(given).unwrap_or(KeyType::S));
        Ok(attribute.to_owned())
    }

    /// The request that makes it.
    pub(super) fn request(&self, client: &Client) -> Result<CreateTableFluentBuilder, BuildError> {
        let keys = key_schema(&self.keys.partition_key.name, self.keys.sort_key.as_ref().map(|key| key.name.as_str()))?;
        let throughput = match self.capacity {
            Some((read, write)) => {
                Some(ProvisionedThroughput::builder().read_capacity_units(read).write_capacity_units(write).build()?)
            }
            None => None,
        };
        let billing = if throughput.is_some() { BillingMode::Provisioned } else { BillingMode::PayPerRequest };
        let mut create = client
            .create_table()
            .table_name(&self.name)
            .billing_mode(billing)
            .set_provisioned_throughput(throughput.clone())
            .set_key_schema(Some(keys));
        for (name, of_type) in &self.types {
            let definition = AttributeDefinition::builder().attribute_name(name);
            let definition = definition.attribute_type(ScalarAttributeType::from(*of_type)).build()?;
            create = create.attribute_definitions(definition);
        }
        for index in &self.indexes {
            let all = Projection::builder().projection_type(ProjectionType::All).build();
            let schema = key_schema(&index.partition_key, index.sort_key.as_deref())?;
            let index = GlobalSecondaryIndex::builder().index_name(&index.name).set_key_schema(Some(schema));
            let index = index.projection(all).set_provisioned_throughput(throughput.clone());
            create = create.global_secondary_indexes(index.build()?);
        }
        Ok(create)
    }

    /// In what a table that is there differs, in words. Other indexes that it has do not matter.
    pub(super) fn differences(&self, found: &TableDescription, ttl: Option<&str>) -> Vec<String> {
        let mut differences = Vec::new();
        let keys = preflight::keys(&self.keys, found);
        differences.extend(keys.iter().map(|difference| difference.what("what was asked for")));
        let types = preflight::types(found);
        for index in &self.indexes {
            let (name, schema) = (&index.name, index.keys().collect::<Vec<_>>().join(", "));
            let of_table = found.global_secondary_indexes().iter().find(|of| of.index_name() == Some(name));
            let Some(of_table) = of_table else {
                differences.push(format!("it has no global secondary index `{name}` with the key ({schema})"));
                continue;
            };
            let keys = preflight::key_names(of_table.key_schema());
            if keys != index.keys().collect::<Vec<_>>() {
                differences.push(format!("its index `{name}` has the key ({}), not ({schema})", keys.join(", ")));
                continue;
            }
            let projects = preflight::projected(of_table.projection());
            if projects != Projects::All {
                differences.push(format!("its index `{name}` has {}, not whole items", projects.words()));
            }
            for key in index.keys() {
                let (wanted, has) = (self.types.get(key).copied().unwrap_or(KeyType::S), types.get(key).copied());
                if let Some(has) = has.filter(|has| *has != wanted.to_string()) {
                    differences.push(format!("its index `{name}` has `{key}` of type {has}, not {wanted}"));
                }
            }
        }
        if self.billing_was_said {
            differences.extend(self.billing_difference(found));
        }
        match (&self.ttl, ttl) {
            (Some(wanted), Some(has)) if wanted != has => {
                differences.push(format!("its items expire by `{has}`, not by `{wanted}`"));
            }
            (Some(wanted), None) => differences.push(format!(
                "its items do not expire by `{wanted}`: `aws dynamodb update-time-to-live` turns that on"
            )),
            _ => {}
        }
        differences
    }

    fn billing_difference(&self, found: &TableDescription) -> Option<String> {
        // A table that was never anything but provisioned has no summary.
        let mode = found.billing_mode_summary().and_then(|summary| summary.billing_mode());
        let is_provisioned = !matches!(mode, Some(BillingMode::PayPerRequest));
        let capacity = found.provisioned_throughput().filter(|_| is_provisioned);
        let capacity = capacity.and_then(|of| of.read_capacity_units().zip(of.write_capacity_units()));
        let text = |capacity: Option<(i64, i64)>| match capacity {
            Some((read, write)) => format!("provisioned with {read} read and {write} write capacity units"),
            None => "paid per request".to_owned(),
        };
        (capacity != self.capacity).then(|| format!("it is {}, not {}", text(capacity), text(self.capacity)))
    }
}

/// The key attributes with their types, of which file and command line may say the same.
fn keys(outline: &KeySchema, args: &CreateTableArgs) -> Result<KeySchema, ShapeError> {
    let typed = |key: &KeyAttribute, given: Option<KeyType>, field, option| match (key.of_type, given) {
        (Some(file), Some(given)) if file != given => Err(ShapeError::Type { field, option, file, given }),
        (file, given) => {
            Ok(KeyAttribute { name: key.name.clone(), of_type: Some(given.or(file).unwrap_or(KeyType::S)) })
        }
    };
    let (partition, sort) = (args.partition_key_type, args.sort_key_type);
    if sort.is_some() && outline.sort_key.is_none() {
        return Err(ShapeError::NoSortKey);
    }
    let sort_key = outline.sort_key.as_ref().map(|key| typed(key, sort, "sort_key_type", "sort-key-type"));
    Ok(KeySchema {
        partition_key: typed(&outline.partition_key, partition, "partition_key_type", "partition-key-type")?,
        sort_key: sort_key.transpose()?,
    })
}

/// Refuses an attribute by which nothing would expire.
fn expires(outline: &Outline, name: &str) -> Result<(), ShapeError> {
    match outline.config.action(name) {
        Some(CryptoAction::EncryptAndSign) => Err(ShapeError::EncryptedTtl(name.to_owned())),
        Some(_) => Ok(()),
        None => Err(ShapeError::UnknownTtl(name.to_owned())),
    }
}

/// That of the attribute, as far as DynamoDB takes it.
fn index_name(partition_key: &str, sort_key: Option<&str>) -> String {
    let name = std::iter::once(partition_key).chain(sort_key).collect::<Vec<_>>().join(".");
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '_' };
    let name: String = name.chars().map(allowed).collect();
    if name.len() < 3 { format!("by-{name}") } else { name }
}

fn key_schema(partition_key: &str, sort_key: Option<&str>) -> Result<Vec<KeySchemaElement>, BuildError> {
    let element = |name: &str, role| KeySchemaElement::builder().attribute_name(name).key_type(role).build();
    let mut schema = vec![element(partition_key, KeyRole::Hash)?];
    if let Some(sort_key) = sort_key {
        schema.push(element(sort_key, KeyRole::Range)?);
    }
    Ok(schema)
}
