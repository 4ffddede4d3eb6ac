//! A laboratory opens whatever was sealed for its key pair, whoever the sender is.
//!
//!     cargo run --example raw_ecdh_discovery --features local -p dynaseal

mod support;

use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::{Curve, EcdhPrivateKey, EcdhPublicKey, Item, ItemEncryptor, RawEcdhKeyring, TableConfig, sdk};

/// Made with OpenSSL for this example. A private key of yours comes from your secret store.
const HOSPITAL: &str = include_str!("keys/test_hospital_p384_private.pem");
const LABORATORY: &str = include_str!("keys/test_laboratory_p384_private.pem");
const LABORATORY_PUBLIC: &str = include_str!("keys/test_laboratory_p384_public.pem");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let config = TableConfig::builder("people", "id").encrypt(["name", "sample"]).build()?;
    let public_key = || EcdhPublicKey::from_pem(Curve::P384, LABORATORY_PUBLIC);
    // One sender is known by its key, the other makes a new one for each record.
    let hospital = RawEcdhKeyring::fixed(EcdhPrivateKey::from_pem(Curve::P384, HOSPITAL)?, public_key()?)?;
    let anybody = RawEcdhKeyring::ephemeral(public_key()?);
    let senders = [("p-1001", hospital), ("p-1002", anybody)];
    // The laboratory has its own key and no list of senders. The record names the sender's public key.
    let private_key = EcdhPrivateKey::from_pem(Curve::P384, LABORATORY)?;
    let laboratory = ItemEncryptor::new(config.clone(), RawEcdhKeyring::discovery(private_key));

    let client = support::people().await?;
    for (id, keyring) in senders {
        let item = Item::from([
            ("id".to_owned(), id.into()),
            ("name".to_owned(), "Ada Byron".into()),
            ("sample".to_owned(), "A-17".into()),
        ]);
        let sender = ItemEncryptor::new(config.clone(), keyring);
        let sealed = sender.encrypt_item(item.clone()).await?;
        client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

        let key = AttributeValue::S(id.to_owned());
        let stored = client.get_item().table_name("people").key("id", key).send().await?.item.ok_or("no such item")?;
        let stored = sdk::from_sdk(stored)?;
        assert_ne!(stored.get("sample"), item.get("sample"));
        let opened = laboratory.decrypt_item(stored).await?;
        assert_eq!(opened.item, item);
        println!("opened {id}");
    }

    // Discovery knows nobody to seal for.
    let item = Item::from([("id".to_owned(), "p-1003".into())]);
    let refusal = laboratory.encrypt_item(item).await.expect_err("discovery sealed an item");
    println!("laboratory: {}", support::text(&refusal));
    Ok(())
}
