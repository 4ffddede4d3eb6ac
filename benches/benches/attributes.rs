//! `cargo bench --bench attributes`: sealed attributes beside the cipher alone, which has the same key, the same associated
//! data and the same plaintext, works in place in a buffer that is there already, and draws the same nonces.
//!
//! The table is printed and kept in `benches/ATTRIBUTES.md`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops where it fails")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use aes_siv::KeyInit as _;
use aes_siv::siv::Aes256Siv;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use dynaseal_core::{AttributeKeys, AttributeRoot, AttributeValue, ItemBinding, ParsedAttribute};

/// How long one row is measured.
const TIME: Duration = Duration::from_secs(3);
/// Bytes of the string.
const SIZE: usize = 64;
/// What sealing and opening may take, in times of the cipher alone.
const BAR: f64 = 1.5;

const ID: &str = "2026-11";
const TABLE: &str = "benchmark-table";
const ATTRIBUTE: &str = "attribute000";
const KEY: &str = "customer#1234567";

fn main() {
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    let mut text = format!("| a string of {SIZE} bytes | the cipher alone | all of it | ratio |\n|---|--:|--:|--:|\n");
    let mut worst: f64 = 0.0;
    for (name, [floor, all]) in randomised().into_iter().chain(deterministic()) {
        let ratio = all / floor;
        worst = worst.max(ratio);
        writeln!(text, "| {name} | {:.0} ns | {:.0} ns | {ratio:.2} |", floor * 1e9, all * 1e9).unwrap();
    }
    let verdict = if worst > BAR { "**missed**" } else { "met" };
    writeln!(text, "\nThe bar is {BAR} times the cipher alone: {verdict}.").unwrap();
    println!("{text}");
    let about = "# Sealed attributes\n\nWritten by `cargo bench --bench attributes` on one thread; medians of neighbouring runs.\n\n";
    std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("ATTRIBUTES.md"), format!("{about}{text}")).unwrap();
}

fn keys() -> AttributeKeys {
    AttributeKeys::new(AttributeRoot::from_bytes(ID, &[7; 32]).unwrap())
}

fn value() -> AttributeValue {
    "x".repeat(SIZE).into()
}

/// As many bytes as are authenticated beside the value: their content does not count.
fn associated_data(sealed: &[u8], has_item: bool) -> Vec<u8> {
    let header = 7 + ParsedAttribute::parse(sealed).unwrap().key_id().len();
    let binding = if has_item { 1 + 4 + "pk".len() + 2 + 4 + KEY.len() } else { 0 };
    vec![5; 4 + header + 4 + TABLE.len() + 4 + ATTRIBUTE.len() + binding]
}

fn randomised() -> [(&'static str, [f64; 2]); 2] {
    let attribute = keys().randomised(TABLE, ATTRIBUTE).unwrap();
    let item = ItemBinding::new(("pk", &KEY.into()), None).unwrap();
    let value = value();
    let stored = attribute.seal(&value, &item).unwrap();

    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, &[8; 32]).unwrap());
    let aad = associated_data(&stored, true);
    let mut buffer = [b'x'; SIZE];
    let mut nonce = [0; 12];
    let seal = medians([
        &mut || {
            aws_lc_rs::rand::fill(&mut nonce).unwrap();
            let nonce = Nonce::assume_unique_for_key(nonce);
            let _ = black_box(key.seal_in_place_separate_tag(nonce, Aad::from(&aad), black_box(&mut buffer)).unwrap());
        },
        &mut || drop(black_box(attribute.seal(black_box(&value), &item).unwrap())),
    ]);
    let fixed = || Nonce::assume_unique_for_key([9; 12]);
    let mut sealed = [b'x'; SIZE].to_vec();
    key.seal_in_place_append_tag(fixed(), Aad::from(&aad), &mut sealed).unwrap();
    let mut buffer = sealed.clone();
    let open = medians([
        &mut || {
            buffer.copy_from_slice(&sealed);
            black_box(key.open_in_place(fixed(), Aad::from(&aad), black_box(&mut buffer)).unwrap());
        },
        &mut || drop(black_box(attribute.open(black_box(&stored), &item).unwrap())),
    ]);
    [("randomised, sealing", seal), ("randomised, opening", open)]
}

fn deterministic() -> [(&'static str, [f64; 2]); 2] {
    let attribute = keys().deterministic(TABLE, ATTRIBUTE).unwrap();
    let value = value();
    let stored = attribute.seal(&value).unwrap();

    let mut key = Aes256Siv::new(&[8; 64].into());
    let aad = associated_data(&stored, false);
    let mut buffer = [b'x'; SIZE];
    let seal = medians([
        &mut || {
            black_box(key.encrypt_inout_detached([&aad], black_box(&mut buffer).as_mut_slice().into()).unwrap());
        },
        &mut || drop(black_box(attribute.seal(black_box(&value)).unwrap())),
    ]);
    let mut sealed = [b'x'; SIZE];
    let iv = key.encrypt_inout_detached([&aad], sealed.as_mut_slice().into()).unwrap();
    let open = medians([
        &mut || {
            buffer.copy_from_slice(&sealed);
            key.decrypt_inout_detached([&aad], black_box(&mut buffer).as_mut_slice().into(), &iv).unwrap();
        },
        &mut || drop(black_box(attribute.open(black_box(&stored)).unwrap())),
    ]);
    [("deterministic, sealing", seal), ("deterministic, opening", open)]
}

fn medians<const N: usize>(mut runs: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut times: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    let begin = Instant::now();
    while begin.elapsed() < TIME {
        for (run, times) in runs.iter_mut().zip(&mut times) {
            // Several at a time, so that the clock does not count; asked only now and then, for it takes time itself.
            let since = Instant::now();
            let mut count = 0_u32;
            while since.elapsed() < Duration::from_micros(200) {
                for _ in 0..64 {
                    run();
                }
                count += 64;
            }
            times.push(since.elapsed().as_secs_f64() / f64::from(count));
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}
