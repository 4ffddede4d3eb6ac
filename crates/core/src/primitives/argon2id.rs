//! Argon2id (RFC 9106), version 0x13.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use super::CryptoError;

/// What Argon2id costs. The caller has checked that the costs are sane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Costs {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

/// Fills `out` from a passphrase.
///
/// # Errors
/// If the memory is not there, or the library refuses the costs or the salt.
pub(crate) fn derive(passphrase: &[u8], salt: &[u8], costs: Costs, out: &mut [u8; 32]) -> Result<(), CryptoError> {
    let params = Params::new(costs.memory_kib, costs.passes, costs.lanes, Some(out.len())).map_err(|_| CryptoError)?;
    // Its own memory, because the library does not wipe the memory that it would take.
    let mut memory = Zeroizing::new(Vec::new());
    let blocks = params.block_count();
    memory.try_reserve_exact(blocks).map_err(|_| CryptoError)?;
    memory.resize(blocks, Block::default());
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(passphrase, salt, out, memory.as_mut_slice())
        .map_err(|_| CryptoError)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Argon2id of OpenSSL 3.5, through Python's `cryptography`.
    #[test]
    fn known_answers() {
        for (memory_kib, passes, lanes, expected) in EXPECTED {
            let mut out = [0; 32];
            derive(b"correct horse", b"0123456789abcdef", Costs { memory_kib, passes, lanes }, &mut out).unwrap();
            assert_eq!(out.to_vec(), dynaseal_testkit::config::hex(expected), "{memory_kib} {passes} {lanes}");
        }
    }
    const EXPECTED: [(u32, u32, u32, &str); 3] = [
        (64, 2, 1, "74fb6b1d311ac0bb4c891f7efd79680245d9f84b72ad8f9bbe61c86e2b9f864d"),
        (1024, 3, 4, "8b98585ada6f12f73c4a46b1dc549fb7e19d75762349343a5ee34712157ea3c7"),
        (19_456, 2, 1, "ae4d8c8b713876044c8347c76986a9b5655944aaacfffe9bea4dff9e7b6a1899"),
    ];
}
