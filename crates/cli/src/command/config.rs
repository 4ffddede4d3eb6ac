//! `dynaseal config check`: table.toml, its keys, and the table that they are for.

use dynaseal::CryptoAction;
use serde_json::json;

use super::table::{differences, time_to_live};
use crate::args::{ConfigCheckArgs, ConfigCommand};
use crate::database::{CallError, Database};
use crate::output::{Failure, Output, note, visible};
use crate::preflight::{self, Difference};
use crate::table::{self, Outline};

/// A table that says nothing.
#[derive(Debug, thiserror::Error)]
#[error("the table {table}{place} could not be compared (--offline looks at the file and its keys alone)")]
struct NotAsked {
    table: String,
    place: String,
    #[source]
    source: CallError,
}

pub(crate) fn run(command: &ConfigCommand) -> Result<(), Failure> {
    let ConfigCommand::Check(args) = command;
    super::runtime()?.block_on(check(args))
}

async fn check(args: &ConfigCheckArgs) -> Result<(), Failure> {
    let (config, name) = (&args.table.config, args.table.table.as_deref());
    let outline = table::outline(config, name)?;
    // Every key that the file names is read. Files of tables that are brought over need no keyring.
    let has_keyring = table::tables(config, name).await?.sealed.is_some();
    let file = config.display().to_string();
    let mut findings = Vec::new();
    let mut asked = None;
    if !args.offline {
        let database = Database::open_as_stored(&outline.name, &args.table.database).await;
        let database =
            database.inspect_err(|_| note("--offline looks at the file and its keys alone"))?.with_config(config);
        let found = preflight::describe(&database).await?;
        let found =
            found.map_err(|source| NotAsked { table: outline.name.clone(), place: database.place(), source })?;
        let ttl = match time_to_live(&database).await {
            Ok(ttl) => ttl,
            Err(error) => {
                note(&format!("warning: by what items expire is not compared: {error}"));
                None
            }
        };
        findings = differences(&outline, &found, ttl.as_deref());
        if let Some(advice) = ttl.as_deref().and_then(|attribute| signed_ttl(&outline, attribute)) {
            note(&advice);
        }
        asked = Some(database.place());
    }
    print(args, &outline, has_keyring, asked.as_deref(), &file, &findings)?;
    if findings.is_empty() { Ok(()) } else { Err(Failure::Findings(findings.len())) }
}

/// It works, and there is a better way for those who change the time of an item later.
fn signed_ttl(outline: &Outline, attribute: &str) -> Option<String> {
    let is_signed = matches!(
        outline.config.action(attribute),
        Some(CryptoAction::SignOnly | CryptoAction::SignAndIncludeInEncryptionContext)
    );
    is_signed.then(|| {
        format!(
            "items expire by `{attribute}`, which is signed: a plain UpdateItem cannot put that off, only a sealed update; DO_NOTHING in unsigned_attributes would let it"
        )
    })
}

fn print(
    args: &ConfigCheckArgs,
    outline: &Outline,
    has_keyring: bool,
    asked: Option<&str>,
    file: &str,
    findings: &[Difference],
) -> Result<(), Failure> {
    let mut output = Output::new();
    let beacons = outline.search.as_ref().map_or(0, |search| search.beacons().count());
    let actions = outline.config.actions().count();
    if args.json {
        let finding = |finding: &Difference| json!({ "what": finding.what(file), "next": finding.next() });
        return output.json(json!({
            "file": file,
            "table": outline.name,
            "actions": actions,
            "beacons": beacons,
            "keyring": has_keyring,
            "compared": asked.is_some(),
            "findings": findings.iter().map(finding).collect::<Vec<_>>(),
        }));
    }
    let count = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    output.line(visible(&format!(
        "{file}: {}, {}; {}",
        count(actions, "attribute with an action", "attributes with an action"),
        count(beacons, "beacon", "beacons"),
        if has_keyring { "its keys are read, `dynaseal keyring check` tries them" } else { "no keyring" },
    )))?;
    for finding in findings {
        output.line(visible(&format!("finding: {} ({})", finding.what(file), finding.next())))?;
    }
    match asked {
        Some(place) if findings.is_empty() => output.line(visible(&format!("the table {}{place} fits", outline.name))),
        Some(_) => Ok(()),
        None => output.line("the table was not asked"),
    }
}
