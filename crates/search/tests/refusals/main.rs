//! What is refused, and what the refusal says.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod configurations;
mod queries;

use std::error::Error;

/// A message and those of what caused it.
fn message(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(of) = source {
        message = format!("{message}: {of}");
        source = of.source();
    }
    message
}
