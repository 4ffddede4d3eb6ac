//! Searchable encryption: beacons, and how long they should be.

pub mod plan;
