//! Keyrings and key store through the AWS SDK against other people's key servers: winterbaume in this process, and
//! LocalStack and ministack where Python is new enough.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use common::{arc, encryptor, item, opens, refused, seal, text, with_suite};
use dynaseal_core::{
    AlgorithmSuite, AttributeValue, Curve, EcdhPublicKey, HierarchicalKeyring, Item, Keyring, MultiKeyring,
    RawAesKeyring, RawEcdhKeyring, RsaPadding,
};
use dynaseal_kms::{
    AwsKms, CachedBranchKeys, ClientSupplier, DiscoveryFilter, GrantTokens, KeyStore, KeyStoreOptions, Kms,
    KmsConfiguration, KmsDiscoveryKeyring, KmsEcdhKeyring, KmsErrorKind, KmsKeyring, KmsRsaKeyring, NewKey,
    RegionalClients,
};
use dynaseal_testkit::servers;
use winterbaume_core::MockAws;
use winterbaume_kms::KmsService;

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";

fn config(region: &'static str) -> aws_sdk_kms::config::Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(region))
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
}

fn at(url: &str, region: &'static str) -> Config {
    let http = aws_smithy_http_client::Builder::new().build_http();
    config(region).endpoint_url(url).http_client(http).build()
}

fn in_process() -> Client {
    let mock = MockAws::builder().with_service(KmsService::new()).build();
    Client::from_conf(config(EAST).http_client(mock.http_client()).build())
}

fn none() -> GrantTokens {
    GrantTokens::default()
}

async fn symmetric(client: &Client) -> String {
    client.create_key().send().await.unwrap().key_metadata.unwrap().arn.unwrap()
}

async fn asymmetric(client: &Client, spec: KeySpec, usage: KeyUsageType) -> String {
    let made = client.create_key().key_spec(spec).key_usage(usage).send().await.unwrap();
    made.key_metadata.unwrap().arn.unwrap()
}

fn seam(client: &Client) -> Arc<dyn Kms> {
    Arc::new(AwsKms::new(client.clone()))
}

fn single(client: &Client, key: &str) -> Arc<dyn Keyring> {
    arc(KmsKeyring::new(seam(client), key.parse().unwrap(), none()))
}

/// Seals, opens, and refuses another item's key attribute.
async fn round_trip(sealing: &Arc<dyn Keyring>, opening: &Arc<dyn Keyring>) -> Item {
    let sealed = seal(sealing).await;
    opens(opening, &sealed).await;
    let mut moved = sealed.clone();
    moved.insert("id".to_owned(), "bob".into());
    refused(opening, &moved).await;
    sealed
}

async fn symmetric_keys(client: &Client) {
    let (key, other) = (symmetric(client).await, symmetric(client).await);
    let keyring = single(client, &key);
    let sealed = round_trip(&keyring, &keyring).await;
    let signed = with_suite(keyring.clone(), AlgorithmSuite::EcdsaP384);
    let opened = signed.decrypt_item(signed.encrypt_item(item()).await.unwrap().item).await.unwrap();
    assert_eq!(opened.item, item());
    assert!(refused(&single(client, &other), &sealed).await.contains(&key));
    let filter = DiscoveryFilter::new("aws", [key.split(':').nth(4).unwrap()]).unwrap();
    let discovery = arc(KmsDiscoveryKeyring::new(seam(client), Some(filter), none()));
    opens(&discovery, &sealed).await;
    let raw = arc(RawAesKeyring::new("ns", "key", &[7; 32]).unwrap());
    let multi = arc(MultiKeyring::new(keyring.clone(), vec![raw.clone(), single(client, &other)]));
    let sealed = seal(&multi).await;
    for keyring in [keyring, raw, single(client, &other), discovery] {
        opens(&keyring, &sealed).await;
    }
}

/// Every byte of what the server wrapped, changed: only for servers that notice.
async fn tampering(client: &Client) {
    let keyring = single(client, &symmetric(client).await);
    let sealed = seal(&keyring).await;
    let Some(AttributeValue::B(head)) = sealed.get("aws_dbe_head") else { panic!("no header") };
    let end = head.len() - 32;
    for at in [end - 1, end - 17, end - 40] {
        let mut changed = sealed.clone();
        let mut head = head.clone();
        head[at] ^= 1;
        changed.insert("aws_dbe_head".to_owned(), AttributeValue::B(head));
        let why = refused(&keyring, &changed).await;
        assert!(why.contains("Decrypt"), "{why}");
    }
}

async fn disabled_keys(client: &Client) {
    let key = symmetric(client).await;
    let keyring = single(client, &key);
    let sealed = seal(&keyring).await;
    client.disable_key().key_id(&key).send().await.unwrap();
    let why = refused(&keyring, &sealed).await;
    assert!(why.contains(&key) && why.contains("disabled"), "{why}");
    let why = text(&encryptor(keyring).encrypt_item(item()).await.unwrap_err());
    assert!(why.contains(&key) && why.contains("disabled"), "{why}");
    let nobody = key.replace(key.rsplit('/').next().unwrap(), "00000000-0000-0000-0000-000000000000");
    let why = text(&encryptor(single(client, &nobody)).encrypt_item(item()).await.unwrap_err());
    assert!(why.contains("no such key"), "{why}");
}

async fn key_store(client: &Client) {
    let key = symmetric(client).await;
    let options =
        KeyStoreOptions::new("branch-keys", KmsConfiguration::Key(key.parse().unwrap())).logical_name("logical");
    let store = KeyStore::new(dynaseal_local::memory().unwrap(), seam(client), options).unwrap();
    store.create_table().await.unwrap();
    let id = store.create_key(NewKey::new().id("tenant-1").context("team", "blue")).await.unwrap();
    let cached = CachedBranchKeys::new(Arc::new(store.clone()), Duration::from_secs(60)).unwrap();
    let keyring = arc(HierarchicalKeyring::new(&*id, Arc::new(cached)));
    let sealed = round_trip(&keyring, &keyring).await;
    let version = store.version_key(&id).await.unwrap();
    assert_eq!(store.active_branch_key(&id).await.unwrap().version(), version);
    opens(&keyring, &sealed).await;
    let fresh = arc(HierarchicalKeyring::new(&*id, Arc::new(store.clone())));
    opens(&fresh, &sealed).await;
    round_trip(&fresh, &keyring).await;
    assert_eq!(store.beacon_key(&id).await.unwrap().context["team"], "blue");
}

async fn rsa(client: &Client, padding: RsaPadding) {
    let key = asymmetric(client, KeySpec::Rsa2048, KeyUsageType::EncryptDecrypt).await;
    let keyring = KmsRsaKeyring::fetch(key.parse().unwrap(), padding, seam(client), none()).await.unwrap();
    let keyring = arc(keyring);
    round_trip(&keyring, &keyring).await;
}

async fn replicas(clients: &dyn ClientSupplier, east: &Client, west: &Client) {
    let key = east.create_key().multi_region(true).send().await.unwrap().key_metadata.unwrap().arn.unwrap();
    east.replicate_key().key_id(&key).replica_region(WEST).send().await.unwrap();
    let single_key = symmetric(east).await;
    let children = vec![single_key.parse().unwrap()];
    let multi = KmsKeyring::mrk_multi(Some(key.parse().unwrap()), children, clients, &none()).await.unwrap();
    let sealed = seal(&arc(multi)).await;
    let here = arc(KmsKeyring::mrk(seam(west), key.replace(EAST, WEST).parse().unwrap(), none()));
    opens(&here, &sealed).await;
    let discovery = KmsDiscoveryKeyring::mrk_multi(&[WEST], None, clients, &none()).await.unwrap();
    opens(&arc(discovery), &sealed).await;
    opens(&single(east, &single_key), &sealed).await;
    refused(&arc(KmsKeyring::new(seam(west), key.replace(EAST, WEST).parse().unwrap(), none())), &sealed).await;
}

async fn ecdh(client: &Client) {
    for (curve, spec) in
        [(Curve::P256, KeySpec::EccNistP256), (Curve::P384, KeySpec::EccNistP384), (Curve::P521, KeySpec::EccNistP521)]
    {
        let sender = asymmetric(client, spec.clone(), KeyUsageType::KeyAgreement).await;
        let recipient = asymmetric(client, spec, KeyUsageType::KeyAgreement).await;
        let der = seam(client).get_public_key(&recipient, &none()).await.unwrap().der;
        let public = EcdhPublicKey::from_der(curve, &der).unwrap();
        let fixed =
            KmsEcdhKeyring::fixed(seam(client), sender.parse().unwrap(), None, public.clone(), none()).await.unwrap();
        let discovery =
            KmsEcdhKeyring::discovery(seam(client), recipient.parse().unwrap(), curve, none()).await.unwrap();
        let (fixed, discovery) = (arc(fixed), arc(discovery));
        round_trip(&fixed, &fixed).await;
        round_trip(&fixed, &discovery).await;
        round_trip(&arc(RawEcdhKeyring::ephemeral(public)), &discovery).await;
    }
}

#[tokio::test]
async fn winterbaume() {
    let client = in_process();
    symmetric_keys(&client).await;
    key_store(&client).await;
}

#[tokio::test]
async fn localstack() {
    let Some(url) = servers::localstack() else {
        return;
    };
    let (east, west) = (Client::from_conf(at(url, EAST)), Client::from_conf(at(url, WEST)));
    symmetric_keys(&east).await;
    tampering(&east).await;
    disabled_keys(&east).await;
    key_store(&east).await;
    rsa(&east, RsaPadding::OaepSha256).await;
    replicas(&RegionalClients::new(at(url, EAST)), &east, &west).await;
    ecdh(&east).await;
}

#[tokio::test]
async fn ministack() {
    let Some(url) = servers::ministack() else {
        return;
    };
    let client = Client::from_conf(at(url, EAST));
    symmetric_keys(&client).await;
    disabled_keys(&client).await;
    rsa(&client, RsaPadding::OaepSha1).await;
    rsa(&client, RsaPadding::OaepSha256).await;
}

/// Every call can be told from others in CloudTrail.
#[tokio::test]
async fn calls_carry_a_user_agent_tag() {
    let (http, request) = aws_smithy_http_client::test_util::capture_request(None);
    let client = Client::from_conf(config(EAST).http_client(http).build());
    let key = "arn:aws:kms:us-east-1:111122223333:key/a";
    seam(&client).get_public_key(key, &none()).await.unwrap_err();
    let request = request.expect_request();
    let agent = request.headers().get("x-amz-user-agent").unwrap();
    assert!(agent.contains(concat!("md/dynaseal#", env!("CARGO_PKG_VERSION"))), "{agent}");
}

/// The SDK's own texts contain requests, and those contain what is bound to keys.
#[tokio::test]
async fn errors_before_a_call_show_nothing_of_it() {
    let key = "arn:aws:kms:us-east-1:111122223333:key/a";
    let tokens = GrantTokens::new(["s3cret-token"]).unwrap();
    for url in ["localhost:4566", "http://", "nonsense"] {
        let http = aws_smithy_http_client::Builder::new().build_http();
        let client = Client::from_conf(config(EAST).endpoint_url(url).http_client(http).build());
        let keyring = arc(KmsKeyring::new(seam(&client), key.parse().unwrap(), tokens.clone()));
        let mut item = item();
        item.insert("id".to_owned(), "s3cret-id".into());
        let error = encryptor(keyring).encrypt_item(item).await.unwrap_err();
        // The key attribute names the item, and stands there once.
        let why = text(&error);
        assert_eq!(why.matches("s3cret").count(), 1, "{why}");
        assert!(why.contains(key) && !why.contains("Request"), "{why}");
    }
}

/// A server that takes the connection and never says a word.
#[tokio::test]
async fn a_server_that_never_answers_ends_in_an_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = AwsKms::new(Client::from_conf(at(&url, EAST))).with_timeout(Duration::from_millis(300));
    let key = "arn:aws:kms:us-east-1:111122223333:key/a";
    let error = client.get_public_key(key, &none()).await.unwrap_err();
    assert_eq!((error.kind, &*error.key_id), (KmsErrorKind::TimedOut, key));
    drop(listener);
    let client = AwsKms::new(Client::from_conf(at(&url, EAST)));
    let error = client.get_public_key(key, &none()).await.unwrap_err();
    assert_eq!(error.kind, KmsErrorKind::Unreachable, "{error}");
}
