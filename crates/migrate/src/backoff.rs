//! How often and how long a request is tried again.

use std::time::Duration;

use crate::report::Wait;

/// Attempts of one request beyond the SDK's own, with pauses that become longer.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    attempts: u32,
}

/// With pauses up to the longest one, five minutes in all.
const MOST: u32 = 20;
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(20);

/// Pauses from here on are told: shorter ones are over before anybody has read it.
const TOLD: Duration = Duration::from_secs(1);

/// Is told of pauses.
pub(crate) type Told<'a> = &'a (dyn Fn(&Wait) + Send + Sync);

impl Backoff {
    /// Waits before the next attempt; false if there is none. `said` is what the last one failed with.
    pub(crate) async fn wait(&mut self, told: Told<'_>, operation: &'static str, said: impl Fn() -> String) -> bool {
        if self.attempts >= MOST {
            return false;
        }
        let pause = FIRST.saturating_mul(1 << self.attempts.min(16)).min(LONGEST);
        self.attempts += 1;
        if pause >= TOLD {
            told(&Wait { operation, said: said(), attempt: self.attempts, of: MOST, pause });
        }
        tokio::time::sleep(pause).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_become_longer_end_and_are_told() {
        let waits = Mutex::new(Vec::new());
        let told = |wait: &Wait| waits.lock().expect("nobody panics").push((wait.attempt, wait.pause));
        let (mut backoff, begun) = (Backoff::default(), tokio::time::Instant::now());
        for _ in 0..MOST {
            assert!(backoff.wait(&told, "Scan", || "too busy".to_owned()).await);
        }
        assert!(!backoff.wait(&told, "Scan", || "too busy".to_owned()).await);
        let seconds = begun.elapsed().as_secs();
        assert!((240..=310).contains(&seconds), "{seconds}");
        let waits = waits.into_inner().expect("nobody panics");
        // 50 ms, 100 ms, … are not told; 1.6 s is the sixth.
        assert_eq!(waits.first(), Some(&(6, Duration::from_millis(1600))));
        assert_eq!(waits.last(), Some(&(MOST, LONGEST)));
        assert_eq!(waits.len(), 15);
    }
}
