//! `dynaseal table`: makes, lists, describes and deletes tables, on AWS, at an endpoint or in the embedded database.

mod create;
mod describe;
mod policy;
mod print;
mod shape;

pub(super) use self::create::time_to_live;
pub(super) use self::describe::differences;

use dynaseal::local;
use serde_json::json;

use crate::args::{DeleteTableArgs, ListTablesArgs, TableCommand};
use crate::database::Database;
use crate::new_file::{self, NewFileError, Readers};
use crate::output::{Failure, Output, note, visible};
use crate::preflight;
use crate::table;

/// What is not done.
#[derive(Debug, thiserror::Error)]
enum TableCommandError {
    #[error(
        "the table {table}{place} and everything in it would be deleted: say so with --yes, or with --confirm {table}"
    )]
    NotConfirmed { table: String, place: String },
    #[error("--confirm {given} is another name than that of the table, {table}{place}: nothing is deleted")]
    OtherName { given: String, table: String, place: String },
    #[error("there is a table {table}{place} already, and it is another one: {differences}")]
    Different { table: String, place: String, differences: String },
    #[error(
        "the table {table}{place} is still {status} after {seconds} s: `dynaseal table describe` shows when it is ACTIVE"
    )]
    NotActive { table: String, place: String, status: String, seconds: u64 },
}

pub(crate) fn run(command: &TableCommand) -> Result<(), Failure> {
    let runtime = super::runtime()?;
    match command {
        TableCommand::Create(args) => runtime.block_on(create::run(args)),
        TableCommand::List(args) => runtime.block_on(list(args)),
        TableCommand::Describe(args) => runtime.block_on(describe::run(args)),
        TableCommand::Delete(args) => runtime.block_on(delete(args)),
    }
}

async fn list(args: &ListTablesArgs) -> Result<(), Failure> {
    let database = Database::open_as_stored("", &args.database).await?;
    let mut output = Output::new();
    let mut pages = database.client.list_tables().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| database.failed("ListTables", &error))?;
        for name in page.table_names.unwrap_or_default() {
            if !args.json {
                output.line(visible(&name))?;
                continue;
            }
            let table = Database::of_table(database.client.clone(), &name, &args.database);
            output.json(match preflight::describe(&table).await? {
                Ok(description) => describe::summary(&name, &description),
                Err(untold) => {
                    note(&format!("warning: {untold}"));
                    json!({ "table": name })
                }
            })?;
        }
    }
    Ok(())
}

async fn delete(args: &DeleteTableArgs) -> Result<(), Failure> {
    let table = table::name(&args.table.config, args.table.table.as_deref())?;
    let database = Database::open_as_stored(&table, &args.table.database).await?.with_config(&args.table.config);
    let place = database.place();
    match &args.confirm {
        Some(given) if *given != table => {
            return Err(TableCommandError::OtherName { given: given.clone(), table, place }.into());
        }
        None if !args.yes => return Err(TableCommandError::NotConfirmed { table, place }.into()),
        _ => {}
    }
    let deleted = database.client.delete_table().table_name(&table).send().await;
    deleted.map_err(|error| database.failed("DeleteTable", &error))?;
    let is_gone = gone(&database).await;
    let mut output = Output::new();
    match args.json {
        true => output.json(json!({ "table": table, "deleted": true })),
        false if is_gone => output.line(visible(&format!("the table {table}{place} is deleted"))),
        false => {
            output.line(visible(&format!("the table {table}{place} is being deleted, which DynamoDB has not finished")))
        }
    }
}

/// Waits until a deleted table is gone, as far as that can be told. False if it is still there after ten minutes.
async fn gone(database: &Database) -> bool {
    for _ in 0..create::POLLS {
        // It was deleted: that these credentials may not look at it changes nothing.
        if database.client.describe_table().table_name(&database.table).send().await.is_err() {
            return true;
        }
        tokio::time::sleep(create::PAUSE).await;
    }
    false
}

/// The embedded database in a file that is made if it is not there, for its owner alone.
fn file(path: &std::path::Path) -> Result<(aws_sdk_dynamodb::Client, bool), Failure> {
    let made = match new_file::create(path, b"", Readers::Owner, "--db") {
        Ok(()) => true,
        Err(NewFileError::Exists { .. }) => false,
        Err(error) => return Err(error.into()),
    };
    Ok((local::file(path)?, made))
}
