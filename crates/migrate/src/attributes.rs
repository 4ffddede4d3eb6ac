//! Sealed attributes of plain items, as models have them: opened and sealed without a model.

use std::collections::BTreeMap;

use dynaseal_core::{
    AttributeKeys, AttributeValue, CryptoError, DeterministicAttribute, Item, ItemBinding, MAX_ITEM_SIZE,
    RESERVED_PREFIX, RandomisedAttribute, item_size,
};

use crate::form::Form;
use crate::problem::Problem;
use crate::source::{Source, is_sealed_attribute};
use crate::target::{Keys, Reformed};

/// The sealed attributes of a table.
#[derive(Debug)]
pub struct SealedAttributes {
    table: String,
    /// The id of the root that seals; a checkpoint is of one.
    active_root: String,
    columns: BTreeMap<String, Column>,
}

#[derive(Debug)]
enum Column {
    Randomised(RandomisedAttribute),
    Deterministic(DeterministicAttribute),
}

impl SealedAttributes {
    /// Of the table with this logical name.
    pub fn new(table: impl Into<String>) -> Self {
        Self { table: table.into(), active_root: String::new(), columns: BTreeMap::new() }
    }

    /// An attribute that is sealed differently each time.
    ///
    /// # Errors
    /// If the cryptographic library refuses.
    pub fn randomised(mut self, name: impl Into<String>, keys: &AttributeKeys) -> Result<Self, CryptoError> {
        let name = name.into();
        keys.active_id().clone_into(&mut self.active_root);
        let column = Column::Randomised(keys.randomised(&self.table, &name)?);
        self.columns.insert(name, column);
        Ok(self)
    }

    /// An attribute of which equal values are equal when sealed; the only kind that keys may have.
    ///
    /// # Errors
    /// If the cryptographic library refuses.
    pub fn deterministic(mut self, name: impl Into<String>, keys: &AttributeKeys) -> Result<Self, CryptoError> {
        let name = name.into();
        keys.active_id().clone_into(&mut self.active_root);
        let column = Column::Deterministic(keys.deterministic(&self.table, &name)?);
        self.columns.insert(name, column);
        Ok(self)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.columns.keys().map(String::as_str)
    }

    pub(crate) fn description(&self) -> String {
        let names: Vec<_> = self.names().collect();
        format!("of {}, under {}: {}", self.table, self.active_root, names.join(" "))
    }

    /// Whether one of them is in an item, sealed.
    pub(crate) fn is_in(&self, stored: &Item) -> bool {
        self.columns.keys().any(|name| stored.get(name).is_some_and(is_sealed_attribute))
    }

    /// The item with its attributes opened.
    pub(crate) fn open(&self, stored: &Item, takes_plain: bool, keys: &Keys) -> Result<Item, Problem> {
        let binding = binding(keys, &keys.of(stored))?;
        let mut plain = stored.clone();
        for (name, column) in &self.columns {
            let Some(value) = stored.get(name) else { continue };
            match value {
                AttributeValue::B(bytes) if is_sealed_attribute(value) => {
                    plain.insert(name.clone(), column.open(bytes, &binding)?.0);
                }
                _ if takes_plain => {}
                _ => return Err(Problem::PlainAttribute { name: name.clone() }),
            }
        }
        Ok(plain)
    }

    /// What is sealed under the active root stays as it is, so that running it again changes nothing.
    pub(crate) fn reform(
        &self,
        source: &Source,
        stored: &Item,
        keys: &Keys,
        always: bool,
    ) -> Result<Reformed, Problem> {
        let old_key = keys.of(stored);
        let binding = binding(keys, &old_key)?;
        let mut plain = stored.clone();
        let (mut form, mut is_current) = (Form::Plain, true);
        for (name, column) in &self.columns {
            let Some(value) = stored.get(name) else { continue };
            let own = match value {
                AttributeValue::B(bytes) if is_sealed_attribute(value) => Some(column.open(bytes, &binding)),
                _ => None,
            };
            let opened = match (own, value, source.attributes()) {
                (Some(Ok((opened, is_active))), _, _) => {
                    form = Form::Attributes;
                    is_current &= is_active;
                    opened
                }
                (own, AttributeValue::B(bytes), Some(older)) if older.names().any(|of| of == name) => {
                    form = Form::Attributes;
                    is_current = false;
                    // One in 65,536 values of the older format begins with the mark. What has it and opens as neither
                    // is most likely of this library.
                    match (older.open_one(name, bytes), own) {
                        (Ok(opened), _) => opened,
                        (Err(_), Some(Err(error))) => return Err(error),
                        (Err(error), _) => return Err(error),
                    }
                }
                (Some(Err(error)), _, _) => return Err(error),
                _ if source.takes_plain() => {
                    is_current = false;
                    value.clone()
                }
                _ => return Err(Problem::PlainAttribute { name: name.clone() }),
            };
            plain.insert(name.clone(), opened);
        }
        if is_current && !always {
            return Ok(Reformed::new(form, None));
        }
        let key = keys.of(&plain);
        Ok(Reformed::new(form, Some(self.seal(plain, &key, keys)?)))
    }

    /// Seals the attributes of a plain item: the keys first, for the others are bound to them.
    pub(crate) fn seal(&self, mut plain: Item, key: &Item, keys: &Keys) -> Result<Item, Problem> {
        if let Some(name) = plain.keys().find(|name| name.starts_with(RESERVED_PREFIX)) {
            return Err(Problem::Database(format!("`{name}` is reserved for records")));
        }
        for (name, value) in key {
            if let Some(Column::Deterministic(column)) = self.columns.get(name) {
                plain.insert(name.clone(), AttributeValue::B(column.seal(value)?));
            }
        }
        let binding = binding(keys, &keys.of(&plain))?;
        for (name, column) in self.columns.iter().filter(|(name, _)| !key.contains_key(*name)) {
            let Some(value) = plain.get(name) else { continue };
            let sealed = match column {
                Column::Randomised(column) => column.seal(value, &binding)?,
                Column::Deterministic(column) => column.seal(value)?,
            };
            plain.insert(name.clone(), AttributeValue::B(sealed));
        }
        match item_size(&plain) {
            size if size > MAX_ITEM_SIZE => Err(Problem::TooLarge { size }),
            _ => Ok(plain),
        }
    }
}

impl Column {
    /// The value and whether it is sealed under the active root.
    fn open(&self, bytes: &[u8], binding: &ItemBinding) -> Result<(AttributeValue, bool), Problem> {
        let opened = match self {
            Self::Randomised(column) => {
                column.open(bytes, binding).and_then(|value| Ok((value, column.is_active(bytes)?)))
            }
            Self::Deterministic(column) => column.open(bytes).and_then(|value| Ok((value, column.is_active(bytes)?))),
        };
        opened.map_err(Problem::Attribute)
    }
}

fn binding(keys: &Keys, key: &Item) -> Result<ItemBinding, Problem> {
    let mut parts = keys.names().filter_map(|name| Some((name, key.get(name)?)));
    let Some(partition) = parts.next() else {
        return Err(Problem::Database("it has no key".to_owned()));
    };
    Ok(ItemBinding::new(partition, parts.next())?)
}
