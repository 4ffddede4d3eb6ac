//! Key conditions: which partition a `Query` reads, and which part of it.
//!
//! DynamoDB reads them with the grammar of conditions and then allows few of them. Here the first thing that is not
//! allowed is an error with its place.

use std::fmt;

use super::condition::separated;
use super::{Comparator, Condition, ExpressionError, ExpressionKind, Name, Operand};

/// What an index can have at most: four attributes in its partition key and four in its sort key.
const MAX_CLAUSES: usize = 8;

/// A `KeyConditionExpression`: equalities on all attributes of the partition key, and none, one or (with indexes whose
/// keys have several attributes) more clauses on the sort key.
///
/// Which clause is on which key is not in the text but in the table; [`KeyCondition::clause`] finds them by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCondition {
    /// In the order of the text. At least one is an equality, at most one is none.
    pub clauses: Vec<KeyClause>,
}

/// What is demanded of one key attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyClause {
    /// The attribute.
    pub attribute: Name,
    /// What it has to be.
    pub demand: KeyDemand,
}

/// What a key attribute has to be. Values are `:value`s, with their colons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyDemand {
    /// Any comparator but `<>`. What was written `:value < key` is kept as `key > :value`.
    Compare(Comparator, String),
    /// `BETWEEN lower AND upper`, both included.
    Between(String, String),
    /// `begins_with(key, :prefix)`.
    BeginsWith(String),
}

impl KeyCondition {
    /// Reads a key condition.
    ///
    /// # Errors
    /// If DynamoDB could not read it either, whatever the table's keys are; the error says where and why.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let condition = Condition::parse(ExpressionKind::KeyCondition, text)?;
        let error =
            |expected, found: &str| ExpressionError::new(ExpressionKind::KeyCondition, 0, expected, found.to_owned());
        let mut clauses: Vec<KeyClause> = Vec::new();
        for leaf in leaves(&condition).map_err(|found| error("clauses joined by AND", found))? {
            let clause = clause(leaf).map_err(|(expected, found)| error(expected, found))?;
            if clauses.iter().any(|other| other.attribute == clause.attribute) {
                return Err(error("one clause for each key attribute", "two for one"));
            }
            clauses.push(clause);
        }
        if clauses.len() > MAX_CLAUSES {
            return Err(error("at most 8 clauses", "more"));
        }
        match clauses.iter().filter(|clause| !clause.is_equality()).count() {
            others if others == clauses.len() => Err(error("an equality on the partition key", "none")),
            0 | 1 => Ok(Self { clauses }),
            _ => Err(error("at most one clause that is no equality", "more")),
        }
    }

    /// The clause on an attribute of this name as the text has it.
    pub fn clause(&self, attribute: &Name) -> Option<&KeyClause> {
        self.clauses.iter().find(|clause| clause.attribute == *attribute)
    }
}

impl KeyClause {
    /// Whether it is `key = :value`.
    pub fn is_equality(&self) -> bool {
        matches!(self.demand, KeyDemand::Compare(Comparator::Equal, _))
    }
}

/// What is expected, and what is there instead.
type Refusal = (&'static str, &'static str);

/// Refuses what no key condition can have, while the reader still knows where it stands.
pub(super) fn check_leaf(leaf: &Condition) -> Result<(), Refusal> {
    clause(leaf).map(|_| ())
}

fn clause(leaf: &Condition) -> Result<KeyClause, Refusal> {
    let (attribute, demand) = match leaf {
        Condition::Compare { comparator: Comparator::NotEqual, .. } => {
            return Err(("=, <, <=, >, >=, BETWEEN or begins_with", "<>"));
        }
        Condition::Compare { left, comparator, right: Operand::Value(value) } => {
            (left, KeyDemand::Compare(*comparator, value.clone()))
        }
        Condition::Compare { left: Operand::Value(value), comparator, right } => {
            (right, KeyDemand::Compare(comparator.exchanged(), value.clone()))
        }
        Condition::Between { operand, lower: Operand::Value(lower), upper: Operand::Value(upper) } => {
            (operand, KeyDemand::Between(lower.clone(), upper.clone()))
        }
        Condition::BeginsWith(operand, Operand::Value(prefix)) => (operand, KeyDemand::BeginsWith(prefix.clone())),
        Condition::Compare { .. } | Condition::Between { .. } | Condition::BeginsWith(..) => {
            return Err(("a key attribute and a :value", "other operands"));
        }
        _ => return Err(("=, <, <=, >, >=, BETWEEN or begins_with", "another function or operator")),
    };
    match attribute {
        Operand::Path(path) if path.elements.is_empty() => Ok(KeyClause { attribute: path.attribute.clone(), demand }),
        Operand::Path(_) => Err(("a key attribute", "a path into one")),
        _ => Err(("a key attribute and a :value", "other operands")),
    }
}

/// The conditions of a tree of ANDs, or what else it has.
fn leaves(condition: &Condition) -> Result<Vec<&Condition>, &'static str> {
    let mut leaves = Vec::new();
    // From the back, so that they come out in the order of the text.
    let mut open = vec![condition];
    while let Some(condition) = open.pop() {
        match condition {
            Condition::And(terms) => open.extend(terms.iter().rev()),
            Condition::Or(_) => return Err("OR"),
            Condition::Not(_) => return Err("NOT"),
            leaf => leaves.push(leaf),
        }
    }
    Ok(leaves)
}

impl fmt::Display for KeyCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        separated(f, &self.clauses, " AND ")
    }
}

impl fmt::Display for KeyClause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attribute, demand } = self;
        match demand {
            KeyDemand::Compare(comparator, value) => write!(f, "{attribute} {comparator} {value}"),
            KeyDemand::Between(lower, upper) => write!(f, "{attribute} BETWEEN {lower} AND {upper}"),
            KeyDemand::BeginsWith(prefix) => write!(f, "begins_with({attribute}, {prefix})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> Result<String, String> {
        let parsed = KeyCondition::parse(text).map_err(|error| error.to_string())?;
        assert_eq!(KeyCondition::parse(&parsed.to_string()).as_ref(), Ok(&parsed));
        Ok(parsed.to_string())
    }

    #[test]
    fn key_conditions_read_and_print() {
        for (text, expected) in [
            ("pk = :a", "pk = :a"),
            ("pk = :a\n AND sk1=:b", "pk = :a AND sk1 = :b"),
            ("#s > :b and (#p = :a)", "#s > :b AND #p = :a"),
            (":b <= sk AND :a = pk", "sk >= :b AND pk = :a"),
            ("((pk) = (:a) AND sk between :b and :c)", "pk = :a AND sk BETWEEN :b AND :c"),
            ("pk = :a AND begins_with ( sk , :b )", "pk = :a AND begins_with(sk, :b)"),
            ("(a = :a AND b = :b) AND (c = :c AND d < :d)", "a = :a AND b = :b AND c = :c AND d < :d"),
        ] {
            assert_eq!(printed(text).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn clauses_are_found_by_the_name_that_is_written() {
        let condition = KeyCondition::parse("#s > :b AND pk = :a AND s = :c").unwrap();
        let found = |name| condition.clause(&name).map(ToString::to_string);
        assert_eq!(found(Name::Bare("pk".into())).as_deref(), Some("pk = :a"));
        assert_eq!(found(Name::Placeholder("#s".into())).as_deref(), Some("#s > :b"));
        assert_eq!(found(Name::Bare("s".into())).as_deref(), Some("s = :c"));
        for other in [Name::Bare("#s".into()), Name::Placeholder("pk".into()), Name::Bare("sk".into())] {
            assert_eq!(found(other), None);
        }
        let equalities: Vec<_> = condition.clauses.iter().map(KeyClause::is_equality).collect();
        assert_eq!(equalities, [false, true, true]);
    }

    #[test]
    fn what_no_key_condition_has() {
        const OPERATORS: &str = "=, <, <=, >, >=, BETWEEN or begins_with";
        for (text, offset, expected, found) in [
            ("pk <> :a", 0, OPERATORS, "<>"),
            ("pk = :a AND contains(sk, :b)", 12, OPERATORS, "another function or operator"),
            ("pk = :a AND sk IN (:b)", 12, OPERATORS, "another function or operator"),
            ("pk = :a AND pk = sk", 12, "a key attribute and a :value", "other operands"),
            ("pk = :a AND size(sk) = :b", 12, "a key attribute and a :value", "other operands"),
            ("pk.a = :a", 0, "a key attribute", "a path into one"),
            ("pk = :a OR sk = :b", 0, "clauses joined by AND", "OR"),
            ("NOT pk = :a", 0, "clauses joined by AND", "NOT"),
            ("pk = :a AND pk = :b", 0, "one clause for each key attribute", "two for one"),
            ("sk > :a", 0, "an equality on the partition key", "none"),
            ("a = :a AND b > :b AND c > :b", 0, "at most one clause that is no equality", "more"),
            ("pk =", 4, "a name, a :value or size() to compare with", "the end"),
        ] {
            let error = format!("KeyConditionExpression, byte {offset}: expected {expected}, found {found}");
            assert_eq!(printed(text), Err(error));
        }
        let many: Vec<String> = (0..9).map(|n| format!("k{n} = :v")).collect();
        assert!(printed(&many[..8].join(" AND ")).is_ok());
        assert!(printed(&many.join(" AND ")).is_err());
    }
}
