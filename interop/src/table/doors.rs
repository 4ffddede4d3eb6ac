//! One table of an embedded database, and the three clients that seal it.

use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType,
};
use dynaseal::{AttributeValue, Interceptor, Item, SealedTable, Sealer};

use crate::Result;
use crate::case::Case;
use crate::keys::chain;
use crate::official;

/// Whose client it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Theirs,
    Ours,
}

/// A client that seals.
pub struct Door {
    pub side: Side,
    pub name: &'static str,
    pub client: Client,
    /// With which to `send_sealed`; the others have an interceptor.
    pub sealer: Option<Sealer>,
}

impl Door {
    /// Whether the operation has to be sent again, because a signature of theirs got the wrong length.
    pub fn has_to_try_again(&self, error: &(dyn Error + 'static)) -> bool {
        self.side == Side::Theirs && official::is_wrong_length(&chain(error))
    }
}

/// Sends an operation through a door. With ECDSA theirs fails one time in two, and then it is sent again.
macro_rules! send {
    ($door:expr, $builder:expr) => {{
        let builder = $builder;
        let mut attempts = 0;
        loop {
            let attempt = builder.clone();
            let result = match &$door.sealer {
                Some(sealer) => attempt.send_sealed(sealer).await,
                None => attempt.send().await,
            };
            match result {
                Err(error) if attempts < 500 && $door.has_to_try_again(&error) => attempts += 1,
                result => break result,
            }
        }
    }};
}
pub(crate) use send;

/// A table and who uses it.
pub struct Table {
    /// Its name in DynamoDB; the logical name is the case's.
    pub name: String,
    pub case: Case,
    /// Sees what is stored.
    pub plain: Client,
    /// Theirs, and both of ours.
    pub doors: [Door; 3],
}

impl Table {
    /// Makes a table for the key attributes of the case's item, with an index `all` on the partition key that projects
    /// everything and one, `keys`, that projects the keys.
    pub async fn new(plain: &Client, name: String, case: Case) -> Result<Self> {
        create(plain, &name, &case).await?;
        let sealer = Sealer::of_table(SealedTable::new(&name, case.encryptor(None)));
        let theirs = plain.config().to_builder().interceptor(official::interceptor(&case, &name).await?).build();
        let ours = plain.config().to_builder().interceptor(Interceptor::new(&sealer)).build();
        let doors = [
            Door { side: Side::Theirs, name: "aws-db-esdk", client: Client::from_conf(theirs), sealer: None },
            Door { side: Side::Ours, name: "SendSealed", client: plain.clone(), sealer: Some(sealer) },
            Door { side: Side::Ours, name: "Interceptor", client: Client::from_conf(ours), sealer: None },
        ];
        Ok(Self { name, case, plain: plain.clone(), doors })
    }

    /// The names of the key attributes.
    pub fn key_names(&self) -> impl Iterator<Item = &str> {
        self.case.key_names()
    }

    /// The key attributes of an item.
    pub fn key(&self, item: &Item) -> Item {
        self.key_names().filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect()
    }

    /// What is stored.
    pub async fn stored(&self) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let mut pages = self.plain.scan().table_name(&self.name).into_paginator().send();
        while let Some(page) = pages.next().await {
            for item in page?.items.unwrap_or_default() {
                items.push(dynaseal::sdk::from_sdk(item)?);
            }
        }
        Ok(items)
    }
}

/// Makes the table of a case.
pub async fn create(plain: &Client, name: &str, case: &Case) -> Result<()> {
    let hash = KeySchemaElement::builder().attribute_name(&case.partition_key).key_type(KeyType::Hash).build()?;
    let mut create = plain.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for key in case.key_names() {
        let kind = match case.item.get(key) {
            Some(AttributeValue::S(_)) => ScalarAttributeType::S,
            Some(AttributeValue::N(_)) => ScalarAttributeType::N,
            _ => ScalarAttributeType::B,
        };
        let of = if *key == case.partition_key { KeyType::Hash } else { KeyType::Range };
        create = create
            .attribute_definitions(AttributeDefinition::builder().attribute_name(key).attribute_type(kind).build()?)
            .key_schema(KeySchemaElement::builder().attribute_name(key).key_type(of).build()?);
    }
    for (index, projects) in [("all", ProjectionType::All), ("keys", ProjectionType::KeysOnly)] {
        let projection = Projection::builder().projection_type(projects).build();
        let index = aws_sdk_dynamodb::types::GlobalSecondaryIndex::builder().index_name(index);
        create = create.global_secondary_indexes(index.key_schema(hash.clone()).projection(projection).build()?);
    }
    create.send().await?;
    Ok(())
}
