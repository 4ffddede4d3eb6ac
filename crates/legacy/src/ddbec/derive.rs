//! Both keys of an item from one secret: what providers do whose secret comes from a key service.

use super::{AesKey, Error, HmacKey, SignatureAlgorithm, crypto, names};

/// Bits of a key if its description names none.
const DEFAULT_BITS: usize = 256;
/// Bits of signing keys: upstream takes any, and one bit would be one as well.
const SIGNING_BITS: std::ops::RangeInclusive<usize> = 128..=1024;

/// An encryption key and a signing key that were derived from one secret with HKDF-SHA256.
#[derive(Clone, Debug)]
pub struct DerivedKeys {
    /// What attributes are encrypted with.
    pub encryption_key: AesKey,
    /// What the item is signed with.
    pub signing_key: HmacKey,
}

impl DerivedKeys {
    /// What providers ask for if nothing is said: [`names::CONTENT_ALGORITHM`].
    pub const CONTENT_ALGORITHM: &str = "AES/256";
    /// What providers ask for if nothing is said: [`names::SIGNATURE_ALGORITHM`].
    pub const SIGNATURE_ALGORITHM: &str = "HmacSHA256/256";

    /// From a secret, for these two algorithms: names of Java, and after a slash how many bits the keys have.
    ///
    /// # Errors
    /// [`Error::NotTaken`] for algorithms and lengths that there are not.
    ///
    /// ```
    /// # use dynaseal_legacy::ddbec::{DerivedKeys, Error};
    /// let keys = DerivedKeys::new(&[7; 32], DerivedKeys::CONTENT_ALGORITHM, DerivedKeys::SIGNATURE_ALGORITHM)?;
    /// assert_eq!(format!("{:?}", keys.encryption_key), "AesKey(256 bits, redacted)");
    /// assert!(matches!(DerivedKeys::new(&[7; 32], "DES/56", "HmacSHA256"), Err(Error::NotTaken { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new(secret: &[u8], content: &str, signature: &str) -> Result<Self, Error> {
        let (algorithm, bits) = split(content).ok_or_else(|| Error::not_taken(names::CONTENT_ALGORITHM, content))?;
        if algorithm != "AES" || ![128, 192, 256].contains(&bits) {
            return Err(Error::not_taken(names::CONTENT_ALGORITHM, content));
        }
        let encryption_key = AesKey::new(&crypto::hkdf(secret, b"Encryption", bits / 8)?)
            .map_err(|_| Error::not_taken(names::CONTENT_ALGORITHM, content))?;

        let (algorithm, bits) =
            split(signature).ok_or_else(|| Error::not_taken(names::SIGNATURE_ALGORITHM, signature))?;
        let Some(SignatureAlgorithm::Mac(mac)) =
            algorithm.parse().ok().filter(|_| SIGNING_BITS.contains(&bits) && bits.is_multiple_of(8))
        else {
            return Err(Error::not_taken(names::SIGNATURE_ALGORITHM, signature));
        };
        let signing_key = HmacKey::new(mac, &crypto::hkdf(secret, b"Signing", bits / 8)?)
            .map_err(|_| Error::not_taken(names::SIGNATURE_ALGORITHM, signature))?;
        Ok(Self { encryption_key, signing_key })
    }
}

/// An algorithm and bits.
fn split(description: &str) -> Option<(&str, usize)> {
    match description.split_once('/') {
        Some((algorithm, bits)) => {
            let is_number = !bits.starts_with('+');
            Some((algorithm, bits.parse().ok().filter(|_| is_number)?))
        }
        None => Some((description, DEFAULT_BITS)),
    }
}
