//! `dynaseal completions` and `dynaseal man`: made from the definitions of the arguments.

use std::io::{self, Write as _};
use std::path::PathBuf;

use crate::args::{CompletionsArgs, ManArgs, command};
use crate::output::Failure;

/// Pages that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the pages cannot be written to {}", folder.display())]
struct ManError {
    folder: PathBuf,
    #[source]
    source: io::Error,
}

pub(crate) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "dynaseal", &mut script);
    Ok(io::stdout().write_all(&script)?)
}

pub(crate) fn man(args: &ManArgs) -> Result<(), Failure> {
    let folder = &args.folder;
    clap_mangen::generate_to(command(), folder).map_err(|source| ManError { folder: folder.clone(), source })?;
    Ok(())
}
