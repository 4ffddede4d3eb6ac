//! Searching sealed tables gives what searching plain ones gives.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod data_json;
mod differential;
mod tables;
mod tenants;
mod writing;
