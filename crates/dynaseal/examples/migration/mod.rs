//! What the steps from a plain table to a sealed one share: the configuration, and an application that is the same in all
//! of them. A step changes how its client is made and nothing else.

#![allow(dead_code, reason = "each step uses a part")]

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::{Interceptor, ItemEncryptor, PlaintextPolicy, RawAesKeyring, SealedTable, Sealer, TableConfig};

/// What the application says when it gets bytes where it wrote a text.
pub(crate) const CIPHERTEXT: &str = "the name is no text but bytes";

/// The same in all steps but for the policy. What is unsigned must never change once items are sealed, so decide it first.
pub(crate) fn encryptor(policy: PlaintextPolicy) -> Result<ItemEncryptor, Box<dyn Error>> {
    let config = TableConfig::builder("people", "id").encrypt(["name"]).sign(["ward"]).unsigned(["visits"]);
    let keyring = RawAesKeyring::new("hospital", "key-2026", &[7; 32])?;
    Ok(ItemEncryptor::new(config.plaintext_policy(policy).build()?, keyring))
}

pub(crate) fn sealer(policy: PlaintextPolicy) -> Result<Sealer, Box<dyn Error>> {
    Ok(Sealer::of_table(SealedTable::new("people", encryptor(policy)?)))
}

/// A client of the same database that seals by a policy.
pub(crate) fn sealing_client(database: &Client, policy: PlaintextPolicy) -> Result<Client, Box<dyn Error>> {
    let interceptor = Interceptor::new(&sealer(policy)?);
    Ok(Client::from_conf(database.config().to_builder().interceptor(interceptor).build()))
}

/// What the application writes.
pub(crate) async fn write(client: &Client, id: &str) -> Result<(), Box<dyn Error>> {
    client.put_item().table_name("people").set_item(Some(person(id))).send().await?;
    Ok(())
}

/// What the application reads. It fails where it gets something that it did not write.
pub(crate) async fn read(client: &Client, id: &str) -> Result<(), Box<dyn Error>> {
    let id_value = AttributeValue::S(id.to_owned());
    let get = client.get_item().table_name("people").key("id", id_value).consistent_read(true);
    let item = get.send().await?.item.ok_or("no such item")?;
    match item == person(id) {
        true => Ok(()),
        false if item.get("name").is_some_and(AttributeValue::is_b) => Err(CIPHERTEXT.into()),
        false => Err("this is another item".into()),
    }
}

fn person(id: &str) -> HashMap<String, AttributeValue> {
    let fields = [("id", id), ("name", "Ada Byron"), ("ward", "north"), ("visits", "none")];
    HashMap::from(fields.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned()))))
}

/// Whether an item lies in the table sealed.
pub(crate) async fn is_sealed(database: &Client, id: &str) -> Result<bool, Box<dyn Error>> {
    let get = database.get_item().table_name("people").key("id", AttributeValue::S(id.to_owned()));
    Ok(get.send().await?.item.ok_or("no such item")?.contains_key("aws_dbe_head"))
}
