//! Arguments of the commands about beacons.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Subcommand;

use super::{DatabaseArgs, TableArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum BeaconsCommand {
    /// How long beacons should be, from a sample of items.
    ///
    /// Attribute by attribute: what every length would cost in queries and what it would show; and a length to take, or why
    /// none and what to do instead. Never prints a value.
    Plan(Box<PlanArgs>),
    /// Plain items to the attributes that search adds to them when they are sealed. The keys of the keyring are not read.
    Show(BeaconsShowArgs),
}

const PLAN_HELP: &str = "Items come from files, standard input, or a table. A scan comes in the order of hashed partition keys, so \
that its start is a fair sample, unless few partition keys have most of the items.\n\n\
Exit codes: 0 all items were counted, 1 some were refused (the plan is of the others), 2 nothing could be done, or not all of it. \
That no beacon is recommended is an answer, and no error.";

#[derive(Debug, clap::Args)]
#[command(after_help = PLAN_HELP)]
pub(crate) struct PlanArgs {
    /// An attribute to plan a beacon of; may be given several times. If it is not given: what --config encrypts, or else every
    /// attribute but the keys of --table.
    #[arg(long, value_name = "NAME")]
    pub(crate) attribute: Vec<String>,
    /// The table's configuration: says what is encrypted, and opens sealed items. Plain items need none, and none of its keys.
    #[arg(short, long, value_name = "table.toml", env = "DYNASEAL_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Scan this table of DynamoDB instead of reading files.
    #[arg(long, value_name = "NAME", conflicts_with = "files")]
    pub(crate) table: Option<String>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Stop after so many items, refused ones among them.
    #[arg(long, value_name = "N", value_parser = super::at_least_one)]
    pub(crate) sample: Option<NonZeroUsize>,
    /// One JSON object an attribute.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write a plot of the plans to this file, as SVG.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Files with items; standard input if there are none or for `-`.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BeaconsShowArgs {
    /// The partition that the items are in; if it is not given, one is chosen at random, as it is when items are written.
    #[arg(long, value_name = "N")]
    pub(crate) partition: Option<u8>,
    #[command(flatten)]
    pub(crate) table: TableArgs,
}
