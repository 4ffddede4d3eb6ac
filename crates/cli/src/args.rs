//! Raw arguments, as they stand on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Client-side encryption for Amazon DynamoDB.
///
/// Items are DynamoDB JSON, {"pk":{"S":"a"}}, one a line or a JSON array, from files or standard input. They are
/// written one a line.
#[derive(Debug, Parser)]
#[command(name = "dynaseal", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 all done, 1 some items were refused (the others came out; an array that is no JSON is refused whole), \
2 nothing could be done (arguments, configuration, files).";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A guided tour on an embedded database: no account, no server.
    Demo(DemoArgs),
    /// Plain items to sealed items.
    Seal(TableArgs),
    /// Sealed items to plain items. The good ones come out even if others are refused.
    Open(TableArgs),
    /// What a sealed item shows to everybody: needs no key.
    Inspect(InspectArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Keep the database in this file, and its configuration with the key beside it in FILE.toml.
    #[arg(long, value_name = "FILE")]
    pub(crate) db: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TableArgs {
    /// The table's configuration.
    #[arg(long, value_name = "table.toml")]
    pub(crate) config: PathBuf,
    /// Files with items; standard input if there are none or for `-`.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// The table's configuration, to tell unsigned attributes from signed ones. Its keys are not read.
    #[arg(long, value_name = "table.toml")]
    pub(crate) config: Option<PathBuf>,
    /// One JSON object an item.
    #[arg(long)]
    pub(crate) json: bool,
    /// Files with items; standard input if there are none or for `-`.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}
