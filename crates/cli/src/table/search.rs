//! `[search]`: what the table can be searched by.

mod keys;
mod parts;

use dynaseal::search::{
    BeaconKeys, BeaconStyle, CompoundBeacon, EncryptedPart, SearchConfig, SignedPart, StandardBeacon, VirtualField,
};

use self::keys::KeysTable;
use self::parts::{Constructors, encrypted_part, signed_part, virtual_field};
use super::Builder;
use super::fields::Fields;
use super::key_store::CACHE_FIELDS;
use super::keyring::KeyringTable;
use super::problem::Problem;
use crate::store::StoreSettings;

/// How the table is searched, as it stands.
#[derive(Debug)]
pub(super) struct SearchTable {
    place: String,
    keys: KeysTable,
    standard: Vec<StandardBeacon>,
    compound: Vec<CompoundBeacon>,
    virtual_fields: Vec<VirtualField>,
    signed_parts: Vec<SignedPart>,
    encrypted_parts: Vec<EncryptedPart>,
    maximum_partitions: Option<u8>,
    default_partitions: Option<u8>,
}

const FIELDS: [&str; 11] = [
    "beacon_key",
    "branch_key_id",
    "key_field",
    "key_store",
    "maximum_partitions",
    "default_partitions",
    "standard_beacons",
    "compound_beacons",
    "virtual_fields",
    "signed_parts",
    "encrypted_parts",
];

const STYLES: [&str; 4] = ["part-only", "as-set", "shared", "shared-set"];

impl SearchTable {
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, Problem> {
        fields.only(&[FIELDS.as_slice(), &CACHE_FIELDS].concat())?;
        Ok(Self {
            place: fields.place().to_owned(),
            keys: KeysTable::parse(&mut fields)?,
            standard: each(&mut fields, "standard_beacons", standard)?,
            compound: each(&mut fields, "compound_beacons", compound)?,
            virtual_fields: each(&mut fields, "virtual_fields", virtual_field)?,
            signed_parts: each(&mut fields, "signed_parts", signed_part)?,
            encrypted_parts: each(&mut fields, "encrypted_parts", encrypted_part)?
                .into_iter()
                .map(|(part, prefix)| EncryptedPart::new(part, prefix))
                .collect(),
            maximum_partitions: fields.optional("maximum_partitions")?,
            default_partitions: fields.optional("default_partitions")?,
        })
    }

    /// With the beacon keys, or the way to them. Without a key store of its own, that of the keyring is taken.
    pub(super) async fn with_keys(
        &self,
        keyring: Option<&KeyringTable>,
        builder: &mut Builder<'_>,
    ) -> Result<SearchConfig, Problem> {
        Ok(self.with(self.keys.read(&self.place, keyring, builder).await?))
    }

    /// For what needs no beacon key: opening items that have signed beacons.
    pub(super) fn without_keys(&self) -> SearchConfig {
        self.with(self.keys.none())
    }

    /// A key store of its own in DynamoDB.
    pub(super) fn own_store(&self) -> Option<&StoreSettings> {
        self.keys.own_store()
    }

    /// Where mistakes of the whole are told to be.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    fn with(&self, keys: BeaconKeys) -> SearchConfig {
        let mut config = SearchConfig::new(keys);
        config = self.standard.iter().cloned().fold(config, SearchConfig::standard);
        config = self.compound.iter().cloned().fold(config, SearchConfig::compound);
        config = self.virtual_fields.iter().cloned().fold(config, SearchConfig::virtual_field);
        config = self.signed_parts.iter().cloned().fold(config, SearchConfig::signed_part);
        config = self.encrypted_parts.iter().cloned().fold(config, SearchConfig::encrypted_part);
        config = self.maximum_partitions.into_iter().fold(config, SearchConfig::maximum_partitions);
        self.default_partitions.into_iter().fold(config, SearchConfig::default_partitions)
    }
}

/// The tables of an array, each parsed.
fn each<'t, T>(
    fields: &mut Fields<'t>,
    name: &'static str,
    parse: fn(Fields<'t>) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    fields.tables(name)?.into_iter().map(parse).collect()
}

fn standard(mut fields: Fields<'_>) -> Result<StandardBeacon, Problem> {
    fields.only(&["name", "length", "location", "style", "shares", "partitions"])?;
    let (name, length): (String, i64) = (fields.required("name")?, fields.required("length")?);
    // The library says the same of numbers that fit.
    let wrong = |_| fields.wrong("length", format!("the beacon `{name}` has {length} bits; it has to have 1 to 63"));
    let length = u8::try_from(length).map_err(wrong)?;
    let mut beacon = StandardBeacon::new(name, length);
    if let Some(location) = fields.optional::<String>("location")? {
        beacon = beacon.at(location);
    }
    if let Some(partitions) = fields.optional("partitions")? {
        beacon = beacon.partitions(partitions);
    }
    let style = if fields.has("style") { Some(fields.choice("style", &STYLES)?) } else { None };
    let mut other = || {
        let shares: Option<String> = fields.optional("shares")?;
        shares.ok_or_else(|| fields.contradiction("`shares` is missing: with which beacon is it shared?"))
    };
    let style = match style {
        Some(2) => BeaconStyle::Shared(other()?),
        Some(3) => BeaconStyle::SharedSet(other()?),
        _ if fields.has("shares") => {
            return Err(fields.wrong("shares", "only the styles \"shared\" and \"shared-set\" take it"));
        }
        Some(0) => BeaconStyle::PartOnly,
        Some(_) => BeaconStyle::AsSet,
        None => BeaconStyle::Plain,
    };
    Ok(beacon.style(style))
}

fn compound(mut fields: Fields<'_>) -> Result<CompoundBeacon, Problem> {
    fields.only(&["name", "split", "signed", "encrypted", "constructors"])?;
    let name: String = fields.required("name")?;
    let mut beacon = CompoundBeacon::new(name, fields.character("split")?);
    for part in each(&mut fields, "signed", signed_part)? {
        beacon = beacon.signed_part(part);
    }
    for (part, prefix) in each(&mut fields, "encrypted", encrypted_part)? {
        beacon = beacon.encrypted(part, prefix);
    }
    if let Some(Constructors(constructors)) = fields.optional("constructors")? {
        beacon = beacon.constructors(constructors);
    }
    Ok(beacon)
}
