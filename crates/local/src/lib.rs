//! An embedded DynamoDB behind a real `aws_sdk_dynamodb::Client`: a SQLite file or memory. No account, no server, no
//! socket, so that one code path serves AWS and a laptop.
//!
//! It is an emulator for development, tests and demonstrations. Two processes may share a file. What expires by TTL
//! stays, transactions never conflict, and nothing is throttled.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let client = dynaseal_local::memory()?;
//! dynaseal_local::create_table(&client, "people", "id", None).await?;
//! let tables = client.list_tables().send().await?;
//! assert_eq!(tables.table_names(), ["people"]);
//! # Ok(()) }
//! ```

mod connector;
#[cfg(feature = "dynoxide")]
mod dynoxide;

use std::collections::BTreeSet;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};

pub use connector::{Engine, Reply};
#[cfg(feature = "dynoxide")]
pub use dynoxide::Dynoxide;

/// A database that could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("the database {path} cannot be opened")]
pub struct OpenError {
    path: String,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// What is most often the cause.
#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("it is no database of this program: is it another file?")]
    Other,
    #[error(
        "it cannot be written, and neither can files beside it: whoever reads it writes its journal. Make it and its folder writable, or copy it to another folder"
    )]
    ReadOnly,
    #[error("its folder is not there")]
    NoFolder,
}

/// A client of a database in memory. It is gone with the last clone of the client.
///
/// # Errors
/// If the engine can not start.
#[cfg(feature = "dynoxide")]
pub fn memory() -> Result<Client, OpenError> {
    Ok(client(Dynoxide::memory()?))
}

/// A client of a database in a file, which is made if it is not there.
///
/// # Errors
/// If the file can not be opened or is none of this engine's.
#[cfg(feature = "dynoxide")]
pub fn file(path: impl AsRef<std::path::Path>) -> Result<Client, OpenError> {
    Ok(client(Dynoxide::file(path.as_ref())?))
}

/// Makes a table with keys that are strings, as examples and first steps need it.
///
/// # Errors
/// If the names are none that DynamoDB takes, or the table is there already.
pub async fn create_table(
    client: &Client,
    name: &str,
    partition_key: &str,
    sort_key: Option<&str>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    create_indexed_table(client, name, partition_key, sort_key, &[]).await
}

/// The same with global indexes: the name, partition key and sort key of each. They project whole items, without which
/// nothing that comes back could be verified. An index of a beacon has the attribute that it is stored as, `aws_dbe_b_…`.
///
/// # Errors
/// As [`create_table`].
pub async fn create_indexed_table(
    client: &Client,
    name: &str,
    partition_key: &str,
    sort_key: Option<&str>,
    indexes: &[(&str, &str, Option<&str>)],
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    create = create.set_key_schema(Some(key_schema(partition_key, sort_key)?));
    let mut attributes = BTreeSet::from([partition_key]);
    attributes.extend(sort_key);
    for (index, partition_key, sort_key) in indexes {
        attributes.insert(partition_key);
        attributes.extend(*sort_key);
        let all = Projection::builder().projection_type(ProjectionType::All).build();
        let schema = key_schema(partition_key, *sort_key)?;
        let index = GlobalSecondaryIndex::builder().index_name(*index).set_key_schema(Some(schema)).projection(all);
        create = create.global_secondary_indexes(index.build()?);
    }
    for name in attributes {
        let of_type = ScalarAttributeType::S;
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(of_type).build()?;
        create = create.attribute_definitions(attribute);
    }
    create.send().await?;
    Ok(())
}

fn key_schema(partition_key: &str, sort_key: Option<&str>) -> Result<Vec<KeySchemaElement>, BuildError> {
    let names = [(Some(partition_key), KeyType::Hash), (sort_key, KeyType::Range)];
    let element = |(name, key): (Option<&str>, KeyType)| {
        Some(KeySchemaElement::builder().attribute_name(name?).key_type(key).build())
    };
    names.into_iter().filter_map(element).collect()
}

/// A client of any engine that speaks DynamoDB's JSON.
pub fn client(engine: impl Engine) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .credentials_provider(Credentials::new("local", "local", None, None, "dynaseal-local"))
        .endpoint_url("http://dynamodb.local.invalid")
        .http_client(connector::Connector::new(engine))
        .build();
    Client::from_conf(config)
}
