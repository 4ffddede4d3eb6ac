//! Points in time.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use dynaseal_core::AttributeValue;

use super::attribute::{Attribute, Element, KeyAttribute, Numeric, Ordered, Text, Unfit};
use super::definition::KeyType;
use super::room::Room;

/// Whole seconds since 1970, as a number: what DynamoDB's time to live wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// That long from now.
    pub fn after(duration: Duration) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(now.saturating_add(duration).as_secs()).unwrap_or(i64::MAX))
    }
}

impl Attribute for UnixTime {
    const EXACT: bool = true;

    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        self.0.to_value()
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        i64::from_value(value).map(Self)
    }
}

impl KeyAttribute for UnixTime {
    const KEY_TYPE: KeyType = KeyType::N;
}
impl Ordered for UnixTime {}
impl Element for UnixTime {}
impl Numeric for UnixTime {
    fn room(&self) -> Room {
        self.0.room()
    }
}

/// A point in time in UTC to the microsecond, from the year 0 to 9999.
///
/// Stored as text of one length, `2026-11-22T12:00:00.000000Z`, so that its order is that of time: it may be a sort key.
///
/// An attribute is read in this spelling alone, as DynamoDB compares texts: a time that was read from another spelling would
/// not find its item again. For pynamodb's `+0000` there is [`PynamoTimestamp`]; an attribute that is no key, with times of
/// several writers, has `#[model(with = "dynaseal::model::with::rfc3339")]`. [`str::parse`] reads what RFC 3339 allows, and
/// `+0000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    micros: u32,
}

/// 0000-01-01T00:00:00Z.
const FIRST: i64 = -62_167_219_200;
/// 9999-12-31T23:59:59Z.
const LAST: i64 = 253_402_300_799;

impl Timestamp {
    /// From seconds since 1970 and the microseconds after them. `None` outside of the years that have four digits.
    pub fn new(seconds: i64, micros: u32) -> Option<Self> {
        ((FIRST..=LAST).contains(&seconds) && micros < 1_000_000).then_some(Self { seconds, micros })
    }

    /// Now.
    pub fn now() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(now.as_secs()).unwrap_or(LAST).min(LAST);
        Self { seconds, micros: now.subsec_micros() }
    }

    /// Seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// The microseconds after them.
    pub fn micros(self) -> u32 {
        self.micros
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = DateTime::from_secs(self.seconds).fmt(DateTimeFormat::DateTime).map_err(|_| fmt::Error)?;
        write!(f, "{}.{:06}Z", text.trim_end_matches('Z'), self.micros)
    }
}

impl std::str::FromStr for Timestamp {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let bad = || Unfit::new("it is not a time as RFC 3339 writes it");
        // Python's own way to write an offset has no colon: `+0000`.
        let with_colon = match text.len().checked_sub(2).and_then(|at| Some((text.get(..at)?, text.get(at..)?))) {
            Some((front, minutes)) if is_offset_without_colon(text) => Some(format!("{front}:{minutes}")),
            _ => None,
        };
        let text = with_colon.as_deref().unwrap_or(text);
        let time = DateTime::from_str(text, DateTimeFormat::DateTimeWithOffset).map_err(|_| bad())?;
        Self::new(time.secs(), time.subsec_nanos() / 1_000).ok_or_else(bad)
    }
}

/// Whether it ends like `+0000`.
fn is_offset_without_colon(text: &str) -> bool {
    let mut end = text.bytes().rev();
    end.by_ref().take(4).filter(u8::is_ascii_digit).count() == 4 && matches!(end.next(), Some(b'+' | b'-'))
}

/// A time that would be written as it was read; `otherwise` says what to do about another.
fn in_own_spelling<T>(value: Option<AttributeValue>, otherwise: &'static str) -> Result<T, Unfit>
where
    T: std::str::FromStr<Err = Unfit> + fmt::Display,
{
    let text = String::from_value(value)?;
    let time: T = text.parse()?;
    if time.to_string() == text { Ok(time) } else { Err(Unfit::new(otherwise)) }
}

impl Attribute for Timestamp {
    const EXACT: bool = true;

    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        Ok(Some(AttributeValue::S(self.to_string())))
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        in_own_spelling(
            value,
            "it is a time in another spelling than `2026-11-22T12:00:00.000000Z`, which a `Timestamp` would be written in: take `PynamoTimestamp` for pynamodb's `+0000`, or `with = \"dynaseal::model::with::rfc3339\"` if it is no key",
        )
    }
}

impl KeyAttribute for Timestamp {
    const KEY_TYPE: KeyType = KeyType::S;
}
impl Ordered for Timestamp {}
impl Element for Timestamp {}
impl Text for Timestamp {}

/// A [`Timestamp`] in the spelling of pynamodb's `UTCDateTimeAttribute`, `2026-11-22T12:00:00.000000+0000`: for tables that
/// programs in Python wrote or still write. Their order is that of time as well.
///
/// ```
/// use dynaseal::model::{PynamoTimestamp, Timestamp};
/// let time: Timestamp = "2026-11-22T13:00:00+01:00".parse()?;
/// assert_eq!(PynamoTimestamp(time).to_string(), "2026-11-22T12:00:00.000000+0000");
/// # Ok::<(), dynaseal::model::Unfit>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PynamoTimestamp(pub Timestamp);

/// 0001-01-01T00:00:00Z, before which Python has no time.
const FIRST_OF_PYTHON: i64 = -62_135_596_800;

impl PynamoTimestamp {
    /// Now.
    pub fn now() -> Self {
        Self(Timestamp::now())
    }
}

impl From<Timestamp> for PynamoTimestamp {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}

impl From<PynamoTimestamp> for Timestamp {
    fn from(time: PynamoTimestamp) -> Self {
        time.0
    }
}

impl fmt::Display for PynamoTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        write!(f, "{}+0000", text.trim_end_matches('Z'))
    }
}

impl std::str::FromStr for PynamoTimestamp {
    type Err = Unfit;

    /// Reads what [`Timestamp`] reads.
    fn from_str(text: &str) -> Result<Self, Unfit> {
        text.parse().map(Self)
    }
}

impl Attribute for PynamoTimestamp {
    const EXACT: bool = true;

    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        if self.0.seconds < FIRST_OF_PYTHON {
            return Err(Unfit::new("Python has no time before the year 1"));
        }
        Ok(Some(AttributeValue::S(self.to_string())))
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        in_own_spelling(
            value,
            "it is a time in another spelling than pynamodb's `2026-11-22T12:00:00.000000+0000`, which a `PynamoTimestamp` would be written in: take `Timestamp` for times that end with `Z`",
        )
    }
}

impl KeyAttribute for PynamoTimestamp {
    const KEY_TYPE: KeyType = KeyType::S;
}
impl Ordered for PynamoTimestamp {}
impl Element for PynamoTimestamp {}
impl Text for PynamoTimestamp {}
