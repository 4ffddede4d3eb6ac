//! `dynaseal query`: the items of a table with a partition key.

use aws_sdk_dynamodb::types::Select;
use dynaseal::SealedPages as _;
use dynaseal::sdk::to_sdk;
use futures_util::StreamExt as _;

use super::pages::{Page, page_size, print};
use crate::args::QueryArgs;
use crate::database::Database;
use crate::output::Failure;

pub(crate) fn run(args: &QueryArgs) -> Result<(), Failure> {
    super::runtime()?.block_on(query(args))
}

async fn query(args: &QueryArgs) -> Result<(), Failure> {
    let read = &args.read;
    let database = Database::open(&read.table).await?;
    let query = database
        .client
        .query()
        .table_name(&database.table)
        .key_condition_expression(&args.key_condition)
        .scan_index_forward(!args.reverse)
        .set_index_name(read.index.clone())
        .set_filter_expression(read.filter.clone())
        .set_projection_expression(read.projection.clone())
        .set_expression_attribute_names(read.names.clone())
        .set_expression_attribute_values(read.values.clone().map(to_sdk))
        .set_limit(page_size(read))
        .set_select(read.count.then_some(Select::Count))
        .consistent_read(read.consistent);
    let pages = query.sealed_pages_each(&database.sealer).map(|page| {
        let page = page.map_err(|error| database.failed("Query", &error))?;
        Ok(Page { items: page.items, count: page.output.count, scanned: page.output.scanned_count })
    });
    print(read, pages).await
}
