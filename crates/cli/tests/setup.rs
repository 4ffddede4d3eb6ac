//! `dynaseal init`, `dynaseal keygen` and `dynaseal config check`: what they write, and that it is enough to go on.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};
use common::server::{SECRET, Server};
use common::{Folder, code, err, golden, out};
use serde_json::{Value, json};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn raw(folder: &Folder) -> Client {
    dynaseal::local::file(folder.0.path().join("people.db")).unwrap()
}

#[cfg(unix)]
fn mode(folder: &Folder, name: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    folder.0.path().join(name).metadata().unwrap().permissions().mode() & 0o777
}

fn bytes(folder: &Folder, name: &str) -> Vec<u8> {
    std::fs::read(folder.0.path().join(name)).unwrap()
}

fn names(folder: &Folder) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder.0.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

const TABLE: &str = "logical_table_name = \"people\"\npartition_key = \"pk\"\nalgorithm_suite = \"hmac-only\"\n[actions]\nsecret = \"ENCRYPT_AND_SIGN\"\n";

const ITEM: &str = "{\"pk\":{\"S\":\"a\"},\"secret\":{\"S\":\"influenza\"}}\n";

/// Seals and opens with what was printed.
fn passes(folder: &Folder, sealing: &str, opening: &str) {
    folder.write("sealing.toml", format!("{TABLE}{sealing}"));
    folder.write("opening.toml", format!("{TABLE}{opening}"));
    let sealed = folder.run(&["seal", "--config", "sealing.toml"], ITEM);
    assert_eq!((code(&sealed), err(&sealed)), (0, ""), "{sealing}");
    let opened = folder.run(&["open", "--config", "opening.toml"], out(&sealed));
    assert_eq!((code(&opened), out(&opened), err(&opened)), (0, ITEM, ""), "{opening}");
}

#[test]
fn keys_are_made_for_their_owner_alone_and_can_be_used() {
    let folder = Folder::new("");
    let mut made: Vec<Vec<u8>> = Vec::new();
    for (kind, length) in [("aes-128", 16), ("aes-192", 24), ("aes-256", 32), ("beacon", 32)] {
        // A name that TOML has to quote.
        let file = format!("{kind} \"key\".bin");
        let output = folder.run(&["keygen", kind, "-o", &file], "");
        let said = format!(
            "dynaseal: {file} is written, for its owner alone: keep a copy elsewhere, for what is sealed with a lost key never opens again\n"
        );
        assert_eq!((code(&output), err(&output)), (0, said.as_str()));
        let key = bytes(&folder, &file);
        assert_eq!(key.len(), length);
        #[cfg(unix)]
        assert_eq!(mode(&folder, &file), 0o600);
        if kind == "beacon" {
            let keyring = "[keyring]\ntype = \"raw-aes\"\nnamespace = \"n\"\nname = \"k\"\nkey = { file = \"aes-256 \\\"key\\\".bin\" }\n";
            let beacon = "\n[[search.standard_beacons]]\nname = \"secret\"\nlength = 8\n";
            passes(&folder, &[keyring, out(&output), beacon].concat(), keyring);
        } else {
            passes(&folder, out(&output), out(&output));
            assert!(out(&output).contains(&format!("name = \"{kind} \\\"key\\\"\"\n")), "{}", out(&output));
        }
        made.push(key);
    }
    for kind in ["rsa-2048", "rsa-3072", "rsa-4096", "ecdh-p256", "ecdh-p384", "ecdh-p521"] {
        let output = folder.run(&["keygen", kind, "--output", kind, "--namespace", "hospital", "--name", "k 1"], "");
        assert_eq!(code(&output), 0, "{}", err(&output));
        let (private, public) = (bytes(&folder, kind), bytes(&folder, &format!("{kind}.pub")));
        #[cfg(unix)]
        assert_eq!((mode(&folder, kind), mode(&folder, &format!("{kind}.pub")) & 0o133), (0o600, 0));
        assert!(
            private.starts_with(b"-----BEGIN PRIVATE KEY-----\n")
                && public.starts_with(b"-----BEGIN PUBLIC KEY-----\n")
        );
        for line in std::str::from_utf8(&private).unwrap().lines() {
            assert!(!out(&output).contains(line) && !err(&output).contains(line), "{kind}");
        }
        match out(&output).split_once("\n\n") {
            Some((sealing, opening)) => passes(&folder, sealing, opening),
            None => {
                assert!(out(&output).contains("namespace = \"hospital\"\nname = \"k 1\"\n"));
                passes(&folder, out(&output), out(&output));
                let (sealing, _) = out(&output).split_once("# Only where").unwrap();
                passes(&folder, sealing, out(&output));
            }
        }
        made.push(private);
    }
    // No key twice, and none in what was printed.
    let all = made.len();
    assert_eq!(made.into_iter().collect::<BTreeSet<_>>().len(), all);
}

#[test]
fn nothing_is_overwritten() {
    let folder = Folder::new("");
    folder.write("k", "mine");
    folder.write("other.pub", "mine");
    for (arguments, name) in [
        (["keygen", "aes-256", "-o", "k"], "k"),
        (["keygen", "ecdh-p256", "-o", "k"], "k"),
        (["keygen", "ecdh-p256", "-o", "other"], "other.pub"),
        (["keygen", "rsa-2048", "-o", "none/k"], "none/k"),
    ] {
        let output = folder.run(&arguments, "");
        assert_eq!((code(&output), out(&output)), (2, ""), "{arguments:?}");
        assert!(err(&output).starts_with(&format!("dynaseal: {name} ")), "{}", err(&output));
    }
    assert_eq!((bytes(&folder, "k"), bytes(&folder, "other.pub")), (b"mine".to_vec(), b"mine".to_vec()));
    assert_eq!(names(&folder), ["k", "other.pub", "table.toml"].map(str::to_owned).into());
    for kind in ["aes", "aes-512", "ecdh-p224"] {
        assert_eq!(code(&folder.run(&["keygen", kind, "-o", "x"], "")), 2);
    }
    assert_eq!(code(&folder.run(&["keygen", "aes-256"], "")), 2);

    // Neither init overwrites, nor leaves half behind.
    folder.write("items.jsonl", ITEM);
    let init = ["init", "--table", "people", "--sample", "items.jsonl", "--partition-key", "pk"];
    for (more, name) in [
        ([].as_slice(), "table.toml"),
        (&["-o", "new.toml", "--key-file", "k"], "k"),
        (&["-o", "none/new.toml"], "none/new.key"),
    ] {
        let output = folder.run(&[init.as_slice(), more].concat(), "");
        assert_eq!((code(&output), out(&output)), (2, ""));
        assert!(err(&output).starts_with(&format!("dynaseal: {name} ")), "{}", err(&output));
    }
    assert_eq!(names(&folder), ["items.jsonl", "k", "other.pub", "table.toml"].map(str::to_owned).into());
}

/// Plain items as an application has them.
const PLAIN: &str = r#"{":gone":{"N":"1"},"aws:rep:updatetime":{"N":"2"},"id":{"S":"a"},"it's \"x\"":{"BOOL":true},"name":{"S":"Ada"},"visit":{"N":"1"},"ward":{"S":"north"}}
{"id":{"S":"b"},"name":{"M":{"first":{"S":"Bob"}}},"visit":{"N":"1"},"ward":{"S":"south"}}
"#;

#[test]
fn a_sample_becomes_a_table_that_seals_and_opens() {
    let folder = Folder::new("");
    std::fs::remove_file(folder.0.path().join("table.toml")).unwrap();
    folder.write("items.jsonl", PLAIN);
    let init = ["init", "--table", "people", "--sample", "items.jsonl", "--partition-key", "id", "--sort-key", "visit"];
    let made = folder.run(&init, "");
    assert_eq!((code(&made), err(&made)), (0, ""));
    let text = String::from_utf8(bytes(&folder, "table.toml")).unwrap();
    golden("init-sample.txt", &format!("{}\n{text}", out(&made)));
    assert_eq!(bytes(&folder, "table.key").len(), 32);
    #[cfg(unix)]
    assert_eq!(mode(&folder, "table.key"), 0o600);
    for value in ["Ada", "Bob", "north"] {
        assert!(!text.contains(value), "{value}");
    }
    let check = folder.run(&["config", "check", "--config", "table.toml", "--offline"], "");
    let said = "table.toml: 7 attributes with an action, 0 beacons; its keys are read, `dynaseal keyring check` tries them\nthe table was not asked\n";
    assert_eq!((code(&check), out(&check), err(&check)), (0, said, ""));
    let sealed = folder.run(&["seal", "--config", "table.toml"], PLAIN);
    assert_eq!((code(&sealed), err(&sealed)), (0, ""));
    // With what is around them: three letters stand in Base64 by chance.
    for secret in ["\"Ada\"", "\"Bob\"", ":true"] {
        assert!(!out(&sealed).contains(secret), "{secret}");
    }
    assert!(out(&sealed).contains("\"aws:rep:updatetime\":{\"N\":\"2\"}"));
    let opened = folder.run(&["open", "--config", "table.toml"], out(&sealed));
    assert_eq!((code(&opened), out(&opened), err(&opened)), (0, PLAIN, ""));
    // What was printed to be typed next is right.
    let create = ["table", "create", "--config", "table.toml", "--db", "table.db"];
    assert!(out(&made).contains(&create.join(" ")), "{}", out(&made));
    assert_eq!(code(&folder.run(&create, "")), 0);
    let put = folder.run(&["put", "--config", "table.toml", "--db", "table.db"], PLAIN);
    assert_eq!((code(&put), out(&put)), (0, "2 items written\n"));

    // A key of AWS KMS needs no file.
    let arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let made = folder.run(&[init.as_slice(), &["-o", "kms.toml", "--kms-key-id", arn]].concat(), "");
    assert_eq!((code(&made), err(&made)), (0, ""));
    let text = String::from_utf8(bytes(&folder, "kms.toml")).unwrap();
    assert!(text.contains(&format!("[keyring]\ntype = \"aws-kms\"\nkey_id = \"{arn}\"\n")));
    assert!(!folder.0.path().join("kms.key").exists());
    assert_eq!(code(&folder.run(&["config", "check", "--config", "kms.toml", "--offline"], "")), 0);
}

#[test]
fn a_sample_that_is_none_is_refused() {
    let folder = Folder::new("");
    let init = |more: &[&str], input: &str| {
        let start = ["init", "--table", "people", "-o", "new.toml"];
        let output = folder.run(&[start.as_slice(), more].concat(), input);
        assert_eq!((code(&output), out(&output)), (2, ""), "{more:?}");
        assert!(!folder.0.path().join("new.toml").exists() && !folder.0.path().join("new.key").exists());
        err(&output).to_owned()
    };
    let of_sample = ["--sample", "-", "--partition-key", "id"];
    assert!(init(&of_sample, "").contains("there are no items in the sample"));
    assert!(init(&of_sample, &format!("{PLAIN}rubbish\n")).contains("standard input:3: not JSON"));
    let no_key = init(&["--sample", "-", "--partition-key", "name", "--sort-key", "nobody"], PLAIN);
    assert!(no_key.contains("the key attribute `nobody` is not in 2 of the 2 items"), "{no_key}");
    let sealed = "{\"id\":{\"S\":\"a\"},\"aws_dbe_head\":{\"B\":\"AQ==\"},\"aws_dbe_foot\":{\"B\":\"AQ==\"}}\n";
    assert!(init(&of_sample, sealed).contains("1 of the 1 items"), "{}", init(&of_sample, sealed));
    assert!(init(&["--sample", "-"], PLAIN).contains("--partition-key"));
    assert!(init(&["--db", "none.db"], "").contains("there is no database none.db"));
}

/// A live table with an index, a time to live and plain items.
fn live() -> Folder {
    let folder = Folder::new("");
    std::fs::remove_file(folder.0.path().join("table.toml")).unwrap();
    let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let attribute = |name, of| AttributeDefinition::builder().attribute_name(name).attribute_type(of).build().unwrap();
    let index = GlobalSecondaryIndex::builder()
        .index_name("by-ward")
        .key_schema(key("ward", KeyType::Hash))
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build()
        .unwrap();
    let client = raw(&folder);
    let create = client
        .create_table()
        .table_name("people")
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("id", KeyType::Hash))
        .key_schema(key("visit", KeyType::Range))
        .attribute_definitions(attribute("id", ScalarAttributeType::S))
        .attribute_definitions(attribute("visit", ScalarAttributeType::N))
        .attribute_definitions(attribute("ward", ScalarAttributeType::S))
        .global_secondary_indexes(index);
    block_on(async {
        create.send().await.unwrap();
        let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(":gone").build().unwrap();
        client.update_time_to_live().table_name("people").time_to_live_specification(ttl).send().await.unwrap();
        for line in PLAIN.lines() {
            let item = dynaseal::sdk::to_sdk(dynaseal::json::from_str(line).unwrap());
            client.put_item().table_name("people").set_item(Some(item)).send().await.unwrap();
        }
    });
    folder
}

#[test]
fn a_live_table_is_asked_and_can_be_migrated_as_it_says() {
    let folder = live();
    let made = folder.run(&["init", "--table", "people", "--db", "people.db"], "");
    assert_eq!((code(&made), err(&made)), (0, ""));
    let text = String::from_utf8(bytes(&folder, "table.toml")).unwrap();
    golden("init-live.txt", &format!("{}\n{text}", out(&made)));
    // What it says to type next, as it says it.
    let next = out(&made).lines().filter_map(|line| line.strip_prefix("  dynaseal "));
    let next: Vec<Vec<&str>> = next.map(|line| line.split(' ').collect()).collect();
    assert_eq!(next.len(), 2);
    for command in &next {
        let output = folder.run(command, "");
        assert_eq!(code(&output), 0, "{command:?}: {}{}", out(&output), err(&output));
    }
    let migrate = ["migrate", "--config", "table.toml", "--db", "people.db", "--from", "plaintext"];
    assert_eq!(code(&folder.run(&migrate, "")), 0);
    let verify = folder.run(&["verify", "--config", "table.toml", "--db", "people.db", "--summary"], "");
    assert_eq!(code(&verify), 0, "{}", out(&verify));
    let stored = block_on(raw(&folder).scan().table_name("people").send()).unwrap().items.unwrap();
    for item in stored {
        assert!(item["name"].is_b() && item["ward"].is_s() && item.contains_key("aws_dbe_head"), "{item:?}");
    }
    // By now there is nothing that could be looked at.
    let again = folder.run(&["init", "--table", "people", "--db", "people.db", "-o", "again.toml"], "");
    assert_eq!(code(&again), 2);
    assert!(err(&again).contains("2 of the 2 items"), "{}", err(&again));
    // Of some only the first items are looked at.
    let few = live();
    let made = few.run(&["init", "--table", "people", "--db", "people.db", "--items", "1"], "");
    assert_eq!(code(&made), 0, "{}", err(&made));
    let text = String::from_utf8(bytes(&few, "table.toml")).unwrap();
    assert!(text.contains("and the attributes of 1 item.\n"), "{text}");
    // Items of the older client are told from plain ones: a plaintext policy would be refused beside [legacy].
    let older = live();
    let item = r#"{"*amzn-ddb-map-desc*":{"B":"AQ=="},"*amzn-ddb-map-sig*":{"B":"AQ=="},"id":{"S":"c"},"name":{"B":"AQ=="},"visit":{"N":"1"}}"#;
    let item = dynaseal::sdk::to_sdk(dynaseal::json::from_str(item).unwrap());
    block_on(raw(&older).put_item().table_name("people").set_item(Some(item)).send()).unwrap();
    let made = older.run(&["init", "--table", "people", "--db", "people.db"], "");
    assert_eq!(code(&made), 0);
    assert!(
        err(&made).contains("there are items of the DynamoDB Encryption Client: they need [legacy]"),
        "{}",
        err(&made)
    );
    assert!(
        out(&made).contains("--from older-client --dry-run") && !out(&made).contains("--from plaintext"),
        "{}",
        out(&made)
    );
    let text = String::from_utf8(bytes(&older, "table.toml")).unwrap();
    assert!(
        !text.contains("plaintext_policy")
            && !text.contains("amzn-ddb")
            && text.contains("# B and M and S, in 3 of 3 items"),
        "{text}"
    );
}

const SEARCHED: &str = r#"
logical_table_name = "people"
partition_key = "id"
sort_key = "visit"
algorithm_suite = "hmac-only"
unsigned_attribute_prefix = ":"
[actions]
name = "ENCRYPT_AND_SIGN"
ward = "SIGN_ONLY"
":gone" = "DO_NOTHING"
[keyring]
type = "raw-aes"
namespace = "ns"
name = "key-1"
key = { file = "k.bin" }
[search]
beacon_key = { file = "b.bin" }
[[search.standard_beacons]]
name = "name"
length = 8
"#;

#[test]
fn a_table_that_does_not_fit_is_told_with_what_to_do() {
    let folder = live();
    for (kind, file) in [("aes-256", "k.bin"), ("beacon", "b.bin")] {
        assert_eq!(code(&folder.run(&["keygen", kind, "-o", file], "")), 0);
    }
    let check = |table: &str, more: &[&str]| {
        folder.write("table.toml", table);
        folder.run(&[["config", "check", "--config", "table.toml", "--db", "people.db"].as_slice(), more].concat(), "")
    };
    let output = check(SEARCHED, &[]);
    assert_eq!((code(&output), err(&output)), (1, "dynaseal: 1 thing does not fit\n"));
    golden("config-check.txt", out(&output));
    let encrypted = SEARCHED
        .replace("unsigned_attribute_prefix = \":\"\n", "")
        .replace("\":gone\" = \"DO_NOTHING\"", "\":gone\" = \"ENCRYPT_AND_SIGN\"");
    let output = check(&encrypted, &["--json"]);
    assert_eq!((code(&output), err(&output)), (1, "dynaseal: 2 things do not fit\n"));
    let said: Value = serde_json::from_str(out(&output)).unwrap();
    assert_eq!(said["findings"].as_array().unwrap().len(), 2);
    assert!(
        said["findings"][1]["what"]
            .as_str()
            .unwrap()
            .starts_with("items expire by `:gone`, which table.toml has encrypted")
    );
    let signed = encrypted.replace("\":gone\" = \"ENCRYPT_AND_SIGN\"", "\":gone\" = \"SIGN_ONLY\"");
    let output = check(&signed, &[]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).starts_with("dynaseal: items expire by `:gone`, which is signed"), "{}", err(&output));

    let output = check(&SEARCHED.replace("sort_key = \"visit\"\n", ""), &[]);
    assert_eq!(code(&output), 1);
    assert!(out(&output).contains("finding: table.toml says `id`, the table has `id` and `visit`"), "{}", out(&output));
    // With another table of the right shape, all is well.
    folder.write("table.toml", SEARCHED);
    let create = [
        "table",
        "create",
        "--config",
        "table.toml",
        "--db",
        "people.db",
        "--table",
        "other",
        "--ttl",
        ":gone",
        "--sort-key-type",
        "N",
    ];
    assert_eq!(code(&folder.run(&create, "")), 0);
    let output = check(SEARCHED, &["--table", "other"]);
    let said = "table.toml: 5 attributes with an action, 1 beacon; its keys are read, `dynaseal keyring check` tries them\nthe table other in people.db fits\n";
    assert_eq!((code(&output), out(&output), err(&output)), (0, said, ""));

    // What the file itself has wrong, and a table that cannot be asked, is another matter.
    let cases: [(&str, &[&str], &str); 4] = [
        (&SEARCHED.replace("b.bin", "none.bin"), &[], "none.bin cannot be read"),
        (&SEARCHED.replace("b.bin", "none.bin"), &["--offline"], "none.bin cannot be read"),
        (SEARCHED, &["--table", "nobody"], "ResourceNotFoundException"),
        (&SEARCHED.replace("SIGN_ONLY", "SIGNONLY"), &["--offline"], "actions.ward"),
    ];
    for (table, more, message) in cases {
        let output = check(table, more);
        assert_eq!((code(&output), out(&output)), (2, ""), "{more:?}");
        assert!(err(&output).contains(message), "{}", err(&output));
    }
    assert!(!Path::new(folder.0.path()).join("none.bin").exists());
}

/// A server that lets nobody describe a table, and has one item to scan.
fn closed_server(scanned: Value) -> Server {
    Server::new(move |operation, _, _| match operation {
        "scan" => (200, json!({ "Items": [scanned], "Count": 1, "ScannedCount": 1 })),
        _ => (400, json!({ "__type": "com.amazon.coral.service#AccessDeniedException", "Message": "no" })),
    })
}

/// Who may not describe a table may still use it, and is told that nothing was compared; `config check` has nothing to say.
#[test]
fn without_permission_to_ask_there_is_a_warning() {
    let folder = Folder::new(&format!(
        "{TABLE}[keyring]\ntype = \"raw-aes\"\nnamespace = \"n\"\nname = \"k\"\nkey = {{ file = \"k\" }}\n"
    ));
    assert_eq!(code(&folder.run(&["keygen", "aes-256", "-o", "k"], "")), 0);
    let sealed = folder.run(&["seal", "--config", "table.toml"], ITEM);
    let server = closed_server(serde_json::from_str(out(&sealed)).unwrap());
    let url = &server.url;
    let run = |arguments: &[&str]| server.run(&folder, arguments, "");
    let scan = run(&["scan"]);
    assert_eq!((code(&scan), out(&scan)), (0, ITEM));
    let start = format!(
        "dynaseal: warning: the key attributes are not compared with those of the table, allow dynamodb:DescribeTable for that: DynamoDB DescribeTable on the table people at {url}: AccessDeniedException: no"
    );
    assert!(err(&scan).starts_with(&start), "{}", err(&scan));
    assert_eq!(server.operations(), ["describetable", "scan"]);
    let check = run(&["config", "check"]);
    assert_eq!((code(&check), out(&check)), (2, ""));
    let message = format!(
        "dynaseal: the table people at {url} could not be compared (--offline looks at the file and its keys alone): DynamoDB DescribeTable on the table people at {url}: AccessDeniedException: no"
    );
    assert!(err(&check).starts_with(&message), "{}", err(&check));
    let env = [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let init = folder.run_with(&env, &["init", "--table", "people", "--endpoint-url", url, "-o", "new.toml"], "");
    assert_eq!(code(&init), 2);
    assert!(
        err(&init).contains("does not say its keys") && !folder.0.path().join("new.key").exists(),
        "{}",
        err(&init)
    );
    // Of a table that can be asked for nothing, the file says as much as it can.
    assert_eq!(code(&run(&["config", "check", "--offline"])), 0);
}

#[test]
fn help_says_what_is_written() {
    let folder = Folder::new("");
    for command in [["init"].as_slice(), &["keygen"], &["config", "check"]] {
        let help = folder.run(&[command, &["--help"]].concat(), "");
        golden(&format!("help-{}.txt", command.join("-")), out(&help));
    }
}
