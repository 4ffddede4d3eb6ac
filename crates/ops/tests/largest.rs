//! Where requests end: the last one that DynamoDB takes is made, and the next one is refused.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use dynaseal_core::{BeaconKey, Item, ItemEncryptor, MAX_ITEM_SIZE, RawAesKeyring, TableConfig, item_size};
use dynaseal_ops::{Refusal, SealedTable, WriteBack};
use dynaseal_search::{BeaconKeys, SearchConfig, StandardBeacon};
use dynaseal_testkit::block_on;

fn searched() -> SealedTable {
    let config = TableConfig::builder("people", "id").encrypt(["name", "notes"]).build().unwrap();
    let keyring = RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap();
    let keys = BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap());
    let search = SearchConfig::new(keys).standard(StandardBeacon::new("name", 12));
    SealedTable::new("people", ItemEncryptor::new(config, keyring)).with_search(search).unwrap()
}

#[test]
fn the_largest_item_with_its_beacons_is_sealed_and_one_byte_more_is_refused() {
    let table = searched();
    let item = |notes: usize| {
        let notes = "x".repeat(notes);
        Item::from([
            ("id".to_owned(), "p-1".into()),
            ("name".to_owned(), "Ada".into()),
            ("notes".to_owned(), notes.as_str().into()),
        ])
    };
    let around = item_size(&block_on(table.seal(item(1000))).unwrap()) - 1000;
    let most = MAX_ITEM_SIZE - around;
    let sealed = block_on(table.seal(item(most))).unwrap();
    assert_eq!(item_size(&sealed), MAX_ITEM_SIZE);
    assert!(sealed.contains_key("aws_dbe_b_name"));
    match block_on(table.seal(item(most + 1))).unwrap_err() {
        Refusal::TooLarge { key, size } => assert!(key.contains("p-1") && size == MAX_ITEM_SIZE + 1, "{key}: {size}"),
        other => panic!("{other}"),
    }
}

/// Up to the limit, a request; beyond it, none.
fn ends_at(most: usize, request: impl Fn(usize) -> WriteBack) {
    assert!(request(most).finish().is_some(), "{most}");
    assert!(request(most + 1).finish().is_none(), "{}", most + 1);
}

#[test]
fn expressions_end_at_dynamodbs_limits() {
    // 300 operators and functions in one expression: as many assignments, and half as many comparisons, for `AND` is one.
    ends_at(150, |count| {
        let mut request = WriteBack::default();
        (0..count).for_each(|number| request.unchanged(&format!("a{number}"), Some(&"b".into())));
        request
    });
    ends_at(150, |count| {
        let mut request = WriteBack::default();
        (0..10).for_each(|number| request.exists(&format!("a{number}")));
        (10..40).for_each(|number| request.unchanged(&format!("a{number}"), None));
        (40..count).for_each(|number| request.unchanged(&format!("a{number}"), Some(&"b".into())));
        request
    });
    ends_at(300, |count| {
        let mut request = WriteBack::default();
        (0..count).for_each(|number| request.set(&format!("a{number}"), "b".into()));
        request
    });
    ends_at(300, |count| {
        let mut request = WriteBack::default();
        (0..count).for_each(|number| request.remove(&format!("a{number}")));
        request
    });
    ends_at(300, |count| {
        let mut request = WriteBack::default();
        (0..200).for_each(|number| request.set(&format!("a{number}"), "b".into()));
        (200..count).for_each(|number| request.remove(&format!("a{number}")));
        request
    });
    // And 4,096 characters: as many of these would be few enough.
    let mut request = WriteBack::default();
    (0..150).for_each(|number| request.unchanged(&format!("a{number}"), None));
    assert!(request.finish().is_none());
}
