//! Whether an item fulfils a condition, as DynamoDB would say.

use std::collections::BTreeMap;
use std::fmt;

use dynaseal_core::{AttributeValue, Item};

use super::compare::{compare, equal};
use super::error::shown;
use super::{
    Comparator, Condition, DocumentPath, Element, ExpressionKind, Name, Operand, Placeholders, ResolveError,
    ResolvedElement,
};

/// A condition with its names and values, ready for any number of items.
///
/// ```
/// use std::collections::BTreeMap;
/// use dynaseal_core::Item;
/// use dynaseal_expression::{BoundCondition, Condition, ExpressionKind};
/// let condition = Condition::parse(ExpressionKind::Filter, "(a = :x OR b = :x) AND size(c) > :n")?;
/// let values = BTreeMap::from([(":x".to_owned(), "x".into()), (":n".to_owned(), 1.into())]);
/// let names = BTreeMap::new();
/// let bound = BoundCondition::new(ExpressionKind::Filter, &condition, &names, &values)?;
/// let mut item = Item::from([("b".to_owned(), "x".into()), ("c".to_owned(), "yz".into())]);
/// assert!(bound.matches(&item));
/// item.remove("c");
/// assert!(!bound.matches(&item));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct BoundCondition<'a> {
    condition: &'a Condition,
    names: &'a BTreeMap<String, String>,
    values: &'a BTreeMap<String, AttributeValue>,
}

/// As the request writes it, without names and values.
impl fmt::Debug for BoundCondition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoundCondition({})", self.condition)
    }
}

/// Why a condition can not be asked of any item. DynamoDB refuses these requests, too. Messages name the placeholder, never
/// its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// A placeholder is not defined.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A function or operator got a value of a type that it can do nothing with.
    #[error("{kind}: `{value}` is of type {of_type}, but {function} needs {expected}")]
    OperandType {
        /// The expression.
        kind: ExpressionKind,
        /// The placeholder.
        value: String,
        /// The type of its value.
        of_type: &'static str,
        /// The function or operator.
        function: &'static str,
        /// What it takes.
        expected: &'static str,
    },
    /// `attribute_type` with a name that is no type's.
    #[error("{kind}: `{value}` has to be one of S, N, B, SS, NS, BS, M, L, NULL and BOOL")]
    TypeName {
        /// The expression.
        kind: ExpressionKind,
        /// The placeholder.
        value: String,
    },
    /// `BETWEEN` with a lower bound over the upper one.
    #[error("{kind}: the lower bound `{lower}` of BETWEEN is greater than the upper bound `{upper}`")]
    Bounds {
        /// The expression.
        kind: ExpressionKind,
        /// The placeholder of the lower bound.
        lower: String,
        /// The placeholder of the upper bound.
        upper: String,
    },
    /// A comparator or function whose operands are both the same attribute.
    #[error("{kind}: both operands of {function} are {path}")]
    SameOperands {
        /// The expression.
        kind: ExpressionKind,
        /// The function or operator.
        function: &'static str,
        /// The path.
        path: String,
    },
}

impl<'a> BoundCondition<'a> {
    /// Joins a condition, `ExpressionAttributeNames` and `ExpressionAttributeValues`. Both may have more than it uses:
    /// other expressions of the request share them.
    ///
    /// # Errors
    /// If DynamoDB would refuse the condition before it looks at any item.
    pub fn new(
        kind: ExpressionKind,
        condition: &'a Condition,
        names: &'a BTreeMap<String, String>,
        values: &'a BTreeMap<String, AttributeValue>,
    ) -> Result<Self, BindError> {
        let pairs = names.iter().map(|(placeholder, name)| (placeholder.as_str(), name.as_str()));
        Placeholders::new(pairs, values.keys().map(String::as_str)).condition(kind, condition)?;
        let bound = Self { condition, names, values };
        bound.check(kind, condition)?;
        Ok(bound)
    }

    /// Whether the item fulfils it. What the item does not have is unequal to everything and fulfils nothing else, except
    /// `attribute_not_exists`.
    pub fn matches(&self, item: &Item) -> bool {
        self.holds(self.condition, Data { item, computed: None })
    }

    /// The same for an item with attributes that are computed from it and stand before its own of the same names.
    pub fn matches_with(&self, item: &Item, computed: &Item) -> bool {
        self.holds(self.condition, Data { item, computed: Some(computed) })
    }

    fn check(&self, kind: ExpressionKind, condition: &Condition) -> Result<(), BindError> {
        let wrong = |value: &str, function, expected| {
            let of_type = self.values.get(value).map_or("nothing", AttributeValue::type_name);
            BindError::OperandType { kind, value: shown(value), of_type, function, expected }
        };
        match condition {
            Condition::And(terms) | Condition::Or(terms) => terms.iter().try_for_each(|term| self.check(kind, term)),
            Condition::Not(negated) => self.check(kind, negated),
            Condition::Compare { left, comparator, right } => self.distinct(kind, comparator.symbol(), left, right),
            Condition::Contains(operand, part) => self.distinct(kind, "contains", operand, part),
            Condition::BeginsWith(operand, prefix) => {
                self.distinct(kind, "begins_with", operand, prefix)?;
                [operand, prefix].into_iter().try_for_each(|operand| match (operand, self.literal(operand)) {
                    (_, None | Some(AttributeValue::S(_) | AttributeValue::B(_))) => Ok(()),
                    (operand, Some(_)) => Err(wrong(&operand.to_string(), "begins_with", "a string or bytes")),
                })
            }
            Condition::AttributeType(_, value) => match self.values.get(value) {
                Some(AttributeValue::S(name)) if TYPE_NAMES.contains(&name.as_str()) => Ok(()),
                Some(AttributeValue::S(_)) => Err(BindError::TypeName { kind, value: shown(value) }),
                _ => Err(wrong(value, "attribute_type", "the name of a type as a string")),
            },
            Condition::Between { lower, upper, .. } => match (self.literal(lower), self.literal(upper)) {
                (Some(low), Some(high)) if low.type_name() != high.type_name() => {
                    Err(wrong(&upper.to_string(), "BETWEEN", "bounds of one type"))
                }
                (Some(low), Some(high)) if compare(Comparator::Greater, low, high) => {
                    Err(BindError::Bounds { kind, lower: shown(&lower.to_string()), upper: shown(&upper.to_string()) })
                }
                _ => Ok(()),
            },
            Condition::In { .. } | Condition::AttributeExists(_) | Condition::AttributeNotExists(_) => Ok(()),
        }
    }

    /// DynamoDB refuses `a = a`, but neither `size(a) = a` nor `:v = :v`.
    fn distinct(
        &self,
        kind: ExpressionKind,
        function: &'static str,
        one: &Operand,
        other: &Operand,
    ) -> Result<(), BindError> {
        match (one, other) {
            (Operand::Path(one), Operand::Path(other))
                if self.name(&one.attribute) == self.name(&other.attribute)
                    && one
                        .elements
                        .iter()
                        .map(|of| self.step(of))
                        .eq(other.elements.iter().map(|of| self.step(of))) =>
            {
                Err(BindError::SameOperands { kind, function, path: shown(&one.to_string()) })
            }
            _ => Ok(()),
        }
    }

    /// The value of an operand that is one.
    fn literal(&self, operand: &Operand) -> Option<&'a AttributeValue> {
        match operand {
            Operand::Value(value) => self.values.get(value),
            Operand::Path(_) | Operand::Size(_) | Operand::SizeOfValue(_) => None,
        }
    }

    /// As deep as the reader allows.
    fn holds(&self, condition: &Condition, item: Data<'_>) -> bool {
        match condition {
            Condition::And(terms) => terms.iter().all(|term| self.holds(term, item)),
            Condition::Or(terms) => terms.iter().any(|term| self.holds(term, item)),
            Condition::Not(negated) => !self.holds(negated, item),
            Condition::Compare { left, comparator, right } => {
                match (self.operand(left, item), self.operand(right, item)) {
                    (Some(left), Some(right)) => left.compare(*comparator, &right),
                    _ => *comparator == Comparator::NotEqual,
                }
            }
            Condition::Between { operand, lower, upper } => {
                let Some(operand) = self.operand(operand, item) else { return false };
                let is = |comparator, bound| {
                    self.operand(bound, item).is_some_and(|bound| operand.compare(comparator, &bound))
                };
                is(Comparator::GreaterOrEqual, lower) && is(Comparator::LessOrEqual, upper)
            }
            Condition::In { operand, candidates } => {
                let Some(operand) = self.operand(operand, item) else { return false };
                let mut candidates = candidates.iter().filter_map(|candidate| self.operand(candidate, item));
                candidates.any(|candidate| operand.compare(Comparator::Equal, &candidate))
            }
            Condition::AttributeExists(path) => self.at(path, item).is_some(),
            Condition::AttributeNotExists(path) => self.at(path, item).is_none(),
            Condition::AttributeType(operand, name) => {
                let of_type = self.operand(operand, item).map(|operand| operand.value().type_name());
                matches!(self.values.get(name), Some(AttributeValue::S(name)) if of_type == Some(name))
            }
            Condition::BeginsWith(operand, prefix) => self.both(operand, prefix, item, begins_with),
            Condition::Contains(operand, part) => self.both(operand, part, item, contains),
        }
    }

    fn both(
        &self,
        one: &Operand,
        other: &Operand,
        item: Data<'_>,
        holds: fn(&AttributeValue, &AttributeValue) -> bool,
    ) -> bool {
        match (self.operand(one, item), self.operand(other, item)) {
            (Some(one), Some(other)) => holds(one.value(), other.value()),
            _ => false,
        }
    }

    fn operand<'i>(&'i self, operand: &Operand, item: Data<'i>) -> Option<Found<'i>> {
        match operand {
            Operand::Path(path) => self.at(path, item).map(Found::Stored),
            Operand::Value(value) => self.values.get(value).map(Found::Stored),
            Operand::Size(path) => size(self.at(path, item)?).map(Found::Made),
            Operand::SizeOfValue(value) => size(self.values.get(value)?).map(Found::Made),
        }
    }

    /// What the item has there.
    fn at<'i>(&self, path: &DocumentPath, item: Data<'i>) -> Option<&'i AttributeValue> {
        let attribute = item.get(self.name(&path.attribute)?)?;
        path.elements.iter().try_fold(attribute, |value, element| self.step(element)?.find(value))
    }

    fn step<'n>(&'n self, element: &'n Element) -> Option<ResolvedElement<'n>> {
        match element {
            &Element::Index(index) => Some(ResolvedElement::Index(index)),
            Element::Name(name) => self.name(name).map(ResolvedElement::Name),
        }
    }

    fn name<'n>(&'n self, name: &'n Name) -> Option<&'n str> {
        match name {
            Name::Bare(name) => Some(name),
            Name::Placeholder(placeholder) => self.names.get(placeholder).map(String::as_str),
        }
    }
}

/// What a condition is asked of.
#[derive(Clone, Copy)]
struct Data<'i> {
    item: &'i Item,
    computed: Option<&'i Item>,
}

impl<'i> Data<'i> {
    fn get(self, name: &str) -> Option<&'i AttributeValue> {
        self.computed.and_then(|computed| computed.get(name)).or_else(|| self.item.get(name))
    }
}

const TYPE_NAMES: [&str; 10] = ["S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"];

/// An operand's value: one that lies somewhere, or a size.
enum Found<'a> {
    Stored(&'a AttributeValue),
    Made(AttributeValue),
}

impl Found<'_> {
    fn value(&self) -> &AttributeValue {
        match self {
            Self::Stored(value) => value,
            Self::Made(value) => value,
        }
    }

    fn compare(&self, comparator: Comparator, other: &Self) -> bool {
        compare(comparator, self.value(), other.value())
    }
}

fn begins_with(value: &AttributeValue, prefix: &AttributeValue) -> bool {
    match (value, prefix) {
        (AttributeValue::S(text), AttributeValue::S(prefix)) => text.starts_with(prefix.as_str()),
        (AttributeValue::B(bytes), AttributeValue::B(prefix)) => bytes.starts_with(prefix),
        _ => false,
    }
}

fn contains(value: &AttributeValue, part: &AttributeValue) -> bool {
    use AttributeValue::{B, Bs, L, N, Ns, S, Ss};
    match (value, part) {
        (S(text), S(part)) => text.contains(part.as_str()),
        (B(bytes), B(part)) => part.is_empty() || bytes.windows(part.len()).any(|window| window == part),
        (Ss(set), S(element)) => set.contains(element),
        (Bs(set), B(element)) => set.contains(element),
        (Ns(set), N(_)) => set.iter().any(|element| equal(&N(element.clone()), part)),
        (L(list), part) => list.iter().any(|element| equal(element, part)),
        _ => false,
    }
}

/// Of a string the UTF-16 code units, as dynoxide 3.2.0 found out from the service (`expressions/condition.rs`); AWS's
/// guide says just "the length of the string". Of bytes their number, of everything else that has elements, theirs.
fn size(value: &AttributeValue) -> Option<AttributeValue> {
    let size = match value {
        AttributeValue::S(text) => text.encode_utf16().count(),
        AttributeValue::B(bytes) => bytes.len(),
        AttributeValue::Ss(set) | AttributeValue::Ns(set) => set.len(),
        AttributeValue::Bs(set) => set.len(),
        AttributeValue::M(map) => map.len(),
        AttributeValue::L(list) => list.len(),
        AttributeValue::N(_) | AttributeValue::Null(_) | AttributeValue::Bool(_) => return None,
    };
    Some(AttributeValue::N(size.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use AttributeValue::{B, L, M, N, Ns, Null, Ss};

    const KIND: ExpressionKind = ExpressionKind::Condition;

    fn n(text: &str) -> AttributeValue {
        N(text.to_owned())
    }

    fn item() -> Item {
        let list = L(vec!["x".into(), n("1.0"), M([("deep".to_owned(), true.into())].into())]);
        let map = M([("a.b".to_owned(), "dotted".into()), ("l".to_owned(), list)].into());
        [
            ("s", "hällo😀".into()),
            ("n", n("10")),
            ("b", B(vec![1, 2, 3])),
            ("t", true.into()),
            ("nil", Null(true)),
            ("ss", Ss(vec!["red".into(), "blue".into()])),
            ("ns", Ns(vec!["1".into(), "2.50".into()])),
            ("m", map),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn bound(text: &str, values: &[(&str, AttributeValue)]) -> Result<bool, String> {
        let condition = Condition::parse(KIND, text).unwrap();
        let names = BTreeMap::from([("#d".to_owned(), "a.b".to_owned()), ("#s".to_owned(), "s".to_owned())]);
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let bound = BoundCondition::new(KIND, &condition, &names, &values).map_err(|error| error.to_string())?;
        Ok(bound.matches(&item()))
    }

    #[track_caller]
    fn check(expected: bool, values: &[(&str, AttributeValue)], texts: &[&str]) {
        for text in texts {
            assert_eq!(bound(text, values), Ok(expected), "{text}");
        }
    }

    #[test]
    fn comparisons_and_ranges() {
        let values = [(":9", n("9")), (":10", n("1e1")), (":s", "10".into()), (":z", "z".into())];
        check(true, &values, &["n = :10", "n > :9", ":9 < n", "n <> :9", "n <> :s", "n BETWEEN :9 AND :10", "s < :z"]);
        check(true, &values, &["n IN (:9, :10)", "n IN (s, n)", "n BETWEEN n AND n", "size(b) < :9", ":9 <> :s"]);
        check(
            false,
            &values,
            &["n = :s", "n < :9", "n < :s", "n > :s", "n BETWEEN n AND s", "n IN (:9, :s)", "t < nil"],
        );
    }

    #[test]
    fn what_is_missing_is_unequal_and_nothing_else() {
        let values = [(":v", n("1"))];
        check(true, &values, &["x <> :v", "x <> y", "size(x) <> :v", "size(n) <> :v", "attribute_not_exists(x)"]);
        check(true, &values, &["attribute_not_exists(s.a)", "attribute_not_exists(m.l[9])", "NOT x = :v"]);
        check(false, &values, &["x = :v", "x = y", "x < :v", "x >= :v", "x IN (:v, y)", "x BETWEEN :v AND :v"]);
        check(false, &values, &["contains(x, :v)", "begins_with(x, s)", "attribute_exists(x)", "size(t) >= :v"]);
        check(false, &values, &["n BETWEEN x AND :v", ":v IN (x)"]);
    }

    #[test]
    fn paths_go_down() {
        let values = [(":x", "x".into()), (":d", "dotted".into()), (":t", true.into()), (":1", n("1"))];
        check(true, &values, &["m.#d = :d", "m.l[0] = :x", "m.l[1] = :1", "m.l[2].deep = :t", "attribute_exists(m.l)"]);
        check(false, &values, &["m.l.deep = :t", "m[0] = :x", "#s.#d = :d", "s[0] = :x"]);
    }

    #[test]
    fn functions() {
        let values = [
            (":S", "S".into()),
            (":NULL", "NULL".into()),
            (":h", "hä".into()),
            (":o", "o".into()),
            (":e", "".into()),
            (":b", B(vec![1, 2])),
            (":bb", B(vec![2, 3])),
            (":red", "red".into()),
            (":2.5", n("25e-1")),
            (":7", n("7")),
            (":2", n("2")),
            (":1", n("1")),
        ]
        .map(|(name, value)| (name.replace('.', "_"), value));
        let values = values.each_ref().map(|(name, value)| (name.as_str(), value.clone()));
        let texts = ["attribute_type(s, :S)", "attribute_type(nil, :NULL)", "begins_with(s, :h)", "begins_with(b, :b)"];
        check(true, &values, &texts);
        check(true, &values, &["contains(s, :o)", "contains(s, :e)", "contains(b, :bb)", "contains(ss, :red)"]);
        check(true, &values, &["contains(ns, :2_5)", "contains(m.l, :1)", "contains(:red, :e)", "begins_with(s, :e)"]);
        // Seven UTF-16 code units: the emoji has two.
        check(true, &values, &["size(s) = :7", "size(ss) = :2", "size(ns) = :2", "size(m) = :2", "size(:b) = :2"]);
        check(
            false,
            &values,
            &["attribute_type(n, :S)", "begins_with(n, :h)", "begins_with(s, :b)", "begins_with(ss, :e)"],
        );
        check(false, &values, &["contains(ss, :e)", "contains(n, :1)", "contains(m, :S)", "contains(m.l, :2)"]);
        // Bytes are contained as a whole, side by side and in their order.
        let bytes =
            [(":13", vec![1, 3]), (":32", vec![3, 2]), (":1234", vec![1, 2, 3, 4]), (":2", vec![2]), (":", vec![])];
        let bytes = bytes.map(|(name, value)| (name.replace(':', ":b"), B(value)));
        let bytes = bytes.each_ref().map(|(name, value)| (name.as_str(), value.clone()));
        check(true, &bytes, &["contains(b, :b2)", "contains(b, :b)"]);
        check(false, &bytes, &["contains(b, :b13)", "contains(b, :b32)", "contains(b, :b1234)", "contains(s, :b2)"]);
    }

    #[test]
    fn parentheses_and_precedence_count() {
        let values = [(":t", true.into()), (":f", false.into())];
        check(true, &values, &["t = :t OR t = :f AND t = :f", "NOT t = :f AND t = :t", "NOT (t = :t AND t = :f)"]);
        check(false, &values, &["(t = :t OR t = :f) AND t = :f", "NOT (t = :f) AND t = :f", "NOT NOT t = :f"]);
    }

    #[test]
    fn computed_attributes_stand_before_those_of_the_item() {
        let names = BTreeMap::new();
        let values = BTreeMap::from([(":x".to_owned(), "x".into()), (":y".to_owned(), "y".into())]);
        let holds = |text: &str, computed: &Item| {
            let condition = Condition::parse(KIND, text).unwrap();
            let item = Item::from([("a".to_owned(), "x".into()), ("b".to_owned(), "x".into())]);
            BoundCondition::new(KIND, &condition, &names, &values).unwrap().matches_with(&item, computed)
        };
        let computed = Item::from([("a".to_owned(), "y".into()), ("c".to_owned(), "y".into())]);
        for text in ["a = :y", "b = :x", "c = :y", "begins_with(c, :y)", "attribute_exists(c)", "a <> b"] {
            assert!(holds(text, &computed), "{text}");
        }
        for text in ["a = :x", "b = :y", "attribute_not_exists(c)", "a = b"] {
            assert!(!holds(text, &computed), "{text}");
        }
        assert!(holds("a = :x AND attribute_not_exists(c)", &Item::new()));
    }

    /// The text of a request may be read, its names and values may not.
    #[test]
    fn debug_is_the_text_without_names_and_values() {
        let condition = Condition::parse(KIND, "#d = :v AND b > :w").unwrap();
        let names = BTreeMap::from([("#d".to_owned(), "diagnosis".to_owned())]);
        let values = BTreeMap::from([(":v".to_owned(), "influenza".into()), (":w".to_owned(), n("40.5"))]);
        let bound = BoundCondition::new(KIND, &condition, &names, &values).unwrap();
        assert_eq!(format!("{bound:?}"), "BoundCondition(#d = :v AND b > :w)");
    }

    #[test]
    fn what_no_item_is_asked() {
        let values = [(":1", n("1")), (":2", n("2")), (":s", "x".into())];
        for (text, error) in [
            ("a = :x", "`:x` is not defined in ExpressionAttributeValues"),
            ("#x = :1", "`#x` is not defined in ExpressionAttributeNames"),
            ("begins_with(a, :1)", "`:1` is of type N, but begins_with needs a string or bytes"),
            ("attribute_type(a, :1)", "`:1` is of type N, but attribute_type needs the name of a type as a string"),
            ("attribute_type(a, :s)", "`:s` has to be one of S, N, B, SS, NS, BS, M, L, NULL and BOOL"),
            ("a = :1 OR NOT b BETWEEN :1 AND :s", "`:s` is of type S, but BETWEEN needs bounds of one type"),
            ("#s.x[0] = s.x[0]", "both operands of = are #s.x[0]"),
            ("contains(a, a)", "both operands of contains are a"),
            ("begins_with(a, (a))", "both operands of begins_with are a"),
            ("b BETWEEN :2 AND :1", "the lower bound `:2` of BETWEEN is greater than the upper bound `:1`"),
        ] {
            assert_eq!(bound(text, &values), Err(format!("ConditionExpression: {error}")));
        }
    }
}
