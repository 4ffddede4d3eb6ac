//! Keys in PEM: X.509 `SubjectPublicKeyInfo` and unencrypted PKCS #8, as OpenSSL 3 writes them.

use zeroize::Zeroizing;

/// A key that can not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFormatError {
    /// The text is no PEM.
    #[error("this is no PEM: {0}")]
    Pem(String),
    /// It is another kind of PEM.
    #[error("a PEM with `BEGIN {expected}` is needed{}", hint(expected))]
    Label {
        /// The label that is needed.
        expected: &'static str,
    },
    /// The library does not take the key.
    #[error("this is no {0}")]
    Rejected(&'static str),
}

fn hint(expected: &str) -> &'static str {
    match expected {
        PRIVATE => " (PKCS #8, unencrypted): convert the key with `openssl pkcs8 -topk8 -nocrypt`",
        _ => " (X.509): get it from the private key with `openssl pkey -pubout`",
    }
}

pub(crate) const PUBLIC: &str = "PUBLIC KEY";
pub(crate) const PRIVATE: &str = "PRIVATE KEY";

/// The DER inside of a PEM of this label. The text of other labels is not decoded, and nothing of it is in the error.
pub(crate) fn decode(pem: &[u8], expected: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyFormatError> {
    let failed = |error: pem_rfc7468::Error| KeyFormatError::Pem(error.to_string());
    let label = pem_rfc7468::decode_label(pem).map_err(failed)?;
    if label != expected {
        return Err(KeyFormatError::Label { expected });
    }
    let (_, der) = pem_rfc7468::decode_vec(pem).map_err(failed)?;
    Ok(Zeroizing::new(der))
}
