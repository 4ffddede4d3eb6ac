//! Search where each tenant has keys of its own: equal values of two tenants have different beacons, and queries say
//! whose items they want.
//!
//!     cargo run --example searchable_multi_tenant --features local -p dynaseal

mod support;

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::search::{BeaconKeys, CompoundBeacon, QueryError, SearchConfig, StandardBeacon};
use dynaseal::{
    AttributeBranchKeyId, BeaconKey, BoxFuture, BranchKey, BranchKeyMaterials, BranchKeySource, HierarchicalKeyring,
    ItemEncryptor, MaterialsError, Refusal, SealedTable, Sealer, SendSealed, StaticBeaconKeySource, TableConfig, Uuid,
    operation_error,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let indexes = [("by-name", "aws_dbe_b_name", None), ("by-who", "aws_dbe_b_who", None)];
    let client = support::indexed_table("people", "id", None, &indexes).await?;

    // A branch key for each tenant, and the beacon key beside it. Both are in memory here; from a key store they come
    // through `kms::CachedBranchKeys` and `kms::CachedBeaconKeys`.
    let branch_keys = BranchKeys(vec![branch_key("acme", 1)?, branch_key("initech", 2)?]);
    let beacon_keys = StaticBeaconKeySource::default()
        .with("acme", BeaconKey::copy_from(&[3; 32])?)
        .with("initech", BeaconKey::copy_from(&[4; 32])?);

    // The item's tenant chooses the branch key that seals it. In search it is the key field: its values are ids of
    // branch keys, and it is signed, so that it is stored and can be asked for like all that is not encrypted.
    let config = TableConfig::builder("people", "id").include_in_context(["tenant"]).encrypt(["name"]).sign(["ward"]);
    let by_tenant = AttributeBranchKeyId::new("tenant", [("acme", "acme"), ("initech", "initech")]);
    let keyring = HierarchicalKeyring::with_supplier(Arc::new(by_tenant), Arc::new(branch_keys));
    let search = SearchConfig::new(BeaconKeys::by_tenant(Arc::new(beacon_keys), "tenant"))
        .standard(StandardBeacon::new("name", 16))
        .compound(CompoundBeacon::new("who", '.').signed("tenant", "T-").encrypted("name", "N-"));
    let encryptor = ItemEncryptor::new(config.build()?, keyring);
    let sealer = Sealer::of_table(SealedTable::new("people", encryptor).with_search(search)?);

    for (id, tenant, name) in
        [("p-1001", "acme", "Ada Byron"), ("p-1002", "acme", "Bob"), ("p-2001", "initech", "Ada Byron")]
    {
        let item = support::strings(&[("id", id), ("tenant", tenant), ("name", name), ("ward", "north")]);
        client.put_item().table_name("people").set_item(Some(item)).send_sealed(&sealer).await?;
    }

    // Nobody can tell from the table that both tenants have an Ada Byron.
    let stored = client.scan().table_name("people").send().await?.items.unwrap_or_default();
    let beacon = |id: &str| {
        let item = stored.iter().find(|item| item.get("id").and_then(|id| id.as_s().ok()).is_some_and(|of| of == id));
        item.and_then(|item| item.get("aws_dbe_b_name"))
    };
    println!("in the table: {:?} and {:?}", beacon("p-1001"), beacon("p-2001"));
    assert!(beacon("p-1001").is_some() && beacon("p-2001").is_some() && beacon("p-1001") != beacon("p-2001"));

    // The tenant is an equality beside the others, or a signed part of a compound beacon. Items of other tenants do not
    // come back.
    let by_name = client.query().table_name("people").index_name("by-name").key_condition_expression("#name = :name");
    let by_name = by_name.expression_attribute_names("#name", "name");
    let by_name = by_name.expression_attribute_values(":name", AttributeValue::S("Ada Byron".to_owned()));
    for (tenant, expected) in [("acme", "p-1001"), ("initech", "p-2001")] {
        let query = by_name.clone().filter_expression("tenant = :tenant");
        let query = query.expression_attribute_values(":tenant", AttributeValue::S(tenant.to_owned()));
        let found = query.send_sealed(&sealer).await?;
        assert_eq!(ids(found.items()), [expected]);

        let query = client.query().table_name("people").index_name("by-who").key_condition_expression("who = :who");
        let who = AttributeValue::S(format!("T-{tenant}.N-Ada Byron"));
        let found = query.expression_attribute_values(":who", who).send_sealed(&sealer).await?;
        assert_eq!(ids(found.items()), [expected]);
    }

    // Without a tenant nobody knows with which key to make the beacon.
    let error = by_name.clone().send_sealed(&sealer).await.expect_err("it asked for nobody's items");
    println!("no tenant:    {}", support::text(&error));
    let reason = operation_error(&error).ok_or("it went to DynamoDB")?;
    assert!(matches!(reason.refusal(), Refusal::Search(QueryError::NoTenant { key_field }) if key_field == "tenant"));

    // With two of them one beacon would not be enough: each is asked for on its own.
    let query = by_name.filter_expression("tenant IN (:one, :other)");
    let query = query.expression_attribute_values(":one", AttributeValue::S("acme".to_owned()));
    let query = query.expression_attribute_values(":other", AttributeValue::S("initech".to_owned()));
    let error = query.send_sealed(&sealer).await.expect_err("it asked for both tenants' items");
    println!("both tenants: {}", support::text(&error));
    let reason = operation_error(&error).ok_or("it went to DynamoDB")?;
    assert!(matches!(reason.refusal(), Refusal::Search(QueryError::SeveralTenants { .. })));

    // What needs no beacon needs no tenant either.
    let scan = client.scan().table_name("people").filter_expression("ward = :ward");
    let scan = scan.expression_attribute_values(":ward", AttributeValue::S("north".to_owned()));
    assert_eq!(scan.send_sealed(&sealer).await?.count(), 3);
    Ok(())
}

fn ids(items: &[HashMap<String, AttributeValue>]) -> Vec<&str> {
    items.iter().filter_map(|item| item.get("id")?.as_s().ok()).map(String::as_str).collect()
}

fn branch_key(id: &str, byte: u8) -> Result<Arc<BranchKeyMaterials>, Box<dyn Error>> {
    Ok(Arc::new(BranchKeyMaterials::new(id, Uuid::from_u128(1), BranchKey::copy_from(&[byte; 32])?)))
}

/// Branch keys of one version each.
#[derive(Debug)]
struct BranchKeys(Vec<Arc<BranchKeyMaterials>>);

impl BranchKeys {
    fn get(&self, id: &str) -> Result<Arc<BranchKeyMaterials>, MaterialsError> {
        let none = || MaterialsError::NoBranchKey { branch_key_id: id.to_owned(), version: None };
        self.0.iter().find(|key| key.branch_key_id() == id).cloned().ok_or_else(none)
    }
}

impl BranchKeySource for BranchKeys {
    fn active<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        Box::pin(async move { self.get(id) })
    }

    fn version<'a>(&'a self, id: &'a str, _: Uuid) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        Box::pin(async move { self.get(id) })
    }
}
