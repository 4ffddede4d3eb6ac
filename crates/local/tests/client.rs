//! The SDK's client on the embedded database.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, Put, ScalarAttributeType,
    TransactWriteItem,
};

async fn create_table(client: &Client) {
    client
        .create_table()
        .table_name("things")
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build().unwrap())
        .attribute_definitions(
            AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S).build().unwrap(),
        )
        .send()
        .await
        .unwrap();
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[tokio::test]
async fn items_go_in_and_come_out_in_dynamodbs_form() {
    let client = dynaseal_local::memory().unwrap();
    create_table(&client).await;
    let put = client.put_item().table_name("things").item("pk", s("a")).item("n", AttributeValue::N("01.50".into()));
    put.item("b", AttributeValue::B(vec![0, 255].into())).send().await.unwrap();
    let item = client.get_item().table_name("things").key("pk", s("a")).send().await.unwrap().item.unwrap();
    assert_eq!(item["n"], AttributeValue::N("1.5".into()));
    assert_eq!(item["b"], AttributeValue::B(vec![0, 255].into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_the_sdks_own() {
    let client = dynaseal_local::memory().unwrap();
    let error = client.get_item().table_name("none").key("pk", s("a")).send().await.unwrap_err();
    assert!(error.into_service_error().is_resource_not_found_exception());

    create_table(&client).await;
    let put = client.put_item().table_name("things").item("pk", s("a"));
    put.clone().send().await.unwrap();
    let error = put.clone().condition_expression("attribute_not_exists(pk)").send().await.unwrap_err();
    assert!(error.into_service_error().is_conditional_check_failed_exception());
    let error = put.item("n", AttributeValue::N("no".into())).send().await.unwrap_err();
    let error = error.into_service_error();
    assert_eq!(error.code(), Some("ValidationException"));
    assert!(!error.message().unwrap().contains("VALIDATION"), "{error:?}");

    let put = Put::builder()
        .table_name("things")
        .item("pk", s("a"))
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .unwrap();
    let write = TransactWriteItem::builder().put(put).build();
    let error = client.transact_write_items().transact_items(write).send().await.unwrap_err().into_service_error();
    assert!(error.is_transaction_canceled_exception());
}

#[tokio::test]
async fn a_file_outlives_its_client() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.db");
    {
        let client = dynaseal_local::file(&path).unwrap();
        create_table(&client).await;
        client.put_item().table_name("things").item("pk", s("a")).send().await.unwrap();
    }
    let client = dynaseal_local::file(&path).unwrap();
    assert_eq!(client.scan().table_name("things").send().await.unwrap().count, 1);
}

#[test]
fn a_path_that_can_not_be_opened_is_named() {
    let error = dynaseal_local::file("/no/such/folder/people.db").unwrap_err();
    assert!(error.to_string().contains("/no/such/folder/people.db"), "{error}");
}
