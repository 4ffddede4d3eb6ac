//! Partitions: a value that most items have gets several beacons, so that its frequency does not show which it is.
//!
//!     cargo run --example searchable_partitions --features local -p dynaseal

mod support;

use std::collections::{BTreeSet, HashMap};
use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::search::{BeaconKeys, PARTITION_VALUE, QueryError, SearchConfig, StandardBeacon};
use dynaseal::{
    BeaconKey, ItemEncryptor, RawAesKeyring, Refusal, SealedPages, SealedPartitions, SealedTable, Sealer, SendSealed,
    TableConfig, operation_error,
};

const PATIENTS: usize = 60;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let indexes = [("by-diagnosis", "aws_dbe_b_diagnosis", None), ("by-ward", "aws_dbe_b_ward", None)];
    let client = support::indexed_table("people", "id", None, &indexes).await?;

    let config = TableConfig::builder("people", "id").encrypt(["diagnosis", "ward"]).build()?;
    let search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32])?))
        // Each item is in one of five partitions, by chance or by a `PartitionSelector`. Its beacons differ from those
        // of equal values in other partitions.
        .maximum_partitions(5)
        // Most people have the same diagnosis.
        .standard(StandardBeacon::new("diagnosis", 16))
        // People lie evenly in the wards, for which one partition is enough: queries that ask for a ward are not
        // repeated.
        .standard(StandardBeacon::new("ward", 16).partitions(1));
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("hospital", "key-2026", &[7; 32])?);
    let sealer = Sealer::of_table(SealedTable::new("people", encryptor).with_search(search)?);

    let mut expected = BTreeSet::new();
    for number in 0..PATIENTS {
        let (id, ward) = (format!("p-{number}"), format!("ward {}", number % 4));
        let diagnosis = if number % 10 == 0 { "migraine" } else { "influenza" };
        let item = support::strings(&[("id", &id), ("diagnosis", diagnosis), ("ward", &ward)]);
        client.put_item().table_name("people").set_item(Some(item)).send_sealed(&sealer).await?;
        if diagnosis == "influenza" {
            expected.insert(id);
        }
    }
    let stored = client.scan().table_name("people").send().await?.items.unwrap_or_default();
    let beacons = |name| stored.iter().filter_map(|item| item.get(name)?.as_s().ok()).collect::<BTreeSet<_>>();
    println!("two diagnoses have {} beacons", beacons("aws_dbe_b_diagnosis").len());
    assert!(beacons("aws_dbe_b_diagnosis").len() > 2);
    assert_eq!(beacons("aws_dbe_b_ward").len(), 4);

    // One call asks all partitions, several at a time.
    let query = client.query().table_name("people").index_name("by-diagnosis");
    let query = query.key_condition_expression("diagnosis = :diagnosis");
    let query = query.expression_attribute_values(":diagnosis", AttributeValue::S("influenza".to_owned()));
    let mut people = query.clone().sealed_partitions(&sealer);
    let mut found = Vec::new();
    while let Some(person) = people.next().await {
        found.push(id(&person?)?);
    }
    assert_eq!(found.len(), expected.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);

    // As programs for AWS's own clients do it: how many queries it takes, and one for each partition. Two of them can
    // have the same beacon by chance, so an item may come twice.
    let queries = query.sealed_queries(&sealer)?;
    assert_eq!(queries, 5);
    let mut found = BTreeSet::new();
    for partition in 0..queries {
        let partition = AttributeValue::N(partition.to_string());
        let mut people = query.clone().expression_attribute_values(PARTITION_VALUE, partition).sealed_items(&sealer);
        while let Some(person) = people.next().await {
            found.insert(id(&person?)?);
        }
    }
    assert_eq!(found, expected);

    // A query that does not say which partition would miss most of them.
    let error = query.send_sealed(&sealer).await.expect_err("only a part was asked");
    println!("{}", support::text(&error));
    let reason = operation_error(&error).ok_or("it went to DynamoDB")?;
    assert!(matches!(reason.refusal(), Refusal::Search(QueryError::WhichPartition { queries: 5 })));

    // Only the key counts. What a filter asks for is asked for all partitions at once, here and in scans.
    let query = client.query().table_name("people").index_name("by-ward");
    let query = query.key_condition_expression("ward = :ward").filter_expression("diagnosis = :diagnosis");
    let values = support::strings(&[(":ward", "ward 2"), (":diagnosis", "migraine")]);
    let query = query.set_expression_attribute_values(Some(values.clone()));
    assert_eq!(query.sealed_queries(&sealer)?, 1);
    let scan = client.scan().table_name("people").filter_expression("ward = :ward AND diagnosis = :diagnosis");
    let scan = scan.set_expression_attribute_values(Some(values)).send_sealed(&sealer).await?;
    let query = query.send_sealed(&sealer).await?;
    for found in [query.items(), scan.items()] {
        let found = found.iter().map(id).collect::<Result<BTreeSet<_>, _>>()?;
        assert_eq!(found, ["p-10", "p-30", "p-50"].map(str::to_owned).into());
    }
    Ok(())
}

fn id(person: &HashMap<String, AttributeValue>) -> Result<String, Box<dyn Error>> {
    Ok(person.get("id").and_then(|id| id.as_s().ok()).ok_or("no id")?.clone())
}
