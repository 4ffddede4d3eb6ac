//! Records of AWS's Rust client, made again byte for byte: with its own random bytes, which its own key gives away, our
//! sealing writes exactly what it wrote.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::sync::Arc;

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use dynaseal_core::format::Header;
use dynaseal_core::{AttributeValue, DefaultCmm, HEAD, ItemEncryptor};
use dynaseal_testkit::{ScriptedRandom, block_on, config, vectors};
use serde_json::Value;

/// The raw AES keys of a keyring in the order of its recipients; `None` if it has others.
fn raw_keys(keyring: &Value) -> Option<Vec<Vec<u8>>> {
    if let Some(key) = keyring.get("raw_aes") {
        return Some(vec![config::hex(key["hex"].as_str().unwrap())]);
    }
    let multi = keyring.get("multi")?;
    let keyrings = std::iter::once(&multi["generator"]).chain(multi["children"].as_array().unwrap());
    Some(keyrings.map(raw_keys).collect::<Option<Vec<_>>>()?.concat())
}

fn open(key: &[u8], nonce: [u8; 12], aad: &[u8], sealed: &[u8]) -> Vec<u8> {
    let algorithm = match key.len() {
        16 => &AES_128_GCM,
        24 => &AES_192_GCM,
        _ => &AES_256_GCM,
    };
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).unwrap());
    let mut buffer = sealed.to_vec();
    key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut buffer).unwrap().to_vec()
}

fn wrapping_key(intermediate: &[u8]) -> Vec<u8> {
    let prk = hkdf::Salt::none(hkdf::HKDF_SHA512).extract(intermediate);
    let mut key = vec![0; 32];
    prk.expand(&[b"AWS_MPL_INTERMEDIATE_KEYWRAP_ENC"], hkdf::HKDF_SHA256).unwrap().fill(&mut key).unwrap();
    key
}

#[test]
fn hmac_records_come_out_byte_for_byte() {
    let Some(vectors) = vectors::read("dbesdk/official_rust.json") else {
        return;
    };
    let mut reproduced = 0;
    for case in vectors["records"].as_array().unwrap() {
        let name = case["id"].as_str().unwrap();
        // A signature is random in itself; everything else of a signed record is made by the same code.
        if case["config"]["suite"] != "hmac" {
            continue;
        }
        let Some(keys) = raw_keys(&case["config"]["keyring"]) else {
            continue;
        };
        let cmm = || Arc::new(DefaultCmm::new(config::keyring(&case["config"]["keyring"])));
        let encryptor = ItemEncryptor::with_cmm(config::table(&case["config"]).unwrap(), cmm());
        let sealed = vectors::item(&case["sealed"]);

        // What their generator gave, in the order in which ours is asked.
        let opened = block_on(encryptor.decrypt_item(sealed.clone())).unwrap().header.unwrap();
        let context = opened.encryption_context().canonical();
        let AttributeValue::B(head) = &sealed[HEAD] else { panic!("{name}: no header") };
        let header = Header::parse(head).unwrap();
        let mut data_key = Vec::new();
        let mut random = Vec::new();
        for (key, edk) in keys.iter().zip(&header.encrypted_data_keys) {
            let nonce = *edk.provider_info.last_chunk().unwrap();
            let (wrapped_data_key, wrapped) = edk.split().unwrap();
            let intermediate = open(key, nonce, context, wrapped);
            data_key = open(&wrapping_key(&intermediate), [0; 12], context, wrapped_data_key);
            random.extend([intermediate, nonce.to_vec()]);
        }
        random.insert(0, data_key);
        random.push(header.message_id.to_vec());

        let random = Arc::new(ScriptedRandom::new(random));
        let encryptor = encryptor.with_random(random.clone());
        let again = block_on(encryptor.encrypt_item(vectors::item(&case["plaintext"]))).unwrap().item;
        assert!(again.keys().eq(sealed.keys()), "{name}");
        for (attribute, value) in &sealed {
            match value {
                AttributeValue::B(_) => assert_eq!(&again[attribute], value, "{name}: {attribute}"),
                _ => assert_eq!(
                    dynaseal_core::normal_form(&again[attribute]),
                    dynaseal_core::normal_form(value),
                    "{name}: {attribute}"
                ),
            }
        }
        assert!(random.is_used_up());
        reproduced += 1;
    }
    println!("{reproduced} records reproduced");
    assert!(reproduced >= 50);
}
