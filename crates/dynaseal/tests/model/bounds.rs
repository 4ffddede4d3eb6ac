//! Conditions on a sort key: several of them narrow, whichever way the items are read.

use dynaseal::AttributeKeys;
use dynaseal::model::{Model, Query, Table};

use crate::line::Db;
use crate::{keys, root};

#[derive(Model, Clone, PartialEq)]
#[model(table = "bounds")]
struct Entry {
    #[model(partition_key)]
    who: String,
    #[model(sort_key)]
    at: String,
    #[model(local_index(name = "by-number", sort_key))]
    number: i64,
    #[model(seal)]
    text: String,
}

const TEXTS: [&str; 9] = ["2025-12", "2026", "2026-01", "2026-01-31", "2026-02", "2026-1", "2026é", "2027-01", "x"];

fn entry(index: usize) -> Entry {
    let number = i64::try_from(index).unwrap() * 5 - 20;
    Entry { who: "ada".to_owned(), at: TEXTS[index].to_owned(), number, text: format!("text {index}") }
}

/// A bound as it is asked of the query, and as it is understood.
type Bound<Q> = (&'static str, fn(Q, &'static str, &'static str) -> Q, fn(&str, &str, &str) -> bool);

/// Every way to read gives the items that the conditions leave, and no more.
async fn check<S: Copy + Send + Sync + 'static>(
    query: impl Fn() -> Query<Entry, S>,
    expected: &[Entry],
    filtered: bool,
    what: &str,
) {
    let found = query().items().all().await.unwrap();
    assert_eq!(found, expected, "{what}");
    assert_eq!(query().count().await.unwrap(), u64::try_from(expected.len()).unwrap(), "{what}");
    if !filtered {
        return;
    }
    let rows = query().columns([Entry::text().attribute()]).all().await.unwrap();
    let texts: Vec<String> = rows.iter().map(|row| row.get(Entry::text()).unwrap()).collect();
    assert!(texts.iter().eq(expected.iter().map(|entry| &entry.text)), "{what}");
    let turned = query().descending().items().all().await.unwrap();
    assert!(turned.iter().eq(expected.iter().rev()), "{what}");
    assert_eq!(query().limit(1).items().all().await.unwrap(), expected[..expected.len().min(1)], "{what}");
    assert_eq!(query().limit(1).count().await.unwrap(), u64::try_from(expected.len().min(1)).unwrap(), "{what}");
    let mut paged = Vec::new();
    let mut start = None;
    loop {
        let query = query().page_size(2);
        let query = match start.take() {
            Some(start) => query.start_at(start),
            None => query,
        };
        let page = query.page().await.unwrap();
        assert!(page.items.len() <= 2, "{what}");
        paged.extend(page.items);
        start = page.next;
        if start.is_none() {
            break;
        }
    }
    assert_eq!(paged, expected, "{what}");
}

async fn table() -> (std::sync::Arc<Db>, Table<Entry>) {
    let (db, client) = Db::new();
    let table = Entry::on(&client).attribute_keys(&keys()).open().unwrap();
    table.create().await.unwrap();
    for index in 0..TEXTS.len() {
        table.save(&mut entry(index)).await.unwrap();
    }
    let mut other = Entry { who: "bob".to_owned(), ..entry(2) };
    table.save(&mut other).await.unwrap();
    (db, table)
}

#[tokio::test]
async fn two_bounds_of_texts() {
    type Q = Query<Entry, <Entry as Model>::Sort>;
    let bounds: [Bound<Q>; 7] = [
        ("eq", |q, a, _| q.sort_eq(a), |at, a, _| at == a),
        ("lt", |q, a, _| q.sort_lt(a), |at, a, _| at < a),
        ("le", |q, a, _| q.sort_le(a), |at, a, _| at <= a),
        ("gt", |q, a, _| q.sort_gt(a), |at, a, _| at > a),
        ("ge", |q, a, _| q.sort_ge(a), |at, a, _| at >= a),
        ("between", |q, a, b| q.sort_between(a, b), |at, a, b| a <= at && at <= b),
        ("begins", |q, a, _| q.sort_begins_with(a), |at, a, _| at.starts_with(a)),
    ];
    let (_, table) = table().await;
    let values = ["2026", "2026-01", "2026-02", "x"];
    let all: Vec<Entry> = (0..TEXTS.len()).map(entry).collect();
    let mut case = 0;
    for (one, ask_one, is_one) in bounds {
        for (other, ask_other, is_other) in bounds {
            for a in values {
                for b in values {
                    let (c, d) = ("2026-02", "2026-01-31");
                    let query = || ask_other(ask_one(table.query("ada"), a, c), b, d);
                    let is = |entry: &&Entry| is_one(&entry.at, a, c) && is_other(&entry.at, b, d);
                    let expected: Vec<Entry> = all.iter().filter(is).cloned().collect();
                    case += 1;
                    check(query, &expected, case % 7 == 0, &format!("{one} {a} {other} {b}")).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_month_is_a_month() {
    let (db, table) = table().await;
    let month = || table.query("ada").sort_ge("2026-01").sort_lt("2026-02");
    db.sent();
    assert_eq!(month().items().all().await.unwrap(), [entry(2), entry(3)]);
    let sent = db.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].1["KeyConditionExpression"], "#n0 = :v0 AND #n1 BETWEEN :v1 AND :v2");
    // Closed ranges and what is implied are exact, and counted there.
    assert_eq!(table.query("ada").sort_ge("2026-01").sort_le("2026-02").count().await.unwrap(), 3);
    assert_eq!(db.sent()[0].1["Select"], "COUNT");
    assert_eq!(month().count().await.unwrap(), 2);
    let counted = db.sent().remove(0).1;
    assert!(counted["Select"].is_null() && counted["ProjectionExpression"] == "#n0, #n1", "{counted}");
    // The third bound counts as well, and the order of calls does not.
    let turned = table.query("ada").sort_lt("2026-02").sort_begins_with("2026").sort_gt("2026-01");
    assert_eq!(turned.items().all().await.unwrap(), [entry(3)]);
}

#[tokio::test]
async fn what_excludes_itself_reads_nothing() {
    let (db, table) = table().await;
    db.sent();
    let queries = || {
        [
            table.query("ada").sort_ge("b").sort_lt("a"),
            table.query("ada").sort_gt("a").sort_lt("a"),
            table.query("ada").sort_between("b", "a"),
            table.query("ada").sort_eq("2026").sort_eq("2026-01"),
            table.query("ada").sort_eq("2026").sort_gt("2026"),
            table.query("ada").sort_begins_with("2026").sort_begins_with("2027"),
            table.query("ada").sort_begins_with("2026").sort_ge("2027"),
        ]
    };
    for query in queries() {
        assert!(query.items().all().await.unwrap().is_empty());
    }
    for query in queries() {
        assert_eq!(query.count().await.unwrap(), 0);
    }
    for query in queries() {
        assert!(query.columns([Entry::text().attribute()]).all().await.unwrap().is_empty());
    }
    for query in queries() {
        let page = query.page().await.unwrap();
        assert!(page.items.is_empty() && page.next.is_none());
    }
    assert!(db.sent().is_empty(), "nothing is asked");
    // What is wrong with it is said all the same.
    assert!(table.query("ada").sort_eq("a").sort_eq("b").rate_limit(0.0).items().all().await.is_err());
}

#[tokio::test]
async fn bounds_of_numbers_in_an_index() {
    let (_, table) = table().await;
    let all: Vec<Entry> = (0..TEXTS.len()).map(entry).collect();
    for (low, high) in [(-20_i64, 20_i64), (-5, 5), (-5, -5), (-4, 4), (9, 11), (10, 9)] {
        let index = || table.query_index(Entry::by_number(), "ada");
        let of = |is: fn(i64, i64, i64) -> bool| -> Vec<Entry> {
            all.iter().filter(|entry| is(entry.number, low, high)).cloned().collect()
        };
        let what = format!("{low} {high}");
        check(|| index().sort_gt(low).sort_lt(high), &of(|n, low, high| n > low && n < high), true, &what).await;
        check(|| index().sort_ge(low).sort_lt(high), &of(|n, low, high| n >= low && n < high), true, &what).await;
        check(|| index().sort_le(high).sort_gt(low), &of(|n, low, high| n > low && n <= high), true, &what).await;
        check(|| index().sort_gt(low).sort_ge(high), &of(|n, low, high| n > low && n >= high), true, &what).await;
    }
}

#[derive(Model, Clone, PartialEq)]
#[model(table = "sealed-bounds")]
struct Sealed {
    #[model(partition_key, seal = "deterministic")]
    who: String,
    #[model(sort_key, seal = "deterministic")]
    what: String,
}

#[tokio::test]
async fn sealed_sort_keys_are_equal_or_not() {
    let (db, client) = Db::new();
    let older = Sealed::on(&client).attribute_keys(&keys()).open().unwrap();
    let both = AttributeKeys::new(root("2027", 9)).and_reads(root("2026", 7)).unwrap();
    let newer = Sealed::on(&client).attribute_keys(&both).open().unwrap();
    older.create().await.unwrap();
    let sealed = |what: &str| Sealed { who: "ada".to_owned(), what: what.to_owned() };
    older.save(&mut sealed("old")).await.unwrap();
    newer.save(&mut sealed("new")).await.unwrap();
    for what in ["old", "new"] {
        let found = newer.query("ada").sort_eq(what).sort_eq(what).items().all().await.unwrap();
        assert_eq!(found, [sealed(what)]);
        assert_eq!(newer.query("ada").sort_eq(what).sort_eq(what).count().await.unwrap(), 1);
    }
    db.sent();
    assert!(newer.query("ada").sort_eq("old").sort_eq("new").items().all().await.unwrap().is_empty());
    assert!(db.sent().is_empty());
}

#[derive(Model, Clone, PartialEq)]
#[model(table = "record-bounds", record)]
struct Record {
    #[model(partition_key)]
    who: String,
    #[model(sort_key)]
    at: u32,
    #[model(seal, beacon(length = 4))]
    text: String,
}

/// Beacons of four bits bring items too many, and so do the bounds: both are left out.
#[tokio::test]
async fn bounds_of_records_beside_beacons() {
    let (_, client) = Db::new();
    let keyring = dynaseal::RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap();
    let beacons = dynaseal::search::BeaconKeys::fixed(dynaseal::BeaconKey::copy_from(&[8; 32]).unwrap());
    let table = Record::on(&client).keyring(keyring).beacon_keys(beacons).open().unwrap();
    table.create().await.unwrap();
    let record = |at: u32| Record { who: "ada".into(), at, text: format!("text {}", at % 3) };
    for at in 0..20 {
        table.save(&mut record(at)).await.unwrap();
    }
    let query = || table.query("ada").sort_gt(3_u32).sort_lt(14_u32).filter(Record::text().eq("text 1"));
    let expected: Vec<Record> = (4..14).filter(|at| at % 3 == 1).map(record).collect();
    assert_eq!(query().items().all().await.unwrap(), expected);
    assert_eq!(query().count().await.unwrap(), 4);
    assert_eq!(query().limit(2).items().all().await.unwrap(), expected[..2]);
    assert_eq!(table.query("ada").sort_gt(3_u32).sort_lt(14_u32).count().await.unwrap(), 10);
}
