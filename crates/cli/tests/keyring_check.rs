//! `dynaseal keyring check`, as far as it needs no server.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use common::{Folder, TABLE, code, err, golden, inline, out, table};
use serde_json::Value;

const CHECK: [&str; 4] = ["keyring", "check", "--config", "table.toml"];
const AES: &str =
    "type = \"raw-aes\"\nnamespace = \"ns\"\nname = \"aes\"\nkey = { hex = \"00112233445566778899aabbccddeeff\" }\n";

fn rsa(name: &str, fields: &str) -> String {
    format!("type = \"raw-rsa\"\nnamespace = \"ns\"\nname = \"{name}\"\npadding = \"OAEP_SHA256_MGF1\"\n{fields}\n")
}

fn ecdh(scheme: &str, fields: &str) -> String {
    format!("type = \"raw-ecdh\"\nscheme = \"{scheme}\"\ncurve = \"P256\"\n{fields}\n")
}

fn multi(children: &[String]) -> String {
    let children = children.iter().map(|child| format!("[[keyring.children]]\n{child}"));
    format!("type = \"multi\"\n[keyring.generator]\n{AES}{}", children.collect::<String>())
}

#[test]
fn each_recipient_is_checked_alone() {
    let (public, private) =
        (format!("public_key = {}", inline("rsa-a.pub")), format!("private_key = {}", inline("rsa-a")));
    let other = format!("private_key = {}", inline("rsa-b"));
    let keyring = multi(&[
        rsa("seals", &public),
        rsa("both", &format!("{public}\n{private}")),
        // Opens what the first of them sealed.
        rsa("seals", &private),
        // Has the name of the first, and another key.
        rsa("seals", &other),
        // Nobody seals for it.
        rsa("nobody", &private),
        rsa("missing", "public_key = { file = \"none.pem\" }"),
        ecdh("ephemeral", &format!("recipient_public_key = {}", inline("p256-a.pub"))),
        ecdh("discovery", &format!("recipient_private_key = {}", inline("p256-a"))),
    ]);
    let folder = Folder::new(&table(&keyring));
    let text = folder.run(&CHECK, "");
    assert_eq!((code(&text), err(&text)), (1, "dynaseal: 2 recipients do not work\n"));
    golden("keyring-check.txt", &out(&text).replace(folder.0.path().to_str().unwrap(), "FOLDER"));

    let json = folder.run(&[CHECK.as_slice(), &["--json"]].concat(), "");
    assert_eq!((code(&json), err(&json)), (1, "dynaseal: 2 recipients do not work\n"));
    let lines: Vec<Value> = out(&json).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let results: Vec<&str> = lines.iter().map(|line| line["result"].as_str().unwrap()).collect();
    let expected =
        ["works", "seals only", "works", "opens only", "fails", "opens only", "fails", "seals only", "opens only"];
    assert_eq!(results, expected);
    assert_eq!((&lines[5]["checked"], &lines[8]["checked"]), (&Value::Bool(false), &Value::Bool(true)));
    assert_eq!((&lines[3]["place"], &lines[3]["type"]), (&"keyring.children[2]".into(), &"raw-rsa".into()));
}

#[test]
fn what_should_work_and_does_is_no_failure() {
    let folder = Folder::new(TABLE);
    let works = folder.run(&CHECK, "");
    assert_eq!((code(&works), out(&works), err(&works)), (0, "keyring (raw AES ns/key-1): works\n", ""));

    folder.write("table.toml", table(&ecdh("discovery", &format!("recipient_private_key = {}", inline("p256-a")))));
    let alone = folder.run(&CHECK, "");
    assert_eq!((code(&alone), err(&alone)), (0, ""));
    assert!(
        out(&alone).ends_with(": opens only (not checked: nothing to open; try `dynaseal open` with a sealed item)\n"),
        "{}",
        out(&alone)
    );
}

/// The probe is an item of this table: with a sort key, and with what is in the encryption context; and it is sealed
/// even where the policy leaves items as they are.
#[test]
fn the_probe_is_an_item_of_the_table() {
    let table = TABLE
        .replace(
            "partition_key",
            "sort_key = \"sk\"\nplaintext_policy = \"FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ\"\npartition_key",
        )
        .replace("[actions]", "[actions]\ntenant = \"SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT\"");
    let folder = Folder::new(&table);
    let works = folder.run(&CHECK, "");
    assert_eq!((code(&works), out(&works), err(&works)), (0, "keyring (raw AES ns/key-1): works\n", ""));
}

#[test]
fn a_wrong_file_is_said_before_anything_is_checked() {
    let folder = Folder::new(&TABLE.replace("raw-aes", "raw-aez"));
    let output = folder.run(&CHECK, "");
    assert_eq!((code(&output), out(&output)), (2, ""));
    assert!(err(&output).starts_with("dynaseal: table.toml: line 8: keyring.type: unknown variant"));
}

/// Each of them is right; nothing is asked before the whole is.
#[test]
fn what_is_wrong_with_all_together_is_told_too() {
    let key = |region| format!("arn:aws:kms:{region}:111122223333:key/mrk-1");
    let replicas =
        format!("type = \"aws-kms-mrk-multi\"\nkey_ids = [\"{}\", \"{}\"]", key("us-east-1"), key("us-west-2"));
    let folder = Folder::new(&table(&replicas));
    let output = folder.run(&CHECK, "");
    assert_eq!((code(&output), out(&output)), (2, ""));
    assert!(err(&output).contains("are replicas of one multi-Region key: give one of them"), "{}", err(&output));
}
