//! A hospital whose key pair is in AWS KMS opens whatever was sealed for it, whoever the sender is.
//!
//!     cargo run --example kms_ecdh_discovery --features kms,local -p dynaseal
//!
//! It asks the key server that `AWS_ENDPOINT_URL_KMS` names, or starts LocalStack, which needs Python 3.13 or later.

mod support;

use std::error::Error;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::kms::{AwsKms, GrantTokens, Kms, KmsEcdhKeyring, KmsKeyArn};
use dynaseal::{Curve, EcdhPublicKey, Item, ItemEncryptor, RawEcdhKeyring, TableConfig, sdk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let Some(server) = support::KeyServer::find("kms_ecdh_discovery") else { return Ok(()) };
    let recipient: KmsKeyArn = server.ecdh_key("us-east-1").await?.parse()?;
    let sender: KmsKeyArn = server.ecdh_key("us-east-1").await?.parse()?;
    let kms = Arc::new(AwsKms::new(aws_sdk_kms::Client::new(&server.sdk_config("us-east-1").await)));
    let none = GrantTokens::default();
    let public_key = kms.get_public_key(&recipient.to_string(), &none).await?;
    let public_key = EcdhPublicKey::from_der(Curve::P384, &public_key.der)?;

    let config = TableConfig::builder("people", "id").encrypt(["name", "diagnosis"]).build()?;
    let hospital = KmsEcdhKeyring::discovery(kms.clone(), recipient, Curve::P384, none.clone()).await?;
    let hospital = ItemEncryptor::new(config.clone(), hospital);
    // A doctor with a key pair in AWS KMS too, whose public key is fetched; and an app that has nothing but the
    // hospital's public key.
    let doctor = KmsEcdhKeyring::fixed(kms, sender, None, public_key.clone(), none).await?;
    let doctor = ItemEncryptor::new(config.clone(), doctor);
    let app = ItemEncryptor::new(config, RawEcdhKeyring::ephemeral(public_key));

    let client = support::people().await?;
    for (id, sender) in [("p-1001", doctor), ("p-1002", app)] {
        let item = Item::from([
            ("id".to_owned(), id.into()),
            ("name".to_owned(), "Ada Byron".into()),
            ("diagnosis".to_owned(), "migraine".into()),
        ]);
        let sealed = sender.encrypt_item(item.clone()).await?;
        client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

        let key = AttributeValue::S(id.to_owned());
        let stored = client.get_item().table_name("people").key("id", key).send().await?.item.ok_or("no such item")?;
        let stored = sdk::from_sdk(stored)?;
        assert_ne!(stored.get("diagnosis"), item.get("diagnosis"));
        let opened = hospital.decrypt_item(stored).await?;
        assert_eq!(opened.item, item);
        println!("opened {id}");
    }

    // Discovery knows nobody to seal for.
    let item = Item::from([("id".to_owned(), "p-1003".into())]);
    let refusal = hospital.encrypt_item(item).await.expect_err("discovery sealed an item");
    println!("hospital: {}", support::text(&refusal));
    Ok(())
}
