//! How a herd is held back (specification: `framework/storm-tracking-cryptographic-materials-cache.md`).

use std::time::Duration;

/// How a cache behaves when many want the same key, or many keys, at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StormTracking {
    /// Before a key expires, it is fetched again in the background for this long; meanwhile the old one is used. Has to
    /// be shorter than every time to live.
    pub grace_period: Duration,
    /// The least time between two such attempts for one key.
    pub grace_interval: Duration,
    /// How many different keys are fetched at the same time.
    pub fan_out: usize,
    /// How long a fetch may take; all who wait for it get an error then.
    pub in_flight_ttl: Duration,
}

impl Default for StormTracking {
    /// As in the official clients: 10 s, 1 s, 20 keys, 10 s.
    fn default() -> Self {
        Self {
            grace_period: Duration::from_secs(10),
            grace_interval: Duration::from_secs(1),
            fan_out: 20,
            in_flight_ttl: Duration::from_secs(10),
        }
    }
}

impl StormTracking {
    /// Another grace period.
    #[must_use]
    pub fn grace_period(mut self, period: Duration) -> Self {
        self.grace_period = period;
        self
    }

    /// Another grace interval.
    #[must_use]
    pub fn grace_interval(mut self, interval: Duration) -> Self {
        self.grace_interval = interval;
        self
    }

    /// Another number of keys at a time; at least one.
    #[must_use]
    pub fn fan_out(mut self, keys: usize) -> Self {
        self.fan_out = keys.max(1);
        self
    }

    /// Another limit for a fetch.
    #[must_use]
    pub fn in_flight_ttl(mut self, ttl: Duration) -> Self {
        self.in_flight_ttl = ttl;
        self
    }
}
