//! A value that is read is the value that was written: checks of types that may have it otherwise.

use dynaseal_core::{AttributeValue, normal_form, write_value};

use super::Unfit;
use super::attribute::Attribute;
use super::with::is_same_but_for_order;

/// What is stored of a value, if that is read as a value that would be stored alike. For the derive.
///
/// # Errors
/// If DynamoDB has no such value, or it is read as another one.
#[doc(hidden)]
pub fn written<T: Attribute>(value: &T) -> Result<Option<AttributeValue>, Unfit> {
    written_as(value, is_same)
}

/// The same of a key, which has one spelling. For the derive.
///
/// # Errors
/// As above.
#[doc(hidden)]
pub fn written_key<T: Attribute>(value: &T) -> Result<Option<AttributeValue>, Unfit> {
    written_as(value, is_same_key)
}

fn written_as<T: Attribute>(
    value: &T,
    is_same: fn(&AttributeValue, &AttributeValue) -> bool,
) -> Result<Option<AttributeValue>, Unfit> {
    let written = value.to_value()?;
    if !T::EXACT {
        if let Some(written) = &written {
            storable(written)?;
        }
        let again = T::from_value(written.clone()).map_err(|reason| unreadable(&reason))?.to_value()?;
        let same = match (&written, &again) {
            (Some(written), Some(again)) => is_same(written, again),
            (written, again) => written == again,
        };
        if !same {
            return Err(changed());
        }
    }
    Ok(written)
}

/// What is stored of a field that is its default where nothing is stored: nothing may not mean something else. For the derive.
///
/// # Errors
/// If the value is stored as nothing, and the default is not.
#[doc(hidden)]
pub fn or_default<T>(
    written: Option<AttributeValue>,
    default: impl FnOnce() -> T,
    to_value: impl FnOnce(&T) -> Result<Option<AttributeValue>, Unfit>,
) -> Result<Option<AttributeValue>, Unfit> {
    if written.is_none() && to_value(&default())?.is_some() {
        return Err(Unfit::new(
            "it is stored as no attribute, and would be read as the field's default, which is another",
        ));
    }
    Ok(written)
}

/// What is stored of an `Option` with a value in it: not NULL, which would be read as `None`. For the derive.
///
/// # Errors
/// If it is NULL.
#[doc(hidden)]
pub fn some(written: AttributeValue) -> Result<Option<AttributeValue>, Unfit> {
    match written {
        AttributeValue::Null(_) => {
            Err(Unfit::new("`Some` of what is stored as NULL would be read as `None`: take the `Option` away"))
        }
        written => Ok(Some(written)),
    }
}

/// The value of a key, if it would be stored as it was. For the derive.
///
/// # Errors
/// If it does not fit, or would be stored in another spelling.
#[doc(hidden)]
pub fn read_key<T: Attribute>(value: Option<AttributeValue>) -> Result<T, Unfit> {
    if T::EXACT {
        return T::from_value(value);
    }
    let stored = value.clone();
    let read = T::from_value(value)?;
    match (&stored, read.to_value()?) {
        (Some(stored), Some(again)) if is_same_key(stored, &again) => Ok(read),
        (None, None) => Ok(read),
        // An item without the attribute is not in the index, whatever it says instead.
        (Some(AttributeValue::Null(_)), None) => Ok(read),
        _ => Err(Unfit::new(
            "it is read in another spelling than it would be written in, so what was read would not find the item again: take a type that keeps the spelling, such as `String`",
        )),
    }
}

/// Whether DynamoDB has such a value: a set of something, numbers that are some, nesting and names within its limits.
pub(super) fn storable(value: &AttributeValue) -> Result<(), Unfit> {
    if has_empty_set(value) {
        return Err(Unfit::new("DynamoDB has no empty set"));
    }
    if let AttributeValue::S(_) | AttributeValue::B(_) | AttributeValue::Bool(_) = value {
        return Ok(());
    }
    write_value(value, &mut Vec::new()).map_err(|error| Unfit::new(error.problem().to_string()))
}

fn has_empty_set(value: &AttributeValue) -> bool {
    match value {
        AttributeValue::Ss(set) | AttributeValue::Ns(set) => set.is_empty(),
        AttributeValue::Bs(set) => set.is_empty(),
        AttributeValue::L(list) => list.iter().any(has_empty_set),
        AttributeValue::M(map) => map.values().any(has_empty_set),
        _ => false,
    }
}

/// Whether two values are one to DynamoDB.
fn is_same_key(one: &AttributeValue, other: &AttributeValue) -> bool {
    one == other || matches!((normal_form(one), normal_form(other)), (Ok(one), Ok(other)) if one == other)
}

/// Whether two values are one to DynamoDB, or differ only in an order that a `HashMap` or `HashSet` gave them.
pub(super) fn is_same(one: &AttributeValue, other: &AttributeValue) -> bool {
    match (one, other) {
        (AttributeValue::S(one), AttributeValue::S(other)) => one == other || is_same_but_for_order(one, other),
        _ if one == other => true,
        _ => match (normal_form(one), normal_form(other)) {
            (Ok(one), Ok(other)) => without_order(one) == without_order(other),
            _ => false,
        },
    }
}

/// With the elements of all lists in the order of their bytes.
fn without_order(value: AttributeValue) -> AttributeValue {
    match value {
        AttributeValue::L(list) => {
            let bytes = |value: &AttributeValue| {
                let mut bytes = Vec::new();
                // What cannot be written stays where it is: it is equal to itself alone.
                let _ = write_value(value, &mut bytes);
                bytes
            };
            let mut list: Vec<AttributeValue> = list.into_iter().map(without_order).collect();
            list.sort_by_cached_key(bytes);
            AttributeValue::L(list)
        }
        AttributeValue::M(map) => {
            AttributeValue::M(map.into_iter().map(|(name, value)| (name, without_order(value))).collect())
        }
        other => other,
    }
}

pub(super) fn unreadable(reason: &Unfit) -> Unfit {
    Unfit::new(format!("it would be stored as what cannot be read: {reason}"))
}

pub(super) fn changed() -> Unfit {
    Unfit::new("it would be read as another value than it is")
}
