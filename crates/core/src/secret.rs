//! Secrets. Each kind of key is its own type, so that none can stand where another is wanted; each wipes itself on
//! drop, is filled in place on the heap (moving it moves a pointer, not the key) and prints nothing of itself.

use std::fmt;

use zeroize::Zeroize;

/// Bytes of a key that have the wrong length for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {key} has {expected} bytes, not {found}")]
pub struct KeyLength {
    /// What the bytes were to become.
    pub key: &'static str,
    /// The right length, or the right lengths.
    pub expected: &'static str,
    /// The length of what was given.
    pub found: usize,
}

macro_rules! secret {
    ($($(#[$doc:meta])* $name:ident $words:literal;)*) => {$(
        $(#[$doc])*
        pub struct $name(Box<[u8; 32]>);

        impl $name {
            /// Copies a key from bytes; wiping those is the caller's.
            ///
            /// # Errors
            /// If there are not 32 of them.
            pub fn copy_from(bytes: &[u8]) -> Result<Self, KeyLength> {
                let mismatch = || KeyLength { key: $words, expected: "32", found: bytes.len() };
                let source: &[u8; 32] = bytes.try_into().map_err(|_| mismatch())?;
                let mut key = Self(Box::new([0; 32]));
                key.0.copy_from_slice(source);
                Ok(key)
            }

            /// A key whose bytes are written in place by `fill`.
            ///
            /// # Errors
            /// That of `fill`.
            pub fn fill_with<E>(fill: impl FnOnce(&mut [u8; 32]) -> Result<(), E>) -> Result<Self, E> {
                let mut key = Self(Box::new([0; 32]));
                fill(&mut key.0)?;
                Ok(key)
            }

            /// The same key once more. No `Clone`: every copy is a place to look at in a review.
            #[allow(dead_code, reason = "only some kinds of keys are ever kept twice")]
            pub(crate) fn duplicate(&self) -> Self {
                Self(self.0.clone())
            }

            /// The bytes. Every use of this word is a place to look at in a review.
            pub fn expose_secret(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.0.zeroize();
            }
        }

        impl zeroize::ZeroizeOnDrop for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )*};
}

secret! {
    /// The data key of one record: everything in it is derived from this.
    DataKey "data key";
    /// What a provider wraps: the data key and the recipient's tag key hang on it.
    IntermediateKey "intermediate key";
    /// Wraps the data key, derived from the intermediate key.
    KeyWrappingKey "key wrapping key";
    /// The symmetric signing key of one recipient, derived from the intermediate key.
    RecipientKey "recipient key";
    /// Commits the header to the data key.
    CommitKey "commitment key";
    /// The root from which the key of every sealed field comes.
    FieldRootKey "field root key";
    /// A version of a branch key: wraps the intermediate keys of many records.
    BranchKey "branch key";
    /// The key from which beacons are made.
    BeaconKey "beacon key";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_says_redacted_and_no_byte() {
        let bytes = [0xa5; 32];
        assert_eq!(format!("{:?}", DataKey::copy_from(&bytes).unwrap()), "DataKey(redacted)");
        assert_eq!(format!("{:?}", IntermediateKey::copy_from(&bytes).unwrap()), "IntermediateKey(redacted)");
        assert_eq!(format!("{:?}", KeyWrappingKey::copy_from(&bytes).unwrap()), "KeyWrappingKey(redacted)");
        assert_eq!(format!("{:?}", RecipientKey::copy_from(&bytes).unwrap()), "RecipientKey(redacted)");
        assert_eq!(format!("{:?}", CommitKey::copy_from(&bytes).unwrap()), "CommitKey(redacted)");
        assert_eq!(format!("{:?}", FieldRootKey::copy_from(&bytes).unwrap()), "FieldRootKey(redacted)");
        assert_eq!(format!("{:?}", BranchKey::copy_from(&bytes).unwrap()), "BranchKey(redacted)");
        assert_eq!(format!("{:?}", BeaconKey::copy_from(&bytes).unwrap()), "BeaconKey(redacted)");
    }

    #[test]
    fn only_the_right_length() {
        assert!(DataKey::copy_from(&[0; 31]).is_err());
        assert!(DataKey::copy_from(&[0; 33]).is_err());
        let error = BranchKey::copy_from(&[7; 16]).unwrap_err();
        assert_eq!(error.to_string(), "a branch key has 32 bytes, not 16");
    }
}
