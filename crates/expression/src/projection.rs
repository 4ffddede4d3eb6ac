//! Projections: which parts of an item come back.

use std::collections::BTreeMap;
use std::fmt;

use dynaseal_core::{AttributeValue, Item};

use super::condition::separated;
use super::lexer::{TokenKind, Tokens};
use super::path_use::{ResolvedElement, ResolvedPath};
use super::{DocumentPath, ExpressionError, ExpressionKind, Placeholders, ResolveError};

/// A `ProjectionExpression`: one path or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// In the order of the text. None is inside of another one; [`super::Placeholders`] sees to that, for it needs names.
    pub paths: Vec<DocumentPath>,
}

impl Projection {
    /// Reads a projection.
    ///
    /// # Errors
    /// If DynamoDB could not read it either; the error says where and why.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut tokens = Tokens::new(ExpressionKind::Projection, text)?;
        let mut paths = vec![DocumentPath::read(&mut tokens)?];
        while tokens.take(TokenKind::Comma).is_some() {
            paths.push(DocumentPath::read(&mut tokens)?);
        }
        tokens.expect(TokenKind::End, "a comma or the end")?;
        Ok(Self { paths })
    }
}

/// A projection with its names, ready for any number of items.
///
/// ```
/// use std::collections::BTreeMap;
/// use dynaseal_core::{AttributeValue, Item};
/// use dynaseal_expression::{BoundProjection, Projection};
/// let projection = Projection::parse("tags[2], tags[0], #n, nowhere")?;
/// let names = BTreeMap::from([("#n".to_owned(), "first name".to_owned())]);
/// let bound = BoundProjection::new(&projection, &names)?;
/// let tags = |tags: &[&str]| AttributeValue::L(tags.iter().map(|tag| (*tag).into()).collect());
/// let item = Item::from([("tags".to_owned(), tags(&["a", "b", "c"])), ("first name".to_owned(), "Ada".into())]);
/// let part = bound.apply(item);
/// assert_eq!(part["tags"], tags(&["a", "c"]));
/// assert_eq!(part["first name"], "Ada".into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct BoundProjection<'a> {
    /// In their order, so that those into one map or list stand together.
    paths: Vec<ResolvedPath<'a>>,
}

impl<'a> BoundProjection<'a> {
    /// Joins a projection and `ExpressionAttributeNames`, which may have more than it uses: other expressions of the
    /// request share them.
    ///
    /// # Errors
    /// If a placeholder is not defined, or if paths overlap; DynamoDB refuses both, too.
    pub fn new(projection: &'a Projection, names: &'a BTreeMap<String, String>) -> Result<Self, ResolveError> {
        let pairs = names.iter().map(|(placeholder, name)| (placeholder.as_str(), name.as_str()));
        let uses = Placeholders::new(pairs, []).projection(projection)?;
        let mut paths: Vec<_> = uses.into_iter().map(|of| of.path).collect();
        paths.sort();
        Ok(Self { paths })
    }

    /// The parts of an item that the paths lead to, in the maps and lists that they are in. The elements of a list move up
    /// to its front, in the order of the list. What the item does not have is left out, and so are maps and lists of which
    /// nothing is left.
    #[must_use]
    pub fn apply(&self, mut item: Item) -> Item {
        let attributes = self.paths.chunk_by(|one, other| one.attribute == other.attribute);
        let parts = attributes.filter_map(|paths| {
            let attribute = paths.first()?.attribute;
            Some((attribute.to_owned(), part(item.remove(attribute)?, paths, 0)?))
        });
        parts.collect()
    }
}

/// What the paths take of a value that is `depth` steps into each of them. Recursion ends where the value does.
fn part(value: AttributeValue, paths: &[ResolvedPath<'_>], depth: usize) -> Option<AttributeValue> {
    let parts = paths.chunk_by(|one, other| step(one, depth) == step(other, depth));
    let parts = parts.filter_map(|paths| Some((step(paths.first()?, depth), paths)));
    match value {
        // A path that ends here is alone, for none is inside of another.
        value if paths.iter().any(|path| step(path, depth).is_none()) => Some(value),
        AttributeValue::M(mut map) => {
            let members = parts.filter_map(|(element, paths)| match element {
                Some(ResolvedElement::Name(name)) => {
                    Some((name.to_owned(), part(map.remove(name)?, paths, depth + 1)?))
                }
                _ => None,
            });
            let members: BTreeMap<_, _> = members.collect();
            (!members.is_empty()).then_some(AttributeValue::M(members))
        }
        AttributeValue::L(list) => {
            let mut rest = (0..).zip(list);
            let elements = parts.filter_map(|(element, paths)| match element {
                Some(ResolvedElement::Index(index)) => {
                    let (_, value) = rest.find(|(at, _): &(u32, _)| *at == index)?;
                    part(value, paths, depth + 1)
                }
                _ => None,
            });
            let elements: Vec<_> = elements.collect();
            (!elements.is_empty()).then_some(AttributeValue::L(elements))
        }
        _ => None,
    }
}

fn step<'a>(path: &ResolvedPath<'a>, depth: usize) -> Option<ResolvedElement<'a>> {
    path.elements.get(depth).copied()
}

impl fmt::Display for Projection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        separated(f, &self.paths, ", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> Result<String, String> {
        Projection::parse(text).map(|projection| projection.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn projections_read_and_print() {
        assert_eq!(printed("a").as_deref(), Ok("a"));
        assert_eq!(printed(" a,#b .c\n,l[1] , IN_, order_id").as_deref(), Ok("a, #b.c, l[1], IN_, order_id"));
    }

    #[test]
    fn parts_of_an_item() {
        use AttributeValue::{L, M};
        let map = |members: &[(&str, AttributeValue)]| -> Item {
            members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
        };
        let inner = |name: &str| M(map(&[("a", name.into()), ("b", name.into()), ("c", name.into())]));
        let item = map(&[
            ("m", M(map(&[("x", inner("x")), ("y", inner("y"))]))),
            ("l", L(["0", "1", "2"].map(inner).into())),
            ("s", "s".into()),
        ]);
        for (text, expected) in [
            ("s, m", map(&[("s", "s".into()), ("m", item["m"].clone())])),
            (
                "m.y.a, m.#x, m.y.c",
                map(&[("m", M(map(&[("x", inner("x")), ("y", M(map(&[("a", "y".into()), ("c", "y".into())])))])))]),
            ),
            (
                "l[2], l[0].b, l[7], l[0].a",
                map(&[("l", L(vec![M(map(&[("a", "0".into()), ("b", "0".into())])), inner("2")]))]),
            ),
            ("s[0], m[0], l.x", Item::new()),
            ("nothing, s.x, l[3], m.z, m.x.z, l[1].z", Item::new()),
        ] {
            let projection = Projection::parse(text).unwrap();
            let names = BTreeMap::from([("#x".to_owned(), "x".to_owned())]);
            assert_eq!(BoundProjection::new(&projection, &names).unwrap().apply(item.clone()), expected, "{text}");
        }
    }

    /// On the stack of a thread as Rust makes them.
    #[test]
    fn a_path_may_be_as_long_as_an_expression() {
        let projection = Projection::parse(&format!("a{}", "[0]".repeat(1365))).unwrap();
        let names = BTreeMap::new();
        let list = AttributeValue::L(vec![AttributeValue::L(vec!["x".into()])]);
        let part = BoundProjection::new(&projection, &names).unwrap().apply([("a".to_owned(), list)].into());
        assert_eq!(part, Item::new());
    }

    #[test]
    fn refusals_say_where() {
        for (text, error) in [
            ("", "byte 0: expected an attribute name, found the end"),
            ("a,", "byte 2: expected an attribute name, found the end"),
            ("a b", "byte 2: expected a comma or the end, found `b`"),
            ("a, :b", "byte 3: expected an attribute name, found `:b`"),
            ("(a)", "byte 0: expected an attribute name, found `(`"),
        ] {
            assert_eq!(printed(text), Err(format!("ProjectionExpression, {error}")));
        }
    }
}
