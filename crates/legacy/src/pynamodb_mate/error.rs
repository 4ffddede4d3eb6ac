//! What can go wrong. No error holds anything of a key or a plaintext.

use std::fmt;

use dynaseal_core::CryptoError;

use super::{Kind, MAX_DEPTH, Mode};

/// A value that does not open or can not be sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stored bytes are no value of this mode, whatever the key.
    #[error("pynamodb_mate stores no such value in the {mode} mode: {problem}")]
    Malformed {
        /// The mode in which it was to be opened.
        mode: Mode,
        /// What is wrong with the bytes.
        problem: &'static str,
    },
    /// The key, the mode or the kind is another one, or the value was changed. Which check failed is not said: whoever can
    /// have changed values opened would learn plaintexts from it.
    ///
    /// JSON with half a surrogate pair is among these, for it is no Rust text, as is JSON nested deeper than
    /// [`MAX_DEPTH`]. [`Kind::Binary`] gives its bytes.
    #[error(
        "the value does not open as {kind} in the {mode} mode with this key: compare all three with the Python model"
    )]
    DoesNotOpen {
        /// The kind as which it was to be opened.
        kind: Kind,
        /// The mode in which it was to be opened.
        mode: Mode,
    },
    /// JSON to be sealed that nobody could read.
    #[error("the JSON is nested deeper than {MAX_DEPTH} levels, which Python does not read")]
    TooDeep,
    /// The cryptographic library or the source of randomness refused.
    #[error("encryption failed")]
    Crypto(#[from] CryptoError),
}

/// A name of a mode that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown mode `{0}`: take deterministic or randomised")]
pub struct UnknownMode(pub(super) String);

/// A name of a kind that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind `{0}`: take text, binary, number or json")]
pub struct UnknownKind(pub(super) String);

/// A value that is bytes.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("bytes have no form in JSON")]
pub struct NotJson {
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Without the bytes.
impl fmt::Debug for NotJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NotJson({} bytes)", self.bytes.len())
    }
}
