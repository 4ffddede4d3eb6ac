//! Everything that can be done to a stored item, and that none of it goes unnoticed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use dynaseal_core::{
    AlgorithmSuite, AttributeValue, CryptoAction, ErrorKind, FOOT, HEAD, Item, ItemEncryptor, MaterialsError,
    RawAesKeyring, TableConfig, TableConfigBuilder,
};
use dynaseal_testkit::{block_on, vectors};

/// Every value that differs from this one in a single bit somewhere. Text that is no UTF-8 can not be stored.
fn flips(value: &AttributeValue) -> Vec<AttributeValue> {
    use AttributeValue::*;
    let bytes = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let flip = |bit: usize| {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        };
        (0..bytes.len() * 8).map(flip).collect()
    };
    let texts = |text: &str| bytes(text.as_bytes()).into_iter().filter_map(|bytes| String::from_utf8(bytes).ok());
    match value {
        S(text) => texts(text).map(S).collect(),
        N(number) => texts(number).map(N).collect(),
        B(content) => bytes(content).into_iter().map(B).collect(),
        Bool(truth) => vec![Bool(!truth)],
        Null(_) => vec![],
        Ss(set) => each(set, |text| texts(text).collect()).map(Ss).collect(),
        Ns(set) => each(set, |text| texts(text).collect()).map(Ns).collect(),
        Bs(set) => each(set, |content| bytes(content)).map(Bs).collect(),
        L(list) => each(list, flips).map(L).collect(),
        M(map) => {
            let entries: Vec<(String, AttributeValue)> = map.clone().into_iter().collect();
            let entry = |(name, value): &(String, AttributeValue)| {
                let names = texts(name).map(|name| (name, value.clone()));
                names.chain(flips(value).into_iter().map(|value| (name.clone(), value))).collect()
            };
            each(&entries, entry).map(|entries| M(entries.into_iter().collect())).collect()
        }
    }
}

/// Every list that has one element changed in one of its ways.
fn each<T: Clone>(list: &[T], ways: impl Fn(&T) -> Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let changed = |index: usize| {
        let replace = move |element: T| {
            let mut list = list.to_vec();
            list[index] = element;
            list
        };
        ways(&list[index]).into_iter().map(replace).collect::<Vec<_>>()
    };
    (0..list.len()).flat_map(changed).collect::<Vec<_>>().into_iter()
}

#[test]
fn every_single_bit_of_head_foot_and_signed_values() {
    let records = common::records();
    let mut counts = BTreeMap::new();
    for kind in ["V1-hmac-only", "V1-ecdsa-p384", "V2-hmac-only", "V2-ecdsa-p384"] {
        // With one recipient: the tags of others are theirs to check, and a reader has no key for them.
        for record in records.iter().filter(|record| record.id.starts_with(kind) && record.keyrings() == 1) {
            let encryptor = record.encryptor(0);
            assert!(block_on(encryptor.decrypt_item(record.sealed.clone())).is_ok(), "{kind}");
            for (name, value) in &record.sealed {
                if encryptor.config().is_unsigned(name) {
                    continue;
                }
                for flipped in flips(value) {
                    // `1e5` and `1E5` differ in a bit and are the same number: DynamoDB could not tell them apart either.
                    let same = |a, b| dynaseal_core::normal_form(a).ok() == dynaseal_core::normal_form(b).ok();
                    if dynaseal_core::normal_form(&flipped).is_ok() && same(&flipped, value) {
                        continue;
                    }
                    let mut item = record.sealed.clone();
                    item.insert(name.clone(), flipped);
                    assert!(block_on(encryptor.decrypt_item(item)).is_err(), "{kind}: a bit of {name}");
                    *counts.entry(kind).or_insert(0) += 1;
                }
            }
        }
    }
    println!("bits flipped, all refused: {counts:?}");
    assert_eq!(counts.len(), 4);
    assert!(counts.values().all(|count| *count > 5000));
}

struct Table {
    encryptor: ItemEncryptor,
    sealed: Item,
}

fn builder(version_2: bool) -> TableConfigBuilder {
    let builder =
        TableConfig::builder("people", "pk").sort_key("sk").encrypt(["name", "city", "note"]).unsigned(["free"]);
    if version_2 { builder.sign(["plain"]).include_in_context(["tenant"]) } else { builder.sign(["plain", "tenant"]) }
}

fn keyring(name: &str, byte: u8) -> RawAesKeyring {
    RawAesKeyring::new("ns", name, &[byte; 32]).unwrap()
}

fn person(pk: &str, name: &str) -> Item {
    let texts =
        [("pk", pk), ("name", name), ("city", "Bergen"), ("note", "x"), ("plain", "p"), ("tenant", "t"), ("free", "f")];
    let mut item: Item = texts.map(|(name, text)| (name.to_owned(), text.into())).into();
    item.insert("sk".to_owned(), 7_i64.into());
    item
}

/// One table for each version and suite.
fn tables() -> impl Iterator<Item = Table> {
    let kinds = [false, true].into_iter().flat_map(|version_2| AlgorithmSuite::ALL.map(|suite| (version_2, suite)));
    kinds.map(|(version_2, suite)| {
        let config = builder(version_2).algorithm_suite(suite).build().unwrap();
        let encryptor = ItemEncryptor::new(config, keyring("key", 1));
        let sealed = block_on(encryptor.encrypt_item(person("ada", "Ada"))).unwrap().item;
        Table { encryptor, sealed }
    })
}

impl Table {
    /// The kind of error that opening gives after a change.
    fn after(&self, change: impl FnOnce(&mut Item)) -> ErrorKindName {
        let mut item = self.sealed.clone();
        change(&mut item);
        kind(&self.encryptor, item)
    }

    fn other(&self, pk: &str, name: &str) -> Item {
        block_on(self.encryptor.encrypt_item(person(pk, name))).unwrap().item
    }
}

type ErrorKindName = &'static str;

fn kind(encryptor: &ItemEncryptor, item: Item) -> ErrorKindName {
    match block_on(encryptor.decrypt_item(item)) {
        Ok(_) => "opened",
        Err(error) => match error.kind() {
            ErrorKind::Authentication => "authentication",
            ErrorKind::Malformed { .. } => "malformed",
            ErrorKind::SignedAttributes { .. } => "signed attributes",
            ErrorKind::Incomplete { .. } => "incomplete",
            ErrorKind::NotSealed { .. } => "not sealed",
            ErrorKind::KeyMissing { .. } => "key missing",
            ErrorKind::KeyAction { .. } => "key action",
            ErrorKind::Materials(MaterialsError::Unwrap { .. }) => "unwrap",
            ErrorKind::Materials(MaterialsError::NotARecipient { .. }) => "not a recipient",
            ErrorKind::Materials(MaterialsError::PublicKey) => "public key",
            _ => "other",
        },
    }
}

fn swap(item: &mut Item, a: &str, b: &str) {
    let (first, second) = (item[a].clone(), item[b].clone());
    item.insert(a.to_owned(), second);
    item.insert(b.to_owned(), first);
}

fn bytes<'i>(item: &'i mut Item, name: &str) -> &'i mut Vec<u8> {
    match item.get_mut(name).unwrap() {
        AttributeValue::B(bytes) => bytes,
        _ => panic!("{name} is not binary"),
    }
}

#[test]
fn values_moved_within_and_across_items() {
    for table in tables() {
        assert_eq!(table.after(|_| ()), "opened");
        assert_eq!(table.after(|item| swap(item, "name", "city")), "authentication");
        // Equal length, so that nothing but the content tells.
        let other = table.other("bob", "Bob");
        assert_eq!(table.after(|item| drop(item.insert("name".into(), other["name"].clone()))), "authentication");
        let same_key = table.other("ada", "Eve");
        assert_eq!(table.after(|item| drop(item.insert("name".into(), same_key["name"].clone()))), "authentication");
        // Header and footer of another item: its data key was wrapped for other key attributes.
        let move_seal = |item: &mut Item, from: &Item| {
            for name in [HEAD, FOOT, "name", "city", "note"] {
                item.insert(name.to_owned(), from[name].clone());
            }
        };
        assert_eq!(table.after(|item| move_seal(item, &other)), "unwrap");
        assert_eq!(table.after(|item| drop(item.insert(FOOT.into(), same_key[FOOT].clone()))), "authentication");
        assert_ne!(table.after(|item| drop(item.insert(HEAD.into(), same_key[HEAD].clone()))), "opened");
        // A later version of the same item, put back whole, opens: that is DynamoDB's to protect, as the README says.
        assert_eq!(table.after(|item| *item = same_key.clone()), "opened");
    }
}

#[test]
fn names_and_types_changed() {
    for table in tables() {
        let rename = |item: &mut Item, from: &str, to: &str| {
            let value = item.remove(from).unwrap();
            item.insert(to.to_owned(), value);
        };
        for (from, to) in [("name", "nama"), ("plain", "plaim"), ("note", "zzzz")] {
            assert_eq!(table.after(|item| rename(item, from, to)), "authentication", "{from} to {to}");
        }
        // A name of another length changes the order, so that the letters of the legend fall on other attributes.
        let reordered = table.after(|item| rename(item, "city", "a"));
        assert!(["authentication", "unwrap", "key action"].contains(&reordered), "{reordered}");
        // To an unsigned name, it leaves the signature.
        assert_eq!(table.after(|item| rename(item, "plain", "free")), "signed attributes");
        assert_eq!(
            table.after(|item| drop(item.insert("plain".into(), AttributeValue::B(b"p".to_vec())))),
            "authentication"
        );
        assert_eq!(table.after(|item| drop(item.insert("name".into(), "Ada".into()))), "authentication");
        // The type id in front of a ciphertext.
        assert_eq!(table.after(|item| bytes(item, "name")[1] = 2), "authentication");
        assert_eq!(table.after(|item| bytes(item, "name").truncate(17)), "authentication");
        assert_eq!(table.after(|item| bytes(item, "name").clear()), "authentication");
        assert_eq!(table.after(|item| drop(item.insert("sk".into(), 8_i64.into()))), "unwrap");
        assert_eq!(table.after(|item| drop(item.insert("sk".into(), "7".into()))), "unwrap");
    }
}

#[test]
fn attributes_removed_and_added() {
    for table in tables() {
        assert_eq!(table.after(|item| drop(item.remove("name"))), "signed attributes");
        assert_eq!(table.after(|item| drop(item.remove("plain"))), "signed attributes");
        assert_eq!(table.after(|item| drop(item.insert("new".into(), "x".into()))), "signed attributes");
        assert_eq!(table.after(|item| drop(item.remove("sk"))), "key missing");
        assert_eq!(table.after(|item| drop(item.remove(HEAD))), "incomplete");
        assert_eq!(table.after(|item| drop(item.remove(FOOT))), "incomplete");
        assert_eq!(table.after(|item| drop(item.insert(HEAD.into(), "text".into()))), "incomplete");
        assert_eq!(table.after(|item| drop(item.insert(FOOT.into(), "text".into()))), "incomplete");
        assert_eq!(table.after(|item| drop((item.remove(HEAD), item.remove(FOOT)))), "not sealed");
        // One of the context replaced by another that is signed: the count is right, the rest is not.
        assert_ne!(
            table.after(|item| drop((item.remove("tenant"), item.insert("tenann".into(), "t".into())))),
            "opened"
        );
    }
}

#[test]
fn unsigned_attributes_may_change_and_those_of_the_library_go() {
    for table in tables() {
        let mut item = table.sealed.clone();
        item.insert("free".into(), "changed".into());
        item.insert("aws_dbe_b_name".into(), "beacon".into());
        let opened = block_on(table.encryptor.decrypt_item(item)).unwrap().item;
        let mut expected = person("ada", "Ada");
        expected.insert("free".into(), "changed".into());
        assert!(vectors::same(&opened, &expected));
        assert_eq!(table.after(|item| drop(item.remove("free"))), "opened");
    }
}

#[test]
fn head_and_foot_cut_and_extended_at_every_length() {
    for table in tables() {
        let lengths = |name: &str| 0..bytes(&mut table.sealed.clone(), name).len();
        for length in lengths(HEAD) {
            assert_eq!(table.after(|item| bytes(item, HEAD).truncate(length)), "malformed", "head cut to {length}");
        }
        for length in lengths(FOOT) {
            let after = table.after(|item| bytes(item, FOOT).truncate(length));
            assert!(["malformed", "authentication"].contains(&after), "foot cut to {length}: {after}");
        }
        for more in 1..=200 {
            assert_eq!(table.after(|item| bytes(item, HEAD).extend(vec![0; more])), "malformed", "head and {more}");
            let after = table.after(|item| bytes(item, FOOT).extend(vec![0; more]));
            assert!(["malformed", "authentication"].contains(&after), "foot and {more}: {after}");
        }
    }
}

#[test]
fn legend_version_flavor_and_recipient_changed() {
    for table in tables() {
        let legend = 36..36 + 7;
        for index in legend {
            for letter in *b"esc" {
                let before = bytes(&mut table.sealed.clone(), HEAD)[index];
                let after = table.after(|item| bytes(item, HEAD)[index] = letter);
                assert_eq!(after == "opened", letter == before, "letter {index}: {after}");
            }
        }
        for version in (0..=255_u8).filter(|version| ![1, 2].contains(version)) {
            assert_eq!(table.after(|item| bytes(item, HEAD)[0] = version), "malformed");
        }
        for flavor in 2..=255 {
            assert_eq!(table.after(|item| bytes(item, HEAD)[1] = flavor), "malformed");
        }
        assert_ne!(table.after(|item| bytes(item, HEAD)[0] ^= 3), "opened");
        assert_eq!(table.after(|item| bytes(item, HEAD)[1] ^= 1), "public key");
        // The recipient's name is where nothing but the keyring looks at it.
        let at = |item: &mut Item| bytes(item, HEAD).windows(5).position(|five| five == b"\0\x02ns\0").unwrap() + 2;
        assert_eq!(
            table.after(|item| {
                let at = at(item);
                bytes(item, HEAD)[at] = b'm';
            }),
            "not a recipient"
        );
    }
}

#[test]
fn another_table_key_or_configuration() {
    for table in tables() {
        let config = table.encryptor.config().clone();
        let version_2 = config.action("tenant") == Some(CryptoAction::SignAndIncludeInEncryptionContext);
        let open = |encryptor: ItemEncryptor| kind(&encryptor, table.sealed.clone());
        assert_eq!(open(ItemEncryptor::new(config.clone(), keyring("key", 2))), "unwrap");
        assert_eq!(open(ItemEncryptor::new(config.clone(), keyring("other", 1))), "not a recipient");
        let renamed = TableConfig::builder("persons", "pk").sort_key("sk").unsigned(["free"]).build().unwrap();
        assert_eq!(open(ItemEncryptor::new(renamed, keyring("key", 1))), "unwrap");
        let keys_swapped = TableConfig::builder("people", "sk").sort_key("pk").unsigned(["free"]).build().unwrap();
        assert_eq!(open(ItemEncryptor::new(keys_swapped, keyring("key", 1))), "unwrap");
        let more_unsigned = builder(version_2).unsigned(["other"]).build().unwrap();
        assert_eq!(open(ItemEncryptor::new(more_unsigned, keyring("key", 1))), "opened");
        let signs_free = TableConfig::builder("people", "pk").sort_key("sk").sign(["free"]).build().unwrap();
        assert_eq!(open(ItemEncryptor::new(signs_free, keyring("key", 1))), "signed attributes");
        // What is encrypted comes from the legend: other actions in the configuration change nothing.
        let other_actions =
            TableConfig::builder("people", "pk").sort_key("sk").sign(["name"]).encrypt(["plain"]).unsigned(["free"]);
        assert_eq!(open(ItemEncryptor::new(other_actions.build().unwrap(), keyring("key", 1))), "opened");
    }
}

#[test]
fn errors_name_the_item_and_no_value() {
    let config = builder(false).build().unwrap();
    let encryptor =
        ItemEncryptor::with_cmm(config, Arc::new(dynaseal_core::DefaultCmm::new(Arc::new(keyring("key", 1)))));
    let mut item = person("ada", "s3cret name");
    item.insert("extra".into(), "s3cret value".into());
    let error = block_on(encryptor.encrypt_item(item)).unwrap_err();
    assert_eq!(error.to_string(), "item (pk = \"ada\", sk = 7) of table `people` can not be sealed");
    assert_eq!(error.kind().to_string(), "`extra` has no action: configure one, or make it unsigned");
    let mut item = person("ada", "s3cret name");
    item.insert("note".into(), AttributeValue::N("s3cret".into()));
    let error = block_on(encryptor.encrypt_item(item)).unwrap_err();
    let mut text = format!("{error:?} {error}");
    let mut source: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = source {
        text.push_str(&error.to_string());
        source = error.source();
    }
    assert!(text.contains("`note` can not be part of a record") && text.contains("not a decimal number"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}
