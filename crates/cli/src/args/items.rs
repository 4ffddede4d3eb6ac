//! Arguments of the commands that read and write sealed tables.

use std::collections::HashMap;
use std::error::Error;
use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use dynaseal::{Item, json};

use super::{DatabaseArgs, OutputArgs};
use crate::files;

/// A sealed table.
#[derive(Debug, clap::Args)]
pub(crate) struct SealedTableArgs {
    /// The table's configuration.
    #[arg(short, long, value_name = "table.toml", env = "DYNASEAL_CONFIG", hide_env_values = true)]
    pub(crate) config: PathBuf,
    /// The table's name in DynamoDB; the configuration's logical_table_name if it is not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Option<String>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

const GET_CODES: &str = "Exit codes: 0 every item came out, 1 some are not there or can not be opened (the others came out), \
2 nothing could be done, or not all of it.";

#[derive(Debug, clap::Args)]
#[command(after_help = GET_CODES)]
pub(crate) struct GetArgs {
    /// The key attributes as DynamoDB JSON, {"pk":{"S":"a"}}. Without any, keys are read from --keys or standard input, as
    /// items are; the items come out in their order.
    #[arg(value_name = "KEY", value_parser = item, conflicts_with = "keys")]
    pub(crate) key: Vec<Item>,
    /// A file with keys, one a line or a JSON array; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) table: SealedTableArgs,
    /// Which attributes come out, as a ProjectionExpression. The whole item is fetched and verified all the same.
    #[arg(long, value_name = "EXPR")]
    pub(crate) projection: Option<String>,
    /// Placeholders of names: {"#n":"name"}, or @FILE with that in it.
    #[arg(long, value_name = "JSON", value_parser = names)]
    pub(crate) names: Option<HashMap<String, String>>,
    /// Strongly consistent reads.
    #[arg(long)]
    pub(crate) consistent: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

const PUT_HELP: &str = "Items are written in their order, 25 a request. Without --condition, an item takes the place of one with \
the same key, so that a put that was cut short can be run again from the start.\n\n\
Exit codes: 0 all items were written, 1 some were refused (the others were written), 2 nothing could be done, or not all of it; \
how many items were written is printed.";

#[derive(Debug, clap::Args)]
#[command(after_help = PUT_HELP)]
pub(crate) struct PutArgs {
    #[command(flatten)]
    pub(crate) table: SealedTableArgs,
    /// A ConditionExpression that each item has to meet: attribute_not_exists(pk). Then every item is a request of its own.
    #[arg(long, value_name = "EXPR")]
    pub(crate) condition: Option<String>,
    /// Placeholders of names in the condition: {"#n":"name"}, or @FILE with that in it.
    #[arg(long, value_name = "JSON", value_parser = names, requires = "condition")]
    pub(crate) names: Option<HashMap<String, String>>,
    /// Placeholders of values in the condition as DynamoDB JSON: {":v":{"S":"x"}}, or @FILE with that in it.
    #[arg(long, value_name = "JSON", value_parser = Silent(values), requires = "condition")]
    pub(crate) values: Option<Item>,
    /// How many items were written as a JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Files with items; standard input if there are none or for `-`.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

const QUERY_HELP: &str = "Where items are in partitions, a query by a beacon is one query for each, unless the values name one with \
:aws_dbe_partition; items come in the order of their sort keys for each partition.\n\n\
Exit codes: 0 every item came out, 1 some can not be opened (the others came out), 2 nothing could be done, or not all of it; what came \
out until then stands.";

#[derive(Debug, clap::Args)]
#[command(after_help = QUERY_HELP)]
pub(crate) struct QueryArgs {
    /// Which items, as a KeyConditionExpression: pk = :pk. With the index of a beacon, the attribute that it is made from:
    /// name = :name.
    #[arg(long, value_name = "EXPR")]
    pub(crate) key_condition: String,
    /// In descending order of the sort key.
    #[arg(long)]
    pub(crate) reverse: bool,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = READ_CODES)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) read: ReadArgs,
    /// Read so many parts of the table at the same time.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..=1000))]
    pub(crate) segments: i32,
}

const READ_CODES: &str = "Exit codes: 0 every item came out, 1 some can not be opened (the others came out), 2 nothing could be \
done, or not all of it; what came out until then stands.";

/// What queries and scans have in common.
#[derive(Debug, clap::Args)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    pub(crate) table: SealedTableArgs,
    /// The index to read instead of the table. It has to project whole items, else they can not be verified.
    #[arg(long, value_name = "NAME")]
    pub(crate) index: Option<String>,
    /// Which items come out, as a FilterExpression. DynamoDB evaluates it, so of encrypted attributes it can
    /// only look at those with a beacon.
    #[arg(long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,
    /// Which attributes come out, as a ProjectionExpression. Whole items are fetched and verified all the same.
    #[arg(long, value_name = "EXPR")]
    pub(crate) projection: Option<String>,
    /// Placeholders of names: {"#n":"name"}, or @FILE with that in it.
    #[arg(long, value_name = "JSON", value_parser = names)]
    pub(crate) names: Option<HashMap<String, String>>,
    /// Placeholders of values as DynamoDB JSON: {":v":{"S":"x"}}, or @FILE with that in it.
    #[arg(long, value_name = "JSON", value_parser = Silent(values))]
    pub(crate) values: Option<Item>,
    /// Stop after so many items, refused ones among them.
    #[arg(long, value_name = "N", value_parser = super::at_least_one)]
    pub(crate) limit: Option<NonZeroUsize>,
    /// Strongly consistent reads.
    #[arg(long)]
    pub(crate) consistent: bool,
    /// Only how many items there are, on DynamoDB's word: none is fetched or verified, unless it takes that to tell them from
    /// others with equal beacons.
    #[arg(long, conflicts_with_all = ["projection", "limit"])]
    pub(crate) count: bool,
    /// The count as a JSON object; items are JSON anyway.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The longest file of an argument. DynamoDB takes expressions of 4 KB and values of 2 MB.
const MAX_ARGUMENT: usize = 16 * 1024 * 1024;

type ParseError = Box<dyn Error + Send + Sync>;

pub(super) fn item(text: &str) -> Result<Item, ParseError> {
    Ok(json::from_str(text)?)
}

pub(super) fn names(text: &str) -> Result<HashMap<String, String>, ParseError> {
    Ok(serde_json::from_str(&text_or_file(text)?)?)
}

/// Parses an argument that may hold a secret: of one that is not taken, clap repeats the text, and this says only why.
#[derive(Clone)]
pub(super) struct Silent<F>(pub(super) F);

impl<T, F> TypedValueParser for Silent<F>
where
    T: Clone + Send + Sync + 'static,
    F: Fn(&str) -> Result<T, ParseError> + Clone + Send + Sync + 'static,
{
    type Value = T;

    fn parse_ref(&self, command: &clap::Command, arg: Option<&clap::Arg>, value: &OsStr) -> Result<T, clap::Error> {
        let parsed = match value.to_str() {
            Some(text) => (self.0)(text),
            None => Err("it is not UTF-8".into()),
        };
        parsed.map_err(|error| {
            let name = arg.map_or_else(|| "an argument".to_owned(), |arg| format!("'{arg}'"));
            clap::Error::raw(ErrorKind::ValueValidation, format!("{name} cannot be taken: {error}\n")).with_cmd(command)
        })
    }
}

pub(super) fn values(text: &str) -> Result<Item, ParseError> {
    item(&text_or_file(text)?)
}

/// Everybody on the machine sees the arguments of a program, and a shell wants quotes; a file has neither trouble.
fn text_or_file(text: &str) -> Result<String, ParseError> {
    match text.strip_prefix('@') {
        Some(path) => {
            let explained = |error| files::explained(error, Path::new(path), None);
            let text = files::read_text(Path::new(path), MAX_ARGUMENT).map_err(explained);
            text.map(|text| text.to_string()).map_err(|error| format!("{path} cannot be read: {error}").into())
        }
        None => Ok(text.to_owned()),
    }
}
