//! What can go wrong. No error holds anything of a key or a plaintext.

use dynaseal_core::{CryptoError, LegacyError, LegacyErrorClass};

use super::description::names;
use super::value::ValueProblem;

/// An item that does not open, or can not be sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The signature is of another item or key.
    #[error(
        "the signature does not fit the item: compare keys, table name and the actions of the attributes with the program that wrote it"
    )]
    Authentication,
    /// The signature fits, and the key that the item brings does not: somebody may have changed that, as it is not signed.
    #[error(
        "`{0}` does not open with the item's key, although the signature fits: the material description is of another item, or the value is none of this format"
    )]
    DoesNotOpen(String),
    /// The item was signed in another way than the key signs.
    #[error("the item says that it is signed with {found}, and the key verifies {expected}")]
    OtherSignature {
        /// What the key does.
        expected: &'static str,
        /// What the item says.
        found: String,
    },
    /// No signature.
    #[error("the item has no attribute `{0}`, so it is none of this format")]
    NoSignature(String),
    /// An attribute of another type than it is stored with.
    #[error("`{attribute}` has to be of the type B, and is {found}")]
    Type {
        /// Its name.
        attribute: String,
        /// Its type.
        found: &'static str,
    },
    /// A material description that can not be read.
    #[error("the material description is broken: {0}")]
    Description(&'static str),
    /// A material description that lacks something.
    #[error("the material description has no `{0}`")]
    Missing(&'static str),
    /// Something that is not known, or not safe.
    #[error("the material description says `{name}` is `{value}`, which is not taken here")]
    NotTaken {
        /// What.
        name: &'static str,
        /// What it says.
        value: String,
    },
    /// A content key under RSA with PKCS #1 v1.5, and nobody allowed that.
    #[error("{}: not taken unless `accept_pkcs1_v1_5` allows it", said_of_padding(.said.as_deref()))]
    Pkcs1 {
        /// How the material description says it; `None` if it says nothing, which means the same.
        said: Option<String>,
    },
    /// A stored value that makes no sense, plain or decrypted.
    #[error("the stored value of `{attribute}` is broken: {problem}")]
    Stored {
        /// Its name.
        attribute: String,
        /// What is wrong.
        problem: ValueProblem,
    },
    /// A value to be sealed that makes no sense.
    #[error("`{attribute}` can not be sealed: {problem}")]
    Value {
        /// Its name.
        attribute: String,
        /// What is wrong.
        problem: ValueProblem,
    },
    /// A plain item with an attribute that is to be made.
    #[error("the item already has an attribute `{0}`, which is reserved")]
    Reserved(String),
    /// The provider was given no such key.
    #[error("the materials provider has no {0} key")]
    NoKey(&'static str),
    /// The content key was wrapped by another key.
    #[error("the item's key does not unwrap: it was wrapped by another key, or changed")]
    DoesNotUnwrap,
    /// The store of providers does not have this version.
    #[error("there are no materials `{name}` of version {version}")]
    NoVersion {
        /// Their name.
        name: String,
        /// The version that the item asks for.
        version: u64,
    },
    /// An item in the table of a store of providers that makes no sense.
    #[error("the stored materials are broken: {0}")]
    StoredMaterials(&'static str),
    /// The cryptographic library or the source of randomness refused.
    #[error("encryption failed")]
    Crypto(#[from] CryptoError),
}

/// The most characters of a material description that an error repeats.
const REPEATED: usize = 64;

impl Error {
    pub(super) fn not_taken(name: &'static str, value: &str) -> Self {
        Self::NotTaken { name, value: value.chars().take(REPEATED).collect() }
    }

    /// `said` is what the material description says of the wrapping, if it says something.
    pub(super) fn pkcs1(said: Option<&str>) -> Self {
        Self::Pkcs1 { said: said.map(|said| said.chars().take(REPEATED).collect()) }
    }

    pub(super) fn other_signature(expected: &'static str, found: &str) -> Self {
        Self::OtherSignature { expected, found: found.chars().take(REPEATED).collect() }
    }

    /// What kind of error it is.
    pub fn class(&self) -> LegacyErrorClass {
        match self {
            Self::Authentication | Self::DoesNotOpen(_) | Self::OtherSignature { .. } => {
                LegacyErrorClass::Authentication
            }
            Self::NoSignature(_)
            | Self::Type { .. }
            | Self::Description(_)
            | Self::Missing(_)
            | Self::NotTaken { .. }
            | Self::Pkcs1 { .. }
            | Self::Stored { .. } => LegacyErrorClass::Malformed,
            Self::Value { .. } | Self::Reserved(_) => LegacyErrorClass::Item,
            Self::NoKey(_)
            | Self::DoesNotUnwrap
            | Self::NoVersion { .. }
            | Self::StoredMaterials(_)
            | Self::Crypto(_) => LegacyErrorClass::Materials,
        }
    }
}

fn said_of_padding(said: Option<&str>) -> String {
    let name = names::WRAPPING_ALGORITHM;
    match said {
        Some(said) => format!("the material description says `{name}` is `{said}`, which is RSA with PKCS #1 v1.5"),
        None => format!("the material description says nothing of `{name}`, which means RSA with PKCS #1 v1.5"),
    }
}

impl From<Error> for LegacyError {
    fn from(error: Error) -> Self {
        Self::new(error.class(), error)
    }
}
