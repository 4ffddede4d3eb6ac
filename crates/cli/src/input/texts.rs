//! Files cut into the texts of single documents: one a line, one over several indented lines, or elements of an array.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::answer::Head;
use super::elements::{self, Ended};
use super::source::{FileError, Source};
use super::{InputError, MAX_LINE, ReadError, foreign};
use crate::output::partial;

/// Where a document stands: `people.json:3`, `people.json[2]` or `people.json:1 Items[2]`.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    file: Arc<str>,
    position: Position,
    start: Start,
}

#[derive(Clone, Copy, Debug)]
enum Position {
    Line(usize),
    Element(usize),
    /// Of an answer that begins in this line.
    Answered {
        line: usize,
        name: &'static str,
        index: usize,
    },
}

/// Line and column in the file, counted from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    line: usize,
    column: usize,
}

impl Start {
    /// Goes on behind a byte.
    pub(super) fn pass(&mut self, byte: u8) {
        match byte {
            b'\n' => (self.line, self.column) = (self.line + 1, 1),
            _ => self.column += 1,
        }
    }
}

impl Place {
    /// Where in the file it is what stands here in the document: ` in line 3, column 5`. Without the line, if that is told
    /// anyway.
    pub(super) fn inner(&self, line: usize, column: usize) -> String {
        let column = if line <= 1 { self.start.column + column - 1 } else { column };
        match (self.position, line) {
            (Position::Line(_), 0 | 1) => format!(" at column {column}"),
            _ => format!(" at line {} column {column}", self.start.line + line.saturating_sub(1)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = &self.file;
        match self.position {
            Position::Line(number) => write!(f, "{file}:{number}"),
            Position::Element(index) => write!(f, "{file}[{index}]"),
            Position::Answered { line, name, index } => write!(f, "{file}:{line} {name}[{index}]"),
        }
    }
}

/// What is done with each document.
pub(super) trait Each: FnMut(Place, Result<&str, InputError>) -> ControlFlow<()> {}

impl<F: FnMut(Place, Result<&str, InputError>) -> ControlFlow<()>> Each for F {}

/// Calls `each` with the place and the text of every document in the file. A file that begins with something else than items
/// is not read.
pub(super) fn texts(source: &mut Source, each: &mut impl Each) -> Result<ControlFlow<()>, ReadError> {
    let mut cutter = Cutter { file: source.name.clone(), spread: None, each, foreign: None, is_first: true };
    let flow = cut(source, &mut cutter)?;
    match cutter.foreign {
        Some(foreign) => {
            Err(ReadError::Foreign { place: source.name.clone(), path: source.path().to_owned(), foreign })
        }
        None => Ok(flow),
    }
}

fn cut(source: &mut Source, cutter: &mut Cutter<'_, impl Each>) -> Result<ControlFlow<()>, FileError> {
    let (mut line, mut number) = (Vec::new(), 0_usize);
    // Behind a line, a bracket is part of another one that is broken.
    let mut takes_array = true;
    loop {
        if cutter.spread.is_none() {
            number += source.skip_empty_lines()?;
            match source.peek()? {
                Some(b'[') if takes_array => {
                    let Some(end) = cutter.array(source, number + 1)? else { return Ok(ControlFlow::Break(())) };
                    number = end - 1;
                    continue;
                }
                Some(b'{') => match Head::read(source)? {
                    Some(head) => {
                        let Some(end) = cutter.answer(source, number + 1, head)? else {
                            return Ok(ControlFlow::Break(()));
                        };
                        number = end - 1;
                        continue;
                    }
                    None => takes_array = false,
                },
                Some(_) => takes_array = false,
                None => {}
            }
        }
        let Some(is_whole) = source.start_of_line(&mut line, MAX_LINE)? else { break };
        number += 1;
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
    is_first: bool,
    /// What the file is, if it is something else.
    foreign: Option<foreign::Foreign>,
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
        let place = self.place(Position::Line(number), Start { line: number, column: 1 });
        match bytes.map(std::str::from_utf8) {
            Some(Ok(text)) if text.trim_ascii().is_empty() => ControlFlow::Continue(()),
            // What is missing at the end is missing in the last line, not in the one after it.
            Some(Ok(text)) => self.call(place, Ok(text.trim_ascii_end())),
            Some(Err(_)) => self.call(place, Err(InputError::NotUtf8)),
            None => self.call(place, Err(InputError::TooLong)),
        }
    }

    /// Reads an array that begins in this line, and gives the line in which it ends; nothing if that was enough.
    fn array(&mut self, source: &mut Source, line: usize) -> Result<Option<usize>, FileError> {
        let mut start = Start { line, column: 1 };
        let air = source.available()?.iter().take_while(|byte| **byte != b'[').count();
        source.consume(air + 1);
        start.column += air + 1;
        let ended = elements::elements(source, &mut start, |index, start, text| {
            let place = self.place(Position::Element(index), start);
            self.call(place, text)
        })?;
        end_of_array(source, &ended, start)
    }

    /// The same of the items of an answer whose beginning was read.
    fn answer(&mut self, source: &mut Source, line: usize, head: Head) -> Result<Option<usize>, FileError> {
        let name = head.answer.name();
        let (lines, column) = head.end();
        let mut start = Start { line: line + lines, column: column + 1 };
        if let Err(error) = head.check_tables(source)? {
            let place = self.place(Position::Line(line), start);
            return Ok(self.give_up(source, place, error)?.then_some(start.line));
        }
        let ended = elements::elements(source, &mut start, |index, start, text| {
            let place = self.place(Position::Answered { line, name, index }, start);
            self.call(place, text)
        })?;
        if ended != Ended::Whole {
            return end_of_array(source, &ended, start);
        }
        let place = self.place(Position::Line(line), start);
        let (more, lines) = head.read_end(source)?;
        match more {
            Ok(Some(more)) => {
                partial(&format!(
                    "{place}: `{more}` says that there are more items than these: ask DynamoDB for them too"
                ));
            }
            Ok(None) => {}
            Err(error) => return Ok(self.give_up(source, place, error)?.then_some(start.line)),
        }
        Ok(Some(start.line + lines))
    }

    /// Of what follows nobody can say what it is: it is not read. Gives whether others are wanted.
    fn give_up(&mut self, source: &mut Source, place: Place, error: InputError) -> Result<bool, FileError> {
        let flow = self.call(place, Err(error));
        while source.skip_some()? {}
        Ok(flow.is_continue())
    }

    fn call(&mut self, place: Place, text: Result<&str, InputError>) -> ControlFlow<()> {
        if std::mem::take(&mut self.is_first) {
            self.foreign = text.as_ref().ok().and_then(|text| foreign::recognise(text));
            if self.foreign.is_some() {
                return ControlFlow::Break(());
            }
        }
        (self.each)(place, text)
    }

    fn place(&self, position: Position, start: Start) -> Place {
        Place { file: self.file.clone(), position, start }
    }
}

/// The line in which it ends. What is left of a broken one is not read.
fn end_of_array(source: &mut Source, ended: &Ended, start: Start) -> Result<Option<usize>, FileError> {
    match ended {
        Ended::Enough => return Ok(None),
        Ended::Broken => while source.skip_some()? {},
        Ended::Whole => {}
    }
    Ok(Some(start.line))
}
