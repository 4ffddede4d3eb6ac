//! An index that does not project whole items: what comes from it can not be verified, and is refused until it is named.
//!
//!     cargo run --example unverified_index --features local -p dynaseal

mod support;

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};
use dynaseal::{
    ItemEncryptor, RawAesKeyring, Refusal, SealedTable, Sealer, SendSealed, TableConfig, local, operation_error,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let client = local::memory()?;
    // An index that projects ALL needs none of this. Keys alone are cheaper, and what many tables already have.
    let ward = AttributeDefinition::builder().attribute_name("ward").attribute_type(ScalarAttributeType::S).build()?;
    let index = GlobalSecondaryIndex::builder()
        .index_name("by-ward")
        .key_schema(KeySchemaElement::builder().attribute_name("ward").key_type(KeyType::Hash).build()?)
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()?;
    let table = support::table("people", &client)?;
    table.attribute_definitions(ward).global_secondary_indexes(index).send().await?;

    let config = TableConfig::builder("people", "id").encrypt(["name"]).sign(["ward"]).build()?;
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("hospital", "key-2026", &[7; 32])?);
    let table = SealedTable::new("people", encryptor);
    let sealer = Sealer::of_table(table.clone());
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for (id, name, ward) in [("p-1001", "Ada Byron", "north"), ("p-1002", "Bob", "south"), ("p-1003", "Eve", "north")] {
        let put = client.put_item().table_name("people").item("id", text(id)).item("name", text(name));
        put.item("ward", text(ward)).send_sealed(&sealer).await?;
    }

    let query = client.query().table_name("people").index_name("by-ward").key_condition_expression("ward = :ward");
    let query = query.expression_attribute_values(":ward", text("north"));
    // Keys alone have neither header nor footer: whether there is such a record can not be told.
    let error = query.clone().send_sealed(&sealer).await.expect_err("keys alone were verified");
    println!("refused: {}", support::text(&error));
    let reason = operation_error(&error).ok_or("it failed at DynamoDB")?;
    assert!(matches!(reason.refusal(), Refusal::PartialIndex { index, .. } if index == "by-ward"));

    // What is encrypted can not be asked for: it would come as its ciphertext.
    assert!(table.clone().danger_unverified_index("by-ward", ["name"]).is_err());
    // What comes is the table's key and the named attributes, and nobody vouches for them.
    let sealer = Sealer::of_table(table.danger_unverified_index("by-ward", ["ward"])?);
    let mut found = query.clone().send_sealed(&sealer).await?.items.unwrap_or_default();
    found.sort_by_key(|item| item.get("id").and_then(|id| id.as_s().ok()).cloned());
    let expected = ["p-1001", "p-1003"].map(|id| item([("id", id), ("ward", "north")]));
    assert_eq!(found, expected);

    // Whoever can write the table can put an item into the index. So take it as a hint, and get what it points to.
    client.put_item().table_name("people").set_item(Some(item([("id", "p-6666"), ("ward", "north")]))).send().await?;
    let mut names = Vec::new();
    for hint in query.send_sealed(&sealer).await?.items.unwrap_or_default() {
        let id = hint.get("id").ok_or("no id")?;
        let get = client.get_item().table_name("people").key("id", id.clone());
        match get.send_sealed(&sealer).await {
            // It may have moved or gone since: an index is always a little behind.
            Ok(answer) => names.extend(answer.item.and_then(|item| item.get("name")?.as_s().ok().cloned())),
            Err(error) => {
                assert_eq!(id, &text("p-6666"));
                println!("made up: {}", support::text(&error));
            }
        }
    }
    names.sort();
    assert_eq!(names, ["Ada Byron", "Eve"]);
    Ok(())
}

fn item(fields: [(&str, &str); 2]) -> HashMap<String, AttributeValue> {
    HashMap::from(fields.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned()))))
}
