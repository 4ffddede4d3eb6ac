//! Sealed tables behind `aws-sdk-dynamodb`: an application that uses the SDK becomes a sealed one by changing how its
//! client is made.
//!
//! There are two doors, and both may be used with one client:
//!
//! - [`SendSealed`]: `client.put_item()….send_sealed(&sealer).await` in place of `.send().await`. Asynchronous all the way.
//! - [`Interceptor`]: for code that only takes a client (paginators, waiters, layers of others). The SDK calls it
//!   synchronously; `bridge.rs` says what that means.
//!
//! Tables with search are asked as if their data were plain; [`SealedPartitions`] asks all beacon partitions in one call.
//!
//! [`Sealer::update_sealed`] changes sealed attributes of an item that other writers change, too.
//!
//! A request that would write plaintext, break a signature or ask DynamoDB about what it can not read is refused before
//! anything is sent. [`operation_error`] finds the reason in what the SDK returns.

mod bridge;
mod door;
mod error;
mod interceptor;
mod operation;
mod pages;
mod partitions;
mod sealer;
mod send;
mod span;
mod transaction;
mod tries;
mod update;
pub mod value;

pub use dynaseal_ops::{DuplicateTable, Measure, OperationError, Refusal, SealedTable, Tables, UnverifiedError};

pub use error::operation_error;
pub use interceptor::Interceptor;
pub use pages::{SealedPage, SealedPages, SealedStream};
pub use partitions::SealedPartitions;
pub use sealer::Sealer;
pub use send::SendSealed;
pub use transaction::SendSealedEntries;
pub use tries::{Tries, watched};
pub use update::{SealedUpdate, UpdateError, Updated};
