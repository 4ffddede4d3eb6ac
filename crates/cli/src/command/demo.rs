//! `dynaseal demo`: a guided tour on the embedded database.

mod migration;
mod model;
mod screen;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue as SdkValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    Projection, ProjectionType, ScalarAttributeType,
};
use dynaseal::ops::Expressions;
use dynaseal::ops::operation::{Query, Scan};
use dynaseal::{
    AttributeValue, HEAD, Inspection, Item, ItemEncryptor, Keyring, MultiKeyring, RawAesKeyring, Sealer,
    SecureRandom as _, SendSealed as _, SystemRandom, TableConfig, json, local, operation_error, sdk,
};

use zeroize::Zeroizing;

use self::screen::Screen;
use crate::args::DemoArgs;
use crate::command::inspect;
use crate::output::{Failure, with_causes};
use crate::table::{self, Keys};

const TABLE: &str = "people";

/// What the beacon of `name` is stored as, and the index of it.
const NAME_BEACON: &str = "aws_dbe_b_name";
const INDEX: &str = "by-name";

/// The tour's configuration, which is also one to start from.
const CONFIG: &str = r#"# Written by `dynaseal demo`. The keys below open the items and make their beacons: keep this file secret.
logical_table_name = "people"
partition_key = "id"
sort_key = "visit"
unsigned_attribute_prefix = ":"

[actions]
name = "ENCRYPT_AND_SIGN"
born = "ENCRYPT_AND_SIGN"
diagnosis = "ENCRYPT_AND_SIGN"
medication = "ENCRYPT_AND_SIGN"
ward = "SIGN_ONLY"
":seen" = "DO_NOTHING"

[keyring]
type = "raw-aes"
namespace = "demo"
name = "key-1"
key = { hex = "KEYRING" }

[search]
beacon_key = { hex = "BEACON" }
[[search.standard_beacons]]
name = "name"
length = 8
"#;

/// The tour is not what it says it is.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error("the database can not do this")]
    Database(#[from] aws_sdk_dynamodb::Error),
    #[error("the table for plain items can not be made")]
    Table(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("{} is there already: choose another file for --db", .0.display())]
    Exists(PathBuf),
    #[error("{} can not be written", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the item is not in the database any more")]
    Missing,
    #[error("a changed item was opened: this must never happen, please report it")]
    Opened,
    #[error("a question about what is sealed was sent: this must never happen, please report it")]
    Answered,
}

pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    super::runtime()?.block_on(tour(args))
}

async fn tour(args: &DemoArgs) -> Result<(), Failure> {
    let mut output = Screen::new();
    let config = new_config()?;
    let (client, config_path) = match &args.db {
        Some(path) => {
            let config_path = PathBuf::from(format!("{}.toml", path.display()));
            if let Some(there) = [path, &config_path].into_iter().find(|path| path.exists()) {
                return Err(DemoError::Exists(there.clone()).into());
            }
            write(&config_path, &config)?;
            (local::file(path)?, config_path)
        }
        None => (local::memory()?, PathBuf::from("table.toml")),
    };
    let table = table::sealed_table_of(&config_path, &config, None, Keys::All).await?;
    let (encryptor, sealer) = (table.encryptor().clone(), Sealer::of_table(table));

    output.heading("1. A table in an embedded DynamoDB, and three people's records in it, sealed on the way.")?;
    output.prose(
        "   Each attribute is encrypted by itself, all are signed together. `aws_dbe_head` says who can open the record, \
         `aws_dbe_foot` is the signature, and `aws_dbe_b_name` a short hash of the name, a beacon, which step 7 searches by. \
         The key (`id`, `visit`) and `ward` are signed and readable; `:seen` is left as it is.",
    )?;
    create_table(&client).await.map_err(DemoError::from)?;
    let plain = people();
    for item in &plain {
        let put = client.put_item().table_name(TABLE).set_item(Some(sdk::to_sdk(item.clone())));
        put.send_sealed(&sealer).await.map_err(|error| DemoError::from(aws_sdk_dynamodb::Error::from(error)))?;
    }
    for item in &plain {
        let stored = get(&client, item).await?;
        let opened = encryptor.decrypt_item(stored.clone()).await?.item;
        beside(&mut output, &stored, &opened)?;
    }

    output.heading("2. What everybody who can read the table learns of the first record. This needs no key.")?;
    let first = plain.first().ok_or(DemoError::Missing)?;
    let stored = get(&client, first).await?;
    let inspection = Inspection::new(&stored, Some(encryptor.config()))?;
    for line in inspect::lines("people", &inspection, Some(encryptor.config())) {
        output.line(cut(&line, 79))?;
    }

    output.line("")?;
    output.heading("3. Somebody changes what is stored. Every change is refused, and the error names the item.")?;
    let second = plain.get(1).ok_or(DemoError::Missing)?;
    let other = get(&client, second).await?;
    let changes: [(&str, Change<'_>); 3] = [
        ("one byte of `diagnosis` changed", &|item| change_byte(item, "diagnosis")),
        ("`medication` renamed to `diagnosis2`", &|item| rename(item, "medication", "diagnosis2")),
        ("`diagnosis` of another person put in", &|item| {
            item.extend(other.get_key_value("diagnosis").map(|(name, value)| (name.clone(), value.clone())));
        }),
    ];
    for (what, change) in changes {
        let mut changed = stored.clone();
        change(&mut changed);
        put(&client, changed).await?;
        let read = get(&client, first).await?;
        match encryptor.decrypt_item(read).await {
            Ok(_) => return Err(DemoError::Opened.into()),
            Err(error) => {
                output.line(format!("   {what}"))?;
                output.refused(&with_causes(&error))?;
            }
        }
        put(&client, stored.clone()).await?;
    }

    output.line("")?;
    output.heading("4. The record as it was opens again.")?;
    let opened = encryptor.decrypt_item(get(&client, first).await?).await?.item;
    output.line(format!("   {}", json::to_string(&opened)))?;

    output.line("")?;
    output.heading("5. Sealed for two keys, the ward's and the archive's: each opens it alone, and no other does.")?;
    two_recipients(&mut output, encryptor.config(), first).await?;

    output.line("")?;
    output.heading(
        "6. Through the AWS SDK, as an application does it: it sees plain items, and what DynamoDB could not answer is not even sent.",
    )?;
    let third = plain.get(2).ok_or(DemoError::Missing)?;
    through_the_door(&mut output, &client, &sealer, third).await?;

    output.line("")?;
    output
        .heading("7. Found by a sealed attribute: an index has the beacons of names, and is asked for one of those.")?;
    by_beacon(&mut output, &client, &sealer, first).await?;

    output.line("")?;
    output
        .heading("8. A Rust struct as a model, two fields of it sealed: no value opens anywhere but in its place.")?;
    model::run(&mut output, &client).await?;

    output.line("")?;
    output.heading("9. A table from before, in plaintext: planned, sealed while others may write it, and verified.")?;
    migration::run(&mut output, &client).await?;
    output.line("")?;
    output.heading("What to type next")?;
    match &args.db {
        Some(path) => next_steps(&mut output, path, &config_path),
        None => {
            output.line("   dynaseal demo --db people.db")?;
            output.line("      keeps the database, and its configuration and key in people.db.toml; then")?;
            next_steps(&mut output, Path::new("people.db"), Path::new("people.db.toml"))
        }
    }
}

/// Commands that work on the database of the tour.
fn next_steps(output: &mut Screen, database: &Path, config: &Path) -> Result<(), Failure> {
    let place = format!("-c {} --db {}", config.display(), database.display());
    output.line(format!("   dynaseal scan {place}"))?;
    output.line("      prints all items, opened")?;
    output.line(format!("   dynaseal query {place} --index {INDEX} \\"))?;
    output.line("       --key-condition 'name = :n' --values '{\":n\":{\"S\":\"Ada Byron\"}}'")?;
    output.line("      finds one of them by its sealed name")?;
    output.line(format!("   dynaseal verify {place}"))?;
    output.line("      looks at whether every item is sealed as it should be")
}

/// One record with two recipients, and somebody who is none.
async fn two_recipients(output: &mut Screen, config: &TableConfig, item: &Item) -> Result<(), Failure> {
    let keyring = |name: &str| -> Result<Arc<dyn Keyring>, Failure> {
        let mut key = Zeroizing::new([0; 32]);
        SystemRandom.fill(key.as_mut_slice())?;
        Ok(Arc::new(RawAesKeyring::new("demo", name, key.as_slice())?))
    };
    let encryptor = |keyring: &Arc<dyn Keyring>| ItemEncryptor::new(config.clone(), Arc::clone(keyring));
    let (ward, archive, stranger) = (keyring("ward")?, keyring("archive")?, keyring("stranger")?);
    let both: Arc<dyn Keyring> = Arc::new(MultiKeyring::new(Arc::clone(&ward), vec![Arc::clone(&archive)]));
    let sealed = encryptor(&both).encrypt_item(item.clone()).await?.item;
    for keyring in [&ward, &archive] {
        let opened = encryptor(keyring).decrypt_item(sealed.clone()).await?;
        let name = cut(&json::value_to_string(opened.item.get("name").ok_or(DemoError::Missing)?), 60);
        output.line(format!("   {}\n      reads the name {name}", keyring.describe()))?;
    }
    match encryptor(&stranger).decrypt_item(sealed).await {
        Ok(_) => Err(DemoError::Opened.into()),
        Err(error) => {
            output.line(format!("   {}", stranger.describe()))?;
            output.refused(&with_causes(&error))
        }
    }
}

/// The application's own calls, sealed on their way: a scan, a question that DynamoDB can not answer, and an update.
async fn through_the_door(output: &mut Screen, client: &Client, sealer: &Sealer, item: &Item) -> Result<(), Failure> {
    let scan = client.scan().table_name(TABLE);
    let found = scan.clone().projection_expression("id, diagnosis").send_sealed(sealer).await;
    let found = found.map_err(|error| DemoError::from(aws_sdk_dynamodb::Error::from(error)))?;
    for item in found.items.unwrap_or_default() {
        output.line(format!("   scanned  {}", json::to_string(&sdk::from_sdk(item)?)))?;
    }

    let text = SdkValue::S("migraine".to_owned());
    let asked = scan.filter_expression("diagnosis = :d").expression_attribute_values(":d", text);
    match asked.send_sealed(sealer).await {
        Ok(_) => return Err(DemoError::Answered.into()),
        Err(error) => {
            let reason = operation_error(&error).map_or_else(|| with_causes(&error), |error| with_causes(error));
            output.line("   filtered by diagnosis")?;
            output.refused(&reason)?;
        }
    }

    let mut update = sealer.update_sealed(client, TABLE);
    for name in ["id", "visit"] {
        let value = item.get(name).cloned().ok_or(DemoError::Missing)?;
        update = update.key(name, sdk::value_to_sdk(value));
    }
    let added = SdkValue::Ss(vec!["vitamin D".to_owned()]);
    let update = update.update_expression("ADD medication :m").expression_attribute_values(":m", added);
    let mut updated = sdk::from_sdk(update.send().await?.after)?;
    updated.retain(|name, _| matches!(name.as_str(), "id" | "medication"));
    output.line(format!("   updated  {}", json::to_string(&updated)))
}

/// A query by a sealed attribute: what the application says, what DynamoDB is asked, and what comes back.
async fn by_beacon(output: &mut Screen, client: &Client, sealer: &Sealer, item: &Item) -> Result<(), Failure> {
    let table = sealer.tables().get(TABLE).ok_or(DemoError::Missing)?;
    let stored = client.scan().table_name(TABLE).send().await;
    let stored = stored.map_err(|error| DemoError::from(aws_sdk_dynamodb::Error::from(error)))?;
    for item in stored.items.unwrap_or_default() {
        let mut item = sdk::from_sdk(item)?;
        item.retain(|name, _| matches!(name.as_str(), "id" | NAME_BEACON));
        output.line(format!("   DynamoDB holds  {}", json::to_string(&item)))?;
    }
    let name = item.get("name").cloned().ok_or(DemoError::Missing)?;
    let (condition, values) = ("name = :n", Item::from([(":n".to_owned(), name)]));
    let expressions =
        Expressions { key_condition: Some(condition.to_owned()), values: values.clone(), ..Expressions::default() };
    let scan = Scan { index: Some(INDEX.to_owned()), expressions, ..Scan::default() };
    let Expressions { key_condition, values: sent, .. } = Query { scan }.seal(table).await?.0.scan.expressions;
    let asked =
        |who: &str, condition: &str, values: &Item| format!("   {who}  {condition}  {}", json::to_string(values));
    output.line(asked("you ask for   ", condition, &values))?;
    output.line(asked("DynamoDB sees ", &key_condition.unwrap_or_default(), &sent))?;

    let query = client.query().table_name(TABLE).index_name(INDEX).key_condition_expression(condition);
    let query = query.set_expression_attribute_values(Some(sdk::to_sdk(values)));
    let found = query.send_sealed(sealer).await;
    let found = found.map_err(|error| DemoError::from(aws_sdk_dynamodb::Error::from(error)))?;
    for item in found.items.unwrap_or_default() {
        let mut item = sdk::from_sdk(item)?;
        item.retain(|name, _| matches!(name.as_str(), "id" | "name" | "diagnosis"));
        output.line(format!("   you get         {}", json::to_string(&item)))?;
    }
    Ok(())
}

type Change<'a> = &'a dyn Fn(&mut Item);

fn people() -> [Item; 3] {
    let person = |id: &str, visit: i64, name: &str, born: &str, diagnosis: &str, medication: &[&str], ward: &str| {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let medication = medication.iter().map(|text| (*text).to_owned()).collect();
        Item::from([
            ("id".to_owned(), text(id)),
            ("visit".to_owned(), visit.into()),
            ("name".to_owned(), text(name)),
            ("born".to_owned(), text(born)),
            ("diagnosis".to_owned(), text(diagnosis)),
            ("medication".to_owned(), AttributeValue::Ss(medication)),
            ("ward".to_owned(), text(ward)),
            (":seen".to_owned(), false.into()),
        ])
    };
    [
        person("p-1001", 1, "Ada Byron", "1815-12-10", "migraine", &["ibuprofen", "metoclopramide"], "north"),
        person("p-1002", 1, "Émilie du Châtelet", "1706-12-17", "fracture", &["paracetamol"], "north"),
        person("p-1003", 4, "Katherine Johnson", "1918-08-26", "arthritis", &["methotrexate", "folic acid"], "south"),
    ]
}

/// An item as DynamoDB holds it, beside what its owner reads.
fn beside(output: &mut Screen, stored: &Item, opened: &Item) -> Result<(), Failure> {
    output.line(format!("   {:14} {:24} {}", "", "what DynamoDB holds", "what the owner reads"))?;
    for (name, value) in stored {
        let read = opened.get(name).map_or_else(String::new, |value| cut(&json::value_to_string(value), 36));
        // Not broken: the columns are narrow enough.
        output.line(format!("   {name:14} {:24} {read}", cut(&json::value_to_string(value), 22)))?;
    }
    output.line("")
}

fn cut(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn change_byte(item: &mut Item, name: &str) {
    if let Some(AttributeValue::B(bytes)) = item.get_mut(name) {
        bytes.iter_mut().rev().take(1).for_each(|byte| *byte ^= 1);
    }
}

fn rename(item: &mut Item, from: &str, to: &str) {
    if let Some(value) = item.remove(from) {
        item.insert(to.to_owned(), value);
    }
}

async fn create_table(client: &Client) -> Result<(), aws_sdk_dynamodb::Error> {
    let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let attribute = |name, kind| AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build();
    let all = Projection::builder().projection_type(ProjectionType::All).build();
    let by_name = GlobalSecondaryIndex::builder().index_name(INDEX).key_schema(key(NAME_BEACON, KeyType::Hash)?);
    let by_name = by_name.projection(all);
    let create = client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("id", KeyType::Hash)?)
        .key_schema(key("visit", KeyType::Range)?)
        .attribute_definitions(attribute("id", ScalarAttributeType::S)?)
        .attribute_definitions(attribute("visit", ScalarAttributeType::N)?)
        .attribute_definitions(attribute(NAME_BEACON, ScalarAttributeType::S)?)
        .global_secondary_indexes(by_name.build()?);
    create.send().await?;
    Ok(())
}

async fn put(client: &Client, item: Item) -> Result<(), Failure> {
    let put = client.put_item().table_name(TABLE).set_item(Some(sdk::to_sdk(item)));
    put.send().await.map_err(|error| DemoError::from(aws_sdk_dynamodb::Error::from(error)))?;
    Ok(())
}

/// The stored item with the key of this one.
async fn get(client: &Client, item: &Item) -> Result<Item, Failure> {
    let key = ["id", "visit"].into_iter().filter_map(|name| item.get_key_value(name));
    let key = sdk::to_sdk(key.map(|(name, value)| (name.clone(), value.clone())).collect());
    let get = client.get_item().table_name(TABLE).set_key(Some(key)).consistent_read(true);
    let answer = get.send().await.map_err(|error| DemoError::from(aws_sdk_dynamodb::Error::from(error)))?;
    let item = sdk::from_sdk(answer.item.ok_or(DemoError::Missing)?)?;
    if item.contains_key(HEAD) { Ok(item) } else { Err(DemoError::Missing.into()) }
}

/// The configuration with new keys.
fn new_config() -> Result<Zeroizing<String>, Failure> {
    let new_key = || -> Result<Zeroizing<String>, Failure> {
        let mut key = Zeroizing::new([0; 32]);
        SystemRandom.fill(key.as_mut_slice())?;
        Ok(Zeroizing::new(base16ct::lower::encode_string(key.as_slice())))
    };
    let with_key = Zeroizing::new(CONFIG.replace("KEYRING", &new_key()?));
    Ok(Zeroizing::new(with_key.replace("BEACON", &new_key()?)))
}

/// Writes it for this user's eyes only.
fn write(path: &Path, config: &str) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(config.as_bytes()));
    Ok(written.map_err(|source| DemoError::Write { path: path.to_owned(), source })?)
}
