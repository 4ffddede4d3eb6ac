//! The asynchronous door: `send_sealed` in place of `send`.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::{
    batch_execute_statement as batch_statement, batch_get_item, batch_write_item, delete_item, execute_statement,
    execute_transaction, get_item, put_item, query, scan, search_vectors, transact_get_items, transact_write_items,
    update_item,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use dynaseal_core::BoxFuture;
use dynaseal_ops::{Measure, Tables};
use tracing::Instrument;

use crate::bridge::beside;
use crate::door::{Place, SealedBy, past_interceptor};
use crate::error::{not_opened, not_sent};
use crate::operation::Operation;
use crate::sealer::Sealer;
use crate::span;
use crate::tries::watching;

/// Sends operations of the SDK with sealed items.
///
/// It is there for the fluent builders of every operation that carries items or statements; control-plane operations
/// need none. The client may have the [`Interceptor`](crate::Interceptor) of the same [`Sealer`] as well: nothing is
/// sealed twice. If it has that of another sealer that knows a table of the request, the request is refused.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use aws_sdk_dynamodb::types::AttributeValue;
/// use dynaseal_client::{SealedTable, Sealer, SendSealed};
/// use dynaseal_core::{ItemEncryptor, RawAesKeyring, TableConfig};
/// # let client = dynaseal_local::memory()?;
/// # dynaseal_local::create_table(&client, "people", "id", None).await?;
///
/// let config = TableConfig::builder("people", "id").encrypt(["diagnosis"]).build()?;
/// let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32])?);
/// let sealer = Sealer::of_table(SealedTable::new("people", encryptor));
///
/// let text = |text: &str| AttributeValue::S(text.to_owned());
/// let put = client.put_item().table_name("people").item("id", text("ada")).item("diagnosis", text("influenza"));
/// put.send_sealed(&sealer).await?;
///
/// let get = client.get_item().table_name("people").key("id", text("ada"));
/// let stored = get.clone().send().await?.item.unwrap();
/// assert!(stored["diagnosis"].as_b().is_ok());
/// let opened = get.send_sealed(&sealer).await?.item.unwrap();
/// assert_eq!(opened["diagnosis"], text("influenza"));
/// # Ok(()) }
/// ```
pub trait SendSealed: Sized + private::Sealed {
    /// What the operation gives.
    type Output;
    /// What may go wrong with it at DynamoDB.
    type Error;

    /// Seals the request, sends it, and opens the response.
    ///
    /// # Errors
    /// Those of `send`; and if the request can not be sealed (then nothing was sent) or the response can not be opened:
    /// [`operation_error`](crate::operation_error) tells these.
    fn send_sealed(
        self,
        sealer: &Sealer,
    ) -> impl Future<Output = Result<Self::Output, SdkError<Self::Error, HttpResponse>>> + Send;

    /// Sends the request as it is, and gives the response as it is: sealed items as they are stored. An
    /// [`Interceptor`](crate::Interceptor) of the client that knows one of its tables refuses it, where `send` would have the
    /// items opened and sealed by it. For tools that work on what is stored.
    ///
    /// # Errors
    /// Those of `send`, and if an interceptor refuses it.
    fn send_as_stored(self) -> impl Future<Output = Result<Self::Output, SdkError<Self::Error, HttpResponse>>> + Send;
}

mod private {
    pub trait Sealed {}
}

/// A fluent builder of the SDK.
pub(crate) trait Builder: Sized + Send {
    type Input: Operation;

    /// A copy of its input. The SDK does not let a builder's fields be moved out.
    fn input(&self) -> Result<Self::Input, aws_sdk_dynamodb::error::BuildError>;

    /// Takes over what sealing has changed.
    fn with(self, input: Self::Input) -> Self;

    /// Sends it as it is. `by` says who has sealed it, which interceptors respect.
    fn send_as_is(self, by: Option<SealedBy>) -> impl Future<Output = BuilderResult<Self>> + Send;
}

pub(crate) type BuilderResult<B> = Result<
    <<B as Builder>::Input as Operation>::Output,
    SdkError<<<B as Builder>::Input as Operation>::Error, HttpResponse>,
>;

/// Seals and sends; the response is still sealed, and comes with what opens it.
pub(crate) async fn send_only<B: Builder>(
    builder: B,
    mut input: B::Input,
    sealer: &Sealer,
    measure: &mut Measure,
) -> Result<
    (<B::Input as Operation>::Output, Option<<B::Input as Operation>::Open>),
    SdkError<<B::Input as Operation>::Error, HttpResponse>,
> {
    let tables = &sealer.tables;
    let Some(open) = beside(input.seal(tables, measure)).await.map_err(not_sent)? else {
        // Its tables are others', or this sealer says that their values are sealed elsewhere.
        let is_claimed = input.table_names().into_iter().any(|name| tables.claims(name));
        let by = is_claimed.then(|| SealedBy::Sealer(Arc::clone(tables)));
        return Ok((builder.send_as_is(by).await?, None));
    };
    let output = send_sealed_input(builder, input, SealedBy::Sealer(Arc::clone(tables)), &open, measure).await?;
    Ok((output, Some(open)))
}

/// Sends what is sealed already. `open` is for the items of an error.
pub(crate) async fn send_sealed_input<B: Builder>(
    builder: B,
    input: B::Input,
    by: SealedBy,
    open: &<B::Input as Operation>::Open,
    measure: &mut Measure,
) -> BuilderResult<B> {
    match builder.with(input).send_as_is(Some(by)).await {
        Ok(output) => Ok(output),
        Err(failed) => Err(open_service_error::<B>(open, failed, measure).await),
    }
}

/// Items of failed conditions are opened; all else of the error stays as it is.
async fn open_service_error<B: Builder>(
    open: &<B::Input as Operation>::Open,
    failed: SdkError<<B::Input as Operation>::Error, HttpResponse>,
    measure: &mut Measure,
) -> SdkError<<B::Input as Operation>::Error, HttpResponse> {
    // Taken out and put back, for the SDK gives either the error or the response that it came with.
    let mut taken = None;
    let failed = failed.map_service_error(|error| taken = Some(error));
    let Some(mut error) = taken else {
        return failed.map_service_error(|()| unreachable!("there was no service error to take"));
    };
    match (beside(B::Input::open_error(open, &mut error, measure)).await, failed) {
        // The response stays, and with it the status that says that nothing was done.
        (Err(refused), SdkError::ServiceError(failed)) => SdkError::response_error(refused, failed.into_raw()),
        (_, failed) => failed.map_service_error(|()| error),
    }
}

async fn send_sealed<B: Builder>(builder: B, sealer: &Sealer) -> BuilderResult<B> {
    let input = builder.input().map_err(SdkError::construction_failure)?;
    let span = span::span(B::Input::NAME, || input.sealed_tables(&sealer.tables));
    let mut measure = Measure::default();
    let sending = async {
        let (mut output, open) = send_only(builder, input, sealer, &mut measure).await?;
        if let Some(open) = open {
            beside(B::Input::open(&open, &mut output, &mut measure)).await.map_err(not_opened)?;
        }
        Ok(output)
    };
    let result = sending.instrument(span.clone()).await;
    span::record(&span, &measure, result.is_err());
    result
}

/// Who has sealed what is sent as it is stored: nobody, and nobody may.
fn as_stored() -> SealedBy {
    static ALL: OnceLock<Arc<Tables>> = OnceLock::new();
    SealedBy::Sealer(Arc::clone(ALL.get_or_init(|| Arc::new(Tables::as_stored()))))
}

macro_rules! doors {
    ($($module:ident, $builder:ident, $input:ident, $output:ident, $error:ident, $place:ident { $($field:ident => $set:ident),* };)*) => {$(
        impl Builder for $module::builders::$builder {
            type Input = $module::$input;

            fn input(&self) -> Result<$module::$input, aws_sdk_dynamodb::error::BuildError> {
                self.as_input().clone().build()
            }

            fn with(self, #[allow(unused_variables, reason = "statements change nothing")] input: $module::$input) -> Self {
                self$(.$set(input.$field))*
            }

            async fn send_as_is(self, by: Option<SealedBy>) -> BuilderResult<Self> {
                let place = self.as_input().$place().place();
                // The SDK's future is large, and each function of ours that awaits the next would copy it once more.
                let sending: BoxFuture<'_, BuilderResult<Self>> = match watching() {
                    Some(tries) => Box::pin(async move { self.customize().interceptor(tries).send().await }),
                    None => Box::pin(self.send()),
                };
                match by {
                    Some(by) => past_interceptor(by, place, sending).await,
                    None => sending.await,
                }
            }
        }

        impl private::Sealed for $module::builders::$builder {}

        impl SendSealed for $module::builders::$builder {
            type Output = $module::$output;
            type Error = $module::$error;

            async fn send_sealed(
                self,
                sealer: &Sealer,
            ) -> Result<$module::$output, SdkError<$module::$error, HttpResponse>> {
                send_sealed(self, sealer).await
            }

            async fn send_as_stored(self) -> Result<$module::$output, SdkError<$module::$error, HttpResponse>> {
                self.send_as_is(Some(as_stored())).await
            }
        }
    )*};
}

doors! {
    put_item, PutItemFluentBuilder, PutItemInput, PutItemOutput, PutItemError, get_table_name {
        item => set_item,
        condition_expression => set_condition_expression,
        expression_attribute_names => set_expression_attribute_names,
        expression_attribute_values => set_expression_attribute_values
    };
    get_item, GetItemFluentBuilder, GetItemInput, GetItemOutput, GetItemError, get_table_name {
        projection_expression => set_projection_expression,
        expression_attribute_names => set_expression_attribute_names
    };
    update_item, UpdateItemFluentBuilder, UpdateItemInput, UpdateItemOutput, UpdateItemError, get_table_name {
        update_expression => set_update_expression,
        condition_expression => set_condition_expression,
        expression_attribute_names => set_expression_attribute_names,
        expression_attribute_values => set_expression_attribute_values
    };
    delete_item, DeleteItemFluentBuilder, DeleteItemInput, DeleteItemOutput, DeleteItemError, get_table_name {
        condition_expression => set_condition_expression,
        expression_attribute_names => set_expression_attribute_names,
        expression_attribute_values => set_expression_attribute_values
    };
    query, QueryFluentBuilder, QueryInput, QueryOutput, QueryError, get_table_name {
        select => set_select,
        key_condition_expression => set_key_condition_expression,
        filter_expression => set_filter_expression,
        projection_expression => set_projection_expression,
        expression_attribute_names => set_expression_attribute_names,
        expression_attribute_values => set_expression_attribute_values
    };
    scan, ScanFluentBuilder, ScanInput, ScanOutput, ScanError, get_table_name {
        select => set_select,
        filter_expression => set_filter_expression,
        projection_expression => set_projection_expression,
        expression_attribute_names => set_expression_attribute_names,
        expression_attribute_values => set_expression_attribute_values
    };
    batch_get_item, BatchGetItemFluentBuilder, BatchGetItemInput, BatchGetItemOutput, BatchGetItemError, get_request_items {
        request_items => set_request_items
    };
    batch_write_item, BatchWriteItemFluentBuilder, BatchWriteItemInput, BatchWriteItemOutput, BatchWriteItemError, get_request_items {
        request_items => set_request_items
    };
    transact_get_items, TransactGetItemsFluentBuilder, TransactGetItemsInput, TransactGetItemsOutput, TransactGetItemsError, get_transact_items {
        transact_items => set_transact_items
    };
    transact_write_items, TransactWriteItemsFluentBuilder, TransactWriteItemsInput, TransactWriteItemsOutput, TransactWriteItemsError, get_transact_items {
        transact_items => set_transact_items
    };
    execute_statement, ExecuteStatementFluentBuilder, ExecuteStatementInput, ExecuteStatementOutput, ExecuteStatementError, get_statement {};
    batch_statement, BatchExecuteStatementFluentBuilder, BatchExecuteStatementInput, BatchExecuteStatementOutput, BatchExecuteStatementError, get_statements {};
    search_vectors, SearchVectorsFluentBuilder, SearchVectorsInput, SearchVectorsOutput, SearchVectorsError, get_table_name {};
    execute_transaction, ExecuteTransactionFluentBuilder, ExecuteTransactionInput, ExecuteTransactionOutput, ExecuteTransactionError, get_transact_statements {};
}
