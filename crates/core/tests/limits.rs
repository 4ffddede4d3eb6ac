//! Both sides of every limit, through the encryptor.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::sync::Arc;

use dynaseal_core::{
    AlgorithmSuite, AttributeValue, DefaultCmm, ErrorKind, Item, ItemEncryptor, Keyring, MAX_ITEM_SIZE, MaterialsError,
    MultiKeyring, RawAesKeyring, TableConfig, item_size,
};
use dynaseal_testkit::{block_on, vectors};

fn keyring(index: usize) -> Arc<dyn Keyring> {
    Arc::new(RawAesKeyring::new("ns", format!("key-{index}"), &[u8::try_from(index % 256).unwrap(); 32]).unwrap())
}

fn item(name: &str, value: AttributeValue) -> Item {
    [("pk".to_owned(), "a".into()), (name.to_owned(), value)].into()
}

fn encryptor(suite: AlgorithmSuite) -> ItemEncryptor {
    let config = TableConfig::builder("table", "pk").encrypt(["v"]).algorithm_suite(suite).build().unwrap();
    ItemEncryptor::with_cmm(config, Arc::new(DefaultCmm::new(keyring(0))))
}

fn round_trip(encryptor: &ItemEncryptor, item: &Item) -> Result<Item, ErrorText> {
    let sealed = block_on(encryptor.encrypt_item(item.clone())).map_err(|error| error.kind().to_string())?.item;
    let opened = block_on(encryptor.decrypt_item(sealed.clone())).unwrap();
    assert!(vectors::same(&opened.item, item));
    Ok(sealed)
}

type ErrorText = String;

#[test]
fn recipients_255_and_256() {
    let config = || {
        TableConfig::builder("table", "pk").encrypt(["v"]).algorithm_suite(AlgorithmSuite::HmacOnly).build().unwrap()
    };
    let with = |recipients: usize| {
        let multi = MultiKeyring::new(keyring(0), (1..recipients).map(keyring).collect());
        ItemEncryptor::new(config(), multi)
    };
    let sealed = block_on(with(255).encrypt_item(item("v", "x".into()))).unwrap();
    assert_eq!(sealed.header.unwrap().recipients().len(), 255);
    for one in [0, 100, 254] {
        let alone = ItemEncryptor::with_cmm(config(), Arc::new(DefaultCmm::new(keyring(one))));
        let opened = block_on(alone.decrypt_item(sealed.item.clone())).unwrap().item;
        assert_eq!(opened, item("v", "x".into()), "recipient {one}");
    }
    let error = block_on(with(256).encrypt_item(item("v", "x".into()))).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Materials(MaterialsError::Child { index: 254, .. })), "{}", error.kind());
}

#[test]
fn context_value_65535_and_65536_bytes() {
    let config = TableConfig::builder("table", "pk").include_in_context(["tenant"]).build().unwrap();
    let encryptor = ItemEncryptor::with_cmm(config, Arc::new(DefaultCmm::new(keyring(0))));
    assert!(round_trip(&encryptor, &item("tenant", "x".repeat(65_535).into())).is_ok());
    let error = block_on(encryptor.encrypt_item(item("tenant", "x".repeat(65_536).into()))).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Context(_)));
    let source = std::error::Error::source(error.kind()).unwrap().to_string();
    assert_eq!(source, "65536 bytes for `aws-crypto-attr.tenant` in the encryption context; it takes at most 65535");
}

#[test]
fn item_of_400_kb_and_one_byte_more() {
    for suite in AlgorithmSuite::ALL {
        let encryptor = encryptor(suite);
        let overhead = item_size(&round_trip(&encryptor, &item("v", String::new().into())).unwrap());
        let fits = item("v", "x".repeat(MAX_ITEM_SIZE - overhead).into());
        assert_eq!(item_size(&round_trip(&encryptor, &fits).unwrap()), MAX_ITEM_SIZE);
        let over = item("v", "x".repeat(MAX_ITEM_SIZE - overhead + 1).into());
        let error = block_on(encryptor.encrypt_item(over)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TooLarge { size } if *size == MAX_ITEM_SIZE + 1));
    }
}

#[test]
fn depth_32_and_33() {
    let nested =
        |levels: usize| (1..levels).fold(AttributeValue::Bool(true), |value, _| AttributeValue::L(vec![value]));
    for action in ["v", "signed"] {
        let config = TableConfig::builder("table", "pk").encrypt(["v"]).sign(["signed"]).build().unwrap();
        let encryptor = ItemEncryptor::with_cmm(config, Arc::new(DefaultCmm::new(keyring(0))));
        assert!(round_trip(&encryptor, &item(action, nested(32))).is_ok());
        let error = block_on(encryptor.encrypt_item(item(action, nested(33)))).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Value { name, .. } if name == action));
    }
}

#[test]
fn attributes_65536() {
    let names: Vec<String> = (0..65_536).map(|index| format!("{index:x}")).collect();
    let config = TableConfig::builder("table", "pk").sign(&names).build().unwrap();
    let encryptor = ItemEncryptor::with_cmm(config, Arc::new(DefaultCmm::new(keyring(0))));
    let attributes = |count: usize| -> Item {
        let named = names.iter().take(count).map(|name| (name.clone(), AttributeValue::Null(true)));
        named.chain([("pk".to_owned(), "a".into())]).collect()
    };
    let error = block_on(encryptor.encrypt_item(attributes(65_535))).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooManyAttributes { count: 65_536 }));
    // One less fits, and with names this short DynamoDB would even take it.
    let sealed = block_on(encryptor.encrypt_item(attributes(65_534))).map_err(|error| error.to_string()).unwrap();
    let opened = block_on(encryptor.decrypt_item(sealed.item)).map_err(|error| error.to_string()).unwrap();
    assert_eq!(opened.item.len(), 65_535);
}

#[test]
fn no_key_no_action_no_reserved_name() {
    let encryptor = encryptor(AlgorithmSuite::HmacOnly);
    let kind = |item: Item| block_on(encryptor.encrypt_item(item)).unwrap_err().kind().to_string();
    assert_eq!(kind([("v".to_owned(), "x".into())].into()), "the key attribute `pk` is missing");
    assert!(kind(item("w", "x".into())).starts_with("`w` has no action"));
    let sealed = round_trip(&encryptor, &item("v", "x".into())).unwrap();
    assert!(kind(sealed).starts_with("`aws_dbe_foot` starts with `aws_dbe_`"));
    assert!(kind(item("aws_dbe_b_v", "x".into())).starts_with("`aws_dbe_b_v` starts with `aws_dbe_`"));
}
