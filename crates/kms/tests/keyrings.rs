//! Keyrings of AWS KMS against a fake that counts every call.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::sync::Arc;

use aws_lc_rs::agreement;
use common::fake::{Cloud, Mood};
use common::{arc, item, open, opens, refused, seal, text, with_suite};
use dynaseal_core::{
    AlgorithmSuite, AttributeValue, Curve, EcdhPrivateKey, Item, Keyring, MultiKeyring, RawAesKeyring, RawEcdhKeyring,
    RecipientInfo, RsaPadding,
};
use dynaseal_kms::{
    DiscoveryFilter, GrantTokens, KmsDiscoveryKeyring, KmsEcdhKeyring, KmsKeyId, KmsKeyring, KmsKeyringError,
    KmsRsaKeyring,
};

const A: &str = "arn:aws:kms:us-east-1:111122223333:key/a";
const B: &str = "arn:aws:kms:us-east-1:111122223333:key/b";
const WEST: &str = "arn:aws:kms:us-west-2:111122223333:key/w";
const MRK: &str = "arn:aws:kms:us-east-1:111122223333:key/mrk-1";
const MRK_WEST: &str = "arn:aws:kms:us-west-2:111122223333:key/mrk-1";

fn id(text: &str) -> KmsKeyId {
    text.parse().unwrap()
}

fn none() -> GrantTokens {
    GrantTokens::default()
}

fn single(cloud: &Cloud, key: &str) -> Arc<dyn Keyring> {
    let region = id(key).region().unwrap_or("us-east-1").to_owned();
    arc(KmsKeyring::new(cloud.client(&region), id(key), none()))
}

fn mrk(cloud: &Cloud, key: &str) -> Arc<dyn Keyring> {
    let region = id(key).region().unwrap_or("us-east-1").to_owned();
    arc(KmsKeyring::mrk(cloud.client(&region), id(key), none()))
}

fn filter(accounts: &[&str]) -> Option<DiscoveryFilter> {
    Some(DiscoveryFilter::new("aws", accounts.iter().copied()).unwrap())
}

/// Changes one byte of the recipient's ciphertext, the first or the last, wherever it stands in the header.
fn tampered(sealed: &Item, last: bool) -> Item {
    let mut sealed = sealed.clone();
    let Some(AttributeValue::B(head)) = sealed.get_mut("aws_dbe_head") else { panic!("no header") };
    let at = if last { head.len() - 33 } else { head.len() - 33 - 79 };
    head[at] ^= 1;
    sealed
}

#[tokio::test]
async fn one_call_to_seal_and_one_to_open() {
    let cloud = Cloud::new();
    let keyring = single(&cloud, A);
    let sealed = seal(&keyring).await;
    assert_eq!(cloud.calls(), [format!("us-east-1 GenerateDataKey {A}")]);
    opens(&keyring, &sealed).await;
    assert_eq!(cloud.calls(), [format!("us-east-1 Decrypt {A}")]);
}

/// Adds a pair to the encryption context that the header stores, before all others.
fn claiming(sealed: &Item, key: &str, value: &str) -> Item {
    let mut sealed = sealed.clone();
    let Some(AttributeValue::B(head)) = sealed.get_mut("aws_dbe_head") else { panic!("no header") };
    // version ‖ flavor ‖ message id ‖ length of the legend ‖ legend ‖ count of pairs
    let count = 36 + usize::from(u16::from_be_bytes([head[34], head[35]]));
    head[count + 1] += 1;
    let length = |text: &str| u16::try_from(text.len()).unwrap().to_be_bytes();
    let pair = [length(key).as_slice(), key.as_bytes(), &length(value), value.as_bytes()].concat();
    head.splice(count + 2..count + 2, pair);
    sealed
}

#[tokio::test]
async fn kms_is_told_nothing_that_only_the_header_claims() {
    let cloud = Cloud::new();
    for keyring in [single(&cloud, A), mrk(&cloud, MRK)] {
        let sealed = seal(&keyring).await;
        cloud.calls();
        for key in ["aws-crypto-attr.tenant", "aws-crypto-legend", "a-department"] {
            // A key policy with a condition on `kms:EncryptionContext:…` would judge the claim and not the item.
            let why = refused(&keyring, &claiming(&sealed, key, "B")).await;
            assert!(why.contains(&format!("`{key}`")), "{why}");
            assert_eq!(cloud.calls(), [""; 0], "{key}");
        }
        opens(&keyring, &sealed).await;
    }
}

#[tokio::test]
async fn a_tampered_key_a_wrong_context_and_another_key_are_refused() {
    let cloud = Cloud::new();
    let keyring = single(&cloud, A);
    let sealed = seal(&keyring).await;
    for last in [false, true] {
        let why = refused(&keyring, &tampered(&sealed, last)).await;
        assert!(why.contains(A) && why.contains("the ciphertext is not one of this key"), "{why}");
    }
    // The key attribute is part of the context.
    let mut moved = sealed.clone();
    moved.insert("id".to_owned(), "bob".into());
    assert!(refused(&keyring, &moved).await.contains("encryption context"));
    // A key of another name is not asked at all.
    cloud.calls();
    let why = refused(&single(&cloud, B), &sealed).await;
    assert!(why.contains("is none of the record's recipients") && why.contains(A), "{why}");
    assert!(cloud.calls().is_empty());
    cloud.set(Mood::Confused);
    assert!(refused(&keyring, &sealed).await.contains("another key answered"));
    let error = common::encryptor(keyring).encrypt_item(item()).await.unwrap_err();
    assert!(text(&error).contains("another key answered"));
}

#[tokio::test]
async fn a_foreign_provider_id_is_passed_over() {
    let cloud = Cloud::new();
    let raw = arc(RawAesKeyring::new("ns", "key", &[7; 32]).unwrap());
    let sealed = seal(&raw).await;
    let discovery = arc(KmsDiscoveryKeyring::new(cloud.client("us-east-1"), None, none()));
    for keyring in [single(&cloud, A), mrk(&cloud, MRK), discovery.clone()] {
        assert!(refused(&keyring, &sealed).await.contains("raw AES ns/key"));
    }
    // Beside a KMS recipient it does no harm; official discovery keyrings fail on such a record.
    let both = arc(MultiKeyring::new(single(&cloud, A), vec![raw.clone()]));
    let both_ways = arc(MultiKeyring::new(raw, vec![single(&cloud, A)]));
    for keyring in [both, both_ways] {
        opens(&discovery, &seal(&keyring).await).await;
    }
}

#[tokio::test]
async fn aliases_and_ids_seal_but_do_not_open() {
    let cloud = Cloud::new();
    for name in ["alias/mine", "1234abcd"] {
        let keyring = single(&cloud, name);
        let sealed = seal(&keyring).await;
        cloud.calls();
        let why = refused(&keyring, &sealed).await;
        assert!(why.contains("can only seal") && why.contains("ARN of a key"), "{why}");
        assert!(cloud.calls().is_empty());
        // The record names the key behind it.
        let behind = format!("arn:aws:kms:us-east-1:111122223333:key/{}", name.replace("alias/", "behind-"));
        opens(&single(&cloud, &behind), &sealed).await;
    }
}

#[tokio::test]
async fn several_keys_each_open_and_no_wrong_one_is_asked() {
    let cloud = Cloud::new();
    let multi = KmsKeyring::multi(Some(id(A)), vec![id(B), id(WEST)], &cloud, &none()).await.unwrap();
    let sealed = seal(&arc(multi)).await;
    let sealing: Vec<_> = [(A, "us-east-1"), (B, "us-east-1"), (WEST, "us-west-2")]
        .map(|(key, region)| format!("{region} GenerateDataKey {key}"))
        .into();
    assert_eq!(cloud.calls(), sealing);
    for (key, region) in [(A, "us-east-1"), (B, "us-east-1"), (WEST, "us-west-2")] {
        opens(&single(&cloud, key), &sealed).await;
        assert_eq!(cloud.calls(), [format!("{region} Decrypt {key}")]);
    }
    // Without a generator it only opens.
    let children = KmsKeyring::multi(None, vec![id(B)], &cloud, &none()).await.unwrap();
    let children = arc(children);
    opens(&children, &sealed).await;
    let error = common::encryptor(children).encrypt_item(item()).await.unwrap_err();
    assert!(text(&error).contains("can only open"), "{}", text(&error));
    let error = KmsKeyring::multi(None, vec![], &cloud, &none()).await.unwrap_err();
    assert!(matches!(error, KmsKeyringError::NoKeys));
}

#[tokio::test]
async fn when_one_key_of_several_fails_nothing_is_sealed() {
    let cloud = Cloud::new();
    // The client of the west is asked for a key of the east.
    let wrong = arc(KmsKeyring::new(cloud.client("us-west-2"), id(B), none()));
    let multi = arc(MultiKeyring::new(single(&cloud, A), vec![wrong]));
    let error = common::encryptor(multi).encrypt_item(item()).await.unwrap_err();
    let why = text(&error);
    assert!(why.contains("child 0") && why.contains(B) && why.contains("no such key"), "{why}");
}

#[tokio::test]
async fn replicas_open_for_each_other() {
    let cloud = Cloud::new();
    let sealed = seal(&mrk(&cloud, MRK)).await;
    cloud.calls();
    opens(&mrk(&cloud, MRK_WEST), &sealed).await;
    assert_eq!(cloud.calls(), [format!("us-west-2 Decrypt {MRK_WEST}")]);
    // Only where that was asked for.
    refused(&single(&cloud, MRK_WEST), &sealed).await;
    refused(&mrk(&cloud, WEST), &sealed).await;
    assert!(cloud.calls().is_empty());
    // A key of one region is a key of one region.
    let sealed = seal(&mrk(&cloud, A)).await;
    opens(&mrk(&cloud, A), &sealed).await;
    refused(&mrk(&cloud, &A.replace("us-east-1", "us-west-2")), &sealed).await;
}

#[tokio::test]
async fn replicas_of_one_key_are_not_given_twice() {
    let cloud = Cloud::new();
    let keys = vec![id(B), id(MRK_WEST)];
    let error = KmsKeyring::mrk_multi(Some(id(MRK)), keys, &cloud, &none()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{MRK} and {MRK_WEST} are replicas of one multi-Region key: give one of them")
    );
    let multi = KmsKeyring::mrk_multi(Some(id(MRK)), vec![id(B), id(B)], &cloud, &none()).await.unwrap();
    let sealed = seal(&arc(multi)).await;
    opens(&mrk(&cloud, MRK_WEST), &sealed).await;
}

#[tokio::test]
async fn discovery_asks_for_what_the_record_names() {
    let cloud = Cloud::new();
    let multi = KmsKeyring::multi(Some(id(WEST)), vec![id(A), id(B)], &cloud, &none()).await.unwrap();
    let sealed = seal(&arc(multi)).await;
    cloud.calls();
    let discovery = |filter| arc(KmsDiscoveryKeyring::new(cloud.client("us-east-1"), filter, none()));
    for filter in [None, filter(&["111122223333"]), filter(&["444455556666", "111122223333"])] {
        opens(&discovery(filter), &sealed).await;
        // Not the key of the west, though it comes first.
        assert_eq!(cloud.calls(), [format!("us-east-1 Decrypt {A}")]);
    }
    let china = DiscoveryFilter::new("aws-cn", ["111122223333"]).ok();
    for filter in [filter(&["444455556666"]), china] {
        assert!(refused(&discovery(filter), &sealed).await.contains("none of the record's recipients"));
    }
    assert!(cloud.calls().is_empty());
    let error = common::encryptor(discovery(None)).encrypt_item(item()).await.unwrap_err();
    assert!(text(&error).contains("can only open"));
    for (partition, accounts) in [("aws", &[][..]), ("", &["1"][..]), ("aws", &["1", ""][..])] {
        assert!(DiscoveryFilter::new(partition, accounts.iter().copied()).is_err());
    }
}

#[tokio::test]
async fn discovery_in_several_regions_asks_each_for_its_own() {
    let cloud = Cloud::new();
    let sealed = seal(&single(&cloud, WEST)).await;
    cloud.calls();
    let multi = |regions: &'static [&'static str]| {
        let cloud = cloud.clone();
        async move { KmsDiscoveryKeyring::multi(regions, None, &cloud, &none()).await }
    };
    opens(&arc(multi(&["us-east-1", "us-west-2"]).await.unwrap()), &sealed).await;
    assert_eq!(cloud.calls(), [format!("us-west-2 Decrypt {WEST}")]);
    refused(&arc(multi(&["us-east-1"]).await.unwrap()), &sealed).await;
    assert!(cloud.calls().is_empty());
    assert!(matches!(multi(&[]).await, Err(KmsKeyringError::NoRegion)));
    assert!(matches!(multi(&["us-east-1", ""]).await, Err(KmsKeyringError::NoRegion)));
}

#[tokio::test]
async fn discovery_of_replicas_asks_the_one_that_is_here() {
    let cloud = Cloud::new();
    let sealed = seal(&mrk(&cloud, MRK)).await;
    cloud.calls();
    let west = KmsDiscoveryKeyring::mrk(cloud.client("us-west-2"), "us-west-2", filter(&["111122223333"]), none());
    let west = arc(west.unwrap());
    opens(&west, &sealed).await;
    assert_eq!(cloud.calls(), [format!("us-west-2 Decrypt {MRK_WEST}")]);
    refused(&west, &seal(&mrk(&cloud, A)).await).await;
    let multi = KmsDiscoveryKeyring::mrk_multi(&["eu-west-1", "us-west-2"], None, &cloud, &none()).await.unwrap();
    opens(&arc(multi), &sealed).await;
    let error = KmsDiscoveryKeyring::mrk(cloud.client("us-west-2"), "us-east-1", None, none()).unwrap_err();
    assert!(matches!(error, KmsKeyringError::Region { .. }));
}

#[tokio::test]
async fn a_record_can_not_cause_any_number_of_calls() {
    let cloud = Cloud::new();
    let keys = (0..100).map(|index| id(&format!("{A}{index}")));
    let multi = KmsKeyring::multi(Some(id(A)), keys.collect(), &cloud, &none()).await.unwrap();
    let sealed = seal(&arc(multi)).await;
    cloud.calls();
    cloud.set(Mood::Denies);
    refused(&arc(KmsDiscoveryKeyring::new(cloud.client("us-east-1"), None, none())), &sealed).await;
    assert_eq!(cloud.calls().len(), 32);
}

/// Many recipients of one discovery keyring, and a server that is gone: one call is enough to know.
#[tokio::test]
async fn a_server_that_is_gone_is_asked_once() {
    let cloud = Cloud::new();
    let keys = (0..5).map(|index| id(&format!("{A}{index}"))).collect();
    let sealed = seal(&arc(KmsKeyring::multi(Some(id(A)), keys, &cloud, &none()).await.unwrap())).await;
    cloud.add_ecdh(B, &agreement::ECDH_P256);
    let der = cloud.client("us-east-1").get_public_key(B, &none()).await.unwrap().der;
    let public = dynaseal_core::EcdhPublicKey::from_der(Curve::P256, &der).unwrap();
    let ephemeral = || arc(RawEcdhKeyring::ephemeral(public.clone()));
    let agreed = seal(&arc(MultiKeyring::new(ephemeral(), (0..5).map(|_| ephemeral()).collect()))).await;
    let east = || cloud.client("us-east-1");
    let discovery = arc(KmsDiscoveryKeyring::new(east(), None, none()));
    let ecdh = arc(KmsEcdhKeyring::discovery(east(), B.parse().unwrap(), Curve::P256, none()).await.unwrap());
    cloud.set(Mood::Gone);
    for (keyring, sealed) in [(discovery, sealed), (ecdh, agreed)] {
        cloud.calls();
        assert!(refused(&keyring, &sealed).await.contains("could not be asked"));
        assert_eq!(cloud.calls().len(), 1);
    }
}

#[tokio::test]
async fn errors_say_which_key_and_what_to_do() {
    let cloud = Cloud::new();
    let keyring = single(&cloud, A);
    let sealed = seal(&keyring).await;
    for (mood, text) in [(Mood::Throttles, "throttled"), (Mood::Denies, "access denied: check the key policy")] {
        cloud.set(mood);
        let why = refused(&keyring, &sealed).await;
        assert!(why.contains(text) && why.contains(A) && why.contains("ada") && why.contains("Decrypt"), "{why}");
        let error = common::encryptor(keyring.clone()).encrypt_item(item()).await.unwrap_err();
        let why = common::text(&error);
        assert!(why.contains(text) && why.contains(A) && why.contains("GenerateDataKey"), "{why}");
    }
}

#[tokio::test]
async fn grant_tokens_go_along() {
    let cloud = Cloud::new();
    let tokens = GrantTokens::new(["token-a", "token-b"]).unwrap();
    let keyring = arc(KmsKeyring::new(cloud.client("us-east-1"), id(A), tokens.clone()));
    opens(&keyring, &seal(&keyring).await).await;
    assert_eq!(cloud.tokens(), 4);
    assert!(!format!("{keyring:?} {tokens:?}").contains("token-"));
    assert!(GrantTokens::new((0..11).map(|index| index.to_string())).is_err());
    assert!(GrantTokens::new([""]).is_err() && GrantTokens::new(["x".repeat(8193)]).is_err());
}

#[tokio::test]
async fn rsa_seals_without_a_call() {
    let cloud = Cloud::new();
    cloud.add_rsa(A);
    cloud.add_rsa(B);
    for padding in [RsaPadding::OaepSha1, RsaPadding::OaepSha256] {
        let fetch = |key: &str| KmsRsaKeyring::fetch(key.parse().unwrap(), padding, cloud.client("us-east-1"), none());
        let keyring = arc(fetch(A).await.unwrap());
        assert_eq!(cloud.calls(), [format!("us-east-1 GetPublicKey {A}")]);
        let sealed = seal(&keyring).await;
        assert!(cloud.calls().is_empty());
        opens(&keyring, &sealed).await;
        assert_eq!(cloud.calls(), [format!("us-east-1 Decrypt {A}")]);
        let opening = KmsRsaKeyring::opening(A.parse().unwrap(), padding, cloud.client("us-east-1"), none());
        let opening = arc(opening.unwrap());
        opens(&opening, &sealed).await;
        assert!(text(&common::encryptor(opening).encrypt_item(item()).await.unwrap_err()).contains("no public key"));
        let mut moved = sealed.clone();
        moved.insert("id".to_owned(), "bob".into());
        assert!(refused(&keyring, &moved).await.contains("does not open"));
        let why = refused(&keyring, &tampered(&sealed, true)).await;
        assert!(why.contains("the ciphertext is not one of this key"), "{why}");
        cloud.calls();
        refused(&arc(fetch(B).await.unwrap()), &sealed).await;
        assert_eq!(cloud.calls(), [format!("us-east-1 GetPublicKey {B}")]);
        // All clients refuse it with a signature.
        let error = with_suite(keyring, AlgorithmSuite::EcdsaP384).encrypt_item(item()).await.unwrap_err();
        assert!(text(&error).contains("hmac-only"), "{}", text(&error));
    }
    let pkcs1 = KmsRsaKeyring::opening(A.parse().unwrap(), RsaPadding::Pkcs1, cloud.client("us-east-1"), none());
    assert!(matches!(pkcs1.unwrap_err(), KmsKeyringError::Padding));
}

#[tokio::test]
async fn ecdh_agrees_once_a_record() {
    let cloud = Cloud::new();
    let curves = [
        (Curve::P256, &agreement::ECDH_P256),
        (Curve::P384, &agreement::ECDH_P384),
        (Curve::P521, &agreement::ECDH_P521),
    ];
    for (curve, algorithm) in curves {
        let (sender, recipient) = (format!("{A}-{curve:?}"), format!("{B}-{curve:?}"));
        cloud.add_ecdh(&sender, algorithm);
        cloud.add_ecdh(&recipient, algorithm);
        let east = || cloud.client("us-east-1");
        let arn = |text: &str| text.parse().unwrap();
        // To another key of KMS, whose public half everybody may know.
        let discovery = KmsEcdhKeyring::discovery(east(), arn(&recipient), curve, none()).await.unwrap();
        let discovery = arc(discovery);
        let der = east().get_public_key(&recipient, &none()).await.unwrap().der;
        let public = dynaseal_core::EcdhPublicKey::from_der(curve, &der).unwrap();
        let fixed = KmsEcdhKeyring::fixed(east(), arn(&sender), None, public.clone(), none()).await.unwrap();
        let fixed = arc(fixed);
        cloud.calls();
        let sealed = seal(&fixed).await;
        assert_eq!(cloud.calls(), [format!("us-east-1 DeriveSharedSecret {sender}")]);
        opens(&fixed, &sealed).await;
        assert_eq!(cloud.calls(), [format!("us-east-1 DeriveSharedSecret {sender}")]);
        opens(&discovery, &sealed).await;
        assert_eq!(cloud.calls(), [format!("us-east-1 DeriveSharedSecret {recipient}")]);
        let why = refused(&discovery, &tampered(&sealed, true)).await;
        assert!(why.contains("does not open"), "{why}");
        let mut moved = sealed.clone();
        moved.insert("id".to_owned(), "bob".into());
        assert!(refused(&fixed, &moved).await.contains("does not open"));
        // Ephemeral senders, whose key is outside of KMS.
        let ephemeral = arc(RawEcdhKeyring::ephemeral(public));
        let sealed = seal(&ephemeral).await;
        opens(&discovery, &sealed).await;
        cloud.calls();
        assert!(refused(&fixed, &sealed).await.contains("none of the record's recipients"));
        assert!(cloud.calls().is_empty());
        let error = common::encryptor(discovery).encrypt_item(item()).await.unwrap_err();
        assert!(text(&error).contains("can only open"));
        // Signed records too.
        let signed = with_suite(fixed, AlgorithmSuite::EcdsaP384);
        let sealed = signed.encrypt_item(item()).await.unwrap();
        let header = sealed.header.unwrap();
        assert!(matches!(&header.recipients()[0], RecipientInfo::Ecdh { kms: true, .. }));
        assert_eq!(signed.decrypt_item(sealed.item).await.unwrap().item, item());
    }
    // The other curve, and a key for something else.
    let east = || cloud.client("us-east-1");
    let key = format!("{A}-P256");
    let error = KmsEcdhKeyring::discovery(east(), key.parse().unwrap(), Curve::P384, none()).await.unwrap_err();
    assert!(matches!(error, KmsKeyringError::PublicKey { .. }));
    cloud.add_rsa(A);
    let error = KmsEcdhKeyring::discovery(east(), A.parse().unwrap(), Curve::P384, none()).await.unwrap_err();
    assert!(error.to_string().contains("ENCRYPT_DECRYPT"), "{error}");
}

#[tokio::test]
async fn raw_and_kms_ecdh_open_each_others_records() {
    let cloud = Cloud::new();
    cloud.add_ecdh(A, &agreement::ECDH_P384);
    let der = cloud.client("us-east-1").get_public_key(A, &none()).await.unwrap().der;
    let kms_public = dynaseal_core::EcdhPublicKey::from_der(Curve::P384, &der).unwrap();
    let own = || EcdhPrivateKey::from_pem(Curve::P384, PEM).unwrap();
    let raw = arc(RawEcdhKeyring::fixed(own(), kms_public).unwrap());
    let public = own().public_key().clone();
    let kms = KmsEcdhKeyring::fixed(cloud.client("us-east-1"), A.parse().unwrap(), None, public, none()).await;
    let kms = arc(kms.unwrap());
    opens(&kms, &seal(&raw).await).await;
    opens(&raw, &seal(&kms).await).await;
    opens(&arc(RawEcdhKeyring::discovery(own())), &seal(&kms).await).await;
    assert!(open(&arc(RawEcdhKeyring::discovery(own())), &seal(&raw).await).await.is_err());
}

/// A test key, made with OpenSSL.
const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
    MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAGv6MOQBWKQ2Jp3Nhp\n\
    cOsZLARkW/Se735uClHIZnE7A0zDo3HDQEtmqLw3rFtGJvOhZANiAAQQyNvUtauj\n\
    tXmkaXeGo39vV5J5bekieOSjSMvt3MMA9Rbi5rXVLVtWCssyN877mCZQZeXJuTm8\n\
    Tzdot1oZQUeOic1EhOKYDAauPH+hibOuGRftNsz/FKQ/OR56eoYEJYM=\n\
    -----END PRIVATE KEY-----";
