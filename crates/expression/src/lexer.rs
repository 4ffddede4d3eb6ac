//! Text to tokens. Every text gives tokens; what is no token is one of its own, so that the reader can say what it
//! expected there.
//!
//! Sources: DynamoDB's developer guide ("Expressions"), and what two emulators found out from the service: dynoxide 3.2.0
//! (`expressions/tokenizer.rs`: ASCII white space only, no zeros before an index) and dynalite (white space inside of
//! brackets).

use super::condition::Comparator;
use super::error::shown;
use super::{ExpressionError, ExpressionKind, MAX_EXPRESSION};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Letters, digits and `_`, no digit first: a keyword, a function or a bare name. The reader knows which.
    Word,
    /// `#name`.
    Name,
    /// `:value`.
    Value,
    /// Digits; where they begin with zero, that zero alone, since DynamoDB has no `[01]`.
    Number,
    Comparator(Comparator),
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Dot,
    Comma,
    Plus,
    Minus,
    /// Any other character.
    Stray,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind,
    pub(crate) text: &'a str,
    pub(crate) offset: usize,
}

impl Token<'_> {
    /// Whether it is this keyword, given in upper case, in any case.
    pub(crate) fn is(&self, keyword: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    fn found(&self) -> String {
        match self.kind {
            TokenKind::End => "the end".to_owned(),
            TokenKind::Number => "a number".to_owned(),
            _ => format!("`{}`", shown(self.text)),
        }
    }
}

/// The tokens of one expression, and how far they are read.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    kind: ExpressionKind,
    tokens: Vec<Token<'a>>,
    at: usize,
    end: Token<'a>,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(kind: ExpressionKind, text: &'a str) -> Result<Self, ExpressionError> {
        if text.len() > MAX_EXPRESSION {
            let found = format!("{} bytes", text.len());
            return Err(ExpressionError::new(kind, MAX_EXPRESSION, "at most 4096 bytes", found));
        }
        let end = Token { kind: TokenKind::End, text: "", offset: text.len() };
        Ok(Self { kind, tokens: tokens(text), at: 0, end })
    }

    pub(crate) fn kind(&self) -> ExpressionKind {
        self.kind
    }

    /// The next token. At the end, that is one of its own.
    pub(crate) fn peek(&self) -> Token<'a> {
        self.peek_at(0)
    }

    /// The token after the next one.
    pub(crate) fn peek_second(&self) -> Token<'a> {
        self.peek_at(1)
    }

    fn peek_at(&self, ahead: usize) -> Token<'a> {
        self.tokens.get(self.at + ahead).copied().unwrap_or(self.end)
    }

    pub(crate) fn advance(&mut self) {
        self.at += 1;
    }

    /// Takes the next token if it is of this kind.
    pub(crate) fn take(&mut self, kind: TokenKind) -> Option<Token<'a>> {
        let token = self.peek();
        (token.kind == kind).then(|| {
            self.advance();
            token
        })
    }

    /// Takes the next token if it is this keyword.
    pub(crate) fn take_keyword(&mut self, keyword: &str) -> bool {
        let is = self.peek().is(keyword);
        if is {
            self.advance();
        }
        is
    }

    pub(crate) fn expect(&mut self, kind: TokenKind, expected: &'static str) -> Result<Token<'a>, ExpressionError> {
        self.take(kind).ok_or_else(|| self.error(expected))
    }

    /// Whether the next token can be a bare name.
    pub(crate) fn is_bare_name(&self) -> bool {
        let token = self.peek();
        token.kind == TokenKind::Word && !self.kind.keywords().iter().any(|keyword| token.is(keyword))
    }

    /// Whether the next two tokens begin a call: `word (`.
    pub(crate) fn is_call(&self) -> bool {
        self.is_bare_name() && self.peek_second().kind == TokenKind::Open
    }

    /// The next token is not what was expected.
    pub(crate) fn error(&self, expected: &'static str) -> ExpressionError {
        let token = self.peek();
        ExpressionError::new(self.kind, token.offset, expected, token.found())
    }

    /// Something longer than a token is not what was expected.
    pub(crate) fn error_at(&self, offset: usize, expected: &'static str, found: &str) -> ExpressionError {
        ExpressionError::new(self.kind, offset, expected, found.to_owned())
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(is_white);
        let Some((kind, length)) = first_token(rest) else { return tokens };
        let Some((token, after)) = rest.split_at_checked(length) else { return tokens };
        tokens.push(Token { kind, text: token, offset: text.len() - rest.len() });
        rest = after;
    }
}

/// No-break spaces and the like are no white space to DynamoDB.
fn is_white(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

fn first_token(text: &str) -> Option<(TokenKind, usize)> {
    let first = text.chars().next()?;
    let second = text.chars().nth(1);
    let one = |kind| (kind, 1);
    let comparator = |comparator: Comparator| (TokenKind::Comparator(comparator), comparator.symbol().len());
    Some(match first {
        'a'..='z' | 'A'..='Z' | '_' => (TokenKind::Word, word_length(text)),
        '0' => one(TokenKind::Number),
        '1'..='9' => (TokenKind::Number, text.bytes().take_while(u8::is_ascii_digit).count()),
        '#' | ':' => match 1 + text.get(1..).map_or(0, word_length) {
            1 => one(TokenKind::Stray),
            length if first == '#' => (TokenKind::Name, length),
            length => (TokenKind::Value, length),
        },
        '=' => comparator(Comparator::Equal),
        '<' => comparator(match second {
            Some('>') => Comparator::NotEqual,
            Some('=') => Comparator::LessOrEqual,
            _ => Comparator::Less,
        }),
        '>' => comparator(match second {
            Some('=') => Comparator::GreaterOrEqual,
            _ => Comparator::Greater,
        }),
        '(' => one(TokenKind::Open),
        ')' => one(TokenKind::Close),
        '[' => one(TokenKind::OpenBracket),
        ']' => one(TokenKind::CloseBracket),
        '.' => one(TokenKind::Dot),
        ',' => one(TokenKind::Comma),
        '+' => one(TokenKind::Plus),
        '-' => one(TokenKind::Minus),
        other => (TokenKind::Stray, other.len_utf8()),
    })
}

fn word_length(text: &str) -> usize {
    text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
}

#[cfg(test)]
mod tests {
    use super::TokenKind::*;
    use super::*;

    fn kinds(text: &str) -> Vec<(TokenKind, &str)> {
        tokens(text).into_iter().map(|token| (token.kind, token.text)).collect()
    }

    #[test]
    fn every_token() {
        let less = Comparator(super::Comparator::Less);
        let expected = [
            (Word, "_a1"),
            (Name, "#n"),
            (Dot, "."),
            (Word, "b"),
            (OpenBracket, "["),
            (Number, "10"),
            (CloseBracket, "]"),
            (Comparator(super::Comparator::NotEqual), "<>"),
            (Value, ":v_1"),
            (Comparator(super::Comparator::LessOrEqual), "<="),
            (Comparator(super::Comparator::GreaterOrEqual), ">="),
            (less, "<"),
            (Comparator(super::Comparator::Equal), "="),
            (Comparator(super::Comparator::Greater), ">"),
            (Open, "("),
            (Close, ")"),
            (Comma, ","),
            (Plus, "+"),
            (Minus, "-"),
        ];
        assert_eq!(kinds("_a1#n.b[10]<>:v_1<=>=< =>(),+-"), expected);
        assert_eq!(kinds("\t_a1\r\n#n . b\u{b}[ 10\u{c}] <> :v_1 <= >= < = > ( ) , + - "), expected);
    }

    #[test]
    fn what_is_no_token() {
        assert_eq!(kinds("# :é\u{a0}!"), [(Stray, "#"), (Stray, ":"), (Stray, "é"), (Stray, "\u{a0}"), (Stray, "!")]);
        assert_eq!(kinds("007a"), [(Number, "0"), (Number, "0"), (Number, "7"), (Word, "a")]);
        assert_eq!(kinds(" \n "), []);
    }

    #[test]
    fn the_end_comes_again_and_again() {
        let mut tokens = Tokens::new(ExpressionKind::Update, "a ").unwrap();
        tokens.advance();
        for _ in 0..3 {
            assert_eq!((tokens.peek().kind, tokens.peek().offset), (End, 2));
            tokens.advance();
        }
    }

    #[test]
    fn length_is_bounded() {
        assert!(Tokens::new(ExpressionKind::Update, &"a".repeat(4096)).is_ok());
        let error = Tokens::new(ExpressionKind::Update, &"a".repeat(4097)).unwrap_err();
        assert_eq!(error.to_string(), "UpdateExpression, byte 4096: expected at most 4096 bytes, found 4097 bytes");
    }

    #[test]
    fn keywords_are_those_of_the_expression() {
        let bare = |kind, text| Tokens::new(kind, text).unwrap().is_bare_name();
        assert!(!bare(ExpressionKind::Filter, "aNd"));
        assert!(bare(ExpressionKind::Filter, "set"));
        assert!(!bare(ExpressionKind::Update, "Set"));
        assert!(bare(ExpressionKind::Projection, "and"));
        assert!(bare(ExpressionKind::Filter, "andy"));
        assert!(!bare(ExpressionKind::Filter, "#and"));
    }
}
