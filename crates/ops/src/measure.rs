//! What an operation cost, for spans and benchmarks.

use std::time::{Duration, Instant};

/// Counts of one operation. No value and no key is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Measure {
    /// Items sealed.
    pub sealed: u64,
    /// Bytes of those, sealed, as DynamoDB counts them.
    pub sealed_bytes: u64,
    /// Time spent on that; waiting for keys is part of it.
    pub sealing: Duration,
    /// Items opened.
    pub opened: u64,
    /// Bytes of those, opened.
    pub opened_bytes: u64,
    /// Time spent on that; waiting for keys is part of it.
    pub opening: Duration,
}

impl Measure {
    pub(crate) fn add_sealed(&mut self, items: usize, bytes: usize, since: Instant) {
        self.sealed = self.sealed.saturating_add(u64::try_from(items).unwrap_or(u64::MAX));
        self.sealed_bytes = self.sealed_bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.sealing += since.elapsed();
    }

    pub(crate) fn add_opened(&mut self, items: usize, bytes: usize, since: Instant) {
        self.opened = self.opened.saturating_add(u64::try_from(items).unwrap_or(u64::MAX));
        self.opened_bytes = self.opened_bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.opening += since.elapsed();
    }
}
