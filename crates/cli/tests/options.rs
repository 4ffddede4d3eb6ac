//! Every option of the library is reached by table.toml or by the command line, or has a reason why not.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use common::{Folder, code, err, inline, out};

/// What leads to an option.
#[derive(Clone, Copy)]
enum Way {
    /// A field of one of the files below.
    Field(&'static str, &'static str),
    /// An option of a command.
    Command(&'static [&'static str], &'static str),
    /// Nothing, for a reason.
    None(&'static str),
}

use Way::{Command, Field, None as No};

const RANDOM: &str = "randomness is injected by programs and tests; the command takes that of the system";
const INTERNAL: &str = "no option: what other calls of the library are made of";

/// Each method of a builder, in the order of their names.
const OPTIONS: &[(&str, Way)] = &[
    ("AttributeKeys::and_reads", Field("attributes", "roots")),
    ("AttributeKeys::with_random", No(RANDOM)),
    ("AwsKms::with_timeout", Field("kms", "timeout_seconds")),
    ("CachingLimits::max_bytes", Field("raw", "max_bytes")),
    ("CachingLimits::max_messages", Field("raw", "max_messages")),
    ("CompoundBeacon::constructor", Field("raw", "constructors")),
    ("CompoundBeacon::constructors", Field("raw", "constructors")),
    ("CompoundBeacon::encrypted", Field("raw", "encrypted")),
    ("CompoundBeacon::signed", Field("raw", "signed")),
    ("CompoundBeacon::signed_part", Field("raw", "signed")),
    ("Constructor::optional", Field("raw", "required")),
    ("Constructor::required", Field("raw", "required")),
    ("DirectKmsProvider::with_description", Field("older-kms", "material_description")),
    ("DirectKmsProvider::with_older_keys", Field("older-kms", "older_key_ids")),
    ("DynamoDbMetaStore::logical_name", Field("most-recent", "logical_name")),
    ("EncryptorBuilder::actions", Field("wrapped", "actions")),
    ("EncryptorBuilder::default_action", Field("wrapped", "default_action")),
    ("EncryptorBuilder::library", Field("wrapped", "library")),
    ("EncryptorBuilder::material_description_attribute", Field("wrapped", "material_description_attribute")),
    ("EncryptorBuilder::signature_attribute", Field("wrapped", "signature_attribute")),
    ("EncryptorBuilder::sort_key", Field("wrapped", "sort_key")),
    ("EncryptorBuilder::with_random", No(RANDOM)),
    ("ItemEncryptor::with_legacy", Field("wrapped", "legacy")),
    ("ItemEncryptor::with_random", No(RANDOM)),
    ("ItemEncryptor::with_signed", No("the signed beacons of [search] are what is signed")),
    ("KeyStoreOptions::grant_tokens", Field("key-store", "grant_tokens")),
    ("KeyStoreOptions::logical_name", Field("key-store", "logical_name")),
    ("MostRecentProvider::with_capacity", Field("most-recent", "cache_capacity")),
    ("NewKey::context", Command(&["keystore", "create-key"], "--context")),
    ("NewKey::id", Command(&["keystore", "create-key"], "--id")),
    ("Options::checkpoint", Command(&["migrate"], "--checkpoint")),
    ("Options::concurrency", Command(&["migrate"], "--concurrency")),
    ("Options::page_size", Command(&["migrate"], "--page-size")),
    ("Options::prove", Command(&["migrate"], "--prove")),
    ("Options::read_units", Command(&["migrate"], "--read-units")),
    ("Options::reseal_all", Command(&["migrate"], "--reseal")),
    ("Options::shard", Command(&["migrate"], "--segments")),
    ("Options::without_key_check", Command(&["migrate"], "--no-key-check")),
    ("Options::write_units", Command(&["migrate"], "--write-units")),
    ("PynamodbMate::attribute", Field("attributes", "attributes")),
    ("PynamodbMate::attribute_with", Field("attributes", "passphrase")),
    ("RegionalClients::with_timeout", Field("kms", "timeout_seconds")),
    (
        "RoleClients::with_timeout",
        No("roles are assumed by code that programs give; on the command line a profile names one"),
    ),
    ("Sample::except", No("`beacons plan` leaves out the keys of table.toml")),
    ("Sample::limit", No("`beacons plan` takes all values that it is given")),
    ("SealedAttributes::deterministic", Field("attributes", "deterministic")),
    ("SealedAttributes::randomised", Field("attributes", "randomised")),
    ("SealedTable::danger_unverified_index", Field("raw", "danger_unverified_index")),
    ("SealedTable::with_search", Field("raw", "search")),
    ("SearchConfig::compound", Field("raw", "compound_beacons")),
    ("SearchConfig::default_partitions", Field("raw", "default_partitions")),
    ("SearchConfig::encrypted_part", Field("raw", "encrypted_parts")),
    ("SearchConfig::maximum_partitions", Field("raw", "maximum_partitions")),
    (
        "SearchConfig::partition_selector",
        No("a function that programs give; the command takes the library's own choice"),
    ),
    ("SearchConfig::signed_part", Field("raw", "signed_parts")),
    ("SearchConfig::standard", Field("raw", "standard_beacons")),
    ("SearchConfig::virtual_field", Field("raw", "virtual_fields")),
    ("SignedPart::at", Field("raw", "location")),
    ("Source::legacy", Command(&["migrate"], "--from")),
    ("Source::plain", Command(&["migrate"], "--from")),
    ("Source::pynamodb_mate", Command(&["migrate"], "--from")),
    ("Source::records", Command(&["migrate"], "--from-config")),
    ("Source::sealed_attributes", Command(&["migrate"], "--from")),
    ("StandardBeacon::as_set", Field("raw", "style")),
    ("StandardBeacon::at", Field("raw", "location")),
    ("StandardBeacon::part_only", Field("raw", "style")),
    ("StandardBeacon::partitions", Field("raw", "partitions")),
    ("StandardBeacon::shared_set_with", Field("raw", "shares")),
    ("StandardBeacon::shared_with", Field("raw", "shares")),
    ("StandardBeacon::style", Field("raw", "style")),
    ("StaticBeaconKeySource::with", Field("branch-keys", "beacon_keys")),
    ("StaticBranchKeySource::with_older", Field("branch-keys", "older_versions")),
    ("StormTracking::fan_out", Field("key-store", "fan_out")),
    ("StormTracking::grace_interval", Field("key-store", "grace_interval_seconds")),
    ("StormTracking::grace_period", Field("key-store", "grace_period_seconds")),
    ("StormTracking::in_flight_ttl", Field("key-store", "in_flight_ttl_seconds")),
    ("SupplierError::with_source", No("an error of suppliers that programs write")),
    ("TableConfig::with_signed", No("the signed beacons of [search] are what is signed")),
    ("TableConfigBuilder::action", Field("raw", "actions")),
    ("TableConfigBuilder::algorithm_suite", Field("raw", "algorithm_suite")),
    ("TableConfigBuilder::encrypt", Field("raw", "actions")),
    ("TableConfigBuilder::include_in_context", Field("raw", "actions")),
    ("TableConfigBuilder::plaintext_policy", Field("raw", "plaintext_policy")),
    ("TableConfigBuilder::sign", Field("raw", "actions")),
    ("TableConfigBuilder::sort_key", Field("raw", "sort_key")),
    ("TableConfigBuilder::unsigned", Field("raw", "unsigned_attributes")),
    ("TableConfigBuilder::unsigned_prefix", Field("raw", "unsigned_attribute_prefix")),
    ("Target::dropping", Command(&["migrate"], "--drop")),
    ("ValueError::hide_keys", No(INTERNAL)),
    ("Verifier::only_opens", Command(&["verify"], "--only-open")),
    ("Verifier::other_tables", Command(&["verify"], "--other-table")),
    ("VirtualField::part", Field("raw", "parts")),
    ("WrappedProviderBuilder::accept_pkcs1_v1_5", Field("wrapped", "accept_pkcs1_v1_5")),
    ("WrappedProviderBuilder::description", Field("wrapped", "material_description")),
    ("WrappedProviderBuilder::signing_key", Field("wrapped", "signing_key")),
    ("WrappedProviderBuilder::unwrapping_key", Field("wrapped", "unwrapping_key")),
    ("WrappedProviderBuilder::verification_key", Field("wrapped", "verification_key")),
    ("WrappedProviderBuilder::with_random", No(RANDOM)),
    ("WrappedProviderBuilder::wrapping_key", Field("wrapped", "wrapping_key")),
];

/// What keys come from: the types that stand behind the library's traits, with the words of a file that choose them.
const SOURCES: &[(&str, Chosen)] = &[
    ("BeaconKeySource CachedBeaconKeys", By("branch-keys-cached", "[search]\nkey_field = \"id\"\nttl_seconds = 60")),
    ("BeaconKeySource KeyStore", By("branch-keys-cached", "[search.key_store]\ntype = \"dynamodb\"")),
    ("BeaconKeySource StaticBeaconKeySource", By("branch-keys", "[search.key_store]\ntype = \"static\"")),
    (
        "BranchKeyIdSupplier AttributeBranchKeyId",
        By("branch-keys-cached", "[keyring.branch_key_ids]\nattribute = \"id\""),
    ),
    ("BranchKeySource CachedBranchKeys", By("key-store", "cache = \"storm-tracking\"")),
    ("BranchKeySource KeyStore", By("key-store", "[keyring.key_store]\ntype = \"dynamodb\"")),
    ("BranchKeySource StaticBranchKeySource", By("branch-keys", "[keyring.key_store]\ntype = \"static\"")),
    ("ClientSupplier RegionalClients", By("kms", "type = \"aws-kms\"")),
    (
        "ClientSupplier RoleClients",
        Not("roles are assumed by code that programs give; on the command line a profile names one"),
    ),
    ("Cmm CachingCmm", By("raw", "[materials_cache]")),
    ("Cmm DefaultCmm", By("raw", "[keyring]")),
    ("Cmm RequiredContextCmm", Not("in records, all pairs that come from the item are required already")),
    ("Keyring HierarchicalKeyring", By("key-store", "type = \"hierarchical\"")),
    ("Keyring KmsDiscoveryKeyring", By("keyrings", "type = \"aws-kms-discovery\"")),
    ("Keyring KmsEcdhKeyring", By("keyrings", "type = \"aws-kms-ecdh\"")),
    ("Keyring KmsKeyring", By("kms", "type = \"aws-kms\"")),
    ("Keyring KmsRsaKeyring", By("keyrings", "type = \"aws-kms-rsa\"")),
    ("Keyring MultiKeyring", By("keyrings", "type = \"multi\"")),
    ("Keyring RawAesKeyring", By("raw", "type = \"raw-aes\"")),
    ("Keyring RawEcdhKeyring", By("keyrings", "type = \"raw-ecdh\"")),
    ("Keyring RawRsaKeyring", By("keyrings", "type = \"raw-rsa\"")),
    ("LegacyEncryptor Encryptor", By("wrapped", "[legacy]")),
    ("MaterialsProvider DirectKmsProvider", By("older-kms", "provider = \"aws-kms\"")),
    ("MaterialsProvider MostRecentProvider", By("most-recent", "provider = \"most-recent\"")),
    ("MaterialsProvider StaticProvider", By("older-static", "provider = \"static\"")),
    ("MaterialsProvider WrappedProvider", By("wrapped", "provider = \"wrapped\"")),
    ("MetaStore DynamoDbMetaStore", By("most-recent", "[legacy.metastore]")),
];

/// How a source of keys is chosen.
enum Chosen {
    By(&'static str, &'static str),
    Not(&'static str),
}

use Chosen::{By, Not};

/// What has no method of its own in a builder: what is given when a thing is made, and where AWS is.
const MORE_FIELDS: &[(&str, &str)] = &[
    ("raw", "materials_cache"),
    ("raw", "capacity"),
    ("raw", "max_age_seconds"),
    ("kms", "grant_tokens"),
    ("key-store", "kms_mrk_arn"),
    ("key-store", "kms_timeout_seconds"),
    ("key-store", "kms_endpoint_url"),
    ("key-store", "cache_capacity"),
    ("discovery", "discovery"),
    ("replica-discovery", "mrk_discovery_region"),
    ("older-static", "material_description"),
    ("older-kms", "timeout_seconds"),
];

const KMS: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const KEY: &str = "{ hex = \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\" }";

/// Files that have all fields between them.
fn files() -> BTreeMap<&'static str, String> {
    let start = "logical_table_name = \"people\"\npartition_key = \"id\"\nsort_key = \"visit\"\n";
    let raw = format!("[keyring]\ntype = \"raw-aes\"\nnamespace = \"ns\"\nname = \"key-1\"\nkey = {KEY}\n");
    let policy = "[legacy]\npolicy = \"FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT\"\n";
    let store = |key: &str| {
        format!(
            "{start}[keyring]\ntype = \"hierarchical\"\nbranch_key_id = \"b\"\ncache = \"storm-tracking\"\nttl_seconds = 60\ncache_capacity = 5\n\
             grace_period_seconds = 20\ngrace_interval_seconds = 2\nfan_out = 5\nin_flight_ttl_seconds = 5\n\
             [keyring.key_store]\ntype = \"dynamodb\"\ntable_name = \"keys\"\nlogical_name = \"keys\"\n{key}\n\
             grant_tokens = [\"token\"]\nkms_timeout_seconds = 5\nkms_endpoint_url = \"http://127.0.0.1:1\"\n"
        )
    };
    let version = |number: u32| format!("\"00000000-0000-4000-8000-{number:012}\"");
    BTreeMap::from([
        (
            "raw",
            format!(
                r#"{start}algorithm_suite = "hmac-only"
unsigned_attributes = ["free"]
unsigned_attribute_prefix = ":"
plaintext_policy = "FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ"
danger_unverified_index = {{ by-ward = ["ward"] }}
[actions]
name = "ENCRYPT_AND_SIGN"
first = "ENCRYPT_AND_SIGN"
tags = "ENCRYPT_AND_SIGN"
ward = "SIGN_ONLY"
{raw}[materials_cache]
capacity = 10
max_age_seconds = 60
max_messages = 100
max_bytes = 100000
[search]
beacon_key = {KEY}
maximum_partitions = 4
default_partitions = 2
signed_parts = [{{ name = "ward", prefix = "W-", location = "ward" }}]
encrypted_parts = [{{ name = "name", prefix = "N-" }}]
[[search.standard_beacons]]
name = "name"
length = 12
partitions = 2
[[search.standard_beacons]]
name = "family"
location = "first"
length = 12
style = "shared"
shares = "name"
[[search.compound_beacons]]
name = "where"
split = "."
signed = [{{ name = "kind", prefix = "K-", location = "ward" }}]
encrypted = [{{ name = "family", prefix = "F-" }}]
constructors = [[{{ name = "family", required = true }}]]
[[search.virtual_fields]]
name = "initial"
parts = [{{ location = "name", transforms = [{{ prefix = {{ length = 1 }} }}] }}]
"#
            ),
        ),
        (
            "wrapped",
            format!(
                "{start}[actions]\nname = \"ENCRYPT_AND_SIGN\"\n{raw}{policy}provider = \"wrapped\"\nlibrary = \"java\"\n\
                 default_action = \"SIGN_ONLY\"\nmaterial_description_attribute = \"d\"\nsignature_attribute = \"s\"\n\
                 wrapping_algorithm = \"RSA\"\nwrapping_key = {}\nunwrapping_key = {}\naccept_pkcs1_v1_5 = true\n\
                 signing_algorithm = \"SHA256withRSA\"\nsigning_key = {}\nverification_key = {}\n\
                 [legacy.material_description]\nown = \"words\"\n[legacy.actions]\nname = \"ENCRYPT_AND_SIGN\"\n",
                inline("rsa-a.pub"),
                inline("rsa-a"),
                inline("rsa-b"),
                inline("rsa-b.pub"),
            ),
        ),
        (
            "older-static",
            format!(
                "{start}{raw}{policy}provider = \"static\"\nencryption_key = {KEY}\nsigning_key = {KEY}\n\
                 material_description = {{ own = \"words\" }}\n"
            ),
        ),
        (
            "most-recent",
            format!(
                "{start}{raw}{policy}provider = \"most-recent\"\nmaterial_name = \"m\"\nttl_seconds = 60\n\
                 cache_capacity = 10\n[legacy.metastore]\ntable = \"materials-restored\"\nlogical_name = \"materials\"\n\
                 [legacy.metastore.keys]\nprovider = \"static\"\nencryption_key = {KEY}\nsigning_key = {KEY}\n"
            ),
        ),
        (
            "older-kms",
            format!(
                "{start}{raw}{policy}provider = \"aws-kms\"\nkey_id = \"{KMS}\"\nolder_key_ids = [\"{KMS}\"]\n\
                 timeout_seconds = 5\nmaterial_description = {{ own = \"words\" }}\n"
            ),
        ),
        (
            "kms",
            format!(
                "{start}[keyring]\ntype = \"aws-kms\"\nkey_id = \"{KMS}\"\ngrant_tokens = [\"token\"]\ntimeout_seconds = 5\n"
            ),
        ),
        ("key-store", store(&format!("kms_mrk_arn = \"{}\"", KMS.replace("key/", "key/mrk-")))),
        ("discovery", store("discovery = true")),
        ("replica-discovery", store("mrk_discovery_region = \"us-east-1\"")),
        (
            "branch-keys",
            format!(
                "{start}[keyring]\ntype = \"hierarchical\"\nbranch_key_id = \"b\"\n[keyring.key_store]\ntype = \"static\"\n\
                 branch_key_version = {}\nbranch_key = {KEY}\n\
                 older_versions = [{{ branch_key_version = {}, branch_key = {KEY} }}]\n\
                 [search]\nkey_field = \"id\"\n[search.key_store]\ntype = \"static\"\nbeacon_keys = {{ b = {KEY} }}\n",
                version(2),
                version(1),
            ),
        ),
        (
            "branch-keys-cached",
            format!(
                "{start}[keyring]\ntype = \"hierarchical\"\n[keyring.branch_key_ids]\nattribute = \"id\"\n\
                 values = {{ a = \"b\" }}\n[keyring.key_store]\ntype = \"dynamodb\"\ntable_name = \"keys\"\ndiscovery = true\n\
                 [search]\nkey_field = \"id\"\nttl_seconds = 60\n[search.key_store]\ntype = \"dynamodb\"\n\
                 table_name = \"keys\"\ndiscovery = true\n"
            ),
        ),
        (
            "keyrings",
            format!(
                "{start}[keyring]\ntype = \"multi\"\n\
                 [[keyring.children]]\ntype = \"raw-rsa\"\nnamespace = \"ns\"\nname = \"n\"\npadding = \"OAEP_SHA256_MGF1\"\npublic_key = {}\n\
                 [[keyring.children]]\ntype = \"raw-ecdh\"\nscheme = \"ephemeral\"\ncurve = \"P256\"\nrecipient_public_key = {}\n\
                 [[keyring.children]]\ntype = \"aws-kms-discovery\"\n\
                 [[keyring.children]]\ntype = \"aws-kms-rsa\"\nkey_id = \"{KMS}\"\nencryption_algorithm = \"RSAES_OAEP_SHA_256\"\n\
                 [[keyring.children]]\ntype = \"aws-kms-ecdh\"\nscheme = \"discovery\"\ncurve = \"P256\"\nkey_id = \"{KMS}\"\n",
                inline("rsa-a.pub"),
                inline("p256-a.pub"),
            ),
        ),
        (
            "attributes",
            format!(
                "{start}[pynamodb_mate]\npassphrase = {{ env = \"PASS\" }}\n[pynamodb_mate.attributes]\nname = \"text\"\n\
                 age = {{ type = \"number\", passphrase = {{ env = \"AGE\" }} }}\n\
                 [attributes]\nrandomised = [\"note\"]\ndeterministic = [\"mail\"]\n[[attributes.roots]]\nid = \"r\"\nkey = {KEY}\n"
            ),
        ),
    ])
}

#[test]
fn every_option_of_the_library_has_a_line_and_every_line_an_option() {
    let listed: Vec<&str> = OPTIONS.iter().map(|(name, _)| *name).collect();
    let (mut sorted, names) = (listed.clone(), listed.iter().copied().collect::<BTreeSet<_>>());
    sorted.sort_unstable();
    assert_eq!((&listed, names.len()), (&sorted, listed.len()), "in order, and each once");
    let found = methods();
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let missing: Vec<_> = found.difference(&names).collect();
    assert!(
        missing.is_empty(),
        "options without a line in OPTIONS: say there how table.toml reaches them: {missing:?}"
    );
    let gone: Vec<_> = names.difference(&found).collect();
    assert!(gone.is_empty(), "lines of OPTIONS without an option of the library: {gone:?}");
}

#[test]
fn every_source_of_keys_has_a_line_and_every_line_a_source() {
    let listed: Vec<&str> = SOURCES.iter().map(|(name, _)| *name).collect();
    let found: Vec<String> = sources_of_keys().into_iter().collect();
    assert_eq!(listed, found, "say in SOURCES how table.toml reaches each, in the order of their names");
    let files = files();
    for (name, chosen) in SOURCES {
        match chosen {
            By(file, words) => assert!(files[file].contains(words), "{name}: no `{words}` in\n{}", files[file]),
            Not(reason) => assert!(reason.len() > 20, "{name}"),
        }
    }
}

/// A misspelled field is refused where the field is: so it is the reader of that place who knows it.
#[test]
fn every_field_is_read() {
    let folder = Folder::new("");
    let files = files();
    let read = |text: &str| {
        folder.write("table.toml", text);
        folder.run(&["inspect", "--quiet", "--config", "table.toml"], "")
    };
    for (name, text) in &files {
        let output = read(text);
        assert_eq!((code(&output), err(&output)), (0, ""), "{name}");
    }
    let fields = OPTIONS.iter().filter_map(|(_, way)| match way {
        Field(file, field) => Some((*file, *field)),
        _ => None,
    });
    let fields: BTreeSet<(&str, &str)> = fields.chain(MORE_FIELDS.iter().copied()).collect();
    for (file, field) in fields {
        let output = read(&misspelled(&files[file], field));
        let error = err(&output);
        assert_eq!(code(&output), 2, "{file}: {field}: {error}");
        assert!(error.contains(&format!("unknown field `{field}x`")), "{file}: {field}: {error}");
    }
}

/// The first use of a name as a field: `name = …`, `{ name = …`, `[name]` and `[a.name]`.
fn misspelled(text: &str, field: &str) -> String {
    let is_name = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let place = text.match_indices(field).find(|(start, _)| {
        let (before, after) = (&text[..*start], &text[start + field.len()..]);
        let ends = after.starts_with(" = ") || after.starts_with(']') && !before.ends_with('"');
        ends && !is_name(before.as_bytes().last())
    });
    let (start, _) = place.unwrap_or_else(|| panic!("no field {field} in\n{text}"));
    let (before, after) = text.split_at(start + field.len());
    format!("{before}x{after}")
}

#[test]
fn every_option_of_a_command_is_in_its_help() {
    let folder = Folder::new("");
    let mut helps: BTreeMap<&[&str], String> = BTreeMap::new();
    for (name, way) in OPTIONS {
        let Command(command, option) = way else { continue };
        let help = helps.entry(command).or_insert_with(|| {
            let output = folder.run(&[*command, &["--help"]].concat(), "");
            assert_eq!(code(&output), 0, "{}", err(&output));
            out(&output).to_owned()
        });
        let words = |line: &str| line.split_whitespace().any(|word| word.trim_end_matches(',') == *option);
        assert!(help.lines().any(words), "{name}: {command:?} has no {option}");
    }
}

#[test]
fn every_field_is_described() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let manual = root.join("crates/dynaseal/manual");
    let pages = std::fs::read_dir(&manual).unwrap().map(|page| page.unwrap().path()).chain([root.join("README.md")]);
    let text: String = pages.map(|page| std::fs::read_to_string(page).unwrap()).collect();
    let fields = OPTIONS.iter().filter_map(|(_, way)| match way {
        Field(_, field) => Some(*field),
        _ => None,
    });
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: BTreeSet<&str> = text.split(|c| !is_name(c)).collect();
    let missing: BTreeSet<&str> =
        fields.chain(MORE_FIELDS.iter().map(|(_, field)| *field)).filter(|field| !words.contains(field)).collect();
    assert!(missing.is_empty(), "neither the README nor the manual names {missing:?}");
}

#[test]
fn reasons_are_given() {
    for (name, way) in OPTIONS {
        let No(reason) = way else { continue };
        assert!(reason.len() > 20, "{name}");
    }
}

/// The methods of the library's public types that take one and give it back changed: `Type::method`.
fn methods() -> BTreeSet<String> {
    let mut methods = BTreeSet::new();
    for text in texts() {
        // rustfmt is run on all of it, so that this is how an `impl` begins, and how its methods do.
        for block in text.split("\nimpl").skip(1) {
            let head = block.split('{').next().unwrap();
            if head.contains(" for ") {
                continue;
            }
            let of = type_name(head);
            let signatures = block.split("\n    pub ").skip(1).filter_map(|rest| rest.split('{').next());
            methods
                .extend(signatures.filter_map(|of_method| builds(of_method, of)).map(|name| format!("{of}::{name}")));
        }
    }
    methods
}

/// The source files of the library, without their tests.
fn texts() -> Vec<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut texts = Vec::new();
    for name in ["core", "search", "kms", "legacy", "migrate", "ops"] {
        let mut files = Vec::new();
        rust_files(&crates.join(name).join("src"), &mut files);
        assert!(!files.is_empty(), "{name}");
        for file in files {
            let text = std::fs::read_to_string(file).unwrap();
            texts.push(text.split("#[cfg(test)]\nmod ").next().unwrap().to_owned());
        }
    }
    texts
}

/// The public types behind the traits of the library that give keys: `Trait Type`.
fn sources_of_keys() -> BTreeSet<String> {
    let text = texts().concat();
    let public: BTreeSet<&str> = text.split("\npub struct ").skip(1).map(type_name).collect();
    let sources = text.split("\nimpl ").skip(1).filter_map(|block| {
        let (of_trait, rest) = block.split_once(" for ")?;
        let (of, mut names) = (type_name(rest), SOURCES.iter().map(|(name, _)| *name));
        let is_source = names.any(|name| name.split(' ').next() == Some(of_trait));
        (is_source && public.contains(of)).then(|| format!("{of_trait} {of}"))
    });
    sources.collect()
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Of ` Type<'a> ` and `<T> Type<T> `.
fn type_name(head: &str) -> &str {
    let head = match head.strip_prefix('<') {
        Some(generic) => generic.split_once("> ").map_or(generic, |(_, rest)| rest),
        None => head,
    };
    head.trim().split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap()
}

/// The name of a method that takes `self` by value and gives `Self`, or `Self` or an error.
fn builds<'s>(signature: &'s str, of: &str) -> Option<&'s str> {
    let (_, rest) = signature.split_once("fn ")?;
    let (name, _) = rest.split_once(['<', '('])?;
    let (parameters, returned) = rest.rsplit_once("->")?;
    let parameters = parameters.split_once('(').map(|(_, inner)| inner.trim_start())?;
    let by_value = parameters.strip_prefix("mut ").unwrap_or(parameters).strip_prefix("self")?;
    let returned = returned.trim().trim_start_matches("Result<");
    let gives_itself =
        returned.split(|c: char| !c.is_ascii_alphanumeric()).next().is_some_and(|it| it == "Self" || it == of);
    (by_value.starts_with([',', ')']) && gives_itself).then_some(name)
}

/// The reader of signatures sees what there is to see, and nothing else.
#[test]
fn methods_are_recognised() {
    for (signature, name) in [
        ("fn sort_key(mut self, name: impl Into<String>) -> Self ", Some("sort_key")),
        (
            "fn actions<N: Into<String>>(\n        mut self,\n        actions: impl IntoIterator<Item = (N, Action)>,\n    ) -> Self ",
            Some("actions"),
        ),
        ("fn and_reads(self, other: Root) -> Result<Self, Error> ", Some("and_reads")),
        ("const fn with(self) -> Keys ", Some("with")),
        ("fn build(self) -> Result<Table, Error> ", None),
        ("fn keys(&self) -> Self ", None),
        ("fn new(selfish: u8) -> Self ", None),
        ("fn name(self) -> &'static str ", None),
        ("fn drop(self) ", None),
    ] {
        assert_eq!(builds(signature, "Keys"), name, "{signature}");
    }
    assert_eq!(["<'a, T: Into<String>> Keys<T> ", " Keys<'_> ", " Keys "].map(type_name), ["Keys"; 3]);
}
