//! Python itself: what it writes and reads, this crate has to write and read. Only its standard library is needed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use common::{float, integer, json};
use dynaseal_legacy::pynamodb_mate::{Integer, Json, Key, Kind, Mode, Number, Value};
use dynaseal_testkit::ScriptedRandom;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

/// Answers every line, an operation and hexadecimal bytes, with one line: hexadecimal bytes, or a word.
const PROGRAM: &str = r#"
import base64, json, struct, sys
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)

def float_of_bits(data):
    return json.dumps(struct.unpack(">d", data)[0]).encode("ascii")

def dumps(data):
    value = json.loads(data.decode("utf-8"))
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return b"surrogate"
    return json.dumps(value).encode("ascii")

def respell(data):
    value = json.loads(data.decode("utf-8"))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), indent=len(data) % 3).encode("utf-8")

def float_of_integer(data):
    return json.dumps(float(int(data))).encode("ascii")

operations = {
    "float": float_of_bits, "dumps": dumps, "respell": respell, "integer": float_of_integer,
    "b85encode": base64.b85encode, "b85decode": lambda data: base64.b85decode(data.decode("utf-8")),
}
answers = []
for line in sys.stdin.buffer.read().decode("ascii").split("\n")[:-1]:
    operation, data = line.split(" ")
    try:
        answers.append("=" + operations[operation](bytes.fromhex(data)).hex())
    except (ValueError, OverflowError):
        answers.append("error")
sys.stdout.write("\n".join(answers))
"#;

/// What Python answers to each of the questions, or `None` if there is no Python. Refused is `None` as well.
fn ask(questions: &[(&str, Vec<u8>)]) -> Option<Vec<Option<Vec<u8>>>> {
    let mut command = Command::new("python3");
    command.args(["-I", "-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = match command.spawn() {
        Ok(python) => python,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "python3 is missing: {error}");
            // Not with `eprintln!`, which a test that passes does not show.
            let _ = writeln!(std::io::stderr(), "skipped: python3 is missing ({error})");
            return None;
        }
    };
    let mut text = String::new();
    for (operation, data) in questions {
        writeln!(text, "{operation} {}", hex(data)).unwrap();
    }
    // Python reads all of it before it answers, so neither waits for the other.
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<_> = answers.split('\n').map(|answer| answer.strip_prefix('=').map(unhex)).collect();
    assert_eq!(answers.len(), questions.len());
    Some(answers)
}

fn ask_texts(operation: &str, texts: &[String]) -> Option<Vec<Option<String>>> {
    let questions: Vec<_> = texts.iter().map(|text| (operation, text.clone().into_bytes())).collect();
    let answers = ask(&questions)?;
    Some(answers.into_iter().map(|answer| answer.map(|bytes| String::from_utf8(bytes).unwrap())).collect())
}

#[test]
fn floats_are_written_alike() {
    let powers_of_two = (0..2047_u64).map(|exponent| f64::from_bits(exponent << 52));
    let mut floats: Vec<f64> = powers_of_two.flat_map(|float| [float, -float.next_down(), float.next_up()]).collect();
    floats.extend(samples(&float(), 30_000));
    let questions: Vec<_> = floats.iter().map(|float| ("float", float.to_bits().to_be_bytes().to_vec())).collect();
    let Some(answers) = ask(&questions) else { return };
    for (float, answer) in floats.iter().zip(answers) {
        let expected = String::from_utf8(answer.unwrap()).unwrap();
        assert_eq!(Number::from(*float).to_string(), expected);
        assert_eq!(expected.parse(), Ok(Json::from(*float)));
    }
    println!("{} floats", floats.len());
}

#[test]
fn integers_become_the_same_floats() {
    let mut integers: Vec<Integer> = samples(&integer(), 5000);
    integers.extend((300..=320).map(|digits| "7".repeat(digits).parse::<Integer>().unwrap()));
    let texts: Vec<_> = integers.iter().map(Integer::to_string).collect();
    let Some(answers) = ask_texts("integer", &texts) else { return };
    for (integer, answer) in integers.into_iter().zip(answers) {
        let float = Number::Int(integer).to_f64();
        assert_eq!(float.map(|float| Number::from(float).to_string()), answer);
    }
}

#[test]
fn every_character_is_written_alike() {
    let all: Vec<char> = (char::MIN..=char::MAX).collect();
    let texts: Vec<Json> = all.chunks(1000).map(|chunk| Json::from(String::from_iter(chunk))).collect();
    let written: Vec<String> = texts.iter().map(Json::to_string).collect();
    let Some(answers) = ask_texts("dumps", &written) else { return };
    let Some(respelled) = ask_texts("respell", &written) else { return };
    for (((json, written), answer), respelled) in texts.iter().zip(&written).zip(answers).zip(respelled) {
        assert_eq!(answer.as_ref(), Some(written));
        assert_eq!(respelled.unwrap().parse().as_ref(), Ok(json));
    }
}

#[test]
fn trees_are_written_and_read_alike() {
    let trees = samples(&json(), 5000);
    let written: Vec<String> = trees.iter().map(Json::to_string).collect();
    let Some(answers) = ask_texts("dumps", &written) else { return };
    let Some(respelled) = ask_texts("respell", &written) else { return };
    for (((tree, written), answer), respelled) in trees.iter().zip(&written).zip(answers).zip(respelled) {
        assert_eq!(answer.as_ref(), Some(written));
        assert_eq!(respelled.unwrap().parse().as_ref(), Ok(tree));
    }
    let size: usize = written.iter().map(String::len).sum();
    println!("{} trees, {size} bytes", trees.len());
}

#[test]
fn broken_texts_are_refused_alike() {
    let pieces = prop::sample::select(vec![
        "",
        " ",
        "\t",
        "\u{b}",
        "\u{a0}",
        "\u{feff}",
        "\n",
        "\0",
        "\u{7f}",
        "\"",
        "\\",
        "/",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "-",
        "+",
        ".",
        "e",
        "E",
        "0",
        "00",
        "1",
        "9",
        "NaN",
        "Infinity",
        "-Infinity",
        "null",
        "true",
        "nul",
        "\\u00e9",
        "\\ud83d",
        "\\udd10",
        "\\u",
        "\\uD83D\\uDD10",
        "é",
        "١",
        "{\"a\":1,\"a\":2}",
        "1e999",
        "1E-5",
        "-0",
        "'",
    ]);
    let changed = (json(), prop::collection::vec((any::<prop::sample::Index>(), 0..3_usize, pieces), 1..3)).prop_map(
        |(json, changes)| {
            let mut text: Vec<char> = json.to_string().chars().collect();
            for (at, removed, piece) in changes {
                let start = at.index(text.len() + 1);
                let end = (start + removed).min(text.len());
                text.splice(start..end, piece.chars());
            }
            String::from_iter(text)
        },
    );
    let texts = samples(&changed, 8000);
    let Some(answers) = ask_texts("dumps", &texts) else { return };
    let (mut read, mut refused, mut surrogates) = (0, 0, 0);
    for (text, answer) in texts.iter().zip(answers) {
        match (text.parse::<Json>(), answer.as_deref()) {
            (Err(_), None) => refused += 1,
            (Err(error), Some("surrogate")) => {
                assert!(error.to_string().ends_with("half a surrogate pair"), "{text}: {error}");
                surrogates += 1;
            }
            (Ok(json), Some(expected)) => {
                assert_eq!(json.to_string(), expected, "{text}");
                read += 1;
            }
            (ours, python) => panic!("{text:?}: {ours:?}, Python {python:?}"),
        }
    }
    println!("{read} read, {refused} refused, {surrogates} with half a surrogate pair");
    assert!(read > 500 && refused > 1000 && surrogates > 50);
}

#[test]
fn base85_is_written_and_read_alike() {
    let key = Key::from_passphrase("base85");
    let nonce = vec![1, 2, 3, 4, 5, 6, 7, 8];
    let seal = |bytes: Vec<u8>| {
        let random = ScriptedRandom::new([nonce.clone()]);
        key.insecure_seal(Mode::Randomised, &Value::Binary(bytes), &random).unwrap()
    };
    let open = |stored: &[u8]| match key.open(Kind::Binary, Mode::Randomised, stored) {
        Ok(Value::Binary(bytes)) => Some(bytes),
        Ok(other) => panic!("{other:?}"),
        Err(_) => None,
    };
    let envelope = |nonce: &str, token: &str| format!(r#"{{"nonce": "{nonce}", "token": "{token}"}}"#);
    let Some(nonce_digits) = ask(&[("b85encode", nonce.clone())]) else { return };
    let nonce_digits = String::from_utf8(nonce_digits[0].clone().unwrap()).unwrap();
    // Sealed zeros give the keystream, so that what is decrypted can be turned back into what was decoded.
    let xor = |a: &[u8], b: &[u8]| -> Vec<u8> { a.iter().zip(b).map(|(a, b)| a ^ b).collect() };
    let keystream = open(envelope(&nonce_digits, &"0".repeat(125)).as_bytes()).unwrap();
    assert_eq!(keystream.len(), 100);

    let tokens = samples(&prop::collection::vec(any::<u8>(), 0..100), 3000);
    let questions: Vec<_> = tokens.iter().map(|token| ("b85encode", token.clone())).collect();
    for (token, answer) in tokens.iter().zip(ask(&questions).unwrap()) {
        let digits = String::from_utf8(answer.unwrap()).unwrap();
        assert_eq!(seal(xor(token, &keystream)), envelope(&nonce_digits, &digits).into_bytes());
    }

    let texts: Vec<String> = samples(&"[0-9A-Za-z!#$%&()*+;<=>?@^_`{|}~-]{0,14}|[ -!#-\\[\\]-~]{0,9}", 8000);
    let questions: Vec<_> = texts.iter().map(|text| ("b85decode", text.clone().into_bytes())).collect();
    let (mut read, mut refused) = (0, 0);
    for (text, answer) in texts.iter().zip(ask(&questions).unwrap()) {
        let decoded = open(envelope(&nonce_digits, text).as_bytes()).map(|opened| xor(&opened, &keystream));
        assert_eq!(decoded, answer, "{text}");
        if answer.is_some() { read += 1 } else { refused += 1 }
    }
    println!("{} tokens written, {read} read, {refused} refused", tokens.len());
    assert!(read > 1000 && refused > 1000);
}

fn samples<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

fn hex(bytes: &[u8]) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap());
    bytes.iter().flat_map(digits).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
