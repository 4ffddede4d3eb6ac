//! The raw keyrings in table.toml, and what is said about those that are wrong.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use common::{Folder, ITEM, OPEN, code, err, inline, out, pem, table};

fn rsa(fields: &str) -> String {
    format!("type = \"raw-rsa\"\nnamespace = \"ns\"\nname = \"rsa\"\npadding = \"OAEP_SHA256_MGF1\"\n{fields}\n")
}

fn ecdh(scheme: &str, fields: &str) -> String {
    format!("type = \"raw-ecdh\"\nscheme = \"{scheme}\"\ncurve = \"P256\"\n{fields}\n")
}

#[test]
fn rsa_seals_with_the_public_key_and_opens_with_the_private_one() {
    let folder = Folder::new("");
    let (public, private) =
        (format!("public_key = {}", inline("rsa-a.pub")), format!("private_key = {}", inline("rsa-a")));
    for padding in ["PKCS1", "OAEP_SHA1_MGF1", "OAEP_SHA256_MGF1", "OAEP_SHA384_MGF1", "OAEP_SHA512_MGF1"] {
        let with = |fields: &str| rsa(fields).replace("OAEP_SHA256_MGF1", padding);
        folder.passes(&[], &with(&public), &with(&private));
        let both = with(&format!("{public}\n{private}"));
        folder.passes(&[], &both, &both);
    }
}

#[test]
fn pem_comes_from_file_and_environment_too() {
    let folder = Folder::new("");
    folder.write("public.pem", pem("rsa-a.pub"));
    let private = pem("rsa-a");
    let env = [("DYNASEAL_TEST_PEM", private.as_str())];
    let sealing = rsa("public_key = { file = \"public.pem\" }");
    folder.passes(&env, &sealing, &rsa("private_key = { env = \"DYNASEAL_TEST_PEM\" }"));
}

#[test]
fn ecdh_seals_between_all_parties() {
    let folder = Folder::new("");
    for curve in ["P256", "P384", "P521"] {
        let name = curve.to_lowercase();
        let with = |scheme, fields: &str| ecdh(scheme, fields).replace("P256", curve);
        let key = |field: &str, key: &str| format!("{field} = {}\n", inline(&format!("{name}-{key}")));
        let here = with("static", &(key("sender_private_key", "a") + &key("recipient_public_key", "b.pub")));
        let there = with("static", &(key("sender_private_key", "b") + &key("recipient_public_key", "a.pub")));
        let ephemeral = with("ephemeral", &key("recipient_public_key", "b.pub"));
        let discovery = with("discovery", &key("recipient_private_key", "b"));
        folder.passes(&[], &here, &here);
        folder.passes(&[], &here, &there);
        folder.passes(&[], &here, &discovery);
        folder.passes(&[], &ephemeral, &discovery);
    }
}

#[test]
fn keyrings_of_a_multi_keyring_may_be_of_any_kind() {
    let folder = Folder::new("");
    let aes = "type = \"raw-aes\"\nnamespace = \"ns\"\nname = \"aes\"\nkey = { hex = \"00112233445566778899aabbccddeeff\" }\n";
    let rsa_public = rsa(&format!("public_key = {}", inline("rsa-a.pub")));
    let rsa_private = rsa(&format!("private_key = {}", inline("rsa-a")));
    let multi = format!(
        "type = \"multi\"\n[keyring.generator]\n{aes}[[keyring.children]]\ntype = \"multi\"\n[keyring.children.generator]\n{rsa_public}"
    );
    // A generator within a multi-keyring that has one finds a data key, which it may not.
    folder.write("table.toml", table(&multi));
    let sealed = folder.run(&["seal", "--config", "table.toml"], ITEM);
    assert_eq!(code(&sealed), 1);
    assert!(err(&sealed).contains("child 0 of the multi-keyring failed"), "{}", err(&sealed));

    let multi = format!("type = \"multi\"\n[keyring.generator]\n{aes}[[keyring.children]]\n{rsa_public}");
    folder.passes(&[], &multi, aes);
    folder.passes(&[], &multi, &rsa_private);
}

#[test]
fn a_keyring_for_one_half_says_so() {
    let folder = Folder::new(&table(&rsa(&format!("public_key = {}", inline("rsa-a.pub")))));
    let sealed = folder.run(&["seal", "--config", "table.toml"], ITEM);
    let opened = folder.run(&OPEN, out(&sealed));
    assert_eq!(code(&opened), 1);
    assert!(err(&opened).contains("raw RSA ns/rsa can only seal, it does not open: it has no private key"));
}

/// A table.toml whose keyring is wrong in one way after the other.
struct Wrong {
    folder: Folder,
    secrets: Vec<String>,
}

impl Wrong {
    fn new() -> Self {
        let secrets = ["rsa-a", "p256-a", "p384-a"].map(pem);
        let secrets = secrets.iter().flat_map(|pem| pem.lines()).filter(|line| !line.starts_with('-'));
        let secrets = secrets.chain(["5ec2e7"]).map(str::to_owned).collect();
        Self { folder: Folder::new(""), secrets }
    }

    /// Wherever something is wrong, its place is told, and no secret.
    fn refused(&self, keyring: &str, message: &str) {
        self.folder.write("table.toml", table(keyring));
        let output = self.folder.run(&OPEN, "");
        let error = err(&output);
        assert_eq!((code(&output), out(&output)), (2, ""), "{keyring}\n{error}");
        assert!(error.starts_with("dynaseal: table.toml: ") && error.contains(message), "{message}\n{error}");
        let shown = self.secrets.iter().find(|secret| error.contains(*secret));
        assert_eq!(shown, None, "{error}");
    }
}

const KMS: &str = "arn:aws:kms:us-east-1:111122223333:key/1";

#[test]
fn mistakes_in_raw_keyrings_name_their_place() {
    let table = Wrong::new();
    let (public, private) = (inline("rsa-a.pub"), inline("rsa-a"));
    let (p256, p256_public) = (inline("p256-a"), inline("p256-a.pub"));
    let multi = |child: &str| format!("type = \"multi\"\n[[keyring.children]]\n{child}");
    table.refused("namespace = \"ns\"", "line 6: keyring: missing field `type`");
    table.refused("type = 5", "line 7: keyring.type: invalid type: integer, expected a string");
    table.refused("type = \"raw-rsb\"", "line 7: keyring.type: unknown variant `raw-rsb`: take raw-aes, raw-rsa");
    table.refused(&rsa(""), "keyring: give public_key to seal, private_key to open, or both");
    table.refused(
        &rsa(&format!("pubic_key = {public}")),
        "line 11: unknown field `pubic_key` in keyring: it takes type, namespace",
    );
    table.refused(
        &rsa(&format!("public_key = {private}")),
        "keyring.public_key: a PEM with `BEGIN PUBLIC KEY` is needed",
    );
    table.refused(
        &rsa(&format!("private_key = {public}")),
        "keyring.private_key: a PEM with `BEGIN PRIVATE KEY` is needed",
    );
    table.refused(&rsa("public_key = { pem = \"5ec2e7\" }"), "keyring.public_key: this is no PEM with one key (");
    table.refused(
        &rsa("public_key = { hex = \"5ec2e7\" }"),
        "keyring.public_key: RSA and ECDH keys are PEM: give one of pem, file and env",
    );
    table.refused(
        &rsa("public_key = { file = \"none.pem\" }"),
        "keyring.public_key: the key file none.pem cannot be read: ",
    );
    table.refused(
        &rsa("private_key = { env = \"DYNASEAL_NOT_SET\" }"),
        "keyring.private_key: the environment variable DYNASEAL_NOT_SET is not set",
    );
    table.refused(
        &rsa(&format!("public_key = {public}")).replace("OAEP_SHA256_MGF1", "OAEP"),
        "keyring.padding: unknown padding `OAEP`: take PKCS1",
    );
    table.refused(
        &rsa(&format!("public_key = {}\nprivate_key = {private}", inline("rsa-b.pub"))),
        "keyring: the public and the private key are no pair",
    );
    table.refused(&rsa(&format!("public_key = {}", inline("rsa-1024.pub"))), "keyring.public_key: this is no ");
    table.refused(&rsa("public_key = 5ec2e7"), "line 11");
    table.refused(&rsa(&format!("private_key = {}", private.replace("\"\"\" }", ""))), "line ");
    table.refused(&rsa(&format!("private_key = {private}\nprivate_key = {private}")), "line ");
    table.refused(
        &rsa(&format!("private_key = {}", private.replace("pem", "pen"))),
        "keyring.private_key: unknown field `pen`",
    );
    table.refused(
        &rsa(&format!("private_key = {}", private.replace("{ pem =", "").replace(" }", ""))),
        "keyring.private_key: invalid type: string, expected a table with one of hex",
    );
    table.refused(
        "type = \"raw-aes\"\nnamespace = \"ns\"\nname = \"n\"\nkey = { pem = \"5ec2e7\" }",
        "keyring.key: this key is no PEM: it takes one of hex, base64, file and env",
    );
    table.refused(
        &ecdh("statik", ""),
        "line 8: keyring.scheme: unknown variant `statik`: take static, ephemeral, discovery",
    );
    table.refused(
        &ecdh("static", &format!("sender_private_key = {p256}")),
        "keyring: missing field `recipient_public_key`",
    );
    table.refused(
        &ecdh("ephemeral", &format!("recipient_private_key = {p256}")),
        "line 10: unknown field `recipient_private_key` in keyring: it takes type, scheme, curve, recipient_public_key",
    );
    table.refused(
        &ecdh("discovery", &format!("recipient_private_key = {}", inline("p384-a"))),
        "keyring.recipient_private_key: this is no ",
    );
    table.refused(
        &ecdh("ephemeral", &format!("recipient_public_key = {p256_public}")).replace("P256", "P512"),
        "keyring.curve: unknown curve `P512`: take P256, P384 or P521",
    );
    table.refused("type = \"multi\"", "keyring: a multi-keyring needs a generator or a child");
    table.refused("type = \"multi\"\nchildren = 5", "line 8: keyring.children: expected an array of tables");
    table.refused("type = \"multi\"\nchildren = [5]", "line 8: keyring.children[0]: expected a table");
    table.refused(
        &multi("type = \"raw-aes\"\nnamespace = \"ns\"\nname = 5"),
        "line 11: keyring.children[0].name: invalid type: integer, expected a string",
    );
    table.refused(
        &multi("type = \"raw-aes\"\nnamespace = \"ns\"\nname = \"n\"\nkey = { hex = \"5ec2e7\" }"),
        "keyring.children[0]: a raw AES key has 16, 24 or 32 bytes, not 3",
    );
    table.refused(
        &multi("type = \"raw-aes\"\nnamespace = \"ns\"\nname = \"n\"\nkey = { hex = 5 }"),
        "line 12: keyring.children[0].key: invalid type: integer, expected a string",
    );
}

#[test]
fn mistakes_in_keyrings_of_aws_kms_name_their_place() {
    let table = Wrong::new();
    let (p256, p256_public) = (inline("p256-a"), inline("p256-a.pub"));
    let kms = KMS;
    table.refused("type = \"aws-kms\"", "line 6: keyring: missing field `key_id`");
    table.refused(
        "type = \"aws-kms\"\nkey_id = \"arn:aws:kms\"",
        "keyring.key_id: `arn:aws:kms` is no name of an AWS KMS key: it has fewer than six parts",
    );
    table.refused(
        &format!("type = \"aws-kms\"\nkey_id = \"{kms}\"\nregion = \"us-west-2\""),
        "keyring.region: the key is in us-east-1, and a key is asked for where it is: leave the region out",
    );
    table.refused(
        &format!("type = \"aws-kms\"\nkey_id = \"{kms}\"\ngrant_tokens = [\"\"]"),
        "keyring.grant_tokens: AWS KMS takes at most 10 grant tokens",
    );
    table.refused(
        &format!("type = \"aws-kms\"\nkey_id = \"{kms}\"\ngrant_tokens = \"5ec2e7\""),
        "keyring.grant_tokens: invalid type: string, expected a list, [ … ]",
    );
    table.refused(
        "type = \"aws-kms\"\nkey_id = \"alias/a\"",
        "keyring: no AWS KMS client for the default region: give it with --region or `region` in table.toml, with AWS_REGION or in the profile",
    );
    table.refused("type = \"aws-kms-multi\"", "keyring: a multi-keyring of AWS KMS needs a generator or a child");
    table.refused(
        &format!("type = \"aws-kms-multi\"\nkey_ids = [\"{kms}\", \"\"]"),
        "keyring.key_ids[1]: `` is no name of an AWS KMS key: it is empty",
    );
    table.refused(
        &format!(
            "type = \"aws-kms-mrk-multi\"\nkey_ids = [\"{0}\", \"{1}\"]",
            kms.replace("key/1", "key/mrk-1"),
            kms.replace("key/1", "key/mrk-1").replace("east-1", "west-1")
        ),
        "are replicas of one multi-Region key: give one of them",
    );
    table.refused("type = \"aws-kms-discovery\"\nregion = \"us-east-1\"\ndiscovery_filter = { partition = \"aws\", account_ids = [] }", "keyring.discovery_filter: a discovery filter needs a partition and at least one account");
    table.refused(
        "type = \"aws-kms-discovery\"\ndiscovery_filter = { accounts = [] }",
        "keyring.discovery_filter: unknown field `accounts`",
    );
    table.refused("type = \"aws-kms-discovery-multi\"\nregions = []", "keyring: discovery needs at least one region");
    table.refused(
        "type = \"aws-kms-discovery-multi\"\nregion = \"us-east-1\"",
        "line 8: unknown field `region` in keyring: it takes type, discovery_filter, regions",
    );
    table.refused("type = \"aws-kms-mrk-discovery\"", "line 6: keyring: missing field `region`");
    table.refused(
        &format!("type = \"aws-kms-rsa\"\nkey_id = \"{kms}\"\nencryption_algorithm = \"RSA\""),
        "keyring.encryption_algorithm: unknown algorithm `RSA`: take RSAES_OAEP_SHA_1 or RSAES_OAEP_SHA_256",
    );
    table.refused(
        "type = \"aws-kms-rsa\"\nkey_id = \"alias/a\"\nencryption_algorithm = \"RSAES_OAEP_SHA_1\"",
        "keyring.key_id: `alias/a` is no ARN of an AWS KMS key",
    );
    table.refused(&format!("type = \"aws-kms-ecdh\"\nscheme = \"discovery\"\ncurve = \"P256\"\nkey_id = \"{kms}\"\nrecipient_public_key = {p256_public}"), "unknown field `recipient_public_key` in keyring: it takes scheme, curve, key_id");
    table.refused(&format!("type = \"aws-kms-ecdh\"\nscheme = \"static\"\ncurve = \"P256\"\nkey_id = \"{kms}\"\nrecipient_public_key = {p256}"), "keyring.recipient_public_key: a PEM with `BEGIN PUBLIC KEY` is needed");
}

#[test]
fn mistakes_in_key_stores_name_their_place() {
    let table = Wrong::new();
    let store =
        |keyring: &str, store: &str| format!("type = \"hierarchical\"\n{keyring}\n[keyring.key_store]\n{store}\n");
    let id = "branch_key_id = \"b\"";
    let dynamodb = format!("type = \"dynamodb\"\ntable_name = \"keys\"\nkms_key_arn = \"{KMS}\"\n");
    let static_store = "type = \"static\"\nbranch_key_version = \"e9ce18a3-edb5-4272-9f86-1cacb7997ff6\"\n\
                        branch_key = { hex = \"5ec2e7\" }";
    table.refused("type = \"hierarchical\"", "keyring: give one of branch_key_id and [branch_key_ids]");
    table.refused(&format!("type = \"hierarchical\"\n{id}"), "keyring: [key_store] is missing");
    table.refused(
        &store("branch_key_ids = { attribute = \"pk\", values = {} }", static_store),
        "keyring.branch_key_ids.values: it is empty",
    );
    table.refused(
        &store("branch_key_ids = { attribute = \"pk\", values = { a = \"b\" } }", static_store),
        "keyring.branch_key_ids: a static key store holds one branch key",
    );
    table.refused(&store(id, static_store), "keyring.key_store.branch_key: a branch key has 32 bytes, not 3");
    table.refused(
        &store(id, &static_store.replace("e9ce", "")),
        "keyring.key_store.branch_key_version: this is no UUID",
    );
    table.refused(
        &store(&format!("{id}\nttl_seconds = 60"), static_store),
        "keyring.ttl_seconds: a static key store is in memory and needs no cache",
    );
    table.refused(&store(id, "type = \"sql\""), "keyring.key_store.type: unknown variant `sql`: take static, dynamodb");
    table.refused(
        &store(id, &dynamodb.replace("kms_key_arn", "kms_arn")),
        "unknown field `kms_arn` in keyring.key_store: it takes type, table_name",
    );
    table.refused(
        &store(id, "type = \"dynamodb\"\ntable_name = \"keys\"\ndiscovery = false"),
        "keyring.key_store: give one of kms_key_arn, kms_mrk_arn, discovery = true and mrk_discovery_region",
    );
    table.refused(&store(id, &format!("{dynamodb}discovery = true")), "keyring.key_store: give one of kms_key_arn");
    table.refused(&store(id, &dynamodb.replace("key/1", "alias/1")), "keyring.key_store.kms_key_arn: ");
    table.refused(
        &store(id, &format!("{dynamodb}db = \"none.db\"")),
        "keyring.key_store: there is no database none.db: `dynaseal keystore create-table` with --db makes it",
    );
    table.refused(
        &store(id, &format!("{dynamodb}db = \"none.db\"\nendpoint_url = \"http://localhost\"")),
        "keyring.key_store: db is instead of DynamoDB",
    );
    table.refused(
        &store(id, &dynamodb),
        "keyring.key_store: no region for DynamoDB: give it with --region or `region` in table.toml, with AWS_REGION or in the profile",
    );
    table.refused(
        &store(&format!("{id}\ncache = \"redis\""), &dynamodb),
        "keyring.cache: unknown cache `redis`: take storm-tracking, local or none",
    );
    table.refused(
        &store(&format!("{id}\nttl_seconds = 10"), &dynamodb),
        "keyring.ttl_seconds: the cache needs more than 10 seconds",
    );
    table.refused(
        &store(&format!("{id}\nttl_seconds = 0\ncache = \"local\""), &dynamodb),
        "keyring.ttl_seconds: 0 seconds are no cache",
    );
    table.refused(&store(&format!("{id}\ncache_capacity = 0"), &dynamodb), "keyring.cache_capacity: ");
    table.refused(
        &store(&format!("{id}\ncache_capacity = 5\ncache = \"none\""), &dynamodb),
        "keyring.cache_capacity: it makes no sense with cache = \"none\"",
    );
}
