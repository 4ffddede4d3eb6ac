//! Keyrings that are slow, or that count.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dynaseal_core::{BoxFuture, Keyring, MaterialsError, RawAesKeyring, UnwrapRequest, UnwrappedKeys, WrapRequest};

/// Counts its calls and takes its time, as one behind a network does.
#[derive(Clone, Debug)]
pub(crate) struct Slow {
    keyring: Arc<RawAesKeyring>,
    time: Duration,
    wrapped: Arc<AtomicUsize>,
    unwrapped: Arc<AtomicUsize>,
}

impl Slow {
    pub(crate) fn new(byte: u8, time: Duration) -> Self {
        Self { keyring: Arc::new(super::aes(byte)), time, wrapped: Arc::default(), unwrapped: Arc::default() }
    }

    /// How many items were sealed.
    pub(crate) fn wrapped(&self) -> usize {
        self.wrapped.load(Ordering::SeqCst)
    }

    /// How many items were opened.
    pub(crate) fn unwrapped(&self) -> usize {
        self.unwrapped.load(Ordering::SeqCst)
    }

    async fn wait(&self) {
        if !self.time.is_zero() {
            tokio::time::sleep(self.time).await;
        }
    }
}

impl Keyring for Slow {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        Box::pin(async move {
            self.wrapped.fetch_add(1, Ordering::SeqCst);
            self.wait().await;
            self.keyring.on_encrypt(request).await
        })
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        Box::pin(async move {
            self.unwrapped.fetch_add(1, Ordering::SeqCst);
            self.wait().await;
            self.keyring.on_decrypt(request).await
        })
    }

    fn describe(&self) -> String {
        self.keyring.describe()
    }
}
