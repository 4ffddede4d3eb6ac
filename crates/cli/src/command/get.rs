//! `dynaseal get`: items of a table by their keys.

use std::error::Error;

use dynaseal::sdk::{from_sdk, to_sdk};
use dynaseal::{Item, SendSealed as _, json};
use futures_util::StreamExt as _;
use futures_util::stream;

use crate::args::GetArgs;
use crate::database::{CallError, Database};
use crate::input;
use crate::output::{Failure, Output, complain, outcome};
use crate::progress::Progress;

/// How many keys are asked for at the same time.
const AT_ONCE: usize = 16;

/// How many keys are read before their items come out.
const CHUNK: usize = 8 * AT_ONCE;

/// There is no item with a key.
#[derive(Debug, thiserror::Error)]
#[error("there is no item {key} in the table {table}")]
struct NoItem {
    key: String,
    table: String,
}

pub(crate) fn run(args: &GetArgs) -> Result<(), Failure> {
    let runtime = super::runtime()?;
    let database = runtime.block_on(Database::open(&args.table))?;
    let progress = Progress::new("read", false);
    let mut get = Get { output: Output::to(&args.output)?, progress, missing: 0, refused: 0 };
    if args.key.is_empty() {
        let mut keys = Vec::with_capacity(CHUNK);
        input::read(&args.keys, |place, key| {
            match key {
                Ok(key) => keys.push((place.to_owned(), key)),
                Err(error) => get.refuse(place, &error),
            }
            if keys.len() < CHUNK {
                Ok(())
            } else {
                runtime.block_on(get.all(&database, args, std::mem::take(&mut keys)))
            }
        })?;
        runtime.block_on(get.all(&database, args, keys))?;
    } else {
        let numbered = args.key.iter().cloned().enumerate();
        let keys = numbered.map(|(index, key)| (format!("key {}", index + 1), key)).collect();
        runtime.block_on(get.all(&database, args, keys))?;
    }
    get.output.finish()?;
    match get.missing {
        0 => outcome(get.refused),
        missing => Err(Failure::Missing { missing, refused: get.refused }),
    }
}

struct Get {
    output: Output,
    progress: Progress,
    missing: usize,
    refused: usize,
}

impl Get {
    /// Asks for these keys; the items come out in their order.
    async fn all(&mut self, database: &Database, args: &GetArgs, keys: Vec<(String, Item)>) -> Result<(), Failure> {
        let mut answers = stream::iter(keys)
            .map(|(place, key)| async {
                let item = one(args, database, key.clone()).await;
                (place, key, item)
            })
            .buffered(AT_ONCE);
        while let Some((place, key, item)) = answers.next().await {
            match item {
                Ok(Some(item)) => {
                    self.output.line(json::to_string(&item))?;
                    self.progress.add(1);
                }
                Ok(None) => {
                    self.missing += 1;
                    self.progress.clear();
                    complain(&place, &NoItem { key: json::to_string(&key), table: database.table.clone() });
                }
                Err(error) if error.of_item => self.refuse(&place, &error),
                Err(error) => return Err(error.at(&place).into()),
            }
        }
        Ok(())
    }

    fn refuse(&mut self, place: &str, error: &dyn Error) {
        self.refused += 1;
        self.progress.clear();
        complain(place, error);
    }
}

async fn one(args: &GetArgs, database: &Database, key: Item) -> Result<Option<Item>, CallError> {
    let get = database
        .client
        .get_item()
        .table_name(&database.table)
        .set_key(Some(to_sdk(key)))
        .set_projection_expression(args.projection.clone())
        .set_expression_attribute_names(args.names.clone())
        .consistent_read(args.consistent);
    let answer = get.send_sealed(&database.sealer).await.map_err(|error| database.failed("GetItem", &error))?;
    answer.item.map(from_sdk).transpose().map_err(|error| CallError::of_item(&error))
}
