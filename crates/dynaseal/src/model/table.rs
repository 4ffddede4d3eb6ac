//! A model's table: what is needed to speak with it, put together and checked once.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal_client::{SealedTable, Sealer};
use dynaseal_core::{
    AttributeKeys, Cmm, ConfigError, CryptoAction, CryptoError, DefaultCmm, ItemEncryptor, Keyring, LegacyEncryptor,
    LegacyPolicy, PlaintextPolicy, TableConfig,
};
use dynaseal_legacy::pynamodb_mate;
use dynaseal_search::{BeaconKeys, SearchConfig, SearchConfigError, StandardBeacon};

use super::column::IntoKey;
use super::definition::{Definition, IndexDefinition, Projection, Protection};
use super::error::{ModelError, ModelErrorKind};
use super::seal::{LegacyHook, LegacyRead, Older, Passphrases, Seals, StoredKey};
use super::{Model, console};

/// The table of a model: reads and writes its items.
///
/// Cheap to clone, and meant to be shared. [`Model::on`] begins one.
pub struct Table<M> {
    pub(super) inner: Arc<Inner>,
    marker: PhantomData<fn() -> M>,
}

pub(super) struct Inner {
    pub(super) client: Client,
    pub(super) name: String,
    pub(super) seals: Seals,
    /// Of this table, where items are records. Where attributes are sealed alone, it says so to interceptors; and where
    /// nothing is sealed, it knows no table.
    pub(super) sealer: Sealer,
    pub(super) definition: &'static Definition,
    region: Option<String>,
}

impl<M> Clone for Table<M> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), marker: PhantomData }
    }
}

impl<M> fmt::Debug for Table<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} in {:?})", self.inner.definition.model, self.inner.name)
    }
}

/// What a [`Table`] is made of.
#[must_use = "`open` makes a table of it"]
pub struct Options<M> {
    client: Client,
    name: Option<String>,
    keys: Option<AttributeKeys>,
    cmm: Option<Arc<dyn Cmm>>,
    beacon_keys: Option<BeaconKeys>,
    policy: Option<PlaintextPolicy>,
    legacy: Option<(LegacyPolicy, Arc<dyn LegacyEncryptor>)>,
    passphrases: Passphrases,
    on_legacy: Option<LegacyHook>,
    /// What was given a second time.
    twice: Option<String>,
    marker: PhantomData<fn() -> M>,
}

impl<M> fmt::Debug for Options<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A table that can not be opened as it is described.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Attributes are to be sealed, and there are no keys for it.
    #[error("`{model}` has sealed attributes: give it `attribute_keys`")]
    NoAttributeKeys {
        /// The model.
        model: &'static str,
    },
    /// Items are records, and there is no keyring.
    #[error("the items of `{model}` are records: give it a `keyring`")]
    NoKeyring {
        /// The model.
        model: &'static str,
    },
    /// Attributes have beacons, and there is no key for them.
    #[error("`{model}` has beacons: give it `beacon_keys`")]
    NoBeaconKeys {
        /// The model.
        model: &'static str,
    },
    /// A column also reads the older format, and its passphrase is not known.
    #[error(
        "`{attribute}` also reads pynamodb_mate's format: give its passphrase by `pynamodb_mate` or `pynamodb_mate_of`"
    )]
    NoPassphrase {
        /// The attribute.
        attribute: &'static str,
    },
    /// Something was given twice, and one of them would not count.
    #[error("`{model}` is given {what} twice: give it once")]
    Twice {
        /// The model.
        model: &'static str,
        /// What.
        what: String,
    },
    /// Something was given that the model has no use for: it may be meant for another.
    #[error("`{model}` has no use for {what}")]
    Unused {
        /// The model.
        model: &'static str,
        /// What.
        what: String,
    },
    /// An index of records that has not everything of them.
    #[error(
        "the index `{index}` of `{model}` does not have whole items, and parts of records do not open: take its `projection` away"
    )]
    RecordIndex {
        /// The model.
        model: &'static str,
        /// The index.
        index: &'static str,
    },
    /// The record's configuration.
    #[error("the configuration of `{model}` does not hold together")]
    Config {
        /// The model.
        model: &'static str,
        /// Why.
        #[source]
        source: ConfigError,
    },
    /// The configuration of its beacons.
    #[error("the beacons of `{model}` do not hold together")]
    Search {
        /// The model.
        model: &'static str,
        /// Why.
        #[source]
        source: SearchConfigError,
    },
    /// Deriving the keys of attributes.
    #[error("keys of attributes can not be derived")]
    Crypto(#[from] CryptoError),
}

impl<M: Model> Options<M> {
    pub(super) fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            name: None,
            keys: None,
            cmm: None,
            beacon_keys: None,
            policy: None,
            legacy: None,
            passphrases: Passphrases::default(),
            on_legacy: None,
            twice: None,
            marker: PhantomData,
        }
    }

    /// Notes if something was there before: one of two keys would be lost without a word.
    fn once<T>(&mut self, before: &Option<T>, what: &str) {
        if before.is_some() {
            self.twice.get_or_insert_with(|| what.to_owned());
        }
    }

    /// The table's name where it is not the model's: a copy for tests, or one for each stage. What is sealed stays bound
    /// to the model's table name, so items may be copied from one to the other.
    pub fn table_name(mut self, name: impl Into<String>) -> Self {
        let before = self.name.replace(name.into());
        self.once(&before, "a table name");
        self
    }

    /// The keys of sealed attributes.
    pub fn attribute_keys(mut self, keys: &AttributeKeys) -> Self {
        let before = self.keys.replace(keys.clone());
        self.once(&before, "attribute keys");
        self
    }

    /// Who can open the records: one keyring, which may be a [`MultiKeyring`](dynaseal_core::MultiKeyring), or one
    /// [`cmm`](Self::cmm).
    pub fn keyring(self, keyring: impl Keyring + 'static) -> Self {
        self.cmm(Arc::new(DefaultCmm::new(Arc::new(keyring))))
    }

    /// Who can open the records, through a cryptographic materials manager.
    pub fn cmm(mut self, cmm: Arc<dyn Cmm>) -> Self {
        let before = self.cmm.replace(cmm);
        self.once(&before, "a keyring or CMM");
        self
    }

    /// The keys of beacons.
    pub fn beacon_keys(mut self, keys: BeaconKeys) -> Self {
        let before = self.beacon_keys.replace(keys);
        self.once(&before, "beacon keys");
        self
    }

    /// What happens with items that are no records, on the way to records.
    pub fn plaintext_policy(mut self, policy: PlaintextPolicy) -> Self {
        let before = self.policy.replace(policy);
        self.once(&before, "a plaintext policy");
        self
    }

    /// Reads, and by the policy also writes, items of the DynamoDB Encryption Client, on the way to records.
    pub fn legacy(mut self, policy: LegacyPolicy, encryptor: Arc<dyn LegacyEncryptor>) -> Self {
        let before = self.legacy.replace((policy, encryptor));
        self.once(&before, "a legacy policy");
        self
    }

    /// The passphrase of pynamodb_mate's attributes, for columns with `also_reads`.
    pub fn pynamodb_mate(mut self, passphrase: &str) -> Self {
        let before = self.passphrases.of_all.replace(Arc::new(pynamodb_mate::Key::from_passphrase(passphrase)));
        self.once(&before, "a passphrase of pynamodb_mate");
        self
    }

    /// The passphrase of one of pynamodb_mate's attributes.
    pub fn pynamodb_mate_of(mut self, attribute: impl Into<String>, passphrase: &str) -> Self {
        let key = Arc::new(pynamodb_mate::Key::from_passphrase(passphrase));
        let attribute = attribute.into();
        let what = format!("a passphrase of `{attribute}`");
        let before = self.passphrases.of.insert(attribute, key);
        self.once(&before, &what);
        self
    }

    /// Is told of each value that was in the older format, which vouches for nothing. Without this, there is an event of
    /// `tracing` for it.
    pub fn on_legacy(mut self, hook: impl Fn(&LegacyRead) + Send + Sync + 'static) -> Self {
        let before = self.on_legacy.replace(Arc::new(hook));
        self.once(&before, "what is told of older values");
        self
    }

    /// Checks everything, derives the keys, and gives the table. Nothing is sent.
    ///
    /// # Errors
    /// If something is missing, too much or given twice, or the model's configuration does not hold together.
    pub fn open(self) -> Result<Table<M>, OpenError> {
        let definition = M::DEFINITION;
        let model = definition.model;
        let name = self.name.unwrap_or_else(|| definition.table.to_owned());
        let unused = |what: &str| OpenError::Unused { model, what: what.to_owned() };
        if let Some(what) = self.twice {
            return Err(OpenError::Twice { model, what });
        }

        let partial = |index: &&IndexDefinition| index.projection != Projection::All;
        if let Some(index) = definition.indexes.iter().find(partial).filter(|_| definition.record) {
            return Err(OpenError::RecordIndex { model, index: index.name });
        }
        let mut reads_older = Vec::new();
        let mut seals_attributes = false;
        for column in definition.columns {
            if let Protection::Randomised { also_reads } | Protection::Deterministic { also_reads } = column.protection
            {
                seals_attributes = true;
                if also_reads.is_some() {
                    if self.passphrases.of(column.attribute).is_none() {
                        return Err(OpenError::NoPassphrase { attribute: column.attribute });
                    }
                    reads_older.push(column.attribute);
                }
            }
        }
        match (seals_attributes, &self.keys) {
            (true, None) => return Err(OpenError::NoAttributeKeys { model }),
            (false, Some(_)) => return Err(unused("attribute keys: none of its attributes is sealed alone")),
            _ => {}
        }
        if self.passphrases.of_all.is_some() && reads_older.is_empty() {
            return Err(unused("a passphrase of pynamodb_mate: no column has `also_reads`"));
        }
        if let Some(other) = self.passphrases.of.keys().find(|name| !reads_older.contains(&name.as_str())) {
            return Err(unused(&format!("a passphrase of `{other}`: no such column has `also_reads`")));
        }
        let sealer = match (definition.record, self.cmm) {
            (true, None) => return Err(OpenError::NoKeyring { model }),
            (false, Some(_)) => return Err(unused("a keyring: its items are no records")),
            (false, None) => {
                if self.policy.is_some() {
                    return Err(unused("a plaintext policy: its items are no records"));
                }
                if self.legacy.is_some() {
                    return Err(unused("a legacy policy: its items are no records"));
                }
                if self.beacon_keys.is_some() {
                    return Err(unused("beacon keys: its items are no records"));
                }
                match seals_attributes {
                    true => Sealer::sealed_elsewhere(&name),
                    false => Sealer::default(),
                }
            }
            (true, Some(cmm)) => Sealer::of_table(record_table(
                definition,
                &name,
                cmm,
                self.beacon_keys,
                self.policy.unwrap_or_default(),
                self.legacy,
            )?),
        };
        let passphrases = self.passphrases;
        let older = |attribute: &'static str, legacy| Some(Older::new(passphrases.of(attribute)?, legacy));
        let seals = Seals::new(definition, &name, self.keys.as_ref(), older, self.on_legacy)?;
        let region = self.client.config().region().map(ToString::to_string);
        let region = definition.region.map(str::to_owned).or(region);
        let inner = Inner { client: self.client, name, seals, sealer, definition, region };
        Ok(Table { inner: Arc::new(inner), marker: PhantomData })
    }
}

fn record_table(
    definition: &'static Definition,
    name: &str,
    cmm: Arc<dyn Cmm>,
    beacon_keys: Option<BeaconKeys>,
    policy: PlaintextPolicy,
    legacy: Option<(LegacyPolicy, Arc<dyn LegacyEncryptor>)>,
) -> Result<SealedTable, OpenError> {
    let model = definition.model;
    let mut keys = definition.key_columns().map(|column| column.attribute);
    let mut config = TableConfig::builder(definition.table, keys.next().unwrap_or_default());
    if let Some(sort) = keys.next() {
        config = config.sort_key(sort);
    }
    config = config.plaintext_policy(policy);
    let mut unsigned = Vec::new();
    let mut beacons = Vec::new();
    for column in definition.columns {
        let Protection::Record { action, beacon } = column.protection else { continue };
        match action {
            CryptoAction::DoNothing => unsigned.push(column.attribute),
            action => config = config.action(column.attribute, action),
        }
        beacons.extend(beacon.map(|beacon| StandardBeacon::new(column.attribute, beacon.length)));
    }
    let config = config.unsigned(unsigned).build().map_err(|source| OpenError::Config { model, source })?;
    let mut encryptor = ItemEncryptor::with_cmm(config, cmm);
    if let Some((policy, legacy)) = legacy {
        encryptor = encryptor.with_legacy(policy, legacy).map_err(|source| OpenError::Config { model, source })?;
    }
    let table = SealedTable::new(name, encryptor);
    match (beacons.is_empty(), beacon_keys) {
        (true, None) => Ok(table),
        (true, Some(_)) => Err(OpenError::Unused { model, what: "beacon keys: no column has a beacon".to_owned() }),
        (false, None) => Err(OpenError::NoBeaconKeys { model }),
        (false, Some(keys)) => {
            let search = beacons.into_iter().fold(SearchConfig::new(keys), SearchConfig::standard);
            table.with_search(search).map_err(|source| OpenError::Search { model, source })
        }
    }
}

impl Inner {
    pub(super) fn error(&self, operation: &'static str, kind: impl Into<ModelErrorKind>) -> ModelError {
        ModelError::new(operation, &self.name, None, kind)
    }

    pub(super) fn item_error(
        &self,
        operation: &'static str,
        key: &StoredKey,
        kind: impl Into<ModelErrorKind>,
    ) -> ModelError {
        ModelError::new(operation, &self.name, Some(key.text()), kind)
    }

    /// The item of a row.
    pub(super) fn model<M: Model>(
        &self,
        operation: &'static str,
        row: HashMap<String, SdkValue>,
    ) -> Result<M, ModelError> {
        // For the error, should there be one: opening takes the row apart.
        let key = self.seals.key_of_item(&row).ok();
        let failed = |kind: ModelErrorKind| match &key {
            Some(key) => self.item_error(operation, key, kind),
            None => self.error(operation, kind),
        };
        let values = self.seals.open_row(row).map_err(&failed)?;
        M::from_values(values).map_err(|error| failed(error.into()))
    }
}

impl<M: Model> Table<M> {
    /// The table's name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The SDK's client, for all that is not here.
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// What seals the records of this table, for requests that you make yourself:
    /// `table.client().put_item()….send_sealed(table.sealer())`. Where attributes are sealed alone, it does nothing.
    pub fn sealer(&self) -> &Sealer {
        &self.inner.sealer
    }

    /// An item as it is stored, for a request of your own. In tables of records it is as it is before
    /// [`sealer`](Self::sealer) seals it.
    ///
    /// # Errors
    /// If it can not be sealed.
    pub fn to_stored(&self, item: &M) -> Result<HashMap<String, SdkValue>, ModelError> {
        const OPERATION: &str = "sealing";
        let values = item.to_values().map_err(|error| self.inner.error(OPERATION, error))?;
        let key = self.inner.seals.key_of_row(&values).map_err(|kind| self.inner.error(OPERATION, kind))?;
        let sealed = self.inner.seals.seal_row(values, &key);
        sealed.map_err(|kind| self.inner.item_error(OPERATION, &key, kind))
    }

    /// An item from what is stored: from a request of your own, a stream or an export. In tables of records it is what
    /// [`sealer`](Self::sealer) has opened.
    ///
    /// # Errors
    /// If it can not be opened.
    pub fn from_stored(&self, row: HashMap<String, SdkValue>) -> Result<M, ModelError> {
        self.inner.model("opening", row)
    }

    /// The keys under which an item is looked for, that of the active root first.
    pub(super) fn keys<By>(
        &self,
        operation: &'static str,
        key: impl IntoKey<M, M::Partition, M::Sort, By>,
    ) -> Result<Vec<StoredKey>, ModelError> {
        self.inner.seals.keys(&key.into_key(M::primary_key())).map_err(|kind| self.inner.error(operation, kind))
    }

    /// The address of the table in the AWS console. `None` if neither the model nor the client has a region.
    pub fn console_url(&self) -> Option<String> {
        self.inner.region.as_ref().map(|region| console::table(region, &self.inner.name))
    }

    /// The address of the table's items in the AWS console.
    pub fn items_console_url(&self) -> Option<String> {
        self.inner.region.as_ref().map(|region| console::items(region, &self.inner.name))
    }

    /// The address of an item in the AWS console, by its key as it is stored.
    ///
    /// # Errors
    /// If the key can not be sealed.
    pub fn item_console_url(&self, item: &M) -> Result<Option<String>, ModelError> {
        const OPERATION: &str = "the address of an item";
        let values = item.to_values().map_err(|error| self.inner.error(OPERATION, error))?;
        let key = self.inner.seals.key_of_row(&values).map_err(|kind| self.inner.error(OPERATION, kind))?;
        let sort = key.sort.as_ref().map(|(_, value)| value);
        Ok(self.inner.region.as_ref().map(|region| console::item(region, &self.inner.name, &key.partition.1, sort)))
    }
}
