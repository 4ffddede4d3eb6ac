//! An item sealed for a laboratory by somebody without a key: a new key pair is made for each record and thrown away.
//!
//!     cargo run --example raw_ecdh_ephemeral --features local -p dynaseal

mod support;

use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::{Curve, EcdhPrivateKey, EcdhPublicKey, Item, ItemEncryptor, RawEcdhKeyring, TableConfig, sdk};

/// Made with OpenSSL for this example. A private key of yours comes from your secret store.
const LABORATORY: &str = include_str!("keys/test_laboratory_p384_private.pem");
const LABORATORY_PUBLIC: &str = include_str!("keys/test_laboratory_p384_public.pem");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let config = TableConfig::builder("people", "id").encrypt(["name", "sample"]).build()?;
    // The sender needs nothing but the laboratory's public key, and it only seals.
    let public_key = EcdhPublicKey::from_pem(Curve::P384, LABORATORY_PUBLIC)?;
    let sender = ItemEncryptor::new(config.clone(), RawEcdhKeyring::ephemeral(public_key));
    let private_key = EcdhPrivateKey::from_pem(Curve::P384, LABORATORY)?;
    let laboratory = ItemEncryptor::new(config, RawEcdhKeyring::discovery(private_key));

    let item = Item::from([
        ("id".to_owned(), "p-1001".into()),
        ("name".to_owned(), "Ada Byron".into()),
        ("sample".to_owned(), "A-17".into()),
    ]);
    let sealed = sender.encrypt_item(item.clone()).await?;
    let client = support::people().await?;
    client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

    let id = AttributeValue::S("p-1001".to_owned());
    let stored = client.get_item().table_name("people").key("id", id).send().await?.item.ok_or("no such item")?;
    let stored = sdk::from_sdk(stored)?;
    assert_ne!(stored.get("sample"), item.get("sample"));

    let opened = laboratory.decrypt_item(stored.clone()).await?;
    assert_eq!(opened.item, item);
    // What was sealed is out of the sender's reach: the private key that could open it is gone.
    let refusal = sender.decrypt_item(stored.clone()).await.expect_err("the sender opened the item");
    println!("sender: {}", support::text(&refusal));

    // The same item once more is for the same recipient, but from another key pair.
    let again = sender.encrypt_item(item).await?;
    let (first, second) = (sender.inspect(&stored)?.recipients, sender.inspect(&again.item)?.recipients);
    assert_ne!(first, second);
    println!("recipient of the first record:  {first:?}");
    println!("recipient of the second record: {second:?}");
    Ok(())
}
