//! Any text is a filter that is refused or rewritten; rewritten, it has no secret in it, and finds the sealed item whenever the
//! text as it was written finds the plain one, whatever its partition.
#![no_main]

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

use dynaseal_core::{AttributeValue, BeaconKey, Item, TableConfig};
use dynaseal_expression::{BoundCondition, Condition, ExpressionKind, Placeholders};
use dynaseal_search::{
    BeaconKeys, CompoundBeacon, Constructor, QueryRequest, Search, SearchConfig, StandardBeacon, Transform,
    VirtualField,
};

/// Short names, so that they are found.
const NAMES: [(&str, &str); 5] = [("#a", "a"), ("#m", "m"), ("#x", "x"), ("#t", "t"), ("#p", "p")];

static SEARCH: LazyLock<Arc<Search>> = LazyLock::new(|| {
    let table = TableConfig::builder("t", "id").encrypt(["a", "b", "c", "d", "m", "t", "h"]).sign(["x", "y", "p"]);
    let search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[7; 32]).unwrap()))
        .standard(StandardBeacon::new("a", 3))
        .standard(StandardBeacon::new("b", 4))
        .standard(StandardBeacon::new("c", 4).shared_with("b"))
        .standard(StandardBeacon::new("d", 9).part_only())
        .standard(StandardBeacon::new("t", 5).as_set().partitions(2))
        .standard(StandardBeacon::new("k", 9).at("m.l[0]"))
        .standard(StandardBeacon::new("v", 9))
        .virtual_field(VirtualField::new("v").part("a", [Transform::Upper]).part("x", []))
        .compound(
            CompoundBeacon::new("w", '.')
                .signed("x", "X-")
                .signed("y", "Y-")
                .encrypted("a", "A-")
                .encrypted("d", "D-")
                .constructor(Constructor::new().required("x").optional("y").required("a").optional("d")),
        )
        .compound(CompoundBeacon::new("s", '-').signed("x", "X:").signed("y", "Y:"))
        .maximum_partitions(3);
    Arc::new(search.build(&table.build().unwrap()).unwrap())
});

/// The plain item, and what is stored of it in each partition.
static ITEMS: LazyLock<(Item, Vec<Item>)> = LazyLock::new(|| {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let list = AttributeValue::L(vec![text("secret-k"), AttributeValue::N("7".to_owned())]);
    let plain: Item = [
        ("id", text("1")),
        ("a", text("secret-a")),
        ("b", AttributeValue::N("1.50".to_owned())),
        ("c", text("1.5")),
        ("d", text("secret-d")),
        ("m", AttributeValue::M([("l".to_owned(), list)].into())),
        ("t", AttributeValue::Ss(vec!["secret-1".to_owned(), "secret-2".to_owned()])),
        ("h", text("secret-h")),
        ("x", text("north")),
        ("y", text("2026")),
        ("p", AttributeValue::N("5".to_owned())),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let stored = (0..3).map(|partition| {
        let mut stored = plain.clone();
        for name in ["a", "b", "c", "d", "m", "t", "h"] {
            stored.insert(name.to_owned(), AttributeValue::B(vec![0; 20]));
        }
        stored.extend(block_on(SEARCH.beacons_of(&plain, Some(partition), None)).unwrap());
        stored
    });
    let stored = stored.collect();
    let beacons = [
        ("s", text("X:north-Y:2026")),
        ("k", text("secret-k")),
        ("v", text("SECRET-Anorth")),
        ("w", text("X-north.Y-2026.A-secret-a.D-secret-d")),
    ];
    let mut plain = plain;
    plain.extend(beacons.map(|(name, value)| (name.to_owned(), value)));
    // Beacons may be called by what they are stored as.
    for name in ["a", "b", "c", "t", "k", "v", "w"] {
        plain.insert(format!("aws_dbe_b_{name}"), plain[name].clone());
    }
    (plain, stored)
});

fn values() -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    [
        (":a", text("secret-a")),
        (":b", AttributeValue::N("15e-1".to_owned())),
        (":c", text("1.5")),
        (":k", text("secret-k")),
        (":t", text("secret-1")),
        (":u", AttributeValue::Ss(vec!["secret-2".to_owned(), "secret-1".to_owned()])),
        (":v", text("SECRET-Anorth")),
        (":w", text("X-north.Y-2026.A-secret-a.D-secret-d")),
        (":p", text("X-north.Y-2026.A-")),
        (":q", text("X-north.Y-2")),
        (":r", text("X-north.Y-3")),
        (":e", text("A-secret-a")),
        (":x", text("north")),
        (":s", text("X:north-Y:2026")),
        (":n", AttributeValue::N("5".to_owned())),
        (":z", text("S")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    let names = NAMES.map(|(name, of)| (name.to_owned(), of.to_owned())).into();
    let request = QueryRequest { filter: Some(text.to_owned()), names, values: values(), ..QueryRequest::default() };
    let given = request.names.clone();
    let Ok(analysis) = SEARCH.analyze(request) else { return };
    let Ok(sent) = block_on(analysis.rewrite()) else { return };
    let (plain, stored) = &*ITEMS;
    let filter = sent.filter.expect("only what a tenant is said by disappears");
    let condition = Condition::parse(ExpressionKind::Filter, &filter).expect("what is sent can be read");
    let is_found = |item: &Item| {
        let bound = BoundCondition::new(ExpressionKind::Filter, &condition, &sent.names, &sent.values);
        bound.expect("what is sent makes sense").matches(item)
    };
    match analysis.results() {
        Some(results) => {
            let wanted = results.bind().expect("it was looked at before").matches(plain);
            assert!(!wanted || stored.iter().all(is_found), "lost: {filter} {:?}", sent.values);
            // Where a value became a beacon, it is nowhere else.
            for (name, value) in &sent.values {
                let is_secret = format!("{value:?}").to_lowercase().contains("secret");
                assert!(!is_secret || is_plain(text, name, &given), "{name} is in {filter}");
            }
        }
        None => {
            let original = Condition::parse(ExpressionKind::Filter, text).expect("it was read before");
            let values = values();
            let bound = BoundCondition::new(ExpressionKind::Filter, &original, &given, &values);
            let wanted = bound.expect("it was looked at before").matches(plain);
            assert!(stored.iter().all(|item| is_found(item) == wanted), "not exact: {filter}");
        }
    }
});

/// Whether a value is compared somewhere with what anybody can read: then it is sent as it is, whatever it is.
fn is_plain(text: &str, value: &str, names: &BTreeMap<String, String>) -> bool {
    const HIDDEN: [&str; 9] = ["a", "b", "c", "d", "m", "t", "k", "v", "w"];
    let condition = Condition::parse(ExpressionKind::Filter, text).expect("it was read before");
    let values = values();
    leaves(&condition).into_iter().any(|leaf| {
        let names = names.iter().map(|(name, of)| (name.as_str(), of.as_str()));
        let mut placeholders = Placeholders::new(names, values.keys().map(String::as_str));
        let uses = placeholders.condition(ExpressionKind::Filter, leaf).expect("they were looked up before");
        let printed = leaf.to_string();
        let mut words = printed.split(|c: char| !(c.is_alphanumeric() || "_:".contains(c)));
        words.any(|word| word == value)
            && !uses.iter().any(|of| {
                let name = of.path.attribute;
                HIDDEN.contains(&name.strip_prefix("aws_dbe_b_").unwrap_or(name))
            })
    })
}

fn leaves(condition: &Condition) -> Vec<&Condition> {
    match condition {
        Condition::And(terms) | Condition::Or(terms) => terms.iter().flat_map(leaves).collect(),
        Condition::Not(term) => leaves(term),
        leaf => vec![leaf],
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("keys in memory are ready at once"),
    }
}
