//! The door for code that only takes a client: an interceptor of the SDK.

use std::fmt::Debug;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::config::ConfigBag;
use aws_sdk_dynamodb::config::RuntimeComponents;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextMut, FinalizerInterceptorContextMut,
};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::{
    batch_execute_statement as batch_statement, batch_get_item, batch_write_item, delete_item, execute_statement,
    execute_transaction, get_item, import_table, put_item, query, scan, search_vectors, transact_get_items,
    transact_write_items, update_item,
};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Input, Output};
use aws_smithy_runtime_api::client::orchestrator::{Metadata, OrchestratorError};
use aws_smithy_types::config_bag::{Storable, StoreAppend, StoreReplace};
use dynaseal_core::BoxFuture;
use dynaseal_ops::operation::check_unknown;
use dynaseal_ops::{Measure, OperationError, Refusal, Tables};
use tracing::Span;

use crate::bridge;
use crate::door::{SealedBy, Turn, take_mark, turn};
use crate::operation::Operation;
use crate::sealer::Sealer;
use crate::span;

/// Operations that carry no items. All others have to be known, or they are looked into before they leave.
///
/// A table that is restored has the items that were in the other one, sealed if they were sealed there; one that is created
/// or replicated has none, or the same. `ImportTable` is not among them: what it fills a table with was never sealed.
const CONTROL_PLANE: &[&str] = &[
    "CreateBackup",
    "CreateGlobalTable",
    "CreateTable",
    "DeleteBackup",
    "DeleteResourcePolicy",
    "DeleteTable",
    "DescribeBackup",
    "DescribeContinuousBackups",
    "DescribeContributorInsights",
    "DescribeEndpoints",
    "DescribeExport",
    "DescribeGlobalTable",
    "DescribeGlobalTableSettings",
    "DescribeImport",
    "DescribeKinesisStreamingDestination",
    "DescribeLimits",
    "DescribeTable",
    "DescribeTableReplicaAutoScaling",
    "DescribeTimeToLive",
    "DisableKinesisStreamingDestination",
    "EnableKinesisStreamingDestination",
    "ExportTableToPointInTime",
    "GetResourcePolicy",
    "ListBackups",
    "ListContributorInsights",
    "ListExports",
    "ListGlobalTables",
    "ListImports",
    "ListTables",
    "ListTagsOfResource",
    "PutResourcePolicy",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "TagResource",
    "UntagResource",
    "UpdateContinuousBackups",
    "UpdateContributorInsights",
    "UpdateGlobalTable",
    "UpdateGlobalTableSettings",
    "UpdateKinesisStreamingDestination",
    "UpdateTable",
    "UpdateTableReplicaAutoScaling",
    "UpdateTimeToLive",
];

/// Seals and opens what goes through an SDK client.
///
/// Requests and responses are moved through it, not cloned. The SDK calls interceptors synchronously: while the keys of
/// an item have to be fetched from elsewhere, the thread waits (see [`SendSealed`](crate::SendSealed) for a door that
/// does not block). On a multi-thread runtime the thread's other tasks move on; on a current-thread runtime everything
/// waits. Keys that are at hand or in a cache cost no waiting.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use aws_sdk_dynamodb::Client;
/// use aws_sdk_dynamodb::types::AttributeValue;
/// use dynaseal_client::{Interceptor, SealedTable, Sealer};
/// use dynaseal_core::{ItemEncryptor, RawAesKeyring, TableConfig};
/// # let plain_client = dynaseal_local::memory()?;
/// # dynaseal_local::create_table(&plain_client, "people", "id", None).await?;
///
/// let config = TableConfig::builder("people", "id").encrypt(["diagnosis"]).build()?;
/// let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32])?);
/// let sealer = Sealer::of_table(SealedTable::new("people", encryptor));
/// let sdk_config = plain_client.config().to_builder().interceptor(Interceptor::new(&sealer)).build();
/// let client = Client::from_conf(sdk_config);
///
/// let text = |text: &str| AttributeValue::S(text.to_owned());
/// client.put_item().table_name("people").item("id", text("ada")).item("diagnosis", text("influenza")).send().await?;
/// let opened = client.get_item().table_name("people").key("id", text("ada")).send().await?.item.unwrap();
/// assert_eq!(opened["diagnosis"], text("influenza"));
///
/// let stored = plain_client.get_item().table_name("people").key("id", text("ada")).send().await?.item.unwrap();
/// assert!(stored["diagnosis"].as_b().is_ok());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Interceptor {
    sealer: Sealer,
}

impl Interceptor {
    /// For the tables of a sealer.
    pub fn new(sealer: &Sealer) -> Self {
        bridge::prepare();
        Self { sealer: sealer.clone() }
    }

    /// Seals the input if it is that of `O`, and keeps what opens the response; `None` if it is another's.
    fn seal<O: Operation>(&self, input: &mut Input, cfg: &mut ConfigBag) -> Option<Result<(), BoxError>> {
        let input = input.downcast_mut::<O>()?;
        if let Some(by) = take_mark(input.place()) {
            cfg.interceptor_state().store_append(Before(by));
        }
        let before: Vec<_> = cfg.load::<Before>().map(|Before(by)| by).collect();
        let turn = match before.is_empty() {
            true => Turn::Own,
            false => turn(&self.sealer.tables, &input.table_names(), &before),
        };
        match turn {
            Turn::Own => {}
            Turn::Done => return Some(Ok(())),
            Turn::Foreign(name) => {
                return Some(Err(OperationError::new(O::NAME, &name, Refusal::SealedElsewhere).into()));
            }
        }
        let span = span::span(O::NAME, || input.sealed_tables(&self.sealer.tables));
        let mut measure = Measure::default();
        let sealing = span.in_scope(|| bridge::wait(input.seal(&self.sealer.tables, &mut measure)));
        let sealing: Result<_, BoxError> = match sealing {
            Ok(Ok(open)) => Ok(open),
            Ok(Err(refused)) => Err(refused.into()),
            Err(no_thread) => Err(no_thread.into()),
        };
        if sealing.is_err() {
            span::record(&span, &measure, true);
        }
        let tables = &self.sealer.tables;
        Some(sealing.map(|open| {
            let open = open.map(|open| Box::new(Opener::<O>(open)));
            if open.is_some() || input.table_names().into_iter().any(|name| tables.claims(name)) {
                cfg.interceptor_state().store_append(Before(self.sealer.by()));
            }
            if let Some(open) = open {
                let is_opened = AtomicBool::new(false);
                let sealed = Sealed { tables: Arc::clone(tables), open, measure, span, is_opened };
                cfg.interceptor_state().store_append(sealed);
            }
        }))
    }
}

/// What is kept from the request to its response.
#[derive(Debug)]
struct Sealed {
    /// By whom.
    tables: Arc<Tables>,
    open: Box<dyn OpenResponse>,
    measure: Measure,
    span: Span,
    /// Whether its response was opened: the same sealer may be there in several interceptors.
    is_opened: AtomicBool,
}

/// Who has sealed the request so far.
#[derive(Debug)]
struct Before(SealedBy);

impl Storable for Before {
    type Storer = StoreAppend<Self>;
}

impl Storable for Sealed {
    /// A client may have several interceptors, each with its own tables.
    type Storer = StoreAppend<Self>;
}

/// An operation that nobody knows goes out; its request has to be looked at.
#[derive(Debug)]
struct Unknown;

impl Storable for Unknown {
    type Storer = StoreReplace<Self>;
}

/// Opens responses whose types are erased.
trait OpenResponse: Debug + Send + Sync {
    fn open<'a>(
        &'a self,
        output: &'a mut Output,
        measure: &'a mut Measure,
    ) -> BoxFuture<'a, Result<(), OperationError>>;

    fn open_error<'a>(
        &'a self,
        error: &'a mut Error,
        measure: &'a mut Measure,
    ) -> BoxFuture<'a, Result<(), OperationError>>;
}

#[derive(Debug)]
struct Opener<O: Operation>(O::Open);

impl<O: Operation> OpenResponse for Opener<O> {
    fn open<'a>(
        &'a self,
        output: &'a mut Output,
        measure: &'a mut Measure,
    ) -> BoxFuture<'a, Result<(), OperationError>> {
        match output.downcast_mut::<O::Output>() {
            Some(output) => Box::pin(O::open(&self.0, output, measure)),
            None => Box::pin(std::future::ready(Err(foreign::<O>()))),
        }
    }

    fn open_error<'a>(
        &'a self,
        error: &'a mut Error,
        measure: &'a mut Measure,
    ) -> BoxFuture<'a, Result<(), OperationError>> {
        match error.downcast_mut::<O::Error>() {
            Some(error) => Box::pin(O::open_error(&self.0, error, measure)),
            None => Box::pin(std::future::ready(Err(foreign::<O>()))),
        }
    }
}

/// Another interceptor put a response of another operation in place.
fn foreign<O: Operation>() -> OperationError {
    OperationError::without_table(O::NAME, Refusal::Missing { parameter: "the response" })
}

impl Intercept for Interceptor {
    fn name(&self) -> &'static str {
        "DynaSeal"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        macro_rules! first_of {
            ($($operation:ty),* $(,)?) => { None$(.or_else(|| self.seal::<$operation>(input, cfg)))* };
        }
        let sealed = first_of![
            get_item::GetItemInput,
            put_item::PutItemInput,
            query::QueryInput,
            update_item::UpdateItemInput,
            delete_item::DeleteItemInput,
            scan::ScanInput,
            batch_get_item::BatchGetItemInput,
            batch_write_item::BatchWriteItemInput,
            transact_get_items::TransactGetItemsInput,
            transact_write_items::TransactWriteItemsInput,
            execute_statement::ExecuteStatementInput,
            batch_statement::BatchExecuteStatementInput,
            execute_transaction::ExecuteTransactionInput,
            search_vectors::SearchVectorsInput,
            import_table::ImportTableInput,
        ];
        match sealed {
            Some(sealed) => sealed?,
            None => {
                let name = cfg.load::<Metadata>().map_or("", |metadata| metadata.name());
                if !CONTROL_PLANE.contains(&name) {
                    cfg.interceptor_state().store_put(Unknown);
                }
            }
        }
        Ok(())
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if cfg.load::<Unknown>().is_none() {
            return Ok(());
        }
        let name = cfg.load::<Metadata>().map_or("without a name", |metadata| metadata.name());
        match context.request().body().bytes() {
            Some(body) => Ok(check_unknown(name, body, &self.sealer.tables)?),
            None => {
                let refusal = Refusal::UnknownOperation { name: name.to_owned() };
                Err(OperationError::without_table("a request that can not be looked into", refusal).into())
            }
        }
    }

    fn modify_before_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut sealed = cfg.load::<Sealed>();
        let own = sealed.find(|sealed| Arc::ptr_eq(&sealed.tables, &self.sealer.tables));
        let Some(Sealed { open, measure, span, is_opened, .. }) = own else { return Ok(()) };
        let Some(result) = context.output_or_error_mut() else { return Ok(()) };
        if is_opened.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let mut measure = *measure;
        let opened = span.in_scope(|| match result {
            Ok(output) => bridge::wait(open.open(output, &mut measure)),
            Err(error) if error.is_operation_error() => {
                // Taken out and put back, for the SDK lends an error for reading only.
                let mut taken = None;
                let other = OrchestratorError::other("taken");
                let _ = mem::replace(error, other).map_operation_error(|error| taken = Some(error));
                taken.map_or(Ok(Ok(())), |mut taken| {
                    let opened = bridge::wait(open.open_error(&mut taken, &mut measure));
                    *error = OrchestratorError::operation(taken);
                    opened
                })
            }
            Err(_) => Ok(Ok(())),
        });
        let opened: Result<(), BoxError> = match opened {
            Ok(Ok(())) => Ok(()),
            Ok(Err(refused)) => Err(refused.into()),
            Err(no_thread) => Err(no_thread.into()),
        };
        span::record(span, &measure, opened.is_err() || result.is_err());
        if let Err(reason) = opened {
            // Sealed or half opened, it must not be handed over.
            *result = Err(OrchestratorError::other(reason));
        }
        Ok(())
    }
}
