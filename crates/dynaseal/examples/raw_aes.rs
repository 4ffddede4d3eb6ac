//! An item sealed with a raw AES key that the application holds itself.
//!
//!     cargo run --example raw_aes --features local -p dynaseal

mod support;

use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::{Item, ItemEncryptor, RawAesKeyring, TableConfig, sdk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    // 32 random bytes from your secret store; these are no secret any more.
    let key = [7; 32];
    // Namespace and name stand in every record, so that a reader knows which key to take.
    let keyring = RawAesKeyring::new("hospital", "key-2026", &key)?;
    let config = TableConfig::builder("people", "id").encrypt(["name", "diagnosis"]).sign(["ward"]).build()?;
    let encryptor = ItemEncryptor::new(config.clone(), keyring);

    let item = Item::from([
        ("id".to_owned(), "p-1001".into()),
        ("name".to_owned(), "Ada Byron".into()),
        ("diagnosis".to_owned(), "migraine".into()),
        ("ward".to_owned(), "north".into()),
    ]);
    let sealed = encryptor.encrypt_item(item.clone()).await?;
    let client = support::people().await?;
    client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

    let id = AttributeValue::S("p-1001".to_owned());
    let stored = client.get_item().table_name("people").key("id", id).send().await?.item.ok_or("no such item")?;
    let stored = sdk::from_sdk(stored)?;
    // The ward can be read and searched by everybody, but not changed; name and diagnosis are sealed.
    assert_eq!(stored.get("ward"), item.get("ward"));
    assert_ne!(stored.get("name"), item.get("name"));
    assert_ne!(stored.get("diagnosis"), item.get("diagnosis"));

    let opened = encryptor.decrypt_item(stored.clone()).await?;
    assert_eq!(opened.item, item);

    // Whoever moves the person to another ward in the database is found out.
    let mut moved = stored.clone();
    moved.insert("ward".to_owned(), "south".into());
    let refusal = encryptor.decrypt_item(moved).await.expect_err("a changed item opened");
    println!("changed item: {}", support::text(&refusal));

    // And another key of the same name does not open it.
    let other = ItemEncryptor::new(config, RawAesKeyring::new("hospital", "key-2026", &[8; 32])?);
    let refusal = other.decrypt_item(stored).await.expect_err("another key opened the item");
    println!("another key:  {}", support::text(&refusal));
    Ok(())
}
