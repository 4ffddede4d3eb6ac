//! Transactions whose entries belong to different sealers.

use std::future::Future;
use std::sync::Arc;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsError, TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use dynaseal_ops::operation::OpenReasons;
use dynaseal_ops::{Measure, OperationError, Refusal, short_name};
use tracing::Instrument;

use crate::bridge::beside;
use crate::door::SealedBy;
use crate::error::not_sent;
use crate::operation::{Operation, seal_entry, table_name};
use crate::sealer::Sealer;
use crate::send::{Builder, send_sealed_input};
use crate::span;

type Sent = Result<TransactWriteItemsOutput, SdkError<TransactWriteItemsError, HttpResponse>>;

/// Sends a transaction in which each entry has a sealer of its own.
///
/// A [`Sealer`] has one configuration for each table. Where a table holds items of several kinds, or of several tenants with
/// a key each, one transaction may need several. Here nothing is looked up by a table's name in somebody else's sealer.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
/// # use dynaseal_client::{SealedTable, Sealer, SendSealedEntries};
/// # use dynaseal_core::{ItemEncryptor, RawAesKeyring, TableConfig};
/// # let client = dynaseal_local::memory()?;
/// # dynaseal_local::create_table(&client, "people", "id", None).await?;
/// let of_tenant = |name: &str, key: [u8; 32]| -> Result<Sealer, Box<dyn std::error::Error + Send + Sync>> {
///     let config = TableConfig::builder("people", "id").encrypt(["diagnosis"]).build()?;
///     let keyring = RawAesKeyring::new("example", name, &key)?;
///     Ok(Sealer::of_table(SealedTable::new("people", ItemEncryptor::new(config, keyring))))
/// };
/// let sealers = [of_tenant("acme", [7; 32])?, of_tenant("initech", [8; 32])?];
/// let put = |id: &str| -> Result<TransactWriteItem, Box<dyn std::error::Error + Send + Sync>> {
///     let text = |text: &str| AttributeValue::S(text.to_owned());
///     let put = Put::builder().table_name("people").item("id", text(id)).item("diagnosis", text("influenza"));
///     Ok(TransactWriteItem::builder().put(put.build()?).build())
/// };
/// let transaction = client.transact_write_items().transact_items(put("acme-1")?).transact_items(put("initech-1")?);
/// transaction.send_sealed_by(&sealers).await?;
/// # Ok(()) }
/// ```
pub trait SendSealedEntries: Sized + private::Sealed {
    /// Seals each entry by the sealer in the same place, sends the transaction, and opens the items of an error. An entry
    /// whose sealer does not know its table passes as it is.
    ///
    /// # Errors
    /// Those of `send_sealed`; and if there are more or fewer sealers than entries. Then nothing was sent.
    fn send_sealed_by(self, sealers: &[Sealer]) -> impl Future<Output = Sent> + Send;
}

mod private {
    pub trait Sealed {}
}

impl private::Sealed for TransactWriteItemsFluentBuilder {}

impl SendSealedEntries for TransactWriteItemsFluentBuilder {
    async fn send_sealed_by(self, sealers: &[Sealer]) -> Sent {
        let input = self.input().map_err(SdkError::construction_failure)?;
        let span = span::span(TransactWriteItemsInput::NAME, || tables_of(&input, sealers));
        let mut measure = Measure::default();
        let result = send(self, input, sealers, &mut measure).instrument(span.clone()).await;
        span::record(&span, &measure, result.is_err());
        result
    }
}

async fn send(
    builder: TransactWriteItemsFluentBuilder,
    mut input: TransactWriteItemsInput,
    sealers: &[Sealer],
    measure: &mut Measure,
) -> Sent {
    let (by, open) = beside(seal(&mut input, sealers, measure)).await.map_err(not_sent)?;
    send_sealed_input(builder, input, by, &open, measure).await
}

async fn seal(
    input: &mut TransactWriteItemsInput,
    sealers: &[Sealer],
    measure: &mut Measure,
) -> Result<(SealedBy, OpenReasons), OperationError> {
    let entries = input.transact_items.as_deref_mut().unwrap_or_default();
    if entries.len() != sealers.len() {
        let refusal = Refusal::Sealers { entries: entries.len(), sealers: sealers.len() };
        return Err(OperationError::without_table(TransactWriteItemsInput::NAME, refusal));
    }
    let (mut opens, mut by) = (Vec::with_capacity(sealers.len()), Vec::with_capacity(sealers.len()));
    for (index, (entry, sealer)) in entries.iter_mut().zip(sealers).enumerate() {
        opens.push(seal_entry(index, entry, &sealer.tables, measure).await?);
        by.extend(table_name(entry).map(|name| (short_name(name).to_owned(), Arc::clone(&sealer.tables))));
    }
    Ok((SealedBy::Entries(by.into()), OpenReasons::new(opens)))
}

/// The sealed tables, for the span.
fn tables_of(input: &TransactWriteItemsInput, sealers: &[Sealer]) -> String {
    let entries = input.transact_items.iter().flatten().zip(sealers);
    let name = |(entry, sealer): (_, &Sealer)| Some(sealer.tables.get(table_name(entry)?)?.name().to_owned());
    let names: std::collections::BTreeSet<String> = entries.filter_map(name).collect();
    names.into_iter().collect::<Vec<_>>().join(",")
}
