//! Scans: all items of a table or an index, in one segment or several.

use std::collections::VecDeque;
use std::fmt;

use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select};
use dynaseal_client::SendSealed;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{Count, Items, Page, Reading, Response, Row, Start, partial, reading};
use crate::model::Model;
use crate::model::column::Index;
use crate::model::condition::Condition;
use crate::model::error::{ModelError, ModelErrorKind};
use crate::model::expression::Expressions;
use crate::model::seal::{SdkItem, StoredKey};
use crate::model::table::Table;

const SCAN: &str = "a scan";

/// Reads all items.
#[must_use = "nothing is read before the items are asked for"]
pub struct Scan<M> {
    reading: Reading<M>,
    segments: i32,
    index_is_given: bool,
}

impl<M> fmt::Debug for Scan<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scan({})", self.reading.table.inner.name)
    }
}

impl<M: Model> Scan<M> {
    reading!();

    /// Of an index, which has only items with its keys, and has to have whole items. Two of them are refused.
    #[allow(clippy::needless_pass_by_value, reason = "as `query_index` has it")]
    pub fn index<P, S>(mut self, index: Index<M, P, S>) -> Self {
        self.reading.two_indexes |= self.index_is_given && self.reading.index != index.name;
        self.index_is_given = true;
        self.reading.index = index.name;
        self
    }

    /// In so many segments at once; the items of all come as they arrive. The last call counts.
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
            let limit = self.reading.page_limit(false);
            let response = self.send(None, start, Some(Select::Count), limit).await?;
            count.add(response.count);
            start = response.last;
            if start.is_none() || count.is_full() {
                return Ok(count.so_far);
            }
            self.reading.pause(response.capacity).await;
        }
    }

    /// One page of one segment, of at most as many items as the page size and the limit say. What a filter leaves out counts
    /// as read, so a page may have fewer items or none while there are more: `next` says where those begin.
    ///
    /// # Errors
    /// If it can not be read or opened.
    pub async fn page(self) -> Result<Page<M>, ModelError> {
        let start = self.reading.start.clone().and_then(|start| start.key);
        let limit = self.reading.limit_of_page(SCAN)?;
        let response = self.send(None, start, None, limit).await?;
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
        limit: Option<i32>,
    ) -> Result<Response, ModelError> {
        let reading = &self.reading;
        let inner = &*reading.table.inner;
        let failed = |kind: ModelErrorKind| inner.error(SCAN, kind);
        reading.check(SCAN)?;
        reading.check_index(SCAN, select.is_none())?;
        let mut expressions = Expressions::new(&inner.seals);
        let filter = reading.filter.as_ref().map(|filter| expressions.condition(&filter.node));
        let filter = filter.transpose().map_err(failed)?;
        let projection = reading.projection(&mut expressions, select.is_some(), None);
        let (names, values) = expressions.finish();
        let scan = inner.client.scan().table_name(&inner.name).set_index_name(reading.index.map(str::to_owned));
        let scan = scan.set_filter_expression(filter).set_projection_expression(projection).set_select(select);
        let scan = scan.set_expression_attribute_names(names).set_expression_attribute_values(values);
        let scan = scan.set_limit(limit).set_exclusive_start_key(start).set_segment(segment);
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
            let scan = Self { reading, segments: self.segments, index_is_given: self.index_is_given };
            stream::try_unfold((scan, Some(start), VecDeque::new()), move |(scan, mut start, mut rows)| async move {
                loop {
                    if let Some(row) = rows.pop_front() {
                        return Ok(Some((row, (scan, start, rows))));
                    }
                    let Some(Start { key, .. }) = start.take() else { return Ok(None) };
                    let limit = scan.reading.page_limit(false);
                    let response = scan.send(segment, key, None, limit).await?;
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

impl<M: Model> Scan<M> {
    /// The rows as they are stored.
    pub(in crate::model) fn raw(self) -> Items<(StoredKey, SdkItem)> {
        let inner = self.reading.table.inner.clone();
        self.rows(move |operation, row| inner.raw(operation, row))
    }
}

impl<M: Model> Table<M> {
    /// Reads all items.
    pub fn scan(&self) -> Scan<M> {
        Scan { reading: Reading::new(self), segments: 1, index_is_given: false }
    }
}
