//! Rules of one field.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::{Absent, Action, Column, Field, Legacy, Protection};
use crate::ast::{self, At, FieldOptions, Seal, With};
use crate::mistakes::Mistakes;
use crate::names::Case;
use crate::types;

/// What a field has to know of its struct.
pub(super) struct Context {
    pub(super) case: Option<Case>,
    pub(super) record: bool,
    /// Keys of records are in the encryption context if anything else is.
    pub(super) keys_in_context: bool,
}

pub(super) fn attribute_name(field: &ast::Field, case: Option<Case>) -> String {
    let name = || field.ident.unraw().to_string();
    match (&field.options.rename, case) {
        (Some(rename), _) => rename.value.clone(),
        (None, Some(case)) => case.apply(&name()),
        (None, None) => name(),
    }
}

/// The field, even with mistakes. `place` is that of the next column.
pub(super) fn check(field: ast::Field, context: &Context, place: &mut usize, mistakes: &mut Mistakes) -> Field {
    let attribute = attribute_name(&field, context.case);
    let table_key = field.options.partition_key.or(field.options.sort_key).is_some();
    let key = table_key || !field.options.indexes.is_empty();
    let mut rules = Rules { field: &field, options: &field.options, table_key, mistakes };
    let protection = if rules.is_stored() {
        rules.keys();
        rules.version_and_ttl();
        rules.marks_exclude_each_other();
        Some(if context.record { rules.record(context) } else { rules.sealed_alone() })
    } else {
        None
    };
    let column = protection.map(|protection| {
        let column = Column { place: *place, attribute, key, with: None, protection };
        *place += 1;
        column
    });
    let default = match field.options.default.map(|default| default.value) {
        Some(Some(function)) => Absent::Function(function),
        Some(None) => Absent::Default,
        // Neither an item from before versions were counted nor what is never stored has a value.
        None if column.is_none() || (field.options.version.is_some() && types::option(&field.ty).is_none()) => {
            Absent::Default
        }
        None => Absent::Refused,
    };
    let with = field.options.with.map(|with| with.value);
    let column = column.map(|column| Column { with, ..column });
    Field { ident: field.ident, ty: field.ty, default, column }
}

struct Rules<'r> {
    field: &'r ast::Field,
    options: &'r FieldOptions,
    table_key: bool,
    mistakes: &'r mut Mistakes,
}

impl Rules<'_> {
    fn add(&mut self, span: Option<Span>, message: &str) {
        if let Some(span) = span {
            self.mistakes.add(span, message);
        }
    }

    /// Whether it is not skipped, and if it is, that nothing is said about how it is stored.
    fn is_stored(&mut self) -> bool {
        if self.options.skip.is_none() {
            return true;
        }
        for (name, span) in self.of_storing() {
            self.mistakes.add(span, format!("a field with `skip` is never stored: take `skip` or `{name}` away"));
        }
        false
    }

    fn of_storing(&self) -> Vec<(&'static str, Span)> {
        fn span<T>(option: Option<&At<T>>) -> Option<Span> {
            option.map(|option| option.span)
        }
        let o = self.options;
        let all = [
            ("partition_key", o.partition_key),
            ("sort_key", o.sort_key),
            ("version", o.version),
            ("ttl", o.ttl),
            ("rename", span(o.rename.as_ref())),
            ("with", span(o.with.as_ref())),
            ("seal", span(o.seal.as_ref())),
            ("also_reads", o.also_reads),
            ("sign", o.sign),
            ("context", o.context),
            ("plain", o.plain),
            ("beacon", span(o.beacon.as_ref())),
        ];
        let indexes = o.indexes.iter().map(|mark| (if mark.local { "local_index" } else { "global_index" }, mark.span));
        all.into_iter().filter_map(|(name, span)| Some((name, span?))).chain(indexes).collect()
    }

    fn keys(&mut self) {
        let options = self.options;
        if options.partition_key.is_some() {
            let message = "a field can not be both keys of the table: take `sort_key` or `partition_key` away";
            self.add(options.sort_key, message);
        }
        if self.table_key {
            if types::option(&self.field.ty).is_some() {
                let message = "every item has the keys of its table: take the `Option` away";
                self.mistakes.add(self.field.ty.span(), message);
            }
            let default = options.default.as_ref().map(|default| default.span);
            self.add(default, "every item has the keys of its table: take `default` away");
            self.add(options.version, "a key never changes and a version does: take the key's mark or `version` away");
        }
        let with = options.with.as_ref().map(|with| with.span);
        if self.table_key || !options.indexes.is_empty() {
            let message =
                "DynamoDB has to know the type of a key: take `with` away and give the field a type that can be a key";
            self.add(with, message);
        } else if options.version.or(options.ttl).is_some() {
            self.add(with, "a version and a time to live are numbers: take `with` away");
        }
    }

    fn version_and_ttl(&mut self) {
        let (options, ty) = (self.options, &self.field.ty);
        if options.version.is_some() {
            self.add(options.ttl, "a field can not be both version and time to live: take `ttl` or `version` away");
            if !types::is_version(types::inner(ty)) {
                self.mistakes.add(ty.span(), "a version is of type `u64` or `Option<u64>`");
            }
            let seal = options.seal.as_ref().map(|seal| seal.span);
            self.add(seal, "DynamoDB has to compare versions: take `seal` away");
        } else if options.ttl.is_some() {
            if !types::is_time(types::inner(ty)) {
                let message = "a time to live is of type `UnixTime` or an integer with seconds since 1970, or an `Option` of these";
                self.mistakes.add(ty.span(), message);
            }
            let seal = options.seal.as_ref().map(|seal| seal.span);
            self.add(seal, "DynamoDB has to read the time to live: take `seal` away");
        }
    }

    fn marks(&self) -> Vec<(&'static str, Span)> {
        let options = self.options;
        let marks = [
            ("seal", options.seal.as_ref().map(|seal| seal.span)),
            ("sign", options.sign),
            ("context", options.context),
            ("plain", options.plain),
        ];
        marks.into_iter().filter_map(|(name, span)| Some((name, span?))).collect()
    }

    fn marks_exclude_each_other(&mut self) {
        let marks = self.marks();
        if let Some(((first, _), others)) = marks.split_first() {
            for (name, span) in others {
                let message =
                    format!("only one of `seal`, `sign`, `context` and `plain`: take `{name}` or `{first}` away");
                self.mistakes.add(*span, message);
            }
        }
    }

    /// In structs whose attributes are sealed one by one.
    fn sealed_alone(&mut self) -> Protection {
        let options = self.options;
        for (name, span) in self.marks().into_iter().filter(|(name, _)| *name != "seal") {
            let message = format!(
                "`{name}` is for records: write `record` above `struct`, or take `{name}` away; without `seal`, attributes are plain here"
            );
            self.mistakes.add(span, message);
        }
        if let Some(beacon) = &options.beacon {
            let message = "beacons are for records: write `record` above `struct`, or `seal = \"deterministic\"` here";
            self.mistakes.add(beacon.span, message);
        }
        let Some(At { value: seal, span }) = &options.seal else {
            let message =
                "pynamodb_mate's encrypted attributes are sealed here, too: write `seal` or take `also_reads` away";
            self.add(options.also_reads, message);
            return Protection::Plain;
        };
        if *seal == Seal::Randomised && (self.table_key || !options.indexes.is_empty()) {
            let message =
                "what is sealed with a random nonce can not be found as key: write `seal = \"deterministic\"`";
            self.mistakes.add(*span, message);
        }
        let legacy = options.also_reads.and_then(|span| self.legacy(span));
        match seal {
            Seal::Randomised => Protection::Randomised(legacy),
            Seal::Deterministic => Protection::Deterministic(legacy),
        }
    }

    /// What the column was with pynamodb_mate.
    fn legacy(&mut self, span: Span) -> Option<Legacy> {
        let ty = types::inner(&self.field.ty);
        let legacy = match self.options.with.as_ref().map(|with| &with.value) {
            Some(With::Json) => Some(Legacy::Json),
            Some(With::Serde | With::Module(_)) => None,
            None if types::is_text(ty) => Some(Legacy::Text),
            None if types::is_bytes(ty) => Some(Legacy::Binary),
            None if types::is_number(ty) => Some(Legacy::Number),
            None => None,
        };
        if legacy.is_none() && !self.options.broken {
            let message = "pynamodb_mate sealed texts, bytes, numbers and JSON: the field has to be `String`, `Vec<u8>`, a number or an `Option` of these, or `with = \"json\"`";
            self.mistakes.add(span, message);
        }
        legacy
    }

    /// In records.
    fn record(&mut self, context: &Context) -> Protection {
        let options = self.options;
        self.add(
            options.also_reads,
            "pynamodb_mate sealed attributes, not records: take `also_reads` or `record` away",
        );
        let beacon = self.beacon();
        Protection::Record(self.action(context), beacon)
    }

    fn beacon(&mut self) -> Option<u8> {
        let beacon = self.options.beacon.as_ref()?;
        if self.options.seal.is_none() {
            self.mistakes.add(beacon.span, "a beacon finds what is sealed: write `seal`, too, or take `beacon` away");
        }
        let length = match &beacon.value.length {
            Some(length) => length,
            None => {
                if !beacon.value.broken {
                    self.mistakes.add(beacon.span, "how long is the beacon? Write `beacon(length = 24)`");
                }
                return None;
            }
        };
        let bits = u8::try_from(length.value).ok().filter(|bits| (1..=63).contains(bits));
        if bits.is_none() {
            self.mistakes.add(length.span, "a beacon has 1 to 63 bits");
        }
        bits
    }

    fn action(&mut self, context: &Context) -> Action {
        let options = self.options;
        if let Some(At { value: Seal::Deterministic, span }) = &options.seal {
            let message =
                "records are never sealed deterministically: write `seal`, and `beacon(length = 24)` to search for it";
            self.mistakes.add(*span, message);
        }
        let seal = options.seal.as_ref().map(|seal| seal.span);
        if self.table_key {
            self.add(
                seal,
                "DynamoDB has to read the keys of the table: take `seal` away; they are signed by themselves",
            );
            self.add(options.plain, "keys of a record are signed by themselves: take `plain` away");
            if context.keys_in_context {
                let message = "where a field is `context`, the keys are, too: write `context` here or nothing";
                self.add(options.sign, message);
                return Action::Context;
            }
            return Action::Sign;
        }
        if !options.indexes.is_empty() && options.beacon.is_none() {
            let message = "in records, the key of an index that is sealed is its beacon: write `beacon(length = 24)` as well, \
                           or take `seal` away";
            self.add(seal, message);
        }
        let marks = (seal, options.sign, options.context, options.plain);
        match marks {
            (Some(_), ..) => Action::Seal,
            (_, Some(_), ..) => Action::Sign,
            (_, _, Some(_), _) => {
                if types::option(&self.field.ty).is_some() {
                    let message = "what is in the encryption context has to be in every item: take the `Option` away or write `sign`";
                    self.mistakes.add(self.field.ty.span(), message);
                }
                Action::Context
            }
            (.., Some(_)) => Action::Plain,
            _ if options.version.is_some() => Action::Sign,
            // DynamoDB and others may change it.
            _ if options.ttl.is_some() => Action::Plain,
            _ => {
                if !options.broken {
                    let message = "what is done with it in the record? Write `seal`, `sign`, `context` or `plain`";
                    self.mistakes.add(self.field.ident.span(), message);
                }
                Action::Plain
            }
        }
    }
}
