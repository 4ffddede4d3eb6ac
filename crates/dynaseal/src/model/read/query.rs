//! Queries: the items with one partition key, of a table or an index.

use std::collections::VecDeque;
use std::fmt;

use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select};
use dynaseal_client::SendSealed;
use dynaseal_core::AttributeValue;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{Count, Items, Page, Reading, Response, Row, Start, partial, reading};
use crate::model::Model;
use crate::model::attribute::{Ordered, Text};
use crate::model::column::{Column, Comparable, Index, Readable};
use crate::model::condition::{Comparison, Condition, Operand};
use crate::model::error::{ModelError, ModelErrorKind};
use crate::model::expression::Expressions;
use crate::model::into::IntoValue;
use crate::model::seal::SdkItem;
use crate::model::table::Table;

const QUERY: &str = "a query";

/// What a page is read with.
struct Request<'p> {
    part: usize,
    start: Option<SdkItem>,
    select: Option<Select>,
    partition: Option<&'p StoredCondition>,
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
    pub fn sort_eq<By>(self, value: impl IntoValue<T, By>) -> Self
    where
        P: Comparable,
    {
        self.compare(Comparison::Eq, value)
    }

    fn compare<By>(mut self, comparison: Comparison, value: impl IntoValue<T, By>) -> Self {
        self.sort = Some(SortCondition::Compare(comparison, self.sort_column.given(value)));
        self
    }

    /// Those with a smaller sort key.
    pub fn sort_lt<By>(self, value: impl IntoValue<T, By>) -> Self
    where
        T: Ordered,
        P: Readable,
    {
        self.compare(Comparison::Lt, value)
    }

    /// Those with this sort key or a smaller one.
    pub fn sort_le<By>(self, value: impl IntoValue<T, By>) -> Self
    where
        T: Ordered,
        P: Readable,
    {
        self.compare(Comparison::Le, value)
    }

    /// Those with a greater sort key.
    pub fn sort_gt<By>(self, value: impl IntoValue<T, By>) -> Self
    where
        T: Ordered,
        P: Readable,
    {
        self.compare(Comparison::Gt, value)
    }

    /// Those with this sort key or a greater one.
    pub fn sort_ge<By>(self, value: impl IntoValue<T, By>) -> Self
    where
        T: Ordered,
        P: Readable,
    {
        self.compare(Comparison::Ge, value)
    }

    /// Those from one sort key to another, both counted.
    pub fn sort_between<ByLow, ByHigh>(mut self, low: impl IntoValue<T, ByLow>, high: impl IntoValue<T, ByHigh>) -> Self
    where
        T: Ordered,
        P: Readable,
    {
        let (low, high) = (self.sort_column.given(low), self.sort_column.given(high));
        self.sort = Some(SortCondition::Between(low, high));
        self
    }

    /// Those whose sort key begins so.
    pub fn sort_begins_with<By>(mut self, beginning: impl IntoValue<T, By>) -> Self
    where
        T: Text,
        P: Readable,
    {
        self.sort = Some(SortCondition::BeginsWith(self.sort_column.given(beginning)));
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

/// Where a query goes on after a page: with the next page of this part, or with the next part.
fn following(part: usize, last: Option<SdkItem>, parts: usize) -> Option<Start> {
    match last {
        Some(key) => Some(Start { part, key: Some(key) }),
        None => (part + 1 < parts).then_some(Start { part: part + 1, key: None }),
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

impl<M: Model> Table<M> {
    /// Reads the items with this partition key.
    pub fn query<T, P, By>(&self, partition: impl IntoValue<T, By>) -> Query<M, M::Sort>
    where
        M: Model<Partition = Column<M, T, P>>,
    {
        self.query_index(M::primary_key(), partition)
    }

    /// Reads the items of an index with this partition key.
    pub fn query_index<T, P, S: Copy, By>(
        &self,
        index: Index<M, Column<M, T, P>, S>,
        partition: impl IntoValue<T, By>,
    ) -> Query<M, S> {
        let mut reading = Reading::new(self);
        reading.index = index.name;
        Query {
            reading,
            partition: index.partition.given(partition),
            sort_column: index.sort,
            sort: None,
            descending: false,
        }
    }
}
