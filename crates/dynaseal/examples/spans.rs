//! What an operator sees of sealed tables: a span of `tracing` for each operation, with counts, sizes and times.
//!
//!     cargo run --example spans --features local -p dynaseal

mod support;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::{ItemEncryptor, RawAesKeyring, SealedTable, Sealer, SendSealed, TableConfig};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let spans = Spans::default();
    let _guard = tracing::subscriber::set_default(spans.clone());

    let client = support::people().await?;
    let config = TableConfig::builder("people", "id").encrypt(["name"]).build()?;
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("hospital", "key-2026", &[7; 32])?);
    let sealer = Sealer::of_table(SealedTable::new("people", encryptor));
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for (id, name) in [("p-1001", "Ada Byron"), ("p-1002", "Bob")] {
        let put = client.put_item().table_name("people").item("id", text(id)).item("name", text(name));
        put.send_sealed(&sealer).await?;
    }
    let scan = client.scan().table_name("people");
    scan.clone().send_sealed(&sealer).await?;
    let refused = scan.filter_expression("begins_with(#name, :ada)").expression_attribute_names("#name", "name");
    let refused = refused.expression_attribute_values(":ada", text("Ada"));
    refused.send_sealed(&sealer).await.expect_err("DynamoDB compared a name");

    let spans = spans.0.lock().unwrap_or_else(PoisonError::into_inner);
    for span in spans.iter() {
        println!("{span:?}");
    }
    let all = |name| spans.iter().map(|span| span.get(name).map(String::as_str)).collect::<Vec<_>>();
    assert_eq!(all("operation"), ["PutItem", "PutItem", "Scan", "Scan"].map(Some));
    assert_eq!(all("tables"), [Some("people"); 4]);
    assert_eq!(all("sealed"), ["1", "1", "0", "0"].map(Some));
    assert_eq!(all("opened"), ["0", "0", "2", "0"].map(Some));
    assert_eq!(all("failed"), ["false", "false", "false", "true"].map(Some));
    // What it took, in microseconds, and how many bytes it was.
    for name in ["sealed_us", "sealed_bytes", "opened_us", "opened_bytes"] {
        assert!(all(name).iter().all(|number| number.is_some_and(|number| number.parse::<u64>().is_ok())));
    }
    // Names and numbers, and never a value: logs are read by more people than the table.
    assert!(spans.iter().flat_map(BTreeMap::values).all(|value| !value.contains("p-100") && !value.contains("Ada")));
    Ok(())
}

/// The fields of every span. A service takes `tracing-subscriber` for this, or its metrics.
#[derive(Clone, Debug, Default)]
struct Spans(Arc<Mutex<Vec<Fields>>>);

type Fields = BTreeMap<&'static str, String>;

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "dynaseal"
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::new();
        attributes.record(&mut Writer(&mut fields));
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spans.push(fields);
        // Numbered from 1, for 0 is no id.
        Id::from_u64(u64::try_from(spans.len()).unwrap_or(u64::MAX))
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = usize::try_from(span.into_u64() - 1).ok();
        if let Some(fields) = index.and_then(|index| spans.get_mut(index)) {
            values.record(&mut Writer(fields));
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Writer<'f>(&'f mut Fields);

impl Visit for Writer<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}
