//! Attribute values as bytes and back (specification: `ddb-attribute-serialization.md`).
//!
//! A top-level value is written without its type id, which travels beside it. Inside lists and maps each element is
//! type id ‖ `u32` length ‖ bytes. Sets and map keys are written in the order of their UTF-16 code units, numbers in
//! DynamoDB's normal form.

mod read;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::number::{NumberError, normalize_into, normalize_number};
use crate::value::AttributeValue;

pub use read::read_value;

pub(crate) use read::read_owned_value;

/// Containers around a scalar, the scalar counted.
pub(crate) const MAX_DEPTH: usize = 32;

/// The longest normal form of a number: a sign, `0.`, 129 zeros and 38 digits.
const LONGEST_NUMBER: usize = 170;

/// Longest map key and attribute name, in bytes of UTF-8.
pub(crate) const MAX_NAME: usize = 65_535;

/// The two bytes that stand for an attribute type in a record.
pub type TypeId = [u8; 2];

/// The type id of bytes, which is also what every sealed attribute is stored as.
const BINARY: TypeId = [0xff, 0xff];

const NULL: TypeId = [0x00, 0x00];
const STRING: TypeId = [0x00, 0x01];
const NUMBER: TypeId = [0x00, 0x02];
const BOOLEAN: TypeId = [0x00, 0x04];
const STRING_SET: TypeId = [0x01, 0x01];
const NUMBER_SET: TypeId = [0x01, 0x02];
const BINARY_SET: TypeId = [0x01, 0xff];
const MAP: TypeId = [0x02, 0x00];
const LIST: TypeId = [0x03, 0x00];

/// A value that can not be part of a record, and where in the attribute it stands.
///
/// The message names the place and the rule, never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// From the value outwards.
    steps: Vec<Step>,
    problem: ValueProblem,
}

/// From a list or map to what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Index(usize),
    Key(String),
    /// A key that is as secret as the value that it stands in.
    HiddenKey,
}

impl std::fmt::Display for ValueError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.steps.is_empty() {
            write!(f, "at {}: ", self.place())?;
        }
        self.problem.fmt(f)
    }
}

impl std::error::Error for ValueError {}

/// What DynamoDB or the record format does not allow in a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueProblem {
    /// Not a number as DynamoDB takes them.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// A set holds the same element twice; `1` and `1.0` are the same.
    #[error("the set has the same element twice")]
    Duplicate,
    /// Lists and maps nested too deep.
    #[error("nested deeper than 32 levels")]
    Depth,
    /// A map key that is empty or over 65,535 bytes.
    #[error("a map key must have 1 to 65535 bytes of UTF-8")]
    MapKey,
    /// A set without members.
    #[error("a set cannot be empty, as DynamoDB takes none: leave it out")]
    EmptySet,
    /// A key attribute without anything in it.
    #[error("a key attribute cannot be empty")]
    EmptyKey,
    /// More than 4 GiB.
    #[error("longer than the format can say")]
    Length,
}

impl From<ValueProblem> for ValueError {
    fn from(problem: ValueProblem) -> Self {
        Self { steps: Vec::new(), problem }
    }
}

impl From<NumberError> for ValueError {
    fn from(error: NumberError) -> Self {
        ValueProblem::from(error).into()
    }
}

impl ValueError {
    /// The rule that was broken.
    pub fn problem(&self) -> ValueProblem {
        self.problem
    }

    /// Where in the attribute, as DynamoDB writes paths: `[2].street`; empty for the attribute itself. Keys of maps are
    /// dots where the attribute is to be encrypted.
    pub fn place(&self) -> String {
        let step = |step: &Step| match step {
            Step::Index(index) => format!("[{index}]"),
            Step::Key(key) => format!(".{key}"),
            Step::HiddenKey => ".…".to_owned(),
        };
        self.steps.iter().rev().map(step).collect()
    }

    /// Hides the keys of maps on the way to the value: for values that are to be encrypted.
    #[must_use]
    pub fn hide_keys(mut self) -> Self {
        for step in &mut self.steps {
            if matches!(step, Step::Key(_)) {
                *step = Step::HiddenKey;
            }
        }
        self
    }

    pub(crate) fn inside(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

/// The type id of a value.
pub fn type_id(value: &AttributeValue) -> TypeId {
    match value {
        AttributeValue::S(_) => STRING,
        AttributeValue::N(_) => NUMBER,
        AttributeValue::B(_) => BINARY,
        AttributeValue::Ss(_) => STRING_SET,
        AttributeValue::Ns(_) => NUMBER_SET,
        AttributeValue::Bs(_) => BINARY_SET,
        AttributeValue::M(_) => MAP,
        AttributeValue::L(_) => LIST,
        AttributeValue::Null(_) => NULL,
        AttributeValue::Bool(_) => BOOLEAN,
    }
}

/// The type that a type id stands for.
pub(crate) fn type_name(id: TypeId) -> Option<&'static str> {
    Some(match id {
        STRING => "S",
        NUMBER => "N",
        BINARY => "B",
        STRING_SET => "SS",
        NUMBER_SET => "NS",
        BINARY_SET => "BS",
        MAP => "M",
        LIST => "L",
        NULL => "NULL",
        BOOLEAN => "BOOL",
        _ => return None,
    })
}

/// How long the written value will be: exact for most scalars, a guess for the rest. For reserving, nothing else.
pub(crate) fn size_hint(value: &AttributeValue) -> usize {
    measure(value, MAX_DEPTH, str::len)
}

/// How long the written value can be at most; values that are nested too deep to be written are not followed.
pub(crate) fn size_bound(value: &AttributeValue) -> usize {
    // `1e125` is short and has 126 digits.
    measure(value, MAX_DEPTH, |number| number.len().max(LONGEST_NUMBER))
}

fn measure(value: &AttributeValue, depth: usize, number: fn(&str) -> usize) -> usize {
    let elements = |lengths: &mut dyn Iterator<Item = usize>| 4 + lengths.map(|length| 4 + length).sum::<usize>();
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(text) => number(text),
        AttributeValue::B(bytes) => bytes.len(),
        AttributeValue::Ss(set) => elements(&mut set.iter().map(String::len)),
        AttributeValue::Ns(set) => elements(&mut set.iter().map(|text| number(text))),
        AttributeValue::Bs(set) => elements(&mut set.iter().map(Vec::len)),
        AttributeValue::M(_) | AttributeValue::L(_) if depth == 0 => 0,
        AttributeValue::M(map) => {
            let entry = |(key, value): (&String, &AttributeValue)| 8 + key.len() + measure(value, depth - 1, number);
            elements(&mut map.iter().map(entry))
        }
        AttributeValue::L(list) => elements(&mut list.iter().map(|value| 2 + measure(value, depth - 1, number))),
        AttributeValue::Null(_) => 0,
        AttributeValue::Bool(_) => 1,
    }
}

/// Appends a top-level value, without its type id.
///
/// # Errors
/// If the value is none that DynamoDB takes. What was appended by then has no meaning.
pub fn write_value(value: &AttributeValue, out: &mut Vec<u8>) -> Result<(), ValueError> {
    write_at_depth(value, 1, out)
}

fn write_at_depth(value: &AttributeValue, depth: usize, out: &mut Vec<u8>) -> Result<(), ValueError> {
    if depth > MAX_DEPTH {
        return Err(ValueProblem::Depth.into());
    }
    match value {
        AttributeValue::S(text) => out.extend_from_slice(text.as_bytes()),
        AttributeValue::N(number) => normalize_into(number, out)?,
        AttributeValue::B(bytes) => out.extend_from_slice(bytes),
        AttributeValue::Null(_) => {}
        AttributeValue::Bool(truth) => out.push(u8::from(*truth)),
        AttributeValue::Ss(set) => {
            let elements = set.iter().map(String::as_str).collect();
            write_set(elements, |a, b| utf16_order(a, b), out)?;
        }
        AttributeValue::Ns(set) => {
            let normal = set.iter().enumerate().map(|(index, number)| {
                normalize_number(number).map_err(|error| ValueError::from(error).inside(Step::Index(index)))
            });
            let normal = normal.collect::<Result<Vec<_>, _>>()?;
            write_set(normal, |a, b| a.cmp(b), out)?;
        }
        AttributeValue::Bs(set) => write_set(set.iter().map(Vec::as_slice).collect(), |a: &&[u8], b| a.cmp(b), out)?,
        AttributeValue::L(list) => {
            write_length(list.len(), out)?;
            for (index, element) in list.iter().enumerate() {
                write_element(element, depth, out).map_err(|error| error.inside(Step::Index(index)))?;
            }
        }
        AttributeValue::M(map) => {
            write_length(map.len(), out)?;
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by(|(a, _), (b, _)| utf16_order(a, b));
            for (key, element) in entries {
                if key.is_empty() || key.len() > MAX_NAME {
                    return Err(ValueProblem::MapKey.into());
                }
                out.extend_from_slice(&STRING);
                write_bytes(key.as_bytes(), out)?;
                write_element(element, depth, out).map_err(|error| error.inside(Step::Key(key.clone())))?;
            }
        }
    }
    Ok(())
}

fn write_element(value: &AttributeValue, depth: usize, out: &mut Vec<u8>) -> Result<(), ValueError> {
    out.extend_from_slice(&type_id(value));
    let length_at = out.len();
    out.extend_from_slice(&[0; 4]);
    write_at_depth(value, depth + 1, out)?;
    let length = u32::try_from(out.len() - length_at - 4).map_err(|_| ValueProblem::Length)?;
    if let Some(place) = out.get_mut(length_at..length_at + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

fn write_set<T: AsRef<[u8]>>(
    mut elements: Vec<T>,
    order: impl Fn(&T, &T) -> Ordering,
    out: &mut Vec<u8>,
) -> Result<(), ValueError> {
    elements.sort_unstable_by(&order);
    if elements.windows(2).any(|pair| matches!(pair, [a, b] if a.as_ref() == b.as_ref())) {
        return Err(ValueProblem::Duplicate.into());
    }
    write_length(elements.len(), out)?;
    for element in &elements {
        write_bytes(element.as_ref(), out)?;
    }
    Ok(())
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ValueError> {
    write_length(bytes.len(), out)?;
    out.extend_from_slice(bytes);
    Ok(())
}

fn write_length(length: usize, out: &mut Vec<u8>) -> Result<(), ValueError> {
    let length = u32::try_from(length).map_err(|_| ValueProblem::Length)?;
    out.extend_from_slice(&length.to_be_bytes());
    Ok(())
}

/// The order of Java and .NET strings. It differs from the order of UTF-8 only where surrogate pairs meet U+E000 and above.
pub(crate) fn utf16_order(a: &str, b: &str) -> Ordering {
    let differ = a.bytes().zip(b.bytes()).find(|(x, y)| x != y);
    match differ {
        // Lead bytes of four-byte sequences (surrogate pairs in UTF-16) sort below those of U+E000 to U+FFFF.
        Some((0xee | 0xef, 0xf0..)) => Ordering::Greater,
        Some((0xf0.., 0xee | 0xef)) => Ordering::Less,
        Some((x, y)) => x.cmp(&y),
        None => a.len().cmp(&b.len()),
    }
}

/// The value as DynamoDB and sealing give it back: numbers in normal form, sets without a meaning in their order.
///
/// Two values are the same to DynamoDB exactly if their normal forms are equal.
///
/// # Errors
/// Where sealing would refuse the value.
pub fn normal_form(value: &AttributeValue) -> Result<AttributeValue, ValueError> {
    Ok(match value {
        AttributeValue::N(number) => AttributeValue::N(normalize_number(number)?),
        AttributeValue::Ns(set) => {
            let normal = set.iter().map(|number| normalize_number(number)).collect::<Result<BTreeSet<_>, _>>()?;
            AttributeValue::Ns(normal.into_iter().collect())
        }
        AttributeValue::Ss(set) => AttributeValue::Ss(sorted(set)),
        AttributeValue::Bs(set) => AttributeValue::Bs(sorted(set)),
        AttributeValue::Null(_) => AttributeValue::Null(true),
        AttributeValue::L(list) => AttributeValue::L(list.iter().map(normal_form).collect::<Result<_, _>>()?),
        AttributeValue::M(map) => {
            let normal = map.iter().map(|(key, value)| Ok((key.clone(), normal_form(value)?)));
            AttributeValue::M(normal.collect::<Result<_, ValueError>>()?)
        }
        AttributeValue::S(_) | AttributeValue::B(_) | AttributeValue::Bool(_) => value.clone(),
    })
}

fn sorted<T: Ord + Clone>(set: &[T]) -> Vec<T> {
    let mut sorted = set.to_vec();
    sorted.sort_unstable();
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use AttributeValue::*;

    fn written(value: &AttributeValue) -> Result<Vec<u8>, ValueError> {
        let mut out = Vec::new();
        write_value(value, &mut out).map(|()| out)
    }

    fn nested(levels: usize) -> AttributeValue {
        (1..levels).fold(
            Bool(true),
            |value, level| {
                if level % 2 == 0 { L(vec![value]) } else { M([("k".to_owned(), value)].into()) }
            },
        )
    }

    #[test]
    fn scalars() {
        assert_eq!(written(&"é".into()).unwrap(), "é".as_bytes());
        assert_eq!(written(&N("+01.50".into())).unwrap(), b"1.5");
        assert_eq!(written(&B(vec![1, 2])).unwrap(), [1, 2]);
        assert_eq!(written(&Bool(true)).unwrap(), [1]);
        assert_eq!(written(&Bool(false)).unwrap(), [0]);
        assert!(written(&Null(true)).unwrap().is_empty());
        assert!(written(&S(String::new())).unwrap().is_empty());
    }

    #[test]
    fn containers() {
        assert_eq!(written(&L(vec![])).unwrap(), [0; 4]);
        assert_eq!(written(&Ss(vec![])).unwrap(), [0; 4]);
        let list = L(vec!["a".into(), Null(true)]);
        assert_eq!(written(&list).unwrap(), [0, 0, 0, 2, 0, 1, 0, 0, 0, 1, b'a', 0, 0, 0, 0, 0, 0]);
        let map = M([("k".to_owned(), Bool(true))].into());
        assert_eq!(written(&map).unwrap(), [0, 0, 0, 1, 0, 1, 0, 0, 0, 1, b'k', 0, 4, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn sets_and_map_keys_sort_by_utf16() {
        // U+1F600 is a surrogate pair and so comes before U+FF5E, though its UTF-8 comes after.
        let mut expected = vec![0, 0, 0, 2, 0, 0, 0, 4];
        expected.extend("😀".bytes());
        expected.extend([0, 0, 0, 3]);
        expected.extend("～".bytes());
        assert_eq!(written(&Ss(vec!["～".into(), "😀".into()])).unwrap(), expected);
        let map = M([("～".to_owned(), Null(true)), ("😀".to_owned(), Null(true))].into());
        let bytes = written(&map).unwrap();
        assert_eq!(&bytes[10..14], "😀".as_bytes());
        assert_eq!(
            written(&Ns(vec!["9".into(), "10".into(), "-1".into(), "15".into()])).unwrap()[4..],
            *b"\0\0\0\x02-1\0\0\0\x0210\0\0\0\x0215\0\0\0\x019"
        );
    }

    #[test]
    fn utf16_order_is_the_order_of_code_units() {
        let samples = [
            "",
            "a",
            "ab",
            "é",
            "z",
            "\u{d7ff}",
            "\u{e000}",
            "～",
            "\u{ffff}",
            "😀",
            "\u{10000}",
            "\u{10ffff}",
            "a😀",
            "a～",
            "aé",
        ];
        for a in samples {
            for b in samples {
                assert_eq!(utf16_order(a, b), a.encode_utf16().cmp(b.encode_utf16()), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn duplicates_are_refused_also_after_normalisation() {
        for set in [
            Ss(vec!["a".into(), "b".into(), "a".into()]),
            Ns(vec!["1".into(), "1.0".into()]),
            Bs(vec![vec![1], vec![1]]),
        ] {
            assert_eq!(written(&set).unwrap_err().problem(), ValueProblem::Duplicate);
        }
        assert!(read_value(STRING_SET, b"\0\0\0\x02\0\0\0\x01a\0\0\0\x01a").is_err());
        assert!(read_value(MAP, b"\0\0\0\x02\0\x01\0\0\0\x01k\0\0\0\0\0\0\0\x01\0\0\0\x01k\0\0\0\0\0\0").is_err());
    }

    /// Buffers are made of these sizes: in one that was too small, a part of what is secret would be left behind.
    #[test]
    fn sizes_are_those_of_what_is_written() {
        let set = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        let bytes = vec![vec![1, 2, 3], vec![], vec![4]];
        let plain = vec![
            S("é漢😀".into()),
            S(String::new()),
            B(vec![1, 2, 3]),
            Bool(true),
            Null(true),
            Ss(set(["a", "", "漢"])),
            Bs(bytes),
            Ss(vec![]),
            L(vec![]),
            M([].into()),
            L(vec!["a".into(), Null(true), L(vec![B(vec![9; 40])])]),
            M([("a".to_owned(), Bool(false)), ("漢字".to_owned(), M([("b".to_owned(), "c".into())].into()))].into()),
            nested(32),
        ];
        for value in &plain {
            let length = written(value).unwrap().len();
            assert_eq!((size_hint(value), size_bound(value)), (length, length), "{value:?}");
        }
        for value in [N("-12.5".into()), Ns(set(["1", "-2", "30"])), L(vec![N("7".into()), "a".into()])] {
            assert_eq!(size_hint(&value), written(&value).unwrap().len(), "{value:?}");
        }
        // The longest of all numbers, short ones that are long when written, and long ones that are short.
        let digits = "12345678901234567890123456789012345678";
        let longest = N(format!("-0.{}{digits}", "0".repeat(129)));
        assert_eq!((written(&longest).unwrap().len(), size_bound(&longest)), (170, 170));
        assert_eq!((size_bound(&N("1e125".into())), size_bound(&N("0".repeat(200)))), (170, 200));
        assert_eq!(size_bound(&Ns(vec!["1e125".into(), "1e124".into()])), 4 + 2 * (4 + 170));
        // What is nested too deep to be written is not followed to its end.
        assert_eq!(size_bound(&nested(60)), size_bound(&nested(80)));
    }

    #[test]
    fn depth_has_both_sides() {
        let deepest = nested(32);
        let bytes = written(&deepest).unwrap();
        assert_eq!(read_value(type_id(&deepest), &bytes).unwrap(), deepest);
        assert_eq!(written(&nested(33)).unwrap_err().problem(), ValueProblem::Depth);
        // The same bytes with one more list around them.
        let mut deeper = vec![0, 0, 0, 1];
        deeper.extend(type_id(&deepest));
        deeper.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
        deeper.extend(bytes);
        assert_eq!(read_value(LIST, &deeper).unwrap_err().reason, "nested deeper than 32 levels");
    }

    #[test]
    fn errors_name_the_place_not_the_value() {
        let value = M([("a".to_owned(), L(vec![Null(true), M([("b".to_owned(), N("s3cret".into()))].into())]))].into());
        assert_eq!(written(&value).unwrap_err().to_string(), "at .a[1].b: not a decimal number");
        assert_eq!(written(&N("s3cret".into())).unwrap_err().to_string(), "not a decimal number");
        assert_eq!(written(&M([(String::new(), Null(true))].into())).unwrap_err().problem(), ValueProblem::MapKey);
        assert_eq!(written(&M([("k".repeat(65_536), Null(true))].into())).unwrap_err().problem(), ValueProblem::MapKey);
        assert!(written(&M([("k".repeat(65_535), Null(true))].into())).is_ok());
    }
}
