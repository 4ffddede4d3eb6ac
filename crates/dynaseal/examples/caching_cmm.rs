//! A counter that is written again and again: a caching CMM uses its data key several times, and AWS KMS is asked less.
//!
//!     cargo run --example caching_cmm --features kms,local -p dynaseal
//!
//! It asks the key server that `AWS_ENDPOINT_URL_KMS` names, or starts LocalStack, which needs Python 3.13 or later.

mod support;

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::kms::{AwsKms, GrantTokens, KmsKeyring, SystemClock};
use dynaseal::{
    BoxFuture, CachingCmm, CachingLimits, DefaultCmm, Item, ItemEncryptor, Keyring, MaterialsError, TableConfig,
    UnwrapRequest, UnwrappedKeys, WrapRequest, sdk,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let Some(server) = support::KeyServer::find("caching_cmm") else { return Ok(()) };
    let arn = server.symmetric_key("us-east-1").await?;
    let kms = Arc::new(AwsKms::new(aws_sdk_kms::Client::new(&server.sdk_config("us-east-1").await)));
    let keyring = KmsKeyring::new(kms, arn.parse()?, GrantTokens::default());
    let keyring = Arc::new(Counted { keyring, calls: AtomicUsize::new(0) });

    // Materials of up to 100 items are kept, for a minute and five records each. Only the same item can use them again,
    // since its key attributes are part of what they are bound to; for many items a branch key saves calls.
    let limits = CachingLimits::new(NonZeroUsize::try_from(100)?, Duration::from_secs(60)).max_messages(5);
    let cmm = CachingCmm::new(Arc::new(DefaultCmm::new(keyring.clone())), limits, Arc::new(SystemClock::new()));
    let config = TableConfig::builder("people", "id").encrypt(["visits"]).build()?;
    let encryptor = ItemEncryptor::with_cmm(config, Arc::new(cmm));

    let client = support::people().await?;
    for visits in 1..=10_i64 {
        let item = Item::from([("id".to_owned(), "p-1001".into()), ("visits".to_owned(), visits.into())]);
        let sealed = encryptor.encrypt_item(item.clone()).await?;
        client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

        let id = AttributeValue::S("p-1001".to_owned());
        let stored = client.get_item().table_name("people").key("id", id).send().await?.item.ok_or("no such item")?;
        let opened = encryptor.decrypt_item(sdk::from_sdk(stored)?).await?;
        assert_eq!(opened.item, item);
    }
    // Two data keys for ten records, each made once and unwrapped once; without the cache it would be twenty calls.
    println!("10 records sealed and opened with {} calls to AWS KMS", keyring.calls.load(Relaxed));
    assert_eq!(keyring.calls.load(Relaxed), 4);
    Ok(())
}

/// A keyring that counts how often it is asked, which is a call to AWS KMS each time.
#[derive(Debug)]
struct Counted {
    keyring: KmsKeyring,
    calls: AtomicUsize,
}

impl Keyring for Counted {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        self.calls.fetch_add(1, Relaxed);
        self.keyring.on_encrypt(request)
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        self.calls.fetch_add(1, Relaxed);
        self.keyring.on_decrypt(request)
    }

    fn describe(&self) -> String {
        self.keyring.describe()
    }
}
