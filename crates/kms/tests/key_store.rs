//! The branch key store on the embedded database, with a KMS in memory.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use common::fake::{Cloud, Mood};
use common::{arc, encryptor, item, opens, refused, seal, text};
use dynaseal_core::{BranchKeySource, HierarchicalKeyring, Keyring, MaterialsError, Uuid};
use dynaseal_kms::{KeyStore, KeyStoreError, KeyStoreOptions, KmsConfiguration, NewKey};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/k";
const MRK: &str = "arn:aws:kms:us-east-1:111122223333:key/mrk-1";
const MRK_WEST: &str = "arn:aws:kms:us-west-2:111122223333:key/mrk-1";

fn store(dynamodb: &Client, cloud: &Cloud, region: &str, kms: KmsConfiguration) -> KeyStore {
    let options = KeyStoreOptions::new("branch-keys", kms).logical_name("logical");
    KeyStore::new(dynamodb.clone(), cloud.client(region), options).unwrap()
}

fn one(key: &str) -> KmsConfiguration {
    KmsConfiguration::Key(key.parse().unwrap())
}

async fn new() -> (Client, Cloud, KeyStore) {
    let (dynamodb, cloud) = (dynaseal_local::memory().unwrap(), Cloud::new());
    let store = store(&dynamodb, &cloud, "us-east-1", one(KEY));
    store.create_table().await.unwrap();
    (dynamodb, cloud, store)
}

fn keyring(id: &str, store: &KeyStore) -> Arc<dyn Keyring> {
    arc(HierarchicalKeyring::new(id, Arc::new(store.clone())))
}

async fn items(dynamodb: &Client) -> Vec<std::collections::HashMap<String, AttributeValue>> {
    dynamodb.scan().table_name("branch-keys").send().await.unwrap().items.unwrap()
}

async fn change(dynamodb: &Client, id: &str, kind: &str, name: &str, value: Option<AttributeValue>) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let mut item = items(dynamodb)
        .await
        .into_iter()
        .find(|item| item["branch-key-id"] == text(id) && item["type"] == text(kind))
        .unwrap();
    match value {
        Some(value) => item.insert(name.to_owned(), value),
        None => item.remove(name),
    };
    dynamodb.put_item().table_name("branch-keys").set_item(Some(item)).send().await.unwrap();
}

#[tokio::test]
async fn a_key_is_three_items_with_three_calls() {
    let (dynamodb, cloud, store) = new().await;
    let id = store.create_key(NewKey::new()).await.unwrap();
    assert_eq!(
        cloud.calls(),
        ["GenerateDataKeyWithoutPlaintext", "ReEncrypt", "GenerateDataKeyWithoutPlaintext"]
            .map(|operation| format!("us-east-1 {operation} {KEY}"))
    );
    assert_eq!(id.parse::<Uuid>().unwrap().get_version_num(), 4);
    assert_eq!(items(&dynamodb).await.len(), 3);

    let active = store.active_branch_key(&id).await.unwrap();
    store.branch_key_version(&id, active.version()).await.unwrap();
    let beacon = store.beacon_key(&id).await.unwrap();
    assert!(beacon.context.is_empty() && format!("{beacon:?}").contains("redacted"));
    assert_eq!(cloud.calls(), [(); 3].map(|()| format!("us-east-1 Decrypt {KEY}")));

    let sealed = seal(&keyring(&id, &store)).await;
    opens(&keyring(&id, &store), &sealed).await;
    // Version and active item hold the same key.
    assert_eq!(cloud.calls().len(), 2);
    let mut moved = sealed.clone();
    moved.insert("id".to_owned(), "bob".into());
    assert!(refused(&keyring(&id, &store), &moved).await.contains("does not open"));
}

#[tokio::test]
async fn own_ids_and_contexts() {
    let (_, _, store) = new().await;
    let with_context = NewKey::new().id("tenant-1").context("team", "blue");
    assert_eq!(store.create_key(with_context.clone()).await.unwrap(), "tenant-1");
    assert_eq!(store.beacon_key("tenant-1").await.unwrap().context["team"], "blue");
    let error = store.create_key(with_context).await.unwrap_err();
    assert!(matches!(error, KeyStoreError::Exists { ref branch_key_id } if branch_key_id == "tenant-1"));
    for (new, expected) in [
        (NewKey::new().id("tenant-2"), "takes an encryption context"),
        (NewKey::new().id("").context("team", "blue"), "must not be empty"),
    ] {
        assert!(store.create_key(new).await.unwrap_err().to_string().contains(expected));
    }
    let id = store.create_key(NewKey::new().context("team", "red")).await.unwrap();
    let list = store.list().await.unwrap();
    assert_eq!(list.len(), 2);
    let info = list.iter().find(|info| info.branch_key_id == id).unwrap();
    assert_eq!((info.context["team"].as_str(), info.kms_arn.as_str()), ("red", KEY));
}

#[tokio::test]
async fn a_new_version_seals_and_the_old_one_opens() {
    let (dynamodb, cloud, store) = new().await;
    let id = store.create_key(NewKey::new().context("team", "blue")).await.unwrap();
    let first = store.active_branch_key(&id).await.unwrap().version();
    let sealed = seal(&keyring(&id, &store)).await;
    cloud.calls();
    let second = store.version_key(&id).await.unwrap();
    assert_eq!(
        cloud.calls(),
        ["ReEncrypt", "GenerateDataKeyWithoutPlaintext", "ReEncrypt"]
            .map(|operation| format!("us-east-1 {operation} {KEY}"))
    );
    assert_ne!(first, second);
    assert_eq!(store.active_branch_key(&id).await.unwrap().version(), second);
    let both = keyring(&id, &store);
    opens(&both, &sealed).await;
    opens(&both, &seal(&both).await).await;
    let (info, versions) = store.describe(&id).await.unwrap();
    assert_eq!(info.active, second);
    assert_eq!(versions.iter().map(|version| version.version).collect::<Vec<_>>(), [first, second]);
    assert_eq!(items(&dynamodb).await.len(), 4);
    assert!(matches!(store.version_key("nobody").await, Err(KeyStoreError::NotFound { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_make_a_version_at_once_one_wins() {
    let (dynamodb, cloud, store) = new().await;
    let id = store.create_key(NewKey::new()).await.unwrap();
    // All have read the same active item before the first one writes.
    cloud.set(Mood::Slow(std::time::Duration::from_millis(50)));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (store, id) = (store.clone(), id.clone());
            tokio::spawn(async move {
                for _ in 0..20 {
                    store.active_branch_key(&id).await.unwrap();
                }
            })
        })
        .collect();
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let (store, id) = (store.clone(), id.clone());
            tokio::spawn(async move { store.version_key(&id).await })
        })
        .collect();
    let mut won = Vec::new();
    for writer in writers {
        match writer.await.unwrap() {
            Ok(version) => won.push(version),
            Err(error) => {
                assert!(matches!(error, KeyStoreError::Raced { .. }), "{error}");
                assert!(error.to_string().contains(&id));
            }
        }
    }
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(won.len(), 1);
    assert_eq!(store.active_branch_key(&id).await.unwrap().version(), won[0]);
    // The losers left nothing behind.
    assert_eq!(items(&dynamodb).await.len(), 4);
}

/// Two programs: each with a database of its own on the same file.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_programs_that_make_a_version_at_once_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.db");
    let cloud = Cloud::new();
    let program = || store(&dynaseal_local::file(&file).unwrap(), &cloud, "us-east-1", one(KEY));
    let (first, second) = (program(), program());
    first.create_table().await.unwrap();
    let id = first.create_key(NewKey::new()).await.unwrap();
    let old = first.active_branch_key(&id).await.unwrap().version();
    cloud.set(Mood::Slow(std::time::Duration::from_millis(100)));
    let reader = tokio::spawn({
        let (store, id) = (program(), id.clone());
        async move {
            for _ in 0..8 {
                store.active_branch_key(&id).await.unwrap();
                store.branch_key_version(&id, old).await.unwrap();
            }
        }
    });
    let (one, other) = tokio::join!(first.version_key(&id), second.version_key(&id));
    reader.await.unwrap();
    let (won, lost) = match (one, other) {
        (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
        both => panic!("{both:?}"),
    };
    assert!(matches!(lost, KeyStoreError::Raced { .. }), "{lost}");
    for program in [&first, &second] {
        assert_eq!(program.active_branch_key(&id).await.unwrap().version(), won);
        assert_eq!(program.describe(&id).await.unwrap().1.len(), 2);
    }
}

#[tokio::test]
async fn nothing_is_half_made_when_a_call_fails() {
    let (dynamodb, cloud, store) = new().await;
    cloud.set(Mood::Denies);
    let error = store.create_key(NewKey::new().id("tenant").context("a", "b")).await.unwrap_err();
    let why = text(&error);
    assert!(why.contains("tenant") && why.contains(KEY) && why.contains("access denied"), "{why}");
    assert!(items(&dynamodb).await.is_empty());
    cloud.set(Mood::Confused);
    let error = store.create_key(NewKey::new()).await.unwrap_err();
    assert!(text(&error).contains("another key answered"));
    assert!(items(&dynamodb).await.is_empty());
    cloud.set(Mood::Good);
    let id = store.create_key(NewKey::new()).await.unwrap();
    let before = items(&dynamodb).await;
    cloud.set(Mood::Throttles);
    assert!(text(&store.version_key(&id).await.unwrap_err()).contains("throttled"));
    assert_eq!(items(&dynamodb).await.len(), before.len());
}

#[tokio::test]
async fn items_that_were_changed_are_refused() {
    let text_value = |text: &str| AttributeValue::S(text.to_owned());
    let other = "branch:version:00000000-0000-0000-0000-000000000001";
    for (name, value) in [
        ("create-time", Some(text_value("2020-01-01T00:00:00.000000Z"))),
        ("aws-crypto-ec:team", Some(text_value("red"))),
        ("aws-crypto-ec:team", None),
        ("added", Some(text_value("x"))),
        ("version", Some(text_value(other))),
        ("kms-arn", Some(text_value(&KEY.replace("key/k", "key/l")))),
        ("kms-arn", Some(text_value("arn:aws:kms:us-east-1:111122223333:alias/k"))),
        ("hierarchy-version", Some(AttributeValue::N("2".to_owned()))),
        ("ttl", Some(AttributeValue::N("2".to_owned()))),
        ("enc", Some(AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new(vec![0; 80])))),
    ] {
        let (dynamodb, cloud, store) = new().await;
        let id = store.create_key(NewKey::new().context("team", "blue")).await.unwrap();
        change(&dynamodb, &id, "branch:ACTIVE", name, value.clone()).await;
        let error = store.active_branch_key(&id).await.unwrap_err();
        assert!(text(&error).contains(&id), "{name}: {error}");
        // And nothing is built upon it.
        cloud.calls();
        store.version_key(&id).await.unwrap_err();
        assert!(!cloud.calls().iter().any(|call| call.contains("GenerateDataKey")), "{name}");
    }
    // A key under another logical name belongs to another store.
    let (dynamodb, cloud, store) = new().await;
    let id = store.create_key(NewKey::new()).await.unwrap();
    let options = KeyStoreOptions::new("branch-keys", one(KEY)).logical_name("another");
    let another = KeyStore::new(dynamodb.clone(), cloud.client("us-east-1"), options).unwrap();
    assert!(text(&another.active_branch_key(&id).await.unwrap_err()).contains("not one of this key"));
    // The version of a record under the name of another one.
    let second = store.version_key(&id).await.unwrap();
    let (_, versions) = store.describe(&id).await.unwrap();
    let find = |version: Uuid| async move {
        let found = store.branch_key_version(&id, version).await;
        found.map(|key| key.version())
    };
    assert_ne!(versions[0].version, second);
    assert_eq!(find(second).await.unwrap(), second);
}

#[tokio::test]
async fn configurations_of_kms_keys() {
    let (dynamodb, cloud) = (dynaseal_local::memory().unwrap(), Cloud::new());
    let maker = store(&dynamodb, &cloud, "us-east-1", KmsConfiguration::MultiRegionKey(MRK.parse().unwrap()));
    maker.create_table().await.unwrap();
    let id = maker.create_key(NewKey::new()).await.unwrap();
    let west = |kms| store(&dynamodb, &cloud, "us-west-2", kms);
    cloud.calls();

    // The replica of the other region, found by its own ARN or by discovery.
    let replica = west(KmsConfiguration::MultiRegionKey(MRK_WEST.parse().unwrap()));
    let discovery = west(KmsConfiguration::MultiRegionDiscovery { region: "us-west-2".to_owned() });
    for reader in [&replica, &discovery] {
        reader.active_branch_key(&id).await.unwrap();
        assert_eq!(cloud.calls(), [format!("us-west-2 Decrypt {MRK_WEST}")]);
    }
    // The stored ARN stays, though the replica makes the version.
    replica.version_key(&id).await.unwrap();
    assert_eq!(maker.describe(&id).await.unwrap().0.kms_arn, MRK);
    maker.active_branch_key(&id).await.unwrap();

    cloud.calls();
    store(&dynamodb, &cloud, "us-east-1", KmsConfiguration::Discovery).active_branch_key(&id).await.unwrap();
    assert_eq!(cloud.calls(), [format!("us-east-1 Decrypt {MRK}")]);
    // A single key is that key alone, and discovery only reads.
    for kms in [one(MRK_WEST), one(KEY), KmsConfiguration::MultiRegionKey(KEY.parse().unwrap())] {
        let error = west(kms).active_branch_key(&id).await.unwrap_err();
        assert!(matches!(error, KeyStoreError::OtherKmsKey { .. }), "{error}");
    }
    let reader = west(KmsConfiguration::Discovery);
    assert!(matches!(reader.create_key(NewKey::new()).await, Err(KeyStoreError::OnlyReads)));
    assert!(matches!(reader.version_key(&id).await, Err(KeyStoreError::OnlyReads)));
    cloud.calls();
    assert!(cloud.calls().is_empty());
}

#[tokio::test]
async fn tables_of_something_else_are_left_alone() {
    let (dynamodb, cloud, store) = new().await;
    // Once more is fine.
    store.create_table().await.unwrap();
    let key = |name: &str, kind| {
        use aws_sdk_dynamodb::types::{AttributeDefinition, KeySchemaElement, ScalarAttributeType};
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        let element = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        (attribute.build().unwrap(), element.build().unwrap())
    };
    let (attribute, element) = key("branch-key-id", aws_sdk_dynamodb::types::KeyType::Hash);
    let billing = aws_sdk_dynamodb::types::BillingMode::PayPerRequest;
    let call = dynamodb.create_table().table_name("other-table").billing_mode(billing);
    call.attribute_definitions(attribute).key_schema(element).send().await.unwrap();
    let other =
        KeyStore::new(dynamodb, cloud.client("us-east-1"), KeyStoreOptions::new("other-table", one(KEY))).unwrap();
    assert!(other.create_table().await.unwrap_err().to_string().contains("its keys are not"));
    let options = KeyStoreOptions::new("no-such-table", one(KEY));
    let none = KeyStore::new(dynaseal_local::memory().unwrap(), cloud.client("us-east-1"), options).unwrap();
    assert!(matches!(none.active_branch_key("id").await, Err(KeyStoreError::NoTable { .. })));
    assert!(matches!(none.create_key(NewKey::new()).await, Err(KeyStoreError::NoTable { .. })));
    let short =
        KeyStore::new(dynaseal_local::memory().unwrap(), cloud.client("x"), KeyStoreOptions::new("ab", one(KEY)));
    assert!(matches!(short.unwrap_err(), KeyStoreError::TableName { .. }));
}

#[tokio::test]
async fn errors_of_keyrings_name_the_branch_key() {
    let (_, cloud, store) = new().await;
    let id = store.create_key(NewKey::new()).await.unwrap();
    let sealed = seal(&keyring(&id, &store)).await;
    let nobody = encryptor(keyring("nobody", &store)).encrypt_item(item()).await.unwrap_err();
    assert!(text(&nobody).contains("no branch key `nobody` in the key store"), "{}", text(&nobody));
    let error = store.version("nobody", Uuid::from_u128(1)).await.unwrap_err();
    assert!(matches!(error, MaterialsError::NoBranchKey { version: Some(_), .. }));
    for (mood, expected) in [(Mood::Denies, "access denied"), (Mood::Throttles, "throttled")] {
        cloud.set(mood);
        let why = refused(&keyring(&id, &store), &sealed).await;
        for part in [&*id, KEY, expected, "ada", "branch-keys"] {
            assert!(why.contains(part), "{part} is not in: {why}");
        }
    }
}
