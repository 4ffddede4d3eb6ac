//! The expressions of a request, with the placeholders that they share.

use std::collections::BTreeMap;
use std::fmt;

use dynaseal_core::{Item, names_only};

/// What a request says in DynamoDB's expression language, and the older parameters that expressions replaced.
#[derive(Clone, Default, PartialEq, Eq)]
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

/// The texts, and the placeholders without what they stand for.
impl fmt::Debug for Expressions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { condition, filter, key_condition, projection, update, names, values, legacy } = self;
        f.debug_struct("Expressions")
            .field("condition", condition)
            .field("filter", filter)
            .field("key_condition", key_condition)
            .field("projection", projection)
            .field("update", update)
            .field("names", &names_only(names))
            .field("values", &names_only(values))
            .field("legacy", legacy)
            .finish()
    }
}

impl Expressions {
    /// Whether there is any expression at all.
    pub(crate) fn is_empty(&self) -> bool {
        let all = [&self.condition, &self.filter, &self.key_condition, &self.projection, &self.update];
        all.into_iter().all(Option::is_none)
    }
}
