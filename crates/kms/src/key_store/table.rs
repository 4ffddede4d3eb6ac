//! The table of a key store.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableDescription,
    TableStatus,
};

use super::error::{KeyStoreError, TIMEOUT, late, within};
use super::item::{ID, TYPE};

type Items = Vec<HashMap<String, AttributeValue>>;

/// How often a new table is looked at.
const POLL: Duration = Duration::from_millis(500);

/// How long a new table may take.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) async fn create(client: &Client, table_name: &str) -> Result<(), KeyStoreError> {
    match describe(client, table_name).await? {
        Some(table) => check(&table, table_name)?,
        None => make(client, table_name).await?,
    }
    let waiting = async {
        while describe(client, table_name).await?.and_then(|table| table.table_status) != Some(TableStatus::Active) {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| Err(late(table_name, "CreateTable")))
}

async fn describe(client: &Client, table_name: &str) -> Result<Option<TableDescription>, KeyStoreError> {
    let call = client.describe_table().table_name(table_name).send();
    match tokio::time::timeout(TIMEOUT, call).await {
        Ok(Ok(answer)) => Ok(answer.table),
        Ok(Err(error)) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => {
            Ok(None)
        }
        Ok(Err(error)) => Err(KeyStoreError::dynamodb(table_name, "DescribeTable", &error)),
        Err(_) => Err(late(table_name, "DescribeTable")),
    }
}

async fn make(client: &Client, table_name: &str) -> Result<(), KeyStoreError> {
    let incomplete = |_| KeyStoreError::Table { table_name: table_name.to_owned(), problem: "its keys have no names" };
    let mut call = client.create_table().table_name(table_name).billing_mode(BillingMode::PayPerRequest);
    for (name, key_type) in [(ID, KeyType::Hash), (TYPE, KeyType::Range)] {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(name).key_type(key_type);
        call = call.attribute_definitions(attribute.build().map_err(incomplete)?);
        call = call.key_schema(key.build().map_err(incomplete)?);
    }
    within(table_name, "CreateTable", call.send()).await.map(drop)
}

fn check(table: &TableDescription, table_name: &str) -> Result<(), KeyStoreError> {
    let has_text = |name: &str| {
        let text = ScalarAttributeType::S;
        table.attribute_definitions().iter().any(|found| found.attribute_name == name && found.attribute_type == text)
    };
    let has_key = |name: &str, key_type: &KeyType| {
        table.key_schema().iter().any(|found| found.attribute_name == name && found.key_type == *key_type)
    };
    let fits = has_key(ID, &KeyType::Hash) && has_key(TYPE, &KeyType::Range) && has_text(ID) && has_text(TYPE);
    let problem = "its keys are not the texts `branch-key-id` and `type`";
    if fits { Ok(()) } else { Err(KeyStoreError::Table { table_name: table_name.to_owned(), problem }) }
}

pub(super) async fn scan_active(client: &Client, table_name: &str) -> Result<Items, KeyStoreError> {
    let call = client.scan().table_name(table_name).consistent_read(true);
    let call = call.filter_expression("#type = :active").expression_attribute_names("#type", TYPE);
    let call = call.expression_attribute_values(":active", AttributeValue::S("branch:ACTIVE".to_owned()));
    let (mut items, mut start) = (Vec::new(), None);
    loop {
        let page = within(table_name, "Scan", call.clone().set_exclusive_start_key(start).send()).await?;
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() {
            return Ok(items);
        }
    }
}

pub(super) async fn query(client: &Client, table_name: &str, id: &str) -> Result<Items, KeyStoreError> {
    let call = client.query().table_name(table_name).consistent_read(true);
    let call = call.key_condition_expression("#id = :id").expression_attribute_names("#id", ID);
    let call = call.expression_attribute_values(":id", AttributeValue::S(id.to_owned()));
    let (mut items, mut start) = (Vec::new(), None);
    loop {
        let page = within(table_name, "Query", call.clone().set_exclusive_start_key(start).send()).await?;
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() {
            return Ok(items);
        }
    }
}
