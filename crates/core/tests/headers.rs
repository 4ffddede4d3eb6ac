//! What a header says to those who have no key, and what a caller reads of an encryption context.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use dynaseal_core::format::Header;
use dynaseal_core::{
    AttributeValue, CryptoAction, EncryptionContext, ErrorKind, FOOT, HEAD, Inspection, Item, ItemEncryptor,
    RawAesKeyring, TableConfig, is_of_other_branch_key,
};
use dynaseal_testkit::block_on;
use dynaseal_testkit::config::hex;

/// Provider id and provider info of each.
type Recipients<'a> = &'a [(&'a str, &'a [u8])];

/// A header of version 2 with these pairs in its context and these recipients.
fn header(context: &[(&str, &str)], recipients: Recipients<'_>) -> Vec<u8> {
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
    let cases: [(Recipients<'_>, Option<&str>); 9] = [
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

fn encryptor() -> ItemEncryptor {
    let config = TableConfig::builder("table", "pk").encrypt(["secret", "second"]).sign(["plain"]).unsigned(["free"]);
    ItemEncryptor::new(config.build().unwrap(), RawAesKeyring::new("ns", "key", &[1; 32]).unwrap())
}

fn sealed() -> Item {
    let names = ["pk", "secret", "second", "plain", "free"];
    let item = names.map(|name| (name.to_owned(), name.into())).into();
    let sealed = block_on(encryptor().encrypt_item(item)).unwrap().item;
    sealed.into_iter().chain([("aws_dbe_b_secret".to_owned(), "beacon".into())]).collect()
}

fn without(item: &Item, name: &str) -> Item {
    item.clone().into_iter().filter(|(other, _)| other != name).collect()
}

#[test]
fn which_of_header_and_footer_is_missing() {
    let (encryptor, sealed) = (encryptor(), sealed());
    let as_text = |name: &str| without(&sealed, name).into_iter().chain([(name.to_owned(), "text".into())]).collect();
    let cases = [
        (without(&sealed, HEAD), HEAD),
        (as_text(HEAD), HEAD),
        (without(&sealed, FOOT), FOOT),
        (as_text(FOOT), FOOT),
        (without(&as_text(HEAD), FOOT), HEAD),
        (without(&as_text(FOOT), HEAD), HEAD),
    ];
    for (item, expected) in cases {
        let opened = block_on(encryptor.decrypt_item(item.clone())).unwrap_err();
        let prepared = block_on(encryptor.prepare(item.clone())).unwrap_err();
        let inspected = encryptor.inspect(&item).unwrap_err();
        assert_eq!((opened.table(), inspected.table()), ("table", "table"));
        for error in [opened, prepared, inspected] {
            assert!(matches!(error.kind(), ErrorKind::Incomplete { name } if *name == expected), "{}", error.kind());
        }
    }
    let neither = without(&without(&sealed, HEAD), FOOT);
    assert!(matches!(encryptor.inspect(&neither).unwrap_err().kind(), ErrorKind::NotSealed { .. }));
}

/// Of a record that was changed, nobody can say any more which letter of the legend belongs to which attribute.
#[test]
fn actions_are_told_only_where_the_legend_fits() {
    use CryptoAction::{DoNothing, EncryptAndSign, SignOnly};
    let (encryptor, sealed) = (encryptor(), sealed());
    let told =
        |item: &Item, config: Option<&TableConfig>| -> Vec<(String, Option<CryptoAction>, Option<&'static str>)> {
            let inspection = Inspection::new(item, config).unwrap();
            assert_eq!(inspection.signed_attributes, 4);
            inspection.attributes.into_iter().map(|one| (one.name, one.action, one.type_name)).collect()
        };
    let row = |name: &str, action, type_name| (name.to_owned(), action, Some(type_name));
    let beacon = row("aws_dbe_b_secret", Some(DoNothing), "S");
    let whole = [
        beacon.clone(),
        row("free", Some(DoNothing), "S"),
        row("pk", Some(SignOnly), "S"),
        row("plain", Some(SignOnly), "S"),
        row("second", Some(EncryptAndSign), "S"),
        row("secret", Some(EncryptAndSign), "S"),
    ];
    assert_eq!(told(&sealed, Some(encryptor.config())), whole);
    // Without a configuration, nobody says that one is unsigned: five for four letters.
    let unknown = ["free", "pk", "plain"].map(|name| row(name, None, "S"));
    let binary = ["second", "secret"].map(|name| row(name, None, "B"));
    let rows = std::iter::once(beacon.clone()).chain(unknown).chain(binary.clone()).collect::<Vec<_>>();
    assert_eq!(told(&sealed, None), rows);
    // One less than there were.
    let rows = [beacon, row("free", Some(DoNothing), "S"), row("pk", None, "S"), binary[0].clone(), binary[1].clone()];
    assert_eq!(told(&without(&sealed, "plain"), Some(encryptor.config())), rows);
    // A stored value that is shorter than a type id has no type.
    let cut: Item = sealed.into_iter().chain([("secret".to_owned(), vec![0].into())]).collect();
    assert_eq!(told(&cut, Some(encryptor.config()))[5], ("secret".to_owned(), Some(EncryptAndSign), None));
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
    assert_eq!(format!("{context:?}"), r#"{"a", "b"}"#);
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
    assert_eq!(format!("{context:?}"), r#"{"purpose", "tenant"}"#);
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
