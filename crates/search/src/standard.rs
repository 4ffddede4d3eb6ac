//! Standard beacons (specification: `searchable-encryption/beacons.md`, Standard Beacon).

use std::collections::BTreeSet;

use dynaseal_core::{AttributeValue, BeaconHmacKey, Item, ValueError, write_value};

use crate::error::BeaconError;
use crate::location::Location;
use crate::virtual_field::{Virtual, text_at};

/// A beacon of one encrypted value.
#[derive(Clone, Debug)]
pub(crate) struct Standard {
    pub(crate) name: String,
    /// The attribute that it is stored as.
    pub(crate) stored: String,
    /// Bits, 1 to 63.
    pub(crate) length: u8,
    pub(crate) source: Source,
    pub(crate) part_only: bool,
    pub(crate) as_set: bool,
    /// The place of its key among the keys: its own, or that of the beacon that it shares.
    pub(crate) key: usize,
    pub(crate) partitions: u8,
}

/// What it is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    At(Location),
    /// The place of a virtual field.
    Virtual(usize),
}

/// The keys and the partition with which beacons are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Maker<'k> {
    pub(crate) keys: &'k [BeaconHmacKey],
    pub(crate) partition: u8,
}

impl Standard {
    /// The beacon of an item, none if the item has no value there.
    pub(crate) fn of_item(
        &self,
        item: &Item,
        fields: &[Virtual],
        maker: Maker<'_>,
        scratch: &mut Vec<u8>,
    ) -> Result<Option<AttributeValue>, BeaconError> {
        match &self.source {
            Source::Virtual(_) => {
                let text = self.text_of(item, fields)?;
                Ok(text.map(|text| AttributeValue::S(self.hash(maker, text.as_bytes()))))
            }
            Source::At(location) => {
                let Some(value) = location.find(item) else { return Ok(None) };
                let made = if self.as_set {
                    let found = value.type_name();
                    let hashes = self.of_elements(value, maker, scratch);
                    hashes.ok_or_else(|| BeaconError::NotASet { beacon: self.name.clone(), found })?
                } else {
                    self.of_value(value, maker, scratch)
                };
                made.map(Some).map_err(|source| {
                    // What has a beacon is encrypted, and its keys are as secret as its values.
                    BeaconError::Value { beacon: self.name.clone(), source: source.hide_keys() }
                })
            }
        }
    }

    /// What the beacon is made from as text, where it is a part of a compound beacon.
    pub(crate) fn text_of(&self, item: &Item, fields: &[Virtual]) -> Result<Option<String>, BeaconError> {
        match &self.source {
            Source::Virtual(index) => fields.get(*index).map_or(Ok(None), |field| field.text(item)),
            Source::At(location) => Ok(text_at(location, item, &self.name)?.map(str::to_owned)),
        }
    }

    /// The beacon of one value, whatever its type.
    pub(crate) fn of_value(
        &self,
        value: &AttributeValue,
        maker: Maker<'_>,
        scratch: &mut Vec<u8>,
    ) -> Result<AttributeValue, ValueError> {
        scratch.clear();
        write_value(value, scratch)?;
        Ok(AttributeValue::S(self.hash(maker, scratch)))
    }

    /// The beacons of the elements of a set, each once; `None` if it is no set.
    pub(crate) fn of_elements(
        &self,
        value: &AttributeValue,
        maker: Maker<'_>,
        scratch: &mut Vec<u8>,
    ) -> Option<Result<AttributeValue, ValueError>> {
        let mut hashes = BTreeSet::new();
        let mut add = |bytes: &[u8]| {
            hashes.insert(self.hash(maker, bytes));
        };
        match value {
            AttributeValue::Ss(set) => set.iter().for_each(|element| add(element.as_bytes())),
            AttributeValue::Bs(set) => set.iter().for_each(|element| add(element)),
            AttributeValue::Ns(set) => {
                for element in set {
                    scratch.clear();
                    if let Err(error) = write_value(&AttributeValue::N(element.clone()), scratch) {
                        return Some(Err(error));
                    }
                    add(scratch);
                }
            }
            _ => return None,
        }
        Some(Ok(AttributeValue::Ss(hashes.into_iter().collect())))
    }

    /// The rightmost bits of the HMAC in hexadecimal.
    pub(crate) fn hash(&self, maker: Maker<'_>, bytes: &[u8]) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let key = maker.keys.get(self.key).expect("there is a key for every beacon");
        let hash = key.hash(bytes, maker.partition % self.partitions);
        let bits = hash & (u64::MAX >> (64 - u32::from(self.length)));
        let digits = (0..self.length.div_ceil(4)).rev().filter_map(|place| {
            let digit = usize::try_from((bits >> (4 * u32::from(place))) & 0xf).ok()?;
            DIGITS.get(digit).copied().map(char::from)
        });
        digits.collect()
    }
}
