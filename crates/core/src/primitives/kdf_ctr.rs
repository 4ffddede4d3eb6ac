//! The counter-mode KDF of NIST SP 800-108 with HMAC-SHA256.

use aws_lc_rs::kdf::{KbkdfCtrHmacAlgorithm, KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac};

use super::CryptoError;

/// Fills `out` with the key for `label` and `context`: one block of HMAC(key, `u32` 1 ‖ label ‖ 00 ‖ context ‖ `u32` 256).
pub(crate) fn derive(key: &[u8; 32], label: &[u8], context: &[u8], out: &mut [u8; 32]) -> Result<(), CryptoError> {
    let mut info = Vec::with_capacity(label.len() + context.len() + 5);
    info.extend_from_slice(label);
    info.push(0);
    info.extend_from_slice(context);
    info.extend_from_slice(&256_u32.to_be_bytes());
    Ok(kbkdf_ctr_hmac(algorithm()?, key, &info, out)?)
}

fn algorithm() -> Result<&'static KbkdfCtrHmacAlgorithm, CryptoError> {
    get_kbkdf_ctr_hmac_algorithm(KbkdfCtrHmacAlgorithmId::Sha256).ok_or(CryptoError)
}
