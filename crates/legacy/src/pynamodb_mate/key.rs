//! Keys: opening and sealing.

use std::fmt;

use dynaseal_core::SecureRandom;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::envelope::Envelope;
use super::error::Error;
use super::json::{self, Json};
use super::number::Number;
use super::{Kind, Mode, Value, aes};

/// An AES-256 key made of a passphrase.
pub struct Key(Box<[u8; 32]>);

impl Key {
    /// The key of the passphrase that the Python attribute has as `encryption_key`. Any text is one, even the empty one, as
    /// there.
    ///
    /// ```
    /// # use dynaseal_legacy::pynamodb_mate::Key;
    /// let key = Key::from_passphrase("correct horse battery staple");
    /// assert_eq!(format!("{key:?}"), "Key(redacted)");
    /// ```
    pub fn from_passphrase(passphrase: &str) -> Self {
        let mut key = Self(Box::new([0; 32]));
        aes::sha256(passphrase.as_bytes(), &mut key.0);
        key
    }

    /// Opens the bytes of a stored value.
    ///
    /// What opens was not necessarily sealed with this key: the format has no authentication. In the randomised mode any
    /// bytes open as [`Kind::Binary`].
    ///
    /// # Errors
    /// [`Error::Malformed`] if these bytes are no value of this mode, [`Error::DoesNotOpen`] if they are none of this key
    /// and kind.
    ///
    /// ```
    /// # use dynaseal_legacy::pynamodb_mate::{Error, Key, Kind, Mode};
    /// let key = Key::from_passphrase("correct horse battery staple");
    /// let error = key.open(Kind::Text, Mode::Deterministic, b"plain text").unwrap_err();
    /// assert!(matches!(error, Error::Malformed { .. }));
    /// let error = key.open(Kind::Text, Mode::Deterministic, b"16 bytes of text").unwrap_err();
    /// assert!(matches!(error, Error::DoesNotOpen { .. }));
    /// ```
    pub fn open(&self, kind: Kind, mode: Mode, stored: &[u8]) -> Result<Value, Error> {
        let plaintext = match mode {
            Mode::Deterministic => self.open_deterministic(stored)?,
            Mode::Randomised => Some(self.open_randomised(stored)?),
        };
        plaintext.and_then(|plaintext| read(kind, plaintext)).ok_or(Error::DoesNotOpen { kind, mode })
    }

    /// Seals a value as `pynamodb_mate` does: readable by it, protected from reading, and **not from changes**. The
    /// documentation of the module says what others can do with such values.
    ///
    /// `random` gives the 8 bytes of the nonce, in the randomised mode only.
    ///
    /// # Errors
    /// [`Error::TooDeep`] for JSON that would not open again, [`Error::Crypto`] if `random` or the library refuse.
    pub fn insecure_seal(&self, mode: Mode, value: &Value, random: &dyn SecureRandom) -> Result<Vec<u8>, Error> {
        match mode {
            Mode::Deterministic => self.insecure_search_value(value),
            Mode::Randomised => {
                let mut nonce = [0; aes::NONCE];
                random.fill(&mut nonce)?;
                let mut bytes = write(value)?;
                aes::ctr(&self.0, nonce, &mut bytes)?;
                Ok(Envelope { nonce, token: std::mem::take(&mut *bytes) }.write())
            }
        }
    }

    /// What a stored value of the deterministic mode is equal to, for key conditions and filters. It is the same as to
    /// seal the value: who sees it can tell which items have it.
    ///
    /// Equal is what Python writes alike: `1` and `1.0` are not, nor are objects in another order.
    ///
    /// # Errors
    /// [`Error::TooDeep`] for JSON that nobody could have stored, [`Error::Crypto`] if the library refuses.
    pub fn insecure_search_value(&self, value: &Value) -> Result<Vec<u8>, Error> {
        let mut bytes = write(value)?;
        aes::ecb_seal(&self.0, &mut bytes)?;
        Ok(std::mem::take(&mut *bytes))
    }

    /// `None` if the padding is wrong.
    fn open_deterministic(&self, stored: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        if stored.is_empty() || !stored.len().is_multiple_of(aes::BLOCK) {
            return Err(Error::Malformed { mode: Mode::Deterministic, problem: "its length is no multiple of 16" });
        }
        let mut bytes = Zeroizing::new(stored.to_vec());
        Ok(aes::ecb_open(&self.0, &mut bytes)?.map(|length| {
            bytes.truncate(length);
            bytes
        }))
    }

    fn open_randomised(&self, stored: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let Envelope { nonce, token } = Envelope::read(stored)?;
        let mut bytes = Zeroizing::new(token);
        aes::ctr(&self.0, nonce, &mut bytes)?;
        Ok(bytes)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(redacted)")
    }
}

/// The value of a plaintext, or `None` if it is of another kind.
fn read(kind: Kind, mut plaintext: Zeroizing<Vec<u8>>) -> Option<Value> {
    if kind == Kind::Binary {
        return Some(Value::Binary(std::mem::take(&mut *plaintext)));
    }
    let text = std::str::from_utf8(&plaintext).ok()?;
    match kind {
        Kind::Binary | Kind::Text => Some(Value::Text(text.to_owned())),
        Kind::Json => text.parse().ok().map(Value::Json),
        // Python decodes numbers as ASCII and everything else as UTF-8.
        Kind::Number if !text.is_ascii() => None,
        Kind::Number => Some(match text.parse().ok()? {
            Json::Number(number) => Value::Number(number),
            other => Value::Json(other),
        }),
    }
}

/// The plaintext of a value, in a buffer with room for the padding: growing would leave a copy behind.
fn write(value: &Value) -> Result<Zeroizing<Vec<u8>>, Error> {
    let of_bytes = |bytes: &[u8]| {
        let mut out = buffer(bytes.len());
        out.extend_from_slice(bytes);
        out
    };
    match value {
        Value::Text(text) => Ok(of_bytes(text.as_bytes())),
        Value::Binary(bytes) => Ok(of_bytes(bytes)),
        Value::Number(Number::Int(integer)) => Ok(of_bytes(integer.as_str().as_bytes())),
        Value::Number(Number::Float(float)) => write_json(&Json::from(*float)),
        Value::Json(json) => write_json(json),
    }
}

fn write_json(json: &Json) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut length = Length(0);
    if json.write(&mut length).unwrap_or(usize::MAX) > json::MAX_DEPTH {
        return Err(Error::TooDeep);
    }
    let mut out = Text(buffer(length.0));
    json.write(&mut out).expect("nothing is refused there");
    Ok(out.0)
}

fn buffer(length: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(length + aes::BLOCK))
}

/// Counts the bytes of a text.
struct Length(usize);

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// Keeps the bytes of a text.
struct Text(Zeroizing<Vec<u8>>);

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use dynaseal_core::{CryptoError, SystemRandom};

    use super::*;

    #[test]
    fn debug_says_redacted_and_no_byte() {
        assert_eq!(format!("{:?}", Key::from_passphrase("secret")), "Key(redacted)");
    }

    #[test]
    fn plaintexts_are_written_without_growing() {
        let values = [
            Value::Text("é".repeat(1000)),
            Value::Binary(vec![7; 999]),
            Value::Number(Number::from(-1.5e-300)),
            Value::Number(i64::MIN.into()),
            Value::Json("[{\"a\": \"\\u00e9\\ud83d\\udd10\"}, 1e22, -0.0, 123]".parse().unwrap()),
        ];
        for value in values {
            let bytes = write(&value).unwrap();
            assert_eq!(bytes.capacity(), bytes.len() + aes::BLOCK);
        }
    }

    #[test]
    fn wrong_padding_wrong_text_and_wrong_json_are_one_error() {
        let key = Key::from_passphrase("secret");
        let broken_text = key.insecure_search_value(&Value::Binary(vec![0xc3])).unwrap();
        let text = key.insecure_search_value(&Value::Text("{\"hidden\": ".to_owned())).unwrap();
        let (mode, open) = (Mode::Deterministic, |kind, stored: &[u8]| key.open(kind, Mode::Deterministic, stored));
        for kind in [Kind::Text, Kind::Number, Kind::Json] {
            let error = open(kind, &broken_text).unwrap_err();
            assert_eq!(error, Error::DoesNotOpen { kind, mode });
            assert_eq!(error, open(kind, &[1; 32]).unwrap_err());
            assert!(error.source().is_none());
            let expected = format!(
                "the value does not open as {kind} in the deterministic mode with this key: compare all three with the Python model"
            );
            assert_eq!(error.to_string(), expected);
        }
        assert_eq!(open(Kind::Json, &text), Err(Error::DoesNotOpen { kind: Kind::Json, mode }));
        assert_eq!(open(Kind::Binary, &[1; 32]), Err(Error::DoesNotOpen { kind: Kind::Binary, mode }));
        let other = Key::from_passphrase("Secret");
        let expected = Error::DoesNotOpen { kind: Kind::Text, mode };
        assert_eq!(other.open(Kind::Text, mode, &text), Err(expected));
    }

    #[test]
    fn lengths_are_malformed_with_any_key() {
        let key = Key::from_passphrase("secret");
        for length in [0, 1, 15, 17, 31] {
            let error = key.open(Kind::Binary, Mode::Deterministic, &vec![1; length]).unwrap_err();
            let expected =
                "pynamodb_mate stores no such value in the deterministic mode: its length is no multiple of 16";
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn nothing_is_sealed_without_randomness() {
        #[derive(Debug)]
        struct Empty;
        impl SecureRandom for Empty {
            fn fill(&self, _: &mut [u8]) -> Result<(), CryptoError> {
                Err(CryptoError)
            }
        }
        let (key, value) = (Key::from_passphrase("secret"), Value::Text("a".to_owned()));
        let error = key.insecure_seal(Mode::Randomised, &value, &Empty).unwrap_err();
        assert_eq!(error.to_string(), "encryption failed");
        assert_eq!(error.source().unwrap().to_string(), CryptoError.to_string());
        key.insecure_seal(Mode::Deterministic, &value, &Empty).unwrap();
    }

    #[test]
    fn nonces_are_new() {
        let (key, value) = (Key::from_passphrase("secret"), Value::Text("a".to_owned()));
        let seal = || key.insecure_seal(Mode::Randomised, &value, &SystemRandom).unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn what_is_no_number_comes_as_json() {
        let key = Key::from_passphrase("secret");
        let open = |text: &str| {
            let stored = key.insecure_search_value(&Value::Text(text.to_owned())).unwrap();
            key.open(Kind::Number, Mode::Deterministic, &stored)
        };
        assert_eq!(open("1.0"), Ok(Value::Number(Number::Float(1.0))));
        assert_eq!(open("true"), Ok(Value::Json(Json::Bool(true))));
        assert_eq!(open("null"), Ok(Value::Json(Json::Null)));
        assert_eq!(open("\"1.0\""), Ok(Value::Json(Json::Text("1.0".to_owned()))));
        assert!(open("\"é\"").is_err());
        assert!(open("").is_err());
    }

    #[test]
    fn as_deep_as_can_be_opened_and_no_deeper() {
        let key = Key::from_passphrase("secret");
        let nested = |depth| (0..depth).fold(Json::Null, |json, _| Json::List(vec![json]));
        for mode in [Mode::Deterministic, Mode::Randomised] {
            let value = Value::Json(nested(json::MAX_DEPTH));
            let stored = key.insecure_seal(mode, &value, &SystemRandom).unwrap();
            assert_eq!(key.open(Kind::Json, mode, &stored), Ok(value));
            let error = key.insecure_seal(mode, &Value::Json(nested(json::MAX_DEPTH + 1)), &SystemRandom).unwrap_err();
            assert_eq!(error, Error::TooDeep);
        }
        let text = format!("{}{}", "[".repeat(json::MAX_DEPTH + 1), "]".repeat(json::MAX_DEPTH + 1));
        let stored = key.insecure_search_value(&Value::Text(text)).unwrap();
        assert!(key.open(Kind::Json, Mode::Deterministic, &stored).is_err());
    }
}
