//! Comparison of attribute values, as DynamoDB does it: only values of one type are ever equal or in an order.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use dynaseal_core::{AttributeValue, normalize_number};

use super::Comparator;

/// Compares two values as DynamoDB does.
///
/// ```
/// use dynaseal_core::AttributeValue;
/// use dynaseal_expression::{Comparator, compare};
/// let number = |text: &str| AttributeValue::N(text.to_owned());
/// assert!(compare(Comparator::Less, &number("9.5"), &number("10")));
/// assert!(!compare(Comparator::Less, &number("9.5"), &AttributeValue::S("x".to_owned())));
/// ```
pub fn compare(comparator: Comparator, left: &AttributeValue, right: &AttributeValue) -> bool {
    let ordered = |is: fn(Ordering) -> bool| order(left, right).is_some_and(is);
    match comparator {
        Comparator::Equal => equal(left, right),
        Comparator::NotEqual => !equal(left, right),
        Comparator::Less => ordered(Ordering::is_lt),
        Comparator::LessOrEqual => ordered(Ordering::is_le),
        Comparator::Greater => ordered(Ordering::is_gt),
        Comparator::GreaterOrEqual => ordered(Ordering::is_ge),
    }
}

/// Sets have no order, numbers many spellings. Documents are compared all the way down, which DynamoDB bounds at 32 levels.
pub(super) fn equal(left: &AttributeValue, right: &AttributeValue) -> bool {
    use AttributeValue::{B, Bool, Bs, L, M, N, Ns, Null, S, Ss};
    match (left, right) {
        (S(left), S(right)) => left == right,
        (N(left), N(right)) => order_numbers(left, right) == Some(Ordering::Equal),
        (B(left), B(right)) => left == right,
        (Bool(left), Bool(right)) => left == right,
        (Null(_), Null(_)) => true,
        (Ss(left), Ss(right)) => left.iter().collect::<BTreeSet<_>>() == right.iter().collect(),
        (Bs(left), Bs(right)) => left.iter().collect::<BTreeSet<_>>() == right.iter().collect(),
        (Ns(left), Ns(right)) => match (normal_set(left), normal_set(right)) {
            (Some(left), Some(right)) => left == right,
            _ => false,
        },
        (L(left), L(right)) => left.len() == right.len() && left.iter().zip(right).all(|(l, r)| equal(l, r)),
        (M(left), M(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| equal(value, other)))
        }
        _ => false,
    }
}

/// Strings are in the order of their UTF-8, bytes in that of unsigned bytes. Nothing else but numbers has an order.
fn order(left: &AttributeValue, right: &AttributeValue) -> Option<Ordering> {
    match (left, right) {
        (AttributeValue::S(left), AttributeValue::S(right)) => Some(left.cmp(right)),
        (AttributeValue::B(left), AttributeValue::B(right)) => Some(left.cmp(right)),
        (AttributeValue::N(left), AttributeValue::N(right)) => order_numbers(left, right),
        _ => None,
    }
}

/// Nothing if one is no number.
fn normal_set(numbers: &[String]) -> Option<BTreeSet<String>> {
    numbers.iter().map(|number| normalize_number(number).ok()).collect()
}

/// Exact, over all 38 digits. Nothing if one is no number.
fn order_numbers(left: &str, right: &str) -> Option<Ordering> {
    let (left, right) = (normalize_number(left).ok()?, normalize_number(right).ok()?);
    Some(match (left.strip_prefix('-'), right.strip_prefix('-')) {
        (None, None) => order_magnitudes(&left, &right),
        (Some(left), Some(right)) => order_magnitudes(right, left),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
    })
}

/// Of numbers in normal form: no zeros at either end, none alone before a longer whole part.
fn order_magnitudes(left: &str, right: &str) -> Ordering {
    let split = |number| str::split_once(number, '.').unwrap_or((number, ""));
    let ((left_whole, left_fraction), (right_whole, right_fraction)) = (split(left), split(right));
    let by_length = left_whole.len().cmp(&right_whole.len());
    by_length.then_with(|| left_whole.cmp(right_whole)).then_with(|| left_fraction.cmp(right_fraction))
}

#[cfg(test)]
mod tests {
    use super::*;
    use AttributeValue::{B, Bs, L, M, N, Ns, Null, S, Ss};

    fn n(text: &str) -> AttributeValue {
        N(text.to_owned())
    }

    #[test]
    fn numbers_are_in_order() {
        let rising = [
            "-1e125",
            "-100",
            "-99.9",
            "-1.5",
            "-1",
            "-0.5",
            "-1e-130",
            "0",
            "1e-130",
            "0.05",
            "0.1",
            "0.10000000000000000000000000000000000001",
            "0.5",
            "1",
            "1.05",
            "1.5",
            "2",
            "9",
            "10",
            "99999999999999999999999999999999999998",
            "99999999999999999999999999999999999999",
            "1e38",
            "9.9e125",
        ];
        for (i, left) in rising.iter().enumerate() {
            for (j, right) in rising.iter().enumerate() {
                assert_eq!(order(&n(left), &n(right)), Some(i.cmp(&j)), "{left} {right}");
                assert_eq!(equal(&n(left), &n(right)), i == j);
            }
        }
        for (left, right) in [("1", "1.0"), ("-0", "0"), ("100", "1e2"), (".5", "5e-1"), ("007", "7")] {
            assert!(equal(&n(left), &n(right)));
        }
        assert_eq!(order(&n("x"), &n("x")), None);
        assert!(!equal(&n("x"), &n("x")));
    }

    #[test]
    fn only_values_of_one_type_are_equal() {
        let set = |elements: &[&str]| elements.iter().map(|element| (*element).to_owned()).collect::<Vec<_>>();
        let map = |value: AttributeValue| M([("a".to_owned(), value)].into());
        let values = [
            S("1".into()),
            n("1"),
            B(b"1".to_vec()),
            true.into(),
            Null(true),
            Ss(set(&["1"])),
            Ns(set(&["1"])),
            Bs(vec![b"1".to_vec()]),
            L(vec![n("1")]),
            map(n("1")),
        ];
        for (i, left) in values.iter().enumerate() {
            for (j, right) in values.iter().enumerate() {
                assert_eq!(compare(Comparator::Equal, left, right), i == j);
                assert_eq!(compare(Comparator::NotEqual, left, right), i != j);
                assert_eq!(compare(Comparator::LessOrEqual, left, right), i == j && i < 3, "{left:?} {right:?}");
            }
        }
        assert!(equal(&Ss(set(&["a", "b"])), &Ss(set(&["b", "a"]))));
        assert!(!equal(&Ss(set(&["a", "b"])), &Ss(set(&["a"]))));
        assert!(equal(&Ns(set(&["1", "20"])), &Ns(set(&["2e1", "1.0"]))));
        for other in [&["1", "2"][..], &["1"], &["1", "20", "3"], &["-1", "20"]] {
            assert!(!equal(&Ns(set(&["1", "20"])), &Ns(set(other))), "{other:?}");
        }
        // What is no number equals nothing, itself included.
        assert!(!equal(&Ns(set(&["1", "x"])), &Ns(set(&["1", "x"]))));
        assert!(equal(&Bs(vec![vec![1], vec![2]]), &Bs(vec![vec![2], vec![1]])));
        assert!(!equal(&Bs(vec![vec![1]]), &Bs(vec![vec![2]])));
        assert!(equal(&map(L(vec![n("1.0"), Ns(set(&["1", "2"]))])), &map(L(vec![n("1"), Ns(set(&["2", "1"]))]))));
        assert!(!equal(&L(vec![n("1"), n("2")]), &L(vec![n("2"), n("1")])));
        assert!(!equal(&map(n("1")), &M([("b".to_owned(), n("1"))].into())));
    }

    #[test]
    fn strings_and_bytes_are_in_the_order_of_their_bytes() {
        // UTF-16 would have them the other way round.
        assert_eq!(order(&"\u{ffff}".into(), &"😀".into()), Some(Ordering::Less));
        assert_eq!(order(&B(vec![0x7f]), &B(vec![0x80])), Some(Ordering::Less));
        assert_eq!(order(&B(vec![1]), &B(vec![1, 0])), Some(Ordering::Less));
        assert_eq!(order(&Null(true), &Null(true)), None);
    }
}
