//! Keys in several regions, and in each region another role that may use them: AWS STS gives the credentials.
//!
//!     cargo run --example client_supplier --features kms,local -p dynaseal
//!
//! It asks the key server that `AWS_ENDPOINT_URL_KMS` names, or starts LocalStack, which needs Python 3.13 or later.

mod support;

use std::error::Error;
use std::sync::Arc;

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::config::{ProvideCredentials, SharedCredentialsProvider};
use dynaseal::kms::{AssumeRole, ClientSupplier, GrantTokens, KmsKeyId, KmsKeyring, RoleClients};
use dynaseal::{BoxFuture, Item, ItemEncryptor, TableConfig, sdk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let Some(server) = support::KeyServer::find("client_supplier") else { return Ok(()) };
    let east: KmsKeyId = server.symmetric_key("us-east-1").await?.parse()?;
    let europe: KmsKeyId = server.symmetric_key("eu-west-1").await?.parse()?;

    let sdk_config = server.sdk_config("us-east-1").await;
    let roles = [
        ("us-east-1", "arn:aws:iam::000000000000:role/people-east"),
        ("eu-west-1", "arn:aws:iam::000000000000:role/people-europe"),
    ];
    let clients = RoleClients::new((&sdk_config).into(), roles, Arc::new(Sts(sdk_config)));
    let none = GrantTokens::default();
    let keyring = KmsKeyring::multi(Some(east.clone()), vec![europe.clone()], &clients, &none).await?;
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
    // Each region's role opens with that region's key.
    for key_id in [east, europe] {
        let keyring = KmsKeyring::new(clients.client(key_id.region()).await?, key_id.clone(), none.clone());
        let opened = ItemEncryptor::new(config.clone(), keyring).decrypt_item(stored.clone()).await?;
        assert_eq!(opened.item, item);
        println!("opened with {key_id}");
    }
    // Where there is no role there is no client: a key of that region can not even be configured.
    let refusal = clients.client(Some("ap-south-1")).await.expect_err("there was a client without a role");
    println!("elsewhere: {}", support::text(&refusal));
    Ok(())
}

/// AWS STS, asked with the credentials that the program runs with.
#[derive(Debug)]
struct Sts(SdkConfig);

impl AssumeRole for Sts {
    fn credentials<'a>(
        &'a self,
        role_arn: &'a str,
        region: &'a str,
    ) -> BoxFuture<'a, Result<SharedCredentialsProvider, Box<dyn Error + Send + Sync>>> {
        Box::pin(async move {
            let role = AssumeRoleProvider::builder(role_arn).region(Region::new(region.to_owned()));
            let role = role.session_name("people-service").configure(&self.0).build().await;
            // Once now, so that a role that can not be had is found when the keyring is built; the client asks again
            // whenever they expire.
            role.provide_credentials().await?;
            println!("{role_arn} asks in {region}");
            Ok(SharedCredentialsProvider::new(role))
        })
    }
}
