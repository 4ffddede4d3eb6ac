//! RSA-OAEP as Java has it: `OAEPWithSHA-256AndMGF1Padding` hashes with SHA-256 and makes the mask with SHA-1. The
//! cryptographic library has no OAEP of two hashes and nothing to build one from, so the arithmetic is done here, over
//! integers whose operations take as long for one value as for any other. Nothing of this is for other purposes.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use dynaseal_core::{CryptoError, SecureRandom};
use zeroize::{Zeroize as _, Zeroizing};

use super::crypto::{self, Hash};
use super::der::Reader;

/// Moduli of 2048 to 8192 bits, in bytes.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;
/// The longest public exponent that is taken, in bits. Longer ones are legal, and only slow.
const EXPONENT_BITS: u32 = 32;

/// A public key.
pub(super) struct Public {
    modulus: BoxedMontyParams,
    exponent: BoxedUint,
    length: usize,
}

/// A private key. Without the primes, which would make it faster: the library keeps what it computes from a modulus where it
/// can not be wiped, and so the only secret is the exponent.
pub(super) struct Private {
    public: Public,
    exponent: BoxedUint,
}

impl Public {
    /// From X.509 `SubjectPublicKeyInfo`.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        let (modulus, exponent) = Reader::public_key(der)?;
        Self::new(modulus, exponent)
    }

    fn new(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let length = modulus.len();
        if !MODULUS.contains(&length) {
            return None;
        }
        let exponent = BoxedUint::from_be_slice(exponent, EXPONENT_BITS.next_multiple_of(64)).ok()?;
        if exponent.bits_vartime() > EXPONENT_BITS || exponent.bits_vartime() < 2 {
            return None;
        }
        let modulus = BoxedUint::from_be_slice(modulus, u32::try_from(length * 8).ok()?.next_multiple_of(64)).ok()?;
        let modulus = BoxedMontyParams::new_vartime(Option::<Odd<BoxedUint>>::from(modulus.to_odd())?);
        Some(Self { modulus, exponent, length })
    }

    /// Bits of the modulus, to the next byte.
    pub(super) fn bits(&self) -> usize {
        self.length * 8
    }

    /// A number below the modulus.
    fn read(&self, bytes: &[u8]) -> Option<BoxedUint> {
        let number = BoxedUint::from_be_slice(bytes, self.modulus.bits_precision()).ok()?;
        (number < *self.modulus.modulus().as_ref()).then_some(number)
    }

    /// As many bytes as the modulus has.
    fn write(&self, number: &BoxedUint) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let bytes = Zeroizing::new(number.to_be_bytes().into_vec());
        let start = bytes.len().checked_sub(self.length).ok_or(CryptoError)?;
        Ok(Zeroizing::new(bytes.get(start..).ok_or(CryptoError)?.to_vec()))
    }

    fn raise(&self, base: BoxedUint) -> BoxedUint {
        let mut form = BoxedMontyForm::new(base, &self.modulus);
        let power = form.pow_bounded_exp(&self.exponent, EXPONENT_BITS).retrieve();
        form.zeroize();
        power
    }

    /// Encrypts a key.
    pub(super) fn seal(&self, hash: Hash, message: &[u8], random: &dyn SecureRandom) -> Result<Vec<u8>, CryptoError> {
        let encoded = encode(hash, message, self.length, random)?;
        let sealed = self.raise(self.read(&encoded).ok_or(CryptoError)?);
        Ok(self.write(&sealed)?.to_vec())
    }
}

impl Private {
    /// From PKCS #8.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        let (modulus, public_exponent, exponent) = Reader::private_key(der)?;
        let public = Public::new(modulus, public_exponent)?;
        let exponent = BoxedUint::from_be_slice(exponent, public.modulus.bits_precision()).ok()?;
        let key = Self { public, exponent };
        // A key file whose numbers are of different keys.
        let two = key.public.read(&[2])?;
        (key.raise(key.public.raise(two.clone())) == two).then_some(key)
    }

    pub(super) fn bits(&self) -> usize {
        self.public.bits()
    }

    fn raise(&self, base: BoxedUint) -> BoxedUint {
        let mut form = BoxedMontyForm::new(base, &self.public.modulus).pow(&self.exponent);
        let power = form.retrieve();
        form.zeroize();
        power
    }

    /// Decrypts a key. The error is the same whatever is wrong, and so is the time.
    pub(super) fn open(&self, hash: Hash, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        decode(hash, self.decrypt(sealed)?)
    }

    /// Decrypts an AES key under PKCS #1 v1.5. Whatever is wrong gives a random key of 256 bits, so that a wrong padding and
    /// a wrong key are the same thing: that its attributes do not open.
    pub(super) fn open_pkcs1(
        &self,
        sealed: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let mut key = Zeroizing::new(vec![0; 32]);
        random.fill(&mut key)?;
        decode_pkcs1(&self.decrypt(sealed)?, &mut key);
        Ok(key)
    }

    fn decrypt(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        if sealed.len() != self.public.length {
            return Err(CryptoError);
        }
        let mut power = self.raise(self.public.read(sealed).ok_or(CryptoError)?);
        let encoded = self.public.write(&power);
        power.zeroize();
        encoded
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        self.exponent.zeroize();
    }
}

/// RFC 8017, 7.1.1, without a label.
fn encode(
    hash: Hash,
    message: &[u8],
    length: usize,
    random: &dyn SecureRandom,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let hash_length = hash.length();
    let zeros = length.checked_sub(message.len() + 2 * hash_length + 2).ok_or(CryptoError)?;
    let mut encoded = Zeroizing::new(Vec::with_capacity(length));
    encoded.resize(1 + hash_length, 0);
    encoded.extend_from_slice(&crypto::hash(hash, &[]));
    encoded.resize(1 + 2 * hash_length + zeros, 0);
    encoded.push(1);
    encoded.extend_from_slice(message);
    let (head, block) = encoded.split_at_mut(1 + hash_length);
    let seed = head.get_mut(1..).ok_or(CryptoError)?;
    random.fill(seed)?;
    mask(seed, block)?;
    mask(block, seed)?;
    Ok(encoded)
}

/// RFC 8017, 7.1.2. All that is wrong is found out before anything is said about it.
fn decode(hash: Hash, mut encoded: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let hash_length = hash.length();
    if encoded.len() < 2 * hash_length + 2 {
        return Err(CryptoError);
    }
    let (head, block) = encoded.split_at_mut(1 + hash_length);
    let (first, seed) = head.split_first_mut().ok_or(CryptoError)?;
    mask(block, seed)?;
    mask(seed, block)?;
    let (label, rest) = block.split_at(hash_length);
    let mut wrong = *first | u8::from(!crypto::is_equal(label, &crypto::hash(hash, &[])));
    // All bits set from the 1 on that ends the zeros.
    let (mut found, mut before) = (0_u8, 0_usize);
    for byte in rest {
        let is_one = is_zero(byte ^ 1);
        wrong |= !found & !is_one & *byte;
        found |= is_one;
        before += usize::from(!found & 1);
    }
    wrong |= !found;
    if wrong != 0 {
        return Err(CryptoError);
    }
    Ok(Zeroizing::new(rest.get(before + 1..).ok_or(CryptoError)?.to_vec()))
}

/// RFC 8017, 7.2.2, for messages of 16, 24 and 32 bytes. Puts the message into `key` if there is one. All lengths are tried in
/// the same way whichever it is; only how long a right one is can be seen.
fn decode_pkcs1(encoded: &[u8], key: &mut Vec<u8>) {
    let mut length = 32;
    for candidate in [16, 24, 32] {
        let Some((head, message)) = encoded.split_at_checked(encoded.len().saturating_sub(candidate)) else { return };
        let [first, second, padding @ .., end] = head else { return };
        let mut wrong = *first | (second ^ 2) | *end;
        for byte in padding {
            wrong |= is_zero(*byte);
        }
        let is_right = is_zero(wrong);
        for (byte, of_message) in key.iter_mut().zip(message) {
            *byte = (*byte & !is_right) | (of_message & is_right);
        }
        length -= (32 - candidate) & usize::from(is_right);
    }
    key.truncate(length);
}

/// 255 for 0, and 0 for all others.
fn is_zero(byte: u8) -> u8 {
    // The highest bit of byte | -byte is set for all but 0.
    ((byte | byte.wrapping_neg()) >> 7).wrapping_sub(1)
}

/// Adds the mask of a seed, made with SHA-1: that is what Java does whatever the hash is.
fn mask(seed: &[u8], out: &mut [u8]) -> Result<(), CryptoError> {
    for (counter, piece) in out.chunks_mut(Hash::Sha1.length()).enumerate() {
        let counter = u32::try_from(counter).map_err(|_| CryptoError)?.to_be_bytes();
        for (byte, of_mask) in piece.iter_mut().zip(crypto::hash(Hash::Sha1, &[seed, &counter]).iter()) {
            *byte ^= of_mask;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
    use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
    use dynaseal_core::SystemRandom;

    use super::*;

    fn keys() -> (Private, Public, Vec<u8>) {
        let library = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = library.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = library.public_key().as_der().unwrap();
        let modulus = Reader::public_key(public.as_ref()).unwrap().0.to_vec();
        (Private::from_der(private.as_ref()).unwrap(), Public::from_der(public.as_ref()).unwrap(), modulus)
    }

    /// A message under OAEP of which one byte before masking is another one: what anybody can make who has the public key.
    fn oaep(hash: Hash, length: usize, first: u8, at: Option<usize>) -> Zeroizing<Vec<u8>> {
        let mut encoded = encode(hash, b"0123456789abcdef", length, &SystemRandom).unwrap();
        let (head, block) = encoded.split_at_mut(1 + hash.length());
        let seed = &mut head[1..];
        mask(block, seed).unwrap();
        mask(seed, block).unwrap();
        if let Some(at) = at {
            block[at] ^= 1;
        }
        mask(seed, block).unwrap();
        mask(block, seed).unwrap();
        head[0] = first;
        encoded
    }

    /// RFC 8017, 7.1.2, 3g: the first byte, the hash of the label, the zeros, and the 1 that ends them.
    #[test]
    fn every_byte_of_the_padding_has_to_be_right() {
        let (private, public, _) = keys();
        for hash in [Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            let open = |encoded: Zeroizing<Vec<u8>>| {
                let sealed = public.write(&public.raise(public.read(&encoded).unwrap())).unwrap();
                let opened = private.open(hash, &sealed).ok();
                assert_eq!(opened, decode(hash, encoded).ok());
                opened.map(|message| message.to_vec())
            };
            let right = open(oaep(hash, public.length, 0, None));
            assert_eq!(right.as_deref(), Some(&b"0123456789abcdef"[..]));
            let label = hash.length();
            let ends = public.length - 1 - hash.length() - 17;
            for (first, at) in [
                (1, None),
                (1, Some(0)),
                (1, Some(label - 1)),
                (0x7f, Some(label)),
                (0, Some(0)),
                (0, Some(label - 1)),
                // Among the zeros: a 1 there ends them earlier.
                (0, Some(ends)),
            ] {
                assert_eq!(open(oaep(hash, public.length, first, at)), None, "{hash:?} {first} {at:?}");
            }
            for zero in [label, ends - 1] {
                let longer = open(oaep(hash, public.length, 0, Some(zero))).unwrap();
                assert_eq!(longer.len(), 16 + ends - zero);
            }
        }
    }

    /// RFC 8017, 5.1.2: a number that is no remainder of the modulus is refused, whatever it would come to.
    #[test]
    fn what_is_not_below_the_modulus_is_refused() {
        let (private, public, modulus) = keys();
        assert!(public.read(&modulus).is_none() && public.read(&vec![0xff; 256]).is_none());
        assert!(private.open(Hash::Sha256, &modulus).is_err() && private.open_pkcs1(&modulus, &SystemRandom).is_err());
        let mut below = modulus;
        below[255] &= 0xfe;
        assert!(public.read(&below).is_some() && private.open_pkcs1(&below, &SystemRandom).is_ok());
    }

    /// RFC 8017, 7.2.2, 3: 0, 2, no zeros, and a zero before the message. Two wrong bytes do not make a right one.
    #[test]
    fn every_byte_of_the_older_padding_has_to_be_right() {
        for length in [16, 24, 32] {
            let message: Vec<u8> = (1..=u8::try_from(length).unwrap()).collect();
            let right = [&[0, 2][..], &vec![7; 256 - 3 - length], &[0], &message].concat();
            let decoded = |changes: &[(usize, u8)]| {
                let mut encoded = right.clone();
                changes.iter().for_each(|(at, byte)| encoded[*at] = *byte);
                let mut key = vec![0xee; 32];
                decode_pkcs1(&encoded, &mut key);
                key
            };
            let end = 255 - length;
            assert_eq!(decoded(&[]), message);
            for changes in [
                &[(0, 1)][..],
                &[(1, 1)],
                &[(1, 0)],
                &[(0, 1), (1, 3)],
                &[(0, 5), (end, 5)],
                &[(1, 3), (end, 1)],
                &[(0, 2), (1, 0)],
                &[(0, 0x80), (1, 0x82), (end, 0x80)],
                &[(end, 1)],
                &[(2, 0)],
                &[(end - 1, 0)],
                &[(100, 0)],
                &[(0, 1), (end, 0xff)],
            ] {
                assert_eq!(decoded(changes), [0xee; 32], "{length} {changes:?}");
            }
            let mut key = vec![0xee; 32];
            decode_pkcs1(&[], &mut key);
            assert_eq!(key, [0xee; 32]);
        }
    }
}
