//! From the DynamoDB Encryption Client to records, step 2: everything that is written is a record, and the older format can
//! still be read.
//!
//!     cargo run --example migration_older_client_step_2 --features local,migrate -p dynaseal
//!
//! Its legacy policy is `FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT`. It reads what any step wrote.
//!
//! Do not stay here: as long as the older format is read, its keys must be kept, and whoever has them can make items.
//!
//! Before step 3: this step runs everywhere, then a migration makes records of all other items, as here or by
//! `dynaseal migrate --from older-client`, and `dynaseal verify` finds nothing else. Backups, exports and streams from before
//! still have the older format, and need its keys.
//!
//! To roll back: to step 1, which reads records and writes the older format again; what is a record stays one. Not to step
//! 0, which can not read records, unless step 1 has written everything again first.

#[path = "migration/older_client.rs"]
mod migration;
mod support;

use std::error::Error;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use dynaseal::migrate::{Migration, Observer, Options, Report, Source, Target};
use dynaseal::{LegacyPolicy, Sealer};
use migration::{is_older, is_record, older, read, sealer, table, write, write_older};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

/// The sealer of this step.
pub(crate) fn own_sealer() -> Result<Sealer, Box<dyn Error>> {
    sealer(Some(LegacyPolicy::ForbidLegacyEncryptAllowLegacyDecrypt))
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let database = support::people().await?;
    let step_2 = own_sealer()?;
    write(&database, &step_2, "p-1002").await?;
    assert!(is_record(&database, "p-1002").await?);
    read(&database, &step_2, "p-1002").await?;

    // What is there from steps 0 and 1, and what clients write that are at step 3 already.
    write_older(&database, "p-1000").await?;
    read(&database, &step_2, "p-1000").await?;
    let step_1 = sealer(Some(LegacyPolicy::ForceLegacyEncryptAllowLegacyDecrypt))?;
    write(&database, &step_1, "p-1001").await?;
    read(&database, &step_2, "p-1001").await?;
    let step_3 = sealer(None)?;
    write(&database, &step_3, "p-1003").await?;
    read(&database, &step_2, "p-1003").await?;

    let done = migrate(&database).await?.counts;
    assert_eq!((done.changed(), done.current, done.refused), (2, 2, 0));
    // Again: there is nothing left.
    let again = migrate(&database).await?.counts;
    assert_eq!((again.changed(), again.current), (0, 4));
    for id in ["p-1000", "p-1001"] {
        assert!(is_record(&database, id).await? && !is_older(&database, id).await?);
        read(&database, &step_3, id).await?;
        // Step 1 still reads it: that is the way back.
        read(&database, &step_1, id).await?;
    }
    Ok(())
}

/// Makes records of what is of the older format. It loses nothing that others write meanwhile, and may be run again.
async fn migrate(database: &Client) -> Result<Report, Box<dyn Error>> {
    let target = Target::records(table(Some(LegacyPolicy::ForbidLegacyEncryptAllowLegacyDecrypt))?)?;
    let options = Options::default().prove(true);
    let source = Source::default().legacy(older()?);
    let nobody: Arc<dyn Observer> = Arc::new(());
    Ok(Migration::new(database.clone(), "people", source, target, options).run(&nobody).await?)
}
