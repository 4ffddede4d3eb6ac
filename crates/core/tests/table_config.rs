//! Configurations of tables: what they say again, and what is wrong with them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use dynaseal_core::CryptoAction::{DoNothing, EncryptAndSign, SignAndIncludeInEncryptionContext, SignOnly};
use dynaseal_core::format::Header;
use dynaseal_core::{
    AlgorithmSuite, ConfigError, CryptoAction, HEAD, Item, ItemEncryptor, ItemKey, PlaintextPolicy, RawAesKeyring,
    TableConfig, TableConfigBuilder, Version,
};
use dynaseal_testkit::block_on;

fn people() -> TableConfigBuilder {
    TableConfig::builder("people", "pk").sort_key("sk").encrypt(["name"]).unsigned(["free"]).unsigned_prefix(":")
}

#[test]
fn a_configuration_says_what_it_was_told() {
    let config = people().sign(["plain"]).build().unwrap();
    assert_eq!((config.logical_table_name(), config.partition_key(), config.sort_key()), ("people", "pk", Some("sk")));
    assert_eq!((config.algorithm_suite(), config.version()), (AlgorithmSuite::EcdsaP384, Version::V1));
    assert_eq!(config.plaintext_policy(), PlaintextPolicy::ForbidPlaintextWriteForbidPlaintextRead);
    let expected = [("name", EncryptAndSign), ("pk", SignOnly), ("plain", SignOnly), ("sk", SignOnly)];
    assert_eq!(config.actions().collect::<Vec<_>>(), expected);
    for (name, action) in expected {
        assert_eq!(config.action(name), Some(action));
        assert!(!config.is_unsigned(name));
    }
    for name in ["free", ":", ":x"] {
        assert_eq!((config.action(name), config.is_unsigned(name)), (Some(DoNothing), true), "{name}");
    }
    for name in ["other", "", "fre", "freee", "x:"] {
        assert_eq!((config.action(name), config.is_unsigned(name)), (None, false), "{name}");
    }
    let policy = PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead;
    let config = TableConfig::builder("t", "pk").algorithm_suite(AlgorithmSuite::HmacOnly).plaintext_policy(policy);
    let config = config.include_in_context(["tenant"]).build().unwrap();
    assert_eq!((config.sort_key(), config.algorithm_suite()), (None, AlgorithmSuite::HmacOnly));
    assert_eq!((config.plaintext_policy(), config.version()), (policy, Version::V2));
    let in_context = SignAndIncludeInEncryptionContext;
    assert_eq!(config.actions().collect::<Vec<_>>(), [("pk", in_context), ("tenant", in_context)]);
}

#[test]
fn names_of_the_library_are_unsigned_by_no_prefix() {
    for prefix in ["a", "aws", "aws_dbe", "aws_dbe_", "aws_dbe_b_"] {
        let config = TableConfig::builder("people", "pk").unsigned_prefix(prefix).build().unwrap();
        for name in ["aws_dbe_head", "aws_dbe_foot", "aws_dbe_b_x"] {
            assert!(!config.is_unsigned(name) && config.action(name).is_none(), "{prefix} {name}");
        }
        assert_eq!(config.is_unsigned("aws_dbx"), prefix.len() <= 3);
    }
}

#[test]
fn attributes_that_search_has_signed() {
    let version_1 = || people().build().unwrap();
    let config = version_1().with_signed(["beacon", "beacon", "pk"]).unwrap();
    assert_eq!((config.action("beacon"), config.action("pk")), (Some(SignOnly), Some(SignOnly)));
    assert_eq!((config.version(), config.actions().count()), (Version::V1, 4));

    let version_2 = || people().include_in_context(["tenant"]).build().unwrap();
    let config = version_2().with_signed(["beacon"]).unwrap();
    assert_eq!((config.action("beacon"), config.version()), (Some(SignOnly), Version::V2));
    let expected = SignAndIncludeInEncryptionContext;
    let wrong = ConfigError::KeyAction { name: "sk".into(), action: SignOnly, expected };
    assert_eq!(version_2().with_signed(["sk"]).unwrap_err(), wrong);

    let two = ConfigError::TwoActions { name: "name".into(), first: EncryptAndSign, second: SignOnly };
    assert_eq!(version_1().with_signed(["name"]).unwrap_err(), two);
    for unsigned in ["free", ":x"] {
        let wrong = ConfigError::Unsigned { name: unsigned.into(), action: SignOnly };
        assert_eq!(version_1().with_signed([unsigned]).unwrap_err(), wrong);
    }
    let reserved = ConfigError::Reserved { name: "aws_dbe_b_x".into(), prefix: "aws_dbe_" };
    assert_eq!(version_1().with_signed(["aws_dbe_b_x"]).unwrap_err(), reserved);
    for (name, length) in [(String::new(), 0), ("n".repeat(65_536), 65_536)] {
        let wrong = ConfigError::NameLength { what: "an attribute name", length, limit: 65_535 };
        assert_eq!(version_1().with_signed([name]).unwrap_err(), wrong);
    }

    // An encryptor with it signs the attribute.
    let keyring = RawAesKeyring::new("ns", "key", &[1; 32]).unwrap();
    let encryptor = ItemEncryptor::new(version_1(), keyring).with_signed(["beacon"]).unwrap();
    let texts = [("pk", "a"), ("sk", "1"), ("beacon", "x")].map(|(name, text)| (name.to_owned(), text.into()));
    let sealed = block_on(encryptor.encrypt_item(texts.into())).unwrap().item;
    let changed = sealed.into_iter().chain([("beacon".to_owned(), "y".into())]).collect();
    assert!(block_on(encryptor.decrypt_item(changed)).is_err());
}

#[test]
fn lengths_of_names_say_which_name_it_is() {
    let why = |builder: TableConfigBuilder| match builder.build() {
        Ok(_) => None,
        Err(ConfigError::NameLength { what, length, limit }) => Some((what, length, limit)),
        Err(other) => panic!("{other}"),
    };
    let long = |length: usize| "n".repeat(length);
    assert_eq!(why(TableConfig::builder("", "pk")), Some(("the logical table name", 0, 65_535)));
    assert_eq!(why(TableConfig::builder(long(65_535), "pk")), None);
    assert_eq!(why(TableConfig::builder(long(65_536), "pk")), Some(("the logical table name", 65_536, 65_535)));
    assert_eq!(why(TableConfig::builder("t", "")), Some(("an attribute name", 0, 65_535)));
    assert_eq!(why(people().sign([long(65_535)])), None);
    assert_eq!(why(people().unsigned([long(65_536)])), Some(("an attribute name", 65_536, 65_535)));
    // `aws-crypto-attr.` comes before names in the context.
    let in_context = "the name of an attribute of the encryption context";
    assert_eq!(why(TableConfig::builder("t", "pk").sort_key(long(65_519))), None);
    assert_eq!(why(TableConfig::builder("t", "pk").sort_key(long(65_520))), Some((in_context, 65_520, 65_519)));
    assert_eq!(why(people().include_in_context([long(65_519)])), None);
    assert_eq!(why(people().include_in_context([long(65_520)])), Some((in_context, 65_520, 65_519)));
    // Of others in a record of version 2, it does not.
    assert_eq!(why(people().include_in_context(["tenant"]).sign([long(65_535)])), None);
}

#[test]
fn names_of_actions_policies_and_suites() {
    let names = ["ENCRYPT_AND_SIGN", "SIGN_ONLY", "SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT", "DO_NOTHING"];
    for (action, name) in CryptoAction::ALL.into_iter().zip(names) {
        assert_eq!((action.name(), action.to_string(), name.parse()), (name, name.to_owned(), Ok(action)));
    }
    for (policy, name) in [
        (PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead, "FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ"),
        (PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead, "FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ"),
        (PlaintextPolicy::ForbidPlaintextWriteForbidPlaintextRead, "FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ"),
    ] {
        assert_eq!((policy.name(), name.parse()), (name, Ok(policy)));
    }
    let commit = "ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_";
    for (suite, short, long, id, signed) in [
        (AlgorithmSuite::HmacOnly, "hmac-only", "SYMSIG_HMAC_SHA384", 0x6700, false),
        (AlgorithmSuite::EcdsaP384, "ecdsa-p384", "ECDSA_P384_SYMSIG_HMAC_SHA384", 0x6701, true),
    ] {
        let long = format!("{commit}{long}");
        assert_eq!((suite.name(), suite.to_string(), suite.id()), (long.as_str(), short.to_owned(), id));
        assert_eq!((suite.is_signed(), short.parse(), long.parse()), (signed, Ok(suite), Ok(suite)));
    }
    assert_eq!((Version::V1.number(), Version::V2.number()), (1, 2));
    for text in ["", "sign_only", "ENCRYPT"] {
        assert!(text.parse::<CryptoAction>().is_err() && text.parse::<PlaintextPolicy>().is_err());
        assert!(text.parse::<AlgorithmSuite>().is_err());
    }
}

/// The first two bytes of a header, by version and suite.
#[test]
fn a_record_says_its_version_and_suite() {
    for (version, builder) in [(Version::V1, people()), (Version::V2, people().include_in_context(["tenant"]))] {
        for suite in AlgorithmSuite::ALL {
            let keyring = RawAesKeyring::new("ns", "key", &[1; 32]).unwrap();
            let config = builder.clone().algorithm_suite(suite).build().unwrap();
            let texts = [("pk", "a"), ("sk", "1"), ("tenant", "t"), ("name", "n")].into_iter();
            let texts = texts.filter(|(name, _)| config.action(name).is_some());
            let item: Item = texts.map(|(name, text)| (name.to_owned(), text.into())).collect();
            let sealed = block_on(ItemEncryptor::new(config, keyring).encrypt_item(item)).unwrap();
            let dynaseal_core::AttributeValue::B(head) = &sealed.item[HEAD] else { panic!("no header") };
            let header = Header::parse(head).unwrap();
            assert_eq!((header.version, header.suite), (version, suite));
            assert_eq!(head[..2], [version.number(), u8::try_from(suite.id() - 0x6700).unwrap()]);
            let parsed = sealed.header.unwrap();
            assert_eq!((parsed.version(), parsed.algorithm_suite()), (version, suite));
            let text = format!("{parsed:?}");
            let start =
                format!("ParsedHeader {{ version: {version:?}, algorithm_suite: {suite:?}, attributes: [(\"pk\", ");
            assert!(text.starts_with(&start), "{text}");
            assert!(text.contains("\"aws-crypto-table-name\"") && !text.contains("people"), "{text}");
            assert!(text.ends_with(r#"recipients: [RawAes { namespace: "ns", name: "key" }] }"#), "{text}");
        }
    }
}

#[test]
fn the_key_of_an_item_in_a_message() {
    let config = people().build().unwrap();
    let key = |pk: dynaseal_core::AttributeValue, sk: Option<dynaseal_core::AttributeValue>| {
        let item: Item = [Some(("pk", pk)), sk.map(|sk| ("sk", sk))]
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        ItemKey::new(&config, &item).to_string()
    };
    assert_eq!(key("a\"b".into(), Some(5_i64.into())), r#"(pk = "a\"b", sk = 5)"#);
    assert_eq!(key("a".into(), None), r#"(pk = "a", no sk)"#);
    assert_eq!(key(vec![0xff, 0xee].into(), Some(true.into())), "(pk = /+4=, sk = a value of type BOOL)");
    // Long values are cut behind 64 characters.
    let text = |length: usize| key("é".repeat(length).as_str().into(), None);
    assert_eq!(text(64), format!("(pk = \"{}\", no sk)", "é".repeat(64)));
    assert_eq!(text(65), format!("(pk = \"{}…\", no sk)", "é".repeat(64)));
    let number = dynaseal_core::AttributeValue::N("\u{1b}[0m".into());
    assert_eq!(key("a".into(), Some(number)), r#"(pk = "a", sk = \u{1b}[0m)"#);
    let bytes = |length: usize| key(vec![0; length].into(), None);
    assert_eq!(bytes(48), format!("(pk = {}, no sk)", "A".repeat(64)));
    assert_eq!(bytes(49), format!("(pk = {}…, no sk)", "A".repeat(64)));
    assert_eq!(bytes(64), bytes(2000));
}
