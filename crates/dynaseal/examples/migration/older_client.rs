//! What the steps from the DynamoDB Encryption Client share: the configuration of the older format, that of the new one, and
//! an application that writes and reads the same item in all of them.

#![allow(dead_code, reason = "each step uses a part")]

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::legacy::ddbec::{Action, AesKey, Encryptor, HmacKey, Mac, SIGNATURE, WrappedProvider};
use dynaseal::{
    HEAD, ItemEncryptor, LegacyEncryptor as _, LegacyPolicy, RawAesKeyring, SealedTable, Sealer, SendSealed as _,
    TableConfig, sdk,
};

/// The older format, as the application was configured: name, actions and keys have to be those that the items were sealed
/// with. What has no action is encrypted there.
pub(crate) fn older() -> Result<Arc<Encryptor>, Box<dyn Error>> {
    let (wrapping_key, signing_key) = (AesKey::new(&[1; 32])?, HmacKey::new(Mac::HmacSha256, &[2; 32])?);
    let provider = WrappedProvider::builder().wrapping_key(wrapping_key.clone()).unwrapping_key(wrapping_key);
    let provider = provider.signing_key(signing_key.clone()).verification_key(signing_key).build()?;
    let encryptor = Encryptor::builder("people", "id");
    let encryptor = encryptor.actions([("ward", Action::SignOnly), ("visits", Action::DoNothing)]);
    Ok(Arc::new(encryptor.build(Arc::new(provider))?))
}

/// The table as steps 1 to 3 know it. Here every attribute needs an action. A policy says when the older format is used;
/// without one there is none.
pub(crate) fn table(policy: Option<LegacyPolicy>) -> Result<SealedTable, Box<dyn Error>> {
    let config = TableConfig::builder("people", "id").encrypt(["name"]).sign(["ward"]).unsigned(["visits"]);
    let encryptor = ItemEncryptor::new(config.build()?, RawAesKeyring::new("hospital", "key-2026", &[7; 32])?);
    let encryptor = match policy {
        Some(policy) => encryptor.with_legacy(policy, older()?)?,
        None => encryptor,
    };
    Ok(SealedTable::new("people", encryptor))
}

pub(crate) fn sealer(policy: Option<LegacyPolicy>) -> Result<Sealer, Box<dyn Error>> {
    Ok(Sealer::of_table(table(policy)?))
}

/// What the application writes from step 1 on.
pub(crate) async fn write(database: &Client, sealer: &Sealer, id: &str) -> Result<(), Box<dyn Error>> {
    let put = database.put_item().table_name("people").set_item(Some(person(id)));
    put.send_sealed(sealer).await?;
    Ok(())
}

/// What it reads. It fails where it gets something that it did not write.
pub(crate) async fn read(database: &Client, sealer: &Sealer, id: &str) -> Result<(), Box<dyn Error>> {
    let get = database.get_item().table_name("people").key("id", AttributeValue::S(id.to_owned()));
    let item = get.consistent_read(true).send_sealed(sealer).await?.item.ok_or("no such item")?;
    if item == person(id) { Ok(()) } else { Err("this is another item".into()) }
}

/// The same in step 0, where each item is sealed by hand.
pub(crate) async fn write_older(database: &Client, id: &str) -> Result<(), Box<dyn Error>> {
    put_older(database, person(id)).await
}

pub(crate) async fn put_older(database: &Client, item: HashMap<String, AttributeValue>) -> Result<(), Box<dyn Error>> {
    let sealed = older()?.encrypt_item(sdk::from_sdk(item)?).await?;
    database.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed))).send().await?;
    Ok(())
}

pub(crate) async fn read_older(database: &Client, id: &str) -> Result<(), Box<dyn Error>> {
    let item = older()?.decrypt_item(sdk::from_sdk(stored(database, id).await?)?).await?;
    if sdk::to_sdk(item) == person(id) { Ok(()) } else { Err("this is another item".into()) }
}

pub(crate) fn person(id: &str) -> HashMap<String, AttributeValue> {
    let fields = [("id", id), ("name", "Ada Byron"), ("ward", "north"), ("visits", "none")];
    HashMap::from(fields.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned()))))
}

/// Whether an item lies in the table in the older format.
pub(crate) async fn is_older(database: &Client, id: &str) -> Result<bool, Box<dyn Error>> {
    Ok(stored(database, id).await?.contains_key(SIGNATURE))
}

/// Whether it lies there as a record.
pub(crate) async fn is_record(database: &Client, id: &str) -> Result<bool, Box<dyn Error>> {
    Ok(stored(database, id).await?.contains_key(HEAD))
}

async fn stored(database: &Client, id: &str) -> Result<HashMap<String, AttributeValue>, Box<dyn Error>> {
    let get = database.get_item().table_name("people").key("id", AttributeValue::S(id.to_owned()));
    Ok(get.consistent_read(true).send().await?.item.ok_or("no such item")?)
}
