//! A file that is there as a whole or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written", path.display())]
pub(crate) struct WriteError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Written under another name beside its own, which it gets when it is complete. What is no regular file, a pipe for example,
/// is written as it comes.
#[derive(Debug)]
pub(super) struct WholeFile {
    /// As it was named.
    path: PathBuf,
    /// Behind links.
    target: PathBuf,
    unfinished: Option<PathBuf>,
    /// Of the file whose place it takes.
    permissions: Option<Permissions>,
    writer: BufWriter<File>,
}

impl WholeFile {
    pub(super) fn create(path: &Path) -> Result<Self, WriteError> {
        let failed = |source| WriteError { path: path.to_owned(), source };
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let old = fs::metadata(&target).ok();
        let (unfinished, file) = match &old {
            Some(old) if !old.is_file() => (None, OpenOptions::new().write(true).open(&target).map_err(failed)?),
            _ => {
                let beside = beside(&target).ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
                let file = private().open(&beside).map_err(failed)?;
                (Some(beside), file)
            }
        };
        let permissions = old.map(|old| old.permissions());
        Ok(Self { path: path.to_owned(), target, unfinished, permissions, writer: BufWriter::new(file) })
    }

    /// What is removed if somebody ends the program, and what is said then.
    pub(super) fn unfinished(&self) -> Option<(PathBuf, String)> {
        let said = format!("interrupted: {} is as it was", self.path.display());
        Some((self.unfinished.clone()?, said))
    }

    pub(super) fn line(&mut self, text: impl std::fmt::Display) -> Result<(), WriteError> {
        let written = writeln!(self.writer, "{text}");
        written.map_err(|source| self.failed(source))
    }

    /// Gives it its name.
    pub(super) fn finish(&mut self) -> Result<(), WriteError> {
        let written = self.writer.flush();
        written.map_err(|source| self.failed(source))?;
        let Some(unfinished) = &self.unfinished else { return Ok(()) };
        // Who may read the old one may read the new one, and until it is complete nobody else. What had no old one is its
        // owner's: it may be plaintext.
        let permissions = self.permissions.take();
        let kept = self
            .writer
            .get_ref()
            .sync_all()
            .and_then(|()| permissions.map_or(Ok(()), |of| fs::set_permissions(unfinished, of)))
            .and_then(|()| fs::rename(unfinished, &self.target));
        kept.map_err(|source| self.failed(source))?;
        self.unfinished = None;
        Ok(())
    }

    fn failed(&self, source: io::Error) -> WriteError {
        WriteError { path: self.path.clone(), source }
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Some(unfinished) = &self.unfinished {
            // Nobody is left to tell if this fails.
            let _ = fs::remove_file(unfinished);
        }
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn beside(target: &Path) -> Option<PathBuf> {
    let name = target.file_name()?.to_str()?;
    Some(target.with_file_name(format!(".{name}.{}.unfinished", std::process::id())))
}
