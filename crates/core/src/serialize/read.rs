//! The reading half: bytes to attribute values.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    BINARY, BINARY_SET, BOOLEAN, LIST, MAP, MAX_DEPTH, MAX_NAME, NULL, NUMBER, NUMBER_SET, STRING, STRING_SET, TypeId,
};
use crate::cursor::{Cursor, Malformed};
use crate::value::AttributeValue;

/// Reads a top-level value of the given type; all of `bytes` must be used.
///
/// Sets are accepted in any order, and numbers in any spelling: clients up to version 3.1.0 wrote them as they came.
/// Duplicates are refused, as every client does.
///
/// # Errors
/// With the offset and the reason.
pub fn read_value(type_id: TypeId, bytes: &[u8]) -> Result<AttributeValue, Malformed> {
    let mut cursor = Cursor::new(bytes);
    let value = read_at_depth(type_id, bytes.len(), 1, &mut cursor)?;
    cursor.finish()?;
    Ok(value)
}

/// As [`read_value`], but text and bytes keep the buffer they come in.
pub(crate) fn read_owned_value(type_id: TypeId, bytes: Vec<u8>) -> Result<AttributeValue, Malformed> {
    let utf8 = |bytes| String::from_utf8(bytes).map_err(|_| Malformed { offset: 0, reason: "not UTF-8" });
    match type_id {
        STRING => utf8(bytes).map(AttributeValue::S),
        NUMBER => utf8(bytes).map(AttributeValue::N),
        BINARY => Ok(AttributeValue::B(bytes)),
        // Copied out of the buffer, which is wiped, since it held what was sealed.
        _ => read_value(type_id, &zeroize::Zeroizing::new(bytes)),
    }
}

fn read_at_depth(
    type_id: TypeId,
    length: usize,
    depth: usize,
    cursor: &mut Cursor<'_>,
) -> Result<AttributeValue, Malformed> {
    if depth > MAX_DEPTH {
        return Err(cursor.malformed("nested deeper than 32 levels"));
    }
    Ok(match type_id {
        NULL if length == 0 => AttributeValue::Null(true),
        NULL => return Err(cursor.malformed("a null with content")),
        STRING => AttributeValue::S(read_text(length, cursor)?),
        NUMBER => AttributeValue::N(read_text(length, cursor)?),
        BINARY => AttributeValue::B(cursor.take(length)?.to_vec()),
        BOOLEAN => {
            let start = cursor.clone();
            match cursor.take(length)? {
                [0] => AttributeValue::Bool(false),
                [1] => AttributeValue::Bool(true),
                _ => return Err(start.malformed("neither true nor false")),
            }
        }
        STRING_SET => AttributeValue::Ss(read_set(cursor, read_text)?),
        NUMBER_SET => AttributeValue::Ns(read_set(cursor, read_text)?),
        BINARY_SET => AttributeValue::Bs(read_set(cursor, |length, cursor| Ok(cursor.take(length)?.to_vec()))?),
        LIST => {
            let count = read_count(cursor, 6)?;
            let mut list = Vec::with_capacity(count);
            for _ in 0..count {
                list.push(read_element(depth, cursor)?);
            }
            AttributeValue::L(list)
        }
        MAP => {
            let count = read_count(cursor, 13)?;
            let mut map = BTreeMap::new();
            for _ in 0..count {
                let start = cursor.clone();
                let key = read_map_key(cursor)?;
                let element = read_element(depth, cursor)?;
                if map.insert(key, element).is_some() {
                    return Err(start.malformed("the map has the same key twice"));
                }
            }
            AttributeValue::M(map)
        }
        _ => return Err(cursor.malformed("unknown attribute type")),
    })
}

fn read_element(depth: usize, cursor: &mut Cursor<'_>) -> Result<AttributeValue, Malformed> {
    let type_id = *cursor.array()?;
    let start = cursor.position();
    let mut inner = Cursor::new(cursor.long_bytes()?);
    let length = inner.remaining();
    let shift = |error: Malformed| Malformed { offset: error.offset + start + 4, ..error };
    let value = read_at_depth(type_id, length, depth + 1, &mut inner).map_err(shift)?;
    inner.finish().map_err(shift)?;
    Ok(value)
}

fn read_map_key(cursor: &mut Cursor<'_>) -> Result<String, Malformed> {
    let start = cursor.clone();
    if *cursor.array()? != STRING {
        return Err(start.malformed("a map key that is no string"));
    }
    let bytes = cursor.long_bytes()?;
    if bytes.is_empty() || bytes.len() > MAX_NAME {
        return Err(start.malformed("a map key must have 1 to 65535 bytes"));
    }
    text(bytes).ok_or_else(|| start.malformed("not UTF-8"))
}

fn read_set<T: Ord>(
    cursor: &mut Cursor<'_>,
    read: impl Fn(usize, &mut Cursor<'_>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let start = cursor.clone();
    let count = read_count(cursor, 4)?;
    let mut set = Vec::with_capacity(count);
    for _ in 0..count {
        let length = usize::try_from(cursor.u32()?).map_err(|_| cursor.malformed("cut short"))?;
        set.push(read(length, cursor)?);
    }
    // Written sets are sorted, so the cheap test nearly always decides.
    let sorted = set.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    if !sorted && set.iter().collect::<BTreeSet<_>>().len() != set.len() {
        return Err(start.malformed("the set has the same element twice"));
    }
    Ok(set)
}

/// A count of elements that take `least` bytes each: what can not fit is refused before anything is allocated.
fn read_count(cursor: &mut Cursor<'_>, least: usize) -> Result<usize, Malformed> {
    let start = cursor.clone();
    let count = usize::try_from(cursor.u32()?).unwrap_or(usize::MAX);
    if count > cursor.remaining() / least.max(1) { Err(start.malformed("cut short")) } else { Ok(count) }
}

fn read_text(length: usize, cursor: &mut Cursor<'_>) -> Result<String, Malformed> {
    let start = cursor.clone();
    text(cursor.take(length)?).ok_or_else(|| start.malformed("not UTF-8"))
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use AttributeValue::Ss;

    #[test]
    fn reading_refuses_what_does_not_fit() {
        assert!(read_value(NULL, b"x").is_err());
        assert!(read_value(BOOLEAN, b"\x02").is_err());
        assert!(read_value(BOOLEAN, b"\x01\x01").is_err());
        assert!(read_value(STRING, b"\xff").is_err());
        assert!(read_value([9, 9], b"").is_err());
        assert!(read_value(LIST, b"\xff\xff\xff\xff").is_err());
        assert!(read_value(STRING_SET, b"\0\0\0\0x").is_err());
        // An element that claims more or less than its type needs.
        assert!(read_value(LIST, b"\0\0\0\x01\0\x04\0\0\0\x02\x01\x01").is_err());
        assert!(read_value(LIST, b"\0\0\0\x01\x01\x01\0\0\0\x05\0\0\0\0x").is_err());
    }

    /// Where it stopped making sense, counted from the start of the value, however deep it is.
    #[test]
    fn every_refusal_says_where_and_why() {
        let cases: [(TypeId, &[u8], usize, &str); 22] = [
            (NULL, b"x", 0, "a null with content"),
            (BOOLEAN, b"", 0, "neither true nor false"),
            (BOOLEAN, b"\x02", 0, "neither true nor false"),
            (STRING, b"a\xff", 0, "not UTF-8"),
            ([9, 9], b"", 0, "unknown attribute type"),
            (LIST, b"\0\0\0", 0, "cut short"),
            (LIST, b"\0\0\0\x02\0\0\0\0\0\0", 0, "cut short"),
            (LIST, b"\0\0\0\x01\0\0\0\0\0\0x", 10, "bytes after the end"),
            (LIST, b"\0\0\0\x01\0\0\0\0\0\x01x", 10, "a null with content"),
            (LIST, b"\0\0\0\x01\x09\x09\0\0\0\0", 10, "unknown attribute type"),
            (LIST, b"\0\0\0\x01\0\0\0\0\0\x01", 10, "cut short"),
            // A list in a list: 4 bytes of count, then type and length, then its own.
            (LIST, b"\0\0\0\x01\x03\0\0\0\0\x0b\0\0\0\x01\0\0\0\0\0\x01x", 20, "a null with content"),
            (LIST, b"\0\0\0\x01\x03\0\0\0\0\x05\0\0\0\0x", 14, "bytes after the end"),
            (MAP, b"\0\0\0\x02\0\x01\0\0\0\x01k\0\0\0\0\0\0", 0, "cut short"),
            (MAP, b"\0\0\0\x01\0\x02\0\0\0\x01k\0\0\0\0\0\0", 4, "a map key that is no string"),
            (MAP, b"\0\0\0\x01\0\x01\0\0\0\0\0\0\0\0\0\0k", 4, "a map key must have 1 to 65535 bytes"),
            (MAP, b"\0\0\0\x01\0\x01\0\0\0\x01\xff\0\0\0\0\0\0", 4, "not UTF-8"),
            (MAP, b"\0\0\0\x01\0\x01\0\0\0\x01k\0\0\0\0\0\x01x", 17, "a null with content"),
            (STRING_SET, b"\0\0\0\x02\0\0\0\0", 0, "cut short"),
            (STRING_SET, b"\0\0\0\x01\0\0\0\x01\xff", 8, "not UTF-8"),
            (NUMBER_SET, b"\0\0\0\x02\0\0\0\x011\0\0\0\x011", 0, "the set has the same element twice"),
            (BINARY_SET, b"\0\0\0\x02\0\0\0\0\0\0\0\0", 0, "the set has the same element twice"),
        ];
        for (type_id, bytes, offset, reason) in cases {
            assert_eq!(read_value(type_id, bytes), Err(Malformed { offset, reason }), "{type_id:?} {bytes:?}");
            // The same from a buffer of its own.
            assert_eq!(read_owned_value(type_id, bytes.to_vec()), Err(Malformed { offset, reason }));
        }
    }

    /// The least that elements can take: a list of nulls, a map of them under short keys, sets of what is empty.
    #[test]
    fn the_smallest_elements_are_read() {
        use AttributeValue::{Bs, L, M, Null, S};
        let cases: [(TypeId, &[u8], AttributeValue); 6] = [
            (LIST, b"\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0", L(vec![Null(true), Null(true)])),
            (MAP, b"\0\0\0\x01\0\x01\0\0\0\x01k\0\0\0\0\0\0", M([("k".to_owned(), Null(true))].into())),
            (STRING_SET, b"\0\0\0\x01\0\0\0\0", Ss(vec![String::new()])),
            (BINARY_SET, b"\0\0\0\x01\0\0\0\0", Bs(vec![vec![]])),
            (NULL, b"", Null(true)),
            (STRING, b"", S(String::new())),
        ];
        for (type_id, bytes, expected) in cases {
            assert_eq!(read_value(type_id, bytes).as_ref(), Ok(&expected));
            assert_eq!(read_owned_value(type_id, bytes.to_vec()), Ok(expected));
        }
    }

    /// What was decrypted in place is not copied to a second one, which nobody would wipe.
    #[test]
    fn text_and_bytes_keep_their_buffer() {
        for type_id in [STRING, NUMBER, BINARY] {
            let bytes = vec![b'7'; 100];
            let place = bytes.as_ptr();
            let kept = match read_owned_value(type_id, bytes).unwrap() {
                AttributeValue::S(text) | AttributeValue::N(text) => text.as_ptr(),
                AttributeValue::B(bytes) => bytes.as_ptr(),
                other => panic!("{other:?}"),
            };
            assert_eq!(kept, place);
        }
    }

    #[test]
    fn keys_of_maps_have_65535_bytes_at_most() {
        let map = |length: usize| {
            let count = u32::try_from(length).unwrap().to_be_bytes();
            [b"\0\0\0\x01\0\x01", count.as_slice(), &vec![b'k'; length], &[0; 6]].concat()
        };
        assert!(read_value(MAP, &map(65_535)).is_ok());
        let reason = "a map key must have 1 to 65535 bytes";
        assert_eq!(read_value(MAP, &map(65_536)), Err(Malformed { offset: 4, reason }));
    }

    #[test]
    fn unsorted_sets_of_older_clients_are_read() {
        let set = read_value(STRING_SET, b"\0\0\0\x02\0\0\0\x01b\0\0\0\x01a").unwrap();
        assert_eq!(set, Ss(vec!["b".into(), "a".into()]));
    }
}
