//! The one place where synchronous code waits for a future.
//!
//! The SDK calls its hooks synchronously, inside of the poll of an operation, and sealing an item there may have to ask a
//! key server. [`wait`] polls the future on this very thread, so it needs neither `Send` nor `'static`, and one that is
//! ready at once costs a poll. If it is not, the thread blocks until the future is ready:
//!
//! - Sockets, timers and tasks that the future makes belong to a runtime of our own, started once in a process, with a
//!   thread of its own. The caller's runtime could not drive them: on a current-thread runtime it is what we block.
//! - On a worker of a multi-thread runtime, the other tasks of that worker move to another thread meanwhile. As with
//!   every `block_in_place`, that costs the runtime a thread of its blocking pool for each call that waits.
//!
//! # What still never ends
//!
//! On a current-thread runtime or in a `LocalSet`, whatever only that runtime can bring forward stands still while we wait
//! for it: a task that was spawned there (also with `spawn_local` by the future itself), a timer or a socket that was made
//! there before, a lock that such a task holds. Two cases to know:
//!
//! - A pooled connection: the task behind it lives on the runtime on which it was first used. The asynchronous door goes
//!   [`beside`] for that reason, but an application may use the same client of a key server for itself. So those clients
//!   have a time limit for every call; a limit that the future sets itself fires. And make the interceptor first: what
//!   was connected before it is not on the helper.
//! - Credentials that expire: the clients of one `SdkConfig` share the cache of their identity, and who fetches a new one
//!   holds it. It ends with the time limit of loading credentials (5 s).
//! - More than some 500 calls at once that wait inside of tasks on the helper itself, which nothing of ours does.
//! - `wait(sleep(..))` makes its timer before `wait` begins, so it is the caller's; `wait(async { sleep(..).await })` is not.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::task::coop::unconstrained;

/// Waits on this thread until `future` is ready.
///
/// # Errors
///
/// [`BridgeError`] if the helper thread is not there and can not be started; the next call tries again.
///
/// # Panics
///
/// When the future panics; its panic goes on to the caller.
pub(crate) fn wait<F: Future>(future: F) -> Result<F::Output, BridgeError> {
    let helper = helper()?.handle();
    // The budget of the caller's task may be used up. Then everything of tokio says "pending" until the task has gone
    // back to its scheduler, which it can not do before we return.
    let mut future = pin!(unconstrained(future));
    let alarm = Arc::new(Alarm::default());
    let waker = Waker::from(Arc::clone(&alarm));
    let mut poll = || {
        let _polling = Polling::begin();
        // For each poll and not around all of it: `block_in_place` below looks at the current handle, and has to move the
        // worker to a thread of the caller's runtime.
        let _entered = helper.enter();
        future.as_mut().poll(&mut Context::from_waker(&waker))
    };
    if let Poll::Ready(output) = poll() {
        return Ok(output);
    }
    if let Some(output) = hand_over(|| poll_until_ready(&mut poll, &alarm)) {
        return Ok(output);
    }
    Ok(poll_until_ready(&mut poll, &alarm))
}

/// Begins with a poll: inside of `block_in_place`, a wake that the first poll left to the scheduler may be lost.
fn poll_until_ready<T>(poll: &mut impl FnMut() -> Poll<T>, alarm: &Alarm) -> T {
    loop {
        if let Poll::Ready(output) = poll() {
            return output;
        }
        // `yield_now` leaves the wake to the scheduler of the thread it is on. If that is what we block, nobody will ever
        // wake us, so we look again by ourselves.
        let scheduler_blocked = tokio::runtime::worker_index().is_some();
        alarm.wait(scheduler_blocked.then_some(LOOK_AGAIN));
    }
}

/// Polls a future of the asynchronous door where [`wait`] would, if it is on a current-thread runtime and there is an
/// interceptor in this process.
///
/// Both doors share caches and clients of key servers. What one of them began on a current-thread runtime, a connection or
/// a fetch that others wait for, stands still while an interceptor blocks that runtime; on the helper it goes on.
pub(crate) async fn beside<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(move |context| {
        let blockable =
            || Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::CurrentThread);
        let helper = HELPER.get().filter(|_| blockable());
        // The current handle is not that of this thread then.
        let _polling = helper.map(|_| Polling::begin());
        let _entered = helper.map(|helper| helper.handle().enter());
        future.as_mut().poll(context)
    })
    .await
}

/// Starts the helper before it is needed, so that [`beside`] knows of it. If that fails, [`wait`] says so.
pub(crate) fn prepare() {
    let _ = helper();
}

/// Long against the cost of a poll, short against a call to a key server.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Runs `block` while another thread takes over the tasks of this worker. `None` if that is not possible here; `block` did
/// not run then.
fn hand_over<T>(block: impl FnOnce() -> T) -> Option<T> {
    if REFUSED.get() || !is_worker() {
        return None;
    }
    // One case can not be told from the outside: a task of a current-thread runtime that has entered the handle of a
    // multi-thread runtime. `block_in_place` refuses that with a panic, before it has done anything.
    let began = Cell::new(false);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        tokio::task::block_in_place(|| {
            began.set(true);
            block()
        })
    }));
    match outcome {
        Ok(output) => Some(output),
        Err(panic) if began.get() => resume_unwind(panic),
        Err(_refused) => {
            REFUSED.set(true);
            None
        }
    }
}

/// Whether this thread polls a task of a multi-thread runtime, as far as that can be known.
fn is_worker() -> bool {
    // Inside of another `wait`, the current handle is the helper's and says nothing about this thread.
    !POLLING.get()
        // No index: not on a worker, or on one whose tasks have already moved. The thread in `block_on` of a multi-thread
        // runtime is no worker either, with a `LocalSet` or without.
        && tokio::runtime::worker_index().is_some()
        // A current-thread runtime has an index too. Its `block_on` is no task; its tasks see a handle of its kind.
        && tokio::task::try_id().is_some()
        && Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread)
}

thread_local! {
    /// Whether this thread is polling a future of [`wait`] or [`beside`].
    static POLLING: Cell<bool> = const { Cell::new(false) };
    /// Whether `block_in_place` has panicked on this thread: once is enough for the log.
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// Sets [`POLLING`] until it is dropped, also by a panic.
struct Polling {
    before: bool,
}

impl Polling {
    fn begin() -> Self {
        Self { before: POLLING.replace(true) }
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        POLLING.set(self.before);
    }
}

/// Wakes one thread. Not `thread::park`: its token may belong to somebody else who blocks this thread.
#[derive(Default)]
struct Alarm {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Alarm {
    /// Returns when the alarm has rung, at once if it did since the last call, or after `limit`.
    fn wait(&self, limit: Option<Duration>) {
        let rung = self.lock();
        let mut rung = match limit {
            None => self.changed.wait_while(rung, |rung| !*rung).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                let waited = self.changed.wait_timeout_while(rung, limit, |rung| !*rung);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        *rung = false;
    }

    /// Nothing can panic while the lock is held, so it is never poisoned.
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.lock() = true;
        self.changed.notify_one();
    }
}

static HELPER: OnceLock<Runtime> = OnceLock::new();

/// The helper; started by the first call, and never stopped.
fn helper() -> Result<&'static Runtime, BridgeError> {
    static STARTING: Mutex<()> = Mutex::new(());

    if let Some(helper) = HELPER.get() {
        return Ok(helper);
    }
    // A failure is not kept: threads that are missing now may be there the next time.
    let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(helper) = HELPER.get() {
        return Ok(helper);
    }
    let helper = start().map_err(BridgeError)?;
    Ok(HELPER.get_or_init(|| helper))
}

fn start() -> io::Result<Runtime> {
    // Of the multi-thread kind although one thread is enough: a task that a future has spawned there may call `wait` itself,
    // and then the worker moves on. A current-thread runtime would wait for itself, and every other call with it.
    let build = || Builder::new_multi_thread().worker_threads(1).thread_name(HELPER_NAME).enable_all().build();
    // Tokio panics when the system gives it no thread; on a thread of its own, that is an error like any other.
    let starter = thread::Builder::new().name(HELPER_NAME.to_owned()).spawn(build)?;
    starter.join().unwrap_or_else(|_panic| Err(io::Error::other("the runtime could not start its thread")))
}

/// Linux shows 15 characters.
const HELPER_NAME: &str = "dynaseal-bridge";

/// The helper thread, which waits for key servers on behalf of synchronous code, could not be started.
#[derive(Debug, thiserror::Error)]
#[error(
    "the thread `{HELPER_NAME}` could not be started, nothing was sealed or opened; look at the limits of this process for threads and open files, then try again"
)]
pub(crate) struct BridgeError(#[source] io::Error);

#[cfg(test)]
mod tests;
