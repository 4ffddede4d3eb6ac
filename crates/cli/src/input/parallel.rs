//! Documents read, worked on by several threads, and given back in order, with a bound on how much is on its way.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use dynaseal::Item;

use super::document::{Document, Form};
use super::texts::Place;
use super::{InputError, MAX_LINE};
use crate::output::Failure;

/// What may be on its way from being read to being written: lines, and bytes of them. A longer line goes alone.
const MAX_LINES: usize = 4096;
const MAX_BYTES: usize = 2 * MAX_LINE;

/// What a thread takes at a time. Only what waits is taken: who writes one line gets an answer before the next one.
const BATCH_LINES: usize = 64;
const BATCH_BYTES: usize = 1024 * 1024;

/// Where the documents are and how they are read.
pub(crate) struct Input<'a> {
    /// Files and folders with exports; standard input if there are none.
    pub(crate) files: &'a [PathBuf],
    pub(crate) form: Form,
    pub(crate) threads: NonZeroUsize,
}

/// A document or why it is none.
pub(crate) type Read = Placed<Document>;

/// Something that was read or why it is none, with its place.
pub(crate) type Placed<D> = (Place, Result<D, InputError>);

/// Reads all documents, lets `work` make something of each on several threads, and calls `each` with that on this one, in
/// the order of the input. `work` gets several documents at a time and gives as many results.
pub(crate) fn documents<T: Send>(
    input: &Input<'_>,
    work: impl Fn(Vec<Read>) -> Vec<T> + Sync,
    each: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    in_parallel(input, |text| Document::parse(text, input.form), work, each)
}

/// The same of items alone.
pub(crate) fn items<T: Send>(
    input: &Input<'_>,
    work: impl Fn(Vec<Placed<Item>>) -> Vec<T> + Sync,
    each: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    in_parallel(input, super::item, work, each)
}

fn in_parallel<D, T: Send>(
    input: &Input<'_>,
    parse: impl Fn(&str) -> Result<D, InputError> + Sync,
    work: impl Fn(Vec<Placed<D>>) -> Vec<T> + Sync,
    each: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let queue = Queue::default();
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        // Whatever ends this, nobody waits for it.
        let _stop = OnDrop(|| queue.stop());
        let spawn = |name: &str| thread::Builder::new().name(name.to_owned());
        let reader = spawn("read").spawn_scoped(scope, || {
            let _end = OnDrop(|| queue.end());
            super::read_texts(input.files, |place, text| queue.push(Job::new(place, text)))
        })?;
        for _ in 0..input.threads.get() {
            let done = done.clone();
            let (queue, parse, work) = (&queue, &parse, &work);
            spawn("work").spawn_scoped(scope, move || {
                let _stop = OnDrop(|| stop_in_panic(queue));
                run_worker(queue, input.threads, parse, work, &done);
            })?;
        }
        drop(done);
        in_order(&queue, &results, each)?;
        match reader.join() {
            Ok(read) => Ok(read?),
            Err(panic) => resume_unwind(panic),
        }
    })
}

/// Without this worker, what waits for its results would wait forever.
fn stop_in_panic(queue: &Queue) {
    if thread::panicking() {
        queue.stop();
    }
}

/// A line on its way.
struct Job {
    place: Place,
    text: Result<String, InputError>,
}

impl Job {
    fn new(place: Place, text: Result<&str, InputError>) -> Self {
        Self { place, text: text.map(str::to_owned) }
    }

    fn size(&self) -> usize {
        self.text.as_ref().map_or(0, String::len)
    }

    fn parse<D>(self, parse: &impl Fn(&str) -> Result<D, InputError>) -> Placed<D> {
        let document = self.text.and_then(|text| parse(&text)).map_err(|error| error.at(&self.place));
        (self.place, document)
    }
}

/// What became of several jobs that stood one after the other.
struct Batch<T> {
    first: u64,
    lines: usize,
    bytes: usize,
    results: Vec<T>,
}

fn run_worker<D, T>(
    queue: &Queue,
    threads: NonZeroUsize,
    parse: &impl Fn(&str) -> Result<D, InputError>,
    work: &impl Fn(Vec<Placed<D>>) -> Vec<T>,
    done: &Sender<Batch<T>>,
) {
    while let Some((first, jobs)) = queue.take(threads) {
        let (lines, bytes) = (jobs.len(), jobs.iter().map(Job::size).sum());
        let results = work(jobs.into_iter().map(|job| job.parse(parse)).collect());
        if done.send(Batch { first, lines, bytes, results }).is_err() {
            break;
        }
    }
}

fn in_order<T>(
    queue: &Queue,
    results: &Receiver<Batch<T>>,
    mut each: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (mut waiting, mut next) = (BTreeMap::new(), 0);
    for batch in results {
        waiting.insert(batch.first, batch);
        while let Some(batch) = waiting.remove(&next) {
            next += u64::try_from(batch.lines).unwrap_or(u64::MAX);
            batch.results.into_iter().try_for_each(&mut each)?;
            queue.release(batch.lines, batch.bytes);
        }
    }
    Ok(())
}

/// Jobs that wait for a worker, in order, and how much is on its way in all.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    work: Condvar,
    room: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    /// The number of the first one that waits.
    next: u64,
    lines: usize,
    bytes: usize,
    /// No more will come.
    ended: bool,
    /// Nobody wants more.
    stopped: bool,
}

impl State {
    fn is_full_for(&self, size: usize) -> bool {
        self.lines > 0 && (self.lines >= MAX_LINES || self.bytes + size > MAX_BYTES)
    }

    /// A share of what waits, so that every thread gets some.
    fn share(&mut self, threads: NonZeroUsize) -> Vec<Job> {
        let most = (self.waiting.len() / threads).clamp(1, BATCH_LINES);
        let (mut jobs, mut bytes) = (Vec::with_capacity(most), 0);
        while jobs.len() < most
            && let Some(job) = self.waiting.pop_front_if(|job| jobs.is_empty() || bytes + job.size() <= BATCH_BYTES)
        {
            bytes += job.size();
            jobs.push(job);
        }
        jobs
    }
}

impl Queue {
    /// Waits for room.
    fn push(&self, job: Job) -> ControlFlow<()> {
        let size = job.size();
        let full = |state: &mut State| !state.stopped && state.is_full_for(size);
        let mut state = self.room.wait_while(self.state(), full).unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            return ControlFlow::Break(());
        }
        state.lines += 1;
        state.bytes += size;
        state.waiting.push_back(job);
        self.work.notify_one();
        ControlFlow::Continue(())
    }

    /// Waits for jobs and takes some, with the number of the first one; nothing at the end.
    fn take(&self, threads: NonZeroUsize) -> Option<(u64, Vec<Job>)> {
        let idle = |state: &mut State| !state.stopped && !state.ended && state.waiting.is_empty();
        let mut state = self.work.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
        if state.stopped || state.waiting.is_empty() {
            return None;
        }
        let first = state.next;
        let jobs = state.share(threads);
        state.next += u64::try_from(jobs.len()).unwrap_or(u64::MAX);
        Some((first, jobs))
    }

    fn release(&self, lines: usize, bytes: usize) {
        let mut state = self.state();
        state.lines -= lines;
        state.bytes -= bytes;
        self.room.notify_one();
    }

    fn end(&self) {
        self.state().ended = true;
        self.work.notify_all();
    }

    fn stop(&self) {
        self.state().stopped = true;
        self.work.notify_all();
        self.room.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
