//! Records that AWS's Java and .NET clients wrote.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::sync::Arc;

use base64::Engine as _;
use dynaseal_core::{
    BranchKey, BranchKeyMaterials, ErrorKind, HierarchicalKeyring, ItemEncryptor, StaticBranchKeySource, TableConfig,
};
use dynaseal_testkit::{block_on, vectors};
use serde_json::Value;

fn keyring(keys: &Value, id: &str) -> HierarchicalKeyring {
    let key = &keys["keys"][id];
    let text = |name: &str| key[name].as_str().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text("branchKey")).unwrap();
    let version = text("branchKeyVersion").parse().unwrap();
    let materials = BranchKeyMaterials::new(text("key-id"), version, BranchKey::copy_from(&bytes).unwrap());
    HierarchicalKeyring::new(text("key-id"), Arc::new(StaticBranchKeySource::new(materials)))
}

fn config(case: &Value) -> TableConfig {
    let config = &case["config"];
    let mut builder = TableConfig::builder("GazelleVectorTable", "RecNum");
    for (name, action) in config["attributeActionsOnEncrypt"].as_object().unwrap() {
        builder = builder.action(name, action.as_str().unwrap().parse().unwrap());
    }
    let unsigned = config["allowedUnsignedAttributes"].as_array().into_iter().flatten();
    builder = builder.unsigned(unsigned.map(|name| name.as_str().unwrap()));
    if let Some(suite) = config["algorithmSuiteId"].as_str() {
        builder = builder.algorithm_suite(suite.parse().unwrap());
    }
    builder.build().unwrap()
}

fn check(file: &str) {
    let Some(vectors) = vectors::read(&format!("dbesdk/{file}")) else {
        return;
    };
    let Some(keys) = vectors::read("dbesdk/keys.json") else {
        return;
    };
    let (mut positive, mut negative) = (0, 0);
    for (id, case) in vectors["tests"].as_object().unwrap() {
        let name = format!("{file} {id} ({})", case["description"].as_str().unwrap());
        let encryptor = ItemEncryptor::new(config(case), keyring(&keys, "static-branch-key-1"));
        let opened = block_on(encryptor.decrypt_item(vectors::item(&case["encrypted"])));
        match case["type"].as_str().unwrap() {
            "positive-decrypt" => {
                let opened = opened.unwrap_or_else(|error| panic!("{name}: {error}: {}", error.kind()));
                assert!(vectors::same(&opened.item, &vectors::shorthand_item(&case["plaintext"])), "{name}");
                positive += 1;
            }
            "negative-decrypt" => {
                let error = opened.expect_err(&name);
                assert!(matches!(error.kind(), ErrorKind::SignedAttributes { .. }), "{name}: {}", error.kind());
                negative += 1;
            }
            other => panic!("{name}: unknown type {other}"),
        }
    }
    println!("{file}: {positive} opened, {negative} refused");
    assert!(positive >= 8 && negative >= 1);
}

#[test]
fn java_3_2() {
    check("decrypt_java_32.json");
}

#[test]
fn java_3_3() {
    check("decrypt_java_33.json");
}

#[test]
fn dotnet_3_2() {
    check("decrypt_dotnet_32.json");
}
