//! Root keys from passphrases, and the recipes for them.

#![cfg(feature = "passphrase")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use dynaseal_core::{
    AttributeKeyError, AttributeKeys, AttributeRoot, PassphraseRecipe, PassphraseRecipeError, SystemRandom,
};
use dynaseal_testkit::ScriptedRandom;
use dynaseal_testkit::config::hex;

const CHEAP: &str = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg";

fn parse(text: &str) -> Result<PassphraseRecipe, PassphraseRecipeError> {
    text.parse()
}

#[test]
fn a_recipe_reads_back_as_the_same_text() {
    let recipe = PassphraseRecipe::generate(&ScriptedRandom::new([b"0123456789abcdef".to_vec()])).unwrap();
    assert_eq!(recipe.to_string(), "$argon2id$v=19$m=65536,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg");
    assert_eq!(parse(&recipe.to_string()).unwrap(), recipe);
    let salt = "A".repeat(86);
    for text in [CHEAP.to_owned(), format!("$argon2id$v=19$m=1048576,t=64,p=16${salt}")] {
        assert_eq!(parse(&text).unwrap().to_string(), text);
    }
    let [a, b] = [(), ()].map(|()| PassphraseRecipe::generate(&SystemRandom).unwrap());
    assert_ne!(a, b);
    assert!(PassphraseRecipe::generate(&ScriptedRandom::new([])).is_err());
}

#[test]
fn weak_and_absurd_recipes_are_refused() {
    let salt = "MDEyMzQ1Njc4OWFiY2RlZg";
    for (costs, parameter) in [
        ("m=19455,t=2,p=1", "m"),
        ("m=1048577,t=2,p=1", "m"),
        ("m=0,t=2,p=1", "m"),
        ("m=19456,t=1,p=1", "t"),
        ("m=19456,t=65,p=1", "t"),
        ("m=19456,t=2,p=0", "p"),
        ("m=19456,t=2,p=17", "p"),
    ] {
        let Err(PassphraseRecipeError::Cost { parameter: named, .. }) =
            parse(&format!("$argon2id$v=19${costs}${salt}"))
        else {
            panic!("{costs} is taken");
        };
        assert_eq!(named, parameter, "{costs}");
    }
    for (length, letters) in [(15, 20), (65, 87), (0, 0)] {
        let text = format!("$argon2id$v=19$m=19456,t=2,p=1${}", "A".repeat(letters));
        assert_eq!(parse(&text), Err(PassphraseRecipeError::Salt(length)));
    }
    let error = parse("$argon2id$v=19$m=8,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg").unwrap_err();
    assert_eq!(error.to_string(), "m=8 of the recipe: it must be 19456 to 1048576");
}

#[test]
fn a_recipe_has_one_spelling() {
    for text in [
        "",
        "$",
        "argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2i$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2d$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$v=16$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$v=19$m=19456,t=2,p=1",
        "$argon2id$v=19$t=2,m=19456,p=1$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$v=19$m=19456,t=2$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$v=19$m=19456,t=2,p=1,keyid=AA$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$v=19$m=+19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$v=19$m=019456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$v=19$m=99999999999,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$v=19$m= 19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg==",
        // Bits that say nothing at the end of the Base64.
        "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZh",
        "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg\n",
        "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$",
        // With a hash, which would be the key.
        "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
    ] {
        assert!(matches!(parse(text), Err(PassphraseRecipeError::Syntax(_))), "{text}");
    }
}

/// The golden value was computed with Argon2id and AES-SIV of OpenSSL, through Python's `cryptography`.
#[test]
fn the_same_passphrase_and_recipe_are_the_same_key() {
    let recipe = parse(CHEAP).unwrap();
    let sealed = |passphrase: &str, recipe: &PassphraseRecipe| {
        let root = AttributeRoot::from_passphrase("2026-11", passphrase, recipe).unwrap();
        AttributeKeys::new(root).deterministic("people", "straße").unwrap().seal(&"x".into()).unwrap()
    };
    let golden = hex("d55e0102000107323032362d31316024d3ebc197fbb6434ca338b0d0a99a08");
    assert_eq!(sealed("pässword", &recipe), golden);
    assert_ne!(sealed("pässword ", &recipe), golden);
    let other_salt = parse("$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZQ").unwrap();
    let other_passes = parse("$argon2id$v=19$m=19456,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg").unwrap();
    let other_lanes = parse("$argon2id$v=19$m=19456,t=2,p=2$MDEyMzQ1Njc4OWFiY2RlZg").unwrap();
    for other in [other_salt, other_passes, other_lanes] {
        assert_ne!(sealed("pässword", &other), golden);
    }
}

#[test]
fn bad_arguments_are_refused_before_the_work() {
    let recipe = parse("$argon2id$v=19$m=1048576,t=64,p=1$MDEyMzQ1Njc4OWFiY2RlZg").unwrap();
    let empty = AttributeRoot::from_passphrase("2026-11", "", &recipe).unwrap_err();
    assert_eq!(empty, AttributeKeyError::EmptyPassphrase);
    let id = AttributeRoot::from_passphrase("", "secret", &recipe).unwrap_err();
    assert!(matches!(id, AttributeKeyError::Id(_)));
}
