//! SHA-384, HMAC and the comparison of their values.

use aws_lc_rs::{constant_time, digest, hmac};

use super::CryptoError;

/// Length of a SHA-384 hash and of an HMAC-SHA384 tag.
pub(crate) const SHA384: usize = 48;

/// SHA-384 of bytes that come in pieces.
pub(crate) struct Sha384(digest::Context);

impl Sha384 {
    pub(crate) fn new() -> Self {
        Self(digest::Context::new(&digest::SHA384))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> [u8; SHA384] {
        to_array(self.0.finish().as_ref())
    }
}

/// HMAC-SHA384.
pub(crate) fn hmac_sha384(key: &[u8; 32], message: &[u8]) -> [u8; SHA384] {
    to_array(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA384, key), message).as_ref())
}

/// A key of HMAC-SHA384 of any length, ready for many messages. The library wipes it on drop.
pub(crate) struct HmacSha384(hmac::Key);

impl HmacSha384 {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA384, key))
    }

    /// The first 8 bytes of the tag of a message that comes in two pieces, as a number.
    pub(crate) fn tag_prefix(&self, message: &[u8], end: &[u8]) -> u64 {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(message);
        context.update(end);
        u64::from_be_bytes(to_array(context.sign().as_ref()))
    }
}

/// The first 32 bytes of HMAC-SHA512.
pub(crate) fn hmac_sha512_256(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    to_array(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, key), message).as_ref())
}

/// Whether two tags are equal, in time that does not depend on where they differ.
pub(crate) fn tags_equal(a: &[u8], b: &[u8]) -> Result<(), CryptoError> {
    Ok(constant_time::verify_slices_are_equal(a, b)?)
}

fn to_array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    *bytes.first_chunk().expect("hashes are at least as long as their prefixes used here")
}
