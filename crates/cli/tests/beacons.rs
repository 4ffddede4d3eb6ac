//! `dynaseal beacons plan` as people run it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use common::{Folder, SEAL, TABLE, code, err, golden, out};
use serde_json::Value;

const PLAN: [&str; 2] = ["beacons", "plan"];

/// 400 people: postal codes that are even, towns of which some are frequent, a flag, an address for each, tags.
fn people() -> String {
    let town = |number: usize| (1..).find(|rank| number % 97 >= 97 / (rank + 1)).unwrap();
    let person = |number: usize| {
        let (zip, town, email) = (10_000 + number * 7 % 100, town(number), number);
        let tags = [format!("\"tag {}\"", number % 9), format!("\"kind {}\"", number % 11)];
        let tags = tags[..1 + number % 2].join(",");
        format!(
            "{{\"pk\":{{\"S\":\"{number}\"}},\"zip\":{{\"S\":\"{zip}\"}},\"town\":{{\"S\":\"town {town}\"}},\
             \"vip\":{{\"BOOL\":{}}},\"email\":{{\"S\":\"{email}@example.org\"}},\"tags\":{{\"SS\":[{tags}]}}}}\n",
            number.is_multiple_of(50)
        )
    };
    (0..400).map(person).collect()
}

fn plan(folder: &Folder, arguments: &[&str], input: &str) -> std::process::Output {
    folder.run(&[&PLAN, arguments].concat(), input)
}

/// The JSON lines of an output.
fn plans(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(plans: &[Value]) -> Vec<&str> {
    plans.iter().map(|plan| plan["attribute"].as_str().unwrap()).collect()
}

const ATTRIBUTES: [&str; 12] = [
    "--attribute",
    "zip",
    "--attribute",
    "town",
    "--attribute",
    "vip",
    "--attribute",
    "email",
    "--attribute",
    "tags",
    "--attribute",
    "phone",
];

#[test]
fn text_json_and_plot() {
    let folder = Folder::new(TABLE);
    folder.write("people.json", people());
    let text = plan(&folder, &[&ATTRIBUTES[..], &["--svg", "plan.svg", "people.json"]].concat(), "");
    assert_eq!((code(&text), err(&text)), (0, ""));
    golden("beacons-plan.txt", out(&text));
    golden("beacons-plan.svg", &std::fs::read_to_string(folder.0.path().join("plan.svg")).unwrap());
    assert!(out(&text).lines().all(|line| line.chars().count() <= 100));
    let json = plan(&folder, &[&ATTRIBUTES[..], &["--json"]].concat(), &people());
    assert_eq!((code(&json), err(&json)), (0, ""));
    golden("beacons-plan.json", out(&json));
    assert_eq!(names(&plans(out(&json))), ["email", "phone", "tags", "tags", "town", "vip", "zip"]);
    // No value is printed, in whatever form.
    for output in [out(&text), out(&json)] {
        assert!(!output.contains("example.org") && !output.contains("town 1") && !output.contains("10007"));
    }
}

#[test]
fn help_explains_itself() {
    let help = Folder::new(TABLE).run(&["beacons", "plan", "--help"], "");
    assert_eq!(code(&help), 0);
    golden("help-beacons-plan.txt", out(&help));
}

#[test]
fn the_configuration_says_which_attributes() {
    let folder = Folder::new(TABLE);
    folder.write("people.json", people().replace("\"zip\"", "\"secret\""));
    let names_of = |arguments: &[&str]| {
        let output = plan(&folder, &[arguments, &["--json", "people.json"]].concat(), "");
        assert_eq!((code(&output), err(&output)), (0, ""));
        names(&plans(out(&output))).join(" ")
    };
    assert_eq!(names_of(&["--config", "table.toml"]), "secret");
    assert_eq!(names_of(&["--config", "table.toml", "--attribute", "town"]), "town");
    assert_eq!(names_of(&[]), "email pk secret tags tags town vip");

    folder.write("signed.toml", TABLE.replace("ENCRYPT_AND_SIGN", "SIGN_ONLY"));
    let output = plan(&folder, &["--config", "signed.toml", "people.json"], "");
    let expected = "dynaseal: signed.toml encrypts no attribute: say with --attribute for which ones to plan beacons\n";
    assert_eq!((code(&output), out(&output), err(&output)), (2, "", expected));
}

#[test]
fn sealed_items_are_opened_and_plain_ones_need_no_key() {
    let folder = Folder::new(TABLE);
    let items: String = (0..20)
        .map(|number| format!("{{\"pk\":{{\"S\":\"{number}\"}},\"secret\":{{\"S\":\"{}\"}}}}\n", number % 10))
        .collect();
    let sealed = folder.run(&SEAL, &items);
    let opened = plan(&folder, &["--config", "table.toml"], out(&sealed));
    let plain = plan(&folder, &["--config", "table.toml"], &items);
    assert_eq!((code(&opened), out(&opened)), (0, out(&plain)));
    assert!(out(&plain).contains("distinct values  10"), "{}", out(&plain));

    let without = plan(&folder, &[], out(&sealed));
    let expected =
        "dynaseal: standard input:1: the item is sealed: give its table.toml with --config, or plain items\n";
    assert_eq!((code(&without), out(&without), err(&without)), (2, "", expected));

    let start = TABLE.find("key = {").unwrap();
    folder.write("elsewhere.toml", format!("{}key = {{ file = \"missing\" }}\n", &TABLE[..start]));
    let keyless = plan(&folder, &["--config", "elsewhere.toml"], &items);
    assert_eq!((code(&keyless), out(&keyless)), (0, out(&plain)));
    let needed = plan(&folder, &["--config", "elsewhere.toml"], out(&sealed));
    assert!(code(&needed) == 2 && err(&needed).contains("missing"), "{}", err(&needed));
}

#[test]
fn bad_items_are_left_out_and_nothing_is_no_plan() {
    let folder = Folder::new(TABLE);
    let input = "{\"a\":{\"S\":\"x\"}}\nnot json\n{\"a\":{\"N\":\"s3cret\"}}\n{\"a\":{\"S\":\"y\"}}\n";
    let output = plan(&folder, &["--json"], input);
    let expected = "\
standard input:2: not JSON: expected ident at column 2
standard input:3: `a` has a value that DynamoDB does not take: not a decimal number
dynaseal: 2 items refused
";
    assert_eq!((code(&output), err(&output)), (1, expected));
    let plans = plans(out(&output));
    assert_eq!((plans[0]["items"].as_u64(), plans[0]["values"].as_u64()), (Some(2), Some(2)));
    assert_eq!(plans[0]["refused"]["name"], "too-few-values");

    let nothing = plan(&folder, &[], "");
    assert_eq!(
        (code(&nothing), err(&nothing)),
        (2, "dynaseal: no items in standard input\ndynaseal: there are no items to plan from\n")
    );
    let only_bad = plan(&folder, &[], "not json\n");
    assert_eq!((code(&only_bad), out(&only_bad)), (1, ""));
}

#[test]
fn mistakes_are_told() {
    let folder = Folder::new(TABLE);
    let item = "{\"a\":{\"S\":\"x\"}}\n";
    let no_table = plan(&folder, &["--db", "people.db"], item);
    assert_eq!(code(&no_table), 2);
    assert!(err(&no_table).contains("say which one with --table"), "{}", err(&no_table));
    let both = plan(&folder, &["--table", "people", "people.json"], item);
    assert!(code(&both) == 2 && err(&both).contains("cannot be used with"), "{}", err(&both));
    let no_folder = plan(&folder, &["--svg", "missing/plan.svg"], item);
    assert_eq!(code(&no_folder), 2);
    assert!(err(&no_folder).starts_with("dynaseal: missing/plan.svg can not be written: "), "{}", err(&no_folder));
    assert!(out(&no_folder).contains("1 value is too few"), "{}", out(&no_folder));
    let no_database = plan(&folder, &["--table", "people", "--db", "none.db"], "");
    assert!(code(&no_database) == 2 && err(&no_database).contains("there is no database none.db"));
}

#[test]
fn a_sample_ends_reading() {
    let folder = Folder::new(TABLE);
    let input = "{\"a\":{\"S\":\"x\"}}\n".repeat(5) + "not json\n";
    let output = plan(&folder, &["--sample", "3", "--json"], &input);
    assert_eq!((code(&output), err(&output)), (0, ""));
    assert_eq!(plans(out(&output))[0]["items_seen"], 3);
}

/// A name is printed, and nothing in it is obeyed.
#[test]
fn names_are_harmless() {
    let folder = Folder::new(TABLE);
    let output = plan(&folder, &["--svg", "plan.svg"], "{\"a\\n\\u001b[31m<&\":{\"S\":\"x\"}}\n");
    assert_eq!(code(&output), 0);
    assert!(out(&output).contains("\na\\u{a}\\u{1b}[31m<&\n"), "{}", out(&output));
    let plot = std::fs::read_to_string(folder.0.path().join("plan.svg")).unwrap();
    assert!(plot.contains("a\\u{a}\\u{1b}[31m&lt;&amp;: no beacon recommended, 1 value"));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// An empty table `people` whose partition key is `pk`.
fn database(folder: &Folder) -> aws_sdk_dynamodb::Client {
    let client = dynaseal::local::file(folder.0.path().join("people.db")).unwrap();
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build().unwrap();
    let attribute =
        AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S).build().unwrap();
    let create = client
        .create_table()
        .table_name("people")
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key)
        .attribute_definitions(attribute);
    block_on(create.send()).unwrap();
    client
}

const FROM_TABLE: [&str; 5] = ["--table", "people", "--db", "people.db", "--json"];

#[test]
fn a_plain_table_is_scanned_without_configuration_and_keys() {
    let folder = Folder::new(TABLE);
    let client = database(&folder);
    for number in 0..60 {
        let put = client.put_item().table_name("people");
        let put = put.item("pk", AttributeValue::S(number.to_string()));
        let put = put.item("secret", AttributeValue::S((number % 20).to_string()));
        block_on(put.item("born", AttributeValue::N((1900 + number).to_string())).send()).unwrap();
    }
    let output = plan(&folder, &FROM_TABLE, "");
    assert_eq!((code(&output), err(&output)), (0, ""));
    let found = plans(out(&output));
    assert_eq!(names(&found), ["born", "secret"]);
    // Everything was seen: no value is left to be guessed at.
    assert_eq!((found[0]["values"].as_f64(), found[0]["estimated_values"].as_f64()), (Some(60.0), Some(60.0)));
    assert_eq!(found[1]["recommended"]["bits"], 3);

    let output = plan(&folder, &[&FROM_TABLE[..], &["--attribute", "pk", "--sample", "10"]].concat(), "");
    let found = plans(out(&output));
    assert_eq!((names(&found), found[0]["items_seen"].as_u64()), (vec!["pk"], Some(10)));
    // Ten keys, of which none can come twice, say nothing of how many there are.
    assert_eq!(found[0]["estimated_values"].as_f64(), Some(10.0));
    assert_eq!(found[0]["warnings"][0]["name"], "all-seen-once");
}

#[test]
fn a_sealed_table_is_opened() {
    let folder = Folder::new(TABLE);
    drop(database(&folder));
    let items: String = (0..60)
        .map(|number| format!("{{\"pk\":{{\"S\":\"{number}\"}},\"secret\":{{\"S\":\"{}\"}}}}\n", number % 20))
        .collect();
    let put = folder.run(&["put", "--config", "table.toml", "--db", "people.db"], items);
    assert_eq!(code(&put), 0, "{}", err(&put));
    let output = plan(&folder, &[&FROM_TABLE[..], &["--config", "table.toml"]].concat(), "");
    assert_eq!((code(&output), err(&output)), (0, ""));
    let found = plans(out(&output));
    assert_eq!((names(&found), found[0]["values"].as_u64()), (vec!["secret"], Some(20)));

    let without = plan(&folder, &FROM_TABLE, "");
    let expected = "dynaseal: table people: the item is sealed: give its table.toml with --config, or plain items\n";
    assert_eq!((code(&without), out(&without), err(&without)), (2, "", expected));
    let nowhere = plan(&folder, &["--table", "peple", "--db", "people.db"], "");
    assert_eq!(code(&nowhere), 2);
    assert!(err(&nowhere).contains("DynamoDB Scan on the table peple in people.db: "), "{}", err(&nowhere));
}
