//! Caches of branch keys under a herd, with a key server that throttles, denies or is slow.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::fake::{Cloud, Mood};
use common::{arc, encryptor, item, opens, refused, seal, text};
use dynaseal_core::{
    AttributeBranchKeyId, BoxFuture, BranchKey, BranchKeyMaterials, BranchKeySource, Clock, HierarchicalKeyring, Item,
    ItemEncryptor, Keyring, MaterialsError, Uuid,
};
use dynaseal_kms::{
    BranchKeyCache, CacheError, CachedBranchKeys, KeyStore, KeyStoreOptions, KmsConfiguration, NewKey, StormTracking,
};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/k";
const TTL: Duration = Duration::from_secs(60);

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
struct Hand(Mutex<Duration>);

impl Hand {
    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for Hand {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

/// A key store in memory that counts, and fails or waits when it is told to.
#[derive(Debug, Default)]
struct Source {
    name: Option<String>,
    calls: AtomicUsize,
    fails: Mutex<bool>,
    waits: Mutex<Duration>,
}

impl Source {
    fn calls(&self) -> usize {
        self.calls.swap(0, Ordering::SeqCst)
    }

    async fn get(&self, id: &str, version: Uuid) -> Result<Arc<BranchKeyMaterials>, MaterialsError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let (fails, waits) = (*self.fails.lock().unwrap(), *self.waits.lock().unwrap());
        tokio::time::sleep(waits).await;
        match fails {
            true => Err(MaterialsError::Service { what: format!("the branch key {id}"), source: "denied".into() }),
            false => {
                let byte = id.bytes().fold(7, u8::wrapping_add);
                let key = BranchKey::copy_from(&[byte; 32]).unwrap();
                Ok(Arc::new(BranchKeyMaterials::new(id, version, key)))
            }
        }
    }
}

impl BranchKeySource for Source {
    fn logical_key_store_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn active<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        Box::pin(self.get(id, Uuid::from_u128(1)))
    }

    fn version<'a>(
        &'a self,
        id: &'a str,
        version: Uuid,
    ) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        Box::pin(self.get(id, version))
    }
}

struct Setup {
    source: Arc<Source>,
    clock: Arc<Hand>,
    keys: CachedBranchKeys,
}

fn setup(storm: Option<StormTracking>) -> Setup {
    let (source, clock) = (Arc::new(Source::default()), Arc::new(Hand::default()));
    let cache = BranchKeyCache::with_clock(NonZeroUsize::new(2).unwrap(), storm, clock.clone());
    let keys = CachedBranchKeys::shared(source.clone(), TTL, cache, "partition").unwrap();
    Setup { source, clock, keys }
}

fn both() -> [Option<StormTracking>; 2] {
    [None, Some(StormTracking::default())]
}

#[tokio::test]
async fn keys_are_used_until_they_are_too_old() {
    for storm in both() {
        let Setup { source, clock, keys } = setup(storm);
        keys.active("a").await.unwrap();
        clock.advance(Duration::from_secs(49));
        keys.active("a").await.unwrap();
        assert_eq!(source.calls(), 1);
        clock.advance(Duration::from_secs(11));
        keys.active("a").await.unwrap();
        assert_eq!(source.calls(), 1);
        // Each version and the active one are entries of their own.
        keys.version("a", Uuid::from_u128(1)).await.unwrap();
        keys.version("a", Uuid::from_u128(1)).await.unwrap();
        assert_eq!(source.calls(), 1);
        // Of more than two, the least recently used goes.
        keys.active("a").await.unwrap();
        keys.active("b").await.unwrap();
        keys.active("a").await.unwrap();
        assert_eq!(source.calls(), 1);
        keys.version("a", Uuid::from_u128(1)).await.unwrap();
        assert_eq!(source.calls(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_herd_makes_one_call_for_each_version() {
    let (dynamodb, cloud) = (dynaseal_local::memory().unwrap(), Cloud::new());
    let options = KeyStoreOptions::new("branch-keys", KmsConfiguration::Key(KEY.parse().unwrap()));
    let store = KeyStore::new(dynamodb, cloud.client("us-east-1"), options).unwrap();
    store.create_table().await.unwrap();
    let id = store.create_key(NewKey::new()).await.unwrap();
    let plain: Arc<dyn Keyring> = arc(HierarchicalKeyring::new(&*id, Arc::new(store.clone())));
    let old = seal(&plain).await;
    store.version_key(&id).await.unwrap();
    let new = seal(&plain).await;
    cloud.calls();

    cloud.set(Mood::Slow(Duration::from_millis(300)));
    let cached = CachedBranchKeys::new(Arc::new(store), TTL).unwrap();
    let herd = encryptor(arc(HierarchicalKeyring::new(&*id, Arc::new(cached))));
    let openings: Vec<_> = (0..3000)
        .map(|index| {
            let (encryptor, sealed) = (herd.clone(), if index % 2 == 0 { old.clone() } else { new.clone() });
            tokio::spawn(async move { encryptor.decrypt_item(sealed).await.map(|opened| opened.item) })
        })
        .collect();
    for opening in openings {
        assert_eq!(opening.await.unwrap().unwrap(), item());
    }
    assert_eq!(cloud.calls(), [(); 2].map(|()| format!("us-east-1 Decrypt {KEY}")));

    // Warm: no call at all, whatever the key server says.
    cloud.set(Mood::Denies);
    for _ in 0..50 {
        assert_eq!(herd.decrypt_item(old.clone()).await.unwrap().item, item());
    }
    assert!(cloud.calls().is_empty());
}

#[tokio::test]
async fn a_hundred_thousand_openings_make_no_call() {
    let Setup { source, keys, .. } = setup(Some(StormTracking::default()));
    let encryptor = encryptor(arc(HierarchicalKeyring::new("a", Arc::new(keys))));
    let sealed = encryptor.encrypt_item(item()).await.unwrap().item;
    encryptor.decrypt_item(sealed.clone()).await.unwrap();
    assert_eq!(source.calls(), 2);
    for _ in 0..100_000 {
        encryptor.decrypt_item(sealed.clone()).await.unwrap();
    }
    assert_eq!(source.calls(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_who_wait_get_the_one_error() {
    let Setup { source, keys, .. } = setup(Some(StormTracking::default()));
    *source.fails.lock().unwrap() = true;
    *source.waits.lock().unwrap() = Duration::from_millis(300);
    let waiting: Vec<_> = (0..500)
        .map(|_| {
            let keys = keys.clone();
            tokio::spawn(async move { keys.active("tenant-7").await })
        })
        .collect();
    for waiting in waiting {
        let error = waiting.await.unwrap().unwrap_err();
        assert!(text(&error).contains("tenant-7") && text(&error).contains("denied"), "{}", text(&error));
    }
    assert_eq!(source.calls(), 1);
    // Nothing of the failure is kept.
    *source.fails.lock().unwrap() = false;
    keys.active("tenant-7").await.unwrap();
    assert_eq!(source.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_server_that_is_too_slow_ends_in_an_error() {
    let Setup { source, keys, .. } = setup(Some(StormTracking::default()));
    *source.waits.lock().unwrap() = Duration::from_secs(5);
    keys.active("a").await.unwrap();
    *source.waits.lock().unwrap() = Duration::from_secs(3600);
    let waiting: Vec<_> = (0..10)
        .map(|_| {
            let keys = keys.clone();
            tokio::spawn(async move { keys.active("b").await })
        })
        .collect();
    for waiting in waiting {
        let why = text(&waiting.await.unwrap().unwrap_err());
        assert!(why.contains("fetching the branch key b") && why.contains("no answer") && why.contains("10s"), "{why}");
    }
}

#[tokio::test]
async fn the_fetch_goes_on_when_its_caller_goes_away() {
    let Setup { source, keys, .. } = setup(Some(StormTracking::default()));
    *source.waits.lock().unwrap() = Duration::from_millis(200);
    let first = tokio::spawn({
        let keys = keys.clone();
        async move { keys.active("a").await.map(drop) }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let second = tokio::spawn({
        let keys = keys.clone();
        async move { keys.active("a").await.map(drop) }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    first.abort();
    second.await.unwrap().unwrap();
    assert_eq!(source.calls(), 1);
}

#[tokio::test]
async fn keys_are_fetched_again_before_they_expire() {
    let Setup { source, clock, keys } = setup(Some(StormTracking::default()));
    keys.active("a").await.unwrap();
    assert_eq!(source.calls(), 1);
    clock.advance(Duration::from_secs(51));
    // In the background: the old key is given at once, and a failure is nobody's.
    *source.fails.lock().unwrap() = true;
    for _ in 0..20 {
        keys.active("a").await.unwrap();
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(source.calls(), 1);
    // Once in a grace interval.
    clock.advance(Duration::from_secs(1));
    *source.fails.lock().unwrap() = false;
    keys.active("a").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(source.calls(), 1);
    // Fetched now, so it is good for another minute.
    *source.fails.lock().unwrap() = true;
    clock.advance(Duration::from_secs(49));
    keys.active("a").await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(source.calls(), 0);
    // A key that could not be fetched again expires.
    clock.advance(Duration::from_secs(11));
    assert!(keys.active("a").await.is_err());
}

#[tokio::test]
async fn shared_caches_share_what_has_the_same_names() {
    let store = |name: Option<&str>| Arc::new(Source { name: name.map(str::to_owned), ..Source::default() });
    let source = store(Some("store"));
    let cache = BranchKeyCache::local(NonZeroUsize::new(100).unwrap());
    let with = |source: &Arc<Source>, partition: &str, ttl| {
        CachedBranchKeys::shared(source.clone(), ttl, Arc::clone(&cache), partition).unwrap()
    };
    with(&source, "p", TTL).active("a").await.unwrap();
    with(&source, "p", TTL).active("a").await.unwrap();
    with(&store(Some("store")), "p", TTL).active("a").await.unwrap();
    assert_eq!(source.calls(), 1);
    // Other partitions, other stores and stores without a name are apart; and names do not run into each other.
    with(&source, "q", TTL).active("a").await.unwrap();
    assert_eq!(source.calls(), 1);
    for (name, partition) in
        [(Some("another"), "p"), (Some("storep"), ""), (Some(""), "storep"), (None, "p"), (None, "p")]
    {
        let other = store(name);
        with(&other, partition, TTL).active("a").await.unwrap();
        assert_eq!(other.calls(), 1, "{name:?}");
    }
    // Who wants younger keys fetches, and the others profit.
    let impatient = with(&source, "p", Duration::from_millis(1));
    tokio::time::sleep(Duration::from_millis(5)).await;
    impatient.active("a").await.unwrap();
    with(&source, "p", TTL).active("a").await.unwrap();
    assert_eq!(source.calls(), 1);
}

/// Two keyrings share a cache, and only one of them may ask.
#[tokio::test]
async fn what_one_may_not_the_other_still_may() {
    let store = || Arc::new(Source { name: Some("store".to_owned()), ..Source::default() });
    let (denied, allowed) = (store(), store());
    *denied.fails.lock().unwrap() = true;
    *denied.waits.lock().unwrap() = Duration::from_millis(100);
    let cache = BranchKeyCache::storm_tracking(NonZeroUsize::new(10).unwrap(), StormTracking::default());
    let keys = |source: &Arc<Source>| CachedBranchKeys::shared(source.clone(), TTL, Arc::clone(&cache), "p").unwrap();
    let first = tokio::spawn({
        let keys = keys(&denied);
        async move { keys.active("a").await.map(drop) }
    });
    tokio::time::sleep(Duration::from_millis(30)).await;
    keys(&allowed).active("a").await.unwrap();
    first.await.unwrap().unwrap_err();
    assert_eq!((denied.calls(), allowed.calls()), (1, 1));
}

/// A future that nobody polls must not keep others waiting, nor must one that is dropped.
#[tokio::test]
async fn a_future_that_only_lies_there_holds_nobody_up() {
    let Setup { source, keys, .. } = setup(Some(StormTracking::default()));
    let idle = keys.active("a");
    keys.active("a").await.unwrap();
    assert_eq!(source.calls(), 1);
    idle.await.unwrap();
    assert_eq!(source.calls(), 0);
}

/// A runtime that stands still while one of its tasks fetches.
#[test]
fn a_runtime_that_stands_still_does_not_hold_up_others() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let storm = StormTracking::default().in_flight_ttl(Duration::from_millis(200));
    let Setup { source, keys, .. } = setup(Some(storm));
    *source.waits.lock().unwrap() = Duration::from_secs(3600);
    let (standing, other) = (runtime(), runtime());
    standing.block_on(async {
        let _ = tokio::time::timeout(Duration::from_millis(20), keys.active("a")).await;
    });
    *source.waits.lock().unwrap() = Duration::ZERO;
    other.block_on(async { tokio::time::timeout(Duration::from_secs(20), keys.active("a")).await.unwrap().unwrap() });
    assert_eq!(source.calls(), 2);
}

/// Whoever waits takes over when the time of a fetch is up, and does not wait for several of them.
#[test]
fn who_waits_for_a_runtime_that_stands_still_takes_over_in_time() {
    let limit = Duration::from_secs(8);
    let Setup { source, keys, .. } = setup(Some(StormTracking::default().in_flight_ttl(limit)));
    *source.waits.lock().unwrap() = Duration::from_secs(3600);
    let standing = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    standing.block_on(async {
        let _ = tokio::time::timeout(Duration::from_millis(20), keys.active("a")).await;
    });
    *source.waits.lock().unwrap() = Duration::ZERO;
    // Time goes by only where nothing else is to be done.
    let other = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    other.block_on(async {
        let start = tokio::time::Instant::now();
        keys.active("a").await.unwrap();
        assert!(start.elapsed() >= limit && start.elapsed() < 2 * limit, "{:?}", start.elapsed());
    });
}

#[tokio::test]
async fn a_source_that_mixes_up_its_keys_is_not_cached() {
    #[derive(Debug)]
    struct MixedUp;
    impl BranchKeySource for MixedUp {
        fn active<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
            let key = BranchKeyMaterials::new("b", Uuid::from_u128(1), BranchKey::copy_from(&[1; 32]).unwrap());
            Box::pin(std::future::ready(Ok(Arc::new(key))))
        }

        fn version<'a>(
            &'a self,
            id: &'a str,
            _: Uuid,
        ) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
            let key = BranchKeyMaterials::new(id, Uuid::from_u128(1), BranchKey::copy_from(&[1; 32]).unwrap());
            Box::pin(std::future::ready(Ok(Arc::new(key))))
        }
    }
    let keys = CachedBranchKeys::new(Arc::new(MixedUp), TTL).unwrap();
    let error = keys.active("a").await.unwrap_err();
    assert!(matches!(error.root(), MaterialsError::OtherBranchKey { .. }), "{error}");
    let error = keys.version("a", Uuid::from_u128(2)).await.unwrap_err();
    assert!(matches!(error.root(), MaterialsError::OtherBranchKey { .. }), "{error}");
}

#[tokio::test]
async fn times_to_live_have_to_make_sense() {
    let source = Arc::new(Source::default());
    for (ttl, fits) in [(9, false), (10, false), (11, true)] {
        let built = CachedBranchKeys::new(source.clone(), Duration::from_secs(ttl));
        assert_eq!(built.is_ok(), fits);
    }
    let cache = BranchKeyCache::local(NonZeroUsize::new(1).unwrap());
    let zero = CachedBranchKeys::shared(source, Duration::ZERO, cache, "p");
    assert_eq!(zero.unwrap_err(), CacheError::Zero);
}

#[tokio::test]
async fn only_so_many_keys_are_fetched_at_a_time() {
    let Setup { source, keys, .. } = setup(Some(StormTracking::default().fan_out(2)));
    *source.waits.lock().unwrap() = Duration::from_millis(100);
    let start = std::time::Instant::now();
    let waiting: Vec<_> = (0..6)
        .map(|index| {
            let keys = keys.clone();
            tokio::spawn(async move { keys.active(&index.to_string()).await.map(drop) })
        })
        .collect();
    for waiting in waiting {
        waiting.await.unwrap().unwrap();
    }
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert_eq!(source.calls(), 6);
}

#[tokio::test]
async fn each_tenant_has_its_own_branch_key() {
    let Setup { keys, .. } = setup(Some(StormTracking::default()));
    let supplier = AttributeBranchKeyId::new("id", [("ada", "branch-1"), ("bob", "branch-2")]);
    let keys: Arc<dyn BranchKeySource> = Arc::new(keys);
    let both = arc(HierarchicalKeyring::with_supplier(Arc::new(supplier), keys.clone()));
    let tenant = |id: &str| arc(HierarchicalKeyring::new(id, keys.clone()));
    let sealed = seal(&both).await;
    opens(&both, &sealed).await;
    opens(&tenant("branch-1"), &sealed).await;
    assert!(refused(&tenant("branch-2"), &sealed).await.contains("branch-1"));
    let encryptor: ItemEncryptor = encryptor(both);
    let of = |id: &str| Item::from([("id".to_owned(), id.into()), ("diagnosis".to_owned(), "influenza".into())]);
    let bob = encryptor.encrypt_item(of("bob")).await.unwrap();
    assert!(format!("{:?}", bob.header.unwrap().recipients()).contains("branch-2"));
    let error = encryptor.encrypt_item(of("eve")).await.unwrap_err();
    let why = text(&error);
    assert!(why.contains("no branch key is configured for this value of `id`"), "{why}");
}

#[tokio::test]
async fn expired_keys_that_nobody_asks_for_leave_the_memory() {
    let (source, clock) = (Arc::new(Source::default()), Arc::new(Hand::default()));
    let cache = BranchKeyCache::with_clock(NonZeroUsize::new(100).unwrap(), None, clock.clone());
    let keys = CachedBranchKeys::shared(source, TTL, cache.clone(), "p").unwrap();
    for id in ["a", "b", "c"] {
        keys.active(id).await.unwrap();
    }
    assert_eq!(format!("{cache:?}"), "BranchKeyCache(3 keys, redacted)");
    clock.advance(TTL);
    keys.active("d").await.unwrap();
    assert_eq!(format!("{cache:?}"), "BranchKeyCache(1 keys, redacted)");
}

#[tokio::test]
async fn debug_shows_no_key() {
    let Setup { keys, .. } = setup(None);
    keys.active("a").await.unwrap();
    let text = format!("{keys:?}");
    assert!(text.contains("1 keys, redacted") && !text.contains("104, 104"), "{text}");
}

/// Without storm tracking everybody fetches by themselves, and nobody waits for another.
#[tokio::test]
async fn nobody_waits_in_a_local_cache() {
    let Setup { source, keys, .. } = setup(None);
    *source.waits.lock().unwrap() = Duration::from_millis(50);
    let (one, other) = tokio::join!(keys.active("a"), keys.active("a"));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(source.calls(), 2);
    keys.active("a").await.unwrap();
    assert_eq!(source.calls(), 0);
}

/// A key that is too old for one is not for another, who would otherwise hear of an outage that is none of theirs.
#[tokio::test]
async fn each_reader_has_its_own_time_to_live() {
    for storm in [None, Some(StormTracking::default().grace_period(Duration::from_secs(1)))] {
        // With a name, so that both readers mean the same keys.
        let source = Arc::new(Source { name: Some("store".to_owned()), ..Source::default() });
        let clock = Arc::new(Hand::default());
        let cache = BranchKeyCache::with_clock(NonZeroUsize::new(2).unwrap(), storm, clock.clone());
        let reader = |ttl| {
            CachedBranchKeys::shared(source.clone(), Duration::from_secs(ttl), cache.clone(), "partition").unwrap()
        };
        let (long, short) = (reader(60), reader(10));
        long.active("a").await.unwrap();
        clock.advance(Duration::from_secs(20));
        *source.fails.lock().unwrap() = true;
        short.active("a").await.unwrap_err();
        assert_eq!(source.calls(), 2);
        long.active("a").await.unwrap();
        assert_eq!(source.calls(), 0);
        clock.advance(Duration::from_secs(40));
        long.active("a").await.unwrap_err();
        assert_eq!(source.calls(), 1);
    }
}

/// Timers are tokio's: without a runtime there are none, and nothing needs them.
#[test]
fn keys_come_without_a_runtime() {
    let key = BranchKeyMaterials::new("a", Uuid::from_u128(1), BranchKey::copy_from(&[1; 32]).unwrap());
    let source = Arc::new(dynaseal_core::StaticBranchKeySource::new(key));
    for storm in both() {
        let cache = BranchKeyCache::with_clock(NonZeroUsize::new(2).unwrap(), storm, Arc::new(Hand::default()));
        let keys = CachedBranchKeys::shared(source.clone(), TTL, cache, "partition").unwrap();
        for _ in 0..2 {
            assert_eq!(dynaseal_testkit::block_on(keys.active("a")).unwrap().branch_key_id(), "a");
        }
        assert!(dynaseal_testkit::block_on(keys.active("b")).is_err());
    }
}

#[test]
fn storm_tracking_is_set_piece_by_piece() {
    let default = StormTracking::default();
    let seconds = Duration::from_secs;
    let official = [default.grace_period, default.grace_interval, default.in_flight_ttl];
    assert_eq!((official, default.fan_out), ([seconds(10), seconds(1), seconds(10)], 20));
    let set = default.grace_period(seconds(2)).grace_interval(seconds(3)).in_flight_ttl(seconds(4)).fan_out(5);
    let found = [set.grace_period, set.grace_interval, set.in_flight_ttl];
    assert_eq!((found, set.fan_out), ([seconds(2), seconds(3), seconds(4)], 5));
    assert_eq!(set.fan_out(0).fan_out, 1);
}
