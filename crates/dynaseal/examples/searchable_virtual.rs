//! A virtual field: attributes with few values, searched together, so that none of them shows.
//!
//!     cargo run --example searchable_virtual --features local -p dynaseal

mod support;

use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::search::{BeaconKeys, QueryError, SearchConfig, StandardBeacon, Transform, VirtualField};
use dynaseal::{
    BeaconKey, ItemEncryptor, RawAesKeyring, Refusal, SealedTable, Sealer, SendSealed, TableConfig, operation_error,
};

const TABLE: &str = "customers";
const INDEX: &str = "state-and-has-test-result-index";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let index = (INDEX, "aws_dbe_b_stateAndHasTestResult", None);
    let client = support::indexed_table(TABLE, "customer_id", None, &[index]).await?;

    // Whether there is a test result is yes or no, and so would be its beacon: with two values, no length hides which
    // is which. With 56 states and territories before it, it is one of 112 values, which share 32 beacons.
    let config = TableConfig::builder(TABLE, "customer_id").encrypt(["state", "hasTestResult"]).sign(["create_time"]);
    let field = VirtualField::new("stateAndHasTestResult")
        .part("state", [])
        // Parts are texts: of `true`, its first letter.
        .part("hasTestResult", [Transform::Prefix(1)]);
    let search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32])?))
        .virtual_field(field)
        .standard(StandardBeacon::new("stateAndHasTestResult", 5));
    let encryptor = ItemEncryptor::new(config.build()?, RawAesKeyring::new("lab", "key-2026", &[7; 32])?);
    let sealer = Sealer::of_table(SealedTable::new(TABLE, encryptor).with_search(search)?);

    let customer = |id, state, has_test_result| {
        let mut item = support::strings(&[("customer_id", id), ("state", state)]);
        item.insert("create_time".to_owned(), AttributeValue::N("1681495205".to_owned()));
        item.insert("hasTestResult".to_owned(), AttributeValue::Bool(has_test_result));
        item
    };
    let with = customer("ABC-123", "CA", true);
    let without = customer("DEF-456", "CA", false);
    for item in [&with, &without, &customer("GHI-789", "NV", true)] {
        client.put_item().table_name(TABLE).set_item(Some(item.clone())).send_sealed(&sealer).await?;
    }

    // Queries give the text as the field puts it together.
    for (text, expected) in [("CAt", [with]), ("CAf", [without])] {
        let query = client.query().table_name(TABLE).index_name(INDEX);
        let query = query.key_condition_expression("stateAndHasTestResult = :value");
        let query = query.expression_attribute_values(":value", AttributeValue::S(text.to_owned()));
        let found = query.send_sealed(&sealer).await?;
        println!("{text}: {} fetched for {} found", found.scanned_count(), found.count());
        assert_eq!(found.items(), expected);
    }

    // The field itself is stored nowhere, and the attributes in it have no beacons of their own.
    let stored = client.scan().table_name(TABLE).send().await?.items.unwrap_or_default();
    for item in &stored {
        let mut names: Vec<_> = item.keys().map(String::as_str).filter(|name| name.contains("_b_")).collect();
        names.sort_unstable();
        println!("in the table: {names:?}");
        assert_eq!(names, ["aws_dbe_b_stateAndHasTestResult"]);
        assert!(!item.contains_key("stateAndHasTestResult"));
    }
    assert_eq!(stored.len(), 3);
    let scan = client.scan().table_name(TABLE).filter_expression("hasTestResult = :yes");
    let scan = scan.expression_attribute_values(":yes", AttributeValue::Bool(true));
    let error = scan.send_sealed(&sealer).await.expect_err("it told who has a test result");
    println!("{}", support::text(&error));
    let reason = operation_error(&error).ok_or("it went to DynamoDB")?;
    assert!(matches!(reason.refusal(), Refusal::Search(QueryError::NoBeacon { name, .. }) if name == "hasTestResult"));
    Ok(())
}
