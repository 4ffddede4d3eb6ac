//! How a table is searched, checked and ready: what beacons it has and what they are stored as.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dynaseal_core::{CryptoAction, TableConfig};

use crate::compound::{Compound, Ingredients};
use crate::keys::DerivedKeys;
use crate::partition::PartitionSelector;
use crate::standard::Standard;
use crate::virtual_field::Virtual;

/// What encrypted beacons are stored as begins so.
pub const STORED_PREFIX: &str = "aws_dbe_b_";

/// How a table is searched. Built by [`SearchConfig::build`](crate::SearchConfig::build); once there, it can not be wrong.
#[derive(Debug)]
pub struct Search {
    pub(crate) keys: DerivedKeys,
    pub(crate) selector: Arc<dyn PartitionSelector>,
    pub(crate) standard: Vec<Standard>,
    pub(crate) compound: Vec<Compound>,
    pub(crate) by_name: BTreeMap<String, BeaconId>,
    pub(crate) fields: Vec<Virtual>,
    pub(crate) maximum: u8,
    /// The attributes that encrypted beacons are made from.
    pub(crate) sources: BTreeSet<String>,
    /// The attribute that names the tenant and is not stored.
    pub(crate) dropped: Option<String>,
    /// The table, its signed beacons included.
    pub(crate) table: TableConfig,
}

/// Where a beacon is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BeaconId {
    Standard(usize),
    Compound(usize),
}

/// A beacon, for those who make indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BeaconInfo<'s> {
    /// The name that queries use.
    pub name: &'s str,
    /// The attribute that it is stored as: the one to make an index of, except for sets. `None` if it is only a part of others.
    pub stored: Option<&'s str>,
    /// Whether it is made of signed attributes alone.
    pub is_signed: bool,
    /// Whether it is stored as a set, of which DynamoDB makes no index.
    pub is_set: bool,
    /// How many partitions it has; of compound beacons, the most that one of their parts has.
    pub partitions: u8,
}

impl Search {
    /// A beacon by the name that queries use.
    pub fn beacon(&self, name: &str) -> Option<BeaconInfo<'_>> {
        let (name, id) = self.by_name.get_key_value(name)?;
        Some(match self.get(*id) {
            Beacon::Standard(beacon) => BeaconInfo {
                name,
                stored: (!beacon.part_only).then_some(&beacon.stored),
                is_signed: false,
                is_set: beacon.as_set,
                partitions: beacon.partitions,
            },
            Beacon::Compound(beacon) => BeaconInfo {
                name,
                stored: Some(&beacon.stored),
                is_signed: beacon.is_signed(),
                is_set: false,
                partitions: self.partitions_of(beacon).max().unwrap_or(1),
            },
        })
    }

    /// All beacons, in the order of their names.
    pub fn beacons(&self) -> impl Iterator<Item = BeaconInfo<'_>> {
        self.by_name.keys().filter_map(|name| self.beacon(name))
    }

    /// A number that is another one if the beacons are configured in another way. Their keys are not in it, and it keeps no
    /// secret: it only tells configurations apart.
    pub fn fingerprint(&self) -> u64 {
        let text = format!("{:?}", (&self.standard, &self.compound, &self.fields, self.maximum));
        // FNV-1a, which stays the same over versions of the compiler.
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        text.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
    }

    /// The names of the signed beacons, which the table has to sign.
    pub fn signed_beacons(&self) -> impl Iterator<Item = &str> {
        self.compound.iter().filter(|beacon| beacon.is_signed()).map(|beacon| beacon.name.as_str())
    }

    /// How many partitions items are in at most.
    pub fn maximum_partitions(&self) -> u8 {
        self.maximum
    }

    /// Whether an attribute of this name is something that only search knows: a beacon that is no attribute, or a virtual
    /// field. Nothing else can ask DynamoDB for it.
    pub fn is_only_searched(&self, name: &str) -> bool {
        let is_beacon = match self.by_name.get(name) {
            Some(BeaconId::Compound(place)) => !self.compound.get(*place).is_some_and(Compound::is_signed),
            Some(BeaconId::Standard(_)) => true,
            None => false,
        };
        is_beacon || self.fields.iter().any(|field| field.name == name)
    }

    pub(crate) fn get(&self, id: BeaconId) -> Beacon<'_> {
        match id {
            BeaconId::Standard(place) => Beacon::Standard(self.standard.get(place).expect("every id is of a beacon")),
            BeaconId::Compound(place) => Beacon::Compound(self.compound.get(place).expect("every id is of a beacon")),
        }
    }

    pub(crate) fn ingredients(&self) -> Ingredients<'_> {
        Ingredients { standard: &self.standard, fields: &self.fields }
    }

    pub(crate) fn is_encrypted(&self, attribute: &str) -> bool {
        self.table.action(attribute) == Some(CryptoAction::EncryptAndSign)
    }

    fn partitions_of<'s>(&'s self, beacon: &'s Compound) -> impl Iterator<Item = u8> + 's {
        let beacons = beacon.parts.iter().filter_map(|part| match part.kind {
            crate::compound::PartKind::Encrypted(place) => self.standard.get(place),
            crate::compound::PartKind::Signed(_) => None,
        });
        beacons.map(|beacon| beacon.partitions)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Beacon<'s> {
    Standard(&'s Standard),
    Compound(&'s Compound),
}

impl<'s> Beacon<'s> {
    pub(crate) fn name(self) -> &'s str {
        match self {
            Self::Standard(beacon) => &beacon.name,
            Self::Compound(beacon) => &beacon.name,
        }
    }

    pub(crate) fn stored(self) -> &'s str {
        match self {
            Self::Standard(beacon) => &beacon.stored,
            Self::Compound(beacon) => &beacon.stored,
        }
    }
}
