//! What a job did.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use dynaseal_core::{Item, json};
use serde::{Deserialize, Serialize};

use crate::form::Form;

/// What was done with the items that were looked at, and what it took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// Items looked at.
    pub examined: u64,
    /// Items written, or that would be, by what they were: the names of [`Form`].
    pub changed: BTreeMap<String, u64>,
    /// Items that are up to date.
    pub current: u64,
    /// Of those, records with a recipient that only seals here: whether its key was replaced by another of the same name cannot
    /// be told.
    #[serde(default)]
    pub untold: u64,
    /// Items left as they are because something is wrong with them.
    pub refused: u64,
    /// Of those, the ones that would be too large.
    pub too_large: u64,
    /// Items that were deleted between reading and writing.
    pub gone: u64,
    /// Writes that others were faster than; each was repeated with the item as it was then.
    pub repeated: u64,
    /// Bytes of the items that were or would be written, before.
    pub bytes_before: u64,
    /// And after.
    pub bytes_after: u64,
    /// Read capacity units that DynamoDB counted.
    pub read_units: f64,
    /// Write capacity units that DynamoDB counted; in a plan, those that the writes would take, indexes left out.
    pub write_units: f64,
}

impl Counts {
    /// How many items were or would be written.
    pub fn changed(&self) -> u64 {
        self.changed.values().fold(0, |sum: u64, count| sum.saturating_add(*count))
    }

    pub(crate) fn change(&mut self, form: Form) {
        *self.changed.entry(form.name().to_owned()).or_default() += 1;
    }

    /// Adds what was done in another part.
    pub fn add(&mut self, other: &Self) {
        // What a checkpoint says is added as well, and that is a file like others.
        let sum = |own: &mut u64, other: u64| *own = own.saturating_add(other);
        sum(&mut self.examined, other.examined);
        for (form, count) in &other.changed {
            sum(self.changed.entry(form.clone()).or_default(), *count);
        }
        sum(&mut self.current, other.current);
        sum(&mut self.untold, other.untold);
        sum(&mut self.refused, other.refused);
        sum(&mut self.too_large, other.too_large);
        sum(&mut self.gone, other.gone);
        sum(&mut self.repeated, other.repeated);
        sum(&mut self.bytes_before, other.bytes_before);
        sum(&mut self.bytes_after, other.bytes_after);
        self.read_units += other.read_units;
        self.write_units += other.write_units;
    }
}

/// An item that was left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refused {
    /// Its key attributes as DynamoDB JSON.
    pub key: String,
    /// Why.
    pub reason: String,
}

impl Refused {
    pub(crate) fn new(key: &Item, reason: &dyn std::error::Error) -> Self {
        let mut text = reason.to_string();
        let mut cause = reason.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        Self { key: json::to_string(key), reason: text }
    }
}

/// What a job did, over all its runs as far as there is a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The sums.
    pub counts: Counts,
    /// The first refused items of each segment; an observer is told of all.
    pub refused: Vec<Refused>,
    /// Whether the checkpoint said that nothing was left to do.
    pub was_done: bool,
}

/// Is told how a job goes on, from several threads.
pub trait Observer: Send + Sync {
    /// What was done since it was told last.
    fn progress(&self, more: &Counts);

    /// An item stays as it is. After an interruption it may be told of the same one again.
    fn refused(&self, refused: &Refused);

    /// A request failed and is tried again after a pause of a second or more.
    fn waits(&self, _wait: &Wait) {}
}

/// A pause before a request is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wait {
    /// DynamoDB's operation.
    pub operation: &'static str,
    /// What the last attempt failed with: DynamoDB's words or the network's.
    pub said: String,
    /// The attempt that comes next, counted from 1.
    pub attempt: u32,
    /// After how many such attempts the job ends.
    pub of: u32,
    /// How long the pause is.
    pub pause: Duration,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, said, attempt, of, pause } = self;
        let seconds = pause.as_secs_f64();
        write!(f, "DynamoDB {operation}: {said}: trying again in {seconds:.1} s (attempt {attempt} of {of})")
    }
}

/// Nobody looks.
impl Observer for () {
    fn progress(&self, _: &Counts) {}

    fn refused(&self, _: &Refused) {}
}
