//! A path with real names, and where in an expression it stands.

use std::fmt;

use dynaseal_core::{AttributeValue, Item};

use super::{Clause, Comparator};

/// A path, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathUse<'a> {
    /// The path.
    pub path: ResolvedPath<'a>,
    /// Where it stands.
    pub position: Position,
    /// Whether what stands there is `size(path)`.
    pub in_size: bool,
    /// Whether a `NOT` is around it: then a condition that holds for too many items loses some.
    pub negated: bool,
}

/// Where a path stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Position {
    /// Left of a comparator.
    Left(Comparator),
    /// Right of a comparator.
    Right(Comparator),
    /// What is looked at by `BETWEEN`.
    BetweenOperand,
    /// A bound of `BETWEEN`.
    BetweenBound,
    /// What is looked at by `IN`.
    InOperand,
    /// A candidate of `IN`.
    InCandidate,
    /// `attribute_exists` or `attribute_not_exists`.
    Exists,
    /// `attribute_type`.
    Type,
    /// The first operand of `begins_with`.
    BeginsWithOperand,
    /// The prefix of `begins_with`.
    BeginsWithPrefix,
    /// The first operand of `contains`.
    ContainsOperand,
    /// The second operand of `contains`.
    ContainsPart,
    /// In a projection.
    Projected,
    /// What an update changes.
    Target(Clause),
    /// What an update reads, right of the `=` of `SET`.
    Source,
}

/// A path with real names. What is inside of another stands behind it, and elements of lists stand in their order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResolvedPath<'a> {
    /// The attribute.
    pub attribute: &'a str,
    /// From there down.
    pub elements: Vec<ResolvedElement<'a>>,
}

/// One step down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResolvedElement<'a> {
    /// Into a map.
    Name(&'a str),
    /// Into a list.
    Index(u32),
}

impl<'a> ResolvedPath<'a> {
    /// Every name in it: of the attribute, and of members of maps below it.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        let below = self.elements.iter().filter_map(|element| match element {
            ResolvedElement::Name(name) => Some(*name),
            ResolvedElement::Index(_) => None,
        });
        std::iter::once(self.attribute).chain(below)
    }

    /// What an item has there.
    pub(crate) fn find<'i>(&self, item: &'i Item) -> Option<&'i AttributeValue> {
        self.elements.iter().try_fold(item.get(self.attribute)?, |value, element| element.find(value))
    }

    /// Whether one is the other or inside of it, or if one takes a value for a map that is a list to the other.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        use ResolvedElement::{Index, Name};
        if self.attribute != other.attribute {
            return false;
        }
        match self.elements.iter().zip(&other.elements).find(|(one, other)| one != other) {
            Some((Name(_), Name(_)) | (Index(_), Index(_))) => false,
            Some(_) | None => true,
        }
    }
}

impl ResolvedElement<'_> {
    /// What a map or list has there.
    pub(crate) fn find(self, value: &AttributeValue) -> Option<&AttributeValue> {
        match (self, value) {
            (Self::Name(name), AttributeValue::M(map)) => map.get(name),
            (Self::Index(index), AttributeValue::L(list)) => list.get(usize::try_from(index).ok()?),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(crate) fn find_mut(self, value: &mut AttributeValue) -> Option<&mut AttributeValue> {
        match (self, value) {
            (Self::Name(name), AttributeValue::M(map)) => map.get_mut(name),
            (Self::Index(index), AttributeValue::L(list)) => list.get_mut(usize::try_from(index).ok()?),
            _ => None,
        }
    }
}

impl fmt::Display for ResolvedPath<'_> {
    /// As documentation writes paths. Names are as they are, so this is for people, and no expression.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.attribute)?;
        self.elements.iter().try_for_each(|element| match element {
            ResolvedElement::Name(name) => write!(f, ".{name}"),
            ResolvedElement::Index(index) => write!(f, "[{index}]"),
        })
    }
}
