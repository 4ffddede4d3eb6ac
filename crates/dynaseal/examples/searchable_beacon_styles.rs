//! Styles of beacons: sets whose elements can be asked for, attributes that can be compared with each other, and parts
//! that are stored in compound beacons only.
//!
//!     cargo run --example searchable_beacon_styles --features local -p dynaseal

mod support;

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::search::{BeaconKeys, CompoundBeacon, QueryError, SearchConfig, StandardBeacon};
use dynaseal::{
    BeaconKey, ItemEncryptor, RawAesKeyring, Refusal, SealedTable, Sealer, SendSealed, TableConfig, operation_error,
};

const TABLE: &str = "food";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let client = support::indexed_table(TABLE, "work_id", Some("inspection_date"), &[]).await?;
    let config = TableConfig::builder(TABLE, "work_id").sort_key("inspection_date");
    let config = config.encrypt(["dessert", "fruit", "basket", "veggies", "work_type"]).build()?;
    let search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32])?))
        .standard(StandardBeacon::new("fruit", 30))
        // Has the beacons that the same words have as fruits, so that DynamoDB can tell what is equal.
        .standard(StandardBeacon::new("dessert", 30).shared_with("fruit"))
        // A beacon for each element, stored as a set.
        .standard(StandardBeacon::new("veggies", 30).as_set())
        // Both.
        .standard(StandardBeacon::new("basket", 30).shared_set_with("fruit"))
        // Not stored by itself: the less there is, the less it tells.
        .standard(StandardBeacon::new("work_type", 30).part_only())
        .compound(CompoundBeacon::new("work_unit", '.').signed("work_id", "I-").encrypted("work_type", "T-"));
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("food", "key-2026", &[7; 32])?);
    let sealer = Sealer::of_table(SealedTable::new(TABLE, encryptor).with_search(search)?);

    let one = put(&client, &sealer, ["1", "small", "cake", "banana"], ["apple", "banana", "pear"], "celery").await?;
    let berries = ["blackberry", "blueberry", "strawberry"];
    let two = put(&client, &sealer, ["2", "large", "orange", "orange"], berries, "peas").await?;

    // Each filter with its values, and what it finds.
    for (filter, values, expected) in [
        // Plain: equality, with one value or several.
        ("fruit = :fruit", &[(":fruit", "banana")][..], &one),
        ("fruit IN (:a, :b)", &[(":a", "grape"), (":b", "orange")], &two),
        // As set: an element.
        ("contains(veggies, :one)", &[(":one", "peas")], &two),
        // Shared: one attribute compared with another.
        ("dessert = fruit", &[], &two),
        // Shared set: an element, and one attribute in another.
        ("contains(basket, :fruit)", &[(":fruit", "banana")], &one),
        ("contains(basket, fruit)", &[], &one),
        // Part only: as a part of the compound beacon.
        ("work_unit = :unit", &[(":unit", "I-1.T-small")], &one),
    ] {
        let scan = client.scan().table_name(TABLE).filter_expression(filter);
        let scan = scan.set_expression_attribute_values((!values.is_empty()).then(|| support::strings(values)));
        let found = scan.send_sealed(&sealer).await?;
        println!("{filter}: {:?}", found.items().iter().filter_map(|item| item.get("work_id")).collect::<Vec<_>>());
        assert_eq!(found.items(), std::slice::from_ref(expected), "{filter}");
    }

    // And not by itself.
    let scan = client.scan().table_name(TABLE).filter_expression("work_type = :type");
    let scan = scan.expression_attribute_values(":type", AttributeValue::S("small".to_owned()));
    let error = scan.send_sealed(&sealer).await.expect_err("a beacon was found that is not stored");
    println!("{}", support::text(&error));
    let reason = operation_error(&error).ok_or("it went to DynamoDB")?;
    assert!(matches!(reason.refusal(), Refusal::Search(QueryError::PartOnly { beacon, .. }) if beacon == "work_type"));

    // What lies in the table.
    let stored = client.scan().table_name(TABLE).send().await?.items.unwrap_or_default();
    for item in &stored {
        let beacon = |name: &str| item.get(&format!("aws_dbe_b_{name}"));
        assert_eq!(beacon("dessert") == beacon("fruit"), item.get("work_id") == two.get("work_id"));
        assert!(["basket", "veggies"].iter().all(|name| beacon(name).is_some_and(AttributeValue::is_ss)));
        assert!(beacon("work_unit").is_some() && beacon("work_type").is_none());
    }
    assert_eq!(stored.len(), 2);
    Ok(())
}

async fn put(
    client: &Client,
    sealer: &Sealer,
    [work_id, work_type, dessert, fruit]: [&str; 4],
    basket: [&str; 3],
    veggie: &str,
) -> Result<HashMap<String, AttributeValue>, Box<dyn Error>> {
    let mut item = support::strings(&[
        ("work_id", work_id),
        ("inspection_date", "2023-06-13"),
        ("work_type", work_type),
        ("dessert", dessert),
        ("fruit", fruit),
    ]);
    let set = |of: [&str; 3]| AttributeValue::Ss(of.map(str::to_owned).to_vec());
    item.insert("basket".to_owned(), set(basket));
    item.insert("veggies".to_owned(), set(["beans", "carrots", veggie]));
    client.put_item().table_name(TABLE).set_item(Some(item.clone())).send_sealed(sealer).await?;
    Ok(item)
}
