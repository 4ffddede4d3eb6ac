//! AES-256-GCM-SIV (RFC 8452): a nonce that comes twice shows only whether the message came twice.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};

use super::CryptoError;

pub(crate) const NONCE: usize = 12;
pub(crate) const TAG: usize = 16;

/// An expanded AES-256-GCM-SIV key. The library wipes it when it is freed.
pub(crate) struct GcmSivKey(LessSafeKey);

impl GcmSivKey {
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, CryptoError> {
        Ok(Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, key)?)))
    }

    /// Encrypts in place and gives the tag.
    pub(crate) fn seal(&self, nonce: [u8; NONCE], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG], CryptoError> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), in_out)?;
        tag.as_ref().try_into().map_err(|_| CryptoError)
    }

    /// Decrypts `ciphertext ‖ tag` in place and gives the plaintext.
    pub(crate) fn open<'a>(
        &self,
        nonce: [u8; NONCE],
        aad: &[u8],
        in_out: &'a mut [u8],
    ) -> Result<&'a mut [u8], CryptoError> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        Ok(self.0.open_in_place(nonce, Aad::from(aad), in_out)?)
    }
}

impl std::fmt::Debug for GcmSivKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GcmSivKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use dynaseal_testkit::config::hex;

    use super::*;

    /// RFC 8452, C.2 and C.3 (the counter wraps): key, nonce, associated data, plaintext, ciphertext and tag.
    const VECTORS: [(&str, &str, &str, &str, &str); 9] = [
        (
            "0100000000000000000000000000000000000000000000000000000000000000",
            "030000000000000000000000",
            "",
            "",
            "07f5f4169bbf55a8400cd47ea6fd400f",
        ),
        (
            "0100000000000000000000000000000000000000000000000000000000000000",
            "030000000000000000000000",
            "",
            "0100000000000000",
            "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28",
        ),
        (
            "0100000000000000000000000000000000000000000000000000000000000000",
            "030000000000000000000000",
            "",
            "010000000000000000000000000000000200000000000000000000000000000003000000000000000000000000000000",
            "c00d121893a9fa603f48ccc1ca3c57ce7499245ea0046db16c53c7c66fe717e39cf6c748837b61f6ee3adcee17534ed5790bc96880a99ba804bd12c0e6a22cc4",
        ),
        (
            "0100000000000000000000000000000000000000000000000000000000000000",
            "030000000000000000000000",
            "01",
            "0200000000000000",
            "1de22967237a813291213f267e3b452f02d01ae33e4ec854",
        ),
        (
            "0100000000000000000000000000000000000000000000000000000000000000",
            "030000000000000000000000",
            "010000000000000000000000000000000200",
            "0300000000000000000000000000000004000000",
            "43dd0163cdb48f9fe3212bf61b201976067f342bb879ad976d8242acc188ab59cabfe307",
        ),
        (
            "0100000000000000000000000000000000000000000000000000000000000000",
            "030000000000000000000000",
            "0100000000000000000000000000000002000000",
            "030000000000000000000000000000000400",
            "462401724b5ce6588d5a54aae5375513a075cfcdf5042112aa29685c912fc2056543",
        ),
        (
            "3c535de192eaed3822a2fbbe2ca9dfc88255e14a661b8aa82cc54236093bbc23",
            "688089e55540db1872504e1c",
            "734320ccc9d9bbbb19cb81b2af4ecbc3e72834321f7aa0f70b7282b4f33df23f167541",
            "ced532ce4159b035277d4dfbb7db62968b13cd4eec",
            "626660c26ea6612fb17ad91e8e767639edd6c9faee9d6c7029675b89eaf4ba1ded1a286594",
        ),
        (
            "0000000000000000000000000000000000000000000000000000000000000000",
            "000000000000000000000000",
            "",
            "000000000000000000000000000000004db923dc793ee6497c76dcc03a98e108",
            "f3f80f2cf0cb2dd9c5984fcda908456cc537703b5ba70324a6793a7bf218d3eaffffffff000000000000000000000000",
        ),
        (
            "0000000000000000000000000000000000000000000000000000000000000000",
            "000000000000000000000000",
            "",
            "eb3640277c7ffd1303c7a542d02d3e4c0000000000000000",
            "18ce4f0b8cb4d0cac65fea8f79257b20888e53e72299e56dffffffff000000000000000000000000",
        ),
    ];

    #[test]
    fn vectors_of_the_rfc() {
        for (key, nonce, aad, plaintext, sealed) in VECTORS {
            let key = GcmSivKey::new(&hex(key).try_into().unwrap()).unwrap();
            let (nonce, aad, sealed) = (hex(nonce).try_into().unwrap(), hex(aad), hex(sealed));
            let mut buffer = hex(plaintext);
            let tag = key.seal(nonce, &aad, &mut buffer).unwrap();
            buffer.extend(tag);
            assert_eq!(buffer, sealed);
            assert_eq!(key.open(nonce, &aad, &mut buffer).unwrap(), hex(plaintext));
            assert!(key.open(nonce, b"other", &mut sealed.clone()).is_err());
            for bit in 0..sealed.len() * 8 {
                let mut flipped = sealed.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(key.open(nonce, &aad, &mut flipped).is_err(), "bit {bit}");
            }
        }
    }

    #[test]
    fn debug_is_redacted() {
        assert_eq!(format!("{:?}", GcmSivKey::new(&[0xa5; 32]).unwrap()), "GcmSivKey(redacted)");
    }
}
