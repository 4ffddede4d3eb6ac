//! An item sealed by a hospital for a laboratory, each with a key pair of its own: both can open it, and nobody else.
//!
//!     cargo run --example raw_ecdh_static --features local -p dynaseal

mod support;

use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::{
    Curve, EcdhPrivateKey, EcdhPublicKey, Item, ItemEncryptor, RawEcdhKeyring, RecipientInfo, TableConfig, sdk,
};

/// Made with OpenSSL for this example. A private key of yours comes from your secret store.
const HOSPITAL: &str = include_str!("keys/test_hospital_p384_private.pem");
const HOSPITAL_PUBLIC: &str = include_str!("keys/test_hospital_p384_public.pem");
const LABORATORY: &str = include_str!("keys/test_laboratory_p384_private.pem");
const LABORATORY_PUBLIC: &str = include_str!("keys/test_laboratory_p384_public.pem");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let config = TableConfig::builder("people", "id").encrypt(["name", "sample"]).build()?;
    // Each side has its own private key and the other's public key.
    let keyring = |own, other| -> Result<_, Box<dyn Error>> {
        let (own, other) = (EcdhPrivateKey::from_pem(Curve::P384, own)?, EcdhPublicKey::from_pem(Curve::P384, other)?);
        Ok(RawEcdhKeyring::fixed(own, other)?)
    };
    let hospital = ItemEncryptor::new(config.clone(), keyring(HOSPITAL, LABORATORY_PUBLIC)?);
    let laboratory = ItemEncryptor::new(config, keyring(LABORATORY, HOSPITAL_PUBLIC)?);

    let item = Item::from([
        ("id".to_owned(), "p-1001".into()),
        ("name".to_owned(), "Ada Byron".into()),
        ("sample".to_owned(), "A-17".into()),
    ]);
    let sealed = hospital.encrypt_item(item.clone()).await?;
    let client = support::people().await?;
    client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

    let id = AttributeValue::S("p-1001".to_owned());
    let stored = client.get_item().table_name("people").key("id", id).send().await?.item.ok_or("no such item")?;
    let stored = sdk::from_sdk(stored)?;
    assert_ne!(stored.get("sample"), item.get("sample"));
    // The two public keys stand in the record, so that a reader knows whether it is meant.
    let recipients = laboratory.inspect(&stored)?.recipients;
    assert!(matches!(recipients.as_slice(), [RecipientInfo::Ecdh { kms: false, .. }]));

    let opened = laboratory.decrypt_item(stored.clone()).await?;
    assert_eq!(opened.item, item);
    // The secret that both agree on is the same from either side, so the hospital reads its own record too.
    let opened = hospital.decrypt_item(stored).await?;
    assert_eq!(opened.item, item);
    println!("opened by the laboratory and by the hospital: {} attributes", opened.item.len());
    Ok(())
}
