//! What may be the cause when a search by beacons finds nothing.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::Select;
use dynaseal::search::Search;

use crate::args::ReadArgs;
use crate::database::Database;
use crate::output::{style, warn};

/// How many items are looked at for beacons that are missing.
const LOOKED_AT: i32 = 1000;

/// Warns if pieces of values were asked for, which beacons do not have, or if there are items without the beacons that were
/// asked for. Nothing is said where that cannot be told.
pub(super) async fn explain(database: &Database, read: &ReadArgs, key_condition: Option<&str>) {
    let Some(search) = database.sealed().search().filter(|_| !style::is_quiet()) else { return };
    for name in contained(read).iter().filter(|name| is_hashed(search, name)) {
        warn(&format!(
            "nothing was found, and `contains` finds a whole value of `{name}` or a whole element of its set, and no piece of \
             it: a beacon is a hash. For pieces, pipe all opened items to jq"
        ));
    }
    for name in words(read, key_condition).iter().filter(|name| is_hashed(search, name)) {
        if let Some((missing, seen)) = without_beacon(database, search, name).await {
            warn(&format!(
                "nothing was found, and {missing} of the {seen} items that were looked at have `{name}` and no beacon of it: they \
                 were written without it, and no search finds them. `dynaseal verify` lists them, `dynaseal migrate` adds it"
            ));
        }
    }
}

/// Whether a name is that of a beacon which hides what it is made from.
fn is_hashed(search: &Search, name: &str) -> bool {
    search.beacon(name).is_some_and(|beacon| !beacon.is_signed)
}

/// All attributes in the conditions.
fn words(read: &ReadArgs, key_condition: Option<&str>) -> BTreeSet<String> {
    let texts = [read.filter.as_deref(), key_condition].into_iter().flatten();
    let is_part = |c: char| c.is_alphanumeric() || "#_:-".contains(c);
    texts.flat_map(|text| text.split(|c| !is_part(c))).map(|word| named(read, word)).collect()
}

/// The attributes that `contains` is asked of.
fn contained(read: &ReadArgs) -> BTreeSet<String> {
    let filter = read.filter.as_deref().unwrap_or_default();
    let calls = filter.split("contains").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('('));
    calls.map(|call| named(read, call.split([',', '.', '[']).next().unwrap_or_default().trim())).collect()
}

/// The attribute that a placeholder stands for.
fn named(read: &ReadArgs, word: &str) -> String {
    let names = read.names.as_ref();
    names.and_then(|names| names.get(word)).cloned().unwrap_or_else(|| word.to_owned())
}

/// How many of the first items have the attribute and not its beacon, if there are some. Whether an attribute is there is
/// nothing that sealing hides.
async fn without_beacon(database: &Database, search: &Search, name: &str) -> Option<(i32, i32)> {
    let stored = search.beacon(name)?.stored?.to_owned();
    // A beacon of another name than its attribute is missing where that is.
    database.sealed().config().action(name)?;
    let scan = database.client.scan().table_name(&database.table).select(Select::Count).limit(LOOKED_AT);
    let scan = scan.filter_expression("attribute_exists(#a) AND attribute_not_exists(#b)");
    let scan = scan.expression_attribute_names("#a", name).expression_attribute_names("#b", stored);
    let found = scan.send().await.ok()?;
    (found.count > 0).then_some((found.count, found.scanned_count))
}
