//! DynamoDB's operations as DynaSeal sees them, with no type of any SDK: one transform for each.
//!
//! A transform takes the fields of a request that matter, checks and changes them, and gives what is needed to change
//! the response. Whoever speaks with DynamoDB (the SDK's client, or a front for its JSON protocol) moves the fields in
//! and out.
//!
//! | what | where |
//! | --- | --- |
//! | which tables are sealed, and how | [`Tables`], [`SealedTable`] |
//! | requests of one operation, and what opens their responses | [`operation`] |
//! | what expressions may touch on a sealed table; projections, which are applied after opening | `rules.rs` |
//! | how an item is sealed, with its beacons | `seal.rs` |
//! | many items at once, on all cores | `many.rs` |
//! | updates of sealed attributes | [`update`] |
//! | writes on condition that nothing changed | [`WriteBack`] |
//! | which tables a PartiQL statement names | `partiql.rs` |
//!
//! Specification: `ddb-sdk-integration.md`, `ddb-support.md`.

mod error;
mod expressions;
mod many;
mod measure;
pub mod operation;
mod partiql;
mod rules;
mod seal;
mod table;
pub mod update;
mod write_back;

pub use dynaseal_expression::ExpressionKind;
pub use error::{OperationError, Refusal};
pub use expressions::{Expressions, all_conditions};
pub use measure::Measure;
pub use table::{DuplicateTable, SealedTable, Tables, UnverifiedError, short_name};
pub use write_back::WriteBack;
