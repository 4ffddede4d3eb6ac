//! Errors of both doors come as the SDK's own error type, so that code which handles those goes on to work.

use std::error::Error;

use aws_sdk_dynamodb::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use dynaseal_ops::OperationError;

use crate::update::UpdateError;

/// The reason, if an operation failed on our side: a request that was refused, or a response that could not be opened.
///
/// A refused request is an [`SdkError::ConstructionFailure`]: nothing was sent. (A request of an unknown operation is an
/// [`SdkError::DispatchFailure`], and nothing was sent either.) A response that can not be opened is an
/// [`SdkError::ResponseError`]: the status of its raw response says whether the request was carried out. It is 200 if what
/// was to be written is written, and 400 if a condition failed and the item that shows why can not be opened.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use aws_sdk_dynamodb::types::AttributeValue;
/// # use dynaseal_client::{operation_error, SealedTable, Sealer, SendSealed};
/// # use dynaseal_core::{ItemEncryptor, RawAesKeyring, TableConfig};
/// # let config = TableConfig::builder("people", "id").encrypt(["diagnosis"]).build()?;
/// # let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32])?);
/// # let sealer = Sealer::of_table(SealedTable::new("people", encryptor));
/// # let client = dynaseal_local::memory()?;
/// let scan = client.scan().table_name("people").filter_expression("diagnosis = :d");
/// let scan = scan.expression_attribute_values(":d", AttributeValue::S("influenza".to_owned()));
/// let error = scan.send_sealed(&sealer).await.unwrap_err();
/// let reason = operation_error(&error).expect("nothing was sent");
/// assert_eq!(reason.to_string(), "Scan on the sealed table `people`");
/// assert!(reason.refusal().to_string().starts_with("FilterExpression: `diagnosis` is ENCRYPT_AND_SIGN"));
/// # Ok(()) }
/// ```
pub fn operation_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e OperationError> {
    let mut error = Some(error);
    while let Some(of) = error {
        if let Some(found) = of.downcast_ref() {
            return Some(found);
        }
        // It shows the reason as its own text, and therefore not as its source.
        if let Some(UpdateError::Operation(found)) = of.downcast_ref() {
            return Some(found);
        }
        error = of.source();
    }
    None
}

/// Nothing was sent.
pub(crate) fn not_sent<E>(error: OperationError) -> SdkError<E, HttpResponse> {
    SdkError::construction_failure(error)
}

/// The request was carried out, but its response can not be handed over.
pub(crate) fn not_opened<E>(error: OperationError) -> SdkError<E, HttpResponse> {
    let ok = StatusCode::try_from(200).expect("200 is a status");
    SdkError::response_error(error, HttpResponse::new(ok, SdkBody::empty()))
}
