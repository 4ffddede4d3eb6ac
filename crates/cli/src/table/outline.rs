//! What table.toml says of the table itself, without any key: its name, its key attributes with their types, its actions
//! and its beacons.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use aws_sdk_dynamodb::types::ScalarAttributeType;
use dynaseal::TableConfig;
use dynaseal::search::Search;

use super::problem::Problem;
use super::{TableError, TableFile, read};

/// What a key attribute of a table or of an index can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KeyType {
    /// A string.
    #[value(name = "S")]
    S,
    /// A number.
    #[value(name = "N")]
    N,
    /// Bytes.
    #[value(name = "B")]
    B,
}

/// A type that no key attribute can have.
#[derive(Clone, Debug, thiserror::Error)]
#[error("a key attribute is of type S, N or B, not `{0}`")]
pub(crate) struct UnknownKeyType(String);

impl FromStr for KeyType {
    type Err = UnknownKeyType;

    fn from_str(text: &str) -> Result<Self, UnknownKeyType> {
        match text {
            "S" => Ok(Self::S),
            "N" => Ok(Self::N),
            "B" => Ok(Self::B),
            _ => Err(UnknownKeyType(text.to_owned())),
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
        })
    }
}

impl From<KeyType> for ScalarAttributeType {
    fn from(of_type: KeyType) -> Self {
        match of_type {
            KeyType::S => Self::S,
            KeyType::N => Self::N,
            KeyType::B => Self::B,
        }
    }
}

/// A key attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyAttribute {
    pub(crate) name: String,
    /// None if table.toml does not say it.
    pub(crate) of_type: Option<KeyType>,
}

/// The key attributes of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeySchema {
    pub(crate) partition_key: KeyAttribute,
    pub(crate) sort_key: Option<KeyAttribute>,
}

impl KeySchema {
    /// The partition key, then the sort key if there is one.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.partition_key).chain(&self.sort_key)
    }
}

/// A table as its table.toml describes it.
#[derive(Debug)]
pub(crate) struct Outline {
    /// The name in DynamoDB.
    pub(crate) name: String,
    pub(crate) keys: KeySchema,
    pub(crate) config: TableConfig,
    /// How it is searched, without the keys for that.
    pub(crate) search: Option<Search>,
}

/// Reads table.toml, but none of its keys. `name` is the table's name in DynamoDB, if it is not the logical one.
pub(crate) fn outline(path: &Path, name: Option<&str>) -> Result<Outline, TableError> {
    TableFile::parse(&read(path)?).and_then(|file| file.outline(name)).map_err(TableError::at(path))
}

impl TableFile {
    fn outline(&self, name: Option<&str>) -> Result<Outline, Problem> {
        let config = self.config(None)?;
        let search = self
            .search
            .as_ref()
            .map(|search| search.without_keys().build(&config).map_err(Problem::at(search.place())));
        Ok(Outline {
            name: name.unwrap_or(&self.logical_table_name).to_owned(),
            keys: self.key_schema(),
            search: search.transpose()?,
            config,
        })
    }

    fn key_schema(&self) -> KeySchema {
        let sort_key = self.sort_key.clone();
        KeySchema {
            partition_key: KeyAttribute { name: self.partition_key.clone(), of_type: self.partition_key_type },
            sort_key: sort_key.map(|name| KeyAttribute { name, of_type: self.sort_key_type }),
        }
    }
}
