//! Texts of the SDK's errors that can be shown.

use std::error::Error;

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};

/// Code and message of the service, or the texts of the error and its causes.
///
/// Never `Debug`, which shows the bodies of requests and answers; and no text with a brace, since some of the SDK's texts
/// contain the `Debug` of a request.
pub(crate) fn describe<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E>) -> String {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => return format!("{code}: {message}"),
        (Some(code), None) => return code.to_owned(),
        _ => {}
    }
    if let SdkError::ConstructionFailure(_) = error {
        return "the request could not be built: an endpoint has to be a URL with http:// or https://, and there have to \
                be a region and credentials"
            .to_owned();
    }
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts.retain(|text| !text.contains(['{', '}']));
    texts.dedup();
    // Some of them have lines of their own.
    let text = texts.join(": ").split_whitespace().collect::<Vec<_>>().join(" ");
    let advice = if text.to_lowercase().contains("credential") {
        " (no AWS credentials? set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or log in with `aws sso login`)"
    } else {
        ""
    };
    text + advice
}
