//! Items to and from `aws-sdk-dynamodb`. Strings and bytes are moved, not copied.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue as SdkValue;

use dynaseal_core::{AttributeValue, Item};

/// A type of attribute that this version does not know.
///
/// It is refused and not passed: what is not understood can not be sealed or verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownType {
    name: String,
}

impl UnknownType {
    /// The attribute.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Display for UnknownType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` has a type of value that this version does not know: update dynaseal", self.name)
    }
}

impl std::error::Error for UnknownType {}

/// An item for the SDK.
///
/// ```
/// use dynaseal_client::value;
/// use dynaseal_core::Item;
/// let item = Item::from([("pk".to_owned(), "a".into()), ("n".to_owned(), 1_i64.into())]);
/// assert_eq!(value::from_sdk(value::to_sdk(item.clone()))?, item);
/// # Ok::<(), value::UnknownType>(())
/// ```
pub fn to_sdk(item: Item) -> HashMap<String, SdkValue> {
    item.into_iter().map(|(name, value)| (name, value_to_sdk(value))).collect()
}

/// An item from the SDK.
///
/// # Errors
/// If a value has a type that DynamoDB got after this version; the error names the attribute.
pub fn from_sdk(item: HashMap<String, SdkValue>) -> Result<Item, UnknownType> {
    let attribute = |(name, value)| match value_from_sdk(value) {
        Some(value) => Ok((name, value)),
        None => Err(UnknownType { name }),
    };
    item.into_iter().map(attribute).collect()
}

/// A value for the SDK.
pub fn value_to_sdk(value: AttributeValue) -> SdkValue {
    match value {
        AttributeValue::S(text) => SdkValue::S(text),
        AttributeValue::N(number) => SdkValue::N(number),
        AttributeValue::B(bytes) => SdkValue::B(Blob::new(bytes)),
        AttributeValue::Ss(set) => SdkValue::Ss(set),
        AttributeValue::Ns(set) => SdkValue::Ns(set),
        AttributeValue::Bs(set) => SdkValue::Bs(set.into_iter().map(Blob::new).collect()),
        AttributeValue::M(map) => SdkValue::M(to_sdk(map)),
        AttributeValue::L(list) => SdkValue::L(list.into_iter().map(value_to_sdk).collect()),
        AttributeValue::Null(truth) => SdkValue::Null(truth),
        AttributeValue::Bool(truth) => SdkValue::Bool(truth),
    }
}

/// A value from the SDK; `None` for a type that DynamoDB got after this version.
pub fn value_from_sdk(value: SdkValue) -> Option<AttributeValue> {
    Some(match value {
        SdkValue::S(text) => AttributeValue::S(text),
        SdkValue::N(number) => AttributeValue::N(number),
        SdkValue::B(bytes) => AttributeValue::B(bytes.into_inner()),
        SdkValue::Ss(set) => AttributeValue::Ss(set),
        SdkValue::Ns(set) => AttributeValue::Ns(set),
        SdkValue::Bs(set) => AttributeValue::Bs(set.into_iter().map(Blob::into_inner).collect()),
        SdkValue::M(map) => AttributeValue::M(from_sdk(map).ok()?),
        SdkValue::L(list) => AttributeValue::L(list.into_iter().map(value_from_sdk).collect::<Option<_>>()?),
        SdkValue::Null(truth) => AttributeValue::Null(truth),
        SdkValue::Bool(truth) => AttributeValue::Bool(truth),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_goes_there_and_back() {
        let value = AttributeValue::L(vec![
            AttributeValue::M([("s".to_owned(), "é".into())].into()),
            AttributeValue::N("1".into()),
            AttributeValue::B(vec![0, 255]),
            AttributeValue::Ss(vec!["a".into()]),
            AttributeValue::Ns(vec!["1".into()]),
            AttributeValue::Bs(vec![vec![1]]),
            AttributeValue::Null(true),
            AttributeValue::Bool(false),
        ]);
        assert_eq!(value_from_sdk(value_to_sdk(value.clone())), Some(value));
    }
}
