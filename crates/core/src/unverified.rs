//! What is done with a record before it is verified, and what verification refuses by itself. From outside one sees that such
//! a record does not open; that it was refused before anything of it was decrypted, and in one pass, shows only here.

use crate::context::EncryptionContext;
use crate::error::ErrorKind;
use crate::fields::Field;
use crate::format::{Header, RecordHash};
use crate::materials::{DecryptionMaterials, EncryptionMaterials, RequiredKeys, UnwrappedKeys};
use crate::open::verify;
use crate::path::{FieldName, PathPrefix};
use crate::primitives::hash::hmac_sha384;
use crate::primitives::rng::SystemRandom;
use crate::schema::CryptoAction;
use crate::seal::seal;
use crate::suite::{AlgorithmSuite, Version};
use crate::value::AttributeValue;

const PATH: &str = "secret";

fn field(value: &mut AttributeValue) -> Field<'_> {
    Field { name: FieldName::new(PATH), action: CryptoAction::EncryptAndSign, value, shared_name: PATH.into() }
}

/// A sealed text, and the keys that its writer has.
struct Record {
    head: Vec<u8>,
    foot: Vec<u8>,
    stored: Vec<u8>,
    materials: EncryptionMaterials,
    prefix: PathPrefix,
}

impl Record {
    fn new(plaintext: &str) -> Self {
        let (suite, context) = (AlgorithmSuite::HmacOnly, EncryptionContext::new());
        let mut materials = EncryptionMaterials::new(suite, context, RequiredKeys::default(), None).unwrap();
        let mut request = materials.wrap_request(&SystemRandom);
        let recipient = request.new_recipient().unwrap();
        request.add_recipient(recipient, "p", vec![], &[1]).unwrap();
        let (prefix, mut value) = (PathPrefix::new("table"), plaintext.into());
        let sealed = seal(&mut [field(&mut value)], Version::V1, &prefix, &[7; 32], &materials).unwrap();
        let AttributeValue::B(stored) = value else { panic!("it is sealed") };
        Self { head: sealed.head, foot: sealed.foot, stored, materials, prefix }
    }

    /// The tag as the writer would make it over these stored bytes.
    fn tag(&self, stored: &[u8]) -> Vec<u8> {
        let mut path = Vec::new();
        self.prefix.write(FieldName::new(PATH), &mut path);
        let mut hash = RecordHash::new(&self.head, &self.materials.context);
        hash.encrypted(&path, stored);
        hmac_sha384(self.materials.recipients[0].1.expose_secret(), &hash.finish()).to_vec()
    }

    fn verified(&self, mut value: AttributeValue, foot: &[u8]) -> Result<(), ErrorKind> {
        let keys = UnwrappedKeys {
            data_key: self.materials.data_key.as_ref().unwrap().duplicate(),
            recipient_key: self.materials.recipients[0].1.duplicate(),
        };
        let materials =
            DecryptionMaterials::new(AlgorithmSuite::HmacOnly, self.materials.context.clone(), keys).unwrap();
        let header = Header::parse(&self.head).unwrap();
        verify(&header, &self.head, foot, vec![field(&mut value)], &self.prefix, &materials).map(|_| ())
    }
}

#[test]
fn a_stored_value_that_is_shorter_than_its_tag() {
    let record = Record::new("Ada");
    assert_eq!(record.tag(&record.stored), record.foot);
    assert_eq!(record.stored.len(), 2 + 3 + 16);
    for length in 0..=record.stored.len() {
        let stored = &record.stored[..length];
        let verified = record.verified(AttributeValue::B(stored.to_vec()), &record.tag(stored));
        // Type id and tag are the least that a writer stores, for a value of no bytes.
        assert_eq!(verified.is_ok(), length >= 18, "{length}");
        assert!(length >= 18 || matches!(verified, Err(ErrorKind::Authentication)));
    }
}

#[test]
fn a_value_that_is_not_binary_and_a_tag_that_is_wrong() {
    let record = Record::new("Ada");
    let text = "a text that is longer than a tag".to_owned();
    let verified = record.verified(AttributeValue::S(text.clone()), &record.tag(text.as_bytes()));
    assert!(matches!(verified, Err(ErrorKind::Authentication)));
    for at in 0..record.foot.len() {
        let mut foot = record.foot.clone();
        foot[at] ^= 1;
        let verified = record.verified(AttributeValue::B(record.stored.clone()), &foot);
        assert!(matches!(verified, Err(ErrorKind::Authentication)));
    }
}

/// Whoever writes a header chooses the pairs in it. A search from the front for each of them would take minutes.
#[test]
fn two_contexts_of_very_many_pairs_are_merged_in_one_pass() {
    let mut context = EncryptionContext::new();
    for index in 0..65_000 {
        context.insert(&format!("{index:05}"), "").unwrap();
    }
    assert!(context.merged(context.as_ref()).is_ok_and(|merged| merged == context));
    assert!(context.contains_all(&context));
}
