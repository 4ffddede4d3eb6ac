//! `dynaseal migrate`: whole tables to sealed items, to other keys, and back.

mod observe;
mod plan;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TableDescription;
use dynaseal::SealedTable;
use dynaseal::migrate::{
    Checkpoint, Counts, FileCheckpoint, Keys, MigrateError, Migration, NoCheckpoint, Observer, Options, Report, Shard,
    Source, TableCheckpoint, Target,
};
use serde_json::{Value, json};

use self::observe::Watch;
use crate::args::{From, JobArgs, MigrateArgs, To};
use crate::database;
use crate::output::{Failure, Output, count_bad, items, note};
use crate::preflight;
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
    let seals = !args.danger_to_plaintext && args.to == To::Records;
    let described = match seals {
        true => preflight::check_sealing(&client, &args.table).await?,
        false => preflight::check(&client, &args.table).await?,
    };
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
    if args.reseal {
        options = options.reseal_all();
    }
    let verb = if args.dry_run { "examined" } else { "gone through" };
    let watch = Arc::new(Watch::new(verb, args.report.as_deref(), expected(described.as_ref(), &args.job))?);
    let observer: Arc<dyn Observer> = Arc::<Watch>::clone(&watch);
    let migration = Migration::new(client, &name, source, target, options);
    let job = async {
        match args.dry_run {
            true => migration.plan(&observer).await,
            false => migration.run(&observer).await,
        }
    };
    let outcome = super::until_interrupted(job).await?;
    let unreported = watch.finish();
    let Some(outcome) = outcome else {
        note(&interrupted(args, &watch.counts()));
        return Err(Failure::Interrupted);
    };
    let report = outcome?;
    let refused = usize::try_from(report.counts.refused).unwrap_or(usize::MAX);
    count_bad(refused);
    let mut output = Output::new();
    let plan = args.dry_run.then(|| plan::Plan::new(args, &report, described.as_ref()));
    match args.json {
        true => output.json(machine(&name, &report, plan.as_ref()))?,
        false => people(&name, &report, plan.as_ref(), &mut output)?,
    }
    if report.counts.untold > 0 {
        note(&format!(
            "warning: {} {} a recipient that only seals here; whether its key was replaced by another of the same name cannot be told. If it was: --reseal",
            items(usize::try_from(report.counts.untold).unwrap_or(usize::MAX)),
            if report.counts.untold == 1 { "has" } else { "have" }
        ));
    }
    if let (false, 0) = (args.drop.is_empty(), report.counts.changed()) {
        note(&format!(
            "warning: no item lost an attribute: none that could be written has `{}`",
            args.drop.join("` or `")
        ));
    }
    unreported?;
    if refused == 0 { Ok(()) } else { Err(Failure::Items(refused)) }
}

/// What somebody is told who ended the job.
fn interrupted(args: &MigrateArgs, counts: &Counts) -> String {
    let Counts { examined, refused, .. } = counts;
    let next = match (args.dry_run, args.checkpoint.is_some() || args.checkpoint_table.is_some()) {
        (true, _) => "nothing was written",
        (false, true) => "the same command goes on from its checkpoint",
        (false, false) => {
            "the same command goes through the table again and finds done what is done; with --checkpoint it would go on from here"
        }
    };
    let written = if args.dry_run { "to be written" } else { "written" };
    format!("interrupted: {examined} examined, {} {written}, {refused} refused; {next}", counts.changed())
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
        return Ok((source, Target::danger_plaintext(keys).dropping(&args.drop)?));
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
    Ok((source, target.dropping(&args.drop)?))
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

/// About how many items this process will look at. What DynamoDB says may be hours old, and is only shown.
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

/// One line for a reason that many items share: thousands of plain items are one thing to decide about.
fn same_reason(report: &Report, output: &mut Output) -> Result<(), Failure> {
    let mut reasons = std::collections::BTreeMap::<&str, usize>::new();
    for refused in &report.refused {
        *reasons.entry(&refused.reason).or_default() += 1;
    }
    for (reason, count) in reasons.into_iter().filter(|(_, count)| *count > 1) {
        output.line(format_args!("{count} of them: {}", crate::output::visible(reason)))?;
    }
    Ok(())
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
    output.line(format_args!("  {:>10}  already up to date", counts.current))?;
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
    same_reason(report, output)
}
