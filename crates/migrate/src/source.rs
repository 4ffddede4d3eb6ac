//! What the items of a table may be now, and what opens them.

use std::collections::BTreeMap;
use std::sync::Arc;

use dynaseal_core::{
    AttributeValue, FOOT, HEAD, Item, ItemEncryptor, LegacyEncryptor, ParsedAttribute, normalize_number,
};
use dynaseal_legacy::pynamodb_mate::{self, Key, Kind, Mode};
use dynaseal_ops::SealedTable;
use dynaseal_search::Search;

use crate::attributes::SealedAttributes;
use crate::form::Form;
use crate::problem::Problem;
use crate::target::Keys;

/// What the items of a table may be now. Items of any other form are refused: who seals an item vouches for it.
///
/// Records that the target opens need not be named.
///
/// ```
/// use dynaseal_migrate::Source;
/// let source = Source::default().plain();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Source {
    plain: bool,
    legacy: Option<Arc<dyn LegacyEncryptor>>,
    records: Vec<Arc<SealedTable>>,
    attributes: Option<Arc<PynamodbMate>>,
    sealed_attributes: Option<Arc<SealedAttributes>>,
}

/// An item, opened, and what it was.
pub(crate) struct Opened {
    pub(crate) plain: Item,
    pub(crate) form: Form,
    /// Whether it is a record that the target itself opened. Only then can it be up to date: two keys may share a name.
    pub(crate) by_target: bool,
}

impl Source {
    /// Plain items, whose values anybody who may write the table may have made up.
    #[must_use]
    pub fn plain(mut self) -> Self {
        self.plain = true;
        self
    }

    /// Items of the DynamoDB Encryption Client.
    #[must_use]
    pub fn legacy(mut self, encryptor: Arc<dyn LegacyEncryptor>) -> Self {
        self.legacy = Some(encryptor);
        self
    }

    /// Records of another configuration, or under other keys. May be called several times: each is tried in its turn.
    /// Its policies about items that are no records are not used here.
    #[must_use]
    pub fn records(mut self, table: SealedTable) -> Self {
        self.records.push(Arc::new(table));
        self
    }

    /// Plain items with attributes of pynamodb_mate.
    #[must_use]
    pub fn pynamodb_mate(mut self, attributes: PynamodbMate) -> Self {
        self.attributes = Some(Arc::new(attributes));
        self
    }

    /// Plain items with attributes that this library sealed, to make something else of them. To seal them under another
    /// root, give the target the keys of both.
    #[must_use]
    pub fn sealed_attributes(mut self, attributes: SealedAttributes) -> Self {
        self.sealed_attributes = Some(Arc::new(attributes));
        self
    }

    /// What it says, in words without secrets.
    pub(crate) fn description(&self) -> String {
        let records = self.records.iter().map(|table| format!("records of {}", table.config().logical_table_name()));
        let others = [
            self.plain.then(|| "plaintext".to_owned()),
            self.legacy.as_ref().map(|_| "the older client".to_owned()),
            self.attributes.as_ref().map(|of| format!("pynamodb_mate {:?}", of.names().collect::<Vec<_>>())),
            self.sealed_attributes.as_ref().map(|of| format!("sealed attributes {}", of.description())),
        ];
        others.into_iter().flatten().chain(records).collect::<Vec<_>>().join(" and ")
    }

    /// Whether nothing is named at all.
    pub fn is_empty(&self) -> bool {
        let attributes = self.attributes.is_some() || self.sealed_attributes.is_some();
        !self.plain && self.legacy.is_none() && self.records.is_empty() && !attributes
    }

    pub(crate) fn takes_plain(&self) -> bool {
        self.plain
    }

    pub(crate) fn attributes(&self) -> Option<&PynamodbMate> {
        self.attributes.as_deref()
    }

    /// What an item is, as far as it can be told without keys.
    pub(crate) fn form(&self, stored: &Item, target: Option<&ItemEncryptor>) -> Form {
        let is_legacy = |item: &Item| match &self.legacy {
            Some(legacy) => legacy.is_legacy(item),
            None => self.encryptors(target).any(|encryptor| encryptor.is_legacy(item)),
        };
        if is_record(stored) {
            Form::Record
        } else if is_legacy(stored) {
            Form::OlderClient
        } else if self.attributes.as_ref().is_some_and(|attributes| attributes.is_in(stored))
            || self.sealed_attributes.as_ref().is_some_and(|attributes| attributes.is_in(stored))
        {
            Form::Attributes
        } else {
            Form::Plain
        }
    }

    /// Opens an item. A record is tried with the target first.
    pub(crate) async fn open(
        &self,
        stored: &Item,
        target: Option<&ItemEncryptor>,
        keys: &Keys,
    ) -> Result<Opened, Problem> {
        let form = self.form(stored, target);
        let (plain, by_target) = match form {
            Form::Record => self.open_record(stored, target).await?,
            Form::OlderClient => (self.open_legacy(stored).await?, false),
            Form::Attributes | Form::Plain => (self.open_plain(stored, form, keys)?, false),
        };
        Ok(Opened { plain, form, by_target })
    }

    /// The item, and whether the target opened it.
    async fn open_record(&self, stored: &Item, target: Option<&ItemEncryptor>) -> Result<(Item, bool), Problem> {
        let mut last = None;
        for (index, encryptor) in self.encryptors(target).enumerate() {
            match encryptor.decrypt_item(stored.clone()).await {
                Ok(opened) => return Ok((opened.item, target.is_some() && index == 0)),
                // Of several, the last one is what the records are expected to be of.
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or(Problem::NotExpected(Form::Record), Problem::Open))
    }

    pub(crate) fn encryptors<'a>(
        &'a self,
        target: Option<&'a ItemEncryptor>,
    ) -> impl Iterator<Item = &'a ItemEncryptor> {
        target.into_iter().chain(self.records.iter().map(|table| table.encryptor()))
    }

    /// How records were searched; signed beacons among them are made anew.
    pub(crate) fn searches(&self) -> impl Iterator<Item = &Arc<Search>> {
        self.records.iter().filter_map(|table| table.search())
    }

    async fn open_legacy(&self, stored: &Item) -> Result<Item, Problem> {
        let legacy = self.legacy.as_ref().ok_or(Problem::NotExpected(Form::OlderClient))?;
        Ok(legacy.decrypt_item(stored.clone()).await?)
    }

    fn open_plain(&self, stored: &Item, form: Form, keys: &Keys) -> Result<Item, Problem> {
        match (&self.attributes, &self.sealed_attributes) {
            (Some(attributes), None) => attributes.open(stored, self.plain),
            (None, Some(attributes)) => attributes.open(stored, self.plain, keys),
            (Some(_), Some(_)) => Err(Problem::TwoKinds),
            (None, None) if self.plain => Ok(stored.clone()),
            (None, None) => Err(Problem::NotExpected(form)),
        }
    }

    /// Refuses an item that is no record and has a value that is sealed alone and that no source opens: it would be taken for
    /// plaintext.
    pub(crate) fn check_unnamed<'a>(
        &self,
        stored: &Item,
        others: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<(), Problem> {
        let is_named = |name: &str| {
            others.clone().any(|own| own == name)
                || self.attributes.as_ref().is_some_and(|of| of.names().any(|own| own == name))
                || self.sealed_attributes.as_ref().is_some_and(|of| of.names().any(|own| own == name))
        };
        let is_sealed = |value: &AttributeValue| match value {
            AttributeValue::B(bytes) => ParsedAttribute::parse(bytes).is_ok(),
            _ => false,
        };
        match stored.iter().find(|(name, value)| is_sealed(value) && !is_named(name)) {
            Some((name, _)) => Err(Problem::SealedAttribute { name: name.clone() }),
            None => Ok(()),
        }
    }
}

/// Half a record is one that somebody broke, and no plain item.
pub(crate) fn is_record(item: &Item) -> bool {
    item.contains_key(HEAD) || item.contains_key(FOOT)
}

/// The attributes of a model of pynamodb_mate. Nothing vouches for their values: see
/// [`dynaseal_legacy::pynamodb_mate`].
#[derive(Debug)]
pub struct PynamodbMate {
    key: Key,
    others: BTreeMap<String, Key>,
    attributes: BTreeMap<String, Kind>,
}

impl PynamodbMate {
    /// Under the passphrase of the model's `encryption_key`.
    pub fn new(passphrase: &str) -> Self {
        Self { key: Key::from_passphrase(passphrase), others: BTreeMap::new(), attributes: BTreeMap::new() }
    }

    /// An encrypted attribute of the model.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, kind: Kind) -> Self {
        self.attributes.insert(name.into(), kind);
        self
    }

    /// The same, under a passphrase of its own.
    #[must_use]
    pub fn attribute_with(mut self, name: impl Into<String>, kind: Kind, passphrase: &str) -> Self {
        let name = name.into();
        self.others.insert(name.clone(), Key::from_passphrase(passphrase));
        self.attributes.insert(name, kind);
        self
    }

    /// Those that hold bytes, also when they are opened.
    pub(crate) fn binary(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().filter(|(_, kind)| **kind == Kind::Binary).map(|(name, _)| name.as_str())
    }

    /// The names of its attributes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes.keys().map(String::as_str)
    }

    fn is_in(&self, stored: &Item) -> bool {
        self.attributes.keys().any(|name| matches!(stored.get(name), Some(AttributeValue::B(_))))
    }

    fn open(&self, stored: &Item, takes_plain: bool) -> Result<Item, Problem> {
        let mut plain = stored.clone();
        for name in self.attributes.keys() {
            let Some(value) = stored.get(name) else { continue };
            match value {
                AttributeValue::B(bytes) => plain.insert(name.clone(), self.open_one(name, bytes)?),
                _ if takes_plain => continue,
                _ => return Err(Problem::PlainAttribute { name: name.clone() }),
            };
        }
        Ok(plain)
    }

    /// A value as DynamoDB would have had it: JSON as text, numbers in DynamoDB's form. Which mode it is can be told: the
    /// random one is a JSON text, and the other in whole blocks of what looks like noise.
    pub(crate) fn open_one(&self, name: &str, stored: &[u8]) -> Result<AttributeValue, Problem> {
        let kind = self.attributes.get(name).copied().unwrap_or(Kind::Binary);
        let mode = if stored.starts_with(b"{\"nonce\"") { Mode::Randomised } else { Mode::Deterministic };
        let failed = |source| Problem::PynamodbMate { name: name.to_owned(), source };
        let key = self.others.get(name).unwrap_or(&self.key);
        Ok(match key.open(kind, mode, stored).map_err(failed)? {
            pynamodb_mate::Value::Text(text) => AttributeValue::S(text),
            pynamodb_mate::Value::Binary(bytes) => AttributeValue::B(bytes),
            // What is no number of DynamoDB (too many digits, NaN) is refused where it is sealed, with its name.
            pynamodb_mate::Value::Number(number) => {
                let text = number.to_string();
                AttributeValue::N(normalize_number(&text).unwrap_or(text))
            }
            pynamodb_mate::Value::Json(json) => AttributeValue::S(json.to_string()),
        })
    }
}

/// Whether a value has the mark of this library's own sealed attributes.
pub(crate) fn is_sealed_attribute(value: &AttributeValue) -> bool {
    matches!(value, AttributeValue::B(bytes) if ParsedAttribute::is_marked(bytes))
}
