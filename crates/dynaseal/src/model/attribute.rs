//! Types of fields and what they are in DynamoDB.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

use dynaseal_core::AttributeValue;

use super::definition::KeyType;
use super::room::Room;
use super::written::storable;

/// A value that does not fit into a field. The text names types and rules, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(String);

impl Unfit {
    /// With a reason, for serialisers of your own. It comes into error texts: put no value there.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    pub(super) fn of_type(expected: &str, found: &AttributeValue) -> Self {
        Self(format!("it is of type {}, not {expected}", found.type_name()))
    }

    pub(super) fn range(rust: &str) -> Self {
        Self(format!("the number does not fit into {rust}"))
    }
}

/// A type that a field of a model may have.
///
/// | Rust | DynamoDB |
/// | --- | --- |
/// | `String` | S |
/// | integers, `f32`, `f64`, [`Decimal`](super::Decimal), [`UnixTime`](super::UnixTime) | N |
/// | `bool` | BOOL |
/// | `Vec<u8>` | B |
/// | [`Timestamp`](super::Timestamp), [`PynamoTimestamp`](super::PynamoTimestamp) | S |
/// | `Option<T>` | that of `T`; no attribute for `None`, and NULL in lists and maps |
/// | `Vec<T>` | L |
/// | `BTreeMap<String, T>`, `HashMap<String, T>` | M |
/// | `BTreeSet<T>`, `HashSet<T>` of strings, numbers or byte strings | SS, NS, BS; no attribute for an empty one, and NULL in lists and maps |
/// | [`AttributeValue`] | as it is |
///
/// What DynamoDB would not give back as it was is refused before it is written, with the name of the field: NaN and infinity,
/// numbers of more than 38 digits or outside of 1E-130 to 9.99E125, and `Some` of what is stored like `None`. Only `-0.0`
/// becomes `0.0`, to which it is equal.
///
/// A float that is read is the nearest to the stored number, which may have more digits if another program wrote it or DynamoDB
/// added to it, and saving the item writes the float. Where every digit counts, take [`Decimal`](super::Decimal).
///
/// For all else, fields have `with`: `#[model(with = "json")]`, `#[model(with = "serde")]`, or a module of your own. Or a type
/// of your own says itself what it is stored as; [`KeyAttribute`] has an example. What such a type writes is read back before
/// it is sent, and refused if that would be written in another way.
#[diagnostic::on_unimplemented(
    message = "a field can not be of type `{Self}` without a serialiser",
    note = "`#[model(with = \"serde\")]` stores what serde can write as DynamoDB's types, `#[model(with = \"json\")]` as text",
    note = "or `impl Attribute` for a type of your own: `dynaseal::model::KeyAttribute` has an example"
)]
pub trait Attribute: Sized {
    /// Whether everything that is read is written as it was stored, and the other way round, so that nothing has to be tried.
    #[doc(hidden)]
    const EXACT: bool = false;

    /// What is stored; `None` for no attribute.
    ///
    /// # Errors
    /// If DynamoDB has no such value.
    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit>;

    /// From what is stored; `None` if there is no attribute.
    ///
    /// # Errors
    /// If that does not fit.
    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit>;

    /// A list of them. Bytes are not a list.
    #[doc(hidden)]
    fn list_to_value(list: &[Self]) -> Result<AttributeValue, Unfit> {
        let entry = |entry: &Self| Ok(entry.to_value()?.unwrap_or(AttributeValue::Null(true)));
        Ok(AttributeValue::L(list.iter().map(entry).collect::<Result<_, _>>()?))
    }

    #[doc(hidden)]
    fn list_from_value(value: AttributeValue) -> Result<Vec<Self>, Unfit> {
        match value {
            AttributeValue::L(list) => list.into_iter().map(|entry| Self::from_value(Some(entry))).collect(),
            other => Err(Unfit::of_type("L", &other)),
        }
    }
}

/// A type that a key or an element of a set may have.
///
/// A type of your own becomes one by two implementations:
///
/// ```
/// use dynaseal::AttributeValue;
/// use dynaseal::model::definition::KeyType;
/// use dynaseal::model::{Attribute, KeyAttribute, Model, Unfit};
///
/// /// Stored as `P-000042`.
/// #[derive(Clone, Debug, PartialEq)]
/// struct PatientId(u32);
///
/// impl Attribute for PatientId {
///     fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
///         format!("P-{:06}", self.0).to_value()
///     }
///
///     fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
///         let text = String::from_value(value)?;
///         let digits = text.strip_prefix("P-").filter(|digits| digits.len() == 6);
///         let number = digits.and_then(|digits| digits.parse().ok());
///         number.map(Self).ok_or_else(|| Unfit::new("a patient's id is `P-` and six digits"))
///     }
/// }
///
/// impl KeyAttribute for PatientId {
///     const KEY_TYPE: KeyType = KeyType::S;
/// }
///
/// #[derive(Model)]
/// #[model(table = "patients")]
/// struct Patient {
///     #[model(partition_key)]
///     id: PatientId,
///     name: String,
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let client = dynaseal::local::memory()?;
/// let patients = Patient::on(&client).open()?;
/// # patients.create().await?;
/// patients.save(&mut Patient { id: PatientId(42), name: "Ada".into() }).await?;
/// assert_eq!(patients.get(PatientId(42)).await?.map(|patient| patient.id), Some(PatientId(42)));
/// // Seven digits would not be read again.
/// assert!(patients.save(&mut Patient { id: PatientId(1_000_000), name: "Bea".into() }).await.is_err());
/// # Ok(()) }
/// ```
///
/// An item is found by its key as it is stored. So a type has to write a key in the spelling in which it read it: an e-mail
/// address that becomes lower case, or a UUID that loses its hyphens, would name another item. Reading such a key is an
/// error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can be neither a key nor an element of a set",
    label = "these are strings, numbers or bytes",
    note = "of this crate these are `String`, integers, `Decimal`, `UnixTime`, `Timestamp`, `PynamoTimestamp` and `Vec<u8>`; for a float take `Decimal`",
    note = "a type of your own becomes one by `impl Attribute` and `impl KeyAttribute`: `dynaseal::model::KeyAttribute` has an example"
)]
pub trait KeyAttribute: Attribute {
    /// Its type in DynamoDB.
    const KEY_TYPE: KeyType;
}

/// A type whose values DynamoDB can put in order: strings, numbers and bytes.
#[diagnostic::on_unimplemented(message = "DynamoDB does not order values of `{Self}`")]
pub trait Ordered: Attribute {}

/// A type whose values have beginnings: strings and bytes.
#[diagnostic::on_unimplemented(message = "values of `{Self}` have no beginning")]
pub trait Text: Attribute {}

/// A number, for `add`.
#[diagnostic::on_unimplemented(message = "`{Self}` is no number")]
pub trait Numeric: Attribute {
    /// What a stored number may be so that it is still one of this type when this one is added. A type of your own hands on
    /// what the number in it says; without that, only DynamoDB's limits are known.
    fn room(&self) -> Room {
        Room::unlimited()
    }
}

/// What `contains` looks for in a value: a part of a text, an element of a list or set.
#[diagnostic::on_unimplemented(message = "`{Self}` contains nothing that could be looked for")]
pub trait Container: Attribute {
    /// What is looked for.
    type Part: Attribute;
}

/// What DynamoDB has a size of: all but numbers and truth values.
#[diagnostic::on_unimplemented(message = "values of `{Self}` have no size")]
pub trait Measured: Attribute {}

/// What a list may have as elements: all but `u8`, for `Vec<u8>` is bytes and no list.
#[diagnostic::on_unimplemented(message = "a list of `{Self}` is no list in DynamoDB")]
pub trait Element: Attribute {}

/// What can be appended to: lists.
#[diagnostic::on_unimplemented(message = "`{Self}` is no list")]
pub trait List: Attribute {}

/// What `add` and `delete` of sets are for.
#[diagnostic::on_unimplemented(message = "`{Self}` is no set")]
pub trait Set: Attribute {}

/// A type with a value for "no attribute": only such attributes can be removed, for an item without another could not be
/// read any more.
#[diagnostic::on_unimplemented(
    message = "an item without this attribute could not be read",
    note = "only `Option`s and sets can be removed"
)]
pub trait Absent {}
impl<T> Absent for Option<T> {}
impl<T> Absent for BTreeSet<T> {}
impl<T, S> Absent for HashSet<T, S> {}

fn missing() -> Unfit {
    Unfit::new("it is not there")
}

impl Attribute for AttributeValue {
    const EXACT: bool = true;

    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        storable(self)?;
        Ok(Some(self.clone()))
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        value.ok_or_else(missing)
    }
}

impl Attribute for String {
    const EXACT: bool = true;

    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        Ok(Some(AttributeValue::S(self.clone())))
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        match value.ok_or_else(missing)? {
            AttributeValue::S(text) => Ok(text),
            other => Err(Unfit::of_type("S", &other)),
        }
    }
}

impl KeyAttribute for String {
    const KEY_TYPE: KeyType = KeyType::S;
}
impl Ordered for String {}
impl Text for String {}
impl Container for String {
    type Part = Self;
}
impl Measured for String {}
impl Element for String {}
impl Element for bool {}
impl Element for AttributeValue {}

impl Attribute for bool {
    const EXACT: bool = true;

    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        Ok(Some(AttributeValue::Bool(*self)))
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        match value.ok_or_else(missing)? {
            AttributeValue::Bool(truth) => Ok(truth),
            other => Err(Unfit::of_type("BOOL", &other)),
        }
    }
}

/// The text of a number.
pub(super) fn number(value: Option<AttributeValue>) -> Result<String, Unfit> {
    match value.ok_or_else(missing)? {
        AttributeValue::N(number) => Ok(number),
        other => Err(Unfit::of_type("N", &other)),
    }
}

/// Of a number in DynamoDB.
const MOST_DIGITS: usize = 38;

macro_rules! integers {
    ($($integer:ty { $($list:item)* })*) => {$(
        impl Attribute for $integer {
            const EXACT: bool = true;

            fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
                let text = self.to_string();
                // Only those of 128 bits may have more digits than DynamoDB.
                if text.len() > MOST_DIGITS {
                    dynaseal_core::normalize_number(&text).map_err(|error| Unfit::new(error.to_string()))?;
                }
                Ok(Some(AttributeValue::N(text)))
            }

            fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
                let text = number(value)?;
                if let Ok(integer) = text.parse() {
                    return Ok(integer);
                }
                // What others wrote may have an exponent, or zeros behind the point; the normal form has none.
                let normal = dynaseal_core::normalize_number(&text).map_err(|error| Unfit::new(error.to_string()))?;
                normal.parse().map_err(|_| Unfit::range(stringify!($integer)))
            }

            $($list)*
        }

        impl KeyAttribute for $integer {
            const KEY_TYPE: KeyType = KeyType::N;
        }
        impl Ordered for $integer {}
    )*};
}

integers! {
    i8 {} i16 {} i32 {} i64 {} i128 {} isize {}
    u16 {} u32 {} u64 {} u128 {} usize {}
    u8 {
        fn list_to_value(list: &[Self]) -> Result<AttributeValue, Unfit> {
            Ok(AttributeValue::B(list.to_vec()))
        }

        fn list_from_value(value: AttributeValue) -> Result<Vec<Self>, Unfit> {
            match value {
                AttributeValue::B(bytes) => Ok(bytes),
                other => Err(Unfit::of_type("B", &other)),
            }
        }
    }
}

macro_rules! elements {
    ($($number:ty)*) => {$(
        impl Element for $number {}
    )*};
}

elements! { i8 i16 i32 i64 i128 isize u16 u32 u64 u128 usize f32 f64 }

macro_rules! floats {
    ($($float:ty)*) => {$(
        impl Attribute for $float {
            const EXACT: bool = true;

            fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
                let magnitude = f64::from(self.abs());
                if !magnitude.is_finite() {
                    return Err(Unfit::new("DynamoDB has neither infinity nor NaN"));
                }
                if magnitude == 0.0 {
                    return Ok(Some(AttributeValue::N("0".to_owned())));
                }
                if !(1e-130..1e126).contains(&magnitude) {
                    return Err(Unfit::new("DynamoDB has numbers from 1E-130 to 9.99E125, and the negative ones"));
                }
                // The shortest text that reads back as the same number.
                Ok(Some(AttributeValue::N(format!("{self:e}"))))
            }

            fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
                let parsed: Self = number(value)?.parse().map_err(|_| Unfit::range(stringify!($float)))?;
                if parsed.is_finite() { Ok(parsed) } else { Err(Unfit::range(stringify!($float))) }
            }
        }

        impl Ordered for $float {}
    )*};
}

floats! { f32 f64 }

impl<T: Attribute> Attribute for Option<T> {
    const EXACT: bool = T::EXACT;

    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        let Some(inner) = self else { return Ok(None) };
        match inner.to_value()? {
            None | Some(AttributeValue::Null(_)) => Err(Unfit::new(
                "`Some` of what is stored as nothing or as NULL (`None`, an empty set) would be read as `None`: take the `Option` away",
            )),
            some => Ok(some),
        }
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        match value {
            None | Some(AttributeValue::Null(_)) => Ok(None),
            some => T::from_value(some).map(Some),
        }
    }
}

impl<T: Ordered> Ordered for Option<T> {}
impl<T: Text> Text for Option<T> {}
impl<T: Numeric> Numeric for Option<T> {
    fn room(&self) -> Room {
        self.as_ref().map_or_else(Room::unlimited, T::room)
    }
}
impl<T: List> List for Option<T> {}
impl<T: Set> Set for Option<T> {}
impl<T: Measured> Measured for Option<T> {}
impl<T: Element> Element for Option<T> {}
impl<T: Container> Container for Option<T> {
    type Part = T::Part;
}
/// An item without the attribute is not in the index. Keys of tables are refused by the derive.
impl<T: KeyAttribute> KeyAttribute for Option<T> {
    const KEY_TYPE: KeyType = T::KEY_TYPE;
}

impl<T: Attribute> Attribute for Vec<T> {
    const EXACT: bool = T::EXACT;

    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        T::list_to_value(self).map(Some)
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        T::list_from_value(value.ok_or_else(missing)?)
    }
}

impl KeyAttribute for Vec<u8> {
    const KEY_TYPE: KeyType = KeyType::B;
}
impl Ordered for Vec<u8> {}
impl Text for Vec<u8> {}
impl<T: Element> Container for Vec<T> {
    type Part = T;
}
impl<T: Element> List for Vec<T> {}
impl Container for Vec<u8> {
    type Part = Self;
}
impl<T: Attribute> Measured for Vec<T> {}
impl<T: Attribute> Element for Vec<T> {}

fn map_to_value<'m, T: Attribute + 'm>(
    map: impl Iterator<Item = (&'m String, &'m T)>,
) -> Result<Option<AttributeValue>, Unfit> {
    let entry =
        |(name, value): (&String, &T)| Ok((name.clone(), value.to_value()?.unwrap_or(AttributeValue::Null(true))));
    Ok(Some(AttributeValue::M(map.map(entry).collect::<Result<_, Unfit>>()?)))
}

fn map_from_value<T: Attribute, C: FromIterator<(String, T)>>(value: Option<AttributeValue>) -> Result<C, Unfit> {
    match value.ok_or_else(missing)? {
        AttributeValue::M(map) => {
            map.into_iter().map(|(name, value)| Ok((name, T::from_value(Some(value))?))).collect()
        }
        other => Err(Unfit::of_type("M", &other)),
    }
}

impl<T: Attribute> Attribute for BTreeMap<String, T> {
    const EXACT: bool = T::EXACT;

    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        map_to_value(self.iter())
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        map_from_value(value)
    }
}

impl<T: Attribute> Measured for BTreeMap<String, T> {}
impl<T: Attribute> Element for BTreeMap<String, T> {}
impl<T: Attribute, S: BuildHasher + Default> Measured for HashMap<String, T, S> {}
impl<T: Attribute, S: BuildHasher + Default> Element for HashMap<String, T, S> {}

impl<T: Attribute, S: BuildHasher + Default> Attribute for HashMap<String, T, S> {
    const EXACT: bool = T::EXACT;

    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        map_to_value(self.iter())
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        map_from_value(value)
    }
}

/// Elements of sets become one value: SS, NS or BS, as all of them are; an empty set is no attribute.
fn set_to_value<'s, T: KeyAttribute + 's>(set: impl Iterator<Item = &'s T>) -> Result<Option<AttributeValue>, Unfit> {
    let (mut texts, mut numbers, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for element in set {
        match element.to_value()? {
            Some(AttributeValue::S(text)) => texts.push(text),
            Some(AttributeValue::N(number)) => numbers.push(number),
            Some(AttributeValue::B(element)) => bytes.push(element),
            _ => return Err(Unfit::new("sets have strings, numbers or byte strings")),
        }
    }
    match (texts.is_empty(), numbers.is_empty(), bytes.is_empty()) {
        (true, true, true) => Ok(None),
        (false, true, true) => Ok(Some(AttributeValue::Ss(texts))),
        (true, false, true) => Ok(Some(AttributeValue::Ns(numbers))),
        (true, true, false) => Ok(Some(AttributeValue::Bs(bytes))),
        _ => Err(Unfit::new("the elements of a set are of one type")),
    }
}

fn set_from_value<T: KeyAttribute, C: FromIterator<T>>(value: Option<AttributeValue>) -> Result<C, Unfit> {
    let values: Vec<AttributeValue> = match value {
        // NULL is what an empty one is in lists and maps.
        None | Some(AttributeValue::Null(_)) => Vec::new(),
        Some(AttributeValue::Ss(texts)) => texts.into_iter().map(AttributeValue::S).collect(),
        Some(AttributeValue::Ns(numbers)) => numbers.into_iter().map(AttributeValue::N).collect(),
        Some(AttributeValue::Bs(bytes)) => bytes.into_iter().map(AttributeValue::B).collect(),
        Some(other) => return Err(Unfit::of_type("SS, NS or BS", &other)),
    };
    values.into_iter().map(|value| T::from_value(Some(value))).collect()
}

impl<T: KeyAttribute + Ord> Attribute for BTreeSet<T> {
    const EXACT: bool = T::EXACT;

    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        set_to_value(self.iter())
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        set_from_value(value)
    }
}

impl<T: KeyAttribute + Ord> Set for BTreeSet<T> {}
impl<T: KeyAttribute + Ord> Measured for BTreeSet<T> {}
impl<T: KeyAttribute + Ord> Container for BTreeSet<T> {
    type Part = T;
}

impl<T: KeyAttribute + Eq + Hash, S: BuildHasher + Default> Attribute for HashSet<T, S> {
    const EXACT: bool = T::EXACT;

    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        set_to_value(self.iter())
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        set_from_value(value)
    }
}

impl<T: KeyAttribute + Eq + Hash, S: BuildHasher + Default> Set for HashSet<T, S> {}
impl<T: KeyAttribute + Eq + Hash, S: BuildHasher + Default> Measured for HashSet<T, S> {}
impl<T: KeyAttribute + Eq + Hash, S: BuildHasher + Default> Container for HashSet<T, S> {
    type Part = T;
}
