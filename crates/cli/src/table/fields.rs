//! A table of the file, taken apart field by field, so that each mistake is told with its place and line.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::problem::Problem;
use crate::words::{did_you_mean, shown};

/// One table and where it stands.
pub(super) struct Fields<'t> {
    text: &'t str,
    /// The way to this table in the file: `keyring.children[0]`. Empty for the file itself.
    place: String,
    start: usize,
    table: DeTable<'t>,
    /// Where the fields stand that were taken.
    taken: BTreeMap<&'static str, usize>,
}

/// A text and its line.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) line: usize,
    pub(super) text: String,
}

impl<'t> Fields<'t> {
    /// The whole file.
    pub(super) fn file(text: &'t str) -> Result<Self, Problem> {
        let table = DeTable::parse(text).map_err(|error| {
            Problem::Toml(match error.span() {
                Some(span) => {
                    let line = line(text, span.start);
                    format!("line {line}: {}", syntax(text, line, error.message()))
                }
                None => format!("no TOML: {}", without_values(error.message())),
            })
        })?;
        Ok(Self { text, place: String::new(), start: 0, table: table.into_inner(), taken: BTreeMap::new() })
    }

    /// The way to this table.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// The way to one of its fields.
    pub(super) fn place_of(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    /// Fails if the table has any other field. Asked first: a name with a typing error is also a name that is missing.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Problem> {
        let Some(key) = self.table.keys().find(|key| !known.contains(&key.get_ref().as_ref())) else {
            return Ok(());
        };
        let place = if self.place.is_empty() { String::new() } else { format!(" in {}", self.place) };
        let (line, name) = (line(self.text, key.span().start), key.get_ref());
        let meant = did_you_mean(name, known.iter().copied());
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(Problem::Toml(format!("line {line}: unknown field `{name}`{place}: it takes {known}{meant}")))
    }

    /// Whether it has a field.
    pub(super) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// A field that may be missing.
    pub(super) fn optional<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<Option<T>, Problem> {
        let Some(value) = self.table.remove(name) else {
            return Ok(None);
        };
        let start = value.span().start;
        self.taken.insert(name, start);
        let read = T::deserialize(ValueDeserializer::from(value));
        read.map(Some).map_err(|error| {
            let line = line(self.text, error.span().map_or(start, |span| span.start));
            Problem::Toml(format!("line {line}: {}: {}", self.place_of(name), without_values(error.message())))
        })
    }

    /// A table of texts with their lines, which may be missing.
    pub(super) fn texts(&mut self, name: &'static str) -> Result<BTreeMap<String, Placed>, Problem> {
        let texts: Option<BTreeMap<String, Spanned<String>>> = self.optional(name)?;
        let placed =
            |text: Spanned<String>| Placed { line: line(self.text, text.span().start), text: text.into_inner() };
        Ok(texts.into_iter().flatten().map(|(name, text)| (name, placed(text))).collect())
    }

    /// A text with its line, which may be missing.
    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<Placed>, Problem> {
        let text: Option<String> = self.optional(name)?;
        let start = self.taken.get(name).copied().unwrap_or_default();
        Ok(text.map(|text| Placed { line: line(self.text, start), text }))
    }

    /// A field that has to be there.
    pub(super) fn required<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T, Problem> {
        self.optional(name)?.ok_or_else(|| self.missing(name))
    }

    /// A text that says one of the library's things, if it is there.
    pub(super) fn parsed_if_any<T: FromStr>(&mut self, name: &'static str) -> Result<Option<T>, Problem>
    where
        T::Err: Into<Box<dyn Error + Send + Sync>>,
    {
        let text: Option<String> = self.optional(name)?;
        let wrong = |text: &str, error: T::Err| {
            let error: Box<dyn Error + Send + Sync> = error.into();
            match shown(text) {
                // It may be said already.
                Some(word) if !error.to_string().contains(text) => self.wrong(name, format!("{word}: {error}")),
                _ => self.wrong(name, error),
            }
        };
        text.map(|text| text.parse().map_err(|error| wrong(&text, error))).transpose()
    }

    /// A text that says one of the library's things.
    pub(super) fn parsed<T: FromStr>(&mut self, name: &'static str) -> Result<T, Problem>
    where
        T::Err: Into<Box<dyn Error + Send + Sync>>,
    {
        self.parsed_if_any(name)?.ok_or_else(|| self.missing(name))
    }

    /// A time in whole seconds, at least one, if it is there.
    pub(super) fn seconds_if_any(&mut self, name: &'static str) -> Result<Option<Duration>, Problem> {
        let seconds: Option<NonZeroU64> = self.optional(name)?;
        Ok(seconds.map(|seconds| Duration::from_secs(seconds.get())))
    }

    /// A single character.
    pub(super) fn character(&mut self, name: &'static str) -> Result<char, Problem> {
        let text: String = self.required(name)?;
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => Ok(character),
            _ => Err(self.wrong(name, "give one character")),
        }
    }

    /// One of a few words, which says what else the table holds. The table keeps it.
    pub(super) fn choice(&self, name: &'static str, words: &[&str]) -> Result<usize, Problem> {
        let value = self.table.get(name).ok_or_else(|| self.missing(name))?;
        let text = value.get_ref().as_str().ok_or_else(|| {
            let line = line(self.text, value.span().start);
            let found = value.get_ref().type_str();
            Problem::Toml(format!("line {line}: {}: invalid type: {found}, expected a string", self.place_of(name)))
        })?;
        words.iter().position(|word| *word == text).ok_or_else(|| {
            let line = line(self.text, value.span().start);
            let meant = did_you_mean(text, words.iter().copied());
            let message = format!("unknown variant `{text}`: take {}{meant}", words.join(", "));
            Problem::Toml(format!("line {line}: {}: {message}", self.place_of(name)))
        })
    }

    /// A table in this one, if it is there.
    pub(super) fn table(&mut self, name: &'static str) -> Result<Option<Self>, Problem> {
        let value = self.table.remove(name);
        value.map(|value| self.inner(self.place_of(name), value)).transpose()
    }

    /// A table in this one that has to be there.
    pub(super) fn required_table(&mut self, name: &'static str) -> Result<Self, Problem> {
        self.table(name)?.ok_or_else(|| self.missing(name))
    }

    /// The tables of an array; none if it is not there.
    pub(super) fn tables(&mut self, name: &'static str) -> Result<Vec<Self>, Problem> {
        let Some(value) = self.table.remove(name) else {
            return Ok(Vec::new());
        };
        let start = value.span().start;
        let DeValue::Array(values) = value.into_inner() else {
            return Err(self.no_table(&self.place_of(name), start, "an array of tables"));
        };
        let place = self.place_of(name);
        let inner = |(index, value)| self.inner(format!("{place}[{index}]"), value);
        values.into_iter().enumerate().map(inner).collect()
    }

    fn inner(&self, place: String, value: Spanned<DeValue<'t>>) -> Result<Self, Problem> {
        let start = value.span().start;
        match value.into_inner() {
            DeValue::Table(table) => Ok(Self { text: self.text, place, start, table, taken: BTreeMap::new() }),
            _ => Err(self.no_table(&place, start, "a table")),
        }
    }

    fn no_table(&self, place: &str, start: usize, expected: &str) -> Problem {
        Problem::Toml(format!("line {}: {place}: expected {expected}", line(self.text, start)))
    }

    fn missing(&self, name: &str) -> Problem {
        if self.place.is_empty() {
            return Problem::Toml(format!("missing field `{name}`"));
        }
        Problem::Toml(format!("line {}: {}: missing field `{name}`", line(self.text, self.start), self.place))
    }

    /// Something is wrong with a field.
    pub(super) fn wrong(&self, name: &str, error: impl Into<Box<dyn Error + Send + Sync>>) -> Problem {
        let place = self.place_of(name);
        let place = match self.taken.get(name) {
            Some(start) => format!("line {}: {place}", line(self.text, *start)),
            None => place,
        };
        Problem::At { place, source: error.into() }
    }

    /// Something is wrong with the table as a whole.
    pub(super) fn contradiction(&self, error: impl Into<Box<dyn Error + Send + Sync>>) -> Problem {
        Problem::At { place: self.place.clone(), source: error.into() }
    }
}

/// Without the values, which may be keys.
impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields({})", self.place)
    }
}

fn line(text: &str, start: usize) -> usize {
    text.get(..start).unwrap_or_default().matches('\n').count() + 1
}

/// What is wrong with a line that is no TOML. Nothing of its value is shown.
fn syntax(text: &str, number: usize, message: &str) -> String {
    let line = text.lines().nth(number - 1).unwrap_or_default();
    let shown = |name: &str| shown(name.trim()).unwrap_or_else(|| "it".to_owned());
    let name = line.split_once('=').map(|(name, value)| (shown(name), value.trim()));
    match name {
        Some((name, "")) => format!("{name} has no value: texts stand in quotes, name = \"…\""),
        Some((name, value)) if value.starts_with('#') => {
            format!("{name} has no value: texts stand in quotes, name = \"…\"")
        }
        Some((name, _)) if message.starts_with("string values must be quoted") => {
            format!("the value of {name} stands in no quotes: name = \"…\"")
        }
        _ => format!("no TOML: {}", without_values(message)),
    }
}

/// What the names of Rust's types mean.
const TYPES: [(&str, &str); 8] = [
    ("expected i64", "expected a whole number"),
    ("expected u8", "expected a whole number from 0 to 255"),
    ("expected u16", "expected a whole number from 0 to 65535"),
    ("expected u32", "expected a whole number that is not negative"),
    ("expected u64", "expected a whole number that is not negative"),
    ("expected usize", "expected a whole number that is not negative"),
    ("expected a sequence", "expected a list, [ … ]"),
    ("expected a map", "expected a table"),
];

/// A message of the parser. Those about a wrong type show the value, which could be a key.
fn without_values(message: &str) -> String {
    let message = &TYPES.iter().fold(message.to_owned(), |message, (name, meaning)| match message.strip_suffix(name) {
        Some(before) => format!("{before}{meaning}"),
        None => message,
    });
    if let Some((found, expected)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.rsplit_once(", expected "))
    {
        let found = found.split_once(' ').map_or(found, |(kind, _)| kind);
        return format!("invalid type: {found}, expected {expected}");
    }
    match (message.find('"'), message.rfind('"')) {
        (Some(start), Some(end)) if start < end => {
            let (before, after) = (message.get(..start), message.get(end + 1..));
            format!("{}(a text){}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        _ => message.to_owned(),
    }
}
