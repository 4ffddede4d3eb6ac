//! The format of Python's `pynamodb_mate`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dynaseal::SystemRandom;
use dynaseal::legacy::pynamodb_mate::{self, Json, Key, NotJson, Number, Value};

use super::{SettingsError, ValueError, only_of};
use crate::args::{AttributeArgs, Kind, Mode};
use crate::keys::named_env;

const NAME: &str = "pynamodb-mate";

/// An attribute of the Python model.
#[derive(Debug)]
pub(crate) struct PynamodbMate {
    key: Key,
    kind: Kind,
    mode: pynamodb_mate::Mode,
}

impl PynamodbMate {
    pub(super) fn new(args: &AttributeArgs) -> Result<Self, SettingsError> {
        let others = [
            ("--table", args.table.is_some()),
            ("--attribute", args.attribute.is_some()),
            ("--root", !args.root.is_empty()),
            ("--passphrase-root", args.passphrase_root.is_some()),
            ("--partition-key", args.partition_key.is_some()),
        ];
        only_of(NAME, &others)?;
        let missing = |option| SettingsError::Missing { format: NAME, option };
        let kind = args.kind.ok_or_else(|| missing("--type"))?;
        let name = args.passphrase_env.as_deref().ok_or_else(|| missing("--passphrase-env"))?;
        let passphrase = named_env(name).map_err(SettingsError::at("--passphrase-env"))?;
        let mode = match args.mode {
            Mode::Deterministic => pynamodb_mate::Mode::Deterministic,
            Mode::Randomised => pynamodb_mate::Mode::Randomised,
        };
        Ok(Self { key: Key::from_passphrase(&passphrase), kind, mode })
    }

    pub(super) fn open(&self, stored: &[u8]) -> Result<String, ValueError> {
        let kind = match self.kind {
            Kind::Text => pynamodb_mate::Kind::Text,
            Kind::Binary => pynamodb_mate::Kind::Binary,
            Kind::Number => pynamodb_mate::Kind::Number,
            Kind::Json => pynamodb_mate::Kind::Json,
        };
        let value = self.key.open(kind, self.mode, stored)?;
        let json = value.into_json().unwrap_or_else(|NotJson { bytes }| BASE64.encode(bytes).into());
        Ok(if json.is_standard() { json } else { standard(json) }.to_string())
    }

    pub(super) fn seal(&self, line: &str) -> Result<Vec<u8>, ValueError> {
        let value = value(self.kind, line.parse()?)?;
        Ok(self.key.insecure_seal(self.mode, &value, &SystemRandom)?)
    }
}

/// The numbers that JSON does not have.
const NOT_FINITE: [(&str, f64); 3] = [("NaN", f64::NAN), ("Infinity", f64::INFINITY), ("-Infinity", f64::NEG_INFINITY)];

/// With the names of such numbers in their place.
fn standard(json: Json) -> Json {
    match json {
        Json::Number(Number::Float(float)) if !float.is_finite() => Number::from(float).to_string().into(),
        Json::List(elements) => Json::List(elements.into_iter().map(standard).collect()),
        Json::Object(members) => {
            Json::Object(members.into_iter().map(|(name, value)| (name, standard(value))).collect())
        }
        other => other,
    }
}

/// What `open` writes, read back. In JSON a string stays one, even `"NaN"`.
fn value(kind: Kind, json: Json) -> Result<Value, ValueError> {
    match (kind, json) {
        (Kind::Json, json) => Ok(Value::Json(json)),
        (Kind::Text, Json::Text(text)) => Ok(Value::Text(text)),
        (Kind::Text, _) => Err(ValueError::Type { kind: "text", expected: "a JSON string" }),
        (Kind::Binary, json) => match json {
            Json::Text(text) => BASE64.decode(text).ok(),
            _ => None,
        }
        .map(Value::Binary)
        .ok_or(ValueError::Type { kind: "binary", expected: "Base64 in a JSON string" }),
        (Kind::Number, Json::Number(number)) => Ok(Value::Number(number)),
        // Python's attribute takes them as well.
        (Kind::Number, json @ (Json::Bool(_) | Json::Null)) => Ok(Value::Json(json)),
        (Kind::Number, json) => {
            let named = |text: &str| NOT_FINITE.into_iter().find(|(name, _)| *name == text);
            match json {
                Json::Text(text) => named(&text).map(|(_, number)| Value::Number(number.into())),
                _ => None,
            }
            .ok_or(ValueError::Type {
                kind: "number",
                expected: "a JSON number, or one of \"NaN\", \"Infinity\" and \"-Infinity\"",
            })
        }
    }
}
