//! What an item of a table may be.

use std::fmt;

/// What an item is as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Form {
    /// Plaintext.
    Plain,
    /// An item of the DynamoDB Encryption Client.
    OlderClient,
    /// A record of DB-ESDK.
    Record,
    /// A plain item with sealed attributes, of this library or of pynamodb_mate.
    Attributes,
}

impl Form {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Plain, Self::OlderClient, Self::Record, Self::Attributes];

    /// The name in reports: `plain`, `older_client`, `record` or `attributes`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::OlderClient => "older_client",
            Self::Record => "record",
            Self::Attributes => "attributes",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plaintext",
            Self::OlderClient => "an item of the DynamoDB Encryption Client",
            Self::Record => "a record",
            Self::Attributes => "an item with sealed attributes",
        })
    }
}
