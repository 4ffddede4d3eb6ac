//! An item put and got through both doors: `send_sealed` in place of `send`, and a client that seals by itself.
//!
//!     cargo run --example basic_put_get --features json,local -p dynaseal

mod support;

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::{Interceptor, ItemEncryptor, RawAesKeyring, SealedTable, Sealer, SendSealed, TableConfig, json, sdk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let config = TableConfig::builder("people", "id")
        // Secret, and nobody changes it unnoticed.
        .encrypt(["name", "diagnosis"])
        // DynamoDB can search and compare it, so everybody with access to the table can read it; changes are noticed.
        .sign(["ward"])
        // Not protected at all: counters and marks, which plain clients update too. A prefix and not a list, so that new
        // ones need no new configuration; once items are written, it must stay as it is.
        .unsigned_prefix(":")
        .build()?;
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("hospital", "key-2026", &[7; 32])?);
    // The table's name in DynamoDB; it may differ from the configuration's, which records are bound to.
    let sealer = Sealer::of_table(SealedTable::new("people", encryptor));

    let text = |text: &str| AttributeValue::S(text.to_owned());
    let ada = HashMap::from([
        ("id".to_owned(), text("p-1001")),
        ("name".to_owned(), text("Ada Byron")),
        ("diagnosis".to_owned(), text("migraine")),
        ("ward".to_owned(), text("north")),
        (":visits".to_owned(), AttributeValue::N("3".to_owned())),
    ]);

    // The first door seals one call, and never blocks a thread.
    let client = support::people().await?;
    client.put_item().table_name("people").set_item(Some(ada.clone())).send_sealed(&sealer).await?;
    let get = client.get_item().table_name("people").key("id", text("p-1001"));
    assert_eq!(get.clone().send_sealed(&sealer).await?.item.as_ref(), Some(&ada));

    // Without it, the same request shows what lies in the table.
    let stored = get.send().await?.item.ok_or("no such item")?;
    println!("in the table: {}", json::to_string(&sdk::from_sdk(stored.clone())?));
    for name in ["id", "ward", ":visits"] {
        assert_eq!(stored.get(name), ada.get(name));
    }
    for name in ["name", "diagnosis", "aws_dbe_head", "aws_dbe_foot"] {
        assert!(stored.get(name).is_some_and(AttributeValue::is_b));
    }
    assert_eq!(stored.len(), ada.len() + 2);

    // The second door seals whatever goes through a client: for paginators, and for code that calls `send` itself.
    let config = client.config().to_builder().interceptor(Interceptor::new(&sealer)).build();
    let sealing = Client::from_conf(config);
    let bob = HashMap::from([("id".to_owned(), text("p-1002")), ("name".to_owned(), text("Bob"))]);
    sealing.put_item().table_name("people").set_item(Some(bob.clone())).send().await?;
    // What one of them sealed, the other opens.
    for (id, person) in [("p-1001", &ada), ("p-1002", &bob)] {
        let opened = sealing.get_item().table_name("people").key("id", text(id)).send().await?.item;
        assert_eq!(opened.as_ref(), Some(person));
        let opened = client.get_item().table_name("people").key("id", text(id)).send_sealed(&sealer).await?.item;
        assert_eq!(opened.as_ref(), Some(person));
    }
    Ok(())
}
