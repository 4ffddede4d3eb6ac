//! The expressions of a request, with the placeholders that they share.

use std::collections::BTreeMap;

use dynaseal_core::Item;

/// What a request says in DynamoDB's expression language, and the older parameters that expressions replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expressions {
    /// `ConditionExpression`.
    pub condition: Option<String>,
    /// `FilterExpression`.
    pub filter: Option<String>,
    /// `KeyConditionExpression`.
    pub key_condition: Option<String>,
    /// `ProjectionExpression`.
    pub projection: Option<String>,
    /// `UpdateExpression`.
    pub update: Option<String>,
    /// `ExpressionAttributeNames`.
    pub names: BTreeMap<String, String>,
    /// `ExpressionAttributeValues`.
    pub values: Item,
    /// The older parameters that are set, by name: `Expected`, `AttributesToGet` and the like. They are refused on sealed
    /// tables, for nothing reads what they say.
    pub legacy: Vec<&'static str>,
}

impl Expressions {
    /// Whether there is any expression at all.
    pub(crate) fn is_empty(&self) -> bool {
        let all = [&self.condition, &self.filter, &self.key_condition, &self.projection, &self.update];
        all.into_iter().all(Option::is_none)
    }
}
