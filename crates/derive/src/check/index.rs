//! Indexes, which are said at the fields that are their keys.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;

use super::{Keys, field, is_name};
use crate::ast::{self, At, IndexMark};
use crate::mistakes::Mistakes;
use crate::names;

/// An index without mistakes.
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) function: Ident,
    pub(crate) local: bool,
    pub(crate) partition_key: usize,
    pub(crate) sort_key: Option<usize>,
    pub(crate) projection: Projection,
}

pub(crate) enum Projection {
    All,
    KeysOnly,
    /// Attributes.
    Include(Vec<String>),
}

/// What the fields say of an index.
struct Draft<'m> {
    name: &'m At<String>,
    local: bool,
    partition_key: Option<usize>,
    sort_key: Option<usize>,
    projection: Option<Projection>,
}

/// All indexes, in the order of their first fields; nothing if one of them is not complete.
pub(super) fn check(model: &ast::Model, keys: &Keys, readable: bool, mistakes: &mut Mistakes) -> Option<Vec<Index>> {
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    let mut complete = readable;
    let stored = || model.fields.iter().filter(|field| field.options.skip.is_none());
    for (place, field) in stored().enumerate() {
        for mark in &field.options.indexes {
            complete &= !mark.broken && mark.name.is_some();
            if let Some(name) = &mark.name {
                add(&mut drafts, name, mark, place, mistakes);
            } else if !mark.broken {
                mistakes.add(mark.span, "which index? Write its name: `name = \"by_email\"`");
            }
        }
    }
    projections(model, &mut drafts, complete, mistakes);
    functions(model, &drafts, mistakes);
    drafts.into_iter().map(|draft| finish(draft, keys, complete, mistakes)).collect()
}

fn add<'m>(drafts: &mut Vec<Draft<'m>>, name: &'m At<String>, mark: &IndexMark, place: usize, mistakes: &mut Mistakes) {
    if !drafts.iter().any(|draft| draft.name.value == name.value) {
        if !is_name(&name.value) {
            let message =
                "an index's name has 3 to 255 letters, digits, `_`, `.` and `-`: write the name it has in DynamoDB";
            mistakes.add(name.span, message);
        }
        drafts.push(Draft { name, local: mark.local, partition_key: None, sort_key: None, projection: None });
    }
    let Some(draft) = drafts.iter_mut().find(|draft| draft.name.value == name.value) else { return };
    if draft.local != mark.local {
        let message = format!("`{}` is global at one field and local at another: give them two names", name.value);
        return mistakes.add(name.span, message);
    }
    match (mark.partition_key, mark.sort_key) {
        (Some(_), Some(sort_key)) => {
            mistakes.add(sort_key, "a field can not be both keys of an index: take `sort_key` or `partition_key` away");
        }
        (Some(span), None) if mark.local => {
            let message = "a local index has the table's partition key: write `sort_key`, or make it a `global_index`";
            mistakes.add(span, message);
        }
        (Some(span), None) => take(&mut draft.partition_key, place, span, "partition", &name.value, mistakes),
        (None, Some(span)) => take(&mut draft.sort_key, place, span, "sort", &name.value, mistakes),
        (None, None) if mark.broken => {}
        (None, None) if mark.local => mistakes.add(mark.span, "a local index has its sort key here: write `sort_key`"),
        (None, None) => mistakes.add(mark.span, "which key of the index? Write `partition_key` or `sort_key`"),
    }
}

fn take(slot: &mut Option<usize>, place: usize, span: Span, key: &str, index: &str, mistakes: &mut Mistakes) {
    match slot {
        Some(first) if *first == place => {
            mistakes.add(span, format!("this is said twice: the field is the {key} key of `{index}` already"));
        }
        Some(_) => mistakes.add(span, format!("`{index}` has one {key} key: leave it at one field")),
        None => *slot = Some(place),
    }
}

fn finish(draft: Draft<'_>, keys: &Keys, complete: bool, mistakes: &mut Mistakes) -> Option<Index> {
    let Draft { name: At { value: name, span }, local, partition_key, sort_key, projection } = draft;
    if local && keys.sort_key.is_none() && complete {
        let message = "only a table with a sort key has local indexes: give the table one, or write `global_index`";
        mistakes.add(*span, message);
    }
    if !local && partition_key.is_none() && complete {
        let message = format!(
            "which field is the partition key of `{name}`? Write `global_index(name = \"{name}\", partition_key)` at one"
        );
        mistakes.add(*span, message);
    }
    Some(Index {
        name: name.clone(),
        function: names::function_of_index(name, *span),
        local,
        partition_key: if local { keys.partition_key? } else { partition_key? },
        sort_key,
        projection: projection.unwrap_or(Projection::All),
    })
}

fn projections(model: &ast::Model, drafts: &mut [Draft<'_>], complete: bool, mistakes: &mut Mistakes) {
    for written in &model.options.projections {
        let Some(index) = &written.index else {
            if !written.broken {
                mistakes
                    .add(written.span, "which index? Write its name: `projection(index = \"by_email\", keys_only)`");
            }
            continue;
        };
        let projection = match (written.keys_only, &written.include) {
            (Some(_), Some(include)) => {
                mistakes.add(
                    include.span,
                    "an index has its keys only or includes more: take `include` or `keys_only` away",
                );
                continue;
            }
            (Some(_), None) => Projection::KeysOnly,
            (None, Some(include)) => include_of(model, include, mistakes),
            (None, None) => {
                if !written.broken {
                    let message = "what is in the index? Write `keys_only` or `include(\"field\")`; without `projection` it is everything";
                    mistakes.add(written.span, message);
                }
                continue;
            }
        };
        let names: Vec<&str> = drafts.iter().map(|draft| draft.name.value.as_str()).collect();
        let meant = names::meant(&index.value, &names).map(|meant| format!("did you mean `{meant}`?"));
        match drafts.iter_mut().find(|draft| draft.name.value == index.value) {
            Some(draft) if draft.projection.is_some() => {
                let message = format!("the projection of `{}` is given twice: keep one", index.value);
                mistakes.add(index.span, message);
            }
            Some(draft) => draft.projection = Some(projection),
            None if !complete => {}
            None => {
                let advice =
                    meant.unwrap_or_else(|| "write `global_index(…)` at the fields that are its keys".to_owned());
                mistakes.add(index.span, format!("there is no index `{}`: {advice}", index.value));
            }
        }
    }
}

fn include_of(model: &ast::Model, include: &At<Vec<At<String>>>, mistakes: &mut Mistakes) -> Projection {
    if include.value.is_empty() {
        mistakes.add(include.span, "`include` needs fields: write `include(\"field\")`, or `keys_only` in its place");
    }
    let fields: BTreeMap<String, &ast::Field> =
        model.fields.iter().map(|field| (field.ident.unraw().to_string(), field)).collect();
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    let mut attributes = Vec::new();
    for written in &include.value {
        let Some(field) = fields.get(&written.value) else {
            let meant = names::meant(&written.value, &names).map(|meant| format!("did you mean `{meant}`?"));
            let advice = meant.unwrap_or_else(|| "`include` has names of fields, not of attributes".to_owned());
            mistakes.add(written.span, format!("there is no field `{}`: {advice}", written.value));
            continue;
        };
        let attribute = field::attribute_name(field, model.options.rename_all);
        if field.options.skip.is_some() {
            let message = format!("`{}` has `skip` and is never stored: take it away here", written.value);
            mistakes.add(written.span, message);
        } else if attributes.contains(&attribute) {
            mistakes.add(written.span, format!("`{}` is given twice: keep one", written.value));
        } else {
            attributes.push(attribute);
        }
    }
    Projection::Include(attributes)
}

/// Fields and indexes have a function each, and all of one struct have their own names.
fn functions(model: &ast::Model, drafts: &[Draft<'_>], mistakes: &mut Mistakes) {
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for field in model.fields.iter().filter(|field| field.options.skip.is_none()) {
        let name = field.ident.unraw().to_string();
        taken.insert(name.clone(), format!("the field `{name}`"));
    }
    for Draft { name, .. } in drafts.iter().filter(|draft| is_name(&draft.name.value)) {
        let function = names::function_of_index(&name.value, name.span).unraw().to_string();
        if let Some(other) = taken.get(&function) {
            let message = format!(
                "the function `{function}()` of index `{}` would be that of {other}, too: rename the field or the index",
                name.value
            );
            mistakes.add(name.span, message);
        } else {
            taken.insert(function, format!("the index `{}`", name.value));
        }
    }
}
