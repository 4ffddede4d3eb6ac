//! Arguments of `dynaseal table`.

use clap::{Subcommand, ValueEnum};

use super::{DatabaseArgs, SealedTableArgs};
use crate::table::KeyType;

#[derive(Debug, Subcommand)]
pub(crate) enum TableCommand {
    /// Make the table of table.toml, with an index for each beacon. If it is there already, it is compared.
    Create(Box<CreateTableArgs>),
    /// The tables that are there, one a line.
    List(ListTablesArgs),
    /// The keys, indexes, beacons and time to live of a table, beside table.toml.
    Describe(DescribeTableArgs),
    /// Delete the table with everything in it.
    Delete(DeleteTableArgs),
}

const CREATE_HELP: &str = "Without --index, there is a global secondary index for each beacon of table.toml: its name and its partition key are the attribute that \
the beacon is stored as, aws_dbe_b_NAME, of type S, and it projects whole items, without which nothing could be verified. With --db, the file is made if it is \
not there, for its owner alone.\n\n\
Exit codes: 0 the table is there and is as it was asked for, 2 it could not be made, or there is another one of this name: what differs is said.";

#[derive(Debug, clap::Args)]
#[command(after_help = CREATE_HELP)]
pub(crate) struct CreateTableArgs {
    #[command(flatten)]
    pub(crate) table: SealedTableArgs,
    /// The type of the partition key; partition_key_type of table.toml, or S, if it is not given.
    #[arg(long, value_name = "TYPE", value_enum)]
    pub(crate) partition_key_type: Option<KeyType>,
    /// The type of the sort key; sort_key_type of table.toml, or S, if it is not given.
    #[arg(long, value_name = "TYPE", value_enum)]
    pub(crate) sort_key_type: Option<KeyType>,
    /// A global secondary index of this beacon or readable attribute, with another one as its sort key if you like. Then there
    /// are only those that are given.
    #[arg(long, value_name = "NAME[,NAME]", value_parser = index)]
    pub(crate) index: Vec<IndexArg>,
    /// No indexes at all.
    #[arg(long, conflicts_with = "index")]
    pub(crate) no_index: bool,
    /// The type of a readable attribute in an index; S if it is not given.
    #[arg(long, value_name = "NAME=TYPE", value_parser = attribute_type)]
    pub(crate) attribute_type: Vec<(String, KeyType)>,
    /// How reads and writes are paid; pay-per-request if it is not given.
    #[arg(long, value_enum, requires_if("provisioned", "read_capacity"), requires_if("provisioned", "write_capacity"))]
    pub(crate) billing: Option<Billing>,
    /// The read capacity units of the table, and of each index, a second.
    #[arg(long, value_name = "N", requires = "billing", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) read_capacity: Option<i64>,
    /// The write capacity units of the table, and of each index, a second.
    #[arg(long, value_name = "N", requires = "billing", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) write_capacity: Option<i64>,
    /// Delete items when the time in this attribute has come: a number, seconds since 1970. Not an encrypted one, which DynamoDB
    /// could not read.
    #[arg(long, value_name = "ATTRIBUTE")]
    pub(crate) ttl: Option<String>,
    /// Print what would make the table, or the policy for a role, and make nothing.
    #[arg(long, value_name = "WHAT", value_enum)]
    pub(crate) print: Option<Print>,
    /// Whose policy to print.
    #[arg(long, value_enum, requires = "print", default_value_t)]
    pub(crate) role: Role,
    /// The AWS account in the policy; any if it is not given.
    #[arg(long, value_name = "ID", requires = "print", value_parser = account)]
    pub(crate) account: Option<String>,
    /// The outcome as a JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// An index by the names that queries use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexArg {
    pub(crate) partition_key: String,
    pub(crate) sort_key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Billing {
    /// For each request.
    PayPerRequest,
    /// For the capacity that is set aside.
    Provisioned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Print {
    /// The lines for AWS's command line.
    AwsCli,
    /// The IAM policy.
    IamPolicy,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Reads and writes items.
    #[default]
    Application,
    /// Runs `dynaseal migrate` and `dynaseal verify`.
    Migration,
    /// Makes branch keys and their versions, with `dynaseal keystore`.
    KeyAdministration,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ListTablesArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// One JSON object a table, with its keys and the count of its items, which may be hours old.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DescribeTableArgs {
    #[command(flatten)]
    pub(crate) table: SealedTableArgs,
    /// All of it as a JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

const DELETE_HELP: &str = "Nothing asks back, so that it can be used in scripts: it needs --yes, or the table's name once more with --confirm.\n\n\
Exit codes: 0 the table is deleted, 2 it is not.";

#[derive(Debug, clap::Args)]
#[command(after_help = DELETE_HELP)]
pub(crate) struct DeleteTableArgs {
    #[command(flatten)]
    pub(crate) table: SealedTableArgs,
    /// Delete it.
    #[arg(long, conflicts_with = "confirm")]
    pub(crate) yes: bool,
    /// Delete it if this is its name in DynamoDB.
    #[arg(long, value_name = "NAME")]
    pub(crate) confirm: Option<String>,
    /// The outcome as a JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

fn index(text: &str) -> Result<IndexArg, &'static str> {
    let (partition_key, sort_key) = match text.split_once(',') {
        Some((partition_key, sort_key)) => (partition_key, Some(sort_key)),
        None => (text, None),
    };
    if partition_key.is_empty() || sort_key.is_some_and(str::is_empty) {
        return Err("give a beacon or an attribute, and for a sort key a comma and another one");
    }
    Ok(IndexArg { partition_key: partition_key.to_owned(), sort_key: sort_key.map(str::to_owned) })
}

fn attribute_type(text: &str) -> Result<(String, KeyType), String> {
    match text.rsplit_once('=') {
        Some((name, of_type)) if !name.is_empty() => {
            Ok((name.to_owned(), of_type.parse().map_err(|error: crate::table::UnknownKeyType| error.to_string())?))
        }
        _ => Err("give an attribute, `=` and S, N or B".to_owned()),
    }
}

fn account(text: &str) -> Result<String, &'static str> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("the id of an AWS account has twelve digits"),
    }
}
