//! The tour's model: saved, looked at, found, and defended.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal::model::{Model, ModelError};
use dynaseal::{AttributeKeys, AttributeRoot, SecureRandom as _, SystemRandom, json, sdk};
use zeroize::Zeroizing;

use super::screen::Screen;
use super::{DemoError, cut};
use crate::output::{Failure, with_causes};

#[derive(Model)]
#[model(table = "accounts")]
struct Account {
    #[model(partition_key)]
    id: String,
    #[model(seal = "deterministic")]
    email: String,
    #[model(seal)]
    iban: String,
    #[model(version)]
    version: u64,
}

pub(super) async fn run(output: &mut Screen, client: &Client) -> Result<(), Failure> {
    let mut root = Zeroizing::new([0; 32]);
    SystemRandom.fill(root.as_mut_slice())?;
    let keys = AttributeKeys::new(AttributeRoot::from_bytes("2026", &root)?);
    let accounts = Account::on(client).attribute_keys(&keys).open()?;
    accounts.create_if_missing().await?;
    let account = |id: &str, email: &str, iban: &str| Account {
        id: id.to_owned(),
        email: email.to_owned(),
        iban: iban.to_owned(),
        version: 0,
    };
    let mut ada = account("a-1", "ada@example.com", "GB33BUKB20201555555555");
    let mut eve = account("a-2", "eve@example.com", "DE02120300000000202051");
    accounts.save(&mut ada).await?;
    accounts.save(&mut eve).await?;
    let mut stored = accounts.stored(&ada).await?.ok_or(DemoError::Missing)?;
    for name in ["id", "email", "iban", "version"] {
        let value = stored.get(name).cloned().and_then(sdk::value_from_sdk).ok_or(DemoError::Missing)?;
        output.line(format!("   DynamoDB holds  {name:8} {}", cut(&json::value_to_string(&value), 50)))?;
    }
    output.line(format!("   printed         {ada:?}"))?;

    let found = accounts.scan().filter(Account::email().eq("ada@example.com")).items().all().await?;
    for account in found {
        output.line(format!("   found by email  {} has {}", account.id, account.iban))?;
    }

    // Eve's bank account in Ada's item, by somebody who can write to the table.
    let taken = accounts.stored(&eve).await?.and_then(|item| item.get("iban").cloned());
    stored.insert("iban".to_owned(), taken.unwrap_or_else(|| SdkValue::Bool(false)));
    let put = client.put_item().table_name("accounts").set_item(Some(stored)).send().await;
    put.map_err(|error| DemoError::from(aws_sdk_dynamodb::Error::from(error)))?;
    match accounts.get("a-1").await {
        Ok(_) => Err(DemoError::Opened.into()),
        Err(error) => refused(output, &error),
    }
}

fn refused(output: &mut Screen, error: &ModelError) -> Result<(), Failure> {
    output.line("   `iban` of another account put in")?;
    output.refused(&with_causes(error))
}
