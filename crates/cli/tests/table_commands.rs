//! `dynaseal get`, `put`, `query` and `scan` on the embedded database and against servers that misbehave.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use common::server::{Server, run_at};
use common::{Folder, code, err, golden, out};
use serde_json::{Value, json};

const TABLE: &str = r#"
logical_table_name = "people"
partition_key = "pk"
sort_key = "n"
algorithm_suite = "hmac-only"
unsigned_attribute_prefix = ":"
[actions]
secret = "ENCRYPT_AND_SIGN"
ward = "SIGN_ONLY"
":seen" = "DO_NOTHING"
[keyring]
type = "raw-aes"
namespace = "ns"
name = "key-1"
key = { hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" }
"#;

/// Two people, the first with three visits.
const ITEMS: &str = r#"{":seen":{"BOOL":false},"n":{"N":"1"},"pk":{"S":"ada"},"secret":{"S":"influenza"},"ward":{"S":"north"}}
{":seen":{"BOOL":true},"n":{"N":"2"},"pk":{"S":"ada"},"secret":{"M":{"dose":{"N":"1.5"}}},"ward":{"S":"south"}}
{"n":{"N":"3"},"pk":{"S":"ada"},"secret":{"S":"migraine"},"ward":{"S":"north"}}
{"n":{"N":"1"},"pk":{"S":"bob"},"secret":{"S":"fracture"},"ward":{"S":"north"}}
"#;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: &str) -> AttributeValue {
    AttributeValue::N(number.to_owned())
}

/// The database without any door of the library.
fn raw(folder: &Folder) -> Client {
    dynaseal::local::file(folder.0.path().join("people.db")).unwrap()
}

/// A folder with an empty table `name`, which has an index of whole items and one of keys, both by ward.
fn folder(name: &str) -> Folder {
    let folder = Folder::new(TABLE);
    let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let attribute =
        |name, kind| AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap();
    let index = |name, projection| {
        GlobalSecondaryIndex::builder()
            .index_name(name)
            .key_schema(key("ward", KeyType::Hash))
            .projection(Projection::builder().projection_type(projection).build())
            .build()
            .unwrap()
    };
    let create = raw(&folder)
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("n", KeyType::Range))
        .attribute_definitions(attribute("pk", ScalarAttributeType::S))
        .attribute_definitions(attribute("n", ScalarAttributeType::N))
        .attribute_definitions(attribute("ward", ScalarAttributeType::S))
        .global_secondary_indexes(index("by-ward", ProjectionType::All))
        .global_secondary_indexes(index("keys-by-ward", ProjectionType::KeysOnly));
    block_on(create.send()).unwrap();
    folder
}

/// With `ITEMS` in it.
fn filled() -> Folder {
    let folder = folder("people");
    let put = run(&folder, &["put"], ITEMS);
    assert_eq!((code(&put), out(&put), err(&put)), (0, "4 items written\n", ""));
    folder
}

fn run(folder: &Folder, arguments: &[&str], input: &str) -> Output {
    folder.run(&[arguments, &["--config", "table.toml", "--db", "people.db"]].concat(), input)
}

/// The lines of `ITEMS` with these numbers, from 0.
fn lines(numbers: &[usize]) -> String {
    let all: Vec<&str> = ITEMS.lines().collect();
    numbers.iter().map(|number| format!("{}\n", all[*number])).collect()
}

#[test]
fn what_is_put_comes_back_and_the_database_holds_it_sealed() {
    let folder = filled();
    let stored = block_on(raw(&folder).scan().table_name("people").send()).unwrap().items.unwrap();
    assert_eq!(stored.len(), 4);
    for item in &stored {
        assert!(item.contains_key("aws_dbe_head") && item.contains_key("aws_dbe_foot"));
        assert!(item["secret"].is_b() && item["ward"].is_s() && item["pk"].is_s());
    }
    let files =
        ["people.db", "people.db-wal"].map(|name| std::fs::read(folder.0.path().join(name)).unwrap_or_default());
    let contains =
        |text: &str| files.iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()));
    assert!(contains("north"));
    for secret in ["influenza", "migraine", "fracture", "dose"] {
        assert!(!contains(secret), "{secret}");
    }

    let key = r#"{"pk":{"S":"ada"},"n":{"N":"2"}}"#;
    let get = run(&folder, &["get", key, "--consistent"], "");
    assert_eq!((code(&get), out(&get), err(&get)), (0, lines(&[1]).as_str(), ""));
    let scan = run(&folder, &["scan"], "");
    assert_eq!((code(&scan), err(&scan)), (0, ""));
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(out(&scan)), sorted(ITEMS));
    let segments = run(&folder, &["scan", "--segments", "5"], "");
    assert_eq!((code(&segments), sorted(out(&segments))), (0, sorted(ITEMS)));
    let query = run(&folder, &["query", "--key-condition", "pk = :p", "--values", r#"{":p":{"S":"ada"}}"#], "");
    assert_eq!((code(&query), out(&query), err(&query)), (0, lines(&[0, 1, 2]).as_str(), ""));
}

/// Its name in DynamoDB may be another one than that which records are bound to.
#[test]
fn the_table_may_have_another_name() {
    let folder = folder("people-test");
    let put = run(&folder, &["put", "--table", "people-test", "--json"], ITEMS);
    assert_eq!((code(&put), out(&put), err(&put)), (0, "{\"refused\":0,\"written\":4}\n", ""));
    let get = run(&folder, &["get", "--table", "people-test", r#"{"pk":{"S":"bob"},"n":{"N":"1"}}"#], "");
    assert_eq!((code(&get), out(&get)), (0, lines(&[3]).as_str()));
    for command in [["get", r#"{"pk":{"S":"bob"},"n":{"N":"1"}}"#].as_slice(), &["put"], &["scan"]] {
        let output = run(&folder, command, ITEMS);
        assert_eq!(code(&output), 2, "{}", err(&output));
    }
    let output = run(&folder, &["scan"], "");
    assert!(
        err(&output).starts_with(
            "dynaseal: DynamoDB DescribeTable on the table people in people.db: ResourceNotFoundException: "
        ) && err(&output).contains(
            "`dynaseal table list --db people.db` shows the tables that are there, and --table says which table"
        ) && err(&output).contains("`dynaseal table create --config table.toml --db people.db` makes it")
            && !err(&output).contains("--region"),
        "{}",
        err(&output)
    );
    let output = run(&folder, &["put"], ITEMS);
    assert_eq!(out(&output), "");
    assert!(
        err(&output).starts_with("dynaseal: DynamoDB DescribeTable on the table people in people.db"),
        "{}",
        err(&output)
    );
}

#[test]
fn keys_come_from_arguments_and_lines_and_missing_items_are_told() {
    let folder = filled();
    let key = |pk: &str, n: u32| format!("{{\"pk\":{{\"S\":\"{pk}\"}},\"n\":{{\"N\":\"{n}\"}}}}");
    let input =
        format!("{}\n{}\nno key\n{}\n{{\"pk\":{{\"S\":\"ada\"}}}}\n", key("bob", 1), key("eve", 9), key("ada", 3));
    let get = run(&folder, &["get"], &input);
    assert_eq!((code(&get), out(&get)), (1, lines(&[3, 2]).as_str()));
    golden("get-missing.txt", err(&get));
    folder.write("keys.json", format!("[{},{}]", key("ada", 1), key("ada", 2)));
    let get = run(&folder, &["get", "--keys", "keys.json"], "");
    assert_eq!((code(&get), out(&get), err(&get)), (0, lines(&[0, 1]).as_str(), ""));
    let get = run(&folder, &["get", &key("eve", 1), &key("ada", 1)], "");
    assert_eq!((code(&get), out(&get)), (1, lines(&[0]).as_str()));
    assert!(err(&get).ends_with("in the table people\ndynaseal: 1 item not there\n"), "{}", err(&get));
    let get = run(&folder, &["get", "pk=a"], "");
    assert_eq!(code(&get), 2);

    // More than are asked for at the same time.
    let many: String = (0..300).map(|n| key(if n % 2 == 0 { "ada" } else { "bob" }, 1) + "\n").collect();
    let get = run(&folder, &["get"], &many);
    assert_eq!((code(&get), out(&get)), (0, lines(&[0, 3]).repeat(150).as_str()));
}

#[test]
fn projections_wait_until_the_item_is_opened() {
    let folder = filled();
    let get = run(
        &folder,
        &[
            "get",
            r#"{"pk":{"S":"ada"},"n":{"N":"2"}}"#,
            "--projection",
            "#s.dose, ward",
            "--names",
            r##"{"#s":"secret"}"##,
        ],
        "",
    );
    let expected = "{\"secret\":{\"M\":{\"dose\":{\"N\":\"1.5\"}}},\"ward\":{\"S\":\"south\"}}\n";
    assert_eq!((code(&get), out(&get), err(&get)), (0, expected, ""));
    let scan = run(
        &folder,
        &["scan", "--projection", "secret", "--filter", "ward = :w", "--values", r#"{":w":{"S":"south"}}"#],
        "",
    );
    assert_eq!((code(&scan), out(&scan)), (0, "{\"secret\":{\"M\":{\"dose\":{\"N\":\"1.5\"}}}}\n"));
}

#[test]
fn queries_take_an_order_a_limit_a_filter_and_an_index() {
    let folder = filled();
    folder.write("values.json", r#"{":p":{"S":"ada"}}"#);
    folder.write("more.json", r#"{":p":{"S":"ada"},":w":{"S":"north"}}"#);
    let cases: [(&[&str], &[usize]); 6] = [
        (&["--reverse"], &[2, 1, 0]),
        (&["--limit", "2"], &[0, 1]),
        (&["--limit", "1", "--reverse"], &[2]),
        (&["--limit", "9"], &[0, 1, 2]),
        (&["--filter", "ward = :w", "--values", "@more.json"], &[0, 2]),
        (&["--filter", "ward = :w", "--values", "@more.json", "--limit", "1", "--reverse"], &[2]),
    ];
    for (arguments, expected) in cases {
        let values: &[&str] = if arguments.contains(&"--values") { &[] } else { &["--values", "@values.json"] };
        let query = run(&folder, &[&["query", "--key-condition", "pk = :p"], arguments, values].concat(), "");
        assert_eq!((code(&query), out(&query), err(&query)), (0, lines(expected).as_str(), ""), "{arguments:?}");
    }
    let by_ward =
        ["query", "--key-condition", "#w = :w", "--names", r##"{"#w":"ward"}"##, "--values", r#"{":w":{"S":"north"}}"#];
    let query = run(&folder, &[by_ward.as_slice(), &["--index", "by-ward"]].concat(), "");
    assert_eq!((code(&query), out(&query).lines().count(), err(&query)), (0, 3, ""));
    let scan = run(&folder, &["scan", "--limit", "3"], "");
    assert_eq!((code(&scan), out(&scan).lines().count()), (0, 3));
    let scan = run(&folder, &["scan", "--limit", "3", "--segments", "4"], "");
    assert_eq!((code(&scan), out(&scan).lines().count()), (0, 3));

    // Without the attributes of the item, nobody can say that it is as it was written.
    let query = run(&folder, &[by_ward.as_slice(), &["--index", "keys-by-ward"]].concat(), "");
    assert_eq!((code(&query), out(&query)), (1, ""));
    assert!(err(&query).ends_with("dynaseal: 3 items refused\n"), "{}", err(&query));
    let scan = run(&folder, &["scan", "--index", "keys-by-ward"], "");
    for (output, items) in [(&query, 3), (&scan, 4)] {
        let text =
            "the index `keys-by-ward` does not project whole items, so that nothing can be verified: project ALL, ";
        assert_eq!(err(output).matches(text).count(), items, "{}", err(output));
    }
    let missing = run(&folder, &["query", "--key-condition", "pk = :p", "--values", "@none.json"], "");
    assert_eq!(code(&missing), 2);
    assert!(err(&missing).contains("none.json cannot be read"), "{}", err(&missing));
}

#[test]
fn counts_are_numbers() {
    let folder = filled();
    let filter = ["--filter", "ward = :w", "--values", r#"{":w":{"S":"north"}}"#];
    let count = run(&folder, &[["scan", "--count"].as_slice(), &filter].concat(), "");
    assert_eq!((code(&count), out(&count), err(&count)), (0, "3\n", ""));
    let count = run(&folder, &[["scan", "--count", "--json", "--segments", "3"].as_slice(), &filter].concat(), "");
    assert_eq!((code(&count), out(&count)), (0, "{\"count\":3,\"scanned_count\":4}\n"));
    let query = ["query", "--count", "--key-condition", "pk = :p", "--values", r#"{":p":{"S":"ada"}}"#];
    let count = run(&folder, &query, "");
    assert_eq!((code(&count), out(&count)), (0, "3\n"));
    assert_eq!(code(&run(&folder, &["scan", "--count", "--limit", "1"], "")), 2);
}

#[test]
fn one_changed_item_does_not_stop_the_others() {
    let folder = filled();
    let client = raw(&folder);
    block_on(async {
        let key = |get: aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder| {
            get.table_name("people").key("pk", text("ada")).key("n", number("2"))
        };
        let mut item = key(client.get_item()).send().await.unwrap().item.unwrap();
        let AttributeValue::B(bytes) = &item["secret"] else { panic!("sealed") };
        let mut bytes = bytes.clone().into_inner();
        bytes[0] ^= 1;
        item.insert("secret".to_owned(), AttributeValue::B(Blob::new(bytes)));
        client.put_item().table_name("people").set_item(Some(item)).send().await.unwrap();
    });
    let query = ["query", "--key-condition", "pk = :p", "--values", r#"{":p":{"S":"ada"}}"#];
    let output = run(&folder, &query, "");
    assert_eq!((code(&output), out(&output)), (1, lines(&[0, 2]).as_str()));
    golden("query-changed.txt", err(&output));
    // Also where it would not come out.
    let output = run(&folder, &[query.as_slice(), &["--projection", "ward"]].concat(), "");
    assert_eq!((code(&output), out(&output).lines().count()), (1, 2));
    let scan = run(&folder, &["scan"], "");
    assert_eq!((code(&scan), out(&scan).lines().count()), (1, 3));
    let key = |n| format!("{{\"pk\":{{\"S\":\"ada\"}},\"n\":{{\"N\":\"{n}\"}}}}");
    let get = run(&folder, &["get", &key(2), &key(1)], "");
    assert_eq!((code(&get), out(&get)), (1, lines(&[0]).as_str()));
    assert!(
        err(&get).starts_with("key 1: item (pk = \"ada\", n = 2) of table `people` can not be opened: "),
        "{}",
        err(&get)
    );

    let other = TABLE.replace("000102", "ff0102");
    folder.write("table.toml", other);
    let scan = run(&folder, &["scan"], "");
    assert_eq!((code(&scan), out(&scan)), (1, ""));
    assert!(err(&scan).ends_with("dynaseal: 4 items refused\n") && !err(&scan).contains("0102"), "{}", err(&scan));
}

#[test]
fn what_can_not_be_asked_is_refused_before_anything_is_sent() {
    let folder = filled();
    let values = ["--values", r#"{":v":{"S":"influenza"}}"#];
    let put = r#"{"pk":{"S":"zoe"},"n":{"N":"1"}}"#;
    let cases: [(&[&str], &str); 5] = [
        (
            &["scan", "--filter", "secret = :v"],
            "Scan on the sealed table `people`: FilterExpression: `secret` is ENCRYPT_AND_SIGN",
        ),
        (
            &["query", "--key-condition", "secret = :v"],
            "Query on the sealed table `people`: KeyConditionExpression: `secret` is ENCRYPT_AND_SIGN",
        ),
        (
            &["put", "--condition", "secret = :v"],
            "standard input:1: PutItem on the sealed table `people`: ConditionExpression: `secret` is",
        ),
        (&["scan", "--filter", "secret = ("], "Scan on the sealed table `people`: "),
        (&["scan", "--projection", "aws_dbe_head"], "which is reserved"),
    ];
    for (arguments, message) in cases {
        let values: &[&str] = if message.contains("ENCRYPT") || arguments[0] == "put" { &values } else { &[] };
        let output = run(&folder, &[arguments, values].concat(), put);
        assert_eq!(code(&output), 2, "{}", err(&output));
        assert!(err(&output).contains(message) && !err(&output).contains("influenza"), "{}", err(&output));
    }
    let count = run(&folder, &["scan", "--count"], "");
    assert_eq!(out(&count), "4\n");
}

#[test]
fn bad_items_do_not_stop_a_put() {
    let folder = folder("people");
    // The last two have one key, of which a batch may have no two; the key of the fourth has the wrong type.
    let bad = "{\"n\":{\"N\":\"1\"},\"pk\":{\"S\":\"a\"},\"other\":{\"S\":\"s3cret\"}}\nnot json\n{\"n\":{\"S\":\"1\"},\"pk\":{\"S\":\"a\"}}\n";
    let again = lines(&[3]).replace("fracture", "healed");
    let put = run(&folder, &["put"], &[&lines(&[0]), bad, &lines(&[3]), &again].concat());
    assert_eq!((code(&put), out(&put)), (1, "3 items written\n"));
    golden("put-bad.txt", err(&put));
    let get = run(&folder, &["get", r#"{"pk":{"S":"bob"},"n":{"N":"1"}}"#], "");
    assert_eq!(out(&get), again);

    // Values without a condition are for nothing.
    assert_eq!(code(&run(&folder, &["put", "--values", r#"{":v":{"S":"x"}}"#], "")), 2);
    // Also where a batch would be all right but for its keys, the later one stays.
    let put = run(&folder, &["put"], &[again.as_str(), &lines(&[3])].concat());
    assert_eq!((code(&put), out(&put), err(&put)), (0, "2 items written\n", ""));
    let get = run(&folder, &["get", r#"{"pk":{"S":"bob"},"n":{"N":"1"}}"#], "");
    assert_eq!(out(&get), lines(&[3]));

    let missing = run(&folder, &["put", "-", "none.json"], &lines(&[1]));
    assert_eq!((code(&missing), out(&missing)), (2, "1 item written\n"));
    assert!(err(&missing).starts_with("dynaseal: none.json cannot be read"), "{}", err(&missing));
}

#[test]
fn a_condition_is_asked_of_each_item() {
    let folder = folder("people");
    let condition = ["put", "--condition", "attribute_not_exists(#p)", "--names", r##"{"#p":"pk"}"##];
    let first = run(&folder, &condition, &lines(&[0, 1]));
    assert_eq!((code(&first), out(&first), err(&first)), (0, "2 items written\n", ""));
    let changed = lines(&[0]).replace("influenza", "cured");
    let second = run(&folder, &condition, &(changed + &lines(&[2])));
    assert_eq!((code(&second), out(&second)), (1, "1 item written\n"));
    assert!(
        err(&second).starts_with(
            "standard input:1: DynamoDB PutItem on the table people in people.db: ConditionalCheckFailedException: "
        ) && err(&second).contains("(nothing was written)\ndynaseal: 1 item refused\n"),
        "{}",
        err(&second)
    );
    let get = run(&folder, &["get", r#"{"pk":{"S":"ada"},"n":{"N":"1"}}"#], "");
    assert_eq!(out(&get), lines(&[0]));
}

/// Two thousand items: many batches and pages, and no item twice.
#[test]
fn many_items_go_in_batches_and_come_in_pages() {
    let folder = folder("people");
    let filler = "x".repeat(1000);
    let items: String = (0..2000)
        .map(|n| format!("{{\"n\":{{\"N\":\"{n}\"}},\"pk\":{{\"S\":\"p\"}},\"secret\":{{\"S\":\"{filler}\"}}}}\n"))
        .collect();
    let put = run(&folder, &["put"], &items);
    assert_eq!((code(&put), out(&put), err(&put)), (0, "2000 items written\n", ""));
    let query = run(&folder, &["query", "--key-condition", "pk = :p", "--values", r#"{":p":{"S":"p"}}"#], "");
    assert!(code(&query) == 0 && out(&query) == items);
    let limited = ["query", "--key-condition", "pk = :p", "--values", r#"{":p":{"S":"p"}}"#, "--limit", "1500"];
    assert_eq!(out(&run(&folder, &limited, "")).lines().count(), 1500);
    // Items are counted once, also those at the end of a page.
    for command in [&["scan"][..], &["query", "--key-condition", "pk = :p", "--values", r#"{":p":{"S":"p"}}"#]] {
        let count = run(&folder, &[command, &["--count", "--json"]].concat(), "");
        assert_eq!(out(&count), "{\"count\":2000,\"scanned_count\":2000}\n", "{command:?}");
    }
}

/// What DynamoDB says of the table of `TABLE`.
fn description() -> Value {
    json!({ "Table": {
        "TableName": "people",
        "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }, { "AttributeName": "n", "KeyType": "RANGE" }],
        "AttributeDefinitions": [
            { "AttributeName": "pk", "AttributeType": "S" },
            { "AttributeName": "n", "AttributeType": "N" },
        ],
    }})
}

#[test]
fn unprocessed_items_are_sent_again() {
    // Of four, two and one come back; then none.
    let server = Server::of_table(description(), |count, body| {
        let requests = body["RequestItems"]["people"].as_array().unwrap();
        let left = requests[..[2, 1, 0][count]].to_vec();
        (200, json!({ "UnprocessedItems": if left.is_empty() { json!({}) } else { json!({ "people": left }) } }))
    });
    let folder = Folder::new(TABLE);
    let put = server.run(&folder, &["put"], ITEMS);
    assert_eq!((code(&put), out(&put), err(&put)), (0, "4 items written\n", ""));
    let asked = server.asked.lock().unwrap();
    let sizes: Vec<_> =
        asked.iter().map(|(_, body)| body["RequestItems"]["people"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [4, 2, 1]);
    for (operation, body) in asked.iter() {
        assert_eq!(operation, "batchwriteitem");
        assert!(body.to_string().contains("aws_dbe_head") && !body.to_string().contains("influenza"));
    }
}

#[test]
fn a_batch_that_is_refused_goes_item_by_item() {
    let server = Server::of_table(description(), |count, body| match count {
        0 => (400, json!({ "__type": "com.amazon.coral.validate#ValidationException", "message": "too large" })),
        _ if body["Item"]["pk"]["S"] == "bob" => (
            400,
            json!({ "__type": "com.amazon.coral.validate#ValidationException", "message": "Item size has exceeded" }),
        ),
        _ => (200, json!({})),
    });
    let folder = Folder::new(TABLE);
    let put = server.run(&folder, &["put"], ITEMS);
    assert_eq!((code(&put), out(&put)), (1, "3 items written\n"));
    let expected = format!(
        "standard input:4: DynamoDB PutItem on the table people at {}: ValidationException: Item size has exceeded\ndynaseal: 1 item refused\n",
        server.url
    );
    assert_eq!(err(&put), expected);
    assert_eq!(server.asked.lock().unwrap().len(), 5);
}

/// What would go wrong for every item ends the command, and what was done until then is told.
#[test]
fn no_permission_and_late_errors_end_the_command() {
    let folder = Folder::new(TABLE);
    let denied = || json!({ "__type": "com.amazon.coral.service#AccessDeniedException", "Message": "not authorized" });
    let server =
        Server::of_table(description(), move |count, _| if count == 0 { (200, json!({})) } else { (400, denied()) });
    let put = server.run(&folder, &["put"], &ITEMS.repeat(10));
    assert_eq!((code(&put), out(&put)), (2, "25 items written\n"));
    assert!(
        err(&put).starts_with(
            "dynaseal: from standard input:26 on: DynamoDB BatchWriteItem on the table people at http://127.0.0.1:"
        ) && err(&put).ends_with(
            "AccessDeniedException: not authorized (these credentials may not do this; --profile takes others)\n"
        ),
        "{}",
        err(&put)
    );
    let server = Server::of_table(description(), move |_, _| (400, denied()));
    for command in [
        ["scan"].as_slice(),
        &["get", "{}"],
        &["query", "--key-condition", "pk = :p", "--values", r#"{":p":{"S":"a"}}"#],
    ] {
        let output = server.run(&folder, command, "");
        assert_eq!((code(&output), out(&output)), (2, ""));
        assert!(err(&output).contains("AccessDeniedException"), "{}", err(&output));
    }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let folder = Folder::new(TABLE);
    let since = Instant::now();
    for command in [["scan"].as_slice(), &["put"], &["get", "{\"pk\":{\"S\":\"a\"}}"]] {
        let output = run_at(&folder, "http://user:s3cret-in-url@127.0.0.1:9/x", command, ITEMS);
        assert_eq!(code(&output), 2);
        assert!(
            err(&output).contains("on the table people at http://127.0.0.1:9/x: dispatch failure: ")
                && err(&output).contains("(nobody answers there: --endpoint-url"),
            "{}",
            err(&output)
        );
        assert!(!err(&output).contains("s3cret") && !err(&output).contains("influenza"), "{}", err(&output));
    }
    assert!(since.elapsed() < Duration::from_secs(60), "{:?}", since.elapsed());

    let nowhere = folder.run(&["scan", "--config", "table.toml", "--db", "none.db"], "");
    assert_eq!(code(&nowhere), 2);
    assert!(
        err(&nowhere).starts_with(
            "dynaseal: there is no database none.db: `dynaseal table create --config table.toml --db none.db` makes it"
        ),
        "{}",
        err(&nowhere)
    );
    assert!(!Path::new(folder.0.path()).join("none.db").exists());
    let nowhere = folder.run(&["scan", "--config", "table.toml"], "");
    assert_eq!(code(&nowhere), 2);
    assert!(err(&nowhere).contains("no region for DynamoDB"), "{}", err(&nowhere));
}

#[test]
fn help_says_what_the_exit_codes_are() {
    let folder = Folder::new(TABLE);
    for command in ["get", "put", "query", "scan"] {
        let help = folder.run(&[command, "--help"], "");
        assert_eq!(code(&help), 0);
        golden(&format!("help-{command}.txt"), out(&help));
    }
}
