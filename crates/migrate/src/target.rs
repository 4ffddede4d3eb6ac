//! What the items of a table shall be.

use std::collections::BTreeSet;
use std::sync::Arc;

use dynaseal_core::{CryptoAction, Item, ItemEncryptor, MAX_ITEM_SIZE, RESERVED_PREFIX, item_size};
use dynaseal_ops::SealedTable;
use dynaseal_search::BeaconError;
use sha2::{Digest as _, Sha256};

use crate::attributes::SealedAttributes;
use crate::compare::{Members, compare, opened_by_all, same_item};
use crate::form::Form;
use crate::probe;
use crate::problem::{MigrateError, Problem};
use crate::progress::Kept;
use crate::source::{Opened, PynamodbMate, Source, is_record};

/// What the items of a table shall be.
#[derive(Clone, Debug)]
pub struct Target {
    kind: Kind,
    keys: Keys,
    /// Attributes that items lose.
    dropped: BTreeSet<String>,
}

/// The names of a table's key attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    partition: String,
    sort: Option<String>,
}

impl Keys {
    /// The partition key, and the sort key where the table has one.
    pub fn new(partition: impl Into<String>, sort: Option<String>) -> Self {
        Self { partition: partition.into(), sort }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.partition.as_str()).chain(self.sort.as_deref())
    }

    /// The key attributes of an item.
    pub(crate) fn of(&self, item: &Item) -> Item {
        self.names().filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect()
    }
}

#[derive(Clone, Debug)]
enum Kind {
    Records(Arc<Records>),
    Plaintext,
    Attributes(Arc<SealedAttributes>),
}

#[derive(Debug)]
struct Records {
    table: SealedTable,
    /// Each keyring alone, if there are several.
    members: Vec<ItemEncryptor>,
}

/// What becomes of an item.
pub(crate) struct Reformed {
    pub(crate) form: Form,
    /// `None` if it is up to date.
    pub(crate) item: Option<Item>,
    /// Whether a recipient that only seals stands in its header, whose key may be another one under the same name.
    pub(crate) is_untold: bool,
}

impl Reformed {
    pub(crate) fn new(form: Form, item: Option<Item>) -> Self {
        Self { form, item, is_untold: false }
    }
}

impl Target {
    /// Records, with their beacons, as this table writes them.
    ///
    /// # Errors
    /// If its policies have something else written: then those who write the table now undo what is migrated.
    pub fn records(table: SealedTable) -> Result<Self, MigrateError> {
        if !table.encryptor().writes_records() {
            let (policy, instead) = match table.encryptor().legacy() {
                Some((policy, _)) => (policy.name(), "FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT"),
                None => (table.config().plaintext_policy().name(), "FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ"),
            };
            return Err(MigrateError::Job(format!(
                "with {policy} the application writes no records, and would undo what is migrated: give all of its instances {instead} first"
            )));
        }
        let config = table.config();
        let keys = Keys::new(config.partition_key(), config.sort_key().map(str::to_owned));
        let members = table.encryptor().members();
        Ok(Self::new(Kind::Records(Arc::new(Records { table, members })), keys))
    }

    fn new(kind: Kind, keys: Keys) -> Self {
        Self { kind, keys, dropped: BTreeSet::new() }
    }

    /// Leaves these attributes out of every item, for good: an attribute that is retired. May be called several times. A record
    /// that has one opens only with a source whose configuration knows it.
    ///
    /// # Errors
    /// If one is a key attribute or has a name of the library's.
    pub fn dropping<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Result<Self, MigrateError> {
        for name in names {
            let name = name.into();
            if self.key_names().any(|key| key == name) {
                return Err(MigrateError::Job(format!("`{name}` is a key attribute: an item cannot lose it")));
            }
            if name.starts_with(RESERVED_PREFIX) {
                return Err(MigrateError::Job(format!("`{name}` is a name of the library, which adds and removes it")));
            }
            self.dropped.insert(name);
        }
        Ok(self)
    }

    /// Plaintext: everything that is sealed becomes readable for everybody who can read the table, its backups and
    /// streams.
    pub fn danger_plaintext(keys: Keys) -> Self {
        Self::new(Kind::Plaintext, keys)
    }

    /// Plain items with sealed attributes.
    pub fn attributes(attributes: SealedAttributes, keys: Keys) -> Self {
        Self::new(Kind::Attributes(Arc::new(attributes)), keys)
    }

    /// What seals and opens its records.
    pub(crate) fn encryptor(&self) -> Option<&ItemEncryptor> {
        match &self.kind {
            Kind::Records(records) => Some(records.table.encryptor()),
            _ => None,
        }
    }

    pub(crate) fn key_names(&self) -> impl Iterator<Item = &str> {
        self.keys.names()
    }

    pub(crate) fn partition_key(&self) -> &str {
        &self.keys.partition
    }

    /// The key attributes of an item.
    pub(crate) fn key_of(&self, item: &Item) -> Item {
        self.keys.of(item)
    }

    /// Attributes that an item may get, or that somebody else may have added meanwhile.
    pub(crate) fn known_attributes(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Records(records) => {
                let table = &records.table;
                let config = table.config().actions().map(|(name, _)| name);
                let signed = table.search().into_iter().flat_map(|search| search.signed_beacons());
                config.chain(signed).collect()
            }
            Kind::Attributes(attributes) => attributes.names().collect(),
            Kind::Plaintext => Vec::new(),
        }
    }

    /// Whether a record may leave an attribute out of its signature, by any configuration of now or before.
    pub(crate) fn is_unsigned(&self, source: &Source, name: &str) -> bool {
        let by = |encryptor: &ItemEncryptor| encryptor.config().action(name) == Some(CryptoAction::DoNothing);
        source.encryptors(self.encryptor()).any(by)
    }

    /// What a job does, in a line without secrets: a checkpoint is of one such job.
    pub(crate) fn description(&self) -> String {
        let dropped: Vec<_> = self.dropped.iter().map(|name| format!(", without {name}")).collect();
        let kind = match &self.kind {
            Kind::Records(records) => {
                let table = &records.table;
                let config = table.config();
                let actions: Vec<_> = config.actions().map(|(name, action)| format!("{name}={action}")).collect();
                let beacons = table.search().map_or("none".to_owned(), |search| {
                    let names: Vec<_> = search.beacons().map(|beacon| beacon.name.to_owned()).collect();
                    format!("{} ({:016x})", names.join(" "), search.fingerprint())
                });
                let suite = config.algorithm_suite();
                let name = config.logical_table_name();
                // Of the whole configuration: what is unsigned by its beginning has no action of its own.
                let whole = fingerprint(&format!("{config:?}"));
                format!("records of {name}, {suite}, {}, beacons {beacons}, configuration {whole}", actions.join(" "))
            }
            Kind::Plaintext => "plaintext".to_owned(),
            Kind::Attributes(attributes) => {
                format!("sealed attributes: {}", attributes.description())
            }
        };
        kind + &dropped.concat()
    }

    /// Whether a checkpoint was begun with the keys of this target.
    pub(crate) async fn check_keys(&self, kept: &Kept) -> Result<(), MigrateError> {
        match &self.kind {
            Kind::Records(records) => probe::check_records(kept, &records.table, &records.members, &self.keys).await,
            Kind::Attributes(attributes) => probe::check_attributes(kept, attributes, &self.keys).await,
            Kind::Plaintext => Ok(()),
        }
    }

    /// Whether source and target fit together.
    pub(crate) fn check(&self, source: &Source) -> Result<(), MigrateError> {
        if let Kind::Attributes(attributes) = &self.kind {
            let mut older = source.attributes().into_iter().flat_map(PynamodbMate::names);
            let left = older.find(|name| attributes.names().all(|own| own != *name));
            return left.map_or(Ok(()), |name| {
                Err(MigrateError::Job(format!(
                    "`{name}` is an attribute of pynamodb_mate that shall not be sealed: it would stay as it is, and the item would count as done"
                )))
            });
        }
        // Opened bytes of pynamodb_mate look like sealed ones, and one time of 256 they would open again.
        let mut binary = source.attributes().into_iter().flat_map(PynamodbMate::binary);
        match binary.next() {
            Some(name) if matches!(self.kind, Kind::Plaintext) => Err(MigrateError::Job(format!(
                "`{name}` holds bytes: nobody could tell which items have it opened already, and it would be opened twice. Seal the items as records first, and make plaintext of those"
            ))),
            _ => Ok(()),
        }
    }

    /// Opens an item and makes of it what it shall be; with `always`, also if it is up to date.
    pub(crate) async fn reform(&self, source: &Source, stored: &Item, always: bool) -> Result<Reformed, Problem> {
        let loses = stored.keys().any(|name| self.dropped.contains(name));
        if let Kind::Attributes(attributes) = &self.kind
            && !is_record(stored)
            && source.form(stored, None) != Form::OlderClient
        {
            source.check_unnamed(stored, attributes.names())?;
            let kept = self.kept(stored.clone());
            return attributes.reform(source, &kept, &self.keys, always || loses);
        }
        let form = source.form(stored, None);
        // Beside attributes that are opened as well: what stays sealed would be taken for a value like others.
        if matches!(form, Form::Plain | Form::Attributes) {
            source.check_unnamed(stored, std::iter::empty())?;
        }
        let is_plain = form == Form::Plain;
        // Leaving plaintext as it is needs no word about who wrote it.
        if is_plain && matches!(self.kind, Kind::Plaintext) {
            if let Some(name) = stored.keys().find(|name| name.starts_with(RESERVED_PREFIX)) {
                return Err(Problem::ReservedName { name: name.clone() });
            }
            return Ok(Reformed::new(Form::Plain, loses.then(|| self.kept(stored.clone()))));
        }
        let opened = self.open(source, stored).await?;
        let form = opened.form;
        let reformed = match &self.kind {
            Kind::Records(records) => {
                let plain = opened.plain;
                match opened.by_target && !always && !loses {
                    true => records.compared(stored, plain).await?,
                    false => {
                        let sealed = records.table.seal(plain).await.map_err(Problem::of_sealing)?;
                        Reformed::new(form, Some(sealed))
                    }
                }
            }
            Kind::Plaintext => Reformed::new(form, Some(opened.plain)),
            Kind::Attributes(attributes) => {
                let key = self.key_of(&opened.plain);
                Reformed::new(form, Some(attributes.seal(opened.plain, &key, &self.keys)?))
            }
        };
        if let Some(size) = reformed.item.as_ref().map(item_size).filter(|size| *size > MAX_ITEM_SIZE) {
            return Err(Problem::TooLarge { size });
        }
        Ok(reformed)
    }

    /// Without what is dropped.
    fn kept(&self, mut item: Item) -> Item {
        item.retain(|name, _| !self.dropped.contains(name));
        item
    }

    /// They are made anew, by the beacons of now. Only what a source, or the target, says was a beacon and would make of the item
    /// as it is: what is called like a beacon may be an attribute with data of its own, and then sealing refuses it.
    async fn forget_signed_beacons(&self, source: &Source, table: &SealedTable, plain: &mut Item) {
        let is_own = |name: &str| signed_beacons(table).any(|own| own == name);
        let is_key = |name: &str| self.key_names().any(|key| key == name);
        // What was a beacon may be an attribute like others now; then it has an action.
        let is_past = |name: &str| is_own(name) || table.config().action(name).is_none();
        let mut forgotten = BTreeSet::new();
        for search in source.searches().chain(table.search()) {
            for name in
                search.signed_beacons().filter(|name| is_past(name) && !is_key(name) && plain.contains_key(*name))
            {
                let mut alone = plain.clone();
                alone.retain(|other, _| other == name || search.signed_beacons().all(|beacon| beacon != other));
                let made = search.before_sealing(&mut alone).await;
                if !matches!(made, Err(BeaconError::Mismatch { .. })) {
                    forgotten.insert(name.to_owned());
                }
            }
        }
        plain.retain(|name, _| !forgotten.contains(name));
    }

    async fn open(&self, source: &Source, stored: &Item) -> Result<Opened, Problem> {
        let mut opened = source.open(stored, self.encryptor(), &self.keys).await?;
        let moved = |name: &str| stored.get(name) != opened.plain.get(name);
        if opened.form == Form::OlderClient && self.key_names().any(moved) {
            return Err(Problem::LegacyKey);
        }
        // Before anything is dropped that they were made of.
        if let (Kind::Records(records), Form::Record) = (&self.kind, opened.form) {
            self.forget_signed_beacons(source, &records.table, &mut opened.plain).await;
        }
        Ok(Opened { plain: self.kept(opened.plain), ..opened })
    }

    /// Opens what was sealed and compares it with what it was made of.
    pub(crate) async fn prove(&self, source: &Source, stored: &Item, made: &Item) -> Result<(), Problem> {
        let Kind::Records(records) = &self.kind else { return Ok(()) };
        let table = &records.table;
        let before = self.open(source, stored).await?.plain;
        let mut after = table.encryptor().decrypt_item(made.clone()).await?.item;
        for name in signed_beacons(table) {
            if !before.contains_key(name) {
                after.remove(name);
            }
        }
        if same_item(&before, &after) { Ok(()) } else { Err(Problem::NotTheSame) }
    }
}

impl Records {
    /// A record that this table opened: whether sealing it anew would change more than what is random.
    async fn compared(&self, stored: &Item, plain: Item) -> Result<Reformed, Problem> {
        let (sealed, difference) = compare(&self.table, stored, plain).await.map_err(Problem::of_sealing)?;
        if difference.is_some() {
            return Ok(Reformed::new(Form::Record, Some(sealed)));
        }
        Ok(match opened_by_all(&self.members, stored).await? {
            Members::NotAll => Reformed::new(Form::Record, Some(sealed)),
            Members::All => Reformed::new(Form::Record, None),
            Members::Untold => Reformed { is_untold: true, ..Reformed::new(Form::Record, None) },
        })
    }
}

/// A text in few characters, which is another one for another text.
fn fingerprint(text: &str) -> String {
    let hash = Sha256::digest(text);
    base16ct::lower::encode_string(hash.first_chunk::<8>().map_or(&[][..], |first| first))
}

fn signed_beacons(table: &SealedTable) -> impl Iterator<Item = &str> {
    table.search().into_iter().flat_map(|search| search.signed_beacons())
}
