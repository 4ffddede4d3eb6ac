//! The calls of the cryptographic library.

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptingKey, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::digest;
use dynaseal_core::CryptoError;

/// The length of a block.
pub(super) const BLOCK: usize = 16;
/// The length of a nonce: the other half of a counter block counts.
pub(super) const NONCE: usize = 8;

/// SHA-256. The library's own copy of the hash is small, on the stack, and not ours to wipe.
pub(super) fn sha256(message: &[u8], out: &mut [u8; 32]) {
    out.copy_from_slice(digest::digest(&digest::SHA256, message).as_ref());
}

/// Pads and encrypts in place.
pub(super) fn ecb_seal(key: &[u8; 32], in_out: &mut Vec<u8>) -> Result<(), CryptoError> {
    PaddedBlockEncryptingKey::ecb_pkcs7(UnboundCipherKey::new(&AES_256, key)?)?.encrypt(in_out)?;
    Ok(())
}

/// Decrypts in place and gives the length without the padding, or `None` if that is wrong. All of its bytes have to be
/// right, as Python wants it.
pub(super) fn ecb_open(key: &[u8; 32], in_out: &mut [u8]) -> Result<Option<usize>, CryptoError> {
    let key = PaddedBlockDecryptingKey::ecb_pkcs7(UnboundCipherKey::new(&AES_256, key)?)?;
    Ok(key.decrypt(in_out, DecryptionContext::None).ok().map(|plaintext| plaintext.len()))
}

/// Encrypts or decrypts in place, which is the same: the counter begins at 0.
pub(super) fn ctr(key: &[u8; 32], nonce: [u8; NONCE], in_out: &mut [u8]) -> Result<(), CryptoError> {
    let key = EncryptingKey::ctr(UnboundCipherKey::new(&AES_256, key)?)?;
    let mut block = [0; BLOCK];
    for (byte, of_nonce) in block.iter_mut().zip(nonce) {
        *byte = of_nonce;
    }
    key.less_safe_encrypt(in_out, EncryptionContext::Iv128(block.into()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "a test stops where it fails")]

    use super::*;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
    }

    /// NIST SP 800-38A, F.1.5: AES-256 in the mode ECB.
    const NIST_KEY: &str = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
    const NIST_PLAINTEXT: &str = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51";
    const NIST_CIPHERTEXT: &str = "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870";

    #[test]
    fn ecb_is_that_of_the_standard_and_a_block_of_padding() {
        let key = hex(NIST_KEY);
        let mut bytes = hex::<32>(NIST_PLAINTEXT).to_vec();
        ecb_seal(&key, &mut bytes).unwrap();
        assert_eq!(bytes[..32], hex::<32>(NIST_CIPHERTEXT));
        assert_eq!(bytes.len(), 48);
        assert_eq!(ecb_open(&key, &mut bytes), Ok(Some(32)));
        assert_eq!(bytes[..32], hex::<32>(NIST_PLAINTEXT));
        assert_eq!(bytes[32..], [16; 16]);
    }

    #[test]
    fn sha256_is_that_of_the_standard() {
        let mut hash = [0; 32];
        sha256(b"abc", &mut hash);
        assert_eq!(hash, hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    }

    #[test]
    fn the_keystream_is_nonce_and_counter_in_ecb() {
        let (key, nonce) = (hex(NIST_KEY), [1, 2, 3, 4, 5, 6, 7, 0xff]);
        let mut stream = vec![0; 16 * 300 + 5];
        ctr(&key, nonce, &mut stream).unwrap();
        for (counter, block) in (0_u64..).zip(stream.chunks(16)) {
            let mut expected = [nonce, counter.to_be_bytes()].concat();
            ecb_seal(&key, &mut expected).unwrap();
            assert_eq!(*block, expected[..block.len()]);
        }
    }

    /// The paddings that open, out of all that differ from a right one in one byte, and all right ones.
    #[test]
    fn every_byte_of_the_padding_counts() {
        let key = hex(NIST_KEY);
        // Blocks without padding, encrypted: one block more is cut off again.
        let open = |blocks: &[u8]| {
            let mut bytes = blocks.to_vec();
            ecb_seal(&key, &mut bytes).unwrap();
            bytes.truncate(blocks.len());
            ecb_open(&key, &mut bytes).unwrap()
        };
        for padding in 1..=16_u8 {
            let mut block = [0xee; 32];
            let start = 32 - usize::from(padding);
            block[start..].fill(padding);
            assert_eq!(open(&block), Some(start));
            for at in start..32 {
                for bit in 0..8 {
                    let mut changed = block;
                    changed[at] ^= 1 << bit;
                    // The last byte alone may say that the padding is itself.
                    let alone = at == 31 && changed[31] == 1;
                    assert_eq!(open(&changed), alone.then_some(31));
                }
            }
        }
        for wrong in (17..=255).chain([0]) {
            assert_eq!(open(&[wrong; 32]), None);
        }
    }
}
