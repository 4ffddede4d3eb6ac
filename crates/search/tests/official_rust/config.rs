//! Search configurations of the vectors.

use dynaseal_core::{BeaconKey, Item};
use dynaseal_search::{
    BeaconKeys, CompoundBeacon, Constructor, EncryptedPart, PartitionSelector, SearchConfig, SignedPart,
    StandardBeacon, Transform, VirtualField,
};
use dynaseal_testkit::config::hex;
use serde_json::Value;

#[derive(Debug)]
struct Fixed(u8);

impl PartitionSelector for Fixed {
    fn partition(&self, _: &Item, _: u8, _: &str) -> Result<u8, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0)
    }
}

pub(crate) fn search(value: &Value) -> SearchConfig {
    let key = BeaconKey::copy_from(&hex(text(value, "beacon_key"))).unwrap();
    let mut config = SearchConfig::new(BeaconKeys::fixed(key));
    for beacon in list(value, "standard_beacons") {
        config = config.standard(standard(beacon));
    }
    for beacon in list(value, "compound_beacons") {
        config = config.compound(compound(beacon));
    }
    for field in list(value, "virtual_fields") {
        let parts = list(field, "parts").iter();
        let add =
            |of: VirtualField, part: &Value| of.part(text(part, "loc"), list(part, "transforms").iter().map(transform));
        config = config.virtual_field(parts.fold(VirtualField::new(text(field, "name")), add));
    }
    for part in list(value, "signed_parts") {
        config = config.signed_part(signed(part));
    }
    for part in list(value, "encrypted_parts") {
        config = config.encrypted_part(EncryptedPart::new(text(part, "name"), text(part, "prefix")));
    }
    if let Some(partitions) = byte(value, "maximum_partitions") {
        config = config.maximum_partitions(partitions);
    }
    if let Some(partitions) = byte(value, "default_partitions") {
        config = config.default_partitions(partitions);
    }
    if let Some(partition) = byte(value, "partition") {
        config = config.partition_selector(Fixed(partition));
    }
    config
}

fn standard(value: &Value) -> StandardBeacon {
    let mut beacon = StandardBeacon::new(text(value, "name"), byte(value, "length").unwrap());
    if let Some(location) = value.get("loc") {
        beacon = beacon.at(location.as_str().unwrap());
    }
    if let Some(partitions) = byte(value, "partitions") {
        beacon = beacon.partitions(partitions);
    }
    match value.get("style") {
        None => beacon,
        Some(Value::String(style)) if style == "partOnly" => beacon.part_only(),
        Some(Value::String(style)) if style == "asSet" => beacon.as_set(),
        Some(style) => match (style.get("shared"), style.get("sharedSet")) {
            (Some(other), _) => beacon.shared_with(other.as_str().unwrap()),
            (_, Some(other)) => beacon.shared_set_with(other.as_str().unwrap()),
            _ => panic!("the style {style}"),
        },
    }
}

fn compound(value: &Value) -> CompoundBeacon {
    let split = text(value, "split").chars().next().unwrap();
    let mut beacon = CompoundBeacon::new(text(value, "name"), split);
    for part in list(value, "signed") {
        beacon = beacon.signed_part(signed(part));
    }
    for part in list(value, "encrypted") {
        beacon = beacon.encrypted(text(part, "name"), text(part, "prefix"));
    }
    for parts in list(value, "constructors") {
        let add = |of: Constructor, part: &Value| match part["required"].as_bool() {
            Some(true) => of.required(text(part, "name")),
            _ => of.optional(text(part, "name")),
        };
        beacon = beacon.constructor(parts.as_array().unwrap().iter().fold(Constructor::new(), add));
    }
    beacon
}

fn signed(value: &Value) -> SignedPart {
    let part = SignedPart::new(text(value, "name"), text(value, "prefix"));
    match value.get("loc") {
        Some(location) => part.at(location.as_str().unwrap()),
        None => part,
    }
}

fn transform(value: &Value) -> Transform {
    let (name, of) = value.as_object().unwrap().iter().next().unwrap();
    let number = |name: &str| i32::try_from(of[name].as_i64().unwrap()).unwrap();
    let split = || text(of, "split").chars().next().unwrap();
    match name.as_str() {
        "upper" => Transform::Upper,
        "lower" => Transform::Lower,
        "insert" => Transform::Insert(text(of, "literal").to_owned()),
        "prefix" => Transform::Prefix(number("length")),
        "suffix" => Transform::Suffix(number("length")),
        "substring" => Transform::Substring { low: number("low"), high: number("high") },
        "segment" => Transform::Segment { split: split(), index: number("index") },
        "segments" => Transform::Segments { split: split(), low: number("low"), high: number("high") },
        other => panic!("the transform {other}"),
    }
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).map_or(&[], |list| list.as_array().unwrap())
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

fn byte(value: &Value, name: &str) -> Option<u8> {
    value.get(name).map(|number| u8::try_from(number.as_u64().unwrap()).unwrap())
}
