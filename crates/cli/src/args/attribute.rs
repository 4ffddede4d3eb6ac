//! Arguments of the commands about sealed attributes.
//!
//! Where a key is to be named, the text is kept as it is: what is wrong with it is told later and without repeating it,
//! for it may be the key itself.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum AttributeCommand {
    /// Plain values to sealed values.
    Seal(Box<AttributeSealArgs>),
    /// Sealed values to plain values. The good ones come out even if others are refused.
    Open(Box<AttributeOpenArgs>),
    /// What sealed values of the format dynaseal show to everybody: needs no key.
    Inspect(ValuesArgs),
    /// A new recipe that makes a root key of a passphrase. It is not secret, and without it the passphrase opens nothing.
    Recipe,
}

const SEAL_HELP: &str = "Values are read one a line and written as Base64, one a line. In the format dynaseal they are DynamoDB JSON, \
{\"S\":\"a\"}; for pynamodb-mate they are JSON, binary ones Base64 in a string, and of type number also \"NaN\", \"Infinity\" and \
\"-Infinity\". Empty lines are skipped. A line of more than 1 MiB is refused.\n\n\
Exit codes: 0 all values were sealed, 1 some were refused (the others came out), 2 nothing could be done, or not all of it.";

#[derive(Debug, clap::Args)]
#[command(after_help = SEAL_HELP)]
pub(crate) struct AttributeSealArgs {
    #[command(flatten)]
    pub(crate) attribute: AttributeArgs,
    /// Seal in the format pynamodb-mate although it is insecure: whoever can write to the table can change values without
    /// being noticed. Only for tables that Python programs still read.
    #[arg(long, help_heading = PYNAMODB_MATE)]
    pub(crate) danger_insecure: bool,
    #[command(flatten)]
    pub(crate) values: ValuesArgs,
}

const OPEN_HELP: &str = "Stored values are read as Base64, one a line, and written one a line. In the format dynaseal they come out \
as DynamoDB JSON, {\"S\":\"a\"}; of pynamodb-mate as JSON: binary ones as Base64 in a string, integers with all their digits, members of \
objects in the order in which they were stored, and numbers that JSON does not have as the strings \"NaN\", \"Infinity\" and \
\"-Infinity\". An empty line is the empty value, which neither format has. A line of more than 1 MiB is refused.\n\n\
Exit codes: 0 all values were opened, 1 some were refused (the others came out), 2 nothing could be done, or not all of it.";

#[derive(Debug, clap::Args)]
#[command(after_help = OPEN_HELP)]
pub(crate) struct AttributeOpenArgs {
    #[command(flatten)]
    pub(crate) attribute: AttributeArgs,
    #[command(flatten)]
    pub(crate) values: ValuesArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ValuesArgs {
    /// Files with values, one a line; standard input if there are none or for `-`.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

const DYNASEAL: &str = "Options of --format dynaseal";
const PYNAMODB_MATE: &str = "Options of --format pynamodb-mate";

/// An attribute and its keys.
#[derive(Debug, clap::Args)]
pub(crate) struct AttributeArgs {
    /// The format of stored values. That of Python's pynamodb_mate does not protect from changes.
    #[arg(long, default_value = "dynaseal")]
    pub(crate) format: Format,
    /// Whether equal values are stored as equal bytes, or each differently.
    #[arg(long)]
    pub(crate) mode: Mode,

    /// The logical name of the table.
    #[arg(long, value_name = "NAME", help_heading = DYNASEAL)]
    pub(crate) table: Option<String>,
    /// The name of the attribute.
    #[arg(long, value_name = "NAME", help_heading = DYNASEAL)]
    pub(crate) attribute: Option<String>,
    /// A root key of 32 bytes in an environment variable or a file, as hexadecimal text or Base64: ID=env:NAME or
    /// ID=file:PATH; may be given several times. The first one seals, and each opens what it sealed.
    #[arg(long, value_name = "ID=PLACE", help_heading = DYNASEAL)]
    pub(crate) root: Vec<String>,
    /// A root key from the passphrase in an environment variable: ID=env:NAME. It seals if there is no --root.
    #[arg(long, value_name = "ID=PLACE", requires = "recipe", help_heading = DYNASEAL)]
    pub(crate) passphrase_root: Option<String>,
    /// How the passphrase becomes a key: what `dynaseal attribute recipe` printed. In quotes, for it has dollar signs.
    #[arg(long, requires = "passphrase_root", help_heading = DYNASEAL)]
    pub(crate) recipe: Option<String>,
    /// The partition key of the item that randomised values are in, its value as DynamoDB JSON: id={"S":"a"}.
    #[arg(long, value_name = "NAME=VALUE", help_heading = DYNASEAL)]
    pub(crate) partition_key: Option<String>,
    /// The sort key of that item, if the table has one.
    #[arg(long, value_name = "NAME=VALUE", requires = "partition_key", help_heading = DYNASEAL)]
    pub(crate) sort_key: Option<String>,

    /// What the attribute holds: its class in the Python model.
    #[arg(long = "type", value_name = "TYPE", help_heading = PYNAMODB_MATE)]
    pub(crate) kind: Option<Kind>,
    /// The environment variable with the passphrase, the model's encryption_key.
    #[arg(long, value_name = "NAME", help_heading = PYNAMODB_MATE)]
    pub(crate) passphrase_env: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Dynaseal,
    PynamodbMate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    Deterministic,
    Randomised,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Text,
    Binary,
    Number,
    Json,
}
