//! The least that sealing and opening can take: the calls of the cryptographic library that the format demands, on
//! buffers of the right sizes that are there already. No parsing, no copying, no map, no allocation but the library's.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use aws_lc_rs::{digest, hkdf, hmac};
use dynaseal_core::{AlgorithmSuite, AttributeValue, HEAD};
use dynaseal_testkit::block_on;

use crate::{KEY, Row};

/// Buffers and keys that a row needs.
pub struct Floor {
    signed: bool,
    wrapping_key: LessSafeKey,
    wrapped_key: ([u8; 32], Vec<u8>),
    wrapped_data_key: ([u8; 32], Vec<u8>),
    context: Vec<u8>,
    header: Vec<u8>,
    record: Vec<u8>,
    path: Vec<u8>,
    fields: Vec<Vec<u8>>,
    sealed: Vec<u8>,
    tag: Vec<u8>,
    keystream: Vec<u8>,
    public_key: Vec<u8>,
    signature: Vec<u8>,
}

impl std::fmt::Debug for Floor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Floor").field("signed", &self.signed).finish_non_exhaustive()
    }
}

#[allow(unused_must_use, reason = "the calls are what is measured, not what they give")]
impl Floor {
    /// Prepares a row: the sizes are taken from a record that was really sealed.
    pub fn new(row: Row, suite: AlgorithmSuite) -> Self {
        let sealed = block_on(row.encryptor(suite).encrypt_item(row.item())).expect("the row can be sealed");
        let Some(AttributeValue::B(head)) = sealed.item.get(HEAD) else { unreachable!("a sealed item has a header") };
        let context =
            sealed.header.as_ref().map(|header| header.encryption_context().canonical().to_vec()).unwrap_or_default();
        let path = vec![0; crate::TABLE.len() + 9 + 8 + "attribute000".len()];
        // Per field: path, length, ENCRYPTED, type id, ciphertext and tag; two short fields for the keys.
        let record = head.len()
            + 8
            + context.len()
            + row.count * (path.len() + 8 + 9 + 2 + row.size + 16)
            + 2 * (path.len() + 40);
        let signing_key = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).expect("entropy");
        let signature = signing_key.sign(&SystemRandom::new(), &[7; 48]).expect("a signature");
        let mut floor = Self {
            signed: suite.is_signed(),
            wrapping_key: key(&KEY),
            wrapped_key: ([1; 32], vec![0; 16]),
            wrapped_data_key: ([2; 32], vec![0; 16]),
            context,
            header: vec![0; head.len() - 32],
            record: vec![0; record],
            path,
            fields: vec![vec![0; row.size]; row.count],
            sealed: vec![0; row.size],
            tag: Vec::new(),
            keystream: vec![0; row.count * 48],
            public_key: compressed(signing_key.public_key().as_ref()),
            signature: signature.as_ref().to_vec(),
        };
        floor.prepare_opening();
        floor
    }

    /// Ciphertexts that open with the keys that `open` uses.
    fn prepare_opening(&mut self) {
        let seal = |key: &LessSafeKey, aad: &[u8], bytes: &mut [u8]| {
            let tag = key.seal_in_place_separate_tag(nonce(), Aad::from(aad), bytes).expect("sealing");
            tag.as_ref().to_vec()
        };
        self.wrapped_key.1 = seal(&self.wrapping_key, &self.context, &mut self.wrapped_key.0);
        self.wrapped_data_key.1 = seal(&key(&[3; 32]), &self.context, &mut self.wrapped_data_key.0);
        self.tag = seal(&key(&[4; 32]), &self.path, &mut self.sealed);
    }

    /// The calls of sealing.
    pub fn seal(&mut self) {
        let mut random = [0; 32];
        // Data key, intermediate key, message id and nonce.
        for length in [32, 32, 32, 12] {
            aws_lc_rs::rand::fill(random.get_mut(..length).unwrap_or_default()).expect("entropy");
        }
        derive_two(&random);
        let signing_key =
            self.signed.then(|| EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).expect("entropy"));
        let context = self.context.as_slice();
        let mut wrapped = [0; 32];
        key(&random).seal_in_place_separate_tag(nonce(), Aad::from(context), &mut wrapped).expect("sealing");
        self.wrapping_key.seal_in_place_separate_tag(nonce(), Aad::from(context), &mut wrapped).expect("sealing");
        derive_two(&random);
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, &random), &self.header);
        keystream(&random, &mut self.keystream);
        for field in &mut self.fields {
            key(&random).seal_in_place_separate_tag(nonce(), Aad::from(&self.path), field).expect("sealing");
        }
        let hash = digest::digest(&digest::SHA384, &self.record);
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA384, &random), hash.as_ref());
        if let Some(signing_key) = signing_key {
            signing_key.sign(&SystemRandom::new(), hash.as_ref()).expect("a signature");
        }
    }

    /// The calls of opening.
    pub fn open(&mut self) {
        let random = [5; 32];
        let open = |key: &LessSafeKey, aad: &[u8], sealed: &[u8], tag: &[u8], out: &mut [u8]| {
            key.open_separate_gather(nonce(), Aad::from(aad), sealed, tag, out).expect("opening");
        };
        let mut unwrapped = [0; 32];
        open(&self.wrapping_key, &self.context, &self.wrapped_key.0, &self.wrapped_key.1, &mut unwrapped);
        derive_two(&random);
        let (wrapped, tag) = &self.wrapped_data_key;
        open(&key(&[3; 32]), &self.context, wrapped, tag, &mut unwrapped);
        derive_two(&random);
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, &random), &self.header);
        let hash = digest::digest(&digest::SHA384, &self.record);
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA384, &random), hash.as_ref());
        if self.signed {
            let public_key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, &self.public_key);
            public_key.verify(&[7; 48], &self.signature).expect("the signature is right");
        }
        keystream(&random, &mut self.keystream);
        for field in &mut self.fields {
            open(&key(&[4; 32]), &self.path, &self.sealed, &self.tag, field);
        }
    }
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn key(bytes: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).expect("the key has 32 bytes"))
}

/// One extraction and two expansions, as for the intermediate key and for the data key.
fn derive_two(secret: &[u8; 32]) -> [u8; 32] {
    let prk = hkdf::Salt::none(hkdf::HKDF_SHA512).extract(secret);
    let mut out = [0; 32];
    for info in [b"AWS_MPL_INTERMEDIATE_KEYWRAP_ENC", b"AWS_MPL_INTERMEDIATE_KEYWRAP_MAC"] {
        prk.expand(&[info], Length32).and_then(|okm| okm.fill(&mut out)).expect("32 bytes are few");
    }
    out
}

#[derive(Clone, Copy)]
struct Length32;

impl hkdf::KeyType for Length32 {
    fn len(&self) -> usize {
        32
    }
}

fn keystream(secret: &[u8; 32], out: &mut [u8]) {
    let key = UnboundCipherKey::new(&AES_256, secret).and_then(EncryptingKey::ctr).expect("the key has 32 bytes");
    key.less_safe_encrypt(out, EncryptionContext::Iv128([0; 16].into())).expect("a keystream");
}

fn compressed(point: &[u8]) -> Vec<u8> {
    let (x, y) = point.split_at(49);
    let mut out = vec![2 | (y.last().copied().unwrap_or_default() & 1)];
    out.extend(x.iter().skip(1));
    out
}
