//! `dynaseal table create`.

use std::time::Duration;

use aws_sdk_dynamodb::types::{IndexStatus, TableDescription, TableStatus, TimeToLiveSpecification, TimeToLiveStatus};
use serde_json::json;

use super::shape::{Index, Shape};
use super::{TableCommandError, file, policy, print};
use crate::args::{CreateTableArgs, Print};
use crate::aws::Aws;
use crate::database::{CallError, Database};
use crate::output::{Failure, Output, note, visible};
use crate::table;

/// How long and how often to look whether a table is ready: ten minutes, for indexes take a while.
pub(super) const POLLS: u32 = 600;
pub(super) const PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn run(args: &CreateTableArgs) -> Result<(), Failure> {
    let config = &args.table.config;
    let outline = table::outline(config, args.table.table.as_deref())?;
    let shape = Shape::new(&outline, args)?;
    let mut output = Output::new();
    match args.print {
        Some(Print::AwsCli) => {
            let lines = print::aws_cli(&shape, &args.table.database.location());
            return lines.into_iter().try_for_each(|line| output.line(line));
        }
        Some(Print::IamPolicy) => {
            let policy = policy::policy(&shape, &table::permissions(config)?, args)?;
            return output.line(serde_json::to_string_pretty(&crate::output::sorted(policy))?);
        }
        None => {}
    }
    let database = connect(args, &shape).await?;
    let (created, place) = (make(&database, &shape).await?, database.place());
    let name = &shape.name;
    match (args.json, created) {
        (true, _) => output.json(json!({
            "table": name,
            "created": created,
            "indexes": shape.indexes.iter().map(|index| &index.name).collect::<Vec<_>>(),
        })),
        (false, true) => output.line(visible(&format!("the table {name}{place} is made: {}", people(&shape)))),
        (false, false) => output.line(visible(&format!(
            "the table {name}{place} is there already, as it was asked for: {}",
            people(&shape)
        ))),
    }
}

async fn connect(args: &CreateTableArgs, shape: &Shape) -> Result<Database, Failure> {
    let client = match &args.table.database.db {
        Some(path) => {
            let (client, made) = file(path)?;
            if made {
                note(&format!("the database {} is made, for its owner alone", path.display()));
            }
            client
        }
        None => Aws::default().dynamodb(&args.table.database.location()).await?,
    };
    Ok(Database::of_table(client, &shape.name, &args.table.database).with_config(&args.table.config))
}

/// Makes the table; false if it is there already, as it was asked for.
async fn make(database: &Database, shape: &Shape) -> Result<bool, Failure> {
    if let Some(found) = there(database).await? {
        return compare(database, shape, &found).await.map(|()| false);
    }
    match shape.request(&database.client)?.send().await {
        Ok(_) => {}
        // Somebody was faster.
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_in_use_exception()) => {
            let found = there(database).await?;
            let found = found.ok_or_else(|| CallError::silent("DescribeTable", &shape.name))?;
            return compare(database, shape, &found).await.map(|()| false);
        }
        Err(error) => return Err(database.failed("CreateTable", &error).into()),
    }
    wait(database).await?;
    if let Some(ttl) = &shape.ttl {
        let specification = TimeToLiveSpecification::builder().enabled(true).attribute_name(ttl).build()?;
        let update = database.client.update_time_to_live().table_name(&shape.name);
        let update = update.time_to_live_specification(specification).send().await;
        update.map_err(|error| database.failed("UpdateTimeToLive", &error))?;
    }
    Ok(true)
}

/// What DynamoDB says of the table; none if there is none.
async fn there(database: &Database) -> Result<Option<TableDescription>, CallError> {
    match database.client.describe_table().table_name(&database.table).send().await {
        Ok(answer) => Ok(answer.table),
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => Ok(None),
        Err(error) => Err(database.failed("DescribeTable", &error)),
    }
}

/// The attribute by which items expire; none if they do not.
pub(crate) async fn time_to_live(database: &Database) -> Result<Option<String>, CallError> {
    let answer = database.client.describe_time_to_live().table_name(&database.table).send().await;
    let answer = answer.map_err(|error| database.failed("DescribeTimeToLive", &error))?;
    let is_on = |status: &TimeToLiveStatus| matches!(status, TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling);
    let found = answer.time_to_live_description.filter(|found| found.time_to_live_status.as_ref().is_some_and(is_on));
    Ok(found.and_then(|found| found.attribute_name))
}

async fn compare(database: &Database, shape: &Shape, found: &TableDescription) -> Result<(), Failure> {
    let ttl = match &shape.ttl {
        Some(_) => time_to_live(database).await?,
        None => None,
    };
    let differences = shape.differences(found, ttl.as_deref());
    if differences.is_empty() {
        return Ok(());
    }
    let (table, place, differences) = (shape.name.clone(), database.place(), differences.join("; "));
    Err(TableCommandError::Different { table, place, differences }.into())
}

/// Waits until the table and its indexes can be used.
async fn wait(database: &Database) -> Result<(), Failure> {
    let mut status = String::new();
    for poll in 0..POLLS {
        if let Some(found) = there(database).await? {
            let is_active = |status: Option<&IndexStatus>| status.is_none_or(|status| *status == IndexStatus::Active);
            let indexes = found.global_secondary_indexes().iter().all(|index| is_active(index.index_status()));
            match found.table_status() {
                Some(TableStatus::Active) | None if indexes => return Ok(()),
                now => status = now.map_or_else(String::new, ToString::to_string),
            }
        }
        if poll == 5 {
            note(&format!("waiting until the table {} and its indexes are ACTIVE", database.table));
        }
        tokio::time::sleep(PAUSE).await;
    }
    let seconds = PAUSE.as_secs() * u64::from(POLLS);
    Err(TableCommandError::NotActive { table: database.table.clone(), place: database.place(), status, seconds }.into())
}

/// Keys, indexes and the rest on one line.
fn people(shape: &Shape) -> String {
    let typed = |name: &str| match shape.types.get(name) {
        Some(of_type) => format!("`{name}` ({of_type})"),
        None => format!("`{name}`"),
    };
    let keys: Vec<String> = shape.keys.attributes().map(|key| typed(&key.name)).collect();
    let mut text = format!("key {}", keys.join(" and "));
    let index = |index: &Index| {
        let keys: Vec<String> = index.keys().map(typed).collect();
        format!("index `{}` of {}", index.name, keys.join(" and "))
    };
    shape.indexes.iter().map(index).for_each(|index| text.extend([", ", &index]));
    if let Some((read, write)) = shape.capacity {
        text.push_str(&format!(", {read} read and {write} write capacity units"));
    }
    if let Some(ttl) = &shape.ttl {
        text.push_str(&format!(", items expire by `{ttl}`"));
    }
    text
}
