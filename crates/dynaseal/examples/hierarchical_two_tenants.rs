//! A branch key for each tenant: no tenant opens what belongs to another, and AWS KMS is asked every ten minutes and not
//! for each record.
//!
//!     cargo run --example hierarchical_two_tenants --features kms,local -p dynaseal
//!
//! It asks the key server that `AWS_ENDPOINT_URL_KMS` names, or starts LocalStack, which needs Python 3.13 or later.

mod support;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::kms::{AwsKms, CachedBranchKeys, KeyStore, KeyStoreOptions, KmsConfiguration, NewKey};
use dynaseal::{AttributeBranchKeyId, HierarchicalKeyring, Item, ItemEncryptor, TableConfig, sdk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let Some(server) = support::KeyServer::find("hierarchical_two_tenants") else { return Ok(()) };
    let kms_key = KmsConfiguration::Key(server.symmetric_key("us-east-1").await?.parse()?);
    let kms = Arc::new(AwsKms::new(aws_sdk_kms::Client::new(&server.sdk_config("us-east-1").await)));
    let client = support::people().await?;

    // The administrator makes the store and the two branch keys, once. They are wrapped by AWS KMS.
    let store = KeyStore::new(client.clone(), kms, KeyStoreOptions::new("branch-keys", kms_key))?;
    store.create_table().await?;
    let acme = store.create_key(NewKey::new().id("acme-key").context("tenant", "acme")).await?;
    let initech = store.create_key(NewKey::new().id("initech-key").context("tenant", "initech")).await?;

    // The service takes the branch key by the tenant in the item. It has to be signed and in the encryption context, so
    // that the choice is bound to the record.
    let config = TableConfig::builder("people", "id").include_in_context(["tenant"]).encrypt(["name"]).build()?;
    let branch_keys = Arc::new(CachedBranchKeys::new(Arc::new(store), Duration::from_secs(600))?);
    let by_tenant = AttributeBranchKeyId::new("tenant", [("acme", &acme), ("initech", &initech)]);
    let service = HierarchicalKeyring::with_supplier(Arc::new(by_tenant), branch_keys.clone());
    let service = ItemEncryptor::new(config.clone(), service);
    // What runs for one tenant asks for that tenant's branch key alone. (Where it must not be able to get another, wrap
    // each tenant's branch key with a key of AWS KMS of its own: a `KeyStore` for each.)
    let for_acme = ItemEncryptor::new(config.clone(), HierarchicalKeyring::new(acme, branch_keys.clone()));
    let for_initech = ItemEncryptor::new(config, HierarchicalKeyring::new(initech, branch_keys));

    for (id, tenant, own, other) in
        [("p-1001", "acme", &for_acme, &for_initech), ("p-2001", "initech", &for_initech, &for_acme)]
    {
        let item = Item::from([
            ("id".to_owned(), id.into()),
            ("tenant".to_owned(), tenant.into()),
            ("name".to_owned(), "Ada Byron".into()),
        ]);
        let sealed = service.encrypt_item(item.clone()).await?;
        client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

        let key = AttributeValue::S(id.to_owned());
        let stored = client.get_item().table_name("people").key("id", key).send().await?.item.ok_or("no such item")?;
        let stored = sdk::from_sdk(stored)?;
        for encryptor in [&service, own] {
            let opened = encryptor.decrypt_item(stored.clone()).await?;
            assert_eq!(opened.item, item);
        }
        let refusal = other.decrypt_item(stored).await.expect_err("the other tenant opened the item");
        println!("{id} of {tenant}, opened by the other tenant: {}", support::text(&refusal));
    }
    Ok(())
}
