//! How often and how long a request is tried again.

use std::time::Duration;

/// Attempts of one request beyond the SDK's own, with pauses that become longer.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    attempts: u32,
}

/// With pauses up to the longest one, five minutes in all.
const MOST: u32 = 20;
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(20);

impl Patience {
    /// Waits before the next attempt; false if there is none.
    pub(crate) async fn wait(&mut self) -> bool {
        if self.attempts >= MOST {
            return false;
        }
        let pause = FIRST.saturating_mul(1 << self.attempts.min(16)).min(LONGEST);
        self.attempts += 1;
        tokio::time::sleep(pause).await;
        true
    }
}
