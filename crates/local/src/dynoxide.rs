//! The engine: dynoxide, which keeps tables in SQLite.

use std::fmt;
use std::path::Path;

use dynoxide::actions::query::QueryRequest;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::connector::{Engine, Reply};
use crate::{Cause, OpenError};

/// The engine behind [`memory`](crate::memory) and [`file`](crate::file): for who puts something in front of it, a fault
/// or a delay, and gives that to [`client`](crate::client).
pub struct Dynoxide(Database);

impl Dynoxide {
    /// In memory.
    ///
    /// # Errors
    /// If the engine can not start.
    pub fn memory() -> Result<Self, OpenError> {
        Database::memory().map(Self).map_err(|source| failed("in memory", source))
    }

    /// In a file, which is made if it is not there.
    ///
    /// # Errors
    /// If the file can not be opened or is none of this engine's.
    pub fn file(path: &Path) -> Result<Self, OpenError> {
        let shown = path.display().to_string();
        let text = path.to_str().ok_or_else(|| failed(&shown, "the path is no UTF-8"))?;
        if path.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
            return Err(failed(&shown, Cause::NoFolder));
        }
        Database::new(text).map(Self).map_err(|source| match cause(&source.to_string()) {
            Some(cause) => failed(&shown, cause),
            None => failed(&shown, source),
        })
    }
}

/// Of what the engine says in words of SQLite.
fn cause(text: &str) -> Option<Cause> {
    let text = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["not a valid sqlite database", "not a database"]) {
        return Some(Cause::Other);
    }
    says(&["readonly", "read-only", "read only"]).then_some(Cause::ReadOnly)
}

fn failed(path: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> OpenError {
    OpenError { path: path.to_owned(), source: source.into() }
}

impl fmt::Debug for Dynoxide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dynoxide")
    }
}

impl Engine for Dynoxide {
    fn call(&self, operation: &str, body: &str) -> Reply {
        match dispatch(&self.0, operation, body) {
            Ok(body) => Reply { status: 200, body },
            Err(DynoxideError::InternalServerError(said)) if !is_busy(&said) => storage(&said),
            Err(error) => Reply { status: error.status_code(), body: error.to_json() },
        }
    }
}

/// Whether another process has the file: the only failure of the engine that is over after a while.
fn is_busy(said: &str) -> bool {
    said.contains("locked") || said.contains("busy")
}

/// A failure of the file. DynamoDB's InternalServerError would be tried again and again, by the SDK and by whoever stands
/// before it; a full disk stays full.
fn storage(said: &str) -> Reply {
    let message = if said.contains("disk is full") {
        "the disk of the embedded database is full: make room"
    } else if said.contains("readonly") || said.contains("READONLY") {
        "the file of the embedded database, or its folder, cannot be written: SQLite writes beside the file also when it reads"
    } else {
        said
    };
    let kind = "com.amazonaws.dynamodb.v20120810#EmbeddedDatabaseException";
    Reply { status: 400, body: serde_json::json!({ "__type": kind, "message": message }).to_string() }
}

fn dispatch(db: &Database, operation: &str, body: &str) -> Result<String, DynoxideError> {
    match operation {
        "BatchExecuteStatement" => run(body, |request| db.batch_execute_statement(request)),
        "BatchGetItem" => run(body, |request| db.batch_get_item(request)),
        "BatchWriteItem" => run(body, |request| db.batch_write_item(request)),
        "CreateTable" => run(body, |request| db.create_table(request)),
        "DeleteItem" => run(body, |request| db.delete_item(request)),
        "DeleteTable" => run(body, |request| db.delete_table(request)),
        "DescribeTable" => run(body, |request| db.describe_table(request)),
        "DescribeTimeToLive" => run(body, |request| db.describe_time_to_live(request)),
        "ExecuteStatement" => run(body, |request| db.execute_statement(request)),
        "ExecuteTransaction" => run(body, |request| db.execute_transaction(request)),
        "GetItem" => run(body, |request| db.get_item(request)),
        "ListTables" => run(body, |request| db.list_tables(request)),
        "PutItem" => run(body, |request| db.put_item(request)),
        "Query" => run(body, |request: QueryRequest| {
            let limit = request.limit;
            let mut answer = db.query(request)?;
            answer.scanned_count = scanned(answer.scanned_count, limit, answer.last_evaluated_key.is_some());
            Ok(answer)
        }),
        "Scan" => run(body, |request: ScanRequest| {
            let limit = request.limit;
            let mut answer = db.scan(request)?;
            answer.scanned_count = scanned(answer.scanned_count, limit, answer.last_evaluated_key.is_some());
            Ok(answer)
        }),
        "TransactGetItems" => run(body, |request| db.transact_get_items(request)),
        "TransactWriteItems" => run(body, |request| db.transact_write_items(request)),
        "UpdateItem" => run(body, |request| db.update_item(request)),
        "UpdateTable" => run(body, |request| db.update_table(request)),
        "UpdateTimeToLive" => run(body, |request| db.update_time_to_live(request)),
        other => Err(DynoxideError::UnsupportedCapability(other.to_owned())),
    }
}

/// The engine counts the item that did not fit on a full page any more. Only where a page is full and has as many items as its
/// limit allows, nobody can tell that item from the last one.
fn scanned(count: usize, limit: Option<usize>, is_cut: bool) -> usize {
    let by_size = is_cut && limit.is_none_or(|limit| count < limit);
    if by_size { count.saturating_sub(1) } else { count }
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &str,
    call: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, DynoxideError> {
    let request = serde_json::from_str(body).map_err(|error| request_error(&error))?;
    let answer = call(request)?;
    serde_json::to_string(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// The engine's readers mark the class of an error at the start of serde's message; a marker must not reach the client.
fn request_error(error: &serde_json::Error) -> DynoxideError {
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    let validation = ["VALIDATION_REQUEST:", "VALIDATION_AS_READ:", "VALIDATION:"];
    if let Some(rest) = validation.iter().find_map(|marker| message.strip_prefix(marker)) {
        return DynoxideError::ValidationException(rest.to_owned());
    }
    let serialization = ["SERIALIZATION_AS_READ:", "SERIALIZATION:"];
    let rest = serialization.iter().find_map(|marker| message.strip_prefix(marker));
    if rest.is_none() && (message.contains("missing field") || message.contains("Supplied AttributeValue")) {
        return DynoxideError::ValidationException(message.to_owned());
    }
    DynoxideError::SerializationException(rest.unwrap_or(message).to_owned())
}
