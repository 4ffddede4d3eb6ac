//! What is given twice: refused, joined, or said to count once.

use std::sync::Arc;

use dynaseal::legacy::ddbec::{AesKey, Encryptor, HmacKey, Mac, WrappedProvider};
use dynaseal::model::{Model, OpenError, Options};
use dynaseal::search::BeaconKeys;
use dynaseal::{BeaconKey, DefaultCmm, LegacyEncryptor, LegacyPolicy, PlaintextPolicy, RawAesKeyring};

use crate::keys;
use crate::line::Db;

#[derive(Model)]
#[model(table = "twice", record)]
struct Record {
    #[model(partition_key)]
    id: String,
    #[model(seal, beacon(length = 16))]
    name: String,
}

#[derive(Model)]
#[model(table = "twice")]
struct Sealed {
    #[model(partition_key)]
    id: String,
    #[model(seal = "deterministic", also_reads = "pynamodb_mate")]
    name: String,
    #[model(global_index(name = "by-a", partition_key))]
    a: String,
    #[model(global_index(name = "by-b", partition_key))]
    b: String,
}

fn keyring(byte: u8) -> RawAesKeyring {
    RawAesKeyring::new("example", "key-1", &[byte; 32]).unwrap()
}

fn beacon_keys() -> BeaconKeys {
    BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap())
}

fn older() -> Arc<dyn LegacyEncryptor> {
    let aes = AesKey::new(&[1; 32]).unwrap();
    let hmac = HmacKey::new(Mac::HmacSha256, &[2; 32]).unwrap();
    let provider = WrappedProvider::builder()
        .wrapping_key(aes.clone())
        .unwrapping_key(aes)
        .signing_key(hmac.clone())
        .verification_key(hmac)
        .build()
        .unwrap();
    Arc::new(Encryptor::builder("twice", "id").build(Arc::new(provider)).unwrap())
}

fn refused<M: Model>(options: Options<M>, what: &str) {
    let error = options.open().unwrap_err();
    assert!(matches!(&error, OpenError::Twice { what: told, .. } if told == what), "{error:?}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[test]
fn options_are_given_once() {
    let (_, client) = Db::new();
    let record = || Record::on(&client).keyring(keyring(1)).beacon_keys(beacon_keys());
    let sealed = || Sealed::on(&client).attribute_keys(&keys()).pynamodb_mate("s3cret");
    record().open().unwrap();
    sealed().open().unwrap();

    refused(record().keyring(keyring(2)), "a keyring or CMM");
    refused(record().cmm(Arc::new(DefaultCmm::new(Arc::new(keyring(2))))), "a keyring or CMM");
    refused(record().beacon_keys(beacon_keys()), "beacon keys");
    let policy = PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead;
    refused(record().plaintext_policy(policy).plaintext_policy(PlaintextPolicy::default()), "a plaintext policy");
    refused(sealed().attribute_keys(&keys()), "attribute keys");
    refused(sealed().pynamodb_mate("s3cret too"), "a passphrase of pynamodb_mate");
    refused(
        sealed().pynamodb_mate_of("name", "s3cret").pynamodb_mate_of("name", "s3cret too"),
        "a passphrase of `name`",
    );
    refused(sealed().table_name("one").table_name("two"), "a table name");
    refused(sealed().on_legacy(|_| ()).on_legacy(|_| ()), "what is told of older values");
    let legacy =
        |options: Options<Record>| options.legacy(LegacyPolicy::ForbidLegacyEncryptAllowLegacyDecrypt, older());
    refused(legacy(legacy(record())), "a legacy policy");
}

#[tokio::test]
async fn what_is_read_is_narrowed_or_refused() {
    let (db, client) = Db::new();
    let table = Sealed::on(&client).attribute_keys(&keys()).pynamodb_mate("s3cret").open().unwrap();
    table.create().await.unwrap();
    for id in ["1", "2", "3", "4"] {
        let mut item = Sealed { id: id.into(), name: "name".into(), a: "a".into(), b: "b".into() };
        table.save(&mut item).await.unwrap();
    }
    assert_eq!(table.scan().limit(3).limit(1).items().all().await.unwrap().len(), 1);
    assert_eq!(table.scan().limit(1).limit(3).items().all().await.unwrap().len(), 1);
    let rate = table.scan().rate_limit(0.0).rate_limit(5.0).count().await.unwrap_err();
    assert!(rate.kind().to_string().contains("more than 0"), "{rate:?}");
    let rate = table.scan().rate_limit(5.0).rate_limit(f64::NAN).count().await.unwrap_err();
    assert!(rate.kind().to_string().contains("more than 0"), "{rate:?}");

    db.sent();
    let two = || table.scan().index(Sealed::by_a()).index(Sealed::by_b());
    let turned = || table.scan().index(Sealed::by_a()).index(Sealed::primary_key());
    for refused in [
        two().items().all().await.map(drop),
        two().page().await.map(drop),
        two().count().await.map(drop),
        two().columns(["a"]).all().await.map(drop),
        turned().count().await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().kind().to_string(), "two indexes are given, and one is read");
    }
    assert!(db.sent().is_empty());
    assert_eq!(table.scan().index(Sealed::by_a()).index(Sealed::by_a()).count().await.unwrap(), 4);
}
