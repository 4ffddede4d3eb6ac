//! table.toml: the configuration of a table, its keyring and how it is searched.

mod fields;
mod key_store;
mod keyring;
mod kms;
mod legacy;
mod materials_cache;
mod migration;
mod outline;
mod permissions;
mod problem;
mod search;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use dynaseal::search::SearchConfig;
use dynaseal::{
    BoxFuture, Cmm, DefaultCmm, ItemEncryptor, Keyring, MaterialsError, PlaintextPolicy, SealedTable, TableConfig,
    UnwrapRequest, UnwrappedKeys, WrapRequest,
};
use zeroize::Zeroizing;

use self::fields::{Fields, Placed};
use self::keyring::KeyringTable;
pub(crate) use self::keyring::Recipient;
use self::legacy::LegacyTable;
use self::materials_cache::MaterialsCacheTable;
pub(crate) use self::migration::Tables;
use self::migration::{AttributesTable, PynamodbMateTable};
pub(crate) use self::outline::{KeyAttribute, KeySchema, KeyType, Outline, UnknownKeyType, outline};
pub(crate) use self::permissions::{KeyGrant, Permissions, permissions};
use self::problem::Problem;
pub(crate) use self::problem::TableError;
use self::search::SearchTable;
use crate::aws::Aws;
use crate::files;
use crate::keys::KeySource;
use crate::output::tell;

/// Which keys of table.toml are read. Who has only some of them can do what needs no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// All, to seal and to search.
    All,
    /// Those of the keyring, to open.
    Keyring,
    /// Beacon keys, to search.
    Beacons,
}

/// Reads table.toml and its keys. `name` is the table's name in DynamoDB, if it is not the logical one.
pub(crate) async fn sealed_table(path: &Path, name: Option<&str>, keys: Keys) -> Result<SealedTable, TableError> {
    sealed_table_of(path, &read(path)?, name, keys).await
}

/// As if `text` stood in the file `path`.
pub(crate) async fn sealed_table_of(
    path: &Path,
    text: &str,
    name: Option<&str>,
    keys: Keys,
) -> Result<SealedTable, TableError> {
    let file = TableFile::parse(text).map_err(TableError::at(path))?;
    file.sealed_table(name, keys, &mut Builder::new(path)).await.map_err(TableError::at(path))
}

/// What a migration needs of table.toml: only the keys of what it says.
pub(crate) async fn tables(path: &Path, name: Option<&str>) -> Result<Tables, TableError> {
    let file = TableFile::parse(&read(path)?).map_err(TableError::at(path))?;
    Tables::new(file, name, path).await.map_err(TableError::at(path))
}

/// The table's name in DynamoDB.
pub(crate) fn name(path: &Path, name: Option<&str>) -> Result<String, TableError> {
    let file = TableFile::parse(&read(path)?).map_err(TableError::at(path))?;
    Ok(name.map_or(file.logical_table_name, str::to_owned))
}

/// What would open records of this configuration if its table had another logical name.
pub(crate) async fn encryptor_of_name(path: &Path, logical_name: &str) -> Result<ItemEncryptor, TableError> {
    let at = TableError::at(path);
    let mut file = TableFile::parse(&read(path)?).map_err(&at)?;
    logical_name.clone_into(&mut file.logical_table_name);
    // Only records are tried.
    (file.legacy, file.search) = (None, None);
    let table = file.sealed_table(None, Keys::Keyring, &mut Builder::new(path)).await.map_err(&at)?;
    Ok(table.encryptor().clone())
}

/// Reads table.toml, but none of its keys.
pub(crate) fn config(path: &Path) -> Result<TableConfig, TableError> {
    TableFile::parse(&read(path)?).and_then(|file| file.config(None)).map_err(TableError::at(path))
}

/// Reads table.toml and its keys, for everybody whom records are sealed for on their own. In the configuration, nothing is
/// left unsealed.
pub(crate) async fn recipients(path: &Path) -> Result<(TableConfig, Vec<Recipient>), TableError> {
    let at = TableError::at(path);
    let file = TableFile::parse(&read(path)?).map_err(&at)?;
    let config = file.config(Some(PlaintextPolicy::default())).map_err(&at)?;
    let keyring = file.keyring().map_err(&at)?;
    let mut builder = Builder::new(path);
    let recipients = keyring.recipients(&mut builder).await;
    // Each of several may be right, and all together still not: two replicas of one key, for example.
    if recipients.len() != 1 && recipients.iter().all(|recipient| recipient.keyring.is_ok()) {
        keyring.build(&mut builder).await.map_err(&at)?;
    }
    Ok((config, recipients))
}

/// The longest table.toml.
const MAX_FILE: usize = 4 * 1024 * 1024;

fn read(path: &Path) -> Result<Zeroizing<String>, TableError> {
    tell(|| format!("the configuration is {}", path.display()));
    let text = files::read_text(path, MAX_FILE).map_err(|error| files::explained(error, path, None));
    text.map_err(|error| TableError::at(path)(error.into()))
}

/// What keyrings are built with.
#[derive(Debug)]
struct Builder<'p> {
    path: &'p Path,
    /// The folder of table.toml, where other files are looked for.
    folder: &'p Path,
    aws: Aws,
}

impl<'p> Builder<'p> {
    fn new(path: &'p Path) -> Self {
        Self { path, folder: path.parent().unwrap_or(Path::new("")), aws: Aws::default() }
    }

    /// The bytes of a symmetric key. `place` is the way to it in the file, for messages.
    fn secret(&self, key: &KeySource, place: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
        if key.is_inline() {
            files::warn_if_open(self.path, "the file with a key");
        }
        key.read(self.folder).map_err(Problem::at(place))
    }

    /// The text of an asymmetric key.
    fn pem(&self, key: &KeySource, place: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
        if key.is_inline() && key.is_private() {
            files::warn_if_open(self.path, "the file with a key");
        }
        key.read_pem(self.folder).map_err(Problem::at(place))
    }
}

/// The file as it stands.
#[derive(Debug)]
struct TableFile {
    logical_table_name: String,
    partition_key: String,
    partition_key_type: Option<KeyType>,
    sort_key: Option<String>,
    sort_key_type: Option<KeyType>,
    algorithm_suite: Option<Placed>,
    unsigned_attributes: Vec<String>,
    unsigned_attribute_prefix: Option<String>,
    plaintext_policy: Option<Placed>,
    actions: BTreeMap<String, Placed>,
    danger_unverified_index: BTreeMap<String, Vec<String>>,
    keyring: Option<KeyringTable>,
    materials_cache: Option<MaterialsCacheTable>,
    search: Option<SearchTable>,
    legacy: Option<LegacyTable>,
    pynamodb_mate: Option<PynamodbMateTable>,
    attributes: Option<AttributesTable>,
}

const FIELDS: [&str; 17] = [
    "logical_table_name",
    "partition_key",
    "partition_key_type",
    "sort_key",
    "sort_key_type",
    "algorithm_suite",
    "unsigned_attributes",
    "unsigned_attribute_prefix",
    "plaintext_policy",
    "actions",
    "danger_unverified_index",
    "keyring",
    "materials_cache",
    "search",
    "legacy",
    "pynamodb_mate",
    "attributes",
];

const SUITES: [&str; 2] = ["ecdsa-p384", "hmac-only"];

const ACTIONS: [&str; 4] = ["ENCRYPT_AND_SIGN", "SIGN_ONLY", "SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT", "DO_NOTHING"];

const POLICIES: [&str; 3] = [
    "FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ",
    "FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ",
    "FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ",
];

impl TableFile {
    fn parse(text: &str) -> Result<Self, Problem> {
        let mut fields = Fields::file(text)?;
        fields.only(&FIELDS)?;
        if fields.has("sort_key_type") && !fields.has("sort_key") {
            return Err(fields.wrong("sort_key_type", "there is no sort_key: name the attribute as well"));
        }
        Ok(Self {
            logical_table_name: fields.required("logical_table_name")?,
            partition_key: fields.required("partition_key")?,
            partition_key_type: fields.parsed_if_any("partition_key_type")?,
            sort_key: fields.optional("sort_key")?,
            sort_key_type: fields.parsed_if_any("sort_key_type")?,
            algorithm_suite: fields.text("algorithm_suite")?,
            unsigned_attributes: fields.optional("unsigned_attributes")?.unwrap_or_default(),
            unsigned_attribute_prefix: fields.optional("unsigned_attribute_prefix")?,
            plaintext_policy: fields.text("plaintext_policy")?,
            actions: fields.texts("actions")?,
            danger_unverified_index: fields.optional("danger_unverified_index")?.unwrap_or_default(),
            keyring: fields.table("keyring")?.map(KeyringTable::parse).transpose()?,
            materials_cache: fields.table("materials_cache")?.map(MaterialsCacheTable::parse).transpose()?,
            search: fields.table("search")?.map(SearchTable::parse).transpose()?,
            legacy: fields.table("legacy")?.map(LegacyTable::parse).transpose()?,
            pynamodb_mate: fields.table("pynamodb_mate")?.map(PynamodbMateTable::parse).transpose()?,
            attributes: fields.table("attributes")?.map(AttributesTable::parse).transpose()?,
        })
    }

    async fn sealed_table(
        &self,
        name: Option<&str>,
        keys: Keys,
        builder: &mut Builder<'_>,
    ) -> Result<SealedTable, Problem> {
        let config = self.config(None)?;
        let keyring = match keys {
            Keys::Beacons => Arc::new(NoKeyring),
            Keys::All | Keys::Keyring => self.keyring()?.build(builder).await?,
        };
        let cmm: Arc<dyn Cmm> = Arc::new(DefaultCmm::new(keyring));
        let cmm = match &self.materials_cache {
            Some(cache) => cache.before(cmm),
            None => cmm,
        };
        let mut encryptor = ItemEncryptor::with_cmm(config, cmm);
        if let Some(legacy) = self.legacy.as_ref().filter(|_| keys != Keys::Beacons) {
            let (policy, older) = legacy.build(self, builder).await?;
            encryptor = encryptor.with_legacy(policy, older)?;
        }
        let mut table = SealedTable::new(name.unwrap_or(&self.logical_table_name), encryptor);
        for (index, attributes) in &self.danger_unverified_index {
            let unverified = table.danger_unverified_index(index, attributes);
            table = unverified.map_err(Problem::at(format!("danger_unverified_index.{index}")))?;
        }
        let Some(search) = &self.search else { return Ok(table) };
        let config: SearchConfig = match keys {
            Keys::Keyring => search.without_keys(),
            Keys::All | Keys::Beacons => search.with_keys(self.keyring.as_ref(), builder).await?,
        };
        table.with_search(config).map_err(Problem::at(search.place()))
    }

    fn keyring(&self) -> Result<&KeyringTable, Problem> {
        self.keyring.as_ref().ok_or(Problem::NoKeyring)
    }

    /// With another plaintext policy than the file's, if there is one.
    fn config(&self, policy: Option<PlaintextPolicy>) -> Result<TableConfig, Problem> {
        let mut builder = TableConfig::builder(&self.logical_table_name, &self.partition_key);
        if let Some(name) = &self.sort_key {
            builder = builder.sort_key(name);
        }
        if let Some(suite) = &self.algorithm_suite {
            let wrong = |_| Problem::word("algorithm_suite", suite, &SUITES);
            builder = builder.algorithm_suite(suite.text.parse().map_err(wrong)?);
        }
        let own = self
            .plaintext_policy
            .as_ref()
            .map(|policy| policy.text.parse().map_err(|_| Problem::word("plaintext_policy", policy, &POLICIES)));
        let own = own.transpose()?;
        if let Some(policy) = policy.or(own) {
            builder = builder.plaintext_policy(policy);
        }
        if let Some(prefix) = &self.unsigned_attribute_prefix {
            builder = builder.unsigned_prefix(prefix);
        }
        builder = builder.unsigned(&self.unsigned_attributes);
        for (name, action) in &self.actions {
            let wrong = |_| Problem::word(format!("actions.{name}"), action, &ACTIONS);
            builder = builder.action(name, action.text.parse().map_err(wrong)?);
        }
        Ok(builder.build()?)
    }
}

/// In the place of the keyring where nothing is sealed or opened, so that its keys need not be at hand.
#[derive(Debug)]
struct NoKeyring;

impl Keyring for NoKeyring {
    fn on_encrypt<'a>(&'a self, _: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        Box::pin(std::future::ready(Err(MaterialsError::NoDataKey)))
    }

    fn on_decrypt<'a>(&'a self, _: &'a UnwrapRequest<'a>) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        Box::pin(std::future::ready(Err(MaterialsError::NoDataKey)))
    }

    fn describe(&self) -> String {
        "no keyring".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use dynaseal::{AlgorithmSuite, CryptoAction};

    use super::*;

    #[test]
    fn the_words_that_are_offered_are_taken() {
        assert!(SUITES.iter().all(|word| word.parse::<AlgorithmSuite>().is_ok()));
        assert!(ACTIONS.iter().all(|word| word.parse::<CryptoAction>().is_ok()));
        assert!(POLICIES.iter().all(|word| word.parse::<PlaintextPolicy>().is_ok()));
    }
}
