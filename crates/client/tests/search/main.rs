//! Searching sealed tables gives what searching plain ones gives.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod differential;
mod tables;
