//! Queries, scans and counts.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select};
use dynaseal_client::SendSealed;
use dynaseal_client::value::{value_from_sdk, value_to_sdk};
use dynaseal_core::AttributeValue;
use futures_util::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};

use super::attribute::{Attribute, Ordered, Text};
use super::column::{Column, Comparable, Index, Plain};
use super::condition::{Comparison, Condition, Operand};
use super::error::{ModelError, ModelErrorKind};
use super::expression::Expressions;
use super::seal::{SdkItem, StoredKey};
use super::table::{Inner, Table};
use super::{FieldError, Model, Unfit};

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
#[derive(Clone, Debug)]
pub struct Start {
    /// Which of the keys that are asked for: a sealed partition key is another one under each root.
    part: usize,
    key: Option<SdkItem>,
}

/// Some attributes of an item.
pub struct Row<M> {
    operation: &'static str,
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
        T::from_value(self.values.get(column.attribute()).cloned()).map_err(|reason| {
            let field = self.table.inner.definition.column(column.attribute()).map_or("", |column| column.field);
            self.table.inner.error(self.operation, FieldError::new(M::DEFINITION.model, field, reason))
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
        /// Only items of which this is true. What is left out was read and is paid for.
        pub fn filter(mut self, condition: Condition<M>) -> Self {
            self.reading.filter = Some(match self.reading.filter.take() {
                Some(before) => before.and(condition),
                None => condition,
            });
            self
        }

        /// At most so many items.
        pub fn limit(mut self, items: usize) -> Self {
            self.reading.limit = Some(items);
            self
        }

        /// How many items DynamoDB reads for one page, before the filter.
        pub fn page_size(mut self, items: u16) -> Self {
            self.reading.page_size = Some(i32::from(items.max(1)));
            self
        }

        /// Begins with the page after another.
        pub fn start_at(mut self, start: Start) -> Self {
            self.reading.start = Some(start);
            self
        }

        /// As the items are now; not for global indexes.
        pub fn consistent(mut self) -> Self {
            self.reading.consistent = true;
            self
        }

        /// At most so many capacity units per second, on average: after each page there is a pause for what it took.
        pub fn rate_limit(mut self, units_per_second: f64) -> Self {
            self.reading.rate = Some(units_per_second);
            self
        }

        /// The items, one after the other.
        pub fn items(self) -> Items<M> {
            let inner = self.reading.table.inner.clone();
            self.rows(move |operation, row| inner.model(operation, row))
        }
    };
}

/// What a page is read with.
struct Request<'p> {
    part: usize,
    start: Option<SdkItem>,
    select: Option<Select>,
    partition: Option<&'p StoredCondition>,
}

struct Response {
    items: Vec<SdkItem>,
    count: i32,
    last: Option<SdkItem>,
    capacity: f64,
}

/// A key condition whose values are sealed.
#[derive(Clone, Debug)]
struct StoredCondition {
    partition: (&'static str, AttributeValue),
    sort: Option<(&'static str, SortCondition<AttributeValue>)>,
}

#[derive(Clone, Debug)]
enum SortCondition<V> {
    Compare(Comparison, V),
    Between(V, V),
    BeginsWith(V),
}

/// Reads the items with one partition key, in the order of the sort key.
#[must_use = "nothing is read before the items are asked for"]
pub struct Query<M, S> {
    reading: Reading<M>,
    partition: Operand,
    sort_column: S,
    sort: Option<SortCondition<Operand>>,
    descending: bool,
}

impl<M, S> fmt::Debug for Query<M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Query({})", self.reading.table.inner.name)
    }
}

impl<M: Model, T, P> Query<M, Column<M, T, P>> {
    /// Those with this sort key.
    pub fn sort_eq(mut self, value: impl Into<T>) -> Self
    where
        P: Comparable,
    {
        self.sort = Some(SortCondition::Compare(Comparison::Eq, self.sort_column.operand(&value.into())));
        self
    }
}

impl<M: Model, T: Ordered> Query<M, Column<M, T, Plain>> {
    fn compare(mut self, comparison: Comparison, value: &T) -> Self {
        self.sort = Some(SortCondition::Compare(comparison, self.sort_column.operand(value)));
        self
    }

    /// Those with a smaller sort key.
    pub fn sort_lt(self, value: impl Into<T>) -> Self {
        self.compare(Comparison::Lt, &value.into())
    }

    /// Those with this sort key or a smaller one.
    pub fn sort_le(self, value: impl Into<T>) -> Self {
        self.compare(Comparison::Le, &value.into())
    }

    /// Those with a greater sort key.
    pub fn sort_gt(self, value: impl Into<T>) -> Self {
        self.compare(Comparison::Gt, &value.into())
    }

    /// Those with this sort key or a greater one.
    pub fn sort_ge(self, value: impl Into<T>) -> Self {
        self.compare(Comparison::Ge, &value.into())
    }

    /// Those from one sort key to another, both counted.
    pub fn sort_between(mut self, low: impl Into<T>, high: impl Into<T>) -> Self {
        let (low, high) = (self.sort_column.operand(&low.into()), self.sort_column.operand(&high.into()));
        self.sort = Some(SortCondition::Between(low, high));
        self
    }
}

impl<M: Model, T: Text> Query<M, Column<M, T, Plain>> {
    /// Those whose sort key begins so.
    pub fn sort_begins_with(mut self, beginning: impl Into<T>) -> Self {
        self.sort = Some(SortCondition::BeginsWith(self.sort_column.operand(&beginning.into())));
        self
    }
}

impl<M: Model, S: Copy + Send + Sync + 'static> Query<M, S> {
    reading!();

    /// From the greatest sort key to the smallest.
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Only some columns of the items, and the key.
    pub fn columns(mut self, columns: impl IntoIterator<Item = &'static str>) -> Items<Row<M>> {
        self.reading.columns = Some(columns.into_iter().collect());
        let table = self.reading.table.clone();
        self.rows(move |operation, row| partial(&table, operation, row))
    }

    /// How many items there are, at most as many as the limit. They are read and paid for.
    ///
    /// # Errors
    /// If they can not be counted.
    pub async fn count(self) -> Result<u64, ModelError> {
        let parts = self.parts()?;
        let mut count = Count::new(self.reading.limit);
        let mut next = self.reading.start.clone().or(Some(Start { part: 0, key: None }));
        while let Some(Start { part, key }) = next.take() {
            let select = Some(Select::Count);
            let response = self.send(Request { part, start: key, select, partition: parts.get(part) }).await?;
            count.add(response.count);
            next = following(part, response.last, parts.len()).filter(|_| !count.is_full());
            if next.is_some() {
                self.reading.pause(response.capacity).await;
            }
        }
        Ok(count.so_far)
    }

    /// One page of one segment, with as many items as it has: what limits it is the page size.
    ///
    /// # Errors
    /// If it can not be read or opened.
    pub async fn page(self) -> Result<Page<M>, ModelError> {
        let parts = self.parts()?;
        let Start { part, key } = self.reading.start.clone().unwrap_or(Start { part: 0, key: None });
        let response = self.send(Request { part, start: key, select: None, partition: parts.get(part) }).await?;
        let next = following(part, response.last, parts.len());
        let inner = &self.reading.table.inner;
        let items = response.items.into_iter().map(|row| inner.model(QUERY, row)).collect::<Result<_, _>>()?;
        Ok(Page { items, next, capacity: response.capacity })
    }

    fn parts(&self) -> Result<Vec<StoredCondition>, ModelError> {
        let inner = &self.reading.table.inner;
        let failed = |kind| inner.error(QUERY, kind);
        let sorts = match &self.sort {
            None => vec![None],
            Some(SortCondition::Compare(comparison, operand)) => {
                let values = inner.seals.search_values(operand).map_err(failed)?;
                let name = operand.attribute();
                values.into_iter().map(|value| Some((name, SortCondition::Compare(*comparison, value)))).collect()
            }
            Some(SortCondition::Between(low, high)) => {
                let between = SortCondition::Between(plain(low).map_err(failed)?, plain(high).map_err(failed)?);
                vec![Some((low.attribute(), between))]
            }
            Some(SortCondition::BeginsWith(beginning)) => {
                let value = SortCondition::BeginsWith(plain(beginning).map_err(failed)?);
                vec![Some((beginning.attribute(), value))]
            }
        };
        let mut parts = Vec::new();
        // The active root's last: an item that moves to it meanwhile comes twice rather than not at all.
        for value in inner.seals.search_values(&self.partition).map_err(failed)?.into_iter().rev() {
            for sort in sorts.iter().rev() {
                parts.push(StoredCondition {
                    partition: (self.partition.attribute(), value.clone()),
                    sort: sort.clone(),
                });
            }
        }
        Ok(parts)
    }

    async fn send(&self, request: Request<'_>) -> Result<Response, ModelError> {
        let reading = &self.reading;
        let inner = &*reading.table.inner;
        let failed = |kind: ModelErrorKind| inner.error(QUERY, kind);
        reading.check(QUERY, request.select.is_none())?;
        let mut expressions = Expressions::new(&inner.seals);
        let Some(condition) = request.partition else {
            return Err(failed(ModelErrorKind::Refused(format!("there is no part {} of this query", request.part))));
        };
        let key_condition = condition.write(&mut expressions);
        let filter = reading.filter.as_ref().map(|filter| expressions.condition(&filter.node));
        let filter = filter.transpose().map_err(failed)?;
        let projection = reading.projection(&mut expressions, request.select.is_some());
        let (names, values) = expressions.finish();
        let query = inner.client.query().table_name(&inner.name).set_index_name(reading.index.map(str::to_owned));
        let query = query.key_condition_expression(key_condition).set_filter_expression(filter);
        let query = query.set_expression_attribute_names(names).set_expression_attribute_values(values);
        let query = query.set_projection_expression(projection).set_select(request.select);
        let query = query.set_limit(reading.page_limit()).set_exclusive_start_key(request.start);
        let query = query.scan_index_forward(!self.descending).consistent_read(reading.consistent);
        let query = query.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let sent = query.send_sealed(&inner.sealer).await.map_err(|error| failed(error.into()))?;
        Ok(Response {
            count: sent.count,
            items: sent.items.unwrap_or_default(),
            last: sent.last_evaluated_key,
            capacity: sent.consumed_capacity.and_then(|of| of.capacity_units).unwrap_or_default(),
        })
    }

    fn rows<T: Send + 'static>(
        self,
        make: impl Fn(&'static str, SdkItem) -> Result<T, ModelError> + Send + Sync + 'static,
    ) -> Items<T> {
        let parts = match self.parts() {
            Ok(parts) => parts,
            Err(error) => return Items(stream::once(std::future::ready(Err(error))).boxed()),
        };
        let limit = self.reading.limit.unwrap_or(usize::MAX);
        let start = self.reading.start.clone().unwrap_or(Start { part: 0, key: None });
        let state = (self, parts, Some(start), VecDeque::new());
        let rows = stream::try_unfold(state, |(query, parts, mut start, mut rows)| async move {
            loop {
                if let Some(row) = rows.pop_front() {
                    return Ok(Some((row, (query, parts, start, rows))));
                }
                let Some(Start { part, key }) = start.take() else { return Ok(None) };
                let request = Request { part, start: key, select: None, partition: parts.get(part) };
                let response = query.send(request).await?;
                start = following(part, response.last, parts.len());
                if start.is_some() {
                    query.reading.pause(response.capacity).await;
                }
                rows.extend(response.items);
            }
        });
        Items(rows.and_then(move |row| std::future::ready(make(QUERY, row))).take(limit).boxed())
    }
}

/// For rates that are next to nothing.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
const QUERY: &str = "a query";
const SCAN: &str = "a scan";

/// Where a query goes on after a page: with the next page of this part, or with the next part.
fn following(part: usize, last: Option<SdkItem>, parts: usize) -> Option<Start> {
    match last {
        Some(key) => Some(Start { part, key: Some(key) }),
        None => (part + 1 < parts).then_some(Start { part: part + 1, key: None }),
    }
}

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

impl StoredCondition {
    fn write(&self, expressions: &mut Expressions<'_>) -> String {
        let (name, value) = &self.partition;
        let mut text = format!("{} = {}", expressions.name(name), expressions.value(value.clone()));
        if let Some((name, condition)) = &self.sort {
            let name = expressions.name(name);
            text.push_str(&match condition {
                SortCondition::Compare(comparison, value) => {
                    format!(" AND {name} {} {}", comparison.text(), expressions.value(value.clone()))
                }
                SortCondition::Between(low, high) => {
                    let (low, high) = (expressions.value(low.clone()), expressions.value(high.clone()));
                    format!(" AND {name} BETWEEN {low} AND {high}")
                }
                SortCondition::BeginsWith(value) => {
                    format!(" AND begins_with({name}, {})", expressions.value(value.clone()))
                }
            });
        }
        text
    }
}

fn plain(operand: &Operand) -> Result<AttributeValue, ModelErrorKind> {
    let unfit = |reason| ModelErrorKind::Value { attribute: operand.attribute(), reason };
    operand.needed().cloned().map_err(unfit)
}

impl<M> Reading<M> {
    /// Before anything is sent. `whole`: items are to be made of what comes back.
    fn check(&self, operation: &'static str, whole: bool) -> Result<(), ModelError> {
        let inner = &self.table.inner;
        let refused = |text: String| Err(inner.error(operation, ModelErrorKind::Refused(text)));
        if self.rate.is_some_and(|rate| rate.is_nan() || rate <= 0.0) {
            return refused("a rate limit is more than 0 capacity units per second".to_owned());
        }
        let index = inner.definition.indexes.iter().find(|index| Some(index.name) == self.index);
        match index.filter(|_| whole && self.columns.is_none()).and_then(|index| inner.definition.missing_from(index)) {
            // Saved again, such an item would lose what the index does not have.
            Some(missing) => refused(format!(
                "the index does not have `{missing}`, so no items come of it: ask for `columns`, and `get` the items"
            )),
            None => Ok(()),
        }
    }

    /// How many items DynamoDB is to read for a page: no more than are wanted, where it can tell.
    fn page_limit(&self) -> Option<i32> {
        let limit = || self.limit.filter(|_| self.filter.is_none()).and_then(|limit| i32::try_from(limit.max(1)).ok());
        self.page_size.or_else(limit)
    }

    fn projection(&self, expressions: &mut Expressions<'_>, counts: bool) -> Option<String> {
        let columns = self.columns.as_ref().filter(|_| !counts)?;
        // What is sealed is bound to the key.
        let mut names: Vec<&'static str> =
            self.table.inner.definition.key_columns().map(|column| column.attribute).collect();
        for column in columns {
            if !names.contains(column) {
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
    let values = inner.seals.open_row(row).map_err(|kind| inner.error(operation, kind))?;
    let columns = inner.definition.columns.iter().map(|column| column.attribute);
    let values = columns.zip(values).filter_map(|(name, value)| Some((name, value?))).collect();
    Ok(Row { operation, values, table: table.clone() })
}

/// Reads all items.
#[must_use = "nothing is read before the items are asked for"]
pub struct Scan<M> {
    reading: Reading<M>,
    segments: i32,
}

impl<M> fmt::Debug for Scan<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scan({})", self.reading.table.inner.name)
    }
}

impl<M: Model> Scan<M> {
    reading!();

    /// Of an index, which has only items with its keys, and has to have whole items.
    #[allow(clippy::needless_pass_by_value, reason = "as `query_index` has it")]
    pub fn index<P, S>(mut self, index: Index<M, P, S>) -> Self {
        self.reading.index = index.name;
        self
    }

    /// In so many segments at once; the items of all come as they arrive.
    pub fn segments(mut self, segments: u16) -> Self {
        self.segments = i32::from(segments.max(1));
        self
    }

    /// Only some columns of the items, and the key.
    pub fn columns(mut self, columns: impl IntoIterator<Item = &'static str>) -> Items<Row<M>> {
        self.reading.columns = Some(columns.into_iter().collect());
        let table = self.reading.table.clone();
        self.rows(move |operation, row| partial(&table, operation, row))
    }

    /// How many items there are, at most as many as the limit. They are read and paid for.
    ///
    /// # Errors
    /// If they can not be counted.
    pub async fn count(self) -> Result<u64, ModelError> {
        let mut count = Count::new(self.reading.limit);
        let mut start = self.reading.start.clone().and_then(|start| start.key);
        loop {
            let response = self.send(None, start, Some(Select::Count)).await?;
            count.add(response.count);
            start = response.last;
            if start.is_none() || count.is_full() {
                return Ok(count.so_far);
            }
            self.reading.pause(response.capacity).await;
        }
    }

    /// One page of one segment, with as many items as it has: what limits it is the page size.
    ///
    /// # Errors
    /// If it can not be read or opened.
    pub async fn page(self) -> Result<Page<M>, ModelError> {
        let start = self.reading.start.clone().and_then(|start| start.key);
        let response = self.send(None, start, None).await?;
        let inner = &self.reading.table.inner;
        let items = response.items.into_iter().map(|row| inner.model(SCAN, row)).collect::<Result<_, _>>()?;
        let next = response.last.map(|key| Start { part: 0, key: Some(key) });
        Ok(Page { items, next, capacity: response.capacity })
    }

    async fn send(
        &self,
        segment: Option<i32>,
        start: Option<SdkItem>,
        select: Option<Select>,
    ) -> Result<Response, ModelError> {
        let reading = &self.reading;
        let inner = &*reading.table.inner;
        let failed = |kind: ModelErrorKind| inner.error(SCAN, kind);
        reading.check(SCAN, select.is_none())?;
        let mut expressions = Expressions::new(&inner.seals);
        let filter = reading.filter.as_ref().map(|filter| expressions.condition(&filter.node));
        let filter = filter.transpose().map_err(failed)?;
        let projection = reading.projection(&mut expressions, select.is_some());
        let (names, values) = expressions.finish();
        let scan = inner.client.scan().table_name(&inner.name).set_index_name(reading.index.map(str::to_owned));
        let scan = scan.set_filter_expression(filter).set_projection_expression(projection).set_select(select);
        let scan = scan.set_expression_attribute_names(names).set_expression_attribute_values(values);
        let scan = scan.set_limit(reading.page_limit()).set_exclusive_start_key(start).set_segment(segment);
        let scan = scan.set_total_segments(segment.map(|_| self.segments)).consistent_read(reading.consistent);
        let scan = scan.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let sent = scan.send_sealed(&inner.sealer).await.map_err(|error| failed(error.into()))?;
        Ok(Response {
            count: sent.count,
            items: sent.items.unwrap_or_default(),
            last: sent.last_evaluated_key,
            capacity: sent.consumed_capacity.and_then(|of| of.capacity_units).unwrap_or_default(),
        })
    }

    fn rows<T: Send + 'static>(
        self,
        make: impl Fn(&'static str, SdkItem) -> Result<T, ModelError> + Send + Sync + 'static,
    ) -> Items<T> {
        let limit = self.reading.limit.unwrap_or(usize::MAX);
        let segments: Vec<Option<i32>> =
            if self.segments > 1 { (0..self.segments).map(Some).collect() } else { vec![None] };
        if segments.len() > 1 && self.reading.start.is_some() {
            let refused = ModelErrorKind::Refused("a start is that of one segment, not of several".to_owned());
            let error = self.reading.table.inner.error(SCAN, refused);
            return Items(stream::once(std::future::ready(Err(error))).boxed());
        }
        // Each segment paces itself.
        let segment_count = f64::from(self.segments);
        let all = stream::select_all(segments.into_iter().map(|segment| {
            let mut reading = self.reading.clone();
            reading.rate = reading.rate.map(|rate| rate / segment_count);
            let start = reading.start.take().unwrap_or(Start { part: 0, key: None });
            let scan = Self { reading, segments: self.segments };
            stream::try_unfold((scan, Some(start), VecDeque::new()), move |(scan, mut start, mut rows)| async move {
                loop {
                    if let Some(row) = rows.pop_front() {
                        return Ok(Some((row, (scan, start, rows))));
                    }
                    let Some(Start { key, .. }) = start.take() else { return Ok(None) };
                    let response = scan.send(segment, key, None).await?;
                    start = response.last.map(|key| Start { part: 0, key: Some(key) });
                    if start.is_some() {
                        scan.reading.pause(response.capacity).await;
                    }
                    rows.extend(response.items);
                }
            })
            .boxed()
        }));
        Items(all.and_then(move |row| std::future::ready(make(SCAN, row))).take(limit).boxed())
    }
}

impl Inner {
    /// A row with its key, sealed as it is stored.
    pub(super) fn raw(&self, operation: &'static str, row: SdkItem) -> Result<(StoredKey, SdkItem), ModelError> {
        let key = self.seals.key_of_item(&row).map_err(|kind| self.error(operation, kind))?;
        Ok((key, row))
    }
}

impl<M: Model> Scan<M> {
    /// The rows as they are stored.
    pub(super) fn raw(self) -> Items<(StoredKey, SdkItem)> {
        let inner = self.reading.table.inner.clone();
        self.rows(move |operation, row| inner.raw(operation, row))
    }
}

impl<M: Model> Table<M> {
    /// Reads the items with this partition key.
    pub fn query<T, P>(&self, partition: impl Into<T>) -> Query<M, M::Sort>
    where
        M: Model<Partition = Column<M, T, P>>,
    {
        self.query_index(M::primary_key(), partition)
    }

    /// Reads the items of an index with this partition key.
    pub fn query_index<T, P, S: Copy>(
        &self,
        index: Index<M, Column<M, T, P>, S>,
        partition: impl Into<T>,
    ) -> Query<M, S> {
        let mut reading = Reading::new(self);
        reading.index = index.name;
        Query {
            reading,
            partition: index.partition.operand(&partition.into()),
            sort_column: index.sort,
            sort: None,
            descending: false,
        }
    }

    /// Reads all items.
    pub fn scan(&self) -> Scan<M> {
        Scan { reading: Reading::new(self), segments: 1 }
    }

    /// The item as it is stored, to look at what others see.
    ///
    /// # Errors
    /// If it can not be read.
    pub async fn stored(&self, item: &M) -> Result<Option<SdkItem>, ModelError> {
        const OPERATION: &str = "looking at what is stored";
        let inner = &*self.inner;
        let values = item.to_values().map_err(|error| inner.error(OPERATION, error))?;
        for key in inner.seals.keys_of_values(&values).map_err(|kind| inner.error(OPERATION, kind))? {
            let get = inner.client.get_item().table_name(&inner.name).set_key(Some(key.to_sdk())).consistent_read(true);
            let found = get.send().await.map_err(|error| inner.item_error(OPERATION, &key, error))?;
            if found.item.is_some() {
                return Ok(found.item);
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
