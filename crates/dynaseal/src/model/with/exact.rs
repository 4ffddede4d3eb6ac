//! JSON compared to the last digit of its numbers, which `serde_json::Value` does not keep.

use std::collections::BTreeMap;

use dynaseal_core::AttributeValue;
use dynaseal_legacy::pynamodb_mate::Json;

/// Whether both are JSON, and the same, with the members of objects in any order and other spaces.
pub(in crate::model) fn is_same_json(one: &str, other: &str) -> bool {
    let (Ok(first), Ok(second)) = (one.parse::<Json>(), other.parse::<Json>()) else { return false };
    // What is read of a float has no more than its 17 digits, and the text may.
    is_same(&first, &second) && numbers(one) == numbers(other)
}

fn is_same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::List(one), Json::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| is_same(one, other)))
        }
        (one, other) => one == other,
    }
}

/// The same with the elements of lists in any order as well, which is that of a `HashSet`.
pub(in crate::model) fn is_same_but_for_order(one: &str, other: &str) -> bool {
    let (Ok(first), Ok(second)) = (one.parse::<Json>(), other.parse::<Json>()) else { return false };
    without_order(&first) == without_order(&second) && numbers(one) == numbers(other)
}

/// A text that is the same for all orders.
fn without_order(json: &Json) -> String {
    let sorted = |mut parts: Vec<String>| {
        parts.sort_unstable();
        parts.join(",")
    };
    match json {
        Json::List(list) => format!("[{}]", sorted(list.iter().map(without_order).collect())),
        Json::Object(members) => {
            let member = |(name, of): &(String, Json)| format!("{}:{}", Json::from(name.as_str()), without_order(of));
            format!("{{{}}}", sorted(members.iter().map(member).collect()))
        }
        scalar => scalar.to_string(),
    }
}

/// Whether a text has a number that a type may not keep as it is: one of more digits than the smallest float has, or with an
/// exponent.
pub(super) fn has_long_number(text: &str) -> bool {
    const SURE: usize = 6;
    tokens(text).any(|token| token.bytes().filter(u8::is_ascii_digit).count() > SURE || token.contains(['e', 'E']))
}

/// The numbers of a value, and where they are.
pub(super) enum Numbers {
    One(Option<Decimal>),
    List(Vec<Numbers>),
    Named(BTreeMap<String, Numbers>),
    None,
}

impl Numbers {
    pub(super) fn of_json(json: &Json) -> Self {
        match json {
            Json::Number(number) => Self::One(Decimal::of(&number.to_string())),
            Json::List(list) => Self::List(list.iter().map(Self::of_json).collect()),
            Json::Object(members) => {
                Self::Named(members.iter().map(|(name, of)| (name.clone(), Self::of_json(of))).collect())
            }
            _ => Self::None,
        }
    }

    pub(super) fn of_value(value: &AttributeValue) -> Self {
        let one = |number: &String| Self::One(Decimal::of(number));
        match value {
            AttributeValue::N(number) => one(number),
            AttributeValue::Ns(set) => Self::List(set.iter().map(one).collect()),
            AttributeValue::L(list) => Self::List(list.iter().map(Self::of_value).collect()),
            AttributeValue::M(map) => {
                Self::Named(map.iter().map(|(name, of)| (name.clone(), Self::of_value(of))).collect())
            }
            _ => Self::None,
        }
    }

    /// Whether a number is another one in what is written of a value that was read. What only one of them has is the type's
    /// matter: it may leave out what it does not know, and have defaults.
    pub(super) fn change_in(&self, written: &Self) -> bool {
        match (self, written) {
            (Self::One(stored), Self::One(written)) => stored != written,
            (Self::List(stored), Self::List(written)) => {
                let differ = stored.len() != written.len()
                    || stored.iter().zip(written).any(|(stored, written)| stored.change_in(written));
                differ && self.lost_and_found(&Self::all(written))
            }
            (Self::Named(stored), Self::Named(written)) => {
                stored.iter().any(|(name, stored)| written.get(name).is_some_and(|written| stored.change_in(written)))
            }
            _ => false,
        }
    }

    /// Of lists, as a `HashSet` has no order: whether some numbers are gone, and others there instead.
    fn lost_and_found(&self, written: &[&Decimal]) -> bool {
        let mut found = written.to_vec();
        let mut lost = false;
        for number in Self::all(std::slice::from_ref(self)) {
            match found.iter().position(|other| *other == number) {
                Some(at) => drop(found.swap_remove(at)),
                None => lost = true,
            }
        }
        lost && !found.is_empty()
    }

    fn all(numbers: &[Self]) -> Vec<&Decimal> {
        let mut all = Vec::new();
        let mut rest: Vec<&Self> = numbers.iter().collect();
        while let Some(next) = rest.pop() {
            match next {
                Self::One(number) => all.extend(number),
                Self::List(list) => rest.extend(list),
                Self::Named(map) => rest.extend(map.values()),
                Self::None => {}
            }
        }
        all
    }
}

/// Whether a number of a text of JSON is another one in what is written of what was read.
pub(super) fn changes_a_number(stored: &str, written: &str) -> bool {
    match (stored.parse::<Json>(), written.parse::<Json>()) {
        (Ok(stored), Ok(written)) => Numbers::of_json(&stored).change_in(&Numbers::of_json(&written)),
        _ => false,
    }
}

/// The numbers of a text, in an order of their own.
fn numbers(text: &str) -> Vec<Option<Decimal>> {
    let mut numbers: Vec<_> = tokens(text).map(Decimal::of).collect();
    numbers.sort_unstable();
    numbers
}

/// Everything in JSON that looks like a number and is not within a string.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit())?;
            rest = rest.get(start..)?;
            if let Some(within) = rest.strip_prefix('"') {
                rest = after_string(within)?;
                continue;
            }
            let end = rest.find(|c| !is_of_number(c)).unwrap_or(rest.len());
            let (token, after) = rest.split_at_checked(end)?;
            rest = after;
            return Some(token);
        }
    })
}

/// What follows the closing quote.
fn after_string(mut rest: &str) -> Option<&str> {
    loop {
        let at = rest.find(['"', '\\'])?;
        let found = rest.get(at..)?;
        rest = match found.strip_prefix('"') {
            Some(after) => return Some(after),
            // The character behind a backslash ends nothing.
            None => found.strip_prefix('\\').and_then(|after| after.get(after.chars().next()?.len_utf8()..))?,
        };
    }
}

/// A number of any size: `0.<digits> × 10^point`, without zeros at either end.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Decimal {
    negative: bool,
    digits: String,
    point: i64,
}

impl Decimal {
    /// `None` for what is no number.
    fn of(text: &str) -> Option<Self> {
        let (negative, magnitude) = text.strip_prefix('-').map_or((false, text), |magnitude| (true, magnitude));
        let (mantissa, exponent) = magnitude.split_once(['e', 'E']).unwrap_or((magnitude, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let significant = all.trim_start_matches('0');
        let leading = i64::try_from(all.len().checked_sub(significant.len())?).ok()?;
        let digits = significant.trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self { negative: false, digits, point: 0 });
        }
        let exponent: i64 = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
        let point = i64::try_from(whole.len()).ok()?.checked_sub(leading)?.checked_add(exponent)?;
        Some(Self { negative, digits, point })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_order_and_spaces_may_differ() {
        for (one, other, same) in [
            (r#"{"a": 1, "b": [1.5, null]}"#, r#"{"b":[1.5,null],"a":1}"#, true),
            (r#"{"id": 123456789012345678901234567890}"#, r#"{"id":123456789012345678901234567890}"#, true),
            (r#"{"id": 123456789012345678901234567890}"#, r#"{"id":1.2345678901234568e29}"#, false),
            ("[18446744073709551617]", "[18446744073709551616]", false),
            ("0.36155180001546683", "0.3615518000154668", false),
            ("0.10000000000000000555", "0.1", false),
            ("[1e5]", "[100000.0]", true),
            ("[1.0]", "[1]", false),
            ("[1,2]", "[2,1]", false),
            (r#"{"a":1}"#, r#"{"a":1,"b":1}"#, false),
            (r#"["a","b"]"#, r#"["a"]"#, false),
            (r#"{"a":"x"}"#, r#"{"a":"x","b":"y"}"#, false),
            (r#"["a"]"#, r#"["a","b"]"#, false),
            (r#""a 1.5 \" 2""#, r#""a 1.5 \u0022 2""#, true),
            ("text", "text", false),
        ] {
            assert_eq!(is_same_json(one, other), same, "{one} {other}");
        }
    }

    #[test]
    fn an_order_that_a_set_gave_may_differ_as_well() {
        assert!(is_same_but_for_order(r#"{"a":[1,{"c":2,"b":3}],"d":4}"#, r#"{"d":4,"a":[{"b":3,"c":2},1]}"#));
        for (one, other) in
            [("[1,2]", "[1,3]"), ("[[1],2]", "[1,[2]]"), (r#"{"a":1,"b":2}"#, r#"{"a":2,"b":1}"#), ("a", "b")]
        {
            assert!(!is_same_but_for_order(one, other), "{one} {other}");
        }
    }

    #[test]
    fn a_changed_number_is_seen_where_both_have_it() {
        for (stored, written, changed) in [
            (r#"{"id": 123456789012345678901234567890}"#, r#"{"id":1.2345678901234568e29}"#, true),
            (r#"{"id": 123456789012345678901234567890}"#, r#"{"id":123456789012345678901234567890}"#, false),
            (r#"{"id": 123456789012345678901234567890, "a": 1}"#, r#"{"a":1}"#, false),
            (r#"{"a": 1}"#, r#"{"a":1,"b":12345678.9}"#, false),
            ("[5]", "[5.0]", false),
            ("[100000000000000000000000]", "[1e+23]", false),
            ("[0.123456789]", "[0.12345679]", true),
            // Of a set.
            ("[1234567,2345678,[3]]", "[2345678,[3],1234567]", false),
            ("[1234567,2345678]", "[2345678,1234560]", true),
            ("[1234567,2345678]", "[2345678]", false),
            // Neither has the other's, and what a type leaves out and what it adds is its own matter.
            (r#"[{"a":1234567}]"#, r#"[{"b":7654321}]"#, false),
            (r#"[{"a":1234567}]"#, r#"[{"a":7654321}]"#, true),
        ] {
            assert_eq!(changes_a_number(stored, written), changed, "{stored} {written}");
        }
        assert!(!has_long_number(r#"{"1234567890":"1234567890 \" 1234567890","a":[1,-2.5]}"#));
        assert!(has_long_number("[1234567]") && has_long_number("1e5") && has_long_number(r#"{"a":-0.1234567}"#));
    }
}
