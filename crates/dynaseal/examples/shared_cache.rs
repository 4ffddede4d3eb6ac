//! Two keyrings with one cache: what one of them fetched from the key store, the other does not fetch again.
//!
//!     cargo run --example shared_cache --features kms,local -p dynaseal
//!
//! It asks the key server that `AWS_ENDPOINT_URL_KMS` names, or starts LocalStack, which needs Python 3.13 or later.

mod support;

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::kms::{
    AwsKms, BranchKeyCache, CachedBranchKeys, KeyStore, KeyStoreOptions, KmsConfiguration, NewKey, StormTracking,
};
use dynaseal::{
    BoxFuture, BranchKeyMaterials, BranchKeySource, HierarchicalKeyring, Item, ItemEncryptor, MaterialsError,
    TableConfig, Uuid, sdk,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let Some(server) = support::KeyServer::find("shared_cache") else { return Ok(()) };
    let kms_key = KmsConfiguration::Key(server.symmetric_key("us-east-1").await?.parse()?);
    let kms = Arc::new(AwsKms::new(aws_sdk_kms::Client::new(&server.sdk_config("us-east-1").await)));
    let client = support::people().await?;
    let store = KeyStore::new(client.clone(), kms, KeyStoreOptions::new("branch-keys", kms_key))?;
    store.create_table().await?;
    let branch_key = store.create_key(NewKey::new()).await?;

    // Keyrings share what has the same partition id and the same key store. Whoever shares gets keys that another
    // fetched, also where AWS KMS would refuse them: share only among those who may all do the same.
    let cache = BranchKeyCache::storm_tracking(NonZeroUsize::try_from(100)?, StormTracking::default());
    let store = Arc::new(Counted { store, reads: AtomicUsize::new(0) });
    let encryptor = |partition_id| -> Result<_, Box<dyn Error>> {
        let ttl = Duration::from_secs(600);
        let branch_keys = CachedBranchKeys::shared(store.clone(), ttl, cache.clone(), partition_id)?;
        let config = TableConfig::builder("people", "id").encrypt(["name"]).build()?;
        Ok(ItemEncryptor::new(config, HierarchicalKeyring::new(&branch_key, Arc::new(branch_keys))))
    };
    let (one, two) = (encryptor("people-service")?, encryptor("people-service")?);

    for (number, (writer, reader)) in [(&one, &two), (&two, &one), (&one, &one), (&two, &two)].into_iter().enumerate() {
        let id = format!("p-{number}");
        let item = Item::from([("id".to_owned(), id.as_str().into()), ("name".to_owned(), "Ada Byron".into())]);
        let sealed = writer.encrypt_item(item.clone()).await?;
        client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;
        let key = AttributeValue::S(id);
        let stored = client.get_item().table_name("people").key("id", key).send().await?.item.ok_or("no such item")?;
        assert_eq!(reader.decrypt_item(sdk::from_sdk(stored)?).await?.item, item);
        // The version that seals and the version that a record names are looked up apart, so it is two and not one.
        assert_eq!(store.reads.load(Relaxed), 2);
    }
    // Under another partition id the same cache is another's.
    let stranger = encryptor("billing-service")?;
    stranger.encrypt_item(Item::from([("id".to_owned(), "p-9".into())])).await?;
    assert_eq!(store.reads.load(Relaxed), 3);
    println!("4 records sealed and opened by two keyrings: the key store was read twice");
    Ok(())
}

/// A key store that counts how often it is read, which is a call to DynamoDB and one to AWS KMS each time.
#[derive(Debug)]
struct Counted {
    store: KeyStore,
    reads: AtomicUsize,
}

impl BranchKeySource for Counted {
    // What a shared cache tells key stores apart by.
    fn logical_key_store_name(&self) -> Option<&str> {
        self.store.logical_key_store_name()
    }

    fn active<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        self.reads.fetch_add(1, Relaxed);
        self.store.active(id)
    }

    fn version<'a>(
        &'a self,
        id: &'a str,
        version: Uuid,
    ) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        self.reads.fetch_add(1, Relaxed);
        self.store.version(id, version)
    }
}
