//! ECDSA on P-384 with SHA-384, and the one length of signature that the format takes.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};

use super::CryptoError;

/// Length of an integer of P-384.
const SCALAR: usize = 48;

/// Length of a compressed point: a byte for the sign of y, then x.
pub(crate) const COMPRESSED_POINT: usize = SCALAR + 1;

/// The only length of a DER signature that the format takes.
///
/// DER adds a zero byte to an integer whose high bit is set, so a signature has 102, 103 or 104 bytes; footers are cut
/// at 103, which is one such byte.
pub(crate) const SIGNATURE: usize = 103;

/// The order of the group of P-384 (FIPS 186-4, D.1.2.4), big-endian.
const ORDER: [u8; SCALAR] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, //
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, //
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];

/// A signing key, made for one record. The library wipes it when it is freed.
pub struct SigningKey(EcdsaKeyPair);

impl SigningKey {
    /// A new key pair, from the library's own generator.
    ///
    /// # Errors
    /// If the library refuses, which is a lack of entropy or memory.
    pub fn generate() -> Result<Self, CryptoError> {
        Ok(Self(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING)?))
    }

    /// The public key as a compressed point.
    pub(crate) fn public_key(&self) -> Result<[u8; COMPRESSED_POINT], CryptoError> {
        // 04 ‖ x ‖ y
        let (&[4], coordinates) = self.0.public_key().as_ref().split_first_chunk().ok_or(CryptoError)? else {
            return Err(CryptoError);
        };
        let (x, y) = coordinates.split_first_chunk::<SCALAR>().ok_or(CryptoError)?;
        let odd = y.last().ok_or(CryptoError)? & 1;
        let mut compressed = [2 | odd; COMPRESSED_POINT];
        let [_, place @ ..] = &mut compressed;
        place.copy_from_slice(x);
        Ok(compressed)
    }

    /// Signs SHA-384 of `message`. The signature has the one length that the format takes.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE], CryptoError> {
        loop {
            let signature = self.0.sign(&SystemRandom::new(), message)?;
            if let Some(fitting) = to_format_length(signature.as_ref()) {
                return Ok(fitting);
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(P-384, redacted)")
    }
}

/// The public key that a record names.
#[derive(Clone, PartialEq, Eq)]
pub struct VerificationKey([u8; COMPRESSED_POINT]);

impl VerificationKey {
    /// From a compressed point; whether it is on the curve shows when it is used.
    pub(crate) fn new(point: &[u8]) -> Option<Self> {
        let point: [u8; COMPRESSED_POINT] = point.try_into().ok()?;
        matches!(point.first(), Some(2 | 3)).then_some(Self(point))
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE]) -> Result<(), CryptoError> {
        Ok(UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, &self.0).verify(message, signature)?)
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerificationKey(P-384)")
    }
}

/// Re-encodes a signature so that it has exactly 103 bytes, if it can.
///
/// (r, s) and (r, n − s) are both valid, and exactly one of s and n − s has its high bit set (but for the 2⁻¹⁹⁰ between
/// n and 2³⁸⁴). So one of the two fits unless r or s is short of a whole byte, one time in about 128.
fn to_format_length(der: &[u8]) -> Option<[u8; SIGNATURE]> {
    let (r, s) = parse(der)?;
    encode(&r, &s).or_else(|| encode(&r, &negate(&s)))
}

/// r and s of a DER signature.
fn parse(der: &[u8]) -> Option<([u8; SCALAR], [u8; SCALAR])> {
    let (&[0x30, length], body) = der.split_first_chunk()? else {
        return None;
    };
    if usize::from(length) != body.len() {
        return None;
    }
    let (r, rest) = parse_integer(body)?;
    let (s, rest) = parse_integer(rest)?;
    rest.is_empty().then_some((r, s))
}

fn parse_integer(der: &[u8]) -> Option<([u8; SCALAR], &[u8])> {
    let (&[0x02, length], rest) = der.split_first_chunk()? else {
        return None;
    };
    let (integer, rest) = rest.split_at_checked(usize::from(length))?;
    let integer = integer.strip_prefix(&[0]).unwrap_or(integer);
    let mut scalar = [0; SCALAR];
    scalar.get_mut(SCALAR.checked_sub(integer.len())?..)?.copy_from_slice(integer);
    Some((scalar, rest))
}

/// n − s.
fn negate(s: &[u8; SCALAR]) -> [u8; SCALAR] {
    let mut result = ORDER;
    let mut borrow = false;
    for (digit, subtrahend) in result.iter_mut().zip(s).rev() {
        let (difference, under) = digit.overflowing_sub(*subtrahend);
        let (difference, under_again) = difference.overflowing_sub(u8::from(borrow));
        *digit = difference;
        borrow = under || under_again;
    }
    result
}

fn encode(r: &[u8; SCALAR], s: &[u8; SCALAR]) -> Option<[u8; SIGNATURE]> {
    let mut body = Vec::with_capacity(SIGNATURE);
    for integer in [r, s] {
        let zeros = integer.iter().take_while(|byte| **byte == 0).count();
        let digits = integer.get(zeros..).unwrap_or_default();
        let pad = digits.first().is_some_and(|byte| byte & 0x80 != 0);
        body.extend_from_slice(&[0x02, u8::try_from(digits.len() + usize::from(pad)).ok()?]);
        body.extend(pad.then_some(0));
        body.extend_from_slice(digits);
    }
    let mut der = [0; SIGNATURE];
    let (header, rest) = der.split_first_chunk_mut()?;
    if body.len() != rest.len() {
        return None;
    }
    *header = [0x30, u8::try_from(body.len()).ok()?];
    rest.copy_from_slice(&body);
    Some(der)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_redacted() {
        let key = SigningKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey(P-384, redacted)");
        let public = VerificationKey::new(&key.public_key().unwrap()).unwrap();
        assert_eq!(format!("{public:?}"), "VerificationKey(P-384)");
    }

    #[test]
    fn only_compressed_points_are_keys() {
        let point = SigningKey::generate().unwrap().public_key().unwrap();
        for first in (0..=255).filter(|first| ![2, 3].contains(first)) {
            let mut other = point;
            other[0] = first;
            assert!(VerificationKey::new(&other).is_none(), "{first}");
        }
        assert!(
            VerificationKey::new(&point[1..]).is_none() && VerificationKey::new(&[&point[..], &[0]].concat()).is_none()
        );
        // The other sign is another key: it verifies nothing.
        let key = SigningKey::generate().unwrap();
        let mut other = key.public_key().unwrap();
        other[0] ^= 1;
        assert!(VerificationKey::new(&other).unwrap().verify(b"message", &key.sign(b"message").unwrap()).is_err());
    }

    /// Both signs of y come, each in half of the keys.
    #[test]
    fn points_are_compressed_to_the_sign_of_y() {
        let mut seen = [0; 2];
        for _ in 0..64 {
            let key = SigningKey::generate().unwrap();
            let point = key.public_key().unwrap();
            let uncompressed = key.0.public_key().as_ref();
            assert_eq!(point[1..], uncompressed[1..49]);
            assert_eq!(point[0], 2 + uncompressed[96] % 2);
            seen[usize::from(point[0] - 2)] += 1;
        }
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
    }

    #[test]
    fn signatures_have_the_one_length_and_verify() {
        let key = SigningKey::generate().unwrap();
        let public = VerificationKey::new(&key.public_key().unwrap()).unwrap();
        for round in 0..200_u8 {
            let signature = key.sign(&[round; 48]).unwrap();
            assert!(public.verify(&[round; 48], &signature).is_ok());
            assert!(public.verify(&[round ^ 1; 48], &signature).is_err());
        }
        let other = VerificationKey::new(&SigningKey::generate().unwrap().public_key().unwrap()).unwrap();
        assert!(other.verify(&[0; 48], &key.sign(&[0; 48]).unwrap()).is_err());
    }

    #[test]
    fn nearly_every_signature_fits_at_the_first_try() {
        let key = SigningKey::generate().unwrap();
        let first_tries = (0..400_u16).filter(|round| {
            let signature = key.0.sign(&SystemRandom::new(), &round.to_be_bytes()).unwrap();
            to_format_length(signature.as_ref()).is_some()
        });
        // About 1 of 128 is short of a byte; without n − s, half would not fit.
        assert!(first_tries.count() > 360);
    }

    #[test]
    fn negation_is_its_own_inverse() {
        let mut s = [0; SCALAR];
        s[47] = 1;
        s[10] = 0x5a;
        assert_eq!(negate(&negate(&s)), s);
        assert_eq!(negate(&[0; SCALAR]), ORDER);
        assert_eq!(negate(&ORDER), [0; SCALAR]);
        // Borrowing from the next byte: n − 0x74.
        let mut borrows = [0; SCALAR];
        borrows[47] = 0x74;
        let mut expected = ORDER;
        (expected[46], expected[47]) = (0x28, 0xff);
        assert_eq!(negate(&borrows), expected);
        assert_eq!(negate(&expected), borrows);
    }

    #[test]
    fn a_short_integer_does_not_fit() {
        let mut short = [0; SCALAR];
        short[1] = 0x90;
        let mut high = [1; SCALAR];
        high[0] = 0x90;
        assert!(encode(&high, &high).is_none());
        let mut low = [1; SCALAR];
        low[0] = 0x10;
        assert!(encode(&low, &low).is_none());
        assert!(encode(&high, &low).is_some());
        assert!(encode(&low, &high).is_some());
        assert!(encode(&low, &short).is_none());
    }

    #[test]
    fn broken_der_is_refused() {
        assert!(parse(&[]).is_none());
        assert!(parse(&[0x30, 5, 0x02, 1, 1]).is_none());
        assert!(parse(&[0x30, 6, 0x02, 1, 1, 0x02, 9, 1]).is_none());
        let mut long = vec![0x30, 54, 0x02, 49];
        long.extend([1; 49]);
        long.extend([0x02, 1, 1]);
        assert!(parse(&long).is_none());
    }
}
