//! An item sealed with a symmetric key of AWS KMS: one call to seal it, one to open it.
//!
//!     cargo run --example kms_keyring --features kms,local -p dynaseal
//!
//! It asks the key server that `AWS_ENDPOINT_URL_KMS` names, or starts LocalStack, which needs Python 3.13 or later.

mod support;

use std::error::Error;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::kms::{AwsKms, GrantTokens, KmsKeyring};
use dynaseal::{Item, ItemEncryptor, TableConfig, sdk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let Some(server) = support::KeyServer::find("kms_keyring") else { return Ok(()) };
    // The ARN of your key. An alias can seal but not open: what it means can change.
    let arn = server.symmetric_key("us-east-1").await?;
    let kms = Arc::new(AwsKms::new(aws_sdk_kms::Client::new(&server.sdk_config("us-east-1").await)));
    let keyring = KmsKeyring::new(kms.clone(), arn.parse()?, GrantTokens::default());
    let config = TableConfig::builder("people", "id").encrypt(["name", "diagnosis"]).build()?;
    let encryptor = ItemEncryptor::new(config.clone(), keyring);

    let item = Item::from([
        ("id".to_owned(), "p-1001".into()),
        ("name".to_owned(), "Ada Byron".into()),
        ("diagnosis".to_owned(), "migraine".into()),
    ]);
    let sealed = encryptor.encrypt_item(item.clone()).await?;
    let client = support::people().await?;
    client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

    let id = AttributeValue::S("p-1001".to_owned());
    let stored = client.get_item().table_name("people").key("id", id).send().await?.item.ok_or("no such item")?;
    let stored = sdk::from_sdk(stored)?;
    assert_ne!(stored.get("diagnosis"), item.get("diagnosis"));
    let opened = encryptor.decrypt_item(stored.clone()).await?;
    assert_eq!(opened.item, item);
    println!("opened with {arn}");

    // A keyring never lets AWS KMS guess the key: another key is not even asked.
    let other = server.symmetric_key("us-east-1").await?;
    let other = KmsKeyring::new(kms, other.parse()?, GrantTokens::default());
    let refusal = ItemEncryptor::new(config, other).decrypt_item(stored).await.expect_err("another key opened it");
    println!("another key: {}", support::text(&refusal));
    Ok(())
}
