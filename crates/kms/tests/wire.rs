//! What `AwsKms` sends to AWS KMS, field by field, and what comes of each answer. No call leaves the process.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::sync::{Arc, Mutex};

use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{BehaviorVersion, Config, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use dynaseal_core::{BoxFuture, EncryptionContext};
use dynaseal_kms::{
    AwsKms, Binding, Decrypt, DeriveSharedSecret, GenerateDataKey, GrantTokens, Kms, KmsError, KmsErrorKind, ReEncrypt,
};
use serde_json::{Value, json};

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/one";
const OTHER: &str = "arn:aws:kms:eu-west-1:111122223333:key/other";

/// Stands where the network would be: keeps what is asked, and gives one answer to everything; none if it is empty.
#[derive(Clone, Debug, Default)]
struct Wire {
    answer: Arc<Mutex<(u16, String)>>,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Wire {
    fn kms(&self) -> AwsKms {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
            .retry_config(RetryConfig::disabled())
            .http_client(self.clone());
        AwsKms::new(Client::from_conf(config.build()))
    }

    fn answers(&self, status: u16, body: impl Into<String>) {
        *self.answer.lock().unwrap() = (status, body.into());
    }

    /// The only request since the last time: its operation and its body.
    fn request(&self) -> (String, Value) {
        let mut asked = self.asked.lock().unwrap();
        assert_eq!(asked.len(), 1);
        asked.remove(0)
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").unwrap().rsplit_once('.').unwrap().1.to_owned();
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        self.asked.lock().unwrap().push((operation, body));
        let (status, body) = self.answer.lock().unwrap().clone();
        HttpConnectorFuture::ready(match status {
            0 => Err(ConnectorError::io("no route".into())),
            _ => Ok(HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body))),
        })
    }
}

fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
    let mut context = EncryptionContext::new();
    pairs.iter().for_each(|(name, value)| context.insert(name, value).unwrap());
    context
}

fn tokens() -> GrantTokens {
    GrantTokens::new(["token-1", "token-2"]).unwrap()
}

/// What each call comes to, as text.
type Called<'a> = BoxFuture<'a, Result<String, KmsError>>;

/// A call, the request that it has to send, and the answer that AWS KMS would give.
struct Case {
    operation: &'static str,
    call: for<'a> fn(&'a AwsKms, &'a World) -> Called<'a>,
    request: Value,
    answer: Value,
    /// What the caller has of it.
    result: &'static str,
}

struct World {
    context: EncryptionContext,
    after: EncryptionContext,
    tokens: GrantTokens,
}

/// `CCECAw==` is 8, 33, 2, 3, the ciphertext that comes back; `AQID` is 1, 2, 3, a secret; `BAUG` is 4, 5, 6, which is sent.
fn cases() -> Vec<Case> {
    let bound = json!({"tenant": "a", "table": "people"});
    let tokens = json!(["token-1", "token-2"]);
    vec![
        Case {
            operation: "GenerateDataKey",
            call: |kms, world| {
                let request = GenerateDataKey { key_id: KEY, context: &world.context, grant_tokens: &world.tokens };
                Box::pin(async move {
                    let made = kms.generate_data_key(request).await?;
                    Ok(format!("{} {:?} {:?}", made.key_id, *made.plaintext, made.ciphertext))
                })
            },
            request: json!({"KeyId": KEY, "NumberOfBytes": 32, "EncryptionContext": bound, "GrantTokens": tokens}),
            answer: json!({"KeyId": OTHER, "Plaintext": "AQID", "CiphertextBlob": "CCECAw=="}),
            result: "[1, 2, 3] [8, 33, 2, 3]",
        },
        Case {
            operation: "GenerateDataKeyWithoutPlaintext",
            call: |kms, world| {
                let request = GenerateDataKey { key_id: KEY, context: &world.context, grant_tokens: &world.tokens };
                Box::pin(async move {
                    let made = kms.generate_data_key_without_plaintext(request).await?;
                    Ok(format!("{} {:?}", made.key_id, made.ciphertext))
                })
            },
            request: json!({"KeyId": KEY, "NumberOfBytes": 32, "EncryptionContext": bound, "GrantTokens": tokens}),
            answer: json!({"KeyId": OTHER, "CiphertextBlob": "CCECAw=="}),
            result: "[8, 33, 2, 3]",
        },
        Case {
            operation: "Decrypt",
            call: |kms, world| decrypted(kms, Binding::Context(&world.context), &world.tokens),
            request: json!({"KeyId": KEY, "CiphertextBlob": "BAUG", "EncryptionContext": bound, "GrantTokens": tokens}),
            answer: json!({"KeyId": OTHER, "Plaintext": "AQID"}),
            result: "[1, 2, 3]",
        },
        Case {
            operation: "Decrypt",
            call: |kms, world| decrypted(kms, Binding::OaepSha1, &world.tokens),
            request: json!({
                "KeyId": KEY, "CiphertextBlob": "BAUG", "EncryptionAlgorithm": "RSAES_OAEP_SHA_1", "GrantTokens": tokens
            }),
            answer: json!({"KeyId": OTHER, "Plaintext": "AQID"}),
            result: "[1, 2, 3]",
        },
        Case {
            operation: "Decrypt",
            call: |kms, world| decrypted(kms, Binding::OaepSha256, &world.tokens),
            request: json!({
                "KeyId": KEY, "CiphertextBlob": "BAUG", "EncryptionAlgorithm": "RSAES_OAEP_SHA_256", "GrantTokens": tokens
            }),
            answer: json!({"KeyId": OTHER, "Plaintext": "AQID"}),
            result: "[1, 2, 3]",
        },
        Case {
            operation: "ReEncrypt",
            call: |kms, World { context, after, tokens }| {
                let request =
                    ReEncrypt { key_id: KEY, ciphertext: &[4, 5, 6], from: context, to: after, grant_tokens: tokens };
                Box::pin(async move {
                    let made = kms.re_encrypt(request).await?;
                    assert_eq!(made.source_key_id, KEY);
                    Ok(format!("{} {:?}", made.key_id, made.ciphertext))
                })
            },
            request: json!({
                "CiphertextBlob": "BAUG", "SourceKeyId": KEY, "DestinationKeyId": KEY, "GrantTokens": tokens,
                "SourceEncryptionContext": bound, "DestinationEncryptionContext": {"tenant": "b"}
            }),
            answer: json!({"SourceKeyId": KEY, "KeyId": OTHER, "CiphertextBlob": "CCECAw=="}),
            result: "[8, 33, 2, 3]",
        },
        Case {
            operation: "GetPublicKey",
            call: |kms, world| {
                Box::pin(async move {
                    let key = kms.get_public_key(KEY, &world.tokens).await?;
                    assert_eq!(key.usage, "KEY_AGREEMENT");
                    Ok(format!("{} {:?}", key.key_id, key.der))
                })
            },
            request: json!({"KeyId": KEY, "GrantTokens": tokens}),
            answer: json!({"KeyId": OTHER, "PublicKey": "CCECAw==", "KeyUsage": "KEY_AGREEMENT"}),
            result: "[8, 33, 2, 3]",
        },
        Case {
            operation: "DeriveSharedSecret",
            call: |kms, world| {
                let request = DeriveSharedSecret { key_id: KEY, public_key: &[4, 5, 6], grant_tokens: &world.tokens };
                Box::pin(async move {
                    let derived = kms.derive_shared_secret(request).await?;
                    // Nobody can read a shared secret: what is derived from it is looked at by the tests of the keyring.
                    assert!(!format!("{derived:?}").contains("1, 2, 3"));
                    Ok(format!("{} secret", derived.key_id))
                })
            },
            request: json!({
                "KeyId": KEY, "PublicKey": "BAUG", "KeyAgreementAlgorithm": "ECDH", "GrantTokens": tokens
            }),
            answer: json!({"KeyId": OTHER, "SharedSecret": "AQID"}),
            result: "secret",
        },
    ]
}

fn decrypted<'a>(kms: &'a AwsKms, binding: Binding<'a>, grant_tokens: &'a GrantTokens) -> Called<'a> {
    Box::pin(async move {
        let request = Decrypt { key_id: KEY, ciphertext: &[4, 5, 6], binding, grant_tokens };
        let opened = kms.decrypt(request).await?;
        Ok(format!("{} {:?}", opened.key_id, *opened.plaintext))
    })
}

fn world(tokens: GrantTokens) -> World {
    let context = context(&[("tenant", "a"), ("table", "people")]);
    World { context, after: self::context(&[("tenant", "b")]), tokens }
}

/// Another field, or another value, and the key would be bound to something else.
#[tokio::test]
async fn each_call_asks_for_exactly_this_and_gives_what_comes_back() {
    let wire = Wire::default();
    let kms = wire.kms();
    assert_eq!(kms.region(), Some("eu-west-1"));
    for Case { operation, call, request, answer, result } in cases() {
        wire.answers(200, answer.to_string());
        // The key of the answer, not that of the question: whoever asked compares them.
        assert_eq!(call(&kms, &world(tokens())).await.unwrap(), format!("{OTHER} {result}"), "{operation}");
        assert_eq!(wire.request(), (operation.to_owned(), request.clone()));
        // Without tokens there is no list of them.
        call(&kms, &world(GrantTokens::default())).await.unwrap();
        let mut without = request;
        without.as_object_mut().unwrap().remove("GrantTokens");
        assert_eq!(wire.request(), (operation.to_owned(), without));
    }
}

/// AWS KMS always gives all of them: what lacks one is no answer of it, and nothing stands in for it.
#[tokio::test]
async fn an_answer_that_lacks_something_is_refused() {
    let wire = Wire::default();
    let kms = wire.kms();
    for Case { operation, call, answer, .. } in cases() {
        // How a public key is used is judged by the keyring.
        for field in answer.as_object().unwrap().keys().filter(|field| *field != "KeyUsage") {
            let mut less = answer.clone();
            less.as_object_mut().unwrap().remove(field);
            wire.answers(200, less.to_string());
            let error = call(&kms, &world(tokens())).await.unwrap_err();
            assert_eq!(
                (error.kind, error.operation, &*error.key_id),
                (KmsErrorKind::BadAnswer, operation, KEY),
                "{field}"
            );
            assert!(error.message.starts_with("no "), "{operation} without {field}: {error}");
        }
        for body in ["", "{}", "{", "no JSON"] {
            wire.answers(200, body);
            let error = call(&kms, &world(tokens())).await.unwrap_err();
            assert_eq!((error.operation, &*error.key_id), (operation, KEY), "{body}: {error}");
        }
    }
}

/// The codes of AWS KMS's reference, and those that all services have.
#[tokio::test]
async fn what_is_wrong_is_told_by_the_code() {
    use KmsErrorKind::{Denied, NotFound, Other, Throttled, TimedOut, Unusable, WrongCiphertext};
    let wire = Wire::default();
    let kms = wire.kms();
    for (kind, codes) in [
        (Denied, &["AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"][..]),
        (Denied, &["InvalidSignatureException", "IncompleteSignature", "InvalidGrantTokenException"]),
        (Throttled, &["ThrottlingException", "Throttling", "LimitExceededException", "RequestLimitExceeded"]),
        (Throttled, &["TooManyRequestsException"]),
        (NotFound, &["NotFoundException", "InvalidArnException"]),
        (Unusable, &["DisabledException", "KMSInvalidStateException", "KeyUnavailableException"]),
        (Unusable, &["InvalidKeyUsageException", "UnsupportedOperationException"]),
        (WrongCiphertext, &["InvalidCiphertextException", "IncorrectKeyException"]),
        (TimedOut, &["DependencyTimeoutException"]),
        (Other, &["KMSInternalException", "ValidationException", "DryRunOperationException"]),
    ] {
        for code in codes {
            wire.answers(400, json!({"__type": code, "message": "the reason"}).to_string());
            for Case { operation, call, .. } in cases() {
                let error = call(&kms, &world(tokens())).await.unwrap_err();
                assert_eq!((error.kind, error.operation, &*error.key_id), (kind, operation, KEY), "{code}");
                assert_eq!(error.message, format!("{code}: the reason"));
            }
            wire.answers(400, json!({"__type": code}).to_string());
            let error = kms.get_public_key(KEY, &tokens()).await.unwrap_err();
            assert_eq!((error.kind, error.message.as_str()), (kind, *code));
        }
    }
    wire.answers(0, "");
    for Case { operation, call, .. } in cases() {
        let error = call(&kms, &world(tokens())).await.unwrap_err();
        assert_eq!((error.kind, error.operation), (KmsErrorKind::Unreachable, operation), "{error}");
        assert!(error.message.contains("no route") && !error.message.contains("token-1"), "{error}");
    }
}

/// The SDK has time limits of its own, and a server may go away in the middle of a word.
#[tokio::test]
async fn late_answers_and_half_ones_are_told_apart() {
    use std::io::{Read as _, Write as _};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut half, _) = listener.accept().unwrap();
        let read = half.read(&mut [0; 4096]).unwrap();
        half.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 100\r\n\r\n{\"KeyId\"",
        )
        .unwrap();
        drop(half);
        // The next connection is taken, and that is all.
        (read, listener.accept().map(|(late, _)| late))
    });
    let config = |timeouts: TimeoutConfig| {
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .endpoint_url(&url)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    };
    let kms = |timeouts| AwsKms::new(Client::from_conf(config(timeouts)));
    let half = kms(TimeoutConfig::disabled()).get_public_key(KEY, &tokens()).await.unwrap_err();
    assert_eq!((half.kind, &*half.key_id), (KmsErrorKind::BadAnswer, KEY), "{half}");
    let limit = TimeoutConfig::builder().operation_timeout(std::time::Duration::from_millis(300)).build();
    let late = kms(limit).get_public_key(KEY, &tokens()).await.unwrap_err();
    assert_eq!((late.kind, &*late.key_id), (KmsErrorKind::TimedOut, KEY), "{late}");
    assert!(server.join().unwrap().0 > 0);
}

/// Plaintexts and tokens go to logs with `{:?}` sooner or later.
#[tokio::test]
async fn debug_of_an_answer_names_its_key_and_shows_no_secret() {
    let wire = Wire::default();
    let kms = wire.kms();
    let World { context, tokens, .. } = world(tokens());
    wire.answers(200, json!({"KeyId": OTHER, "Plaintext": "AQID", "CiphertextBlob": "CCECAw=="}).to_string());
    let request = GenerateDataKey { key_id: KEY, context: &context, grant_tokens: &tokens };
    let made = format!("{:?}", kms.generate_data_key(request).await.unwrap());
    assert_eq!(made, format!("NewDataKey({OTHER}, redacted)"));
    let request = Decrypt { key_id: KEY, ciphertext: &[4], binding: Binding::Context(&context), grant_tokens: &tokens };
    let opened = format!("{:?}", kms.decrypt(request).await.unwrap());
    assert_eq!(opened, format!("Decrypted({OTHER}, redacted)"));
    assert_eq!(format!("{tokens:?}"), "GrantTokens(2, redacted)");
    assert_eq!(tokens.as_slice(), ["token-1", "token-2"]);
}

#[test]
fn grant_tokens_are_as_many_and_as_long_as_aws_kms_takes() {
    assert!(GrantTokens::new(vec!["x"; 10]).is_ok() && GrantTokens::new(vec!["x"; 11]).is_err());
    assert!(GrantTokens::new(["x".repeat(8192)]).is_ok() && GrantTokens::new(["x".repeat(8193)]).is_err());
    assert!(GrantTokens::new([""]).is_err() && GrantTokens::new(["x", ""]).is_err());
    assert!(GrantTokens::new::<String>([]).is_ok_and(|none| none.as_slice().is_empty()));
}
