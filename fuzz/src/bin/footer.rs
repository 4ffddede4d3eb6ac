//! Any bytes are a footer that writes back to the same bytes, or an error.
#![no_main]

use dynaseal_core::AlgorithmSuite;
use dynaseal_core::format::Footer;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for suite in AlgorithmSuite::ALL {
        if let Ok(footer) = Footer::parse(bytes, suite) {
            assert_eq!(footer.to_bytes(), bytes);
        }
    }
});
