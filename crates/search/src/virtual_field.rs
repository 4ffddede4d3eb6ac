//! Virtual fields (specification: `searchable-encryption/virtual.md`), and the text of values.

use dynaseal_core::{AttributeValue, Item};

use crate::error::BeaconError;
use crate::location::Location;
use crate::transform::{Transform, Unit};

/// A text that is put together from parts of an item.
#[derive(Clone, Debug)]
pub(crate) struct Virtual {
    pub(crate) name: String,
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) location: Location,
    pub(crate) transforms: Vec<Transform>,
}

impl Virtual {
    /// Its value; none if a part is missing.
    pub(crate) fn text(&self, item: &Item) -> Result<Option<String>, BeaconError> {
        let mut texts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let Some(text) = text_at(&part.location, item, &self.name)? else { return Ok(None) };
            texts.push(text);
        }
        let is_ascii =
            |(part, text): (&Part, &&str)| text.is_ascii() && part.transforms.iter().all(Transform::is_ascii);
        // The halves of a character may come together again, so whether it is a text shows only at the end.
        let text = if self.parts.iter().zip(&texts).all(is_ascii) {
            String::from_utf8(self.units(&texts)).ok()
        } else {
            String::from_utf16(&self.units(&texts)).ok()
        };
        Ok(Some(text.ok_or_else(|| BeaconError::CutCharacter { field: self.name.clone() })?))
    }

    fn units<U: Unit>(&self, texts: &[&str]) -> Vec<U> {
        let transformed = |(part, text): (&Part, &&str)| {
            part.transforms.iter().fold(U::of(text).collect::<Vec<_>>(), |text, transform| transform.apply(text))
        };
        let mut parts = self.parts.iter().zip(texts).map(transformed);
        let mut units = parts.next().unwrap_or_default();
        parts.for_each(|part| units.extend(part));
        units
    }
}

/// The text of what an item has at a location, as a part of `of`. Numbers are as they were given, not normalised.
pub(crate) fn text_at<'i>(location: &Location, item: &'i Item, of: &str) -> Result<Option<&'i str>, BeaconError> {
    let Some(value) = location.find(item) else { return Ok(None) };
    let text = match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.as_str(),
        AttributeValue::Bool(true) => "true",
        AttributeValue::Bool(false) => "false",
        AttributeValue::Null(_) => "null",
        other => {
            let (of, location, found) = (of.to_owned(), location.to_string(), other.type_name());
            return Err(BeaconError::NotText { of, location, found });
        }
    };
    Ok(Some(text))
}
