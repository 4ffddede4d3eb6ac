//! Materials providers that ask nobody, and the one that asks a store of them.

mod meta;
mod most_recent;
mod static_keys;
mod wrapped;

pub use meta::StoredMaterials;
pub use most_recent::{MetaStore, MostRecentProvider};
pub use static_keys::StaticProvider;
pub use wrapped::{WrappedProvider, WrappedProviderBuilder};
