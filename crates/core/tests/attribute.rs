//! Sealed attributes: what is sealed opens, under the keys and in the place that it was sealed for. What must not open is in
//! `attribute_attacks.rs`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::collections::BTreeSet;
use std::sync::Arc;

use dynaseal_core::{
    AttributeErrorKind, AttributeKeyError, AttributeKeys, AttributeRoot, AttributeSuite, AttributeValue, BranchKey,
    BranchKeyMaterials, BranchKeySource, DeterministicAttribute, ItemBinding, MaterialsError, ParsedAttribute,
    RandomisedAttribute, StaticBranchKeySource, Uuid, normal_form,
};
use dynaseal_testkit::config::hex;
use dynaseal_testkit::{ScriptedRandom, block_on, random::Items};
use proptest::prelude::*;

fn root(id: &str, byte: u8) -> AttributeRoot {
    AttributeRoot::from_bytes(id, &[byte; 32]).unwrap()
}

fn keys() -> AttributeKeys {
    AttributeKeys::new(root("2026-11", 1))
}

fn randomised() -> RandomisedAttribute {
    keys().randomised("people", "email").unwrap()
}

fn deterministic() -> DeterministicAttribute {
    keys().deterministic("people", "email").unwrap()
}

#[test]
fn a_binding_does_not_print_the_key() {
    let text = format!("{:?}", ada());
    assert!(text.starts_with("ItemBinding(") && text.ends_with(" bytes)") && !text.contains("ada"), "{text}");
}

fn ada() -> ItemBinding {
    ItemBinding::new(("pk", &"ada".into()), None).unwrap()
}

fn number(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

/// At least one of every type, with what is empty or odd.
fn one_of_each() -> Vec<AttributeValue> {
    use AttributeValue::*;
    vec![
        S(String::new()),
        S("é漢😀".to_owned()),
        number("+01.50"),
        number("1e125"),
        number("-1E-130"),
        B(vec![]),
        B(vec![0xd5, 0x5e, 1]),
        Bool(true),
        Bool(false),
        Null(true),
        Ss(vec!["～".into(), "😀".into(), "a".into()]),
        Ns(vec!["10".into(), "-1".into(), "9.0".into()]),
        Bs(vec![vec![2], vec![], vec![1, 2]]),
        L(vec![]),
        L(vec!["a".into(), Null(true), number("1.0")]),
        M([].into()),
        M([("😀".to_owned(), L(vec![true.into()])), ("～".to_owned(), number("00"))].into()),
    ]
}

#[test]
fn every_type_opens_to_its_normal_form() {
    let (randomised, deterministic) = (randomised(), deterministic());
    for value in one_of_each() {
        let normal = normal_form(&value).unwrap();
        let sealed = randomised.seal(&value, &ada()).unwrap();
        assert_eq!(normal_form(&randomised.open(&sealed, &ada()).unwrap()).unwrap(), normal);
        let parsed = ParsedAttribute::parse(&sealed).unwrap();
        assert_eq!((parsed.suite(), parsed.type_name()), (AttributeSuite::Randomised, value.type_name()));
        assert_eq!(sealed.len(), parsed.plaintext_length() + 35 + "2026-11".len());

        let sealed = deterministic.seal(&value).unwrap();
        assert_eq!(normal_form(&deterministic.open(&sealed).unwrap()).unwrap(), normal);
        let parsed = ParsedAttribute::parse(&sealed).unwrap();
        assert_eq!((parsed.suite(), parsed.type_name()), (AttributeSuite::Deterministic, value.type_name()));
        assert_eq!(sealed.len(), parsed.plaintext_length() + 23 + "2026-11".len());
    }
    assert_eq!(one_of_each().iter().map(AttributeValue::type_name).collect::<BTreeSet<_>>().len(), 10);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_opens_in_any_place(seed: u64, id in "[^\\p{Cc}]{1,16}", byte: u8, has_sort_key: bool) {
        let mut items = Items::new(seed);
        let value = items.value(5);
        let (table, attribute) = (items.text(8), items.text(8));
        let (names, values) = ([items.name(), items.name()], [items.key(), items.key()]);
        let sort = has_sort_key.then_some((names[1].as_str(), &values[1]));
        let item = ItemBinding::new((&names[0], &values[0]), sort).unwrap();
        let keys = AttributeKeys::new(root(&id, byte));
        let normal = normal_form(&value).unwrap();

        let randomised = keys.randomised(&table, &attribute).unwrap();
        let sealed = randomised.seal(&value, &item).unwrap();
        prop_assert_eq!(&normal_form(&randomised.open(&sealed, &item).unwrap()).unwrap(), &normal);
        prop_assert!(randomised.is_active(&sealed).unwrap());
        prop_assert_eq!(&written(&sealed), &sealed);
        prop_assert_eq!(ParsedAttribute::parse(&sealed).unwrap().key_id(), &id);

        let deterministic = keys.deterministic(&table, &attribute).unwrap();
        let sealed = deterministic.seal(&value).unwrap();
        prop_assert_eq!(&normal_form(&deterministic.open(&sealed).unwrap()).unwrap(), &normal);
        prop_assert!(deterministic.is_active(&sealed).unwrap());
        prop_assert_eq!(&written(&sealed), &sealed);
        // The normal form is the same value, and so the same bytes; what comes back when opened is so as well.
        prop_assert_eq!(&deterministic.seal(&normal).unwrap(), &sealed);
        prop_assert_eq!(deterministic.seal(&deterministic.open(&sealed).unwrap()).unwrap(), sealed);
    }

    #[test]
    fn any_bytes_are_an_error(bytes: Vec<u8>, has_header: bool) {
        let header = if has_header { hex("d55e0102000107323032362d3131") } else { vec![] };
        let bytes = [header, bytes].concat();
        prop_assert!(deterministic().open(&bytes).is_err());
        prop_assert!(randomised().open(&bytes, &ada()).is_err());
        if ParsedAttribute::parse(&bytes).is_ok() {
            prop_assert_eq!(written(&bytes), bytes);
        }
    }
}

fn written(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ParsedAttribute::parse(bytes).unwrap().write(&mut out);
    out
}

#[test]
fn buffers_have_the_size_that_is_needed() {
    let value = AttributeValue::from("x".repeat(64));
    let sealed = [deterministic().seal(&value).unwrap(), randomised().seal(&value, &ada()).unwrap()];
    assert!(sealed.iter().all(|sealed| sealed.capacity() == sealed.len()));
}

#[test]
fn equal_values_are_equal_bytes_whatever_their_spelling() {
    let deterministic = deterministic();
    let seal = |value: AttributeValue| deterministic.seal(&value).unwrap();
    assert_eq!(seal("ada".into()), seal("ada".into()));
    assert_eq!(seal(number("1.50")), seal(number("+15e-1")));
    let set = |texts: [&str; 3]| AttributeValue::Ns(texts.map(str::to_owned).to_vec());
    assert_eq!(seal(set(["1", "2.0", "30"])), seal(set(["3e1", "1.0", "2"])));
    // Equal text of different types is not the same value.
    let texts = [seal("1".into()), seal(number("1")), seal(AttributeValue::B(b"1".to_vec()))];
    let bodies: BTreeSet<&[u8]> = texts.iter().map(|sealed| &sealed[14..]).collect();
    assert_eq!(bodies.len(), 3);
}

#[test]
fn equal_values_differ_across_attributes_tables_and_roots() {
    let value = AttributeValue::from("ada@example.com");
    let mut seen = BTreeSet::new();
    for (id, byte) in [("a", 1), ("a", 2), ("b", 1)] {
        let keys = AttributeKeys::new(root(id, byte));
        // The last two would be one place without lengths.
        for (table, attribute) in [("people", "email"), ("people", "mail"), ("person", "email"), ("peoplee", "mail")] {
            let sealed = keys.deterministic(table, attribute).unwrap().seal(&value).unwrap();
            assert!(seen.insert(sealed[8..].to_vec()), "{id} {byte} {table} {attribute}");
        }
    }
    assert_eq!(seen.len(), 12);
}

#[test]
fn two_randomised_seals_have_nothing_in_common() {
    let randomised = randomised();
    let value = AttributeValue::from("x".repeat(64));
    let [a, b] = [(), ()].map(|()| randomised.seal(&value, &ada()).unwrap());
    assert_eq!(a[..14], b[..14]);
    assert!(a[14..].chunks_exact(8).zip(b[14..].chunks_exact(8)).all(|(a, b)| a != b));
}

#[test]
fn roots_that_only_read() {
    let old = AttributeKeys::new(root("old", 1));
    let new =
        AttributeKeys::new(root("new", 2)).and_reads(root("older", 3)).unwrap().and_reads(root("old", 1)).unwrap();
    assert_eq!(new.active_id(), "new");
    let value = AttributeValue::from("x");

    let [before, after] = [&old, &new].map(|keys| keys.randomised("t", "a").unwrap());
    let sealed = before.seal(&value, &ada()).unwrap();
    assert_eq!(after.open(&sealed, &ada()).unwrap(), value);
    assert_eq!((before.is_active(&sealed), after.is_active(&sealed)), (Ok(true), Ok(false)));
    let error = before.open(&after.seal(&value, &ada()).unwrap(), &ada()).unwrap_err();
    assert_eq!(*error.kind(), AttributeErrorKind::UnknownKey { id: "new".to_owned() });

    let [before, after] = [&old, &new].map(|keys| keys.deterministic("t", "a").unwrap());
    let sealed = before.seal(&value).unwrap();
    assert_eq!(after.open(&sealed).unwrap(), value);
    assert_eq!((before.is_active(&sealed), after.is_active(&sealed)), (Ok(true), Ok(false)));
    assert_eq!((before.has_several_roots(), after.has_several_roots()), (false, true));
    let search = after.search_values(&value).unwrap();
    assert_eq!(search[0], after.seal(&value).unwrap());
    assert_eq!(search[2], sealed);
    let ids: Vec<&str> = search.iter().map(|sealed| ParsedAttribute::parse(sealed).unwrap().key_id()).collect();
    assert_eq!(ids, ["new", "older", "old"]);
}

/// Exactly those with several roots have several stored forms of a value, which a condition has to ask for one by one.
#[test]
fn one_other_root_is_several() {
    let keys = |others: &[&str]| {
        let add = |keys: AttributeKeys, id: &&str| keys.and_reads(root(id, 9)).unwrap();
        others.iter().fold(AttributeKeys::new(root("active", 1)), add).deterministic("t", "a").unwrap()
    };
    for others in [&[][..], &["b"], &["b", "c"]] {
        let attribute = keys(others);
        let forms = attribute.search_values(&"x".into()).unwrap().len();
        assert_eq!((forms, attribute.has_several_roots()), (1 + others.len(), !others.is_empty()));
    }
}

#[test]
fn names_of_suites() {
    assert_eq!(AttributeSuite::Randomised.to_string(), "randomised");
    assert_eq!(AttributeSuite::Deterministic.to_string(), "deterministic");
    let sealed = [randomised().seal(&"x".into(), &ada()).unwrap(), deterministic().seal(&"x".into()).unwrap()];
    assert_eq!(sealed.map(|sealed| sealed[3]), [1, 2]);
}

/// Both modes, asked whether the active root sealed what they are given.
#[test]
fn what_is_not_sealed_or_of_the_other_mode_is_not_active() {
    let (randomised, deterministic) = (randomised(), deterministic());
    let sealed = [randomised.seal(&"x".into(), &ada()).unwrap(), deterministic.seal(&"x".into()).unwrap()];
    assert_eq!(sealed.each_ref().map(|sealed| randomised.is_active(sealed).ok()), [Some(true), None]);
    assert_eq!(sealed.each_ref().map(|sealed| deterministic.is_active(sealed).ok()), [None, Some(true)]);
    for plain in [&b""[..], b"plain", &[0xd5, 0x5e]] {
        assert!(randomised.is_active(plain).is_err() && deterministic.is_active(plain).is_err());
    }
    let error = randomised.is_active(b"plain").unwrap_err();
    assert_eq!(error.to_string(), "attribute `email` of table `people` can not be read");
}

/// Associated data is put together on the stack where it is short, and on the heap where it is long: both bind.
#[test]
fn long_names_and_keys_bind_as_short_ones_do() {
    for length in [1, 100, 180, 190, 200, 210, 220, 230, 250, 300, 2000] {
        let (table, name) = ("t".repeat(length), "a".repeat(length));
        let attribute = keys().deterministic(&table, &name).unwrap();
        let sealed = attribute.seal(&"x".into()).unwrap();
        assert_eq!(attribute.open(&sealed).unwrap(), "x".into());
        let moved = keys().deterministic(&format!("{table}a"), &name[1..]).unwrap();
        assert!(moved.open(&sealed).is_err(), "{length}");

        let bind = |key: &str| ItemBinding::new(("pk", &key.into()), Some(("sk", &"b".into()))).unwrap();
        let (here, there) = (bind(&"k".repeat(length)), bind(&"k".repeat(length + 1)));
        let sealed = randomised().seal(&"x".into(), &here).unwrap();
        assert_eq!(randomised().open(&sealed, &here).unwrap(), "x".into());
        assert!(randomised().open(&sealed, &there).is_err(), "{length}");
    }
}

#[test]
fn ids_of_roots() {
    for bad in ["", "a\n", "\u{7f}", "\u{85}", &"x".repeat(65), &"é".repeat(33)] {
        assert!(matches!(AttributeRoot::from_bytes(bad, &[1; 32]), Err(AttributeKeyError::Id(_))), "{bad:?}");
    }
    for good in ["x", &"x".repeat(64), &"é".repeat(32), "a b", " "] {
        assert_eq!(AttributeRoot::from_bytes(good, &[1; 32]).unwrap().id(), good);
    }
    for id in ["2026-11", "other"] {
        let keys = keys().and_reads(root("other", 5)).unwrap();
        let error = keys.and_reads(root(id, 9)).unwrap_err();
        assert_eq!(error, AttributeKeyError::DuplicateId { id: id.to_owned() });
    }
}

/// Gives whatever it was told to, as a faulty key store would.
#[derive(Debug)]
struct Mixed(StaticBranchKeySource);

impl BranchKeySource for Mixed {
    fn active<'a>(
        &'a self,
        _: &'a str,
    ) -> dynaseal_core::BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        self.0.active("tenant-a")
    }

    fn version<'a>(
        &'a self,
        _: &'a str,
        _: Uuid,
    ) -> dynaseal_core::BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        self.0.active("tenant-a")
    }
}

fn branch_key(id: &str, version: u128, byte: u8) -> BranchKeyMaterials {
    BranchKeyMaterials::new(id, Uuid::from_u128(version), BranchKey::copy_from(&[byte; 32]).unwrap())
}

#[test]
fn roots_of_branch_keys() {
    let source = StaticBranchKeySource::new(branch_key("tenant-a", 7, 9)).with_older(branch_key("tenant-a", 6, 8));
    let active = block_on(AttributeRoot::from_branch_key(&source, "tenant-a")).unwrap();
    assert_eq!(active.id(), "00000000-0000-0000-0000-000000000007");
    let older = block_on(AttributeRoot::from_branch_key_version(&source, "tenant-a", Uuid::from_u128(6))).unwrap();
    assert_eq!(older.id(), "00000000-0000-0000-0000-000000000006");
    // Computed with Python.
    let keys = AttributeKeys::new(active).and_reads(older).unwrap();
    let sealed = keys.deterministic("people", "straße").unwrap().seal(&"x".into()).unwrap();
    assert_eq!(
        sealed,
        hex(
            "d55e010200012430303030303030302d303030302d303030302d303030302d30303030303030303030303792c74f1bc666287e660e330779a445eb5d"
        )
    );
    // One key under two branch key ids is two roots.
    let same = StaticBranchKeySource::new(branch_key("tenant-b", 7, 9));
    let other = AttributeKeys::new(block_on(AttributeRoot::from_branch_key(&same, "tenant-b")).unwrap());
    let error = other.deterministic("people", "straße").unwrap().open(&sealed).unwrap_err();
    assert_eq!(*error.kind(), AttributeErrorKind::NotAuthentic);

    let missing = block_on(AttributeRoot::from_branch_key(&source, "tenant-c")).unwrap_err();
    assert!(matches!(missing, MaterialsError::NoBranchKey { .. }));
    let mixed = Mixed(source);
    let error = block_on(AttributeRoot::from_branch_key(&mixed, "tenant-b")).unwrap_err();
    assert!(matches!(error, MaterialsError::OtherBranchKey { .. }));
    let version = AttributeRoot::from_branch_key_version(&mixed, "tenant-a", Uuid::from_u128(6));
    assert!(matches!(block_on(version).unwrap_err(), MaterialsError::OtherBranchKey { .. }));
}

/// Computed with HMAC of Python's library, and AES-GCM-SIV and AES-SIV of OpenSSL through `cryptography`, from the words of
/// the format alone. Stored values depend on it: these never change.
#[test]
fn golden_values() {
    let root: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    let random = Arc::new(ScriptedRandom::new([(0xa0..0xac).collect()]));
    let keys = AttributeKeys::new(AttributeRoot::from_bytes("2026-11", &root).unwrap()).with_random(random.clone());

    let randomised = keys.randomised("people", "straße").unwrap();
    let item = ItemBinding::new(("pk", &"ada".into()), Some(("sk", &number("7.50")))).unwrap();
    let sealed = randomised.seal(&"Karl Johans gate 1".into(), &item).unwrap();
    let golden = "d55e0101000107323032362d3131a0a1a2a3a4a5a6a7a8a9aaabc15afd701da2180efafb89e5875ffb121f513eead59a72f82c4883c466146a67d677";
    assert_eq!(sealed, hex(golden));
    assert_eq!(randomised.open(&sealed, &item).unwrap(), "Karl Johans gate 1".into());
    assert!(random.is_used_up());

    let deterministic = keys.deterministic("people", "straße").unwrap();
    let sealed = deterministic.seal(&AttributeValue::Ns(vec!["1e2".to_owned(), "-0.50".to_owned()])).unwrap();
    let golden = "d55e0102010207323032362d31318dc0df60809c34f9ba5215bc32d8212f951f2cf016a8658d5ba3eba0a738764850c5d2";
    assert_eq!(sealed, hex(golden));
    let opened = deterministic.open(&sealed).unwrap();
    assert_eq!(opened, AttributeValue::Ns(vec!["-0.5".to_owned(), "100".to_owned()]));
}

#[test]
fn nothing_is_sealed_without_randomness() {
    let keys = keys().with_random(Arc::new(ScriptedRandom::new([])));
    let error = keys.randomised("t", "a").unwrap().seal(&"x".into(), &ada()).unwrap_err();
    assert!(matches!(error.kind(), AttributeErrorKind::Crypto(_)));
    assert!(keys.deterministic("t", "a").unwrap().seal(&"x".into()).is_ok());
}

#[test]
fn bindings_are_equal_exactly_for_one_primary_key() {
    use AttributeValue::{B, S};
    let text = |text: &str| S(text.to_owned());
    let (a, ab, b, bc, c) = (text("a"), text("ab"), text("b"), text("bc"), text("c"));
    let different = [
        (("pk", &a), None),
        (("pl", &a), None),
        (("pk", &ab), None),
        (("pk", &a), Some(("sk", &b))),
        (("sk", &b), Some(("pk", &a))),
        (("pk", &b), Some(("sk", &a))),
        (("pk", &a), Some(("sk", &bc))),
        (("pk", &ab), Some(("sk", &c))),
        (("pk", &number("1")), None),
        (("pk", &text("1")), None),
        (("pk", &B(b"1".to_vec())), None),
        (("", &text("")), None),
        (("", &text("")), Some(("", &text("")))),
    ];
    let bindings = different.map(|(partition, sort)| ItemBinding::new(partition, sort).unwrap());
    let randomised = randomised();
    for (index, one) in bindings.iter().enumerate() {
        let sealed = randomised.seal(&"x".into(), one).unwrap();
        for (other_index, other) in bindings.iter().enumerate() {
            assert_eq!(one == other, index == other_index);
            assert_eq!(randomised.open(&sealed, other).is_ok(), index == other_index, "{index} {other_index}");
        }
    }
    let spelled =
        [number("1"), number("1.0"), number("10e-1")].map(|key| ItemBinding::new(("pk", &key), None).unwrap());
    assert!(spelled.iter().all(|binding| *binding == spelled[0]));
}

#[test]
fn messages_name_the_place_and_never_the_value() {
    let text = |error: &dyn std::error::Error| format!("{error}: {}", error.source().unwrap());
    let randomised = randomised();
    let error = randomised.open(b"plain", &ada()).unwrap_err();
    assert_eq!((error.attribute(), error.table()), ("email", Some("people")));
    assert_eq!(
        text(&error),
        "attribute `email` of table `people` can not be opened: it is not sealed: the mark D5 5E is not there"
    );
    let error = randomised.seal(&number("s3cret"), &ada()).unwrap_err();
    assert_eq!(text(&error), "attribute `email` of table `people` can not be sealed: the value can not be written");
    let AttributeErrorKind::Value(cause) = error.kind() else { panic!("of the value") };
    assert_eq!(cause.to_string(), "not a decimal number");
    let hidden = AttributeValue::M([("s3cret".to_owned(), number("x"))].into());
    for error in [randomised.seal(&hidden, &ada()).unwrap_err(), deterministic().seal(&hidden).unwrap_err()] {
        assert!(!format!("{error:?} {}", text(&error)).contains("s3cret"));
    }
    let error = deterministic().search_values(&hidden).unwrap_err();
    assert_eq!(error.to_string(), "attribute `email` of table `people` can not be searched for");

    let error = ItemBinding::new(("pk", &true.into()), None).unwrap_err();
    assert_eq!((error.attribute(), error.table()), ("pk", None));
    assert_eq!(
        text(&error),
        "sealed attributes can not be bound to an item by its key attribute `pk`: a primary key is of type S, N or B, not BOOL"
    );
    let error = ItemBinding::new(("pk", &"a".into()), Some(("sk", &number("x")))).unwrap_err();
    assert_eq!(error.attribute(), "sk");
    assert!(matches!(error.kind(), AttributeErrorKind::Value(_)));
}

#[test]
fn debug_shows_names_and_no_key() {
    let keys = keys().and_reads(root("old", 0xa5)).unwrap();
    assert_eq!(format!("{:?}", root("old", 0xa5)), r#"AttributeRoot("old", redacted)"#);
    assert_eq!(
        format!("{keys:?}"),
        r#"AttributeKeys { active: AttributeRoot("2026-11", redacted), others: [AttributeRoot("old", redacted)], random: SystemRandom }"#
    );
    assert_eq!(
        format!("{:?}", keys.randomised("people", "email").unwrap()),
        r#"RandomisedAttribute { place: "email" of "people", roots: ["2026-11", "old"], random: SystemRandom }"#
    );
    assert_eq!(
        format!("{:?}", keys.deterministic("people", "email").unwrap()),
        r#"DeterministicAttribute { place: "email" of "people", roots: ["2026-11", "old"] }"#
    );
}

#[test]
fn whoever_holds_a_key_can_be_shared_among_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<AttributeKeys>();
    shared::<RandomisedAttribute>();
    shared::<DeterministicAttribute>();
    shared::<ItemBinding>();
}
