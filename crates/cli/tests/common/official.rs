//! Configurations of the vectors made with AWS's Rust client, as table.toml.

use serde_json::Value;

/// A table whose items this keyring seals and opens.
pub(crate) fn table(config: &Value, keyring: &Value) -> String {
    let mut toml = format!(
        "logical_table_name = {}\npartition_key = {}\nunsigned_attributes = {}\n",
        config["table"], config["pk"], config["unsigned"]
    );
    for (name, field) in [("sort_key", "sk"), ("unsigned_attribute_prefix", "unsigned_prefix")] {
        if let Some(text) = config[field].as_str() {
            toml += &format!("{name} = {}\n", Value::from(text));
        }
    }
    if config["suite"] == "hmac" {
        toml += "algorithm_suite = \"hmac-only\"\n";
    }
    toml += &format!("keyring = {}\n", self::keyring(keyring));
    if let Some(search) = config.get("search") {
        toml += &format!("search = {}\n", inline(&self::search(search)));
    }
    toml += "[actions]\n";
    for (name, action) in config["actions"].as_object().unwrap() {
        toml += &format!("{} = {action}\n", Value::from(&**name));
    }
    // JSON and TOML spell strings alike but for what JSON leaves bare and TOML does not.
    toml.replace('\u{7f}', "\\u007F")
}

/// A search configuration in the words of table.toml.
fn search(search: &Value) -> Value {
    let mut out = serde_json::Map::new();
    for (name, value) in search.as_object().unwrap() {
        match name.as_str() {
            "beacon_key" => out.insert(name.clone(), serde_json::json!({ "hex": value })),
            // Who chooses the partition is no part of the file.
            "partition" => continue,
            _ => out.insert(name.clone(), renamed(value)),
        };
    }
    Value::Object(out)
}

fn renamed(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(renamed).collect(),
        Value::Object(members) => {
            let mut out = serde_json::Map::new();
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("loc", _) => out.insert("location".to_owned(), value.clone()),
                    ("style", Value::String(style)) => {
                        let style = match style.as_str() {
                            "partOnly" => "part-only",
                            "asSet" => "as-set",
                            other => panic!("the style {other}"),
                        };
                        out.insert("style".to_owned(), style.into())
                    }
                    ("style", _) => {
                        let style = if value.get("shared").is_some() { "shared" } else { "shared-set" };
                        let shares = value.get("shared").or(value.get("sharedSet")).unwrap();
                        out.insert("shares".to_owned(), shares.clone());
                        out.insert("style".to_owned(), style.into())
                    }
                    _ => out.insert(name.clone(), renamed(value)),
                };
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}

/// JSON as TOML on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| format!("{} = {}", Value::from(&**name), inline(value));
            format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(inline).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// A keyring of the vectors as an inline table.
fn keyring(keyring: &Value) -> String {
    let (kind, options) = keyring.as_object().unwrap().iter().next().unwrap();
    let text = |name: &str| options.get(name).filter(|value| !value.is_null()).cloned();
    let field = |name: &str| text(name).map(|value| format!("{name} = {value}"));
    let key = |name: &str, from: &str| text(from).map(|pem| format!("{name} = {{ pem = {pem} }}"));
    let fields = match &**kind {
        "raw_aes" => vec![
            Some("type = \"raw-aes\"".to_owned()),
            field("namespace"),
            field("name"),
            text("hex").map(|hex| format!("key = {{ hex = {hex} }}")),
        ],
        "raw_rsa" => vec![
            Some("type = \"raw-rsa\"".to_owned()),
            field("namespace"),
            field("name"),
            field("padding"),
            key("public_key", "public_pem"),
            key("private_key", "private_pem"),
        ],
        "raw_ecdh" => {
            let public = text("recipient_public_der_b64").map(|der| {
                let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", der.as_str().unwrap());
                format!("recipient_public_key = {{ pem = {} }}", Value::from(wrapped(&pem)))
            });
            vec![
                Some("type = \"raw-ecdh\"".to_owned()),
                text("schema").map(|scheme| format!("scheme = {scheme}")),
                field("curve"),
                key("sender_private_key", "sender_private_pem"),
                key("recipient_private_key", "recipient_private_pem"),
                public,
            ]
        }
        "multi" => {
            let children: Vec<String> = options["children"].as_array().unwrap().iter().map(self::keyring).collect();
            let generator = text("generator").map(|generator| format!("generator = {}", self::keyring(&generator)));
            let children = format!("children = [{}]", children.join(", "));
            vec![Some("type = \"multi\"".to_owned()), generator, Some(children)]
        }
        other => panic!("unknown keyring {other}"),
    };
    format!("{{ {} }}", fields.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// PEM has lines of 64 characters.
fn wrapped(pem: &str) -> String {
    let pieces = pem.lines().flat_map(|line| line.as_bytes().chunks(64));
    pieces.map(|piece| std::str::from_utf8(piece).unwrap()).collect::<Vec<_>>().join("\n")
}
