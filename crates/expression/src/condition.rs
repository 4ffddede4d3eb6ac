//! Conditions: `ConditionExpression`, `FilterExpression`, and the grammar under `KeyConditionExpression`.

mod read;

use std::fmt;

use super::lexer::Tokens;
use super::{DocumentPath, ExpressionError, ExpressionKind};

/// A condition as it was written. Parentheses are in the shape of the tree, those around operands are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `left = right` and so on.
    Compare {
        /// What stands left.
        left: Operand,
        /// How they are compared.
        comparator: Comparator,
        /// What stands right.
        right: Operand,
    },
    /// `operand BETWEEN lower AND upper`, both included.
    Between {
        /// What is looked at.
        operand: Operand,
        /// The least it may be.
        lower: Operand,
        /// The most it may be.
        upper: Operand,
    },
    /// `operand IN (candidate, …)`.
    In {
        /// What is looked at.
        operand: Operand,
        /// What it may equal: 1 to 100.
        candidates: Vec<Operand>,
    },
    /// `attribute_exists(path)`.
    AttributeExists(DocumentPath),
    /// `attribute_not_exists(path)`.
    AttributeNotExists(DocumentPath),
    /// `attribute_type(operand, :type)`. The type's name is a value, so it is a `:value`, with its colon.
    AttributeType(Operand, String),
    /// `begins_with(operand, prefix)`.
    BeginsWith(Operand, Operand),
    /// `contains(operand, part)`.
    Contains(Operand, Operand),
    /// `NOT condition`.
    Not(Box<Condition>),
    /// `condition AND condition AND …`, two or more.
    And(Vec<Condition>),
    /// `condition OR condition OR …`, two or more.
    Or(Vec<Condition>),
}

/// What conditions compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// What the item has there.
    Path(DocumentPath),
    /// A `:value` of the request, with its colon.
    Value(String),
    /// `size(path)`.
    Size(DocumentPath),
    /// `size(:value)`, which DynamoDB takes too.
    SizeOfValue(String),
}

/// How two operands are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparator {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparator {
    /// As DynamoDB writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// The one that says the same with the operands exchanged: `:v < a` is `a > :v`.
    #[must_use]
    pub fn exchanged(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same @ (Self::Equal | Self::NotEqual) => same,
        }
    }
}

impl Condition {
    /// Reads a condition or filter. A key condition can be read here as well, but [`super::KeyCondition`] is made for it.
    ///
    /// # Errors
    /// If DynamoDB could not read it either; the error says where and why.
    pub fn parse(kind: ExpressionKind, text: &str) -> Result<Self, ExpressionError> {
        read::condition(Tokens::new(kind, text)?)
    }
}

impl fmt::Display for Condition {
    /// Text of the same meaning: read again, it is an equal condition. It can be longer than what was read, and so longer
    /// than [`super::MAX_EXPRESSION`], because white space was left out there.
    ///
    /// What is still to print is on a stack of its own, since formatting takes much of the thread's for every level.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pieces = vec![Piece::Condition(self)];
        while let Some(piece) = pieces.pop() {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Condition(Self::Not(negated)) => {
                    f.write_str("NOT ")?;
                    push(&mut pieces, negated, 2);
                }
                Piece::Condition(Self::And(terms)) => push_terms(&mut pieces, terms, " AND ", 1),
                Piece::Condition(Self::Or(terms)) => push_terms(&mut pieces, terms, " OR ", 0),
                Piece::Condition(leaf) => leaf.print_leaf(f)?,
            }
        }
        Ok(())
    }
}

enum Piece<'a> {
    Text(&'static str),
    Condition(&'a Condition),
}

/// Last to first, for the last one pushed is the first one printed.
fn push_terms<'a>(pieces: &mut Vec<Piece<'a>>, terms: &'a [Condition], between: &'static str, rank: u8) {
    for (index, term) in terms.iter().enumerate().rev() {
        push(pieces, term, rank);
        if index > 0 {
            pieces.push(Piece::Text(between));
        }
    }
}

/// A condition inside of one of that rank: in parentheses unless it binds more tightly.
fn push<'a>(pieces: &mut Vec<Piece<'a>>, condition: &'a Condition, rank: u8) {
    if condition.rank() > rank {
        pieces.push(Piece::Condition(condition));
    } else {
        pieces.extend([Piece::Text(")"), Piece::Condition(condition), Piece::Text("(")]);
    }
}

impl Condition {
    /// How tightly it binds.
    fn rank(&self) -> u8 {
        match self {
            Self::Or(_) => 0,
            Self::And(_) => 1,
            Self::Not(_) => 2,
            _ => 3,
        }
    }

    fn print_leaf(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare { left, comparator, right } => write!(f, "{left} {comparator} {right}"),
            Self::Between { operand, lower, upper } => write!(f, "{operand} BETWEEN {lower} AND {upper}"),
            Self::In { operand, candidates } => {
                write!(f, "{operand} IN (")?;
                separated(f, candidates, ", ")?;
                f.write_str(")")
            }
            Self::AttributeExists(path) => write!(f, "attribute_exists({path})"),
            Self::AttributeNotExists(path) => write!(f, "attribute_not_exists({path})"),
            Self::AttributeType(operand, of) => write!(f, "attribute_type({operand}, {of})"),
            Self::BeginsWith(operand, prefix) => write!(f, "begins_with({operand}, {prefix})"),
            Self::Contains(operand, part) => write!(f, "contains({operand}, {part})"),
            Self::Not(_) | Self::And(_) | Self::Or(_) => Ok(()),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Value(value) => f.write_str(value),
            Self::Size(path) => write!(f, "size({path})"),
            Self::SizeOfValue(value) => write!(f, "size({value})"),
        }
    }
}

impl fmt::Display for Comparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

/// Things with something between them.
pub(super) fn separated<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    things: impl IntoIterator<Item = T>,
    between: &str,
) -> fmt::Result {
    things.into_iter().enumerate().try_for_each(|(index, thing)| {
        f.write_str(if index == 0 { "" } else { between })?;
        thing.fmt(f)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MAX_DEPTH, Name};

    fn parse(text: &str) -> Result<Condition, String> {
        Condition::parse(ExpressionKind::Filter, text).map_err(|error| error.to_string())
    }

    fn printed(text: &str) -> Result<String, String> {
        let parsed = parse(text)?;
        assert_eq!(parse(&parsed.to_string()).as_ref(), Ok(&parsed), "{parsed}");
        Ok(parsed.to_string())
    }

    #[test]
    fn conditions_read_and_print() {
        for (text, expected) in [
            ("a=:a", "a = :a"),
            ("size ( a.b[0] )<>:n", "size(a.b[0]) <> :n"),
            ("size(:v) >= size", "size(:v) >= size"),
            ("a between :a and :b AND c in(:a,b , size(c))", "a BETWEEN :a AND :b AND c IN (:a, b, size(c))"),
            ("attribute_exists(a)and attribute_not_exists(#b.c)", "attribute_exists(a) AND attribute_not_exists(#b.c)"),
            ("attribute_type((a),(:t)) OR begins_with(:a , b)", "attribute_type(a, :t) OR begins_with(:a, b)"),
            ("contains(tags, :a) AND NOT contains(:a, tags[1])", "contains(tags, :a) AND NOT contains(:a, tags[1])"),
            // Parentheses around operands mean nothing, those around conditions only where they do.
            ("((aa)) = ((:a))", "aa = :a"),
            ("((a).b)[0] = (size((c).d))", "a.b[0] = size(c.d)"),
            ("(a = :a) OR ((b = :b) AND (NOT (c = :c)))", "a = :a OR b = :b AND NOT c = :c"),
            ("(a = :a OR b = :b) AND c = :c", "(a = :a OR b = :b) AND c = :c"),
            ("(a = :a AND b = :b) AND c = :c", "(a = :a AND b = :b) AND c = :c"),
            ("NOT (a = :a AND b = :b)", "NOT (a = :a AND b = :b)"),
            ("NOT NOT a = :a", "NOT (NOT a = :a)"),
            ("(NOT (a) = :a)", "NOT a = :a"),
        ] {
            assert_eq!(printed(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn and_binds_before_or_and_not_before_both() {
        let leaf = |name: &str| Condition::AttributeExists(Name::Bare(name.to_owned()).into());
        let text = "NOT attribute_exists(a) AND attribute_exists(b) OR attribute_exists(c) AND attribute_exists(d)";
        let left = Condition::And(vec![Condition::Not(Box::new(leaf("a"))), leaf("b")]);
        assert_eq!(parse(text), Ok(Condition::Or(vec![left, Condition::And(vec![leaf("c"), leaf("d")])])));
    }

    #[test]
    fn names_with_keywords_in_them_are_names() {
        for name in [
            "order_id",
            "notes",
            "Andy",
            "inventory",
            "Index",
            "OR1",
            "size_x",
            "contains_x",
            "between_x",
            "begins_with_x",
            "attribute_type_x",
            "NOTHING",
            "and_",
            "_or",
            "IN2",
            "SIZE",
            "set",
            "contains",
            "attribute_exists",
        ] {
            let text = format!("{name} = :a AND a = {name}");
            assert_eq!(printed(&text).as_ref(), Ok(&text));
        }
    }

    #[test]
    fn refusals_say_where() {
        for (text, error) in [
            ("", "byte 0: expected a condition, found the end"),
            (" \t", "byte 2: expected a condition, found the end"),
            ("a", "byte 1: expected a comparator, BETWEEN or IN, found the end"),
            ("a =", "byte 3: expected a name, a :value or size() to compare with, found the end"),
            ("a = = :v", "byte 4: expected a name, a :value or size() to compare with, found `=`"),
            ("a = 12", "byte 4: expected a name, a :value or size() to compare with, found a number"),
            ("a = \"secret\"", "byte 4: expected a name, a :value or size() to compare with, found `\"`"),
            ("a = :v AND", "byte 10: expected a condition, found the end"),
            ("AND a = :v", "byte 0: expected a condition, found `AND`"),
            ("a = :v b = :w", "byte 7: expected AND, OR or the end, found `b`"),
            ("a = :v)", "byte 6: expected AND, OR or the end, found `)`"),
            ("(a = :v", "byte 7: expected AND, OR or `)`, found the end"),
            ("(a = :v) = :w", "byte 9: expected AND, OR or the end, found `=`"),
            ("(a = :v OR b) = :w", "byte 12: expected a comparator, BETWEEN or IN, found `)`"),
            ("(NOT a) = :w", "byte 6: expected a comparator, BETWEEN or IN, found `)`"),
            ("a BETWEEN :v OR :w", "byte 13: expected AND and the upper bound, found `OR`"),
            ("a IN :v", "byte 5: expected `(` and the candidates, found `:v`"),
            ("a IN (:v :w)", "byte 9: expected a comma or `)`, found `:w`"),
            ("a IN (:v, b", "byte 11: expected a comma or `)`, found the end"),
            ("a IN ()", "byte 6: expected a candidate: a name, a :value or size(), found `)`"),
            ("size(a)", "byte 7: expected a comparator, BETWEEN or IN, found the end"),
            ("size(size(a)) = :v", "byte 9: expected `)` behind the operand of size, found `(`"),
            ("a = contains(b, :c)", "byte 4: expected size(), the only function that is an operand, found `contains`"),
            ("attribute_exists(:v)", "byte 17: expected an attribute name or document path, found a :value"),
            ("attribute_exists(a,)", "byte 18: expected `)` behind the operands, found `,`"),
            ("attribute_type(a, b)", "byte 18: expected a :value with the name of the type, found an attribute"),
            ("begins_with(a :v)", "byte 14: expected a comma and the second of two operands, found `:v`"),
            ("a = :v\u{a0}", "byte 6: expected AND, OR or the end, found `\u{a0}`"),
            ("a = :v\u{0}", "byte 6: expected AND, OR or the end, found `\u{fffd}`"),
            ("aa = :a AND é = :b", "byte 12: expected a condition, found `é`"),
        ] {
            assert_eq!(parse(text), Err(format!("FilterExpression, {error}")), "{text}");
        }
        let functions = "attribute_exists, attribute_not_exists, attribute_type, begins_with, contains or size";
        for name in ["foo", "Contains", "or_", "or1"] {
            let error = format!("FilterExpression, byte 0: expected {functions}, found `{name}`");
            assert_eq!(parse(&format!("{name}(a)")), Err(error));
        }
    }

    #[test]
    fn a_hundred_candidates() {
        let list = |count| format!("a IN ({})", vec![":v"; count].join(", "));
        assert!(parse(&list(100)).is_ok());
        let error = "FilterExpression, byte 405: expected `)`, behind 100 candidates, found `,`";
        assert_eq!(parse(&list(101)), Err(error.replace("405", &(list(100).len() - 1).to_string())));
    }

    /// What is nested counts, not what stands side by side.
    #[test]
    fn any_number_of_parentheses_may_stand_beside_each_other() {
        for term in ["(a=:v)", "(a)=(:v)", "NOT a=:v", "NOT(NOT a=:v)", "(a=:v OR a=:v)", "((a))=:v"] {
            for between in [" AND ", " OR "] {
                let text = vec![term; 200].join(between);
                let terms = match parse(&text) {
                    Ok(Condition::And(terms) | Condition::Or(terms)) => terms.len(),
                    other => panic!("{term}{between}: {other:?}"),
                };
                assert_eq!(terms, 200, "{term}{between}");
            }
        }
    }

    /// On half of the stack of a thread: reading and printing need none for nested conditions, comparing and cloning do.
    #[test]
    fn depth_is_bounded() {
        let nested = |depth| format!("{}a = :v{}", "(".repeat(depth), ")".repeat(depth));
        let negated = |depth| format!("{}a = :v", "NOT ".repeat(depth));
        let mixed = |depth: usize| format!("{}a=:v{}", "a=:v OR a=:v AND(".repeat(depth), ")".repeat(depth));
        let on_small_stack = move || {
            assert_eq!(printed(&nested(MAX_DEPTH)).as_deref(), Ok("a = :v"));
            let deep = parse(&mixed(MAX_DEPTH)).unwrap();
            assert_eq!((deep.to_string().len(), deep == deep.clone()), (3454, true));
            assert!(parse(&negated(MAX_DEPTH)).is_ok_and(|condition| condition == condition.clone()));
            for text in [nested(MAX_DEPTH + 1), negated(MAX_DEPTH + 1), nested(2000)] {
                assert!(parse(&text).unwrap_err().contains("expected at most 150 nested parentheses and NOTs"));
            }
            // Printed, an expression may be longer than it may be to be read.
            let long = vec!["a=:v"; 512].join(" OR ");
            assert!(parse(&long).unwrap().to_string().len() > 4096);
            // Open parentheses that are closed again do not count.
            let flat = vec!["(a = :v) AND NOT a = :v"; 150].join(" OR ");
            assert_eq!(parse(&flat).unwrap().to_string().len(), flat.len() - 2 * 150);
        };
        std::thread::Builder::new().stack_size(1024 * 1024).spawn(on_small_stack).unwrap().join().unwrap();
    }
}
