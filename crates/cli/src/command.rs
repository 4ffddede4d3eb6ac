//! The commands, one file each.

pub(crate) mod about;
pub(crate) mod attribute;
pub(crate) mod beacons;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod get;
pub(crate) mod inspect;
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
pub(crate) mod verify;

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use dynaseal::Item;

use crate::input;
use crate::output::{Failure, Output, complain, outcome};

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
