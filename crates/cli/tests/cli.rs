//! The command as people run it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::process::{Command, Stdio};

use common::{Folder, KEY, OPEN, SEAL, TABLE, code, err, golden, official, out};
use dynaseal_testkit::vectors;
use serde_json::Value;

#[test]
fn what_is_sealed_opens() {
    let folder = Folder::new(TABLE);
    let plain = "{\":free\":{\"BOOL\":true},\"pk\":{\"S\":\"a\"},\"secret\":{\"M\":{\"n\":{\"N\":\"1.5\"}}}}\n{\"pk\":{\"S\":\"b\"}}\n";
    let sealed = folder.run(&SEAL, plain);
    assert_eq!((code(&sealed), err(&sealed)), (0, ""));
    assert_eq!(out(&sealed).lines().count(), 2);
    assert!(out(&sealed).contains("aws_dbe_head") && !out(&sealed).contains("1.5"));
    let opened = folder.run(&OPEN, out(&sealed));
    assert_eq!((code(&opened), out(&opened), err(&opened)), (0, plain, ""));

    // From files, as an array, and with `-` for standard input between them.
    folder.write("one.json", format!("[\n{}]\n", out(&sealed).trim_end().replace('\n', ",\n")));
    let opened = folder.run(&["open", "--config", "table.toml", "one.json", "-"], out(&sealed));
    assert_eq!((code(&opened), out(&opened)), (0, plain.repeat(2).as_str()));
}

#[test]
fn one_bad_line_does_not_stop_the_others() {
    let folder = Folder::new(TABLE);
    let input = b"{\"pk\":{\"S\":\"a\"}}\n{\"pk\":{\"S\":\"b\"},\"other\":{\"S\":\"s3cret\"}}\n\nnot json s3cret\n{\"pk\":{\"N\":5}}\n\xff\n{\"secret\":{\"S\":\"s3cret\"}}\n{\"pk\":{\"S\":\"c\"}}";
    let sealed = folder.run(&SEAL, input);
    assert_eq!(code(&sealed), 1);
    assert_eq!(out(&sealed).lines().count(), 2);
    let expected = "\
standard input:2: item (pk = \"b\") of table `people` can not be sealed: `other` has no action: configure one, or make it unsigned
standard input:4: not JSON: expected ident at column 2
standard input:5: at `pk`: N takes a number as a JSON string
standard input:6: not UTF-8
standard input:7: item (no pk) of table `people` can not be sealed: the key attribute `pk` is missing
dynaseal: 5 items refused
";
    assert_eq!(err(&sealed), expected);

    let tampered = out(&sealed).replacen("{\"S\":\"a\"}", "{\"S\":\"z\"}", 1);
    let opened = folder.run(&OPEN, tampered);
    assert_eq!((code(&opened), out(&opened)), (1, "{\"pk\":{\"S\":\"c\"}}\n"));
    assert!(
        err(&opened)
            .starts_with("standard input:1: item (pk = \"z\") of table `people` can not be opened: no keys for it: "),
        "{}",
        err(&opened)
    );
}

#[test]
fn a_line_without_end_is_no_item() {
    let folder = Folder::new(TABLE);
    let input =
        [b"{\"pk\":{\"S\":\"".as_slice(), &vec![b'x'; 17 * 1024 * 1024], b"\"}}\n{\"pk\":{\"S\":\"a\"}}\n"].concat();
    let sealed = folder.run(&SEAL, input);
    assert_eq!((code(&sealed), out(&sealed).lines().count()), (1, 1));
    assert!(err(&sealed).starts_with("standard input:1: longer than 16777216 bytes"), "{}", err(&sealed));
}

#[test]
fn a_reader_that_has_enough_ends_it_quietly_and_is_no_success() {
    let folder = Folder::new(TABLE);
    folder.write("many.json", "{\"pk\":{\"S\":\"a\"}}\n".repeat(20_000));
    let mut child = Command::new(env!("CARGO_BIN_EXE_dynaseal"))
        .args(["seal", "--config", "table.toml", "many.json"])
        .current_dir(folder.0.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), err(&output)), (2, ""));
}

#[test]
fn inspect_needs_no_key() {
    let folder = Folder::new(&TABLE.replace("people", "pêople"));
    let record = include_str!("../../core/tests/records.json");
    let records: Value = serde_json::from_str(record).unwrap();
    let record =
        records["records"].as_array().unwrap().iter().find(|record| record["id"] == "V2-ecdsa-p384-0").unwrap();
    let sealed = record["sealed"].to_string();
    let text = folder.run(&["inspect"], &sealed);
    let json = folder.run(&["inspect", "--json"], &sealed);
    assert_eq!((code(&text), code(&json), err(&text), err(&json)), (0, 0, "", ""));
    golden("inspect.txt", out(&text));
    golden("inspect.json", out(&json));

    let plain = folder.run(&["inspect"], "{\"pk\":{\"S\":\"a\"}}");
    assert_eq!(code(&plain), 1);
    assert!(err(&plain).starts_with("standard input:1: it is not sealed"), "{}", err(&plain));
}

#[test]
fn demo_refuses_what_was_changed() {
    let folder = Folder::new(TABLE);
    let demo = folder.run(&["demo", "--db", "people.db"], "");
    assert_eq!((code(&demo), err(&demo)), (0, ""));
    assert_eq!(out(&demo).matches("refused: item (id = \"p-1001\", visit = 1) of table `people`").count(), 4);
    // Beside what is stored, opened again, read by each of two recipients, asked for and found; and to be typed.
    assert_eq!(out(&demo).matches("Ada Byron").count(), 7);
    let long: Vec<_> = out(&demo).lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty() && !out(&demo).contains('\u{1b}'), "{long:#?}");
    // What it says to type works.
    let (_, next) = out(&demo).split_once("\nWhat to type next\n").unwrap();
    let next = next.replace(" \\\n", " ");
    let commands: Vec<_> = next.lines().filter_map(|line| line.trim().strip_prefix("dynaseal ")).collect();
    assert_eq!(commands.len(), 3, "{next}");
    for command in commands {
        let line = format!("{} {command}", env!("CARGO_BIN_EXE_dynaseal"));
        let ran = Command::new("sh").args(["-c", &line]).current_dir(folder.0.path()).output().unwrap();
        assert_eq!(code(&ran), 0, "{line}: {}", err(&ran));
        assert_eq!(out(&ran).contains("Ada Byron"), !command.starts_with("verify"), "{line}");
    }
    let coloured = folder.run(&["demo", "--color", "always"], "");
    assert_eq!(out(&coloured).matches("\u{1b}[31mrefused:").count(), 6);
    assert!(out(&coloured).contains("\u{1b}[1m1. A table") && out(&coloured).contains("dynaseal demo --db people.db"));
    let (_, search) = out(&demo).split_once("\n7. ").unwrap();
    let digits = search.lines().find(|line| line.contains("p-1001")).unwrap();
    let beacon = digits.split("\"S\":").nth(1).unwrap().split('}').next().unwrap();
    let shown = search.replace(beacon, "\"…\"");
    let shown: Vec<_> = shown.lines().filter(|line| !line.contains("p-1002") && !line.contains("p-1003")).collect();
    golden("demo-search.txt", &format!("{}\n", shown[..6].join("\n")));
    assert!(out(&demo).contains(
        "   sealed    3 items\n   again     0 items, 3 already up to date\n   verified  3 items, all of them clean"
    ));
    let words = out(&demo).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("raw AES demo/stranger") && words.contains("none of the record's recipients"));

    // The database is kept and holds nothing readable; the key stands beside it for this user only.
    let database = std::fs::read(folder.0.path().join("people.db")).unwrap();
    let wal = std::fs::read(folder.0.path().join("people.db-wal")).unwrap_or_default();
    let contains = |text: &str| {
        [&database, &wal].iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    assert!(contains("p-1001") && contains("aws_dbe_b_name") && !contains("Byron") && !contains("migraine"));
    #[cfg(unix)]
    {
        let metadata = std::fs::metadata(folder.0.path().join("people.db.toml")).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777, 0o600);
    }
    let again = folder.run(&["demo", "--db", "people.db"], "");
    assert_eq!(
        (code(&again), err(&again)),
        (2, "dynaseal: people.db is there already: choose another file for --db\n")
    );
    let sealed = folder.run(&["seal", "--config", "people.db.toml"], "{\"id\":{\"S\":\"x\"},\"visit\":{\"N\":\"1\"}}");
    assert_eq!((code(&sealed), err(&sealed)), (0, ""));
}

#[test]
fn keys_come_from_hex_base64_file_and_environment() {
    let folder = Folder::new(TABLE);
    let sealed = folder.run(&SEAL, "{\"pk\":{\"S\":\"a\"}}");
    let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    folder.write("key.bin", (0..32).collect::<Vec<u8>>());
    folder.write("key.hex", format!("{hex}\n"));
    let sources = [
        "{ base64 = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\" }",
        "{ file = \"key.bin\" }",
        "{ file = \"key.hex\", encoding = \"hex\" }",
        "{ env = \"DYNASEAL_TEST_KEY\" }",
    ];
    for source in sources {
        folder.write("other.toml", TABLE.replace(&format!("{{ hex = \"{hex}\" }}"), source));
        let output = Command::new(env!("CARGO_BIN_EXE_dynaseal"))
            .args(["open", "--config", "other.toml", "sealed.json"])
            .env("DYNASEAL_TEST_KEY", hex)
            .current_dir(folder.write("sealed.json", out(&sealed)).parent().unwrap())
            .output()
            .unwrap();
        assert_eq!((code(&output), err(&output)), (0, ""), "{source}");
    }
}

#[test]
fn the_tables_of_the_readme_work() {
    let readme = include_str!("../../../README.md");
    let tables: Vec<&str> = readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let [table, keyring, hierarchical, search] = tables[..] else { panic!("four tables") };
    let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let start = table.split("[keyring]").next().unwrap();
    let branch_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let searched = format!("{table}{search}");
    for table in [table.to_owned(), format!("{start}{}", keyring.replace('…', branch_key)), searched.clone()] {
        let folder = Folder::new(&table);
        folder.write("key.bin", [7; 32]);
        folder.write("beacon.bin", [8; 32]);
        folder.write(
            "item.json",
            r#"{"id":{"S":"a"},"visit":{"N":"1"},"name":{"S":"n"},"ward":{"S":"w"},":seen":{"BOOL":true}}"#,
        );
        let output = Command::new(env!("CARGO_BIN_EXE_dynaseal"))
            .args(["seal", "--config", "table.toml", "item.json"])
            .env("HOSPITAL_KEY", key)
            .current_dir(folder.0.path())
            .output()
            .unwrap();
        assert_eq!((code(&output), err(&output)), (0, ""), "{table}");
        for beacon in ["aws_dbe_b_name", "aws_dbe_b_place", "aws_dbe_b_initial"] {
            assert_eq!(out(&output).contains(beacon), table == searched, "{table}");
        }
    }
    // The third needs AWS; with an embedded database in its place only that is missing.
    let at_hand = hierarchical.replace("\ntable_name", "\ndb = \"none.db\"\ntable_name");
    let folder = Folder::new(&format!("{start}{at_hand}"));
    let output = folder.run(&["seal", "--config", "table.toml"], "");
    assert!(err(&output).contains("keyring.key_store: there is no database none.db"), "{}", err(&output));
}

#[test]
fn a_wrong_table_toml_says_where_and_shows_no_key() {
    let hex = "{ hex = \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\" }";
    let with_key = |key: &str| TABLE.replace(hex, key);
    let cases = [
        (TABLE.replace("partition_key", "partition_kye"), "line 3: unknown field `partition_kye`"),
        (
            TABLE.replace("ENCRYPT_AND_SIGN", "ENCRYPT"),
            "line 6: actions.secret: `ENCRYPT` is none of ENCRYPT_AND_SIGN, SIGN_ONLY, SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT, DO_NOTHING (did you mean `ENCRYPT_AND_SIGN`?)",
        ),
        (TABLE.replace("secret =", "pk ="), "`pk` is a key attribute and can not be ENCRYPT_AND_SIGN"),
        (TABLE.replace("raw-aes", "raw-aez"), "unknown variant `raw-aez`"),
        (TABLE.split("[keyring]").next().unwrap().to_owned(), "there is no [keyring]"),
        (with_key("\"00010203\""), "keyring.key: invalid type: string, expected a table with one of hex, base64"),
        (with_key("{ hex = \"0001020\" }"), "keyring.key: `hex` is no hexadecimal text"),
        (with_key("{ hex = \"00010203\" }"), "keyring: a raw AES key has 16, 24 or 32 bytes, not 4"),
        (with_key("{ hex = \"00010203\", file = \"x\" }"), "keyring.key: a key takes one of hex, base64, file and env"),
        (with_key("{ hex = \"00010203\" "), "line "),
        (with_key("{ base64 = \"00010203!\" }"), "keyring.key: `base64` is no Base64"),
        (with_key("{ file = \"none.bin\" }"), "keyring.key: the key file none.bin cannot be read"),
        (
            with_key("{ env = \"DYNASEAL_NOT_SET\" }"),
            "keyring.key: the environment variable DYNASEAL_NOT_SET is not set",
        ),
        (
            TABLE.replace("logical_table_name = \"people\"", "logical_table_name = \"aws-crypto-x\""),
            "`aws-crypto-x` starts with `aws-crypto-`",
        ),
        (format!("algorithm_suite = \"none\"{TABLE}"), "algorithm_suite: `none` is none of ecdsa-p384, hmac-only"),
        (
            format!("plaintext_policy = \"none\"{TABLE}"),
            "plaintext_policy: `none` is none of FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ",
        ),
    ];
    for (table, message) in cases {
        let folder = Folder::new(&table);
        let output = folder.run(&OPEN, "");
        assert_eq!(code(&output), 2, "{message}");
        assert!(
            err(&output).starts_with("dynaseal: table.toml: ") && err(&output).contains(message),
            "{message}: {}",
            err(&output)
        );
        assert!(!err(&output).contains(KEY), "{}", err(&output));
    }
}

#[test]
fn records_of_java_and_dotnet_open_from_a_table_toml() {
    let Some(keys) = vectors::read("dbesdk/keys.json") else {
        return;
    };
    let key = &keys["keys"]["static-branch-key-1"];
    for file in ["decrypt_java_32.json", "decrypt_java_33.json", "decrypt_dotnet_32.json"] {
        let Some(cases) = vectors::read(&format!("dbesdk/{file}")) else {
            return;
        };
        for (id, case) in cases["tests"].as_object().unwrap() {
            let config = &case["config"];
            let actions = config["attributeActionsOnEncrypt"].as_object().unwrap();
            let actions = actions.iter().map(|(name, action)| format!("{name} = {action}\n")).collect::<String>();
            let unsigned = config["allowedUnsignedAttributes"].as_array().cloned().unwrap_or_default();
            let folder = Folder::new(&format!(
                "logical_table_name = \"GazelleVectorTable\"\npartition_key = \"RecNum\"\nunsigned_attributes = {}\n\
                 [actions]\n{actions}[keyring]\ntype = \"hierarchical\"\nbranch_key_id = {}\n[keyring.key_store]\ntype = \"static\"\n\
                 branch_key_version = {}\nbranch_key = {{ base64 = {} }}\nbeacon_key = {{ base64 = {} }}\n",
                Value::from(unsigned),
                key["key-id"],
                key["branchKeyVersion"],
                key["branchKey"],
                key["beaconKey"],
            ));
            let output = folder.run(&OPEN, case["encrypted"].to_string());
            if case["type"] == "positive-decrypt" {
                assert_eq!((code(&output), err(&output)), (0, ""), "{file} {id}");
                let opened = dynaseal::json::from_str(out(&output)).unwrap();
                assert!(vectors::same(&opened, &vectors::shorthand_item(&case["plaintext"])), "{file} {id}");
            } else {
                assert_eq!((code(&output), out(&output)), (1, ""), "{file} {id}");
                assert!(err(&output).contains("item (RecNum = "), "{}", err(&output));
            }
        }
    }
}

#[test]
fn records_of_awss_rust_client_open_from_a_table_toml() {
    let Some(vectors) = vectors::read("dbesdk/official_rust.json") else {
        return;
    };
    let (mut opened_records, mut refused) = (0, 0);
    for case in vectors["records"].as_array().unwrap() {
        let config = &case["config"];
        let open = |keyring: &Value| {
            let folder = Folder::new(&official::table(config, keyring));
            folder.run(&OPEN, case["sealed"].to_string())
        };
        let keyrings = case.get("opens").and_then(Value::as_array).cloned();
        for keyring in keyrings.unwrap_or_else(|| vec![config["keyring"].clone()]) {
            let output = open(&keyring);
            assert_eq!((code(&output), err(&output)), (0, ""), "{}", case["id"]);
            let opened = dynaseal::json::from_str(out(&output)).unwrap();
            let expected = case.get("opened").unwrap_or(&case["plaintext"]);
            assert!(vectors::same(&opened, &vectors::item(expected)), "{}", case["id"]);
            opened_records += 1;
        }
        for keyring in case.get("not_opens").and_then(Value::as_array).into_iter().flatten() {
            let output = open(keyring);
            assert_eq!((code(&output), out(&output)), (1, ""), "{}", case["id"]);
            refused += 1;
        }
    }
    assert!(opened_records >= 120 && refused >= 6, "{opened_records} {refused}");
}

#[test]
fn help_and_wrong_arguments() {
    let folder = Folder::new(TABLE);
    let help = folder.run(&["--help"], "");
    assert_eq!(code(&help), 0);
    assert!(out(&help).contains("Exit codes: 0 all done, 1 some items or requests were refused"));
    assert_eq!(code(&folder.run(&["seal"], "")), 2);
    let missing = folder.run(&["open", "--config", "table.toml", "none.json"], "");
    assert_eq!(code(&missing), 2);
    assert!(err(&missing).starts_with("dynaseal: none.json cannot be read: "), "{}", err(&missing));
}

#[test]
fn an_endpoint_that_is_no_url_is_refused_before_anything_is_asked() {
    let table = TABLE.split("[keyring]").next().unwrap().to_owned();
    let key = "arn:aws:kms:us-east-1:111122223333:key/a";
    let with = |more: &str| format!("{table}[keyring]\ntype = \"aws-kms\"\nkey_id = \"{key}\"\n{more}");
    let item = r#"{"pk":{"S":"s3cret-pk"},"secret":{"S":"s3cret"}}"#;
    for url in ["", "localhost:4566", "http://", "http:// x"] {
        let folder = Folder::new(&with(&format!("endpoint_url = \"{url}\"\n")));
        let output = folder.run(&["seal", "--config", "table.toml"], item);
        assert_eq!(code(&output), 2, "{}", err(&output));
        assert!(
            err(&output).contains("keyring.endpoint_url: `") && err(&output).contains("http://"),
            "{}",
            err(&output)
        );
        for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS"] {
            let folder = Folder::new(&with(""));
            let output = folder.run_with(&[(name, url)], &["seal", "--config", "table.toml"], item);
            assert_eq!(code(&output), 2, "{}", err(&output));
            assert!(err(&output).contains(name) && !err(&output).contains("s3cret"), "{}", err(&output));
        }
        let arguments = ["keystore", "list", "--table", "keys", "--region", "us-east-1", "--endpoint-url", url];
        assert_eq!(code(&folder.run(&arguments, "")), 2);
    }
}
