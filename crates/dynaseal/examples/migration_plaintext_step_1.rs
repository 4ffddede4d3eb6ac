//! From a plain table to a sealed one, step 1: every client learns to read sealed items, and writes plain ones as before.
//!
//!     cargo run --example migration_plaintext_step_1 --features local -p dynaseal
//!
//! Its policy is `FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ`. It reads what any step wrote.
//!
//! What changes for the application: expressions are checked as on a sealed table already. Conditions on what will be
//! encrypted and updates of what will be signed are refused, so that they come up now, while there is a way back; use
//! `update_sealed` for those.
//!
//! Before step 2: this step runs everywhere, and every item can be sealed. That is not checked when it is written: seal all
//! of them without writing, as here, and look at those that can not be.
//!
//! To roll back: to step 0 at any time, for nothing in the table is sealed. Once a client of step 2 has run, never: see
//! there.

mod migration;
mod support;

use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::{ErrorKind, ItemError, PlaintextPolicy, Refusal, operation_error, sdk};
use migration::{encryptor, is_sealed, read, sealer, sealing_client, write};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

/// The client of this step.
pub(crate) fn client(database: &Client) -> Result<Client, Box<dyn Error>> {
    sealing_client(database, PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead)
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let database = support::people().await?;
    let client = client(&database)?;
    write(&client, "p-1001").await?;
    assert!(!is_sealed(&database, "p-1001").await?);
    read(&client, "p-1001").await?;

    // What is there from step 0, and what clients write that are at step 2 already.
    write(&database, "p-1000").await?;
    read(&client, "p-1000").await?;
    let step_2 = sealing_client(&database, PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead)?;
    write(&step_2, "p-1002").await?;
    read(&client, "p-1002").await?;

    // This worked in step 0, and would break the signature in step 2.
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let update = client.update_item().table_name("people").key("id", text("p-1001"));
    let update = update.update_expression("SET ward = :ward").expression_attribute_values(":ward", text("south"));
    let error = update.send().await.expect_err("a signed attribute was updated");
    println!("update: {}", support::text(&error));
    let reason = operation_error(&error).ok_or("it went to DynamoDB")?;
    assert!(matches!(reason.refusal(), Refusal::Signed { name } if name == "ward"));
    // This works from here on, in every step.
    let sealer = sealer(PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead)?;
    let update = sealer.update_sealed(&database, "people").key("id", text("p-1001"));
    let update = update.update_expression("SET ward = :ward").expression_attribute_values(":ward", text("south"));
    assert_eq!(update.send().await?.after.get("ward"), Some(&text("south")));
    assert!(!is_sealed(&database, "p-1001").await?);

    // The configuration knows of no nickname. That is no matter for what is written plain, until it is to be sealed.
    let put = client.put_item().table_name("people").item("id", text("p-9")).item("nickname", text("the Countess"));
    put.send().await?;
    let not_sealable = not_sealable(&database).await?;
    let [error] = &*not_sealable else { return Err("one item can not be sealed".into()) };
    println!("before step 2: {}", support::text(error));
    assert_eq!(error.key_attributes().get("id"), Some(&"p-9".into()));
    assert!(matches!(error.kind(), ErrorKind::NoAction { name } if name == "nickname"));
    Ok(())
}

/// Why some plain items can not be sealed: attributes without an action, or too large with what sealing adds.
async fn not_sealable(database: &Client) -> Result<Vec<ItemError>, Box<dyn Error>> {
    let encryptor = encryptor(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead)?;
    let plain = database.scan().table_name("people").filter_expression("attribute_not_exists(aws_dbe_head)");
    let mut items = plain.into_paginator().items().send();
    let mut errors = Vec::new();
    while let Some(item) = items.next().await {
        errors.extend(encryptor.encrypt_item(sdk::from_sdk(item?)?).await.err());
    }
    Ok(errors)
}
