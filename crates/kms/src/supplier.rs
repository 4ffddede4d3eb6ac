//! Clients by region (specification: `framework/aws-kms/aws-kms-client-supplier.md`).

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::{Config, Region, SharedCredentialsProvider};
use dynaseal_core::BoxFuture;

use crate::aws::AwsKms;
use crate::client::Kms;

/// Gives the client that speaks for a region.
pub trait ClientSupplier: fmt::Debug + Send + Sync {
    /// The client of a region. `None` is asked for keys whose name does not say their region: raw ids and aliases.
    fn client<'a>(&'a self, region: Option<&'a str>) -> BoxFuture<'a, Result<Arc<dyn Kms>, SupplierError>>;
}

/// There is no client for a region.
#[derive(Debug, thiserror::Error)]
#[error("no AWS KMS client for {}: {reason}", region.as_deref().unwrap_or("the default region"))]
pub struct SupplierError {
    region: Option<String>,
    reason: String,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl SupplierError {
    /// For a supplier of your own.
    pub fn new(region: Option<&str>, reason: impl Into<String>) -> Self {
        Self { region: region.map(str::to_owned), reason: reason.into(), source: None }
    }

    /// With its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// One client per region, from one configuration: the default.
#[derive(Debug)]
pub struct RegionalClients {
    base: Config,
    timeout: Option<Duration>,
    clients: Mutex<HashMap<Option<String>, Arc<dyn Kms>>>,
}

impl RegionalClients {
    /// From a configuration, `Config::from(&sdk_config)` mostly. Its region is that of keys whose name says none.
    pub fn new(base: Config) -> Self {
        Self { base, timeout: None, clients: Mutex::default() }
    }

    /// Limits how long one call may take, retries included, instead of the 30 seconds of [`AwsKms`].
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl ClientSupplier for RegionalClients {
    fn client<'a>(&'a self, region: Option<&'a str>) -> BoxFuture<'a, Result<Arc<dyn Kms>, SupplierError>> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients.entry(region.map(str::to_owned)).or_insert_with(|| {
            let mut config = self.base.to_builder();
            if let Some(region) = region {
                config.set_region(Some(Region::new(region.to_owned())));
            }
            Arc::new(kms(config.build(), self.timeout))
        });
        Box::pin(std::future::ready(Ok(Arc::clone(client))))
    }
}

fn kms(config: Config, timeout: Option<Duration>) -> AwsKms {
    timeout.into_iter().fold(AwsKms::new(Client::from_conf(config)), AwsKms::with_timeout)
}

/// Makes the credentials of a role: `AssumeRoleProvider` of the crate `aws-config` mostly.
pub trait AssumeRole: fmt::Debug + Send + Sync {
    /// Credentials that act as `role_arn`, for calls in `region`. Asked once for each region.
    ///
    /// Providers that log in when they are used first tell of a role that can not be had only then; take credentials from
    /// the provider once here to hear of it when the keyring is built.
    fn credentials<'a>(
        &'a self,
        role_arn: &'a str,
        region: &'a str,
    ) -> BoxFuture<'a, Result<SharedCredentialsProvider, Box<dyn Error + Send + Sync>>>;
}

/// Another role in each region, and no other region.
#[derive(Debug)]
pub struct RoleClients {
    base: Config,
    roles: BTreeMap<String, String>,
    assume: Arc<dyn AssumeRole>,
    timeout: Option<Duration>,
    clients: Mutex<HashMap<String, Arc<dyn Kms>>>,
}

impl RoleClients {
    /// `roles` has the ARN of the role for each region.
    pub fn new<R: Into<String>, A: Into<String>>(
        base: Config,
        roles: impl IntoIterator<Item = (R, A)>,
        assume: Arc<dyn AssumeRole>,
    ) -> Self {
        let roles = roles.into_iter().map(|(region, role)| (region.into(), role.into())).collect();
        Self { base, roles, assume, timeout: None, clients: Mutex::default() }
    }

    /// Limits how long one call may take, retries included, instead of the 30 seconds of [`AwsKms`].
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl RoleClients {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<dyn Kms>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientSupplier for RoleClients {
    fn client<'a>(&'a self, region: Option<&'a str>) -> BoxFuture<'a, Result<Arc<dyn Kms>, SupplierError>> {
        Box::pin(async move {
            let none = || SupplierError::new(region, "no role is configured for it");
            let name = region.ok_or_else(none)?;
            let role = self.roles.get(name).ok_or_else(none)?;
            if let Some(client) = self.lock().get(name) {
                return Ok(Arc::clone(client));
            }
            let credentials = self.assume.credentials(role, name).await.map_err(|error| {
                SupplierError::new(region, format!("the role {role} could not be assumed")).with_source(error)
            })?;
            let config = self.base.to_builder().region(Region::new(name.to_owned())).credentials_provider(credentials);
            let client: Arc<dyn Kms> = Arc::new(kms(config.build(), self.timeout));
            Ok(Arc::clone(self.lock().entry(name.to_owned()).or_insert(client)))
        })
    }
}
