//! A table with Python on one side and models on the other.

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal::model::{LegacyRead, Model, Table};
use dynaseal::{AttributeKeys, AttributeRoot};
use dynaseal_testkit::servers;
use serde_json::{Value, json};

pub(crate) const PASSPHRASE: &str = "my-password";

/// Python's model, on the way.
#[derive(Model, Clone)]
#[model(table = "archive")]
pub(crate) struct Archive {
    #[model(partition_key)]
    pub(crate) aid: String,
    #[model(sort_key)]
    pub(crate) revision: u32,
    #[model(seal = "deterministic", also_reads = "pynamodb_mate")]
    pub(crate) secret_message: String,
    #[model(seal, also_reads = "pynamodb_mate")]
    pub(crate) secret_note: Option<String>,
    #[model(seal = "deterministic", also_reads = "pynamodb_mate")]
    pub(crate) secret_tag: Vec<u8>,
    #[model(seal, also_reads = "pynamodb_mate")]
    pub(crate) secret_binary: Vec<u8>,
    #[model(seal = "deterministic", also_reads = "pynamodb_mate")]
    pub(crate) secret_integer: i64,
    #[model(seal, also_reads = "pynamodb_mate")]
    pub(crate) secret_count: i64,
    #[model(seal = "deterministic", also_reads = "pynamodb_mate")]
    pub(crate) secret_float: f64,
    #[model(seal, also_reads = "pynamodb_mate")]
    pub(crate) secret_ratio: f64,
    #[model(seal = "deterministic", with = "json", also_reads = "pynamodb_mate")]
    pub(crate) secret_labels: BTreeMap<String, i64>,
    #[model(seal, with = "json", also_reads = "pynamodb_mate")]
    pub(crate) secret_data: Value,
    pub(crate) place: String,
}

/// The same when everything has moved.
#[derive(Model)]
#[model(table = "archive")]
pub(crate) struct Moved {
    #[model(partition_key)]
    pub(crate) aid: String,
    #[model(sort_key)]
    pub(crate) revision: u32,
    #[model(seal = "deterministic")]
    pub(crate) secret_message: String,
    #[model(seal)]
    pub(crate) secret_note: Option<String>,
    #[model(seal = "deterministic")]
    pub(crate) secret_tag: Vec<u8>,
    #[model(seal)]
    pub(crate) secret_binary: Vec<u8>,
    #[model(seal = "deterministic")]
    pub(crate) secret_integer: i64,
    #[model(seal)]
    pub(crate) secret_count: i64,
    #[model(seal = "deterministic")]
    pub(crate) secret_float: f64,
    #[model(seal)]
    pub(crate) secret_ratio: f64,
    #[model(seal = "deterministic", with = "json")]
    pub(crate) secret_labels: BTreeMap<String, i64>,
    #[model(seal, with = "json")]
    pub(crate) secret_data: Value,
    pub(crate) place: String,
}

pub(crate) const SEALED: [&str; 10] = [
    "secret_message",
    "secret_note",
    "secret_tag",
    "secret_binary",
    "secret_integer",
    "secret_count",
    "secret_float",
    "secret_ratio",
    "secret_labels",
    "secret_data",
];

impl Archive {
    /// As Python prints it.
    pub(crate) fn printed(&self) -> Value {
        json!({
            "aid": self.aid,
            "revision": self.revision,
            "secret_message": self.secret_message,
            "secret_note": self.secret_note,
            "secret_tag": hex(&self.secret_tag),
            "secret_binary": hex(&self.secret_binary),
            "secret_integer": self.secret_integer.to_string(),
            "secret_count": self.secret_count.to_string(),
            "secret_float": bits(self.secret_float),
            "secret_ratio": bits(self.secret_ratio),
            "secret_labels": self.secret_labels,
            "secret_data": self.secret_data,
            "place": self.place,
        })
    }
}

/// Partition and sort key of an item.
pub(crate) type Place = (String, u32);
/// Items as Python prints them.
pub(crate) type Printed = BTreeMap<Place, Value>;
/// Items as they are stored.
pub(crate) type Stored = BTreeMap<Place, HashMap<String, SdkValue>>;

/// A table with Python on one side and models on the other.
pub(crate) struct World {
    pub(crate) python: Python,
    pub(crate) url: &'static str,
    pub(crate) client: Client,
    pub(crate) name: &'static str,
    pub(crate) told: Arc<Mutex<Vec<LegacyRead>>>,
}

impl World {
    /// `None` where Python is missing.
    pub(crate) fn new(name: &'static str) -> Option<Self> {
        let (python, url) = (Python::new()?, servers::ministack()?);
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(url)
            .build();
        Some(Self { python, url, client: Client::from_conf(config), name, told: Arc::default() })
    }

    pub(crate) fn archive(&self) -> Table<Archive> {
        let told = Arc::clone(&self.told);
        let options = Archive::on(&self.client).table_name(self.name).attribute_keys(&keys());
        options.pynamodb_mate(PASSPHRASE).on_legacy(move |read| told.lock().unwrap().push(read.clone())).open().unwrap()
    }

    pub(crate) fn moved(&self) -> Table<Moved> {
        Moved::on(&self.client).table_name(self.name).attribute_keys(&keys()).open().unwrap()
    }

    pub(crate) fn python(&self, command: &str) -> Printed {
        let lines = self.python.run(&[command, self.url, self.name], "");
        lines.into_iter().map(|item| (place(&item), item)).collect()
    }

    pub(crate) async fn stored(&self) -> Stored {
        let pages = self.client.scan().table_name(self.name).into_paginator().items().send();
        let rows = pages.try_collect().await.unwrap();
        let number = |value: &SdkValue| value.as_n().unwrap().parse().unwrap();
        rows.into_iter().map(|row| ((row["aid"].as_s().unwrap().clone(), number(&row["revision"])), row)).collect()
    }

    pub(crate) async fn put(&self, row: HashMap<String, SdkValue>) {
        self.client.put_item().table_name(self.name).set_item(Some(row)).send().await.unwrap();
    }

    /// What the hook was told since this was asked last: attributes and texts of keys.
    pub(crate) fn told(&self) -> Vec<(&'static str, String)> {
        let mut told: Vec<_> =
            self.told.lock().unwrap().drain(..).map(|LegacyRead { attribute, key, .. }| (attribute, key)).collect();
        told.sort();
        told
    }
}

/// The Python with pynamodb_mate.
pub(crate) struct Python(&'static Path);

impl Python {
    pub(crate) fn new() -> Option<Self> {
        servers::pynamodb_mate().map(Self)
    }

    /// What a command of the program prints.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Vec<Value> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pynamodb_mate/archive.py");
        let mut python = Command::new(self.0)
            .arg("-I")
            .arg(script)
            .args(arguments)
            // Neither credentials nor proxies of whoever runs the tests.
            .env_clear()
            .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
            .envs([("AWS_CONFIG_FILE", "/dev/null"), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Python answers line by line, but these few lines fit into the pipe.
        python.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = python.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub(crate) fn keys() -> AttributeKeys {
    AttributeKeys::new(AttributeRoot::from_bytes("2026", &[7; 32]).unwrap())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub(crate) fn bits(number: f64) -> String {
    format!("{:016x}", number.to_bits())
}

pub(crate) fn float(bits: &str) -> f64 {
    f64::from_bits(u64::from_str_radix(bits, 16).unwrap())
}

pub(crate) fn place(item: &Value) -> Place {
    (item["aid"].as_str().unwrap().to_owned(), item["revision"].as_u64().unwrap().try_into().unwrap())
}

pub(crate) fn place_of(item: &Archive) -> Place {
    (item.aid.clone(), item.revision)
}

/// A key as errors and the hook have it.
pub(crate) fn text((aid, revision): &Place) -> String {
    format!("(aid = {aid:?}, revision = {revision})")
}

pub(crate) fn is_new(value: &SdkValue) -> bool {
    value.as_b().unwrap().as_ref().starts_with(&[0xd5, 0x5e])
}

/// The sealed attributes of an item that are in the old format.
pub(crate) fn old(row: &HashMap<String, SdkValue>) -> Vec<&'static str> {
    SEALED.into_iter().filter(|name| row.get(*name).is_some_and(|value| !is_new(value))).collect()
}

/// What the hook is told when everything is read.
pub(crate) fn all_old(stored: &Stored) -> Vec<(&'static str, String)> {
    let mut all: Vec<_> =
        stored.iter().flat_map(|(place, row)| old(row).into_iter().map(|name| (name, text(place)))).collect();
    all.sort();
    all
}
