//! DynamoDB's expressions: read, printed, resolved and evaluated.
//!
//! | text | type |
//! | --- | --- |
//! | `ConditionExpression`, `FilterExpression` | [`Condition`] |
//! | `KeyConditionExpression` | [`KeyCondition`] |
//! | `ProjectionExpression` | [`Projection`] |
//! | `UpdateExpression` | [`Update`] |
//!
//! Reading gives a tree or an [`ExpressionError`] with the place; printing a tree gives text of the same meaning.
//! [`Placeholders`] puts the real names in place of `#name` and says where every path stands. Bound to names and values, a
//! [`BoundCondition`] says whether an item fulfils a condition, a [`BoundUpdate`] changes an item, and a [`BoundProjection`]
//! takes the parts of an item that are asked for. [`substitute`] changes names in a text and leaves all else as it stands.
//! [`compare`] is what all of them compare by.
//!
//! The reader is as strict as DynamoDB about structure, so that both see the same meaning in a text. It is more liberal
//! where only the service can refuse: it takes reserved words as bare names (the service knows some 570 of them and adds
//! to the list) unless they are keywords of that very expression, doubled parentheses, `NOT NOT`, and sums of
//! more than two operands.
//!
//! ```
//! use dynaseal_expression::{Condition, ExpressionKind};
//! let condition = Condition::parse(ExpressionKind::Filter, "order_id=:a\n\tand notes <> :b")?;
//! assert_eq!(condition.to_string(), "order_id = :a AND notes <> :b");
//! let error = Condition::parse(ExpressionKind::Filter, "order_id = :a ADN notes = :b").unwrap_err();
//! assert_eq!(error.to_string(), "FilterExpression, byte 14: expected AND, OR or the end, found `ADN`");
//! # Ok::<(), dynaseal_expression::ExpressionError>(())
//! ```

mod apply;
mod compare;
mod condition;
mod decimal;
mod error;
mod evaluate;
mod key_condition;
mod lexer;
mod path;
mod path_use;
mod projection;
#[cfg(test)]
mod properties;
mod resolve;
mod substitute;
mod update;

pub use apply::{ApplyError, BoundUpdate};
pub use compare::compare;
pub use condition::{Comparator, Condition, Operand};
pub use error::{ExpressionError, ExpressionKind};
pub use evaluate::{BindError, BoundCondition};
pub use key_condition::{KeyClause, KeyCondition, KeyDemand};
pub use path::{DocumentPath, Element, Name};
pub use path_use::{PathUse, Position, ResolvedElement, ResolvedPath};
pub use projection::{BoundProjection, Projection};
pub use resolve::{Placeholders, ResolveError};
pub use substitute::substitute;
pub use update::{Clause, SetAction, SetValue, Update, ValueAction};

/// The longest expression that DynamoDB takes, in bytes.
pub const MAX_EXPRESSION: usize = 4096;

/// How deep parentheses, `NOT` and functions may be nested. DynamoDB allows 300 operators and functions in all, and a level
/// that means anything has two at least.
pub const MAX_DEPTH: usize = 150;

/// How many candidates DynamoDB takes in `IN (…)`.
pub const MAX_CANDIDATES: usize = 100;
