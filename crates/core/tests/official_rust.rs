//! Records that AWS's Rust client wrote.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::sync::Arc;

use dynaseal_core::{DefaultCmm, ItemEncryptor};
use dynaseal_testkit::{block_on, config, vectors};
use serde_json::Value;

#[test]
fn records_open_with_every_keyring_that_should() {
    let Some(vectors) = vectors::read("dbesdk/official_rust.json") else {
        return;
    };
    let (mut opened_records, mut refused) = (0, 0);
    for case in vectors["records"].as_array().unwrap() {
        let name = case["id"].as_str().unwrap();
        let table = config::table(&case["config"]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let sealed = vectors::item(&case["sealed"]);
        let expected = vectors::item(case.get("opened").unwrap_or(&case["plaintext"]));
        let keyrings = |list: &str| case.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
        for keyring in keyrings("opens") {
            let encryptor =
                ItemEncryptor::with_cmm(table.clone(), Arc::new(DefaultCmm::new(config::keyring(&keyring))));
            let opened = block_on(encryptor.decrypt_item(sealed.clone()));
            let opened = opened.unwrap_or_else(|error| panic!("{name}: {error}: {}", error.kind()));
            assert!(vectors::same(&opened.item, &expected), "{name}");
            opened_records += 1;
        }
        for keyring in keyrings("not_opens") {
            let encryptor =
                ItemEncryptor::with_cmm(table.clone(), Arc::new(DefaultCmm::new(config::keyring(&keyring))));
            block_on(encryptor.decrypt_item(sealed.clone())).expect_err(name);
            refused += 1;
        }
    }
    println!("opened {opened_records}, refused {refused}");
    assert!(opened_records >= 167 && refused >= 15);
}

#[test]
fn plain_items_seal_and_open_again() {
    let Some(vectors) = vectors::read("dbesdk/official_rust.json") else {
        return;
    };
    for case in vectors["records"].as_array().unwrap() {
        let name = case["id"].as_str().unwrap();
        let keyring = config::keyring(&case["config"]["keyring"]);
        let table = config::table(&case["config"]).unwrap();
        let encryptor = ItemEncryptor::with_cmm(table.clone(), Arc::new(DefaultCmm::new(keyring)));
        let sealed = block_on(encryptor.encrypt_item(vectors::item(&case["plaintext"]))).expect(name);
        // Keyrings that only seal have others beside them that open.
        let opens = case["opens"].as_array().unwrap().first().unwrap();
        let opener = ItemEncryptor::with_cmm(table, Arc::new(DefaultCmm::new(config::keyring(opens))));
        let opened = block_on(opener.decrypt_item(sealed.item)).expect(name);
        let expected = vectors::item(case.get("opened").unwrap_or(&case["plaintext"]));
        assert!(vectors::same(&opened.item, &expected), "{name}");
    }
}
