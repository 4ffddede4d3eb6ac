//! What becomes of each `:value`.

use std::collections::BTreeMap;

use dynaseal_core::{AttributeValue, Item, ValueError};

use super::error::QueryError;
use crate::compound::PartKind;
use crate::search::Search;
use crate::standard::Maker;

/// How every `:value` of a request is used.
#[derive(Debug, Default)]
pub(super) struct Uses {
    by_name: BTreeMap<String, Context>,
}

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Something that anybody can read.
    Plain,
    /// A standard beacon. Beacons with the same key, length and partitions give the same for the same value.
    Standard {
        /// The place of a beacon with that key.
        key: usize,
        /// Its bits.
        length: u8,
        /// Its partitions.
        partitions: u8,
        /// Whether the value is a set of which every element becomes a beacon.
        elements: bool,
    },
    /// A compound beacon, and a value with encrypted parts.
    Compound(Composed),
}

/// How the value of a compound beacon is put together. Two beacons with the same split character and parts give the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Composed {
    split: char,
    /// For each piece the prefix of its part, and the place of the standard beacon that makes it.
    parts: Vec<(String, Option<usize>)>,
    /// Whether the last piece is a prefix alone, which stays as it is.
    keeps_prefix: bool,
    /// The partitions of the encrypted parts in the value.
    partitions: Vec<u8>,
}

impl Uses {
    pub(super) fn add(&mut self, name: &str, context: Context) -> Result<(), QueryError> {
        match self.by_name.get(name) {
            Some(other) if *other != context => Err(QueryError::TwoContexts { value: name.to_owned() }),
            Some(_) => Ok(()),
            None => {
                self.by_name.insert(name.to_owned(), context);
                Ok(())
            }
        }
    }

    /// Whether a value becomes a beacon.
    pub(super) fn need_keys(&self) -> bool {
        !self.are_plain()
    }

    /// Whether all values stay as they are.
    pub(super) fn are_plain(&self) -> bool {
        self.by_name.values().all(|context| *context == Context::Plain)
    }

    /// The numbers of partitions that a value makes it necessary to ask.
    pub(super) fn partitions(&self, name: &str) -> Vec<u8> {
        match self.by_name.get(name) {
            Some(Context::Standard { partitions, .. }) => vec![*partitions],
            Some(Context::Compound(composed)) => composed.partitions.clone(),
            Some(Context::Plain) | None => Vec::new(),
        }
    }

    /// What is sent for a value.
    pub(super) fn rewrite(
        &self,
        name: &str,
        value: &AttributeValue,
        search: &Search,
        maker: Maker<'_>,
    ) -> Result<AttributeValue, QueryError> {
        let failed = |source: ValueError| QueryError::Value { value: name.to_owned(), source: source.hide_keys() };
        match self.by_name.get(name) {
            Some(Context::Plain) | None => Ok(value.clone()),
            Some(Context::Standard { key, partitions, elements, .. }) => {
                let mut beacon = search.standard.get(*key).expect("contexts are of beacons").clone();
                beacon.partitions = *partitions;
                let mut scratch = Vec::new();
                let elements = elements.then(|| beacon.of_elements(value, maker, &mut scratch)).flatten();
                elements.unwrap_or_else(|| beacon.of_value(value, maker, &mut scratch)).map_err(failed)
            }
            Some(Context::Compound(composed)) => {
                let AttributeValue::S(text) = value else { return Ok(value.clone()) };
                Ok(AttributeValue::S(composed.rewrite(text, search, maker)))
            }
        }
    }
}

impl Composed {
    /// The value was taken apart before, so that its pieces fit to the parts.
    fn rewrite(&self, text: &str, search: &Search, maker: Maker<'_>) -> String {
        let last = self.parts.len().saturating_sub(1);
        let mut made = String::with_capacity(text.len());
        for (place, (piece, (prefix, beacon))) in text.split(self.split).zip(&self.parts).enumerate() {
            if place > 0 {
                made.push(self.split);
            }
            let beacon = beacon.and_then(|beacon| search.standard.get(beacon));
            match (beacon, piece.strip_prefix(prefix.as_str())) {
                (Some(beacon), Some(text)) if !(self.keeps_prefix && place == last) => {
                    made.push_str(prefix);
                    made.push_str(&beacon.hash(maker, text.as_bytes()));
                }
                _ => made.push_str(piece),
            }
        }
        made
    }
}

/// A value of a compound beacon, taken apart.
#[derive(Debug)]
pub(super) struct Pieces<'v> {
    /// Places of parts and their texts.
    pub(super) parts: Vec<(usize, &'v str)>,
    /// Whether each is encrypted.
    pub(super) encrypted: Vec<bool>,
}

impl<'v> Pieces<'v> {
    /// Of the value `name`.
    pub(super) fn read(search: &Search, beacon: usize, name: &str, values: &'v Item) -> Result<Self, QueryError> {
        let compound = search.compound.get(beacon).expect("ids are of beacons");
        let value = values.get(name).ok_or_else(|| QueryError::undefined(name))?;
        let (of, value_name) = (|| compound.name.clone(), || name.to_owned());
        let AttributeValue::S(text) = value else {
            return Err(QueryError::NotText { value: value_name(), beacon: of(), found: value.type_name() });
        };
        let no_part = || QueryError::NoPart {
            value: value_name(),
            beacon: of(),
            prefixes: compound.parts.iter().map(|part| format!("`{}`", part.prefix)).collect::<Vec<_>>().join(", "),
        };
        let parts: Vec<_> = compound.parse(text).into_iter().collect::<Option<_>>().ok_or_else(no_part)?;
        let places: Vec<usize> = parts.iter().map(|(place, _)| *place).collect();
        if !compound.can_have(&places) {
            return Err(QueryError::NoConstructor { value: value_name(), beacon: of(), shape: compound.shape() });
        }
        let is_encrypted = |place: &usize| compound.parts.get(*place).is_some_and(|part| !part.is_signed());
        let encrypted = places.iter().map(is_encrypted).collect();
        Ok(Self { parts, encrypted })
    }

    /// Whether the last piece is a prefix and nothing else.
    pub(super) fn ends_in_prefix(&self) -> bool {
        self.parts.last().is_some_and(|(_, text)| text.is_empty())
    }

    /// Whether asking what is stored for the value says the same as asking the texts: nothing in it is encrypted. The prefix
    /// of an encrypted part at the end may be allowed: what begins with it does, whatever comes behind; but it is not
    /// ordered as the text is, which could be empty.
    pub(super) fn is_exact(&self, with_prefix: bool) -> bool {
        let kept = self.encrypted.len().saturating_sub(usize::from(with_prefix));
        !self.encrypted.iter().take(kept).any(|encrypted| *encrypted)
    }

    pub(super) fn context(&self, search: &Search, beacon: usize, keeps_prefix: bool) -> Context {
        // Partitions in the order of the value, and as the official clients count: also a prefix alone.
        let compound = search.compound.get(beacon).expect("ids are of beacons");
        let parts = self.parts.iter().filter_map(|(place, _)| compound.parts.get(*place));
        let parts: Vec<(String, Option<usize>)> = parts
            .map(|part| match part.kind {
                PartKind::Encrypted(standard) => (part.prefix.clone(), Some(standard)),
                PartKind::Signed(_) => (part.prefix.clone(), None),
            })
            .collect();
        let beacons = parts.iter().filter_map(|(_, beacon)| search.standard.get((*beacon)?));
        let partitions: Vec<u8> = beacons.map(|beacon| beacon.partitions).collect();
        match partitions.is_empty() {
            true => Context::Plain,
            false => Context::Compound(Composed { split: compound.split, parts, keeps_prefix, partitions }),
        }
    }
}
