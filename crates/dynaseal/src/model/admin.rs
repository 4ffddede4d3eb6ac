//! Tables: made, looked at, deleted.

use std::time::Duration;

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType as KeyRole, LocalSecondaryIndex,
    Projection as SdkProjection, ProjectionType, ProvisionedThroughput, ScalarAttributeType, TableDescription,
    TableStatus, TimeToLiveDescription, TimeToLiveSpecification, TimeToLiveStatus,
};

use super::Model;
use super::definition::{Billing, ColumnDefinition, Definition, IndexDefinition, KeyType, Projection, Protection};
use super::error::{ModelError, ModelErrorKind};
use super::shape::difference;
use super::table::Table;

/// How long a table may take to become what was asked for.
const PATIENCE: u32 = 150;
const PAUSE: Duration = Duration::from_secs(2);

/// What beacons are stored as begins so.
const BEACON_PREFIX: &str = "aws_dbe_b_";

const CREATING: &str = "creating the table";

/// Whether a table was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It was not there before.
    New,
    /// It was there, with the keys and indexes of the model.
    Existing,
}

impl<M: Model> Table<M> {
    /// Makes the table with its indexes and time to live if it is missing, and waits until it can be used.
    ///
    /// # Errors
    /// If a table of this name has other keys, lacks an index, has one of other keys, of another kind or with another part of
    /// the items, or expires items by another attribute; or if DynamoDB does not make it within 5 minutes.
    pub async fn create_if_missing(&self) -> Result<Created, ModelError> {
        if let Some(description) = self.describe().await? {
            return self.as_it_is(&description).await;
        }
        match self.create().await {
            Ok(()) => Ok(Created::New),
            // Somebody else was faster.
            Err(error) if is_in_use(&error) => match self.describe().await? {
                Some(description) => self.as_it_is(&description).await,
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// A table that was there.
    async fn as_it_is(&self, description: &TableDescription) -> Result<Created, ModelError> {
        if let Some(difference) = difference(self.inner.definition, description) {
            return Err(self.inner.error(CREATING, ModelErrorKind::Refused(difference)));
        }
        self.wait().await?;
        self.expire().await?;
        Ok(Created::Existing)
    }

    /// Makes the table with its indexes and time to live, and waits until it can be used.
    ///
    /// # Errors
    /// If there is one of this name, or DynamoDB does not make it within 5 minutes.
    pub async fn create(&self) -> Result<(), ModelError> {
        let inner = &*self.inner;
        let definition = inner.definition;
        let failed = |kind: ModelErrorKind| inner.error(CREATING, kind);
        let unbuilt = |error: BuildError| failed(ModelErrorKind::Sdk { source: Box::new(error) });
        let mut create = inner.client.create_table().table_name(&inner.name);
        create = create.set_attribute_definitions(Some(attribute_definitions(definition).map_err(unbuilt)?));
        let keys = key_schema(definition, definition.partition_key, definition.sort_key).map_err(unbuilt)?;
        create = create.set_key_schema(Some(keys));
        let throughput = match definition.billing {
            Billing::PayPerRequest => {
                create = create.billing_mode(BillingMode::PayPerRequest);
                None
            }
            Billing::Provisioned { read, write } => {
                let throughput = ProvisionedThroughput::builder().read_capacity_units(read).write_capacity_units(write);
                let throughput = throughput.build().map_err(unbuilt)?;
                create = create.billing_mode(BillingMode::Provisioned).provisioned_throughput(throughput.clone());
                Some(throughput)
            }
        };
        for index in definition.indexes {
            let keys = key_schema(definition, index.partition_key, index.sort_key).map_err(unbuilt)?;
            if index.local {
                let local = LocalSecondaryIndex::builder().index_name(index.name).set_key_schema(Some(keys));
                let local = local.projection(projection(index)).build().map_err(unbuilt)?;
                create = create.local_secondary_indexes(local);
            } else {
                let global = GlobalSecondaryIndex::builder().index_name(index.name).set_key_schema(Some(keys));
                let global = global.projection(projection(index)).set_provisioned_throughput(throughput.clone());
                create = create.global_secondary_indexes(global.build().map_err(unbuilt)?);
            }
        }
        create.send().await.map_err(|error| failed(error.into()))?;
        self.wait().await?;
        self.expire().await
    }

    /// Switches the model's time to live on, if it is not.
    async fn expire(&self) -> Result<(), ModelError> {
        let inner = &*self.inner;
        let failed = |kind: ModelErrorKind| inner.error("switching time to live on", kind);
        let Some(ttl) = inner.definition.ttl.and_then(|index| inner.definition.columns.get(index)) else {
            return Ok(());
        };
        let described = inner.client.describe_time_to_live().table_name(&inner.name).send().await;
        let described = described.map_err(|error| failed(error.into()))?.time_to_live_description;
        let is_on = |of: &TimeToLiveDescription| {
            matches!(of.time_to_live_status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
        };
        if let Some(found) = described.filter(is_on).and_then(|of| of.attribute_name) {
            if found == ttl.attribute {
                return Ok(());
            }
            return Err(failed(ModelErrorKind::Refused(format!(
                "the table's time to live is on `{found}`, and the model's is on `{}`: switch the other one off first",
                ttl.attribute
            ))));
        }
        let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(ttl.attribute).build();
        let ttl = ttl.map_err(|error| failed(ModelErrorKind::Sdk { source: Box::new(error) }))?;
        let update = inner.client.update_time_to_live().table_name(&inner.name).time_to_live_specification(ttl);
        update.send().await.map(drop).map_err(|error| failed(error.into()))
    }

    /// Waits until the table and its indexes are active.
    ///
    /// # Errors
    /// If they are not within 5 minutes, or the table is being deleted.
    pub async fn wait(&self) -> Result<(), ModelError> {
        const OPERATION: &str = "waiting for the table";
        let refused = |text: &str| self.inner.error(OPERATION, ModelErrorKind::Refused(text.to_owned()));
        for _ in 0..PATIENCE {
            match self.describe().await? {
                Some(of) if is_active(&of) => return Ok(()),
                Some(of) if of.table_status() == Some(&TableStatus::Deleting) => {
                    return Err(refused("the table is being deleted"));
                }
                _ => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(refused("the table was not active after 5 minutes"))
    }

    /// What DynamoDB says of the table; `None` if there is none.
    ///
    /// # Errors
    /// If DynamoDB does not answer.
    pub async fn describe(&self) -> Result<Option<TableDescription>, ModelError> {
        match self.inner.client.describe_table().table_name(&self.inner.name).send().await {
            Ok(described) => Ok(described.table),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.inner.error("describing the table", error)),
        }
    }

    /// Whether there is a table.
    ///
    /// # Errors
    /// If DynamoDB does not answer.
    pub async fn exists(&self) -> Result<bool, ModelError> {
        Ok(self.describe().await?.is_some())
    }

    /// Deletes the table, with all items.
    ///
    /// # Errors
    /// If there is none, or DynamoDB refuses.
    pub async fn delete_table(&self) -> Result<(), ModelError> {
        let delete = self.inner.client.delete_table().table_name(&self.inner.name).send().await;
        delete.map(drop).map_err(|error| self.inner.error("deleting the table", error))
    }
}

fn is_active(description: &TableDescription) -> bool {
    let indexes = description.global_secondary_indexes();
    description.table_status() == Some(&TableStatus::Active)
        && indexes.iter().all(|index| {
            index.index_status().is_none_or(|status| *status == aws_sdk_dynamodb::types::IndexStatus::Active)
        })
}

fn is_missing<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code) == Some("ResourceNotFoundException")
}

fn is_in_use(error: &ModelError) -> bool {
    match error.kind() {
        ModelErrorKind::Sdk { source } => {
            let create = source.downcast_ref::<SdkError<
                aws_sdk_dynamodb::operation::create_table::CreateTableError,
                aws_sdk_dynamodb::config::http::HttpResponse,
            >>();
            create.and_then(SdkError::as_service_error).is_some_and(|error| error.is_resource_in_use_exception())
        }
        _ => false,
    }
}

pub(super) fn scalar(of: KeyType) -> ScalarAttributeType {
    match of {
        KeyType::S => ScalarAttributeType::S,
        KeyType::N => ScalarAttributeType::N,
        KeyType::B => ScalarAttributeType::B,
    }
}

fn attribute_definitions(definition: &Definition) -> Result<Vec<AttributeDefinition>, BuildError> {
    let keys = definition.columns.iter().filter_map(|column| Some((stored_name(column), column.key_type?)));
    keys.map(|(name, of)| AttributeDefinition::builder().attribute_name(name).attribute_type(scalar(of)).build())
        .collect()
}

/// What an index is made of: an attribute, or its beacon.
pub(super) fn stored_name(column: &ColumnDefinition) -> String {
    match column.protection {
        Protection::Record { beacon: Some(_), .. } => format!("{BEACON_PREFIX}{}", column.attribute),
        _ => column.attribute.to_owned(),
    }
}

fn key_schema(
    definition: &Definition,
    partition: usize,
    sort: Option<usize>,
) -> Result<Vec<KeySchemaElement>, BuildError> {
    let name = |index: usize| definition.columns.get(index).map(stored_name).unwrap_or_default();
    let element = |index, role| KeySchemaElement::builder().attribute_name(name(index)).key_type(role).build();
    let mut keys = vec![element(partition, KeyRole::Hash)?];
    keys.extend(sort.map(|sort| element(sort, KeyRole::Range)).transpose()?);
    Ok(keys)
}

fn projection(index: &IndexDefinition) -> SdkProjection {
    let projection = SdkProjection::builder();
    match index.projection {
        Projection::All => projection.projection_type(ProjectionType::All),
        Projection::KeysOnly => projection.projection_type(ProjectionType::KeysOnly),
        Projection::Include(attributes) => projection
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(attributes.iter().map(|name| (*name).to_owned()).collect())),
    }
    .build()
}
