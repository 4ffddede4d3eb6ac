//! What this crate says of items, and what the embedded DynamoDB does with them, is the same: for random conditions,
//! updates and projections, and for which of them are refused.
//!
//! `DYNASEAL_DIFFERENTIAL_SEED` chooses other cases, `DYNASEAL_DIFFERENTIAL_FACTOR` that many times as many.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod database;
mod random;

use std::collections::{BTreeMap, BTreeSet};

use dynaseal_core::{Item, normal_form};
use dynaseal_expression::{
    BoundCondition, BoundProjection, BoundUpdate, Condition, ExpressionKind, Projection, Update,
};

use database::Table;
use random::{Expression, Random};

/// How many items a condition is asked of.
const ITEMS: usize = 6;

#[test]
fn conditions() {
    let mut random = Random::new(setting("SEED", 1));
    let table = Table::new();
    let items: BTreeMap<String, Item> = (0..ITEMS).map(|n| (n.to_string(), random.item(&n.to_string()))).collect();
    items.values().for_each(|item| table.put(item));
    let mut tally = Tally::default();
    for case in 0..cases(5000) {
        let filter = random.condition();
        let ours = matching(&filter, &items);
        let theirs = table.scan(&filter);
        tally.compare(&filter, ours.as_ref(), theirs.as_ref());
        // What is printed means the same to the database as well; asking costs as much again.
        if theirs.is_ok() && case % 4 == 0 {
            let printed = Condition::parse(ExpressionKind::Filter, &filter.text).unwrap().to_string();
            let printed = Expression { text: printed, ..filter };
            assert_eq!(table.scan(&printed), theirs, "{printed:?}");
        }
    }
    tally.finish("conditions");
}

fn matching(filter: &Expression, items: &BTreeMap<String, Item>) -> Result<BTreeSet<String>, String> {
    let condition = Condition::parse(ExpressionKind::Filter, &filter.text).map_err(|error| error.to_string())?;
    let bound = BoundCondition::new(ExpressionKind::Filter, &condition, &filter.names, &filter.values);
    let bound = bound.map_err(|error| error.to_string())?;
    Ok(items.iter().filter(|(_, item)| bound.matches(item)).map(|(key, _)| key.clone()).collect())
}

#[test]
fn updates() {
    let mut random = Random::new(setting("SEED", 2));
    let table = Table::new();
    let mut tally = Tally::default();
    for _ in 0..cases(3000) {
        let item = random.item("0");
        table.put(&item);
        let update = random.update();
        let ours = updated(&update, &item);
        let theirs = table.update("0", &update).map(normal);
        tally.compare(&update, ours.as_ref(), theirs.as_ref());
    }
    tally.finish("updates");
}

fn updated(text: &Expression, item: &Item) -> Result<Item, String> {
    let update = Update::parse(&text.text).map_err(|error| error.to_string())?;
    let bound = BoundUpdate::new(&update, &text.names, &text.values).map_err(|error| error.to_string())?;
    let mut updated = item.clone();
    match bound.apply(&mut updated) {
        Ok(()) => Ok(normal(updated)),
        Err(error) => {
            assert_eq!(&updated, item, "{text:#?}");
            Err(error.to_string())
        }
    }
}

#[test]
fn projections() {
    let mut random = Random::new(setting("SEED", 3));
    let table = Table::new();
    let items: Vec<Item> = (0..ITEMS).map(|n| random.item(&n.to_string())).collect();
    items.iter().for_each(|item| table.put(item));
    let mut tally = Tally::default();
    for _ in 0..cases(2000) {
        let key = random.below(ITEMS);
        let text = random.projection();
        let ours = projected(&text, items[key].clone());
        let theirs = table.get(&key.to_string(), &text).map(normal);
        tally.compare(&text, ours.as_ref(), theirs.as_ref());
    }
    tally.finish("projections");
}

fn projected(text: &Expression, item: Item) -> Result<Item, String> {
    let projection = Projection::parse(&text.text).map_err(|error| error.to_string())?;
    let bound = BoundProjection::new(&projection, &text.names).map_err(|error| error.to_string())?;
    Ok(normal(bound.apply(item)))
}

fn normal(item: Item) -> Item {
    item.into_iter().map(|(name, value)| (name, normal_form(&value).unwrap())).collect()
}

/// How often both did the same. A test of which everything is refused would prove nothing.
#[derive(Debug, Default)]
struct Tally {
    agreed: usize,
    refused: usize,
}

impl Tally {
    #[track_caller]
    fn compare<T: PartialEq + std::fmt::Debug>(
        &mut self,
        expression: &Expression,
        ours: Result<&T, &String>,
        theirs: Result<&T, &String>,
    ) {
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) if ours == theirs => self.agreed += 1,
            (Err(_), Err(_)) => self.refused += 1,
            _ => panic!("{expression:#?}\nours:   {ours:?}\ntheirs: {theirs:?}"),
        }
    }

    fn finish(self, what: &str) {
        let Self { agreed, refused } = self;
        println!("{what}: {agreed} alike, {refused} refused by both");
        assert!(agreed >= refused / 2 && refused > 0, "most of {what} say nothing");
    }
}

fn cases(count: u64) -> u64 {
    count * setting("FACTOR", 1)
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(format!("DYNASEAL_DIFFERENTIAL_{name}")).map_or(default, |text| text.parse().unwrap())
}
