//! Documents: plain items, and items in the envelopes of DynamoDB's exports and streams.

use std::borrow::Cow;
use std::fmt;

use dynaseal::{Item, json};

use super::InputError;
use super::envelope;

/// What the documents of an input are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// Each by its shape: no document is of two forms.
    #[default]
    Auto,
    /// Items: {"pk":{"S":"a"}}.
    Items,
    /// Lines of an export to S3, full, {"Item":{…}}, or incremental, {"Metadata":{…},"Keys":{…},"NewImage":{…}}.
    Export,
    /// Records of DynamoDB Streams or Kinesis, {"eventName":…,"dynamodb":{…}}, or several, {"Records":[…]}.
    Stream,
}

/// One JSON document, with the items in it.
#[derive(Debug)]
pub(crate) struct Document {
    /// Around the records, as it was.
    head: String,
    /// One, but where the document is a batch of records.
    pub(crate) records: Vec<Record>,
    tail: String,
    pub(crate) is_batch: bool,
    /// What stood in the batch at these places and is no record.
    pub(crate) refused: Vec<(usize, InputError)>,
}

/// An item, a line of an export or a record of a stream.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// Where it stood in its batch.
    pub(crate) index: usize,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    /// As it was.
    Text(String),
    Image(Image),
}

/// An item, and which one of its record.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) role: Role,
    pub(crate) item: Item,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The item as it is, or was at the time of an export.
    Item,
    /// Before a change.
    Old,
    /// After a change.
    New,
}

impl Role {
    /// What an envelope calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Item => "Item",
            Self::Old => "OldImage",
            Self::New => "NewImage",
        }
    }

    pub(super) fn of_change(name: &str) -> Option<Self> {
        [Self::Old, Self::New].into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Document {
    /// Reads one.
    ///
    /// No text is of two forms, so that the order in which they are tried changes nothing: an attribute of an item is an
    /// object of one member, which names a type, and what that contains is never such an object again where an image or a
    /// list of records would have to be.
    pub(crate) fn parse(text: &str, form: Form) -> Result<Self, InputError> {
        match form {
            Form::Items => Self::plain(text),
            Form::Export => envelope::export(text),
            Form::Stream => envelope::stream(text),
            Form::Auto if envelope::is_possible(text) => envelope::any(text),
            Form::Auto => Self::plain(text),
        }
    }

    pub(super) fn plain(text: &str) -> Result<Self, InputError> {
        Ok(Self::of(json::from_str(text)?))
    }

    /// An item alone.
    pub(super) fn of(item: Item) -> Self {
        let mut record = Record::default();
        record.push_image(Role::Item, item);
        Self::single(record)
    }

    pub(super) fn single(record: Record) -> Self {
        Self { head: String::new(), records: vec![record], tail: String::new(), is_batch: false, refused: Vec::new() }
    }

    pub(super) fn batch(head: String, records: Vec<Record>, tail: String, refused: Vec<(usize, InputError)>) -> Self {
        Self { head, records, tail, is_batch: true, refused }
    }

    /// All of its items.
    pub(crate) fn images_mut(&mut self) -> impl Iterator<Item = &mut Image> {
        self.records.iter_mut().flat_map(Record::images_mut)
    }

    /// On one line, with the items as they are now. Records of a batch that were taken out are missing.
    pub(crate) fn into_line(self) -> String {
        let mut line = self.head;
        for (index, record) in self.records.into_iter().enumerate() {
            if index > 0 {
                line.push(',');
            }
            record.write(&mut line);
        }
        line.push_str(&self.tail);
        line
    }
}

impl Record {
    pub(crate) fn images_mut(&mut self) -> impl Iterator<Item = &mut Image> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Image(image) => Some(image),
            Part::Text(_) => None,
        })
    }

    pub(super) fn images(&self) -> impl Iterator<Item = &Image> {
        self.parts.iter().filter_map(|part| match part {
            Part::Image(image) => Some(image),
            Part::Text(_) => None,
        })
    }

    /// The record with this place in its batch.
    pub(super) fn at(self, index: usize) -> Self {
        Self { index, ..self }
    }

    /// Text as it was, but on one line.
    pub(super) fn push_text(&mut self, text: &str) {
        let text = one_line(text);
        match self.parts.last_mut() {
            Some(Part::Text(last)) => last.push_str(&text),
            _ => self.parts.push(Part::Text(text.into_owned())),
        }
    }

    pub(super) fn push_image(&mut self, role: Role, item: Item) {
        self.parts.push(Part::Image(Image { role, item }));
    }

    /// Text that came before and after all of it, if it has no image.
    pub(super) fn into_text(self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(self, line: &mut String) {
        for part in self.parts {
            match part {
                Part::Text(text) => line.push_str(&text),
                Part::Image(image) => line.push_str(&json::to_string(&image.item)),
            }
        }
    }
}

/// JSON without line breaks. Those stand between its tokens only, for in strings they are escaped.
fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(['\n', '\r']) {
        return text.into();
    }
    let (mut line, mut in_string, mut escaped) = (String::with_capacity(text.len()), false, false);
    for c in text.chars() {
        if !in_string && c.is_ascii_whitespace() {
            continue;
        }
        if c == '"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && c == '\\' && !escaped;
        line.push(c);
    }
    line.into()
}
