//! `#[derive(Model)]` of DynaSeal. Use it through the crate `dynaseal`, whose module `model` describes it.
//!
//! A struct goes three steps: `ast` reads what was written, `check` says what of it does not fit together, with every
//! mistake at its place, and `expand` writes constants that the library reads, and very little code.

mod ast;
mod check;
mod expand;
mod mistakes;
mod names;
#[cfg(test)]
mod tests;
mod types;

use mistakes::Mistakes;

/// Makes a struct an item of a table.
#[proc_macro_derive(Model, attributes(model))]
pub fn derive_model(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let expanded = syn::parse(input).and_then(derive);
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}

fn derive(input: syn::DeriveInput) -> Result<proc_macro2::TokenStream, syn::Error> {
    let mut mistakes = Mistakes::default();
    let model = ast::read(input, &mut mistakes).and_then(|model| check::check(model, &mut mistakes));
    mistakes.into_result()?;
    // A model is missing only where a mistake says why.
    Ok(model.as_ref().map(expand::expand).unwrap_or_default())
}
