//! `dynaseal put`: seals items and writes them to a table.
//!
//! Items go 25 a request, for that is where the time goes; one request after the other, so that of two items with one key
//! the later one stays. DynamoDB takes or refuses a batch as a whole: if it refuses one, its items are sent one by one, and
//! the error is told of the item that it is about. A condition needs requests of one item anyway.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use dynaseal::sdk::{from_sdk, to_sdk};
use dynaseal::{Item, SecureRandom as _, SendSealed as _, SystemRandom};
use serde_json::json;

use super::so_far::SoFar;
use crate::args::PutArgs;
use crate::database::{CallError, Database};
use crate::input;
use crate::outage::Outages;
use crate::output::{Failure, Output, complain, count_bad, items, note, outcome};
use crate::progress::Progress;

/// As many as DynamoDB takes at once.
const BATCH: usize = 25;

/// How often in a row a batch may come back without any item written.
const ATTEMPTS: u32 = 10;

/// Pauses from here on are told.
const TOLD: Duration = Duration::from_secs(1);

/// DynamoDB takes nothing more.
#[derive(Debug, thiserror::Error)]
#[error(
    "DynamoDB BatchWriteItem on the table {table}: {} left unprocessed {ATTEMPTS} times, from {place} on (the table takes no \
     more for now: try later from there)", items(*count)
)]
struct Unprocessed {
    table: String,
    count: usize,
    place: String,
}

pub(crate) fn run(args: &PutArgs) -> Result<(), Failure> {
    let runtime = super::runtime()?;
    let database = runtime.block_on(Database::open(&args.table))?;
    let so_far = SoFar::told("written")?;
    let (progress, outages) = (Progress::new("written", true), Outages::default());
    let mut put = Put { args, database, progress, outages, written: 0, refused: 0, so_far };
    let batch = if args.condition.is_some() { 1 } else { BATCH };
    let mut waiting = Vec::with_capacity(batch);
    let read = input::read(&args.files, |place, item| {
        match item {
            Ok(item) => waiting.push((place.to_owned(), item)),
            Err(error) => put.refuse(place, &error),
        }
        if waiting.len() < batch { Ok(()) } else { runtime.block_on(put.all(std::mem::take(&mut waiting))) }
    });
    // What was read before a file that can not be read is written, too.
    let rest = if waiting.is_empty() { Ok(()) } else { runtime.block_on(put.all(waiting)) };
    put.progress.clear();
    count_bad(put.refused);
    let mut output = Output::new();
    match args.json {
        true => output.json(json!({ "written": put.written, "refused": put.refused }))?,
        false => output.line(format!("{} written", items(put.written)))?,
    }
    read.and(rest).and_then(|()| outcome(put.refused))
}

struct Put<'a> {
    args: &'a PutArgs,
    database: Database,
    progress: Progress,
    outages: Outages,
    written: usize,
    refused: usize,
    so_far: SoFar,
}

/// An item with its place in the input.
type Placed = (String, Item);

impl Put<'_> {
    async fn all(&mut self, items: Vec<Placed>) -> Result<(), Failure> {
        if let Some((place, _)) = items.first() {
            self.so_far.begins(place);
        }
        let outcome = self.write(items).await;
        self.so_far.ends(self.written, self.refused);
        outcome
    }

    async fn write(&mut self, items: Vec<Placed>) -> Result<(), Failure> {
        if self.args.condition.is_none() && items.len() > 1 {
            return self.batch(items).await;
        }
        self.one_by_one(items).await
    }

    async fn batch(&mut self, mut items: Vec<Placed>) -> Result<(), Failure> {
        let mut attempt = 0;
        loop {
            let unprocessed = match self.write_batch(&items).await {
                Ok(unprocessed) => unprocessed,
                Err(error) if error.of_item => return self.one_by_one(items).await,
                Err(error) => {
                    let place = items.first().map_or("", |(place, _)| place);
                    return Err(error.at(&format!("from {place} on")).into());
                }
            };
            let before = items.len();
            items.retain(|(_, item)| unprocessed.contains(item));
            let written = before - items.len();
            self.written += written;
            self.progress.add(written);
            let Some((place, _)) = items.first() else { return Ok(()) };
            let items_left = items.len();
            attempt = if written == 0 { attempt + 1 } else { 1 };
            if attempt == ATTEMPTS {
                let (count, place) = (items_left, place.clone());
                return Err(Unprocessed { table: self.database.table.clone(), count, place }.into());
            }
            let pause = pause(attempt)?;
            if pause >= TOLD {
                self.progress.clear();
                note(&format!(
                    "DynamoDB BatchWriteItem: {} left unprocessed, the table takes no more for now: trying again in {:.1} s (attempt {attempt} of {ATTEMPTS})",
                    crate::output::items(items_left),
                    pause.as_secs_f64()
                ));
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Gives back what DynamoDB did not get round to.
    async fn write_batch(&self, items: &[Placed]) -> Result<Vec<Item>, CallError> {
        let database = &self.database;
        let failed = |error: &dyn Error| CallError::of_item(error);
        let mut writes = Vec::with_capacity(items.len());
        for (_, item) in items {
            let put = PutRequest::builder().set_item(Some(to_sdk(item.clone()))).build();
            writes.push(WriteRequest::builder().put_request(put.map_err(|error| failed(&error))?).build());
        }
        let write = database.client.batch_write_item().request_items(&database.table, writes);
        let answer = write.send_sealed(&database.sealer).await;
        let answer = answer.map_err(|error| database.failed("BatchWriteItem", &error))?;
        let left: HashMap<_, _> = answer.unprocessed_items.unwrap_or_default();
        let puts = left.into_values().flatten().filter_map(|write| write.put_request);
        puts.map(|put| from_sdk(put.item).map_err(|error| failed(&error))).collect()
    }

    async fn one_by_one(&mut self, items: Vec<Placed>) -> Result<(), Failure> {
        for (place, item) in items {
            match self.write_one(item).await {
                Ok(()) => {
                    self.outages.worked();
                    self.written += 1;
                    self.progress.add(1);
                }
                Err(error) if error.of_item => {
                    self.refuse(&place, &error);
                    self.outages.failed(&place, error.service.as_ref())?;
                }
                Err(error) => return Err(error.at(&place).into()),
            }
        }
        Ok(())
    }

    async fn write_one(&self, item: Item) -> Result<(), CallError> {
        let (args, database) = (self.args, &self.database);
        let put = database
            .client
            .put_item()
            .table_name(&database.table)
            .set_item(Some(to_sdk(item)))
            .set_condition_expression(args.condition.clone())
            .set_expression_attribute_names(args.names.clone())
            .set_expression_attribute_values(args.values.clone().map(to_sdk));
        let answer = put.send_sealed(&database.sealer).await;
        answer.map(|_| ()).map_err(|error| database.failed("PutItem", &error))
    }

    fn refuse(&mut self, place: &str, error: &dyn Error) {
        self.refused += 1;
        self.progress.clear();
        complain(place, error);
    }
}

/// Twice as long each time up to 6.4 s, less up to a half of it by chance: programs that were slowed down together should
/// not come back together.
fn pause(attempt: u32) -> Result<Duration, Failure> {
    let longest = Duration::from_millis(100 << attempt.saturating_sub(1).min(6));
    let mut chance = [0; 1];
    SystemRandom.fill(&mut chance)?;
    let [chance] = chance;
    Ok(longest - longest * u32::from(chance) / 512)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_are_never_short() {
        let bounds = [(1, 100), (2, 200), (6, 3200), (7, 6400), (ATTEMPTS, 6400), (u32::MAX, 6400)];
        for (attempt, longest) in bounds {
            let longest = Duration::from_millis(longest);
            for _ in 0..100 {
                let pause = pause(attempt).expect("randomness");
                assert!(longest / 2 <= pause && pause <= longest, "{attempt}: {pause:?}");
            }
        }
    }
}
