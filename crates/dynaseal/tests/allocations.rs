//! What the derive allocates, counted: this is a process of its own.

#![cfg(feature = "model")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::model::Model;

#[derive(Model)]
#[model(table = "small")]
struct Small {
    #[model(partition_key)]
    a: String,
}

#[derive(Model)]
#[model(table = "large")]
struct Large {
    #[model(partition_key)]
    a: String,
    b: String,
    c: i64,
    d: Vec<u8>,
    e: Option<String>,
    f: bool,
    g: String,
    h: u8,
}

fn allocations(run: impl FnOnce()) -> u64 {
    allocation_counter::measure(run).count_total
}

#[test]
fn a_plain_field_costs_what_the_types_of_the_sdk_cost() {
    let text = || "text".to_owned();
    let small = Small { a: text() };
    let large = Large { a: text(), b: text(), c: 1_000, d: vec![1], e: Some(text()), f: true, g: text(), h: 7 };

    let of_small = allocations(|| drop(small.to_map().unwrap()));
    let of_large = allocations(|| drop(large.to_map().unwrap()));
    // By hand, with the SDK alone.
    let by_hand = allocations(|| {
        let mut item = HashMap::with_capacity(8);
        item.insert("a".to_owned(), AttributeValue::S(large.a.clone()));
        item.insert("b".to_owned(), AttributeValue::S(large.b.clone()));
        item.insert("c".to_owned(), AttributeValue::N(large.c.to_string()));
        item.insert("d".to_owned(), AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new(large.d.clone())));
        item.insert("e".to_owned(), AttributeValue::S(large.e.clone().unwrap()));
        item.insert("f".to_owned(), AttributeValue::Bool(large.f));
        item.insert("g".to_owned(), AttributeValue::S(large.g.clone()));
        item.insert("h".to_owned(), AttributeValue::N(large.h.to_string()));
        drop(item);
    });
    // One list of values for an item, however many fields it has.
    assert_eq!(of_large, by_hand + 1);
    assert_eq!(of_small, 1 + 1 + 2);

    // Reading moves everything.
    let map = large.to_map().unwrap();
    assert_eq!(allocations(|| drop(Large::from_map(map).unwrap())), 1);
}
