//! What a table can be searched by, as it is written down (specification: `searchable-encryption/search-config.md`,
//! `searchable-encryption/beacons.md`). [`SearchConfig::build`] checks it against the table.

use std::sync::Arc;

use dynaseal_core::TableConfig;

use crate::build::{self, SearchConfigError};
use crate::keys::BeaconKeys;
use crate::partition::PartitionSelector;
use crate::search::Search;
use crate::transform::Transform;

/// How a table is searched.
///
/// ```
/// use dynaseal_core::{BeaconKey, TableConfig};
/// use dynaseal_search::{BeaconKeys, CompoundBeacon, SearchConfig, StandardBeacon};
/// let table = TableConfig::builder("people", "id").encrypt(["name", "tags", "address"]).sign(["ward"]).build()?;
/// let keys = BeaconKeys::fixed(BeaconKey::copy_from(&[7; 32])?);
/// let search = SearchConfig::new(keys)
///     .standard(StandardBeacon::new("name", 12))
///     .standard(StandardBeacon::new("tags", 10).as_set())
///     .standard(StandardBeacon::new("city", 8).at("address.city"))
///     .compound(CompoundBeacon::new("where", '.').signed("ward", "W-").encrypted("city", "C-"))
///     .build(&table)?;
/// assert!(search.beacon("where").is_some());
///
/// let wrong = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[7; 32])?))
///     .standard(StandardBeacon::new("ward", 12))
///     .build(&table);
/// assert!(wrong.unwrap_err().to_string().starts_with("the beacon `ward` has the name of an attribute"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SearchConfig {
    pub(crate) keys: BeaconKeys,
    pub(crate) standard: Vec<StandardBeacon>,
    pub(crate) compound: Vec<CompoundBeacon>,
    pub(crate) virtual_fields: Vec<VirtualField>,
    pub(crate) signed_parts: Vec<SignedPart>,
    pub(crate) encrypted_parts: Vec<EncryptedPart>,
    pub(crate) maximum_partitions: Option<u8>,
    pub(crate) default_partitions: Option<u8>,
    pub(crate) selector: Option<Arc<dyn PartitionSelector>>,
}

impl SearchConfig {
    /// With the keys of its beacons.
    pub fn new(keys: BeaconKeys) -> Self {
        Self {
            keys,
            standard: Vec::new(),
            compound: Vec::new(),
            virtual_fields: Vec::new(),
            signed_parts: Vec::new(),
            encrypted_parts: Vec::new(),
            maximum_partitions: None,
            default_partitions: None,
            selector: None,
        }
    }

    /// Adds a standard beacon; at least one is needed.
    pub fn standard(mut self, beacon: StandardBeacon) -> Self {
        self.standard.push(beacon);
        self
    }

    /// Adds a compound beacon.
    pub fn compound(mut self, beacon: CompoundBeacon) -> Self {
        self.compound.push(beacon);
        self
    }

    /// Adds a virtual field.
    pub fn virtual_field(mut self, field: VirtualField) -> Self {
        self.virtual_fields.push(field);
        self
    }

    /// Adds a signed part that the constructors of every compound beacon may name.
    pub fn signed_part(mut self, part: SignedPart) -> Self {
        self.signed_parts.push(part);
        self
    }

    /// Adds an encrypted part that the constructors of every compound beacon may name.
    pub fn encrypted_part(mut self, part: EncryptedPart) -> Self {
        self.encrypted_parts.push(part);
        self
    }

    /// Items are in this many partitions, 1 to 254.
    pub fn maximum_partitions(mut self, partitions: u8) -> Self {
        self.maximum_partitions = Some(partitions);
        self
    }

    /// Beacons that do not say otherwise have this many partitions, fewer than the maximum; if not called, the maximum.
    pub fn default_partitions(mut self, partitions: u8) -> Self {
        self.default_partitions = Some(partitions);
        self
    }

    /// Who chooses the partition of an item; random if not called.
    pub fn partition_selector(mut self, selector: impl PartitionSelector + 'static) -> Self {
        self.selector = Some(Arc::new(selector));
        self
    }

    /// Checks everything against the table.
    ///
    /// # Errors
    /// If something contradicts something else, or the specification; the message names the beacon, part or field.
    pub fn build(self, table: &TableConfig) -> Result<Search, SearchConfigError> {
        build::build(self, table)
    }
}

/// A beacon of one encrypted value: asks for equality.
///
/// It knows the value as a whole. `contains` finds an element of a set if the beacon is [`as_set`](Self::as_set); of a text, it finds
/// only items in which that is the whole text, and nothing in lists and other sets. Values of different types may have the
/// same beacon (`"5"`, 5 and the byte of `5`); opened, they are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct StandardBeacon {
    pub(crate) name: String,
    pub(crate) length: u8,
    pub(crate) location: Option<String>,
    pub(crate) style: BeaconStyle,
    pub(crate) partitions: Option<u8>,
}

/// What is special about a standard beacon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BeaconStyle {
    /// Nothing.
    #[default]
    Plain,
    /// It is only a part of compound beacons, and not stored alone.
    PartOnly,
    /// Its values have the beacons that another beacon gives them, so that values of both can be compared.
    Shared(String),
    /// It is made of every element of a set, and stored as a set.
    AsSet,
    /// `Shared` and `AsSet` together.
    SharedSet(String),
}

impl StandardBeacon {
    /// A beacon of `length` bits, 1 to 63, made from the value at the path that its name is, unless [`at`](Self::at) says
    /// otherwise. If another encrypted attribute has the name, queries that use it mean the beacon, and only
    /// `attribute_exists` means the attribute.
    pub fn new(name: impl Into<String>, length: u8) -> Self {
        Self { name: name.into(), length, location: None, style: BeaconStyle::Plain, partitions: None }
    }

    /// From the value at a path, `address.city` or `phones[0]`, or from a virtual field.
    pub fn at(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// Of this style.
    pub fn style(mut self, style: BeaconStyle) -> Self {
        self.style = style;
        self
    }

    /// Only as a part of compound beacons.
    pub fn part_only(self) -> Self {
        self.style(BeaconStyle::PartOnly)
    }

    /// Of each element of a set.
    pub fn as_set(self) -> Self {
        self.style(BeaconStyle::AsSet)
    }

    /// With the beacons of another, of the same length, that is not shared itself. To be compared, they need the same
    /// partitions.
    pub fn shared_with(self, other: impl Into<String>) -> Self {
        self.style(BeaconStyle::Shared(other.into()))
    }

    /// Of each element of a set, with the beacons of another.
    pub fn shared_set_with(self, other: impl Into<String>) -> Self {
        self.style(BeaconStyle::SharedSet(other.into()))
    }

    /// In this many partitions, fewer than the maximum.
    pub fn partitions(mut self, partitions: u8) -> Self {
        self.partitions = Some(partitions);
        self
    }
}

/// A beacon of several values, joined by a character: asks for equality, prefixes and order of its signed parts.
///
/// Texts, numbers, truth values and null can be parts. Encrypted parts are known as a whole: `begins_with` and `contains` find a
/// part, not the beginning of its value. Numbers are taken as they are given, while DynamoDB gives them back in normal form:
/// give them so, or items are not found by what they come back with. An encrypted part with an empty text is ordered behind
/// its prefix alone.
///
/// Without encrypted parts it is a signed beacon: stored under its own name, readable and signed, and good for any
/// condition, also as a key of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct CompoundBeacon {
    pub(crate) name: String,
    pub(crate) split: char,
    pub(crate) signed: Vec<SignedPart>,
    pub(crate) encrypted: Vec<EncryptedPart>,
    pub(crate) constructors: Option<Vec<Constructor>>,
}

impl CompoundBeacon {
    /// Without parts yet. An item with the split character in a part is not written; one without a required part gets no
    /// beacon, and is not found by it.
    pub fn new(name: impl Into<String>, split: char) -> Self {
        Self { name: name.into(), split, signed: Vec::new(), encrypted: Vec::new(), constructors: None }
    }

    /// Adds a signed part that is made from the readable, signed attribute of its name.
    pub fn signed(self, name: impl Into<String>, prefix: impl Into<String>) -> Self {
        self.signed_part(SignedPart::new(name, prefix))
    }

    /// Adds a signed part.
    pub fn signed_part(mut self, part: SignedPart) -> Self {
        self.signed.push(part);
        self
    }

    /// Adds an encrypted part, made by the standard beacon of this name.
    pub fn encrypted(mut self, beacon: impl Into<String>, prefix: impl Into<String>) -> Self {
        self.encrypted.push(EncryptedPart::new(beacon, prefix));
        self
    }

    /// Adds a way to put it together. The first that fits an item makes its beacon. Without any, all parts are needed,
    /// signed ones first.
    pub fn constructor(mut self, constructor: Constructor) -> Self {
        self.constructors.get_or_insert_default().push(constructor);
        self
    }

    /// These are the ways to put it together.
    pub fn constructors(mut self, constructors: Vec<Constructor>) -> Self {
        self.constructors = Some(constructors);
        self
    }
}

/// A part that anybody can read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct SignedPart {
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) location: Option<String>,
}

impl SignedPart {
    /// From the readable, signed attribute of this name, with the prefix that says which part it is.
    pub fn new(name: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self { name: name.into(), prefix: prefix.into(), location: None }
    }

    /// From the value at a path.
    pub fn at(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }
}

/// A part that is a standard beacon.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct EncryptedPart {
    pub(crate) name: String,
    pub(crate) prefix: String,
}

impl EncryptedPart {
    /// The standard beacon of this name, with the prefix that says which part it is.
    pub fn new(beacon: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self { name: beacon.into(), prefix: prefix.into() }
    }
}

/// One way to put a compound beacon together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Constructor {
    pub(crate) parts: Vec<(String, bool)>,
}

impl Constructor {
    /// Without parts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Then comes this part; an item without it is none for this constructor.
    pub fn required(mut self, part: impl Into<String>) -> Self {
        self.parts.push((part.into(), true));
        self
    }

    /// Then comes this part, if the item has it.
    pub fn optional(mut self, part: impl Into<String>) -> Self {
        self.parts.push((part.into(), false));
        self
    }
}

/// A text that is put together from parts of an item and stored nowhere. Beacons are made from it.
///
/// Texts, numbers, truth values and null can be parts; numbers as they are given, so give them in normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct VirtualField {
    pub(crate) name: String,
    pub(crate) parts: Vec<VirtualPart>,
}

impl VirtualField {
    /// Without parts yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), parts: Vec::new() }
    }

    /// Then comes the value at a path, after these transforms, in their order.
    pub fn part(mut self, location: impl Into<String>, transforms: impl IntoIterator<Item = Transform>) -> Self {
        self.parts.push(VirtualPart { location: location.into(), transforms: transforms.into_iter().collect() });
        self
    }
}

/// A part of a virtual field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VirtualPart {
    pub(crate) location: String,
    pub(crate) transforms: Vec<Transform>,
}
