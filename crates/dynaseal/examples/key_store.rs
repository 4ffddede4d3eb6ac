//! The life of a branch key: a store is made, a key in it, then a new version of the key. Old records stay readable.
//!
//!     cargo run --example key_store --features kms,local -p dynaseal
//!
//! It asks the key server that `AWS_ENDPOINT_URL_KMS` names, or starts LocalStack, which needs Python 3.13 or later.

mod support;

use std::error::Error;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::kms::{AwsKms, KeyStore, KeyStoreOptions, KmsConfiguration, NewKey};
use dynaseal::{HierarchicalKeyring, Item, ItemEncryptor, RecipientInfo, TableConfig, sdk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let Some(server) = support::KeyServer::find("key_store") else { return Ok(()) };
    let kms_key = KmsConfiguration::Key(server.symmetric_key("us-east-1").await?.parse()?);
    let kms = Arc::new(AwsKms::new(aws_sdk_kms::Client::new(&server.sdk_config("us-east-1").await)));
    let client = support::people().await?;

    // The logical name is what branch keys are bound to; it stays when the table is restored under another name.
    let options = KeyStoreOptions::new("branch-keys-2026", kms_key).logical_name("branch-keys");
    let store = KeyStore::new(client.clone(), kms, options)?;
    store.create_table().await?;
    // An id of your own takes something that it is bound to. Without an id the key gets a random one.
    let branch_key = store.create_key(NewKey::new().id("ward-north").context("department", "neurology")).await?;

    // Without a cache every record costs a read and a call: `CachedBranchKeys` goes between the two in a service.
    let config = TableConfig::builder("people", "id").encrypt(["name"]).build()?;
    let encryptor = ItemEncryptor::new(config, HierarchicalKeyring::new(&branch_key, Arc::new(store.clone())));
    let item = |id: &str| Item::from([("id".to_owned(), id.into()), ("name".to_owned(), "Ada Byron".into())]);
    for id in ["p-1001", "p-1002"] {
        let sealed = encryptor.encrypt_item(item(id)).await?;
        client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;
        // From here on another version seals.
        let version = store.version_key(&branch_key).await?;
        println!("new version: {version}");
    }

    // Each record names the version that it was sealed with, and is opened with that one.
    let (info, versions) = store.describe(&branch_key).await?;
    assert_eq!(versions.len(), 3);
    for (id, used) in [("p-1001", versions.first()), ("p-1002", versions.get(1))] {
        let key = AttributeValue::S(id.to_owned());
        let stored = client.get_item().table_name("people").key("id", key).send().await?.item.ok_or("no such item")?;
        let opened = encryptor.decrypt_item(sdk::from_sdk(stored)?).await?;
        assert_eq!(opened.item, item(id));
        let recipients = opened.header.ok_or("not sealed")?.recipients();
        let expected = RecipientInfo::BranchKey { id: branch_key.clone(), version: used.map(|used| used.version) };
        assert_eq!(recipients, [expected]);
    }

    for key in store.list().await? {
        println!("{} of {:?}: active {} since {}", key.branch_key_id, key.context, key.active, key.created);
        assert_eq!((key.branch_key_id, key.active), (info.branch_key_id.clone(), info.active));
    }
    Ok(())
}
