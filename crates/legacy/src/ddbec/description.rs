//! The material description: what a provider writes beside an item so that it finds the keys again. Nothing signs it.

use std::collections::BTreeMap;

use dynaseal_core::MAX_ITEM_SIZE;

use super::Error;
use super::bytes::{Cursor, push};

/// Names in material descriptions.
pub mod names {
    /// How attributes are encrypted; always `/CBC/PKCS5Padding`.
    pub const MODE: &str = "amzn-ddb-map-sym-mode";
    /// How the item is signed.
    pub const SIGNING_ALGORITHM: &str = "amzn-ddb-map-signingAlg";
    /// The wrapped content key, in base64.
    pub const WRAPPED_KEY: &str = "amzn-ddb-env-key";
    /// What the content key is for: `AES/256`, or `AES`.
    pub const CONTENT_ALGORITHM: &str = "amzn-ddb-env-alg";
    /// How the content key is wrapped.
    pub const WRAPPING_ALGORITHM: &str = "amzn-ddb-wrap-alg";
    /// What a signing key that is derived is for: `HmacSHA256/256`.
    pub const SIGNATURE_ALGORITHM: &str = "amzn-ddb-sig-alg";
    /// Which materials of a store: `name#version`.
    pub const META_ID: &str = "amzn-ddb-meta-id";
}

/// The version that all items have.
const VERSION: [u8; 4] = [0; 4];

/// Names and what they say.
///
/// ```
/// # use dynaseal_legacy::ddbec::MaterialDescription;
/// let description = MaterialDescription::from_iter([("colour", "blue")]);
/// let bytes = description.to_bytes();
/// assert_eq!(bytes, b"\0\0\0\0\0\0\0\x06colour\0\0\0\x04blue");
/// assert_eq!(MaterialDescription::from_bytes(&bytes)?, description);
/// # Ok::<(), dynaseal_legacy::ddbec::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaterialDescription(BTreeMap<String, String>);

impl MaterialDescription {
    /// What is said about a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Says something, in place of what was said before.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// Names and what they say, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = VERSION.to_vec();
        for text in self.iter().flat_map(<[&str; 2]>::from) {
            push(&mut bytes, text.as_bytes());
        }
        bytes
    }

    /// Reads what is stored.
    ///
    /// # Errors
    /// [`Error::Description`] for another version, lengths that do not fit, names that come twice, and for what is no
    /// text.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_ITEM_SIZE {
            return Err(Error::Description("it is longer than an item"));
        }
        let Some((version, rest)) = bytes.split_first_chunk() else {
            return Err(Error::Description("it ends too early"));
        };
        if *version != VERSION {
            return Err(Error::Description("it is of another version"));
        }
        let mut cursor = Cursor::new(rest);
        let mut description = Self::default();
        while !cursor.is_empty() {
            let mut text = || {
                let bytes = cursor.value().ok_or(Error::Description("it ends too early"))?;
                std::str::from_utf8(bytes).map_err(|_| Error::Description("it is no text"))
            };
            let (name, value) = (text()?, text()?);
            // Upstream takes the last one.
            if description.0.insert(name.to_owned(), value.to_owned()).is_some() {
                return Err(Error::Description("it says the same twice"));
            }
        }
        Ok(description)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for MaterialDescription {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
