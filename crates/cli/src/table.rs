//! table.toml: the configuration of a table and its keyring.

mod fields;
mod key_store;
mod keyring;
mod kms;
mod problem;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use dynaseal::{CryptoAction, DefaultCmm, ItemEncryptor, PlaintextPolicy, TableConfig};
use zeroize::Zeroizing;

use self::fields::Fields;
use self::keyring::KeyringTable;
pub(crate) use self::keyring::Recipient;
use self::problem::Problem;
pub(crate) use self::problem::TableError;
use crate::aws::Aws;
use crate::keys::KeySource;

/// Reads table.toml and its keys.
pub(crate) async fn encryptor(path: &Path) -> Result<ItemEncryptor, TableError> {
    encryptor_of(path, &read(path)?).await
}

/// As if `text` stood in the file `path`.
pub(crate) async fn encryptor_of(path: &Path, text: &str) -> Result<ItemEncryptor, TableError> {
    let at = TableError::at(path);
    let file = TableFile::parse(text).map_err(&at)?;
    let config = file.config(None).map_err(&at)?;
    let keyring = file.keyring().map_err(&at)?.build(&mut Builder::new(path)).await.map_err(&at)?;
    Ok(ItemEncryptor::with_cmm(config, Arc::new(DefaultCmm::new(keyring))))
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

fn read(path: &Path) -> Result<Zeroizing<String>, TableError> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    text.map_err(|error| TableError::at(path)(error.into()))
}

/// What keyrings are built with.
#[derive(Debug)]
struct Builder<'p> {
    /// The folder of table.toml, where other files are looked for.
    folder: &'p Path,
    aws: Aws,
}

impl<'p> Builder<'p> {
    fn new(path: &'p Path) -> Self {
        Self { folder: path.parent().unwrap_or(Path::new("")), aws: Aws::default() }
    }

    /// The bytes of a symmetric key. `place` is the way to it in the file, for messages.
    fn secret(&self, key: &KeySource, place: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
        key.read(self.folder).map_err(Problem::at(place))
    }

    /// The text of an asymmetric key.
    fn pem(&self, key: &KeySource, place: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
        key.read_pem(self.folder).map_err(Problem::at(place))
    }
}

/// The file as it stands.
#[derive(Debug)]
struct TableFile {
    logical_table_name: String,
    partition_key: String,
    sort_key: Option<String>,
    algorithm_suite: Option<String>,
    unsigned_attributes: Vec<String>,
    unsigned_attribute_prefix: Option<String>,
    plaintext_policy: Option<String>,
    actions: BTreeMap<String, String>,
    keyring: Option<KeyringTable>,
}

const FIELDS: [&str; 9] = [
    "logical_table_name",
    "partition_key",
    "sort_key",
    "algorithm_suite",
    "unsigned_attributes",
    "unsigned_attribute_prefix",
    "plaintext_policy",
    "actions",
    "keyring",
];

impl TableFile {
    fn parse(text: &str) -> Result<Self, Problem> {
        let mut fields = Fields::file(text)?;
        fields.only(&FIELDS)?;
        Ok(Self {
            logical_table_name: fields.required("logical_table_name")?,
            partition_key: fields.required("partition_key")?,
            sort_key: fields.optional("sort_key")?,
            algorithm_suite: fields.optional("algorithm_suite")?,
            unsigned_attributes: fields.optional("unsigned_attributes")?.unwrap_or_default(),
            unsigned_attribute_prefix: fields.optional("unsigned_attribute_prefix")?,
            plaintext_policy: fields.optional("plaintext_policy")?,
            actions: fields.optional("actions")?.unwrap_or_default(),
            keyring: fields.table("keyring")?.map(KeyringTable::parse).transpose()?,
        })
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
            builder = builder.algorithm_suite(suite.parse()?);
        }
        let own = self.plaintext_policy.as_ref().map(|policy| policy.parse()).transpose()?;
        if let Some(policy) = policy.or(own) {
            builder = builder.plaintext_policy(policy);
        }
        if let Some(prefix) = &self.unsigned_attribute_prefix {
            builder = builder.unsigned_prefix(prefix);
        }
        builder = builder.unsigned(&self.unsigned_attributes);
        for (name, action) in &self.actions {
            let action: CryptoAction =
                action.parse().map_err(|source| Problem::Action { name: name.clone(), source })?;
            builder = builder.action(name, action);
        }
        Ok(builder.build()?)
    }
}
