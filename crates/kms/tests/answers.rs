//! What DynamoDB and AWS KMS answer is looked at: another item, another key, another length, and errors that say something
//! else than they seem to.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::agreement;
use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use common::fake::Cloud;
use common::{arc, item, refused, seal};
use dynaseal_core::{
    AttributeValue, BeaconKeySource, BoxFuture, BranchKeySource, Curve, EcdhPublicKey, Item, Keyring,
    LegacyEncryptor as _, MultiKeyring, RawEcdhKeyring, RsaPadding, Uuid,
};
use dynaseal_kms::legacy::{DirectKmsProvider, DynamoDbMetaStore};
use dynaseal_kms::{
    Decrypt, Decrypted, DeriveSharedSecret, DerivedSecret, DiscoveryFilter, GenerateDataKey, GrantTokens, KeyStore,
    KeyStoreError, KeyStoreOptions, Kms, KmsConfiguration, KmsDiscoveryKeyring, KmsEcdhKeyring, KmsError, KmsErrorKind,
    KmsKeyring, KmsRsaKeyring, NewDataKey, NewKey, PublicKey, ReEncrypt, ReEncrypted, SystemClock, Wrapped,
};
use dynaseal_legacy::ddbec::{AesKey, Encryptor, HmacKey, Mac, MetaStore as _, StaticProvider};
use dynaseal_local::{Engine, Reply};
use serde_json::{Value, json};

const A: &str = "arn:aws:kms:us-east-1:111122223333:key/ab1";
const B: &str = "arn:aws:kms:us-east-1:111122223333:key/b";

fn none() -> GrantTokens {
    GrantTokens::default()
}

fn single(cloud: &Cloud, key: &str) -> Arc<dyn Keyring> {
    arc(KmsKeyring::new(cloud.client("us-east-1"), key.parse().unwrap(), none()))
}

/// A DynamoDB that has one answer for each operation, and tells what it was asked.
#[derive(Clone, Debug, Default)]
struct Answers {
    answers: Arc<Mutex<HashMap<&'static str, (u16, Value)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Answers {
    fn set(&self, operation: &'static str, status: u16, body: Value) {
        self.answers.lock().unwrap().insert(operation, (status, body));
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Engine for Answers {
    fn call(&self, operation: &str, _: &str) -> Reply {
        self.asked.lock().unwrap().push(operation.to_owned());
        let answers = self.answers.lock().unwrap();
        let (status, body) = answers.get(operation).unwrap_or_else(|| panic!("{operation} was not expected"));
        Reply { status: *status, body: body.to_string() }
    }
}

fn error(code: &str) -> Value {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "no"})
}

fn options() -> KeyStoreOptions {
    KeyStoreOptions::new("branch-keys", KmsConfiguration::Key(A.parse().unwrap())).logical_name("logical")
}

fn store(answers: &Answers, cloud: &Cloud) -> KeyStore {
    KeyStore::new(dynaseal_local::client(answers.clone()), cloud.client("us-east-1"), options()).unwrap()
}

#[tokio::test]
async fn another_item_than_the_one_that_was_asked_for_is_refused() {
    let (answers, cloud) = (Answers::default(), Cloud::new());
    let store = store(&answers, &cloud);
    let version = "branch:version:00000000-0000-4000-8000-000000000001";
    let stored = |id: &str, kind: &str| {
        let mut item = json!({
            "branch-key-id": {"S": id}, "type": {"S": kind}, "create-time": {"S": "2026-01-02T03:04:05.000006Z"},
            "kms-arn": {"S": A}, "hierarchy-version": {"N": "1"}, "enc": {"B": "AQID"}
        });
        if kind == "branch:ACTIVE" {
            item["version"] = json!({"S": version});
        }
        json!({ "Item": item })
    };
    let uuid = Uuid::from_u128(0x4000_8000_0000_0000_0001);
    for (id, kind) in
        [("other", "branch:ACTIVE"), ("mine", version), ("mine", "beacon:ACTIVE"), ("other", "beacon:ACTIVE")]
    {
        answers.set("GetItem", 200, stored(id, kind));
        let error = store.active_branch_key("mine").await.unwrap_err();
        assert!(error.to_string().contains("another item"), "{id} {kind}: {error}");
    }
    for (id, kind) in [("other", version), ("mine", "branch:ACTIVE")] {
        answers.set("GetItem", 200, stored(id, kind));
        assert!(store.branch_key_version("mine", uuid).await.unwrap_err().to_string().contains("another item"));
        assert!(store.beacon_key("mine").await.unwrap_err().to_string().contains("another item"));
    }
    assert!(cloud.calls().is_empty());
    // AWS KMS is asked of the right one, and it is none that it wrapped.
    answers.set("GetItem", 200, stored("mine", "branch:ACTIVE"));
    assert!(matches!(store.active_branch_key("mine").await, Err(KeyStoreError::Kms { .. })));
    assert_eq!(cloud.calls().len(), 1);
}

#[tokio::test]
async fn a_table_with_other_keys_is_no_key_store() {
    let (answers, cloud) = (Answers::default(), Cloud::new());
    let store = store(&answers, &cloud);
    let table = |hash: &str, range: &str, types: &[(&str, &str)]| {
        let definitions: Vec<_> =
            types.iter().map(|(name, of)| json!({"AttributeName": name, "AttributeType": of})).collect();
        let keys = [(hash, "HASH"), (range, "RANGE")].into_iter().filter(|(name, _)| !name.is_empty());
        let keys: Vec<_> = keys.map(|(name, of)| json!({"AttributeName": name, "KeyType": of})).collect();
        json!({"Table": {"TableStatus": "ACTIVE", "KeySchema": keys, "AttributeDefinitions": definitions}})
    };
    let texts = [("branch-key-id", "S"), ("type", "S")];
    answers.set("DescribeTable", 200, table("branch-key-id", "type", &texts));
    store.create_table().await.unwrap();
    for (hash, range, types) in [
        ("type", "branch-key-id", &texts[..]),
        ("branch-key-id", "", &texts),
        ("", "type", &texts),
        ("branch-key-id", "kind", &[("branch-key-id", "S"), ("kind", "S"), ("type", "S")]),
        ("id", "type", &[("id", "S"), ("branch-key-id", "S"), ("type", "S")]),
        ("branch-key-id", "type", &[("branch-key-id", "N"), ("type", "S")]),
        ("branch-key-id", "type", &[("branch-key-id", "S"), ("type", "B")]),
        // Keys of indexes are defined beside them.
        ("branch-key-id", "type", &[("branch-key-id", "N"), ("type", "S"), ("x", "S")]),
        ("branch-key-id", "type", &[("branch-key-id", "S"), ("type", "B"), ("x", "S")]),
        ("branch-key-id", "type", &[("branch-key-id", "S")]),
        ("branch-key-id", "type", &[("type", "S")]),
    ] {
        answers.set("DescribeTable", 200, table(hash, range, types));
        let error = store.create_table().await.unwrap_err();
        assert!(matches!(error, KeyStoreError::Table { .. }), "{hash} {range} {types:?}: {error}");
    }
    // Not to be told of a table is not that there is none.
    answers.asked();
    answers.set("DescribeTable", 400, error("AccessDeniedException"));
    let error = store.create_table().await.unwrap_err().to_string();
    assert!(error.contains("DescribeTable") && error.contains("AccessDenied"), "{error}");
    assert_eq!(answers.asked(), ["DescribeTable"]);
}

#[tokio::test]
async fn why_a_key_was_not_written_is_told_apart() {
    let (answers, cloud) = (Answers::default(), Cloud::new());
    let store = store(&answers, &cloud);
    let cancelled = |codes: [&str; 3]| {
        let mut body = error("TransactionCanceledException");
        body["CancellationReasons"] = codes.map(|code| json!({ "Code": code })).to_vec().into();
        body
    };
    for (codes, expected) in [
        (["None", "ConditionalCheckFailed", "None"], "exists"),
        (["TransactionConflict", "None", "ConditionalCheckFailed"], "exists"),
        (["None", "None", "TransactionConflict"], "conflict"),
        (["None", "ValidationError", "None"], "other"),
        (["None", "None", "None"], "other"),
    ] {
        answers.set("TransactWriteItems", 400, cancelled(codes));
        let found = match store.create_key(NewKey::new()).await.unwrap_err() {
            KeyStoreError::Exists { .. } => "exists",
            KeyStoreError::Conflict { .. } => "conflict",
            _ => "other",
        };
        assert_eq!(found, expected, "{codes:?}");
    }
}

#[test]
fn a_key_store_is_known_by_its_logical_name() {
    let (answers, cloud) = (Answers::default(), Cloud::new());
    let tokens = GrantTokens::new(["s3cret"]).unwrap();
    let options = options().grant_tokens(tokens);
    let store = KeyStore::new(dynaseal_local::client(answers), cloud.client("us-east-1"), options).unwrap();
    assert_eq!(BranchKeySource::logical_key_store_name(&store), Some("logical"));
    assert_eq!(BeaconKeySource::logical_key_store_name(&store), Some("logical"));
    let shown = format!("{store:?}");
    assert!(shown.contains("KeyStore") && shown.contains("logical") && shown.contains("branch-keys"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
    let info = store.info();
    assert_eq!((info.table_name.as_str(), info.logical_name.as_str()), ("branch-keys", "logical"));
}

/// A KMS that answers a call with what is written down for its key: a plaintext, or an error.
#[derive(Debug, Default)]
struct Script {
    answers: HashMap<String, Result<Vec<u8>, KmsErrorKind>>,
    asked: Mutex<Vec<String>>,
}

impl Script {
    fn of(answers: &[(&str, Result<Vec<u8>, KmsErrorKind>)]) -> Arc<Self> {
        let answers = answers.iter().map(|(key, answer)| ((*key).to_owned(), answer.clone()));
        Arc::new(Self { answers: answers.collect(), asked: Mutex::default() })
    }

    fn answer(&self, operation: &'static str, key_id: &str) -> Result<Vec<u8>, KmsError> {
        self.asked.lock().unwrap().push(key_id.to_owned());
        let failed = |kind| KmsError { operation, key_id: key_id.to_owned(), kind, message: String::new() };
        self.answers[key_id].clone().map_err(failed)
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Kms for Script {
    fn region(&self) -> Option<&str> {
        None
    }

    fn generate_data_key<'a>(&'a self, request: GenerateDataKey<'a>) -> BoxFuture<'a, Result<NewDataKey, KmsError>> {
        Box::pin(async move {
            let plaintext = self.answer("GenerateDataKey", request.key_id)?.into();
            Ok(NewDataKey { key_id: request.key_id.to_owned(), plaintext, ciphertext: vec![1; 80] })
        })
    }

    fn generate_data_key_without_plaintext<'a>(
        &'a self,
        _: GenerateDataKey<'a>,
    ) -> BoxFuture<'a, Result<Wrapped, KmsError>> {
        panic!("not asked for")
    }

    fn decrypt<'a>(&'a self, request: Decrypt<'a>) -> BoxFuture<'a, Result<Decrypted, KmsError>> {
        Box::pin(async move {
            let plaintext = self.answer("Decrypt", request.key_id)?.into();
            Ok(Decrypted { key_id: request.key_id.to_owned(), plaintext })
        })
    }

    fn re_encrypt<'a>(&'a self, _: ReEncrypt<'a>) -> BoxFuture<'a, Result<ReEncrypted, KmsError>> {
        panic!("not asked for")
    }

    fn get_public_key<'a>(&'a self, _: &'a str, _: &'a GrantTokens) -> BoxFuture<'a, Result<PublicKey, KmsError>> {
        panic!("not asked for")
    }

    fn derive_shared_secret<'a>(&'a self, _: DeriveSharedSecret<'a>) -> BoxFuture<'a, Result<DerivedSecret, KmsError>> {
        panic!("not asked for")
    }
}

/// Anybody can write a wrong ciphertext into a header; a service that fails is what has to be told.
#[tokio::test]
async fn of_several_failures_the_first_of_the_worst_kind_is_told() {
    use KmsErrorKind::{Denied, Throttled, WrongCiphertext};
    let cloud = Cloud::new();
    let sealed = seal(&arc(MultiKeyring::new(single(&cloud, A), vec![single(&cloud, B)]))).await;
    let wrong_key = || Ok(vec![1; 32]);
    for (one, other, told, key) in [
        (Err(WrongCiphertext), Err(Throttled), "throttled", B),
        (Err(Throttled), Err(WrongCiphertext), "throttled", A),
        (Err(Denied), Err(Throttled), "denied", A),
        (Err(Throttled), Err(Denied), "throttled", A),
        (wrong_key(), Err(WrongCiphertext), "not one of this key", B),
        (Err(WrongCiphertext), wrong_key(), "not one of this key", A),
        (Err(WrongCiphertext), Err(WrongCiphertext), "not one of this key", A),
        (Ok(vec![1; 31]), Ok(vec![1; 33]), "has not 32 bytes", A),
        (Ok(vec![]), Err(Throttled), "has not 32 bytes", A),
    ] {
        let script = Script::of(&[(A, one.clone()), (B, other.clone())]);
        let keyring = arc(KmsDiscoveryKeyring::new(script.clone(), None, none()));
        let why = refused(&keyring, &sealed).await;
        assert_eq!(script.asked(), [A, B]);
        assert!(why.contains(told) && why.contains(&format!("Decrypt with {key}")), "{one:?} {other:?}: {why}");
    }
}

/// Replaces a text in the header by one of the same length.
fn with_header(sealed: &Item, from: &str, to: &str) -> Item {
    let mut sealed = sealed.clone();
    let Some(AttributeValue::B(head)) = sealed.get_mut("aws_dbe_head") else { panic!("no header") };
    let at = head.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    head.splice(at..at + from.len(), to.bytes());
    sealed
}

/// No call for what is not ours: the key in a header is whatever somebody wrote there.
#[tokio::test]
async fn only_recipients_of_the_provider_and_keys_are_asked_for() {
    let cloud = Cloud::new();
    let sealed = seal(&single(&cloud, A)).await;
    cloud.calls();
    let discovery = |region: &str| arc(KmsDiscoveryKeyring::new(cloud.client(region), None, none()));
    for changed in [with_header(&sealed, "aws-kms", "aws-kmz"), with_header(&sealed, "key/ab1", "alias/1")] {
        for keyring in [discovery("us-east-1"), single(&cloud, A)] {
            refused(&keyring, &changed).await;
            assert!(cloud.calls().is_empty());
        }
    }
    // Keys of other regions are not asked here; a replica only where replicas are asked, and no other key ever.
    let mrk = "arn:aws:kms:us-east-1:111122223333:key/mrk-1";
    let replicated = seal(&single(&cloud, mrk)).await;
    cloud.calls();
    let replicas = arc(KmsDiscoveryKeyring::mrk(cloud.client("us-west-2"), "us-west-2", None, none()).unwrap());
    for (keyring, sealed, called) in [
        (discovery("us-west-2"), &sealed, false),
        (discovery("us-west-2"), &replicated, false),
        (replicas.clone(), &sealed, false),
        (replicas, &replicated, true),
    ] {
        let opened = common::open(&keyring, sealed).await;
        assert_eq!(opened.is_ok(), called);
        let expected = format!("us-west-2 Decrypt {}", mrk.replace("us-east-1", "us-west-2"));
        assert_eq!(cloud.calls(), if called { vec![expected] } else { vec![] });
    }
}

/// Each sender's secret is another one.
#[tokio::test]
async fn every_other_party_is_agreed_with() {
    let cloud = Cloud::new();
    cloud.add_ecdh(B, &agreement::ECDH_P256);
    let der = cloud.client("us-east-1").get_public_key(B, &none()).await.unwrap().der;
    let public = EcdhPublicKey::from_der(Curve::P256, &der).unwrap();
    let ephemeral = || arc(RawEcdhKeyring::ephemeral(public.clone()));
    let sealed = seal(&arc(MultiKeyring::new(ephemeral(), vec![ephemeral()]))).await;
    let keyring = arc(KmsEcdhKeyring::discovery(cloud.client("us-east-1"), B.parse().unwrap(), Curve::P256, none())
        .await
        .unwrap());
    cloud.calls();
    common::opens(&keyring, &sealed).await;
    let derive = format!("us-east-1 DeriveSharedSecret {B}");
    assert_eq!(cloud.calls(), std::slice::from_ref(&derive));
    // The first does not open: a bit of its ciphertext is another one. So the second is tried, with a secret of its own.
    let mut changed = sealed;
    let Some(AttributeValue::B(head)) = changed.get_mut("aws_dbe_head") else { panic!("no header") };
    let providers: Vec<_> =
        head.windows(8).enumerate().filter(|(_, at)| *at == b"raw-ecdh").map(|(at, _)| at).collect();
    assert_eq!(providers.len(), 2);
    head[providers[1] - 8] ^= 1;
    refused(&keyring, &changed).await;
    assert_eq!(cloud.calls(), [derive.clone(), derive]);
}

/// Errors name keyrings in the words of their configuration.
#[tokio::test]
async fn keyrings_say_what_they_are() {
    let cloud = Cloud::new();
    let east = || cloud.client("us-east-1");
    let filter = || Some(DiscoveryFilter::new("aws", ["111122223333", "444455556666"]).unwrap());
    let discovery = KmsDiscoveryKeyring::new(east(), filter(), none()).describe();
    assert_eq!(discovery, "AWS KMS discovery in us-east-1 of the accounts 111122223333 and 444455556666 in aws");
    let replicas = KmsDiscoveryKeyring::mrk(east(), "us-east-1", None, none()).unwrap().describe();
    assert_eq!(replicas, "AWS KMS multi-Region discovery in us-east-1");
    assert!(KmsKeyring::new(east(), A.parse().unwrap(), none()).describe().contains(A));
    cloud.add_rsa(A);
    let rsa = KmsRsaKeyring::opening(A.parse().unwrap(), RsaPadding::OaepSha256, east(), none());
    assert!(rsa.unwrap().describe().contains(A));
    cloud.add_ecdh(B, &agreement::ECDH_P256);
    let ecdh = KmsEcdhKeyring::discovery(east(), B.parse().unwrap(), Curve::P256, none()).await.unwrap();
    assert_eq!(ecdh.describe(), format!("AWS KMS ECDH to {B}"));
}

fn legacy(kms: Arc<dyn Kms>, older: &[&str]) -> Encryptor {
    let provider = DirectKmsProvider::new(kms, A.parse().unwrap(), GrantTokens::new(["s3cret"]).unwrap());
    let provider = provider.with_older_keys(older.iter().map(|key| key.parse().unwrap()));
    let shown = format!("{provider:?}");
    assert!(shown.contains("DirectKmsProvider") && shown.contains("ab1") && !shown.contains("s3cret"), "{shown}");
    Encryptor::builder("people", "id").build(Arc::new(provider)).unwrap()
}

#[tokio::test]
async fn secrets_of_the_older_format_have_32_bytes() {
    for length in [0, 1, 16, 31, 33, 64] {
        let script = || Script::of(&[(A, Ok(vec![7; length]))]);
        let error = legacy(script(), &[]).encrypt_item(item()).await.unwrap_err();
        assert!(common::text(&error).contains("has not 32 bytes"), "{length}: {error}");
        let sealed = legacy(Script::of(&[(A, Ok(vec![7; 32]))]), &[]).encrypt_item(item()).await.unwrap();
        let error = legacy(script(), &[]).decrypt_item(sealed.clone()).await.unwrap_err();
        assert!(common::text(&error).contains("has not 32 bytes"), "{length}: {error}");
        let opened = legacy(Script::of(&[(A, Ok(vec![7; 32]))]), &[]).decrypt_item(sealed).await.unwrap();
        assert_eq!(opened, item());
    }
}

/// Older keys are for ciphertexts that are none of the newest; an error that says something else ends the search.
#[tokio::test]
async fn older_keys_are_asked_if_the_ciphertext_is_theirs() {
    use KmsErrorKind::{Denied, Throttled, WrongCiphertext};
    let right = || Ok(vec![7; 32]);
    let sealed = legacy(Script::of(&[(A, right())]), &[]).encrypt_item(item()).await.unwrap();
    let c = "arn:aws:kms:us-east-1:111122223333:key/c";
    for (answers, asked, told) in [
        ([right(), Err(Denied), Err(Denied)], &[A][..], None),
        ([Err(WrongCiphertext), right(), Err(Denied)], &[A, B], None),
        ([Err(WrongCiphertext), Err(WrongCiphertext), right()], &[A, B, c], None),
        ([Err(Throttled), right(), right()], &[A], Some("throttled")),
        ([Err(WrongCiphertext), Err(Denied), right()], &[A, B], Some("denied")),
        ([Err(WrongCiphertext), Err(WrongCiphertext), Err(WrongCiphertext)], &[A, B, c], Some("not one of this key")),
    ] {
        let [one, two, three] = answers;
        let script = Script::of(&[(A, one), (B, two), (c, three)]);
        let result = legacy(script.clone(), &[B, c]).decrypt_item(sealed.clone()).await;
        assert_eq!(script.asked(), asked);
        match told {
            None => assert_eq!(result.unwrap(), item()),
            Some(told) => {
                let why = common::text(&result.unwrap_err());
                let last = asked.last().filter(|_| told != "not one of this key").unwrap_or(&A);
                assert!(why.contains(told) && why.contains(last), "{why}");
            }
        }
    }
}

/// An item of the meta store as DynamoDB's JSON.
fn in_json(item: &HashMap<String, SdkValue>) -> Value {
    let value = |value: &SdkValue| match value {
        SdkValue::S(text) => json!({ "S": text }),
        SdkValue::N(number) => json!({ "N": number }),
        SdkValue::B(bytes) => {
            use aws_smithy_types::base64;
            json!({ "B": base64::encode(bytes.as_ref()) })
        }
        other => panic!("{other:?}"),
    };
    item.iter().map(|(name, of)| (name.clone(), value(of))).collect::<serde_json::Map<_, _>>().into()
}

#[tokio::test]
async fn materials_of_another_name_or_version_are_refused() {
    let keys = || {
        let signing = HmacKey::new(Mac::HmacSha256, &[2; 32]).unwrap();
        Arc::new(StaticProvider::symmetric(Some(AesKey::new(&[1; 32]).unwrap()), signing))
    };
    let dynamodb = dynaseal_local::memory().unwrap();
    let real = DynamoDbMetaStore::new(dynamodb.clone(), "materials", keys()).unwrap();
    real.create_table().await.unwrap();
    for name in ["mine", "other"] {
        assert_eq!(real.new_version(name).await.unwrap(), 0);
        assert_eq!(real.new_version(name).await.unwrap(), 1);
    }
    let answers = Answers::default();
    let store = DynamoDbMetaStore::new(dynaseal_local::client(answers.clone()), "materials", keys()).unwrap();
    let all = dynamodb.scan().table_name("materials").send().await.unwrap().items.unwrap();
    assert_eq!(all.len(), 4);
    let mut right = 0;
    for item in &all {
        answers.set("GetItem", 200, json!({ "Item": in_json(item) }));
        let is_right = item["N"] == SdkValue::S("mine".to_owned()) && item["V"] == SdkValue::N("1".to_owned());
        let found = store.provider("mine", 1).await;
        assert_eq!(found.is_ok(), is_right, "{:?} {:?}", item["N"], item["V"]);
        right += usize::from(is_right);
        if let Err(error) = found {
            assert!(common::text(&error).contains("another name or version"), "{error}");
        }
    }
    assert_eq!(right, 1);
    // Only that it is there already means that somebody else made it.
    answers.set("Query", 200, json!({ "Items": [] }));
    answers.set("PutItem", 400, error("AccessDeniedException"));
    answers.asked();
    let error = store.new_version("mine").await.unwrap_err();
    assert!(common::text(&error).contains("PutItem") && common::text(&error).contains("AccessDenied"), "{error}");
    assert_eq!(answers.asked(), ["Query", "PutItem"]);
}

#[test]
fn clocks_go_on() {
    use dynaseal_core::Clock as _;
    let clock = SystemClock::new();
    let before = clock.now();
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert!(clock.now() > before);
}
