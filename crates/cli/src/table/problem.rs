//! What can be wrong with table.toml.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use dynaseal::{ConfigError, UnknownAction, UnknownPolicy, UnknownSuite};

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
    #[error("the file can not be read")]
    Read(#[from] io::Error),
    /// With its line.
    #[error("{0}")]
    Toml(String),
    #[error("there is no [keyring]: who may open the items?")]
    NoKeyring,
    #[error("algorithm_suite")]
    Suite(#[from] UnknownSuite),
    #[error("plaintext_policy")]
    Policy(#[from] UnknownPolicy),
    #[error("actions.{name}")]
    Action {
        name: String,
        #[source]
        source: UnknownAction,
    },
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
    /// Says of an error where in the file it comes from.
    pub(crate) fn at<E: Into<Box<dyn Error + Send + Sync>>>(place: impl Into<String>) -> impl FnOnce(E) -> Self {
        let place = place.into();
        |error| Self::At { place, source: error.into() }
    }
}
