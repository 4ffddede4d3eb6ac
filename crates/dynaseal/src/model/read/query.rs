//! Queries: the items with one partition key, of a table or an index.

use std::collections::VecDeque;
use std::fmt;

use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select};
use dynaseal_client::SendSealed;
use dynaseal_client::value::value_from_sdk;
use dynaseal_core::AttributeValue;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::bounds::{Bounds, SortCondition, narrow};
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
struct Request {
    part: usize,
    start: Option<SdkItem>,
    /// Whether only the number of items is wanted.
    counts: bool,
    limit: Option<i32>,
}

/// A key condition whose values are sealed.
#[derive(Clone, Debug)]
struct StoredCondition {
    partition: (&'static str, AttributeValue),
    sort: Sort,
}

/// A condition on a sort key, if there is one.
type Sort = Option<(&'static str, SortCondition<AttributeValue>)>;

/// All that a query is, with what was made of it for DynamoDB.
#[derive(Debug)]
struct Parts {
    /// One for each value that a sealed key may have; none if nothing can fulfil the conditions.
    conditions: Vec<StoredCondition>,
    /// What is asked of the sort key after reading, where the key condition covers more.
    rest: Option<Rest>,
}

#[derive(Debug)]
struct Rest {
    attribute: &'static str,
    conditions: Vec<SortCondition<AttributeValue>>,
}

impl Rest {
    /// Takes out what does not fulfil all conditions.
    fn retain(&self, rows: &mut Vec<SdkItem>) -> Result<(), ModelErrorKind> {
        let mut missing = false;
        rows.retain(|row| match row.get(self.attribute).cloned().and_then(value_from_sdk) {
            Some(value) => self.conditions.iter().all(|condition| condition.holds(&value)),
            None => {
                missing = true;
                true
            }
        });
        if missing {
            let text = format!("an item came back without `{}`, which is asked for", self.attribute);
            return Err(ModelErrorKind::Refused(text));
        }
        Ok(())
    }
}

/// Reads the items with one partition key, in the order of the sort key.
///
/// Each condition on the sort key narrows: `sort_ge(a).sort_lt(b)` is from `a` to before `b`. If they exclude each other,
/// nothing is read. DynamoDB takes one of them; what it reads beyond the others is paid for and left out.
#[must_use = "nothing is read before the items are asked for"]
pub struct Query<M, S> {
    reading: Reading<M>,
    partition: Operand,
    sort_column: S,
    sort: Vec<SortCondition<Operand>>,
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
        self.sort.push(SortCondition::Compare(comparison, self.sort_column.given(value)));
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
        self.sort.push(SortCondition::Between(low, high));
        self
    }

    /// Those whose sort key begins so.
    pub fn sort_begins_with<By>(mut self, beginning: impl IntoValue<T, By>) -> Self
    where
        T: Text,
        P: Readable,
    {
        self.sort.push(SortCondition::BeginsWith(self.sort_column.given(beginning)));
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
        let Some(parts) = self.parts()? else { return Ok(0) };
        let mut count = Count::new(self.reading.limit);
        let mut next = self.reading.start.clone().or(Some(Start { part: 0, key: None }));
        while let Some(Start { part, key }) = next.take() {
            let limit = self.reading.page_limit(parts.rest.is_some());
            let response = self.send(&parts, Request { part, start: key, counts: true, limit }).await?;
            count.add(response.count);
            next = following(part, response.last, parts.conditions.len()).filter(|_| !count.is_full());
            if next.is_some() {
                self.reading.pause(response.capacity).await;
            }
        }
        Ok(count.so_far)
    }

    /// One page, of at most as many items as the page size and the limit say. What a filter leaves out counts as read, so a
    /// page may have fewer items or none while there are more: `next` says where those begin.
    ///
    /// # Errors
    /// If it can not be read or opened.
    pub async fn page(self) -> Result<Page<M>, ModelError> {
        let limit = self.reading.limit_of_page(QUERY)?;
        let Some(parts) = self.parts()? else { return Ok(Page { items: Vec::new(), next: None, capacity: 0.0 }) };
        let Start { part, key } = self.reading.start.clone().unwrap_or(Start { part: 0, key: None });
        let response = self.send(&parts, Request { part, start: key, counts: false, limit }).await?;
        let next = following(part, response.last, parts.conditions.len());
        let inner = &self.reading.table.inner;
        let items = response.items.into_iter().map(|row| inner.model(QUERY, row)).collect::<Result<_, _>>()?;
        Ok(Page { items, next, capacity: response.capacity })
    }

    /// What is to be asked; `None` if no item can fulfil it.
    fn parts(&self) -> Result<Option<Parts>, ModelError> {
        let failed = |kind| self.reading.table.inner.error(QUERY, kind);
        self.reading.check(QUERY)?;
        let mut asked = Vec::new();
        let mut attribute = "";
        for condition in &self.sort {
            let (operand, condition) = plain_condition(condition).map_err(failed)?;
            attribute = operand;
            asked.push(condition);
        }
        let (sorts, rest) = match narrow(&asked) {
            None => (vec![None], None),
            Some(Bounds::Nothing) => return Ok(None),
            Some(Bounds::One { condition, exact }) => {
                let sorts = self.sealed(attribute, condition).map_err(failed)?;
                (sorts, (!exact).then_some(Rest { attribute, conditions: asked }))
            }
        };
        let mut conditions = Vec::new();
        // The active root's last: an item that moves to it meanwhile comes twice rather than not at all.
        let values = self.reading.table.inner.seals.search_values(&self.partition).map_err(failed)?;
        for value in values.into_iter().rev() {
            for sort in sorts.iter().rev() {
                conditions.push(StoredCondition {
                    partition: (self.partition.attribute(), value.clone()),
                    sort: sort.clone(),
                });
            }
        }
        Ok(Some(Parts { conditions, rest }))
    }

    /// A condition on the sort key as it is stored: only equality can be asked of one that is sealed.
    fn sealed(
        &self,
        attribute: &'static str,
        condition: SortCondition<AttributeValue>,
    ) -> Result<Vec<Sort>, ModelErrorKind> {
        let SortCondition::Compare(Comparison::Eq, value) = condition else {
            return Ok(vec![Some((attribute, condition))]);
        };
        let values = self.reading.table.inner.seals.search_values(&Operand::new(attribute, Ok(Some(value))))?;
        let equal = |value| Some((attribute, SortCondition::Compare(Comparison::Eq, value)));
        Ok(values.into_iter().map(equal).collect())
    }

    async fn send(&self, parts: &Parts, request: Request) -> Result<Response, ModelError> {
        let reading = &self.reading;
        let inner = &*reading.table.inner;
        let failed = |kind: ModelErrorKind| inner.error(QUERY, kind);
        reading.check_index(QUERY, !request.counts)?;
        let mut expressions = Expressions::new(&inner.seals);
        let Some(condition) = parts.conditions.get(request.part) else {
            return Err(failed(ModelErrorKind::Refused(format!("there is no part {} of this query", request.part))));
        };
        let key_condition = condition.write(&mut expressions);
        let filter = reading.filter.as_ref().map(|filter| expressions.condition(&filter.node));
        let filter = filter.transpose().map_err(failed)?;
        // Those that are left out here must not be counted there.
        let needed = parts.rest.as_ref().map(|rest| rest.attribute);
        let select = (request.counts && needed.is_none()).then_some(Select::Count);
        let projection = reading.projection(&mut expressions, request.counts, needed);
        let (names, values) = expressions.finish();
        let query = inner.client.query().table_name(&inner.name).set_index_name(reading.index.map(str::to_owned));
        let query = query.key_condition_expression(key_condition).set_filter_expression(filter);
        let query = query.set_expression_attribute_names(names).set_expression_attribute_values(values);
        let query = query.set_projection_expression(projection).set_select(select);
        let query = query.set_limit(request.limit).set_exclusive_start_key(request.start);
        let query = query.scan_index_forward(!self.descending).consistent_read(reading.consistent);
        let query = query.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let sent = query.send_sealed(&inner.sealer).await.map_err(|error| failed(error.into()))?;
        let mut response = Response {
            count: sent.count,
            items: sent.items.unwrap_or_default(),
            last: sent.last_evaluated_key,
            capacity: sent.consumed_capacity.and_then(|of| of.capacity_units).unwrap_or_default(),
        };
        if let Some(rest) = &parts.rest {
            rest.retain(&mut response.items).map_err(failed)?;
            response.count = i32::try_from(response.items.len()).unwrap_or(i32::MAX);
        }
        Ok(response)
    }

    fn rows<T: Send + 'static>(
        self,
        make: impl Fn(&'static str, SdkItem) -> Result<T, ModelError> + Send + Sync + 'static,
    ) -> Items<T> {
        let parts = match self.parts() {
            Ok(Some(parts)) => parts,
            Ok(None) => return Items(stream::empty().boxed()),
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
                let limit = query.reading.page_limit(parts.rest.is_some());
                let response = query.send(&parts, Request { part, start: key, counts: false, limit }).await?;
                start = following(part, response.last, parts.conditions.len());
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

/// A condition with its values, not sealed, and the attribute that it is on.
fn plain_condition(
    condition: &SortCondition<Operand>,
) -> Result<(&'static str, SortCondition<AttributeValue>), ModelErrorKind> {
    Ok(match condition {
        SortCondition::Compare(comparison, operand) => {
            (operand.attribute(), SortCondition::Compare(*comparison, plain(operand)?))
        }
        SortCondition::Between(low, high) => (low.attribute(), SortCondition::Between(plain(low)?, plain(high)?)),
        SortCondition::BeginsWith(beginning) => (beginning.attribute(), SortCondition::BeginsWith(plain(beginning)?)),
    })
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
            sort: Vec::new(),
            descending: false,
        }
    }
}
