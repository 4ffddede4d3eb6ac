//! From a plain table to a sealed one, step 2: everything that is written is sealed, what is still plain can be read.
//!
//!     cargo run --example migration_plaintext_step_2 --features local -p dynaseal
//!
//! Its policy is `FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ`. It reads what any step wrote.
//!
//! Do not stay here: as long as plain items are read, whoever can write the table can put one in the place of a sealed
//! one, and nobody notices.
//!
//! Before step 3: this step runs everywhere, then whatever is still plain is sealed, as here, and a last look finds
//! nothing plain. Backups, exports and streams from before still are.
//!
//! To roll back: to step 1, which reads what was sealed and writes plain again; what was sealed stays so. Not to step 0,
//! which can not read it, unless everything is written plain again by step 1 first.

mod migration;
mod support;

use std::error::Error;

use aws_sdk_dynamodb::Client;
use dynaseal::PlaintextPolicy;
use migration::{is_sealed, read, sealer, sealing_client, write};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

/// The client of this step.
pub(crate) fn client(database: &Client) -> Result<Client, Box<dyn Error>> {
    sealing_client(database, PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead)
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let database = support::people().await?;
    let client = client(&database)?;
    write(&client, "p-1002").await?;
    assert!(is_sealed(&database, "p-1002").await?);
    read(&client, "p-1002").await?;

    // What is there from step 1, and what clients write that are at step 3 already.
    let step_1 = sealing_client(&database, PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead)?;
    write(&step_1, "p-1001").await?;
    read(&client, "p-1001").await?;
    let step_3 = sealing_client(&database, PlaintextPolicy::ForbidPlaintextWriteForbidPlaintextRead)?;
    write(&step_3, "p-1003").await?;
    read(&client, "p-1003").await?;

    assert_eq!(seal_the_rest(&database).await?, 1);
    assert_eq!(seal_the_rest(&database).await?, 0);
    assert!(is_sealed(&database, "p-1001").await?);
    read(&step_3, "p-1001").await?;
    // Step 1 still reads it: that is the way back.
    read(&step_1, "p-1001").await?;
    Ok(())
}

/// Seals what is still plain, and says how many items it was. It loses nothing that others write meanwhile.
async fn seal_the_rest(database: &Client) -> Result<usize, Box<dyn Error>> {
    let sealer = sealer(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead)?;
    // A plain client, for only that one may ask about the library's own attributes.
    let plain = database.scan().table_name("people").filter_expression("attribute_not_exists(aws_dbe_head)");
    let mut items = plain.consistent_read(true).into_paginator().items().send();
    let mut sealed = 0;
    while let Some(item) = items.next().await {
        let id = item?.remove("id").ok_or("no id")?;
        // An update of nothing, but what it writes is sealed. Without the condition it would bring back what somebody has
        // deleted since.
        let update = sealer.update_sealed(database, "people").key("id", id);
        match update.condition_expression("attribute_exists(id)").send().await {
            Ok(_) => sealed += 1,
            Err(error) if error.is_condition() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(sealed)
}
