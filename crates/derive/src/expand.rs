//! The code of a model: constants, and as little else as can be.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Path, Type};

use crate::ast::With;
use crate::check::{Absent, Action, Column, Field, Index, Legacy, Model, Projection, Protection};
use crate::types;

pub(crate) fn expand(model: &Model) -> TokenStream {
    let columns = columns(model);
    let implementation = implementation(model);
    let debug = model.debug.then(|| debug(model));
    quote!(#implementation #columns #debug)
}

fn implementation(model: &Model) -> TokenStream {
    let Model { ident, .. } = model;
    let definition = definition(model);
    let partition = column_type_at(model, Some(model.partition_key));
    let sort = column_type_at(model, model.sort_key);
    let partition_of = column_at(model, Some(model.partition_key));
    let sort_of = column_at(model, model.sort_key);
    let count = model.columns().count();
    let written = model.columns().map(|(field, column)| {
        let place = &field.ident;
        let value = written(field, column, &quote!(&self.#place));
        let error = error(model, field);
        quote!(#value.map_err(#error)?)
    });
    let read = model.fields.iter().map(|field| from_value(model, field));
    let next = (count > 0).then(|| quote!(let mut values = ::core::iter::IntoIterator::into_iter(values);));
    let (version, set_version) = version(model);
    quote! {
        #[automatically_derived]
        impl ::dynaseal::model::Model for #ident {
            const DEFINITION: &'static ::dynaseal::model::Definition = #definition;

            type Partition = #partition;
            type Sort = #sort;

            fn primary_key() -> ::dynaseal::model::Index<Self, Self::Partition, Self::Sort> {
                ::dynaseal::model::Index::of(::core::option::Option::None, #partition_of, #sort_of)
            }

            fn to_values(
                &self,
            ) -> ::core::result::Result<
                ::std::vec::Vec<::core::option::Option<::dynaseal::AttributeValue>>,
                ::dynaseal::model::FieldError,
            > {
                ::core::result::Result::Ok(::std::vec![#(#written),*])
            }

            fn from_values(
                values: ::std::vec::Vec<::core::option::Option<::dynaseal::AttributeValue>>,
            ) -> ::core::result::Result<Self, ::dynaseal::model::FieldError> {
                #next
                ::core::result::Result::Ok(Self { #(#read),* })
            }

            #version

            #set_version
        }
    }
}

fn option(value: Option<impl quote::ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// The inner constants have places of their own, so that nothing depends on what the compiler makes static by itself.
fn definition(model: &Model) -> TokenStream {
    let Model { table, .. } = model;
    let name = model.ident.unraw().to_string();
    let columns = model.columns().map(|(field, column)| column_definition(field, column));
    let region = model.region.as_ref().map(|region| quote!(.with_region(#region)));
    let billing = model.capacity.map(|(read, write)| {
        quote!(.with_billing(::dynaseal::model::definition::Billing::Provisioned { read: #read, write: #write }))
    });
    let (partition_key, sort_key) = (model.partition_key, option(model.sort_key));
    let version = model.version.map(|place| quote!(.with_version(#place)));
    let ttl = model.ttl.map(|place| quote!(.with_ttl(#place)));
    let indexes = model.indexes.iter().map(index_definition);
    let with_indexes = (!model.indexes.is_empty()).then(|| quote!(.with_indexes(INDEXES)));
    let indexes = with_indexes.is_some().then(|| {
        quote! {
            const INDEXES: &[::dynaseal::model::definition::IndexDefinition] = &[#(#indexes),*];
        }
    });
    let record = model.record.then(|| quote!(.as_record()));
    quote! {{
        const COLUMNS: &[::dynaseal::model::definition::ColumnDefinition] = &[#(#columns),*];
        #indexes
        &::dynaseal::model::Definition::new(#name, #table, COLUMNS)
            .with_key(#partition_key, #sort_key)
            #region #billing #version #ttl #with_indexes #record
    }}
}

fn column_definition(field: &Field, column: &Column) -> TokenStream {
    let name = field.ident.unraw().to_string();
    let attribute = &column.attribute;
    let protection = protection(&column.protection);
    let key_type = option(column.key.then(|| match column.protection {
        Protection::Deterministic(_) => quote!(::dynaseal::model::definition::KeyType::B),
        Protection::Record(_, Some(_)) => quote!(::dynaseal::model::definition::KeyType::S),
        _ => {
            let ty = &field.ty;
            quote_spanned!(at(ty)=> <#ty as ::dynaseal::model::KeyAttribute>::KEY_TYPE)
        }
    }));
    quote!(::dynaseal::model::definition::ColumnDefinition::new(#name, #attribute, #protection, #key_type))
}

fn protection(protection: &Protection) -> TokenStream {
    let legacy = |legacy: &Option<Legacy>| {
        option(legacy.map(|legacy| match legacy {
            Legacy::Text => quote!(::dynaseal::model::definition::Legacy::Text),
            Legacy::Binary => quote!(::dynaseal::model::definition::Legacy::Binary),
            Legacy::Number => quote!(::dynaseal::model::definition::Legacy::Number),
            Legacy::Json => quote!(::dynaseal::model::definition::Legacy::Json),
        }))
    };
    let protection = match protection {
        Protection::Plain => quote!(Plain),
        Protection::Randomised(also_reads) => {
            let also_reads = legacy(also_reads);
            quote!(Randomised { also_reads: #also_reads })
        }
        Protection::Deterministic(also_reads) => {
            let also_reads = legacy(also_reads);
            quote!(Deterministic { also_reads: #also_reads })
        }
        Protection::Record(action, beacon) => {
            let action = match action {
                Action::Seal => quote!(EncryptAndSign),
                Action::Sign => quote!(SignOnly),
                Action::Context => quote!(SignAndIncludeInEncryptionContext),
                Action::Plain => quote!(DoNothing),
            };
            let beacon = option(beacon.map(|length| quote!(::dynaseal::model::definition::Beacon::of_length(#length))));
            quote!(Record { action: ::dynaseal::CryptoAction::#action, beacon: #beacon })
        }
    };
    quote!(::dynaseal::model::definition::Protection::#protection)
}

fn index_definition(index: &Index) -> TokenStream {
    let Index { name, local, partition_key, .. } = index;
    let sort_key = option(index.sort_key);
    let projection = match &index.projection {
        Projection::All => quote!(All),
        Projection::KeysOnly => quote!(KeysOnly),
        Projection::Include(attributes) => quote!(Include(&[#(#attributes),*])),
    };
    let projection = quote!(::dynaseal::model::definition::Projection::#projection);
    quote! {
        ::dynaseal::model::definition::IndexDefinition::new(#name, #local, #partition_key, #sort_key, #projection)
    }
}

/// The place of a type or path for the compiler's messages, with the names of this expansion.
fn at(written: &impl Spanned) -> Span {
    Span::call_site().located_at(written.span())
}

/// What stands for a value in a condition: of a reference to one, a result with an attribute or none.
fn to_value(field: &Field, column: &Column, reference: &TokenStream) -> TokenStream {
    let some = quote!(map(::core::option::Option::Some));
    value_or_none(field, column, reference, &some, |with, _, reference| match with {
        With::Json => quote!(::dynaseal::model::with::json::to_value(#reference)),
        With::Serde => quote!(::dynaseal::model::with::serde::to_value(#reference)),
        With::Module(path) => quote!(#path::to_value(#reference)),
    })
}

/// What is written of a reference to a field, after it was tried whether it is read again as it is.
fn written(field: &Field, column: &Column, reference: &TokenStream) -> TokenStream {
    let some = quote!(and_then(::dynaseal::model::some));
    let written = |reference: &TokenStream| {
        value_or_none(field, column, reference, &some, |with, ty, reference| match with {
            With::Json => quote!(::dynaseal::model::with::json::written(#reference)),
            With::Serde => quote!(::dynaseal::model::with::serde::written(#reference)),
            With::Module(path) => quote! {
                ::dynaseal::model::with::written(
                    #reference,
                    |value: &#ty| #path::to_value(value),
                    |value: ::dynaseal::AttributeValue| #path::from_value(value),
                )
            },
        })
    };
    let ty = &field.ty;
    let default = match &field.default {
        Absent::Refused => return written(reference),
        Absent::Default => quote_spanned!(at(ty)=> <#ty as ::core::default::Default>::default),
        Absent::Function(function) => quote_spanned!(at(function)=> || #function()),
    };
    let (of_field, of_default) = (written(reference), written(&quote!(default)));
    quote! {
        #of_field.and_then(|written| ::dynaseal::model::or_default(written, #default, |default: &#ty| #of_default))
    }
}

/// Of a reference to a field: by its type, or by its serialiser, for which `Option`s are taken apart. `some` is called on the
/// result for what is in one.
fn value_or_none(
    field: &Field,
    column: &Column,
    reference: &TokenStream,
    some: &TokenStream,
    by: impl Fn(&With, &Type, &TokenStream) -> TokenStream,
) -> TokenStream {
    let ty = &field.ty;
    let Some(with) = &column.with else {
        let function = match column.key {
            true => quote_spanned!(at(ty)=> ::dynaseal::model::written_key::<#ty>),
            false => quote_spanned!(at(ty)=> ::dynaseal::model::written::<#ty>),
        };
        return quote!(#function(#reference));
    };
    let Some(inner) = types::option(ty) else {
        let value = by(with, ty, reference);
        return quote!(#value.map(::core::option::Option::Some));
    };
    let value = by(with, inner, &quote!(inner));
    quote! {
        match #reference {
            ::core::option::Option::Some(inner) => #value.#some,
            ::core::option::Option::None => ::core::result::Result::Ok(::core::option::Option::None),
        }
    }
}

/// What reads a value that has a serialiser of its own.
fn read_with(with: &With, value: &TokenStream) -> TokenStream {
    match with {
        With::Json => quote!(::dynaseal::model::with::json::read(#value)),
        With::Serde => quote!(::dynaseal::model::with::serde::read(#value)),
        With::Module(path) => quote!(#path::from_value(#value)),
    }
}

/// `field: value`, out of the next of the values.
fn from_value(model: &Model, field: &Field) -> TokenStream {
    let Field { ident, ty, default, .. } = field;
    let absent = match default {
        Absent::Refused => None,
        Absent::Default => Some(quote_spanned!(at(ty)=> <#ty as ::core::default::Default>::default())),
        Absent::Function(function) => Some(call(function)),
    };
    let Some(column) = &field.column else { return quote!(#ident: #absent) };
    let next = quote!(::core::iter::Iterator::next(&mut values).flatten());
    let error = error(model, field);
    let is_option = types::option(ty).is_some();

    let Some(with) = &column.with else {
        let function = match column.key {
            true => quote_spanned!(at(ty)=> ::dynaseal::model::read_key::<#ty>),
            false => quote_spanned!(at(ty)=> <#ty as ::dynaseal::model::Attribute>::from_value),
        };
        let read = |value: TokenStream| quote_spanned!(at(ty)=> #function(#value).map_err(#error)?);
        return match absent {
            None => {
                let read = read(next);
                quote!(#ident: #read)
            }
            Some(absent) => {
                let read = read(quote!(value));
                quote! {
                    #ident: match #next {
                        ::core::option::Option::None => #absent,
                        value => #read,
                    }
                }
            }
        };
    };
    let absent = match absent {
        Some(absent) => absent,
        None if is_option => quote!(::core::option::Option::None),
        None => {
            let (model, field) = error_names(model, field);
            quote! {
                return ::core::result::Result::Err(::dynaseal::model::FieldError::new(
                    #model,
                    #field,
                    ::dynaseal::model::Unfit::new("it is not there"),
                ))
            }
        }
    };
    let null = is_option.then(
        || quote!(::core::option::Option::Some(::dynaseal::AttributeValue::Null(_)) => ::core::option::Option::None,),
    );
    let value = read_with(with, &quote!(value));
    let value = quote!(#value.map_err(#error)?);
    let value = if is_option { quote!(::core::option::Option::Some(#value)) } else { value };
    quote! {
        #ident: match #next {
            ::core::option::Option::None => #absent,
            #null
            ::core::option::Option::Some(value) => #value,
        }
    }
}

fn call(function: &Path) -> TokenStream {
    quote_spanned!(at(function)=> #function())
}

/// What makes an error of a field out of its reason.
fn error(model: &Model, field: &Field) -> TokenStream {
    let (model, field) = error_names(model, field);
    quote!(|reason| ::dynaseal::model::FieldError::new(#model, #field, reason))
}

fn error_names(model: &Model, field: &Field) -> (String, String) {
    (model.ident.unraw().to_string(), field.ident.unraw().to_string())
}

fn version(model: &Model) -> (TokenStream, TokenStream) {
    let field = model.columns().find(|(_, column)| Some(column.place) == model.version).map(|(field, _)| field);
    let (get, set) = match field {
        Some(Field { ident, ty, .. }) if types::option(ty).is_some() => (
            quote!(::core::option::Option::Some(self.#ident.unwrap_or(0))),
            quote!(self.#ident = ::core::option::Option::Some(version);),
        ),
        Some(Field { ident, .. }) => {
            (quote!(::core::option::Option::Some(self.#ident)), quote!(self.#ident = version;))
        }
        None => (quote!(::core::option::Option::None), quote!(let _ = version;)),
    };
    (
        quote!(fn version(&self) -> ::core::option::Option<::core::primitive::u64> { #get }),
        quote!(fn set_version(&mut self, version: ::core::primitive::u64) { #set }),
    )
}

fn marker(protection: &Protection) -> TokenStream {
    match protection {
        Protection::Plain => quote!(::dynaseal::model::Plain),
        Protection::Randomised(_) => quote!(::dynaseal::model::Randomised),
        Protection::Deterministic(_) => quote!(::dynaseal::model::Deterministic),
        Protection::Record(Action::Seal, None) => quote!(::dynaseal::model::InRecord),
        Protection::Record(Action::Seal, Some(_)) => quote!(::dynaseal::model::Searched),
        Protection::Record(..) => quote!(::dynaseal::model::Plain),
    }
}

fn column_type(field: &Field, column: &Column) -> TokenStream {
    let (ty, marker) = (&field.ty, marker(&column.protection));
    quote!(::dynaseal::model::Column<Self, #ty, #marker>)
}

fn find(model: &Model, place: Option<usize>) -> Option<(&Field, &Column)> {
    model.columns().find(|(_, column)| Some(column.place) == place)
}

/// The type of a key's column, or that there is none.
fn column_type_at(model: &Model, place: Option<usize>) -> TokenStream {
    match find(model, place) {
        Some((field, column)) => column_type(field, column),
        None => quote!(::dynaseal::model::NoSort),
    }
}

/// A key's column, or that there is none.
fn column_at(model: &Model, place: Option<usize>) -> TokenStream {
    match find(model, place) {
        Some((Field { ident, .. }, _)) => quote!(Self::#ident()),
        None => quote!(::dynaseal::model::NoSort),
    }
}

/// The functions of columns and indexes.
fn columns(model: &Model) -> TokenStream {
    let Model { ident, vis, .. } = model;
    let columns = model.columns().map(|(field, column)| {
        let Field { ident, ty, .. } = field;
        let of = column_type(field, column);
        let place = Literal::usize_unsuffixed(column.place);
        let doc = format!("The column of `{}`: the attribute `{}`.", ident.unraw(), column.attribute);
        let to_value = match column.with {
            None => quote_spanned!(at(ty)=> <#ty as ::dynaseal::model::Attribute>::to_value),
            Some(_) => {
                let value = to_value(field, column, &quote!(field));
                quote!(|field: &#ty| #value)
            }
        };
        let written = written(field, column, &quote!(field));
        quote! {
            #[doc = #doc]
            #[allow(dead_code, private_interfaces)]
            #vis fn #ident() -> #of {
                ::dynaseal::model::Column::of(#place, #to_value, |field: &#ty| #written)
            }
        }
    });
    let indexes = model.indexes.iter().map(|index| {
        let Index { name, function, .. } = index;
        let partition = column_type_at(model, Some(index.partition_key));
        let sort = column_type_at(model, index.sort_key);
        let partition_of = column_at(model, Some(index.partition_key));
        let sort_of = column_at(model, index.sort_key);
        let doc = format!("The index `{name}`.");
        quote! {
            #[doc = #doc]
            #[allow(dead_code, private_interfaces)]
            #vis fn #function() -> ::dynaseal::model::Index<Self, #partition, #sort> {
                ::dynaseal::model::Index::of(::core::option::Option::Some(#name), #partition_of, #sort_of)
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl #ident {
            #(#columns)*
            #(#indexes)*
        }
    }
}

/// A struct's usual form, without what is sealed: a value that came into a log would be out. What is skipped may have been
/// made of sealed values.
fn debug(model: &Model) -> TokenStream {
    let Model { ident, fields, .. } = model;
    let name = ident.unraw().to_string();
    let fields = fields.iter().map(|field| {
        let Field { ident, ty, .. } = field;
        let name = ident.unraw().to_string();
        let hidden = |why: &str| {
            let text = format!("<{}, {why}>", types::text(ty));
            quote!(.field(#name, &::core::format_args!("{}", #text)))
        };
        match field.column.as_ref().map(|column| &column.protection) {
            None => hidden("skipped"),
            Some(Protection::Plain | Protection::Record(Action::Sign | Action::Context | Action::Plain, _)) => {
                let value = quote_spanned!(at(ty)=> &self.#ident);
                quote!(.field(#name, #value))
            }
            Some(_) => hidden("sealed"),
        }
    });
    quote! {
        #[automatically_derived]
        impl ::core::fmt::Debug for #ident {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(#name)#(#fields)*.finish()
            }
        }
    }
}
