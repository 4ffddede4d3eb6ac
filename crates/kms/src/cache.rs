//! Branch keys and beacon keys in memory for a while (specification: `framework/cryptographic-materials-cache.md`,
//! `local-cryptographic-materials-cache.md`, `storm-tracking-cryptographic-materials-cache.md`; of beacon keys
//! `searchable-encryption/search-config.md`, Key Store Cache, Partition ID, Get Beacon Key Materials, Searchable
//! Encryption Cache Identifier, Shared Cache Considerations).
//!
//! A [`BranchKeyCache`] holds the keys and may be shared; a [`CachedBranchKeys`] stands between one keyring and its key
//! store, a [`CachedBeaconKeys`] between the searches of a table and theirs, and each says how old a key may be. Entries
//! are shared exactly if scope, partition id, logical key store name, branch key id and, for opening, version are equal,
//! which is what the specification hashes into its cache ids. They never leave the process, so they are compared here as
//! they are.
//!
//! | what | where |
//! | --- | --- |
//! | how a herd is held back | `storm.rs`, [`StormTracking`] |
//! | entries, fetches that are under way, who shares what | `memory.rs`, [`BranchKeyCache`] |
//! | what a reader does when there is no key | `reader.rs` |
//! | the scopes | `branch_keys.rs`, [`CachedBranchKeys`]; `beacon_keys.rs`, [`CachedBeaconKeys`] |

mod beacon_keys;
mod branch_keys;
mod memory;
mod reader;
mod storm;

use std::time::Duration;

pub use beacon_keys::CachedBeaconKeys;
pub use branch_keys::CachedBranchKeys;
pub use memory::BranchKeyCache;
pub use storm::StormTracking;

/// A cache that can not be used so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// Keys would always be in their grace period, and fetched all the time.
    #[error("the time to live ({ttl:?}) has to be longer than the grace period of the cache ({grace_period:?})")]
    TimeToLive {
        /// The time to live.
        ttl: Duration,
        /// The grace period.
        grace_period: Duration,
    },
    /// Nothing would ever be cached.
    #[error("the time to live is zero: use the key store itself instead, to have no cache")]
    Zero,
    /// No randomness for a partition id.
    #[error("no randomness for a partition id")]
    Random,
}
