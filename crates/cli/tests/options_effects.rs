//! What the options of table.toml do that need no server, and what is said about those that are wrong.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::process::Output;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};
use common::{Folder, ITEM, OPEN, SEAL, code, err, out, table};
use dynaseal::legacy::pynamodb_mate::{Key, Mode, Number, Value as PythonValue};
use dynaseal::{AttributeKeys, AttributeRoot, AttributeValue, Item, PassphraseRecipe, SystemRandom, json, local, sdk};

const KEY: &str = "{ hex = \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\" }";
const OTHER: &str = "{ hex = \"ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\" }";

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn version(number: u32) -> String {
    format!("\"00000000-0000-4000-8000-{number:012}\"")
}

/// A static key store that seals with this version.
fn branch_key(number: u32, key: &str, more: &str) -> String {
    format!(
        "type = \"hierarchical\"\nbranch_key_id = \"b\"\n[keyring.key_store]\ntype = \"static\"\n\
         branch_key_version = {}\nbranch_key = {key}\n{more}\n",
        version(number)
    )
}

#[test]
fn older_versions_of_a_branch_key_open_and_do_not_seal() {
    let folder = Folder::new(&table(&branch_key(1, KEY, "")));
    let before = folder.run(&SEAL, ITEM);
    let older = |number: u32, key: &str| {
        format!("older_versions = [{{ branch_key_version = {}, branch_key = {key} }}]", version(number))
    };
    let both = branch_key(2, OTHER, &older(1, KEY));
    let opens = |keyring: &str, sealed: &Output| {
        folder.write("table.toml", table(keyring));
        let opened = folder.run(&OPEN, out(sealed));
        (code(&opened), out(&opened).to_owned(), err(&opened).to_owned())
    };
    let good = (0, ITEM.to_owned(), String::new());
    assert_eq!(opens(&both, &before), good);
    let after = folder.run(&SEAL, ITEM);
    assert_eq!(opens(&both, &after), good);
    assert_eq!(opens(&branch_key(2, OTHER, ""), &after), good, "the version that stands alone is the one that seals");
    for wrong in [branch_key(2, OTHER, ""), branch_key(2, OTHER, &older(3, KEY)), branch_key(2, KEY, &older(1, OTHER))]
    {
        assert_eq!(opens(&wrong, &before).0, 1, "{wrong}");
    }
    // Several, in tables of their own.
    let tables = |numbers: [u32; 2]| {
        numbers
            .map(|number| {
                format!(
                    "[[keyring.key_store.older_versions]]\nbranch_key_version = {}\nbranch_key = {KEY}\n",
                    version(number)
                )
            })
            .concat()
    };
    assert_eq!(opens(&branch_key(2, OTHER, &tables([7, 1])), &before), good);
}

/// A table with an index of keys by ward, and an item in it.
fn with_index(folder: &Folder) -> Client {
    let client = local::file(folder.0.path().join("people.db")).unwrap();
    let key = |name| KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash).build().unwrap();
    let attribute = |name| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let projection = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let index = GlobalSecondaryIndex::builder().index_name("by-ward").key_schema(key("ward")).projection(projection);
    let create = client
        .create_table()
        .table_name("people")
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk"))
        .attribute_definitions(attribute("pk"))
        .attribute_definitions(attribute("ward"))
        .global_secondary_indexes(index.build().unwrap());
    block_on(create.send()).unwrap();
    client
}

#[test]
fn an_index_without_whole_items_is_read_only_if_table_toml_says_that_nobody_vouches_for_it() {
    let file = |index: &str| {
        let text = table(&format!("type = \"raw-aes\"\nnamespace = \"ns\"\nname = \"key-1\"\nkey = {KEY}"));
        let text = text.replace("[actions]\n", "[actions]\nward = \"SIGN_ONLY\"\n");
        format!("{index}\n{text}")
    };
    let folder = Folder::new(&file(""));
    with_index(&folder);
    let item = r#"{"pk":{"S":"a"},"secret":{"S":"influenza"},"ward":{"S":"north"}}"#;
    let put = folder.run(&["put", "--config", "table.toml", "--db", "people.db"], item);
    assert_eq!(code(&put), 0, "{}", err(&put));
    let query = [
        "query",
        "--config",
        "table.toml",
        "--db",
        "people.db",
        "--index",
        "by-ward",
        "--key-condition",
        "ward = :w",
        "--values",
        r#"{":w":{"S":"north"}}"#,
    ];
    let refused = folder.run(&query, "");
    assert_ne!(code(&refused), 0);
    assert!(err(&refused).contains("or see danger_unverified_index"), "{}", err(&refused));
    folder.write("table.toml", file("danger_unverified_index = { by-ward = [\"ward\"] }"));
    let found = folder.run(&query, "");
    assert_eq!((code(&found), err(&found)), (0, ""));
    assert_eq!(out(&found), "{\"pk\":{\"S\":\"a\"},\"ward\":{\"S\":\"north\"}}\n");
    // What is encrypted would come as ciphertext.
    folder.write("table.toml", file("danger_unverified_index = { by-ward = [\"secret\"] }"));
    let refused = folder.run(&query, "");
    assert_eq!(code(&refused), 2);
    assert!(err(&refused).contains("danger_unverified_index.by-ward: "), "{}", err(&refused));
}

const START: &str = "logical_table_name = \"people\"\npartition_key = \"pk\"\n";
const PASSPHRASES: [(&str, &str); 3] = [("MODEL", "xyzzy-model"), ("AGE", "xyzzy-age"), ("ROOT", "xyzzy-root")];

fn migrate(folder: &Folder, arguments: &[&str]) -> Output {
    let command = ["migrate", "--config", "table.toml", "--db", "people.db", "--json"];
    folder.run_with(&PASSPHRASES, &[command.as_slice(), arguments].concat(), "")
}

fn stored(client: &Client) -> Item {
    let items = block_on(client.scan().table_name("people").send()).unwrap().items.unwrap();
    sdk::from_sdk(items.into_iter().next().unwrap()).unwrap()
}

/// Each attribute of a model of pynamodb_mate has its own key. The roots of the sealed attributes come from a passphrase.
#[test]
fn passphrases_of_attributes_and_of_roots_are_taken() {
    let recipe = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA";
    let recipe: PassphraseRecipe = recipe.parse().unwrap();
    let python = |passphrase: &str, value: PythonValue| {
        let key = Key::from_passphrase(passphrase);
        AttributeValue::B(key.insecure_seal(Mode::Deterministic, &value, &SystemRandom).unwrap())
    };
    let item = Item::from([
        ("pk".to_owned(), "a".into()),
        ("name".to_owned(), python("xyzzy-model", PythonValue::Text("Ada".to_owned()))),
        ("age".to_owned(), python("xyzzy-age", PythonValue::Number(Number::from(36_i64)))),
    ]);
    let file = |age: &str, root: &str| {
        format!(
            "{START}[pynamodb_mate]\npassphrase = {{ env = \"MODEL\" }}\n[pynamodb_mate.attributes]\nname = \"text\"\n\
             age = {age}\n[attributes]\ndeterministic = [\"name\", \"age\"]\n[[attributes.roots]]\nid = \"r\"\n{root}\n"
        )
    };
    let own = "{ type = \"number\", passphrase = { env = \"AGE\" } }";
    let root = format!("passphrase = {{ env = \"ROOT\" }}\nrecipe = \"{recipe}\"");
    let folder = Folder::new(&file("\"number\"", &root));
    let client = local::file(folder.0.path().join("people.db")).unwrap();
    block_on(async {
        local::create_table(&client, "people", "pk", None).await.unwrap();
        client.put_item().table_name("people").set_item(Some(sdk::to_sdk(item.clone()))).send().await.unwrap();
    });
    let to = ["--from", "pynamodb-mate", "--to", "sealed-attributes"];
    let refused = migrate(&folder, &to);
    assert_ne!(code(&refused), 0, "{}", out(&refused));
    assert_eq!(stored(&client), item, "the passphrase of the model is not that of the age");

    folder.write("table.toml", file(own, &root));
    let moved = migrate(&folder, &to);
    assert_eq!(code(&moved), 0, "{}{}", out(&moved), err(&moved));
    let keys = AttributeKeys::new(AttributeRoot::from_passphrase("r", "xyzzy-root", &recipe).unwrap());
    let opened = |name: &str| {
        let AttributeValue::B(bytes) = &stored(&client)[name] else { panic!() };
        keys.deterministic("people", name).unwrap().open(bytes).unwrap()
    };
    assert_eq!((opened("name"), opened("age")), ("Ada".into(), 36_i64.into()));

    // The same bytes as a key: the root is the same one.
    let back = migrate(&folder, &["--from", "sealed-attributes", "--danger-to-plaintext"]);
    assert_eq!(code(&back), 0, "{}{}", out(&back), err(&back));
    let plain = json::from_str(r#"{"pk":{"S":"a"},"name":{"S":"Ada"},"age":{"N":"36"}}"#).unwrap();
    assert_eq!(stored(&client), plain);
}

/// A file that is wrong in one way after the other.
struct Wrong(Folder);

impl Wrong {
    fn refused(&self, text: &str, message: &str) {
        self.0.write("table.toml", text);
        let output = self.0.run_with(&PASSPHRASES, &["migrate", "--config", "table.toml", "--db", "people.db"], "");
        let error = err(&output);
        assert_eq!((code(&output), out(&output)), (2, ""), "{text}\n{error}");
        assert!(error.starts_with("dynaseal: table.toml: ") && error.contains(message), "{message}\n{error}");
        assert!(!error.contains("5ec2e7") && !error.contains("xyzzy"), "{error}");
    }
}

#[test]
fn mistakes_in_options_name_their_place() {
    let wrong = Wrong(Folder::new(""));
    let store = |cache: &str, store: &str| {
        table(&format!(
            "type = \"hierarchical\"\nbranch_key_id = \"b\"\n{cache}\n[keyring.key_store]\ntype = \"dynamodb\"\n\
             table_name = \"keys\"\ndiscovery = true\n{store}\n"
        ))
    };
    for (name, value, message) in [
        ("grace_period_seconds", "\"5ec2e7\"", "invalid type: string, expected "),
        ("grace_period_seconds", "-1", "invalid value: "),
        ("grace_interval_seconds", "0", "invalid value: "),
        ("fan_out", "0", "invalid value: "),
        ("fan_out", "2.5", "invalid type: "),
        ("in_flight_ttl_seconds", "0", "invalid value: "),
    ] {
        wrong.refused(&store(&format!("{name} = {value}"), ""), &format!("line 9: keyring.{name}: {message}"));
        for (cache, reason) in
            [("local", "only cache = \"storm-tracking\" takes it"), ("none", "it makes no sense with cache = \"none\"")]
        {
            let cache = format!("cache = \"{cache}\"\n{name} = 5");
            wrong.refused(&store(&cache, ""), &format!("keyring.{name}: {reason}"));
        }
        let text = table(&format!("{name} = 5\n{}", branch_key(1, KEY, "")));
        wrong.refused(&text, &format!("keyring.{name}: a static key store is in memory and needs no cache"));
    }
    wrong.refused(
        &store("ttl_seconds = 30\ngrace_period_seconds = 30", ""),
        "keyring.ttl_seconds: the cache needs more than 30 seconds, its grace period: ",
    );
    wrong.refused(
        &store("", "kms_timeout_seconds = 0"),
        "line 14: keyring.key_store.kms_timeout_seconds: invalid value: ",
    );

    let kms = "type = \"aws-kms\"\nkey_id = \"arn:aws:kms:us-east-1:111122223333:key/1\"\n";
    wrong.refused(&table(&format!("{kms}timeout_seconds = 0")), "line 9: keyring.timeout_seconds: invalid value: ");
    wrong.refused(&table(&format!("{kms}timeout_seconds = 0.5")), "line 9: keyring.timeout_seconds: invalid type: ");

    let older = |fields: &str| table(&branch_key(1, KEY, &format!("older_versions = [{{ {fields} }}]")));
    let same = format!("branch_key_version = {}, branch_key = {KEY}", version(1));
    wrong.refused(
        &older(&same),
        "keyring.key_store.older_versions[0].branch_key_version: there is a branch key of this version already",
    );
    let next = same.replace(&version(1), &version(2));
    wrong.refused(
        &older(&format!("{next} }}, {{ {next}")),
        "older_versions[1].branch_key_version: there is a branch key",
    );
    wrong.refused(&older(&next.replace("8000", "")), "older_versions[0].branch_key_version: this is no UUID");
    wrong.refused(&older(&format!("branch_key = {KEY}")), "older_versions[0]: missing field `branch_key_version`");
    wrong.refused(
        &older(&format!("{next}, beacon_key = {KEY}")),
        "unknown field `beacon_key` in keyring.key_store.older_versions[0]",
    );
    wrong.refused(
        &older(&next.replace(KEY, "{ hex = \"5ec2e7\" }")),
        "keyring.key_store.older_versions[0].branch_key: a branch key has 32 bytes, not 3",
    );
    wrong.refused(
        &table(&branch_key(1, KEY, "older_versions = 5")),
        "keyring.key_store.older_versions: expected an array of tables",
    );

    let cache = |fields: &str| {
        table(&format!(
            "type = \"raw-aes\"\nnamespace = \"ns\"\nname = \"n\"\nkey = {KEY}\n[materials_cache]\n{fields}"
        ))
    };
    wrong.refused(&cache("capacity = 5"), "line 11: materials_cache: missing field `max_age_seconds`");
    wrong.refused(&cache("max_age_seconds = 5"), "line 11: materials_cache: missing field `capacity`");
    wrong.refused(&cache("capacity = 0"), "line 12: materials_cache.capacity: invalid value: ");
    for name in ["max_age_seconds", "max_messages", "max_bytes"] {
        let good = "capacity = 5\nmax_age_seconds = 5\n".replace(&format!("{name} = 5\n"), "");
        for value in ["0", "\"5ec2e7\""] {
            let text = cache(&format!("{name} = {value}\n{good}"));
            wrong.refused(&text, &format!("line 12: materials_cache.{name}: invalid "));
        }
    }
    wrong.refused(
        &cache("capacity = 5\nmax_age = 5"),
        "line 13: unknown field `max_age` in materials_cache: it takes capacity",
    );
    wrong.refused(
        &format!("danger_unverified_index = 5\n{START}"),
        "line 1: danger_unverified_index: invalid type: integer",
    );
    wrong.refused(
        &format!("danger_unverified_index = {{ i = \"5ec2e7\" }}\n{START}"),
        "line 1: danger_unverified_index: ",
    );
}

#[test]
fn mistakes_in_sealed_attributes_name_their_place() {
    let wrong = Wrong(Folder::new(""));
    let client = local::file(wrong.0.0.path().join("people.db")).unwrap();
    block_on(local::create_table(&client, "people", "pk", None)).unwrap();
    let python = |age: &str| {
        format!("{START}[pynamodb_mate]\npassphrase = {{ env = \"MODEL\" }}\n[pynamodb_mate.attributes]\nage = {age}\n")
    };
    for (age, message) in [
        (
            "5",
            "line 6: pynamodb_mate.attributes: invalid type: integer, expected a type, or a table with type and passphrase",
        ),
        ("{ type = \"number\" }", "line 6: pynamodb_mate.attributes: missing field `passphrase`"),
        ("{ passphrase = { env = \"AGE\" } }", "line 6: pynamodb_mate.attributes: missing field `type`"),
        (
            "{ kind = \"number\", passphrase = { env = \"AGE\" } }",
            "line 6: pynamodb_mate.attributes: unknown field `kind`",
        ),
        (
            "{ type = \"number\", passphrase = \"5ec2e7\" }",
            "line 6: pynamodb_mate.attributes: invalid type: string, expected a table",
        ),
        (
            "{ type = \"number\", passphrase = { hex = \"5ec2e7\" } }",
            "pynamodb_mate.attributes.age.passphrase: a passphrase is text",
        ),
        (
            "{ type = \"number\", passphrase = { env = \"NOT_SET\" } }",
            "pynamodb_mate.attributes.age.passphrase: the environment variable NOT_SET",
        ),
        ("{ type = \"integer\", passphrase = { env = \"AGE\" } }", "pynamodb_mate.attributes.age: "),
        ("\"integer\"", "pynamodb_mate.attributes.age: "),
    ] {
        wrong.refused(&python(age), message);
    }
    let recipe = "recipe = \"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA\"";
    let passphrase = "passphrase = { env = \"ROOT\" }";
    for (root, message) in [
        (String::new(), "attributes.roots[0]: give one of key and passphrase"),
        (format!("key = {KEY}\n{passphrase}\n{recipe}"), "attributes.roots[0]: give one of key and passphrase"),
        (format!("key = {KEY}\n{recipe}"), "attributes.roots[0].recipe: it goes with passphrase only"),
        (passphrase.to_owned(), "attributes.roots[0]: missing field `recipe`"),
        (format!("{passphrase}\nrecipe = \"scrypt\""), "attributes.roots[0].recipe: "),
        (
            format!("{recipe}\npassphrase = {{ hex = \"5ec2e7\" }}"),
            "attributes.roots[0].passphrase: a passphrase is text",
        ),
        ("key = { hex = \"5ec2e7\" }".to_owned(), "attributes.roots[0].key: a root key has 32 bytes"),
    ] {
        wrong.refused(
            &format!("{START}[attributes]\nrandomised = [\"n\"]\n[[attributes.roots]]\nid = \"r\"\n{root}\n"),
            message,
        );
    }
}
