//! Canonical paths: the name of a field in signatures and as associated data, and the order of fields in a record
//! (specification: `structured-encryption/header.md`).

use std::cmp::Ordering;

/// The canonical path of a top-level attribute is: UTF-8 of the logical table name ‖ `u64` 1 ‖ `$` ‖ `u64` length of
/// the name in UTF-16 code units ‖ UTF-8 of the name. This is the part that is the same for all attributes.
#[derive(Clone, Debug)]
pub(crate) struct PathPrefix(Box<[u8]>);

impl PathPrefix {
    pub(crate) fn new(logical_table_name: &str) -> Self {
        let mut bytes = logical_table_name.as_bytes().to_vec();
        bytes.extend_from_slice(&1_u64.to_be_bytes());
        bytes.push(b'$');
        Self(bytes.into())
    }

    /// Replaces the content of `out` by the path of `name`.
    pub(crate) fn write(&self, name: FieldName<'_>, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.0);
        out.extend_from_slice(&name.utf16_length.to_be_bytes());
        out.extend_from_slice(name.text.as_bytes());
    }
}

/// An attribute name and its length in UTF-16 code units, which is what the format counts in.
///
/// Ordered as the bytes of the canonical paths: shorter names first, then by UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FieldName<'a> {
    utf16_length: u64,
    pub(crate) text: &'a str,
}

impl<'a> FieldName<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { utf16_length: utf16_length(text), text }
    }

    pub(crate) fn utf16_length(self) -> u64 {
        self.utf16_length
    }
}

impl Ord for FieldName<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.utf16_length.cmp(&other.utf16_length).then_with(|| self.text.cmp(other.text))
    }
}

impl PartialOrd for FieldName<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One unit for every character, two for those of four bytes.
fn utf16_length(text: &str) -> u64 {
    // Nearly all names are, and this is checked a word at a time.
    if text.is_ascii() {
        return u64::try_from(text.len()).unwrap_or(u64::MAX);
    }
    text.bytes().map(|byte| u64::from(byte & 0xc0 != 0x80) + u64::from(byte >= 0xf0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_utf16_units() {
        for text in ["", "a", "é", "～", "😀", "a😀é～", "\u{10ffff}\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}"] {
            assert_eq!(utf16_length(text), u64::try_from(text.encode_utf16().count()).unwrap(), "{text}");
        }
    }

    #[test]
    fn shorter_names_come_first() {
        let mut names = ["aaa", "😀", "zz", "pk", "so", "é"].map(FieldName::new);
        names.sort();
        assert_eq!(names.map(|name| name.text), ["é", "pk", "so", "zz", "😀", "aaa"]);
    }

    #[test]
    fn the_order_is_that_of_the_path_bytes() {
        let prefix = PathPrefix::new("täble");
        let names = ["", "a", "b", "é", "～", "😀", "aa", "a😀", "aaa", "é～"];
        let path = |name| {
            let mut out = vec![9; 3];
            prefix.write(FieldName::new(name), &mut out);
            out
        };
        for a in names {
            for b in names {
                let (first, second) = (FieldName::new(a), FieldName::new(b));
                assert_eq!(first.cmp(&second), path(a).cmp(&path(b)), "{a} {b}");
                assert_eq!(first.partial_cmp(&second), Some(first.cmp(&second)), "{a} {b}");
            }
        }
        assert_eq!(path("é"), b"t\xc3\xa4ble\0\0\0\0\0\0\0\x01$\0\0\0\0\0\0\0\x01\xc3\xa9");
    }
}
