//! `dynaseal explain`: queries and scans as DynamoDB will see them. Nothing is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use dynaseal::json::{self, JsonError};
use dynaseal::ops::Expressions;
use dynaseal::ops::operation::{Query, Scan};
use dynaseal::search::QueryError;
use dynaseal::{Item, OperationError, Refusal, SealedTable};
use serde_json::{Map, Value};

use crate::args::ExplainArgs;
use crate::input;
use crate::output::{Failure, Output, complain};
use crate::table::{self, Keys};

/// A request that is not sent.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("expected an object, the JSON of a Query or Scan")]
    NoObject,
    #[error("{member}: expected a string")]
    NoText { member: &'static str },
    #[error("ExpressionAttributeNames: expected an object of strings")]
    NoNames,
    #[error("ExpressionAttributeValues")]
    Values(#[source] JsonError),
    #[error(transparent)]
    Operation(OperationError),
    #[error("{error}: {} (here: --all-partitions)", error.refusal())]
    WhichPartition { error: OperationError },
}

impl From<OperationError> for Refused {
    fn from(error: OperationError) -> Self {
        match error.refusal() {
            Refusal::Search(QueryError::WhichPartition { .. }) => Self::WhichPartition { error },
            _ => Self::Operation(error),
        }
    }
}

pub(crate) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let runtime = super::runtime()?;
    let table = Arc::new(runtime.block_on(table::sealed_table(&args.config, None, Keys::Beacons))?);
    let mut output = Output::to(&args.output)?;
    let mut refused = 0;
    input::read_values(&args.files, |place, request| {
        let explained = match request {
            Ok(request) => runtime
                .block_on(explain(&table, request, args.all_partitions))
                .map_err(|error| complain(place, &error))
                .unwrap_or_default(),
            Err(error) => {
                complain(place, &error);
                Vec::new()
            }
        };
        // What is explained is one request at least.
        refused += usize::from(explained.is_empty());
        explained.into_iter().try_for_each(|request| output.json(request))
    })?;
    output.finish()?;
    if refused == 0 { Ok(()) } else { Err(Failure::Requests(refused)) }
}

const KEY_CONDITION: &str = "KeyConditionExpression";
const FILTER: &str = "FilterExpression";
const PROJECTION: &str = "ProjectionExpression";
const NAMES: &str = "ExpressionAttributeNames";
const VALUES: &str = "ExpressionAttributeValues";

/// The request as it is sent, or for each partition in turn.
async fn explain(table: &Arc<SealedTable>, request: Value, all_partitions: bool) -> Result<Vec<Value>, Refused> {
    let Value::Object(mut request) = request else { return Err(Refused::NoObject) };
    let is_query = [KEY_CONDITION, "KeyConditions"].iter().any(|name| is_there(&request, name));
    let legacy: &[&str] = match is_query {
        true => &["AttributesToGet", "KeyConditions", "QueryFilter", "ConditionalOperator"],
        false => &["AttributesToGet", "ScanFilter", "ConditionalOperator"],
    };
    let legacy = legacy.iter().copied().filter(|name| is_there(&request, name)).collect();
    let expressions = Expressions {
        key_condition: text(&mut request, KEY_CONDITION)?,
        filter: text(&mut request, FILTER)?,
        projection: text(&mut request, PROJECTION)?,
        names: names(request.remove(NAMES))?,
        values: values(request.remove(VALUES))?,
        legacy,
        ..Expressions::default()
    };
    let index = request.get("IndexName").and_then(Value::as_str).map(str::to_owned);
    let start = values(request.get("ExclusiveStartKey").cloned())?;
    let scan = Scan { index, select: text(&mut request, "Select")?, start, expressions };
    let sent = match is_query {
        false => vec![scan.seal(table).await?.0],
        true => {
            let query = Query { scan };
            match all_partitions && query.clone().queries(table)? > 1 {
                false => vec![query.seal(table).await?.0.scan],
                true if is_there(&request, "ExclusiveStartKey") => {
                    return Err(OperationError::new("Query", table.name(), Refusal::StartKey).into());
                }
                true => query.seal_all(table).await?.0.into_iter().map(|query| query.scan).collect(),
            }
        }
    };
    Ok(sent.into_iter().map(|scan| with(request.clone(), scan)).collect())
}

/// Null is what some programs write for nothing.
fn is_there(request: &Map<String, Value>, member: &str) -> bool {
    request.get(member).is_some_and(|value| !value.is_null())
}

fn text(request: &mut Map<String, Value>, member: &'static str) -> Result<Option<String>, Refused> {
    match request.remove(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refused::NoText { member }),
    }
}

fn names(value: Option<Value>) -> Result<BTreeMap<String, String>, Refused> {
    match value {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(value) => serde_json::from_value(value).map_err(|_| Refused::NoNames),
    }
}

fn values(value: Option<Value>) -> Result<Item, Refused> {
    match value {
        None | Some(Value::Null) => Ok(Item::new()),
        Some(value) => json::from_str(&value.to_string()).map_err(Refused::Values),
    }
}

fn with(mut request: Map<String, Value>, scan: Scan) -> Value {
    let Expressions { key_condition, filter, projection, names, values, .. } = scan.expressions;
    let texts = [(KEY_CONDITION, key_condition), (FILTER, filter), (PROJECTION, projection), ("Select", scan.select)];
    let texts = texts.into_iter().filter_map(|(member, text)| Some((member.to_owned(), Value::String(text?))));
    request.extend(texts);
    // DynamoDB takes no empty ones.
    if !names.is_empty() {
        let names = names.into_iter().map(|(placeholder, name)| (placeholder, Value::String(name)));
        request.insert(NAMES.to_owned(), Value::Object(names.collect()));
    }
    if !values.is_empty() {
        let values = serde_json::from_str(&json::to_string(&values)).expect("what was written as JSON is JSON");
        request.insert(VALUES.to_owned(), values);
    }
    Value::Object(request)
}
