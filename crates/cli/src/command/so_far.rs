//! How far a command came that writes items one after the other, for who ends it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::output::items;

/// Shared with the thread that waits for the signal.
#[derive(Clone, Debug)]
pub(super) struct SoFar(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// `written`, `updated` or `deleted`.
    verb: &'static str,
    done: usize,
    refused: usize,
    /// Where the items begin that are on their way.
    at: Option<String>,
}

impl SoFar {
    /// From now on, who ends the program is told.
    pub(super) fn told(verb: &'static str) -> std::io::Result<Self> {
        let so_far = Self(Arc::new(Mutex::new(State { verb, done: 0, refused: 0, at: None })));
        let told = so_far.clone();
        super::say_when_interrupted(move || told.state().to_string())?;
        Ok(so_far)
    }

    /// Items are on their way, from this place on.
    pub(super) fn begins(&self, place: &str) {
        self.state().at = Some(place.to_owned());
    }

    /// None is any more; so many were done in all, and so many refused.
    pub(super) fn ends(&self, done: usize, refused: usize) {
        let mut state = self.state();
        (state.done, state.refused, state.at) = (done, refused, None);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, done, refused, at } = self;
        write!(f, "interrupted: {} {verb}, {refused} refused", items(*done))?;
        match at {
            Some(place) => write!(f, "; what begins at {place} may be {verb} or not: look, and go on from there"),
            None => f.write_str("; none was on its way"),
        }
    }
}
