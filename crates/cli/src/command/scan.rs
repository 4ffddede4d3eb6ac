//! `dynaseal scan`: all items of a table.

use aws_sdk_dynamodb::types::Select;
use dynaseal::SealedPages as _;
use dynaseal::sdk::{from_sdk, to_sdk};
use futures_util::StreamExt as _;
use futures_util::stream::select_all;

use super::nothing;
use super::pages::{Page, page_size, print, with_indexes};
use crate::args::ScanArgs;
use crate::database::{CallError, Database};
use crate::output::Failure;

pub(crate) fn run(args: &ScanArgs) -> Result<(), Failure> {
    super::runtime()?.block_on(scan(args))
}

async fn scan(args: &ScanArgs) -> Result<(), Failure> {
    let read = &args.read;
    let database = Database::open(&read.table).await?;
    database.has_index(read.index.as_deref())?;
    let scan = database
        .client
        .scan()
        .table_name(&database.table)
        .set_index_name(read.index.clone())
        .set_filter_expression(read.filter.clone())
        .set_projection_expression(read.projection.clone())
        .set_expression_attribute_names(read.names.clone())
        .set_expression_attribute_values(read.values.clone().map(to_sdk))
        .set_limit(page_size(read))
        .set_select(read.count.then_some(Select::Count))
        .consistent_read(read.consistent);
    let segments = (0..args.segments).map(|segment| match args.segments {
        1 => scan.clone(),
        total => scan.clone().segment(segment).total_segments(total),
    });
    let pages = select_all(segments.map(|scan| scan.sealed_pages_each(&database.sealer))).map(|page| {
        let page = page.map_err(|error| database.failed("Scan", &error))?;
        let items = page.items.into_iter().map(|item| {
            let item = item.map_err(|error| CallError::of_page(error, read.index.as_deref()))?;
            from_sdk(item).map_err(|error| CallError::of_item(&error))
        });
        Ok(Page { items: items.collect(), count: page.output.count, scanned: page.output.scanned_count })
    });
    let printed = print(read, pages).await;
    if with_indexes(&database, printed).await? == 0 {
        nothing::explain(&database, read, None).await;
    }
    Ok(())
}
