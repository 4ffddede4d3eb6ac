//! Records that AWS's Rust client wrote for this project (`interop/`, command `write`). They are part of it, so this
//! runs everywhere.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use dynaseal_testkit::{block_on, vectors};

#[test]
fn every_recipient_opens_every_record() {
    let records = common::records();
    for record in &records {
        for key in 0..record.keyrings() {
            let opened = block_on(record.encryptor(key).decrypt_item(record.sealed.clone()));
            let opened = opened.unwrap_or_else(|error| panic!("{}: {error}: {}", record.id, error.kind()));
            assert!(vectors::same(&opened.item, &record.opened), "{}", record.id);
        }
    }
    assert_eq!(records.len(), 16);
}
