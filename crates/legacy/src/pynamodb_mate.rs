//! The encrypted attributes of Python's `pynamodb_mate`: `EncryptedUnicodeAttribute`, `EncryptedBinaryAttribute`,
//! `EncryptedNumberAttribute` and `EncryptedJsonDictAttribute`.
//!
//! A stored value is always of DynamoDB's type B and says neither its [`Kind`] nor its [`Mode`]: both stand in the Python
//! model. The key is the SHA-256 of a passphrase.
//!
//! | | plaintext |
//! | --- | --- |
//! | [`Kind::Text`] | UTF-8 |
//! | [`Kind::Binary`] | the bytes |
//! | [`Kind::Number`], [`Kind::Json`] | what Python's `json.dumps` writes, see [`Json`] |
//!
//! | | `determinative=` | stored |
//! | --- | --- | --- |
//! | [`Mode::Deterministic`] | `True` | AES-256-ECB over PKCS #7 |
//! | [`Mode::Randomised`] | `False` | `{"nonce": "…", "token": "…"}`, both base85 (RFC 1924): 8 bytes, and AES-256-CTR from counter block nonce ‖ 0 |
//!
//! # What this format does not protect from
//!
//! There is no authentication at all. Whoever may write to the table can, without the key and without being noticed:
//!
//! - move a value to another item or attribute of the same key, or put an old value back;
//! - in the randomised mode, flip any bit of a plaintext and cut it anywhere: who knows that a number is `100` makes `900`
//!   of it;
//! - in the deterministic mode, take out, repeat and exchange blocks of 16 bytes, also between values;
//! - watch whether changed values still open, and learn from that about their plaintexts. [`Error::DoesNotOpen`] does not
//!   say which check failed, but that one failed can not be hidden, nor how long it took.
//!
//! Whoever may only read the table sees
//!
//! - in the deterministic mode, which values are equal, and which blocks of 16 bytes in them;
//! - in both modes, how long values are;
//! - enough to try passphrases, as fast as SHA-256 runs: there is no salt and no work factor.
//!
//! Nonces are 64 random bits: of 2³² values of one key two share one with a probability of 40 %, and then the XOR of the
//! two is open. A passphrase used in both modes is worse: whoever gets bytes of their choice stored in the deterministic
//! mode gets the keystream of any nonce.
//!
//! So open with this what is there, and seal it with the item encryptor. Writing is for tables that Python programs still
//! read, and its calls have `insecure` in their names.
//!
//! ```
//! use dynaseal_core::SystemRandom;
//! use dynaseal_legacy::pynamodb_mate::{Key, Kind, Mode, Value};
//!
//! let key = Key::from_passphrase("correct horse battery staple");
//! let stored = key.insecure_seal(Mode::Randomised, &Value::Text("at noon".to_owned()), &SystemRandom)?;
//! assert_eq!(key.open(Kind::Text, Mode::Randomised, &stored)?, Value::Text("at noon".to_owned()));
//!
//! // Python's EncryptedJsonDictAttribute(determinative=True).
//! let value = Value::Json(r#"{"b": 1, "a": [2.5, 1e+16]}"#.parse()?);
//! let stored = key.insecure_search_value(&value)?;
//! let opened = key.open(Kind::Json, Mode::Deterministic, &stored)?;
//! assert_eq!(opened.into_json()?.to_string(), r#"{"b": 1, "a": [2.5, 1e+16]}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aes;
mod base85;
mod envelope;
mod error;
mod json;
mod key;
mod number;

use std::fmt;
use std::str::FromStr;

pub use error::{Error, NotJson, UnknownKind, UnknownMode};
pub use json::{Json, JsonError, MAX_DEPTH, Object};
pub use key::Key;
pub use number::{Integer, NotAnInteger, Number};

/// How values are encrypted: the argument `determinative` of the Python attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// `determinative=True`, Python's default: equal values are stored as equal bytes.
    Deterministic,
    /// `determinative=False`: each value under a random nonce.
    Randomised,
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(name: &str) -> Result<Self, UnknownMode> {
        match name {
            "deterministic" => Ok(Self::Deterministic),
            "randomised" => Ok(Self::Randomised),
            _ => Err(UnknownMode(name.to_owned())),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deterministic => "deterministic",
            Self::Randomised => "randomised",
        })
    }
}

/// What an attribute holds: its class in the Python model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `EncryptedUnicodeAttribute`.
    Text,
    /// `EncryptedBinaryAttribute`. As this kind, any value gives its plaintext as it is.
    Binary,
    /// `EncryptedNumberAttribute`.
    Number,
    /// `EncryptedJsonDictAttribute`, which takes any JSON in spite of its name.
    Json,
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        match name {
            "text" => Ok(Self::Text),
            "binary" => Ok(Self::Binary),
            "number" => Ok(Self::Number),
            "json" => Ok(Self::Json),
            _ => Err(UnknownKind(name.to_owned())),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Number => "number",
            Self::Json => "json",
        })
    }
}

/// A value as the Python program sees it.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// A number.
    Number(Number),
    /// JSON. Python's number attribute takes anything as well, mostly `True` and `False`: what is no number comes as JSON.
    Json(Json),
}

/// Its kind and size.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
            Self::Number(number) => number.fmt(f),
            Self::Json(json) => write!(f, "Json({json:?})"),
        }
    }
}

impl Value {
    /// The value as JSON.
    ///
    /// # Errors
    /// Bytes have no form in JSON, and come back with the error.
    pub fn into_json(self) -> Result<Json, NotJson> {
        match self {
            Self::Text(text) => Ok(Json::Text(text)),
            Self::Binary(bytes) => Err(NotJson { bytes }),
            Self::Number(number) => Ok(Json::Number(number)),
            Self::Json(json) => Ok(json),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names, texts and bytes of what was sealed go to logs with `{:?}` sooner or later.
    #[test]
    fn debug_shows_no_value() {
        let object: Object = [("secret name".to_owned(), Json::from("secret text"))].into_iter().collect();
        let none: Object = std::iter::empty().collect();
        assert_eq!((object.is_empty(), object.len(), none.is_empty()), (false, 1, true));
        for value in [
            Value::Text("secret text".to_owned()),
            Value::Binary(b"secret text".to_vec()),
            Value::Json(Json::Object(object)),
        ] {
            let shown = format!("{value:?}");
            assert!(!shown.is_empty() && !shown.contains("secret") && !shown.contains("115, 101"), "{shown}");
        }
        let error = Value::Binary(vec![115, 101, 99]).into_json().unwrap_err();
        assert_eq!(format!("{error:?}"), "NotJson(3 bytes)");
    }

    /// As in Python: of equal names the last value counts, in the place of the first.
    #[test]
    fn members_stand_where_their_name_came_first() {
        let of = |members: &[(&str, i64)]| -> Object {
            members.iter().map(|(name, value)| ((*name).to_owned(), Json::from(*value))).collect()
        };
        for (members, expected) in [
            (&[("b", 1), ("b", 2)][..], r#"{"b": 2}"#),
            (&[("b", 1), ("a", 2), ("b", 3), ("c", 4), ("a", 5)], r#"{"b": 3, "a": 5, "c": 4}"#),
            (&[("b", 1), ("a", 2)], r#"{"b": 1, "a": 2}"#),
            (&[], "{}"),
        ] {
            assert_eq!(Json::Object(of(members)).to_string(), expected);
        }
        let object = Object::from([("b".to_owned(), Json::from(1)), ("a".to_owned(), Json::from(2))]);
        assert_eq!(object, of(&[("b", 1), ("a", 2)]));
        let names: Vec<&str> = (&object).into_iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        let owned: Vec<(String, Json)> = object.clone().into_iter().collect();
        assert_eq!(Object::from_iter(owned), object);
    }

    #[test]
    fn names_read_back() {
        for mode in [Mode::Deterministic, Mode::Randomised] {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        for kind in [Kind::Text, Kind::Binary, Kind::Number, Kind::Json] {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!(
            "ECB".parse::<Mode>().unwrap_err().to_string(),
            "unknown mode `ECB`: take deterministic or randomised"
        );
        let error = "dict".parse::<Kind>().unwrap_err();
        assert_eq!(error.to_string(), "unknown kind `dict`: take text, binary, number or json");
    }

    #[test]
    fn bytes_are_no_json() {
        let error = Value::Binary(vec![1, 2]).into_json().unwrap_err();
        assert_eq!(error.to_string(), "bytes have no form in JSON");
        assert_eq!(error.bytes, [1, 2]);
        assert_eq!(Value::Text("a".to_owned()).into_json().unwrap().to_string(), "\"a\"");
        assert_eq!(Value::Number(7_i64.into()).into_json().unwrap().to_string(), "7");
        assert_eq!(Value::Json(Json::Null).into_json().unwrap(), Json::Null);
    }
}
