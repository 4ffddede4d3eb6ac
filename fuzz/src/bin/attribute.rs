//! Any bytes are a sealed attribute that writes back as the same bytes, or an error; nothing but what was sealed opens; and
//! what is sealed opens to the same value.
#![no_main]

use std::sync::LazyLock;

use dynaseal_core::format::read_value;
use dynaseal_core::{
    AttributeKeys, AttributeRoot, AttributeValue, DeterministicAttribute, ItemBinding, ParsedAttribute,
    RandomisedAttribute, normal_form,
};

struct Attributes {
    randomised: RandomisedAttribute,
    deterministic: DeterministicAttribute,
    item: ItemBinding,
    sealed: [Vec<u8>; 2],
}

static ATTRIBUTES: LazyLock<Attributes> = LazyLock::new(|| {
    let root = |id, byte| AttributeRoot::from_bytes(id, &[byte; 32]).expect("a good id");
    let keys = AttributeKeys::new(root("k", 1)).and_reads(root("l", 2)).expect("two ids");
    let randomised = keys.randomised("t", "a").expect("keys");
    let deterministic = keys.deterministic("t", "a").expect("keys");
    let item = ItemBinding::new(("pk", &"a".into()), None).expect("a good key");
    let value = AttributeValue::from("sealed");
    let sealed = [randomised.seal(&value, &item), deterministic.seal(&value)].map(|sealed| sealed.expect("it seals"));
    Attributes { randomised, deterministic, item, sealed }
});

// The first byte says what is done, the second where; the rest is what it is done with.
libfuzzer_sys::fuzz_target!(|input: (u8, u8, &[u8])| {
    let (what, at, bytes) = input;
    match what % 4 {
        0 => any_bytes(bytes),
        // Over the end of what was sealed.
        which @ (1 | 2) => {
            let sealed = &ATTRIBUTES.sealed[usize::from(which) - 1];
            let kept = sealed.get(..usize::from(at)).unwrap_or(sealed);
            any_bytes(&[kept, bytes].concat());
        }
        _ => round_trip(bytes),
    }
});

fn any_bytes(bytes: &[u8]) {
    let Attributes { randomised, deterministic, item, sealed } = &*ATTRIBUTES;
    let opens = randomised.open(bytes, item).is_ok() || deterministic.open(bytes).is_ok();
    assert_eq!(opens, sealed.iter().any(|sealed| sealed == bytes));
    let parsed = ParsedAttribute::parse(bytes);
    assert_eq!(parsed.is_ok(), randomised.is_active(bytes).is_ok() || deterministic.is_active(bytes).is_ok());
    let Ok(parsed) = parsed else { return };
    assert!(ParsedAttribute::is_marked(bytes));
    let mut written = Vec::new();
    parsed.write(&mut written);
    assert_eq!(written, bytes);
    assert!(parsed.plaintext_length() < bytes.len());
}

fn round_trip(bytes: &[u8]) {
    let Attributes { randomised, deterministic, item, .. } = &*ATTRIBUTES;
    let Some((id, content)) = bytes.split_first_chunk::<2>() else { return };
    let Ok(value) = read_value(*id, content) else { return };
    let Ok(sealed) = randomised.seal(&value, item) else {
        // What can be read and not written has a number that is none.
        assert!(deterministic.seal(&value).is_err());
        return;
    };
    let normal = normal_form(&value).expect("it was sealed");
    let opened = randomised.open(&sealed, item).expect("it was sealed for this");
    assert_eq!(normal_form(&opened).expect("it was sealed"), normal);
    let sealed = deterministic.seal(&value).expect("the other mode did");
    assert_eq!(deterministic.seal(&opened).expect("it was sealed"), sealed);
    let opened = deterministic.open(&sealed).expect("it was sealed for this");
    assert_eq!(normal_form(&opened).expect("it was sealed"), normal);
}
