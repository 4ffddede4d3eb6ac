//! Branch keys in a cache: what seals and what opens (specification: `framework/aws-kms/aws-kms-hierarchical-keyring.md`,
//! Appendix A: Cache Entry Identifier Formulas).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dynaseal_core::{BoxFuture, BranchKeyMaterials, BranchKeySource, MaterialsError};
use uuid::Uuid;

use super::CacheError;
use super::memory::{BranchKeyCache, Key, Kind, SourceId};
use super::reader::{Reader, Scope};

/// Branch keys of a key store, kept in a cache for a while.
///
/// Needs a Tokio runtime with timers wherever the AWS SDK does, that is when a key has to be fetched. The fetch is a task of
/// that runtime, so it goes on when the caller goes away, and needs the runtime to go on, too.
#[derive(Clone)]
pub struct CachedBranchKeys(Arc<Reader<Branch>>);

impl CachedBranchKeys {
    /// Keeps keys of `source` for `ttl`, in a storm-tracking cache of 1000 keys of its own.
    ///
    /// # Errors
    /// If `ttl` is not longer than the grace period of 10 seconds.
    pub fn new(source: Arc<dyn BranchKeySource>, ttl: Duration) -> Result<Self, CacheError> {
        Reader::new(source, ttl).map(Self)
    }

    /// Keeps keys of `source` for `ttl` in a cache that others may use as well. Those with the same partition id, whose
    /// key stores have the same logical name, share their keys; each looks at the age by its own `ttl`. A source without
    /// a logical name shares with nobody.
    ///
    /// Two key stores must not have the same logical name, as the specification demands: records would be sealed with
    /// keys of the other store.
    ///
    /// # Errors
    /// If `ttl` is zero, or not longer than the grace period of the cache.
    pub fn shared(
        source: Arc<dyn BranchKeySource>,
        ttl: Duration,
        cache: Arc<BranchKeyCache>,
        partition_id: impl Into<String>,
    ) -> Result<Self, CacheError> {
        Reader::shared(source, ttl, cache, partition_id.into()).map(Self)
    }
}

impl fmt::Debug for CachedBranchKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("CachedBranchKeys", f)
    }
}

impl BranchKeySource for CachedBranchKeys {
    fn active<'a>(&'a self, branch_key_id: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        self.0.get(branch_key_id, None)
    }

    fn version<'a>(
        &'a self,
        branch_key_id: &'a str,
        version: Uuid,
    ) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        self.0.get(branch_key_id, Some(version))
    }
}

/// What the reader has to know about branch keys.
enum Branch {}

impl Scope for Branch {
    type Source = dyn BranchKeySource;
    type Key = BranchKeyMaterials;
    /// The active version if there is none.
    type Which = Option<Uuid>;

    const WHAT: &'static str = "branch key";

    fn kind(version: Option<Uuid>) -> Kind {
        version.map_or(Kind::Active, Kind::Version)
    }

    fn source_id(source: &Arc<dyn BranchKeySource>) -> SourceId {
        Arc::<dyn BranchKeySource>::clone(source)
    }

    fn logical_key_store_name(source: &dyn BranchKeySource) -> Option<&str> {
        source.logical_key_store_name()
    }

    fn fetch<'a>(
        source: &'a dyn BranchKeySource,
        branch_key_id: &'a str,
        version: Option<Uuid>,
    ) -> BoxFuture<'a, Result<Key, MaterialsError>> {
        Box::pin(async move {
            let materials = match version {
                Some(version) => source.version(branch_key_id, version).await?,
                None => source.active(branch_key_id).await?,
            };
            let is_right = version.is_none_or(|version| version == materials.version());
            if !is_right || branch_key_id != materials.branch_key_id() {
                return Err(MaterialsError::OtherBranchKey { branch_key_id: branch_key_id.to_owned() });
            }
            Ok(Key::Branch(materials))
        })
    }

    fn take(key: Key) -> Option<Arc<BranchKeyMaterials>> {
        match key {
            Key::Branch(materials) => Some(materials),
            Key::Beacon(_) => None,
        }
    }
}
