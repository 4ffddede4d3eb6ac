//! The elements of a JSON array, one after the other: of the array itself nothing is kept, so that it may be of any length.

use std::ops::ControlFlow;

use super::source::{FileError, Source};
use super::texts::Start;
use super::{InputError, MAX_LINE};

/// How an array ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With its `]`.
    Whole,
    /// There is no telling where the next element begins.
    Broken,
    /// Nobody wants more.
    Enough,
}

/// Calls `each` with the index, the place and the text of every element of the array behind whose `[` the source is. `start`
/// is that place, and is moved to the end of the array.
pub(super) fn elements(
    source: &mut Source,
    start: &mut Start,
    mut each: impl FnMut(usize, Start, Result<&str, InputError>) -> ControlFlow<()>,
) -> Result<Ended, FileError> {
    let mut cutter = Cutter { text: Vec::new(), length: 0, start: *start, depth: 0, string: InString::No };
    let (mut index, mut ended) = (0, None);
    while ended.is_none() {
        let available = source.available()?;
        if available.is_empty() {
            return Ok(broken(each(index, *start, Err(InputError::CutArray))));
        }
        let mut used = 0;
        for byte in available {
            used += 1;
            let step = cutter.step(*byte, *start);
            start.pass(*byte);
            let is_last = match step {
                Step::On => continue,
                Step::Broken => {
                    ended = Some(broken(each(index, *start, Err(InputError::BrokenArray))));
                    break;
                }
                Step::Next => false,
                Step::Last => true,
            };
            // Only an empty array ends without an element.
            if cutter.length > 0 {
                if each(index, cutter.start, cutter.element()).is_break() {
                    ended = Some(Ended::Enough);
                    break;
                }
                index += 1;
            } else if !is_last || index > 0 {
                ended = Some(broken(each(index, *start, Err(InputError::BrokenArray))));
                break;
            }
            cutter.length = 0;
            if is_last {
                ended = Some(Ended::Whole);
                break;
            }
        }
        source.consume(used);
    }
    Ok(ended.unwrap_or(Ended::Whole))
}

fn broken(flow: ControlFlow<()>) -> Ended {
    if flow.is_break() { Ended::Enough } else { Ended::Broken }
}

/// Finds the end of an element. Whether it is right JSON is not asked here.
struct Cutter {
    /// The first bytes of the element.
    text: Vec<u8>,
    /// How long it is, but for the air before it.
    length: usize,
    start: Start,
    depth: usize,
    string: InString,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum InString {
    No,
    Yes,
    /// Behind a backslash.
    Escaped,
}

enum Step {
    On,
    /// The element is complete, and another one comes.
    Next,
    /// So is the array.
    Last,
    Broken,
}

impl Cutter {
    fn step(&mut self, byte: u8, at: Start) -> Step {
        match (self.string, byte) {
            (InString::Escaped, _) | (InString::No, b'"') => self.string = InString::Yes,
            (InString::Yes, b'"') => self.string = InString::No,
            (InString::Yes, b'\\') => self.string = InString::Escaped,
            (InString::Yes, _) => {}
            (InString::No, b'{' | b'[') => self.depth += 1,
            (InString::No, b'}' | b']') if self.depth > 0 => self.depth -= 1,
            (InString::No, b',') if self.depth == 0 => return Step::Next,
            (InString::No, b']') => return Step::Last,
            (InString::No, b'}') => return Step::Broken,
            (InString::No, _) => {}
        }
        if self.length == 0 {
            if byte.is_ascii_whitespace() {
                return Step::On;
            }
            self.text.clear();
            self.start = at;
        }
        self.length += 1;
        if self.length <= MAX_LINE {
            self.text.push(byte);
        }
        Step::On
    }

    fn element(&self) -> Result<&str, InputError> {
        if self.length > MAX_LINE {
            return Err(InputError::TooLong);
        }
        std::str::from_utf8(&self.text).map_err(|_| InputError::NotUtf8)
    }
}
