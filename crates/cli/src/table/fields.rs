//! A table of the file, taken apart field by field, so that each mistake is told with its place and line.

use std::error::Error;
use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::problem::Problem;

/// One table and where it stands.
pub(super) struct Fields<'t> {
    text: &'t str,
    /// The way to this table in the file: `keyring.children[0]`. Empty for the file itself.
    place: String,
    start: usize,
    table: DeTable<'t>,
}

impl<'t> Fields<'t> {
    /// The whole file.
    pub(super) fn file(text: &'t str) -> Result<Self, Problem> {
        let table = DeTable::parse(text).map_err(|error| {
            let message = without_values(error.message());
            Problem::Toml(match error.span() {
                Some(span) => format!("line {}: {message}", line(text, span.start)),
                None => message,
            })
        })?;
        Ok(Self { text, place: String::new(), start: 0, table: table.into_inner() })
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
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(Problem::Toml(format!("line {line}: unknown field `{name}`{place}: it takes {known}")))
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
        let read = T::deserialize(ValueDeserializer::from(value));
        read.map(Some).map_err(|error| {
            let line = line(self.text, error.span().map_or(start, |span| span.start));
            Problem::Toml(format!("line {line}: {}: {}", self.place_of(name), without_values(error.message())))
        })
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
        text.map(|text| text.parse().map_err(|error| self.wrong(name, error))).transpose()
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
            let message = format!("unknown variant `{text}`: take {}", words.join(", "));
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
            DeValue::Table(table) => Ok(Self { text: self.text, place, start, table }),
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
        Problem::At { place: self.place_of(name), source: error.into() }
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

/// A message of the parser. Those about a wrong type show the value, which could be a key.
fn without_values(message: &str) -> String {
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
