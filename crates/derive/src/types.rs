//! What the derive knows of types: their last word. It sees no more than what was written.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// The word a type ends with, and what is in its angle brackets.
fn last(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        // Types that came through a macro by example are in groups.
        Type::Group(group) => last(&group.elem),
        Type::Paren(paren) => last(&paren.elem),
        _ => None,
    }
}

/// The `T` of `name<T>`.
fn argument<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    match &last(ty).filter(|segment| segment.ident == name)?.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
            GenericArgument::Type(inner) => Some(inner),
            _ => None,
        },
        _ => None,
    }
}

/// The `T` of `Option<T>`.
pub(crate) fn option(ty: &Type) -> Option<&Type> {
    argument(ty, "Option")
}

/// The `T` of `Option<T>`, or the type.
pub(crate) fn inner(ty: &Type) -> &Type {
    option(ty).unwrap_or(ty)
}

fn is_one_of(ty: &Type, names: &[&str]) -> bool {
    last(ty).is_some_and(|segment| segment.arguments.is_none() && names.iter().any(|name| segment.ident == name))
}

pub(crate) fn is_integer(ty: &Type) -> bool {
    let names = ["i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize"];
    is_one_of(ty, &names)
}

pub(crate) fn is_number(ty: &Type) -> bool {
    is_integer(ty) || is_one_of(ty, &["f32", "f64", "Decimal"])
}

pub(crate) fn is_version(ty: &Type) -> bool {
    is_one_of(ty, &["u64"])
}

pub(crate) fn is_time(ty: &Type) -> bool {
    is_integer(ty) || is_one_of(ty, &["UnixTime"])
}

pub(crate) fn is_text(ty: &Type) -> bool {
    is_one_of(ty, &["String"])
}

pub(crate) fn is_bytes(ty: &Type) -> bool {
    argument(ty, "Vec").is_some_and(|element| is_one_of(element, &["u8"]))
}

/// The type as people write it, for `Debug`: tokens alone print with a space after each.
pub(crate) fn text(ty: &Type) -> String {
    let mut text = String::new();
    write(ty.to_token_stream(), &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => match punct.as_char() {
                '+' => text.push_str(" + "),
                separator @ (',' | ';') => text.extend([separator, ' ']),
                other => text.push(other),
            },
            word => {
                if text.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
            }
        }
    }
}
