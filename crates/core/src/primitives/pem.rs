//! Keys in PEM: X.509 `SubjectPublicKeyInfo` and unencrypted PKCS #8, as OpenSSL 3 writes them.

use pem_rfc7468::LineEnding;
use zeroize::Zeroizing;

use super::CryptoError;

/// A key that can not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFormatError {
    /// The text is no PEM.
    #[error(
        "this is no PEM with one key ({0}): convert DER with `openssl pkey -inform DER`, and leave parameters out with `-noout`"
    )]
    Pem(String),
    /// It is another kind of PEM.
    #[error("a PEM with `BEGIN {expected}` is needed, and this is `BEGIN {found}`{}", hint(expected, found))]
    Label {
        /// The label that is needed.
        expected: &'static str,
        /// The label that is there.
        found: String,
    },
    /// The library does not take the key.
    #[error("this is no {0}")]
    Rejected(&'static str),
}

fn hint(expected: &str, found: &str) -> &'static str {
    match (expected, found) {
        (PRIVATE, found) if found.ends_with(PRIVATE) => ": convert it with `openssl pkcs8 -topk8 -nocrypt`",
        (PUBLIC, found) if found.ends_with(PRIVATE) => ": get it from that with `openssl pkey -pubout`",
        (PUBLIC, "CERTIFICATE") => ": get it from that with `openssl x509 -pubkey -noout`",
        _ => "",
    }
}

pub(crate) const PUBLIC: &str = "PUBLIC KEY";
pub(crate) const PRIVATE: &str = "PRIVATE KEY";

/// The DER inside of a PEM of this label. The text of other labels is not decoded, and nothing of it is in the error.
pub(crate) fn decode(pem: &[u8], expected: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyFormatError> {
    let failed = |error: pem_rfc7468::Error| KeyFormatError::Pem(error.to_string());
    let label = pem_rfc7468::decode_label(pem).map_err(failed)?;
    if label != expected {
        let found = label.chars().take(40).filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
        return Err(KeyFormatError::Label { expected, found });
    }
    let (_, der) = pem_rfc7468::decode_vec(pem).map_err(failed)?;
    Ok(Zeroizing::new(der))
}

/// The PEM of this label around DER, in lines of 64 characters, each with a line break.
pub(crate) fn encode(label: &'static str, der: &[u8]) -> Result<Zeroizing<String>, CryptoError> {
    pem_rfc7468::encode_string(label, LineEnding::LF, der).map(Zeroizing::new).map_err(|_| CryptoError)
}
