//! Whole tables moved on the embedded database, with other writers and faults in between.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod anew;
mod attributes;
mod checkpoint_tables;
mod checkpoints;
mod edges;
mod faults;
mod keys;
mod network;
mod older;
mod races;
mod records;
mod refusals;
mod rekey;
mod said;
mod sealed_values;
mod truth;
mod units;
mod verify;
mod world;
