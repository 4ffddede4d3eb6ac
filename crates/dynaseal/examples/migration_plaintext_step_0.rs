//! From a plain table to a sealed one, step 0: where it starts. Every client is a plain one.
//!
//!     cargo run --example migration_plaintext_step_0 --features local -p dynaseal
//!
//! It reads what steps 0 and 1 wrote. What steps 2 and 3 wrote comes to it sealed: no error, but bytes where the name was.
//! So no client of this step may be left, replicas and batch jobs included, when the first one goes to step 2.
//!
//! Before step 1: decide for each attribute whether it is encrypted, signed or neither, and look through the
//! application's expressions for what a sealed table refuses (step 1 shows some).

mod migration;
mod support;

use std::error::Error;

use aws_sdk_dynamodb::Client;
use dynaseal::PlaintextPolicy;
use migration::{is_sealed, read, sealing_client, write};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

/// The client of this step.
pub(crate) fn client(database: &Client) -> Result<Client, Box<dyn Error>> {
    Ok(database.clone())
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let database = support::people().await?;
    let client = client(&database)?;
    write(&client, "p-1000").await?;
    assert!(!is_sealed(&database, "p-1000").await?);
    read(&client, "p-1000").await?;

    // Step 1 writes as this one does.
    let step_1 = sealing_client(&database, PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead)?;
    write(&step_1, "p-1001").await?;
    read(&client, "p-1001").await?;

    // Step 2 comes too early as long as there is a client of this one.
    let step_2 = sealing_client(&database, PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead)?;
    write(&step_2, "p-1002").await?;
    let error = read(&client, "p-1002").await.expect_err("a plain client read a sealed name");
    println!("step 0 reads what step 2 wrote: {error}");
    Ok(())
}
