//! Any bytes are a value that writes back to the same bytes, or an error.
//!
//! Two liberties of the reader, which it takes for the sake of older clients, are allowed for: sets and maps may be out
//! of order, and numbers may not be in their normal form. Whatever it is, what is written reads back and stays.
#![no_main]

use dynaseal_core::AttributeValue;
use dynaseal_core::format::{read_value, type_id, write_value};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((id, content)) = bytes.split_first_chunk::<2>() else { return };
    let Ok(value) = read_value(*id, content) else { return };
    assert_eq!(type_id(&value), *id);
    let mut written = Vec::new();
    if write_value(&value, &mut written).is_err() {
        assert!(has_number(&value), "only a number can be read that can not be written");
        return;
    }
    let again = read_value(*id, &written).expect("what is written reads back");
    let mut written_again = Vec::new();
    write_value(&again, &mut written_again).expect("what was written once is written again");
    assert_eq!(written_again, written);
    if again == value {
        assert_eq!(written.len(), content.len());
        if !has_map(&value) {
            assert_eq!(written, content);
        }
    }
});

fn has_number(value: &AttributeValue) -> bool {
    any(value, &|value| matches!(value, AttributeValue::N(_) | AttributeValue::Ns(_)))
}

/// With more than one key, so that there is an order.
fn has_map(value: &AttributeValue) -> bool {
    any(value, &|value| matches!(value, AttributeValue::M(map) if map.len() > 1))
}

fn any(value: &AttributeValue, is: &impl Fn(&AttributeValue) -> bool) -> bool {
    is(value)
        || match value {
            AttributeValue::L(list) => list.iter().any(|value| any(value, is)),
            AttributeValue::M(map) => map.values().any(|value| any(value, is)),
            _ => false,
        }
}
