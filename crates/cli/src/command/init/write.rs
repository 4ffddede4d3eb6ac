//! The text of a new table.toml, and what to do next.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::sample::{REPLICATION, Sample};
use crate::args::InitArgs;
use crate::new_file::{toml_key, toml_text};
use crate::output::items;

/// What stands above the actions.
const ACTIONS: &str = "\
# Every attribute that an item can have needs an action: one without is refused before it is written.
#   ENCRYPT_AND_SIGN  nobody can read it without a key, or change it unnoticed
#   SIGN_ONLY         whoever reads the table can read it, and nobody can change it unnoticed: keys, and what queries and
#                     filters look at
#   DO_NOTHING        whoever writes the table can change it unnoticed; it stands in unsigned_attributes as well
";

pub(super) struct Writer<'a> {
    pub(super) args: &'a InitArgs,
    pub(super) sample: &'a Sample,
    pub(super) key_file: Option<&'a str>,
}

/// What an attribute gets, and why.
struct Line {
    name: String,
    action: &'static str,
    why: String,
}

impl Writer<'_> {
    pub(super) fn text(&self) -> String {
        let (sample, table) = (self.sample, &self.args.table);
        let lines = self.lines();
        let mut text = match sample.is_live {
            true => format!(
                "# Written by `dynaseal init` after the table {}: its keys and indexes, and the attributes of {}.\n# One that none of them has is missing.\n",
                one_line(table),
                items(sample.plain())
            ),
            false => format!(
                "# Written by `dynaseal init` after a sample of {}. An attribute that none of them has is missing.\n",
                items(sample.plain())
            ),
        };
        text.push_str(
            "\n# Records are bound to this name: never change it, even if the table gets another one in DynamoDB (--table takes that).\n",
        );
        push(&mut text, "logical_table_name", &toml_text(table));
        push(&mut text, "partition_key", &toml_text(&sample.partition_key));
        if let Some(of_type) = sample.key_type(&sample.partition_key) {
            push(&mut text, "partition_key_type", &toml_text(&of_type.to_string()));
        }
        if let Some(name) = &sample.sort_key {
            push(&mut text, "sort_key", &toml_text(name));
            if let Some(of_type) = sample.key_type(name) {
                push(&mut text, "sort_key_type", &toml_text(&of_type.to_string()));
            }
        }
        text.push_str(
            "\n# ecdsa-p384 signs each item, so that whoever can only open items cannot forge them; hmac-only is faster and smaller.\n",
        );
        push(&mut text, "algorithm_suite", "\"ecdsa-p384\"");
        if sample.is_live && sample.plain() > 0 && sample.older.is_none() {
            text.push_str(
                "\n# Plain items are read until `dynaseal migrate` has sealed them all: then take this line out.\n",
            );
            push(&mut text, "plaintext_policy", "\"FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ\"");
        }
        let unsigned: Vec<String> =
            lines.iter().filter(|line| line.action == DO_NOTHING).map(|line| toml_text(&line.name)).collect();
        if !unsigned.is_empty() {
            text.push_str("\n# Neither encrypted nor signed.\n");
            push(&mut text, "unsigned_attributes", &format!("[{}]", unsigned.join(", ")));
        }
        text.push('\n');
        text.push_str(ACTIONS);
        text.push_str("[actions]\n");
        for Line { name, action, why } in &lines {
            let _ = writeln!(text, "{} = \"{action}\"  # {why}", toml_key(name));
        }
        text.push_str(&self.keyring());
        text.push_str(SEARCH);
        text
    }

    /// Keys first, then all others in the order of their names.
    fn lines(&self) -> Vec<Line> {
        let sample = self.sample;
        let keys: Vec<&str> = sample.keys().collect();
        let line = |name: &str, action, why: String| Line { name: name.to_owned(), action, why };
        let mut lines: Vec<Line> =
            keys.iter().map(|name| line(name, SIGN_ONLY, "a key, which DynamoDB has to read".to_owned())).collect();
        let of_items = sample.attributes.keys().map(String::as_str);
        let others: BTreeSet<&str> =
            of_items.chain(sample.indexed.keys().map(String::as_str)).chain(sample.ttl.as_deref()).collect();
        let others =
            others.into_iter().filter(|name| !keys.contains(name) && !name.starts_with(dynaseal::RESERVED_PREFIX));
        lines.extend(others.map(|name| {
            let indexes = sample.indexed.get(name);
            let seen = self.seen(name);
            if sample.ttl.as_deref() == Some(name) {
                return line(name, DO_NOTHING, format!("items expire by it, so DynamoDB has to read it; {seen}"));
            }
            if let Some(indexes) = indexes {
                let indexes: Vec<String> = indexes.iter().map(|name| one_line(name)).collect();
                return line(name, SIGN_ONLY, format!("a key of the index {}; {seen}", indexes.join(", ")));
            }
            if name.starts_with(REPLICATION) {
                return line(name, DO_NOTHING, format!("DynamoDB's global tables write it; {seen}"));
            }
            line(name, ENCRYPT_AND_SIGN, seen)
        }));
        lines
    }

    fn seen(&self, name: &str) -> String {
        match self.sample.attributes.get(name) {
            Some(attribute) => {
                let types: Vec<&str> = attribute.types.iter().copied().collect();
                format!("{}, in {} of {}", types.join(" and "), attribute.items, items(self.sample.plain()))
            }
            None => "in no item that was looked at".to_owned(),
        }
    }

    fn keyring(&self) -> String {
        let mut text = String::from("\n# Who may open the items.\n[keyring]\n");
        match (&self.args.kms_key_id, self.key_file) {
            (Some(key), _) => {
                push(&mut text, "type", "\"aws-kms\"");
                push(&mut text, "key_id", &toml_text(&key.to_string()));
            }
            (None, file) => {
                push(&mut text, "type", "\"raw-aes\"");
                text.push_str("# The names are in every record: give every new key a new name.\n");
                push(&mut text, "namespace", &toml_text(&format!("table {}", self.args.table)));
                push(&mut text, "name", "\"key-1\"");
                text.push_str("# What is sealed with a lost key never opens again: keep a copy elsewhere.\n");
                push(&mut text, "key", &format!("{{ file = {} }}", toml_text(file.unwrap_or_default())));
            }
        }
        text
    }
}

const ENCRYPT_AND_SIGN: &str = "ENCRYPT_AND_SIGN";
const SIGN_ONLY: &str = "SIGN_ONLY";
const DO_NOTHING: &str = "DO_NOTHING";

const SEARCH: &str = "
# Encrypted attributes are searched by beacons. `dynaseal keygen beacon --output beacon.key` makes the key, and
# `dynaseal beacons plan` says how long each should be.
# [search]
# beacon_key = { file = \"beacon.key\" }
# [[search.standard_beacons]]
# name = \"an encrypted attribute\"
# length = 8
";

fn push(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str(" = ");
    text.push_str(value);
    text.push('\n');
}

/// In a comment, a name with a line break would be more than a comment.
fn one_line(text: &str) -> String {
    crate::output::visible(text).into_owned()
}

/// What to type next, with what was typed.
pub(super) fn next(args: &InitArgs, sample: &Sample, key_file: Option<&str>) -> Vec<String> {
    let file = args.output.display();
    let written = match key_file {
        Some(key) => format!(
            "{file} and the key {} are written. Next:",
            args.output.parent().unwrap_or(Path::new("")).join(key).display()
        ),
        None => format!("{file} is written. Next:"),
    };
    let mut place = String::new();
    let crate::args::DatabaseArgs { db, endpoint_url, region, profile } = &args.database;
    for (option, value) in [
        ("--db", db.as_ref().map(|path| path.display().to_string())),
        ("--endpoint-url", endpoint_url.as_ref().map(ToString::to_string)),
        ("--region", region.clone()),
        ("--profile", profile.clone()),
    ] {
        if let Some(value) = value {
            let _ = write!(place, " {option} {value}");
        }
    }
    let mut lines = vec![written];
    lines.push(format!("  look through [actions] in {file}: give what must stay readable SIGN_ONLY"));
    if sample.is_live {
        lines.push(format!("  dynaseal config check --config {file}{place}"));
        if let Some(format) = sample.older {
            lines.push(format!("  add [legacy] to {file}, with the keys and actions of {format}"));
            lines.push(format!("  dynaseal migrate --config {file}{place} --from older-client --dry-run"));
        } else if sample.plain() > 0 {
            lines.push(format!("  dynaseal migrate --config {file}{place} --from plaintext --dry-run"));
        }
    } else {
        lines.push(format!("  dynaseal config check --config {file} --offline"));
        lines.push(format!(
            "  dynaseal table create --config {file} --db {}",
            args.output.with_extension("db").display()
        ));
    }
    lines
}
