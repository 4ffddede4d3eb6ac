//! table.toml of another table: it is noticed before anything is sealed, written or read.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use common::server::Server;
use common::{Folder, code, err, out};
use serde_json::json;

const HEAD: &str = r#"
logical_table_name = "people"
algorithm_suite = "hmac-only"
"#;

const TAIL: &str = r#"
[actions]
name = "ENCRYPT_AND_SIGN"
visit = "SIGN_ONLY"
id = "SIGN_ONLY"
other = "SIGN_ONLY"
[keyring]
type = "raw-aes"
namespace = "ns"
name = "key-1"
key = { hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" }
"#;

const ITEM: &str = "{\"id\":{\"S\":\"a\"},\"name\":{\"S\":\"Ada\"},\"other\":{\"S\":\"o\"},\"visit\":{\"N\":\"1\"}}\n";

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn raw(folder: &Folder) -> Client {
    dynaseal::local::file(folder.0.path().join("people.db")).unwrap()
}

fn stored(folder: &Folder) -> Vec<HashMap<String, AttributeValue>> {
    block_on(raw(folder).scan().table_name("people").send()).unwrap().items.unwrap()
}

/// A table with the keys `id` and `visit`, a number, and one item in it.
fn folder() -> Folder {
    let keys = "partition_key = \"id\"\nsort_key = \"visit\"\n";
    let folder = Folder::new(&[HEAD, keys, TAIL].concat());
    let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let attribute = |name, of| AttributeDefinition::builder().attribute_name(name).attribute_type(of).build().unwrap();
    let create = raw(&folder)
        .create_table()
        .table_name("people")
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("id", KeyType::Hash))
        .key_schema(key("visit", KeyType::Range))
        .attribute_definitions(attribute("id", ScalarAttributeType::S))
        .attribute_definitions(attribute("visit", ScalarAttributeType::N));
    block_on(create.send()).unwrap();
    let put = run(&folder, "table.toml", &["put"], ITEM);
    assert_eq!((code(&put), out(&put), err(&put)), (0, "1 item written\n", ""));
    folder
}

fn run(folder: &Folder, config: &str, arguments: &[&str], input: &str) -> std::process::Output {
    folder.run(&[arguments, &["--config", config, "--db", "people.db"]].concat(), input)
}

/// Each command with each wrong file is refused in the same words, and the table stays as it is, to the byte.
#[test]
fn keys_of_another_table_stop_every_command() {
    let folder = folder();
    let before = stored(&folder);
    let another = ITEM.replace("Ada", "Eve");
    let cases = [
        (
            "nosort",
            "partition_key = \"id\"\n",
            "nosort.toml says `id`, the table has `id` and `visit` (if this is the table, write partition_key = \"id\" and sort_key = \"visit\"; ",
        ),
        (
            "wrong",
            "partition_key = \"id\"\nsort_key = \"other\"\n",
            "wrong.toml says `id` and `other`, the table has `id` and `visit`",
        ),
        (
            "swapped",
            "partition_key = \"visit\"\nsort_key = \"id\"\n",
            "swapped.toml says `visit` and `id`, the table has `id` and `visit`",
        ),
        (
            "type",
            "partition_key = \"id\"\nsort_key = \"visit\"\nsort_key_type = \"S\"\n",
            "type.toml says sort_key_type = \"S\", the table has `visit` of type N (write sort_key_type = \"N\"",
        ),
    ];
    for (name, keys, message) in cases {
        let file = format!("{name}.toml");
        folder.write(&file, [HEAD, keys, TAIL].concat());
        let key = r#"{"id":{"S":"a"},"visit":{"N":"1"}}"#;
        let values = r#"{":i":{"S":"a"},":n":{"S":"x"}}"#;
        let commands: [&[&str]; 8] = [
            &["put"],
            &["put", "--condition", "attribute_not_exists(id)"],
            &["get", key],
            &["query", "--key-condition", "id = :i", "--values", values],
            &["scan"],
            &["scan", "--count"],
            &["update", key, "--expression", "REMOVE other"],
            &["delete", key],
        ];
        for command in commands {
            let output = run(&folder, &file, command, &another);
            assert_eq!((code(&output), out(&output)), (2, ""), "{command:?}: {}", err(&output));
            let start = format!("dynaseal: {file} does not fit the table people in people.db: {message}");
            assert!(err(&output).starts_with(&start), "{command:?}: {}", err(&output));
        }
        assert_eq!(stored(&folder), before, "{name}");
    }
    // And a file that says the types rightly is as good as one that says none.
    let keys = "partition_key = \"id\"\npartition_key_type = \"S\"\nsort_key = \"visit\"\nsort_key_type = \"N\"\n";
    folder.write("typed.toml", [HEAD, keys, TAIL].concat());
    let scan = run(&folder, "typed.toml", &["scan"], "");
    assert_eq!((code(&scan), out(&scan), err(&scan)), (0, ITEM, ""));
}

#[test]
fn types_of_keys_are_checked_in_the_file() {
    let folder = Folder::new(TAIL);
    for (keys, message) in [
        (
            "partition_key = \"id\"\npartition_key_type = \"SS\"\n",
            "partition_key_type: a key attribute is of type S, N or B, not `SS`",
        ),
        (
            "partition_key = \"id\"\nsort_key_type = \"N\"\n",
            "sort_key_type: there is no sort_key: name the attribute as well",
        ),
    ] {
        folder.write("table.toml", [HEAD, keys, TAIL].concat());
        let output = folder.run(&["seal", "--config", "table.toml"], ITEM);
        assert_eq!(code(&output), 2);
        assert!(err(&output).contains(message), "{}", err(&output));
    }
}

#[test]
fn an_index_that_is_not_there_is_refused_with_those_that_are() {
    let folder = folder();
    let output = run(&folder, "table.toml", &["scan", "--index", "by-name"], "");
    assert_eq!((code(&output), out(&output)), (2, ""));
    assert!(
        err(&output).starts_with("dynaseal: the table people in people.db has no index `by-name`: it has none"),
        "{}",
        err(&output)
    );
}

/// On the wire: one question, and nothing of an item in it.
#[test]
fn nothing_but_the_question_is_sent() {
    let folder = Folder::new(&[HEAD, "partition_key = \"id\"\n", TAIL].concat());
    let key = r#"{"id":{"S":"a"}}"#;
    let commands: [&[&str]; 6] = [
        &["put"],
        &["get", key],
        &["query", "--key-condition", "id = :i", "--values", r#"{":i":{"S":"a"}}"#],
        &["scan"],
        &["update", key, "--expression", "REMOVE other"],
        &["delete", key],
    ];
    for command in commands {
        let server = Server::new(|_, _, _| {
            let key = |name: &str, role: &str| json!({ "AttributeName": name, "KeyType": role });
            let attribute = |name: &str, of: &str| json!({ "AttributeName": name, "AttributeType": of });
            (
                200,
                json!({ "Table": {
                    "TableName": "people",
                    "KeySchema": [key("visit", "RANGE"), key("id", "HASH")],
                    "AttributeDefinitions": [attribute("visit", "N"), attribute("id", "S")],
                }}),
            )
        });
        let output = server.run(&folder, command, ITEM);
        assert_eq!((code(&output), out(&output)), (2, ""), "{command:?}");
        assert!(err(&output).contains("table.toml says `id`, the table has `id` and `visit`"), "{}", err(&output));
        let asked = server.asked.lock().unwrap().clone();
        assert_eq!(asked, [("describetable".to_owned(), json!({ "TableName": "people" }))], "{command:?}");
    }
}
