//! The calls of the cryptographic library.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext,
    PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::key_wrap::{self, AesKek, KeyWrap as _};
use aws_lc_rs::signature::{
    self, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaKeyPair,
};
use aws_lc_rs::{constant_time, digest, hkdf, hmac};
use dynaseal_core::CryptoError;
use zeroize::Zeroizing;

use super::keys::{Mac, RsaSignature};

/// The length of a block of AES, and of an initialisation vector.
pub(super) const BLOCK: usize = 16;
/// What a wrapped key is longer than the key.
const WRAP: usize = 8;
/// The initial value of RFC 3394, by which a key that was unwrapped is known to be right.
const WRAP_CHECK: [u8; WRAP] = [0xa6; WRAP];

/// Hash functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    /// Bytes of its output.
    pub(super) fn length(self) -> usize {
        self.algorithm().output_len()
    }
}

/// The hash of all pieces, one after the other.
pub(super) fn hash(hash: Hash, pieces: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut context = digest::Context::new(hash.algorithm());
    for piece in pieces {
        context.update(piece);
    }
    Zeroizing::new(context.finish().as_ref().to_vec())
}

/// Whether two texts of bytes are equal; how long that takes only depends on their lengths.
pub(super) fn is_equal(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

fn aes(key: &[u8]) -> Result<(&'static Algorithm, UnboundCipherKey), CryptoError> {
    let algorithm = match key.len() {
        16 => &AES_128,
        24 => &AES_192,
        _ => &AES_256,
    };
    Ok((algorithm, UnboundCipherKey::new(algorithm, key)?))
}

/// Pads and encrypts in place, in the mode CBC.
pub(super) fn cbc_seal(key: &[u8], iv: [u8; BLOCK], in_out: &mut Vec<u8>) -> Result<(), CryptoError> {
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(aes(key)?.1)?;
    key.less_safe_encrypt(in_out, EncryptionContext::Iv128(iv.into()))?;
    Ok(())
}

/// Decrypts in place, in the mode CBC, and gives the length without the padding; `None` if that is wrong.
pub(super) fn cbc_open(key: &[u8], iv: [u8; BLOCK], in_out: &mut [u8]) -> Result<Option<usize>, CryptoError> {
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(aes(key)?.1)?;
    Ok(key.decrypt(in_out, DecryptionContext::Iv128(iv.into())).ok().map(|plaintext| plaintext.len()))
}

/// The key wrap of RFC 3394, which Java calls `AESWrap`.
pub(super) fn wrap(key: &[u8], content_key: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let Some(cipher) = wrapping_cipher(key) else {
        return wrap_by_blocks(key, content_key);
    };
    let mut wrapped = vec![0; content_key.len() + WRAP];
    let length = AesKek::new(cipher, key)?.wrap(content_key, &mut wrapped)?.len();
    wrapped.truncate(length);
    Ok(wrapped)
}

/// The other way; the error is the same whatever is wrong.
pub(super) fn unwrap(key: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let Some(cipher) = wrapping_cipher(key) else {
        return unwrap_by_blocks(key, wrapped);
    };
    // The library asks for room that it does not need.
    let mut content_key = Zeroizing::new(vec![0; wrapped.len()]);
    let length = AesKek::new(cipher, key)?.unwrap(wrapped, &mut content_key)?.len();
    content_key.truncate(length);
    Ok(content_key)
}

/// The library wraps with keys of 128 and 256 bits only.
fn wrapping_cipher(key: &[u8]) -> Option<&'static key_wrap::AesBlockCipher> {
    match key.len() {
        16 => Some(&key_wrap::AES_128),
        32 => Some(&key_wrap::AES_256),
        _ => None,
    }
}

fn wrap_by_blocks(key: &[u8], content_key: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let key = EncryptingKey::ecb(aes(key)?.1)?;
    let (mut check, mut halves) = (WRAP_CHECK, Zeroizing::new(content_key.to_vec()));
    if halves.len() < 2 * WRAP || !halves.len().is_multiple_of(WRAP) {
        return Err(CryptoError);
    }
    let mut step = 0_u64;
    for _ in 0..6 {
        for half in halves.chunks_exact_mut(WRAP) {
            step += 1;
            let mut block = Zeroizing::new([check, half.try_into().map_err(|_| CryptoError)?].concat());
            key.encrypt(&mut block)?;
            let (left, right) = block.split_at(WRAP);
            half.copy_from_slice(right);
            check = xor(left, step)?;
        }
    }
    Ok([&check[..], &halves].concat())
}

fn unwrap_by_blocks(key: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let key = DecryptingKey::ecb(aes(key)?.1)?;
    let (check, halves) = wrapped.split_first_chunk::<WRAP>().ok_or(CryptoError)?;
    let (mut check, mut halves) = (*check, Zeroizing::new(halves.to_vec()));
    if halves.len() < 2 * WRAP || !halves.len().is_multiple_of(WRAP) {
        return Err(CryptoError);
    }
    let mut step = u64::try_from(6 * halves.len() / WRAP).map_err(|_| CryptoError)?;
    for _ in 0..6 {
        for half in halves.chunks_exact_mut(WRAP).rev() {
            let left = xor(&check, step)?;
            step -= 1;
            let mut block = Zeroizing::new([left, half.try_into().map_err(|_| CryptoError)?].concat());
            key.decrypt(&mut block, DecryptionContext::None)?;
            let (left, right) = block.split_at(WRAP);
            half.copy_from_slice(right);
            check.copy_from_slice(left);
        }
    }
    if is_equal(&check, &WRAP_CHECK) { Ok(halves) } else { Err(CryptoError) }
}

fn xor(half: &[u8], step: u64) -> Result<[u8; WRAP], CryptoError> {
    Ok((u64::from_be_bytes(half.try_into().map_err(|_| CryptoError)?) ^ step).to_be_bytes())
}

/// HKDF-SHA256 without a salt.
pub(super) fn hkdf(secret: &[u8], info: &[u8], length: usize) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let mut key = Zeroizing::new(vec![0; length]);
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret);
    secret.expand(&[info], Length(length))?.fill(&mut key)?;
    Ok(key)
}

/// How many bytes are derived.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn mac_key(mac: Mac, key: &[u8]) -> hmac::Key {
    let algorithm = match mac {
        Mac::HmacSha224 => hmac::HMAC_SHA224,
        Mac::HmacSha256 => hmac::HMAC_SHA256,
        Mac::HmacSha384 => hmac::HMAC_SHA384,
        Mac::HmacSha512 => hmac::HMAC_SHA512,
    };
    hmac::Key::new(algorithm, key)
}

/// A tag.
pub(super) fn mac(mac: Mac, key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&mac_key(mac, key), message).as_ref().to_vec()
}

/// Whether it is the whole tag, in constant time.
pub(super) fn mac_fits(mac: Mac, key: &[u8], message: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&mac_key(mac, key), message, tag).is_ok()
}

/// A key that signs. The library wipes it when it is freed.
pub(super) struct RsaSigner(RsaKeyPair);

impl RsaSigner {
    /// From PKCS #8.
    pub(super) fn new(der: &[u8]) -> Option<Self> {
        RsaKeyPair::from_pkcs8(der).ok().filter(|key| key.public_modulus_len() >= 256).map(Self)
    }

    pub(super) fn sign(&self, signature: RsaSignature, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let encoding = match signature {
            RsaSignature::Sha256 => &RSA_PKCS1_SHA256,
            RsaSignature::Sha384 => &RSA_PKCS1_SHA384,
            RsaSignature::Sha512 => &RSA_PKCS1_SHA512,
        };
        let mut out = vec![0; self.0.public_modulus_len()];
        self.0.sign(encoding, &aws_lc_rs::rand::SystemRandom::new(), message, &mut out)?;
        Ok(out)
    }
}

/// A key that verifies.
pub(super) struct RsaVerifier(ParsedPublicKey);

impl RsaVerifier {
    /// From X.509 `SubjectPublicKeyInfo`.
    pub(super) fn new(signature: RsaSignature, der: &[u8]) -> Option<Self> {
        let parameters: &'static dyn signature::VerificationAlgorithm = match signature {
            RsaSignature::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
            RsaSignature::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
            RsaSignature::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        };
        ParsedPublicKey::new(parameters, der).ok().map(Self)
    }

    pub(super) fn fits(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// RFC 3394, 4.1 to 4.6: keys of all lengths wrapped by keys of all lengths.
    #[test]
    fn keys_are_wrapped_as_the_standard_has_it() {
        const CASES: [(usize, usize, &str); 6] = [
            (16, 16, "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"),
            (24, 16, "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D"),
            (32, 16, "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"),
            (24, 24, "031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2"),
            (32, 24, "A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1"),
            (32, 32, "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"),
        ];
        let key: Vec<u8> = (0..32).collect();
        let content = hex("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F");
        for (key_length, length, wrapped) in CASES {
            let (key, content, wrapped) = (&key[..key_length], &content[..length], hex(wrapped));
            assert_eq!(wrap(key, content).unwrap(), wrapped);
            assert_eq!(wrap_by_blocks(key, content).unwrap(), wrapped);
            assert_eq!(*unwrap(key, &wrapped).unwrap(), content);
            assert_eq!(*unwrap_by_blocks(key, &wrapped).unwrap(), content);
            for bit in 0..wrapped.len() * 8 {
                let mut changed = wrapped.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(unwrap(key, &changed).is_err());
                assert!(unwrap_by_blocks(key, &changed).is_err());
            }
        }
        for length in [0, 1, 8, 15, 16, 17, 23, 25] {
            for key_length in [16, 24, 32] {
                assert!(unwrap(&key[..key_length], &vec![1; length]).is_err());
            }
            assert!(unwrap_by_blocks(&key, &vec![1; length]).is_err());
        }
    }

    /// As RFC 3394 wraps, with nobody who looks at lengths: what somebody who knows the key can make.
    fn wrapped_unchecked(key: &[u8], content_key: &[u8]) -> Vec<u8> {
        let key = EncryptingKey::ecb(aes(key).unwrap().1).unwrap();
        let (mut check, mut halves) = (WRAP_CHECK.to_vec(), content_key.to_vec());
        let mut step = 0;
        for _ in 0..6 {
            for half in halves.chunks_exact_mut(WRAP) {
                step += 1;
                let mut block = [&check, &*half].concat();
                key.encrypt(&mut block).unwrap();
                half.copy_from_slice(&block[WRAP..]);
                check = xor(&block[..WRAP], step).unwrap().to_vec();
            }
        }
        [check, halves].concat()
    }

    /// The standard has keys of two blocks of eight bytes or more. A shorter one would be no key, the empty one least of all.
    #[test]
    fn keys_of_other_lengths_are_neither_wrapped_nor_unwrapped() {
        let key: Vec<u8> = (0..32).collect();
        for length in [0, 1, 7, 8, 9, 15, 17, 20, 23, 25] {
            for key_length in [16, 24, 32] {
                let (key, content) = (&key[..key_length], vec![5; length]);
                assert!(wrap(key, &content).is_err() && wrap_by_blocks(key, &content).is_err(), "{length}");
                let wrapped = wrapped_unchecked(key, &content);
                assert!(unwrap(key, &wrapped).is_err() && unwrap_by_blocks(key, &wrapped).is_err(), "{length}");
            }
        }
        let wrapped = wrapped_unchecked(&key[..24], &[5; 16]);
        assert_eq!(wrap_by_blocks(&key[..24], &[5; 16]).unwrap(), wrapped);
        assert_eq!(*unwrap_by_blocks(&key[..24], &wrapped).unwrap(), [5; 16]);
        for more in 1..8 {
            let longer = [&wrapped[..], &vec![0; more]].concat();
            assert!(unwrap_by_blocks(&key[..24], &longer).is_err() && unwrap(&key[..24], &longer).is_err());
        }
    }

    /// RFC 5869, test case 3: without salt and info.
    #[test]
    fn hkdf_is_that_of_the_standard() {
        let expected = hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
        assert_eq!(*hkdf(&[0x0b; 22], b"", 42).unwrap(), expected);
        assert_eq!(*hkdf(&[0x0b; 22], b"", 16).unwrap(), expected[..16]);
        assert_ne!(*hkdf(&[0x0b; 22], b"x", 42).unwrap(), expected);
    }

    #[test]
    fn cbc_is_that_of_the_standard_for_all_keys() {
        // NIST SP 800-38A, F.2.1, F.2.3 and F.2.5.
        let iv = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let block = hex("6bc1bee22e409f96e93d7e117393172a");
        for (key, first) in [
            ("2b7e151628aed2a6abf7158809cf4f3c", "7649abac8119b246cee98e9b12e9197d"),
            ("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "4f021db243bc633d7178183a9fa071e8"),
            ("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", "f58c4c04d6e5f1ba779eabfb5f7bfbd6"),
        ] {
            let mut bytes = block.clone();
            cbc_seal(&hex(key), iv, &mut bytes).unwrap();
            assert_eq!(bytes[..16], hex(first));
            assert_eq!(bytes.len(), 32);
            assert_eq!(cbc_open(&hex(key), iv, &mut bytes), Ok(Some(16)));
            assert_eq!(bytes[..16], block);
        }
    }

    /// Keys that the library made, encrypted by it and decrypted here, and the other way.
    #[test]
    fn rsa_is_that_of_the_library_where_it_has_the_same() {
        use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
        use aws_lc_rs::rsa::{
            KeySize, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey,
            PrivateDecryptingKey,
        };
        use dynaseal_core::SystemRandom;

        use super::super::rsa::{Private, Public};

        let bits = 2048;
        let library = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = library.as_der().unwrap();
        let private = Private::from_der(der.as_ref()).unwrap();
        let der: PublicKeyX509Der<'_> = library.public_key().as_der().unwrap();
        let public = Public::from_der(der.as_ref()).unwrap();
        assert_eq!((private.bits(), public.bits()), (bits, bits));
        let of_library = OaepPublicEncryptingKey::new(library.public_key()).unwrap();
        let opens = OaepPrivateDecryptingKey::new(library.clone()).unwrap();
        for length in [0, 16, 32, 100] {
            let message: Vec<u8> = (1..=length).collect();
            let mut sealed = vec![0; bits / 8];
            of_library.encrypt(&OAEP_SHA1_MGF1SHA1, &message, &mut sealed, None).unwrap();
            assert_eq!(*private.open(Hash::Sha1, &sealed).unwrap(), message);
            assert!(private.open(Hash::Sha256, &sealed).is_err());
            let sealed = public.seal(Hash::Sha1, &message, &SystemRandom).unwrap();
            let mut opened = vec![0; bits / 8];
            assert_eq!(opens.decrypt(&OAEP_SHA1_MGF1SHA1, &sealed, &mut opened, None).unwrap(), message);
            for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
                let sealed = public.seal(hash, &message, &SystemRandom).unwrap();
                assert_eq!(*private.open(hash, &sealed).unwrap(), message);
                assert!(private.open(Hash::Sha1, &sealed).is_err());
            }
        }
        let most = bits / 8 - 2 * 32 - 2;
        assert!(public.seal(Hash::Sha256, &vec![1; most], &SystemRandom).is_ok());
        assert!(public.seal(Hash::Sha256, &vec![1; most + 1], &SystemRandom).is_err());

        let mut sealed = public.seal(Hash::Sha256, &[1; 32], &SystemRandom).unwrap();
        for wrong in [vec![], vec![0; bits / 8 - 1], vec![1; bits / 8 + 1], vec![0xff; bits / 8], vec![0; bits / 8]] {
            assert!(private.open(Hash::Sha256, &wrong).is_err());
        }
        for byte in [0, 100, 255] {
            sealed[byte] ^= 0x10;
            assert!(private.open(Hash::Sha256, &sealed).is_err());
            sealed[byte] ^= 0x10;
        }

        // PKCS #1 v1.5: right keys come as they are, all others as a random one.
        let pkcs1 = Pkcs1PublicEncryptingKey::new(library.public_key()).unwrap();
        for length in [0_u8, 15, 16, 17, 24, 32, 33] {
            // No zeros: they would end the padding elsewhere.
            let message: Vec<u8> = (1..=length).collect();
            let mut sealed = vec![0; bits / 8];
            pkcs1.encrypt(&message, &mut sealed).unwrap();
            let first = private.open_pkcs1(&sealed, &SystemRandom).unwrap();
            if [16, 24, 32].contains(&length) {
                assert_eq!(*first, message);
            } else {
                assert_eq!(first.len(), 32);
                assert_ne!(first, private.open_pkcs1(&sealed, &SystemRandom).unwrap());
            }
        }
        let sealed = public.seal(Hash::Sha1, &[1; 32], &SystemRandom).unwrap();
        assert_ne!(*private.open_pkcs1(&sealed, &SystemRandom).unwrap(), [1; 32]);
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
        use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};

        use super::super::rsa::{Private, Public};

        let library = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = library.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = library.public_key().as_der().unwrap();
        let (private, public) = (private.as_ref(), public.as_ref());
        assert!(Private::from_der(public).is_none() && Public::from_der(private).is_none());
        for length in 0..private.len() {
            assert!(Private::from_der(&private[..length]).is_none());
        }
        for length in 0..public.len() {
            assert!(Public::from_der(&public[..length]).is_none());
        }
        // Modulus and exponents begin in the first 600 bytes; another number is no key, or not this one.
        for byte in 40..45 {
            let mut changed = private.to_vec();
            changed[byte] ^= 4;
            assert!(Private::from_der(&changed).is_none());
        }
    }

    #[test]
    fn tags_are_whole() {
        for (algorithm, length) in
            [(Mac::HmacSha224, 28), (Mac::HmacSha256, 32), (Mac::HmacSha384, 48), (Mac::HmacSha512, 64)]
        {
            let tag = mac(algorithm, b"key", b"message");
            assert_eq!(tag.len(), length);
            assert!(mac_fits(algorithm, b"key", b"message", &tag));
            assert!(!mac_fits(algorithm, b"key", b"message", &tag[1..]));
            assert!(!mac_fits(algorithm, b"key", b"message", &tag[..length - 1]));
            assert!(!mac_fits(algorithm, b"key", b"message", b""));
        }
    }
}
