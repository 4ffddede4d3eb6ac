//! An item sealed with a multi-Region key and a key of another region: its replica opens it far away, and so does the
//! other key.
//!
//!     cargo run --example kms_multi_mrk --features kms,local -p dynaseal
//!
//! It asks the key server that `AWS_ENDPOINT_URL_KMS` names, or starts LocalStack, which needs Python 3.13 or later.

mod support;

use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::kms::{ClientSupplier, GrantTokens, KmsKeyId, KmsKeyring, RegionalClients};
use dynaseal::{Item, ItemEncryptor, TableConfig, sdk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let Some(server) = support::KeyServer::find("kms_multi_mrk") else { return Ok(()) };
    let (primary, replica) = server.multi_region_key("us-east-1", "us-west-2").await?;
    let (primary, replica): (KmsKeyId, KmsKeyId) = (primary.parse()?, replica.parse()?);
    let single: KmsKeyId = server.symmetric_key("eu-west-1").await?.parse()?;
    // One client for each region that a key names, made when it is wanted.
    let clients = RegionalClients::new((&server.sdk_config("us-east-1").await).into());
    let none = GrantTokens::default();

    let config = TableConfig::builder("people", "id").encrypt(["name", "diagnosis"]).build()?;
    let all = KmsKeyring::mrk_multi(Some(primary), vec![single.clone()], &clients, &none).await?;
    let all = ItemEncryptor::new(config.clone(), all);

    let item = Item::from([
        ("id".to_owned(), "p-1001".into()),
        ("name".to_owned(), "Ada Byron".into()),
        ("diagnosis".to_owned(), "migraine".into()),
    ]);
    let sealed = all.encrypt_item(item.clone()).await?;
    let client = support::people().await?;
    client.put_item().table_name("people").set_item(Some(sdk::to_sdk(sealed.item))).send().await?;

    let id = AttributeValue::S("p-1001".to_owned());
    let stored = client.get_item().table_name("people").key("id", id).send().await?.item.ok_or("no such item")?;
    let stored = sdk::from_sdk(stored)?;
    let opened = all.decrypt_item(stored.clone()).await?;
    assert_eq!(opened.item, item);

    // The replica is not named in the record: it opens because it is the same key in another region.
    for key_id in [&replica, &single] {
        let keyring = KmsKeyring::mrk(clients.client(key_id.region()).await?, key_id.clone(), none.clone());
        let opened = ItemEncryptor::new(config.clone(), keyring).decrypt_item(stored.clone()).await?;
        assert_eq!(opened.item, item);
        println!("opened with {key_id}");
    }

    // A keyring that was not told about multi-Region keys takes each ARN for a key of its own.
    let strict = KmsKeyring::new(clients.client(replica.region()).await?, replica, none);
    let refusal = ItemEncryptor::new(config, strict).decrypt_item(stored).await.expect_err("the replica opened it");
    println!("not multi-Region: {}", support::text(&refusal));
    Ok(())
}
