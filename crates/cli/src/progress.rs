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
    /// How many items there will be, as far as that is known.
    total: Option<usize>,
    shown: bool,
    next: Option<Instant>,
}

/// How wide the bar is.
const BAR: usize = 30;

const PERIOD: Duration = Duration::from_millis(200);

impl Progress {
    /// `verb` is what is done with items: `written`. `alone` says that standard output gets no items.
    pub(crate) fn new(verb: &'static str, alone: bool) -> Self {
        let shows = io::stderr().is_terminal() && (alone || !io::stdout().is_terminal());
        Self { verb, count: 0, total: None, shown: false, next: shows.then(|| Instant::now() + PERIOD) }
    }

    /// With a bar, if it is known about how many items there will be.
    pub(crate) fn of(mut self, total: Option<usize>) -> Self {
        self.total = total.filter(|total| *total > 0);
        self
    }

    pub(crate) fn add(&mut self, count: usize) {
        self.count += count;
        let now = Instant::now();
        if self.next.is_some_and(|next| next <= now) {
            // Nobody is left to tell if this fails.
            let _ = write!(io::stderr(), "\r{}\x1b[K", self.line());
            self.shown = true;
            self.next = Some(now + PERIOD);
        }
    }

    fn line(&self) -> String {
        let Self { verb, count, total, .. } = self;
        match total {
            Some(total) => {
                // The total may be hours old.
                let percent = (count * 100 / total).min(100);
                let done = percent * BAR / 100;
                let bar = "#".repeat(done) + &"-".repeat(BAR - done);
                format!("[{bar}] {percent:3} %  {count} of about {} {verb} …", items(*total))
            }
            None => format!("{} {verb} …", items(*count)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_drawn_where_the_end_is_known() {
        let line = |count, total| Progress { count, ..Progress::new("read", true).of(total) }.line();
        assert_eq!(line(1, None), "1 item read …");
        assert_eq!(line(7, Some(0)), "7 items read …");
        assert_eq!(line(0, Some(40)), format!("[{}]   0 %  0 of about 40 items read …", "-".repeat(30)));
        assert_eq!(
            line(10, Some(40)),
            format!("[{}{}]  25 %  10 of about 40 items read …", "#".repeat(7), "-".repeat(23))
        );
        // More than was expected.
        assert_eq!(line(50, Some(40)), format!("[{}] 100 %  50 of about 40 items read …", "#".repeat(30)));
    }
}
