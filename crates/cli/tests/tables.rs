//! `dynaseal table` on the embedded database, with the tables looked at from beside it; what it prints for AWS.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::process::Output;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{BillingMode, KeySchemaElement, ProjectionType, TableDescription};
use common::server::Server;
use common::{Folder, code, err, golden, inline, out};
use dynaseal_testkit::servers;
use serde_json::{Value, json};

const TABLE: &str = r#"
logical_table_name = "people"
partition_key = "id"
sort_key = "visit"
sort_key_type = "N"
algorithm_suite = "hmac-only"
unsigned_attribute_prefix = ":"
[actions]
name = "ENCRYPT_AND_SIGN"
mail = "ENCRYPT_AND_SIGN"
tags = "ENCRYPT_AND_SIGN"
ward = "SIGN_ONLY"
since = "SIGN_ONLY"
":gone" = "DO_NOTHING"
[keyring]
type = "raw-aes"
namespace = "ns"
name = "key-1"
key = { hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" }
[search]
beacon_key = { hex = "1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100" }
[[search.standard_beacons]]
name = "name"
length = 8
[[search.standard_beacons]]
name = "mail"
length = 8
style = "part-only"
[[search.standard_beacons]]
name = "tags"
length = 8
style = "as-set"
[[search.compound_beacons]]
name = "name_mail"
split = "~"
encrypted = [{ name = "name", prefix = "N-" }, { name = "mail", prefix = "M-" }]
"#;

const ITEMS: &str = r#"{"id":{"S":"a"},"mail":{"S":"ada@example.com"},"name":{"S":"Ada"},"tags":{"SS":["x","y"]},"visit":{"N":"1"},"ward":{"S":"north"}}
{"id":{"S":"b"},"mail":{"S":"bob@example.com"},"name":{"S":"Bob"},"visit":{"N":"1"},"ward":{"S":"south"}}
"#;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn raw(folder: &Folder) -> Client {
    dynaseal::local::file(folder.0.path().join("people.db")).unwrap()
}

fn described(folder: &Folder, name: &str) -> TableDescription {
    block_on(raw(folder).describe_table().table_name(name).send()).unwrap().table.unwrap()
}

fn schema(keys: &[KeySchemaElement]) -> Vec<(String, String)> {
    keys.iter().map(|key| (key.attribute_name().to_owned(), key.key_type().to_string())).collect()
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

fn types(found: &TableDescription) -> Vec<(String, String)> {
    let types = found.attribute_definitions().iter();
    let mut types: Vec<_> = types.map(|of| pair(of.attribute_name(), of.attribute_type().as_str())).collect();
    types.sort();
    types
}

/// Each index with its key; all of them have to be of whole items.
fn indexes(found: &TableDescription) -> Vec<(String, Vec<(String, String)>)> {
    let mut indexes: Vec<_> = found
        .global_secondary_indexes()
        .iter()
        .map(|index| {
            let projection = index.projection().unwrap().projection_type().unwrap();
            assert_eq!(*projection, ProjectionType::All);
            (index.index_name().unwrap().to_owned(), schema(index.key_schema()))
        })
        .collect();
    indexes.sort();
    indexes
}

fn run(folder: &Folder, arguments: &[&str], input: &str) -> Output {
    folder.run(&[arguments, &["--config", "table.toml", "--db", "people.db"]].concat(), input)
}

fn create(folder: &Folder, arguments: &[&str]) -> Output {
    run(folder, &[["table", "create"].as_slice(), arguments].concat(), "")
}

#[test]
fn a_table_is_made_with_its_keys_and_an_index_of_each_beacon() {
    let folder = Folder::new(TABLE);
    let made = create(&folder, &[]);
    assert_eq!(
        (code(&made), out(&made), err(&made)),
        (
            0,
            "the table people in people.db is made: key `id` (S) and `visit` (N), index `aws_dbe_b_name` of `aws_dbe_b_name` (S), index `aws_dbe_b_name_mail` of `aws_dbe_b_name_mail` (S)\n",
            "dynaseal: the database people.db is made, for its owner alone\n"
        )
    );
    let found = described(&folder, "people");
    assert_eq!(schema(found.key_schema()), [pair("id", "HASH"), pair("visit", "RANGE")]);
    assert_eq!(found.billing_mode_summary().unwrap().billing_mode(), Some(&BillingMode::PayPerRequest));
    let stored = ["aws_dbe_b_name", "aws_dbe_b_name_mail"];
    assert_eq!(types(&found), [pair(stored[0], "S"), pair(stored[1], "S"), pair("id", "S"), pair("visit", "N")]);
    assert_eq!(indexes(&found), stored.map(|name| (name.to_owned(), vec![pair(name, "HASH")])));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for file in std::fs::read_dir(folder.0.path()).unwrap().map(Result::unwrap) {
            if file.file_name().to_string_lossy().starts_with("people.db") {
                assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
            }
        }
    }

    // It is the table that put, query and get work on.
    let put = run(&folder, &["put"], ITEMS);
    assert_eq!((code(&put), out(&put), err(&put)), (0, "2 items written\n", ""));
    let by = |index: &str, condition: &str, values: &str| {
        let query = ["query", "--index", index, "--key-condition", condition, "--values", values];
        let found = run(&folder, &[query.as_slice(), &["--names", r##"{"#n":"name"}"##]].concat(), "");
        (code(&found), out(&found).to_owned(), err(&found).to_owned())
    };
    let ada = format!("{}\n", ITEMS.lines().next().unwrap());
    assert_eq!(by(stored[0], "#n = :n", r#"{":n":{"S":"Ada"}}"#), (0, ada.clone(), String::new()));

    // Made again, it is compared, and what is in it stays.
    let again = create(&folder, &["--json"]);
    let said: Value = serde_json::from_str(out(&again)).unwrap();
    assert_eq!((code(&again), err(&again)), (0, ""));
    assert_eq!(said, json!({ "table": "people", "created": false, "indexes": stored }));
    assert_eq!(by(stored[0], "#n = :n", r#"{":n":{"S":"Ada"}}"#).1, ada);
    let missing = run(&folder, &["scan", "--index", "by-ward"], "");
    assert!(
        err(&missing).ends_with("has no index `by-ward`: it has `aws_dbe_b_name`, `aws_dbe_b_name_mail`\n"),
        "{}",
        err(&missing)
    );
}

#[test]
fn another_table_of_the_name_is_never_taken_for_it() {
    let folder = Folder::new(TABLE);
    assert_eq!(code(&create(&folder, &["--no-index"])), 0);
    let before = described(&folder, "people");
    let without_sort_key =
        TABLE.replace("sort_key = \"visit\"\nsort_key_type = \"N\"\n", "visit_ = 1").replace("visit_ = 1", "");
    let cases: [(&str, &[&str], &str); 7] = [
        (TABLE, &[], "it has no global secondary index `aws_dbe_b_name` with the key (aws_dbe_b_name)"),
        (TABLE, &["--no-index", "--partition-key-type", "N"], "the table has `id` of type S"),
        (TABLE, &["--no-index", "--ttl", ":gone"], "its items do not expire by `:gone`"),
        (TABLE, &["--index", "ward"], "it has no global secondary index `ward`"),
        (
            TABLE,
            &["--no-index", "--billing", "provisioned", "--read-capacity", "5", "--write-capacity", "6"],
            "it is paid per request, not provisioned with 5 read and 6 write capacity units",
        ),
        (
            &TABLE.replace("\"visit\"", "\"since\""),
            &["--no-index"],
            "says `id` and `since`, the table has `id` and `visit`",
        ),
        (&without_sort_key, &["--no-index"], "says `id`, the table has `id` and `visit`"),
    ];
    for (table, arguments, difference) in cases {
        folder.write("table.toml", table);
        let output = create(&folder, arguments);
        assert_eq!((code(&output), out(&output)), (2, ""), "{arguments:?}");
        let start = "dynaseal: there is a table people in people.db already, and it is another one: ";
        assert!(err(&output).starts_with(start) && err(&output).contains(difference), "{}", err(&output));
    }
    assert_eq!(described(&folder, "people"), before);
    folder.write("table.toml", TABLE);
    assert_eq!(code(&create(&folder, &["--no-index", "--billing", "pay-per-request"])), 0);
    // More indexes than were asked for do not matter.
    assert_eq!(code(&create(&folder, &["--table", "other"])), 0);
    assert_eq!(code(&create(&folder, &["--table", "other", "--no-index"])), 0);
}

#[test]
fn indexes_and_types_can_be_chosen() {
    let folder = Folder::new(TABLE);
    let arguments = [
        ["--index", "name,visit"].as_slice(),
        &["--index", "ward,since", "--attribute-type", "since=N"],
        &["--index", "name_mail", "--partition-key-type", "B"],
        &["--billing", "provisioned", "--read-capacity", "3", "--write-capacity", "4"],
    ];
    let made = create(&folder, &arguments.concat());
    assert_eq!(code(&made), 0, "{}", err(&made));
    let found = described(&folder, "people");
    let expected = [
        ("aws_dbe_b_name.visit", vec![pair("aws_dbe_b_name", "HASH"), pair("visit", "RANGE")]),
        ("aws_dbe_b_name_mail", vec![pair("aws_dbe_b_name_mail", "HASH")]),
        ("ward.since", vec![pair("ward", "HASH"), pair("since", "RANGE")]),
    ];
    assert_eq!(indexes(&found), expected.map(|(name, keys)| (name.to_owned(), keys)));
    let expected = [
        ("aws_dbe_b_name", "S"),
        ("aws_dbe_b_name_mail", "S"),
        ("id", "B"),
        ("since", "N"),
        ("visit", "N"),
        ("ward", "S"),
    ];
    assert_eq!(types(&found), expected.map(|(name, of)| pair(name, of)));
    let capacity = found.provisioned_throughput().unwrap();
    assert_eq!((capacity.read_capacity_units(), capacity.write_capacity_units()), (Some(3), Some(4)));

    for (arguments, message) in [
        (["--index", "tags"].as_slice(), "--index tags: it is stored as a set"),
        (&["--index", "mail"], "--index mail: this beacon is only a part of others"),
        (&["--index", "nobody"], "--index nobody: it is no beacon and has no action in table.toml"),
        (&["--index", "ward", "--index", "ward"], "two indexes have the name `ward`"),
        (&["--index", "ward", "--attribute-type", "since=N"], "--attribute-type since: it is in no index"),
        (&["--index", "name", "--attribute-type", "name=N"], "--attribute-type name: a beacon is of type S"),
        (
            &["--index", "ward,visit", "--attribute-type", "visit=S"],
            "--attribute-type visit: a beacon is of type S, and keys of the table",
        ),
        (&["--sort-key-type", "S"], "sort_key_type is N in table.toml, and --sort-key-type says S"),
        (&["--ttl", "name"], "--ttl name: it is ENCRYPT_AND_SIGN, so DynamoDB could not read it"),
        (&["--ttl", "nobody"], "--ttl nobody: it has no action in table.toml"),
        (&["--billing", "provisioned"], "--read-capacity"),
        (&["--read-capacity", "3"], "--billing"),
        (&["--role", "migration"], "--print"),
    ] {
        let output = create(&folder, &[["--table", "another"].as_slice(), arguments].concat());
        assert_eq!((code(&output), out(&output)), (2, ""), "{arguments:?}");
        assert!(err(&output).contains(message), "{arguments:?}: {}", err(&output));
    }
    let encrypted = TABLE.replace("[[search.standard_beacons]]\nname = \"tags\"\nlength = 8\nstyle = \"as-set\"\n", "");
    folder.write("table.toml", encrypted);
    let output = create(&folder, &["--table", "another", "--index", "tags"]);
    assert!(
        err(&output).contains("--index tags: it is ENCRYPT_AND_SIGN, so an index would be of random bytes"),
        "{}",
        err(&output)
    );
    assert_eq!(block_on(raw(&folder).list_tables().send()).unwrap().table_names(), ["people"]);
}

#[test]
fn items_expire_by_what_can_be_read() {
    let folder = Folder::new(TABLE);
    for (table, attribute) in [("unsigned", ":gone"), ("signed", "since")] {
        let made = create(&folder, &["--table", table, "--ttl", attribute]);
        assert_eq!(code(&made), 0, "{}", err(&made));
        assert!(out(&made).ends_with(&format!(", items expire by `{attribute}`\n")), "{}", out(&made));
        let found = block_on(raw(&folder).describe_time_to_live().table_name(table).send()).unwrap();
        assert_eq!(found.time_to_live_description.unwrap().attribute_name(), Some(attribute));
        assert_eq!(code(&create(&folder, &["--table", table, "--ttl", attribute])), 0);
        assert_eq!(code(&create(&folder, &["--table", table])), 0);
    }
    let other = create(&folder, &["--table", "signed", "--ttl", ":gone"]);
    assert_eq!(code(&other), 2);
    assert!(err(&other).contains("its items expire by `since`, not by `:gone`"), "{}", err(&other));
}

#[test]
fn tables_are_listed_described_and_deleted() {
    let folder = Folder::new(TABLE);
    let list =
        |arguments: &[&str]| folder.run(&[["table", "list", "--db", "people.db"].as_slice(), arguments].concat(), "");
    let nowhere = list(&[]);
    assert_eq!((code(&nowhere), out(&nowhere)), (2, ""));
    assert_eq!(code(&create(&folder, &["--ttl", ":gone"])), 0);
    assert_eq!(code(&create(&folder, &["--table", "another", "--no-index"])), 0);
    assert_eq!(code(&run(&folder, &["put"], ITEMS)), 0);
    let names = list(&[]);
    assert_eq!((code(&names), out(&names), err(&names)), (0, "another\npeople\n", ""));
    let details = list(&["--json"]);
    let details: Vec<Value> = out(&details).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let table = |name: &str, items: u32| json!({ "table": name, "partition_key": "id", "sort_key": "visit", "items": items, "status": "ACTIVE" });
    assert_eq!(details, [table("another", 0), table("people", 2)]);

    let describe = run(&folder, &["table", "describe"], "");
    assert_eq!((code(&describe), err(&describe)), (0, ""));
    golden("table-describe.txt", out(&describe));
    let describe = run(&folder, &["table", "describe", "--table", "another", "--json"], "");
    assert_eq!((code(&describe), err(&describe)), (0, ""));
    golden("table-describe.json", out(&describe));

    for (arguments, message) in [
        (
            [].as_slice(),
            "dynaseal: the table people in people.db and everything in it would be deleted: say so with --yes, or with --confirm people\n",
        ),
        (
            &["--confirm", "peopl"],
            "dynaseal: --confirm peopl is another name than that of the table, people in people.db: nothing is deleted\n",
        ),
        (
            &["--confirm", "people", "--table", "another"],
            "dynaseal: --confirm people is another name than that of the table, another in people.db: nothing is deleted\n",
        ),
    ] {
        let output = run(&folder, &[["table", "delete"].as_slice(), arguments].concat(), "people\ny\n");
        assert_eq!((code(&output), out(&output), err(&output)), (2, "", message));
        assert_eq!(out(&list(&[])), "another\npeople\n");
    }
    let deleted = run(&folder, &["table", "delete", "--confirm", "people"], "");
    assert_eq!((code(&deleted), out(&deleted), err(&deleted)), (0, "the table people in people.db is deleted\n", ""));
    assert_eq!(out(&list(&[])), "another\n");
    let deleted = run(&folder, &["table", "delete", "--yes", "--table", "another", "--json"], "");
    assert_eq!((code(&deleted), out(&deleted)), (0, "{\"deleted\":true,\"table\":\"another\"}\n"));
    assert_eq!(out(&list(&[])), "");
    let gone = run(&folder, &["table", "delete", "--yes"], "");
    assert_eq!(code(&gone), 2);
    assert!(
        err(&gone).contains("ResourceNotFoundException") && err(&gone).contains("`dynaseal table list --db people.db`"),
        "{}",
        err(&gone)
    );
}

/// Nothing is made, and nothing is asked for: there is no region, no account and no server.
#[test]
fn lines_for_aws_are_printed() {
    let folder = Folder::new(&TABLE.replace("\"people\"", "\"people.of it's\""));
    let print = |arguments: &[&str]| {
        let common = ["table", "create", "--config", "table.toml", "--print", "aws-cli"];
        let output = folder.run(&[common.as_slice(), arguments].concat(), "");
        assert_eq!((code(&output), err(&output)), (0, ""));
        out(&output).to_owned()
    };
    let first = print(&["--table", "people", "--ttl", ":gone", "--region", "eu-central-1", "--profile", "my admin"]);
    let second = print(&["--no-index", "--billing", "provisioned", "--read-capacity", "3", "--write-capacity", "4"]);
    golden("table-aws-cli.txt", &[first, second].concat());
    assert!(!folder.0.path().join("people.db").exists());
}

#[test]
fn policies_are_printed_for_each_role() {
    let folder = Folder::new(TABLE);
    let key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let replica = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
    let keyring = |text: &str| {
        let (start, rest) = TABLE.split_once("[keyring]").unwrap();
        let (_, search) = rest.split_once("[search]").unwrap();
        format!("{start}{text}[search]{search}")
    };
    folder.write("raw.toml", TABLE);
    folder.write("kms.toml", keyring(&format!("[keyring]\ntype = \"multi\"\n[keyring.generator]\ntype = \"aws-kms\"\nkey_id = \"{key}\"\n[[keyring.children]]\ntype = \"aws-kms-mrk\"\nkey_id = \"{replica}\"\n[[keyring.children]]\ntype = \"aws-kms\"\nkey_id = \"alias/people\"\n[[keyring.children]]\ntype = \"aws-kms-discovery\"\ndiscovery_filter = {{ partition = \"aws\", account_ids = [\"444455556666\"] }}\n")));
    folder.write("branch.toml", keyring(&format!("[keyring]\ntype = \"hierarchical\"\nbranch_key_id = \"b\"\n[keyring.key_store]\ntype = \"dynamodb\"\ntable_name = \"branch-keys\"\nkms_key_arn = \"{key}\"\n")));
    let print = |config: &str, role: &str, arguments: &[&str]| {
        let common = ["table", "create", "--config", config, "--print", "iam-policy", "--role", role];
        let output = folder.run(&[common.as_slice(), arguments].concat(), "");
        (code(&output), out(&output).to_owned(), err(&output).to_owned())
    };
    let mut all = String::new();
    let place = ["--region", "eu-central-1", "--account", "111122223333"];
    for (config, role, arguments) in [
        ("raw.toml", "application", [].as_slice()),
        ("kms.toml", "application", &place),
        ("kms.toml", "migration", &place),
        ("branch.toml", "application", &place),
        ("branch.toml", "key-administration", &place),
    ] {
        let (code, text, complaints) = print(config, role, arguments);
        assert_eq!((code, complaints.as_str()), (0, ""));
        let policy: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(policy["Version"], "2012-10-17");
        all.push_str(&format!("# {role} of {config}\n{text}"));
    }
    golden("table-iam.txt", &all);
    let (code, text, complaints) = print("raw.toml", "key-administration", &[]);
    assert_eq!((code, text.as_str()), (2, ""));
    assert!(complaints.contains("raw.toml has no branch key store"), "{complaints}");
    assert_eq!(print("raw.toml", "application", &["--account", "123"]).0, 2);
}

/// The keys of AWS KMS that each kind of keyring, store and older provider asks, and what for.
#[test]
fn policies_name_what_each_kind_of_key_is_asked() {
    let folder = Folder::new("");
    let key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let other = "arn:aws:kms:eu-central-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321";
    let start = "logical_table_name = \"people\"\npartition_key = \"id\"\n[actions]\nname = \"ENCRYPT_AND_SIGN\"\n";
    let store = |at: &str, keys: &str| format!("[{at}]\ntype = \"dynamodb\"\ntable_name = \"store\"\n{keys}\n");
    let search = "[search]\nbranch_key_id = \"b\"\n";
    let beacon = "[[search.standard_beacons]]\nname = \"name\"\nlength = 8\n";
    let raw = "[keyring]\ntype = \"raw-aes\"\nnamespace = \"n\"\nname = \"k\"\nkey = { file = \"none\" }\n";
    let hierarchical = "[keyring]\ntype = \"hierarchical\"\nbranch_key_id = \"b\"\n";
    let ecdh = format!("[keyring]\ntype = \"aws-kms-ecdh\"\ncurve = \"P256\"\nkey_id = \"{key}\"\n");
    let rsa = format!(
        "[keyring]\ntype = \"aws-kms-rsa\"\nkey_id = \"{key}\"\nencryption_algorithm = \"RSAES_OAEP_SHA_256\"\n"
    );
    let recipient = format!("scheme = \"static\"\nrecipient_public_key = {}\n", inline("p256-a.pub"));
    let legacy = |text: &str| format!("{raw}[legacy]\npolicy = \"FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT\"\n{text}");
    let replica = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
    let cases: Vec<(String, Vec<(&str, &str)>)> = vec![
        (raw.to_owned(), vec![]),
        (rsa.clone(), vec![("kms:Decrypt kms:GetPublicKey", key)]),
        (rsa + &format!("public_key = {}\n", inline("rsa-a.pub")), vec![("kms:Decrypt", key)]),
        (format!("{ecdh}scheme = \"discovery\"\n"), vec![("kms:DeriveSharedSecret kms:GetPublicKey", key)]),
        (format!("{ecdh}{recipient}"), vec![("kms:DeriveSharedSecret kms:GetPublicKey", key)]),
        (
            format!("{ecdh}{recipient}sender_public_key = {}\n", inline("p256-a.pub")),
            vec![("kms:DeriveSharedSecret", key)],
        ),
        (
            format!("[keyring]\ntype = \"aws-kms-multi\"\ngenerator = \"{key}\"\nkey_ids = [\"{other}\"]\n"),
            vec![("kms:Decrypt kms:GenerateDataKey", other), ("kms:Decrypt kms:GenerateDataKey", key)],
        ),
        ("[keyring]\ntype = \"aws-kms-discovery\"\n".to_owned(), vec![("kms:Decrypt", "arn:aws:kms:*:*:key/*")]),
        (
            "[keyring]\ntype = \"aws-kms-mrk-discovery\"\nregion = \"eu-west-1\"\n".to_owned(),
            vec![("kms:Decrypt", "arn:aws:kms:eu-west-1:*:key/*")],
        ),
        (
            format!("{hierarchical}{}", store("keyring.key_store", &format!("kms_mrk_arn = \"{replica}\""))),
            vec![
                ("dynamodb:GetItem", "store"),
                ("kms:Decrypt", "arn:aws:kms:*:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"),
            ],
        ),
        (
            format!("{hierarchical}{}", store("keyring.key_store", "discovery = true\ndb = \"store.db\"")),
            vec![("kms:Decrypt", "arn:aws:kms:*:*:key/*")],
        ),
        (
            format!("{raw}{search}{}{beacon}", store("search.key_store", &format!("kms_key_arn = \"{key}\""))),
            vec![("dynamodb:GetItem", "store"), ("kms:Decrypt", key)],
        ),
        (
            legacy(&format!("provider = \"aws-kms\"\nkey_id = \"{key}\"\nolder_key_ids = [\"{other}\"]\n")),
            vec![("kms:Decrypt", other), ("kms:Decrypt kms:GenerateDataKey", key)],
        ),
        (
            legacy(&format!(
                "provider = \"most-recent\"\nmaterial_name = \"m\"\n[legacy.metastore]\ntable = \"materials\"\n[legacy.metastore.keys]\nprovider = \"aws-kms\"\nkey_id = \"{key}\"\n"
            )),
            vec![
                ("dynamodb:GetItem dynamodb:PutItem dynamodb:Query", "materials"),
                ("kms:Decrypt kms:GenerateDataKey", key),
            ],
        ),
    ];
    for (text, expected) in cases {
        folder.write("table.toml", format!("{start}{text}"));
        let print = ["table", "create", "--no-index", "--config", "table.toml", "--print", "iam-policy"];
        let output = folder.run(&print, "");
        assert_eq!((code(&output), err(&output)), (0, ""), "{text}");
        let policy: Value = serde_json::from_str(out(&output)).unwrap();
        // The table itself comes first in each.
        let statements = policy["Statement"].as_array().unwrap().iter().skip(1);
        let words = |value: &Value| {
            value.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let mut found: Vec<(String, String)> = Vec::new();
        for statement in statements {
            for resource in words(&statement["Resource"]) {
                let table = resource.strip_prefix("arn:aws:dynamodb:*:*:table/");
                found.push((words(&statement["Action"]).join(" "), table.unwrap_or(&resource).to_owned()));
            }
        }
        let expected: Vec<_> = expected.into_iter().map(|(actions, resource)| pair(actions, resource)).collect();
        assert_eq!(found, expected, "{text}");
    }
}

/// A server is no file: what is made there, and how it is compared, is the same.
#[test]
fn the_same_at_an_endpoint() {
    let Some(url) = servers::ministack() else { return };
    let folder = Folder::new(TABLE);
    let env = [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];
    let run = |arguments: &[&str], input: &str| -> (i32, String, String) {
        let output =
            folder.run_with(&env, &[arguments, &["--config", "table.toml", "--endpoint-url", url]].concat(), input);
        (code(&output), out(&output).to_owned(), err(&output).to_owned())
    };
    let made = run(&["table", "create", "--ttl", ":gone", "--index", "name,visit"], "");
    let said = format!(
        "the table people at {url} is made: key `id` (S) and `visit` (N), index `aws_dbe_b_name.visit` of `aws_dbe_b_name` (S) and `visit` (N), items expire by `:gone`\n"
    );
    assert_eq!(made, (0, said.clone(), String::new()));
    let again = run(&["table", "create", "--ttl", ":gone", "--index", "name,visit"], "");
    assert_eq!(again, (0, said.replace("is made", "is there already, as it was asked for"), String::new()));
    let (code, _, complaint) = run(&["table", "create", "--ttl", "since"], "");
    assert_eq!(code, 2);
    assert!(
        complaint.contains("it has no global secondary index `aws_dbe_b_name`")
            && complaint.contains("its items expire by `:gone`, not by `since`"),
        "{complaint}"
    );
    assert_eq!(run(&["put"], ITEMS).0, 0);
    folder.write(
        "table.toml",
        TABLE
            .replace("sort_key = \"visit\"\nsort_key_type = \"N\"\n", "")
            .replace("[actions]", "[actions]\nvisit = \"SIGN_ONLY\""),
    );
    let (code, written, complaint) = run(&["put"], &ITEMS.replace("north", "gone"));
    assert_eq!((code, written.as_str()), (2, ""));
    assert!(complaint.contains("table.toml says `id`, the table has `id` and `visit`"), "{complaint}");
    folder.write("table.toml", TABLE);
    let (_, scanned, _) = run(&["scan"], "");
    assert!(scanned.contains("north") && !scanned.contains("gone"), "{scanned}");
    assert_eq!(run(&["table", "delete", "--yes"], "").0, 0);
    assert_eq!(run(&["scan"], "").0, 2);
}

/// What a server says of the table of `TABLE`, with one index.
fn of_server(status: &str, index: &str) -> (u16, Value) {
    let key = |name: &str, role: &str| json!({ "AttributeName": name, "KeyType": role });
    let attribute = |name: &str, of: &str| json!({ "AttributeName": name, "AttributeType": of });
    let table = json!({ "Table": {
        "TableName": "people",
        "TableStatus": status,
        "KeySchema": [key("id", "HASH"), key("visit", "RANGE")],
        "AttributeDefinitions": [attribute("id", "S"), attribute("visit", "N"), attribute("aws_dbe_b_name", "S")],
        "GlobalSecondaryIndexes": [{
            "IndexName": "aws_dbe_b_name",
            "IndexStatus": index,
            "KeySchema": [key("aws_dbe_b_name", "HASH")],
            "Projection": { "ProjectionType": "ALL" },
        }],
    }});
    (200, table)
}

fn no(kind: &str) -> (u16, Value) {
    (400, json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "no" }))
}

/// A table takes a while, and so does its index; only then can the time to live be set. A deleted one takes a while to go.
#[test]
fn the_command_waits_until_a_table_can_be_used() {
    let folder = Folder::new(TABLE);
    let mut described = 0;
    let server = Server::new(move |operation, _, _| match operation {
        "describetable" => {
            described += 1;
            match described {
                1 | 2 => no("ResourceNotFoundException"),
                3 => of_server("CREATING", "CREATING"),
                4 => of_server("ACTIVE", "CREATING"),
                5 => of_server("ACTIVE", "ACTIVE"),
                6 => of_server("DELETING", "DELETING"),
                _ => no("ResourceNotFoundException"),
            }
        }
        _ => (200, json!({})),
    });
    let made = server.run(&folder, &["table", "create", "--index", "name", "--ttl", ":gone"], "");
    assert_eq!((code(&made), err(&made)), (0, ""));
    let describe = "describetable";
    let asked = [describe, "createtable", describe, describe, describe, describe, "updatetimetolive"];
    assert_eq!(server.operations(), asked);
    assert_eq!(
        server.asked.lock().unwrap()[6].1,
        json!({ "TableName": "people", "TimeToLiveSpecification": { "Enabled": true, "AttributeName": ":gone" } })
    );
    let deleted = server.run(&folder, &["table", "delete", "--yes"], "");
    assert_eq!((code(&deleted), err(&deleted)), (0, ""));
    assert_eq!(server.operations()[asked.len()..], ["deletetable", describe, describe]);
}

/// Of two who make it at the same time, the slower one compares what the faster one made.
#[test]
fn a_table_that_somebody_else_makes_is_compared() {
    let folder = Folder::new(TABLE);
    for (index, exit) in [("name", 0), ("name_mail", 2)] {
        let server = Server::new(|operation, count, _| match (operation, count) {
            ("describetable", 0) => no("ResourceNotFoundException"),
            ("describetable", _) => of_server("ACTIVE", "ACTIVE"),
            ("createtable", _) => no("ResourceInUseException"),
            _ => no("AccessDeniedException"),
        });
        let output = server.run(&folder, &["table", "create", "--index", index], "");
        assert_eq!(code(&output), exit, "{}", err(&output));
        assert_eq!(server.operations(), ["describetable", "createtable", "describetable"]);
    }
    let denied = Server::new(|operation, _, _| match operation {
        "describetable" => no("ResourceNotFoundException"),
        _ => no("AccessDeniedException"),
    });
    let output = denied.run(&folder, &["table", "create"], "");
    assert_eq!((code(&output), out(&output)), (2, ""));
    let start =
        format!("dynaseal: DynamoDB CreateTable on the table people at {}: AccessDeniedException: no", denied.url);
    assert!(err(&output).starts_with(&start), "{}", err(&output));
}
