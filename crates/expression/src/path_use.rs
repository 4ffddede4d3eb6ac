//! A path with real names, and where in an expression it stands.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use dynaseal_core::{AttributeValue, Item};

use super::{Clause, Comparator, DocumentPath, Element, Name};

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

/// A path with real names. What is inside of another stands behind it, and elements of lists stand in their order. Two are
/// equal if they lead to the same place, however they are written.
///
/// `Display` and `Debug` name the attribute, and what is below it as the request writes it: `map.#m`. Below an encrypted
/// attribute the real names are as secret as values.
#[derive(Clone)]
pub struct ResolvedPath<'a> {
    /// The attribute.
    pub attribute: &'a str,
    /// From there down.
    pub elements: Vec<ResolvedElement<'a>>,
    /// The same, as the request writes them.
    written: &'a [Element],
}

/// One step down.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResolvedElement<'a> {
    /// Into a map.
    Name(&'a str),
    /// Into a list.
    Index(u32),
}

impl<'a> ResolvedPath<'a> {
    /// Resolves a path; `name` gives the real name of each of its names.
    ///
    /// # Errors
    /// The first that `name` gives.
    pub fn new<E>(path: &'a DocumentPath, mut name: impl FnMut(&'a Name) -> Result<&'a str, E>) -> Result<Self, E> {
        let attribute = name(&path.attribute)?;
        let element = |element: &'a Element| match element {
            Element::Index(index) => Ok(ResolvedElement::Index(*index)),
            Element::Name(of) => name(of).map(ResolvedElement::Name),
        };
        let elements = path.elements.iter().map(element).collect::<Result<_, _>>()?;
        Ok(Self { attribute, elements, written: &path.elements })
    }

    /// An attribute as a whole.
    pub(crate) fn of_attribute(attribute: &'a str) -> Self {
        Self { attribute, elements: Vec::new(), written: &[] }
    }

    /// The first of its names that fulfils a condition: that of the attribute as it is, those below it as the request writes
    /// them.
    pub fn find_name(&self, is: impl Fn(&str) -> bool) -> Option<&'a str> {
        let below = self.elements.iter().zip(self.written).filter_map(|(element, written)| match (element, written) {
            (ResolvedElement::Name(name), Element::Name(Name::Bare(written) | Name::Placeholder(written))) => {
                Some((*name, written.as_str()))
            }
            _ => None,
        });
        let mut names = std::iter::once((self.attribute, self.attribute)).chain(below);
        names.find(|(name, _)| is(name)).map(|(_, written)| written)
    }

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
    /// As documentation writes paths. The attribute's name is as it is, so this is for people, and no expression.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.attribute)?;
        self.written.iter().try_for_each(|element| element.fmt(f))
    }
}

impl fmt::Debug for ResolvedPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResolvedPath({self})")
    }
}

/// Without the name.
impl fmt::Debug for ResolvedElement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(_) => f.write_str("Name"),
            Self::Index(index) => write!(f, "Index({index})"),
        }
    }
}

impl PartialEq for ResolvedPath<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ResolvedPath<'_> {}

impl PartialOrd for ResolvedPath<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResolvedPath<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.attribute.cmp(other.attribute).then_with(|| self.elements.cmp(&other.elements))
    }
}

impl Hash for ResolvedPath<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.attribute.hash(state);
        self.elements.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::convert::Infallible;

    use super::*;
    use crate::{Clause, Update};

    /// A path of an update, for which every `#name` stands for `name` in capitals.
    fn with<T>(text: &str, look: impl FnOnce(&ResolvedPath<'_>) -> T) -> T {
        let update = Update::parse(&format!("REMOVE {text}")).unwrap();
        let names =
            ["#a", "#b", "#c"].map(|placeholder| (placeholder, placeholder.trim_start_matches('#').to_uppercase()));
        let name = |name: &'_ Name| match name {
            Name::Bare(name) => Ok::<_, Infallible>(name.clone()),
            Name::Placeholder(text) => Ok(names.iter().find(|(known, _)| known == text).unwrap().1.clone()),
        };
        let found: Vec<(Name, String)> =
            names_in(&update.remove[0]).map(|of| (of.clone(), name(of).unwrap())).collect();
        let path = ResolvedPath::new(&update.remove[0], |of| {
            Ok::<_, Infallible>(found.iter().find(|(known, _)| known == of).unwrap().1.as_str())
        });
        look(&path.unwrap())
    }

    fn names_in(path: &DocumentPath) -> impl Iterator<Item = &Name> {
        let below = path.elements.iter().filter_map(|element| match element {
            Element::Name(name) => Some(name),
            Element::Index(_) => None,
        });
        std::iter::once(&path.attribute).chain(below)
    }

    #[test]
    fn every_name_is_looked_at_and_those_below_the_attribute_are_given_as_written() {
        let text = "#a[1].b.#c[2].#b";
        assert_eq!(with(text, |path| path.names().map(str::to_owned).collect::<Vec<_>>()), ["A", "b", "C", "B"]);
        let find = |wanted: &str| with(text, |path| path.find_name(|name| name == wanted).map(str::to_owned));
        assert_eq!(find("A").as_deref(), Some("A"));
        assert_eq!(find("b").as_deref(), Some("b"));
        // What a placeholder below an attribute stands for may be a secret.
        assert_eq!(find("C").as_deref(), Some("#c"));
        assert_eq!(find("B").as_deref(), Some("#b"));
        for other in ["#a", "#c", "a", "c", "", "1"] {
            assert_eq!(find(other), None, "{other}");
        }
        assert_eq!(with(text, |path| path.find_name(|_| true).map(str::to_owned)).as_deref(), Some("A"));
    }

    /// By their names, however they are written.
    #[test]
    fn paths_are_equal_if_they_lead_to_the_same_place() {
        let texts =
            ["a", "A", "#a", "a.b", "A.B", "#a.#b", "A.#b", "a[0]", "a[1]", "#a[1]", "A[1]", "A[1].B", "#a[1].#b"];
        let place = |text: &str| text.replace("#a", "A").replace("#b", "B");
        for one in texts {
            for other in texts {
                let same = place(one) == place(other);
                let mut hashes = HashSet::new();
                with(one, |one| {
                    with(other, |other| {
                        assert_eq!((one == other, one.cmp(other) == Ordering::Equal), (same, same), "{one} {other}");
                        assert_eq!(one.partial_cmp(other), Some(one.cmp(other)));
                        for path in [one, other] {
                            let mut hasher = std::hash::DefaultHasher::new();
                            path.hash(&mut hasher);
                            hashes.insert(hasher.finish());
                        }
                    });
                });
                assert_eq!(hashes.len() == 1, same, "{one} {other}");
            }
        }
    }

    #[test]
    fn debug_shows_no_name_below_the_attribute() {
        let (path, elements) = with("#a.#c[3].b", |path| (format!("{path:?}"), format!("{:?}", path.elements)));
        assert_eq!((path.as_str(), elements.as_str()), ("ResolvedPath(A.#c[3].b)", "[Name, Index(3), Name]"));
        let of = with("#a.#c", |path| {
            let of =
                PathUse { path: path.clone(), position: Position::Target(Clause::Set), in_size: false, negated: true };
            format!("{of:?}")
        });
        let expected = "PathUse { path: ResolvedPath(A.#c), position: Target(Set), in_size: false, negated: true }";
        assert_eq!(of, expected);
    }
}
