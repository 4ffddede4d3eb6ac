//! Any bytes are a value of `pynamodb_mate`, whatever its kind and mode, or an error; and what opens seals, prints and opens
//! again.
#![no_main]

use std::sync::LazyLock;

use dynaseal_core::{CryptoError, SecureRandom};
use dynaseal_legacy::pynamodb_mate::{Json, Key, Kind, Mode, Value};

static KEY: LazyLock<Key> = LazyLock::new(|| Key::from_passphrase("fuzz"));
const KINDS: [Kind; 4] = [Kind::Text, Kind::Binary, Kind::Number, Kind::Json];
const MODES: [Mode; 2] = [Mode::Deterministic, Mode::Randomised];

/// The same run finds the same.
#[derive(Debug)]
struct Zeros;

impl SecureRandom for Zeros {
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        out.fill(0);
        Ok(())
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for mode in MODES {
        for kind in KINDS {
            // As it is stored: envelopes and ciphertexts.
            let _ = KEY.open(kind, mode, bytes).map(opens_again);
            // As it is encrypted: otherwise no JSON would ever come out.
            let stored = KEY.insecure_seal(mode, &Value::Binary(bytes.to_vec()), &Zeros).unwrap();
            let opened = KEY.open(kind, mode, &stored);
            match kind {
                Kind::Binary => assert_eq!(opened, Ok(Value::Binary(bytes.to_vec()))),
                Kind::Text => assert_eq!(opened.is_ok(), std::str::from_utf8(bytes).is_ok()),
                Kind::Number | Kind::Json => {}
            }
            let _ = opened.map(opens_again);
        }
    }
});

/// Seals to what opens as the same, and prints JSON that reads back.
fn opens_again(value: Value) {
    for mode in MODES {
        let kind = match value {
            Value::Text(_) => Kind::Text,
            Value::Binary(_) => Kind::Binary,
            Value::Number(_) => Kind::Number,
            Value::Json(_) => Kind::Json,
        };
        let stored = KEY.insecure_seal(mode, &value, &Zeros).unwrap();
        assert_eq!(KEY.open(kind, mode, &stored).as_ref(), Ok(&value));
    }
    if let Ok(json) = value.into_json() {
        let text = json.to_string();
        let read: Json = text.parse().unwrap();
        assert_eq!(read, json);
        assert_eq!(read.to_string(), text);
    }
}
