//! How a table is searched, as each side is told.

use std::collections::BTreeSet;

use aws_db_esdk::dynamodb::types as theirs;
use aws_db_esdk::key_store::client::Client as OfficialStore;
use dynaseal::CryptoAction;
use dynaseal::search::{
    BeaconKeys, CompoundBeacon, Constructor, EncryptedPart, SearchConfig, SignedPart, StandardBeacon, Transform,
    VirtualField,
};
use dynaseal_testkit::random::Items;

use super::selector::ByKey;
use crate::Result;

/// The attribute that names the tenant.
pub const TENANT: &str = "ten";

/// Whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenants {
    /// All items have the same.
    One,
    /// Each tenant has its own, and items say whose they are.
    Stored,
    /// Each tenant has its own, and items only say so when they are written.
    Dropped,
}

#[derive(Clone, Debug)]
pub enum Style {
    Plain,
    PartOnly,
    Shared(String),
    AsSet,
    SharedSet(String),
}

#[derive(Clone, Debug)]
pub struct Standard {
    pub name: String,
    pub length: u8,
    pub location: Option<String>,
    pub style: Style,
    pub partitions: Option<u8>,
}

impl Standard {
    pub fn is_set(&self) -> bool {
        matches!(self.style, Style::AsSet | Style::SharedSet(_))
    }

    pub fn is_part_only(&self) -> bool {
        matches!(self.style, Style::PartOnly)
    }

    /// Where it is made from.
    pub fn source(&self) -> &str {
        self.location.as_deref().unwrap_or(&self.name)
    }
}

#[derive(Clone, Debug)]
pub struct Signed {
    pub name: String,
    pub prefix: String,
    pub location: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Encrypted {
    pub name: String,
    pub prefix: String,
}

#[derive(Clone, Debug)]
pub struct Compound {
    pub name: String,
    pub split: char,
    pub signed: Vec<Signed>,
    pub encrypted: Vec<Encrypted>,
    pub constructors: Option<Vec<Vec<(String, bool)>>>,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub parts: Vec<(String, Vec<Transform>)>,
}

/// Everything that there is to say.
#[derive(Clone, Debug)]
pub struct Setup {
    pub standard: Vec<Standard>,
    pub compound: Vec<Compound>,
    pub fields: Vec<Field>,
    pub signed_parts: Vec<Signed>,
    pub encrypted_parts: Vec<Encrypted>,
    pub maximum: Option<u8>,
    pub default: Option<u8>,
    /// Whether the partition of an item comes from its key; otherwise each side takes a random one.
    pub by_key: bool,
    pub tenants: Tenants,
    /// The action of signed attributes that are no keys.
    pub signs: CryptoAction,
}

/// A part of a compound beacon, wherever it was configured.
pub struct Part {
    pub name: String,
    pub prefix: String,
    /// Where its text is.
    pub source: String,
    pub is_signed: bool,
}

impl Setup {
    /// The next random one. Most are fit to be used.
    pub fn random(items: &mut Items) -> Self {
        let mut setup = Self {
            standard: Vec::new(),
            compound: Vec::new(),
            fields: Vec::new(),
            signed_parts: Vec::new(),
            encrypted_parts: Vec::new(),
            maximum: None,
            default: None,
            by_key: items.below(2) == 0,
            tenants: [Tenants::One, Tenants::One, Tenants::Stored, Tenants::Stored, Tenants::Dropped][items.below(5)],
            signs: match items.below(3) {
                0 => CryptoAction::SignAndIncludeInEncryptionContext,
                _ => CryptoAction::SignOnly,
            },
        };
        if items.below(5) > 1 {
            let maximum = [2, 3, 4, 5, 6, 10][items.below(6)];
            setup.maximum = Some(maximum);
            setup.default = (maximum > 2 && items.below(2) == 0).then(|| below(items, 1, maximum));
        }
        setup.add_fields(items);
        setup.add_standard(items);
        setup.add_compound(items);
        let is_part = |name: &str| {
            let of = setup.compound.iter().flat_map(|beacon| setup.parts(beacon));
            of.into_iter().any(|part| part.name == name)
        };
        let unused: BTreeSet<String> =
            setup.standard.iter().filter(|beacon| !is_part(&beacon.name)).map(|beacon| beacon.name.clone()).collect();
        for beacon in setup.standard.iter_mut().filter(|beacon| beacon.is_part_only()) {
            if unused.contains(&beacon.name) {
                beacon.style = Style::Plain;
            }
        }
        setup
    }

    fn add_fields(&mut self, items: &mut Items) {
        const PLACES: [&str; 8] = ["aa", "cc", "dd", "m.x", "st", "yr", "flag", "num"];
        for name in ["vf", "vg"] {
            if items.below(3) == 0 {
                continue;
            }
            let first = PLACES[items.below(4)];
            let mut parts = vec![(first.to_owned(), transforms(items))];
            for _ in 0..1 + items.below(2) {
                let place = PLACES[items.below(PLACES.len())];
                if parts.iter().all(|(other, _)| other != place) {
                    parts.push((place.to_owned(), transforms(items)));
                }
            }
            self.fields.push(Field { name: name.to_owned(), parts });
        }
    }

    fn add_standard(&mut self, items: &mut Items) {
        let length = |items: &mut Items| match items.below(2) {
            0 => below(items, 1, 9),
            _ => below(items, 1, 64),
        };
        let aa = length(items);
        let maximum = self.maximum;
        let mut add = |items: &mut Items, name: &str, location: Option<&str>, styles: &[Style]| {
            let style = styles[items.below(styles.len())].clone();
            let length = match style {
                Style::Shared(_) | Style::SharedSet(_) => aa,
                _ if name == "aa" => aa,
                _ => length(items),
            };
            let partitions = maximum.filter(|_| items.below(2) == 0).map(|maximum| below(items, 1, maximum));
            let (name, location) = (name.to_owned(), location.map(str::to_owned));
            self.standard.push(Standard { name, length, location, style, partitions });
        };
        let shared = || Style::Shared("aa".to_owned());
        let shared_set = || Style::SharedSet("aa".to_owned());
        add(items, "aa", None, &[Style::Plain]);
        let some: [(&str, Option<&str>, &[Style]); 11] = [
            ("bb", None, &[Style::Plain, shared()]),
            ("cc", None, &[Style::Plain, Style::PartOnly, shared()]),
            ("dd", None, &[Style::Plain, Style::PartOnly]),
            ("num", None, &[Style::Plain]),
            ("flag", None, &[Style::Plain]),
            ("tags", None, &[Style::AsSet, shared_set(), Style::Plain]),
            ("nums", None, &[Style::AsSet, Style::Plain]),
            ("bins", None, &[Style::AsSet, shared_set()]),
            ("mx", Some("m.x"), &[Style::Plain, shared()]),
            ("ml", Some("m.l[1]"), &[Style::Plain]),
            ("lz", Some("l[0].z"), &[Style::Plain, shared()]),
        ];
        for (name, location, styles) in some {
            if items.below(4) > 0 {
                add(items, name, location, styles);
            }
        }
        for field in &self.fields {
            add(items, &field.name, None, &[Style::Plain, Style::Plain, Style::PartOnly]);
        }
        if items.below(6) == 0 {
            add(items, "m", None, &[Style::Plain]);
        }
    }

    fn add_compound(&mut self, items: &mut Items) {
        let signed = [("st", "S_", None), ("yr", "Y_", None), ("inner", "K_", Some("sm.k"))];
        let signed = signed.map(|(name, prefix, location)| Signed {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            location: location.map(str::to_owned),
        });
        let tenant = Signed { name: TENANT.to_owned(), prefix: "T_".to_owned(), location: None };
        let usable =
            |beacon: &&Standard| !beacon.is_set() && !["m", "tags", "nums", "bins", "bb"].contains(&&*beacon.name);
        let encrypted: Vec<Encrypted> = self
            .standard
            .iter()
            .filter(usable)
            .enumerate()
            .map(|(place, beacon)| Encrypted { name: beacon.name.clone(), prefix: format!("{place}_") })
            .collect();
        // Some are for all compound beacons.
        self.signed_parts = signed.iter().filter(|_| items.below(4) == 0).cloned().collect();
        self.encrypted_parts = encrypted.iter().filter(|_| items.below(5) == 0).cloned().collect();
        let global: BTreeSet<String> = self
            .signed_parts
            .iter()
            .map(|part| part.name.clone())
            .chain(self.encrypted_parts.iter().map(|part| part.name.clone()))
            .collect();
        for name in ["who", "cmp", "sig"] {
            if items.below(5) == 0 {
                continue;
            }
            let own = |name: &str| !global.contains(name);
            let mut of_signed: Vec<Signed> =
                signed.iter().filter(|part| own(&part.name) && items.below(3) > 0).cloned().collect();
            if self.tenants == Tenants::Stored && name != "cmp" {
                of_signed.push(tenant.clone());
            }
            let mut of_encrypted: Vec<Encrypted> =
                encrypted.iter().filter(|part| own(&part.name) && items.below(4) == 0).cloned().collect();
            if name == "sig" {
                of_encrypted.clear();
            } else if of_encrypted.is_empty() && own("aa") {
                of_encrypted.extend(encrypted.iter().find(|part| part.name == "aa").cloned());
            }
            let mut names: Vec<String> = of_signed.iter().map(|part| part.name.clone()).collect();
            names.extend(of_encrypted.iter().map(|part| part.name.clone()));
            if name != "sig" {
                names.extend(global.iter().cloned());
            } else {
                names.extend(self.signed_parts.iter().map(|part| part.name.clone()));
            }
            let constructors = (items.below(3) > 0 && !names.is_empty()).then(|| {
                let mut constructors: Vec<Vec<(String, bool)>> = Vec::new();
                for _ in 0..1 + items.below(3) {
                    let mut chosen = names.clone();
                    for last in 1..chosen.len() {
                        chosen.swap(last, items.below(last + 1));
                    }
                    chosen.truncate(1 + items.below(4));
                    let parts = chosen.into_iter().enumerate();
                    constructors.push(parts.map(|(place, part)| (part, place == 0 || items.below(2) == 0)).collect());
                }
                // What requires the same parts is refused.
                let mut seen = BTreeSet::new();
                constructors.retain(|of| {
                    let required = of.iter().filter(|(_, required)| *required).map(|(part, _)| part.clone());
                    seen.insert(required.collect::<BTreeSet<_>>())
                });
                constructors
            });
            if constructors.is_none() && of_signed.is_empty() && of_encrypted.is_empty() {
                continue;
            }
            let split = ['.', '/', '|', 'é', '.'][items.below(5)];
            let (signed, encrypted, name) = (of_signed, of_encrypted, name.to_owned());
            self.compound.push(Compound { name, split, signed, encrypted, constructors });
        }
    }

    /// The parts that a compound beacon has, in the order that the constructor without configuration has.
    pub fn parts(&self, beacon: &Compound) -> Vec<Part> {
        let named = |name: &str| {
            let constructors = beacon.constructors.iter().flatten();
            constructors.flatten().any(|(part, _)| part == name)
        };
        let signed = |part: &Signed| Part {
            name: part.name.clone(),
            prefix: part.prefix.clone(),
            source: part.location.clone().unwrap_or_else(|| part.name.clone()),
            is_signed: true,
        };
        let encrypted = |part: &Encrypted| {
            let beacon = self.standard.iter().find(|beacon| beacon.name == part.name);
            let source = beacon.map_or(&*part.name, Standard::source).to_owned();
            Part { name: part.name.clone(), prefix: part.prefix.clone(), source, is_signed: false }
        };
        let mut parts: Vec<Part> = beacon.signed.iter().map(signed).collect();
        parts.extend(self.signed_parts.iter().filter(|part| named(&part.name)).map(signed));
        parts.extend(beacon.encrypted.iter().map(encrypted));
        parts.extend(self.encrypted_parts.iter().filter(|part| named(&part.name)).map(encrypted));
        parts
    }

    /// For our side.
    pub fn ours(&self, keys: BeaconKeys) -> SearchConfig {
        let signed = |part: &Signed| {
            let made = SignedPart::new(&part.name, &part.prefix);
            part.location.iter().fold(made, |made, location| made.at(location))
        };
        let mut config = SearchConfig::new(keys);
        for beacon in &self.standard {
            let mut made = StandardBeacon::new(&beacon.name, beacon.length);
            made = beacon.location.iter().fold(made, |made, location| made.at(location));
            made = beacon.partitions.iter().fold(made, |made, partitions| made.partitions(*partitions));
            config = config.standard(match &beacon.style {
                Style::Plain => made,
                Style::PartOnly => made.part_only(),
                Style::Shared(other) => made.shared_with(other),
                Style::AsSet => made.as_set(),
                Style::SharedSet(other) => made.shared_set_with(other),
            });
        }
        for beacon in &self.compound {
            let mut made = CompoundBeacon::new(&beacon.name, beacon.split);
            made = beacon.signed.iter().fold(made, |made, part| made.signed_part(signed(part)));
            made = beacon.encrypted.iter().fold(made, |made, part| made.encrypted(&part.name, &part.prefix));
            if let Some(constructors) = &beacon.constructors {
                let part = |made: Constructor, (name, required): &(String, bool)| match required {
                    true => made.required(name),
                    false => made.optional(name),
                };
                let constructors = constructors.iter().map(|of| of.iter().fold(Constructor::new(), part));
                made = made.constructors(constructors.collect());
            }
            config = config.compound(made);
        }
        for field in &self.fields {
            let part = |made: VirtualField, (location, transforms): &(String, Vec<Transform>)| {
                made.part(location, transforms.iter().cloned())
            };
            config = config.virtual_field(field.parts.iter().fold(VirtualField::new(&field.name), part));
        }
        config = self.signed_parts.iter().fold(config, |config, part| config.signed_part(signed(part)));
        let encrypted = |part: &Encrypted| EncryptedPart::new(&part.name, &part.prefix);
        config = self.encrypted_parts.iter().fold(config, |config, part| config.encrypted_part(encrypted(part)));
        config = self.maximum.iter().fold(config, |config, partitions| config.maximum_partitions(*partitions));
        config = self.default.iter().fold(config, |config, partitions| config.default_partitions(*partitions));
        if self.by_key { config.partition_selector(ByKey) } else { config }
    }

    /// The same for theirs. `branch_key_id` is of the only key, if there is only one.
    pub fn theirs(&self, store: OfficialStore, branch_key_id: &str) -> Result<theirs::SearchConfig> {
        const TTL: i32 = 6000;
        let source = match self.tenants {
            Tenants::One => {
                let source = theirs::SingleKeyStore::builder().key_id(branch_key_id).cache_ttl(TTL);
                theirs::BeaconKeySource::Single(source.build()?)
            }
            Tenants::Stored | Tenants::Dropped => {
                let source = theirs::MultiKeyStore::builder().key_field_name(TENANT).cache_ttl(TTL);
                theirs::BeaconKeySource::Multi(source.build()?)
            }
        };
        let all = |parts: &[Signed]| parts.iter().map(their_signed).collect::<Result<Vec<_>>>();
        let encrypted =
            |part: &Encrypted| Ok(theirs::EncryptedPart::builder().name(&part.name).prefix(&part.prefix).build()?);
        let all_encrypted = |parts: &[Encrypted]| parts.iter().map(encrypted).collect::<Result<Vec<_>>>();
        let mut compound = Vec::new();
        for beacon in &self.compound {
            let mut made = theirs::CompoundBeacon::builder().name(&beacon.name).split(beacon.split.to_string());
            if !beacon.signed.is_empty() {
                made = made.signed(all(&beacon.signed)?);
            }
            if !beacon.encrypted.is_empty() {
                made = made.encrypted(all_encrypted(&beacon.encrypted)?);
            }
            if let Some(constructors) = &beacon.constructors {
                made =
                    made.constructors(constructors.iter().map(|of| their_constructor(of)).collect::<Result<Vec<_>>>()?);
            }
            compound.push(made.build()?);
        }
        let mut fields = Vec::new();
        for field in &self.fields {
            let part = |(location, transforms): &(String, Vec<Transform>)| {
                let made = theirs::VirtualPart::builder().loc(location);
                let transforms = transforms.iter().map(their_transform).collect::<Result<Vec<_>>>()?;
                let made = if transforms.is_empty() { made } else { made.trans(transforms) };
                Ok(made.build()?)
            };
            let parts = field.parts.iter().map(part).collect::<Result<Vec<_>>>()?;
            fields.push(theirs::VirtualField::builder().name(&field.name).parts(parts).build()?);
        }
        let standard = self.standard.iter().map(their_standard).collect::<Result<Vec<_>>>()?;
        let mut version = theirs::BeaconVersion::builder()
            .version(1)
            .key_store(store)
            .key_source(source)
            .standard_beacons(standard)
            .set_compound_beacons(Some(compound).filter(|of| !of.is_empty()))
            .set_virtual_fields(Some(fields).filter(|of| !of.is_empty()))
            .set_signed_parts(Some(all(&self.signed_parts)?).filter(|of| !of.is_empty()))
            .set_encrypted_parts(Some(all_encrypted(&self.encrypted_parts)?).filter(|of| !of.is_empty()))
            .set_maximum_number_of_partitions(self.maximum.map(i32::from))
            .set_default_number_of_partitions(self.default.map(i32::from));
        if self.by_key {
            version = version.partition_selector(ByKey);
        }
        Ok(theirs::SearchConfig::builder().write_version(1).versions(vec![version.build()?]).build()?)
    }
}

fn their_standard(beacon: &Standard) -> Result<theirs::StandardBeacon> {
    use theirs::BeaconStyle as Theirs;
    let made = theirs::StandardBeacon::builder().name(&beacon.name).length(i32::from(beacon.length));
    let made = made.set_loc(beacon.location.clone()).set_number_of_partitions(beacon.partitions.map(i32::from));
    let style = match &beacon.style {
        Style::Plain => return Ok(made.build()?),
        Style::PartOnly => Theirs::PartOnly(theirs::PartOnly::builder().build()?),
        Style::Shared(other) => Theirs::Shared(theirs::Shared::builder().other(other).build()?),
        Style::AsSet => Theirs::AsSet(theirs::AsSet::builder().build()?),
        Style::SharedSet(other) => Theirs::SharedSet(theirs::SharedSet::builder().other(other).build()?),
    };
    Ok(made.style(style).build()?)
}

fn their_signed(part: &Signed) -> Result<theirs::SignedPart> {
    let made = theirs::SignedPart::builder().name(&part.name).prefix(&part.prefix);
    Ok(made.set_loc(part.location.clone()).build()?)
}

fn their_constructor(parts: &[(String, bool)]) -> Result<theirs::Constructor> {
    let part = |(name, required): &(String, bool)| {
        Ok(theirs::ConstructorPart::builder().name(name).required(*required).build()?)
    };
    let parts = parts.iter().map(part).collect::<Result<Vec<_>>>()?;
    Ok(theirs::Constructor::builder().parts(parts).build()?)
}

fn their_transform(transform: &Transform) -> Result<theirs::VirtualTransform> {
    use theirs::VirtualTransform as Theirs;
    Ok(match transform {
        Transform::Upper => Theirs::Upper(theirs::Upper::builder().build()?),
        Transform::Lower => Theirs::Lower(theirs::Lower::builder().build()?),
        Transform::Insert(text) => Theirs::Insert(theirs::Insert::builder().literal(text).build()?),
        Transform::Prefix(length) => Theirs::Prefix(theirs::GetPrefix::builder().length(*length).build()?),
        Transform::Suffix(length) => Theirs::Suffix(theirs::GetSuffix::builder().length(*length).build()?),
        Transform::Substring { low, high } => {
            Theirs::Substring(theirs::GetSubstring::builder().low(*low).high(*high).build()?)
        }
        Transform::Segment { split, index } => {
            Theirs::Segment(theirs::GetSegment::builder().split(split.to_string()).index(*index).build()?)
        }
        Transform::Segments { split, low, high } => {
            let made = theirs::GetSegments::builder().split(split.to_string()).low(*low).high(*high);
            Theirs::Segments(made.build()?)
        }
    })
}

/// A number from `low` on and below `high`.
fn below(items: &mut Items, low: u8, high: u8) -> u8 {
    low + u8::try_from(items.below(usize::from(high - low))).unwrap_or_default()
}

fn transforms(items: &mut Items) -> Vec<Transform> {
    let number = |items: &mut Items| i32::try_from(items.below(9)).unwrap_or_default() - 4;
    let transform = |items: &mut Items| match items.below(8) {
        0 => Transform::Upper,
        1 => Transform::Lower,
        2 => Transform::Insert(["-é", "X", "😀"][items.below(3)].to_owned()),
        3 => Transform::Prefix(number(items)),
        4 => Transform::Suffix(number(items)),
        5 => Transform::Substring { low: number(items), high: number(items) },
        6 => Transform::Segment { split: ['a', 'l', '.'][items.below(3)], index: number(items) },
        _ => Transform::Segments { split: ['a', 'l', '.'][items.below(3)], low: number(items), high: number(items) },
    };
    (0..items.below(3)).map(|_| transform(items)).collect()
}
