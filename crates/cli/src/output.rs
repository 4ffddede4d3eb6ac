//! Standard output and errors: a reader that went away ends the work quietly, and an error is printed with its causes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;

mod file;
pub(crate) mod style;

use self::file::WholeFile;
use self::style::{Stream, Style, paint};
use crate::args::OutputArgs;

/// Why a command ends early or with an exit code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Whoever read the output left, so that not everything came out.
    BrokenPipe,
    /// Somebody ended the command, which has said how far it came.
    Interrupted,
    /// So many items were refused; each was complained about where it stood.
    Items(usize),
    /// So many requests were refused; each was complained about where it stood.
    Requests(usize),
    /// So many values were refused; each was complained about where it stood.
    Values(usize),
    /// So many items were asked for that are not there, and so many others were refused.
    Missing { missing: usize, refused: usize },
    /// So many recipients of a keyring do not work; what is wrong with each was printed.
    Recipients(usize),
    /// So many items are not as they should be; what is wrong with each was printed.
    Unclean(usize),
    /// So many things about a table do not fit its table.toml; each was printed.
    Findings(usize),
    /// Nothing could be done.
    Other(Box<dyn Error>),
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let any: &dyn Error = &error;
        let io_error: Option<&io::Error> = any.downcast_ref();
        let broken_pipe = io_error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        if broken_pipe { Self::BrokenPipe } else { Self::Other(Box::new(error)) }
    }
}

/// How many items were bad until now, for a command that ends before it can count them itself.
static BAD: AtomicUsize = AtomicUsize::new(0);

/// Remembers that items are bad, before anything else can fail.
pub(crate) fn count_bad(count: usize) {
    // Only whether there are any is asked.
    BAD.store(BAD.load(Ordering::Relaxed).saturating_add(count), Ordering::Relaxed);
}

/// Whether anything was bad.
pub(crate) fn any_bad() -> bool {
    BAD.load(Ordering::Relaxed) > 0
}

/// Standard output, buffered by line where it is a terminal or a pipe; or a file.
pub(crate) struct Output(Sink);

enum Sink {
    Standard(io::StdoutLock<'static>),
    File(Box<WholeFile>),
}

impl Output {
    pub(crate) fn new() -> Self {
        Self(Sink::Standard(io::stdout().lock()))
    }

    /// Where the arguments say. Whoever asks for it has to [`finish`](Self::finish) it.
    pub(crate) fn to(args: &OutputArgs) -> Result<Self, Failure> {
        Ok(match &args.output {
            None => Self::new(),
            Some(path) => {
                let file = WholeFile::create(path)?;
                if let Some((unfinished, said)) = file.unfinished() {
                    crate::command::say_when_interrupted(move || {
                        // Nobody is left to tell if this fails.
                        let _ = std::fs::remove_file(&unfinished);
                        said.clone()
                    })?;
                }
                Self(Sink::File(Box::new(file)))
            }
        })
    }

    pub(crate) fn line(&mut self, text: impl std::fmt::Display) -> Result<(), Failure> {
        match &mut self.0 {
            Sink::Standard(output) => Ok(writeln!(output, "{text}")?),
            Sink::File(file) => Ok(file.line(text)?),
        }
    }

    /// All is out, but for what was refused: a file gets its name. Without that, it stays as it was.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        match &mut self.0 {
            Sink::Standard(_) => Ok(()),
            Sink::File(file) => Ok(file.finish()?),
        }
    }

    /// One object a line, its members in the order of their names whatever else is compiled into the program: a feature
    /// of serde_json that a dependency turns on keeps them in the order in which they were written.
    pub(crate) fn json(&mut self, value: Value) -> Result<(), Failure> {
        self.line(sorted(value))
    }
}

/// Members in the order of their names, whatever the order of their making: features of other crates decide about that.
pub(crate) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> = members.into_iter().collect();
            Value::Object(members.into_iter().map(|(name, value)| (name, sorted(value))).collect())
        }
        Value::Array(values) => values.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// A number of items as text.
pub(crate) fn items(count: usize) -> String {
    format!("{count} {}", if count == 1 { "item" } else { "items" })
}

/// Prints `place: error: cause: cause` to standard error. Whatever it is about is bad.
pub(crate) fn complain(place: &str, error: &dyn Error) {
    count_bad(1);
    let place = paint(Stream::Err, Style::Refused, visible(place));
    print_error(format_args!("{place}: {}", visible(&with_causes(error))));
}

/// Prints a line of this program's own to standard error.
pub(crate) fn note(text: &str) {
    print_error(format_args!("dynaseal: {}", visible(text)));
}

/// Whether what was read says itself that there is more.
static PARTIAL: AtomicBool = AtomicBool::new(false);

/// Says that what was read is not all there is; also to who wants to hear nothing.
pub(crate) fn partial(text: &str) {
    PARTIAL.store(true, Ordering::Relaxed);
    let warning = paint(Stream::Err, Style::Warning, "warning");
    print_error(format_args!("dynaseal: {warning}: {}", visible(text)));
}

/// Whether anything that was read was not all there is.
pub(crate) fn is_partial() -> bool {
    PARTIAL.load(Ordering::Relaxed)
}

/// Prints what should be known, though nothing is wrong, unless nobody wants to hear it.
pub(crate) fn warn(text: &str) {
    if !style::is_quiet() {
        let warning = paint(Stream::Err, Style::Warning, "warning");
        print_error(format_args!("dynaseal: {warning}: {}", visible(text)));
    }
}

/// Prints what is worth knowing to whoever looks on, unless nobody wants to hear it.
pub(crate) fn inform(text: &str) {
    if !style::is_quiet() {
        note(text);
    }
}

/// Prints what only somebody who asked for it wants to know.
pub(crate) fn tell(text: impl FnOnce() -> String) {
    if style::is_verbose() {
        note(&text());
    }
}

fn print_error(text: std::fmt::Arguments<'_>) {
    // Nobody is left to tell if this fails.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Text for a terminal. Names in items and headers are other people's: control characters would be obeyed.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return text.into();
    }
    let escape = |c: char| {
        if c.is_control() { c.escape_unicode().to_string() } else { c.to_string() }
    };
    text.chars().map(escape).collect::<String>().into()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!(visible("é漢😀"), "é漢😀");
        assert_eq!(visible("a\u{1b}[31m\n\u{9b}"), "a\\u{1b}[31m\\u{a}\\u{9b}");
    }
}
