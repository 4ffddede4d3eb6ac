//! Queries of tables whose items are in partitions: one call that asks all of them.

use std::sync::Arc;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::query::{QueryError, QueryInput};
use aws_sdk_dynamodb::types::Select;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use dynaseal_ops::operation::OpenPage;
use dynaseal_ops::{Measure, OperationError, Refusal, Tables};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tracing::Instrument;

use crate::bridge::beside;
use crate::door::SealedBy;
use crate::error::{not_opened, not_sent};
use crate::operation::{Operation, SdkItem, put_query, take_query};
use crate::pages::{SealedPages, SealedStream, following};
use crate::sealer::Sealer;
use crate::send::Builder;
use crate::span;

/// How many partitions are asked at the same time.
const AT_ONCE: usize = 16;

type Sent<T> = Result<T, SdkError<QueryError, HttpResponse>>;

/// Queries over all beacon partitions.
///
/// Items of a table with partitions have different beacons for one value, so that a query by a beacon finds those of one
/// partition only. The official clients leave it to the application to ask again and again, with `:aws_dbe_partition` set
/// to 0, 1 and so on; that works here, too.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # use aws_sdk_dynamodb::types::AttributeValue;
/// # use dynaseal_client::{SealedPartitions, SealedTable, Sealer, SendSealed};
/// # use dynaseal_core::{BeaconKey, ItemEncryptor, RawAesKeyring, TableConfig};
/// # use dynaseal_search::{BeaconKeys, SearchConfig, StandardBeacon};
/// # let client = dynaseal_local::memory()?;
/// # let config = TableConfig::builder("people", "id").encrypt(["city"]).build()?;
/// # let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32])?);
/// let search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32])?))
///     .standard(StandardBeacon::new("city", 8))
///     .maximum_partitions(5);
/// let sealer = Sealer::of_table(SealedTable::new("people", encryptor).with_search(search)?);
/// # dynaseal_local::create_indexed_table(&client, "people", "id", None, &[("by-city", "aws_dbe_b_city", None)]).await?;
/// # let text = |text: &str| AttributeValue::S(text.to_owned());
/// # for id in ["ada", "bob", "cleo", "dan", "eve", "fay"] {
/// #     client.put_item().table_name("people").item("id", text(id)).item("city", text("York")).send_sealed(&sealer).await?;
/// # }
/// let query = client.query().table_name("people").index_name("by-city");
/// let query = query.key_condition_expression("city = :c").expression_attribute_values(":c", text("York"));
/// assert_eq!(query.sealed_queries(&sealer)?, 5);
/// let mut people = query.sealed_partitions(&sealer);
/// let mut count = 0;
/// while let Some(person) = people.next().await {
///     assert_eq!(person?["city"], text("York"));
///     count += 1;
/// }
/// assert_eq!(count, 6);
/// # Ok(()) }
/// ```
pub trait SealedPartitions {
    /// How many queries it takes to see every partition (GetNumberOfQueries); 1 for a table without partitions.
    ///
    /// # Errors
    /// If the query can not be sealed.
    fn sealed_queries(&self, sealer: &Sealer) -> Result<u8, OperationError>;

    /// The items of all partitions, each once: those of the first partition in their order, then those of the next.
    /// Several partitions are asked at the same time. It ends with the first error.
    ///
    /// The query must not have an `ExclusiveStartKey`, which belongs to one partition, and not `Select = COUNT`, for there would be
    /// no items.
    fn sealed_partitions(self, sealer: &Sealer) -> SealedStream<Sent<SdkItem>>;
}

impl SealedPartitions for QueryFluentBuilder {
    fn sealed_queries(&self, sealer: &Sealer) -> Result<u8, OperationError> {
        let missing = |_| OperationError::without_table(QueryInput::NAME, Refusal::Missing { parameter: "a field" });
        let mut input = self.input().map_err(missing)?;
        match input.table_name.as_deref().and_then(|name| sealer.tables.get(name)).cloned() {
            Some(table) => take_query(&mut input)?.queries(&table),
            None => Ok(1),
        }
    }

    fn sealed_partitions(self, sealer: &Sealer) -> SealedStream<Sent<SdkItem>> {
        let sealer = sealer.clone();
        let all = async move {
            let mut input = self.input().map_err(SdkError::construction_failure)?;
            let table = input.table_name.as_deref().and_then(|name| sealer.tables.get(name)).cloned();
            let Some(table) = table else { return Ok(self.sealed_items(&sealer).boxed()) };
            if input.exclusive_start_key.is_some() {
                return Err(not_sent(OperationError::new(QueryInput::NAME, table.name(), Refusal::StartKey)));
            }
            if input.select == Some(Select::Count) {
                return Err(not_sent(OperationError::new(QueryInput::NAME, table.name(), Refusal::CountOfPartitions)));
            }
            let query = take_query(&mut input).map_err(not_sent)?;
            let (queries, open) = beside(query.seal_all(&table)).await.map_err(not_sent)?;
            let opener = Arc::new(Opener { open, tables: Arc::clone(&sealer.tables), table: table.name().to_owned() });
            let first = queries.into_iter().map(|query| {
                let mut input = input.clone();
                put_query(&mut input, query);
                Arc::clone(&opener).page(self.clone().with(input))
            });
            // Their first pages at the same time, which for most partitions is all they have.
            let first: Vec<_> = first.collect();
            let partitions = stream::iter(first).buffered(AT_ONCE).map_ok(move |(items, next)| {
                let opener = Arc::clone(&opener);
                let rest = stream::try_unfold(next, move |next| {
                    let opener = Arc::clone(&opener);
                    async move {
                        let Some(builder) = next else { return Ok(None) };
                        opener.page(builder).await.map(Some)
                    }
                });
                let pages = stream::once(std::future::ready(Ok(items))).chain(rest);
                pages.map_ok(|items| stream::iter(items.into_iter().map(Ok))).try_flatten()
            });
            Ok(partitions.try_flatten().boxed())
        };
        SealedStream::new(stream::once(all).try_flatten().boxed())
    }
}

/// Sends requests that are sealed already.
struct Opener {
    open: OpenPage,
    tables: Arc<Tables>,
    table: String,
}

impl Opener {
    /// A page's items, opened, and the request of the next page.
    async fn page(self: Arc<Self>, builder: QueryFluentBuilder) -> Sent<(Vec<SdkItem>, Option<QueryFluentBuilder>)> {
        let span = span::span(QueryInput::NAME, || self.table.clone());
        let mut measure = Measure::default();
        let sending = async {
            let mut output = builder.clone().send_as_is(Some(SealedBy::Sealer(Arc::clone(&self.tables)))).await?;
            beside(QueryInput::open(&self.open, &mut output, &mut measure)).await.map_err(not_opened)?;
            Ok(output)
        };
        let page: Sent<_> = sending.instrument(span.clone()).await;
        span::record(&span, &measure, page.is_err());
        let page = page?;
        let next = following(builder, page.last_evaluated_key.as_ref(), |builder, key| {
            builder.set_exclusive_start_key(Some(key))
        });
        Ok((page.items.unwrap_or_default(), next))
    }
}
