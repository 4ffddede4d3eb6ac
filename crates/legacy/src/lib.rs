//! Attribute formats of other libraries, to open what they stored and to move it to records of DynaSeal.
//!
//! None of these formats is a good choice for new data: each module says what its format does not protect from.

pub mod ddbec;
pub mod pynamodb_mate;
