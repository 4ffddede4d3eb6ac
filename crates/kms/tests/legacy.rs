//! The providers of the older format that ask AWS, against a fake that tells all calls.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use common::fake::{Cloud, Mood};
use dynaseal_core::{AttributeValue, Item, LegacyEncryptor as _, LegacyErrorClass};
use dynaseal_kms::legacy::{DirectKmsProvider, DynamoDbMetaStore, MetaStoreError};
use dynaseal_kms::{GrantTokens, SystemClock};
use dynaseal_legacy::ddbec::{
    AesKey, Encryptor, Error, HmacKey, MATERIAL_DESCRIPTION, Mac, MaterialDescription, MaterialsProvider, MetaStore,
    MostRecentProvider, StaticProvider, names,
};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/one";
const OTHER: &str = "arn:aws:kms:us-east-1:111122223333:key/other";

fn direct(cloud: &Cloud, key: &str) -> DirectKmsProvider {
    DirectKmsProvider::new(cloud.client("us-east-1"), key.parse().unwrap(), GrantTokens::new(["token"]).unwrap())
}

fn encryptor(provider: impl MaterialsProvider + 'static) -> Encryptor {
    shared(Arc::new(provider))
}

fn shared(provider: Arc<dyn MaterialsProvider>) -> Encryptor {
    Encryptor::builder("people", "id").sort_key("year").build(provider).unwrap()
}

fn item() -> Item {
    Item::from([
        ("id".to_owned(), AttributeValue::B(vec![1, 2, 250])),
        ("year".to_owned(), AttributeValue::N("18.430e2".to_owned())),
        ("secret".to_owned(), "notes".into()),
    ])
}

/// As DynamoDB gives it back.
fn stored(mut sealed: Item) -> Item {
    sealed.insert("year".to_owned(), 1843_i64.into());
    sealed
}

fn description(sealed: &Item) -> MaterialDescription {
    let AttributeValue::B(bytes) = &sealed[MATERIAL_DESCRIPTION] else { panic!() };
    MaterialDescription::from_bytes(bytes).unwrap()
}

async fn refused(encryptor: &Encryptor, sealed: &Item) -> (LegacyErrorClass, String) {
    let error = encryptor.decrypt_item(sealed.clone()).await.unwrap_err();
    (error.class(), error.to_string())
}

#[tokio::test]
async fn a_secret_for_every_item() {
    let cloud = Cloud::new();
    let people = encryptor(direct(&cloud, KEY));
    let sealed = people.encrypt_item(item()).await.unwrap();
    assert_eq!(cloud.calls(), [format!("us-east-1 GenerateDataKey {KEY}")]);
    let opened = people.decrypt_item(stored(sealed.clone())).await.unwrap();
    assert_eq!(opened, stored(item()));
    assert_eq!(cloud.calls(), [format!("us-east-1 Decrypt {KEY}")]);
    assert_eq!(cloud.tokens(), 2);
    let said = description(&sealed);
    let said: Vec<_> = said.iter().filter(|(name, _)| *name != names::WRAPPED_KEY).collect();
    assert_eq!(
        said,
        [
            ("amzn-ddb-env-alg", "AES/256"),
            ("amzn-ddb-map-signingAlg", "HmacSHA256"),
            ("amzn-ddb-map-sym-mode", "/CBC/PKCS5Padding"),
            ("amzn-ddb-sig-alg", "HmacSHA256/256"),
            ("amzn-ddb-wrap-alg", "kms"),
            ("aws-kms-ec-attr", "*keys*"),
        ]
    );

    // Bound to the key of the item and the name of the table.
    for (name, value) in [("id", AttributeValue::B(vec![1])), ("year", 1844_i64.into())] {
        let mut moved = stored(sealed.clone());
        moved.insert(name.to_owned(), value);
        let (class, text) = refused(&people, &moved).await;
        assert_eq!(class, LegacyErrorClass::Materials);
        assert!(text.contains("Decrypt"), "{text}");
    }
    let elsewhere = Encryptor::builder("others", "id").sort_key("year").build(Arc::new(direct(&cloud, KEY))).unwrap();
    assert_eq!(refused(&elsewhere, &stored(sealed)).await.0, LegacyErrorClass::Materials);
}

/// Upstream opens what any key sealed that the caller may use.
#[tokio::test]
async fn other_keys_have_to_be_named() {
    let cloud = Cloud::new();
    let sealed = stored(encryptor(direct(&cloud, OTHER)).encrypt_item(item()).await.unwrap());
    cloud.calls();
    let (class, text) = refused(&encryptor(direct(&cloud, KEY)), &sealed).await;
    assert_eq!(class, LegacyErrorClass::Materials);
    assert!(text.contains(KEY) && text.contains("not one of this key"), "{text}");
    let both = encryptor(direct(&cloud, KEY).with_older_keys([OTHER.parse().unwrap()]));
    cloud.calls();
    assert_eq!(both.decrypt_item(sealed).await.unwrap(), stored(item()));
    assert_eq!(cloud.calls(), [format!("us-east-1 Decrypt {KEY}"), format!("us-east-1 Decrypt {OTHER}")]);
    let sealed = both.encrypt_item(item()).await.unwrap();
    assert!(encryptor(direct(&cloud, KEY)).decrypt_item(stored(sealed)).await.is_ok());
}

#[tokio::test]
async fn algorithms_are_chosen_and_bound() {
    let cloud = Cloud::new();
    for (content, signature) in [("AES/128", "HmacSHA512/512"), ("AES/192", "HmacSHA224/128"), ("AES", "HmacSHA384")] {
        let wanted = [(names::CONTENT_ALGORITHM, content), (names::SIGNATURE_ALGORITHM, signature), ("own", "words")];
        let provider = direct(&cloud, KEY).with_description(wanted.into_iter().collect()).unwrap();
        let sealed = stored(encryptor(provider).encrypt_item(item()).await.unwrap());
        assert_eq!(description(&sealed).get("own"), Some("words"));
        let people = encryptor(direct(&cloud, KEY));
        assert_eq!(people.decrypt_item(sealed.clone()).await.unwrap(), stored(item()));
        for (name, value) in [(names::CONTENT_ALGORITHM, "AES/256"), (names::SIGNATURE_ALGORITHM, "HmacSHA256/256")] {
            let mut said = description(&sealed);
            said.insert(name, value);
            let mut changed = sealed.clone();
            changed.insert(MATERIAL_DESCRIPTION.to_owned(), AttributeValue::B(said.to_bytes()));
            assert_eq!(refused(&people, &changed).await.0, LegacyErrorClass::Materials);
        }
    }
    for (name, value) in [
        (names::CONTENT_ALGORITHM, "DES/56"),
        (names::CONTENT_ALGORITHM, "AES/64"),
        (names::CONTENT_ALGORITHM, "AES/+256"),
        (names::SIGNATURE_ALGORITHM, "HmacSHA256/8"),
        (names::SIGNATURE_ALGORITHM, "HmacSHA256/130"),
        (names::SIGNATURE_ALGORITHM, "HmacSHA256/99999999999999999999"),
        (names::SIGNATURE_ALGORITHM, "HmacMD5/256"),
        (names::SIGNATURE_ALGORITHM, "SHA256withRSA/256"),
    ] {
        let result = direct(&cloud, KEY).with_description([(name, value)].into_iter().collect());
        assert_eq!(result.unwrap_err(), Error::NotTaken { name, value: value.to_owned() });
    }
}

#[tokio::test]
async fn what_goes_wrong_is_said() {
    let cloud = Cloud::new();
    let people = encryptor(direct(&cloud, KEY));
    let sealed = stored(people.encrypt_item(item()).await.unwrap());
    for mood in [Mood::Denies, Mood::Throttles, Mood::Gone] {
        cloud.set(mood);
        let (class, text) = refused(&people, &sealed).await;
        assert_eq!(class, LegacyErrorClass::Materials);
        assert!(text.contains(KEY), "{text}");
        assert_eq!(people.encrypt_item(item()).await.unwrap_err().class(), LegacyErrorClass::Materials);
    }
    cloud.set(Mood::Good);
    let mut wrong = item();
    wrong.insert("id".to_owned(), true.into());
    let error = people.encrypt_item(wrong).await.unwrap_err();
    assert_eq!(error.class(), LegacyErrorClass::Item);
    assert_eq!(error.to_string(), "the key attribute `id` has to be text, a number or bytes, and is of the type BOOL");
    let mut wrong = item();
    wrong.insert("year".to_owned(), AttributeValue::N("MDCCC".to_owned()));
    assert_eq!(people.encrypt_item(wrong).await.unwrap_err().class(), LegacyErrorClass::Item);
    cloud.calls();
    for (name, value) in [(names::WRAPPED_KEY, "no base64!"), (names::WRAPPED_KEY, "")] {
        let mut said = description(&sealed);
        said.insert(name, value);
        let mut changed = sealed.clone();
        changed.insert(MATERIAL_DESCRIPTION.to_owned(), AttributeValue::B(said.to_bytes()));
        assert_eq!(refused(&people, &changed).await.0, LegacyErrorClass::Malformed);
    }
    let mut changed = sealed;
    changed.insert(MATERIAL_DESCRIPTION.to_owned(), AttributeValue::B(vec![0; 4]));
    assert_eq!(refused(&people, &changed).await.1, "the material description has no `amzn-ddb-env-alg`");
    // Nothing was asked for what makes no sense.
    assert!(cloud.calls().is_empty());
}

#[tokio::test]
async fn a_table_of_materials() {
    let (cloud, client) = (Cloud::new(), dynaseal_local::memory().unwrap());
    let store = |key| DynamoDbMetaStore::new(client.clone(), "materials", Arc::new(direct(&cloud, key))).unwrap();
    let table = Arc::new(store(KEY));
    table.create_table().await.unwrap();
    assert_eq!(table.latest_version("name").await.unwrap(), None);
    let error = table.provider("name", 0).await.unwrap_err();
    assert_eq!(error.to_string(), "there are no materials `name` of version 0");

    let provider =
        MostRecentProvider::new(table.clone(), "name", Duration::from_secs(600), Arc::new(SystemClock::new())).unwrap();
    let provider = Arc::new(provider);
    let people = Encryptor::builder("people", "id").sort_key("year").build(provider.clone()).unwrap();
    let first = people.encrypt_item(item()).await.unwrap();
    assert_eq!(description(&first).get(names::META_ID), Some("name#0"));
    assert_eq!(cloud.calls(), [format!("us-east-1 GenerateDataKey {KEY}")]);
    for _ in 0..10 {
        people.decrypt_item(people.encrypt_item(item()).await.unwrap()).await.unwrap();
    }
    assert!(cloud.calls().is_empty());

    // The next version.
    assert_eq!(table.new_version("name").await.unwrap(), 1);
    assert_eq!(table.latest_version("name").await.unwrap(), Some(1));
    provider.refresh();
    cloud.calls();
    let second = people.encrypt_item(item()).await.unwrap();
    assert_eq!(description(&second).get(names::META_ID), Some("name#1"));
    for sealed in [&first, &second] {
        assert_eq!(people.decrypt_item(sealed.clone()).await.unwrap(), item());
    }
    assert_eq!(cloud.calls().len(), 2);

    // Two that make one version have the same.
    let (one, other) = (store(KEY), store(KEY));
    let (one, other) = (one.get_or_create_provider("both", 0), other.get_or_create_provider("both", 0));
    let (one, other) = tokio::join!(one, other);
    let sealed = shared(one.unwrap()).encrypt_item(item()).await.unwrap();
    assert!(shared(other.unwrap()).decrypt_item(sealed).await.is_ok());
    assert_eq!(store(KEY).new_version("third").await.unwrap(), 0);

    // Under another key of AWS KMS, and with an item in the place of another.
    assert_eq!(store(OTHER).provider("name", 0).await.unwrap_err().class(), LegacyErrorClass::Materials);
    let keys = |version: &str| {
        let (n, v) = key("name", version);
        client.get_item().table_name("materials").key("N", n).key("V", v).send()
    };
    let mut moved = keys("0").await.unwrap().item.unwrap();
    moved.insert("V".to_owned(), key("name", "9").1);
    client.put_item().table_name("materials").set_item(Some(moved)).send().await.unwrap();
    assert!(table.provider("name", 9).await.is_err());
    let error = DynamoDbMetaStore::new(client.clone(), "absent", Arc::new(direct(&cloud, KEY))).unwrap();
    let error = error.latest_version("name").await.unwrap_err();
    assert!(error.to_string().starts_with("DynamoDB Query on the table of materials absent: "), "{error}");
}

/// After a restore the table has another name, and its items are signed with the first one.
#[tokio::test]
async fn a_table_of_materials_under_another_name() {
    let client = dynaseal_local::memory().unwrap();
    let cloud = Cloud::new();
    let signing = HmacKey::new(Mac::HmacSha256, &[2; 32]).unwrap();
    let fixed = StaticProvider::symmetric(Some(AesKey::new(&[1; 32]).unwrap()), signing);
    let providers: [(&str, Arc<dyn MaterialsProvider>, LegacyErrorClass); 2] = [
        ("kms", Arc::new(direct(&cloud, KEY)), LegacyErrorClass::Materials),
        ("static", Arc::new(fixed), LegacyErrorClass::Authentication),
    ];
    for (first, provider, class) in providers {
        let restored = format!("{first}-restored");
        let store = |name: &str| DynamoDbMetaStore::new(client.clone(), name, Arc::clone(&provider)).unwrap();
        let (written, copy) = (store(first), store(&restored));
        written.create_table().await.unwrap();
        copy.create_table().await.unwrap();
        assert_eq!(written.new_version("name").await.unwrap(), 0);
        let all = client.scan().table_name(first).send().await.unwrap().items.unwrap();
        for stored in &all {
            client.put_item().table_name(&restored).set_item(Some(stored.clone())).send().await.unwrap();
        }
        let sealed = shared(written.provider("name", 0).await.unwrap()).encrypt_item(item()).await.unwrap();

        let error = copy.provider("name", 0).await.unwrap_err();
        assert_eq!(error.class(), class);
        assert_eq!(
            error.to_string(),
            format!(
                "the materials `name` of version 0 in the table {restored} do not open as items of a table with the name \
                 `{restored}`: if that table was restored or copied, give the name that it was written under as logical name \
                 (`logical_name`)"
            )
        );
        assert!(error.source().is_some(), "the cause is kept");
        let copy = copy.logical_name(first).unwrap();
        let keys = copy.provider("name", 0).await.unwrap();
        assert_eq!(shared(keys).decrypt_item(sealed).await.unwrap(), item());
        // What the restored table gets opens by the same name, and in a table that has it.
        assert_eq!(copy.new_version("name").await.unwrap(), 1);
        let (n, v) = key("name", "1");
        let new = client.get_item().table_name(&restored).key("N", n).key("V", v).send().await.unwrap().item;
        client.put_item().table_name(first).set_item(new).send().await.unwrap();
        assert!(written.provider("name", 1).await.is_ok());
        assert!(matches!(store(first).logical_name(""), Err(MetaStoreError::Config(_))));
    }

    // What has nothing to do with the name does not speak of it.
    cloud.set(Mood::Denies);
    let denied = DynamoDbMetaStore::new(client, "kms", Arc::new(direct(&cloud, KEY))).unwrap();
    let error = denied.provider("name", 0).await.unwrap_err();
    assert_eq!(error.to_string(), "the materials `name` of version 0 in the table kms do not open");
    assert!(error.source().unwrap().to_string().contains("Decrypt"), "{error:?}");
}

fn key(name: &str, version: &str) -> (SdkValue, SdkValue) {
    (SdkValue::S(name.to_owned()), SdkValue::N(version.to_owned()))
}
