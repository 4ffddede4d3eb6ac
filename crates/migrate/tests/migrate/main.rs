//! Whole tables moved on the embedded database, with other writers and faults in between.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod attributes;
mod checkpoints;
mod faults;
mod older;
mod races;
mod records;
mod refusals;
mod rekey;
mod truth;
mod verify;
mod world;
