//! Branch keys in memory for a while (specification: `framework/cryptographic-materials-cache.md`,
//! `local-cryptographic-materials-cache.md`, `storm-tracking-cryptographic-materials-cache.md`).
//!
//! A [`BranchKeyCache`] holds the keys and may be shared; a [`CachedBranchKeys`] stands between one keyring and its key
//! store and says how old a key may be. Entries are shared exactly if partition id, logical key store name, branch key
//! id and, for opening, version are equal, which is what the specification hashes into its cache ids. They never leave
//! the process, so they are compared here as they are.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dynaseal_core::{
    BoxFuture, BranchKeyMaterials, BranchKeySource, Clock, MaterialsError, SecureRandom, SystemRandom,
};
use lru::LruCache;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

use crate::clock::SystemClock;

/// How a cache behaves when many want the same key, or many keys, at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StormTracking {
    /// Before a key expires, it is fetched again in the background for this long; meanwhile the old one is used. Has to
    /// be shorter than every time to live.
    pub grace_period: Duration,
    /// The least time between two such attempts for one key.
    pub grace_interval: Duration,
    /// How many different keys are fetched at the same time.
    pub fan_out: usize,
    /// How long a fetch may take; all who wait for it get an error then.
    pub in_flight_ttl: Duration,
}

impl Default for StormTracking {
    /// As in the official clients: 10 s, 1 s, 20 keys, 10 s.
    fn default() -> Self {
        Self {
            grace_period: Duration::from_secs(10),
            grace_interval: Duration::from_secs(1),
            fan_out: 20,
            in_flight_ttl: Duration::from_secs(10),
        }
    }
}

impl StormTracking {
    /// Another grace period.
    #[must_use]
    pub fn grace_period(mut self, period: Duration) -> Self {
        self.grace_period = period;
        self
    }

    /// Another grace interval.
    #[must_use]
    pub fn grace_interval(mut self, interval: Duration) -> Self {
        self.grace_interval = interval;
        self
    }

    /// Another number of keys at a time; at least one.
    #[must_use]
    pub fn fan_out(mut self, keys: usize) -> Self {
        self.fan_out = keys.max(1);
        self
    }

    /// Another limit for a fetch.
    #[must_use]
    pub fn in_flight_ttl(mut self, ttl: Duration) -> Self {
        self.in_flight_ttl = ttl;
        self
    }
}

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
    #[error("the time to live is zero: give the key store itself to the keyring instead, to have no cache")]
    Zero,
    /// No randomness for a partition id.
    #[error("no randomness for a partition id")]
    Random,
}

/// Branch keys, shared by everybody who has the same cache and partition id.
///
/// Whoever shares it gets keys that another has fetched, also where the own key store or AWS KMS would say no.
pub struct BranchKeyCache {
    state: Mutex<State>,
    storm: Option<StormTracking>,
    permits: Semaphore,
    clock: Arc<dyn Clock>,
}

struct State {
    entries: LruCache<Id, Entry>,
    flights: HashMap<Id, watch::Receiver<Option<Outcome>>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Id {
    partition: Arc<Partition>,
    branch_key_id: Box<str>,
    /// The active version if there is none.
    version: Option<Uuid>,
}

#[derive(PartialEq, Eq, Hash)]
struct Partition {
    id: String,
    logical_key_store_name: String,
}

struct Entry {
    materials: Arc<BranchKeyMaterials>,
    created: Duration,
    expires: Duration,
    refreshed: Option<Duration>,
}

type Outcome = Result<Arc<BranchKeyMaterials>, Arc<MaterialsError>>;

impl BranchKeyCache {
    /// Keeps the `capacity` keys that were used last. If many want a key that is not there, each fetches it.
    pub fn local(capacity: NonZeroUsize) -> Arc<Self> {
        Self::build(capacity, None, Arc::new(SystemClock::new()))
    }

    /// The same, but one fetches while the others wait, and keys are fetched again before they expire. The default.
    pub fn storm_tracking(capacity: NonZeroUsize, storm: StormTracking) -> Arc<Self> {
        Self::build(capacity, Some(storm), Arc::new(SystemClock::new()))
    }

    /// With a clock of your own; without `storm` it is a local cache.
    pub fn with_clock(capacity: NonZeroUsize, storm: Option<StormTracking>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Self::build(capacity, storm, clock)
    }

    fn build(capacity: NonZeroUsize, storm: Option<StormTracking>, clock: Arc<dyn Clock>) -> Arc<Self> {
        let state = Mutex::new(State { entries: LruCache::new(capacity), flights: HashMap::new() });
        let permits = storm.map_or(Semaphore::MAX_PERMITS, |storm| storm.fan_out.clamp(1, Semaphore::MAX_PERMITS));
        Arc::new(Self { state, storm, permits: Semaphore::new(permits), clock })
    }

    /// What to do for someone who wants a key that is younger than `ttl`.
    fn step(self: &Arc<Self>, id: &Id, ttl: Duration) -> Step {
        let now = self.clock.now();
        let mut state = self.lock();
        let State { entries, flights } = &mut *state;
        if let Some(entry) = entries.get_mut(id) {
            let expires = entry.expires.min(entry.created.saturating_add(ttl));
            if now < expires {
                let materials = Arc::clone(&entry.materials);
                let refresh = self.storm.is_some_and(|storm| {
                    let waited = entry.refreshed.is_none_or(|last| now.saturating_sub(last) >= storm.grace_interval);
                    expires.saturating_sub(storm.grace_period) <= now && waited && !flights.contains_key(id)
                });
                if !refresh {
                    return Step::Use(materials);
                }
                entry.refreshed = Some(now);
                return Step::Refresh(materials, self.take_off(flights, id));
            }
        }
        match flights.get(id) {
            _ if self.storm.is_none() => Step::Fetch(None),
            Some(flight) => Step::Wait(flight.clone()),
            None => Step::Fetch(Some(self.take_off(flights, id))),
        }
    }

    fn take_off(self: &Arc<Self>, flights: &mut HashMap<Id, watch::Receiver<Option<Outcome>>>, id: &Id) -> Flight {
        let (sender, receiver) = watch::channel(None);
        flights.insert(id.clone(), receiver);
        Flight { cache: Arc::clone(self), id: id.clone(), sender }
    }

    fn put(&self, id: Id, materials: Arc<BranchKeyMaterials>, created: Duration, ttl: Duration) {
        let expires = created.saturating_add(ttl);
        self.lock().entries.put(id, Entry { materials, created, expires, refreshed: None });
    }

    /// Nothing that holds the lock leaves the state half written, so a panic elsewhere does no harm.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for BranchKeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BranchKeyCache({} keys, redacted)", self.lock().entries.len())
    }
}

enum Step {
    Use(Arc<BranchKeyMaterials>),
    Refresh(Arc<BranchKeyMaterials>, Flight),
    Fetch(Option<Flight>),
    Wait(watch::Receiver<Option<Outcome>>),
}

/// A fetch that others wait for. If it is dropped before it lands, because its caller went away, the next of those who
/// wait takes over.
struct Flight {
    cache: Arc<BranchKeyCache>,
    id: Id,
    sender: watch::Sender<Option<Outcome>>,
}

impl Flight {
    fn land(self, outcome: Outcome) {
        self.sender.send_replace(Some(outcome));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.cache.lock().flights.remove(&self.id);
    }
}

/// Branch keys of a key store, kept in a cache for a while.
///
/// Needs a Tokio runtime with timers wherever the AWS SDK does, that is when a key has to be fetched.
#[derive(Clone)]
pub struct CachedBranchKeys(Arc<Inner>);

struct Inner {
    source: Arc<dyn BranchKeySource>,
    cache: Arc<BranchKeyCache>,
    partition: Arc<Partition>,
    ttl: Duration,
}

impl CachedBranchKeys {
    /// Keeps keys of `source` for `ttl`, in a storm-tracking cache of 1000 keys of its own.
    ///
    /// # Errors
    /// If `ttl` is not longer than the grace period of 10 seconds.
    pub fn new(source: Arc<dyn BranchKeySource>, ttl: Duration) -> Result<Self, CacheError> {
        let capacity = NonZeroUsize::new(1000).ok_or(CacheError::Zero)?;
        let mut random = [0; 16];
        SystemRandom.fill(&mut random).map_err(|_| CacheError::Random)?;
        let partition_id = Uuid::from_bytes(random).to_string();
        let cache = BranchKeyCache::storm_tracking(capacity, StormTracking::default());
        Self::shared(source, ttl, cache, "", partition_id)
    }

    /// Keeps keys of `source` for `ttl` in a cache that others may use as well. Those with the same partition id and
    /// logical key store name share their keys; each looks at the age by its own `ttl`.
    ///
    /// Two key stores must not have the same logical name, as the specification demands.
    ///
    /// # Errors
    /// If `ttl` is zero, or not longer than the grace period of the cache.
    pub fn shared(
        source: Arc<dyn BranchKeySource>,
        ttl: Duration,
        cache: Arc<BranchKeyCache>,
        logical_key_store_name: impl Into<String>,
        partition_id: impl Into<String>,
    ) -> Result<Self, CacheError> {
        if ttl.is_zero() {
            return Err(CacheError::Zero);
        }
        match cache.storm {
            Some(StormTracking { grace_period, .. }) if ttl <= grace_period => {
                Err(CacheError::TimeToLive { ttl, grace_period })
            }
            _ => {
                let partition =
                    Partition { id: partition_id.into(), logical_key_store_name: logical_key_store_name.into() };
                Ok(Self(Arc::new(Inner { source, cache, partition: Arc::new(partition), ttl })))
            }
        }
    }

    fn get<'a>(
        &'a self,
        branch_key_id: &str,
        version: Option<Uuid>,
    ) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        let id = Id { partition: Arc::clone(&self.0.partition), branch_key_id: branch_key_id.into(), version };
        match self.0.cache.step(&id, self.0.ttl) {
            Step::Use(materials) => Box::pin(std::future::ready(Ok(materials))),
            step => Box::pin(self.follow(id, step)),
        }
    }

    async fn follow(&self, id: Id, mut step: Step) -> Result<Arc<BranchKeyMaterials>, MaterialsError> {
        loop {
            match step {
                Step::Use(materials) => return Ok(materials),
                Step::Refresh(materials, flight) => {
                    self.refresh(id, flight).await;
                    return Ok(materials);
                }
                Step::Fetch(None) => return self.0.fetch(&id).await,
                Step::Fetch(Some(flight)) => {
                    let outcome = self.0.fetch(&id).await.map_err(Arc::new);
                    flight.land(outcome.clone());
                    return outcome.map_err(MaterialsError::Shared);
                }
                Step::Wait(mut flight) => {
                    // The flight has a limit of its own, so this ends.
                    if let Ok(outcome) = flight.wait_for(Option::is_some).await
                        && let Some(outcome) = outcome.clone()
                    {
                        return outcome.map_err(MaterialsError::Shared);
                    }
                }
            }
            step = self.0.cache.step(&id, self.0.ttl);
        }
    }

    /// In the background where there is a runtime. What goes wrong is not told: the old key is still good, and whoever
    /// comes after it expired hears about it.
    async fn refresh(&self, id: Id, flight: Flight) {
        if self.0.cache.permits.available_permits() == 0 {
            return;
        }
        let inner = Arc::clone(&self.0);
        let refresh = async move { flight.land(inner.fetch(&id).await.map_err(Arc::new)) };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(refresh)),
            Err(_) => refresh.await,
        }
    }
}

impl Inner {
    async fn fetch(&self, id: &Id) -> Result<Arc<BranchKeyMaterials>, MaterialsError> {
        let fetch = async {
            let _permit = self.cache.permits.acquire().await;
            // Before the call, so that a slow answer does not live longer.
            let created = self.cache.clock.now();
            let materials = match id.version {
                Some(version) => self.source.version(&id.branch_key_id, version).await?,
                None => self.source.active(&id.branch_key_id).await?,
            };
            self.cache.put(id.clone(), Arc::clone(&materials), created, self.ttl);
            Ok(materials)
        };
        match self.cache.storm {
            Some(storm) if Handle::try_current().is_ok() => {
                let limit = storm.in_flight_ttl;
                let late = |_| MaterialsError::Service {
                    what: format!("fetching the branch key {}", id.branch_key_id),
                    source: format!("no answer from the key store and AWS KMS in {limit:?}").into(),
                };
                tokio::time::timeout(limit, fetch).await.map_err(late)?
            }
            _ => fetch.await,
        }
    }
}

impl fmt::Debug for CachedBranchKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedBranchKeys")
            .field("source", &self.0.source)
            .field("cache", &self.0.cache)
            .field("ttl", &self.0.ttl)
            .finish_non_exhaustive()
    }
}

impl BranchKeySource for CachedBranchKeys {
    fn active<'a>(&'a self, branch_key_id: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        self.get(branch_key_id, None)
    }

    fn version<'a>(
        &'a self,
        branch_key_id: &'a str,
        version: Uuid,
    ) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        self.get(branch_key_id, Some(version))
    }
}
