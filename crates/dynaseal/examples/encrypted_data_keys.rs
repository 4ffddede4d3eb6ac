//! Who can open a record: its encrypted data keys name their recipients, for everybody who can read the table.
//!
//!     cargo run --example encrypted_data_keys --features kms,local -p dynaseal
//!
//! It asks the key server that `AWS_ENDPOINT_URL_KMS` names, or starts LocalStack, which needs Python 3.13 or later.

mod support;

use std::error::Error;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::kms::{AwsKms, GrantTokens, KmsKeyring};
use dynaseal::{
    Item, ItemEncryptor, MultiKeyring, RawAesKeyring, RawRsaKeyring, RecipientInfo, RsaKeys, RsaPadding, RsaPublicKey,
    TableConfig, sdk,
};

/// Made with OpenSSL for this example.
const PUBLIC_KEY: &str = include_str!("keys/test_rsa_public.pem");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let Some(server) = support::KeyServer::find("encrypted_data_keys") else { return Ok(()) };
    let arn = server.symmetric_key("us-east-1").await?;
    let kms = Arc::new(AwsKms::new(aws_sdk_kms::Client::new(&server.sdk_config("us-east-1").await)));
    let kms = KmsKeyring::new(kms, arn.parse()?, GrantTokens::default());
    let aes = RawAesKeyring::new("hospital", "safe-2026", &[7; 32])?;
    let rsa = RsaKeys::Public(RsaPublicKey::from_pem(PUBLIC_KEY)?);
    let rsa = RawRsaKeyring::new("auditor", "rsa-2026", RsaPadding::OaepSha256, rsa)?;
    let config = TableConfig::builder("people", "id").encrypt(["name"]).sign(["ward"]).build()?;
    let keyring = MultiKeyring::new(Arc::new(kms), vec![Arc::new(aes), Arc::new(rsa)]);
    let encryptor = ItemEncryptor::new(config, keyring);
    let expected = [
        RecipientInfo::Kms { arn },
        RecipientInfo::RawAes { namespace: "hospital".to_owned(), name: "safe-2026".to_owned() },
        // A raw RSA key is nothing but a namespace and a name.
        RecipientInfo::Other { provider_id: "auditor".to_owned(), provider_info: "rsa-2026".to_owned() },
    ];

    let item = Item::from([
        ("id".to_owned(), "p-1001".into()),
        ("name".to_owned(), "Ada Byron".into()),
        ("ward".to_owned(), "north".into()),
    ]);
    let sealed = encryptor.encrypt_item(item.clone()).await?;
    assert_eq!(sealed.header.ok_or("not sealed")?.recipients(), expected);
    let client = support::people().await?;
    client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

    let id = AttributeValue::S("p-1001".to_owned());
    let stored = client.get_item().table_name("people").key("id", id).send().await?.item.ok_or("no such item")?;
    let stored = sdk::from_sdk(stored)?;
    // No key is used for this, so nobody vouches for what it says: it is what the record claims.
    let inspected = encryptor.inspect(&stored)?;
    assert_eq!(inspected.recipients, expected);
    for recipient in &inspected.recipients {
        println!("recipient: {recipient}");
    }
    println!("sealing added {} of {} bytes", inspected.sizes.overhead, inspected.sizes.item);

    // The header of an opened item was verified.
    let opened = encryptor.decrypt_item(stored).await?;
    assert_eq!(opened.item, item);
    assert_eq!(opened.header.ok_or("not sealed")?.recipients(), expected);
    Ok(())
}
