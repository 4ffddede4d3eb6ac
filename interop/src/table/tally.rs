//! What was compared, and what differed.

use std::collections::BTreeMap;
use std::fmt::Display;

use dynaseal::{Item, json};
use dynaseal_testkit::vectors::same;

use super::doors::{Door, Side};

/// Counts of a run.
#[derive(Default)]
pub struct Tally {
    tables: BTreeMap<String, u64>,
    /// By operation: what came back through each door of the other side's items, and of the own side's.
    rows: BTreeMap<String, BTreeMap<Column, u64>>,
    /// What both sides do, but not alike, by design.
    notes: BTreeMap<String, u64>,
    pub differences: Vec<String>,
}

/// Who got something, and whether the other side had sealed it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Column {
    door: &'static str,
    of_other: bool,
}

impl Tally {
    pub fn table(&mut self, kind: String) {
        *self.tables.entry(kind).or_default() += 1;
    }

    /// Something that came back through `door`, of an item that `writer` sealed.
    pub fn check(&mut self, what: &str, place: &str, door: &Door, writer: Side, expected: &Item, found: &Item) {
        if same(expected, found) {
            let column = Column { door: door.name, of_other: door.side != writer };
            *self.rows.entry(what.to_owned()).or_default().entry(column).or_default() += 1;
            return;
        }
        let (expected, found) = (json::to_string(expected), json::to_string(found));
        self.differ(place, format!("{what} through {}: expected {expected}, found {found}", door.name));
    }

    pub fn note(&mut self, what: &str) {
        *self.notes.entry(what.to_owned()).or_default() += 1;
    }

    pub fn differ(&mut self, place: &str, what: impl Display) {
        self.differences.push(format!("{place}: {what}"));
    }

    /// How many comparisons there were.
    pub fn compared(&self) -> u64 {
        self.rows.values().flat_map(BTreeMap::values).sum()
    }

    pub fn print(&self) {
        for (kind, count) in &self.tables {
            println!("{count:>6}  tables {kind}");
        }
        println!();
        println!(
            "| operation | aws-db-esdk, of ours | SendSealed, of theirs | Interceptor, of theirs | of the own side |"
        );
        println!("|---|--:|--:|--:|--:|");
        for (what, counts) in &self.rows {
            let of = |name| counts.get(&Column { door: name, of_other: true }).copied().unwrap_or_default();
            let own: u64 = counts.iter().filter(|(column, _)| !column.of_other).map(|(_, count)| count).sum();
            println!("| {what} | {} | {} | {} | {own} |", of("aws-db-esdk"), of("SendSealed"), of("Interceptor"));
        }
        println!();
        for (what, count) in &self.notes {
            println!("{count:>6}  {what}");
        }
        for difference in self.differences.iter().take(40) {
            println!("DIFFERENT: {difference}");
        }
    }
}
