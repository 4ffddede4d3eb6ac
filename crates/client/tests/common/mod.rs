//! What the tests share: databases, sealed tables behind every door, and a look at what really lies in a table.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]
#![allow(dead_code, unused_macros, unused_imports, reason = "each test program uses a part")]

pub(crate) mod keyrings;
pub(crate) mod line;
pub(crate) mod wire;

use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use dynaseal_client::{Interceptor, SealedTable, Sealer};
use dynaseal_core::{ItemEncryptor, Keyring, PlaintextPolicy, RawAesKeyring, TableConfig};
use dynaseal_testkit::servers;

pub(crate) type SdkItem = HashMap<String, AttributeValue>;

/// Part of every value that must not be seen in a sealed table, nor in errors and spans.
pub(crate) const SECRET: &str = "s3cret";

/// Sends a builder through a door, and gives what `send` gives.
macro_rules! send {
    ($door:expr, $builder:expr) => {{
        let builder = $builder;
        if $door.by_builder { builder.send_sealed(&$door.sealer).await } else { builder.send().await }
    }};
}
pub(crate) use send;

/// A database, and a client of it without any door.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub(crate) name: &'static str,
    pub(crate) client: Client,
}

impl Database {
    pub(crate) fn embedded() -> Self {
        Self { name: "embedded", client: dynaseal_local::memory().unwrap() }
    }

    pub(crate) fn ministack() -> Option<Self> {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(servers::ministack()?)
            .build();
        Some(Self { name: "ministack", client: Client::from_conf(config) })
    }

    pub(crate) fn is_ministack(&self) -> bool {
        self.name == "ministack"
    }
}

/// A way into the sealed tables.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub(crate) name: &'static str,
    pub(crate) client: Client,
    pub(crate) sealer: Sealer,
    pub(crate) by_builder: bool,
}

/// Both doors, and both of them at once.
pub(crate) fn doors(client: &Client, sealer: &Sealer) -> [Door; 3] {
    let intercepted = with_interceptors(client, &[sealer]);
    let door =
        |name, client: &Client, by_builder| Door { name, client: client.clone(), sealer: sealer.clone(), by_builder };
    [
        door("send_sealed", client, true),
        door("interceptor", &intercepted, false),
        door("send_sealed over the interceptor", &intercepted, true),
    ]
}

/// The client with an interceptor for each of the sealers.
pub(crate) fn with_interceptors(client: &Client, sealers: &[&Sealer]) -> Client {
    let config = client.config().to_builder();
    let config = sealers.iter().fold(config, |config, sealer| config.interceptor(Interceptor::new(sealer)));
    Client::from_conf(config.build())
}

/// Two sealed tables with keys of their own, and one that nobody knows.
///
/// | table | key | encrypted | signed | unsigned |
/// | --- | --- | --- | --- | --- |
/// | people | `id`, `nr` (a number) | `diagnosis`, `notes`, `chart` | `ward` | `seen`, `:…` |
/// | orders | `order_id` (a number) | `card` | `status` | `seen` |
/// | plain | `id` | | | |
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) db: Database,
    pub(crate) people: String,
    pub(crate) orders: String,
    pub(crate) plain: String,
    pub(crate) sealer: Sealer,
}

pub(crate) fn people_config(policy: PlaintextPolicy) -> TableConfig {
    TableConfig::builder("people", "id")
        .sort_key("nr")
        .encrypt(["diagnosis", "notes", "chart"])
        .sign(["ward"])
        .unsigned(["seen"])
        .unsigned_prefix(":")
        .plaintext_policy(policy)
        .build()
        .unwrap()
}

pub(crate) fn orders_config(policy: PlaintextPolicy) -> TableConfig {
    TableConfig::builder("orders", "order_id")
        .encrypt(["card"])
        .sign(["status", "Andy", "order_note"])
        .unsigned(["seen"])
        .plaintext_policy(policy)
        .build()
        .unwrap()
}

pub(crate) fn aes(byte: u8) -> RawAesKeyring {
    RawAesKeyring::new("tests", format!("key-{byte}"), &[byte; 32]).unwrap()
}

/// A sealed table `people` under this name.
pub(crate) fn people_table(name: &str, policy: PlaintextPolicy, keyring: impl Keyring + 'static) -> SealedTable {
    SealedTable::new(name, ItemEncryptor::new(people_config(policy), keyring))
}

pub(crate) fn orders_table(name: &str, policy: PlaintextPolicy, keyring: impl Keyring + 'static) -> SealedTable {
    SealedTable::new(name, ItemEncryptor::new(orders_config(policy), keyring))
}

impl World {
    pub(crate) async fn new(db: &Database) -> Self {
        Self::with_keyring(db, aes(1)).await
    }

    /// With another keyring for `people`.
    pub(crate) async fn with_keyring(db: &Database, keyring: impl Keyring + 'static) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = |table: &str| format!("{table}-{number}");
        let (people, orders, plain) = (name("people"), name("orders"), name("plain"));
        create_people(&db.client, &people).await;
        create(&db.client, &orders, ("order_id", ScalarAttributeType::N)).await;
        create(&db.client, &plain, ("id", ScalarAttributeType::S)).await;
        let policy = PlaintextPolicy::default();
        let tables = [people_table(&people, policy, keyring), orders_table(&orders, policy, aes(2))];
        let sealer = Sealer::new(tables).unwrap();
        Self { db: db.clone(), people, orders, plain, sealer }
    }

    /// The same tables, sealed otherwise.
    pub(crate) fn sealer_with(&self, policy: PlaintextPolicy, people_key: u8, orders_key: u8) -> Sealer {
        let people = people_table(&self.people, policy, aes(people_key));
        Sealer::new([people, orders_table(&self.orders, policy, aes(orders_key))]).unwrap()
    }

    pub(crate) fn doors(&self) -> [Door; 3] {
        doors(&self.db.client, &self.sealer)
    }

    pub(crate) fn door(&self) -> Door {
        let [door, ..] = self.doors();
        door
    }

    /// Writes a person through the first door.
    pub(crate) async fn put_person(&self, id: &str, nr: i64) -> SdkItem {
        use dynaseal_client::SendSealed as _;
        let item = person(id, nr);
        let put = self.db.client.put_item().table_name(&self.people).set_item(Some(item.clone()));
        put.send_sealed(&self.sealer).await.unwrap();
        item
    }

    /// An item of `people` as it is stored.
    pub(crate) async fn raw_person(&self, id: &str, nr: i64) -> Option<SdkItem> {
        let get = self.db.client.get_item().table_name(&self.people).set_key(Some(person_key(id, nr)));
        get.consistent_read(true).send().await.unwrap().item
    }

    pub(crate) async fn raw_order(&self, nr: i64) -> Option<SdkItem> {
        let get = self.db.client.get_item().table_name(&self.orders).key("order_id", n(nr));
        get.consistent_read(true).send().await.unwrap().item
    }

    pub(crate) async fn raw_plain(&self, id: &str) -> Option<SdkItem> {
        let get = self.db.client.get_item().table_name(&self.plain).key("id", s(id));
        get.consistent_read(true).send().await.unwrap().item
    }

    /// Everything of a table as it is stored.
    pub(crate) async fn raw(&self, table: &str) -> Vec<SdkItem> {
        let scan = self.db.client.scan().table_name(table).consistent_read(true);
        scan.into_paginator().items().send().try_collect().await.unwrap()
    }

    /// Looks at both sealed tables: every item is sealed, and there are as many as expected.
    pub(crate) async fn assert_sealed(&self, people: usize, orders: usize) {
        for (table, expected) in [(&self.people, people), (&self.orders, orders)] {
            let items = self.raw(table).await;
            assert_eq!(items.len(), expected, "items in {table}");
            items.iter().for_each(assert_sealed);
        }
    }
}

/// Runs a test on every database through every door, each time in a world of its own.
pub(crate) async fn everywhere(test: impl AsyncFn(World, Door)) {
    for db in databases() {
        for place in 0..3 {
            let world = World::new(&db).await;
            let door = world.doors()[place].clone();
            // Shown if the test fails.
            println!("{} through {}", db.name, door.name);
            test(world, door).await;
        }
    }
}

pub(crate) fn databases() -> impl Iterator<Item = Database> {
    [Some(Database::embedded()), Database::ministack()].into_iter().flatten()
}

async fn create_people(client: &Client, name: &str) {
    let index = |name: &str, projection: Projection| {
        GlobalSecondaryIndex::builder()
            .index_name(name)
            .key_schema(element("ward", KeyType::Hash))
            .key_schema(element("nr", KeyType::Range))
            .projection(projection)
            .build()
            .unwrap()
    };
    let projected = |kind| Projection::builder().projection_type(kind);
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("id", ScalarAttributeType::S))
        .attribute_definitions(attribute("nr", ScalarAttributeType::N))
        .attribute_definitions(attribute("ward", ScalarAttributeType::S))
        .key_schema(element("id", KeyType::Hash))
        .key_schema(element("nr", KeyType::Range))
        .global_secondary_indexes(index("by-ward", projected(ProjectionType::All).build()))
        .global_secondary_indexes(index("by-ward-keys", projected(ProjectionType::KeysOnly).build()))
        .global_secondary_indexes(index(
            "by-ward-include",
            projected(ProjectionType::Include).non_key_attributes("seen").non_key_attributes("diagnosis").build(),
        ))
        .send()
        .await
        .unwrap();
}

async fn create(client: &Client, name: &str, (key, kind): (&str, ScalarAttributeType)) {
    let table = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    let table = table.attribute_definitions(attribute(key, kind)).key_schema(element(key, KeyType::Hash));
    table.send().await.unwrap();
}

fn attribute(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
}

fn element(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
}

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(crate) fn sdk_item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> SdkItem {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// An item with every kind of attribute.
pub(crate) fn person(id: &str, nr: i64) -> SdkItem {
    let drug = |name: &str| AttributeValue::M(sdk_item([("name", s(format!("{SECRET}-{name}"))), ("dose", n(5))]));
    sdk_item([
        ("id", s(id)),
        ("nr", n(nr)),
        ("ward", s("north")),
        ("diagnosis", s(format!("{SECRET}-influenza"))),
        ("notes", AttributeValue::Ss(vec![format!("{SECRET}-a"), format!("{SECRET}-b")])),
        ("chart", AttributeValue::M(sdk_item([("drugs", AttributeValue::L(vec![drug("aspirin"), drug("ether")]))]))),
        ("seen", n(0)),
        (":tags", AttributeValue::L(vec![s("a"), s("b")])),
    ])
}

/// A person of whom little is known, where many are needed.
pub(crate) fn small_person(nr: i64) -> SdkItem {
    sdk_item([("id", s("ada")), ("nr", n(nr)), ("diagnosis", s(format!("{SECRET}-{nr}"))), ("seen", n(nr))])
}

pub(crate) fn person_key(id: &str, nr: i64) -> SdkItem {
    sdk_item([("id", s(id)), ("nr", n(nr))])
}

pub(crate) fn order(nr: i64) -> SdkItem {
    sdk_item([
        ("order_id", n(nr)),
        ("card", AttributeValue::B(Blob::new(format!("{SECRET}-4711")))),
        ("status", s("open")),
        ("seen", n(0)),
    ])
}

pub(crate) fn plain(id: &str) -> SdkItem {
    sdk_item([("id", s(id)), ("diagnosis", s(format!("{SECRET}-but-plain"))), ("seen", n(0))])
}

/// Header and footer are there, what is to be encrypted is binary, and nothing secret is anywhere.
pub(crate) fn assert_sealed(item: &SdkItem) {
    for name in ["aws_dbe_head", "aws_dbe_foot"] {
        assert!(item.get(name).is_some_and(AttributeValue::is_b), "{name} of {item:?}");
    }
    for name in ["diagnosis", "notes", "chart", "card"] {
        assert!(item.get(name).is_none_or(AttributeValue::is_b), "{name} of {item:?}");
    }
    for (name, value) in item {
        assert!(!shows_secret(value), "{name} of {item:?}");
    }
}

/// Whether a value says something secret, as text or as bytes.
pub(crate) fn shows_secret(value: &AttributeValue) -> bool {
    let in_bytes = |bytes: &Blob| bytes.as_ref().windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
    match value {
        AttributeValue::B(bytes) => in_bytes(bytes),
        AttributeValue::Bs(set) => set.iter().any(in_bytes),
        AttributeValue::L(list) => list.iter().any(shows_secret),
        AttributeValue::M(map) => map.values().any(shows_secret),
        other => format!("{other:?}").contains(SECRET),
    }
}

/// Sets come back in an order of the database's own.
pub(crate) fn in_order(mut item: SdkItem) -> SdkItem {
    for value in item.values_mut() {
        if let AttributeValue::Ss(set) = value {
            set.sort();
        }
    }
    item
}

/// Items in the order of their keys.
pub(crate) fn sorted(items: impl IntoIterator<Item = SdkItem>) -> Vec<SdkItem> {
    let mut items: Vec<_> = items.into_iter().map(in_order).collect();
    let key = |item: &SdkItem| {
        let text = |name| item.get(name).map(|value| format!("{value:?}"));
        (text("id"), text("nr"), text("order_id"))
    };
    items.sort_by_key(key);
    items
}

/// An error and all its causes, as a user reads them.
pub(crate) fn text(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts.join(": ")
}
