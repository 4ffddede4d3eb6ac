//! `ExecuteStatement`, `BatchExecuteStatement`, `ExecuteTransaction`, and operations that nobody knows yet: all of them
//! pass where no sealed table is named.

use crate::error::{OperationError, Refusal};
use crate::partiql;
use crate::table::{Tables, short_name};

/// Checks a PartiQL statement of `operation`.
///
/// # Errors
/// If it names a sealed table.
pub fn check_statement(operation: &'static str, statement: &str, tables: &Tables) -> Result<(), OperationError> {
    match partiql::sealed_table(statement, tables) {
        Some(table) => Err(OperationError::new(operation, table.name(), Refusal::Statement)),
        None => Ok(()),
    }
}

/// Checks a request of which nothing is known but its bytes.
///
/// # Errors
/// If the name of a sealed table is anywhere in them. `name` is the operation's.
pub fn check_unknown(name: &str, body: &[u8], tables: &Tables) -> Result<(), OperationError> {
    let body = unescaped(body);
    let is_in = |table: &str| body.windows(table.len().max(1)).any(|bytes| bytes == table.as_bytes());
    match tables.iter().find(|table| is_in(short_name(table.name()))) {
        Some(table) => {
            let refusal = Refusal::UnknownOperation { name: name.to_owned() };
            Err(OperationError::new("a request", table.name(), refusal))
        }
        None => Ok(()),
    }
}

/// With the letters that JSON may write as `\u0061`.
fn unescaped(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    while let Some((first, rest)) = body.split_first() {
        let escaped = body.strip_prefix(b"\\u00").and_then(|rest| rest.split_at_checked(2));
        let letter = escaped.and_then(|(hex, _)| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        (body, _) = match (letter, escaped) {
            (Some(letter), Some((_, behind))) => (behind, out.push(letter)),
            _ => (rest, out.push(*first)),
        };
    }
    out
}

/// Checks a known operation that does not work on sealed tables.
///
/// # Errors
/// If its table is sealed.
pub fn check_unsupported(operation: &'static str, table: Option<&str>, tables: &Tables) -> Result<(), OperationError> {
    match table.and_then(|name| tables.get(name)) {
        Some(table) => Err(OperationError::new(operation, table.name(), Refusal::Unsupported)),
        None => Ok(()),
    }
}
