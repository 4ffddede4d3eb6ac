//! DynamoDB's normal form of numbers.
//!
//! DynamoDB gives every number back in one form, whatever was written: no exponent, no plus sign, no leading or
//! trailing zeros. Signatures and sealed values are over that form, so both sides of the wire agree on it.

/// The most significant digits that DynamoDB keeps.
const MAX_DIGITS: usize = 38;
/// One past the exponent of the leading digit of the largest number, 9.99…E125.
const MAX_POINT: i64 = 126;
/// One past the exponent of the leading digit of the smallest number, 1E-130.
const MIN_POINT: i64 = -129;

/// Why a text is not a DynamoDB number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberError {
    /// Not decimal digits with at most one point and one exponent.
    #[error("not a decimal number")]
    Syntax,
    /// More than 38 significant digits.
    #[error("more than 38 significant digits")]
    Precision,
    /// Magnitude of 1E126 or more.
    #[error("magnitude over 9.99E125")]
    TooLarge,
    /// Not zero, and magnitude under 1E-130.
    #[error("magnitude under 1E-130")]
    TooSmall,
}

/// Appends the normal form of `text` to `out`.
pub(crate) fn normalize_into(text: &str, out: &mut Vec<u8>) -> Result<(), NumberError> {
    if is_plain_integer(text) {
        out.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    let number = Parsed::read(text)?;
    number.write(out);
    Ok(())
}

/// The normal form of a number as DynamoDB stores and returns it.
///
/// # Errors
/// Where DynamoDB itself would refuse the number.
///
/// ```
/// # use dynaseal_core::normalize_number;
/// assert_eq!(normalize_number("-00.50e1")?, "-5");
/// assert!(normalize_number("1 ").is_err());
/// # Ok::<(), dynaseal_core::NumberError>(())
/// ```
pub fn normalize_number(text: &str) -> Result<String, NumberError> {
    if is_plain_integer(text) {
        return Ok(text.to_owned());
    }
    let mut out = Vec::with_capacity(text.len() + 1);
    Parsed::read(text)?.write(&mut out);
    Ok(String::from_utf8(out).expect("digits, a point and a minus sign are ASCII"))
}

/// Already normal: the common case, decided in one pass.
fn is_plain_integer(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes {
        [b'1'..=b'9', rest @ ..] => rest.len() < MAX_DIGITS && rest.iter().all(u8::is_ascii_digit),
        [b'0'] => true,
        _ => false,
    }
}

/// A number taken apart: `0.<digits> × 10^point`, digits without zeros at either end.
struct Parsed {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

impl Parsed {
    fn read(text: &str) -> Result<Self, NumberError> {
        let (negative, rest) = split_sign(text.as_bytes());
        let (mantissa, exponent) = match rest.iter().position(|b| matches!(b, b'e' | b'E')) {
            Some(at) => {
                let (mantissa, exponent) = rest.split_at(at);
                (mantissa, read_exponent(exponent.get(1..).unwrap_or_default())?)
            }
            None => (rest, 0),
        };
        let mut parts = mantissa.splitn(2, |b| *b == b'.');
        let whole = parts.next().unwrap_or_default();
        let fraction = parts.next().unwrap_or_default();
        let all_digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return Err(NumberError::Syntax);
        }

        let leading = whole.iter().chain(fraction).take_while(|b| **b == b'0').count();
        let mut digits: Vec<u8> = whole.iter().chain(fraction).skip(leading).copied().collect();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        if digits.is_empty() {
            return Ok(Self { negative: false, digits, point: 0 });
        }
        if digits.len() > MAX_DIGITS {
            return Err(NumberError::Precision);
        }
        let length = |n: usize| i64::try_from(n).map_err(|_| NumberError::Syntax);
        let point = (length(whole.len())? - length(leading)?).saturating_add(exponent);
        if point > MAX_POINT {
            return Err(NumberError::TooLarge);
        }
        if point < MIN_POINT {
            return Err(NumberError::TooSmall);
        }
        Ok(Self { negative, digits, point })
    }

    fn write(&self, out: &mut Vec<u8>) {
        if self.digits.is_empty() {
            out.push(b'0');
            return;
        }
        if self.negative {
            out.push(b'-');
        }
        match usize::try_from(self.point) {
            Ok(point) if point > 0 => {
                let (whole, fraction) = self.digits.split_at(point.min(self.digits.len()));
                out.extend_from_slice(whole);
                out.extend(std::iter::repeat_n(b'0', point - whole.len()));
                if !fraction.is_empty() {
                    out.push(b'.');
                    out.extend_from_slice(fraction);
                }
            }
            _ => {
                out.extend_from_slice(b"0.");
                let zeros = usize::try_from(self.point.unsigned_abs()).unwrap_or_default();
                out.extend(std::iter::repeat_n(b'0', zeros));
                out.extend_from_slice(&self.digits);
            }
        }
    }
}

fn split_sign(bytes: &[u8]) -> (bool, &[u8]) {
    match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, bytes),
    }
}

/// Saturates: an exponent of a hundred digits is out of range either way, unless the number is zero.
fn read_exponent(bytes: &[u8]) -> Result<i64, NumberError> {
    let (negative, digits) = split_sign(bytes);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NumberError::Syntax);
    }
    let step = |value: i64, digit: &u8| value.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
    // Halved, so that adding the length of a mantissa can not wrap.
    let value = digits.iter().fold(0_i64, step).min(i64::MAX / 2);
    Ok(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_forms() {
        let cases = [
            ("0", "0"),
            ("-0", "0"),
            ("+0", "0"),
            ("0e999999999999999999999", "0"),
            ("00.00", "0"),
            (".0", "0"),
            ("5.", "5"),
            ("+5", "5"),
            (".5", "0.5"),
            ("-.5", "-0.5"),
            ("007", "7"),
            ("1e3", "1000"),
            ("1E+3", "1000"),
            ("1.50", "1.5"),
            ("12.5e1", "125"),
            ("12.34e1", "123.4"),
            ("1e-3", "0.001"),
            ("0800.000e0", "800"),
            ("926e-4", "0.0926"),
            ("100e-2", "1"),
            ("10.01", "10.01"),
            ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
            ("0.0012300", "0.00123"),
        ];
        for (text, expected) in cases {
            assert_eq!(normalize_number(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refusals() {
        for text in [
            "", "-", "+", ".", "e5", "1e", "1e+", "1e-", " 1", "1 ", "1_0", "--1", "1.2.3", "1e1.5", "1e5e5", "0x1",
            "NaN", "١",
        ] {
            assert_eq!(normalize_number(text), Err(NumberError::Syntax), "{text:?}");
        }
        assert!(normalize_number(&"9".repeat(38)).is_ok());
        for digits in [39, 40, 41, 100, 200] {
            assert_eq!(normalize_number(&"9".repeat(digits)), Err(NumberError::Precision), "{digits}");
        }
        assert_eq!(normalize_number("1.00000000000000000000000000000000000001"), Err(NumberError::Precision));
    }

    #[test]
    fn both_sides_of_every_limit() {
        assert_eq!(normalize_number("1e-130").unwrap(), format!("0.{}1", "0".repeat(129)));
        assert_eq!(normalize_number("9.9e-131"), Err(NumberError::TooSmall));
        assert_eq!(normalize_number("1e125").unwrap(), format!("1{}", "0".repeat(125)));
        assert_eq!(normalize_number("9.9999999999999999999999999999999999999e125").unwrap().len(), 126);
        assert_eq!(normalize_number("1e126"), Err(NumberError::TooLarge));
        assert_eq!(normalize_number("1e999999999999999999999999"), Err(NumberError::TooLarge));
        assert_eq!(normalize_number("1e-999999999999999999999999"), Err(NumberError::TooSmall));
        // Trailing zeros are no digits, wherever the point is put.
        let zeros = "0".repeat(200);
        assert_eq!(normalize_number(&format!("1{zeros}e-150")).unwrap(), format!("1{}", "0".repeat(50)));
        assert_eq!(normalize_number(&format!("1{zeros}e-50")), Err(NumberError::TooLarge));
        assert_eq!(normalize_number(&format!("0.{zeros}{zeros}1e100")), Err(NumberError::TooSmall));
    }
}
