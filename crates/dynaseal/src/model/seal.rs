//! Rows of a model as DynamoDB has them, and back: each sealed attribute by its own key.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal_client::value::{value_from_sdk, value_to_sdk};
use dynaseal_core::{
    AttributeKeys, AttributeValue, CryptoError, DeterministicAttribute, ItemBinding, ParsedAttribute,
    RandomisedAttribute, SystemRandom, normalize_number,
};
use dynaseal_legacy::pynamodb_mate::{self, Json, Kind, Mode};

use super::condition::Operand;
use super::definition::{ColumnDefinition, Definition, Legacy, Protection};
use super::error::ModelErrorKind;
use super::lost::Trace;
use super::{FieldError, Unfit};

pub(super) type SdkItem = HashMap<String, SdkValue>;

/// A value that was in the older format when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LegacyRead {
    /// The table.
    pub table: String,
    /// The attribute.
    pub attribute: &'static str,
    /// The item's key, as text.
    pub key: String,
}

pub(super) type LegacyHook = Arc<dyn Fn(&LegacyRead) + Send + Sync>;

/// What seals the columns of one model in one table.
pub(super) struct Seals {
    pub(super) definition: &'static Definition,
    table: String,
    columns: Vec<Seal>,
    /// Whether a column is bound to the item's key.
    binds: bool,
    on_legacy: Option<LegacyHook>,
}

enum Seal {
    /// As it is, or as part of the record.
    Open,
    Randomised(RandomisedAttribute, Option<Older>),
    Deterministic(DeterministicAttribute, Option<Older>),
}

/// The older format, which may be read.
#[derive(Clone)]
pub(super) struct Older {
    key: Arc<pynamodb_mate::Key>,
    kind: Kind,
    legacy: Legacy,
}

impl Older {
    pub(super) fn new(key: Arc<pynamodb_mate::Key>, legacy: Legacy) -> Self {
        let kind = match legacy {
            Legacy::Text => Kind::Text,
            Legacy::Binary => Kind::Binary,
            Legacy::Number => Kind::Number,
            Legacy::Json => Kind::Json,
        };
        Self { key, kind, legacy }
    }

    /// In whichever mode it is: the random one is a JSON text, and the other in whole blocks of what looks like noise.
    fn open(&self, stored: &[u8]) -> Result<AttributeValue, pynamodb_mate::Error> {
        let mode = if stored.starts_with(b"{\"nonce\"") { Mode::Randomised } else { Mode::Deterministic };
        Ok(match self.key.open(self.kind, mode, stored)? {
            pynamodb_mate::Value::Text(text) => AttributeValue::S(text),
            pynamodb_mate::Value::Binary(bytes) => AttributeValue::B(bytes),
            pynamodb_mate::Value::Number(number) => AttributeValue::N(number.to_string()),
            pynamodb_mate::Value::Json(json) => AttributeValue::S(json.to_string()),
        })
    }

    /// What the older format may have for a value, for equality.
    fn search_values(&self, value: &AttributeValue) -> Vec<Vec<u8>> {
        let values = match (self.legacy, value) {
            (Legacy::Text, AttributeValue::S(text)) => vec![pynamodb_mate::Value::Text(text.clone())],
            (Legacy::Binary, AttributeValue::B(bytes)) => vec![pynamodb_mate::Value::Binary(bytes.clone())],
            (Legacy::Number, AttributeValue::N(number)) => python_numbers(number),
            (Legacy::Json, AttributeValue::S(text)) => {
                text.parse::<Json>().ok().map(pynamodb_mate::Value::Json).into_iter().collect()
            }
            _ => Vec::new(),
        };
        values.iter().filter_map(|value| self.key.insecure_search_value(value).ok()).collect()
    }
}

/// A number as Python may have written it: 3 without a point where a program said 3, and with one where it said 3.0.
fn python_numbers(text: &str) -> Vec<pynamodb_mate::Value> {
    let Ok(normal) = normalize_number(text) else { return Vec::new() };
    let integer = normal.parse::<pynamodb_mate::Integer>().ok().map(pynamodb_mate::Number::from);
    // A float that is another number in decimals was never this one.
    let is_exact = |float: &f64| normalize_number(&format!("{float:e}")).is_ok_and(|of| of == normal);
    let float = text.parse::<f64>().ok().filter(is_exact);
    let negative_zero = float.filter(|float| *float == 0.0).map(|_| -0.0);
    let floats = float.into_iter().chain(negative_zero).map(pynamodb_mate::Number::from);
    integer.into_iter().chain(floats).map(pynamodb_mate::Value::Number).collect()
}

/// The key of an item as it is stored.
#[derive(Clone, Debug)]
pub(super) struct StoredKey {
    pub(super) partition: (&'static str, AttributeValue),
    pub(super) sort: Option<(&'static str, AttributeValue)>,
}

impl StoredKey {
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&str, &AttributeValue)> {
        std::iter::once(&self.partition).chain(&self.sort).map(|(name, value)| (*name, value))
    }

    pub(super) fn to_sdk(&self) -> SdkItem {
        self.attributes().map(|(name, value)| (name.to_owned(), value_to_sdk(value.clone()))).collect()
    }

    pub(super) fn text(&self) -> String {
        super::error::key_text(self.attributes())
    }

    /// Tells keys apart. DynamoDB gives numbers back in another spelling.
    pub(super) fn identity(&self) -> String {
        let normal = |value: &AttributeValue| match value {
            AttributeValue::N(number) => AttributeValue::N(normalize_number(number).unwrap_or_else(|_| number.clone())),
            other => other.clone(),
        };
        format!("{:?}", (normal(&self.partition.1), self.sort.as_ref().map(|(_, value)| normal(value))))
    }

    fn binding(&self) -> Result<ItemBinding, ModelErrorKind> {
        let sort = self.sort.as_ref().map(|(name, value)| (*name, value));
        Ok(ItemBinding::new((self.partition.0, &self.partition.1), sort)?)
    }
}

impl Seals {
    pub(super) fn new(
        definition: &'static Definition,
        name: &str,
        keys: Option<&AttributeKeys>,
        older: impl Fn(&'static str, Legacy) -> Option<Older>,
        on_legacy: Option<LegacyHook>,
    ) -> Result<Self, CryptoError> {
        // What is sealed is bound to the model's name of the table, whatever this copy of it is called.
        let table = definition.table;
        let seal = |column: &'static ColumnDefinition| {
            let older = |legacy: Option<Legacy>| legacy.and_then(|legacy| older(column.attribute, legacy));
            Ok(match (column.protection, keys) {
                (Protection::Randomised { also_reads }, Some(keys)) => {
                    Seal::Randomised(keys.randomised(table, column.attribute)?, older(also_reads))
                }
                (Protection::Deterministic { also_reads }, Some(keys)) => {
                    Seal::Deterministic(keys.deterministic(table, column.attribute)?, older(also_reads))
                }
                _ => Seal::Open,
            })
        };
        let columns: Vec<Seal> = definition.columns.iter().map(seal).collect::<Result<_, CryptoError>>()?;
        let binds = columns.iter().any(|column| matches!(column, Seal::Randomised(..)));
        Ok(Self { definition, table: name.to_owned(), columns, binds, on_legacy })
    }

    fn columns(&self) -> impl Iterator<Item = (&'static ColumnDefinition, &Seal)> {
        self.definition.columns.iter().zip(&self.columns)
    }

    fn seal_of(&self, attribute: &str) -> Option<&Seal> {
        self.columns().find(|(column, _)| column.attribute == attribute).map(|(_, seal)| seal)
    }

    /// How many values an equality of this attribute may ask for.
    pub(super) fn is_deterministic(&self, attribute: &str) -> bool {
        matches!(self.seal_of(attribute), Some(Seal::Deterministic(..)))
    }

    /// Whether the attribute is sealed with a random nonce.
    pub(super) fn is_randomised(&self, attribute: &str) -> bool {
        matches!(self.seal_of(attribute), Some(Seal::Randomised(..)))
    }

    /// A row for DynamoDB; the key is that of [`key_of_row`](Self::key_of_row).
    pub(super) fn seal_row(
        &self,
        values: Vec<Option<AttributeValue>>,
        key: &StoredKey,
    ) -> Result<SdkItem, ModelErrorKind> {
        let binding = if self.binds { Some(key.binding()?) } else { None };
        let mut item = SdkItem::with_capacity(values.len());
        for ((column, seal), value) in self.columns().zip(values) {
            let Some(value) = value else { continue };
            let value = match (seal, &binding) {
                (Seal::Randomised(cipher, _), Some(binding)) => AttributeValue::B(cipher.seal(&value, binding)?),
                (Seal::Randomised(..), None) => {
                    return Err(ModelErrorKind::Refused("the item has no key to bind to".to_owned()));
                }
                (Seal::Deterministic(cipher, _), _) => AttributeValue::B(cipher.seal(&value)?),
                (Seal::Open, _) => value,
            };
            item.insert(column.attribute.to_owned(), value_to_sdk(value));
        }
        Ok(item)
    }

    /// Something in a sealed row that no other write has: a value with a random nonce. The shortest, for it is copied.
    pub(super) fn trace(&self, row: &SdkItem) -> Option<Trace> {
        let random = self.columns().filter(|(_, seal)| matches!(seal, Seal::Randomised(..)));
        let sealed = random.filter_map(|(column, _)| match row.get(column.attribute) {
            Some(SdkValue::B(bytes)) => Some((column.attribute, bytes)),
            _ => None,
        });
        let (attribute, bytes) = sealed.min_by_key(|(_, bytes)| bytes.as_ref().len())?;
        Some(Trace::new(attribute, SdkValue::B(bytes.clone())))
    }

    /// The key under which the item with these values is stored.
    pub(super) fn key_of_row(&self, values: &[Option<AttributeValue>]) -> Result<StoredKey, ModelErrorKind> {
        let part = |index: usize| -> Result<(&'static str, AttributeValue), ModelErrorKind> {
            let missing = || ModelErrorKind::Refused("the model's definition has no such key column".to_owned());
            let (column, seal) = self.columns().nth(index).ok_or_else(missing)?;
            let unfit = || FieldError::new(self.definition.model, column.field, Unfit::new("a key can not be missing"));
            let value = values.get(index).and_then(Option::as_ref).ok_or_else(unfit)?;
            Ok((column.attribute, sealed_alike(seal, value)?))
        };
        let sort = self.definition.sort_key.map(part).transpose()?;
        Ok(StoredKey { partition: part(self.definition.partition_key)?, sort })
    }

    /// The values of a row of DynamoDB, in the order of the definition.
    pub(super) fn open_row(&self, mut item: SdkItem) -> Result<Vec<Option<AttributeValue>>, ModelErrorKind> {
        let key = self.key_of_item(&item)?;
        let binding = if self.binds { Some(key.binding()?) } else { None };
        let mut values = Vec::with_capacity(self.columns.len());
        for (column, seal) in self.columns() {
            let value = item.remove(column.attribute).map(|value| self.core_value(column, value)).transpose()?;
            values.push(match (seal, value) {
                (_, None) => None,
                (Seal::Open, value) => value,
                (Seal::Randomised(cipher, older), Some(value)) => {
                    Some(self.open(column, &key, older, &value, |stored| {
                        let Some(binding) = &binding else {
                            return Err(ModelErrorKind::Refused("the item has no key to bind to".to_owned()));
                        };
                        Ok(cipher.open(stored, binding)?)
                    })?)
                }
                (Seal::Deterministic(cipher, older), Some(value)) => {
                    Some(self.open(column, &key, older, &value, |stored| Ok(cipher.open(stored)?))?)
                }
            });
        }
        Ok(values)
    }

    fn open(
        &self,
        column: &'static ColumnDefinition,
        key: &StoredKey,
        older: &Option<Older>,
        value: &AttributeValue,
        open: impl FnOnce(&[u8]) -> Result<AttributeValue, ModelErrorKind>,
    ) -> Result<AttributeValue, ModelErrorKind> {
        let AttributeValue::B(stored) = value else {
            let reason = Unfit::new(format!("it is not sealed: it is of type {}, not B", value.type_name()));
            return Err(FieldError::new(self.definition.model, column.field, reason).into());
        };
        match older {
            // What is of the new format is never read as the old one, whatever it opens to. One in 65536 old values begins
            // like a new one, and is none.
            Some(older) if ParsedAttribute::parse(stored).is_err() => match older.open(stored) {
                Ok(value) => {
                    self.report(column.attribute, key);
                    Ok(value)
                }
                Err(_) if ParsedAttribute::is_marked(stored) => open(stored),
                Err(source) => Err(ModelErrorKind::Legacy { attribute: column.attribute, source }),
            },
            _ => open(stored),
        }
    }

    fn report(&self, attribute: &'static str, key: &StoredKey) {
        match &self.on_legacy {
            Some(hook) => hook(&LegacyRead { table: self.table.clone(), attribute, key: key.text() }),
            None => tracing::info!(table = %self.table, attribute, "read a value in pynamodb_mate's format"),
        }
    }

    fn core_value(&self, column: &ColumnDefinition, value: SdkValue) -> Result<AttributeValue, ModelErrorKind> {
        let unknown = || Unfit::new("its type is newer than this version of dynaseal");
        value_from_sdk(value).ok_or_else(|| FieldError::new(self.definition.model, column.field, unknown()).into())
    }

    /// The key of an item as it is stored.
    pub(super) fn key_of_item(&self, item: &SdkItem) -> Result<StoredKey, ModelErrorKind> {
        let part = |index: usize| -> Result<(&'static str, AttributeValue), ModelErrorKind> {
            let missing = || ModelErrorKind::Refused("the item has no key: projections have to contain it".to_owned());
            let column = self.definition.columns.get(index).ok_or_else(missing)?;
            let value = item.get(column.attribute).ok_or_else(missing)?;
            Ok((column.attribute, self.core_value(column, value.clone())?))
        };
        let sort = self.definition.sort_key.map(part).transpose()?;
        Ok(StoredKey { partition: part(self.definition.partition_key)?, sort })
    }

    /// The keys under which an item may be stored: one for each root of a sealed key, that of the active one first.
    pub(super) fn keys(&self, [partition, sort]: &[Option<Operand>; 2]) -> Result<Vec<StoredKey>, ModelErrorKind> {
        let Some(partition) = partition else {
            return Err(ModelErrorKind::Refused("there is no partition key".to_owned()));
        };
        let sorts = match sort {
            Some(sort) => self.search_values(sort)?.into_iter().map(|value| Some((sort.attribute(), value))).collect(),
            None => vec![None],
        };
        let mut keys = Vec::new();
        for value in self.search_values(partition)? {
            for sort in &sorts {
                keys.push(StoredKey { partition: (partition.attribute(), value.clone()), sort: sort.clone() });
            }
        }
        Ok(keys)
    }

    /// Whether an item may be there under several keys: those are sealed, under one of several roots.
    pub(super) fn has_several_keys(&self) -> bool {
        let sealed = |index: usize| matches!(self.columns.get(index), Some(Seal::Deterministic(cipher, older)) if older.is_some() || cipher.has_several_roots());
        sealed(self.definition.partition_key) || self.definition.sort_key.is_some_and(sealed)
    }

    /// The keys under which the item with these values may be stored.
    pub(super) fn keys_of_values(&self, values: &[Option<AttributeValue>]) -> Result<Vec<StoredKey>, ModelErrorKind> {
        let operand = |index: usize| {
            let column = self.definition.columns.get(index)?;
            Some(Operand::new(column.attribute, Ok(values.get(index).cloned().flatten())))
        };
        self.keys(&[operand(self.definition.partition_key), self.definition.sort_key.and_then(operand)])
    }

    /// What an attribute that equals this value may be stored as.
    pub(super) fn search_values(&self, operand: &Operand) -> Result<Vec<AttributeValue>, ModelErrorKind> {
        let unfit = |reason| ModelErrorKind::Value { attribute: operand.attribute(), reason };
        let value = operand.needed().map_err(unfit)?;
        match self.seal_of(operand.attribute()) {
            Some(Seal::Deterministic(cipher, older)) => {
                let mut values = cipher.search_values(value)?;
                values.extend(older.iter().flat_map(|older| older.search_values(value)));
                Ok(values.into_iter().map(AttributeValue::B).collect())
            }
            _ => Ok(vec![value.clone()]),
        }
    }

    /// What an attribute is set to.
    pub(super) fn seal_value(
        &self,
        operand: &Operand,
        key: &StoredKey,
    ) -> Result<Option<AttributeValue>, ModelErrorKind> {
        let unfit = |reason| ModelErrorKind::Value { attribute: operand.attribute(), reason };
        let Some(value) = operand.value().map_err(unfit)? else { return Ok(None) };
        Ok(Some(match self.seal_of(operand.attribute()) {
            Some(Seal::Randomised(cipher, _)) => AttributeValue::B(cipher.seal(value, &key.binding()?)?),
            Some(Seal::Deterministic(cipher, _)) => AttributeValue::B(cipher.seal(value)?),
            _ => value.clone(),
        }))
    }

    /// Whether everything sealed in the item is under the active root and in the new format.
    pub(super) fn is_current(&self, item: &SdkItem) -> Result<bool, ModelErrorKind> {
        for (column, seal) in self.columns() {
            let stored = match (seal, item.get(column.attribute)) {
                (Seal::Open, _) | (_, None) => continue,
                (_, Some(SdkValue::B(stored))) => stored.as_ref(),
                // Not sealed at all: opening it says so.
                (_, Some(_)) => return Ok(false),
            };
            let current = match seal {
                Seal::Open => true,
                _ if ParsedAttribute::parse(stored).is_err() => false,
                Seal::Randomised(cipher, _) => cipher.is_active(stored)?,
                Seal::Deterministic(cipher, _) => cipher.is_active(stored)?,
            };
            if !current {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// A key attribute as it is stored. It is never sealed with a random nonce.
fn sealed_alike(seal: &Seal, value: &AttributeValue) -> Result<AttributeValue, ModelErrorKind> {
    Ok(match seal {
        Seal::Deterministic(cipher, _) => AttributeValue::B(cipher.seal(value)?),
        _ => value.clone(),
    })
}

/// The key of a pynamodb_mate attribute, or of all of them.
#[derive(Clone, Default)]
pub(super) struct Passphrases {
    pub(super) of_all: Option<Arc<pynamodb_mate::Key>>,
    pub(super) of: HashMap<String, Arc<pynamodb_mate::Key>>,
}

impl Passphrases {
    pub(super) fn of(&self, attribute: &str) -> Option<Arc<pynamodb_mate::Key>> {
        self.of.get(attribute).or(self.of_all.as_ref()).cloned()
    }
}

/// The generator of nonces is that of the keys; this one only spreads retries.
pub(super) fn random_fraction() -> f64 {
    use dynaseal_core::SecureRandom as _;
    let mut bytes = [0; 4];
    let _ = SystemRandom.fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_spread_from_nothing_to_all() {
        let fractions: Vec<f64> = (0..1000).map(|_| random_fraction()).collect();
        assert!(fractions.iter().all(|of| (0.0..1.0).contains(of)));
        for tenth in 0..10 {
            let from = f64::from(tenth) / 10.0;
            assert!(fractions.iter().any(|of| (from..from + 0.1).contains(of)), "none from {from} on");
        }
    }
}
