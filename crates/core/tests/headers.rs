//! What a header says to those who have no key, and what a caller reads of an encryption context.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use dynaseal_core::format::Header;
use dynaseal_core::{AttributeValue, EncryptionContext, HEAD, Item, is_of_other_branch_key};
use dynaseal_testkit::config::hex;

/// A header of version 2 with these pairs in its context and these recipients: provider id and provider info.
fn header(context: &[(&str, &str)], recipients: &[(&str, &[u8])]) -> Vec<u8> {
    let short = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let mut out = [&[2, 0][..], &[7; 32], b"\0\x01s"].concat();
    out.extend(u16::try_from(context.len()).unwrap().to_be_bytes());
    out.extend(context.iter().flat_map(|(key, value)| [short(key.as_bytes()), short(value.as_bytes())].concat()));
    out.push(u8::try_from(recipients.len()).unwrap());
    for (provider_id, provider_info) in recipients {
        out.extend([short(provider_id.as_bytes()), short(provider_info), short(&[5; 140])].concat());
    }
    out.extend([9; 32]);
    out
}

/// Queries by a tenant's beacon drop items by this: it names a branch key exactly if nobody else can open the record.
#[test]
fn the_branch_key_of_a_header_is_that_of_its_only_recipient() {
    const HIERARCHY: &str = "aws-kms-hierarchy";
    let cases: [(&[(&str, &[u8])], Option<&str>); 9] = [
        (&[(HIERARCHY, b"tenant-a")], Some("tenant-a")),
        (&[(HIERARCHY, b"")], Some("")),
        (&[(HIERARCHY, "ten\u{e4}nt".as_bytes())], Some("ten\u{e4}nt")),
        (&[(HIERARCHY, b"tenant-\xff")], None),
        (&[("aws-kms", b"tenant-a")], None),
        (&[("aws-kms-hierarchy2", b"tenant-a")], None),
        (&[(HIERARCHY, b"tenant-a"), (HIERARCHY, b"tenant-a")], None),
        (&[(HIERARCHY, b"tenant-a"), ("ns", b"name")], None),
        (&[("ns", b"name"), (HIERARCHY, b"tenant-a")], None),
    ];
    for (recipients, expected) in cases {
        let bytes = header(&[], recipients);
        assert_eq!(Header::parse(&bytes).unwrap().branch_key_id(), expected, "{recipients:?}");
        let item = Item::from([(HEAD.to_owned(), AttributeValue::B(bytes))]);
        for tenant in ["tenant-a", "tenant-b", ""] {
            let is_other = is_of_other_branch_key(&item, tenant);
            assert_eq!(is_other, expected != Some(tenant), "{recipients:?} {tenant}");
        }
    }
    // What says nothing is not said to be another's.
    for item in [Item::new(), [(HEAD.to_owned(), "text".into())].into(), [(HEAD.to_owned(), vec![2, 0].into())].into()]
    {
        assert!(!is_of_other_branch_key(&item, "tenant-a"));
    }
}

#[test]
fn the_stored_context_of_a_header() {
    let one = |info: &'static [u8]| [("ns", info)];
    let bytes = header(&[], &one(b"n"));
    let context = Header::parse(&bytes).unwrap().context;
    assert!(context.is_empty());
    assert_eq!((context.len(), context.iter().next(), context.get("a")), (0, None, None));
    assert_eq!(format!("{context:?}"), "{}");

    let bytes = header(&[("a", "1"), ("b", "")], &one(b"n"));
    let context = Header::parse(&bytes).unwrap().context;
    assert!(!context.is_empty());
    assert_eq!((context.len(), context.get("a"), context.get("b"), context.get("c")), (2, Some("1"), Some(""), None));
    assert_eq!(context.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "")]);
    assert_eq!(format!("{context:?}"), r#"{"a": "1", "b": ""}"#);
}

#[test]
fn a_context_of_the_caller() {
    let mut context = EncryptionContext::new();
    assert!(context.is_empty() && EncryptionContext::default() == context);
    assert_eq!(format!("{context:?}"), "{}");
    for (key, value) in [("tenant", "acme"), ("purpose", "billing"), ("tenant", "acme")] {
        context.insert(key, value).unwrap();
    }
    assert!(!context.is_empty());
    assert_eq!((context.len(), context.get("tenant"), context.get("other")), (2, Some("acme"), None));
    assert_eq!(format!("{context:?}"), r#"{"purpose": "billing", "tenant": "acme"}"#);
}

/// SHA-384 by Python's `hashlib`: of nothing, and of the canonical form written out by hand.
#[test]
fn the_hash_of_a_context() {
    let mut context = EncryptionContext::new();
    let empty = "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b";
    assert_eq!(context.sha384().as_slice(), hex(empty));
    context.insert("tenant", "acme").unwrap();
    context.insert("purpose", "billing").unwrap();
    assert_eq!(context.canonical(), b"\0\x02\0\x07purpose\0\x07billing\0\x06tenant\0\x04acme");
    assert_eq!(context.sha384().as_slice(), hex(TWO_PAIRS));
}
const TWO_PAIRS: &str =
    "f54c874be03a4919d2b735382bcc42ec2bf5bbf14c9b1c182da895f8df12b9baa75fc5e44ba5268cee0b92e9a1c48674";
