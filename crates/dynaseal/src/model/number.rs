//! Numbers as DynamoDB has them: exact, with up to 38 digits.

use std::fmt;
use std::str::FromStr;

use dynaseal_core::{AttributeValue, NumberError, normalize_number};

use super::attribute::{Attribute, Element, KeyAttribute, Numeric, Ordered, Unfit, number};
use super::definition::KeyType;

/// An exact decimal number of up to 38 digits, in DynamoDB's normal form: `1.0` and `1` are one number.
///
/// ```
/// use dynaseal::model::Decimal;
/// let price: Decimal = "1299.90".parse()?;
/// assert_eq!(price.as_str(), "1299.9");
/// assert!("0.1.2".parse::<Decimal>().is_err());
/// # Ok::<(), dynaseal::NumberError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal(String);

impl Decimal {
    /// The number's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Decimal {
    fn default() -> Self {
        Self("0".to_owned())
    }
}

impl FromStr for Decimal {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        normalize_number(text).map(Self)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! from_integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Decimal {
            fn from(integer: $integer) -> Self {
                Self(integer.to_string())
            }
        }
    )*};
}

from_integers! { i8 i16 i32 i64 u8 u16 u32 u64 }

impl Attribute for Decimal {
    const EXACT: bool = true;

    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        Ok(Some(AttributeValue::N(self.0.clone())))
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        number(value)?.parse().map_err(|error: NumberError| Unfit::new(error.to_string()))
    }
}

impl KeyAttribute for Decimal {
    const KEY_TYPE: KeyType = KeyType::N;
}
impl Ordered for Decimal {}
impl Element for Decimal {}
impl Numeric for Decimal {}
