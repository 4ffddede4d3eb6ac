//! Items and attribute values, as DynamoDB knows them.

use std::collections::{BTreeMap, BTreeSet};

/// The largest item DynamoDB stores: 400 KB, attribute names included.
pub const MAX_ITEM_SIZE: usize = 400 * 1024;

/// A DynamoDB item: attribute names and their values.
///
/// The map is ordered by the UTF-8 bytes of the names, so that everything made from an item is reproducible.
pub type Item = BTreeMap<String, AttributeValue>;

/// Returns the names of an item's attributes, in order. That is what `Debug` of a type with items in it shows in place of
/// them: names are not secret, values are.
///
/// ```
/// use dynaseal_core::{Item, names_only};
/// let item = Item::from([("pk".to_owned(), "a".into()), ("diagnosis".to_owned(), "influenza".into())]);
/// assert_eq!(format!("{:?}", names_only(&item)), r#"{"diagnosis", "pk"}"#);
/// ```
pub fn names_only<'i, V: 'i>(item: impl IntoIterator<Item = (&'i String, &'i V)>) -> BTreeSet<&'i str> {
    item.into_iter().map(|(name, _)| name.as_str()).collect()
}

/// One DynamoDB attribute value.
///
/// Numbers are text, exactly as DynamoDB transports them. `Debug` prints the content: it is the caller's data, not a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// A string.
    S(String),
    /// A number, as decimal text.
    N(String),
    /// Bytes.
    B(Vec<u8>),
    /// A set of strings.
    Ss(Vec<String>),
    /// A set of numbers, as decimal text.
    Ns(Vec<String>),
    /// A set of byte strings.
    Bs(Vec<Vec<u8>>),
    /// A map from names to values.
    M(BTreeMap<String, AttributeValue>),
    /// A list of values.
    L(Vec<AttributeValue>),
    /// Null. DynamoDB only stores `true` here, and that is what comes back after sealing.
    Null(bool),
    /// A truth value.
    Bool(bool),
}

impl AttributeValue {
    /// The name DynamoDB gives this type: `S`, `N`, `B`, `SS`, `NS`, `BS`, `M`, `L`, `NULL` or `BOOL`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::S(_) => "S",
            Self::N(_) => "N",
            Self::B(_) => "B",
            Self::Ss(_) => "SS",
            Self::Ns(_) => "NS",
            Self::Bs(_) => "BS",
            Self::M(_) => "M",
            Self::L(_) => "L",
            Self::Null(_) => "NULL",
            Self::Bool(_) => "BOOL",
        }
    }

    /// The bytes DynamoDB bills for this value, after its published rules for item sizes.
    ///
    /// Numbers are an upper bound: DynamoDB says only "approximately" there.
    pub fn size(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(number) => number_size(number),
            Self::B(bytes) => bytes.len(),
            Self::Ss(set) => set.iter().map(String::len).sum(),
            Self::Ns(set) => set.iter().map(|number| number_size(number)).sum(),
            Self::Bs(set) => set.iter().map(Vec::len).sum(),
            Self::M(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + value.size()).sum::<usize>(),
            Self::L(list) => 3 + list.iter().map(|value| 1 + value.size()).sum::<usize>(),
            Self::Null(_) | Self::Bool(_) => 1,
        }
    }
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> Self {
        Self::S(text.to_owned())
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> Self {
        Self::S(text)
    }
}

impl From<Vec<u8>> for AttributeValue {
    fn from(bytes: Vec<u8>) -> Self {
        Self::B(bytes)
    }
}

impl From<bool> for AttributeValue {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for AttributeValue {
    fn from(number: i64) -> Self {
        Self::N(number.to_string())
    }
}

/// The bytes DynamoDB counts for an item: names and values.
///
/// ```
/// use dynaseal_core::{Item, item_size};
/// let item = Item::from([("pk".to_owned(), "a".into()), ("n".to_owned(), 25_i64.into())]);
/// assert_eq!(item_size(&item), 2 + 1 + 1 + 2);
/// ```
pub fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value.size()).sum()
}

/// One byte for every two digits, one for the exponent, one for a minus sign; zeros around the digits are free.
fn number_size(number: &str) -> usize {
    let mantissa = number.split(['e', 'E']).next().unwrap_or(number);
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let leading = mantissa.bytes().filter(|b| *b != b'.').skip_while(|b| matches!(b, b'-' | b'+'));
    let leading = leading.take_while(|b| *b == b'0').count();
    let trailing = mantissa.bytes().rev().filter(|b| *b != b'.').take_while(|b| *b == b'0').count();
    let significant = digits.saturating_sub(leading).saturating_sub(trailing);
    significant.div_ceil(2) + 1 + usize::from(number.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_the_published_rules() {
        let size = |value: AttributeValue| value.size();
        assert_eq!(size("é".into()), 2);
        assert_eq!(size(AttributeValue::N("0".into())), 1);
        assert_eq!(size(AttributeValue::N("123".into())), 3);
        assert_eq!(size(AttributeValue::N("-120000".into())), 3);
        assert_eq!(size(AttributeValue::N("0.00012".into())), 2);
        assert_eq!(size(AttributeValue::L(vec![])), 3);
        assert_eq!(size(AttributeValue::L(vec![true.into(), "ab".into()])), 3 + 2 + 3);
        assert_eq!(size(AttributeValue::M([("k".to_owned(), "ab".into())].into())), 3 + 1 + 1 + 2);
        assert_eq!(size(AttributeValue::Ss(vec!["a".into(), "bc".into()])), 3);
    }
}
