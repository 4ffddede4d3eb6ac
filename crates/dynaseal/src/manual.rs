//! Longer texts. Their examples are compiled and run like all others.

#[cfg(feature = "model")]
pub mod from_pynamodb_mate {
    #![doc = include_str!("../manual/from_pynamodb_mate.md")]
}
