//! Records of other keys and configurations.

use dynaseal_core::{AttributeValue, BeaconKey, CryptoAction, Item, TableConfig, TableConfigBuilder};
use dynaseal_migrate::Source;
use dynaseal_ops::SealedTable;
use dynaseal_search::{BeaconKeys, CompoundBeacon, SearchConfig, StandardBeacon};

use crate::world::*;

/// Half of the table is of the target already, and stays to the byte; all else is sealed anew, once.
async fn moves(old: &SealedTable, new: &SealedTable, source: Source, check: impl Fn(&Item)) {
    let world = World::new();
    for number in 0..20 {
        world.db.put(&seal(if number % 2 == 0 { old } else { new }, person(number)));
    }
    let before = world.all();
    let migration = world.migration(source, new, options().prove(true));
    assert_eq!(sums(&run(&migration).await), [10, 10, 0, 0]);
    let after = world.all();
    for number in 0..20 {
        let key = dynaseal_core::json::to_string(&id(number));
        assert_eq!(after[&key] == before[&key], number % 2 == 1);
        check(&after[&key]);
        assert_eq!(open(new, after[&key].clone()), expected(new, number));
    }
    assert_eq!(sums(&run(&migration).await), [0, 20, 0, 0]);
    assert_eq!(world.all(), after);
    assert_eq!(world.count("UpdateItem"), 10);
}

/// A person, with the signed beacons that opening leaves.
fn expected(table: &SealedTable, number: usize) -> Item {
    let mut expected = person(number);
    for name in table.search().into_iter().flat_map(|search| search.signed_beacons()) {
        let AttributeValue::S(ward) = &expected["ward"] else { panic!("no text") };
        let beacon = AttributeValue::S(format!("W-{ward}"));
        expected.insert(name.to_owned(), beacon);
    }
    expected
}

#[tokio::test]
async fn to_another_key() {
    moves(&table(1), &table(2), Source::default().records(table(1)), |_| {}).await;
}

/// One keyring opens both, and the old recipient has to go nevertheless.
#[tokio::test]
async fn to_another_key_of_one_keyring() {
    let both = table_of(config(), several(&[2, 1]));
    moves(&table(2), &both, Source::default(), |_| {}).await;
    moves(&both, &table(2), Source::default(), |_| {}).await;
}

#[tokio::test]
async fn to_other_actions() {
    let of = |name: CryptoAction, ward: CryptoAction, seen: CryptoAction| {
        let config = TableConfig::builder(TABLE, "id").encrypt(["age", "notes"]).action("name", name);
        let config =
            if seen == CryptoAction::DoNothing { config.unsigned(["seen"]) } else { config.action("seen", seen) };
        table_of(config.action("ward", ward), aes(1))
    };
    use CryptoAction::{DoNothing, EncryptAndSign, SignOnly};
    let was = of(EncryptAndSign, SignOnly, DoNothing);
    let is_text = |item: &Item, name: &str| matches!(item[name], AttributeValue::S(_));
    let to = of(SignOnly, EncryptAndSign, DoNothing);
    moves(&was, &to, Source::default(), |item| assert!(is_text(item, "name") && !is_text(item, "ward"))).await;
    // What was not signed is opened by who knows that it was not.
    let to = of(EncryptAndSign, SignOnly, EncryptAndSign);
    moves(&was, &to, Source::default().records(was.clone()), |item| assert!(!is_text(item, "seen"))).await;
    let to = of(EncryptAndSign, SignOnly, SignOnly);
    moves(&was, &to, Source::default().records(was.clone()), |item| assert!(is_text(item, "seen"))).await;
    moves(&to, &was, Source::default().records(to.clone()), |item| assert!(is_text(item, "seen"))).await;
}

#[tokio::test]
async fn to_another_suite() {
    let (with, without) = (table(1), table_of(without_signature(config()), aes(1)));
    moves(&with, &without, Source::default(), |_| {}).await;
    moves(&without, &with, Source::default(), |_| {}).await;
}

#[tokio::test]
async fn to_a_context_of_more_attributes() {
    let in_context = TableConfig::builder(TABLE, "id")
        .encrypt(["name", "age", "notes"])
        .include_in_context(["id", "ward"])
        .unsigned(["seen"])
        .unsigned_prefix(":");
    moves(&table(1), &table_of(in_context, aes(1)), Source::default(), |_| {}).await;
}

#[tokio::test]
async fn with_and_without_beacons() {
    let (without, with) = (table(1), table(1).with_search(search()).unwrap());
    moves(&without, &with, Source::default(), |item| assert!(item.contains_key("aws_dbe_b_name"))).await;
    moves(&with, &without, Source::default(), |item| assert!(!item.contains_key("aws_dbe_b_name"))).await;
    // Of another key, of which the record itself says nothing.
    let other = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[9; 32]).unwrap()));
    let other = table(1).with_search(other.standard(StandardBeacon::new("name", 12))).unwrap();
    moves(&with, &other, Source::default(), |_| {}).await;
}

pub(crate) fn signed(name: &str) -> SearchConfig {
    let beacon = CompoundBeacon::new(name, '.').signed("ward", "W-");
    search().compound(beacon)
}

#[tokio::test]
async fn with_and_without_signed_beacons() {
    let (without, with) = (table(1), table(1).with_search(signed("where")).unwrap());
    moves(&without, &with, Source::default(), |item| assert!(item.contains_key("where"))).await;
    let source = Source::default().records(with.clone());
    moves(&with, &without, source, |item| assert!(!item.contains_key("where"))).await;
    let other = table(1).with_search(signed("place")).unwrap();
    let source = Source::default().records(with.clone());
    moves(&with, &other, source, |item| assert!(!item.contains_key("where") && item.contains_key("place"))).await;
}

/// A beacon that gets the name of an attribute does not take its place.
#[tokio::test]
async fn an_attribute_with_the_name_of_a_new_beacon_is_not_lost() {
    let config: fn() -> TableConfigBuilder = || config().sign(["where"]);
    let (old, new) = (table_of(config(), aes(1)), table(1).with_search(signed("where")).unwrap());
    let world = World::new();
    let mut person = person(1);
    person.insert("where".to_owned(), "in the garden".into());
    world.db.put(&seal(&old, person.clone()));
    world.db.put(&seal(&new, self::expected(&new, 2)));
    for source in [Source::default(), Source::default().records(old.clone())] {
        let report = run(&world.migration(source, &new, options().prove(true))).await;
        assert_eq!(sums(&report), [0, 1, 1, 0]);
        assert_eq!(open(&old, world.db.get(&id(1)).unwrap()), person);
    }
}

/// A beacon of before is an attribute with data now, beside another beacon or none.
#[tokio::test]
async fn what_was_a_beacon_and_is_an_attribute_now_stays() {
    let old = table(1).with_search(signed("where")).unwrap();
    let attribute = || table_of(config().sign(["where"]), aes(1));
    for new in [attribute(), attribute().with_search(signed("place")).unwrap()] {
        let world = World::new();
        world.db.put(&seal(&old, person(1)));
        let job = world.migration(Source::default().records(old.clone()), &new, options().prove(true));
        assert_eq!(sums(&run(&job).await), [1, 0, 0, 0]);
        let opened = open(&new, world.db.get(&id(1)).unwrap());
        assert_eq!(opened["where"], AttributeValue::S(format!("W-{SECRET} ward 1")));
        assert_eq!(sums(&run(&job).await), [0, 1, 0, 0]);
    }
}

/// Where the partition of beacons is drawn by lot, each is right.
#[tokio::test]
async fn beacons_in_partitions_are_current_in_any_of_them() {
    let world = World::new();
    let several = table(1).with_search(search().maximum_partitions(5)).unwrap();
    world.sealed_people(&several, 40);
    let migration = world.migration(Source::default(), &several, options());
    assert_eq!(sums(&run(&migration).await), [0, 40, 0, 0]);
    let fewer = table(1).with_search(search()).unwrap();
    let changed = run(&world.migration(Source::default(), &fewer, options())).await.counts.changed();
    assert!((20..40).contains(&changed), "{changed}");
}
