//! One operation goes through one door: a client may have the interceptor, and its operations may be sent sealed.

use std::cell::Cell;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use dynaseal_ops::Tables;

/// Where a part of a request lies in memory that the SDK moves on its way to the interceptors and does not copy.
///
/// As long as the request lives, nothing else lies there: that tells it from every other, also from one that another
/// interceptor sends meanwhile. `None` if the part is not there or empty.
pub(crate) trait Place {
    fn place(&self) -> Option<usize>;
}

impl Place for Option<String> {
    fn place(&self) -> Option<usize> {
        self.as_deref().filter(|text| !text.is_empty()).map(|text| text.as_ptr().addr())
    }
}

impl<T> Place for Option<Vec<T>> {
    fn place(&self) -> Option<usize> {
        self.as_deref().filter(|list| !list.is_empty()).map(|list| list.as_ptr().addr())
    }
}

impl<T> Place for Option<HashMap<String, T>> {
    /// That of its first name: the order of a map does not change when it is moved.
    fn place(&self) -> Option<usize> {
        self.iter()
            .flatten()
            .map(|(name, _)| name)
            .next()
            .filter(|name| !name.is_empty())
            .map(|name| name.as_ptr().addr())
    }
}

/// Says of one request that these tables took care of it, so that an interceptor with the same tables lets it through.
/// One with other tables does not.
///
/// It is there until an interceptor asks for it, while the sending of that request is polled for the first time. An
/// interceptor of that operation alone would carry it as well, but the SDK puts its whole configuration together anew for that, which
/// takes longer than everything else in the door. Were the mark ever missed, what is sealed would come to be sealed
/// again, and that is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    tables: usize,
    request: usize,
}

thread_local! {
    static SENDING: Cell<Option<Mark>> = const { Cell::new(None) };
}

impl Mark {
    fn new(tables: &Arc<Tables>, request: usize) -> Self {
        Self { tables: Arc::as_ptr(tables).addr(), request }
    }
}

/// Sends a request that `tables` took care of, past their interceptor.
pub(crate) async fn past_interceptor<F: Future>(tables: &Arc<Tables>, request: Option<usize>, sending: F) -> F::Output {
    let mut mark = request.map(|request| Mark::new(tables, request));
    let mut sending = pin!(sending);
    poll_fn(|context| {
        // The SDK comes to its interceptors in the first poll, while the request is there. Later it is gone, and something
        // else may lie in its place.
        let _sending = mark.take().map(|mark| Sending { before: SENDING.replace(Some(mark)) });
        sending.as_mut().poll(context)
    })
    .await
}

/// Whether these very tables took care of the request that is being sent on this thread. That is said once.
pub(crate) fn is_past(tables: &Arc<Tables>, request: Option<usize>) -> bool {
    let is_past = request.is_some_and(|request| SENDING.get() == Some(Mark::new(tables, request)));
    if is_past {
        SENDING.set(None);
    }
    is_past
}

/// Until the end of a poll, also where it panics.
struct Sending {
    before: Option<Mark>,
}

impl Drop for Sending {
    fn drop(&mut self) {
        SENDING.set(self.before);
    }
}
