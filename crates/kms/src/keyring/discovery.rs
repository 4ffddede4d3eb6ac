//! Keyrings that ask AWS KMS for whatever keys a record names (specification:
//! `framework/aws-kms/aws-kms-discovery-keyring.md`, `aws-kms-mrk-discovery-keyring.md` and their multi-keyrings).

use std::sync::Arc;

use dynaseal_core::{
    BoxFuture, KMS_PROVIDER_ID, Keyring, MaterialsError, MultiKeyring, UnwrapRequest, UnwrappedKeys, WrapRequest,
};

use super::{KmsKeyringError, candidates, open_first};
use crate::arn::KmsArn;
use crate::client::{GrantTokens, Kms};
use crate::supplier::ClientSupplier;

/// Whose keys may open records. Without it whoever can write a record can make an application use any key that the
/// application may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryFilter {
    partition: String,
    accounts: Vec<String>,
}

impl DiscoveryFilter {
    /// Returns the partition, which is mostly `aws`.
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// Returns the accounts.
    pub fn accounts(&self) -> &[String] {
        &self.accounts
    }

    /// Keys of these accounts in this partition, which is mostly `aws`.
    ///
    /// # Errors
    /// If there is no account, or one or the partition is empty.
    pub fn new<S: Into<String>>(
        partition: impl Into<String>,
        accounts: impl IntoIterator<Item = S>,
    ) -> Result<Self, KmsKeyringError> {
        let (partition, accounts) = (partition.into(), accounts.into_iter().map(Into::into).collect::<Vec<_>>());
        if partition.is_empty() || accounts.is_empty() || accounts.iter().any(String::is_empty) {
            return Err(KmsKeyringError::Filter);
        }
        Ok(Self { partition, accounts })
    }

    fn allows(&self, arn: &KmsArn) -> bool {
        arn.partition() == self.partition && self.accounts.iter().any(|account| account == arn.account())
    }
}

/// Opens with the keys that records name, as far as the filter and the key policies allow. Only opens.
///
/// It asks for the first 32 of the keys that it may use, in the order of the record.
#[derive(Debug)]
pub struct KmsDiscoveryKeyring {
    client: Arc<dyn Kms>,
    region: Option<String>,
    replicas: bool,
    filter: Option<DiscoveryFilter>,
    grant_tokens: GrantTokens,
}

impl KmsDiscoveryKeyring {
    /// Through one client. Keys of other regions than the client's are passed over, if it says which that is.
    pub fn new(client: Arc<dyn Kms>, filter: Option<DiscoveryFilter>, grant_tokens: GrantTokens) -> Self {
        let region = client.region().map(str::to_owned);
        Self { client, region, replicas: false, filter, grant_tokens }
    }

    /// Through one client; for multi-Region keys, their replica in `region` is asked.
    ///
    /// # Errors
    /// If the client says that it is of another region, or the region is empty.
    pub fn mrk(
        client: Arc<dyn Kms>,
        region: &str,
        filter: Option<DiscoveryFilter>,
        grant_tokens: GrantTokens,
    ) -> Result<Self, KmsKeyringError> {
        if region.is_empty() {
            return Err(KmsKeyringError::NoRegion);
        }
        match client.region().filter(|own| *own != region) {
            Some(own) => Err(KmsKeyringError::Region { client: own.to_owned(), keyring: region.to_owned() }),
            None => Ok(Self { client, region: Some(region.to_owned()), replicas: true, filter, grant_tokens }),
        }
    }

    /// One after the other in several regions.
    ///
    /// # Errors
    /// If there is no region, or no client for one.
    pub async fn multi(
        regions: &[&str],
        filter: Option<DiscoveryFilter>,
        supplier: &dyn ClientSupplier,
        grant_tokens: &GrantTokens,
    ) -> Result<MultiKeyring, KmsKeyringError> {
        several(regions, false, filter, supplier, grant_tokens).await
    }

    /// The same; for multi-Region keys, their replica in each of the regions is asked.
    ///
    /// # Errors
    /// If there is no region, or no client for one.
    pub async fn mrk_multi(
        regions: &[&str],
        filter: Option<DiscoveryFilter>,
        supplier: &dyn ClientSupplier,
        grant_tokens: &GrantTokens,
    ) -> Result<MultiKeyring, KmsKeyringError> {
        several(regions, true, filter, supplier, grant_tokens).await
    }

    /// The key to ask for what `arn` sealed, if any.
    fn pick(&self, arn: &KmsArn) -> Option<String> {
        if self.filter.as_ref().is_some_and(|filter| !filter.allows(arn)) {
            return None;
        }
        match &self.region {
            Some(region) if self.replicas && arn.is_multi_region() => Some(arn.in_region(region).to_string()),
            Some(region) if region != arn.region() => None,
            _ => Some(arn.to_string()),
        }
    }
}

async fn several(
    regions: &[&str],
    replicas: bool,
    filter: Option<DiscoveryFilter>,
    supplier: &dyn ClientSupplier,
    grant_tokens: &GrantTokens,
) -> Result<MultiKeyring, KmsKeyringError> {
    if regions.contains(&"") {
        return Err(KmsKeyringError::NoRegion);
    }
    let mut keyrings: Vec<Arc<dyn Keyring>> = Vec::with_capacity(regions.len());
    for name in regions {
        let (client, region) = (supplier.client(Some(name)).await?, Some((*name).to_owned()));
        let (filter, grant_tokens) = (filter.clone(), grant_tokens.clone());
        keyrings.push(Arc::new(KmsDiscoveryKeyring { client, region, replicas, filter, grant_tokens }));
    }
    MultiKeyring::without_generator(keyrings).map_err(|_| KmsKeyringError::NoRegion)
}

impl Keyring for KmsDiscoveryKeyring {
    fn on_encrypt<'a>(&'a self, _: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        let reason = "discovery opens with the keys that records name";
        let error = MaterialsError::OnlyOpens { keyring: self.describe(), reason };
        Box::pin(std::future::ready(Err(error)))
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        Box::pin(async move {
            let candidates = candidates(request, KMS_PROVIDER_ID, |arn| self.pick(arn));
            open_first(self, &*self.client, &self.grant_tokens, &candidates, request).await
        })
    }

    fn describe(&self) -> String {
        let kind = if self.replicas { "AWS KMS multi-Region discovery" } else { "AWS KMS discovery" };
        let region = self.region.as_deref().map(|region| format!(" in {region}")).unwrap_or_default();
        match &self.filter {
            Some(filter) => {
                format!("{kind}{region} of the accounts {} in {}", filter.accounts.join(" and "), filter.partition)
            }
            None => format!("{kind}{region}"),
        }
    }
}
