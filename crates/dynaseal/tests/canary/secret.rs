//! The canary: as a text, a number, bytes, a name in a map, and an element of a set.

use std::collections::HashMap;
use std::sync::OnceLock;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue as Sdk;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use dynaseal::{Item, sdk};

pub(crate) type SdkItem = HashMap<String, Sdk>;

/// A text that stands nowhere else. It can be a bare name in expressions.
pub(crate) const TEXT: &str = "cAnArY7q9Zx2Lw5Tb8RkM3vK";

/// A number that stands nowhere else.
pub(crate) const NUMBER: &str = "739104628851973046127593";

/// Bytes that are no text.
pub(crate) const BYTES: [u8; 24] = *b"\x8f\xe1Qz\x07\xbbW9\xd4m\xf0\x1cK\xa6s\x92\x0ePy\xc8\x3d\xeaU\x9f";

/// The attributes that hold it, all of them encrypted.
pub(crate) const ENCRYPTED: [&str; 8] = ["text", "number", "bytes", "map", "list", "texts", "numbers", "blobs"];

pub(crate) fn s(text: &str) -> Sdk {
    Sdk::S(text.to_owned())
}

pub(crate) fn n(number: &str) -> Sdk {
    Sdk::N(number.to_owned())
}

/// An item with the canary in every encrypted attribute, and in no other.
pub(crate) fn item(id: &str) -> SdkItem {
    let map = Sdk::M([(TEXT.to_owned(), Sdk::M([("inner".to_owned(), s(TEXT))].into()))].into());
    [
        ("id", s(id)),
        ("ward", s("north")),
        ("seen", n("0")),
        ("text", s(TEXT)),
        ("number", n(NUMBER)),
        ("bytes", Sdk::B(Blob::new(BYTES))),
        ("map", map),
        ("list", Sdk::L(vec![s(TEXT), n(NUMBER)])),
        ("texts", Sdk::Ss(vec![TEXT.to_owned(), "other".to_owned()])),
        ("numbers", Sdk::Ns(vec![NUMBER.to_owned()])),
        ("blobs", Sdk::Bs(vec![Blob::new(BYTES)])),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// The same, as the library knows it.
pub(crate) fn plain(id: &str) -> Item {
    sdk::from_sdk(item(id)).unwrap()
}

pub(crate) fn key(id: &str) -> SdkItem {
    [("id".to_owned(), s(id))].into()
}

/// How a text shows the canary: `None` if it does not. Half of it in any spelling is enough, for messages cut what is long.
pub(crate) fn shown_in(text: &str) -> Option<&'static str> {
    static NEEDLES: OnceLock<Vec<String>> = OnceLock::new();
    let needles = NEEDLES.get_or_init(|| {
        let secrets = [TEXT.as_bytes(), NUMBER.as_bytes(), &BYTES];
        secrets.into_iter().flat_map(|of| [&of[..12], &of[12..]]).flat_map(spellings).collect()
    });
    // Pretty printers break lists over lines.
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    needles.iter().find(|needle| text.contains(needle.as_str())).map(String::as_str)
}

/// As text, hexadecimal, a list of bytes, and Base64 wherever it may begin in a longer one.
fn spellings(half: &[u8]) -> Vec<String> {
    let hex = |byte: &u8| format!("{byte:02x}");
    let lower: String = half.iter().map(hex).collect();
    let list: Vec<String> = half.iter().map(u8::to_string).collect();
    let mut spellings = vec![lower.to_uppercase(), lower, list.join(",")];
    spellings.extend(std::str::from_utf8(half).map(str::to_owned));
    for before in 0..3 {
        let padded = [&vec![0; before], half].concat();
        // Without the characters that what stands around it changes.
        let (from, to) = ([0, 2, 3][before], padded.len() * 8 / 6);
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            spellings.push(encoded[from..to].to_owned());
        }
    }
    spellings
}

#[test]
fn it_is_recognised_in_every_spelling() {
    for secret in [TEXT.as_bytes(), NUMBER.as_bytes(), &BYTES] {
        for before in ["", "a", "ab", "abc"] {
            let long = [before.as_bytes(), secret, b"behind"].concat();
            assert!(shown_in(&STANDARD_NO_PAD.encode(&long)).is_some());
            assert!(shown_in(&format!("{long:?}")).is_some());
            assert!(shown_in(&format!("{long:#?}")).is_some());
            let hex: String = long.iter().map(|byte| format!("{byte:02X}")).collect();
            assert!(shown_in(&hex).is_some());
        }
    }
    assert!(shown_in(&format!("{:?}", item("a"))).is_some());
    assert!(shown_in(&format!("a text with {}…", &TEXT[..20])).is_some());
    assert_eq!(shown_in("a text without it"), None);
}
