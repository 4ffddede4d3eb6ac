//! Colours, and how much is said.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;

use crate::args::Color;

/// What was chosen for all of this process.
#[derive(Clone, Copy, Debug)]
struct Chosen {
    color: Color,
    quiet: bool,
    verbose: bool,
}

static CHOSEN: OnceLock<Chosen> = OnceLock::new();

/// Sets it, once.
pub(crate) fn set(color: Color, quiet: bool, verbose: bool) {
    let _ = CHOSEN.set(Chosen { color, quiet, verbose });
}

fn chosen() -> Chosen {
    CHOSEN.get().copied().unwrap_or(Chosen { color: Color::Never, quiet: false, verbose: false })
}

/// Whether only what is wrong is said.
pub(crate) fn is_quiet() -> bool {
    chosen().quiet
}

/// Whether more is said than what is wrong.
pub(crate) fn is_verbose() -> bool {
    chosen().verbose
}

/// What a part of a line is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    Heading,
    Refused,
    Warning,
}

/// Where a line goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// A text in the colours of its style, if there is to be any.
pub(crate) fn paint(stream: Stream, style: Style, text: impl fmt::Display) -> String {
    let code = match style {
        Style::Heading => "1",
        Style::Refused => "31",
        Style::Warning => "33",
    };
    if is_coloured(stream) { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
}

fn is_coloured(stream: Stream) -> bool {
    // Both are set to anything: <https://no-color.org>.
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match chosen().color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if is_set("NO_COLOR") || std::env::var_os("TERM").is_some_and(|term| term == "dumb") => false,
        Color::Auto => match stream {
            Stream::Out => io::stdout().is_terminal(),
            Stream::Err => io::stderr().is_terminal(),
        },
    }
}
