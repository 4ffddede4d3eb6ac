//! How far long work is, on a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::output::{items, style};

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
    /// Since when it is known how fast it goes, and how many there were then.
    timed: Option<(Instant, usize)>,
    is_timed: bool,
}

/// How wide the bar is.
const BAR: usize = 30;

const PERIOD: Duration = Duration::from_millis(200);

impl Progress {
    /// `verb` is what is done with items: `written`. `alone` says that standard output gets no items.
    pub(crate) fn new(verb: &'static str, alone: bool) -> Self {
        let shows = !style::is_quiet() && io::stderr().is_terminal() && (alone || !io::stdout().is_terminal());
        Self {
            verb,
            count: 0,
            total: None,
            shown: false,
            next: shows.then(|| Instant::now() + PERIOD),
            timed: None,
            is_timed: false,
        }
    }

    /// With a bar, if it is known about how many items there will be.
    pub(crate) fn of(mut self, total: Option<usize>) -> Self {
        self.total = total.filter(|total| *total > 0);
        self
    }

    /// With the time that is left, if it is known about how many items there will be.
    pub(crate) fn with_time(mut self) -> Self {
        self.is_timed = true;
        self
    }

    pub(crate) fn add(&mut self, count: usize) {
        self.count += count;
        let now = Instant::now();
        // What was done before this process began says nothing about how fast it is.
        if self.is_timed && self.timed.is_none() && count > 0 {
            self.timed = Some((now, self.count));
        }
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
                let left = self.left().map_or(String::new(), |left| format!(", {} left", time(left)));
                format!("[{bar}] {percent:3} %  {count} of about {} {verb}{left} …", items(*total))
            }
            None => format!("{} {verb} …", items(*count)),
        }
    }

    /// How long the rest takes, if it goes on as until now.
    fn left(&self) -> Option<Duration> {
        let (since, before) = self.timed?;
        let done = u32::try_from(self.count.checked_sub(before)?).ok().filter(|done| *done > 0)?;
        let left = u32::try_from(self.total?.checked_sub(self.count)?).ok()?;
        let elapsed = since.elapsed();
        if elapsed < Duration::from_secs(2) {
            return None;
        }
        elapsed.checked_mul(left)?.checked_div(done)
    }

    /// Makes room for something else on standard error.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// A time for people: `45 s`, `12 min`, `3 h 20 min`.
pub(crate) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
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
    fn times_are_for_people() {
        let text = |seconds| time(Duration::from_secs(seconds));
        assert_eq!(
            [text(0), text(59), text(60), text(3599), text(12_000)],
            ["0 s", "59 s", "1 min", "59 min", "3 h 20 min"]
        );
    }

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
