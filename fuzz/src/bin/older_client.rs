//! Any bytes are a value of the DynamoDB Encryption Client, its material description, and what it stores in an item, or an
//! error; and what reads as a value or a description writes and reads back as the same.
#![no_main]

use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

use dynaseal_core::{AttributeValue, Item, LegacyEncryptor, LegacyError};
use dynaseal_legacy::ddbec::{
    AesKey, Encryptor, HmacKey, Library, MATERIAL_DESCRIPTION, Mac, MaterialDescription, SIGNATURE, WrappedProvider,
    deserialize_attribute, serialize_attribute,
};

static ENCRYPTOR: LazyLock<Encryptor> = LazyLock::new(|| {
    let (aes, hmac) = (AesKey::new(&[1; 16]).unwrap(), HmacKey::new(Mac::HmacSha256, &[2; 32]).unwrap());
    let provider = WrappedProvider::builder()
        .wrapping_key(aes.clone())
        .unwrapping_key(aes)
        .signing_key(hmac.clone())
        .verification_key(hmac);
    Encryptor::builder("table", "id").build(Arc::new(provider.build().unwrap())).unwrap()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = deserialize_attribute(bytes) {
        for library in [Library::Java, Library::Python] {
            // Numbers read in any spelling; those that DynamoDB does not have are not written.
            let Ok(written) = serialize_attribute(&value, library) else { continue };
            let again = deserialize_attribute(&written).expect("what is written reads back");
            assert_eq!(serialize_attribute(&again, library).expect("and is written again"), written);
        }
    }
    if let Ok(description) = MaterialDescription::from_bytes(bytes) {
        let written = description.to_bytes();
        let again = MaterialDescription::from_bytes(&written).expect("what is written reads back");
        assert!(again.iter().eq(description.iter()));
    }
    // Half of it as the description, half as a value; nobody has signed that.
    let (description, value) = bytes.split_at(bytes.len() / 2);
    let item = Item::from([
        ("id".to_owned(), AttributeValue::S("a".to_owned())),
        ("name".to_owned(), AttributeValue::B(value.to_vec())),
        (MATERIAL_DESCRIPTION.to_owned(), AttributeValue::B(description.to_vec())),
        (SIGNATURE.to_owned(), AttributeValue::B(value.to_vec())),
    ]);
    assert!(decrypt(item).is_err());
});

/// The keys are here, so nobody waits.
fn decrypt(item: Item) -> Result<Item, LegacyError> {
    let opening = pin!(ENCRYPTOR.decrypt_item(item));
    match opening.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(opened) => opened,
        Poll::Pending => panic!("it waits for something"),
    }
}
