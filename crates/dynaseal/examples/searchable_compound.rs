//! Compound beacons: several values in one key of an index. Signed parts can be read by everybody, and be ordered.
//!
//!     cargo run --example searchable_compound --features local -p dynaseal

mod support;

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::search::{BeaconKeys, CompoundBeacon, QueryError, SearchConfig, StandardBeacon};
use dynaseal::{
    BeaconKey, ItemEncryptor, RawAesKeyring, Refusal, SealedTable, Sealer, SendSealed, TableConfig, operation_error,
};

const TABLE: &str = "inspections";
const BY_BOTH: &str = "last4-unit-compound-index";
const BY_UNIT: &str = "unit-history-index";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let by_both = (BY_BOTH, "aws_dbe_b_last4UnitCompound", Some("inspection_date"));
    let by_unit = (BY_UNIT, "aws_dbe_b_unit", Some("aws_dbe_b_history"));
    let client = support::indexed_table(TABLE, "work_id", Some("inspection_date"), &[by_both, by_unit]).await?;

    let config = TableConfig::builder(TABLE, "work_id").sort_key("inspection_date");
    let config = config.encrypt(["inspector_id_last4", "unit"]).build()?;
    let search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32])?))
        .standard(StandardBeacon::new("inspector_id_last4", 10).part_only())
        .standard(StandardBeacon::new("unit", 30))
        // `L-5678.U-011899988199` in queries, and `L-`, ten bits, `.U-`, thirty bits in the table. No value may contain
        // the dot.
        .compound(
            CompoundBeacon::new("last4UnitCompound", '.').encrypted("inspector_id_last4", "L-").encrypted("unit", "U-"),
        )
        // Begins with the date, which is not encrypted, so that it is in the order of the dates.
        .compound(
            CompoundBeacon::new("history", '.').signed("inspection_date", "D-").encrypted("inspector_id_last4", "L-"),
        );
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("inspections", "key-2026", &[7; 32])?);
    let sealer = Sealer::of_table(SealedTable::new(TABLE, encryptor).with_search(search)?);

    for (work_id, date, last4, unit) in [
        ("work-1", "2023-06-13", "5678", "011899988199"),
        ("work-2", "2023-07-01", "4321", "011899988199"),
        ("work-3", "2023-06-30", "4321", "011899988199"),
        ("work-4", "2023-06-13", "5678", "123456789012"),
        ("work-5", "2024-01-15", "5678", "011899988199"),
    ] {
        let item = [("work_id", work_id), ("inspection_date", date), ("inspector_id_last4", last4), ("unit", unit)];
        let put = client.put_item().table_name(TABLE).set_item(Some(support::strings(&item)));
        put.send_sealed(&sealer).await?;
    }
    let key = support::strings(&[("work_id", "work-1"), ("inspection_date", "2023-06-13")]);
    let stored = client.get_item().table_name(TABLE).set_key(Some(key)).send().await?.item.ok_or("no such item")?;
    for name in ["aws_dbe_b_last4UnitCompound", "aws_dbe_b_history"] {
        println!("in the table: {name} = {:?}", stored.get(name));
    }
    let history = stored.get("aws_dbe_b_history").and_then(|value| value.as_s().ok()).ok_or("no history")?;
    assert!(history.starts_with("D-2023-06-13.L-") && !history.contains("5678"));

    // Equality, of all parts.
    let query = client.query().table_name(TABLE).index_name(BY_BOTH);
    let query = query.key_condition_expression("last4UnitCompound = :both");
    let query = query.expression_attribute_values(":both", AttributeValue::S("L-5678.U-011899988199".to_owned()));
    assert_eq!(work_ids(query.send_sealed(&sealer).await?.items()), ["work-1", "work-5"]);

    // Of one unit: its history, newest first.
    let unit = client.query().table_name(TABLE).index_name(BY_UNIT).expression_attribute_names("#unit", "unit");
    let unit = unit.expression_attribute_values(":unit", AttributeValue::S("011899988199".to_owned()));
    let all = unit.clone().key_condition_expression("#unit = :unit").scan_index_forward(false);
    assert_eq!(work_ids(all.send_sealed(&sealer).await?.items()), ["work-5", "work-2", "work-3", "work-1"]);

    // How a signed part begins, and its order. Behind signed parts may come the prefix of an encrypted one, or all of
    // it where equality is asked for.
    for (condition, from, to, expected) in [
        ("begins_with(history, :from)", "D-2023-06", None, &["work-1", "work-3"][..]),
        ("history > :from", "D-2023-06-30.L-", None, &["work-3", "work-2", "work-5"]),
        ("history < :from", "D-2023-07", None, &["work-1", "work-3"]),
        ("history BETWEEN :from AND :to", "D-2023-06-15", Some("D-2023-12-31"), &["work-3", "work-2"]),
        ("history = :from", "D-2023-06-30.L-4321", None, &["work-3"]),
        ("history = :from", "D-2023-06-30.L-5678", None, &[]),
    ] {
        let query = unit.clone().key_condition_expression(format!("#unit = :unit AND {condition}"));
        let mut query = query.expression_attribute_values(":from", AttributeValue::S(from.to_owned()));
        if let Some(to) = to {
            query = query.expression_attribute_values(":to", AttributeValue::S(to.to_owned()));
        }
        let found = query.send_sealed(&sealer).await?;
        println!("{condition}, {from}: {:?}", work_ids(found.items()));
        assert_eq!(work_ids(found.items()), expected, "{condition}, {from}");
    }

    // Of encrypted parts there is no order, so DynamoDB is not asked for one.
    let query = unit.key_condition_expression("#unit = :unit AND history < :from");
    let query = query.expression_attribute_values(":from", AttributeValue::S("D-2023-06-30.L-4321".to_owned()));
    let error = query.send_sealed(&sealer).await.expect_err("hashes were ordered");
    println!("{}", support::text(&error));
    let reason = operation_error(&error).ok_or("it went to DynamoDB")?;
    assert!(matches!(reason.refusal(), Refusal::Search(QueryError::Order { beacon, .. }) if beacon == "history"));
    Ok(())
}

fn work_ids(items: &[HashMap<String, AttributeValue>]) -> Vec<&str> {
    items.iter().filter_map(|item| item.get("work_id")?.as_s().ok()).map(String::as_str).collect()
}
