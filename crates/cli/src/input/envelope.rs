//! What DynamoDB's exports and streams put around items. Everything but the images is kept as it was written.

use std::fmt;

use dynaseal::{Item, json};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::InputError;
use super::document::{Document, Record, Role};

/// Of a line of a full export.
const ITEM: &str = "Item";
/// Of a change, in an incremental export or a stream.
const KEYS: &str = "Keys";
/// Of an incremental export.
const METADATA: &str = "Metadata";
/// Of a record of a stream.
const DYNAMODB: &str = "dynamodb";
/// Of a record of a Kinesis stream, as functions get it: another record, as Base64.
const KINESIS: &str = "kinesis";
/// Of several records.
const RECORDS: &str = "Records";

/// What an answer of GetItem has.
const ANSWER: [&str; 3] = [ITEM, "ConsumedCapacity", "ResponseMetadata"];

const TYPES: [&str; 10] = ["S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"];

/// Whether it is worth looking for an envelope: each has one of these names.
pub(super) fn is_possible(text: &str) -> bool {
    [ITEM, KEYS, DYNAMODB, RECORDS].iter().any(|name| text.contains(name))
}

/// An export, a stream or an item.
pub(super) fn any(text: &str) -> Result<Document, InputError> {
    // What is wrong with the text as a whole is the same for items.
    let Ok(members) = Members::parse(text) else { return Document::plain(text) };
    if let Some(item) = members.only(ITEM) {
        return full_export(item).or_else(|error| match Document::plain(text) {
            Err(_) if !is_typed(item) => Err(error),
            plain => plain,
        });
    }
    if let Some(Ok(item)) = answered_item(text) {
        return Ok(Document::of(item));
    }
    let is_change = members.get(METADATA).is_some() || members.images().next().is_some();
    if is_change && members.get(KEYS).is_some_and(|keys| is_item(keys) || !is_typed(keys)) {
        return change(&members).map(Document::single);
    }
    if members.get(RECORDS).is_some_and(|records| records.get().starts_with('[')) {
        return batch(&members);
    }
    let body = members.get(DYNAMODB).and_then(|body| Members::parse(body.get()).ok());
    if body.is_some_and(|body| body.get(KEYS).is_some()) {
        return stream_record(&members).map(Document::single);
    }
    Document::plain(text)
}

/// A line of an export, full or incremental.
pub(super) fn export(text: &str) -> Result<Document, InputError> {
    let members = Members::parse(text)?;
    match members.only(ITEM) {
        Some(item) => full_export(item),
        None if members.get(KEYS).is_some() => change(&members).map(Document::single),
        None => Err(InputError::NoExport),
    }
}

/// A record of a stream, or a batch of them.
pub(super) fn stream(text: &str) -> Result<Document, InputError> {
    let members = Members::parse(text)?;
    match members.get(RECORDS) {
        Some(_) => batch(&members),
        None => stream_record(&members).map(Document::single),
    }
}

/// `{"Item":…}`.
fn full_export(item: &RawValue) -> Result<Document, InputError> {
    let item = image(ITEM, item)?;
    let mut record = Record::default();
    record.push_text(&format!("{{\"{ITEM}\":"));
    record.push_image(Role::Item, item);
    record.push_text("}");
    Ok(Document::single(record))
}

/// `{"Metadata":…,"Keys":…,"OldImage":…,"NewImage":…}`, where any but the keys may be missing.
fn change(members: &Members<'_>) -> Result<Record, InputError> {
    let mut record = Record::default();
    push_change(members, &mut record)?;
    Ok(record)
}

/// `{"eventName":…,"dynamodb":{"Keys":…,"OldImage":…,"NewImage":…}}`.
fn stream_record(members: &Members<'_>) -> Result<Record, InputError> {
    if members.get(KINESIS).is_some() && members.get(DYNAMODB).is_none() {
        return Err(InputError::Kinesis);
    }
    let body = members.get(DYNAMODB).ok_or(InputError::NoStream)?;
    let body = Members::parse(body.get())?;
    let mut record = Record::default();
    members.push(&mut record, |name, value, record| match name {
        DYNAMODB => push_change(&body, record),
        _ => {
            record.push_text(value.get());
            Ok(())
        }
    })?;
    Ok(record)
}

/// `{"Records":[…]}`.
fn batch(members: &Members<'_>) -> Result<Document, InputError> {
    let elements = members.get(RECORDS).ok_or(InputError::NoStream)?;
    let elements: Vec<&RawValue> = serde_json::from_str(elements.get()).map_err(|_| InputError::NoStream)?;
    let (mut records, mut refused) = (Vec::new(), Vec::new());
    for (index, element) in elements.into_iter().enumerate() {
        match Members::parse(element.get()).and_then(|members| stream_record(&members)) {
            Ok(record) => records.push(record.at(index)),
            Err(error) => refused.push((index, error)),
        }
    }
    let (mut around, mut head) = (Record::default(), None);
    members.push(&mut around, |name, value, around| {
        if name == RECORDS {
            around.push_text("[");
            head = Some(std::mem::take(around).into_text());
            around.push_text("]");
        } else {
            around.push_text(value.get());
        }
        Ok(())
    })?;
    Ok(Document::batch(head.unwrap_or_default(), records, around.into_text(), refused))
}

/// The object in which the images stand.
fn push_change(members: &Members<'_>, record: &mut Record) -> Result<(), InputError> {
    let keys = image(KEYS, members.get(KEYS).ok_or(InputError::NoKeys)?)?;
    members.push(record, |name, value, record| {
        match Role::of_change(name) {
            // As some libraries write that there is none.
            Some(_) if value.get() == "null" => record.push_text(value.get()),
            Some(role) => record.push_image(role, image(role.name(), value)?),
            None => record.push_text(value.get()),
        }
        Ok(())
    })?;
    // Nobody vouches for the keys of the envelope, but those of an image are verified with it.
    let other = record.images().find(|image| keys.iter().any(|(name, value)| image.item.get(name) != Some(value)));
    match other {
        Some(image) => Err(InputError::OtherKeys(image.role)),
        None => Ok(()),
    }
}

fn image(name: &'static str, value: &RawValue) -> Result<Item, InputError> {
    json::from_str(value.get()).map_err(|source| InputError::Image { name, source })
}

fn is_item(value: &RawValue) -> bool {
    json::from_str(value.get()).is_ok()
}

/// Whether it is an object of plain JSON, as programs write that know nothing of DynamoDB's types.
pub(super) fn is_plain_json(text: &str) -> bool {
    const ENVELOPES: [&str; 8] = [ITEM, "Items", "Responses", KEYS, METADATA, DYNAMODB, KINESIS, RECORDS];
    let Ok(members) = Members::parse(text) else { return false };
    let is_known = |name: &str| ENVELOPES.contains(&name) || Role::of_change(name).is_some();
    !members.0.is_empty() && !members.0.iter().any(|(name, value)| is_known(name) || is_typed(value))
}

/// The item in an answer of GetItem, `{"Item":…,"ConsumedCapacity":…}`.
pub(super) fn answered_item(text: &str) -> Option<Result<Item, InputError>> {
    let members = Members::parse(text).ok()?;
    let item = members.get(ITEM).filter(|item| is_item(item) || !is_typed(item))?;
    members.names().all(|name| ANSWER.contains(&name)).then(|| image(ITEM, item))
}

/// Whether it looks like the value of an attribute.
fn is_typed(value: &RawValue) -> bool {
    let members = Members::parse(value.get());
    members.is_ok_and(|members| matches!(&*members.0, [(name, _)] if TYPES.contains(&&**name)))
}

/// The members of an object as they stand.
pub(super) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, InputError> {
        // Of another type than an object serde would quote the value.
        let failed =
            |error: serde_json::Error| if error.is_data() { InputError::NoObject } else { InputError::syntax(&error) };
        let members: Self = serde_json::from_str(text).map_err(failed)?;
        let mut names: Vec<&str> = members.0.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        if names.is_sorted_by(|a, b| a < b) { Ok(members) } else { Err(InputError::Twice) }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find_map(|(other, value)| (other == name).then_some(*value))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// The member of this name, if there is no other one.
    fn only(&self, name: &str) -> Option<&'a RawValue> {
        if self.0.len() == 1 { self.get(name) } else { None }
    }

    fn images(&self) -> impl Iterator<Item = Role> {
        self.0.iter().filter_map(|(name, _)| Role::of_change(name))
    }

    /// Writes the object, each value as `each` does.
    fn push(
        &self,
        record: &mut Record,
        mut each: impl FnMut(&str, &'a RawValue, &mut Record) -> Result<(), InputError>,
    ) -> Result<(), InputError> {
        record.push_text("{");
        for (index, (name, value)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            record.push_text(&format!("{comma}{}:", serde_json::Value::from(&**name)));
            each(name, value, record)?;
        }
        record.push_text("}");
        Ok(())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Self)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}
