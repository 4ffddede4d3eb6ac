//! An item sealed with the public half of an RSA key of AWS KMS, without a call, and opened by AWS KMS.
//!
//!     cargo run --example kms_rsa --features kms,local -p dynaseal
//!
//! It asks the key server that `AWS_ENDPOINT_URL_KMS` names, or starts LocalStack, which needs Python 3.13 or later.

mod support;

use std::error::Error;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::kms::{AwsKms, GrantTokens, Kms, KmsKeyArn, KmsRsaKeyring};
use dynaseal::{AlgorithmSuite, Item, ItemEncryptor, RsaPadding, RsaPublicKey, TableConfig, sdk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let Some(server) = support::KeyServer::find("kms_rsa") else { return Ok(()) };
    let arn: KmsKeyArn = server.rsa_key("us-east-1").await?.parse()?;
    let kms = Arc::new(AwsKms::new(aws_sdk_kms::Client::new(&server.sdk_config("us-east-1").await)));
    let (none, padding) = (GrantTokens::default(), RsaPadding::OaepSha256);

    // The public key is downloaded once and handed to whoever writes. That is the last that a writer sees of AWS KMS.
    // (`KmsRsaKeyring::fetch` downloads it for a keyring that does both.)
    let public_key = kms.get_public_key(&arn.to_string(), &none).await?;
    let public_key = RsaPublicKey::from_der(&public_key.der)?;
    let writer = KmsRsaKeyring::sealing(arn.clone(), padding, public_key)?;
    let reader = KmsRsaKeyring::opening(arn.clone(), padding, kms, none)?;
    // RSA keys of AWS KMS only go with this suite, in all clients.
    let config = TableConfig::builder("people", "id").encrypt(["name", "diagnosis"]);
    let config = config.algorithm_suite(AlgorithmSuite::HmacOnly).build()?;
    let writer = ItemEncryptor::new(config.clone(), writer);
    let reader = ItemEncryptor::new(config, reader);

    let item = Item::from([
        ("id".to_owned(), "p-1001".into()),
        ("name".to_owned(), "Ada Byron".into()),
        ("diagnosis".to_owned(), "migraine".into()),
    ]);
    let sealed = writer.encrypt_item(item.clone()).await?;
    let client = support::people().await?;
    client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

    let id = AttributeValue::S("p-1001".to_owned());
    let stored = client.get_item().table_name("people").key("id", id).send().await?.item.ok_or("no such item")?;
    let stored = sdk::from_sdk(stored)?;
    assert_ne!(stored.get("diagnosis"), item.get("diagnosis"));
    let refusal = writer.decrypt_item(stored.clone()).await.expect_err("the public key opened the item");
    println!("writer: {}", support::text(&refusal));
    let opened = reader.decrypt_item(stored).await?;
    assert_eq!(opened.item, item);
    println!("opened with {arn}");
    Ok(())
}
