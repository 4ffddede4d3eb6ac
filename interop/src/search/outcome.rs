//! What comes of one request on both sides.

use std::collections::BTreeMap;
use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal::search::PARTITION_VALUE;
use dynaseal::{Item, SealedPartitions, SendSealed, json, normal_form, sdk};

use super::ask::Ask;
use super::tables::{Table, key_of};
use super::tally::Tally;
use crate::Result;
use crate::keys::chain;
use crate::table::doors::{Door, send};

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The items by key. Of several queries, those that came more than once count once.
    Done(BTreeMap<String, String>),
    /// Nothing was sent.
    Refused(String),
    /// DynamoDB refused it.
    Denied(String),
    /// It was sent, and the answer is withheld.
    Withheld(String),
}

/// The same request through all doors.
pub async fn compare(table: &Table, place: &str, ask: &Ask, tally: &mut Tally) -> Result<()> {
    let [theirs, asynchronous, interceptor] = &table.doors;
    if ask.key.is_none() {
        let outcomes = [scan(table, theirs, ask).await, scan(table, asynchronous, ask).await];
        let [theirs, one] = outcomes;
        let other = scan(table, interceptor, ask).await;
        tally.outcome(table, place, ask, 1, theirs, one, other);
        return Ok(());
    }
    let mut input = QueryInput::builder()
        .table_name(&table.name)
        .set_key_condition_expression(ask.key.clone())
        .set_filter_expression(ask.filter.clone());
    input = input.set_expression_attribute_values(Some(ask.values.clone()).filter(|values| !values.is_empty()));
    input = input.set_expression_attribute_names(Some(ask.names.clone()).filter(|names| !names.is_empty()));
    let their_number = table.transforms.get_number_of_queries().input(input.build()?).send().await;
    let their_number = their_number.map(|output| output.number_of_queries.unwrap_or_default());
    let query = query(table, asynchronous, ask);
    let our_number = query.sealed_queries(&table.sealer);
    match (&their_number, &our_number) {
        (Ok(theirs), Ok(ours)) if *theirs == i32::from(*ours) => tally.numbers += 1,
        (Ok(theirs), Ok(ours)) => {
            tally.differ(place, format!("{theirs} queries for theirs, {ours} for ours: {ask:?}"));
            return Ok(());
        }
        // The doors refuse it, too, or theirs does not look.
        _ => {}
    }
    let number = our_number.as_ref().map_or(1, |number| *number);
    let theirs = queries(table, theirs, ask, number).await;
    let ours = queries(table, asynchronous, ask, number).await;
    let other = queries(table, interceptor, ask, number).await;
    if number > 1 {
        let all = partitions(table, query, place, tally).await;
        if let (Outcome::Done(all), Outcome::Done(ours)) = (&all, &ours)
            && all == ours
        {
            tally.partitioned += 1;
        } else if !matches!((&all, &ours), (Outcome::Refused(_), Outcome::Refused(_))) && all != ours {
            tally.differ(place, format!("sealed_partitions: {all:?}, in a loop: {ours:?}: {ask:?}"));
        }
    }
    tally.outcome(table, place, ask, number, theirs, ours, other);
    Ok(())
}

macro_rules! request {
    ($builder:expr, $table:expr, $ask:expr) => {
        $builder
            .table_name(&$table.name)
            .set_index_name($ask.index.clone())
            .set_filter_expression($ask.filter.clone())
            .set_expression_attribute_names(Some($ask.names.clone()).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some($ask.values.clone()).filter(|values| !values.is_empty()))
    };
}

fn query(table: &Table, door: &Door, ask: &Ask) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
    request!(door.client.query(), table, ask).set_key_condition_expression(ask.key.clone())
}

async fn scan(table: &Table, door: &Door, ask: &Ask) -> Outcome {
    let scan = request!(door.client.scan(), table, ask);
    outcome(send!(door, scan).map(|output| output.items.unwrap_or_default()))
}

/// As many queries as it takes.
async fn queries(table: &Table, door: &Door, ask: &Ask, number: u8) -> Outcome {
    let mut found = BTreeMap::new();
    // Theirs wants to be told the partition where it makes no difference, too; one of our doors is.
    let says_partition = number > 1 || (table.search.maximum_partitions() > 1 && door.name != "Interceptor");
    for partition in 0..number {
        let mut query = query(table, door, ask);
        if says_partition {
            query = query.expression_attribute_values(PARTITION_VALUE, SdkValue::N(partition.to_string()));
        }
        match outcome(send!(door, query).map(|output| output.items.unwrap_or_default())) {
            Outcome::Done(items) => found.extend(items),
            other => return other,
        }
    }
    Outcome::Done(found)
}

/// All of them in one call.
async fn partitions(
    table: &Table,
    query: aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder,
    place: &str,
    tally: &mut Tally,
) -> Outcome {
    let mut items = query.sealed_partitions(&table.sealer);
    let mut found = Vec::new();
    while let Some(item) = items.next().await {
        match item {
            Ok(item) => found.push(item),
            Err(error) => return outcome::<aws_sdk_dynamodb::operation::query::QueryError>(Err(error)),
        }
    }
    let count = found.len();
    let outcome = outcome::<aws_sdk_dynamodb::operation::query::QueryError>(Ok(found));
    if let Outcome::Done(items) = &outcome
        && items.len() != count
    {
        tally.differ(place, format!("sealed_partitions gives {count} items, of which {} are different", items.len()));
    }
    outcome
}

fn outcome<E>(result: std::result::Result<Vec<std::collections::HashMap<String, SdkValue>>, SdkError<E>>) -> Outcome
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match result {
        Ok(items) => {
            let items = items.into_iter().map(|item| sdk::from_sdk(item).expect("known types"));
            Outcome::Done(items.map(|item| (key_of(&item), text(&item))).collect())
        }
        Err(SdkError::ServiceError(error)) => {
            let error = error.err().meta();
            Outcome::Denied(format!("{}: {}", error.code().unwrap_or("no code"), error.message().unwrap_or_default()))
        }
        Err(error @ SdkError::ConstructionFailure(_)) => Outcome::Refused(chain(&error)),
        Err(error) => Outcome::Withheld(chain(&error)),
    }
}

fn text(item: &Item) -> String {
    let normal = |value| normal_form(value).expect("a value that DynamoDB takes");
    json::to_string(&item.iter().map(|(name, value)| (name.clone(), normal(value))).collect::<Item>())
}
