//! Why an item stays as it is, and why a whole job stops.

use std::error::Error;
use std::fmt;

use dynaseal_core::{AttributeError, CryptoError, ErrorKind, ItemError, LegacyError, LegacyErrorClass, MAX_ITEM_SIZE};
use dynaseal_legacy::pynamodb_mate;
use dynaseal_ops::Refusal;
use dynaseal_search::BeaconError;

use crate::form::Form;

/// Why an item was left as it is. Nothing of its values is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is of a form that the job was not told about.
    #[error(
        "it is {0}, and the job was not told that there are such items: sealing it would vouch for what anybody may have written"
    )]
    NotExpected(Form),
    /// It can not be opened.
    #[error(transparent)]
    Open(#[from] ItemError),
    /// It can not be opened in the format of the DynamoDB Encryption Client.
    #[error("it can not be opened as an item of the DynamoDB Encryption Client")]
    Legacy(#[from] LegacyError),
    /// What opens the older format gave back an item of another key.
    #[error("the encryptor of the older format changed its key attributes: it is configured with other ones")]
    LegacyKey,
    /// An attribute of pynamodb_mate can not be opened.
    #[error("`{name}` can not be opened as an attribute of pynamodb_mate")]
    PynamodbMate {
        /// The attribute.
        name: String,
        /// Why.
        #[source]
        source: pynamodb_mate::Error,
    },
    /// An attribute that should be sealed is not.
    #[error("`{name}` is not sealed, and the job was not told that there are plain values")]
    PlainAttribute {
        /// The attribute.
        name: String,
    },
    /// Attributes of this library and of pynamodb_mate at once, which only a target of sealed attributes tells apart.
    #[error(
        "attributes of pynamodb_mate and sealed ones at once: seal all of them first (sealed attributes as the target)"
    )]
    TwoKinds,
    /// A value that is sealed alone, and that the job was not told of.
    #[error(
        "`{name}` is a sealed attribute, and the job was not told that there are such: sealed attributes have to be a source, with this one among them"
    )]
    SealedAttribute {
        /// The attribute.
        name: String,
    },
    /// An item without a record that has an attribute with a name of the library's.
    #[error("`{name}` is a name of the library, and the item is no record: remove the attribute")]
    ReservedName {
        /// The attribute.
        name: String,
    },
    /// A sealed attribute can not be opened or sealed.
    #[error(transparent)]
    Attribute(#[from] AttributeError),
    /// It can not be sealed.
    #[error("it can not be sealed")]
    Seal(#[source] Box<Refusal>),
    /// Sealed, it would be too large.
    #[error(
        "it would have {size} bytes, and DynamoDB takes at most {MAX_ITEM_SIZE}: move data of it to other items or to S3"
    )]
    TooLarge {
        /// Its size then.
        size: usize,
    },
    /// The condition that nobody else changed it does not fit into a request.
    #[error(
        "it has {count} attributes, and DynamoDB can not compare so many in one write: rewrite it with the application, when nobody else writes it"
    )]
    TooManyAttributes {
        /// How many it has.
        count: usize,
    },
    /// What was sealed does not open as what it was. Nothing was written.
    #[error("sealed and opened again, it is not what it was; nothing was written. Please report this")]
    NotTheSame,
    /// Somebody else changed it before each of so many attempts.
    #[error("others changed it before each of {attempts} attempts: run the job again")]
    Contended {
        /// How many.
        attempts: u32,
    },
    /// DynamoDB does not take it.
    #[error("DynamoDB refuses it: {0}")]
    Database(String),
    /// A value of a type that this version does not know.
    #[error("it has a value of a type that this version does not know: update dynaseal")]
    UnknownType,
    /// A recipient that has the name of before, and another key.
    #[error("a recipient cannot open it: its key was replaced by another of the same name, or another key seals now")]
    OtherRecipient,
    /// Beacons that would be others now.
    #[error("its beacons were made with another beacon key")]
    OtherBeaconKey,
    /// The cryptographic library refused.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl Problem {
    /// Whether it says that keys are missing or wrong. In older formats, an item of another key and one that was changed
    /// look alike: then this is about both.
    pub fn is_about_keys(&self) -> bool {
        match self {
            Self::Open(error) => is_about_keys(error.kind()),
            Self::Legacy(error) => {
                matches!(error.class(), LegacyErrorClass::Materials | LegacyErrorClass::Authentication)
            }
            Self::Seal(refusal) => match &**refusal {
                Refusal::Item(error) => is_about_keys(error.kind()),
                Refusal::Beacons { .. } => true,
                _ => false,
            },
            Self::PynamodbMate { .. } | Self::Attribute(_) => true,
            _ => false,
        }
    }

    /// Whether a key service failed, which says nothing about the item.
    pub(crate) fn is_of_key_service(&self) -> bool {
        let of_item = |error: &ItemError| match error.kind() {
            ErrorKind::Materials(error) => error.is_of_service(),
            _ => false,
        };
        match self {
            Self::Open(error) => of_item(error),
            Self::Seal(refusal) => match &**refusal {
                Refusal::Item(error) => of_item(error),
                Refusal::Beacons { source: BeaconError::Keys { source, .. }, .. } => source.is_of_service(),
                _ => false,
            },
            _ => false,
        }
    }

    /// The size is the same news whichever part of the library found it.
    pub(crate) fn of_sealing(refusal: Refusal) -> Self {
        match &refusal {
            Refusal::TooLarge { size, .. } => Self::TooLarge { size: *size },
            Refusal::Item(error) => match error.kind() {
                ErrorKind::TooLarge { size } => Self::TooLarge { size: *size },
                _ => Self::Seal(Box::new(refusal)),
            },
            _ => Self::Seal(Box::new(refusal)),
        }
    }
}

fn is_about_keys(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::Materials(_))
}

/// Why a job could not begin, or not go on. What was written until then stands, and the job can be run again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The keys do not fit, which was found before anything was written.
    #[error(
        "{what}; nothing was written. If the keys are right and these items are broken, say that keys need not be checked"
    )]
    Keys {
        /// What was tried, and on which item.
        what: String,
        /// Why it failed.
        #[source]
        source: Box<Problem>,
    },
    /// The job and its table do not fit together.
    #[error("{0}")]
    Job(String),
    /// The checkpoint is of another job.
    #[error(
        "the checkpoint is of another job: there it is {there}, here {here}. Give the same options, or another checkpoint"
    )]
    OtherJob {
        /// What the checkpoint says.
        there: String,
        /// What this job would say.
        here: String,
    },
    /// The keys are not those that the job began with.
    #[error(
        "the keys are not those that this job began with: what they sealed then does not open now; nothing was written"
    )]
    OtherKeys {
        /// Why not.
        #[source]
        source: Box<Problem>,
    },
    /// The checkpoint can not be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// DynamoDB can not be reached, or refuses.
    #[error("DynamoDB {operation} on the table {table}: {said}")]
    Database {
        /// The operation.
        operation: &'static str,
        /// The table.
        table: String,
        /// DynamoDB's words, or the network's.
        said: String,
    },
    /// The key service fails for one item after the other.
    #[error(
        "the key service failed ({failures} times in a row), and the job stopped; what was written stands. When the service is back, run the job again"
    )]
    KeyService {
        /// How many.
        failures: u32,
        /// What it said the last time.
        #[source]
        source: Box<Problem>,
    },
    /// A part of the job ended without saying why.
    #[error("a part of the job ended unexpectedly; run it again")]
    Lost,
}

/// A checkpoint that can not be read or written.
#[derive(Debug)]
pub struct CheckpointError {
    what: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl CheckpointError {
    /// Says what can not be done, and why.
    pub fn new(what: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { what: what.into(), source: Some(source.into()) }
    }

    /// Without a cause.
    pub fn of(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for CheckpointError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}
