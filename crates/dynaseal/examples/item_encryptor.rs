//! An item sealed, looked at and opened with no database: for streams, exports and whatever else hands over items.
//!
//!     cargo run --example item_encryptor -p dynaseal

use std::error::Error;

use dynaseal::{AlgorithmSuite, CryptoAction, Item, ItemEncryptor, RawAesKeyring, RecipientInfo, TableConfig, Version};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let config = TableConfig::builder("people", "id")
        .sort_key("year")
        .encrypt(["name"])
        .sign(["ward"])
        .unsigned_prefix(":")
        .build()?;
    let encryptor = ItemEncryptor::new(config.clone(), RawAesKeyring::new("hospital", "key-2026", &[7; 32])?);
    let item = Item::from([
        ("id".to_owned(), "p-1001".into()),
        ("year".to_owned(), 2026_i64.into()),
        ("name".to_owned(), "Ada Byron".into()),
        ("ward".to_owned(), "north".into()),
        (":visits".to_owned(), 3_i64.into()),
    ]);

    let sealed = encryptor.encrypt_item(item.clone()).await?;
    assert!(!format!("{:?}", sealed.item).contains("Ada"));
    // The header that was written: how it was sealed, and who can open it.
    let header = sealed.header.ok_or("not sealed")?;
    assert_eq!(header.version(), Version::V1);
    assert_eq!(header.algorithm_suite(), AlgorithmSuite::default());
    let key = RecipientInfo::RawAes { namespace: "hospital".to_owned(), name: "key-2026".to_owned() };
    assert_eq!(header.recipients(), [key]);
    let mut actions: Vec<_> = header.attributes().collect();
    actions.sort_by_key(|(name, _)| *name);
    let (encrypted, signed) = (CryptoAction::EncryptAndSign, CryptoAction::SignOnly);
    assert_eq!(actions, [("id", signed), ("name", encrypted), ("ward", signed), ("year", signed)]);

    // Whoever has the item and no key can read this much of it. Nobody vouches for it: that takes a key.
    let inspected = encryptor.inspect(&sealed.item)?;
    for attribute in &inspected.attributes {
        let (action, type_name) = (attribute.action.ok_or("no action")?, attribute.type_name.ok_or("no type")?);
        println!("{:8} {type_name:2} {:3} bytes {action}", attribute.name, attribute.size);
    }
    println!("sealing added {} of {} bytes", inspected.sizes.overhead, inspected.sizes.item);
    let name = inspected.attributes.iter().find(|attribute| attribute.name == "name").ok_or("no name")?;
    // The type of a value is not hidden, nor is its length: 18 bytes are added to each that is encrypted.
    assert_eq!((name.action, name.type_name), (Some(encrypted), Some("S")));
    assert_eq!(name.size, "Ada Byron".len() + 18);

    // A header that comes with an opened item was verified: it can be relied on, for example to tell which items still
    // have an old key.
    let opened = encryptor.decrypt_item(sealed.item.clone()).await?;
    assert_eq!(opened.item, item);
    assert_eq!(opened.header.ok_or("not sealed")?.recipients(), header.recipients());

    // The item's key attributes are signed with it, so that it can not be put in the place of another.
    let mut moved = sealed.item;
    moved.insert("id".to_owned(), "p-1002".into());
    let refusal = encryptor.decrypt_item(moved).await.expect_err("it opened in the place of another");
    assert_eq!(refusal.key(), r#"(id = "p-1002", year = 2026)"#);
    Ok(())
}
