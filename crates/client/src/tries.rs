//! How many answers to a write were lost: the SDK sends a request again whose answer did not come, and then a condition may
//! fail because of the write itself.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use dynaseal_core::HEAD;

/// Operations of which it matters whether they were carried out.
const WRITES: &[&str] = &["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];

/// The status with which DynamoDB says that a request was not carried out. Whatever else comes may be from somebody on the
/// way, and of its own 500 DynamoDB says that the request may have been carried out.
const REFUSED: u16 = 400;

/// What became of the writes that were sent within [`watched`].
#[derive(Clone, Default)]
pub struct Tries(Arc<Seen>);

#[derive(Default)]
struct Seen {
    lost: AtomicU32,
    /// Whether the try that is under way has left.
    has_left: AtomicBool,
    head: OnceLock<AttributeValue>,
}

impl Tries {
    /// Returns how many answers were lost: after those, nobody knows whether the write was carried out.
    pub fn lost(&self) -> u32 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Returns the head of the record that the first `PutItem` has written. No other record has the same one, so finding it
    /// in the table says that this write took effect.
    pub fn head(&self) -> Option<&AttributeValue> {
        self.0.head.get()
    }
}

impl fmt::Debug for Tries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tries").field("lost", &self.lost()).finish_non_exhaustive()
    }
}

tokio::task_local! {
    static WATCHING: Tries;
}

/// Sends writes and counts the answers that were lost on the way. For [`SendSealed`](crate::SendSealed) and
/// [`SealedUpdate`](crate::SealedUpdate); what is sent by the SDK's own `send` is not counted.
///
/// The SDK puts its configuration together anew for each operation that is watched, so watch what has to be told apart.
pub async fn watched<F: Future>(sending: F) -> (F::Output, Tries) {
    let tries = Tries::default();
    let output = WATCHING.scope(tries.clone(), sending).await;
    (output, tries)
}

/// What counts the tries of the operation that is sent now, if anybody wants to know.
pub(crate) fn watching() -> Option<Tries> {
    WATCHING.try_with(Clone::clone).ok()
}

impl Intercept for Tries {
    fn name(&self) -> &'static str {
        "DynaSeal's tries"
    }

    fn read_before_execution(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let put = context.input().downcast_ref::<PutItemInput>();
        if let Some(head) = put.and_then(|put| put.item()?.get(HEAD)) {
            let _ = self.0.head.set(head.clone());
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_write = cfg.load::<Metadata>().is_some_and(|metadata| WRITES.contains(&metadata.name()));
        self.0.has_left.store(is_write, Ordering::Relaxed);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let has_left = self.0.has_left.swap(false, Ordering::Relaxed);
        let is_told = match context.output_or_error() {
            Some(Ok(_)) => true,
            _ => context.response().is_some_and(|response| response.status().as_u16() == REFUSED),
        };
        if has_left && !is_told {
            self.0.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
