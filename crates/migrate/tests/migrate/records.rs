//! Plain items become records, and records plain items.

use std::sync::Arc;

use dynaseal_core::{AttributeValue, Item, PlaintextPolicy, TableConfig};
use dynaseal_migrate::{Keys, Migration, Observer, Shard, Source, Target};
use dynaseal_ops::SealedTable;
use dynaseal_testkit::random::Items;

use crate::world::*;

const NAMES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "sa", "sb", "da", ":x"];

/// Names that begin with `s` are signed, `d` unsigned, all others encrypted.
fn wide(sort_key: Option<&str>) -> SealedTable {
    let config = TableConfig::builder(TABLE, "id")
        .encrypt(["a", "b", "c", "d", "e", "f", "g", "h"])
        .sign(["sa", "sb"])
        .unsigned(["da"])
        .unsigned_prefix(":")
        .plaintext_policy(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead);
    table_of(
        match sort_key {
            Some(name) => config.sort_key(name),
            None => config,
        },
        aes(1),
    )
}

/// Items of all types, numbers in many spellings.
fn fill(world: &World, key: impl Fn(usize) -> Item, count: usize) {
    let mut items = Items::new(7);
    for number in 0..count {
        let mut item = key(number);
        for name in NAMES {
            if items.below(3) > 0 {
                item.insert(name.to_owned(), items.value(4));
            }
        }
        world.db.put(&item);
    }
    let mut odd = key(count);
    odd.extend(item([
        ("a", "".into()),
        ("b", AttributeValue::B(Vec::new())),
        ("c", AttributeValue::L(Vec::new())),
        ("d", AttributeValue::M([(".".to_owned(), AttributeValue::Null(true))].into())),
        ("e", AttributeValue::N("001.50E+3".to_owned())),
        ("f", AttributeValue::Ns(["1.0", "-0", "2e2", "1e-130"].map(str::to_owned).to_vec())),
        ("g", AttributeValue::Bs(vec![Vec::new(), vec![0], vec![0, 0]])),
        ("h", AttributeValue::Ss(vec!["é".to_owned(), String::from("𝒳"), "\u{e000}".to_owned()])),
        ("sa", AttributeValue::Null(true)),
        ("sb", AttributeValue::Bool(false)),
        ("da", AttributeValue::N("-0.0".to_owned())),
    ]));
    world.db.put(&odd);
    // Nothing but a key.
    world.db.put(&key(count + 1));
}

async fn all_become_records(world: &World, table: &SealedTable, count: u64) {
    let before = world.plain();
    let migration = world.migration(Source::default().plain(), table, options().page_size(50).prove(true));
    let plan = migration.plan(&nobody()).await.unwrap();
    assert_eq!(world.writes(), 0);
    assert_eq!(world.plain(), before);
    let notes = Arc::new(Notes::default());
    let observer: Arc<dyn Observer> = notes.clone();
    let done = migration.run(&observer).await.unwrap();
    assert_eq!(sums(&plan), [count, 0, 0, 0]);
    assert_eq!(sums(&done), [count, 0, 0, 0]);
    assert_eq!(done.counts.changed["plain"], count);
    // Signatures differ by a byte or two from one sealing to the next.
    let (planned, did) = (plan.counts.bytes_after, done.counts.bytes_after);
    assert!(planned.abs_diff(did) <= 8 * count, "{planned} {did}");
    assert_eq!(plan.counts.bytes_before, done.counts.bytes_before);
    assert_eq!(notes.counts.lock().unwrap().changed(), count);
    assert_eq!(world.count("UpdateItem"), usize::try_from(count).unwrap());
    assert_eq!(world.opened(table), before);

    let stored = world.all();
    let again = run(&migration).await;
    assert_eq!(sums(&again), [0, count, 0, 0]);
    assert_eq!(world.count("UpdateItem"), usize::try_from(count).unwrap());
    assert_eq!(world.all(), stored);
}

#[tokio::test]
async fn every_type_comes_through_under_text_keys() {
    let world = World::new();
    fill(&world, id, 90);
    all_become_records(&world, &wide(None), 92).await;
}

#[tokio::test]
async fn every_type_comes_through_under_two_keys() {
    let world = World::keyed(&[("id", "B"), ("sort", "N")]);
    let key = |number: usize| {
        let partition = AttributeValue::B(vec![0, u8::try_from(number % 9).unwrap()]);
        // Negative, fractions, and far apart.
        let sort = AttributeValue::N(format!("-{number}.50e{}", number % 40));
        item([("id", partition), ("sort", sort)])
    };
    fill(&world, key, 40);
    all_become_records(&world, &wide(Some("sort")), 42).await;
}

#[tokio::test]
async fn every_type_comes_through_under_numbers_and_text() {
    let world = World::keyed(&[("id", "N"), ("sort", "S")]);
    let key = |number: usize| {
        item([("id", AttributeValue::N(format!("{}.0", number % 11))), ("sort", format!("{number} é").into())])
    };
    fill(&world, key, 40);
    all_become_records(&world, &wide(Some("sort")), 42).await;
}

#[tokio::test]
async fn records_become_plaintext_again() {
    let world = World::new();
    let table = wide(None);
    fill(&world, id, 40);
    let before = world.plain();
    run(&world.sealing(&table)).await;
    let target = || Target::danger_plaintext(Keys::new("id", None));
    let source = || Source::default().records(table.clone());
    let back = Migration::new(world.client.clone(), TABLE, source(), target(), options());
    assert_eq!(sums(&run(&back).await), [42, 0, 0, 0]);
    assert_eq!(world.plain(), before);
    // Nobody vouches for an item by leaving it plaintext.
    assert_eq!(sums(&run(&back).await), [0, 42, 0, 0]);
    assert_eq!(world.plain(), before);
}

#[tokio::test]
async fn beacons_do_not_stay_in_plaintext() {
    let world = World::new();
    let table = table(1).with_search(search()).unwrap();
    world.people(9);
    let before = world.plain();
    run(&world.sealing(&table)).await;
    assert!(world.all().values().all(|item| item.contains_key("aws_dbe_b_name")));
    let target = Target::danger_plaintext(Keys::new("id", None));
    let back = Migration::new(world.client.clone(), TABLE, Source::default().records(table), target, options());
    assert_eq!(sums(&run(&back).await), [9, 0, 0, 0]);
    assert_eq!(world.plain(), before);
}

#[test]
fn nobody_migrates_to_what_the_application_undoes() {
    let table = table_of(config().plaintext_policy(PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead), aes(1));
    let error = Target::records(table).unwrap_err().to_string();
    assert!(
        error.contains("FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ") && error.contains("FORBID_PLAINTEXT"),
        "{error}"
    );
}

#[tokio::test]
async fn items_of_very_many_attributes_are_done_or_left_alone() {
    // So many plain attributes fit into a condition, so many sealed ones into an update: the condition of a record is
    // its signature.
    for (count, plain_fits, record_fits) in
        [(60, true, true), (140, true, true), (160, false, true), (250, false, true), (350, false, false)]
    {
        let config = || TableConfig::builder(TABLE, "id").encrypt((0..count).map(|number| format!("a {number}")));
        let (old, new) = (table_of(config(), aes(1)), table_of(config(), aes(2)));
        let mut plain = id(1);
        plain.extend((0..count).map(|number| (format!("a {number}"), AttributeValue::from(SECRET))));
        for (stored, fits) in [(plain.clone(), plain_fits), (seal(&old, plain.clone()), record_fits)] {
            let world = World::new();
            world.db.put(&stored);
            let migration = world.migration(Source::default().plain().records(old.clone()), &new, options());
            let report = run(&migration).await;
            assert_eq!(sums(&report), [u64::from(fits), 0, u64::from(!fits), 0], "{count} {:?}", report.refused);
            if fits {
                assert_eq!(open(&new, world.db.get(&id(1)).unwrap()), plain);
            } else {
                assert_eq!(world.db.get(&id(1)).unwrap(), stored);
                assert!(report.refused[0].reason.contains("can not compare so many"), "{:?}", report.refused);
            }
        }
    }
}

#[tokio::test]
async fn segments_cover_every_item_once_in_any_order() {
    let world = World::new();
    world.people(64);
    let before = world.plain();
    let table = table(1);
    let of = |index| {
        let options = options().shard(Shard::new(index, 4, 2).unwrap());
        world.migration(Source::default().plain(), &table, options)
    };
    let (third, first) = (run(&of(3)).await, run(&of(0)).await);
    let (second, fourth) = (of(2), of(1));
    let (second, fourth) = tokio::join!(run(&second), run(&fourth));
    let reports = [first, second, third, fourth];
    assert_eq!(reports.iter().map(|report| report.counts.changed()).sum::<u64>(), 64);
    assert_eq!(reports.iter().map(|report| report.counts.examined).sum::<u64>(), 64);
    assert!(reports.iter().all(|report| report.counts.changed() > 0 && report.counts.repeated == 0));
    assert_eq!(world.count("UpdateItem"), 64);
    assert_eq!(world.opened(&table), before);
}

#[test]
fn there_are_only_the_segments_that_there_are() {
    for (index, of, segments) in [(4, 4, 1), (0, 0, 1), (0, 1, 0), (0, 1_000_001, 1), (0, 70_000, 70_000)] {
        assert!(Shard::new(index, of, segments).is_err(), "{index} {of} {segments}");
    }
    assert!(Shard::new(3, 4, 1).is_ok());
    assert!(Shard::whole(1_000_000).is_ok());
}
