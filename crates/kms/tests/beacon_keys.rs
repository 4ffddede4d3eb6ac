//! Caches of beacon keys: alone, under a herd, shared with others and with branch keys; over a key server that denies; and
//! searches of a sealed table whose keys come through them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use common::fake::{Cloud, Mood};
use common::text;
use dynaseal_client::{SealedTable, Sealer, SendSealed};
use dynaseal_core::{
    AttributeBranchKeyId, BeaconKey, BeaconKeySource, BoxFuture, BranchKey, BranchKeyMaterials, BranchKeySource, Clock,
    DefaultCmm, HierarchicalKeyring, Item, ItemEncryptor, MaterialsError, TableConfig, Uuid,
};
use dynaseal_kms::{
    BranchKeyCache, CacheError, CachedBeaconKeys, CachedBranchKeys, KeyStore, KeyStoreOptions, KmsConfiguration,
    NewKey, StormTracking,
};
use dynaseal_search::{BeaconKeys, SearchConfig, StandardBeacon};

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

/// A key store in memory that counts, and fails or waits when it is told to. Its beacon keys are all 0xBB, its branch keys
/// all 0xAA.
#[derive(Debug, Default)]
struct Source {
    name: Option<String>,
    calls: AtomicUsize,
    fails: Mutex<bool>,
    waits: Mutex<Duration>,
}

impl Source {
    fn named(name: Option<&str>) -> Arc<Self> {
        Arc::new(Self { name: name.map(str::to_owned), ..Self::default() })
    }

    fn calls(&self) -> usize {
        self.calls.swap(0, Ordering::SeqCst)
    }

    fn fail(&self, fails: bool) {
        *self.fails.lock().unwrap() = fails;
    }

    fn wait(&self, waits: Duration) {
        *self.waits.lock().unwrap() = waits;
    }

    async fn enter(&self, id: &str) -> Result<(), MaterialsError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let (fails, waits) = (*self.fails.lock().unwrap(), *self.waits.lock().unwrap());
        tokio::time::sleep(waits).await;
        match fails {
            true => Err(MaterialsError::Service { what: format!("the key store, for {id}"), source: "denied".into() }),
            false => Ok(()),
        }
    }

    async fn branch_key(&self, id: &str, version: Uuid) -> Result<Arc<BranchKeyMaterials>, MaterialsError> {
        self.enter(id).await?;
        Ok(Arc::new(BranchKeyMaterials::new(id, version, BranchKey::copy_from(&[0xAA; 32]).unwrap())))
    }
}

impl BeaconKeySource for Source {
    fn beacon_key<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Arc<BeaconKey>, MaterialsError>> {
        Box::pin(async move {
            self.enter(id).await?;
            Ok(Arc::new(BeaconKey::copy_from(&[0xBB; 32]).unwrap()))
        })
    }

    fn logical_key_store_name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl BranchKeySource for Source {
    fn active<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        Box::pin(self.branch_key(id, Uuid::from_u128(1)))
    }

    fn version<'a>(
        &'a self,
        id: &'a str,
        version: Uuid,
    ) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        Box::pin(self.branch_key(id, version))
    }

    fn logical_key_store_name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

struct Setup {
    source: Arc<Source>,
    clock: Arc<Hand>,
    cache: Arc<BranchKeyCache>,
    keys: CachedBeaconKeys,
}

/// One source, and a cache that has room for two keys.
fn setup(storm: Option<StormTracking>) -> Setup {
    let (source, clock) = (Source::named(Some("store")), Arc::new(Hand::default()));
    let cache = BranchKeyCache::with_clock(NonZeroUsize::new(2).unwrap(), storm, clock.clone());
    let keys = CachedBeaconKeys::shared(source.clone(), TTL, cache.clone(), "p").unwrap();
    Setup { source, clock, cache, keys }
}

fn storm() -> Option<StormTracking> {
    Some(StormTracking::default())
}

/// As many callers at once, each in a task of its own.
async fn herd(keys: &CachedBeaconKeys, id: &'static str, size: usize) -> Vec<Result<Arc<BeaconKey>, MaterialsError>> {
    let call = |keys: CachedBeaconKeys| tokio::spawn(async move { keys.beacon_key(id).await });
    let calls: Vec<_> = (0..size).map(|_| call(keys.clone())).collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    answers
}

/// Lets what runs in the background come to its end.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::test]
async fn it_is_the_same_key_until_it_is_too_old() {
    for storm in [None, storm()] {
        let Setup { source, clock, keys, .. } = setup(storm);
        let first = keys.beacon_key("a").await.unwrap();
        clock.advance(Duration::from_secs(49));
        for _ in 0..3 {
            assert!(Arc::ptr_eq(&first, &keys.beacon_key("a").await.unwrap()));
        }
        assert_eq!(source.calls(), 1);
        // As old as the time to live is too old.
        clock.advance(Duration::from_secs(11));
        let second = keys.beacon_key("a").await.unwrap();
        assert!(!Arc::ptr_eq(&first, &second) && first.expose_secret() == second.expose_secret());
        assert!(Arc::ptr_eq(&second, &keys.beacon_key("a").await.unwrap()));
        assert_eq!(source.calls(), 1);
    }
}

#[tokio::test]
async fn the_least_recently_used_key_goes() {
    let Setup { source, cache, keys, .. } = setup(storm());
    for (id, calls) in [("a", 1), ("b", 1), ("a", 0), ("c", 1), ("a", 0), ("b", 1), ("c", 1)] {
        keys.beacon_key(id).await.unwrap();
        assert_eq!(source.calls(), calls, "{id}");
    }
    assert_eq!(format!("{cache:?}"), "BranchKeyCache(2 keys, redacted)");
}

#[tokio::test]
async fn keys_that_nobody_uses_are_let_go() {
    let Setup { clock, keys, .. } = setup(None);
    let key = Arc::downgrade(&keys.beacon_key("a").await.unwrap());
    assert!(key.upgrade().is_some());
    clock.advance(TTL);
    keys.beacon_key("b").await.unwrap();
    assert!(key.upgrade().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_herd_makes_one_call() {
    let Setup { source, keys, .. } = setup(storm());
    source.wait(Duration::from_millis(200));
    let answers = herd(&keys, "a", 500).await;
    let first = answers[0].as_ref().unwrap();
    assert!(answers.iter().all(|answer| Arc::ptr_eq(first, answer.as_ref().unwrap())));
    assert_eq!(source.calls(), 1);
    // All who wait get the one error, and nothing of it is kept.
    source.fail(true);
    for answer in herd(&keys, "tenant-7", 500).await {
        let why = text(&answer.unwrap_err());
        assert!(why.contains("tenant-7") && why.contains("denied"), "{why}");
    }
    assert_eq!(source.calls(), 1);
    source.fail(false);
    keys.beacon_key("tenant-7").await.unwrap();
    assert_eq!(source.calls(), 1);
}

#[tokio::test]
async fn only_so_many_keys_are_fetched_at_a_time() {
    let Setup { source, cache, keys, .. } = setup(Some(StormTracking::default().fan_out(2)));
    let branch_keys = CachedBranchKeys::shared(source.clone(), TTL, cache, "p").unwrap();
    source.wait(Duration::from_millis(100));
    let start = std::time::Instant::now();
    // Branch keys are counted in.
    let branch_key = tokio::spawn(async move { branch_keys.active("a").await.map(drop) });
    let ids = ["a", "b", "c", "d", "e"];
    let calls: Vec<_> = ids
        .map(|id| {
            let keys = keys.clone();
            tokio::spawn(async move { keys.beacon_key(id).await.map(drop) })
        })
        .into_iter()
        .chain([branch_key])
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert_eq!(source.calls(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_key_server_that_is_too_slow_ends_in_an_error() {
    let Setup { source, keys, .. } = setup(storm());
    source.wait(Duration::from_secs(3600));
    for answer in herd(&keys, "b", 10).await {
        let why = text(&answer.unwrap_err());
        assert!(why.contains("fetching the beacon key of the branch key b"), "{why}");
        assert!(why.contains("no answer") && why.contains("10s"), "{why}");
    }
}

#[tokio::test]
async fn the_fetch_goes_on_when_its_caller_goes_away() {
    let Setup { source, keys, .. } = setup(storm());
    source.wait(Duration::from_millis(200));
    let call = || {
        let keys = keys.clone();
        tokio::spawn(async move { keys.beacon_key("a").await.map(drop) })
    };
    let first = call();
    settle().await;
    let second = call();
    settle().await;
    first.abort();
    second.await.unwrap().unwrap();
    assert_eq!(source.calls(), 1);
}

/// A future that nobody polls must not keep others waiting.
#[tokio::test]
async fn a_future_that_only_lies_there_holds_nobody_up() {
    let Setup { source, keys, .. } = setup(storm());
    let idle = keys.beacon_key("a");
    keys.beacon_key("a").await.unwrap();
    idle.await.unwrap();
    assert_eq!(source.calls(), 1);
}

#[tokio::test]
async fn keys_are_fetched_again_before_they_expire() {
    let Setup { source, clock, keys, .. } = setup(storm());
    let first = keys.beacon_key("a").await.unwrap();
    clock.advance(Duration::from_secs(51));
    // In the background, once in a grace interval: the old key is given, and a failure is nobody's.
    source.fail(true);
    for _ in 0..5 {
        assert!(Arc::ptr_eq(&first, &keys.beacon_key("a").await.unwrap()));
        settle().await;
    }
    assert_eq!(source.calls(), 2);
    source.fail(false);
    clock.advance(Duration::from_secs(1));
    assert!(Arc::ptr_eq(&first, &keys.beacon_key("a").await.unwrap()));
    settle().await;
    let second = keys.beacon_key("a").await.unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    assert_eq!(source.calls(), 1);
    // What could not be fetched again expires.
    source.fail(true);
    clock.advance(TTL);
    assert!(keys.beacon_key("a").await.is_err());
}

#[tokio::test]
async fn who_has_the_same_names_has_the_same_key() {
    let source = Source::named(Some("store"));
    let cache = BranchKeyCache::storm_tracking(NonZeroUsize::new(100).unwrap(), StormTracking::default());
    let with = |source: &Arc<Source>, partition: &str| {
        CachedBeaconKeys::shared(source.clone(), TTL, Arc::clone(&cache), partition).unwrap()
    };
    let key = with(&source, "p").beacon_key("a").await.unwrap();
    let twin = Source::named(Some("store"));
    for other in [&source, &twin] {
        assert!(Arc::ptr_eq(&key, &with(other, "p").beacon_key("a").await.unwrap()));
    }
    assert_eq!((source.calls(), twin.calls()), (1, 0));
    // Other partitions, other branch keys, other stores and stores without a name are apart; and names do not run into each
    // other.
    let apart = [
        (Some("store"), "q", "a"),
        (Some("store"), "p", "b"),
        (Some("another"), "p", "a"),
        (Some("storep"), "", "a"),
        (Some(""), "storep", "a"),
        (Some("store\0a"), "p", ""),
        (None, "p", "a"),
        (None, "p", "a"),
    ];
    for (name, partition, id) in apart {
        let other = Source::named(name);
        let found = with(&other, partition).beacon_key(id).await.unwrap();
        assert!(other.calls() == 1 && !Arc::ptr_eq(&key, &found), "{name:?} {partition} {id}");
    }
    // Those with caches of their own share nothing.
    let own = || CachedBeaconKeys::new(source.clone(), TTL).unwrap();
    let (first, second) = (own().beacon_key("a").await.unwrap(), own().beacon_key("a").await.unwrap());
    assert!(!Arc::ptr_eq(&first, &second));
    assert_eq!(source.calls(), 2);
}

/// The specification: an entry counts as expired for who wants younger keys than who put it there.
#[tokio::test]
async fn each_looks_at_the_age_by_its_own_time_to_live() {
    let Setup { source, clock, cache, keys } = setup(None);
    let with = |ttl| CachedBeaconKeys::shared(source.clone(), ttl, cache.clone(), "p").unwrap();
    let (impatient, patient) = (with(TTL / 2), with(TTL * 2));
    let first = keys.beacon_key("a").await.unwrap();
    clock.advance(TTL / 2);
    assert!(Arc::ptr_eq(&first, &keys.beacon_key("a").await.unwrap()));
    let second = impatient.beacon_key("a").await.unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    // The others profit.
    assert!(Arc::ptr_eq(&second, &keys.beacon_key("a").await.unwrap()));
    assert_eq!(source.calls(), 2);
    // Who is more patient than who fetched it uses it for longer, but not for ever.
    let third = keys.beacon_key("b").await.unwrap();
    clock.advance(TTL);
    assert!(Arc::ptr_eq(&third, &patient.beacon_key("b").await.unwrap()));
    clock.advance(TTL);
    assert!(!Arc::ptr_eq(&third, &patient.beacon_key("b").await.unwrap()));
    assert_eq!(source.calls(), 2);
}

/// Branch keys and beacon keys of one id, in one cache, partition and key store.
#[tokio::test]
async fn scopes_do_not_mix() {
    let (source, clock) = (Source::named(Some("store")), Arc::new(Hand::default()));
    let cache = BranchKeyCache::with_clock(NonZeroUsize::new(3).unwrap(), storm(), clock.clone());
    let branch_keys = CachedBranchKeys::shared(source.clone(), TTL, cache.clone(), "p").unwrap();
    let beacon_keys = CachedBeaconKeys::shared(source.clone(), TTL, cache.clone(), "p").unwrap();
    let version = Uuid::from_u128(1);
    for round in [3, 0] {
        assert_eq!(branch_keys.active("a").await.unwrap().branch_key_id(), "a");
        assert_eq!(beacon_keys.beacon_key("a").await.unwrap().expose_secret(), &[0xBB; 32]);
        assert_eq!(branch_keys.version("a", version).await.unwrap().version(), version);
        assert_eq!(source.calls(), round);
    }
    // They share the room.
    assert_eq!(format!("{cache:?}"), "BranchKeyCache(3 keys, redacted)");
    beacon_keys.beacon_key("b").await.unwrap();
    branch_keys.active("a").await.unwrap();
    assert_eq!(source.calls(), 2);
    // Nor do those mix who wait for one another.
    clock.advance(TTL);
    source.wait(Duration::from_millis(100));
    let (branch_key, beacon_key) = tokio::join!(branch_keys.active("a"), beacon_keys.beacon_key("a"));
    assert_eq!(branch_key.unwrap().branch_key_id(), "a");
    assert_eq!(beacon_key.unwrap().expose_secret(), &[0xBB; 32]);
    assert_eq!(source.calls(), 2);
}

/// Two share a cache, and only one of them may ask.
#[tokio::test]
async fn what_one_may_not_the_other_still_may() {
    let (denied, allowed) = (Source::named(Some("store")), Source::named(Some("store")));
    denied.fail(true);
    denied.wait(Duration::from_millis(200));
    let cache = BranchKeyCache::storm_tracking(NonZeroUsize::new(10).unwrap(), StormTracking::default());
    let keys = |source: &Arc<Source>| CachedBeaconKeys::shared(source.clone(), TTL, Arc::clone(&cache), "p").unwrap();
    // Two readers of the denied source share its one failure.
    let denied_calls =
        [keys(&denied), keys(&denied)].map(|keys| tokio::spawn(async move { keys.beacon_key("a").await.map(drop) }));
    settle().await;
    keys(&allowed).beacon_key("a").await.unwrap();
    for call in denied_calls {
        let why = text(&call.await.unwrap().unwrap_err());
        assert!(why.contains("denied"), "{why}");
    }
    assert_eq!((denied.calls(), allowed.calls()), (1, 1));
}

#[tokio::test]
async fn times_to_live_have_to_make_sense() {
    let source = Arc::new(Source::default());
    for (ttl, fits) in [(9, false), (10, false), (11, true)] {
        assert_eq!(CachedBeaconKeys::new(source.clone(), Duration::from_secs(ttl)).is_ok(), fits);
    }
    let cache = BranchKeyCache::local(NonZeroUsize::new(1).unwrap());
    let zero = CachedBeaconKeys::shared(source, Duration::ZERO, cache, "p");
    assert_eq!(zero.unwrap_err(), CacheError::Zero);
}

#[tokio::test]
async fn debug_shows_no_key() {
    let Setup { keys, .. } = setup(None);
    let key = keys.beacon_key("a").await.unwrap();
    let text = format!("{keys:?} {keys:#?} {key:?}");
    assert!(text.starts_with("CachedBeaconKeys {") && text.contains("1 keys, redacted"), "{text}");
    assert!(!text.contains("187") && !text.to_lowercase().contains("bb"), "{text}");
}

/// A key store in an embedded database, with a KMS in memory.
async fn key_store() -> (Client, Cloud, KeyStore) {
    let (dynamodb, cloud) = (dynaseal_local::memory().unwrap(), Cloud::new());
    let options = KeyStoreOptions::new("branch-keys", KmsConfiguration::Key(KEY.parse().unwrap()));
    let store = KeyStore::new(dynamodb.clone(), cloud.client("us-east-1"), options).unwrap();
    store.create_table().await.unwrap();
    for id in ["acme", "initech"] {
        store.create_key(NewKey::new().id(id).context("tenant", id)).await.unwrap();
    }
    cloud.calls();
    (dynamodb, cloud, store)
}

#[tokio::test]
async fn a_key_store_asks_each_time() {
    let (_, cloud, store) = key_store().await;
    let source: Arc<dyn BeaconKeySource> = Arc::new(store.clone());
    assert_eq!(source.logical_key_store_name(), Some("branch-keys"));
    let key = source.beacon_key("acme").await.unwrap();
    assert_eq!(key.expose_secret(), store.beacon_key("acme").await.unwrap().key.expose_secret());
    assert_ne!(key.expose_secret(), source.beacon_key("initech").await.unwrap().expose_secret());
    assert_eq!(cloud.calls(), [(); 3].map(|()| format!("us-east-1 Decrypt {KEY}")));
    let error = source.beacon_key("eve").await.unwrap_err();
    assert!(matches!(&error, MaterialsError::NoBranchKey { branch_key_id, .. } if branch_key_id == "eve"), "{error}");
    assert!(cloud.calls().is_empty());
    cloud.set(Mood::Denies);
    let error = source.beacon_key("acme").await.unwrap_err();
    assert!(matches!(error, MaterialsError::Denied { .. }), "{error}");
    assert!(text(&error).contains("branch-keys") && text(&error).contains("acme"), "{}", text(&error));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_server_that_denies_and_then_does_not() {
    let (_, cloud, store) = key_store().await;
    let keys = CachedBeaconKeys::new(Arc::new(store), TTL).unwrap();
    cloud.set(Mood::Denies);
    assert!(herd(&keys, "acme", 20).await.iter().all(Result::is_err));
    cloud.calls();
    cloud.set(Mood::Slow(Duration::from_millis(300)));
    let answers = herd(&keys, "acme", 3000).await;
    let first = answers[0].as_ref().unwrap();
    assert!(answers.iter().all(|answer| Arc::ptr_eq(first, answer.as_ref().unwrap())));
    assert_eq!(cloud.calls(), [format!("us-east-1 Decrypt {KEY}")]);
    // Warm: no call at all, whatever the key server says.
    cloud.set(Mood::Denies);
    assert!(Arc::ptr_eq(first, &keys.beacon_key("acme").await.unwrap()));
    assert!(cloud.calls().is_empty());
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// A table of two tenants' people, who are found by their names.
struct People {
    client: Client,
    sealer: Sealer,
}

impl People {
    async fn new(client: &Client, branch_keys: CachedBranchKeys, beacon_keys: BeaconKeys) -> Self {
        let config = TableConfig::builder("people", "tenant").sort_key("id").encrypt(["name"]).build().unwrap();
        let supplier = AttributeBranchKeyId::new("tenant", ["acme", "initech"].map(|tenant| (tenant, tenant)));
        let keyring = HierarchicalKeyring::with_supplier(Arc::new(supplier), Arc::new(branch_keys));
        let encryptor = ItemEncryptor::with_cmm(config, Arc::new(DefaultCmm::new(Arc::new(keyring))));
        // So long that two names, or two keys, never give the same.
        let search = SearchConfig::new(beacon_keys).standard(StandardBeacon::new("name", 60));
        let sealer = Sealer::of_table(SealedTable::new("people", encryptor).with_search(search).unwrap());
        let index = [("by-name", "aws_dbe_b_name", Some("tenant"))];
        dynaseal_local::create_indexed_table(client, "people", "tenant", Some("id"), &index).await.unwrap();
        let people = Self { client: client.clone(), sealer };
        for tenant in ["acme", "initech"] {
            for (id, name) in [("1", "Ada"), ("2", "Bob"), ("3", "Ada")] {
                people.put(tenant, id, name).await;
            }
        }
        people
    }

    async fn put(&self, tenant: &str, id: &str, name: &str) {
        let put = self.client.put_item().table_name("people");
        let put = put.item("tenant", s(tenant)).item("id", s(id)).item("name", s(name));
        put.send_sealed(&self.sealer).await.unwrap();
    }

    /// The ids of a tenant's people of this name, or why they are not found.
    async fn find(&self, tenant: &str, name: &str) -> Result<BTreeSet<String>, String> {
        let query = self.client.query().table_name("people").index_name("by-name");
        let query = query.key_condition_expression("#name = :name AND tenant = :tenant");
        let query = query.expression_attribute_names("#name", "name");
        let query =
            query.expression_attribute_values(":name", s(name)).expression_attribute_values(":tenant", s(tenant));
        let found = query.send_sealed(&self.sealer).await.map_err(|error| text(&error))?;
        let id = |item: &HashMap<String, AttributeValue>| {
            assert_eq!((&item["tenant"], &item["name"]), (&s(tenant), &s(name)));
            item["id"].as_s().unwrap().clone()
        };
        Ok(found.items().iter().map(id).collect())
    }

    /// What stands in the table as the beacon of a name.
    async fn beacon(&self, tenant: &str, id: &str) -> String {
        let get = self.client.get_item().table_name("people").key("tenant", s(tenant)).key("id", s(id));
        get.send().await.unwrap().item.unwrap()["aws_dbe_b_name"].as_s().unwrap().clone()
    }
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}

/// The beacon that a key alone gives, without a key store, a cache or a table.
async fn expected(key: &BeaconKey, name: &str) -> String {
    let table = TableConfig::builder("people", "tenant").sort_key("id").encrypt(["name"]).build().unwrap();
    let keys = BeaconKeys::fixed(BeaconKey::copy_from(key.expose_secret()).unwrap());
    let search = SearchConfig::new(keys).standard(StandardBeacon::new("name", 60)).build(&table).unwrap();
    let item = Item::from([("name".to_owned(), name.into())]);
    match &search.beacons_of(&item, None, None).await.unwrap()["aws_dbe_b_name"] {
        dynaseal_core::AttributeValue::S(beacon) => beacon.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_key_for_all_items_of_a_table() {
    let (dynamodb, cloud, store) = key_store().await;
    let branch_keys = CachedBranchKeys::new(Arc::new(store.clone()), TTL).unwrap();
    let beacon_keys = CachedBeaconKeys::new(Arc::new(store.clone()), TTL).unwrap();
    let keys = BeaconKeys::single(Arc::new(beacon_keys), "acme");
    let people = People::new(&dynamodb, branch_keys, keys).await;
    // The active branch key of each tenant, and one beacon key.
    assert_eq!(cloud.calls().len(), 3);
    let key = store.beacon_key("acme").await.unwrap().key;
    let ada = expected(&key, "Ada").await;
    for tenant in ["acme", "initech"] {
        assert_eq!(people.find(tenant, "Ada").await.unwrap(), set(&["1", "3"]));
        assert_eq!(people.find(tenant, "Bob").await.unwrap(), set(&["2"]));
        assert_eq!(people.find(tenant, "Eve").await.unwrap(), set(&[]));
        assert_eq!([people.beacon(tenant, "1").await, people.beacon(tenant, "3").await], [&*ada, &*ada]);
    }
}

#[tokio::test]
async fn each_tenant_has_its_own_key() {
    let (dynamodb, cloud, store) = key_store().await;
    let clock = Arc::new(Hand::default());
    // One cache for all: what seals, what opens and what searches.
    let cache = BranchKeyCache::with_clock(NonZeroUsize::new(100).unwrap(), storm(), clock.clone());
    let branch_keys = CachedBranchKeys::shared(Arc::new(store.clone()), 2 * TTL, cache.clone(), "people").unwrap();
    let beacon_keys = CachedBeaconKeys::shared(Arc::new(store.clone()), TTL, cache, "people").unwrap();
    let keys = BeaconKeys::by_tenant(Arc::new(beacon_keys), "tenant");
    let people = People::new(&dynamodb, branch_keys, keys).await;
    let decrypt = format!("us-east-1 Decrypt {KEY}");
    // For each tenant, the active branch key and the beacon key.
    assert_eq!(cloud.calls(), [(); 4].map(|()| &*decrypt));
    let mut beacons = BTreeSet::new();
    for tenant in ["acme", "initech"] {
        let key = store.beacon_key(tenant).await.unwrap().key;
        let ada = people.beacon(tenant, "1").await;
        assert_eq!([&ada, &people.beacon(tenant, "3").await], [&expected(&key, "Ada").await; 2]);
        beacons.insert(ada);
        cloud.calls();
        assert_eq!(people.find(tenant, "Ada").await.unwrap(), set(&["1", "3"]));
        assert_eq!(people.find(tenant, "Bob").await.unwrap(), set(&["2"]));
        // The version that opens is an entry of its own.
        assert_eq!(cloud.calls(), [&*decrypt]);
    }
    assert_eq!(beacons.len(), 2);
    // Warm: writes and searches make no call, whatever the key server says.
    cloud.set(Mood::Denies);
    people.put("acme", "4", "Ada").await;
    assert_eq!(people.find("acme", "Ada").await.unwrap(), set(&["1", "3", "4"]));
    assert!(cloud.calls().is_empty());
    // When the beacon keys are too old, nothing is searched until the key server allows it again.
    clock.advance(TTL);
    let why = people.find("acme", "Ada").await.unwrap_err();
    assert!(why.contains("acme") && why.contains("Decrypt"), "{why}");
    cloud.set(Mood::Good);
    cloud.calls();
    assert_eq!(people.find("acme", "Ada").await.unwrap(), set(&["1", "3", "4"]));
    assert_eq!(cloud.calls(), [&*decrypt]);
}
