//! How far long work is, on a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::output::items;

/// One line on standard error that is written over. Nothing is shown where that is no terminal, or where items go to the
/// same one: they are progress enough.
#[derive(Debug)]
pub(crate) struct Progress {
    verb: &'static str,
    count: usize,
    shown: bool,
    next: Option<Instant>,
}

const PERIOD: Duration = Duration::from_millis(200);

impl Progress {
    /// `verb` is what is done with items: `written`. `alone` says that standard output gets no items.
    pub(crate) fn new(verb: &'static str, alone: bool) -> Self {
        let shows = io::stderr().is_terminal() && (alone || !io::stdout().is_terminal());
        Self { verb, count: 0, shown: false, next: shows.then(|| Instant::now() + PERIOD) }
    }

    pub(crate) fn add(&mut self, count: usize) {
        self.count += count;
        let now = Instant::now();
        if self.next.is_some_and(|next| next <= now) {
            // Nobody is left to tell if this fails.
            let _ = write!(io::stderr(), "\r{} {} …\x1b[K", items(self.count), self.verb);
            self.shown = true;
            self.next = Some(now + PERIOD);
        }
    }

    /// Makes room for something else on standard error.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
