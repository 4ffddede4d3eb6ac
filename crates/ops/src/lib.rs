//! DynamoDB's operations as DynaSeal sees them, with no type of any SDK.
//!
//! What is there: [`expression`], the reader of everything that a request says in DynamoDB's expression language.

pub mod expression;
