//! Sums and differences of DynamoDB's numbers, exact to the last digit.
//!
//! DynamoDB rounds nothing: it refuses a result that it could not store, one of more than 38 significant digits as well as
//! one out of range (both as "Number overflow"; <https://github.com/scylladb/scylladb/blob/master/test/alternator/test_number.py>
//! runs on the service too).

use dynaseal_core::{NumberError, normalize_number};

/// `left + right` in normal form.
pub(crate) fn add(left: &str, right: &str) -> Result<String, NumberError> {
    calculate(left, right, false)
}

/// `left - right` in normal form.
pub(crate) fn subtract(left: &str, right: &str) -> Result<String, NumberError> {
    calculate(left, right, true)
}

/// Digit by digit, as on paper. The longest number in normal form has 169 digits, so there is nothing to be gained by more.
fn calculate(left: &str, right: &str, subtract: bool) -> Result<String, NumberError> {
    let (left, right) = (normalize_number(left)?, normalize_number(right)?);
    let ((left_negative, left), (right_negative, right)) = (split_sign(&left), split_sign(&right));
    let right_negative = right_negative != subtract;
    let fraction = fraction_length(left).max(fraction_length(right));
    let whole = whole_length(left).max(whole_length(right)) + 1;
    let (left, right) = (digits(left, whole, fraction), digits(right, whole, fraction));

    let (negative, result) = if left_negative == right_negative {
        (left_negative, sum(&left, &right))
    } else if left >= right {
        (left_negative, difference(&left, &right))
    } else {
        (right_negative, difference(&right, &left))
    };
    let mut text = String::from(if negative { "-" } else { "" });
    for (index, digit) in result.into_iter().enumerate() {
        if index == whole {
            text.push('.');
        }
        text.push(char::from(b'0' + digit));
    }
    normalize_number(&text)
}

fn split_sign(number: &str) -> (bool, &str) {
    number.strip_prefix('-').map_or((false, number), |magnitude| (true, magnitude))
}

fn whole_length(magnitude: &str) -> usize {
    magnitude.split('.').next().map_or(0, str::len)
}

fn fraction_length(magnitude: &str) -> usize {
    magnitude.split('.').nth(1).map_or(0, str::len)
}

/// That many before the point and behind it, the highest first. There is room for one more than the number has, so that a sum
/// fits into as many.
fn digits(magnitude: &str, whole: usize, fraction: usize) -> Vec<u8> {
    let zeros = |count| std::iter::repeat_n(0, count);
    let written = magnitude.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0');
    zeros(whole - whole_length(magnitude)).chain(written).chain(zeros(fraction - fraction_length(magnitude))).collect()
}

/// Of as many digits. The highest ones are zero.
fn sum(left: &[u8], right: &[u8]) -> Vec<u8> {
    from_the_lowest(left, right, |left, right, carry| (left + right + carry, left + right + carry > 9))
}

/// Of as many digits. The left one is not the lesser.
fn difference(left: &[u8], right: &[u8]) -> Vec<u8> {
    from_the_lowest(left, right, |left, right, borrow| (10 + left - right - borrow, left < right + borrow))
}

/// Each step gives a digit, of which tens do not count, and whether one is carried to the next.
fn from_the_lowest(left: &[u8], right: &[u8], step: fn(u8, u8, u8) -> (u8, bool)) -> Vec<u8> {
    let mut carry = false;
    let pairs = left.iter().zip(right).rev();
    let mut result: Vec<u8> = pairs
        .map(|(left, right)| {
            let (digit, carried) = step(*left, *right, u8::from(carry));
            carry = carried;
            digit % 10
        })
        .collect();
    result.reverse();
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sums_and_differences() {
        for (left, right, sum, difference) in [
            ("0", "0", "0", "0"),
            ("-0", "0.0", "0", "0"),
            ("1", "1", "2", "0"),
            ("5", "7", "12", "-2"),
            ("-5", "7", "2", "-12"),
            ("99", "1", "100", "98"),
            ("100", "-0.01", "99.99", "100.01"),
            ("0.1", "0.2", "0.3", "-0.1"),
            ("1e20", "1", "100000000000000000001", "99999999999999999999"),
            ("9.5e1", "0.5", "95.5", "94.5"),
        ] {
            assert_eq!(add(left, right).as_deref(), Ok(sum), "{left} + {right}");
            assert_eq!(subtract(left, right).as_deref(), Ok(difference), "{left} - {right}");
        }
    }

    #[test]
    fn both_sides_of_every_limit() {
        let nines = "9".repeat(38);
        // All 39 digits are there, but the last one is a zero.
        assert_eq!(add(&nines, "1"), Ok(format!("1{}", "0".repeat(38))));
        assert_eq!(add(&nines, "2"), Err(NumberError::Precision));
        assert_eq!(add("1e37", "1").map(|sum| sum.len()), Ok(38));
        assert_eq!(add("1e38", "1"), Err(NumberError::Precision));
        assert_eq!(subtract("1e38", "1"), Ok(nines));
        assert_eq!(subtract("1e39", "1"), Err(NumberError::Precision));
        assert_eq!(add("9e125", "9e124").map(|sum| sum.len()), Ok(126));
        assert_eq!(add("9e125", "1e125"), Err(NumberError::TooLarge));
        assert_eq!(subtract("-9e125", "9e125"), Err(NumberError::TooLarge));
        assert_eq!(subtract("1.1e-130", "1e-130"), Err(NumberError::TooSmall));
        assert_eq!(subtract("1.1e-130", "1.1e-130").as_deref(), Ok("0"));
        assert_eq!(add("9e125", "1e-130"), Err(NumberError::Precision));
        assert_eq!(add("1", "x"), Err(NumberError::Syntax));
    }

    /// A number as `units × 10^-20`, and its text.
    fn number() -> impl Strategy<Value = (i128, String)> {
        let units = prop_oneof![-1_000_000_i128..1_000_000, -(10_i128.pow(37))..10_i128.pow(37)];
        let scale = prop_oneof![Just(1_i128), Just(10_i128.pow(19)), Just(10_i128.pow(20)), Just(10_i128.pow(25))];
        (units, scale)
            .prop_map(|(units, scale)| units.checked_mul(scale).unwrap_or(units))
            .prop_map(|units| (units, format!("{units}e-20")))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Against the arithmetic of the processor, which 38 digits just fit into.
        #[test]
        fn as_integers((left, left_text) in number(), (right, right_text) in number()) {
            let expected = |units: Option<i128>| units.map(|units| normalize_number(&format!("{units}e-20")));
            if let (Ok(left_text), Ok(right_text)) = (normalize_number(&left_text), normalize_number(&right_text)) {
                if let Some(sum) = expected(left.checked_add(right)) {
                    prop_assert_eq!(add(&left_text, &right_text), sum);
                }
                if let Some(difference) = expected(left.checked_sub(right)) {
                    prop_assert_eq!(subtract(&left_text, &right_text), difference);
                }
            }
        }

        /// Over the whole range: what is added can be taken away again.
        #[test]
        fn there_and_back(left in "-?[1-9]\\.[0-9]{0,18}e-?[1-9]{1,2}", right in "-?[1-9]\\.[0-9]{0,18}e-?[1-9]{1,2}") {
            if let Ok(sum) = add(&left, &right) {
                prop_assert_eq!(&add(&right, &left), &Ok(sum.clone()));
                prop_assert_eq!(subtract(&sum, &right), normalize_number(&left));
                prop_assert_eq!(subtract(&sum, &left), normalize_number(&right));
            }
        }
    }
}
