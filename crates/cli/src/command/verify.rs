//! `dynaseal verify`: whether every item is sealed as it should be.

use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use dynaseal::migrate::{Finding, FindingObserver, Findings, Verifier, Wait};
use dynaseal::{Item, ItemEncryptor, json as ddb_json};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::migrate::{expected, options, shard};
use crate::args::VerifyArgs;
use crate::database;
use crate::input::{self, Document, Input, Read};
use crate::output::{Failure, Output, complain, count_bad, is_partial, note, sorted};
use crate::preflight;
use crate::progress::Progress;
use crate::table::{self, Keys};

/// How many items wait for AWS at once, on all threads together.
const AT_ONCE: usize = 64;

pub(crate) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let runtime = super::all_cores()?;
    let verifier = runtime.block_on(verifier(args))?;
    let (findings, broken) = match args.files.is_empty() {
        true => (runtime.block_on(scan(args, &verifier))?, 0),
        false => files(args, &verifier, &runtime)?,
    };
    let mut summary = json!(findings);
    if let Some(summary) = summary.as_object_mut().filter(|_| broken > 0) {
        summary.insert("no_items".to_owned(), json!(broken));
    }
    if args.summary {
        Output::new().json(summary)?;
    } else {
        note(&sorted(summary).to_string());
    }
    match usize::try_from(findings.bad).unwrap_or(usize::MAX).saturating_add(broken) {
        0 if is_partial() => Err(PartialError.into()),
        0 => Ok(()),
        bad => Err(Failure::Unclean(bad)),
    }
}

/// What was looked at is clean, and is not all.
#[derive(Debug, thiserror::Error)]
#[error("the files say that there are more items than these: verify the table itself, or all of its pages")]
struct PartialError;

async fn verifier(args: &VerifyArgs) -> Result<Verifier, Failure> {
    let path = &args.table.config;
    let keys = if args.only_open { Keys::Keyring } else { Keys::All };
    let table = table::sealed_table(path, args.table.table.as_deref(), keys).await?;
    let mut others: Vec<ItemEncryptor> = Vec::new();
    for name in &args.other_table {
        others.push(table::encryptor_of_name(path, name).await?);
    }
    let verifier = Verifier::new(table).other_tables(others);
    Ok(if args.only_open { verifier.only_opens() } else { verifier })
}

async fn scan(args: &VerifyArgs, verifier: &Verifier) -> Result<Findings, Failure> {
    let client = database::client(&args.table.database).await?;
    let name = table::name(&args.table.config, args.table.table.as_deref())?;
    let total = expected(preflight::check(&client, &args.table).await?.as_ref(), &args.job);
    let watch = Arc::new(Watch {
        verifier: verifier.clone(),
        shows: !args.summary,
        state: Mutex::new(State {
            progress: Progress::new("verified", args.summary).of(total).with_time(),
            findings: Findings::default(),
            failed: None,
        }),
    });
    let observer: Arc<dyn FindingObserver> = Arc::<Watch>::clone(&watch);
    let options = options(&args.job, shard(&args.job)?);
    let findings = super::until_interrupted(verifier.scan(&client, &name, &options, &observer)).await?;
    watch.finish()?;
    let Some(findings) = findings else {
        let Findings { examined, bad, .. } = watch.findings();
        note(&format!(
            "interrupted: {examined} examined, {bad} of them not as they should be; the rest was not looked at"
        ));
        return Err(Failure::Interrupted);
    };
    Ok(findings?)
}

/// What is found in a table, from several threads.
struct Watch {
    verifier: Verifier,
    shows: bool,
    state: Mutex<State>,
}

struct State {
    progress: Progress,
    /// What was found, for who ends it.
    findings: Findings,
    /// Why nothing more is printed.
    failed: Option<io::Error>,
}

impl Watch {
    fn finish(&self) -> Result<(), io::Error> {
        let mut state = self.state();
        state.progress.clear();
        state.failed.take().map_or(Ok(()), Err)
    }

    fn findings(&self) -> Findings {
        self.state().findings.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FindingObserver for Watch {
    fn found(&self, key: &Item, finding: &Finding) {
        let mut state = self.state();
        let State { progress, findings, failed } = &mut *state;
        progress.add(1);
        findings.add(finding);
        if finding.is_clean() {
            return;
        }
        count_bad(1);
        if self.shows && failed.is_none() {
            progress.clear();
            let key = self.verifier.key_of(key);
            *failed = writeln!(io::stdout(), "{}", line(&key, finding, None)).err();
        }
    }

    fn waits(&self, wait: &Wait) {
        self.state().progress.clear();
        note(&wait.to_string());
    }
}

/// One finding as JSON.
fn line(key: &Item, finding: &Finding, place: Option<&str>) -> Value {
    let key: Value = serde_json::from_str(&ddb_json::to_string(key)).unwrap_or_default();
    let mut line = json!({ "key": key, "finding": finding.name(), "what": finding.to_string() });
    if let (Some(place), Some(line)) = (place, line.as_object_mut()) {
        line.insert("place".to_owned(), json!(place));
    }
    sorted(line)
}

/// What became of a document.
struct Checked {
    place: String,
    findings: Vec<(Item, Finding)>,
    broken: Vec<input::InputError>,
}

/// Findings of files, and how many of their lines are no items.
fn files(
    args: &VerifyArgs,
    verifier: &Verifier,
    runtime: &tokio::runtime::Runtime,
) -> Result<(Findings, usize), Failure> {
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let input = Input { files: &args.files, form: args.input, threads };
    let at_once = (AT_ONCE / threads).max(1);
    let (mut findings, mut broken) = (Findings::default(), 0);
    let mut output = Output::new();
    let work = |documents| runtime.block_on(check_all(verifier, documents, at_once));
    input::documents(&input, work, |checked: Checked| {
        for error in &checked.broken {
            broken += 1;
            complain(&checked.place, error);
        }
        for (key, finding) in &checked.findings {
            findings.add(finding);
            count_bad(usize::from(!finding.is_clean()));
            if !args.summary && !finding.is_clean() {
                output.line(line(key, finding, Some(&checked.place)))?;
            }
        }
        Ok(())
    })?;
    Ok((findings, broken))
}

async fn check_all(verifier: &Verifier, documents: Vec<Read>, at_once: usize) -> Vec<Checked> {
    let checked = stream::iter(documents).map(|(place, document)| async move {
        let place = place.to_string();
        match document {
            Ok(mut document) => {
                let broken = std::mem::take(&mut document.refused).into_iter().map(|(_, error)| error).collect();
                let mut findings = Vec::new();
                for image in Document::images_mut(&mut document) {
                    findings.push((verifier.key_of(&image.item), verifier.check(&image.item).await));
                }
                Checked { place, findings, broken }
            }
            Err(error) => Checked { place, findings: Vec::new(), broken: vec![error] },
        }
    });
    checked.buffered(at_once).collect().await
}
