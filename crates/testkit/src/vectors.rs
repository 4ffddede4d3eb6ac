//! Records by other programs, in a folder beside the project. They are not part of it, so tests skip where they are absent.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use dynaseal_core::{AttributeValue, Item, json};
use serde_json::Value;

/// The folder of vectors, or `None` with a printed reason.
pub fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    if folder.is_dir() {
        return Some(folder);
    }
    say(&format!("skipped: the vectors of other programs are not here ({})", folder.display()));
    None
}

/// A JSON file of the vectors, or `None` with a printed reason.
pub fn read(path: &str) -> Option<Value> {
    let text = std::fs::read_to_string(folder()?.join(path));
    let value = text.map(|text| serde_json::from_str(&text).expect("vectors are JSON"));
    value.map_err(|error| say(&format!("skipped: {path}: {error}"))).ok()
}

/// Not with `eprintln!`, which a test that passes does not show.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// An item in DynamoDB JSON.
pub fn item(value: &Value) -> Item {
    json::from_str(&value.to_string()).expect("the vector is DynamoDB JSON")
}

/// An item in the shorthand of AWS's vectors: a bare string is S, a bare number is N.
pub fn shorthand_item(value: &Value) -> Item {
    item(&expand_attributes(value))
}

fn expand_attributes(value: &Value) -> Value {
    let members = value.as_object().expect("an object of attributes");
    members.iter().map(|(name, value)| (name.clone(), expand(value))).collect::<serde_json::Map<_, _>>().into()
}

fn expand(value: &Value) -> Value {
    let one = |name: &str, content: Value| serde_json::Map::from_iter([(name.to_owned(), content)]).into();
    match value {
        Value::String(_) => one("S", value.clone()),
        Value::Number(number) => one("N", number.to_string().into()),
        Value::Object(members) => match members.iter().next() {
            Some((name, content)) if name == "M" => one("M", expand_attributes(content)),
            Some((name, Value::Array(elements))) if name == "L" => one("L", elements.iter().map(expand).collect()),
            _ => value.clone(),
        },
        _ => value.clone(),
    }
}

/// Whether two items are the same to DynamoDB: numbers by value, sets in any order.
pub fn same(a: &Item, b: &Item) -> bool {
    let normal = |item: &Item| -> Vec<(String, AttributeValue)> {
        let value = |value| dynaseal_core::normal_form(value).expect("a value that DynamoDB takes");
        item.iter().map(|(name, attribute)| (name.clone(), value(attribute))).collect()
    };
    normal(a) == normal(b)
}
