//! Which beacon key is whose, and the keys of all beacons that come from it (specification:
//! `searchable-encryption/search-config.md`, Beacon Key Source).

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use dynaseal_core::{BeaconHmacKey, BeaconKey, BeaconKeySource, MaterialsError, StaticBeaconKeySource};
use lru::LruCache;

/// The branch key id under which a single key in memory is found.
const FIXED: &str = "fixed";

/// Where the beacon keys of a table come from.
#[derive(Clone, Debug)]
pub struct BeaconKeys {
    pub(crate) source: Arc<dyn BeaconKeySource>,
    pub(crate) owner: Owner,
}

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// All items have the same.
    Table {
        /// Its branch key.
        branch_key_id: String,
    },
    /// Each tenant has its own: that of the branch key that seals its items.
    Tenant {
        /// The attribute that names it in queries.
        key_field: String,
    },
}

impl BeaconKeys {
    /// All items have the beacon key of this branch key. A branch key store asks every time: put a cache before it
    /// (`CachedBeaconKeys`).
    pub fn single(source: Arc<dyn BeaconKeySource>, branch_key_id: impl Into<String>) -> Self {
        Self { source, owner: Owner::Table { branch_key_id: branch_key_id.into() } }
    }

    /// Each item has the beacon key of the branch key that it is sealed with. Queries say whose items they want: they have
    /// an equality on `key_field` or on a compound beacon with it as a signed part.
    ///
    /// Items have to be sealed by a hierarchical keyring and nothing beside it. The attribute `key_field` holds the branch
    /// key's id; it must not be encrypted. If it is signed it is stored, otherwise, also if it is `DO_NOTHING`, it is taken out
    /// of items when they are written. A request that names a tenant gets nothing of others.
    pub fn by_tenant(source: Arc<dyn BeaconKeySource>, key_field: impl Into<String>) -> Self {
        Self { source, owner: Owner::Tenant { key_field: key_field.into() } }
    }

    /// All items have this key, 32 random bytes that are kept as the keyring's are: without it, items can be opened but not
    /// found. AWS's clients take beacon keys from a key store only.
    pub fn fixed(key: BeaconKey) -> Self {
        Self::single(Arc::new(StaticBeaconKeySource::new(FIXED, key)), FIXED)
    }
}

/// How many tenants' derived keys are kept: as many as the official clients keep beacon keys.
const TENANTS: NonZeroUsize = NonZeroUsize::new(1000).expect("not zero");

/// The HMAC keys of all beacons, for the owners that were asked for last.
pub(crate) struct DerivedKeys {
    keys: BeaconKeys,
    /// Names of the beacons that have keys.
    names: Vec<String>,
    /// How long a key may be used is up to the source: what is derived here is used as long as the source gives the same
    /// `Arc`.
    derived: Mutex<LruCache<String, Derived>>,
}

#[derive(Clone)]
struct Derived {
    from: Arc<BeaconKey>,
    keys: Arc<[BeaconHmacKey]>,
}

impl DerivedKeys {
    pub(crate) fn new(keys: BeaconKeys, names: Vec<String>) -> Self {
        let capacity = match keys.owner {
            Owner::Table { .. } => NonZeroUsize::MIN,
            Owner::Tenant { .. } => TENANTS,
        };
        Self { keys, names, derived: Mutex::new(LruCache::new(capacity)) }
    }

    pub(crate) fn owner(&self) -> &Owner {
        &self.keys.owner
    }

    pub(crate) async fn of(&self, branch_key_id: &str) -> Result<Arc<[BeaconHmacKey]>, MaterialsError> {
        let from = self.keys.source.beacon_key(branch_key_id).await?;
        if let Some(derived) = self.lock().get(branch_key_id)
            && Arc::ptr_eq(&derived.from, &from)
        {
            return Ok(Arc::clone(&derived.keys));
        }
        let keys: Arc<[_]> = from.hmac_keys(self.names.iter().map(String::as_str))?.into();
        self.lock().put(branch_key_id.to_owned(), Derived { from, keys: Arc::clone(&keys) });
        Ok(keys)
    }

    /// Nothing that holds the lock leaves the map half written, so a panic elsewhere does no harm.
    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<String, Derived>> {
        self.derived.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for DerivedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DerivedKeys").field("keys", &self.keys).field("names", &self.names).finish_non_exhaustive()
    }
}
