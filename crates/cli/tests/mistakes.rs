//! What people get wrong, and whether they are told what, where and what to do.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use common::{Folder, KEY, OPEN, SEAL, TABLE, code, err, out};

/// Refused with this text, and the item comes through with the right file.
fn refused(folder: &Folder, arguments: &[&str], input: &str, expected: &str) {
    let output = folder.run(arguments, input);
    assert_ne!(code(&output), 0, "{arguments:?}");
    assert!(err(&output).contains(expected), "{arguments:?}\n  expected: {expected}\n  said: {}", err(&output));
    assert!(!err(&output).contains(KEY), "{}", err(&output));
}

#[test]
fn typing_errors_in_the_configuration_say_what_was_meant() {
    let folder = Folder::new(TABLE);
    let cases = [
        (
            TABLE.replace("ENCRYPT_AND_SIGN", "ENCRYPT_AND_SING"),
            "line 6: actions.secret: `ENCRYPT_AND_SING` is none of ENCRYPT_AND_SIGN, SIGN_ONLY, SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT, DO_NOTHING (did you mean `ENCRYPT_AND_SIGN`?)",
        ),
        (TABLE.replace("[actions]", "[action]"), "line 5: unknown field `action`: it takes "),
        (TABLE.replace("[actions]", "[action]"), "(did you mean `actions`?)"),
        (TABLE.replace("partition_key", "partitionkey"), "(did you mean `partition_key`?)"),
        (TABLE.replace("raw-aes", "raw-eas"), "line 8: keyring.type: unknown variant `raw-eas`: take raw-aes"),
        (TABLE.replace("raw-aes", "raw-eas"), "(did you mean `raw-aes`?)"),
        (
            format!("algorithm_suite = \"hmaconly\"\n{TABLE}"),
            "line 1: algorithm_suite: `hmaconly` is none of ecdsa-p384, hmac-only (did you mean `hmac-only`?)",
        ),
        (
            format!("plaintext_policy = \"ALLOW\"\n{TABLE}"),
            "line 1: plaintext_policy: `ALLOW` is none of FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ",
        ),
        (format!("foo = \n{TABLE}"), "line 1: `foo` has no value: texts stand in quotes, name = \"…\""),
        (format!("foo = # nothing\n{TABLE}"), "line 1: `foo` has no value"),
        (format!("foo = secret\n{TABLE}"), "line 1: the value of `foo` stands in no quotes: name = \"…\""),
        (format!("[foo\n{TABLE}"), "line 1: no TOML: "),
        (
            format!(
                "{TABLE}[search]\nbeacon_key = {{ hex = \"{}\" }}\n[[search.standard_beacons]]\nname = \"secret\"\nlength = -3\n",
                "ab".repeat(32)
            ),
            "line 16: search.standard_beacons[0].length: the beacon `secret` has -3 bits; it has to have 1 to 63",
        ),
        (
            format!(
                "{TABLE}[search]\nbeacon_key = {{ hex = \"{}\" }}\n[[search.standard_beacons]]\nname = \"secert\"\nlength = 3\n",
                "ab".repeat(32)
            ),
            "the beacon `secert` is made from `secert`, which has no action: is it misspelled? ENCRYPT_AND_SIGN are `secret`",
        ),
        (
            format!("{TABLE}[search]\nbeacon_key = {{ hex = \"{}\" }}\nmaximum_partitions = -1\n", "ab".repeat(32)),
            "expected a whole number from 0 to 255",
        ),
    ];
    for (table, expected) in cases {
        folder.write("table.toml", table);
        refused(&folder, &SEAL, "{\"pk\":{\"S\":\"a\"}}", expected);
    }
    // What may be a key is not repeated.
    for text in ["key = $uper-s3cret", "plaintext_policy = \"s3cret pass phrase\"", "[actions.s3cret pass]"] {
        folder.write("table.toml", format!("{text}\n{TABLE}"));
        let output = folder.run(&SEAL, "");
        assert!(code(&output) == 2 && !err(&output).contains("s3cret"), "{}", err(&output));
    }
}

#[test]
fn text_in_a_key_file_is_not_taken_for_a_key() {
    let folder = Folder::new(TABLE);
    let with = |key: &str| {
        let table: String =
            TABLE.lines().filter(|line| !line.starts_with("key =")).map(|line| format!("{line}\n")).collect();
        format!("{table}key = {key}\n")
    };
    let item = "{\"pk\":{\"S\":\"a\"},\"secret\":{\"S\":\"x\"}}\n";
    let hex = |length: usize| "0123456789abcdef".chars().cycle().take(length).collect::<String>();
    let base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    for (text, encoding) in [
        (hex(32), "hex"),
        (hex(64), "hex"),
        (format!("{}\n", hex(64)), "hex"),
        (format!("{}\r\n", hex(48).to_uppercase()), "hex"),
        (base64.to_owned(), "base64"),
        (format!("{base64}\n"), "base64"),
    ] {
        folder.write("key.bin", &text);
        folder.write("table.toml", with("{ file = \"key.bin\" }"));
        let expected = format!("give {{ file = \"key.bin\", encoding = \"{encoding}\" }}, or encoding = \"raw\"");
        refused(&folder, &SEAL, item, &expected);
        folder.write("table.toml", with(&format!("{{ file = \"key.bin\", encoding = \"{encoding}\" }}")));
        let sealed = folder.run(&SEAL, item);
        assert_eq!((code(&sealed), err(&sealed)), (0, ""), "{text}");
    }
    // Somebody's key may look so.
    folder.write("key.bin", hex(32));
    folder.write("table.toml", with("{ file = \"key.bin\", encoding = \"raw\" }"));
    let sealed = folder.run(&SEAL, item);
    assert_eq!((code(&sealed), err(&sealed)), (0, ""));
    // And one of 16, 24 or 32 bytes that is no hexadecimal text may be text.
    for length in [16, 24, 32] {
        folder.write("key.bin", &"correct horse battery staple and more"[..length]);
        folder.write("table.toml", with("{ file = \"key.bin\" }"));
        let sealed = folder.run(&SEAL, item);
        assert_eq!((code(&sealed), err(&sealed)), (0, ""));
    }
}

#[cfg(unix)]
#[test]
fn keys_that_everybody_can_read_draw_one_warning() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    let item = "{\"pk\":{\"S\":\"a\"}}\n";
    let by_file =
        TABLE.replace("key = {", "other = {").replace("other = { hex", "key = { file = \"key.bin\" }\n# { hex");
    for (table, file, what) in [(TABLE, "table.toml", "the file with a key"), (&by_file, "key.bin", "the key file")] {
        let folder = Folder::new(table);
        folder.write("key.bin", [7; 32]);
        let mode =
            |name: &str, mode: u32| set_permissions(folder.0.path().join(name), Permissions::from_mode(mode)).unwrap();
        mode("table.toml", 0o600);
        mode("key.bin", 0o600);
        mode("", 0o755);
        assert_eq!(err(&folder.run(&SEAL, item)), "");
        for bits in [0o644, 0o606, 0o602] {
            mode(file, bits);
            let sealed = folder.run(&SEAL, item.repeat(3));
            assert_eq!((code(&sealed), out(&sealed).lines().count()), (0, 3));
            let expected = format!(
                "dynaseal: warning: {what} {file} is open to everybody on this machine: make it yours alone, `chmod 600 {file}`\n"
            );
            assert_eq!(err(&sealed), expected, "{bits:o}");
            assert_eq!(err(&folder.run(&[&SEAL[..], &["--quiet"]].concat(), item)), "");
        }
        // A group is somebody's choice, and in a closed folder nobody gets to the file.
        mode(file, 0o640);
        assert_eq!(err(&folder.run(&SEAL, item)), "");
        mode(file, 0o644);
        mode("", 0o700);
        assert_eq!(err(&folder.run(&SEAL, item)), "");
    }
}

#[test]
fn files_that_are_not_there_are_named_with_their_folder() {
    let folder = Folder::new(TABLE);
    refused(&folder, &["seal", "-c", "none.toml"], "", "none.toml: it cannot be read: there is no such file in ");
    refused(
        &folder,
        &["open", "-c", "table.toml", "none.json"],
        "",
        "none.json cannot be read: there is no such file in ",
    );
    refused(
        &folder,
        &["open", "-c", "table.toml", "/none.json"],
        "",
        "/none.json cannot be read: there is no such file\n",
    );
    let scan = ["scan", "-c", "table.toml", "--db", "x.db", "--values", "@none.json"];
    refused(&folder, &scan, "", "none.json cannot be read: there is no such file in ");
    folder.write(
        "table.toml",
        TABLE.replace(
            "hex = \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"",
            "file = \"none.bin\"",
        ),
    );
    refused(&folder, &SEAL, "", "keyring.key: the key file none.bin cannot be read: there is no such file in ");
    #[cfg(target_os = "linux")]
    for (table, path) in [
        ("/dev/zero".to_owned(), "/dev/zero"),
        (
            TABLE.replace(
                "hex = \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"",
                "file = \"/dev/zero\"",
            ),
            "table.toml",
        ),
    ] {
        if path == "table.toml" {
            folder.write("table.toml", table);
        }
        refused(&folder, &["seal", "-c", path], "", "it has more than ");
    }
}

#[test]
fn advice_fits_the_configuration() {
    let legacy = "[legacy]\npolicy = \"FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT\"\nprovider = \"static\"\nencryption_key = { hex = \"000102030405060708090a0b0c0d0e0f\" }\nsigning_key = { hex = \"000102030405060708090a0b0c0d0e0f\" }\n";
    let folder = Folder::new(TABLE);
    let plain = "{\"pk\":{\"S\":\"a\"}}";
    let older =
        "{\"pk\":{\"S\":\"a\"},\"*amzn-ddb-map-sig*\":{\"B\":\"AA==\"},\"*amzn-ddb-map-desc*\":{\"B\":\"AAAAAA==\"}}";
    refused(&folder, &OPEN, plain, "set the plaintext policy FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ");
    refused(&folder, &OPEN, older, "configure that format with the legacy policy");
    folder.write("table.toml", format!("plaintext_policy = \"FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ\"\n{TABLE}"));
    let refused_older = folder.run(&OPEN, older);
    assert!(
        err(&refused_older).contains("beside a plaintext policy they cannot be: migrate the table"),
        "{}",
        err(&refused_older)
    );
    assert!(!err(&refused_older).contains("configure that format"), "{}", err(&refused_older));
    folder.write("table.toml", format!("{TABLE}{legacy}"));
    let refused_plain = folder.run(&OPEN, plain);
    assert!(
        err(&refused_plain).contains("Beside a legacy policy such items cannot be read: migrate the table"),
        "{}",
        err(&refused_plain)
    );
    assert!(!err(&refused_plain).contains("set the plaintext policy"), "{}", err(&refused_plain));
    let inspected = folder.run(&["inspect"], plain);
    assert_eq!(
        err(&inspected),
        "standard input:1: it is not sealed: `aws_dbe_head` and `aws_dbe_foot` are both missing\ndynaseal: 1 item refused\n"
    );
}

#[test]
fn attributes_that_nobody_configured_are_named() {
    let folder = Folder::new(TABLE);
    let sealed = folder.run(&SEAL, "{\"pk\":{\"S\":\"a\"},\"secret\":{\"S\":\"x\"}}");
    let added = "\"aws:rep:deleting\":{\"BOOL\":false},\"aws:rep:updateregion\":{\"S\":\"eu\"},\"pk\"";
    let item = out(&sealed).replacen("\"pk\"", added, 1);
    refused(
        &folder,
        &OPEN,
        &item,
        "Without an action here: `aws:rep:deleting`, `aws:rep:updateregion`: if others than the writer add them, make them unsigned, each or by their common beginning",
    );
    let inspected = folder.run(&["inspect", "-c", "table.toml"], &item);
    let lines: Vec<_> = out(&inspected).lines().filter(|line| line.contains("no action configured")).collect();
    assert_eq!(lines.len(), 2, "{}", out(&inspected));
    assert!(lines.iter().all(|line| line.contains("aws:rep:")), "{}", out(&inspected));
    // Unsigned, it opens.
    folder.write("table.toml", TABLE.replace("prefix = \":\"", "prefix = \"aws:rep:\""));
    assert_eq!(code(&folder.run(&OPEN, &item)), 0);
}

#[test]
fn arguments_and_databases_say_what_to_give() {
    let folder = Folder::new(TABLE);
    assert_eq!(code(&folder.run(&["demo", "--db", "people.db"], "")), 0);
    let db = ["-c", "people.db.toml", "--db", "people.db"];
    let with = |arguments: &[&'static str]| [arguments, &db].concat();
    refused(&folder, &with(&["scan", "--limit", "0"]), "", "give a whole number, 1 or more");
    refused(&folder, &with(&["query", "--key-condition", "id = p-00001"]), "", "--values '{\":v\":{\"S\":\"…\"}}'");
    refused(&folder, &with(&["query", "--key-condition", "id = 'p-00001'"]), "", "--values '{\":v\":{\"S\":\"…\"}}'");
    let filter = ["scan", "--filter", "diagnosis = :d", "--values", "{\":d\":{\"S\":\"x\"}}"];
    refused(
        &folder,
        &with(&filter),
        "",
        "(here: pipe the opened items to jq, or give the attribute a beacon: `dynaseal beacons plan` says how long, [search] of table.toml takes it)",
    );
    let put = ["put", "--condition", "attribute_not_exists(diagnosis)"];
    refused(
        &folder,
        &with(&put),
        "{\"id\":{\"S\":\"a\"},\"visit\":{\"N\":\"1\"}}",
        "whether there is an item at all, the key says: attribute_not_exists(pk)",
    );
    let index = ["query", "--key-condition", "id = :i", "--values", "{\":i\":{\"S\":\"x\"}}", "--index", "nope"];
    refused(&folder, &with(&index), "", "`by-name`");
    refused(&folder, &with(&["scan", "--index", "nope"]), "", "`by-name`");
    let reserved = ["scan", "--filter", "year = :y", "--values", "{\":y\":{\"S\":\"x\"}}"];
    let reserved = folder.run(&with(&reserved), "");
    if err(&reserved).contains("reserved keyword") {
        assert!(err(&reserved).contains("give the word a placeholder: #n"), "{}", err(&reserved));
    }
    folder.write(
        "text.db",
        "no database at all, but a text that is long enough to be looked at as one by anybody who tries".repeat(20),
    );
    refused(
        &folder,
        &["scan", "-c", "people.db.toml", "--db", "text.db"],
        "",
        "the database text.db cannot be opened: it is no database of this program: is it another file?",
    );
    refused(
        &folder,
        &["scan", "-c", "people.db.toml", "--profile", "nope", "--region", "eu-west-1"],
        "",
        "there is no profile `nope` in ",
    );
    std::fs::create_dir(folder.0.path().join(".aws")).unwrap();
    folder.write(".aws/config", "[default]\nregion = eu-west-1\n[profile work]\nregion = eu-west-1\n[sso-session x]\n");
    refused(&folder, &["scan", "-c", "people.db.toml", "--profile", "nope"], "", "they have `default`, `work`");
}

#[test]
fn what_dynamodb_takes_nowhere_is_not_sealed() {
    let folder = Folder::new(&format!("sort_key = \"sk\"\n{TABLE}"));
    let with = |attributes: &str| format!("{{\"pk\":{{\"S\":\"a\"}},\"sk\":{{\"B\":\"AA==\"}},{attributes}}}");
    for (item, expected) in [
        (
            with("\"secret\":{\"SS\":[]}"),
            "`secret` can not be part of a record: a set cannot be empty, as DynamoDB takes none: leave it out",
        ),
        (with("\"secret\":{\"NS\":[]}"), "a set cannot be empty"),
        (with("\"secret\":{\"M\":{\"key\":{\"L\":[{\"S\":\"x\"},{\"BS\":[]}]}}}"), "at .…[1]: a set cannot be empty"),
        (with("\":free\":{\"SS\":[]}"), "`:free` can not be part of a record: a set cannot be empty"),
        (
            "{\"pk\":{\"S\":\"\"},\"sk\":{\"S\":\"a\"}}".to_owned(),
            "`pk` can not be part of a record: a key attribute cannot be empty",
        ),
        (
            "{\"pk\":{\"S\":\"a\"},\"sk\":{\"B\":\"\"}}".to_owned(),
            "`sk` can not be part of a record: a key attribute cannot be empty",
        ),
    ] {
        refused(&folder, &SEAL, &item, expected);
        assert_eq!(out(&folder.run(&SEAL, &item)), "");
    }
    // Empty texts, bytes, lists and maps are taken, and empty members of sets.
    for value in
        ["{\"S\":\"\"}", "{\"B\":\"\"}", "{\"L\":[]}", "{\"M\":{}}", "{\"SS\":[\"a\",\"\"]}", "{\"BS\":[\"\"]}"]
    {
        let sealed = folder.run(&SEAL, with(&format!("\"secret\":{value}")));
        assert_eq!((code(&sealed), err(&sealed)), (0, ""), "{value}");
    }
}
