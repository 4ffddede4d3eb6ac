//! Helpers for DynaSeal's own tests: vectors, random items, seeded randomness.

pub mod config;
pub mod random;
pub mod servers;
pub mod vectors;

use std::sync::Mutex;

use dynaseal_core::{CryptoError, SecureRandom};

/// Runs a future that is ready at once, as all futures of offline keyrings are.
///
/// # Panics
/// If it is not.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => unreachable!("this future waits for something"),
    }
}

/// Hands out given bytes, call by call, to reproduce a record.
#[derive(Debug)]
pub struct ScriptedRandom(Mutex<std::collections::VecDeque<Vec<u8>>>);

impl ScriptedRandom {
    /// Each call of `fill` takes one piece, which must have the length that is asked for.
    pub fn new(pieces: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(Mutex::new(pieces.into_iter().collect()))
    }

    /// Whether every piece was used.
    pub fn is_used_up(&self) -> bool {
        self.0.lock().is_ok_and(|pieces| pieces.is_empty())
    }
}

impl SecureRandom for ScriptedRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        let piece = self.0.lock().map_err(|_| CryptoError)?.pop_front().ok_or(CryptoError)?;
        if piece.len() != out.len() {
            return Err(CryptoError);
        }
        out.copy_from_slice(&piece);
        Ok(())
    }
}
