//! Who watches a job: the bar on the terminal and the file with refused items.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dynaseal::migrate::{Counts, Observer, Refused, Wait};
use serde_json::json;

use crate::output::{note, sorted};
use crate::progress::Progress;

#[derive(Debug)]
pub(super) struct Watch(Mutex<State>);

#[derive(Debug)]
struct State {
    progress: Progress,
    /// What was done, for who ends the job.
    counts: Counts,
    report: Option<(PathBuf, File)>,
    /// The first write to it that failed.
    failed: Option<io::Error>,
}

/// The file of --report can not be written.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written", path.display())]
pub(super) struct ReportError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl Watch {
    /// Adds to the report file: a job that goes on has its first part there.
    pub(super) fn new(verb: &'static str, report: Option<&Path>, total: Option<usize>) -> Result<Self, ReportError> {
        let open = |path: &Path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.map(|file| (path.to_owned(), file)).map_err(|source| ReportError { path: path.to_owned(), source })
        };
        let report = report.map(open).transpose()?;
        let progress = Progress::new(verb, true).of(total).with_time();
        Ok(Self(Mutex::new(State { progress, counts: Counts::default(), report, failed: None })))
    }

    /// Takes the bar away, and says if the report is not whole.
    pub(super) fn finish(&self) -> Result<(), ReportError> {
        let mut state = self.state();
        state.progress.clear();
        match (state.failed.take(), &state.report) {
            (Some(source), Some((path, _))) => Err(ReportError { path: path.clone(), source }),
            _ => Ok(()),
        }
    }

    /// What was done until now, over all runs that the checkpoint knows of.
    pub(super) fn counts(&self) -> Counts {
        self.state().counts.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Watch {
    fn progress(&self, more: &Counts) {
        let mut state = self.state();
        state.counts.add(more);
        state.progress.add(usize::try_from(more.examined).unwrap_or(usize::MAX));
    }

    fn refused(&self, refused: &Refused) {
        let mut state = self.state();
        let State { report, failed, .. } = &mut *state;
        let Some((_, file)) = report else { return };
        // The key is JSON already.
        let key: serde_json::Value = serde_json::from_str(&refused.key).unwrap_or_default();
        let line = format!("{}\n", sorted(json!({ "key": key, "reason": refused.reason })));
        // One write a line: a line is whole or not there, also if the process ends here.
        if let Err(error) = file.write_all(line.as_bytes()) {
            failed.get_or_insert(error);
        }
    }

    fn waits(&self, wait: &Wait) {
        self.state().progress.clear();
        note(&wait.to_string());
    }
}
