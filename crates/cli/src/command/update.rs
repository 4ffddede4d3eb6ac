//! `dynaseal update`: changes items of a table, whatever is sealed of them.

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal::sdk::{from_sdk, to_sdk};
use dynaseal::{Item, UpdateError, json};

use super::change::{Change, KEY, Outcome, all, not_changed};
use crate::args::{Returned, UpdateArgs};
use crate::database::{CallError, Database};
use crate::output::Failure;

pub(crate) fn run(args: &UpdateArgs) -> Result<(), Failure> {
    let database = super::runtime()?.block_on(Database::open(&args.table))?;
    all(&args.keys, args.json, args.r#return.is_some(), &Update { args, database })
}

struct Update<'a> {
    args: &'a UpdateArgs,
    database: Database,
}

impl Change for Update<'_> {
    const DONE: &'static str = "updated";

    async fn one(&self, key: Item) -> Result<Outcome, CallError> {
        let (args, database) = (self.args, &self.database);
        let mut update = database.sealer.update_sealed(&database.client, &database.table);
        for (name, value) in to_sdk(key.clone()) {
            update = update.key(name, value);
        }
        update = update.update_expression(&args.expression).max_attempts(args.attempts);
        if !args.create {
            update = update
                .condition_expression(format!("attribute_exists({KEY})"))
                .expression_attribute_names(KEY, database.partition_key());
        }
        if let Some(condition) = &args.condition.condition {
            update = update.condition_expression(condition);
        }
        for (placeholder, name) in args.condition.names.iter().flatten() {
            update = update.expression_attribute_names(placeholder, name);
        }
        let values = args.condition.values.clone().map(to_sdk).unwrap_or_default();
        for (placeholder, value) in values {
            let value: SdkValue = value;
            update = update.expression_attribute_values(placeholder, value);
        }
        let next = if args.create { "" } else { "; --create makes it" };
        match update.send().await {
            Ok(updated) => {
                let item = match args.r#return {
                    Some(Returned::New) => Some(updated.after),
                    // Of an item that is made there is none.
                    Some(Returned::Old) => updated.before,
                    None => None,
                };
                Ok(match item.map(from_sdk).transpose() {
                    Ok(item) => Outcome::Done(item),
                    Err(error) => Outcome::Unread(CallError::of_item(&error)),
                })
            }
            Err(error) if error.is_condition() => {
                Ok(Outcome::NotChanged(not_changed(database, &key, "written", next).await?))
            }
            Err(error) => {
                let error = failed(database, &key, &error);
                if error.of_item { Ok(Outcome::Refused(error)) } else { Err(error) }
            }
        }
    }
}

fn failed(database: &Database, key: &Item, error: &UpdateError) -> CallError {
    match error {
        UpdateError::Operation(error) => match CallError::refused(error) {
            // Errors of items name them.
            refused if refused.of_item && error.item().is_none() => {
                refused.at(&format!("item {}", json::to_string(key)))
            }
            refused => refused,
        },
        UpdateError::Get(error) => database.failed("GetItem", error),
        UpdateError::Put(error) => database.failed("PutItem", error),
        UpdateError::Update(error) => database.failed("UpdateItem", error),
        error => CallError::of_item(error),
    }
}
