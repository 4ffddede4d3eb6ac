//! table.toml beside the table that DynamoDB has: the table is asked (`DescribeTable`) before anything else is, because
//! records that are sealed under other key attributes than the table's cannot be opened with the right ones.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::types::{KeySchemaElement, KeyType as KeyRole, Projection, ProjectionType, TableDescription};
use dynaseal::search::{BeaconInfo, Search};
use dynaseal::{CryptoAction, TableConfig};

use crate::args::SealedTableArgs;
use crate::database::{CallError, Database};
use crate::output::note;
use crate::table::{self, KeySchema, KeyType, TableError};

/// Why a command stops before it asks the table for anything else.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreflightError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Differs(#[from] Differs),
    #[error(transparent)]
    Call(#[from] CallError),
}

/// table.toml is that of another table.
#[derive(Debug, thiserror::Error)]
#[error("{} does not fit the table {table}{place}: {}", file.display(), joined(file, differences))]
pub(crate) struct Differs {
    file: PathBuf,
    table: String,
    place: String,
    differences: Vec<Difference>,
}

/// One thing in which table.toml and the table differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// The key attributes: those of table.toml, and those of the table with their types.
    Keys { file: Vec<String>, table: Vec<(String, String)> },
    /// The type of a key attribute.
    KeyType { field: &'static str, name: String, file: KeyType, table: String },
    /// A beacon that no index has as its partition key, so that only scans can ask for it.
    NoIndex { beacon: String, attribute: String },
    /// An index that has only parts of the items, which nobody can verify.
    Partial { beacon: String, index: String, projects: &'static str },
    /// The index of a beacon has a key of another type, so that every write of an item with the beacon is refused.
    IndexType { beacon: String, index: String, attribute: String, table: String },
    /// The key of an index that is encrypted, so that DynamoDB would refuse every sealed item.
    IndexKey { index: String, attribute: String, of_type: String },
    /// DynamoDB cannot read when items expire.
    TimeToLive { attribute: String },
}

impl Difference {
    /// What differs, in words.
    pub(crate) fn what(&self, file: &str) -> String {
        match self {
            Self::Keys { file: expected, table } => {
                let found: Vec<&String> = table.iter().map(|(name, _)| name).collect();
                format!("{file} says {}, the table has {}", quoted(expected), quoted(found))
            }
            Self::KeyType { field, name, file: expected, table } => {
                format!("{file} says {field} = \"{expected}\", the table has `{name}` of type {table}")
            }
            Self::NoIndex { beacon, attribute } => {
                format!(
                    "no index has the beacon `{beacon}` as its partition key: `{attribute}` can only be asked for by scans"
                )
            }
            Self::Partial { beacon, index, projects } => format!(
                "the index `{index}` of the beacon `{beacon}` projects {projects}: nothing that it returns can be verified"
            ),
            Self::IndexType { beacon, index, attribute, table } => format!(
                "the index `{index}` takes `{attribute}` of type {table}, and the beacon `{beacon}` is of type S: DynamoDB refuses every item that has it"
            ),
            Self::IndexKey { index, attribute, of_type } => format!(
                "the index `{index}` has `{attribute}` of type {of_type} as a key, which {file} has encrypted: DynamoDB refuses every item with it"
            ),
            Self::TimeToLive { attribute } => {
                format!(
                    "items expire by `{attribute}`, which {file} has encrypted: DynamoDB cannot read it, and deletes nothing"
                )
            }
        }
    }

    /// What to do about it.
    pub(crate) fn next(&self) -> String {
        match self {
            Self::Keys { table, .. } => {
                let lines = ["partition_key", "sort_key"].iter().zip(table);
                let lines: Vec<String> = lines.map(|(field, (name, _))| format!("{field} = {name:?}")).collect();
                let no_sort_key = if table.len() == 1 { ", and no sort_key" } else { "" };
                format!(
                    "if this is the table, write {}{no_sort_key}; what is sealed under other keys cannot be opened with these",
                    lines.join(" and ")
                )
            }
            Self::KeyType { field, table, .. } => format!("write {field} = \"{table}\", if this is the table"),
            Self::NoIndex { attribute, .. } => format!(
                "make a global secondary index `{attribute}` with the partition key `{attribute}` of type S and the projection ALL; `dynaseal table create --print aws-cli` prints one for a new table"
            ),
            Self::Partial { .. } => "make the index anew with the projection ALL".to_owned(),
            Self::IndexType { .. } => "make the index anew with the type S".to_owned(),
            Self::IndexKey { attribute, .. } => format!(
                "make `{attribute}` SIGN_ONLY, or delete the index and give `{attribute}` a beacon, which gets an index of its own"
            ),
            Self::TimeToLive { attribute } => format!(
                "make `{attribute}` DO_NOTHING and unsigned, or SIGN_ONLY if only whole items are written, and migrate the table"
            ),
        }
    }
}

fn joined(file: &std::path::Path, differences: &[Difference]) -> String {
    let file = file.display().to_string();
    let texts = differences.iter().map(|difference| format!("{} ({})", difference.what(&file), difference.next()));
    texts.collect::<Vec<_>>().join("; ")
}

fn quoted<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}

/// Asks the table what it is, and compares its key attributes with table.toml. Gives what DynamoDB said, unless these
/// credentials may not ask: then a warning goes to standard error.
///
/// # Errors
/// If the keys differ, there is no such table, or DynamoDB cannot be reached.
pub(crate) async fn check(client: &Client, args: &SealedTableArgs) -> Result<Option<TableDescription>, PreflightError> {
    let outline = table::outline(&args.config, args.table.as_deref())?;
    let database = Database::of_table(client.clone(), &outline.name, &args.database).with_config(&args.config);
    let description = match describe(&database).await? {
        Ok(description) => description,
        Err(untold) => {
            note(&format!(
                "warning: the key attributes are not compared with those of the table, allow dynamodb:DescribeTable for that: {untold}"
            ));
            return Ok(None);
        }
    };
    let differences = keys(&outline.keys, &description);
    if differences.is_empty() {
        return Ok(Some(description));
    }
    let (file, place) = (args.config.clone(), database.place());
    Err(Differs { file, table: outline.name, place, differences }.into())
}

/// What DynamoDB says of a table, or why it does not tell.
///
/// # Errors
/// If nothing else would work either: there is no such table, or DynamoDB cannot be reached.
pub(crate) async fn describe(database: &Database) -> Result<Result<TableDescription, CallError>, CallError> {
    let error = match database.client.describe_table().table_name(&database.table).send().await {
        Ok(answer) => return Ok(answer.table.ok_or_else(|| CallError::silent("DescribeTable", &database.table))),
        Err(error) => error,
    };
    let unreachable = matches!(error, SdkError::DispatchFailure(_) | SdkError::TimeoutError(_));
    let constructed = matches!(error, SdkError::ConstructionFailure(_));
    let ends = unreachable || constructed || error.code().is_some_and(|code| ENDS.contains(&code));
    let failed = database.failed("DescribeTable", &error);
    if ends { Err(failed) } else { Ok(Err(failed)) }
}

/// With these, nothing else would do either.
const ENDS: [&str; 4] =
    ["ResourceNotFoundException", "ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException"];

/// The same before items are sealed into the table: the keys of its indexes have to stay readable as well.
///
/// # Errors
/// As [`check`], and if one is encrypted.
pub(crate) async fn check_sealing(
    client: &Client,
    args: &SealedTableArgs,
) -> Result<Option<TableDescription>, PreflightError> {
    let Some(description) = check(client, args).await? else { return Ok(None) };
    let outline = table::outline(&args.config, args.table.as_deref())?;
    let differences = index_keys(&outline.config, &description);
    if differences.is_empty() {
        return Ok(Some(description));
    }
    let database = Database::of_table(client.clone(), &outline.name, &args.database);
    let (file, place) = (args.config.clone(), database.place());
    Err(Differs { file, table: outline.name, place, differences }.into())
}

/// Keys of indexes that are encrypted, though the index takes texts or numbers. One of bytes takes what is sealed.
pub(crate) fn index_keys(config: &TableConfig, description: &TableDescription) -> Vec<Difference> {
    let types = types(description);
    let global = description.global_secondary_indexes().iter().map(|index| (index.index_name(), index.key_schema()));
    let local = description.local_secondary_indexes().iter().map(|index| (index.index_name(), index.key_schema()));
    let keys = global.chain(local).flat_map(|(name, schema)| key_names(schema).into_iter().map(move |key| (name, key)));
    let encrypted = keys.filter(|(_, key)| config.action(key) == Some(CryptoAction::EncryptAndSign));
    let refused = encrypted.filter_map(|(index, key)| Some((index, key, *types.get(key).filter(|of| **of != "B")?)));
    let difference = |(index, key, of_type): (Option<&str>, &str, &str)| Difference::IndexKey {
        index: index.unwrap_or_default().to_owned(),
        attribute: key.to_owned(),
        of_type: of_type.to_owned(),
    };
    refused.map(difference).collect()
}

/// In which the key attributes differ: their names, or else their types where table.toml says some.
pub(crate) fn keys(expected: &KeySchema, description: &TableDescription) -> Vec<Difference> {
    let types = types(description);
    let found = key_names(description.key_schema());
    let names: Vec<&str> = expected.attributes().map(|key| key.name.as_str()).collect();
    if names != found {
        let of_type = |name: &str| types.get(name).copied().unwrap_or("unknown").to_owned();
        let table = found.iter().map(|name| ((*name).to_owned(), of_type(name))).collect();
        return vec![Difference::Keys { file: names.into_iter().map(str::to_owned).collect(), table }];
    }
    let fields = ["partition_key_type", "sort_key_type"];
    let differ = fields.into_iter().zip(expected.attributes()).filter_map(|(field, key)| {
        let (file, found) = (key.of_type?, types.get(key.name.as_str())?);
        let name = key.name.clone();
        (file.to_string() != *found).then(|| Difference::KeyType { field, name, file, table: (*found).to_owned() })
    });
    differ.collect()
}

/// Beacons that cannot be asked for by a query, or whose index does no good.
pub(crate) fn indexes(search: &Search, description: &TableDescription) -> Vec<Difference> {
    let types = types(description);
    let table_keys = key_names(description.key_schema());
    let mut differences = Vec::new();
    for (beacon, attribute) in indexed(search).filter(|(_, attribute)| !table_keys.contains(attribute)) {
        let global = description.global_secondary_indexes().iter();
        let global = global.map(|index| (index.index_name(), index.key_schema(), index.projection()));
        let of_beacon: Vec<_> = global.filter(|(_, keys, _)| key_names(keys).first() == Some(&attribute)).collect();
        let beacon = beacon.name.to_owned();
        if of_beacon.is_empty() {
            // A beacon that is the sort key of an index can be asked for, too.
            let schemas = description.global_secondary_indexes().iter().map(|index| index.key_schema());
            let local = description.local_secondary_indexes().iter().map(|index| index.key_schema());
            let is_sort_key = schemas.chain(local).any(|keys| key_names(keys).contains(&attribute));
            if !is_sort_key {
                differences.push(Difference::NoIndex { beacon, attribute: attribute.to_owned() });
            }
            continue;
        }
        let whole = of_beacon.iter().any(|(_, _, projection)| projected(*projection) == Projects::All);
        if let (false, Some((name, _, projection))) = (whole, of_beacon.first()) {
            let (index, projects) = (name.unwrap_or_default().to_owned(), projected(*projection).words());
            differences.push(Difference::Partial { beacon: beacon.clone(), index, projects });
        }
        let found = types.get(attribute).copied().filter(|found| *found != "S");
        if let (Some(found), Some((name, ..))) = (found, of_beacon.first()) {
            differences.push(Difference::IndexType {
                beacon,
                index: name.unwrap_or_default().to_owned(),
                attribute: attribute.to_owned(),
                table: found.to_owned(),
            });
        }
    }
    differences
}

/// Beacons of which there can be an index, with the attribute that they are stored as.
pub(crate) fn indexed(search: &Search) -> impl Iterator<Item = (BeaconInfo<'_>, &str)> {
    let stored = search.beacons().filter(|beacon| !beacon.is_set);
    stored.filter_map(|beacon| Some((beacon.clone(), beacon.stored?)))
}

/// Whether items can expire by this attribute.
pub(crate) fn time_to_live(config: &TableConfig, attribute: &str) -> Option<Difference> {
    let is_encrypted = config.action(attribute) == Some(CryptoAction::EncryptAndSign);
    is_encrypted.then(|| Difference::TimeToLive { attribute: attribute.to_owned() })
}

/// How much of the items an index has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Projects {
    All,
    Keys,
    Some,
}

impl Projects {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::All => "whole items",
            Self::Keys => "keys only",
            Self::Some => "some attributes only",
        }
    }
}

/// What an index projects.
pub(crate) fn projected(projection: Option<&Projection>) -> Projects {
    match projection.and_then(Projection::projection_type) {
        Some(ProjectionType::All) => Projects::All,
        Some(ProjectionType::KeysOnly) => Projects::Keys,
        _ => Projects::Some,
    }
}

/// The partition key's name, then the sort key's.
pub(crate) fn key_names(schema: &[KeySchemaElement]) -> Vec<&str> {
    let of = |role: KeyRole| schema.iter().filter(move |key| *key.key_type() == role);
    of(KeyRole::Hash).chain(of(KeyRole::Range)).map(KeySchemaElement::attribute_name).collect()
}

/// The types of key attributes, also of indexes.
pub(crate) fn types(description: &TableDescription) -> BTreeMap<&str, &str> {
    let definitions = description.attribute_definitions().iter();
    definitions.map(|of| (of.attribute_name(), of.attribute_type().as_str())).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{AttributeDefinition, GlobalSecondaryIndex, GlobalSecondaryIndexDescription};
    use dynaseal::BeaconKey;
    use dynaseal::search::{BeaconKeys, SearchConfig, StandardBeacon};

    use super::*;
    use crate::table::KeyAttribute;

    fn schema(names: &[&str]) -> Vec<KeySchemaElement> {
        let roles = [KeyRole::Hash, KeyRole::Range];
        let element = |(name, role): (&&str, KeyRole)| {
            KeySchemaElement::builder().attribute_name(*name).key_type(role).build().expect("it has both")
        };
        // In the other order: DynamoDB promises none.
        names.iter().zip(roles).map(element).rev().collect()
    }

    fn described(keys: &[&str], types: &[(&str, &str)]) -> TableDescription {
        let definitions = types.iter().map(|(name, of_type)| {
            let definition = AttributeDefinition::builder().attribute_name(*name);
            definition.attribute_type((*of_type).into()).build().expect("it has both")
        });
        TableDescription::builder()
            .set_key_schema(Some(schema(keys)))
            .set_attribute_definitions(Some(definitions.collect()))
            .build()
    }

    fn expected(partition: (&str, Option<KeyType>), sort: Option<(&str, Option<KeyType>)>) -> KeySchema {
        let key = |(name, of_type): (&str, Option<KeyType>)| KeyAttribute { name: name.to_owned(), of_type };
        KeySchema { partition_key: key(partition), sort_key: sort.map(key) }
    }

    #[test]
    fn other_names_and_other_types_are_told() {
        let two = described(&["id", "visit"], &[("id", "S"), ("visit", "N")]);
        let same = expected(("id", None), Some(("visit", None)));
        assert_eq!(keys(&same, &two), []);
        assert_eq!(keys(&expected(("id", Some(KeyType::S)), Some(("visit", Some(KeyType::N)))), &two), []);
        let said = |schema: &KeySchema, description| {
            let differences = keys(schema, description);
            differences
                .iter()
                .map(|difference| format!("{} ({})", difference.what("t.toml"), difference.next()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            said(&expected(("id", None), None), &two),
            [
                "t.toml says `id`, the table has `id` and `visit` (if this is the table, write partition_key = \"id\" and sort_key = \"visit\"; what is sealed under other keys cannot be opened with these)"
            ]
        );
        let one = described(&["id"], &[("id", "B")]);
        assert_eq!(
            said(&same, &one),
            [
                "t.toml says `id` and `visit`, the table has `id` (if this is the table, write partition_key = \"id\", and no sort_key; what is sealed under other keys cannot be opened with these)"
            ]
        );
        assert!(
            said(&expected(("visit", None), Some(("id", None))), &two)[0]
                .starts_with("t.toml says `visit` and `id`, the table has `id` and `visit`")
        );
        assert_eq!(
            said(&expected(("id", Some(KeyType::N)), Some(("visit", Some(KeyType::B)))), &two),
            [
                "t.toml says partition_key_type = \"N\", the table has `id` of type S (write partition_key_type = \"S\", if this is the table)",
                "t.toml says sort_key_type = \"B\", the table has `visit` of type N (write sort_key_type = \"N\", if this is the table)"
            ]
        );
    }

    #[test]
    fn beacons_need_an_index_of_whole_items_whose_key_is_a_string() {
        let config = TableConfig::builder("t", "id").encrypt(["name", "tags"]).build().expect("a table");
        let search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[1; 32]).expect("32 bytes")))
            .standard(StandardBeacon::new("name", 8))
            .standard(StandardBeacon::new("tags", 8).as_set());
        let search = search.build(&config).expect("beacons");
        let index = |name: &str, keys: &[&str], projection: ProjectionType| {
            let index = GlobalSecondaryIndex::builder().index_name(name).set_key_schema(Some(schema(keys)));
            let index = index.projection(Projection::builder().projection_type(projection).build());
            let index = index.build().expect("whole");
            GlobalSecondaryIndexDescription::builder()
                .set_index_name(Some(index.index_name))
                .set_key_schema(Some(index.key_schema))
                .set_projection(index.projection)
                .build()
        };
        let stored = "aws_dbe_b_name";
        let table = |indexes: Vec<GlobalSecondaryIndexDescription>, of_type| {
            let mut described = described(&["id"], &[("id", "S"), (stored, of_type)]);
            described.global_secondary_indexes = Some(indexes);
            described
        };
        // A set has none.
        let (beacon, attribute) = ("name".to_owned(), stored.to_owned());
        let missing = Difference::NoIndex { beacon: beacon.clone(), attribute: attribute.clone() };
        assert_eq!(indexes(&search, &table(vec![], "S")), std::slice::from_ref(&missing));
        let other = index("other", &["id"], ProjectionType::All);
        assert_eq!(indexes(&search, &table(vec![other], "S")), [missing]);
        let (all, keys, some) = (ProjectionType::All, ProjectionType::KeysOnly, ProjectionType::Include);
        assert_eq!(indexes(&search, &table(vec![index("i", &[stored, "id"], all.clone())], "S")), []);
        assert_eq!(indexes(&search, &table(vec![index("i", &["id", stored], all.clone())], "S")), []);
        for (projection, projects) in [(keys.clone(), "keys only"), (some, "some attributes only")] {
            let partial = Difference::Partial { beacon: beacon.clone(), index: "i".to_owned(), projects };
            assert_eq!(indexes(&search, &table(vec![index("i", &[stored], projection)], "S")), [partial]);
        }
        let two = vec![index("k", &[stored], keys), index("a", &[stored], all.clone())];
        assert_eq!(indexes(&search, &table(two, "S")), []);
        let wrong = Difference::IndexType { beacon, index: "i".to_owned(), attribute, table: "B".to_owned() };
        assert_eq!(indexes(&search, &table(vec![index("i", &[stored], all)], "B")), [wrong]);
    }

    #[test]
    fn items_can_not_expire_by_what_is_encrypted() {
        let config = TableConfig::builder("t", "id").encrypt(["a"]).sign(["b"]).unsigned_prefix(":").build();
        let config = config.expect("a table");
        assert_eq!(time_to_live(&config, "a"), Some(Difference::TimeToLive { attribute: "a".to_owned() }));
        for name in ["b", ":c", "id", "unknown"] {
            assert_eq!(time_to_live(&config, name), None, "{name}");
        }
    }
}
