//! `dynaseal beacons plan`: what beacons of each length would cost and show.

mod json;

use std::error::Error;
use std::path::{Path, PathBuf};

use dynaseal::sdk::from_sdk;
use dynaseal::search::plan::{self, Sample};
use dynaseal::{CryptoAction, HEAD, Item, ItemEncryptor, SealedPages as _, TableConfig};

use crate::args::{PlanArgs, SealedTableArgs};
use crate::database::Database;
use crate::input;
use crate::output::{Failure, Output, complain, outcome, visible};
use crate::progress::Progress;
use crate::table::{self, Keys};

/// No plan can be made.
#[derive(Debug, thiserror::Error)]
enum PlanError {
    #[error("{} encrypts no attribute: say with --attribute for which ones to plan beacons", .0.display())]
    NothingEncrypted(PathBuf),
    #[error("there are no items to plan from")]
    NoItems,
    #[error("{place}: the item is sealed: give its table.toml with --config, or plain items")]
    Sealed { place: String },
    #[error("--db, --endpoint-url, --region and --profile say where a table is: say which one with --table")]
    NoTable,
    #[error("{} can not be written", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// Not an error to anybody: ends the reading of files.
    #[error("the sample is complete")]
    Complete,
}

pub(super) fn run(args: &PlanArgs) -> Result<(), Failure> {
    let runtime = crate::command::runtime()?;
    let config = args.config.as_deref().map(table::config).transpose()?;
    let sample = choose(args, config.as_ref())?;
    let mut counted = Counted { sample, left: args.sample.map_or(usize::MAX, Into::into), refused: 0 };
    match &args.table {
        Some(name) => runtime.block_on(counted.table(args, name))?,
        None if args.database.is_given() => return Err(PlanError::NoTable.into()),
        None => counted.files(args, &runtime)?,
    }
    if counted.sample.items() == 0 {
        return outcome(counted.refused).and(Err(PlanError::NoItems.into()));
    }
    print(args, &counted.sample.plans())?;
    outcome(counted.refused)
}

/// Which attributes to look at, as far as that can be told without the table.
fn choose(args: &PlanArgs, config: Option<&TableConfig>) -> Result<Sample, PlanError> {
    if !args.attribute.is_empty() {
        return Ok(Sample::of(&args.attribute));
    }
    let (Some(config), Some(path)) = (config, &args.config) else {
        return Ok(Sample::new());
    };
    let encrypted: Vec<_> =
        config.actions().filter(|(_, action)| *action == CryptoAction::EncryptAndSign).map(|(name, _)| name).collect();
    if encrypted.is_empty() { Err(PlanError::NothingEncrypted(path.clone())) } else { Ok(Sample::of(encrypted)) }
}

fn print(args: &PlanArgs, plans: &[plan::Plan]) -> Result<(), Failure> {
    let mut output = Output::new();
    if args.json {
        plans.iter().try_for_each(|plan| output.json(json::plan(plan)))?;
    } else {
        output.line(plan::LEGEND)?;
        for plan in plans {
            plan.to_string().lines().try_for_each(|line| output.line(visible(line)))?;
            output.line("")?;
        }
    }
    if let Some(path) = &args.svg {
        let items = plans.iter().map(|plan| plan.items_seen).max().unwrap_or_default();
        let items = if items == 1 { "1 item".to_owned() } else { format!("{items} items") };
        let about = match (&args.table, &*args.files) {
            (Some(table), _) => format!("table {table}, {items}"),
            (None, []) => format!("standard input, {items}"),
            (None, [file]) => format!("{}, {items}", file.display()),
            (None, files) => format!("{} files, {items}", files.len()),
        };
        std::fs::write(path, plan::svg(plans, &about))
            .map_err(|source| PlanError::Write { path: path.clone(), source })?;
    }
    Ok(())
}

struct Counted {
    sample: Sample,
    /// How many more items may come.
    left: usize,
    refused: usize,
}

impl Counted {
    fn files(&mut self, args: &PlanArgs, runtime: &tokio::runtime::Runtime) -> Result<(), Failure> {
        let mut progress = Progress::new("read", true).of(args.sample.map(Into::into));
        let mut encryptor = None;
        let read = input::read(&args.files, |place, item| {
            if self.left == 0 {
                return Err(PlanError::Complete.into());
            }
            let item = match (item, &args.config) {
                (Ok(item), Some(config)) if item.contains_key(HEAD) => {
                    runtime.block_on(open(&mut encryptor, config, item))?
                }
                (Ok(item), None) if item.contains_key(HEAD) => {
                    return Err(PlanError::Sealed { place: place.to_owned() }.into());
                }
                (Ok(item), _) => Ok(item),
                (Err(error), _) => Err(error.into()),
            };
            self.count(&mut progress, place, item);
            Ok(())
        });
        match read {
            Err(Failure::Other(error)) if matches!(error.downcast_ref(), Some(PlanError::Complete)) => Ok(()),
            read => read,
        }
    }

    async fn table(&mut self, args: &PlanArgs, name: &str) -> Result<(), Failure> {
        let database = match &args.config {
            Some(config) => {
                let (config, table) = (config.clone(), Some(name.to_owned()));
                Database::open(&SealedTableArgs { config, table, database: args.database.clone() }).await?
            }
            None => Database::open_as_stored(name, &args.database).await?,
        };
        let known = Known::of(&database).await;
        if args.attribute.is_empty() {
            self.sample = std::mem::take(&mut self.sample).except(known.keys);
        }
        let total = known.items.map(|items| items.min(self.left));
        let mut progress = Progress::new("read", true).of(total.or(args.sample.map(Into::into)));
        let page_size = i32::try_from(self.left).ok();
        let mut pages =
            database.client.scan().table_name(&database.table).set_limit(page_size).sealed_pages_each(&database.sealer);
        while self.left > 0 {
            let Some(page) = pages.next().await else {
                if self.refused == 0 {
                    self.sample.set_whole_table();
                }
                break;
            };
            let page = page.map_err(|error| database.failed("Scan", &error))?;
            for item in page.items.into_iter().take(self.left) {
                let item = match item {
                    Ok(item) => from_sdk(item).map_err(Into::into),
                    Err(error) => Err(error.into()),
                };
                if args.config.is_none() && item.as_ref().is_ok_and(|item| item.contains_key(HEAD)) {
                    return Err(PlanError::Sealed { place: format!("table {}", database.table) }.into());
                }
                self.count(&mut progress, "dynaseal", item);
            }
        }
        Ok(())
    }

    fn count(&mut self, progress: &mut Progress, place: &str, item: Result<Item, Box<dyn Error>>) {
        self.left -= 1;
        let counted = item.and_then(|item| Ok(self.sample.add(&item)?));
        match counted {
            Ok(()) => progress.add(1),
            Err(error) => {
                self.refused += 1;
                progress.clear();
                complain(place, &*error);
            }
        }
    }
}

/// Opens a sealed item. The keys are read when the first one comes: plain items need none.
async fn open(
    encryptor: &mut Option<ItemEncryptor>,
    config: &Path,
    item: Item,
) -> Result<Result<Item, Box<dyn Error>>, Failure> {
    let encryptor = match encryptor {
        Some(encryptor) => encryptor,
        None => encryptor.insert(table::sealed_table(config, None, Keys::Keyring).await?.encryptor().clone()),
    };
    Ok(encryptor.decrypt_item(item).await.map(|opened| opened.item).map_err(Into::into))
}

/// What DynamoDB says of a table. Who may scan it may still not ask, and then nothing is known.
#[derive(Default)]
struct Known {
    keys: Vec<String>,
    /// As of some hours ago.
    items: Option<usize>,
}

impl Known {
    async fn of(database: &Database) -> Self {
        let answer = database.client.describe_table().table_name(&database.table).send().await;
        let Some(table) = answer.ok().and_then(|answer| answer.table) else {
            return Self::default();
        };
        let keys = table.key_schema().iter().map(|key| key.attribute_name.clone()).collect();
        Self { keys, items: table.item_count.and_then(|items| usize::try_from(items).ok()) }
    }
}
