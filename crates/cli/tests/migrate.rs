//! `dynaseal migrate` and `dynaseal verify` on an embedded database: what comes out, and how they end.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::process::Output;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue::{B, S};
use common::{Folder, code, err, golden, out};
use dynaseal::legacy::ddbec::{AesKey, Encryptor, HmacKey, Mac, StaticProvider};
use dynaseal::legacy::pynamodb_mate::{Key, Mode, Value as PythonValue};
use dynaseal::{AttributeValue, Item, LegacyEncryptor as _, SystemRandom, json, local, sdk};
use serde_json::{Value, json};

const KEYRING: &str = r#"
[keyring]
type = "raw-aes"
namespace = "ns"
name = "key-1"
key = { hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" }
"#;

fn table(policy: &str, more: &str) -> String {
    let policy = if policy.is_empty() { String::new() } else { format!("plaintext_policy = \"{policy}\"\n") };
    format!(
        "logical_table_name = \"people\"\npartition_key = \"pk\"\nalgorithm_suite = \"hmac-only\"\n{policy}\n[actions]\n\
         name = \"ENCRYPT_AND_SIGN\"\nward = \"SIGN_ONLY\"\n{KEYRING}{more}"
    )
}

const READS_PLAIN: &str = "FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ";

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn person(key: &str) -> Item {
    [("pk", key.into()), ("name", format!("name of {key}").as_str().into()), ("ward", "north".into())]
        .map(|(name, value): (&str, AttributeValue)| (name.to_owned(), value))
        .into()
}

/// A database with a table and these items in it, as they are.
fn database(folder: &Folder, items: impl IntoIterator<Item = Item>) -> Client {
    let client = local::file(folder.0.path().join("db")).unwrap();
    block(async {
        local::create_table(&client, "people", "pk", None).await.unwrap();
        for item in items {
            client.put_item().table_name("people").set_item(Some(sdk::to_sdk(item))).send().await.unwrap();
        }
    });
    client
}

fn stored(client: &Client) -> Vec<Item> {
    let page = block(client.scan().table_name("people").send()).unwrap();
    page.items.unwrap().into_iter().map(|item| sdk::from_sdk(item).unwrap()).collect()
}

fn migrate(folder: &Folder, arguments: &[&str]) -> Output {
    folder.run(&[&["migrate", "--config", "table.toml", "--db", "db"], arguments].concat(), "")
}

fn verify(folder: &Folder, arguments: &[&str]) -> Output {
    folder.run(&[&["verify", "--config", "table.toml"], arguments].concat(), "")
}

fn summary(output: &Output) -> Value {
    serde_json::from_str(out(output)).unwrap_or_else(|_| panic!("{}{}", out(output), err(output)))
}

fn is_sealed(item: &Item) -> bool {
    item.contains_key("aws_dbe_head")
}

#[test]
fn a_plain_table_is_planned_sealed_verified_and_opened() {
    let folder = Folder::new(&table(READS_PLAIN, ""));
    let client = database(&folder, (0..30).map(|index| person(&format!("p-{index:02}"))));

    let plan = migrate(&folder, &["--from", "plaintext", "--dry-run"]);
    assert_eq!(code(&plan), 0, "{}", err(&plan));
    golden("migrate-plan.txt", out(&plan));
    assert!(stored(&client).iter().all(|item| !is_sealed(item)), "a plan writes nothing");
    let unclean = verify(&folder, &["--db", "db", "--summary"]);
    assert_eq!(
        (code(&unclean), summary(&unclean)),
        (1, json!({"bad": 30, "by_name": {"unsealed": 30}, "examined": 30}))
    );

    let done = migrate(&folder, &["--from", "plaintext", "--prove"]);
    assert_eq!(code(&done), 0, "{}", err(&done));
    golden("migrate-done.txt", out(&done));
    assert!(stored(&client).iter().all(is_sealed));
    let clean = verify(&folder, &["--db", "db", "--summary"]);
    assert_eq!((code(&clean), summary(&clean)), (0, json!({"bad": 0, "by_name": {"clean": 30}, "examined": 30})));

    let again = summary(&migrate(&folder, &["--from", "plaintext", "--json"]));
    assert_eq!((&again["counts"]["current"], &again["counts"]["changed"]), (&json!(30), &json!({})));

    // The application reads it with the strictest policy.
    folder.write("table.toml", table("", ""));
    let scan = folder.run(&["scan", "--config", "table.toml", "--db", "db"], "");
    assert_eq!((code(&scan), out(&scan).lines().count()), (0, 30));
    assert!(out(&scan).contains(r#""name":{"S":"name of p-07"}"#));

    // And back, only by the flag that says so.
    let back = migrate(&folder, &["--danger-to-plaintext", "--json"]);
    assert_eq!(summary(&back)["counts"]["changed"], json!({"record": 30}), "{}", err(&back));
    let mut plain = stored(&client);
    plain.sort_by_key(json::to_string);
    assert_eq!(plain, (0..30).map(|index| person(&format!("p-{index:02}"))).collect::<Vec<_>>());
}

#[test]
fn refused_items_are_named_and_stay_and_the_rest_is_done() {
    let folder = Folder::new(&table(READS_PLAIN, ""));
    let mut large = person("large");
    large.insert("ward".to_owned(), "x".repeat(409_300).as_str().into());
    let mut unknown = person("unknown");
    unknown.insert("shoe".to_owned(), 42.into());
    let mut half = person("half");
    half.insert("aws_dbe_head".to_owned(), vec![1, 2, 3].into());
    let client = database(&folder, [large.clone(), unknown.clone(), half.clone(), person("good")]);

    let done = migrate(&folder, &["--from", "plaintext", "--report", "refused.jsonl", "--json"]);
    assert_eq!(code(&done), 1);
    let counts = &summary(&done)["counts"];
    assert_eq!([&counts["examined"], &counts["refused"], &counts["too_large"]], [&json!(4), &json!(3), &json!(1)]);
    assert_eq!(err(&done), "dynaseal: 3 items refused\n");
    let report = std::fs::read_to_string(folder.0.path().join("refused.jsonl")).unwrap();
    let reason = |key: &str| {
        let line = report.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let line = line.into_iter().find(|line| line["key"]["pk"]["S"] == key).unwrap();
        line["reason"].as_str().unwrap().to_owned()
    };
    assert!(reason("large").starts_with("it would have 409"), "{}", reason("large"));
    assert!(reason("unknown").contains("`shoe` has no action"), "{}", reason("unknown"));
    assert!(reason("half").contains("`aws_dbe_foot` is missing"), "{}", reason("half"));
    assert!(!report.contains("name of"), "nothing of the values is told");
    let now = stored(&client);
    for item in [&large, &unknown, &half] {
        assert!(now.contains(item), "what is refused stays as it is");
    }
    assert_eq!(now.iter().filter(|item| item.contains_key("aws_dbe_foot")).count(), 1);

    let found = verify(&folder, &["--db", "db"]);
    assert_eq!(code(&found), 1);
    let mut lines: Vec<&str> = out(&found).lines().collect();
    lines.sort_unstable();
    let names: Vec<_> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| line["finding"].clone())
        .collect();
    assert_eq!(names, ["unreadable", "unsealed", "unsealed"], "{lines:?}");
}

#[test]
fn wrong_keys_stop_before_the_first_write() {
    let folder = Folder::new(&table(READS_PLAIN, ""));
    let client = database(&folder, (0..5).map(|index| person(&format!("p-{index}"))));
    assert_eq!(code(&migrate(&folder, &["--from", "plaintext", "--checkpoint", "progress"])), 0);
    block(async {
        for index in 5..9 {
            let item = sdk::to_sdk(person(&format!("p-{index}")));
            client.put_item().table_name("people").set_item(Some(item)).send().await.unwrap();
        }
    });
    let before = stored(&client);
    let other = table(READS_PLAIN, "").replace("000102", "ff0102");
    folder.write("table.toml", &other);
    let stopped = migrate(&folder, &["--from", "plaintext"]);
    assert_eq!(code(&stopped), 2);
    assert!(err(&stopped).contains("none opens that needs a key"), "{}", err(&stopped));
    assert!(err(&stopped).contains("nothing was written"), "{}", err(&stopped));
    assert_eq!(stored(&client), before);
    // A checkpoint knows the key that its job began with, also where no item tells.
    let resumed = migrate(&folder, &["--from", "plaintext", "--no-key-check", "--checkpoint", "progress"]);
    assert_eq!(code(&resumed), 2);
    assert!(err(&resumed).contains("not those that this job began with"), "{}", err(&resumed));
    assert_eq!(stored(&client), before);
    // And other options are another job.
    folder.write("table.toml", table(READS_PLAIN, ""));
    let other_job = migrate(&folder, &["--from", "plaintext", "--segments", "3", "--checkpoint", "progress"]);
    assert_eq!(code(&other_job), 2);
    assert!(err(&other_job).contains("the checkpoint is of another job"), "{}", err(&other_job));
    for output in [stopped, resumed, other_job] {
        assert!(!err(&output).contains("010203"), "{}", err(&output));
    }
}

#[test]
fn what_can_not_be_meant_is_refused_with_what_to_do() {
    let folder = Folder::new(&table("FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ", ""));
    let client = database(&folder, [person("a")]);
    for (arguments, text) in [
        (&["--from", "plaintext"][..], "the application writes no records, and would undo what is migrated"),
        (&["--from", "older-client"], "--from older-client needs [legacy] in table.toml"),
        (&["--from", "pynamodb-mate"], "--from pynamodb-mate needs [pynamodb_mate] in table.toml"),
        (&["--to", "sealed-attributes"], "--to sealed-attributes needs [attributes] in table.toml"),
        (&["--segment", "4", "--total", "4"], ""),
        (&["--segment", "1"], "--total"),
        (&["--write-units", "0"], "at least 1"),
    ] {
        let output = migrate(&folder, arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(err(&output).contains(text), "{arguments:?}: {}", err(&output));
    }
    folder.write("table.toml", table(READS_PLAIN, ""));
    // Without --from, plain items are none that were expected.
    let output = migrate(&folder, &[]);
    assert_eq!(code(&output), 1);
    assert!(out(&output).contains("sealing it would vouch for what anybody may have written"), "{}", out(&output));
    assert_eq!(stored(&client), [person("a")]);
    let output = migrate(&folder, &["--from", "plaintext", "--segment", "4", "--total", "4"]);
    assert!(err(&output).contains("there is no segment 4 of 4: they count from 0"), "{}", err(&output));
    let output = folder.run(&["migrate", "--config", "table.toml", "--db", "no-db", "--from", "plaintext"], "");
    assert!(err(&output).contains("there is no database no-db"), "{}", err(&output));
}

#[test]
fn records_move_to_another_key_and_configuration() {
    let folder = Folder::new(&table(READS_PLAIN, ""));
    let client = database(&folder, (0..10).map(|index| person(&format!("p-{index}"))));
    assert_eq!(code(&migrate(&folder, &["--from", "plaintext"])), 0);
    folder.write("old.toml", table("", ""));
    let beacon = "\n[search]\nbeacon_key = { hex = \"2222222222222222222222222222222222222222222222222222222222222222\" }\n\
                  [[search.standard_beacons]]\nname = \"name\"\nlength = 16\n";
    folder.write("table.toml", table("", beacon).replace("000102", "ff0102").replace("key-1", "key-2"));
    let found = verify(&folder, &["--db", "db", "--summary"]);
    assert_eq!(summary(&found)["by_name"], json!({"unreadable": 10}));
    let moved = migrate(&folder, &["--from-config", "old.toml", "--json"]);
    assert_eq!(summary(&moved)["counts"]["changed"], json!({"record": 10}), "{}", err(&moved));
    assert!(stored(&client).iter().all(|item| item.contains_key("aws_dbe_b_name")));
    assert_eq!(summary(&verify(&folder, &["--db", "db", "--summary"]))["by_name"], json!({"clean": 10}));
    // By the old configuration alone they are nothing.
    folder.write("table.toml", table("", ""));
    assert_eq!(summary(&verify(&folder, &["--db", "db", "--summary"]))["by_name"], json!({"unreadable": 10}));
}

const LEGACY: &str = r#"
[legacy]
policy = "FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT"
provider = "static"
encryption_key = { hex = "11111111111111111111111111111111" }
signing_key = { hex = "2222222222222222222222222222222222222222222222222222222222222222" }
"#;

#[test]
fn items_of_the_older_client_are_read_written_and_moved() {
    let folder = Folder::new(&table("", LEGACY));
    let keys = StaticProvider::symmetric(
        Some(AesKey::new(&[0x11; 16]).unwrap()),
        HmacKey::new(Mac::HmacSha256, &[0x22; 32]).unwrap(),
    );
    let older = Encryptor::builder("people", "pk").build(Arc::new(keys)).unwrap();
    let sealed: Vec<Item> =
        (0..10).map(|index| block(older.encrypt_item(person(&format!("p-{index}")))).unwrap()).collect();
    let client = database(&folder, sealed.clone());

    // One at a time, by each policy.
    let line = json::to_string(&sealed[3]);
    let opened = folder.run(&["open", "--config", "table.toml"], &line);
    assert_eq!(
        (code(&opened), out(&opened).trim_end()),
        (0, json::to_string(&person("p-3")).as_str()),
        "{}",
        err(&opened)
    );
    folder
        .write("table.toml", table("", &LEGACY.replace("FORBID_LEGACY_ENCRYPT_ALLOW", "FORBID_LEGACY_ENCRYPT_FORBID")));
    let refused = folder.run(&["open", "--config", "table.toml"], &line);
    assert_eq!(code(&refused), 1);
    assert!(err(&refused).contains("nothing says that such items may be read"), "{}", err(&refused));
    folder.write("table.toml", table("", &LEGACY.replace("FORBID_LEGACY_ENCRYPT", "FORCE_LEGACY_ENCRYPT")));
    let written = folder.run(&["seal", "--config", "table.toml"], json::to_string(&person("x")));
    let written = json::from_str(out(&written)).unwrap();
    assert_eq!(block(older.decrypt_item(written)).unwrap(), person("x"));
    let stopped = migrate(&folder, &["--from", "older-client"]);
    assert!(
        err(&stopped).contains("give all of its instances FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT first"),
        "{}",
        err(&stopped)
    );

    // The whole table.
    folder.write("table.toml", table("", LEGACY));
    let found = verify(&folder, &["--db", "db", "--summary"]);
    assert_eq!(summary(&found)["by_name"], json!({"older_client": 10}));
    let moved = migrate(&folder, &["--from", "older-client", "--prove", "--json"]);
    assert_eq!(summary(&moved)["counts"]["changed"], json!({"older_client": 10}), "{}", err(&moved));
    assert!(stored(&client).iter().all(|item| is_sealed(item) && item.len() == 5));
    folder.write("table.toml", table("", ""));
    assert_eq!(code(&verify(&folder, &["--db", "db", "--summary"])), 0);
}

#[test]
fn attributes_of_pynamodb_mate_become_records_or_sealed_attributes() {
    let python = |key: &str| {
        let mut item = person(key);
        let name = PythonValue::Text(format!("name of {key}"));
        let sealed = Key::from_passphrase("secret").insecure_seal(Mode::Deterministic, &name, &SystemRandom).unwrap();
        item.insert("name".to_owned(), AttributeValue::B(sealed));
        item
    };
    let model = "\n[pynamodb_mate]\npassphrase = { env = \"PASS\" }\n[pynamodb_mate.attributes]\nname = \"text\"\n";
    let attributes = "\n[attributes]\nroots = [{ id = \"root-1\", key = { hex = \"3333333333333333333333333333333333333333333333333333333333333333\" } }]\n\
                      deterministic = [\"name\"]\n";
    for (to, expected) in [("records", "attributes"), ("sealed-attributes", "attributes")] {
        let folder = Folder::new(&table("", &format!("{model}{attributes}")));
        let client = database(&folder, (0..5).map(|index| python(&format!("p-{index}"))));
        let arguments =
            ["migrate", "--config", "table.toml", "--db", "db", "--from", "pynamodb-mate", "--to", to, "--json"];
        let moved = folder.run_with(&[("PASS", "secret")], &arguments, "");
        assert_eq!(summary(&moved)["counts"]["changed"], json!({ expected: 5 }), "{}", err(&moved));
        let again = folder.run_with(&[("PASS", "secret")], &arguments, "");
        assert_eq!(summary(&again)["counts"]["current"], json!(5), "{}", err(&again));
        assert!(stored(&client).iter().all(|item| is_sealed(item) == (to == "records")));
        if to == "sealed-attributes" {
            // Back to plaintext, and each value is what it was.
            let back = [
                "migrate",
                "--config",
                "table.toml",
                "--db",
                "db",
                "--from",
                "sealed-attributes",
                "--danger-to-plaintext",
                "--json",
            ];
            let back = folder.run_with(&[("PASS", "secret")], &back, "");
            assert_eq!(summary(&back)["counts"]["changed"], json!({"attributes": 5}), "{}", err(&back));
            assert!(stored(&client).contains(&person("p-4")));
        }
        // Another passphrase stops it.
        block(
            client.put_item().table_name("people").item("pk", S("q".into())).item("name", B(vec![1; 16].into())).send(),
        )
        .unwrap();
        let wrong = folder.run_with(&[("PASS", "wrong")], &arguments, "");
        assert_ne!(code(&wrong), 0, "{}", out(&wrong));
    }
}

#[test]
fn exports_and_streams_are_verified_as_tables_are() {
    let folder = Folder::new(&table("", ""));
    let seal = |item: Item| {
        let output = folder.run(&["seal", "--config", "table.toml"], json::to_string(&item));
        out(&output).trim_end().to_owned()
    };
    let (good, plain) = (seal(person("good")), json::to_string(&person("plain")));
    folder.write("other.toml", table("", "").replace("\"people\"", "\"animals\""));
    let stranger = folder.run(&["seal", "--config", "other.toml"], json::to_string(&person("stranger")));
    let stranger = out(&stranger).trim_end().to_owned();
    let export = [&good, &plain, &stranger].map(|item| format!("{{\"Item\":{item}}}\n")).concat();
    folder.write("export.json", &export);
    let found = verify(&folder, &["--other-table", "animals", "export.json"]);
    assert_eq!(code(&found), 1);
    golden("verify-export.txt", out(&found));
    let key = r#"{"pk":{"S":"good"}}"#;
    let stream = format!(r#"{{"eventName":"INSERT","dynamodb":{{"Keys":{key},"NewImage":{good}}}}}"#);
    folder.write("stream.json", stream);
    let clean = verify(&folder, &["--summary", "stream.json"]);
    assert_eq!((code(&clean), summary(&clean)["by_name"].clone()), (0, json!({"clean": 1})), "{}", err(&clean));
    // Who can only open says less.
    let opens = verify(&folder, &["--summary", "--only-open", "stream.json"]);
    assert_eq!((code(&opens), summary(&opens)["by_name"].clone()), (0, json!({"opens": 1})));
    folder.write("broken.json", format!("{export}no json\n"));
    let broken = verify(&folder, &["--summary", "broken.json"]);
    assert_eq!((code(&broken), summary(&broken)["no_items"].clone()), (1, json!(1)));
}

#[test]
fn the_help_says_how_it_ends() {
    let folder = Folder::new(&table("", ""));
    for command in ["migrate", "verify"] {
        let help = folder.run(&[command, "--help"], "");
        golden(&format!("help-{command}.txt"), out(&help));
    }
}
