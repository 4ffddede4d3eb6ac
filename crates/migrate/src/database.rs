//! What DynamoDB says no to: for whom it matters, and in words without a request in them.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Too fast.
    Throttled,
    /// It may do the next time.
    Passing,
    /// It is about this item.
    Item,
    /// It will not do.
    Lasting,
}

/// Which kind an error is.
pub(crate) fn fault<E>(error: &SdkError<E>) -> Fault
where
    E: ProvideErrorMetadata,
{
    // Whatever stands before DynamoDB may say this in words of its own.
    let is_of_server = error.raw_response().is_some_and(|response| response.status().is_server_error());
    match error.code() {
        Some("ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded") => {
            Fault::Throttled
        }
        Some(
            "TransactionConflictException" | "TransactionInProgressException" | "ReplicatedWriteConflictException",
        ) => Fault::Passing,
        _ if is_of_server => Fault::Passing,
        Some("ValidationException" | "ItemCollectionSizeLimitExceededException") => Fault::Item,
        Some(_) => Fault::Lasting,
        None => match error {
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) | SdkError::ResponseError(_) => Fault::Passing,
            _ => Fault::Lasting,
        },
    }
}

/// What DynamoDB or the network said. Some of the SDK's own texts contain a whole request, with keys and values.
pub(crate) fn said<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => {
            let mut texts = vec![error.to_string()];
            let mut cause = error.source();
            while let Some(error) = cause {
                texts.push(error.to_string());
                cause = error.source();
            }
            texts.retain(|text| !text.contains(['{', '}']));
            texts.dedup();
            texts.join(": ")
        }
    }
}
