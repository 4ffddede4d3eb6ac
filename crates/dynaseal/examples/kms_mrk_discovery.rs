//! An item sealed with a multi-Region key, opened in another region by whatever key the record names: no key is
//! configured there, only whose keys may be asked.
//!
//!     cargo run --example kms_mrk_discovery --features kms,local -p dynaseal
//!
//! It asks the key server that `AWS_ENDPOINT_URL_KMS` names, or starts LocalStack, which needs Python 3.13 or later.

mod support;

use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::kms::{
    ClientSupplier, DiscoveryFilter, GrantTokens, KmsArn, KmsDiscoveryKeyring, KmsKeyring, RegionalClients,
};
use dynaseal::{Item, ItemEncryptor, TableConfig, sdk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let Some(server) = support::KeyServer::find("kms_mrk_discovery") else { return Ok(()) };
    let (primary, replica) = server.multi_region_key("us-east-1", "us-west-2").await?;
    let clients = RegionalClients::new((&server.sdk_config("us-east-1").await).into());
    let none = GrantTokens::default();

    let config = TableConfig::builder("people", "id").encrypt(["name", "diagnosis"]).build()?;
    let writer = KmsKeyring::mrk(clients.client(Some("us-east-1")).await?, primary.parse()?, none.clone());
    let writer = ItemEncryptor::new(config.clone(), writer);
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

    // The record names the key of us-east-1; its replica of us-west-2 is asked, and no other region. Without the filter
    // whoever can write a record could have any key asked that this reader may use.
    let account = primary.parse::<KmsArn>()?.account().to_owned();
    let filter = |account: &str| -> Result<_, Box<dyn Error>> { Ok(Some(DiscoveryFilter::new("aws", [account])?)) };
    let ours = KmsDiscoveryKeyring::mrk_multi(&["us-west-2"], filter(&account)?, &clients, &none).await?;
    let ours = ItemEncryptor::new(config.clone(), ours);
    let opened = ours.decrypt_item(stored.clone()).await?;
    assert_eq!(opened.item, item);
    println!("sealed with {primary}\nopened with {replica}");

    let theirs = KmsDiscoveryKeyring::mrk_multi(&["us-west-2"], filter("999999999999")?, &clients, &none).await?;
    let refusal = ItemEncryptor::new(config, theirs).decrypt_item(stored).await.expect_err("a foreign key was asked");
    println!("another account: {}", support::text(&refusal));
    // Discovery has no key to seal with.
    let refusal = ours.encrypt_item(item).await.expect_err("discovery sealed an item");
    println!("sealing: {}", support::text(&refusal));
    Ok(())
}
