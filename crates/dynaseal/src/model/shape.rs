//! Whether a table that is there has the keys and indexes of its model.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, KeySchemaElement, KeyType as KeyRole, Projection as SdkProjection, ProjectionType,
    TableDescription,
};

use super::admin::{scalar, stored_name};
use super::definition::{ColumnDefinition, Definition, IndexDefinition, Projection};

/// An index as it is there.
struct Found<'d> {
    local: bool,
    keys: Vec<&'d str>,
    projection: Option<&'d SdkProjection>,
}

/// What differs first, in words.
pub(super) fn difference(definition: &Definition, description: &TableDescription) -> Option<String> {
    let found = key_names(description.key_schema());
    let expected: Vec<String> = definition.key_columns().map(|column| column.attribute.to_owned()).collect();
    if found != expected {
        return Some(format!(
            "there is a table of this name with the key ({}), and the model has ({})",
            found.join(", "),
            expected.join(", ")
        ));
    }
    // The keys of a record are as they are; what an index has of it may be a beacon.
    for column in definition.key_columns() {
        if !has_type(description, column.attribute, column) {
            return Some(format!("the key `{}` of the table is of another type", column.attribute));
        }
    }
    definition.indexes.iter().find_map(|index| of_index(definition, description, index))
}

fn of_index(definition: &Definition, description: &TableDescription, index: &IndexDefinition) -> Option<String> {
    let name = index.name;
    let Some(found) = found(description, name) else { return Some(format!("the table has no index `{name}`")) };
    if found.local != index.local {
        let kind = |local| if local { "local" } else { "global" };
        return Some(format!(
            "the index `{name}` is {}, and that of the model is {}",
            kind(found.local),
            kind(index.local)
        ));
    }
    let columns: Vec<&ColumnDefinition> = [Some(index.partition_key), index.sort_key]
        .into_iter()
        .flatten()
        .filter_map(|at| definition.columns.get(at))
        .collect();
    let expected: Vec<String> = columns.iter().map(|column| stored_name(column)).collect();
    if found.keys != expected {
        return Some(format!(
            "the index `{name}` has the key ({}), and that of the model has ({})",
            found.keys.join(", "),
            expected.join(", ")
        ));
    }
    for (column, stored) in columns.iter().zip(&expected) {
        if !has_type(description, stored, column) {
            return Some(format!("the key `{stored}` of the index `{name}` is of another type"));
        }
    }
    let table_keys = definition.key_columns().map(|column| column.attribute);
    let keys: Vec<&str> = found.keys.iter().copied().chain(table_keys).collect();
    (!covers(found.projection, index.projection, &keys)).then(|| {
        let (found, expected) = (found_projection(found.projection), projection_text(index.projection));
        format!(
            "the index `{name}` has {found} of the items, and that of the model has {expected}: make the index anew, or give the model the projection that it has"
        )
    })
}

/// Whether an index has all that the model reads of it. The keys are there in any case, and more does no harm.
fn covers(found: Option<&SdkProjection>, wanted: Projection, keys: &[&str]) -> bool {
    let included = match found.and_then(SdkProjection::projection_type) {
        Some(ProjectionType::All) => return true,
        Some(ProjectionType::Include) => found.map(SdkProjection::non_key_attributes).unwrap_or_default(),
        Some(ProjectionType::KeysOnly) => &[],
        _ => return false,
    };
    match wanted {
        Projection::All => false,
        Projection::KeysOnly => true,
        Projection::Include(attributes) => {
            attributes.iter().all(|name| keys.contains(name) || included.iter().any(|of| of == name))
        }
    }
}

fn found<'d>(description: &'d TableDescription, name: &str) -> Option<Found<'d>> {
    let global = description.global_secondary_indexes().iter().find(|index| index.index_name() == Some(name));
    let local = description.local_secondary_indexes().iter().find(|index| index.index_name() == Some(name));
    let global = global.map(|index| (false, index.key_schema(), index.projection()));
    let local = local.map(|index| (true, index.key_schema(), index.projection()));
    let (local, schema, projection) = global.or(local)?;
    Some(Found { local, keys: key_names(schema), projection })
}

/// The partition key's name, then the sort key's.
fn key_names(schema: &[KeySchemaElement]) -> Vec<&str> {
    let of = |role: KeyRole| schema.iter().filter(move |key| *key.key_type() == role);
    of(KeyRole::Hash).chain(of(KeyRole::Range)).map(KeySchemaElement::attribute_name).collect()
}

fn has_type(description: &TableDescription, stored: &str, column: &ColumnDefinition) -> bool {
    let typed = description.attribute_definitions().iter().find(|of| of.attribute_name() == stored);
    typed.map(AttributeDefinition::attribute_type) == column.key_type.map(scalar).as_ref()
}

fn found_projection(projection: Option<&SdkProjection>) -> String {
    match projection.and_then(SdkProjection::projection_type) {
        Some(ProjectionType::All) => projection_text(Projection::All),
        Some(ProjectionType::KeysOnly) => projection_text(Projection::KeysOnly),
        Some(ProjectionType::Include) => {
            let included = projection.map(SdkProjection::non_key_attributes).unwrap_or_default();
            included_text(included.iter().map(String::as_str))
        }
        _ => "an unknown part".to_owned(),
    }
}

fn projection_text(projection: Projection) -> String {
    match projection {
        Projection::All => "everything".to_owned(),
        Projection::KeysOnly => "the keys".to_owned(),
        Projection::Include(attributes) => included_text(attributes.iter().copied()),
    }
}

/// DynamoDB gives them in any order.
fn included_text<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    format!("the keys and ({})", names.join(", "))
}
