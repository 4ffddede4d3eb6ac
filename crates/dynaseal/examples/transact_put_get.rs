//! Items of two tables, one of them sealed, written together or not at all. Why not comes back opened.
//!
//!     cargo run --example transact_put_get --features local -p dynaseal

mod support;

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Get, Put, ReturnValuesOnConditionCheckFailure, TransactGetItem, TransactWriteItem,
};
use dynaseal::{ItemEncryptor, RawAesKeyring, SealedTable, Sealer, SendSealed, TableConfig};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let client = support::people().await?;
    support::table("beds", &client)?.send().await?;
    let config = TableConfig::builder("people", "id").encrypt(["name"]).build()?;
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("hospital", "key-2026", &[7; 32])?);
    // The beds are no secret: a table that the sealer does not know passes untouched.
    let sealer = Sealer::of_table(SealedTable::new("people", encryptor));

    let ada = item([("id", "p-1001"), ("name", "Ada Byron")]);
    let bed = item([("id", "north-7"), ("state", "taken")]);
    // Only who is not there yet is put.
    let put = Put::builder().table_name("people").set_item(Some(ada.clone()));
    let put = put.condition_expression("attribute_not_exists(id)");
    let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld).build()?;
    let take = Put::builder().table_name("beds").set_item(Some(bed.clone())).build()?;
    let admission = client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().put(put).build())
        .transact_items(TransactWriteItem::builder().put(take).build());
    admission.clone().send_sealed(&sealer).await?;

    let get = |table, id: &str| -> Result<_, Box<dyn Error>> {
        let get = Get::builder().table_name(table).key("id", AttributeValue::S(id.to_owned())).build()?;
        Ok(TransactGetItem::builder().get(get).build())
    };
    let both = client.transact_get_items().transact_items(get("people", "p-1001")?);
    let both = both.transact_items(get("beds", "north-7")?);
    // In the order of the request.
    let opened = both.clone().send_sealed(&sealer).await?.responses.unwrap_or_default();
    assert_eq!(opened.into_iter().map(|found| found.item).collect::<Vec<_>>(), [Some(ada.clone()), Some(bed.clone())]);
    let stored = both.send().await?.responses.unwrap_or_default();
    let sealed = |found: &Option<HashMap<_, _>>| found.as_ref().is_some_and(|item| item.contains_key("aws_dbe_head"));
    assert_eq!(stored.iter().map(|found| sealed(&found.item)).collect::<Vec<_>>(), [true, false]);

    // The second time the condition does not hold, and the reasons have the item that is there.
    let error = admission.send_sealed(&sealer).await.expect_err("she was admitted twice").into_service_error();
    println!("again: {}", support::text(&error));
    let TransactWriteItemsError::TransactionCanceledException(canceled) = error else { return Err(error.into()) };
    let reasons = canceled.cancellation_reasons.unwrap_or_default();
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code()).collect();
    assert_eq!(codes, [Some("ConditionalCheckFailed"), Some("None")]);
    assert_eq!(reasons.first().and_then(|reason| reason.item()), Some(&ada));
    Ok(())
}

fn item(fields: [(&str, &str); 2]) -> HashMap<String, AttributeValue> {
    HashMap::from(fields.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned()))))
}
