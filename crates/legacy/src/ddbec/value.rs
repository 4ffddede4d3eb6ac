//! Attribute values as bytes: what is encrypted, and what is signed.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use dynaseal_core::{AttributeValue, MAX_ITEM_SIZE, NumberError, normalize_number};
use zeroize::Zeroizing;

use super::Library;
use super::bytes::{Cursor, push, push_length};

/// The deepest nesting that is read. Upstream knows no limit, and DynamoDB does not see into what is encrypted.
const READ_DEPTH: usize = 128;
/// The deepest nesting that is written, which is DynamoDB's.
const WRITE_DEPTH: usize = 32;

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueProblem {
    /// Not a number as DynamoDB takes them.
    #[error("{0}")]
    Number(#[from] NumberError),
    /// Lists and maps nested too deep.
    #[error("it is nested too deep")]
    Depth,
    /// The value is longer than an item can be.
    #[error("it is longer than an item")]
    Length,
    /// The bytes end in the middle of something.
    #[error("it ends too early")]
    End,
    /// The bytes go on after the value.
    #[error("something follows it")]
    Rest,
    /// A type that does not exist.
    #[error("it is of no known type")]
    Type,
    /// Something else than UTF-8 where text should be.
    #[error("it is no text")]
    Text,
    /// Something else than 0 or 1 where a truth value should be.
    #[error("it is neither true nor false")]
    Bool,
    /// A key of a map that is no text, or comes twice.
    #[error("a key of a map is no text, or comes twice")]
    MapKey,
}

/// The bytes of a value: what upstream encrypts, or hashes to sign it. Equal values have equal bytes, but for the order in
/// which [`Library`] has members of sets and maps.
///
/// # Errors
/// For numbers that DynamoDB does not take, and values nested deeper than it takes.
///
/// ```
/// # use dynaseal_core::AttributeValue;
/// # use dynaseal_legacy::ddbec::{Library, deserialize_attribute, serialize_attribute};
/// let bytes = serialize_attribute(&AttributeValue::N("5.50".to_owned()), Library::Python)?;
/// assert_eq!(*bytes, b"\0n\0\0\0\x035.5");
/// assert_eq!(deserialize_attribute(&bytes)?, AttributeValue::N("5.5".to_owned()));
/// # Ok::<(), dynaseal_legacy::ddbec::ValueProblem>(())
/// ```
pub fn serialize_attribute(value: &AttributeValue, library: Library) -> Result<Zeroizing<Vec<u8>>, ValueProblem> {
    // Numbers may become longer, and are not worth counting beforehand; anything that grows here is wiped by hand.
    let mut out = Zeroizing::new(Vec::with_capacity(bound(value)));
    write(value, library, 0, &mut out)?;
    Ok(out)
}

/// At least as many bytes as the value becomes.
fn bound(value: &AttributeValue) -> usize {
    // A sign, a point, and the digits of 1E125 or 1E-130 with 38 more.
    const NUMBER: usize = 176;
    let head = 6;
    let set = |members: usize, bytes: usize| head + 4 * members + bytes;
    match value {
        AttributeValue::S(text) => head + text.len(),
        AttributeValue::N(_) => head + NUMBER,
        AttributeValue::B(bytes) => head + bytes.len(),
        AttributeValue::Ss(members) => set(members.len(), members.iter().map(String::len).sum()),
        AttributeValue::Ns(members) => set(members.len(), members.len() * NUMBER),
        AttributeValue::Bs(members) => set(members.len(), members.iter().map(Vec::len).sum()),
        AttributeValue::M(members) => {
            head + members.iter().map(|(name, value)| head + name.len() + bound(value)).sum::<usize>()
        }
        AttributeValue::L(members) => head + members.iter().map(bound).sum::<usize>(),
        AttributeValue::Null(_) | AttributeValue::Bool(_) => 3,
    }
}

fn write(value: &AttributeValue, library: Library, depth: usize, out: &mut Vec<u8>) -> Result<(), ValueProblem> {
    if depth > WRITE_DEPTH {
        return Err(ValueProblem::Depth);
    }
    out.extend_from_slice(&[0, tag(value)]);
    match value {
        AttributeValue::S(text) => push(out, text.as_bytes()),
        AttributeValue::N(number) => push(out, normalize_number(number)?.as_bytes()),
        AttributeValue::B(bytes) => push(out, bytes),
        AttributeValue::Ss(members) => {
            let mut members: Vec<&str> = members.iter().map(String::as_str).collect();
            members.sort_by(|a, b| library.order_of_texts(a, b));
            write_set(members, out);
        }
        AttributeValue::Ns(members) => {
            let mut members: Vec<String> =
                members.iter().map(|number| normalize_number(number)).collect::<Result<_, _>>()?;
            members.sort();
            write_set(members, out);
        }
        AttributeValue::Bs(members) => {
            let mut members: Vec<&[u8]> = members.iter().map(Vec::as_slice).collect();
            members.sort_by(|a, b| library.order_of_bytes(a, b));
            write_set(members, out);
        }
        AttributeValue::M(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| library.order_of_texts(a, b));
            push_length(out, members.len());
            for (name, value) in members {
                out.extend_from_slice(b"\0s");
                push(out, name.as_bytes());
                write(value, library, depth + 1, out)?;
            }
        }
        AttributeValue::L(members) => {
            push_length(out, members.len());
            for value in members {
                write(value, library, depth + 1, out)?;
            }
        }
        AttributeValue::Null(_) => {}
        AttributeValue::Bool(truth) => out.push(u8::from(*truth)),
    }
    Ok(())
}

fn write_set<T: AsRef<[u8]>>(members: Vec<T>, out: &mut Vec<u8>) {
    push_length(out, members.len());
    for member in members {
        push(out, member.as_ref());
    }
}

fn tag(value: &AttributeValue) -> u8 {
    match value {
        AttributeValue::S(_) => b's',
        AttributeValue::N(_) => b'n',
        AttributeValue::B(_) => b'b',
        AttributeValue::Ss(_) => b'S',
        AttributeValue::Ns(_) => b'N',
        AttributeValue::Bs(_) => b'B',
        AttributeValue::M(_) => b'M',
        AttributeValue::L(_) => b'L',
        AttributeValue::Null(_) => 0,
        AttributeValue::Bool(_) => b'?',
    }
}

impl Library {
    /// Java compares UTF-16, Python UTF-8.
    pub(super) fn order_of_texts(self, a: &str, b: &str) -> Ordering {
        match self {
            Self::Java => a.encode_utf16().cmp(b.encode_utf16()),
            Self::Python => a.cmp(b),
        }
    }

    /// To Java bytes have a sign.
    fn order_of_bytes(self, a: &[u8], b: &[u8]) -> Ordering {
        let signed = |byte: &u8| byte ^ 0x80;
        match self {
            Self::Java => a.iter().map(signed).cmp(b.iter().map(signed)),
            Self::Python => a.cmp(b),
        }
    }
}

/// Reads the bytes of a value. Numbers come in DynamoDB's form.
///
/// # Errors
/// For everything that [`serialize_attribute`] does not write, but for the order of members, which is not looked at.
pub fn deserialize_attribute(bytes: &[u8]) -> Result<AttributeValue, ValueProblem> {
    if bytes.len() > MAX_ITEM_SIZE {
        return Err(ValueProblem::Length);
    }
    let mut cursor = Cursor::new(bytes);
    let value = read(&mut cursor, 0)?;
    if cursor.is_empty() { Ok(value) } else { Err(ValueProblem::Rest) }
}

fn read(cursor: &mut Cursor<'_>, depth: usize) -> Result<AttributeValue, ValueProblem> {
    if depth > READ_DEPTH {
        return Err(ValueProblem::Depth);
    }
    let [0, tag] = cursor.array::<2>().ok_or(ValueProblem::End)? else {
        return Err(ValueProblem::Type);
    };
    Ok(match tag {
        b's' => AttributeValue::S(read_text(cursor)?),
        b'n' => AttributeValue::N(read_number(cursor)?),
        b'b' => AttributeValue::B(read_bytes(cursor)?),
        b'S' => AttributeValue::Ss(read_members(cursor, read_text)?),
        b'N' => AttributeValue::Ns(read_members(cursor, read_number)?),
        b'B' => AttributeValue::Bs(read_members(cursor, read_bytes)?),
        b'M' => {
            let mut members = BTreeMap::new();
            for _ in 0..cursor.length().ok_or(ValueProblem::End)? {
                if cursor.array().ok_or(ValueProblem::End)? != *b"\0s" {
                    return Err(ValueProblem::MapKey);
                }
                let name = read_text(cursor)?;
                if members.insert(name, read(cursor, depth + 1)?).is_some() {
                    return Err(ValueProblem::MapKey);
                }
            }
            AttributeValue::M(members)
        }
        b'L' => AttributeValue::L(read_members(cursor, |cursor| read(cursor, depth + 1))?),
        0 => AttributeValue::Null(true),
        b'?' => match cursor.array().ok_or(ValueProblem::End)? {
            [0] => AttributeValue::Bool(false),
            [1] => AttributeValue::Bool(true),
            [_] => return Err(ValueProblem::Bool),
        },
        _ => return Err(ValueProblem::Type),
    })
}

/// Every member is a byte or more, so that many there are at most; nothing is kept free for them beforehand.
fn read_members<T>(
    cursor: &mut Cursor<'_>,
    mut member: impl FnMut(&mut Cursor<'_>) -> Result<T, ValueProblem>,
) -> Result<Vec<T>, ValueProblem> {
    let mut members = Vec::new();
    for _ in 0..cursor.length().ok_or(ValueProblem::End)? {
        members.push(member(cursor)?);
    }
    Ok(members)
}

fn read_bytes(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, ValueProblem> {
    cursor.value().map(<[u8]>::to_vec).ok_or(ValueProblem::End)
}

fn read_text(cursor: &mut Cursor<'_>) -> Result<String, ValueProblem> {
    let bytes = cursor.value().ok_or(ValueProblem::End)?;
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| ValueProblem::Text)
}

fn read_number(cursor: &mut Cursor<'_>) -> Result<String, ValueProblem> {
    let bytes = cursor.value().ok_or(ValueProblem::End)?;
    Ok(normalize_number(std::str::from_utf8(bytes).map_err(|_| ValueProblem::Text)?)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

    use dynaseal_testkit::random::Items;

    use super::*;

    /// What only bounds from above: numbers become shorter, and nothing has no truth.
    fn spare(value: &AttributeValue) -> usize {
        match value {
            AttributeValue::N(_) => 176,
            AttributeValue::Ns(members) => 176 * members.len(),
            AttributeValue::Null(_) => 1,
            AttributeValue::M(members) => members.values().map(spare).sum(),
            AttributeValue::L(members) => members.iter().map(spare).sum(),
            _ => 0,
        }
    }

    /// A buffer that grew would leave copies of the plaintext behind, and one far too large takes memory that is not there.
    #[test]
    fn the_buffer_has_the_room_that_the_value_takes() {
        let texts = |texts: &[&str]| AttributeValue::Ss(texts.iter().map(|text| (*text).to_owned()).collect());
        let mut values = vec![
            "".into(),
            "é".into(),
            texts(&[]),
            texts(&["", "a"]),
            AttributeValue::Bs(vec![vec![], vec![1; 100], vec![2]]),
            AttributeValue::Ns(vec!["9.9999999999999999999999999999999999999e125".to_owned(), "-1e-130".to_owned()]),
            AttributeValue::N("-9.9999999999999999999999999999999999999e-130".to_owned()),
            AttributeValue::L(vec![]),
            AttributeValue::L(vec![true.into(), AttributeValue::Null(true), "".into()]),
            AttributeValue::M([("".to_owned(), "".into()), ("long name".to_owned(), AttributeValue::L(vec![]))].into()),
        ];
        let mut items = Items::new(3);
        values.extend((0..300).map(|_| items.value(4)));
        for value in values {
            for library in [Library::Java, Library::Python] {
                // Numbers by chance may be none of DynamoDB's.
                let Ok(bytes) = serialize_attribute(&value, library) else { continue };
                let bound = bound(&value);
                assert!(
                    bytes.len() <= bound && bound <= bytes.len() + spare(&value),
                    "{} {bound} {value:?}",
                    bytes.len()
                );
            }
        }
    }

    #[test]
    fn depth_is_bounded_in_lists_and_maps() {
        let list = |value| AttributeValue::L(vec![value]);
        let map = |value| AttributeValue::M([("a".to_owned(), value)].into());
        let nested =
            |depth, one: fn(AttributeValue) -> AttributeValue| (0..depth).fold("x".into(), |value, _| one(value));
        let both: [fn(AttributeValue) -> AttributeValue; 2] = [list, map];
        for one in both {
            assert!(serialize_attribute(&nested(32, one), Library::Java).is_ok());
            assert_eq!(serialize_attribute(&nested(33, one), Library::Java).unwrap_err(), ValueProblem::Depth);
        }
        let bytes = |depth: usize, one: &[u8]| [one.repeat(depth), b"\0\0".to_vec()].concat();
        for one in [&b"\0L\0\0\0\x01"[..], b"\0M\0\0\0\x01\0s\0\0\0\x01a"] {
            assert!(deserialize_attribute(&bytes(128, one)).is_ok());
            assert_eq!(deserialize_attribute(&bytes(129, one)), Err(ValueProblem::Depth));
        }
    }

    #[test]
    fn a_value_is_no_longer_than_an_item() {
        let of_length = |length: usize| {
            let text = length - 6;
            [&b"\0s"[..], &u32::try_from(text).unwrap().to_be_bytes(), &vec![b'x'; text]].concat()
        };
        for length in [MAX_ITEM_SIZE - 1, MAX_ITEM_SIZE] {
            assert!(deserialize_attribute(&of_length(length)).is_ok());
        }
        assert_eq!(deserialize_attribute(&of_length(MAX_ITEM_SIZE + 1)), Err(ValueProblem::Length));
    }

    /// To Java the byte 0x80 is the least one, -128.
    #[test]
    fn bytes_are_in_the_order_of_each_library() {
        let set =
            AttributeValue::Bs([&[0x7f][..], &[0xff], &[0x00], &[0x80], &[0x01], &[0x81], &[]].map(Vec::from).into());
        let order = |library| {
            let bytes = serialize_attribute(&set, library).unwrap();
            let AttributeValue::Bs(members) = deserialize_attribute(&bytes).unwrap() else { return Vec::new() };
            members.concat()
        };
        assert_eq!(order(Library::Java), [0x80, 0x81, 0xff, 0x00, 0x01, 0x7f]);
        assert_eq!(order(Library::Python), [0x00, 0x01, 0x7f, 0x80, 0x81, 0xff]);
    }
}
