//! Time, injected like randomness: this crate never looks at a clock of its own.

use std::fmt::Debug;
use std::time::Duration;

/// How long it is since some moment that stays the same. It never goes back.
pub trait Clock: Debug + Send + Sync {
    /// The time since that moment.
    fn now(&self) -> Duration;
}
