//! Keys of a store, which has versions of them: items are sealed with the newest, and opened with the one they name.

use std::fmt::{self, Debug};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dynaseal_core::{BoxFuture, Clock, LegacyError};
use lru::LruCache;

use crate::ddbec::description::names;
use crate::ddbec::{
    ConfigError, DecryptionMaterials, EncryptionMaterials, Error, ItemContext, MaterialDescription, MaterialsProvider,
};

/// How long others go on with what is cached while one asks the store again: upstream's grace period.
const GRACE: Duration = Duration::from_millis(500);
/// Upstream's size of the cache.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(1000).expect("1000 is not 0");

/// Keeps providers by name and version.
pub trait MetaStore: Debug + Send + Sync {
    /// The newest version of a name; `None` if there is none.
    fn latest_version<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<u64>, LegacyError>>;

    /// A version that exists. [`Error::NoVersion`] otherwise.
    fn provider<'a>(
        &'a self,
        name: &'a str,
        version: u64,
    ) -> BoxFuture<'a, Result<Arc<dyn MaterialsProvider>, LegacyError>>;

    /// A version, made if it does not exist. Of two that make it, both get what the first one made.
    fn get_or_create_provider<'a>(
        &'a self,
        name: &'a str,
        version: u64,
    ) -> BoxFuture<'a, Result<Arc<dyn MaterialsProvider>, LegacyError>>;
}

/// Seals with the newest materials of a name and opens with those that the item names.
///
/// What the store says is believed for a while. Then one caller asks it again; for half a second more others go on with
/// what is cached. Versions are read from what nobody signs: an item can make this ask for any version, once for each time
/// that it is opened and not cached, and can not make it take keys that are not the store's.
pub struct MostRecentProvider {
    store: Arc<dyn MetaStore>,
    name: String,
    ttl: Duration,
    clock: Arc<dyn Clock>,
    cache: Mutex<Cache>,
}

struct Cache {
    latest: Option<Cached<u64>>,
    providers: LruCache<u64, Cached<Arc<dyn MaterialsProvider>>>,
}

struct Cached<T> {
    value: T,
    since: Duration,
    /// Somebody is asking for a newer one.
    asked: bool,
}

impl<T: Clone> Cached<T> {
    fn new(value: T, since: Duration) -> Self {
        Self { value, since, asked: false }
    }

    /// The value, unless it is too old; the first one to see that it is has to ask.
    fn live(&mut self, now: Duration, ttl: Duration) -> Option<T> {
        let age = now.saturating_sub(self.since);
        let is_live = age < ttl || (self.asked && age < ttl.saturating_add(GRACE));
        self.asked |= !is_live;
        is_live.then(|| self.value.clone())
    }
}

impl MostRecentProvider {
    /// For materials of a name. `ttl` is how long the store is not asked again.
    ///
    /// # Errors
    /// [`ConfigError::MaterialName`] for names that upstream can not read back.
    pub fn new(
        store: Arc<dyn MetaStore>,
        name: impl Into<String>,
        ttl: Duration,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        let name = name.into();
        if name.is_empty() || name.contains('#') {
            return Err(ConfigError::MaterialName);
        }
        let cache = Mutex::new(Cache { latest: None, providers: LruCache::new(CAPACITY) });
        Ok(Self { store, name, ttl, clock, cache })
    }

    /// The same with room for another number of versions than 1000.
    #[must_use]
    pub fn with_capacity(self, capacity: NonZeroUsize) -> Self {
        self.cache().providers.resize(capacity);
        self
    }

    /// Forgets all that is cached.
    pub fn refresh(&self) {
        let mut cache = self.cache();
        cache.latest = None;
        cache.providers.clear();
    }

    /// Every state of the cache is a right one, so a thread that panicked left it so.
    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn newest(&self) -> Result<Arc<dyn MaterialsProvider>, LegacyError> {
        let now = self.clock.now();
        let known = self.cache().latest.as_mut().and_then(|latest| latest.live(now, self.ttl));
        if let Some(version) = known {
            return self.version(version).await;
        }
        let (version, provider) = match self.store.latest_version(&self.name).await? {
            Some(version) => (version, self.version(version).await?),
            None => (0, self.store.get_or_create_provider(&self.name, 0).await?),
        };
        let mut cache = self.cache();
        cache.latest = Some(Cached::new(version, now));
        cache.providers.get_or_insert_mut(version, || Cached::new(Arc::clone(&provider), now));
        Ok(provider)
    }

    async fn version(&self, version: u64) -> Result<Arc<dyn MaterialsProvider>, LegacyError> {
        let now = self.clock.now();
        let known = self.cache().providers.get_mut(&version).and_then(|provider| provider.live(now, self.ttl));
        if let Some(provider) = known {
            return Ok(provider);
        }
        let provider = self.store.provider(&self.name, version).await?;
        self.cache().providers.put(version, Cached::new(Arc::clone(&provider), now));
        Ok(provider)
    }
}

/// The version that an item names. The name before it is not looked at, as upstream does not.
fn version_of(description: &MaterialDescription) -> Result<u64, Error> {
    let id = description.get(names::META_ID).ok_or(Error::Missing(names::META_ID))?;
    let version = id.split_once('#').map(|(_, version)| version);
    version
        .filter(|version| version.bytes().all(|digit| digit.is_ascii_digit()))
        .and_then(|version| version.parse().ok())
        .ok_or_else(|| Error::not_taken(names::META_ID, id))
}

impl Debug for MostRecentProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MostRecentProvider")
            .field("store", &self.store)
            .field("name", &self.name)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

impl MaterialsProvider for MostRecentProvider {
    fn encryption_materials<'a>(
        &'a self,
        context: &'a ItemContext<'a>,
    ) -> BoxFuture<'a, Result<EncryptionMaterials, LegacyError>> {
        Box::pin(async { self.newest().await?.encryption_materials(context).await })
    }

    fn decryption_materials<'a>(
        &'a self,
        context: &'a ItemContext<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, LegacyError>> {
        Box::pin(async { self.version(version_of(context.description)?).await?.decryption_materials(context).await })
    }
}
