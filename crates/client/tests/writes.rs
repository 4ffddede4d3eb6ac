//! What `update_sealed` makes of answers to its write: only one says that somebody else was faster; and what it prints.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal_client::{Interceptor, Refusal, SealedTable, SealedUpdate, Sealer, SendSealed, UpdateError, value};
use dynaseal_core::{ItemEncryptor, RawAesKeyring, TableConfig};
use dynaseal_local::{Dynoxide, Engine, Reply};
use tokio::time::Instant;

/// One operation is never carried out: it is always answered with this error.
#[derive(Debug)]
struct Refusing {
    inner: Dynoxide,
    operation: &'static str,
    kind: &'static str,
    refused: Arc<AtomicU32>,
}

impl Engine for Refusing {
    fn call(&self, operation: &str, body: &str) -> Reply {
        if operation != self.operation {
            return self.inner.call(operation, body);
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        let body = format!("{{\"__type\":\"com.amazonaws.dynamodb.v20120810#{}\",\"message\":\"no\"}}", self.kind);
        Reply { status: 400, body }
    }
}

async fn client(operation: &'static str, kind: &'static str) -> (Client, Arc<AtomicU32>) {
    let refused = Arc::new(AtomicU32::new(0));
    let inner = Dynoxide::memory().unwrap();
    let client = dynaseal_local::client(Refusing { inner, operation, kind, refused: Arc::clone(&refused) });
    dynaseal_local::create_table(&client, "people", "id", None).await.unwrap();
    (client, refused)
}

fn sealer() -> Sealer {
    let config = TableConfig::builder("people", "id").encrypt(["name"]).build().unwrap();
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap());
    Sealer::of_table(SealedTable::new("people", encryptor))
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn update(sealer: &Sealer, client: &Client) -> SealedUpdate {
    let update = sealer.update_sealed(client, "people").key("id", s("s3cret"));
    let update = update.update_expression("SET #n = :n").expression_attribute_names("#n", "name");
    update.expression_attribute_values(":n", s("s3cret"))
}

#[tokio::test(start_paused = true)]
async fn only_a_failed_condition_is_tried_again() {
    let sealer = sealer();
    for (operation, is_there) in [("PutItem", false), ("UpdateItem", true)] {
        let client_that_may = |kind| async move {
            let (client, refused) = client(operation, kind).await;
            if is_there {
                let put = client.put_item().table_name("people").item("id", s("s3cret")).item("name", s("s3cret"));
                put.send_sealed(&self::sealer()).await.unwrap();
            }
            (client, refused)
        };
        let (client, refused) = client_that_may("ValidationException").await;
        let error = update(&sealer, &client).send().await.unwrap_err();
        assert!(
            matches!((&error, operation), (UpdateError::Put(_), "PutItem") | (UpdateError::Update(_), "UpdateItem")),
            "{error:?}"
        );
        assert_eq!(refused.load(Ordering::Relaxed), 1, "{operation}");

        let (client, refused) = client_that_may("ConditionalCheckFailedException").await;
        let since = Instant::now();
        let error = update(&sealer, &client).max_attempts(12.try_into().unwrap()).send().await.unwrap_err();
        let UpdateError::Operation(error) = error else { panic!("{error:?}") };
        assert!(matches!(error.refusal(), Refusal::Contended { attempts: 12 }), "{error:?}");
        assert_eq!(refused.load(Ordering::Relaxed), 12, "{operation}");
        // By then other writers have had their turn: the pauses are of up to 50 ms each.
        let waited = since.elapsed();
        assert!(waited > Duration::from_millis(1) && waited < Duration::from_secs(1), "{waited:?}");
    }
}

#[tokio::test]
async fn an_update_and_what_it_did_print_names() {
    let (client, sealer) = (client("none", "none").await.0, sealer());
    let update = update(&sealer, &client).condition_expression("attribute_not_exists(id)");
    let says = |printed: String, parts: &[&str]| {
        for part in parts {
            assert!(printed.contains(part), "`{part}` is not in {printed}");
        }
        assert!(!printed.contains("s3cret"), "{printed}");
    };
    let texts = ["SealedUpdate", "people", "\"id\"", "SET #n = :n", "attribute_not_exists(id)", "\"#n\"", "\":n\""];
    says(format!("{update:?}"), &texts);
    let updated = update.send().await.unwrap();
    says(format!("{updated:?}"), &["Updated", "before: None", "\"id\"", "\"name\"", "attempts: 1"]);
}

/// A type that DynamoDB may get one day is refused by name.
#[tokio::test]
async fn a_value_of_an_unknown_type_is_named() {
    #[derive(Debug)]
    struct Newer;
    impl Engine for Newer {
        fn call(&self, _: &str, _: &str) -> Reply {
            Reply { status: 200, body: r#"{"Item":{"id":{"S":"a"},"shape":{"VECTOR":"s3cret"}}}"#.to_owned() }
        }
    }
    let client = dynaseal_local::client(Newer);
    let got = client.get_item().table_name("other").key("id", s("a")).send().await.unwrap();
    let item: HashMap<String, AttributeValue> = got.item.unwrap();
    let error = value::from_sdk(item).unwrap_err();
    assert_eq!(error.name(), "shape");
    assert_eq!(error.to_string(), "`shape` has a type of value that this version does not know: update dynaseal");
}

/// What is no answer of DynamoDB stays what it was behind an interceptor, and what the interceptor refuses has its name.
#[tokio::test]
async fn errors_that_dynamodb_did_not_send_are_handed_on() {
    // Nobody listens there.
    let nobody = aws_smithy_http_client::Builder::new().build_http();
    let config = client("none", "none").await.0.config().to_builder().http_client(nobody);
    let config = config.endpoint_url("http://127.0.0.1:1").retry_config(RetryConfig::disabled());
    let client = Client::from_conf(config.interceptor(Interceptor::new(&sealer())).build());
    let put = || client.put_item().table_name("people").item("id", s("a"));
    let error = put().item("name", s("s3cret")).send().await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    let error = put().item("aws_dbe_mine", s("a")).send().await.unwrap_err();
    let said = DisplayErrorContext(&error).to_string();
    assert!(said.contains("DynaSeal") && !said.contains("s3cret"), "{said}");
}
