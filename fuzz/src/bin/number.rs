//! Any text is a number whose normal form is its own normal form, or an error.
#![no_main]

use dynaseal_core::normalize_number;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(normal) = normalize_number(text) {
        assert_eq!(normalize_number(&normal).as_ref(), Ok(&normal));
        assert!(normal.len() <= 1 + 2 + 129 + 38);
    }
});
