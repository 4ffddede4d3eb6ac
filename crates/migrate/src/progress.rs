//! How far a job is, as a checkpoint keeps it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::checkpoint::Checkpoint;
use crate::problem::{CheckpointError, MigrateError};
use crate::report::{Counts, Refused};

/// How far a segment is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// The key that the next page starts behind, as DynamoDB JSON.
    pub(crate) next: Option<String>,
    pub(crate) done: bool,
    pub(crate) counts: Counts,
    pub(crate) refused: Vec<Refused>,
}

/// The texts of one job in its checkpoint, each with a checksum: a changed key to go on from would leave items out.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    checkpoint: Arc<dyn Checkpoint>,
    /// What the job does; part of each checksum, so that a text of another job is none of this one.
    job: String,
}

const MARK: &str = "sha256:";

impl Kept {
    /// Finds out whether the checkpoint is of this job, which is described in one line.
    pub(crate) async fn begin(checkpoint: &Arc<dyn Checkpoint>, job: String) -> Result<Self, MigrateError> {
        const NAME: &str = "job";
        let any = Self { checkpoint: Arc::clone(checkpoint), job: String::new() };
        let there = any.begin_with(NAME, job.clone()).await?;
        if there != job {
            return Err(MigrateError::OtherJob { there, here: job });
        }
        Ok(Self { job, ..any })
    }

    /// Keeps `text` under `name` if nothing is there yet, and gives what is there then.
    pub(crate) async fn begin_with(&self, name: &str, text: String) -> Result<String, CheckpointError> {
        let there = self.checkpoint.begin(name, self.sealed(name, &text)).await?;
        self.checked(name, &there)
    }

    /// What is kept of a segment.
    pub(crate) async fn load(&self, segment: u32) -> Result<Progress, CheckpointError> {
        let name = of_segment(segment);
        let Some(text) = self.checkpoint.load(&name).await? else { return Ok(Progress::default()) };
        serde_json::from_str(&self.checked(&name, &text)?).map_err(|error| broken(&name, error))
    }

    pub(crate) async fn save(&self, segment: u32, progress: &Progress) -> Result<(), CheckpointError> {
        let name = of_segment(segment);
        let text = serde_json::to_string(progress).map_err(|error| broken(&name, error))?;
        self.checkpoint.save(&name, self.sealed(&name, &text)).await
    }

    fn sealed(&self, name: &str, text: &str) -> String {
        format!("{MARK}{}\n{text}", self.sum(name, text))
    }

    fn checked(&self, name: &str, kept: &str) -> Result<String, CheckpointError> {
        let parts = kept.strip_prefix(MARK).and_then(|rest| rest.split_once('\n'));
        match parts {
            Some((sum, text)) if sum == self.sum(name, text) => Ok(text.to_owned()),
            _ => Err(CheckpointError::of(format!(
                "the checkpoint was changed: the checksum of its part `{name}` is not right. Nothing is believed of it; begin again with another checkpoint: what is done already is found done"
            ))),
        }
    }

    /// Of a text where it stands: each piece behind its length.
    fn sum(&self, name: &str, text: &str) -> String {
        let mut hash = Sha256::new();
        for piece in [&*self.job, name, text] {
            hash.update(u64::try_from(piece.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(piece);
        }
        base16ct::lower::encode_string(&hash.finalize())
    }
}

fn of_segment(segment: u32) -> String {
    format!("segment {segment}")
}

pub(crate) fn broken(name: &str, error: impl std::error::Error + Send + Sync + 'static) -> CheckpointError {
    CheckpointError::new(format!("the checkpoint of {name} is broken"), error)
}
