//! `dynaseal put`, `get`, `query` and `scan` on a table that is searched by beacons, on the embedded database.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::process::Output;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use common::{Folder, code, err, golden, out};

/// Three partitions, and beacons of one bit of cities: half of all others are found with each.
const TABLE: &str = r#"
logical_table_name = "people"
partition_key = "pk"
algorithm_suite = "hmac-only"
[actions]
name = "ENCRYPT_AND_SIGN"
city = "ENCRYPT_AND_SIGN"
note = "ENCRYPT_AND_SIGN"
ward = "SIGN_ONLY"
[keyring]
type = "raw-aes"
namespace = "ns"
name = "key-1"
key = { hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" }
[search]
beacon_key = { hex = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f" }
maximum_partitions = 3
[[search.standard_beacons]]
name = "name"
length = 20
[[search.standard_beacons]]
name = "city"
length = 1
partitions = 2
[[search.compound_beacons]]
name = "who"
split = "."
signed = [{ name = "ward", prefix = "W-" }]
encrypted = [{ name = "name", prefix = "N-" }]
"#;

const CITIES: [&str; 4] = ["Bath", "Hull", "Leeds", "York"];

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The database without any door of the library.
fn raw(folder: &Folder) -> Client {
    dynaseal::local::file(folder.0.path().join("people.db")).unwrap()
}

fn run(folder: &Folder, arguments: &[&str], input: &str) -> Output {
    folder.run(&[arguments, &["--config", "table.toml", "--db", "people.db"]].concat(), input)
}

/// As the commands write it: names in order.
fn item(number: usize) -> String {
    let (city, ward) = (CITIES[number % 4], ["north", "south"][number % 2]);
    let name = ["Ada", "Bob", "Cleo"][number % 3];
    let text = |name: &str, text: &str| format!("\"{name}\":{{\"S\":\"{text}\"}}");
    let pk = text("pk", &format!("p-{number:02}"));
    format!("{{{},{},{pk},{}}}\n", text("city", city), text("name", name), text("ward", ward))
}

/// 48 people.
fn filled() -> Folder {
    let folder = Folder::new(TABLE);
    let indexes = [
        ("by-name", "aws_dbe_b_name", None),
        ("by-city", "aws_dbe_b_city", Some("pk")),
        ("by-who", "aws_dbe_b_who", None),
    ];
    block_on(dynaseal::local::create_indexed_table(&raw(&folder), "people", "pk", None, &indexes)).unwrap();
    let items: String = (0..48).map(item).collect();
    let put = run(&folder, &["put"], &items);
    assert_eq!((code(&put), out(&put), err(&put)), (0, "48 items written\n", ""));
    folder
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

fn expected(is_there: impl Fn(usize) -> bool) -> String {
    (0..48).filter(|number| is_there(*number)).map(item).collect()
}

#[test]
fn queries_and_scans_find_what_was_put() {
    let folder = filled();
    let stored = block_on(raw(&folder).scan().table_name("people").send()).unwrap().items.unwrap();
    assert!(stored.iter().all(|item| item["aws_dbe_b_name"].is_s() && item["aws_dbe_b_who"].is_s()));
    assert!(stored.iter().all(|item| item["name"].is_b() && item["city"].is_b()));

    let values = |text: &str| format!("{{\":v\":{{\"S\":\"{text}\"}}}}");
    let query = |index: &str, condition: &str, text: &str, more: &[&str]| {
        let command = ["query", "--index", index, "--key-condition", condition, "--values", &values(text)];
        run(&folder, &[command.as_slice(), more].concat(), "")
    };
    let york = |number: usize| number % 4 == 3;
    for (output, expected) in [
        (query("by-name", "name = :v", "Ada", &[]), expected(|number| number % 3 == 0)),
        (query("by-city", "city = :v", "York", &[]), expected(york)),
        (query("by-city", ":v = #c", "York", &["--names", "{\"#c\":\"city\"}", "--reverse"]), expected(york)),
        (query("by-who", "who = :v", "W-north.N-Bob", &[]), expected(|number| number % 2 == 0 && number % 3 == 1)),
        (query("by-name", "name = :v", "Nobody", &[]), String::new()),
        (run(&folder, &["scan", "--filter", "city = :v", "--values", &values("York")], ""), expected(york)),
        (
            run(
                &folder,
                &["scan", "--segments", "3", "--filter", "who = :v", "--values", &values("W-south.N-Ada")],
                "",
            ),
            expected(|number| number % 2 == 1 && number % 3 == 0),
        ),
    ] {
        assert_eq!((code(&output), err(&output)), (0, ""));
        // Each once, though partitions have equal beacons.
        assert_eq!(sorted(out(&output)), sorted(&expected));
    }

    // Only what was asked for is counted, though others come with it.
    let counted = query("by-city", "city = :v", "York", &["--count"]);
    assert_eq!((code(&counted), out(&counted), err(&counted)), (0, "12\n", ""));
    // A name for each: under one, the beacon and the text would show that they belong together.
    let both =
        ["query", "--index", "by-city", "--key-condition", "city = :v", "--filter", "ward = :w", "--json", "--count"];
    let two = r#"{":v":{"S":"York"},":w":{"S":"south"}}"#;
    let counted = run(&folder, &[both.as_slice(), &["--values", two]].concat(), "");
    assert_eq!((code(&counted), err(&counted)), (0, ""));
    assert!(out(&counted).starts_with("{\"count\":12,\"scanned_count\":"), "{}", out(&counted));
    let refused = query("by-city", "city = :v", "York", &["--filter", "ward = :v"]);
    assert!(code(&refused) == 2 && err(&refused).contains("`:v` is used in two contexts"), "{}", err(&refused));
    let counted = run(&folder, &["scan", "--count", "--filter", "city = :v", "--values", &values("York")], "");
    assert_eq!((code(&counted), out(&counted)), (0, "12\n"));

    // The limit is one of items that come out.
    let limited = query("by-city", "city = :v", "York", &["--limit", "5"]);
    assert_eq!((code(&limited), out(&limited).lines().count()), (0, 5));
    assert!(out(&limited).lines().all(|line| line.contains("York")));
    let projected = query("by-name", "name = :v", "Ada", &["--projection", "pk", "--limit", "2"]);
    assert_eq!((code(&projected), out(&projected).lines().count()), (0, 2));
    assert!(out(&projected).lines().all(|line| line.starts_with("{\"pk\":{\"S\":\"p-") && line.len() == 19));
    let get = run(&folder, &["get", "{\"pk\":{\"S\":\"p-07\"}}"], "");
    assert_eq!((code(&get), out(&get)), (0, item(7).as_str()));
}

/// One partition alone, as with the official clients.
#[test]
fn a_query_may_name_its_partition() {
    let folder = filled();
    let of = |partition: &str| {
        let values = format!("{{\":v\":{{\"S\":\"Ada\"}},\":aws_dbe_partition\":{{\"N\":\"{partition}\"}}}}");
        run(&folder, &["query", "--index", "by-name", "--key-condition", "name = :v", "--values", &values], "")
    };
    let partitions = ["0", "1", "2"].map(of);
    assert!(partitions.iter().all(|output| code(output) == 0 && err(output).is_empty()));
    let all = partitions.iter().map(out).collect::<String>();
    assert_eq!(sorted(&all), sorted(&expected(|number| number % 3 == 0)));
    let none = of("3");
    assert_eq!((code(&none), out(&none)), (2, ""));
    assert!(err(&none).contains("`:aws_dbe_partition` has to be a whole number from 0 and below 3"), "{}", err(&none));
}

#[test]
fn what_beacons_can_not_answer_is_not_sent() {
    let folder = filled();
    let values = "{\":v\":{\"S\":\"s3cret\"}}";
    for (command, reason) in [
        (["scan", "--filter", "note = :v"], "`note` is ENCRYPT_AND_SIGN and has no beacon"),
        (["scan", "--filter", "name <> :v"], "<> can not be answered by the standard beacon `name`"),
        (["query", "--key-condition", "begins_with(name, :v)"], "begins_with can not be answered"),
    ] {
        let output = run(&folder, &[command.as_slice(), &["--values", values]].concat(), "");
        assert_eq!((code(&output), out(&output)), (2, ""));
        assert!(err(&output).contains(reason) && !err(&output).contains("s3cret"), "{}", err(&output));
    }
}

#[test]
fn one_broken_item_stops_neither_queries_nor_puts() {
    let folder = filled();
    block_on(async {
        let client = raw(&folder);
        let key = AttributeValue::S("p-03".to_owned());
        let mut item = client.get_item().table_name("people").key("pk", key).send().await.unwrap().item.unwrap();
        let AttributeValue::B(bytes) = &item["city"] else { panic!("sealed") };
        let mut bytes = bytes.clone().into_inner();
        bytes[0] ^= 1;
        item.insert("city".to_owned(), AttributeValue::B(Blob::new(bytes)));
        client.put_item().table_name("people").set_item(Some(item)).send().await.unwrap();
    });
    let values = "{\":v\":{\"S\":\"York\"}}";
    let query = run(&folder, &["query", "--index", "by-city", "--key-condition", "city = :v", "--values", values], "");
    assert_eq!((code(&query), sorted(out(&query))), (1, sorted(&expected(|number| number % 4 == 3 && number != 3))));
    assert!(err(&query).starts_with("dynaseal: item (pk = \"p-03\") of table `people` can not be opened: "));

    let count = ["query", "--count", "--index", "by-city", "--key-condition", "city = :v", "--values", values];
    let counted = run(&folder, &count, "");
    assert_eq!((code(&counted), out(&counted), err(&counted)), (1, "11\n", err(&query)));

    let broken = item(1).replace("Bob", "s3.cret");
    let put = run(&folder, &["put"], &[item(0), broken, item(2)].concat());
    assert_eq!((code(&put), out(&put)), (1, "2 items written\n"));
    golden("search-put.txt", err(&put));
}

/// Who finds nothing should know that there may be something.
#[test]
fn an_empty_result_says_what_it_may_be_due_to() {
    let folder = filled();
    let contains = ["scan", "--filter", "contains(#n, :n)", "--names", r##"{"#n":"name"}"##, "--values"];
    let piece = run(&folder, &[&contains[..], &[r#"{":n":{"S":"Ad"}}"#]].concat(), "");
    assert_eq!((code(&piece), out(&piece)), (0, ""));
    assert!(
        err(&piece).starts_with("dynaseal: warning: nothing was found, and `contains` finds a whole value of `name`"),
        "{}",
        err(&piece)
    );
    assert_eq!(err(&run(&folder, &[&contains[..], &[r#"{":n":{"S":"Ad"}}"#, "--quiet"]].concat(), "")), "");
    let whole = run(&folder, &[&contains[..], &[r#"{":n":{"S":"Ada"}}"#]].concat(), "");
    assert_eq!((code(&whole), out(&whole).lines().count(), err(&whole)), (0, 16, ""));
    let nobody = ["scan", "--filter", "#n = :n", "--names", r##"{"#n":"name"}"##, "--values", r#"{":n":{"S":"Eve"}}"#];
    let nobody = run(&folder, &nobody, "");
    assert_eq!((code(&nobody), out(&nobody), err(&nobody)), (0, "", ""));

    // Written by somebody who knew of no beacons.
    let without = TABLE.split("[search]").next().unwrap();
    folder.write("without.toml", without);
    let eve = item(0).replace("\"Ada\"", "\"Eve\"").replace("p-00", "p-99");
    let put = folder.run(&["put", "-c", "without.toml", "--db", "people.db"], &eve);
    assert_eq!((code(&put), err(&put)), (0, ""));
    let warning = "dynaseal: warning: nothing was found, and 1 of the 49 items that were looked at have `name` and no beacon of it";
    let search = ["--names", r##"{"#n":"name"}"##, "--values", r#"{":n":{"S":"Eve"}}"#];
    for command in [
        &["scan", "--filter", "#n = :n"][..],
        &["scan", "--count", "--filter", "#n = :n"],
        &["query", "--index", "by-name", "--key-condition", "#n = :n"],
    ] {
        let nothing = run(&folder, &[command, &search].concat(), "");
        assert_eq!((code(&nothing), out(&nothing).trim_end_matches("0\n")), (0, ""), "{command:?}");
        assert!(err(&nothing).starts_with(warning), "{command:?}: {}", err(&nothing));
    }
}
