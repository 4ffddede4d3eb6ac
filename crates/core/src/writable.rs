//! What DynamoDB never takes, and would not see in an encrypted value: such an item could not be written as it is, neither
//! before it is sealed nor after it was opened. Other clients seal such values; they open like all others.

use crate::error::ErrorKind;
use crate::schema::{CryptoAction, TableConfig};
use crate::serialize::{MAX_DEPTH, Step, ValueError, ValueProblem};
use crate::value::{AttributeValue, Item};

/// Refuses an item with an empty key or an empty set. Members of sets may be empty: DynamoDB takes those since May 2020.
pub(crate) fn check(item: &Item, config: &TableConfig) -> Result<(), ErrorKind> {
    for name in config.key_names() {
        let is_empty = match item.get(name) {
            Some(AttributeValue::S(text)) => text.is_empty(),
            Some(AttributeValue::B(bytes)) => bytes.is_empty(),
            _ => false,
        };
        if is_empty {
            return Err(ErrorKind::value(name, ValueProblem::EmptyKey.into()));
        }
    }
    item.iter().try_for_each(|(name, value)| {
        check_value(value, 0).map_err(|error| {
            let is_secret = config.action(name) == Some(CryptoAction::EncryptAndSign);
            ErrorKind::value(name, if is_secret { error.hide_keys() } else { error })
        })
    })
}

fn check_value(value: &AttributeValue, depth: usize) -> Result<(), ValueError> {
    let is_empty = match value {
        AttributeValue::Ss(members) | AttributeValue::Ns(members) => members.is_empty(),
        AttributeValue::Bs(members) => members.is_empty(),
        _ => false,
    };
    if is_empty {
        return Err(ValueProblem::EmptySet.into());
    }
    match value {
        // What is nested deeper is refused for that.
        AttributeValue::L(_) | AttributeValue::M(_) if depth >= MAX_DEPTH => Ok(()),
        AttributeValue::L(elements) => elements.iter().enumerate().try_for_each(|(index, element)| {
            check_value(element, depth + 1).map_err(|error| error.inside(Step::Index(index)))
        }),
        AttributeValue::M(members) => members.iter().try_for_each(|(key, member)| {
            check_value(member, depth + 1).map_err(|error| error.inside(Step::Key(key.clone())))
        }),
        _ => Ok(()),
    }
}
