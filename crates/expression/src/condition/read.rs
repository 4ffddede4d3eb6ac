//! Tokens to conditions, without recursion: what is open is on a stack of its own, so no text can exhaust the thread's.

use super::{Condition, Operand};
use crate::lexer::{TokenKind, Tokens};
use crate::{DocumentPath, ExpressionError, ExpressionKind, MAX_CANDIDATES, MAX_DEPTH, key_condition};

const FUNCTIONS: &str = "attribute_exists, attribute_not_exists, attribute_type, begins_with, contains or size";

pub(super) fn condition(tokens: Tokens<'_>) -> Result<Condition, ExpressionError> {
    let mut reader = Reader { tokens, level: Level::default(), outer: Vec::new(), depth: 0 };
    let mut state = State::Start;
    loop {
        state = match state {
            State::Start => reader.start()?,
            State::Operand(at, operand) => reader.after_operand(at, operand)?,
            State::Condition(condition) => reader.after_condition(condition)?,
            State::Done(condition) => return Ok(condition),
        };
    }
}

struct Reader<'a> {
    tokens: Tokens<'a>,
    level: Level,
    /// The levels around this one, innermost last.
    outer: Vec<Level>,
    /// Open parentheses and pending `NOT`s.
    depth: usize,
}

/// What was read since the last open parenthesis.
#[derive(Default)]
struct Level {
    /// `NOT`s in front of the condition that comes.
    negations: usize,
    and_terms: Vec<Condition>,
    or_terms: Vec<Condition>,
}

/// What was just read. A parenthesis may be around a condition or around an operand, and only what comes behind tells:
/// `(a) = :v`, `(a = :v)`.
enum State {
    Start,
    /// An operand that begins at this offset.
    Operand(usize, Operand),
    Condition(Condition),
    Done(Condition),
}

impl Reader<'_> {
    fn start(&mut self) -> Result<State, ExpressionError> {
        if self.tokens.peek().is("NOT") {
            self.descend()?;
            self.level.negations += 1;
            return Ok(State::Start);
        }
        let at = self.tokens.peek().offset;
        if self.tokens.peek().kind == TokenKind::Open {
            self.descend()?;
            self.outer.push(std::mem::take(&mut self.level));
            return Ok(State::Start);
        }
        // Function names are case-sensitive, says the developer guide, unlike keywords.
        if self.tokens.is_call() && self.tokens.peek().text != "size" {
            let condition = self.function()?;
            return self.leaf(at, condition);
        }
        let operand = self.operand("a condition")?;
        Ok(State::Operand(at, operand))
    }

    fn after_operand(&mut self, at: usize, operand: Operand) -> Result<State, ExpressionError> {
        if let TokenKind::Comparator(comparator) = self.tokens.peek().kind {
            self.tokens.advance();
            let right = self.operand("a name, a :value or size() to compare with")?;
            return self.leaf(at, Condition::Compare { left: operand, comparator, right });
        }
        if self.tokens.take_keyword("BETWEEN") {
            let lower = self.operand("the lower bound: a name, a :value or size()")?;
            if !self.tokens.take_keyword("AND") {
                return Err(self.tokens.error("AND and the upper bound"));
            }
            let upper = self.operand("the upper bound: a name, a :value or size()")?;
            return self.leaf(at, Condition::Between { operand, lower, upper });
        }
        if self.tokens.take_keyword("IN") {
            let candidates = self.candidates()?;
            return self.leaf(at, Condition::In { operand, candidates });
        }
        if self.level.is_bare()
            && self.tokens.peek().kind == TokenKind::Close
            && let Some(level) = self.outer.pop()
        {
            self.tokens.advance();
            self.level = level;
            self.depth -= 1;
            return Ok(State::Operand(at, self.extended(operand)?));
        }
        Err(self.tokens.error("a comparator, BETWEEN or IN"))
    }

    fn after_condition(&mut self, condition: Condition) -> Result<State, ExpressionError> {
        self.depth -= self.level.negations;
        self.level.add(condition);
        if self.tokens.take_keyword("AND") {
            return Ok(State::Start);
        }
        if self.tokens.take_keyword("OR") {
            self.level.finish_and();
            return Ok(State::Start);
        }
        let (end, expected) = match self.outer.last() {
            Some(_) => (TokenKind::Close, "AND, OR or `)`"),
            None => (TokenKind::End, "AND, OR or the end"),
        };
        self.tokens.expect(end, expected)?;
        match self.outer.pop() {
            Some(outer) => {
                self.depth -= 1;
                Ok(State::Condition(std::mem::replace(&mut self.level, outer).finish()))
            }
            None => Ok(State::Done(std::mem::take(&mut self.level).finish())),
        }
    }

    fn descend(&mut self) -> Result<(), ExpressionError> {
        if self.depth == MAX_DEPTH {
            return Err(self.tokens.error("at most 150 nested parentheses and NOTs"));
        }
        self.tokens.advance();
        self.depth += 1;
        Ok(())
    }

    /// A condition without others in it. In a key condition few of them are allowed.
    fn leaf(&self, at: usize, condition: Condition) -> Result<State, ExpressionError> {
        if self.tokens.kind() == ExpressionKind::KeyCondition {
            key_condition::check_leaf(&condition)
                .map_err(|(expected, found)| self.tokens.error_at(at, expected, found))?;
        }
        Ok(State::Condition(condition))
    }

    fn function(&mut self) -> Result<Condition, ExpressionError> {
        let name = self.tokens.peek();
        if !FUNCTIONS.split([',', ' ']).any(|known| known == name.text && known != "or") {
            return Err(self.tokens.error(FUNCTIONS));
        }
        self.tokens.advance();
        self.tokens.expect(TokenKind::Open, "`(`")?;
        let condition = match name.text {
            "attribute_exists" => Condition::AttributeExists(self.path()?),
            "attribute_not_exists" => Condition::AttributeNotExists(self.path()?),
            _ => {
                let operand = self.operand("a name, a :value or size()")?;
                self.tokens.expect(TokenKind::Comma, "a comma and the second of two operands")?;
                match name.text {
                    "attribute_type" => Condition::AttributeType(operand, self.type_name()?),
                    "begins_with" => Condition::BeginsWith(operand, self.operand("the prefix: a :value or a name")?),
                    _ => Condition::Contains(operand, self.operand("the part: a :value or a name")?),
                }
            }
        };
        self.tokens.expect(TokenKind::Close, "`)` behind the operands")?;
        Ok(condition)
    }

    fn candidates(&mut self) -> Result<Vec<Operand>, ExpressionError> {
        const CANDIDATE: &str = "a candidate: a name, a :value or size()";
        self.tokens.expect(TokenKind::Open, "`(` and the candidates")?;
        let mut candidates = vec![self.operand(CANDIDATE)?];
        while candidates.len() < MAX_CANDIDATES && self.tokens.take(TokenKind::Comma).is_some() {
            candidates.push(self.operand(CANDIDATE)?);
        }
        let expected = if candidates.len() < MAX_CANDIDATES { "a comma or `)`" } else { "`)`, behind 100 candidates" };
        self.tokens.expect(TokenKind::Close, expected)?;
        Ok(candidates)
    }

    /// A path, `:value` or `size()`, in any number of parentheses.
    fn operand(&mut self, expected: &'static str) -> Result<Operand, ExpressionError> {
        let open = self.open_parentheses();
        let operand = if self.tokens.is_call() { self.size()? } else { self.path_or_value(expected)? };
        self.close_parentheses(open, operand)
    }

    fn size(&mut self) -> Result<Operand, ExpressionError> {
        if self.tokens.peek().text != "size" {
            return Err(self.tokens.error("size(), the only function that is an operand"));
        }
        self.tokens.advance();
        self.tokens.expect(TokenKind::Open, "`(`")?;
        let open = self.open_parentheses();
        let operand = self.path_or_value("a name or a :value to take the size of")?;
        let size = match self.close_parentheses(open, operand)? {
            Operand::Value(value) | Operand::SizeOfValue(value) => Operand::SizeOfValue(value),
            Operand::Path(path) | Operand::Size(path) => Operand::Size(path),
        };
        self.tokens.expect(TokenKind::Close, "`)` behind the operand of size")?;
        Ok(size)
    }

    fn path(&mut self) -> Result<DocumentPath, ExpressionError> {
        const EXPECTED: &str = "an attribute name or document path";
        let at = self.tokens.peek().offset;
        let open = self.open_parentheses();
        let operand = self.path_or_value(EXPECTED)?;
        match self.close_parentheses(open, operand)? {
            Operand::Path(path) => Ok(path),
            _ => Err(self.tokens.error_at(at, EXPECTED, "a :value")),
        }
    }

    fn type_name(&mut self) -> Result<String, ExpressionError> {
        const EXPECTED: &str = "a :value with the name of the type";
        let at = self.tokens.peek().offset;
        let open = self.open_parentheses();
        let operand = self.path_or_value(EXPECTED)?;
        match self.close_parentheses(open, operand)? {
            Operand::Value(value) => Ok(value),
            _ => Err(self.tokens.error_at(at, EXPECTED, "an attribute")),
        }
    }

    fn path_or_value(&mut self, expected: &'static str) -> Result<Operand, ExpressionError> {
        if let Some(value) = self.tokens.take(TokenKind::Value) {
            return Ok(Operand::Value(value.text.to_owned()));
        }
        if self.tokens.peek().kind == TokenKind::Name || self.tokens.is_bare_name() {
            return DocumentPath::read(&mut self.tokens).map(Operand::Path);
        }
        Err(self.tokens.error(expected))
    }

    fn open_parentheses(&mut self) -> usize {
        std::iter::from_fn(|| self.tokens.take(TokenKind::Open)).count()
    }

    fn close_parentheses(&mut self, open: usize, operand: Operand) -> Result<Operand, ExpressionError> {
        (0..open).try_fold(operand, |operand, _| {
            self.tokens.expect(TokenKind::Close, "`)`")?;
            self.extended(operand)
        })
    }

    /// A path in parentheses may go on behind them.
    fn extended(&mut self, mut operand: Operand) -> Result<Operand, ExpressionError> {
        if let Operand::Path(path) = &mut operand {
            path.read_elements(&mut self.tokens)?;
        }
        Ok(operand)
    }
}

impl Level {
    /// Nothing but an operand may have been read.
    fn is_bare(&self) -> bool {
        self.negations == 0 && self.and_terms.is_empty() && self.or_terms.is_empty()
    }

    fn add(&mut self, condition: Condition) {
        let negate = |condition, _| Condition::Not(Box::new(condition));
        let condition = (0..std::mem::take(&mut self.negations)).fold(condition, negate);
        self.and_terms.push(condition);
    }

    fn finish_and(&mut self) {
        let terms = std::mem::take(&mut self.and_terms);
        self.or_terms.extend(one_or(terms, Condition::And));
    }

    /// Nothing only if nothing was read, and then there was an error.
    fn finish(mut self) -> Condition {
        self.finish_and();
        one_or(self.or_terms, Condition::Or).expect("a level ends behind a condition")
    }
}

fn one_or(mut terms: Vec<Condition>, many: fn(Vec<Condition>) -> Condition) -> Option<Condition> {
    if terms.len() > 1 { Some(many(terms)) } else { terms.pop() }
}
