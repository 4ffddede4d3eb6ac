//! Pages and items of queries and scans, as streams.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::query::{QueryError, QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::operation::scan::{ScanError, ScanInput, ScanOutput};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use dynaseal_core::{Item, ItemError};
use dynaseal_ops::operation::OpenPage;
use dynaseal_ops::{Measure, OperationError};
use futures_util::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use tracing::Instrument;

use crate::bridge::beside;
use crate::error::not_opened;
use crate::operation::{Operation, SdkItem, count_items, items};
use crate::sealer::Sealer;
use crate::send::{Builder, SendSealed, send_only};
use crate::span;
use crate::value::to_sdk;

/// One page of a query or scan whose items were opened one by one.
#[non_exhaustive]
pub struct SealedPage<O> {
    /// The response without its items.
    pub output: O,
    /// The items in their order, each opened or with the reason why not. The reason has the item's key:
    /// [`ItemError::key_attributes`].
    pub items: Vec<Result<SdkItem, ItemError>>,
}

/// Without the response, which has the key that the next page begins behind, and the items: how many there are.
impl<O> fmt::Debug for SealedPage<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opened = self.items.iter().filter(|item| item.is_ok()).count();
        f.debug_struct("SealedPage")
            .field("opened", &opened)
            .field("not_opened", &(self.items.len() - opened))
            .finish_non_exhaustive()
    }
}

/// A page, an item or what the SDK says went wrong.
type Sent<T, E> = Result<T, SdkError<E, HttpResponse>>;

/// Pages of queries and scans.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # use aws_sdk_dynamodb::types::AttributeValue;
/// # use dynaseal_client::{SealedPages, SealedTable, Sealer, SendSealed};
/// # use dynaseal_core::{ItemEncryptor, RawAesKeyring, TableConfig};
/// # let client = dynaseal_local::memory()?;
/// # dynaseal_local::create_table(&client, "people", "id", None).await?;
/// # let config = TableConfig::builder("people", "id").encrypt(["diagnosis"]).build()?;
/// # let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32])?);
/// # let sealer = Sealer::of_table(SealedTable::new("people", encryptor));
/// # for id in ["ada", "bob", "eve"] {
/// #     let text = |text: &str| AttributeValue::S(text.to_owned());
/// #     client.put_item().table_name("people").item("id", text(id)).item("diagnosis", text("flu")).send_sealed(&sealer).await?;
/// # }
/// let mut items = client.scan().table_name("people").limit(2).sealed_items(&sealer);
/// let mut count = 0;
/// while let Some(item) = items.next().await {
///     assert!(item?["diagnosis"].as_s().is_ok());
///     count += 1;
/// }
/// assert_eq!(count, 3);
/// # Ok(()) }
/// ```
pub trait SealedPages: SendSealed {
    /// Sends it once, and opens the items one by one: one that can not be opened does not hide the others.
    ///
    /// # Errors
    /// Those of [`SendSealed::send_sealed`], but for items that can not be opened.
    fn send_sealed_each(
        self,
        sealer: &Sealer,
    ) -> impl Future<Output = Sent<SealedPage<Self::Output>, Self::Error>> + Send;

    /// Page after page. It ends with the first error.
    fn sealed_pages(self, sealer: &Sealer) -> SealedStream<Sent<Self::Output, Self::Error>>;

    /// Page after page, with items opened one by one. It ends with the first error of a page.
    fn sealed_pages_each(self, sealer: &Sealer) -> SealedStream<Sent<SealedPage<Self::Output>, Self::Error>>;

    /// Item after item of all pages. It ends with the first error.
    fn sealed_items(self, sealer: &Sealer) -> SealedStream<Sent<SdkItem, Self::Error>>;
}

/// A stream, with a `next` of its own so that none needs to be imported.
#[must_use = "streams do nothing unless they are polled"]
pub struct SealedStream<T>(BoxStream<'static, T>);

impl<T> SealedStream<T> {
    pub(crate) fn new(stream: BoxStream<'static, T>) -> Self {
        Self(stream)
    }

    /// The next one; `None` at the end.
    pub async fn next(&mut self) -> Option<T> {
        self.0.next().await
    }
}

impl<T> Stream for SealedStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_next_unpin(context)
    }
}

impl<T> fmt::Debug for SealedStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedStream").finish_non_exhaustive()
    }
}

macro_rules! pages {
    ($builder:ty, $input:ty, $output:ty, $error:ty) => {
        impl SealedPages for $builder {
            async fn send_sealed_each(self, sealer: &Sealer) -> Sent<SealedPage<$output>, $error> {
                let input = self.input().map_err(SdkError::construction_failure)?;
                let span = span::span(<$input>::NAME, || input.sealed_tables(&sealer.tables));
                let mut measure = Measure::default();
                let sending = async {
                    let (mut output, open): (_, Option<OpenPage>) =
                        send_only(self, input, sealer, &mut measure).await?;
                    let found = output.items.take().unwrap_or_default();
                    let items = match open {
                        Some(open) => {
                            let mut items =
                                open_each(<$input>::NAME, &open, found, &mut measure).await.map_err(not_opened)?;
                            let opened = items.iter().filter(|item| item.is_ok()).count();
                            count_items(&open, opened, &mut output.count);
                            if open.counts_only() {
                                // Whether they are some of those that were counted, nobody knows.
                                items.retain(Result::is_err);
                            }
                            items
                        }
                        None => found.into_iter().map(Ok).collect(),
                    };
                    Ok(SealedPage { output, items })
                };
                let page: Sent<SealedPage<$output>, $error> = sending.instrument(span.clone()).await;
                let failed = page.as_ref().map_or(true, |page| page.items.iter().any(Result::is_err));
                span::record(&span, &measure, failed);
                page
            }

            fn sealed_pages(self, sealer: &Sealer) -> SealedStream<Sent<$output, $error>> {
                let sealer = sealer.clone();
                let pages = stream::try_unfold(Some(self), move |builder| {
                    let sealer = sealer.clone();
                    async move {
                        let Some(builder) = builder else { return Ok(None) };
                        let page = builder.clone().send_sealed(&sealer).await?;
                        let next = following(builder, page.last_evaluated_key.as_ref(), |builder, key| {
                            builder.set_exclusive_start_key(Some(key))
                        });
                        Ok(Some((page, next)))
                    }
                });
                SealedStream(pages.boxed())
            }

            fn sealed_pages_each(self, sealer: &Sealer) -> SealedStream<Sent<SealedPage<$output>, $error>> {
                let sealer = sealer.clone();
                let pages = stream::try_unfold(Some(self), move |builder| {
                    let sealer = sealer.clone();
                    async move {
                        let Some(builder) = builder else { return Ok(None) };
                        let page = builder.clone().send_sealed_each(&sealer).await?;
                        let next = following(builder, page.output.last_evaluated_key.as_ref(), |builder, key| {
                            builder.set_exclusive_start_key(Some(key))
                        });
                        Ok(Some((page, next)))
                    }
                });
                SealedStream(pages.boxed())
            }

            fn sealed_items(self, sealer: &Sealer) -> SealedStream<Sent<SdkItem, $error>> {
                let pages = self.sealed_pages(sealer);
                let items = pages.map_ok(|page| stream::iter(page.items.unwrap_or_default().into_iter().map(Ok)));
                SealedStream(items.try_flatten().boxed())
            }
        }
    };
}

pages!(QueryFluentBuilder, QueryInput, QueryOutput, QueryError);
pages!(ScanFluentBuilder, ScanInput, ScanOutput, ScanError);

/// The request of the next page, if there is one. An empty key is the end, too, as it is for the SDK's paginators.
pub(crate) fn following<B: Builder>(builder: B, key: Option<&SdkItem>, from: fn(B, SdkItem) -> B) -> Option<B> {
    let key = key.filter(|key| !key.is_empty())?;
    Some(from(builder, key.clone()))
}

async fn open_each(
    operation: &'static str,
    open: &OpenPage,
    found: Vec<SdkItem>,
    measure: &mut Measure,
) -> Result<Vec<Result<SdkItem, ItemError>>, OperationError> {
    let sealed: Vec<Item> = items(operation, found)?;
    let opened = beside(open.open_each(sealed, measure)).await;
    Ok(opened.into_iter().map(|item| item.map(to_sdk)).collect())
}
