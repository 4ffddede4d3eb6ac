//! The SDK's HTTP connector, with an engine where the network would be.

use std::fmt::{self, Debug};
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

/// Something that answers DynamoDB's JSON requests.
pub trait Engine: Debug + Send + Sync + 'static {
    /// Answers one request; called on a thread that may block.
    fn call(&self, operation: &str, body: &str) -> Reply;
}

/// An answer in DynamoDB's JSON.
#[derive(Clone)]
pub struct Reply {
    /// The HTTP status: 200, 400 or 500.
    pub status: u16,
    /// The response, or an error with its `__type`.
    pub body: String,
}

/// Without the body, which has items in it: its length.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).field("bytes", &self.body.len()).finish()
    }
}

/// Carries the SDK's requests to an engine.
#[derive(Debug)]
pub(crate) struct Connector<E>(Arc<E>);

impl<E> Connector<E> {
    pub(crate) fn new(engine: E) -> Self {
        Self(Arc::new(engine))
    }
}

impl<E> Clone for Connector<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E: Engine> HttpClient for Connector<E> {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl<E: Engine> HttpConnector for Connector<E> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let engine = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let (operation, body) = read(&request).ok_or_else(|| failed("this is no request of DynamoDB"))?;
            let reply = tokio::task::spawn_blocking(move || engine.call(&operation, &body));
            let reply = reply.await.map_err(|error| ConnectorError::other(error.into(), None))?;
            let status =
                StatusCode::try_from(reply.status).map_err(|error| ConnectorError::other(error.into(), None))?;
            Ok(HttpResponse::new(status, SdkBody::from(reply.body)))
        })
    }
}

/// The operation, from `x-amz-target: DynamoDB_20120810.PutItem`, and the JSON.
fn read(request: &HttpRequest) -> Option<(String, String)> {
    let (_, operation) = request.headers().get("x-amz-target")?.rsplit_once('.')?;
    let body = std::str::from_utf8(request.body().bytes()?).ok()?;
    Some((operation.to_owned(), body.to_owned()))
}

fn failed(message: &'static str) -> ConnectorError {
    ConnectorError::user(message.into())
}
