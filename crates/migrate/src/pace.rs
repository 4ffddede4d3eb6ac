//! How fast capacity is used: never faster than allowed, and slower when DynamoDB says so.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Of what is allowed in a second, how much may be used at once after a pause.
const BURST: Duration = Duration::from_secs(1);
/// After DynamoDB said no, this part of the speed until then.
const SLOWER: f64 = 0.5;
/// And then so much faster every second.
const FASTER: f64 = 1.1;
/// No slower than this many units a second: less would be a halt.
const SLOWEST: f64 = 1.0;
/// What counts as the least that can be allowed, so that nothing and nonsense are no division by zero.
const LEAST: f64 = 0.001;
/// So many times as fast as when it was said no, nobody remembers it.
const FORGOTTEN: f64 = 4.0;
/// Over how long the speed is measured.
const MEASURED: Duration = Duration::from_secs(5);

/// The use of one kind of capacity units.
#[derive(Debug)]
pub(crate) struct Pace {
    /// What is allowed in a second.
    allowed: Option<f64>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Units that may be used now; below zero, somebody waits for them.
    units: f64,
    counted: Instant,
    /// What DynamoDB seems to bear, if it said no.
    borne: Option<Borne>,
    window: Window,
}

#[derive(Clone, Copy, Debug)]
struct Borne {
    rate: f64,
    refused_at: f64,
    refused: Instant,
}

/// The units of the last seconds.
#[derive(Debug)]
struct Window {
    since: Instant,
    units: f64,
    last_rate: f64,
}

impl Pace {
    pub(crate) fn new(allowed: Option<f64>) -> Self {
        let now = Instant::now();
        let window = Window { since: now, units: 0.0, last_rate: 0.0 };
        let allowed = allowed.map(|units| if units >= LEAST { units } else { LEAST });
        Self { allowed, state: Mutex::new(State { units: 0.0, counted: now, borne: None, window }) }
    }

    /// Waits until so many units may be used.
    pub(crate) async fn take(&self, units: f64) {
        let wait = {
            let mut state = self.state();
            let now = Instant::now();
            state.window.add(units, now);
            state.advance(now);
            let Some(rate) = state.rate(self.allowed) else { return };
            let earned = (now - state.counted).as_secs_f64() * rate;
            state.units = (state.units + earned).min(rate * BURST.as_secs_f64());
            state.counted = now;
            state.units -= units;
            // Who comes later waits longer: the debt is that of all before.
            Duration::from_secs_f64((-state.units / rate).max(0.0))
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// What was used beyond what was taken.
    pub(crate) fn correct(&self, more: f64) {
        let mut state = self.state();
        state.units -= more;
        let now = Instant::now();
        state.window.add(more, now);
    }

    /// DynamoDB said that it was too much.
    pub(crate) fn refused(&self) {
        let mut state = self.state();
        let now = Instant::now();
        let measured = state.window.rate(now).max(SLOWEST);
        // Many are told the same at the same moment: that counts once.
        if state.borne.is_some_and(|borne| now - borne.refused < Duration::from_secs(1)) {
            return;
        }
        let rate = (state.rate(self.allowed).unwrap_or(measured).min(measured) * SLOWER).max(SLOWEST);
        state.borne = Some(Borne { rate, refused_at: measured, refused: now });
        state.units = state.units.min(0.0);
        state.counted = now;
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Whoever panicked with it had done its sums.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl State {
    /// Faster again, the longer nothing was refused.
    fn advance(&mut self, now: Instant) {
        let Some(borne) = &mut self.borne else { return };
        let seconds = (now - self.counted).as_secs_f64();
        borne.rate *= FASTER.powf(seconds);
        if borne.rate > borne.refused_at * FORGOTTEN {
            self.borne = None;
        }
    }

    fn rate(&self, allowed: Option<f64>) -> Option<f64> {
        match (allowed, self.borne) {
            (Some(allowed), Some(borne)) => Some(allowed.min(borne.rate)),
            (Some(allowed), None) => Some(allowed),
            (None, Some(borne)) => Some(borne.rate),
            (None, None) => None,
        }
    }
}

impl Window {
    fn add(&mut self, units: f64, now: Instant) {
        if now - self.since > MEASURED {
            self.last_rate = self.rate(now);
            self.since = now;
            self.units = 0.0;
        }
        self.units += units;
    }

    fn rate(&self, now: Instant) -> f64 {
        let seconds = (now - self.since).as_secs_f64();
        if seconds < 1.0 { self.last_rate.max(self.units) } else { self.units / seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn time_of(pace: &Pace, units: f64, times: u32) -> f64 {
        let since = Instant::now();
        for _ in 0..times {
            pace.take(units).await;
        }
        since.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_never_faster_than_allowed() {
        let pace = Pace::new(Some(100.0));
        let seconds = time_of(&pace, 5.0, 200).await;
        assert!((9.9..10.2).contains(&seconds), "{seconds}");
        // A pause gives a second's worth, and no more.
        tokio::time::sleep(Duration::from_secs(60)).await;
        let seconds = time_of(&pace, 5.0, 40).await;
        assert!((0.9..1.2).contains(&seconds), "{seconds}");
        // What a response says above the estimate is waited for.
        pace.correct(500.0);
        let seconds = time_of(&pace, 1.0, 1).await;
        assert!((4.9..5.2).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nobody_waits_until_dynamodb_says_no() {
        let pace = Pace::new(None);
        assert_eq!(time_of(&pace, 1000.0, 1000).await, 0.0);
        let pace = Pace::new(None);
        for _ in 0..100 {
            pace.take(10.0).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // 100 units a second were too much: now 50, and then slowly more.
        pace.refused();
        pace.refused();
        let seconds = time_of(&pace, 10.0, 10).await;
        assert!((1.7..2.1).contains(&seconds), "{seconds}");
        let slow = time_of(&pace, 10.0, 50).await;
        let later = time_of(&pace, 10.0, 50).await;
        assert!(later < slow, "{later} {slow}");
        // Much later it is as if nothing had been.
        for _ in 0..100 {
            pace.take(10.0).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(time_of(&pace, 1000.0, 1000).await, 0.0);
    }
}
