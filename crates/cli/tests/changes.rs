//! `dynaseal update` and `dynaseal delete` on the embedded database, with the stored items looked at.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::collections::HashMap;
use std::process::Output;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use common::{Folder, code, err, golden, out};

const TABLE: &str = r#"
logical_table_name = "people"
partition_key = "id"
sort_key = "visit"
sort_key_type = "N"
algorithm_suite = "hmac-only"
unsigned_attribute_prefix = ":"
[actions]
name = "ENCRYPT_AND_SIGN"
age = "ENCRYPT_AND_SIGN"
visits = "ENCRYPT_AND_SIGN"
ward = "SIGN_ONLY"
":seen" = "DO_NOTHING"
[keyring]
type = "raw-aes"
namespace = "ns"
name = "key-1"
key = { hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" }
"#;

const ADA: &str = r#"{":seen":{"N":"1"},"age":{"N":"36"},"id":{"S":"a"},"name":{"S":"Ada"},"visit":{"N":"1"},"visits":{"N":"4"},"ward":{"S":"north"}}"#;
const BOB: &str =
    r#"{"age":{"N":"40"},"id":{"S":"b"},"name":{"S":"Bob"},"visit":{"N":"1"},"visits":{"N":"1"},"ward":{"S":"south"}}"#;
const KEY_A: &str = r#"{"id":{"S":"a"},"visit":{"N":"1"}}"#;
const KEY_B: &str = r#"{"id":{"S":"b"},"visit":{"N":"1"}}"#;
const KEY_C: &str = r#"{"id":{"S":"c"},"visit":{"N":"1"}}"#;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn raw(folder: &Folder) -> Client {
    dynaseal::local::file(folder.0.path().join("people.db")).unwrap()
}

type Stored = HashMap<String, AttributeValue>;

fn stored(folder: &Folder, id: &str) -> Option<Stored> {
    let id = AttributeValue::S(id.to_owned());
    let get = raw(folder).get_item().table_name("people").key("id", id).key("visit", AttributeValue::N("1".to_owned()));
    block_on(get.send()).unwrap().item
}

fn run(folder: &Folder, arguments: &[&str], input: &str) -> Output {
    run_with(folder, "table.toml", arguments, input)
}

fn run_with(folder: &Folder, config: &str, arguments: &[&str], input: &str) -> Output {
    folder.run(&[arguments, &["--config", config, "--db", "people.db"]].concat(), input)
}

fn opened(folder: &Folder, key: &str) -> String {
    let get = run(folder, &["get", key], "");
    out(&get).trim_end().to_owned()
}

/// With Ada and Bob in it.
fn filled() -> Folder {
    let folder = Folder::new(TABLE);
    assert_eq!(code(&run(&folder, &["table", "create"], "")), 0);
    let put = run(&folder, &["put"], &format!("{ADA}\n{BOB}\n"));
    assert_eq!((code(&put), out(&put), err(&put)), (0, "2 items written\n", ""));
    folder
}

#[test]
fn every_clause_changes_sealed_attributes() {
    let folder = filled();
    let before = stored(&folder, "a").unwrap();
    let update = [
        "update",
        KEY_A,
        "--expression",
        "SET #n = :n, ward = :w REMOVE age ADD visits :one, #s :one",
        "--names",
        r##"{"#n":"name","#s":":seen"}"##,
        "--values",
        r#"{":n":{"S":"Ada Lovelace"},":w":{"S":"west"},":one":{"N":"1"}}"#,
    ];
    let updated = run(&folder, &update, "");
    assert_eq!((code(&updated), out(&updated), err(&updated)), (0, "1 item updated\n", ""));
    let after = r#"{":seen":{"N":"2"},"id":{"S":"a"},"name":{"S":"Ada Lovelace"},"visit":{"N":"1"},"visits":{"N":"5"},"ward":{"S":"west"}}"#;
    assert_eq!(opened(&folder, KEY_A), after);
    let now = stored(&folder, "a").unwrap();
    assert!(!now.contains_key("age") && now["name"].is_b() && now["visits"].is_b());
    assert_eq!((now["ward"].as_s().unwrap().as_str(), now[":seen"].as_n().unwrap().as_str()), ("west", "2"));
    assert!(now["aws_dbe_head"] != before["aws_dbe_head"] && now["name"] != before["name"]);
    assert!(!format!("{now:?}").contains("Lovelace"));
    let verify = run(&folder, &["verify", "--summary"], "");
    assert_eq!(code(&verify), 0, "{}", out(&verify));

    // As it was, as it is now, and how many.
    let name = ["--names", r##"{"#n":"name"}"##, "--values", r#"{":n":{"S":"A"}}"#];
    let set = [["update", KEY_A, "--expression", "SET #n = :n"].as_slice(), &name].concat();
    let old = run(&folder, &[set.as_slice(), &["--return", "old"]].concat(), "");
    assert_eq!((code(&old), out(&old)), (0, format!("{after}\n").as_str()));
    let new = run(&folder, &[set.as_slice(), &["--return", "new"]].concat(), "");
    assert_eq!((code(&new), out(&new)), (0, format!("{}\n", after.replace("Ada Lovelace", "A")).as_str()));
    let many = run(&folder, &["update", KEY_A, KEY_B, "--expression", "REMOVE age", "--json"], "");
    assert_eq!((code(&many), out(&many)), (0, "{\"not_there\":0,\"refused\":0,\"updated\":2}\n"));
    assert!(!stored(&folder, "b").unwrap().contains_key("age"));
}

#[test]
fn conditions_of_updates_see_what_is_encrypted() {
    let folder = filled();
    let update = |condition: &str, more: &[&str]| {
        let start = ["update", KEY_A, "--expression", "ADD visits :one", "--condition", condition];
        let values = ["--values", r#"{":one":{"N":"1"},":age":{"N":"36"}}"#];
        run(&folder, &[start.as_slice(), &values, more].concat(), "")
    };
    let done = update("age = :age", &[]);
    assert_eq!((code(&done), out(&done), err(&done)), (0, "1 item updated\n", ""));
    let before = stored(&folder, "a");
    let refused = update("age > :age", &[]);
    let message = "dynaseal: the item {\"id\":{\"S\":\"a\"},\"visit\":{\"N\":\"1\"}} of the table people in people.db does not meet the condition: nothing was written\ndynaseal: 1 item refused\n";
    assert_eq!((code(&refused), out(&refused), err(&refused)), (1, "0 items updated\n", message));
    // A condition is one, whatever its parentheses.
    let wrong = update("age > :age) OR (age = :age", &[]);
    assert_eq!((code(&wrong), out(&wrong)), (2, "0 items updated\n"));
    let either = update("age > :age OR attribute_exists(nothing)", &[]);
    assert_eq!(code(&either), 1);
    assert_eq!(stored(&folder, "a"), before);
}

#[test]
fn an_item_that_is_not_there_is_not_made_unless_that_is_asked_for() {
    let folder = filled();
    let set = ["--expression", "SET visits = :one", "--values", r#"{":one":{"N":"1"}}"#];
    let missing = run(&folder, &[["update", KEY_C].as_slice(), &set].concat(), "");
    let message = "dynaseal: there is no item {\"id\":{\"S\":\"c\"},\"visit\":{\"N\":\"1\"}} in the table people in people.db: nothing was written; --create makes it\ndynaseal: 1 item not there\n";
    assert_eq!((code(&missing), out(&missing), err(&missing)), (1, "0 items updated\n", message));
    assert_eq!(stored(&folder, "c"), None);
    // The others of several are changed all the same, also those of a file with rubbish in it.
    let keys = format!("{KEY_C}\nrubbish\n{KEY_B}\n");
    let some = run(&folder, &[["update", "--keys", "-"].as_slice(), &set].concat(), &keys);
    assert_eq!((code(&some), out(&some)), (1, "1 item updated\n"));
    golden("update-some.txt", err(&some));
    assert_eq!(opened(&folder, KEY_B), BOB);
    let made = run(&folder, &[["update", KEY_C, "--create", "--return", "new"].as_slice(), &set].concat(), "");
    let item = "{\"id\":{\"S\":\"c\"},\"visit\":{\"N\":\"1\"},\"visits\":{\"N\":\"1\"}}\n";
    assert_eq!((code(&made), out(&made), err(&made)), (0, item, ""));
    assert!(stored(&folder, "c").unwrap()["visits"].is_b());
}

/// The configuration does not know `age` any more.
#[test]
fn an_attribute_is_retired() {
    let folder = filled();
    folder.write("later.toml", TABLE.replace("age = \"ENCRYPT_AND_SIGN\"\n", ""));
    let before = stored(&folder, "a");
    let later = |arguments: &[&str]| run_with(&folder, "later.toml", arguments, "");
    let values = ["--values", r#"{":w":{"S":"w"}}"#];
    let set = later(&[["update", KEY_A, "--expression", "SET ward = :w"].as_slice(), &values].concat());
    assert_eq!((code(&set), out(&set)), (1, "0 items updated\n"));
    assert_eq!(
        err(&set),
        "dynaseal: item {\"id\":{\"S\":\"a\"},\"visit\":{\"N\":\"1\"}}: update_sealed on the sealed table `people`: the item has `age`, which has no action here: REMOVE age in the same update, or configure an action\ndynaseal: 1 item refused\n"
    );
    let copy = later(&["update", KEY_A, "--expression", "SET ward = age REMOVE age"]);
    assert_eq!(code(&copy), 2);
    assert!(err(&copy).contains("`ward` is not encrypted, and would become what `age` is"), "{}", err(&copy));
    assert_eq!(stored(&folder, "a"), before);
    let both = later(&[["update", KEY_A, "--expression", "SET ward = :w REMOVE age"].as_slice(), &values].concat());
    assert_eq!((code(&both), out(&both), err(&both)), (0, "1 item updated\n", ""));
    let now = stored(&folder, "a").unwrap();
    assert!(!now.contains_key("age") && now["ward"].as_s().unwrap() == "w");
    let get = later(&["get", KEY_A]);
    assert_eq!(code(&get), 0);
}

#[test]
fn items_are_deleted_by_key_and_on_condition() {
    let folder = filled();
    let north = ["--condition", "ward = :w", "--values", r#"{":w":{"S":"north"}}"#];
    let refused = run(&folder, &[["delete", KEY_B].as_slice(), &north].concat(), "");
    let message = "dynaseal: the item {\"id\":{\"S\":\"b\"},\"visit\":{\"N\":\"1\"}} of the table people in people.db does not meet the condition: nothing was deleted\ndynaseal: 1 item refused\n";
    assert_eq!((code(&refused), out(&refused), err(&refused)), (1, "0 items deleted\n", message));
    // What holds of an item that is not there deletes nothing, and says so; parentheses join no conditions.
    for condition in ["attribute_not_exists(nobody)", "(attribute_not_exists(nobody))", "NOT ward = :w OR ward = :w"] {
        let values: &[&str] = if condition.contains(":w") { &north[2..] } else { &[] };
        let missing = run(&folder, &[["delete", KEY_C, "--condition", condition].as_slice(), values].concat(), "");
        let message = "dynaseal: there is no item {\"id\":{\"S\":\"c\"},\"visit\":{\"N\":\"1\"}} in the table people in people.db: nothing was deleted\ndynaseal: 1 item not there\n";
        assert_eq!((code(&missing), err(&missing)), (1, message), "{condition}");
    }
    let wrong =
        run(&folder, &["delete", KEY_B, "--condition", "attribute_not_exists(id)) OR (attribute_exists(id)"], "");
    assert_eq!((code(&wrong), out(&wrong)), (2, ""));
    let encrypted = run(&folder, &["delete", KEY_B, "--condition", "age = :a", "--values", r#"{":a":{"N":"40"}}"#], "");
    assert_eq!((code(&encrypted), out(&encrypted)), (2, "0 items deleted\n"));
    assert!(
        err(&encrypted).contains("`age` is ENCRYPT_AND_SIGN")
            && err(&encrypted).contains("`dynaseal update` with --condition"),
        "{}",
        err(&encrypted)
    );
    assert!(stored(&folder, "a").is_some() && stored(&folder, "b").is_some());

    let deleted = run(&folder, &[["delete", KEY_A, "--return", "old"].as_slice(), &north].concat(), "");
    assert_eq!((code(&deleted), out(&deleted), err(&deleted)), (0, format!("{ADA}\n").as_str(), ""));
    assert!(stored(&folder, "a").is_none() && stored(&folder, "b").is_some());
    let again = run(&folder, &["delete", KEY_A, KEY_B, "--json"], "");
    assert_eq!((code(&again), out(&again)), (1, "{\"deleted\":1,\"not_there\":1,\"refused\":0}\n"));
    assert!(err(&again).starts_with("key 1: there is no item "), "{}", err(&again));
    assert!(stored(&folder, "b").is_none());
}

/// One that nobody can open can still be deleted; what was asked for cannot be printed.
#[test]
fn a_broken_item_is_deleted() {
    let folder = filled();
    let mut item = stored(&folder, "a").unwrap();
    item.insert("ward".to_owned(), AttributeValue::S("forged".to_owned()));
    block_on(raw(&folder).put_item().table_name("people").set_item(Some(item)).send()).unwrap();
    let update = run(&folder, &["update", KEY_A, "--expression", "REMOVE age"], "");
    assert_eq!((code(&update), out(&update)), (1, "0 items updated\n"));
    assert!(err(&update).contains("can not be opened"), "{}", err(&update));
    let deleted = run(&folder, &["delete", KEY_A, "--return", "old"], "");
    assert_eq!((code(&deleted), out(&deleted)), (1, ""));
    assert!(
        err(&deleted).starts_with("dynaseal: the item is deleted: ") && err(&deleted).contains("can not be opened"),
        "{}",
        err(&deleted)
    );
    assert!(stored(&folder, "a").is_none());
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_sent() {
    let folder = filled();
    let before = (stored(&folder, "a"), stored(&folder, "b"));
    for (arguments, message) in [
        (["update", KEY_A].as_slice(), "--expression"),
        (&["update", "--expression", "REMOVE age"], "KEY"),
        (&["delete"], "KEY"),
        (
            &["update", KEY_A, "--expression", "SET id = :a", "--values", r#"{":a":{"S":"x"}}"#],
            "`id` is a key attribute",
        ),
        (
            &["update", KEY_A, "--expression", "SET nobody = :a", "--values", r#"{":a":{"S":"x"}}"#],
            "`nobody` has no action",
        ),
        (
            &["update", KEY_A, "--expression", "SET ward = name"],
            "would become what `name` is, which is ENCRYPT_AND_SIGN",
        ),
        (
            &["update", KEY_A, "--expression", "REMOVE age", "--values", r#"{":a":{"S":"x"}}"#],
            "unused in all expressions",
        ),
        (&["update", r#"{"id":{"S":"a"}}"#, "--expression", "REMOVE age"], "the key attribute `visit` is missing"),
        (&["update", ADA, "--expression", "REMOVE age"], "is no key attribute of the table"),
        (&["delete", ADA], "is no key attribute of the table"),
        (&["delete", KEY_A, "--keys", "x.json"], "cannot be used with"),
    ] {
        let output = run(&folder, arguments, "");
        assert!(
            code(&output) != 0 && err(&output).contains(message),
            "{arguments:?}: {} {}",
            code(&output),
            err(&output)
        );
    }
    assert_eq!((stored(&folder, "a"), stored(&folder, "b")), before);
    for command in ["update", "delete"] {
        let help = folder.run(&[command, "--help"], "");
        golden(&format!("help-{command}.txt"), out(&help));
    }
}
