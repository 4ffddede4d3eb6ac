//! Records that AWS's Rust client wrote.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::sync::Arc;

use dynaseal_core::{DefaultCmm, ItemEncryptor};
use dynaseal_testkit::{block_on, config, vectors};
use serde_json::Value;

/// Kinds of keyrings that come with a later release; records that only such a keyring opens are counted and skipped.
const LATER: [&str; 2] = ["raw_rsa", "raw_ecdh"];

#[test]
fn records_open_with_every_keyring_that_should() {
    let Some(vectors) = vectors::read("dbesdk/official_rust.json") else {
        return;
    };
    let (mut opened_records, mut refused, mut skipped) = (0, 0, 0);
    for case in vectors["records"].as_array().unwrap() {
        let name = case["id"].as_str().unwrap();
        let table = config::table(&case["config"]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let sealed = vectors::item(&case["sealed"]);
        let expected = vectors::item(case.get("opened").unwrap_or(&case["plaintext"]));
        let keyrings = |list: &str| case.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
        for keyring in keyrings("opens") {
            match config::keyring(&keyring) {
                Ok(keyring) => {
                    let encryptor = ItemEncryptor::with_cmm(table.clone(), Arc::new(DefaultCmm::new(keyring)));
                    let opened = block_on(encryptor.decrypt_item(sealed.clone()));
                    let opened = opened.unwrap_or_else(|error| panic!("{name}: {error}: {}", error.kind()));
                    assert!(vectors::same(&opened.item, &expected), "{name}");
                    opened_records += 1;
                }
                Err(kind) if LATER.contains(&kind.as_str()) => skipped += 1,
                Err(kind) => panic!("{name}: unknown keyring {kind}"),
            }
        }
        for keyring in keyrings("not_opens") {
            match config::keyring(&keyring) {
                Ok(keyring) => {
                    let encryptor = ItemEncryptor::with_cmm(table.clone(), Arc::new(DefaultCmm::new(keyring)));
                    block_on(encryptor.decrypt_item(sealed.clone())).expect_err(name);
                    refused += 1;
                }
                Err(_) => skipped += 1,
            }
        }
    }
    println!("opened {opened_records}, refused {refused}, skipped {skipped} that need RSA or ECDH");
    assert!(opened_records > 100);
}

#[test]
fn plain_items_seal_and_open_again() {
    let Some(vectors) = vectors::read("dbesdk/official_rust.json") else {
        return;
    };
    for case in vectors["records"].as_array().unwrap() {
        let name = case["id"].as_str().unwrap();
        let Ok(keyring) = config::keyring(&case["config"]["keyring"]) else {
            continue;
        };
        let table = config::table(&case["config"]).unwrap();
        let encryptor = ItemEncryptor::with_cmm(table, Arc::new(DefaultCmm::new(keyring)));
        let sealed = block_on(encryptor.encrypt_item(vectors::item(&case["plaintext"]))).expect(name);
        let opened = block_on(encryptor.decrypt_item(sealed.item)).expect(name);
        let expected = vectors::item(case.get("opened").unwrap_or(&case["plaintext"]));
        assert!(vectors::same(&opened.item, &expected), "{name}");
    }
}
