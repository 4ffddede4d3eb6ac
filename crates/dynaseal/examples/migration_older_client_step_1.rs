//! From the DynamoDB Encryption Client to records, step 1: every client learns to read records, and writes the older format
//! as before.
//!
//!     cargo run --example migration_older_client_step_1 --features local,migrate -p dynaseal
//!
//! Its legacy policy is `FORCE_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT`. It reads what any step wrote.
//!
//! What changes for the application: items are sealed and opened by `send_sealed`, and expressions are checked as on a
//! table of records. Conditions on what is encrypted and plain updates of what is signed are refused; they broke items
//! before, and nobody noticed until somebody read them. Use `update_sealed` for those.
//!
//! Before step 2: this step runs everywhere, and every item can become a record. Let a migration that writes nothing say
//! so: `dynaseal migrate --dry-run` on the command line, `Migration::plan` as here.
//!
//! To roll back: to step 0 at any time, for there are no records yet. Once a client of step 2 has run: see there.

#[path = "migration/older_client.rs"]
mod migration;
mod support;

use std::error::Error;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::migrate::{Migration, Observer, Options, Report, Source, Target};
use dynaseal::{LegacyPolicy, Refusal, Sealer, SendSealed as _, operation_error};
use migration::{is_older, older, person, put_older, read, read_older, sealer, table, write, write_older};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

/// The sealer of this step.
pub(crate) fn own_sealer() -> Result<Sealer, Box<dyn Error>> {
    sealer(Some(LegacyPolicy::ForceLegacyEncryptAllowLegacyDecrypt))
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let database = support::people().await?;
    let step_1 = own_sealer()?;
    write(&database, &step_1, "p-1001").await?;
    assert!(is_older(&database, "p-1001").await?);
    read(&database, &step_1, "p-1001").await?;
    // Step 0 reads it: that is the way back.
    read_older(&database, "p-1001").await?;

    // What is there from step 0, and what clients write that are at step 2 already.
    write_older(&database, "p-1000").await?;
    read(&database, &step_1, "p-1000").await?;
    let step_2 = sealer(Some(LegacyPolicy::ForbidLegacyEncryptAllowLegacyDecrypt))?;
    write(&database, &step_2, "p-1002").await?;
    read(&database, &step_1, "p-1002").await?;

    // In step 0 nobody stopped this, and then the item did not open any more.
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let update = database.update_item().table_name("people").key("id", text("p-1001"));
    let update = update.update_expression("SET ward = :ward").expression_attribute_values(":ward", text("south"));
    let error = update.send_sealed(&step_1).await.expect_err("a signed attribute was updated");
    println!("update: {}", support::text(&error));
    let reason = operation_error(&error).ok_or("it went to DynamoDB")?;
    assert!(matches!(reason.refusal(), Refusal::Signed { name } if name == "ward"));
    // This works from here on, in every step.
    let update = step_1.update_sealed(&database, "people").key("id", text("p-1001"));
    let update = update.update_expression("SET ward = :ward").expression_attribute_values(":ward", text("south"));
    assert_eq!(update.send().await?.after.get("ward"), Some(&text("south")));
    assert!(is_older(&database, "p-1001").await?);

    // The older format encrypted what had no action. Records want each attribute named.
    let nickname = ("nickname".to_owned(), text("the Countess"));
    put_older(&database, person("p-9").into_iter().chain([nickname]).collect()).await?;
    let plan = plan(&database).await?;
    let [refused] = &*plan.refused else { return Err("one item can not become a record".into()) };
    println!("before step 2: {}: {}", refused.key, refused.reason);
    assert!(refused.key.contains("p-9") && refused.reason.contains("nickname"));
    Ok(())
}

/// What step 2 would find. The target is the configuration of that step: with the one of this step, a migration would be
/// undone by those who write the table.
async fn plan(database: &aws_sdk_dynamodb::Client) -> Result<Report, Box<dyn Error>> {
    let target = Target::records(table(Some(LegacyPolicy::ForbidLegacyEncryptAllowLegacyDecrypt))?)?;
    let source = Source::default().legacy(older()?);
    let migration = Migration::new(database.clone(), "people", source, target, Options::default());
    let nobody: Arc<dyn Observer> = Arc::new(());
    Ok(migration.plan(&nobody).await?)
}
