//! What expressions can do on a sealed table: projections everything, conditions what DynamoDB can read, updates what is
//! not signed.
//!
//!     cargo run --example projection_and_conditions --features local -p dynaseal

mod support;

use std::error::Error;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use dynaseal::{ItemEncryptor, RawAesKeyring, Refusal, SealedTable, Sealer, SendSealed, TableConfig, operation_error};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let client = support::people().await?;
    let config = TableConfig::builder("people", "id").encrypt(["name", "address"]).sign(["ward"]).unsigned(["visits"]);
    let encryptor = ItemEncryptor::new(config.build()?, RawAesKeyring::new("hospital", "key-2026", &[7; 32])?);
    let sealer = Sealer::of_table(SealedTable::new("people", encryptor));

    let text = |text: &str| AttributeValue::S(text.to_owned());
    let address = [("city".to_owned(), text("London")), ("street".to_owned(), text("St James's Square 12"))];
    let put = client.put_item().table_name("people").item("id", text("p-1001")).item("name", text("Ada Byron"));
    let put = put.item("address", AttributeValue::M(address.into())).item("ward", text("north"));
    put.clone().send_sealed(&sealer).await?;

    // Projections look into what is encrypted, for the whole item is fetched, verified and opened first. DynamoDB bills
    // the whole item either way.
    let get = client.get_item().table_name("people").key("id", text("p-1001"));
    let get = get.projection_expression("#name, address.city").expression_attribute_names("#name", "name");
    let opened = get.send_sealed(&sealer).await?.item.ok_or("no such item")?;
    let city = AttributeValue::M([("city".to_owned(), text("London"))].into());
    assert_eq!(opened, [("name".to_owned(), text("Ada Byron")), ("address".to_owned(), city)].into());

    // Conditions are DynamoDB's, which sees nothing but bytes there: it would never hold, so it is refused unsent.
    let renamed = put.clone().condition_expression("#name = :name").expression_attribute_names("#name", "name");
    let renamed = renamed.expression_attribute_values(":name", text("Ada Byron"));
    let error = renamed.send_sealed(&sealer).await.expect_err("DynamoDB compared a name");
    println!("condition: {}", support::text(&error));
    let reason = operation_error(&error).ok_or("it went to DynamoDB")?;
    assert!(matches!(reason.refusal(), Refusal::Encrypted { name, .. } if name == "name"));

    // What is signed can be compared. The item of a condition that does not hold comes back opened.
    let moved = put.item("ward", text("south")).condition_expression("ward = :ward");
    let moved = moved.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    moved.clone().expression_attribute_values(":ward", text("north")).send_sealed(&sealer).await?;
    let again = moved.expression_attribute_values(":ward", text("north")).send_sealed(&sealer).await;
    let error = again.expect_err("it was moved twice").into_service_error();
    assert!(operation_error(&error).is_none());
    let PutItemError::ConditionalCheckFailedException(failed) = error else { return Err(error.into()) };
    let present = failed.item.ok_or("no item")?;
    assert_eq!(present.get("name"), Some(&text("Ada Byron")));
    assert_eq!(present.get("ward"), Some(&text("south")));

    // An update creates the item that it does not find, and nobody would have sealed that. So it has to ask for the item.
    let update = client.update_item().table_name("people").key("id", text("p-1001"));
    let update = update.expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    let count = update.clone().update_expression("ADD visits :one");
    let error = count.clone().send_sealed(&sealer).await.expect_err("it might have created an item");
    println!("upsert:    {}", support::text(&error));
    let reason = operation_error(&error).ok_or("it went to DynamoDB")?;
    assert!(matches!(reason.refusal(), Refusal::Upsert { partition_key } if partition_key == "id"));
    count.condition_expression("attribute_exists(id)").send_sealed(&sealer).await?;

    // The ward is under the signature, which DynamoDB can not renew.
    let update = update.update_expression("SET ward = :one").condition_expression("attribute_exists(id)");
    let error = update.send_sealed(&sealer).await.expect_err("it would have broken the signature");
    println!("update:    {}", support::text(&error));
    let reason = operation_error(&error).ok_or("it went to DynamoDB")?;
    assert!(matches!(reason.refusal(), Refusal::Signed { name } if name == "ward"));

    // None of these refusals has touched the item.
    let get = client.get_item().table_name("people").key("id", text("p-1001"));
    let opened = get.send_sealed(&sealer).await?.item.ok_or("no such item")?;
    assert_eq!(opened.get("ward"), Some(&text("south")));
    assert_eq!(opened.get("visits"), Some(&AttributeValue::N("1".to_owned())));
    Ok(())
}
