//! Where a job keeps its progress, so that it goes on after it was ended at any moment.
//!
//! A checkpoint is a few named texts. Each is written whole or not at all; none has a secret in it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
};
use dynaseal_core::BoxFuture;

use crate::database::said;
use crate::problem::CheckpointError;

/// Where a job keeps its progress.
pub trait Checkpoint: Debug + Send + Sync {
    /// Keeps `text` under `name` if nothing is there yet, and gives what is there then.
    fn begin<'a>(&'a self, name: &'a str, text: String) -> BoxFuture<'a, Result<String, CheckpointError>>;

    /// What is kept under `name`.
    fn load<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, CheckpointError>>;

    /// Whether it keeps anything. Where not, a job need not find out whether it is the one that began.
    fn keeps(&self) -> bool {
        true
    }

    /// Keeps `text` under `name`, in the place of what is there.
    fn save<'a>(&'a self, name: &'a str, text: String) -> BoxFuture<'a, Result<(), CheckpointError>>;
}

/// Keeps nothing: the job begins at the start each time.
#[derive(Clone, Copy, Debug)]
pub struct NoCheckpoint;

impl Checkpoint for NoCheckpoint {
    fn keeps(&self) -> bool {
        false
    }

    fn begin<'a>(&'a self, _: &'a str, text: String) -> BoxFuture<'a, Result<String, CheckpointError>> {
        Box::pin(std::future::ready(Ok(text)))
    }

    fn load<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<String>, CheckpointError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn save<'a>(&'a self, _: &'a str, _: String) -> BoxFuture<'a, Result<(), CheckpointError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A file on this machine, for one process. Only its owner can read and write it.
#[derive(Debug)]
pub struct FileCheckpoint {
    path: PathBuf,
    /// Held as long as this process lives, however it ends.
    lock: File,
    texts: Mutex<BTreeMap<String, String>>,
}

/// What a checkpoint of a thousand segments can have, with their refused items.
const LARGEST: u64 = 128 * 1024 * 1024;

impl FileCheckpoint {
    /// Reads the file, or begins a new one. Beside it there is another one, `.lock`, so that no two processes have it.
    ///
    /// # Errors
    /// If another process has it, it can not be read or written, or it is no checkpoint.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, CheckpointError> {
        let path = path.into();
        let failed = |what: &str, error: io::Error| {
            CheckpointError::new(format!("the checkpoint {} {what}", path.display()), error)
        };
        // Before anything is made beside it.
        is_there(&path).map_err(|error| failed("cannot be read", error))?;
        let lock = lock(&beside(&path, "lock")).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => failed("is in use by another process", error),
            _ => failed("cannot be locked", error),
        })?;
        let text = read(&path).map_err(|error| failed("cannot be read", error))?;
        let texts = text.map_or(Ok(BTreeMap::new()), |text| serde_json::from_str(&text)).map_err(|error| {
            CheckpointError::new(format!("{} is no checkpoint: give another file", path.display()), error)
        })?;
        Ok(Self { path, lock, texts: Mutex::new(texts) })
    }

    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<String, String>) -> T) -> Result<T, CheckpointError> {
        let mut texts = self.texts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let result = change(&mut texts);
        let text = serde_json::to_string_pretty(&*texts)
            .map_err(|error| CheckpointError::new("the checkpoint can not be written", error))?;
        write_whole(&self.path, text.as_bytes()).map_err(|error| {
            CheckpointError::new(format!("the checkpoint {} can not be written", self.path.display()), error)
        })?;
        Ok(result)
    }
}

impl Drop for FileCheckpoint {
    /// Removes the lock's file while it is held; who waited for it sees that it is not there any more.
    fn drop(&mut self) {
        let path = beside(&self.path, "lock");
        if is_at(&self.lock, &path).unwrap_or(false) {
            // What is left behind is locked by nobody.
            let _ = fs::remove_file(path);
        }
    }
}

/// Whether a file is there. A device could be read for ever, and a link in a folder of many leads to somebody else's file.
fn is_there(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_file() => Ok(true),
        Ok(_) => Err(io::Error::other("it is no regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The text of a file, if it is there.
fn read(path: &Path) -> io::Result<Option<String>> {
    if !is_there(path)? {
        return Ok(None);
    }
    let file = File::open(path)?;
    if !is_at(&file, path)? {
        return Err(io::Error::other("somebody replaced it meanwhile"));
    }
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text)?;
    match u64::try_from(text.len()) {
        Ok(length) if length <= LARGEST => Ok(Some(text)),
        _ => Err(io::Error::other(format!("it has more than {LARGEST} bytes"))),
    }
}

/// Makes the lock's file and locks it.
fn lock(path: &Path) -> io::Result<File> {
    const ATTEMPTS: u32 = 10;
    for _ in 0..ATTEMPTS {
        let file = match private().create_new(true).open(path) {
            // A pipe would be waited for.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match fs::symlink_metadata(path) {
                Ok(there) if !there.is_file() => {
                    return Err(io::Error::other("the file of its lock is no regular file"));
                }
                Ok(_) => private().open(path)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            },
            made => made?,
        };
        // A link leads elsewhere, and a process that just ended may have removed the file.
        match file.try_lock() {
            Ok(()) if is_at(&file, path)? => return Ok(file),
            Ok(()) if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) => {
                return Err(io::Error::other("the file of its lock is no regular file"));
            }
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other("the file of its lock is made and removed by others all the time"))
}

/// Whether this file is what a path leads to, without a link.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let own = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok(there.is_file() && (own.dev(), own.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether something is there: an open file cannot be removed.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> io::Result<bool> {
    fs::symlink_metadata(path).map(|there| there.is_file())
}

/// For a file that only its owner can read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Under another name first, so that whoever reads it finds the old text or the new one, also after the power went.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = beside(path, "new");
    // Of a process that was killed; or a link that somebody else put there, which is not followed.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private().create_new(true).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Not every file system lets a folder be opened; then the new name is as safe as it gets there.
    File::open(folder).and_then(|folder| folder.sync_all()).or(Ok(()))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

impl Checkpoint for FileCheckpoint {
    fn begin<'a>(&'a self, name: &'a str, text: String) -> BoxFuture<'a, Result<String, CheckpointError>> {
        Box::pin(async move { self.change(|texts| texts.entry(name.to_owned()).or_insert(text).clone()) })
    }

    fn load<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, CheckpointError>> {
        let texts = self.texts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let text = texts.get(name).cloned();
        Box::pin(std::future::ready(Ok(text)))
    }

    fn save<'a>(&'a self, name: &'a str, text: String) -> BoxFuture<'a, Result<(), CheckpointError>> {
        Box::pin(async move { self.change(|texts| texts.insert(name.to_owned(), text)).map(|_| ()) })
    }
}

/// A table of DynamoDB, for any number of processes and jobs: partition key `job`, sort key `part`, both strings.
#[derive(Clone, Debug)]
pub struct TableCheckpoint {
    client: Client,
    table: String,
    job: String,
}

const JOB: &str = "job";
const PART: &str = "part";
const TEXT: &str = "text";

impl TableCheckpoint {
    /// The checkpoint of a job in a table, which is made if it is not there.
    ///
    /// # Errors
    /// If the table can not be made or reached.
    pub async fn open(
        client: Client,
        table: impl Into<String>,
        job: impl Into<String>,
    ) -> Result<Self, CheckpointError> {
        let checkpoint = Self { client, table: table.into(), job: job.into() };
        checkpoint.create().await?;
        Ok(checkpoint)
    }

    async fn create(&self) -> Result<(), CheckpointError> {
        /// Making a table takes seconds.
        const PATIENCE: u32 = 120;
        for _ in 0..PATIENCE {
            let described = self.client.describe_table().table_name(&self.table).send().await;
            match described {
                Ok(there) => match there.table.and_then(|table| table.table_status) {
                    Some(TableStatus::Creating) => {}
                    _ => return Ok(()),
                },
                Err(error) if error.code() == Some("ResourceNotFoundException") => self.try_create().await?,
                Err(error) => return Err(self.failed("can not be found", &said(&error))),
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Err(CheckpointError::of(format!("the table {} for the checkpoint is still not there", self.table)))
    }

    async fn try_create(&self) -> Result<(), CheckpointError> {
        let attribute = |name: &str| {
            let of_type = ScalarAttributeType::S;
            AttributeDefinition::builder().attribute_name(name).attribute_type(of_type).build()
        };
        let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
        let unbuilt = |error| CheckpointError::new("the table for the checkpoint can not be described", error);
        let create = self
            .client
            .create_table()
            .table_name(&self.table)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute(JOB).map_err(unbuilt)?)
            .attribute_definitions(attribute(PART).map_err(unbuilt)?)
            .key_schema(key(JOB, KeyType::Hash).map_err(unbuilt)?)
            .key_schema(key(PART, KeyType::Range).map_err(unbuilt)?);
        match create.send().await {
            Ok(_) => Ok(()),
            // Another process was faster.
            Err(error) if error.code() == Some("ResourceInUseException") => Ok(()),
            Err(error) => Err(self.failed("can not be made", &said(&error))),
        }
    }

    fn failed(&self, what: &str, said: &str) -> CheckpointError {
        CheckpointError::of(format!("the table {} for the checkpoint {what}: {said}", self.table))
    }

    async fn get(&self, name: &str) -> Result<Option<String>, CheckpointError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key(JOB, AttributeValue::S(self.job.clone())).key(PART, AttributeValue::S(name.to_owned()));
        let found = get.send().await.map_err(|error| self.failed("can not be read", &said(&error)))?;
        match found.item.and_then(|mut item| item.remove(TEXT)) {
            Some(AttributeValue::S(text)) => Ok(Some(text)),
            Some(_) => Err(CheckpointError::of(format!("the table {} has no checkpoints", self.table))),
            None => Ok(None),
        }
    }

    async fn put(&self, name: &str, text: String, condition: Option<&str>) -> Result<bool, CheckpointError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item(JOB, AttributeValue::S(self.job.clone()))
            .item(PART, AttributeValue::S(name.to_owned()))
            .item(TEXT, AttributeValue::S(text))
            .set_condition_expression(condition.map(str::to_owned));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
            Err(error) => Err(self.failed("can not be written", &said(&error))),
        }
    }
}

impl Checkpoint for TableCheckpoint {
    fn begin<'a>(&'a self, name: &'a str, text: String) -> BoxFuture<'a, Result<String, CheckpointError>> {
        Box::pin(async move {
            if let Some(there) = self.get(name).await? {
                return Ok(there);
            }
            let condition = format!("attribute_not_exists({PART})");
            if self.put(name, text.clone(), Some(&condition)).await? {
                return Ok(text);
            }
            self.get(name).await?.ok_or_else(|| self.failed("loses what is written", name))
        })
    }

    fn load<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, CheckpointError>> {
        Box::pin(self.get(name))
    }

    fn save<'a>(&'a self, name: &'a str, text: String) -> BoxFuture<'a, Result<(), CheckpointError>> {
        Box::pin(async move { self.put(name, text, None).await.map(|_| ()) })
    }
}
