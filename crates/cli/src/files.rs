//! Small files: configurations, keys and arguments. Each is read up to a bound, whatever it is.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::output::warn;

/// Reads a file of at most `most` bytes. The bytes are wiped after use, for there may be a key among them.
pub(crate) fn read(path: &Path, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    // With room for all of it: whoever grows leaves copies behind.
    let length = file.metadata().map_or(0, |file| file.len());
    let room = usize::try_from(length).unwrap_or(most).min(most);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room + 1));
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

/// The same of a text in UTF-8, without the mark that some programs write before it.
pub(crate) fn read_text(path: &Path, most: usize) -> io::Result<Zeroizing<String>> {
    let bytes = read(path, most)?;
    let text =
        std::str::from_utf8(&bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))?;
    Ok(Zeroizing::new(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()))
}

/// Says of a file that is not there where it was looked for: in `folder`, or in the one that the program runs in.
pub(crate) fn explained(error: io::Error, path: &Path, folder: Option<&Path>) -> io::Error {
    if error.kind() != io::ErrorKind::NotFound {
        return error;
    }
    let here = std::env::current_dir().unwrap_or_default();
    // Joined with nothing, it would end with a slash.
    let folder =
        folder.filter(|folder| !folder.as_os_str().is_empty()).map_or(here.clone(), |folder| here.join(folder));
    let text = if path.is_absolute() {
        "there is no such file".to_owned()
    } else {
        format!("there is no such file in {}", folder.display())
    };
    io::Error::new(io::ErrorKind::NotFound, text)
}

/// Warns, once for each file, if everybody on the machine can read or change what holds a key.
pub(crate) fn warn_if_open(path: &Path, what: &str) {
    static WARNED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    if !is_open_to_all(path) {
        return;
    }
    let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    if warned.insert(path.to_owned()) {
        warn(&format!(
            "{what} {} is open to everybody on this machine: make it yours alone, `chmod 600 {0}`",
            path.display()
        ));
    }
}

/// Whether others than its owner and group can read or write it: that takes the right to all folders on the way, too.
#[cfg(unix)]
fn is_open_to_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    let has = |path: &Path, bits: u32| path.metadata().is_ok_and(|file| file.permissions().mode() & bits != 0);
    // A name without a folder is one in this folder.
    let Ok(path) = path.canonicalize() else { return false };
    path.is_file() && has(&path, 0o006) && path.ancestors().skip(1).all(|folder| has(folder, 0o001))
}

#[cfg(not(unix))]
fn is_open_to_all(_: &Path) -> bool {
    false
}
