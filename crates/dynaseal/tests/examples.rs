//! Runs every example, as its reader would. Those that need a key server say so where there is none.

#![allow(clippy::duplicate_mod, reason = "each example is a program of its own, with its own copy of what they share")]
#![allow(dead_code, reason = "an example's `main` does nothing but call its `run`, as is done here")]

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;

macro_rules! examples {
    ($($name:ident $path:literal)*) => {
        $(
            #[path = $path]
            mod $name;
        )*

        mod runs {
            $(
                #[tokio::test]
                async fn $name() -> Result<(), Box<dyn std::error::Error>> {
                    super::$name::run().await
                }
            )*
        }

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

examples! {
    basic_put_get "../examples/basic_put_get.rs"
    batch_put_get "../examples/batch_put_get.rs"
    caching_cmm "../examples/caching_cmm.rs"
    client_supplier "../examples/client_supplier.rs"
    embedded "../examples/embedded.rs"
    encrypted_data_keys "../examples/encrypted_data_keys.rs"
    hierarchical_two_tenants "../examples/hierarchical_two_tenants.rs"
    item_encryptor "../examples/item_encryptor.rs"
    key_store "../examples/key_store.rs"
    kms_ecdh "../examples/kms_ecdh.rs"
    kms_ecdh_discovery "../examples/kms_ecdh_discovery.rs"
    kms_keyring "../examples/kms_keyring.rs"
    kms_mrk_discovery "../examples/kms_mrk_discovery.rs"
    kms_multi_mrk "../examples/kms_multi_mrk.rs"
    kms_rsa "../examples/kms_rsa.rs"
    migration_older_client_step_0 "../examples/migration_older_client_step_0.rs"
    migration_older_client_step_1 "../examples/migration_older_client_step_1.rs"
    migration_older_client_step_2 "../examples/migration_older_client_step_2.rs"
    migration_older_client_step_3 "../examples/migration_older_client_step_3.rs"
    migration_plaintext_step_0 "../examples/migration_plaintext_step_0.rs"
    migration_plaintext_step_1 "../examples/migration_plaintext_step_1.rs"
    migration_plaintext_step_2 "../examples/migration_plaintext_step_2.rs"
    migration_plaintext_step_3 "../examples/migration_plaintext_step_3.rs"
    multi_keyring "../examples/multi_keyring.rs"
    projection_and_conditions "../examples/projection_and_conditions.rs"
    pynamodb_mate_page "../examples/pynamodb_mate_page.rs"
    raw_aes "../examples/raw_aes.rs"
    raw_ecdh_discovery "../examples/raw_ecdh_discovery.rs"
    raw_ecdh_ephemeral "../examples/raw_ecdh_ephemeral.rs"
    raw_ecdh_static "../examples/raw_ecdh_static.rs"
    raw_rsa "../examples/raw_rsa.rs"
    scan_errors "../examples/scan_errors.rs"
    searchable_basic "../examples/searchable_basic.rs"
    searchable_beacon_styles "../examples/searchable_beacon_styles.rs"
    searchable_complex "../examples/searchable_complex.rs"
    searchable_compound "../examples/searchable_compound.rs"
    searchable_multi_tenant "../examples/searchable_multi_tenant.rs"
    searchable_partitions "../examples/searchable_partitions.rs"
    searchable_virtual "../examples/searchable_virtual.rs"
    shared_cache "../examples/shared_cache.rs"
    transact_put_get "../examples/transact_put_get.rs"
    unverified_index "../examples/unverified_index.rs"
}

#[path = "../examples/migration/mod.rs"]
mod migration;
#[path = "../examples/migration/older_client.rs"]
mod older_client;
#[path = "../examples/support/mod.rs"]
mod support;

/// What comes of reading an item.
#[derive(Debug, PartialEq)]
enum Read {
    Done,
    /// The application gets bytes where it wrote a text.
    Ciphertext,
    /// Refused, for the item is not sealed, or of the older format.
    Refused,
    /// What opens the older format finds another one.
    Foreign,
    Failed(String),
}

#[tokio::test]
async fn steps_of_the_migration_read_each_other_as_they_say() -> Result<(), Box<dyn Error>> {
    use Read::{Ciphertext, Done, Refused};
    // Each row is a step that writes; in it are the steps that read.
    let expected = [
        [Done, Done, Done, Refused],
        [Done, Done, Done, Refused],
        [Ciphertext, Done, Done, Done],
        [Ciphertext, Done, Done, Done],
    ];
    let database = support::people().await?;
    let clients = [
        migration_plaintext_step_0::client(&database)?,
        migration_plaintext_step_1::client(&database)?,
        migration_plaintext_step_2::client(&database)?,
        migration_plaintext_step_3::client(&database)?,
    ];
    for (writer, (row, client)) in expected.into_iter().zip(&clients).enumerate() {
        for (reader, (expected, reading)) in row.into_iter().zip(&clients).enumerate() {
            let id = format!("p-{writer}-{reader}");
            migration::write(client, &id).await?;
            assert_eq!(migration::is_sealed(&database, &id).await?, writer >= 2, "step {writer} writes");
            let read = outcome(migration::read(reading, &id).await);
            assert_eq!(read, expected, "step {reader} reads what step {writer} wrote");

            // Whatever lies there, the reader writes over it.
            migration::write(reading, &id).await?;
            assert_eq!(migration::is_sealed(&database, &id).await?, reader >= 2, "step {reader} writes over it");
        }
    }
    Ok(())
}

#[tokio::test]
async fn steps_from_the_older_client_read_each_other_as_they_say() -> Result<(), Box<dyn Error>> {
    use Read::{Done, Foreign, Refused};
    // Each row is a step that writes; in it are the steps that read.
    let expected = [
        [Done, Done, Done, Refused],
        [Done, Done, Done, Refused],
        [Foreign, Done, Done, Done],
        [Foreign, Done, Done, Done],
    ];
    let database = support::people().await?;
    // Step 0 has no sealer.
    let sealers = [
        None,
        Some(migration_older_client_step_1::own_sealer()?),
        Some(migration_older_client_step_2::own_sealer()?),
        Some(migration_older_client_step_3::own_sealer()?),
    ];
    for (writer, (row, sealer)) in expected.into_iter().zip(&sealers).enumerate() {
        for (reader, (expected, reading)) in row.into_iter().zip(&sealers).enumerate() {
            let id = format!("p-{writer}-{reader}");
            write_in_step(&database, sealer.as_ref(), &id).await?;
            assert_eq!(older_client::is_record(&database, &id).await?, writer >= 2, "step {writer} writes");
            assert_eq!(older_client::is_older(&database, &id).await?, writer < 2, "step {writer} writes");
            let read = match reading {
                Some(sealer) => older_client::read(&database, sealer, &id).await,
                None => older_client::read_older(&database, &id).await,
            };
            assert_eq!(outcome(read), expected, "step {reader} reads what step {writer} wrote");

            // Whatever lies there, the reader writes over it.
            write_in_step(&database, reading.as_ref(), &id).await?;
            assert_eq!(older_client::is_older(&database, &id).await?, reader < 2, "step {reader} writes over it");
        }
    }
    Ok(())
}

async fn write_in_step(
    database: &aws_sdk_dynamodb::Client,
    sealer: Option<&dynaseal::Sealer>,
    id: &str,
) -> Result<(), Box<dyn Error>> {
    match sealer {
        Some(sealer) => older_client::write(database, sealer, id).await,
        None => older_client::write_older(database, id).await,
    }
}

fn outcome(read: Result<(), Box<dyn Error>>) -> Read {
    let Err(error) = read else { return Read::Done };
    let item = dynaseal::operation_error(&*error).and_then(|error| error.item());
    match item.map(|item| item.kind()) {
        Some(dynaseal::ErrorKind::NotSealed { .. } | dynaseal::ErrorKind::LegacyForbidden { .. }) => Read::Refused,
        None if error.is::<dynaseal::LegacyError>() => Read::Foreign,
        None if error.to_string() == migration::CIPHERTEXT => Read::Ciphertext,
        _ => Read::Failed(support::text(&*error)),
    }
}

#[test]
fn none_is_left_out() -> Result<(), Box<dyn Error>> {
    let mut files = BTreeSet::new();
    for entry in Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").read_dir()? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            files.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    // Runs in `spans.rs`, by itself.
    assert!(files.remove("spans"));
    assert_eq!(files, NAMES.iter().map(ToString::to_string).collect());
    Ok(())
}
