//! AES-SIV (RFC 5297) with AES-256, which is a key of 512 bits: the initialisation vector is made of the message, so that
//! equal messages give equal bytes, and is the tag at the same time.

use std::hint::black_box;

use aes_siv::KeyInit as _;
use aes_siv::siv::Aes256Siv;
use zeroize::Zeroizing;

use super::CryptoError;

/// Length of the synthetic initialisation vector.
pub(crate) const IV: usize = 16;

/// A key of 64 bytes: the first half authenticates, the second encrypts.
pub(crate) struct SivKey(Box<Zeroizing<[u8; 64]>>);

impl SivKey {
    /// Copies a key; wiping the bytes is the caller's.
    pub(crate) fn new(key: &[u8; 64]) -> Self {
        let mut copy = Self(Box::new(Zeroizing::new([0; 64])));
        copy.0.copy_from_slice(key);
        copy
    }

    /// Encrypts in place and gives the synthetic initialisation vector. There may be up to 126 pieces of associated data;
    /// the same bytes in other pieces are other associated data.
    pub(crate) fn seal(&self, aad: &[&[u8]], in_out: &mut [u8]) -> Result<[u8; IV], CryptoError> {
        let iv = self.with_expanded(|key| key.encrypt_inout_detached(aad, in_out.into()));
        Ok(iv.map_err(|_| CryptoError)?.into())
    }

    /// Decrypts in place. What is not authentic stays as it was.
    pub(crate) fn open(&self, iv: &[u8; IV], aad: &[&[u8]], in_out: &mut [u8]) -> Result<(), CryptoError> {
        let opened = self.with_expanded(|key| key.decrypt_inout_detached(aad, in_out.into(), iv.into()));
        opened.map_err(|_| CryptoError)
    }

    /// The library's methods want the key for themselves alone, so each call has its own. The library wipes that on drop,
    /// but not the places on the stack that it moved it from: those are overwritten here.
    fn with_expanded<T>(&self, work: impl FnOnce(&mut Aes256Siv) -> T) -> T {
        let out = self.expand_and(work);
        overwrite_stack();
        out
    }

    /// A function of its own, so that all it leaves is where the next call has its frame.
    #[inline(never)]
    fn expand_and<T>(&self, work: impl FnOnce(&mut Aes256Siv) -> T) -> T {
        work(&mut Aes256Siv::new((&**self.0).into()))
    }
}

/// Expanded keys have 480 bytes each, and the library's functions have several in their frames: optimised, they reach 11
/// KB down. `no_key_stays_in_memory` among the tests tells whether this is enough, with `--release` as well.
#[inline(never)]
fn overwrite_stack() {
    black_box(&mut [0_u8; 16 * 1024]);
}

impl std::fmt::Debug for SivKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SivKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use aes_siv::siv::Aes128Siv;
    use dynaseal_testkit::config::hex;

    use super::*;

    const K1: &str = "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f06f6e6d6c6b6a69686766656463626160f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f";
    const K2: &str = "7f7e7d7c7b7a797877767574737271706f6e6d6c6b6a69686766656463626160404142434445464748494a4b4c4d4e4f505152535455565758595a5b5b5d5e5f";

    /// Key, pieces of associated data, plaintext, initialisation vector and ciphertext. The first two are those of the RFC
    /// with longer keys, as OpenSSL and others have them; all were computed with OpenSSL through Python's `cryptography`.
    const VECTORS: [(&str, &[&str], &str, &str); 7] = [
        (
            K1,
            &["101112131415161718191a1b1c1d1e1f2021222324252627"],
            "112233445566778899aabbccddee",
            "f125274c598065cfc26b0e71575029088b035217e380cac8919ee800c126",
        ),
        (
            K2,
            &[
                "00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100",
                "102030405060708090a0",
                "09f911029d74e35bd84156c5635688c0",
            ],
            "7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074207573696e67205349562d414553",
            "85b8167310038db7dc4692c0281ca35868181b2762f3c24f2efa5fb80cb143516ce6c434b898a6fd8eb98a418842f51f66fc67de43ac185a66dd72475bbb08",
        ),
        (K1, &[], "", "6a6c3bc830e5dd19d0f54a78efb92a39"),
        (K1, &[""], "", "fb36e7bb3c64df6961bebeaec58faef5"),
        (
            K1,
            &["6161", "62"],
            "00000000000000000000000000000000",
            "80537bc0684b3cb6f8180e57a070156991ccf3d3d2512ff30eb5b8b5cf490a41",
        ),
        (
            K1,
            &["61", "6162"],
            "0000000000000000000000000000000000",
            "f7df0d9697be25a32ffeb5f0c56f6ac9a16e73ceb402122103e77ce2e8753779d3",
        ),
        (
            K2,
            &["101112131415161718191a1b1c1d1e1f2021222324252627"],
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "f29ad9bcf5901513470821c9d9574fd84110394826d15413fd685124f9e61f2b87878ff5699787628707479314ac6319fa0ffa4416d12c29952f5618178e7bd12e6709f20beb4f3d593e111eb8798b84",
        ),
    ];

    #[test]
    fn vectors_with_512_bits() {
        for (key, aad, plaintext, sealed) in VECTORS {
            let key = SivKey::new(&hex(key).try_into().unwrap());
            let aad: Vec<Vec<u8>> = aad.iter().map(|piece| hex(piece)).collect();
            let aad: Vec<&[u8]> = aad.iter().map(Vec::as_slice).collect();
            let sealed = hex(sealed);
            let (expected, ciphertext) = sealed.split_first_chunk::<IV>().unwrap();
            let mut buffer = hex(plaintext);
            assert_eq!(key.seal(&aad, &mut buffer).unwrap(), *expected);
            assert_eq!(buffer, ciphertext);
            key.open(expected, &aad, &mut buffer).unwrap();
            assert_eq!(buffer, hex(plaintext));
            assert!(key.open(expected, &[b"other"], &mut ciphertext.to_vec()).is_err());
            for bit in 0..sealed.len() * 8 {
                let mut flipped = sealed.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let (iv, ciphertext) = flipped.split_first_chunk_mut::<IV>().unwrap();
                let before = ciphertext.to_vec();
                assert!(key.open(iv, &aad, ciphertext).is_err(), "bit {bit}");
                assert_eq!(ciphertext, before, "bit {bit}: nothing of the plaintext comes out");
            }
        }
    }

    /// RFC 5297, A.1 and A.2. They are for keys of 256 bits, which nothing here uses: the same code, with AES-128.
    #[test]
    fn vectors_of_the_rfc() {
        let seal = |key: &str, aad: &[&str], plaintext: &str| {
            let key: [u8; 32] = hex(key).try_into().unwrap();
            let mut buffer = hex(plaintext);
            let aad = aad.iter().map(|piece| hex(piece));
            let iv = Aes128Siv::new((&key).into()).encrypt_inout_detached(aad, buffer.as_mut_slice().into()).unwrap();
            [iv.as_slice(), &buffer].concat()
        };
        let a1 = seal("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", VECTORS[0].1, VECTORS[0].2);
        assert_eq!(a1, hex("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"));
        let a2 = seal("7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f", VECTORS[1].1, VECTORS[1].2);
        assert_eq!(
            a2,
            hex(
                "7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d"
            )
        );
    }

    #[test]
    fn pieces_of_associated_data_do_not_run_together() {
        let key = SivKey::new(&[7; 64]);
        let iv = |aad: &[&[u8]]| key.seal(aad, &mut []).unwrap();
        assert_ne!(iv(&[b"ab"]), iv(&[b"a", b"b"]));
        assert_ne!(iv(&[b"ab", b""]), iv(&[b"ab"]));
        assert_ne!(iv(&[b"a", b"bc"]), iv(&[b"ab", b"c"]));
        assert_eq!(key.seal(&[b"".as_slice(); 127], &mut []), Err(CryptoError));
    }

    #[test]
    fn debug_is_redacted() {
        assert_eq!(format!("{:?}", SivKey::new(&[0xa5; 64])), "SivKey(redacted)");
    }
}
