//! What can be wrong with table.toml.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use dynaseal::ConfigError;

use super::fields::Placed;
use crate::words::{did_you_mean, shown};

/// Something is wrong with table.toml.
#[derive(Debug, thiserror::Error)]
#[error("{}", path.display())]
pub(crate) struct TableError {
    path: PathBuf,
    #[source]
    problem: Problem,
}

impl TableError {
    pub(super) fn at(path: &Path) -> impl Fn(Problem) -> Self {
        |problem| Self { path: path.to_owned(), problem }
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("it cannot be read")]
    Read(#[from] io::Error),
    /// With its line.
    #[error("{0}")]
    Toml(String),
    #[error("there is no [keyring]: who may open the items?")]
    NoKeyring,
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// With the way to it: `keyring.children[0].key`.
    #[error("{place}")]
    At {
        place: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl Problem {
    /// A text that is none of a few words.
    pub(super) fn word(place: impl Into<String>, placed: &Placed, words: &[&str]) -> Self {
        let word = shown(&placed.text).unwrap_or_else(|| "it".to_owned());
        let meant = did_you_mean(&placed.text, words.iter().copied());
        let (line, place): (_, String) = (placed.line, place.into());
        Self::Toml(format!("line {line}: {place}: {word} is none of {}{meant}", words.join(", ")))
    }

    /// Says of an error where in the file it comes from.
    pub(crate) fn at<E: Into<Box<dyn Error + Send + Sync>>>(place: impl Into<String>) -> impl FnOnce(E) -> Self {
        let place = place.into();
        |error| Self::At { place, source: error.into() }
    }
}
