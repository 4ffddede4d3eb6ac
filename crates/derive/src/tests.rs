//! A derive can not be called from its own crate, so the tests call what is behind it.

mod expansion;
mod mistakes;

use proc_macro2::TokenStream;

fn derive(source: &str) -> Result<TokenStream, syn::Error> {
    crate::derive(syn::parse_str(source).unwrap())
}
