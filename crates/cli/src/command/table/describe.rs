//! `dynaseal table describe`: a table beside its table.toml.

use aws_sdk_dynamodb::types::{BillingMode, TableDescription};
use serde_json::{Value, json};

use super::create::time_to_live;
use crate::args::DescribeTableArgs;
use crate::database::{CallError, Database};
use crate::output::{Failure, Output, note, visible};
use crate::preflight::{self, Difference};
use crate::table::{self, Outline};

pub(super) async fn run(args: &DescribeTableArgs) -> Result<(), Failure> {
    let outline = table::outline(&args.table.config, args.table.table.as_deref())?;
    let database = Database::open_as_stored(&outline.name, &args.table.database).await?;
    let database = database.with_config(&args.table.config);
    let answer = database.client.describe_table().table_name(&outline.name).send().await;
    let found = answer.map_err(|error| database.failed("DescribeTable", &error))?.table;
    let found = found.ok_or_else(|| CallError::silent("DescribeTable", &outline.name))?;
    let ttl = match time_to_live(&database).await {
        Ok(ttl) => ttl,
        Err(error) => {
            note(&format!("warning: whether items expire is not known: {error}"));
            None
        }
    };
    let differences = differences(&outline, &found, ttl.as_deref());
    let mut output = Output::new();
    if args.json {
        return output.json(machine(args, &outline, &found, ttl.as_deref(), &differences));
    }
    people(args, &outline, &found, ttl.as_deref(), &differences).iter().try_for_each(|line| output.line(visible(line)))
}

/// In what table.toml and the table differ.
pub(crate) fn differences(outline: &Outline, found: &TableDescription, ttl: Option<&str>) -> Vec<Difference> {
    let mut differences = preflight::keys(&outline.keys, found);
    // Of another table, no beacon and no time to live says anything.
    if differences.is_empty() {
        differences.extend(outline.search.iter().flat_map(|search| preflight::indexes(search, found)));
        differences.extend(preflight::index_keys(&outline.config, found));
        differences.extend(ttl.and_then(|attribute| preflight::time_to_live(&outline.config, attribute)));
    }
    differences
}

/// What `table list` says of each.
pub(super) fn summary(name: &str, found: &TableDescription) -> Value {
    let keys = preflight::key_names(found.key_schema());
    json!({
        "table": name,
        "partition_key": keys.first(),
        "sort_key": keys.get(1),
        "items": found.item_count(),
        "status": found.table_status().map(ToString::to_string),
    })
}

struct IndexView<'d> {
    kind: &'static str,
    name: &'d str,
    keys: Vec<&'d str>,
    projects: &'static str,
    status: Option<String>,
}

/// The global ones, then the local ones, each in the order of their names.
fn indexes(found: &TableDescription) -> Vec<IndexView<'_>> {
    let global = found.global_secondary_indexes().iter().map(|index| IndexView {
        kind: "global",
        name: index.index_name().unwrap_or_default(),
        keys: preflight::key_names(index.key_schema()),
        projects: preflight::projected(index.projection()).words(),
        status: index.index_status().map(ToString::to_string),
    });
    let local = found.local_secondary_indexes().iter().map(|index| IndexView {
        kind: "local",
        name: index.index_name().unwrap_or_default(),
        keys: preflight::key_names(index.key_schema()),
        projects: preflight::projected(index.projection()).words(),
        status: None,
    });
    let mut indexes: Vec<_> = global.chain(local).collect();
    indexes.sort_by(|a, b| (a.kind, a.name).cmp(&(b.kind, b.name)));
    indexes
}

fn billing(found: &TableDescription) -> String {
    let mode = found.billing_mode_summary().and_then(|summary| summary.billing_mode());
    let capacity = found.provisioned_throughput();
    let capacity = capacity.and_then(|of| of.read_capacity_units().zip(of.write_capacity_units()));
    match (mode, capacity) {
        (Some(BillingMode::PayPerRequest), _) => "paid per request".to_owned(),
        (_, Some((read, write))) => format!("provisioned, {read} read and {write} write capacity units"),
        _ => "unknown".to_owned(),
    }
}

fn people(
    args: &DescribeTableArgs,
    outline: &Outline,
    found: &TableDescription,
    ttl: Option<&str>,
    differences: &[Difference],
) -> Vec<String> {
    let types = preflight::types(found);
    let typed = |keys: &[&str]| {
        let key = |name: &&str| format!("{name} ({})", types.get(*name).copied().unwrap_or("unknown"));
        keys.iter().map(key).collect::<Vec<_>>().join(", ")
    };
    let status = found.table_status().map(ToString::to_string);
    let mut lines = vec![
        format!("table    {}{}", outline.name, status.map(|status| format!("  {status}")).unwrap_or_default()),
        format!("key      {}", typed(&preflight::key_names(found.key_schema()))),
        format!("billing  {}", billing(found)),
    ];
    if let Some(count) = found.item_count() {
        lines.push(format!("items    {count} (on AWS, up to six hours old)"));
    }
    lines.push(format!("ttl      {}", ttl.unwrap_or("off")));
    for IndexView { kind, name, keys, projects, status } in indexes(found) {
        let status = status.filter(|status| status != "ACTIVE").map(|status| format!(", {status}")).unwrap_or_default();
        lines.push(format!("index    {name}: {}, {kind}, {projects}{status}", typed(&keys)));
    }
    for (beacon, attribute) in outline.search.iter().flat_map(preflight::indexed) {
        lines.push(format!("beacon   {}: {attribute}", beacon.name));
    }
    let file = args.table.config.display().to_string();
    lines.extend(
        differences.iter().map(|difference| format!("note     {} ({})", difference.what(&file), difference.next())),
    );
    lines
}

fn machine(
    args: &DescribeTableArgs,
    outline: &Outline,
    found: &TableDescription,
    ttl: Option<&str>,
    differences: &[Difference],
) -> Value {
    let types = preflight::types(found);
    let typed = |keys: &[&str]| -> Vec<Value> {
        keys.iter().map(|name| json!({ "name": name, "type": types.get(*name) })).collect()
    };
    let index = |index: &IndexView<'_>| {
        json!({
            "kind": index.kind,
            "name": index.name,
            "key": typed(&index.keys),
            "projects": index.projects,
            "status": index.status,
        })
    };
    let beacon = |(beacon, attribute): (dynaseal::search::BeaconInfo<'_>, &str)| {
        let has_index = !differences.iter().any(
            |difference| matches!(difference, Difference::NoIndex { attribute: without, .. } if without == attribute),
        );
        json!({ "name": beacon.name, "attribute": attribute, "has_index": has_index })
    };
    let file = args.table.config.display().to_string();
    let difference = |difference: &Difference| json!({ "what": difference.what(&file), "next": difference.next() });
    json!({
        "table": outline.name,
        "status": found.table_status().map(ToString::to_string),
        "key": typed(&preflight::key_names(found.key_schema())),
        "billing": billing(found),
        "items": found.item_count(),
        "ttl": ttl,
        "indexes": indexes(found).iter().map(index).collect::<Vec<_>>(),
        "beacons": outline.search.iter().flat_map(preflight::indexed).map(beacon).collect::<Vec<_>>(),
        "notes": differences.iter().map(difference).collect::<Vec<_>>(),
    })
}
