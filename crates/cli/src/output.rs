//! Standard output and errors: a reader that went away ends the work quietly, and an error is printed with its causes.

use std::error::Error;
use std::io::{self, Write};

/// Why a command ends early or with an exit code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Whoever read the output has enough.
    BrokenPipe,
    /// So many items were refused; each was complained about where it stood.
    Items(usize),
    /// Nothing could be done.
    Other(Box<dyn Error>),
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let broken_pipe = (&error as &dyn Error)
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        if broken_pipe { Self::BrokenPipe } else { Self::Other(Box::new(error)) }
    }
}

/// Standard output, buffered by line where it is a terminal or a pipe.
pub(crate) struct Output(io::StdoutLock<'static>);

impl Output {
    pub(crate) fn new() -> Self {
        Self(io::stdout().lock())
    }

    pub(crate) fn line(&mut self, text: impl std::fmt::Display) -> Result<(), Failure> {
        Ok(writeln!(self.0, "{text}")?)
    }
}

/// Prints `place: error: cause: cause` to standard error.
pub(crate) fn complain(place: &str, error: &dyn Error) {
    print_error(format_args!("{place}: {}", with_causes(error)));
}

/// Prints a line of this program's own to standard error.
pub(crate) fn note(text: &str) {
    print_error(format_args!("dynaseal: {text}"));
}

fn print_error(text: std::fmt::Arguments<'_>) {
    // Nobody is left to tell if this fails.
    let _ = writeln!(io::stderr(), "{text}");
}

/// An error and its causes on one line.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// The outcome of a command that went through items.
pub(crate) fn outcome(refused: usize) -> Result<(), Failure> {
    if refused == 0 { Ok(()) } else { Err(Failure::Items(refused)) }
}
