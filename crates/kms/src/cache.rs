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
    flights: HashMap<Id, InFlight>,
}

/// A fetch that is under way.
struct InFlight {
    outcome: watch::Receiver<Option<Outcome>>,
    /// Whose failure is whose: a cache may be shared by sources of which one may ask AWS KMS and another may not.
    source: Arc<dyn BranchKeySource>,
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
    /// That of who fetched it. Readers look at the age by their own; beyond both the key is dropped.
    ttl: Duration,
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

    /// A key that is younger than `ttl` and needs nothing done about it.
    fn hit(&self, id: &Id, ttl: Duration) -> Option<Arc<BranchKeyMaterials>> {
        match self.lookup(&mut self.lock(), id, ttl)? {
            (materials, false) => Some(materials),
            (_, true) => None,
        }
    }

    /// What to do for someone who wants a key that is younger than `ttl`.
    fn step(self: &Arc<Self>, id: &Id, ttl: Duration, source: &Arc<dyn BranchKeySource>) -> Step {
        let mut state = self.lock();
        match self.lookup(&mut state, id, ttl) {
            Some((materials, false)) => return Step::Use(materials),
            Some((materials, true)) => {
                if let Some(entry) = state.entries.get_mut(id) {
                    entry.refreshed = Some(self.clock.now());
                }
                return Step::Refresh(materials, self.take_off(&mut state, id, source));
            }
            None => {}
        }
        match state.flights.get(id) {
            _ if self.storm.is_none() => Step::Fetch(None),
            Some(InFlight { outcome, source: other }) => {
                let is_own = std::ptr::addr_eq(Arc::as_ptr(other), Arc::as_ptr(source));
                Step::Wait { outcome: outcome.clone(), is_own }
            }
            None => Step::Fetch(Some(self.take_off(&mut state, id, source))),
        }
    }

    /// The key, and whether somebody should fetch it again; `None` if there is none that is young enough.
    fn lookup(&self, state: &mut State, id: &Id, ttl: Duration) -> Option<(Arc<BranchKeyMaterials>, bool)> {
        let now = self.clock.now();
        let State { entries, flights } = state;
        let entry = entries.get(id)?;
        let age = now.saturating_sub(entry.created);
        if age >= ttl {
            if age >= entry.ttl {
                entries.pop(id);
            }
            return None;
        }
        let wants_refresh = self.storm.is_some_and(|storm| {
            let waited = entry.refreshed.is_none_or(|last| now.saturating_sub(last) >= storm.grace_interval);
            age >= ttl.saturating_sub(storm.grace_period) && waited && !flights.contains_key(id)
        });
        Some((Arc::clone(&entry.materials), wants_refresh))
    }

    fn take_off(self: &Arc<Self>, state: &mut State, id: &Id, source: &Arc<dyn BranchKeySource>) -> Flight {
        let (sender, outcome) = watch::channel(None);
        let in_flight = InFlight { outcome: outcome.clone(), source: Arc::clone(source) };
        state.flights.insert(id.clone(), in_flight);
        Flight { cache: Arc::clone(self), id: id.clone(), sender, outcome }
    }

    /// Forgets a flight, unless another one has taken its place.
    fn abandon(&self, id: &Id, outcome: &watch::Receiver<Option<Outcome>>) {
        let mut state = self.lock();
        if state.flights.get(id).is_some_and(|flight| flight.outcome.same_channel(outcome)) {
            state.flights.remove(id);
        }
    }

    fn put(&self, id: Id, materials: Arc<BranchKeyMaterials>, created: Duration, ttl: Duration) {
        let now = self.clock.now();
        let entries = &mut self.lock().entries;
        // Keys that nobody asks for any more would otherwise stay in memory until there is no room.
        while entries.peek_lru().is_some_and(|(_, entry)| now.saturating_sub(entry.created) >= entry.ttl) {
            entries.pop_lru();
        }
        entries.put(id, Entry { materials, created, ttl, refreshed: None });
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
    Wait { outcome: watch::Receiver<Option<Outcome>>, is_own: bool },
}

/// A fetch that others wait for. If it is dropped before it lands, the next of those who wait takes over.
struct Flight {
    cache: Arc<BranchKeyCache>,
    id: Id,
    sender: watch::Sender<Option<Outcome>>,
    outcome: watch::Receiver<Option<Outcome>>,
}

impl Flight {
    fn land(self, outcome: Outcome) {
        self.sender.send_replace(Some(outcome));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.cache.abandon(&self.id, &self.outcome);
    }
}

/// Branch keys of a key store, kept in a cache for a while.
///
/// Needs a Tokio runtime with timers wherever the AWS SDK does, that is when a key has to be fetched. The fetch is a task of
/// that runtime, so it goes on when the caller goes away, and needs the runtime to go on, too.
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
        let cache = BranchKeyCache::storm_tracking(capacity, StormTracking::default());
        Self::shared(source, ttl, cache, random_name()?)
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
        if ttl.is_zero() {
            return Err(CacheError::Zero);
        }
        match cache.storm {
            Some(StormTracking { grace_period, .. }) if ttl <= grace_period => {
                Err(CacheError::TimeToLive { ttl, grace_period })
            }
            _ => {
                let logical_key_store_name = match source.logical_key_store_name() {
                    Some(name) => name.to_owned(),
                    None => random_name()?,
                };
                let partition = Arc::new(Partition { id: partition_id.into(), logical_key_store_name });
                Ok(Self(Arc::new(Inner { source, cache, partition, ttl })))
            }
        }
    }

    fn get<'a>(
        &'a self,
        branch_key_id: &str,
        version: Option<Uuid>,
    ) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        let id = Id { partition: Arc::clone(&self.0.partition), branch_key_id: branch_key_id.into(), version };
        match self.0.cache.hit(&id, self.0.ttl) {
            Some(materials) => Box::pin(std::future::ready(Ok(materials))),
            // Nothing else is done before the future is polled: others would wait for one that only lies there.
            None => Box::pin(self.follow(id)),
        }
    }

    async fn follow(&self, id: Id) -> Result<Arc<BranchKeyMaterials>, MaterialsError> {
        let Inner { cache, source, ttl, .. } = &*self.0;
        let mut step = cache.step(&id, *ttl, source);
        loop {
            step = match step {
                Step::Use(materials) => return Ok(materials),
                Step::Refresh(materials, flight) => {
                    // What goes wrong is not told: the old key is still good, and whoever comes after it expired hears
                    // about it.
                    self.launch(flight).await;
                    return Ok(materials);
                }
                Step::Fetch(None) => return self.0.fetch(&id).await,
                Step::Fetch(Some(flight)) => {
                    let outcome = flight.outcome.clone();
                    self.launch(flight).await;
                    Step::Wait { outcome, is_own: true }
                }
                Step::Wait { mut outcome, is_own } => {
                    let landed = self.limited(outcome.wait_for(Option::is_some)).await;
                    match landed.map(|landed| landed.ok().and_then(|outcome| outcome.clone())) {
                        Some(Some(Ok(materials))) => return Ok(materials),
                        Some(Some(Err(error))) if is_own => return Err(MaterialsError::Shared(error)),
                        // What another may not, this one perhaps may.
                        Some(Some(Err(_))) => return self.0.fetch(&id).await,
                        // It was dropped, or its runtime stands still.
                        Some(None) => cache.step(&id, *ttl, source),
                        None => {
                            cache.abandon(&id, &outcome);
                            cache.step(&id, *ttl, source)
                        }
                    }
                }
            };
        }
    }

    /// In the background where there is a runtime, so that no caller can leave the others waiting.
    async fn launch(&self, flight: Flight) {
        let inner = Arc::clone(&self.0);
        let fetch = async move {
            let outcome = inner.fetch(&flight.id).await.map_err(Arc::new);
            flight.land(outcome);
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(fetch)),
            Err(_) => fetch.await,
        }
    }

    /// A flight ends by itself in `in_flight_ttl`, if its runtime is alive; `None` if it did not.
    async fn limited<T>(&self, waiting: impl Future<Output = T>) -> Option<T> {
        match self.0.cache.storm {
            Some(storm) if Handle::try_current().is_ok() => {
                let limit = storm.in_flight_ttl.saturating_add(storm.in_flight_ttl / 4);
                tokio::time::timeout(limit, waiting).await.ok()
            }
            _ => Some(waiting.await),
        }
    }
}

fn random_name() -> Result<String, CacheError> {
    let mut random = [0; 16];
    SystemRandom.fill(&mut random).map_err(|_| CacheError::Random)?;
    Ok(Uuid::from_bytes(random).to_string())
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
            let is_right = id.version.is_none_or(|version| version == materials.version());
            if !is_right || *id.branch_key_id != *materials.branch_key_id() {
                return Err(MaterialsError::OtherBranchKey { branch_key_id: id.branch_key_id.to_string() });
            }
            self.cache.put(id.clone(), Arc::clone(&materials), created, self.ttl);
            Ok(materials)
        };
        match self.cache.storm {
            Some(storm) if Handle::try_current().is_ok() => {
                let limit = storm.in_flight_ttl;
                let late = |_| MaterialsError::Service {
                    what: format!("fetching the branch key {}", id.branch_key_id),
                    source: format!(
                        "no answer from the key store and AWS KMS in {limit:?}, the time until it was its turn included"
                    )
                    .into(),
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
