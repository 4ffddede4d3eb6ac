//! Files cut into the texts of single documents: one a line, one over several indented lines, or elements of an array.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::source::{FileError, Source};
use super::{InputError, MAX_LINE};

/// The most that an array in a gzip file may be unpacked to: arrays are read whole, and gzip makes a thousandfold of them.
const MAX_UNPACKED_ARRAY: usize = 256 * 1024 * 1024;

/// Where a document stands: `people.json:3` or `people.json[2]`.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    file: Arc<str>,
    position: Position,
}

#[derive(Clone, Copy, Debug)]
enum Position {
    Whole,
    Line(usize),
    Element(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = &self.file;
        match self.position {
            Position::Whole => f.write_str(file),
            Position::Line(number) => write!(f, "{file}:{number}"),
            Position::Element(index) => write!(f, "{file}[{index}]"),
        }
    }
}

/// What is done with each document.
pub(super) trait Each: FnMut(Place, Result<&str, InputError>) -> ControlFlow<()> {}

impl<F: FnMut(Place, Result<&str, InputError>) -> ControlFlow<()>> Each for F {}

/// Calls `each` with the place and the text of every document in the file.
pub(super) fn texts(source: &mut Source, each: &mut impl Each) -> Result<ControlFlow<()>, FileError> {
    let mut cutter = Cutter { file: source.name.clone(), spread: None, each };
    let (mut line, mut number) = (Vec::new(), 0_usize);
    while let Some(is_whole) = source.start_of_line(&mut line, MAX_LINE)? {
        number += 1;
        if number == 1 && line.trim_ascii_start().starts_with(b"[") {
            return array(source, line, each);
        }
        if !is_whole {
            source.skip_line()?;
        }
        if cutter.line(number, &line, is_whole).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(cutter.end_spread())
}

/// A document over several lines, as tools print them for people: `{` alone, indented lines, a line with `}`. Anything
/// else ends it, so that a line that is broken costs no other one.
struct Spread {
    first: usize,
    /// `None` if it got too long.
    text: Option<Vec<u8>>,
}

struct Cutter<'a, E> {
    file: Arc<str>,
    spread: Option<Spread>,
    each: &'a mut E,
}

impl<E: Each> Cutter<'_, E> {
    fn line(&mut self, number: usize, line: &[u8], is_whole: bool) -> ControlFlow<()> {
        match line.first() {
            Some(b' ' | b'\t' | b'\r' | b'\n') if self.spread.is_some() => {
                self.add(line, is_whole);
                return ControlFlow::Continue(());
            }
            Some(b'}') if self.spread.is_some() => {
                self.add(line, is_whole);
                return self.end_spread();
            }
            _ => self.end_spread()?,
        }
        if is_whole && line.trim_ascii_end() == b"{" {
            self.spread = Some(Spread { first: number, text: Some(line.to_owned()) });
            return ControlFlow::Continue(());
        }
        self.document(number, is_whole.then_some(line))
    }

    fn add(&mut self, line: &[u8], is_whole: bool) {
        let Some(spread) = &mut self.spread else { return };
        spread.text = spread.text.take().filter(|text| is_whole && text.len() + line.len() <= MAX_LINE);
        if let Some(text) = &mut spread.text {
            text.extend_from_slice(line);
        }
    }

    fn end_spread(&mut self) -> ControlFlow<()> {
        match self.spread.take() {
            Some(Spread { first, text }) => self.document(first, text.as_deref()),
            None => ControlFlow::Continue(()),
        }
    }

    fn document(&mut self, number: usize, bytes: Option<&[u8]>) -> ControlFlow<()> {
        let place = Place { file: self.file.clone(), position: Position::Line(number) };
        match bytes.map(std::str::from_utf8) {
            Some(Ok(text)) if text.trim_ascii().is_empty() => ControlFlow::Continue(()),
            Some(Ok(text)) => (self.each)(place, Ok(text)),
            Some(Err(_)) => (self.each)(place, Err(InputError::NotUtf8)),
            None => (self.each)(place, Err(InputError::TooLong)),
        }
    }
}

fn array(source: &mut Source, mut bytes: Vec<u8>, each: &mut impl Each) -> Result<ControlFlow<()>, FileError> {
    source.read_rest(&mut bytes, if source.is_gzip { MAX_UNPACKED_ARRAY } else { usize::MAX })?;
    let at = |position| Place { file: source.name.clone(), position };
    if source.is_gzip && bytes.len() > MAX_UNPACKED_ARRAY {
        return Ok(each(at(Position::Whole), Err(InputError::LongArray)));
    }
    let elements = match std::str::from_utf8(&bytes) {
        Ok(text) => serde_json::from_str::<Vec<&RawValue>>(text).map_err(InputError::Value),
        Err(_) => Err(InputError::NotUtf8),
    };
    match elements {
        Ok(elements) => Ok(elements
            .into_iter()
            .enumerate()
            .try_for_each(|(index, element)| each(at(Position::Element(index)), Ok(element.get())))),
        Err(error) => Ok(each(at(Position::Whole), Err(error))),
    }
}
