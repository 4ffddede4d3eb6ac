//! One operation goes through one door: a client may have the interceptor, and its operations may be sent sealed.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use dynaseal_ops::Tables;

thread_local! {
    /// The sealed tables of the operation that is just being sent and has been sealed by them already.
    static SEALED_BY: RefCell<Option<Arc<Tables>>> = const { RefCell::new(None) };
}

/// Sends an operation of which `tables` took care, so that an interceptor with the same tables lets it through.
///
/// The SDK calls the first hook of interceptors in the first poll, before it waits for anything, and the mark does not
/// outlive that poll. Should it ever call later, then the interceptor refuses what has been sealed already.
pub(crate) async fn send_marked<T>(tables: &Arc<Tables>, sending: impl Future<Output = T>) -> T {
    let mut sending = pin!(sending);
    let mut first = true;
    std::future::poll_fn(move |context| {
        if !std::mem::take(&mut first) {
            return sending.as_mut().poll(context);
        }
        let before = SEALED_BY.replace(Some(Arc::clone(tables)));
        // Back in any case, also if the poll panics.
        let _restore = Restore(before);
        sending.as_mut().poll(context)
    })
    .await
}

struct Restore(Option<Arc<Tables>>);

impl Drop for Restore {
    fn drop(&mut self) {
        SEALED_BY.set(self.0.take());
    }
}

/// Whether the operation that starts now has been sealed by these very tables. The answer is given once.
pub(crate) fn take_mark(tables: &Arc<Tables>) -> bool {
    SEALED_BY.with_borrow_mut(|by| by.take_if(|by| Arc::ptr_eq(by, tables)).is_some())
}
