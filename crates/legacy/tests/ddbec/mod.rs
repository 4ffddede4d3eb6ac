//! What the tests of the older format share.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// The result of a future that waits for nobody.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits for somebody"),
    }
}
