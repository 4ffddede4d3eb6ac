//! `dynaseal query`: the items of a table, or of an index, with a partition key.
//!
//! Where the key is a beacon and items are in partitions, all partitions are asked, one after the other, unless the values
//! name one with `:aws_dbe_partition`. The library's call for all partitions ends with the first item that can not be
//! opened; here the others still come out.

use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::Select;
use dynaseal::ops::operation::{OpenPage, Query, Scan};
use dynaseal::ops::{Expressions, Measure};
use dynaseal::sdk::{from_sdk, to_sdk};
use dynaseal::search::PARTITION_VALUE;
use futures_util::StreamExt as _;
use futures_util::stream;

use super::nothing;
use super::pages::{Page, page_size, print, with_indexes};
use crate::args::{QueryArgs, ReadArgs};
use crate::database::{CallError, Database};
use crate::output::Failure;

pub(crate) fn run(args: &QueryArgs) -> Result<(), Failure> {
    super::runtime()?.block_on(query(args))
}

async fn query(args: &QueryArgs) -> Result<(), Failure> {
    let database = Database::open(&args.read.table).await?;
    database.has_index(args.read.index.as_deref())?;
    let (queries, open) = sealed(args, &database).await?;
    let (database, open) = (&database, &open);
    let pages = stream::iter(queries).flat_map(|query| {
        let pages = request(args, database, query).into_paginator().send();
        stream::unfold(pages, async |mut pages| Some((pages.next().await?, pages))).boxed_local()
    });
    let opened = pages.then(async |page| {
        let page = page.map_err(|error| database.failed("Query", &error))?;
        opened(open, page, &args.read).await
    });
    let printed = print(&args.read, opened.boxed_local()).await;
    if with_indexes(database, printed).await? == 0 {
        nothing::explain(database, &args.read, Some(&args.key_condition)).await;
    }
    Ok(())
}

/// What is sent, for each partition that has to be asked, and what opens the answers.
async fn sealed(args: &QueryArgs, database: &Database) -> Result<(Vec<Query>, OpenPage), CallError> {
    let read = &args.read;
    let expressions = Expressions {
        key_condition: Some(args.key_condition.clone()),
        filter: read.filter.clone(),
        projection: read.projection.clone(),
        names: read.names.clone().into_iter().flatten().collect(),
        values: read.values.clone().unwrap_or_default(),
        ..Expressions::default()
    };
    let names_partition = expressions.values.contains_key(PARTITION_VALUE);
    let query = Query { scan: Scan { index: read.index.clone(), expressions, ..Scan::default() } };
    let refused = |error| CallError::refused(&error);
    if !names_partition && query.clone().queries(database.sealed()).map_err(refused)? > 1 {
        return query.seal_all(database.sealed()).await.map_err(refused);
    }
    let select = read.count.then(|| Select::Count.as_str().to_owned());
    let query = Query { scan: Scan { select, ..query.scan } };
    let (query, open) = query.seal(database.sealed()).await.map_err(refused)?;
    Ok((vec![query], open))
}

fn request(args: &QueryArgs, database: &Database, query: Query) -> QueryFluentBuilder {
    let (read, Scan { index, select, expressions, .. }) = (&args.read, query.scan);
    let Expressions { key_condition, filter, projection, names, values, .. } = expressions;
    database
        .client
        .query()
        .table_name(&database.table)
        .scan_index_forward(!args.reverse)
        .set_index_name(index)
        .set_key_condition_expression(key_condition)
        .set_filter_expression(filter)
        .set_projection_expression(projection)
        // DynamoDB takes no empty ones.
        .set_expression_attribute_names((!names.is_empty()).then(|| names.into_iter().collect()))
        .set_expression_attribute_values((!values.is_empty()).then(|| to_sdk(values)))
        .set_limit(page_size(read))
        .set_select(select.as_deref().map(Select::from))
        .consistent_read(read.consistent)
}

async fn opened(open: &OpenPage, page: QueryOutput, read: &ReadArgs) -> Result<Page, CallError> {
    let found = page.items.unwrap_or_default().into_iter().map(from_sdk);
    let found = found.collect::<Result<Vec<_>, _>>().map_err(|error| CallError::of_item(&error))?;
    let mut items = open.open_each(found, &mut Measure::default()).await;
    let mut count = page.count;
    if open.is_filtered() {
        // Of an item that can not be opened nobody knows whether it was asked for: it is complained about, not counted.
        count = i32::try_from(items.iter().filter(|item| item.is_ok()).count()).unwrap_or(i32::MAX);
    }
    if read.count {
        items.retain(Result::is_err);
    }
    let items = items.into_iter().map(|item| item.map_err(|error| CallError::of_page(error, read.index.as_deref())));
    Ok(Page { items: items.collect(), count, scanned: page.scanned_count })
}
