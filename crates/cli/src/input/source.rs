//! Files and standard input as bytes, unpacked where they are gzip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

/// The first bytes of every gzip member.
const GZIP: [u8; 2] = [0x1f, 0x8b];

const BUFFER: usize = 64 * 1024;

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{} can not be read", path.display())]
pub(crate) struct FileError {
    pub(super) path: PathBuf,
    #[source]
    pub(super) source: io::Error,
}

/// Bytes that are no gzip, though they began as such.
#[derive(Debug, thiserror::Error)]
#[error("the gzip data is damaged or cut short ({0}): get the file again; what stood before the damage was read")]
struct GzipError(io::Error);

/// A file that is being read.
pub(super) struct Source {
    /// For messages.
    pub(super) name: Arc<str>,
    pub(super) is_gzip: bool,
    path: PathBuf,
    reader: Box<dyn BufRead>,
}

impl Source {
    /// Standard input for `-`.
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        let failed = |source| FileError { path: path.to_owned(), source };
        let (name, reader): (_, Box<dyn BufRead>) = if path == Path::new("-") {
            ("standard input".into(), Box::new(io::stdin().lock()))
        } else {
            let file = File::open(path).map_err(failed)?;
            (path.display().to_string().into(), Box::new(BufReader::with_capacity(BUFFER, file)))
        };
        let (is_gzip, reader) = unpacked(reader).map_err(failed)?;
        Ok(Self { name, is_gzip, path: path.to_owned(), reader })
    }

    /// Reads a line with its break, or `most` bytes of it and one more, and gives whether it is whole; `None` at the end.
    pub(super) fn start_of_line(&mut self, line: &mut Vec<u8>, most: usize) -> Result<Option<bool>, FileError> {
        line.clear();
        let length = self.take(most).read_until(b'\n', line).map_err(|source| self.failed(source))?;
        Ok(if length == 0 { None } else { Some(length <= most || line.ends_with(b"\n")) })
    }

    /// Whether it begins as Amazon Ion does, as text or binary.
    pub(super) fn is_ion(&mut self) -> Result<bool, FileError> {
        let start = self.reader.fill_buf().map_err(|source| FileError { path: self.path.clone(), source })?;
        // Two bytes are enough, and more need not be there yet: no JSON begins with either.
        Ok(start.starts_with(b"$i") || start.starts_with(&[0xe0, 0x01]))
    }

    /// Goes on behind the next line break without keeping anything.
    pub(super) fn skip_line(&mut self) -> Result<(), FileError> {
        self.skip().map_err(|source| self.failed(source))
    }

    /// Adds what is left, or `most` bytes of it and one more.
    pub(super) fn read_rest(&mut self, bytes: &mut Vec<u8>, most: usize) -> Result<(), FileError> {
        self.take(most).read_to_end(bytes).map_err(|source| self.failed(source))?;
        Ok(())
    }

    fn take(&mut self, most: usize) -> io::Take<&mut Box<dyn BufRead>> {
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        self.reader.by_ref().take(limit)
    }

    fn failed(&self, source: io::Error) -> FileError {
        FileError { path: self.path.clone(), source }
    }

    fn skip(&mut self) -> io::Result<()> {
        loop {
            let available = self.reader.fill_buf()?;
            match available.iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    self.reader.consume(end + 1);
                    return Ok(());
                }
                None if available.is_empty() => return Ok(()),
                None => {
                    let length = available.len();
                    self.reader.consume(length);
                }
            }
        }
    }
}

/// By the first two bytes and not by the name: names are lost in pipes.
fn unpacked(mut reader: Box<dyn BufRead>) -> io::Result<(bool, Box<dyn BufRead>)> {
    let mut start = Vec::with_capacity(GZIP.len());
    reader.by_ref().take(2).read_to_end(&mut start)?;
    let is_gzip = start == GZIP;
    let whole = Cursor::new(start).chain(reader);
    Ok(match is_gzip {
        true => (true, Box::new(BufReader::with_capacity(BUFFER, Gunzip(MultiGzDecoder::new(whole))))),
        false => (false, Box::new(whole)),
    })
}

/// Says of errors that the data is the cause, where it is.
struct Gunzip<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            kind @ (io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => {
                io::Error::new(kind, GzipError(error))
            }
            _ => error,
        })
    }
}
