//! The embedded DynamoDB, asked as a client asks: with requests and answers in DynamoDB JSON.

use std::collections::{BTreeMap, BTreeSet};

use dynaseal_core::{Item, json};
use dynoxide::Database;
use serde_json::{Map, Value, json};

use crate::random::Expression;

/// The attribute that is the table's key.
pub(crate) const KEY: &str = "pk";

pub(crate) struct Table(Database);

impl Table {
    pub(crate) fn new() -> Self {
        let database = Database::memory().unwrap();
        let request = json!({
            "TableName": "Table",
            "KeySchema": [{"AttributeName": KEY, "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": KEY, "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        });
        database.create_table(serde_json::from_value(request).unwrap()).unwrap();
        Self(database)
    }

    pub(crate) fn put(&self, item: &Item) {
        let request = json!({"TableName": "Table", "Item": to_json(item)});
        self.0.put_item(serde_json::from_value(request).unwrap()).unwrap();
    }

    /// The keys of the items that fulfil a filter.
    pub(crate) fn scan(&self, filter: &Expression) -> Result<BTreeSet<String>, String> {
        let request = request("FilterExpression", filter);
        let answer = self.0.scan(serde_json::from_value(request).unwrap()).map_err(|error| error.to_string())?;
        let answer = serde_json::to_value(&answer).unwrap();
        assert!(answer.get("LastEvaluatedKey").is_none_or(Value::is_null), "all items fit into one page");
        let items = answer["Items"].as_array().unwrap().iter();
        Ok(items.map(|item| item[KEY]["S"].as_str().unwrap().to_owned()).collect())
    }

    /// The item as it is after an update.
    pub(crate) fn update(&self, key: &str, update: &Expression) -> Result<Item, String> {
        let mut request = request("UpdateExpression", update);
        request["Key"] = json!({KEY: {"S": key}});
        request["ReturnValues"] = "ALL_NEW".into();
        let answer = self.0.update_item(serde_json::from_value(request).unwrap()).map_err(|error| error.to_string())?;
        Ok(from_json(&serde_json::to_value(&answer).unwrap()["Attributes"]))
    }

    /// What a projection leaves of an item.
    pub(crate) fn get(&self, key: &str, projection: &Expression) -> Result<Item, String> {
        let mut request = request("ProjectionExpression", projection);
        request["Key"] = json!({KEY: {"S": key}});
        let answer = self.0.get_item(serde_json::from_value(request).unwrap()).map_err(|error| error.to_string())?;
        Ok(from_json(&serde_json::to_value(&answer).unwrap()["Item"]))
    }
}

fn request(parameter: &str, expression: &Expression) -> Value {
    let mut request = Map::from_iter([
        ("TableName".to_owned(), "Table".into()),
        (parameter.to_owned(), expression.text.as_str().into()),
    ]);
    // An empty map is refused.
    if !expression.names.is_empty() {
        request.insert("ExpressionAttributeNames".to_owned(), names_to_json(&expression.names));
    }
    if !expression.values.is_empty() {
        request.insert("ExpressionAttributeValues".to_owned(), to_json(&expression.values));
    }
    Value::Object(request)
}

fn names_to_json(names: &BTreeMap<String, String>) -> Value {
    names
        .iter()
        .map(|(placeholder, name)| (placeholder.clone(), name.as_str().into()))
        .collect::<Map<_, Value>>()
        .into()
}

fn to_json(item: &Item) -> Value {
    serde_json::from_str(&json::to_string(item)).unwrap()
}

fn from_json(item: &Value) -> Item {
    json::from_str(&item.to_string()).unwrap()
}
