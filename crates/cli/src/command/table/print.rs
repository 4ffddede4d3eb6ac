//! What would make a table: the lines for AWS's command line.

use serde_json::{Value, json};

use super::shape::Shape;
use crate::aws::Location;
use crate::table::KeyType;

/// One command a line; long ones go on over several, each with a backslash at its end.
pub(super) fn aws_cli(shape: &Shape, location: &Location) -> Vec<String> {
    let (key, types) = (|name: &str, role: &str| json!({ "AttributeName": name, "KeyType": role }), &shape.types);
    let schema = |partition: &str, sort: Option<&str>| -> Vec<Value> {
        std::iter::once(key(partition, "HASH")).chain(sort.map(|name| key(name, "RANGE"))).collect()
    };
    let definition =
        |(name, of_type): (&String, &KeyType)| json!({ "AttributeName": name, "AttributeType": of_type.to_string() });
    let throughput =
        shape.capacity.map(|(read, write)| json!({ "ReadCapacityUnits": read, "WriteCapacityUnits": write }));
    let definitions: Vec<Value> = types.iter().map(definition).collect();
    let sort_key = shape.keys.sort_key.as_ref().map(|key| key.name.as_str());
    let mut create = vec![
        format!("aws dynamodb create-table --table-name {}", quoted(&shape.name)),
        option("--attribute-definitions", &json!(definitions)),
        option("--key-schema", &json!(schema(&shape.keys.partition_key.name, sort_key))),
    ];
    create.push(match &throughput {
        Some(throughput) => {
            format!("--billing-mode PROVISIONED {}", option("--provisioned-throughput", throughput))
        }
        None => "--billing-mode PAY_PER_REQUEST".to_owned(),
    });
    let indexes = shape.indexes.iter().map(|index| {
        let mut index = json!({
            "IndexName": index.name,
            "KeySchema": schema(&index.partition_key, index.sort_key.as_deref()),
            "Projection": { "ProjectionType": "ALL" },
        });
        if let (Some(throughput), Some(index)) = (&throughput, index.as_object_mut()) {
            index.insert("ProvisionedThroughput".to_owned(), throughput.clone());
        }
        index
    });
    let indexes: Vec<Value> = indexes.collect();
    if !indexes.is_empty() {
        create.push(option("--global-secondary-indexes", &json!(indexes)));
    }
    let place = place(location);
    let mut lines = vec![(create.join(" \\\n  ") + &place)];
    if let Some(ttl) = &shape.ttl {
        let name = quoted(&shape.name);
        let specification = option("--time-to-live-specification", &json!({ "Enabled": true, "AttributeName": ttl }));
        lines.push(format!("aws dynamodb wait table-exists --table-name {name}{place}"));
        lines.push(format!("aws dynamodb update-time-to-live --table-name {name} {specification}{place}"));
    }
    lines
}

fn option(name: &str, value: &Value) -> String {
    format!("{name} {}", quoted(&crate::output::sorted(value.clone()).to_string()))
}

fn place(location: &Location) -> String {
    let Location { region, profile, endpoint_url } = location;
    let url = endpoint_url.as_ref().map(ToString::to_string);
    let options = [("--region", region.as_ref()), ("--profile", profile.as_ref()), ("--endpoint-url", url.as_ref())];
    let given = options.into_iter().filter_map(|(option, value)| Some(format!(" {option} {}", quoted(value?))));
    given.collect()
}

/// For a shell, as one word.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_one_word() {
        for (text, expected) in [("people", "people"), ("", "''"), ("a b", "'a b'"), ("it's $x", "'it'\\''s $x'")] {
            assert_eq!(quoted(text), expected);
        }
    }
}
