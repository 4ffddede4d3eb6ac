//! Raw arguments, as they stand on the command line.

mod attribute;
mod beacons;
mod changes;
mod habits;
mod items;
mod migrate;
mod setup;
mod table;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use dynaseal::kms::KmsKeyArn;

pub(crate) use self::attribute::{
    AttributeArgs, AttributeCommand, AttributeOpenArgs, AttributeSealArgs, Format, Kind, Mode,
};
pub(crate) use self::beacons::{BeaconsCommand, BeaconsShowArgs, PlanArgs};
pub(crate) use self::changes::{DeleteArgs, KeyArgs, Returned, UpdateArgs};
pub(crate) use self::habits::{Color, CompletionsArgs, HabitArgs, ManArgs, OutputArgs, command, parse};
pub(crate) use self::items::{GetArgs, PutArgs, QueryArgs, ReadArgs, ScanArgs, SealedTableArgs};
pub(crate) use self::migrate::{From, JobArgs, MigrateArgs, To, VerifyArgs};
pub(crate) use self::setup::{ConfigCheckArgs, ConfigCommand, InitArgs, KeyKind, KeygenArgs};
pub(crate) use self::table::{
    Billing, CreateTableArgs, DeleteTableArgs, DescribeTableArgs, IndexArg, ListTablesArgs, Print, Role, TableCommand,
};

use crate::aws::{EndpointUrl, Location};
use crate::input::Form;

/// Client-side encryption for Amazon DynamoDB.
///
/// Items are DynamoDB JSON, {"pk":{"S":"a"}}: one a line, a JSON array, or what `aws dynamodb scan`, `query`, `get-item` and
/// `batch-get-item` print; from files or standard input. They are written one a line.
#[derive(Debug, Parser)]
#[command(name = "dynaseal", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) habits: HabitArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 all done, 1 some items or requests were refused (the others came out) \
or not there, or some recipients do not work, or things of a table do not fit its table.toml, \
2 nothing could be done, or not all of it (arguments, configuration, files, DynamoDB, a reader of the output that left); what came out until \
then stands, 130 ended by Ctrl-C.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A guided tour on an embedded database: no account, no server.
    Demo(DemoArgs),
    /// Writes a table.toml after a table that is there, or after a sample of its items, and makes its key.
    Init(InitArgs),
    /// Makes a key, or a pair of keys, in a file for its owner alone.
    Keygen(KeygenArgs),
    /// The configuration of a table.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Plain items to sealed items.
    Seal(SealArgs),
    /// Sealed items to plain items. The good ones come out even if others are refused.
    Open(OpenArgs),
    /// Queries and scans as DynamoDB will see them, beacons in the place of values. Nothing is sent.
    Explain(ExplainArgs),
    /// Beacons, by which encrypted attributes can be searched: how long they should be, and those of items.
    #[command(subcommand)]
    Beacons(BeaconsCommand),
    /// What a sealed item shows to everybody: needs no key.
    Inspect(InspectArgs),
    /// Sealed attributes: single values that carry their own protection, in items that are otherwise plain.
    #[command(subcommand)]
    Attribute(AttributeCommand),
    /// Items of a table by their keys, opened.
    Get(GetArgs),
    /// Seals items and writes them to a table.
    Put(PutArgs),
    /// Changes items of a table, whatever is sealed of them: SET, REMOVE, ADD and DELETE.
    Update(UpdateArgs),
    /// Deletes items of a table by their keys.
    Delete(DeleteArgs),
    /// The items of a table with a partition key, opened. The good ones come out even if others are refused.
    Query(QueryArgs),
    /// All items of a table, opened. The good ones come out even if others are refused.
    Scan(ScanArgs),
    /// Brings a table over: plaintext and older formats to sealed items, sealed items to other keys or another
    /// configuration. While others write it, as often as you like, on as many machines as you like.
    Migrate(Box<MigrateArgs>),
    /// Whether every item of a table, an export or a stream is sealed as it should be.
    Verify(Box<VerifyArgs>),
    /// Tables: makes one after its table.toml, with the indexes of its beacons; lists, describes and deletes them.
    #[command(subcommand)]
    Table(TableCommand),
    /// The branch key store: its table, its branch keys and their versions. Never prints a key.
    #[command(subcommand)]
    Keystore(Box<KeystoreCommand>),
    /// The keyring of a table.
    #[command(subcommand)]
    Keyring(KeyringCommand),
    /// What a shell needs to complete commands and options.
    Completions(CompletionsArgs),
    /// The manual as man pages, one for each command.
    Man(ManArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeystoreCommand {
    /// Make the table. If it is there already, its keys are checked.
    CreateTable(StoreArgs),
    /// Make a branch key, and print its id.
    CreateKey(CreateKeyArgs),
    /// Make a new version of a branch key, which seals from now on, and print it. Older versions still open.
    VersionKey(BranchKeyArgs),
    /// A branch key and its versions. AWS KMS is not asked, so nobody vouches for what is printed.
    Show(BranchKeyArgs),
    /// All branch keys, one a line. AWS KMS is not asked, so nobody vouches for what is printed.
    List(StoreArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyringCommand {
    /// Let each recipient of the table seal and open a probe, one after the other.
    Check(CheckArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The table's configuration.
    #[arg(short, long, value_name = "table.toml", env = "DYNASEAL_CONFIG", hide_env_values = true)]
    pub(crate) config: PathBuf,
    /// One JSON object a recipient.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StoreArgs {
    /// The name of the key store's table.
    #[arg(long, value_name = "NAME")]
    pub(crate) table: String,
    /// The name that branch keys are bound to; that of the table if it is not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) logical_name: Option<String>,
    #[command(flatten)]
    pub(crate) kms: KmsArgs,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Another address of AWS KMS than the usual one, AWS_ENDPOINT_URL_KMS or the profile's.
    #[arg(long, value_name = "URL")]
    pub(crate) kms_endpoint_url: Option<EndpointUrl>,
    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the tables are.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DatabaseArgs {
    /// An embedded database instead of DynamoDB.
    #[arg(long, value_name = "FILE", conflicts_with = "endpoint_url")]
    pub(crate) db: Option<PathBuf>,
    /// Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile's.
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<EndpointUrl>,
    /// The AWS region instead of AWS_REGION or the profile's.
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// The AWS profile instead of AWS_PROFILE.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

impl DatabaseArgs {
    /// Whether anything was said.
    pub(crate) fn is_given(&self) -> bool {
        let Self { db, endpoint_url, region, profile } = self;
        db.is_some() || endpoint_url.is_some() || region.is_some() || profile.is_some()
    }

    pub(crate) fn location(&self) -> Location {
        Location { region: self.region.clone(), profile: self.profile.clone(), endpoint_url: self.endpoint_url.clone() }
    }
}

/// Which keys of AWS KMS wrap the branch keys. Only making branch keys and versions needs one.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(crate) struct KmsArgs {
    /// The key of AWS KMS that wraps branch keys; create-key and version-key need it, or --kms-mrk-arn.
    #[arg(long, value_name = "ARN")]
    pub(crate) kms_key_arn: Option<KmsKeyArn>,
    /// The multi-Region key of AWS KMS that wraps branch keys, of which any replica may have wrapped older ones.
    #[arg(long, value_name = "ARN")]
    pub(crate) kms_mrk_arn: Option<KmsKeyArn>,
    /// Whatever key a branch key names. Only reads.
    #[arg(long)]
    pub(crate) discovery: bool,
    /// Whatever key a branch key names; of multi-Region keys, the replica in this region. Only reads.
    #[arg(long, value_name = "REGION")]
    pub(crate) mrk_discovery_region: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CreateKeyArgs {
    /// An id of your own, which takes a context; a random one if it is not given.
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Bind the branch key to a name and a value: a tenant, a department. They stand in the store in clear.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) context: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BranchKeyArgs {
    /// The branch key.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// How many of something.
fn at_least_one(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "give a whole number, 1 or more")
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("give a name, `=` and a value"),
    }
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
    #[arg(short, long, value_name = "table.toml", env = "DYNASEAL_CONFIG", hide_env_values = true)]
    pub(crate) config: PathBuf,
    /// Files with items; standard input if there are none or for `-`.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

const SEAL_HELP: &str = "Three equal failures of a key service, AWS KMS or a key store, end the command: what came out until then \
stands.\n\n\
Exit codes: 0 all came out, 1 some items were refused (the others came out), 2 nothing could be done, or not all of it.";

#[derive(Debug, clap::Args)]
#[command(after_help = SEAL_HELP)]
pub(crate) struct SealArgs {
    #[command(flatten)]
    pub(crate) table: TableArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// How many threads seal items; as many as there are processors if it is not given.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) threads: Option<NonZeroUsize>,
}

const OPEN_HELP: &str = "Besides items, one a line, a JSON array or what `aws dynamodb` prints, it reads the exports of DynamoDB to S3, full and incremental, and records of \
DynamoDB Streams and of Kinesis Data Streams for DynamoDB. The items in them are opened and everything else is passed on as it was; a record \
is refused if one of its images is, and one without images passes. Nobody vouches for what stands around the images. What is gzip is \
unpacked, whatever its name. A folder is an export: its data files are read, and nothing is if its manifest lists others.\n\n\
Exit codes: 0 all came out, 1 some items or records were refused (the others came out), \
2 nothing could be done, or not all of it.";

#[derive(Debug, clap::Args)]
#[command(after_help = OPEN_HELP)]
pub(crate) struct OpenArgs {
    /// The table's configuration.
    #[arg(short, long, value_name = "table.toml", env = "DYNASEAL_CONFIG", hide_env_values = true)]
    pub(crate) config: PathBuf,
    /// What is read.
    #[arg(long, value_name = "FORM", value_enum, default_value_t)]
    pub(crate) input: Form,
    /// How many threads open items; as many as there are processors if it is not given.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) threads: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Files with items, or folders with exports; standard input if there are none or for `-`.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

const EXPLAIN_HELP: &str = "A request is the JSON of DynamoDB's Query or Scan, of which there is one a line, a JSON array, or each over \
several lines; it is a Scan if it has no KeyConditionExpression. What comes out is one a line: the expressions with their names and values \
as they are sent, everything else as it was. ProjectionExpression is applied after opening, so that it is not sent.\n\n\
Exit codes: 0 all requests came out, 1 some were refused (the others came out), 2 nothing could be done, or not all of it.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXPLAIN_HELP)]
pub(crate) struct ExplainArgs {
    /// The table's configuration. The keys of its keyring are not read.
    #[arg(short, long, value_name = "table.toml", env = "DYNASEAL_CONFIG", hide_env_values = true)]
    pub(crate) config: PathBuf,
    /// Where it takes several queries to see all partitions, print them all, one a line. Without it, such a query has to say
    /// with :aws_dbe_partition which one it is.
    #[arg(long)]
    pub(crate) all_partitions: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Files with requests; standard input if there are none or for `-`.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// The table's configuration, to tell unsigned attributes from signed ones. Its keys are not read.
    #[arg(short, long, value_name = "table.toml", env = "DYNASEAL_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// One JSON object an item.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Files with items; standard input if there are none or for `-`.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}
