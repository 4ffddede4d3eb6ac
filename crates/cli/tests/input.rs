//! Items in every form in which people have them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::process::{Command, Output, Stdio};

use common::{Folder, OPEN, SEAL, TABLE, code, err, out};

const PLAIN: &str =
    "{\"pk\":{\"S\":\"a\"},\"secret\":{\"S\":\"x\"}}\n{\"pk\":{\"S\":\"b\"},\"secret\":{\"S\":\"]},{\\\"\"}}\n";

/// What `aws dynamodb scan` prints, and what comes over the wire.
fn forms(lines: &str) -> Vec<(String, String)> {
    let items = lines.trim_end().replace('\n', ",");
    let pretty = format!("    {}", lines.trim_end().replace('\n', ",\n    "));
    [
        ("lines", lines.to_owned()),
        ("array", format!("[{items}]")),
        ("array over lines", format!("[\n{pretty}\n]\n")),
        ("arrays", lines.trim_end().split('\n').map(|item| format!("[ {item} ]\n")).collect()),
        ("scan", format!("{{\n    \"Items\": [\n{pretty}\n    ],\n    \"Count\": 2,\n    \"ScannedCount\": 2,\n    \"ConsumedCapacity\": null\n}}\n")),
        ("scan on a line", format!("{{\"Count\":2,\"Items\":[{items}],\"ScannedCount\":2}}\n")),
        ("answers", lines.trim_end().split('\n').map(|item| format!("{{\"Items\":[{item}],\"Count\":1}}\n")).collect()),
        ("batch", format!("{{\"Responses\":{{\"people\":[{items}]}},\"UnprocessedKeys\":{{}}}}")),
        ("get", lines.trim_end().split('\n').map(|item| format!("{{\"Item\":{item},\"ConsumedCapacity\":{{\"CapacityUnits\":0.5}}}}\n")).collect()),
        ("get over lines", lines.trim_end().split('\n').map(|item| format!("{{\n    \"Item\": {item},\n    \"ConsumedCapacity\": null\n}}\n")).collect()),
    ]
    .into_iter()
    .map(|(name, text): (&str, String)| (name.to_owned(), text))
    .flat_map(|(name, text)| {
        let marked = (format!("{name}, with a mark"), format!("\u{feff}{text}"));
        let windows = (format!("{name}, of Windows"), text.replace('\n', "\r\n"));
        [(name, text), marked, windows]
    })
    .collect()
}

#[test]
fn every_form_is_read_by_every_command() {
    let folder = Folder::new(TABLE);
    let sealed = out(&folder.run(&SEAL, PLAIN)).to_owned();
    for (form, text) in forms(PLAIN) {
        let again = folder.run(&SEAL, &text);
        assert_eq!((code(&again), err(&again)), (0, ""), "{form}");
        assert_eq!(out(&folder.run(&OPEN, out(&again))), PLAIN, "{form}");
    }
    for (form, text) in forms(&sealed) {
        let opened = folder.run(&OPEN, &text);
        assert_eq!((code(&opened), out(&opened), err(&opened)), (0, PLAIN, ""), "{form}");
        let inspected = folder.run(&["inspect", "--json"], &text);
        assert_eq!((code(&inspected), out(&inspected).lines().count(), err(&inspected)), (0, 2, ""), "{form}");
        folder.write("items.json", &text);
        let verified = folder.run(&["verify", "--config", "table.toml", "--summary", "items.json"], "");
        assert_eq!(
            (code(&verified), out(&verified)),
            (0, "{\"bad\":0,\"by_name\":{\"clean\":2},\"examined\":2}\n"),
            "{form}"
        );
    }
    for (form, text) in forms(PLAIN) {
        let plan = folder.run(&["beacons", "plan", "--json", "--attribute", "secret"], &text);
        assert_eq!((code(&plan), err(&plan)), (0, ""), "{form}");
        assert!(out(&plan).contains("\"items_seen\":2"), "{form}: {}", out(&plan));
    }
}

#[test]
fn an_attribute_of_such_a_name_is_an_attribute() {
    let table = TABLE.replace("[actions]", "[actions]\nItems = \"ENCRYPT_AND_SIGN\"\nItem = \"ENCRYPT_AND_SIGN\"\nResponses = \"ENCRYPT_AND_SIGN\"\nCount = \"ENCRYPT_AND_SIGN\"");
    let folder = Folder::new(&table);
    let items = [
        "{\"Items\":{\"L\":[{\"S\":\"a\"}]},\"pk\":{\"S\":\"a\"}}\n",
        "{\"Items\":{\"L\":[]},\"pk\":{\"S\":\"a\"}}\n",
        "{\"Item\":{\"M\":{\"pk\":{\"S\":\"b\"}}},\"pk\":{\"S\":\"a\"}}\n",
        "{\"Count\":{\"N\":\"1\"},\"Item\":{\"S\":\"b\"},\"pk\":{\"S\":\"a\"}}\n",
        "{\"Responses\":{\"L\":[{\"M\":{\"pk\":{\"S\":\"b\"}}}]},\"pk\":{\"S\":\"a\"}}\n",
        "{\"Responses\":{\"M\":{\"people\":{\"L\":[]}}},\"pk\":{\"S\":\"a\"}}\n",
    ];
    for item in items {
        let sealed = folder.run(&SEAL, item);
        assert_eq!((code(&sealed), err(&sealed)), (0, ""), "{item}");
        let opened = folder.run(&OPEN, out(&sealed));
        assert_eq!((code(&opened), out(&opened)), (0, item));
    }
    // Neither an item nor an answer: refused, not guessed.
    for text in [
        "{\"Items\":[{\"pk\":{\"S\":\"a\"}}],\"Items\":[]}",
        "{\"Items\":[{\"pk\":{\"S\":\"a\"}}]",
        "{\"pk\":{\"S\":\"a\"},\"Items\":[{\"pk\":{\"S\":\"b\"}}]}",
        "{\"Item\":{\"pk\":{\"S\":\"a\"}},\"secret\":{\"S\":\"b\"}}",
        "{\"Responses\":{\"people\":[{\"pk\":{\"S\":\"a\"}}],\"pets\":[{\"pk\":{\"S\":\"a\"}}]}}",
        "{\"Responses\":[{\"Item\":{\"pk\":{\"S\":\"a\"}}}]}",
    ] {
        let sealed = folder.run(&SEAL, text);
        assert_eq!(code(&sealed), 1, "{text}: {}", err(&sealed));
    }
    let several = folder.run(&SEAL, "{\"Responses\":{\"people\":[{\"pk\":{\"S\":\"a\"}}],\"pets\":[]}}");
    assert_eq!(out(&several), "");
    assert!(err(&several).contains("items of several tables, people, pets: pass those of one"), "{}", err(&several));
}

#[test]
fn an_answer_that_is_not_all_says_so() {
    let folder = Folder::new(TABLE);
    let sealed = folder.run(&SEAL, "{\"Items\":[{\"pk\":{\"S\":\"a\"}}],\"LastEvaluatedKey\":{\"pk\":{\"S\":\"a\"}}}");
    assert_eq!((code(&sealed), out(&sealed).lines().count()), (0, 1));
    assert_eq!(
        err(&sealed),
        "dynaseal: warning: standard input:1: `LastEvaluatedKey` says that there are more items than these: ask DynamoDB for them too\n"
    );
}

#[test]
fn other_formats_are_told_once_with_what_converts_them() {
    let folder = Folder::new(TABLE);
    let json = folder.run(&SEAL, "{\"pk\":\"a\",\"n\":5}\n".repeat(100));
    assert_eq!((code(&json), out(&json), err(&json).lines().count()), (2, "", 1), "{}", err(&json));
    assert!(err(&json).contains("it is plain JSON") && err(&json).contains("jq -c"), "{}", err(&json));
    let csv = folder.run(&SEAL, "pk,n\na,5\n".repeat(100));
    assert_eq!((code(&csv), out(&csv), err(&csv).lines().count()), (2, "", 1), "{}", err(&csv));
    assert!(err(&csv).contains("it looks like CSV"), "{}", err(&csv));
    let wide = |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let utf_16 = [
        ("UTF-16", wide(&format!("\u{feff}{PLAIN}"), u16::to_le_bytes)),
        ("UTF-16", wide(&format!("\u{feff}{PLAIN}"), u16::to_be_bytes)),
        ("UTF-16LE", wide(PLAIN, u16::to_le_bytes)),
        ("UTF-16BE", wide(PLAIN, u16::to_be_bytes)),
    ];
    for (name, bytes) in utf_16 {
        folder.write("wide.json", bytes);
        for arguments in [
            &["seal", "--config", "table.toml", "wide.json"][..],
            &["open", "--config", "table.toml", "wide.json"],
            &["inspect", "wide.json"],
            &["explain", "--config", "table.toml", "wide.json"],
            &["attribute", "inspect", "wide.json"],
        ] {
            let refused = folder.run(arguments, "");
            let expected =
                format!("dynaseal: wide.json is {name}: convert it with `iconv -f {name} -t UTF-8 wide.json`\n");
            assert_eq!((code(&refused), err(&refused)), (2, &*expected), "{arguments:?}");
        }
    }
}

/// What the messages advise is what works, where the programs are there.
#[test]
fn the_lines_that_convert_work() {
    let folder =
        Folder::new(&TABLE.replace("[actions]", "[actions]\nn = \"ENCRYPT_AND_SIGN\"\nl = \"ENCRYPT_AND_SIGN\""));
    let json = "{\"pk\":\"a\",\"n\":5,\"l\":[true,null,{\"x\":\"y\"}]}\n";
    let csv = "pk,n\na,\"5,5\"\n";
    let cases = [
        (
            "jq",
            "plain.json",
            json,
            "{\"l\":{\"L\":[{\"BOOL\":true},{\"NULL\":true},{\"M\":{\"x\":{\"S\":\"y\"}}}]},\"n\":{\"N\":\"5\"},\"pk\":{\"S\":\"a\"}}\n",
        ),
        ("python3", "plain.csv", csv, "{\"n\":{\"S\":\"5,5\"},\"pk\":{\"S\":\"a\"}}\n"),
    ];
    for (program, file, text, expected) in cases {
        folder.write(file, text);
        let refused = folder.run(&["seal", "--config", "table.toml", file], "");
        let line = err(&refused)
            .split('`')
            .find(|part| part.starts_with(program))
            .unwrap_or_else(|| panic!("{}", err(&refused)));
        if Command::new(program).arg("--version").output().is_err() {
            continue;
        }
        let converted = Command::new("sh").args(["-c", line]).current_dir(folder.0.path()).output().unwrap();
        let sealed = folder.run(&SEAL, &converted.stdout);
        assert_eq!((code(&sealed), err(&sealed)), (0, ""), "{line}");
        assert_eq!(out(&folder.run(&OPEN, out(&sealed))), expected);
    }
}

#[test]
fn a_mistake_has_one_line_number() {
    let folder = Folder::new(TABLE);
    let first = "{\"pk\":{\"S\":\"a\"}}\n";
    let cases = [
        (format!("{first}{{\"pk\": oops}}\n"), "standard input:2: not JSON: expected value at column 8"),
        (
            format!("{first}{{\n  \"pk\":\n  oops\n}}\n"),
            "standard input:2: not JSON: expected value at line 4 column 3",
        ),
        (
            format!("[{}, {{\"pk\": oops}}]\n", first.trim()),
            "standard input[1]: not JSON: expected value at line 1 column 27",
        ),
        (
            format!("[\n  {},\n  {{\n \"pk\": oops}}]\n", first.trim()),
            "standard input[1]: not JSON: expected value at line 4 column 8",
        ),
        (
            format!("{{\n \"Items\": [\n{},\n  {{\"pk\": oops}}]}}\n", first.trim()),
            "standard input:1 Items[1]: not JSON: expected value at line 4 column 10",
        ),
        (
            format!("{first}{{\"pk\":{{\"S\":\"a\"\n"),
            "standard input:2: not JSON: EOF while parsing an object at column 14",
        ),
    ];
    for (text, expected) in cases {
        for command in [&SEAL[..], &OPEN] {
            let refused = folder.run(command, &text);
            assert_eq!(code(&refused), 1, "{text}");
            assert!(
                err(&refused).lines().any(|line| line.starts_with(expected)),
                "{command:?}\n{text}\n{}",
                err(&refused)
            );
        }
    }
    let explained = folder.run(&["explain", "--config", "table.toml"], "{}\n\n{\"IndexName\":\n oops}\n");
    assert!(
        err(&explained).starts_with("standard input:3: not JSON: expected value at line 4 column 2"),
        "{}",
        err(&explained)
    );
}

#[test]
fn a_broken_array_costs_only_what_stands_behind() {
    let folder = Folder::new(TABLE);
    let item = |name: &str| format!("{{\"pk\":{{\"S\":\"{name}\"}}}}");
    let cases = [
        (
            format!("[{},{}", item("a"), item("b")),
            1,
            "standard input[1]: the array is cut short; what stood before came out",
        ),
        (format!("[{},{{\"pk\":", item("a")), 1, "standard input[1]: the array is cut short"),
        (format!("[{},{}}},{}]", item("a"), item("b"), item("c")), 1, "standard input[1]: no JSON array from here on"),
        (format!("[{},,{}]", item("a"), item("b")), 1, "standard input[1]: no JSON array from here on"),
        (format!("[{},]", item("a")), 1, "standard input[1]: no JSON array from here on"),
        (
            format!("[{},oops,{}]", item("a"), item("b")),
            2,
            "standard input[1]: not JSON: expected value at line 1 column",
        ),
        (format!("[{}] oops", item("a")), 1, "standard input:1: not JSON"),
        ("[".repeat(100_000), 0, "standard input[0]: the array is cut short"),
        (
            format!("{}{}", "[".repeat(1000), "]".repeat(1000)),
            0,
            "standard input[0]: not JSON: recursion limit exceeded",
        ),
    ];
    for (text, count, expected) in cases {
        let sealed = folder.run(&SEAL, &text);
        assert_eq!((code(&sealed), out(&sealed).lines().count()), (1, count), "{text:.200}\n{}", err(&sealed));
        assert!(err(&sealed).starts_with(expected), "{text:.200}\n{}", err(&sealed));
    }
    assert_eq!((code(&folder.run(&SEAL, "[]")), code(&folder.run(&SEAL, " [ \n ] \n"))), (0, 0));
}

#[test]
fn nothing_in_the_input_is_said() {
    let folder = Folder::new(TABLE);
    folder.write("empty.json", "");
    for (arguments, name) in [
        (&["seal", "--config", "table.toml"][..], "standard input"),
        (&["open", "--config", "table.toml", "empty.json"], "empty.json"),
        (&["inspect", "empty.json", "empty.json"], "empty.json, empty.json"),
    ] {
        let nothing = folder.run(arguments, "\n \r\n[]\n");
        assert_eq!((code(&nothing), out(&nothing)), (0, ""));
        assert_eq!(err(&nothing), format!("dynaseal: no items in {name}\n"));
    }
}

/// Runs the command on what a program writes, with less memory than that has bytes.
#[cfg(target_os = "linux")]
fn with_memory(folder: &Folder, writer: &str, arguments: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_dynaseal");
    let line = format!("{writer} | (ulimit -v 290000; export MALLOC_ARENA_MAX=1; {program} {arguments})");
    Command::new("sh").args(["-c", &line]).current_dir(folder.0.path()).stdin(Stdio::null()).output().unwrap()
}

/// Whatever its length, no input is kept as a whole.
#[cfg(target_os = "linux")]
#[test]
fn input_without_end_has_a_bound() {
    let folder = Folder::new(TABLE);
    let long = |bytes: &str, megabytes: usize| format!("head -c {megabytes}M /dev/zero | tr '\\0' '{bytes}'");
    let brackets = with_memory(&folder, &long("[", 300), "seal --config table.toml");
    assert_eq!(code(&brackets), 1, "{}", err(&brackets));
    assert!(err(&brackets).starts_with("standard input[0]: the array is cut short"), "{}", err(&brackets));
    let answer = format!("(printf '{{\"Items\":['; {})", long("{", 300));
    let answer = with_memory(&folder, &answer, "open --config table.toml --threads 1");
    assert_eq!(code(&answer), 1, "{}", err(&answer));
    assert!(err(&answer).starts_with("standard input:1 Items[0]: the array is cut short"), "{}", err(&answer));
    let air = with_memory(&folder, &long("\\n", 300), "inspect");
    assert_eq!((code(&air), err(&air)), (0, "dynaseal: no items in standard input\n"));
    let explained = with_memory(&folder, &long("x", 300), "explain --config table.toml");
    assert_eq!(code(&explained), 1);
    assert!(err(&explained).contains("longer than 16777216 bytes"), "{}", err(&explained));
}
