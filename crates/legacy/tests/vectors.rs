//! Values that `pynamodb_mate` stored, and bytes that it refuses.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use dynaseal_legacy::pynamodb_mate::{Error, Integer, Json, Key, Kind, Mode, Number, Value};
use dynaseal_testkit::{ScriptedRandom, vectors};
use serde_json::Value as Case;

#[test]
fn values_open_and_seal_to_the_same_bytes() {
    let Some(vectors) = vectors::read("pynamodb_mate/vectors.json") else {
        return;
    };
    let mut passed = 0;
    for case in vectors["vectors"].as_array().unwrap() {
        let key = Key::from_passphrase(case["key"].as_str().unwrap());
        let (kind, mode, stored) = (kind(case), mode(case), hex(&case["stored_hex"]));
        let random = || ScriptedRandom::new(case.get("nonce_hex").filter(|nonce| nonce.is_string()).map(hex));
        let expected = value(case);

        assert_eq!(key.open(kind, mode, &stored), Ok(expected.clone()), "{case}");
        let unused = random();
        assert_eq!(key.insecure_seal(mode, &expected, &unused), Ok(stored.clone()), "{case}");
        assert!(unused.is_used_up());
        if mode == Mode::Deterministic {
            assert_eq!(key.insecure_search_value(&expected), Ok(stored.clone()), "{case}");
        }
        // The plaintext is another way to the same.
        let plaintext = Value::Binary(hex(&case["plaintext_hex"]));
        assert_eq!(key.open(Kind::Binary, mode, &stored), Ok(plaintext.clone()), "{case}");
        assert_eq!(key.insecure_seal(mode, &plaintext, &random()), Ok(stored.clone()), "{case}");
        if let (Kind::Number | Kind::Json, Some(text)) = (kind, case["plaintext_utf8"].as_str()) {
            assert_eq!(expected.clone().into_json().unwrap().to_string(), text);
            assert_eq!(text.parse(), Ok(expected.into_json().unwrap()));
        }

        let other = Key::from_passphrase("another password");
        if mode == Mode::Deterministic {
            assert_eq!(other.open(kind, mode, &stored), Err(Error::DoesNotOpen { kind, mode }));
        } else {
            assert_ne!(other.open(kind, mode, &stored).ok(), Some(value(case)).filter(|_| !plaintext_is_empty(case)));
        }
        passed += 1;
    }
    println!("{passed} values opened and sealed again");
    assert_eq!(passed, 62);
}

#[test]
fn bytes_that_python_refuses_are_refused() {
    let Some(vectors) = vectors::read("pynamodb_mate/vectors.json") else {
        return;
    };
    let (mut opened, mut malformed, mut not_opened) = (0, 0, 0);
    for case in vectors["decoder_edge_cases"].as_array().unwrap() {
        let key = Key::from_passphrase(case["key"].as_str().unwrap());
        let result = key.open(kind(case), mode(case), &hex(&case["stored_hex"]));
        let python = case["python_result"].as_str().unwrap();
        match (python.strip_prefix("RETURNS "), result) {
            (Some(text), Ok(value)) => {
                assert_eq!(value.into_json().unwrap().to_string(), text);
                opened += 1;
            }
            (None, Err(Error::Malformed { .. })) => {
                assert!(!python.contains("Padding is incorrect"), "{case}");
                malformed += 1;
            }
            (None, Err(Error::DoesNotOpen { .. })) => {
                assert!(python.contains("Padding is incorrect"), "{case}");
                not_opened += 1;
            }
            (_, result) => panic!("{result:?}: {case}"),
        }
    }
    println!("{opened} opened, {malformed} malformed, {not_opened} not opened");
    assert_eq!((opened, malformed, not_opened), (2, 4, 2));
}

fn kind(case: &Case) -> Kind {
    match case["type"].as_str().unwrap() {
        "unicode" => Kind::Text,
        other => other.parse().unwrap(),
    }
}

fn mode(case: &Case) -> Mode {
    if case["determinative"].as_bool().unwrap() { Mode::Deterministic } else { Mode::Randomised }
}

fn plaintext_is_empty(case: &Case) -> bool {
    case["plaintext_hex"] == ""
}

/// The value, not read by the crate's own reader wherever the vector gives it otherwise.
fn value(case: &Case) -> Value {
    let value = &case["value"];
    match kind(case) {
        Kind::Text => Value::Text(value.as_str().unwrap().to_owned()),
        Kind::Binary => Value::Binary(hex(&value["bytes_hex"])),
        Kind::Number => match case["value_type"].as_str().unwrap() {
            "bool" => Value::Json(Json::Bool(value.as_bool().unwrap())),
            "float" => Value::Number(float(value).into()),
            _ => Value::Number(case["plaintext_utf8"].as_str().unwrap().parse::<Integer>().unwrap().into()),
        },
        Kind::Json => {
            let json: Json = String::from_utf8(hex(&case["plaintext_hex"])).unwrap().parse().unwrap();
            assert!(value.get("python_repr").is_some() || same(&json, value), "{case}");
            Value::Json(json)
        }
    }
}

fn float(value: &Case) -> f64 {
    f64::from_bits(u64::from_str_radix(value["f64_bits"].as_str().unwrap(), 16).unwrap())
}

/// Whether the reader of the vectors, which knows no order and no large integers, found the same.
fn same(json: &Json, case: &Case) -> bool {
    match (json, case) {
        (Json::Null, Case::Null) => true,
        (Json::Bool(a), Case::Bool(b)) => a == b,
        (Json::Text(a), Case::String(b)) => a == b,
        (Json::Number(Number::Int(a)), Case::Number(b)) if b.is_i64() => a.to_string() == b.to_string(),
        (Json::Number(a), Case::Number(b)) => a.to_f64() == b.as_f64(),
        (Json::List(a), Case::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Case::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => false,
    }
}

fn hex(text: &Case) -> Vec<u8> {
    let digits = text.as_str().unwrap().as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}
