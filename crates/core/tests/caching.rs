//! The caching CMM: what is asked again, and what is not.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dynaseal_core::{
    AlgorithmSuite, AttributeValue, BoxFuture, CachingCmm, CachingLimits, Clock, DefaultCmm, HEAD, Item, ItemEncryptor,
    Keyring, MaterialsError, RawAesKeyring, TableConfig, UnwrapRequest, UnwrappedKeys, WrapRequest,
};
use dynaseal_testkit::block_on;

#[derive(Debug, Default)]
struct Hand(Mutex<Duration>);

impl Clock for Hand {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

/// A raw key that counts how often it is asked.
#[derive(Debug)]
struct Counting {
    keyring: RawAesKeyring,
    sealed: AtomicUsize,
    opened: AtomicUsize,
}

impl Keyring for Counting {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        self.sealed.fetch_add(1, Ordering::SeqCst);
        self.keyring.on_encrypt(request)
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        self.keyring.on_decrypt(request)
    }

    fn describe(&self) -> String {
        self.keyring.describe()
    }
}

struct Setup {
    keyring: Arc<Counting>,
    clock: Arc<Hand>,
    encryptor: ItemEncryptor,
}

impl Setup {
    fn new(suite: AlgorithmSuite, limits: CachingLimits) -> Self {
        let keyring = RawAesKeyring::new("ns", "key", &[7; 32]).unwrap();
        let keyring = Arc::new(Counting { keyring, sealed: 0.into(), opened: 0.into() });
        let clock = Arc::new(Hand::default());
        let cmm = CachingCmm::new(Arc::new(DefaultCmm::new(keyring.clone())), limits, clock.clone());
        let config = TableConfig::builder("table", "pk").encrypt(["v"]).sign(["s"]).algorithm_suite(suite);
        let encryptor = ItemEncryptor::with_cmm(config.build().unwrap(), Arc::new(cmm));
        Self { keyring, clock, encryptor }
    }

    fn seal(&self, id: &str, value: &str) -> Item {
        block_on(self.encryptor.encrypt_item(item(id, value))).unwrap().item
    }

    fn open(&self, sealed: &Item) -> Item {
        block_on(self.encryptor.decrypt_item(sealed.clone())).unwrap().item
    }

    /// Calls to seal and to open since the last time.
    fn calls(&self) -> (usize, usize) {
        (self.keyring.sealed.swap(0, Ordering::SeqCst), self.keyring.opened.swap(0, Ordering::SeqCst))
    }
}

fn item(id: &str, value: &str) -> Item {
    [("pk".to_owned(), id.into()), ("v".to_owned(), value.into()), ("s".to_owned(), "x".into())].into()
}

fn limits() -> CachingLimits {
    CachingLimits::new(NonZeroUsize::new(10).unwrap(), Duration::from_secs(60))
}

#[test]
fn the_same_item_asks_once_and_every_other_item_again() {
    for suite in AlgorithmSuite::ALL {
        let setup = Setup::new(suite, limits());
        let (first, second) = (setup.seal("a", "one"), setup.seal("a", "two"));
        assert_eq!(setup.calls(), (1, 0));
        setup.seal("b", "one");
        assert_eq!(setup.calls(), (1, 0));
        for _ in 0..3 {
            assert_eq!(setup.open(&first), item("a", "one"));
        }
        assert_eq!(setup.calls(), (0, 1));
        // The two share their data key, and with it all that the headers say of it.
        assert_eq!(setup.open(&second), item("a", "two"));
        assert_eq!(setup.calls(), (0, 0));
        // Message ids differ, so no field is sealed twice with one key.
        assert_ne!(first["v"], second["v"]);
        assert_ne!(setup.seal("a", "one")["v"], first["v"]);
    }
}

#[test]
fn materials_of_one_record_do_not_vouch_for_another() {
    for suite in AlgorithmSuite::ALL {
        let setup = Setup::new(suite, limits());
        let sealed = setup.seal("a", "one");
        setup.open(&sealed);
        for (name, value) in [("s", "y".into()), ("pk", "b".into()), ("v", AttributeValue::B(vec![0; 40]))] {
            let mut changed = sealed.clone();
            changed.insert(name.to_owned(), value);
            block_on(setup.encryptor.decrypt_item(changed)).unwrap_err();
        }
        let AttributeValue::B(head) = &sealed[HEAD] else { panic!("no header") };
        for at in 0..head.len() {
            let (mut changed, mut head) = (sealed.clone(), head.clone());
            head[at] ^= 1;
            changed.insert(HEAD.to_owned(), AttributeValue::B(head));
            block_on(setup.encryptor.decrypt_item(changed)).unwrap_err();
        }
    }
}

#[test]
fn limits_of_age_messages_and_bytes() {
    let setup = Setup::new(AlgorithmSuite::HmacOnly, limits());
    let sealed = setup.seal("a", "one");
    setup.open(&sealed);
    *setup.clock.0.lock().unwrap() = Duration::from_secs(59);
    setup.seal("a", "one");
    setup.open(&sealed);
    assert_eq!(setup.calls(), (1, 1));
    *setup.clock.0.lock().unwrap() = Duration::from_secs(60);
    setup.seal("a", "one");
    setup.open(&sealed);
    assert_eq!(setup.calls(), (1, 1));

    let setup = Setup::new(AlgorithmSuite::HmacOnly, limits().max_messages(3));
    for _ in 0..7 {
        setup.seal("a", "one");
    }
    assert_eq!(setup.calls(), (3, 0));
    let setup = Setup::new(AlgorithmSuite::HmacOnly, limits().max_messages(1));
    for _ in 0..4 {
        setup.seal("a", "one");
    }
    assert_eq!(setup.calls(), (4, 0));

    // "one" is sealed as five bytes.
    let setup = Setup::new(AlgorithmSuite::HmacOnly, limits().max_bytes(10));
    for _ in 0..4 {
        setup.seal("a", "one");
    }
    assert_eq!(setup.calls(), (2, 0));
    let setup = Setup::new(AlgorithmSuite::HmacOnly, limits().max_bytes(9));
    for _ in 0..4 {
        setup.seal("a", "one");
    }
    assert_eq!(setup.calls(), (4, 0));
}

/// Materials that cannot be used again are not kept: keys stay in memory only as long as they are of use.
#[test]
fn materials_that_have_no_room_for_another_record_are_not_kept() {
    let kept = |limits: CachingLimits| {
        let setup = Setup::new(AlgorithmSuite::HmacOnly, limits);
        setup.seal("a", "one");
        format!("{:?}", setup.encryptor).matches("len: 1,").count()
    };
    // "one" is sealed as five bytes.
    assert_eq!([1, 2].map(|messages| kept(limits().max_messages(messages))), [0, 1]);
    assert_eq!([4, 5, 6].map(|bytes| kept(limits().max_bytes(bytes))), [0, 0, 1]);
}

#[test]
fn limits_are_those_of_the_specification_at_most() {
    let (messages, bytes) = (4_294_967_296, 9_223_372_036_854_775_807);
    let most = limits();
    assert_eq!((most.capacity.get(), most.max_age), (10, Duration::from_secs(60)));
    assert_eq!((most.max_messages, most.max_bytes), (messages, bytes));
    let beyond = limits().max_messages(messages + 1).max_bytes(bytes + 1);
    assert_eq!((beyond.max_messages, beyond.max_bytes), (messages, bytes));
    let fewer = limits().max_messages(7).max_bytes(8);
    assert_eq!((fewer.max_messages, fewer.max_bytes), (7, 8));
    // Also where the fields were written to.
    let mut written = limits();
    (written.max_messages, written.max_bytes) = (u64::MAX, u64::MAX);
    let setup = Setup::new(AlgorithmSuite::HmacOnly, written);
    let text = format!("{:?}", setup.encryptor);
    assert!(text.contains(&format!("max_messages: {messages}, max_bytes: {bytes}")), "{text}");
}

#[test]
fn only_so_many_are_kept() {
    let setup = Setup::new(AlgorithmSuite::HmacOnly, limits());
    for index in 0..11 {
        setup.seal(&index.to_string(), "one");
    }
    assert_eq!(setup.calls(), (11, 0));
    setup.seal("10", "one");
    setup.seal("1", "one");
    assert_eq!(setup.calls(), (0, 0));
    setup.seal("0", "one");
    assert_eq!(setup.calls(), (1, 0));
}

#[test]
fn materials_that_nobody_asks_for_leave_the_memory() {
    let setup = Setup::new(AlgorithmSuite::HmacOnly, limits());
    for id in ["a", "b", "c"] {
        setup.open(&setup.seal(id, "one"));
    }
    let kept = |setup: &Setup, count| format!("{:?}", setup.encryptor).matches(&format!("len: {count},")).count();
    assert_eq!(kept(&setup, 3), 2);
    *setup.clock.0.lock().unwrap() = Duration::from_secs(60);
    setup.open(&setup.seal("d", "one"));
    assert_eq!(kept(&setup, 1), 2);
}

#[test]
fn debug_shows_no_key() {
    let setup = Setup::new(AlgorithmSuite::EcdsaP384, limits());
    setup.open(&setup.seal("a", "one"));
    let text = format!("{:?}", setup.encryptor);
    assert!(text.contains("redacted") && !text.contains("7, 7, 7"), "{text}");
}
