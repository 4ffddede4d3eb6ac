//! Items that are no records: plain ones, and those of an older format, under every policy. The older format is a toy; that of
//! the DynamoDB Encryption Client is in a crate of its own.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::error::Error;
use std::sync::Arc;

use dynaseal_core::{
    AlgorithmSuite, AttributeValue, BoxFuture, ConfigError, ErrorKind, HEAD, Item, ItemEncryptor, ItemError,
    LegacyEncryptor, LegacyError, LegacyErrorClass, LegacyPolicy, MAX_ITEM_SIZE, PlaintextPolicy, RawAesKeyring,
    TableConfig, TableConfigBuilder, item_size,
};
use dynaseal_testkit::block_on;

const MARK: &str = "toy";
const DESCRIPTION: &str = "*amzn-ddb-map-desc*";
const SIGNATURE: &str = "*amzn-ddb-map-sig*";

/// An older format that writes texts backwards and marks the item. It does no wrong unless it is told to.
#[derive(Clone, Copy, Debug, Default)]
struct Toy {
    changes_the_key: bool,
    loses_the_key: bool,
    fails: bool,
}

impl Toy {
    fn run(self, mut item: Item, seal: bool) -> Result<Item, LegacyError> {
        if self.fails {
            let cause = std::io::Error::other("deeper");
            return Err(LegacyError::new(LegacyErrorClass::Materials, Wrapped(cause)));
        }
        if let Some(AttributeValue::S(text)) = item.get_mut("v") {
            *text = text.chars().rev().collect();
        }
        if seal {
            item.insert(MARK.to_owned(), true.into());
        } else {
            item.remove(MARK);
        }
        if self.changes_the_key {
            item.insert("sk".to_owned(), "other".into());
        }
        if self.loses_the_key {
            item.remove("sk");
        }
        Ok(item)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the key service said no")]
struct Wrapped(#[source] std::io::Error);

impl LegacyEncryptor for Toy {
    fn is_legacy(&self, item: &Item) -> bool {
        item.contains_key(MARK)
    }

    fn encrypt_item(&self, item: Item) -> BoxFuture<'_, Result<Item, LegacyError>> {
        Box::pin(std::future::ready(self.run(item, true)))
    }

    fn decrypt_item(&self, item: Item) -> BoxFuture<'_, Result<Item, LegacyError>> {
        Box::pin(std::future::ready(self.run(item, false)))
    }
}

fn builder() -> TableConfigBuilder {
    TableConfig::builder("table", "pk").sort_key("sk").encrypt(["v"]).algorithm_suite(AlgorithmSuite::HmacOnly)
}

fn encryptor(builder: TableConfigBuilder) -> ItemEncryptor {
    ItemEncryptor::new(builder.build().unwrap(), RawAesKeyring::new("ns", "key", &[5; 32]).unwrap())
}

fn with_toy(policy: LegacyPolicy, toy: Toy) -> ItemEncryptor {
    encryptor(builder()).with_legacy(policy, Arc::new(toy)).unwrap()
}

fn plain() -> Item {
    [("pk", "a"), ("sk", "1"), ("v", "secret")].map(|(name, text)| (name.to_owned(), text.into())).into()
}

fn with(item: &Item, name: &str, value: impl Into<AttributeValue>) -> Item {
    item.clone().into_iter().chain([(name.to_owned(), value.into())]).collect()
}

fn seal(encryptor: &ItemEncryptor, item: &Item) -> Result<Item, ItemError> {
    block_on(encryptor.encrypt_item(item.clone())).map(|sealed| sealed.item)
}

/// Both ways of opening, which agree.
fn open(encryptor: &ItemEncryptor, item: &Item) -> Result<Item, ItemError> {
    let whole = block_on(encryptor.decrypt_item(item.clone())).map(|opened| opened.item);
    let steps = block_on(encryptor.prepare(item.clone())).and_then(|prepared| encryptor.open_prepared(prepared));
    let text = |error: &ItemError| format!("{error}: {}", error.kind());
    assert_eq!(whole.as_ref().map_err(text), steps.map(|opened| opened.item).as_ref().map_err(text));
    whole
}

fn kind<T: std::fmt::Debug>(result: Result<T, ItemError>) -> &'static str {
    match result.unwrap_err().kind() {
        ErrorKind::LegacyForbidden { .. } => "legacy forbidden",
        ErrorKind::LegacyKey => "legacy key",
        ErrorKind::Legacy(_) => "legacy",
        ErrorKind::NotSealed { .. } => "not sealed",
        ErrorKind::ReservedAttribute { .. } => "reserved",
        ErrorKind::ContextAttributeMissing { .. } => "context",
        ErrorKind::KeyMissing { .. } => "key",
        ErrorKind::TooLarge { .. } => "too large",
        other => panic!("{other}"),
    }
}

const FORCE: LegacyPolicy = LegacyPolicy::ForceLegacyEncryptAllowLegacyDecrypt;
const ALLOW: LegacyPolicy = LegacyPolicy::ForbidLegacyEncryptAllowLegacyDecrypt;
const FORBID: LegacyPolicy = LegacyPolicy::ForbidLegacyEncryptForbidLegacyDecrypt;

#[test]
fn every_policy_with_every_kind_of_item() {
    let record = seal(&encryptor(builder()), &plain()).unwrap();
    let legacy = Toy::default().run(plain(), true).unwrap();
    assert_eq!(legacy["v"], "terces".into());
    for (policy, writes_records, reads) in [(FORCE, false, true), (ALLOW, true, true), (FORBID, true, false)] {
        let encryptor = with_toy(policy, Toy::default());
        assert_eq!((encryptor.writes_records(), policy.reads_legacy()), (writes_records, reads));
        assert_eq!(encryptor.legacy().map(|(policy, _)| policy), Some(policy));
        let written = seal(&encryptor, &plain()).unwrap();
        assert_eq!(written.contains_key(HEAD), writes_records);
        assert_eq!(written == legacy, !writes_records);
        assert_eq!(open(&encryptor, &record).unwrap(), plain());
        if reads {
            assert_eq!(open(&encryptor, &legacy).unwrap(), plain());
        } else {
            assert_eq!(kind(open(&encryptor, &legacy)), "legacy forbidden");
        }
        // A plain item is none of both, whatever the legacy policy is.
        assert_eq!(kind(open(&encryptor, &plain())), "not sealed");
    }
    let none = encryptor(builder());
    assert!(none.legacy().is_none() && none.writes_records());
}

#[test]
fn an_item_is_of_the_older_format_as_its_encryptor_says() {
    let toy = with_toy(ALLOW, Toy::default());
    let none = encryptor(builder());
    let marked = with(&plain(), MARK, true);
    assert!(toy.is_legacy(&marked) && !none.is_legacy(&marked));
    let usual = with(&with(&plain(), DESCRIPTION, vec![1]), SIGNATURE, vec![2]);
    assert!(none.is_legacy(&usual) && !toy.is_legacy(&usual));
    // Whatever has a header is a record.
    assert!(!toy.is_legacy(&with(&marked, HEAD, vec![1])) && !none.is_legacy(&with(&usual, HEAD, vec![1])));
    // Both of the usual attributes, and both binary.
    for other in [
        with(&plain(), DESCRIPTION, vec![1]),
        with(&plain(), SIGNATURE, vec![1]),
        with(&usual, DESCRIPTION, "text"),
        with(&usual, SIGNATURE, "text"),
    ] {
        assert!(!none.is_legacy(&other), "{other:?}");
    }
    assert_eq!(kind(open(&none, &usual)), "legacy forbidden");
    // Also where plain items may be read: its values are ciphertext.
    for policy in [
        PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead,
        PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead,
    ] {
        let lenient = encryptor(builder().plaintext_policy(policy));
        assert_eq!(kind(open(&lenient, &usual)), "legacy forbidden");
        assert_eq!(open(&lenient, &plain()).unwrap(), plain());
    }
}

#[test]
fn what_is_reserved_or_missing_is_written_by_no_policy() {
    let plaintext = PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead;
    for in_context in [false, true] {
        let builder = || if in_context { builder().include_in_context(["tenant"]) } else { builder().sign(["tenant"]) };
        let item = with(&plain(), "tenant", "t");
        let encryptors = [
            encryptor(builder()),
            encryptor(builder().plaintext_policy(plaintext)),
            encryptor(builder()).with_legacy(FORCE, Arc::new(Toy::default())).unwrap(),
        ];
        assert_eq!(encryptors.each_ref().map(ItemEncryptor::writes_records), [true, false, false]);
        for encryptor in encryptors {
            assert!(seal(&encryptor, &item).is_ok());
            for reserved in ["aws_dbe_head", "aws_dbe_foot", "aws_dbe_b_v", "aws_dbe_"] {
                assert_eq!(kind(seal(&encryptor, &with(&item, reserved, "x"))), "reserved", "{reserved}");
            }
            let without = |name: &str| item.clone().into_iter().filter(|(other, _)| other != name).collect::<Item>();
            assert_eq!(kind(seal(&encryptor, &without("pk"))), "key");
            assert_eq!(kind(seal(&encryptor, &without("sk"))), "key");
            if in_context {
                assert_eq!(kind(seal(&encryptor, &without("tenant"))), "context");
            } else {
                assert!(seal(&encryptor, &without("tenant")).is_ok());
            }
        }
    }
}

#[test]
fn attributes_of_the_library_go_from_what_is_opened() {
    let (toy, lenient) = (
        with_toy(ALLOW, Toy::default()),
        encryptor(builder().plaintext_policy(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead)),
    );
    let legacy = seal(&with_toy(FORCE, Toy::default()), &plain()).unwrap();
    // The names beside those of the library stay.
    let beacons = |item: &Item| with(&with(&with(item, "aws_dbe_b_v", "x"), "aws_dbd", "y"), "aws_dbf", "z");
    let kept = |item: &Item| with(&with(item, "aws_dbd", "y"), "aws_dbf", "z");
    assert_eq!(open(&toy, &beacons(&legacy)).unwrap(), kept(&plain()));
    assert_eq!(open(&lenient, &beacons(&plain())).unwrap(), kept(&plain()));
}

#[test]
fn an_encryptor_of_the_older_format_that_changes_the_key_is_refused() {
    let legacy = Toy::default().run(plain(), true).unwrap();
    for toy in [Toy { changes_the_key: true, ..Toy::default() }, Toy { loses_the_key: true, ..Toy::default() }] {
        let encryptor = with_toy(FORCE, toy);
        for error in [seal(&encryptor, &plain()).unwrap_err(), open(&encryptor, &legacy).unwrap_err()] {
            assert!(matches!(error.kind(), ErrorKind::LegacyKey));
            assert_eq!(error.key(), r#"(pk = "a", sk = "1")"#);
        }
    }
}

#[test]
fn an_error_of_the_older_format_says_which_item_and_why() {
    let encryptor = with_toy(FORCE, Toy { fails: true, ..Toy::default() });
    let legacy = Toy::default().run(plain(), true).unwrap();
    for (error, verb) in [(seal(&encryptor, &plain()), "sealed"), (open(&encryptor, &legacy), "opened")] {
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), format!(r#"item (pk = "a", sk = "1") of table `table` can not be {verb}"#));
        let ErrorKind::Legacy(cause) = error.kind() else { panic!("{}", error.kind()) };
        assert_eq!((cause.class(), cause.to_string()), (LegacyErrorClass::Materials, "the key service said no".into()));
        assert_eq!(cause.source().unwrap().to_string(), "deeper");
    }
}

#[test]
fn an_item_of_the_older_format_has_400_kb_at_most() {
    let encryptor = with_toy(FORCE, Toy::default());
    let overhead = item_size(&seal(&encryptor, &with(&plain(), "v", "")).unwrap());
    let of = |size: usize| with(&plain(), "v", "x".repeat(size - overhead));
    assert_eq!(item_size(&seal(&encryptor, &of(MAX_ITEM_SIZE)).unwrap()), MAX_ITEM_SIZE);
    assert_eq!(kind(seal(&encryptor, &of(MAX_ITEM_SIZE + 1))), "too large");
}

#[test]
fn what_one_encryptor_prepared_is_opened_by_none_that_may_not() {
    let legacy = Toy::default().run(plain(), true).unwrap();
    let prepared = || block_on(with_toy(ALLOW, Toy::default()).prepare(legacy.clone())).unwrap();
    assert_eq!(with_toy(ALLOW, Toy::default()).open_prepared(prepared()).unwrap().item, plain());
    for other in [with_toy(FORBID, Toy::default()), encryptor(builder())] {
        assert_eq!(kind(other.open_prepared(prepared())), "legacy forbidden");
    }
}

#[test]
fn a_table_has_a_legacy_policy_or_a_plaintext_policy() {
    for policy in [
        PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead,
        PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead,
    ] {
        let encryptor = encryptor(builder().plaintext_policy(policy));
        let error = encryptor.with_legacy(ALLOW, Arc::new(Toy::default())).unwrap_err();
        assert_eq!(error, ConfigError::LegacyAndPlaintext);
    }
}

#[test]
fn names_of_legacy_policies() {
    let names = [
        (FORCE, "FORCE_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT"),
        (ALLOW, "FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT"),
        (FORBID, "FORBID_LEGACY_ENCRYPT_FORBID_LEGACY_DECRYPT"),
    ];
    for (policy, name) in names {
        assert_eq!((policy.name(), name.parse()), (name, Ok(policy)));
    }
    assert!("force_legacy".parse::<LegacyPolicy>().is_err());
    assert!(Toy::default().is_signed("any"));
}
