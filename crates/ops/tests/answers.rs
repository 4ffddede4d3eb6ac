//! What is made of answers: which entry is which, which item was asked for, and what an index brings.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::sync::Arc;

use dynaseal_core::{
    AttributeValue, BeaconKey, Item, ItemEncryptor, PlaintextPolicy, RawAesKeyring, TableConfig, item_size,
};
use dynaseal_ops::operation::{DeleteItem, GetItem, OpenReasons, Query, Scan, TransactGet, TransactWrite};
use dynaseal_ops::{Expressions, Measure, Refusal, SealedTable};
use dynaseal_search::{BeaconKeys, SearchConfig, StandardBeacon};
use dynaseal_testkit::block_on;

fn plain_table() -> Arc<SealedTable> {
    let config = TableConfig::builder("people", "id")
        .encrypt(["name"])
        .sign(["ward"])
        .plaintext_policy(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead);
    let keyring = RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap();
    Arc::new(SealedTable::new("people", ItemEncryptor::new(config.build().unwrap(), keyring)))
}

fn searched(partitions: Option<u8>) -> Arc<SealedTable> {
    let config = TableConfig::builder("people", "id").encrypt(["name"]).sign(["ward"]).build().unwrap();
    let keyring = RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap();
    let keys = BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap());
    let mut search = SearchConfig::new(keys).standard(StandardBeacon::new("name", 12));
    if let Some(partitions) = partitions {
        search = search.maximum_partitions(partitions);
    }
    Arc::new(SealedTable::new("people", ItemEncryptor::new(config, keyring)).with_search(search).unwrap())
}

fn item(pairs: &[(&str, AttributeValue)]) -> Item {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn key() -> Item {
    item(&[("id", "p-1".into())])
}

#[test]
fn entries_of_transactions_are_told_apart_by_their_place() {
    let table = plain_table();
    let check = DeleteItem { key: key(), expressions: Expressions::default() };
    let (_, open) = TransactWrite::check(check, &table).unwrap();
    let reasons = OpenReasons::new(vec![None, Some(open)]);
    assert_eq!([0, 1, 2].map(|index| reasons.is_sealed(index)), [false, true, false]);
    assert!(reasons.check_count(2).is_ok());
    for found in [0, 1, 3] {
        let error = reasons.check_count(found).unwrap_err();
        assert!(matches!(error.refusal(), Refusal::Count { expected: 2, found: of } if *of == found), "{error:?}");
    }

    let get = GetItem { key: key(), expressions: Expressions::default() };
    let (_, open) = TransactGet { entries: vec![None, Some((Arc::clone(&table), get))] }.seal().unwrap();
    assert_eq!([0, 1, 2].map(|index| open.is_sealed(index)), [false, true, false]);
    let mut measure = Measure::default();
    for items in [vec![], vec![None], vec![None, None, None]] {
        let error = block_on(open.open(items.clone(), &mut measure)).unwrap_err();
        let found = items.len();
        assert!(matches!(error.refusal(), Refusal::Count { expected: 2, found: of } if *of == found), "{error:?}");
    }
    let sealed = block_on(table.seal(item(&[("id", "p-1".into()), ("name", "Ada".into())]))).unwrap();
    let items = block_on(open.open(vec![Some(sealed.clone()), Some(sealed.clone())], &mut measure)).unwrap();
    assert_eq!(items[0].as_ref(), Some(&sealed), "not of this table: as it came");
    assert_eq!(items[1].as_ref().unwrap()["name"], "Ada".into());
}

#[test]
fn an_index_that_has_only_parts_is_told_from_an_item_that_was_changed() {
    let table = plain_table();
    let scan = Scan { index: Some("by-ward".to_owned()), ..Scan::default() };
    let (_, page) = block_on(scan.seal(&table)).unwrap();
    let mut measure = Measure::default();
    let sealed = block_on(table.seal(item(&[("id", "p-1".into()), ("name", "Ada".into()), ("ward", "n".into())])));
    let mut part = sealed.unwrap();
    let mut changed = part.clone();
    part.retain(|name, _| name == "id" || name == "name");
    let error = block_on(page.open(vec![part], &mut measure)).unwrap_err();
    assert!(matches!(error.refusal(), Refusal::PartialIndex { .. }), "{error:?}");
    changed.insert("ward".to_owned(), "s".into());
    let error = block_on(page.open(vec![changed], &mut measure)).unwrap_err();
    assert!(matches!(error.refusal(), Refusal::Item(_)), "{error:?}");
    assert!(error.item().is_some());

    // Plain bytes that only begin like a sealed value, or only are as long as one.
    for bytes in [vec![0, 1], vec![255; 17], vec![7; 18], vec![4; 100]] {
        let plain = item(&[("id", "p-1".into()), ("name", AttributeValue::B(bytes))]);
        assert_eq!(block_on(page.open(vec![plain.clone()], &mut measure)).unwrap(), [plain]);
    }
    let looks_sealed = item(&[("id", "p-1".into()), ("name", AttributeValue::B(vec![0; 18]))]);
    assert!(block_on(page.open(vec![looks_sealed], &mut measure)).is_err());
}

#[test]
fn a_page_says_how_much_it_opened() {
    let table = plain_table();
    let (_, page) = block_on(Scan::default().seal(&table)).unwrap();
    for count in [0, 1, 2, 40] {
        let plain: Vec<Item> =
            (0..count).map(|number| item(&[("id", format!("p-{number}").into()), ("name", "Ada".into())])).collect();
        let sealed = plain.iter().map(|item| block_on(table.seal(item.clone())).unwrap()).collect();
        let mut measure = Measure::default();
        let opened = block_on(page.open(sealed, &mut measure)).unwrap();
        assert_eq!(opened, plain);
        let bytes: usize = plain.iter().map(item_size).sum();
        assert_eq!((measure.opened, measure.opened_bytes), (count, u64::try_from(bytes).unwrap()));
        assert_eq!(measure.sealed, 0);
    }
}

/// Only what an index brings may be a part: a whole plain item of the table is what it says, whatever its bytes look like.
#[test]
fn a_plain_item_of_the_table_is_not_taken_for_a_part() {
    let table = plain_table();
    let (_, page) = block_on(Scan::default().seal(&table)).unwrap();
    let plain = item(&[("id", "p-1".into()), ("name", AttributeValue::B(vec![0; 18]))]);
    let mut measure = Measure::default();
    assert_eq!(block_on(page.open(vec![plain.clone()], &mut measure)).unwrap(), [plain]);
}

fn by_name(select: Option<&str>) -> Scan {
    let values = item(&[(":n", "Ada".into())]);
    let expressions = Expressions { filter: Some("#n = :n".to_owned()), values, ..Expressions::default() };
    let names = [("#n".to_owned(), "name".to_owned())].into();
    Scan { select: select.map(str::to_owned), expressions: Expressions { names, ..expressions }, ..Scan::default() }
}

#[test]
fn what_beacons_answer_is_counted_here() {
    let table = searched(None);
    for (scan, filtered, counts) in [
        (by_name(Some("COUNT")), true, true),
        (by_name(Some("ALL_ATTRIBUTES")), true, false),
        (by_name(None), true, false),
        (Scan { select: Some("COUNT".to_owned()), ..Scan::default() }, false, false),
    ] {
        let selected = scan.select.clone();
        let (sent, page) = block_on(scan.seal(&table)).unwrap();
        assert_eq!((page.is_filtered(), page.counts_only()), (filtered, counts));
        // To be counted, the items have to come.
        assert_eq!(sent.select, if counts { None } else { selected });
    }
}

/// A projection waits until the items are opened, and `SPECIFIC_ATTRIBUTES` with it; whatever else is selected is not touched.
#[test]
fn only_what_goes_with_a_projection_is_taken_out_with_it() {
    let table = plain_table();
    for (select, projection, sent_select) in [
        (Some("SPECIFIC_ATTRIBUTES"), Some("name"), None),
        (Some("ALL_ATTRIBUTES"), Some("name"), Some("ALL_ATTRIBUTES")),
        (Some("SPECIFIC_ATTRIBUTES"), None, Some("SPECIFIC_ATTRIBUTES")),
        (None, Some("name"), None),
    ] {
        let expressions = Expressions { projection: projection.map(str::to_owned), ..Expressions::default() };
        let scan = Scan { select: select.map(str::to_owned), expressions, ..Scan::default() };
        let (sent, _) = block_on(scan.seal(&table)).unwrap();
        assert_eq!((sent.select.as_deref(), sent.expressions.projection), (sent_select, None), "{select:?}");
    }
}

#[test]
fn queries_are_as_many_as_partitions() {
    let query = || {
        let values = item(&[(":n", "Ada".into())]);
        let names = [("#n".to_owned(), "name".to_owned())].into();
        let expressions =
            Expressions { key_condition: Some("#n = :n".to_owned()), values, names, ..Default::default() };
        Query { scan: Scan { index: Some("by-name".to_owned()), expressions, ..Scan::default() } }
    };
    for (partitions, expected) in [(None, 1), (Some(5), 5)] {
        let table = searched(partitions);
        assert_eq!(query().queries(&table).unwrap(), expected);
        let (requests, _) = block_on(query().seal_all(&table)).unwrap();
        assert_eq!(requests.len(), usize::from(expected));
        for (index, request) in requests.iter().enumerate() {
            let others = requests.iter().skip(index + 1);
            let expressions = &request.scan.expressions;
            assert!(expressions.key_condition.as_deref().unwrap().contains("#n"));
            assert!(others.clone().all(|other| other.scan.expressions.values != expressions.values), "another beacon");
        }
    }
}

/// Whether the name stands in the text or behind a placeholder, DynamoDB is asked for the beacon and not for the attribute.
#[test]
fn a_key_condition_asks_for_the_beacon() {
    let table = searched(None);
    for (text, names) in [("#n = :n", vec![("#n", "name")]), ("name = :n", vec![])] {
        let names = names.into_iter().map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned())).collect();
        let values = item(&[(":n", "Ada".into())]);
        let expressions = Expressions { key_condition: Some(text.to_owned()), values, names, ..Default::default() };
        let query = Query { scan: Scan { index: Some("by-name".to_owned()), expressions, ..Scan::default() } };
        let (sent, _) = block_on(query.seal(&table)).unwrap();
        let Expressions { key_condition, names, values, .. } = sent.scan.expressions;
        let mut asked = key_condition.unwrap();
        names.iter().for_each(|(placeholder, name)| asked = asked.replace(placeholder.as_str(), name));
        assert!(asked.starts_with("aws_dbe_b_name"), "{asked}");
        assert!(!format!("{values:?}").contains("Ada"), "{values:?}");
    }
}
