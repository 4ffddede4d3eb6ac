//! Beacon keys in a cache (specification: `searchable-encryption/search-config.md`, Key Store Cache, Partition ID, Get
//! Beacon Key Materials, Searchable Encryption Cache Identifier, Shared Cache Considerations).
//!
//! The specification puts the HMAC keys of all beacons into the cache. Here it is the beacon key that they are derived from,
//! so that tables with other beacons share it; whoever derives from it keeps what was derived as long as it gets the same
//! `Arc`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dynaseal_core::{BeaconKey, BeaconKeySource, BoxFuture, MaterialsError};

use super::CacheError;
use super::memory::{BranchKeyCache, Key, Kind, SourceId};
use super::reader::{Reader, Scope};

/// Beacon keys of a key store, kept in a cache for a while.
///
/// As long as a key is in the cache, everybody gets the same `Arc` of it. Needs a Tokio runtime as [`CachedBranchKeys`]
/// does.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use dynaseal_kms::{CacheError, CachedBeaconKeys, KeyStore};
/// use dynaseal_search::{BeaconKeys, SearchConfig, StandardBeacon};
///
/// /// Each tenant's names are found by its own key, which is asked for again after ten minutes.
/// fn search(store: KeyStore) -> Result<SearchConfig, CacheError> {
///     let keys = CachedBeaconKeys::new(Arc::new(store), Duration::from_secs(600))?;
///     Ok(SearchConfig::new(BeaconKeys::by_tenant(Arc::new(keys), "tenant")).standard(StandardBeacon::new("name", 12)))
/// }
/// ```
///
/// [`CachedBranchKeys`]: crate::CachedBranchKeys
#[derive(Clone)]
pub struct CachedBeaconKeys(Arc<Reader<Beacon>>);

impl CachedBeaconKeys {
    /// Keeps keys of `source` for `ttl`, in a storm-tracking cache of 1000 keys of its own.
    ///
    /// # Errors
    /// If `ttl` is not longer than the grace period of 10 seconds.
    pub fn new(source: Arc<dyn BeaconKeySource>, ttl: Duration) -> Result<Self, CacheError> {
        Reader::new(source, ttl).map(Self)
    }

    /// Keeps keys of `source` for `ttl` in a cache that others may use as well, keyrings included: beacon keys and branch
    /// keys never stand for each other. Those with the same partition id, whose key stores have the same logical name, share
    /// their keys; each looks at the age by its own `ttl`. A source without a logical name shares with nobody.
    ///
    /// Two key stores must not have the same logical name, as the specification demands: items would get beacons of keys
    /// of the other store, and not be found.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use dynaseal_kms::{BranchKeyCache, CacheError, CachedBeaconKeys, CachedBranchKeys, KeyStore, StormTracking};
    ///
    /// /// One cache for what seals and opens, and for what searches.
    /// fn keys(store: Arc<KeyStore>) -> Result<(CachedBranchKeys, CachedBeaconKeys), CacheError> {
    ///     let capacity = NonZeroUsize::MIN.saturating_add(999);
    ///     let cache = BranchKeyCache::storm_tracking(capacity, StormTracking::default());
    ///     let branch_keys = CachedBranchKeys::shared(store.clone(), Duration::from_secs(600), cache.clone(), "people")?;
    ///     let beacon_keys = CachedBeaconKeys::shared(store, Duration::from_secs(3600), cache, "people")?;
    ///     Ok((branch_keys, beacon_keys))
    /// }
    /// ```
    ///
    /// # Errors
    /// If `ttl` is zero, or not longer than the grace period of the cache.
    pub fn shared(
        source: Arc<dyn BeaconKeySource>,
        ttl: Duration,
        cache: Arc<BranchKeyCache>,
        partition_id: impl Into<String>,
    ) -> Result<Self, CacheError> {
        Reader::shared(source, ttl, cache, partition_id.into()).map(Self)
    }
}

impl fmt::Debug for CachedBeaconKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("CachedBeaconKeys", f)
    }
}

impl BeaconKeySource for CachedBeaconKeys {
    fn beacon_key<'a>(&'a self, branch_key_id: &'a str) -> BoxFuture<'a, Result<Arc<BeaconKey>, MaterialsError>> {
        self.0.get(branch_key_id, ())
    }
}

/// What the reader has to know about beacon keys.
enum Beacon {}

impl Scope for Beacon {
    type Source = dyn BeaconKeySource;
    type Key = BeaconKey;
    /// There is only one.
    type Which = ();

    const WHAT: &'static str = "beacon key of the branch key";

    fn kind((): ()) -> Kind {
        Kind::Beacon
    }

    fn source_id(source: &Arc<dyn BeaconKeySource>) -> SourceId {
        Arc::<dyn BeaconKeySource>::clone(source)
    }

    fn logical_key_store_name(source: &dyn BeaconKeySource) -> Option<&str> {
        source.logical_key_store_name()
    }

    fn fetch<'a>(
        source: &'a dyn BeaconKeySource,
        branch_key_id: &'a str,
        (): (),
    ) -> BoxFuture<'a, Result<Key, MaterialsError>> {
        Box::pin(async move { source.beacon_key(branch_key_id).await.map(Key::Beacon) })
    }

    fn take(key: Key) -> Option<Arc<BeaconKey>> {
        match key {
            Key::Beacon(key) => Some(key),
            Key::Branch(_) => None,
        }
    }
}
