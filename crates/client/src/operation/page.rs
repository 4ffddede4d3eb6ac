//! `Query` and `Scan`.

use aws_sdk_dynamodb::operation::query::{QueryError, QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::scan::{ScanError, ScanInput, ScanOutput};
use aws_sdk_dynamodb::types::Select;
use dynaseal_ops::operation::{OpenPage, Query, Scan};
use dynaseal_ops::{Measure, OperationError, Tables};

use super::{Operation, SdkItem, Texts, item, items};
use crate::door::Place;
use crate::value::to_sdk;

impl Operation for QueryInput {
    const NAME: &'static str = "Query";
    type Output = QueryOutput;
    type Error = QueryError;
    type Open = OpenPage;

    async fn seal(&mut self, tables: &Tables, _: &mut Measure) -> Result<Option<OpenPage>, OperationError> {
        let Some(table) = self.table_name.as_deref().and_then(|name| tables.get(name)) else { return Ok(None) };
        let (query, open) = take_query(self)?.seal(table).await?;
        put_query(self, query);
        Ok(Some(open))
    }

    async fn open(open: &OpenPage, output: &mut QueryOutput, measure: &mut Measure) -> Result<(), OperationError> {
        open_items(Self::NAME, open, &mut output.items, &mut output.count, measure).await
    }

    fn table_names(&self) -> Vec<&str> {
        self.table_name.as_deref().into_iter().collect()
    }

    fn place(&self) -> Option<usize> {
        self.table_name.place()
    }
}

impl Operation for ScanInput {
    const NAME: &'static str = "Scan";
    type Output = ScanOutput;
    type Error = ScanError;
    type Open = OpenPage;

    async fn seal(&mut self, tables: &Tables, _: &mut Measure) -> Result<Option<OpenPage>, OperationError> {
        let Some(table) = self.table_name.as_deref().and_then(|name| tables.get(name)) else { return Ok(None) };
        let legacy = [
            ("AttributesToGet", self.attributes_to_get.is_some()),
            ("ScanFilter", self.scan_filter.is_some()),
            ("ConditionalOperator", self.conditional_operator.is_some()),
        ];
        let mut texts = Texts {
            filter: Some(&mut self.filter_expression),
            projection: Some(&mut self.projection_expression),
            names: Some(&mut self.expression_attribute_names),
            values: Some(&mut self.expression_attribute_values),
            ..Texts::default()
        };
        let select = self.select.as_ref().map(|select| select.as_str().to_owned());
        let expressions = texts.take(Self::NAME, legacy)?;
        let start = item(Self::NAME, self.exclusive_start_key.clone().unwrap_or_default())?;
        let scan = Scan { index: self.index_name.clone(), select, start, expressions };
        let (scan, open) = scan.seal(table).await?;
        texts.put(scan.expressions);
        self.select = scan.select.as_deref().map(Select::from);
        Ok(Some(open))
    }

    async fn open(open: &OpenPage, output: &mut ScanOutput, measure: &mut Measure) -> Result<(), OperationError> {
        open_items(Self::NAME, open, &mut output.items, &mut output.count, measure).await
    }

    fn table_names(&self) -> Vec<&str> {
        self.table_name.as_deref().into_iter().collect()
    }

    fn place(&self) -> Option<usize> {
        self.table_name.place()
    }
}

/// What matters of a query, out of its input.
pub(crate) fn take_query(input: &mut QueryInput) -> Result<Query, OperationError> {
    let legacy = [
        ("AttributesToGet", input.attributes_to_get.is_some()),
        ("KeyConditions", input.key_conditions.is_some()),
        ("QueryFilter", input.query_filter.is_some()),
        ("ConditionalOperator", input.conditional_operator.is_some()),
    ];
    let select = input.select.as_ref().map(|select| select.as_str().to_owned());
    let expressions = query_texts(input).take(QueryInput::NAME, legacy)?;
    let start = item(QueryInput::NAME, input.exclusive_start_key.clone().unwrap_or_default())?;
    Ok(Query { scan: Scan { index: input.index_name.clone(), select, start, expressions } })
}

/// And back.
pub(crate) fn put_query(input: &mut QueryInput, Query { scan }: Query) {
    query_texts(input).put(scan.expressions);
    input.select = scan.select.as_deref().map(Select::from);
}

fn query_texts(input: &mut QueryInput) -> Texts<'_> {
    Texts {
        filter: Some(&mut input.filter_expression),
        key_condition: Some(&mut input.key_condition_expression),
        projection: Some(&mut input.projection_expression),
        names: Some(&mut input.expression_attribute_names),
        values: Some(&mut input.expression_attribute_values),
        ..Texts::default()
    }
}

async fn open_items(
    operation: &'static str,
    open: &OpenPage,
    place: &mut Option<Vec<SdkItem>>,
    count: &mut i32,
    measure: &mut Measure,
) -> Result<(), OperationError> {
    let sealed = if open.is_filtered() { Some(place.take().unwrap_or_default()) } else { place.take() };
    if let Some(sealed) = sealed {
        let opened = open.open(items(operation, sealed)?, measure).await?;
        count_items(open, opened.len(), count);
        *place = (!open.counts_only()).then(|| opened.into_iter().map(to_sdk).collect());
    }
    Ok(())
}

/// `Count` after items were taken out.
pub(crate) fn count_items(open: &OpenPage, left: usize, count: &mut i32) {
    if open.is_filtered() {
        *count = i32::try_from(left).unwrap_or(i32::MAX);
    }
}
