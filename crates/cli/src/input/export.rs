//! Folders with exports, as they come from S3: which files belong to one, and whether they are all there and whole.

use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::de::IoRead;

use super::ReadError;
use super::source::FileError;

const FILES: &str = "manifest-files.json";
const SUMMARY: &str = "manifest-summary.json";
const DATA: &str = "data";

/// The longest manifest that is read: enough for a million files.
const MAX_MANIFEST: u64 = 512 * 1024 * 1024;

/// A file to read.
#[derive(Debug)]
pub(super) struct DataFile {
    pub(super) path: PathBuf,
    /// As the manifest says.
    pub(super) item_count: Option<u64>,
}

/// A line of `manifest-files.json`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManifestEntry {
    item_count: Option<u64>,
    data_file_s3_key: String,
}

/// The files, and in the place of each folder those of the export in it.
pub(super) fn data_files(files: &[PathBuf]) -> Result<Vec<DataFile>, ReadError> {
    let mut found = Vec::new();
    for path in super::or_standard_input(files).iter() {
        if path.is_dir() {
            found.extend(of_folder(path)?);
        } else {
            found.push(DataFile { path: path.clone(), item_count: None });
        }
    }
    Ok(found)
}

fn of_folder(folder: &Path) -> Result<Vec<DataFile>, ReadError> {
    let manifest = folder.join(FILES);
    let mut files = if manifest.is_file() { listed(folder, &manifest)? } else { unlisted(folder)? };
    if let Some(file) = files.iter().find(|file| ends_with(&file.path, &[".ion", ".ion.gz"])) {
        return Err(ReadError::Ion { path: file.path.clone() });
    }
    if files.is_empty() {
        return Err(ReadError::EmptyFolder { path: folder.to_owned() });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// What the manifest lists. Nothing is read if some of it is missing: half an export looks like a whole one.
fn listed(folder: &Path, manifest: &Path) -> Result<Vec<DataFile>, ReadError> {
    let (mut files, mut missing) = (Vec::new(), Vec::new());
    for entry in entries(manifest)? {
        let Some(name) = Path::new(&entry.data_file_s3_key).file_name() else {
            return Err(ReadError::Manifest { path: manifest.to_owned(), source: None });
        };
        // Incremental exports have their files in a folder beside their own, which they share.
        let beside = folder.join("..").join(DATA);
        let places = [folder.join(DATA), folder.to_owned(), beside].map(|folder| folder.join(name));
        match places.into_iter().find(|path| path.is_file()) {
            Some(path) => files.push(DataFile { path, item_count: entry.item_count }),
            None => missing.push(name.to_string_lossy().into_owned()),
        }
    }
    match missing.first() {
        None => Ok(files),
        Some(first) => {
            Err(ReadError::Missing { path: manifest.to_owned(), count: missing.len(), first: first.clone() })
        }
    }
}

fn entries(manifest: &Path) -> Result<Vec<ManifestEntry>, ReadError> {
    let file = File::open(manifest).map_err(|source| FileError::new(manifest, source))?;
    let reader = IoRead::new(BufReader::new(file.take(MAX_MANIFEST)));
    let entries: Result<_, _> = serde_json::Deserializer::new(reader).into_iter().collect();
    entries.map_err(|source| match source.io_error_kind() {
        Some(kind) => FileError::new(manifest, io::Error::from(kind)).into(),
        None => ReadError::Manifest { path: manifest.to_owned(), source: Some(source) },
    })
}

/// Without a manifest, what looks like data.
fn unlisted(folder: &Path) -> Result<Vec<DataFile>, ReadError> {
    let data = folder.join(DATA);
    let folder = if data.is_dir() { &*data } else { folder };
    let failed = |source| FileError::new(folder, source);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_manifest = [FILES, SUMMARY].iter().any(|name| path.ends_with(name));
        if !is_manifest && path.is_file() && ends_with(&path, &[".json", ".json.gz", ".ion", ".ion.gz"]) {
            files.push(DataFile { path, item_count: None });
        }
    }
    Ok(files)
}

fn ends_with(path: &Path, ends: &[&str]) -> bool {
    path.file_name().is_some_and(|name| ends.iter().any(|end| name.to_string_lossy().ends_with(end)))
}
