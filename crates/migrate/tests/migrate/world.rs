//! A database with somebody at the line, who sees every request and may change the table or the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use dynaseal_core::{
    AlgorithmSuite, AttributeValue, BeaconKey, FOOT, HEAD, Item, ItemEncryptor, Keyring, MultiKeyring, PlaintextPolicy,
    RawAesKeyring, TableConfig, TableConfigBuilder, json, normalize_number,
};
use dynaseal_local::{Dynoxide, Engine, Reply};
use dynaseal_migrate::{Counts, MigrateError, Migration, Observer, Options, Refused, Report, Shard, Source, Target};
use dynaseal_ops::SealedTable;
use dynaseal_search::{BeaconKeys, SearchConfig, StandardBeacon};
use dynaseal_testkit::block_on;
use serde_json::{Value, json};

pub(crate) const TABLE: &str = "people";

/// Part of every value that must not be seen outside of items.
pub(crate) const SECRET: &str = "s3cret";

/// What happens to a request.
pub(crate) enum Act {
    Pass,
    /// Not carried out.
    Refuse(u16, &'static str),
    /// Carried out, and the answer never arrives.
    Lose,
}

/// A request on its way.
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) body: Value,
    /// How many of this operation were before it.
    pub(crate) nth: usize,
}

impl Call {
    pub(crate) fn is(&self, operation: &str) -> bool {
        self.operation == operation
    }

    /// The text of the item's key attribute `id`.
    pub(crate) fn id(&self) -> &str {
        self.body["Key"]["id"]["S"].as_str().unwrap_or_default()
    }
}

type Hook = Box<dyn FnMut(&Db, &Call) -> Act + Send>;

/// The database behind the line.
pub(crate) struct Db {
    inner: Dynoxide,
    partition: String,
    hook: Mutex<Option<Hook>>,
    seen: Mutex<BTreeMap<String, usize>>,
    wrong: Mutex<Vec<String>>,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Db")
    }
}

#[derive(Debug)]
struct Line(Arc<Db>);

impl Engine for Line {
    fn call(&self, operation: &str, body: &str) -> Reply {
        let parsed: Value = serde_json::from_str(body).unwrap();
        let nth = {
            let mut seen = self.0.seen.lock().unwrap();
            let count = seen.entry(operation.to_owned()).or_default();
            *count += 1;
            *count - 1
        };
        if let Some(wrong) = wrong(operation, &parsed, &self.0.partition) {
            self.0.wrong.lock().unwrap().push(wrong);
        }
        let call = Call { operation: operation.to_owned(), body: parsed, nth };
        let act = match &mut *self.0.hook.lock().unwrap() {
            Some(hook) => hook(&self.0, &call),
            None => Act::Pass,
        };
        match act {
            Act::Pass => self.0.inner.call(operation, body),
            Act::Refuse(status, kind) => error(status, kind),
            Act::Lose => {
                self.0.inner.call(operation, body);
                error(500, "InternalServerError")
            }
        }
    }
}

fn error(status: u16, kind: &str) -> Reply {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{kind}");
    Reply { status, body: json!({"__type": kind, "message": "said no"}).to_string() }
}

/// What the real DynamoDB would not take though this one does, and writes that could make an item of nothing.
fn wrong(operation: &str, body: &Value, partition: &str) -> Option<String> {
    let text = |body: &Value, name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let limits = |body: &Value| {
        let (condition, update) = (text(body, "ConditionExpression"), text(body, "UpdateExpression"));
        // DynamoDB counts what joins comparisons as well.
        let operators: usize = ["=", " AND ", "attribute_"].iter().map(|of| condition.matches(of).count()).sum();
        let values = body["ExpressionAttributeValues"].to_string().len();
        let too_much = condition.len() > 4096 || update.len() > 4096 || operators > 300 || values > 2 * 1024 * 1024;
        too_much.then(|| format!("{} {} {operators} {values}", condition.len(), update.len()))
    };
    let guards = |body: &Value, function: &str| {
        let condition = text(body, "ConditionExpression");
        let names = body["ExpressionAttributeNames"].as_object().cloned().unwrap_or_default();
        names.iter().any(|(at, name)| name == partition && condition.contains(&format!("{function}({at})")))
    };
    match operation {
        "UpdateItem" if body["TableName"] != TABLE => None,
        "UpdateItem" if !guards(body, "attribute_exists") => Some("it could make an item of nothing".to_owned()),
        "UpdateItem" => limits(body),
        "TransactWriteItems" => {
            let [delete, put] = [&body["TransactItems"][0]["Delete"], &body["TransactItems"][1]["Put"]];
            match (guards(delete, "attribute_exists"), guards(put, "attribute_not_exists")) {
                (true, true) => limits(delete),
                _ => Some("it could overwrite an item".to_owned()),
            }
        }
        "PutItem" | "DeleteItem" | "BatchWriteItem" if body["TableName"] == TABLE => {
            Some(format!("a bare {operation}"))
        }
        _ => None,
    }
}

impl Db {
    pub(crate) fn call(&self, operation: &str, body: &Value) -> Value {
        let reply = self.inner.call(operation, &body.to_string());
        assert_eq!(reply.status, 200, "{operation}: {}", reply.body);
        serde_json::from_str(&reply.body).unwrap()
    }

    pub(crate) fn put(&self, item: &Item) {
        self.call("PutItem", &json!({"TableName": TABLE, "Item": to_json(item)}));
    }

    pub(crate) fn get(&self, key: &Item) -> Option<Item> {
        let found = self.call("GetItem", &json!({"TableName": TABLE, "Key": to_json(key), "ConsistentRead": true}));
        found.get("Item").map(from_json)
    }

    pub(crate) fn delete(&self, key: &Item) {
        self.call("DeleteItem", &json!({"TableName": TABLE, "Key": to_json(key)}));
    }

    /// Sets one attribute, as a client does that knows nothing of sealing.
    pub(crate) fn set(&self, key: &Item, name: &str, value: AttributeValue) {
        let values = item([(":v", value)]);
        self.call(
            "UpdateItem",
            &json!({"TableName": TABLE, "Key": to_json(key), "UpdateExpression": "SET #n = :v",
                "ExpressionAttributeNames": {"#n": name}, "ExpressionAttributeValues": to_json(&values)}),
        );
    }

    pub(crate) fn remove(&self, key: &Item, name: &str) {
        self.call(
            "UpdateItem",
            &json!({"TableName": TABLE, "Key": to_json(key), "UpdateExpression": "REMOVE #n",
                "ExpressionAttributeNames": {"#n": name}}),
        );
    }
}

pub(crate) fn to_json(item: &Item) -> Value {
    serde_json::from_str(&json::to_string(item)).unwrap()
}

pub(crate) fn from_json(item: &Value) -> Item {
    json::from_str(&item.to_string()).unwrap()
}

/// A database with an empty table, and a client behind the line.
pub(crate) struct World {
    pub(crate) db: Arc<Db>,
    pub(crate) client: Client,
    keys: Vec<String>,
}

impl Drop for World {
    fn drop(&mut self) {
        let wrong = self.db.wrong.lock().unwrap();
        assert!(wrong.is_empty() || std::thread::panicking(), "{wrong:?}");
    }
}

impl World {
    /// With the partition key `id`.
    pub(crate) fn new() -> Self {
        Self::keyed(&[("id", "S")])
    }

    /// With these keys and their types.
    pub(crate) fn keyed(keys: &[(&str, &str)]) -> Self {
        let inner = Dynoxide::memory().unwrap();
        let (hook, seen, wrong) = <(_, _, _)>::default();
        let db = Arc::new(Db { inner, partition: keys[0].0.to_owned(), hook, seen, wrong });
        let attributes: Vec<_> =
            keys.iter().map(|(name, of)| json!({"AttributeName": name, "AttributeType": of})).collect();
        let roles = keys.iter().zip(["HASH", "RANGE"]);
        let schema: Vec<_> = roles.map(|((name, _), of)| json!({"AttributeName": name, "KeyType": of})).collect();
        db.call(
            "CreateTable",
            &json!({"TableName": TABLE, "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": attributes,
                "KeySchema": schema}),
        );
        let client = dynaseal_local::client(Line(Arc::clone(&db)));
        Self { db, client, keys: keys.iter().map(|(name, _)| (*name).to_owned()).collect() }
    }

    /// From now on, this one is at the line.
    pub(crate) fn at_the_line(&self, hook: impl FnMut(&Db, &Call) -> Act + Send + 'static) {
        *self.db.hook.lock().unwrap() = Some(Box::new(hook));
    }

    pub(crate) fn nobody_at_the_line(&self) {
        *self.db.hook.lock().unwrap() = None;
    }

    /// Before the first write of each item, this happens to it.
    pub(crate) fn before_each_write(&self, mut change: impl FnMut(&Db, &Item) + Send + 'static) {
        let mut done = BTreeSet::new();
        self.at_the_line(move |db, call| {
            let key = match call.operation.as_str() {
                "UpdateItem" => &call.body["Key"],
                "TransactWriteItems" => &call.body["TransactItems"][0]["Delete"]["Key"],
                _ => return Act::Pass,
            };
            if done.insert(key.to_string()) {
                change(db, &from_json(key));
            }
            Act::Pass
        });
    }

    /// How many requests of an operation there were.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.db.seen.lock().unwrap().get(operation).copied().unwrap_or_default()
    }

    /// How many requests could have written something.
    pub(crate) fn writes(&self) -> usize {
        ["UpdateItem", "TransactWriteItems", "PutItem", "DeleteItem"]
            .iter()
            .map(|operation| self.count(operation))
            .sum()
    }

    pub(crate) fn key_of(&self, item: &Item) -> Item {
        self.keys.iter().map(|name| (name.clone(), item[name].clone())).collect()
    }

    /// The whole table, by keys.
    pub(crate) fn all(&self) -> BTreeMap<String, Item> {
        let (mut all, mut start) = (BTreeMap::new(), Value::Null);
        loop {
            let mut scan = json!({"TableName": TABLE, "ConsistentRead": true});
            if !start.is_null() {
                scan["ExclusiveStartKey"] = start;
            }
            let mut page = self.db.call("Scan", &scan);
            for item in page["Items"].as_array().unwrap().iter().map(from_json) {
                all.insert(json::to_string(&self.key_of(&item)), item);
            }
            start = page["LastEvaluatedKey"].take();
            if start.is_null() {
                return all;
            }
        }
    }

    /// The whole table, opened.
    pub(crate) fn opened(&self, table: &SealedTable) -> BTreeMap<String, Item> {
        let open = |item: Item| canonical(open(table, item));
        self.all().into_iter().map(|(key, item)| (key, open(item))).collect()
    }

    /// The whole table, in one spelling.
    pub(crate) fn plain(&self) -> BTreeMap<String, Item> {
        self.all().into_iter().map(|(key, item)| (key, canonical(item))).collect()
    }

    /// So many plain people.
    pub(crate) fn people(&self, count: usize) {
        (0..count).for_each(|number| self.db.put(&person(number)));
    }

    /// So many people, sealed.
    pub(crate) fn sealed_people(&self, table: &SealedTable, count: usize) {
        (0..count).for_each(|number| self.db.put(&seal(table, person(number))));
    }

    pub(crate) fn migration(&self, source: Source, target: &SealedTable, options: Options) -> Migration {
        let target = Target::records(target.clone()).unwrap();
        Migration::new(self.client.clone(), TABLE, source, target, options)
    }

    /// Plain items and records of the target to records.
    pub(crate) fn sealing(&self, target: &SealedTable) -> Migration {
        self.migration(Source::default().plain(), target, options())
    }
}

/// Without anything that is random.
pub(crate) fn options() -> Options {
    Options::default().shard(Shard::whole(1).unwrap()).page_size(7)
}

pub(crate) fn nobody() -> Arc<dyn Observer> {
    Arc::new(())
}

pub(crate) async fn run(migration: &Migration) -> Report {
    migration.run(&nobody()).await.unwrap_or_else(|error| panic!("{}", text(&error)))
}

pub(crate) async fn fails(migration: &Migration) -> MigrateError {
    let error = migration.run(&nobody()).await.unwrap_err();
    assert!(!format!("{error:?} {}", text(&error)).contains(SECRET), "{error:?}");
    error
}

/// Changed, current, refused and gone.
pub(crate) fn sums(report: &Report) -> [u64; 4] {
    let Counts { current, refused, gone, .. } = report.counts;
    assert!(!format!("{report:?}").contains(SECRET), "{report:?}");
    [report.counts.changed(), current, refused, gone]
}

/// An error with all its causes.
pub(crate) fn text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Remembers what it is told.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) counts: Mutex<Counts>,
    pub(crate) refused: Mutex<Vec<Refused>>,
}

impl Observer for Notes {
    fn progress(&self, more: &Counts) {
        let mut counts = self.counts.lock().unwrap();
        counts.examined += more.examined;
        counts.current += more.current;
        counts.refused += more.refused;
        for (form, count) in &more.changed {
            *counts.changed.entry(form.clone()).or_default() += count;
        }
    }

    fn refused(&self, refused: &Refused) {
        self.refused.lock().unwrap().push(refused.clone());
    }
}

pub(crate) fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(crate) fn id(number: usize) -> Item {
    item([("id", format!("p-{number}").into())])
}

/// One with an encrypted, a signed, and an unsigned attribute.
pub(crate) fn person(number: usize) -> Item {
    let mut person = id(number);
    person.extend(item([
        ("name", format!("{SECRET} {number}").into()),
        ("age", AttributeValue::N(number.to_string())),
        ("ward", format!("{SECRET} ward {}", number % 3).into()),
        ("seen", format!("{SECRET} never").into()),
    ]));
    person
}

/// `name`, `age` and `notes` are encrypted, `ward` signed, `seen` and `:…` unsigned.
pub(crate) fn config() -> TableConfigBuilder {
    TableConfig::builder(TABLE, "id")
        .encrypt(["name", "age", "notes"])
        .sign(["ward"])
        .unsigned(["seen"])
        .unsigned_prefix(":")
        .plaintext_policy(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead)
}

pub(crate) fn aes(byte: u8) -> RawAesKeyring {
    RawAesKeyring::new("tests", format!("key-{byte}"), &[byte; 32]).unwrap()
}

pub(crate) fn table_of(config: TableConfigBuilder, keyring: impl Keyring + 'static) -> SealedTable {
    SealedTable::new(TABLE, ItemEncryptor::new(config.build().unwrap(), keyring))
}

pub(crate) fn shared(byte: u8) -> Arc<dyn Keyring> {
    Arc::new(aes(byte))
}

/// Seals under the first key for all of them.
pub(crate) fn several(bytes: &[u8]) -> MultiKeyring {
    let keyrings: Vec<_> = bytes.iter().map(|byte| shared(*byte)).collect();
    MultiKeyring::new(Arc::clone(&keyrings[0]), keyrings[1..].to_vec())
}

/// Under the key of one byte.
pub(crate) fn table(byte: u8) -> SealedTable {
    table_of(config(), aes(byte))
}

pub(crate) fn without_signature(config: TableConfigBuilder) -> TableConfigBuilder {
    config.algorithm_suite(AlgorithmSuite::HmacOnly)
}

pub(crate) fn search() -> SearchConfig {
    SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap()))
        .standard(StandardBeacon::new("name", 12))
}

pub(crate) fn seal(table: &SealedTable, item: Item) -> Item {
    let sealed = block_on(table.seal(item)).unwrap();
    assert!(is_sealed(&sealed));
    sealed
}

/// Opens a record; anything else is none.
pub(crate) fn open(table: &SealedTable, item: Item) -> Item {
    assert!(is_sealed(&item), "{:?} is no record", item.keys());
    block_on(table.encryptor().decrypt_item(item)).unwrap_or_else(|error| panic!("{}", text(&error))).item
}

pub(crate) fn is_sealed(item: &Item) -> bool {
    item.contains_key(HEAD) && item.contains_key(FOOT)
}

/// Numbers in one spelling, sets in one order.
pub(crate) fn canonical(item: Item) -> Item {
    item.into_iter().map(|(name, value)| (name, canonical_value(value))).collect()
}

fn canonical_value(value: AttributeValue) -> AttributeValue {
    use AttributeValue::{Bs, L, M, N, Ns, Ss};
    let normal = |number: String| normalize_number(&number).unwrap();
    match value {
        N(number) => N(normal(number)),
        Ns(set) => Ns(sorted(set.into_iter().map(normal).collect())),
        Ss(set) => Ss(sorted(set)),
        Bs(set) => Bs(sorted(set)),
        L(list) => L(list.into_iter().map(canonical_value).collect()),
        M(map) => M(map.into_iter().map(|(name, value)| (name, canonical_value(value))).collect()),
        other => other,
    }
}

fn sorted<T: Ord>(mut set: Vec<T>) -> Vec<T> {
    set.sort();
    set
}
