//! `[legacy]` of table.toml: what reads items of the DynamoDB Encryption Client, and what seals them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::fake_kms::{ENV, FakeKms, KEY};
use common::{Folder, OPEN, SEAL, code, err, inline, out};
use dynaseal::kms::legacy::{DirectKmsProvider, DynamoDbMetaStore};
use dynaseal::kms::{AwsKms, GrantTokens};
use dynaseal::legacy::ddbec::{
    Action, AesKey, EncryptionMaterials, Encryptor, HmacKey, Library, MATERIAL_DESCRIPTION, Mac, MaterialDescription,
    MaterialsProvider, MetaStore as _, RsaSignature, SigningKey, StaticProvider, names,
};
use dynaseal::{AttributeValue, Item, LegacyEncryptor as _, json, local};
use dynaseal_testkit::vectors;
use serde_json::Value;

const START: &str = r#"
logical_table_name = "people"
partition_key = "pk"
[actions]
secret = "ENCRYPT_AND_SIGN"
"#;

const KEYRING: &str = r#"
[keyring]
type = "raw-aes"
namespace = "ns"
name = "key-1"
key = { hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" }
"#;

/// Beside `[keyring]`.
fn legacy(fields: &str) -> String {
    format!("{START}{KEYRING}[legacy]\npolicy = \"FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT\"\n{fields}\n")
}

/// The same with the policy by which the older format is written.
fn writes(fields: &str) -> String {
    legacy(fields).replace("FORBID_LEGACY_ENCRYPT", "FORCE_LEGACY_ENCRYPT")
}

const SIGNING: &str = "signing_key = { hex = \"2222222222222222222222222222222222222222222222222222222222222222\" }\n";
const STATIC: &str = "provider = \"static\"\nencryption_key = { hex = \"11111111111111111111111111111111\" }\n";

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn hmac() -> HmacKey {
    HmacKey::new(Mac::HmacSha256, &[0x22; 32]).unwrap()
}

fn person(key: &str) -> Item {
    Item::from([("pk".to_owned(), key.into()), ("secret".to_owned(), format!("secret of {key}").as_str().into())])
}

fn sealed_with(provider: Arc<dyn MaterialsProvider>, item: Item) -> Item {
    block_on(Encryptor::builder("people", "pk").build(provider).unwrap().encrypt_item(item)).unwrap()
}

fn description(item: &Item) -> MaterialDescription {
    let AttributeValue::B(bytes) = &item[MATERIAL_DESCRIPTION] else { panic!() };
    MaterialDescription::from_bytes(bytes).unwrap()
}

fn with(folder: &Folder, table: &str, command: &[&str], input: &str) -> (i32, String, String) {
    folder.write("table.toml", table);
    let output = folder.run_with(&ENV, command, input);
    (code(&output), out(&output).trim_end().to_owned(), err(&output).to_owned())
}

/// 32 bytes of 7 under the public key `rsa-a` with PKCS #1 v1.5, made with openssl 3.
const PKCS1: &str = "a80M3Se32Q5Tl1ssFPkDlfrwjWLsdMVgvtcuOb13Llgv6bPi1xBu0DH4WJ3pX9E5v+QkENkSt9HbIx19ivmqI/ugQvTaLfbLbvCDLYUS25D4\
YZBRqcPLwNT6Pnb0aP7g7vJge50+iFTscMNTuCn3ANTjeH9xTHmaoabuDI+j5kaX0UmYxO7r3PaKUDI7deJ6x9T5LW1rt/aUhoRc4HrPr2qBz84U1BivQacpJrsP\
XzWwABieWZBt/g0F5saCgTa8TAodogmNJxqeUGQEiyJJ+hHLn7dSsPRqkYTtTSQw2/TdoShZCUJ322rM30Zgx3mY7dlv6jhR0Czxp66B2W7HrA==";

/// An item as the first versions of the Java library wrote it. They said nothing of the wrapping.
fn early(key: &str, wrapping: Option<&str>) -> Item {
    let said = [(names::WRAPPED_KEY, PKCS1), (names::CONTENT_ALGORITHM, "AES")];
    let materials = EncryptionMaterials {
        encryption_key: Some(AesKey::new(&[7; 32]).unwrap()),
        signing_key: hmac().into(),
        description: said.into_iter().chain(wrapping.map(|name| (names::WRAPPING_ALGORITHM, name))).collect(),
    };
    sealed_with(Arc::new(StaticProvider::new(Some(materials), None)), person(key))
}

#[test]
fn early_items_of_java_open_and_migrate_if_table_toml_allows_their_padding() {
    let folder = Folder::new("");
    let rsa = format!(
        "provider = \"wrapped\"\nwrapping_algorithm = \"RSA\"\nunwrapping_key = {}\n{SIGNING}",
        inline("rsa-a")
    );
    let allowed = legacy(&format!("{rsa}accept_pkcs1_v1_5 = true"));
    let ending = "which is RSA with PKCS #1 v1.5: not taken unless `accept_pkcs1_v1_5` allows it";
    for (wrapping, text) in [
        (None, ending.replace("which is", "the material description says nothing of `amzn-ddb-wrap-alg`, which means")),
        (Some("RSA"), format!("the material description says `amzn-ddb-wrap-alg` is `RSA`, {ending}")),
        (
            Some("RSA/ECB/PKCS1Padding"),
            format!("the material description says `amzn-ddb-wrap-alg` is `RSA/ECB/PKCS1Padding`, {ending}"),
        ),
    ] {
        let sealed = json::to_string(&early("a", wrapping));
        for strict in [legacy(&rsa), legacy(&format!("{rsa}accept_pkcs1_v1_5 = false"))] {
            let (code, out, err) = with(&folder, &strict, &OPEN, &sealed);
            assert_eq!((code, &*out), (1, ""));
            assert!(err.contains(&text), "{err}");
        }
        let opened = with(&folder, &allowed, &OPEN, &sealed);
        assert_eq!(opened, (0, json::to_string(&person("a")), String::new()));
    }

    // The whole table, which then is of records.
    let client = local::file(folder.0.path().join("people.db")).unwrap();
    let items = ["a", "b"].map(|key| dynaseal::sdk::to_sdk(early(key, None)));
    block_on(async {
        local::create_table(&client, "people", "pk", None).await.unwrap();
        for item in items {
            client.put_item().table_name("people").set_item(Some(item)).send().await.unwrap();
        }
    });
    let migrate = [
        "migrate",
        "--config",
        "table.toml",
        "--db",
        "people.db",
        "--from",
        "older-client",
        "--no-key-check",
        "--json",
    ];
    let (code, out, _) = with(&folder, &legacy(&rsa), &migrate, "");
    assert_eq!(code, 1, "{out}");
    let (code, out, err) = with(&folder, &allowed, &migrate, "");
    let counts = &serde_json::from_str::<Value>(out.lines().last().unwrap()).unwrap()["counts"]["changed"];
    assert_eq!((code, counts), (0, &serde_json::json!({"older_client": 2})), "{err}");
    let plain = format!("{START}{KEYRING}");
    assert_eq!(with(&folder, &plain, &["verify", "--config", "table.toml", "--db", "people.db"], "").0, 0);
}

/// Items of the libraries in Java and Python, of the scenario with RSA.
#[test]
fn the_vectors_with_rsa_open_through_table_toml() {
    let folder = Folder::new("");
    let (Some(keys), Some(plaintext)) = (vectors::read("ddbec/keys.json"), vectors::read("ddbec/plaintext.json"))
    else {
        return;
    };
    let pem = |name: &str, label: &str| {
        let key = &keys.get("keys").unwrap_or(&keys)[name]["material"];
        let lines = key.as_str().unwrap().as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap());
        let lines = lines.collect::<Vec<_>>().join("\n");
        format!("{{ pem = \"\"\"\n-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n\"\"\" }}")
    };
    let (unwrapping, verification) = (pem("rsaEncPriv", "PRIVATE KEY"), pem("rsaSignPub", "PUBLIC KEY"));
    for (library, file, needs_pkcs1) in [
        ("java", "wrapped-rsa-rsa-1", true),
        ("python", "wrapped-rsa-rsa-1", false),
        ("python", "wrapped-rsa-rsa-2", false),
    ] {
        let Some(stored) = vectors::read(&format!("ddbec/ciphertext/{library}/{file}.json")) else { continue };
        let mut opened_items = 0;
        for (table, items) in stored.as_object().unwrap() {
            let of_table = &plaintext["items"][table];
            for sealed in items.as_array().unwrap() {
                let (expected, action) = expected(&plaintext, table, &vectors::item(sealed), file);
                if action == "nothing" {
                    continue;
                }
                let actions = &plaintext["actions"][&*action];
                let strict = format!(
                    "logical_table_name = \"{table}\"\npartition_key = {}\n{}{KEYRING}[legacy]\n\
                     policy = \"FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT\"\nprovider = \"wrapped\"\n\
                     wrapping_algorithm = \"RSA\"\nunwrapping_key = {unwrapping}\nverification_key = {verification}\n\
                     signing_algorithm = \"SHA256withRSA\"\ndefault_action = \"{}\"\n{}",
                    of_table["index"]["partition"],
                    of_table["index"].get("sort").map(|sort| format!("sort_key = {sort}\n")).unwrap_or_default(),
                    action_of(&actions["default"]),
                    overrides(actions, &of_table["index"]),
                );
                let lenient = strict.replace("[legacy]\n", "[legacy]\naccept_pkcs1_v1_5 = true\n");
                let sealed = sealed.to_string();
                let (code, _, err) = with(&folder, &strict, &OPEN, &sealed);
                assert_eq!(code, i32::from(needs_pkcs1), "{err}");
                let silent = "says nothing of `amzn-ddb-wrap-alg`, which means RSA with PKCS #1 v1.5";
                assert_eq!(err.contains(silent), needs_pkcs1, "{err}");
                let (code, out, err) = with(&folder, &lenient, &OPEN, &sealed);
                assert_eq!(code, 0, "{err}");
                assert!(vectors::same(&json::from_str(&out).unwrap(), &expected), "{out}");
                opened_items += 1;
            }
        }
        println!("{library}/{file}: {opened_items} items opened");
        assert!(opened_items > 0);
    }
}

fn action_of(case: &Value) -> &'static str {
    match case.as_str().unwrap() {
        "encrypt" => "ENCRYPT_AND_SIGN",
        "sign" => "SIGN_ONLY",
        "nothing" => "DO_NOTHING",
        other => panic!("{other}"),
    }
}

fn overrides(actions: &Value, index: &Value) -> String {
    let overrides = actions.get("override").and_then(Value::as_object).into_iter().flatten();
    let is_key = |name: &str| index.as_object().unwrap().values().any(|key| key == name);
    let lines =
        overrides.filter(|(name, _)| !is_key(name)).map(|(name, of)| format!("{name} = \"{}\"\n", action_of(of)));
    format!("[legacy.actions]\n{}", lines.collect::<String>())
}

/// The plain item of a sealed one, by its key, and the name of what is done with its attributes.
fn expected(plaintext: &Value, table: &str, sealed: &Item, file: &str) -> (Item, String) {
    let of_table = &plaintext["items"][table];
    let keys: Vec<&str> = of_table["index"].as_object().unwrap().values().map(|key| key.as_str().unwrap()).collect();
    let version = format!("v{}", u32::from(file.ends_with('2')));
    let cases = of_table["items"].as_array().unwrap().iter();
    let plain = cases.map(|case| {
        let mut item = vectors::item(&case["attributes"]);
        if case.get("exact").is_none() {
            let groups = plaintext["versions"].get(table).and_then(|versions| versions.get(&version)?.as_array());
            for group in groups.into_iter().flatten() {
                item.extend(vectors::item(&plaintext["attributes"][group.as_str().unwrap()]));
            }
        }
        (item, case["action"].as_str().unwrap().to_owned())
    });
    plain.into_iter().find(|(item, _)| keys.iter().all(|key| item.get(*key) == sealed.get(*key))).unwrap()
}

/// Materials in `materials`, an item sealed with them, and their copy in `materials-restored`.
fn restored(folder: &Folder) -> Item {
    let client = local::file(folder.0.path().join("m.db")).unwrap();
    let keys = StaticProvider::symmetric(Some(AesKey::new(&[0x11; 16]).unwrap()), hmac());
    block_on(async {
        let store = DynamoDbMetaStore::new(client.clone(), "materials", Arc::new(keys)).unwrap();
        store.create_table().await.unwrap();
        store.new_version("m").await.unwrap();
        local::create_table(&client, "people", "pk", None).await.unwrap();
        let copied = client.scan().table_name("materials").send().await.unwrap().items.unwrap();
        let copy = StaticProvider::new(None, None);
        DynamoDbMetaStore::new(client.clone(), "materials-restored", Arc::new(copy))
            .unwrap()
            .create_table()
            .await
            .unwrap();
        for item in copied {
            client.put_item().table_name("materials-restored").set_item(Some(item)).send().await.unwrap();
        }
        let provider = store.provider("m", 0).await.unwrap();
        Encryptor::builder("people", "pk").build(provider).unwrap().encrypt_item(person("a")).await.unwrap()
    })
}

#[test]
fn a_restored_table_of_materials_opens_by_its_first_name() {
    let folder = Folder::new("");
    let sealed = json::to_string(&restored(&folder));
    let store = |fields: &str| {
        legacy(&format!(
            "provider = \"most-recent\"\nmaterial_name = \"m\"\n[legacy.metastore]\ndb = \"m.db\"\n{fields}\n\
             [legacy.metastore.keys]\n{STATIC}{SIGNING}"
        ))
    };
    let good = (0, json::to_string(&person("a")), String::new());
    assert_eq!(with(&folder, &store("table = \"materials\""), &OPEN, &sealed), good);
    let (code, out, err) = with(&folder, &store("table = \"materials-restored\""), &OPEN, &sealed);
    assert_eq!((code, &*out), (1, ""));
    for text in ["`m` of version 0", "materials-restored", "give the name that it was written under as logical name"] {
        assert!(err.contains(text), "{err}");
    }
    assert!(err.contains("(`logical_name`)"), "{err}");
    let named = |name: &str| store(&format!("table = \"materials-restored\"\nlogical_name = \"{name}\""));
    assert_eq!(with(&folder, &named("materials"), &OPEN, &sealed), good);
    assert_eq!(with(&folder, &named("others"), &OPEN, &sealed).0, 1);
    let (code, _, err) = with(&folder, &named(""), &OPEN, &sealed);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("legacy.metastore.logical_name: the name of the table is empty"), "{err}");
}

/// With room for one version, each of two that take turns is fetched anew.
#[test]
fn versions_of_materials_are_kept_as_table_toml_says() {
    let (kms, folder) = (FakeKms::new(), Folder::new(""));
    let client = local::file(folder.0.path().join("m.db")).unwrap();
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(aws_sdk_kms::config::BehaviorVersion::latest())
        .region(aws_sdk_kms::config::Region::from_static("us-east-1"))
        .credentials_provider(aws_sdk_kms::config::Credentials::new("test", "test", None, None, "tests"))
        .endpoint_url(kms.url())
        .build();
    let sealed: Vec<String> = block_on(async {
        let aws = Arc::new(AwsKms::new(aws_sdk_kms::Client::from_conf(config)));
        let keys = Arc::new(DirectKmsProvider::new(aws, KEY.parse().unwrap(), GrantTokens::default()));
        let store = DynamoDbMetaStore::new(client, "materials", keys).unwrap();
        store.create_table().await.unwrap();
        let mut sealed = Vec::new();
        for version in 0..2 {
            assert_eq!(store.new_version("m").await.unwrap(), version);
            let provider = store.provider("m", version).await.unwrap();
            let encryptor = Encryptor::builder("people", "pk").build(provider).unwrap();
            sealed.push(json::to_string(&encryptor.encrypt_item(person("a")).await.unwrap()));
        }
        sealed
    });
    for (capacity, calls) in [("", 2), ("cache_capacity = 1", 4), ("cache_capacity = 2", 2)] {
        folder.write(
            "table.toml",
            legacy(&format!(
                "provider = \"most-recent\"\nmaterial_name = \"m\"\n{capacity}\n[legacy.metastore]\ndb = \"m.db\"\n\
                 table = \"materials\"\n[legacy.metastore.keys]\nprovider = \"aws-kms\"\nkey_id = \"{KEY}\"\n\
                 endpoint_url = \"{}\"\n",
                kms.url()
            )),
        );
        kms.calls();
        let mut talk = folder.talk(&ENV, &OPEN);
        for sealed in [&sealed[0], &sealed[1], &sealed[0], &sealed[1]] {
            assert_eq!(talk.ask(sealed).trim_end(), json::to_string(&person("a")));
        }
        assert_eq!(code(&talk.end()), 0);
        assert_eq!(kms.calls(), vec!["Decrypt"; calls], "{capacity}");
    }
}

/// Signed only, so that equal items are equal bytes.
#[test]
fn items_are_signed_in_the_order_of_the_library_that_table_toml_names() {
    let folder = Folder::new("");
    // By UTF-16 the second comes first.
    let item = Item::from([
        ("pk".to_owned(), "a".into()),
        ("\u{fffd}".to_owned(), 1_i64.into()),
        ("\u{10000}".to_owned(), 2_i64.into()),
    ]);
    let expected = |library: Library| {
        let provider = Arc::new(StaticProvider::symmetric(None, hmac()));
        let builder = Encryptor::builder("people", "pk").default_action(Action::SignOnly).library(library);
        json::to_string(&block_on(builder.build(provider).unwrap().encrypt_item(item.clone())).unwrap())
    };
    let (java, python) = (expected(Library::Java), expected(Library::Python));
    assert_ne!(java, python);
    for (library, expected) in [("", &python), ("library = \"python\"", &python), ("library = \"java\"", &java)] {
        let table = writes(&format!("provider = \"static\"\ndefault_action = \"SIGN_ONLY\"\n{library}\n{SIGNING}"))
            .replace("[actions]\n", "[actions]\n\"\u{fffd}\" = \"SIGN_ONLY\"\n\"\u{10000}\" = \"SIGN_ONLY\"\n");
        let sealed = with(&folder, &table, &SEAL, &json::to_string(&item));
        assert_eq!((sealed.0, &sealed.1), (0, expected), "{}", sealed.2);
    }
}

#[test]
fn items_say_what_table_toml_has_them_say() {
    let (kms, folder) = (FakeKms::new(), Folder::new(""));
    let wrapped =
        format!("provider = \"wrapped\"\nwrapping_key = {{ hex = \"11111111111111111111111111111111\" }}\n{SIGNING}");
    let by_kms = format!("provider = \"aws-kms\"\nkey_id = \"{KEY}\"\nendpoint_url = \"{}\"\n", kms.url());
    let said = "[legacy.material_description]\nown = \"words\"\n";
    let content = format!("{said}amzn-ddb-env-alg = \"AES/128\"\n");
    for (fields, algorithm) in [
        (format!("{STATIC}{SIGNING}{said}"), None),
        (format!("{wrapped}{said}"), Some("AES/256")),
        (format!("{wrapped}{content}"), Some("AES/128")),
        (format!("{by_kms}{content}amzn-ddb-sig-alg = \"HmacSHA512/512\"\n"), Some("AES/128")),
    ] {
        let (code, sealed, err) = with(&folder, &writes(&fields), &SEAL, &json::to_string(&person("a")));
        assert_eq!((code, &*err), (0, ""), "{fields}");
        let description = description(&json::from_str(&sealed).unwrap());
        assert_eq!((description.get("own"), description.get(names::CONTENT_ALGORITHM)), (Some("words"), algorithm));
        if let Some(key) = description.get(names::WRAPPED_KEY).filter(|_| fields.contains("wrapping_key")) {
            // AES key wrap adds 8 bytes.
            let bytes = if algorithm == Some("AES/128") { 24 } else { 40 };
            assert_eq!(STANDARD.decode(key).unwrap().len(), bytes);
        }
        let opened = with(&folder, &legacy(&fields), &OPEN, &sealed);
        assert_eq!(opened, (0, json::to_string(&person("a")), String::new()), "{fields}");
    }
}

/// Each ends with the place in the file and what to do, and shows no key.
#[test]
fn mistakes_in_legacy_name_their_place() {
    let folder = Folder::new("");
    let (private, public) = (inline("rsa-a"), inline("rsa-a.pub"));
    let rsa = format!("provider = \"wrapped\"\nwrapping_algorithm = \"RSA\"\nunwrapping_key = {private}\n{SIGNING}");
    let aes =
        format!("provider = \"wrapped\"\nwrapping_key = {{ hex = \"5ec2e75ec2e75ec2e75ec2e75ec2e75e\" }}\n{SIGNING}");
    let kms = format!("provider = \"aws-kms\"\nkey_id = \"{KEY}\"\n");
    let recent = |fields: &str, store: &str| {
        format!(
            "provider = \"most-recent\"\nmaterial_name = \"m\"\n{fields}\n[legacy.metastore]\ntable = \"t\"\n{store}\n\
             [legacy.metastore.keys]\n{STATIC}{SIGNING}"
        )
    };
    let said = |name: &str| format!("material_description = {{ {name} = \"5ec2e7\" }}");
    let written = |name: &str| format!("legacy.material_description: `{name}` is written for each item: leave it out");
    for (fields, message) in [
        (format!("{STATIC}{SIGNING}accept_pkcs1_v1_5 = true"), "line 17: unknown field `accept_pkcs1_v1_5` in legacy"),
        (recent("accept_pkcs1_v1_5 = true", ""), "unknown field `accept_pkcs1_v1_5` in legacy"),
        (format!("{kms}accept_pkcs1_v1_5 = true"), "unknown field `accept_pkcs1_v1_5` in legacy"),
        (
            format!("{aes}accept_pkcs1_v1_5 = true"),
            "legacy.accept_pkcs1_v1_5: it is about RSA: only wrapping_algorithm = \"RSA\" takes it",
        ),
        (
            format!("{aes}wrapping_algorithm = \"AES\"\naccept_pkcs1_v1_5 = false"),
            "legacy.accept_pkcs1_v1_5: it is about RSA",
        ),
        (
            format!("{rsa}accept_pkcs1_v1_5 = \"5ec2e7\""),
            "legacy.accept_pkcs1_v1_5: invalid type: string, expected a boolean",
        ),
        (
            format!("{STATIC}{SIGNING}library = \"rust\""),
            "line 17: legacy.library: unknown variant `rust`: take java, python",
        ),
        (format!("{STATIC}{SIGNING}library = 5"), "line 17: legacy.library: invalid type: integer, expected a string"),
        (
            format!("{STATIC}{SIGNING}material_description = 5"),
            "line 17: legacy.material_description: invalid type: integer, expected a table",
        ),
        (format!("{STATIC}{SIGNING}{}", said("amzn-ddb-map-sym-mode")), &written("amzn-ddb-map-sym-mode")),
        (format!("{aes}{}", said("amzn-ddb-env-key")), &written("amzn-ddb-env-key")),
        (format!("{kms}{}", said("amzn-ddb-wrap-alg")), &written("amzn-ddb-wrap-alg")),
        (format!("{kms}{}", said("aws-kms-ec-attr")), &written("aws-kms-ec-attr")),
        (
            format!("{kms}{}", said("amzn-ddb-env-alg").replace("5ec2e7", "DES/56")),
            "legacy.material_description: the material description says `amzn-ddb-env-alg` is `DES/56`, which is not taken here",
        ),
        (
            format!("{aes}{}", said("amzn-ddb-env-alg").replace("5ec2e7", "DES/56")),
            "legacy: a provider can not be given the material description `amzn-ddb-env-alg`: `DES/56`",
        ),
        (
            format!("{rsa}{}", said("amzn-ddb-wrap-alg").replace("5ec2e7", "RSA")),
            "legacy: a provider can not be given the material description `amzn-ddb-wrap-alg`: `RSA`",
        ),
        (format!("{kms}timeout_seconds = 0"), "line 16: legacy.timeout_seconds: invalid value: "),
        (
            format!("{kms}timeout_seconds = \"5ec2e7\""),
            "line 16: legacy.timeout_seconds: invalid type: string, expected ",
        ),
        (recent("cache_capacity = 0", ""), "line 16: legacy.cache_capacity: invalid value: "),
        (
            recent("", "logical_name = 5"),
            "line 19: legacy.metastore.logical_name: invalid type: integer, expected a string",
        ),
        (
            recent("", "logical_nam = \"t\""),
            "line 19: unknown field `logical_nam` in legacy.metastore: it takes table, logical_name, db",
        ),
        (format!("{rsa}wrapping_key = {private}"), "legacy.wrapping_key: this is no PEM with `BEGIN PUBLIC KEY`"),
    ] {
        let (code, out, err) = with(&folder, &legacy(&fields), &OPEN, "");
        assert_eq!((code, &*out), (2, ""), "{fields}\n{err}");
        assert!(err.starts_with("dynaseal: table.toml: ") && err.contains(message), "{message}\n{err}");
        let secret =
            private.lines().chain(public.lines()).filter(|line| line.len() > 60).find(|line| err.contains(*line));
        assert_eq!((secret, err.contains("5ec2e7")), (None, false), "{err}");
    }
    // Only what signs items with RSA is left to show that the file is a right one otherwise.
    let signing = SigningKey::rsa_pem(RsaSignature::Sha256, &common::pem("rsa-a")).unwrap();
    assert_eq!(signing.algorithm().name(), "SHA256withRSA");
    let nothing = "dynaseal: no items in standard input\n".to_owned();
    assert_eq!(with(&folder, &legacy(&rsa), &OPEN, ""), (0, String::new(), nothing));
}
