//! Signed beacons through updates of sealed attributes: they say what the item says after the update.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::sync::Arc;

use dynaseal_core::{
    AttributeValue, BeaconKey, HEAD, Item, ItemEncryptor, PlaintextPolicy, RawAesKeyring, TableConfig,
};
use dynaseal_ops::update::{Attempt, SealedUpdate, Write};
use dynaseal_ops::{Expressions, Measure, OperationError, Refusal, SealedTable};
use dynaseal_search::{BeaconKeys, CompoundBeacon, SearchConfig, StandardBeacon};
use dynaseal_testkit::block_on;

fn table(policy: PlaintextPolicy) -> Arc<SealedTable> {
    let config = TableConfig::builder("people", "id").encrypt(["name"]).sign(["ward", "bed"]).plaintext_policy(policy);
    let keyring = RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap();
    let search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap()))
        .standard(StandardBeacon::new("name", 12))
        .compound(CompoundBeacon::new("place", '.').signed("ward", "W-").signed("bed", "B-"))
        .compound(CompoundBeacon::new("spot", '.').signed("ward", "W-"));
    let encryptor = ItemEncryptor::new(config.build().unwrap(), keyring);
    Arc::new(SealedTable::new("people", encryptor).with_search(search).unwrap())
}

fn sealing() -> Arc<SealedTable> {
    table(PlaintextPolicy::ForbidPlaintextWriteForbidPlaintextRead)
}

fn item(pairs: &[(&str, &str)]) -> Item {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), AttributeValue::S((*value).to_owned()))).collect()
}

fn stored(table: &SealedTable) -> Item {
    block_on(table.seal(item(&[("id", "p-1"), ("name", "Ada"), ("ward", "north"), ("bed", "7")]))).unwrap()
}

fn update(table: &Arc<SealedTable>, stored: Item, text: &str, value: &str) -> Result<Attempt, OperationError> {
    let values = if value.is_empty() { Item::new() } else { item(&[(":v", value)]) };
    let expressions = Expressions { update: Some(text.to_owned()), values, ..Expressions::default() };
    let update = SealedUpdate::new(table, item(&[("id", "p-1")]), expressions)?;
    let mut measure = Measure::default();
    let opened = block_on(update.open(Some(stored), &mut measure))?;
    block_on(update.seal(opened, &mut measure))
}

/// What the request sets, and what it removes.
fn written(attempt: &Attempt) -> (Item, Vec<String>) {
    let Write::Update { expressions } = &attempt.write else { panic!("{attempt:?}") };
    let text = expressions.update.clone().unwrap_or_default();
    let (set, remove) = text.split_once("REMOVE ").unwrap_or((&text, ""));
    let name = |placeholder: &str| expressions.names[placeholder].clone();
    let pair = |pair: &str| {
        let (placeholder, value) = pair.split_once('=').unwrap();
        (name(placeholder), expressions.values[value].clone())
    };
    let set = set.trim().strip_prefix("SET ").unwrap_or_default();
    let removed = remove.split(',').map(str::trim).filter(|part| !part.is_empty()).map(name);
    (set.split(',').map(pair).collect(), removed.collect())
}

#[test]
fn they_are_made_anew_where_a_part_changes() {
    let table = sealing();
    let before = stored(&table);
    assert_eq!((&before["place"], &before["spot"]), (&"W-north.B-7".into(), &"W-north".into()));

    let attempt = update(&table, before.clone(), "SET bed = :v", "8").unwrap();
    assert_eq!(attempt.after["place"], "W-north.B-8".into());
    let (set, removed) = written(&attempt);
    assert_eq!(set.get("place"), Some(&"W-north.B-8".into()));
    assert_eq!(set.get("spot"), None, "it is as it was");
    assert!(set.contains_key(HEAD) && removed.is_empty());

    let attempt = update(&table, before.clone(), "SET ward = :v", "south").unwrap();
    let (set, _) = written(&attempt);
    assert_eq!((&set["place"], &set["spot"]), (&"W-south.B-7".into(), &"W-south".into()));

    // Where nothing is left to make one from, it is gone.
    let attempt = update(&table, before, "REMOVE ward, bed", "").unwrap();
    let (_, mut removed) = written(&attempt);
    removed.sort_unstable();
    assert_eq!(removed, ["bed", "place", "spot", "ward"]);
    assert!(!attempt.after.contains_key("place") && !attempt.after.contains_key("spot"));
}

#[test]
fn one_that_is_set_by_hand_has_to_be_right() {
    let table = sealing();
    let refused = update(&table, stored(&table), "SET place = :v", "W-south.B-7").unwrap_err();
    assert!(matches!(refused.refusal(), Refusal::Beacons { .. }), "{refused:?}");
    let attempt = update(&table, stored(&table), "SET place = :v", "W-north.B-7").unwrap();
    assert_eq!(attempt.after["place"], "W-north.B-7".into());
}

#[test]
fn where_no_records_are_written_none_is_taken_away() {
    let table = table(PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead);
    let plain = item(&[("id", "p-1"), ("name", "Ada"), ("ward", "north"), ("bed", "7"), ("place", "W-north.B-7")]);
    let attempt = update(&table, plain, "SET ward = :v", "south").unwrap();
    let (set, removed) = written(&attempt);
    assert_eq!((set.get("ward"), removed), (Some(&"south".into()), vec![]));
    assert_eq!(attempt.after["place"], "W-north.B-7".into());
    assert!(attempt.head.is_none());
}
