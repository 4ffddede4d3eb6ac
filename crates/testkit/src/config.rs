//! Configurations and keyrings in the JSON of the vectors made with AWS's Rust client.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dynaseal_core::{
    AlgorithmSuite, ConfigError, CryptoAction, Curve, EcdhPrivateKey, EcdhPublicKey, Keyring, MultiKeyring,
    RawAesKeyring, RawEcdhKeyring, RawRsaKeyring, RsaKeys, RsaPrivateKey, RsaPublicKey, TableConfig,
};
use serde_json::Value;

/// The table configuration of a vector.
///
/// # Errors
/// As building it.
pub fn table(config: &Value) -> Result<TableConfig, ConfigError> {
    let text = |name: &str| config.get(name).and_then(Value::as_str);
    let mut builder = TableConfig::builder(text("table").expect("a table"), text("pk").expect("a partition key"));
    if let Some(sort_key) = text("sk") {
        builder = builder.sort_key(sort_key);
    }
    for (name, action) in config.get("actions").and_then(Value::as_object).expect("actions") {
        let action: CryptoAction = action.as_str().expect("an action").parse().expect("a known action");
        builder = builder.action(name, action);
    }
    let unsigned = config.get("unsigned").and_then(Value::as_array).into_iter().flatten();
    builder = builder.unsigned(unsigned.filter_map(Value::as_str));
    if let Some(prefix) = text("unsigned_prefix") {
        builder = builder.unsigned_prefix(prefix);
    }
    let suite = if text("suite") == Some("hmac") { AlgorithmSuite::HmacOnly } else { AlgorithmSuite::EcdsaP384 };
    builder.algorithm_suite(suite).build()
}

/// The keyring of a vector.
///
/// # Panics
/// If it is of an unknown kind or its keys are broken: vectors are complete.
pub fn keyring(keyring: &Value) -> Arc<dyn Keyring> {
    let (kind, options) = keyring.as_object().and_then(|members| members.iter().next()).expect("one kind of keyring");
    let text = |name: &str| options.get(name).and_then(Value::as_str).expect("a text");
    match kind.as_str() {
        "raw_aes" => {
            let key = hex(text("hex"));
            Arc::new(RawAesKeyring::new(text("namespace"), text("name"), &key).expect("a good key"))
        }
        "multi" => {
            let generator = options.get("generator").filter(|generator| !generator.is_null()).map(self::keyring);
            let children = options.get("children").and_then(Value::as_array).into_iter().flatten();
            let children: Vec<_> = children.map(self::keyring).collect();
            Arc::new(match generator {
                Some(generator) => MultiKeyring::new(generator, children),
                None => MultiKeyring::without_generator(children).expect("a child"),
            })
        }
        "raw_rsa" => {
            let pem = |name: &str| options.get(name).and_then(Value::as_str);
            let public = pem("public_pem").map(|pem| RsaPublicKey::from_pem(pem).expect("a public key"));
            let private = pem("private_pem").map(|pem| RsaPrivateKey::from_pem(pem).expect("a private key"));
            let keys = match (public, private) {
                (Some(public), Some(private)) => RsaKeys::Pair(public, private),
                (Some(public), None) => RsaKeys::Public(public),
                (None, Some(private)) => RsaKeys::Private(private),
                (None, None) => unreachable!("a raw RSA keyring has a key"),
            };
            let padding = text("padding").parse().expect("a padding");
            let keyring = RawRsaKeyring::new(text("namespace"), text("name"), padding, keys);
            Arc::new(keyring.expect("a good keyring"))
        }
        "raw_ecdh" => Arc::new(ecdh(options)),
        other => unreachable!("unknown keyring {other}"),
    }
}

fn ecdh(options: &Value) -> RawEcdhKeyring {
    let text = |name: &str| options.get(name).and_then(Value::as_str).expect("a text");
    let curve: Curve = text("curve").parse().expect("a curve");
    let private = |name: &str| EcdhPrivateKey::from_pem(curve, text(name)).expect("a private key");
    let recipient = || {
        let der = BASE64.decode(text("recipient_public_der_b64")).expect("Base64");
        EcdhPublicKey::from_der(curve, &der).expect("a public key")
    };
    match text("schema") {
        "static" => RawEcdhKeyring::fixed(private("sender_private_pem"), recipient()).expect("one curve"),
        "ephemeral" => RawEcdhKeyring::ephemeral(recipient()),
        "discovery" => RawEcdhKeyring::discovery(private("recipient_private_pem")),
        other => unreachable!("unknown scheme {other}"),
    }
}

/// Bytes of hexadecimal text.
pub fn hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hexadecimal digit");
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high) * 16 + digit(*low)).expect("two digits fit"),
        _ => unreachable!("an even number of digits"),
    };
    text.as_bytes().chunks(2).map(byte).collect()
}
