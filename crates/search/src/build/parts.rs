//! Compound beacons and their parts.

use std::collections::BTreeSet;

use dynaseal_core::{CryptoAction, TableConfig};

use super::error::{Named, SearchConfigError as Wrong};
use super::{check_beacon_name, check_split, is_key, location};
use crate::compound::{Compound, Part, PartKind};
use crate::config::{CompoundBeacon, Constructor, EncryptedPart, SearchConfig, SignedPart};
use crate::search::STORED_PREFIX;
use crate::standard::Standard;

/// What messages call the parts that all beacons may use.
const GLOBAL: &str = "the list of parts for all beacons";

pub(super) fn compound_beacons(
    config: &SearchConfig,
    standard: &[Standard],
    table: &TableConfig,
) -> Result<Vec<Compound>, Wrong> {
    let mut global = signed_parts(GLOBAL, &config.signed_parts, table)?;
    global.extend(encrypted_parts(GLOBAL, &config.encrypted_parts, standard)?);
    check_names(GLOBAL, &global)?;
    config.compound.iter().map(|beacon| compound_beacon(beacon, &global, standard, table)).collect()
}

fn compound_beacon(
    config: &CompoundBeacon,
    global: &[Part],
    standard: &[Standard],
    table: &TableConfig,
) -> Result<Compound, Wrong> {
    let beacon = || config.name.clone();
    check_beacon_name(Named::CompoundBeacon, &config.name, table)?;
    check_split(Named::CompoundBeacon, &config.name, config.split)?;
    if config.constructors.as_ref().is_some_and(Vec::is_empty) {
        return Err(Wrong::NoConstructors { beacon: beacon() });
    }
    if config.constructors.is_none() && config.signed.is_empty() && config.encrypted.is_empty() {
        return Err(Wrong::NoParts { beacon: beacon() });
    }
    let mut signed = signed_parts(&config.name, &config.signed, table)?;
    let mut encrypted = encrypted_parts(&config.name, &config.encrypted, standard)?;
    let is_global = |part: &&Part| global.iter().any(|other| other.name == part.name);
    if let Some(part) = signed.iter().chain(&encrypted).find(is_global) {
        return Err(Wrong::PartIsGlobal { beacon: beacon(), part: part.name.clone() });
    }
    let constructors = config.constructors.as_deref().unwrap_or_default();
    let named: BTreeSet<&str> = constructors.iter().flat_map(|of| &of.parts).map(|(name, _)| name.as_str()).collect();
    for part in global.iter().filter(|part| named.contains(part.name.as_str())) {
        if part.is_signed() { signed.push(part.clone()) } else { encrypted.push(part.clone()) }
    }
    let is_signed = encrypted.is_empty();
    match table.action(&config.name) {
        // A beacon may have the name of an encrypted attribute that it is not made from: queries mean the beacon then.
        None | Some(CryptoAction::EncryptAndSign) if !is_signed => {}
        None => {}
        Some(CryptoAction::SignOnly) if is_signed && is_key(table, &config.name) => {}
        Some(_) if is_signed => return Err(Wrong::SignedBeaconName { beacon: beacon() }),
        Some(action) => {
            return Err(Wrong::NameOfAttribute { what: Named::CompoundBeacon, name: beacon(), action });
        }
    }
    let parts: Vec<Part> = signed.into_iter().chain(encrypted).collect();
    check_names(&config.name, &parts)?;
    check_prefixes(config, &parts)?;
    let constructors = match &config.constructors {
        None => vec![(0..parts.len()).map(|place| (place, true)).collect()],
        Some(constructors) => read_constructors(&config.name, constructors, &parts)?,
    };
    let stored = if is_signed { beacon() } else { [STORED_PREFIX, &config.name].concat() };
    Ok(Compound { name: beacon(), stored, split: config.split, parts, constructors })
}

fn signed_parts(of: &str, configured: &[SignedPart], table: &TableConfig) -> Result<Vec<Part>, Wrong> {
    let part = |SignedPart { name, prefix, location: text }: &SignedPart| {
        let location = location(Named::SignedPart, name, text.as_deref().unwrap_or(name))?;
        match table.action(location.attribute()) {
            Some(CryptoAction::SignOnly | CryptoAction::SignAndIncludeInEncryptionContext) => {
                Ok(Part { name: name.clone(), prefix: prefix.clone(), kind: PartKind::Signed(location) })
            }
            _ => {
                let (of, part, location) = (of.to_owned(), name.clone(), location.to_string());
                Err(Wrong::PartNotSigned { of, part, location })
            }
        }
    };
    configured.iter().map(part).collect()
}

fn encrypted_parts(of: &str, configured: &[EncryptedPart], standard: &[Standard]) -> Result<Vec<Part>, Wrong> {
    let part = |EncryptedPart { name, prefix }: &EncryptedPart| {
        let (of, part) = (of.to_owned(), name.clone());
        match standard.iter().enumerate().find(|(_, beacon)| beacon.name == *name) {
            None => Err(Wrong::PartUnknown { of, part }),
            Some((_, beacon)) if beacon.as_set => Err(Wrong::PartIsSet { of, part }),
            Some((place, _)) => Ok(Part { name: part, prefix: prefix.clone(), kind: PartKind::Encrypted(place) }),
        }
    };
    configured.iter().map(part).collect()
}

fn check_names(of: &str, parts: &[Part]) -> Result<(), Wrong> {
    let mut names = BTreeSet::new();
    match parts.iter().find(|part| !names.insert(part.name.as_str())) {
        Some(part) => Err(Wrong::PartTwice { of: of.to_owned(), part: part.name.clone() }),
        None => Ok(()),
    }
}

/// Every piece of a value has to say by its beginning which part it is.
fn check_prefixes(config: &CompoundBeacon, parts: &[Part]) -> Result<(), Wrong> {
    for (place, part) in parts.iter().enumerate() {
        let (of, name, prefix) = (config.name.clone(), part.name.clone(), part.prefix.clone());
        if prefix.is_empty() {
            return Err(Wrong::NoPrefix { of, part: name });
        }
        if prefix.contains(config.split) {
            return Err(Wrong::SplitInPrefix { of, part: name, prefix });
        }
        let ambiguous = |other: &&Part| prefix.starts_with(&other.prefix) || other.prefix.starts_with(&prefix);
        if let Some(other) = parts.iter().skip(place + 1).find(ambiguous) {
            return Err(Wrong::Prefixes { of, prefix, other: other.prefix.clone() });
        }
    }
    Ok(())
}

fn read_constructors(name: &str, configured: &[Constructor], parts: &[Part]) -> Result<Vec<Vec<(usize, bool)>>, Wrong> {
    let beacon = || name.to_owned();
    let mut constructors: Vec<Vec<(usize, bool)>> = Vec::with_capacity(configured.len());
    for Constructor { parts: named } in configured {
        if named.is_empty() {
            return Err(Wrong::EmptyConstructor { beacon: beacon() });
        }
        let place = |(part, required): &(String, bool)| {
            let place = parts.iter().position(|candidate| candidate.name == *part);
            let unknown = || Wrong::ConstructorPart { beacon: beacon(), part: part.clone() };
            Ok((place.ok_or_else(unknown)?, *required))
        };
        let constructor: Vec<(usize, bool)> = named.iter().map(place).collect::<Result<_, Wrong>>()?;
        let required = required_parts(&constructor);
        if required.is_empty() {
            return Err(Wrong::NothingRequired { beacon: beacon() });
        }
        if constructors.iter().any(|other| required_parts(other) == required) {
            let names = named.iter().filter(|(_, required)| *required).map(|(part, _)| part.as_str());
            return Err(Wrong::SameConstructors { beacon: beacon(), parts: names.collect::<Vec<_>>().join(", ") });
        }
        constructors.push(constructor);
    }
    Ok(constructors)
}

fn required_parts(constructor: &[(usize, bool)]) -> BTreeSet<usize> {
    constructor.iter().filter(|(_, required)| *required).map(|(place, _)| *place).collect()
}
