//! What can go wrong with a key store.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use dynaseal_core::ContextError;

use crate::client::KmsError;
use crate::sdk_error::describe;

/// How long one call to DynamoDB may take, retries of the SDK included. The SDK alone would wait for ever.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// What can go wrong with a key store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// The name is none of a table.
    #[error("`{name}` can not be the name of a table: it takes 3 to 255 characters")]
    TableName {
        /// The name.
        name: String,
    },
    /// Branch keys would be bound to nothing.
    #[error("the logical name of a key store must not be empty")]
    LogicalName,
    /// The table has other keys.
    #[error("the table {table_name} is there, but {problem}: choose another name for the key store")]
    Table {
        /// The table.
        table_name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Discovery can not make keys.
    #[error("this key store only reads: to make branch keys or versions, configure the ARN of one AWS KMS key")]
    OnlyReads,
    /// A branch key without a name.
    #[error("the id of a branch key must not be empty")]
    EmptyId,
    /// All clients demand it.
    #[error("the branch key {branch_key_id} has an id of your own, which takes an encryption context of its own")]
    IdWithoutContext {
        /// The id.
        branch_key_id: String,
    },
    /// The id is taken.
    #[error("there is a branch key {branch_key_id} already; nothing was changed")]
    Exists {
        /// The id.
        branch_key_id: String,
    },
    /// Two made a version at the same time.
    #[error(
        "somebody else made a version of the branch key {branch_key_id} at the same time, and theirs is active; nothing was changed"
    )]
    Raced {
        /// The branch key.
        branch_key_id: String,
    },
    /// DynamoDB gave up because something else was written at the same time.
    #[error(
        "something else was written to the key store {table_name} at the same time; nothing was changed: try again"
    )]
    Conflict {
        /// The table.
        table_name: String,
    },
    /// A region without a name.
    #[error("the region of a key store with multi-Region discovery must not be empty")]
    Region,
    /// The item is not there.
    #[error("the key store {table_name} has no item {branch_key_id} of the type {kind}")]
    NotFound {
        /// The table.
        table_name: String,
        /// The branch key.
        branch_key_id: String,
        /// The type: active, a version or the beacon key.
        kind: String,
    },
    /// The item is none of a key store.
    #[error("the item {branch_key_id} of the key store {table_name} is broken: {problem}")]
    Item {
        /// The table.
        table_name: String,
        /// The branch key.
        branch_key_id: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Another key of AWS KMS wraps the branch key.
    #[error("the branch key {branch_key_id} is wrapped by {found}, and the key store is configured for {configured}")]
    OtherKmsKey {
        /// The branch key.
        branch_key_id: String,
        /// The key that wraps it.
        found: String,
        /// The key of the configuration.
        configured: String,
    },
    /// AWS KMS said no. A ciphertext that is not one of the key and context means that the item was changed, or that
    /// the logical name of the store is another.
    #[error("AWS KMS did not do what the branch key {branch_key_id} needs")]
    Kms {
        /// The branch key.
        branch_key_id: String,
        /// What it said.
        #[source]
        source: KmsError,
    },
    /// The table is not there.
    #[error("there is no table {table_name} in this account and region: make the key store first (create-table)")]
    NoTable {
        /// The table.
        table_name: String,
    },
    /// DynamoDB said no.
    #[error("DynamoDB {operation} on the key store {table_name}: {message}")]
    DynamoDb {
        /// The table.
        table_name: String,
        /// The name of the call.
        operation: &'static str,
        /// The error's code and text.
        message: String,
    },
    /// Names or values do not fit into an encryption context.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The operating system gave no randomness.
    #[error("no randomness for an id")]
    Random,
}

impl KeyStoreError {
    /// The texts of the error and its causes; never `Debug`, which shows the bodies of answers.
    pub(super) fn dynamodb<E: ProvideErrorMetadata + Error + 'static>(
        table_name: &str,
        operation: &'static str,
        error: &SdkError<E>,
    ) -> Self {
        if error.code() == Some("ResourceNotFoundException") {
            return Self::NoTable { table_name: table_name.to_owned() };
        }
        let message = describe(error);
        Self::DynamoDb { table_name: table_name.to_owned(), operation, message }
    }
}

pub(super) fn late(table_name: &str, operation: &'static str) -> KeyStoreError {
    let message = format!("no answer in {} s", TIMEOUT.as_secs());
    KeyStoreError::DynamoDb { table_name: table_name.to_owned(), operation, message }
}

/// A call to DynamoDB that ends.
pub(super) async fn within<T, E: ProvideErrorMetadata + Error + 'static>(
    table_name: &str,
    operation: &'static str,
    call: impl Future<Output = Result<T, SdkError<E>>>,
) -> Result<T, KeyStoreError> {
    match tokio::time::timeout(TIMEOUT, call).await {
        Ok(answer) => answer.map_err(|error| KeyStoreError::dynamodb(table_name, operation, &error)),
        Err(_) => Err(late(table_name, operation)),
    }
}
