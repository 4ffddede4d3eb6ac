//! Two handles of one table's name that differ in one thing, in every operation, through every combination of sealers and
//! interceptors. What is stored is looked at as it lies in the table: it is what the handle says to which the item was given,
//! or the request was refused before anything was sent.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod models;
mod sdk;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::legacy::ddbec::{Action, AesKey, Encryptor, HmacKey, Mac, WrappedProvider};
use dynaseal::{HEAD, Inspection, Interceptor, LegacyEncryptor, RawAesKeyring, Sealer, sdk as values};

type SdkItem = HashMap<String, AttributeValue>;

const TABLE: &str = "people";

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn keyring(number: u8) -> RawAesKeyring {
    RawAesKeyring::new("tests", format!("key-{number}"), &[number; 32]).unwrap()
}

fn older() -> Arc<dyn LegacyEncryptor> {
    let aes = AesKey::new(&[1; 32]).unwrap();
    let hmac = HmacKey::new(Mac::HmacSha256, &[2; 32]).unwrap();
    let provider = WrappedProvider::builder().wrapping_key(aes.clone()).unwrapping_key(aes);
    let provider = provider.signing_key(hmac.clone()).verification_key(hmac).build().unwrap();
    Arc::new(Encryptor::builder(TABLE, "id").actions([("seen", Action::DoNothing)]).build(Arc::new(provider)).unwrap())
}

/// How a note lies in the table: in which format, by whose key, readable or not, and with which beacons.
fn shape(stored: &SdkItem) -> String {
    let note = stored.get("note").expect("a note");
    let readable = if note.is_s() { "readable" } else { "sealed" };
    let beacon = if stored.contains_key("aws_dbe_b_note") { ", beacon" } else { "" };
    let format = if stored.contains_key(HEAD) {
        let item = values::from_sdk(stored.clone()).unwrap();
        let recipients = format!("{:?}", Inspection::new(&item, None).unwrap().recipients);
        let key = (1..=2).find(|key| recipients.contains(&format!("key-{key}"))).unwrap();
        format!("record by key-{key}")
    } else if stored.contains_key("*amzn-ddb-map-desc*") {
        "older format".to_owned()
    } else {
        "no record".to_owned()
    };
    format!("{format}, {readable}{beacon}")
}

/// Counts what leaves a client.
#[derive(Clone, Debug, Default)]
struct Sent(Arc<AtomicUsize>);

impl Sent {
    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Intercept for Sent {
    fn name(&self) -> &'static str {
        "sent"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// The client with these interceptors, and with the count of what leaves it.
fn with_interceptors(client: &Client, sealers: &[&Sealer]) -> (Client, Sent) {
    let sent = Sent::default();
    let config = client.config().to_builder().interceptor(sent.clone());
    let config = sealers.iter().fold(config, |config, sealer| config.interceptor(Interceptor::new(sealer)));
    (Client::from_conf(config.build()), sent)
}

async fn database() -> Client {
    let client = dynaseal::local::memory().unwrap();
    dynaseal::local::create_table(&client, TABLE, "id", None).await.unwrap();
    client
}

async fn stored(client: &Client, id: &str) -> Option<SdkItem> {
    let get = client.get_item().table_name(TABLE).key("id", text(id)).consistent_read(true);
    get.send().await.unwrap().item
}

/// An error and all its causes.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut texts = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts.join(": ")
}

const REFUSED: &str = "the request is sealed by another sealer, or by a model, that knows a table of this name";
