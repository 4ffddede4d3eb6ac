//! What `update` and `delete` have in common: keys, one after the other, and what became of each item.

use std::error::Error;

use dynaseal::sdk::to_sdk;
use dynaseal::{Item, json};
use serde_json::json;

use super::so_far::SoFar;
use crate::args::KeyArgs;
use crate::database::{CallError, Database};
use crate::input;
use crate::output::{Failure, Output, complain, items, outcome};
use crate::progress::Progress;

/// The placeholder of the partition key in conditions of this program's own.
pub(super) const KEY: &str = "#dynaseal_partition_key";

/// An item that is not there, or is not changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotChanged {
    #[error("there is no item {key} in the table {table}{place}: nothing was {what}{next}")]
    Missing { key: String, table: String, place: String, what: &'static str, next: &'static str },
    #[error("the item {key} of the table {table}{place} does not meet the condition: nothing was {what}")]
    Condition { key: String, table: String, place: String, what: &'static str },
}

/// What became of an item.
pub(super) enum Outcome {
    /// It is changed; with the item to print, if one was asked for.
    Done(Option<Item>),
    /// It is changed, but cannot be printed.
    Unread(CallError),
    NotChanged(NotChanged),
    Refused(CallError),
}

/// What one command does to an item.
pub(super) trait Change {
    /// `updated` or `deleted`.
    const DONE: &'static str;

    async fn one(&self, key: Item) -> Result<Outcome, CallError>;
}

/// Changes all items, one after the other, and prints how many there were.
pub(super) fn all(keys: &KeyArgs, as_json: bool, prints_items: bool, change: &impl Change) -> Result<(), Failure> {
    let runtime = super::runtime()?;
    let (output, progress, so_far) = (Output::new(), Progress::new("done", true), SoFar::told(tag(change))?);
    let mut run = Run { change, output, progress, so_far, done: 0, missing: 0, refused: 0 };
    let outcome_of_all = if keys.key.is_empty() {
        input::read(&keys.files, |place, key| match key {
            Ok(key) => runtime.block_on(run.one(place, key)),
            Err(error) => {
                run.refuse(place, &error);
                Ok(())
            }
        })
    } else {
        let numbered = keys.key.iter().cloned().enumerate();
        let place =
            |index: usize| if keys.key.len() == 1 { "dynaseal".to_owned() } else { format!("key {}", index + 1) };
        numbered
            .map(|(index, key)| (place(index), key))
            .try_for_each(|(place, key)| runtime.block_on(run.one(&place, key)))
    };
    run.progress.clear();
    let (done, missing, refused) = (run.done, run.missing, run.refused);
    match (as_json, prints_items) {
        (true, _) => run.output.json(json!({ (tag(change)): done, "not_there": missing, "refused": refused }))?,
        // Then standard output is items alone.
        (false, true) => {}
        (false, false) => run.output.line(format!("{} {}", items(done), tag(change)))?,
    }
    outcome_of_all.and(match missing {
        0 => outcome(refused),
        missing => Err(Failure::Missing { missing, refused }),
    })
}

fn tag<C: Change>(_: &C) -> &'static str {
    C::DONE
}

struct Run<'c, C> {
    change: &'c C,
    output: Output,
    progress: Progress,
    so_far: SoFar,
    done: usize,
    missing: usize,
    refused: usize,
}

impl<C: Change> Run<'_, C> {
    async fn one(&mut self, place: &str, key: Item) -> Result<(), Failure> {
        self.so_far.begins(place);
        let outcome = self.change.one(key).await;
        let told = self.tell(place, outcome);
        self.so_far.ends(self.done, self.missing + self.refused);
        told
    }

    fn tell(&mut self, place: &str, outcome: Result<Outcome, CallError>) -> Result<(), Failure> {
        match outcome {
            Ok(Outcome::Done(item)) => {
                self.done += 1;
                self.progress.add(1);
                item.map_or(Ok(()), |item| self.output.line(json::to_string(&item)))
            }
            Ok(Outcome::Unread(error)) => {
                self.done += 1;
                self.refuse(place, &error);
                Ok(())
            }
            Ok(Outcome::NotChanged(error @ NotChanged::Missing { .. })) => {
                self.missing += 1;
                self.progress.clear();
                complain(place, &error);
                Ok(())
            }
            Ok(Outcome::NotChanged(error @ NotChanged::Condition { .. })) => {
                self.refuse(place, &error);
                Ok(())
            }
            Ok(Outcome::Refused(error)) => {
                self.refuse(place, &error);
                Ok(())
            }
            Err(error) => Err(match place {
                "dynaseal" => error.into(),
                place => error.at(place).into(),
            }),
        }
    }

    fn refuse(&mut self, place: &str, error: &dyn Error) {
        self.refused += 1;
        self.progress.clear();
        complain(place, error);
    }
}

/// Tells an item that is not there from one that does not meet a condition. Another writer may have changed that meanwhile:
/// it is for the message alone.
pub(super) async fn not_changed(
    database: &Database,
    key: &Item,
    what: &'static str,
    next: &'static str,
) -> Result<NotChanged, CallError> {
    let get = database.client.get_item().table_name(&database.table).set_key(Some(to_sdk(key.clone())));
    let get =
        get.consistent_read(true).projection_expression(KEY).expression_attribute_names(KEY, database.partition_key());
    let found = get.send().await.map_err(|error| database.failed("GetItem", &error))?.item;
    let (key, table, place) = (json::to_string(key), database.table.clone(), database.place());
    Ok(match found {
        Some(_) => NotChanged::Condition { key, table, place, what },
        None => NotChanged::Missing { key, table, place, what, next },
    })
}
