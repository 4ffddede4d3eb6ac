//! Typed models on the embedded database.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod adding;
mod attacks;
mod items;
mod keys;
mod literals;
mod many;
mod reading;
mod records;
mod reseal;
mod serde_shapes;
mod spelling;
mod types;
mod values;

use dynaseal::{AttributeKeys, AttributeRoot};

/// Root keys of one id and byte.
fn root(id: &str, byte: u8) -> AttributeRoot {
    AttributeRoot::from_bytes(id, &[byte; 32]).unwrap()
}

fn keys() -> AttributeKeys {
    AttributeKeys::new(root("2026", 7))
}
