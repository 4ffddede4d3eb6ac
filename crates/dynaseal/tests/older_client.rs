//! Items of the DynamoDB Encryption Client through every door, by the three legacy policies.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue::{self, N, S};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, Get, KeySchemaElement, KeyType, KeysAndAttributes, Put, PutRequest,
    ScalarAttributeType, TransactGetItem, TransactWriteItem, Update, WriteRequest,
};
use dynaseal::legacy::ddbec::{Action, AesKey, Encryptor, HmacKey, Mac, StaticProvider, WrappedProvider};
use dynaseal::model::{Model, UnixTime};
use dynaseal::{
    ConfigError, ErrorKind, HEAD, Interceptor, Item, ItemEncryptor, LegacyEncryptor, LegacyPolicy, PlaintextPolicy,
    RawAesKeyring, SealedPages as _, SealedTable, Sealer, SendSealed as _, TableConfig, sdk,
};

type SdkItem = HashMap<String, AttributeValue>;

const FORCE: LegacyPolicy = LegacyPolicy::ForceLegacyEncryptAllowLegacyDecrypt;
const ALLOW: LegacyPolicy = LegacyPolicy::ForbidLegacyEncryptAllowLegacyDecrypt;
const FORBID: LegacyPolicy = LegacyPolicy::ForbidLegacyEncryptForbidLegacyDecrypt;

/// `seen` is unsigned in both formats; `count` is unsigned in records, and encrypted in the older format.
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
    let builder = Encryptor::builder("people", "id").sort_key("visit").actions([("seen", Action::DoNothing)]);
    Arc::new(builder.build(Arc::new(provider)).unwrap())
}

fn config() -> TableConfig {
    let config = TableConfig::builder("people", "id").sort_key("visit").encrypt(["name"]).sign(["ward"]);
    config.unsigned(["seen", "count"]).build().unwrap()
}

fn keyring() -> RawAesKeyring {
    RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap()
}

fn encryptor(policy: LegacyPolicy) -> ItemEncryptor {
    ItemEncryptor::new(config(), keyring()).with_legacy(policy, older()).unwrap()
}

fn sealer(policy: LegacyPolicy) -> Sealer {
    Sealer::of_table(SealedTable::new("people", encryptor(policy)))
}

fn item(visit: u32) -> SdkItem {
    [
        ("id", S("ada".to_owned())),
        ("visit", N(visit.to_string())),
        ("name", S("Ada Byron".to_owned())),
        ("ward", S("north".to_owned())),
        ("seen", N("0".to_owned())),
        ("count", N("1".to_owned())),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn key(visit: u32) -> SdkItem {
    item(visit).into_iter().filter(|(name, _)| name == "id" || name == "visit").collect()
}

fn ours(item: SdkItem) -> Item {
    sdk::from_sdk(item).unwrap()
}

async fn database() -> Client {
    let client = dynaseal::local::memory().unwrap();
    let of =
        |name: &str, kind| AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap();
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let create = client.create_table().table_name("people").billing_mode(BillingMode::PayPerRequest);
    let create = create.attribute_definitions(of("id", ScalarAttributeType::S));
    let create = create.attribute_definitions(of("visit", ScalarAttributeType::N));
    create.key_schema(key("id", KeyType::Hash)).key_schema(key("visit", KeyType::Range)).send().await.unwrap();
    client
}

async fn stored(client: &Client, visit: u32) -> SdkItem {
    client.get_item().table_name("people").set_key(Some(key(visit))).send().await.unwrap().item.unwrap()
}

fn is_older(item: &SdkItem) -> bool {
    item.contains_key("*amzn-ddb-map-desc*") && item.contains_key("*amzn-ddb-map-sig*") && !item.contains_key(HEAD)
}

fn is_record(item: &SdkItem) -> bool {
    item.contains_key(HEAD) && !item.keys().any(|name| name.starts_with('*'))
}

#[tokio::test]
async fn the_item_encryptor_keeps_the_policy() {
    let plain = ours(item(1));
    let old = older().encrypt_item(plain.clone()).await.unwrap();
    let record = encryptor(ALLOW).encrypt_item(plain.clone()).await.unwrap();
    assert!(record.header.is_some() && record.item.contains_key(HEAD));
    let forced = encryptor(FORCE).encrypt_item(plain.clone()).await.unwrap();
    assert!(forced.header.is_none() && encryptor(FORCE).is_legacy(&forced.item));
    for policy in [FORCE, ALLOW] {
        for sealed in [&old, &forced.item, &record.item] {
            let opened = encryptor(policy).decrypt_item(sealed.clone()).await.unwrap();
            assert_eq!(opened.item, plain, "{}", policy.name());
            let prepared = encryptor(policy).prepare(sealed.clone()).await.unwrap();
            assert_eq!(encryptor(policy).open_prepared(prepared).unwrap().item, plain);
        }
    }
    let error = encryptor(FORBID).decrypt_item(old.clone()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::LegacyForbidden { .. }), "{error:?}");
    assert_eq!(error.key(), "(id = \"ada\", visit = 1)");
    assert!(encryptor(FORBID).prepare(old.clone()).await.is_err());
    // What one encryptor prepared does not pass another that forbids it.
    let prepared = encryptor(ALLOW).prepare(old.clone()).await.unwrap();
    assert!(matches!(encryptor(FORBID).open_prepared(prepared).unwrap_err().kind(), ErrorKind::LegacyForbidden { .. }));
    assert!(encryptor(FORBID).encrypt_item(plain.clone()).await.unwrap().header.is_some());

    // Without any legacy configuration such an item is told from a plain one, also where plain ones may be read.
    let reads_plain = PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead;
    let config = TableConfig::builder("people", "id").sort_key("visit").plaintext_policy(reads_plain).build().unwrap();
    let error = ItemEncryptor::new(config.clone(), keyring()).decrypt_item(old.clone()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::LegacyForbidden { .. }), "{error:?}");
    let both = ItemEncryptor::new(config, keyring()).with_legacy(ALLOW, older());
    assert_eq!(both.unwrap_err(), ConfigError::LegacyAndPlaintext);
}

#[tokio::test]
async fn what_was_changed_is_refused_and_named() {
    let old = older().encrypt_item(ours(item(1))).await.unwrap();
    let mut other = old.clone();
    other.insert("visit".to_owned(), 2.into());
    let mut ward = old.clone();
    ward.insert("ward".to_owned(), "south".into());
    let mut plain = old.clone();
    plain.remove("*amzn-ddb-map-sig*");
    for (changed, key) in [(other, "visit = 2"), (ward, "visit = 1")] {
        let error = encryptor(ALLOW).decrypt_item(changed).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Legacy(_)), "{error:?}");
        assert!(error.to_string().contains(key), "{error}");
        assert!(!format!("{error:?}").contains("Byron"));
    }
    // Half an older item is nothing: not plain, for there is no policy for that.
    assert!(matches!(encryptor(ALLOW).decrypt_item(plain).await.unwrap_err().kind(), ErrorKind::NotSealed { .. }));
    // Another client's keys.
    let keys = StaticProvider::symmetric(
        Some(AesKey::new(&[9; 32]).unwrap()),
        HmacKey::new(Mac::HmacSha256, &[9; 32]).unwrap(),
    );
    let stranger = Encryptor::builder("people", "id").sort_key("visit").build(Arc::new(keys)).unwrap();
    let encryptor = ItemEncryptor::new(config(), keyring()).with_legacy(ALLOW, Arc::new(stranger)).unwrap();
    assert!(matches!(encryptor.decrypt_item(old).await.unwrap_err().kind(), ErrorKind::Legacy(_)));
}

#[tokio::test]
async fn every_operation_of_the_sdk_keeps_the_policy() {
    for (policy, writes_older) in [(FORCE, true), (ALLOW, false), (FORBID, false)] {
        let client = database().await;
        let sealer = sealer(policy);
        let check = |item: &SdkItem| if writes_older { is_older(item) } else { is_record(item) };

        client.put_item().table_name("people").set_item(Some(item(1))).send_sealed(&sealer).await.unwrap();
        let put = PutRequest::builder().set_item(Some(item(2))).build().unwrap();
        let write = WriteRequest::builder().put_request(put).build();
        client.batch_write_item().request_items("people", vec![write]).send_sealed(&sealer).await.unwrap();
        let put = Put::builder().table_name("people").set_item(Some(item(3))).build().unwrap();
        let write = TransactWriteItem::builder().put(put).build();
        client.transact_write_items().transact_items(write).send_sealed(&sealer).await.unwrap();
        let drop_in = client.config().to_builder().interceptor(Interceptor::new(&sealer)).build();
        let drop_in = Client::from_conf(drop_in);
        drop_in.put_item().table_name("people").set_item(Some(item(4))).send().await.unwrap();
        for visit in 1..=4 {
            assert!(check(&stored(&client, visit).await), "{} {visit}", policy.name());
        }

        // And one of each of the older format, written by the older client, which is read or refused.
        let old = sdk::to_sdk(older().encrypt_item(ours(item(5))).await.unwrap());
        client.put_item().table_name("people").set_item(Some(old)).send().await.unwrap();
        let reads = policy != FORBID;
        let get = client.get_item().table_name("people").set_key(Some(key(5)));
        let got = get.clone().send_sealed(&sealer).await;
        assert_eq!(got.is_ok(), reads);
        if let Ok(got) = got {
            assert_eq!(got.item.unwrap(), item(5));
        }
        assert_eq!(drop_in.get_item().table_name("people").set_key(Some(key(5))).send().await.is_ok(), reads);
        let keys = KeysAndAttributes::builder().keys(key(5)).keys(key(1)).build().unwrap();
        let batch = client.batch_get_item().request_items("people", keys).send_sealed(&sealer).await;
        assert_eq!(batch.is_ok(), reads);
        let get = Get::builder().table_name("people").set_key(Some(key(5))).build().unwrap();
        let get = TransactGetItem::builder().get(get).build();
        let got = client.transact_get_items().transact_items(get).send_sealed(&sealer).await;
        assert_eq!(got.is_ok(), reads);
        let query = client.query().table_name("people").key_condition_expression("id = :id");
        let query = query.expression_attribute_values(":id", S("ada".to_owned()));
        let queried = query.clone().send_sealed(&sealer).await;
        assert_eq!(queried.is_ok(), reads);
        if let Ok(queried) = queried {
            let expected: Vec<_> = (1..=5).map(item).collect();
            assert_eq!(queried.items(), expected);
        }
        assert_eq!(
            drop_in
                .query()
                .table_name("people")
                .key_condition_expression("id = :id")
                .expression_attribute_values(":id", S("ada".to_owned()))
                .send()
                .await
                .is_ok(),
            reads
        );
        // Item by item, the others still come.
        let mut pages = client.scan().table_name("people").sealed_pages_each(&sealer);
        let (mut good, mut bad) = (0, 0);
        while let Some(page) = pages.next().await {
            for item in page.unwrap().items {
                if item.is_ok() { good += 1 } else { bad += 1 }
            }
        }
        assert_eq!((good, bad), if reads { (5, 0) } else { (4, 1) });
    }
}

#[tokio::test]
async fn updates_move_items_or_keep_them_by_the_policy() {
    for (policy, keeps) in [(FORCE, true), (ALLOW, false)] {
        let client = database().await;
        let sealer = sealer(policy);
        let old = sdk::to_sdk(older().encrypt_item(ours(item(1))).await.unwrap());
        client.put_item().table_name("people").set_item(Some(old)).send().await.unwrap();
        let update =
            sealer.update_sealed(&client, "people").key("id", S("ada".to_owned())).key("visit", N("1".to_owned()));
        let update = update.update_expression("SET #n = :n").expression_attribute_names("#n", "name");
        update.expression_attribute_values(":n", S("Ada King".to_owned())).send().await.unwrap();
        let now = stored(&client, 1).await;
        assert!(if keeps { is_older(&now) } else { is_record(&now) });
        // Also what the older format had encrypted and a record leaves unsigned is plain now, and still what it was.
        let count = if keeps { AttributeValue::is_b } else { AttributeValue::is_n };
        assert!(count(&now["count"]));
        let opened = client.get_item().table_name("people").set_key(Some(key(1))).send_sealed(&sealer).await.unwrap();
        let mut expected = item(1);
        expected.insert("name".to_owned(), S("Ada King".to_owned()));
        assert_eq!(opened.item.unwrap(), expected);
    }
}

#[tokio::test]
async fn plain_updates_may_not_break_items_of_the_older_format() {
    let client = database().await;
    let one = async |sealer: &Sealer, name: &str| {
        let update = client.update_item().table_name("people").set_key(Some(key(1)));
        let update = update.update_expression("SET #n = :n").condition_expression("attribute_exists(id)");
        let update = update.expression_attribute_names("#n", name).expression_attribute_values(":n", N("5".to_owned()));
        update.send_sealed(sealer).await
    };
    let (allow, forbid) = (sealer(ALLOW), sealer(FORBID));
    let old = sdk::to_sdk(older().encrypt_item(ours(item(1))).await.unwrap());
    client.put_item().table_name("people").set_item(Some(old)).send().await.unwrap();
    let error = one(&allow, "count").await.unwrap_err();
    let refusal = dynaseal::operation_error(&error).unwrap().refusal().to_string();
    assert!(refusal.contains("`count` is unsigned in records but signed in items of the older format"), "{refusal}");
    // What both leave unsigned may change.
    one(&allow, "seen").await.unwrap();
    let opened = client.get_item().table_name("people").set_key(Some(key(1))).send_sealed(&allow).await.unwrap();
    assert_eq!(opened.item.unwrap()["seen"], N("5".to_owned()));
    // In a transaction as alone.
    let update = Update::builder().table_name("people").set_key(Some(key(1))).update_expression("SET #n = :n");
    let update = update.condition_expression("attribute_exists(id)").expression_attribute_names("#n", "count");
    let update = update.expression_attribute_values(":n", N("5".to_owned())).build().unwrap();
    let write = TransactWriteItem::builder().update(update).build();
    assert!(client.transact_write_items().transact_items(write).send_sealed(&allow).await.is_err());
    // Where no older items may be, nothing of them is asked.
    client.put_item().table_name("people").set_item(Some(item(1))).send_sealed(&forbid).await.unwrap();
    one(&forbid, "count").await.unwrap();
}

#[derive(Model, Clone, PartialEq)]
#[model(table = "patients", record)]
struct Patient {
    #[model(partition_key)]
    id: String,
    #[model(seal)]
    name: String,
    #[model(sign)]
    ward: String,
    #[model(plain, ttl)]
    expires: Option<UnixTime>,
}

#[tokio::test]
async fn models_keep_the_policy() {
    let keys = || {
        let aes = AesKey::new(&[1; 32]).unwrap();
        Arc::new(StaticProvider::symmetric(Some(aes), HmacKey::new(Mac::HmacSha256, &[2; 32]).unwrap()))
    };
    let older: Arc<dyn LegacyEncryptor> =
        Arc::new(Encryptor::builder("patients", "id").actions([("expires", Action::DoNothing)]).build(keys()).unwrap());
    let client = dynaseal::local::memory().unwrap();
    let table = |policy| Patient::on(&client).keyring(keyring()).legacy(policy, Arc::clone(&older)).open().unwrap();
    table(FORCE).create().await.unwrap();
    let ada = Patient { id: "ada".into(), name: "Ada".into(), ward: "north".into(), expires: None };
    table(FORCE).save(&mut ada.clone()).await.unwrap();
    let raw = async || {
        client.get_item().table_name("patients").key("id", S("ada".into())).send().await.unwrap().item.unwrap()
    };
    assert!(is_older(&raw().await));
    assert!(table(FORBID).get("ada").await.is_err());
    let mut found = table(ALLOW).get("ada").await.unwrap().unwrap();
    assert_eq!(found, ada);
    table(ALLOW).save(&mut found).await.unwrap();
    assert!(is_record(&raw().await));
    assert_eq!(table(FORBID).get("ada").await.unwrap().unwrap(), ada);
}
