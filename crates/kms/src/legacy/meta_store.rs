//! A table with the keys of a [`MostRecentProvider`](dynaseal_legacy::ddbec::MostRecentProvider).

use std::collections::HashMap;
use std::error::Error as StdError;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue as SdkValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use dynaseal_core::{
    AttributeValue, BoxFuture, Item, LegacyEncryptor as _, LegacyError, LegacyErrorClass, SecureRandom, SystemRandom,
};
use dynaseal_legacy::ddbec::{ConfigError, Encryptor, Error, MaterialsProvider, MetaStore, StoredMaterials};

use super::DirectKmsError;
use crate::client::KmsErrorKind;
use crate::sdk_error::describe;

/// How long one call to DynamoDB may take, retries of the SDK included. The SDK alone would wait for ever.
const TIMEOUT: Duration = Duration::from_secs(30);
const NAME: &str = StoredMaterials::PARTITION_KEY;
const VERSION: &str = StoredMaterials::SORT_KEY;

type SdkItem = HashMap<String, SdkValue>;

/// Keeps keys in a table of DynamoDB, an item for every version of a name. Its items are of the older format themselves,
/// sealed with another provider, mostly a [`DirectKmsProvider`](super::DirectKmsProvider).
#[derive(Debug)]
pub struct DynamoDbMetaStore {
    client: Client,
    table_name: String,
    /// What the items are signed with.
    logical_name: String,
    provider: Arc<dyn MaterialsProvider>,
    encryptor: Encryptor,
    random: Arc<dyn SecureRandom>,
}

/// What can go wrong with the table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetaStoreError {
    /// DynamoDB said no.
    #[error("DynamoDB {operation} on the table of materials {table_name}: {message}")]
    DynamoDb {
        /// The table.
        table_name: String,
        /// The name of the call.
        operation: &'static str,
        /// The error's code and text.
        message: String,
    },
    /// An item of another kind.
    #[error("the table of materials {table_name} has an item that is none of its kind: {problem}")]
    Item {
        /// The table.
        table_name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Materials that do not open.
    #[error("the materials `{name}` of version {version} in the table {table_name} do not open")]
    NotOpened {
        /// The table.
        table_name: String,
        /// The name of the materials.
        name: String,
        /// Their version.
        version: u64,
        /// Why.
        #[source]
        source: LegacyError,
    },
    /// Materials that do not open, and may be those of a table of another name.
    #[error(
        "the materials `{name}` of version {version} in the table {table_name} do not open as items of a table with the name \
         `{logical_name}`: if that table was restored or copied, give the name that it was written under as logical name \
         (`logical_name`)"
    )]
    OtherName {
        /// The table.
        table_name: String,
        /// The table's name with which its items have to be signed.
        logical_name: String,
        /// The name of the materials.
        name: String,
        /// Their version.
        version: u64,
        /// Why.
        #[source]
        source: LegacyError,
    },
    /// No more versions.
    #[error("there is no version after the last one of `{0}`")]
    LastVersion(String),
    /// A configuration that can not be.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl From<MetaStoreError> for LegacyError {
    fn from(error: MetaStoreError) -> Self {
        Self::new(LegacyErrorClass::Materials, error)
    }
}

impl DynamoDbMetaStore {
    /// Over a table, whose items are sealed and opened with keys of `provider`. They are signed with the table's name, unless
    /// [`logical_name`](Self::logical_name) gives another.
    ///
    /// # Errors
    /// [`MetaStoreError::Config`] for a table without a name.
    pub fn new(
        client: Client,
        table_name: impl Into<String>,
        provider: Arc<dyn MaterialsProvider>,
    ) -> Result<Self, MetaStoreError> {
        Self::with_random(client, table_name, provider, Arc::new(SystemRandom))
    }

    /// The same with another source of randomness, for new keys and what they seal.
    ///
    /// # Errors
    /// As [`DynamoDbMetaStore::new`].
    pub fn with_random(
        client: Client,
        table_name: impl Into<String>,
        provider: Arc<dyn MaterialsProvider>,
        random: Arc<dyn SecureRandom>,
    ) -> Result<Self, MetaStoreError> {
        let table_name = table_name.into();
        let encryptor = StoredMaterials::encryptor(&*table_name, Arc::clone(&provider), Arc::clone(&random))?;
        Ok(Self { client, logical_name: table_name.clone(), table_name, provider, encryptor, random })
    }

    /// Takes another name than the table's for the one that its items are signed with: the first name of a table that was
    /// restored or copied under another one. Has to be the same for all who use the store.
    ///
    /// # Errors
    /// [`MetaStoreError::Config`] for an empty name.
    pub fn logical_name(mut self, name: impl Into<String>) -> Result<Self, MetaStoreError> {
        self.logical_name = name.into();
        self.encryptor =
            StoredMaterials::encryptor(&*self.logical_name, Arc::clone(&self.provider), Arc::clone(&self.random))?;
        Ok(self)
    }

    /// Makes the table, which then takes a moment until it can be used.
    ///
    /// # Errors
    /// [`MetaStoreError::DynamoDb`], also if there is one of its name.
    pub async fn create_table(&self) -> Result<(), MetaStoreError> {
        let incomplete = |_| self.broken("its keys have no names");
        let mut call = self.client.create_table().table_name(&self.table_name).billing_mode(BillingMode::PayPerRequest);
        for (name, kind, key_type) in
            [(NAME, ScalarAttributeType::S, KeyType::Hash), (VERSION, ScalarAttributeType::N, KeyType::Range)]
        {
            let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(kind);
            let key = KeySchemaElement::builder().attribute_name(name).key_type(key_type);
            call = call.attribute_definitions(attribute.build().map_err(incomplete)?);
            call = call.key_schema(key.build().map_err(incomplete)?);
        }
        self.within("CreateTable", call.send()).await.map(drop)
    }

    /// Makes the next version of a name, or the first, and gives its number. Programs go over to it when they ask for the
    /// newest again; the versions before it stay, as items are sealed with them.
    ///
    /// # Errors
    /// [`MetaStoreError`], and those of the provider.
    pub async fn new_version(&self, name: &str) -> Result<u64, LegacyError> {
        let next = match self.newest(name).await? {
            Some(version) => version.checked_add(1).ok_or_else(|| MetaStoreError::LastVersion(name.to_owned()))?,
            None => 0,
        };
        self.get_or_create(name, next).await?;
        Ok(next)
    }

    async fn newest(&self, name: &str) -> Result<Option<u64>, MetaStoreError> {
        let call = self.client.query().table_name(&self.table_name).consistent_read(true);
        let call = call.key_condition_expression("#name = :name").expression_attribute_names("#name", NAME);
        let call = call.expression_attribute_values(":name", SdkValue::S(name.to_owned()));
        let call = call.projection_expression("#version").expression_attribute_names("#version", VERSION);
        let answer = self.within("Query", call.scan_index_forward(false).limit(1).send()).await?;
        match answer.items().first().map(|item| item.get(VERSION)) {
            None => Ok(None),
            Some(Some(SdkValue::N(version))) => {
                version.parse().map(Some).map_err(|_| self.broken("its version is no number from 0 on"))
            }
            Some(_) => Err(self.broken("it has no version")),
        }
    }

    async fn get(&self, name: &str, version: u64) -> Result<Arc<dyn MaterialsProvider>, LegacyError> {
        let call = self.client.get_item().table_name(&self.table_name).consistent_read(true);
        let call = call.key(NAME, SdkValue::S(name.to_owned())).key(VERSION, SdkValue::N(version.to_string()));
        let answer = self.within("GetItem", call.send()).await?;
        let item = answer.item.ok_or_else(|| Error::NoVersion { name: name.to_owned(), version })?;
        let opened = self.encryptor.decrypt_item(self.core_item(item)?).await;
        let opened = opened.map_err(|error| self.not_opened(name, version, error))?;
        let materials = StoredMaterials::from_item(opened)?;
        // Name and version are signed, and so is another item's.
        if materials.name() != name || materials.version() != version {
            return Err(self.broken("it is of another name or version").into());
        }
        self.provider_of(&materials)
    }

    async fn get_or_create(&self, name: &str, version: u64) -> Result<Arc<dyn MaterialsProvider>, LegacyError> {
        let materials = StoredMaterials::generate(name, version, &*self.random).map_err(Error::from)?;
        let sealed = self.encryptor.encrypt_item(materials.to_item()).await?;
        let call = self.client.put_item().table_name(&self.table_name).set_item(Some(self.sdk_item(sealed)?));
        let call = call.condition_expression("attribute_not_exists(#name)").expression_attribute_names("#name", NAME);
        let exists = |error: &SdkError<_>| error.code() == Some("ConditionalCheckFailedException");
        match tokio::time::timeout(TIMEOUT, call.send()).await {
            Ok(Ok(_)) => self.provider_of(&materials),
            // Somebody else made it first, and theirs it is.
            Ok(Err(error)) if exists(&error) => self.get(name, version).await,
            Ok(Err(error)) => Err(self.failed("PutItem", describe(&error)).into()),
            Err(_) => Err(self.late("PutItem").into()),
        }
    }

    /// Keeps the class.
    fn not_opened(&self, name: &str, version: u64, source: LegacyError) -> LegacyError {
        let (table_name, name, class) = (self.table_name.clone(), name.to_owned(), source.class());
        let error = if depends_on_table_name(&source) {
            let logical_name = self.logical_name.clone();
            MetaStoreError::OtherName { table_name, logical_name, name, version, source }
        } else {
            MetaStoreError::NotOpened { table_name, name, version, source }
        };
        LegacyError::new(class, error)
    }

    fn provider_of(&self, materials: &StoredMaterials) -> Result<Arc<dyn MaterialsProvider>, LegacyError> {
        let provider = materials.provider(Arc::clone(&self.random)).map_err(MetaStoreError::Config)?;
        Ok(Arc::new(provider))
    }

    /// A call to DynamoDB that ends.
    async fn within<T, E: ProvideErrorMetadata + StdError + 'static>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<T, MetaStoreError> {
        match tokio::time::timeout(TIMEOUT, call).await {
            Ok(answer) => answer.map_err(|error| self.failed(operation, describe(&error))),
            Err(_) => Err(self.late(operation)),
        }
    }

    fn late(&self, operation: &'static str) -> MetaStoreError {
        self.failed(operation, format!("no answer in {} s", TIMEOUT.as_secs()))
    }

    fn failed(&self, operation: &'static str, message: String) -> MetaStoreError {
        MetaStoreError::DynamoDb { table_name: self.table_name.clone(), operation, message }
    }

    fn broken(&self, problem: &'static str) -> MetaStoreError {
        MetaStoreError::Item { table_name: self.table_name.clone(), problem }
    }

    /// Names, versions and bytes: there is nothing else in such a table.
    fn sdk_item(&self, item: Item) -> Result<SdkItem, MetaStoreError> {
        let value = |value| match value {
            AttributeValue::S(text) => Ok(SdkValue::S(text)),
            AttributeValue::N(number) => Ok(SdkValue::N(number)),
            AttributeValue::B(bytes) => Ok(SdkValue::B(Blob::new(bytes))),
            _ => Err(self.broken("an attribute is of another type than S, N and B")),
        };
        item.into_iter().map(|(name, of)| Ok((name, value(of)?))).collect()
    }

    fn core_item(&self, item: SdkItem) -> Result<Item, MetaStoreError> {
        let value = |value| match value {
            SdkValue::S(text) => Ok(AttributeValue::S(text)),
            SdkValue::N(number) => Ok(AttributeValue::N(number)),
            SdkValue::B(bytes) => Ok(AttributeValue::B(bytes.into_inner())),
            _ => Err(self.broken("an attribute is of another type than S, N and B")),
        };
        item.into_iter().map(|(name, of)| Ok((name, value(of)?))).collect()
    }
}

/// Whether another name of the table could be why: the signature is over it, and AWS KMS is told it.
fn depends_on_table_name(error: &LegacyError) -> bool {
    let cause = error.get_ref();
    matches!(cause.downcast_ref(), Some(Error::Authentication))
        || matches!(cause.downcast_ref(), Some(DirectKmsError::Kms(error)) if error.kind == KmsErrorKind::WrongCiphertext)
}

impl MetaStore for DynamoDbMetaStore {
    fn latest_version<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<u64>, LegacyError>> {
        Box::pin(async { Ok(self.newest(name).await?) })
    }

    fn provider<'a>(
        &'a self,
        name: &'a str,
        version: u64,
    ) -> BoxFuture<'a, Result<Arc<dyn MaterialsProvider>, LegacyError>> {
        Box::pin(self.get(name, version))
    }

    fn get_or_create_provider<'a>(
        &'a self,
        name: &'a str,
        version: u64,
    ) -> BoxFuture<'a, Result<Arc<dyn MaterialsProvider>, LegacyError>> {
        Box::pin(self.get_or_create(name, version))
    }
}
