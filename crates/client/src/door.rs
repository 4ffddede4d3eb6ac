//! A request is sealed once: a client may have interceptors, several of them, and its operations may be sent sealed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use dynaseal_ops::{Tables, short_name};

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
    /// That of its first name that is not empty: the order of a map does not change when it is moved.
    fn place(&self) -> Option<usize> {
        let mut names = self.iter().flatten().map(|(name, _)| name);
        names.find(|name| !name.is_empty()).map(|name| name.as_ptr().addr())
    }
}

/// Who took care of a request before it comes to an interceptor.
#[derive(Clone, Debug)]
pub(crate) enum SealedBy {
    /// One sealer, for all the tables that it knows.
    Sealer(Arc<Tables>),
    /// A sealer of its own for each entry of a transaction: the entry's table by short name, and the sealer's tables.
    Entries(Arc<[(String, Arc<Tables>)]>),
}

impl SealedBy {
    /// Those that answer for the requests of a table; none if nobody has sealed anything of it.
    fn claimants(&self, name: &str) -> Vec<&Arc<Tables>> {
        let all: Vec<&Arc<Tables>> = match self {
            Self::Sealer(tables) => vec![tables],
            Self::Entries(entries) => {
                let of_table = entries.iter().filter(|(table, _)| table == short_name(name));
                of_table.map(|(_, tables)| tables).collect()
            }
        };
        // Where one entry of a table was sealed and another was not, nobody can answer for all of them.
        if all.iter().any(|tables| tables.claims(name)) { all } else { Vec::new() }
    }
}

/// What an interceptor is to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nobody has sealed anything of its tables.
    Own,
    /// It was sealed by the same sealer.
    Done,
    /// A table of this name was sealed by another sealer, or not all of the interceptor's tables were sealed.
    Foreign(String),
}

/// Decides whether a request that names these tables is left to an interceptor with `own` tables, after `before`.
///
/// To seal again what is sealed would make it unreadable, and a query would look for the hash of a hash. Not to seal what
/// another sealer only seems to have sealed would be plaintext. So both have to be the very same sealer.
pub(crate) fn turn(own: &Arc<Tables>, names: &[&str], before: &[&SealedBy]) -> Turn {
    let mut unsealed = None;
    let mut is_any_sealed = false;
    for name in names.iter().copied().filter(|name| own.claims(name)) {
        let claimants: Vec<_> = before.iter().flat_map(|by| by.claimants(name)).collect();
        if !claimants.iter().all(|tables| Arc::ptr_eq(tables, own)) {
            return Turn::Foreign(short_name(name).to_owned());
        }
        match claimants.is_empty() {
            true => unsealed = Some(name),
            false => is_any_sealed = true,
        }
    }
    match (is_any_sealed, unsealed) {
        (false, _) => Turn::Own,
        (true, None) => Turn::Done,
        (true, Some(name)) => Turn::Foreign(short_name(name).to_owned()),
    }
}

/// Says of one request that it is sealed.
///
/// It is there until an interceptor takes it, while the sending of that request is polled for the first time. An
/// interceptor of that operation alone would carry it as well, but the SDK puts its whole configuration together anew for
/// that, which takes longer than everything else in this crate.
struct Mark {
    by: SealedBy,
    request: usize,
}

thread_local! {
    static SENDING: RefCell<Option<Mark>> = const { RefCell::new(None) };
}

/// Sends a request that is sealed.
pub(crate) async fn past_interceptor<F: Future>(by: SealedBy, request: Option<usize>, sending: F) -> F::Output {
    let mut mark = request.map(|request| Mark { by, request });
    let mut sending = pin!(sending);
    poll_fn(|context| {
        // The SDK comes to its interceptors in the first poll, while the request is there. Later it is gone, and something
        // else may lie in its place.
        let _sending = mark.take().map(|mark| Sending { before: SENDING.replace(Some(mark)) });
        sending.as_mut().poll(context)
    })
    .await
}

/// Takes the mark of the request that is being sent on this thread: who has sealed it. The first interceptor that asks gets it
/// and keeps it for the others.
pub(crate) fn take_mark(request: Option<usize>) -> Option<SealedBy> {
    let request = request?;
    let is_of_request = |mark: &mut Mark| mark.request == request;
    SENDING.with_borrow_mut(|mark| mark.take_if(is_of_request)).map(|mark| mark.by)
}

/// Until the end of a poll, also where it panics.
struct Sending {
    before: Option<Mark>,
}

impl Drop for Sending {
    fn drop(&mut self) {
        SENDING.set(self.before.take());
    }
}

#[cfg(test)]
mod tests {
    use dynaseal_testkit::block_on;

    use super::*;

    /// A client may have no interceptor, and something else lies in the place of a request that is gone: whatever is sent next
    /// from there is not sealed.
    #[test]
    fn a_mark_is_gone_with_its_request() {
        let by = || SealedBy::Sealer(Arc::new(Tables::default()));
        let (place, other) = (Some(7), Some(8));
        let untaken = past_interceptor(by(), place, async { take_mark(other).is_some() || take_mark(None).is_some() });
        assert!(!block_on(untaken));
        assert!(take_mark(place).is_none());
        let taken = past_interceptor(by(), place, async { (take_mark(place).is_some(), take_mark(place).is_some()) });
        assert_eq!(block_on(taken), (true, false));
    }

    /// What is sent in the middle of another request takes nothing of it away.
    #[test]
    fn a_mark_is_there_again_after_a_request_in_between() {
        let by = || SealedBy::Sealer(Arc::new(Tables::default()));
        let (outer, inner) = (Some(7), Some(8));
        let sent = past_interceptor(by(), outer, async {
            past_interceptor(by(), inner, async {}).await;
            (take_mark(inner).is_some(), take_mark(outer).is_some())
        });
        assert_eq!(block_on(sent), (false, true));
    }
}
