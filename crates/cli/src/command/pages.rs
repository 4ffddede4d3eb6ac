//! What `query` and `scan` do with pages of items.

use dynaseal::{Item, json};
use futures_util::{Stream, StreamExt as _};
use serde_json::json;

use crate::args::ReadArgs;
use crate::database::{CallError, Database};
use crate::output::{Failure, Output, complain, outcome};
use crate::progress::Progress;

/// What both responses have in common.
pub(super) struct Page {
    pub(super) items: Vec<Result<Item, CallError>>,
    pub(super) count: i32,
    pub(super) scanned: i32,
}

/// How many items a page needs at most. A filter comes after the limit of a page, so that there the limit says nothing.
pub(super) fn page_size(args: &ReadArgs) -> Option<i32> {
    let limit = args.limit.filter(|_| args.filter.is_none())?;
    i32::try_from(limit.get()).ok()
}

/// Prints the items, or counts them, and gives how many there were.
pub(super) async fn print(
    args: &ReadArgs,
    mut pages: impl Stream<Item = Result<Page, CallError>> + Unpin,
) -> Result<usize, Failure> {
    let mut output = Output::to(&args.output)?;
    let mut progress = Progress::new(if args.count { "counted" } else { "read" }, args.count);
    let mut left = args.limit.map_or(usize::MAX, std::num::NonZeroUsize::get);
    let (mut found, mut refused, mut count, mut scanned) = (0, 0, 0_i64, 0_i64);
    while left > 0
        && let Some(page) = pages.next().await
    {
        let page = page?;
        count += i64::from(page.count);
        scanned += i64::from(page.scanned);
        if args.count {
            progress.add(usize::try_from(page.count).unwrap_or_default());
        }
        for item in page.items.into_iter().take(left) {
            (left, found) = (left - 1, found + 1);
            match item {
                Ok(item) => {
                    output.line(json::to_string(&item))?;
                    progress.add(1);
                }
                Err(error) => {
                    refused += 1;
                    progress.clear();
                    complain("dynaseal", &error);
                }
            }
        }
    }
    progress.clear();
    match (args.count, args.json) {
        (true, true) => output.json(json!({ "count": count, "scanned_count": scanned }))?,
        (true, false) => output.line(count)?,
        (false, _) => {}
    }
    output.finish()?;
    outcome(refused).map(|()| if args.count { usize::try_from(count).unwrap_or_default() } else { found })
}

/// Says of an index that is not there which ones are.
pub(super) async fn with_indexes<T>(database: &Database, outcome: Result<T, Failure>) -> Result<T, Failure> {
    let Err(Failure::Other(error)) = outcome else { return outcome };
    match error.downcast::<CallError>() {
        Ok(error) if error.names_index => Err(database.with_indexes(*error).await.into()),
        Ok(error) => Err(Failure::Other(error)),
        Err(error) => Err(Failure::Other(error)),
    }
}
