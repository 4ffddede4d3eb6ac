//! The counter-mode KDF of NIST SP 800-108 with HMAC.

use aws_lc_rs::kdf::{KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac};

use super::CryptoError;

/// The hash under the HMAC.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Prf {
    HmacSha256,
    HmacSha384,
}

/// Fills `out` with blocks of HMAC(key, `u32` block, from 1 ‖ label ‖ 00 ‖ context ‖ `u32` bits of `out`).
pub(crate) fn derive<const N: usize>(
    prf: Prf,
    key: &[u8],
    label: &[u8],
    context: &[u8],
    out: &mut [u8; N],
) -> Result<(), CryptoError> {
    let bits = u32::try_from(N * 8).map_err(|_| CryptoError)?;
    let mut info = Vec::with_capacity(label.len() + context.len() + 5);
    info.extend_from_slice(label);
    info.push(0);
    info.extend_from_slice(context);
    info.extend_from_slice(&bits.to_be_bytes());
    let id = match prf {
        Prf::HmacSha256 => KbkdfCtrHmacAlgorithmId::Sha256,
        Prf::HmacSha384 => KbkdfCtrHmacAlgorithmId::Sha384,
    };
    let algorithm = get_kbkdf_ctr_hmac_algorithm(id).ok_or(CryptoError)?;
    Ok(kbkdf_ctr_hmac(algorithm, key, &info, out)?)
}
