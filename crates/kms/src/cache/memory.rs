//! What is in a cache: keys, and fetches that are under way (specification:
//! `framework/local-cryptographic-materials-cache.md`, `storm-tracking-cryptographic-materials-cache.md`).

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dynaseal_core::{BeaconKey, BranchKeyMaterials, Clock, MaterialsError};
use lru::LruCache;
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

use super::storm::StormTracking;
use crate::clock::SystemClock;

/// Branch keys and beacon keys, shared by everybody who has the same cache and partition id.
///
/// Keys to seal with, to open with and to make beacons with are entries of their own; all of them count for the capacity.
/// Whoever shares it gets keys that another has fetched, also where the own key store or AWS KMS would say no.
pub struct BranchKeyCache {
    state: Mutex<State>,
    pub(super) storm: Option<StormTracking>,
    pub(super) permits: Semaphore,
    pub(super) clock: Arc<dyn Clock>,
}

struct State {
    entries: LruCache<Id, Entry>,
    flights: HashMap<Id, InFlight>,
}

/// A fetch that is under way.
struct InFlight {
    outcome: watch::Receiver<Option<Outcome>>,
    /// Whose failure is whose: a cache may be shared by sources of which one may ask AWS KMS and another may not.
    source: SourceId,
}

/// What an entry is found by (specification: Cache Entry Identifier Formulas of the hierarchical keyring, Searchable
/// Encryption Cache Identifier).
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Id {
    pub(super) kind: Kind,
    pub(super) partition: Arc<Partition>,
    pub(super) branch_key_id: Box<str>,
}

/// The specification's scopes: 1, 2 and 3 in this order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// The branch key that seals.
    Active,
    /// One that opens.
    Version(Uuid),
    /// The beacon key.
    Beacon,
}

#[derive(PartialEq, Eq, Hash)]
pub(super) struct Partition {
    pub(super) id: String,
    pub(super) logical_key_store_name: String,
}

/// A key of any scope. It wipes itself when the cache and all who use it have let it go.
#[derive(Clone)]
pub(super) enum Key {
    Branch(Arc<BranchKeyMaterials>),
    Beacon(Arc<BeaconKey>),
}

struct Entry {
    key: Key,
    created: Duration,
    /// That of who fetched it. Readers look at the age by their own; beyond both the key is dropped.
    ttl: Duration,
    refreshed: Option<Duration>,
}

pub(super) type Outcome = Result<Key, Arc<MaterialsError>>;

/// A source, for telling it from others. It is kept alive, so that no other one gets its address.
pub(super) type SourceId = Arc<dyn fmt::Debug + Send + Sync>;

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
    pub(super) fn hit(&self, id: &Id, ttl: Duration) -> Option<Key> {
        match self.lookup(&mut self.lock(), id, ttl)? {
            (key, false) => Some(key),
            (_, true) => None,
        }
    }

    /// What to do for someone who wants a key that is younger than `ttl`.
    pub(super) fn step(self: &Arc<Self>, id: &Id, ttl: Duration, source: &SourceId) -> Step {
        let mut state = self.lock();
        match self.lookup(&mut state, id, ttl) {
            Some((key, false)) => return Step::Use(key),
            Some((key, true)) => {
                if let Some(entry) = state.entries.get_mut(id) {
                    entry.refreshed = Some(self.clock.now());
                }
                return Step::Refresh(key, self.take_off(&mut state, id, source));
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
    fn lookup(&self, state: &mut State, id: &Id, ttl: Duration) -> Option<(Key, bool)> {
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
        Some((entry.key.clone(), wants_refresh))
    }

    fn take_off(self: &Arc<Self>, state: &mut State, id: &Id, source: &SourceId) -> Flight {
        let (sender, outcome) = watch::channel(None);
        let in_flight = InFlight { outcome: outcome.clone(), source: Arc::clone(source) };
        state.flights.insert(id.clone(), in_flight);
        Flight { cache: Arc::clone(self), id: id.clone(), sender, outcome }
    }

    /// Forgets a flight, unless another one has taken its place.
    pub(super) fn abandon(&self, id: &Id, outcome: &watch::Receiver<Option<Outcome>>) {
        let mut state = self.lock();
        if state.flights.get(id).is_some_and(|flight| flight.outcome.same_channel(outcome)) {
            state.flights.remove(id);
        }
    }

    pub(super) fn put(&self, id: Id, key: Key, created: Duration, ttl: Duration) {
        let now = self.clock.now();
        let entries = &mut self.lock().entries;
        // Keys that nobody asks for any more would otherwise stay in memory until there is no room.
        while entries.peek_lru().is_some_and(|(_, entry)| now.saturating_sub(entry.created) >= entry.ttl) {
            entries.pop_lru();
        }
        entries.put(id, Entry { key, created, ttl, refreshed: None });
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

pub(super) enum Step {
    Use(Key),
    Refresh(Key, Flight),
    Fetch(Option<Flight>),
    Wait { outcome: watch::Receiver<Option<Outcome>>, is_own: bool },
}

/// A fetch that others wait for. If it is dropped before it lands, the next of those who wait takes over.
pub(super) struct Flight {
    cache: Arc<BranchKeyCache>,
    pub(super) id: Id,
    sender: watch::Sender<Option<Outcome>>,
    pub(super) outcome: watch::Receiver<Option<Outcome>>,
}

impl Flight {
    pub(super) fn land(self, outcome: Outcome) {
        self.sender.send_replace(Some(outcome));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.cache.abandon(&self.id, &self.outcome);
    }
}
