//! Serialisers for fields of types that are no [`Attribute`](super::Attribute), or are to be stored in another way:
//! `#[model(with = "json")]`, `#[model(with = "serde")]`, or the path of a module of your own with these two functions.
//!
//! What a field is written as is read back before it is sent. A value that would be read as another one, as `Some(None)` in
//! JSON would be, is refused with the name of the field; so is what would be written in another way, where the module is your
//! own.

mod exact;
mod shape;

use dynaseal_core::AttributeValue;

use super::Unfit;
use super::written::{changed, is_same, storable, unreadable};

pub(super) use exact::{is_same_but_for_order, is_same_json};

/// What is stored of a value, if that is read as a value that would be stored alike. For the derive.
///
/// # Errors
/// If it cannot be written, or is read as another value.
#[doc(hidden)]
pub fn written<T>(
    value: &T,
    to_value: impl Fn(&T) -> Result<AttributeValue, Unfit>,
    from_value: impl Fn(AttributeValue) -> Result<T, Unfit>,
) -> Result<AttributeValue, Unfit> {
    let written = to_value(value)?;
    storable(&written)?;
    let again = to_value(&from_value(written.clone()).map_err(|reason| unreadable(&reason))?)?;
    if is_same(&written, &again) { Ok(written) } else { Err(changed()) }
}

/// As JSON text: one attribute of type S, whatever is in it.
///
/// Numbers are read to the last bit, and integers of 128 bits are kept. A number in the text that the field's type would
/// change, such as one of 30 digits in a `serde_json::Value`, is an error: take a type that keeps it.
///
/// ```
/// use std::collections::BTreeMap;
/// use dynaseal::model::with::json;
/// let data = BTreeMap::from([("a".to_owned(), 1)]);
/// let value = json::to_value(&data)?;
/// assert_eq!(value, r#"{"a":1}"#.into());
/// assert_eq!(json::from_value::<BTreeMap<String, u32>>(value)?, data);
/// # Ok::<(), dynaseal::model::Unfit>(())
/// ```
pub mod json {
    use dynaseal_core::AttributeValue;
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::exact::{changes_a_number, has_long_number};
    use super::shape::Shape;
    use crate::model::Unfit;
    use crate::model::written::{changed, unreadable};

    /// What is stored.
    ///
    /// # Errors
    /// If JSON has no such value: it has neither infinity nor NaN.
    pub fn to_value<T: Serialize>(value: &T) -> Result<AttributeValue, Unfit> {
        Shape::of(value)?;
        text(value).map(AttributeValue::S)
    }

    /// From what is stored.
    ///
    /// # Errors
    /// If it is not JSON, or not of that type.
    pub fn from_value<T: DeserializeOwned>(value: AttributeValue) -> Result<T, Unfit> {
        let AttributeValue::S(text) = value else { return Err(Unfit::of_type("S", &value)) };
        parse(&text)
    }

    /// What is stored, if the same value is read of it. For the derive.
    ///
    /// # Errors
    /// If JSON has no such value, or it is read as another one.
    #[doc(hidden)]
    pub fn written<T: Serialize + DeserializeOwned>(value: &T) -> Result<AttributeValue, Unfit> {
        let (shape, text) = (Shape::of(value)?, text(value)?);
        let read: T = parse(&text).map_err(|reason| unreadable(&reason))?;
        if shape.is(Shape::of(&read)?) { Ok(AttributeValue::S(text)) } else { Err(changed()) }
    }

    /// From what is stored, if its numbers would be stored as they are. For the derive.
    ///
    /// # Errors
    /// If it does not fit, or a number would be another one.
    #[doc(hidden)]
    pub fn read<T: Serialize + DeserializeOwned>(value: AttributeValue) -> Result<T, Unfit> {
        let AttributeValue::S(stored) = value else { return Err(Unfit::of_type("S", &value)) };
        let read: T = parse(&stored)?;
        if has_long_number(&stored) && changes_a_number(&stored, &text(&read)?) {
            let reason = "a number in its JSON has more digits than the field's type keeps: take a type that keeps them, such as `u128` or a text";
            return Err(Unfit::new(reason));
        }
        Ok(read)
    }

    fn text<T: Serialize>(value: &T) -> Result<String, Unfit> {
        // The reason of serde may have the value in it.
        serde_json::to_string(value).map_err(|_| Unfit::new("it cannot be written as JSON"))
    }

    fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Unfit> {
        serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Unfit::new(format!("its JSON does not fit at line {line}, column {column}"))
        })
    }
}

/// By serde, as DynamoDB's own types: structs become maps, enums strings or maps, lists lists.
///
/// A `HashSet` inside becomes a list: serde has no sets. Keys of maps may be texts, integers, truth values and variants
/// without data; integers have 64 bits at most.
///
/// ```
/// use dynaseal::AttributeValue;
/// use dynaseal::model::with::serde as by_serde;
/// #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
/// struct Address { street: String, number: u16 }
/// let address = Address { street: "Kirchgasse".to_owned(), number: 7 };
/// let value = by_serde::to_value(&address)?;
/// assert!(matches!(&value, AttributeValue::M(map) if map["number"] == AttributeValue::N("7".to_owned())));
/// assert_eq!(by_serde::from_value::<Address>(value)?, address);
/// # Ok::<(), dynaseal::model::Unfit>(())
/// ```
pub mod serde {
    use ::serde::Serialize;
    use ::serde::de::DeserializeOwned;
    use dynaseal_core::AttributeValue;
    use serde_dynamo::AttributeValue as Other;

    use super::exact::Numbers;
    use super::shape::Shape;
    use crate::model::Unfit;
    use crate::model::written::{changed, storable, unreadable};

    /// What is stored.
    ///
    /// # Errors
    /// If DynamoDB has no such value.
    pub fn to_value<T: Serialize>(value: &T) -> Result<AttributeValue, Unfit> {
        stored(value, &Shape::of(value)?)
    }

    /// From what is stored.
    ///
    /// # Errors
    /// If it is not of that type.
    pub fn from_value<T: DeserializeOwned>(value: AttributeValue) -> Result<T, Unfit> {
        // The reason of serde may have the value in it.
        serde_dynamo::from_attribute_value(theirs(value)).map_err(|_| Unfit::new("it is not of the field's shape"))
    }

    /// What is stored, if the same value is read of it. For the derive.
    ///
    /// # Errors
    /// If DynamoDB has no such value, or it is read as another one.
    #[doc(hidden)]
    pub fn written<T: Serialize + DeserializeOwned>(value: &T) -> Result<AttributeValue, Unfit> {
        let shape = Shape::of(value)?;
        let written = stored(value, &shape)?;
        let read: T = from_value(written.clone()).map_err(|reason| unreadable(&reason))?;
        if shape.is(Shape::of(&read)?) { Ok(written) } else { Err(changed()) }
    }

    /// From what is stored, if its numbers would be stored as they are. For the derive.
    ///
    /// # Errors
    /// If it does not fit, or a number would be another one.
    #[doc(hidden)]
    pub fn read<T: Serialize + DeserializeOwned>(value: AttributeValue) -> Result<T, Unfit> {
        if !has_long_number(&value) {
            return from_value(value);
        }
        let read: T = from_value(value.clone())?;
        if Numbers::of_value(&value).change_in(&Numbers::of_value(&to_value(&read)?)) {
            let reason = "a number in it has more digits than the field's type keeps: take a type that keeps them, or `BTreeMap<String, AttributeValue>`";
            return Err(Unfit::new(reason));
        }
        Ok(read)
    }

    fn stored<T: Serialize>(value: &T, shape: &Shape) -> Result<AttributeValue, Unfit> {
        let unfit = || {
            Unfit::new(
                "by serde, DynamoDB has no value of this shape: keys of maps are texts, integers, truth values or variants without data, and integers have 64 bits at most",
            )
        };
        // Asked first, as serde_dynamo panics at lists as keys.
        if !shape.has_plain_keys() {
            return Err(unfit());
        }
        let value = ours(serde_dynamo::to_attribute_value(value).map_err(|_| unfit())?);
        storable(&value)?;
        Ok(value)
    }

    /// Whether it has a number that a type may not keep as it is: one of more digits than the smallest float has.
    fn has_long_number(value: &AttributeValue) -> bool {
        const SURE: usize = 6;
        match value {
            AttributeValue::N(number) => number.len() > SURE,
            AttributeValue::Ns(set) => set.iter().any(|number| number.len() > SURE),
            AttributeValue::L(list) => list.iter().any(has_long_number),
            AttributeValue::M(map) => map.values().any(has_long_number),
            _ => false,
        }
    }

    fn ours(value: Other) -> AttributeValue {
        match value {
            Other::S(text) => AttributeValue::S(text),
            Other::N(number) => AttributeValue::N(number),
            Other::B(bytes) => AttributeValue::B(bytes),
            Other::Bool(truth) => AttributeValue::Bool(truth),
            Other::Null(truth) => AttributeValue::Null(truth),
            Other::M(map) => AttributeValue::M(map.into_iter().map(|(name, value)| (name, ours(value))).collect()),
            Other::L(list) => AttributeValue::L(list.into_iter().map(ours).collect()),
            Other::Ss(set) => AttributeValue::Ss(set),
            Other::Ns(set) => AttributeValue::Ns(set),
            Other::Bs(set) => AttributeValue::Bs(set),
        }
    }

    fn theirs(value: AttributeValue) -> Other {
        match value {
            AttributeValue::S(text) => Other::S(text),
            AttributeValue::N(number) => Other::N(number),
            AttributeValue::B(bytes) => Other::B(bytes),
            AttributeValue::Bool(truth) => Other::Bool(truth),
            AttributeValue::Null(truth) => Other::Null(truth),
            AttributeValue::M(map) => Other::M(map.into_iter().map(|(name, value)| (name, theirs(value))).collect()),
            AttributeValue::L(list) => Other::L(list.into_iter().map(theirs).collect()),
            AttributeValue::Ss(set) => Other::Ss(set),
            AttributeValue::Ns(set) => Other::Ns(set),
            AttributeValue::Bs(set) => Other::Bs(set),
        }
    }
}

/// Times of several writers: reads whatever RFC 3339 allows, and pynamodb's `+0000`, and writes what a
/// [`Timestamp`](super::Timestamp) is written as. Not for keys, as DynamoDB compares texts: for the same reason, a filter finds
/// only times in the spelling that is written.
///
/// ```
/// use dynaseal::model::{Timestamp, with::rfc3339};
/// let time: Timestamp = rfc3339::from_value("2026-11-22T13:00:00+01:00".into())?;
/// assert_eq!(rfc3339::to_value(&time)?, "2026-11-22T12:00:00.000000Z".into());
/// # Ok::<(), dynaseal::model::Unfit>(())
/// ```
pub mod rfc3339 {
    use dynaseal_core::AttributeValue;

    use crate::model::{Timestamp, Unfit};

    /// What is stored.
    ///
    /// # Errors
    /// Never.
    pub fn to_value(time: &Timestamp) -> Result<AttributeValue, Unfit> {
        Ok(AttributeValue::S(time.to_string()))
    }

    /// From what is stored.
    ///
    /// # Errors
    /// If it is no time.
    pub fn from_value(value: AttributeValue) -> Result<Timestamp, Unfit> {
        match value {
            AttributeValue::S(text) => text.parse(),
            other => Err(Unfit::of_type("S", &other)),
        }
    }
}
