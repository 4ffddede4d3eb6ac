//! The expressions of a request, with the placeholders that they share.

use std::collections::BTreeMap;
use std::fmt;

use dynaseal_core::{Item, names_only};
use dynaseal_expression::{Condition, ExpressionKind};

use crate::error::Refusal;

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

/// Joins conditions that were given one by one: all of them are asked.
///
/// Each is read by itself, so that no text can change the meaning of another. `None` of none; one alone stays as it is.
///
/// # Errors
/// If one of several is no condition.
pub fn all_conditions(mut texts: Vec<String>) -> Result<Option<String>, Refusal> {
    if texts.len() < 2 {
        return Ok(texts.pop());
    }
    let read = |text: String| Condition::parse(ExpressionKind::Condition, &text);
    let conditions = texts.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(Condition::And(conditions).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_joined_by_their_meaning() {
        let joined = |texts: &[&str]| all_conditions(texts.iter().map(|text| (*text).to_owned()).collect());
        assert_eq!(joined(&[]).unwrap(), None);
        assert_eq!(joined(&["((a = :a))"]).unwrap().as_deref(), Some("((a = :a))"));
        assert_eq!(joined(&["a = :a OR b = :b", "NOT c = :c"]).unwrap().unwrap(), "(a = :a OR b = :b) AND NOT c = :c");
        // Put together as text, this would hold whenever the last does.
        assert!(joined(&["a = :a) OR (b = :b", "c = :c"]).is_err());
        assert!(joined(&["a = :a", ""]).is_err());
    }
}
