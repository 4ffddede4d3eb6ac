//! Arguments of `dynaseal update` and `dynaseal delete`.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::ValueEnum;
use dynaseal::Item;

use super::SealedTableArgs;
use super::items::{Silent, item, names, values};

const UPDATE_HELP: &str = "An item is read, opened and checked against the condition, changed, sealed anew and written on condition that nobody else has \
changed it meanwhile; if somebody has, it begins again. So the expressions may name any attribute, encrypted ones too: \
--expression 'SET #n = :n REMOVE age ADD visits :one'. An attribute that has no action any more can be taken away with REMOVE.\n\n\
Exit codes: 0 every item is changed, 1 some are not there, do not meet the condition or are refused (the others are changed), \
2 nothing could be done, or not all of it; how many items are changed is printed.";

#[derive(Debug, clap::Args)]
#[command(after_help = UPDATE_HELP)]
pub(crate) struct UpdateArgs {
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    #[command(flatten)]
    pub(crate) table: SealedTableArgs,
    /// What to do, as an UpdateExpression: SET, REMOVE, ADD and DELETE.
    #[arg(long, value_name = "EXPR")]
    pub(crate) expression: String,
    #[command(flatten)]
    pub(crate) condition: ConditionArgs,
    /// Make an item that is not there, of its key and of what the expression sets.
    #[arg(long)]
    pub(crate) create: bool,
    /// Print each item that is changed, opened, as it was or as it is now.
    #[arg(long, value_name = "WHICH", value_enum)]
    pub(crate) r#return: Option<Returned>,
    /// How often to begin again when others change an item at the same time.
    #[arg(long, value_name = "N", default_value = "64")]
    pub(crate) attempts: NonZeroU32,
    /// How many items are changed as a JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

const DELETE_HELP: &str = "The condition is asked by DynamoDB, so it cannot name encrypted attributes.\n\n\
Exit codes: 0 every item is deleted, 1 some are not there or do not meet the condition (the others are deleted), or cannot be \
opened for --return, 2 nothing could be done, or not all of it; how many items are deleted is printed.";

#[derive(Debug, clap::Args)]
#[command(after_help = DELETE_HELP)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    #[command(flatten)]
    pub(crate) table: SealedTableArgs,
    #[command(flatten)]
    pub(crate) condition: ConditionArgs,
    /// Print each item that is deleted, opened, as it was.
    #[arg(long, value_name = "WHICH", value_enum)]
    pub(crate) r#return: Option<ReturnedOld>,
    /// How many items are deleted as a JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which items.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(crate) struct KeyArgs {
    /// The key attributes as DynamoDB JSON, {"pk":{"S":"a"}}; several are done in their order.
    #[arg(value_name = "KEY", value_parser = item, conflicts_with = "files")]
    pub(crate) key: Vec<Item>,
    /// A file with keys, one a line or a JSON array; `-` is standard input.
    #[arg(long = "keys", value_name = "FILE", id = "files")]
    pub(crate) files: Vec<PathBuf>,
}

/// On which condition.
#[derive(Debug, clap::Args)]
pub(crate) struct ConditionArgs {
    /// A ConditionExpression that each item has to meet.
    #[arg(long, value_name = "EXPR")]
    pub(crate) condition: Option<String>,
    /// Placeholders of names: {"#n":"name"}, or @FILE with that in it.
    #[arg(long, value_name = "JSON", value_parser = names)]
    pub(crate) names: Option<HashMap<String, String>>,
    /// Placeholders of values as DynamoDB JSON: {":v":{"S":"x"}}, or @FILE with that in it.
    #[arg(long, value_name = "JSON", value_parser = Silent(values))]
    pub(crate) values: Option<Item>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Returned {
    /// As they were.
    Old,
    /// As they are now.
    New,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReturnedOld {
    /// As they were.
    Old,
}
