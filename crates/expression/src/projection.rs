//! Projections: which parts of an item come back.

use std::fmt;

use super::condition::separated;
use super::lexer::{TokenKind, Tokens};
use super::{DocumentPath, ExpressionError, ExpressionKind};

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
