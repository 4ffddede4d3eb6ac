//! What a table.toml needs of AWS besides the table: keys of AWS KMS, branch key stores, tables of older materials. For the
//! IAM policies that `dynaseal table create --print iam-policy` prints.

use std::collections::BTreeSet;
use std::path::Path;

use dynaseal::kms::{KmsArn, KmsConfiguration, KmsKeyId};

use super::{TableError, TableFile, read};
use crate::store::StoreSettings;

/// Some actions on some keys of AWS KMS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyGrant {
    pub(crate) actions: BTreeSet<&'static str>,
    /// An ARN, in which `*` stands for anything.
    pub(crate) resource: String,
    /// The alias that the keys need to have.
    pub(crate) alias: Option<String>,
}

/// A branch key store in DynamoDB, and the keys that wrap its branch keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StoreGrant {
    /// None if the store is a file of this machine.
    pub(crate) table: Option<String>,
    pub(crate) region: Option<String>,
    /// For reading branch keys.
    pub(crate) decrypt: KeyGrant,
    /// The key that wraps new ones, if the file says it.
    pub(crate) wraps: Option<String>,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Permissions {
    pub(crate) keys: BTreeSet<KeyGrant>,
    pub(crate) stores: BTreeSet<StoreGrant>,
    /// Tables of materials of the DynamoDB Encryption Client, with their regions.
    pub(crate) materials: BTreeSet<(String, Option<String>)>,
}

/// Reads table.toml, but none of its keys.
pub(crate) fn permissions(path: &Path) -> Result<Permissions, TableError> {
    let file = TableFile::parse(&read(path)?).map_err(TableError::at(path))?;
    let mut permissions = Permissions::default();
    if let Some(keyring) = &file.keyring {
        keyring.add_permissions(&mut permissions);
    }
    if let Some(settings) = file.search.as_ref().and_then(|search| search.own_store()) {
        permissions.add_store(settings);
    }
    if let Some(legacy) = &file.legacy {
        legacy.add_permissions(&mut permissions);
    }
    Ok(permissions)
}

impl Permissions {
    pub(super) fn add_store(&mut self, settings: &StoreSettings) {
        let any = |region: &str| KeyGrant::new(["kms:Decrypt"], format!("arn:aws:kms:{region}:*:key/*"));
        let (decrypt, wraps) = match &settings.kms {
            Some(KmsConfiguration::Key(key)) => {
                (KeyGrant::new(["kms:Decrypt"], key.arn().to_string()), Some(key.arn().to_string()))
            }
            Some(KmsConfiguration::MultiRegionKey(key)) => {
                (KeyGrant::new(["kms:Decrypt"], any_region(key.arn())), Some(key.arn().to_string()))
            }
            Some(KmsConfiguration::MultiRegionDiscovery { region }) => (any(region), None),
            Some(KmsConfiguration::Discovery) | None => (any("*"), None),
        };
        let region = settings.location.region.clone();
        let table = settings.db.is_none().then(|| settings.table_name.clone());
        self.stores.insert(StoreGrant { table, region, decrypt, wraps });
    }
}

impl KeyGrant {
    pub(super) fn new<const N: usize>(actions: [&'static str; N], resource: impl Into<String>) -> Self {
        Self { actions: actions.into(), resource: resource.into(), alias: None }
    }

    /// On a key by any of its names. What an alias is of is known to AWS KMS alone.
    pub(super) fn on<const N: usize>(actions: [&'static str; N], key: &KmsKeyId, replicas: bool) -> Self {
        if let Some(arn) = key.key_arn() {
            return match replicas && arn.is_multi_region() {
                true => Self::new(actions, any_region(arn)),
                false => Self::new(actions, arn.to_string()),
            };
        }
        let text = key.to_string();
        let (region, name) =
            (key.region().unwrap_or("*"), text.rsplit_once(':').map_or(text.as_str(), |(_, name)| name));
        match name.starts_with("alias/") {
            true => {
                Self { alias: Some(name.to_owned()), ..Self::new(actions, format!("arn:aws:kms:{region}:*:key/*")) }
            }
            false => Self::new(actions, format!("arn:aws:kms:{region}:*:key/{name}")),
        }
    }
}

fn any_region(arn: &KmsArn) -> String {
    format!("arn:{}:kms:*:{}:{}", arn.partition(), arn.account(), arn.resource())
}
