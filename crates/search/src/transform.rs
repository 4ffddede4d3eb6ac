//! Virtual transforms (specification: `searchable-encryption/virtual.md`).
//!
//! Lengths and positions count UTF-16 units, as strings of the official clients do. A character that is cut in two, and
//! not joined again by what follows, is an error at the end.
//!
//! Positions are clamped to the last unit or segment, not behind it, although the specification says so: the official
//! clients do that, and beacons have to agree. Therefore `substring` and `segments` never reach the last one: of
//! `123456789`, `(0, 100)` is `12345678`.

/// What is done with a part of a virtual field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Transform {
    /// ASCII letters in upper case.
    Upper,
    /// ASCII letters in lower case.
    Lower,
    /// Appends a text.
    Insert(String),
    /// The first units; of a negative length, all but the last.
    Prefix(i32),
    /// The last units; of a negative length, all but the first.
    Suffix(i32),
    /// The units from a position to another, which is not included. Negative positions count from the end.
    Substring {
        /// The first.
        low: i32,
        /// The one behind the last.
        high: i32,
    },
    /// One of the segments that a character parts. Negative positions count from the end.
    Segment {
        /// The character.
        split: char,
        /// Which segment.
        index: i32,
    },
    /// The segments from a position to another, which is not included.
    Segments {
        /// The character.
        split: char,
        /// The first.
        low: i32,
        /// The one behind the last.
        high: i32,
    },
}

impl Transform {
    /// The character that parts segments.
    pub(crate) fn split(&self) -> Option<char> {
        match self {
            Self::Segment { split, .. } | Self::Segments { split, .. } => Some(*split),
            _ => None,
        }
    }

    /// Whether ASCII stays ASCII.
    pub(crate) fn is_ascii(&self) -> bool {
        !matches!(self, Self::Insert(literal) if !literal.is_ascii())
    }

    /// On UTF-16 units, or on bytes where those are the same: of ASCII.
    pub(crate) fn apply<U: Unit>(&self, mut text: Vec<U>) -> Vec<U> {
        match self {
            Self::Upper => {
                text.iter_mut().for_each(|unit| unit.change(u8::to_ascii_uppercase));
                text
            }
            Self::Lower => {
                text.iter_mut().for_each(|unit| unit.change(u8::to_ascii_lowercase));
                text
            }
            Self::Insert(literal) => {
                text.extend(U::of(literal));
                text
            }
            Self::Prefix(length) => {
                let kept = kept(*length, text.len());
                text.truncate(kept);
                text
            }
            Self::Suffix(length) => {
                let kept = kept(*length, text.len());
                text.split_off(text.len() - kept)
            }
            Self::Substring { low, high } => range(&text, *low, *high).to_vec(),
            Self::Segment { split, index } => {
                let segments = segments(&text, *split);
                let count = segments.len();
                let is_there = match usize::try_from(*index) {
                    Ok(index) => index < count,
                    Err(_) => length_of(*index) <= count,
                };
                let found = segments.get(position(*index, count)).filter(|_| is_there);
                found.map(|segment| segment.to_vec()).unwrap_or_default()
            }
            Self::Segments { split, low, high } => {
                let segments = segments(&text, *split);
                let joined = range(&segments, *low, *high).iter().enumerate().flat_map(|(place, segment)| {
                    let between = if place == 0 { None } else { U::of_char(*split) };
                    between.into_iter().chain(segment.iter().copied())
                });
                joined.collect()
            }
        }
    }
}

/// What texts are counted in.
pub(crate) trait Unit: Copy + PartialEq {
    /// The units of a text.
    fn of(text: &str) -> impl Iterator<Item = Self>;
    /// The one unit of a character; none if it has another number of them here.
    fn of_char(split: char) -> Option<Self>;
    /// Changes an ASCII letter.
    fn change(&mut self, to: fn(&u8) -> u8);
}

impl Unit for u16 {
    fn of(text: &str) -> impl Iterator<Item = Self> {
        text.encode_utf16()
    }

    fn of_char(split: char) -> Option<Self> {
        u16::try_from(u32::from(split)).ok()
    }

    fn change(&mut self, to: fn(&u8) -> u8) {
        if let Ok(byte) = u8::try_from(*self) {
            *self = u16::from(to(&byte));
        }
    }
}

/// Only for ASCII.
impl Unit for u8 {
    fn of(text: &str) -> impl Iterator<Item = Self> {
        text.bytes()
    }

    fn of_char(split: char) -> Option<Self> {
        u8::try_from(split).ok().filter(u8::is_ascii)
    }

    fn change(&mut self, to: fn(&u8) -> u8) {
        *self = to(self);
    }
}

/// How many units are kept of `length`.
fn kept(length: i32, of: usize) -> usize {
    match usize::try_from(length) {
        Ok(length) => length.min(of),
        Err(_) => of - length_of(length).min(of),
    }
}

fn length_of(number: i32) -> usize {
    usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX)
}

/// Clamped to the last one.
fn position(position: i32, count: usize) -> usize {
    match usize::try_from(position) {
        Ok(position) => position.min(count.saturating_sub(1)),
        Err(_) => count.saturating_sub(length_of(position)),
    }
}

fn range<T>(all: &[T], low: i32, high: i32) -> &[T] {
    all.get(position(low, all.len())..position(high, all.len())).unwrap_or_default()
}

fn segments<U: Unit>(text: &[U], split: char) -> Vec<&[U]> {
    let split = U::of_char(split);
    text.split(|unit| Some(*unit) == split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(transform: &Transform, text: &str, expected: &str) {
        let transformed = transform.apply::<u16>(text.encode_utf16().collect());
        assert_eq!(String::from_utf16(&transformed).ok().as_deref(), Some(expected), "{transform:?} of {text:?}");
        if text.is_ascii() && transform.is_ascii() {
            let transformed = transform.apply::<u8>(text.bytes().collect());
            assert_eq!(String::from_utf8(transformed).ok().as_deref(), Some(expected), "{transform:?} of {text:?}");
        }
    }

    #[test]
    fn case_and_literals() {
        check(&Transform::Upper, "straße-é1z", "STRAßE-é1Z");
        check(&Transform::Lower, "STRAßE-É1Z", "straße-É1z");
        check(&Transform::Insert("-é😀".to_owned()), "a", "a-é😀");
    }

    #[test]
    fn prefixes_and_suffixes() {
        for (length, prefix, suffix) in [
            (0, "", ""),
            (2, "ab", "de"),
            (5, "abcde", "abcde"),
            (9, "abcde", "abcde"),
            (-1, "abcd", "bcde"),
            (-5, "", ""),
            (-9, "", ""),
            (i32::MIN, "", ""),
            (i32::MAX, "abcde", "abcde"),
        ] {
            check(&Transform::Prefix(length), "abcde", prefix);
            check(&Transform::Suffix(length), "abcde", suffix);
        }
    }

    #[test]
    fn ranges_do_not_reach_the_last_one() {
        for (low, high, expected) in [
            (0, 100, "12345678"),
            (0, -1, "12345678"),
            (2, 4, "34"),
            (-4, -2, "67"),
            (-100, 100, "12345678"),
            (3, 3, ""),
            (5, 2, ""),
            (8, 9, ""),
            (100, 200, ""),
        ] {
            check(&Transform::Substring { low, high }, "123456789", expected);
        }
        check(&Transform::Substring { low: 0, high: 1 }, "", "");
        for (low, high, expected) in [(0, 100, "a-b-c"), (1, 3, "b-c"), (-3, -1, "b-c"), (2, 2, ""), (3, 4, "")] {
            check(&Transform::Segments { split: '-', low, high }, "a-b-c-d", expected);
        }
        check(&Transform::Segments { split: '-', low: 0, high: 2 }, "--x-", "-");
    }

    #[test]
    fn segments_by_index() {
        for (index, expected) in [(0, "a"), (2, "c"), (3, ""), (99, ""), (-1, "c"), (-3, "a"), (-4, ""), (i32::MIN, "")]
        {
            check(&Transform::Segment { split: '.', index }, "a.b.c", expected);
        }
        check(&Transform::Segment { split: '.', index: 0 }, "", "");
        check(&Transform::Segment { split: 'é', index: 1 }, "aébéc", "b");
    }

    #[test]
    fn units_are_those_of_utf16() {
        check(&Transform::Prefix(3), "😀éa", "😀é");
        assert!(String::from_utf16(&Transform::Prefix(1).apply::<u16>("😀".encode_utf16().collect())).is_err());
    }
}
