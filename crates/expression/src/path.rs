//! Document paths: `name`, `#name`, and below them `.name`, `.#name` and `[index]`.

use std::fmt;

use super::ExpressionError;
use super::lexer::{TokenKind, Tokens};

/// Where in an item: an attribute, and the way down into it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DocumentPath {
    /// The attribute.
    pub attribute: Name,
    /// From there down. Empty for the attribute itself.
    pub elements: Vec<Element>,
}

/// A name as the expression has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// The name itself: letters, digits and `_`, no digit first.
    Bare(String),
    /// A `#name` that stands for one, with its `#`.
    Placeholder(String),
}

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    /// Into a map.
    Name(Name),
    /// Into a list.
    Index(u32),
}

impl From<Name> for DocumentPath {
    fn from(attribute: Name) -> Self {
        Self { attribute, elements: Vec::new() }
    }
}

impl DocumentPath {
    pub(crate) fn read(tokens: &mut Tokens<'_>) -> Result<Self, ExpressionError> {
        let mut path = Self::from(Name::read(tokens, "an attribute name")?);
        path.read_elements(tokens)?;
        Ok(path)
    }

    /// Reads on where the elements go on. DynamoDB takes them behind a parenthesis as well: `(a.b).c`.
    pub(crate) fn read_elements(&mut self, tokens: &mut Tokens<'_>) -> Result<(), ExpressionError> {
        loop {
            if tokens.take(TokenKind::Dot).is_some() {
                self.elements.push(Element::Name(Name::read(tokens, "a name after the dot")?));
            } else if tokens.take(TokenKind::OpenBracket).is_some() {
                self.elements.push(Element::Index(read_index(tokens)?));
                tokens.expect(TokenKind::CloseBracket, "`]`")?;
            } else {
                return Ok(());
            }
        }
    }
}

impl Name {
    fn read(tokens: &mut Tokens<'_>, expected: &'static str) -> Result<Self, ExpressionError> {
        let token = tokens.peek();
        let name = match token.kind {
            TokenKind::Name => Self::Placeholder(token.text.to_owned()),
            TokenKind::Word if tokens.is_bare_name() => Self::Bare(token.text.to_owned()),
            _ => return Err(tokens.error(expected)),
        };
        tokens.advance();
        Ok(name)
    }
}

fn read_index(tokens: &mut Tokens<'_>) -> Result<u32, ExpressionError> {
    const EXPECTED: &str = "the index of a list element";
    let at = tokens.peek().offset;
    let digits = tokens.expect(TokenKind::Number, EXPECTED)?;
    digits.text.parse().map_err(|_| tokens.error_at(at, EXPECTED, "a number over 4294967295"))
}

impl fmt::Display for DocumentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.attribute.fmt(f)?;
        self.elements.iter().try_for_each(|element| element.fmt(f))
    }
}

impl fmt::Display for Element {
    /// With the dot before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, ".{name}"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Bare(text) | Self::Placeholder(text)) = self;
        f.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExpressionKind;

    fn read(text: &str) -> Result<DocumentPath, String> {
        let mut tokens = Tokens::new(ExpressionKind::Condition, text).unwrap();
        let path = DocumentPath::read(&mut tokens).map_err(|error| error.to_string())?;
        tokens.expect(TokenKind::End, "the end").map(|_| path).map_err(|error| error.to_string())
    }

    #[test]
    fn paths_read_and_print() {
        for (text, printed) in [
            ("a", "a"),
            ("#a", "#a"),
            ("_", "_"),
            ("order_id.notes.Andy", "order_id.notes.Andy"),
            (" a . #b [ 0 ]\n[10].c\t", "a.#b[0][10].c"),
            ("a[4294967295]", "a[4294967295]"),
        ] {
            assert_eq!(read(text).map(|path| path.to_string()).as_deref(), Ok(printed));
        }
        let path = read("a.#b[3]").unwrap();
        assert_eq!(path.attribute, Name::Bare("a".into()));
        let below = Element::Name(Name::Placeholder("#b".into()));
        assert_eq!(path.elements, [below, Element::Index(3)]);
    }

    #[test]
    fn refusals_say_where() {
        for (text, error) in [
            ("", "byte 0: expected an attribute name, found the end"),
            ("1a", "byte 0: expected an attribute name, found a number"),
            (":a", "byte 0: expected an attribute name, found `:a`"),
            ("and", "byte 0: expected an attribute name, found `and`"),
            ("a.", "byte 2: expected a name after the dot, found the end"),
            ("a..b", "byte 2: expected a name after the dot, found `.`"),
            ("a.or", "byte 2: expected a name after the dot, found `or`"),
            ("a[b]", "byte 2: expected the index of a list element, found `b`"),
            ("a[-1]", "byte 2: expected the index of a list element, found `-`"),
            ("a[01]", "byte 3: expected `]`, found a number"),
            ("a[1", "byte 3: expected `]`, found the end"),
            ("a[4294967296]", "byte 2: expected the index of a list element, found a number over 4294967295"),
            ("é", "byte 0: expected an attribute name, found `é`"),
            ("aé", "byte 1: expected the end, found `é`"),
        ] {
            assert_eq!(read(text), Err(format!("ConditionExpression, {error}")));
        }
    }
}
