//! Typed models on the embedded database.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod adding;
mod attacks;
mod bounds;
mod canceled;
mod conditions;
mod identity;
mod items;
mod keys;
mod line;
mod literals;
mod lost;
mod many;
mod older;
mod pages;
mod reading;
mod records;
mod reseal;
mod rewritten;
mod serde_shapes;
mod shapes;
mod spelling;
mod twice;
mod types;
mod updates;
mod values;

use dynaseal::{AttributeKeys, AttributeRoot};

/// Root keys of one id and byte.
fn root(id: &str, byte: u8) -> AttributeRoot {
    AttributeRoot::from_bytes(id, &[byte; 32]).unwrap()
}

fn keys() -> AttributeKeys {
    AttributeKeys::new(root("2026", 7))
}
