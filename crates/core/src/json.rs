//! DynamoDB JSON: `{"pk":{"S":"a"},"n":{"N":"1"}}`, as the AWS command line, exports and streams write it.
//!
//! Errors say where (line and column, or the path to the value) and what was expected. They never repeat a value.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::value::{AttributeValue, Item};

/// Text that is no DynamoDB JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not JSON at all.
    #[error("not JSON: {reason}")]
    Syntax {
        /// What was wrong, with line and column.
        reason: String,
    },
    /// JSON, but no item.
    #[error("at `{path}`: {problem}")]
    Shape {
        /// The attribute, and where in it: `address{2}[0]` is the first element of what stands third in the map `address`.
        path: String,
        /// What was expected.
        problem: &'static str,
    },
}

/// Reads an item.
///
/// # Errors
/// If the text is no DynamoDB JSON.
///
/// ```
/// use dynaseal_core::{AttributeValue, json};
/// let item = json::from_str(r#"{"pk":{"S":"a"},"tags":{"SS":["x"]}}"#)?;
/// assert_eq!(item["tags"], AttributeValue::Ss(vec!["x".into()]));
/// assert_eq!(json::to_string(&item), r#"{"pk":{"S":"a"},"tags":{"SS":["x"]}}"#);
/// let error = json::from_str(r#"{"pk":{"N":5}}"#).unwrap_err();
/// assert_eq!(error.to_string(), "at `pk`: N takes a number as a JSON string");
/// # Ok::<(), json::JsonError>(())
/// ```
pub fn from_str(text: &str) -> Result<Item, JsonError> {
    item(parse(text)?)
}

/// Reads a JSON array of items. An element that is no item is an error by itself and does not stop the others.
///
/// # Errors
/// If the text is no JSON array.
pub fn array_from_str(text: &str) -> Result<Vec<Result<Item, JsonError>>, JsonError> {
    match parse(text)? {
        Node::Array(elements) => Ok(elements.into_iter().map(item).collect()),
        _ => Err(shape("expected an array of items")),
    }
}

/// Writes an item on one line, attributes in the order of their names.
pub fn to_string(item: &Item) -> String {
    serde_json::to_string(&JsonMap(item)).expect("writing JSON to memory does not fail")
}

/// Writes a value on one line.
pub fn value_to_string(value: &AttributeValue) -> String {
    serde_json::to_string(&Json(value)).expect("writing JSON to memory does not fail")
}

fn parse(text: &str) -> Result<Node, JsonError> {
    // Only the parser speaks here: nothing of serde's own messages, which may quote a value.
    serde_json::from_str(text).map_err(|error| JsonError::Syntax { reason: error.to_string() })
}

fn shape(problem: &'static str) -> JsonError {
    JsonError::Shape { path: String::new(), problem }
}

impl JsonError {
    /// One step further out: paths are put together on the way back, where there is an error at all.
    fn inside(self, step: impl fmt::Display) -> Self {
        match self {
            Self::Shape { path, problem } => Self::Shape { path: format!("{step}{path}"), problem },
            syntax => syntax,
        }
    }
}

fn item(node: Node) -> Result<Item, JsonError> {
    let Node::Object(members) = node else { return Err(shape("expected an object of attributes")) };
    let mut item = Item::new();
    for (name, node) in members {
        let value = value(node).map_err(|error| error.inside(&name))?;
        if item.insert(name.clone(), value).is_some() {
            return Err(shape("the same name twice").inside(name));
        }
    }
    Ok(item)
}

/// The keys of a map may be as secret as its values, so messages only count them.
fn map(members: Vec<(String, Node)>) -> Result<BTreeMap<String, AttributeValue>, JsonError> {
    let mut map = BTreeMap::new();
    for (index, (key, node)) in members.into_iter().enumerate() {
        let place = || format!("{{{index}}}");
        let value = value(node).map_err(|error| error.inside(place()))?;
        if map.insert(key, value).is_some() {
            return Err(shape("the same name twice").inside(place()));
        }
    }
    Ok(map)
}

fn list(elements: Vec<Node>) -> Result<Vec<AttributeValue>, JsonError> {
    let element = |(index, node)| value(node).map_err(|error| error.inside(format_args!("[{index}]")));
    elements.into_iter().enumerate().map(element).collect()
}

fn value(node: Node) -> Result<AttributeValue, JsonError> {
    const EXPECTED: &str = "expected an object with one of S, N, B, SS, NS, BS, M, L, NULL, BOOL";
    let Node::Object(members) = node else { return Err(shape(EXPECTED)) };
    let [(type_name, content)] = <[_; 1]>::try_from(members).map_err(|_| shape(EXPECTED))?;
    Ok(match (type_name.as_str(), content) {
        ("S", Node::String(text)) => AttributeValue::S(text),
        ("N", Node::String(number)) => AttributeValue::N(number),
        ("B", Node::String(text)) => AttributeValue::B(bytes(&text)?),
        ("BOOL", Node::Bool(truth)) => AttributeValue::Bool(truth),
        ("NULL", Node::Bool(truth)) => AttributeValue::Null(truth),
        ("SS", Node::Array(elements)) => AttributeValue::Ss(strings(elements)?),
        ("NS", Node::Array(elements)) => AttributeValue::Ns(strings(elements)?),
        ("BS", Node::Array(elements)) => {
            AttributeValue::Bs(strings(elements)?.iter().map(|text| bytes(text)).collect::<Result<_, _>>()?)
        }
        ("M", Node::Object(members)) => AttributeValue::M(map(members)?),
        ("L", Node::Array(elements)) => AttributeValue::L(list(elements)?),
        ("S", _) => return Err(shape("S takes a JSON string")),
        ("N", _) => return Err(shape("N takes a number as a JSON string")),
        ("B", _) => return Err(shape("B takes Base64 in a JSON string")),
        ("BOOL" | "NULL", _) => return Err(shape("BOOL and NULL take true or false")),
        ("SS" | "NS" | "BS", _) => return Err(shape("a set takes an array of JSON strings")),
        ("M", _) => return Err(shape("M takes an object")),
        ("L", _) => return Err(shape("L takes an array")),
        _ => return Err(shape(EXPECTED)),
    })
}

fn strings(elements: Vec<Node>) -> Result<Vec<String>, JsonError> {
    let string = |node| match node {
        Node::String(text) => Ok(text),
        _ => Err(shape("a set takes an array of JSON strings")),
    };
    elements.into_iter().map(string).collect()
}

fn bytes(text: &str) -> Result<Vec<u8>, JsonError> {
    BASE64.decode(text).map_err(|_| shape("not Base64"))
}

/// Any JSON. Objects keep all their members, so that a name that stands twice is seen.
enum Node {
    Bool(bool),
    String(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
    /// Null and numbers, which DynamoDB JSON has no use for.
    Other,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Node, E> {
        Ok(Node::Bool(truth))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Node::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }
}

struct Json<'a>(&'a AttributeValue);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(1))?;
        let name = self.0.type_name();
        match self.0 {
            AttributeValue::S(text) | AttributeValue::N(text) => object.serialize_entry(name, text)?,
            AttributeValue::B(bytes) => object.serialize_entry(name, &BASE64.encode(bytes))?,
            AttributeValue::Ss(set) | AttributeValue::Ns(set) => object.serialize_entry(name, set)?,
            AttributeValue::Bs(set) => {
                let encoded: Vec<String> = set.iter().map(|bytes| BASE64.encode(bytes)).collect();
                object.serialize_entry(name, &encoded)?;
            }
            AttributeValue::M(map) => object.serialize_entry(name, &JsonMap(map))?,
            AttributeValue::L(list) => object.serialize_entry(name, &JsonList(list))?,
            AttributeValue::Null(truth) | AttributeValue::Bool(truth) => object.serialize_entry(name, truth)?,
        }
        object.end()
    }
}

struct JsonMap<'a>(&'a BTreeMap<String, AttributeValue>);

impl Serialize for JsonMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            object.serialize_entry(name, &Json(value))?;
        }
        object.end()
    }
}

struct JsonList<'a>(&'a [AttributeValue]);

impl Serialize for JsonList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_seq(Some(self.0.len()))?;
        for value in self.0 {
            array.serialize_element(&Json(value))?;
        }
        array.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_reads_back() {
        let text = concat!(
            r#"{"b":{"B":"AQI="},"bs":{"BS":["AQ==",""]},"l":{"L":[{"S":"x"},{"L":[]}]},"m":{"M":{"k":{"BOOL":false}}},"#,
            r#""n":{"N":"1.50"},"ns":{"NS":["1","2"]},"nul":{"NULL":true},"s":{"S":"é\"\u0000"},"ss":{"SS":["a"]}}"#
        );
        assert_eq!(to_string(&from_str(text).unwrap()), text);
    }

    #[test]
    fn errors_say_where_and_never_what() {
        let cases = [
            (r#"{"a":{"S":["s3cret"]}}"#, "at `a`: S takes a JSON string"),
            (r#"{"a":"s3cret"}"#, "at `a`: expected an object with one of S, N, B, SS, NS, BS, M, L, NULL, BOOL"),
            (r#"{"a":{"M":{"b":{"L":[{"S":"x"},{"B":"s3cret!"}]}}}}"#, "at `a{0}[1]`: not Base64"),
            (
                r#"{"a":{"S":"x","N":"1"}}"#,
                "at `a`: expected an object with one of S, N, B, SS, NS, BS, M, L, NULL, BOOL",
            ),
            (r#"{"a":{"S":"x"},"a":{"S":"y"}}"#, "at `a`: the same name twice"),
            (r#"{"a":{"SS":[12345]}}"#, "at `a`: a set takes an array of JSON strings"),
            (r#"["s3cret"]"#, "at ``: expected an object of attributes"),
            (r#"{"a":{"S":"s3cret}"#, "not JSON: EOF while parsing a string at line 1 column 18"),
            (r#"{"a": s3cret}"#, "not JSON: expected value at line 1 column 7"),
        ];
        for (text, message) in cases {
            assert_eq!(from_str(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep =
            |levels: usize| format!("{{\"a\":{}{{\"NULL\":true}}{}}}", "{\"L\":[".repeat(levels), "]}".repeat(levels));
        assert!(from_str(&deep(40)).is_ok());
        assert!(from_str(&deep(100_000)).is_err());
    }

    #[test]
    fn one_bad_element_does_not_stop_an_array() {
        let items = array_from_str(r#"[{"a":{"S":"x"}}, 5, {"b":{"N":"1"}}]"#).unwrap();
        assert_eq!(items.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        assert!(array_from_str("{}").is_err());
    }
}
