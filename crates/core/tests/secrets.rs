//! What stays in memory of keys after they were used: nothing, as far as this library is concerned.
//!
//! One test alone in its process: another's memory would come and go while this one looks.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dynaseal_core::{
    AlgorithmSuite, BranchKey, CryptoError, DataKey, Item, ItemEncryptor, RawAesKeyring, SecureRandom, TableConfig,
};
use dynaseal_testkit::block_on;

/// Keys as the test holds them: masked, so that the search finds no copy of its own.
const MASK: u8 = 0x55;

/// Gives out bytes that the search knows, others at every call, unmasking them in place.
#[derive(Debug, Default)]
struct KnownRandom(AtomicUsize);

impl SecureRandom for KnownRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        let call = self.0.fetch_add(1, Ordering::Relaxed);
        for (index, byte) in out.iter_mut().enumerate() {
            *byte = masked(call, index) ^ MASK;
        }
        Ok(())
    }
}

fn masked(call: usize, index: usize) -> u8 {
    u8::try_from((call * 31 + index * 89 + 41) % 251).unwrap()
}

/// How often the second half of the known bytes stands anywhere in the writable memory of this process. The first
/// half would not do: the allocator writes there when it takes memory back.
fn copies(call: usize) -> usize {
    let needle: Vec<u8> = (16..32).map(|index| masked(call, index)).collect();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut memory = std::fs::File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (start, rest) = line.split_once('-').unwrap();
        let (end, _) = rest.split_once(' ').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        let read = memory.seek(SeekFrom::Start(start)).and_then(|_| memory.read_exact(&mut bytes));
        // Masked at once, also what was read before an error, so that this copy is not found when its own turn comes.
        bytes.iter_mut().for_each(|byte| *byte ^= MASK);
        if read.is_err() {
            continue;
        }
        found += bytes.windows(16).filter(|window| **window == needle).count();
    }
    found
}

#[test]
fn no_key_stays_in_memory() {
    // The search finds what is there, and what is dropped is gone.
    let mut bytes = [0; 32];
    KnownRandom::default().fill(&mut bytes).unwrap();
    let keys = (DataKey::copy_from(&bytes).unwrap(), BranchKey::copy_from(&bytes).unwrap());
    bytes.fill(0);
    assert!(copies(0) >= 2);
    drop(keys);
    assert_eq!(copies(0), 0, "after dropping keys");

    for suite in AlgorithmSuite::ALL {
        let config = TableConfig::builder("table", "pk").encrypt(["v"]).algorithm_suite(suite).build().unwrap();
        let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("ns", "key", &[9; 32]).unwrap());
        let encryptor = encryptor.with_random(Arc::new(KnownRandom::default()));
        let item = Item::from([("pk".to_owned(), "a".into()), ("v".to_owned(), "x".into())]);
        let sealed = block_on(encryptor.encrypt_item(item)).unwrap();
        // Asked for in this order: data key, intermediate key, nonce, message id. The last stands in the header.
        assert!(copies(3) > 0, "{suite}: the message id");
        assert_eq!([copies(0), copies(1)], [0, 0], "{suite}: data key and intermediate key after sealing");
        let opened = block_on(encryptor.decrypt_item(sealed.item)).unwrap();
        assert_eq!([copies(0), copies(1)], [0, 0], "{suite}: data key and intermediate key after opening");
        drop(opened);
    }
}
