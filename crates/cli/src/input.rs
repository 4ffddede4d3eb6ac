//! Items and requests from files and standard input: one a line, or a JSON array. A bad one never stops the others.
//!
//! What is gzip is unpacked, whatever its name. Items can stand in exports and records of streams: see [`documents`].

mod answer;
mod document;
mod elements;
mod envelope;
mod export;
mod foreign;
mod parallel;
mod source;
mod texts;

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dynaseal::json::{self, JsonError};
use dynaseal::{AttributeValue, Item};
use serde::de::IgnoredAny;
use serde_json::Value;

pub(crate) use self::document::{Document, Form, Role};
use self::foreign::Foreign;
pub(crate) use self::parallel::{Input, Placed, Read, documents, items};
use self::source::{FileError, Source};
pub(crate) use self::texts::Place;
use crate::output::{Failure, complain, inform, tell};

/// The longest line. An item has at most 400 KB, of which JSON can make six times as much; the rest is air.
const MAX_LINE: usize = 16 * 1024 * 1024;

/// The longest line with a single value.
const MAX_VALUE_LINE: usize = 1024 * 1024;

/// The longest input with requests. They are read as a whole, and are as trees ten times as large.
const MAX_REQUESTS: usize = 16 * 1024 * 1024;

/// Something that is no item.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error(transparent)]
    Json(#[from] JsonError),
    #[error("not JSON: {0}")]
    Syntax(String),
    #[error("longer than {MAX_LINE} bytes, which no item is")]
    TooLong,
    #[error("longer than {MAX_VALUE_LINE} bytes")]
    LongLine,
    #[error("not UTF-8")]
    NotUtf8,
    #[error("the array is cut short; what stood before came out")]
    CutArray,
    #[error("no JSON array from here on; what stood before came out, and what stands behind was not read")]
    BrokenArray,
    #[error("an answer of DynamoDB longer than it gives them: pass its items, `jq -c '.Items[]'`")]
    AnswerTooLong,
    #[error("an answer with items of several tables, {0}: pass those of one, `jq -c '.Responses[\"NAME\"][]'`")]
    SeveralTables(String),
    #[error("longer than {MAX_REQUESTS} bytes: give the requests in several files")]
    LongRequests,
    #[error("no JSON object")]
    NoObject,
    #[error(
        "no line of an export, {{\"Item\":{{…}}}} or {{\"Metadata\":{{…}},\"Keys\":{{…}}}}: say with --input what it is"
    )]
    NoExport,
    #[error("no record of a stream, {{\"dynamodb\":{{…}}}} or {{\"Records\":[…]}}: say with --input what it is")]
    NoStream,
    #[error("a record of Kinesis as a function gets it: what is Base64 in `data` is the record to open")]
    Kinesis,
    #[error("a change without `Keys`")]
    NoKeys,
    #[error("the same name twice in one object")]
    Twice,
    #[error("in `{name}`")]
    Image { name: &'static str, source: JsonError },
    #[error("`Keys` are not those of `{0}`: somebody put them together")]
    OtherKeys(Role),
}

impl InputError {
    fn syntax(error: &serde_json::Error) -> Self {
        Self::Syntax(error.to_string())
    }

    /// With the line and column in the file, in the place of those in the document.
    fn at(self, place: &Place) -> Self {
        match self {
            Self::Json(JsonError::Syntax { reason }) | Self::Syntax(reason) => Self::Syntax(located(&reason, place)),
            other => other,
        }
    }
}

/// A reason of serde_json ends with `at line 1 column 5`.
fn located(reason: &str, place: &Place) -> String {
    let split = || {
        let (before, position) = reason.rsplit_once(" at line ")?;
        let (line, column) = position.split_once(" column ")?;
        Some((before, line.parse().ok()?, column.parse().ok()?))
    };
    match split() {
        Some((before, line, column)) => format!("{before}{}", place.inner(line, column)),
        None => reason.to_owned(),
    }
}

/// Input that ends early, or of which some is missing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{name} is {encoding}: convert it with `iconv -f {encoding} -t UTF-8{}`", of_file(path))]
    Utf16 { name: Arc<str>, path: PathBuf, encoding: &'static str },
    #[error("{place}: {}", Advice(*foreign, path))]
    Foreign { place: Arc<str>, path: PathBuf, foreign: Foreign },
    #[error("{} is Amazon Ion: export the table as DynamoDB JSON", path.display())]
    Ion { path: PathBuf },
    #[error("no files of an export in {}: they end with .json.gz or .json", path.display())]
    EmptyFolder { path: PathBuf },
    #[error("{} is not the list of an export's files", path.display())]
    Manifest { path: PathBuf, source: Option<serde_json::Error> },
    #[error("{} lists {count} files that are not there, the first of them {first}: get them from S3", path.display())]
    Missing { path: PathBuf, count: usize, first: String },
    #[error("{found} items, but the manifest of the export says {expected}: get the file again")]
    Count { found: u64, expected: u64 },
    #[error("{0} files of the export are not whole")]
    Counts(usize),
}

struct Advice<'a>(Foreign, &'a Path);

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        foreign::advice(f, self.0, self.1)
    }
}

fn of_file(path: &Path) -> String {
    if path == Path::new("-") { String::new() } else { format!(" {}", path.display()) }
}

/// Calls `each` with the place (`people.json:3`) and the item of everything in the files and folders, or in standard input.
pub(crate) fn read(
    files: &[PathBuf],
    mut each: impl FnMut(&str, Result<Item, InputError>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut outcome = Ok(());
    read_texts(files, |place, text| {
        let item = text.and_then(item).map_err(|error| error.at(&place));
        outcome = each(&place.to_string(), item);
        if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    outcome
}

/// An item, or the one in an answer of GetItem.
fn item(text: &str) -> Result<Item, InputError> {
    json::from_str(text).or_else(|error| envelope::answered_item(text).unwrap_or(Err(error.into())))
}

/// The same with any JSON values, which may also stand over several lines each.
pub(crate) fn read_values(
    files: &[PathBuf],
    mut each: impl FnMut(&str, Result<Value, InputError>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    or_standard_input(files).iter().try_for_each(|path| {
        let mut source = Source::open(path)?;
        let mut bytes = Vec::new();
        source.read_rest(&mut bytes, MAX_REQUESTS)?;
        match std::str::from_utf8(&bytes) {
            _ if bytes.len() > MAX_REQUESTS => each(&source.name, Err(InputError::LongRequests)),
            Ok(text) => values_of(&source.name, text, &mut each),
            Err(_) => each(&source.name, Err(InputError::NotUtf8)),
        }
    })
}

/// Calls `each` with the place and the text of each line, without the spaces around it. Lines may be empty.
pub(crate) fn read_lines(
    files: &[PathBuf],
    mut each: impl FnMut(&str, Result<&str, InputError>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    or_standard_input(files).iter().try_for_each(|path| {
        let mut source = Source::open(path)?;
        let (mut line, mut number) = (Vec::new(), 0_usize);
        while let Some(is_whole) = source.start_of_line(&mut line, MAX_VALUE_LINE)? {
            number += 1;
            let text = match std::str::from_utf8(&line) {
                _ if !is_whole => {
                    source.skip_line()?;
                    Err(InputError::LongLine)
                }
                Ok(text) => Ok(text.trim_ascii()),
                Err(_) => Err(InputError::NotUtf8),
            };
            each(&format!("{}:{number}", source.name), text)?;
        }
        Ok(())
    })
}

/// A value of an attribute as DynamoDB JSON: `{"S":"a"}`.
pub(crate) fn attribute_value(text: &str) -> Result<AttributeValue, InputError> {
    const NAME: &str = "value";
    // Alone, so that nothing of the text stands outside of the value in the item that is made of it.
    let _: IgnoredAny = serde_json::from_str(text).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.rsplit_once(" at line ").map_or(&*reason, |(reason, _)| reason);
        InputError::Syntax(format!("{reason} at column {}", error.column()))
    })?;
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
                // In lines of the file.
                let (line, column) = (line + error.line() - 1, error.column());
                let reason = error.to_string();
                let reason = reason.rsplit_once(" at line ").map_or(&*reason, |(reason, _)| reason);
                each(&place, Err(InputError::Syntax(format!("{reason} at line {line} column {column}"))))?;
                // Where the next one begins can only be guessed: at a line that looks like it.
                let next = ["\n{", "\n["].iter().filter_map(|begin| rest.find(begin)).min();
                at = start + next.unwrap_or(rest.len());
            }
            None => break,
        }
    }
    Ok(())
}

/// Calls `each` with the text of every document in the files and folders, until it has enough. Complains about files with
/// another number of documents than the manifest of their export says, and goes on.
fn read_texts(
    files: &[PathBuf],
    mut each: impl FnMut(Place, Result<&str, InputError>) -> ControlFlow<()>,
) -> Result<(), ReadError> {
    let (mut wrong, mut is_empty) = (0, true);
    for file in export::data_files(files)? {
        let mut source = Source::open(&file.path)?;
        tell(|| format!("reading {}", source.name));
        if source.is_ion()? {
            return Err(ReadError::Ion { path: file.path });
        }
        let mut found = 0;
        let mut count = |place, text: Result<&str, InputError>| {
            (found, is_empty) = (found + 1, false);
            each(place, text)
        };
        if texts::texts(&mut source, &mut count)?.is_break() {
            return Ok(());
        }
        if let Some(expected) = file.item_count.filter(|expected| *expected != found) {
            wrong += 1;
            complain(&source.name, &ReadError::Count { found, expected });
        }
    }
    if is_empty && wrong == 0 {
        let names: Vec<_> = files.iter().map(|path| path.display().to_string()).collect();
        inform(&format!(
            "no items in {}",
            if names.is_empty() { "standard input".to_owned() } else { names.join(", ") }
        ));
    }
    if wrong == 0 { Ok(()) } else { Err(ReadError::Counts(wrong)) }
}

fn or_standard_input(files: &[PathBuf]) -> Cow<'_, [PathBuf]> {
    if files.is_empty() { vec![PathBuf::from("-")].into() } else { files.into() }
}
