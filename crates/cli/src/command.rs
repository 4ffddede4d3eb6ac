//! The commands, one file each.

pub(crate) mod about;
pub(crate) mod attribute;
pub(crate) mod beacons;
mod change;
pub(crate) mod config;
pub(crate) mod delete;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod get;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod keygen;
pub(crate) mod keyring;
pub(crate) mod keystore;
pub(crate) mod migrate;
mod nothing;
pub(crate) mod open;
mod pages;
pub(crate) mod put;
pub(crate) mod query;
pub(crate) mod scan;
pub(crate) mod seal;
mod so_far;
pub(crate) mod table;
pub(crate) mod update;
pub(crate) mod verify;

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use dynaseal::Item;

use crate::input;
use crate::output::{Failure, Output, complain, note, outcome};

/// Turns items into items, one after the other; those that are refused are complained about and counted.
fn transform<E: Error>(files: &[PathBuf], mut run: impl FnMut(Item) -> Result<Item, E>) -> Result<(), Failure> {
    let mut output = Output::new();
    let mut refused = 0;
    input::read(files, |place, item| {
        let result = match item {
            Ok(item) => run(item).map_err(|error| complain(place, &error)).ok(),
            Err(error) => {
                complain(place, &error);
                None
            }
        };
        match result {
            Some(item) => output.line(dynaseal::json::to_string(&item)),
            None => {
                refused += 1;
                Ok(())
            }
        }
    })?;
    outcome(refused)
}

/// How many threads work on items.
fn threads(given: Option<NonZeroUsize>) -> NonZeroUsize {
    given.or(thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}

/// With timers, which the calls to AWS and the caches of branch keys need.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// The same on all cores, for work that is cut into parts.
fn all_cores() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Runs work until it is done or somebody ends it, by Ctrl-C or as service managers do; `None` then. What the work has sent
/// until then stands.
async fn until_interrupted<T>(work: impl Future<Output = T>) -> std::io::Result<Option<T>> {
    #[cfg(unix)]
    let ended = async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            outcome = tokio::signal::ctrl_c() => outcome,
            _ = terminate.recv() => Ok(()),
        }
    };
    #[cfg(not(unix))]
    let ended = tokio::signal::ctrl_c();
    tokio::select! {
        outcome = work => Ok(Some(outcome)),
        ended = ended => ended.map(|()| None),
    }
}

/// Says how far work came that somebody ends, and ends the program: for work that waits for its input, where nothing else
/// could look at the signal.
pub(crate) fn say_when_interrupted(say: impl Fn() -> String + Send + 'static) -> std::io::Result<()> {
    let runtime = runtime()?;
    std::thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
        let waiting = runtime.block_on(until_interrupted(std::future::pending::<()>()));
        if waiting.is_ok() {
            note(&say());
            std::process::exit(i32::from(crate::INTERRUPTED));
        }
    })?;
    Ok(())
}
