//! Updates: what an `UpdateItem` does to an item.

use std::fmt;

use super::condition::separated;
use super::lexer::{TokenKind, Tokens};
use super::{DocumentPath, ExpressionError, ExpressionKind, MAX_DEPTH};

/// An `UpdateExpression`. Each clause stands at most once in the text, in any order, and at least one does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// `SET path = value, …`
    pub set: Vec<SetAction>,
    /// `REMOVE path, …`
    pub remove: Vec<DocumentPath>,
    /// `ADD path :value, …`
    pub add: Vec<ValueAction>,
    /// `DELETE path :value, …`
    pub delete: Vec<ValueAction>,
}

/// The four clauses of updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clause {
    /// `SET`: puts a value there.
    Set,
    /// `REMOVE`: takes what is there out.
    Remove,
    /// `ADD`: adds to a number, or elements to a set.
    Add,
    /// `DELETE`: takes elements out of a set.
    Delete,
}

/// `path = value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAction {
    /// What is set.
    pub path: DocumentPath,
    /// To what.
    pub value: SetValue,
}

/// `path :value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueAction {
    /// What is changed.
    pub path: DocumentPath,
    /// The `:value`, with its colon.
    pub value: String,
}

/// What an attribute is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetValue {
    /// What the item has there before the update.
    Path(DocumentPath),
    /// A `:value` of the request, with its colon.
    Value(String),
    /// `if_not_exists(path, otherwise)`.
    IfNotExists(DocumentPath, Box<SetValue>),
    /// `list_append(front, back)`.
    ListAppend(Box<SetValue>, Box<SetValue>),
    /// `left + right`.
    Plus(Box<SetValue>, Box<SetValue>),
    /// `left - right`.
    Minus(Box<SetValue>, Box<SetValue>),
}

impl Clause {
    /// All four, in the order in which they are printed.
    pub const ALL: [Self; 4] = [Self::Set, Self::Remove, Self::Add, Self::Delete];

    /// The keyword.
    pub fn name(self) -> &'static str {
        match self {
            Self::Set => "SET",
            Self::Remove => "REMOVE",
            Self::Add => "ADD",
            Self::Delete => "DELETE",
        }
    }
}

impl Update {
    /// Reads an update.
    ///
    /// # Errors
    /// If DynamoDB could not read it either; the error says where and why.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut reader = Reader { tokens: Tokens::new(ExpressionKind::Update, text)?, depth: 0 };
        let mut update = Self::default();
        let mut left = Clause::ALL.to_vec();
        loop {
            let token = reader.tokens.peek();
            let Some(clause) = Clause::ALL.into_iter().find(|clause| token.is(clause.name())) else {
                return Err(reader.tokens.error("SET, REMOVE, ADD or DELETE"));
            };
            if !left.contains(&clause) {
                return Err(reader.tokens.error("each of SET, REMOVE, ADD and DELETE once"));
            }
            left.retain(|other| *other != clause);
            reader.tokens.advance();
            match clause {
                Clause::Set => update.set = reader.list(Reader::set_action)?,
                Clause::Remove => update.remove = reader.list(Reader::path)?,
                Clause::Add => update.add = reader.list(Reader::value_action)?,
                Clause::Delete => update.delete = reader.list(Reader::value_action)?,
            }
            if reader.tokens.take(TokenKind::End).is_some() {
                return Ok(update);
            }
        }
    }
}

struct Reader<'a> {
    tokens: Tokens<'a>,
    /// Functions and parentheses around the value that is read.
    depth: usize,
}

impl Reader<'_> {
    fn list<T>(&mut self, one: fn(&mut Self) -> Result<T, ExpressionError>) -> Result<Vec<T>, ExpressionError> {
        let mut list = vec![one(self)?];
        while self.tokens.take(TokenKind::Comma).is_some() {
            list.push(one(self)?);
        }
        Ok(list)
    }

    fn path(&mut self) -> Result<DocumentPath, ExpressionError> {
        DocumentPath::read(&mut self.tokens)
    }

    fn value_action(&mut self) -> Result<ValueAction, ExpressionError> {
        let path = self.path()?;
        let value = self.tokens.expect(TokenKind::Value, "a :value")?;
        Ok(ValueAction { path, value: value.text.to_owned() })
    }

    fn set_action(&mut self) -> Result<SetAction, ExpressionError> {
        let path = self.path()?;
        if !matches!(self.tokens.peek().kind, TokenKind::Comparator(super::Comparator::Equal)) {
            return Err(self.tokens.error("= and what to set it to"));
        }
        self.tokens.advance();
        Ok(SetAction { path, value: self.sum()? })
    }

    /// Operands with `+` or `-` between them, from left to right.
    fn sum(&mut self) -> Result<SetValue, ExpressionError> {
        let mut sum = self.operand()?;
        let mut operators = 0;
        loop {
            let join: fn(Box<SetValue>, Box<SetValue>) -> SetValue = match self.tokens.peek().kind {
                TokenKind::Plus => SetValue::Plus,
                TokenKind::Minus => SetValue::Minus,
                _ => return Ok(sum),
            };
            operators += 1;
            // Each operator is one more level of the tree.
            if self.depth + operators > MAX_DEPTH {
                return Err(self.tokens.error(TOO_DEEP));
            }
            self.tokens.advance();
            sum = join(Box::new(sum), Box::new(self.operand()?));
        }
    }

    fn operand(&mut self) -> Result<SetValue, ExpressionError> {
        const EXPECTED: &str = "a name, a :value, if_not_exists() or list_append()";
        if let Some(value) = self.tokens.take(TokenKind::Value) {
            return Ok(SetValue::Value(value.text.to_owned()));
        }
        let nested: fn(&mut Self) -> _ = match self.tokens.peek() {
            token if token.kind == TokenKind::Open => Self::sum,
            // Function names are case-sensitive, says the developer guide, unlike keywords.
            token if self.tokens.is_call() => match token.text {
                "if_not_exists" => Self::if_not_exists,
                "list_append" => Self::list_append,
                _ => return Err(self.tokens.error(EXPECTED)),
            },
            token if token.kind == TokenKind::Name || self.tokens.is_bare_name() => {
                return self.path().map(SetValue::Path);
            }
            _ => return Err(self.tokens.error(EXPECTED)),
        };
        if self.depth == MAX_DEPTH {
            return Err(self.tokens.error(TOO_DEEP));
        }
        if self.tokens.peek().kind == TokenKind::Word {
            self.tokens.advance();
        }
        self.tokens.expect(TokenKind::Open, "`(`")?;
        self.depth += 1;
        let value = nested(self)?;
        self.depth -= 1;
        self.tokens.expect(TokenKind::Close, "`)`")?;
        Ok(value)
    }

    fn if_not_exists(&mut self) -> Result<SetValue, ExpressionError> {
        let open = std::iter::from_fn(|| self.tokens.take(TokenKind::Open)).count();
        let path = self.path()?;
        for _ in 0..open {
            self.tokens.expect(TokenKind::Close, "`)`")?;
        }
        self.tokens.expect(TokenKind::Comma, "a comma and the value otherwise")?;
        Ok(SetValue::IfNotExists(path, Box::new(self.sum()?)))
    }

    fn list_append(&mut self) -> Result<SetValue, ExpressionError> {
        let front = self.sum()?;
        self.tokens.expect(TokenKind::Comma, "a comma and the second of two lists")?;
        Ok(SetValue::ListAppend(Box::new(front), Box::new(self.sum()?)))
    }
}

const TOO_DEEP: &str = "at most 150 nested functions, parentheses and operators";

impl fmt::Display for Update {
    /// Text of the same meaning, the clauses in the order of [`Clause::ALL`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut clauses = 0;
        for clause in Clause::ALL {
            let empty = match clause {
                Clause::Set => self.set.is_empty(),
                Clause::Remove => self.remove.is_empty(),
                Clause::Add => self.add.is_empty(),
                Clause::Delete => self.delete.is_empty(),
            };
            if empty {
                continue;
            }
            write!(f, "{}{} ", if clauses == 0 { "" } else { " " }, clause.name())?;
            clauses += 1;
            match clause {
                Clause::Set => separated(f, &self.set, ", ")?,
                Clause::Remove => separated(f, &self.remove, ", ")?,
                Clause::Add => separated(f, &self.add, ", ")?,
                Clause::Delete => separated(f, &self.delete, ", ")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for SetAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.path, self.value)
    }
}

impl fmt::Display for ValueAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.value)
    }
}

impl fmt::Display for SetValue {
    /// What is still to print is on a stack of its own, since formatting takes much of the thread's for every level.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        enum Piece<'a> {
            Text(&'static str),
            Value(&'a SetValue),
            /// In parentheses if it is a sum: DynamoDB takes no second operator without them, and none in a function.
            Operand(&'a SetValue),
        }
        let mut pieces = vec![Piece::Value(self)];
        while let Some(piece) = pieces.pop() {
            let (Piece::Value(value) | Piece::Operand(value)) = piece else {
                if let Piece::Text(text) = piece {
                    f.write_str(text)?;
                }
                continue;
            };
            // Last to first, for the last one pushed is the first one printed.
            match value {
                SetValue::Plus(..) | SetValue::Minus(..) if matches!(piece, Piece::Operand(_)) => {
                    pieces.extend([Piece::Text(")"), Piece::Value(value), Piece::Text("(")]);
                }
                SetValue::Path(path) => path.fmt(f)?,
                SetValue::Value(name) => f.write_str(name)?,
                SetValue::IfNotExists(path, otherwise) => {
                    write!(f, "if_not_exists({path}, ")?;
                    pieces.extend([Piece::Text(")"), Piece::Operand(otherwise)]);
                }
                SetValue::ListAppend(front, back) => {
                    f.write_str("list_append(")?;
                    pieces.extend([Piece::Text(")"), Piece::Operand(back), Piece::Text(", "), Piece::Operand(front)]);
                }
                SetValue::Plus(left, right) => {
                    pieces.extend([Piece::Operand(right), Piece::Text(" + "), Piece::Operand(left)]);
                }
                SetValue::Minus(left, right) => {
                    pieces.extend([Piece::Operand(right), Piece::Text(" - "), Piece::Operand(left)]);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Update, String> {
        Update::parse(text).map_err(|error| error.to_string())
    }

    fn printed(text: &str) -> Result<String, String> {
        let update = parse(text)?;
        assert_eq!(parse(&update.to_string()).as_ref(), Ok(&update), "{update}");
        Ok(update.to_string())
    }

    #[test]
    fn updates_read_and_print() {
        for (text, expected) in [
            ("set a=:a", "SET a = :a"),
            (
                "remove a , b[1].#c\tdelete s :s ADD n :n,m :m SET x = y",
                "SET x = y REMOVE a, b[1].#c ADD n :n, m :m DELETE s :s",
            ),
            ("SET n = n+:one, m = :a - if_not_exists(m, :zero)", "SET n = n + :one, m = :a - if_not_exists(m, :zero)"),
            ("SET l = list_append(if_not_exists((l), :e), (:x))", "SET l = list_append(if_not_exists(l, :e), :x)"),
            ("SET a = b - (c - :d)", "SET a = b - (c - :d)"),
            ("SET a = (b - c) - :d", "SET a = (b - c) - :d"),
            ("SET a = b - c + :d", "SET a = (b - c) + :d"),
            ("SET a = (b + :c)", "SET a = b + :c"),
            ("SET a = if_not_exists(a, (:b + c))", "SET a = if_not_exists(a, (:b + c))"),
            ("SET settings = :a, removed = adds REMOVE deleted", "SET settings = :a, removed = adds REMOVE deleted"),
            ("SET if_not_exists = list_append, a = and", "SET if_not_exists = list_append, a = and"),
        ] {
            assert_eq!(printed(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refusals_say_where() {
        const OPERAND: &str = "a name, a :value, if_not_exists() or list_append()";
        for (text, offset, expected, found) in [
            ("", 0, "SET, REMOVE, ADD or DELETE", "the end"),
            ("a = :v", 0, "SET, REMOVE, ADD or DELETE", "`a`"),
            ("SET", 3, "an attribute name", "the end"),
            ("SET a", 5, "= and what to set it to", "the end"),
            ("SET a <> :v", 6, "= and what to set it to", "`<>`"),
            ("SET a = :v x", 11, "SET, REMOVE, ADD or DELETE", "`x`"),
            ("SET a = :v, REMOVE b", 12, "an attribute name", "`REMOVE`"),
            ("SET a = :v set b = :w", 11, "each of SET, REMOVE, ADD and DELETE once", "`set`"),
            ("SET a = :v +", 12, OPERAND, "the end"),
            ("SET a = 5", 8, OPERAND, "a number"),
            ("SET a = size(b)", 8, OPERAND, "`size`"),
            ("SET a = if_not_exists(:a, :b)", 22, "an attribute name", "`:a`"),
            ("SET a = if_not_exists(a)", 23, "a comma and the value otherwise", "`)`"),
            ("SET a = list_append(a, b", 24, "`)`", "the end"),
            ("ADD a b", 6, "a :value", "`b`"),
            ("DELETE a", 8, "a :value", "the end"),
            ("REMOVE a :v", 9, "SET, REMOVE, ADD or DELETE", "`:v`"),
        ] {
            assert_eq!(
                parse(text),
                Err(format!("UpdateExpression, byte {offset}: expected {expected}, found {found}"))
            );
        }
    }

    /// What is nested counts, not what stands side by side.
    #[test]
    fn any_number_of_functions_may_stand_beside_each_other() {
        for value in ["(b)", "if_not_exists(b,:c)", "list_append(b,c)", "((b)+(c))"] {
            let actions: Vec<_> = (0..160).map(|index| format!("a{index}={value}")).collect();
            let text = format!("SET {}", actions.join(","));
            assert_eq!(parse(&text).map(|update| update.set.len()), Ok(160), "{value}");
        }
    }

    /// On the stack of a thread as Rust makes them.
    #[test]
    fn depth_is_bounded() {
        let nested = |depth| format!("SET a = {}b{}", "(".repeat(depth), ")".repeat(depth));
        let appended = |depth| format!("SET a = {}b{}", "list_append(b,".repeat(depth), ")".repeat(depth));
        let sum = |operators| format!("SET a = b{}", "+b".repeat(operators));
        assert_eq!(printed(&nested(MAX_DEPTH)).as_deref(), Ok("SET a = b"));
        assert!(printed(&appended(MAX_DEPTH)).is_ok());
        assert_eq!(parse(&sum(MAX_DEPTH)).map(|update| update == update.clone()), Ok(true));
        for text in [nested(MAX_DEPTH + 1), nested(2000), sum(MAX_DEPTH + 1)] {
            assert!(parse(&text).unwrap_err().contains(TOO_DEEP));
        }
    }
}
