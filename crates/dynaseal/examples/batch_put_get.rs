//! Items of two tables put and got in batches. What DynamoDB leaves unprocessed comes back plain, to be sent again.
//!
//!     cargo run --example batch_put_get --features local -p dynaseal

mod support;

use std::collections::HashMap;
use std::error::Error;
use std::mem;
use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, PutRequest, WriteRequest};
use dynaseal::{ItemEncryptor, RawAesKeyring, SealedTable, Sealer, SendSealed, TableConfig, sdk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let client = support::people().await?;
    support::table("visits", &client)?.send().await?;
    let client = Client::from_conf(client.config().to_builder().interceptor(Busy::default()).build());

    // Each table has a configuration of its own; tables that the sealer does not know pass untouched.
    let people = TableConfig::builder("people", "id").encrypt(["name"]).build()?;
    let people = ItemEncryptor::new(people, RawAesKeyring::new("hospital", "key-2026", &[7; 32])?);
    let visits = TableConfig::builder("visits", "id").encrypt(["reason"]).sign(["ward"]).build()?;
    let visits = ItemEncryptor::new(visits, RawAesKeyring::new("hospital", "visits-2026", &[8; 32])?);
    let sealer = Sealer::new([SealedTable::new("people", people), SealedTable::new("visits", visits)])?;

    let text = |text: &str| AttributeValue::S(text.to_owned());
    let item = |fields: [(&str, &str); 2]| HashMap::from(fields.map(|(name, value)| (name.to_owned(), text(value))));
    let items = [
        ("people", item([("id", "p-1001"), ("name", "Ada Byron")])),
        ("people", item([("id", "p-1002"), ("name", "Bob")])),
        ("people", item([("id", "p-1003"), ("name", "Eve")])),
        ("visits", item([("id", "v-1"), ("reason", "migraine")])),
    ];

    let mut left: HashMap<String, Vec<WriteRequest>> = HashMap::new();
    for (table, item) in items.clone() {
        let put = PutRequest::builder().set_item(Some(item)).build()?;
        left.entry(table.to_owned()).or_default().push(WriteRequest::builder().put_request(put).build());
    }
    let mut rounds = 0;
    while !left.is_empty() {
        let answer = client.batch_write_item().set_request_items(Some(left)).send_sealed(&sealer).await?;
        // Plain items, as they were given: they are sent in the same way, and sealed anew.
        left = answer.unprocessed_items.unwrap_or_default();
        for put in left.values().flatten().filter_map(WriteRequest::put_request) {
            assert!(items.iter().any(|(_, item)| item == put.item()));
        }
        // The SDK repeats what fails, but not what is left. It has to wait longer each time, and give up at some point.
        rounds += 1;
        assert!(rounds < 10, "DynamoDB has no capacity left");
        tokio::time::sleep(Duration::from_millis(1 << rounds)).await;
    }
    println!("{} items in {rounds} rounds", items.len());
    assert_eq!(rounds, 3);

    let mut keys: HashMap<String, Vec<_>> = HashMap::new();
    for (table, item) in &items {
        let id = item.get("id").ok_or("no id")?;
        keys.entry((*table).to_owned()).or_default().push(HashMap::from([("id".to_owned(), id.clone())]));
    }
    let mut get = client.batch_get_item();
    for (table, keys) in keys {
        get = get.request_items(table, KeysAndAttributes::builder().set_keys(Some(keys)).build()?);
    }
    let answer = get.clone().send_sealed(&sealer).await?;
    // Here it answers everything at once; keys that are left are asked for again as above.
    assert!(answer.unprocessed_keys.unwrap_or_default().is_empty());
    let opened = answer.responses.unwrap_or_default();
    // In no particular order.
    assert_eq!(opened.values().map(Vec::len).sum::<usize>(), items.len());
    for (table, item) in &items {
        assert!(opened.get(*table).is_some_and(|opened| opened.contains(item)));
    }

    let stored = get.send().await?.responses.unwrap_or_default();
    for item in stored.into_values().flatten() {
        let item = sdk::from_sdk(item)?;
        assert!(item.contains_key("aws_dbe_head") && item.contains_key("aws_dbe_foot"));
    }
    Ok(())
}

/// The embedded database is never short of capacity. This takes one item of each table in a batch and gives the others
/// back, as DynamoDB does then.
#[derive(Debug, Default)]
struct Busy {
    left: Mutex<HashMap<String, Vec<WriteRequest>>>,
}

impl Intercept for Busy {
    fn name(&self) -> &'static str {
        "Busy"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(input) = context.input_mut().downcast_mut::<BatchWriteItemInput>() else { return Ok(()) };
        let mut left = self.left.lock().map_err(|_| "poisoned")?;
        for (table, writes) in input.request_items.iter_mut().flatten() {
            let others = writes.split_off(1);
            if !others.is_empty() {
                left.insert(table.clone(), others);
            }
        }
        Ok(())
    }

    fn modify_before_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Ok(output)) = context.output_or_error_mut() else { return Ok(()) };
        if let Some(output) = output.downcast_mut::<BatchWriteItemOutput>() {
            output.unprocessed_items = Some(mem::take(&mut *self.left.lock().map_err(|_| "poisoned")?));
        }
        Ok(())
    }
}
