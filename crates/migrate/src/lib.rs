//! Brings whole tables over: plain items and those of older formats to sealed ones, sealed ones to another configuration
//! or other keys, and back to plaintext where that is asked for by name.
//!
//! | what | where |
//! | --- | --- |
//! | what the items may be now, and what opens them | [`Source`] |
//! | what they shall be | [`Target`] |
//! | a job over a table | [`Migration`], its [`Options`] and [`Report`] |
//! | where progress is kept | [`FileCheckpoint`], [`TableCheckpoint`] |
//! | whether a table is clean | [`Verifier`] |
//! | one write, on condition that nobody was faster | `write.rs` |
//! | how fast capacity is used | `pace.rs` |
//!
//! A job reads each item, opens it, seals it as the target wants it, and writes what changed on condition that the item is
//! still what was read; if it is not, it begins again with what it is now. So live writers never lose an update, a job may
//! be ended at any moment and begun again, and what it did already stays as it is.
//!
//! Who writes meanwhile has to read both forms and write sealed items. A program that writes plaintext over a sealed item
//! makes it plain again, and one that changes or adds a signed attribute of it without sealing makes it unreadable: a
//! policy for all instances comes first. [`Verifier`] finds both.
//!
//! ```
//! use std::sync::Arc;
//! use dynaseal_core::{BeaconKey, ItemEncryptor, PlaintextPolicy, RawAesKeyring, TableConfig};
//! use dynaseal_migrate::{Migration, Observer, Options, Source, Target};
//! use dynaseal_ops::SealedTable;
//! # use aws_sdk_dynamodb::types::AttributeValue::S;
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let client = dynaseal_local::memory()?;
//! dynaseal_local::create_table(&client, "people", "id", None).await?;
//! client.put_item().table_name("people").item("id", S("ada".into())).item("name", S("Ada".into())).send().await?;
//!
//! let config = TableConfig::builder("people", "id")
//!     .encrypt(["name"])
//!     .plaintext_policy(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead)
//!     .build()?;
//! let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32])?);
//! let target = Target::records(SealedTable::new("people", encryptor))?;
//!
//! let migration = Migration::new(client, "people", Source::default().plain(), target, Options::default());
//! let nobody: Arc<dyn Observer> = Arc::new(());
//! let plan = migration.plan(&nobody).await?;
//! assert_eq!((plan.counts.changed(), plan.counts.refused), (1, 0));
//! let report = migration.run(&nobody).await?;
//! assert_eq!(report.counts.changed(), 1);
//! // Again: there is nothing to do.
//! assert_eq!(migration.run(&nobody).await?.counts.current, 1);
//! # Ok(()) }
//! ```

mod attributes;
mod backoff;
mod checkpoint;
mod compare;
mod database;
mod form;
mod job;
mod options;
mod pace;
mod probe;
mod problem;
mod progress;
mod report;
mod scan;
mod source;
mod target;
mod verify;
mod write;

pub use attributes::SealedAttributes;
pub use checkpoint::{Checkpoint, FileCheckpoint, NoCheckpoint, TableCheckpoint};
pub use form::Form;
pub use job::Migration;
pub use options::{Options, Shard};
pub use problem::{CheckpointError, MigrateError, Problem};
pub use report::{Counts, Observer, Refused, Report, Wait};
pub use source::{PynamodbMate, Source};
pub use target::{Keys, Target};
pub use verify::{Finding, FindingObserver, Findings, Verifier};
