//! `dynaseal migrate`: whole tables to sealed items, to other keys, and back.

mod observe;
mod plan;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TableDescription;
use dynaseal::SealedTable;
use dynaseal::migrate::{
    Checkpoint, FileCheckpoint, Keys, MigrateError, Migration, NoCheckpoint, Observer, Options, Report, Shard, Source,
    TableCheckpoint, Target,
};
use serde_json::{Value, json};

use self::observe::Watch;
use crate::args::{From, JobArgs, MigrateArgs, To};
use crate::database;
use crate::output::{Failure, Output, items};
use crate::table::{self, Tables};

/// Arguments that do not fit together.
#[derive(Debug, thiserror::Error)]
enum ArgsError {
    #[error("{what} needs [{table}] in table.toml")]
    NoTable { what: &'static str, table: &'static str },
    #[error(
        "[legacy] of table.toml has the policy that forbids reading such items: take FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT"
    )]
    LegacyForbidden,
}

pub(crate) fn run(args: &MigrateArgs) -> Result<(), Failure> {
    super::all_cores()?.block_on(migrate(args))
}

async fn migrate(args: &MigrateArgs) -> Result<(), Failure> {
    let tables = table::tables(&args.table.config, args.table.table.as_deref()).await?;
    let (client, name) = (database::client(&args.table.database).await?, tables.name.clone());
    let (source, target) = source_and_target(args, tables).await?;
    let shard = shard(&args.job)?;
    let checkpoint = checkpoint(args, &client, &name).await?;
    let mut options = options(&args.job, shard).prove(args.prove).checkpoint(checkpoint);
    if let Some(units) = args.write_units {
        options = options.write_units(units);
    }
    if args.no_key_check {
        options = options.without_key_check();
    }
    let described = describe(&client, &name).await;
    let verb = if args.dry_run { "examined" } else { "gone through" };
    let watch = Arc::new(Watch::new(verb, args.report.as_deref(), expected(described.as_ref(), &args.job))?);
    let observer: Arc<dyn Observer> = Arc::<Watch>::clone(&watch);
    let migration = Migration::new(client, &name, source, target, options);
    let outcome = match args.dry_run {
        true => migration.plan(&observer).await,
        false => migration.run(&observer).await,
    };
    watch.finish()?;
    let report = outcome?;
    let mut output = Output::new();
    let plan = args.dry_run.then(|| plan::Plan::new(args, &report, described.as_ref()));
    match args.json {
        true => output.json(machine(&name, &report, plan.as_ref()))?,
        false => people(&name, &report, plan.as_ref(), &mut output)?,
    }
    match usize::try_from(report.counts.refused).unwrap_or(usize::MAX) {
        0 => Ok(()),
        refused => Err(Failure::Items(refused)),
    }
}

/// What the items may be and what they shall be.
async fn source_and_target(args: &MigrateArgs, mut tables: Tables) -> Result<(Source, Target), Failure> {
    let mut source = Source::default();
    for from in &args.from {
        source = match from {
            From::Plaintext => source.plain(),
            From::OlderClient => match tables.sealed.as_ref().and_then(|table| table.encryptor().legacy()) {
                Some((policy, encryptor)) if policy.reads_legacy() => source.legacy(Arc::clone(encryptor)),
                Some(_) => return Err(ArgsError::LegacyForbidden.into()),
                None => return Err(no_table("--from older-client", "legacy")),
            },
            From::PynamodbMate => source.pynamodb_mate(
                tables.take_pynamodb_mate().ok_or_else(|| no_table("--from pynamodb-mate", "pynamodb_mate"))?,
            ),
            From::SealedAttributes => source.sealed_attributes(
                tables.take_attributes().ok_or_else(|| no_table("--from sealed-attributes", "attributes"))?,
            ),
        };
    }
    for path in &args.from_config {
        source = source.records(table::sealed_table(path, args.table.table.as_deref(), table::Keys::Keyring).await?);
    }
    let keys = Keys::new(&tables.partition_key, tables.sort_key.clone());
    if args.danger_to_plaintext {
        let source = tables.sealed.clone().into_iter().fold(source, |source, table| source.records(table));
        return Ok((source, Target::danger_plaintext(keys)));
    }
    let target = match args.to {
        To::Records => {
            let sealed: Option<SealedTable> = tables.sealed.clone();
            Target::records(sealed.ok_or_else(|| no_table("--to records", "keyring"))?)?
        }
        To::SealedAttributes => {
            let attributes =
                tables.take_attributes().ok_or_else(|| no_table("--to sealed-attributes", "attributes"))?;
            Target::attributes(attributes, keys)
        }
    };
    Ok((source, target))
}

fn no_table(what: &'static str, table: &'static str) -> Failure {
    ArgsError::NoTable { what, table }.into()
}

pub(super) fn shard(args: &JobArgs) -> Result<Shard, MigrateError> {
    Shard::new(args.segment.unwrap_or(0), args.total.unwrap_or(1), args.segments)
}

pub(super) fn options(args: &JobArgs, shard: Shard) -> Options {
    let options = Options::default().shard(shard).concurrency(args.concurrency.get()).page_size(args.page_size);
    match args.read_units {
        Some(units) => options.read_units(units),
        None => options,
    }
}

async fn checkpoint(args: &MigrateArgs, client: &Client, name: &str) -> Result<Arc<dyn Checkpoint>, Failure> {
    // A plan reads everything each time: what it counted before may have changed.
    Ok(match (&args.checkpoint, &args.checkpoint_table) {
        _ if args.dry_run => Arc::new(NoCheckpoint),
        (Some(path), _) => Arc::new(FileCheckpoint::open(path)?),
        (None, Some(table)) => {
            let job = args.job_name.as_deref().unwrap_or(name);
            Arc::new(TableCheckpoint::open(client.clone(), table, job).await?)
        }
        (None, None) => Arc::new(NoCheckpoint),
    })
}

/// What DynamoDB knows of the table; it may be hours old, and is only shown.
pub(super) async fn describe(client: &Client, name: &str) -> Option<TableDescription> {
    client.describe_table().table_name(name).send().await.ok()?.table
}

/// About how many items this process will look at.
pub(super) fn expected(described: Option<&TableDescription>, args: &JobArgs) -> Option<usize> {
    let count = usize::try_from(described?.item_count?).ok()?;
    let processes = usize::try_from(args.total.unwrap_or(1)).ok()?;
    Some(count / processes.max(1))
}

fn machine(name: &str, report: &Report, plan: Option<&plan::Plan>) -> Value {
    let mut result = json!({
        "table": name,
        "counts": report.counts,
        "refused": report.refused,
        "was_done": report.was_done,
    });
    if let (Some(plan), Some(result)) = (plan, result.as_object_mut()) {
        result.insert("plan".to_owned(), plan.machine());
    }
    result
}

/// How many refused items are named at the end; the file of --report has all.
const SHOWN: usize = 20;

fn people(name: &str, report: &Report, plan: Option<&plan::Plan>, output: &mut Output) -> Result<(), Failure> {
    let counts = &report.counts;
    let number = |count: u64| items(usize::try_from(count).unwrap_or(usize::MAX));
    let would = if plan.is_some() { "to be written" } else { "written" };
    if report.was_done {
        output.line(format_args!(
            "{name}: done before; another checkpoint or --job-name, or none, goes through the table again, also through what was refused. It was:"
        ))?;
    }
    output.line(format_args!("{name}: {} examined", number(counts.examined)))?;
    for (form, count) in &counts.changed {
        output.line(format_args!("  {count:>10}  {would}, {} until now", form.replace('_', " ")))?;
    }
    output.line(format_args!("  {:>10}  as they shall be", counts.current))?;
    if counts.gone > 0 {
        output.line(format_args!("  {:>10}  deleted by others meanwhile", counts.gone))?;
    }
    if counts.repeated > 0 {
        output.line(format_args!("  {:>10}  writes done again, for others were faster", counts.repeated))?;
    }
    let large = if counts.too_large > 0 { format!(", {} of them too large", counts.too_large) } else { String::new() };
    output.line(format_args!("  {:>10}  refused{large}", counts.refused))?;
    if let Some(plan) = plan {
        plan.people(output)?;
    }
    for refused in report.refused.iter().take(SHOWN) {
        output.line(format_args!("refused: {}: {}", refused.key, crate::output::visible(&refused.reason)))?;
    }
    let more = counts.refused.saturating_sub(u64::try_from(SHOWN.min(report.refused.len())).unwrap_or(u64::MAX));
    if more > 0 {
        output.line(format_args!("and {more} more: --report FILE has all of them"))?;
    }
    Ok(())
}
