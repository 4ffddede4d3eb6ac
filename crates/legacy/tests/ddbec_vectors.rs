//! Items that the Python and Java libraries sealed, and the small vectors of their parts.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod ddbec;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ddbec::ready;
use dynaseal_core::{
    AttributeValue, BoxFuture, Clock, Item, LegacyEncryptor as _, LegacyError, LegacyErrorClass, SystemRandom,
};
use dynaseal_legacy::ddbec::{
    Action, AesKey, Encryptor, Error, HmacKey, Library, Mac, MaterialDescription, MaterialsProvider, MetaStore,
    MostRecentProvider, RsaSignature, SigningKey, StaticProvider, StoredMaterials, UnwrappingKey, VerificationKey,
    WrappedProvider, WrappingKey, deserialize_attribute, serialize_attribute,
};
use dynaseal_testkit::vectors;
use serde_json::Value as Case;

fn bytes(text: &Case) -> Vec<u8> {
    STANDARD.decode(text.as_str().unwrap()).unwrap()
}

fn attribute(case: &Case) -> AttributeValue {
    vectors::item(&serde_json::json!({ "a": case })).remove("a").unwrap()
}

fn cases(path: &str) -> Option<Vec<Case>> {
    vectors::read(path).map(|cases| cases.as_array().unwrap().clone())
}

#[test]
fn attributes_are_written_as_upstream_writes_them() {
    let Some(cases) = cases("ddbec/serialize_attribute.json") else { return };
    for case in &cases {
        let value = attribute(&case["attribute"]);
        for library in [Library::Java, Library::Python] {
            assert_eq!(*serialize_attribute(&value, library).unwrap(), bytes(&case["serialized"]), "{case}");
        }
    }
    println!("{} attributes written", cases.len());
    assert_eq!(cases.len(), 22);
}

#[test]
fn attributes_are_read_as_upstream_reads_them() {
    let Some(cases) = cases("ddbec/deserialize_attribute.json") else { return };
    for case in &cases {
        assert_eq!(
            deserialize_attribute(&bytes(&case["serialized"])).unwrap(),
            attribute(&case["attribute"]),
            "{case}"
        );
    }
    println!("{} attributes read", cases.len());
    assert_eq!(cases.len(), 15);
}

#[test]
fn material_descriptions_are_written_and_read() {
    let Some(cases) = cases("ddbec/material_description.json") else { return };
    for case in &cases {
        let pairs = case["material_description"].as_object().unwrap();
        let description =
            MaterialDescription::from_iter(pairs.iter().map(|(name, value)| (name, value.as_str().unwrap())));
        assert_eq!(description.to_bytes(), bytes(&case["serialized"]), "{case}");
        assert_eq!(MaterialDescription::from_bytes(&bytes(&case["serialized"])).unwrap(), description, "{case}");
    }
    println!("{} material descriptions", cases.len());
    assert_eq!(cases.len(), 3);
}

#[test]
fn the_same_is_signed() {
    let Some(cases) = cases("ddbec/string_to_sign.json") else { return };
    for case in &cases {
        let attributes = case["item"].as_object().unwrap();
        let actions = attributes.iter().map(|(name, attribute)| (name, action(&attribute["action"])));
        let encryptor = Encryptor::builder(case["table"].as_str().unwrap(), "no such key")
            .actions(actions)
            .build(Arc::new(StaticProvider::new(None, None)))
            .unwrap();
        let item = attributes.iter().map(|(name, case)| (name.clone(), attribute(&case["value"]))).collect();
        for library in [Library::Java, Library::Python] {
            assert_eq!(encryptor.string_to_sign(&item, library).unwrap(), bytes(&case["string_to_sign"]), "{case}");
        }
    }
    println!("{} texts to sign", cases.len());
    assert_eq!(cases.len(), 4);
}

fn action(name: &Case) -> Action {
    match name.as_str().unwrap() {
        "encrypt" => Action::EncryptAndSign,
        "sign" => Action::SignOnly,
        "nothing" => Action::DoNothing,
        other => panic!("{other}"),
    }
}

/// Opens every item of every file that a scenario names and that is there.
#[test]
fn sealed_items_open() {
    let Some(scenarios) = vectors::read("ddbec/scenarios.json") else { return };
    let (keys, plaintext) = (vectors::read("ddbec/keys.json").unwrap(), vectors::read("ddbec/plaintext.json").unwrap());
    let (mut opened, mut unknown, mut files) = (0, 0, Vec::new());
    for scenario in scenarios["scenarios"].as_array().unwrap() {
        let path = file(&scenario["ciphertext"]);
        if scenario["network"].as_bool().unwrap() {
            continue;
        }
        let (Some(stored), Some(provider)) = (vectors::read(&path), provider(scenario, &keys)) else { continue };
        for (table, stored) in stored.as_object().unwrap() {
            let expected = plaintexts(&plaintext, table, scenario["version"].as_str().unwrap());
            for stored in stored.as_array().unwrap() {
                let stored = vectors::item(stored);
                // There are stored items of which no plaintext is given.
                let Some((item, actions)) = expected.get(&key_of(&plaintext, table, &stored)) else {
                    unknown += 1;
                    continue;
                };
                let encryptor = encryptor(&plaintext, table, actions, &provider);
                let result = ready(encryptor.decrypt_item(stored.clone()));
                let result = result.unwrap_or_else(|error| panic!("{path}, {table}: {error}\n{stored:?}"));
                let mut item = item.clone();
                if let Some(counted) = stored.get("version") {
                    // Java's mapper counts it up when it saves, and it is only signed.
                    item.insert("version".to_owned(), counted.clone());
                }
                assert!(vectors::same(&result, &item), "{path}, {table}:\n{result:?}\n{item:?}");

                // What is opened seals, and opens again.
                if scenario["keys"].get("encrypt").is_some() || scenario["provider"] != "wrapped" {
                    let sealed = ready(encryptor.encrypt_item(result.clone())).unwrap();
                    assert_eq!(encryptor.is_legacy(&sealed), actions["default"] != "nothing");
                    assert!(vectors::same(&ready(encryptor.decrypt_item(sealed)).unwrap(), &item));
                }
                opened += 1;
            }
        }
        files.push(path);
    }
    println!("{opened} items of {} files opened, {unknown} are of unknown plaintext: {files:?}", files.len());
    assert!(opened >= 96);
    let least =
        ["static-aes-hmac-1", "static-aes-hmac-2", "wrapped-rsa-rsa-1", "wrapped-rsa-rsa-2", "wrapped-aes-hmac-1"]
            .map(|name| format!("ddbec/ciphertext/python/{name}.json"));
    assert!(
        least.iter().all(|path| files.contains(path))
            && files.contains(&"ddbec/ciphertext/java/static-aes-hmac-1.json".to_owned())
    );
}

/// The keys of a store whose items are there, though those that it sealed are not.
#[test]
fn stored_materials_open() {
    let (Some(keys), Some(stored)) =
        (vectors::read("ddbec/keys.json"), vectors::read("ddbec/ciphertext/python/metastore-aes-hmac-2.json"))
    else {
        return;
    };
    let static_keys = Arc::new(symmetric(&keys));
    let encryptor = StoredMaterials::encryptor("metastore", static_keys, Arc::new(SystemRandom)).unwrap();
    for stored in stored["metastore"].as_array().unwrap() {
        let stored = vectors::item(stored);
        let opened = ready(encryptor.decrypt_item(stored.clone())).unwrap();
        let materials = StoredMaterials::from_item(opened.clone()).unwrap();
        assert_eq!(
            (materials.name(), AttributeValue::N(materials.version().to_string())),
            ("materialName", stored["V"].clone())
        );
        assert_eq!(materials.to_item(), opened);
        println!("materials {} of version {}", materials.name(), materials.version());
    }
}

/// A file that names materials of a store that is not there is read as far as it goes: the version is known, the keys are
/// not.
#[test]
fn items_of_an_absent_store_say_so() {
    let Some(stored) = vectors::read("ddbec/ciphertext/python/metastore-data-tables-1.json") else { return };
    let store = Arc::new(Store { encryptor: None, items: BTreeMap::new() });
    let provider =
        MostRecentProvider::new(store, "my material name", Duration::from_secs(60), Arc::new(Still)).unwrap();
    let encryptor = Encryptor::builder("TableName", "hashKey").build(Arc::new(provider)).unwrap();
    for stored in stored["TableName"].as_array().unwrap() {
        let stored = vectors::item(stored);
        // Those that nothing was done with are of no format.
        if !encryptor.is_legacy(&stored) {
            continue;
        }
        let error = ready(encryptor.decrypt_item(stored)).unwrap_err();
        assert_eq!(error.class(), LegacyErrorClass::Materials);
        assert_eq!(error.to_string(), "there are no materials `my material name` of version 5");
    }
}

fn file(uri: &Case) -> String {
    format!("ddbec/{}", uri.as_str().unwrap().strip_prefix("file://").unwrap())
}

/// Key values, by which an item is found.
type Keys = Vec<AttributeValue>;

fn key_names(plaintext: &Case, table: &str) -> Vec<String> {
    let index = &plaintext["items"][table]["index"];
    ["partition", "sort"].into_iter().filter_map(|key| Some(index.get(key)?.as_str()?.to_owned())).collect()
}

fn key_of(plaintext: &Case, table: &str, item: &Item) -> String {
    let keys: Keys = key_names(plaintext, table).iter().map(|name| item[name].clone()).collect();
    format!("{keys:?}")
}

/// The plain items of a table with what is done with their attributes.
fn plaintexts<'a>(plaintext: &'a Case, table: &str, version: &str) -> BTreeMap<String, (Item, &'a Case)> {
    let items = plaintext["items"][table]["items"].as_array().unwrap();
    let of = |case: &Case| {
        let mut item = vectors::item(&case["attributes"]);
        let groups = plaintext["versions"].get(table).and_then(|versions| versions.get(version)?.as_array());
        if case.get("exact").is_none() {
            for group in groups.into_iter().flatten() {
                item.extend(vectors::item(&plaintext["attributes"][group.as_str().unwrap()]));
            }
        }
        item
    };
    let pairs = items.iter().map(|case| {
        let item = of(case);
        (key_of(plaintext, table, &item), (item, &plaintext["actions"][case["action"].as_str().unwrap()]))
    });
    pairs.collect()
}

fn encryptor(plaintext: &Case, table: &str, actions: &Case, provider: &Arc<dyn MaterialsProvider>) -> Encryptor {
    let keys = key_names(plaintext, table);
    let overrides = actions.get("override").and_then(Case::as_object);
    let actions_of = overrides.into_iter().flatten().map(|(name, case)| (name.clone(), action(case)));
    let builder = Encryptor::builder(table, &keys[0]).actions(actions_of).default_action(action(&actions["default"]));
    let builder = keys.iter().skip(1).fold(builder, |builder, key| builder.sort_key(key));
    builder.build(Arc::clone(provider)).unwrap()
}

fn symmetric(keys: &Case) -> StaticProvider {
    let aes = AesKey::new(&bytes(&keys["aesKey"]["material"])).unwrap();
    let hmac = HmacKey::new(Mac::HmacSha256, &bytes(&keys["hmacKey"]["material"])).unwrap();
    StaticProvider::symmetric(Some(aes), hmac)
}

/// The provider of a scenario, or `None` if it needs a file that is not there.
fn provider(scenario: &Case, keys: &Case) -> Option<Arc<dyn MaterialsProvider>> {
    let material = |role: &str| bytes(&keys[scenario["keys"][role].as_str().unwrap()]["material"]);
    Some(match scenario["provider"].as_str().unwrap() {
        "static" => Arc::new(symmetric(keys)),
        "wrapped" if scenario["keys"]["decrypt"] == "aesKey" => {
            let (aes, hmac) =
                (AesKey::new(&material("decrypt")).unwrap(), HmacKey::new(Mac::HmacSha256, &material("verify")));
            let builder = WrappedProvider::builder().unwrapping_key(aes.clone()).wrapping_key(aes);
            Arc::new(builder.verification_key(hmac.clone().unwrap()).signing_key(hmac.unwrap()).build().unwrap())
        }
        "wrapped" => {
            let algorithm = RsaSignature::Sha256;
            // The oldest ones of Java.
            let builder = WrappedProvider::builder()
                .accept_pkcs1_v1_5()
                .wrapping_key(WrappingKey::rsa(&material("encrypt")).unwrap())
                .unwrapping_key(UnwrappingKey::rsa(&material("decrypt")).unwrap())
                .signing_key(SigningKey::rsa(algorithm, &material("sign")).unwrap())
                .verification_key(VerificationKey::rsa(algorithm, &material("verify")).unwrap());
            Arc::new(builder.build().unwrap())
        }
        "most_recent" => {
            let store = &scenario["metastore"];
            let stored = vectors::read(&file(&store["ciphertext"]))?;
            let table = store["table_name"].as_str().unwrap();
            let encryptor = StoredMaterials::encryptor(table, provider(store, keys)?, Arc::new(SystemRandom)).unwrap();
            let items = stored[table].as_array().unwrap().iter().map(vectors::item);
            let items = items.map(|item| (format!("{:?}#{:?}", item["N"], item["V"]), item)).collect();
            let store = Arc::new(Store { encryptor: Some(encryptor), items });
            let name = scenario["material_name"].as_str().unwrap();
            Arc::new(MostRecentProvider::new(store, name, Duration::from_secs(60), Arc::new(Still)).unwrap())
        }
        other => panic!("{other}"),
    })
}

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

/// A store whose table is a map.
#[derive(Debug)]
struct Store {
    encryptor: Option<Encryptor>,
    items: BTreeMap<String, Item>,
}

impl MetaStore for Store {
    fn latest_version<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<u64>, LegacyError>> {
        let versions = self.items.values().filter(|item| item["N"] == AttributeValue::S(name.to_owned()));
        let versions = versions.map(|item| match &item["V"] {
            AttributeValue::N(version) => version.parse().unwrap(),
            other => panic!("{other:?}"),
        });
        Box::pin(std::future::ready(Ok(versions.max())))
    }

    fn provider<'a>(
        &'a self,
        name: &'a str,
        version: u64,
    ) -> BoxFuture<'a, Result<Arc<dyn MaterialsProvider>, LegacyError>> {
        Box::pin(async move {
            let key = (AttributeValue::S(name.to_owned()), AttributeValue::N(version.to_string()));
            let (Some(encryptor), Some(item)) = (&self.encryptor, self.items.get(&format!("{:?}#{:?}", key.0, key.1)))
            else {
                return Err(Error::NoVersion { name: name.to_owned(), version }.into());
            };
            let materials = StoredMaterials::from_item(encryptor.decrypt_item(item.clone()).await?)?;
            let provider: Arc<dyn MaterialsProvider> = Arc::new(materials.provider(Arc::new(SystemRandom)).unwrap());
            Ok(provider)
        })
    }

    fn get_or_create_provider<'a>(
        &'a self,
        name: &'a str,
        version: u64,
    ) -> BoxFuture<'a, Result<Arc<dyn MaterialsProvider>, LegacyError>> {
        self.provider(name, version)
    }
}
