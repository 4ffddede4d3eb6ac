//! An item sealed by a hospital whose key pair is in AWS KMS, for a laboratory that keeps its own: both can open it.
//!
//!     cargo run --example kms_ecdh --features kms,local -p dynaseal
//!
//! It asks the key server that `AWS_ENDPOINT_URL_KMS` names, or starts LocalStack, which needs Python 3.13 or later.

mod support;

use std::error::Error;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::kms::{AwsKms, GrantTokens, Kms, KmsEcdhKeyring, KmsKeyArn};
use dynaseal::{Curve, EcdhPrivateKey, EcdhPublicKey, Item, ItemEncryptor, RawEcdhKeyring, TableConfig, sdk};

/// Made with OpenSSL for this example. A private key of yours comes from your secret store.
const LABORATORY: &str = include_str!("keys/test_laboratory_p384_private.pem");
const LABORATORY_PUBLIC: &str = include_str!("keys/test_laboratory_p384_public.pem");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let Some(server) = support::KeyServer::find("kms_ecdh") else { return Ok(()) };
    let arn: KmsKeyArn = server.ecdh_key("us-east-1").await?.parse()?;
    let kms = Arc::new(AwsKms::new(aws_sdk_kms::Client::new(&server.sdk_config("us-east-1").await)));
    let none = GrantTokens::default();
    let config = TableConfig::builder("people", "id").encrypt(["name", "sample"]).build()?;

    // The hospital's private key never leaves AWS KMS, which agrees on the secret: one call to seal, one to open. Its
    // public key is the hospital's to give away; this is where the laboratory has it from.
    let hospital_public = kms.get_public_key(&arn.to_string(), &none).await?;
    let hospital_public = EcdhPublicKey::from_der(Curve::P384, &hospital_public.der)?;
    let recipient = EcdhPublicKey::from_pem(Curve::P384, LABORATORY_PUBLIC)?;
    let hospital = KmsEcdhKeyring::fixed(kms, arn, Some(hospital_public.clone()), recipient, none).await?;
    let hospital = ItemEncryptor::new(config.clone(), hospital);

    let item = Item::from([
        ("id".to_owned(), "p-1001".into()),
        ("name".to_owned(), "Ada Byron".into()),
        ("sample".to_owned(), "A-17".into()),
    ]);
    let sealed = hospital.encrypt_item(item.clone()).await?;
    let client = support::people().await?;
    client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

    let id = AttributeValue::S("p-1001".to_owned());
    let stored = client.get_item().table_name("people").key("id", id).send().await?.item.ok_or("no such item")?;
    let stored = sdk::from_sdk(stored)?;
    assert_ne!(stored.get("sample"), item.get("sample"));

    // The laboratory has no account at AWS.
    let private_key = EcdhPrivateKey::from_pem(Curve::P384, LABORATORY)?;
    let laboratory = ItemEncryptor::new(config, RawEcdhKeyring::fixed(private_key, hospital_public)?);
    for (name, encryptor) in [("laboratory", laboratory), ("hospital", hospital)] {
        let opened = encryptor.decrypt_item(stored.clone()).await?;
        assert_eq!(opened.item, item);
        println!("opened by the {name}");
    }
    Ok(())
}
