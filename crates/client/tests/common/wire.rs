//! What goes over the wire: recorded, answered by a script, or changed on its way back.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use dynaseal_local::{Engine, Reply};
use serde_json::Value;

/// The requests that were sent: operation and body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<(String, Value)>>>);

impl Log {
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// All since the last call.
    pub(crate) fn take(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn add(&self, operation: &str, body: &str) {
        self.0.lock().unwrap().push((operation.to_owned(), serde_json::from_str(body).unwrap()));
    }
}

/// A client of nothing: every request is recorded and answered with the same text.
pub(crate) fn answering(status: u16, answer: &Value) -> (Client, Log) {
    let log = Log::default();
    (dynaseal_local::client(Script { log: log.clone(), status, answer: answer.to_string() }), log)
}

#[derive(Debug)]
struct Script {
    log: Log,
    status: u16,
    answer: String,
}

impl Engine for Script {
    fn call(&self, operation: &str, body: &str) -> Reply {
        self.log.add(operation, body);
        Reply { status: self.status, body: self.answer.clone() }
    }
}

type Change = dyn Fn(&str, &Value, &mut Value) + Send + Sync;

/// The client with somebody on its line, who sees the operation and the request, and changes the response.
pub(crate) fn tapped(
    client: &Client,
    change: impl Fn(&str, &Value, &mut Value) + Send + Sync + 'static,
) -> (Client, Log) {
    let log = Log::default();
    let inner = client.config().http_client().unwrap();
    let tap = Tap { inner, log: log.clone(), change: Arc::new(change) };
    (Client::from_conf(client.config().to_builder().http_client(tap).build()), log)
}

#[derive(Clone)]
struct Tap {
    inner: SharedHttpClient,
    log: Log,
    change: Arc<Change>,
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

impl HttpClient for Tap {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        let connector = self.inner.http_connector(settings, parts);
        SharedHttpConnector::new(TappedConnector { connector, tap: self.clone() })
    }
}

#[derive(Debug)]
struct TappedConnector {
    connector: SharedHttpConnector,
    tap: Tap,
}

impl HttpConnector for TappedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap().to_owned();
        let (_, operation) = target.rsplit_once('.').unwrap();
        let operation = operation.to_owned();
        let body = std::str::from_utf8(request.body().bytes().unwrap()).unwrap().to_owned();
        self.tap.log.add(&operation, &body);
        let (tap, sending) = (self.tap.clone(), self.connector.call(request));
        HttpConnectorFuture::new(async move {
            let response = sending.await?;
            let status = response.status();
            let found = ByteStream::new(response.into_body()).collect().await;
            let found = found.map_err(|error| ConnectorError::other(error.into(), None))?.into_bytes();
            let mut answer: Value = serde_json::from_slice(&found).unwrap();
            (tap.change)(&operation, &serde_json::from_str(&body).unwrap(), &mut answer);
            Ok(HttpResponse::new(status, SdkBody::from(answer.to_string())))
        })
    }
}
