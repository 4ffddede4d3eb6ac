//! Answers that were lost are counted; those that came are not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::sync::Mutex;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal_client::{SealedTable, Sealer, SendSealed, Tries, watched};
use dynaseal_core::{HEAD, ItemEncryptor, RawAesKeyring, TableConfig};
use dynaseal_local::{Dynoxide, Engine, Reply};

/// Of one operation, answers of these statuses come first, then those of the database; 0 is no answer that anybody
/// understands.
#[derive(Debug)]
struct Line {
    inner: Dynoxide,
    operation: &'static str,
    first: Mutex<Vec<u16>>,
}

impl Engine for Line {
    fn call(&self, operation: &str, body: &str) -> Reply {
        let is_meant = operation == self.operation;
        match if is_meant { self.first.lock().unwrap().pop() } else { None } {
            None => self.inner.call(operation, body),
            Some(0) => Reply { status: 200, body: "{".to_owned() },
            Some(status) => {
                let kind = if status == 400 { "ProvisionedThroughputExceededException" } else { "InternalServerError" };
                Reply { status, body: format!("{{\"__type\":\"com.amazonaws.dynamodb.v20120810#{kind}\"}}") }
            }
        }
    }
}

async fn client(operation: &'static str, first: &[u16]) -> Client {
    let first = first.iter().rev().copied().collect();
    let client =
        dynaseal_local::client(Line { inner: Dynoxide::memory().unwrap(), operation, first: Mutex::new(first) });
    dynaseal_local::create_table(&client, "people", "id", None).await.unwrap();
    client
}

fn sealer() -> Sealer {
    let config = TableConfig::builder("people", "id").encrypt(["name"]).build().unwrap();
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap());
    Sealer::of_table(SealedTable::new("people", encryptor))
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[tokio::test]
async fn lost_answers_of_writes_are_counted() {
    for (first, lost) in [
        (&[][..], 0),
        (&[400], 0),
        (&[500], 1),
        (&[500, 503], 2),
        (&[400, 500], 1),
        (&[500, 400], 1),
        (&[500, 500, 500], 3),
        (&[0], 1),
    ] {
        let client = client("PutItem", first).await;
        let put = client.put_item().table_name("people").item("id", s("a")).item("name", s("Ada"));
        let (sent, tries) = watched(put.send_sealed(&sealer())).await;
        assert_eq!(tries.lost(), lost, "{first:?}: {sent:?}");
        let is_written = sent.is_ok();
        assert_eq!(is_written, first.len() < 3 && first != [0], "{first:?}");
        if is_written {
            let found = client.get_item().table_name("people").key("id", s("a")).send().await.unwrap().item.unwrap();
            assert_eq!(tries.head(), found.get(HEAD), "{first:?}");
        }
    }
}

#[tokio::test]
async fn reads_are_not_counted_and_nobody_watches_by_chance() {
    let (client, sealer) = (self::client("GetItem", &[500, 500]).await, sealer());
    let get = client.get_item().table_name("people").key("id", s("a"));
    let (sent, tries) = watched(get.send_sealed(&sealer)).await;
    assert_eq!((sent.unwrap().item, tries.lost(), tries.head()), (None, 0, None));

    // Of an update of what is sealed, the reads do not count and the writes do.
    for (operation, lost) in [("GetItem", 0), ("PutItem", 1), ("UpdateItem", 1)] {
        let client = self::client(operation, &[500]).await;
        if operation == "UpdateItem" {
            let put = client.put_item().table_name("people").item("id", s("a")).item("name", s("Eve"));
            put.send_sealed(&sealer).await.unwrap();
        }
        let update = sealer.update_sealed(&client, "people").key("id", s("a")).update_expression("SET #n = :n");
        let update = update.expression_attribute_names("#n", "name").expression_attribute_values(":n", s("Ada"));
        let (updated, tries) = watched(update.send()).await;
        assert_eq!((updated.unwrap().attempts, tries.lost()), (1, lost), "{operation}");
    }
    assert_eq!(format!("{:?}", Tries::default()), "Tries { lost: 0, .. }");
}
