//! What queries and scans share: streams, pages, rows, limits.

mod bounds;
mod query;
mod scan;

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use dynaseal_client::value::{value_from_sdk, value_to_sdk};
use dynaseal_core::{AttributeValue, names_only};
use futures_util::stream::{BoxStream, Stream, StreamExt, TryStreamExt};

use super::attribute::Attribute;
use super::column::Column;
use super::condition::Condition;
use super::error::{ModelError, ModelErrorKind};
use super::expression::Expressions;
use super::seal::{SdkItem, StoredKey};
use super::table::{Inner, Table};
use super::written::read_key;
use super::{FieldError, Model, Unfit};

pub use query::Query;
pub use scan::Scan;

/// What comes one after the other.
#[must_use = "streams do nothing unless they are polled"]
pub struct Items<T>(BoxStream<'static, Result<T, ModelError>>);

impl<T> Items<T> {
    /// The next one; `None` at the end.
    ///
    /// # Errors
    /// If it can not be read or opened.
    pub async fn next(&mut self) -> Option<Result<T, ModelError>> {
        self.0.next().await
    }

    /// All of them.
    ///
    /// # Errors
    /// The first one.
    pub async fn all(self) -> Result<Vec<T>, ModelError> {
        self.0.try_collect().await
    }
}

impl<T> Stream for Items<T> {
    type Item = Result<T, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").finish_non_exhaustive()
    }
}

/// A page of items.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Start>,
    /// The capacity units that it took.
    pub capacity: f64,
}

/// Where a page begins.
#[derive(Clone)]
pub struct Start {
    /// Which of the keys that are asked for: a sealed partition key is another one under each root.
    part: usize,
    key: Option<SdkItem>,
}

/// Without the values of the key.
impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key.as_ref().map(names_only);
        f.debug_struct("Start").field("part", &self.part).field("key", &key).finish()
    }
}

/// Some attributes of an item.
pub struct Row<M> {
    operation: &'static str,
    key: String,
    values: HashMap<&'static str, AttributeValue>,
    table: Table<M>,
}

impl<M> fmt::Debug for Row<M> {
    /// The names alone: some of the values were sealed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl<M: Model> Row<M> {
    /// The value of a column.
    ///
    /// # Errors
    /// If it was not asked for, or does not fit.
    pub fn get<T: Attribute, P>(&self, column: Column<M, T, P>) -> Result<T, ModelError> {
        let definition = self.table.inner.definition.column(column.attribute());
        let is_key = definition.is_some_and(|column| column.key_type.is_some());
        let read = if is_key { read_key } else { T::from_value };
        read(self.values.get(column.attribute()).cloned()).map_err(|reason| {
            let field = definition.map_or("", |column| column.field);
            let error = FieldError::new(M::DEFINITION.model, field, reason);
            ModelError::new(self.operation, &self.table.inner.name, Some(self.key.clone()), error)
        })
    }

    /// The value of a column with a serialiser of its own.
    pub fn value<T, P>(&self, column: Column<M, T, P>) -> Option<&AttributeValue> {
        self.values.get(column.attribute())
    }
}

/// What queries and scans share.
#[derive(Debug)]
struct Reading<M> {
    table: Table<M>,
    index: Option<&'static str>,
    /// Whether two indexes were given.
    two_indexes: bool,
    filter: Option<Condition<M>>,
    limit: Option<usize>,
    page_size: Option<i32>,
    start: Option<Start>,
    consistent: bool,
    rate: Option<f64>,
    columns: Option<Vec<&'static str>>,
}

impl<M> Reading<M> {
    fn new(table: &Table<M>) -> Self {
        Self {
            table: table.clone(),
            index: None,
            two_indexes: false,
            filter: None,
            limit: None,
            page_size: None,
            start: None,
            consistent: false,
            rate: None,
            columns: None,
        }
    }
}

impl<M> Clone for Reading<M> {
    fn clone(&self) -> Self {
        Self {
            table: self.table.clone(),
            filter: self.filter.clone(),
            start: self.start.clone(),
            columns: self.columns.clone(),
            ..*self
        }
    }
}

macro_rules! reading {
    () => {
        /// Only items of which this is true. What is left out was read and is paid for. Each call asks one more thing.
        pub fn filter(mut self, condition: Condition<M>) -> Self {
            condition.join(&mut self.reading.filter);
            self
        }

        /// At most so many items: of several calls, the smallest number.
        pub fn limit(mut self, items: usize) -> Self {
            self.reading.limit = Some(self.reading.limit.map_or(items, |before| before.min(items)));
            self
        }

        /// How many items DynamoDB reads for one page, before the filter. The last call counts.
        pub fn page_size(mut self, items: u16) -> Self {
            self.reading.page_size = Some(i32::from(items.max(1)));
            self
        }

        /// Begins with the page after another. The last call counts.
        pub fn start_at(mut self, start: Start) -> Self {
            self.reading.start = Some(start);
            self
        }

        /// As the items are now; not for global indexes.
        pub fn consistent(mut self) -> Self {
            self.reading.consistent = true;
            self
        }

        /// At most so many capacity units per second, on average: after each page there is a pause for what it took. Of
        /// several calls, the smallest number.
        pub fn rate_limit(mut self, units_per_second: f64) -> Self {
            let before = self.reading.rate.filter(|before| before.is_nan() || *before <= units_per_second);
            self.reading.rate = before.or(Some(units_per_second));
            self
        }

        /// The items, one after the other.
        pub fn items(self) -> Items<M> {
            let inner = self.reading.table.inner.clone();
            self.rows(move |operation, row| inner.model(operation, row))
        }
    };
}
use reading;

struct Response {
    items: Vec<SdkItem>,
    count: i32,
    last: Option<SdkItem>,
    capacity: f64,
}

/// For rates that are next to nothing.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// How many there are, up to a limit.
struct Count {
    so_far: u64,
    limit: u64,
}

impl Count {
    fn new(limit: Option<usize>) -> Self {
        Self { so_far: 0, limit: limit.and_then(|limit| u64::try_from(limit).ok()).unwrap_or(u64::MAX) }
    }

    fn add(&mut self, count: i32) {
        self.so_far = self.so_far.saturating_add(u64::try_from(count).unwrap_or_default()).min(self.limit);
    }

    fn is_full(&self) -> bool {
        self.so_far >= self.limit
    }
}

impl<M> Reading<M> {
    /// Before anything is sent.
    fn check(&self, operation: &'static str) -> Result<(), ModelError> {
        let refused = |text: &str| Err(self.table.inner.error(operation, ModelErrorKind::Refused(text.to_owned())));
        if self.rate.is_some_and(|rate| rate.is_nan() || rate <= 0.0) {
            return refused("a rate limit is more than 0 capacity units per second");
        }
        if self.two_indexes {
            return refused("two indexes are given, and one is read");
        }
        Ok(())
    }

    /// `whole`: items are to be made of what comes back.
    fn check_index(&self, operation: &'static str, whole: bool) -> Result<(), ModelError> {
        let inner = &self.table.inner;
        let index = inner.definition.indexes.iter().find(|index| Some(index.name) == self.index);
        match index.filter(|_| whole && self.columns.is_none()).and_then(|index| inner.definition.missing_from(index)) {
            // Saved again, such an item would lose what the index does not have.
            Some(missing) => Err(inner.error(
                operation,
                ModelErrorKind::Refused(format!(
                    "the index does not have `{missing}`, so no items come of it: ask for `columns`, and `get` the items"
                )),
            )),
            None => Ok(()),
        }
    }

    /// How many items DynamoDB is to read for a page: no more than are wanted, where it can tell. `drops`: not all that are
    /// read are wanted.
    fn page_limit(&self, drops: bool) -> Option<i32> {
        let can_tell = self.filter.is_none() && !drops;
        let limit = || self.limit.filter(|_| can_tell).and_then(|limit| i32::try_from(limit.max(1)).ok());
        self.page_size.or_else(limit)
    }

    /// The same for one page alone: what is read beyond the limit would be on no page, so it is not read.
    fn limit_of_page(&self, operation: &'static str) -> Result<Option<i32>, ModelError> {
        if self.limit == Some(0) {
            let text = "a page of at most 0 items never ends: give it a limit of 1 or more".to_owned();
            return Err(self.table.inner.error(operation, ModelErrorKind::Refused(text)));
        }
        let limit = self.limit.and_then(|limit| i32::try_from(limit).ok());
        Ok(limit.into_iter().chain(self.page_size).min())
    }

    /// `counts`: only the number of items is wanted. `needed`: what is looked at in any case.
    fn projection(
        &self,
        expressions: &mut Expressions<'_>,
        counts: bool,
        needed: Option<&'static str>,
    ) -> Option<String> {
        let columns = match (counts, &self.columns) {
            (false, Some(columns)) => columns.as_slice(),
            // With nothing to look at, nothing but the number comes back.
            (true, _) if needed.is_some() => &[],
            _ => return None,
        };
        // What is sealed is bound to the key.
        let mut names: Vec<&'static str> =
            self.table.inner.definition.key_columns().map(|column| column.attribute).collect();
        for column in columns.iter().copied().chain(needed) {
            if !names.contains(&column) {
                names.push(column);
            }
        }
        let names: Vec<String> = names.into_iter().map(|name| expressions.name(name)).collect();
        Some(names.join(", "))
    }

    async fn pause(&self, capacity: f64) {
        let Some(rate) = self.rate else { return };
        tokio::time::sleep(Duration::try_from_secs_f64(capacity / rate).unwrap_or(LONGEST_PAUSE)).await;
    }
}

fn partial<M: Model>(table: &Table<M>, operation: &'static str, row: SdkItem) -> Result<Row<M>, ModelError> {
    let inner = &table.inner;
    let key = inner.seals.key_of_item(&row).map_err(|kind| inner.error(operation, kind))?;
    let values = inner.seals.open_row(row).map_err(|kind| inner.item_error(operation, &key, kind))?;
    let columns = inner.definition.columns.iter().map(|column| column.attribute);
    let values = columns.zip(values).filter_map(|(name, value)| Some((name, value?))).collect();
    Ok(Row { operation, key: key.text(), values, table: table.clone() })
}

impl Inner {
    /// A row with its key, sealed as it is stored.
    pub(super) fn raw(&self, operation: &'static str, row: SdkItem) -> Result<(StoredKey, SdkItem), ModelError> {
        let key = self.seals.key_of_item(&row).map_err(|kind| self.error(operation, kind))?;
        Ok((key, row))
    }
}

impl<M: Model> Table<M> {
    /// The item as it is stored, to look at what others see.
    ///
    /// # Errors
    /// If it can not be read.
    pub async fn stored(&self, item: &M) -> Result<Option<SdkItem>, ModelError> {
        const OPERATION: &str = "looking at what is stored";
        let inner = &*self.inner;
        let values = item.to_values().map_err(|error| inner.error(OPERATION, error))?;
        for key in inner.seals.keys_of_values(&values).map_err(|kind| inner.error(OPERATION, kind))? {
            if let Some(row) = inner.stored_row(OPERATION, &key).await? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

/// An item as a map of readable values, and back.
pub(super) fn to_map<M: Model>(item: &M) -> Result<SdkItem, FieldError> {
    let values = item.to_values()?;
    let mut map = SdkItem::with_capacity(values.len());
    for (column, value) in M::DEFINITION.columns.iter().zip(values) {
        if let Some(value) = value {
            map.insert(column.attribute.to_owned(), value_to_sdk(value));
        }
    }
    Ok(map)
}

pub(super) fn from_map<M: Model>(mut map: SdkItem) -> Result<M, FieldError> {
    let mut values = Vec::with_capacity(M::DEFINITION.columns.len());
    for column in M::DEFINITION.columns {
        let unknown = || Unfit::new("its type is newer than this version of dynaseal");
        let value = map.remove(column.attribute).map(|value| value_from_sdk(value).ok_or_else(unknown)).transpose();
        values.push(value.map_err(|reason| FieldError::new(M::DEFINITION.model, column.field, reason))?);
    }
    M::from_values(values)
}
