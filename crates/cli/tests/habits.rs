//! What every command takes: short options, files, quiet and colours; help, completions and man pages.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Folder, OPEN, SEAL, TABLE, code, err, golden, out, table};

const ITEMS: &str = "{\"pk\":{\"S\":\"a\"},\"secret\":{\"S\":\"x\"}}\n{\"pk\":{\"S\":\"b\"}}\n";

/// The names in the folder.
fn names(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.0.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_configuration_has_a_short_name_and_a_variable() {
    let folder = Folder::new(TABLE);
    let sealed = folder.run(&["seal", "-c", "table.toml"], ITEMS);
    assert_eq!((code(&sealed), err(&sealed)), (0, ""));
    let env = [("DYNASEAL_CONFIG", "table.toml")];
    let opened = folder.run_with(&env, &["open"], out(&sealed));
    assert_eq!((code(&opened), out(&opened), err(&opened)), (0, ITEMS, ""));
    // What is said goes before.
    let other = folder.run_with(&env, &["open", "-c", "none.toml"], out(&sealed));
    assert!(code(&other) == 2 && err(&other).contains("none.toml"), "{}", err(&other));
    assert_eq!(code(&folder.run(&["open"], out(&sealed))), 2);
}

#[test]
fn a_file_is_written_as_a_whole_or_not_at_all() {
    let folder = Folder::new(TABLE);
    folder.write("plain.jsonl", ITEMS);
    let to = |command: &[&'static str]| [command, &["-o", "out.jsonl"]].concat();
    let sealed = folder.run(&to(&["seal", "-c", "table.toml", "plain.jsonl"]), "");
    assert_eq!((code(&sealed), out(&sealed), err(&sealed)), (0, "", ""));
    assert_eq!(names(&folder), ["out.jsonl", "plain.jsonl", "table.toml"]);
    let written = fs::read_to_string(folder.0.path().join("out.jsonl")).unwrap();
    assert_eq!(out(&folder.run(&OPEN, &written)), ITEMS);
    // It may be its own input.
    let opened = folder.run(&to(&["open", "-c", "table.toml", "out.jsonl"]), "");
    assert_eq!((code(&opened), err(&opened)), (0, ""));
    let read = || fs::read_to_string(folder.0.path().join("out.jsonl")).unwrap();
    assert_eq!(read(), ITEMS);
    // Some are refused: the others are there.
    let some = folder.run(&to(&SEAL), format!("{ITEMS}not json\n"));
    assert_eq!((code(&some), read().lines().count()), (1, 2));
    // Nothing could be done, or not all of it: the old one stays, and nothing beside it.
    let before = read();
    for (arguments, input) in [
        (to(&["seal", "-c", "table.toml", "plain.jsonl", "none.jsonl"]), ""),
        (to(&["seal", "-c", "table.toml"]), "pk,name\n"),
        (to(&["scan", "-c", "table.toml", "--db", "none.db"]), ""),
    ] {
        let failed = folder.run(&arguments, input);
        assert_eq!((code(&failed), read()), (2, before.clone()), "{arguments:?}: {}", err(&failed));
    }
    assert_eq!(names(&folder), ["out.jsonl", "plain.jsonl", "table.toml"]);
    let nowhere = folder.run(&["seal", "-c", "table.toml", "-o", "none/out.jsonl"], ITEMS);
    assert_eq!(code(&nowhere), 2);
    assert!(err(&nowhere).starts_with("dynaseal: none/out.jsonl cannot be written: "), "{}", err(&nowhere));
    // The rest of the commands that print items.
    for arguments in [to(&["inspect"]), to(&["inspect", "--json"]), to(&["open", "-c", "table.toml"])] {
        let output = folder.run(&arguments, &written);
        assert_eq!((code(&output), out(&output), err(&output)), (0, "", ""), "{arguments:?}");
        assert_eq!(read(), out(&folder.run(&arguments[..arguments.len() - 2], &written)), "{arguments:?}");
    }
    assert_eq!(code(&folder.run(&["demo", "--db", "people.db"], "")), 0);
    let people = ["-c", "people.db.toml", "--db", "people.db"];
    for command in [
        &["scan"][..],
        &["scan", "--count"],
        &["get", "{\"id\":{\"S\":\"p-1001\"},\"visit\":{\"N\":\"1\"}}"],
        &["query", "--key-condition", "id = :i", "--values", "{\":i\":{\"S\":\"p-1001\"}}"],
    ] {
        let command = [command, &people].concat();
        let output = folder.run(&to(&command), "");
        assert_eq!((code(&output), out(&output), err(&output)), (0, "", ""), "{command:?}");
        assert_eq!(read(), out(&folder.run(&command, "")), "{command:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_permissions_and_its_links() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let folder = Folder::new(TABLE);
    let path = folder.write("out.jsonl", "old\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    symlink("out.jsonl", folder.0.path().join("link.jsonl")).unwrap();
    assert_eq!(code(&folder.run(&[&SEAL[..], &["-o", "link.jsonl"]].concat(), ITEMS)), 0);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::symlink_metadata(folder.0.path().join("link.jsonl")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
    let standard = folder.run(&[&SEAL[..], &["-o", "/dev/stdout"]].concat(), ITEMS);
    assert_eq!((code(&standard), out(&standard).lines().count()), (0, 2), "{}", err(&standard));
    let full = folder.run(&[&SEAL[..], &["-o", "/dev/full"]].concat(), ITEMS);
    assert_eq!(code(&full), 2);
    assert!(err(&full).starts_with("dynaseal: /dev/full cannot be written: "), "{}", err(&full));
}

#[test]
fn quiet_says_only_what_is_wrong_and_verbose_more() {
    let folder = Folder::new(TABLE);
    let with = |more: &'static str| [&SEAL[..], &[more]].concat();
    assert_eq!(err(&folder.run(&with("--quiet"), "")), "");
    let refused = folder.run(&with("-q"), "not json\n");
    assert_eq!(err(&refused), "standard input:1: not JSON: expected ident at column 2\ndynaseal: 1 item refused\n");
    let told = folder.run(&with("-v"), ITEMS);
    assert_eq!((code(&told), out(&told).lines().count()), (0, 2));
    for text in
        ["dynaseal: the configuration is table.toml\n", "dynaseal: reading standard input\n", "dynaseal: that took "]
    {
        assert!(err(&told).contains(text), "{}", err(&told));
    }
    assert_eq!(code(&folder.run(&[&SEAL[..], &["-q", "-v"]].concat(), "")), 2);
}

#[test]
fn colours_are_for_terminals_and_for_who_wants_them() {
    let folder = Folder::new(TABLE);
    let coloured = |arguments: &[&str], env: &[(&str, &str)]| {
        let output = folder.run_with(env, &[&SEAL[..], arguments].concat(), "not json\n");
        err(&output).contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]));
    assert!(coloured(&["--color", "always"], &[]));
    assert!(coloured(&["--color=always"], &[("NO_COLOR", "1")]));
    assert!(!coloured(&["--color", "never"], &[]));
    let help = |arguments: &[&str]| out(&folder.run(arguments, "")).contains('\u{1b}');
    assert!(!help(&["--help"]) && help(&["--color", "always", "--help"]));
    // What is other people's is not obeyed all the same.
    folder.write("\u{1b}[31m.json", "not json\n");
    let named = folder.run(&["inspect", "--color", "always", "\u{1b}[31m.json"], "");
    assert!(err(&named).contains("\\u{1b}[31m.json"), "{}", err(&named));
}

/// Every command with its help, by its name.
fn helps(folder: &Folder) -> BTreeMap<String, String> {
    let mut helps = BTreeMap::new();
    let mut open = vec![Vec::<String>::new()];
    while let Some(command) = open.pop() {
        let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let output = folder.run(&arguments, "");
        assert_eq!((code(&output), err(&output)), (0, ""), "{command:?}");
        let help = out(&output).to_owned();
        let commands = help.split("\nCommands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default();
        for line in commands.lines() {
            let name = line.strip_prefix("  ").and_then(|line| line.split(' ').next()).unwrap_or_default();
            if !name.is_empty() && name != "help" {
                open.push([command.clone(), vec![name.to_owned()]].concat());
            }
        }
        helps.insert(command.join(" "), help);
    }
    helps
}

#[test]
fn help_fits_on_a_terminal() {
    let folder = Folder::new(TABLE);
    let helps = helps(&folder);
    assert!(helps.len() > 25, "{:?}", helps.keys());
    for (name, help) in &helps {
        let long: Vec<_> = help.lines().filter(|line| line.chars().count() > 80 && line.contains("  ")).collect();
        assert!(long.is_empty(), "{name}: {long:#?}");
    }
    let all: String = helps.iter().map(|(name, help)| format!("$ dynaseal {name} --help\n{help}\n")).collect();
    golden("help.txt", &all);
}

#[test]
fn completions_and_man_pages_are_of_all_commands() {
    let folder = Folder::new(TABLE);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = folder.run(&["completions", shell], "");
        assert_eq!((code(&script), err(&script)), (0, ""));
        for word in ["seal", "keystore", "create-key", "threads", "config"] {
            assert!(out(&script).contains(word), "{shell}: {word}");
        }
        if shell == "fish" {
            golden("completions.fish", out(&script));
        }
        if shell == "bash" && Command::new("bash").arg("--version").output().is_ok() {
            folder.write("completions.bash", out(&script));
            let checked = Command::new("bash").args(["-n", "completions.bash"]).current_dir(folder.0.path()).status();
            assert!(checked.unwrap().success());
        }
    }
    assert_eq!(code(&folder.run(&["completions", "csh"], "")), 2);
    fs::create_dir(folder.0.path().join("man")).unwrap();
    let man = folder.run(&["man", "man"], "");
    assert_eq!((code(&man), out(&man), err(&man)), (0, "", ""));
    let page = |name: &str| fs::read_to_string(folder.0.path().join("man").join(name)).unwrap();
    for name in helps(&folder).keys() {
        let name = ["dynaseal", name].join("-").replace(' ', "-");
        let page = page(&format!("{}.1", name.trim_end_matches('-')));
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
    }
    golden("dynaseal-seal.1", &page("dynaseal-seal.1"));
    let nowhere = folder.run(&["man", "none"], "");
    assert!(code(&nowhere) == 2 && err(&nowhere).contains("the pages cannot be written to none"), "{}", err(&nowhere));
}

/// The same order and the same bytes, but for what is random, on any number of threads.
#[test]
fn seal_keeps_the_order_on_all_cores() {
    let folder = Folder::new(TABLE);
    let line = |number: usize| match number % 7 {
        3 => "not json\n".to_owned(),
        _ => format!("{{\"pk\":{{\"S\":\"{number:05}\"}},\"secret\":{{\"S\":\"{}\"}}}}\n", "x".repeat(number % 500)),
    };
    let input: String = (0..3000).map(line).collect();
    let good: String = (0..3000).filter(|number| number % 7 != 3).map(line).collect();
    folder.write("many.jsonl", input);
    let mut said = Vec::new();
    for threads in ["1", "2", "7"] {
        let sealed = folder.run(&[&SEAL[..], &["--threads", threads, "many.jsonl"]].concat(), "");
        assert_eq!(code(&sealed), 1);
        assert_eq!(out(&folder.run(&OPEN, out(&sealed))), good, "{threads}");
        said.push(err(&sealed).to_owned());
    }
    assert!(said[0] == said[1] && said[1] == said[2] && said[0].starts_with("many.jsonl:4: not JSON"));
}

/// Nobody waits for each of many items when the service of the keys is down.
#[test]
fn a_key_service_that_is_down_ends_the_command() {
    // A port on which nobody listens any more.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let kms = format!(
        "type = \"aws-kms\"\nkey_id = \"arn:aws:kms:us-east-1:111122223333:key/0b3c7c5e-0000-4000-8000-000000000000\"\nendpoint_url = \"http://127.0.0.1:{port}\""
    );
    let folder = Folder::new(&table(&kms));
    let env = [("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y"), ("AWS_MAX_ATTEMPTS", "1")];
    let items: String = (0..2000).map(|number| format!("{{\"pk\":{{\"S\":\"{number}\"}}}}\n")).collect();
    let begin = Instant::now();
    let down = folder.run_with(&env, &SEAL, &items);
    assert_eq!((code(&down), out(&down)), (2, ""), "{}", err(&down));
    assert_eq!(err(&down).lines().count(), 4, "{}", err(&down));
    assert!(err(&down).ends_with("standard input:3: the key service failed 3 times in a row with the same error, so what stands behind was not tried\n"), "{}", err(&down));
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
    // Items that are wrong themselves are no failures of a service.
    let wrong = "{\"pk\":{\"S\":\"a\"},\"other\":{\"S\":\"b\"}}\n".repeat(5);
    let wrong = folder.run_with(&env, &SEAL, &wrong);
    assert_eq!((code(&wrong), err(&wrong).lines().count()), (1, 6), "{}", err(&wrong));

    // Sealed for that key by somebody who reached it: what is stored says whose it is, and nobody answers.
    assert_eq!(code(&folder.run(&["demo", "--db", "people.db"], "")), 0);
    let put = folder.run_with(&env, &["put", "-c", "people.toml", "--db", "people.db"], "");
    assert_eq!(code(&put), 2, "{}", err(&put));
    folder.write(
        "people.toml",
        table(&kms).replace("partition_key = \"pk\"", "partition_key = \"id\"\nsort_key = \"visit\""),
    );
    let people: String =
        (0..60).map(|number| format!("{{\"id\":{{\"S\":\"{number}\"}},\"visit\":{{\"N\":\"1\"}}}}\n")).collect();
    let put = folder.run_with(&env, &["put", "-c", "people.toml", "--db", "people.db"], &people);
    assert_eq!((code(&put), out(&put)), (2, "0 items written\n"), "{}", err(&put));
    assert!(err(&put).ends_with("standard input:3: the key service failed 3 times in a row with the same error, so what stands behind was not tried\n"), "{}", err(&put));
}
