//! The branch key store, as table.toml and the command line name it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dynaseal::kms::{
    ClientSupplier as _, GrantTokens, KeyStore, KeyStoreError, KeyStoreOptions, Kms, KmsConfiguration, SupplierError,
};
use dynaseal::local;

use crate::aws::{self, Aws, AwsError, EndpointUrl, Location};

/// A key store and the way to it.
#[derive(Debug)]
pub(crate) struct StoreSettings {
    pub(crate) table_name: String,
    pub(crate) logical_name: Option<String>,
    /// Which keys of AWS KMS wrap the branch keys; `None` where AWS KMS is not needed.
    pub(crate) kms: Option<KmsConfiguration>,
    pub(crate) grant_tokens: GrantTokens,
    /// An embedded database instead of DynamoDB.
    pub(crate) db: Option<PathBuf>,
    /// Where DynamoDB is, and AWS KMS but for its endpoint.
    pub(crate) location: Location,
    pub(crate) kms_endpoint_url: Option<EndpointUrl>,
    /// How long one call to AWS KMS may take, if another time than usual.
    pub(crate) kms_timeout: Option<Duration>,
}

/// A key store that can not be reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("there is no database {}: `dynaseal keystore create-table` with --db makes it", .0.display())]
    NoDatabase(PathBuf),
    #[error(transparent)]
    Database(#[from] local::OpenError),
    #[error(transparent)]
    Aws(#[from] AwsError),
    #[error(transparent)]
    Supplier(#[from] SupplierError),
    #[error(transparent)]
    KeyStore(#[from] KeyStoreError),
}

impl StoreSettings {
    /// The key store. A database file is looked for from `folder`, and has to be there already.
    pub(crate) async fn open(&self, folder: &Path, aws: &mut Aws) -> Result<KeyStore, StoreError> {
        match &self.db {
            Some(path) if !folder.join(path).exists() => Err(StoreError::NoDatabase(path.clone())),
            _ => self.open_or_create(folder, aws).await,
        }
    }

    /// The key store; a database file is made if it is not there.
    pub(crate) async fn open_or_create(&self, folder: &Path, aws: &mut Aws) -> Result<KeyStore, StoreError> {
        // Discovery alone can not make branch keys, and without AWS KMS nobody can read one.
        let configuration = self.kms.clone().unwrap_or(KmsConfiguration::Discovery);
        let mut options = KeyStoreOptions::new(&self.table_name, configuration).grant_tokens(self.grant_tokens.clone());
        if let Some(name) = &self.logical_name {
            options = options.logical_name(name);
        }
        let kms = self.kms_client(aws).await?;
        let dynamodb = match &self.db {
            Some(path) => local::file(folder.join(path))?,
            None => aws.dynamodb(&self.location).await?,
        };
        Ok(KeyStore::new(dynamodb, kms, options)?)
    }

    async fn kms_client(&self, aws: &mut Aws) -> Result<Arc<dyn Kms>, StoreError> {
        let region = match &self.kms {
            None => return Ok(aws::unused_kms()),
            Some(KmsConfiguration::Key(key) | KmsConfiguration::MultiRegionKey(key)) => Some(key.arn().region()),
            Some(KmsConfiguration::Discovery) => None,
            Some(KmsConfiguration::MultiRegionDiscovery { region }) => Some(region.as_str()),
        };
        let location = Location { endpoint_url: self.kms_endpoint_url.clone(), ..self.location.clone() };
        Ok(aws.kms(&location).await?.with_timeout(self.kms_timeout).client(region).await?)
    }
}
