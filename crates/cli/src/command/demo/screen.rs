//! The tour's output: as wide as any terminal, with headings and refusals in colour.

use std::fmt;

use crate::output::style::{Stream, Style, paint};
use crate::output::{Failure, Output};

const WIDTH: usize = 80;

/// How much further the rest of a line stands in.
const INDENT: usize = 3;

pub(super) struct Screen(Output);

impl Screen {
    pub(super) fn new() -> Self {
        Self(Output::new())
    }

    /// What comes next, behind an empty line.
    pub(super) fn heading(&mut self, text: &str) -> Result<(), Failure> {
        for line in fitted(text) {
            self.0.line(paint(Stream::Out, Style::Heading, line))?;
        }
        self.0.line("")
    }

    /// Sentences that explain something.
    pub(super) fn prose(&mut self, text: &str) -> Result<(), Failure> {
        broken(text, 0).into_iter().try_for_each(|line| self.0.line(line))?;
        self.0.line("")
    }

    /// A line, or several where it is too long for one.
    pub(super) fn line(&mut self, text: impl fmt::Display) -> Result<(), Failure> {
        text.to_string().split('\n').flat_map(fitted).try_for_each(|line| self.0.line(line))
    }

    /// Why something was refused.
    pub(super) fn refused(&mut self, why: &str) -> Result<(), Failure> {
        for line in fitted(&format!("      refused: {why}")) {
            let (before, after) = line.split_once("refused:").unwrap_or((&line, ""));
            let refused = if after.is_empty() { String::new() } else { paint(Stream::Out, Style::Refused, "refused:") };
            self.0.line(format!("{before}{refused}{after}"))?;
        }
        Ok(())
    }
}

/// The text in lines that fit: broken between words, and between the attributes of an item.
fn fitted(text: &str) -> Vec<String> {
    broken(text, INDENT)
}

/// The same, the rest so much further in.
fn broken(text: &str, indent: usize) -> Vec<String> {
    let length = |text: &str| text.chars().count();
    let inner = length(text) - length(text.trim_start()) + indent;
    let (mut lines, mut line) = (Vec::new(), String::new());
    for piece in pieces(text) {
        if !line.trim().is_empty() && length(&line) + length(piece.trim_end()) > WIDTH {
            lines.push(line.trim_end().to_owned());
            line = " ".repeat(inner);
        }
        line.push_str(piece);
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Where a line may be broken: behind each space, and in items behind each attribute.
fn pieces(text: &str) -> Vec<&str> {
    match text.split_once("{\"") {
        Some((_, _)) => text.split_inclusive("},").collect(),
        None => text.split_inclusive(' ').collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_lose_nothing() {
        let words = "   refused ".to_owned() + &"because ".repeat(30);
        let item = format!("   scanned  {{{}}}", "\"name\":{\"S\":\"Ada Byron\"},".repeat(9));
        for text in [words, item, String::new(), "short".to_owned()] {
            let lines = fitted(&text);
            assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:#?}");
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
