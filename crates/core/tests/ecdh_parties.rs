//! The parties of a key agreement, which keyrings of other crates use as well: whom a header names, and what a secret wraps.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::kdf::{KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac};
use dynaseal_core::{
    AlgorithmSuite, AttributeValue, BoxFuture, Curve, EcdhParties, EcdhPrivateKey, EcdhPublicKey, EncryptedDataKeyRef,
    HEAD, Item, ItemEncryptor, KMS_ECDH_PROVIDER_ID, Keyring, MaterialsError, RAW_ECDH_PROVIDER_ID, RawEcdhKeyring,
    SharedSecret, TableConfig, UnwrapRequest, UnwrappedKeys, WrapRequest,
};
use dynaseal_testkit::{ScriptedRandom, block_on};

const CURVES: [(Curve, &str, usize); 3] =
    [(Curve::P256, "p256", 32), (Curve::P384, "p384", 48), (Curve::P521, "p521", 66)];

fn public(curve: &(Curve, &str, usize), name: &str) -> EcdhPublicKey {
    let file = format!("tests/keys/test-{}-{name}.pub.pem", curve.1);
    let pem = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    EcdhPublicKey::from_pem(curve.0, pem).unwrap()
}

#[test]
fn whom_a_provider_info_names() {
    for curve in &CURVES {
        let (a, b) = (public(curve, "a"), public(curve, "b"));
        let parties = EcdhParties::new(&a, &b).unwrap();
        assert_eq!((parties.curve, parties.sender, parties.recipient), (curve.0, a.compressed(), b.compressed()));
        let reversed = parties.reversed();
        assert_eq!((reversed.sender, reversed.recipient), (b.compressed(), a.compressed()));
        assert_eq!(Some(reversed), EcdhParties::new(&b, &a));

        let length = u32::try_from(curve.2 + 1).unwrap().to_be_bytes();
        let info = parties.provider_info().unwrap();
        assert_eq!(info, [&[1], &length[..], b.compressed(), &length, a.compressed()].concat());
        let of = |provider_id: &str, info: &[u8]| {
            EcdhParties::of(&EncryptedDataKeyRef { provider_id, provider_info: info, ciphertext: &[] }) == Some(parties)
        };
        assert!(of(RAW_ECDH_PROVIDER_ID, &info) && of(KMS_ECDH_PROVIDER_ID, &info));
        for other in ["", "raw-ecd", "raw-ecdh2", "aws-kms", "aws-kms-hierarchy"] {
            assert!(!of(other, &info), "{other}");
        }
    }
}

#[test]
fn infos_that_name_nobody() {
    for curve in &CURVES {
        let (a, b) = (public(curve, "a"), public(curve, "b"));
        let info = EcdhParties::new(&a, &b).unwrap().provider_info().unwrap();
        let is_none = |info: &[u8]| {
            EcdhParties::of(&EncryptedDataKeyRef { provider_id: "raw-ecdh", provider_info: info, ciphertext: &[] })
                .is_none()
        };
        assert!(!is_none(&info));
        for length in 0..info.len() {
            assert!(is_none(&info[..length]), "cut to {length}");
        }
        assert!(is_none(&[info.clone(), vec![0]].concat()));
        for version in (0..=255).filter(|version| *version != 1) {
            assert!(is_none(&[&[version], &info[1..]].concat()), "version {version}");
        }
    }
    // Points of two curves, and of none.
    let [p256, p384, _] = CURVES;
    let (a, b) = (public(&p256, "a"), public(&p384, "b"));
    assert!(EcdhParties::new(&a, &b).is_none() && EcdhParties::new(&b, &a).is_none());
    let point = |length: usize| [&u32::try_from(length).unwrap().to_be_bytes()[..], &vec![2; length]].concat();
    for (first, second) in [(33, 49), (49, 33), (33, 34), (34, 34), (32, 32), (65, 65), (0, 0)] {
        let info = [vec![1], point(first), point(second)].concat();
        let edk = EncryptedDataKeyRef { provider_id: "raw-ecdh", provider_info: &info, ciphertext: &[] };
        assert!(EcdhParties::of(&edk).is_none(), "{first} {second}");
    }
}

#[test]
fn keyrings_name_their_keys() {
    for curve in &CURVES {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/keys/test-{}-a.pem", curve.1));
        let private = || EcdhPrivateKey::from_pem(curve.0, std::fs::read_to_string(&file).unwrap()).unwrap();
        let (a, b) = (public(curve, "a"), public(curve, "b"));
        let fixed = RawEcdhKeyring::fixed(private(), b.clone()).unwrap();
        assert_eq!(fixed.describe(), format!("raw ECDH from {a} to {b}"));
        assert_eq!(RawEcdhKeyring::ephemeral(b.clone()).describe(), format!("ephemeral raw ECDH to {b}"));
        assert_eq!(RawEcdhKeyring::discovery(private()).describe(), format!("raw ECDH to {a}"));
    }
}

/// A keyring with the secrets that a key server would derive: one to seal and one to open.
#[derive(Debug)]
struct Server {
    sender: EcdhPublicKey,
    recipient: EcdhPublicKey,
    sealing: SharedSecret,
    opening: SharedSecret,
    reversed: bool,
    said: Mutex<Vec<String>>,
}

impl Keyring for Server {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        let parties = EcdhParties::new(&self.sender, &self.recipient).unwrap();
        Box::pin(std::future::ready(parties.wrap(request, KMS_ECDH_PROVIDER_ID, &self.sealing)))
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        let parties = EcdhParties::new(&self.sender, &self.recipient).unwrap();
        let parties = if self.reversed { parties.reversed() } else { parties };
        let result = parties.unwrap(&request.encrypted_data_keys[0], request.context, &self.opening);
        self.said.lock().unwrap().push(if result.is_ok() { "opened" } else { "refused" }.to_owned());
        Box::pin(std::future::ready(result))
    }

    fn describe(&self) -> String {
        "server".to_owned()
    }
}

fn server(curve: &(Curve, &str, usize), sealing: &[u8], opening: &[u8], reversed: bool) -> Arc<Server> {
    let [sealing, opening] = [sealing, opening].map(SharedSecret::copy_from);
    let (sender, recipient) = (public(curve, "a"), public(curve, "b"));
    Arc::new(Server { sender, recipient, sealing, opening, reversed, said: Mutex::default() })
}

fn encryptor(server: &Arc<Server>) -> ItemEncryptor {
    let config = TableConfig::builder("table", "pk").encrypt(["v"]).algorithm_suite(AlgorithmSuite::HmacOnly);
    ItemEncryptor::new(config.build().unwrap(), server.clone())
}

fn item() -> Item {
    [("pk".to_owned(), "a".into()), ("v".to_owned(), "secret".into())].into()
}

#[test]
fn only_the_same_secret_of_the_same_parties_opens() {
    for curve in &CURVES {
        let right = vec![7; curve.2];
        let sealed = block_on(encryptor(&server(curve, &right, &right, false)).encrypt_item(item())).unwrap().item;
        let open = |opening: &[u8], reversed: bool, sealed: &Item| {
            let server = server(curve, &right, opening, reversed);
            let opened = block_on(encryptor(&server).decrypt_item(sealed.clone()));
            assert_eq!(*server.said.lock().unwrap(), [if opened.is_ok() { "opened" } else { "refused" }]);
            opened.is_ok()
        };
        assert!(open(&right, false, &sealed));
        assert!(!open(&right, true, &sealed));
        let mut wrong = right.clone();
        wrong[curve.2 - 1] ^= 1;
        assert!(!open(&wrong, false, &sealed));
        // In another item, and with each byte of what was wrapped changed: data key, salt, commitment, key and tag.
        let moved = sealed.clone().into_iter().chain([("pk".to_owned(), "b".into())]).collect();
        assert!(!open(&right, false, &moved));
        let AttributeValue::B(head) = &sealed[HEAD] else { panic!("no header") };
        let end = head.len() - 32;
        for at in end - (48 + 32 + 32 + 48)..end {
            let mut head = head.clone();
            head[at] ^= 1;
            let changed = sealed.clone().into_iter().chain([(HEAD.to_owned(), head.into())]).collect();
            assert!(!open(&right, false, &changed), "{at}");
        }
    }
}

/// A secret that a key server cut short, or gave with a byte too many, would be one that nobody else derives.
#[test]
fn a_secret_has_the_length_of_its_curve() {
    for curve in &CURVES {
        let right = vec![7; curve.2];
        let sealed = block_on(encryptor(&server(curve, &right, &right, false)).encrypt_item(item())).unwrap().item;
        for length in [0, 1, curve.2 - 1, curve.2 + 1, 2 * curve.2] {
            let wrong = server(curve, &vec![7; length], &vec![7; length], false);
            assert!(block_on(encryptor(&wrong).encrypt_item(item())).is_err(), "{length}");
            assert!(block_on(encryptor(&wrong).decrypt_item(sealed.clone())).is_err(), "{length}");
        }
    }
}

/// What is written behind the data key, made again from the words of the specification: salt ‖ commitment ‖ key ‖ tag.
#[test]
fn the_wrapped_key_is_that_of_the_specification() {
    for curve in &CURVES {
        let secret = vec![7; curve.2];
        let random = Arc::new(ScriptedRandom::new([[11; 32], [12; 32], [13; 32], [14; 32]].map(Vec::from)));
        let encryptor = encryptor(&server(curve, &secret, &secret, false)).with_random(random);
        let sealed = block_on(encryptor.encrypt_item(item())).unwrap();
        let header = sealed.header.unwrap();
        let edk = header.header().encrypted_data_keys[0];

        let (a, b) = (public(curve, "a"), public(curve, "b"));
        let words = [b"ecdh-key-derivation\0".as_slice(), curve.1.as_bytes(), b"\0HMAC_SHA384\0"].concat();
        let context = header.encryption_context().canonical();
        let fixed = [words.as_slice(), a.compressed(), b.compressed(), &[0, 1, 0], context].concat();
        let info = [fixed.as_slice(), &[0], &[13; 32], &512_u32.to_be_bytes()].concat();
        let mut derived = [0; 64];
        let kdf = get_kbkdf_ctr_hmac_algorithm(KbkdfCtrHmacAlgorithmId::Sha384).unwrap();
        kbkdf_ctr_hmac(kdf, &secret, &info, &mut derived).unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &derived[32..]).unwrap());
        let mut wrapped = vec![12; 32];
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        key.seal_in_place_append_tag(nonce, Aad::from(&fixed), &mut wrapped).unwrap();
        let (_, behind) = edk.split().unwrap();
        assert_eq!(behind, [&[13; 32], &derived[..32], &wrapped].concat());
    }
}
