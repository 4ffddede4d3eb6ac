//! Why an item gets no beacons. Messages name beacons, parts and types, never a value.

use std::error::Error;

use dynaseal_core::{MaterialsError, ValueError};

/// The beacons of an item could not be made, so that it is not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BeaconError {
    /// A beacon of sets over something else.
    #[error("the beacon `{beacon}` is of style as-set, but the item has {found} there")]
    NotASet {
        /// The beacon.
        beacon: String,
        /// The type that the item has.
        found: &'static str,
    },
    /// A part of a compound beacon or virtual field that has no text.
    #[error("`{location}`, a part of `{of}`, is of type {found}; only S, N, BOOL and NULL can be parts")]
    NotText {
        /// The beacon or virtual field.
        of: String,
        /// Where in the item.
        location: String,
        /// The type that the item has.
        found: &'static str,
    },
    /// A value with the character that parts of a compound beacon are joined by.
    #[error("the part `{part}` of the beacon `{beacon}` has the split character `{split}` in its value")]
    SplitCharacter {
        /// The beacon.
        beacon: String,
        /// The part.
        part: String,
        /// The character.
        split: char,
    },
    /// A character of two UTF-16 units, cut by a transform.
    #[error("a transform of the virtual field `{field}` cuts a character in two")]
    CutCharacter {
        /// The virtual field.
        field: String,
    },
    /// A value that DynamoDB or the format does not allow.
    #[error("the value under the beacon `{beacon}` can not be serialised")]
    Value {
        /// The beacon.
        beacon: String,
        /// Where in it, and what is wrong.
        #[source]
        source: ValueError,
    },
    /// A signed beacon came with the item and says something else than the item.
    #[error("the item has `{beacon}`, a signed beacon, with another value than its parts have: leave it out")]
    Mismatch {
        /// The beacon.
        beacon: String,
    },
    /// The partition selector has none.
    #[error("the partition selector has no partition for the item")]
    Selector(#[source] Box<dyn Error + Send + Sync>),
    /// The partition selector chose one that is not there.
    #[error("the partition selector chose partition {partition}; there are {partitions}, counted from 0")]
    Partition {
        /// What it chose.
        partition: u8,
        /// How many there are.
        partitions: u8,
    },
    /// Nobody knows whose beacon key to take.
    #[error(
        "the item is not sealed with one branch key alone, so that it is nobody's: tables that are searched by tenant need a hierarchical keyring, and no other beside it"
    )]
    NoTenant,
    /// The item says that it is another's than it was sealed for.
    #[error(
        "the item is sealed with the branch key `{branch_key_id}`, and its key field names another, so that no query would find it"
    )]
    OtherTenant {
        /// The branch key that it is sealed with.
        branch_key_id: String,
    },
    /// The beacon key can not be had.
    #[error("the beacon key of the branch key `{branch_key_id}` can not be had")]
    Keys {
        /// The branch key.
        branch_key_id: String,
        /// Why.
        #[source]
        source: MaterialsError,
    },
}
