//! Files that are made and never overwritten: keys, for their owner alone, and what may be read by all.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner alone, mode 0600.
    Owner,
    /// As the user's mask has it, at most mode 0644.
    All,
}

/// A file that is not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewFileError {
    #[error("{} is there already, and nothing is overwritten: give another name with {option}, or move it away", path.display())]
    Exists { path: PathBuf, option: &'static str },
    #[error("{} cannot be written", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Makes a file with this content. Fails if there is anything of this name, be it a link that leads nowhere; `option` names
/// what else could be said. A file that cannot be written to its end is taken away again.
///
/// # Errors
/// If there is one, or it cannot be written.
pub(crate) fn create(path: &Path, content: &[u8], readers: Readers, option: &'static str) -> Result<(), NewFileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => NewFileError::Exists { path: path.to_owned(), option },
        _ => NewFileError::Write { path: path.to_owned(), source },
    };
    let mut file = open(path, readers).map_err(failed)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a key is worse than none. That this fails as well is no other news.
        let _ = std::fs::remove_file(path);
        failed(error)
    })
}

fn open(path: &Path, readers: Readers) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if readers == Readers::Owner { 0o600 } else { 0o644 });
    #[cfg(not(unix))]
    let _ = readers;
    options.open(path)
}

/// A text as TOML has it.
pub(crate) fn toml_text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// The name of a field as TOML has it.
pub(crate) fn toml_key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { toml_text(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_read_back() {
        for text in
            ["", "people", ":a", "it's \"x\"", "back\\slash", "tab\tnew\nline", "é漢😀", "\u{7f}\u{0}\u{9b}", "a.b"]
        {
            let toml = format!("{} = {}", toml_key(text), toml_text(text));
            let table: toml::Table = toml.parse().expect(&toml);
            assert_eq!(table.get(text).and_then(toml::Value::as_str), Some(text), "{toml}");
        }
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        create(&path, b"one", Readers::Owner, "-o").expect("it is new");
        let error = create(&path, b"two", Readers::Owner, "-o").expect_err("it is there");
        assert!(error.to_string().ends_with("and nothing is overwritten: give another name with -o, or move it away"));
        assert_eq!(std::fs::read(&path).expect("it is there"), b"one");
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).expect("a link");
            create(&link, b"three", Readers::Owner, "-o").expect_err("a link leads nowhere");
            assert!(!folder.path().join("elsewhere").exists());
        }
    }
}
