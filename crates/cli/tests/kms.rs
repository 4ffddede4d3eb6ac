//! The keyrings of AWS KMS and the branch key store through the command, against LocalStack.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::collections::HashSet;
use std::process::Output;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use common::{Folder, ITEM, OPEN, SEAL, code, err, inline, out, table};
use dynaseal_testkit::servers;
use serde_json::Value;

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";
const TOKEN: &str = "s3cret-grant-token";
const SECRET: &str = "s3cret-access-key";
const AES: &str =
    "type = \"raw-aes\"\nnamespace = \"ns\"\nname = \"aes\"\nkey = { hex = \"00112233445566778899aabbccddeeff\" }\n";

fn client(url: &str, region: &'static str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(region))
        .credentials_provider(Credentials::new("test", SECRET, None, None, "tests"))
        .endpoint_url(url);
    Client::from_conf(config.build())
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn env(url: &str) -> Vec<(&str, &str)> {
    vec![
        ("AWS_REGION", EAST),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_ENDPOINT_URL_KMS", url),
    ]
}

async fn symmetric(client: &Client) -> String {
    client.create_key().send().await.unwrap().key_metadata.unwrap().arn.unwrap()
}

async fn asymmetric(client: &Client, spec: KeySpec, usage: KeyUsageType) -> String {
    let made = client.create_key().key_spec(spec).key_usage(usage).send().await.unwrap();
    made.key_metadata.unwrap().arn.unwrap()
}

/// The public key as PEM, for table.toml.
async fn public_key(client: &Client, key: &str) -> String {
    use base64::Engine as _;
    let der = client.get_public_key().key_id(key).send().await.unwrap().public_key.unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("{{ pem = \"\"\"\n-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n\"\"\" }}", lines.join("\n"))
}

#[test]
fn symmetric_keys_seal_and_open() {
    let Some(url) = servers::localstack() else { return };
    let east = client(url, EAST);
    let (a, b, mrk) = block_on(async {
        let (a, b) = (symmetric(&east).await, symmetric(&east).await);
        let mrk = east.create_key().multi_region(true).send().await.unwrap().key_metadata.unwrap().arn.unwrap();
        east.replicate_key().key_id(&mrk).replica_region(WEST).send().await.unwrap();
        east.create_alias().alias_name("alias/table").target_key_id(&a).send().await.unwrap();
        (a, b, mrk)
    });
    let replica = mrk.replace(EAST, WEST);
    let account = a.split(':').nth(4).unwrap();
    let (folder, env) = (Folder::new(""), env(url));
    let passes = |sealing: &str, opening: &str| folder.passes(&env, sealing, opening);

    let one = |key: &str| format!("type = \"aws-kms\"\nkey_id = \"{key}\"\ngrant_tokens = [\"{TOKEN}\"]\n");
    let related = |key: &str| format!("type = \"aws-kms-mrk\"\nkey_id = \"{key}\"\n");
    passes(&one(&a), &one(&a));
    passes(&one("alias/table"), &one(&a));
    passes(&related(&mrk), &related(&replica));
    let several = format!("type = \"aws-kms-multi\"\ngenerator = \"{a}\"\nkey_ids = [\"{b}\"]\n");
    passes(&several, &one(&a));
    passes(&several, &one(&b));
    passes(&one(&b), &several);
    let several = format!("type = \"aws-kms-mrk-multi\"\ngenerator = \"{a}\"\nkey_ids = [\"{mrk}\"]\n");
    passes(&several, &related(&replica));
    passes(&related(&replica), &several);

    let filter = format!("discovery_filter = {{ partition = \"aws\", account_ids = [\"{account}\"] }}\n");
    passes(&one(&a), &format!("type = \"aws-kms-discovery\"\n{filter}"));
    passes(&one(&a), &format!("type = \"aws-kms-discovery\"\nregion = \"{EAST}\"\n"));
    passes(&one(&a), &format!("type = \"aws-kms-discovery-multi\"\nregions = [\"{WEST}\", \"{EAST}\"]\n{filter}"));
    passes(&related(&mrk), &format!("type = \"aws-kms-mrk-discovery\"\nregion = \"{WEST}\"\n{filter}"));
    passes(&related(&mrk), &format!("type = \"aws-kms-mrk-discovery-multi\"\nregions = [\"{WEST}\"]\n"));

    let mixed = format!("type = \"multi\"\n[keyring.generator]\n{}[[keyring.children]]\n{AES}", one(&a));
    passes(&mixed, AES);
    passes(&mixed, &one(&a));
}

#[test]
fn asymmetric_keys_seal_and_open() {
    let Some(url) = servers::localstack() else { return };
    let east = client(url, EAST);
    let (rsa, rsa_public, ecdh, ecdh_public) = block_on(async {
        let rsa = asymmetric(&east, KeySpec::Rsa2048, KeyUsageType::EncryptDecrypt).await;
        let ecdh = asymmetric(&east, KeySpec::EccNistP256, KeyUsageType::KeyAgreement).await;
        let (rsa_public, ecdh_public) = (public_key(&east, &rsa).await, public_key(&east, &ecdh).await);
        (rsa, rsa_public, ecdh, ecdh_public)
    });
    let (folder, env) = (Folder::new(""), env(url));
    let fetched = rsa_keyring(&rsa, "RSAES_OAEP_SHA_256");
    let given = format!("{fetched}public_key = {rsa_public}\n");
    folder.passes(&env, &fetched, &given);
    folder.passes(&env, &given, &fetched);

    let scheme = |scheme: &str, keys: &str| {
        format!("type = \"aws-kms-ecdh\"\nscheme = \"{scheme}\"\ncurve = \"P256\"\nkey_id = \"{ecdh}\"\n{keys}\n")
    };
    let here = scheme("static", &format!("recipient_public_key = {}", inline("p256-a.pub")));
    let given = format!("{here}sender_public_key = {ecdh_public}\n");
    let raw =
        |scheme: &str, keys: &str| format!("type = \"raw-ecdh\"\nscheme = \"{scheme}\"\ncurve = \"P256\"\n{keys}\n");
    let there =
        raw("static", &format!("sender_private_key = {}\nrecipient_public_key = {ecdh_public}", inline("p256-a")));
    folder.passes(&env, &here, &given);
    folder.passes(&env, &given, &here);
    folder.passes(&env, &here, &there);
    folder.passes(&env, &there, &here);
    let ephemeral = raw("ephemeral", &format!("recipient_public_key = {ecdh_public}"));
    folder.passes(&env, &ephemeral, &scheme("discovery", ""));
}

fn rsa_keyring(key: &str, algorithm: &str) -> String {
    format!("type = \"aws-kms-rsa\"\nkey_id = \"{key}\"\nencryption_algorithm = \"{algorithm}\"\n")
}

/// With ministack, which has what LocalStack does not: OAEP with SHA-1, and DynamoDB beside AWS KMS.
#[test]
fn another_server_has_dynamodb_too() {
    let (Some(url), Some(kms_url)) = (servers::ministack(), servers::localstack()) else { return };
    let rsa = block_on(asymmetric(&client(url, EAST), KeySpec::Rsa2048, KeyUsageType::EncryptDecrypt));
    // It has no ReEncrypt, which making branch keys takes.
    let key = block_on(symmetric(&client(kms_url, EAST)));
    let (folder, env) = (Folder::new(""), env("http://127.0.0.1:9"));
    let at = format!("endpoint_url = \"{url}\"\n");
    let keyring = rsa_keyring(&rsa, "RSAES_OAEP_SHA_1") + &at;
    folder.passes(&env, &keyring, &keyring);

    let common =
        ["--table", "branch-keys", "--endpoint-url", url, "--kms-endpoint-url", kms_url, "--kms-key-arn", &key];
    for command in [["create-table"].as_slice(), &["create-key", "--id", "tenant-1", "--context", "a=b"], &["list"]] {
        let output = folder.run_with(&env, &[["keystore"].as_slice(), command, &common].concat(), "");
        assert_eq!((code(&output), err(&output)), (0, ""), "{command:?}");
        assert_eq!(out(&output).contains("tenant-1"), command != ["create-table"]);
    }
    let keyring = format!(
        "type = \"hierarchical\"\nbranch_key_id = \"tenant-1\"\n[keyring.key_store]\ntype = \"dynamodb\"\n\
         table_name = \"branch-keys\"\nkms_key_arn = \"{key}\"\nkms_endpoint_url = \"{kms_url}\"\n{at}"
    );
    folder.passes(&env, &keyring, &keyring);
}

/// Region, endpoint and credentials from the file and from a profile.
#[test]
fn where_aws_is_can_be_said_in_the_file_and_in_a_profile() {
    let Some(url) = servers::localstack() else { return };
    let key = block_on(symmetric(&client(url, EAST)));
    let id = key.rsplit('/').next().unwrap();
    let folder = Folder::new("");
    std::fs::create_dir(folder.0.path().join(".aws")).unwrap();
    folder.write(".aws/credentials", format!("[test]\naws_access_key_id = test\naws_secret_access_key = {SECRET}\n"));
    folder.write(".aws/config", format!("[profile test]\nregion = {EAST}\nendpoint_url = {url}\n"));
    let by_profile = format!("type = \"aws-kms\"\nkey_id = \"{id}\"\nprofile = \"test\"\n");
    let by_file = format!("type = \"aws-kms\"\nkey_id = \"{key}\"\nendpoint_url = \"{url}\"\n");
    folder.passes(&[("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", SECRET)], &by_file, &by_file);
    // LocalStack takes a number for the account, where there is no such key: the profile comes before the environment.
    let other = [("AWS_ACCESS_KEY_ID", "111122223333"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    folder.passes(&other, &by_profile, &format!("{by_file}profile = \"test\"\n"));
    folder
        .write("table.toml", table(&by_file.replace(&key, id).replace("endpoint", "region = \"us-east-1\"\nendpoint")));
    let refused = folder.run_with(&other, &SEAL, ITEM);
    assert!(err(&refused).contains("there is no such key in this account and region"), "{}", err(&refused));
    folder.write("table.toml", table(&by_profile.replace("test", "none")));
    let refused = folder.run_with(&[other.as_slice(), &[("AWS_REGION", EAST)]].concat(), &SEAL, ITEM);
    assert!(err(&refused).contains("there is no profile `none` in "), "{}", err(&refused));
    folder.passes(&[("AWS_PROFILE", "test")], &by_profile.replace("profile = \"test\"", ""), &by_file);
}

/// What AWS KMS says no to names the key, and neither the tokens nor the credentials.
#[test]
fn refusals_of_the_server_are_told_without_secrets() {
    let Some(url) = servers::localstack() else { return };
    let east = client(url, EAST);
    let key = block_on(async {
        let key = symmetric(&east).await;
        east.disable_key().key_id(&key).send().await.unwrap();
        key
    });
    let keyring = format!("type = \"aws-kms\"\nkey_id = \"{key}\"\ngrant_tokens = [\"{TOKEN}\"]\n");
    let folder = Folder::new(&table(&keyring));
    let sealed = folder.run_with(&env(url), &SEAL, ITEM);
    assert_eq!((code(&sealed), out(&sealed)), (1, ""));
    assert!(err(&sealed).contains(&key) && err(&sealed).contains("it is disabled"), "{}", err(&sealed));
    let checked = folder.run_with(&env(url), &["keyring", "check", "--config", "table.toml"], "");
    assert_eq!((code(&checked), err(&checked)), (1, "dynaseal: 1 recipient does not work\n"));
    assert!(out(&checked).starts_with(&format!("keyring (AWS KMS {key}): item (pk = ")), "{}", out(&checked));
    let unreachable = folder.run_with(&env("http://127.0.0.1:9"), &SEAL, ITEM);
    assert_eq!(code(&unreachable), 1);
    assert!(err(&unreachable).contains("the service could not be asked"), "{}", err(&unreachable));
    for output in [sealed, checked, unreachable] {
        for secret in [TOKEN, SECRET, "influenza"] {
            assert!(!err(&output).contains(secret) && !out(&output).contains(secret), "{secret}");
        }
    }

    // A key of another kind is found out before anything is sealed.
    folder.write("table.toml", table(&rsa_keyring(&key, "RSAES_OAEP_SHA_256")));
    let built = folder.run_with(&env(url), &SEAL, ITEM);
    assert_eq!((code(&built), out(&built)), (2, ""));
    assert!(err(&built).starts_with("dynaseal: table.toml: keyring: AWS KMS GetPublicKey with "), "{}", err(&built));
}

/// A key store in a file, its keys in LocalStack.
struct Store {
    folder: Folder,
    url: &'static str,
    key: String,
}

impl Store {
    fn new(url: &'static str) -> Self {
        let key = block_on(symmetric(&client(url, EAST)));
        let store = Self { folder: Folder::new(""), url, key };
        let made = store.run(&["create-table"], false);
        assert_eq!((code(&made), err(&made)), (0, ""));
        store
    }

    fn run(&self, command: &[&str], with_key: bool) -> Output {
        let common = ["--table", "branch-keys", "--logical-name", "keys", "--db", "keys.db"];
        let key = ["--kms-key-arn", &self.key];
        let key = if with_key { key.as_slice() } else { &[] };
        self.folder.run_with(&env(self.url), &[["keystore"].as_slice(), command, &common, key].concat(), "")
    }

    /// What a command that works prints, without the line break.
    fn print(&self, command: &[&str], with_key: bool) -> String {
        let output = self.run(command, with_key);
        assert_eq!((code(&output), err(&output)), (0, ""), "{command:?}");
        out(&output).trim_end().to_owned()
    }

    /// A hierarchical keyring of this store.
    fn keyring(&self, fields: &str) -> String {
        format!(
            "type = \"hierarchical\"\n{fields}\n[keyring.key_store]\ntype = \"dynamodb\"\ntable_name = \"branch-keys\"\n\
             logical_name = \"keys\"\ndb = \"keys.db\"\nkms_key_arn = \"{}\"\n",
            self.key
        )
    }
}

#[test]
fn branch_keys_are_made_versioned_and_used() {
    let Some(url) = servers::localstack() else { return };
    let store = Store::new(url);
    let create = ["create-key", "--id", "tenant-1", "--context", "department=billing", "--context", "floor=a=b"];
    assert_eq!(store.print(&create, true), "tenant-1");
    let random = store.print(&["create-key"], true);
    assert_eq!(random.len(), 36);
    let again = store.run(&create, true);
    assert_eq!(code(&again), 2);
    assert!(err(&again).contains("(`dynaseal keystore version-key` makes a new version of it)"), "{}", err(&again));

    let keyring = store.keyring("branch_key_id = \"tenant-1\"");
    store.folder.write("table.toml", table(&keyring));
    let first = store.folder.run_with(&env(url), &SEAL, ITEM);
    assert_eq!((code(&first), err(&first)), (0, ""));
    let version = store.print(&["version-key", "tenant-1"], true);
    let second = store.folder.run_with(&env(url), &SEAL, ITEM);
    assert!(!version_of(&store, &first).contains(&version) && version_of(&store, &second).contains(&version));
    let both = [out(&first), out(&second)].concat();
    for cache in ["", "cache = \"local\"\nttl_seconds = 1\ncache_capacity = 1", "cache = \"none\"", "ttl_seconds = 11"]
    {
        store.folder.write("table.toml", table(&store.keyring(&format!("branch_key_id = \"tenant-1\"\n{cache}"))));
        let opened = store.folder.run_with(&env(url), &OPEN, &both);
        assert_eq!((code(&opened), out(&opened), err(&opened)), (0, ITEM.repeat(2).as_str(), ""));
    }
    for kms in ["discovery = true".to_owned(), format!("mrk_discovery_region = \"{EAST}\"")] {
        let keyring = keyring.replace(&format!("kms_key_arn = \"{}\"", store.key), &kms);
        store.folder.passes(&env(url), &keyring, &keyring);
    }

    let shown: Value = serde_json::from_str(&store.print(&["show", "tenant-1", "--json"], false)).unwrap();
    assert_eq!((&shown["active"], &shown["kms_arn"]), (&version.clone().into(), &store.key.clone().into()));
    assert_eq!(shown["context"], serde_json::json!({ "department": "billing", "floor": "a=b" }));
    let versions: HashSet<&str> =
        shown["versions"].as_array().unwrap().iter().map(|version| version["version"].as_str().unwrap()).collect();
    assert!(versions.len() == 2 && versions.contains(&*version));
    assert!(store.print(&["show", "tenant-1"], false).contains(&format!("{version}  ")));
    assert_eq!(store.print(&["list"], false).lines().count(), 2);

    // Another logical name is another context: AWS KMS refuses.
    store.folder.write("table.toml", table(&keyring.replace("logical_name = \"keys\"", "logical_name = \"other\"")));
    let refused = store.folder.run_with(&env(url), &OPEN, &both);
    assert_eq!((code(&refused), out(&refused)), (1, ""));
    assert!(
        err(&refused).contains("the ciphertext is not one of this key and encryption context"),
        "{}",
        err(&refused)
    );
}

/// The version that a record names.
fn version_of(store: &Store, sealed: &Output) -> String {
    out(&store.folder.run(&["inspect"], out(sealed))).to_owned()
}

#[test]
fn each_tenant_has_a_branch_key() {
    let Some(url) = servers::localstack() else { return };
    let store = Store::new(url);
    for tenant in ["acme", "initech"] {
        store.print(&["create-key", "--id", &format!("key-of-{tenant}"), "--context", "a=b"], true);
    }
    let values = "[keyring.branch_key_ids]\nattribute = \"pk\"\n[keyring.branch_key_ids.values]\nacme = \"key-of-acme\"\n\
                  initech = \"key-of-initech\"\nhooli = \"key-of-hooli\"";
    store.folder.write("table.toml", table(&store.keyring(values)));
    let items = ["acme", "initech", "hooli", "other"].map(|tenant| ITEM.replace("\"a\"", &format!("\"{tenant}\"")));
    let sealed = store.folder.run_with(&env(url), &SEAL, items.concat());
    assert_eq!((code(&sealed), out(&sealed).lines().count()), (1, 2));
    assert!(err(&sealed).contains("no branch key `key-of-hooli` in the key store"), "{}", err(&sealed));
    assert!(err(&sealed).contains("no branch key is configured for this value of `pk`"), "{}", err(&sealed));
    let inspected = version_of(&store, &sealed);
    assert!(inspected.contains("branch key key-of-acme") && inspected.contains("branch key key-of-initech"));
    let opened = store.folder.run_with(&env(url), &OPEN, out(&sealed));
    assert_eq!((code(&opened), out(&opened)), (0, items[..2].concat().as_str()));

    let checked = store.folder.run_with(&env(url), &["keyring", "check", "--config", "table.toml"], "");
    assert_eq!((code(&checked), err(&checked)), (1, "dynaseal: 1 recipient does not work\n"));
    let lines: Vec<&str> = out(&checked).lines().collect();
    assert_eq!(lines[0], "keyring (branch key key-of-acme (pk = \"acme\")): works");
    assert!(lines[1].starts_with("keyring (branch key key-of-hooli (pk = \"hooli\")): item (pk = \"hooli\")"));
    assert_eq!(lines[2], "keyring (branch key key-of-initech (pk = \"initech\")): works");
}

/// Sealed with the branch keys of a store, and searched with the beacon keys of the same.
#[test]
fn tenants_search_with_their_own_beacon_keys() {
    let Some(url) = servers::localstack() else { return };
    let store = Store::new(url);
    for tenant in ["acme", "initech"] {
        store.print(&["create-key", "--id", tenant, "--context", "a=b"], true);
    }
    let values = "[keyring.branch_key_ids]\nattribute = \"pk\"\n[keyring.branch_key_ids.values]\nacme = \"acme\"\n\
                  initech = \"initech\"";
    let beacons = "[[search.standard_beacons]]\nname = \"secret\"\nlength = 40\n";
    let toml = |search: &str| format!("{}[search]\n{search}\n{beacons}", table(&store.keyring(values)));
    let items = ["acme", "initech"].map(|tenant| ITEM.replace("\"a\"", &format!("\"{tenant}\""))).concat();
    let beacon_of = |line: &str| {
        let item = dynaseal::json::from_str(line).unwrap();
        item["aws_dbe_b_secret"].clone()
    };
    let run = |command: &[&str], input: &str| {
        let arguments = [command, &["--config", "table.toml"]].concat();
        store.folder.run_with(&env(url), &arguments, input)
    };
    let own = format!(
        "[search.key_store]\ntype = \"dynamodb\"\ntable_name = \"branch-keys\"\nlogical_name = \"keys\"\ndb = \"keys.db\"\n\
         kms_key_arn = \"{}\"\n",
        store.key
    );
    let mut shown_before: Option<String> = None;
    for search in [
        "key_field = \"pk\"",
        "key_field = \"pk\"\nttl_seconds = 60\ncache_capacity = 5",
        "key_field = \"pk\"\ncache = \"none\"",
        &format!("key_field = \"pk\"\ncache = \"local\"\nttl_seconds = 1\n{own}"),
    ] {
        store.folder.write("table.toml", toml(search));
        let shown = run(&["beacons", "show"], &items);
        assert_eq!((code(&shown), err(&shown), out(&shown).lines().count()), (0, "", 2), "{search}");
        let sealed = run(&["seal"], &items);
        assert_eq!((code(&sealed), err(&sealed)), (0, ""), "{search}");
        let request = |tenant: &str| {
            format!(
                "{{\"KeyConditionExpression\":\"pk = :t\",\"FilterExpression\":\"secret = :s\",\"ExpressionAttributeValues\":\
                 {{\":t\":{{\"S\":\"{tenant}\"}},\":s\":{{\"S\":\"influenza\"}}}}}}\n"
            )
        };
        let explained = run(&["explain"], &["acme", "initech", "hooli"].map(request).concat());
        assert_eq!((code(&explained), out(&explained).lines().count()), (1, 2), "{search}");
        assert!(
            err(&explained).contains("the beacon key of the branch key `hooli` can not be had"),
            "{}",
            err(&explained)
        );
        let beacons: Vec<_> = out(&shown).lines().map(beacon_of).collect();
        assert_ne!(beacons[0], beacons[1]);
        assert_eq!(out(&sealed).lines().map(beacon_of).collect::<Vec<_>>(), beacons);
        for (line, beacon) in out(&explained).lines().zip(&beacons) {
            assert!(line.contains(&dynaseal::json::value_to_string(beacon)), "{line}");
        }
        let opened = run(&["open"], out(&sealed));
        assert_eq!((code(&opened), out(&opened), err(&opened)), (0, &*items, ""));
        assert_eq!(shown_before.get_or_insert_with(|| out(&shown).to_owned()), out(&shown), "{search}");
    }
    // One for all items: that of the first tenant.
    store.folder.write("table.toml", toml("branch_key_id = \"acme\""));
    let shown = run(&["beacons", "show"], &items);
    let beacons: Vec<_> = out(&shown).lines().map(beacon_of).collect();
    assert_eq!((code(&shown), &beacons[0]), (0, &beacons[1]));
    assert!(shown_before.unwrap().starts_with(out(&shown).lines().next().unwrap()));
}

#[test]
fn check_tells_which_recipient_of_several_is_broken() {
    let Some(url) = servers::localstack() else { return };
    let east = client(url, EAST);
    let (key, disabled) = block_on(async {
        let (key, disabled) = (symmetric(&east).await, symmetric(&east).await);
        east.create_alias().alias_name("alias/check").target_key_id(&key).send().await.unwrap();
        east.disable_key().key_id(&disabled).send().await.unwrap();
        (key, disabled)
    });
    let keyring = format!(
        "type = \"multi\"\n[keyring.generator]\n{AES}\
         [[keyring.children]]\ntype = \"aws-kms-multi\"\ngenerator = \"{key}\"\nkey_ids = [\"{disabled}\", \"alias/check\"]\n\
         [[keyring.children]]\ntype = \"aws-kms-discovery-multi\"\nregions = [\"{WEST}\", \"{EAST}\"]\n"
    );
    let folder = Folder::new(&table(&keyring));
    let checked = folder.run_with(&env(url), &["keyring", "check", "--config", "table.toml"], "");
    assert_eq!((code(&checked), err(&checked)), (1, "dynaseal: 1 recipient does not work\n"));
    let lines: Vec<&str> = out(&checked).lines().collect();
    let [aes, generator, broken, alias, west, east] = lines[..] else { panic!("{lines:?}") };
    assert_eq!(aes, "keyring.generator (raw AES ns/aes): works");
    assert_eq!(generator, format!("keyring.children[0].generator (AWS KMS {key}): works"));
    assert!(broken.starts_with(&format!("keyring.children[0].key_ids[0] (AWS KMS {disabled}): item ")), "{broken}");
    assert!(broken.contains("it is disabled"), "{broken}");
    assert_eq!(alias, "keyring.children[0].key_ids[1] (AWS KMS alias/check): seals only");
    assert!(
        west.ends_with(": opens only (not checked: nothing to open; try `dynaseal open` with a sealed item)"),
        "{west}"
    );
    assert_eq!(east, "keyring.children[1].regions[1] (AWS KMS discovery in us-east-1): opens only");
}
