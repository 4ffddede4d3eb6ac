//! Python's numbers: integers of any size and floats.

use std::fmt;
use std::str::FromStr;

use dynaseal_core::{NumberError, normalize_number};
use zeroize::Zeroizing;

/// A number. Two are equal if Python writes them alike: `NaN` is, 0.0 and -0.0 are not, nor are 1 and 1.0.
///
/// It prints as Python's `json.dumps` writes it:
///
/// ```
/// # use dynaseal_legacy::pynamodb_mate::Number;
/// assert_eq!(Number::from(1.0).to_string(), "1.0");
/// assert_eq!(Number::from(1e16).to_string(), "1e+16");
/// assert_eq!(Number::from(0.00001).to_string(), "1e-05");
/// assert_eq!(Number::from(f64::NEG_INFINITY).to_string(), "-Infinity");
/// ```
#[derive(Clone)]
pub enum Number {
    /// Python's `int`.
    Int(Integer),
    /// Python's `float`.
    Float(f64),
}

/// Its type.
impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Int(_) => "Int",
            Self::Float(_) => "Float",
        })
    }
}

impl Number {
    /// The number, if it is an integer that fits.
    pub fn to_i64(&self) -> Option<i64> {
        match self {
            Self::Int(integer) => integer.as_str().parse().ok(),
            Self::Float(_) => None,
        }
    }

    /// The nearest float, which is infinite or no number only where this is; `None` for integers beyond all floats.
    pub fn to_f64(&self) -> Option<f64> {
        match self {
            Self::Int(integer) => integer.as_str().parse().ok().filter(|float: &f64| float.is_finite()),
            Self::Float(float) => Some(*float),
        }
    }

    /// The number as DynamoDB stores it in an attribute of type N.
    ///
    /// # Errors
    /// If it has no such form: more than 38 digits, a magnitude over 9.99E125 or under 1E-130, infinity, or no number.
    ///
    /// ```
    /// # use dynaseal_legacy::pynamodb_mate::Number;
    /// assert_eq!(Number::from(1e-05).to_dynamodb()?, "0.00001");
    /// assert!(Number::from(5e-324).to_dynamodb().is_err());
    /// # Ok::<(), dynaseal_core::NumberError>(())
    /// ```
    pub fn to_dynamodb(&self) -> Result<String, NumberError> {
        normalize_number(&self.to_string())
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
            _ => false,
        }
    }
}

impl Eq for Number {}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl Number {
    /// Writes it as Python does.
    pub(super) fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        match self {
            Self::Int(integer) => out.write_str(integer.as_str()),
            Self::Float(float) => write_float(*float, out),
        }
    }
}

impl From<i64> for Number {
    fn from(integer: i64) -> Self {
        Self::Int(integer.into())
    }
}

impl From<f64> for Number {
    fn from(float: f64) -> Self {
        Self::Float(float)
    }
}

impl From<Integer> for Number {
    fn from(integer: Integer) -> Self {
        Self::Int(integer)
    }
}

/// Python's `float.__repr__`: the fewest digits that read back as the same float, with an exponent where the point would
/// be far away.
fn write_float(float: f64, out: &mut dyn fmt::Write) -> fmt::Result {
    if float.is_nan() {
        return out.write_str("NaN");
    }
    if float.is_infinite() {
        return out.write_str(if float < 0.0 { "-Infinity" } else { "Infinity" });
    }
    let text = shortest(float)?;
    let (mantissa, exponent) = text.split_once('e').ok_or(fmt::Error)?;
    let exponent: i32 = exponent.parse().map_err(|_| fmt::Error)?;
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return write!(out, "{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    if unsigned.len() < mantissa.len() {
        out.write_char('-')?;
    }
    let (first, rest) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let Ok(whole) = usize::try_from(exponent) else {
        let zeros = usize::try_from(exponent.unsigned_abs()).map_err(|_| fmt::Error)? - 1;
        return write!(out, "0.{:0<zeros$}{first}{rest}", "");
    };
    match rest.split_at_checked(whole) {
        Some((whole, fraction)) => write!(out, "{first}{whole}.{}", if fraction.is_empty() { "0" } else { fraction }),
        None => write!(out, "{first}{rest:0<whole$}.0"),
    }
}

/// The fewest digits, with an exponent: `-1.25e-7`.
///
/// The standard library finds how many. Where two texts of that many digits are equally near, as for 2⁻²⁵, it takes the
/// upper one and Python the even one; to a given number of digits both round alike. That nearest text reads back as
/// another float at some powers of two, below which floats are closer together: there the first one stands.
fn shortest(float: f64) -> Result<Zeroizing<String>, fmt::Error> {
    // More than any float needs, so that they do not grow: -2.2250738585072014e-308.
    let new = || Zeroizing::new(String::with_capacity(32));
    let (mut upper, mut even) = (new(), new());
    fmt::Write::write_fmt(&mut *upper, format_args!("{float:e}"))?;
    let digits = upper.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    fmt::Write::write_fmt(&mut *even, format_args!("{float:.*e}", digits.saturating_sub(1)))?;
    let reads_back = even.parse().is_ok_and(|read: f64| read.to_bits() == float.to_bits());
    Ok(if reads_back { even } else { upper })
}

/// An integer of any size in decimal.
///
/// ```
/// # use dynaseal_legacy::pynamodb_mate::Integer;
/// let integer: Integer = "-170141183460469231731687303715884105729".parse()?;
/// assert_eq!(integer.as_str(), "-170141183460469231731687303715884105729");
/// assert!("007".parse::<Integer>().is_err());
/// # Ok::<(), dynaseal_legacy::pynamodb_mate::NotAnInteger>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Integer(String);

/// Without the number.
impl fmt::Debug for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Integer")
    }
}

/// A text that is no integer: digits without leading zeros, perhaps after a minus sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an integer: digits without leading zeros, perhaps after a minus sign")]
pub struct NotAnInteger;

impl Integer {
    /// The decimal text, without leading zeros or a plus sign.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Integer {
    type Err = NotAnInteger;

    fn from_str(text: &str) -> Result<Self, NotAnInteger> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let leading_zero = digits.len() > 1 && digits.starts_with('0');
        if digits.is_empty() || leading_zero || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAnInteger);
        }
        // Python has one zero.
        Ok(Self(if digits == "0" { digits } else { text }.to_owned()))
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<i64> for Integer {
    fn from(integer: i64) -> Self {
        Self(integer.to_string())
    }
}

impl From<u64> for Integer {
    fn from(integer: u64) -> Self {
        Self(integer.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(text: &str) -> Number {
        Number::Int(text.parse().unwrap())
    }

    #[test]
    fn integers() {
        for wrong in ["", "-", "+1", "00", "-01", "1.0", "1e5", " 1", "1 ", "١", "--1"] {
            assert_eq!(wrong.parse::<Integer>(), Err(NotAnInteger), "{wrong}");
        }
        assert_eq!("-0".parse::<Integer>(), Ok(Integer::from(0_i64)));
        assert_eq!(Integer::from(u64::MAX).to_string(), "18446744073709551615");
    }

    /// What is written differently is another number, and what is written alike the same one.
    #[test]
    fn numbers_are_equal_if_they_are_written_alike() {
        let numbers = [1.0, -1.0, 0.0, -0.0, f64::NAN, f64::INFINITY, 1e-5].map(Number::from);
        let numbers: Vec<_> = numbers.into_iter().chain([int("1"), int("0")]).collect();
        for (i, one) in numbers.iter().enumerate() {
            for (j, other) in numbers.iter().enumerate() {
                assert_eq!(one == other, i == j, "{one} {other}");
            }
        }
        assert!(Number::from(f64::NAN) == Number::from(-f64::NAN));
    }

    #[test]
    fn debug_says_the_type_and_not_the_number() {
        let shown = format!("{:?} {:?} {:?}", int("40"), Number::from(40.5), Integer::from(40_i64));
        assert_eq!(shown, "Int Float Integer");
    }

    #[test]
    fn conversions_where_they_are_possible() {
        assert_eq!(int("-9223372036854775808").to_i64(), Some(i64::MIN));
        assert_eq!(int("9223372036854775808").to_i64(), None);
        assert_eq!(Number::from(1.0).to_i64(), None);
        assert_eq!(int("9007199254740993").to_f64(), Some(9007199254740992.0));
        assert_eq!(int(&"9".repeat(400)).to_f64(), None);
        assert_eq!(Number::from(f64::INFINITY).to_f64(), Some(f64::INFINITY));
        let dynamodb = |number: Number| number.to_dynamodb().ok();
        assert_eq!(dynamodb(int("12300")).as_deref(), Some("12300"));
        assert_eq!(dynamodb(Number::from(-0.0)).as_deref(), Some("0"));
        assert_eq!(dynamodb(Number::from(-1.5)).as_deref(), Some("-1.5"));
        assert_eq!(dynamodb(Number::from(1e22)).as_deref(), Some("10000000000000000000000"));
        assert_eq!(dynamodb(int(&"1".repeat(39))), None);
        assert_eq!(dynamodb(Number::from(f64::MAX)), None);
        assert_eq!(dynamodb(Number::from(f64::NAN)), None);
        assert_eq!(dynamodb(Number::from(f64::NEG_INFINITY)), None);
    }

    #[test]
    fn floats_are_written_as_python_does() {
        for (float, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (-1.0, "-1.0"),
            (0.1, "0.1"),
            (-0.00012, "-0.00012"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-0.000012, "-1.2e-05"),
            (120.0, "120.0"),
            (123.25, "123.25"),
            (1e15, "1000000000000000.0"),
            (9999999999999998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.5e100, "1.5e+100"),
            // Halfway between two texts of as many digits: the even one.
            (2.0_f64.powi(-25), "2.9802322387695312e-08"),
            (2.0_f64.powi(50) + 0.25, "1125899906842624.2"),
            (2.0_f64.powi(50) + 0.75, "1125899906842624.8"),
            // The nearest text of as many digits is another float.
            (2.0_f64.powi(-1022), "2.2250738585072014e-308"),
        ] {
            assert_eq!(Number::from(float).to_string(), expected);
        }
    }

    #[test]
    fn equal_is_what_is_written_alike() {
        assert_eq!(Number::from(f64::NAN), Number::from(-f64::NAN));
        assert_ne!(Number::from(0.0), Number::from(-0.0));
        assert_ne!(Number::from(1.0), Number::from(1));
        assert_eq!(int("-0"), int("0"));
    }
}
