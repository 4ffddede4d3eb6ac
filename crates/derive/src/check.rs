//! What fits together. Out of it comes a model of which no more can be wrong than what types say.

mod field;
mod index;

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::{Path, Type, Visibility};

use crate::ast::{self, At, Billing, With};
use crate::mistakes::Mistakes;

pub(crate) use index::{Index, Projection};

/// A model without mistakes.
pub(crate) struct Model {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) table: String,
    pub(crate) region: Option<String>,
    /// Capacity units for reading and writing, if it is not paid by request.
    pub(crate) capacity: Option<(i64, i64)>,
    pub(crate) record: bool,
    pub(crate) debug: bool,
    /// Also those that are skipped.
    pub(crate) fields: Vec<Field>,
    pub(crate) partition_key: usize,
    pub(crate) sort_key: Option<usize>,
    pub(crate) version: Option<usize>,
    pub(crate) ttl: Option<usize>,
    pub(crate) indexes: Vec<Index>,
}

impl Model {
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&Field, &Column)> {
        self.fields.iter().filter_map(|field| Some((field, field.column.as_ref()?)))
    }
}

pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) default: Absent,
    /// Nothing for one that is skipped.
    pub(crate) column: Option<Column>,
}

/// What a field is without its attribute.
pub(crate) enum Absent {
    /// What its type says.
    Refused,
    Default,
    Function(Path),
}

pub(crate) struct Column {
    /// Among the columns.
    pub(crate) place: usize,
    pub(crate) attribute: String,
    /// Whether it is a key of the table or of an index.
    pub(crate) key: bool,
    pub(crate) with: Option<With>,
    pub(crate) protection: Protection,
}

pub(crate) enum Protection {
    Plain,
    Randomised(Option<Legacy>),
    Deterministic(Option<Legacy>),
    Record(Action, Option<u8>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Seal,
    Sign,
    Context,
    Plain,
}

#[derive(Clone, Copy)]
pub(crate) enum Legacy {
    Text,
    Binary,
    Number,
    Json,
}

/// The model, if nothing is missing in it. It may have mistakes even then.
pub(crate) fn check(model: ast::Model, mistakes: &mut Mistakes) -> Option<Model> {
    let readable = !model.fields.iter().any(|field| field.options.broken);
    check_struct(&model, mistakes);
    let keys = Keys::of(&model, readable, mistakes);
    check_attribute_names(&model, mistakes);
    let indexes = index::check(&model, &keys, readable, mistakes);

    let context = field::Context {
        case: model.options.rename_all,
        record: model.options.record.is_some(),
        keys_in_context: model.fields.iter().any(|field| field.options.context.is_some()),
    };
    let mut place = 0;
    let fields = model.fields.into_iter().map(|field| field::check(field, &context, &mut place, mistakes)).collect();
    let options = model.options;
    Some(Model {
        ident: model.ident,
        vis: model.vis,
        table: options.table?.value,
        region: options.region.map(|region| region.value),
        capacity: match options.billing.map(|billing| billing.value) {
            Some(Billing::Provisioned { read, write }) => Some((read?.value, write?.value)),
            Some(Billing::PayPerRequest) | None => None,
        },
        record: options.record.is_some(),
        debug: options.no_debug.is_none(),
        fields,
        partition_key: keys.partition_key?,
        sort_key: keys.sort_key,
        version: keys.version,
        ttl: keys.ttl,
        indexes: indexes?,
    })
}

/// The name DynamoDB wants for tables and indexes.
fn is_name(name: &str) -> bool {
    (3..=255).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

fn check_struct(model: &ast::Model, mistakes: &mut Mistakes) {
    let options = &model.options;
    match &options.table {
        Some(table) if is_name(&table.value) => {}
        Some(table) => {
            let message =
                "a table's name has 3 to 255 letters, digits, `_`, `.` and `-`: write the name it has in DynamoDB";
            mistakes.add(table.span, message);
        }
        None if options.broken => {}
        None => mistakes.add(model.ident.span(), "which table? Write `#[model(table = \"name\")]` above `struct`"),
    }
    if let Some(region) = &options.region {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if region.value.is_empty() || !region.value.chars().all(good) {
            mistakes.add(region.span, "a region has small letters, digits and `-`: write it like `\"us-east-1\"`");
        }
    }
    if let Some(At { value: Billing::Provisioned { read, write }, span }) = &options.billing {
        for (name, units) in [("read", read), ("write", write)] {
            match units {
                Some(units) if units.value < 1 => {
                    mistakes.add(units.span, format!("`{name}` has to be 1 or more capacity units"));
                }
                Some(_) => {}
                None => {
                    mistakes.add(*span, format!("`billing` needs `{name}`, too: write `billing(read = 5, write = 5)`"));
                }
            }
        }
    }
}

/// Places of columns with a part in the whole. Places count columns, without fields that are skipped.
struct Keys {
    partition_key: Option<usize>,
    sort_key: Option<usize>,
    version: Option<usize>,
    ttl: Option<usize>,
}

impl Keys {
    fn of(model: &ast::Model, readable: bool, mistakes: &mut Mistakes) -> Self {
        let mut only = |option: fn(&ast::FieldOptions) -> Option<Span>, message: &str| {
            let stored = model.fields.iter().filter(|field| field.options.skip.is_none());
            let mut places = stored.enumerate().filter_map(|(place, field)| Some((place, option(&field.options)?)));
            let first = places.next();
            for (_, span) in places {
                mistakes.add(span, message);
            }
            first.map(|(place, _)| place)
        };
        let keys = Self {
            partition_key: only(
                |options| options.partition_key,
                "a table has one partition key: leave `partition_key` at one field, and write `global_index(…)` for others",
            ),
            sort_key: only(
                |options| options.sort_key,
                "a table has one sort key: leave `sort_key` at one field, and write `global_index(…)` or `local_index(…)` for others",
            ),
            version: only(|options| options.version, "an item has one version: leave `version` at one field"),
            ttl: only(|options| options.ttl, "a table has one time to live: leave `ttl` at one field"),
        };
        // One on a field that is skipped is told there.
        let none = !model.fields.iter().any(|field| field.options.partition_key.is_some());
        if none && readable {
            let message = "which field is the partition key? Write `#[model(partition_key)]` at one";
            mistakes.add(model.ident.span(), message);
        }
        keys
    }
}

fn check_attribute_names(model: &ast::Model, mistakes: &mut Mistakes) {
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for field in model.fields.iter().filter(|field| field.options.skip.is_none()) {
        let attribute = field::attribute_name(field, model.options.rename_all);
        let span = field.options.rename.as_ref().map_or(field.ident.span(), |rename| rename.span);
        // The first belongs to the format of records and of sealed attributes, the second to encryption contexts.
        let reserved = ["aws_dbe_", "aws-crypto-"].into_iter().find(|prefix| attribute.starts_with(prefix));
        if attribute.is_empty() {
            mistakes.add(span, "an attribute needs a name: write one, or leave `rename` out");
        } else if attribute.len() > 255 {
            mistakes.add(span, format!("the name of an attribute has 255 bytes at most, not {}", attribute.len()));
        } else if let Some(prefix) = reserved {
            mistakes.add(span, format!("names that begin with `{prefix}` are reserved: choose another with `rename`"));
        }
        match taken.get(&attribute) {
            Some(other) => {
                let message = format!("`{attribute}` is the attribute of `{other}`, too: choose another with `rename`");
                mistakes.add(span, message);
            }
            None => {
                taken.insert(attribute, field.ident.unraw().to_string());
            }
        }
    }
}
