//! What is wrong with the text of an expression.

use std::fmt;

/// Which of a request's expressions a text is. Condition and filter have one grammar, and so nearly has the key condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExpressionKind {
    /// `ConditionExpression`.
    Condition,
    /// `FilterExpression`.
    Filter,
    /// `KeyConditionExpression`.
    KeyCondition,
    /// `ProjectionExpression`.
    Projection,
    /// `UpdateExpression`.
    Update,
}

impl ExpressionKind {
    /// The parameter's name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Condition => "ConditionExpression",
            Self::Filter => "FilterExpression",
            Self::KeyCondition => "KeyConditionExpression",
            Self::Projection => "ProjectionExpression",
            Self::Update => "UpdateExpression",
        }
    }

    /// Words that are never names in this kind of expression, in upper case. All of them are reserved anyway, so no bare
    /// name is lost.
    pub(crate) fn keywords(self) -> &'static [&'static str] {
        match self {
            Self::Condition | Self::Filter | Self::KeyCondition => &["AND", "OR", "NOT", "BETWEEN", "IN"],
            Self::Projection => &[],
            Self::Update => &["SET", "REMOVE", "ADD", "DELETE"],
        }
    }
}

impl fmt::Display for ExpressionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An expression that makes no sense, and where.
///
/// The message shows one token of the expression at most, and never a literal number: an expression has no values in it,
/// unless somebody pasted them there by mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}, byte {offset}: expected {expected}, found {found}")]
pub struct ExpressionError {
    kind: ExpressionKind,
    offset: usize,
    expected: &'static str,
    found: String,
}

impl ExpressionError {
    pub(crate) fn new(kind: ExpressionKind, offset: usize, expected: &'static str, found: String) -> Self {
        Self { kind, offset, expected, found }
    }

    /// Which expression of the request.
    pub fn kind(&self) -> ExpressionKind {
        self.kind
    }

    /// Bytes from the start of the expression.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What could have stood there.
    pub fn expected(&self) -> &str {
        self.expected
    }

    /// What stood there: a token in backquotes, or a description.
    pub fn found(&self) -> &str {
        &self.found
    }
}

/// A piece of a request as it may stand in a message: at most 40 characters, none of them a control character.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut out: String = text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For callers that point at the place themselves: what the message says, piece by piece.
    #[test]
    fn an_error_tells_its_pieces() {
        let error = crate::Condition::parse(ExpressionKind::Filter, "a = :v b = :w").unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ExpressionKind::Filter, 7));
        assert_eq!((error.expected(), error.found()), ("AND, OR or the end", "`b`"));
        assert_eq!(error.to_string(), "FilterExpression, byte 7: expected AND, OR or the end, found `b`");
        let error = crate::Update::parse("SET a").unwrap_err();
        assert_eq!((error.kind(), error.offset(), error.found()), (ExpressionKind::Update, 5, "the end"));
    }

    #[test]
    fn every_kind_has_the_name_of_its_parameter() {
        for (kind, name) in [
            (ExpressionKind::Condition, "ConditionExpression"),
            (ExpressionKind::Filter, "FilterExpression"),
            (ExpressionKind::KeyCondition, "KeyConditionExpression"),
            (ExpressionKind::Projection, "ProjectionExpression"),
            (ExpressionKind::Update, "UpdateExpression"),
        ] {
            assert_eq!((kind.name(), kind.to_string().as_str()), (name, name));
        }
    }

    #[test]
    fn shown_text_is_short_and_harmless() {
        assert_eq!(shown("a\u{1b}[31m\nb"), "a\u{fffd}[31m\u{fffd}b");
        assert_eq!(shown(&"é".repeat(40)), "é".repeat(40));
        assert_eq!(shown(&"é".repeat(41)), format!("{}…", "é".repeat(40)));
    }
}
