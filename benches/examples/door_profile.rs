//! One operation through one door, again and again, for a profiler, built with `--profile bench`:
//! `valgrind --tool=callgrind target/release/examples/door_profile put intercepted hmac-only 200`

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement stops where it fails")]

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use dynaseal_benches::Row;
use dynaseal_client::value::to_sdk;
use dynaseal_client::{Interceptor, SealedTable, Sealer, SendSealed};
use dynaseal_testkit::block_on;

const TABLE: &str = "benchmark";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [operation, door, suite, times] = arguments.try_into().expect("operation door suite times");
    let row = Row { count: 10, size: 64 };
    let encryptor = row.encryptor(suite.parse().unwrap());
    let sealer = Sealer::of_table(SealedTable::new(TABLE, encryptor.clone()));
    let client = dynaseal_local::memory().unwrap();
    let config = client.config().to_builder().interceptor(Interceptor::new(&sealer)).build();
    let intercepted = Client::from_conf(config);
    let plain = to_sdk(row.item());
    let sealed_item = block_on(encryptor.encrypt_item(row.item())).unwrap().item;
    let sealed = to_sdk(sealed_item.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let attribute =
            |name, of| AttributeDefinition::builder().attribute_name(name).attribute_type(of).build().unwrap();
        let key = |name, of| KeySchemaElement::builder().attribute_name(name).key_type(of).build().unwrap();
        let create = client.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
        let create = create.attribute_definitions(attribute("pk", ScalarAttributeType::S));
        let create = create.attribute_definitions(attribute("sk", ScalarAttributeType::N));
        create.key_schema(key("pk", KeyType::Hash)).key_schema(key("sk", KeyType::Range)).send().await.unwrap();
        client.put_item().table_name(TABLE).set_item(Some(sealed.clone())).send().await.unwrap();
        let through = if door == "intercepted" { &intercepted } else { &client };
        for _ in 0..times.parse::<u32>().unwrap() {
            if door == "alone" {
                match operation.as_str() {
                    "put" => drop(encryptor.encrypt_item(row.item()).await.unwrap()),
                    _ => drop(encryptor.decrypt_item(sealed_item.clone()).await.unwrap()),
                }
            } else if operation == "put" {
                let item = if door == "plain" { sealed.clone() } else { plain.clone() };
                let put = through.put_item().table_name(TABLE).set_item(Some(item));
                drop(if door == "sealed" { put.send_sealed(&sealer).await } else { put.send().await }.unwrap());
            } else {
                let get = through.get_item().table_name(TABLE).key("pk", plain["pk"].clone());
                let get = get.key("sk", plain["sk"].clone());
                drop(if door == "sealed" { get.send_sealed(&sealer).await } else { get.send().await }.unwrap());
            }
        }
    });
}
