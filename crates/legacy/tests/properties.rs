//! What holds for every value.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use common::{json, number, text};
use dynaseal_core::SystemRandom;
use dynaseal_legacy::pynamodb_mate::{Json, Key, Kind, Mode, Value};
use proptest::prelude::*;

fn kind_and_value() -> impl Strategy<Value = (Kind, Value)> {
    let bytes = prop::collection::vec(any::<u8>(), 0..70);
    prop_oneof![
        text().prop_map(|text| (Kind::Text, Value::Text(text))),
        bytes.prop_map(|bytes| (Kind::Binary, Value::Binary(bytes))),
        number().prop_map(|number| (Kind::Number, Value::Number(number))),
        json().prop_map(|json| (Kind::Json, Value::Json(json))),
    ]
}

fn mode() -> impl Strategy<Value = Mode> {
    prop::sample::select(vec![Mode::Deterministic, Mode::Randomised])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_opens((kind, value) in kind_and_value(), mode in mode(), passphrase in text()) {
        let key = Key::from_passphrase(&passphrase);
        let stored = key.insecure_seal(mode, &value, &SystemRandom).unwrap();
        let opened = key.open(kind, mode, &stored);
        prop_assert_eq!(opened.as_ref(), Ok(&value));

        let again = key.insecure_seal(mode, &value, &SystemRandom).unwrap();
        prop_assert_eq!(again == stored, mode == Mode::Deterministic);
        let search = key.insecure_search_value(&value).unwrap();
        prop_assert_eq!(search == stored, mode == Mode::Deterministic);
        match mode {
            Mode::Deterministic => prop_assert!(stored.len().is_multiple_of(16)),
            Mode::Randomised => prop_assert!(stored.is_ascii()),
        }
    }

    #[test]
    fn what_is_written_reads_back_as_the_same(json in json()) {
        let text = json.to_string();
        prop_assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        let read: Json = text.parse().unwrap();
        prop_assert_eq!(&read, &json);
        prop_assert_eq!(&read.to_string(), &text);
        // To other readers it is JSON as well, where it is said to be.
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), json.is_standard());
    }

    #[test]
    fn any_bytes_open_or_are_refused(stored in prop::collection::vec(any::<u8>(), 0..100), token in "[!-~]{0,60}") {
        let key = Key::from_passphrase("any");
        for kind in [Kind::Text, Kind::Binary, Kind::Number, Kind::Json] {
            for mode in [Mode::Deterministic, Mode::Randomised] {
                let _ = key.open(kind, mode, &stored);
            }
            let envelope = format!(r#"{{"nonce": "0123456789", "token": "{token}"}}"#);
            let _ = key.open(kind, Mode::Randomised, envelope.as_bytes());
        }
    }

    #[test]
    fn any_text_is_json_or_an_error_with_its_place(text in "[\\[\\]{}:,\"\\\\ud83e0-9.+NaInfity é-]{0,40}") {
        match text.parse::<Json>() {
            Ok(json) => prop_assert_eq!(json.to_string().parse(), Ok(json)),
            Err(error) => prop_assert!(error.offset() <= text.len()),
        }
    }
}
