//! What DynamoDB says no to: for whom it matters, and in words without a request in them.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use dynaseal_core::{AttributeValue, json};

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

/// What DynamoDB said to a write of these values; not its words, if they repeat one of them. A write of a plain item has its
/// values in its condition, and reports are read by more people than the table.
pub(crate) fn said_of<'v, E>(error: &SdkError<E>, values: impl IntoIterator<Item = &'v AttributeValue>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let text = said(error);
    match values.into_iter().any(|value| repeats(&text, value)) {
        true => format!("{} (its message is not shown, for it repeats values)", error.code().unwrap_or("an error")),
        false => text,
    }
}

/// Whether a value, or a part of it, stands in a text as a word of its own.
fn repeats(text: &str, value: &AttributeValue) -> bool {
    use AttributeValue::{B, Bool, Bs, L, M, N, Ns, Null, S, Ss};
    let escaped = |value: AttributeValue| {
        let shown = json::value_to_string(&value);
        let inner = shown.split_once(":\"").and_then(|(_, behind)| behind.strip_suffix("\"}"));
        inner.is_some_and(|inner| has_word(text, inner))
    };
    match value {
        S(of) | N(of) => has_word(text, of) || escaped(S(of.clone())),
        B(bytes) => escaped(B(bytes.clone())),
        Ss(set) | Ns(set) => set.iter().any(|of| repeats(text, &S(of.clone()))),
        Bs(set) => set.iter().any(|bytes| escaped(B(bytes.clone()))),
        M(map) => map.iter().any(|(key, value)| repeats(text, &S(key.clone())) || repeats(text, value)),
        L(list) => list.iter().any(|value| repeats(text, value)),
        Null(_) | Bool(_) => false,
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let in_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let (before, behind) = (text.get(..at), text.get(at + word.len()..));
            !in_word(before.and_then(|text| text.chars().next_back()))
                && !in_word(behind.and_then(|text| text.chars().next()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_whatever_is_said() {
        let text = r#"invalid: {"S":"HIV"} 7 \"line\\n\" {"B":"AQID"} and (x)"#;
        let in_map = |key: &str, value: AttributeValue| AttributeValue::M([(key.to_owned(), value)].into());
        let set = |of: &str| vec!["none".to_owned(), of.to_owned()];
        for found in [
            "HIV".into(),
            7.into(),
            "x".into(),
            AttributeValue::B(vec![1, 2, 3]),
            AttributeValue::Ss(set("HIV")),
            AttributeValue::Ns(set("7")),
            AttributeValue::Bs(vec![vec![9], vec![1, 2, 3]]),
            AttributeValue::L(vec![1.into(), in_map("y", "HIV".into())]),
            in_map("HIV", true.into()),
        ] {
            assert!(repeats(text, &found), "{found:?}");
        }
        for other in
            ["HI".into(), "".into(), 77.into(), true.into(), AttributeValue::Null(true), AttributeValue::B(vec![1])]
        {
            assert!(!repeats(text, &other), "{other:?}");
        }
        assert!(repeats(r#"it was "a\nb""#, &"a\nb".into()));
    }
}
