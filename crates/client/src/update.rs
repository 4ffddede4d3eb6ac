//! Updates of sealed attributes that other writers may change at the same time.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use dynaseal_core::{AttributeValue as Value, HEAD, Item, SecureRandom, SystemRandom, names_only};
use dynaseal_ops::update::{self, Attempt, Write};
use dynaseal_ops::{Expressions, Measure, OperationError, Refusal, all_conditions};
use tracing::Instrument;

use crate::bridge::beside;
use crate::operation::{SdkItem, item, sdk_names};
use crate::sealer::Sealer;
use crate::send::Builder;
use crate::span;
use crate::value::to_sdk;

const NAME: &str = "update_sealed";

/// An update of any attribute of one item: encrypted, signed or neither.
///
/// The item is read consistently, opened, changed, sealed, and written back on condition that it is still the one that
/// was read; if another writer came between, all of it is done again. So two writers never lose an update, and a write
/// whose answer was lost is recognised by its record and not done twice, unless another writer came right behind it, or
/// the plaintext policy forces plaintext. Unsigned
/// attributes that the update does not touch are not written: plain updates of those survive.
///
/// An item that is not there is created, as `UpdateItem` does; a condition such as `attribute_exists(id)` prevents that.
/// The condition may look at encrypted attributes, for it is evaluated here.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # use aws_sdk_dynamodb::types::AttributeValue;
/// # use dynaseal_client::{SealedTable, Sealer, SendSealed};
/// # use dynaseal_core::{ItemEncryptor, RawAesKeyring, TableConfig};
/// # let client = dynaseal_local::memory()?;
/// # dynaseal_local::create_table(&client, "people", "id", None).await?;
/// let config = TableConfig::builder("people", "id").encrypt(["visits"]).build()?;
/// # let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32])?);
/// # let sealer = Sealer::of_table(SealedTable::new("people", encryptor));
/// let update = sealer
///     .update_sealed(&client, "people")
///     .key("id", AttributeValue::S("ada".to_owned()))
///     .update_expression("SET visits = if_not_exists(visits, :zero) + :one")
///     .expression_attribute_values(":zero", AttributeValue::N("0".to_owned()))
///     .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
/// update.clone().send().await?;
/// let updated = update.send().await?;
/// assert_eq!(updated.after["visits"], AttributeValue::N("2".to_owned()));
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "nothing is sent before `send` or `send_with`"]
pub struct SealedUpdate {
    sealer: Sealer,
    client: Client,
    table: String,
    key: SdkItem,
    update: Option<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: SdkItem,
    max_attempts: NonZeroU32,
    /// What was given again and is another one.
    twice: Option<String>,
}

/// Without the values.
impl fmt::Debug for SealedUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, key, update, conditions, names, values, max_attempts, .. } = self;
        f.debug_struct("SealedUpdate")
            .field("table", table)
            .field("key", &names_only(key))
            .field("update", update)
            .field("conditions", conditions)
            .field("names", &names_only(names))
            .field("values", &names_only(values))
            .field("max_attempts", max_attempts)
            .finish_non_exhaustive()
    }
}

/// What an update did.
#[derive(Clone)]
#[non_exhaustive]
pub struct Updated {
    /// The item before; `None` if there was none.
    pub before: Option<SdkItem>,
    /// The item now.
    pub after: SdkItem,
    /// How often it was tried.
    pub attempts: u32,
}

/// Without the values.
impl fmt::Debug for Updated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, after, attempts } = self;
        f.debug_struct("Updated")
            .field("before", &before.as_ref().map(names_only))
            .field("after", &names_only(after))
            .field("attempts", attempts)
            .finish()
    }
}

/// Why an update failed. Nothing was written, unless it says that the answer to the write did not come.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// On our side: the condition does not hold, the item can not be opened or sealed, other writers were faster too often.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// The closure refused.
    #[error("the update was called off")]
    CalledOff(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The item could not be read.
    #[error("the item could not be read")]
    Get(#[source] Box<SdkError<GetItemError, HttpResponse>>),
    /// The new item could not be written.
    #[error("the new item could not be written")]
    Put(#[source] Box<SdkError<PutItemError, HttpResponse>>),
    /// The item could not be written back.
    #[error("the item could not be written back")]
    Update(#[source] Box<SdkError<UpdateItemError, HttpResponse>>),
}

impl UpdateError {
    /// Whether the condition did not hold.
    pub fn is_condition(&self) -> bool {
        matches!(self, Self::Operation(error) if matches!(error.refusal(), Refusal::Condition))
    }
}

impl Sealer {
    /// Starts an update of one item of a sealed table.
    pub fn update_sealed(&self, client: &Client, table: impl Into<String>) -> SealedUpdate {
        SealedUpdate {
            sealer: self.clone(),
            client: client.clone(),
            table: table.into(),
            key: SdkItem::new(),
            update: None,
            conditions: Vec::new(),
            names: HashMap::new(),
            values: SdkItem::new(),
            max_attempts: MAX_ATTEMPTS,
            twice: None,
        }
    }
}

/// How often an update is tried if nothing else is said.
const MAX_ATTEMPTS: NonZeroU32 = NonZeroU32::new(64).expect("not zero");

impl SealedUpdate {
    /// A key attribute of the item. Once for tables without a sort key, twice for others. Two values of one attribute are
    /// refused.
    pub fn key(mut self, name: impl Into<String>, value: AttributeValue) -> Self {
        let (name, same) = (name.into(), value.clone());
        let what = format!("the key attribute `{name}`");
        let before = self.key.insert(name, value);
        self.once(before, &same, what)
    }

    /// What to do: `SET`, `REMOVE`, `ADD` and `DELETE` as in `UpdateItem`. An attribute that has no action any more can be
    /// taken away with `REMOVE`, and has to be if anything else of its item is changed. Two expressions are refused.
    pub fn update_expression(mut self, expression: impl Into<String>) -> Self {
        let expression = expression.into();
        let before = self.update.replace(expression.clone());
        self.once(before, &expression, "the UpdateExpression".to_owned())
    }

    /// On which condition. Each call asks one more thing.
    pub fn condition_expression(mut self, expression: impl Into<String>) -> Self {
        self.conditions.push(expression.into());
        self
    }

    /// A `#name` of the expressions. Two meanings of one are refused.
    pub fn expression_attribute_names(mut self, placeholder: impl Into<String>, name: impl Into<String>) -> Self {
        let (placeholder, name) = (placeholder.into(), name.into());
        let what = format!("the name `{placeholder}`");
        let before = self.names.insert(placeholder, name.clone());
        self.once(before, &name, what)
    }

    /// A `:value` of the expressions. Two meanings of one are refused: a condition would ask something else.
    pub fn expression_attribute_values(mut self, placeholder: impl Into<String>, value: AttributeValue) -> Self {
        let (placeholder, same) = (placeholder.into(), value.clone());
        let what = format!("the value `{placeholder}`");
        let before = self.values.insert(placeholder, value);
        self.once(before, &same, what)
    }

    /// Notes if there was another one before.
    fn once<T: PartialEq>(mut self, before: Option<T>, now: &T, what: String) -> Self {
        if before.is_some_and(|before| before != *now) {
            self.twice.get_or_insert(what);
        }
        self
    }

    /// How often it may be tried when other writers are faster; 64 times if not called. The last call counts.
    pub fn max_attempts(mut self, attempts: NonZeroU32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Does it.
    ///
    /// # Errors
    /// If the update would copy something encrypted into an attribute that can be read, which is refused before anything is
    /// sent; if the condition does not hold, the update does not fit to the item, the item can not be opened or sealed, DynamoDB
    /// refuses, or other writers were faster in every attempt.
    pub async fn send(self) -> Result<Updated, UpdateError> {
        self.send_with(|_| Ok::<_, OperationError>(())).await
    }

    /// Does it, and what `change` does to the plain item after the update expression, if there is one. It is called once
    /// for every attempt, so it should do nothing else. Unsigned attributes that it only reads may have changed when the
    /// item is written. Unlike update expressions, `change` cannot be checked for copies: what it puts into an attribute that
    /// is not encrypted can be read in the table.
    ///
    /// # Errors
    /// As [`send`](Self::send), and if `change` fails: then nothing is written.
    pub async fn send_with<E>(self, change: impl FnMut(&mut SdkItem) -> Result<(), E>) -> Result<Updated, UpdateError>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let span = span::span(NAME, || self.table.clone());
        let mut measure = Measure::default();
        let result = self.run(change, &mut measure).instrument(span.clone()).await;
        span::record(&span, &measure, result.is_err());
        result
    }

    async fn run<E>(
        self,
        mut change: impl FnMut(&mut SdkItem) -> Result<(), E>,
        measure: &mut Measure,
    ) -> Result<Updated, UpdateError>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let Some(table) = self.sealer.tables.get(&self.table) else {
            return Err(OperationError::without_table(NAME, Refusal::NotSealed { name: self.table }).into());
        };
        let refused = |refusal| OperationError::new(NAME, &self.table, refusal);
        if let Some(what) = self.twice {
            return Err(refused(Refusal::Twice { what }).into());
        }
        let expressions = Expressions {
            condition: all_conditions(self.conditions).map_err(refused)?,
            update: self.update,
            names: self.names.into_iter().collect(),
            values: item(NAME, self.values)?,
            ..Expressions::default()
        };
        let update = update::SealedUpdate::new(table, item(NAME, self.key)?, expressions)?;
        let door = Door { sealer: &self.sealer, client: &self.client, table: &self.table, key: update.key() };
        let mut attempts = 0;
        let mut last: Option<(Value, Updated)> = None;
        loop {
            attempts += 1;
            let stored = door.read().await?;
            // The SDK repeats a write whose answer was lost, and then its condition fails because of the write itself.
            if let (Some((head, done)), Some(stored)) = (last.take(), &stored)
                && stored.get(HEAD) == Some(&head)
            {
                return Ok(done);
            }
            let mut opened = beside(update.open(stored, measure)).await?;
            let mut plain = to_sdk(std::mem::take(&mut opened.after));
            change(&mut plain).map_err(|error| UpdateError::CalledOff(error.into()))?;
            opened.after = item(NAME, plain)?;
            let Attempt { write, before, after, head } = beside(update.seal(opened, measure)).await?;
            let written = door.write(write).await?;
            let done = Updated { before: before.map(to_sdk), after: to_sdk(after), attempts };
            if written {
                return Ok(done);
            }
            last = head.map(|head| (head, done));
            if attempts >= self.max_attempts.get() {
                // The last write may have taken effect as well.
                if let Some((head, done)) = last
                    && door.read().await?.is_some_and(|stored| stored.get(HEAD) == Some(&head))
                {
                    return Ok(done);
                }
                return Err(OperationError::new(NAME, &self.table, Refusal::Contended { attempts }).into());
            }
            pause(attempts).await;
        }
    }
}

/// The way to the item. Its requests pass an interceptor of the same sealer as they are.
struct Door<'a> {
    sealer: &'a Sealer,
    client: &'a Client,
    table: &'a str,
    key: &'a Item,
}

impl Door<'_> {
    async fn read(&self) -> Result<Option<Item>, UpdateError> {
        let get = self.client.get_item().table_name(self.table).set_key(Some(to_sdk(self.key.clone())));
        let reading = get.consistent_read(true).send_as_is(Some(self.sealer.by()));
        let found = reading.await.map_err(|error| UpdateError::Get(Box::new(error)))?.item;
        Ok(found.map(|found| item(NAME, found)).transpose()?)
    }

    /// Whether the item was still the one that was read.
    async fn write(&self, write: Write) -> Result<bool, UpdateError> {
        match write {
            Write::Put { item, expressions } => {
                let put = self.client.put_item().table_name(self.table).set_item(Some(to_sdk(item)));
                let put = put
                    .set_condition_expression(expressions.condition)
                    .set_expression_attribute_names(sdk_names(expressions.names));
                match put.send_as_is(Some(self.sealer.by())).await {
                    Ok(_) => Ok(true),
                    Err(error)
                        if error
                            .as_service_error()
                            .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
                    {
                        Ok(false)
                    }
                    Err(error) => Err(UpdateError::Put(Box::new(error))),
                }
            }
            Write::Update { expressions } => {
                let update = self.client.update_item().table_name(self.table);
                let update = update
                    .set_key(Some(to_sdk(self.key.clone())))
                    .set_update_expression(expressions.update)
                    .set_condition_expression(expressions.condition)
                    .set_expression_attribute_names(sdk_names(expressions.names))
                    .set_expression_attribute_values(Some(to_sdk(expressions.values)));
                match update.send_as_is(Some(self.sealer.by())).await {
                    Ok(_) => Ok(true),
                    Err(error)
                        if error
                            .as_service_error()
                            .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
                    {
                        Ok(false)
                    }
                    Err(error) => Err(UpdateError::Update(Box::new(error))),
                }
            }
        }
    }
}

/// Waits a random time, longer from attempt to attempt, so that writers get out of step.
async fn pause(attempts: u32) {
    let mut random = [0; 8];
    // Without randomness, all wait equally long, which is bad luck and no error.
    let _ = SystemRandom.fill(&mut random);
    tokio::time::sleep(Duration::from_micros(u64::from_le_bytes(random) % longest_pause(attempts))).await;
}

/// In microseconds: 2 ms after the first attempt, 50 ms from the sixth on.
fn longest_pause(attempts: u32) -> u64 {
    (1_000 << attempts.min(6)).min(50_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_bounded_however_many_attempts() {
        assert_eq!([0, 1, 5, 6].map(longest_pause), [1_000, 2_000, 32_000, 50_000]);
        assert_eq!([7, 61, 64, u32::MAX].map(longest_pause), [50_000; 4]);
    }
}
