//! Files and standard input as bytes, unpacked where they are gzip, without a byte order mark.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

use super::ReadError;
use crate::files;

/// The first bytes of every gzip member.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What some programs write before UTF-8.
const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

const BUFFER: usize = 64 * 1024;

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be read", path.display())]
pub(crate) struct FileError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl FileError {
    pub(super) fn new(path: &Path, source: io::Error) -> Self {
        Self { path: path.to_owned(), source: files::explained(source, path, None) }
    }
}

/// Bytes that are no gzip, though they began as such.
#[derive(Debug, thiserror::Error)]
#[error("the gzip data is damaged or cut short ({0}): get the file again; what stood before the damage was read")]
struct GzipError(io::Error);

/// A file that is being read.
pub(super) struct Source {
    /// For messages.
    pub(super) name: Arc<str>,
    path: PathBuf,
    /// What was read and given back.
    returned: Cursor<Vec<u8>>,
    reader: Box<dyn BufRead>,
}

impl Source {
    /// Standard input for `-`.
    pub(super) fn open(path: &Path) -> Result<Self, ReadError> {
        let failed = |source| FileError::new(path, source);
        let (name, reader): (_, Box<dyn BufRead>) = if path == Path::new("-") {
            ("standard input".into(), Box::new(io::stdin().lock()))
        } else {
            let file = File::open(path).map_err(failed)?;
            (path.display().to_string().into(), Box::new(BufReader::with_capacity(BUFFER, file)))
        };
        let mut source = Self { name, path: path.to_owned(), returned: Cursor::default(), reader };
        let mut start = source.start(GZIP.len())?;
        if start == GZIP {
            let packed = Cursor::new(start).chain(source.reader);
            source.reader = Box::new(BufReader::with_capacity(BUFFER, Gunzip(MultiGzDecoder::new(packed))));
            start = source.start(GZIP.len())?;
        }
        if let Some(encoding) = utf_16(&start) {
            return Err(ReadError::Utf16 { name: source.name, path: source.path, encoding });
        }
        if MARK.starts_with(&start) && start.len() == GZIP.len() {
            start.extend(source.start(MARK.len() - GZIP.len())?);
        }
        source.give_back(start.strip_prefix(&MARK).unwrap_or(&start));
        Ok(source)
    }

    /// For other errors about the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a line with its break, or `most` bytes of it and one more, and gives whether it is whole; `None` at the end.
    pub(super) fn start_of_line(&mut self, line: &mut Vec<u8>, most: usize) -> Result<Option<bool>, FileError> {
        line.clear();
        let read = self.take(most).read_until(b'\n', line);
        let length = read.map_err(|source| self.failed(source))?;
        Ok(if length == 0 { None } else { Some(length <= most || line.ends_with(b"\n")) })
    }

    /// Whether it begins as Amazon Ion does, as text or binary.
    pub(super) fn is_ion(&mut self) -> Result<bool, FileError> {
        let start = self.available()?;
        // Two bytes are enough, and more need not be there yet: no JSON begins with either.
        Ok(start.starts_with(b"$i") || start.starts_with(&[0xe0, 0x01]))
    }

    /// Goes on behind the next line break without keeping anything.
    pub(super) fn skip_line(&mut self) -> Result<(), FileError> {
        loop {
            let available = self.available()?;
            match available.iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    self.consume(end + 1);
                    return Ok(());
                }
                None if available.is_empty() => return Ok(()),
                None => {
                    let length = available.len();
                    self.consume(length);
                }
            }
        }
    }

    /// Goes on behind lines in which nothing stands, and gives how many those are.
    pub(super) fn skip_empty_lines(&mut self) -> Result<usize, FileError> {
        let mut lines = 0;
        loop {
            let available = self.available()?;
            let air = available.iter().take_while(|byte| byte.is_ascii_whitespace());
            let (mut length, mut is_all) = (0, !available.is_empty());
            for (at, byte) in air.enumerate() {
                if *byte == b'\n' {
                    (length, lines) = (at + 1, lines + 1);
                }
            }
            is_all &= length == available.len();
            self.consume(length);
            if !is_all {
                return Ok(lines);
            }
        }
    }

    /// The first byte of what comes that is not air, as far as it can be seen without waiting for more.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, FileError> {
        Ok(self.available()?.iter().copied().find(|byte| !byte.is_ascii_whitespace()))
    }

    /// Goes on behind what is there, and gives whether that was anything.
    pub(super) fn skip_some(&mut self) -> Result<bool, FileError> {
        let length = self.available()?.len();
        self.consume(length);
        Ok(length > 0)
    }

    /// Adds what is left, or `most` bytes of it and one more.
    pub(super) fn read_rest(&mut self, bytes: &mut Vec<u8>, most: usize) -> Result<(), FileError> {
        let read = self.take(most).read_to_end(bytes);
        read.map(|_| ()).map_err(|source| self.failed(source))
    }

    /// What is there to be read; nothing at the end.
    pub(super) fn available(&mut self) -> Result<&[u8], FileError> {
        let failed = |source| FileError::new(&self.path, source);
        if self.returned.fill_buf().is_ok_and(|bytes| !bytes.is_empty()) {
            return self.returned.fill_buf().map_err(failed);
        }
        self.reader.fill_buf().map_err(failed)
    }

    /// Goes on behind so many of the bytes that are [`available`](Self::available).
    pub(super) fn consume(&mut self, length: usize) {
        match self.returned.fill_buf() {
            Ok(bytes) if !bytes.is_empty() => self.returned.consume(length),
            _ => self.reader.consume(length),
        }
    }

    /// These bytes come again, before all others.
    pub(super) fn give_back(&mut self, bytes: &[u8]) {
        let left = self.returned.fill_buf().unwrap_or_default();
        self.returned = Cursor::new([bytes, left].concat());
    }

    /// So many bytes, or less at the end.
    fn start(&mut self, length: usize) -> Result<Vec<u8>, FileError> {
        let mut start = Vec::with_capacity(length);
        let limit = u64::try_from(length).unwrap_or(u64::MAX);
        self.reader.by_ref().take(limit).read_to_end(&mut start).map_err(|source| self.failed(source))?;
        Ok(start)
    }

    fn take(&mut self, most: usize) -> io::Take<impl BufRead + '_> {
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        Read::chain(&mut self.returned, &mut self.reader).take(limit)
    }

    fn failed(&self, source: io::Error) -> FileError {
        FileError::new(&self.path, source)
    }
}

/// The name by which `iconv` knows the encoding, where it is one with two bytes a character. Of JSON and CSV, the first
/// character is one of ASCII.
fn utf_16(start: &[u8]) -> Option<&'static str> {
    match start {
        [0xff, 0xfe] | [0xfe, 0xff] => Some("UTF-16"),
        [first, 0] if first.is_ascii_graphic() => Some("UTF-16LE"),
        [0, second] if second.is_ascii_graphic() => Some("UTF-16BE"),
        _ => None,
    }
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
