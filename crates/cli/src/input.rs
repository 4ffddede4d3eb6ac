//! Items and requests from files and standard input: one a line, or a JSON array. A bad one never stops the others.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use dynaseal::json::{self, JsonError};
use dynaseal::{AttributeValue, Item};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::output::Failure;

/// The longest line. An item has at most 400 KB, of which JSON can make six times as much; the rest is air.
const MAX_LINE: usize = 16 * 1024 * 1024;

/// The longest line with a single value.
const MAX_VALUE_LINE: usize = 1024 * 1024;

/// Something that is no item.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error(transparent)]
    Json(#[from] JsonError),
    #[error("not JSON: {0}")]
    Value(serde_json::Error),
    #[error("longer than {MAX_LINE} bytes, which no item is")]
    TooLong,
    #[error("longer than {MAX_VALUE_LINE} bytes")]
    LongLine,
    #[error("not UTF-8")]
    NotUtf8,
}

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{} can not be read", path.display())]
struct FileError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Calls `each` with the place (`people.json:3`) and the item of everything in the files, or in standard input.
pub(crate) fn read(
    files: &[PathBuf],
    mut each: impl FnMut(&str, Result<Item, InputError>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    files_or_standard_input(files).iter().try_for_each(|path| read_one(path, &mut each))
}

/// The same with any JSON values, which may also stand over several lines each.
pub(crate) fn read_values(
    files: &[PathBuf],
    mut each: impl FnMut(&str, Result<Value, InputError>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    files_or_standard_input(files).iter().try_for_each(|path| {
        let (name, mut reader) = open(path)?;
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(|source| FileError { path: path.to_owned(), source })?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => values_of(&name, text, &mut each),
            Err(_) => each(&name, Err(InputError::NotUtf8)),
        }
    })
}

/// Calls `each` with the place and the text of each line, without the spaces around it. Lines may be empty.
pub(crate) fn read_lines(
    files: &[PathBuf],
    mut each: impl FnMut(&str, Result<&str, InputError>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    files_or_standard_input(files).iter().try_for_each(|path| {
        let (name, mut reader) = open(path)?;
        let failed = |source| FileError { path: path.clone(), source };
        let (mut line, mut number) = (Vec::new(), 0_usize);
        while let Some(is_whole) = start_of_line(&mut reader, &mut line, MAX_VALUE_LINE).map_err(failed)? {
            number += 1;
            let text = match std::str::from_utf8(&line) {
                _ if !is_whole => {
                    skip_line(&mut reader).map_err(failed)?;
                    Err(InputError::LongLine)
                }
                Ok(text) => Ok(text.trim_ascii()),
                Err(_) => Err(InputError::NotUtf8),
            };
            each(&format!("{name}:{number}"), text)?;
        }
        Ok(())
    })
}

/// A value of an attribute as DynamoDB JSON: `{"S":"a"}`.
pub(crate) fn attribute_value(text: &str) -> Result<AttributeValue, InputError> {
    const NAME: &str = "value";
    // Alone, so that nothing of the text stands outside of the value in the item that is made of it.
    let _: IgnoredAny = serde_json::from_str(text).map_err(InputError::Value)?;
    let mut item = json::from_str(&format!("{{\"{NAME}\":{text}}}"))?;
    Ok(item.remove(NAME).expect("an object of one member was read"))
}

fn values_of(
    name: &str,
    text: &str,
    each: &mut impl FnMut(&str, Result<Value, InputError>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (mut at, mut counted, mut line) = (0, 0, 1_usize);
    while let Some(rest) = text.get(at..) {
        let start = at + rest.len() - rest.trim_ascii_start().len();
        let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) else { break };
        line += text.get(counted..start).unwrap_or_default().matches('\n').count();
        counted = start;
        let place = format!("{name}:{line}");
        let mut values = serde_json::Deserializer::from_str(rest).into_iter();
        match values.next() {
            Some(Ok(Value::Array(elements))) => {
                for (index, element) in elements.into_iter().enumerate() {
                    each(&format!("{name}[{index}]"), Ok(element))?;
                }
                at = start + values.byte_offset();
            }
            Some(Ok(value)) => {
                each(&place, Ok(value))?;
                at = start + values.byte_offset();
            }
            Some(Err(error)) => {
                each(&place, Err(InputError::Value(error)))?;
                // Where the next one begins can only be guessed: at a line that looks like it.
                let next = ["\n{", "\n["].iter().filter_map(|begin| rest.find(begin)).min();
                at = start + next.unwrap_or(rest.len());
            }
            None => break,
        }
    }
    Ok(())
}

fn read_one(
    path: &Path,
    each: &mut impl FnMut(&str, Result<Item, InputError>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let failed = |source| FileError { path: path.to_owned(), source };
    let (name, mut reader) = open(path)?;

    let mut line = Vec::new();
    let mut number = 0_usize;
    loop {
        number += 1;
        let Some(is_whole) = start_of_line(&mut reader, &mut line, MAX_LINE).map_err(failed)? else {
            return Ok(());
        };
        let place = format!("{name}:{number}");
        if number == 1 && line.trim_ascii_start().starts_with(b"[") {
            reader.read_to_end(&mut line).map_err(failed)?;
            return read_array(&name, line, each);
        }
        if !is_whole {
            skip_line(&mut reader).map_err(failed)?;
            each(&place, Err(InputError::TooLong))?;
            continue;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let item = match std::str::from_utf8(&line) {
            Ok(text) => json::from_str(text).map_err(InputError::from),
            Err(_) => Err(InputError::NotUtf8),
        };
        each(&place, item)?;
    }
}

fn files_or_standard_input(files: &[PathBuf]) -> Cow<'_, [PathBuf]> {
    if files.is_empty() { vec![PathBuf::from("-")].into() } else { files.into() }
}

/// Reads a line with its break, or `most` bytes of it and one more, and gives whether it is whole; `None` at the end.
fn start_of_line(reader: &mut impl BufRead, line: &mut Vec<u8>, most: usize) -> io::Result<Option<bool>> {
    line.clear();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let length = reader.take(limit).read_until(b'\n', line)?;
    Ok(if length == 0 { None } else { Some(length <= most || line.ends_with(b"\n")) })
}

/// A file and its name for messages.
fn open(path: &Path) -> Result<(String, Box<dyn BufRead>), FileError> {
    if path == Path::new("-") {
        return Ok(("standard input".to_owned(), Box::new(io::stdin().lock())));
    }
    let file = File::open(path).map_err(|source| FileError { path: path.to_owned(), source })?;
    Ok((path.display().to_string(), Box::new(BufReader::with_capacity(64 * 1024, file))))
}

fn read_array(
    name: &str,
    bytes: Vec<u8>,
    each: &mut impl FnMut(&str, Result<Item, InputError>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let items = match String::from_utf8(bytes) {
        Ok(text) => json::array_from_str(&text).map_err(InputError::from),
        Err(_) => Err(InputError::NotUtf8),
    };
    match items {
        Ok(items) => {
            for (index, item) in items.into_iter().enumerate() {
                each(&format!("{name}[{index}]"), item.map_err(InputError::from))?;
            }
            Ok(())
        }
        Err(error) => each(name, Err(error)),
    }
}

/// Goes on behind the next line break without keeping anything.
fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let available = reader.fill_buf()?;
        match available.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                reader.consume(end + 1);
                return Ok(());
            }
            None if available.is_empty() => return Ok(()),
            None => {
                let length = available.len();
                reader.consume(length);
            }
        }
    }
}
