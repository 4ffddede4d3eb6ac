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
