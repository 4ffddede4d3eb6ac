//! The library itself, in Python, with the same keys and the same table of materials on the server ministack: what it seals
//! opens here, and what is sealed here opens there.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use dynaseal_core::{AttributeValue, Item, LegacyEncryptor as _, json};
use dynaseal_kms::legacy::{DirectKmsProvider, DynamoDbMetaStore};
use dynaseal_kms::{AwsKms, GrantTokens, SystemClock};
use dynaseal_legacy::ddbec::{
    Encryptor, MATERIAL_DESCRIPTION, MaterialDescription, MaterialsProvider, MetaStore as _, MostRecentProvider, names,
};
use dynaseal_testkit::{servers, vectors};
use serde_json::{Value, json};

const REGION: &str = "us-east-1";

/// Both sides of one world.
struct World {
    kms: aws_sdk_kms::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    key: String,
    table: String,
    python: Python,
}

/// A Python that answers line by line, and ends when its standard input ends.
struct Python {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Python {
    fn ask(&mut self, question: &Value) -> Result<Option<Item>, String> {
        writeln!(self.child.stdin.as_mut().unwrap(), "{question}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        match answer.get("error") {
            Some(error) => Err(error.as_str().unwrap().to_owned()),
            None => Ok(answer.get("item").map(vectors::item)),
        }
    }
}

impl World {
    async fn new(table: &str) -> Option<Self> {
        let (url, python) = (servers::ministack()?, servers::ddbec()?);
        let http = || aws_smithy_http_client::Builder::new().build_http();
        let credentials = || Credentials::new("test", "test", None, None, "tests");
        let kms = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .credentials_provider(credentials())
            .endpoint_url(url)
            .http_client(http());
        let dynamodb = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .credentials_provider(credentials())
            .endpoint_url(url)
            .http_client(http());
        let kms = aws_sdk_kms::Client::from_conf(kms.build());
        let key = kms.create_key().send().await.unwrap().key_metadata.unwrap().arn.unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/legacy_python/peer.py");
        let mut child = Command::new(python)
            .arg("-I")
            .arg(script)
            .args([url, REGION, &key, table])
            // Neither credentials nor proxies of whoever runs the tests.
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let dynamodb = aws_sdk_dynamodb::Client::from_conf(dynamodb.build());
        Some(Self { kms, dynamodb, key, table: table.to_owned(), python: Python { child, answers } })
    }

    fn direct(&self, description: &[(&str, &str)]) -> DirectKmsProvider {
        let client = Arc::new(AwsKms::new(self.kms.clone()));
        let provider = DirectKmsProvider::new(client, self.key.parse().unwrap(), GrantTokens::default());
        provider.with_description(description.iter().copied().collect()).unwrap()
    }

    fn store(&self) -> Arc<DynamoDbMetaStore> {
        let provider = Arc::new(self.direct(&[]));
        Arc::new(DynamoDbMetaStore::new(self.dynamodb.clone(), &*self.table, provider).unwrap())
    }

    fn most_recent(&self, name: &str) -> Encryptor {
        let clock = Arc::new(SystemClock::new());
        encryptor(MostRecentProvider::new(self.store(), name, Duration::from_secs(600), clock).unwrap())
    }

    /// Sealed here and opened there, and the other way. Gives what both sealed.
    async fn both_ways(&mut self, encryptor: &Encryptor, question: &Value, item: &Item) -> [Item; 2] {
        let mut ask = |operation: &str, item: &Item| {
            let mut question = question.clone();
            question["operation"] = operation.into();
            question["item"] = serde_json::from_str(&json::to_string(item)).unwrap();
            self.python.ask(&question)
        };
        let sealed = encryptor.encrypt_item(item.clone()).await.unwrap();
        let opened = ask("open", &sealed).unwrap().unwrap();
        assert!(vectors::same(&opened, item));
        let by_python = ask("seal", item).unwrap().unwrap();
        assert!(vectors::same(&encryptor.decrypt_item(by_python.clone()).await.unwrap(), item));

        // Of another item, so that AWS KMS or the signature refuses it.
        let mut moved = sealed.clone();
        moved.insert("id".to_owned(), "another".into());
        assert!(ask("open", &moved).is_err() && encryptor.decrypt_item(moved).await.is_err());
        [sealed, by_python]
    }
}

fn encryptor(provider: impl MaterialsProvider + 'static) -> Encryptor {
    Encryptor::builder("people", "id").sort_key("year").build(Arc::new(provider)).unwrap()
}

fn items() -> [Item; 3] {
    let keys: [AttributeValue; 3] = ["ädä".into(), AttributeValue::N("-1.5".to_owned()), vec![0, 255, 62].into()];
    keys.map(|key| {
        Item::from([
            ("id".to_owned(), key),
            ("year".to_owned(), 1843_i64.into()),
            ("secret".to_owned(), "notes 😀".into()),
            ("number".to_owned(), AttributeValue::N("0.00125".to_owned())),
        ])
    })
}

fn said(sealed: &Item, name: &str) -> Option<String> {
    let AttributeValue::B(bytes) = &sealed[MATERIAL_DESCRIPTION] else { panic!() };
    MaterialDescription::from_bytes(bytes).unwrap().get(name).map(str::to_owned)
}

#[tokio::test]
async fn secrets_of_aws_kms() {
    let Some(mut world) = World::new("unused").await else { return };
    let algorithms: [&[(&str, &str)]; 3] = [
        &[],
        &[(names::CONTENT_ALGORITHM, "AES/128"), (names::SIGNATURE_ALGORITHM, "HmacSHA512/512")],
        &[(names::CONTENT_ALGORITHM, "AES/192"), (names::SIGNATURE_ALGORITHM, "HmacSHA384/384")],
    ];
    for description in algorithms {
        let encryptor = encryptor(world.direct(description));
        let pairs: Value = description.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        let question = json!({ "provider": "direct", "description": if pairs.is_null() { json!({}) } else { pairs } });
        for item in items() {
            let [sealed, by_python] = world.both_ways(&encryptor, &question, &item).await;
            for name in [
                "amzn-ddb-env-alg",
                "amzn-ddb-sig-alg",
                "amzn-ddb-wrap-alg",
                "aws-kms-ec-attr",
                names::SIGNING_ALGORITHM,
            ] {
                assert_eq!(said(&sealed, name), said(&by_python, name), "{name}");
                assert!(said(&sealed, name).is_some(), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_table_of_materials_for_both() {
    let Some(mut world) = World::new("materials").await else { return };
    world.python.ask(&json!({ "operation": "create table" })).unwrap();
    let item = &items()[0];
    // The first version is made here under one name, and there under the other.
    let ours = world.most_recent("ours");
    let question = json!({ "provider": "most recent", "name": "ours" });
    let [first, by_python] = world.both_ways(&ours, &question, item).await;
    assert_eq!(
        [said(&first, names::META_ID), said(&by_python, names::META_ID)],
        [Some("ours#0".to_owned()), Some("ours#0".to_owned())]
    );
    world.python.ask(&json!({ "operation": "new version", "name": "ours" })).unwrap();
    assert_eq!(world.store().latest_version("ours").await.unwrap(), Some(1));

    let theirs = json!({ "provider": "most recent", "name": "theirs", "operation": "seal", "item": serde_json::from_str::<Value>(&json::to_string(item)).unwrap() });
    let sealed = world.python.ask(&theirs).unwrap().unwrap();
    let opened = world.most_recent("theirs").decrypt_item(sealed).await.unwrap();
    assert!(vectors::same(&opened, item));
    assert_eq!(world.store().new_version("theirs").await.unwrap(), 1);

    // Both see the new versions, and the old ones open.
    for name in ["ours", "theirs"] {
        let encryptor = world.most_recent(name);
        let question = json!({ "provider": "most recent", "name": name });
        let [sealed, by_python] = world.both_ways(&encryptor, &question, item).await;
        for sealed in [&sealed, &by_python] {
            assert_eq!(said(sealed, names::META_ID), Some(format!("{name}#1")));
        }
    }
    assert!(vectors::same(&world.most_recent("ours").decrypt_item(first).await.unwrap(), item));
}
