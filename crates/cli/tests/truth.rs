//! What the command says is true: by its exit code when the reader of its output leaves, and by what a migration calls done.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use common::{Folder, code, err, out};
use serde_json::{Value, json};

fn table(name: &str, key: &str, more: &str) -> String {
    format!(
        "logical_table_name = \"people\"\npartition_key = \"pk\"\nalgorithm_suite = \"hmac-only\"\n\
         plaintext_policy = \"FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ\"\n[actions]\nname = \"ENCRYPT_AND_SIGN\"\n{more}\n\
         [keyring]\ntype = \"raw-aes\"\nnamespace = \"ns\"\nname = \"{name}\"\nkey = {{ hex = \"{}\" }}\n",
        key.repeat(32)
    )
}

fn lines(range: std::ops::Range<usize>) -> String {
    range.map(|n| format!("{{\"pk\":{{\"S\":\"p-{n:04}\"}},\"name\":{{\"S\":\"name of {n}\"}}}}\n")).collect()
}

/// A folder with an embedded database that has the table, and table.toml.
fn world() -> Folder {
    let folder = Folder::new(&table("key-1", "01", ""));
    let client = dynaseal::local::file(folder.0.path().join("db")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(dynaseal::local::create_table(&client, "people", "pk", None)).unwrap();
    folder
}

const ON: [&str; 4] = ["--config", "table.toml", "--db", "db"];

fn run(folder: &Folder, command: &str, arguments: &[&str], input: &str) -> Output {
    folder.run(&[&[command], &ON[..], arguments].concat(), input)
}

/// The same, and nobody reads what comes out.
fn unread(folder: &Folder, arguments: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_dynaseal"));
    command.args(arguments).current_dir(folder.0.path()).env("HOME", folder.0.path());
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().unwrap()
}

#[test]
fn a_reader_that_leaves_turns_nothing_into_success() {
    let folder = world();
    folder.write("good.jsonl", lines(0..3));
    folder.write("bad.jsonl", "{\"pk\":{\"S\":\"a\"},\"shoe\":{\"N\":\"42\"}}\n".to_owned() + &lines(0..1));
    folder.write("foreign.toml", table("key-1", "02", ""));
    let sealed = folder.run(&["seal", "--config", "table.toml", "good.jsonl"], "");
    folder.write("sealed.jsonl", out(&sealed));
    let foreign = folder.run(&["seal", "--config", "foreign.toml", "good.jsonl"], "");
    folder.write("foreign.jsonl", out(&foreign));
    folder.write(
        "broken.toml",
        table("key-1", "01", "").replace("raw-aes", "raw-rsa").replace("key = {", "public_key = {"),
    );
    assert_eq!(code(&run(&folder, "put", &[], &lines(0..3))), 0);
    folder.write("none.jsonl", "{\"pk\":{\"S\":\"nobody\"}}\n");

    let on = |command: &'static str, more: &[&'static str]| [&[command], &ON[..], more].concat();
    let of = |command: &'static str, more: &[&'static str]| [&[command, "--config", "table.toml"], more].concat();
    let file = |command: &'static str, name: &'static str| of(command, &[name]);
    // Nothing is wrong, but not everything came out.
    let good = [
        file("seal", "good.jsonl"),
        file("open", "sealed.jsonl"),
        vec!["inspect", "sealed.jsonl"],
        on("scan", &[]),
        on("scan", &["--count"]),
        on("query", &["pk = :p", "--values", "{\":p\":{\"S\":\"p-0001\"}}"]),
        on("get", &["{\"pk\":{\"S\":\"p-0001\"}}"]),
        on("put", &["good.jsonl"]),
        on("verify", &["--summary"]),
        on("migrate", &[]),
        on("migrate", &["--json", "--dry-run"]),
        vec!["keyring", "check", "--config", "table.toml"],
        vec!["--help"],
    ];
    for arguments in good {
        let left = unread(&folder, &arguments);
        let expected = if arguments[0] == "--help" { left.status.code() } else { Some(2) };
        assert_eq!(left.status.code(), expected, "{arguments:?}: {}", err(&left));
    }
    // Plain items in the table are bad for `verify`, and for a job that was not told of them.
    let plain = dynaseal::local::file(folder.0.path().join("db")).unwrap();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        use aws_sdk_dynamodb::types::AttributeValue::S;
        let put = plain.put_item().table_name("people").item("pk", S("z".into())).item("name", S("Zoe".into()));
        put.send().await.unwrap();
    });
    let bad = [
        file("seal", "bad.jsonl"),
        file("open", "foreign.jsonl"),
        vec!["inspect", "bad.jsonl"],
        on("get", &["{\"pk\":{\"S\":\"nobody\"}}", "{\"pk\":{\"S\":\"p-0001\"}}"]),
        on("put", &["bad.jsonl"]),
        on("verify", &[]),
        on("verify", &["--summary"]),
        file("verify", "foreign.jsonl"),
        of("verify", &["--summary", "foreign.jsonl"]),
        on("migrate", &[]),
        on("migrate", &["--json"]),
        on("migrate", &["--dry-run"]),
    ];
    for arguments in bad {
        let read = folder.run(&arguments, "");
        assert_eq!(code(&read), 1, "{arguments:?}: {}", err(&read));
        let left = unread(&folder, &arguments);
        assert_eq!(left.status.code(), Some(1), "{arguments:?}: {}", err(&left));
        // And closed from the beginning.
        let mut closed = Command::new("sh");
        closed.args(["-c", "exec \"$0\" \"$@\" >&-", env!("CARGO_BIN_EXE_dynaseal")]).args(&arguments);
        let closed = closed.current_dir(folder.0.path()).stdin(Stdio::null()).output().unwrap();
        assert_eq!(closed.status.code(), Some(1), "{arguments:?} closed: {}", err(&closed));
    }
}

/// The commonest way to rotate a key: new bytes in the old file.
#[test]
fn a_key_of_the_same_name_is_another_key() {
    let folder = world();
    folder.write("new.toml", table("key-1", "02", ""));
    assert_eq!(code(&run(&folder, "put", &[], &lines(0..5))), 0);
    let migrate = |more: &[&str]| {
        let arguments = ["migrate", "--config", "new.toml", "--from-config", "table.toml", "--db", "db", "--json"];
        let output = folder.run(&[&arguments[..], more].concat(), "");
        assert_eq!(code(&output), 0, "{}", err(&output));
        serde_json::from_str::<Value>(out(&output)).unwrap()["counts"].clone()
    };
    let verify = || folder.run(&["verify", "--config", "new.toml", "--db", "db", "--summary"], "");
    assert_eq!(code(&verify()), 1);
    let plan = migrate(&["--dry-run"]);
    let done = migrate(&[]);
    for counts in [&plan, &done] {
        assert_eq!([&counts["changed"], &counts["current"]], [&json!({"record": 5}), &json!(0)]);
    }
    assert_eq!(code(&verify()), 0);
    assert_eq!(migrate(&[])["current"], 5);
    // On request, everything once more.
    assert_eq!(migrate(&["--reseal"])["changed"], json!({"record": 5}));
}

#[test]
fn an_attribute_is_dropped_for_good() {
    let folder = world();
    folder.write("old.toml", table("key-1", "01", "doc = \"ENCRYPT_AND_SIGN\""));
    let item = "{\"doc\":{\"S\":\"x-ray\"},\"name\":{\"S\":\"Ada\"},\"pk\":{\"S\":\"a\"}}\n";
    let put = folder.run(&["put", "--config", "old.toml", "--db", "db"], item);
    assert_eq!(code(&put), 0, "{}", err(&put));
    let refused = run(&folder, "migrate", &["--from-config", "old.toml"], "");
    assert_eq!(code(&refused), 1);
    assert!(out(&refused).contains("`doc` has no action"), "{}", out(&refused));
    let dropped = run(&folder, "migrate", &["--from-config", "old.toml", "--drop", "doc"], "");
    assert_eq!(code(&dropped), 0, "{}", err(&dropped));
    let got = run(&folder, "get", &["{\"pk\":{\"S\":\"a\"}}"], "");
    assert_eq!(out(&got), "{\"name\":{\"S\":\"Ada\"},\"pk\":{\"S\":\"a\"}}\n");
    assert_eq!(code(&run(&folder, "verify", &["--summary"], "")), 0);
    let key = run(&folder, "migrate", &["--drop", "pk"], "");
    assert_eq!((code(&key), err(&key)), (2, "dynaseal: `pk` is a key attribute: an item cannot lose it\n"));
}

/// A report that cannot be written takes nothing away from what is printed.
#[test]
fn a_report_that_fails_still_prints_the_counts() {
    let folder = world();
    folder.write("plain.jsonl", lines(0..4));
    assert_eq!(code(&run(&folder, "put", &["plain.jsonl"], "")), 0);
    folder.write("new.toml", table("key-2", "02", ""));
    let arguments = ["migrate", "--config", "new.toml", "--db", "db", "--no-key-check", "--report", "/dev/full"];
    let output = folder.run(&arguments, "");
    assert_eq!(code(&output), 2, "{}", err(&output));
    assert!(
        out(&output).contains("people: 4 items examined") && out(&output).contains("4  refused"),
        "{}",
        out(&output)
    );
    assert!(err(&output).contains("/dev/full cannot be written"), "{}", err(&output));
}

/// Ctrl-C, and what service managers send: how far it came is said, and the same command goes on.
#[test]
fn who_ends_a_job_is_told_how_to_go_on() {
    for (signal, checkpoint) in [("INT", true), ("TERM", true), ("INT", false)] {
        let folder = world();
        let client = dynaseal::local::file(folder.0.path().join("db")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            use aws_sdk_dynamodb::types::AttributeValue::S;
            for number in 0..60 {
                let put = client.put_item().table_name("people").item("pk", S(format!("p-{number}")));
                put.item("name", S("Zoe".into())).send().await.unwrap();
            }
        });
        let mut arguments = [&["migrate"], &ON[..], &["--from", "plaintext", "--page-size", "5"]].concat();
        if checkpoint {
            arguments.extend(["--checkpoint", "progress"]);
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_dynaseal"));
        command.args(&arguments).args(["--write-units", "5"]).current_dir(folder.0.path()).env("HOME", folder.0.path());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs(3));
        let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let ended = child.wait_with_output().unwrap();
        assert_eq!((ended.status.code(), out(&ended)), (Some(130), ""), "{}", err(&ended));
        let next =
            if checkpoint { "goes on from its checkpoint" } else { "with --checkpoint it would go on from here" };
        assert!(err(&ended).starts_with("dynaseal: interrupted: ") && err(&ended).contains(next), "{}", err(&ended));
        assert!(!folder.0.path().join("progress.lock").exists());
        let rest = folder.run(&arguments, "");
        assert_eq!(code(&rest), 0, "{}", err(&rest));
        assert_eq!(code(&run(&folder, "verify", &["--summary"], "")), 0);
    }
}

/// A put that is ended says what is written, also while it waits for its input.
#[test]
fn who_ends_a_put_is_told_what_is_written() {
    use std::io::Write as _;
    let folder = world();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dynaseal"));
    command.arg("put").args(ON).current_dir(folder.0.path()).env("HOME", folder.0.path());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(lines(0..30).as_bytes()).unwrap();
    std::thread::sleep(Duration::from_secs(3));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    drop(input);
    let said = "dynaseal: interrupted: 25 items written, 0 refused; none was on its way\n";
    assert_eq!((ended.status.code(), err(&ended)), (Some(130), said));
}

/// The same of the others that change items one after the other.
#[test]
fn who_ends_a_delete_is_told_what_is_deleted() {
    use std::io::Write as _;
    let folder = world();
    assert_eq!(code(&run(&folder, "put", &[], &lines(0..3))), 0);
    let mut command = Command::new(env!("CARGO_BIN_EXE_dynaseal"));
    command.arg("delete").args(ON).args(["--keys", "-"]).current_dir(folder.0.path()).env("HOME", folder.0.path());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"{\"pk\":{\"S\":\"p-0000\"}}\n{\"pk\":{\"S\":\"p-0001\"}}\n").unwrap();
    std::thread::sleep(Duration::from_secs(3));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    drop(input);
    let said = "dynaseal: interrupted: 2 items deleted, 0 refused; none was on its way\n";
    assert_eq!((ended.status.code(), err(&ended)), (Some(130), said));
}

/// Where keys of the table are others than those of table.toml, nothing is called done.
#[test]
fn the_table_is_asked_before_a_job_begins() {
    let folder = world();
    assert_eq!(code(&run(&folder, "put", &[], &lines(0..2))), 0);
    folder.write("wrong.toml", table("key-1", "01", "").replace("partition_key = \"pk\"", "partition_key = \"id\""));
    for command in ["migrate", "verify"] {
        let output = folder.run(&[command, "--config", "wrong.toml", "--db", "db"], "");
        assert_eq!(code(&output), 2);
        assert!(err(&output).contains("wrong.toml says `id`, the table has `pk`"), "{}", err(&output));
    }
}

/// Of a page of an answer, the rest was not seen; and nobody who wants quiet is left without a word.
#[test]
fn a_page_of_a_table_is_not_the_table() {
    let folder = world();
    folder.write("people.jsonl", lines(0..2));
    let sealed = folder.run(&["seal", "--config", "table.toml", "people.jsonl"], "");
    let items: Vec<Value> = out(&sealed).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = json!({ "pk": { "S": "p-0001" } });
    for (page, expected) in
        [(json!({ "Items": items, "Count": 2 }), 0), (json!({ "Items": items, "LastEvaluatedKey": last }), 2)]
    {
        folder.write("page.json", page.to_string());
        for quiet in [&[][..], &["--quiet"]] {
            let verify = folder.run(&[&["verify", "--config", "table.toml", "page.json"], quiet].concat(), "");
            assert_eq!(code(&verify), expected, "{}", err(&verify));
            assert_eq!(err(&verify).contains("there are more items than these"), expected == 2, "{}", err(&verify));
        }
    }
}

/// What is opened into a file is its owner's alone, and not left behind under another name.
#[test]
fn who_ends_open_leaves_no_plaintext_behind() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = world();
    folder.write("people.jsonl", lines(0..300));
    let sealed = folder.run(&["seal", "--config", "table.toml", "people.jsonl"], "");
    let whole = folder.run(&["open", "--config", "table.toml", "-o", "opened.jsonl"], out(&sealed));
    assert_eq!(code(&whole), 0, "{}", err(&whole));
    let opened = folder.0.path().join("opened.jsonl");
    assert_eq!(std::fs::metadata(&opened).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&opened).unwrap().lines().count(), 300);
    let mut command = Command::new(env!("CARGO_BIN_EXE_dynaseal"));
    command.args(["open", "--config", "table.toml", "-o", "other.jsonl"]).current_dir(folder.0.path());
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, out(&sealed).as_bytes()).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    drop(input);
    assert_eq!((ended.status.code(), err(&ended)), (Some(130), "dynaseal: interrupted: other.jsonl is as it was\n"));
    let names: Vec<_> = std::fs::read_dir(folder.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains("other")), "{names:?}");
}

/// An index that takes texts takes nothing sealed: said before anything is written, by the plan as well.
#[test]
fn keys_of_indexes_stay_readable() {
    let folder = Folder::new(&table("key-1", "01", ""));
    let client = dynaseal::local::file(folder.0.path().join("db")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let index = [("by-name", "name", None)];
    runtime.block_on(dynaseal::local::create_indexed_table(&client, "people", "pk", None, &index)).unwrap();
    for arguments in [&["--from", "plaintext", "--dry-run"][..], &["--from", "plaintext"]] {
        let output = run(&folder, "migrate", arguments, "");
        assert_eq!(code(&output), 2);
        assert!(err(&output).contains("the index `by-name` has `name` of type S as a key"), "{}", err(&output));
    }
    let checked = folder.run(&["config", "check", "--config", "table.toml", "--db", "db"], "");
    assert_eq!(code(&checked), 1, "{}", err(&checked));
    assert!(format!("{}{}", out(&checked), err(&checked)).contains("by-name"));
}

/// Values of arguments may be secret, also those that are mistyped.
#[test]
fn a_mistyped_value_is_not_repeated() {
    let folder = world();
    let bad = "{\":v\":{\"S\":\"TOPSECRET\"}";
    for arguments in [
        vec!["update", "{\"pk\":{\"S\":\"a\"}}", "--expression", "SET name = :v", "--values", bad],
        vec!["delete", "{\"pk\":{\"S\":\"a\"}}", "--condition", "name = :v", "--values", bad],
        vec!["put", "--condition", "name = :v", "--values", bad],
        vec!["query", "--key-condition", "pk = :v", "--values", bad],
        vec!["scan", "--filter", "name = :v", "--values", bad],
    ] {
        let output = run(&folder, arguments[0], &arguments[1..], "");
        assert_eq!(code(&output), 2);
        assert!(err(&output).contains("--values") && !err(&output).contains("TOPSECRET"), "{}", err(&output));
    }
}
