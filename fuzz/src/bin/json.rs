//! Any text is an item that writes and reads back, or an error.
#![no_main]

use dynaseal_core::json;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(item) = json::from_str(text) {
        assert_eq!(json::from_str(&json::to_string(&item)).as_ref(), Ok(&item));
    }
});
