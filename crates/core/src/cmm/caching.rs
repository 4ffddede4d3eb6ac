//! A CMM that uses materials more than once (specification: `framework/caching-cmm.md`; the official clients of DB-ESDK
//! have none).

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;

use super::Cmm;
use crate::clock::Clock;
use crate::materials::{
    BoxFuture, DecryptionMaterials, DecryptionRequest, EncryptionMaterials, EncryptionRequest, MaterialsError,
};
use crate::primitives::hash::{SHA384, Sha384};

/// How long materials are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CachingLimits {
    /// How many materials are kept; the least recently used go first.
    pub capacity: NonZeroUsize,
    /// How long materials are used.
    pub max_age: Duration,
    /// How many records are sealed with one data key, at most 2³². Openings are not counted.
    pub max_messages: u64,
    /// How many bytes of plaintext are sealed with one data key, at most 2⁶³ − 1.
    pub max_bytes: u64,
}

impl CachingLimits {
    /// `max_age`, and otherwise what the specification allows at most: 2³² records and 2⁶³ − 1 bytes.
    pub fn new(capacity: NonZeroUsize, max_age: Duration) -> Self {
        Self { capacity, max_age, max_messages: MAX_MESSAGES, max_bytes: MAX_BYTES }
    }

    /// Fewer records.
    #[must_use]
    pub fn max_messages(mut self, messages: u64) -> Self {
        self.max_messages = messages.min(MAX_MESSAGES);
        self
    }

    /// Fewer bytes.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes.min(MAX_BYTES);
        self
    }
}

const MAX_MESSAGES: u64 = 1 << 32;
const MAX_BYTES: u64 = (1 << 63) - 1;

/// A CMM that keeps materials and uses them again, so that a key server is asked less often.
///
/// The encryption context of a DB-ESDK record holds the values of its key attributes, so materials are only used again
/// *for the same item*: when it is written again (a counter, a session), and when one version of it is read again. For
/// many different items a branch key (`HierarchicalKeyring`) is what saves calls.
///
/// Records that share materials share the data key, the wrapped data keys in their headers, the keys of their tags and,
/// in the signing suite, the signing key pair. Whoever sees two such records sees that; whoever has one of their data
/// keys has all of them. Field keys and commitments are different all the same, since they hang on the message id of
/// each record. While materials are kept, a key that was revoked at the key server keeps working, for `max_age` at most.
///
/// Two threads that miss at the same time both ask the underlying CMM.
#[derive(Debug)]
pub struct CachingCmm {
    underlying: Arc<dyn Cmm>,
    limits: CachingLimits,
    clock: Arc<dyn Clock>,
    sealing: Mutex<LruCache<Id, Sealing>>,
    opening: Mutex<LruCache<Id, Opening>>,
}

type Id = [u8; SHA384];

#[derive(Debug)]
struct Sealing {
    materials: EncryptionMaterials,
    since: Duration,
    messages: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Opening {
    materials: DecryptionMaterials,
    since: Duration,
}

impl CachingCmm {
    /// Over another CMM.
    pub fn new(underlying: Arc<dyn Cmm>, limits: CachingLimits, clock: Arc<dyn Clock>) -> Self {
        let limits = limits.max_messages(limits.max_messages).max_bytes(limits.max_bytes);
        let (sealing, opening) =
            (Mutex::new(LruCache::new(limits.capacity)), Mutex::new(LruCache::new(limits.capacity)));
        Self { underlying, limits, clock, sealing, opening }
    }

    /// Materials that are young enough and have room for one more record of `bytes`.
    fn cached_sealing(&self, id: &Id, bytes: u64) -> Option<EncryptionMaterials> {
        let mut cache = lock(&self.sealing);
        let entry = cache.get_mut(id)?;
        let (messages, bytes) = (entry.messages.saturating_add(1), entry.bytes.saturating_add(bytes));
        if !self.is_young(entry.since) || messages > self.limits.max_messages || bytes > self.limits.max_bytes {
            cache.pop(id);
            return None;
        }
        (entry.messages, entry.bytes) = (messages, bytes);
        Some(entry.materials.duplicate())
    }

    fn cached_opening(&self, id: &Id) -> Option<DecryptionMaterials> {
        let mut cache = lock(&self.opening);
        let entry = cache.get(id)?;
        if !self.is_young(entry.since) {
            cache.pop(id);
            return None;
        }
        Some(entry.materials.duplicate())
    }

    /// Those that nobody asks for any more would otherwise stay in memory until there is no room.
    fn keep<T>(&self, cache: &Mutex<LruCache<Id, T>>, id: Id, entry: T, since: fn(&T) -> Duration) {
        let mut cache = lock(cache);
        while cache.peek_lru().is_some_and(|(_, entry)| !self.is_young(since(entry))) {
            cache.pop_lru();
        }
        cache.put(id, entry);
    }

    fn is_young(&self, since: Duration) -> bool {
        self.clock.now().saturating_sub(since) < self.limits.max_age
    }
}

/// Nothing that holds the lock leaves an entry half written, so a panic elsewhere does no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cmm for CachingCmm {
    fn encryption_materials<'a>(
        &'a self,
        request: EncryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<EncryptionMaterials, MaterialsError>> {
        Box::pin(async move {
            let (id, bytes) = (sealing_id(&request), request.max_plaintext_length);
            if let Some(materials) = self.cached_sealing(&id, bytes) {
                return Ok(materials);
            }
            // Before the call: its own time counts.
            let since = self.clock.now();
            let materials = self.underlying.encryption_materials(request).await?;
            if self.limits.max_messages > 1 && bytes < self.limits.max_bytes {
                let entry = Sealing { materials: materials.duplicate(), since, messages: 1, bytes };
                self.keep(&self.sealing, id, entry, |entry| entry.since);
            }
            Ok(materials)
        })
    }

    fn decryption_materials<'a>(
        &'a self,
        request: DecryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, MaterialsError>> {
        Box::pin(async move {
            let id = opening_id(&request);
            if let Some(materials) = self.cached_opening(&id) {
                return Ok(materials);
            }
            let since = self.clock.now();
            let materials = self.underlying.decryption_materials(request).await?;
            let entry = Opening { materials: materials.duplicate(), since };
            self.keep(&self.opening, id, entry, |entry| entry.since);
            Ok(materials)
        })
    }

    /// Without the cache: what one keyring opened says nothing about another.
    fn members(&self) -> Vec<Arc<dyn Cmm>> {
        self.underlying.members()
    }
}

/// A hash of pieces that can not be mistaken for other pieces: each comes behind its length.
struct IdHash(Sha384);

impl IdHash {
    fn new(suite: u16) -> Self {
        let mut hash = Self(Sha384::new());
        hash.piece(&suite.to_be_bytes());
        hash
    }

    fn piece(&mut self, bytes: &[u8]) {
        self.0.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(bytes);
    }
}

fn sealing_id(request: &EncryptionRequest<'_>) -> Id {
    let mut hash = IdHash::new(request.suite.id());
    hash.piece(request.context.canonical());
    let mut required: Vec<&str> = request.required_keys.iter().collect();
    required.sort_unstable();
    required.iter().for_each(|key| hash.piece(key.as_bytes()));
    hash.0.finish()
}

fn opening_id(request: &DecryptionRequest<'_>) -> Id {
    let mut hash = IdHash::new(request.suite.id());
    hash.piece(request.reproduced_context.canonical());
    hash.piece(&u64::try_from(request.stored_context.len()).unwrap_or(u64::MAX).to_be_bytes());
    for (key, value) in request.stored_context.iter() {
        hash.piece(key.as_bytes());
        hash.piece(value.as_bytes());
    }
    for edk in request.encrypted_data_keys {
        hash.piece(edk.provider_id.as_bytes());
        hash.piece(edk.provider_info);
        hash.piece(edk.ciphertext);
    }
    hash.0.finish()
}
