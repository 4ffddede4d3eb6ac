//! The library itself, in Python: what it seals opens here, and what is sealed here opens there.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod ddbec;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ddbec::ready;
use dynaseal_core::{AttributeValue, Item, LegacyEncryptor as _, json};
use dynaseal_legacy::ddbec::{
    Action, AesKey, Encryptor, HmacKey, Library, MATERIAL_DESCRIPTION, MaterialDescription, MaterialsProvider,
    SIGNATURE, SignatureAlgorithm, SigningKey, StaticProvider, UnwrappingKey, VerificationKey, WrappedProvider,
    WrappingKey, names,
};
use dynaseal_testkit::random::Items;
use dynaseal_testkit::{servers, vectors};
use serde_json::{Value, json};

const TABLE: &str = "a table with ünusual\nname";

/// An encryptor here, and how the one there is made.
struct Pair {
    encryptor: Encryptor,
    question: Value,
}

/// What both sides are given.
struct Keys {
    provider: Arc<dyn MaterialsProvider>,
    question: Value,
}

fn raw(algorithm: &str, key: &[u8]) -> Value {
    json!({ "algorithm": algorithm, "type": "SYMMETRIC", "key": STANDARD.encode(key) })
}

fn hmac(algorithm: SignatureAlgorithm, key: &[u8]) -> HmacKey {
    let SignatureAlgorithm::Mac(mac) = algorithm else { panic!("{algorithm}") };
    HmacKey::new(mac, key).unwrap()
}

fn fixed(algorithm: &str, key: Option<usize>) -> Keys {
    let aes: Option<Vec<u8>> = key.map(|length| vec![11; length]);
    let hmac_key = [5; 20];
    let signing = hmac(algorithm.parse().unwrap(), &hmac_key);
    let provider = StaticProvider::symmetric(aes.as_deref().map(|key| AesKey::new(key).unwrap()), signing);
    let mut keys = json!({ "sign": raw(algorithm, &hmac_key), "verify": raw(algorithm, &hmac_key) });
    if let Some(aes) = aes {
        keys["encrypt"] = raw("AES", &aes);
    }
    Keys { provider: Arc::new(provider), question: json!({ "provider": "static", "keys": keys }) }
}

fn wrapped(algorithm: &str, length: usize, content: &str) -> Keys {
    let (aes, hmac_key) = (vec![12; length], [6; 32]);
    let signing = hmac(algorithm.parse().unwrap(), &hmac_key);
    let key = AesKey::new(&aes).unwrap();
    let builder = WrappedProvider::builder()
        .wrapping_key(key.clone())
        .unwrapping_key(key)
        .signing_key(signing.clone())
        .verification_key(signing)
        .description([(names::CONTENT_ALGORITHM, content)].into_iter().collect());
    let keys = json!({ "sign": raw(algorithm, &hmac_key), "wrap": raw("AES", &aes), "unwrap": raw("AES", &aes) });
    let description = json!({ names::CONTENT_ALGORITHM: content });
    let question = json!({ "provider": "wrapped", "keys": keys, "description": description });
    Keys { provider: Arc::new(builder.build().unwrap()), question }
}

fn rsa(algorithm: &str, padding: Option<&str>) -> Keys {
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    let (private, public) = (private.as_ref(), public.as_ref());
    let Ok(SignatureAlgorithm::Rsa(signature)) = algorithm.parse() else { panic!("{algorithm}") };
    let pairs: Vec<_> = padding.map(|padding| (names::WRAPPING_ALGORITHM, padding)).into_iter().collect();
    let builder = WrappedProvider::builder()
        .wrapping_key(WrappingKey::rsa(public).unwrap())
        .unwrapping_key(UnwrappingKey::rsa(private).unwrap())
        .signing_key(SigningKey::rsa(signature, private).unwrap())
        .verification_key(VerificationKey::rsa(signature, public).unwrap())
        .description(pairs.iter().copied().collect());
    let of = |algorithm: &str, kind, key: &[u8]| json!({ "algorithm": algorithm, "type": kind, "key": STANDARD.encode(key) });
    let keys = json!({
        "sign": of(algorithm, "PRIVATE", private),
        "wrap": of("RSA", "PUBLIC", public),
        "unwrap": of("RSA", "PRIVATE", private),
    });
    let description: Value = pairs.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    let question = json!({ "provider": "wrapped", "keys": keys, "description": description });
    Keys { provider: Arc::new(builder.build().unwrap()), question }
}

/// For an item, with its attributes treated in all ways.
fn pair(keys: &Keys, index: &[&str], item: &Item, default: Action) -> Pair {
    let actions: Vec<(String, Action)> = item
        .keys()
        .filter(|name| !index.contains(&name.as_str()))
        .filter_map(|name| {
            let action = [Action::SignOnly, Action::DoNothing, Action::EncryptAndSign].get(name.len() % 5)?;
            // Without a key nothing can be encrypted.
            let is_encrypting =
                keys.question["keys"].get("encrypt").is_some() || keys.question["provider"] == "wrapped";
            Some((name.clone(), *action)).filter(|(_, action)| is_encrypting || *action != Action::EncryptAndSign)
        })
        .collect();
    let mut question = keys.question.clone();
    question["table"] = TABLE.into();
    question["index"] = index.into();
    question["default"] = default.name().into();
    question["actions"] = actions.iter().map(|(name, action)| (name.clone(), Value::from(action.name()))).collect();
    let builder = Encryptor::builder(TABLE, index[0]).actions(actions).default_action(default).library(Library::Python);
    let builder = index.iter().skip(1).fold(builder, |builder, name| builder.sort_key(*name));
    Pair { encryptor: builder.build(Arc::clone(&keys.provider)).unwrap(), question }
}

impl Pair {
    fn question(&self, operation: &str, item: &Item) -> Value {
        let mut question = self.question.clone();
        question["operation"] = operation.into();
        question["item"] = serde_json::from_str(&json::to_string(item)).unwrap();
        question
    }
}

/// What Python answers: items, or names of exceptions.
fn ask(python: &Path, questions: &[Value]) -> Vec<Result<Item, String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ddbec_python/peer.py");
    let mut command = Command::new(python);
    // Neither credentials nor proxies of whoever runs the tests.
    command.arg("-I").arg(script).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = command.spawn().unwrap();
    let lines: String = questions.iter().map(|question| format!("{question}\n")).collect();
    // Python reads all of it before it answers, so neither waits for the other.
    python.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers: Vec<_> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).unwrap();
            match answer.get("item") {
                Some(item) => Ok(vectors::item(item)),
                None => Err(answer["error"].as_str().unwrap().to_owned()),
            }
        })
        .collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

/// Every kind of provider with how many items of it.
fn kinds() -> Vec<(Keys, usize)> {
    let mut kinds = vec![(fixed("HmacSHA256", Some(32)), 150), (fixed("HmacSHA256", None), 30)];
    for (mac, length) in [("HmacSHA224", 16), ("HmacSHA384", 24), ("HmacSHA512", 32)] {
        kinds.push((fixed(mac, Some(length)), 30));
    }
    kinds.push((wrapped("HmacSHA256", 32, "AES/256"), 150));
    for (mac, length, content) in
        [("HmacSHA512", 16, "AES/192"), ("HmacSHA224", 24, "AES/256"), ("HmacSHA384", 32, "AES/128")]
    {
        kinds.push((wrapped(mac, length, content), 30));
    }
    kinds.push((rsa("SHA256withRSA", None), 20));
    kinds.push((rsa("SHA384withRSA", Some("RSA/ECB/OAEPWithSHA-1AndMGF1Padding")), 5));
    kinds.push((rsa("SHA512withRSA", Some("RSA/ECB/OAEPWithSHA-384AndMGF1Padding")), 5));
    kinds.push((rsa("SHA256withRSA", Some("RSA/ECB/OAEPWithSHA-512AndMGF1Padding")), 5));
    kinds
}

#[test]
fn items_go_both_ways() {
    let Some(python) = servers::ddbec() else { return };
    let (mut items, mut cases) = (Items::new(2018), Vec::new());
    for (keys, count) in kinds() {
        let is_encrypting = keys.question["keys"].get("encrypt").is_some() || keys.question["provider"] == "wrapped";
        for number in 0..count {
            let index = [&["pk", "sk"][..], &["pk"], &["ключ", "😀"]][number % 3];
            let item = items.item(index, 8);
            let default = match number % 4 {
                0 => Action::SignOnly,
                1 => Action::DoNothing,
                _ if is_encrypting => Action::EncryptAndSign,
                _ => Action::SignOnly,
            };
            let pair = pair(&keys, index, &item, default);
            let sealed = ready(pair.encryptor.encrypt_item(item.clone())).unwrap();
            cases.push((pair, item, sealed));
        }
    }
    let questions: Vec<_> = cases
        .iter()
        .flat_map(|(pair, item, sealed)| [pair.question("seal", item), pair.question("open", sealed)])
        .collect();
    let mut answers = ask(python, &questions).into_iter();
    let (mut opened, mut left_alone) = (0, 0);
    for (pair, item, sealed) in &cases {
        let (by_python, opened_by_python) = (answers.next().unwrap().unwrap(), answers.next().unwrap().unwrap());
        // Python's own copies of what was only signed have their sets and numbers in the caller's form.
        assert!(vectors::same(&opened_by_python, item), "{item:?}\n{opened_by_python:?}");
        let result = ready(pair.encryptor.decrypt_item(by_python.clone()));
        let result = result.unwrap_or_else(|error| panic!("{error}\n{item:?}\n{by_python:?}"));
        assert!(vectors::same(&result, item), "{item:?}\n{result:?}");
        if pair.encryptor.is_legacy(sealed) {
            assert_eq!(said(sealed), said(&by_python));
            opened += 1;
        } else {
            assert_eq!(&by_python, item);
            left_alone += 1;
        }
        let names: Vec<_> = by_python.iter().map(|(name, value)| (name, value.type_name())).collect();
        assert_eq!(names, sealed.iter().map(|(name, value)| (name, value.type_name())).collect::<Vec<_>>());
    }
    println!("{opened} items went each way, {left_alone} were left alone by both");
    assert!(opened >= 400);
}

/// What the material description says, but for the wrapped key.
fn said(sealed: &Item) -> MaterialDescription {
    let AttributeValue::B(bytes) = &sealed[MATERIAL_DESCRIPTION] else { panic!() };
    let description = MaterialDescription::from_bytes(bytes).unwrap();
    // In the same bytes too: both order the names.
    assert_eq!(description.to_bytes(), *bytes);
    description.iter().filter(|(name, _)| *name != names::WRAPPED_KEY).collect()
}

/// With keys that leave nothing to chance the signatures are the same, byte by byte.
#[test]
fn signatures_are_the_same() {
    let Some(python) = servers::ddbec() else { return };
    let (mut items, mut cases) = (Items::new(7), Vec::new());
    for keys in [fixed("HmacSHA256", None), fixed("HmacSHA512", None)] {
        for _ in 0..60 {
            let item = items.item(&["pk", "sk"], 10);
            cases.push((pair(&keys, &["pk", "sk"], &item, Action::SignOnly), item));
        }
    }
    let questions: Vec<_> = cases.iter().map(|(pair, item)| pair.question("seal", item)).collect();
    for ((pair, item), answer) in cases.iter().zip(ask(python, &questions)) {
        let sealed = ready(pair.encryptor.encrypt_item(item.clone())).unwrap();
        assert_eq!(sealed[SIGNATURE], answer.unwrap()[SIGNATURE], "{item:?}");
    }
    println!("{} signatures", cases.len());
}

#[test]
fn both_refuse_what_was_changed() {
    let Some(python) = servers::ddbec() else { return };
    let keys = wrapped("HmacSHA256", 32, "AES/256");
    let (mut items, mut cases) = (Items::new(3), Vec::new());
    for number in 0..100 {
        let mut item = items.item(&["pk", "sk"], 4);
        item.insert("code".to_owned(), "a secret".into());
        let pair = pair(&keys, &["pk", "sk"], &item, Action::EncryptAndSign);
        let mut sealed = ready(pair.encryptor.encrypt_item(item)).unwrap();
        match number % 5 {
            0 => drop(sealed.insert("sk".to_owned(), "another key".into())),
            1 => drop(sealed.remove("code")),
            2 => drop(sealed.insert("added".to_owned(), vec![0; 32].into())),
            3 => drop(sealed.remove(SIGNATURE)),
            _ => {
                let Some(AttributeValue::B(bytes)) = sealed.get_mut("code") else { panic!() };
                bytes[number % 32] ^= 1;
            }
        }
        cases.push((pair, sealed));
    }
    let questions: Vec<_> = cases.iter().map(|(pair, sealed)| pair.question("open", sealed)).collect();
    for ((pair, sealed), answer) in cases.iter().zip(ask(python, &questions)) {
        assert!(answer.is_err() && ready(pair.encryptor.decrypt_item(sealed.clone())).is_err(), "{sealed:?}");
    }
}

/// Where Python loses digits, none are lost here.
#[test]
fn numbers_keep_their_digits() {
    let Some(python) = servers::ddbec() else { return };
    let number = "12345678901234567890123456789012345678";
    let item = Item::from([("pk".to_owned(), "a".into()), ("num".to_owned(), AttributeValue::N(number.to_owned()))]);
    let pair = pair(&fixed("HmacSHA256", Some(32)), &["pk"], &item, Action::EncryptAndSign);
    let sealed = ready(pair.encryptor.encrypt_item(item.clone())).unwrap();
    assert_eq!(ready(pair.encryptor.decrypt_item(sealed.clone())).unwrap(), item);
    let mut question = pair.question("open", &sealed);
    question["digits"] = 28.into();
    let answers = ask(python, &[question, pair.question("seal", &item)]);
    let rounded = AttributeValue::N("12345678901234567890123456790000000000".to_owned());
    assert_eq!(answers[0].as_ref().unwrap()["num"], rounded);
    assert_eq!(ready(pair.encryptor.decrypt_item(answers[1].clone().unwrap())).unwrap(), item);
}
