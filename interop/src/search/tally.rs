//! What was seen, and what was different.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

use dynaseal::{Item, json};

use super::ask::Ask;
use super::outcome::Outcome;
use super::setup::{Setup, Tenants};
use super::tables::Table;
use crate::Result;
use crate::table::doors::Side;

type Refusal = std::result::Result<(), String>;

#[derive(Default)]
pub struct Tally {
    tables: BTreeMap<&'static str, u64>,
    rows: BTreeMap<(&'static str, String), u64>,
    /// Items whose beacons are what the other side would have stored, and how many beacons that are.
    stored: [(u64, u64); 2],
    /// Partitions other than the first among them.
    elsewhere: [u64; 2],
    /// Requests of which both sides say how many queries they take.
    pub numbers: u64,
    /// Requests of several partitions where one call gives what a loop gives.
    pub partitioned: u64,
    asked: u64,
    same: u64,
    found: u64,
    of_tenants: u64,
    differences: Vec<String>,
}

impl Tally {
    pub fn table(&mut self, setup: &Setup) {
        let tenants = match setup.tenants {
            Tenants::One => "one key",
            Tenants::Stored => "a key for each tenant, whose name is signed",
            Tenants::Dropped => "a key for each tenant, whose name is not stored",
        };
        let partitions = if setup.maximum.is_some() { "partitions" } else { "no partitions" };
        *self.tables.entry(tenants).or_default() += 1;
        *self.tables.entry(partitions).or_default() += 1;
    }

    /// A configuration, as each side takes it.
    pub fn configuration(&mut self, place: &str, setup: &Setup, ours: Refusal, theirs: Refusal) {
        self.alike("configuration", place, setup, ours, theirs);
    }

    /// An item, as each side writes it; whether both did.
    pub fn written(&mut self, place: &str, item: &Item, ours: Refusal, theirs: Refusal) -> bool {
        let both = ours.is_ok() && theirs.is_ok();
        self.alike("item", place, &json::to_string(item), ours, theirs);
        both
    }

    fn alike(&mut self, what: &'static str, place: &str, shown: &impl Debug, ours: Refusal, theirs: Refusal) {
        match (ours, theirs) {
            (Ok(()), Ok(())) => self.note(what, "taken by both"),
            (Err(_), Err(_)) => self.note(what, "refused by both"),
            (Err(ours), Ok(())) => {
                self.note(what, &format!("refused by ours alone: {}", reason(&ours)));
            }
            (Ok(()), Err(theirs)) if let Some(reason) = known(&theirs) => {
                self.note(what, &format!("refused by theirs alone: {reason}"));
            }
            (Ok(()), Err(theirs)) => {
                self.note(what, &format!("REFUSED BY THEIRS ALONE: {}", short(&theirs)));
                self.differ(place, format!("{what} refused by theirs alone: {theirs}: {shown:?}"));
            }
        }
    }

    fn note(&mut self, what: &'static str, note: &str) {
        *self.rows.entry((what, note.to_owned())).or_default() += 1;
    }

    pub fn beacons(&mut self, writer: Side, partition: u8, beacons: usize) {
        let side = usize::from(writer == Side::Theirs);
        let (items, all) = &mut self.stored[side];
        *items += 1;
        *all += u64::try_from(beacons).unwrap_or_default();
        self.elsewhere[side] += u64::from(partition > 0);
    }

    pub fn differ(&mut self, place: &str, what: impl Display) {
        self.differences.push(format!("{place}: {what}"));
    }

    #[allow(clippy::too_many_arguments, reason = "each is another thing")]
    pub fn outcome(
        &mut self,
        table: &Table,
        place: &str,
        ask: &Ask,
        number: u8,
        theirs: Outcome,
        ours: Outcome,
        other: Outcome,
    ) {
        self.asked += 1;
        let doors_agree = match (&ours, &other) {
            (Outcome::Refused(_), Outcome::Refused(_)) => true,
            (ours, other) => ours == other,
        };
        if !doors_agree {
            self.differ(place, format!("our doors: {ours:?} and {other:?}: {ask:?}"));
        }
        let what = match (&ask.key, number) {
            (None, _) => "Scan",
            (Some(_), 1) => "Query",
            (Some(_), _) => "Query of partitions",
        };
        match (theirs, ours) {
            (Outcome::Done(theirs), Outcome::Done(ours)) if theirs == ours => {
                self.same += 1;
                self.found += u64::try_from(ours.len()).unwrap_or_default();
                if table.setup.tenants != Tenants::One {
                    self.of_tenants += u64::try_from(ours.len()).unwrap_or_default();
                }
                self.note(what, "the same items");
            }
            (Outcome::Refused(_), Outcome::Refused(_)) => self.note(what, "refused by both"),
            (Outcome::Denied(theirs), Outcome::Denied(ours)) if code(&theirs) == code(&ours) => {
                self.note(what, "refused by DynamoDB");
            }
            (Outcome::Done(_), Outcome::Refused(ours)) => {
                self.note(what, &format!("refused by ours alone: {}", reason(&ours)));
            }
            (Outcome::Denied(_) | Outcome::Withheld(_), Outcome::Refused(ours)) => {
                self.note(what, &format!("fails in theirs later: {}", reason(&ours)));
            }
            (Outcome::Withheld(theirs), Outcome::Done(_)) if is_missing(&theirs) => {
                self.note(what, "answered by ours alone: an item lacks an attribute of the filter");
            }
            (Outcome::Refused(theirs), Outcome::Done(_) | Outcome::Denied(_))
                if theirs.contains("Multiple values found for ten") && !ask.needs_tenant(table) =>
            {
                self.note(what, "refused by theirs alone: two tenants, and no beacon whose key is a tenant's");
            }
            (Outcome::Done(theirs), Outcome::Done(ours))
                if table.setup.tenants == Tenants::Dropped && theirs.is_empty() && !ours.is_empty() =>
            {
                self.note(what, "answered by ours alone: the name of the tenant is not stored");
            }
            (Outcome::Done(theirs), Outcome::Done(ours))
                if table.setup.tenants == Tenants::Stored
                    && is_of_one_tenant(&theirs, &ours)
                    && !ask.needs_tenant(table) =>
            {
                self.note(what, "with items of the other tenant in ours alone: no beacon, and the tenant behind OR");
            }
            (theirs, ours) => {
                self.note(what, "DIFFERENT");
                let brief = |outcome: &Outcome| match outcome {
                    Outcome::Done(items) => format!("{:?}", items.keys().collect::<Vec<_>>()),
                    other => format!("{other:?}"),
                };
                let (theirs, ours, setup) = (brief(&theirs), brief(&ours), &table.setup);
                self.differ(place, format!("theirs {theirs}, ours {ours}: {ask:?}; {number} queries; {setup:?}"));
            }
        }
    }

    /// Prints everything; an error if something was different.
    pub fn print(&self, seed: u64) -> Result<()> {
        for (what, count) in &self.tables {
            println!("{count:>7}  tables with {what}");
        }
        println!();
        println!("| what | outcome | count |");
        println!("|---|---|--:|");
        for ((what, note), count) in &self.rows {
            println!("| {what} | {note} | {count} |");
        }
        println!();
        for (side, (items, beacons)) in ["ours", "theirs"].into_iter().zip(self.stored) {
            let elsewhere = self.elsewhere[usize::from(side == "theirs")];
            println!(
                "{items:>7}  items that {side} wrote have the {beacons} beacons of the other, {elsewhere} not in partition 0"
            );
        }
        println!("{:>7}  requests with the same number of queries on both sides", self.numbers);
        println!("{:>7}  requests of all partitions in one call", self.partitioned);
        println!(
            "{:>7}  requests, {} with the same {} items, {} of them of tenants",
            self.asked, self.same, self.found, self.of_tenants
        );
        for difference in self.differences.iter().take(100) {
            println!("DIFFERENT: {difference}");
        }
        println!("{} differences, seed {seed}", self.differences.len());
        if self.differences.is_empty() { Ok(()) } else { Err("the two sides differ".into()) }
    }
}

/// What theirs refuses although nothing is wrong with it.
fn known(theirs: &str) -> Option<&'static str> {
    // They give the first signed beacon an action as often as there are signed beacons.
    if ["who", "cmp", "sig"]
        .iter()
        .any(|name| theirs.contains(&format!("No Crypto Action configured for attribute {name}")))
    {
        return Some("the table has more than one signed beacon");
    }
    if theirs.contains("in Global Parts List") {
        return Some("a part for all beacons is named by two constructors of one beacon");
    }
    let prefix = "already defined as the prefix of a global part";
    theirs.contains(prefix).then_some("the prefix is that of a part for all beacons which this one does not have")
}

/// Whether ours are theirs and items of the other tenant.
fn is_of_one_tenant(theirs: &BTreeMap<String, String>, ours: &BTreeMap<String, String>) -> bool {
    let tenant = |key: &String| key.starts_with("t1-");
    let is_in = theirs.iter().all(|(key, item)| ours.get(key) == Some(item));
    let mut tenants = theirs.keys().map(tenant);
    let first = tenants.next();
    let others = ours.keys().filter(|key| !theirs.contains_key(*key)).map(tenant);
    is_in && tenants.all(|tenant| Some(tenant) == first) && others.into_iter().all(|tenant| Some(tenant) != first)
}

fn code(error: &str) -> &str {
    error.split(':').next().unwrap_or_default()
}

/// Whether theirs gave up because an item that came back has no such attribute.
fn is_missing(error: &str) -> bool {
    let error = error.to_lowercase();
    ["wrong types for", "no stack for", "in has no args", "empty stack", "bad stack"]
        .iter()
        .any(|part| error.contains(part))
}

/// A message without what is particular to the request.
fn reason(error: &str) -> String {
    let last = match error.split_once("on the sealed table `").and_then(|(_, rest)| rest.split_once("`: ")) {
        Some((_, rest)) => rest,
        None => error,
    };
    let last = last.split_once(" can not be made: ").map_or(last, |(_, rest)| rest);
    let pieces = last.split('`').enumerate().map(|(place, piece)| if place % 2 == 1 { "…" } else { piece });
    pieces.collect::<String>().replace('|', "/").chars().take(260).collect()
}

fn short(error: &str) -> String {
    error.replace('|', "/").chars().take(200).collect()
}
