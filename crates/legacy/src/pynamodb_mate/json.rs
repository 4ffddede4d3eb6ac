//! JSON as Python's module `json` has it.

mod read;
mod write;

pub use read::JsonError;

use std::fmt;

use super::number::Number;

/// How deep lists and objects may be nested. Python stops a little earlier by default.
pub const MAX_DEPTH: usize = 1000;

/// A value of Python's module `json`.
///
/// Integers have any size, floats may be infinite or `NaN`, and objects keep the order of their members. It reads
/// ([`str::parse`]) what `json.loads` reads, except texts with half a surrogate pair, which are no Rust texts, and prints
/// to the byte what `json.dumps` writes.
///
/// ```
/// # use dynaseal_legacy::pynamodb_mate::{Json, Number};
/// let json: Json = r#"{"naïve":[18446744073709551617,1E-5,NaN]}"#.parse()?;
/// assert_eq!(json.to_string(), r#"{"na\u00efve": [18446744073709551617, 1e-05, NaN]}"#);
/// assert!(!json.is_standard());
/// # Ok::<(), dynaseal_legacy::pynamodb_mate::JsonError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Json {
    /// Python's `None`.
    Null,
    /// Python's `bool`.
    Bool(bool),
    /// Python's `int` or `float`.
    Number(Number),
    /// Python's `str`.
    Text(String),
    /// Python's `list`.
    List(Vec<Json>),
    /// Python's `dict`.
    Object(Object),
}

/// Its kind and size: names of members are as secret as their values.
impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Bool(_) => f.write_str("Bool"),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::List(list) => write!(f, "List({} elements)", list.len()),
            Self::Object(object) => object.fmt(f),
        }
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(integer: i64) -> Self {
        Self::Number(integer.into())
    }
}

impl From<f64> for Json {
    fn from(float: f64) -> Self {
        Self::Number(float.into())
    }
}

impl From<Number> for Json {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Names and values in the order in which the names came first. Objects in another order are not equal: they are
/// stored as other bytes.
///
/// It is collected from pairs. As in Python, of equal names the last value counts, in the place of the first.
///
/// ```
/// # use dynaseal_legacy::pynamodb_mate::{Json, Object};
/// let object: Object = [("b", 1), ("a", 2), ("b", 3)].map(|(name, value)| (name.to_owned(), Json::from(value))).into();
/// assert_eq!(Json::Object(object).to_string(), r#"{"b": 3, "a": 2}"#);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Object(Vec<(String, Json)>);

/// How many members it has: their names are as secret as their values.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({} members)", self.0.len())
    }
}

impl Object {
    /// The value of a name. It is searched for from the front.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(of_member, _)| of_member == name).map(|(_, value)| value)
    }

    /// Names and values in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, (String, Json)> {
        self.0.iter()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Json)> for Object {
    fn from_iter<T: IntoIterator<Item = (String, Json)>>(members: T) -> Self {
        let members: Vec<_> = members.into_iter().collect();
        // Names are hardly ever equal: sorting them finds that out without a map that has to own them.
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).all(|pair| pair.first() != pair.last()) {
            return Self(members);
        }
        let mut places = std::collections::BTreeMap::new();
        let mut kept: Vec<(String, Json)> = Vec::with_capacity(members.len());
        for (name, value) in members {
            match places.get(&name).and_then(|place: &usize| kept.get_mut(*place)) {
                Some(first) => first.1 = value,
                None => {
                    places.insert(name.clone(), kept.len());
                    kept.push((name, value));
                }
            }
        }
        Self(kept)
    }
}

impl<const N: usize> From<[(String, Json); N]> for Object {
    fn from(members: [(String, Json); N]) -> Self {
        members.into_iter().collect()
    }
}

impl IntoIterator for Object {
    type Item = (String, Json);
    type IntoIter = std::vec::IntoIter<(String, Json)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Object {
    type Item = &'a (String, Json);
    type IntoIter = std::slice::Iter<'a, (String, Json)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
