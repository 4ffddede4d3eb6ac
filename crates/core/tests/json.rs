//! DynamoDB JSON: every type with every kind of JSON in it, and where messages say that something is wrong.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use dynaseal_core::{AttributeValue, json};

fn value(text: &str) -> Result<AttributeValue, String> {
    let item = json::from_str(&format!(r#"{{"a":{text}}}"#));
    item.map(|mut item| item.remove("a").unwrap()).map_err(|error| error.to_string())
}

#[test]
fn every_type_takes_its_own_kind_of_json_and_no_other() {
    let kinds = [
        "null",
        "true",
        "-1",
        "1",
        "1.5",
        "1e400",
        r#""dGV4dA==""#,
        r#""text!""#,
        "[]",
        r#"["x"]"#,
        "{}",
        r#"{"k":{"S":"x"}}"#,
    ];
    let text = r#""dGV4dA==""#;
    let takes: [(&str, &[&str], &str); 10] = [
        ("S", &[text, r#""text!""#], "S takes a JSON string"),
        ("N", &[text, r#""text!""#], "N takes a number as a JSON string"),
        ("B", &[text], "B takes Base64 in a JSON string"),
        ("BOOL", &["true"], "BOOL and NULL take true or false"),
        ("NULL", &["true"], "BOOL and NULL take true or false"),
        ("SS", &["[]", r#"["x"]"#], "a set takes an array of JSON strings"),
        ("NS", &["[]", r#"["x"]"#], "a set takes an array of JSON strings"),
        ("BS", &["[]"], "a set takes an array of JSON strings"),
        ("M", &["{}", r#"{"k":{"S":"x"}}"#], "M takes an object"),
        ("L", &["[]"], "L takes an array"),
    ];
    for (type_name, taken, problem) in takes {
        for kind in kinds {
            let read = value(&format!(r#"{{"{type_name}":{kind}}}"#));
            if taken.contains(&kind) {
                assert_eq!(read.unwrap().type_name(), type_name, "{kind}");
                continue;
            }
            let expected = match (type_name, kind) {
                // A number that no machine has is no JSON to the parser.
                (_, "1e400") => continue,
                ("B", r#""text!""#) => "at `a`: not Base64".to_owned(),
                ("BS", r#"["x"]"#) => "at `a`: not Base64".to_owned(),
                ("L", r#"["x"]"#) => {
                    "at `a[0]`: expected an object with one of S, N, B, SS, NS, BS, M, L, NULL, BOOL".to_owned()
                }
                _ => format!("at `a`: {problem}"),
            };
            assert_eq!(read, Err(expected), "{type_name} {kind}");
        }
    }
    let none = "at `a`: expected an object with one of S, N, B, SS, NS, BS, M, L, NULL, BOOL";
    for text in kinds.into_iter().filter(|kind| *kind != "1e400" && !kind.starts_with(r#"{"k"#)) {
        assert_eq!(value(text), Err(none.to_owned()), "{text}");
    }
    for text in [r#"{"X":"x"}"#, r#"{"s":"x"}"#, r#"{"S":"x","S":"x"}"#, r#"{"S":"x","N":"1"}"#] {
        assert_eq!(value(text), Err(none.to_owned()), "{text}");
    }
}

#[test]
fn places_in_messages() {
    let cases = [
        (r#"{"L":[{"S":"x"},{"L":[{"N":5}]}]}"#, "at `a[1][0]`: N takes a number as a JSON string"),
        (r#"{"M":{"k":{"S":"x"},"l":{"M":{"m":{"S":5}}}}}"#, "at `a{1}{0}`: S takes a JSON string"),
        (r#"{"M":{"k":{"S":"x"},"k":{"S":"y"}}}"#, "at `a{1}`: the same name twice"),
    ];
    for (text, message) in cases {
        assert_eq!(value(text), Err(message.to_owned()));
    }
}

#[test]
fn values_and_arrays_of_items() {
    let texts = [
        r#"{"S":"é\""}"#,
        r#"{"N":"1.50"}"#,
        r#"{"B":"AQI="}"#,
        r#"{"SS":["b","a"]}"#,
        r#"{"NS":["2","1"]}"#,
        r#"{"BS":["AQ==",""]}"#,
        r#"{"M":{"k":{"L":[{"NULL":false},{"BOOL":false}]}}}"#,
        r#"{"L":[]}"#,
        r#"{"NULL":true}"#,
        r#"{"BOOL":true}"#,
    ];
    for text in texts {
        assert_eq!(json::value_to_string(&value(text).unwrap()), text);
    }
    let items = json::array_from_str(&format!("[{{\"a\":{}}}, {{\"b\":{}}}, 7]", texts[0], texts[1])).unwrap();
    assert_eq!(json::to_string(items[0].as_ref().unwrap()), format!("{{\"a\":{}}}", texts[0]));
    assert_eq!(items[1].as_ref().unwrap()["b"], AttributeValue::N("1.50".into()));
    assert_eq!(items[2].as_ref().unwrap_err().to_string(), "at ``: expected an object of attributes");
    assert_eq!(items.len(), 3);
    assert_eq!(json::array_from_str("[]"), Ok(vec![]));
    assert_eq!(json::array_from_str("{}").unwrap_err().to_string(), "at ``: expected an array of items");
    assert!(json::array_from_str("[").unwrap_err().to_string().starts_with("not JSON: EOF"));
}
