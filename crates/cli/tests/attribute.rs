//! `dynaseal attribute`: single values, in the format of this library and in that of `pynamodb_mate`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::collections::BTreeMap;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use common::{Folder, KEY, code, err, golden, out};
use dynaseal_testkit::vectors;
use serde_json::Value;

const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const IN_BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER_HEX: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const PASSPHRASE: &str = "correct horse battery staple";
/// The cheapest one that is taken.
const RECIPE: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw";
const ENV: [(&str, &str); 4] =
    [("ROOT", HEX), ("OTHER_ROOT", OTHER_HEX), ("ROOT_BASE64", IN_BASE64), ("PASSPHRASE", PASSPHRASE)];

/// The command with all keys at hand, none of which comes out.
fn run(folder: &Folder, arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
    let arguments = [&["attribute"], arguments].concat();
    let output = folder.run_with(&ENV, &arguments, input);
    for secret in [KEY, "AAECAwQFBgcICQoLDA0ODxAREhM", "ff010203", PASSPHRASE, "correct horse"] {
        assert!(!out(&output).contains(secret) && !err(&output).contains(secret), "{arguments:?}: {}", err(&output));
    }
    output
}

fn folder() -> Folder {
    Folder::empty()
}

/// `verb` on the attribute `email` of the table `people`, with more arguments after it.
fn deterministic(verb: &'static str) -> Vec<&'static str> {
    vec![verb, "--table", "people", "--attribute", "email", "--mode", "deterministic"]
}

fn randomised(verb: &'static str) -> Vec<&'static str> {
    vec![verb, "--table", "people", "--attribute", "email", "--mode", "randomised"]
}

const ROOT: [&str; 2] = ["--root", "2026=env:ROOT"];
const ADA: [&str; 2] = ["--partition-key", "id={\"S\":\"ada\"}"];
const VALUES: &str = "{\"S\":\"ada@example.com\"}\n{\"N\":\"1.5\"}\n{\"M\":{\"a\":{\"L\":[{\"BOOL\":true},{\"NULL\":true}]},\"b\":{\"B\":\"AAE=\"}}}\n{\"SS\":[\"x\",\"y\"]}\n{\"S\":\"\"}\n{\"S\":\"ada@example.com\"}\n";

fn pynamodb<'a>(verb: &'a str, kind: &'a str, mode: &'a str) -> Vec<&'a str> {
    vec![verb, "--format", "pynamodb-mate", "--type", kind, "--mode", mode, "--passphrase-env", "PASSPHRASE"]
}

fn insecure<'a>(kind: &'a str, mode: &'a str) -> Vec<&'a str> {
    [pynamodb("seal", kind, mode), vec!["--danger-insecure"]].concat()
}

#[test]
fn both_modes_open_what_they_sealed() {
    let folder = folder();
    let sort_key = ["--sort-key", "visit={\"N\":\"7\"}"];
    for (seal, open, is_deterministic) in [
        ([deterministic("seal"), ROOT.to_vec()].concat(), [deterministic("open"), ROOT.to_vec()].concat(), true),
        (
            [randomised("seal"), ROOT.to_vec(), ADA.to_vec(), sort_key.to_vec()].concat(),
            [randomised("open"), ROOT.to_vec(), ADA.to_vec(), sort_key.to_vec()].concat(),
            false,
        ),
    ] {
        let sealed = run(&folder, &seal, VALUES);
        assert_eq!((code(&sealed), err(&sealed)), (0, ""));
        let lines: Vec<_> = out(&sealed).lines().collect();
        assert_eq!(lines.len(), 6);
        assert!(lines.iter().all(|line| BASE64.decode(line).unwrap().starts_with(&[0xd5, 0x5e])));
        assert_eq!(lines[0] == lines[5], is_deterministic);
        let opened = run(&folder, &open, out(&sealed));
        assert_eq!((code(&opened), out(&opened), err(&opened)), (0, VALUES, ""));

        // From files, with other line breaks, and with `-` for standard input between them.
        folder.write("sealed.txt", out(&sealed).replace('\n', "\r\n"));
        let opened = run(&folder, &[open, vec!["sealed.txt", "-"]].concat(), out(&sealed).trim_end());
        assert_eq!((code(&opened), out(&opened).to_owned(), err(&opened)), (0, VALUES.repeat(2), ""));
    }
}

#[test]
fn the_library_opens_what_the_command_sealed() {
    let folder = folder();
    let sealed = run(&folder, &[randomised("seal"), ROOT.to_vec(), ADA.to_vec()].concat(), "{\"S\":\"x\"}");
    let key = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let keys = dynaseal::AttributeKeys::new(dynaseal::AttributeRoot::from_bytes("2026", &key).unwrap());
    let item = dynaseal::ItemBinding::new(("id", &"ada".into()), None).unwrap();
    let attribute = keys.randomised("people", "email").unwrap();
    let stored = BASE64.decode(out(&sealed).trim_end()).unwrap();
    assert_eq!(attribute.open(&stored, &item), Ok("x".into()));
}

#[test]
fn a_value_opens_in_its_item_only() {
    let folder = folder();
    let ada = [ROOT, ADA].concat();
    let sealed = run(&folder, &[randomised("seal"), ada.clone()].concat(), "{\"S\":\"x\"}");
    for key in [
        vec!["--partition-key", "id={\"S\":\"bob\"}"],
        vec!["--partition-key", "pk={\"S\":\"ada\"}"],
        vec!["--partition-key", "id={\"B\":\"YWRh\"}"],
        [ADA, ["--sort-key", "n={\"N\":\"1\"}"]].concat(),
    ] {
        let opened = run(&folder, &[randomised("open"), ROOT.to_vec(), key].concat(), out(&sealed));
        let expected = "standard input:1: attribute `email` of table `people` can not be opened: authentication failed: it was \
                        changed, it belongs to another item, attribute or table, or the key of that id is another\n\
                        dynaseal: 1 value refused\n";
        assert_eq!((code(&opened), out(&opened), err(&opened)), (1, "", expected));
    }
    let other_mode = run(&folder, &[deterministic("open"), ROOT.to_vec()].concat(), out(&sealed));
    assert_eq!(code(&other_mode), 1);
    assert!(err(&other_mode).contains("it was sealed randomised and is asked for as deterministic"));
    // The same number in another spelling, and names with equal signs.
    let seal = ["--partition-key", "a=b={\"N\":\"1\"}"];
    let open = ["--partition-key", "a=b={\"N\":\"1.00\"}"];
    let sealed = run(&folder, &[randomised("seal"), ROOT.to_vec(), seal.to_vec()].concat(), "{\"S\":\"x\"}");
    let opened = run(&folder, &[randomised("open"), ROOT.to_vec(), open.to_vec()].concat(), out(&sealed));
    assert_eq!((code(&opened), out(&opened), err(&opened)), (0, "{\"S\":\"x\"}\n", ""));
}

#[test]
fn one_bad_line_does_not_stop_the_others() {
    let folder = folder();
    let open = [deterministic("open"), ROOT.to_vec()].concat();
    let sealed = run(&folder, &[deterministic("seal"), ROOT.to_vec()].concat(), VALUES);
    let sealed: Vec<_> = out(&sealed).lines().collect();
    let opened = run(&folder, &open, format!("{}\n{PASSPHRASE}!\n{}\n", sealed[0], sealed[1]));
    let expected = "standard input:2: not Base64: give each stored value on a line of its own, with its padding\n\
                    dynaseal: 1 value refused\n";
    let good = "{\"S\":\"ada@example.com\"}\n{\"N\":\"1.5\"}\n";
    assert_eq!((code(&opened), out(&opened), err(&opened)), (1, good, expected));

    let mut input = format!("{}\n\nQQ\n", sealed[0]).into_bytes();
    input.extend_from_slice(b"\xff\nAAAA\n");
    input.extend_from_slice(sealed[1].as_bytes());
    folder.write("values.txt", &input);
    let opened = run(&folder, &[open, vec!["values.txt"]].concat(), "");
    assert_eq!((code(&opened), out(&opened)), (1, good));
    let not_sealed =
        "attribute `email` of table `people` can not be opened: it is not sealed: the mark D5 5E is not there";
    let expected = format!(
        "values.txt:2: {not_sealed}\n\
         values.txt:3: not Base64: give each stored value on a line of its own, with its padding\n\
         values.txt:4: not UTF-8\n\
         values.txt:5: {not_sealed}\n\
         dynaseal: 4 values refused\n"
    );
    assert_eq!(err(&opened), expected);
}

#[test]
fn values_that_are_none_are_refused_by_line_and_not_repeated() {
    let folder = folder();
    let input = "{\"S\":\"a\"}\n\n\"s3cret\"\ns3cret\n{\"S\":\"s3cret\"},\"b\":{\"S\":\"s3cret\"}\n{\"N\":\"s3cret\"}\n{\"N\":7}\n{\"S\":\"b\"}";
    let sealed = run(&folder, &[deterministic("seal"), ROOT.to_vec()].concat(), input);
    assert_eq!((code(&sealed), out(&sealed).lines().count()), (1, 2));
    let places: Vec<_> = err(&sealed).lines().map(|line| line.split(": ").next().unwrap()).collect();
    let lines = [3, 4, 5, 6, 7].map(|line| format!("standard input:{line}"));
    assert_eq!(places[..5], lines, "{}", err(&sealed));
    assert!(err(&sealed).ends_with("\ndynaseal: 5 values refused\n") && !err(&sealed).contains("s3cret"));
    assert!(err(&sealed).contains("standard input:5: not JSON: trailing characters at column 15\n"));
    assert!(err(&sealed).contains("standard input:7: at `value`: N takes a number as a JSON string\n"));
}

#[test]
fn a_line_that_is_too_long_is_refused_alone() {
    let folder = folder();
    let arguments = insecure("text", "deterministic");
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    let mib = 1024 * 1024;
    let input = format!("\"a\"\n{}\n{}\n{}\n\"b\"\n", text(mib), text(mib + 1), text(9 * mib));
    // In a file: both pipes would be full at the same time.
    folder.write("long.txt", input);
    let sealed = run(&folder, &[arguments, vec!["long.txt"]].concat(), "");
    assert_eq!((code(&sealed), out(&sealed).lines().count()), (1, 3));
    let expected = "long.txt:3: longer than 1048576 bytes\n\
                    long.txt:4: longer than 1048576 bytes\n\
                    dynaseal: 2 values refused\n";
    assert_eq!(err(&sealed), expected);
}

#[test]
fn older_roots_open_and_unknown_ones_are_named() {
    let folder = folder();
    let old = ["--root", "2025=env:OTHER_ROOT"];
    let sealed = run(&folder, &[deterministic("seal"), old.to_vec(), ROOT.to_vec()].concat(), "{\"S\":\"x\"}");
    let stored = BASE64.decode(out(&sealed).trim_end()).unwrap();
    assert_eq!(dynaseal::ParsedAttribute::parse(&stored).unwrap().key_id(), "2025");
    let opened = run(&folder, &[deterministic("open"), ROOT.to_vec(), old.to_vec()].concat(), out(&sealed));
    assert_eq!((code(&opened), out(&opened), err(&opened)), (0, "{\"S\":\"x\"}\n", ""));
    let unknown = run(&folder, &[deterministic("open"), ROOT.to_vec()].concat(), out(&sealed));
    assert_eq!((code(&unknown), out(&unknown)), (1, ""));
    let expected = "it was sealed under the root key `2025`, which is not here: add that key for reading\n";
    assert!(err(&unknown).contains(expected), "{}", err(&unknown));
    // The right name with another key.
    let other = run(&folder, &[deterministic("open"), vec!["--root", "2025=env:ROOT"]].concat(), out(&sealed));
    assert_eq!((code(&other), out(&other)), (1, ""));
    assert!(err(&other).contains("authentication failed"));
}

#[test]
fn keys_come_from_environment_and_files_as_hex_or_base64() {
    let folder = folder();
    folder.write("key.hex", format!("{}\n", HEX.to_uppercase()));
    folder.write("key=1.b64", format!("{IN_BASE64}\n"));
    folder.write("key.bin", (0..32).collect::<Vec<u8>>());
    let sealed = run(&folder, &[deterministic("seal"), ROOT.to_vec()].concat(), "{\"S\":\"x\"}");
    for place in ["env:ROOT_BASE64", "file:key.hex", "file:key=1.b64"] {
        let root = format!("2026={place}");
        let opened = run(&folder, &[deterministic("open"), vec!["--root", &root]].concat(), out(&sealed));
        assert_eq!((code(&opened), out(&opened), err(&opened)), (0, "{\"S\":\"x\"}\n", ""), "{place}");
    }
    // Ids with equal signs.
    let root = ["--root", "a=env=file:key.hex"];
    let sealed = run(&folder, &[deterministic("seal"), root.to_vec()].concat(), "{\"S\":\"x\"}");
    assert_eq!((code(&sealed), err(&sealed)), (0, ""));
    let inspected = run(&folder, &["inspect"], out(&sealed));
    assert!(out(&inspected).contains("\"key_id\":\"a=env\""), "{}", out(&inspected));
}

#[test]
fn passphrases_become_roots() {
    let folder = folder();
    let root = ["--passphrase-root", "2026=env:PASSPHRASE", "--recipe", RECIPE];
    let sealed = run(&folder, &[deterministic("seal"), root.to_vec()].concat(), VALUES);
    assert_eq!((code(&sealed), err(&sealed)), (0, ""));
    let opened = run(&folder, &[deterministic("open"), root.to_vec()].concat(), out(&sealed));
    assert_eq!((code(&opened), out(&opened), err(&opened)), (0, VALUES, ""));
    // Beside another root, that one seals and both open.
    let both = [root.as_slice(), &["--root", "2027=env:ROOT"]].concat();
    let newer = run(&folder, &[deterministic("seal"), both.clone()].concat(), "{\"S\":\"x\"}");
    let opened = run(&folder, &[deterministic("open"), both].concat(), format!("{}{}", out(&newer), out(&sealed)));
    assert_eq!((code(&opened), out(&opened).lines().count()), (0, 7));
    let only = run(&folder, &[deterministic("open"), vec!["--root", "2027=env:ROOT"]].concat(), out(&newer));
    assert_eq!(out(&only), "{\"S\":\"x\"}\n");

    let recipes = [(); 2].map(|()| {
        let recipe = run(&folder, &["recipe"], "");
        assert_eq!((code(&recipe), err(&recipe)), (0, ""));
        out(&recipe).trim_end().to_owned()
    });
    assert_ne!(recipes[0], recipes[1]);
    for recipe in recipes {
        assert_eq!(recipe.parse::<dynaseal::PassphraseRecipe>().unwrap().to_string(), recipe);
    }
}

#[test]
fn wrong_settings_are_told_before_anything_is_read_and_show_no_key() {
    let folder = folder();
    let with = |more: &[&'static str]| [deterministic("open"), more.to_vec()].concat();
    let randomised = |more: &[&'static str]| [randomised("open"), ROOT.to_vec(), more.to_vec()].concat();
    folder.write("short.hex", "00010203");
    folder.write("raw.bin", (0..32).collect::<Vec<u8>>());
    let key_in_argument: &'static str = "2026=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let malformed_root = "--root: give an id, `=`, and `env:` with the name of a variable or `file:`";
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (with(&[]), "--format dynaseal needs --root or --passphrase-root"),
        (vec!["open", "--mode", "deterministic", "--table", "t"], "--format dynaseal needs --attribute"),
        (vec!["open", "--mode", "deterministic", "--attribute", "a"], "--format dynaseal needs --table"),
        (with(&["--root", key_in_argument]), malformed_root),
        (with(&["--root", HEX]), malformed_root),
        (
            with(&["--root", "2026=env:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"]),
            "--root 2026: the environment variable that it names is not set, or is no text",
        ),
        (
            with(&["--root", "2026=env:PASSPHRASE"]),
            "--root 2026: the environment variable PASSPHRASE holds no key of 32 bytes",
        ),
        (with(&["--root", "2026=file:short.hex"]), "--root 2026: the key file short.hex holds no key of 32 bytes"),
        (with(&["--root", "2026=file:raw.bin"]), "--root 2026: the key file raw.bin holds no key of 32 bytes"),
        (with(&["--root", "2026=file:none"]), "--root 2026: the key file none cannot be read: "),
        (with(&["--root", "=env:ROOT"]), "--root: a key id must have 1 to 64 bytes"),
        (
            with(&["--root", "a=env:ROOT", "--root", "a=env:OTHER_ROOT"]),
            "--root: there is a root key `a` already: each has an id of its own",
        ),
        (
            with(&["--passphrase-root", "a=env:correct horse battery staple", "--recipe", RECIPE]),
            "--passphrase-root a: the environment variable that it names is not set, or is no text",
        ),
        (
            with(&["--passphrase-root", "a=correct horse battery staple", "--recipe", RECIPE]),
            "--passphrase-root: give an id, `=env:`, and the name of the environment variable",
        ),
        (
            with(&["--passphrase-root", "a=file:raw.bin", "--recipe", RECIPE]),
            "--passphrase-root: give an id, `=env:`, and the name of the environment variable",
        ),
        (
            with(&["--passphrase-root", "a=env:PASSPHRASE", "--recipe", "$argon2i$"]),
            "--recipe: not a recipe of the form",
        ),
        (randomised(&[]), "--mode randomised needs --partition-key"),
        (randomised(&["--partition-key", "id"]), "--partition-key: give the name of the key attribute"),
        (randomised(&["--partition-key", "={\"S\":\"a\"}"]), "--partition-key: give the name of the key attribute"),
        (randomised(&["--partition-key", "id={\"S\":1}"]), "--partition-key: at `value`: S takes a JSON string"),
        (randomised(&[ADA[0], ADA[1], "--sort-key", "n={\"N\":\"x\"}"]), "by its key attribute `n`: "),
        (
            randomised(&["--partition-key", "id={\"BOOL\":true}"]),
            "by its key attribute `id`: a primary key is of type S, N or B, not BOOL",
        ),
        (with(&[ROOT[0], ROOT[1], ADA[0], ADA[1]]), "--partition-key makes no sense with --mode deterministic"),
        (with(&[ROOT[0], ROOT[1], "--type", "text"]), "--type makes no sense with --format dynaseal"),
        (
            [deterministic("seal"), ROOT.to_vec(), vec!["--danger-insecure"]].concat(),
            "--danger-insecure makes no sense with --format dynaseal",
        ),
        (
            [pynamodb("open", "text", "deterministic"), vec!["--table", "people"]].concat(),
            "--table makes no sense with --format pynamodb-mate",
        ),
        (
            vec!["open", "--format", "pynamodb-mate", "--mode", "randomised", "--type", "text"],
            "--format pynamodb-mate needs --passphrase-env",
        ),
        (
            vec!["open", "--format", "pynamodb-mate", "--mode", "randomised", "--passphrase-env", "PASSPHRASE"],
            "--format pynamodb-mate needs --type",
        ),
        (
            [&pynamodb("open", "text", "randomised")[..7], &["--passphrase-env", PASSPHRASE]].concat(),
            "--passphrase-env: the environment variable that it names is not set, or is no text",
        ),
        (pynamodb("seal", "text", "randomised"), "--format pynamodb-mate is insecure"),
        ([with(&ROOT), vec!["none.txt"]].concat(), "none.txt cannot be read: "),
    ];
    for (arguments, message) in cases {
        let output = run(&folder, &arguments, "AAAA\n");
        assert_eq!((code(&output), out(&output)), (2, ""), "{message}");
        assert!(
            err(&output).starts_with("dynaseal: ") && err(&output).contains(message),
            "{message}: {}",
            err(&output)
        );
    }
    // What clap refuses.
    for arguments in [
        with(&["--passphrase-root", "a=env:PASSPHRASE"]),
        with(&["--root", "a=env:ROOT", "--recipe", RECIPE]),
        randomised(&["--sort-key", "n={\"N\":\"1\"}"]),
        vec!["open", "--format", "pynamodb-mate", "--type", "text", "--passphrase-env", "PASSPHRASE"],
        [pynamodb("open", "text", "randomised"), vec!["--danger-insecure"]].concat(),
        pynamodb("open", "unicode", "randomised"),
        vec!["recipe", "x"],
    ] {
        let output = run(&folder, &arguments, "");
        assert_eq!((code(&output), out(&output)), (2, ""), "{arguments:?}");
    }
}

#[test]
fn inspect_shows_what_everybody_sees() {
    let folder = folder();
    let ada = [ROOT, ADA].concat();
    let random = run(&folder, &[randomised("seal"), ada].concat(), "{\"S\":\"s3cret\"}");
    let equal = run(&folder, &[deterministic("seal"), ROOT.to_vec()].concat(), "{\"NS\":[\"1\",\"2\"]}");
    let inspected = run(&folder, &["inspect"], format!("{}AAAA\n{}", out(&random), out(&equal)));
    assert_eq!(code(&inspected), 1);
    let expected = "standard input:2: it is not sealed: the mark D5 5E is not there\ndynaseal: 1 value refused\n";
    assert_eq!(err(&inspected), expected);
    golden("attribute-inspect.json", out(&inspected));
}

#[test]
fn pynamodb_mate_opens_what_it_sealed() {
    let folder = folder();
    let cases = [
        ("text", "\"a\\u00e9\\n\\\"\"\n\"\"\n\"NaN\"\n"),
        ("binary", "\"AAEC\"\n\"\"\n"),
        ("number", "7\n-0.0\n1e+16\n10000000000000000000000000000000000000001\n\"NaN\"\n\"-Infinity\"\ntrue\nnull\n"),
        ("json", "{\"b\": 1, \"a\": [\"NaN\", 2.5, null]}\n\"x\"\n18446744073709551617\n"),
    ];
    for (kind, values) in cases {
        for mode in ["deterministic", "randomised"] {
            let sealed = run(&folder, &insecure(kind, mode), values);
            assert_eq!((code(&sealed), err(&sealed)), (0, ""));
            let opened = run(&folder, &pynamodb("open", kind, mode), out(&sealed));
            assert_eq!((code(&opened), out(&opened), err(&opened)), (0, values, ""));
        }
    }
    let sealed = run(&folder, &insecure("json", "randomised"), "{\"b\":[NaN,{\"c\":-Infinity}],\"a\":Infinity}\n");
    let opened = run(&folder, &pynamodb("open", "json", "randomised"), out(&sealed));
    assert_eq!(out(&opened), "{\"b\": [\"NaN\", {\"c\": \"-Infinity\"}], \"a\": \"Infinity\"}\n");
}

#[test]
fn pynamodb_mate_refuses_values_of_other_types_without_repeating_them() {
    let folder = folder();
    let cases = [
        ("text", "7", "--type text takes a JSON string"),
        ("text", "s3cret", "JSON, byte 0: "),
        ("binary", "\"s3cret!\"", "--type binary takes Base64 in a JSON string"),
        ("binary", "7", "--type binary takes Base64 in a JSON string"),
        (
            "number",
            "\"s3cret\"",
            "--type number takes a JSON number, or one of \"NaN\", \"Infinity\" and \"-Infinity\"",
        ),
        ("number", "[1]", "--type number takes a JSON number"),
        ("json", "{\"s3cret\"}", "JSON, byte 9: "),
        ("json", "1 2", "JSON, byte 2: "),
    ];
    for (kind, line, message) in cases {
        let sealed = run(&folder, &insecure(kind, "deterministic"), format!("{line}\n"));
        assert_eq!((code(&sealed), out(&sealed)), (1, ""));
        assert!(err(&sealed).starts_with(&format!("standard input:1: {message}")), "{}", err(&sealed));
        assert!(!err(&sealed).contains("s3cret"));
    }
    // Deeper than Python reads, and as deep as it does.
    let nested = |depth| format!("{}{}\n", "[".repeat(depth), "]".repeat(depth));
    let sealed = run(&folder, &insecure("json", "randomised"), format!("{}{}", nested(1001), nested(1000)));
    assert_eq!((code(&sealed), out(&sealed).lines().count()), (1, 1));
    let opened = run(&folder, &pynamodb("open", "json", "randomised"), out(&sealed));
    assert_eq!((code(&opened), out(&opened)), (0, nested(1000).as_str()));
    let nested = |inner: &str| format!("{}{inner}{}\n", "[".repeat(1000), "]".repeat(1000));
    let sealed = run(&folder, &insecure("json", "randomised"), nested("NaN"));
    let opened = run(&folder, &pynamodb("open", "json", "randomised"), out(&sealed));
    assert_eq!((code(&opened), out(&opened)), (0, nested("\"NaN\"").as_str()));
}

/// The cases by passphrase, type and mode, so that those of one go through one call.
type Groups = BTreeMap<(String, String, &'static str), Vec<Value>>;

fn groups(family: &str) -> Option<Groups> {
    let mut groups = Groups::new();
    for case in vectors::read("pynamodb_mate/vectors.json")?[family].as_array().unwrap() {
        let kind = match case["type"].as_str().unwrap() {
            "unicode" => "text",
            other => other,
        };
        let mode = if case["determinative"].as_bool().unwrap() { "deterministic" } else { "randomised" };
        let passphrase = case["key"].as_str().unwrap().to_owned();
        groups.entry((passphrase, kind.to_owned(), mode)).or_default().push(case.clone());
    }
    Some(groups)
}

fn stored(case: &Value) -> String {
    BASE64.encode(base16ct::lower::decode_vec(case["stored_hex"].as_str().unwrap()).unwrap())
}

/// The line that has to come out, made from what Python wrote and not by this library.
fn expected(case: &Value, kind: &str) -> String {
    let plaintext = base16ct::lower::decode_vec(case["plaintext_hex"].as_str().unwrap()).unwrap();
    match kind {
        "binary" => format!("\"{}\"", BASE64.encode(plaintext)),
        "text" => case["value"].to_string(),
        _ => match String::from_utf8(plaintext).unwrap() {
            text if ["NaN", "Infinity", "-Infinity"].contains(&&*text) => format!("\"{text}\""),
            text => text,
        },
    }
}

#[test]
fn stored_values_of_pynamodb_mate_open() {
    let Some(groups) = groups("vectors") else { return };
    let folder = folder();
    let mut opened_values = 0;
    for ((passphrase, kind, mode), cases) in groups {
        let env = [("PASSPHRASE", passphrase.as_str())];
        let run = |arguments: &[&str], input: &str| {
            let output = folder.run_with(&env, &[&["attribute"], arguments].concat(), input);
            assert_eq!((code(&output), err(&output)), (0, ""));
            output
        };
        let input: String = cases.iter().map(|case| stored(case) + "\n").collect();
        let opened = run(&pynamodb("open", &kind, mode), &input);
        assert_eq!(out(&opened).lines().count(), cases.len());
        for (line, case) in out(&opened).lines().zip(&cases) {
            let expected = expected(case, &kind);
            if kind == "text" {
                let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
                assert_eq!(read(line), read(&expected), "{case}");
            } else {
                assert_eq!(line, expected, "{case}");
            }
            opened_values += 1;
        }
        // What came out seals to what is stored; under other nonces, to what opens again.
        let sealed = run(&insecure(&kind, mode), out(&opened));
        match mode {
            "deterministic" => assert_eq!(out(&sealed), input),
            _ => {
                assert!(out(&sealed).lines().zip(input.lines()).all(|(sealed, stored)| sealed != stored));
                assert_eq!(out(&run(&pynamodb("open", &kind, mode), out(&sealed))), out(&opened));
            }
        }
    }
    assert_eq!(opened_values, 62);
}

#[test]
fn stored_bytes_that_python_refuses_are_refused() {
    let Some(groups) = groups("decoder_edge_cases") else { return };
    let folder = folder();
    let (mut opened, mut refused) = (0, 0);
    for ((passphrase, kind, mode), cases) in groups {
        let env = [("PASSPHRASE", passphrase.as_str())];
        let run = |arguments: &[&str], input: &str| folder.run_with(&env, &[&["attribute"], arguments].concat(), input);
        // Each stands between two values that open.
        let value = if kind == "text" { "\"good\"\n" } else { "1\n" };
        let good = run(&insecure(&kind, mode), value);
        let input: String = cases.iter().map(|case| stored(case) + "\n" + out(&good)).collect();
        let output = run(&pynamodb("open", &kind, mode), &format!("{}{input}", out(&good)));

        let mut lines = value.to_owned();
        let mut places = Vec::new();
        for (line, case) in (2..).step_by(2).zip(&cases) {
            match case["python_result"].as_str().unwrap().strip_prefix("RETURNS ") {
                Some(text) => lines += &format!("{text}\n"),
                None => places.push(format!("standard input:{line}")),
            }
            lines += value;
        }
        assert_eq!((code(&output), out(&output)), (i32::from(!places.is_empty()), lines.as_str()));
        let mut complaints: Vec<_> = err(&output).lines().collect();
        let note = complaints.pop().map(str::to_owned);
        let values = if places.len() == 1 { "value" } else { "values" };
        assert_eq!(note, (!places.is_empty()).then(|| format!("dynaseal: {} {values} refused", places.len())));
        let complained: Vec<_> = complaints.iter().map(|line| line.split(": ").next().unwrap()).collect();
        assert_eq!(complained, places, "{}", err(&output));
        opened += cases.len() - places.len();
        refused += places.len();
    }
    assert_eq!((opened, refused), (2, 6));
}

#[test]
fn help_explains_itself() {
    let folder = folder();
    for (arguments, name) in [
        (["--help"].as_slice(), "help-attribute.txt"),
        (&["open", "--help"], "help-attribute-open.txt"),
        (&["seal", "--help"], "help-attribute-seal.txt"),
        (&["inspect", "--help"], "help-attribute-inspect.txt"),
    ] {
        let help = run(&folder, arguments, "");
        assert_eq!(code(&help), 0);
        golden(name, out(&help));
    }
}
