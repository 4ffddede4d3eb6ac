//! Items from files and standard input: one a line, or a JSON array. A bad one never stops the others.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use dynaseal::Item;
use dynaseal::json::{self, JsonError};

use crate::output::Failure;

/// The longest line. An item has at most 400 KB, of which JSON can make six times as much; the rest is air.
const MAX_LINE: usize = 16 * 1024 * 1024;

/// Something that is no item.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error(transparent)]
    Json(#[from] JsonError),
    #[error("longer than {MAX_LINE} bytes, which no item is")]
    TooLong,
    #[error("not UTF-8")]
    NotUtf8,
}

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{} can not be read", path.display())]
struct FileError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Calls `each` with the place (`people.json:3`) and the item of everything in the files, or in standard input.
pub(crate) fn read(
    files: &[PathBuf],
    mut each: impl FnMut(&str, Result<Item, InputError>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if files.is_empty() {
        return read_one(Path::new("-"), &mut each);
    }
    files.iter().try_for_each(|path| read_one(path, &mut each))
}

fn read_one(
    path: &Path,
    each: &mut impl FnMut(&str, Result<Item, InputError>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let failed = |source| FileError { path: path.to_owned(), source };
    let (name, mut reader): (String, Box<dyn BufRead>) = if path == Path::new("-") {
        ("standard input".to_owned(), Box::new(io::stdin().lock()))
    } else {
        let file = File::open(path).map_err(failed)?;
        (path.display().to_string(), Box::new(BufReader::with_capacity(64 * 1024, file)))
    };

    let mut line = Vec::new();
    let mut number = 0_usize;
    loop {
        line.clear();
        number += 1;
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        let length = (&mut reader).take(limit).read_until(b'\n', &mut line).map_err(failed)?;
        if length == 0 {
            return Ok(());
        }
        let place = format!("{name}:{number}");
        if number == 1 && line.trim_ascii_start().starts_with(b"[") {
            reader.read_to_end(&mut line).map_err(failed)?;
            return read_array(&name, line, each);
        }
        if length == MAX_LINE && !line.ends_with(b"\n") {
            skip_line(&mut reader).map_err(failed)?;
            each(&place, Err(InputError::TooLong))?;
            continue;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let item = match std::str::from_utf8(&line) {
            Ok(text) => json::from_str(text).map_err(InputError::from),
            Err(_) => Err(InputError::NotUtf8),
        };
        each(&place, item)?;
    }
}

fn read_array(
    name: &str,
    bytes: Vec<u8>,
    each: &mut impl FnMut(&str, Result<Item, InputError>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let items = match String::from_utf8(bytes) {
        Ok(text) => json::array_from_str(&text).map_err(InputError::from),
        Err(_) => Err(InputError::NotUtf8),
    };
    match items {
        Ok(items) => {
            for (index, item) in items.into_iter().enumerate() {
                each(&format!("{name}[{index}]"), item.map_err(InputError::from))?;
            }
            Ok(())
        }
        Err(error) => each(name, Err(error)),
    }
}

/// Goes on behind the next line break without keeping anything.
fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let available = reader.fill_buf()?;
        match available.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                reader.consume(end + 1);
                return Ok(());
            }
            None if available.is_empty() => return Ok(()),
            None => {
                let length = available.len();
                reader.consume(length);
            }
        }
    }
}
