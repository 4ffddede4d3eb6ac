//! Arguments of the commands that go through whole tables.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;

use super::SealedTableArgs;
use crate::input::Form;

const MIGRATE_HELP: &str = "Each item is read, opened, sealed as table.toml says, and written on condition that it is still what was \
read; if somebody was faster, it is done again with what it is now. So no update of others is lost, the command may be ended at any moment, \
also by kill -9, and run again; with --checkpoint it goes on where it was. What is sealed already as it should be stays as it is.\n\n\
First give all instances of the application a policy that reads both and writes sealed items, FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ \
or FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT; then migrate; then give them the policy that reads sealed items only. Make a backup before \
(point-in-time recovery), and keep in mind that backups have the old items.\n\n\
Exit codes: 0 every item is up to date, 1 some were refused and stay as they are (their keys are printed), 2 it could not begin or not \
go on; what was written until then stands, and it can be run again, 130 ended by Ctrl-C, which prints how far it came.";

#[derive(Debug, clap::Args)]
#[command(after_help = MIGRATE_HELP)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    pub(crate) table: SealedTableArgs,
    /// What else than records of this configuration the table may have; several times for several. Everything of another
    /// form is refused: sealing an item vouches for it.
    #[arg(long, value_name = "FORM", value_enum)]
    pub(crate) from: Vec<From>,
    /// A table.toml of records that are to be sealed anew: other keys, another configuration. May be given several times.
    #[arg(long, value_name = "table.toml")]
    pub(crate) from_config: Vec<PathBuf>,
    /// What items shall be.
    #[arg(long, value_name = "FORM", value_enum, default_value_t = To::Records)]
    pub(crate) to: To,
    /// An attribute that is retired: items lose it, for good. Records that have it open with the --from-config that knows it.
    /// May be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) drop: Vec<String>,
    /// Seal every item anew, also those that are up to date: after a key leaked, or where a recipient that only seals got
    /// another key under its old name.
    #[arg(long)]
    pub(crate) reseal: bool,
    /// Write everything in plaintext: readable for everybody who can read the table, its backups and streams.
    #[arg(long, conflicts_with_all = ["to", "from_config"])]
    pub(crate) danger_to_plaintext: bool,
    /// Write nothing: count, measure, and say what it would take.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// How many write capacity units a second this process may use. Without it, as many as DynamoDB gives; when it says no,
    /// half of them, and slowly more.
    #[arg(long, value_name = "UNITS", value_parser = units)]
    pub(crate) write_units: Option<f64>,
    /// A file that keeps how far it is, for this process. It is made if it is not there.
    #[arg(long, value_name = "FILE", conflicts_with = "checkpoint_table")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// A table beside this one that keeps how far all processes are. It is made if it is not there.
    #[arg(long, value_name = "NAME")]
    pub(crate) checkpoint_table: Option<String>,
    /// What the job is called in the checkpoint table; the table's name if it is not given. Another name begins anew.
    #[arg(long, value_name = "NAME", requires = "checkpoint_table")]
    pub(crate) job_name: Option<String>,
    /// A file that gets the key of each refused item and the reason, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Open each sealed item again and compare it with what it was, before it is written.
    #[arg(long)]
    pub(crate) prove: bool,
    /// Begin also if none of the first items opens that needs a key: they may be broken, and the keys right.
    #[arg(long)]
    pub(crate) no_key_check: bool,
    /// What a million read and write units cost, for the estimate of --dry-run.
    #[arg(long, value_name = "READ,WRITE", default_value = "0.125,0.625", value_parser = prices, requires = "dry_run")]
    pub(crate) prices: (f64, f64),
    /// The result as a JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which part of a table, and how fast.
#[derive(Debug, clap::Args)]
pub(crate) struct JobArgs {
    /// Go through so many parts of the table at the same time in this process.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) segments: u32,
    /// Which part of the table is this process's, from 0; --total says of how many.
    #[arg(long, value_name = "I", requires = "total")]
    pub(crate) segment: Option<u32>,
    /// How many processes share the table. Each gets another --segment, and all the same --segments.
    #[arg(long, value_name = "N", requires = "segment")]
    pub(crate) total: Option<u32>,
    /// How many items are worked on at the same time.
    #[arg(long, value_name = "N", default_value = "32", value_parser = super::at_least_one)]
    pub(crate) concurrency: NonZeroUsize,
    /// How many items are read at once in each segment. After an interruption, these are gone through again.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(i32).range(1..))]
    pub(crate) page_size: i32,
    /// How many read capacity units a second this process may use.
    #[arg(long, value_name = "UNITS", value_parser = units)]
    pub(crate) read_units: Option<f64>,
}

/// What a table may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum From {
    /// Plain items, which anybody may have written.
    Plaintext,
    /// Items of the DynamoDB Encryption Client, as [legacy] of table.toml says.
    OlderClient,
    /// Plain items with attributes of pynamodb_mate, as [pynamodb_mate] of table.toml says.
    PynamodbMate,
    /// Plain items with sealed attributes, as [attributes] of table.toml says.
    SealedAttributes,
}

/// What its items shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum To {
    /// Records, as [actions], [keyring] and [search] of table.toml say.
    Records,
    /// Plain items with sealed attributes, as [attributes] of table.toml says.
    SealedAttributes,
}

const VERIFY_HELP: &str = "An item is clean if it opens and would be sealed the same way now. Otherwise it is unsealed, older_client, \
old_key (sealed for others than the keyring seals for now, or one of its recipients cannot open it), other_configuration (other actions, \
suite or beacons), wrong_table, reserved_name (an attribute with a name of the library that is not of its making), not_compared (it opens, \
but the keys to seal it with could not be had: --only-open does without) or unreadable. All that are not clean come out as JSON, \
one a line: the key attributes, the finding, and what to do.\n\n\
Without files the table itself is read; with files, exports of DynamoDB to S3 and stream records as `dynaseal open` reads them.\n\n\
Exit codes: 0 every item is clean, 1 some are not, 2 it could not be done, or not all of it.";

#[derive(Debug, clap::Args)]
#[command(after_help = VERIFY_HELP)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) table: SealedTableArgs,
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// What is read from files.
    #[arg(long, value_name = "FORM", value_enum, default_value_t)]
    pub(crate) input: Form,
    /// A logical name that records of another table may have, under the same keys: these are then told from broken ones. May
    /// be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) other_table: Vec<String>,
    /// Only open, and do not seal to compare: takes half as long, needs no key that seals, and finds no old keys.
    #[arg(long)]
    pub(crate) only_open: bool,
    /// Only the summary, as a JSON object.
    #[arg(long)]
    pub(crate) summary: bool,
    /// Files with items, or folders with exports; `-` is standard input. The table itself if there are none.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

fn units(text: &str) -> Result<f64, &'static str> {
    match text.parse::<f64>() {
        Ok(units) if units.is_finite() && units >= 1.0 => Ok(units),
        _ => Err("give a number of units, at least 1"),
    }
}

fn prices(text: &str) -> Result<(f64, f64), &'static str> {
    let parsed = text.split_once(',').and_then(|(read, write)| Some((read.parse().ok()?, write.parse().ok()?)));
    match parsed {
        Some((read, write)) if f64::is_finite(read) && f64::is_finite(write) && read >= 0.0 && write >= 0.0 => {
            Ok((read, write))
        }
        _ => Err("give two prices, that of a million read units and that of a million write units: 0.125,0.625"),
    }
}
