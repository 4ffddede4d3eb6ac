//! What stays in memory of keys after they were used: nothing, as far as this library is concerned.
//!
//! One test alone in its process: another's memory would come and go while this one looks.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dynaseal_core::{
    AlgorithmSuite, AttributeKeys, AttributeRoot, BranchKey, CryptoError, DataKey, Item, ItemBinding, ItemEncryptor,
    RawAesKeyring, SecureRandom, TableConfig,
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
    copies_of(&std::array::from_fn(|index| masked(call, 16 + index)))
}

/// How often bytes stand in memory that are given masked.
fn copies_of(needle: &[u8; 16]) -> usize {
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
        found += bytes.windows(16).filter(|window| window == needle).count();
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
    sealed_attributes();
}

/// The second halves of the keys that come from the root in the test below, masked; computed with Python: of
/// AES-256-GCM-SIV, and the two of AES-SIV.
const DERIVED: [[u8; 16]; 3] = [
    [0xdd, 0x85, 0x76, 0xef, 0x7e, 0x46, 0xbb, 0xc5, 0x84, 0x7a, 0xc9, 0x42, 0x25, 0x1a, 0xea, 0xa3],
    [0x7f, 0x57, 0x20, 0xdb, 0xa9, 0x6b, 0xc1, 0xe3, 0x7d, 0x11, 0x46, 0x0a, 0xda, 0xe0, 0xce, 0x99],
    [0x83, 0x33, 0x16, 0x83, 0xec, 0x13, 0x59, 0x39, 0x3a, 0x91, 0x5a, 0x27, 0x55, 0x8c, 0x96, 0x8d],
];

fn sealed_attributes() {
    let mut bytes = [0; 32];
    KnownRandom::default().fill(&mut bytes).unwrap();
    let keys = AttributeKeys::new(AttributeRoot::from_bytes("id", &bytes).unwrap());
    bytes.fill(0);
    assert_eq!(copies(0), 1, "the root, where it is kept");
    let (randomised, deterministic) =
        (keys.randomised("table", "v").unwrap(), keys.deterministic("table", "v").unwrap());
    let item = ItemBinding::new(("pk", &"a".into()), None).unwrap();
    let sealed = (randomised.seal(&"x".into(), &item).unwrap(), deterministic.seal(&"x".into()).unwrap());
    randomised.open(&sealed.0, &item).unwrap();
    deterministic.open(&sealed.1).unwrap();
    assert!(DERIVED.iter().all(|key| copies_of(key) >= 1), "derived keys, as long as they are there");
    drop((randomised, deterministic));
    assert_eq!(DERIVED.map(|key| copies_of(&key)), [0; 3], "derived keys after dropping the attributes");
    drop(keys);
    assert_eq!(copies(0), 0, "the root after dropping the keys");
}
