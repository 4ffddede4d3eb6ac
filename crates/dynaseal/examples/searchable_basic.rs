//! Encrypted attributes that can be searched: inspections are found by who made them and on what, and DynamoDB sees
//! neither.
//!
//!     cargo run --example searchable_basic --features json,local -p dynaseal

mod support;

use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::search::{BeaconKeys, SearchConfig, StandardBeacon};
use dynaseal::{BeaconKey, ItemEncryptor, RawAesKeyring, SealedTable, Sealer, SendSealed, TableConfig, json, sdk};

const TABLE: &str = "inspections";
const INDEX: &str = "last4-unit-index";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    // Indexes are made of what is stored: of the attributes that beacons are in, and with whole items.
    let index = (INDEX, "aws_dbe_b_inspector_id_last4", Some("aws_dbe_b_unit"));
    let client = support::indexed_table(TABLE, "work_id", Some("inspection_date"), &[index]).await?;

    let config = TableConfig::builder(TABLE, "work_id").sort_key("inspection_date");
    let config = config.encrypt(["inspector_id_last4", "unit"]).build()?;
    // A key in memory; a key store has one beside each branch key (`kms::CachedBeaconKeys`). Whoever has another one
    // finds nothing.
    let keys = BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32])?);
    // A beacon is some bits of a keyed hash. With more bits, queries fetch less in vain; with fewer, whoever reads the
    // table learns less. There should be more beacons than the square root of the number of values, and less than half
    // as many as values: 7 to 12 bits for the last four digits of an id, 20 to 38 bits for serial numbers of twelve
    // digits. That is for values which are equally frequent; `search::plan` looks at items as they are.
    let search = SearchConfig::new(keys)
        .standard(StandardBeacon::new("inspector_id_last4", 10))
        .standard(StandardBeacon::new("unit", 30));
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("inspections", "key-2026", &[7; 32])?);
    let sealer = Sealer::of_table(SealedTable::new(TABLE, encryptor).with_search(search)?);

    // Writing is as always.
    let inspection = |work_id, last4| {
        support::strings(&[
            ("work_id", work_id),
            ("inspection_date", "2023-06-13"),
            ("inspector_id_last4", last4),
            ("unit", "123456789012"),
        ])
    };
    let wanted = inspection("1313ba89-5661-41eb-ba6c-cb1b4cb67b2d", "4321");
    let other = inspection("9ce39272-8068-4efd-a211-cd162ad65d4c", "8505");
    for item in [&wanted, &other] {
        client.put_item().table_name(TABLE).set_item(Some(item.clone())).send_sealed(&sealer).await?;
    }

    // The query is written as if nothing were encrypted. What goes to DynamoDB has beacons in it, names and values.
    let query = client.query().table_name(TABLE).index_name(INDEX);
    let query = query.key_condition_expression("inspector_id_last4 = :last4 AND #unit = :unit");
    let query = query.expression_attribute_names("#unit", "unit");
    let values = support::strings(&[(":last4", "4321"), (":unit", "123456789012")]);
    let found = query.set_expression_attribute_values(Some(values)).send_sealed(&sealer).await?;
    assert_eq!(found.items(), [wanted]);
    println!("{} fetched for {} found", found.scanned_count(), found.count());
    assert_eq!((found.scanned_count(), found.count()), (2, 1));

    // Beside each item stand ten bits and thirty. These two items have the same by chance, so DynamoDB found both, and
    // the other one was taken out after opening.
    let stored = client.scan().table_name(TABLE).send().await?.items.unwrap_or_default();
    for item in &stored {
        println!("in the table: {}", json::to_string(&sdk::from_sdk(item.clone())?));
        assert!(item.get("unit").is_some_and(AttributeValue::is_b));
        assert_eq!(item.get("aws_dbe_b_inspector_id_last4"), Some(&AttributeValue::S("2cc".to_owned())));
        assert_eq!(item.get("aws_dbe_b_unit"), Some(&AttributeValue::S("3735dde6".to_owned())));
    }
    assert_eq!(stored.len(), 2);
    Ok(())
}
