//! What stays in memory of keys of the older formats when they are dropped: nothing, as far as this library is concerned.
//!
//! One test alone in its process: another's memory would come and go while this one looks.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::io::{Read as _, Seek as _, SeekFrom};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use dynaseal_legacy::ddbec::{AesKey, HmacKey, Mac, UnwrappingKey};
use dynaseal_legacy::pynamodb_mate::Key;

/// Keys as the test holds them: masked, so that the search finds no copy of its own.
const MASK: u8 = 0x55;

/// Masked.
const OF_PASSPHRASE: [u8; 16] = [124, 181, 156, 2, 83, 111, 97, 156, 73, 123, 199, 86, 77, 46, 3, 100];

fn masked(index: usize) -> u8 {
    u8::try_from((index * 89 + 41) % 251).unwrap()
}

/// So large that the allocator gives it a mapping of its own, which is passed over: no search finds what another one read.
const ROOM: usize = 64 << 20;

/// How often 16 bytes, given masked, stand anywhere in the writable memory of this process.
fn copies_of(needle: &[u8; 16]) -> usize {
    let mut room = vec![0; ROOM];
    let own = u64::try_from(room.as_ptr().addr()).unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut memory = std::fs::File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (start, rest) = line.split_once('-').unwrap();
        let (end, _) = rest.split_once(' ').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        let length = usize::try_from(end - start).unwrap();
        if (start..end).contains(&own) || length > ROOM {
            continue;
        }
        let bytes = &mut room[..length];
        if memory.seek(SeekFrom::Start(start)).and_then(|_| memory.read_exact(bytes)).is_ok() {
            found += bytes.windows(16).filter(|window| window.iter().zip(needle).all(|(a, b)| a ^ MASK == *b)).count();
        }
    }
    found
}

/// Of the second half: the allocator writes into the first when it takes memory back.
fn copies() -> usize {
    copies_of(&std::array::from_fn(|index| masked(16 + index)))
}

#[test]
fn no_key_stays_in_memory() {
    let mut bytes: [u8; 32] = std::array::from_fn(|index| masked(index) ^ MASK);
    let keys = (
        AesKey::new(&bytes).unwrap(),
        HmacKey::new(Mac::HmacSha256, &bytes).unwrap(),
        UnwrappingKey::from(AesKey::new(&bytes).unwrap()),
    );
    bytes.fill(0);
    assert_eq!(copies(), 3, "where they are kept");
    drop(keys);
    assert_eq!(copies(), 0, "after dropping keys");

    // SHA-256 of the passphrase is the key; the second half, computed with Python.
    // Several, for the room of one is soon taken by something else.
    let keys: Vec<_> = (0..20).map(|_| Key::from_passphrase("correct horse")).collect();
    assert!(copies_of(&OF_PASSPHRASE) >= 20, "where they are kept");
    drop(keys);
    // The hash function has its own on the stack, where the next call overwrites it.
    assert!(copies_of(&OF_PASSPHRASE) <= 1, "after dropping keys of a passphrase");

    // A private exponent, as the arithmetic holds it: the lowest eight bytes first, each word from its lowest byte on.
    let der = {
        let library = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = library.as_der().unwrap();
        der.as_ref().to_vec()
    };
    let at = der.windows(8).position(|window| window == [0x02, 0x03, 0x01, 0x00, 0x01, 0x02, 0x82, 0x01]).unwrap();
    let length = usize::from(der[at + 8]) + 256;
    let exponent = &der[at + 9..at + 9 + length];
    let middle = length - 128;
    let needle: [u8; 16] = std::array::from_fn(|index| exponent[middle + 15 - index] ^ MASK);
    assert_eq!(copies_of(&needle), 0, "before there is a private key");
    let key = UnwrappingKey::rsa(&der).unwrap();
    assert_eq!(copies_of(&needle), 1, "where it is kept");
    drop(key);
    assert_eq!(copies_of(&needle), 0, "after dropping a private key");
}
