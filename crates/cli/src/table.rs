//! table.toml: the configuration of a table and its keyring.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dynaseal::{
    BeaconKey, BranchKey, BranchKeyMaterials, ConfigError, CryptoAction, DefaultCmm, EmptyMultiKeyring,
    HierarchicalKeyring, ItemEncryptor, KeyLength, Keyring, MultiKeyring, RawAesKeyring, RawKeyringError,
    StaticBranchKeySource, TableConfig, UnknownAction, UnknownPolicy, UnknownSuite, Uuid,
};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::keys::{KeyError, KeySource};

/// Reads table.toml and its keys.
pub(crate) fn encryptor(path: &Path) -> Result<ItemEncryptor, TableError> {
    encryptor_of(path, &read(path)?)
}

/// As if `text` stood in the file `path`.
pub(crate) fn encryptor_of(path: &Path, text: &str) -> Result<ItemEncryptor, TableError> {
    let at = |problem| TableError { path: path.to_owned(), problem };
    let file = TableFile::parse(text).map_err(at)?;
    let keyring = file.keyring.as_ref().ok_or_else(|| at(Problem::NoKeyring))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let keyring = keyring.build(folder, "keyring").map_err(at)?;
    Ok(ItemEncryptor::with_cmm(file.config().map_err(at)?, Arc::new(DefaultCmm::new(keyring))))
}

/// Reads table.toml, but none of its keys.
pub(crate) fn config(path: &Path) -> Result<TableConfig, TableError> {
    let file = TableFile::parse(&read(path)?).and_then(|file| file.config());
    file.map_err(|problem| TableError { path: path.to_owned(), problem })
}

fn read(path: &Path) -> Result<Zeroizing<String>, TableError> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    text.map_err(|error| TableError { path: path.to_owned(), problem: error.into() })
}

/// Something is wrong with table.toml.
#[derive(Debug, thiserror::Error)]
#[error("{}", path.display())]
pub(crate) struct TableError {
    path: PathBuf,
    #[source]
    problem: Problem,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("the file can not be read")]
    Read(#[from] io::Error),
    #[error("{0}")]
    Toml(String),
    #[error("there is no [keyring]: who may open the items?")]
    NoKeyring,
    #[error("algorithm_suite")]
    Suite(#[from] UnknownSuite),
    #[error("plaintext_policy")]
    Policy(#[from] UnknownPolicy),
    #[error("actions.{name}")]
    Action {
        name: String,
        #[source]
        source: UnknownAction,
    },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{place}")]
    Key {
        place: String,
        #[source]
        source: KeyError,
    },
    #[error("{place}")]
    RawKeyring {
        place: String,
        #[source]
        source: RawKeyringError,
    },
    #[error("{place}")]
    KeyLength {
        place: String,
        #[source]
        source: KeyLength,
    },
    #[error("{place}.branch_key_version is no UUID")]
    Version { place: String },
    #[error("{place}")]
    Multi {
        place: String,
        #[source]
        source: EmptyMultiKeyring,
    },
}

/// The file as it stands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    logical_table_name: String,
    partition_key: String,
    sort_key: Option<String>,
    algorithm_suite: Option<String>,
    #[serde(default)]
    unsigned_attributes: Vec<String>,
    unsigned_attribute_prefix: Option<String>,
    plaintext_policy: Option<String>,
    #[serde(default)]
    actions: BTreeMap<String, String>,
    keyring: Option<KeyringTable>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
enum KeyringTable {
    RawAes {
        namespace: String,
        name: String,
        key: KeySource,
    },
    Multi {
        generator: Option<Box<KeyringTable>>,
        #[serde(default)]
        children: Vec<KeyringTable>,
    },
    Hierarchical {
        branch_key_id: String,
        key_store: KeyStoreTable,
    },
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
enum KeyStoreTable {
    Static {
        branch_key_version: String,
        branch_key: KeySource,
        /// Used by search; read here so that a wrong one is found now.
        beacon_key: Option<KeySource>,
    },
}

impl TableFile {
    fn parse(text: &str) -> Result<Self, Problem> {
        toml::from_str(text).map_err(|error| Problem::Toml(describe(&error, text)))
    }

    fn config(&self) -> Result<TableConfig, Problem> {
        let mut builder = TableConfig::builder(&self.logical_table_name, &self.partition_key);
        if let Some(name) = &self.sort_key {
            builder = builder.sort_key(name);
        }
        if let Some(suite) = &self.algorithm_suite {
            builder = builder.algorithm_suite(suite.parse()?);
        }
        if let Some(policy) = &self.plaintext_policy {
            builder = builder.plaintext_policy(policy.parse()?);
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

impl KeyringTable {
    /// `place` is the way to this table in the file, for messages.
    fn build(&self, folder: &Path, place: &str) -> Result<Arc<dyn Keyring>, Problem> {
        match self {
            Self::RawAes { namespace, name, key } => {
                let key = read_key(key, folder, &format!("{place}.key"))?;
                let failed = |source| Problem::RawKeyring { place: place.to_owned(), source };
                Ok(Arc::new(RawAesKeyring::new(namespace, name, &key).map_err(failed)?))
            }
            Self::Multi { generator, children } => {
                let generator = generator.as_ref().map(|table| table.build(folder, &format!("{place}.generator")));
                let children = children.iter().enumerate();
                let children =
                    children.map(|(index, table)| table.build(folder, &format!("{place}.children[{index}]")));
                let children = children.collect::<Result<_, _>>()?;
                Ok(Arc::new(match generator.transpose()? {
                    Some(generator) => MultiKeyring::new(generator, children),
                    None => MultiKeyring::without_generator(children)
                        .map_err(|source| Problem::Multi { place: place.to_owned(), source })?,
                }))
            }
            Self::Hierarchical { branch_key_id, key_store } => {
                let source = key_store.build(branch_key_id, folder, &format!("{place}.key_store"))?;
                Ok(Arc::new(HierarchicalKeyring::new(branch_key_id, Arc::new(source))))
            }
        }
    }
}

impl KeyStoreTable {
    fn build(&self, branch_key_id: &str, folder: &Path, place: &str) -> Result<StaticBranchKeySource, Problem> {
        let Self::Static { branch_key_version, branch_key, beacon_key } = self;
        let version: Uuid = branch_key_version.parse().map_err(|_| Problem::Version { place: place.to_owned() })?;
        let length = |name: &str| {
            let place = format!("{place}.{name}");
            |source| Problem::KeyLength { place, source }
        };
        if let Some(key) = beacon_key {
            let key = read_key(key, folder, &format!("{place}.beacon_key"))?;
            BeaconKey::copy_from(&key).map_err(length("beacon_key"))?;
        }
        let key = read_key(branch_key, folder, &format!("{place}.branch_key"))?;
        let key = BranchKey::copy_from(&key).map_err(length("branch_key"))?;
        Ok(StaticBranchKeySource::new(BranchKeyMaterials::new(branch_key_id, version, key)))
    }
}

fn read_key(key: &KeySource, folder: &Path, place: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
    key.read(folder).map_err(|source| Problem::Key { place: place.to_owned(), source })
}

/// Line and message. The parser's own text would show the line, and messages about a wrong type show the value: either
/// could be a key.
fn describe(error: &toml::de::Error, text: &str) -> String {
    let message = error.message();
    let message = match (message.find('"'), message.rfind('"')) {
        (Some(start), Some(end)) if start < end => {
            let (before, after) = (message.get(..start), message.get(end + 1..));
            format!("{}(a text){}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        _ => message.to_owned(),
    };
    let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    line.map_or_else(|| message.clone(), |line| format!("line {line}: {message}"))
}
