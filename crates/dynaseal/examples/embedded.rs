//! An item sealed, written and read through the SDK's client, on an embedded database.
//!
//!     cargo run --example embedded --features local,json -p dynaseal

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use dynaseal::{Item, ItemEncryptor, RawAesKeyring, TableConfig, json, local, sdk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let client = local::memory()?;
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?;
    let id = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build()?;
    let table = client.create_table().table_name("people").billing_mode(BillingMode::PayPerRequest);
    table.key_schema(key).attribute_definitions(id).send().await?;

    let config = TableConfig::builder("people", "id").encrypt(["name"]).build()?;
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("hospital", "key-2026", &[7; 32])?);
    let item = Item::from([("id".to_owned(), "p-1001".into()), ("name".to_owned(), "Ada Byron".into())]);
    let sealed = encryptor.encrypt_item(item.clone()).await?;
    client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

    let id = AttributeValue::S("p-1001".to_owned());
    let stored = client.get_item().table_name("people").key("id", id).send().await?.item.ok_or("no such item")?;
    let stored = sdk::from_sdk(stored)?;
    println!("what the database holds: {}", json::to_string(&stored));
    let opened = encryptor.decrypt_item(stored).await?;
    println!("what the owner reads:    {}", json::to_string(&opened.item));
    assert_eq!(opened.item, item);
    Ok(())
}
