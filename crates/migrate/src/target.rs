//! What the items of a table shall be.

use std::collections::BTreeSet;
use std::sync::Arc;

use dynaseal_core::{
    AttributeValue, CryptoAction, FOOT, HEAD, InspectedAttribute, Inspection, Item, ItemEncryptor, MAX_ITEM_SIZE,
    RESERVED_PREFIX, RecipientInfo, TableConfig, item_size, normalize_number,
};
use dynaseal_ops::{Refusal, SealedTable};

use crate::attributes::SealedAttributes;
use crate::form::Form;
use crate::problem::{MigrateError, Problem};
use crate::source::{Opened, PynamodbMate, Source, is_record};

/// What the items of a table shall be.
#[derive(Clone, Debug)]
pub struct Target {
    kind: Kind,
    keys: Keys,
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
    Records(Arc<SealedTable>),
    Plaintext,
    Attributes(Arc<SealedAttributes>),
}

/// What becomes of an item.
pub(crate) struct Reformed {
    pub(crate) form: Form,
    /// `None` if it is as it shall be.
    pub(crate) item: Option<Item>,
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
        Ok(Self { kind: Kind::Records(Arc::new(table)), keys })
    }

    /// Plaintext: everything that is sealed becomes readable for everybody who can read the table, its backups and
    /// streams.
    pub fn danger_plaintext(keys: Keys) -> Self {
        Self { kind: Kind::Plaintext, keys }
    }

    /// Plain items with sealed attributes.
    pub fn attributes(attributes: SealedAttributes, keys: Keys) -> Self {
        Self { kind: Kind::Attributes(Arc::new(attributes)), keys }
    }

    /// What seals and opens its records.
    pub(crate) fn encryptor(&self) -> Option<&ItemEncryptor> {
        match &self.kind {
            Kind::Records(table) => Some(table.encryptor()),
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
            Kind::Records(table) => {
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
        match &self.kind {
            Kind::Records(table) => {
                let config = table.config();
                let actions: Vec<_> = config.actions().map(|(name, action)| format!("{name}={action}")).collect();
                let beacons = table.search().map_or("none".to_owned(), |search| {
                    let names: Vec<_> = search.beacons().map(|beacon| beacon.name.to_owned()).collect();
                    format!("{} ({:016x})", names.join(" "), search.fingerprint())
                });
                let suite = config.algorithm_suite();
                let name = config.logical_table_name();
                format!("records of {name}, {suite}, {}, beacons {beacons}", actions.join(" "))
            }
            Kind::Plaintext => "plaintext".to_owned(),
            Kind::Attributes(attributes) => {
                format!("sealed attributes: {}", attributes.description())
            }
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

    /// Opens an item and makes of it what it shall be.
    pub(crate) async fn reform(&self, source: &Source, stored: &Item) -> Result<Reformed, Problem> {
        if let Kind::Attributes(attributes) = &self.kind
            && !is_record(stored)
            && source.form(stored, None) != Form::OlderClient
        {
            return attributes.reform(source, stored, &self.keys);
        }
        // Leaving plaintext as it is vouches for nothing; so it need not be announced.
        if matches!(self.kind, Kind::Plaintext) && source.form(stored, None) == Form::Plain {
            return Ok(Reformed { form: Form::Plain, item: None });
        }
        let opened = self.open(source, stored).await?;
        let form = opened.form;
        let item = match &self.kind {
            Kind::Records(table) => {
                let mut plain = opened.plain;
                if form == Form::Record {
                    self.forget_signed_beacons(source, table, &mut plain);
                    let (sealed, difference) = compare(table, stored, plain).await.map_err(Problem::of_sealing)?;
                    difference.map(|_| sealed)
                } else {
                    Some(table.seal(plain).await.map_err(Problem::of_sealing)?)
                }
            }
            Kind::Plaintext => Some(opened.plain),
            Kind::Attributes(attributes) => {
                let key = self.key_of(&opened.plain);
                Some(attributes.seal(opened.plain, &key, &self.keys)?)
            }
        };
        if let Some(size) = item.as_ref().map(item_size).filter(|size| *size > MAX_ITEM_SIZE) {
            return Err(Problem::TooLarge { size });
        }
        Ok(Reformed { form, item })
    }

    /// They are made anew, by the beacons of now. Only what a source says was a beacon: what is called like a beacon of
    /// now may have been an attribute with data of its own, and then sealing refuses it.
    fn forget_signed_beacons(&self, source: &Source, table: &SealedTable, plain: &mut Item) {
        let is_own = |name: &str| signed_beacons(table).any(|own| own == name);
        let is_key = |name: &str| self.key_names().any(|key| key == name);
        // What was a beacon may be an attribute like others now; then it has an action.
        let is_past = |name: &str| is_own(name) || table.config().action(name).is_none();
        for name in source.signed_beacons().filter(|name| is_past(name) && !is_key(name)) {
            plain.remove(name);
        }
    }

    async fn open(&self, source: &Source, stored: &Item) -> Result<Opened, Problem> {
        let opened = source.open(stored, self.encryptor(), &self.keys).await?;
        let moved = |name: &str| stored.get(name) != opened.plain.get(name);
        if opened.form == Form::OlderClient && self.key_names().any(moved) {
            return Err(Problem::LegacyKey);
        }
        Ok(opened)
    }

    /// Opens what was sealed and compares it with what it was made of.
    pub(crate) async fn prove(&self, source: &Source, stored: &Item, made: &Item) -> Result<(), Problem> {
        let Kind::Records(table) = &self.kind else { return Ok(()) };
        let mut before = self.open(source, stored).await?.plain;
        let mut after = table.encryptor().decrypt_item(made.clone()).await?.item;
        self.forget_signed_beacons(source, table, &mut before);
        for name in signed_beacons(table) {
            if !before.contains_key(name) {
                after.remove(name);
            }
        }
        if same_item(&before, &after) { Ok(()) } else { Err(Problem::NotTheSame) }
    }
}

fn signed_beacons(table: &SealedTable) -> impl Iterator<Item = &str> {
    table.search().into_iter().flat_map(|search| search.signed_beacons())
}

/// Seals a record anew, and says what that would change. The partition of beacons may be drawn by lot: a record is as it
/// should be in each of them.
pub(crate) async fn compare(
    table: &SealedTable,
    stored: &Item,
    plain: Item,
) -> Result<(Item, Option<Difference>), Refusal> {
    let partitioned = table.search().filter(|search| search.maximum_partitions() > 1);
    let partitioned = partitioned.map(|search| (search, plain.clone()));
    let sealed = table.seal(plain).await?;
    let found = difference(stored, &sealed, table.config());
    let (Some(Difference::Reserved(_)), Some((search, plain)), Some(AttributeValue::B(head))) =
        (&found, partitioned, stored.get(HEAD))
    else {
        return Ok((sealed, found));
    };
    let header = dynaseal_core::format::Header::parse(head).ok();
    let branch_key_id = header.as_ref().and_then(|header| header.branch_key_id());
    let is_of_sealing = |name: &str| [HEAD, FOOT].contains(&name) || !name.starts_with(RESERVED_PREFIX);
    for partition in 0..search.maximum_partitions() {
        let Ok(beacons) = search.beacons_of(&plain, Some(partition), branch_key_id).await else { break };
        let mut there = sealed.clone();
        there.retain(|name, _| is_of_sealing(name));
        there.extend(beacons);
        if difference(stored, &there, table.config()).is_none() {
            return Ok((sealed, None));
        }
    }
    Ok((sealed, found))
}

/// What sealing an item anew would change beyond what is random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// Who can open it.
    Recipients,
    /// An attribute that belongs to the library and is not of this table's beacons, or another one.
    Reserved(String),
    /// Actions, suite, version, or attributes.
    Configuration,
}

/// What differs between an item as it is stored and as it would be sealed now.
pub(crate) fn difference(stored: &Item, sealed: &Item, config: &TableConfig) -> Option<Difference> {
    let of = |item| Inspection::new(item, Some(config));
    let (Ok(old), Ok(new)) = (of(stored), of(sealed)) else { return Some(Difference::Configuration) };
    let shape = |of: &Inspection| {
        // The public key of a signature is another one each time; that there is one is part of the suite.
        let context = of.stored_context.iter().filter(|(name, _)| !name.ends_with("public-key")).cloned();
        (of.version, of.algorithm_suite, of.signed_attributes, context.collect::<Vec<_>>())
    };
    if shape(&old) != shape(&new) || legend(stored) != legend(sealed) {
        return Some(Difference::Configuration);
    }
    if recipients(&old) != recipients(&new) {
        return Some(Difference::Recipients);
    }
    let is_encrypted = |attribute: &&InspectedAttribute| attribute.action == Some(CryptoAction::EncryptAndSign);
    let encrypted = new.attributes.iter().filter(is_encrypted).map(|attribute| attribute.name.as_str());
    let random: BTreeSet<&str> = encrypted.chain([HEAD, FOOT]).collect();
    let same = |name: &str| match (stored.get(name), sealed.get(name)) {
        (Some(old), Some(new)) => random.contains(name) || same_value(old, new),
        _ => false,
    };
    let name = stored.keys().chain(sealed.keys()).find(|name| !same(name))?;
    Some(match name.starts_with(RESERVED_PREFIX) {
        true => Difference::Reserved(name.clone()),
        false => Difference::Configuration,
    })
}

/// Who can open a record. An ephemeral sender's key is another one each time.
pub(crate) fn recipients(of: &Inspection) -> Vec<RecipientInfo> {
    let one = |recipient: &RecipientInfo| match recipient {
        RecipientInfo::Ecdh { kms, recipient, .. } => {
            RecipientInfo::Ecdh { kms: *kms, recipient: recipient.clone(), sender: String::new() }
        }
        other => other.clone(),
    };
    of.recipients.iter().map(one).collect()
}

fn legend(item: &Item) -> Option<Vec<u8>> {
    let AttributeValue::B(head) = item.get(HEAD)? else { return None };
    Some(dynaseal_core::format::Header::parse(head).ok()?.legend.to_vec())
}

/// Whether two items are one to DynamoDB.
pub(crate) fn same_item(one: &Item, other: &Item) -> bool {
    one.len() == other.len()
        && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same_value(value, other)))
}

/// Whether two values are one to DynamoDB, which gives numbers back in another spelling.
pub(crate) fn same_value(one: &AttributeValue, other: &AttributeValue) -> bool {
    use AttributeValue::{Bs, L, M, N, Ns, Ss};
    let number = |text: &str| normalize_number(text).unwrap_or_else(|_| text.to_owned());
    let sorted = |mut set: Vec<String>| {
        set.sort_unstable();
        set
    };
    match (one, other) {
        (N(one), N(other)) => one == other || number(one) == number(other),
        (Ns(one), Ns(other)) => {
            let numbers = |set: &[String]| sorted(set.iter().map(|text| number(text)).collect());
            numbers(one) == numbers(other)
        }
        (Ss(one), Ss(other)) => sorted(one.clone()) == sorted(other.clone()),
        (Bs(one), Bs(other)) => {
            let sorted = |set: &[Vec<u8>]| {
                let mut set = set.to_vec();
                set.sort_unstable();
                set
            };
            sorted(one) == sorted(other)
        }
        (L(one), L(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_value(one, other))
        }
        (M(one), M(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| same_value(one, other)))
        }
        (one, other) => one == other,
    }
}
