//! Records that are right in everything but one thing, as somebody could write them who has the keys. A second writer of
//! the format stands in this file, so that tags and commitments can be made for whatever a test wants to have written.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hkdf, hmac};
use dynaseal_core::format::{type_id, write_value};
use dynaseal_core::{
    AlgorithmSuite, AttributeValue, ErrorKind, FOOT, HEAD, Item, ItemEncryptor, RawAesKeyring, TableConfig,
};
use dynaseal_testkit::{ScriptedRandom, block_on};

/// The keys that a record hangs on. Nobody but its writer has them; here they are what randomness was told to be.
struct Writer {
    version_2: bool,
    data_key: [u8; 32],
    intermediate_key: [u8; 32],
    message_id: [u8; 32],
}

const WRAPPING_KEY: [u8; 32] = [1; 32];
const NONCE: [u8; 12] = [4; 12];
/// Signed attributes in the order of their canonical paths, and whether they are encrypted.
const FIELDS: [(&str, bool); 5] = [("pk", false), ("sk", false), ("name", true), ("note", true), ("plain", false)];

impl Writer {
    fn new(version_2: bool, byte: u8) -> Self {
        let [data_key, intermediate_key, message_id] = [byte, byte + 1, byte + 2].map(|byte| [byte; 32]);
        Self { version_2, data_key, intermediate_key, message_id }
    }

    fn encryptor(&self) -> ItemEncryptor {
        let builder = TableConfig::builder("people", "pk").sort_key("sk").encrypt(["name", "note"]).unsigned(["free"]);
        let builder = if self.version_2 { builder.include_in_context(["plain"]) } else { builder.sign(["plain"]) };
        let config = builder.algorithm_suite(AlgorithmSuite::HmacOnly).build().unwrap();
        ItemEncryptor::new(config, RawAesKeyring::new("ns", "key", &WRAPPING_KEY).unwrap())
    }

    /// The record that the library writes with these keys.
    fn sealed(&self) -> Sealed<'_> {
        self.seal(person())
    }

    fn seal(&self, item: Item) -> Sealed<'_> {
        let random = [self.data_key.to_vec(), self.intermediate_key.to_vec(), NONCE.to_vec(), self.message_id.to_vec()];
        let random = Arc::new(ScriptedRandom::new(random));
        let encryptor = self.encryptor().with_random(random.clone());
        let sealed = block_on(encryptor.encrypt_item(item)).unwrap();
        assert!(random.is_used_up());
        let context = sealed.header.unwrap().encryption_context().canonical().to_vec();
        Sealed { writer: self, item: sealed.item, context }
    }
}

/// A sealed item, and what its writer knows of it.
struct Sealed<'w> {
    writer: &'w Writer,
    item: Item,
    context: Vec<u8>,
}

impl Sealed<'_> {
    /// After a change, with the tags as the writer would have made them for what is there now.
    fn forged(&self, change: impl FnOnce(&mut Item)) -> Item {
        let mut item = self.item.clone();
        change(&mut item);
        let tag = tag(&self.writer.intermediate_key, &record_hash(&item, &self.context));
        item.insert(FOOT.to_owned(), AttributeValue::B(tag));
        item
    }

    /// What opening says after a change with new tags.
    fn after(&self, change: impl FnOnce(&mut Item)) -> &'static str {
        opening(&self.writer.encryptor(), self.forged(change))
    }
}

fn person() -> Item {
    let texts = [("pk", "ada"), ("sk", "7"), ("name", "Ada"), ("note", "a longer note"), ("plain", "p"), ("free", "f")];
    texts.map(|(name, text)| (name.to_owned(), text.into())).into()
}

fn writers() -> [Writer; 2] {
    [false, true].map(|version_2| Writer::new(version_2, 11))
}

/// What is hashed of a record, from the words of the specification.
fn record_hash(item: &Item, context: &[u8]) -> Vec<u8> {
    let length = |length: usize| u64::try_from(length).unwrap().to_be_bytes();
    let AttributeValue::B(head) = &item[HEAD] else { panic!("no header") };
    let mut record = [head.as_slice(), &length(context.len()), context].concat();
    for (name, encrypted) in FIELDS.into_iter().filter(|(name, _)| item.contains_key(*name)) {
        record.extend(b"people\0\0\0\0\0\0\0\x01$");
        record.extend(length(name.len()));
        record.extend(name.as_bytes());
        let mut value = Vec::new();
        write_value(&item[name], &mut value).unwrap();
        if encrypted {
            record.extend(length(value.len().saturating_sub(2)));
            record.extend(b"ENCRYPTED");
        } else {
            record.extend(length(value.len()));
            record.extend(b"PLAINTEXT");
            record.extend(type_id(&item[name]));
        }
        record.extend(value);
    }
    digest::digest(&digest::SHA384, &record).as_ref().to_vec()
}

fn derive(secret: &[u8; 32], info: &[&[u8]]) -> [u8; 32] {
    let mut key = [0; 32];
    let prk = hkdf::Salt::none(hkdf::HKDF_SHA512).extract(secret);
    prk.expand(info, hkdf::HKDF_SHA256).unwrap().fill(&mut key).unwrap();
    key
}

fn tag(intermediate_key: &[u8; 32], record_hash: &[u8]) -> Vec<u8> {
    let key = derive(intermediate_key, &[b"AWS_MPL_INTERMEDIATE_KEYWRAP_MAC"]);
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA384, &key), record_hash).as_ref().to_vec()
}

/// The commitment of everything before the last 32 bytes of a header.
fn commitment(data_key: &[u8; 32], message_id: &[u8; 32], body: &[u8]) -> Vec<u8> {
    let key = derive(data_key, &[b"AWS_DBE_COMMIT_KEY", message_id]);
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, &key), body).as_ref()[..32].to_vec()
}

/// AES-256-GCM: ciphertext and tag.
fn wrap(key: &[u8; 32], nonce: [u8; 12], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
    let mut out = plain.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut out).unwrap();
    out
}

/// One encrypted data key as it stands in a header, of a raw AES key.
fn encrypted_data_key(
    name: &str,
    wrapping_key: &[u8; 32],
    intermediate: &[u8; 32],
    data_key: &[u8; 32],
    context: &[u8],
) -> Vec<u8> {
    let short = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let info = [name.as_bytes(), &[0, 0, 0, 128, 0, 0, 0, 12], &NONCE].concat();
    let inner = derive(intermediate, &[b"AWS_MPL_INTERMEDIATE_KEYWRAP_ENC"]);
    let wrapped = [wrap(&inner, [0; 12], context, data_key), wrap(wrapping_key, NONCE, context, intermediate)].concat();
    [short(b"ns"), short(&info), short(&wrapped)].concat()
}

fn opening(encryptor: &ItemEncryptor, item: Item) -> &'static str {
    match block_on(encryptor.decrypt_item(item)) {
        Ok(_) => "opened",
        Err(error) => match error.kind() {
            ErrorKind::Authentication => "authentication",
            ErrorKind::Malformed { .. } => "malformed",
            other => panic!("{other}"),
        },
    }
}

fn bytes<'i>(item: &'i mut Item, name: &str) -> &'i mut Vec<u8> {
    match item.get_mut(name).unwrap() {
        AttributeValue::B(bytes) => bytes,
        _ => panic!("{name} is not binary"),
    }
}

/// The last 32 bytes of a header.
fn commitment_of(item: &mut Item) -> &mut [u8] {
    let head = bytes(item, HEAD);
    let start = head.len() - 32;
    &mut head[start..]
}

/// Were this writer wrong, its records would be refused for that, and the tests below would show nothing.
#[test]
fn both_writers_write_the_same() {
    for writer in writers() {
        let sealed = writer.sealed();
        assert_eq!(sealed.forged(|_| ()), sealed.item);
        let AttributeValue::B(head) = &sealed.item[HEAD] else { panic!("no header") };
        let body = &head[..head.len() - 32];
        assert_eq!(commitment(&writer.data_key, &writer.message_id, body), head[body.len()..]);
        let data_key =
            encrypted_data_key("key", &WRAPPING_KEY, &writer.intermediate_key, &writer.data_key, &sealed.context);
        assert!(body.ends_with(&data_key));
        // What is in no context may be changed by whoever makes the tags anew.
        if !writer.version_2 {
            assert_eq!(sealed.after(|item| drop(item.insert("plain".into(), "other".into()))), "opened");
        }
    }
}

#[test]
fn a_commitment_that_is_wrong_in_any_bit() {
    for writer in writers() {
        let sealed = writer.sealed();
        for bit in 0..32 * 8 {
            let after = sealed.after(|item| commitment_of(item)[bit / 8] ^= 1 << (bit % 8));
            assert_eq!(after, "authentication", "bit {bit}");
        }
        assert_eq!(sealed.after(|item| commitment_of(item).fill(0)), "authentication");
    }
}

#[test]
fn the_commitment_of_another_record() {
    for writer in writers() {
        let sealed = writer.sealed();
        // Another data key; the same data key with another message id; the same of both, over another header.
        let body = |item: &mut Item| -> Vec<u8> {
            let head = bytes(item, HEAD);
            head[..head.len() - 32].to_vec()
        };
        let mut item = sealed.item.clone();
        let right = commitment(&writer.data_key, &writer.message_id, &body(&mut item));
        assert_eq!(right, commitment_of(&mut item));
        let others = [
            commitment(&[99; 32], &writer.message_id, &body(&mut item)),
            commitment(&writer.data_key, &[99; 32], &body(&mut item)),
            commitment(&writer.data_key, &writer.message_id, &body(&mut item)[1..]),
            commitment(&writer.data_key, &writer.message_id, &item_bytes(&item, HEAD)),
        ];
        for other in others {
            assert_eq!(sealed.after(|item| commitment_of(item).copy_from_slice(&other)), "authentication");
        }
    }
}

fn item_bytes(item: &Item, name: &str) -> Vec<u8> {
    bytes(&mut item.clone(), name).clone()
}

/// Without encrypted attributes nothing but the commitment hangs on the message id.
#[test]
fn another_message_id_with_new_tags() {
    for writer in writers() {
        let readable = person().into_iter().filter(|(name, _)| !["name", "note"].contains(&name.as_str()));
        let sealed = writer.seal(readable.collect());
        assert_eq!(sealed.after(|_| ()), "opened");
        for bit in 0..32 * 8 {
            let after = sealed.after(|item| bytes(item, HEAD)[2 + bit / 8] ^= 1 << (bit % 8));
            assert_eq!(after, "authentication", "bit {bit}");
        }
    }
}

/// Two recipients that are given two data keys: without a commitment each would read something else in one record.
#[test]
fn one_record_for_two_data_keys() {
    let writer = Writer::new(false, 11);
    let (other_key, other_intermediate, other_data_key) = ([2; 32], [21; 32], [22; 32]);
    let sealed = writer.sealed();
    let two = |second_data_key: &[u8; 32], committed: &[u8; 32]| {
        let head = item_bytes(&sealed.item, HEAD);
        let first =
            encrypted_data_key("key", &WRAPPING_KEY, &writer.intermediate_key, &writer.data_key, &sealed.context);
        let start = head.len() - 32 - first.len() - 1;
        let second = encrypted_data_key("other", &other_key, &other_intermediate, second_data_key, &sealed.context);
        let mut body = [&head[..start], &[2], first.as_slice(), &second].concat();
        // The legend without the letters of encrypted fields: nothing but the commitment hangs on the data key.
        assert_eq!(body[34..41], *b"\0\x05ssees");
        body.splice(34..41, *b"\0\x03sss");
        let commitment = commitment(committed, &writer.message_id, &body);
        let mut item: Item =
            sealed.item.clone().into_iter().filter(|(name, _)| !["name", "note"].contains(&&**name)).collect();
        item.insert(HEAD.to_owned(), AttributeValue::B([body, commitment].concat()));
        let hash = record_hash(&item, &sealed.context);
        let tags = [tag(&writer.intermediate_key, &hash), tag(&other_intermediate, &hash)].concat();
        item.insert(FOOT.to_owned(), AttributeValue::B(tags));
        item
    };
    let first = writer.encryptor();
    let second = ItemEncryptor::new(first.config().clone(), RawAesKeyring::new("ns", "other", &other_key).unwrap());
    let open = |item: &Item| [&first, &second].map(|encryptor| opening(encryptor, item.clone()));

    assert_eq!(open(&two(&writer.data_key, &writer.data_key)), ["opened", "opened"]);
    assert_eq!(open(&two(&other_data_key, &writer.data_key)), ["opened", "authentication"]);
    assert_eq!(open(&two(&other_data_key, &other_data_key)), ["authentication", "opened"]);
    assert_eq!(open(&two(&other_data_key, &[99; 32])), ["authentication", "authentication"]);
}

#[test]
fn a_tag_too_many_or_too_few() {
    for writer in writers() {
        let sealed = writer.sealed();
        let foot = item_bytes(&sealed.item, FOOT);
        let with = |foot: Vec<u8>| {
            let mut item = sealed.item.clone();
            item.insert(FOOT.to_owned(), AttributeValue::B(foot));
            opening(&writer.encryptor(), item)
        };
        assert_eq!(with(foot.clone()), "opened");
        assert_eq!(with([foot.clone(), foot.clone()].concat()), "authentication");
        assert_eq!(with([foot.clone(), vec![0; 48]].concat()), "authentication");
        assert_eq!(with(vec![0; 48]), "authentication");
        assert_eq!(with(vec![]), "malformed");
    }
}

/// Encrypted values that no writer writes, with tags that are right.
#[test]
fn stored_values_that_are_none() {
    for writer in writers() {
        let sealed = writer.sealed();
        let whole = item_bytes(&sealed.item, "name");
        assert_eq!(whole.len(), 2 + "Ada".len() + 16);
        for length in 0..whole.len() {
            let after = sealed.after(|item| bytes(item, "name").truncate(length));
            assert_eq!(after, "authentication", "cut to {length}");
        }
        for value in ["Ada".into(), 5_i64.into(), AttributeValue::Bool(true), AttributeValue::L(vec![])] {
            assert_eq!(sealed.after(|item| drop(item.insert("name".into(), value))), "authentication");
        }
        // Of another field: the path is authenticated with it.
        let note = item_bytes(&sealed.item, "note");
        assert_eq!(sealed.after(|item| *bytes(item, "name") = note), "authentication");
        // The type id is under the tags alone. What is no value of its type, or a type that there is not, is refused.
        for type_id in [[0, 0], [0, 4], [2, 0], [3, 0], [9, 9]] {
            assert_eq!(sealed.after(|item| bytes(item, "name")[..2].copy_from_slice(&type_id)), "malformed");
        }
    }
}
