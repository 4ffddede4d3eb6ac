//! Configurations and keyrings in the JSON of the vectors made with AWS's Rust client.

use std::sync::Arc;

use dynaseal_core::{AlgorithmSuite, ConfigError, CryptoAction, Keyring, MultiKeyring, RawAesKeyring, TableConfig};
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

/// The keyring of a vector, or the name of the kind that is not supported.
///
/// # Errors
/// The unsupported kind.
pub fn keyring(keyring: &Value) -> Result<Arc<dyn Keyring>, String> {
    let (kind, options) = keyring.as_object().and_then(|members| members.iter().next()).expect("one kind of keyring");
    let text = |name: &str| options.get(name).and_then(Value::as_str).expect("a text");
    match kind.as_str() {
        "raw_aes" => {
            let key = hex(text("hex"));
            Ok(Arc::new(RawAesKeyring::new(text("namespace"), text("name"), &key).expect("a good key")))
        }
        "multi" => {
            let generator =
                options.get("generator").filter(|generator| !generator.is_null()).map(self::keyring).transpose()?;
            let children = options.get("children").and_then(Value::as_array).into_iter().flatten();
            let children: Vec<_> = children.map(self::keyring).collect::<Result<_, _>>()?;
            Ok(Arc::new(match generator {
                Some(generator) => MultiKeyring::new(generator, children),
                None => MultiKeyring::without_generator(children).expect("a child"),
            }))
        }
        other => Err(other.to_owned()),
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
