//! An item sealed with the public half of an RSA key, and opened with the private half: whoever writes can not read.
//!
//!     cargo run --example raw_rsa --features local -p dynaseal

mod support;

use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::{
    Item, ItemEncryptor, RawRsaKeyring, RsaKeys, RsaPadding, RsaPrivateKey, RsaPublicKey, TableConfig, sdk,
};

/// Made with OpenSSL for this example. A private key of yours comes from your secret store.
const PUBLIC_KEY: &str = include_str!("keys/test_rsa_public.pem");
const PRIVATE_KEY: &str = include_str!("keys/test_rsa_private.pem");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let config = TableConfig::builder("people", "id").encrypt(["name", "diagnosis"]).build()?;
    // Names and padding have to be the same on both sides.
    let keyring = |keys| RawRsaKeyring::new("hospital", "intake-2026", RsaPadding::OaepSha256, keys);
    // The front desk takes people in and has no business in their records.
    let front_desk = RsaKeys::Public(RsaPublicKey::from_pem(PUBLIC_KEY)?);
    let front_desk = ItemEncryptor::new(config.clone(), keyring(front_desk)?);
    let doctor = RsaKeys::Private(RsaPrivateKey::from_pem(PRIVATE_KEY)?);
    let doctor = ItemEncryptor::new(config, keyring(doctor)?);

    let item = Item::from([
        ("id".to_owned(), "p-1001".into()),
        ("name".to_owned(), "Ada Byron".into()),
        ("diagnosis".to_owned(), "migraine".into()),
    ]);
    let sealed = front_desk.encrypt_item(item.clone()).await?;
    let client = support::people().await?;
    client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

    let id = AttributeValue::S("p-1001".to_owned());
    let stored = client.get_item().table_name("people").key("id", id).send().await?.item.ok_or("no such item")?;
    let stored = sdk::from_sdk(stored)?;
    assert_ne!(stored.get("diagnosis"), item.get("diagnosis"));

    let refusal = front_desk.decrypt_item(stored.clone()).await.expect_err("the public key opened the item");
    println!("front desk: {}", support::text(&refusal));
    let opened = doctor.decrypt_item(stored).await?;
    assert_eq!(opened.item, item);
    // A public key is never derived from the private one; who does both gives `RsaKeys::Pair`.
    let refusal = doctor.encrypt_item(item).await.expect_err("the private key sealed an item");
    println!("doctor:     {}", support::text(&refusal));
    Ok(())
}
