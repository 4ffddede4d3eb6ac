//! From what is written down to what works: every rule of the documents is checked here, once.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use dynaseal_core::{CryptoAction, RESERVED_PREFIX, TableConfig};

mod error;
mod parts;

pub use error::{Named, SearchConfigError};

use self::error::SearchConfigError as Wrong;
use crate::compound::Compound;
use crate::config::{BeaconStyle, SearchConfig, StandardBeacon, VirtualField};
use crate::keys::{DerivedKeys, Owner};
use crate::location::Location;
use crate::partition::{MAX_PARTITIONS, RandomPartition};
use crate::search::{BeaconId, STORED_PREFIX, Search};
use crate::standard::{Source, Standard};
use crate::transform::Transform;
use crate::virtual_field::{Part, Virtual};

/// The longest name of an attribute, in bytes.
const MAX_NAME: usize = 65_535;

pub(crate) fn build(config: SearchConfig, table: &TableConfig) -> Result<Search, Wrong> {
    let maximum = config.maximum_partitions.unwrap_or(1);
    let default = default_partitions(&config)?;
    let fields = virtual_fields(&config.virtual_fields, table)?;
    if config.standard.is_empty() {
        return Err(Wrong::NoStandardBeacon);
    }
    let standard = standard_beacons(&config.standard, &fields, table, maximum, default)?;
    let compound = parts::compound_beacons(&config, &standard, table)?;
    check_part_only(&standard, &compound)?;
    let by_name = by_name(&standard, &compound)?;
    let dropped = key_field(&config.keys.owner, &by_name, &fields, table)?;

    let signed = compound.iter().filter(|beacon| beacon.is_signed()).map(|beacon| beacon.name.as_str());
    let table = table.clone().with_signed(signed).map_err(Wrong::Table)?;
    // Keys stand where their beacons do, also where a beacon shares another's.
    let names = standard.iter().map(|beacon| beacon.name.clone()).collect();
    Ok(Search {
        sources: sources(&standard, &fields),
        keys: DerivedKeys::new(config.keys, names),
        selector: config.selector.unwrap_or_else(|| Arc::new(RandomPartition)),
        standard,
        compound,
        by_name,
        fields,
        maximum,
        dropped,
        table,
    })
}

fn default_partitions(config: &SearchConfig) -> Result<u8, Wrong> {
    let maximum = config.maximum_partitions;
    match (maximum, config.default_partitions) {
        (Some(partitions), _) if partitions == 0 || partitions > MAX_PARTITIONS => {
            Err(Wrong::MaximumPartitions { partitions })
        }
        (None, Some(_)) => Err(Wrong::DefaultWithoutMaximum),
        (Some(maximum), Some(partitions)) if partitions == 0 || partitions >= maximum => {
            Err(Wrong::DefaultPartitions { partitions, maximum })
        }
        (_, Some(partitions)) => Ok(partitions),
        (maximum, None) => Ok(maximum.unwrap_or(1)),
    }
}

fn virtual_fields(configured: &[VirtualField], table: &TableConfig) -> Result<Vec<Virtual>, Wrong> {
    let mut fields: Vec<Virtual> = Vec::with_capacity(configured.len());
    for VirtualField { name, parts } in configured {
        let what = Named::VirtualField;
        check_name(what, name, table)?;
        if let Some(action) = table.action(name) {
            return Err(Wrong::NameOfAttribute { what, name: name.clone(), action });
        }
        if fields.iter().any(|field| field.name == *name) {
            return Err(Wrong::Twice { what, name: name.clone() });
        }
        if parts.is_empty() {
            return Err(Wrong::FieldWithoutParts { field: name.clone() });
        }
        let part = |part: &crate::config::VirtualPart| {
            let location = location(what, name, &part.location)?;
            if !is_signed(table.action(location.attribute())) {
                return Err(Wrong::FieldNotSigned { field: name.clone(), location: location.to_string() });
            }
            for split in part.transforms.iter().filter_map(Transform::split) {
                check_split(what, name, split)?;
            }
            Ok(Part { location, transforms: part.transforms.clone() })
        };
        let field = Virtual { name: name.clone(), parts: parts.iter().map(part).collect::<Result<_, _>>()? };
        if let Some(other) = fields.iter().find(|other| places(other) == places(&field)) {
            return Err(Wrong::SameLocations { field: field.name, other: other.name.clone() });
        }
        fields.push(field);
    }
    Ok(fields)
}

fn places(field: &Virtual) -> BTreeSet<&Location> {
    field.parts.iter().map(|part| &part.location).collect()
}

fn standard_beacons(
    configured: &[StandardBeacon],
    fields: &[Virtual],
    table: &TableConfig,
    maximum: u8,
    default: u8,
) -> Result<Vec<Standard>, Wrong> {
    let mut beacons: Vec<Standard> = Vec::with_capacity(configured.len());
    for (place, config) in configured.iter().enumerate() {
        let name = config.name.clone();
        check_beacon_name(Named::StandardBeacon, &name, table)?;
        if beacons.iter().any(|beacon| beacon.name == name) {
            return Err(Wrong::Twice { what: Named::StandardBeacon, name });
        }
        if !(1..=63).contains(&config.length) {
            return Err(Wrong::Length { beacon: name, length: config.length });
        }
        let partitions = match config.partitions {
            None => default,
            Some(partitions) if (1..maximum).contains(&partitions) => partitions,
            Some(partitions) => return Err(Wrong::Partitions { beacon: name, partitions, maximum }),
        };
        let source = source(config, fields, table)?;
        if let Some(other) = beacons.iter().find(|beacon| beacon.source == source) {
            return Err(Wrong::SameLocation { beacon: name, other: other.name.clone() });
        }
        let as_set = matches!(config.style, BeaconStyle::AsSet | BeaconStyle::SharedSet(_));
        if as_set && matches!(source, Source::Virtual(_)) {
            return Err(Wrong::SetOfVirtualField { beacon: name });
        }
        beacons.push(Standard {
            stored: [STORED_PREFIX, &name].concat(),
            length: config.length,
            source,
            part_only: config.style == BeaconStyle::PartOnly,
            as_set,
            key: shared_key(place, config, configured)?,
            partitions,
            name,
        });
    }
    Ok(beacons)
}

fn source(config: &StandardBeacon, fields: &[Virtual], table: &TableConfig) -> Result<Source, Wrong> {
    let text = config.location.as_deref().unwrap_or(&config.name);
    let location = location(Named::StandardBeacon, &config.name, text)?;
    let beacon = || config.name.clone();
    let encrypted = |location: &Location| table.action(location.attribute()) == Some(CryptoAction::EncryptAndSign);
    if let Some((index, field)) = fields.iter().enumerate().find(|(_, field)| field.name == location.attribute()) {
        if !location.is_attribute() {
            return Err(Wrong::InsideOfVirtualField { beacon: beacon(), location: location.to_string() });
        }
        if !field.parts.iter().any(|part| encrypted(&part.location)) {
            return Err(Wrong::NotEncrypted { beacon: beacon(), location: location.to_string() });
        }
        return Ok(Source::Virtual(index));
    }
    if table.action(location.attribute()).is_none() {
        let encrypted = table.actions().filter(|(_, action)| *action == CryptoAction::EncryptAndSign);
        let encrypted = encrypted.map(|(name, _)| format!("`{name}`")).collect();
        return Err(Wrong::Unknown { beacon: beacon(), location: location.to_string(), encrypted });
    }
    if !encrypted(&location) {
        return Err(Wrong::NotEncrypted { beacon: beacon(), location: location.to_string() });
    }
    let is_there = |field: &&Virtual| places(field) == BTreeSet::from([&location]);
    match fields.iter().find(is_there) {
        Some(field) => Err(Wrong::LocationOfField { beacon: beacon(), field: field.name.clone() }),
        None => Ok(Source::At(location)),
    }
}

/// The place of the key: its own, or that of the beacon that it shares.
fn shared_key(place: usize, config: &StandardBeacon, all: &[StandardBeacon]) -> Result<usize, Wrong> {
    let (BeaconStyle::Shared(other) | BeaconStyle::SharedSet(other)) = &config.style else { return Ok(place) };
    let (beacon, shared) = (config.name.clone(), other.clone());
    if *other == config.name {
        return Err(Wrong::SharedWithItself { beacon });
    }
    let Some((key, found)) = all.iter().enumerate().find(|(_, candidate)| candidate.name == *other) else {
        return Err(Wrong::SharedUnknown { beacon, shared });
    };
    if matches!(found.style, BeaconStyle::Shared(_) | BeaconStyle::SharedSet(_)) {
        return Err(Wrong::SharedChain { beacon, shared });
    }
    match found.length == config.length {
        true => Ok(key),
        false => Err(Wrong::SharedLength { beacon, length: config.length, shared, other: found.length }),
    }
}

fn check_part_only(standard: &[Standard], compound: &[Compound]) -> Result<(), Wrong> {
    let used: HashSet<&str> = compound
        .iter()
        .flat_map(|beacon| &beacon.parts)
        .filter(|part| !part.is_signed())
        .map(|part| &*part.name)
        .collect();
    match standard.iter().find(|beacon| beacon.part_only && !used.contains(&*beacon.name)) {
        Some(beacon) => Err(Wrong::PartOnlyUnused { beacon: beacon.name.clone() }),
        None => Ok(()),
    }
}

fn by_name(standard: &[Standard], compound: &[Compound]) -> Result<BTreeMap<String, BeaconId>, Wrong> {
    let standard = standard.iter().enumerate().map(|(place, beacon)| (&beacon.name, BeaconId::Standard(place)));
    let mut by_name: BTreeMap<String, BeaconId> = standard.map(|(name, id)| (name.clone(), id)).collect();
    for (place, beacon) in compound.iter().enumerate() {
        if by_name.insert(beacon.name.clone(), BeaconId::Compound(place)).is_some() {
            return Err(Wrong::Twice { what: Named::CompoundBeacon, name: beacon.name.clone() });
        }
    }
    Ok(by_name)
}

/// The attribute that names the tenant, if it is taken out of items when they are written.
fn key_field(
    owner: &Owner,
    beacons: &BTreeMap<String, BeaconId>,
    fields: &[Virtual],
    table: &TableConfig,
) -> Result<Option<String>, Wrong> {
    let Owner::Tenant { key_field } = owner else { return Ok(None) };
    let name = key_field.clone();
    if beacons.contains_key(&name) {
        return Err(Wrong::KeyFieldIsBeacon { name });
    }
    if fields.iter().any(|field| field.name == name) {
        return Err(Wrong::KeyFieldIsVirtual { name });
    }
    match table.action(&name) {
        Some(CryptoAction::EncryptAndSign) => Err(Wrong::KeyFieldEncrypted { name }),
        None | Some(CryptoAction::DoNothing) => Ok(Some(name)),
        Some(CryptoAction::SignOnly | CryptoAction::SignAndIncludeInEncryptionContext) => Ok(None),
    }
}

/// The attributes that encrypted beacons are made from.
fn sources(standard: &[Standard], fields: &[Virtual]) -> BTreeSet<String> {
    let of = |source: &Source| -> Vec<String> {
        match source {
            Source::At(location) => vec![location.attribute().to_owned()],
            Source::Virtual(index) => {
                let parts = fields.get(*index).map(|field| field.parts.iter()).unwrap_or_default();
                parts.map(|part| part.location.attribute().to_owned()).collect()
            }
        }
    };
    standard.iter().flat_map(|beacon| of(&beacon.source)).collect()
}

fn location(what: Named, name: &str, text: &str) -> Result<Location, Wrong> {
    Location::parse(text).map_err(|source| Wrong::Location { what, name: name.to_owned(), source })
}

/// Beacons may have the name of an encrypted attribute: that is what most of them have.
fn check_beacon_name(what: Named, name: &str, table: &TableConfig) -> Result<(), Wrong> {
    check_name(what, name, table)?;
    match table.action(name) {
        None | Some(CryptoAction::EncryptAndSign) => Ok(()),
        // A signed beacon may be a key of the table. One that is not signed is refused later.
        Some(CryptoAction::SignOnly) if what == Named::CompoundBeacon && is_key(table, name) => Ok(()),
        Some(action) => Err(Wrong::NameOfAttribute { what, name: name.to_owned(), action }),
    }
}

fn check_name(what: Named, name: &str, table: &TableConfig) -> Result<(), Wrong> {
    let owned = || name.to_owned();
    if name.is_empty() {
        return Err(Wrong::NoName { what });
    }
    if STORED_PREFIX.len() + name.len() > MAX_NAME {
        return Err(Wrong::LongName { what, length: name.len() });
    }
    if name.starts_with(RESERVED_PREFIX) {
        return Err(Wrong::Reserved { what, name: owned() });
    }
    if table.is_unsigned(name) {
        return Err(Wrong::NameIsUnsigned { what, name: owned() });
    }
    Ok(())
}

fn is_key(table: &TableConfig, name: &str) -> bool {
    table.partition_key() == name || table.sort_key() == Some(name)
}

/// The official clients hold texts in UTF-16 and part them at one unit.
fn check_split(what: Named, name: &str, split: char) -> Result<(), Wrong> {
    match split.len_utf16() {
        1 => Ok(()),
        _ => Err(Wrong::Split { what, name: name.to_owned(), split }),
    }
}

fn is_signed(action: Option<CryptoAction>) -> bool {
    !matches!(action, None | Some(CryptoAction::DoNothing))
}
