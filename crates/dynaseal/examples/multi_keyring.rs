//! An item sealed for two keys at once, one in AWS KMS and a raw AES key in a safe: either opens it alone.
//!
//!     cargo run --example multi_keyring --features kms,local -p dynaseal
//!
//! It asks the key server that `AWS_ENDPOINT_URL_KMS` names, or starts LocalStack, which needs Python 3.13 or later.

mod support;

use std::error::Error;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::kms::{AwsKms, GrantTokens, KmsKeyId, KmsKeyring};
use dynaseal::{Item, ItemEncryptor, MultiKeyring, RawAesKeyring, TableConfig, sdk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let Some(server) = support::KeyServer::find("multi_keyring") else { return Ok(()) };
    let key_id: KmsKeyId = server.symmetric_key("us-east-1").await?.parse()?;
    let kms = Arc::new(AwsKms::new(aws_sdk_kms::Client::new(&server.sdk_config("us-east-1").await)));
    let kms = || KmsKeyring::new(kms.clone(), key_id.clone(), GrantTokens::default());
    // 32 random bytes from your safe; these are no secret any more.
    let safe = || RawAesKeyring::new("hospital", "safe-2026", &[7; 32]);

    let config = TableConfig::builder("people", "id").encrypt(["name", "diagnosis"]).build()?;
    // The first makes the data key; each of them wraps it. If one of them fails, nothing is sealed.
    let both = MultiKeyring::new(Arc::new(kms()), vec![Arc::new(safe()?)]);
    let both = ItemEncryptor::new(config.clone(), both);

    let item = Item::from([
        ("id".to_owned(), "p-1001".into()),
        ("name".to_owned(), "Ada Byron".into()),
        ("diagnosis".to_owned(), "migraine".into()),
    ]);
    let sealed = both.encrypt_item(item.clone()).await?;
    let client = support::people().await?;
    client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

    let id = AttributeValue::S("p-1001".to_owned());
    let stored = client.get_item().table_name("people").key("id", id).send().await?.item.ok_or("no such item")?;
    let stored = sdk::from_sdk(stored)?;
    let recipients = both.inspect(&stored)?.recipients;
    assert_eq!(recipients.len(), 2);

    // Day by day AWS KMS opens. Should the account be lost, the key in the safe does.
    let by_kms = ItemEncryptor::new(config.clone(), kms());
    let by_safe = ItemEncryptor::new(config, safe()?);
    for (encryptor, recipient) in [by_kms, by_safe].iter().zip(&recipients) {
        let opened = encryptor.decrypt_item(stored.clone()).await?;
        assert_eq!(opened.item, item);
        println!("opened by {recipient}");
    }
    Ok(())
}
