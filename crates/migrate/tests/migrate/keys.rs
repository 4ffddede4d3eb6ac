//! Keys that cannot be had while items are sealed: a job that could seal nothing does not begin, a service that is down stops
//! it, and the verifier says what it could not tell.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use dynaseal_core::{
    AttributeBranchKeyId, AttributeValue, BeaconKey, BeaconKeySource, BoxFuture, BranchKey, BranchKeyMaterials,
    HierarchicalKeyring, Item, Keyring, MAX_ITEM_SIZE, MaterialsError, MultiKeyring, RawAesKeyring, RawRsaKeyring,
    RsaKeys, RsaPadding, RsaPrivateKey, StaticBranchKeySource, TableConfig, UnwrapRequest, UnwrappedKeys, Uuid,
    WrapRequest, item_size, json,
};
use dynaseal_migrate::{FileCheckpoint, Finding, MigrateError, Source, Verifier};
use dynaseal_ops::SealedTable;
use dynaseal_search::{BeaconKeys, CompoundBeacon, SearchConfig, StandardBeacon};

use crate::refusals::scan_order;
use crate::rekey::signed;
use crate::truth::rsa;
use crate::world::*;

type Make = fn(Why) -> SealedTable;

/// Why a key cannot be had.
#[derive(Clone, Copy, Debug)]
enum Why {
    Service,
    Unknown,
}

impl Why {
    fn error(self) -> MaterialsError {
        match self {
            Self::Service => MaterialsError::Service { what: "the service".to_owned(), source: "said no".into() },
            Self::Unknown => MaterialsError::NoBranchKey { branch_key_id: "none".to_owned(), version: None },
        }
    }
}

/// Opens, and does not seal.
#[derive(Debug)]
struct Sealless {
    key: RawAesKeyring,
    why: Why,
}

impl Keyring for Sealless {
    fn on_encrypt<'a>(&'a self, _: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        Box::pin(std::future::ready(Err(self.why.error())))
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        self.key.on_decrypt(request)
    }

    fn describe(&self) -> String {
        self.key.describe()
    }
}

/// Seals, and opens only the first few times.
#[derive(Debug)]
struct Forgetful {
    key: RawAesKeyring,
    opens: AtomicUsize,
}

impl Keyring for Forgetful {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        self.key.on_encrypt(request)
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        match self.opens.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) {
            Ok(_) => self.key.on_decrypt(request),
            Err(_) => Box::pin(std::future::ready(Err(Why::Unknown.error()))),
        }
    }

    fn describe(&self) -> String {
        self.key.describe()
    }
}

#[derive(Debug)]
struct NoBeaconKey(Why);

impl BeaconKeySource for NoBeaconKey {
    fn beacon_key<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Arc<BeaconKey>, MaterialsError>> {
        Box::pin(std::future::ready(Err(self.0.error())))
    }
}

fn sealless(why: Why) -> SealedTable {
    table_of(config(), Sealless { key: aes(1), why })
}

fn without_beacon_key(why: Why) -> SealedTable {
    let keys = BeaconKeys::single(Arc::new(NoBeaconKey(why)), "beacons");
    table(1).with_search(SearchConfig::new(keys).standard(StandardBeacon::new("name", 12))).unwrap()
}

#[tokio::test]
async fn a_job_that_could_seal_nothing_does_not_begin() {
    let only_opens = table_of(config(), MultiKeyring::without_generator(vec![shared(1)]).unwrap());
    for target in [only_opens, sealless(Why::Unknown), sealless(Why::Service), without_beacon_key(Why::Unknown)] {
        let world = World::new();
        world.people(5);
        let before = world.all();
        let error = fails(&world.sealing(&target)).await;
        assert!(matches!(error, MigrateError::Keys { .. }), "{error}");
        assert!(error.to_string().contains("nothing was written"), "{error}");
        assert_eq!((world.writes(), world.all()), (0, before));
    }
}

#[tokio::test]
async fn a_service_that_does_not_seal_stops_the_job_and_a_missing_key_does_not() {
    let cases: [(Make, Why); 4] = [
        (sealless, Why::Service),
        (without_beacon_key, Why::Service),
        (sealless, Why::Unknown),
        (without_beacon_key, Why::Unknown),
    ];
    for (make, why) in cases {
        let world = World::new();
        world.people(40);
        let options = options().without_key_check().concurrency(1);
        let job = world.migration(Source::default().plain(), &make(why), options);
        match why {
            Why::Service => {
                let error = fails(&job).await;
                assert!(matches!(error, MigrateError::KeyService { failures: 25, .. }), "{}", text(&error));
                assert!(text(&error).contains("said no"), "{}", text(&error));
            }
            Why::Unknown => assert_eq!(sums(&run(&job).await), [0, 0, 40, 0]),
        }
        assert_eq!(world.writes(), 0);
    }
}

/// What is said about the keys: which item, why, and how many items need none.
#[tokio::test]
async fn the_item_that_shows_wrong_keys_is_named_with_its_reason() {
    let wrong = || table_of(config(), RawAesKeyring::new("tests", "key-1", &[9; 32]).unwrap());
    // Whichever of the two the scan has first.
    for (record, other) in [(1, 2), (2, 1), (3, 4), (4, 3), (5, 6), (6, 5)] {
        let world = World::new();
        world.db.put(&seal(&table(1), person(record)));
        let mut unknown = person(other);
        unknown.insert("unheard of".to_owned(), SECRET.into());
        world.db.put(&unknown);
        (10..13).for_each(|number| world.db.put(&person(number)));
        let options = options().page_size(100);
        let error = fails(&world.migration(Source::default().plain(), &wrong(), options)).await;
        let said = text(&error);
        assert!(matches!(error, MigrateError::Keys { .. }), "{said}");
        assert!(said.contains(&format!("p-{record}")) && !said.contains(&format!("p-{other}")), "{said}");
        assert!(said.contains("(3 need none)") && said.contains("does not open"), "{said}");
        assert_eq!(world.writes(), 0);
    }
}

/// Of several, it is the first in the order in which they are read.
#[tokio::test]
async fn the_first_of_the_items_is_named() {
    let world = World::new();
    world.sealed_people(&table(1), 6);
    let wrong = table_of(config(), RawAesKeyring::new("tests", "key-1", &[9; 32]).unwrap());
    let first = json::to_string(&world.key_of(&scan_order(&world).await[0]));
    let options = options().page_size(100);
    let said = text(&fails(&world.migration(Source::default().plain(), &wrong, options)).await);
    assert!(said.contains(&format!("the first of them is {first}")), "{first}: {said}");
}

/// Proving is opening what was sealed: what does not open again is not written.
#[tokio::test]
async fn what_was_sealed_and_does_not_open_is_not_written() {
    let world = World::new();
    world.people(4);
    let before = world.all();
    let forgetful = || table_of(config(), Forgetful { key: aes(1), opens: AtomicUsize::new(1) });
    let job = |prove| world.migration(Source::default().plain(), &forgetful(), options().prove(prove));
    assert_eq!(sums(&run(&job(true)).await), [0, 0, 4, 0]);
    assert_eq!((world.writes(), world.all()), (0, before));
    // Who does not ask for it trusts the keys.
    assert_eq!(sums(&run(&job(false)).await), [4, 0, 0, 0]);
}

fn without_suite_signature() -> dynaseal_core::TableConfigBuilder {
    without_signature(config())
}

fn with_notes(number: usize, length: usize) -> Item {
    let mut item = id(number);
    item.insert("notes".to_owned(), "x".repeat(length).as_str().into());
    item
}

/// Without signatures, whose length varies, so that it is one byte that decides.
#[tokio::test]
async fn the_largest_record_is_made_and_one_byte_more_is_refused() {
    let plain = table_of(without_suite_signature(), aes(1));
    let around = item_size(&seal(&plain, with_notes(1, 1000))) - 1000;
    let world = World::new();
    world.db.put(&with_notes(2, MAX_ITEM_SIZE - around));
    world.db.put(&with_notes(3, MAX_ITEM_SIZE - around + 1));
    let sent = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&sent);
    // The embedded database takes no update of an item of exactly that size: what is sent is looked at.
    world.at_the_line(move |_, call| match call.is("UpdateItem") {
        true => {
            seen.lock().unwrap().push(call.id().to_owned());
            Act::Refuse(400, "ValidationException")
        }
        false => Act::Pass,
    });
    let report = run(&world.sealing(&plain)).await;
    assert_eq!((sums(&report), report.counts.too_large), ([0, 0, 2, 0], 1), "{:?}", report.refused);
    assert_eq!(*sent.lock().unwrap(), ["p-2"]);

    // Too large with its beacons only: that is the same news.
    let searched = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap()));
    let searched = searched.standard(StandardBeacon::new("notes", 12));
    let searched = table_of(without_suite_signature(), aes(1)).with_search(searched).unwrap();
    let world = World::new();
    world.db.put(&with_notes(2, MAX_ITEM_SIZE - around));
    let report = run(&world.sealing(&searched)).await;
    assert_eq!((sums(&report), report.counts.too_large), ([0, 0, 1, 0], 1), "{:?}", report.refused);
    assert!(report.refused[0].reason.contains("DynamoDB takes at most"), "{:?}", report.refused);

    // Nor can a record that is there be sealed so: it is not of the configuration of now.
    let sealed = seal(&plain, with_notes(2, MAX_ITEM_SIZE - around));
    let finding = Verifier::new(searched).check(&sealed).await;
    assert!(matches!(finding, Finding::OtherConfiguration), "{finding:?}");
}

#[tokio::test]
async fn the_verifier_says_what_it_cannot_tell() {
    let stored = seal(&table(1), person(1));
    let searched = seal(&table(1).with_search(search()).unwrap(), person(1));
    let only_private = |pair: &str| {
        let keys = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/keys");
        let pem = std::fs::read_to_string(keys.join(format!("test-rsa-{pair}.pem"))).unwrap();
        let keys = RsaKeys::Private(RsaPrivateKey::from_pem(pem).unwrap());
        RawRsaKeyring::new("tests", "rsa", RsaPadding::OaepSha256, keys).unwrap()
    };
    let with_rsa = |keyring| table_of(config(), MultiKeyring::new(shared(1), vec![Arc::new(keyring)]));
    let escrowed = seal(&with_rsa(rsa("a", true)), person(1));
    let cases = [
        // A key that cannot be had now says nothing about the item.
        ("not_compared", sealless(Why::Service), &stored),
        ("not_compared", sealless(Why::Unknown), &stored),
        ("not_compared", without_beacon_key(Why::Service), &searched),
        ("not_compared", without_beacon_key(Why::Unknown), &searched),
        // And where there is none by configuration, it opens: also where a part of it is without one.
        ("opens", table_of(config(), MultiKeyring::without_generator(vec![shared(1)]).unwrap()), &stored),
        ("opens", with_rsa(only_private("a")), &escrowed),
    ];
    for (at, (expected, table, stored)) in cases.into_iter().enumerate() {
        let finding = Verifier::new(table).check(stored).await;
        assert_eq!((finding.name(), finding.is_clean()), (expected, expected == "opens"), "{at}: {finding}");
    }
    let told = Verifier::new(sealless(Why::Service)).check(&stored).await.to_string();
    assert!(told.contains("whether it is of the current keys cannot be told") && told.contains("said no"), "{told}");
}

/// Signed beacons are made anew to compare.
#[tokio::test]
async fn a_record_with_signed_beacons_is_clean() {
    let searched = table(1).with_search(signed("where")).unwrap();
    let sealed = seal(&searched, person(1));
    assert!(sealed.contains_key("where"));
    let finding = Verifier::new(searched.clone()).check(&sealed).await;
    assert!(matches!(finding, Finding::Clean), "{finding:?}");
    let mut without = person(1);
    without.remove("ward");
    let finding = Verifier::new(searched).check(&seal(&table(1), without)).await;
    assert!(matches!(finding, Finding::OtherConfiguration), "{finding:?}");
}

/// Each with what to do about it.
#[tokio::test]
async fn findings_have_words() {
    let sealed = seal(&table(1), person(1));
    let mut changed = sealed.clone();
    changed.insert("ward".to_owned(), SECRET.into());
    let mut older = person(1);
    older.insert("*amzn-ddb-map-desc*".to_owned(), AttributeValue::B(vec![0]));
    older.insert("*amzn-ddb-map-sig*".to_owned(), AttributeValue::B(vec![0]));
    let mut reserved = person(1);
    reserved.insert("aws_dbe_odd".to_owned(), SECRET.into());
    let elsewhere = TableConfig::builder("elsewhere", "id").encrypt(["name", "age", "notes"]).sign(["ward"]);
    let elsewhere = table_of(elsewhere.unsigned(["seen"]).unsigned_prefix(":"), aes(1));
    let verifier = Verifier::new(table(1)).other_tables([elsewhere.encryptor().clone()]);
    let cases = [
        (sealed.clone(), "sealed as it should be"),
        (person(1), "`dynaseal migrate --from plaintext` seals it"),
        (older, "`dynaseal migrate --from older-client` moves it"),
        (seal(&table_of(config(), several(&[1, 2])), person(1)), "sealed under an older key, or for others"),
        (seal(&table_of(without_suite_signature(), aes(1)), person(1)), "by another configuration"),
        (seal(&elsewhere, person(1)), "a record of the table `elsewhere`"),
        (reserved, "`aws_dbe_odd` is a name of the library"),
        (seal(&table(2), person(1)), "none of the record's recipients (raw AES tests/key-2)"),
    ];
    for (item, words) in cases {
        let said = verifier.check(&item).await.to_string();
        assert!(said.contains(words) && !said.contains(SECRET), "{words}: {said}");
    }
    let said = Verifier::new(table(1)).only_opens().check(&sealed).await.to_string();
    assert!(said.contains("without a key to seal with"), "{said}");
    assert!(!verifier.check(&changed).await.to_string().is_empty());
}

/// A checkpoint is of the keys that a job began with, also of keys that an item's context chooses and of those of beacons that
/// are not the first attribute's.
#[tokio::test]
async fn a_checkpoint_knows_keys_of_tenants_and_of_beacons() {
    let tenant = |byte: u8| {
        let version: Uuid = "11111111-2222-4333-8444-555555555555".parse().unwrap();
        let materials = BranchKeyMaterials::new("tenant", version, BranchKey::copy_from(&[byte; 32]).unwrap());
        let supplier = AttributeBranchKeyId::new("ward", [("dynaseal migrate", "tenant"), ("ours", "tenant")]);
        let source = Arc::new(StaticBranchKeySource::new(materials));
        let config = TableConfig::builder(TABLE, "id").encrypt(["name", "age", "notes"]);
        let config = config.include_in_context(["id", "ward"]).unsigned(["seen"]).unsigned_prefix(":");
        table_of(config, HierarchicalKeyring::with_supplier(Arc::new(supplier), source))
    };
    let searched = |byte: u8| {
        let search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[byte; 32]).unwrap()));
        let search = search.standard(StandardBeacon::new("name", 12));
        table(1).with_search(search.compound(CompoundBeacon::new("where", '.').signed("id", "I-"))).unwrap()
    };
    for (what, old, new) in [("tenant", tenant(1), tenant(2)), ("beacons", searched(1), searched(2))] {
        let folder = tempfile::tempdir().unwrap();
        let with_checkpoint = || {
            let checkpoint = FileCheckpoint::open(folder.path().join("checkpoint")).unwrap();
            options().checkpoint(Arc::new(checkpoint))
        };
        let world = World::new();
        for number in 0..2 {
            let mut person = person(number);
            person.insert("ward".to_owned(), "ours".into());
            world.db.put(&seal(&old, person));
        }
        let job = |table: &SealedTable| world.migration(Source::default(), table, with_checkpoint());
        assert_eq!(sums(&run(&job(&old)).await), [0, 2, 0, 0], "{what}");
        assert!(run(&job(&old)).await.was_done, "{what}");
        let error = fails(&job(&new)).await;
        assert!(matches!(error, MigrateError::OtherKeys { .. }), "{what}: {}", text(&error));
    }
}

/// A branch key is rotated while a job is under way: it goes on, for its records are of one branch key.
#[tokio::test]
async fn a_job_goes_on_with_the_next_version_of_a_branch_key() {
    let key = |version: &str, byte: u8| {
        BranchKeyMaterials::new("branch", version.parse().unwrap(), BranchKey::copy_from(&[byte; 32]).unwrap())
    };
    let (first, second) = ("11111111-2222-4333-8444-555555555555", "22222222-2222-4333-8444-555555555555");
    let of = |source: StaticBranchKeySource| table_of(config(), HierarchicalKeyring::new("branch", Arc::new(source)));
    let old = || of(StaticBranchKeySource::new(key(first, 1)));
    let new = || of(StaticBranchKeySource::new(key(second, 2)).with_older(key(first, 1)));
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    world.people(20);
    let job = |table: &SealedTable| {
        let checkpoint = FileCheckpoint::open(folder.path().join("checkpoint")).unwrap();
        world.migration(Source::default().plain(), table, options().checkpoint(Arc::new(checkpoint)))
    };
    world.at_the_line(|_, call| match call.is("UpdateItem") && call.nth > 9 {
        true => Act::Refuse(400, "AccessDeniedException"),
        false => Act::Pass,
    });
    fails(&job(&old())).await;
    world.nobody_at_the_line();
    let report = run(&job(&new())).await;
    assert_eq!((report.counts.refused, report.was_done), (0, false));
    assert_eq!(world.opened(&new()).len(), 20);
    // Another branch key is another job's.
    let other = BranchKeyMaterials::new("other", second.parse().unwrap(), BranchKey::copy_from(&[3; 32]).unwrap());
    let other = StaticBranchKeySource::new(other).with_older(key(first, 1)).with_older(key(second, 2));
    let other = table_of(config(), HierarchicalKeyring::new("other", Arc::new(other)));
    let error = fails(&job(&other)).await;
    assert!(matches!(error, MigrateError::OtherKeys { .. } | MigrateError::OtherJob { .. }), "{}", text(&error));
}
