//! What table.toml says of caches and time limits, told by the calls that AWS KMS gets.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::thread::sleep;
use std::time::{Duration, Instant};

use common::fake_kms::{ENV, FakeKms, KEY};
use common::{Folder, OPEN, SEAL, code, err, out, table};

fn item(key: &str) -> String {
    format!("{{\"pk\":{{\"S\":\"{key}\"}},\"secret\":{{\"S\":\"influenza\"}}}}")
}

/// Asks for each item in turn and gives the answers, which are no errors.
fn ask(folder: &Folder, command: &[&str], lines: &[&str]) -> Vec<String> {
    let mut talk = folder.talk(&ENV, command);
    let answers = lines.iter().map(|line| talk.ask(line)).collect();
    let ended = talk.end();
    assert_eq!((code(&ended), err(&ended)), (0, ""));
    answers
}

fn count(calls: &[String], operation: &str) -> usize {
    calls.iter().filter(|call| *call == operation).count()
}

fn kms_keyring(kms: &FakeKms, more: &str) -> String {
    format!("type = \"aws-kms\"\nkey_id = \"{KEY}\"\nendpoint_url = \"{}\"\n{more}\n", kms.url())
}

#[test]
fn materials_are_used_again_only_within_the_limits_of_materials_cache() {
    let (kms, folder) = (FakeKms::new(), Folder::new(""));
    let (a, b) = (item("a"), item("b"));
    let write = |cache: &str| folder.write("table.toml", table(&kms_keyring(&kms, cache)));
    let cache = |more: &str| format!("[materials_cache]\ncapacity = 2\nmax_age_seconds = 600\n{more}");
    for (cache, items, calls) in [
        (String::new(), vec![&a, &a], 2),
        (cache(""), vec![&a, &a, &b, &a], 2),
        (cache("max_messages = 1"), vec![&a, &a], 2),
        (cache("max_messages = 2"), vec![&a, &a, &a], 2),
        (cache("max_bytes = 1"), vec![&a, &a], 2),
        (cache("max_bytes = 100000"), vec![&a, &a], 1),
        (cache("").replace('2', "1"), vec![&a, &b, &a], 3),
    ] {
        write(&cache);
        kms.calls();
        let items: Vec<&str> = items.into_iter().map(String::as_str).collect();
        let sealed = ask(&folder, &SEAL, &items);
        assert_eq!(count(&kms.calls(), "GenerateDataKey"), calls, "{cache}");
        // Whatever was used again, each opens.
        write("");
        let opened = folder.run_with(&ENV, &OPEN, sealed.concat());
        let expected: Vec<String> = items.iter().map(|item| format!("{item}\n")).collect();
        assert_eq!((code(&opened), out(&opened)), (0, &*expected.concat()), "{}", err(&opened));
    }

    write("");
    let sealed = ask(&folder, &SEAL, &[&a]).concat();
    for (cache, calls) in [("", 2), (&*cache(""), 1)] {
        write(cache);
        kms.calls();
        ask(&folder, &OPEN, &[&sealed, &sealed]);
        assert_eq!(count(&kms.calls(), "Decrypt"), calls, "{cache}");
    }

    write(&cache("").replace("600", "1"));
    kms.calls();
    let mut talk = folder.talk(&ENV, &SEAL);
    talk.ask(&a);
    sleep(Duration::from_millis(1100));
    talk.ask(&a);
    assert_eq!(code(&talk.end()), 0);
    assert_eq!(count(&kms.calls(), "GenerateDataKey"), 2, "they are too old");
}

#[test]
fn a_call_to_aws_kms_ends_when_table_toml_says() {
    let (kms, folder) = (FakeKms::new(), Folder::new(""));
    kms.delay(Duration::from_secs(4));
    let regions = format!(
        "type = \"aws-kms-discovery-multi\"\nregions = [\"us-east-1\"]\nendpoint_url = \"{}\"\ntimeout_seconds = 1",
        kms.url()
    );
    folder.write("table.toml", table(&kms_keyring(&kms, "timeout_seconds = 1")));
    let sealed = folder.run_with(&ENV, &SEAL, item("a"));
    assert_eq!(code(&sealed), 1, "{}", err(&sealed));
    assert!(err(&sealed).contains("no answer in time (1 s)"), "{}", err(&sealed));
    // Slower than that, and within the usual time.
    folder.write("table.toml", table(&kms_keyring(&kms, "")));
    let sealed = folder.run_with(&ENV, &SEAL, item("a"));
    assert_eq!(code(&sealed), 0, "{}", err(&sealed));
    folder.write("table.toml", table(&regions));
    let opened = folder.run_with(&ENV, &OPEN, out(&sealed));
    assert_eq!(code(&opened), 1);
    assert!(err(&opened).contains("no answer in time (1 s)"), "{}", err(&opened));
}

/// A key store with the branch keys `key-a` and `key-b`, and the keyring over it for items `a` and `b`.
struct Store {
    kms: FakeKms,
    folder: Folder,
}

impl Store {
    fn new() -> Self {
        let (kms, folder) = (FakeKms::new(), Folder::new(""));
        let made = folder.run(&["keystore", "create-table", "--table", "keys", "--db", "keys.db"], "");
        assert_eq!(code(&made), 0, "{}", err(&made));
        for id in ["key-a", "key-b"] {
            let command = ["keystore", "create-key", "--table", "keys", "--db", "keys.db", "--kms-key-arn", KEY];
            let more = ["--kms-endpoint-url", &kms.url(), "--id", id, "--context", "tenant=one"];
            let made = folder.run_with(&ENV, &[command.as_slice(), &more].concat(), "");
            assert_eq!(code(&made), 0, "{}", err(&made));
        }
        Self { kms, folder }
    }

    /// With these fields of the keyring, and of the key store.
    fn write(&self, cache: &str, store: &str) {
        let keyring = format!(
            "type = \"hierarchical\"\n{cache}\n[keyring.branch_key_ids]\nattribute = \"pk\"\n\
             values = {{ a = \"key-a\", b = \"key-b\" }}\n[keyring.key_store]\ntype = \"dynamodb\"\ntable_name = \"keys\"\n\
             kms_key_arn = \"{KEY}\"\ndb = \"keys.db\"\nkms_endpoint_url = \"{}\"\n{store}",
            self.kms.url()
        );
        self.folder.write("table.toml", table(&keyring));
        self.kms.calls();
    }

    /// The items `a` and `b`, sealed, in a line each.
    fn sealed(&self) -> String {
        self.write("cache = \"none\"", "");
        ask(&self.folder, &SEAL, &[&item("a"), &item("b")]).concat()
    }
}

#[test]
fn branch_keys_are_kept_as_long_and_as_many_as_table_toml_says() {
    let store = Store::new();
    let (a, b) = (item("a"), item("b"));
    for (cache, calls) in [
        ("", 2),
        ("cache_capacity = 1", 4),
        ("cache = \"local\"", 2),
        ("cache = \"local\"\ncache_capacity = 1", 4),
        ("cache = \"none\"", 4),
    ] {
        store.write(cache, "");
        ask(&store.folder, &SEAL, &[&a, &b, &a, &b]);
        assert_eq!(count(&store.kms.calls(), "Decrypt"), calls, "{cache}");
    }
}

/// A key in its grace period is used, and fetched again in the background: not more often than the interval says.
#[test]
fn the_grace_period_and_its_interval_are_those_of_table_toml() {
    let store = Store::new();
    let sealed = store.sealed();
    let a = sealed.lines().next().unwrap();
    let (grace, interval) = ("ttl_seconds = 600\ngrace_period_seconds = 599", "grace_interval_seconds = 500");
    for (cache, calls) in
        [("ttl_seconds = 600".to_owned(), 1), (grace.to_owned(), 3), (format!("{grace}\n{interval}"), 2)]
    {
        store.write(&cache, "");
        let mut talk = store.folder.talk(&ENV, &OPEN);
        talk.ask(a);
        // The old key is good all the while.
        store.kms.deny(true);
        for wanted in 2..=3 {
            sleep(Duration::from_millis(1100));
            talk.ask(a);
            if wanted <= calls {
                store.kms.wait_for(wanted);
            }
        }
        // Time for one that should not be.
        sleep(Duration::from_millis(700));
        assert_eq!(code(&talk.end()), 0);
        assert_eq!(store.kms.calls().len(), calls, "{cache}");
        store.kms.deny(false);
    }
    // None of it at all is possible, and then a key may live as briefly as one likes.
    store.write("ttl_seconds = 5\ngrace_period_seconds = 0", "");
    ask(&store.folder, &OPEN, &[a, a]);
    assert_eq!(store.kms.calls().len(), 1);
}

#[test]
fn as_many_keys_are_fetched_at_once_and_for_as_long_as_table_toml_says() {
    let store = Store::new();
    let sealed = store.sealed();
    store.kms.delay(Duration::from_secs(2));
    for (cache, at_once) in [("", 2), ("fan_out = 1", 1)] {
        store.write(cache, "");
        store.kms.most_at_once();
        let opened = store.folder.run_with(&ENV, &OPEN, &sealed);
        assert_eq!((code(&opened), err(&opened)), (0, ""), "{cache}");
        assert_eq!(store.kms.most_at_once(), at_once, "{cache}");
    }
    let one = sealed.lines().next().unwrap();
    for (cache, key_store, text) in [
        ("in_flight_ttl_seconds = 1", "", "no answer from the key store and AWS KMS in 1s"),
        ("cache = \"none\"", "kms_timeout_seconds = 1", "no answer in time (1 s)"),
    ] {
        store.write(cache, key_store);
        let start = Instant::now();
        let opened = store.folder.run_with(&ENV, &OPEN, one);
        assert_eq!(code(&opened), 1);
        assert!(err(&opened).contains(text), "{}", err(&opened));
        assert!(start.elapsed() < Duration::from_secs(20), "no other limit was waited for");
    }
}

/// Searching has a cache of its own, with the same fields.
#[test]
fn the_cache_of_search_takes_the_same_fields() {
    let store = Store::new();
    let search = |cache: &str| {
        format!(
            "[search]\nkey_field = \"tenant\"\n{cache}\n[[search.standard_beacons]]\nname = \"secret\"\nlength = 8\n"
        )
    };
    let with_tenant = |key: &str| item(key).replace("}}", &format!("}},\"tenant\":{{\"S\":\"key-{key}\"}}}}"));
    let (a, b) = (with_tenant("a"), with_tenant("b"));
    for (cache, calls) in [("", 2), ("cache_capacity = 1\ngrace_period_seconds = 5\nttl_seconds = 6", 4)] {
        store.write("", &search(cache));
        let text = std::fs::read_to_string(store.folder.0.path().join("table.toml")).unwrap();
        store.folder.write("table.toml", text.replace("[actions]\n", "[actions]\ntenant = \"SIGN_ONLY\"\n"));
        ask(&store.folder, &SEAL, &[&a, &b, &a, &b]);
        // The branch key of each once, which the keyring keeps.
        assert_eq!(count(&store.kms.calls(), "Decrypt"), 2 + calls, "{cache}");
    }
}
