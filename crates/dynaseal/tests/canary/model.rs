//! Models of records and of sealed attributes: every call, and what fails behind it.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::legacy::pynamodb_mate::{Key, Mode, Value};
use dynaseal::model::{LegacyRead, Model, ModelError, ModelErrorKind, Table, Transaction};
use dynaseal::search::BeaconKeys;
use dynaseal::{AttributeKeys, AttributeRoot, BeaconKey, RawAesKeyring, SystemRandom};

use crate::secret::{NUMBER, TEXT, shown_in};
use crate::watch::{Meddling, Watch, Wire};

/// A record.
#[derive(Model, Clone, PartialEq)]
#[model(table = "patients", record)]
struct Patient {
    #[model(partition_key)]
    id: String,
    #[model(seal, beacon(length = 24), global_index(name = "by-name", partition_key))]
    name: String,
    #[model(seal)]
    notes: Vec<String>,
    #[model(sign)]
    ward: String,
    #[model(plain)]
    seen: u32,
    #[model(version)]
    version: u64,
}

/// Sealed attributes, one of them the key.
#[derive(Model, Clone, PartialEq)]
#[model(table = "accounts")]
struct Account {
    #[model(partition_key, seal = "deterministic")]
    owner: String,
    #[model(seal)]
    balance: String,
    #[model(seal, also_reads = "pynamodb_mate")]
    older: String,
    #[model(seal = "deterministic", global_index(name = "by-code", partition_key))]
    code: String,
    seen: u32,
    #[model(version)]
    version: u64,
}

/// The same table, as somebody sees it who expects numbers.
#[derive(Model, Clone, PartialEq)]
#[model(table = "accounts")]
struct Misread {
    #[model(partition_key, seal = "deterministic")]
    owner: String,
    #[model(seal)]
    balance: u32,
    #[model(seal = "deterministic")]
    code: u32,
}

fn patient(id: &str) -> Patient {
    Patient {
        id: id.to_owned(),
        name: TEXT.to_owned(),
        notes: vec![TEXT.to_owned(), NUMBER.to_owned()],
        ward: "north".to_owned(),
        seen: 0,
        version: 0,
    }
}

fn account() -> Account {
    Account {
        owner: TEXT.to_owned(),
        balance: NUMBER.to_owned(),
        older: TEXT.to_owned(),
        code: TEXT.to_owned(),
        seen: 0,
        version: 0,
    }
}

/// A call that works; what was sent for it is looked at.
macro_rules! call {
    ($watch:expr, $wire:expr, $name:literal, $call:expr) => {{
        let (watch, wire): (&Watch, &Wire) = ($watch, $wire);
        watch.called($name);
        let given = $call.unwrap_or_else(|error| panic!("{}: {}", $name, watch.causes(&error)));
        watch.sent(wire);
        given
    }};
}

/// A call that fails.
macro_rules! fails {
    ($watch:expr, $wire:expr, $name:literal, $call:expr) => {{
        let (watch, wire): (&Watch, &Wire) = ($watch, $wire);
        watch.called($name);
        match $call {
            Ok(_) => watch.wrong(&format!("{} works", $name)),
            Err(error) => {
                let error: ModelError = error;
                watch.error(&error);
                watch.error(error.kind());
            }
        }
        watch.sent(wire);
    }};
}

pub(crate) async fn records(watch: &Watch) {
    let wire = Wire::new();
    let open = |byte: u8| -> Table<Patient> {
        let keyring = RawAesKeyring::new("tests", "key", &[byte; 32]).unwrap();
        let beacons = BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap());
        Patient::on(&wire.client()).keyring(keyring).beacon_keys(beacons).open().unwrap()
    };
    let (table, wrong) = (open(7), open(9));
    let w = &wire;
    call!(watch, w, "Table::create", table.create().await);
    let mut ada = patient("ada");
    watch.debug(&table);
    watch.text("a model", &format!("{ada:?}"));
    watch.debug(&table.save(&mut ada));
    call!(watch, w, "Table::save", table.save(&mut ada).await);
    watch.debug(&table.get("ada"));
    assert_eq!(call!(watch, w, "Table::get", table.get("ada").await).unwrap(), ada);
    let stored = call!(watch, w, "Table::stored", table.stored(&ada).await);
    watch.text("what is stored", &format!("{stored:?}"));
    call!(watch, w, "Table::refresh", table.refresh(&mut ada).await);
    let rename = || table.update_by_key("ada").set(Patient::name(), TEXT).condition(Patient::name().eq(TEXT));
    watch.debug(&rename());
    call!(watch, w, "Table::update_by_key", rename().await);
    call!(watch, w, "Table::refresh", table.refresh(&mut ada).await);
    call!(watch, w, "Table::update", table.update(&mut ada).set(Patient::notes(), vec![TEXT.to_owned()]).await);
    call!(watch, w, "Table::update", table.update(&mut ada).set(Patient::seen(), 5_u32).await);
    let batch = || table.batch().save(&patient("bob")).save(&patient("eve")).delete("nobody");
    watch.debug(&batch());
    watch.called("Table::batch");
    watch.called("BatchWrite::save");
    watch.called("BatchWrite::delete");
    let unversioned = batch().send().await;
    // Versions are not compared in batches, so they may be refused there.
    if let Err(error) = &unversioned {
        watch.error(error);
    }
    watch.called("BatchWrite::send");
    watch.sent(w);
    let mut bob = patient("bob2");
    let check = Patient::ward().eq("north");
    let transaction = Transaction::new().save(&table, &mut bob).check(&table, "ada", check);
    watch.debug(&transaction);
    watch.called("Transaction::new");
    watch.called("Transaction::save");
    watch.called("Transaction::check");
    call!(watch, w, "Transaction::send", transaction.send().await);
    let mut again = patient("bob2");
    let gone = patient("nobody");
    watch.called("Transaction::save_if");
    watch.called("Transaction::delete");
    let transaction = Transaction::new().save_if(&table, &mut again, Patient::seen().gt(7_u32)).delete(&table, &gone);
    fails!(watch, w, "Transaction::send", transaction.send().await);
    // Two that are there already: which items stopped it is told of each.
    let (mut one, mut two) = (patient("ada"), patient("bob2"));
    let stopped = Transaction::new().save(&table, &mut one).save(&table, &mut two).send().await.unwrap_err();
    watch.error(&stopped);
    let ModelErrorKind::Canceled { items } = stopped.kind() else { panic!("{stopped:?}") };
    for item in items {
        watch.debug(item);
        watch.debug(item.reason.as_ref().unwrap());
        watch.text("an item that stopped a transaction", &item.to_string());
    }
    watch.sent(w);
    call!(watch, w, "Table::get_many", table.get_many(["ada", "bob2"]).await);
    call!(watch, w, "Table::transact_get", table.transact_get(["ada"]).await);
    let found = call!(watch, w, "Table::query", table.query("ada").page().await);
    watch.called("Query::page");
    watch.debug(&found);
    let index = || table.query_index(Patient::by_name(), TEXT).filter(Patient::ward().eq("north"));
    watch.debug(&index());
    watch.called("Query::count");
    assert!(call!(watch, w, "Table::query_index", index().count().await) > 0);
    let mut rows = index().columns(["name", "ward"]);
    watch.debug(&rows);
    watch.called("Query::columns");
    let row = rows.next().await.unwrap().unwrap();
    watch.debug(&row);
    assert_eq!(row.get(Patient::name()).unwrap(), TEXT);
    watch.error(&row.get(Patient::seen()).unwrap_err());
    let scan = || table.scan().filter(Patient::name().is_in([TEXT, "other"]));
    watch.debug(&scan());
    watch.called("Scan::count");
    assert!(call!(watch, w, "Table::scan", scan().count().await) > 0);
    let page = call!(watch, w, "Scan::page", scan().page_size(1).page().await);
    watch.debug(&page);
    if let Some(next) = &page.next {
        watch.debug(next);
    }
    let mut rows = scan().columns(["notes"]);
    watch.called("Scan::columns");
    watch.debug(&rows.next().await.unwrap().unwrap());
    assert!(!scan().segments(2).items().all().await.unwrap().is_empty());
    watch.called("Scan::segments");
    watch.called("Scan::index");
    call!(watch, w, "Scan::page", table.scan().index(Patient::by_name()).page().await);
    watch.debug(&Patient::name().eq(TEXT));
    watch.sent(w);

    fails!(watch, w, "Table::save", table.save(&mut patient("ada")).await);
    fails!(watch, w, "Table::save", table.save(&mut ada.clone()).condition(Patient::ward().eq("south")).await);
    fails!(watch, w, "Table::update_by_key", table.update_by_key("nobody").set(Patient::name(), TEXT).await);
    let other = Patient::name().eq("another");
    fails!(
        watch,
        w,
        "Table::update_by_key",
        table.update_by_key("ada").set(Patient::name(), TEXT).condition(other).await
    );
    let mut large = patient("large");
    large.notes = vec![TEXT.repeat(1000); 20];
    fails!(watch, w, "Table::save", table.save(&mut large).await);
    everything_fails(watch, w, &wrong).await;
    for meddling in [Meddling::Tampers, Meddling::Echoes] {
        wire.meddle(meddling);
        everything_fails(watch, w, &table).await;
    }
    wire.meddle(Meddling::EchoesWrites);
    fails!(watch, w, "Table::save", table.save(&mut patient("zoe")).await);
    fails!(watch, w, "Table::update_by_key", table.update_by_key("ada").set(Patient::name(), TEXT).await);
    fails!(watch, w, "Table::update_by_key", table.update_by_key("ada").set(Patient::seen(), 1_u32).await);
    let mut zoe = patient("zoe");
    fails!(watch, w, "Transaction::send", Transaction::new().save(&table, &mut zoe).send().await);
    wire.meddle(Meddling::Nothing);
    watch.debug(&table.delete(&ada));
    call!(watch, w, "Table::refresh", table.refresh(&mut ada).await);
    call!(watch, w, "Table::delete", table.delete(&ada).await);
    call!(watch, w, "Table::delete_by_key", table.delete_by_key("bob2").await);
}

/// Reads of what cannot be opened, or of a service that refuses.
async fn everything_fails(watch: &Watch, wire: &Wire, table: &Table<Patient>) {
    fails!(watch, wire, "Table::get", table.get("ada").await);
    fails!(watch, wire, "Table::refresh", table.refresh(&mut patient("ada")).await);
    fails!(watch, wire, "Table::get_many", table.get_many(["ada", "bob2"]).await);
    fails!(watch, wire, "Table::transact_get", table.transact_get(["ada"]).await);
    fails!(watch, wire, "Query::page", table.query("ada").page().await);
    fails!(watch, wire, "Scan::page", table.scan().filter(Patient::name().eq(TEXT)).page().await);
    fails!(watch, wire, "Table::update_by_key", table.update_by_key("ada").set(Patient::name(), TEXT).await);
}

pub(crate) async fn sealed_attributes(watch: &Watch) {
    let wire = Wire::new();
    let client = wire.client();
    let keys = |byte| AttributeKeys::new(AttributeRoot::from_bytes("2026", &[byte; 32]).unwrap());
    let told = Arc::new(Mutex::new(Vec::<String>::new()));
    let open = |byte| {
        let told = Arc::clone(&told);
        let hook = move |read: &LegacyRead| told.lock().unwrap().push(format!("{read:?} {read:#?}"));
        Account::on(&client).attribute_keys(&keys(byte)).pynamodb_mate("secret").on_legacy(hook).open().unwrap()
    };
    let (table, wrong) = (open(7), open(9));
    let w = &wire;
    call!(watch, w, "Table::create_if_missing", table.create_if_missing().await);
    let mut mine = account();
    watch.text("a model", &format!("{mine:?} {mine:#?}"));
    watch.debug(&table.save(&mut mine));
    call!(watch, w, "Table::save", table.save(&mut mine).condition(Account::code().not_exists()).await);
    assert_eq!(call!(watch, w, "Table::get", table.get(TEXT).await).unwrap(), mine);
    watch.debug(&table.get(TEXT));
    let stored = call!(watch, w, "Table::stored", table.stored(&mine).await).unwrap();
    watch.text("what is stored", &format!("{stored:?}"));
    watch.called("Table::to_stored");
    watch.text("to be stored", &format!("{:?}", table.to_stored(&mine).unwrap()));
    watch.called("Table::from_stored");
    assert!(table.from_stored(stored.clone()).unwrap() == mine);
    let by_code = || table.query_index(Account::by_code(), TEXT);
    watch.debug(&by_code());
    assert_eq!(call!(watch, w, "Table::query_index", by_code().count().await), 1);
    assert_eq!(call!(watch, w, "Table::scan", table.scan().filter(Account::code().eq(TEXT)).count().await), 1);
    let page = call!(watch, w, "Scan::page", table.scan().page_size(1).page().await);
    watch.debug(&page);
    if let Some(next) = &page.next {
        watch.debug(next);
    }
    let update = || table.update_by_key(TEXT).set(Account::balance(), NUMBER).set(Account::code(), TEXT);
    watch.debug(&update());
    call!(watch, w, "Table::update_by_key", update().await);
    watch.debug(&table.delete_by_key(TEXT));
    call!(watch, w, "Table::get_many", table.get_many([TEXT]).await);
    call!(watch, w, "Table::transact_get", table.transact_get([TEXT]).await);

    // A value in the older format is told of, and not shown.
    let older = Key::from_passphrase("secret");
    let older = older.insecure_seal(Mode::Randomised, &Value::Text(TEXT.to_owned()), &SystemRandom).unwrap();
    let mut row = stored.clone();
    row.insert("older".to_owned(), AttributeValue::B(Blob::new(older)));
    client.put_item().table_name("accounts").set_item(Some(row)).send().await.unwrap();
    wire.take();
    call!(watch, w, "Table::get", table.get(TEXT).await);
    let told = std::mem::take(&mut *told.lock().unwrap());
    assert_eq!(told.len(), 1);
    watch.text("what a hook is told", &told[0]);
    let resealed = call!(watch, w, "Table::reseal", table.reseal().await);
    watch.debug(&resealed);

    fails!(watch, w, "Table::from_stored", wrong.from_stored(stored.clone()));
    let misread = Misread::on(&client).attribute_keys(&keys(7)).open().unwrap();
    fails!(watch, w, "Table::get", misread.get(TEXT).await);
    fails!(watch, w, "Table::query", misread.query(TEXT).page().await);
    let mut stale = account();
    fails!(watch, w, "Table::save", table.save(&mut stale).await);
    wire.meddle(Meddling::Echoes);
    fails!(watch, w, "Table::get", table.get(TEXT).await);
    fails!(watch, w, "Table::save", table.save(&mut account()).await);
    fails!(watch, w, "Table::update_by_key", update().await);
    fails!(watch, w, "Table::query_index", by_code().page().await);
    fails!(watch, w, "Table::delete_by_key", table.delete_by_key(TEXT).await);
    wire.meddle(Meddling::Nothing);
    call!(watch, w, "Table::delete_by_key", table.delete_by_key(TEXT).await);
    assert!(shown_in(&format!("{:?}", mine.owner)).is_some());
}
