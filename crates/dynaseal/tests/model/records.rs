//! Models whose items are records of the DB-ESDK.

use std::sync::Arc;

use dynaseal::model::{Model, OpenError, Table, Transaction, UnixTime};
use dynaseal::search::BeaconKeys;
use dynaseal::{BeaconKey, CryptoAction, ItemEncryptor, PlaintextPolicy, RawAesKeyring, SealedTable, TableConfig, sdk};
use dynaseal_testkit::block_on;

#[derive(Model, Clone, PartialEq)]
#[model(table = "patients", record)]
struct Patient {
    #[model(partition_key)]
    id: String,
    #[model(sort_key)]
    visit: u32,
    #[model(seal, beacon(length = 24), global_index(name = "by-name", partition_key))]
    name: String,
    #[model(seal)]
    diagnosis: Option<String>,
    #[model(sign, global_index(name = "by-ward", partition_key))]
    ward: String,
    #[model(plain)]
    opened: u32,
    #[model(version)]
    version: u64,
    #[model(ttl)]
    expires: Option<UnixTime>,
}

fn keyring() -> RawAesKeyring {
    RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap()
}

fn beacon_keys() -> BeaconKeys {
    BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap())
}

async fn table() -> Table<Patient> {
    let client = dynaseal::local::memory().unwrap();
    let table = Patient::on(&client).keyring(keyring()).beacon_keys(beacon_keys()).open().unwrap();
    table.create().await.unwrap();
    table
}

fn patient(visit: u32, name: &str) -> Patient {
    Patient {
        id: "p-1".to_owned(),
        visit,
        name: name.to_owned(),
        diagnosis: Some("influenza".to_owned()),
        ward: "north".to_owned(),
        opened: 0,
        version: 0,
        expires: Some(UnixTime(4_000_000_000)),
    }
}

#[tokio::test]
async fn items_are_records_that_other_clients_open() {
    let table = table().await;
    let mut ada = patient(1, "Ada");
    table.save(&mut ada).await.unwrap();
    assert_eq!(table.get(("p-1", 1_u32)).await.unwrap().unwrap(), ada);
    let stored = table.stored(&ada).await.unwrap().unwrap();
    assert!(stored.contains_key("aws_dbe_head") && stored.contains_key("aws_dbe_b_name"));
    assert!(stored["name"].as_b().is_ok() && stored["ward"].as_s().is_ok());

    // As any client of the DB-ESDK with this configuration.
    let config = TableConfig::builder("patients", "id").sort_key("visit");
    let config = config.encrypt(["name", "diagnosis"]).sign(["ward", "version"]).unsigned(["opened", "expires"]);
    let encryptor = ItemEncryptor::new(config.build().unwrap(), keyring());
    let opened = block_on(encryptor.decrypt_item(sdk::from_sdk(stored).unwrap())).unwrap().item;
    let opened = Patient::from_map(sdk::to_sdk(opened)).unwrap();
    assert_eq!(opened, ada);
    assert_eq!(table.sealer().tables().get("patients").unwrap().config().action("ward"), Some(CryptoAction::SignOnly));
    let _: &SealedTable = table.sealer().tables().get("patients").unwrap();
}

#[tokio::test]
async fn beacons_find_what_is_sealed() {
    let table = table().await;
    for (visit, name) in (0..20).zip(["Ada", "Bob", "Eve"].into_iter().cycle()) {
        table.save(&mut patient(visit, name)).await.unwrap();
    }
    let bobs = table.scan().filter(Patient::name().eq("Bob")).items().all().await.unwrap();
    assert_eq!(bobs.iter().map(|patient| patient.visit).filter(|visit| visit % 3 == 1).count(), 7);
    assert_eq!(bobs.len(), 7);
    // The index is one of beacons; what has the same by chance does not come.
    let bobs = table.query_index(Patient::by_name(), "Bob").filter(Patient::opened().eq(0_u32)).items().all().await;
    assert_eq!(bobs.unwrap().len(), 7);
    assert_eq!(table.query_index(Patient::by_name(), "Zoe").count().await.unwrap(), 0);
    let query = table.query("p-1").sort_lt(10_u32).filter(Patient::name().is_in(["Ada", "Eve"]));
    assert_eq!(query.items().all().await.unwrap().len(), 7);
    let ward = table.query_index(Patient::by_ward(), "north").filter(Patient::opened().lt(1_u32));
    assert_eq!(ward.items().all().await.unwrap().len(), 20);
    assert_eq!(table.scan().segments(2).filter(Patient::diagnosis().exists()).count().await.unwrap(), 20);
}

#[tokio::test]
async fn updates_of_sealed_attributes_seal_anew() {
    let table = table().await;
    let mut ada = patient(1, "Ada");
    table.save(&mut ada).await.unwrap();
    let old = ada.clone();
    table.update(&mut ada).set(Patient::name(), "Bob").set(Patient::diagnosis(), None).await.unwrap();
    assert_eq!((ada.name.as_str(), ada.diagnosis.as_deref(), ada.version), ("Bob", None, 2));
    assert_eq!(table.get(("p-1", 1_u32)).await.unwrap().unwrap(), ada);
    assert_eq!(table.scan().filter(Patient::name().eq("Bob")).count().await.unwrap(), 1);
    let opened = table.update_by_key(("p-1", 1_u32)).add(Patient::opened(), 1_u32).await.unwrap();
    assert_eq!((opened.opened, opened.version), (1, 3));
    let mut old = old;
    assert!(table.update(&mut old).set(Patient::name(), "Eve").await.unwrap_err().is_version_conflict());
    let missing = table.update_by_key(("p-1", 9_u32)).set(Patient::name(), "Eve").await.unwrap_err();
    assert_eq!(missing.kind().to_string(), "there is no such item");
}

#[tokio::test]
async fn batches_and_transactions_of_several_tables() {
    #[derive(Model, Clone, PartialEq)]
    #[model(table = "bills", record)]
    struct Bill {
        #[model(partition_key)]
        id: u64,
        #[model(seal)]
        amount: i64,
    }
    let table = table().await;
    let bills = Bill::on(table.client()).keyring(keyring()).open().unwrap();
    bills.create().await.unwrap();
    let (mut ada, mut bill) = (patient(1, "Ada"), Bill { id: 1, amount: 100 });
    Transaction::new().save(&table, &mut ada).save(&bills, &mut bill).send().await.unwrap();
    assert_eq!(ada.version, 1);
    assert!(bills.stored(&bill).await.unwrap().unwrap()["amount"].as_b().is_ok());
    assert_eq!(bills.transact_get([1_u64, 2]).await.unwrap(), [Some(bill.clone()), None]);
    bills.batch().save(&Bill { id: 2, amount: 5 }).delete(1_u64).send().await.unwrap();
    assert_eq!(bills.get_many([1_u64, 2]).await.unwrap(), [None, Some(Bill { id: 2, amount: 5 })]);
}

#[tokio::test]
async fn parts_of_records_are_no_records() {
    #[derive(Model)]
    #[model(table = "partial", record, projection(index = "by-ward", keys_only))]
    struct Partial {
        #[model(partition_key)]
        id: String,
        #[model(sign, global_index(name = "by-ward", partition_key))]
        ward: String,
    }
    let error = Partial::on(&dynaseal::local::memory().unwrap()).keyring(keyring()).open().unwrap_err();
    assert!(error.to_string().starts_with("the index `by-ward` of `Partial` does not have whole items"), "{error}");
    let _ = Partial { id: "a".to_owned(), ward: "b".to_owned() }.to_map().unwrap();
}

#[tokio::test]
async fn what_is_missing_is_said_when_the_table_is_opened() {
    let client = dynaseal::local::memory().unwrap();
    assert!(matches!(Patient::on(&client).open().unwrap_err(), OpenError::NoKeyring { .. }));
    assert!(matches!(Patient::on(&client).keyring(keyring()).open().unwrap_err(), OpenError::NoBeaconKeys { .. }));
    let cmm = Arc::new(dynaseal::DefaultCmm::new(Arc::new(keyring())));
    let table = Patient::on(&client).cmm(cmm).beacon_keys(beacon_keys());
    let table = table.plaintext_policy(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead).open().unwrap();
    table.create().await.unwrap();
    // An item from before encryption, which the policy lets be read.
    let mut old = patient(1, "Ada");
    let plain = old.to_map().unwrap();
    client.put_item().table_name("patients").set_item(Some(plain)).send().await.unwrap();
    assert_eq!(table.get(("p-1", 1_u32)).await.unwrap().unwrap(), old);
    old.version = 0;
    let strict = Patient::on(&client).keyring(keyring()).beacon_keys(beacon_keys()).open().unwrap();
    let error = strict.get(("p-1", 1_u32)).await.unwrap_err();
    assert_eq!(error.key(), Some("(id = \"p-1\", visit = 1)"));
}
