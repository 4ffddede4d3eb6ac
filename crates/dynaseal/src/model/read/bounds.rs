//! What is asked of a sort key. DynamoDB takes one condition, so several become one that covers all of them, and what it
//! brings too many is dropped when it has been read.

use dynaseal_core::AttributeValue;
use dynaseal_expression::{Comparator, compare};

use crate::model::condition::Comparison;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum SortCondition<V> {
    Compare(Comparison, V),
    Between(V, V),
    BeginsWith(V),
}

/// What several conditions come to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bounds {
    /// No value fulfils all of them.
    Nothing,
    /// This one covers them. If it is not `exact`, it also covers values that do not fulfil all.
    One { condition: SortCondition<AttributeValue>, exact: bool },
}

impl SortCondition<AttributeValue> {
    /// Whether a value fulfils it, as DynamoDB sees it.
    pub(super) fn holds(&self, value: &AttributeValue) -> bool {
        match self {
            Self::Compare(comparison, with) => compare(comparison.comparator(), value, with),
            Self::Between(low, high) => {
                is(low, Comparator::LessOrEqual, value) && is(value, Comparator::LessOrEqual, high)
            }
            Self::BeginsWith(beginning) => begins(value, beginning),
        }
    }
}

/// One end of a range.
#[derive(Clone, Copy)]
struct End<'v> {
    value: &'v AttributeValue,
    /// Whether the value itself is outside.
    strict: bool,
}

/// The one condition for several; `None` of none.
pub(super) fn narrow(conditions: &[SortCondition<AttributeValue>]) -> Option<Bounds> {
    let (mut equal, mut low, mut high, mut beginning) = (None, None, None, None);
    for condition in conditions {
        match condition {
            SortCondition::Compare(Comparison::Eq, value) => equal = equal.or(Some(value)),
            // There is no method for it.
            SortCondition::Compare(Comparison::Ne, _) => {}
            SortCondition::Compare(of @ (Comparison::Gt | Comparison::Ge), value) => {
                low = Some(tighter(low, End { value, strict: *of == Comparison::Gt }, Comparator::Greater));
            }
            SortCondition::Compare(of @ (Comparison::Lt | Comparison::Le), value) => {
                high = Some(tighter(high, End { value, strict: *of == Comparison::Lt }, Comparator::Less));
            }
            SortCondition::Between(from, to) => {
                low = Some(tighter(low, End { value: from, strict: false }, Comparator::Greater));
                high = Some(tighter(high, End { value: to, strict: false }, Comparator::Less));
            }
            SortCondition::BeginsWith(value) => match beginning {
                Some(longest) if begins(longest, value) => {}
                Some(longest) if !begins(value, longest) => return Some(Bounds::Nothing),
                _ => beginning = Some(value),
            },
        }
    }
    let bounds = match (equal, beginning) {
        (Some(value), _) if conditions.iter().all(|condition| condition.holds(value)) => exactly(value),
        (Some(_), _) => Bounds::Nothing,
        (None, Some(beginning)) => of_beginning(beginning, low, high),
        (None, None) => match (low, high) {
            (Some(low), Some(high)) => of_range(low, high),
            (Some(End { value, strict }), None) => {
                exact(SortCondition::Compare(if strict { Comparison::Gt } else { Comparison::Ge }, value.clone()))
            }
            (None, Some(End { value, strict })) => {
                exact(SortCondition::Compare(if strict { Comparison::Lt } else { Comparison::Le }, value.clone()))
            }
            (None, None) => return None,
        },
    };
    Some(bounds)
}

/// Of two ends the one further in.
fn tighter<'v>(one: Option<End<'v>>, other: End<'v>, further: Comparator) -> End<'v> {
    let Some(one) = one else { return other };
    if is(other.value, further, one.value) || (is(other.value, Comparator::Equal, one.value) && other.strict) {
        other
    } else {
        one
    }
}

/// Those that begin so are a range of their own, from the beginning itself on.
fn of_beginning(beginning: &AttributeValue, low: Option<End<'_>>, high: Option<End<'_>>) -> Bounds {
    let all = || SortCondition::BeginsWith(beginning.clone());
    let is_before = |end: &End<'_>| !begins(end.value, beginning) && is(end.value, Comparator::Less, beginning);
    let is_behind = |end: &End<'_>| !begins(end.value, beginning) && is(end.value, Comparator::Greater, beginning);
    if low.as_ref().is_some_and(is_behind) || high.as_ref().is_some_and(is_before) {
        return Bounds::Nothing;
    }
    // Ends outside of the range take nothing away.
    let low = low.filter(|low| !is_before(low));
    let high = high.filter(|high| !is_behind(high));
    match (low, high) {
        (None, None) => exact(all()),
        (None, Some(high)) => of_range(End { value: beginning, strict: false }, high),
        (Some(low), Some(high)) => of_range(low, high),
        // Up to where another beginning begins: no value says that for all types.
        (Some(low), None) => {
            let takes_nothing = is(low.value, Comparator::Equal, beginning) && !low.strict;
            Bounds::One { condition: all(), exact: takes_nothing }
        }
    }
}

fn of_range(low: End<'_>, high: End<'_>) -> Bounds {
    let strict = low.strict || high.strict;
    if is(low.value, Comparator::Equal, high.value) {
        return if strict { Bounds::Nothing } else { exactly(low.value) };
    }
    if !is(low.value, Comparator::Less, high.value) {
        return Bounds::Nothing;
    }
    Bounds::One { condition: SortCondition::Between(low.value.clone(), high.value.clone()), exact: !strict }
}

fn exactly(value: &AttributeValue) -> Bounds {
    exact(SortCondition::Compare(Comparison::Eq, value.clone()))
}

fn exact(condition: SortCondition<AttributeValue>) -> Bounds {
    Bounds::One { condition, exact: true }
}

fn is(left: &AttributeValue, comparator: Comparator, right: &AttributeValue) -> bool {
    compare(comparator, left, right)
}

fn begins(value: &AttributeValue, beginning: &AttributeValue) -> bool {
    match (value, beginning) {
        (AttributeValue::S(value), AttributeValue::S(beginning)) => value.starts_with(beginning.as_str()),
        (AttributeValue::B(value), AttributeValue::B(beginning)) => value.starts_with(beginning),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All texts of up to three of these letters.
    fn texts() -> Vec<AttributeValue> {
        let mut texts = vec![String::new()];
        let mut from = 0;
        for _ in 0..3 {
            let to = texts.len();
            for index in from..to {
                texts.extend(["a", "b", "c"].map(|letter| format!("{}{letter}", texts[index])));
            }
            from = to;
        }
        texts.into_iter().map(AttributeValue::S).collect()
    }

    fn numbers() -> Vec<AttributeValue> {
        ["-10", "-9.5", "-1", "0", "1", "1.0", "2e0", "9", "9.50", "10", "100"]
            .map(|text| AttributeValue::N(text.to_owned()))
            .into()
    }

    fn conditions(values: &[AttributeValue]) -> Vec<SortCondition<AttributeValue>> {
        let mut conditions = Vec::new();
        for value in values {
            for of in [Comparison::Eq, Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge] {
                conditions.push(SortCondition::Compare(of, value.clone()));
            }
            let is_beginning = match value {
                AttributeValue::S(text) => !text.is_empty(),
                AttributeValue::B(bytes) => !bytes.is_empty(),
                _ => false,
            };
            if is_beginning {
                conditions.push(SortCondition::BeginsWith(value.clone()));
            }
        }
        for pair in values.windows(2) {
            conditions.push(SortCondition::Between(pair[0].clone(), pair[1].clone()));
            conditions.push(SortCondition::Between(pair[1].clone(), pair[0].clone()));
        }
        conditions
    }

    fn check(asked: &[SortCondition<AttributeValue>], among: &[AttributeValue]) -> bool {
        let fulfil = |value: &&AttributeValue| asked.iter().all(|condition| condition.holds(value));
        match narrow(asked).unwrap() {
            Bounds::Nothing => {
                assert_eq!(among.iter().find(fulfil), None, "{asked:?}");
                false
            }
            Bounds::One { condition, exact } => {
                if let SortCondition::Between(low, high) = &condition {
                    assert!(compare(Comparator::Less, low, high), "DynamoDB refuses it: {asked:?}");
                }
                for value in among {
                    let (wanted, covered) = (fulfil(&value), condition.holds(value));
                    assert!(covered || !wanted, "{value:?} is lost: {asked:?} is {condition:?}");
                    assert!(!exact || covered == wanted, "{value:?} comes as well: {asked:?} is {condition:?}");
                }
                exact
            }
        }
    }

    #[test]
    fn one_condition_covers_all_and_no_more_than_it_says() {
        let texts = texts();
        let some: Vec<AttributeValue> = texts.iter().filter(|of| !of.as_text().contains('c')).cloned().collect();
        let of_bytes = |texts: &[AttributeValue]| -> Vec<AttributeValue> {
            texts.iter().map(|of| AttributeValue::B(of.as_text().as_bytes().to_vec())).collect()
        };
        let (some_bytes, bytes) = (of_bytes(&some), of_bytes(&texts));
        for (conditions, among) in
            [(conditions(&some), &texts), (conditions(&some_bytes), &bytes), (conditions(&numbers()), &numbers())]
        {
            let mut exact = 0;
            for one in &conditions {
                assert!(
                    check(std::slice::from_ref(one), among)
                        || narrow(std::slice::from_ref(one)) == Some(Bounds::Nothing)
                );
                for other in &conditions {
                    exact += usize::from(check(&[one.clone(), other.clone()], among));
                }
            }
            assert!(exact > conditions.len());
            // Three of them, of which some are taken.
            for (index, one) in conditions.iter().enumerate().step_by(7) {
                for other in conditions.iter().skip(index % 5).step_by(5) {
                    for third in conditions.iter().skip(index % 3).step_by(3) {
                        check(&[one.clone(), other.clone(), third.clone()], among);
                    }
                }
            }
        }
        assert_eq!(narrow(&[]), None);
    }

    trait AsText {
        fn as_text(&self) -> &str;
    }

    impl AsText for AttributeValue {
        fn as_text(&self) -> &str {
            match self {
                AttributeValue::S(text) => text,
                _ => "",
            }
        }
    }
}
