//! The tour's plain table, sealed as it is.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue::S;
use dynaseal::migrate::{FindingObserver, Migration, Observer, Options, Source, Target, Verifier};
use dynaseal::{
    ItemEncryptor, PlaintextPolicy, RawAesKeyring, SealedTable, SecureRandom as _, SystemRandom, TableConfig, local,
};
use zeroize::Zeroizing;

use super::DemoError;
use super::screen::Screen;
use crate::output::Failure;

const TABLE: &str = "visitors";

pub(super) async fn run(output: &mut Screen, client: &Client) -> Result<(), Failure> {
    local::create_table(client, TABLE, "id", None).await.map_err(DemoError::Table)?;
    for (id, name) in [("v-1", "Grace Hopper"), ("v-2", "Edsger Dijkstra"), ("v-3", "Barbara Liskov")] {
        let put = client.put_item().table_name(TABLE).item("id", S(id.to_owned())).item("name", S(name.to_owned()));
        put.send().await.map_err(|error| DemoError::from(aws_sdk_dynamodb::Error::from(error)))?;
    }

    let mut key = Zeroizing::new([0; 32]);
    SystemRandom.fill(key.as_mut_slice())?;
    // What all instances of an application have at this step: both forms can be read, and what is written is sealed.
    let policy = PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead;
    let config = TableConfig::builder(TABLE, "id").encrypt(["name"]).plaintext_policy(policy).build()?;
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("demo", "key-2", key.as_slice())?);
    let table = SealedTable::new(TABLE, encryptor);
    let verifier = Verifier::new(table.clone());
    let migration =
        Migration::new(client.clone(), TABLE, Source::default().plain(), Target::records(table)?, Options::default());

    let nobody: Arc<dyn Observer> = Arc::new(());
    let plan = migration.plan(&nobody).await?.counts;
    output.line(format!(
        "   planned   {} items of {} bytes, sealed {} bytes, {} write units",
        plan.changed(),
        plan.bytes_before,
        plan.bytes_after,
        plan.write_units
    ))?;
    output.line(format!("   sealed    {} items", migration.run(&nobody).await?.counts.changed()))?;
    let again = migration.run(&nobody).await?.counts;
    output.line(format!("   again     {} items, {} already up to date", again.changed(), again.current))?;
    let nobody: Arc<dyn FindingObserver> = Arc::new(());
    let findings = verifier.scan(client, TABLE, &Options::default(), &nobody).await?;
    match findings.is_clean() {
        true => output.line(format!("   verified  {} items, all of them clean", findings.examined)),
        false => Err(DemoError::Missing.into()),
    }
}
