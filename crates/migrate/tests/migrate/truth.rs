//! What a job says is true: an item counts as up to date only if the target itself opened it, a plan and a run agree, and
//! after a run without refused items the table is clean.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use dynaseal_core::{
    AlgorithmSuite, AttributeValue, BeaconKey, BoxFuture, BranchKey, BranchKeyMaterials, Curve, EcdhPrivateKey,
    EcdhPublicKey, HierarchicalKeyring, Item, ItemEncryptor, Keyring, MaterialsError, MultiKeyring, ParsedAttribute,
    PlaintextPolicy, RawAesKeyring, RawEcdhKeyring, RawRsaKeyring, RsaKeys, RsaPadding, RsaPrivateKey, RsaPublicKey,
    StaticBranchKeySource, TableConfig, TableConfigBuilder, UnwrapRequest, UnwrappedKeys, Uuid, WrapRequest, json,
};
use dynaseal_migrate::{Counts, Finding, Keys, MigrateError, Migration, Options, Source, Target, Verifier};
use dynaseal_ops::SealedTable;
use dynaseal_search::{BeaconKeys, CompoundBeacon, SearchConfig, StandardBeacon};

use crate::attributes::{
    older as python, older_person as python_person, opened_person, own as own_attributes, root_keys,
};
use crate::older::{older as java_person, source as java};
use crate::world::*;

/// With a sort key, so that it can be forgotten.
fn world() -> World {
    World::keyed(&[("id", "S"), ("ward", "S")])
}

fn named(logical: &str) -> TableConfigBuilder {
    TableConfig::builder(logical, "id")
        .encrypt(["name", "age", "notes"])
        .unsigned(["seen"])
        .unsigned_prefix(":")
        .plaintext_policy(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead)
}

fn keyed() -> TableConfigBuilder {
    named(TABLE).sort_key("ward")
}

/// A key whose name says nothing of its bytes.
fn key(name: &str, byte: u8) -> RawAesKeyring {
    RawAesKeyring::new("tests", name, &[byte; 32]).unwrap()
}

fn arc(keyring: impl Keyring + 'static) -> Arc<dyn Keyring> {
    Arc::new(keyring)
}

fn pem(name: &str) -> String {
    let keys = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/keys");
    std::fs::read_to_string(keys.join(format!("test-{name}.pem"))).unwrap()
}

pub(crate) fn rsa(pair: &str, opens: bool) -> RawRsaKeyring {
    let public = RsaPublicKey::from_pem(pem(&format!("rsa-{pair}.pub"))).unwrap();
    let keys = match opens {
        true => RsaKeys::Pair(public, RsaPrivateKey::from_pem(pem(&format!("rsa-{pair}"))).unwrap()),
        false => RsaKeys::Public(public),
    };
    RawRsaKeyring::new("tests", "rsa", RsaPadding::OaepSha256, keys).unwrap()
}

fn ecdh(pair: &str) -> RawEcdhKeyring {
    let own = EcdhPrivateKey::from_pem(Curve::P256, pem("p256-a")).unwrap();
    let other = EcdhPublicKey::from_pem(Curve::P256, pem(&format!("p256-{pair}.pub"))).unwrap();
    RawEcdhKeyring::fixed(own, other).unwrap()
}

/// A branch key of one id and one version, out of a store of its own.
fn branch(byte: u8) -> HierarchicalKeyring {
    let version: Uuid = "11111111-2222-4333-8444-555555555555".parse().unwrap();
    let materials = BranchKeyMaterials::new("tenant", version, BranchKey::copy_from(&[byte; 32]).unwrap());
    HierarchicalKeyring::new("tenant", Arc::new(StaticBranchKeySource::new(materials)))
}

fn beacons(byte: u8, length: u8) -> SearchConfig {
    SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[byte; 32]).unwrap()))
        .standard(StandardBeacon::new("name", length))
}

struct Change {
    what: &'static str,
    old: SealedTable,
    new: SealedTable,
}

fn changes() -> Vec<Change> {
    let of = |keyring: Arc<dyn Keyring>| table_of(keyed(), keyring);
    let one = || of(arc(key("key", 1)));
    let change = |what, old, new| Change { what, old, new };
    let searched = |byte, length| one().with_search(beacons(byte, length)).unwrap();
    let several = |first: (&str, u8), second: (&str, u8)| {
        of(arc(MultiKeyring::new(arc(key(first.0, first.1)), vec![arc(key(second.0, second.1))])))
    };
    let nested = |byte| {
        let inner = MultiKeyring::without_generator(vec![arc(key("inner", 1)), arc(key("deep", byte))]).unwrap();
        of(arc(MultiKeyring::new(arc(key("outer", 1)), vec![arc(inner)])))
    };
    let with_rsa = |pair| of(arc(MultiKeyring::new(arc(key("key", 1)), vec![arc(rsa(pair, true))])));
    let with_branch = |byte| of(arc(MultiKeyring::new(arc(key("key", 1)), vec![arc(branch(byte))])));
    vec![
        change("key bytes", one(), of(arc(key("key", 2)))),
        change("key name", one(), of(arc(key("other", 1)))),
        change("key name and bytes", one(), of(arc(key("other", 2)))),
        change("RSA pair of one name", of(arc(rsa("a", true))), of(arc(rsa("b", true)))),
        change("ECDH recipient", of(arc(ecdh("a"))), of(arc(ecdh("b")))),
        change("branch key of one id and version", of(arc(branch(1))), of(arc(branch(2)))),
        change("logical name", table_of(named("before").sort_key("ward"), key("key", 1)), one()),
        change("forgotten sort key", table_of(named(TABLE).sign(["ward"]), key("key", 1)), one()),
        change("generator bytes", several(("a", 1), ("b", 2)), several(("a", 3), ("b", 2))),
        change("child bytes", several(("a", 1), ("b", 2)), several(("a", 1), ("b", 3))),
        change("two children of one name", several(("a", 1), ("a", 2)), several(("a", 1), ("a", 3))),
        change("bytes swapped", several(("a", 1), ("b", 2)), several(("a", 2), ("b", 1))),
        change("child of a child", nested(1), nested(2)),
        change("RSA pair of a child", with_rsa("a"), with_rsa("b")),
        change("store of a child's branch key", with_branch(1), with_branch(2)),
        change("child less", several(("a", 1), ("b", 2)), of(arc(key("a", 1)))),
        change("child more", of(arc(key("a", 1))), several(("a", 1), ("b", 2))),
        change(
            "actions",
            table_of(keyed().encrypt(["tag"]), key("key", 1)),
            table_of(keyed().sign(["tag"]), key("key", 1)),
        ),
        change(
            "encrypted and no longer signed only",
            table_of(keyed().sign(["tag"]), key("key", 1)),
            table_of(keyed().encrypt(["tag"]), key("key", 1)),
        ),
        change("suite", one(), table_of(keyed().algorithm_suite(AlgorithmSuite::HmacOnly), key("key", 1))),
        change("beacon key", searched(1, 12), searched(2, 12)),
        change("beacon length", searched(1, 12), searched(1, 30)),
        change("beacon more", one(), searched(1, 12)),
        change("beacon less", searched(1, 12), one()),
    ]
}

fn tagged(number: usize, table: &SealedTable) -> Item {
    let mut person = person(number);
    if table.config().action("tag").is_some() {
        person.insert("tag".to_owned(), "t".into());
    }
    person
}

fn counted(counts: &Counts) -> (u64, u64, u64, u64, std::collections::BTreeMap<String, u64>) {
    (counts.examined, counts.current, counts.refused, counts.untold, counts.changed.clone())
}

pub(crate) async fn agree(migration: &Migration, what: &str) -> Counts {
    let before = migration.plan(&nobody()).await.unwrap_or_else(|error| panic!("{what}: {}", text(&error)));
    let report = migration.run(&nobody()).await.unwrap_or_else(|error| panic!("{what}: {}", text(&error)));
    assert_eq!(counted(&before.counts), counted(&report.counts), "{what}: plan and run");
    assert_eq!(before.counts.write_units, report.counts.write_units, "{what}: units of plan and run");
    report.counts
}

/// Clean by the library's own verdict, and by each key alone on the stored bytes.
async fn clean(world: &World, table: &SealedTable, what: &str) {
    let verifier = Verifier::new(table.clone());
    for (at, stored) in world.all() {
        let finding = verifier.check(&stored).await;
        assert!(matches!(finding, Finding::Clean), "{what}: {at}: {finding:?}");
        for member in table.encryptor().members() {
            let opened = member.decrypt_item(stored.clone()).await;
            assert!(opened.is_ok(), "{what}: {at} does not open for each recipient");
        }
    }
}

#[tokio::test]
async fn whatever_changes_a_job_that_says_done_has_done_it() {
    for Change { what, old, new } in changes() {
        let world = world();
        (0..3).for_each(|number| world.db.put(&seal(&old, tagged(number, &old))));
        (3..5).for_each(|number| world.db.put(&seal(&new, tagged(number, &new))));
        let before = world.all();
        // Before, the table is not clean, and the verifier knows.
        let verifier = Verifier::new(new.clone());
        for number in 0..3 {
            let stored = &before[&json::to_string(&world.key_of(&person(number)))];
            assert!(!verifier.check(stored).await.is_clean(), "{what}: the verifier says that {number} is clean");
        }
        let job = || world.migration(Source::default().records(old.clone()), &new, options());
        let counts = agree(&job(), what).await;
        assert_eq!((counts.changed(), counts.current, counts.refused), (3, 2, 0), "{what}");
        clean(&world, &new, what).await;
        for number in 0..5 {
            let key = json::to_string(&world.key_of(&person(number)));
            let after = &world.all()[&key];
            assert_eq!(*after == before[&key], number >= 3, "{what}: {number}");
            assert_eq!(open(&new, after.clone()), tagged(number, if number < 3 { &old } else { &new }), "{what}");
        }
        let again = agree(&job(), what).await;
        assert_eq!((again.changed(), again.current), (0, 5), "{what}: once more");
    }
}

/// A checkpoint that says "done" was of the keys of then.
#[tokio::test]
async fn a_checkpoint_is_of_the_keys_that_it_was_begun_with() {
    for Change { what, old, new } in changes() {
        let folder = tempfile::tempdir().unwrap();
        let options = || {
            let checkpoint = dynaseal_migrate::FileCheckpoint::open(folder.path().join("checkpoint")).unwrap();
            options().checkpoint(Arc::new(checkpoint))
        };
        let world = world();
        world.sealed_people(&old, 2);
        assert_eq!(sums(&run(&world.migration(Source::default(), &old, options())).await), [0, 2, 0, 0], "{what}");
        assert!(run(&world.migration(Source::default(), &old, options())).await.was_done, "{what}");
        let before = world.all();
        let job = world.migration(Source::default(), &new, options());
        let error = fails(&job).await;
        assert!(
            matches!(error, MigrateError::OtherKeys { .. } | MigrateError::OtherJob { .. }),
            "{what}: {}",
            text(&error)
        );
        assert_eq!(world.all(), before, "{what}");
    }
    // And of the roots of sealed attributes, whose ids are what was written down.
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    world.people(3);
    let job = |byte: u8| {
        let root = dynaseal_core::AttributeRoot::from_bytes("root", &[byte; 32]).unwrap();
        let target =
            Target::attributes(own_attributes(&dynaseal_core::AttributeKeys::new(root)), Keys::new("id", None));
        let checkpoint = dynaseal_migrate::FileCheckpoint::open(folder.path().join("checkpoint")).unwrap();
        let options = options().checkpoint(Arc::new(checkpoint));
        Migration::new(world.client.clone(), TABLE, Source::default().plain(), target, options)
    };
    assert_eq!(sums(&run(&job(1)).await), [3, 0, 0, 0]);
    assert!(run(&job(1)).await.was_done);
    assert!(matches!(fails(&job(2)).await, MigrateError::OtherKeys { .. }));
}

fn kept(folder: &tempfile::TempDir) -> Options {
    let checkpoint = dynaseal_migrate::FileCheckpoint::open(folder.path().join("checkpoint")).unwrap();
    options().checkpoint(Arc::new(checkpoint))
}

/// A table of the same name elsewhere, one that was made anew, and items that came since: none is done.
#[tokio::test]
async fn a_checkpoint_is_of_the_table_that_it_was_begun_with() {
    let folder = tempfile::tempdir().unwrap();
    let first = World::new();
    first.people(3);
    let job = |world: &World| world.migration(Source::default().plain(), &table(1), kept(&folder));
    assert_eq!(sums(&run(&job(&first)).await), [3, 0, 0, 0]);
    assert!(run(&job(&first)).await.was_done);
    let second = World::new();
    second.people(3);
    let before = second.all();
    let error = fails(&job(&second)).await;
    assert!(matches!(error, MigrateError::OtherJob { .. }), "{}", text(&error));
    assert_eq!(second.all(), before);
    // Somebody who does not seal wrote meanwhile.
    first.db.put(&person(7));
    let error = text(&fails(&job(&first)).await);
    assert!(error.contains("all is done, and the table has items that are not up to date"), "{error}");
    // A question that is not answered for once makes no other job of it.
    let (own, asked) = (tempfile::tempdir().unwrap(), World::new());
    asked.people(2);
    let job = |world: &World| world.migration(Source::default().plain(), &table(1), kept(&own));
    run(&job(&asked)).await;
    asked.at_the_line(|_, call| match call.is("DescribeTable") {
        true => Act::Refuse(500, "InternalServerError"),
        false => Act::Pass,
    });
    assert!(matches!(fails(&job(&asked)).await, MigrateError::Database { operation: "DescribeTable", .. }));
    asked.nobody_at_the_line();
    assert!(run(&job(&asked)).await.was_done);
    // Where nobody may ask what the table is, that still is found out.
    let (folder, third) = (tempfile::tempdir().unwrap(), World::new());
    let deny = |world: &World| {
        world.at_the_line(|_, call| match call.is("DescribeTable") {
            true => Act::Refuse(400, "AccessDeniedException"),
            false => Act::Pass,
        });
    };
    third.people(2);
    deny(&third);
    let job = |world: &World| world.migration(Source::default().plain(), &table(1), kept(&folder));
    assert_eq!(sums(&run(&job(&third)).await), [2, 0, 0, 0]);
    deny(&second);
    let error = text(&fails(&job(&second)).await);
    assert!(error.contains("all is done, and the table has items that are not up to date"), "{error}");
    assert_eq!(second.all(), before);
}

/// What is unsigned by its beginning has no action that would stand in a list of actions.
#[tokio::test]
async fn a_checkpoint_is_of_the_whole_configuration() {
    let of = |config: TableConfigBuilder| table_of(config, aes(1));
    let base = || TableConfig::builder(TABLE, "id").encrypt(["name"]);
    for other in [base().unsigned_prefix(":"), base().unsigned_prefix("_"), base().unsigned(["seen"])] {
        let folder = tempfile::tempdir().unwrap();
        let world = World::new();
        let job = |table: SealedTable| world.migration(Source::default(), &table, kept(&folder));
        run(&job(of(base()))).await;
        let error = fails(&job(of(other))).await;
        assert!(matches!(error, MigrateError::OtherJob { .. }), "{}", text(&error));
    }
}

/// Whoever seals with a public key alone can migrate; nobody is told of keys that changed.
#[tokio::test]
async fn a_target_that_only_seals_migrates() {
    let of = |opens| table_of(config(), rsa("a", opens));
    for with_checkpoint in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let world = World::new();
        world.people(3);
        let options = if with_checkpoint { kept(&folder) } else { options() };
        let job = world.migration(Source::default().plain(), &of(false), options);
        let counts = agree(&job, "only seals").await;
        assert_eq!((counts.changed(), counts.refused), (3, 0));
        for number in 0..3 {
            assert_eq!(open(&of(true), world.db.get(&id(number)).unwrap()), person(number));
        }
    }
}

/// A value that is sealed alone beside one that is named, to each target.
#[tokio::test]
async fn one_of_two_sealed_attributes_that_nobody_named() {
    let keys = || Keys::new("id", None);
    let root = |byte| crate::attributes::root(byte);
    let both = |keys: &dynaseal_core::AttributeKeys| {
        dynaseal_migrate::SealedAttributes::new(TABLE)
            .randomised("name", keys)
            .unwrap()
            .randomised("ward", keys)
            .unwrap()
    };
    let name = |keys: &dynaseal_core::AttributeKeys| {
        dynaseal_migrate::SealedAttributes::new(TABLE).randomised("name", keys).unwrap()
    };
    let world = World::new();
    world.people(2);
    let first = Target::attributes(both(&root_keys(1)), keys());
    run(&Migration::new(world.client.clone(), TABLE, Source::default().plain(), first, options())).await;
    let before = world.all();
    let moved = root_keys(2).and_reads(root(1)).unwrap();
    for (source, target) in [
        (Source::default(), Target::attributes(name(&moved), keys())),
        (Source::default().sealed_attributes(name(&root_keys(1))).plain(), Target::records(table(1)).unwrap()),
        (Source::default().sealed_attributes(name(&root_keys(1))).plain(), Target::danger_plaintext(keys())),
    ] {
        let job = Migration::new(world.client.clone(), TABLE, source, target, options().without_key_check());
        let report = run(&job).await;
        assert_eq!(sums(&report), [0, 0, 2, 0]);
        assert!(report.refused[0].reason.contains("`ward` is a sealed attribute"), "{:?}", report.refused);
        assert_eq!(world.all(), before);
    }
}

/// Data under the name that an old configuration gives a signed beacon is data.
#[tokio::test]
async fn what_a_source_calls_a_beacon_may_be_data() {
    let signed = |table: SealedTable| {
        let beacons = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap()));
        let beacons = beacons.standard(StandardBeacon::new("name", 12));
        table.with_search(beacons.compound(CompoundBeacon::new("place", '.').signed("ward", "W-"))).unwrap()
    };
    let world = World::new();
    let own = table_of(config().sign(["place"]), aes(1));
    let mut person = person(1);
    person.insert("place".to_owned(), "my data".into());
    world.db.put(&seal(&own, person));
    world.db.put(&seal(&signed(table(1)), self::person(2)));
    let before = world.all();
    let job = world.migration(Source::default().records(signed(table(1))), &table(1), options().prove(true));
    let report = run(&job).await;
    assert_eq!(sums(&report), [1, 0, 1, 0]);
    assert!(report.refused[0].reason.contains("`place` has no action"), "{:?}", report.refused);
    assert_eq!(world.db.get(&id(1)).as_ref(), before.get(&json::to_string(&id(1))));
    assert_eq!(open(&table(1), world.db.get(&id(2)).unwrap()), self::person(2));
}

/// Two old keys of one name, each with items of its own, and the new one has that name too.
#[tokio::test]
async fn several_sources_of_one_name() {
    let of = |byte| table_of(keyed(), key("key", byte));
    for order in [[1, 2], [2, 1]] {
        let world = world();
        (0..9).for_each(|number| world.db.put(&seal(&of([1, 2, 3][number % 3]), person(number))));
        let source = order.into_iter().fold(Source::default(), |source, byte| source.records(of(byte)));
        // The target may stand among the sources as well.
        let source = source.records(of(3));
        let counts = agree(&world.migration(source, &of(3), options()), "several").await;
        assert_eq!((counts.changed(), counts.current), (6, 3));
        clean(&world, &of(3), "several").await;
    }
}

/// A recipient that only seals here: nobody can say whether its key was replaced, and so it is said.
#[tokio::test]
async fn a_recipient_that_only_seals_is_not_vouched_for() {
    let of = |pair| table_of(keyed(), MultiKeyring::new(arc(key("key", 1)), vec![arc(rsa(pair, false))]));
    let world = world();
    (0..4).for_each(|number| world.db.put(&seal(&of(["a", "b"][number % 2]), person(number))));
    let counts = agree(&world.migration(Source::default(), &of("b"), options()), "untold").await;
    assert_eq!((counts.changed(), counts.current, counts.untold), (0, 4, 4));
    let verifier = Verifier::new(of("b"));
    for stored in world.all().values() {
        assert!(matches!(verifier.check(stored).await, Finding::Opens));
    }
    // What is asked for by name is done, whatever can be told.
    let counts = agree(&world.migration(Source::default(), &of("b"), options().reseal_all()), "all").await;
    assert_eq!((counts.changed(), counts.current, counts.untold), (4, 0, 0));
    let escrow = ItemEncryptor::new(keyed().build().unwrap(), rsa("b", true));
    for stored in world.all().into_values() {
        assert!(escrow.decrypt_item(stored).await.is_ok());
    }
}

/// A key that seals with the rights at hand and does not open, and one whose service is not there.
#[derive(Debug)]
struct Elsewhere {
    key: RawAesKeyring,
    /// How many it opens before its service is gone; none if it only seals.
    opens: Option<AtomicUsize>,
}

impl Keyring for Elsewhere {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        self.key.on_encrypt(request)
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        let left = self.opens.as_ref().map(|left| left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)));
        let (what, source) = (self.describe(), "said no".into());
        let error = match left {
            Some(Ok(_)) => return self.key.on_decrypt(request),
            Some(Err(_)) => MaterialsError::Service { what, source },
            None => MaterialsError::Denied { what, source },
        };
        Box::pin(std::future::ready(Err(error)))
    }

    fn describe(&self) -> String {
        self.key.describe()
    }
}

/// Rights that only seal are a configuration like others; a service that is down says nothing, and stops the job.
#[tokio::test]
async fn rights_that_are_missing_are_no_service_that_failed() {
    let of = |opens: Option<usize>| {
        let elsewhere = Elsewhere { key: key("b", 2), opens: opens.map(AtomicUsize::new) };
        table_of(keyed(), MultiKeyring::new(arc(key("a", 1)), vec![arc(elsewhere)]))
    };
    let world = world();
    world.sealed_people(&of(None), 80);
    let counts = agree(&world.migration(Source::default(), &of(None), options()), "denied").await;
    assert_eq!((counts.current, counts.untold, counts.refused), (80, 80, 0));
    let stored = world.all().into_values().next().unwrap();
    assert!(matches!(Verifier::new(of(None)).check(&stored).await, Finding::Opens));
    let down = Verifier::new(of(Some(0))).check(&stored).await;
    assert!(matches!(down, Finding::NotCompared(_)) && !down.is_clean(), "{down:?}");
    let before = world.all();
    // Down from the beginning, and in the middle.
    let down = fails_at(&world, &of(Some(0))).await;
    assert!(matches!(down, MigrateError::Keys { .. }) && text(&down).contains("said no"), "{}", text(&down));
    let down = fails_at(&world, &of(Some(39))).await;
    assert!(matches!(down, MigrateError::KeyService { failures: 25, .. }), "{}", text(&down));
    assert!(text(&down).contains("said no"), "{}", text(&down));
    assert_eq!(world.all(), before);
}

async fn fails_at(world: &World, table: &SealedTable) -> MigrateError {
    world.migration(Source::default(), table, options().concurrency(1)).run(&nobody()).await.unwrap_err()
}

/// Every form an item may have, to every form it shall have.
#[tokio::test]
async fn from_each_form_to_each_form() {
    let sealed_attributes = || own_attributes(&root_keys(1));
    let keys = || Keys::new("id", None);
    let first = World::new();
    first.people(3);
    let target = Target::attributes(sealed_attributes(), keys());
    run(&Migration::new(first.client.clone(), TABLE, Source::default().plain(), target, options())).await;
    let in_attributes: Vec<Item> = (0..3).map(|number| first.db.get(&id(number)).unwrap()).collect();
    let made = |make: fn(usize) -> Item| (0..3).map(make).collect::<Vec<_>>();
    type Make = fn(usize) -> Item;
    let forms: [(&str, Vec<Item>, Make); 5] = [
        ("plaintext", made(person), person),
        ("older client", made(java_person), person),
        ("pynamodb_mate", made(python_person), opened_person),
        ("sealed attributes", in_attributes, person),
        ("records", made(|number| seal(&table(1), person(number))), person),
    ];
    let source = |form: &str, to_attributes: bool| match form {
        "plaintext" => Source::default().plain(),
        "older client" => java(0),
        "pynamodb_mate" => Source::default().pynamodb_mate(python()),
        "sealed attributes" if to_attributes => Source::default(),
        "sealed attributes" => Source::default().sealed_attributes(sealed_attributes()),
        _ => Source::default().records(table(1)),
    };
    for (form, items, plain) in &forms {
        for to in ["records", "sealed attributes", "plaintext"] {
            let what = format!("{form} to {to}");
            let world = World::new();
            items.iter().for_each(|item| world.db.put(item));
            let target = || match to {
                "records" => Target::records(table(2)).unwrap(),
                "sealed attributes" => {
                    let both = root_keys(2).and_reads(crate::attributes::root(1)).unwrap();
                    Target::attributes(own_attributes(&both), keys())
                }
                _ => Target::danger_plaintext(keys()),
            };
            let source = || source(form, to == "sealed attributes");
            let job = Migration::new(world.client.clone(), TABLE, source(), target(), options());
            let counts = agree(&job, &what).await;
            let stays = *form == "plaintext" && to == "plaintext";
            assert_eq!((counts.changed(), counts.refused), (if stays { 0 } else { 3 }, 0), "{what}");
            for (number, stored) in world.all().into_values().enumerate() {
                let expected = canonical(plain(number));
                match to {
                    "records" => {
                        assert!(matches!(Verifier::new(table(2)).check(&stored).await, Finding::Clean), "{what}");
                        assert_eq!(canonical(open(&table(2), stored)), expected, "{what}");
                    }
                    "sealed attributes" => {
                        for name in ["name", "age", "ward"] {
                            let AttributeValue::B(bytes) = &stored[name] else { panic!("{what}: {name} is plain") };
                            assert_eq!(ParsedAttribute::parse(bytes).unwrap().key_id(), "root-2", "{what}: {name}");
                        }
                    }
                    _ => assert_eq!(canonical(stored), expected, "{what}"),
                }
            }
            let again = agree(&job, &what).await;
            assert_eq!((again.changed(), again.current), (0, 3), "{what}: once more");
        }
    }
}

/// Values that are sealed alone are no plaintext, and leftovers of records are none either.
#[tokio::test]
async fn what_nobody_named_is_no_plaintext() {
    let world = World::new();
    let keys = || Keys::new("id", None);
    world.db.put(&person(0));
    let target = Target::attributes(own_attributes(&root_keys(1)), keys());
    run(&Migration::new(world.client.clone(), TABLE, Source::default().plain(), target, options())).await;
    let mut beacon = person(1);
    beacon.insert("aws_dbe_b_name".to_owned(), "4d".into());
    world.db.put(&beacon);
    let before = world.all();
    for target in [Target::danger_plaintext(keys()), Target::records(table(1)).unwrap()] {
        let job = Migration::new(world.client.clone(), TABLE, Source::default().plain(), target, options());
        let report = job.run(&nobody()).await.unwrap();
        assert_eq!((report.counts.refused, report.counts.current, report.counts.changed()), (2, 0, 0));
        let reasons: Vec<_> = report.refused.iter().map(|refused| refused.reason.as_str()).collect();
        assert!(
            reasons.iter().any(|reason| reason.contains("is a sealed attribute, and the job was not told")),
            "{reasons:?}"
        );
        assert!(reasons.iter().any(|reason| reason.contains("aws_dbe_b_name")), "{reasons:?}");
        assert_eq!(world.all(), before);
    }
}

#[tokio::test]
async fn an_attribute_is_retired() {
    let with = || table_of(config().encrypt(["doc"]), aes(1));
    let world = World::new();
    let documented = |number| {
        let mut person = person(number);
        person.insert("doc".to_owned(), format!("{SECRET} document").into());
        person
    };
    (0..4)
        .for_each(|number| world.db.put(&seal(&with(), if number < 2 { documented(number) } else { person(number) })));
    world.db.put(&documented(4));
    let source = || Source::default().plain().records(with());
    // Without a word, what has the attribute stays as it is.
    let job = world.migration(source(), &table(1), options());
    let report = run(&job).await;
    assert_eq!(sums(&report), [0, 2, 3, 0]);
    assert!(report.refused[0].reason.contains("`doc` has no action"), "{:?}", report.refused);

    let target = Target::records(table(1)).unwrap().dropping(["doc"]).unwrap();
    let job = Migration::new(world.client.clone(), TABLE, source(), target, options().prove(true));
    let counts = agree(&job, "drop").await;
    assert_eq!((counts.changed(), counts.current, counts.refused), (3, 2, 0));
    for number in 0..5 {
        let stored = world.db.get(&id(number)).unwrap();
        assert!(!stored.contains_key("doc"));
        assert_eq!(open(&table(1), stored), person(number));
    }
    clean(&world, &table(1), "drop").await;

    // Also where the configuration still knows it.
    world.db.put(&seal(&with(), documented(7)));
    let target = Target::records(with()).unwrap().dropping(["doc"]).unwrap();
    let job = Migration::new(world.client.clone(), TABLE, Source::default(), target, options());
    assert_eq!(sums(&run(&job).await), [1, 5, 0, 0]);
    assert!(!world.db.get(&id(7)).unwrap().contains_key("doc"));

    let dropping = |name: &str| Target::records(table(1)).unwrap().dropping([name]).unwrap_err().to_string();
    assert!(dropping("id").contains("key attribute"));
    assert!(dropping("aws_dbe_head").contains("name of the library"));
}

/// What a plan does not see, a run must not refuse: an item with too many attributes, a key that is taken.
#[tokio::test]
async fn a_plan_refuses_what_a_run_refuses() {
    let world = World::new();
    let mut many = person(1);
    many.extend((0..200).map(|number| (format!(":{number}"), AttributeValue::from("x"))));
    world.db.put(&many);
    world.db.put(&person(2));
    let counts = agree(&world.sealing(&table(1)), "many attributes").await;
    assert_eq!((counts.changed(), counts.refused), (1, 1));

    // The sealed key of an item may be there already.
    let keys = || Keys::new("address", None);
    let mails = World::keyed(&[("address", "B")]);
    let plain = item([("address", AttributeValue::B(b"ada@example.org".to_vec())), ("text", SECRET.into())]);
    let seal_all = || {
        let target = Target::attributes(crate::attributes::columns(&root_keys(1)), keys());
        Migration::new(mails.client.clone(), TABLE, Source::default().plain(), target, Options::default())
    };
    mails.db.put(&plain);
    run(&seal_all()).await;
    mails.db.put(&plain);
    let counts = agree(&seal_all(), "a key that is taken").await;
    assert_eq!((counts.current, counts.changed(), counts.refused), (1, 0, 1));
}
