//! Opening in two steps is opening: the same items, the same refusals.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use dynaseal_core::{
    AlgorithmSuite, AttributeValue, FOOT, HEAD, Item, ItemEncryptor, PlaintextPolicy, RawAesKeyring, TableConfig,
};
use dynaseal_testkit::block_on;

fn encryptor(policy: PlaintextPolicy, key: u8) -> ItemEncryptor {
    let config = TableConfig::builder("people", "pk")
        .sort_key("sk")
        .encrypt(["secret"])
        .sign(["signed"])
        .unsigned_prefix(":")
        .algorithm_suite(AlgorithmSuite::HmacOnly)
        .plaintext_policy(policy)
        .build()
        .unwrap();
    ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[key; 32]).unwrap())
}

fn item() -> Item {
    let names = ["pk", "secret", "signed", ":free"];
    let texts = names.into_iter().map(|name| (name.to_owned(), name.to_uppercase().into()));
    texts.chain([("sk".to_owned(), 7.into())]).collect()
}

/// What both ways say of an item.
fn both(encryptor: &ItemEncryptor, item: &Item) -> (Result<Item, String>, Result<Item, String>) {
    let text = |error: dynaseal_core::ItemError| format!("{error}: {}", error.kind());
    let whole = block_on(encryptor.decrypt_item(item.clone())).map(|opened| opened.item).map_err(text);
    let steps = block_on(encryptor.prepare(item.clone())).and_then(|prepared| encryptor.open_prepared(prepared));
    (whole, steps.map(|opened| opened.item).map_err(text))
}

#[test]
fn opens_and_refuses_as_in_one_step() {
    let encryptor = encryptor(PlaintextPolicy::ForbidPlaintextWriteForbidPlaintextRead, 7);
    let sealed = block_on(encryptor.encrypt_item(item())).unwrap().item;
    assert_eq!(both(&encryptor, &sealed), (Ok(item()), Ok(item())));

    let mut changed = Vec::new();
    for name in [HEAD, FOOT, "secret"] {
        let AttributeValue::B(bytes) = &sealed[name] else { panic!("{name} is binary") };
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            changed.push(Item::from_iter(sealed.clone().into_iter().chain([(name.to_owned(), bytes.into())])));
        }
    }
    for name in ["pk", "sk", "secret", "signed", HEAD, FOOT] {
        changed.push(sealed.clone().into_iter().filter(|(other, _)| other != name).collect());
        changed.push(Item::from_iter(sealed.clone().into_iter().chain([(name.to_owned(), "other".into())])));
    }
    changed.push(item());
    for item in changed {
        let (whole, steps) = both(&encryptor, &item);
        assert!(whole.is_err(), "{whole:?}");
        assert_eq!(whole, steps);
    }
}

#[test]
fn plain_items_pass_where_the_policy_says_so() {
    let encryptor = encryptor(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead, 7);
    assert_eq!(both(&encryptor, &item()), (Ok(item()), Ok(item())));
}

#[test]
fn keys_of_another_encryptor_open_nothing() {
    let policy = PlaintextPolicy::default();
    let sealed = block_on(encryptor(policy, 7).encrypt_item(item())).unwrap().item;
    let prepared = block_on(encryptor(policy, 7).prepare(sealed)).unwrap();
    let other =
        TableConfig::builder("others", "pk").sort_key("sk").encrypt(["secret"]).sign(["signed"]).build().unwrap();
    let other = ItemEncryptor::new(other, RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap());
    assert!(other.open_prepared(prepared).is_err());

    let lenient = encryptor(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead, 7);
    let prepared = block_on(lenient.prepare(item())).unwrap();
    assert!(encryptor(policy, 7).open_prepared(prepared).is_err());
}

#[test]
fn an_error_has_the_key_attributes() {
    let encryptor = encryptor(PlaintextPolicy::default(), 7);
    let error = block_on(encryptor.decrypt_item(item())).unwrap_err();
    let key = Item::from([("pk".to_owned(), "PK".into()), ("sk".to_owned(), 7.into())]);
    assert_eq!(*error.key_attributes(), key);
}
