//! From the DynamoDB Encryption Client to records, step 0: where it starts. Every client knows the older format only.
//!
//!     cargo run --example migration_older_client_step_0 --features legacy,local -p dynaseal
//!
//! Nothing of DB-ESDK is configured: each item is sealed with the `Encryptor` of the older format and put by the plain SDK.
//! It reads what steps 0 and 1 wrote. What steps 2 and 3 wrote has no signature of its own, and is an error. So no client of
//! this step may be left, replicas and batch jobs included, when the first one goes to step 2.
//!
//! Before step 1: find out with which table name, key attributes, actions and keys the items were sealed. The table name is
//! signed: it is that of the table where an item was written, also if it was moved since.

#[path = "migration/older_client.rs"]
mod migration;
mod support;

use std::error::Error;

use dynaseal::LegacyError;
use migration::{is_older, is_record, read_older, sealer, write, write_older};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    use dynaseal::LegacyPolicy::{ForbidLegacyEncryptAllowLegacyDecrypt, ForceLegacyEncryptAllowLegacyDecrypt};

    let database = support::people().await?;
    write_older(&database, "p-1000").await?;
    assert!(is_older(&database, "p-1000").await?);
    read_older(&database, "p-1000").await?;

    // Step 1 writes as this one does.
    let step_1 = sealer(Some(ForceLegacyEncryptAllowLegacyDecrypt))?;
    write(&database, &step_1, "p-1001").await?;
    read_older(&database, "p-1001").await?;

    // Step 2 comes too early as long as there is a client of this one.
    let step_2 = sealer(Some(ForbidLegacyEncryptAllowLegacyDecrypt))?;
    write(&database, &step_2, "p-1002").await?;
    assert!(is_record(&database, "p-1002").await?);
    let error = read_older(&database, "p-1002").await.expect_err("the older format opened a record");
    println!("step 0 reads what step 2 wrote: {}", support::text(&*error));
    assert!(error.is::<LegacyError>());
    Ok(())
}
