//! The provider over a store: what it asks, when, and what it goes on with.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod ddbec;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ddbec::ready;
use dynaseal_core::{
    AttributeValue, BoxFuture, Clock, Item, LegacyEncryptor as _, LegacyError, LegacyErrorClass, SystemRandom,
};
use dynaseal_legacy::ddbec::{
    ConfigError, Encryptor, Error, MATERIAL_DESCRIPTION, MaterialDescription, MaterialsProvider, MetaStore,
    MostRecentProvider, StoredMaterials, names,
};

const TTL: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
struct Watch(Mutex<Duration>);

impl Watch {
    fn pass(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for Watch {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

/// Versions in memory, with the calls since the last time.
#[derive(Debug, Default)]
struct Store {
    versions: Mutex<BTreeMap<u64, StoredMaterials>>,
    calls: Mutex<Vec<String>>,
    is_gone: Mutex<bool>,
}

impl Store {
    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    fn enter(&self, call: String) -> Result<(), LegacyError> {
        self.calls.lock().unwrap().push(call);
        if *self.is_gone.lock().unwrap() { Err(LegacyError::new(LegacyErrorClass::Materials, "gone")) } else { Ok(()) }
    }

    fn add(&self, version: u64) {
        let materials = StoredMaterials::generate("name", version, &SystemRandom).unwrap();
        self.versions.lock().unwrap().entry(version).or_insert(materials);
    }

    fn get(&self, name: &str, version: u64) -> Result<Arc<dyn MaterialsProvider>, LegacyError> {
        match self.versions.lock().unwrap().get(&version) {
            Some(materials) => Ok(Arc::new(materials.provider(Arc::new(SystemRandom)).unwrap())),
            None => Err(Error::NoVersion { name: name.to_owned(), version }.into()),
        }
    }
}

impl MetaStore for Store {
    fn latest_version<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<u64>, LegacyError>> {
        let latest = self.enter("latest".to_owned());
        let latest = latest.map(|()| self.versions.lock().unwrap().keys().next_back().copied());
        Box::pin(std::future::ready(latest))
    }

    fn provider<'a>(
        &'a self,
        name: &'a str,
        version: u64,
    ) -> BoxFuture<'a, Result<Arc<dyn MaterialsProvider>, LegacyError>> {
        let provider = self.enter(format!("get {version}")).and_then(|()| self.get(name, version));
        Box::pin(std::future::ready(provider))
    }

    fn get_or_create_provider<'a>(
        &'a self,
        name: &'a str,
        version: u64,
    ) -> BoxFuture<'a, Result<Arc<dyn MaterialsProvider>, LegacyError>> {
        let provider = self.enter(format!("create {version}")).and_then(|()| {
            self.add(version);
            self.get(name, version)
        });
        Box::pin(std::future::ready(provider))
    }
}

struct World {
    store: Arc<Store>,
    watch: Arc<Watch>,
    encryptor: Encryptor,
}

fn world(capacity: usize) -> World {
    let (store, watch) = (Arc::new(Store::default()), Arc::new(Watch::default()));
    let provider = MostRecentProvider::new(store.clone(), "name", TTL, watch.clone()).unwrap();
    let provider = provider.with_capacity(NonZeroUsize::new(capacity).unwrap());
    World { store, watch, encryptor: Encryptor::builder("table", "id").build(Arc::new(provider)).unwrap() }
}

impl World {
    fn seal(&self) -> Item {
        ready(self.encryptor.encrypt_item(item())).unwrap()
    }

    fn open(&self, sealed: &Item) -> Result<(), LegacyError> {
        ready(self.encryptor.decrypt_item(sealed.clone())).map(|opened| assert_eq!(opened, item()))
    }
}

fn item() -> Item {
    Item::from([("id".to_owned(), "ada".into()), ("secret".to_owned(), "notes".into())])
}

fn description(sealed: &Item) -> MaterialDescription {
    let AttributeValue::B(bytes) = &sealed[MATERIAL_DESCRIPTION] else { panic!() };
    MaterialDescription::from_bytes(bytes).unwrap()
}

fn meta_id(sealed: &Item) -> String {
    description(sealed).get(names::META_ID).unwrap().to_owned()
}

fn saying(sealed: &Item, id: &str) -> Item {
    let mut description = description(sealed);
    description.insert(names::META_ID, id);
    let mut changed = sealed.clone();
    changed.insert(MATERIAL_DESCRIPTION.to_owned(), AttributeValue::B(description.to_bytes()));
    changed
}

/// For who knows that there is a newer version, or that one was a mistake.
#[test]
fn what_is_forgotten_is_asked_for_again() {
    let (store, watch) = (Arc::new(Store::default()), Arc::new(Watch::default()));
    let provider = Arc::new(MostRecentProvider::new(store.clone(), "name", TTL, watch).unwrap());
    let encryptor = Encryptor::builder("table", "id").build(provider.clone()).unwrap();
    let seal = || ready(encryptor.encrypt_item(item())).unwrap();
    let first = seal();
    store.add(1);
    assert_eq!((meta_id(&first), meta_id(&seal())), ("name#0".to_owned(), "name#0".to_owned()));
    store.calls();
    provider.refresh();
    assert_eq!(meta_id(&seal()), "name#1");
    assert_eq!(store.calls(), ["latest", "get 1"]);
    ready(encryptor.decrypt_item(first)).unwrap();
    assert_eq!(store.calls(), ["get 0"]);
    let shown = format!("{provider:?}");
    assert!(shown.contains("MostRecentProvider") && shown.contains("\"name\"") && shown.contains("60s"), "{shown}");
}

#[test]
fn stored_materials_say_their_name_and_version() {
    for version in [0, 1, 7, u64::MAX] {
        let materials = StoredMaterials::generate("name", version, &SystemRandom).unwrap();
        assert_eq!((materials.name(), materials.version()), ("name", version));
        let read = StoredMaterials::from_item(materials.to_item()).unwrap();
        assert_eq!((read.name(), read.version()), ("name", version));
    }
}

#[test]
fn the_first_version_is_made_and_the_newest_is_taken() {
    let world = world(10);
    let first = world.seal();
    assert_eq!(meta_id(&first), "name#0");
    assert_eq!(world.store.calls(), ["latest", "create 0"]);
    world.seal();
    world.open(&first).unwrap();
    assert!(world.store.calls().is_empty());

    // A new version is noticed when the time is over, and the old one still opens.
    world.store.add(1);
    assert_eq!(meta_id(&world.seal()), "name#0");
    world.watch.pass(TTL);
    let second = world.seal();
    assert_eq!(meta_id(&second), "name#1");
    assert_eq!(world.store.calls(), ["latest", "get 1"]);
    world.open(&first).unwrap();
    world.open(&second).unwrap();
    assert_eq!(world.store.calls(), ["get 0"]);
    world.open(&first).unwrap();
    assert!(world.store.calls().is_empty());
}

#[test]
fn while_one_asks_others_go_on() {
    let world = world(10);
    let sealed = world.seal();
    world.watch.pass(TTL);
    *world.store.is_gone.lock().unwrap() = true;
    world.store.calls();
    // The first one asks, in vain. Others go on with what there is for half a second.
    assert_eq!(world.open(&sealed).unwrap_err().to_string(), "gone");
    world.watch.pass(Duration::from_millis(499));
    world.open(&sealed).unwrap();
    world.open(&sealed).unwrap();
    assert_eq!(world.store.calls(), ["get 0"]);
    world.watch.pass(Duration::from_millis(1));
    assert!(world.open(&sealed).is_err() && world.open(&sealed).is_err());
    assert_eq!(world.store.calls(), ["get 0", "get 0"]);
    *world.store.is_gone.lock().unwrap() = false;
    world.open(&sealed).unwrap();
    world.open(&sealed).unwrap();
    assert_eq!(world.store.calls(), ["get 0"]);
}

#[test]
fn no_more_versions_are_kept_than_there_is_room_for() {
    let world = world(2);
    let sealed: Vec<Item> = (0..4)
        .map(|version| {
            world.store.add(version);
            world.watch.pass(TTL);
            world.seal()
        })
        .collect();
    world.store.calls();
    for sealed in sealed.iter().rev() {
        world.open(sealed).unwrap();
    }
    // All but the newest had become too old as well.
    assert_eq!(world.store.calls(), ["get 2", "get 1", "get 0"]);
    world.open(&sealed[1]).unwrap();
    world.open(&sealed[0]).unwrap();
    assert!(world.store.calls().is_empty());
    world.open(&sealed[3]).unwrap();
    assert_eq!(world.store.calls(), ["get 3"]);
}

/// The version is not signed: it decides only which keys of the store are tried.
#[test]
fn what_an_item_says_of_versions() {
    let world = world(10);
    let sealed = world.seal();
    world.store.add(1);
    let error = world.open(&saying(&sealed, "name#1")).unwrap_err();
    assert_eq!(error.class(), LegacyErrorClass::Materials);
    assert!(error.to_string().contains("does not unwrap"), "{error}");
    let error = world.open(&saying(&sealed, "name#7")).unwrap_err();
    assert_eq!(error.to_string(), "there are no materials `name` of version 7");
    // As upstream, which does not look at the name.
    world.open(&saying(&sealed, "other#0")).unwrap();
    for wrong in ["name", "name#", "name#+0", "name#-1", "name#0x0", "name#99999999999999999999", "a#b#0", "", "#"] {
        let error = world.open(&saying(&sealed, wrong)).unwrap_err();
        assert_eq!(error.class(), LegacyErrorClass::Malformed, "{wrong}");
        assert!(error.to_string().contains("amzn-ddb-meta-id"), "{error}");
    }
}

#[test]
fn names_that_upstream_can_not_read() {
    for name in ["", "a#b"] {
        let provider = MostRecentProvider::new(Arc::new(Store::default()), name, TTL, Arc::new(Watch::default()));
        assert_eq!(provider.unwrap_err(), ConfigError::MaterialName);
    }
}

#[test]
fn stored_materials_are_looked_at() {
    let materials = StoredMaterials::generate("name", 3, &SystemRandom).unwrap();
    assert!(!format!("{materials:?}").contains(", 1"), "{materials:?}");
    let item = materials.to_item();
    assert_eq!(StoredMaterials::from_item(item.clone()).unwrap().to_item(), item);
    for (name, value) in [
        ("t", AttributeValue::from("1")),
        ("encAlg", "DES".into()),
        ("intAlg", "SHA256withRSA".into()),
        ("enc", vec![1; 31].into()),
        ("int", vec![].into()),
        ("N", 1_i64.into()),
        ("V", (-1_i64).into()),
    ] {
        let mut changed = item.clone();
        changed.insert(name.to_owned(), value);
        let error = StoredMaterials::from_item(changed).unwrap_err();
        assert_eq!(error.class(), LegacyErrorClass::Materials);
        let mut changed = item.clone();
        changed.remove(name);
        assert!(StoredMaterials::from_item(changed).is_err(), "{name}");
    }
}
