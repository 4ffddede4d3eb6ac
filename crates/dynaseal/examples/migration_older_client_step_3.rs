//! From the DynamoDB Encryption Client to records, step 3: where it ends. The older format is refused.
//!
//!     cargo run --example migration_older_client_step_3 --features legacy,local -p dynaseal
//!
//! There is no legacy policy, and the keys of the older format are not needed any more. The policy
//! `FORBID_LEGACY_ENCRYPT_FORBID_LEGACY_DECRYPT` does the same; it is needed where signature and material description had
//! names of their own, or such an item would pass for a plain one in the error. It reads what steps 2 and 3 wrote, and
//! refuses what steps 0 and 1 wrote.
//!
//! Nothing comes after it. Items of the older format may come up from a backup or an old queue: then the error names the
//! item. Keep the keys as long as there are backups that need them.
//!
//! To roll back: to step 2 at any time, which writes the same and reads more.

#[path = "migration/older_client.rs"]
mod migration;
mod support;

use std::error::Error;

use dynaseal::{ErrorKind, LegacyPolicy, Sealer, operation_error};
use migration::{is_record, read, sealer, write, write_older};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

/// The sealer of this step.
pub(crate) fn own_sealer() -> Result<Sealer, Box<dyn Error>> {
    sealer(None)
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let database = support::people().await?;
    let step_3 = own_sealer()?;
    write(&database, &step_3, "p-1003").await?;
    assert!(is_record(&database, "p-1003").await?);
    read(&database, &step_3, "p-1003").await?;

    // Clients of step 2 may still run; they and this one read each other's items.
    let step_2 = sealer(Some(LegacyPolicy::ForbidLegacyEncryptAllowLegacyDecrypt))?;
    write(&database, &step_2, "p-1002").await?;
    read(&database, &step_3, "p-1002").await?;
    read(&database, &step_2, "p-1003").await?;

    // Clients of steps 0 and 1 may not: what they write, this one refuses, by either configuration.
    write_older(&database, "p-1000").await?;
    let step_1 = sealer(Some(LegacyPolicy::ForceLegacyEncryptAllowLegacyDecrypt))?;
    write(&database, &step_1, "p-1001").await?;
    let forbids = sealer(Some(LegacyPolicy::ForbidLegacyEncryptForbidLegacyDecrypt))?;
    for id in ["p-1000", "p-1001"] {
        for reader in [&step_3, &forbids] {
            let error = read(&database, reader, id).await.expect_err("the older format was read");
            let item = operation_error(&*error).and_then(|reason| reason.item()).ok_or("it is not about an item")?;
            assert_eq!(item.key_attributes().get("id"), Some(&id.into()));
            assert!(matches!(item.kind(), ErrorKind::LegacyForbidden { .. }));
            println!("step 3 reads {id}: {}", support::text(&*error));
        }
    }
    Ok(())
}
