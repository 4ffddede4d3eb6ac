//! Keys in table.toml: `{ hex = "…" }`, `{ base64 = "…" }`, `{ file = "…" }` or `{ env = "…" }`; asymmetric ones are PEM:
//! `{ pem = "…" }`, `{ file = "…" }` or `{ env = "…" }`.
//!
//! On the command line only places of keys are named: `env:NAME` or `file:PATH`.
//!
//! They are wiped after use, and nothing here prints them.

use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::files;

/// The largest key file.
const MAX_FILE: usize = 64 * 1024;

/// Where a key comes from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with one of hex, base64, pem, file and env")]
pub(crate) struct KeySource {
    hex: Option<SecretText>,
    base64: Option<SecretText>,
    pem: Option<SecretText>,
    file: Option<String>,
    env: Option<String>,
    encoding: Option<Encoding>,
}

/// How a file or an environment variable holds a key.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    Raw,
    Hex,
    Base64,
}

/// Text that wipes itself and does not show.
struct SecretText(Zeroizing<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("redacted")
    }
}

/// Why there is no key. Says where it was looked for, never what was found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("a key takes one of hex, base64, file and env")]
    NotOne,
    #[error("this key is no PEM: it takes one of hex, base64, file and env")]
    Pem,
    #[error("RSA and ECDH keys are PEM: give one of pem, file and env, and no hex, base64 or encoding")]
    NotPem,
    #[error("a passphrase is text: give one of file and env, without encoding")]
    Passphrase,
    #[error("`encoding` goes with file and env only")]
    Encoding,
    #[error(
        "the key file {path} holds {encoding} text, and would be taken for the bytes of the key: give {{ file = \"{path}\", encoding = \"{word}\" }}, or encoding = \"raw\" if it is the key as it stands"
    )]
    Text { path: String, encoding: &'static str, word: &'static str },
    #[error("{0} is no hexadecimal text (`encoding` says what else a file or variable holds)")]
    Hex(String),
    #[error("{0} is no Base64 (`encoding` says what else a file or variable holds)")]
    Base64(String),
    #[error("the key file {path} cannot be read")]
    File {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the environment variable {0} is not set, or is no text")]
    Env(String),
    #[error("a key in an environment variable is text: set its encoding to \"hex\" or \"base64\"")]
    RawEnv,
    #[error("the environment variable that it names is not set, or is no text: give the name alone, without `$`")]
    NamedEnv,
    #[error("{0} holds no key of 32 bytes: give it as 64 hexadecimal digits or as Base64")]
    NotRoot(String),
}

impl KeySource {
    /// Whether the key stands in table.toml itself.
    pub(crate) fn is_inline(&self) -> bool {
        self.hex.is_some() || self.base64.is_some() || self.pem.is_some()
    }

    /// Whether the PEM in table.toml is that of a private key.
    pub(crate) fn is_private(&self) -> bool {
        self.pem.as_ref().is_some_and(|pem| is_private(pem.0.as_bytes()))
    }

    /// The bytes. Files are looked for from `folder`, that of table.toml, and hold the raw bytes unless `encoding`
    /// says otherwise; environment variables hold hexadecimal text unless it does.
    pub(crate) fn read(&self, folder: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        if self.pem.is_some() {
            return Err(KeyError::Pem);
        }
        if self.encoding.is_some() && self.file.is_none() && self.env.is_none() {
            return Err(KeyError::Encoding);
        }
        match (&self.hex, &self.base64, &self.file, &self.env) {
            (Some(text), None, None, None) => decode(text.0.as_bytes(), Encoding::Hex, "`hex`"),
            (None, Some(text), None, None) => decode(text.0.as_bytes(), Encoding::Base64, "`base64`"),
            (None, None, Some(path), None) => match self.encoding {
                Some(encoding) => read_file(folder, path, encoding),
                None => raw(path, read_file(folder, path, Encoding::Raw)?),
            },
            (None, None, None, Some(name)) => read_env(name, self.encoding.unwrap_or(Encoding::Hex)),
            _ => Err(KeyError::NotOne),
        }
    }

    /// A passphrase: the text of an environment variable or of a file, without the line break at its end.
    pub(crate) fn read_text(&self, folder: &Path) -> Result<Zeroizing<String>, KeyError> {
        if self.hex.is_some() || self.base64.is_some() || self.pem.is_some() || self.encoding.is_some() {
            return Err(KeyError::Passphrase);
        }
        match (&self.file, &self.env) {
            (None, Some(name)) => env_text(name),
            (Some(path), None) => {
                let bytes = read_file(folder, path, Encoding::Raw)?;
                let text = std::str::from_utf8(&bytes).map_err(|_| KeyError::Passphrase)?;
                let text = text.strip_suffix('\n').unwrap_or(text);
                Ok(Zeroizing::new(text.strip_suffix('\r').unwrap_or(text).to_owned()))
            }
            _ => Err(KeyError::Passphrase),
        }
    }

    /// The text of an asymmetric key. Files are looked for from `folder`.
    pub(crate) fn read_pem(&self, folder: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        if self.hex.is_some() || self.base64.is_some() || self.encoding.is_some() {
            return Err(KeyError::NotPem);
        }
        match (&self.pem, &self.file, &self.env) {
            (Some(text), None, None) => Ok(Zeroizing::new(text.0.as_bytes().to_vec())),
            (None, Some(path), None) => read_file(folder, path, Encoding::Raw),
            (None, None, Some(name)) => Ok(Zeroizing::new(env_text(name)?.as_bytes().to_vec())),
            _ => Err(KeyError::NotPem),
        }
    }
}

/// Where a key of the command line stands. Everybody on the machine sees the arguments of a program, so there is no third
/// place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyPlace {
    Env(String),
    File(String),
}

impl KeyPlace {
    /// `env:NAME` or `file:PATH`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let env = text.strip_prefix("env:").map(|name| Self::Env(name.to_owned()));
        env.or_else(|| text.strip_prefix("file:").map(|path| Self::File(path.to_owned())))
    }

    /// A key of 32 bytes as text, hexadecimal or Base64: each has its own length.
    pub(crate) fn read_key(&self) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let (what, text) = match self {
            Self::Env(name) => {
                (format!("the environment variable {name}"), Zeroizing::new(named_env(name)?.as_bytes().to_vec()))
            }
            Self::File(path) => (format!("the key file {path}"), read_file(Path::new(""), path, Encoding::Raw)?),
        };
        let encoding = if text.trim_ascii().len() == 64 { Encoding::Hex } else { Encoding::Base64 };
        let bytes = decode(&text, encoding, &what).ok().filter(|bytes| bytes.len() == 32);
        let bytes = bytes.ok_or(KeyError::NotRoot(what))?;
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&bytes);
        Ok(key)
    }
}

fn read_file(folder: &Path, path: &str, encoding: Encoding) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let full = folder.join(path);
    let bytes = files::read(&full, MAX_FILE).map_err(|source| {
        let source = files::explained(source, Path::new(path), Some(folder));
        KeyError::File { path: path.to_owned(), source }
    })?;
    if !is_public(&bytes) {
        files::warn_if_open(&full, "the key file");
    }
    decode(&bytes, encoding, &format!("the key file {path}"))
}

/// Of text that stands for a key, nobody can say whether it is meant or the bytes that it stands for.
fn raw(path: &str, bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    const LENGTHS: [usize; 3] = [16, 24, 32];
    let text = bytes.trim_ascii();
    let path = path.to_owned();
    if text.len() >= 32 && text.len().is_multiple_of(2) && text.iter().all(u8::is_ascii_hexdigit) {
        return Err(KeyError::Text { path, encoding: "hexadecimal", word: "hex" });
    }
    let decoded = decode(text, Encoding::Base64, "").is_ok_and(|key| LENGTHS.contains(&key.len()));
    // A key of 16, 24 or 32 characters may be text by itself.
    if decoded && (text.ends_with(b"=") || !LENGTHS.contains(&text.len())) {
        return Err(KeyError::Text { path, encoding: "Base64", word: "base64" });
    }
    Ok(bytes)
}

/// Whether it is the PEM of a public key.
fn is_public(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"-----BEGIN PUBLIC KEY-----") && !is_private(bytes)
}

fn is_private(pem: &[u8]) -> bool {
    const MARK: &[u8] = b"PRIVATE KEY";
    pem.windows(MARK.len()).any(|window| window == MARK)
}

fn read_env(name: &str, encoding: Encoding) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if encoding == Encoding::Raw {
        return Err(KeyError::RawEnv);
    }
    decode(env_text(name)?.as_bytes(), encoding, &format!("the environment variable {name}"))
}

/// The text of an environment variable that was named on the command line. A name of none is not repeated: it is a key or
/// a passphrase if the shell took `$NAME` for `NAME`.
pub(crate) fn named_env(name: &str) -> Result<Zeroizing<String>, KeyError> {
    env_text(name).map_err(|_| KeyError::NamedEnv)
}

fn env_text(name: &str) -> Result<Zeroizing<String>, KeyError> {
    std::env::var(name).map(Zeroizing::new).map_err(|_| KeyError::Env(name.to_owned()))
}

fn decode(bytes: &[u8], encoding: Encoding, what: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let text = bytes.trim_ascii();
    match encoding {
        Encoding::Raw => Ok(Zeroizing::new(bytes.to_vec())),
        Encoding::Hex => {
            base16ct::mixed::decode_vec(text).map(Zeroizing::new).map_err(|_| KeyError::Hex(what.to_owned()))
        }
        Encoding::Base64 => BASE64.decode(text).map(Zeroizing::new).map_err(|_| KeyError::Base64(what.to_owned())),
    }
}
