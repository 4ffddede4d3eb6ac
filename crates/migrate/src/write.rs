//! One item is written, if it is still what was read.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    Delete, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use dynaseal_client::SendSealed as _;
use dynaseal_client::value::{from_sdk, to_sdk};
use dynaseal_core::{AttributeValue, FOOT, HEAD, Item, item_size};
use dynaseal_ops::{Expressions, WriteBack};

use crate::backoff::{Backoff, Told};
use crate::compare::same_item;
use crate::database::{Fault, fault, said, said_of};
use crate::pace::Pace;
use crate::problem::{MigrateError, Problem};
use crate::scan::write_units;
use crate::source::{Source, is_record};
use crate::target::Target;

/// The signature of the older client, if nobody gave it another name.
const OLDER_SIGNATURE: &str = "*amzn-ddb-map-sig*";

/// Of the 300 operators of an expression, each comparison but the last takes two: itself and what joins it to the next.
const MOST_COMPARED: usize = 150;

const KEY_TAKEN: &str = "an item with the key that it would get is there already: look at both, and delete one";

/// A transaction takes two units for each KB of an item, and a move has two items.
const UNITS_OF_MOVE: f64 = 4.0;

/// Where and how fast.
#[derive(Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub(crate) client: &'a Client,
    pub(crate) table: &'a str,
    pub(crate) source: &'a Source,
    pub(crate) target: &'a Target,
    pub(crate) pace: &'a Pace,
    pub(crate) told: Told<'a>,
}

/// What came of a write.
pub(crate) enum Written {
    /// It is there; with the capacity that DynamoDB counted.
    Done(f64),
    /// Somebody changed it meanwhile: it is this now.
    Changed(Box<Item>),
    /// Somebody deleted it meanwhile.
    Gone,
}

/// What stops an item, or the job.
#[derive(Debug)]
pub(crate) enum Stop {
    Item(Problem),
    Job(MigrateError),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Item(problem)
    }
}

impl From<MigrateError> for Stop {
    fn from(error: MigrateError) -> Self {
        Self::Job(error)
    }
}

impl Writer<'_> {
    /// Makes `new` of `stored`.
    pub(crate) async fn write(&self, stored: &Item, new: &Item) -> Result<Written, Stop> {
        let units = write_units(item_size(stored).max(item_size(new)));
        let key = self.target.key_of(stored);
        if key != self.target.key_of(new) {
            // A page may be minutes old, and what was added since and nobody knows of would be deleted with the item.
            return match self.now(&key).await? {
                Written::Changed(now) if same_item(&now, stored) => {
                    self.move_to(stored, new, UNITS_OF_MOVE * units).await
                }
                changed => Ok(changed),
            };
        }
        // Moved into the request, and made anew for the few that are tried again: values may be large.
        let mut made = Some(self.changes(stored, new)?);
        let mut backoff = Backoff::default();
        loop {
            self.pace.take(units).await;
            let expressions = match made.take() {
                Some(expressions) => expressions,
                None => self.changes(stored, new)?,
            };
            let update = self
                .client
                .update_item()
                .table_name(self.table)
                .set_key(Some(to_sdk(key.clone())))
                .set_update_expression(expressions.update)
                .set_condition_expression(expressions.condition)
                .set_expression_attribute_names(Some(expressions.names.into_iter().collect()))
                .set_expression_attribute_values(Some(to_sdk(expressions.values)).filter(|values| !values.is_empty()))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let error = match update.send_as_stored().await {
                Ok(done) => {
                    let used = done.consumed_capacity.and_then(|of| of.capacity_units).unwrap_or(units);
                    self.pace.correct(used - units);
                    return Ok(Written::Done(used));
                }
                Err(error) => error,
            };
            if let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() {
                return match failed.item.clone() {
                    Some(item) => Ok(Written::Changed(Box::new(from_sdk(item).map_err(|_| Problem::UnknownType)?))),
                    None => self.now(&key).await,
                };
            }
            self.again(fault(&error), "UpdateItem", || said_of(&error, self.values(stored, new)), &mut backoff).await?;
        }
    }

    /// Whether `new` could be written, as far as that can be told without writing, and the units that it would take: a plan
    /// promises what the job does.
    pub(crate) async fn check(&self, stored: &Item, new: &Item) -> Result<f64, Stop> {
        let units = write_units(item_size(stored).max(item_size(new)));
        let (old_key, new_key) = (self.target.key_of(stored), self.target.key_of(new));
        if old_key == new_key {
            return Ok(self.changes(stored, new).map(|_| units)?);
        }
        self.guard(stored)?;
        match self.now(&new_key).await? {
            Written::Gone => Ok(UNITS_OF_MOVE * units),
            _ => Err(Problem::Database(KEY_TAKEN.to_owned()).into()),
        }
    }

    /// Waits before another attempt, if one makes sense.
    async fn again(
        &self,
        kind: Fault,
        operation: &'static str,
        said: impl Fn() -> String,
        backoff: &mut Backoff,
    ) -> Result<(), Stop> {
        match kind {
            Fault::Item => return Err(Problem::Database(said()).into()),
            Fault::Throttled => self.pace.refused(),
            Fault::Passing => {}
            Fault::Lasting => return Err(self.failed(operation, said()).into()),
        }
        match backoff.wait(self.told, operation, &said).await {
            true => Ok(()),
            false => Err(self.failed(operation, said()).into()),
        }
    }

    /// What a write has in it but for the key, by which items are named.
    fn values<'i>(&self, stored: &'i Item, new: &'i Item) -> impl Iterator<Item = &'i AttributeValue> {
        let keys: BTreeSet<&str> = self.target.key_names().collect();
        stored.iter().chain(new).filter(move |(name, _)| !keys.contains(name.as_str())).map(|(_, value)| value)
    }

    fn failed(&self, operation: &'static str, said: String) -> MigrateError {
        MigrateError::Database { operation, table: self.table.to_owned(), said }
    }

    /// The item of this key as it is now.
    async fn now(&self, key: &Item) -> Result<Written, Stop> {
        let mut backoff = Backoff::default();
        loop {
            let get = self.client.get_item().table_name(self.table).consistent_read(true);
            match get.set_key(Some(to_sdk(key.clone()))).send_as_stored().await {
                Ok(found) => {
                    return match found.item {
                        Some(item) => Ok(Written::Changed(Box::new(from_sdk(item).map_err(|_| Problem::UnknownType)?))),
                        None => Ok(Written::Gone),
                    };
                }
                Err(error) => self.again(fault(&error), "GetItem", || said(&error), &mut backoff).await?,
            }
        }
    }

    /// What changes, on condition that everything that is there is as it was read, and that nothing was added of which
    /// anybody knows. What nobody knows of stays: an update leaves it alone.
    fn changes(&self, stored: &Item, new: &Item) -> Result<Expressions, Problem> {
        let keys: BTreeSet<&str> = self.target.key_names().collect();
        let all = || {
            let there = stored.keys().map(String::as_str);
            let added = new.keys().map(String::as_str).chain(self.target.known_attributes());
            there.chain(added).chain([HEAD, FOOT, OLDER_SIGNATURE]).filter(|name| !keys.contains(name)).collect()
        };
        let fits = |guarded: BTreeSet<&str>| {
            let fits = guarded.len() < MOST_COMPARED;
            if fits { self.text(stored, new, &keys, guarded).finish() } else { None }
        };
        if let Some(expressions) = fits(all()) {
            return Ok(expressions);
        }
        // A record is never written twice with the same signature: that and what it does not sign say it all.
        let is_guarded = |name: &&str| [HEAD, FOOT].contains(name) || self.target.is_unsigned(self.source, name);
        let short = is_record(stored).then(|| all().into_iter().filter(is_guarded).collect());
        short.and_then(fits).ok_or(Problem::TooManyAttributes { count: stored.len() })
    }

    fn text(&self, stored: &Item, new: &Item, keys: &BTreeSet<&str>, guarded: BTreeSet<&str>) -> WriteBack {
        let mut text = WriteBack::default();
        // All the others may say that something is not there, and then an update makes an item.
        text.exists(self.target.partition_key());
        for name in guarded {
            text.unchanged(name, stored.get(name));
        }
        let is_key = |name: &str| keys.contains(name);
        for (name, value) in new.iter().filter(|(name, _)| !is_key(name)) {
            if stored.get(name) != Some(value) {
                text.set(name, value.clone());
            }
        }
        for name in stored.keys().filter(|name| !is_key(name) && !new.contains_key(*name)) {
            text.remove(name);
        }
        text
    }

    /// The condition on which an item is deleted that gets another key.
    fn guard(&self, stored: &Item) -> Result<Expressions, Problem> {
        let mut guard = WriteBack::default();
        guard.exists(self.target.partition_key());
        let is_key = |name: &str| self.target.key_names().any(|key| key == name);
        let known = self.target.known_attributes();
        let guarded: BTreeSet<&str> =
            stored.keys().map(String::as_str).chain(known).filter(|name| !is_key(name)).collect();
        let fits = guarded.len() < MOST_COMPARED;
        for name in guarded {
            guard.unchanged(name, stored.get(name));
        }
        guard.finish().filter(|_| fits).ok_or(Problem::TooManyAttributes { count: stored.len() })
    }

    /// An item whose key is sealed gets another key: the new one is written and the old one deleted, or neither.
    async fn move_to(&self, stored: &Item, new: &Item, units: f64) -> Result<Written, Stop> {
        let unbuilt = |error: aws_sdk_dynamodb::error::BuildError| Problem::Database(error.to_string());
        let guard = self.guard(stored)?;
        let delete = Delete::builder()
            .table_name(self.table)
            .set_key(Some(to_sdk(self.target.key_of(stored))))
            .set_condition_expression(guard.condition)
            .set_expression_attribute_names(Some(guard.names.into_iter().collect()))
            .set_expression_attribute_values(Some(to_sdk(guard.values)).filter(|values| !values.is_empty()))
            .build()
            .map_err(unbuilt)?;
        let put = Put::builder()
            .table_name(self.table)
            .set_item(Some(to_sdk(new.clone())))
            .condition_expression("attribute_not_exists(#k)")
            .expression_attribute_names("#k", self.target.partition_key())
            .build()
            .map_err(unbuilt)?;
        let mut backoff = Backoff::default();
        loop {
            self.pace.take(units).await;
            let write = self
                .client
                .transact_write_items()
                .transact_items(TransactWriteItem::builder().delete(delete.clone()).build())
                .transact_items(TransactWriteItem::builder().put(put.clone()).build());
            let error = match write.send_as_stored().await {
                Ok(_) => return Ok(Written::Done(units)),
                Err(error) => error,
            };
            let reasons = match error.as_service_error() {
                Some(aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons().to_vec()
                }
                _ => Vec::new(),
            };
            let code = |at: usize| reasons.get(at).and_then(|reason| reason.code()).unwrap_or_default();
            if code(0) == "ConditionalCheckFailed" {
                return match self.now(&self.target.key_of(stored)).await? {
                    // The answer to an earlier attempt may have been lost.
                    Written::Gone => match self.now(&self.target.key_of(new)).await? {
                        Written::Changed(there) if same_item(&there, new) => Ok(Written::Done(units)),
                        _ => Ok(Written::Gone),
                    },
                    changed => Ok(changed),
                };
            }
            if code(1) == "ConditionalCheckFailed" {
                return Err(Problem::Database(KEY_TAKEN.to_owned()).into());
            }
            let kind = match (code(0), code(1)) {
                ("TransactionConflict", _) | (_, "TransactionConflict") => Fault::Passing,
                ("ProvisionedThroughputExceeded" | "ThrottlingError", _)
                | (_, "ProvisionedThroughputExceeded" | "ThrottlingError") => Fault::Throttled,
                ("ValidationError", _) | (_, "ValidationError") => Fault::Item,
                _ => fault(&error),
            };
            self.again(kind, "TransactWriteItems", || said_of(&error, self.values(stored, new)), &mut backoff).await?;
        }
    }
}

/// The head of a record, which no other has: finding it in the table says that a write took effect though its answer was
/// lost.
pub(crate) fn is_written(now: &Item, new: &Item) -> bool {
    match (now.get(HEAD), new.get(HEAD)) {
        (Some(AttributeValue::B(now)), Some(AttributeValue::B(new))) => now == new,
        (None, None) => same_item(now, new),
        _ => false,
    }
}
