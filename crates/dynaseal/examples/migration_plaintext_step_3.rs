//! From a plain table to a sealed one, step 3: where it ends. What is not sealed is refused.
//!
//!     cargo run --example migration_plaintext_step_3 --features local -p dynaseal
//!
//! Its policy is `FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ`, the default: a configuration that names none has it. It
//! reads what steps 2 and 3 wrote, and refuses what steps 0 and 1 wrote.
//!
//! Nothing comes after it. Plain items may come up from a backup or an old queue: then the error names the item.
//!
//! To roll back: to step 2 at any time, which writes the same and reads more.

mod migration;
mod support;

use std::error::Error;

use aws_sdk_dynamodb::Client;
use dynaseal::{ErrorKind, PlaintextPolicy, operation_error};
use migration::{is_sealed, read, sealing_client, write};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

/// The client of this step.
pub(crate) fn client(database: &Client) -> Result<Client, Box<dyn Error>> {
    assert_eq!(PlaintextPolicy::default(), PlaintextPolicy::ForbidPlaintextWriteForbidPlaintextRead);
    sealing_client(database, PlaintextPolicy::default())
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let database = support::people().await?;
    let client = client(&database)?;
    write(&client, "p-1003").await?;
    assert!(is_sealed(&database, "p-1003").await?);
    read(&client, "p-1003").await?;

    // Clients of step 2 may still run; they and this one read each other's items.
    let step_2 = sealing_client(&database, PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead)?;
    write(&step_2, "p-1002").await?;
    read(&client, "p-1002").await?;
    read(&step_2, "p-1003").await?;

    // Clients of step 1 may not: what they write, this one refuses.
    let step_1 = sealing_client(&database, PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead)?;
    write(&step_1, "p-1001").await?;
    let error = read(&client, "p-1001").await.expect_err("a plain item was read");
    println!("step 3 reads what step 1 wrote: {}", support::text(&*error));
    let item = operation_error(&*error).and_then(|reason| reason.item()).ok_or("it is not about an item")?;
    assert_eq!(item.key_attributes().get("id"), Some(&"p-1001".into()));
    assert!(matches!(item.kind(), ErrorKind::NotSealed { .. }));
    Ok(())
}
