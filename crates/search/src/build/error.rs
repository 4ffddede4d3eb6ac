//! What can be wrong with a search configuration.

use std::fmt;

use dynaseal_core::{ConfigError, CryptoAction};

use crate::location::LocationError;

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A standard beacon.
    StandardBeacon,
    /// A compound beacon.
    CompoundBeacon,
    /// A virtual field.
    VirtualField,
    /// A signed part.
    SignedPart,
    /// An encrypted part.
    EncryptedPart,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StandardBeacon => "beacon",
            Self::CompoundBeacon => "compound beacon",
            Self::VirtualField => "virtual field",
            Self::SignedPart => "signed part",
            Self::EncryptedPart => "encrypted part",
        })
    }
}

/// Why a table can not be searched so. Each says which beacon, part or field it is about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say it, and every field is what it is called")]
pub enum SearchConfigError {
    #[error("there is no standard beacon: at least one is needed")]
    NoStandardBeacon,
    #[error("a {what} has an empty name")]
    NoName { what: Named },
    #[error("a {what} has a name of {length} bytes, too long for the attribute that stores it")]
    LongName { what: Named, length: usize },
    #[error("the {what} `{name}` starts with `aws_dbe_`, which is reserved")]
    Reserved { what: Named, name: String },
    #[error("the {what} `{name}` has the name of an unsigned attribute, or begins with the unsigned prefix")]
    NameIsUnsigned { what: Named, name: String },
    #[error("the {what} `{name}` has the name of an attribute that is {action}: choose another name")]
    NameOfAttribute { what: Named, name: String, action: CryptoAction },
    #[error("there are two of the name `{name}`, the second as a {what}")]
    Twice { what: Named, name: String },
    #[error("the beacon `{beacon}` has {length} bits; it has to have 1 to 63")]
    Length { beacon: String, length: u8 },
    #[error("the {what} `{name}` has a wrong location")]
    Location {
        what: Named,
        name: String,
        #[source]
        source: LocationError,
    },
    #[error(
        "the beacon `{beacon}` is made from `{location}`, which is not ENCRYPT_AND_SIGN: readable attributes can be asked for without a beacon"
    )]
    NotEncrypted { beacon: String, location: String },
    #[error(
        "the beacon `{beacon}` is made from `{location}`, which has no action: is it misspelled?{}",
        Encrypted(encrypted)
    )]
    Unknown { beacon: String, location: String, encrypted: Vec<String> },
    #[error("the beacon `{beacon}` is made from the same value as `{other}`")]
    SameLocation { beacon: String, other: String },
    #[error("the beacon `{beacon}` is made from the only value of the virtual field `{field}`: make it from the field")]
    LocationOfField { beacon: String, field: String },
    #[error("the beacon `{beacon}` is made from `{location}`, but a virtual field is a text and has nothing in it")]
    InsideOfVirtualField { beacon: String, location: String },
    #[error("the beacon `{beacon}` is of style as-set, but a virtual field is a text and never a set")]
    SetOfVirtualField { beacon: String },
    #[error("the beacon `{beacon}` is shared with itself")]
    SharedWithItself { beacon: String },
    #[error("the beacon `{beacon}` is shared with `{shared}`, which is no standard beacon")]
    SharedUnknown { beacon: String, shared: String },
    #[error("the beacon `{beacon}` is shared with `{shared}`, which is shared itself: name the last one")]
    SharedChain { beacon: String, shared: String },
    #[error(
        "the beacon `{beacon}` has {length} bits and is shared with `{shared}`, which has {other}: they have to be equal"
    )]
    SharedLength { beacon: String, length: u8, shared: String, other: u8 },
    #[error("the beacon `{beacon}` is part-only, but no compound beacon has it as a part")]
    PartOnlyUnused { beacon: String },
    #[error("the virtual field `{field}` has no parts")]
    FieldWithoutParts { field: String },
    #[error("the virtual field `{field}` is made from `{location}`, which is not signed")]
    FieldNotSigned { field: String, location: String },
    #[error("the virtual field `{field}` is made from the same locations as `{other}`")]
    SameLocations { field: String, other: String },
    #[error(
        "the {what} `{name}` is split at `{split}`, which is no single UTF-16 unit: the official clients could not read it"
    )]
    Split { what: Named, name: String, split: char },
    #[error(
        "the compound beacon `{beacon}` has the name of a configured attribute, which it would overwrite: choose another name"
    )]
    SignedBeaconName { beacon: String },
    #[error("the compound beacon `{beacon}` has neither parts of its own nor constructors")]
    NoParts { beacon: String },
    #[error("`{of}` has the part `{part}` twice")]
    PartTwice { of: String, part: String },
    #[error("the part `{part}` of `{of}` has an empty prefix: nothing would say which part a value is of")]
    NoPrefix { of: String, part: String },
    #[error("the prefix `{prefix}` of the part `{part}` of `{of}` has the split character in it")]
    SplitInPrefix { of: String, part: String, prefix: String },
    #[error(
        "`{of}` has the prefixes `{prefix}` and `{other}`, of which one begins with the other: it would not be clear which part a value is of"
    )]
    Prefixes { of: String, prefix: String, other: String },
    #[error(
        "`{of}` has the signed part `{part}`, made from `{location}`, which is not SIGN_ONLY: what is encrypted would be readable, what is unsigned could be changed"
    )]
    PartNotSigned { of: String, part: String, location: String },
    #[error("`{of}` has the encrypted part `{part}`, which is no standard beacon")]
    PartUnknown { of: String, part: String },
    #[error("`{of}` has the encrypted part `{part}`, a beacon of style as-set, which can not be a part")]
    PartIsSet { of: String, part: String },
    #[error(
        "the compound beacon `{beacon}` has the part `{part}`, which is a part for all beacons already: name it in a constructor"
    )]
    PartIsGlobal { beacon: String, part: String },
    #[error(
        "the compound beacon `{beacon}` has an empty list of constructors: leave it out to have one with all parts"
    )]
    NoConstructors { beacon: String },
    #[error("a constructor of the compound beacon `{beacon}` has no parts")]
    EmptyConstructor { beacon: String },
    #[error("a constructor of the compound beacon `{beacon}` has no required part")]
    NothingRequired { beacon: String },
    #[error("a constructor of the compound beacon `{beacon}` names `{part}`, which is no part of it or of all beacons")]
    ConstructorPart { beacon: String, part: String },
    #[error(
        "two constructors of the compound beacon `{beacon}` require the same parts, so that the second is never used: {parts}"
    )]
    SameConstructors { beacon: String, parts: String },
    #[error("{partitions} partitions at most; it has to be 1 to 254")]
    MaximumPartitions { partitions: u8 },
    #[error("there is a default number of partitions but no maximum")]
    DefaultWithoutMaximum,
    #[error("{partitions} partitions by default; it has to be at least 1 and less than the maximum of {maximum}")]
    DefaultPartitions { partitions: u8, maximum: u8 },
    #[error(
        "the beacon `{beacon}` has {partitions} partitions; it has to be at least 1 and less than the maximum of {maximum}"
    )]
    Partitions { beacon: String, partitions: u8, maximum: u8 },
    #[error("`{name}` names the beacon key, but a beacon has that name")]
    KeyFieldIsBeacon { name: String },
    #[error("`{name}` names the beacon key, but a virtual field has that name")]
    KeyFieldIsVirtual { name: String },
    #[error("`{name}` names the beacon key and is ENCRYPT_AND_SIGN: it has to be readable, or not stored")]
    KeyFieldEncrypted { name: String },
    #[error("signed beacons do not fit into the table's configuration")]
    Table(#[source] ConfigError),
}

/// The attributes of which there can be beacons.
struct Encrypted<'a>(&'a [String]);

impl fmt::Display for Encrypted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str(" No attribute is ENCRYPT_AND_SIGN"),
            names => write!(f, " ENCRYPT_AND_SIGN are {}", names.join(", ")),
        }
    }
}
