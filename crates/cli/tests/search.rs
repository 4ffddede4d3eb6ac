//! Searchable tables: `[search]` in table.toml, `explain`, `beacons show`, and what the other commands make of it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::process::Output;

use common::{Folder, KEY, OPEN, SEAL, code, err, golden, out};

/// A beacon key as table.toml has it, and as a message could show it.
const BEACON_KEY: &str = "{ hex = \"202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\" }";
const BEACON_HEX: &str = "20212223";

const START: &str = r#"logical_table_name = "people"
partition_key = "pk"
algorithm_suite = "hmac-only"
[actions]
name = "ENCRYPT_AND_SIGN"
city = "ENCRYPT_AND_SIGN"
tags = "ENCRYPT_AND_SIGN"
note = "ENCRYPT_AND_SIGN"
ward = "SIGN_ONLY"
[keyring]
type = "raw-aes"
namespace = "ns"
name = "key-1"
key = { hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" }
"#;

const BEACONS: &str = r#"[[search.standard_beacons]]
name = "name"
length = 12
[[search.standard_beacons]]
name = "city"
length = 4
partitions = 1
[[search.standard_beacons]]
name = "tags"
length = 8
style = "as-set"
[[search.standard_beacons]]
name = "initial"
length = 6
[[search.compound_beacons]]
name = "where"
split = "."
signed = [{ name = "ward", prefix = "W-" }]
encrypted = [{ name = "city", prefix = "C-" }]
constructors = [[{ name = "ward" }, { name = "city", required = false }]]
[[search.virtual_fields]]
name = "initial"
parts = [{ location = "name", transforms = [{ prefix = { length = 1 } }, { upper = {} }] }, { location = "city" }]
"#;

fn table() -> String {
    format!("{START}[search]\nbeacon_key = {BEACON_KEY}\nmaximum_partitions = 3\n{BEACONS}")
}

const SHOW: [&str; 4] = ["beacons", "show", "--config", "table.toml"];
const EXPLAIN: [&str; 3] = ["explain", "--config", "table.toml"];

const REQUESTS: &str = r##"{"TableName":"people","IndexName":"by-name","KeyConditionExpression":"#n = :n","ExpressionAttributeNames":{"#n":"name"},"ExpressionAttributeValues":{":n":{"S":"Ada"},":aws_dbe_partition":{"N":"1"}},"Limit":5,"ProjectionExpression":"city"}
{"KeyConditionExpression":"city = :c","ExpressionAttributeValues":{":c":{"S":"York"}}}
{"KeyConditionExpression":"#n = :n","ExpressionAttributeNames":{"#n":"name"},"ExpressionAttributeValues":{":n":{"S":"Ada"}}}
{"FilterExpression":"note = :n","ExpressionAttributeValues":{":n":{"S":"s3cret"}}}
not json s3cret

{
  "FilterExpression": "begins_with(where, :w) AND ward <> :x",
  "ExpressionAttributeValues": {":w": {"S": "W-north"}, ":x": {"S": "s3cret"}},
  "Select": "COUNT"
}
{"FilterExpression":"name IN (:a, :b)","ExpressionAttributeValues":{":a":{"S":"Ada"},":b":{"S":"Bob"}}}
{"FilterExpression":"begins_with(name, :a)","ExpressionAttributeValues":{":a":{"S":"s3cret"}}}
[{}, 7, {"FilterExpression":null,"ReturnConsumedCapacity":"TOTAL","Select":null}]
{"ScanFilter":{},"Limit":1}
{"KeyConditions":{},"Limit":1}
{"FilterExpression":7}
{"FilterExpression":"ward = :w","ExpressionAttributeValues":{":w":{"N":"s3cret","S":""}}}
{"FilterExpression":"ward = #w","ExpressionAttributeNames":{"#w":7}}
{"FilterExpression":"ward = :w"
{"KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"a"},":aws_dbe_partition":{"N":"0"}}}
"##;

#[test]
fn requests_are_shown_as_they_are_sent() {
    let folder = Folder::new(&table());
    let explained = folder.run(&EXPLAIN, REQUESTS);
    assert_eq!(code(&explained), 1);
    golden("explain.json", out(&explained));
    golden("explain.txt", err(&explained));
    assert!(!err(&explained).contains("s3cret"));

    let all = folder.run(&["explain", "--all-partitions", "--config", "table.toml"], REQUESTS);
    assert_eq!(code(&all), 1);
    golden("explain-all.json", out(&all));
    let start = r#"{"KeyConditionExpression":"name = :n","ExclusiveStartKey":{},"ExpressionAttributeValues":{":n":{"S":"Ada"}}}"#;
    let all = folder.run(&["explain", "--all-partitions", "--config", "table.toml"], start);
    assert_eq!((code(&all), out(&all)), (1, ""));
    assert!(err(&all).contains("ExclusiveStartKey belongs to one partition"), "{}", err(&all));

    // From files, over several lines, and one after the other.
    folder.write(
        "one.json",
        "[\n{\"FilterExpression\": \"ward = :w\",\n\"ExpressionAttributeValues\":{\":w\":{\"S\":\"a\"}}}\n]\n",
    );
    let explained = folder.run(&["explain", "--config", "table.toml", "one.json", "-", "one.json"], "{\"Limit\":1}");
    let one = "{\"ExpressionAttributeValues\":{\":w\":{\"S\":\"a\"}},\"FilterExpression\":\"ward = :w\"}\n";
    assert_eq!(
        (code(&explained), out(&explained), err(&explained)),
        (0, format!("{one}{{\"Limit\":1}}\n{one}").as_str(), "")
    );
    let none = folder.run(&EXPLAIN, "");
    assert_eq!((code(&none), out(&none), err(&none)), (0, "", ""));
    let broken = folder.run(&EXPLAIN, b"\xff{}");
    assert_eq!((code(&broken), err(&broken)), (1, "standard input: not UTF-8\ndynaseal: 1 request refused\n"));
    assert_eq!(code(&folder.run(&["explain", "--config", "table.toml", "none.json"], "")), 2);
}

/// Then the rules for tables without beacons hold.
#[test]
fn without_search_requests_are_checked_as_well() {
    let folder = Folder::new(START);
    let requests = r##"{"FilterExpression":"name = :n","ExpressionAttributeValues":{":n":{"S":"Ada"}}}
{"FilterExpression":"ward = :w","ProjectionExpression":"#n","ExpressionAttributeNames":{"#n":"name"},"ExpressionAttributeValues":{":w":{"S":"north"}}}
"##;
    let explained = folder.run(&EXPLAIN, requests);
    let sent = "{\"ExpressionAttributeValues\":{\":w\":{\"S\":\"north\"}},\"FilterExpression\":\"ward = :w\"}\n";
    assert_eq!((code(&explained), out(&explained)), (1, sent));
    let refused =
        "standard input:1: Scan on the sealed table `people`: FilterExpression: `name` is ENCRYPT_AND_SIGN, so ";
    assert!(err(&explained).starts_with(refused), "{}", err(&explained));
    let shown = folder.run(&SHOW, "{}");
    let refused = "dynaseal: table.toml has no [search], so that nothing is added to items\n";
    assert_eq!((code(&shown), out(&shown), err(&shown)), (2, "", refused));
}

const ITEMS: &str = r#"{"pk":{"S":"a"},"name":{"S":"Ada"},"city":{"S":"York"},"ward":{"S":"north"},"tags":{"SS":["x","y"]}}
{"pk":{"S":"b"},"name":{"S":"Bob"}}
{"pk":{"S":"c"},"city":{"S":"s3.cret"},"ward":{"S":"north"}}
{"pk":{"S":"d"},"tags":{"S":"s3cret"}}
{"pk":{"S":"e"},"aws_dbe_b_name":{"S":"00"}}
no item
{"pk":{"S":"f"}}
"#;

#[test]
fn beacons_are_shown_before_anything_is_written() {
    let folder = Folder::new(&table());
    for (partition, file) in [("0", "beacons-show.json"), ("2", "beacons-show-2.json")] {
        let shown = folder.run(&[SHOW.as_slice(), &["--partition", partition]].concat(), ITEMS);
        assert_eq!(code(&shown), 1);
        golden(file, out(&shown));
        golden("beacons-show.txt", err(&shown));
        assert!(!err(&shown).contains("s3"));
    }
    // Without a partition, one of the three is chosen, as it is on writing.
    let ada = ITEMS.lines().next().unwrap();
    let of =
        |partition: &str| out(&folder.run(&[SHOW.as_slice(), &["--partition", partition]].concat(), ada)).to_owned();
    let partitions = ["0", "1", "2"].map(of);
    let chosen = folder.run(&SHOW, format!("{ada}\n").repeat(60));
    assert!(out(&chosen).lines().all(|line| partitions.contains(&format!("{line}\n"))));
    assert!(partitions.iter().all(|partition| out(&chosen).contains(partition)), "each with 1 in 10^10");
    let wrong = folder.run(&[SHOW.as_slice(), &["--partition", "3"]].concat(), ada);
    let message = "dynaseal: --partition 3: there are 3 partitions, counted from 0\n";
    assert_eq!((code(&wrong), out(&wrong), err(&wrong)), (2, "", message));
}

#[test]
fn what_is_sealed_has_beacons_and_opens_without_them() {
    let folder = Folder::new(&table());
    let sealed = folder.run(&SEAL, ITEMS);
    assert_eq!(code(&sealed), 1);
    golden("search-seal.txt", err(&sealed));
    let [ada, bob, f] = out(&sealed).lines().collect::<Vec<_>>()[..] else { panic!("{}", out(&sealed)) };
    for beacon in ["city", "name", "initial", "tags", "where"] {
        assert!(ada.contains(&format!("\"aws_dbe_b_{beacon}\":{{")), "{ada}");
    }
    assert!(bob.contains("aws_dbe_b_name") && !bob.contains("aws_dbe_b_city") && !f.contains("aws_dbe_b_"));

    // Who opens needs no beacon key, and who searches none of the keyring.
    let beacon_key = BEACON_KEY;
    let key = "{ hex = \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\" }";
    let absent = "{ env = \"DYNASEAL_NOT_SET\" }";
    folder.write("opens.toml", table().replace(beacon_key, absent));
    let opened = folder.run(&["open", "--config", "opens.toml"], out(&sealed));
    assert_eq!((code(&opened), err(&opened), out(&opened).lines().count()), (0, "", 3));
    assert!(!out(&opened).contains("aws_dbe_"));
    let refused = folder.run(&["seal", "--config", "opens.toml"], ITEMS);
    let message = "dynaseal: opens.toml: search.beacon_key: the environment variable DYNASEAL_NOT_SET is not set, or is no text\n";
    assert_eq!((code(&refused), out(&refused), err(&refused)), (2, "", message));
    folder.write("searches.toml", table().replace(key, absent));
    let shown = folder.run(&["beacons", "show", "--config", "searches.toml"], ada_plain());
    assert_eq!((code(&shown), err(&shown), out(&shown).lines().count()), (0, "", 1));
    let explained = folder.run(&["explain", "--config", "searches.toml"], "{}");
    assert_eq!((code(&explained), out(&explained), err(&explained)), (0, "{}\n", ""));
}

fn ada_plain() -> &'static str {
    ITEMS.lines().next().unwrap()
}

/// Signed beacons are part of what is signed, with every command.
#[test]
fn signed_beacons_are_sealed_with_the_item() {
    let signed = "[[search.compound_beacons]]\nname = \"by_ward\"\nsplit = \"#\"\nsigned = [{ name = \"ward\", prefix = \"W:\" }]\n";
    let folder = Folder::new(&(table() + signed));
    let sealed = folder.run(&SEAL, ada_plain());
    assert_eq!((code(&sealed), err(&sealed)), (0, ""));
    assert!(out(&sealed).contains("\"by_ward\":{\"S\":\"W:north\"}"), "{}", out(&sealed));
    let opened = folder.run(&OPEN, out(&sealed));
    assert_eq!((code(&opened), err(&opened)), (0, ""));
    let changed = folder.run(&OPEN, out(&sealed).replace("W:north", "W:south"));
    assert_eq!((code(&changed), out(&changed)), (1, ""));
    let inspected = folder.run(&["inspect", "--config", "table.toml"], out(&sealed));
    assert!(out(&inspected).lines().any(|line| line.contains("by_ward") && line.ends_with("SIGN_ONLY")));
    assert!(out(&inspected).lines().any(|line| line.contains("aws_dbe_b_name") && line.ends_with("DO_NOTHING")));
}

/// `[search]` with these fields, of a hierarchical keyring with a static store.
fn hierarchical(search: &str) -> String {
    let start = START.split("[keyring]").next().unwrap();
    format!(
        "{start}[keyring]\ntype = \"hierarchical\"\nbranch_key_id = \"tenant-1\"\n[keyring.key_store]\ntype = \"static\"\n\
         branch_key_version = \"00000000-0000-4000-8000-000000000001\"\n\
         branch_key = {{ base64 = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\" }}\n\
         beacon_key = {BEACON_KEY}\n[search]\n{search}\n{BEACONS}"
    )
    .replace("partitions = 1\n", "")
}

#[test]
fn beacon_keys_come_from_the_file_and_from_key_stores() {
    let folder = Folder::new(&table().replace("maximum_partitions = 3\n", "").replace("partitions = 1\n", ""));
    let fixed = folder.run(&SHOW, ada_plain());
    assert_eq!((code(&fixed), err(&fixed)), (0, ""));
    folder.write("beacon.key", (0x20..0x40).collect::<Vec<u8>>());
    let version = "branch_key_version = \"00000000-0000-4000-8000-000000000001\"";
    let searches = [
        format!("beacon_key = {BEACON_KEY}"),
        "beacon_key = { file = \"beacon.key\" }".to_owned(),
        "beacon_key = { env = \"DYNASEAL_TEST_KEY\" }".to_owned(),
        "branch_key_id = \"tenant-1\"".to_owned(),
        "key_field = \"ward\"".to_owned(),
        format!("branch_key_id = \"other\"\n[search.key_store]\ntype = \"static\"\nbeacon_key = {BEACON_KEY}"),
        format!(
            "branch_key_id = \"other\"\n[search.key_store]\ntype = \"static\"\n{version}\nbranch_key = {BEACON_KEY}\nbeacon_key = {BEACON_KEY}"
        ),
        format!("branch_key_id = \"x\"\n[search.key_store]\ntype = \"static\"\nbeacon_keys = {{ x = {BEACON_KEY} }}"),
        format!("key_field = \"ward\"\n[search.key_store]\ntype = \"static\"\nbeacon_key = {BEACON_KEY}"),
        format!(
            "key_field = \"ward\"\n[search.key_store]\ntype = \"static\"\nbeacon_keys = {{ tenant-1 = {BEACON_KEY} }}"
        ),
    ];
    let env = [("DYNASEAL_TEST_KEY", "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f")];
    for search in searches {
        folder.write("table.toml", hierarchical(&search));
        let item = ada_plain().replace("north", "tenant-1");
        let shown = folder.run_with(&env, &SHOW, &item);
        assert_eq!((code(&shown), err(&shown)), (0, ""), "{search}");
        assert_eq!(out(&shown).replace("tenant-1", "north"), out(&fixed), "{search}");
        let sealed = folder.run_with(&env, &SEAL, &item);
        assert_eq!((code(&sealed), err(&sealed)), (0, ""), "{search}");
        let name = out(&fixed).split("\"aws_dbe_b_name\"").nth(1).unwrap().split(',').next().unwrap();
        assert!(out(&sealed).contains(&format!("\"aws_dbe_b_name\"{name}")), "{search}");
    }
}

/// Each item says whose it is, and each query too.
#[test]
fn tenants_have_keys_of_their_own() {
    let other = BEACON_KEY.replace("2021", "2121");
    let keys = format!("beacon_keys = {{ tenant-1 = {BEACON_KEY}, tenant-2 = {other} }}");
    let folder =
        Folder::new(&hierarchical(&format!("key_field = \"ward\"\n[search.key_store]\ntype = \"static\"\n{keys}")));
    let item =
        |ward: &str| format!("{{\"pk\":{{\"S\":\"a\"}},\"name\":{{\"S\":\"Ada\"}},\"ward\":{{\"S\":\"{ward}\"}}}}\n");
    let shown = folder
        .run(&SHOW, [item("tenant-1"), item("tenant-2"), item("tenant-3"), item("x").replace("ward", "note")].concat());
    let [one, two] = out(&shown).lines().collect::<Vec<_>>()[..] else { panic!("{}", err(&shown)) };
    assert_ne!(one.replace("tenant-1", "tenant-2"), two);
    assert_eq!(code(&shown), 1);
    golden("beacons-show-tenants.txt", err(&shown));

    let request = |ward: &str| {
        format!(
            "{{\"FilterExpression\":\"name = :n AND ward = :w\",\"ExpressionAttributeValues\":{{\":n\":{{\"S\":\"Ada\"}},\":w\":{{\"S\":\"{ward}\"}}}}}}\n"
        )
    };
    let nobodys = "{\"FilterExpression\":\"name = :n\",\"ExpressionAttributeValues\":{\":n\":{\"S\":\"Ada\"}}}\n";
    let explained =
        folder.run(&EXPLAIN, [&request("tenant-1"), &request("tenant-2"), &request("tenant-3"), nobodys].concat());
    assert_eq!(code(&explained), 1);
    golden("explain-tenants.json", out(&explained));
    golden("explain-tenants.txt", err(&explained));
}

#[test]
fn a_wrong_search_says_where_and_shows_no_key() {
    let with = |search: &str| format!("{START}[search]\n{search}");
    let beacon = |fields: &str| {
        with(&format!("beacon_key = {BEACON_KEY}\n[[search.standard_beacons]]\nname = \"name\"\n{fields}\n"))
    };
    let compound = |fields: &str| {
        with(&format!(
            "beacon_key = {BEACON_KEY}\n[[search.standard_beacons]]\nname = \"name\"\nlength = 8\n[[search.compound_beacons]]\nname = \"c\"\n{fields}\n"
        ))
    };
    let transform = |transform: &str| {
        with(&format!(
            "beacon_key = {BEACON_KEY}\n[[search.standard_beacons]]\nname = \"v\"\nlength = 8\n[[search.virtual_fields]]\nname = \"v\"\nparts = [{{ location = \"name\", transforms = [{transform}] }}]\n"
        ))
    };
    let encrypted = "split = \".\"\nencrypted = [{ name = \"name\", prefix = \"N-\" }]";
    let one_of = "search: give one of beacon_key, branch_key_id (all items have its beacon key) and key_field";
    let cases = [
        // The key and where it comes from.
        (with(""), one_of),
        (with(&format!("beacon_key = {BEACON_KEY}\nbranch_key_id = \"b\"")), one_of),
        (with("branch_key_id = \"b\"\nkey_field = \"pk\""), one_of),
        (
            with(&format!("beacon_kye = {BEACON_KEY}")),
            "line 16: unknown field `beacon_kye` in search: it takes beacon_key, ",
        ),
        (
            with("beacon_key = \"20212223\""),
            "line 16: search.beacon_key: invalid type: string, expected a table with one of hex",
        ),
        (with("beacon_key = { hex = \"20212223\" }"), "search.beacon_key: "),
        (with("beacon_key = { hex = \"2021222\" }"), "search.beacon_key: `hex` is no hexadecimal text"),
        (with("beacon_key = { pem = \"20212223\" }"), "search.beacon_key: this key is no PEM"),
        (
            with(&format!("beacon_key = {BEACON_KEY}\nttl_seconds = 9")),
            "search.ttl_seconds: beacon_key stands in the file: leave this out",
        ),
        (
            with(&format!("beacon_key = {BEACON_KEY}\n[search.key_store]\ntype = \"static\"")),
            "search.key_store: beacon_key stands in the file",
        ),
        (with("branch_key_id = \"b\""), "search: [search.key_store] is missing, and [keyring] has no key_store"),
        (
            with("branch_key_id = \"b\"\n[search.key_store]\ntype = \"statik\""),
            "line 18: search.key_store.type: unknown variant `statik`: take static, dynamodb",
        ),
        (
            with("branch_key_id = \"b\"\n[search.key_store]\ntype = \"static\""),
            "search.key_store: give one of beacon_key and beacon_keys",
        ),
        (
            with(&format!("key_field = \"pk\"\n[search.key_store]\ntype = \"static\"\nbeacon_key = {BEACON_KEY}")),
            "search.key_store: nothing says whose `beacon_key` it is: give beacon_keys",
        ),
        (
            with(&format!(
                "branch_key_id = \"b\"\n[search.key_store]\ntype = \"static\"\nbeacon_keys = {{ a = {BEACON_KEY} }}"
            )),
            "search.key_store.beacon_keys: the branch key `b` has none",
        ),
        (
            with(&format!(
                "branch_key_id = \"b\"\nttl_seconds = 60\n[search.key_store]\ntype = \"static\"\nbeacon_key = {BEACON_KEY}"
            )),
            "search.ttl_seconds: a static key store is in memory and needs no cache",
        ),
        (
            with("branch_key_id = \"b\"\n[search.key_store]\ntype = \"dynamodb\"\ntable_name = \"keys\""),
            "search.key_store: give one of kms_key_arn, kms_mrk_arn",
        ),
        (
            with(
                "branch_key_id = \"b\"\ncache = \"none\"\n[search.key_store]\ntype = \"dynamodb\"\ntable_name = \"keys\"\ndiscovery = true\ndb = \"none.db\"",
            ),
            "search.key_store: there is no database none.db",
        ),
        (
            with(
                "branch_key_id = \"b\"\nttl_seconds = 5\n[search.key_store]\ntype = \"dynamodb\"\ntable_name = \"keys\"\ndiscovery = true\ndb = \"none.db\"",
            ),
            "search.ttl_seconds: the cache needs more than 10 seconds",
        ),
        (
            hierarchical("branch_key_id = \"other\""),
            "search.branch_key_id: keyring.key_store is static and has no branch key `other`",
        ),
        (
            hierarchical("branch_key_id = \"tenant-1\"\ncache = \"local\""),
            "search.cache: keyring.key_store is static, is in memory and needs no cache",
        ),
        (
            hierarchical("branch_key_id = \"tenant-1\"").replacen(&format!("beacon_key = {BEACON_KEY}"), "", 1),
            "keyring.key_store.beacon_key: it is missing, and [search] needs it",
        ),
        // Beacons.
        (
            beacon("lenght = 8"),
            "unknown field `lenght` in search.standard_beacons[0]: it takes name, length, location, style, shares, partitions",
        ),
        (beacon(""), "line 17: search.standard_beacons[0]: missing field `length`"),
        (
            beacon("length = \"8\""),
            "line 19: search.standard_beacons[0].length: invalid type: string, expected a whole number",
        ),
        (
            beacon("length = 300"),
            "line 19: search.standard_beacons[0].length: the beacon `name` has 300 bits; it has to have 1 to 63",
        ),
        (beacon("length = 64"), "search: the beacon `name` has 64 bits; it has to have 1 to 63"),
        (
            beacon("length = 8\nstyle = \"set\""),
            "line 20: search.standard_beacons[0].style: unknown variant `set`: take part-only, as-set, shared, shared-set",
        ),
        (
            beacon("length = 8\nstyle = \"shared\""),
            "search.standard_beacons[0]: `shares` is missing: with which beacon is it shared?",
        ),
        (
            beacon("length = 8\nshares = \"city\""),
            "search.standard_beacons[0].shares: only the styles \"shared\" and \"shared-set\" take it",
        ),
        (
            beacon("length = 8\nstyle = \"as-set\"\nshares = \"city\""),
            "search.standard_beacons[0].shares: only the styles",
        ),
        (
            beacon("length = 8\nstyle = \"shared\"\nshares = \"name\""),
            "search: the beacon `name` is shared with itself",
        ),
        (beacon("length = 8\nstyle = \"part-only\""), "search: the beacon `name` is part-only, but no compound beacon"),
        (beacon("length = 8\nlocation = \"name.\""), "search: the beacon `name` has a wrong location: "),
        (beacon("length = 8\npartitions = 2"), "search: "),
        (with(&format!("beacon_key = {BEACON_KEY}")), "search: there is no standard beacon: at least one is needed"),
        (
            with(&format!("beacon_key = {BEACON_KEY}\nstandard_beacons = [7]")),
            "line 17: search.standard_beacons[0]: expected a table",
        ),
        (
            with(&format!("beacon_key = {BEACON_KEY}\nstandard_beacons = 7")),
            "line 17: search.standard_beacons: expected an array of tables",
        ),
        (
            beacon("length = 8")
                .replace("[[search.standard_beacons]]", "maximum_partitions = 255\n[[search.standard_beacons]]"),
            "search: 255 partitions at most; it has to be 1 to 254",
        ),
        (
            beacon("length = 8")
                .replace("[[search.standard_beacons]]", "default_partitions = 2\n[[search.standard_beacons]]"),
            "search: there is a default number of partitions but no maximum",
        ),
        // Compound beacons and their parts.
        (
            compound("encrypted = [{ name = \"name\", prefix = \"N-\" }]"),
            "search.compound_beacons[0]: missing field `split`",
        ),
        (compound(&encrypted.replace("\".\"", "\"..\"")), "search.compound_beacons[0].split: give one character"),
        (compound(&encrypted.replace("\".\"", "\"\"")), "search.compound_beacons[0].split: give one character"),
        (
            compound(&encrypted.replace("prefix", "prefiks")),
            "unknown field `prefiks` in search.compound_beacons[0].encrypted[0]: it takes name, prefix",
        ),
        (
            compound("split = \".\"\nsigned = [{ name = \"ward\" }]"),
            "search.compound_beacons[0].signed[0]: missing field `prefix`",
        ),
        (
            compound(&format!("{encrypted}\nconstructors = [[{{ name = \"name\", require = true }}]]")),
            "search.compound_beacons[0].constructors: unknown field `require`, expected `name` or `required`",
        ),
        (
            compound(&format!("{encrypted}\nconstructors = [{{ name = \"name\" }}]")),
            "search.compound_beacons[0].constructors: invalid type: map, expected a list, [ … ]",
        ),
        (
            compound(&format!("{encrypted}\nconstructors = []")),
            "search: the compound beacon `c` has an empty list of constructors",
        ),
        (
            compound(&format!("{encrypted}\nconstructors = [[{{ name = \"name\", required = false }}]]")),
            "search: a constructor of the compound beacon `c` has no required part",
        ),
        (
            compound("split = \".\"\nencrypted = [{ name = \"city\", prefix = \"C-\" }]"),
            "search: `c` has the encrypted part `city`, which is no standard beacon",
        ),
        (
            compound("split = \".\"\nsigned = [{ name = \"city\", prefix = \"C-\" }]"),
            "search: `c` has the signed part `city`, made from `city`, which is not SIGN_ONLY",
        ),
        // Virtual fields.
        (
            transform("{ uper = {} }"),
            "unknown field `uper` in search.virtual_fields[0].parts[0].transforms[0]: it takes upper, lower, ",
        ),
        (
            transform("{}"),
            "search.virtual_fields[0].parts[0].transforms[0]: give each transform a table of its own with one of upper, ",
        ),
        (
            transform("{ upper = {}, lower = {} }"),
            "search.virtual_fields[0].parts[0].transforms[0]: give each transform a table of its own",
        ),
        (
            transform("{ upper = { length = 1 } }"),
            "unknown field `length` in search.virtual_fields[0].parts[0].transforms[0].upper: it takes none",
        ),
        (transform("{ prefix = 3 }"), "search.virtual_fields[0].parts[0].transforms[0].prefix: expected a table"),
        (
            transform("{ prefix = {} }"),
            "search.virtual_fields[0].parts[0].transforms[0].prefix: missing field `length`",
        ),
        (
            transform("{ segment = { split = \"ab\", index = 0 } }"),
            "search.virtual_fields[0].parts[0].transforms[0].segment.split: give one character",
        ),
        (
            transform("{ substring = { low = 0 } }"),
            "search.virtual_fields[0].parts[0].transforms[0].substring: missing field `high`",
        ),
        (transform("\"upper\""), "search.virtual_fields[0].parts[0].transforms[0]: expected a table"),
    ];
    let folder = Folder::new("");
    for (table, message) in cases {
        folder.write("table.toml", &table);
        let output = folder.run(&SEAL, "");
        assert_eq!((code(&output), out(&output)), (2, ""), "{message}\n{table}");
        assert!(err(&output).starts_with("dynaseal: table.toml: "), "{}", err(&output));
        assert!(err(&output).contains(message), "{message}: {}", err(&output));
        assert!(!err(&output).contains(BEACON_HEX) && !err(&output).contains(KEY), "{}", err(&output));
    }
}

#[test]
fn the_help_says_what_comes_out() {
    let folder = Folder::new("");
    for (command, file) in [
        (["explain", "--help"].as_slice(), "help-explain.txt"),
        (&["beacons", "--help"], "help-beacons.txt"),
        (&["beacons", "show", "--help"], "help-beacons-show.txt"),
    ] {
        let help: Output = folder.run(command, "");
        assert_eq!((code(&help), err(&help)), (0, ""));
        golden(file, out(&help));
    }
}
