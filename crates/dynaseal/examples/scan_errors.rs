//! A scan over a table with one item that can not be opened: all or nothing by default, or one by one.
//!
//!     cargo run --example scan_errors --features local -p dynaseal

mod support;

use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::{
    ErrorKind, ItemEncryptor, RawAesKeyring, SealedPages, SealedTable, Sealer, SendSealed, TableConfig,
    operation_error, sdk,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let client = support::people().await?;
    let config = TableConfig::builder("people", "id").encrypt(["name"]).sign(["ward"]).build()?;
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("hospital", "key-2026", &[7; 32])?);
    let sealer = Sealer::of_table(SealedTable::new("people", encryptor));
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for (id, name) in [("p-1001", "Ada Byron"), ("p-1002", "Bob"), ("p-1003", "Eve")] {
        let put = client.put_item().table_name("people").item("id", text(id)).item("name", text(name));
        put.item("ward", text("north")).send_sealed(&sealer).await?;
    }
    // Somebody with access to the table moves Bob to another ward.
    let update = client.update_item().table_name("people").key("id", text("p-1002"));
    let update = update.update_expression("SET ward = :ward").expression_attribute_values(":ward", text("south"));
    update.send().await?;

    // By default no item is handed over if one of them can not be opened: an answer with a gap would look complete. The
    // error is about the first such item.
    let scan = client.scan().table_name("people");
    let error = scan.clone().send_sealed(&sealer).await.expect_err("a changed item opened");
    println!("scan:   {}", support::text(&error));
    let reason = operation_error(&error).ok_or("it failed at DynamoDB")?;
    assert_eq!((reason.operation(), reason.table()), ("Scan", Some("people")));
    let item = reason.item().ok_or("it is not about an item")?;
    assert_eq!(item.key_attributes().get("id"), Some(&"p-1002".into()));
    // Why: here the item was changed. `ErrorKind::Materials` would be a key that is not at hand, and may pass.
    assert!(matches!(item.kind(), ErrorKind::Authentication));

    // One by one: page after page, each item with its own result.
    let mut pages = scan.clone().limit(2).sealed_pages_each(&sealer);
    let (mut opened, mut broken) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        // The page itself may fail as any request does.
        for item in page?.items {
            match item {
                Ok(item) => opened.push(item),
                Err(error) => broken.push(error),
            }
        }
    }
    assert_eq!(opened.len(), 2);
    assert!(opened.iter().all(|item| item.get("name").is_some_and(AttributeValue::is_s)));

    // What a request needs to find the broken item is in the error: to look at it, to restore it, to delete it.
    let [error] = &*broken else { return Err("one item was broken".into()) };
    println!("broken: {}", support::text(error));
    let key = sdk::to_sdk(error.key_attributes().clone());
    let stored = client.get_item().table_name("people").set_key(Some(key)).send().await?.item.ok_or("no such item")?;
    assert_eq!(stored.get("ward"), Some(&text("south")));

    // A single page, with what DynamoDB says about it: how many items, where to go on.
    let page = scan.limit(3).send_sealed_each(&sealer).await?;
    assert_eq!((page.output.count, page.items.len()), (3, 3));
    assert_eq!(page.items.iter().filter(|item| item.is_err()).count(), 1);
    Ok(())
}
