//! `ExecuteStatement`, `BatchExecuteStatement`, `ExecuteTransaction`, and operations that nobody knows yet: all of them
//! pass where no sealed table is named.

use crate::error::{OperationError, Refusal};
use crate::partiql;
use crate::table::Tables;

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

/// Checks a request of which nothing is known but its JSON.
///
/// # Errors
/// If a string in it is the name of a sealed table, or an ARN that ends in one. `name` is the operation's.
pub fn check_unknown(name: &str, body: &[u8], tables: &Tables) -> Result<(), OperationError> {
    let text = String::from_utf8_lossy(body);
    // Table names need no escapes in JSON; what is written with escapes none the less is not DynamoDB's client.
    let mut strings = text.split('"');
    let found = strings.find_map(|string| {
        let name = string.rsplit_once(":table/").map_or(string, |(_, name)| name);
        tables.get(name.split('/').next().unwrap_or(name))
    });
    match found {
        Some(table) => {
            let refusal = Refusal::UnknownOperation { name: name.to_owned() };
            Err(OperationError::new("a request", table.name(), refusal))
        }
        None => Ok(()),
    }
}
