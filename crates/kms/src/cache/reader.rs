//! What one reader of a cache does: looks, waits for who fetches already, or fetches. It is the same for every scope; what
//! differs is a [`Scope`].

use std::fmt::{self, Debug};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use dynaseal_core::{BoxFuture, MaterialsError, SecureRandom, SystemRandom};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::CacheError;
use super::memory::{BranchKeyCache, Flight, Id, Key, Kind, Partition, SourceId, Step};
use super::storm::StormTracking;

/// One kind of key, and who is asked for it.
pub(super) trait Scope: 'static {
    /// Who is asked for what is not in the cache.
    type Source: ?Sized + Debug + Send + Sync;
    /// What is asked for.
    type Key: Send + Sync;
    /// Which of the keys of one branch key.
    type Which: Copy + Send + Sync;

    /// What the keys are called in errors, before the id of their branch key.
    const WHAT: &'static str;

    fn kind(which: Self::Which) -> Kind;

    fn source_id(source: &Arc<Self::Source>) -> SourceId;

    fn logical_key_store_name(source: &Self::Source) -> Option<&str>;

    fn fetch<'a>(
        source: &'a Self::Source,
        branch_key_id: &'a str,
        which: Self::Which,
    ) -> BoxFuture<'a, Result<Key, MaterialsError>>;

    /// The key, if it is one of this scope. All under ids of this scope are.
    fn take(key: Key) -> Option<Arc<Self::Key>>;
}

/// Keys of one source, kept in a cache for a while.
pub(super) struct Reader<S: Scope> {
    source: Arc<S::Source>,
    cache: Arc<BranchKeyCache>,
    partition: Arc<Partition>,
    ttl: Duration,
}

impl<S: Scope> Reader<S> {
    /// With a cache of its own.
    pub(super) fn new(source: Arc<S::Source>, ttl: Duration) -> Result<Arc<Self>, CacheError> {
        let capacity = NonZeroUsize::new(1000).ok_or(CacheError::Zero)?;
        let cache = BranchKeyCache::storm_tracking(capacity, StormTracking::default());
        Self::shared(source, ttl, cache, random_name()?)
    }

    pub(super) fn shared(
        source: Arc<S::Source>,
        ttl: Duration,
        cache: Arc<BranchKeyCache>,
        partition_id: String,
    ) -> Result<Arc<Self>, CacheError> {
        if ttl.is_zero() {
            return Err(CacheError::Zero);
        }
        match cache.storm {
            Some(StormTracking { grace_period, .. }) if ttl <= grace_period => {
                Err(CacheError::TimeToLive { ttl, grace_period })
            }
            _ => {
                let logical_key_store_name = match S::logical_key_store_name(&source) {
                    Some(name) => name.to_owned(),
                    None => random_name()?,
                };
                let partition = Arc::new(Partition { id: partition_id, logical_key_store_name });
                Ok(Arc::new(Self { source, cache, partition, ttl }))
            }
        }
    }

    pub(super) fn get<'a>(
        self: &'a Arc<Self>,
        branch_key_id: &str,
        which: S::Which,
    ) -> BoxFuture<'a, Result<Arc<S::Key>, MaterialsError>> {
        let (kind, partition) = (S::kind(which), Arc::clone(&self.partition));
        let id = Id { kind, partition, branch_key_id: branch_key_id.into() };
        match self.cache.hit(&id, self.ttl).and_then(S::take) {
            Some(key) => Box::pin(std::future::ready(Ok(key))),
            // Nothing else is done before the future is polled: others would wait for one that only lies there.
            None => Box::pin(async move {
                let key = S::take(self.follow(&id, which).await?);
                key.ok_or_else(|| MaterialsError::OtherBranchKey { branch_key_id: id.branch_key_id.to_string() })
            }),
        }
    }

    async fn follow(self: &Arc<Self>, id: &Id, which: S::Which) -> Result<Key, MaterialsError> {
        let Self { cache, source, ttl, .. } = &**self;
        let source = S::source_id(source);
        let mut step = cache.step(id, *ttl, &source);
        loop {
            step = match step {
                Step::Use(key) => return Ok(key),
                Step::Refresh(key, flight) => {
                    // What goes wrong is not told: the old key is still good, and whoever comes after it expired hears
                    // about it.
                    self.launch(flight, which).await;
                    return Ok(key);
                }
                Step::Fetch(None) => return self.fetch(id, which).await,
                Step::Fetch(Some(flight)) => {
                    let outcome = flight.outcome.clone();
                    self.launch(flight, which).await;
                    Step::Wait { outcome, is_own: true }
                }
                Step::Wait { mut outcome, is_own } => {
                    let landed = self.limited(outcome.wait_for(Option::is_some)).await;
                    match landed.map(|landed| landed.ok().and_then(|outcome| outcome.clone())) {
                        Some(Some(Ok(key))) => return Ok(key),
                        Some(Some(Err(error))) if is_own => return Err(MaterialsError::Shared(error)),
                        // What another may not, this one perhaps may.
                        Some(Some(Err(_))) => return self.fetch(id, which).await,
                        // It was dropped, or its runtime stands still.
                        Some(None) => cache.step(id, *ttl, &source),
                        None => {
                            cache.abandon(id, &outcome);
                            cache.step(id, *ttl, &source)
                        }
                    }
                }
            };
        }
    }

    /// In the background where there is a runtime, so that no caller can leave the others waiting.
    async fn launch(self: &Arc<Self>, flight: Flight, which: S::Which) {
        let reader = Arc::clone(self);
        let fetch = async move {
            let outcome = reader.fetch(&flight.id, which).await.map_err(Arc::new);
            flight.land(outcome);
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(fetch)),
            Err(_) => fetch.await,
        }
    }

    /// A flight ends by itself in `in_flight_ttl`, if its runtime is alive; `None` if it did not.
    async fn limited<T>(&self, waiting: impl Future<Output = T>) -> Option<T> {
        match self.cache.storm {
            Some(storm) if Handle::try_current().is_ok() => {
                let limit = storm.in_flight_ttl.saturating_add(storm.in_flight_ttl / 4);
                tokio::time::timeout(limit, waiting).await.ok()
            }
            _ => Some(waiting.await),
        }
    }

    async fn fetch(&self, id: &Id, which: S::Which) -> Result<Key, MaterialsError> {
        let fetch = async {
            let _permit = self.cache.permits.acquire().await;
            // Before the call, so that a slow answer does not live longer.
            let created = self.cache.clock.now();
            let key = S::fetch(&self.source, &id.branch_key_id, which).await?;
            self.cache.put(id.clone(), key.clone(), created, self.ttl);
            Ok(key)
        };
        match self.cache.storm {
            Some(storm) if Handle::try_current().is_ok() => {
                let limit = storm.in_flight_ttl;
                let late = |_| MaterialsError::Service {
                    what: format!("fetching the {} {}", S::WHAT, id.branch_key_id),
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

    /// Shows the source and how many keys there are; of the keys, nothing.
    pub(super) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("source", &self.source)
            .field("cache", &self.cache)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

fn random_name() -> Result<String, CacheError> {
    let mut random = [0; 16];
    SystemRandom.fill(&mut random).map_err(|_| CacheError::Random)?;
    Ok(Uuid::from_bytes(random).to_string())
}
