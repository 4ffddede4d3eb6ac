//! `dynaseal delete`: deletes items of a table.

use aws_sdk_dynamodb::types::ReturnValue;
use dynaseal::ops::all_conditions;
use dynaseal::sdk::{from_sdk, to_sdk};
use dynaseal::{Item, OperationError, SendSealed as _};

use super::change::{Change, KEY, Outcome, all, not_changed};
use crate::args::DeleteArgs;
use crate::database::{CallError, Database};
use crate::output::Failure;

pub(crate) fn run(args: &DeleteArgs) -> Result<(), Failure> {
    let database = super::runtime()?.block_on(Database::open(&args.table))?;
    let own = [format!("attribute_exists({KEY})")].into_iter().chain(args.condition.condition.clone());
    let condition = all_conditions(own.collect());
    let condition = condition.map_err(|refusal| OperationError::new("DeleteItem", &database.table, refusal))?;
    all(&args.keys, args.json, args.r#return.is_some(), &Delete { args, condition, database })
}

struct Delete<'a> {
    args: &'a DeleteArgs,
    condition: Option<String>,
    database: Database,
}

impl Change for Delete<'_> {
    const DONE: &'static str = "deleted";

    async fn one(&self, key: Item) -> Result<Outcome, CallError> {
        let (args, database) = (self.args, &self.database);
        let mut names = args.condition.names.clone().unwrap_or_default();
        names.insert(KEY.to_owned(), database.partition_key().to_owned());
        let delete = database
            .client
            .delete_item()
            .table_name(&database.table)
            .set_key(Some(to_sdk(key.clone())))
            .set_condition_expression(self.condition.clone())
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(args.condition.values.clone().map(to_sdk))
            .set_return_values(args.r#return.map(|_| ReturnValue::AllOld));
        let error = match delete.send_sealed(&database.sealer).await {
            Ok(answer) => {
                let item = answer.attributes.map(from_sdk).transpose();
                return Ok(match item {
                    Ok(item) => Outcome::Done(item),
                    Err(error) => Outcome::Unread(CallError::of_item(&error)),
                });
            }
            Err(error) => error,
        };
        if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) {
            return Ok(Outcome::NotChanged(not_changed(database, &key, "deleted", "").await?));
        }
        let failed = database.failed("DeleteItem", &error);
        if !failed.of_item {
            return Err(failed);
        }
        // The answer came, and what was deleted cannot be opened.
        Ok(if error.raw_response().is_some_and(|answer| answer.status().is_success()) {
            Outcome::Unread(failed.at("the item is deleted"))
        } else {
            Outcome::Refused(failed)
        })
    }
}
