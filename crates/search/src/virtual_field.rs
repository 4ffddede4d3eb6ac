//! Virtual fields (specification: `searchable-encryption/virtual.md`), and the text of values.

use dynaseal_core::{AttributeValue, Item};

use crate::error::BeaconError;
use crate::location::Location;
use crate::transform::Transform;

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
        let mut units = Vec::new();
        for part in &self.parts {
            let Some(text) = text_at(&part.location, item, &self.name)? else { return Ok(None) };
            let text = text.encode_utf16().collect();
            units.extend(part.transforms.iter().fold(text, |text, transform| transform.apply(text)));
        }
        // Only here, for halves of a character may come together again.
        let text = String::from_utf16(&units).map_err(|_| BeaconError::CutCharacter { field: self.name.clone() })?;
        Ok(Some(text))
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
