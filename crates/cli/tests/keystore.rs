//! `dynaseal keystore` on the embedded database, as far as it needs no AWS KMS.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::process::Output;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use common::{Folder, code, err, golden, out};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1";

fn keystore(folder: &Folder, command: &[&str]) -> Output {
    let common = ["--table", "branch-keys", "--db", "keys.db"];
    folder.run(&[["keystore"].as_slice(), command, &common].concat(), "")
}

/// Two branch keys as the store holds them, the first with two versions. Nothing unwraps them.
fn fill(folder: &Folder) {
    let versions = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"];
    let items = [
        ("tenant-1", "branch:ACTIVE".to_owned(), versions[1], Some(versions[1])),
        ("tenant-1", format!("branch:version:{}", versions[0]), versions[0], None),
        ("tenant-1", format!("branch:version:{}", versions[1]), versions[1], None),
        ("tenant-1", "beacon:ACTIVE".to_owned(), versions[0], None),
        ("tenant-2", "branch:ACTIVE".to_owned(), versions[0], Some(versions[0])),
        ("tenant-2", format!("branch:version:{}", versions[0]), versions[0], None),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = dynaseal::local::file(folder.0.path().join("keys.db")).unwrap();
        for (id, kind, version, active) in items {
            let created = format!("2026-01-02T03:04:0{}.000006Z", &version[version.len() - 1..]);
            let text = |text: &str| AttributeValue::S(text.to_owned());
            let mut put = client
                .put_item()
                .table_name("branch-keys")
                .item("branch-key-id", text(id))
                .item("type", text(&kind))
                .item("create-time", text(&created))
                .item("kms-arn", text(KEY))
                .item("hierarchy-version", AttributeValue::N("1".to_owned()))
                .item("aws-crypto-ec:department", text("\u{1b}[31mbill\ning"))
                .item("enc", AttributeValue::B(Blob::new(*b"wrapped-and-secret")));
            if let Some(version) = active {
                put = put.item("version", text(&format!("branch:version:{version}")));
            }
            put.send().await.unwrap();
        }
    });
}

#[test]
fn tables_are_made_and_branch_keys_shown_without_a_key() {
    let folder = Folder::new("");
    let made = keystore(&folder, &["create-table"]);
    assert_eq!((code(&made), out(&made), err(&made)), (0, "the key store branch-keys can be used\n", ""));
    let again = keystore(&folder, &["create-table", "--json"]);
    assert_eq!((code(&again), out(&again), err(&again)), (0, "{\"table\":\"branch-keys\"}\n", ""));
    let empty = keystore(&folder, &["list"]);
    assert_eq!((code(&empty), out(&empty), err(&empty)), (0, "", ""));

    fill(&folder);
    for (command, file) in [
        (["list"].as_slice(), "keystore-list.txt"),
        (&["list", "--json"], "keystore-list.json"),
        (&["show", "tenant-1"], "keystore-show.txt"),
        (&["show", "tenant-1", "--json"], "keystore-show.json"),
    ] {
        let output = keystore(&folder, command);
        assert_eq!((code(&output), err(&output)), (0, ""));
        assert!(!out(&output).contains('\u{1b}') && !out(&output).contains("wrapped"));
        golden(file, out(&output));
    }
}

#[test]
fn mistakes_say_what_to_do_next() {
    let folder = Folder::new("");
    let cases: [(&[&str], &str); 9] = [
        (&["list"], "there is no database keys.db: `dynaseal keystore create-table` with --db makes it"),
        (&["create-table"], ""),
        (&["show", "none"], "no item none of the type branch:ACTIVE (`dynaseal keystore list` shows the branch keys"),
        (&["list", "--table", "other"], "the argument '--table <NAME>' cannot be used multiple times"),
        (
            &["create-key"],
            "this key store only reads: to make branch keys or versions, configure the ARN of one AWS KMS key (give it with --kms-key-arn or --kms-mrk-arn)",
        ),
        (&["version-key", "tenant-1", "--mrk-discovery-region", "us-east-1"], "this key store only reads"),
        (
            &["create-key", "--kms-key-arn", KEY, "--id", "tenant-1"],
            "takes an encryption context of its own (give one with --context NAME=VALUE)",
        ),
        (
            &["create-key", "--kms-key-arn", "alias/a"],
            "invalid value 'alias/a' for '--kms-key-arn <ARN>': `alias/a` is no ARN of an AWS KMS key",
        ),
        (
            &["create-key", "--kms-key-arn", KEY, "--context", "tenant"],
            "invalid value 'tenant' for '--context <NAME=VALUE>': give a name, `=` and a value",
        ),
    ];
    for (command, message) in cases {
        let output = keystore(&folder, command);
        assert_eq!(code(&output), if message.is_empty() { 0 } else { 2 }, "{message}: {}", err(&output));
        assert!(err(&output).contains(message), "{message}: {}", err(&output));
    }

    let other = folder.run(&["keystore", "list", "--table", "other", "--db", "keys.db"], "");
    assert_eq!(code(&other), 2);
    assert!(err(&other).contains("(`dynaseal keystore create-table` makes the table)"), "{}", err(&other));
    let both = keystore(&folder, &["list", "--discovery", "--kms-key-arn", KEY]);
    assert_eq!(code(&both), 2);
    let both = keystore(&folder, &["list", "--endpoint-url", "http://localhost"]);
    assert_eq!(code(&both), 2);
    // Without AWS_REGION and without a profile.
    let nowhere = folder.run(&["keystore", "list", "--table", "other"], "");
    assert_eq!(code(&nowhere), 2);
    assert_eq!(
        err(&nowhere),
        "dynaseal: no region for DynamoDB: give it with --region or `region` in table.toml, with AWS_REGION or in the profile\n"
    );
}

/// Nobody is there: the error says so and the command ends.
#[test]
fn a_server_that_is_not_there_is_an_error() {
    let folder = Folder::new("");
    let env = [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "s3cret")];
    let command = ["keystore", "list", "--table", "keys", "--endpoint-url", "http://127.0.0.1:9"];
    let output = folder.run_with(&env, &command, "");
    assert_eq!(code(&output), 2);
    assert!(err(&output).starts_with("dynaseal: DynamoDB Scan on the key store keys: "), "{}", err(&output));
    assert!(!err(&output).contains("s3cret"));
}
