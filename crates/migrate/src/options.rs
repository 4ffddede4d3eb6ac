//! How a job is done.

use std::sync::Arc;

use crate::checkpoint::{Checkpoint, NoCheckpoint};
use crate::problem::MigrateError;

/// Which part of the table a process does, and how it is cut further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    of: u32,
    segments: u32,
}

/// DynamoDB's own limit.
const MOST_SEGMENTS: u32 = 1_000_000;

impl Shard {
    /// The whole table, in so many segments of DynamoDB's parallel scan, which are gone through at the same time.
    ///
    /// # Errors
    /// As [`Shard::new`].
    pub fn whole(segments: u32) -> Result<Self, MigrateError> {
        Self::new(0, 1, segments)
    }

    /// One of several processes, counted from 0. All have to be given the same `of` and `segments`, and each index once.
    ///
    /// # Errors
    /// If there is no such part, or it makes more segments than DynamoDB has.
    pub fn new(index: u32, of: u32, segments: u32) -> Result<Self, MigrateError> {
        let total = of.checked_mul(segments).filter(|total| (1..=MOST_SEGMENTS).contains(total));
        match total {
            Some(_) if index < of => Ok(Self { index, of, segments }),
            Some(_) => Err(MigrateError::Job(format!("there is no segment {index} of {of}: they count from 0"))),
            None => {
                Err(MigrateError::Job(format!("{of} times {segments} segments are none, or more than {MOST_SEGMENTS}")))
            }
        }
    }

    /// How many segments the scan has over all processes.
    pub(crate) fn total(self) -> u32 {
        self.of * self.segments
    }

    /// Those of this process.
    pub(crate) fn own(self) -> std::ops::Range<u32> {
        let first = self.index * self.segments;
        first..first + self.segments
    }
}

/// How a job is done.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) shard: Shard,
    pub(crate) concurrency: usize,
    pub(crate) page_size: i32,
    pub(crate) read_units: Option<f64>,
    pub(crate) write_units: Option<f64>,
    pub(crate) prove: bool,
    pub(crate) reseals: bool,
    pub(crate) checks_keys: bool,
    pub(crate) checkpoint: Arc<dyn Checkpoint>,
}

/// Small items come by the ten thousand in a page of 1 MB.
const PAGE: i32 = 1000;

impl Default for Options {
    fn default() -> Self {
        Self {
            shard: Shard { index: 0, of: 1, segments: 4 },
            concurrency: 32,
            page_size: PAGE,
            read_units: None,
            write_units: None,
            prove: false,
            reseals: false,
            checks_keys: true,
            checkpoint: Arc::new(NoCheckpoint),
        }
    }
}

impl Options {
    /// How many items of one segment are worked on at the same time.
    pub(crate) fn at_once(&self) -> usize {
        let segments = self.shard.own().len().max(1);
        (self.concurrency / segments).max(1)
    }

    /// Which part of the table. The whole, in four segments, if not called.
    #[must_use]
    pub fn shard(mut self, shard: Shard) -> Self {
        self.shard = shard;
        self
    }

    /// How many items are written at the same time by this process, at least one a segment; 32 if not called.
    #[must_use]
    pub fn concurrency(mut self, items: usize) -> Self {
        self.concurrency = items;
        self
    }

    /// How many items a page of the scan has at most; 1,000 if not called, and never more than 1 MB. A page is what is in
    /// memory of a segment, and what is gone through again after an interruption.
    #[must_use]
    pub fn page_size(mut self, items: i32) -> Self {
        self.page_size = items;
        self
    }

    /// How many read capacity units a second this process may use.
    #[must_use]
    pub fn read_units(mut self, units: f64) -> Self {
        self.read_units = Some(units);
        self
    }

    /// How many write capacity units a second this process may use.
    #[must_use]
    pub fn write_units(mut self, units: f64) -> Self {
        self.write_units = Some(units);
        self
    }

    /// Opens each sealed item again and compares it with what it was, before it is written.
    #[must_use]
    pub fn prove(mut self, prove: bool) -> Self {
        self.prove = prove;
        self
    }

    /// Seals every item anew, also those that are up to date: after a key leaked, for example, or where a recipient that only
    /// seals got another key under the same name. Without a checkpoint, each run does it again.
    #[must_use]
    pub fn reseal_all(mut self) -> Self {
        self.reseals = true;
        self
    }

    /// Begins also if none of the first items opens that needs a key: they may be broken, and the keys right.
    #[must_use]
    pub fn without_key_check(mut self) -> Self {
        self.checks_keys = false;
        self
    }

    /// Where progress is kept; nowhere if not called.
    #[must_use]
    pub fn checkpoint(mut self, checkpoint: Arc<dyn Checkpoint>) -> Self {
        self.checkpoint = checkpoint;
        self
    }
}
