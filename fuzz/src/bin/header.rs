//! Any bytes are a header that writes back to the same bytes, or an error.
#![no_main]

use dynaseal_core::format::Header;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = Header::parse(bytes) {
        assert_eq!(header.to_bytes(), bytes);
        assert_eq!(header.actions().len(), header.legend.len());
        assert_eq!(header.context.iter().count(), header.context.len());
    }
});
