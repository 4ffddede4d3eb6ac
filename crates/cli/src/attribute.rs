//! A sealed attribute, as the command line names it: its format, its keys and what its values look like as text.

mod dynaseal_format;
mod pynamodb_mate;

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dynaseal::{AttributeError, AttributeErrorKind, AttributeValue, CryptoError};

use self::dynaseal_format::DynasealFormat;
use self::pynamodb_mate::PynamodbMate;
use crate::args::{AttributeArgs, AttributeOpenArgs, AttributeSealArgs, Format};
use crate::input::{self, InputError};

/// Arguments that make no attribute. Says which, and never what stands in one that names a key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("--format {format} needs {option}")]
    Missing { format: &'static str, option: &'static str },
    #[error("{option} makes no sense with --format {format}")]
    Foreign { format: &'static str, option: &'static str },
    #[error("--mode randomised needs --partition-key: such values open only in their item")]
    NoItem,
    #[error("--partition-key makes no sense with --mode deterministic: such values do not belong to an item")]
    NotBound,
    #[error(
        "--format pynamodb-mate is insecure, as whoever can write to the table can change values without being noticed: seal in \
         the format dynaseal, or give --danger-insecure if Python programs still read the table"
    )]
    Insecure,
    #[error("{option}")]
    At {
        option: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    #[error(transparent)]
    Item(AttributeError),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl SettingsError {
    /// Says of an error which option it comes from.
    fn at<E: Into<Box<dyn Error + Send + Sync>>>(option: impl Into<String>) -> impl FnOnce(E) -> Self {
        let option = option.into();
        |error| Self::At { option, source: error.into() }
    }
}

/// A value that is not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ValueError {
    #[error("not Base64: give each stored value on a line of its own, with its padding")]
    NotBase64,
    #[error(
        "no stored value: give one a line, as Base64; of items, `jq -r '.NAME.B'` prints those of the attribute NAME"
    )]
    NotAlone,
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Attribute(#[from] AttributeError),
    #[error(transparent)]
    Parse(#[from] AttributeErrorKind),
    #[error(transparent)]
    PynamodbMate(#[from] dynaseal::legacy::pynamodb_mate::Error),
    #[error(transparent)]
    Json(#[from] dynaseal::legacy::pynamodb_mate::JsonError),
    #[error("--type {kind} takes {expected}")]
    Type { kind: &'static str, expected: &'static str },
}

/// Turns lines into lines.
#[derive(Debug)]
pub(crate) enum Attribute {
    Dynaseal(DynasealFormat),
    PynamodbMate(PynamodbMate),
}

impl Attribute {
    pub(crate) fn to_open(args: &AttributeOpenArgs) -> Result<Self, SettingsError> {
        Self::new(&args.attribute)
    }

    pub(crate) fn to_seal(args: &AttributeSealArgs) -> Result<Self, SettingsError> {
        match (args.attribute.format, args.danger_insecure) {
            (Format::PynamodbMate, false) => Err(SettingsError::Insecure),
            (Format::Dynaseal, true) => {
                Err(SettingsError::Foreign { format: dynaseal_format::NAME, option: "--danger-insecure" })
            }
            (Format::PynamodbMate, true) | (Format::Dynaseal, false) => Self::new(&args.attribute),
        }
    }

    /// Reads the keys.
    fn new(args: &AttributeArgs) -> Result<Self, SettingsError> {
        Ok(match args.format {
            Format::Dynaseal => Self::Dynaseal(DynasealFormat::new(args)?),
            Format::PynamodbMate => Self::PynamodbMate(PynamodbMate::new(args)?),
        })
    }

    /// A stored value as Base64 to the value as JSON.
    pub(crate) fn open(&self, line: &str) -> Result<String, ValueError> {
        let stored = stored(line)?;
        match self {
            Self::Dynaseal(attribute) => attribute.open(&stored),
            Self::PynamodbMate(attribute) => attribute.open(&stored),
        }
    }

    /// A value as JSON to the stored value as Base64.
    pub(crate) fn seal(&self, line: &str) -> Result<String, ValueError> {
        let stored = match self {
            Self::Dynaseal(attribute) => attribute.seal(line)?,
            Self::PynamodbMate(attribute) => attribute.seal(line)?,
        };
        Ok(BASE64.encode(stored))
    }
}

/// The bytes of a line: Base64, also in quotes or as a value of an item, {"B":"…"}.
pub(crate) fn stored(line: &str) -> Result<Vec<u8>, ValueError> {
    if line.starts_with(['{', '[']) {
        return match input::attribute_value(line) {
            Ok(AttributeValue::B(bytes)) => Ok(bytes),
            _ => Err(ValueError::NotAlone),
        };
    }
    let text = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line);
    BASE64.decode(text).map_err(|_| ValueError::NotBase64)
}

/// Refuses options of the other format: whoever gave them wants something else than they would get.
fn only_of(format: &'static str, others: &[(&'static str, bool)]) -> Result<(), SettingsError> {
    match others.iter().find(|(_, is_given)| *is_given) {
        Some((option, _)) => Err(SettingsError::Foreign { format, option }),
        None => Ok(()),
    }
}
