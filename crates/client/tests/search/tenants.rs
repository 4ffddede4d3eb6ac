//! Two tenants in one table, each with its own keys.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal_client::{Refusal, SealedPages, SealedTable, Sealer, SendSealed, operation_error, value};
use dynaseal_core::{
    AttributeBranchKeyId, AttributeValue, BeaconKey, BranchKey, BranchKeyMaterials, HierarchicalKeyring, Item,
    ItemEncryptor, PlaintextPolicy, RawAesKeyring, StaticBeaconKeySource, StaticBranchKeySource, TableConfig, Uuid,
};
use dynaseal_search::{BeaconKeys, CompoundBeacon, SearchConfig, StandardBeacon};

const TABLE: &str = "people";

/// Sees the branch keys of these tenants only; the beacon keys of both.
fn sealer(tenants: &[&str], key_field: &str) -> Sealer {
    sealer_with(tenants, key_field, PlaintextPolicy::default())
}

fn sealer_with(tenants: &[&str], key_field: &str, policy: PlaintextPolicy) -> Sealer {
    let config = TableConfig::builder(TABLE, "id")
        .encrypt(["name"])
        .sign(["tenant", "ward"])
        .include_in_context(["owner"])
        .plaintext_policy(policy);
    let materials = |name: &str| {
        let byte = name.bytes().last().unwrap();
        let version = Uuid::from_bytes([byte; 16]);
        BranchKeyMaterials::new(name, version, BranchKey::copy_from(&[byte; 32]).unwrap())
    };
    let (first, others) = tenants.split_first().unwrap();
    let source = others
        .iter()
        .fold(StaticBranchKeySource::new(materials(first)), |source, name| source.with_older(materials(name)));
    let by_owner = AttributeBranchKeyId::new("owner", [("1", "tenant-1"), ("2", "tenant-2")]);
    let keyring = HierarchicalKeyring::with_supplier(Arc::new(by_owner), Arc::new(source));
    let beacons = ["tenant-1", "tenant-2"].iter().fold(StaticBeaconKeySource::default(), |source, name| {
        source.with(*name, BeaconKey::copy_from(&[name.bytes().last().unwrap(); 32]).unwrap())
    });
    let search = SearchConfig::new(BeaconKeys::by_tenant(Arc::new(beacons), key_field))
        .standard(StandardBeacon::new("name", 1))
        .compound(CompoundBeacon::new("who", '.').signed("tenant", "T-").encrypted("name", "N-"));
    let encryptor = ItemEncryptor::new(config.build().unwrap(), keyring);
    Sealer::of_table(SealedTable::new(TABLE, encryptor).with_search(search).unwrap())
}

fn person(id: &str, owner: &str, name: &str) -> Item {
    [("id", id), ("owner", owner), ("name", name), ("ward", "north"), ("tenant", &format!("tenant-{owner}"))]
        .map(|(attribute, text)| (attribute.to_owned(), AttributeValue::S(text.to_owned())))
        .into()
}

async fn fill(client: &Client, key_field: &str) {
    dynaseal_local::create_table(client, TABLE, "id", None).await.unwrap();
    for owner in ["1", "2"] {
        let sealer = sealer(&[&format!("tenant-{owner}")], key_field);
        for (number, name) in ["Ada", "Bob", "Cleo", "Dan", "Ada"].iter().enumerate() {
            let mut item = person(&format!("{owner}-{number}"), owner, name);
            if key_field == "key" {
                item.insert("key".to_owned(), format!("tenant-{owner}").into());
            }
            let put = client.put_item().table_name(TABLE).set_item(Some(value::to_sdk(item)));
            put.send_sealed(&sealer).await.unwrap();
        }
    }
}

async fn ids(client: &Client, sealer: &Sealer, filter: &str, values: &[(&str, &str)]) -> Result<Vec<String>, Refusal> {
    let mut scan = client.scan().table_name(TABLE).filter_expression(filter).expression_attribute_names("#n", "name");
    for (name, text) in values {
        scan = scan.expression_attribute_values(*name, SdkValue::S((*text).to_owned()));
    }
    let mut items = scan.sealed_items(sealer);
    let mut ids = Vec::new();
    while let Some(item) = items.next().await {
        match item {
            Ok(item) => ids.push(item["id"].as_s().unwrap().clone()),
            Err(error) => {
                let reason = operation_error(&error).unwrap().refusal().to_string();
                return Err(Refusal::NotSealed { name: reason });
            }
        }
    }
    ids.sort();
    Ok(ids)
}

#[tokio::test]
async fn each_sees_its_own_items_only() {
    let client = dynaseal_local::memory().unwrap();
    fill(&client, "tenant").await;
    for owner in ["1", "2"] {
        let tenant = format!("tenant-{owner}");
        let expected = vec![format!("{owner}-0"), format!("{owner}-4")];
        // With one bit, about half of the other's items have the same beacons; they could not even be opened.
        for sealer in [
            sealer(&[&tenant], "tenant"),
            sealer(&[&tenant, if owner == "1" { "tenant-2" } else { "tenant-1" }], "tenant"),
        ] {
            let of_name = ids(&client, &sealer, "#n = :n AND tenant = :t", &[(":n", "Ada"), (":t", &tenant)]).await;
            assert_eq!(of_name.unwrap(), expected);
            let who = format!("T-{tenant}.N-Ada");
            assert_eq!(
                ids(&client, &sealer, "who = :w AND attribute_exists(#n)", &[(":w", &who)]).await.unwrap(),
                expected
            );
            let values = [(":w", who.as_str()), (":x", "north"), (":n", "Ada")];
            let both = ids(&client, &sealer, "(who = :w OR ward = :x) AND #n = :n", &values);
            assert_eq!(both.await.unwrap(), expected);
        }
    }
    let sealer = sealer(&["tenant-1"], "tenant");
    assert!(ids(&client, &sealer, "#n = :n", &[(":n", "Ada")]).await.is_err());
    assert!(ids(&client, &sealer, "#n = :n AND NOT tenant = :t", &[(":n", "Ada"), (":t", "tenant-1")]).await.is_err());
}

#[tokio::test]
async fn a_key_field_that_is_not_stored_says_whose_items_are_asked_for() {
    let client = dynaseal_local::memory().unwrap();
    fill(&client, "key").await;
    let sealer = sealer(&["tenant-2"], "key");
    for filter in ["#n = :n AND key = :t", "key = :t AND #n = :n AND attribute_exists(ward)", "(#n = :n) AND :t = key"]
    {
        let found = ids(&client, &sealer, filter, &[(":n", "Ada"), (":t", "tenant-2")]).await;
        assert_eq!(found.unwrap(), ["2-0", "2-4"], "{filter}");
    }
    // Also where nothing else is asked, or nothing that needs a key.
    for filter in ["key = :t AND attribute_exists(#n)", "key = :t AND attribute_exists(ward) AND attribute_exists(#n)"]
    {
        let found = ids(&client, &sealer, filter, &[(":t", "tenant-2")]).await;
        assert_eq!(found.unwrap(), ["2-0", "2-1", "2-2", "2-3", "2-4"], "{filter}");
    }
    let both = ids(
        &client,
        &sealer,
        "key = :t AND key = :u AND attribute_exists(#n)",
        &[(":t", "tenant-2"), (":u", "tenant-1")],
    );
    assert!(both.await.is_err());
    let raw = client.scan().table_name(TABLE).send().await.unwrap();
    assert!(raw.items().iter().all(|item| !item.contains_key("key")));
    assert!(ids(&client, &sealer, "#n = :n OR key = :t", &[(":n", "Ada"), (":t", "tenant-2")]).await.is_err());
}

/// On the way to encryption, no header says whose an item is; the key field, which is not taken out of plain items, does.
#[tokio::test]
async fn plain_items_are_of_their_tenants_too() {
    let client = dynaseal_local::memory().unwrap();
    dynaseal_local::create_table(&client, TABLE, "id", None).await.unwrap();
    for owner in ["1", "2"] {
        let mut item = person(&format!("plain-{owner}"), owner, "Ada");
        item.insert("key".to_owned(), format!("tenant-{owner}").into());
        client.put_item().table_name(TABLE).set_item(Some(value::to_sdk(item))).send().await.unwrap();
    }
    let nobodys = person("nobody", "1", "Ada");
    client.put_item().table_name(TABLE).set_item(Some(value::to_sdk(nobodys))).send().await.unwrap();
    let asked = "key = :t AND attribute_exists(#n) AND ward = :w";
    for policy in [
        PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead,
        PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead,
    ] {
        let sealer = sealer_with(&["tenant-1"], "key", policy);
        let found = ids(&client, &sealer, asked, &[(":t", "tenant-1"), (":w", "north")]).await;
        assert_eq!(found.unwrap(), ["plain-1"], "{policy:?}");
    }
}

#[tokio::test]
async fn items_that_belong_to_nobody_or_to_two_are_not_written() {
    let client = dynaseal_local::memory().unwrap();
    dynaseal_local::create_table(&client, TABLE, "id", None).await.unwrap();
    // The item says that it is the other's.
    let mut item = person("1", "1", "Ada");
    item.insert("tenant".to_owned(), "tenant-2".into());
    let put = client.put_item().table_name(TABLE).set_item(Some(value::to_sdk(item)));
    let error = put.send_sealed(&sealer(&["tenant-1"], "tenant")).await.unwrap_err();
    assert!(matches!(operation_error(&error).unwrap().refusal(), Refusal::Beacons { .. }), "{error:?}");
    // Another keyring says nothing about tenants.
    let config = TableConfig::builder(TABLE, "id").encrypt(["name"]).sign(["tenant"]).build().unwrap();
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap());
    let source = StaticBeaconKeySource::new("tenant-1", BeaconKey::copy_from(&[1; 32]).unwrap());
    let search =
        SearchConfig::new(BeaconKeys::by_tenant(Arc::new(source), "tenant")).standard(StandardBeacon::new("name", 4));
    let sealer = Sealer::of_table(SealedTable::new(TABLE, encryptor).with_search(search).unwrap());
    let item: Item = [("id", "1"), ("name", "Ada"), ("tenant", "tenant-1")]
        .map(|(name, text)| (name.to_owned(), text.into()))
        .into();
    let error =
        client.put_item().table_name(TABLE).set_item(Some(value::to_sdk(item))).send_sealed(&sealer).await.unwrap_err();
    assert!(matches!(operation_error(&error).unwrap().refusal(), Refusal::Beacons { .. }), "{error:?}");
    assert_eq!(client.scan().table_name(TABLE).send().await.unwrap().count, 0);
}

/// What an index projects without its record is not another tenant's item, but one that can not be verified.
#[tokio::test]
async fn parts_of_items_are_refused_and_not_passed_over() {
    let client = dynaseal_local::memory().unwrap();
    fill(&client, "tenant").await;
    let sealer = sealer(&["tenant-1"], "tenant");
    let mut raw = client.scan().table_name(TABLE).send().await.unwrap().items.unwrap().remove(0);
    raw.remove("aws_dbe_head");
    let item = value::from_sdk(raw).unwrap();
    let table = sealer.tables().get(TABLE).unwrap();
    let search = table.search().unwrap();
    let request = dynaseal_search::QueryRequest {
        filter: Some("who = :w".to_owned()),
        values: Item::from([(":w".to_owned(), "T-tenant-1.N-Ada".into())]),
        ..Default::default()
    };
    let analysis = search.analyze(request).unwrap();
    assert!(!analysis.results().unwrap().is_of_other_tenant(&item));
}
