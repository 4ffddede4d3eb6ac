//! What holds for every item, and what somebody who can write the table can do.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod ddbec;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, Pkcs1PublicEncryptingKey, PrivateDecryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ddbec::ready;
use dynaseal_core::{AttributeValue, Item, LegacyEncryptor as _, LegacyErrorClass};
use dynaseal_legacy::ddbec::{
    Action, AesKey, ConfigError, EncryptionMaterials, Encryptor, EncryptorBuilder, HmacKey, KeyError, Library,
    MATERIAL_DESCRIPTION, Mac, MaterialDescription, MaterialsProvider, RsaSignature, SIGNATURE, SigningKey,
    StaticProvider, UnwrappingKey, ValueProblem, VerificationKey, WrappedProvider, WrappedProviderBuilder, WrappingKey,
    deserialize_attribute, names, serialize_attribute,
};
use dynaseal_testkit::{random::Items, vectors};
use proptest::prelude::*;

fn hmac(byte: u8) -> HmacKey {
    HmacKey::new(Mac::HmacSha256, &[byte; 32]).unwrap()
}

fn aes(byte: u8) -> AesKey {
    AesKey::new(&[byte; 32]).unwrap()
}

fn fixed() -> Arc<dyn MaterialsProvider> {
    Arc::new(StaticProvider::symmetric(Some(aes(1)), hmac(2)))
}

fn wrapped_builder() -> WrappedProviderBuilder {
    WrappedProvider::builder()
        .wrapping_key(aes(1))
        .unwrapping_key(aes(1))
        .signing_key(hmac(2))
        .verification_key(hmac(2))
}

fn wrapped() -> Arc<dyn MaterialsProvider> {
    Arc::new(wrapped_builder().build().unwrap())
}

/// A pair for encryption and one for signatures.
fn rsa_keys() -> (Vec<u8>, Vec<u8>, PrivateDecryptingKey) {
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    (private.as_ref().to_vec(), public.as_ref().to_vec(), key)
}

fn builder() -> EncryptorBuilder {
    Encryptor::builder("table", "pk").sort_key("sk")
}

fn seal(encryptor: &Encryptor, item: &Item) -> Item {
    ready(encryptor.encrypt_item(item.clone())).unwrap()
}

fn open(encryptor: &Encryptor, item: &Item) -> Result<Item, (LegacyErrorClass, String)> {
    ready(encryptor.decrypt_item(item.clone())).map_err(|error| (error.class(), error.to_string()))
}

fn item(pk: &str) -> Item {
    Item::from([
        ("pk".to_owned(), pk.into()),
        ("sk".to_owned(), 7_i64.into()),
        ("signed".to_owned(), "everybody can read it".into()),
        ("free".to_owned(), "everybody can change it".into()),
        ("a".to_owned(), "secret a".into()),
        ("b".to_owned(), AttributeValue::Ns(vec!["3".to_owned(), "1.5".to_owned()])),
    ])
}

fn mixed(provider: Arc<dyn MaterialsProvider>) -> Encryptor {
    builder().actions([("signed", Action::SignOnly), ("free", Action::DoNothing)]).build(provider).unwrap()
}

#[test]
fn what_is_sealed_opens() {
    let (private, public, _) = rsa_keys();
    let rsa = WrappedProvider::builder()
        .wrapping_key(WrappingKey::rsa(&public).unwrap())
        .unwrapping_key(UnwrappingKey::rsa(&private).unwrap())
        .signing_key(SigningKey::rsa(RsaSignature::Sha384, &private).unwrap())
        .verification_key(VerificationKey::rsa(RsaSignature::Sha384, &public).unwrap());
    let rsa: Arc<dyn MaterialsProvider> = Arc::new(rsa.build().unwrap());
    let mut providers = vec![(fixed(), 400), (wrapped(), 400), (rsa, 20)];
    for length in [16, 24, 32] {
        let key = AesKey::new(&vec![9; length]).unwrap();
        let (mac, content) = match length {
            16 => (Mac::HmacSha224, "AES/192"),
            24 => (Mac::HmacSha384, "AES/128"),
            _ => (Mac::HmacSha512, "AES/256"),
        };
        let signing = HmacKey::new(mac, b"short").unwrap();
        let provider = WrappedProvider::builder()
            .wrapping_key(key.clone())
            .unwrapping_key(key.clone())
            .signing_key(signing.clone())
            .verification_key(signing.clone())
            .description([(names::CONTENT_ALGORITHM, content), ("own", "words")].into_iter().collect());
        providers.push((Arc::new(provider.build().unwrap()), 100));
        providers.push((Arc::new(StaticProvider::symmetric(Some(key), signing)), 100));
    }
    let (mut items, mut sealed_items) = (Items::new(11), 0);
    for (provider, count) in providers {
        for _ in 0..count {
            let item = items.item(&["pk", "sk"], 8);
            let actions = item.keys().filter(|name| !["pk", "sk"].contains(&name.as_str())).map(|name| {
                let action = [Action::EncryptAndSign, Action::SignOnly, Action::DoNothing][name.len() % 3];
                (name.clone(), action)
            });
            let library = [Library::Java, Library::Python][item.len() % 2];
            let encryptor = builder().actions(actions).library(library).build(Arc::clone(&provider)).unwrap();
            let sealed = seal(&encryptor, &item);
            assert!(encryptor.is_legacy(&sealed) && !encryptor.is_legacy(&item));
            for (name, value) in &item {
                let is_as_it_was = sealed[name] == *value;
                assert_eq!(is_as_it_was, encryptor.action(name) != Action::EncryptAndSign);
            }
            let opened = open(&encryptor, &sealed).unwrap();
            assert!(vectors::same(&opened, &item), "{opened:?}\n{item:?}");
            sealed_items += 1;
        }
    }
    println!("{sealed_items} items");
}

/// Every bit of everything that is stored.
#[test]
fn no_bit_can_be_changed() {
    let (mut refused, mut same) = (0, 0);
    for provider in [fixed(), wrapped()] {
        let encryptor = mixed(provider);
        let plain = item("a");
        let sealed = seal(&encryptor, &plain);
        for (name, value) in &sealed {
            let variants: Vec<AttributeValue> = match value {
                AttributeValue::B(bytes) => flips(bytes).map(AttributeValue::B).collect(),
                AttributeValue::S(text) => flips(text.as_bytes())
                    .filter_map(|bytes| String::from_utf8(bytes).ok().map(AttributeValue::S))
                    .collect(),
                _ => vec![8_i64.into(), AttributeValue::S("7".to_owned())],
            };
            for variant in variants {
                let mut changed = sealed.clone();
                changed.insert(name.clone(), variant);
                match open(&encryptor, &changed) {
                    Err(_) => refused += 1,
                    // Not signed, and in the material description words that nobody needs.
                    Ok(mut opened) => {
                        assert!(["free", MATERIAL_DESCRIPTION].contains(&name.as_str()), "{name}");
                        opened.insert("free".to_owned(), plain["free"].clone());
                        assert!(vectors::same(&opened, &plain));
                        same += 1;
                    }
                }
            }
        }
    }
    println!("{refused} changes refused, {same} without effect");
    assert!(refused > 3500);
}

fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len() * 8).map(|bit| {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        changed
    })
}

#[test]
fn attributes_can_not_be_exchanged_added_or_left_out() {
    for provider in [fixed(), wrapped()] {
        let encryptor = mixed(provider);
        let (one, other) = (seal(&encryptor, &item("one")), seal(&encryptor, &item("other")));
        let refused = |changed: &Item| {
            let error = open(&encryptor, changed).unwrap_err();
            assert_eq!(error.0, LegacyErrorClass::Authentication, "{}", error.1);
        };
        for name in ["pk", "a", "b", SIGNATURE] {
            let mut changed = one.clone();
            changed.insert(name.to_owned(), other[name].clone());
            refused(&changed);
        }
        for name in ["pk", "sk", "a", "b", "signed"] {
            let mut changed = one.clone();
            let value = changed.remove(name).unwrap();
            refused(&changed);
            changed.insert("new".to_owned(), value);
            refused(&changed);
        }
        let mut changed = one.clone();
        let (a, b) = (one["a"].clone(), one["b"].clone());
        changed.extend([("a".to_owned(), b), ("b".to_owned(), a)]);
        refused(&changed);
        let mut changed = one.clone();
        changed.insert("new".to_owned(), "added".into());
        refused(&changed);
        // As if it had never been encrypted.
        let mut changed = one.clone();
        changed.insert("a".to_owned(), "secret a".into());
        refused(&changed);

        // What the format does not bind.
        let mut changed = one.clone();
        changed.insert("free".to_owned(), "changed".into());
        assert_eq!(open(&encryptor, &changed).unwrap()["free"], "changed".into());
        changed.remove("free");
        assert!(!open(&encryptor, &changed).unwrap().contains_key("free"));
    }
}

#[test]
fn the_table_and_the_actions_are_bound() {
    let sealed = seal(&mixed(fixed()), &item("a"));
    let refused = |builder: EncryptorBuilder| {
        let error = open(&builder.build(fixed()).unwrap(), &sealed).unwrap_err();
        assert_eq!(error.0, LegacyErrorClass::Authentication, "{}", error.1);
    };
    let actions = [("signed", Action::SignOnly), ("free", Action::DoNothing)];
    refused(Encryptor::builder("other", "pk").sort_key("sk").actions(actions));
    for other in [
        [("signed", Action::EncryptAndSign), ("free", Action::DoNothing)],
        [("signed", Action::DoNothing), ("free", Action::DoNothing)],
        [("signed", Action::SignOnly), ("free", Action::SignOnly)],
        [("signed", Action::SignOnly), ("free", Action::EncryptAndSign)],
    ] {
        refused(builder().actions(other));
    }
    refused(builder().actions(actions).actions([("a", Action::SignOnly)]));
    refused(builder().actions(actions).actions([("a", Action::DoNothing)]));
    refused(builder().actions(actions).default_action(Action::SignOnly));

    // Where nothing is the default, attributes can be added.
    let all = [("a", Action::EncryptAndSign), ("pk", Action::SignOnly), ("sk", Action::SignOnly)];
    let encryptor = builder().actions(all).default_action(Action::DoNothing).build(fixed()).unwrap();
    let mut sealed = seal(&encryptor, &item("a"));
    sealed.insert("new".to_owned(), "added".into());
    assert_eq!(open(&encryptor, &sealed).unwrap()["new"], "added".into());

    // Keys do not make an item's key one that is bound.
    let other_keys = |aes_key, hmac_key| {
        let provider = StaticProvider::symmetric(Some(aes(aes_key)), hmac(hmac_key));
        open(&mixed(Arc::new(provider)), &seal(&mixed(fixed()), &item("a")))
    };
    assert_eq!(other_keys(1, 3).unwrap_err().0, LegacyErrorClass::Authentication);
    let error = other_keys(3, 2).unwrap_err();
    assert!(error.1.contains("does not open"), "{}", error.1);
    assert_eq!(error.0, LegacyErrorClass::Authentication);
}

/// The material description is not signed, so nothing that it says can be believed.
#[test]
fn a_material_description_can_say_nothing_dangerous() {
    let (private, public, library) = rsa_keys();
    let rsa = |builder: WrappedProviderBuilder| {
        let provider = builder
            .wrapping_key(WrappingKey::rsa(&public).unwrap())
            .unwrapping_key(UnwrappingKey::rsa(&private).unwrap())
            .signing_key(SigningKey::rsa(RsaSignature::Sha256, &private).unwrap())
            .verification_key(VerificationKey::rsa(RsaSignature::Sha256, &public).unwrap());
        mixed(Arc::new(provider.build().unwrap()))
    };
    let (with_rsa, with_aes, with_pkcs1) =
        (rsa(WrappedProvider::builder()), mixed(wrapped()), rsa(WrappedProvider::builder().accept_pkcs1_v1_5()));
    let said = |encryptor: &Encryptor, pairs: &[(&str, &str)]| {
        let mut sealed = seal(encryptor, &item("a"));
        let AttributeValue::B(bytes) = &sealed[MATERIAL_DESCRIPTION] else { panic!() };
        let mut description = MaterialDescription::from_bytes(bytes).unwrap();
        for (name, value) in pairs {
            assert!(description.get(name).is_some() || *name == "none");
            description.insert(*name, *value);
        }
        sealed.insert(MATERIAL_DESCRIPTION.to_owned(), AttributeValue::B(description.to_bytes()));
        sealed
    };
    let refused = |encryptor: &Encryptor, pairs: &[(&str, &str)], class, contained: &str| {
        let error = open(encryptor, &said(encryptor, pairs)).unwrap_err();
        assert_eq!(error.0, class, "{}", error.1);
        assert!(error.1.contains(contained), "{}", error.1);
    };
    let malformed = LegacyErrorClass::Malformed;
    for mode in ["/CTR/NoPadding", "/ECB/PKCS5Padding", "/GCM/NoPadding", "", "/cbc/PKCS5Padding"] {
        refused(&with_aes, &[(names::MODE, mode)], malformed, "amzn-ddb-map-sym-mode");
    }
    for algorithm in ["HmacSHA224", "SHA256withRSA", "MD5withRSA", ""] {
        let pairs = [(names::SIGNING_ALGORITHM, algorithm)];
        refused(&with_aes, &pairs, LegacyErrorClass::Authentication, "HmacSHA256");
    }
    refused(&with_rsa, &[(names::SIGNING_ALGORITHM, "MD5withRSA")], LegacyErrorClass::Authentication, "SHA256withRSA");
    for wrap in ["RSA/ECB/OAEPWithSHA-256AndMGF1Padding", "AES/CBC/PKCS5Padding", "RSA", "kms", ""] {
        refused(&with_aes, &[(names::WRAPPING_ALGORITHM, wrap)], malformed, "amzn-ddb-wrap-alg");
    }
    for wrap in ["RSA", "RSA/ECB/PKCS1Padding", "RSA/ECB/NoPadding", "AESWrap"] {
        refused(&with_rsa, &[(names::WRAPPING_ALGORITHM, wrap)], malformed, "amzn-ddb-wrap-alg");
    }
    refused(
        &with_rsa,
        &[(names::WRAPPING_ALGORITHM, "RSA/ECB/OAEPWithSHA-1AndMGF1Padding")],
        LegacyErrorClass::Materials,
        "",
    );
    for content in ["DES", "AES/64", "AES/", "HmacSHA256/256"] {
        refused(&with_aes, &[(names::CONTENT_ALGORITHM, content)], malformed, "amzn-ddb-env-alg");
    }
    refused(&with_aes, &[(names::WRAPPED_KEY, "no base64!")], malformed, "base64");
    refused(&with_aes, &[(names::WRAPPED_KEY, "")], LegacyErrorClass::Materials, "unwrap");

    // Keys of other items, or of the attacker: the signature fits, and that is why nothing more is told.
    for encryptor in [&with_aes, &with_rsa] {
        let (mut one, other) = (seal(encryptor, &item("a")), seal(encryptor, &item("b")));
        one.insert(MATERIAL_DESCRIPTION.to_owned(), other[MATERIAL_DESCRIPTION].clone());
        let error = open(encryptor, &one).unwrap_err();
        assert_eq!(error.0, LegacyErrorClass::Authentication);
        assert!(error.1.contains("does not open"));
    }

    // With PKCS #1 v1.5 a right padding and a wrong one look the same.
    let mut sealed = vec![0; 256];
    Pkcs1PublicEncryptingKey::new(library.public_key()).unwrap().encrypt(&[5; 32], &mut sealed).unwrap();
    for wrapped_key in [sealed, vec![1; 256]] {
        let wrapped_key = STANDARD.encode(wrapped_key);
        let pairs = [(names::WRAPPING_ALGORITHM, "RSA"), (names::WRAPPED_KEY, wrapped_key.as_str())];
        refused(&with_pkcs1, &pairs, LegacyErrorClass::Authentication, "does not open");
        refused(&with_rsa, &pairs, malformed, "amzn-ddb-wrap-alg");
    }
    // Old items of Java have lines in the base64.
    let mut sealed = said(&with_aes, &[]);
    let AttributeValue::B(bytes) = &sealed[MATERIAL_DESCRIPTION] else { panic!() };
    let mut description = MaterialDescription::from_bytes(bytes).unwrap();
    let key = description.get(names::WRAPPED_KEY).unwrap().to_owned();
    description.insert(names::WRAPPED_KEY, format!("{}\r\n{}", &key[..20], &key[20..]));
    sealed.insert(MATERIAL_DESCRIPTION.to_owned(), AttributeValue::B(description.to_bytes()));
    assert!(vectors::same(&open(&with_aes, &sealed).unwrap(), &item("a")));
}

/// What the first versions of the Java library wrote says nothing of the wrapping.
#[test]
fn pkcs1_is_named_as_the_description_names_it_and_as_the_option_that_allows_it() {
    let (private, public, library) = rsa_keys();
    let opens =
        || WrappedProvider::builder().unwrapping_key(UnwrappingKey::rsa(&private).unwrap()).verification_key(hmac(2));
    let mut wrapped_key = vec![0; 256];
    Pkcs1PublicEncryptingKey::new(library.public_key()).unwrap().encrypt(&[5; 32], &mut wrapped_key).unwrap();
    let of = |said: &[(&str, &str)]| {
        let key = (names::WRAPPED_KEY, &*STANDARD.encode(&wrapped_key));
        let description = said.iter().copied().chain([key, (names::CONTENT_ALGORITHM, "AES")]).collect();
        let materials = EncryptionMaterials {
            encryption_key: Some(AesKey::new(&[5; 32]).unwrap()),
            signing_key: hmac(2).into(),
            description,
        };
        seal(&mixed(Arc::new(StaticProvider::new(Some(materials), None))), &item("a"))
    };
    let (silent, said) = (of(&[]), of(&[(names::WRAPPING_ALGORITHM, "RSA/ECB/PKCS1Padding")]));
    let strict = mixed(Arc::new(opens().build().unwrap()));
    for (sealed, text) in [
        (&silent, "the material description says nothing of `amzn-ddb-wrap-alg`, which means RSA with PKCS #1 v1.5: "),
        (
            &said,
            "the material description says `amzn-ddb-wrap-alg` is `RSA/ECB/PKCS1Padding`, which is RSA with PKCS #1 v1.5: ",
        ),
    ] {
        let error = open(&strict, sealed).unwrap_err();
        assert_eq!(
            error,
            (LegacyErrorClass::Malformed, format!("{text}not taken unless `accept_pkcs1_v1_5` allows it"))
        );
    }
    // Said by the provider in the place of the item, it takes the option too.
    let rsa = MaterialDescription::from_iter([(names::WRAPPING_ALGORITHM, "RSA")]);
    let refused = opens().description(rsa.clone()).build().unwrap_err();
    assert_eq!(
        refused,
        ConfigError::Description { name: names::WRAPPING_ALGORITHM, value: "RSA".to_owned() },
        "{refused}"
    );
    for provider in [opens().accept_pkcs1_v1_5(), opens().accept_pkcs1_v1_5().description(rsa.clone())] {
        let lenient = mixed(Arc::new(provider.build().unwrap()));
        for sealed in [&silent, &said] {
            assert!(vectors::same(&open(&lenient, sealed).unwrap(), &item("a")));
        }
    }
    // Only to read: nothing is ever wrapped so.
    let wraps = opens().accept_pkcs1_v1_5().wrapping_key(WrappingKey::rsa(&public).unwrap());
    assert!(wraps.description(rsa).build().is_err());
}

#[test]
fn items_that_are_none_say_why() {
    let encryptor = mixed(fixed());
    let sealed = seal(&encryptor, &item("a"));
    let change = |name: &str, value: Option<AttributeValue>| {
        let mut changed = sealed.clone();
        match value {
            Some(value) => changed.insert(name.to_owned(), value),
            None => changed.remove(name),
        };
        open(&encryptor, &changed).unwrap_err()
    };
    let malformed = LegacyErrorClass::Malformed;
    assert_eq!(
        change(SIGNATURE, None),
        (malformed, "the item has no attribute `*amzn-ddb-map-sig*`, so it is none of this format".to_owned())
    );
    assert_eq!(change(SIGNATURE, Some("text".into())).1, "`*amzn-ddb-map-sig*` has to be of the type B, and is S");
    assert_eq!(
        change(MATERIAL_DESCRIPTION, Some(vec![0, 0, 0, 1].into())).1,
        "the material description is broken: it is of another version"
    );
    assert_eq!(change(MATERIAL_DESCRIPTION, None).1, "the material description has no `amzn-ddb-map-sym-mode`");
    assert_eq!(change("sk", Some(AttributeValue::N("x".to_owned()))).0, malformed);

    // Signed, and still nothing that could be decrypted.
    let signs = builder().actions([("a", Action::SignOnly)]).build(fixed()).unwrap();
    let plain = Item::from([("pk".to_owned(), "a".into()), ("sk".to_owned(), 1_i64.into())]);
    for wrong in [vec![], vec![1; 16], vec![1; 31], vec![1; 33]] {
        let mut changed = seal(&signs, &plain);
        changed.insert("b".to_owned(), AttributeValue::B(wrong));
        assert!(open(&signs, &changed).is_err());
    }

    let error = |item: Item| ready(encryptor.encrypt_item(item)).unwrap_err();
    let reserved = error(sealed.clone());
    assert_eq!(reserved.class(), LegacyErrorClass::Item);
    assert_eq!(reserved.to_string(), "the item already has an attribute `*amzn-ddb-map-desc*`, which is reserved");
    for name in ["a", "signed"] {
        let mut plain = item("a");
        plain.insert(name.to_owned(), AttributeValue::N("1 secret".to_owned()));
        let error = error(plain);
        assert_eq!(error.class(), LegacyErrorClass::Item);
        assert_eq!(error.to_string(), format!("`{name}` can not be sealed: not a decimal number"));
    }
}

#[test]
fn keys_that_are_missing_are_said() {
    let message = |provider: StaticProvider| {
        let encryptor = mixed(Arc::new(provider));
        let error = ready(encryptor.encrypt_item(item("a"))).unwrap_err();
        assert_eq!(error.class(), LegacyErrorClass::Materials);
        error.to_string()
    };
    assert_eq!(message(StaticProvider::new(None, None)), "the materials provider has no signing key");
    assert_eq!(message(StaticProvider::symmetric(None, hmac(1))), "the materials provider has no encryption key");
    // Enough where nothing is encrypted; Java then writes no material description, which has to open as well.
    let signs =
        builder().default_action(Action::SignOnly).build(Arc::new(StaticProvider::symmetric(None, hmac(1)))).unwrap();
    let mut sealed = seal(&signs, &item("a"));
    assert_eq!(open(&signs, &sealed).unwrap(), item("a"));
    sealed.remove(MATERIAL_DESCRIPTION);
    assert!(!signs.is_legacy(&sealed));
    assert_eq!(open(&signs, &sealed).unwrap(), item("a"));

    for (provider, missing) in [
        (WrappedProvider::builder().signing_key(hmac(1)), "wrapping"),
        (WrappedProvider::builder().wrapping_key(aes(1)), "signing"),
    ] {
        let encryptor = mixed(Arc::new(provider.build().unwrap()));
        let error = ready(encryptor.encrypt_item(item("a"))).unwrap_err();
        assert_eq!(error.to_string(), format!("the materials provider has no {missing} key"));
        let error = ready(encryptor.decrypt_item(seal(&mixed(wrapped()), &item("a")))).unwrap_err();
        assert_eq!(error.to_string(), "the materials provider has no unwrapping key");
    }
}

#[test]
fn where_nothing_is_done_nothing_is_changed() {
    let encryptor =
        builder().default_action(Action::DoNothing).build(Arc::new(StaticProvider::new(None, None))).unwrap();
    assert_eq!(seal(&encryptor, &item("a")), item("a"));
    assert_eq!(open(&encryptor, &item("a")).unwrap(), item("a"));
}

/// What one library signs the other does not verify; here both open.
#[test]
fn items_of_both_libraries_open() {
    let plain = Item::from([
        ("pk".to_owned(), "a".into()),
        ("sk".to_owned(), 1_i64.into()),
        ("\u{ff5e}".to_owned(), 1_i64.into()),
        ("\u{1f600}".to_owned(), 2_i64.into()),
        ("bytes".to_owned(), AttributeValue::Bs(vec![vec![0x80], vec![0x7f], vec![0x7f, 0x80], vec![0x7f, 1]])),
        ("texts".to_owned(), AttributeValue::Ss(vec!["\u{e000}".to_owned(), "\u{10000}".to_owned()])),
    ]);
    let of = |library| builder().default_action(Action::SignOnly).library(library).build(fixed()).unwrap();
    let (java, python) = (of(Library::Java), of(Library::Python));
    let (by_java, by_python) = (seal(&java, &plain), seal(&python, &plain));
    assert_ne!(by_java[SIGNATURE], by_python[SIGNATURE]);
    for encryptor in [&java, &python] {
        for sealed in [&by_java, &by_python] {
            assert_eq!(open(encryptor, sealed).unwrap(), plain);
        }
    }
    // In Java, as its signed bytes and UTF-16 have it.
    let bytes = serialize_attribute(&plain["bytes"], Library::Java).unwrap();
    assert_eq!(*bytes, b"\0B\0\0\0\x04\0\0\0\x01\x80\0\0\0\x01\x7f\0\0\0\x02\x7f\x80\0\0\0\x02\x7f\x01");
    let texts = serialize_attribute(&plain["texts"], Library::Java).unwrap();
    assert_eq!(*texts, "\0S\0\0\0\u{2}\0\0\0\u{4}\u{10000}\0\0\0\u{3}\u{e000}".as_bytes());
}

#[test]
fn attributes_of_other_names() {
    let encryptor = builder().material_description_attribute("m").signature_attribute("s").build(wrapped()).unwrap();
    let sealed = seal(&encryptor, &item("a"));
    assert!(encryptor.is_legacy(&sealed) && sealed.contains_key("m") && sealed.contains_key("s"));
    assert!(!mixed(wrapped()).is_legacy(&sealed));
    assert!(vectors::same(&open(&encryptor, &sealed).unwrap(), &item("a")));
}

#[test]
fn configurations_that_can_not_be() {
    let error = |builder: EncryptorBuilder| builder.build(fixed()).unwrap_err();
    let (pk, sk) = ("pk".to_owned(), "sk".to_owned());
    assert_eq!(error(builder().actions([("pk", Action::EncryptAndSign)])), ConfigError::EncryptedKey(pk.clone()));
    assert_eq!(error(builder().actions([("sk", Action::EncryptAndSign)])), ConfigError::EncryptedKey(sk));
    assert_eq!(error(builder().sort_key("pk")), ConfigError::SameKeys(pk));
    let two = error(builder().actions([("a", Action::SignOnly), ("a", Action::DoNothing)]));
    assert_eq!(two.to_string(), "`a` has two actions, SIGN_ONLY and DO_NOTHING");
    for name in [SIGNATURE, MATERIAL_DESCRIPTION] {
        assert_eq!(error(builder().actions([(name, Action::DoNothing)])), ConfigError::Reserved(name.to_owned()));
        assert_eq!(error(Encryptor::builder("table", name)), ConfigError::Reserved(name.to_owned()));
    }
    assert_eq!(
        error(builder().signature_attribute(MATERIAL_DESCRIPTION)),
        ConfigError::SameReserved(MATERIAL_DESCRIPTION.to_owned())
    );
    assert_eq!(error(Encryptor::builder("", "pk")), ConfigError::Empty("the table"));
    assert_eq!(error(Encryptor::builder("table", "")), ConfigError::Empty("the partition key"));
    assert_eq!(error(builder().signature_attribute("")), ConfigError::Empty("the attribute of the signature"));
    assert!(builder().actions([("a", Action::SignOnly), ("a", Action::SignOnly)]).build(fixed()).is_ok());
    let encryptor = builder().actions([("pk", Action::DoNothing)]).build(fixed()).unwrap();
    assert_eq!((encryptor.action("pk"), encryptor.action("sk")), (Action::DoNothing, Action::SignOnly));

    let wrong =
        |pairs: &[(&str, &str)]| wrapped_builder().description(pairs.iter().copied().collect()).build().unwrap_err();
    assert!(wrong(&[(names::WRAPPED_KEY, "AAAA")]).to_string().contains("amzn-ddb-env-key"));
    assert!(wrong(&[(names::WRAPPING_ALGORITHM, "RSA")]).to_string().contains("`RSA`"));
    assert!(wrong(&[(names::CONTENT_ALGORITHM, "DES/56")]).to_string().contains("DES/56"));
    let other = wrapped_builder().verification_key(HmacKey::new(Mac::HmacSha512, &[1]).unwrap()).build().unwrap_err();
    assert_eq!(
        other.to_string(),
        "the signing key signs with HmacSHA256, and the verification key verifies HmacSHA512"
    );

    assert_eq!(AesKey::new(&[1; 20]).unwrap_err(), KeyError::AesLength(20));
    assert_eq!(HmacKey::new(Mac::HmacSha256, &[]).unwrap_err(), KeyError::EmptyMac);
    assert!(WrappingKey::rsa(b"no key").is_err() && SigningKey::rsa_pem(RsaSignature::Sha256, "no PEM").is_err());
    for action in [Action::EncryptAndSign, Action::SignOnly, Action::DoNothing] {
        assert_eq!(action.to_string().parse(), Ok(action));
    }
    assert!("SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT".parse::<Action>().is_err());
}

#[test]
fn nothing_is_shown_of_keys() {
    let (private, _, _) = rsa_keys();
    let shown = format!(
        "{:?} {:?} {:?} {:?}",
        mixed(wrapped()),
        SigningKey::rsa(RsaSignature::Sha256, &private).unwrap(),
        UnwrappingKey::rsa(&private).unwrap(),
        fixed(),
    );
    assert!(
        shown.contains("AesKey(256 bits, redacted)") && shown.contains("UnwrappingKey(RSA, 2048 bits, redacted)"),
        "{shown}"
    );
    assert!(!shown.contains("1, 1, 1") && !shown.contains("2, 2, 2"), "{shown}");
}

#[test]
fn broken_values_are_refused_before_anything_is_kept_free_for_them() {
    let cases: &[(&[u8], ValueProblem)] = &[
        (b"", ValueProblem::End),
        (b"\0", ValueProblem::End),
        (b"\x01s\0\0\0\0", ValueProblem::Type),
        (b"\0z", ValueProblem::Type),
        (b"\0s\0\0\0\x02a", ValueProblem::End),
        (b"\0s\xff\xff\xff\xffa", ValueProblem::End),
        (b"\0s\0\0\0\x01\xff", ValueProblem::Text),
        (b"\0?", ValueProblem::End),
        (b"\0?\x02", ValueProblem::Bool),
        (b"\0?\x01\0", ValueProblem::Rest),
        (b"\0L\xff\xff\xff\xff", ValueProblem::End),
        (b"\0S\xff\xff\xff\xff", ValueProblem::End),
        (b"\0M\xff\xff\xff\xff\0s\0\0\0\x01a\0\0", ValueProblem::End),
        (b"\0M\0\0\0\x01\0b\0\0\0\x01a\0\0", ValueProblem::MapKey),
        (b"\0M\0\0\0\x02\0s\0\0\0\x01a\0\0\0s\0\0\0\x01a\0\0", ValueProblem::MapKey),
    ];
    for (bytes, problem) in cases {
        assert_eq!(deserialize_attribute(bytes), Err(*problem), "{bytes:?}");
    }
    assert!(matches!(deserialize_attribute(b"\0n\0\0\0\x01x"), Err(ValueProblem::Number(_))));
    assert_eq!(deserialize_attribute(&vec![0; 500_000]), Err(ValueProblem::Length));
    let nested = |depth: usize| [b"\0L\0\0\0\x01".repeat(depth), b"\0\0".to_vec()].concat();
    assert!(deserialize_attribute(&nested(128)).is_ok());
    assert_eq!(deserialize_attribute(&nested(129)), Err(ValueProblem::Depth));
    assert_eq!(deserialize_attribute(&nested(60_000)), Err(ValueProblem::Depth));
    let value = |depth| (0..depth).fold(AttributeValue::Null(true), |value, _| AttributeValue::L(vec![value]));
    assert!(serialize_attribute(&value(32), Library::Java).is_ok());
    assert_eq!(serialize_attribute(&value(33), Library::Java).unwrap_err(), ValueProblem::Depth);

    for wrong in
        [&b""[..], b"\0\0\0", b"\0\0\0\x01", b"\0\0\0\0\0\0\0\x01", b"\0\0\0\0\0\0\0\x01a", b"\0\0\0\0\xff\xff\xff\xff"]
    {
        assert!(MaterialDescription::from_bytes(wrong).is_err());
    }
    let twice = [&b"\0\0\0\0"[..], b"\0\0\0\x01a\0\0\0\x01b", b"\0\0\0\x01a\0\0\0\x01b"].concat();
    assert!(MaterialDescription::from_bytes(&twice).unwrap_err().to_string().contains("twice"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_value_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80), tags in "[\0snbSNBML?\u{1}\u{2}]{0,40}") {
        for bytes in [bytes, tags.into_bytes()] {
            if let Ok(value) = deserialize_attribute(&bytes) {
                let again = serialize_attribute(&value, Library::Python).unwrap();
                prop_assert_eq!(deserialize_attribute(&again).map(|value| format!("{value:?}").len()), Ok(format!("{value:?}").len()));
            }
            if let Ok(description) = MaterialDescription::from_bytes(&bytes) {
                prop_assert_eq!(MaterialDescription::from_bytes(&description.to_bytes()), Ok(description));
            }
        }
    }

    #[test]
    fn any_item_opens_or_is_refused(seed in any::<u64>(), signature in prop::collection::vec(any::<u8>(), 0..40), description in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut items = Items::new(seed);
        let mut item = items.item(&["pk", "sk"], 5);
        item.insert(SIGNATURE.to_owned(), AttributeValue::B(signature));
        item.insert(MATERIAL_DESCRIPTION.to_owned(), AttributeValue::B([vec![0; 4], description].concat()));
        prop_assert!(open(&mixed(wrapped()), &item).is_err());
    }
}

/// All names are looked at, whatever their order: no attribute is signed under the name of another.
#[test]
fn texts_to_sign_differ_for_different_items() {
    let encryptor = builder().build(fixed()).unwrap();
    let mut seen = BTreeMap::new();
    let mut items = Items::new(5);
    for _ in 0..500 {
        let item = items.item(&["pk"], 3);
        let text = encryptor.string_to_sign(&item, Library::Python).unwrap();
        if let Some(other) = seen.insert(text, item.clone()) {
            assert!(vectors::same(&other, &item));
        }
    }
}
