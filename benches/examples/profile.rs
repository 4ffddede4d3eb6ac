//! Seals or opens one row again and again, for a profiler, built with `--profile bench`:
//! `valgrind --tool=callgrind target/release/examples/profile seal 100 64 hmac-only 200`

#![allow(clippy::unwrap_used, reason = "a measurement stops where it fails")]

use dynaseal_benches::{Floor, Row};
use dynaseal_testkit::block_on;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [operation, count, size, suite, times] = arguments.try_into().expect("operation count size suite times");
    let row = Row { count: count.parse().unwrap(), size: size.parse().unwrap() };
    let suite = suite.parse().unwrap();
    let encryptor = row.encryptor(suite);
    let plain = row.item();
    let sealed = block_on(encryptor.encrypt_item(plain.clone())).unwrap().item;
    let mut floor = Floor::new(row, suite);
    for _ in 0..times.parse::<u32>().unwrap() {
        match operation.as_str() {
            "seal" => drop(block_on(encryptor.encrypt_item(plain.clone())).unwrap()),
            "open" => drop(block_on(encryptor.decrypt_item(sealed.clone())).unwrap()),
            "seal-floor" => floor.seal(),
            _ => floor.open(),
        }
    }
}
