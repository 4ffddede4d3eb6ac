//! The algorithm suites of DB-ESDK, as static data.

use std::fmt;
use std::str::FromStr;

/// What protects a record. Both suites encrypt with AES-256-GCM, derive keys with HKDF-SHA512, commit to the data key
/// and authenticate with one HMAC-SHA384 per recipient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AlgorithmSuite {
    /// 0x6700: HMAC only. Everybody who can read a record can also write one.
    HmacOnly,
    /// 0x6701: also an ECDSA P-384 signature with a key made for the record, so that a reader can not pass for a writer
    /// to those who only hold the public key. The default of DB-ESDK.
    #[default]
    EcdsaP384,
}

impl AlgorithmSuite {
    /// All suites, for lists and tests.
    pub const ALL: [Self; 2] = [Self::HmacOnly, Self::EcdsaP384];

    /// The suite's number in the specification.
    pub fn id(self) -> u16 {
        0x6700 | u16::from(self.flavor())
    }

    /// The name DB-ESDK gives it in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::HmacOnly => "ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384",
            Self::EcdsaP384 => "ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384_SYMSIG_HMAC_SHA384",
        }
    }

    /// Whether records carry a signature.
    pub fn is_signed(self) -> bool {
        self == Self::EcdsaP384
    }

    /// The second byte of a header.
    pub(crate) fn flavor(self) -> u8 {
        match self {
            Self::HmacOnly => 0,
            Self::EcdsaP384 => 1,
        }
    }

    pub(crate) fn from_flavor(flavor: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.flavor() == flavor)
    }

    /// The short name of table.toml.
    fn short_name(self) -> &'static str {
        match self {
            Self::HmacOnly => "hmac-only",
            Self::EcdsaP384 => "ecdsa-p384",
        }
    }
}

impl fmt::Display for AlgorithmSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short_name())
    }
}

/// A name that is no algorithm suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an algorithm suite: use \"ecdsa-p384\", \"hmac-only\" or a name of DB-ESDK (ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_…)"
)]
pub struct UnknownSuite;

impl FromStr for AlgorithmSuite {
    type Err = UnknownSuite;

    fn from_str(text: &str) -> Result<Self, UnknownSuite> {
        Self::ALL.into_iter().find(|suite| text == suite.short_name() || text == suite.name()).ok_or(UnknownSuite)
    }
}

/// The version of a record: 2 exactly if an attribute is signed and included in the encryption context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The context holds the key attributes, in Base64.
    V1,
    /// The context holds all attributes with the action `SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT`, as text where they are text.
    V2,
}

impl Version {
    /// The first byte of a header.
    pub fn number(self) -> u8 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        [Self::V1, Self::V2].into_iter().find(|version| version.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for suite in AlgorithmSuite::ALL {
            assert_eq!(suite.name().parse(), Ok(suite));
            assert_eq!(suite.to_string().parse(), Ok(suite));
            assert_eq!(AlgorithmSuite::from_flavor(suite.flavor()), Some(suite));
        }
        assert_eq!("ecdsa".parse::<AlgorithmSuite>(), Err(UnknownSuite));
        assert_eq!(AlgorithmSuite::EcdsaP384.id(), 0x6701);
    }

    #[test]
    fn unknown_numbers_are_refused() {
        assert!((2..=255).all(|flavor| AlgorithmSuite::from_flavor(flavor).is_none()));
        assert!([0, 3, 255].into_iter().all(|number| Version::from_number(number).is_none()));
    }
}
