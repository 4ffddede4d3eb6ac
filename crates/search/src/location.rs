//! Terminal locations (specification: `searchable-encryption/virtual.md`, Terminal Location): where in an item a value is.

use std::fmt;

use dynaseal_core::{AttributeValue, Item};
use dynaseal_expression::{DocumentPath, Element, Name, ResolvedElement, ResolvedPath};

/// A path to a value: `name`, `address.city`, `phones[0].number`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Location {
    attribute: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Step {
    Key(String),
    Index(u32),
}

/// A location that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no location: {problem}")]
pub struct LocationError {
    text: String,
    problem: &'static str,
}

impl Location {
    /// Dots and brackets always part: a name that has some can not be reached, as in the official clients.
    pub(crate) fn parse(text: &str) -> Result<Self, LocationError> {
        let failed = |problem| LocationError { text: text.to_owned(), problem };
        let (attribute, mut rest) = split_name(text);
        if attribute.is_empty() {
            return Err(failed("it has to begin with the name of an attribute"));
        }
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(behind) = rest.strip_prefix('.') {
                let (key, next) = split_name(behind);
                if key.is_empty() {
                    return Err(failed("a name has to follow the dot"));
                }
                steps.push(Step::Key(key.to_owned()));
                rest = next;
            } else {
                let inside = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
                let (digits, next) = inside.ok_or_else(|| failed("a `[` is not closed"))?;
                let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                let index = digits.parse().ok().filter(|_| is_number);
                steps.push(Step::Index(index.ok_or_else(|| failed("between brackets there has to be an index"))?));
                if !next.is_empty() && !next.starts_with(['.', '[']) {
                    return Err(failed("a dot or `[` has to follow the bracket"));
                }
                rest = next;
            }
        }
        Ok(Self { attribute: attribute.to_owned(), steps })
    }

    /// The attribute that it is in.
    pub(crate) fn attribute(&self) -> &str {
        &self.attribute
    }

    /// Whether it is the attribute itself.
    pub(crate) fn is_attribute(&self) -> bool {
        self.steps.is_empty()
    }

    /// What an item has there.
    pub(crate) fn find<'i>(&self, item: &'i Item) -> Option<&'i AttributeValue> {
        self.steps.iter().try_fold(item.get(&self.attribute)?, |value, step| match (step, value) {
            (Step::Key(key), AttributeValue::M(map)) => map.get(key),
            (Step::Index(index), AttributeValue::L(list)) => list.get(usize::try_from(*index).ok()?),
            _ => None,
        })
    }

    /// Whether a path of an expression leads there.
    pub(crate) fn is_at(&self, path: &ResolvedPath<'_>) -> bool {
        let same = |(step, element): (&Step, &ResolvedElement<'_>)| match (step, element) {
            (Step::Key(key), ResolvedElement::Name(name)) => key == name,
            (Step::Index(index), ResolvedElement::Index(other)) => index == other,
            _ => false,
        };
        self.attribute == path.attribute
            && self.steps.len() == path.elements.len()
            && self.steps.iter().zip(&path.elements).all(same)
    }

    /// As a path for evaluating; its names need not be such that they could stand in a text.
    pub(crate) fn path(&self) -> DocumentPath {
        let element = |step: &Step| match step {
            Step::Key(key) => Element::Name(Name::Bare(key.clone())),
            Step::Index(index) => Element::Index(*index),
        };
        DocumentPath {
            attribute: Name::Bare(self.attribute.clone()),
            elements: self.steps.iter().map(element).collect(),
        }
    }
}

fn split_name(text: &str) -> (&str, &str) {
    text.find(['.', '[']).map_or((text, ""), |end| text.split_at(end))
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.attribute)?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_read_print_and_find() {
        let map = AttributeValue::M([("l".to_owned(), AttributeValue::L(vec!["x".into(), 7.into()]))].into());
        let item = Item::from([("é m".to_owned(), map), ("s".to_owned(), "text".into())]);
        for (text, found) in [
            ("s", Some("text".into())),
            ("é m.l[1]", Some(7.into())),
            ("é m.l[2]", None),
            ("é m.l.x", None),
            ("é m[0]", None),
            ("s.x", None),
            ("absent", None),
        ] {
            let location = Location::parse(text).expect("valid");
            assert_eq!(location.to_string(), text);
            assert_eq!(location.find(&item), found.as_ref(), "{text}");
        }
    }

    #[test]
    fn what_is_no_location() {
        for text in ["", ".a", "[0]", "a.", "a..b", "a[", "a[]", "a[x]", "a[-1]", "a[+1]", "a[0]b", "a[99999999999]"] {
            let error = Location::parse(text).expect_err(text);
            assert!(error.to_string().starts_with(&format!("`{text}` is no location: ")), "{error}");
        }
    }
}
