//! Searchable encryption (specification: `searchable-encryption/`): beacons, and queries over them.
//!
//! A beacon is a short keyed hash of an encrypted value, stored beside the item. DynamoDB finds items by it without seeing
//! the value; as several values share a beacon, it finds some too many, which are taken out after opening.
//!
//! Give a [`SearchConfig`] to a sealed table, and go on as before.
//!
//! | what | where |
//! | --- | --- |
//! | what a table can be searched by, as it is written down | [`SearchConfig`], `config.rs` |
//! | every rule about that | `build.rs`, [`SearchConfigError`] |
//! | values of beacons | `standard.rs`, `compound.rs`, `virtual_field.rs`, `transform.rs`, `location.rs` |
//! | partitions | `partition.rs`, [`PartitionSelector`] |
//! | whose key it is | `keys.rs`, [`BeaconKeys`] |
//! | writing | `write.rs` |
//! | how long a beacon should be, and who can tell what | [`plan`] |
//! | reading: names and values of a query, and what comes back too many | `query.rs` |

mod build;
mod compound;
mod config;
mod error;
mod keys;
mod location;
mod partition;
pub mod plan;
mod query;
mod search;
mod standard;
mod transform;
mod virtual_field;
mod write;

pub use build::{Named, SearchConfigError};
pub use config::{
    BeaconStyle, CompoundBeacon, Constructor, EncryptedPart, SearchConfig, SignedPart, StandardBeacon, VirtualField,
};
pub use error::BeaconError;
pub use keys::BeaconKeys;
pub use location::LocationError;
pub use partition::{PartitionSelector, RandomPartition};
pub use query::{Analysis, BoundResults, PARTITION_VALUE, QueryError, QueryRequest, Results};
pub use search::{BeaconInfo, STORED_PREFIX, Search};
pub use transform::Transform;
pub use write::PendingBeacons;
