//! Base85 with the alphabet of RFC 1924, as Python's `base64.b85encode` writes it: a last group of fewer than four bytes
//! is one digit longer than its bytes.

/// The digits above those of base 62.
const SYMBOLS: &[u8; 23] = b"!#$%&()*+-;<=>?@^_`{|}~";

/// Appends the digits of `bytes` to `out`.
pub(super) fn encode_into(bytes: &[u8], out: &mut Vec<u8>) {
    for group in bytes.chunks(4) {
        let mut word = [0; 4];
        for (byte, of_group) in word.iter_mut().zip(group) {
            *byte = *of_group;
        }
        let mut rest = u32::from_be_bytes(word);
        let mut digits = [0; 5];
        for digit in digits.iter_mut().rev() {
            *digit = character(rest % 85);
            rest /= 85;
        }
        out.extend(digits.iter().take(group.len() + 1));
    }
}

/// The bytes of `text`, or `None` if Python would refuse it: a foreign character, or five digits that are more than 32
/// bits. A single last digit is no byte, as there.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 5 * 4 + 4);
    for group in text.as_bytes().chunks(5) {
        let digits = group.iter().map(|character| digit(*character));
        // Missing digits count as the highest one, so that what they would add is cut off and not rounded down.
        let digits = digits.chain(std::iter::repeat(Some(84))).take(5);
        let word = digits.into_iter().try_fold(0_u32, |word, digit| word.checked_mul(85)?.checked_add(digit?))?;
        bytes.extend(word.to_be_bytes().iter().take(group.len() - 1));
    }
    Some(bytes)
}

fn character(digit: u32) -> u8 {
    let digit = u8::try_from(digit).expect("digits are below 85");
    match digit {
        0..=9 => b'0' + digit,
        10..=35 => b'A' + (digit - 10),
        36..=61 => b'a' + (digit - 36),
        _ => *SYMBOLS.get(usize::from(digit - 62)).expect("digits are below 85"),
    }
}

fn digit(character: u8) -> Option<u32> {
    match character {
        b'0'..=b'9' => Some(u32::from(character - b'0')),
        b'A'..=b'Z' => Some(u32::from(character - b'A') + 10),
        b'a'..=b'z' => Some(u32::from(character - b'a') + 36),
        _ => SYMBOLS.iter().zip(62..).find(|(symbol, _)| **symbol == character).map(|(_, digit)| digit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        encode_into(bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn digits_are_their_own_inverse() {
        for value in 0..85 {
            assert_eq!(digit(character(value)), Some(value));
        }
        assert_eq!((0..=255).filter_map(digit).count(), 85);
    }

    #[test]
    fn groups_of_every_length() {
        assert_eq!(encode(b""), "");
        assert_eq!(encode(&[0]), "00");
        assert_eq!(encode(&[0xff; 4]), "|NsC0");
        assert_eq!(encode(&[0xff; 5]), "|NsC0{{");
        for length in 0..20 {
            let bytes: Vec<u8> = (0..length).map(|at: u8| at.wrapping_mul(37) ^ 0xc8).collect();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn what_python_refuses() {
        for text in ["|NsC1", "~~~~~", "~", "a b", "\"", "é", "00,00", "|NsC0\u{7f}"] {
            assert_eq!(decode(text), None, "{text}");
        }
        assert_eq!(decode("0"), Some(vec![]));
        assert_eq!(decode("|NsC00"), Some(vec![0xff; 4]));
    }
}
