//! Raw RSA and raw ECDH keyrings: who seals, who opens, and what is refused. The keys are test keys made with OpenSSL.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::path::Path;
use std::sync::Arc;

use dynaseal_core::{
    AlgorithmSuite, AttributeValue, Curve, DefaultCmm, EcdhPrivateKey, EcdhPublicKey, HEAD, Item, ItemEncryptor,
    Keyring, MultiKeyring, RawAesKeyring, RawEcdhKeyring, RawKeyringError, RawRsaKeyring, RecipientInfo, RsaKeys,
    RsaPadding, RsaPrivateKey, RsaPublicKey, TableConfig,
};
use dynaseal_testkit::block_on;

const PADDINGS: [RsaPadding; 5] =
    [RsaPadding::Pkcs1, RsaPadding::OaepSha1, RsaPadding::OaepSha256, RsaPadding::OaepSha384, RsaPadding::OaepSha512];
const CURVES: [Curve; 3] = [Curve::P256, Curve::P384, Curve::P521];

fn pem(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys");
    std::fs::read_to_string(folder.join(format!("test-{name}.pem"))).unwrap()
}

fn rsa_public(name: &str) -> RsaPublicKey {
    RsaPublicKey::from_pem(pem(&format!("rsa-{name}.pub"))).unwrap()
}

fn rsa_private(name: &str) -> RsaPrivateKey {
    RsaPrivateKey::from_pem(pem(&format!("rsa-{name}"))).unwrap()
}

fn rsa(padding: RsaPadding, keys: RsaKeys) -> Arc<dyn Keyring> {
    Arc::new(RawRsaKeyring::new("ns", "key", padding, keys).unwrap())
}

fn ecdh_private(curve: Curve, name: &str) -> EcdhPrivateKey {
    EcdhPrivateKey::from_pem(curve, pem(&format!("{}-{name}", format!("{curve:?}").to_lowercase()))).unwrap()
}

fn ecdh_public(curve: Curve, name: &str) -> EcdhPublicKey {
    EcdhPublicKey::from_pem(curve, pem(&format!("{}-{name}.pub", format!("{curve:?}").to_lowercase()))).unwrap()
}

fn fixed(curve: Curve, sender: &str, recipient: &str) -> Arc<dyn Keyring> {
    Arc::new(RawEcdhKeyring::fixed(ecdh_private(curve, sender), ecdh_public(curve, recipient)).unwrap())
}

fn encryptor(keyring: &Arc<dyn Keyring>, suite: AlgorithmSuite) -> ItemEncryptor {
    let config = TableConfig::builder("table", "pk").encrypt(["v"]).algorithm_suite(suite).build().unwrap();
    ItemEncryptor::with_cmm(config, Arc::new(DefaultCmm::new(Arc::clone(keyring))))
}

fn item() -> Item {
    [("pk".to_owned(), "a".into()), ("v".to_owned(), "secret".into())].into()
}

fn try_seal(keyring: &Arc<dyn Keyring>) -> Result<Item, String> {
    let sealed = block_on(encryptor(keyring, AlgorithmSuite::HmacOnly).encrypt_item(item()));
    sealed.map(|sealed| sealed.item).map_err(|error| text(&error))
}

fn seal(keyring: &Arc<dyn Keyring>) -> Item {
    try_seal(keyring).unwrap()
}

fn open(keyring: &Arc<dyn Keyring>, sealed: &Item) -> Result<(), String> {
    let opened = block_on(encryptor(keyring, AlgorithmSuite::HmacOnly).decrypt_item(sealed.clone()));
    opened.map(|opened| assert_eq!(opened.item, item())).map_err(|error| text(&error))
}

fn text(error: &dyn std::error::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts.join(": ")
}

/// Bits of the header flipped, from the recipient's ciphertext backwards; every one must be noticed.
fn tampered_is_refused(keyring: &Arc<dyn Keyring>, sealed: &Item, length: usize) {
    let Some(AttributeValue::B(head)) = sealed.get(HEAD) else { panic!("no header") };
    let end = head.len() - 32;
    for at in (end - length..end).step_by(7) {
        let mut changed = sealed.clone();
        let mut head = head.clone();
        head[at] ^= 0x10;
        changed.insert(HEAD.to_owned(), AttributeValue::B(head));
        open(keyring, &changed).unwrap_err();
    }
    let mut moved = sealed.clone();
    moved.insert("pk".to_owned(), "b".into());
    assert!(open(keyring, &moved).unwrap_err().contains("does not open"));
}

#[test]
fn rsa_seals_with_the_public_and_opens_with_the_private_half() {
    for padding in PADDINGS {
        let pair = rsa(padding, RsaKeys::Pair(rsa_public("a"), rsa_private("a")));
        let (public, private) =
            (rsa(padding, RsaKeys::Public(rsa_public("a"))), rsa(padding, RsaKeys::Private(rsa_private("a"))));
        for sealing in [&pair, &public] {
            let sealed = seal(sealing);
            open(&pair, &sealed).unwrap();
            open(&private, &sealed).unwrap();
            assert!(open(&public, &sealed).unwrap_err().contains("can only seal"));
            let why = open(&rsa(padding, RsaKeys::Private(rsa_private("b"))), &sealed).unwrap_err();
            assert!(why.contains("raw RSA ns/key does not open"), "{why}");
            let other = PADDINGS[(PADDINGS.iter().position(|other| *other == padding).unwrap() + 1) % 5];
            open(&rsa(other, RsaKeys::Private(rsa_private("a"))), &sealed).unwrap_err();
        }
        assert!(try_seal(&private).unwrap_err().contains("can only open"));
        tampered_is_refused(&pair, &seal(&pair), 48 + 256);
        let signed = encryptor(&pair, AlgorithmSuite::EcdsaP384);
        let sealed = block_on(signed.encrypt_item(item())).unwrap();
        assert_eq!(block_on(signed.decrypt_item(sealed.item)).unwrap().item, item());
    }
}

#[test]
fn rsa_keys_are_checked_when_the_keyring_is_built() {
    let mixed = RsaKeys::Pair(rsa_public("a"), rsa_private("b"));
    let error = RawRsaKeyring::new("ns", "key", RsaPadding::OaepSha256, mixed).unwrap_err();
    assert_eq!(error, RawKeyringError::NoPair);
    let reserved = RawRsaKeyring::new("aws-kms", "key", RsaPadding::OaepSha256, RsaKeys::Public(rsa_public("a")));
    assert_eq!(reserved.unwrap_err(), RawKeyringError::ReservedNamespace);
    let why = RsaPublicKey::from_pem(pem("rsa-1024.pub")).unwrap_err().to_string();
    assert!(why.contains("2048 to 8192"), "{why}");
    let why = RsaPrivateKey::from_pem(pem("rsa-a.pkcs1")).unwrap_err().to_string();
    assert!(why.contains("BEGIN PRIVATE KEY") && why.contains("openssl pkcs8"), "{why}");
    let why = RsaPublicKey::from_pem(pem("rsa-a")).unwrap_err().to_string();
    assert!(why.contains("BEGIN PUBLIC KEY") && why.contains("-pubout"), "{why}");
    for broken in ["", "hello", "-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----\n"] {
        RsaPublicKey::from_pem(broken).unwrap_err();
    }
    assert!(RsaPublicKey::from_pem(pem("p256-a.pub")).is_err());
    let debug = format!("{:?}", rsa(RsaPadding::OaepSha1, RsaKeys::Private(rsa_private("a"))));
    assert!(debug.contains("RsaPrivateKey(2048 bits, redacted)"), "{debug}");
}

#[test]
fn ecdh_schemes_seal_and_open() {
    for curve in CURVES {
        let (from_a, from_b) = (fixed(curve, "a", "b"), fixed(curve, "b", "a"));
        let ephemeral: Arc<dyn Keyring> = Arc::new(RawEcdhKeyring::ephemeral(ecdh_public(curve, "b")));
        let discovery =
            |name: &str| -> Arc<dyn Keyring> { Arc::new(RawEcdhKeyring::discovery(ecdh_private(curve, name))) };
        let (to_a, to_b) = (discovery("a"), discovery("b"));

        let sealed = seal(&from_a);
        for opening in [&from_a, &from_b, &to_b] {
            open(opening, &sealed).unwrap();
        }
        assert!(open(&to_a, &sealed).unwrap_err().contains("none of the record's recipients"));
        tampered_is_refused(&from_a, &sealed, 160);
        tampered_is_refused(&to_b, &sealed, 160);

        let sealed = seal(&ephemeral);
        open(&to_b, &sealed).unwrap();
        for closed in [&from_a, &from_b, &to_a] {
            open(closed, &sealed).unwrap_err();
        }
        assert!(open(&ephemeral, &sealed).unwrap_err().contains("can only seal"));
        assert!(try_seal(&to_b).unwrap_err().contains("can only open"));
        // Another key every time.
        let sender =
            |sealed: &Item| match &encryptor(&to_b, AlgorithmSuite::HmacOnly).inspect(sealed).unwrap().recipients[0] {
                RecipientInfo::Ecdh { kms: false, sender, .. } => sender.clone(),
                other => panic!("{other}"),
            };
        assert_ne!(sender(&sealed), sender(&seal(&ephemeral)));
        assert_eq!(sender(&seal(&from_a)), sender(&seal(&from_a)));
        let signed = encryptor(&from_a, AlgorithmSuite::EcdsaP384);
        let sealed = block_on(signed.encrypt_item(item())).unwrap();
        assert_eq!(block_on(signed.decrypt_item(sealed.item)).unwrap().item, item());
    }
}

#[test]
fn ecdh_keys_are_checked_when_the_keyring_is_built() {
    let mixed = RawEcdhKeyring::fixed(ecdh_private(Curve::P256, "a"), ecdh_public(Curve::P384, "b"));
    assert_eq!(mixed.unwrap_err(), RawKeyringError::Curves);
    assert!(EcdhPublicKey::from_pem(Curve::P384, pem("p256-a.pub")).is_err());
    assert!(EcdhPrivateKey::from_pem(Curve::P384, pem("p256-a")).is_err());
    assert!(EcdhPrivateKey::from_pem(Curve::P256, pem("rsa-a")).is_err());
    let text = format!("{:?}", fixed(Curve::P521, "a", "b"));
    assert!(text.contains("EcdhPrivateKey(P521, redacted)"), "{text}");
}

#[test]
fn recipients_of_other_kinds_and_curves_are_passed_over() {
    let raw: Arc<dyn Keyring> = Arc::new(RawAesKeyring::new("ns", "aes", &[7; 32]).unwrap());
    let pair = rsa(RsaPadding::OaepSha256, RsaKeys::Pair(rsa_public("a"), rsa_private("a")));
    let keyrings =
        [raw, pair, fixed(Curve::P256, "a", "b"), fixed(Curve::P384, "a", "b"), fixed(Curve::P521, "a", "b")];
    for first in 0..keyrings.len() {
        let mut children = keyrings.to_vec();
        let generator = children.remove(first);
        let multi: Arc<dyn Keyring> = Arc::new(MultiKeyring::new(generator, children));
        let sealed = seal(&multi);
        for keyring in &keyrings {
            open(keyring, &sealed).unwrap();
        }
    }
    // None opens what was sealed for another alone.
    for (index, sealing) in keyrings.iter().enumerate() {
        let sealed = seal(sealing);
        for (other, keyring) in keyrings.iter().enumerate() {
            let opened = open(keyring, &sealed);
            assert_eq!(opened.is_ok(), other == index, "{opened:?}");
        }
    }
}

#[test]
fn a_name_that_looks_like_ecdh_is_refused_without_harm() {
    // A raw AES key whose namespace is the provider id of ECDH keyrings: legal, and of no meaning to them.
    let raw: Arc<dyn Keyring> = Arc::new(RawAesKeyring::new("raw-ecdh", "key", &[7; 32]).unwrap());
    let sealed = seal(&raw);
    open(&raw, &sealed).unwrap();
    assert!(open(&fixed(Curve::P256, "a", "b"), &sealed).unwrap_err().contains("none of the record's recipients"));
}
