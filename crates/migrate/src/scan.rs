//! Pages of one segment of a table.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use dynaseal_client::SendSealed as _;
use dynaseal_client::value::{from_sdk, to_sdk, value_from_sdk};
use dynaseal_core::{Item, item_size};

use crate::backoff::{Backoff, Told};
use crate::database::{Fault, fault, said};
use crate::pace::Pace;
use crate::problem::MigrateError;

/// A segment of a parallel scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) client: &'a Client,
    pub(crate) table: &'a str,
    pub(crate) index: u32,
    pub(crate) total: u32,
    pub(crate) page_size: Option<i32>,
    pub(crate) consistent: bool,
}

/// Items that came together.
pub(crate) struct Page {
    /// Each as it is stored, or only with its key attributes if it has a value that this version does not know.
    pub(crate) items: Vec<Item>,
    /// Those.
    pub(crate) unknown: Vec<Item>,
    /// Where the next page starts; `None` at the end.
    pub(crate) next: Option<Item>,
    pub(crate) units: f64,
}

impl Segment<'_> {
    /// The page that starts behind a key.
    pub(crate) async fn page(&self, start: Option<Item>, pace: &Pace, told: Told<'_>) -> Result<Page, MigrateError> {
        const GUESS: f64 = 1.0;
        let failed = |said| MigrateError::Database { operation: "Scan", table: self.table.to_owned(), said };
        let number = |number: u32| i32::try_from(number).map_err(|_| failed("there are too many segments".to_owned()));
        let (index, total) = (number(self.index)?, number(self.total)?);
        let mut backoff = Backoff::default();
        loop {
            pace.take(GUESS).await;
            let scan = self
                .client
                .scan()
                .table_name(self.table)
                .set_limit(self.page_size)
                .set_exclusive_start_key(start.clone().map(to_sdk))
                .consistent_read(self.consistent)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let scan = if total == 1 { scan } else { scan.segment(index).total_segments(total) };
            let error = match scan.send_as_stored().await {
                Ok(page) => {
                    let units = page.consumed_capacity.as_ref().and_then(|of| of.capacity_units);
                    let last = page.last_evaluated_key.filter(|key| !key.is_empty());
                    let next = last.map(from_sdk).transpose().map_err(|error| failed(error.to_string()))?;
                    let (mut items, mut unknown, mut bytes) = (Vec::new(), Vec::new(), 0);
                    for item in page.items.unwrap_or_default() {
                        let count = item.len();
                        let known = |(name, value)| Some((name, value_from_sdk(value)?));
                        let item: Item = item.into_iter().filter_map(known).collect();
                        bytes += item_size(&item);
                        // Only its key is looked at then.
                        let list = if item.len() == count { &mut items } else { &mut unknown };
                        list.push(item);
                    }
                    let units = units.unwrap_or_else(|| read_units(bytes, self.consistent));
                    pace.correct(units - GUESS);
                    return Ok(Page { items, unknown, next, units });
                }
                Err(error) => error,
            };
            let kind = fault(&error);
            if kind == Fault::Throttled {
                pace.refused();
            }
            let said = || said(&error);
            if matches!(kind, Fault::Lasting | Fault::Item) || !backoff.wait(told, "Scan", said).await {
                return Err(failed(said()));
            }
        }
    }
}

/// A unit is 4 KB a second, or 8 if it need not be the latest.
pub(crate) fn read_units(bytes: usize, consistent: bool) -> f64 {
    let whole = units(bytes, 4096).max(1.0);
    if consistent { whole } else { whole / 2.0 }
}

/// A unit is 1 KB a second, of the item as it was or as it is, whichever is larger.
pub(crate) fn write_units(bytes: usize) -> f64 {
    units(bytes, 1024).max(1.0)
}

fn units(bytes: usize, of: usize) -> f64 {
    u32::try_from(bytes.div_ceil(of)).map_or(f64::from(u32::MAX), f64::from)
}
