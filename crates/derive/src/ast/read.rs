//! Reads the options. After a mistake it goes on behind the next comma, so that one does not hide the others.

use std::fmt::Display;

use proc_macro2::{Ident, Span, TokenTree};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DataStruct, DeriveInput, Error, Fields, Lit, LitStr, Meta, Path, Token};

use super::{At, Beacon, Billing, Field, FieldOptions, IndexMark, Model, Options, Projection, Seal, With};
use crate::mistakes::Mistakes;
use crate::names::{Case, meant};

const OF_STRUCTS: [&str; 7] = ["table", "region", "billing", "rename_all", "record", "no_debug", "projection"];
const OF_FIELDS: [&str; 16] = [
    "partition_key",
    "sort_key",
    "rename",
    "default",
    "skip",
    "with",
    "version",
    "ttl",
    "seal",
    "also_reads",
    "sign",
    "context",
    "plain",
    "beacon",
    "global_index",
    "local_index",
];

/// What other libraries call an option, and what it is here.
const ELSEWHERE: [(&str, &str); 22] = [
    ("hash_key", "partition_key"),
    ("hash", "partition_key"),
    ("partition", "partition_key"),
    ("primary_key", "partition_key"),
    ("pk", "partition_key"),
    ("range_key", "sort_key"),
    ("range", "sort_key"),
    ("sort", "sort_key"),
    ("sk", "sort_key"),
    ("encrypt", "seal"),
    ("encrypted", "seal"),
    ("sealed", "seal"),
    ("secret", "seal"),
    ("signed", "sign"),
    ("attr_name", "rename"),
    ("name", "rename"),
    ("ignore", "skip"),
    ("index", "global_index"),
    ("gsi", "global_index"),
    ("lsi", "local_index"),
    ("serde", "with"),
    ("table_name", "table"),
];

/// The struct with all its options; nothing if it is none with named fields.
pub(crate) fn read(input: DeriveInput, mistakes: &mut Mistakes) -> Option<Model> {
    let DeriveInput { attrs, vis, ident, generics, data } = input;
    if !generics.params.is_empty() {
        let message = "a model has no generics, as it stands for one table: take them away and name the types";
        mistakes.add(generics.span(), message);
    }
    let (span, what) = match data {
        Data::Struct(DataStruct { fields: Fields::Named(fields), .. }) => {
            let options = read_struct(&attrs, mistakes);
            let fields = fields.named.into_iter().filter_map(|field| {
                let options = read_field(&field.attrs, mistakes);
                Some(Field { ident: field.ident?, ty: field.ty, options })
            });
            return Some(Model { ident, vis, fields: fields.collect(), options });
        }
        Data::Struct(DataStruct { fields: Fields::Unnamed(fields), .. }) => (fields.span(), "a tuple struct"),
        Data::Struct(_) => (ident.span(), "a struct without fields"),
        Data::Enum(data) => (data.enum_token.span, "an enum"),
        Data::Union(data) => (data.union_token.span, "a union"),
    };
    mistakes.add(span, format!("a model is a struct with named fields, not {what}: write `struct {ident} {{ … }}`"));
    None
}

fn read_struct(attributes: &[Attribute], mistakes: &mut Mistakes) -> Options {
    let mut options = Options::default();
    options.broken = attributes_of(attributes, mistakes, |name, input, mistakes| {
        let mut put = Put { name, mistakes };
        match name.to_string().as_str() {
            "table" => put.once(&mut options.table, text(name, input, "table = \"archive\"")?),
            "region" => put.once(&mut options.region, text(name, input, "region = \"us-east-1\"")?),
            "billing" => {
                let billing = billing(name, input, put.mistakes)?;
                put.once(&mut options.billing, At { value: billing, span: name.span() });
            }
            "rename_all" => {
                let case = text(name, input, "rename_all = \"camelCase\"")?;
                put.once(&mut options.rename_all, choose(name, &case, &Case::ALL)?);
            }
            "record" => put.once(&mut options.record, word(name, input)?),
            "no_debug" => put.once(&mut options.no_debug, word(name, input)?),
            "projection" => options.projections.push(projection(name, input, put.mistakes)?),
            other if OF_FIELDS.contains(&other) => {
                return Err(Error::new(name.span(), format!("`{other}` is an option of fields: write it at one")));
            }
            _ => return Err(unknown(name, &OF_STRUCTS)),
        }
        Ok(())
    });
    options
}

fn read_field(attributes: &[Attribute], mistakes: &mut Mistakes) -> FieldOptions {
    let mut options = FieldOptions::default();
    options.broken = attributes_of(attributes, mistakes, |name, input, mistakes| {
        let mut put = Put { name, mistakes };
        match name.to_string().as_str() {
            "partition_key" => put.once(&mut options.partition_key, word(name, input)?),
            "sort_key" => put.once(&mut options.sort_key, word(name, input)?),
            "rename" => put.once(&mut options.rename, text(name, input, "rename = \"name\"")?),
            "default" => {
                let has_value = input.peek(Token![=]) || input.peek(syn::token::Paren);
                let value = has_value.then(|| path(name, input, "default = \"path::to::function\"")).transpose()?;
                put.once(&mut options.default, At { value, span: word(name, input)? });
            }
            "skip" => put.once(&mut options.skip, word(name, input)?),
            "with" => {
                let value = with(name, input)?;
                put.once(&mut options.with, At { value, span: name.span() });
            }
            "version" => put.once(&mut options.version, word(name, input)?),
            "ttl" => put.once(&mut options.ttl, word(name, input)?),
            "seal" => {
                let value = seal(name, input)?;
                put.once(&mut options.seal, At { value, span: name.span() });
            }
            "also_reads" => {
                let format = text(name, input, "also_reads = \"pynamodb_mate\"")?;
                choose(name, &format, &[("pynamodb_mate", ())])?;
                put.once(&mut options.also_reads, name.span());
            }
            "sign" => put.once(&mut options.sign, word(name, input)?),
            "context" => put.once(&mut options.context, word(name, input)?),
            "plain" => put.once(&mut options.plain, word(name, input)?),
            "beacon" => {
                let value = beacon(name, input, put.mistakes)?;
                put.once(&mut options.beacon, At { value, span: name.span() });
            }
            "global_index" | "local_index" => options.indexes.push(index(name, input, put.mistakes)?),
            other if OF_STRUCTS.contains(&other) => {
                let message = format!("`{other}` is an option of the struct: write it above `struct`");
                return Err(Error::new(name.span(), message));
            }
            "flatten" => {
                let message = "there is no option `flatten`: write the inner fields here, or `with = \"serde\"` for one attribute with all of them";
                return Err(Error::new(name.span(), message));
            }
            _ => return Err(unknown(name, &OF_FIELDS)),
        }
        Ok(())
    });
    options
}

/// Where an option goes that is given once.
struct Put<'p> {
    name: &'p Ident,
    mistakes: &'p mut Mistakes,
}

impl Put<'_> {
    fn once<T>(&mut self, slot: &mut Option<T>, value: T) {
        match slot {
            Some(_) => self.mistakes.add(self.name.span(), format!("`{}` is given twice: keep one", self.name)),
            None => *slot = Some(value),
        }
    }
}

/// All that is in `#[model(…)]`. Returns whether something could not be read.
fn attributes_of(
    attributes: &[Attribute],
    mistakes: &mut Mistakes,
    mut option: impl FnMut(&Ident, ParseStream<'_>, &mut Mistakes) -> syn::Result<()>,
) -> bool {
    let mut broken = false;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("model")) {
        let read = match &attribute.meta {
            Meta::List(list) => list.parse_args_with(|input: ParseStream<'_>| options(input, mistakes, &mut option)),
            _ => Err(Error::new(attribute.span(), "options are in parentheses: write `#[model(…)]`")),
        };
        broken |= read.unwrap_or_else(|mistake| {
            mistakes.push(mistake);
            true
        });
    }
    broken
}

/// Options with commas between them. Returns whether something could not be read.
fn options(
    input: ParseStream<'_>,
    mistakes: &mut Mistakes,
    mut option: impl FnMut(&Ident, ParseStream<'_>, &mut Mistakes) -> syn::Result<()>,
) -> syn::Result<bool> {
    let mut broken = false;
    while !input.is_empty() {
        if let Err(mistake) = one_option(input, mistakes, &mut option) {
            broken = true;
            mistakes.push(mistake);
            while !input.is_empty() && !input.peek(Token![,]) {
                input.parse::<TokenTree>()?;
            }
        }
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(broken)
}

fn one_option(
    input: ParseStream<'_>,
    mistakes: &mut Mistakes,
    option: &mut impl FnMut(&Ident, ParseStream<'_>, &mut Mistakes) -> syn::Result<()>,
) -> syn::Result<()> {
    let begin = input.span();
    let no_name = |_| Error::new(begin, "an option begins with its name: write `name` or `name = \"value\"`");
    let name = Ident::parse_any(input).map_err(no_name)?;
    option(&name, input, mistakes)?;
    if input.is_empty() || input.peek(Token![,]) {
        Ok(())
    } else {
        Err(Error::new(input.span(), format!("`{name}` is complete before this: write a comma between options")))
    }
}

/// `name(…)`. Returns whether something could not be read.
fn nested(
    name: &Ident,
    input: ParseStream<'_>,
    example: &str,
    mistakes: &mut Mistakes,
    option: impl FnMut(&Ident, ParseStream<'_>, &mut Mistakes) -> syn::Result<()>,
) -> syn::Result<bool> {
    if !input.peek(syn::token::Paren) {
        return Err(Error::new(name.span(), format!("`{name}` has settings in parentheses: write `{example}`")));
    }
    let content;
    syn::parenthesized!(content in input);
    options(&content, mistakes, option)
}

/// `name`
fn word(name: &Ident, input: ParseStream<'_>) -> syn::Result<Span> {
    if input.peek(Token![=]) || input.peek(syn::token::Paren) {
        return Err(Error::new(input.span(), format!("`{name}` has no value: write only `{name}`")));
    }
    Ok(name.span())
}

/// `= literal`
fn literal(name: &Ident, input: ParseStream<'_>, wrong: impl Fn(Span) -> Error) -> syn::Result<Lit> {
    if !input.peek(Token![=]) {
        return Err(wrong(name.span()));
    }
    input.parse::<Token![=]>()?;
    let span = if input.is_empty() { name.span() } else { input.span() };
    input.parse().map_err(|_| wrong(span))
}

/// `= "text"`
fn text_literal(name: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<LitStr> {
    let wrong = |span| Error::new(span, format!("`{name}` has a text in quotes as value: write `{example}`"));
    match literal(name, input, wrong)? {
        Lit::Str(text) => Ok(text),
        other => Err(wrong(other.span())),
    }
}

fn text(name: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<At<String>> {
    let text = text_literal(name, input, example)?;
    Ok(At { value: text.value(), span: text.span() })
}

/// `= "path::to::something"`
fn path(name: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<Path> {
    let text = text_literal(name, input, example)?;
    let wrong = |_| Error::new(text.span(), format!("`{}` is no path: write `{example}`", text.value()));
    text.parse_with(Path::parse_mod_style).map_err(wrong)
}

/// `= 5`
fn number(name: &Ident, input: ParseStream<'_>) -> syn::Result<At<i64>> {
    let wrong = |span| Error::new(span, format!("`{name}` has a whole number as value: write `{name} = 5`"));
    match literal(name, input, wrong)? {
        Lit::Int(number) => {
            let span = number.span();
            Ok(At { value: number.base10_parse().map_err(|_| wrong(span))?, span })
        }
        other => Err(wrong(other.span())),
    }
}

fn list(items: impl IntoIterator<Item = impl Display>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("`\"{item}\"`")).collect();
    items.join(", ")
}

fn choose<T: Copy>(name: &Ident, text: &At<String>, known: &[(&str, T)]) -> syn::Result<T> {
    if let Some((_, value)) = known.iter().find(|(known, _)| *known == text.value) {
        return Ok(*value);
    }
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let advice = match meant(&text.value, &names) {
        Some(meant) => format!("did you mean `\"{meant}\"`?"),
        None if names.len() == 1 => format!("it is {}", list(names)),
        None => format!("it is one of {}", list(names)),
    };
    Err(Error::new(text.span, format!("`{name}` can not be `\"{}\"`: {advice}", text.value)))
}

fn unknown(name: &Ident, known: &[&str]) -> Error {
    let written = name.to_string();
    let elsewhere = ELSEWHERE.iter().find(|(of_others, own)| *of_others == written && known.contains(own));
    let advice = match elsewhere.map(|(_, own)| *own).or_else(|| meant(&written, known)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!(
            "the options here are {}",
            known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        ),
    };
    Error::new(name.span(), format!("there is no option `{name}`: {advice}"))
}

fn billing(name: &Ident, input: ParseStream<'_>, mistakes: &mut Mistakes) -> syn::Result<Billing> {
    if input.peek(Token![=]) {
        let written = text(name, input, "billing = \"pay-per-request\"")?;
        if written.value == "provisioned" {
            let message = "provisioned tables say how much: write `billing(read = 5, write = 5)`";
            return Err(Error::new(written.span, message));
        }
        choose(name, &written, &[("pay-per-request", ())])?;
        return Ok(Billing::PayPerRequest);
    }
    let example = "billing = \"pay-per-request\"` or `billing(read = 5, write = 5)";
    let (mut read, mut write) = (None, None);
    let broken = nested(name, input, example, mistakes, |name, input, mistakes| {
        let mut put = Put { name, mistakes };
        match name.to_string().as_str() {
            "read" => put.once(&mut read, number(name, input)?),
            "write" => put.once(&mut write, number(name, input)?),
            _ => return Err(unknown(name, &["read", "write"])),
        }
        Ok(())
    })?;
    Ok(if broken { Billing::PayPerRequest } else { Billing::Provisioned { read, write } })
}

fn projection(name: &Ident, input: ParseStream<'_>, mistakes: &mut Mistakes) -> syn::Result<Projection> {
    let example = "projection(index = \"by_email\", keys_only)";
    let mut read = Projection { span: name.span(), index: None, keys_only: None, include: None, broken: false };
    read.broken = nested(name, input, example, mistakes, |name, input, mistakes| {
        let mut put = Put { name, mistakes };
        match name.to_string().as_str() {
            "index" => put.once(&mut read.index, text(name, input, "index = \"by_email\"")?),
            "keys_only" => put.once(&mut read.keys_only, word(name, input)?),
            "include" => {
                let value = fields(name, input)?;
                put.once(&mut read.include, At { value, span: name.span() });
            }
            _ => return Err(unknown(name, &["index", "keys_only", "include"])),
        }
        Ok(())
    })?;
    Ok(read)
}

/// `include("field", …)`
fn fields(name: &Ident, input: ParseStream<'_>) -> syn::Result<Vec<At<String>>> {
    let wrong = |span| Error::new(span, "`include` has names of fields: write `include(\"field_a\", \"field_b\")`");
    if !input.peek(syn::token::Paren) {
        return Err(wrong(name.span()));
    }
    let content;
    syn::parenthesized!(content in input);
    let mut fields = Vec::new();
    while !content.is_empty() {
        let span = content.span();
        let field: syn::Result<LitStr> = content.parse();
        match field {
            Ok(field) => fields.push(At { value: field.value(), span: field.span() }),
            Err(_) => {
                // What is not read here would be a second mistake, of syn's.
                content.parse::<proc_macro2::TokenStream>()?;
                return Err(wrong(span));
            }
        }
        if !content.is_empty() && content.parse::<Option<Token![,]>>()?.is_none() {
            let span = content.span();
            content.parse::<proc_macro2::TokenStream>()?;
            return Err(wrong(span));
        }
    }
    Ok(fields)
}

fn with(name: &Ident, input: ParseStream<'_>) -> syn::Result<With> {
    let text = text_literal(name, input, "with = \"json\"")?;
    let written = text.value();
    match (written.as_str(), text.parse_with(Path::parse_mod_style)) {
        ("json", _) => Ok(With::Json),
        ("serde", _) => Ok(With::Serde),
        // A word alone would be a module, or "json" with a slip of the pen.
        (_, Ok(path)) if path.get_ident().is_none() => Ok(With::Module(path)),
        (_, path) => {
            let advice = match (meant(&written, &["json", "serde"]), path) {
                (Some(meant), _) => format!("did you mean `\"{meant}\"`?"),
                (None, Ok(_)) => {
                    format!("it is `\"json\"`, `\"serde\"` or the path of a module, here `\"self::{written}\"`")
                }
                (None, Err(_)) => {
                    "it is `\"json\"`, `\"serde\"` or the path of a module, `\"path::to::module\"`".to_owned()
                }
            };
            Err(Error::new(text.span(), format!("`with` can not be `\"{written}\"`: {advice}")))
        }
    }
}

fn seal(name: &Ident, input: ParseStream<'_>) -> syn::Result<Seal> {
    if !input.peek(Token![=]) && !input.peek(syn::token::Paren) {
        return Ok(Seal::Randomised);
    }
    let written = text(name, input, "seal` or `seal = \"deterministic\"")?;
    choose(name, &written, &[("randomised", Seal::Randomised), ("deterministic", Seal::Deterministic)])
}

fn beacon(name: &Ident, input: ParseStream<'_>, mistakes: &mut Mistakes) -> syn::Result<Beacon> {
    let mut length = None;
    let broken = nested(name, input, "beacon(length = 24)", mistakes, |name, input, mistakes| {
        match name.to_string().as_str() {
            "length" => Put { name, mistakes }.once(&mut length, number(name, input)?),
            _ => return Err(unknown(name, &["length"])),
        }
        Ok(())
    })?;
    Ok(Beacon { length, broken })
}

fn index(name: &Ident, input: ParseStream<'_>, mistakes: &mut Mistakes) -> syn::Result<IndexMark> {
    let local = name == "local_index";
    let example = format!("{name}(name = \"by_{}, sort_key)", if local { "date\"" } else { "email\"" });
    let mut read =
        IndexMark { span: name.span(), local, name: None, partition_key: None, sort_key: None, broken: false };
    read.broken = nested(name, input, &example, mistakes, |name, input, mistakes| {
        let mut put = Put { name, mistakes };
        match name.to_string().as_str() {
            "name" => put.once(&mut read.name, text(name, input, "name = \"by_email\"")?),
            "partition_key" => put.once(&mut read.partition_key, word(name, input)?),
            "sort_key" => put.once(&mut read.sort_key, word(name, input)?),
            _ => return Err(unknown(name, &["name", "partition_key", "sort_key"])),
        }
        Ok(())
    })?;
    Ok(read)
}
